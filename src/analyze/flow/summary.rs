//! What a caller must know of a function: what it returns, which parameters reach which sinks, what it calls, writes and
//! throws, and what its result says of its parameters.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::effect::{Called, Stored, Tests, Written};
use super::sink::{Arrival, MOST_REACHES, Target};
use super::value::{
    Abstract, Bound, Event, Flow, Given, Key, Known, Link, Origin, Part, Parts, Taint, through,
};
use super::{Engine, made};
use crate::analyze::flow::function::Frame;
use crate::analyze::ir::{FunctionId, Span};
use crate::analyze::model::Kinds;
use crate::syntax::Language;

/// Calls are followed so deep before the called function is known.
const DEEPEST: u32 = 10;

/// A parameter, of the function itself or of one around it, whose data arrives somewhere.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    pub(super) parameter: Given,
    pub(super) target: Target,
    pub(super) at: Arrival,
}

/// A function as its callers see it; data of its parameters has the origin [`Origin::Parameter`].
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) result: Abstract,
    pub(super) reaches: Vec<Reach>,
    /// Its parameters that it calls.
    pub(super) calls: Vec<Called>,
    /// What it puts into its parameters.
    pub(super) writes: Vec<Written>,
    /// What it stores in variables of functions around it.
    pub(super) stores: Vec<Stored>,
    /// What it throws.
    pub(super) throws: Abstract,
    /// What its result says of its parameters.
    pub(super) tests: Vec<Tests>,
    /// Of a constructor: whether its writes are all that the object holds of its arguments.
    pub(super) keeps: bool,
}

/// How far the summary of a function is.
pub(super) enum Slot {
    New,
    Active,
    /// Made while a function around it was not done: to be made again.
    Early(Rc<Summary>),
    Done(Rc<Summary>),
}

/// What stands for the parameters of a function, and of those around it, at a call.
pub(super) struct Bindings<'x> {
    pub(super) id: FunctionId,
    pub(super) arguments: &'x [Abstract],
    pub(super) around: &'x [((FunctionId, u32), Abstract)],
}

impl Bindings<'_> {
    /// What stands for a parameter; `None` for one of a function around that is being analysed itself.
    fn whole(&self, function: FunctionId, index: u32) -> Option<&Abstract> {
        if function == self.id {
            return self.arguments.get(index as usize);
        }
        self.around.iter().find(|(key, _)| *key == (function, index)).map(|(_, value)| value)
    }
}

