//! What JavaScript's own functions do with what they are given: promises, objects, arrays, strings, and functions that
//! wrap functions.

use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::summary::Bindings;
use super::value::{Abstract, Bound, Key, Known, Origin, Part, Parts, Taint};
use crate::analyze::ir::{Argument, Op, Pass, Span, Value};

/// Functions that make another form of a function, or of a module of functions, that does the same.
const WRAPPERS: &[&str] = &["pify", "thenify", "thenifyAll", "withCallback", "denodeify", "callbackify"];

/// Methods of libraries that make another form of a function.
const METHOD_WRAPPERS: &[&str] = &[
    "debounce",
    "throttle",
    "memoize",
    "once",
    "memo",
    "forwardRef",
    "useCallback",
    "wrap",
    "partial",
    "curry",
];

/// Functions that run what they are given, later, and yield something else.
const RUNNERS: &[&str] =
    &["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame", "useEffect"];

/// Methods whose result is a number or a truth.
const TELLS: &[&str] = &[
    "indexOf",
    "lastIndexOf",
    "findIndex",
    "findLastIndex",
    "charCodeAt",
    "codePointAt",
    "localeCompare",
    "search",
    "startsWith",
    "endsWith",
    "includes",
    "every",
    "some",
    "hasOwnProperty",
    "isPrototypeOf",
    "getTime",
    "isArray",
    "test",
];

/// Listeners and emissions that are kept of one event.
const MOST_EVENTS: usize = 64;

/// Who listens to an event of the file's emitters, and what it is emitted with.
#[derive(Debug, Default)]
pub(super) struct Events {
    listeners: Vec<Abstract>,
    emitted: Vec<Vec<Abstract>>,
}

