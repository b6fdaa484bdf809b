//! Bytes -> text: UTF-8 and UTF-16 with or without a byte order mark, and a lossy reading of anything else.
//! Positions of the bytes are translated, so that a range of the original is found again in the text.

use std::borrow::Cow;

/// How many bytes decide whether content is text; git looks at as many.
const SAMPLE: usize = 8000;

/// How the bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// UTF-8 after a mark of this many bytes; invalid sequences become U+FFFD.
    Utf8 { mark: usize },
    /// UTF-16 after a mark of this many bytes.
    Utf16 { big: bool, mark: usize },
}

/// The text of some bytes.
pub(super) struct Decoded<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    /// The text, without its byte order mark.
    pub(super) text: Cow<'a, str>,
}

/// Reads `bytes` as text; `None` when they are not text.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded<'_>> {
    let encoding = match bytes {
        // A mark in front of plain bytes would hide them: they are no UTF-16.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if plain(bytes) => Encoding::Utf8 { mark: 0 },
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if holds_plain(bytes) => return None,
        [0xff, 0xfe, ..] => Encoding::Utf16 { big: false, mark: 2 },
        [0xfe, 0xff, ..] => Encoding::Utf16 { big: true, mark: 2 },
        [0xef, 0xbb, 0xbf, ..] => Encoding::Utf8 { mark: 3 },
        _ if binary(bytes) => Encoding::Utf16 { big: wide(bytes)?, mark: 0 },
        _ => Encoding::Utf8 { mark: 0 },
    };
    let text = match encoding {
        // What is valid, nearly everything, is found so faster than by looking for what is not.
        Encoding::Utf8 { mark } => std::str::from_utf8(&bytes[mark..])
            .map_or_else(|_| String::from_utf8_lossy(&bytes[mark..]), Cow::Borrowed),
        Encoding::Utf16 { big, mark } => Cow::Owned(utf16(&bytes[mark..], big).collect()),
    };
    Some(Decoded { bytes, encoding, text })
}

/// Whether what follows a mark of two bytes is ASCII: no byte in a hundred is anything else.
fn plain(bytes: &[u8]) -> bool {
    let rest = &bytes[2..];
    let other =
        rest.iter().filter(|byte| !(0x20..0x7f).contains(*byte) && !byte.is_ascii_whitespace()).count();
    other * 100 < rest.len()
}

/// Whether ASCII stands somewhere in UTF-16: so many bytes of it in a row are no two-byte characters by chance.
fn holds_plain(bytes: &[u8]) -> bool {
    const ROW: usize = 24;
    let mut row = 0;
    bytes[2..].iter().any(|byte| {
        row = if (0x20..0x7f).contains(byte) { row + 1 } else { 0 };
        row >= ROW
    })
}

/// A NUL alone does not make content binary, or one in a comment would hide a whole source file: it must also be
/// invalid UTF-8, or hold many of them.
fn binary(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let zeros = memchr::memchr_iter(0, sample).count();
    if zeros == 0 {
        return false;
    }
    let valid = match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    !valid || zeros * 10 > sample.len()
}

/// Whether bytes without a mark are UTF-16 all the same, and then its order: every other byte is zero, as it is of text
/// in Latin letters, and no unit is a control character.
fn wide(bytes: &[u8]) -> Option<bool> {
    let sample = &bytes[..bytes.len().min(SAMPLE) / 2 * 2];
    let zeros = |side: usize| sample.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    let big = first > second;
    let clear = first.max(second) * 10 >= pairs * 6 && first.min(second) == 0;
    let control = |unit: char| unit.is_control() && !matches!(unit, '\n' | '\r' | '\t');
    (pairs >= 8 && clear && !utf16(sample, big).any(control)).then_some(big)
}

