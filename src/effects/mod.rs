//! Redacted -> Findings: where an output would write, and what it would make run.

mod agents;
mod execute;
mod git;
mod json;
mod path;
mod reading;
mod registry;
mod target;
#[cfg(test)]
mod tests;

use crate::artifact::Role;
use crate::finding::Finding;
use crate::redact::Redacted;
use crate::rule::RuleSet;

use target::{Log, Target};

/// Inspects one document: its own path, mode and action, and those of its fences. `symlinks` are the paths of the
/// target repository that are symbolic links (see `Submission::symlinks`).
pub fn inspect(document: &Redacted, symlinks: &[String], rules: &RuleSet) -> Vec<Finding> {
    let mut log = Log::new(document, rules);
    for target in Target::all(document) {
        if target.changes() {
            path::inspect(&target, symlinks, &mut log);
            agents::inspect(&target, &mut log);
        }
        git::inspect(&target, &mut log);
        execute::inspect(&target, &mut log);
        registry::inspect(&target, &mut log);
    }
    if document.role() == Role::Reply {
        reading::fences(document, &mut log);
    }
    reading::front_matter(document, &mut log);
    log.findings
}
