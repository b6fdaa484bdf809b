//! Allowances: `weft: allow RULE reason` in a comment, `[[allow]]` in weft.toml. Each needs a reason, may have a last
//! day, is listed in the report, and counts only for who may allow (invariant 6 of src/README.md).

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use jiff::civil::Date;

use super::config::{AllowEntry, Policy, Trust, nearest};
use crate::artifact::{Action, Role};
use crate::finding::{Finding, Note, NoteKind, Standing};
use crate::redact::Redacted;
use crate::rule::RuleSet;

/// What a comment says before its rule.
const MARKER: &str = "weft: allow";
/// What opens a comment in the languages weft reads.
const OPENERS: [&str; 7] = ["#", "//", "/*", "<!--", "--", "*", ";"];

/// One allowance that a comment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule it allows.
    pub rule: String,
    /// The reason; empty when the comment gives none, and then it does not count.
    pub reason: String,
    /// The path it counts for.
    pub path: String,
    /// The line of the comment.
    pub at: u32,
    /// The line whose findings it allows, beside its own; `None`: the whole path.
    pub line: Option<u32>,
    /// The last day it counts, as written after `until`.
    pub until: Option<String>,
    /// Whether the judged change itself adds it: then it counts only once its reviewer accepted it.
    pub added: bool,
    /// Whether a prompt or a reply holds it: what an agent wrote never allows anything by itself.
    pub reply: bool,
}

/// The `weft: allow RULE reason` comments of a document, and, when the change is what is judged, a finding for each
/// that the change adds and for a change of the settings.
pub fn allowances(document: &Redacted, rules: &RuleSet, trust: Trust) -> (Vec<Allowance>, Vec<Finding>) {
    let text = document.text();
    let (mut found, mut findings) = (Vec::new(), Vec::new());
    let (mut line, mut counted) = (1u32, 0usize);
    for (at, _) in text.match_indices(MARKER) {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..at]).count() as u32;
        counted = at;
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let Some(mut allowance) = comment(document, line, &text[start..at], &text[at + MARKER.len()..end])
        else {
            continue;
        };
        allowance.added = document.added(line, line);
        if let Some(rule) = rules.get("allowance-added").filter(|_| trust == Trust::Gate && allowance.added) {
            let range = at..end - (text[at..end].len() - text[at..end].trim_end().len());
            findings.push(document.whole().finding(rule, range, &[("rule", &allowance.rule)]));
        }
        found.push(allowance);
    }
    if trust == Trust::Gate {
        findings.extend(changed_settings(document, rules));
    }
    (found, findings)
}

/// A finding for each weft.toml that a change writes, also from inside a reply.
fn changed_settings(document: &Redacted, rules: &RuleSet) -> Vec<Finding> {
    let Some(rule) = rules.get("settings-changed") else { return Vec::new() };
    let settings = |path: Option<&str>| path.is_some_and(|path| path.trim_start_matches("./") == "weft.toml");
    let applied = match document.role() {
        Role::Code => document.action() != Action::Inspect,
        Role::Reply => true,
        Role::Document | Role::Prompt => false,
    };
    let views = document.views().into_iter().filter(|view| applied && settings(view.path()));
    let first = |text: &str| text.find('\n').unwrap_or(text.len());
    views.map(|view| view.finding(rule, 0..first(view.text()), &[])).collect()
}

/// Reads one comment: `before` is its line up to the marker, `after` the rest of the line.
fn comment(document: &Redacted, line: u32, before: &str, after: &str) -> Option<Allowance> {
    let opened = before.trim_end();
    let opener = OPENERS.iter().find(|opener| opened.ends_with(**opener))?;
    if document.role() == Role::Document && *opener != "<!--" {
        return None;
    }
    if !after.is_empty() && !after.starts_with(char::is_whitespace) {
        return None;
    }
    let code =
        opened[..opened.len() - opener.len()].trim_end_matches(['/', '#', '-', '*', '!', '{', ' ', '\t']);
    let after =
        after.trim().trim_end_matches("*/}").trim_end_matches("*/").trim_end_matches("-->").trim_end();
    let (rule, rest) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
    let (reason, until) = until(rest.trim());
    Some(Allowance {
        rule: rule.to_owned(),
        reason: crate::finding::printable(reason.trim()),
        path: document.path().to_owned(),
        at: line,
        line: Some(if code.is_empty() { next_line(document, line) } else { line }),
        until,
        added: false,
        reply: matches!(document.role(), Role::Prompt | Role::Reply),
    })
}

