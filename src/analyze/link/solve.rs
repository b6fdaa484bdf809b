//! What functions make of their parameters' data, in rounds until nothing changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Crossing;
use super::library::LibraryCall;
use super::resolve::{Callee, Resolver};
use crate::analyze::facts::{
    ArgumentFact, FlowFact, FunctionFact, Module, OriginFact, Packed, PartFact, PassFact, PassageFact,
    PendingFact, StepFact, SymbolFact, TargetFact,
};
use crate::analyze::flow::foreign::RECEIVER;
use crate::analyze::ir::Span;
use crate::analyze::model::{ANY, Kinds, Models, NodeId, asks};

/// Rounds of the fixpoint: data that goes through more files than this is not followed to the end.
const MOST_ROUNDS: usize = 64;

/// Places that parameters' data is followed to, of one function, and of all.
const MOST_REACHES: usize = 2_048;
const MOST_ALL_REACHES: usize = 2_000_000;

/// Steps of a way that are shown.
const LONGEST_WAY: usize = 32;

/// A function, by module and number.
type Place = (usize, u32);

/// The way of data: the module and the step; shared.
type Way = Rc<Vec<(usize, StepFact)>>;

/// A parameter and the part of it, and the sink that its data reaches: kind, module, place.
type Reached = (u32, PartFact, Kinds, usize, Span);

/// What is known of a function once its callees are.
#[derive(Debug, Clone, Default, PartialEq)]
struct Effect {
    /// Parameters whose data is in the result, by part, and the kinds it is clean for there.
    passes: BTreeMap<(u32, PartFact), Kinds>,
    /// Parameters whose data reaches a sink.
    reaches: BTreeMap<Reached, Kinds>,
    /// Sources whose data is in the result.
    sources: BTreeMap<Kinds, Kinds>,
}

/// The ways that belong to an [`Effect`]; they do not count for the fixpoint.
#[derive(Debug, Default)]
struct Ways {
    reaches: HashMap<Reached, Way>,
    sources: HashMap<Kinds, Way>,
}

/// A call of a symbol, and what that may be.
#[derive(Default)]
struct Call {
    symbol: u32,
    callees: Box<[Callee]>,
    /// Of a call that is known.
    arguments: Box<[ArgumentFact]>,
}

pub(super) struct Solver<'m> {
    pub(super) resolver: Resolver<'m>,
    /// By module.
    calls: Vec<Vec<Call>>,
    /// Where the data of functions' parameters goes.
    reaches: HashMap<Place, Vec<PendingFact>>,
    /// Where other data goes, by module.
    pending: Vec<Vec<PendingFact>>,
    /// Whether facts could not be read.
    unread: bool,
    effects: HashMap<Place, Effect>,
    ways: HashMap<Place, Ways>,
    /// Places that parameters' data reaches, of all functions.
    reached: usize,
    /// Whether there were more of them than are followed.
    many: bool,
}

impl<'m> Solver<'m> {
    pub(super) fn new(modules: &'m [Module], models: &'m Models) -> Self {
        let resolver = Resolver::new(modules, models);
        let mut solver = Solver {
            resolver,
            calls: Vec::new(),
            reaches: HashMap::new(),
            pending: Vec::new(),
            unread: false,
            effects: HashMap::new(),
            ways: HashMap::new(),
            reached: 0,
            many: false,
        };
        for (module, fact) in modules.iter().enumerate() {
            let calls = solver.read(&fact.calls).into_iter().map(|call| {
                let callees = solver.resolver.callees(module, call.symbol);
                let arguments = if callees.is_empty() { Box::default() } else { call.arguments };
                Call { symbol: call.symbol, callees, arguments }
            });
            let calls = calls.collect();
            solver.calls.push(calls);
            let pending = solver.leading(module, &fact.pending);
            solver.pending.push(pending);
            for (index, function) in fact.functions.iter().enumerate() {
                let reaches = solver.leading(module, &function.reaches);
                if !reaches.is_empty() {
                    solver.reaches.insert((module, index as u32), reaches);
                }
            }
        }
        solver
    }

    fn read<T: Serialize + DeserializeOwned>(&mut self, facts: &Packed<T>) -> Vec<T> {
        let read = facts.unpack();
        self.unread |= read.is_none();
        read.unwrap_or_default()
    }

