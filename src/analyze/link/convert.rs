//! What schemas and typed classes of other files make of data.

use super::resolve::{Callee, Resolver, Thing};
use super::solve::Solver;
use crate::analyze::facts::{KnownFact, PartFact, ShapeFact, SymbolFact, ValueFact};
use crate::analyze::flow::schema::Role;
use crate::analyze::model::Kinds;

/// Aliases and re-exports are followed so far.
const FURTHEST: u32 = 12;

/// Members of an object that hold its data once it is checked.
const CHECKED: &[&str] = &["validated_data", "cleaned_data"];

impl<'m> Solver<'m> {
    /// The kinds that data is clean for after a call, where this makes it what a schema says; `None`: it does not.
    pub(super) fn converts(&self, module: usize, call: u32, read: [PartFact; 2]) -> Option<Kinds> {
        let [first, second] = read;
        // Of one of several it is not known what they make of it.
        let [callee] = self.callees(module, call) else { return None };
        match *callee {
            Callee::Made((at, class), _) => {
                let shape = self.resolver.modules[at].classes.get(class as usize)?.shape.as_ref()?;
                if !shape.within {
                    return Some(shape.clean(first));
                }
                let checked = CHECKED.iter().any(|name| PartFact::named(name) == first);
                checked.then(|| shape.clean(second))
            }
            Callee::Model(at, node) => {
                let table = self.resolver.table(at)?;
                let said = table.node(table.call(node)?);
                let within = said.shapings.iter().find_map(|it| match it.role() {
                    Role::Data(within) => Some(within.as_deref()),
                    _ => None,
                })?;
                let shape = self.resolver.schema(module, self.symbol(module, call)?, 0)?;
                match within {
                    None => Some(shape.clean(first)),
                    Some(name) if PartFact::named(name) == first => Some(shape.clean(second)),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }
}

impl<'m> Resolver<'m> {
    /// The schema that a symbol is, or is a method of.
    fn schema(&self, module: usize, symbol: u32, far: u32) -> Option<&'m ShapeFact> {
        if far > FURTHEST {
            return None;
        }
        match self.modules[module].symbols.get(symbol as usize)? {
            SymbolFact::Member(of, name) => match self.only(module, *of, far) {
                Some(Thing::Module(at)) => self.schema_value(at, self.exported(at, name, far)?, far + 1),
                Some(Thing::Value(at, value)) => {
                    let member = value.members.iter().find(|(known, _)| known == name)?;
                    self.schema_value(at, &member.1, far + 1)
                }
                _ => self.schema(module, *of, far + 1),
            },
            SymbolFact::Call(of) => self.schema(module, *of, far + 1),
            SymbolFact::Place(_) => match self.only(module, symbol, far)? {
                Thing::Module(at) => self.schema_value(at, self.only_named(at, "default")?, far + 1),
                _ => None,
            },
            SymbolFact::Among(_) | SymbolFact::Own(_) | SymbolFact::Super(_) | SymbolFact::Class(_) => None,
        }
    }

    /// What a symbol stands for, where that is one thing.
    fn only(&self, module: usize, symbol: u32, far: u32) -> Option<Thing<'m>> {
        match *self.symbol(module, symbol, far) {
            [thing] => Some(thing),
            _ => None,
        }
    }

    /// The value that a module gives a name, where that is one.
    fn only_named(&self, module: usize, name: &str) -> Option<&'m ValueFact> {
        match self.named(module, name) {
            [(_, value)] => Some(value),
            _ => None,
        }
    }

    fn schema_value(&self, module: usize, value: &'m ValueFact, far: u32) -> Option<&'m ShapeFact> {
        match (&value.shape, &value.known) {
            (Some(shape), _) => Some(shape),
            (None, KnownFact::Symbol(symbol)) => self.schema(module, *symbol, far + 1),
            _ => None,
        }
    }

    /// What a module exports under a name, or its default export has.
    fn exported(&self, module: usize, name: &str, far: u32) -> Option<&'m ValueFact> {
        match self.named(module, name) {
            [(_, value)] => return Some(value),
            [] => {}
            _ => return None,
        }
        if let Some(KnownFact::Symbol(symbol)) = self.only_named(module, "*").map(|value| &value.known)
            && far < FURTHEST
            && let Some(Thing::Module(at)) = self.only(module, *symbol, far + 1)
        {
            return self.exported(at, name, far + 1);
        }
        let members = &self.only_named(module, "default")?.members;
        members.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }
}
