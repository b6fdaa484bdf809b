//! Tests of how a text begins: what a prefix is good for depends on what the text is for. `https://` chooses no host, `/`
//! no folder, and a prefix that somebody else has chosen tells nothing.

use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Flow, Known, Origin};
use crate::analyze::ir::{Argument, Binary, Op, Value};
use crate::analyze::model::{Guard, Kinds};
use crate::syntax::Language;

/// Addresses that are scripts.
const SCRIPTS: &[&str] = &["javascript:", "data:", "vbscript:", "file:"];

/// Functions that yield what paths have in common.
const COMMON: &[&str] = &["commonpath", "commonprefix"];

impl Engine<'_> {
    /// Whether nobody else has a part in a value: there is no data in it, or only that of the environment.
    pub(super) fn ours(&self, held: &Abstract) -> bool {
        let own =
            |flow: &Flow| matches!(flow.origin, Origin::Source(kinds, _) if kinds & !self.models.env == 0);
        held.all().flows().iter().all(own)
    }

    /// Whether no source is known in a value that is not clean for some kinds; what a caller gives is the caller's matter.
    fn unread(&self, held: &Abstract, kinds: Kinds) -> bool {
        let own = |flow: &Flow| match flow.origin {
            Origin::Source(source, _) => source & !self.models.env == 0 || flow.clean & kinds == kinds,
            _ => true,
        };
        held.all().flows().iter().all(own)
    }

    /// The kinds of a guard that a test of a prefix is good for.
    pub(super) fn prefixed(&self, frame: &Frame<'_>, guard: &Guard, arguments: &[Argument]) -> Kinds {
        let Some(argument) = arguments.first() else { return 0 };
        let held = frame.value(argument.value);
        if !self.unread(held, guard.kinds) {
            return 0;
        }
        let Some(prefixes) = prefixes(held) else { return guard.kinds };
        if let Some(wanted) = guard.requirements.first() {
            let same = |prefix: &Rc<str>| **prefix == *wanted.value;
            let holds = if guard.negated { prefixes.iter().any(same) } else { prefixes.iter().all(same) };
            return if holds { guard.kinds } else { 0 };
        }
        prefixes.iter().fold(guard.kinds, |kinds, prefix| kinds & !self.too_short(prefix))
    }

    /// The kinds that texts with a prefix are not clean for.
    fn too_short(&self, prefix: &str) -> Kinds {
        let bits =
            |kinds: &[&str]| kinds.iter().filter_map(|kind| self.models.sinks.get(kind)).sum::<Kinds>();
        let location = match self.cleaned_after(prefix) & self.models.location {
            0 => self.models.location,
            _ => 0,
        };
        let script = prefix.is_empty() || SCRIPTS.iter().any(|script| script.starts_with(prefix));
        let folder = prefix.trim_matches(['/', '\\', '.']).is_empty();
        location
            | if script { bits(&["url", "external"]) } else { 0 }
            | if folder { bits(&["path", "entry"]) } else { 0 }
    }

    /// Whether a text that ends so is a host of the program's own: `.example.com`.
    pub(super) fn ends_host(&self, frame: &Frame<'_>, arguments: &[Argument]) -> bool {
        let Some(argument) = arguments.first() else { return false };
        let held = frame.value(argument.value);
        self.ours(held)
            && prefixes(held).is_none_or(|all| all.iter().all(|end| end.starts_with('.') && end.len() > 2))
    }

    /// The paths that lie in a folder when what they have in common with it equals something of the program's own.
    pub(super) fn in_common(
        &self,
        frame: &Frame<'_>,
        operator: Binary,
        sides: [Value; 2],
        holds: bool,
    ) -> Option<Vec<Value>> {
        let equal = match operator {
            Binary::Eq if self.language == Language::Python => holds,
            Binary::Ne if self.language == Language::Python => !holds,
            _ => return None,
        };
        let [left, right] = sides;
        [(left, right), (right, left)].into_iter().find_map(|(side, other)| {
            let Op::Call { callee, arguments } = &frame.function.step(side).op else { return None };
            let (Op::Member(_, name) | Op::Load(name)) = frame.function.step(*callee).op else { return None };
            let [list] = arguments.as_slice() else { return None };
            let Op::List(elements) = &frame.function.step(list.value).op else { return None };
            let known = COMMON.contains(&self.program.names.text(name));
            let own = equal && self.unread(frame.value(other), self.models.path);
            known.then(|| elements.iter().filter(|_| own).map(|element| element.value).collect())
        })
    }

    /// `path.relative_to(folder)` throws unless the path lies in the folder.
    pub(super) fn stays_below(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        arguments: &[Argument],
    ) -> bool {
        let Op::Member(path, name) = frame.function.step(callee).op else { return false };
        let [folder] = arguments else { return false };
        if self.program.names.text(name) != "relative_to"
            || !self.unread(frame.value(folder.value), self.models.path)
        {
            return false;
        }
        let (kinds, after) = (self.models.path, self.models.normal_path);
        if let Some(place) = self.place(frame, path) {
            self.change(frame, &place, |before| Abstract {
                taint: before.taint.cleaned_after(kinds, after),
                ..before
            });
        }
        true
    }

    /// The path that a normalised one was made of: what is said of the one holds for the other.
    pub(super) fn not_normalised(&self, frame: &Frame<'_>, value: Value) -> Option<Value> {
        let Op::Call { callee, arguments } = &frame.function.step(value).op else { return None };
        let node = match frame.value(*callee).known {
            Known::Path(node) => self.table.call(node),
            _ => None,
        };
        let normal = node.is_some_and(|node| self.table.node(node).cleans & self.models.normal_path != 0);
        match (&frame.function.step(*callee).op, arguments.as_slice()) {
            (_, [path]) if normal => Some(path.value),
            (Op::Member(path, name), []) if normal || self.program.names.text(*name) == "resolve" => {
                Some(*path)
            }
            _ => None,
        }
    }
}

/// The constant texts that a value is one of, or a list of; `None` when they are not known.
fn prefixes(held: &Abstract) -> Option<Vec<Rc<str>>> {
    let of = |value: &Abstract| {
        let all = super::value::texts(&value.known);
        (!all.is_empty() && value.parts.is_none()).then(|| all.to_vec())
    };
    match &held.parts {
        Some(parts) if parts.rest.is_none() && held.taint.is_empty() => {
            let all: Option<Vec<_>> = parts.known.iter().map(|(_, part)| of(part)).collect();
            all.map(|all| all.concat())
        }
        Some(_) => None,
        None => of(held),
    }
}
