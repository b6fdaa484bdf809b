//! What weft knows, as data: a rule is one Markdown page, a library is one TOML file.
//!
//! `build.rs` uses this very module to compile `rules/` into the binary, so that pages given with `--rules` and the
//! built-in ones are read by one parser.

mod expression;
pub mod gitleaks;
mod model;
mod names;
mod page;
mod spelling;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Confidence, Severity};

pub use expression::{Expression, Part, Requirement, Root, Slot};
pub use model::{Handler, Hands, Model};
pub use names::Names;
pub(crate) use page::crc32;
pub use page::{Example, ExampleFile, PageError, expand, parse};
pub use spelling::{did_you_mean, nearest};

/// The folder of `rules/` that a page lives in: which stage reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Keys, tokens, passwords: `rules/secrets`.
    Secrets,
    /// Personal data: `rules/pii`.
    Pii,
    /// Weaknesses in code: `rules/code`.
    Code,
    /// Hidden text and differing readings: `rules/text`.
    Text,
    /// What an output would write and make run: `rules/effects`.
    Effects,
    /// Packages: `rules/deps`.
    Deps,
}

impl Category {
    /// The category of a folder name.
    pub fn of(folder: &str) -> Option<Self> {
        Some(match folder {
            "secrets" => Category::Secrets,
            "pii" => Category::Pii,
            "code" => Category::Code,
            "text" => Category::Text,
            "effects" => Category::Effects,
            "deps" => Category::Deps,
            _ => return None,
        })
    }

    /// The folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Category::Secrets => "secrets",
            Category::Pii => "pii",
            Category::Code => "code",
            Category::Text => "text",
            Category::Effects => "effects",
            Category::Deps => "deps",
        }
    }
}

/// How a rule recognises what it is about: exactly one of the `[match.*]` tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Match {
    /// A text pattern with anchors.
    Secret(SecretMatch),
    /// Data from a source kind that reaches a sink kind.
    Taint(TaintMatch),
    /// A tree-sitter query; the page's `query` fences hold it.
    Query(QueryMatch),
    /// Code of weft's own reports it.
    Native(NativeMatch),
}

/// `[match.secret]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretMatch {
    /// Literal anchors, one of which stands in or near every match; matched without regard to case.
    pub keywords: Vec<String>,
    /// The pattern. The group named `secret`, else the first group, else the whole match is the secret.
    pub regex: String,
    /// For keys without a format of their own: a keyword stands in the name that a value is assigned to, or just before
    /// a plain `api_key` or `token`, in any notation, and the whole value matches `regex`, which needs no anchors.
    #[serde(default)]
    pub assigned: bool,
    /// The least Shannon entropy of the secret, in bits a character.
    #[serde(default)]
    pub entropy: Option<f32>,
    /// Validators by name (`redact::validate`): they raise or lower confidence, or drop what cannot be one.
    #[serde(default)]
    pub validate: Vec<String>,
    /// Words near the match without which it does not count.
    #[serde(default)]
    pub context: Vec<String>,
    /// A pattern over the path: only files whose path it matches count. With an empty `regex` the path is the finding.
    #[serde(default)]
    pub path: Option<String>,
    /// What is no finding although it matches.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// The number of the group that is the secret, whatever `regex` says of groups.
    #[serde(default)]
    pub group: Option<usize>,
    /// Where an imported rule stands, "team.toml:12". Its keywords say which texts are worth a look, and need not stand
    /// near a match.
    #[serde(skip)]
    pub imported: Option<String>,
}

/// An exception of a [`SecretMatch`]: what one of its lists matches is no finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Allow {
    /// Patterns over the path.
    pub paths: Vec<String>,
    /// Patterns over the `target`.
    pub regexes: Vec<String>,
    /// What `regexes` are matched against.
    pub target: Target,
    /// Words inside the secret, without regard to case.
    pub stopwords: Vec<String>,
    /// Whether every list that is not empty has to match, not only one.
    pub every: bool,
}

