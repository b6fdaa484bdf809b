//! The lines around a finding, cut to a width, with the place that is marked.

use std::ops::Range;

use crate::finding::{Finding, Region, conceals, printable};

/// What every placeholder of a masked secret starts with.
const PLACEHOLDER: &str = "WEFT_";

/// Lines that can be shown, and what to mark in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The number of the first line.
    pub(super) first: u32,
    /// The lines, cleaned and cut.
    pub(super) lines: Vec<String>,
    /// The index of the marked line and the bytes of it; nothing when the frame does not hold the region.
    pub(super) mark: Option<(usize, Range<usize>)>,
}

/// The frame of a finding with lines of at most `width` characters, cut around the region.
pub(super) fn of(finding: &Finding, width: usize) -> Frame {
    let (first, lines) = &finding.frame;
    let region = finding.location.region;
    let marked = region.start_line.checked_sub(*first).map(|index| index as usize);
    let mut mark = None;
    let mut shown = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let line = printable(line);
        if marked == Some(index) {
            let (line, range) = cut(&line, span(&line, region), width);
            mark = Some((index, range));
            shown.push(line);
        } else {
            shown.push(cut(&line, 0..0, width).0);
        }
    }
    Frame { first: *first, lines: shown, mark }
}

/// The text of the marked place; for a masked secret its placeholder.
pub(super) fn marked(finding: &Finding) -> Option<String> {
    let index = finding.location.region.start_line.checked_sub(finding.frame.0)? as usize;
    let line = printable(finding.frame.1.get(index)?);
    line.get(span(&line, finding.location.region)).map(str::to_owned)
}

/// The placeholders in a text.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(PLACEHOLDER).map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (at, &rest[..end])
    })
}

/// The bytes of a cleaned line that a region covers. Columns are the original's: escapes of hidden characters count as
/// the character they stand for, and a place inside a masked secret is the whole placeholder.
fn span(line: &str, region: Region) -> Range<usize> {
    let start = offset(line, region.start_column);
    let end = if region.end_line == region.start_line { offset(line, region.end_column) } else { line.len() };
    let end = end.max(start);
    let touched = placeholders(line).find(|(at, token)| *at <= end && start <= at + token.len());
    match touched {
        Some((at, token)) => {
            start.min(at)..if start >= at { at + token.len() } else { end.max(at + token.len()) }
        }
        None => start..end,
    }
}

/// The byte at a 1-based column of UTF-16 code units.
fn offset(line: &str, column: u32) -> usize {
    let (mut at, mut units) = (0, 1usize);
    while units < column as usize && at < line.len() {
        let rest = &line[at..];
        let (length, width) = match escape(rest) {
            Some((length, character)) => (length, character.len_utf16()),
            None => rest.chars().next().map_or((1, 1), |c| (c.len_utf8(), c.len_utf16())),
        };
        at += length;
        units += width;
    }
    at.min(line.len())
}

/// The length of a leading `\u{...}` that `printable` wrote, and its character.
fn escape(text: &str) -> Option<(usize, char)> {
    let hex = text.strip_prefix("\\u{")?;
    let end = hex.find('}').filter(|end| *end <= 6)?;
    let character = u32::from_str_radix(&hex[..end], 16).ok().and_then(char::from_u32)?;
    conceals(character).then_some((end + 4, character))
}

/// Cuts a line to `width` characters so that the start of `mark` stays in sight; what is left out becomes `…`.
fn cut(line: &str, mark: Range<usize>, width: usize) -> (String, Range<usize>) {
    let width = width.max(8);
    // A line of few bytes has few characters; this is the common case, and a line of 200 MB is not counted through.
    if line.len() <= width || line.char_indices().nth(width).is_none() {
        return (line.to_owned(), mark);
    }
    let lead = width / 3;
    let back = line[..mark.start].char_indices().rev().nth(lead).map_or(0, |(at, _)| at);
    let from = if line[..mark.start].char_indices().nth(width - lead).is_none() { 0 } else { back };
    let head = if from > 0 { "…" } else { "" };
    let room = width - 2;
    let to = line[from..].char_indices().nth(room).map_or(line.len(), |(at, _)| from + at);
    let tail = if to < line.len() { "…" } else { "" };
    let text = format!("{head}{}{tail}", &line[from..to]);
    let shift = |at: usize| at.clamp(from, to) - from + head.len();
    (text, shift(mark.start)..shift(mark.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start_column: u32, end_column: u32) -> Region {
        Region { start_line: 1, start_column, end_line: 1, end_column }
    }

    #[test]
    fn columns_count_the_original_characters() {
        assert_eq!(span("a😀b = c", region(4, 5)), 5..6);
        assert_eq!(&"a\\u{202e}b = c"[span("a\\u{202e}b = c", region(3, 4))], "b");
        assert_eq!(span("ab", region(9, 12)), 2..2);
    }

    #[test]
    fn a_masked_secret_is_marked_whole() {
        let line = "key = \"WEFT_KEY_0001\"";
        assert_eq!(&line[span(line, region(8, 9))], "WEFT_KEY_0001");
        assert_eq!(&line[span(line, region(8, 200))], "WEFT_KEY_0001");
        assert_eq!(&line[span(line, region(1, 200))], line);
    }

    #[test]
    fn a_long_line_is_cut_around_its_mark() {
        let line = format!("{}needle{}", "é".repeat(5000), "y".repeat(5000));
        let (text, mark) = cut(&line, 10_000..10_006, 40);
        assert_eq!(&text[mark], "needle");
        assert!(text.chars().count() <= 40 && text.starts_with('…') && text.ends_with('…'));
        assert_eq!(cut("short", 0..5, 40), ("short".to_owned(), 0..5));
    }
}
