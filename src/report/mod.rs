//! Report -> bytes: text for a person, JSON with every fact, SARIF for code scanning, commands for GitHub's log.
//!
//! Paths and messages are hostile here: what a terminal or a viewer shows goes through [`printable`], and the JSON of
//! both machine formats spells hidden characters as escapes.

pub mod bom;
mod frame;
mod github;
mod json;
mod known;
pub mod page;
mod paint;
mod sarif;
mod table;
mod text;
mod uri;
pub mod vex;

use std::io::{self, Write};

use crate::finding::{Finding, NoteKind, Standing, printable};
use crate::policy::{Policy, Report};
use crate::rule::RuleSet;

pub use table::rules_table;

/// Writes any value as indented JSON in which no character hides. Errors: it cannot be written.
pub fn json(value: &impl serde::Serialize, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    json::serialize(value, out)
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person at a terminal.
    #[default]
    Text,
    /// `weft-report/1`: every fact (src/report/README.md).
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands, which GitHub shows as annotations.
    Github,
}

impl Format {
    /// Every format by the name the command line uses.
    pub const NAMES: [(&'static str, Format); 4] = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("sarif", Format::Sarif),
        ("github", Format::Github),
    ];
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Format::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, format)| *format).ok_or_else(|| "one of text, json, sarif, github".to_owned())
    }
}

/// Whether text carries colour; the caller knows its terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// With escape sequences.
    Always,
    /// Plain.
    #[default]
    Never,
}

impl From<bool> for Color {
    fn from(colored: bool) -> Self {
        if colored { Color::Always } else { Color::Never }
    }
}

/// What was scanned, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The folder that paths are relative to, as an absolute path.
    pub root: Option<String>,
    /// The repository's address: `https://github.com/o/r`.
    pub repository: Option<String>,
    /// The commit that was scanned.
    pub commit: Option<String>,
    /// The ref that was scanned: "refs/heads/main".
    pub branch: Option<String>,
    /// When the scan started, RFC 3339 in UTC; left out, the same scan writes the same bytes.
    pub started: Option<String>,
}

/// Everything a report says that is not in [`Report`].
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The rules of the run.
    pub rules: &'a RuleSet,
    /// The settings it was judged by.
    pub policy: &'a Policy,
    /// weft's version.
    pub version: &'a str,
    /// What was scanned.
    pub source: Source,
    /// Whether text has colour.
    pub color: Color,
    /// The columns of the terminal.
    pub width: usize,
    /// Text: only the verdict.
    pub quiet: bool,
    /// Text: below each finding why it is one.
    pub explain: bool,
    /// Text: show what a change did not bring, too.
    pub existing: bool,
    /// SARIF: write what was allowed too, as suppressed.
    pub include_suppressed: bool,
    /// SARIF: the most results; the gravest and surest stay.
    pub max_results: Option<usize>,
    /// SARIF: tells apart several runs over one commit; "weft" when left out.
    pub category: Option<String>,
}

impl<'a> Context<'a> {
    /// A context for plain text of 100 columns, with nothing known of the source.
    pub fn new(rules: &'a RuleSet, policy: &'a Policy) -> Self {
        Context {
            rules,
            policy,
            version: env!("CARGO_PKG_VERSION"),
            source: Source::default(),
            color: Color::Never,
            width: 100,
            quiet: false,
            explain: false,
            existing: false,
            include_suppressed: false,
            max_results: None,
            category: None,
        }
    }
}

/// Writes `report` in `format`. Errors: those of `out`, a closed pipe among them.
pub fn write(report: &Report, context: &Context<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, context, out),
        Format::Json => json::write(report, context, out),
        Format::Sarif => sarif::write(report, context, out),
        Format::Github => github::write(report, context, out),
    }
}

/// The address of weft's public repository.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The clause as a sentence: a capital first, a full stop last.
fn sentence(clause: &str) -> String {
    let clause = stopped(clause);
    let mut characters = clause.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    first + characters.as_str()
}

/// The clause, cleaned, with a full stop last.
fn stopped(clause: &str) -> String {
    let clause = printable(clause.trim());
    if clause.is_empty() || clause.ends_with(['.', '!', '?']) { clause } else { clause + "." }
}

/// A finding's message as a sentence; an advisory's starts with a package, whose name stays as it is.
fn headline(finding: &Finding) -> String {
    match finding.advisory {
        Some(_) => stopped(&finding.message),
        None => sentence(&finding.message),
    }
}

/// `path:line:column`, cleaned.
fn place(finding: &Finding) -> String {
    let region = finding.location.region;
    format!("{}:{}:{}", printable(&finding.location.path), region.start_line, region.start_column)
}

/// What a note's kind is called.
fn kind_name(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::NotChecked => "not checked",
        NoteKind::Partial => "checked in part",
        NoteKind::Unsupported => "not supported",
        NoteKind::Info => "note",
    }
}

fn is_allowed(finding: &Finding) -> bool {
    matches!(finding.standing, Standing::Allowed { .. })
}
