//! Findings -> [`Report`]: what counts, what a person allowed, and the verdict.

mod comment;
mod config;
mod current;
mod practice;
mod suppress;
mod verdict;
pub mod vex;

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Entry, Lines};
use crate::error::Exit;
use crate::finding::{Confidence, Finding, Note, NoteKind, Severity, Standing};
use crate::rule::{RuleSet, nearest};

pub use comment::{Allowance, allowances};
pub use config::{
    AllowEntry, Coverage, Deadlines, DepsPolicy, Gate, HistoryPolicy, Hooks, LevelOf, Limits, OldData,
    Policy, ReviewPolicy, Reviewer, Run, SecretsPolicy, Stages, Trust, Who,
};
pub use current::DataOf;
pub use practice::practice;

pub use verdict::plural;
pub(crate) use verdict::word;

/// The outcome of a scan: everything a report is written from. It holds redacted text only.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
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
    /// The advisory data that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataOf>,
    /// `--exit-zero`: findings and gaps are told, but do not fail the run.
    #[serde(default)]
    pub exit_zero: bool,
    /// `--allow-incomplete`: gaps are told, but do not fail the run.
    #[serde(default)]
    pub allow_incomplete: bool,
    /// Whether a person has to decide first: a commit of the change has no approval.
    #[serde(default)]
    pub held: bool,
}

impl Report {
    /// Which findings act on the gate under `policy`. A severity nobody knows weighs as medium, as it is reported.
    pub fn blocks(finding: &Finding, policy: &Policy) -> bool {
        let severity = match finding.severity {
            Severity::Unknown => Severity::Medium,
            known => known,
        };
        let due = finding.advisory.as_ref().and_then(|advisory| advisory.due.as_ref());
        finding.standing == Standing::New
            && finding.confidence != Confidence::Low
            && due.map_or(severity >= policy.gate.fail_on, |due| due.over)
    }

    /// The exit code of this outcome.
    pub fn exit(&self) -> Exit {
        let held = if self.held && !self.exit_zero { Exit::Held } else { Exit::Passed };
        let found = match (self.blocking > 0, self.incomplete && !self.allow_incomplete) {
            _ if self.exit_zero => Exit::Passed,
            (true, _) => Exit::Findings,
            (false, true) => Exit::Incomplete,
            (false, false) => Exit::Passed,
        };
        found.worse(held)
    }

    /// Adds what was found beside the scan, judged already, and weighs anew.
    pub fn add(&mut self, findings: Vec<Finding>, notes: Vec<Note>, policy: &Policy, rules: &RuleSet) {
        self.findings.extend(findings);
        self.findings.sort_by(|one, other| one.order().cmp(&other.order()));
        self.notes.extend(notes);
        self.notes.sort();
        self.notes.dedup();
        self.weigh(policy, rules);
    }

    /// Marks the change as waiting for a person: `why` becomes the verdict when nothing else decides.
    pub fn hold(&mut self, why: &str) {
        self.held = true;
        if self.exit() == Exit::Held {
            self.verdict = format!("held: {why}");
        }
    }

    /// Judges anew against what `baseline` already had: only what is new acts on the gate.
    pub fn since(&mut self, baseline: &[Finding], policy: &Policy, rules: &RuleSet) {
        against(&mut self.findings, baseline);
        self.weigh(policy, rules);
    }

    /// Allows findings whose rule and target path a reviewer accepted; `by` says where.
    pub fn accept(&mut self, accepted: &[(String, String)], by: &str, policy: &Policy, rules: &RuleSet) {
        // Each waiver answers one finding: another of the same rule in the same file was not the reviewer's.
        let mut accepted = accepted.to_vec();
        for finding in self.findings.iter_mut().filter(|finding| finding.standing == Standing::New) {
            let path = finding.location.target.as_ref().unwrap_or(&finding.location.path);
            let waiver = accepted.iter().position(|(rule, target)| *rule == finding.rule && target == path);
            if let Some(waiver) = waiver {
                accepted.swap_remove(waiver);
                finding.standing =
                    Standing::Allowed { reason: "waived by the reviewer".into(), by: by.into() };
            }
        }
        self.weigh(policy, rules);
    }

