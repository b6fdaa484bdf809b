//! Payment card numbers: an issuer's prefix and length, and the Luhn checksum.

use std::ops::Range;

use super::checksum::luhn;
use super::text::{joint, lower_before};

/// The longest number there is.
const LONGEST: usize = 19;

/// Whether the digits have an issuer's prefix and length and the Luhn checksum, and are not the few digits of a test
/// number.
pub(in crate::redact) fn card(text: &str) -> bool {
    let mut digits = [0; LONGEST];
    let mut count = 0;
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        let Some(slot) = digits.get_mut(count) else { return false };
        (*slot, count) = (digit - b'0', count + 1);
    }
    let digits = &digits[..count];
    let lead =
        |count: usize| digits.iter().take(count).fold(0, |value, digit| value * 10 + u32::from(*digit));
    let known = match count {
        13 | 19 => lead(1) == 4,
        14 => matches!(lead(3), 300..=305) || matches!(lead(2), 36 | 38),
        15 => matches!(lead(2), 34 | 37),
        16 => {
            lead(1) == 4
                || matches!(lead(2), 51..=55 | 65)
                || matches!(lead(4), 2221..=2720 | 6011 | 3528..=3589)
                || matches!(lead(3), 644..=649)
        }
        _ => false,
    };
    let distinct = digits.iter().fold(0u32, |seen, digit| seen | 1 << digit).count_ones();
    known && luhn(digits) && distinct > 2
}

/// A run of 13 to 19 digits, perhaps in groups with one kind of separator, that is a card's number.
pub(super) fn at(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let joined = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/%#&".contains(&byte);
    if start > 0 && joined(bytes[start - 1]) {
        return None;
    }
    let (mut end, mut digits, mut separator) = (start, 0, None);
    while let Some(byte) = bytes.get(end) {
        if byte.is_ascii_digit() {
            (digits, end) = (digits + 1, end + 1);
            continue;
        }
        let Some((joint, length)) = joint(bytes, end).filter(|(joint, _)| matches!(joint, b' ' | b'-'))
        else {
            break;
        };
        let next = bytes.get(end + length).is_some_and(u8::is_ascii_digit);
        let group = digits % 4 == 0 || digits == 10;
        if !group || !next || digits > LONGEST || *separator.get_or_insert(joint) != joint {
            break;
        }
        end += length;
    }
    let cut = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        || bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    let wanted = (13..=LONGEST).contains(&digits) && !cut && (separator.is_some() || spoken_of(text, start));
    (wanted && card(&text[start..end])).then_some(start..end)
}

/// Whether a number without groups stands in a sentence, or near a word for a card: constants of code do not.
fn spoken_of(text: &str, start: usize) -> bool {
    let before = lower_before(text, start, 60);
    let line = before.rsplit('\n').next().unwrap_or("");
    let sentence =
        line.strip_suffix(' ').is_some_and(|line| line.ends_with(|c: char| c.is_alphabetic() || c == ':'));
    sentence
        || ["card", "visa", "amex", "credit", "debit", "payment"].iter().any(|word| before.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        at(text, text.find(|c: char| c.is_ascii_digit())?).map(|range| &text[range])
    }

    #[test]
    fn cards_need_issuer_length_and_checksum() {
        assert!(!card(&["4242", "4242", "4242", "4242"].join(" ")), "two distinct digits");
        assert!(!card(&["5555", "5555", "5555", "4444"].concat()));
        assert!(card(&["4012", "8888", "8888", "1881"].concat()));
        assert!(card(&["3782", "822463", "10005"].join("-")));
        assert!(!card("4012888888881882"));
        assert!(!card("9012888888881881"));
        assert!(!card(&"4".repeat(400)));
    }

    #[test]
    fn a_number_is_found_whole_with_any_blank_between_its_groups() {
        let groups = ["4012", "8888", "8888", "1881"];
        for joint in [" ", "-", "\u{a0}", "\u{202f}", "\u{2011}"] {
            let number = groups.join(joint);
            assert_eq!(found(&format!("paid with {number}, thanks")), Some(number.as_str()), "{joint:?}");
        }
        assert_eq!(found(&format!("x = {}", groups.concat())), None, "a constant of code");
        assert_eq!(found(&format!("{} 1881", groups.join(" "))), None, "longer than a card");
    }
}
