//! Found secrets -> what to mask: every copy of each, plain and encoded, cut at line breaks so that no line moves.

mod forms;
mod placeholder;

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::detect::{Detector, Found};
use super::random;
use crate::finding::Confidence;

pub(crate) use placeholder::{Issuer, already_masked, placeholders};
pub(super) use placeholder::{is_numbered, keyed, kind, numbered, placeholders_anywhere};

/// Copies of shorter values are not looked for: they would mask ordinary words.
const SHORTEST: usize = 8;

/// A place to mask, which may span lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) range: Range<usize>,
    /// The index of the rule that found the secret.
    pub(super) rule: usize,
    /// The secret as it was found; another form of it may stand in `range`.
    pub(super) secret: String,
    pub(super) confidence: Confidence,
    /// How it is written there, when not as it is: "in base64".
    pub(super) written: Option<&'static str>,
}

/// What was found and every other copy of it, sorted, without overlap.
pub(super) fn copies(text: &str, found: &[Found], detector: &Detector) -> Vec<Copy> {
    if found.is_empty() {
        return Vec::new();
    }
    let own = own(text, found);
    let others = Seeker::new(own.clone(), detector).find(text);
    merge(text, own, others)
}

/// What was found, as places to mask.
pub(super) fn own(text: &str, found: &[Found]) -> Vec<Copy> {
    let own = found.iter().map(|one| Copy {
        range: one.range.clone(),
        rule: one.rule,
        secret: one.secret.clone().unwrap_or_else(|| text[one.range.clone()].to_owned()),
        confidence: one.confidence,
        written: one.written,
    });
    own.collect()
}

/// What was found and other copies, sorted. Of two that overlap the one found by its rule keeps its place whole; of
/// another copy the rest remains.
pub(super) fn merge(text: &str, own: Vec<Copy>, others: Vec<Copy>) -> Vec<Copy> {
    let taken = union(own.iter().map(|one| one.range.clone()).chain(placeholders(text)));
    let mut copies = own;
    for other in others {
        for range in outside(other.range.clone(), &taken) {
            copies.push(Copy { range, ..other.clone() });
        }
    }
    copies.sort_by_key(|copy| (copy.range.start, copy.range.end));
    copies
}

/// What some ranges cover, from start to end; a placeholder may stand inside a secret.
fn union(ranges: impl Iterator<Item = Range<usize>>) -> BTreeMap<usize, usize> {
    let mut sorted: Vec<Range<usize>> = ranges.collect();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged.into_iter().map(|range| (range.start, range.end)).collect()
}

/// The parts of `range` that none of `taken` covers.
fn outside(range: Range<usize>, taken: &BTreeMap<usize, usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = range.start;
    let before = taken.range(..=range.start).next_back();
    for (start, end) in before.into_iter().chain(taken.range(range.start + 1..range.end.max(range.start + 1)))
    {
        if *start > at {
            parts.push(at..(*start).min(range.end));
        }
        at = at.max(*end);
    }
    if at < range.end {
        parts.push(at..range.end);
    }
    parts
}

/// Of a pattern: the secret it is a form of, whether a match is part of a longer encoded run, and how it is written.
type Owner = (usize, bool, Option<&'static str>);

/// Looks for copies of secrets, plain and encoded, in any number of texts.
pub(super) struct Seeker {
    automaton: Option<AhoCorasick>,
    owners: Vec<Owner>,
    secrets: Vec<Copy>,
}

impl Seeker {
    /// For copies of `secrets`, wherever those were found.
    pub(super) fn new(secrets: Vec<Copy>, detector: &Detector) -> Self {
        let mut patterns: BTreeMap<String, Owner> = BTreeMap::new();
        for (index, copy) in secrets.iter().enumerate() {
            for (form, grows, written) in worth_seeking(copy, detector) {
                patterns.entry(form).or_insert((index, grows, written));
            }
        }
        let owners: Vec<Owner> = patterns.values().copied().collect();
        // Used for few texts, so it has to be cheap to build rather than fast to run.
        let automaton = (!patterns.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .build(patterns.keys())
        });
        Seeker { automaton: automaton.and_then(Result::ok), owners, secrets }
    }

    /// Whether there are secrets to look for, but too many to be looked for.
    pub(super) fn blind(&self) -> bool {
        self.automaton.is_none() && !self.owners.is_empty()
    }

    /// The copies in `text`, in order, without overlap among themselves.
    pub(super) fn find(&self, text: &str) -> Vec<Copy> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut copies: Vec<Copy> = Vec::new();
        let mut done = 0;
        for hit in automaton.find_iter(text) {
            if hit.end() <= done {
                continue;
            }
            let (owner, grows, written) = self.owners[hit.pattern().as_usize()];
            let range = if grows { encoded_run(text, hit.range()) } else { hit.range() };
            let range = range.start.max(done)..range.end.max(done);
            if !range.is_empty() {
                done = range.end;
                copies.push(Copy { range, written, ..self.secrets[owner].clone() });
            }
        }
        copies
    }

    /// Whether a copy, plain or encoded, is still in `text`.
    pub(super) fn residue(&self, text: &str) -> bool {
        let taken = union(placeholders(text).into_iter());
        self.find(text).into_iter().any(|copy| !outside(copy.range, &taken).is_empty())
    }
}