impl Engine<'_> {
    /// What a call of one of the language's own functions yields; `None`: no such function.
    pub(super) fn scripted(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let program = self.program;
        match frame.function.step(callee).op {
            Op::Member(object, name) => {
                let method = program.names.text(name);
                if let Op::Load(holder) = frame.function.step(object).op
                    && !self.bound_here(frame, holder)
                    && let Some(value) =
                        self.of_holder(frame, program.names.text(holder), method, arguments, span)
                {
                    return Some(value);
                }
                self.of_value(frame, object, method, arguments, span)
            }
            Op::Load(name) => {
                let text = program.names.text(name);
                if !self.bound_here(frame, name)
                    && let Some(value) = self.of_global(frame, text, arguments, span)
                {
                    return Some(value);
                }
                self.wrapped(frame, callee, text, arguments, span)
            }
            Op::Path(path) => {
                let text = program.names.text(path);
                self.wrapped(frame, callee, text, arguments, span)
            }
            _ => None,
        }
    }

    /// `new RegExp("^[a-z]+$")`, whose expression is known.
    pub(super) fn expression_made(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
    ) -> Option<Abstract> {
        let Op::Load(name) = frame.function.step(callee).op else { return None };
        if self.program.names.text(name) != "RegExp" || self.bound_here(frame, name) {
            return None;
        }
        let Known::Text(body) = &frame.value(arguments.first()?.value).known else { return None };
        let flags = match arguments.get(1).map(|flags| &frame.value(flags.value).known) {
            Some(Known::Text(flags)) => flags.to_string(),
            // Flags that are computed may well be the right ones.
            Some(_) => "g".to_owned(),
            None => String::new(),
        };
        Some(Abstract::known(Known::Pattern(format!("/{body}/{flags}").into())))
    }

    pub(super) fn bound_here(&self, frame: &Frame<'_>, name: crate::analyze::ir::Name) -> bool {
        let mut at = Some(frame.id);
        while let Some(id) = at {
            let function = self.program.function(id);
            if function.binds(name) {
                return true;
            }
            at = function.parent;
        }
        false
    }

    /// A function that gets a function, of which nothing else is known: it makes another form of it.
    fn wrapped(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        name: &str,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let first = arguments.first()?;
        if is_wrapper(name) {
            return Some(frame.value(first.value).clone());
        }
        let function = frame.value(first.value).known.clone();
        let inner = function.is_function();
        if !inner || RUNNERS.contains(&name) || !matches!(frame.value(callee).known, Known::Any) {
            return None;
        }
        let result = self.unknown_call(frame, callee, arguments, span);
        Some(Abstract { known: function, ..result })
    }

    /// A global function or constructor.
    fn of_global(
        &mut self,
        frame: &mut Frame<'_>,
        name: &str,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let first = arguments.first().map(|argument| frame.value(argument.value).clone());
        match name {
            "Promise" => Some(self.promised(frame, &first?, span)),
            "Map" | "WeakMap" | "FormData" | "Headers" => {
                let Some(first) = first else { return Some(Abstract::default()) };
                first.parts.is_some().then(|| from_entries(&first))
            }
            "Set" | "WeakSet" => Some(first.unwrap_or_default()),
            "structuredClone" => first,
            "Date" | "isFinite" | "Symbol" | "Float32Array" | "Uint8Array" if first.is_some() => {
                Some(Abstract::default())
            }
            _ => None,
        }
    }

    /// `Promise.all(..)`, `Object.keys(..)` and their kin.
    fn of_holder(
        &mut self,
        frame: &mut Frame<'_>,
        holder: &str,
        name: &str,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let first = arguments.first().map(|argument| frame.value(argument.value).clone());
        match (holder, name) {
            ("Promise", "all") => first,
            ("Promise", "race" | "any") => Some(first?.at(None)),
            ("Promise", "resolve") => Some(first.unwrap_or_default()),
            ("Promise", "reject") => Some(Abstract::default()),
            ("Promise", "allSettled") => Some(settled(&first?)),
            (
                "Object",
                "freeze"
                | "seal"
                | "preventExtensions"
                | "create"
                | "getOwnPropertyDescriptors"
                | "setPrototypeOf",
            ) => first,
            ("Object" | "Reflect", "keys" | "getOwnPropertyNames" | "ownKeys") => {
                Some(self.enumerated(keys(&first?), span))
            }
            ("Object", "values") => Some(listed(first?.at(None))),
            ("Object", "entries") => {
                let first = first?;
                let pair = pair(keys(&first).at(None), first.at(None));
                Some(listed(pair))
            }
            ("Object", "fromEntries") => Some(from_entries(&first?)),
            ("Object", "assign") => Some(self.assigned_object(frame, arguments)),
            ("Array", "of") => None,
            ("Array", "from") => {
                let first = first?;
                let Some(function) = arguments.get(1) else { return Some(listed(each_of(&first))) };
                let callee = frame.value(function.value).clone();
                let result = self.invoke(frame, &callee, &[each_of(&first), Abstract::default()], span);
                Some(listed(result))
            }
            ("Reflect", "apply" | "construct") => {
                let list = arguments.iter().rev().find(|it| it.pass == Pass::Plain)?;
                let spread = Argument { pass: Pass::Spread, ..*list };
                let callee = arguments.first()?.value;
                Some(self.call(frame, callee, &[spread], span))
            }
            // A text that was no object may be one of those when it is read as JSON.
            ("JSON", "parse") => {
                let read = first?;
                Some(Abstract::tainted(read.all().again(self.models.object_kinds).parted()))
            }
            ("Math" | "Date" | "Number" | "performance", _) => Some(Abstract::default()),
            _ => None,
        }
    }

    /// A method by its name, whatever it is called on.
    fn of_value(
        &mut self,
        frame: &mut Frame<'_>,
        object: Value,
        name: &str,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let held = frame.value(object).clone();
        let plain = matches!(held.known, Known::Any | Known::Text(_) | Known::Constant | Known::Null);
        match name {
            _ if is_wrapper(name) => arguments.first().map(|first| frame.value(first.value).clone()),
            _ if METHOD_WRAPPERS.contains(&name) && plain => {
                let function = frame.value(arguments.first()?.value).known.clone();
                function.is_function().then(|| Abstract::known(function))
            }
            "bind" => self.bind(frame, object, arguments),
            "match" | "matchAll" => {
                let Known::Pattern(pattern) = &frame.value(arguments.first()?.value).known else {
                    return None;
                };
                let clean = self.models.dangers.matched(pattern);
                Some(Abstract::tainted(held.all().cleaned(clean).parted()))
            }
            "exec" => {
                let Known::Pattern(pattern) = &held.known else { return None };
                let clean = self.models.dangers.matched(pattern);
                Some(Abstract::tainted(frame.value(arguments.first()?.value).all().cleaned(clean).parted()))
            }
            "on" | "once" | "addListener" if plain && arguments.len() == 2 => {
                self.listens(frame, arguments, span);
                None
            }
            "emit" if plain && !arguments.is_empty() => {
                self.emits(frame, arguments, span);
                None
            }
            "setState" => {
                let Known::Instance(class) = held.known else { return None };
                let state = self.program.names.get("state")?;
                let value = frame.value(arguments.first()?.value).clone();
                self.set_field(class, state, &value);
                Some(Abstract::default())
            }
            _ if TELLS.contains(&name) && plain && !arguments.is_empty() => {
                for argument in arguments {
                    self.calls_back(frame, argument.value, &held.all(), span);
                }
                Some(Abstract::default())
            }
            "replace" | "replaceAll"
                if (plain || matches!(held.known, Known::Path(_))) && arguments.len() == 2 =>
            {
                self.replaced_text(frame, &held, name, arguments, span)
            }
            "map" | "flatMap" if plain => {
                let Known::Path(node) = frame.value(arguments.first()?.value).known else { return None };
                let said = self.table.node(self.table.call(node)?);
                let taint = held.all().cleaned(said.cleans);
                Some(listed(Abstract::tainted(taint)))
            }
            "concat" if held.parts.as_ref().is_some_and(|parts| parts.length.is_some()) => {
                Some(arguments.iter().fold(held, |list, argument| {
                    let value = frame.value(argument.value);
                    match value.parts.as_ref().is_some_and(|parts| parts.length.is_some()) {
                        true => super::container::concatenated(&list, value),
                        false => super::container::concatenated(&list, &one(value.clone())),
                    }
                }))
            }
            "slice" | "filter" | "sort" | "reverse" | "toSorted" | "toReversed" | "flat"
                if held.parts.is_some() =>
            {
                let mut parts = held.parts.as_deref().cloned().unwrap_or_default();
                parts.forget_places();
                Some(Abstract { parts: Some(Rc::new(parts)), ..held })
            }
            _ => None,
        }
    }

    /// `emitter.on("name", function)`: it is called with what is emitted under that name in the file.
    fn listens(&mut self, frame: &mut Frame<'_>, arguments: &[Argument], span: Span) {
        let [name, function] = arguments else { return };
        let Known::Text(name) = frame.value(name.value).known.clone() else { return };
        let function = frame.value(function.value).clone();
        if !callable(&function.known) {
            return;
        }
        let events = self.events.entry(name).or_default();
        let emitted = events.emitted.clone();
        if !events.listeners.contains(&function) {
            if events.listeners.len() < MOST_EVENTS {
                events.listeners.push(function.clone());
            } else {
                self.large = true;
            }
        }
        for given in emitted {
            self.invoke(frame, &function, &given, span);
        }
    }

    fn emits(&mut self, frame: &mut Frame<'_>, arguments: &[Argument], span: Span) {
        let Some((name, given)) = arguments.split_first() else { return };
        let Known::Text(name) = frame.value(name.value).known.clone() else { return };
        let given: Vec<_> = given.iter().map(|argument| frame.value(argument.value).clone()).collect();
        let events = self.events.entry(name).or_default();
        let listeners = events.listeners.clone();
        let kept: Vec<_> = given.iter().map(super::function::without_parameters).collect();
        if !events.emitted.contains(&kept) {
            if events.emitted.len() < MOST_EVENTS {
                events.emitted.push(kept);
            } else {
                self.large = true;
            }
        }
        for listener in listeners {
            self.invoke(frame, &listener, &given, span);
        }
    }

    /// `f.bind(object, x)`: the first arguments are fixed.
    fn bind(&mut self, frame: &mut Frame<'_>, object: Value, arguments: &[Argument]) -> Option<Abstract> {
        let given = arguments.get(1..).unwrap_or_default();
        let held = frame.value(object).clone();
        let (id, mut bound) = match &held.known {
            Known::Function(id) => (*id, Bound::default()),
            Known::Bound(id, bound) => (*id, (**bound).clone()),
            Known::Method(..) => return Some(held),
            Known::Path(node) => {
                // What is fixed reaches the function whenever it is called.
                if let Some(call) = self.table.call(*node) {
                    self.sinks(frame, call, object, given);
                }
                return Some(held);
            }
            _ => return None,
        };
        bound.first.extend(given.iter().map(|argument| frame.value(argument.value).clone()));
        Some(Abstract::known(Known::Bound(id, Rc::new(bound))))
    }

    /// What a promise comes to: what its executor calls its parameters with.
    fn promised(&mut self, frame: &mut Frame<'_>, executor: &Abstract, span: Span) -> Abstract {
        let (id, bound) = match &executor.known {
            Known::Function(id) => (*id, None),
            Known::Bound(id, bound) => (*id, Some(bound.clone())),
            _ => return Abstract::default(),
        };
        let count = self.program.function(id).parameters.len();
        let values = vec![Abstract::default(); count];
        self.apply(frame, id, bound.as_deref(), &values, span);
        let Some(summary) = self.summary_of(id) else { return Abstract::default() };
        let around = bound.as_deref().map_or(&[][..], |bound| &bound.around);
        let bindings = Bindings { id, arguments: &values, around };
        let resolved = summary.calls.iter().filter(|called| called.parameter == (id, 0, Part::Whole));
        let mut values = resolved
            .filter_map(|called| called.arguments.first())
            .map(|value| self.substituted(value, &bindings));
        let first = values.next().unwrap_or_default();
        values.fold(first, |all, value| all.join(&value))
    }

    fn assigned_object(&mut self, frame: &mut Frame<'_>, arguments: &[Argument]) -> Abstract {
        let mut values = arguments.iter().map(|argument| frame.value(argument.value).clone());
        let first = values.next().unwrap_or_default();
        let merged = values.fold(first, |all, value| merged(all, &value));
        if let Some(target) = arguments.first()
            && let Some(place) = self.place(frame, target.value)
        {
            self.wrote(frame, &place, None, &Abstract::tainted(merged.all()));
            let after = merged.clone();
            self.change(frame, &place, |_| after);
        }
        merged
    }

    /// `text.replace(pattern, with)`: what is taken out everywhere is no longer in it.
    fn replaced_text(
        &mut self,
        frame: &mut Frame<'_>,
        held: &Abstract,
        name: &str,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let [pattern, with] = arguments else { return None };
        let pattern = frame.value(pattern.value).clone();
        let by = frame.value(with.value).clone();
        let (put, fixed) = match &by.known {
            Known::Text(text) => (Taint::default(), Some(text.clone())),
            Known::Function(_) | Known::Bound(..) | Known::Method(..) => {
                // The function sees what is replaced; what it answers otherwise is put in its place.
                let seen = self.calls_back(frame, with.value, &held.all(), span);
                let own = |origin: &Origin| held.all().flows().iter().any(|flow| flow.origin == *origin);
                let raw = seen.flows().iter().any(|flow| own(&flow.origin));
                (seen, (!raw).then(|| "".into()))
            }
            _ => (by.all(), by.constant().then(|| "".into())),
        };
        let clean = match (&pattern.known, &fixed) {
            (Known::Pattern(pattern), Some(with)) => self.models.dangers.replaced(pattern, with),
            (Known::Text(what), Some(with)) if name == "replaceAll" => {
                self.models.dangers.replaced_text(what, with)
            }
            _ => 0,
        };
        // `normalize(path).replace(/^(\.\.\/)+/, "")`: of a path without detours only the start leads upwards.
        let upwards = matches!(&pattern.known, Known::Pattern(pattern) if pattern.contains(r"\.\."));
        let (dots, normal) = (self.models.no_dots, self.models.normal_path);
        let taint = held.all().cleaned_after(if upwards && fixed.is_some() { dots } else { 0 }, normal);
        // What comes before an address's data may be what is taken out: `hash.replace("#", "")`.
        let behind = matches!(&pattern.known, Known::Text(what) if !what.starts_with(['#', '?', '/']));
        let plain = !matches!(held.known, Known::Path(_));
        let taint = if behind || plain { taint } else { taint.parted() };
        let known = if held.constant() && by.constant() && held.parts.is_none() {
            Known::Constant
        } else {
            Known::Any
        };
        // Every `..` is gone.
        let dots = matches!(&pattern.known, Known::Pattern(pattern) if &**pattern == r"/\.\./g");
        let clean = clean | if dots && fixed.as_deref() == Some("") { self.models.no_dots } else { 0 };
        Some(Abstract { taint: self.contained(taint.cleaned(clean)).join(&put), known, parts: None })
    }
}

