//! weft.toml: the settings, read with errors that name the line.

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::finding::Severity;

/// All settings. Every field has a default, so that an empty file is valid; an unknown key is an error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// What acts on the gate.
    pub gate: Gate,
    /// Bounds of a scan.
    pub limits: Limits,
    /// Who has to be covered by an approval.
    pub coverage: Coverage,
    /// Who may decide, and how many.
    pub review: ReviewPolicy,
    /// Where the AI history lives.
    pub history: HistoryPolicy,
    /// Paths that are not scanned, as .gitignore patterns.
    pub exclude: Vec<String>,
    /// Allowances with a reason: `[[allow]] rule, path?, reason, expires?`.
    pub allow: Vec<AllowEntry>,
}

/// `[gate]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Gate {
    /// Findings of this severity and above block.
    pub fail_on: Severity,
    /// The stages that run.
    pub only: Stages,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { fail_on: Severity::High, only: Stages::default() }
    }
}

/// Which stages run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Stages {
    /// Secrets and personal data.
    pub secrets: bool,
    /// Weaknesses in code and hidden text.
    pub code: bool,
    /// What an output would write and make run.
    pub effects: bool,
    /// Packages.
    pub deps: bool,
}

impl Default for Stages {
    fn default() -> Self {
        Stages { secrets: true, code: true, effects: true, deps: true }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// The longest file that is read, in bytes.
    pub file_bytes: u64,
    /// The most files of one scan.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_bytes: 32 * 1024 * 1024, files: 1_000_000 }
    }
}

/// `[coverage]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Coverage {
    /// "all" commits, or those of "agents".
    pub who: Who,
    /// The commit after which coverage starts.
    pub since: Option<String>,
    /// Author names or addresses that are agents: `*[bot]@*`, matched with `*`.
    pub agents: Vec<String>,
}

impl Default for Coverage {
    fn default() -> Self {
        Coverage { who: Who::Agents, since: None, agents: Vec::new() }
    }
}

/// Whose commits need an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Everybody's.
    All,
    /// Submitted items, bot authors, commits with an agent trailer.
    Agents,
}

/// `[review]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ReviewPolicy {
    /// Whether the reviewer must be neither submitter nor author.
    pub four_eyes: bool,
    /// Days an approval counts; `None`: for ever.
    pub valid_days: Option<u32>,
    /// Who may decide.
    pub reviewer: Vec<Reviewer>,
}

/// `[[review.reviewer]]`: a person and the key they sign with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reviewer {
    /// Their name.
    pub name: String,
    /// The address they commit with.
    pub email: String,
    /// The public key, as in an authorized_keys file: "ssh-ed25519 AAAA...".
    pub key: String,
}

/// `[history]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HistoryPolicy {
    /// The AI history repository, relative to the code repository; `None`: the code repository itself.
    pub path: Option<String>,
}

/// `[[allow]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AllowEntry {
    /// The rule (or advisory) id.
    pub rule: String,
    /// A .gitignore pattern of paths; everywhere when left out.
    #[serde(default)]
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day it counts, "2027-01-31".
    #[serde(default)]
    pub expires: Option<String>,
}

impl Policy {
    /// Reads weft.toml; `name` is what errors call it. Errors (kind `Settings`) name the line, and what is allowed there.
    pub fn parse(name: &str, text: &str) -> Result<Policy> {
        toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            Error::new(ErrorKind::Settings, format!("{name}:{line}: {}", error.message().replace('\n', "; ")))
                .hint("`weft init --print` shows every setting with its meaning")
        })
    }
}
