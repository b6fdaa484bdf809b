//! What a reviewer sees: redacted text, every masked place marked, every finding in its place. Nothing reaches the
//! terminal uncleaned.

use std::fmt::Write as _;

use super::diff::{self, Line};
use super::item::{FileView, ReviewItem, Text, finding_key};
use super::state::ItemState;
use crate::artifact::{Blob, Change};
use crate::finding::{Finding, Standing, printable};
use crate::policy::plural;

/// The lines around a change that are shown.
const CONTEXT: usize = 3;

/// The item as text.
pub fn show_text(item: &ReviewItem, state: &ItemState) -> String {
    let mut out = String::new();
    head(&mut out, item, state);
    if let Some(prompt) = &item.prompt {
        out.push_str("\nPrompt (redacted)\n");
        whole(&mut out, prompt);
    }
    for change in &item.subject.changes {
        let view = item.files.iter().find(|view| view.path == change.path);
        file(&mut out, change, view, item);
    }
    steps(&mut out, item);
    outside(&mut out, item);
    decisions(&mut out, item, state);
    out
}

/// The item as JSON, with its state. Text fields hold redacted text as it is; a terminal should get [`show_text`].
pub fn show_json(item: &ReviewItem, state: &ItemState) -> serde_json::Value {
    let keys: Vec<String> = item.report.findings.iter().map(finding_key).collect();
    serde_json::json!({
        "version": 1,
        "state": state.state,
        "submitted": state.time,
        "item": item,
        "finding-keys": keys,
        "waivers": state.waivers,
        "refused": state.refused,
        "commits": state.committed,
    })
}

fn head(out: &mut String, item: &ReviewItem, state: &ItemState) {
    let about = &item.about;
    let who = match &item.submitter {
        super::event::Actor::Agent { name } => format!("{name} (not signed)"),
        super::event::Actor::Person { name, email, .. } => format!("{name} <{email}>"),
    };
    let rows = [
        ("item", about.item.clone()),
        ("state", state.state.name().to_owned()),
        ("feature", format!("{}/{}", item.feature, item.agent)),
        ("submitted", format!("{} by {who}", state.time)),
        ("for", format!("{} on {}", about.target, about.base)),
        ("subject", format!("sha256:{}", about.subject)),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "{name:<10} {}", printable(&value));
    }
    out.push_str("           these bytes land and no others; any change needs a new approval\n");
}

fn side(blob: &Option<Blob>) -> String {
    blob.as_ref().map_or("absent".into(), |blob| {
        let sha256 = blob.sha256.get(..12).unwrap_or(&blob.sha256);
        format!("{} sha256:{sha256}", blob.mode)
    })
}

fn file(out: &mut String, change: &Change, view: Option<&FileView>, item: &ReviewItem) {
    let _ = writeln!(
        out,
        "\n{}  {} -> {}",
        printable(&change.path),
        printable(&side(&change.old)),
        printable(&side(&change.new))
    );
    let here: Vec<&Finding> =
        item.report.findings.iter().filter(|finding| lands_on(finding, &change.path)).collect();
    let empty = Text::default();
    let before = view.and_then(|view| view.before.as_ref()).unwrap_or(&empty);
    let after = view.and_then(|view| view.after.as_ref()).unwrap_or(&empty);
    if before.binary || after.binary {
        out.push_str("    not shown: not text, or not read; the digests above say which bytes land\n");
        here.iter().for_each(|finding| finding_line(out, finding, item));
        return;
    }
    let from = view.and_then(|view| view.from);
    let lines = after.text.lines().count();
    let line = |finding: &Finding| line_of(finding, &change.path, from).filter(|line| *line <= lines);
    let at_line = |number: usize| {
        here.iter().filter(|finding| line(finding) == Some(number)).copied().collect::<Vec<_>>()
    };
    body(out, before, after, &at_line, item);
    for finding in here.iter().filter(|finding| line(finding).is_none()) {
        finding_line(out, finding, item);
    }
}

/// The line of a file that a finding is on. `from` is the reply's line that the file begins on.
fn line_of(finding: &Finding, path: &str, from: Option<usize>) -> Option<usize> {
    let line = finding.location.region.start_line as usize;
    let before = if finding.location.path == path { 0 } else { from?.checked_sub(1)? };
    line.checked_sub(before).filter(|line| *line > 0)
}

/// The commits of a range: the approval lets them land one by one, so each state on the way is part of what is decided.
fn steps(out: &mut String, item: &ReviewItem) {
    if item.steps.len() < 2 {
        return;
    }
    let _ = writeln!(out, "\nCommits, which may land one by one with the states between them");
    for (index, step) in item.steps.iter().enumerate() {
        let (number, all) = (index + 1, item.steps.len());
        let _ = writeln!(out, "  {number} of {all}  {}", printable(&step.commit));
        for change in &step.changes.changes {
            let ends = item.subject.changes.iter().find(|end| end.path == change.path);
            let passing = change.new.is_some() && ends.is_none_or(|end| end.new != change.new);
            let (path, old, new) = (printable(&change.path), side(&change.old), side(&change.new));
            let _ = writeln!(out, "    {path}  {} -> {}", printable(&old), printable(&new));
            if passing {
                let commit = step.commit.get(..12).unwrap_or(&step.commit);
                let _ = writeln!(
                    out,
                    "      ! only on the way: searched for secrets, not shown above: `git show {} -- {path}`",
                    printable(commit)
                );
            }
        }
    }
}