/// Whether a function makes another form of a function: `promisify`, `utilPromisify`, `thenifyAll`.
fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name) || name.to_ascii_lowercase().contains("promisify")
}

fn callable(known: &Known) -> bool {
    known.is_function() || matches!(known, Known::Path(_) | Known::Foreign(_) | Known::Either(_))
}

/// A list of unknown length.
fn listed(element: Abstract) -> Abstract {
    Abstract::holding(Parts { rest: Some(Box::new(element.flat())), ..Parts::default() })
}

/// A list of one element.
fn one(element: Abstract) -> Abstract {
    let known = vec![(Key::Index(0), element.flat())];
    Abstract::holding(Parts { known, length: Some(1), ..Parts::default() })
}

fn pair(first: Abstract, second: Abstract) -> Abstract {
    let known = vec![(Key::Index(0), first), (Key::Index(1), second)];
    Abstract::holding(Parts { known, length: Some(2), complete: true, ..Parts::default() })
}

fn each_of(items: &Abstract) -> Abstract {
    if items.parts.is_some() { items.at(None) } else { Abstract::tainted(items.taint.clone()) }
}

/// The keys of an object: known where it was made here, otherwise as its maker chose them.
fn keys(object: &Abstract) -> Abstract {
    let Some(parts) = &object.parts else { return listed(Abstract::tainted(object.taint.clone())) };
    let named = |key: &Key| match key {
        Key::Text(text) | Key::Member(text) => Abstract::known(Known::Text(text.clone())),
        Key::Index(_) => Abstract::known(Known::Constant),
    };
    let known: Vec<_> = parts
        .known
        .iter()
        .enumerate()
        .map(|(index, (key, _))| (Key::Index(index as i64), named(key)))
        .collect();
    let length = parts.complete.then_some(known.len() as i64);
    let list = Abstract::holding(Parts { known, length, complete: parts.complete, rest: None });
    Abstract { taint: object.taint.clone(), ..list }
}

