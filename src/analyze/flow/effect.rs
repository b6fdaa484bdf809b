//! What a call does besides what it yields: calls of its parameters, writes into them and into variables around it,
//! what it throws, and what its result says of its arguments.

use super::function::{Frame, Place, State};
use super::summary::{Bindings, Summary};
use super::value::{Abstract, Flow, Given, Key, Known, Origin, Part, Taint};
use super::{Engine, made};
use crate::analyze::ir::{FunctionId, Name, Op, Span, Value};
use crate::analyze::model::{ANY, Kinds, NodeId, Sink};
use crate::rule::Slot;

/// A function keeps so many effects of each kind.
const MOST: usize = 16;

/// Calls of parameters are followed so deep.
const DEEPEST: u32 = 6;

/// A call of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Called {
    pub(super) parameter: Given,
    pub(super) arguments: Vec<Abstract>,
    /// Whether it is a method of a response that is said to hold no page.
    pub(super) no_page: bool,
    /// Where.
    pub(super) span: Span,
}

/// What a function puts into a parameter: `options.name = x`, `list.push(x)`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) parameter: u32,
    /// Where in it, outermost first.
    pub(super) keys: Vec<Key>,
    /// At which key of that; `None` for a place that is not known.
    pub(super) key: Option<Key>,
    pub(super) value: Abstract,
}

/// What a function stores in a variable of a function around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    pub(super) owner: FunctionId,
    pub(super) name: Name,
    pub(super) value: Abstract,
}

/// The kinds a parameter is clean for after a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tests {
    /// When the result is true.
    pub(super) holds: Kinds,
    /// When it is false.
    pub(super) fails: Kinds,
    /// Whenever the function returns at all.
    pub(super) always: Kinds,
}

impl Default for Tests {
    /// Of a function that never returns.
    fn default() -> Self {
        Tests { holds: ANY, fails: ANY, always: ANY }
    }
}