    fn weigh(&mut self, policy: &Policy, rules: &RuleSet) {
        self.exit_zero = policy.run.exit_zero;
        self.allow_incomplete = policy.run.allow_incomplete;
        self.blocking = self.findings.iter().filter(|finding| Report::blocks(finding, policy)).count();
        self.incomplete =
            self.notes.iter().any(|note| matches!(note.kind, NoteKind::NotChecked | NoteKind::Partial));
        self.verdict = verdict::sentence(self, policy, rules);
    }
}

/// Sorts, merges and weighs what the stages found: levels of the settings first, then allowances, then the gate.
pub fn judge(
    mut findings: Vec<Finding>,
    mut notes: Vec<Note>,
    allowances: &[Allowance],
    files: usize,
    policy: &Policy,
    rules: &RuleSet,
) -> Report {
    relevel(&mut findings, &mut notes, policy, rules);
    current::deadlines(&mut findings, policy);
    let mut findings = merge(findings);
    suppress::apply(&mut findings, &mut notes, allowances, policy, rules);
    vex::apply(&mut findings, &policy.vex);
    notes.sort();
    notes.dedup();
    let mut report = Report { findings, notes, files, ..Report::default() };
    report.weigh(policy, rules);
    report
}

/// Judges the findings of one piece as [`judge`] does, each kept apart from the others of its line; what allowances do
/// not count is not told.
pub fn judge_apart(
    mut findings: Vec<Finding>,
    allowances: &[Allowance],
    policy: &Policy,
    rules: &RuleSet,
) -> Vec<Finding> {
    let mut untold = Vec::new();
    relevel(&mut findings, &mut untold, policy, rules);
    suppress::apply(&mut findings, &mut untold, allowances, policy, rules);
    findings
}

/// The rule about a change of weft's own settings.
const SETTINGS_CHANGED: &str = "settings-changed";

/// Marks as existing what lies outside the lines that a change adds. A finding whose data path runs through an added
/// line is new wherever it ends: the change is what connected it.
pub fn standing<'e>(entries: impl IntoIterator<Item = &'e Entry>, findings: &mut [Finding]) {
    let mut added: BTreeMap<&str, Vec<Option<&Lines>>> = BTreeMap::new();
    for entry in entries {
        added.entry(&entry.path).or_default().push(entry.added.as_ref());
    }
    let touched = |location: &crate::finding::Location| {
        added.get(location.path.as_str()).is_none_or(|lines| {
            let (first, last) = (location.region.start_line, location.region.end_line);
            lines.iter().any(|lines| lines.is_none_or(|lines| lines.touches(first, last.max(first))))
        })
    };
    // A package comes into a lockfile by its name, by its version, or by where it is from.
    let versioned = |finding: &Finding| {
        let lines = finding.advisory.as_ref().and_then(|advisory| advisory.lines);
        lines.is_some_and(|(start_line, end_line)| {
            let region = crate::finding::Region { start_line, end_line, ..finding.location.region };
            touched(&crate::finding::Location { region, ..finding.location.clone() })
        })
    };
    // A finding about the whole of a file stands on a line of it, but it is the change that brought it.
    let whole_file = |finding: &Finding| finding.rule == SETTINGS_CHANGED;
    let new = |finding: &&mut Finding| finding.standing == Standing::New && !whole_file(finding);
    for finding in findings.iter_mut().filter(new) {
        let connected = finding.trace.iter().any(|step| touched(&step.location));
        if !touched(&finding.location) && !connected && !versioned(finding) {
            finding.standing = Standing::Existing;
        }
    }
}

