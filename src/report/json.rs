//! The `weft-report/1` format (src/report/README.md), and the JSON writer that both machine formats use.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::{Context, frame};
use crate::finding::{Finding, Level, Note, conceals, is_plain};
use crate::policy::Report;
use crate::rule::Rule;

/// The longest line that a machine format carries around a finding.
pub(super) const LINE: usize = 400;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Log<'a> {
    version: &'static str,
    tool: Tool<'a>,
    scan: Scan<'a>,
    verdict: &'a str,
    exit: u8,
    files: usize,
    blocking: usize,
    incomplete: bool,
    exit_zero: bool,
    allow_incomplete: bool,
    fail_on: crate::finding::Severity,
    rules: Vec<Page<'a>>,
    #[serde(serialize_with = "items")]
    findings: (&'a Report, &'a Context<'a>),
    notes: &'a [Note],
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Scan<'a> {
    root: &'a Option<String>,
    repository: &'a Option<String>,
    commit: &'a Option<String>,
    branch: &'a Option<String>,
    started: &'a Option<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    category: &'static str,
    title: &'a str,
    since: &'a str,
}

#[derive(Serialize)]
struct Item {
    level: Level,
    blocks: bool,
    #[serde(flatten)]
    finding: Finding,
}

/// Writes the report as one JSON object and a line break.
pub(super) fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let source = &context.source;
    let used: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let page = |rule: &'_ Rule| used.contains(rule.id.as_str());
    let log = Log {
        version: "weft-report/1",
        tool: Tool { name: "weft", version: context.version },
        scan: Scan {
            root: &source.root,
            repository: &source.repository,
            commit: &source.commit,
            branch: &source.branch,
            started: &source.started,
        },
        verdict: &report.verdict,
        exit: report.exit().code(),
        files: report.files,
        blocking: report.blocking,
        incomplete: report.incomplete,
        exit_zero: report.exit_zero,
        allow_incomplete: report.allow_incomplete,
        fail_on: context.policy.gate.fail_on,
        rules: context
            .rules
            .rules
            .iter()
            .filter(|rule| page(rule))
            .map(|rule| Page {
                id: &rule.id,
                category: rule.category.name(),
                title: &rule.title,
                since: &rule.since,
            })
            .collect(),
        findings: (report, context),
        notes: &report.notes,
    };
    serialize(&log, out)
}

/// One item after the other, so that a report of any length needs the memory of one.
fn items<S: serde::Serializer>(
    (report, context): &(&Report, &Context<'_>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(report.findings.iter().map(|finding| {
        let mut shown = finding.clone();
        shown.frame.1 = frame::of(finding, LINE).lines;
        for step in &mut shown.trace {
            step.line = step.line.chars().take(LINE).collect();
        }
        Item { level: finding.level(), blocks: Report::blocks(finding, context.policy), finding: shown }
    }))
}

/// Serialises to indented JSON in which no character hides.
pub(super) fn serialize(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    value
        .serialize(&mut Serializer::with_formatter(&mut out, Visible(PrettyFormatter::with_indent(b" "))))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// JSON whose strings spell control, bidirectional and invisible characters as `\u` escapes: nothing is lost, and
/// nothing acts on the terminal or editor that shows the file.
struct Visible(PrettyFormatter<'static>);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if is_plain(fragment) {
            return out.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, character) in fragment.char_indices().filter(|(_, character)| conceals(*character)) {
            out.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[plain..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
