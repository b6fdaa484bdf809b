//! What a symbol of one file is in another: often one thing, and several where a name has several definitions or a
//! method several classes that define it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::analyze::facts::{
    ArgumentFact, FunctionFact, KnownFact, Module, PartFact, PassFact, SymbolFact, ValueFact,
};
use crate::analyze::flow::foreign::RECEIVER;
use crate::analyze::model::{Models, NodeId, Table};
use crate::analyze::project::Place;

/// Aliases, bases and re-exports are followed so far.
const FURTHEST: u32 = 200;

/// So many things that a name may stand for are told apart.
const MOST_THINGS: usize = 256;

/// A method of an interface that more classes define than this is followed into none of them: a call of it says too
/// little about which it is, and each would be a way that hardly any run takes.
const MOST_DEFINED_BELOW: usize = 8;

/// Look-ups that all symbols together may take.
const MOST_STEPS: u32 = 20_000_000;

/// What a symbol leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing<'m> {
    /// A function, and whether it has its receiver.
    Function(usize, u32, bool),
    Class(usize, u32),
    Instance(usize, u32),
    /// An object as the bases of its class see it.
    Super(usize, u32),
    /// A module as a whole.
    Module(usize),
    /// What the models call so.
    Model(usize, NodeId),
    /// A value of a module with members.
    Value(usize, &'m ValueFact),
}

impl PartialEq for Thing<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Thing::Function(a, b, c), Thing::Function(d, e, f)) => (a, b, c) == (d, e, f),
            (Thing::Class(a, b), Thing::Class(c, d))
            | (Thing::Instance(a, b), Thing::Instance(c, d))
            | (Thing::Super(a, b), Thing::Super(c, d))
            | (Thing::Model(a, b), Thing::Model(c, d)) => (a, b) == (c, d),
            (Thing::Module(one), Thing::Module(other)) => one == other,
            (Thing::Value(a, one), Thing::Value(b, other)) => a == b && std::ptr::eq(one, other),
            _ => false,
        }
    }
}

/// What is called when something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Callee {
    /// A function, and whether it has its receiver.
    Function(usize, u32, bool),
    /// A class, by module and number, whose object is made by that constructor, when one is known.
    Made((usize, u32), Option<(usize, u32)>),
    /// What the models call so.
    Model(usize, NodeId),
    /// Something that is known and has no code.
    Other,
}

/// A class, by module and number, and those right under it.
type Lines = HashMap<(usize, u32), Vec<(usize, u32)>>;

/// Things a name may stand for.
type Things<'m> = Vec<Thing<'m>>;

/// A symbol while it is looked up, and after.
#[derive(Clone)]
enum Known<'m> {
    New,
    Active,
    Done(Rc<[Thing<'m>]>),
}

/// All modules by path, and the models.
pub(super) struct Resolver<'m> {
    pub(super) modules: &'m [Module],
    pub(super) models: &'m Models,
    by_path: HashMap<&'m str, usize>,
    symbols: RefCell<Vec<Vec<Known<'m>>>>,
    /// The classes that are made of a class, or implement it.
    made_of: OnceCell<Lines>,
    left: Cell<u32>,
    /// Whether not all was looked up.
    pub(super) cut: Cell<bool>,
}

impl<'m> Resolver<'m> {
    pub(super) fn new(modules: &'m [Module], models: &'m Models) -> Self {
        let paths = modules.iter().enumerate().filter(|(_, module)| !module.path.is_empty());
        // Of two modules of one path the last counts, as it does when they are applied in turn.
        let by_path = paths.map(|(index, module)| (module.path.as_str(), index)).collect();
        let symbols = modules.iter().map(|module| vec![Known::New; module.symbols.len()]).collect();
        let resolver = Resolver {
            modules,
            models,
            by_path,
            symbols: RefCell::new(symbols),
            made_of: OnceCell::new(),
            left: Cell::new(MOST_STEPS),
            cut: Cell::new(false),
        };
        let made_of = resolver.lines();
        // Nothing else sets it.
        let _ = resolver.made_of.set(made_of);
        resolver
    }