impl Engine<'_> {
    /// Does what a called function does besides returning; yields the data that functions it was given answered.
    pub(super) fn effects(
        &mut self,
        frame: &mut Frame<'_>,
        summary: &Summary,
        bindings: &Bindings<'_>,
        call: Span,
    ) -> Taint {
        if summary.throws != Abstract::default() {
            let thrown = self.substituted(&summary.throws, bindings);
            throw(frame, &thrown);
        }
        let answered = self.callbacks(frame, summary, bindings, call);
        for stored in &summary.stores {
            let mut value = self.substituted(&stored.value, bindings);
            // `set(before => before + x)` stores what the function that it is given answers.
            value.taint = value.taint.join(&answered);
            self.store_around(frame, stored.owner, stored.name, &value);
        }
        answered
    }

    fn callbacks(
        &mut self,
        frame: &mut Frame<'_>,
        summary: &Summary,
        bindings: &Bindings<'_>,
        call: Span,
    ) -> Taint {
        let mut answered = Taint::default();
        if self.calling >= DEEPEST {
            return answered;
        }
        self.calling += 1;
        for called in &summary.calls {
            let arguments: Vec<_> =
                called.arguments.iter().map(|argument| self.substituted(argument, bindings)).collect();
            match self.stands_for(bindings, called.parameter) {
                Some(Abstract { known: Known::Path(node), .. }) if called.no_page => {
                    self.path_invoked(frame, node, &arguments, call, true);
                }
                Some(callee) => {
                    let result = self.invoke(frame, &callee, &arguments, call);
                    answered = answered.join(&result.all());
                }
                None => record(frame, called.parameter, arguments, (called.no_page, called.span)),
            }
        }
        self.calling -= 1;
        answered
    }

    /// Calls a value with arguments by position.
    pub(super) fn invoke(
        &mut self,
        frame: &mut Frame<'_>,
        callee: &Abstract,
        arguments: &[Abstract],
        call: Span,
    ) -> Abstract {
        match &callee.known {
            Known::Either(all) => {
                let answers = all.iter().map(|one| {
                    let callee = Abstract { known: one.clone(), ..callee.clone() };
                    self.invoke(frame, &callee, arguments, call)
                });
                answers.reduce(|before, answer| before.join(&answer)).unwrap_or_default()
            }
            Known::Function(id) => {
                let values = self.positioned(*id, None, arguments);
                self.apply(frame, *id, None, &values, call)
            }
            Known::Bound(id, bound) => {
                let all: Vec<_> = bound.first.iter().chain(arguments).cloned().collect();
                let values = self.positioned(*id, None, &all);
                self.apply(frame, *id, Some(bound), &values, call)
            }
            Known::Method(id, receiver) => {
                let values = self.positioned(*id, Some(receiver), arguments);
                self.apply(frame, *id, None, &values, call)
            }
            Known::Any => {
                for flow in callee.taint.flows() {
                    if let Origin::Parameter(function, index, part) = flow.origin {
                        record(frame, (function, index, part), arguments.to_vec(), (false, call));
                    }
                }
                Abstract::default()
            }
            Known::Path(node) => {
                self.path_invoked(frame, *node, arguments, call, false);
                Abstract::default()
            }
            _ => Abstract::default(),
        }
    }

    /// A library's function that a function of the file calls as its parameter.
    fn path_invoked(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        arguments: &[Abstract],
        call: Span,
        no_page: bool,
    ) {
        let table = self.table;
        let Some(node) = table.call(node) else { return };
        let said = table.node(node);
        let shown = |sink: &&Sink| !(no_page && self.models.sinks.name(sink.kind) == "html");
        for sink in said.sinks.iter().filter(|sink| sink.requirements.is_empty()).filter(shown) {
            for slot in &sink.slots {
                let Slot::Position(index, _) = slot else { continue };
                let Some(value) = arguments.get(*index) else { continue };
                let name = said.path.strip_suffix("()").unwrap_or(&said.path);
                self.report(frame, value, call, sink.kind, name);
            }
        }
    }

    fn positioned(&self, id: FunctionId, receiver: Option<&Abstract>, given: &[Abstract]) -> Vec<Abstract> {
        let parameters = &self.program.function(id).parameters;
        let mut values = vec![Abstract::default(); parameters.len()];
        let listed = self.lists_receiver(id);
        if let (Some(receiver), true, Some(slot)) = (receiver, listed, values.first_mut()) {
            *slot = receiver.clone();
        }
        let mut next = usize::from(listed);
        for value in given {
            let Some(slot) = values.get_mut(next) else { break };
            let rest = parameters.get(next).is_some_and(|parameter| parameter.rest);
            *slot = if rest { slot.join(value) } else { value.clone() };
            next += usize::from(!rest);
        }
        values
    }

    /// Notes the call of a parameter, for the callers of the function it belongs to.
    pub(super) fn called(&self, frame: &mut Frame<'_>, callee: Value, arguments: &[Abstract], span: Span) {
        let named = matches!(frame.function.step(callee).op, Op::Load(_));
        let member = matches!(frame.function.step(callee).op, Op::Member(..));
        let held = frame.value(callee);
        // A parameter may have the name of something that models know by it.
        let unknown = matches!(held.known, Known::Any) || named && matches!(held.known, Known::Path(_));
        if !(named || member) || !unknown || held.parts.is_some() {
            return;
        }
        let no_page = match frame.function.step(callee).op {
            Op::Member(object, _) => self.no_page(frame, object) || self.said_later(frame, callee),
            _ => false,
        };
        for flow in held.taint.clone().flows() {
            // Of `options.done(x)` it is the member that is called, of `list.push(x)` nothing of the caller's.
            if let Origin::Parameter(function, index, part) = flow.origin
                && (named || part != Part::Whole)
            {
                record(frame, (function, index, part), arguments.to_vec(), (no_page, span));
            }
        }
    }

    /// Notes a change of a parameter, for the callers.
    pub(super) fn wrote(&self, frame: &mut Frame<'_>, place: &Place, key: Option<Key>, value: &Abstract) {
        let (name, keys) = place;
        let Some(parameter) = frame.function.parameters.iter().position(|known| known.name == *name) else {
            return;
        };
        let callable = |known: &Known| {
            let things = |one: &Known| {
                matches!(one, Known::Function(_) | Known::Bound(..) | Known::Path(_) | Known::Instance(_))
            };
            known.each().iter().any(things)
        };
        let most = if made::makes(self.program, frame.id) { made::MOST_FIELDS } else { MOST };
        if frame.writes.len() >= most
            || frame.rebound.contains(name)
            || (value.all().is_empty() && !callable(&value.known))
        {
            return;
        }
        let written =
            Written { parameter: parameter as u32, keys: keys.clone(), key, value: value.clone().flat() };
        if !frame.writes.contains(&written) {
            frame.writes.push(written);
        }
    }

    /// Puts what a called function put into its parameters into what it was given.
    pub(super) fn write_back(
        &mut self,
        frame: &mut Frame<'_>,
        summary: &Summary,
        bindings: &Bindings<'_>,
        from: &[Option<Value>],
    ) {
        for written in &summary.writes {
            let Some(Some(value)) = from.get(written.parameter as usize) else { continue };
            let Some((name, mut keys)) = self.place(frame, *value) else { continue };
            keys.extend(written.keys.iter().cloned());
            let put = self.substituted(&written.value, bindings);
            if put.all().is_empty() && put.known == Known::Any {
                continue;
            }
            let place = (name, keys);
            self.wrote(frame, &place, written.key.clone(), &put);
            let key = written.key.clone();
            self.change(frame, &place, |before| {
                let joined = match &key {
                    Some(key) if before.parts.is_some() => before.at(Some(key)).join(&put),
                    _ => put,
                };
                before.with(key, joined)
            });
        }
    }

    /// Notes what the function holds of its parameters when it returns `result`.
    pub(super) fn tested_by(&self, frame: &mut Frame<'_>, result: Option<Value>) {
        let count = frame.function.parameters.len();
        if count == 0 || count > 8 {
            return;
        }
        let truth = match result {
            Some(value) => super::fold::truth(frame.value(value)),
            None => Some(false),
        };
        // What is no call, comparison or the like tells nothing of the parameters.
        let tells = |value: &Value| {
            !matches!(
                frame.function.step(*value).op,
                Op::Literal(_) | Op::Text(_) | Op::List(_) | Op::Dict(_)
            )
        };
        let refined = match (result.filter(tells), truth) {
            (Some(value), None) => {
                Some([self.refined(frame, value, true), self.refined(frame, value, false)])
            }
            _ => None,
        };
        let states = match (&refined, truth) {
            (Some([holds, fails]), _) => [Some(holds), Some(fails)],
            (None, Some(true)) => [Some(&frame.state), None],
            (None, Some(false)) => [None, Some(&frame.state)],
            (None, None) => [Some(&frame.state), Some(&frame.state)],
        };
        frame.tests.resize(count, Tests::default());
        for index in 0..count {
            let now = self.clean_for(frame, &frame.state, index);
            let then = |state: Option<&State>| state.map_or(ANY, |state| self.clean_for(frame, state, index));
            let (holds, fails) = (then(states[0]), then(states[1]));
            let tests = &mut frame.tests[index];
            tests.holds &= holds;
            tests.fails &= fails;
            tests.always &= now;
        }
    }

    /// The kinds that a parameter is clean for in a state.
    fn clean_for(&self, frame: &Frame<'_>, state: &State, index: usize) -> Kinds {
        let Some(parameter) = frame.function.parameters.get(index) else { return 0 };
        if frame.rebound.contains(&parameter.name) {
            return 0;
        }
        let held = frame.local(parameter.name).and_then(|local| state.get(local)).and_then(Option::as_ref);
        let Some(held) = held else { return 0 };
        let own = |flow: &&Flow| flow.origin == Origin::Parameter(frame.id, index as u32, Part::Whole);
        match held.taint.flows().iter().find(own) {
            Some(flow) => flow.clean,
            // Nothing of it is left; one that a handler's type describes had nothing to begin with.
            None if frame.owned.contains(&(index as u32)) => ANY,
            None => 0,
        }
    }

    /// Where a value that a function around holds grows by what an inner one stores.
    fn store_around(&mut self, frame: &mut Frame<'_>, owner: FunctionId, name: Name, value: &Abstract) {
        if owner == frame.id {
            let Some(index) = frame.local(name) else { return };
            self.grow(owner, name, value);
            let before = frame.state[index].take();
            frame.state[index] = Some(before.map_or_else(|| value.clone(), |before| before.join(value)));
        } else {
            self.grow(owner, name, value);
            stored(frame, owner, name, value);
        }
    }
}

/// Notes what the function stores in a variable of a function around it.
pub(super) fn stored(frame: &mut Frame<'_>, owner: FunctionId, name: Name, value: &Abstract) {
    let stored = Stored { owner, name, value: value.clone() };
    if frame.stores.len() < MOST && !frame.stores.contains(&stored) {
        frame.stores.push(stored);
    }
}

/// Notes what is thrown: to the handler of the current block, or out of the function.
pub(super) fn throw(frame: &mut Frame<'_>, value: &Abstract) {
    let handler = frame.function.blocks.get(frame.block).and_then(|block| block.handler);
    let slot = match handler {
        Some(block) => frame.thrown.entry(block).or_default(),
        None => &mut frame.throws,
    };
    *slot = if *slot == Abstract::default() { value.clone() } else { slot.join(value) };
}

fn record(frame: &mut Frame<'_>, parameter: Given, arguments: Vec<Abstract>, (no_page, span): (bool, Span)) {
    let arguments = arguments.into_iter().map(Abstract::flat).collect();
    let called = Called { parameter, arguments, no_page, span };
    if frame.calls.len() < MOST && !frame.calls.contains(&called) {
        frame.calls.push(called);
    }
}
