//! Allowances: `weft: allow RULE reason` in a comment, `[[allow]]` in weft.toml.

use crate::redact::Redacted;

/// One allowance a document or the settings give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule it allows.
    pub rule: String,
    /// The reason.
    pub reason: String,
    /// The path it counts for.
    pub path: String,
    /// The line whose findings it allows; `None`: the whole path.
    pub line: Option<u32>,
    /// Whether the judged change itself adds it: then it counts only once its reviewer accepted it.
    pub added: bool,
}

/// The `weft: allow RULE reason` comments of a document.
pub fn allowances(_document: &Redacted) -> Vec<Allowance> {
    Vec::new()
}