    /// Data that arrives somewhere: not at an argument of a call of which nothing is known.
    fn leading(&mut self, module: usize, facts: &Packed<PendingFact>) -> Vec<PendingFact> {
        let mut facts = self.read(facts);
        facts.retain(|fact| match fact.target {
            TargetFact::Sink(_) => true,
            TargetFact::Argument(call, ..) => !self.callees(module, call).is_empty(),
        });
        facts.shrink_to_fit();
        facts
    }

    pub(super) fn run(mut self) -> (Vec<Crossing>, Vec<&'static str>) {
        let modules = self.resolver.modules;
        let all = modules.iter().enumerate().flat_map(|(module, fact)| {
            let own = |(index, function): (usize, &FunctionFact)| {
                let place = (module, index as u32);
                let says = self.reaches.contains_key(&place) || !function.result.flows.is_empty();
                says.then_some(place)
            };
            fact.functions.iter().enumerate().filter_map(own).collect::<Vec<_>>()
        });
        let all: Vec<Place> = all.collect();
        let callers = self.callers(&all);
        let mut open: BTreeSet<usize> = (0..all.len()).collect();
        for _ in 0..MOST_ROUNDS {
            let mut next = BTreeSet::new();
            while let Some(at) = open.pop_first() {
                if self.update(all[at]) {
                    // What comes later in this round sees it still.
                    for caller in callers.get(&all[at]).into_iter().flatten() {
                        if *caller > at {
                            open.insert(*caller)
                        } else {
                            next.insert(*caller)
                        };
                    }
                }
            }
            open = next;
            if open.is_empty() {
                break;
            }
        }
        let settled = open.is_empty();
        let found = self.crossings();
        let cut = [
            (self.unread, "what is known of some files' data could not be read; delete the cache"),
            (!settled, "data that goes through more than 64 files was not followed to the end"),
            (
                self.many,
                "data that reaches more places in other files than are followed was not followed to all",
            ),
            (
                self.resolver.cut.get(),
                "names that files take from each other were not all followed to the end",
            ),
        ];
        (found, cut.into_iter().filter(|(cut, _)| *cut).map(|(_, why)| why).collect())
    }

    /// Of each function those, by their place in `all`, whose effect depends on its own.
    fn callers(&self, all: &[Place]) -> HashMap<Place, Vec<usize>> {
        let mut callers: HashMap<Place, Vec<usize>> = HashMap::new();
        for (index, (module, function)) in all.iter().enumerate() {
            let Some(fact) = self.resolver.function(*module, *function) else { continue };
            let reaches = self.reaches.get(&(*module, *function)).into_iter().flatten();
            let targets = reaches.clone().filter_map(|reach| match reach.target {
                TargetFact::Argument(call, ..) => Some(call),
                TargetFact::Sink(_) => None,
            });
            let flows = fact.result.flows.iter().chain(reaches.map(|reach| &reach.flow));
            let calls = flows.flat_map(|flow| {
                let origin = match flow.origin {
                    OriginFact::Call(call) => Some(call),
                    OriginFact::Source(_) | OriginFact::Parameter(..) => None,
                };
                flow.via.iter().map(|passage| passage.0).chain(origin)
            });
            for call in calls.chain(targets) {
                for callee in self.callees(*module, call) {
                    let place = match *callee {
                        Callee::Function(at, function, _) | Callee::Made(_, Some((at, function))) => {
                            (at, function)
                        }
                        Callee::Made(_, None) | Callee::Model(..) | Callee::Other => continue,
                    };
                    let known = callers.entry(place).or_default();
                    // They come in order, so that the last is the one that is there already.
                    if known.last() != Some(&index) {
                        known.push(index);
                    }
                }
            }
        }
        callers
    }

    /// Computes the effect of a function anew; whether it changed.
    fn update(&mut self, place: Place) -> bool {
        let (module, function) = place;
        let Some(fact) = self.resolver.function(module, function) else { return false };
        let mut effect = self.effects.remove(&place).unwrap_or_default();
        let mut ways = self.ways.remove(&place).unwrap_or_default();
        let before = effect.clone();
        for flow in &fact.result.flows {
            self.returned(module, flow, &mut effect, &mut ways);
        }
        for reach in self.reaches.get(&place).into_iter().flatten() {
            let OriginFact::Parameter(parameter, part) = reach.flow.origin else { continue };
            for (read, (kind, at, span, clean, way)) in self.arrivals(module, reach) {
                // Of a parameter that is handed on as it is only what is read there counts.
                let part = if part == PartFact::WHOLE { read } else { part };
                let key = (parameter, part, kind, at, span);
                if !effect.reaches.contains_key(&key) {
                    if effect.reaches.len() >= MOST_REACHES || self.reached >= MOST_ALL_REACHES {
                        self.many = true;
                        continue;
                    }
                    self.reached += 1;
                }
                *effect.reaches.entry(key).or_insert(ANY) &= clean;
                ways.reaches.entry(key).or_insert(way);
            }
        }
        let changed = effect != before;
        self.effects.insert(place, effect);
        self.ways.insert(place, ways);
        changed
    }

