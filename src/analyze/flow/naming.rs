//! Names to which a file gives another meaning than they have elsewhere.

use super::Engine;
use super::function::Frame;
use crate::analyze::ir::{Argument, Function, FunctionId, Literal, Name, Op, Value};

/// Names of names are followed so far.
const LONGEST: u32 = 4;

impl Engine<'_> {
    /// The function that binds a name where it is read.
    fn binding(&self, frame: &Frame<'_>, name: Name) -> Option<FunctionId> {
        let mut at = Some(frame.id);
        while let Some(id) = at.filter(|id| !self.program.function(*id).binds(name)) {
            at = self.program.function(id).parent;
        }
        at
    }

    /// Whether the function that is called by a name may be another one than it was imported as: `quote = str`.
    pub(super) fn rebinds(&self, frame: &Frame<'_>, callee: Value) -> bool {
        let Op::Load(name) = frame.function.step(callee).op else { return false };
        let Some(owner) = self.binding(frame, name) else { return false };
        if self.written.get(&(owner, name)).is_none_or(|count| *count < 2) {
            return false;
        }
        let function = self.program.function(owner);
        // An import that has another to fall back on is one still; functions are told apart elsewhere.
        let same = |value: Value| match function.step(value).op {
            Op::Path(_) | Op::Literal(Literal::Null) | Op::Closure(..) | Op::Class(..) | Op::Parameter(_) => {
                true
            }
            Op::Member(_, member) => member == name,
            _ => false,
        };
        function
            .steps
            .iter()
            .any(|step| matches!(step.op, Op::Store(stored, value) if stored == name && !same(value)))
    }

    /// Whether the file has a number's type of its own: `int = str`.
    pub(super) fn renames_types(&self) -> bool {
        ["int", "float", "bool"].iter().any(|kind| {
            self.program.names.get(kind).is_some_and(|name| self.program.function(FunctionId(0)).binds(name))
        })
    }

    /// The path that the file imports a name of its top level by: `decimal.Decimal`.
    pub(super) fn import_of(&self, name: Name) -> Option<&str> {
        let function = self.program.function(FunctionId(0));
        function.steps.iter().find_map(|step| match step.op {
            Op::Store(to, value) if to == name => match function.step(value).op {
                Op::Path(path) => Some(self.program.names.text(path)),
                _ => None,
            },
            _ => None,
        })
    }

    /// The last name of what is written as an argument, as it is called where it comes from: of `SafeLoader` after
    /// `from yaml import Loader as SafeLoader` that is `Loader`, and of a class of the file the name of its base.
    pub(super) fn last_name<'x>(&'x self, frame: &Frame<'_>, argument: &Argument) -> &'x str {
        let text = self.text_of(argument.span);
        let written = text.rsplit(['.', '=']).next().unwrap_or("").trim();
        match frame.function.step(argument.value).op {
            Op::Load(name) => self.imported_as(frame, name, 0).unwrap_or(written),
            _ => written,
        }
    }

    fn imported_as(&self, frame: &Frame<'_>, name: Name, depth: u32) -> Option<&str> {
        let owner = self.binding(frame, name)?;
        if depth > LONGEST || self.written.get(&(owner, name)) != Some(&1) {
            return None;
        }
        let function = self.program.function(owner);
        let stored = function.steps.iter().find_map(|step| match step.op {
            Op::Store(stored, value) if stored == name => Some(value),
            _ => None,
        })?;
        self.named(frame, function, stored, depth)
    }

    fn named(&self, frame: &Frame<'_>, function: &Function, value: Value, depth: u32) -> Option<&str> {
        match &function.step(value).op {
            Op::Path(path) => self.program.names.text(*path).rsplit('.').next(),
            Op::Class(_, bases) => bases.iter().find_map(|base| match function.step(*base).op {
                Op::Member(_, name) => Some(self.program.names.text(name)),
                Op::Load(name) => self.imported_as(frame, name, depth + 1),
                _ => None,
            }),
            _ => None,
        }
    }
}
