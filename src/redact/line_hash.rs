//! GitHub's `primaryLocationLineHash`, as its upload action computes it: an alert is the same alert as long as the
//! hundred characters from its line on are the same.

use std::collections::HashMap;

const WINDOW: usize = 100;
const MULTIPLIER: u64 = 37;

/// The hash of every line of a file, first line first: `hex:occurrence`. The file is read as UTF-8, invalid bytes as
/// U+FFFD; LF, CR and CR LF end a line.
pub(super) fn line_hashes(bytes: &[u8]) -> Vec<String> {
    let mut rolling = Rolling::new();
    let text = String::from_utf8_lossy(bytes);
    let mut after_return = false;
    for unit in text.encode_utf16() {
        let skip = unit == 0x20 || unit == 0x09 || (after_return && unit == 0x0a);
        after_return = unit == 0x0d;
        if !skip {
            rolling.take(if unit == 0x0d { 0x0a } else { unit });
        }
    }
    rolling.take(0xffff);
    for _ in 0..WINDOW {
        rolling.emit();
        rolling.feed(0);
    }
    rolling.hashes
}

struct Rolling {
    window: [u16; WINDOW],
    /// The line that starts at a slot of the window, as the number of lines before it.
    starts: [Option<usize>; WINDOW],
    at: usize,
    hash: u64,
    out: u64,
    at_line_start: bool,
    lines: usize,
    hashes: Vec<String>,
    seen: HashMap<u64, u32>,
}

impl Rolling {
    fn new() -> Self {
        let out = (0..WINDOW).fold(1u64, |power, _| power.wrapping_mul(MULTIPLIER));
        Rolling {
            window: [0; WINDOW],
            starts: [None; WINDOW],
            at: 0,
            hash: 0,
            out,
            at_line_start: true,
            lines: 0,
            hashes: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// Adds one kept character of the file.
    fn take(&mut self, unit: u16) {
        self.emit();
        if self.at_line_start {
            self.at_line_start = false;
            self.starts[self.at] = Some(self.lines);
            self.lines += 1;
        }
        self.at_line_start = unit == 0x0a;
        self.feed(unit);
    }

    /// Gives out the hash of the line that starts at the slot about to be overwritten.
    fn emit(&mut self) {
        if self.starts[self.at].take().is_some() {
            let count = self.seen.entry(self.hash).or_insert(0);
            *count += 1;
            self.hashes.push(format!("{:x}:{count}", self.hash));
        }
    }

    fn feed(&mut self, unit: u16) {
        let old = u64::from(self.window[self.at]);
        self.hash = self
            .hash
            .wrapping_mul(MULTIPLIER)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.out.wrapping_mul(old));
        self.window[self.at] = unit;
        self.at = (self.at + 1) % WINDOW;
    }
}

#[cfg(test)]
mod tests {
    use super::line_hashes;

    #[test]
    fn agrees_with_the_published_vectors() {
        assert_eq!(line_hashes(b""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            line_hashes(b" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            line_hashes(b"x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n"),
            [
                "e54938cc54b302f1:1",
                "bb609acbe9138d60:1",
                "1131fd5871777f34:1",
                "5c482a0f8b35ea28:1",
                "54517377da7028d2:1",
                "2c644846cb18d53e:1",
                "f1b89f20de0d133:1",
                "c129715d7a2bc9a3:1",
            ]
        );
    }

    #[test]
    fn line_breaks_of_all_kinds_and_white_space_do_not_matter() {
        let plain = line_hashes(b"one\ntwo\nthree");
        assert_eq!(line_hashes(b" one\r\n\ttwo\r\nthree "), plain);
        assert_eq!(line_hashes(b"one\rtwo\rthree"), plain);
        assert_eq!(line_hashes(b"one\r \ntwo").len(), 3);
    }

    #[test]
    fn invalid_bytes_count_as_the_replacement_character() {
        assert_eq!(line_hashes(b"a\xffb"), line_hashes("a\u{fffd}b".as_bytes()));
    }
}
