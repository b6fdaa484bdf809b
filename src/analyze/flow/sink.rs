//! Whether what reaches a sink is clean.

use std::rc::Rc;

use super::foreign::Passage;
use super::function::Frame;
use super::summary::Reach;
use super::value::{Abstract, Event, Key, Known, Link, Origin, Via};
use super::{Engine, Hit, Pending};
use crate::analyze::ir::{Argument, Entry, Op, Pass, Span, Value};
use crate::analyze::model::{Kinds, NodeId, Sink};
use crate::rule::{Requirement, Slot};
use crate::syntax::Language;

/// Where data arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// At a sink of that kind.
    Sink(Kinds),
    /// At an argument of a call of another file's function.
    Argument(Passage),
}

/// How data arrives somewhere.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// The sink kinds it is clean for.
    pub(super) clean: Kinds,
    /// The calls of other files' functions that it came through.
    pub(super) via: Via,
    /// The place.
    pub(super) span: Span,
    pub(super) trace: Option<Rc<Link>>,
}

/// Operators of MongoDB whose value is a script.
const CODE_OPERATORS: &[&str] = &["$where", "$function", "$accumulator"];

/// Operators of MongoDB that compare with their value as it is.
const COMPARISONS: &[&str] = &["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"];

/// The parts of `$function` and `$accumulator` that are code.
const FUNCTION_PARTS: &[&str] = &["body", "init", "accumulate", "merge", "finalize"];

/// A query is looked at so deep for them.
const DEEPEST_QUERY: usize = 6;

/// From so many places on that a function's data reaches, each is one however the data comes there.
const MANY_REACHES: usize = 1024;

/// And to more than so many it is not followed.
pub(super) const MOST_REACHES: usize = 4096;

/// Flows of one file that wait for other files to be known.
const MOST_PENDING: usize = 16_384;

