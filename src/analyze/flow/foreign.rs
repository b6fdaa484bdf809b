//! What other files define, before it is known what that is: names that lead there, and the calls of it.
//!
//! A file is analysed alone. What it imports from the project is a [`Symbol`]; the data it hands to a call of one is
//! said to reach that argument, and what the call yields is said to hold the argument's data on the condition that the
//! called function passes it on ([`Passage`]). Linking decides these when all files are known.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::program::{is_command_flag, is_shell};
use super::value::{Abstract, Event, Flow, Key, Known, Origin, Part, Taint, texts, through};
use crate::analyze::facts::PartFact;
use crate::analyze::ir::{
    Argument, ClassId, End, Function, FunctionId, Literal, Name, Op, Pass, Span, Value,
};
use crate::analyze::lower::interface_name;
use crate::analyze::model::NodeId;
use crate::analyze::project::Place;
use crate::syntax::Language;

/// A symbol, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SymbolId(pub(super) u32);

/// The receiver's place among the arguments of a call.
pub(crate) const RECEIVER: u16 = u16::MAX;

/// A name is followed through so many members and calls.
const LONGEST: u32 = 32;

/// So many parts of an argument that hold data are told apart.
const MOST_PARTS: usize = 6;

/// Calls of foreign functions that are told apart in one file.
const MOST_CALLS: usize = 100_000;

/// The argument of a call of a foreign function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Passage {
    pub(super) call: u32,
    pub(super) argument: u16,
    pub(super) part: PartFact,
    /// The member of what the call yields that is read, and the member of that.
    pub(super) read: [PartFact; 2],
}

/// How a symbol is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// It is a file or folder.
    Place(Place),
    /// The member of another.
    Member(SymbolId, Rc<str>),
    /// What a call of another yields.
    Call(SymbolId),
    /// Any of others.
    Among(Rc<[SymbolId]>),
    /// An object of a class of the file, or of one that is made of it elsewhere.
    Own(ClassId),
    /// An object as the bases of its class see it.
    Super(ClassId),
    /// A class of the file, whose constructor is that of a base.
    Class(ClassId),
}

/// Something that another file defines.
#[derive(Debug)]
pub(super) struct Symbol {
    pub(super) step: Step,
    /// What the models say of something of that name.
    pub(super) node: Option<NodeId>,
    length: u32,
}

/// A call of a foreign function.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) symbol: SymbolId,
    pub(super) arguments: Vec<Given>,
}

/// An argument of such a call, as far as it decides what the call does.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) pass: Pass,
    pub(super) known: Known,
    pub(super) span: Span,
    /// Of a list: whether it begins with a shell, and which element is behind a flag for one.
    pub(super) list: Option<(bool, Option<u32>)>,
}

/// The symbols and calls of one file.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    pub(super) symbols: Vec<Symbol>,
    pub(super) calls: Vec<Call>,
    /// Objects that a constructor is given, of classes that its parameters name.
    given: HashSet<SymbolId>,
    known: HashMap<Step, SymbolId>,
    places: HashMap<(FunctionId, Span, SymbolId), u32>,
}

impl Foreign {
    pub(super) fn symbol(&mut self, step: Step, node: Option<NodeId>) -> Option<SymbolId> {
        if let Some(id) = self.known.get(&step) {
            return Some(*id);
        }
        let length = match &step {
            Step::Place(_) | Step::Own(_) | Step::Super(_) | Step::Class(_) => 0,
            Step::Member(of, _) | Step::Call(of) => self.get(*of).length + 1,
            Step::Among(all) => all.iter().map(|of| self.get(*of).length).max().unwrap_or(0) + 1,
        };
        if length > LONGEST {
            return None;
        }
        let id = SymbolId(self.symbols.len() as u32);
        self.symbols.push(Symbol { step: step.clone(), node, length });
        self.known.insert(step, id);
        Some(id)
    }

    /// The number of the call of a symbol at a place, made when there is none; `None` when there are too many. One call may
    /// be of several symbols: of a method, and of those that stand in its place.
    pub(super) fn call_at(
        &mut self,
        place: (FunctionId, Span, SymbolId),
        call: impl FnOnce() -> Call,
    ) -> Option<u32> {
        if let Some(known) = self.places.get(&place) {
            self.calls[*known as usize] = call();
            return Some(*known);
        }
        if self.calls.len() >= MOST_CALLS {
            return None;
        }
        let number = self.calls.len() as u32;
        self.calls.push(call());
        self.places.insert(place, number);
        Some(number)
    }

