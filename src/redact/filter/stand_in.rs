//! A stand-in keeps the public prefix, the kinds of characters and the length of a secret. Its last characters are a
//! check over the rest, so that the filter knows it again and never takes a secret for one; nothing else does: to a
//! scan a stand-in in code is what it looks like.

use std::ops::Range;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Fewer letters and digits than these are too few to tell a stand-in by.
const LEAST: usize = 8;
/// Longer texts get a placeholder.
const MOST: usize = 4096;
/// A secret passes for a stand-in once in so many: 26 bits.
const CHECKED: u64 = 1 << 26;
/// What a check is made with where there is no key.
const NO_KEY: &[u8] = b"weft: a stand-in without a key";

/// One character that may change, and what it may be.
struct Free {
    at: usize,
    alphabet: &'static [u8],
}

/// The characters of a stand-in of this form: those that carry the check, from the end, and how many others.
struct Form {
    free: Vec<Free>,
    check: usize,
}

/// The stand-in for `text`, of which the first `prefix` bytes are public. `seed` decides which it is: the same seed
/// gives the same. `unfit` says which must not be used (a checksum is right by chance, it is in use). `None` when the
/// text is too short or too strange to have one.
pub(super) fn stand_in(
    key: Option<&[u8]>,
    seed: &[u8],
    text: &str,
    prefix: usize,
    unfit: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let prefix = if text.starts_with("0x") { prefix.max(2) } else { prefix };
    let form = Form::of(text)?;
    let open: Vec<&Free> = form.free.iter().filter(|free| free.at >= prefix).collect();
    if open.len() < LEAST || open.len() < form.check + 2 || !tame(text) {
        return None;
    }
    (0..TRIES).find_map(|attempt| {
        let mut candidate = text.as_bytes().to_vec();
        let mut made = Stream { key: key.unwrap_or(NO_KEY), seed, attempt, block: 0, bytes: Vec::new() };
        for free in &open {
            let letter = free.alphabet.get(made.below(free.alphabet.len())?)?;
            *candidate.get_mut(free.at)? = *letter;
        }
        let mut candidate = String::from_utf8(candidate).ok()?;
        let (check, places) = form.check(key, &candidate)?;
        for (place, letter) in places.iter().zip(check) {
            candidate.replace_range(place.clone(), char::from(letter).encode_utf8(&mut [0; 4]));
        }
        (candidate != text && is_stand_in(key, &candidate) && !unfit(&candidate)).then_some(candidate)
    })
}

/// How many stand-ins are tried before a placeholder is taken.
const TRIES: u32 = 64;

/// Whether `text` is a stand-in that this key, or no key, made.
pub(super) fn is_stand_in(key: Option<&[u8]>, text: &str) -> bool {
    let Some(form) = Form::of(text).filter(|form| tame(text) && form.free.len() >= LEAST) else {
        return false;
    };
    form.check(key, text).is_some_and(|(check, places)| {
        places.iter().zip(&check).all(|(place, letter)| text.as_bytes().get(place.start) == Some(letter))
    })
}

/// Whether every character may stay where it is whatever the format around: none begins an escape or ends a string.
fn tame(text: &str) -> bool {
    text.len() <= MOST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./+=:~@ ,!*".contains(&byte))
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        if text.len() > MOST {
            return None;
        }
        let bytes = text.as_bytes();
        let every =
            |of: fn(&u8) -> bool, within: fn(&u8) -> bool| bytes.iter().filter(|byte| of(byte)).all(within);
        let hex = |byte: &u8| byte.is_ascii_hexdigit();
        let lower: &[u8] = if every(u8::is_ascii_lowercase, hex) { b"abcdef" } else { LOWER };
        let upper: &[u8] = if every(u8::is_ascii_uppercase, hex) { b"ABCDEF" } else { UPPER };
        let base32 = upper.len() > 6
            && !bytes.iter().any(u8::is_ascii_lowercase)
            && every(u8::is_ascii_digit, |byte| (b'2'..=b'7').contains(byte));
        let mut free = Vec::new();
        for (at, byte) in bytes.iter().enumerate() {
            let first = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
            let alphabet: &'static [u8] = match byte {
                b'a'..=b'z' => lower,
                b'A'..=b'Z' => upper,
                b'0'..=b'9' if base32 => b"234567",
                // A number does not begin with 0, unless it did.
                b'0' if first => continue,
                b'0'..=b'9' if first => b"123456789",
                b'0'..=b'9' => b"0123456789",
                _ => continue,
            };
            free.push(Free { at, alphabet });
        }
        let (mut check, mut strength) = (0, 1u64);
        for free in free.iter().rev() {
            if strength >= CHECKED {
                break;
            }
            strength = strength.saturating_mul(free.alphabet.len() as u64);
            check += 1;
        }
        (strength >= CHECKED).then_some(Form { free, check })
    }

    /// The letters of the check over the rest of `text`, and where they stand.
    fn check(&self, key: Option<&[u8]>, text: &str) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
        let carrying = self.free.get(self.free.len() - self.check..)?;
        let mut rest = text.as_bytes().to_vec();
        for free in carrying {
            *rest.get_mut(free.at)? = 0;
        }
        let mac = mac(key.unwrap_or(NO_KEY), &[b"check", &rest])?;
        let mut value = u64::from_be_bytes(mac.get(..8)?.try_into().ok()?);
        let mut letters = Vec::with_capacity(carrying.len());
        for free in carrying {
            let size = free.alphabet.len() as u64;
            letters.push(*free.alphabet.get((value % size) as usize)?);
            value /= size;
        }
        Some((letters, carrying.iter().map(|free| free.at..free.at + 1).collect()))
    }
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Made-up numbers that a seed decides.
struct Stream<'a> {
    key: &'a [u8],
    seed: &'a [u8],
    attempt: u32,
    block: u32,
    bytes: Vec<u8>,
}

