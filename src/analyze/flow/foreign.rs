//! What other files define, before it is known what that is: names that lead there, and the calls of it.
//!
//! A file is analysed alone. What it imports from the project is a [`Symbol`]; the data it hands to a call of one is
//! said to reach that argument, and what the call yields is said to hold the argument's data on the condition that the
//! called function passes it on ([`Passage`]). Linking decides these when all files are known.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Event, Flow, Key, Known, Origin, Part, Taint, through};
use crate::analyze::facts::PartFact;
use crate::analyze::ir::{Argument, FunctionId, Name, Op, Pass, Span, Value};
use crate::analyze::model::NodeId;
use crate::analyze::project::Place;
use crate::syntax::Language;

/// A symbol, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SymbolId(pub(super) u32);

/// The receiver's place among the arguments of a call.
pub(crate) const RECEIVER: u16 = u16::MAX;

/// A name is followed through so many members and calls.
const LONGEST: u32 = 8;

/// So many parts of an argument that hold data are told apart.
const MOST_PARTS: usize = 6;

/// Calls of foreign functions that are told apart in one file.
const MOST_CALLS: usize = 20_000;

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
    pub(super) arguments: Vec<(Pass, Known)>,
}

/// The symbols and calls of one file.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    pub(super) symbols: Vec<Symbol>,
    pub(super) calls: Vec<Call>,
    /// Objects that a constructor is given, of classes that its parameters name.
    given: HashSet<SymbolId>,
    known: HashMap<Step, SymbolId>,
    places: HashMap<(FunctionId, Span), u32>,
}

impl Foreign {
    pub(super) fn symbol(&mut self, step: Step, node: Option<NodeId>) -> Option<SymbolId> {
        if let Some(id) = self.known.get(&step) {
            return Some(*id);
        }
        let length = match &step {
            Step::Place(_) => 0,
            Step::Member(of, _) | Step::Call(of) => self.get(*of).length + 1,
        };
        if length > LONGEST {
            return None;
        }
        let id = SymbolId(self.symbols.len() as u32);
        self.symbols.push(Symbol { step: step.clone(), node, length });
        self.known.insert(step, id);
        Some(id)
    }

    /// The number of the call at a place, made when there is none; `None` when there are too many.
    pub(super) fn call_at(&mut self, place: (FunctionId, Span), call: impl FnOnce() -> Call) -> Option<u32> {
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
        let node = node.or_else(|| self.table.unknown(name)).or_else(|| self.table.anything_on_the_way(name));
        let step = match &self.foreign.get(of).step {
            Step::Place(Place::Folder(folder)) => {
                self.scope.inside(folder, name).map_or_else(|| Step::Member(of, name.into()), Step::Place)
            }
            _ => Step::Member(of, name.into()),
        };
        self.foreign.symbol(step, node)
    }

    /// An object of the class of another file that a parameter is declared to be, where something provides it:
    /// `constructor(private users: UserService)`, `users: UserService = Depends()`.
    pub(super) fn injected(&mut self, frame: &Frame<'_>, annotation: Name) -> Option<Known> {
        // A decorator that says where the parameter comes from stands before its type.
        let text = self.program.names.text(annotation).rsplit('|').next()?;
        let mut path = text.split('.');
        let first = self.program.names.get(path.next()?)?;
        let mut symbol = match self.around(frame, first)?.known {
            Known::Class(class) => return Some(Known::Instance(class)),
            Known::Foreign(symbol) => symbol,
            _ => return None,
        };
        for name in path {
            symbol = self.foreign_symbol(symbol, name)?;
        }
        let object = self.foreign.symbol(Step::Call(symbol), None)?;
        self.foreign.given.insert(object);
        Some(Known::Foreign(object))
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
        let name = self.foreign_name(symbol);
        let mut flows =
            vec![Flow { origin: Origin::Foreign(call), clean: 0, whole: 0, trace: None, via: None }];
        let mut all = Taint::default();
        let receiver = match &frame.function.step(callee).op {
            Op::Member(object, _) => {
                let span = frame.function.step(*object).span;
                Some((RECEIVER, PartFact::WHOLE, frame.value(*object).all(), span))
            }
            _ => None,
        };
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
            let whose = arguments.get(argument as usize).filter(|_| argument != RECEIVER);
            let whose = whose.and_then(|argument| self.parameter_at(frame, argument.value));
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
        }
    }

    fn foreign_call_id(
        &mut self,
        frame: &Frame<'_>,
        symbol: SymbolId,
        arguments: &[Argument],
        span: Span,
    ) -> Option<u32> {
        let given = || arguments.iter().map(|it| (it.pass, simple(&frame.value(it.value).known))).collect();
        self.foreign.call_at((frame.id, span), || Call { symbol, arguments: given() })
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
        Key::Index(_) => (PartFact::WHOLE, part.all()),
    });
    std::iter::once((PartFact::WHOLE, value.taint.join(&rest))).chain(named).collect()
}

/// What of an argument may decide what a call is.
fn simple(known: &Known) -> Known {
    match known {
        Known::Text(text) if text.len() > 64 => Known::Constant,
        Known::Text(_) | Known::Int(_) | Known::Bool(_) | Known::Null | Known::Constant => known.clone(),
        _ => Known::Any,
    }
}
