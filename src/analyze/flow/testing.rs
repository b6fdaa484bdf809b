//! Tests in the ways of JavaScript: lists and tables of what is allowed, regular expressions, `typeof`; and tests that
//! are functions of the file, in any language.

use super::Engine;
use super::charset::Extent;
use super::function::Frame;
use super::guard::Cleaned;
use super::value::{Abstract, Known};
use crate::analyze::ir::{Argument, Binary, End, Op, Pass, Unary, Value};
use crate::analyze::model::ANY;
use crate::syntax::Language;

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
        // A promise is true whatever it comes to; so is a generator.
        if self.program.function(id).later && !self.is_awaited(frame, callee) {
            return Some(Vec::new());
        }
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
                // What a text holds, or does not hold, tells what it is clean for.
                let told = self.table.contains.iter().filter(|it| it.negated != holds);
                let told = told.filter(|it| text.contains(&it.text));
                Some(told.map(|it| (object, it.kinds, it.after)).collect())
            }
            "test" | "exec" => self.by_pattern(held, first, holds),
            "match" => self.by_pattern(given, object, holds),
            // The place of what was found: 0 is the start, and -1 is true.
            "search" if !holds => self.by_pattern(given, object, true),
            "search" => Some(Vec::new()),
            "every" if holds => Some(self.each_tested(frame, object, first, true)),
            "some" if holds => Some(self.one_equal(frame, object, first)),
            "some" if !holds => Some(self.each_tested(frame, object, first, false)),
            _ => None,
        }
    }

    fn by_pattern(&self, pattern: &Abstract, tested: Value, holds: bool) -> Option<Vec<Cleaned>> {
        let kinds = match &pattern.known {
            Known::Pattern(pattern) => self.models.dangers.tested(pattern, Extent::Anywhere, holds),
            Known::Text(body) => self.models.dangers.tested(&format!("/{body}/"), Extent::Anywhere, holds),
            // An expression from elsewhere is taken to be what it is for.
            _ if holds && pattern.taint.is_empty() => ANY,
            _ => 0,
        };
        Some(if kinds == 0 { Vec::new() } else { vec![(tested, kinds, 0)] })
    }

    /// `list.some((one) => one === name)` says that the name is in the list.
    fn one_equal(&self, frame: &Frame<'_>, list: Value, function: Value) -> Vec<Cleaned> {
        let kinds = self.listed_in(frame, list);
        let (Known::Function(id) | Known::Bound(id, _)) = &frame.value(function).known else {
            return Vec::new();
        };
        let inner = self.program.function(*id);
        let Some(own) = inner.parameters.first().filter(|_| kinds != 0 && !inner.later) else {
            return Vec::new();
        };
        let mut returned = inner.blocks.iter().filter_map(|block| match block.end {
            End::Return(value) => value,
            _ => None,
        });
        let (Some(value), None) = (returned.next(), returned.next()) else { return Vec::new() };
        let Op::Binary(Binary::Eq, left, right) = inner.step(value).op else { return Vec::new() };
        let (Op::Load(one), Op::Load(other)) = (&inner.step(left).op, &inner.step(right).op) else {
            return Vec::new();
        };
        let name = match *one == own.name {
            true => *other,
            false if *other == own.name => *one,
            false => return Vec::new(),
        };
        let read = frame.function.steps.iter().position(
            |step| matches!(step.op, Op::Load(read) | Op::Store(read, _) if read == name && name != own.name),
        );
        read.map(|at| (Value(at as u32), kinds, 0)).into_iter().collect()
    }

    /// Whether what a function of the file yields is awaited where it is called, or by who awaits this one.
    fn is_awaited(&self, frame: &Frame<'_>, callee: Value) -> bool {
        let of = |value: Value| matches!(frame.function.step(value).op, Op::Call { callee: called, .. } if called == callee);
        let returned = |end: &End| matches!(end, End::Return(Some(value)) if of(*value));
        if frame.function.later
            && self.language != Language::Python
            && frame.function.blocks.iter().any(|block| returned(&block.end))
        {
            return true;
        }
        frame.function.steps.iter().skip(callee.0 as usize).any(|step| match step.op {
            Op::Await(inner) => of(inner),
            _ => false,
        })
    }

    /// `list.every(allowed)`, `!list.some(forbidden)`
    fn each_tested(&self, frame: &Frame<'_>, object: Value, function: Value, holds: bool) -> Vec<Cleaned> {
        let (Known::Function(id) | Known::Bound(id, _)) = &frame.value(function).known else {
            return Vec::new();
        };
        // A promise is true whatever it comes to.
        if self.program.function(*id).later {
            return Vec::new();
        }
        let tests = self.summary_if_made(*id).and_then(|summary| summary.tests.first().copied());
        let kinds = tests.map_or(0, |tests| if holds { tests.holds } else { tests.fails });
        if kinds == 0 { Vec::new() } else { vec![(object, kinds, 0)] }
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
            // `const found = text.match(pattern)` before it is compared.
            let side = match (&told.known, &frame.function.step(side).op) {
                (Known::Null, Op::Load(_)) => self.meant(frame, side, true).0,
                _ => side,
            };
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
        if self.program.names.text(name) == "search" {
            return self.by_pattern(frame.value(arguments.first()?.value), object, inside);
        }
        self.tested_in_script(frame, object, "includes", arguments, inside)
    }
}