    fn returned(&self, module: usize, flow: &FlowFact, effect: &mut Effect, ways: &mut Ways) {
        let Some(passed) = self.passed(module, &flow.via) else { return };
        let clean = flow.clean | passed;
        match flow.origin {
            OriginFact::Parameter(parameter, part) => {
                *effect.passes.entry((parameter, part)).or_insert(ANY) &= clean;
            }
            OriginFact::Source(kinds) => {
                *effect.sources.entry(kinds).or_insert(ANY) &= clean;
                ways.sources.entry(kinds).or_insert_with(|| way_of(module, &flow.steps));
            }
            OriginFact::Call(call) => {
                for (kinds, cleaned, way) in self.yielded(module, call) {
                    *effect.sources.entry(kinds).or_insert(ANY) &= clean | cleaned;
                    ways.sources.entry(kinds).or_insert_with(|| longer(&way, module, &flow.steps));
                }
            }
        }
    }

    /// What a call may call; nothing when that is not known.
    pub(super) fn callees(&self, module: usize, call: u32) -> &[Callee] {
        self.calls[module].get(call as usize).map_or(&[], |call| &call.callees)
    }

    fn arguments(&self, module: usize, call: u32) -> &[ArgumentFact] {
        self.calls[module].get(call as usize).map_or(&[], |call| &call.arguments)
    }

    /// What a call is of.
    pub(super) fn symbol(&self, module: usize, call: u32) -> Option<u32> {
        self.calls[module].get(call as usize).map(|call| call.symbol)
    }

