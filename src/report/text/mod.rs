//! The report that a person reads: code frames, data paths, advice, what was left out, and the verdict last.

mod finding;
mod why;

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects};

use super::paint::{BOLD, DIM, Paint, fill, severity_style, wrap};
use super::{Context, frame, is_allowed, kind_name, place};
use crate::error::Exit;
use crate::finding::{Confidence, Finding, NoteKind, Severity, Standing, printable};
use crate::policy::{Report, plural};
use crate::rule::Category;

/// The most findings of one rule that are shown in full; the others are counted.
const PER_RULE: usize = 20;
/// The most lines of a list: allowances, notes of a kind, other places of a secret.
const LISTED: usize = 20;

/// Writes the report for a person.
pub(super) fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { context, paint: Paint(context.color), width: context.width.clamp(40, 200) };
    if !context.quiet {
        page.findings(report, out)?;
        page.standings(report, out)?;
        page.notes(report, out)?;
        page.summary(report, out)?;
    }
    writeln!(out, "{}", page.verdict(report))
}

struct Page<'a> {
    context: &'a Context<'a>,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn findings(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let groups = self.groups(report);
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for group in &groups {
            let count = shown.entry(&group[0].rule).or_default();
            *count += 1;
            if *count <= PER_RULE {
                writeln!(out, "{}\n", self.finding(group))?;
            }
        }
        for (rule, count) in shown.into_iter().filter(|(_, count)| *count > PER_RULE) {
            let more = count - PER_RULE;
            let rule = printable(rule);
            let text = format!("{more} more of {rule} are not shown; --format json lists them all");
            writeln!(out, "{}\n", self.paint.styled(DIM, &text))?;
        }
        Ok(())
    }

    /// New findings in order, and those that were there before where they are asked for; the places of one secret stand together, and the advisories of one package do.
    fn groups<'f>(&self, report: &'f Report) -> Vec<Vec<&'f Finding>> {
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        let mut known: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        let shown = |finding: &&Finding| {
            let existing = self.context.existing && finding.standing == Standing::Existing;
            existing || finding.standing == Standing::New
        };
        for finding in report.findings.iter().filter(shown) {
            let Some(key) = self.secret(finding).or_else(|| package(finding)) else {
                groups.push(vec![finding]);
                continue;
            };
            match known.get(&key) {
                Some(index) => groups[*index].push(finding),
                None => {
                    known.insert(key, groups.len());
                    groups.push(vec![finding]);
                }
            }
        }
        groups
    }

    /// What tells one secret from another: rule and placeholder. Placeholders that are only numbered start anew in
    /// each file.
    fn secret(&self, finding: &Finding) -> Option<(String, String, String)> {
        let rule = self.context.rules.get(&finding.rule)?;
        if finding.secret.as_ref().is_some_and(|secret| secret.past.is_some()) {
            // It stands for all of its places already.
            return None;
        }
        if !matches!(rule.category, Category::Secrets | Category::Pii) {
            return None;
        }
        let marked = frame::marked(finding)?;
        let (_, token) = frame::placeholders(&marked).next()?;
        let numbered =
            token.rsplit('_').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        let path = if numbered { finding.location.path.clone() } else { String::new() };
        Some((finding.rule.clone(), token.to_owned(), path))
    }

    fn standings(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let allowed: Vec<&Finding> = report.findings.iter().filter(|finding| is_allowed(finding)).collect();
        for finding in allowed.iter().take(LISTED) {
            if let Standing::Allowed { reason, by } = &finding.standing {
                let (rule, place) = (printable(&finding.rule), place(finding));
                let text = format!("allowed: {rule} at {place}: {} ({})", printable(reason), printable(by));
                writeln!(out, "{}", self.paint.styled(DIM, &text))?;
            }
        }
        if allowed.len() > LISTED {
            let text = format!("allowed: {} more; --format json lists them all", allowed.len() - LISTED);
            writeln!(out, "{}", self.paint.styled(DIM, &text))?;
        }
        let existing =
            report.findings.iter().filter(|finding| finding.standing == Standing::Existing).count();
        if existing > 0 && !self.context.existing {
            let findings = plural(existing, "finding", "findings");
            let text = format!(
                "existing: {findings} that this change did not bring, not shown (`weft scan --all` shows them)"
            );
            writeln!(out, "{}", self.paint.styled(DIM, &text))?;
        }
        Ok(())
    }

    /// What was not, or not wholly, checked; the paths of one message stand together.
    fn notes(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut groups: BTreeMap<(NoteKind, &str), Vec<&str>> = BTreeMap::new();
        for note in &report.notes {
            groups.entry((note.kind, &note.message)).or_default().push(&note.path);
        }
        let mut shown: BTreeMap<NoteKind, usize> = BTreeMap::new();
        for ((kind, message), paths) in &groups {
            let count = shown.entry(*kind).or_default();
            *count += 1;
            if *count <= LISTED {
                let style = match kind {
                    NoteKind::NotChecked | NoteKind::Partial => AnsiColor::Yellow.on_default(),
                    NoteKind::Unsupported | NoteKind::Info => DIM,
                };
                let name = self.paint.styled(style, kind_name(*kind));
                writeln!(out, "{name}: {}{}", listed(paths, 3), printable(message))?;
            }
        }
        for (kind, count) in shown.into_iter().filter(|(_, count)| *count > LISTED) {
            let more = count - LISTED;
            writeln!(out, "{}: {more} more kinds; --format json lists them all", kind_name(kind))?;
        }
        Ok(())
    }

    /// One line a severity: how many, and of which rules; what weft is not sure of stands below them.
    fn summary(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut rows: BTreeMap<_, BTreeMap<&str, usize>> = BTreeMap::new();
        for finding in report.findings.iter().filter(|finding| finding.standing == Standing::New) {
            let (name, sure) = (finding::tone(finding), finding.confidence != Confidence::Low);
            let severity = if sure { finding.severity } else { Severity::Unknown };
            let row = rows.entry(std::cmp::Reverse((sure, severity, name))).or_default();
            *row.entry(&finding.rule).or_default() += 1;
        }
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for (std::cmp::Reverse((sure, severity, name)), rules) in &rows {
            let total: usize = rules.values().sum();
            let last = rules.len() - 1;
            let named = rules.iter().enumerate().map(|(index, (rule, count))| {
                format!("{} {count}{}", printable(rule), if index == last { "" } else { "," })
            });
            let named: Vec<String> = named.collect();
            let lines = fill(named.iter().map(String::as_str), self.width.saturating_sub(16).max(20));
            let style = if *sure { severity_style(*severity) } else { DIM };
            let name = self.paint.styled(style, &format!("{name:8}"));
            writeln!(out, "{name} {total:5}  {}", lines.join(&format!("\n{:16}", "")))?;
        }
        let hint =
            "`weft explain RULE` says more; `weft: allow RULE REASON` in a comment answers a false alarm";
        writeln!(out, "\n{}", self.paint.styled(DIM, &wrap(hint, self.width).join("\n")))
    }

    fn verdict(&self, report: &Report) -> String {
        let color = match report.exit() {
            Exit::Passed => AnsiColor::Green,
            Exit::Incomplete | Exit::Held => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        let text = printable(&report.verdict);
        let (word, rest) = text.split_once(':').unwrap_or((&text, ""));
        let colon = if rest.is_empty() { "" } else { ":" };
        let first = self.paint.styled(color.on_default().effects(Effects::BOLD), &format!("{word}{colon}"));
        format!("{first}{}", self.paint.styled(BOLD, rest))
    }
}

/// What tells one vulnerable package from another: name, version and place.
fn package(finding: &Finding) -> Option<(String, String, String)> {
    let advisory = finding.advisory.as_ref()?;
    Some((advisory.package.clone(), advisory.version.clone(), place(finding)))
}

/// "a, b and 3 more: " of the paths that are named; nothing for a note about the run.
fn listed(paths: &[&str], most: usize) -> String {
    let named: Vec<&&str> = paths.iter().filter(|path| !path.is_empty()).collect();
    let shown: Vec<String> = named.iter().take(most).map(|path| printable(path)).collect();
    match named.len().saturating_sub(most) {
        _ if named.is_empty() => String::new(),
        0 => format!("{}: ", shown.join(", ")),
        more => format!("{} and {more} more: ", shown.join(", ")),
    }
}