/// What the patterns of an [`Allow`] are matched against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// All that the rule's pattern matches.
    Match,
    /// The lines that the match stands on.
    Line,
}

/// `[match.taint]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TaintMatch {
    /// Source kinds of the models.
    pub source: Vec<String>,
    /// The sink kind of the models.
    pub sink: String,
    /// Other sink kinds, each with the source kinds that count there: `also.program = ["http"]`.
    #[serde(default)]
    pub also: BTreeMap<String, Vec<String>>,
}

/// `[match.query]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QueryMatch {
    /// The capture that is reported.
    #[serde(default = "report")]
    pub report: String,
    /// Fully qualified callees (`hashlib.md5`): a match counts only when the `@callee` capture resolves to one of them
    /// through the file's imports. Empty: no such check.
    #[serde(default)]
    pub callee: Vec<String>,
}

fn report() -> String {
    "report".into()
}

/// `[match.native]`: nothing to say; the id is the link to the code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NativeMatch {}

/// A rule: one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Kebab-case; equals the file name.
    pub id: String,
    /// The folder it lives in.
    pub category: Category,
    /// One clause, lower case, no full stop; `{name}` is filled by the stage.
    pub message: String,
    /// How bad.
    pub severity: Severity,
    /// How sure, before validators and context.
    pub confidence: Confidence,
    /// Weakness numbers.
    pub cwe: Vec<u16>,
    /// The version that brought it.
    pub since: String,
    /// What a mechanical fix does, if there is one.
    pub fix: Option<String>,
    /// Addresses to read on.
    pub references: Vec<String>,
    /// The rules that say more where they report the same lines: this one is left out there.
    #[serde(default)]
    pub yields_to: Vec<String>,
    /// How it is recognised.
    pub matcher: Match,
    /// `query` fences by language.
    pub queries: BTreeMap<String, String>,
    /// The `#` heading.
    pub title: String,
    /// The paragraphs between the heading and **Instead:**.
    pub meaning: String,
    /// The paragraph after **Instead:**, without that word.
    pub advice: String,
    /// The page after its head: heading, prose and examples, as Markdown.
    pub prose: String,
    /// Where a page from outside stands, for errors about it.
    #[serde(skip)]
    pub place: Place,
}

impl Rule {
    /// The message with each `{name}` of `fill` replaced by its value, as it may be printed.
    pub fn said(&self, fill: &[(&str, &str)]) -> String {
        let filled = fill.iter().fold(self.message.clone(), |message, (name, value)| {
            message.replace(&format!("{{{name}}}"), value)
        });
        crate::finding::printable(&filled)
    }
}

/// Where the parts of a page stand. Of a built-in rule nothing is known: it is held by tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The page's path.
    pub file: String,
    /// The line of each key of the head.
    pub keys: BTreeMap<String, usize>,
    /// The first line of each query.
    pub queries: BTreeMap<String, usize>,
}

impl Place {
    /// "rules/code/x.md:12: " for a line of the page; nothing for a built-in one.
    pub fn at(&self, line: usize) -> String {
        if self.file.is_empty() { String::new() } else { format!("{}:{line}: ", self.file) }
    }

    /// The same for a key of the head.
    pub fn at_key(&self, key: &str) -> String {
        self.at(self.keys.get(key).copied().unwrap_or(1))
    }
}

/// All rules and models of a run, by id and language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// Sorted by language and library.
    pub models: Vec<Model>,
}

impl RuleSet {
    /// The rule of that id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok().map(|index| &self.rules[index])
    }

    /// Adds a user's rule or model; a built-in id cannot be replaced. Returns false when the id is taken.
    pub fn add(&mut self, rule: Rule) -> bool {
        match self.rules.binary_search_by(|other| other.id.cmp(&rule.id)) {
            Ok(_) => false,
            Err(index) => {
                self.rules.insert(index, rule);
                true
            }
        }
    }
}
