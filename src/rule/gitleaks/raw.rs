//! The tables of a rule file as they are written.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::syntax::translate;
use super::{LIST, PATTERN};
use crate::rule::{Allow, Target};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) extend: Extend,
    pub(super) rules: Vec<Spanned<RawRule>>,
    pub(super) allowlist: Option<RawAllow>,
    pub(super) allowlists: Vec<RawAllow>,
    pub(super) prefilter: String,
    pub(super) filter: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Extend {
    pub(super) path: String,
    pub(super) url: String,
    pub(super) use_default: bool,
    pub(super) disabled_rules: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawRule {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) path: String,
    pub(super) regex: String,
    pub(super) secret_group: usize,
    pub(super) entropy: f32,
    pub(super) keywords: Vec<String>,
    pub(super) allowlist: Option<RawAllow>,
    pub(super) allowlists: Vec<RawAllow>,
    pub(super) filter: String,
    pub(super) skip_report: bool,
    pub(super) required: Option<Seen>,
    pub(super) validate: Option<Seen>,
    pub(super) token_efficiency: bool,
}

/// That something is there.
#[derive(Clone)]
pub(super) struct Seen;

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Seen)
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawAllow {
    pub(super) condition: String,
    pub(super) commits: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) regex_target: String,
    pub(super) regexes: Vec<String>,
    #[serde(alias = "stopWords")]
    pub(super) stopwords: Vec<String>,
    pub(super) target_rules: Vec<String>,
}

/// The keys of a file that are read, or say nothing that a scan needs.
pub(super) const TOP: &[&str] = &[
    "title",
    "description",
    "minVersion",
    "betterleaksMinVersion",
    "extend",
    "rules",
    "allowlist",
    "allowlists",
    "prefilter",
    "filter",
];
pub(super) const OF_RULE: &[&str] = &[
    "id",
    "description",
    "path",
    "regex",
    "secretGroup",
    "entropy",
    "keywords",
    "tags",
    "allowlist",
    "allowlists",
    "filter",
    "skipReport",
    "required",
    "validate",
    "tokenEfficiency",
    "specificity",
];

impl RawRule {
    /// Takes from `base` what this rule does not say itself.
    pub(super) fn over(&mut self, base: RawRule) {
        for (ours, theirs) in [
            (&mut self.description, base.description),
            (&mut self.regex, base.regex),
            (&mut self.path, base.path),
            (&mut self.filter, base.filter),
        ] {
            if ours.is_empty() {
                *ours = theirs;
            }
        }
        if self.entropy == 0.0 {
            self.entropy = base.entropy;
        }
        if self.secret_group == 0 {
            self.secret_group = base.secret_group;
        }
        self.keywords.extend(base.keywords);
        self.allowlists.extend(self.allowlist.take());
        self.allowlists.extend(base.allowlist.into_iter().chain(base.allowlists));
        self.skip_report |= base.skip_report;
        self.required = self.required.take().or(base.required);
        self.validate = self.validate.take().or(base.validate);
        self.token_efficiency |= base.token_efficiency;
    }
}

impl RawAllow {
    /// Translated; `None` when it names commits only. Errors: an unknown word, or more than the bounds.
    pub(super) fn allow(&self, at: &str) -> Result<Option<Allow>, String> {
        let every = match self.condition.to_ascii_lowercase().as_str() {
            "" | "or" | "||" => false,
            "and" | "&&" => true,
            _ => return Err(format!("{at}: `condition` of an allowlist is \"OR\" or \"AND\"")),
        };
        let target = match self.regex_target.as_str() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            _ => return Err(format!("{at}: `regexTarget` is \"secret\", \"match\" or \"line\"")),
        };
        let lists = [&self.paths, &self.regexes, &self.stopwords];
        if lists
            .iter()
            .any(|list| list.len() > LIST || list.iter().any(|text| text.chars().count() > PATTERN))
        {
            return Err(format!("{at}: an allowlist has at most {LIST} entries of {PATTERN} characters"));
        }
        // Without its commits an exception that asks for all its lists would except more than it says.
        if lists.iter().all(|list| list.is_empty()) || every && !self.commits.is_empty() {
            return Ok(None);
        }
        Ok(Some(Allow {
            paths: self.paths.iter().map(|path| translate(path)).collect(),
            regexes: self.regexes.iter().map(|regex| translate(regex)).collect(),
            target,
            stopwords: self.stopwords.iter().map(|word| word.to_lowercase()).collect(),
            every,
        }))
    }
}
