//! What functions share besides their arguments: objects that a library hands to each of them, the types of what they
//! are called with, and what was known of a variable where a function was made.

use rustc_hash::{FxHashMap, FxHashSet};

use super::function::{Frame, Place, telling, without_parameters};
use super::schema::carried;
use super::value::{Abstract, Key, Known};
use super::{Engine, Shared};
use crate::analyze::ir::{FunctionId, Name, Op, Program, Value};
use crate::analyze::model::{NodeId, Table};
use crate::syntax::Language;

/// How often each variable of each function is written, by itself or by functions inside it.
pub(super) fn written(program: &Program) -> FxHashMap<(FunctionId, Name), u32> {
    let mut counts = FxHashMap::default();
    for (index, function) in program.functions.iter().enumerate() {
        for step in &function.steps {
            let Op::Store(name, _) = step.op else { continue };
            let mut owner = Some(FunctionId(index as u32));
            while let Some(id) = owner.filter(|id| !program.function(*id).binds(name)) {
                owner = program.function(id).parent;
            }
            if let Some(owner) = owner {
                *counts.entry((owner, name)).or_insert(0) += 1;
            }
        }
    }
    counts
}

/// Names that a file of JavaScript writes without declaring them, and that mean nothing to the models.
pub(super) fn undeclared(program: &Program, table: &Table, language: Language) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    if language == Language::Python {
        return names;
    }
    for (index, function) in program.functions.iter().enumerate() {
        for step in &function.steps {
            let Op::Store(name, _) = step.op else { continue };
            let mut around = Some(FunctionId(index as u32));
            while let Some(id) = around.filter(|id| !program.function(*id).binds(name)) {
                around = program.function(id).parent;
            }
            if around.is_none() && table.global(program.names.text(name)).is_none() {
                names.insert(name);
            }
        }
    }
    names
}

impl Engine<'_> {
    /// Keeps what tests have told of variables for the function that is made here.
    pub(super) fn snapshot(&mut self, frame: &Frame<'_>, inner: FunctionId) {
        // Only of those that are read in it: a file may have as many variables as functions.
        let (mut read, mut open) = (FxHashSet::default(), vec![inner]);
        while let Some(id) = open.pop() {
            let loads = self.program.function(id).steps.iter().filter_map(|step| match step.op {
                Op::Load(name) => Some(name),
                _ => None,
            });
            read.extend(loads.filter_map(|name| Some((frame.local(name)?, name))));
            open.extend(self.inside.get(&id).into_iter().flatten());
        }
        for (index, name) in read {
            let key = (inner, name);
            let Some(held) = frame.state.get(index).and_then(Option::as_ref) else { continue };
            let ever = self.variables[frame.id.0 as usize].get(&name);
            let once = self.written.get(&(frame.id, name)).is_some_and(|count| *count == 1);
            let cleaner = ever.is_some_and(|ever| {
                held.parts.is_none()
                    && ever.parts.is_none()
                    && held.known == ever.known
                    && held.taint != ever.taint
            });
            if once && cleaner {
                self.snapshots.insert(key, held.clone());
            } else {
                self.snapshots.remove(&key);
            }
        }
    }

    /// Notes what a function is called with, where that is an object of a library or of a class.
    pub(super) fn note_given(&mut self, id: FunctionId, arguments: &[Abstract]) {
        for (index, argument) in arguments.iter().enumerate() {
            let told = match &argument.known {
                Known::Path(_) if argument.parts.is_none() || carried(argument).is_some() => {
                    argument.known.clone()
                }
                Known::Instance(_) => argument.known.clone(),
                _ => Known::Any,
            };
            let key = (id, index as u32);
            match self.given.get(&key) {
                Some(known) if *known == told => {}
                Some(Known::Any) => {}
                Some(_) => {
                    self.given.insert(key, Known::Any);
                    self.remake(id);
                }
                None if told == Known::Any => {
                    self.given.insert(key, told);
                }
                None => {
                    self.given.insert(key, told);
                    self.remake(id);
                }
            }
        }
    }

    /// The way through the members of an object that a library hands out.
    fn root(&self, frame: &Frame<'_>, place: &Place) -> Option<(NodeId, String)> {
        let (name, keys) = place;
        let held = frame.local(*name).and_then(|index| frame.state[index].as_ref())?;
        let Known::Path(node) = held.known else { return None };
        let mut way = String::new();
        for key in keys {
            let (Key::Text(text) | Key::Member(text)) = key else { return None };
            way.push_str(text);
            way.push('.');
        }
        Some((node, way))
    }

    /// Notes what a member of such an object is set to: the next function in line gets the same object.
    pub(super) fn keep(&mut self, frame: &Frame<'_>, place: &Place, name: Name, value: &Abstract) {
        if self.language == Language::Python || value.all().is_empty() {
            return;
        }
        let Some((node, mut way)) = self.root(frame, place) else { return };
        way.push_str(self.program.names.text(name));
        let kept = without_parameters(value);
        let before = self.kept.get(&(node, way.as_str().into())).cloned();
        let joined = before.as_ref().map_or_else(|| kept.clone(), |before| before.join(&kept));
        if telling(&before.unwrap_or_default(), &joined) {
            self.again.grown(Shared::Member(node, name));
        }
        self.kept.insert((node, way.into()), joined);
    }

    /// A member of an object of a library that no model knows: what any function has set it to.
    pub(super) fn kept(
        &mut self,
        frame: &Frame<'_>,
        object: Value,
        node: NodeId,
        name: Name,
        held: &Abstract,
    ) -> Abstract {
        let text = self.program.names.text(name);
        if self.language != Language::Python && held.taint.is_empty() && self.table.node(node).source == 0 {
            if let Some(found) = self.kept_within(frame, object, name) {
                return found;
            }
            // The promise forms that `promisifyAll` adds.
            if let Some(node) = text.strip_suffix("Async").and_then(|text| self.table.member(node, text)) {
                return Abstract::known(Known::Path(node));
            }
        }
        let start = super::address::STARTS.contains(&text);
        Abstract::tainted(if start { held.taint.clone() } else { held.taint.parted() })
    }

    /// The same of a member of a member.
    pub(super) fn kept_within(&mut self, frame: &Frame<'_>, object: Value, name: Name) -> Option<Abstract> {
        if self.language == Language::Python {
            return None;
        }
        let place = self.place(frame, object)?;
        let (node, mut way) = self.root(frame, &place)?;
        way.push_str(self.program.names.text(name));
        self.again.reads(Shared::Member(node, name));
        self.kept.get(&(node, way.as_str().into())).cloned()
    }
}