    pub(super) fn get(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0 as usize]
    }
}

impl Engine<'_> {
    /// What an import path leads to in the project.
    pub(super) fn project_import(&mut self, path: &str, span: Span) -> Option<Abstract> {
        let (place, rest) = self.scope.import(self.path, self.language, path)?;
        let last = path.rsplit(['.', '/']).next().unwrap_or(path);
        let named = self.table.unknown(last);
        let mut symbol = self.foreign.symbol(Step::Place(place), named.filter(|_| rest.is_empty()))?;
        for name in rest {
            symbol = self.foreign_symbol(symbol, name)?;
        }
        Some(self.foreign_value(symbol, span))
    }

    /// What a function of another file yields that is called with nothing.
    pub(super) fn foreign_result(
        &mut self,
        frame: &Frame<'_>,
        symbol: SymbolId,
        span: Span,
    ) -> Option<Abstract> {
        let call = self.foreign_call_id(frame, symbol, &[], span)?;
        let flow = Flow { origin: Origin::Foreign(call), clean: 0, whole: 0, trace: None, via: None };
        let node = self.foreign.get(symbol).node.and_then(|node| self.table.call(node));
        let known = self.foreign.symbol(Step::Call(symbol), node).map_or(Known::Any, Known::Foreign);
        Some(Abstract { taint: Taint::of(flow), known, parts: None })
    }

    pub(super) fn foreign_symbol(&mut self, of: SymbolId, name: &str) -> Option<SymbolId> {
        let node = self.foreign.get(of).node.and_then(|node| self.table.member(node, name));
        let source = |node: &NodeId| self.table.node(*node).source != 0;
        let node = node
            .or_else(|| self.table.unknown(name))
            .or_else(|| self.table.anything_on_the_way(name))
            .or_else(|| self.table.anything(name).filter(source));
        let step = match &self.foreign.get(of).step {
            Step::Place(Place::Folder(folder)) => {
                self.scope.inside(folder, name).map_or_else(|| Step::Member(of, name.into()), Step::Place)
            }
            _ => Step::Member(of, name.into()),
        };
        self.foreign.symbol(step, node)
    }

    /// A name that nothing in the file binds, where all names of others are names of it: `from helpers import *`.
    pub(super) fn starred(&mut self, name: &str, span: Span) -> Option<Abstract> {
        if self.stars.is_empty() {
            return None;
        }
        let library = self.stars.iter().rev().find_map(|star| match star {
            Known::Path(node) => self.table.member(*node, name),
            _ => None,
        });
        if let Some(node) = library {
            return Some(self.path(node, span));
        }
        if self.table.global(name).is_some() || is_builtin(name) {
            return None;
        }
        let stars: Vec<SymbolId> = self
            .stars
            .iter()
            .filter_map(|star| match star {
                Known::Foreign(symbol) => Some(*symbol),
                _ => None,
            })
            .collect();
        let mut symbols = Vec::new();
        for star in stars {
            symbols.push(self.foreign_symbol(star, name)?);
        }
        let symbol = match symbols.as_slice() {
            [] => return None,
            [only] => *only,
            all => {
                let node = self.foreign.get(all[0]).node;
                self.foreign.symbol(Step::Among(all.into()), node)?
            }
        };
        Some(self.foreign_value(symbol, span))
    }

    /// A member of an object that no class of the file defines: its bases in other files do, or the classes that are made
    /// of its own.
    pub(super) fn inherited(
        &mut self,
        held: &Abstract,
        class: ClassId,
        name: &str,
        called: bool,
    ) -> Option<SymbolId> {
        if !matches!(held.known, Known::Instance(_)) || self.program.class(class).body.is_none() {
            return None;
        }
        let line = self.lineage(class);
        let (mut foreign, mut other) = (false, false);
        for class in &line {
            other |= self.open_classes.contains(class);
            for base in self.class_bases.get(class).into_iter().flatten() {
                foreign |= matches!(base, Known::Foreign(_));
                other |= matches!(base, Known::Path(_));
            }
        }
        // What a library defines is not for the project to say; and what is no method of a class below is not looked for
        // there.
        if !foreign && (other || !called) {
            return None;
        }
        let own = self.foreign.symbol(Step::Own(class), None)?;
        self.foreign.symbol(Step::Member(own, name.into()), None)
    }

    /// The object of a method as the bases of its class in other files see it.
    pub(super) fn foreign_parent(&mut self, class: ClassId) -> Option<SymbolId> {
        let bases = self.class_bases.get(&class)?;
        if !bases.iter().any(|base| matches!(base, Known::Foreign(_))) {
            return None;
        }
        self.foreign.symbol(Step::Super(class), None)
    }

    /// Whether it is `super` of a class whose bases other files define.
    pub(super) fn is_parent(&self, symbol: SymbolId) -> bool {
        matches!(self.foreign.get(symbol).step, Step::Super(_))
    }

    /// A method that does nothing, as one of the classes that are made of its class may define it.
    pub(super) fn overridden(&mut self, id: FunctionId) -> Option<SymbolId> {
        let function = self.program.function(id);
        let class = function.class.filter(|_| is_blank(function))?;
        let name = self.program.names.shared(function.name?);
        let own = self.foreign.symbol(Step::Own(class), None)?;
        self.foreign.symbol(Step::Member(own, name), None)
    }

    /// An object of the class of another file that a parameter is declared to be, where something provides it:
    /// `constructor(private users: UserService)`, `users: UserService = Depends()`.
    pub(super) fn injected(&mut self, frame: &Frame<'_>, annotation: Name) -> Option<Known> {
        let known = self.object_of(frame, annotation)?;
        if let Known::Foreign(object) = known {
            self.foreign.given.insert(object);
        }
        Some(known)
    }

    /// An object of the class or interface that an annotation names.
    fn object_of(&mut self, frame: &Frame<'_>, annotation: Name) -> Option<Known> {
        // A decorator that says where the parameter comes from stands before its type.
        let text = self.program.names.text(annotation).rsplit('|').next()?;
        let mut path = text.split('.');
        let first = path.next()?;
        let value = self.program.names.get(first).and_then(|name| self.around(frame, name));
        let mut symbol = match value.map(|value| value.known) {
            Some(Known::Class(class)) => return Some(Known::Instance(class)),
            Some(Known::Foreign(symbol)) => symbol,
            _ => {
                let interface = self.program.names.get(&interface_name(first))?;
                let Known::Class(class) = self.around(frame, interface)?.known else { return None };
                return Some(Known::Instance(class));
            }
        };
        for name in path {
            symbol = self.foreign_symbol(symbol, name)?;
        }
        let object = self.foreign.symbol(Step::Call(symbol), None)?;
        Some(Known::Foreign(object))
    }

    /// The method that is called of an object of the file whose class does not have it, and of a parameter by what it is
    /// declared to be.
    pub(super) fn declared_method(&mut self, frame: &Frame<'_>, callee: Value) -> Option<SymbolId> {
        let Op::Member(object, name) = frame.function.step(callee).op else { return None };
        if let Known::Instance(class) = frame.value(object).known {
            // A field that holds a function is no method.
            let set = |class: &ClassId| {
                let body = self.program.class(*class).body;
                body.is_some_and(|body| self.variables[body.0 as usize].contains_key(&name))
            };
            if self.defines(class, name) || self.lineage(class).iter().any(set) {
                return None;
            }
            let held = Abstract::known(Known::Instance(class));
            let name = self.program.names.shared(name);
            return self.inherited(&held, class, &name, true);
        }
        let index = self.parameter_at(frame, object)?;
        let annotation = frame.function.parameters.get(index as usize)?.annotation?;
        let object = match self.object_of(frame, annotation)? {
            Known::Instance(class) => self.foreign.symbol(Step::Own(class), None)?,
            Known::Foreign(object) => object,
            _ => return None,
        };
        let name = self.program.names.shared(name);
        self.foreign.symbol(Step::Member(object, name), None)
    }

    /// Whether it is a method of such an object: what the models say of any method of that name is not about it.
    pub(super) fn of_injected(&self, symbol: SymbolId) -> bool {
        matches!(&self.foreign.get(symbol).step, Step::Member(of, _) if self.foreign.given.contains(of))
    }

    fn foreign_value(&self, symbol: SymbolId, span: Span) -> Abstract {
        let read = self.foreign.get(symbol).node.map(|node| self.path(node, span).taint);
        Abstract { taint: read.unwrap_or_default(), ..Abstract::known(Known::Foreign(symbol)) }
    }

    /// The member of something foreign.
    pub(super) fn foreign_member(
        &mut self,
        held: &Abstract,
        of: SymbolId,
        name: &str,
        span: Span,
    ) -> Abstract {
        let Some(symbol) = self.foreign_symbol(of, name) else {
            return Abstract::tainted(held.taint.clone());
        };
        let value = self.foreign_value(symbol, span);
        Abstract { taint: value.taint.join(&self.read_of(&held.taint, of, name)), ..value }
    }

    /// A call of something foreign: what goes in may come out, and reaches what the callee makes it reach.
    pub(super) fn foreign_call(
        &mut self,
        frame: &mut Frame<'_>,
        symbol: SymbolId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let Some(call) = self.foreign_call_id(frame, symbol, arguments, span) else {
            return self.unknown_call(frame, callee, arguments, span);
        };
        let object = match &frame.function.step(callee).op {
            Op::Member(object, _) => Some(*object),
            _ => None,
        };
        self.handed_over(frame, (symbol, call), object, arguments, span)
    }

    /// An object of a class of the file, made by a constructor that a base of it in another file has; `None` when it has
    /// no such base, or is one of too many.
    pub(super) fn made_elsewhere(
        &mut self,
        frame: &mut Frame<'_>,
        class: ClassId,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Taint> {
        let line = self.lineage(class);
        let mut bases = line.iter().filter_map(|class| self.class_bases.get(class)).flatten();
        if !bases.any(|base| matches!(base, Known::Foreign(_))) {
            return None;
        }
        let symbol = self.foreign.symbol(Step::Class(class), None)?;
        let call = self.foreign_call_id(frame, symbol, arguments, span)?;
        Some(self.handed_over(frame, (symbol, call), None, arguments, span).taint)
    }

    /// What a call of something foreign yields, which is given the receiver and the arguments.
    fn handed_over(
        &mut self,
        frame: &mut Frame<'_>,
        (symbol, call): (SymbolId, u32),
        object: Option<Value>,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let name = self.foreign_name(symbol);
        let mut flows =
            vec![Flow { origin: Origin::Foreign(call), clean: 0, whole: 0, trace: None, via: None }];
        let mut all = Taint::default();
        let receiver = object.into_iter().flat_map(|object| {
            let span = frame.function.step(object).span;
            parts(frame.value(object)).into_iter().map(move |(part, taint)| (RECEIVER, part, taint, span))
        });
        let script = self.language != Language::Python;
        let given = arguments.iter().enumerate().take(RECEIVER as usize);
        // The options of a JavaScript call are an argument of their own.
        let given = given.filter(|(_, argument)| !(script && matches!(argument.pass, Pass::Keyword(_))));
        let given: Vec<_> = given
            .flat_map(|(index, argument)| {
                let parts = parts(frame.value(argument.value));
                parts.into_iter().map(move |(part, taint)| (index as u16, part, taint, argument.span))
            })
            .chain(receiver)
            .collect();
        for (argument, part, taint, span) in given {
            let passage = Passage { call, argument, part, read: [PartFact::WHOLE; 2] };
            let whose = match argument {
                RECEIVER => object,
                argument => arguments.get(argument as usize).map(|argument| argument.value),
            };
            let whose = whose.and_then(|value| self.parameter_at(frame, value));
            let own = whose.map(|index| Origin::Parameter(frame.id, index, Part::Whole));
            for flow in taint.flows() {
                let trace = super::value::Link::after(flow.trace.clone(), span, Event::Enters(name.clone()));
                let at = super::sink::Arrival { clean: flow.clean, via: flow.via.clone(), span, trace };
                let same = own == Some(flow.origin) && flow.via.is_none();
                let to = if same { Passage { part: PartFact::SAME, ..passage } } else { passage };
                self.arrived(frame, flow.origin, super::sink::Target::Argument(to), at);
                let via = through(&flow.via, &Some([passage].into()));
                flows.push(Flow { via, ..flow.clone() });
            }
            all = all.join(&taint);
        }
        for argument in arguments {
            self.calls_back(frame, argument.value, &all, span);
        }
        let node = self.foreign.get(symbol).node.and_then(|node| self.table.call(node));
        let known = match self.foreign.symbol(Step::Call(symbol), node) {
            Some(result) => Known::Foreign(result),
            None => Known::Any,
        };
        Abstract { taint: Taint::from(flows), known, parts: None }
    }

    fn foreign_name(&self, symbol: SymbolId) -> Rc<str> {
        match &self.foreign.get(symbol).step {
            Step::Member(_, name) => name.clone(),
            Step::Place(Place::File(path) | Place::Folder(path)) => path.as_str().into(),
            Step::Call(of) => self.foreign_name(*of),
            Step::Among(all) => all.first().map_or_else(|| "".into(), |of| self.foreign_name(*of)),
            Step::Own(_) => "the object".into(),
            Step::Super(_) => "super".into(),
            Step::Class(_) => "the constructor".into(),
        }
    }

    fn foreign_call_id(
        &mut self,
        frame: &Frame<'_>,
        symbol: SymbolId,
        arguments: &[Argument],
        span: Span,
    ) -> Option<u32> {
        let given = || arguments.iter().map(|it| given(frame, it)).collect();
        let call = self.foreign.call_at((frame.id, span, symbol), || Call { symbol, arguments: given() });
        self.large |= call.is_none();
        call
    }
}

