//! Python's `re`: what a test of a text against an expression tells of its characters, and what a match and a
//! replacement still hold.

use std::rc::Rc;

use super::Engine;
use super::charset::Extent;
use super::function::Frame;
use super::guard::Cleaned;
use super::value::{Abstract, Known, texts};
use crate::analyze::ir::{Argument, Op, Value};
use crate::analyze::model::{ANY, Kinds};
use crate::rule::Slot;
use crate::syntax::Language;

/// The flags of an expression are looked for in so many operands.
const MOST_FLAGS: usize = 8;

/// The expression that a call uses.
enum Expression {
    /// One of these.
    Known(Vec<Rc<str>>),
    /// One of the program's own that is not known here.
    Own,
    /// One that somebody else has chosen.
    Given,
}

/// A call that uses an expression.
struct Use<'x> {
    expression: Expression,
    /// `match`, `sub`
    verb: &'x str,
    /// What it is applied to.
    text: Option<Value>,
}

impl Engine<'_> {
    /// `re.compile("[a-z]+")`, whose expression is known.
    pub(super) fn compiled(&self, frame: &Frame<'_>, path: &str, arguments: &[Argument]) -> Option<Known> {
        if self.language != Language::Python || path != "re.compile()" {
            return None;
        }
        let body = self.given(0, "pattern", arguments)?;
        let flags = self.given(1, "flags", arguments).map_or_else(String::new, |it| self.flags(frame, it));
        match &frame.value(body).known {
            Known::Text(body) => Some(Known::Pattern(format!("/{body}/{flags}P").into())),
            _ => None,
        }
    }

    /// What a test of a text against an expression tells of it; `None` when the call is none.
    pub(super) fn tested_by_expression(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let used = self.used(frame, callee, arguments)?;
        let extent = match used.verb {
            "match" => Extent::Start,
            "fullmatch" => Extent::Whole,
            "search" => Extent::Anywhere,
            _ => return None,
        };
        let kinds = match &used.expression {
            Expression::Known(all) => {
                all.iter().fold(ANY, |kinds, one| kinds & self.models.dangers.tested(one, extent, holds))
            }
            // An expression from elsewhere is taken to be what it is for.
            Expression::Own if holds && extent != Extent::Anywhere => ANY,
            _ => 0,
        };
        let cleaned = used.text.filter(|_| kinds != 0).map(|text| (text, kinds, 0));
        Some(cleaned.into_iter().collect())
    }

    /// Whether a call yields a match, or nothing.
    pub(super) fn matches(&self, frame: &Frame<'_>, callee: Value, arguments: &[Argument]) -> bool {
        self.used(frame, callee, arguments)
            .is_some_and(|used| matches!(used.verb, "match" | "fullmatch" | "search"))
    }

    /// The kinds that what a call of an expression yields is clean for.
    pub(super) fn clean_by_expression(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
    ) -> Kinds {
        let Some(Use { expression: Expression::Known(all), verb, .. }) = self.used(frame, callee, arguments)
        else {
            return 0;
        };
        let with = match verb {
            "match" | "fullmatch" | "search" | "findall" | "finditer" => None,
            // All of them are replaced, by a text that is known.
            "sub" if arguments.len() <= 3 => {
                let at = usize::from(!self.of_compiled(frame, callee));
                let with = self.given(at, "repl", arguments).map(|with| &frame.value(with).known);
                match with {
                    Some(Known::Text(with)) => Some(with.clone()),
                    _ => return 0,
                }
            }
            _ => return 0,
        };
        all.iter().fold(ANY, |kinds, one| {
            kinds
                & match &with {
                    Some(with) => self.models.dangers.replaced(&format!("{one}g"), with),
                    None => self.models.dangers.matched(one),
                }
        })
    }

    fn of_compiled(&self, frame: &Frame<'_>, callee: Value) -> bool {
        let Op::Member(object, _) = frame.function.step(callee).op else { return false };
        matches!(frame.value(object).known, Known::Pattern(_))
    }

    /// The expression that a call uses, how, and on what.
    fn used(&self, frame: &Frame<'_>, callee: Value, arguments: &[Argument]) -> Option<Use<'_>> {
        if self.language != Language::Python {
            return None;
        }
        let member = match &frame.function.step(callee).op {
            Op::Member(object, name) => Some((*object, self.program.names.text(*name))),
            _ => None,
        };
        if let Some((object, verb)) = member {
            let at = usize::from(verb.starts_with("sub"));
            let text = self.given(at, "string", arguments);
            if let Known::Pattern(pattern) = &frame.value(object).known {
                return Some(Use { expression: Expression::Known(vec![pattern.clone()]), verb, text });
            }
        }
        let Known::Path(node) = frame.value(callee).known else { return None };
        let (of, verb) = self.table.node(node).path.rsplit_once('.')?;
        match (of, member) {
            ("re", _) => {
                let at = usize::from(verb.starts_with("sub"));
                let pattern = frame.value(self.given(0, "pattern", arguments)?);
                let text = self.given(1 + at, "string", arguments);
                let flags = self.given(2 + 2 * at, "flags", arguments);
                let flags = flags.map_or_else(String::new, |flags| self.flags(frame, flags));
                Some(Use { expression: self.expression_of(pattern, &flags), verb, text })
            }
            ("re.compile()", Some((object, _))) => {
                let at = usize::from(verb.starts_with("sub"));
                let text = self.given(at, "string", arguments);
                Some(Use { expression: self.expression_of(frame.value(object), ""), verb, text })
            }
            _ => None,
        }
    }

    fn expression_of(&self, pattern: &Abstract, flags: &str) -> Expression {
        let bodies = texts(&pattern.known);
        match &pattern.known {
            Known::Pattern(pattern) => Expression::Known(vec![pattern.clone()]),
            _ if !bodies.is_empty() => {
                Expression::Known(bodies.iter().map(|body| format!("/{body}/{flags}P").into()).collect())
            }
            _ if self.ours(pattern) => Expression::Own,
            _ => Expression::Given,
        }
    }

    /// The argument at a place, or of a name.
    fn given(&self, at: usize, name: &str, arguments: &[Argument]) -> Option<Value> {
        let slot = Slot::Position(at, Some(name.to_owned()));
        self.filling(&slot, arguments).first().map(|argument| argument.value)
    }

    /// `re.I | re.M` as JavaScript writes it.
    fn flags(&self, frame: &Frame<'_>, flags: Value) -> String {
        let (mut read, mut left, mut seen) = (String::new(), vec![flags], 0);
        while let Some(value) = left.pop() {
            seen += 1;
            if seen > MOST_FLAGS {
                break;
            }
            let name = match frame.function.step(value).op {
                Op::Binary(_, one, other) => {
                    left.extend([one, other]);
                    continue;
                }
                Op::Member(_, name) | Op::Load(name) => self.program.names.text(name),
                _ => continue,
            };
            read.push_str(match name {
                "I" | "IGNORECASE" => "i",
                "M" | "MULTILINE" => "m",
                "X" | "VERBOSE" => "x",
                _ => "",
            });
        }
        read
    }
}
