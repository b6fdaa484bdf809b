//! Tests in the ways of Python: `is None`, `isinstance`, `type(..) is`, `all(..)` and `any(..)` of a generator.

use super::Engine;
use super::annotation::is_value;
use super::function::Frame;
use super::guard::Cleaned;
use super::value::{Known, texts};
use crate::analyze::ir::{Argument, Binary, Op, Value};
use crate::analyze::model::{ANY, Kinds};
use crate::syntax::Language;

/// Types whose values are no texts, besides those that data is made: what is tested may be of any class under them.
const KINDS: &[&str] = &["Number", "Integral", "Real", "Enum", "IntEnum", "StrEnum"];

/// The types of the language among them, which need no import.
const BUILT_IN: &[&str] = &["int", "float", "bool", "complex"];

/// Types of text.
const TEXTS: &[&str] = &["str", "bytes"];

impl Engine<'_> {
    /// `isinstance(x, int)`; `None` when the call is no such test.
    pub(super) fn tested_type(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        let [tested, kinds] = arguments else { return None };
        if !self.built_in(frame, callee, "isinstance") {
            return None;
        }
        let kinds = if holds { self.typed_so(frame, kinds.value) } else { 0 };
        Some(if kinds == 0 { Vec::new() } else { vec![(tested.value, kinds, 0)] })
    }

    /// Whether a name is a function of the language, and none of the file's.
    fn built_in(&self, frame: &Frame<'_>, callee: Value, wanted: &str) -> bool {
        let Op::Load(name) = frame.function.step(callee).op else { return false };
        self.language == Language::Python
            && self.program.names.text(name) == wanted
            && !self.bound_here(frame, name)
    }

    /// The kinds that a value of these types is clean for.
    fn typed_so(&self, frame: &Frame<'_>, types: Value) -> Kinds {
        let step = frame.function.step(types);
        let name = match &step.op {
            Op::List(elements) if !elements.is_empty() => {
                return elements.iter().fold(ANY, |kinds, one| kinds & self.typed_so(frame, one.value));
            }
            Op::Load(name)
                if BUILT_IN.contains(&self.program.names.text(*name))
                    || TEXTS.contains(&self.program.names.text(*name)) =>
            {
                if self.bound_here(frame, *name) {
                    return 0;
                }
                *name
            }
            Op::Load(name) | Op::Member(_, name) => *name,
            _ => return 0,
        };
        match self.program.names.text(name) {
            name if is_value(name) || KINDS.contains(&name) => ANY,
            // A text has no operators in it.
            name if TEXTS.contains(&name) => self.models.object_kinds,
            _ => 0,
        }
    }

    /// `match is None`, `type(x) is not int`, `c in "abc"` of a character; `None` when it is nothing of these.
    pub(super) fn compared_in_python(
        &self,
        frame: &Frame<'_>,
        operator: Binary,
        [left, right]: [Value; 2],
        holds: bool,
    ) -> Option<Vec<Cleaned>> {
        if matches!(operator, Binary::In | Binary::NotIn) {
            let inside = holds == (operator == Binary::In);
            return self
                .character_of(frame, left, right)
                .filter(|_| inside)
                .map(|kinds| vec![(left, kinds, 0)]);
        }
        let equal = match operator {
            Binary::Eq | Binary::Is => holds,
            Binary::Ne | Binary::IsNot => !holds,
            _ => return None,
        };
        [(left, right), (right, left)].into_iter().find_map(|(side, other)| {
            if frame.value(other).known == Known::Null {
                let (test, _) = self.meant(frame, side, true);
                let Op::Call { callee, arguments } = &frame.function.step(test).op else { return None };
                let found = self.matches(frame, *callee, arguments);
                return found.then(|| self.tested(frame, *callee, arguments, !equal));
            }
            let Op::Call { callee, arguments } = &frame.function.step(side).op else { return None };
            let [tested] = arguments.as_slice() else { return None };
            if !self.built_in(frame, *callee, "type") {
                return None;
            }
            let kinds = if equal { self.typed_so(frame, other) } else { 0 };
            Some(if kinds == 0 { Vec::new() } else { vec![(tested.value, kinds, 0)] })
        })
    }

    /// The kinds that a character is clean for which is one of a text; `None` when it is none.
    fn character_of(&self, frame: &Frame<'_>, character: Value, text: Value) -> Option<Kinds> {
        self.gone_through(frame, character)?;
        let all = texts(&frame.value(text).known);
        (!all.is_empty()).then(|| all.iter().fold(ANY, |kinds, text| kinds & self.models.dangers.among(text)))
    }

    /// What a loop or comprehension takes a value from, one after the other, and where it does.
    fn gone_through(&self, frame: &Frame<'_>, value: Value) -> Option<(Value, Value)> {
        let Op::Load(name) = frame.function.step(value).op else { return None };
        let before = frame.function.steps.get(..value.0 as usize)?.iter().rev();
        let stored = before.into_iter().find_map(|step| match step.op {
            Op::Store(stored, value) if stored == name => Some(value),
            _ => None,
        })?;
        match frame.function.step(stored).op {
            Op::Each(items) => Some((items, stored)),
            _ => None,
        }
    }

    /// `all(c.isalnum() for c in name)` speaks of `name`, and `any(name == one for one in NAMES)` too; `None` when the
    /// call is none of them.
    pub(super) fn each_of_all(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        (holds, depth): (bool, u32),
    ) -> Option<Vec<Cleaned>> {
        let all = self.built_in(frame, callee, "all");
        if !all && !self.built_in(frame, callee, "any") {
            return None;
        }
        let [argument] = arguments else { return None };
        let Op::Load(held) = frame.function.step(argument.value).op else { return None };
        if !self.program.names.text(held).starts_with('#') {
            return None;
        }
        // What all of them are, or none of them: of the others nothing is known when there are no items.
        let every = all == holds;
        let listed = self.only_store(frame, held)?;
        let Op::List(elements) = &frame.function.step(listed).op else { return None };
        let [element] = elements.as_slice() else { return None };
        if all && !holds {
            return Some(Vec::new());
        }
        let told = self.cleaned_within(frame, element.value, holds, depth + 1);
        let told =
            told.into_iter().filter_map(|(value, kinds, after)| match self.gone_through(frame, value) {
                Some((items, taken)) => {
                    (every && unfiltered(frame, taken, listed)).then_some((items, kinds, after))
                }
                None => (!every).then_some((value, kinds, after)),
            });
        Some(told.collect())
    }
}

/// Whether no condition stands between two instructions.
fn unfiltered(frame: &Frame<'_>, one: Value, other: Value) -> bool {
    frame.function.blocks.iter().any(|block| block.steps.contains(&one) && block.steps.contains(&other))
}
