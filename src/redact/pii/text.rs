//! Reading the text around a number: what joins groups of digits, what stands before them.

/// What may join two groups of a number at `at`: as ASCII, with its length in bytes. A space that does not break and
/// the dashes of typography count as the plain ones.
pub(super) fn joint(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match *bytes.get(at)? {
        byte @ (b' ' | b'-' | b'.' | b'/' | b'+' | b'(' | b')' | b',') => Some((byte, 1)),
        0xc2 if bytes.get(at + 1) == Some(&0xa0) => Some((b' ', 2)),
        0xe2 => match (*bytes.get(at + 1)?, *bytes.get(at + 2)?) {
            (0x80, 0x87 | 0x89 | 0xaf) => Some((b' ', 3)),
            (0x80, 0x90..=0x95) | (0x88, 0x92) => Some((b'-', 3)),
            _ => None,
        },
        _ => None,
    }
}

/// Where what joins begins, when it ends at `at`.
pub(super) fn joint_before(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    (1..=3).find_map(|length| {
        let start = at.checked_sub(length)?;
        joint(bytes, start).filter(|(_, long)| *long == length).map(|(mark, _)| (mark, start))
    })
}

/// At most `length` bytes before `at`, in lower case (ASCII only).
pub(super) fn lower_before(text: &str, at: usize, length: usize) -> String {
    let from = text.ceil_char_boundary(at.saturating_sub(length));
    text.get(from..at).unwrap_or("").to_ascii_lowercase()
}

/// Where the next ASCII digit is, from `at` on. Looks at eight bytes at a time: most text holds few digits.
pub(super) fn digit(bytes: &[u8], at: usize) -> Option<usize> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const HIGH: u64 = !LOW;
    let rest = bytes.get(at..)?;
    let (words, tail) = rest.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        // Of a byte without its high nibble three, 0 to 9 and nothing else stay below 0x80 when 0x76 is added.
        let word = u64::from_le_bytes(*word) ^ 0x3030_3030_3030_3030;
        let other = ((word & LOW) + 0x7676_7676_7676_7676) | word;
        let digits = !other & HIGH;
        if digits != 0 {
            return Some(at + number * 8 + digits.trailing_zeros() as usize / 8);
        }
    }
    let skipped = rest.len() - tail.len();
    tail.iter().position(u8::is_ascii_digit).map(|place| at + skipped + place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_next_digit_is_the_next_digit(bytes in any::<Vec<u8>>(), at in 0usize..20) {
            let plain = bytes.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit));
            prop_assert_eq!(digit(&bytes, at), plain.map(|place| at + place));
        }
    }

    #[test]
    fn blanks_and_dashes_of_typography_join_as_the_plain_ones() {
        for (text, plain) in [("\u{a0}", b' '), ("\u{2009}", b' '), ("\u{2013}", b'-'), ("\u{2212}", b'-')] {
            assert_eq!(joint(text.as_bytes(), 0), Some((plain, text.len())));
            assert_eq!(joint_before(text.as_bytes(), text.len()), Some((plain, 0)));
        }
        assert_eq!(joint(b"_", 0), None);
        assert_eq!(joint(&[0xe2, 0x80], 0), None);
    }
}
