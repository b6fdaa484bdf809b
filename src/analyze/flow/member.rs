//! Tests of membership: which collections list what is allowed. A test of one whose entries nobody outside of the program
//! has chosen says of a value that it is one of these; a test of a text only says that the value is a part of it.

use rustc_hash::FxHashSet;

use super::Engine;
use super::container::PUTS;
use super::function::Frame;
use super::value::{Abstract, Known};
use crate::analyze::ir::{Binary, Literal, Name, Op, Program, Value};
use crate::analyze::model::{ANY, Kinds};

/// Functions and methods that yield a text.
const TEXTS: &[&str] = &[
    "str",
    "String",
    "repr",
    "read",
    "readFile",
    "readFileSync",
    "execSync",
    "check_output",
    "read_text",
    "readline",
    "text",
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "toString",
    "join",
    "format",
    "decode",
    "dumps",
    "stringify",
    "replace",
    "replaceAll",
    "getvalue",
    "render",
    "render_template",
    "render_to_string",
    "slice",
    "substring",
    "substr",
    "get_data",
    "input",
    "encode",
    "title",
    "capitalize",
    "basename",
    "dirname",
    "abspath",
    "realpath",
    "fspath",
];

/// Members that are texts by their names.
const TEXT_MEMBERS: &[&str] = &[
    "text",
    "content",
    "body",
    "html",
    "innerHTML",
    "textContent",
    "innerText",
    "value",
    "message",
    "description",
    "title",
    "name",
    "path",
    "url",
    "href",
    "filename",
    "source",
    "query",
    "sql",
    "username",
    "email",
    "address",
    "pathname",
    "search",
    "hash",
    "host",
    "hostname",
    "origin",
    "className",
];

/// Functions that list what a program is made of, which is no list of what is allowed.
const PROGRAM: &[&str] = &["globals", "locals", "vars", "dir"];

/// Variables are followed so far to what was stored in them.
const LONGEST: u32 = 4;

/// The names of what is written at keys that are computed: whoever chooses the key has put it in.
pub(super) fn keyed(program: &Program) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    for function in &program.functions {
        let fixed = |value: &Value| matches!(function.step(*value).op, Op::Literal(_));
        for step in &function.steps {
            let object = match &step.op {
                Op::SetIndex(object, key, _) if !fixed(key) => *object,
                Op::Call { callee, arguments } => match &function.step(*callee).op {
                    Op::Member(object, method)
                        if matches!(program.names.text(*method), "set" | "setdefault" | "update")
                            && arguments.first().is_some_and(|key| !fixed(&key.value)) =>
                    {
                        *object
                    }
                    _ => continue,
                },
                _ => continue,
            };
            if let Op::Load(name) | Op::Member(_, name) = function.step(object).op {
                names.insert(name);
            }
        }
    }
    names
}

/// The names of what something computed is put into: `seen.add(name)`.
pub(super) fn filled(program: &Program) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    for function in &program.functions {
        for step in &function.steps {
            let Op::Call { callee, arguments } = &step.op else { continue };
            let Op::Member(object, method) = function.step(*callee).op else { continue };
            let fixed = |value: Value| matches!(function.step(value).op, Op::Literal(_));
            if PUTS.contains(&program.names.text(method))
                && arguments.iter().any(|argument| !fixed(argument.value))
                && let Op::Load(name) | Op::Member(_, name) = function.step(object).op
            {
                names.insert(name);
            }
        }
    }
    names
}

impl Engine<'_> {
    /// The kinds that a value is clean for when it is in a collection.
    pub(super) fn listed_in(&self, frame: &Frame<'_>, collection: Value) -> Kinds {
        let held = frame.value(collection);
        if let Some(parts) = &held.parts
            && parts.rest.is_none()
            && held.constant()
        {
            return ANY;
        }
        if !held.all().is_empty() || !self.may_list(frame, collection, held) {
            return 0;
        }
        let name = match frame.function.step(collection).op {
            Op::Load(name) | Op::Member(_, name) => name,
            _ => return ANY,
        };
        // What other functions put into it is not known here.
        let own = frame.local(name).is_some() && matches!(frame.function.step(collection).op, Op::Load(_));
        match self.keyed.contains(&name) || !own && self.filled.contains(&name) {
            // Who sets `target[key]` where `target` has that key already writes no prototype.
            true => self.models.prototype | self.models.prototype_object,
            false => ANY,
        }
    }

    /// Whether a value may be a collection that others have put nothing into.
    pub(super) fn lists(&self, frame: &Frame<'_>, collection: Value) -> bool {
        self.may_list(frame, collection, frame.value(collection))
    }

    /// Whether something may be a collection; of a text everything is in it that is a part of it.
    fn may_list(&self, frame: &Frame<'_>, value: Value, held: &Abstract) -> bool {
        match &held.known {
            Known::Text(_)
            | Known::OneOf(_)
            | Known::Int(_)
            | Known::Bool(_)
            | Known::Null
            | Known::Pattern(_) => {
                return false;
            }
            Known::Constant if held.parts.is_none() => return false,
            _ => {}
        }
        let mut at = value;
        for _ in 0..LONGEST {
            at = match &frame.function.step(at).op {
                Op::Load(name) => match self.only_store(frame, *name) {
                    Some(stored) => stored,
                    None => return true,
                },
                Op::Store(_, inner) | Op::Await(inner) => *inner,
                Op::Text(_) | Op::Binary(Binary::Mod, ..) => return false,
                Op::Literal(literal) => return !matches!(literal, Literal::Text(_)),
                Op::Binary(Binary::Add, left, _) => *left,
                Op::Slice(whole) => *whole,
                Op::Member(_, name) => return !TEXT_MEMBERS.contains(&self.program.names.text(*name)),
                Op::Call { callee, .. } => match frame.function.step(*callee).op {
                    Op::Load(name) | Op::Member(_, name) => {
                        let name = self.program.names.text(name);
                        return !TEXTS.contains(&name) && !PROGRAM.contains(&name);
                    }
                    _ => return true,
                },
                _ => return true,
            };
        }
        true
    }
}
