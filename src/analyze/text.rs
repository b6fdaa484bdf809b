//! Hidden text: what a person does not see and a compiler, a terminal or a model does.

mod confusable;
mod direction;
mod instruction;
mod line;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::artifact::Role;
use crate::finding::Finding;
use crate::redact::Redacted;
use crate::rule::RuleSet;
use crate::syntax::Language;

use line::Writing;

/// Endings of files that hold prose: there, joiners and marks of other scripts are ordinary.
const PROSE: &[&str] =
    &[".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc", ".po", ".pot", ".ftl", ".tex", ".html", ".htm"];

/// Reports hidden text of one document. Text of printable ASCII costs one pass over its bytes.
pub(crate) fn inspect(document: &Redacted, rules: &RuleSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_plain(document.text()) && !is_data(document) {
        characters(document, rules, &mut findings);
        if !is_translation(document) {
            for view in document.views() {
                confusable::inspect(&view, rules, &mut findings);
            }
        }
    }
    if document.role() != Role::Code {
        instruction::inspect(document, &fences(document), rules, &mut findings);
    }
    findings
}

/// Whether there is nothing but printable ASCII and white space. Without an early exit in a chunk, so that it is
/// vectorised.
fn is_plain(text: &str) -> bool {
    text.as_bytes().chunks(4096).all(|chunk| {
        chunk
            .iter()
            .fold(true, |plain, byte| plain & (matches!(byte, 0x20..=0x7e | b'\t' | b'\n' | b'\r' | 0x0c)))
    })
}

/// Whether a file is data that happens to hold no NUL: no source file, and one in twenty of its characters stands for
/// bytes that are no UTF-8.
fn is_data(document: &Redacted) -> bool {
    let (mut all, mut broken) = (0_usize, 0_usize);
    for character in document.text().chars() {
        all += 1;
        broken += usize::from(character == char::REPLACEMENT_CHARACTER);
    }
    broken * 20 > all && document.role() == Role::Code && Language::of_path(document.path()).is_none()
}

/// Endings of files that translations are kept in, and other data.
const MESSAGES: &[&str] =
    &[".json", ".yml", ".yaml", ".properties", ".strings", ".arb", ".xlf", ".xliff", ".resx"];

/// Whether a file of data holds texts in another script than the names in it: one in ten of its letters is none of
/// ASCII. What is in such texts is prose.
fn is_translation(document: &Redacted) -> bool {
    let lower = document.path().to_lowercase();
    if !MESSAGES.iter().any(|ending| lower.ends_with(ending)) {
        return false;
    }
    let (mut letters, mut foreign) = (0_usize, 0_usize);
    for character in document.text().chars().filter(|character| character.is_alphabetic()) {
        letters += 1;
        foreign += usize::from(!character.is_ascii());
    }
    letters > 0 && foreign * 10 >= letters
}

/// A fence that a reader sees as code.
struct Fenced {
    /// Its lines.
    lines: Range<u32>,
    /// The path it is bound for.
    path: Option<String>,
    writing: Writing,
}

/// The fences that a reader sees as code: in order, without overlap.
fn fences(document: &Redacted) -> Vec<Fenced> {
    let shown = document.views().into_iter().filter_map(|view| {
        let fence = view.fence().filter(|fence| fence.commonmark && fence.hidden.is_none())?;
        let region = view.location(0..view.text().len()).region;
        let prose = fence.path.as_deref().is_some_and(is_prose);
        Some(Fenced {
            lines: region.start_line..region.end_line + 1,
            path: fence.path.clone(),
            writing: writing(prose, view.text()),
        })
    });
    shown.collect()
}

/// The fence that a line is in.
fn in_fence(fences: &[Fenced], line: u32) -> Option<&Fenced> {
    fences
        .get(fences.partition_point(|fence| fence.lines.end <= line))
        .filter(|fence| fence.lines.contains(&line))
}

/// Whether the ending of a path is one of prose.
fn is_prose(path: &str) -> bool {
    let lower = path.to_lowercase();
    PROSE.iter().any(|ending| lower.ends_with(ending))
}

fn writing(prose: bool, text: &str) -> Writing {
    match prose {
        false => Writing::Code,
        true if right_to_left(text) => Writing::RightToLeft,
        true => Writing::Prose,
    }
}

fn characters(document: &Redacted, rules: &RuleSet, findings: &mut Vec<Finding>) {
    let fences = fences(document);
    let prose = document.role() != Role::Code || is_prose(document.path()) || is_translation(document);
    let around = writing(prose, document.text());
    let mut start = 0;
    for (index, text) in document.text().split_inclusive('\n').enumerate() {
        let number = index as u32 + 1;
        if !is_plain(text) {
            let fence = in_fence(&fences, number);
            let shown = text.trim_end_matches(['\n', '\r']);
            for hidden in line::inspect(shown, fence.map_or(around, |fence| fence.writing), start == 0) {
                let range = start + hidden.range.start..start + hidden.range.end;
                let Some(rule) = rules.get(hidden.rule) else { continue };
                let (count, characters, payload) =
                    (hidden.count.to_string(), hidden.names(), hidden.payload());
                let fill = [("count", count.as_str()), ("characters", &characters), ("payload", &payload)];
                let mut finding = document.whole().finding(rule, range, &fill);
                finding.location.target = fence.and_then(|fence| fence.path.clone());
                findings.push(finding);
            }
        }
        start += text.len();
    }
}

/// Whether a document is written in a right-to-left language: at least one in ten of its letters is.
fn right_to_left(text: &str) -> bool {
    let (mut letters, mut directed) = (0_usize, 0_usize);
    for character in text.chars().filter(|character| character.is_alphabetic()) {
        letters += 1;
        directed += usize::from(direction::is_right_to_left(character));
    }
    directed > 0 && directed * 10 >= letters
}