/// The forms of a secret to look for, with whether a match is part of a longer encoded run, and how it is written there.
fn worth_seeking(copy: &Copy, detector: &Detector) -> Vec<(String, bool, Option<&'static str>)> {
    let secret = &copy.secret;
    let words =
        detector.personal(copy.rule) || random::wordy(secret) && !secret.bytes().any(|b| b.is_ascii_digit());
    if secret.len() < SHORTEST || already_masked(secret) {
        return Vec::new();
    }
    let mut forms = vec![(secret.clone(), false, None)];
    if !words {
        forms.extend(
            forms::encoded(secret).into_iter().map(|form| (form.text, form.grows, Some("in encoded form"))),
        );
    }
    forms
}

/// The whole run of base64 around a match: its ends hold the secret's first and last bits.
fn encoded_run(text: &str, hit: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let before = bytes[..hit.start].iter().rev().take_while(|byte| inside(byte)).count();
    let behind = bytes[hit.end..].iter().take_while(|byte| inside(byte)).count();
    let padding = bytes[hit.end + behind..].iter().take(2).take_while(|byte| **byte == b'=').count();
    hit.start - before..hit.end + behind + padding
}

/// The pieces of `range` on each line, without the white space around them. Of a secret of several lines, comment
/// markers and quotes stay too, so that the text around it is still read as code.
pub(super) fn by_line(text: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let whole = &text[range.clone()];
    let several = whole.contains('\n');
    let mut pieces = Vec::new();
    let mut start = range.start;
    for line in whole.split('\n') {
        let kept = if several { without_syntax(line) } else { line.trim() };
        if !kept.is_empty() {
            let first = start + (kept.as_ptr() as usize - line.as_ptr() as usize);
            pieces.push(first..first + kept.len());
        }
        start += line.len() + 1;
    }
    pieces
}

/// One line of a longer secret without the comment marker in front of it and the quotes around it.
pub(super) fn without_syntax(line: &str) -> &str {
    let line = line.trim();
    let marker = ["//!", "///", "//", "#", "*", "--", ";"].iter().find_map(|marker| {
        line.strip_prefix(marker).filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim_start)
    });
    let line = marker.unwrap_or(line);
    let quotes = ['"', '\''];
    let line = line.strip_prefix(quotes).unwrap_or(line);
    let line = line.rfind(quotes).map_or(line, |end| &line[..end]);
    line.trim_end_matches("\\n").trim_end_matches("\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_several_lines_is_cut_at_its_lines() {
        let text = "x: |\n  one\r\n\n  two\nend";
        let pieces: Vec<&str> =
            by_line(text, &(5..text.len() - 4)).into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(pieces, ["one", "two"]);
    }

    #[test]
    fn comment_markers_and_quotes_around_its_lines_stay() {
        let text = "one\\n\" +\n    \"two\\n\"\n// three\n# four";
        let pieces: Vec<&str> =
            by_line(text, &(0..text.len())).into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(pieces, ["one", "two", "three", "four"]);
    }

    #[test]
    fn a_placeholder_inside_a_secret_does_not_end_it() {
        assert_eq!(
            union([0..10, 2..4, 12..14, 14..15].into_iter()),
            BTreeMap::from([(0, 10), (12, 14), (14, 15)])
        );
    }

    #[test]
    fn what_is_taken_is_cut_out() {
        let taken = BTreeMap::from([(2, 4), (6, 8)]);
        assert_eq!(outside(0..10, &taken), [0..2, 4..6, 8..10]);
        assert_eq!(outside(3..7, &taken), [4..6]);
        assert!(outside(2..4, &taken).is_empty());
    }
}
