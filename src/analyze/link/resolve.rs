//! What a symbol of one file is in another.

use std::collections::HashMap;

use crate::analyze::facts::{FunctionFact, KnownFact, Module, PassFact, SymbolFact, ValueFact};
use crate::analyze::flow::foreign::RECEIVER;
use crate::analyze::model::{Models, NodeId, Table};
use crate::analyze::project::Place;

/// Aliases, bases and re-exports are followed so far.
const FURTHEST: u32 = 12;

/// What a symbol leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing<'m> {
    /// A function, and whether it has its receiver.
    Function(usize, u32, bool),
    Class(usize, u32),
    Instance(usize, u32),
    /// A module as a whole.
    Module(usize),
    /// What the models call so.
    Model(usize, NodeId),
    /// A value of a module with members.
    Value(usize, &'m ValueFact),
    Unknown,
}

/// All modules by path, and the models.
pub(super) struct Resolver<'m> {
    pub(super) modules: &'m [Module],
    pub(super) models: &'m Models,
    by_path: HashMap<&'m str, usize>,
}

impl<'m> Resolver<'m> {
    pub(super) fn new(modules: &'m [Module], models: &'m Models) -> Self {
        let paths = modules.iter().enumerate().filter(|(_, module)| !module.path.is_empty());
        // Of two modules of one path the last counts, as it does when they are applied in turn.
        let by_path = paths.map(|(index, module)| (module.path.as_str(), index)).collect();
        Resolver { modules, models, by_path }
    }

