//! Cuts a long input into windows. Each owns its core; around it stands so much more that nothing found is cut.

use std::borrow::Cow;
use std::ops::Range;

use super::spool::{IN_MEMORY, Spool};
use super::window::{Encoding, Window};
use crate::error::{Error, ErrorKind, Result};

/// How an input is cut, in bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::redact) struct Sizes {
    /// Up to this length it is one window.
    pub(in crate::redact) whole: u64,
    /// About as long is the core of a window.
    pub(in crate::redact) core: u64,
    /// How much stands around it on each side: longer than any match but a hostile one.
    pub(in crate::redact) around: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { whole: IN_MEMORY, core: 2 << 20, around: 64 << 10 }
    }
}

/// So many bytes tell how a text is to be read.
const HEAD: u64 = 8000;

/// A window grows up to this many bytes beyond its core, for something found that goes on and on.
const FARTHEST: u64 = 8 << 20;

/// The windows of one input, in order.
pub(in crate::redact) struct Chunks<'a> {
    input: &'a Spool,
    sizes: Sizes,
    encoding: Encoding,
    mark: u64,
    /// Where the next core starts; `None` when there is no more.
    at: Option<u64>,
    core: Range<u64>,
}

impl<'a> Chunks<'a> {
    /// Errors: the input is not text.
    pub(super) fn of_text(input: &'a Spool, sizes: Sizes) -> Result<Self> {
        let (encoding, mark) = Encoding::of(&input.bytes(0..HEAD)?).ok_or_else(|| {
            Error::new(ErrorKind::Io, "the input is not text, so it cannot be redacted")
                .hint("give the text itself: an archive or an image has to be unpacked first")
        })?;
        Ok(Self::read_as(input, sizes, encoding, mark as u64))
    }

    /// As [`Chunks::of_text`], for what does not have to be understood.
    pub(in crate::redact) fn of_anything(input: &'a Spool, sizes: Sizes) -> Result<Self> {
        let (encoding, mark) = Encoding::of(&input.bytes(0..HEAD)?).unwrap_or((Encoding::Utf8, 0));
        Ok(Self::read_as(input, sizes, encoding, mark as u64))
    }

    /// The windows of a text that is read as `other` is, since it came out of it.
    pub(super) fn like(input: &'a Spool, other: &Chunks<'_>) -> Self {
        Self::read_as(input, other.sizes, other.encoding, other.mark)
    }

    fn read_as(input: &'a Spool, sizes: Sizes, encoding: Encoding, mark: u64) -> Self {
        Chunks { input, sizes, encoding, mark, at: Some(mark), core: 0..0 }
    }

    pub(in crate::redact) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The byte order mark, which no window holds.
    pub(in crate::redact) fn mark(&self) -> Result<Cow<'a, [u8]>> {
        self.input.bytes(0..self.mark)
    }

    /// Whether one window holds all.
    pub(super) fn whole(&self) -> bool {
        self.input.length() <= self.sizes.whole
    }

    /// The next window.
    pub(in crate::redact) fn next(&mut self) -> Result<Option<Window<'a>>> {
        let Some(start) = self.at.take() else { return Ok(None) };
        let length = self.input.length();
        if start >= length && start > self.mark {
            return Ok(None);
        }
        let end = if self.whole() { length } else { self.end_of_core(start)? };
        self.core = start..end;
        self.at = (end < length).then_some(end);
        self.window(self.sizes.around).map(Some)
    }

    /// The last window again, with more behind its core; `None` when that is as much as it gets.
    pub(super) fn wider(&self, window: &Window<'_>) -> Result<Option<Window<'a>>> {
        let behind = window.byte(window.text().len()).saturating_sub(self.core.end);
        let more = (behind.max(64) * 4).min(FARTHEST);
        if more <= behind || window.byte(window.text().len()) >= self.input.length() {
            return Ok(None);
        }
        self.window(more).map(Some)
    }

    /// Lets the next core start at `byte`, where what was masked in the last one ended.
    pub(in crate::redact) fn resume_at(&mut self, byte: u64) {
        if byte > self.core.end {
            self.at = (byte < self.input.length()).then_some(byte);
        }
    }

    fn window(&self, behind: u64) -> Result<Window<'a>> {
        let unit = self.encoding.unit();
        let start = self.core.start.saturating_sub(self.sizes.around).max(self.mark);
        let start = start - (start - self.mark) % unit;
        let end = (self.core.end + behind).min(self.input.length());
        let end = if end < self.input.length() { end - (end - self.mark) % unit } else { end };
        let bytes = self.input.bytes(start..end)?;
        Ok(Window::new(start, bytes, self.encoding, self.core.clone(), end == self.input.length()))
    }

    /// Where a core that starts there ends: behind the last line break in its last quarter, else behind a character
    /// that separates, else between any two characters.
    fn end_of_core(&self, start: u64) -> Result<u64> {
        let aim = start + self.sizes.core;
        if aim + self.sizes.core / 4 >= self.input.length() {
            return Ok(self.input.length());
        }
        // A character has up to four bytes: so many are looked at however small the cores are.
        let from = aim - (self.sizes.core / 4).max(4).min(self.sizes.core);
        let from = from - (from - self.mark) % self.encoding.unit();
        let bytes = self.input.bytes(from..aim)?;
        let behind = |separates: &[u8]| match self.encoding {
            Encoding::Utf8 => bytes.iter().rposition(|byte| separates.contains(byte)).map(|at| at + 1),
            encoding => {
                let ascii = |pair: &[u8]| match (encoding, pair) {
                    (Encoding::Utf16Le, [byte, 0]) | (Encoding::Utf16Be, [0, byte]) => {
                        separates.contains(byte)
                    }
                    _ => false,
                };
                bytes.chunks_exact(2).rposition(ascii).map(|at| 2 * at + 2)
            }
        };
        let cut = behind(b"\n").or_else(|| behind(b" \t,;"));
        let cut = cut.unwrap_or_else(|| between_characters(&bytes, self.encoding));
        Ok((from + cut as u64).max(start + self.encoding.unit()))
    }
}

/// An offset near the end of `bytes` that is in no character.
fn between_characters(bytes: &[u8], encoding: Encoding) -> usize {
    let end = bytes.len();
    match encoding {
        Encoding::Utf8 => {
            let inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
            (0..4).filter_map(|back| end.checked_sub(back + 1)).find(|at| !inside(*at)).unwrap_or(end)
        }
        encoding => {
            let end = end - end % 2;
            let high = if encoding == Encoding::Utf16Le { end.checked_sub(1) } else { end.checked_sub(2) };
            let surrogate = high.and_then(|at| bytes.get(at)).is_some_and(|byte| byte & 0xfc == 0xd8);
            if surrogate { end - 2 } else { end }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cores_cover_the_input_and_windows_hold_their_text(
            text in "[a\u{e9}\u{1f600}\n ]{0,300}", core in 8u64..50, around in 0u64..40, which in 0..3,
        ) {
            let encoding = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be][which as usize];
            let marked = if encoding == Encoding::Utf8 { text.clone() } else { format!("\u{feff}{text}") };
            let spool = Spool::of(encoding.encode(&marked));
            let mut chunks = Chunks::of_text(&spool, Sizes { whole: 0, core, around }).unwrap();
            let mut all = String::new();
            while let Some(window) = chunks.next().unwrap() {
                all.push_str(&window.text()[window.core()]);
                prop_assert!(marked.contains(&window.text()[window.core()]));
            }
            prop_assert_eq!(all, text);
        }
    }
}
