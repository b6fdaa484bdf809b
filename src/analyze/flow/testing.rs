//! Tests in the ways of JavaScript: lists and tables of what is allowed, regular expressions, `typeof`; and tests that
//! are functions of the file, in any language.

use super::Engine;
use super::function::Frame;
use super::guard::Cleaned;
use super::value::{Abstract, Known};
use crate::analyze::ir::{Argument, Binary, Op, Pass, Unary, Value};
use crate::analyze::model::{ANY, Kinds};

impl Engine<'_> {
    /// What a function of the file says of its arguments when its result is true, or is false.
    pub(super) fn tested_by_function(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let (id, first) = match &frame.value(callee).known {
            Known::Function(id) => (*id, 0),
            Known::Bound(id, bound) if bound.first.is_empty() => (*id, 0),
            Known::Method(id, _) => (*id, 0),
            _ => return None,
        };
        let summary = self.summary_if_made(id)?;
        let shift = usize::from(self.lists_receiver(id)) + first;
        let plain = arguments.iter().filter(|argument| argument.pass == Pass::Plain);
        let cleaned = plain.enumerate().filter_map(|(index, argument)| {
            let tests = summary.tests.get(index + shift)?;
            let kinds = if holds { tests.holds } else { tests.fails };
            (kinds != 0).then_some((argument.value, kinds, 0))
        });
        Some(cleaned.collect())
    }

    /// A test that is a call of a method; `None` when the name says nothing.
    pub(super) fn tested_in_script(
        &self,
        frame: &Frame<'_>,
        object: Value,
        name: &str,
        arguments: &[Argument],
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let held = frame.value(object);
        let first = arguments.first()?.value;
        let given = frame.value(first);
        match name {
            "includes" | "has" | "contains" | "hasOwnProperty" => {
                let kinds = self.listed_in(frame, object);
                if kinds != 0 {
                    return Some(if holds { vec![(first, kinds, 0)] } else { Vec::new() });
                }
                let Known::Text(text) = &given.known else { return Some(Vec::new()) };
                let kinds = self.without(text, !holds);
                Some(if kinds == 0 { Vec::new() } else { vec![(object, kinds, 0)] })
            }
            "test" | "exec" => self.by_pattern(held, first, holds),
            "match" | "search" => self.by_pattern(given, object, holds),
            "every" if holds => Some(self.each_tested(frame, object, first, true)),
            "some" if !holds => Some(self.each_tested(frame, object, first, false)),
            _ => None,
        }
    }

    fn by_pattern(&self, pattern: &Abstract, tested: Value, holds: bool) -> Option<Vec<Cleaned>> {
        let kinds = match &pattern.known {
            Known::Pattern(pattern) => self.models.dangers.tested(pattern, holds),
            // An expression from elsewhere is taken to be what it is for.
            _ if holds && pattern.taint.is_empty() => ANY,
            _ => 0,
        };
        Some(if kinds == 0 { Vec::new() } else { vec![(tested, kinds, 0)] })
    }

    /// `list.every(allowed)`, `!list.some(forbidden)`
    fn each_tested(&self, frame: &Frame<'_>, object: Value, function: Value, holds: bool) -> Vec<Cleaned> {
        let (Known::Function(id) | Known::Bound(id, _)) = &frame.value(function).known else {
            return Vec::new();
        };
        let tests = self.summary_if_made(*id).and_then(|summary| summary.tests.first().copied());
        let kinds = tests.map_or(0, |tests| if holds { tests.holds } else { tests.fails });
        if kinds == 0 { Vec::new() } else { vec![(object, kinds, 0)] }
    }

    /// The kinds that a text is clean for when it holds, or does not hold, that part.
    fn without(&self, part: &str, absent: bool) -> Kinds {
        let told = self.table.contains.iter().filter(|it| it.after == 0 && it.negated == absent);
        told.filter(|it| part.contains(&it.text)).fold(0, |kinds, it| kinds | it.kinds)
    }

    /// Comparisons: `typeof x === "number"`, `list.indexOf(x) === -1`, `x.match(pattern) !== null`, `key in table`.
    pub(super) fn compared_in_script(
        &self,
        frame: &Frame<'_>,
        operator: Binary,
        left: Value,
        right: Value,
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let equal = match operator {
            Binary::Eq => holds,
            Binary::Ne => !holds,
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
                return self.by_place(frame, operator, left, right, holds);
            }
            Binary::In => {
                let kinds = if holds { self.listed_in(frame, right) } else { 0 };
                return Some(if kinds == 0 { Vec::new() } else { vec![(left, kinds, 0)] });
            }
            _ => return None,
        };
        for (side, other) in [(left, right), (right, left)] {
            let told = frame.value(other);
            match (&frame.function.step(side).op, &told.known) {
                (Op::Unary(Unary::TypeOf, inner), Known::Text(kind)) => {
                    let kinds = match (&**kind, equal) {
                        ("number" | "boolean" | "bigint" | "undefined" | "function" | "symbol", true) => ANY,
                        // A text is no object with operators in it.
                        ("string", true) => self.models.object_kinds,
                        ("object", false) => self.models.object_kinds,
                        _ => 0,
                    };
                    return Some(if kinds == 0 { Vec::new() } else { vec![(*inner, kinds, 0)] });
                }
                (Op::Call { .. }, Known::Int(-1)) => {
                    return self.by_place(frame, operator, side, other, holds);
                }
                (Op::Call { callee, arguments }, Known::Null) => {
                    let Op::Member(object, name) = frame.function.step(*callee).op else { return None };
                    let name = self.program.names.text(name);
                    return self.tested_in_script(frame, object, name, arguments, !equal);
                }
                (Op::Call { callee, arguments }, Known::Bool(truth)) => {
                    return Some(self.tested(frame, *callee, arguments, *truth == equal));
                }
                _ => {}
            }
        }
        None
    }

    /// `list.indexOf(x) < 0` and the other ways to say that something is, or is not, in a list or a text.
    fn by_place(
        &self,
        frame: &Frame<'_>,
        operator: Binary,
        left: Value,
        right: Value,
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let Op::Call { callee, arguments } = &frame.function.step(left).op else { return None };
        let Op::Member(object, name) = frame.function.step(*callee).op else { return None };
        if !matches!(self.program.names.text(name), "indexOf" | "lastIndexOf" | "search") {
            return None;
        }
        let Known::Int(bound) = frame.value(right).known else { return None };
        let inside = match (operator, bound) {
            (Binary::Ne, -1) | (Binary::Gt, -1) | (Binary::Ge, 0) => holds,
            (Binary::Eq, -1) | (Binary::Lt, 0) | (Binary::Le, -1) => !holds,
            _ => return Some(Vec::new()),
        };
        let name = if self.program.names.text(name) == "search" { "search" } else { "includes" };
        self.tested_in_script(frame, object, name, arguments, inside)
    }
}
