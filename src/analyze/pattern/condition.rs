//! What has to hold of a match besides its form. tree-sitter's own: `#eq?`, `#match?` and `#any-of?` on the text of a
//! capture, each with `not-` before it, and with `any-` when one of several captured nodes is enough. Beyond them:
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

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;

use regex::Regex;
use tree_sitter::Node;

use super::constant::Constants;
use super::destination;
use crate::rule::nearest;
use crate::syntax::{Imports, Parsed, unquoted};

/// The file that a match stands in.
pub(super) struct Surroundings<'a> {
    pub(super) parsed: &'a Parsed<'a>,
    pub(super) imports: &'a Imports,
    pub(super) path: Option<&'a str>,
    /// The bytes of arguments that are constants without being literals.
    pub(super) fixed: &'a dyn Fn(std::ops::Range<usize>) -> bool,
    /// Read when a condition first asks for them.
    constants: OnceCell<Constants<'a>>,
    /// What nodes resolve to: many rules ask for the same callee.
    resolved: RefCell<BTreeMap<usize, Option<Rc<str>>>>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(
        parsed: &'a Parsed<'a>,
        imports: &'a Imports,
        path: Option<&'a str>,
        fixed: &'a dyn Fn(std::ops::Range<usize>) -> bool,
    ) -> Self {
        let (constants, resolved) = (OnceCell::new(), RefCell::default());
        Surroundings { parsed, imports, path, fixed, constants, resolved }
    }

    /// What a name stands for through the imports.
    pub(super) fn resolve(&self, node: Node<'_>) -> Option<Rc<str>> {
        let mut resolved = self.resolved.borrow_mut();
        let found = || self.imports.resolve(self.parsed, node).map(Rc::from);
        resolved.entry(node.id()).or_insert_with(found).clone()
    }

    fn constants(&self) -> &Constants<'a> {
        self.constants.get_or_init(|| Constants::read(self.parsed))
    }
}

/// What a condition is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Capture(u16),
    Text(String),
}

impl Argument {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Argument::Text(text) => Some(text),
            Argument::Capture(_) => None,
        }
    }
}

/// A regular expression that is compiled when a node is first held against it.
pub(super) struct Expression {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        // What is too large to be compiled is told when rules are checked, and until then excludes nothing.
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it can be compiled; the error is a clause.
    pub(super) fn compile(&self) -> Result<(), String> {
        Regex::new(&self.text).map(drop).map_err(|error| self.wrong(&error))
    }

    /// What is wrong with it, as a clause.
    pub(super) fn wrong(&self, error: &dyn std::fmt::Display) -> String {
        let error = error.to_string();
        // The last line says what is wrong; those before draw the expression.
        let last = error.lines().last().unwrap_or("").trim_start_matches("error: ");
        format!("its expression `{}`: {last}", self.text)
    }
}

/// One condition of a pattern.
pub(super) struct Condition {
    pub(super) test: Test,
    pub(super) capture: Option<u16>,
    pub(super) wanted: bool,
    /// One of several captured nodes is enough.
    any: bool,
    /// The line of the query that it stands on, from 0.
    pub(super) line: usize,
}

pub(super) enum Test {
    Eq(String),
    Same(u16),
    AnyOf(Vec<String>),
    Match(Expression),
    Resolves(Vec<String>),
    Imports(Vec<String>),
    Path(Expression),
    GoesTo(Expression),
    Within(Expression),
    Fixed,
    Around(Expression),
    Constant(Expression),
    Reads(Expression),
}

/// The names of conditions, as they stand between `#`, `not-` and `?`.
const NAMES: [&str; 12] = [
    "eq",
    "match",
    "any-of",
    "resolves-to",
    "imports",
    "path",
    "goes-to",
    "within",
    "fixed",
    "around",
    "constant",
    "reads",
];

impl Condition {
    /// That capture `index` resolves to one of `names`.
    pub(super) fn resolves(index: u16, names: Vec<String>) -> Self {
        Condition { test: Test::Resolves(names), capture: Some(index), wanted: true, any: false, line: 0 }
    }