/// The object of a list of pairs.
fn from_entries(entries: &Abstract) -> Abstract {
    let mut made = Abstract::tainted(entries.taint.clone());
    let Some(parts) = &entries.parts else { return made };
    for entry in parts.known.iter().map(|(_, entry)| entry).chain(parts.rest.as_deref()) {
        let key = match entry.at(Some(&Key::Index(0))).known {
            Known::Text(text) => Some(Key::Text(text)),
            _ => None,
        };
        made = made.with(key, entry.at(Some(&Key::Index(1))));
    }
    made
}

/// What `Promise.allSettled` makes of a list.
fn settled(list: &Abstract) -> Abstract {
    let result = |value: &Abstract| {
        let known = vec![(Key::Text("value".into()), value.clone())];
        Abstract::holding(Parts { known, ..Parts::default() })
    };
    let Some(parts) = &list.parts else { return list.clone() };
    let known = parts.known.iter().map(|(key, value)| (key.clone(), result(value)));
    let known = known.collect();
    let rest = parts.rest.as_deref().map(|rest| Box::new(result(rest)));
    let parts = Parts { known, rest, length: parts.length, complete: parts.complete };
    Abstract { parts: Some(Rc::new(parts)), ..list.clone() }
}

/// An object with the properties of another put over its own.
pub(super) fn merged(one: Abstract, other: &Abstract) -> Abstract {
    let mut all = Abstract { taint: one.taint.join(&other.taint), ..one };
    if let Some(parts) = &other.parts {
        for (key, value) in &parts.known {
            all = all.with(Some(key.clone()), value.clone());
        }
        if let Some(rest) = &parts.rest {
            all = all.with(None, (**rest).clone());
        }
    }
    all
}
