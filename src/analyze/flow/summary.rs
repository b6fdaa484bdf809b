//! What a caller must know of a function: what it returns, and which parameters reach which sinks.

use std::rc::Rc;

use super::Engine;
use super::sink::{Arrival, Target};
use super::value::through;
use super::value::{Abstract, Event, Flow, Known, Link, Origin, Parts, Taint};
use crate::analyze::flow::function::Frame;
use crate::analyze::ir::{FunctionId, Span};
use crate::analyze::model::Kinds;

/// Calls are followed so deep before the called function is known.
const DEEPEST: u32 = 10;

/// A parameter whose data arrives somewhere.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    pub(super) parameter: u32,
    pub(super) target: Target,
    pub(super) at: Arrival,
}

/// A function as its callers see it; data of its parameters has the origin [`Origin::Parameter`].
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) result: Abstract,
    pub(super) reaches: Vec<Reach>,
}

/// How far the summary of a function is.
pub(super) enum Slot {
    New,
    Active,
    /// Made while a function around it was not done: to be made again.
    Early(Rc<Summary>),
    Done(Rc<Summary>),
}

impl Engine<'_> {
    /// Makes the final summary of a function whose surroundings are done.
    pub(super) fn settle(&mut self, id: FunctionId) {
        if matches!(self.summaries[id.0 as usize], Slot::New | Slot::Early(_)) {
            self.make(id);
        }
    }

    /// The summary, made when there is none; `None` while it is being made (recursion) or past the depth.
    pub(super) fn summarise(&mut self, id: FunctionId) -> Option<Rc<Summary>> {
        match &self.summaries[id.0 as usize] {
            Slot::Early(summary) | Slot::Done(summary) => return Some(summary.clone()),
            Slot::Active => return None,
            Slot::New => {}
        }
        if self.depth >= DEEPEST || self.left == 0 {
            return None;
        }
        Some(self.make(id))
    }

    fn make(&mut self, id: FunctionId) -> Rc<Summary> {
        self.summaries[id.0 as usize] = Slot::Active;
        self.depth += 1;
        let summary = Rc::new(self.run(id));
        self.depth -= 1;
        let mut around = self.program.function(id).parent;
        let mut early = false;
        while let Some(parent) = around {
            early |= matches!(self.summaries[parent.0 as usize], Slot::Active | Slot::Early(_) | Slot::New);
            around = self.program.function(parent).parent;
        }
        let slot = if early { Slot::Early } else { Slot::Done };
        self.summaries[id.0 as usize] = slot(summary.clone());
        summary
    }

    /// What a call of a function of the file yields; `arguments` are by parameter.
    pub(super) fn apply(
        &mut self,
        frame: &mut Frame<'_>,
        id: FunctionId,
        arguments: &[Abstract],
        call: Span,
    ) -> Abstract {
        let Some(summary) = self.summary_of(id) else {
            let all = arguments.iter().fold(Taint::default(), |taint, argument| taint.join(&argument.all()));
            return Abstract::tainted(all);
        };
        let function = self.program.function(id);
        let name = function.name.map_or("a function", |name| self.program.names.text(name));
        let enters = Event::Enters(name.into());
        for reach in &summary.reaches {
            let Some(argument) = arguments.get(reach.parameter as usize) else { continue };
            for flow in argument.all().flows() {
                if matches!(reach.target, Target::Sink(kind) if flow.clean & kind != 0) {
                    continue;
                }
                let mut trace = Link::after(flow.trace.clone(), call, enters.clone());
                for (span, event) in Link::steps(&reach.at.trace) {
                    trace = Link::after(trace, span, event);
                }
                let clean = flow.clean | reach.at.clean;
                let at =
                    Arrival { clean, via: through(&flow.via, &reach.at.via), span: reach.at.span, trace };
                self.arrived(frame, flow.origin, reach.target, at);
            }
        }
        substituted(&summary.result, arguments)
    }
}

/// The result of a summary with the arguments' data in place of the parameters'.
fn substituted(result: &Abstract, arguments: &[Abstract]) -> Abstract {
    let taint = replaced(&result.taint, arguments);
    let parts = result.parts.as_deref().map(|parts| {
        Rc::new(Parts {
            known: parts
                .known
                .iter()
                .map(|(key, part)| (key.clone(), substituted(part, arguments)))
                .collect(),
            rest: parts.rest.as_deref().map(|rest| Box::new(substituted(rest, arguments))),
            length: parts.length,
            complete: parts.complete,
        })
    });
    let known = match &result.known {
        Known::Method(..) => Known::Any,
        known => known.clone(),
    };
    Abstract { taint, known, parts }
}

fn replaced(taint: &Taint, arguments: &[Abstract]) -> Taint {
    let mut flows: Vec<Flow> = Vec::new();
    for flow in taint.flows() {
        match flow.origin {
            Origin::Source(..) | Origin::Foreign(_) => flows.push(flow.clone()),
            Origin::Parameter(index) => {
                let Some(argument) = arguments.get(index as usize) else { continue };
                flows.extend(argument.all().flows().iter().cloned().map(|mut handed| {
                    handed.clean |= flow.clean;
                    handed.via = through(&handed.via, &flow.via);
                    handed
                }));
            }
        }
    }
    flows.retain(|flow| flow.clean != Kinds::MAX);
    Taint::from(flows)
}