    /// Reads a condition such as `#not-match?`; the error is a clause.
    pub(super) fn compile(operator: &str, arguments: Vec<Argument>) -> Result<Self, String> {
        let name = operator.trim_start_matches('#').trim_end_matches('?');
        let (any, name) = match name.strip_prefix("any-") {
            Some(rest) if rest != "of" => (true, rest),
            _ => (false, name),
        };
        let (wanted, name) = name.strip_prefix("not-").map_or((true, name), |name| (false, name));
        let mut captures = Vec::new();
        let mut strings = Vec::new();
        for argument in arguments {
            match argument {
                Argument::Capture(index) => captures.push(index),
                Argument::Text(text) => strings.push(text),
            }
        }
        let capture = captures.first().copied();
        let expression = || {
            let [text] = strings.as_slice() else { return Err(format!("#{name}? takes one expression")) };
            Ok(Expression { text: text.clone(), compiled: OnceLock::new() })
        };
        let test = match (name, captures.as_slice()) {
            ("eq", [_]) => match strings.as_slice() {
                [text] => Test::Eq(text.clone()),
                _ => return Err("#eq? takes one text or a second capture".to_owned()),
            },
            ("eq", [_, other]) if strings.is_empty() => Test::Same(*other),
            ("match", [_]) => Test::Match(expression()?),
            ("any-of", [_]) => Test::AnyOf(strings),
            ("resolves-to", [_]) => Test::Resolves(strings),
            ("imports", []) => Test::Imports(strings),
            ("path", []) => Test::Path(expression()?),
            ("goes-to", [_]) => Test::GoesTo(expression()?),
            ("within", [_]) => Test::Within(expression()?),
            ("fixed", [_]) => Test::Fixed,
            ("around", [_]) => Test::Around(expression()?),
            ("constant", [_]) => Test::Constant(expression()?),
            ("reads", [_]) => Test::Reads(expression()?),
            (name, _) if NAMES.contains(&name) => {
                return Err(format!("a query has no condition {operator} of that form"));
            }
            (name, _) => {
                let hint = nearest(name, NAMES.into_iter());
                return Err(format!("a query has no condition {operator}{hint}"));
            }
        };
        Ok(Condition { test, capture, wanted, any, line: 0 })
    }

    /// The expression that it holds something against.
    pub(super) fn expression(&self) -> Option<&Expression> {
        match &self.test {
            Test::Match(it)
            | Test::Path(it)
            | Test::GoesTo(it)
            | Test::Within(it)
            | Test::Around(it)
            | Test::Constant(it)
            | Test::Reads(it) => Some(it),
            _ => None,
        }
    }

    /// Whether it can be told of one node alone, and cheaply.
    pub(super) fn is_simple(&self) -> bool {
        !self.any && matches!(self.test, Test::Eq(_) | Test::AnyOf(_) | Test::Match(_) | Test::Resolves(_))
    }

    /// Whether it speaks of the file and of no node; and if so, whether it holds.
    pub(super) fn of_file(&self, around: &Surroundings<'_>) -> Option<bool> {
        let holds = match &self.test {
            Test::Imports(modules) => around.imports.iter().any(|(_, path)| {
                modules.iter().any(|module| {
                    path.strip_prefix(module.as_str())
                        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
                })
            }),
            Test::Path(expression) => around.path.is_some_and(|path| expression.is_match(path)),
            _ => return None,
        };
        Some(holds == self.wanted)
    }

    /// Whether it holds of one node; one that speaks of no single node does.
    pub(super) fn holds_of<'a>(&self, node: Node<'a>, around: &Surroundings<'a>) -> bool {
        let parsed = around.parsed;
        let text = || parsed.text_of(node);
        let holds = match &self.test {
            Test::Eq(wanted) => text() == wanted,
            Test::AnyOf(wanted) => wanted.iter().any(|wanted| text() == wanted),
            Test::Match(expression) => expression.is_match(text()),
            Test::Resolves(names) => {
                around.resolve(node).is_some_and(|path| names.iter().any(|name| named(name, &path)))
            }
            Test::GoesTo(expression) => {
                destination::names(parsed, node).iter().any(|name| expression.is_match(name))
            }
            Test::Within(expression) => {
                destination::function(parsed, node).is_some_and(|name| expression.is_match(name))
            }
            Test::Fixed => {
                let computed = || node.kind() == "string" && unquoted(parsed, node).computed;
                matches!(
                    node.kind(),
                    "string" | "integer" | "float" | "number" | "true" | "false" | "none" | "null"
                ) && !computed()
                    || (around.fixed)(node.byte_range())
            }
            Test::Around(expression) => expression.is_match(destination::surroundings(parsed, node)),
            Test::Constant(expression) => {
                around.constants().text(parsed, node).is_some_and(|text| expression.is_match(&text))
            }
            Test::Reads(expression) => expression.is_match(around.constants().source(parsed, node)),
            Test::Same(_) | Test::Imports(_) | Test::Path(_) => return true,
        };
        holds == self.wanted
    }

    /// Whether it holds of a match; `nodes` gives the nodes of a capture. What a match may lack: of texts that are not
    /// there everything holds, as for tree-sitter; nothing else does.
    pub(super) fn holds<'a>(&self, nodes: &dyn Fn(u16) -> Vec<Node<'a>>, around: &Surroundings<'a>) -> bool {
        let Some(capture) = self.capture else { return true };
        let captured = nodes(capture);
        match &self.test {
            Test::Same(other) => {
                let text = |node: &Node<'_>| around.parsed.text_of(*node);
                captured.iter().zip(&nodes(*other)).all(|(a, b)| (text(a) == text(b)) == self.wanted)
            }
            Test::Eq(_) | Test::AnyOf(_) | Test::Match(_) if self.any => {
                captured.is_empty() || captured.iter().any(|node| self.holds_of(*node, around))
            }
            Test::Eq(_) | Test::AnyOf(_) | Test::Match(_) => {
                captured.iter().all(|node| self.holds_of(*node, around))
            }
            _ => captured.first().map_or(!self.wanted, |node| self.holds_of(*node, around)),
        }
    }
}

/// Whether `path` is `name`; a final `*` stands for any one name.
fn named(name: &str, path: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('.')),
        None => path == name,
    }
}