impl Engine<'_> {
    /// What stands for a parameter or for a part of it.
    pub(super) fn stands_for(&self, bindings: &Bindings<'_>, given: Given) -> Option<Abstract> {
        let (function, index, part) = given;
        let whole = bindings.whole(function, index)?;
        let key = match part {
            Part::Whole => return Some(whole.clone()),
            Part::Index(index) => Key::Index(i64::from(index)),
            Part::Name(name) => self.member_key(name),
        };
        let set =
            whole.parts.as_ref().is_some_and(|parts| parts.known.iter().any(|(known, _)| *known == key));
        if let (Known::Path(node), Part::Name(name), false) = (&whole.known, part, set)
            && let Some(member) = self.table.member(*node, self.program.names.text(name))
        {
            // What is read is said to be where the function takes it.
            let taken = self.program.function(function).parameters.get(index as usize);
            let value = self.path(member, taken.map_or_else(Span::default, |parameter| parameter.span));
            return Some(if value.taint.is_empty() {
                Abstract { taint: whole.taint.clone(), ..value }
            } else {
                value
            });
        }
        if let (Known::Instance(class), Part::Name(name)) = (&whole.known, part) {
            let own = |flow: &&Flow| {
                matches!(flow.origin, Origin::Parameter(of, 0, Part::Whole)
                    if self.program.function(of).class.is_some())
            };
            if self.unchanged(whole, part) && whole.taint.flows().iter().all(|flow| own(&flow)) {
                // A method that hands its own object to another.
                let flows = whole.taint.flows().iter().cloned().map(|flow| match flow.origin {
                    Origin::Parameter(of, index, _) => {
                        Flow { origin: Origin::Parameter(of, index, part), ..flow }
                    }
                    _ => flow,
                });
                return Some(Abstract::tainted(Taint::from(flows.collect())));
            }
            if !set && (self.derived.contains(&name) || self.has_getter(*class, name)) {
                return Some(Abstract::tainted(whole.all()));
            }
            if !set && !self.defines(*class, name) {
                return Some(self.undefined_member(whole, &key));
            }
        }
        match &whole.parts {
            None => Some(Abstract::tainted(whole.taint.clone())),
            Some(_) => Some(made::field(whole, &key)),
        }
    }

    /// Makes the final summary of a function whose surroundings are done.
    pub(super) fn settle(&mut self, id: FunctionId) {
        if matches!(self.summaries[id.0 as usize], Slot::New | Slot::Early(_)) {
            self.make(id);
        }
    }

    /// The summary, made when there is none; `None` while it is being made (recursion) or past the depth.
    pub(super) fn summarise(&mut self, id: FunctionId) -> Option<Rc<Summary>> {
        self.again.uses(id);
        match &self.summaries[id.0 as usize] {
            Slot::Early(summary) | Slot::Done(summary) => return Some(summary.clone()),
            Slot::Active => return None,
            Slot::New => {}
        }
        if self.left == 0 {
            return None;
        }
        if self.depth >= DEEPEST {
            self.again.too_deep(id);
            return None;
        }
        Some(self.make(id))
    }

    /// Has a function followed again: more, or less, is known of what it is called with.
    pub(super) fn remake(&mut self, id: FunctionId) {
        match &self.summaries[id.0 as usize] {
            Slot::Early(_) => {
                self.summaries[id.0 as usize] = Slot::New;
                self.fresh.remove(&id);
            }
            Slot::Done(_) => self.again.behind(id),
            Slot::New | Slot::Active => {}
        }
    }

    /// The summary as far as it is made.
    pub(super) fn summary_if_made(&self, id: FunctionId) -> Option<Rc<Summary>> {
        match &self.summaries[id.0 as usize] {
            Slot::Early(summary) | Slot::Done(summary) => Some(summary.clone()),
            Slot::New | Slot::Active => None,
        }
    }

    fn make(&mut self, id: FunctionId) -> Rc<Summary> {
        self.summaries[id.0 as usize] = Slot::Active;
        self.depth += 1;
        self.again.begins(id);
        let mut summary = self.run(id);
        if self.recursive.remove(&id) {
            // What it does when it calls itself is known to a first approximation now.
            self.provisional.insert(id, Rc::new(summary));
            summary = self.run(id);
            self.recursive.remove(&id);
            self.provisional.remove(&id);
        }
        if !self.program.function(id).parameters.is_empty() {
            self.adopt(id, &mut summary);
        }
        self.again.ends();
        let summary = Rc::new(summary);
        self.depth -= 1;
        let mut around = self.program.function(id).parent;
        let mut early = false;
        while let Some(parent) = around {
            early |= matches!(self.summaries[parent.0 as usize], Slot::Active | Slot::Early(_) | Slot::New);
            around = self.program.function(parent).parent;
        }
        let slot = if early { Slot::Early } else { Slot::Done };
        self.summaries[id.0 as usize] = slot(summary.clone());
        if !early {
            self.finish_inside(id);
        }
        summary
    }

    /// What was made of the functions inside after all of a function was followed is final when that one is.
    fn finish_inside(&mut self, id: FunctionId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for inner in self.inside.get(&id).into_iter().flatten() {
                let slot = &mut self.summaries[inner.0 as usize];
                if let Slot::Early(summary) = slot
                    && self.fresh.contains(inner)
                {
                    *slot = Slot::Done(summary.clone());
                    open.push(*inner);
                }
            }
        }
    }

    /// What the functions inside do with the parameters of a function, and of those around it, is its own doing: it
    /// made them with what it was called with.
    fn adopt(&mut self, id: FunctionId, summary: &mut Summary) {
        let inner = self.inside.get(&id).cloned().unwrap_or_default();
        let own = summary.reaches.iter();
        let mut known: BTreeSet<_> =
            own.map(|reach| (reach.parameter, reach.target, reach.at.span, reach.at.via.clone())).collect();
        for inner in inner {
            if self.depth >= DEEPEST || matches!(self.summaries[inner.0 as usize], Slot::Active) {
                continue;
            }
            self.again.uses(inner);
            let made = self.make(inner);
            self.fresh.insert(inner);
            for reach in made.reaches.iter().filter(|reach| reach.parameter.0 != inner) {
                if summary.reaches.len() >= MOST_REACHES {
                    self.large = true;
                } else if known.insert((reach.parameter, reach.target, reach.at.span, reach.at.via.clone())) {
                    summary.reaches.push(reach.clone());
                }
            }
            for called in made.calls.iter().filter(|called| called.parameter.0 != inner) {
                summary.called(called.clone());
            }
        }
    }

    /// What a call of a function of the file yields; `arguments` are by parameter.
    pub(super) fn apply(
        &mut self,
        frame: &mut Frame<'_>,
        id: FunctionId,
        bound: Option<&Bound>,
        arguments: &[Abstract],
        call: Span,
    ) -> Abstract {
        self.note_given(id, arguments);
        let known = self.provisional.get(&id).cloned().or_else(|| self.summary_of(id));
        let Some(summary) = known else {
            if id == frame.id && self.language != Language::Python {
                self.recursive.insert(id);
            }
            let all = arguments.iter().fold(Taint::default(), |taint, argument| taint.join(&argument.all()));
            return Abstract::tainted(all);
        };
        let around = bound.map_or(&[][..], |bound| &bound.around);
        let bindings = Bindings { id, arguments, around };
        let function = self.program.function(id);
        let name = function.name.map_or("a function", |name| self.program.names.text(name));
        let enters = Event::Enters(name.into());
        for reach in &summary.reaches {
            let Some(argument) = self.stands_for(&bindings, reach.parameter) else {
                let (function, index, part) = reach.parameter;
                self.arrived(frame, Origin::Parameter(function, index, part), reach.target, reach.at.clone());
                continue;
            };
            for flow in argument.all().flows() {
                let target = match reach.target {
                    Target::Sink(kind) => match self.written_by_callee(flow, kind) {
                        Some(kind) => Target::Sink(kind),
                        None => continue,
                    },
                    argument => argument,
                };
                let mut trace = Link::after(flow.trace.clone(), call, enters.clone());
                for (span, event) in Link::steps(&reach.at.trace) {
                    trace = Link::after(trace, span, event);
                }
                let clean = flow.clean | reach.at.clean;
                let at =
                    Arrival { clean, via: through(&flow.via, &reach.at.via), span: reach.at.span, trace };
                self.arrived(frame, flow.origin, target, at);
            }
        }
        let answered = self.effects(frame, &summary, &bindings, call);
        let result = self.substituted(&summary.result, &bindings);
        Abstract { taint: result.taint.join(&answered), ..result }
    }

    /// A value of a summary with the arguments' data in place of the parameters'.
    pub(super) fn substituted(&self, value: &Abstract, bindings: &Bindings<'_>) -> Abstract {
        let taint = self.replaced(&value.taint, bindings);
        let parts = value.parts.as_deref().map(|parts| {
            Rc::new(Parts {
                known: parts
                    .known
                    .iter()
                    .map(|(key, part)| (key.clone(), self.substituted(part, bindings)))
                    .collect(),
                rest: parts.rest.as_deref().map(|rest| Box::new(self.substituted(rest, bindings))),
                length: parts.length,
                complete: parts.complete,
            })
        });
        let known = match &value.known {
            Known::Method(..) => Known::Any,
            Known::Either(all) => {
                all.iter().find(|it| !matches!(it, Known::Method(..))).cloned().unwrap_or_default()
            }
            Known::Function(inner) if self.within(*inner, bindings.id) => made_with(*inner, bindings),
            known => known.clone(),
        };
        // The value of a parameter that comes back as it is.
        let known = match (known, value.taint.flows()) {
            (Known::Any, [Flow { origin: Origin::Parameter(function, index, part), .. }])
                if value.parts.is_none() =>
            {
                match self.stands_for(bindings, (*function, *index, *part)).map(|argument| argument.known) {
                    Some(
                        known @ (Known::Function(_) | Known::Bound(..) | Known::Class(_) | Known::Either(_)),
                    ) => known,
                    _ => Known::Any,
                }
            }
            (known, _) => known,
        };
        Abstract { taint, known, parts }
    }

    fn replaced(&self, taint: &Taint, bindings: &Bindings<'_>) -> Taint {
        let mut flows: Vec<Flow> = Vec::new();
        for flow in taint.flows() {
            let Origin::Parameter(function, index, part) = flow.origin else {
                flows.push(flow.clone());
                continue;
            };
            match self.stands_for(bindings, (function, index, part)) {
                Some(argument) => flows.extend(argument.all().flows().iter().cloned().map(|mut handed| {
                    handed.clean |= flow.clean;
                    // What is clean as a whole need not be in its parts.
                    handed.whole &= if part == Part::Whole { Kinds::MAX } else { 0 };
                    handed.via = through(&handed.via, &flow.via);
                    handed
                })),
                // Of a function around: whoever calls that one knows.
                None if function != bindings.id => flows.push(flow.clone()),
                None => {}
            }
        }
        flows.retain(|flow| flow.clean != Kinds::MAX);
        Taint::from(flows)
    }

    /// Whether a function stands inside another.
    pub(super) fn within(&self, inner: FunctionId, outer: FunctionId) -> bool {
        let mut at = self.program.function(inner).parent;
        while let Some(function) = at {
            if function == outer {
                return true;
            }
            at = self.program.function(function).parent;
        }
        false
    }
}

