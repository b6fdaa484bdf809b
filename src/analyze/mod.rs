//! Redacted -> Facts -> Findings: weaknesses in Python, JavaScript and TypeScript, and hidden text.

mod ir;
mod lower;
mod model;
mod pattern;
mod text;

use crate::error::Result;
use crate::finding::{Finding, Note};
use crate::redact::Redacted;
use crate::rule::RuleSet;

/// What is kept of one document when its text is dropped.
#[derive(Debug, Default)]
pub struct Facts {
    /// Findings so far.
    pub findings: Vec<Finding>,
    /// What was not, or only partly, analysed.
    pub notes: Vec<Note>,
}

/// The compiled rules and models. One serves all threads of a run.
pub struct Analyzer {
    rules: RuleSet,
}

impl Analyzer {
    /// Compiles the code and text rules and the models. Errors: a query or a model expression is wrong.
    pub fn new(rules: &RuleSet) -> Result<Self> {
        Ok(Analyzer { rules: rules.clone() })
    }

    /// The first pass: analyses one document.
    pub fn facts(&self, document: &Redacted) -> Facts {
        Facts { findings: text::inspect(document, &self.rules), notes: Vec::new() }
    }

    /// The second pass: links the facts of all documents, in the order of their paths, into findings.
    pub fn link(&self, facts: Vec<Facts>) -> (Vec<Finding>, Vec<Note>) {
        facts.into_iter().fold(Default::default(), |(mut findings, mut notes), facts| {
            findings.extend(facts.findings);
            notes.extend(facts.notes);
            (findings, notes)
        })
    }
}