/// The characters of UTF-16 bytes; what is no character, and an odd last byte, become U+FFFD.
fn utf16(bytes: &[u8], big: bool) -> impl Iterator<Item = char> + '_ {
    let pairs = bytes.chunks_exact(2);
    let odd = (!pairs.remainder().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    let units = pairs.map(move |pair| {
        let pair = [pair[0], pair[1]];
        if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(odd)
}

impl Decoded<'_> {
    /// How the bytes were read: as UTF-16 of this order, else as UTF-8, and how many bytes the mark in front has.
    pub(super) fn form(&self) -> (Option<bool>, usize) {
        match self.encoding {
            Encoding::Utf8 { mark } => (None, mark),
            Encoding::Utf16 { big, mark } => (Some(big), mark),
        }
    }

    /// The offsets in the text of byte offsets of the original, which are sorted; one inside a character counts as its end.
    pub(super) fn offsets(&self, wanted: &[usize]) -> Vec<usize> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::with_capacity(wanted.len());
        let mut walk = |read: usize, written: usize, copied: bool| {
            // Everything up to byte `read` of the original has become `written` bytes of text.
            while let Some(next) = wanted.get(found.len()).filter(|next| **next <= read) {
                found.push(if copied { written.saturating_sub(read - next) } else { written });
            }
        };
        match self.encoding {
            Encoding::Utf8 { mark } => {
                let (mut read, mut written) = (mark, 0);
                walk(read, written, false);
                for chunk in self.bytes[mark..].utf8_chunks() {
                    read += chunk.valid().len();
                    written += chunk.valid().len();
                    walk(read, written, true);
                    if !chunk.invalid().is_empty() {
                        read += chunk.invalid().len();
                        written += char::REPLACEMENT_CHARACTER.len_utf8();
                        walk(read, written, false);
                    }
                }
            }
            Encoding::Utf16 { big, mark } => {
                let (mut read, mut written) = (mark, 0);
                walk(read, written, false);
                for character in utf16(&self.bytes[mark..], big) {
                    read += 2 * character.len_utf16();
                    written += character.len_utf8();
                    walk(read, written, false);
                }
            }
        }
        found.resize(wanted.len(), self.text.len());
        for offset in &mut found {
            *offset = self.text.ceil_char_boundary(*offset);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn byte_order_marks_decide_the_encoding() {
        for bytes in [utf16("a\u{e9}\u{1f600}b", true), utf16("a\u{e9}\u{1f600}b", false)] {
            let decoded = decode(&bytes).unwrap();
            assert_eq!(decoded.text, "a\u{e9}\u{1f600}b");
            assert_eq!(decoded.offsets(&[0, 2, 4, 6, 10, 12, 99]), [0, 0, 1, 3, 7, 8, 8]);
        }
        let marked = decode("\u{feff}ab".as_bytes()).unwrap();
        assert_eq!(marked.text, "ab");
        assert_eq!(marked.offsets(&[0, 3, 4, 5]), [0, 0, 1, 2]);
    }

    #[test]
    fn invalid_bytes_keep_later_positions_right() {
        let decoded = decode(b"a\xffb\xe2\x82c").unwrap();
        assert_eq!(decoded.text, "a\u{fffd}b\u{fffd}c");
        assert_eq!(decoded.offsets(&[0, 1, 2, 3, 5, 6]), [0, 1, 4, 5, 8, 9]);
    }

    #[test]
    fn a_nul_in_a_comment_does_not_hide_a_file() {
        assert!(decode(b"// \0\nlet key = 1;\n").is_some());
        assert!(decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").is_none());
        assert!(decode(b"a\0b\0c\0").is_none());
        assert_eq!(decode(b"").unwrap().text, "");
    }

    #[test]
    fn a_mark_does_not_hide_plain_bytes() {
        let text = "token = correct horse battery staple";
        for mark in [b"\xff\xfe", b"\xfe\xff"] {
            assert!(decode(&[mark, text.as_bytes()].concat()).unwrap().text.ends_with(text));
        }
        let mixed = [utf16("some text of two bytes a letter\n", false), text.as_bytes().to_vec()].concat();
        assert!(decode(&mixed).is_none());
        assert_eq!(
            decode(&utf16("\u{4e2d}\u{6587} \u{6f22}\u{5b57}", true)).unwrap().text,
            "\u{4e2d}\u{6587} \u{6f22}\u{5b57}"
        );
    }

    #[test]
    fn utf16_without_a_mark_is_told_from_binary_content() {
        for big in [true, false] {
            let bytes = utf16("key = 'caf\u{e9}'\r\n", big);
            assert_eq!(decode(&bytes[2..]).unwrap().text, "key = 'caf\u{e9}'\r\n");
            assert_eq!(decode(&bytes[2..]).unwrap().offsets(&[0, 2, 4]), [0, 1, 2]);
        }
        let table: Vec<u8> = (0..100u16).flat_map(u16::to_le_bytes).collect();
        assert!(decode(&table).is_none());
        let numbers: Vec<u8> = (200..300u32).flat_map(u32::to_le_bytes).collect();
        assert!(decode(&numbers).is_none());
    }
}