    /// A call of a module that calls what the models call `node`.
    fn of_library(&self, module: usize, call: u32, at: usize, node: NodeId) -> Option<LibraryCall<'_>> {
        let table = self.resolver.table(at)?;
        Some(LibraryCall {
            table,
            models: self.resolver.models,
            script: self.resolver.modules[module].family != "python",
            said: table.node(table.call(node)?),
            arguments: self.arguments(module, call),
        })
    }

    /// The sources in what a call yields.
    fn yielded(&self, module: usize, call: u32) -> Vec<(Kinds, Kinds, Way)> {
        let mut found = Vec::new();
        for callee in self.callees(module, call) {
            match *callee {
                Callee::Function(at, function, _) => {
                    let place = (at, function);
                    let (Some(effect), Some(ways)) = (self.effects.get(&place), self.ways.get(&place)) else {
                        continue;
                    };
                    let way = |kinds| ways.sources.get(kinds).cloned().unwrap_or_default();
                    found.extend(effect.sources.iter().map(|(kinds, clean)| (*kinds, *clean, way(kinds))));
                }
                Callee::Model(at, node) => {
                    if let Some(library) = self.of_library(module, call, at, node) {
                        let (source, cleans) = (library.source(), library.cleans());
                        let kinds = (0..64).map(|bit| 1 << bit).filter(|kind| source & kind != 0);
                        found.extend(kinds.map(|kind: Kinds| (kind, cleans, Way::default())));
                    }
                }
                Callee::Made(..) | Callee::Other => {}
            }
        }
        found
    }

    /// The kinds that data is clean for after all those calls; `None` when one of them does not pass it on.
    fn passed(&self, module: usize, via: &[PassageFact]) -> Option<Kinds> {
        via.iter().enumerate().try_fold(0, |clean, (index, passage)| {
            Some(clean | self.passes(module, *passage, &via[..index])?)
        })
    }

    fn passes(&self, module: usize, passage: PassageFact, before: &[PassageFact]) -> Option<Kinds> {
        let (call, _, _, read) = passage;
        if let Some(kinds) = self.converts(module, call, read) {
            return (kinds != ANY).then_some(kinds);
        }
        let callees = self.callees(module, call);
        if callees.is_empty() {
            // A service that is not found: what it yields is an answer. Of anything else, what an object is made of may
            // come out of any of its methods.
            return Some(if self.asks(module, passage.0) { self.resolver.models.answered } else { 0 });
        }
        let kinds = callees.iter().filter_map(|callee| self.passes_by(module, passage, before, *callee));
        kinds.reduce(|one, other| one & other)
    }

    fn passes_by(
        &self,
        module: usize,
        passage: PassageFact,
        before: &[PassageFact],
        callee: Callee,
    ) -> Option<Kinds> {
        let (call, argument, part, _) = passage;
        match callee {
            Callee::Function(at, function, bound) => {
                let fact = self.resolver.function(at, function)?;
                let arguments = self.arguments(module, call);
                let effect = self.effects.get(&(at, function))?;
                let places = self.resolver.parameters(fact, bound, arguments, argument);
                let parts = self
                    .handed(module, (argument, part), before)
                    .unwrap_or_else(|| vec![put(fact, arguments, argument, places.start, part)]);
                let met = effect.passes.iter().filter(|((parameter, read), _)| {
                    places.contains(parameter) && parts.iter().any(|part| part.meets(*read))
                });
                let kinds = met.map(|(_, clean)| *clean);
                kinds.reduce(|one, other| one & other)
            }
            Callee::Model(at, node) => {
                let library = self.of_library(module, call, at, node)?;
                match library.cleans() {
                    ANY => None,
                    0 if !library.said.sinks.is_empty() && !library.said.passes => None,
                    kinds => Some(kinds),
                }
            }
            // What an object is made of may come out of any of its methods.
            Callee::Made(..) | Callee::Other => Some(0),
        }
    }

    /// The members that hold the data of an object whose method is called, when the last that the data went through is the
    /// constructor of that object, and all that this writes is known.
    fn handed(
        &self,
        module: usize,
        (argument, part): (u16, PartFact),
        via: &[PassageFact],
    ) -> Option<Vec<PartFact>> {
        let (call, given, _, read) = *via.last()?;
        if argument != RECEIVER || part != PartFact::WHOLE || read != [PartFact::WHOLE; 2] {
            return None;
        }
        let mut parts = Vec::new();
        for callee in self.callees(module, call) {
            let Callee::Made(_, Some((at, function))) = *callee else { return None };
            let fact = self.resolver.function(at, function)?;
            let kept = fact.keeps.as_ref()?;
            let places = self.resolver.parameters(fact, true, self.arguments(module, call), given);
            parts.extend(kept.iter().filter(|(place, _)| places.contains(place)).map(|(_, member)| *member));
        }
        (!self.callees(module, call).is_empty()).then_some(parts)
    }

    /// Whether a call asks a store or another program for something, by its name.
    fn asks(&self, module: usize, call: u32) -> bool {
        let symbol = self.symbol(module, call);
        let module = &self.resolver.modules[module];
        let symbol = symbol.and_then(|symbol| module.symbols.get(symbol as usize));
        let own = |of: &u32| {
            matches!(module.symbols.get(*of as usize), Some(SymbolFact::Own(_) | SymbolFact::Super(_)))
        };
        matches!(symbol, Some(SymbolFact::Member(of, name)) if asks(name) && !own(of))
    }

    /// The sinks where data arrives, and which part of what is handed on as it is reaches them.
    fn arrivals(&self, module: usize, pending: &PendingFact) -> Vec<(PartFact, Arrived)> {
        let Some(passed) = self.passed(module, &pending.flow.via) else { return Vec::new() };
        let clean = pending.flow.clean | passed;
        match pending.target {
            TargetFact::Sink(kind) if clean & kind != 0 => Vec::new(),
            TargetFact::Sink(kind) => {
                let way = way_of(module, &pending.flow.steps);
                vec![(PartFact::WHOLE, (kind, module, pending.span, clean, way))]
            }
            TargetFact::Argument(call, argument, part) => {
                let place = (module, call, argument, part);
                let callees = self.callees(module, call).iter();
                callees.flat_map(|callee| self.arrives_in(place, *callee, pending, clean)).collect()
            }
        }
    }

    /// What data reaches that is clean for some kinds and handed to a function: as that argument of that call.
    fn arrives_in(
        &self,
        (module, call, argument, part): (usize, u32, u16, PartFact),
        callee: Callee,
        pending: &PendingFact,
        clean: Kinds,
    ) -> Vec<(PartFact, Arrived)> {
        let before = || way_of(module, &pending.flow.steps);
        let (at, function, bound) = match callee {
            Callee::Function(at, function, bound) => (at, function, bound),
            Callee::Made(_, Some((at, function))) => (at, function, true),
            Callee::Model(at, node) => {
                let Some(library) = self.of_library(module, call, at, node) else { return Vec::new() };
                let kinds = library.reached(argument, part).into_iter().filter(|kind| clean & kind == 0);
                let reached = |kind| (PartFact::WHOLE, (kind, module, pending.span, clean, before()));
                return kinds.map(reached).collect();
            }
            Callee::Made(..) | Callee::Other => return Vec::new(),
        };
        let place = (at, function);
        let (Some(effect), Some(ways)) = (self.effects.get(&place), self.ways.get(&place)) else {
            return Vec::new();
        };
        let Some(fact) = self.resolver.function(at, function) else { return Vec::new() };
        let arguments = self.arguments(module, call);
        let parameters = self.resolver.parameters(fact, bound, arguments, argument);
        let part = put(fact, arguments, argument, parameters.start, part);
        let parts = self.handed(module, (argument, part), &pending.flow.via).unwrap_or_else(|| vec![part]);
        let reached = effect.reaches.iter().filter(|((parameter, read, kind, ..), _)| {
            parameters.contains(parameter) && parts.iter().any(|part| part.meets(*read)) && clean & kind == 0
        });
        reached
            .map(|(key, cleaned)| {
                let (_, read, kind, site, span) = *key;
                let read = if part == PartFact::SAME { read } else { PartFact::WHOLE };
                let after = ways.reaches.get(key).cloned().unwrap_or_default();
                (read, (kind, site, span, clean | cleaned, joined(&before(), &after)))
            })
            .collect()
    }

    fn crossings(&self) -> Vec<Crossing> {
        let mut found: BTreeMap<(usize, Span, Kinds, Kinds), Way> = BTreeMap::new();
        let mut seen: BTreeSet<(usize, Span, Kinds, Kinds)> = BTreeSet::new();
        for (module, pending) in self.pending.iter().enumerate() {
            for pending in pending {
                for (_, (kind, site, span, clean, way)) in self.arrivals(module, pending) {
                    let sources = match pending.flow.origin {
                        OriginFact::Source(kinds) => vec![(kinds, 0, Way::default())],
                        OriginFact::Call(call) => self.yielded(module, call),
                        OriginFact::Parameter(..) => Vec::new(),
                    };
                    for (source, cleaned, before) in sources {
                        let key = (site, span, kind, source);
                        if (clean | cleaned) & kind == 0 && seen.insert(key) {
                            found.insert(key, joined(&before, &way));
                        }
                    }
                }
            }
        }
        let crossing = |((module, span, sink, source), way): (_, Way)| Crossing {
            module,
            span,
            sink,
            source,
            steps: way.iter().take(LONGEST_WAY).cloned().collect(),
        };
        found.into_iter().map(crossing).collect()
    }
}

