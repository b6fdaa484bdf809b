//! What a stage found: where, how bad, how sure, along which path, and what to do instead.

use serde::{Deserialize, Serialize};

/// How bad it is when it is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Not known: an advisory without a score. Reported as a warning, never as low.
    Unknown,
    /// A hint.
    Low,
    /// Worth fixing.
    Medium,
    /// Blocks by default.
    High,
    /// Blocks by default; a live secret or remote code execution.
    Critical,
}

/// How sure weft is that it is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Plausible: reported as a note whatever the severity.
    Low,
    /// Likely.
    Medium,
    /// As good as certain.
    High,
}

/// The level of SARIF, from severity and confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Low severity, or low confidence.
    Note,
    /// Medium or unknown severity.
    Warning,
    /// High or critical severity.
    Error,
}

/// A region of the original file. Lines and columns are 1-based; columns count UTF-16 code units; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Region {
    /// First line.
    pub start_line: u32,
    /// First column.
    pub start_column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last.
    pub end_column: u32,
}

/// A place in a file that exists: for a finding inside a fence, the reply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Location {
    /// The path, as in `Original::path`.
    pub path: String,
    /// Where in it.
    pub region: Region,
    /// The path that the fence or hunk is bound for, when it differs from `path`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
}

/// One step of the path that data took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Where.
    pub location: Location,
    /// What happens here: "`request.args` is read", "reaches `subprocess.run`".
    pub message: String,
    /// The redacted source line.
    pub line: String,
}

/// The edit that removes the weakness, where it is mechanical. Regions are those of the original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fix {
    /// What the edit does, one clause.
    pub message: String,
    /// The region to replace.
    pub region: Region,
    /// The text to put there.
    pub replacement: String,
}

/// The facts of an advisory on one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Advisory {
    /// The preferred id: RUSTSEC > GHSA > PYSEC > CVE.
    pub id: String,
    /// The other ids of the same advisory.
    pub aliases: Vec<String>,
    /// OSV's name of it: "crates.io", "PyPI".
    pub ecosystem: String,
    /// The package's name, as the lockfile writes it.
    pub package: String,
    /// The version that is locked.
    pub version: String,
    /// The versions that fix it, lowest first; empty when there is none.
    pub fixed: Vec<String>,
    /// "unmaintained", "unsound", "notice" for informational records.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub informational: Option<String>,
    /// The first and the last line that say which package it is, where these are more than that of the name: its version
    /// stands there, and where it is from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lines: Option<(u32, u32)>,
    /// The packages on the shortest way to it from the project, itself last; empty where the lockfile does not say.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub way: Vec<String>,
    /// "development" or "optional" where it is there only for that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub only: Option<String>,
    /// One line on it, where the data has titles.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<String>,
    /// The day it was published, "2022-03-08"; nothing for a malicious package, which no deadline lets stay.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<String>,
    /// The functions that have the weakness, where the advisory names some: "regex::Regex::new".
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub functions: Vec<String>,
    /// Where the code of the same scan calls one of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub called: Option<Called>,
    /// How long it may stay, where the settings say so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Due>,
}

/// A call of a function that has a weakness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Called {
    /// The file that calls it.
    pub path: String,
    /// The first line that does.
    pub line: u32,
    /// The function, as the advisory names it.
    pub function: String,
}

/// A deadline of an advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Due {
    /// The last day on which it does not block, "2026-12-03".
    pub day: String,
    /// Whether that is over.
    pub over: bool,
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Standing {
    /// It counts.
    New,
    /// It was there before the change or in the baseline; it does not act on the gate.
    Existing,
    /// A person allowed it.
    Allowed {
        /// The reason they gave.
        reason: String,
        /// Where: "src/app.py:12" or "weft.toml:8" or "review".
        by: String,
    },
}

/// Tells one secret of a run from another. It is made with a key of the run, is never written, and says nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(pub(crate) [u8; 16]);

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mark")
    }
}

/// What may be said of a secret that was found; never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretFact {
    /// Who issued it, as the title of its rule says: "GitHub token".
    pub kind: String,
    /// Its length in characters.
    pub length: usize,
    /// Ten base32 characters under the project's key: the same for the same secret, nothing without the key. `None`
    /// outside a project.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<String>,
    /// Where it stands in a history, when that was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub past: Option<Past>,
    /// What tells it from others in this run.
    #[serde(skip)]
    pub mark: Option<Mark>,
}