impl Stream<'_> {
    fn below(&mut self, limit: usize) -> Option<usize> {
        if self.bytes.len() < 2 {
            let (attempt, block) = (self.attempt.to_be_bytes(), self.block.to_be_bytes());
            self.bytes = mac(self.key, &[b"letters", &attempt, &block, self.seed])?;
            self.block += 1;
        }
        let (one, other) = (self.bytes.pop()?, self.bytes.pop()?);
        Some(usize::from(u16::from_be_bytes([one, other])) % limit.max(1))
    }
}

/// HMAC-SHA256 over parts, each with its length in front.
fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    // HMAC takes a key of any length, so this never is `None`.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"weft stand-in");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::expand;

    fn made(key: Option<&[u8]>, text: &str, prefix: usize) -> Option<String> {
        stand_in(key, text.as_bytes(), text, prefix, &|_| false)
    }

    #[test]
    fn prefix_length_and_kinds_of_characters_stay() {
        let token = expand("ghp_%{github}");
        let other = made(Some(b"key"), &token, 4).unwrap();
        assert_ne!(other, token);
        assert!(other.starts_with("ghp_"));
        let kinds = |text: &str| -> String {
            text.chars()
                .map(|c| match c {
                    'a'..='z' => 'a',
                    'A'..='Z' => 'A',
                    '0'..='9' => '0',
                    other => other,
                })
                .collect()
        };
        assert_eq!(kinds(&other[4..]), kinds(&token[4..]));
        let hex = expand("%{32:hex}");
        assert!(made(None, &hex, 0).unwrap().bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
        let id = format!("AKIA{}", expand("%{16:base32}"));
        assert!(!made(None, &id, 4).unwrap().contains(['0', '1', '8', '9']));
        assert!(made(None, "0xdeadbeef01234567cafe", 0).unwrap().starts_with("0x"));
        assert_eq!(made(Some(b"key"), &token, 4), made(Some(b"key"), &token, 4));
        assert_ne!(made(Some(b"key"), &token, 4), made(Some(b"other"), &token, 4));
    }

    #[test]
    fn short_and_strange_texts_have_none() {
        for text in ["", "aB3-x", "1234567", "pass\\u0041word12345", "caf\u{e9}caf\u{e9}caf\u{e9}12345"] {
            assert_eq!(made(None, text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_key_does_not_take_the_stand_in_of_another_for_its_own() {
        let other = made(Some(b"key"), &expand("ghp_%{github}"), 4).unwrap();
        assert!(is_stand_in(Some(b"key"), &other));
        assert!(!is_stand_in(Some(b"other"), &other) && !is_stand_in(None, &other));
    }

    #[test]
    fn what_is_unfit_is_not_given() {
        let token = expand("%{30}");
        let first = made(None, &token, 0).unwrap();
        let second = stand_in(None, token.as_bytes(), &token, 0, &|candidate| candidate == first).unwrap();
        assert_ne!(first, second);
        assert_eq!(stand_in(None, b"", &token, 0, &|_| true), None);
    }

    proptest! {
        #[test]
        fn a_stand_in_is_known_again_and_a_secret_is_not_taken_for_one(text in "[ -~]{0,60}", prefix in 0usize..12) {
            prop_assert!(!is_stand_in(None, &text));
            if let Some(other) = made(None, &text, prefix) {
                prop_assert!(is_stand_in(None, &other));
                prop_assert_eq!(other.len(), text.len());
                let kept = prefix.min(text.len());
                prop_assert_eq!(&other[..kept], &text[..kept]);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            prop_assert_eq!(made(None, &text, 3).is_some_and(|other| other == text), false);
        }
    }
}
