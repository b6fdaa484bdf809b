//! Conditions that a query may ask for beyond tree-sitter's `#eq?`, `#match?` and `#any-of?`:
//!
//! - `(#resolves-to? @callee "hashlib.md5" "requests.*")`: through the file's imports the name is one of those
//! - `(#imports? "flask")`: the file imports that module or a part of it
//! - `(#path? "settings")`: the path that the text is bound for matches
//! - `(#goes-to? @value "(?i)token")`: a variable, property or argument that the value ends up in is named so
//! - `(#fixed? @value)`: the argument of a call is a constant, as far as the flow of data tells
//! - `(#within? @value "(?i)token")`: the innermost function around it is named so
//! - `(#around? @value "__proto__")`: the text of the innermost function around it matches; at the top level, that of
//!   the lines nearby
//! - `(#constant? @value "^'$")`: what it reads as matches, when it is a literal, literals joined by `+`, or a name that
//!   the file last bound to one; a regular expression reads as `/pattern/flags`
//! - `(#reads? @value "^(False|0)$")`: its source text matches; of a name, the text of what the file last bound to it
//!
//! `not-` before the name turns each into its opposite.

use std::cell::OnceCell;

use regex::Regex;
use tree_sitter::{Node, QueryPredicate, QueryPredicateArg};

use super::constant::Constants;
use super::destination;
use crate::syntax::{Imports, Parsed};

/// The file that a match stands in.
pub(super) struct Surroundings<'a> {
    pub(super) parsed: &'a Parsed<'a>,
    pub(super) imports: &'a Imports,
    pub(super) path: Option<&'a str>,
    /// The bytes of arguments that are constants without being literals.
    pub(super) fixed: &'a dyn Fn(std::ops::Range<usize>) -> bool,
    /// Read when a condition first asks for them.
    pub(super) constants: OnceCell<Constants<'a>>,
}

/// One condition of a pattern.
pub(super) struct Condition {
    test: Test,
    wanted: bool,
}

enum Test {
    Resolves(u32, Vec<String>),
    Imports(Vec<String>),
    Path(Regex),
    GoesTo(u32, Regex),
    Within(u32, Regex),
    Fixed(u32),
    Around(u32, Regex),
    Constant(u32, Regex),
    Reads(u32, Regex),
}

impl Condition {
    /// That capture `index` resolves to one of `names`.
    pub(super) fn resolves(index: u32, names: Vec<String>) -> Self {
        Condition { test: Test::Resolves(index, names), wanted: true }
    }

    /// Reads a predicate of a query; the error is a clause.
    pub(super) fn compile(predicate: &QueryPredicate) -> Result<Self, String> {
        let name = predicate.operator.trim_end_matches('?');
        let (wanted, name) = name.strip_prefix("not-").map_or((true, name), |name| (false, name));
        let mut capture = None;
        let mut strings = Vec::new();
        for argument in &predicate.args {
            match argument {
                QueryPredicateArg::Capture(index) => capture = Some(*index),
                QueryPredicateArg::String(text) => strings.push(text.to_string()),
            }
        }
        let regex = || {
            let [text] = strings.as_slice() else { return Err(format!("#{name}? takes one expression")) };
            Regex::new(text).map_err(|error| format!("#{name}?: {error}"))
        };
        let test = match (name, capture) {
            ("resolves-to", Some(index)) => Test::Resolves(index, strings),
            ("imports", None) => Test::Imports(strings),
            ("path", None) => Test::Path(regex()?),
            ("goes-to", Some(index)) => Test::GoesTo(index, regex()?),
            ("within", Some(index)) => Test::Within(index, regex()?),
            ("fixed", Some(index)) => Test::Fixed(index),
            ("around", Some(index)) => Test::Around(index, regex()?),
            ("constant", Some(index)) => Test::Constant(index, regex()?),
            ("reads", Some(index)) => Test::Reads(index, regex()?),
            _ => return Err(format!("a query has no condition #{}", predicate.operator)),
        };
        Ok(Condition { test, wanted })
    }

    /// Whether it holds for a match; `node` gives the node of a capture.
    pub(super) fn holds<'a>(
        &self,
        node: &dyn Fn(u32) -> Option<Node<'a>>,
        around: &Surroundings<'a>,
    ) -> bool {
        let parsed = around.parsed;
        let holds = match &self.test {
            Test::Resolves(index, names) => node(*index)
                .and_then(|node| around.imports.resolve(parsed, node))
                .is_some_and(|path| names.iter().any(|name| named(name, &path))),
            Test::Imports(modules) => around.imports.iter().any(|(_, path)| {
                modules.iter().any(|module| {
                    path.strip_prefix(module.as_str())
                        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
                })
            }),
            Test::Path(regex) => around.path.is_some_and(|path| regex.is_match(path)),
            Test::GoesTo(index, regex) => node(*index)
                .is_some_and(|node| destination::names(parsed, node).iter().any(|name| regex.is_match(name))),
            Test::Within(index, regex) => node(*index)
                .and_then(|node| destination::function(parsed, node))
                .is_some_and(|name| regex.is_match(name)),
            Test::Fixed(index) => node(*index).is_some_and(|node| {
                matches!(
                    node.kind(),
                    "string" | "integer" | "float" | "number" | "true" | "false" | "none" | "null"
                ) || (around.fixed)(node.byte_range())
            }),
            Test::Around(index, regex) => {
                node(*index).is_some_and(|node| regex.is_match(destination::surroundings(parsed, node)))
            }
            Test::Constant(index, regex) => node(*index)
                .and_then(|node| around.constants.get_or_init(|| Constants::read(parsed)).text(parsed, node))
                .is_some_and(|text| regex.is_match(&text)),
            Test::Reads(index, regex) => node(*index).is_some_and(|node| {
                regex.is_match(around.constants.get_or_init(|| Constants::read(parsed)).source(parsed, node))
            }),
        };
        holds == self.wanted
    }
}

/// Whether `path` is `name`; a final `*` stands for any one name.
fn named(name: &str, path: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('.')),
        None => path == name,
    }
}