impl Summary {
    fn called(&mut self, called: Called) {
        if self.calls.len() < 16 && !self.calls.contains(&called) {
            self.calls.push(called);
        }
    }
}

/// A function that a call made, with what the call was given.
fn made_with(inner: FunctionId, bindings: &Bindings<'_>) -> Known {
    let own = bindings.arguments.iter().enumerate();
    let own = own.map(|(index, argument)| ((bindings.id, index as u32), argument));
    let outer = bindings.around.iter().map(|(key, argument)| (*key, argument));
    let callable = |known: &Known| {
        matches!(known, Known::Function(_) | Known::Bound(..) | Known::Path(_) | Known::Either(_))
    };
    let telling = |argument: &Abstract| !argument.all().is_empty() || callable(&argument.known);
    let around: Vec<_> = own
        .chain(outer)
        .filter(|(_, argument)| telling(argument))
        .map(|(key, argument)| (key, shallow(argument)))
        .collect();
    if around.is_empty() {
        return Known::Function(inner);
    }
    Known::Bound(inner, Rc::new(Bound { around, first: Vec::new() }))
}

/// The value with no more of it than another value may hold: functions that hold functions grow no deeper.
fn shallow(value: &Abstract) -> Abstract {
    let known = match &value.known {
        Known::Bound(id, bound)
            if bound.around.iter().any(|(_, held)| matches!(held.known, Known::Bound(..))) =>
        {
            Known::Function(*id)
        }
        Known::Method(..) => Known::Any,
        Known::Either(all) if all.iter().any(|one| matches!(one, Known::Bound(..) | Known::Method(..))) => {
            Known::Any
        }
        known => known.clone(),
    };
    Abstract { taint: value.all(), known, parts: None }
}