    pub(super) fn table(&self, module: usize) -> Option<&'m Table> {
        self.models.table(self.modules[module].family)
    }

    pub(super) fn function(&self, module: usize, function: u32) -> Option<&'m FunctionFact> {
        self.modules[module].functions.get(function as usize)
    }

    /// Which classes are right under which.
    fn lines(&self) -> Lines {
        let mut lines = Lines::new();
        for (module, fact) in self.modules.iter().enumerate() {
            for (index, class) in fact.classes.iter().enumerate() {
                for base in class.bases.iter().chain(&class.interfaces) {
                    for thing in self.known(module, base, 0) {
                        if let Thing::Class(at, of) = thing {
                            lines.entry((at, of)).or_default().push((module, index as u32));
                        }
                    }
                }
            }
        }
        lines
    }

    /// Whether one more may be looked up, so far from where it began.
    fn goes_on(&self, far: u32) -> bool {
        let left = self.left.get();
        if far > FURTHEST || left == 0 {
            self.cut.set(true);
            return false;
        }
        self.left.set(left - 1);
        true
    }

    fn add(&self, to: &mut Things<'m>, more: impl IntoIterator<Item = Thing<'m>>) {
        for thing in more {
            if to.contains(&thing) {
                continue;
            }
            if to.len() >= MOST_THINGS {
                self.cut.set(true);
                return;
            }
            to.push(thing);
        }
    }

    /// What a symbol of a module may stand for; nothing when that is not known.
    pub(super) fn symbol(&self, module: usize, symbol: u32, far: u32) -> Rc<[Thing<'m>]> {
        let known = self.symbols.borrow()[module].get(symbol as usize).cloned();
        match known {
            Some(Known::Done(things)) => return things,
            Some(Known::New) if self.goes_on(far) => {}
            _ => return Rc::from([]),
        }
        self.symbols.borrow_mut()[module][symbol as usize] = Known::Active;
        let things: Rc<[Thing<'m>]> = self.followed(module, symbol, far).into();
        self.symbols.borrow_mut()[module][symbol as usize] = Known::Done(things.clone());
        things
    }

    fn followed(&self, module: usize, symbol: u32, far: u32) -> Things<'m> {
        let mut found = Things::new();
        match &self.modules[module].symbols[symbol as usize] {
            SymbolFact::Place(place) => {
                let at = match place {
                    Place::File(path) => self.by_path.get(path.as_str()),
                    Place::Folder(path) => self.by_path.get(format!("{path}/__init__.py").as_str()),
                };
                found.extend(at.map(|module| Thing::Module(*module)));
            }
            SymbolFact::Member(of, name) => {
                for thing in self.symbol(module, *of, far + 1).iter() {
                    self.add(&mut found, self.member(*thing, name, far + 1));
                }
            }
            SymbolFact::Call(of) => {
                for thing in self.symbol(module, *of, far + 1).iter() {
                    self.add(&mut found, self.call(*thing, far + 1));
                }
            }
            SymbolFact::Among(all) => {
                for of in all {
                    self.add(&mut found, self.symbol(module, *of, far + 1).iter().copied());
                }
            }
            SymbolFact::Own(class) => found.push(Thing::Instance(module, *class)),
            SymbolFact::Super(class) => found.push(Thing::Super(module, *class)),
            SymbolFact::Class(class) => found.push(Thing::Class(module, *class)),
        }
        found
    }

    fn value(&self, module: usize, value: &'m ValueFact, far: u32) -> Things<'m> {
        let mut things = self.known(module, &value.known, far);
        if !value.members.is_empty() {
            things.push(Thing::Value(module, value));
        }
        things
    }

    fn known(&self, module: usize, known: &'m KnownFact, far: u32) -> Things<'m> {
        match known {
            KnownFact::Any => Things::new(),
            KnownFact::Function(id) => vec![Thing::Function(module, *id, false)],
            KnownFact::Class(id) => vec![Thing::Class(module, *id)],
            KnownFact::Instance(id) => vec![Thing::Instance(module, *id)],
            KnownFact::Symbol(id) => self.symbol(module, *id, far + 1).to_vec(),
            KnownFact::Path(path) => {
                let node = self.table(module).and_then(|table| table.written(path));
                node.map(|node| Thing::Model(module, node)).into_iter().collect()
            }
        }
    }

    /// The values that a module gives a name.
    pub(super) fn named(&self, module: usize, name: &str) -> &'m [(Box<str>, ValueFact)] {
        let names = &self.modules[module].names;
        let find = |name: &str| {
            let start = names.partition_point(|(known, _)| **known < *name);
            let count = names[start..].iter().take_while(|(known, _)| **known == *name).count();
            &names[start..start + count]
        };
        match self.modules[module].family {
            "python" => find(name),
            _ => find(&format!("exports.{name}")),
        }
    }

    fn named_things(&self, module: usize, name: &str, far: u32) -> Things<'m> {
        let mut found = Things::new();
        for (_, value) in self.named(module, name) {
            self.add(&mut found, self.value(module, value, far + 1));
        }
        found
    }

    fn member(&self, of: Thing<'m>, name: &str, far: u32) -> Things<'m> {
        if !self.goes_on(far) {
            return Things::new();
        }
        match of {
            Thing::Module(module) => {
                let found = self.named_things(module, name, far);
                if found.is_empty() { self.other(module, name, far) } else { found }
            }
            Thing::Value(module, value) => {
                let found = value.members.iter().find(|(known, _)| **known == *name);
                found.map_or_else(Things::new, |(_, value)| self.value(module, value, far + 1))
            }
            Thing::Instance(module, class) => {
                let mut found = self.of_class((module, class), name, true, far + 1, &mut Vec::new());
                if found.iter().all(|thing| self.is_blank(*thing)) {
                    self.add(&mut found, self.defined_below(module, class, name));
                }
                found
            }
            Thing::Class(module, class) => {
                self.of_class((module, class), name, false, far + 1, &mut Vec::new())
            }
            Thing::Super(module, class) => {
                self.of_bases((module, class), name, true, far + 1, &mut Vec::new())
            }
            Thing::Model(module, node) => {
                let next = self.table(module).and_then(|table| table.member(node, name));
                next.map(|node| Thing::Model(module, node)).into_iter().collect()
            }
            Thing::Function(..) => Things::new(),
        }
    }

    fn is_blank(&self, thing: Thing<'_>) -> bool {
        match thing {
            Thing::Function(module, function, _) => {
                self.function(module, function).is_some_and(|fact| fact.blank)
            }
            _ => false,
        }
    }

    /// Whether none of a class's methods does anything.
    fn is_interface(&self, module: usize, class: u32) -> bool {
        let Some(fact) = self.modules[module].classes.get(class as usize) else { return false };
        fact.methods.iter().all(|(name, method)| {
            matches!(&**name, "__init__" | "constructor")
                || self.function(module, *method).is_some_and(|fact| fact.blank)
        })
    }

    /// What the few classes under a class that define a name define under it.
    fn defined_below(&self, module: usize, class: u32, name: &str) -> Things<'m> {
        let mut found = Things::new();
        let Some(lines) = self.made_of.get() else { return found };
        // What a class with code of its own leaves to those below it, it calls of one object: were one call followed into
        // one of them and the next into another, data would take ways that no object has.
        let most = if self.is_interface(module, class) { MOST_DEFINED_BELOW } else { 1 };
        let (mut open, mut seen) = (vec![(module, class)], HashSet::from([(module, class)]));
        while let Some(class) = open.pop() {
            for (module, class) in lines.get(&class).into_iter().flatten().copied() {
                if !seen.insert((module, class)) {
                    continue;
                }
                if !self.goes_on(0) {
                    return found;
                }
                open.push((module, class));
                let Some(fact) = self.modules[module].classes.get(class as usize) else { continue };
                let methods = fact.methods.iter().filter(|(known, _)| **known == *name);
                self.add(&mut found, methods.map(|(_, method)| Thing::Function(module, *method, true)));
                if found.len() > most {
                    return Things::new();
                }
            }
        }
        found
    }

    /// What a module takes from others as a whole, or the member of its default export.
    fn other(&self, module: usize, name: &str, far: u32) -> Things<'m> {
        let mut found = Things::new();
        let (mut open, mut seen) = (vec![module], HashSet::from([module]));
        while let Some(at) = open.pop() {
            let fact = &self.modules[at];
            let stars = fact.stars.iter().chain(self.named(at, "*").iter().map(|(_, value)| &value.known));
            for star in stars {
                for thing in self.known(at, star, far + 1) {
                    match thing {
                        Thing::Module(next) if seen.insert(next) && self.goes_on(far) => {
                            let here = self.named_things(next, name, far + 1);
                            if here.is_empty() {
                                open.push(next);
                            }
                            self.add(&mut found, here);
                        }
                        Thing::Module(_) => {}
                        thing => self.add(&mut found, self.member(thing, name, far + 1)),
                    }
                }
            }
        }
        if found.is_empty() && self.modules[module].family != "python" && name != "default" {
            for thing in self.default_things(module, far) {
                self.add(&mut found, self.member(thing, name, far + 1));
            }
        }
        found
    }

    /// What a JavaScript module is when it is used as one value; of one that is another, what that one is.
    fn default_things(&self, module: usize, far: u32) -> Things<'m> {
        let mut found = Things::new();
        let (mut open, mut seen) = (vec![module], HashSet::from([module]));
        while let Some(at) = open.pop() {
            for thing in self.named_things(at, "default", far) {
                match thing {
                    Thing::Module(next) => open.extend(seen.insert(next).then_some(next)),
                    thing => self.add(&mut found, [thing]),
                }
            }
        }
        found
    }

    /// What a class or one that it is made of defines; `seen` are those that were looked into, since a class of another
    /// file may have the name of this one and be taken for it.
    fn of_class(
        &self,
        (module, class): (usize, u32),
        name: &str,
        bound: bool,
        far: u32,
        seen: &mut Vec<(usize, u32)>,
    ) -> Things<'m> {
        if seen.contains(&(module, class)) || !self.goes_on(far) {
            return Things::new();
        }
        seen.push((module, class));
        let Some(fact) = self.modules[module].classes.get(class as usize) else { return Things::new() };
        // A class method has its class, and everything in JavaScript a receiver.
        let has = |method: u32| {
            let first = self.function(module, method).and_then(|fact| fact.parameters.first());
            bound
                || self.modules[module].family != "python"
                || first.is_some_and(|first| first.name == PartFact::named("cls"))
        };
        let methods = fact.methods.iter().rev().filter(|(known, _)| **known == *name);
        let mut found = Things::new();
        self.add(&mut found, methods.map(|(_, method)| Thing::Function(module, *method, has(*method))));
        if found.is_empty()
            && let Some((_, value)) = fact.fields.iter().find(|(known, _)| **known == *name)
        {
            found = self.value(module, value, far + 1);
            // Python binds a function that a class holds under a name; one that is not written as a method is not known to
            // have a place for its object.
            let python = bound && self.modules[module].family == "python";
            found.retain(|thing| !python || !matches!(thing, Thing::Function(..)));
        }
        if found.is_empty() { self.of_bases((module, class), name, bound, far, seen) } else { found }
    }

    fn of_bases(
        &self,
        (module, class): (usize, u32),
        name: &str,
        bound: bool,
        far: u32,
        seen: &mut Vec<(usize, u32)>,
    ) -> Things<'m> {
        let Some(fact) = self.modules[module].classes.get(class as usize) else { return Things::new() };
        for base in &fact.bases {
            let mut found = Things::new();
            for thing in self.known(module, base, far + 1) {
                match thing {
                    Thing::Class(module, class) => {
                        self.add(&mut found, self.of_class((module, class), name, bound, far + 1, seen));
                    }
                    Thing::Model(..) => {
                        for object in self.call(thing, far + 1) {
                            self.add(&mut found, self.member(object, name, far + 1));
                        }
                    }
                    _ => {}
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Things::new()
    }

    /// What a call of something yields.
    fn call(&self, of: Thing<'m>, far: u32) -> Things<'m> {
        if !self.goes_on(far) {
            return Things::new();
        }
        match of {
            Thing::Module(module) => {
                let mut found = Things::new();
                for thing in self.default_things(module, far) {
                    self.add(&mut found, self.call(thing, far + 1));
                }
                found
            }
            Thing::Function(module, function, _) => match self.function(module, function) {
                Some(fact) => self.value(module, &fact.result, far + 1),
                None => Things::new(),
            },
            Thing::Class(module, class) => vec![Thing::Instance(module, class)],
            Thing::Super(..) => vec![of],
            Thing::Model(module, node) => {
                let next = self.table(module).and_then(|table| table.call(node));
                next.map(|node| Thing::Model(module, node)).into_iter().collect()
            }
            Thing::Instance(..) | Thing::Value(..) => Things::new(),
        }
    }

    /// What may be called by a call of a module.
    pub(super) fn callees(&self, module: usize, symbol: u32) -> Box<[Callee]> {
        let mut callees = Vec::new();
        for thing in self.symbol(module, symbol, 0).iter() {
            self.called(*thing, 0, &mut callees);
        }
        callees.dedup();
        callees.into()
    }

    fn called(&self, thing: Thing<'m>, far: u32, callees: &mut Vec<Callee>) {
        if !self.goes_on(far) {
            return;
        }
        match thing {
            // Of a module its default export.
            Thing::Module(module) => {
                for thing in self.default_things(module, far) {
                    self.called(thing, far + 1, callees);
                }
            }
            Thing::Function(module, function, bound) => {
                callees.push(Callee::Function(module, function, bound));
            }
            Thing::Class(module, class) => {
                let made = self.of_class((module, class), "__init__", true, far + 1, &mut Vec::new());
                let constructors = made.iter().filter_map(|thing| match thing {
                    Thing::Function(at, function, _) => Some((*at, *function)),
                    _ => None,
                });
                let before = callees.len();
                callees.extend(constructors.map(|by| Callee::Made((module, class), Some(by))));
                if callees.len() == before {
                    callees.push(Callee::Made((module, class), None));
                }
            }
            Thing::Model(module, node) => callees.push(Callee::Model(module, node)),
            Thing::Instance(module, class) => {
                for thing in self.of_class((module, class), "__call__", true, far + 1, &mut Vec::new()) {
                    if let Thing::Function(module, function, bound) = thing {
                        callees.push(Callee::Function(module, function, bound));
                    }
                }
            }
            Thing::Super(..) | Thing::Value(..) => callees.push(Callee::Other),
        }
    }

    /// The parameters that an argument of a call becomes.
    pub(super) fn parameters(
        &self,
        fact: &FunctionFact,
        bound: bool,
        arguments: &[ArgumentFact],
        argument: u16,
    ) -> std::ops::Range<u32> {
        let none = 0..0;
        let first = u32::from(fact.receiver && bound);
        let count = fact.parameters.len() as u32;
        if argument == RECEIVER {
            return if first == 1 { 0..1 } else { none };
        }
        let passes = |argument: &ArgumentFact| argument.pass == PassFact::Plain;
        let before = arguments.iter().take(argument as usize).filter(|it| passes(it)).count();
        match arguments.get(argument as usize).map(|argument| &argument.pass) {
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
