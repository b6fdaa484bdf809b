//! A library model: what of one library is a source, a sink, a cleaner.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One TOML file of `rules/models/<language>/`. Lists are written as the language is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Model {
    /// "python" or "javascript" (which also covers TypeScript).
    pub language: String,
    /// The library's name.
    pub library: String,
    /// Source kind -> expressions.
    #[serde(default)]
    pub source: BTreeMap<String, Vec<String>>,
    /// Sink kind -> calls; a number in the call is the argument that must be clean.
    #[serde(default)]
    pub sink: BTreeMap<String, Vec<String>>,
    /// Sink kind -> calls whose result is clean for that kind only.
    #[serde(default)]
    pub clean: BTreeMap<String, Vec<String>>,
}

impl Model {
    /// Reads one model file; the error holds the 1-based line and a clause.
    pub fn parse(text: &str) -> Result<Model, super::PageError> {
        toml::from_str(text).map_err(|error| super::page::toml_error(text, 1, &error))
    }
}