/// The data of an argument by its parts, when there are few.
fn parts(value: &Abstract) -> Vec<(PartFact, Taint)> {
    let Some(parts) = &value.parts else { return vec![(PartFact::WHOLE, value.taint.clone())] };
    let tainted = parts.known.iter().filter(|(_, part)| !part.all().is_empty());
    if tainted.clone().count() > MOST_PARTS {
        return vec![(PartFact::WHOLE, value.all())];
    }
    let rest = parts.rest.as_deref().map(Abstract::all).unwrap_or_default();
    let named = tainted.map(|(key, part)| match key {
        Key::Text(name) | Key::Member(name) => (PartFact::named(name), part.all()),
        Key::Index(index) => (PartFact::element(*index), part.all()),
    });
    std::iter::once((PartFact::WHOLE, value.taint.join(&rest))).chain(named).collect()
}

/// What of an argument may decide what a call does.
fn given(frame: &Frame<'_>, argument: &Argument) -> Given {
    let value = frame.value(argument.value);
    let known = match &value.known {
        Known::Text(text) if text.len() > 64 => Known::Constant,
        known @ (Known::Text(_)
        | Known::Int(_)
        | Known::Bool(_)
        | Known::Null
        | Known::Constant
        | Known::Path(_)) => known.clone(),
        _ => Known::Any,
    };
    let length = value.parts.as_ref().and_then(|parts| parts.length);
    let list = length.map(|length| {
        let is = |index: i64, like: fn(&str) -> bool| {
            texts(&value.at(Some(&Key::Index(index))).known).iter().any(|text| like(text))
        };
        let flag = (0..length).find(|index| is(*index, is_command_flag));
        (is(0, is_shell), flag.and_then(|flag| u32::try_from(flag + 1).ok()))
    });
    Given { pass: argument.pass, known, span: argument.span, list }
}

