//! What stands in the place of a secret: `WEFT_<KIND>_<ten characters>`, letters, digits and underscores only, so that
//! JSON, YAML, URLs, shells and string literals stay what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use regex::Regex;
use sha2::Sha256;

/// Characters of the keyed part: 50 bits.
const LENGTH: usize = 10;

/// The most characters that a placeholder has.
const LONGEST: usize = 5 + 61 + 1 + LENGTH;

// A pattern of our own that cannot fail to compile; the test below holds that.
static WELL_FORMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\bWEFT_[A-Z][A-Z0-9_]{1,60}_(?:[A-Z2-7]{10}|[0-9]{4,9})\b").ok());

/// Where well-formed placeholders stand in a text, in order.
pub(crate) fn placeholders(text: &str) -> Vec<Range<usize>> {
    if memchr::memmem::find(text.as_bytes(), b"WEFT_").is_none() {
        return Vec::new();
    }
    WELL_FORMED.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect()
}

/// Hands each well-formed placeholder in a text to `each`, whatever stands around it: also those that are the start of a
/// longer one, and those inside a word.
pub(crate) fn placeholders_anywhere(text: &str, mut each: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    for start in memchr::memmem::find_iter(bytes, b"WEFT_") {
        let inside = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_';
        let run = bytes[start..].iter().take(LONGEST).take_while(inside).count();
        let run = &text[start..start + run];
        for tail in run.match_indices('_').skip(1).map(|(at, _)| at + 1) {
            let count = |kind: fn(&u8) -> bool| run.as_bytes()[tail..].iter().take_while(|b| kind(b)).count();
            if !(7..=67).contains(&tail) || !run.as_bytes()[5].is_ascii_uppercase() {
                continue;
            }
            if count(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(byte)) >= LENGTH {
                each(&run[..tail + LENGTH]);
            }
            (4..=count(u8::is_ascii_digit).min(9)).for_each(|digits| each(&run[..tail + digits]));
        }
    }
}

/// Whether a placeholder is a numbered one, as they are issued without a key.
pub(crate) fn is_numbered(placeholder: &str) -> bool {
    let tail = placeholder.rsplit('_').next().unwrap_or("");
    tail.len() < LENGTH && tail.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `secret` says nothing beyond the placeholders in it: at most a few characters stand beside them.
pub(crate) fn already_masked(secret: &str) -> bool {
    let held: usize = placeholders(secret).iter().map(Range::len).sum();
    held > 0 && secret.len() - held < 8
}

/// Issues the placeholders of one document: keyed, or numbered by first appearance.
pub(crate) struct Issuer<'a> {
    key: Option<&'a [u8]>,
    /// By secret: two rules may find the same one in two places.
    issued: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    next: BTreeMap<String, u32>,
}

impl<'a> Issuer<'a> {
    /// For one document; `text` is what it holds before masking, so that no number in it is given out again.
    pub(crate) fn new(key: Option<&'a [u8]>, text: &str) -> Self {
        let taken = placeholders(text).into_iter().map(|range| text[range].to_owned()).collect();
        Issuer { key, issued: BTreeMap::new(), taken, next: BTreeMap::new() }
    }

    /// The placeholder of `secret`, found by the rule `id`: the same for the same secret.
    pub(crate) fn issue(&mut self, id: &str, secret: &str) -> String {
        if let Some(issued) = self.issued.get(secret) {
            return issued.clone();
        }
        let kind = kind(id);
        let placeholder = match self.key.and_then(|key| keyed(key, &kind, secret, 0)) {
            Some(placeholder) => placeholder,
            None => self.number(&kind),
        };
        self.issued.insert(secret.to_owned(), placeholder.clone());
        placeholder
    }

    fn number(&mut self, kind: &str) -> String {
        let next = self.next.entry(kind.to_owned()).or_insert(0);
        loop {
            *next += 1;
            let placeholder = numbered(kind, *next);
            if !self.taken.contains(&placeholder) {
                return placeholder;
            }
        }
    }
}

/// The kind in a placeholder: the rule's id in capitals.
pub(crate) fn kind(id: &str) -> String {
    let kind = id.to_ascii_uppercase().replace('-', "_");
    // A kind starts with a letter and is no single one, or its placeholders would not be well-formed.
    let short = kind.len() < 2 || !kind.starts_with(|first: char| first.is_ascii_uppercase());
    let kind = if short { format!("RULE_{kind}") } else { kind };
    kind.chars().take(60).collect()
}

/// The placeholder of that number.
pub(crate) fn numbered(kind: &str, number: u32) -> String {
    format!("WEFT_{kind}_{number:04}")
}

/// The placeholder of `secret` under a key. `attempt` is 0, and counts up where the one before is taken.
pub(crate) fn keyed(key: &[u8], kind: &str, secret: &str, attempt: u32) -> Option<String> {
    // HMAC takes a key of any length, so this never is `None`.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(secret.as_bytes());
    if attempt > 0 {
        mac.update(&[0]);
        mac.update(&attempt.to_be_bytes());
    }
    let mut tail = data_encoding::BASE32_NOPAD.encode(&mac.finalize().into_bytes());
    tail.truncate(LENGTH);
    Some(format!("WEFT_{kind}_{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_key_the_same_secret_is_the_same_everywhere() {
        let (mut one, mut other) = (Issuer::new(Some(b"k"), ""), Issuer::new(Some(b"k"), ""));
        other.issue("jwt", "something else");
        let issued = one.issue("jwt", "secret");
        assert_eq!(issued, other.issue("jwt", "secret"));
        assert_ne!(issued, Issuer::new(Some(b"l"), "").issue("jwt", "secret"));
        assert_eq!(placeholders(&issued), [0..issued.len()]);
    }

    #[test]
    fn without_a_key_they_are_numbered_by_first_appearance() {
        let mut issuer = Issuer::new(None, "already WEFT_JWT_0002 here");
        let issued: Vec<String> = ["a", "b", "a"].iter().map(|secret| issuer.issue("jwt", secret)).collect();
        assert_eq!(issued, ["WEFT_JWT_0001", "WEFT_JWT_0003", "WEFT_JWT_0001"]);
    }

    #[test]
    fn placeholders_are_seen_inside_words_and_inside_each_other() {
        let mut seen = Vec::new();
        placeholders_anywhere("xWEFT_JWT_00012y WEFT_A_WEFT_JWT_ABCDEFGHIJK WEFT__0001 WEFT_", |one| {
            seen.push(one.to_owned());
        });
        let expected =
            ["WEFT_JWT_0001", "WEFT_JWT_00012", "WEFT_A_WEFT_JWT_ABCDEFGHIJ", "WEFT_JWT_ABCDEFGHIJ"];
        assert_eq!(seen, expected);
        assert!(is_numbered("WEFT_JWT_0001") && !is_numbered("WEFT_JWT_ABCDEFGHIJ"));
    }

    #[test]
    fn a_placeholder_does_not_shelter_what_stands_beside_it() {
        assert!(already_masked("WEFT_JWT_0001"));
        assert!(!already_masked("WEFT_JWT_0001 and a real one"));
        assert!(!already_masked("weft_jwt_0001"));
    }
}
