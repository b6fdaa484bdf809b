//! Other readings of a text: what it says once an encoding, an escape or a disguise is taken off. Each has a map back,
//! so that what is found in it has a place in the text itself.
//!
//! A reading holds only the parts that read differently, a line or a run each, so that ordinary text costs a look.
//! Readings of readings are made up to a depth, and all together up to a size: what is left out is said.

mod encoded;
mod escape;
mod joined;
mod layout;
mod normal;
mod unpack;

use std::ops::Range;

pub(super) use layout::{WRAPPED, Wrapped, gains};

/// How many readings may lie inside each other: base64 of compressed JSON in a JSON string is four.
pub(super) const DEPTH: usize = 4;
/// How far from the place that reads differently its line still counts as context.
const CONTEXT: usize = 512;

/// How much may still be decoded for one text.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    /// Why something was not decoded, one clause.
    pub(super) refused: Option<&'static str>,
}

impl Budget {
    /// For a text of `length` bytes.
    pub(super) fn new(length: usize) -> Self {
        Budget { left: length.saturating_mul(2).saturating_add(4 << 20), refused: None }
    }

    /// Takes `bytes` out; false when they are not there.
    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.refused.get_or_insert("what it holds in encoded form is too much to decode");
                false
            }
        }
    }
}

/// A part of a reading and the bytes of the text that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    /// Where it begins in the reading.
    at: usize,
    source: Range<usize>,
    /// Whether byte for byte the same; else any part stands for the whole.
    same: bool,
}

/// A text that another one stands for, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The parts, with line breaks between them.
    pub(super) text: String,
    runs: Vec<Run>,
    /// How the text writes it: "in base64".
    pub(super) written: &'static str,
    /// Whether the last part has ended.
    ended: bool,
}

impl Reading {
    fn new(written: &'static str) -> Self {
        Reading { text: String::new(), runs: Vec::new(), written, ended: false }
    }

    /// Adds bytes of the text that read as they are.
    fn same(&mut self, text: &str, source: Range<usize>) {
        let Some(part) = text.get(source.clone()).filter(|part| !part.is_empty()) else { return };
        self.begin();
        let at = self.text.len();
        self.text.push_str(part);
        match self.runs.last_mut() {
            Some(run) if run.same && run.source.end == source.start && run.at + run.source.len() == at => {
                run.source.end = source.end;
            }
            _ => self.runs.push(Run { at, source, same: true }),
        }
    }

    /// Adds what the bytes `source` of the text stand for.
    fn other(&mut self, meaning: &str, source: Range<usize>) {
        if !meaning.is_empty() {
            self.begin();
            self.runs.push(Run { at: self.text.len(), source, same: false });
            self.text.push_str(meaning);
        }
    }

    /// Ends a part.
    fn end(&mut self, source: usize) {
        self.runs.push(Run { at: self.text.len(), source: source..source, same: false });
        self.text.push('\n');
        self.ended = true;
    }

    /// Begins a part, if the one before has ended: it stands elsewhere, and nothing reaches over a line of a byte that no
    /// text has.
    fn begin(&mut self) {
        if std::mem::take(&mut self.ended) {
            self.text.push_str("\0\n");
        }
    }

    /// The bytes of the text that a range of the reading stands for.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.runs.partition_point(|run| run.at <= range.start).saturating_sub(1);
        let mut whole: Option<Range<usize>> = None;
        for run in self.runs[first.min(self.runs.len())..].iter().take_while(|run| run.at < range.end) {
            let here = if run.same {
                let start = run.source.start + range.start.saturating_sub(run.at);
                start.min(run.source.end)..run.source.end.min(run.source.start + (range.end - run.at))
            } else {
                run.source.clone()
            };
            if here.is_empty() {
                continue;
            }
            whole = Some(match whole {
                Some(so_far) => so_far.start.min(here.start)..so_far.end.max(here.end),
                None => here,
            });
        }
        whole.unwrap_or(0..0)
    }
}

/// Every other reading of `text`; `wrapped` and `backwards` are where its anchors say that one is worth a look.
pub(super) fn readings(
    text: &str,
    wrapped: &[Wrapped],
    backwards: &[Range<usize>],
    budget: &mut Budget,
) -> Vec<Reading> {
    let mut all = Vec::new();
    all.extend(normal::normal(text));
    all.extend(escape::unescaped(text));
    all.extend(encoded::decoded(text, budget));
    all.extend(joined::joined(text));
    all.extend(layout::unwrapped(text, wrapped));
    all.extend(layout::closed_up(text));
    all.extend(layout::turned(text, backwards));
    all.retain(|reading| !reading.text.is_empty() && budget.take(reading.text.len()));
    all
}

/// Has the budget say when `text` encodes another text still: that one is not looked at.
pub(super) fn refuse_deeper(text: &str, budget: &mut Budget) {
    if encoded::decoded(text, budget).iter().any(|reading| !reading.text.is_empty()) {
        budget
            .refused
            .get_or_insert("what it holds is encoded too many times: the innermost was not looked at");
    }
}

/// The line around `at`, cut [`CONTEXT`] bytes before and behind, at characters.
fn line_around(text: &str, at: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let from = text.floor_char_boundary(at.start.saturating_sub(CONTEXT));
    let to = text.ceil_char_boundary((at.end + CONTEXT).min(bytes.len()));
    let start = memchr::memrchr(b'\n', &bytes[from..at.start]).map_or(from, |found| from + found + 1);
    let end = memchr::memchr(b'\n', &bytes[at.end..to]).map_or(to, |found| at.end + found);
    start..end
}

/// Lines around the places, in order, those that touch as one.
fn lines_around(text: &str, places: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    for place in places {
        if let Some(last) = lines.last_mut().filter(|last| place.end <= last.end) {
            last.end = last.end.max(line_around(text, place).end);
            continue;
        }
        let line = line_around(text, place);
        match lines.last_mut() {
            Some(last) if line.start <= last.end + 1 => last.end = last.end.max(line.end),
            _ => lines.push(line),
        }
    }
    lines
}

/// What may stand inside a token, as a table: this is asked of most bytes.
const IN_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"_-./+=~:";
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

/// Whether a byte may stand inside a token.
fn in_token(byte: u8) -> bool {
    IN_TOKEN[byte as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_leads_back_through_every_kind_of_run() {
        let mut reading = Reading::new("");
        reading.same("abcdef", 1..3);
        reading.other("XY", 3..5);
        reading.same("abcdef", 5..6);
        reading.end(6);
        assert_eq!(reading.text, "bcXYf\n");
        assert_eq!(reading.original(&(0..1)), 1..2);
        assert_eq!(reading.original(&(1..2)), 2..3);
        assert_eq!(reading.original(&(1..3)), 2..5);
        assert_eq!(reading.original(&(3..4)), 3..5);
        assert_eq!(reading.original(&(3..5)), 3..6);
        assert_eq!(reading.original(&(4..6)), 5..6);
        assert_eq!(reading.original(&(9..9)), 0..0);
    }

    #[test]
    fn lines_that_touch_are_one() {
        let text = "a1\nb2\n\nc3\nd4";
        assert_eq!(lines_around(text, [0..1, 4..5, 10..11]), [0..5, 10..12]);
        assert_eq!(lines_around(text, [0..1, 1..2]), [0..2]);
    }
}