    pub(super) fn table(&self, module: usize) -> Option<&'m Table> {
        self.models.table(self.modules[module].family)
    }

    pub(super) fn function(&self, module: usize, function: u32) -> Option<&'m FunctionFact> {
        self.modules[module].functions.get(function as usize)
    }

    /// What each symbol of a module leads to.
    pub(super) fn symbols(&self, module: usize) -> Vec<Thing<'m>> {
        let count = self.modules[module].symbols.len();
        (0..count).map(|index| self.symbol(module, index as u32, 0)).collect()
    }

    pub(super) fn symbol(&self, module: usize, symbol: u32, far: u32) -> Thing<'m> {
        if far > FURTHEST {
            return Thing::Unknown;
        }
        match self.modules[module].symbols.get(symbol as usize) {
            Some(SymbolFact::Place(place)) => {
                let found = match place {
                    Place::File(path) => self.by_path.get(path.as_str()),
                    Place::Folder(path) => self.by_path.get(format!("{path}/__init__.py").as_str()),
                };
                found.map_or(Thing::Unknown, |module| Thing::Module(*module))
            }
            Some(SymbolFact::Member(of, name)) => {
                let of = self.symbol(module, *of, far + 1);
                self.member(of, name, far + 1)
            }
            Some(SymbolFact::Call(of)) => {
                let of = self.symbol(module, *of, far + 1);
                self.call(of, far + 1)
            }
            None => Thing::Unknown,
        }
    }

    fn value(&self, module: usize, value: &'m ValueFact, far: u32) -> Thing<'m> {
        match self.known(module, &value.known, far) {
            Thing::Unknown if !value.members.is_empty() => Thing::Value(module, value),
            thing => thing,
        }
    }

    fn known(&self, module: usize, known: &'m KnownFact, far: u32) -> Thing<'m> {
        match known {
            KnownFact::Any => Thing::Unknown,
            KnownFact::Function(id) => Thing::Function(module, *id, false),
            KnownFact::Class(id) => Thing::Class(module, *id),
            KnownFact::Instance(id) => Thing::Instance(module, *id),
            KnownFact::Symbol(id) => self.symbol(module, *id, far + 1),
            KnownFact::Path(path) => {
                let node = self.table(module).and_then(|table| table.written(path));
                node.map_or(Thing::Unknown, |node| Thing::Model(module, node))
            }
        }
    }

    pub(super) fn named(&self, module: usize, name: &str) -> Option<&'m ValueFact> {
        let names = &self.modules[module].names;
        let find = |name: &str| {
            let found = names.binary_search_by(|(known, _)| (**known).cmp(name)).ok();
            found.map(|index| &names[index].1)
        };
        match self.modules[module].family {
            "python" => find(name),
            _ => find(&format!("exports.{name}")),
        }
    }

    fn member(&self, of: Thing<'m>, name: &str, far: u32) -> Thing<'m> {
        if far > FURTHEST {
            return Thing::Unknown;
        }
        match of {
            Thing::Module(module) => {
                if let Some(value) = self.named(module, name) {
                    return self.value(module, value, far + 1);
                }
                let other = if self.modules[module].family == "python" {
                    None
                } else {
                    self.other(module, name, far)
                };
                other.unwrap_or(Thing::Unknown)
            }
            Thing::Value(module, value) => {
                let found = value.members.iter().find(|(known, _)| **known == *name);
                found.map_or(Thing::Unknown, |(_, value)| self.value(module, value, far + 1))
            }
            Thing::Instance(module, class) => self.of_class(module, class, name, true, far + 1),
            Thing::Class(module, class) => self.of_class(module, class, name, false, far + 1),
            Thing::Model(module, node) => {
                let next = self.table(module).and_then(|table| table.member(node, name));
                next.map_or(Thing::Unknown, |node| Thing::Model(module, node))
            }
            Thing::Function(..) | Thing::Unknown => Thing::Unknown,
        }
    }

    /// What a JavaScript module re-exports as a whole, or the member of its default export.
    fn other(&self, module: usize, name: &str, far: u32) -> Option<Thing<'m>> {
        ["*", "default"].into_iter().find_map(|from| {
            let value = self.named(module, from)?;
            let thing = self.value(module, value, far + 1);
            match self.member(thing, name, far + 1) {
                Thing::Unknown => None,
                thing => Some(thing),
            }
        })
    }

    fn of_class(&self, module: usize, class: u32, name: &str, bound: bool, far: u32) -> Thing<'m> {
        if far > FURTHEST {
            return Thing::Unknown;
        }
        let Some(fact) = self.modules[module].classes.get(class as usize) else { return Thing::Unknown };
        if let Some((_, method)) = fact.methods.iter().rev().find(|(known, _)| **known == *name) {
            return Thing::Function(module, *method, bound);
        }
        if let Some((_, value)) = fact.fields.iter().find(|(known, _)| **known == *name) {
            return self.value(module, value, far + 1);
        }
        for base in &fact.bases {
            let found = match self.known(module, base, far + 1) {
                Thing::Class(module, class) => self.of_class(module, class, name, bound, far + 1),
                _ => Thing::Unknown,
            };
            if !matches!(found, Thing::Unknown) {
                return found;
            }
        }
        Thing::Unknown
    }

    /// What a call of something yields.
    fn call(&self, of: Thing<'m>, far: u32) -> Thing<'m> {
        if far > FURTHEST {
            return Thing::Unknown;
        }
        match self.callee(of, far) {
            Thing::Function(module, function, _) => match self.function(module, function) {
                Some(fact) => self.value(module, &fact.result, far + 1),
                None => Thing::Unknown,
            },
            Thing::Class(module, class) => Thing::Instance(module, class),
            Thing::Model(module, node) => {
                let next = self.table(module).and_then(|table| table.call(node));
                next.map_or(Thing::Unknown, |node| Thing::Model(module, node))
            }
            _ => Thing::Unknown,
        }
    }

    /// What is called when something is: of a module its default export.
    pub(super) fn callee(&self, of: Thing<'m>, far: u32) -> Thing<'m> {
        match of {
            Thing::Module(module) => match self.named(module, "default") {
                Some(value) => self.value(module, value, far + 1),
                None => Thing::Unknown,
            },
            other => other,
        }
    }

    /// The parameters that an argument of a call becomes.
    pub(super) fn parameters(
        &self,
        fact: &FunctionFact,
        bound: bool,
        passes: &[PassFact],
        argument: u16,
    ) -> std::ops::Range<u32> {
        let none = 0..0;
        let first = u32::from(fact.receiver && bound);
        let count = fact.parameters.len() as u32;
        if argument == RECEIVER {
            return if first == 1 { 0..1 } else { none };
        }
        let before = passes.iter().take(argument as usize).filter(|pass| **pass == PassFact::Plain).count();
        match passes.get(argument as usize) {
            Some(PassFact::Plain) => {
                let place = first + before as u32;
                let rest = fact.parameters.iter().position(|it| it.rest).map(|at| at as u32);
                let place = rest.map_or(place, |rest| place.min(rest));
                if place < count { place..place + 1 } else { none }
            }
            Some(PassFact::Keyword(name)) => {
                let named = fact.parameters.iter().position(|it| it.name == *name);
                let place = named.or_else(|| fact.parameters.iter().position(|it| it.keywords));
                place.map_or(none, |place| place as u32..place as u32 + 1)
            }
            Some(PassFact::Spread) => (first + before as u32).min(count)..count,
            None => none,
        }
    }
}