impl Engine<'_> {
    /// Checks the arguments of a call against the sinks of its path.
    pub(super) fn sinks(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
    ) {
        let table = self.table;
        let path = &table.node(node).path;
        let name = path.strip_suffix("()").unwrap_or(path).trim_start_matches("*.");
        for sink in &table.node(node).sinks {
            if !sink.requirements.iter().all(|requirement| self.holds(frame, requirement, arguments)) {
                continue;
            }
            if self.models.sinks.name(sink.kind) == "html"
                && let Op::Member(response, _) = frame.function.step(callee).op
                && self.no_page(frame, response)
            {
                continue;
            }
            if self.models.sinks.name(sink.kind) == "html" && self.said_later(frame, callee) {
                continue;
            }
            if sink.slots.contains(&Slot::Receiver) {
                // Of a function that is computed, what it was computed from.
                let receiver = match &frame.function.step(callee).op {
                    Op::Member(object, _) => *object,
                    _ => callee,
                };
                let span = frame.function.step(receiver).span;
                self.check(frame, receiver, span, sink.kind, name);
            }
            for slot in &sink.slots {
                self.option(frame, slot, arguments, sink.kind, name);
            }
            let filled =
                |slot| self.filling(slot, arguments).into_iter().map(move |argument| (slot, argument));
            let filling: Vec<_> = sink.slots.iter().flat_map(filled).collect();
            let log = self.models.sinks.name(sink.kind) == "log";
            for (slot, argument) in filling {
                if log && self.fills_one_line(frame, arguments, argument) {
                    continue;
                }
                if let Some(part) = self.spread_part(frame, slot, argument) {
                    self.report(frame, &part, argument.span, sink.kind, name);
                } else if sink.first
                    && let Op::List(elements) = &frame.function.step(argument.value).op
                {
                    if let Some(first) = elements.first() {
                        let span = frame.function.step(first.value).span;
                        self.check(frame, first.value, span, sink.kind, name);
                    }
                } else if sink.system {
                    self.told_by_the_system(frame, argument, sink.kind, name);
                } else if sink.argv {
                    self.command_line(frame, argument, sink.kind, name);
                    self.shell_arguments(frame, argument, arguments, sink.kind, name);
                } else {
                    self.check(frame, argument.value, argument.span, sink.kind, name);
                }
            }
        }
    }

    /// Of messages to a language model, what the system says: `{"role": "system", "content": text}`, `("system", text)`.
    fn told_by_the_system(&mut self, frame: &mut Frame<'_>, argument: &Argument, kind: Kinds, name: &str) {
        if self.instructs(frame, argument.value) {
            return self.check(frame, argument.value, argument.span, kind, name);
        }
        let Some(messages) = frame.value(argument.value).parts.clone() else { return };
        let role = |value: Abstract| matches!(&value.known, Known::Text(text) if matches!(&**text, "system" | "developer"));
        let text = |name: &str| Key::Text(name.into());
        let all = messages.known.iter().map(|(key, message)| (Some(key), message));
        for (key, message) in all.chain(messages.rest.as_deref().map(|rest| (None, rest))) {
            let told = if role(message.at(Some(&text("role")))) {
                message.at(Some(&text("content")))
            } else if message.parts.is_some() && role(message.at(Some(&Key::Index(0)))) {
                message.at(Some(&Key::Index(1)))
            } else {
                continue;
            };
            let span = match key {
                Some(Key::Index(index)) => self.content_span(frame, argument, *index),
                _ => argument.span,
            };
            self.report(frame, &told, span, kind, name);
        }
    }

    /// Whether a text tells a model who it is, and so is instructions whoever is said to say it: `"You are a clerk. " + x`.
    fn instructs(&self, frame: &Frame<'_>, value: Value) -> bool {
        let mut at = value;
        for _ in 0..8 {
            at = match &frame.function.step(at).op {
                Op::Text(parts) => match parts.first() {
                    Some(first) => *first,
                    None => return false,
                },
                Op::Binary(_, left, _) | Op::Store(_, left) => *left,
                Op::Load(name) => {
                    let stores = frame.function.steps.iter().filter_map(|step| match step.op {
                        Op::Store(to, value) if to == *name => Some(value),
                        _ => None,
                    });
                    let stores: Vec<_> = stores.take(2).collect();
                    match stores.as_slice() {
                        [one] => *one,
                        _ => return false,
                    }
                }
                Op::Call { callee, .. } => match &frame.function.step(*callee).op {
                    Op::Member(object, name) if self.program.names.text(*name) == "format" => *object,
                    _ => return false,
                },
                _ => break,
            };
        }
        let Known::Text(text) = &frame.value(at).known else { return false };
        let start = text.trim_start().to_ascii_lowercase();
        ["you are ", "you're ", "act as ", "your task is "].iter().any(|first| start.starts_with(first))
    }

    /// Where the content of a message stands, when the message is written out.
    fn content_span(&self, frame: &Frame<'_>, argument: &Argument, index: i64) -> Span {
        let Op::List(messages) = &frame.function.step(argument.value).op else { return argument.span };
        let Some(message) = messages.get(index as usize) else { return argument.span };
        let step = frame.function.step(message.value);
        let Op::Dict(entries) = &step.op else { return step.span };
        let content = |entry: &&Entry| {
            entry.key.is_some_and(
                |key| matches!(&frame.value(key).known, Known::Text(text) if &**text == "content"),
            )
        };
        entries.iter().find(content).map_or(step.span, |entry| entry.span)
    }

    /// Checks an assignment to a member: `element.innerHTML = text`.
    pub(super) fn assigned(&mut self, frame: &mut Frame<'_>, object: Value, name: &str, stored: Value) {
        let known = match frame.value(object).known {
            Known::Path(node) => self.table.member(node, name),
            _ => None,
        };
        let Some(node) = known.or_else(|| self.table.anything(name)) else { return };
        self.assigned_to(frame, node, name, stored);
    }

    /// Checks an assignment to what the models call `node`.
    pub(super) fn assigned_to(&mut self, frame: &mut Frame<'_>, node: NodeId, name: &str, stored: Value) {
        let table = self.table;
        for (_, handler) in &table.node(node).handlers {
            for id in super::call::functions(frame, stored) {
                self.handle(id, handler);
            }
        }
        for Sink { kind, .. } in &table.node(node).assigned {
            let span = frame.function.step(stored).span;
            self.check(frame, stored, span, *kind, name);
        }
    }

    /// Checks the key, and the value, of `session[key] = value`, which are the arguments of `__setitem__`.
    pub(super) fn subscripted(&mut self, frame: &mut Frame<'_>, node: NodeId, values: &[Value], span: Span) {
        let argument = |value: &Value| Argument {
            value: *value,
            pass: Pass::Plain,
            span: frame.function.step(*value).span,
        };
        let arguments: Vec<Argument> = values.iter().map(argument).collect();
        let table = self.table;
        let name = self.short(span).to_owned();
        for sink in &table.node(node).sinks {
            if !sink.requirements.iter().all(|requirement| self.holds(frame, requirement, &arguments)) {
                continue;
            }
            let slots = sink.slots.iter();
            for argument in slots.flat_map(|slot| self.filling(slot, &arguments)).collect::<Vec<_>>() {
                self.check(frame, argument.value, argument.span, sink.kind, &name);
            }
        }
    }

    /// Whether the arguments of a call are as required.
    pub(super) fn holds(&self, frame: &Frame<'_>, requirement: &Requirement, arguments: &[Argument]) -> bool {
        if let Some(kind) = requirement.value.strip_prefix('@') {
            let slot = match requirement.keyword.parse() {
                Ok(position) => Slot::Position(position, None),
                Err(_) => Slot::Keyword(requirement.keyword.clone()),
            };
            let wanted = self.table.written(kind).map(|node| self.table.canonical(node));
            let same = self.filling(&slot, arguments).first().is_some_and(|argument| {
                matches!(frame.value(argument.value).known, Known::Path(node) if Some(self.table.canonical(node)) == wanted)
            });
            return same != requirement.other;
        }
        if let Ok(position) = requirement.keyword.parse::<usize>() {
            let slot = Slot::Position(position, None);
            let Some(argument) = self.filling(&slot, arguments).into_iter().next() else {
                return requirement.other;
            };
            let same = match &frame.value(argument.value).known {
                _ if requirement.value == "*" => true,
                // `''` is how a model writes that there is nothing.
                Known::Text(text) if text.is_empty() => requirement.value == "''",
                Known::Text(text) => text.eq_ignore_ascii_case(&requirement.value),
                Known::Bool(truth) => requirement.value.eq_ignore_ascii_case(&truth.to_string()),
                Known::Int(number) => requirement.value == number.to_string(),
                // Of what is no constant a model may say how it is not written.
                _ => requirement.other && self.last_name(frame, argument) == requirement.value,
            };
            return same != requirement.other;
        }
        let written = arguments.iter().find(|argument| {
            matches!(argument.pass, Pass::Keyword(name) if self.program.names.text(name) == requirement.keyword)
        });
        let Some(argument) = written else {
            let spread = || self.spread_value(frame, &requirement.keyword, arguments);
            return match self.option_value(frame, &requirement.keyword, arguments).or_else(spread) {
                Some(_) if requirement.value == "*" => !requirement.other,
                Some(value) => {
                    constant_is(&value.known, &requirement.value).unwrap_or(true) != requirement.other
                }
                None => requirement.other,
            };
        };
        if requirement.value == "*" {
            return !requirement.other;
        }
        let same = constant_is(&frame.value(argument.value).known, &requirement.value).unwrap_or_else(|| {
            let same = self.last_name(frame, argument) == requirement.value;
            // What is only known when it runs may well be it.
            same || !requirement.other
        });
        same != requirement.other
    }

    /// What an object among the arguments that is not written out there has at `path`: `options.headers.host`.
    pub(super) fn option_value(
        &self,
        frame: &Frame<'_>,
        path: &str,
        arguments: &[Argument],
    ) -> Option<Abstract> {
        if self.language == Language::Python {
            return None;
        }
        let plain = arguments.iter().filter(|argument| argument.pass == Pass::Plain).rev();
        plain.take(2).find_map(|argument| {
            let mut value = frame.value(argument.value).clone();
            for name in path.split('.') {
                let key = Key::Text(name.into());
                let parts = value.parts.as_deref()?;
                value = parts.known.iter().find(|(known, _)| *known == key)?.1.clone();
            }
            Some(value)
        })
    }

    /// What a dictionary that is spread into keywords has for one: `options = {"shell": True}; run(command, **options)`.
    fn spread_value(&self, frame: &Frame<'_>, keyword: &str, arguments: &[Argument]) -> Option<Abstract> {
        let key = Key::Text(keyword.into());
        let spread = arguments.iter().filter(|argument| argument.pass == Pass::SpreadKeywords);
        spread.into_iter().find_map(|argument| {
            let parts = frame.value(argument.value).parts.as_deref()?;
            parts.known.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
        })
    }

    /// What of a dictionary that is spread into keywords is meant, when it is known what is in it.
    fn spread_part(&self, frame: &Frame<'_>, slot: &Slot, argument: &Argument) -> Option<Abstract> {
        let (Slot::Keyword(name) | Slot::Position(_, Some(name))) = slot else { return None };
        let value = frame.value(argument.value);
        let spread = argument.pass == Pass::SpreadKeywords && value.parts.is_some();
        spread.then(|| value.at(Some(&Key::Text(name.as_str().into()))))
    }

    /// Checks a property of an object that is given as an option, or the option of an object kept in a variable.
    fn option(
        &mut self,
        frame: &mut Frame<'_>,
        slot: &Slot,
        arguments: &[Argument],
        kind: Kinds,
        name: &str,
    ) {
        let Slot::Keyword(path) = slot else { return };
        let written = arguments.iter().find(|argument| {
            matches!(argument.pass, Pass::Keyword(keyword) if path.split('.').next() == Some(self.program.names.text(keyword)))
        });
        let (value, span) = match written {
            Some(_) if !path.contains('.') => return,
            Some(argument) => {
                let mut value = frame.value(argument.value).clone();
                for name in path.split('.').skip(1) {
                    value = value.at(Some(&Key::Text(name.into())));
                }
                (value, argument.span)
            }
            None => match (self.option_value(frame, path, arguments), arguments.last()) {
                (Some(value), Some(last)) => (value, last.span),
                _ => return,
            },
        };
        self.report(frame, &value, span, kind, name);
    }

    /// The arguments that a slot names.
    pub(super) fn filling<'x>(&self, slot: &Slot, arguments: &'x [Argument]) -> Vec<&'x Argument> {
        let named = |wanted: &str, argument: &Argument| match argument.pass {
            Pass::Keyword(name) => self.program.names.text(name) == wanted,
            Pass::SpreadKeywords => true,
            Pass::Plain | Pass::Spread => false,
        };
        let keyword =
            |wanted: &str| arguments.iter().filter(|argument| named(wanted, argument)).collect::<Vec<_>>();
        match slot {
            Slot::Every => arguments.iter().collect(),
            Slot::Receiver => Vec::new(),
            Slot::Keywords => {
                arguments.iter().filter(|argument| argument.pass == Pass::SpreadKeywords).collect()
            }
            Slot::Keyword(name) => keyword(name),
            Slot::Position(index, name) => {
                let plain: Vec<_> = arguments
                    .iter()
                    .filter(|argument| matches!(argument.pass, Pass::Plain | Pass::Spread))
                    .collect();
                let spread = plain.iter().take(index + 1).position(|argument| argument.pass == Pass::Spread);
                match plain.get(spread.unwrap_or(*index)) {
                    Some(argument) => vec![*argument],
                    None => name.iter().flat_map(|name| keyword(name)).take(1).collect(),
                }
            }
        }
    }

    pub(super) fn element_span(&self, frame: &Frame<'_>, argument: &Argument, index: i64) -> Span {
        match &frame.function.step(argument.value).op {
            Op::List(elements) => elements
                .get(index as usize)
                .map_or(argument.span, |element| frame.function.step(element.value).span),
            _ => argument.span,
        }
    }

    /// Reports what is not clean in a value, at the innermost literal part that holds it.
    pub(super) fn check(&mut self, frame: &mut Frame<'_>, value: Value, span: Span, kind: Kinds, name: &str) {
        let held = frame.value(value).clone();
        if held.taint.is_empty() && held.parts.is_none() {
            return;
        }
        // An object that is sent becomes JSON, not a page, whatever was spread into it.
        let object = held.parts.as_ref().is_some_and(|parts| parts.complete && parts.length.is_none());
        if object && self.models.sinks.name(kind) == "html" {
            return;
        }
        if self.models.sinks.name(kind) == "nosql" {
            self.operators(frame, &held, span, name, 0);
        }
        let (value, span) = self.innermost(frame, value, span, kind);
        let held = frame.value(value).clone();
        self.report(frame, &held, span, kind, name);
    }

    /// Operators of a query that hold code: text is enough there.
    fn operators(&mut self, frame: &mut Frame<'_>, query: &Abstract, span: Span, name: &str, depth: usize) {
        let Some(parts) = query.parts.clone().filter(|_| depth < DEEPEST_QUERY) else { return };
        for (key, part) in &parts.known {
            match key {
                Key::Text(key) if CODE_OPERATORS.contains(&&**key) => {
                    let code = |(key, _): &&(Key, Abstract)| matches!(key, Key::Text(key) if FUNCTION_PARTS.contains(&&**key));
                    // Of a function in a query its texts are code, and what it is called with is not.
                    let texts: Vec<Abstract> = match part.parts.as_deref() {
                        Some(inner) => {
                            inner.known.iter().filter(code).map(|(_, text)| text.clone()).collect()
                        }
                        None => vec![part.clone()],
                    };
                    for text in texts {
                        self.report(frame, &text, span, self.models.query_code, name);
                    }
                }
                _ => self.operators(frame, part, span, name, depth + 1),
            }
        }
    }

    /// The kinds that the value of an operator of a query is clean for: with what it compares, that is a value whatever
    /// is in it.
    pub(super) fn compares(&self, key: &Known) -> Kinds {
        match key {
            Known::Text(key) if COMPARISONS.contains(&&**key) => self.models.sinks.get("nosql").unwrap_or(0),
            _ => 0,
        }
    }

    fn innermost(&self, frame: &Frame<'_>, value: Value, span: Span, kind: Kinds) -> (Value, Span) {
        let (mut value, mut span) = (value, span);
        let dirty = |value: Value| {
            frame.value(value).all().flows().iter().any(|flow| (flow.clean | flow.whole) & kind == 0)
        };
        let literal =
            |entry: &Entry| entry.key.is_some_and(|key| self.compares(&frame.value(key).known) & kind != 0);
        for _ in 0..4 {
            let inner = match &frame.function.step(value).op {
                Op::List(elements) => {
                    elements.iter().map(|element| element.value).find(|value| dirty(*value))
                }
                Op::Dict(entries) => match entries.iter().find(|entry| dirty(entry.value) && !literal(entry))
                {
                    Some(entry) => {
                        span = entry.span;
                        value = entry.value;
                        continue;
                    }
                    None => None,
                },
                _ => None,
            };
            let Some(inner) = inner else { break };
            value = inner;
            span = frame.function.step(inner).span;
        }
        (value, span)
    }

    pub(super) fn report(
        &mut self,
        frame: &mut Frame<'_>,
        held: &Abstract,
        span: Span,
        kind: Kinds,
        name: &str,
    ) {
        for flow in held.all().flows().iter().filter(|flow| (flow.clean | flow.whole) & kind == 0) {
            let trace = Link::after(flow.trace.clone(), span, Event::Reaches(name.into()));
            let at = Arrival { clean: flow.clean, via: flow.via.clone(), span, trace };
            self.arrived(frame, flow.origin, Target::Sink(kind), at);
        }
    }

    /// Data of an origin is somewhere: a finding, or a matter of the callers or of other files.
    pub(super) fn arrived(&mut self, frame: &mut Frame<'_>, origin: Origin, target: Target, at: Arrival) {
        match (origin, target) {
            (Origin::Parameter(function, index, part), _) => {
                let parameter = (function, index, part);
                if function != frame.id && !self.within(frame.id, function) {
                    return;
                }
                // Where there are very many, the calls that data has to come through are taken to let it pass.
                let via = at.via.filter(|_| frame.reaches.len() < MANY_REACHES);
                let at = Arrival { via, ..at };
                if frame.reaches.len() >= MOST_REACHES {
                    self.large = true;
                } else if frame.reached.insert((parameter, target, at.span, at.via.clone())) {
                    frame.reaches.push(Reach { parameter, target, at });
                }
            }
            (Origin::Source(source, _), Target::Sink(kind)) if at.via.is_none() => {
                for rule in self.rules.iter().filter(|rule| rule.sink == kind && rule.sources & source != 0) {
                    let hit = || Hit { rule: rule.rule, span: at.span, source, trace: at.trace.clone() };
                    self.hits.entry((rule.rule, at.span)).or_insert_with(hit);
                }
            }
            (origin, target) => {
                let key = (origin, target, at.span, at.via.clone());
                if self.pending.len() < MOST_PENDING {
                    self.pending.entry(key).or_insert(Pending { origin, target, at });
                } else {
                    self.large = true;
                }
            }
        }
    }
}

/// Whether a constant is what a model writes as `wanted`; `None`: it is no constant.
fn constant_is(known: &Known, wanted: &str) -> Option<bool> {
    Some(match known {
        Known::Bool(truth) => wanted.eq_ignore_ascii_case(&truth.to_string()),
        // A shell that is named is one.
        Known::Text(text) => **text == *wanted || matches!(wanted, "True" | "true") && !text.is_empty(),
        Known::Int(number) => wanted == number.to_string() || (wanted == "True" && *number != 0),
        Known::Null => matches!(wanted, "None" | "null"),
        _ => return None,
    })
}
