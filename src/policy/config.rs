//! weft.toml: the settings, read with errors that name the line.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::suppress;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Severity, printable};
use crate::redact::Confidential;
use crate::rule::did_you_mean;

/// All settings. Every field has a default, so that an empty file is valid; an unknown key is an error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// What acts on the gate.
    pub gate: Gate,
    /// Bounds of a scan.
    pub limits: Limits,
    /// How packages are judged.
    pub deps: DepsPolicy,
    /// How secrets are judged.
    pub secrets: SecretsPolicy,
    /// Who has to be covered by an approval.
    pub coverage: Coverage,
    /// Who may decide, and how many.
    pub review: ReviewPolicy,
    /// Where the AI history lives.
    pub history: HistoryPolicy,
    /// The git hooks that `weft init` installs.
    pub hooks: Hooks,
    /// Another severity for a rule, or "off".
    pub levels: BTreeMap<String, LevelOf>,
    /// Paths that are not scanned, as .gitignore patterns.
    pub exclude: Vec<String>,
    /// A team's own words, which are redacted and reported like secrets.
    #[serde(deserialize_with = "unread")]
    pub confidential: Confidential,
    /// Allowances with a reason: `[[allow]] rule, path?, reason, expires?`.
    pub allow: Vec<AllowEntry>,
    /// What the documents of `[deps] vex` say; read apart, as they lie where the settings do.
    #[serde(skip)]
    pub vex: Vec<super::vex::Statement>,
    /// What only the run knows; never read from the file.
    #[serde(skip)]
    pub run: Run,
}

/// Takes `[confidential]` as it is: it is read apart, with errors that do not quote it.
fn unread<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Confidential, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| Confidential::default())
}

/// What the run knows and the settings do not: who is trusted, which day it is, what the command line forces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Whose allowances count.
    pub trust: Trust,
    /// The day of the run; `None`: not known, and then no allowance with a last day counts.
    pub today: Option<Date>,
    /// `--exit-zero`
    pub exit_zero: bool,
    /// `--allow-incomplete`
    pub allow_incomplete: bool,
    /// Whether only a part of the tree is looked at: then an allowance that allows nothing says nothing.
    pub partial: bool,
}

/// Whose allowances count (invariant 6: what is judged cannot judge itself).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// A person scans their own tree: allowances in it count, those inside prompts and replies do not.
    Own,
    /// A change is judged: what it adds itself does not count before its reviewer accepted it.
    #[default]
    Gate,
}

/// `[levels]`: what a rule's findings weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelOf {
    /// They are listed as allowed.
    Off,
    /// They are of this severity.
    Severity(Severity),
}

impl<'de> Deserialize<'de> for LevelOf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        const NAMES: &[&str] = &["off", "low", "medium", "high", "critical"];
        Ok(match String::deserialize(deserializer)?.as_str() {
            "off" => LevelOf::Off,
            "low" => LevelOf::Severity(Severity::Low),
            "medium" => LevelOf::Severity(Severity::Medium),
            "high" => LevelOf::Severity(Severity::High),
            "critical" => LevelOf::Severity(Severity::Critical),
            other => return Err(serde::de::Error::unknown_variant(other, NAMES)),
        })
    }
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

impl Stages {
    /// Whether every stage runs.
    pub fn all(self) -> bool {
        self == Stages::default()
    }
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

/// `[secrets]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SecretsPolicy {
    /// Days after which a secret in the history is to be rotated; 0: never said.
    pub max_age_days: u32,
}

impl Default for SecretsPolicy {
    fn default() -> Self {
        SecretsPolicy { max_age_days: 90 }
    }
}

/// `[deps]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DepsPolicy {
    /// Days after which advisory data is old, which the verdict says; 0: never.
    pub max_age_days: u32,
    /// What old data does.
    pub old_data: OldData,
    /// Days that a locked version may be behind the newest one before `--online` says so; 0: never.
    pub outdated_days: u32,
    /// Names of packages that are never asked about online; `*` stands for any text.
    pub private: Vec<String>,
    /// OpenVEX documents, relative to the settings.
    pub vex: Vec<String>,
    /// `[deps.deadlines]`
    pub deadlines: Deadlines,
}

impl Default for DepsPolicy {
    fn default() -> Self {
        DepsPolicy {
            max_age_days: 30,
            old_data: OldData::Say,
            outdated_days: 730,
            private: Vec::new(),
            vex: Vec::new(),
            deadlines: Deadlines::default(),
        }
    }
}

/// What advisory data that is old does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldData {
    /// The verdict says it.
    Say,
    /// The verdict is "incomplete".
    Incomplete,
}

/// `[deps.deadlines]`: the days an advisory of a severity may stay after its publication; `None`: the gate alone decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Deadlines {
    /// For critical ones.
    pub critical: Option<u32>,
    /// For high ones.
    pub high: Option<u32>,
    /// For medium ones, and those without a score.
    pub medium: Option<u32>,
    /// For low ones, RustSec's informational ones included.
    pub low: Option<u32>,
}

