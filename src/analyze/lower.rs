//! Source -> [`Program`]: one lowering a language.

mod javascript;
mod python;

use super::ir::Program;
use crate::syntax::{Language, Parsed};

/// How deep statements and expressions may nest: deeper ones are left out, and the program says so.
const DEEPEST: u32 = 120;

/// What is said when they nest deeper.
const TOO_DEEP: &str = "code nested more than 120 levels deep was left out";

/// Lowers a parsed text.
pub(super) fn lower(parsed: &Parsed<'_>) -> Program {
    match parsed.language {
        Language::Python => python::lower(parsed),
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript::lower(parsed),
    }
}

/// The name under which an interface is kept.
pub(super) fn interface_name(name: &str) -> String {
    format!("interface {name}")
}
