//! Calls: of what models know, of functions of the file, of anything else.

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Known, Taint};
use crate::analyze::ir::{Argument, FunctionId, Op, Pass, Span, Value};
use crate::analyze::model::{ANY, NodeId};

/// Methods and functions whose result starts as what they are given does.
const KEEPS_START: &[&str] = &[
    "String",
    "str",
    "toString",
    "trim",
    "strip",
    "toLowerCase",
    "lower",
    "decodeURI",
    "decodeURIComponent",
    "split",
    "concat",
];

impl<'a> Engine<'a> {
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let known = frame.value(callee).known.clone();
        match known.clone() {
            Known::Path(node) => {
                if let Some(node) = self.table.call(node) {
                    return self.modelled(frame, node, callee, arguments, span);
                }
            }
            Known::Function(id) => {
                let values = self.by_parameter(frame, id, None, arguments);
                return self.apply(frame, id, &values, span);
            }
            Known::Method(id, receiver) => {
                let values = self.by_parameter(frame, id, Some((*receiver).clone()), arguments);
                return self.apply(frame, id, &values, span);
            }
            Known::Class(class) => {
                let made = Abstract::known(Known::Instance(class));
                let methods = &self.program.class(class).methods;
                let constructor = methods
                    .iter()
                    .find(|(name, _)| matches!(self.program.names.text(*name), "__init__" | "constructor"));
                if let Some((_, id)) = constructor {
                    let id = *id;
                    let values = self.by_parameter(frame, id, Some(made.clone()), arguments);
                    self.apply(frame, id, &values, span);
                }
                // What an object is made of may come out of any of its methods.
                return Abstract { taint: self.handed(frame, arguments), ..made };
            }
            Known::Foreign(symbol) => {
                if let Some(node) = self.foreign.get(symbol).node.and_then(|node| self.table.call(node)) {
                    let yields = self.foreign_call(frame, symbol, callee, arguments, span);
                    let said = self.modelled(frame, node, callee, arguments, span);
                    let known = if matches!(said.known, Known::Path(_)) { said.known } else { yields.known };
                    return Abstract { taint: said.taint, known, parts: said.parts };
                }
            }
            _ => {}
        }
        if let Some(value) = self.container(frame, callee, arguments, span) {
            return value;
        }
        if let Op::Member(_, name) = &frame.function.step(callee).op
            && let Some(node) = self.table.anything(self.program.names.text(*name))
            && let Some(node) = self.table.call(node)
        {
            return self.modelled(frame, node, callee, arguments, span);
        }
        match known {
            Known::Foreign(symbol) => self.foreign_call(frame, symbol, callee, arguments, span),
            _ => self.unknown_call(frame, callee, arguments, span),
        }
    }

    /// A call that a model speaks of.
    fn modelled(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let table = self.table;
        let said = table.node(node);
        self.sinks(frame, node, callee, arguments);
        if let Some(handler) = &said.handler {
            for argument in arguments {
                if let Known::Function(id) = frame.value(argument.value).known {
                    self.handlers.insert(id, handler);
                }
            }
        }
        let mut made = self.path(node, span);
        let mut cleans = said.cleans;
        for one in &said.conditional {
            if one.requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                cleans |= one.cleans;
                made.known = one.becomes.map_or(made.known, Known::Path);
                if one.source != 0 {
                    made.taint = self.read(one.source, said.whole, span);
                }
            }
        }
        if !made.taint.is_empty() || cleans == ANY {
            return made;
        }
        if !said.sinks.is_empty() && cleans == 0 {
            // What a sink answers, to the caller or a callback, is no longer what it was given: the rows of a query,
            // the page of an address.
            return made;
        }
        let taint = self.unknown_call(frame, callee, arguments, span).all();
        Abstract { taint: taint.cleaned(cleans), ..made }
    }

    /// A call of which nothing is known: what goes in comes out, and functions among the arguments see it.
    pub(super) fn unknown_call(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let mut taint = self.handed(frame, arguments);
        let receiver = match &frame.function.step(callee).op {
            Op::Member(object, _) => frame.value(*object).clone(),
            _ => Abstract::tainted(frame.value(callee).taint.clone()),
        };
        taint = receiver.all().join(&taint);
        for argument in arguments {
            if let Known::Function(id) = frame.value(argument.value).known
                && !self.handlers.contains_key(&id)
                && !taint.is_empty()
            {
                let count = self.program.function(id).parameters.len();
                let handed = vec![Abstract::tainted(taint.clone()); count];
                let result = self.apply(frame, id, &handed, span);
                taint = taint.join(&result.all());
            }
        }
        let whole = match &frame.function.step(callee).op {
            Op::Member(_, name) => KEEPS_START.contains(&self.program.names.text(*name)),
            Op::Load(name) => KEEPS_START.contains(&self.program.names.text(*name)),
            _ => false,
        };
        if !whole {
            taint = taint.parted();
        }
        let fixed = !arguments.is_empty() || receiver.constant();
        let constant = fixed
            && receiver.parts.is_none()
            && matches!(receiver.known, Known::Text(_) | Known::Constant)
            && arguments.iter().all(|argument| frame.value(argument.value).constant());
        let known = if constant && taint.is_empty() { Known::Constant } else { Known::Any };
        Abstract { taint, known, parts: None }
    }

    fn handed(&self, frame: &Frame<'_>, arguments: &[Argument]) -> Taint {
        arguments
            .iter()
            .fold(Taint::default(), |taint, argument| taint.join(&frame.value(argument.value).all()))
    }

    /// The arguments of a call as the parameters of a function of the file see them.
    fn by_parameter(
        &self,
        frame: &Frame<'_>,
        id: FunctionId,
        receiver: Option<Abstract>,
        arguments: &[Argument],
    ) -> Vec<Abstract> {
        let parameters = &self.program.function(id).parameters;
        let mut values = vec![Abstract::default(); parameters.len()];
        // JavaScript's methods do not list the receiver.
        let listed = parameters
            .first()
            .is_some_and(|first| matches!(self.program.names.text(first.name), "self" | "cls" | "this"));
        let mut next = 0;
        if let Some(receiver) = receiver.filter(|_| listed) {
            if let Some(slot) = values.first_mut() {
                *slot = receiver;
            }
            next = 1;
        }
        for argument in arguments {
            let value = frame.value(argument.value);
            let index = match argument.pass {
                Pass::Plain => {
                    let index = next;
                    let rest = parameters.get(index).is_some_and(|parameter| parameter.rest);
                    next += usize::from(!rest);
                    Some(index)
                }
                Pass::Keyword(name) => parameters
                    .iter()
                    .position(|parameter| parameter.name == name)
                    .or_else(|| parameters.iter().position(|parameter| parameter.keywords)),
                Pass::Spread | Pass::SpreadKeywords => {
                    // Any of the parameters that are left.
                    for slot in values.iter_mut().skip(next) {
                        *slot = slot.join(&value.at(None));
                    }
                    None
                }
            };
            if let Some(slot) = index.and_then(|index| values.get_mut(index)) {
                *slot = if *slot == Abstract::default() { value.clone() } else { slot.join(value) };
            }
        }
        values
    }
}
