//! Workflow commands: GitHub shows them as annotations of the lines a pull request changes.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::{Context, headline, kind_name, sentence};
use crate::finding::{Finding, Level, NoteKind, Standing, printable};
use crate::policy::Report;

/// Writes one command a finding, gravest first because GitHub keeps ten of a kind a step, then gaps and the verdict.
pub(super) fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut new: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.standing == Standing::New).collect();
    new.sort_by_key(|finding| {
        Reverse((Report::blocks(finding, context.policy), finding.severity, finding.confidence))
    });
    for finding in new.into_iter().filter(|_| !context.quiet) {
        let command = match finding.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let region = finding.location.region;
        let columns = if region.start_line == region.end_line {
            format!(",col={},endColumn={}", region.start_column, region.end_column)
        } else {
            String::new()
        };
        writeln!(
            out,
            "::{command} file={},line={},endLine={}{columns},title={}::{}",
            property(&finding.location.path),
            region.start_line,
            region.end_line,
            property(&finding.rule),
            message(&[&headline(finding), "\nInstead: ", &printable(&finding.advice)]),
        )?;
    }
    let gaps =
        report.notes.iter().filter(|note| matches!(note.kind, NoteKind::NotChecked | NoteKind::Partial));
    for note in gaps.filter(|_| !context.quiet) {
        let file =
            if note.path.is_empty() { String::new() } else { format!("file={},", property(&note.path)) };
        writeln!(
            out,
            "::warning {file}title={}::{}",
            kind_name(note.kind),
            message(&[&sentence(&note.message)])
        )?;
    }
    let command = if report.exit() == crate::error::Exit::Passed { "notice" } else { "error" };
    writeln!(out, "::{command} title=weft::{}", message(&[&sentence(&report.verdict)]))
}

/// Data of a command: only a percent sign and line breaks have a meaning there.
fn message(parts: &[&str]) -> String {
    parts.concat().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, where a colon and a comma have one too.
fn property(value: &str) -> String {
    message(&[&printable(value)]).replace(':', "%3A").replace(',', "%2C")
}
