//! Classes of the file and their objects: members with inheritance, getters and setters, `super`.

use std::rc::Rc;

use super::function::{Frame, telling, without_parameters};
use super::value::{Abstract, Known, Taint};
use super::{Engine, Shared, made};
use crate::analyze::ir::{ClassId, Entry, FunctionId, Name, Op, Span, Value};
use crate::syntax::Language;

/// Base classes are followed so far.
const DEEPEST: usize = 64;

/// And so many of them in all.
const MOST_ANCESTORS: usize = 128;

impl Engine<'_> {
    /// A class and the classes of the file that it is made of, nearest first.
    pub(super) fn lineage(&self, class: ClassId) -> Vec<ClassId> {
        let mut line = vec![class];
        let mut at = class;
        while line.len() < DEEPEST {
            let bases = self.class_bases.get(&at).into_iter().flatten();
            let base = bases.filter_map(|base| match base {
                Known::Class(base) => Some(*base),
                _ => None,
            });
            match base.into_iter().find(|base| !line.contains(base)) {
                Some(base) => line.push(base),
                None => break,
            }
            at = line[line.len() - 1];
        }
        line
    }

    /// A class and all classes of the file that it is made of: those of the first base before those of the next.
    pub(super) fn ancestors(&self, class: ClassId) -> Vec<ClassId> {
        let (mut all, mut open) = (Vec::new(), vec![class]);
        while let Some(class) = open.pop().filter(|_| all.len() < MOST_ANCESTORS) {
            if all.contains(&class) {
                continue;
            }
            all.push(class);
            let bases = self.class_bases.get(&class).into_iter().flatten().rev();
            open.extend(bases.flat_map(|base| base.each().iter().rev()).filter_map(|base| match base {
                Known::Class(base) => Some(*base),
                _ => None,
            }));
        }
        all
    }

    /// The constructor of a class or of one it is made of.
    pub(super) fn constructor(&self, class: ClassId) -> Option<FunctionId> {
        let named = |name| matches!(self.program.names.text(name), "__init__" | "constructor");
        self.ancestors(class).into_iter().find_map(|class| {
            let methods = &self.program.class(class).methods;
            methods.iter().find(|(name, _)| named(*name)).map(|(_, id)| *id)
        })
    }

    /// A member of an object of a class of the file; `None` when no class in its line has it.
    pub(super) fn object_member(
        &mut self,
        frame: &mut Frame<'_>,
        held: &Abstract,
        class: ClassId,
        name: Name,
        span: Span,
    ) -> Option<Abstract> {
        let line = self.ancestors(class);
        let program = self.program;
        for class in &line {
            let getters = &program.class(*class).getters;
            if let Some((_, getter)) = getters.iter().rev().find(|(known, _)| *known == name) {
                let receiver = made::receiver(held);
                return Some(self.apply(frame, *getter, None, &[receiver], span));
            }
        }
        let roots = line.iter().filter_map(|class| self.lineage(*class).last().copied());
        let mut roots: Vec<ClassId> = roots.collect();
        roots.dedup();
        for root in &roots {
            self.again.reads(Shared::Field(*root, name));
        }
        if let Some(field) = roots.iter().find_map(|root| self.fields.get(&(*root, name))) {
            // What the object was made of may be in any field that is no constant.
            let known = made::precise(held) && !self.derived.contains(&name);
            // An empty list is filled later.
            let fixed = field.constant() && field.parts.is_none();
            let made_of = if known || fixed { Taint::default() } else { held.all() };
            let found = Abstract { taint: field.taint.join(&made_of), ..field.clone() };
            return Some(self.received(found, held));
        }
        if let Some(field) = self.record_member(held, class, name) {
            return Some(field);
        }
        let text = program.names.text(name);
        for class in &line {
            let definition = program.class(*class);
            if let Some((_, method)) = definition.methods.iter().rev().find(|(known, _)| *known == name) {
                // `Base.method(self, x)`
                if self.language == Language::Python
                    && matches!(held.known, Known::Class(_))
                    && self.takes_self(*method)
                {
                    return Some(Abstract::known(Known::Function(*method)));
                }
                // The receiver hands over what it holds.
                let receiver = made::receiver(held);
                return Some(Abstract::known(Known::Method(*method, Rc::new(receiver))));
            }
            let inherited = self.bases.get(class).and_then(|base| self.table.member(*base, text));
            if let Some(node) = inherited {
                return Some(self.path(node, span));
            }
            let body = definition.body.and_then(|body| self.variables[body.0 as usize].get(&name));
            if let Some(value) = body {
                return Some(value.clone());
            }
        }
        None
    }

    fn takes_self(&self, method: FunctionId) -> bool {
        let first = self.program.function(method).parameters.first();
        first.is_some_and(|first| self.program.names.text(first.name) == "self")
    }

    /// Whether reading a member of the objects of a class runs a method.
    pub(super) fn has_getter(&self, class: ClassId, name: Name) -> bool {
        let getters = |class: ClassId| self.program.class(class).getters.iter();
        self.ancestors(class).into_iter().flat_map(getters).any(|(known, _)| *known == name)
    }

    /// What is taken out of an object: a function in it that has a receiver gets it.
    pub(super) fn received(&self, found: Abstract, held: &Abstract) -> Abstract {
        match found.known {
            Known::Function(id)
                if self.program.function(id).class.is_some()
                    && self.lists_receiver(id)
                    && matches!(held.known, Known::Instance(_)) =>
            {
                let receiver = made::receiver(held);
                Abstract { known: Known::Method(id, Rc::new(receiver)), ..found }
            }
            _ => found,
        }
    }

    /// `super` of the method around.
    pub(super) fn parent_of(&mut self, frame: &Frame<'_>) -> Abstract {
        let mut function = frame.function;
        let class = loop {
            match (function.class, function.parent) {
                (Some(class), _) => break class,
                (None, Some(parent)) => function = self.program.function(parent),
                (None, None) => return Abstract::default(),
            }
        };
        let receiver = frame.function.class.and_then(|_| {
            let first = frame.function.parameters.first()?;
            frame.local(first.name).and_then(|index| frame.state[index].clone())
        });
        let receiver = receiver.unwrap_or_else(|| Abstract::known(Known::Instance(class)));
        match self.lineage(class).get(1) {
            Some(base) => {
                let receiver = Rc::new(Abstract { taint: receiver.all(), parts: None, ..receiver });
                Abstract::known(Known::Super(*base, receiver))
            }
            None => {
                let symbol = self.foreign_parent(class);
                let receiver = receiver.all();
                symbol.map_or_else(Abstract::default, |symbol| Abstract {
                    taint: receiver,
                    ..Abstract::known(Known::Foreign(symbol))
                })
            }
        }
    }

    /// The class of an object literal whose functions have a receiver.
    pub(super) fn object_class(&mut self, frame: &Frame<'_>, entries: &[Entry]) -> Option<ClassId> {
        if self.language == Language::Python {
            return None;
        }
        let class = entries.iter().find_map(|entry| match frame.function.step(entry.value).op {
            Op::Closure(id, _) => self.program.function(id).class,
            _ => None,
        });
        let class = class?;
        for entry in entries {
            let key = entry.key.map(|key| frame.value(key).known.clone());
            if let Some(Known::Text(key)) = key
                && let Some(name) = self.program.names.get(&key)
                && !matches!(frame.function.step(entry.value).op, Op::Closure(..))
            {
                let value = frame.value(entry.value).clone();
                self.set_field(class, name, &value);
            }
        }
        Some(class)
    }

    /// Notes what a field of the objects of a class holds.
    pub(super) fn set_field(&mut self, class: ClassId, name: Name, value: &Abstract) {
        let Some(root) = self.lineage(class).last().copied() else { return };
        let kept = without_parameters(value);
        let before = self.fields.get(&(root, name));
        let joined = before.map_or_else(|| kept.clone(), |before| before.join(&kept));
        if telling(&before.cloned().unwrap_or_default(), &joined) {
            self.again.grown(Shared::Field(root, name));
        }
        self.fields.insert((root, name), joined);
    }

    /// Runs the setter of a member that is written.
    pub(super) fn set_accessor(
        &mut self,
        frame: &mut Frame<'_>,
        object: Value,
        class: ClassId,
        name: Name,
        value: &Abstract,
        span: Span,
    ) {
        let program = self.program;
        for class in self.ancestors(class) {
            let setters = &program.class(class).setters;
            let Some((_, setter)) = setters.iter().rev().find(|(known, _)| *known == name) else { continue };
            let receiver = frame.value(object).clone();
            self.write_into(frame, *setter, object, &[receiver, value.clone()], span);
            return;
        }
    }

    fn write_into(
        &mut self,
        frame: &mut Frame<'_>,
        setter: FunctionId,
        object: Value,
        arguments: &[Abstract],
        span: Span,
    ) {
        self.apply(frame, setter, None, arguments, span);
        if let Some(summary) = self.summary_of(setter) {
            let bindings = super::summary::Bindings { id: setter, arguments, around: &[] };
            self.write_back(frame, &summary, &bindings, &[Some(object)]);
        }
    }
}
