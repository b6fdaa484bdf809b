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
        // `dα` and `Zα` are notation; a Cyrillic o in `os` beside an `os` is a trap.
        let short = word.chars().count() < SHORTEST_IMITATION;
        let mixed = mixes(word) && (!short || !in_range(text, at, word) && exists());
        if folded || mixed || is_foreign(word) && exists() {
            reported.insert(word);
            findings.push(view.finding(rule, at..at + word.len(), &[("name", word), ("shown", &shown)]));
        }
    }
}

/// The identifiers of a text with their places, without what an escape or a format directive glues to them: the word
/// of `\nсор` and of `%sсор` is `сор`.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            let glued = if word.is_ascii() { 0 } else { glued(&text[..at], word) };
            (at + glued, &word[glued..])
        })
        .filter(|(_, word)| !word.is_empty())
}

/// How many bytes at the start of a word belong to the escape or the format directive that ends in it.
fn glued(before: &str, word: &str) -> usize {
    let ascii = word.bytes().take_while(u8::is_ascii).count();
    let digits = |from: usize, most: usize| {
        let digits = word.bytes().skip(from).take(most);
        from + digits.take_while(u8::is_ascii_hexdigit).count()
    };
    let backslashes = before.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let directive = before.ends_with('%')
        || before.ends_with(')') && before.rfind("%(").is_some_and(|open| before.len() - open <= LONGEST);
    let length = match word.as_bytes().first() {
        Some(b'u') if backslashes % 2 == 1 => digits(1, 4),
        Some(b'x') if backslashes % 2 == 1 => digits(1, 2),
        _ if backslashes % 2 == 1 || directive => 1,
        _ => 0,
    };
    length.min(ascii)
}

/// Whether a word stands between hyphens, as the bounds of two ranges in a character class do: `A-Zα-ω`.
fn in_range(text: &str, at: usize, word: &str) -> bool {
    text[..at].ends_with('-') && text[at + word.len()..].starts_with('-')
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