/// Marks as existing what a baseline has too: the same rule on a line of the same content in the same path.
pub fn against(findings: &mut [Finding], baseline: &[Finding]) {
    let key = |finding: &Finding| {
        (finding.rule.clone(), finding.location.path.clone(), finding.fingerprint.clone())
    };
    let known: BTreeSet<_> =
        baseline.iter().filter(|finding| !finding.fingerprint.is_empty()).map(key).collect();
    for finding in findings.iter_mut().filter(|finding| finding.standing == Standing::New) {
        if known.contains(&key(finding)) {
            finding.standing = Standing::Existing;
        }
    }
}

/// Applies `[levels]`: another severity, or off, which is an allowance that the report lists.
fn relevel(findings: &mut [Finding], notes: &mut Vec<Note>, policy: &Policy, rules: &RuleSet) {
    for finding in findings {
        // Findings on packages carry the advisory's id; their page's name stands for all of them.
        let page = finding.advisory.as_ref().map(|advisory| match advisory.informational {
            Some(_) => "informational-advisory",
            None => "vulnerable-dependency",
        });
        let by_page = || page.and_then(|page| policy.levels.get(page));
        match policy.levels.get(&finding.rule).or_else(by_page) {
            None => {}
            Some(LevelOf::Severity(severity)) => finding.severity = *severity,
            Some(LevelOf::Off) => {
                finding.standing = Standing::Allowed {
                    reason: "the rule is switched off".into(),
                    by: "weft.toml [levels]".into(),
                };
            }
        }
    }
    for rule in policy.levels.keys().filter(|rule| !suppress::known(rule, rules)) {
        let hint = nearest(rule, rules.rules.iter().map(|rule| rule.id.as_str()));
        notes.push(Note::new(
            NoteKind::Info,
            "",
            format!("weft.toml [levels]: there is no rule \"{rule}\"{hint}"),
        ));
    }
}

/// One result a rule and line: a new one before an existing one, then the gravest and surest stays, and says how many it stands for.
fn merge(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|one, other| {
        let line = |finding: &Finding| finding.location.region.start_line;
        let grave = |finding: &Finding| {
            std::cmp::Reverse((finding.standing == Standing::New, finding.severity, finding.confidence))
        };
        (one.location.path.cmp(&other.location.path))
            .then_with(|| line(one).cmp(&line(other)))
            .then_with(|| (&one.rule, package(one)).cmp(&(&other.rule, package(other))))
            .then_with(|| grave(one).cmp(&grave(other)))
            .then_with(|| one.order().cmp(&other.order()))
    });
    findings.dedup();
    let mut merged: Vec<(Finding, usize)> = Vec::with_capacity(findings.len());
    for finding in findings {
        match merged.last_mut() {
            Some((first, count)) if same_line(first, &finding) => *count += 1,
            _ => merged.push((finding, 1)),
        }
    }
    let mut merged: Vec<Finding> = merged
        .into_iter()
        .map(|(mut finding, count)| {
            if count > 1 {
                finding.message = format!("{} ({count} on this line)", finding.message);
            }
            finding
        })
        .collect();
    merged.sort_by(|one, other| one.order().cmp(&other.order()));
    merged
}

fn package(finding: &Finding) -> Option<(&str, &str)> {
    finding.advisory.as_ref().map(|advisory| (advisory.package.as_str(), advisory.version.as_str()))
}

fn same_line(one: &Finding, other: &Finding) -> bool {
    one.rule == other.rule
        && one.location.path == other.location.path
        && one.location.region.start_line == other.location.region.start_line
        && package(one) == package(other)
        && past(one) == past(other)
}

/// Where a secret stands in a history: two that came and went at different times are two, on whatever line.
fn past(finding: &Finding) -> Option<&crate::finding::Past> {
    finding.secret.as_ref().and_then(|secret| secret.past.as_ref())
}

#[cfg(test)]
mod tests;
