//! Allowances in comments: `weft: allow RULE reason`, alone on the line above or at the end of the line, with a last day
//! after `until` if need be.

use std::sync::LazyLock;

use super::Trust;
use crate::artifact::{Action, Role};
use crate::finding::Finding;
use crate::redact::Redacted;
use crate::rule::RuleSet;

/// The most bytes of a line before and after the marker: nobody writes a longer comment, or finds one.
const LONGEST: usize = 2000;
/// The most allowances that stand above one line.
const STACKED: u32 = 20;
/// What a comment says before its rule.
const MARKER: &str = "weft: allow";
/// Looks for it; made once, since every file is searched.
static FINDER: LazyLock<memchr::memmem::Finder<'static>> =
    LazyLock::new(|| memchr::memmem::Finder::new(MARKER));
/// What opens a comment in the languages weft reads.
const OPENERS: [&str; 7] = ["#", "//", "/*", "<!--", "--", "*", ";"];

/// One allowance that a comment gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Allowance {
    /// The rule it allows.
    pub rule: String,
    /// The reason; empty when the comment gives none, and then it does not count.
    pub reason: String,
    /// The path it counts for.
    pub path: String,
    /// The line of the comment.
    pub at: u32,
    /// The line whose findings it allows, beside its own.
    pub line: Option<u32>,
    /// The last day it counts, as written after `until`.
    pub until: Option<String>,
    /// Whether the judged change itself adds it, or rewrites the line it is for: then it counts only once its reviewer
    /// accepted it.
    pub added: bool,
    /// Whether a prompt or a reply holds it: what an agent wrote never allows anything by itself.
    pub reply: bool,
}

/// The `weft: allow RULE reason` comments of a document, and, when the change is what is judged, a finding for each
/// that the change adds and for a change of the settings.
pub fn allowances(document: &Redacted, rules: &RuleSet, trust: Trust) -> (Vec<Allowance>, Vec<Finding>) {
    let text = document.text();
    let (mut found, mut findings) = (Vec::new(), Vec::new());
    let rule = rules.get("allowance-added").filter(|_| trust == Trust::Gate);
    // One pass whatever the text: a line may be hundreds of megabytes long and hold nothing but markers.
    let (mut line, mut start, mut passed, mut seen) = (1u32, 0usize, 0usize, 0u32);
    for at in FINDER.find_iter(text.as_bytes()) {
        let skipped = &text.as_bytes()[passed..at];
        if let Some(last) = memchr::memrchr(b'\n', skipped) {
            line += memchr::memchr_iter(b'\n', skipped).count() as u32;
            start = passed + last + 1;
        }
        passed = at;
        if line == seen || at - start > LONGEST {
            continue;
        }
        let after = at + MARKER.len();
        let window = text.floor_char_boundary(after + LONGEST);
        let end =
            memchr::memchr(b'\n', &text.as_bytes()[after..window]).map_or(window, |length| after + length);
        let Some(allowance) = comment(document, line, &text[start..at], &text[after..end]) else { continue };
        seen = line;
        if let Some(rule) = rule.filter(|_| document.added(line, line)) {
            let range = at..at + text[at..end].trim_end().len();
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
    let target = if code.is_empty() { next_line(document, line) } else { line };
    Some(Allowance {
        rule: rule.to_owned(),
        reason: crate::finding::printable(reason.trim()),
        path: document.path().to_owned(),
        at: line,
        line: Some(target),
        until,
        added: document.added(line, line) || document.added(target, target),
        reply: matches!(document.role(), Role::Prompt | Role::Reply),
    })
}

/// The line an allowance that stands alone is for: the next that is not another one.
fn next_line(document: &Redacted, line: u32) -> u32 {
    (line + 1..document.lines().min(line + STACKED))
        .find(|next| !document.line(*next).contains(MARKER))
        .unwrap_or(line + 1)
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
