//! Known columns within long lines, so that a place in one is found without walking the line from its start.

use super::redacted::{Mask, units};

/// The distance of two marks in bytes; shorter lines have none.
const STEP: usize = 4096;

/// A place of the redacted text, never inside a mask, whose column in the original is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: usize,
    /// 1-based, in UTF-16 code units of the original.
    pub(super) column: u32,
}

/// The marks of a text, in order.
#[derive(Debug)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// Walks each long line once. `starts` are those of the lines, `masks` the masked places, both sorted.
    pub(super) fn new(text: &str, starts: &[usize], masks: &[Mask]) -> Self {
        let mut marks = Vec::new();
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            if end - start <= STEP {
                continue;
            }
            let mut here = Mark { at: *start, column: 1 };
            let mut masks = masks[masks.partition_point(|mask| mask.text.start < *start)..].iter().peekable();
            while here.at < end {
                let next = text.floor_char_boundary((here.at + STEP).min(end));
                while let Some(mask) = masks.next_if(|mask| mask.text.start < next) {
                    here.column += text.get(here.at..mask.text.start).map_or(0, units) as u32 + mask.units;
                    here.at = mask.text.end;
                }
                if here.at < next {
                    here.column += text.get(here.at..next).map_or(0, units) as u32;
                    here.at = next;
                }
                marks.push(here);
            }
        }
        Marks(marks)
    }

    /// The last mark before `offset` in the line that begins at `start`, or that beginning.
    pub(super) fn before(&self, start: usize, offset: usize) -> Mark {
        let next = self.0.partition_point(|mark| mark.at < offset);
        let mark = next.checked_sub(1).map(|index| self.0[index]);
        mark.filter(|mark| mark.at > start).unwrap_or(Mark { at: start, column: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column of each offset as walking from the line's start gives it.
    fn walked(text: &str, start: usize, masks: &[Mask], offset: usize) -> u32 {
        let (mut at, mut column) = (start, 1);
        for mask in masks.iter().filter(|mask| mask.text.start >= start && mask.text.end <= offset) {
            column += units(&text[at..mask.text.start]) as u32 + mask.units;
            at = mask.text.end;
        }
        column + units(&text[at..offset]) as u32
    }

    #[test]
    fn every_mark_is_the_column_that_walking_gives() {
        let unit = "a\u{e9}\u{1f600}WEFT_X_0001 = b; ";
        let text = format!("short\n{}\nshort\n{}", unit.repeat(2000), unit.repeat(900));
        let masks: Vec<Mask> = text
            .match_indices("WEFT_X_0001")
            .map(|(at, it)| Mask { text: at..at + it.len(), rule: "x".into(), units: 300, bytes: 300 })
            .collect();
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let marks = Marks::new(&text, &starts, &masks);
        assert!(marks.0.len() > 10);
        for mark in &marks.0 {
            let line = starts.partition_point(|start| *start < mark.at) - 1;
            assert_eq!(mark.column, walked(&text, starts[line], &masks, mark.at), "{mark:?}");
        }
        assert_eq!(marks.before(0, 4), Mark { at: 0, column: 1 });
        let last = marks.before(starts[3], text.len());
        assert!(last.at > starts[3] && last.at < text.len());
    }
}