/// The line an allowance that stands alone is for: the next that is not another one.
fn next_line(document: &Redacted, line: u32) -> u32 {
    (line + 1..document.lines()).find(|next| !document.line(*next).contains(MARKER)).unwrap_or(line + 1)
}

/// Splits `reason until 2027-01-31` into the reason and the day; a day in brackets is as good.
fn until(text: &str) -> (String, Option<String>) {
    for (at, word) in text.match_indices("until ") {
        let (before, after) = (&text[..at], text[at + word.len()..].trim_start());
        let length = after.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(after.len());
        let starts = before.is_empty() || before.ends_with([' ', '\t', '(', ',']);
        if starts && after.starts_with(|c: char| c.is_ascii_digit()) {
            let rest = after[length..].trim_start_matches([')', '.']);
            let reason = format!("{}{rest}", before.trim_end_matches([' ', '\t', ',', '(']));
            return (reason, Some(after[..length].to_owned()));
        }
    }
    (text.to_owned(), None)
}

/// Whether weft has a rule of that name, or it names an advisory.
pub(super) fn known(rule: &str, rules: &RuleSet) -> bool {
    let advisory = ["RUSTSEC-", "GHSA-", "PYSEC-", "CVE-", "GO-", "MAL-", "OSV-"];
    rules.get(rule).is_some() || advisory.iter().any(|prefix| rule.starts_with(prefix))
}

/// Why an allowance does not count, or nothing.
fn refusal(
    rule: &str,
    reason: &str,
    until: Option<&str>,
    policy: &Policy,
    rules: &RuleSet,
) -> Option<String> {
    if rule.is_empty() {
        return Some("it names no rule: write `weft: allow RULE reason`".into());
    }
    if !known(rule, rules) {
        let ids = rules.rules.iter().map(|rule| rule.id.as_str());
        return Some(format!(
            "there is no rule \"{}\"{}",
            crate::finding::printable(rule),
            nearest(rule, ids)
        ));
    }
    if !reason.contains(char::is_alphabetic) {
        return Some(format!("it gives no reason: write `weft: allow {rule} reason`"));
    }
    let last = match until.map(str::parse::<Date>) {
        None => return None,
        Some(Ok(day)) => day,
        Some(Err(_)) => return Some("its last day is no date: write `until 2027-01-31`".into()),
    };
    match policy.run.today {
        Some(today) if today <= last => None,
        Some(_) => Some(format!("it expired on {last}")),
        None => Some("it has a last day, and today's date is not known".into()),
    }
}

/// An allowance that is being applied: where it stands, for which findings, and how often it was used.
struct Grant<'a> {
    rule: &'a str,
    reason: &'a str,
    by: String,
    used: bool,
    quiet: bool,
}

impl Grant<'_> {
    fn covers(&self, finding: &Finding) -> bool {
        let alias = |advisory: &crate::finding::Advisory| {
            advisory.id == self.rule || advisory.aliases.iter().any(|alias| alias == self.rule)
        };
        finding.rule == self.rule || finding.advisory.as_ref().is_some_and(alias)
    }

    fn allow(&mut self, finding: &mut Finding) {
        self.used = true;
        finding.standing = Standing::Allowed { reason: self.reason.to_owned(), by: self.by.clone() };
    }
}

/// Marks what comments and settings allow; an allowance that does not count, or allows nothing, becomes a note.
pub(super) fn apply(
    findings: &mut [Finding],
    notes: &mut Vec<Note>,
    allowances: &[Allowance],
    policy: &Policy,
    rules: &RuleSet,
) {
    by_comment(findings, notes, allowances, policy, rules);
    by_settings(findings, notes, policy, rules);
}

