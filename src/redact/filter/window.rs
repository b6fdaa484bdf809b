//! A part of the input as text, with the way back to its bytes: what is not masked is written as the very bytes that
//! came, be they valid or not.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::redact::decode::decode;

/// How bytes are read as text; what is no text in them becomes U+FFFD, and stays what it is in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::redact) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// The encoding that the start of a text tells, and how many bytes its mark has; `None` when it is not text.
    pub(super) fn of(head: &[u8]) -> Option<(Self, usize)> {
        let (wide, mark) = decode(head)?.form();
        let encoding = match wide {
            None => Encoding::Utf8,
            Some(false) => Encoding::Utf16Le,
            Some(true) => Encoding::Utf16Be,
        };
        Some((encoding, mark))
    }

    /// The bytes of a text.
    pub(in crate::redact) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// The text of some bytes.
    pub(in crate::redact) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            _ => Cow::Owned(self.utf16(bytes).collect()),
        }
    }

    /// The characters of UTF-16; what is no character, and an odd last byte, become U+FFFD.
    fn utf16(self, bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
        let pairs = bytes.chunks_exact(2);
        let odd = (!pairs.remainder().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        let units = pairs.map(move |pair| {
            let pair = [pair[0], pair[1]];
            if self == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(odd)
    }

    /// How many bytes one unit of the encoding has.
    pub(super) fn unit(self) -> u64 {
        if self == Encoding::Utf8 { 1 } else { 2 }
    }
}

/// Some bytes of the input and their text.
pub(in crate::redact) struct Window<'a> {
    /// Where its bytes start in the input.
    start: u64,
    bytes: Cow<'a, [u8]>,
    encoding: Encoding,
    text: String,
    /// Offsets of text and bytes that belong together, from which others are counted.
    marks: Vec<(usize, usize)>,
    core: Range<usize>,
    last: bool,
}

/// Characters of UTF-16 between two marks.
const APART: usize = 64;

impl<'a> Window<'a> {
    /// The window of `bytes`, which start at byte `start` of the input; `core` is the part of the input that it is
    /// there for. `last` when nothing follows.
    pub(super) fn new(
        start: u64,
        bytes: Cow<'a, [u8]>,
        encoding: Encoding,
        core: Range<u64>,
        last: bool,
    ) -> Self {
        let (text, marks) = match encoding {
            Encoding::Utf8 => utf8(&bytes),
            _ => utf16(&bytes, encoding),
        };
        let mut window = Window { start, bytes, encoding, text, marks, core: 0..0, last };
        window.core = window.place(core.start)..window.place(core.end);
        window
    }

    pub(in crate::redact) fn text(&self) -> &str {
        &self.text
    }

    /// The range of the text that is its own; around it stands what others own.
    pub(in crate::redact) fn core(&self) -> Range<usize> {
        self.core.clone()
    }

    /// Whether the text goes on behind `offset`, the end of something found: it may have been cut.
    pub(super) fn cuts(&self, offset: usize) -> bool {
        !self.last && offset >= self.text.len()
    }

    /// The byte of the input where an offset of the text stands.
    pub(in crate::redact) fn byte(&self, offset: usize) -> u64 {
        self.start + self.local(offset) as u64
    }

    /// The bytes that a range of the text was written as.
    pub(in crate::redact) fn written(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(self.local(range.start)..self.local(range.end)).unwrap_or_default()
    }

    fn local(&self, offset: usize) -> usize {
        let index = self.marks.partition_point(|(text, _)| *text <= offset).saturating_sub(1);
        let (text, byte) = self.marks.get(index).copied().unwrap_or((0, 0));
        let units = match self.encoding {
            Encoding::Utf8 => offset - text,
            _ => 2 * self.text.get(text..offset).unwrap_or("").chars().map(char::len_utf16).sum::<usize>(),
        };
        (byte + units).min(self.bytes.len())
    }

    /// The offset of the text where a byte of the input stands; one inside a character counts as its end.
    fn place(&self, byte: u64) -> usize {
        let byte = byte.saturating_sub(self.start).min(self.bytes.len() as u64) as usize;
        let index = self.marks.partition_point(|(_, at)| *at <= byte).saturating_sub(1);
        let (mut text, mut at) = self.marks.get(index).copied().unwrap_or((0, 0));
        if self.encoding == Encoding::Utf8 {
            return self.text.ceil_char_boundary((text + byte - at).min(self.text.len()));
        }
        for character in self.text.get(text..).unwrap_or("").chars() {
            if at >= byte {
                break;
            }
            at += 2 * character.len_utf16();
            text += character.len_utf8();
        }
        text
    }
}

/// The text of UTF-8, with a mark where each valid and each invalid part begins.
fn utf8(bytes: &[u8]) -> (String, Vec<(usize, usize)>) {
    let (mut text, mut marks) = (String::with_capacity(bytes.len()), vec![(0, 0)]);
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            marks.push((text.len(), at));
            text.push(char::REPLACEMENT_CHARACTER);
            at += chunk.invalid().len();
            marks.push((text.len(), at));
        }
    }
    (text, marks)
}

/// The text of UTF-16, with a mark every few characters.
fn utf16(bytes: &[u8], encoding: Encoding) -> (String, Vec<(usize, usize)>) {
    let (mut text, mut marks) = (String::with_capacity(bytes.len()), Vec::new());
    let mut at = 0;
    for (index, character) in encoding.utf16(bytes).enumerate() {
        if index % APART == 0 {
            marks.push((text.len(), at));
        }
        text.push(character);
        at += 2 * character.len_utf16();
    }
    (text, marks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(bytes: &[u8], encoding: Encoding) -> Window<'_> {
        let core = 0..bytes.len() as u64;
        Window::new(0, Cow::Borrowed(bytes), encoding, core, true)
    }

    #[test]
    fn invalid_bytes_are_written_as_they_came() {
        let bytes = b"a\xffb\xe2\x82c\0";
        let window = window(bytes, Encoding::Utf8);
        assert_eq!(window.text(), "a\u{fffd}b\u{fffd}c\0");
        assert_eq!(window.written(1..4), b"\xff");
        assert_eq!(window.written(5..9), b"\xe2\x82c");
        assert_eq!(window.written(0..10), bytes);
    }

    #[test]
    fn lone_surrogates_and_odd_bytes_are_written_as_they_came() {
        let bytes = [0x61, 0, 0, 0xd8, 0x62, 0, 0x3d, 0xd8, 0, 0xde, 9];
        let window = window(&bytes, Encoding::Utf16Le);
        assert_eq!(window.text(), "a\u{fffd}b\u{1f600}\u{fffd}");
        assert_eq!(window.written(1..4), [0, 0xd8]);
        assert_eq!(window.written(5..9), [0x3d, 0xd8, 0, 0xde]);
        assert_eq!(window.written(9..12), [9]);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_text_gives_back_all_bytes(bytes: Vec<u8>, cut: usize, which in 0..3) {
            let encoding = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be][which as usize];
            let window = window(&bytes, encoding);
            let cut = window.text().floor_char_boundary(cut % (window.text().len() + 1));
            let both = [window.written(0..cut), window.written(cut..window.text().len())].concat();
            prop_assert_eq!(both, &bytes[..]);
            prop_assert_eq!(window.core(), 0..window.text().len());
            prop_assert_eq!(window.place(window.byte(cut)), cut);
        }
    }
}
