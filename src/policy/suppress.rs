//! What a person allowed: comments and `[[allow]]` of weft.toml. Each needs a reason, may have a last day, is listed in
//! the report, and counts only for who may allow (invariant 6 of src/README.md).

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use jiff::civil::Date;

use super::comment::Allowance;
use super::config::{AllowEntry, Policy, Trust};
use crate::finding::{Finding, Note, NoteKind, Standing};
use crate::rule::{RuleSet, nearest};

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
    let mut grants: Vec<(&Allowance, Grant<'_>)> = Vec::new();
    let mut told = |allowance: &Allowance, why: String| {
        let message = format!("the allowance on line {} does not count: {why}", allowance.at);
        notes.push(Note::new(NoteKind::Info, &allowance.path, message));
    };
    for allowance in allowances {
        let waits = match policy.run.trust {
            _ if allowance.reply => Some("it stands in a prompt or a reply; a reviewer may accept it"),
            Trust::Gate if allowance.added => {
                Some("the change itself adds it, or what it is for; a reviewer may accept it")
            }
            _ => None,
        };
        let refused = refusal(&allowance.rule, &allowance.reason, allowance.until.as_deref(), policy, rules);
        match refused.or(waits.map(str::to_owned)) {
            Some(why) => told(allowance, why),
            None => {
                let by = format!("{}:{}", allowance.path, allowance.at);
                let (rule, reason) = (allowance.rule.as_str(), allowance.reason.as_str());
                let grant = Grant { rule, reason, by, used: false, quiet: !policy.gate.only.all() };
                grants.push((allowance, grant));
            }
        }
    }
    let mut lines: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
    for (index, (allowance, _)) in grants.iter().enumerate() {
        let own = [Some(allowance.at), allowance.line.filter(|line| *line != allowance.at)];
        for line in own.into_iter().flatten() {
            lines.entry((&allowance.path, line)).or_default().push(index);
        }
    }
    for finding in findings.iter_mut() {
        let path = finding.location.path.clone();
        let region = finding.location.region;
        let near =
            lines.range((path.as_str(), region.start_line)..=(&path, region.end_line.max(region.start_line)));
        let found = near.flat_map(|(_, indices)| indices).find(|index| grants[**index].1.covers(finding));
        if let Some(index) = found {
            grants[*index].1.allow(finding);
        }
    }
    for (allowance, _) in grants.iter().filter(|(_, grant)| !grant.used && !grant.quiet) {
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
        let quiet = policy.run.trust == Trust::Gate || !policy.gate.only.all() || policy.run.partial;
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
