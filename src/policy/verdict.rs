//! The last line of every report: which outcome, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Policy, Report};
use crate::finding::{Finding, NoteKind, Severity, Standing, printable};
use crate::rule::{Category, RuleSet};

/// How many kinds of finding the sentence names before it says "and N more".
const NAMED: usize = 4;

/// The sentence for `report`. Findings decide before gaps do; what did not decide is said after it.
pub(super) fn sentence(report: &Report, policy: &Policy, rules: &RuleSet) -> String {
    let gate = word(policy.gate.fail_on);
    let gaps = gaps(report);
    let outcome = match (report.blocking, &gaps) {
        (0, Some(gaps)) if !report.allow_incomplete => {
            format!("incomplete: {gaps}; nothing at or above {gate} in what was checked{}", rest(report))
        }
        (0, _) => {
            let files = plural(report.files, "file", "files");
            format!("passed: {files}, nothing at or above {gate}{}", rest(report))
        }
        (count, _) => {
            let findings = plural(count, "finding", "findings");
            let due = |finding: &Finding| {
                finding
                    .advisory
                    .as_ref()
                    .is_some_and(|advisory| advisory.due.as_ref().is_some_and(|due| due.over))
            };
            let late = report.findings.iter().any(|finding| due(finding) && Report::blocks(finding, policy));
            let late = if late { " or past their deadline" } else { "" };
            format!("blocked: {findings} at or above {gate}{late} ({})", kinds(report, policy, rules))
        }
    };
    let besides = match gaps {
        Some(gaps) if report.blocking > 0 => format!("; besides, {gaps}, but findings decide first"),
        Some(gaps) if report.allow_incomplete => format!("; {gaps}, let pass by --allow-incomplete"),
        _ => String::new(),
    };
    let overridden =
        report.exit_zero && (report.blocking > 0 || (report.incomplete && !report.allow_incomplete));
    let zero = if overridden { "; exit code 0 because of --exit-zero" } else { "" };
    let old = report.not_current().map_or(String::new(), |old| format!("; {old}"));
    format!("{outcome}{besides}{old}{zero}")
}

/// `1 file`, `2 files`.
pub fn plural(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The severity as settings write it.
pub(crate) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// "2 secrets, 1 command-injection", most first.
fn kinds(report: &Report, policy: &Policy, rules: &RuleSet) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| Report::blocks(finding, policy)) {
        *counts.entry(kind(finding, rules)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let more: usize = counts.iter().skip(NAMED).map(|(_, count)| count).sum();
    let mut named: Vec<String> = counts
        .iter()
        .take(NAMED)
        .map(|(kind, count)| match kind.as_str() {
            "secrets" => plural(*count, "secret", "secrets"),
            "advisories" => plural(*count, "advisory", "advisories"),
            "personal data" => plural(*count, "piece of personal data", "pieces of personal data"),
            rule => format!("{count} {rule}"),
        })
        .collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

fn kind(finding: &Finding, rules: &RuleSet) -> String {
    match rules.get(&finding.rule).map(|rule| rule.category) {
        _ if finding.advisory.is_some() => "advisories".into(),
        Some(Category::Secrets) => "secrets".into(),
        Some(Category::Pii) => "personal data".into(),
        _ => short(&finding.rule),
    }
}

/// "2 files could not be checked (src/a.py: not UTF-8, and 1 more)".
fn gaps(report: &Report) -> Option<String> {
    let gap = |kind: &NoteKind| matches!(kind, NoteKind::NotChecked | NoteKind::Partial);
    let gaps: Vec<_> = report.notes.iter().filter(|note| gap(&note.kind)).collect();
    let first = gaps.iter().min_by_key(|note| note.kind)?;
    let paths: BTreeSet<&str> =
        gaps.iter().map(|note| note.path.as_str()).filter(|path| !path.is_empty()).collect();
    let whole = gaps.iter().any(|note| note.kind == NoteKind::NotChecked);
    let how = if whole { "could not be checked" } else { "could be checked only in part" };
    let what = match paths.len() {
        0 => "something".to_owned(),
        count => plural(count, "file", "files"),
    };
    let why = if first.path.is_empty() {
        short(&first.message)
    } else {
        format!("{}: {}", short(&first.path), short(&first.message))
    };
    let more = if gaps.len() > 1 { format!("; and {} more", gaps.len() - 1) } else { String::new() };
    Some(format!("{what} {how} ({why}{more})"))
}

/// Text of hostile length as one line can carry it.
fn short(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", printable(&text[..end])),
        None => printable(text),
    }
}

/// What else a passing report holds: "; 3 findings below it, 1 allowed, 2 existing; 2 notes".
fn rest(report: &Report) -> String {
    let count = |wanted: fn(&Standing) -> bool| {
        report.findings.iter().filter(|finding| wanted(&finding.standing)).count()
    };
    let below = count(|standing| *standing == Standing::New);
    let mut said: Vec<String> = Vec::new();
    said.extend(
        (below > 0).then(|| plural(below, "finding that does not block", "findings that do not block")),
    );
    let allowed = count(|standing| matches!(standing, Standing::Allowed { .. }));
    let existing = count(|standing| *standing == Standing::Existing);
    said.extend((allowed > 0).then(|| format!("{allowed} allowed")));
    said.extend((existing > 0).then(|| format!("{existing} existing")));
    said.extend((!report.notes.is_empty()).then(|| plural(report.notes.len(), "note", "notes")));
    said.iter().map(|part| format!("; {part}")).collect()
}
