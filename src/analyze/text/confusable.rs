//! Names that look like other names (UTS 39).

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

use crate::finding::Finding;
use crate::redact::View;
use crate::rule::RuleSet;

/// The most names of one text that are reported.
const MOST: usize = 100;

/// The longest name that is compared.
const LONGEST: usize = 128;

/// A name wholly in another script imitates another one only from this length on: short words coincide by chance.
const SHORTEST_IMITATION: usize = 4;

/// Reports each first use of a name that mixes look-alike letters into a Latin one, that imitates a Latin name of the
/// same text, or that is spelled in letters which a compiler folds to plain ones.
pub(super) fn inspect(view: &View<'_>, rules: &RuleSet, findings: &mut Vec<Finding>) {
    let Some(rule) = rules.get("confusable-identifier") else { return };
    let text = view.text();
    if text.is_ascii() {
        return;
    }
    let mut reported = BTreeSet::new();
    let mut latin: Option<BTreeSet<&str>> = None;
    for (at, word) in words(text) {
        if reported.len() >= MOST {
            return;
        }
        if word.is_ascii() || word.len() > LONGEST || reported.contains(word) {
            continue;
        }
        let Some(shown) = imitates(word) else { continue };
        let folded = is_styled(word) && shown.len() > 1 && text[at + word.len()..].starts_with(['(', '.']);
        let mut exists = || latin.get_or_insert_with(|| ascii_words(text)).contains(shown.as_str());
        if folded || mixes(word) || is_foreign(word) && exists() {
            reported.insert(word);
            findings.push(view.finding(rule, at..at + word.len(), &[("name", word), ("shown", &shown)]));
        }
    }
}

/// The identifiers of a text with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn ascii_words(text: &str) -> BTreeSet<&str> {
    words(text).map(|(_, word)| word).filter(|word| word.is_ascii()).collect()
}

/// The ASCII name that a word looks like.
fn imitates(word: &str) -> Option<String> {
    let mut shown = String::new();
    for character in word.chars() {
        if character.is_ascii() {
            shown.push(character);
            continue;
        }
        let alike: String = skeleton(character.encode_utf8(&mut [0; 4])).collect();
        let folded: String = character.nfkc().collect();
        let plain =
            [alike, folded].into_iter().find(|plain| plain.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
        shown += &plain;
    }
    Some(shown)
}

/// Whether a part of a name (they are joined by `_` and digits: `α_max` is fine) holds letters of several scripts.
fn mixes(word: &str) -> bool {
    word.split(|c: char| c == '_' || c.is_numeric()).any(|part| !part.is_single_script())
}

/// Whether a word has no ASCII letter.
fn is_foreign(word: &str) -> bool {
    word.chars().count() >= SHORTEST_IMITATION && !word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a word holds styled letters (mathematical alphabets), which Python reads as plain ones.
fn is_styled(word: &str) -> bool {
    word.chars().any(|c| matches!(u32::from(c), 0x1d400..=0x1d7ff))
}
