//! Hidden text: what a person does not see and a compiler, a terminal or a model does.

mod confusable;
mod instruction;
mod line;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::artifact::Role;
use crate::finding::Finding;
use crate::redact::Redacted;
use crate::rule::RuleSet;

/// Endings of files that hold prose: there, joiners and marks of other scripts are ordinary.
const PROSE: &[&str] =
    &[".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc", ".po", ".pot", ".ftl", ".tex", ".html", ".htm"];

/// Reports hidden text of one document. Text of printable ASCII costs one pass over its bytes.
pub(crate) fn inspect(document: &Redacted, rules: &RuleSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_plain(document.text()) {
        characters(document, rules, &mut findings);
        for view in document.views() {
            confusable::inspect(&view, rules, &mut findings);
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

/// The lines of a fence that a reader sees as code, and the path it is bound for.
type Fenced = (Range<u32>, Option<String>);

/// The fences that a reader sees as code: in order, without overlap.
fn fences(document: &Redacted) -> Vec<Fenced> {
    let shown = document.views().into_iter().filter_map(|view| {
        let fence = view.fence().filter(|fence| fence.commonmark && fence.hidden.is_none())?;
        let region = view.location(0..view.text().len()).region;
        Some((region.start_line..region.end_line + 1, fence.path.clone()))
    });
    shown.collect()
}

/// The fence that a line is in.
fn in_fence(fences: &[Fenced], line: u32) -> Option<&Fenced> {
    fences
        .get(fences.partition_point(|(lines, _)| lines.end <= line))
        .filter(|(lines, _)| lines.contains(&line))
}

fn characters(document: &Redacted, rules: &RuleSet, findings: &mut Vec<Finding>) {
    let fences = fences(document);
    let lower = document.path().to_lowercase();
    let prose = document.role() != Role::Code || PROSE.iter().any(|ending| lower.ends_with(ending));
    let mut start = 0;
    for (index, text) in document.text().split_inclusive('\n').enumerate() {
        let number = index as u32 + 1;
        if !is_plain(text) {
            let fence = in_fence(&fences, number);
            let shown = text.trim_end_matches(['\n', '\r']);
            for hidden in line::inspect(shown, prose && fence.is_none(), start == 0) {
                let range = start + hidden.range.start..start + hidden.range.end;
                let Some(rule) = rules.get(hidden.rule) else { continue };
                let (count, characters, payload) =
                    (hidden.count.to_string(), hidden.names(), hidden.payload());
                let fill = [("count", count.as_str()), ("characters", &characters), ("payload", &payload)];
                let mut finding = document.whole().finding(rule, range, &fill);
                finding.location.target = fence.and_then(|(_, path)| path.clone());
                findings.push(finding);
            }
        }
        start += text.len();
    }
}
