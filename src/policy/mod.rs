//! Findings -> [`Report`]: what counts, what a person allowed, and the verdict.

mod config;
mod suppress;

use crate::error::Exit;
use crate::finding::{Finding, Level, Note, NoteKind, Standing};

pub use config::{Coverage, Gate, HistoryPolicy, Limits, Policy, ReviewPolicy, Reviewer, Stages, Who};
pub use suppress::{Allowance, allowances};

/// The outcome of a scan: everything a report is written from. It holds redacted text only.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Sorted by [`Finding::order`]; allowed and existing ones included.
    pub findings: Vec<Finding>,
    /// Sorted.
    pub notes: Vec<Note>,
    /// How many pieces were looked at.
    pub files: usize,
    /// Of the findings, those that act on the gate.
    pub blocking: usize,
    /// Whether something supported could not be checked.
    pub incomplete: bool,
    /// The last line of every report: which outcome, and why.
    pub verdict: String,
}

impl Report {
    /// Which findings act on the gate under `policy`.
    pub fn blocks(finding: &Finding, policy: &Policy) -> bool {
        finding.standing == Standing::New
            && finding.level() != Level::Note
            && finding.severity >= policy.gate.fail_on
    }

    /// The exit code of this outcome; `--exit-zero` and `--allow-incomplete` are the policy's.
    pub fn exit(&self) -> Exit {
        match (self.blocking > 0, self.incomplete) {
            (true, _) => Exit::Findings,
            (false, true) => Exit::Incomplete,
            (false, false) => Exit::Passed,
        }
    }
}

/// Sorts, merges and weighs what the stages found.
pub fn judge(
    mut findings: Vec<Finding>,
    mut notes: Vec<Note>,
    _allowances: &[Allowance],
    files: usize,
    policy: &Policy,
) -> Report {
    findings.sort_by(|one, other| one.order().cmp(&other.order()));
    findings.dedup();
    notes.sort();
    notes.dedup();
    let blocking = findings.iter().filter(|finding| Report::blocks(finding, policy)).count();
    let incomplete = notes.iter().any(|note| matches!(note.kind, NoteKind::NotChecked | NoteKind::Partial));
    Report { findings, notes, files, blocking, incomplete, verdict: String::new() }
}