/// At a sink of that kind in that module, there, clean for those kinds, and the way.
type Arrived = (Kinds, usize, Span, Kinds, Way);

/// The part of a parameter that part of an argument is put at: a keyword among others is one of them.
fn put(
    fact: &FunctionFact,
    arguments: &[ArgumentFact],
    argument: u16,
    parameter: u32,
    part: PartFact,
) -> PartFact {
    let all = fact.parameters.get(parameter as usize);
    match (arguments.get(argument as usize).map(|argument| &argument.pass), all) {
        (Some(PassFact::Keyword(name)), Some(all)) if all.keywords => *name,
        // One of several, or the parts of several.
        (Some(PassFact::Plain), Some(all)) if all.rest => PartFact::WHOLE,
        (Some(PassFact::Spread), _) => PartFact::WHOLE,
        _ => part,
    }
}

fn way_of(module: usize, steps: &[StepFact]) -> Way {
    Rc::new(steps.iter().map(|step| (module, *step)).collect())
}

fn longer(way: &Way, module: usize, steps: &[StepFact]) -> Way {
    joined(way, &way_of(module, steps))
}

fn joined(before: &Way, after: &Way) -> Way {
    if before.is_empty() {
        return after.clone();
    }
    Rc::new(before.iter().chain(after.iter()).take(LONGEST_WAY).cloned().collect())
}
