//! Calls: of what models know, of functions of the file, of anything else.

use super::Engine;
use super::foreign::SymbolId;
use super::function::Frame;
use super::summary::{Bindings, Slot};
use super::value::{Abstract, Bound, Known, Taint};
use crate::analyze::ir::{Argument, FunctionId, Op, Pass, Span, Value};
use crate::analyze::model::{ANY, Handler, NodeId, Said};
use crate::syntax::Language;

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
        let mut known = frame.value(callee).known.clone();
        if let Known::Either(all) = &known {
            return self.either_called(frame, all, callee, arguments, span);
        }
        if known == Known::Any
            && let Some(symbol) = self.declared_method(frame, callee)
        {
            known = Known::Foreign(symbol);
        }
        if self.language != Language::Python {
            self.typed(frame, callee, arguments);
            if let Some(value) = self.expression_made(frame, callee, arguments) {
                return value;
            }
        }
        match known.clone() {
            // Python's `super()`.
            Known::Super(..) => return frame.value(callee).clone(),
            Known::Foreign(symbol) if self.is_parent(symbol) => return frame.value(callee).clone(),
            Known::Path(node) => {
                if let Some(node) = self.table.call(node) {
                    return self.modelled(frame, node, callee, arguments, span);
                }
            }
            Known::Function(id) => return self.applied(frame, id, None, None, arguments, span),
            Known::Bound(id, bound) if bound.first.is_empty() => {
                return self.applied(frame, id, Some(&bound), None, arguments, span);
            }
            Known::Bound(..) => {
                let given: Vec<_> =
                    arguments.iter().map(|argument| frame.value(argument.value).clone()).collect();
                let callee = frame.value(callee).clone();
                return self.invoke(frame, &callee, &given, span);
            }
            Known::Method(id, receiver) => {
                let object = match &frame.function.step(callee).op {
                    Op::Member(object, _) => Some(*object),
                    _ => None,
                };
                let receiver = Some(((*receiver).clone(), object));
                let result = self.applied(frame, id, None, receiver, arguments, span);
                let Some(symbol) = self.overridden(id) else { return result };
                let other = self.foreign_call(frame, symbol, callee, arguments, span);
                return Abstract { taint: result.taint.join(&other.taint), ..result };
            }
            Known::Class(class) => return self.made(frame, class, arguments, span),
            Known::Instance(class) if self.language == Language::Python => {
                let held = frame.value(callee).clone();
                let method = self.program.names.get("__call__");
                let method = method.and_then(|name| self.object_member(frame, &held, class, name, span));
                if let Some(Known::Method(id, receiver)) = method.map(|method| method.known) {
                    let receiver = ((*receiver).clone(), Some(callee));
                    return self.applied(frame, id, None, Some(receiver), arguments, span);
                }
            }
            Known::Foreign(symbol) if self.of_injected(symbol) => {
                return self.foreign_call(frame, symbol, callee, arguments, span);
            }
            Known::Foreign(symbol) => {
                if let Some(node) = self.foreign.get(symbol).node.and_then(|node| self.table.call(node)) {
                    return self.perhaps_modelled(frame, symbol, node, callee, arguments, span);
                }
            }
            _ => {}
        }
        if let Some(schema) = self.still_schema(frame, callee, arguments) {
            return schema;
        }
        if self.language != Language::Python
            && let Some(value) = self.scripted(frame, callee, arguments, span)
        {
            return value;
        }
        if let (Language::Python, Op::Member(object, _)) = (self.language, &frame.function.step(callee).op)
            && matches!(frame.value(*object).known, Known::Pattern(_))
        {
            let clean = self.clean_by_expression(frame, callee, arguments);
            let made = self.unknown_call(frame, callee, arguments, span);
            return Abstract { taint: made.taint.cleaned(clean), ..made };
        }
        if let Some(value) = self.container(frame, callee, arguments, span) {
            // The method may be one of a class of another file all the same.
            if let Known::Foreign(symbol) = known {
                self.foreign_call(frame, symbol, callee, arguments, span);
            }
            return value;
        }
        if let Some(taint) = self.formatted(frame, callee, arguments) {
            return Abstract::tainted(taint);
        }
        if let Op::Member(_, name) = &frame.function.step(callee).op
            && let Some(node) = self.table.anything(self.program.names.text(*name))
            && let Some(node) = self.table.call(node)
        {
            if !self.table.schedules_alone(node) {
                return match known {
                    Known::Foreign(symbol) => {
                        self.perhaps_modelled(frame, symbol, node, callee, arguments, span)
                    }
                    _ => self.modelled(frame, node, callee, arguments, span),
                };
            }
            if let Some(value) = self.scheduled(frame, node, callee, arguments, span) {
                return value;
            }
        }
        match known {
            Known::Foreign(symbol) => self.foreign_call(frame, symbol, callee, arguments, span),
            _ => self.unknown_call(frame, callee, arguments, span),
        }
    }

    /// A call of something in another file that a model speaks of by its name.
    fn perhaps_modelled(
        &mut self,
        frame: &mut Frame<'_>,
        symbol: SymbolId,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let yields = self.foreign_call(frame, symbol, callee, arguments, span);
        let said = self.modelled(frame, node, callee, arguments, span);
        let known = if matches!(said.known, Known::Path(_)) { said.known } else { yields.known };
        Abstract { taint: said.taint, known, parts: said.parts }
    }

    /// A call of one of several functions: it does what any of them does.
    fn either_called(
        &mut self,
        frame: &mut Frame<'_>,
        all: &[Known],
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let held = frame.value(callee).clone();
        let (mut yielded, mut exits): (Option<Abstract>, bool) = (None, true);
        for one in all {
            frame.values[callee.0 as usize] = Abstract { known: one.clone(), ..held.clone() };
            let exited = std::mem::replace(&mut frame.exited, false);
            let value = self.call(frame, callee, arguments, span);
            exits &= frame.exited;
            frame.exited = exited;
            yielded = Some(yielded.map_or_else(|| value.clone(), |before| before.join(&value)));
        }
        frame.exited |= exits;
        frame.values[callee.0 as usize] = held;
        yielded.unwrap_or_default()
    }

    /// What a call yields of which the models do not say what it is, where the data of some arguments comes out clean.
    fn unless_cleaned(
        &mut self,
        frame: &mut Frame<'_>,
        said: &Said,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let mut held = Vec::new();
        for (slot, kinds) in &said.cleans_of {
            for argument in self.filling(slot, arguments) {
                let value = frame.value(argument.value).clone();
                let cleaned = value.all().cleaned(*kinds);
                frame.values[argument.value.0 as usize] =
                    Abstract { taint: cleaned, parts: None, ..value.clone() };
                held.push((argument.value, value));
            }
        }
        let yielded = self.unknown_call(frame, callee, arguments, span);
        for (at, value) in held.into_iter().rev() {
            frame.values[at.0 as usize] = value;
        }
        yielded
    }

    /// What a model says of a call, but for schemas.
    pub(super) fn modelled_call(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let table = self.table;
        let said = table.node(node);
        if let Some(value) = self.scheduled(frame, node, callee, arguments, span) {
            return value;
        }
        self.sinks(frame, node, callee, arguments);
        for (requirements, handler) in &said.handlers {
            if !requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                continue;
            }
            self.handed_schemas(frame, handler, callee, arguments);
            for argument in arguments {
                for id in functions(frame, argument.value) {
                    self.handle(id, handler);
                }
            }
        }
        frame.exited |= said.exits;
        for argument in said.asserts.iter().flat_map(|slot| self.filling(slot, arguments)) {
            frame.state = self.refined(frame, argument.value, true);
        }
        let mut made = self.path(node, span);
        if let Some(expression) = self.compiled(frame, &said.path, arguments) {
            made.known = expression;
        }
        let mut cleans = said.cleans;
        if said.path.starts_with("re.") && self.language == Language::Python {
            cleans |= self.clean_by_expression(frame, callee, arguments);
        }
        for one in &said.conditional {
            if one.requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                cleans |= one.cleans;
                made.known = one.becomes.map_or(made.known, Known::Path);
                if one.source != 0 {
                    made.taint = self.read(one.source, said.whole, span);
                }
            }
        }
        if cleans != 0 && self.rebinds(frame, callee) {
            cleans = 0;
        }
        if !made.taint.is_empty() || cleans == ANY {
            // Data that is read in pieces is given to a function: `request.on("data", (piece) => ..)`.
            let read = made.taint.clone();
            for argument in arguments.iter().filter(|_| !read.is_empty()) {
                self.calls_back(frame, argument.value, &read, span);
            }
            return made;
        }
        for (requirements, to) in &said.turns {
            if requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                self.turned(frame, callee, *to);
            }
        }
        let answers = said.sinks.iter().any(|sink| sink.kind & self.models.carried == 0);
        if answers && cleans == 0 && !said.passes {
            // What a sink answers, to the caller or a callback, is no longer what it was given: the rows of a query,
            // the page of an address.
            return made;
        }
        let taint = match self.resolved(frame, &said.path, arguments) {
            Some(taint) => taint,
            None => self.unless_cleaned(frame, said, callee, arguments, span).all(),
        };
        Abstract { taint: taint.soiled(said.undoes).cleaned(cleans), ..made }
    }

    /// The receiver of a method is of another type from now on.
    fn turned(&mut self, frame: &mut Frame<'_>, callee: Value, to: NodeId) {
        let Op::Member(object, _) = &frame.function.step(callee).op else { return };
        if let Some(place) = self.place(frame, *object) {
            self.change(frame, &place, |before| Abstract { known: Known::Path(to), ..before });
        }
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
            // An object that is called.
            _ if matches!(frame.value(callee).known, Known::Instance(_)) => {
                Abstract::tainted(frame.value(callee).all())
            }
            _ => Abstract::tainted(frame.value(callee).taint.clone()),
        };
        taint = receiver.all().join(&taint);
        for argument in arguments {
            let answered = self.calls_back(frame, argument.value, &taint, span);
            taint = taint.join(&answered);
        }
        let whole = match &frame.function.step(callee).op {
            Op::Member(_, name) => KEEPS_START.contains(&self.program.names.text(*name)),
            Op::Load(name) => KEEPS_START.contains(&self.program.names.text(*name)),
            _ => false,
        };
        if !whole {
            taint = taint.parted();
        }
        let given = arguments.iter().map(|argument| frame.value(argument.value).clone()).collect::<Vec<_>>();
        self.called(frame, callee, &given, span);
        let fixed = !arguments.is_empty() || receiver.constant();
        let constant = fixed
            && receiver.parts.is_none()
            && matches!(receiver.known, Known::Text(_) | Known::OneOf(_) | Known::Constant)
            && arguments.iter().all(|argument| frame.value(argument.value).constant());
        let known = if constant && taint.is_empty() { Known::Constant } else { Known::Any };
        Abstract { taint, known, parts: None }
    }

    /// A function that is handed to code of which nothing is known: it may be called, with all that this code has.
    pub(super) fn calls_back(
        &mut self,
        frame: &mut Frame<'_>,
        argument: Value,
        taint: &Taint,
        span: Span,
    ) -> Taint {
        let function = frame.value(argument).clone();
        if let Known::Either(all) = &function.known {
            let answers = all.iter().map(|one| {
                frame.values[argument.0 as usize] = Abstract { known: one.clone(), ..function.clone() };
                self.calls_back(frame, argument, taint, span)
            });
            let answer = answers.fold(Taint::default(), |all, one| all.join(&one));
            frame.values[argument.0 as usize] = function;
            return answer;
        }
        let id = match &function.known {
            Known::Function(id) | Known::Bound(id, _) | Known::Method(id, _) => *id,
            Known::Any if !taint.is_empty() => {
                let count = usize::from(matches!(frame.function.step(argument).op, Op::Load(_)));
                // A callback of the callers: which of its parameters gets what is not known.
                let own = |flow: &&super::value::Flow| {
                    !function.taint.flows().iter().any(|f| f.origin == flow.origin)
                };
                let others = Taint::from(taint.flows().iter().filter(own).cloned().collect());
                if count > 0 && !others.is_empty() {
                    self.called(frame, argument, &vec![Abstract::tainted(others); 3], span);
                }
                return Taint::default();
            }
            _ => return Taint::default(),
        };
        if self.handlers.contains_key(&id) || self.calling > 4 {
            return Taint::default();
        }
        let count = self.program.function(id).parameters.len();
        let handed = vec![Abstract::tainted(taint.clone()); count];
        self.calling += 1;
        let result = self.invoke(frame, &function, &handed, span);
        self.calling -= 1;
        result.all()
    }

    /// Makes a function a handler; one that was followed as something else is followed again.
    pub(super) fn handle(&mut self, id: FunctionId, handler: &'a Handler) {
        let known = self.handlers.insert(id, handler).is_some();
        if !known && !matches!(self.summaries[id.0 as usize], Slot::New | Slot::Early(_)) {
            self.again.behind(id);
        }
    }

    /// A call of a function of the file; the receiver with where it was read from.
    fn applied(
        &mut self,
        frame: &mut Frame<'_>,
        id: FunctionId,
        bound: Option<&Bound>,
        receiver: Option<(Abstract, Option<Value>)>,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let (receiver, object) = receiver.map_or((None, None), |(value, from)| (Some(value), from));
        let values = self.by_parameter(frame, id, receiver, arguments);
        let result = self.apply(frame, id, bound, &values, span);
        let telling = |summary: &std::rc::Rc<super::summary::Summary>| {
            !summary.writes.is_empty() || summary.tests.iter().any(|tests| tests.always != 0)
        };
        if let Some(summary) = self.summary_of(id).filter(telling) {
            let from = self.places_by_parameter(id, object, arguments);
            // What works later has tested nothing yet.
            if !self.program.function(id).later {
                self.past(frame, &summary, &from);
            }
            let around = bound.map_or(&[][..], |bound| &bound.around);
            let bindings = Bindings { id, arguments: &values, around };
            self.write_back(frame, &summary, &bindings, &from);
        }
        result
    }

    /// What calls of asynchronous functions that are awaited have tested: `await check(x)`, `await Promise.all([..])`.
    pub(super) fn past_awaited(&self, frame: &mut Frame<'_>, awaited: Value) {
        let function = frame.function;
        let mut calls = vec![awaited];
        if let Op::Call { callee, arguments } = &function.step(awaited).op
            && let Op::Member(_, name) = function.step(*callee).op
            && matches!(self.program.names.text(name), "all" | "gather" | "wait_for")
        {
            for argument in arguments {
                match &function.step(argument.value).op {
                    Op::List(elements) => calls.extend(elements.iter().map(|element| element.value)),
                    _ => calls.push(argument.value),
                }
            }
        }
        for call in calls {
            let Op::Call { callee, arguments } = &function.step(call).op else { continue };
            let (id, object) = match (&frame.value(*callee).known, &function.step(*callee).op) {
                (Known::Method(id, _), Op::Member(object, _)) => (*id, Some(*object)),
                (Known::Function(id) | Known::Bound(id, _), _) => (*id, None),
                _ => continue,
            };
            let tests = self.summary_if_made(id).filter(|it| it.tests.iter().any(|tests| tests.always != 0));
            if let Some(summary) = tests.filter(|_| self.program.function(id).later) {
                let from = self.places_by_parameter(id, object, arguments);
                self.past(frame, &summary, &from);
            }
        }
    }

    /// Where the arguments of a call were read from, by parameter.
    pub(super) fn places_by_parameter(
        &self,
        id: FunctionId,
        receiver: Option<Value>,
        arguments: &[Argument],
    ) -> Vec<Option<Value>> {
        let parameters = &self.program.function(id).parameters;
        let mut places = vec![None; parameters.len()];
        let bound = receiver.is_some() || self.language != Language::Python;
        let mut next = usize::from(bound && self.lists_receiver(id));
        if next == 1
            && let Some(first) = places.first_mut()
        {
            *first = receiver;
        }
        for argument in arguments {
            let index = match argument.pass {
                Pass::Plain => {
                    next += 1;
                    Some(next - 1)
                }
                Pass::Keyword(name) => parameters.iter().position(|parameter| parameter.name == name),
                Pass::Spread | Pass::SpreadKeywords => None,
            };
            if let Some(slot) = index.and_then(|index| places.get_mut(index)) {
                *slot = Some(argument.value);
            }
        }
        places
    }

    /// Whether the receiver is the first parameter of a function.
    pub(super) fn lists_receiver(&self, id: FunctionId) -> bool {
        let function = self.program.function(id);
        let named = |name| matches!(self.program.names.text(name), "self" | "cls" | "this");
        function.parameters.first().is_some_and(|first| named(first.name))
    }

    pub(super) fn handed(&self, frame: &Frame<'_>, arguments: &[Argument]) -> Taint {
        arguments
            .iter()
            .fold(Taint::default(), |taint, argument| taint.join(&frame.value(argument.value).all()))
    }

    /// The arguments of a call as the parameters of a function of the file see them.
    pub(super) fn by_parameter(
        &self,
        frame: &Frame<'_>,
        id: FunctionId,
        receiver: Option<Abstract>,
        arguments: &[Argument],
    ) -> Vec<Abstract> {
        let parameters = &self.program.function(id).parameters;
        let mut values = vec![Abstract::default(); parameters.len()];
        let listed = self.lists_receiver(id);
        let mut next = usize::from(listed && self.language != Language::Python);
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
                // The options of a JavaScript call are a parameter of their own.
                Pass::Keyword(_) if self.language != Language::Python => None,
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

/// The functions of the file that a value holds: itself, in a list, or handed to another function that wraps it.
pub(super) fn functions(frame: &Frame<'_>, value: Value) -> Vec<FunctionId> {
    let mut found = Vec::new();
    let mut left = vec![(value, 0)];
    while let Some((value, depth)) = left.pop() {
        for known in frame.value(value).known.each() {
            if let Known::Function(id) | Known::Bound(id, _) | Known::Method(id, _) = known {
                found.push(*id);
            }
        }
        if depth >= 3 || found.len() >= 16 {
            continue;
        }
        match &frame.function.step(value).op {
            Op::List(elements) => left.extend(elements.iter().map(|element| (element.value, depth + 1))),
            Op::Call { arguments, .. } => {
                left.extend(arguments.iter().map(|argument| (argument.value, depth + 1)));
            }
            _ => {}
        }
    }
    found
}
