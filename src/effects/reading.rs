//! What a person reads against what the tool applies: two parsers of one reply.

use std::collections::BTreeMap;

use super::target::{Log, line_range};
use crate::artifact::{Fence, HashCheck};
use crate::finding::Severity;
use crate::redact::Redacted;

/// Reports each fence that would land unseen, or is seen and would not land as it looks.
pub(super) fn fences(document: &Redacted, log: &mut Log<'_>) {
    let mut opened = BTreeMap::new();
    for fence in document.fences() {
        *opened.entry(fence.line).or_insert(0) += 1;
    }
    for fence in document.fences() {
        let Some(path) = fence.path.as_deref() else { continue };
        let place = line_range(document, fence.line);
        if let Some(how) = fence.hidden.filter(|_| fence.upstream) {
            log.whole("hidden-fence", place, &[("path", path), ("how", how)]);
            continue;
        }
        if let Some((how, severity)) = differs(fence, opened.get(&fence.line) > Some(&1)) {
            log.whole("reading-differs", place, &[("path", path), ("how", how)]).severity(severity);
        }
    }
}

/// How the two readings of a fence differ, when they do. A twin is another fence that opens on the same line: each
/// parser has its own reading.
fn differs(fence: &Fence, twin: bool) -> Option<(&'static str, Severity)> {
    match (fence.upstream, fence.commonmark) {
        (true, false) if twin => Some(("is applied with other content than a reader sees", Severity::High)),
        (true, false) => Some(("is applied, but is no code block to a reader", Severity::High)),
        (false, true) if !twin => {
            Some(("reads like a change, but is silently not applied", Severity::Medium))
        }
        _ => None,
    }
}

/// The most problems of one head that are reported: the first few say enough.
const MOST_PROBLEMS: usize = 20;

/// Reports front matter that is not as weft-cli writes it, and hashes of another text.
pub(super) fn front_matter(document: &Redacted, log: &mut Log<'_>) {
    let Some(front) = document.front() else { return };
    for (line, problem) in front.problems.iter().take(MOST_PROBLEMS) {
        log.whole("front-matter-malformed", line_range(document, *line), &[("problem", problem)]);
    }
    let hashes =
        [("prompt_hash", front.prompt, front.prompt_line), ("output_hash", front.output, front.output_line)];
    for (field, check, line) in hashes {
        if check == HashCheck::Mismatch {
            log.whole("output-hash-mismatch", line_range(document, line), &[("field", field)]);
        }
    }
}