fn body<'a>(
    out: &mut String,
    before: &Text,
    after: &Text,
    at_line: &dyn Fn(usize) -> Vec<&'a Finding>,
    item: &ReviewItem,
) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.text.lines().collect(), after.text.lines().collect());
    let diff = diff::lines(&old, &new);
    let shown = near(&diff, &|line| {
        matches!(line, Line::Same(..) | Line::New(_)) && !at_line(new_number(line)).is_empty()
    });
    let mut skipped = false;
    for (line, show) in diff.iter().zip(shown) {
        if !show {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            out.push_str("       ...\n");
        }
        let (sign, number, text) = match *line {
            Line::Same(_, at) => (' ', at + 1, new[at]),
            Line::Gone(at) => ('-', at + 1, old[at]),
            Line::New(at) => ('+', at + 1, new[at]),
        };
        let _ = writeln!(out, "{number:>6} {sign} {}", printable(text));
        let side = if sign == '-' { before } else { after };
        marks(out, side, number, sign != '-');
        if sign != '-' {
            at_line(number).into_iter().for_each(|finding| finding_line(out, finding, item));
        }
    }
    if diff.iter().all(|line| matches!(line, Line::Same(..))) {
        out.push_str("    the redacted text is the same; mode, line ends or masked bytes differ\n");
    }
}

fn new_number(line: &Line) -> usize {
    match *line {
        Line::Same(_, at) | Line::New(at) => at + 1,
        Line::Gone(_) => 0,
    }
}

/// Which lines are changed, hold a finding, or stand next to such a line.
fn near(diff: &[Line], marked: &dyn Fn(&Line) -> bool) -> Vec<bool> {
    let mut shown = vec![false; diff.len()];
    for (index, line) in diff.iter().enumerate() {
        if !matches!(line, Line::Same(..)) || marked(line) {
            let end = (index + CONTEXT + 1).min(diff.len());
            shown[index.saturating_sub(CONTEXT)..end].fill(true);
        }
    }
    shown
}

fn whole(out: &mut String, text: &Text) {
    if text.binary {
        out.push_str("    not shown: not text\n");
    }
    for (index, line) in text.text.lines().enumerate() {
        let _ = writeln!(out, "{:>6}   {}", index + 1, printable(line));
        marks(out, text, index + 1, false);
    }
}

/// A line under `number` for each masked place in it.
fn marks(out: &mut String, text: &Text, number: usize, lands: bool) {
    let Some(start) = line_start(&text.text, number) else { return };
    let end =
        text.text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.text.len(), |at| start + at);
    for mark in text.marks.iter().filter(|mark| mark.start >= start && mark.start < end.max(start + 1)) {
        let rule = printable(&mark.rule);
        let after = if lands { ": the original bytes land here" } else { "" };
        let _ = writeln!(out, "         ^ masked: {rule}, {} bytes{after}", mark.bytes);
    }
}

fn line_start(text: &str, number: usize) -> Option<usize> {
    match number {
        1 => Some(0),
        _ => memchr::memchr_iter(b'\n', text.as_bytes()).nth(number.checked_sub(2)?).map(|at| at + 1),
    }
}

fn lands_on(finding: &Finding, path: &str) -> bool {
    finding.location.path == path || finding.location.target.as_deref() == Some(path)
}

fn finding_line(out: &mut String, finding: &Finding, item: &ReviewItem) {
    let key = finding_key(finding);
    let blocks = if item.blockers.iter().any(|blocker| blocker.key == key) { ", blocks" } else { "" };
    let standing = match &finding.standing {
        Standing::New => String::new(),
        Standing::Existing => ", was there before".into(),
        Standing::Allowed { reason, by } => format!(", allowed by {by}: {reason}"),
    };
    let _ = writeln!(
        out,
        "         ! {key} {}[{}]: {}{blocks}{}",
        severity(finding),
        printable(&finding.rule),
        printable(&finding.message),
        printable(&standing)
    );
}

fn severity(finding: &Finding) -> &'static str {
    match finding.level() {
        crate::finding::Level::Error => "error",
        crate::finding::Level::Warning => "warning",
        crate::finding::Level::Note => "note",
    }
}

/// Findings that lie on no changed path: in the reply's own text, in a manifest.
fn outside(out: &mut String, item: &ReviewItem) {
    let elsewhere =
        |finding: &&Finding| !item.subject.changes.iter().any(|change| lands_on(finding, &change.path));
    let findings: Vec<&Finding> = item.report.findings.iter().filter(elsewhere).collect();
    if !findings.is_empty() {
        out.push_str("\nElsewhere\n");
    }
    for finding in findings {
        let place = &finding.location;
        let _ = writeln!(out, "  {}:{}", printable(&place.path), place.region.start_line);
        finding_line(out, finding, item);
    }
    for note in &item.report.notes {
        let _ = writeln!(out, "  note: {} {}", printable(&note.path), printable(&note.message));
    }
}

fn decisions(out: &mut String, item: &ReviewItem, state: &ItemState) {
    out.push('\n');
    for waiver in &state.waivers {
        let _ = writeln!(
            out,
            "waived     {} by {}: {}, {}",
            printable(&waiver.finding),
            printable(&waiver.by),
            waiver.reason.name(),
            printable(&waiver.text)
        );
    }
    for refused in &state.refused {
        let _ = writeln!(
            out,
            "not counted: event {} ({}): {}",
            refused.seq,
            refused.event,
            printable(&refused.why)
        );
    }
    let open = item
        .blockers
        .iter()
        .filter(|blocker| !state.waivers.iter().any(|waiver| waiver.finding == blocker.key));
    let (files, findings, open) = (item.subject.changes.len(), item.report.findings.len(), open.count());
    let (files, findings) = (plural(files, "file", "files"), plural(findings, "finding", "findings"));
    let _ = writeln!(out, "{files}, {findings}; blocking and not waived: {open}");
}