impl Deadlines {
    /// The days of a severity.
    pub fn days(&self, severity: Severity) -> Option<u32> {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium | Severity::Unknown => self.medium,
            Severity::Low => self.low,
        }
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

/// `[hooks]`: which git hooks `weft init` installs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Hooks {
    /// `weft scan --staged` before each commit.
    pub pre_commit: bool,
    /// The same before each merge commit.
    pub pre_merge_commit: bool,
    /// `weft verify` before each push.
    pub pre_push: bool,
}

impl Default for Hooks {
    fn default() -> Self {
        Hooks { pre_commit: true, pre_merge_commit: true, pre_push: false }
    }
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
    /// The file and line of the entry: "weft.toml:8".
    #[serde(skip)]
    pub at: String,
}

impl AllowEntry {
    /// Where the entry stands.
    pub fn place(&self) -> String {
        if self.at.is_empty() { "weft.toml".to_owned() } else { self.at.clone() }
    }
}

impl Policy {
    /// The ids of the rules that `[levels]` switches off.
    pub fn off(&self) -> Vec<&str> {
        let off = self.levels.iter().filter(|(_, level)| matches!(level, LevelOf::Off));
        off.map(|(rule, _)| rule.as_str()).collect()
    }

    /// The weft.toml that `weft init` writes: every setting with its default and meaning, as comments where there is none.
    pub fn commented() -> String {
        include_str!("weft.toml").to_owned()
    }

    /// Reads weft.toml; `name` is what errors call it. Errors (kind `Settings`) name the line, and what is allowed there.
    pub fn parse(name: &str, text: &str) -> Result<Policy> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut policy: Policy = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let message = printable(&error.message().replace('\n', "; "));
            let hint = did_you_mean(error.message());
            wrong(name, line, format!("{message}{hint}"))
        })?;
        policy.confidential = Confidential::read(name, text)?;
        let places = places(text);
        for (entry, line) in policy.allow.iter_mut().zip(&places.allow) {
            entry.at = format!("{name}:{line}");
        }
        policy.check(name, &places)?;
        Ok(policy)
    }

    /// What the types cannot say: dates are dates, patterns are patterns, reasons are there, bounds leave room.
    fn check(&self, name: &str, places: &Places) -> Result<()> {
        if self.gate.fail_on == Severity::Unknown {
            let message = "`fail-on` is \"low\", \"medium\", \"high\" or \"critical\"";
            return Err(wrong(name, places.fail_on, message.into()));
        }
        if self.limits.file_bytes == 0 || self.limits.files == 0 {
            return Err(wrong(name, places.limits, "a limit of 0 checks nothing".into()));
        }
        if self.review.valid_days == Some(0) {
            let message = "an approval that counts 0 days never counts; leave `valid-days` out for ever";
            return Err(wrong(name, places.review, message.into()));
        }
        for (entry, line) in self.allow.iter().zip(places.allow.iter().chain(std::iter::repeat(&1))) {
            if let Some(message) = entry.fault() {
                return Err(wrong(name, *line, message));
            }
        }
        let mut patterns = ignore::gitignore::GitignoreBuilder::new("");
        for (pattern, line) in self.exclude.iter().zip(places.exclude.iter().chain(std::iter::repeat(&1))) {
            patterns.add_line(None, pattern).map_err(|error| {
                wrong(name, *line, format!("`exclude`: no pattern: {}", printable(&error.to_string())))
            })?;
        }
        Ok(())
    }
}

impl AllowEntry {
    fn fault(&self) -> Option<String> {
        if !self.reason.contains(char::is_alphabetic) {
            return Some(format!("the allowance of {} needs a `reason`", printable(&self.rule)));
        }
        if self.expires.as_ref().is_some_and(|day| day.parse::<Date>().is_err()) {
            return Some("`expires` is a day, written \"2027-01-31\"".into());
        }
        let fault = suppress::matcher(self).err()?;
        Some(format!("`path`: no pattern: {}", printable(&fault.to_string())))
    }
}

fn wrong(name: &str, line: usize, message: String) -> Error {
    Error::new(ErrorKind::Settings, format!("{name}:{line}: {message}"))
        .hint("`weft init --print` shows every setting with its meaning")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Lines of what [`Policy::check`] may have to name.
#[derive(Default)]
struct Places {
    allow: Vec<usize>,
    exclude: Vec<usize>,
    fail_on: usize,
    limits: usize,
    review: usize,
}

/// Finds the lines in a text that reads as a [`Policy`].
fn places(text: &str) -> Places {
    use serde::de::IgnoredAny;
    use toml::Spanned;
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", default)]
    struct Spans {
        allow: Vec<Spanned<IgnoredAny>>,
        exclude: Vec<Spanned<IgnoredAny>>,
        gate: BTreeMap<String, Spanned<IgnoredAny>>,
        limits: Option<Spanned<IgnoredAny>>,
        review: Option<Spanned<IgnoredAny>>,
    }
    let spans: Spans = toml::from_str(text).unwrap_or_default();
    let line = |span: &Spanned<IgnoredAny>| line_of(text, span.span().start);
    Places {
        allow: spans.allow.iter().map(line).collect(),
        exclude: spans.exclude.iter().map(line).collect(),
        fail_on: spans.gate.get("fail-on").map_or(1, line),
        limits: spans.limits.as_ref().map_or(1, line),
        review: spans.review.as_ref().map_or(1, line),
    }
}