fn by_comment(
    findings: &mut [Finding],
    notes: &mut Vec<Note>,
    allowances: &[Allowance],
    policy: &Policy,
    rules: &RuleSet,
) {
    let mut grants: BTreeMap<&str, Vec<(&Allowance, Grant<'_>)>> = BTreeMap::new();
    let mut told = |allowance: &Allowance, why: String| {
        let message = format!("the allowance on line {} does not count: {why}", allowance.at);
        notes.push(Note::new(NoteKind::Info, &allowance.path, message));
    };
    for allowance in allowances {
        let waits = match policy.run.trust {
            _ if allowance.reply => Some("it stands in a prompt or a reply; a reviewer may accept it"),
            Trust::Gate if allowance.added => Some("the change itself adds it; a reviewer may accept it"),
            _ => None,
        };
        let refused = refusal(&allowance.rule, &allowance.reason, allowance.until.as_deref(), policy, rules);
        match refused.or(waits.map(str::to_owned)) {
            Some(why) => told(allowance, why),
            None => {
                let by = format!("{}:{}", allowance.path, allowance.at);
                let (rule, reason) = (allowance.rule.as_str(), allowance.reason.as_str());
                let grant = Grant { rule, reason, by, used: false, quiet: !policy.gate.only.all() };
                grants.entry(&allowance.path).or_default().push((allowance, grant));
            }
        }
    }
    for finding in findings.iter_mut() {
        let Some(here) = grants.get_mut(finding.location.path.as_str()) else { continue };
        let region = finding.location.region;
        let lines = region.start_line..=region.end_line.max(region.start_line);
        let on = |allowance: &Allowance| {
            allowance.line.is_none_or(|line| lines.contains(&line)) || lines.contains(&allowance.at)
        };
        if let Some((_, grant)) =
            here.iter_mut().find(|(allowance, grant)| on(allowance) && grant.covers(finding))
        {
            grant.allow(finding);
        }
    }
    for (allowance, _) in grants.values().flatten().filter(|(_, grant)| !grant.used && !grant.quiet) {
        let message =
            format!("the allowance of {} on line {} allows nothing: remove it", allowance.rule, allowance.at);
        notes.push(Note::new(NoteKind::Info, &allowance.path, message));
    }
}

fn by_settings(findings: &mut [Finding], notes: &mut Vec<Note>, policy: &Policy, rules: &RuleSet) {
    for entry in &policy.allow {
        let by = entry.place();
        if let Some(why) = refusal(&entry.rule, &entry.reason, entry.expires.as_deref(), policy, rules) {
            notes.push(Note::new(NoteKind::Info, "", format!("{by}: the allowance does not count: {why}")));
            continue;
        }
        let paths = match matcher(entry) {
            Ok(paths) => paths,
            Err(error) => {
                let why = format!("{by}: the allowance does not count: its path is no pattern: {error}");
                notes.push(Note::new(NoteKind::Info, "", why));
                continue;
            }
        };
        // A scan of a change or of one file leaves most entries unused; only a look at a whole tree can tell.
        let quiet = policy.run.trust == Trust::Gate || !policy.gate.only.all();
        let mut grant = Grant { rule: &entry.rule, reason: &entry.reason, by, used: false, quiet };
        for finding in
            findings.iter_mut().filter(|finding| !matches!(finding.standing, Standing::Allowed { .. }))
        {
            if grant.covers(finding) && covers(&paths, &finding.location) {
                grant.allow(finding);
            }
        }
        if !grant.used && !grant.quiet {
            let message = format!("{}: the allowance of {} allows nothing here", grant.by, entry.rule);
            notes.push(Note::new(NoteKind::Info, "", message));
        }
    }
}

/// The matcher of an entry's path; `None`: everywhere.
pub(super) fn matcher(entry: &AllowEntry) -> Result<Option<Gitignore>, ignore::Error> {
    let Some(pattern) = &entry.path else { return Ok(None) };
    let mut builder = GitignoreBuilder::new("");
    builder.add_line(None, pattern)?;
    builder.build().map(Some)
}

fn covers(paths: &Option<Gitignore>, location: &crate::finding::Location) -> bool {
    let Some(matcher) = paths else { return true };
    let path = location.target.as_deref().unwrap_or(&location.path).trim_start_matches("./");
    // The matcher refuses paths that leave its root; such a path is never allowed.
    let inside = !std::path::Path::new(path).has_root() && !path.split(['/', '\\']).any(|part| part == "..");
    inside && matcher.matched_path_or_any_parents(path, false).is_ignore()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_ends_before_its_last_day() {
        assert_eq!(until("test data until 2027-01-31"), ("test data".into(), Some("2027-01-31".into())));
        assert_eq!(until("test data (until 2027-01-31)"), ("test data".into(), Some("2027-01-31".into())));
        assert_eq!(until("kept until the release"), ("kept until the release".into(), None));
        assert_eq!(until("until "), ("until ".into(), None));
    }
}
