//! What a person reads against what the tool applies: two parsers of one reply.

use super::target::{Log, line_range};
use crate::artifact::{Fence, HashCheck};
use crate::finding::Severity;
use crate::redact::Redacted;

/// Reports each fence that would land unseen, or is seen and would not land as it looks.
pub(super) fn fences(document: &Redacted, log: &mut Log<'_>) {
    for fence in document.fences() {
        let Some(path) = fence.path.as_deref() else { continue };
        let place = line_range(document, fence.line);
        if let Some(how) = fence.hidden.filter(|_| fence.upstream) {
            log.whole("hidden-fence", place, &[("path", path), ("how", how)]);
            continue;
        }
        if let Some((how, severity)) = differs(fence, document) {
            log.whole("reading-differs", place, &[("path", path), ("how", how)]).severity(severity);
        }
    }
}

/// How the two readings of a fence differ, when they do.
fn differs(fence: &Fence, document: &Redacted) -> Option<(&'static str, Severity)> {
    match (fence.upstream, fence.commonmark) {
        (true, false) if has_twin(fence, document) => {
            Some(("is applied with other content than a reader sees", Severity::High))
        }
        (true, false) => Some(("is applied, but is no code block to a reader", Severity::High)),
        (false, true) if has_twin(fence, document) => None,
        (false, true) => Some(("reads like a change, but is silently not applied", Severity::Medium)),
        _ => None,
    }
}

/// Whether another fence opens on the same line: one reading of each parser.
fn has_twin(fence: &Fence, document: &Redacted) -> bool {
    document.fences().iter().any(|other| other.line == fence.line && other != fence)
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
