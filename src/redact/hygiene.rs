//! How secrets are kept: settings files that git holds or soon will, examples that show real values, keys that others
//! can read.

use std::ops::Range;

use super::context::for_readers;
use super::mask::placeholders;
use super::random;
use super::redacted::{Redacted, View};
use crate::artifact::{Action, Role};
use crate::finding::{Confidence, Finding, Severity};
use crate::ingest::Dotenv;
use crate::rule::RuleSet;

/// Looks at how one document keeps what was `found` in it. What a reply or a change writes is bound for git's index; of
/// a file that is only looked at, its [`crate::artifact::OnDisk`] says whether it is there.
pub(crate) fn hygiene(document: &Redacted, found: &[Finding], rules: &RuleSet) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        document.views().iter().flat_map(|view| settings(document, view, found, rules)).collect();
    findings.extend(key_file(document, found, rules));
    findings
}

fn settings(document: &Redacted, view: &View<'_>, found: &[Finding], rules: &RuleSet) -> Option<Finding> {
    let path = view.path()?;
    let kind = Dotenv::of(path)?;
    let here = |finding: &&Finding| {
        finding.secret.is_some()
            && finding.confidence != Confidence::Low
            && (view.fence().is_none() || finding.location.target.as_deref() == Some(path))
    };
    let secrets: Vec<&Finding> = found.iter().filter(here).collect();
    let action = view.fence().map_or(document.action(), |fence| fence.action);
    let report = |id: &str, range: Range<usize>, count: usize| {
        let values = if count == 1 { "a value".to_owned() } else { format!("{count} values") };
        Some(view.finding(rules.get(id)?, range, &[("path", &shown(path)), ("values", &values)]))
    };
    if kind == Dotenv::Example {
        let real = |range: &Range<usize>| !placeholders(&view.text()[range.clone()]).is_empty();
        let values: Vec<Range<usize>> = Dotenv::values(view.text()).filter(real).collect();
        let first = first(document, view, &values).filter(|_| !secrets.is_empty())?;
        return report("env-example-with-values", first, values.len());
    }
    let real = |range: &Range<usize>| tells_something(&view.text()[range.clone()]);
    let values: Vec<Range<usize>> = Dotenv::values(view.text()).filter(real).collect();
    let first = first(document, view, &values)?;
    let disk = document.disk();
    match (action, disk.tracked) {
        (Action::Delete, _) => None,
        (Action::Create | Action::Update, _) | (Action::Inspect, Some(true)) => {
            let mut finding = report("env-file-tracked", first, values.len())?;
            if !secrets.is_empty() {
                finding.severity = finding.severity.max(Severity::Medium);
            }
            Some(finding)
        }
        (Action::Inspect, Some(false)) if !disk.ignored => {
            report("env-file-not-ignored", first, values.len())
        }
        (Action::Inspect, _) => None,
    }
}

/// The first value on a line that the change adds, else the first: a finding elsewhere would not act on the gate.
fn first(document: &Redacted, view: &View<'_>, values: &[Range<usize>]) -> Option<Range<usize>> {
    let added = |range: &&Range<usize>| {
        let line = document.line_at(view.span().start + range.start) as u32;
        document.added(line, line)
    };
    values.iter().find(added).or(values.first()).cloned()
}

/// Whether a value is more than a stand-in or a switch.
fn tells_something(value: &str) -> bool {
    const SWITCHES: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "none",
        "null",
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "debug",
        "info",
        "warn",
        "warning",
        "error",
        "trace",
        "development",
        "dev",
        "production",
        "prod",
        "staging",
        "test",
        "testing",
        "local",
    ];
    if !placeholders(value).is_empty() {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let number = value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !number && !SWITCHES.contains(&lower.as_str()) && !value.starts_with('$') && !random::placeholder(value)
}

/// A private key on disk that the group or others can read. What git holds is readable by design, and reported as a
/// secret; nobody's mode is known there. So is a key of tests or documentation: everybody is meant to have it.
fn key_file(document: &Redacted, found: &[Finding], rules: &RuleSet) -> Option<Finding> {
    let disk = document.disk();
    let meant = disk.tracked == Some(true) || for_readers(document.path());
    if document.role() != Role::Code || !disk.readable_by_others || meant {
        return None;
    }
    let key = found.iter().find(|finding| finding.rule.contains("private-key"))?;
    let start = document.line_start(key.location.region.start_line);
    let range = start..start + document.line(key.location.region.start_line).len();
    let path = shown(document.path());
    Some(document.whole().finding(rules.get("key-file-readable")?, range, &[("path", &path)]))
}

/// A path short enough for a message.
fn shown(path: &str) -> String {
    match path.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &path[..end]),
        None => path.to_owned(),
    }
}