/// When a secret came into a history, and whether it is still there. Names and paths are cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Past {
    /// The full id of the first commit that holds it.
    pub commit: String,
    /// The day of that commit in UTC: "2026-11-23".
    pub date: String,
    /// Who wrote that commit.
    pub author: String,
    /// How many paths have held it.
    pub paths: usize,
    /// How many versions of files, or messages, hold it.
    pub versions: usize,
    /// Other places, the first of each path: "src/app.py:3".
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<String>,
    /// Where it still is: paths of HEAD, else the refs whose tip holds it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub still: Vec<String>,
    /// The full id of the commit that took it out, when one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub removed: Option<String>,
}

/// One thing a stage found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The rule's id; for an advisory its own id.
    pub rule: String,
    /// One clause, lower case, no full stop, cleaned of control and invisible characters. Never holds a secret.
    pub message: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Weakness numbers.
    pub cwe: Vec<u16>,
    /// Where.
    pub location: Location,
    /// The path the data took, source first, sink last; empty when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub trace: Vec<Step>,
    /// The redacted lines around the region: first line number, then the lines.
    pub frame: (u32, Vec<String>),
    /// What to do instead, one or two sentences.
    pub advice: String,
    /// The mechanical edit, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<Fix>,
    /// The advisory, for a dependency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub advisory: Option<Advisory>,
    /// What may be said of the secret, for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<SecretFact>,
    /// GitHub's primaryLocationLineHash of the original file: "hex:count". Empty until `Redacted::sign_lines` fills it.
    pub fingerprint: String,
    /// Whether it counts.
    pub standing: Standing,
}

impl Finding {
    /// The level: error for critical and high, warning for medium and unknown, note for low; note at low confidence. An
    /// advisory whose deadline is not over is a warning at most.
    pub fn level(&self) -> Level {
        let waits =
            self.advisory.as_ref().and_then(|advisory| advisory.due.as_ref()).is_some_and(|due| !due.over);
        match (self.confidence, self.severity) {
            (Confidence::High | Confidence::Medium, Severity::High | Severity::Critical) if waits => {
                Level::Warning
            }
            (Confidence::Low, _) | (_, Severity::Low) => Level::Note,
            (_, Severity::Medium | Severity::Unknown) => Level::Warning,
            (_, Severity::High | Severity::Critical) => Level::Error,
        }
    }

    /// The order of every report: path, line, column, rule, message.
    pub fn order(&self) -> impl Ord + '_ {
        (&self.location.path, self.location.region, &self.rule, &self.message)
    }
}

/// What a note says about a piece that was not, or not wholly, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// weft supports it and could not check it: the verdict is "incomplete".
    NotChecked,
    /// Checked in part: a syntax error inside, a step budget hit. Incomplete for what the change touches.
    Partial,
    /// weft does not support it: listed, no error.
    Unsupported,
    /// A fact the reader should know: age of advisory data, a cap, a trusted setting.
    Info,
}

/// What the reader should know beside the findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Note {
    /// What it means for the verdict.
    pub kind: NoteKind,
    /// The path it is about; empty when it is about the run.
    pub path: String,
    /// What (one clause), and what to do.
    pub message: String,
}

impl Note {
    /// A note about `path`.
    pub fn new(kind: NoteKind, path: impl Into<String>, message: impl Into<String>) -> Self {
        Note { kind, path: path.into(), message: message.into() }
    }
}

/// Text as it may reach a terminal, a log or a message (invariant 7): control, bidirectional, invisible and tag
/// characters become `\u{202e}`-like escapes; tabs become one space. ZWJ and variation selector 16 inside emoji stay.
pub fn printable(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    for character in text.chars() {
        let joins = matches!(character, '\u{200d}' | '\u{fe0f}') && u32::from(previous) >= 0x2190;
        match character {
            '\t' => out.push(' '),
            _ if joins || !conceals(character) => out.push(character),
            _ => out.extend(character.escape_unicode()),
        }
        previous = character;
    }
    out
}

/// Whether a text is ASCII that shows as it is, as nearly all text is.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether a character hides or moves text: controls, bidirectional and zero-width characters, tags, variation selectors.
pub fn conceals(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e
            | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
}