/// Whether a function does nothing but say that it is to be defined elsewhere.
pub(super) fn is_blank(function: &Function) -> bool {
    let Some(block) = function.blocks.first() else { return false };
    let idles = || block.steps.iter().all(|value| idle(&function.step(*value).op));
    match block.end {
        End::Throw(_) => block.steps.len() < 24,
        End::Open | End::Return(None) => idles(),
        End::Return(Some(value)) => matches!(function.step(value).op, Op::Literal(Literal::Null)) && idles(),
        _ => false,
    }
}

fn idle(op: &Op) -> bool {
    matches!(op, Op::Literal(_) | Op::Parameter(_) | Op::Store(..))
}

/// Names of Python that no module has to define. Those that models know are not looked up here.
fn is_builtin(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "abs", "all", "any", "ascii", "bin", "bool", "breakpoint", "bytearray", "bytes", "callable", "chr",
        "classmethod", "compile", "complex", "delattr", "dict", "dir", "divmod", "enumerate", "eval", "exec", "filter",
        "float", "format", "frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input", "int",
        "isinstance", "issubclass", "iter", "len", "list", "locals", "map", "max", "memoryview", "min", "next",
        "object", "oct", "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "set",
        "setattr", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "vars", "zip",
        "NotImplemented", "Ellipsis", "True", "False", "None", "Exception", "KeyboardInterrupt", "SystemExit",
        "StopIteration",
    ];
    name.starts_with("__") || NAMES.contains(&name) || name.ends_with("Error") || name.ends_with("Warning")
}
