//! What one instruction yields.

use std::rc::Rc;

use super::address::STARTS;
use super::function::Frame;
use super::value::{Abstract, Event, Key, Known, Origin, Part, Parts, Taint};
use super::{Engine, fold, made};
use crate::analyze::ir::{
    Binary, BlockId, ClassId, Element, Entry, Function, FunctionId, Literal, Name, Op, Span, Value,
};
use crate::analyze::model::{Handler, NodeId, asks};
use crate::syntax::Language;

impl<'a> Engine<'a> {
    pub(super) fn evaluate(&mut self, frame: &mut Frame<'_>, value: Value) -> Abstract {
        let function = frame.function;
        let step = function.step(value);
        let span = step.span;
        match &step.op {
            Op::Literal(literal) => constant(literal),
            Op::Parameter(index) => self.parameter(frame, *index),
            Op::Load(name) => self.load(frame, *name, span),
            Op::Store(name, stored) => self.store(frame, *name, *stored, span),
            Op::Path(name) => self.import(*name, span),
            // A member that its declaration makes a number.
            Op::Member(object, name)
                if self.converted.contains(&(frame.id, *name))
                    && self.parameter_at(frame, *object).is_some() =>
            {
                Abstract::default()
            }
            Op::Member(object, name) => {
                let mut value = self.member(frame, *object, *name, span);
                // `row.pk`: clean of whatever it is read.
                if let Some(node) = self.table.anything(self.program.names.text(*name)) {
                    value.taint = value.taint.cleaned(self.table.node(node).cleans);
                }
                let value = self.conforming_member(frame, *object, *name, value);
                self.part_of(frame, *object, Part::Name(*name), value)
            }
            Op::SetMember(object, name, stored) => self.set_member(frame, *object, *name, *stored, span),
            Op::Index(object, key) => {
                let value = self.index(frame, *object, *key, span);
                match &frame.value(*key).known {
                    Known::Int(index) => match u32::try_from(*index) {
                        Ok(index) => self.part_of(frame, *object, Part::Index(index), value),
                        Err(_) => value,
                    },
                    Known::Text(text) => match self.program.names.get(text) {
                        Some(name) => self.part_of(frame, *object, Part::Name(name), value),
                        None => value,
                    },
                    _ => value,
                }
            }
            Op::SetIndex(object, key, stored) => self.set_index(frame, *object, *key, *stored, span),
            Op::Slice(object) => {
                let value = sliced(frame.value(*object));
                // `Literal["a", "b"]` is a type.
                match self.subscript(frame.value(*object), "__getitem__") {
                    Some(node) if self.table.node(node).schema != 0 => {
                        Abstract { known: Known::Path(node), ..value }
                    }
                    _ => value,
                }
            }
            Op::Each(items) => each(frame.value(*items)),
            Op::Call { callee, arguments } => {
                let made = self.call(frame, *callee, arguments, span);
                if self.language == Language::Python && self.stays_below(frame, *callee, arguments) {
                    let (path, normal) = (self.models.path, self.models.normal_path);
                    return Abstract { taint: made.taint.cleaned_after(path, normal), ..made };
                }
                made
            }
            Op::Text(parts) => self.text_value(frame, parts),
            Op::Binary(operator, left, right) => self.binary(frame, *operator, *left, *right),
            Op::Unary(operator, operand) => Abstract::known(fold::unary(*operator, frame.value(*operand))),
            Op::Either(options) => {
                let mut values = options.iter().map(|option| frame.value(*option));
                let first = values.next().cloned().unwrap_or_default();
                values.fold(first, |joined, option| joined.join(option))
            }
            Op::List(elements) => list(frame, elements),
            Op::Dict(entries) => self.dict(frame, entries),
            Op::Closure(id, decorators) => self.closure(frame, *id, decorators),
            Op::Class(class, bases) => {
                let paths = bases.iter().filter_map(|base| match frame.value(*base).known {
                    Known::Path(node) => self.table.call(node),
                    Known::Class(base) => self.bases.get(&base).copied(),
                    _ => None,
                });
                if let Some(node) = paths.into_iter().next() {
                    self.bases.insert(*class, node);
                    self.handling_methods(*class, node);
                }
                if bases.iter().any(|base| frame.value(*base).known == Known::Any) {
                    self.open_classes.insert(*class);
                }
                let known = bases.iter().map(|base| frame.value(*base).known.clone());
                self.class_bases.insert(*class, known.filter(|known| *known != Known::Any).collect());
                // What its body sets is there at once.
                if let Some(body) = self.program.class(*class).body {
                    self.summarise(body);
                }
                Abstract::known(Known::Class(*class))
            }
            Op::Await(inner) => {
                self.past_awaited(frame, *inner);
                self.awaited(frame, *inner)
            }
            Op::Yield(inner) => {
                let yielded = Abstract::holding(Parts {
                    rest: Some(Box::new(frame.value(*inner).clone().flat())),
                    ..Parts::default()
                });
                frame.result = Some(match frame.result.take() {
                    Some(before) => before.join(&yielded),
                    None => yielded,
                });
                Abstract::default()
            }
            Op::Caught => caught(frame),
            Op::Unknown(parts) => Abstract::tainted(all(frame, parts)),
        }
    }

    fn load(&mut self, frame: &Frame<'_>, name: Name, span: Span) -> Abstract {
        if let Some(index) = frame.local(name) {
            return frame.state[index].clone().unwrap_or_default();
        }
        if let Some(value) = self.around(frame, name) {
            return value;
        }
        let text = self.program.names.text(name);
        if text == "super" {
            return self.parent_of(frame);
        }
        if let Some(value) = self.starred(text, span) {
            return value;
        }
        let node = self.table.global(text).or_else(|| self.table.unknown(text));
        node.map_or_else(Abstract::default, |node| self.path(node, span))
    }

    fn import(&mut self, path: Name, span: Span) -> Abstract {
        let program = self.program;
        let path = program.names.text(path);
        if let Some(node) = self.table.import(path) {
            return self.path(node, span);
        }
        if let Some(value) = self.project_import(path, span) {
            return value;
        }
        // What is not there may still be known by its name: `from app import db`, `require("./db")`.
        let last = path.rsplit(['.', '/']).next().unwrap_or(path);
        self.table.unknown(last).map_or_else(Abstract::default, |node| self.path(node, span))
    }

    /// The name under which a variable of the file itself is seen by others: in Python all of them are.
    fn exported_as<'n>(&self, name: &'n str) -> Option<&'n str> {
        match self.language {
            Language::Python => Some(name),
            _ => name.strip_prefix("exports."),
        }
    }

    /// What a framework makes of a function by the directive at its head; of the file's, of those that it exports.
    pub(super) fn directed(&self, function: &Function) -> Option<&'a Handler> {
        self.table.directed(self.program.names.text(function.directive?))
    }

    fn store(&mut self, frame: &mut Frame<'_>, name: Name, stored: Value, span: Span) -> Abstract {
        let mut value = frame.value(stored).clone();
        let text = self.program.names.text(name);
        let given = is_given(frame, stored);
        if !given && frame.function.parameters.iter().any(|parameter| parameter.name == name) {
            frame.rebound.insert(name);
        }
        if !text.starts_with('#') && !given {
            value.taint = value.taint.traced(span, || Event::Into(text.into()));
        }
        if text == "*" && !self.stars.contains(&value.known) {
            self.stars.push(value.known.clone());
        }
        if frame.id == FunctionId(0)
            && let Some(exported) = self.exported_as(text)
            && let Some(handler) =
                self.table.exported(self.path, exported).or_else(|| self.directed(frame.function))
        {
            for id in super::call::functions(frame, stored) {
                self.handle(id, handler);
            }
        }
        match frame.local(name) {
            Some(index) => {
                if self.surrounds[frame.id.0 as usize] {
                    self.remember(frame.id, name, &value);
                }
                frame.state[index] = Some(value.clone());
            }
            None => {
                if !self.assign_around(frame, name, &value)
                    && let Some(node) = self.table.global(text)
                {
                    self.assigned_to(frame, node, text, stored);
                }
            }
        }
        value
    }

    /// What is read out of a parameter is data of that part of it.
    fn part_of(&self, frame: &Frame<'_>, object: Value, part: Part, value: Abstract) -> Abstract {
        let Some(index) = self.parameter_named(frame, object) else { return value };
        if !self.unchanged(frame.value(object), part) {
            return value;
        }
        let whole = Origin::Parameter(frame.id, index, Part::Whole);
        if !value.taint.flows().iter().any(|flow| flow.origin == whole) {
            return value;
        }
        let flows = value.taint.flows().iter().cloned().map(|mut flow| {
            if flow.origin == whole {
                flow.origin = Origin::Parameter(frame.id, index, part);
            }
            flow
        });
        Abstract { taint: Taint::from(flows.collect()), ..value }
    }

    /// The parameter of the function itself that a value is, as it was given.
    pub(super) fn parameter_at(&self, frame: &Frame<'_>, value: Value) -> Option<u32> {
        self.parameter_named(frame, value).filter(|_| frame.value(value).parts.is_none())
    }

    /// Whether a part of an object is as it was given.
    pub(super) fn unchanged(&self, object: &Abstract, part: Part) -> bool {
        let Some(parts) = &object.parts else { return true };
        let key = match part {
            Part::Whole => return false,
            Part::Index(index) => Key::Index(i64::from(index)),
            Part::Name(name) => self.member_key(name),
        };
        parts.rest.as_ref().is_none_or(|rest| rest.all().is_empty())
            && parts.known.iter().all(|(known, _)| *known != key)
    }

    /// The parameter of the function itself that a value is, as it was given or with what was put into it since.
    fn parameter_named(&self, frame: &Frame<'_>, value: Value) -> Option<u32> {
        let name = match frame.function.step(value).op {
            Op::Load(name) => name,
            Op::Store(name, given) if matches!(frame.function.step(given).op, Op::Parameter(_)) => name,
            _ => return None,
        };
        if frame.rebound.contains(&name) {
            return None;
        }
        frame
            .function
            .parameters
            .iter()
            .position(|known| known.name == name && !known.rest)
            .map(|at| at as u32)
    }

    pub(super) fn member_key(&self, name: Name) -> Key {
        // JavaScript's `a.b` is `a["b"]`; in Python they are different things, but no value has both.
        Key::Text(self.program.names.shared(name))
    }

    fn member(&mut self, frame: &mut Frame<'_>, object: Value, name: Name, span: Span) -> Abstract {
        let held = frame.value(object).clone();
        let held = &held;
        let text = self.program.names.text(name);
        let key = self.member_key(name);
        if let Some(parts) = &held.parts
            && parts.known.iter().any(|(known, _)| *known == key)
        {
            let found = made::field(held, &key);
            return self.received(found, held);
        }
        match &held.known {
            Known::Path(node) => match self.table.member(*node, text) {
                Some(next) => {
                    let value = self.path(next, span);
                    // A source within a source is what the models say of it: nobody chooses `location.host`.
                    let within =
                        self.table.node(*node).source | self.table.node(self.table.canonical(*node)).source;
                    // What the models call clean of something that is no source itself is: `Path(name).suffix`.
                    let said = |node: NodeId| if within == 0 { self.table.node(node).cleans } else { 0 };
                    let kept = held.taint.cleaned(said(next) | said(self.table.canonical(next)));
                    let taint = match within != 0 && !value.taint.is_empty() {
                        true => value.taint,
                        false if STARTS.contains(&text) => value.taint.join(&kept),
                        false => value.taint.join(&kept.parted()),
                    };
                    Abstract { taint, known: value.known, parts: None }
                }
                None if held.taint.is_empty() && held.parts.is_some() => {
                    Abstract::tainted(self.path(*node, span).taint)
                }
                None => self.kept(frame, object, *node, name, held),
            },
            Known::Instance(class) | Known::Class(class) => {
                let class = *class;
                let found = self.object_member(frame, held, class, name, span);
                let found = found.or_else(|| self.named_member(held, text, span));
                found.unwrap_or_else(|| {
                    let undefined = self.undefined_member(held, &key);
                    match self.inherited(held, class, text, false) {
                        Some(symbol) if undefined.known == Known::Any => {
                            Abstract { known: Known::Foreign(symbol), ..undefined }
                        }
                        _ => undefined,
                    }
                })
            }
            Known::Super(class, receiver) => {
                let (class, receiver) = (*class, (**receiver).clone());
                self.object_member(frame, &receiver, class, name, span).unwrap_or_default()
            }
            Known::Foreign(symbol) => {
                let (symbol, held) = (*symbol, held.clone());
                self.foreign_member(&held, symbol, text, span)
            }
            Known::Any | Known::Null => {
                if let Some(found) = self.kept_within(frame, object, name) {
                    return found;
                }
                self.named_member(held, text, span).unwrap_or_else(|| held.at(Some(&key)))
            }
            _ => held.at(Some(&key)),
        }
    }

    /// `self.request`, `info.context.cursor`: a member whose name says what it is.
    pub(super) fn named_member(&self, held: &Abstract, name: &str, span: Span) -> Option<Abstract> {
        let source = |node: &NodeId| self.table.node(*node).source != 0;
        let node = self
            .table
            .unknown(name)
            .or_else(|| self.table.anything_on_the_way(name))
            .or_else(|| self.table.anything(name).filter(source))?;
        let value = self.path(node, span);
        // What else is in it may be that member.
        let held = held.at(Some(&Key::Text(name.into()))).taint;
        Some(Abstract { taint: value.taint.join(&held), ..value })
    }

    fn set_member(
        &mut self,
        frame: &mut Frame<'_>,
        object: Value,
        name: Name,
        stored: Value,
        span: Span,
    ) -> Abstract {
        let mut value = frame.value(stored).clone();
        let text = self.program.names.text(name);
        self.assigned(frame, object, text, stored);
        if frame.value(object).taint.flows().iter().any(|flow| !matches!(flow.origin, Origin::Parameter(..)))
        {
            self.written_into(frame, object, span);
        }
        value.taint = value.taint.traced(span, || Event::Into(self.short(span).into()));
        if let Known::Instance(class) | Known::Class(class) = frame.value(object).known {
            self.set_field(class, name, &value);
            self.set_accessor(frame, object, class, name, &value, span);
        }
        let key = self.member_key(name);
        if let Some(place) = self.place(frame, object) {
            let stored = value.clone();
            self.wrote(frame, &place, Some(key.clone()), &value);
            self.keep(frame, &place, name, &value);
            self.change(frame, &place, |base| base.with(Some(key), stored));
        }
        value
    }

    /// The target of an assignment, as a trace names it.
    pub(super) fn short(&self, span: Span) -> &str {
        let text = self.text_of(span);
        let target = text.split(['=', '\n']).next().unwrap_or("").trim();
        target.char_indices().nth(40).map_or(target, |(end, _)| &target[..end])
    }

    pub(super) fn key(&self, key: &Abstract, object: &Abstract) -> Option<Key> {
        match &key.known {
            Known::Text(text) => Some(Key::Text(text.clone())),
            Known::Int(index) if *index < 0 => {
                let length = object.parts.as_ref().and_then(|parts| parts.length)?;
                Some(Key::Index(length + index))
            }
            Known::Int(index) => Some(Key::Index(*index)),
            _ => None,
        }
    }

    fn index(&mut self, frame: &mut Frame<'_>, object: Value, key: Value, span: Span) -> Abstract {
        if let Some(node) = self.subscript(frame.value(object), "__getitem__") {
            self.subscripted(frame, node, &[key], span);
        }
        let (held, key) = (frame.value(object), frame.value(key));
        if let Some(entry) = self.entry_elsewhere(held, key, span) {
            return entry;
        }
        if let (Known::Text(text), Known::Int(index)) = (&held.known, &key.known) {
            return Abstract { known: fold::character(text, *index), ..held.clone() };
        }
        let marks = self.marked(held, key);
        if held.parts.is_none() {
            let start = key.known == Known::Int(0);
            let taint = if start { held.taint.clone() } else { held.taint.parted() };
            return match self.subscript(held, "__getitem__") {
                Some(node) => {
                    let value = self.path(node, span);
                    Abstract { taint: value.taint.join(&taint).join(&marks), ..value }
                }
                None => Abstract::tainted(taint.join(&marks)),
            };
        }
        if self.language == Language::Python && matches!(held.known, Known::Instance(_)) {
            // What is at a key of an object is for its class to say.
            return Abstract::tainted(held.all().join(&marks));
        }
        let value = held.at(self.key(key, held).as_ref());
        Abstract { taint: value.taint.join(&marks), ..value }
    }

    /// What the models say of `value[key]`, which Python makes a call of a method.
    fn subscript(&self, value: &Abstract, method: &str) -> Option<NodeId> {
        let Known::Path(node) = value.known else { return None };
        self.table.member(node, method).and_then(|method| self.table.call(method))
    }

    fn set_index(
        &mut self,
        frame: &mut Frame<'_>,
        object: Value,
        key: Value,
        stored: Value,
        span: Span,
    ) -> Abstract {
        let mut value = frame.value(stored).clone();
        value.taint = value.taint.traced(span, || Event::Into(self.short(span).into()));
        self.written_into(frame, object, span);
        if let Some(node) = self.subscript(frame.value(object), "__setitem__") {
            self.subscripted(frame, node, &[key, stored], span);
        }
        let key = self.key(frame.value(key), frame.value(object));
        if let Some(place) = self.place(frame, object) {
            let stored = value.clone();
            self.wrote(frame, &place, key.clone(), &value);
            self.change(frame, &place, |base| base.with(key, stored));
        }
        value
    }

    /// What an awaited call yields. Of a service that nothing is known of it is an answer: `await users.find(name)`.
    fn awaited(&self, frame: &Frame<'_>, inner: Value) -> Abstract {
        let value = frame.value(inner);
        let Op::Call { callee, .. } = &frame.function.step(inner).op else { return value.clone() };
        let name = match (&frame.value(*callee).known, &frame.function.step(*callee).op) {
            (Known::Any, Op::Member(_, name) | Op::Load(name)) => self.program.names.text(*name),
            _ => return value.clone(),
        };
        let modelled = self.table.anything(name).is_some_and(|node| self.table.call(node).is_some());
        if modelled || !asks(name) {
            return value.clone();
        }
        Abstract { taint: value.taint.cleaned(self.models.answered), ..value.clone() }
    }

    fn binary(&self, frame: &Frame<'_>, operator: Binary, left: Value, right: Value) -> Abstract {
        let (one, two) = (frame.value(left), frame.value(right));
        let known = fold::binary(operator, one, two);
        match operator {
            Binary::Add if one.parts.is_none() && two.parts.is_none() => {
                self.text_value_of(known, frame, left, right)
            }
            Binary::Add => match (&one.parts, &two.parts) {
                (Some(a), Some(b)) if a.length.is_some() && b.length.is_some() => {
                    super::container::concatenated(one, two)
                }
                (Some(parts), None) => match parts.known.first() {
                    Some((Key::Member(_), start)) if start.known != Known::Any => {
                        let Known::Text(start) = &start.known else { return one.join(two) };
                        let taint = two.all().cleaned(self.cleaned_after(start)).join(&one.taint);
                        Abstract { taint, known: Known::Any, parts: one.parts.clone() }
                    }
                    _ => Abstract::tainted(one.all().join(&two.all())),
                },
                _ => Abstract::tainted(one.all().join(&two.all())),
            },
            Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
                Abstract::known(known)
            }
            Binary::In | Binary::NotIn | Binary::Is | Binary::IsNot => Abstract::known(known),
            // `Path("/srv") / name` is a path still.
            _ => {
                let known = if matches!(one.known, Known::Path(_)) { one.known.clone() } else { known };
                let format = match (operator, &one.known) {
                    (Binary::Mod, Known::Text(text)) => &**text,
                    _ => "",
                };
                if let Some(taint) = self.percent(frame, format, right) {
                    return Abstract { taint: one.all().join(&taint), known, parts: None };
                }
                let start = format.split('%').next().unwrap_or("");
                Abstract { taint: one.all().join(&self.put_after(start, two.all())), known, parts: None }
            }
        }
    }

    fn dict(&mut self, frame: &Frame<'_>, entries: &[Entry]) -> Abstract {
        let mut made = Abstract::holding(Parts { complete: true, ..Parts::default() });
        if let Some(class) = self.object_class(frame, entries) {
            made.known = Known::Instance(class);
        }
        for entry in entries {
            let value = frame.value(entry.value);
            match entry.key {
                Some(key) => {
                    let compares = self.compares(&frame.value(key).known);
                    let key = self.key(frame.value(key), &made);
                    made = match compares {
                        0 => made.with(key, value.clone()),
                        kinds => made.with(key, Abstract::tainted(value.all().cleaned(kinds))),
                    };
                }
                None => match &value.parts {
                    Some(parts) => {
                        for (key, part) in &parts.known {
                            made = made.with(Some(key.clone()), part.clone());
                        }
                        if let Some(rest) = &parts.rest {
                            made = made.with(None, (**rest).clone());
                        }
                        made.taint = made.taint.join(&value.taint);
                        if !parts.complete {
                            made.open();
                        }
                    }
                    None => {
                        made.taint = made.taint.join(&value.taint);
                        made.open();
                    }
                },
            }
        }
        self.object_handlers(frame, entries);
        made
    }

    /// The methods of a class that the library it extends calls with data from outside.
    fn handling_methods(&mut self, class: ClassId, base: NodeId) {
        let table = self.table;
        for (name, id) in &self.program.class(class).methods {
            let name = self.program.names.text(*name);
            let node = table.member(base, name).or_else(|| {
                let (start, _) = name.split_once('_').filter(|(start, _)| !start.is_empty())?;
                table.member(base, &format!("{start}_*"))
            });
            if let Some((_, handler)) = node.and_then(|node| table.node(node).handlers.first()) {
                self.handlers.insert(*id, handler);
                self.declared_arguments(class, name, *id);
            }
        }
    }

    fn closure(&mut self, frame: &Frame<'_>, id: FunctionId, decorators: &[Value]) -> Abstract {
        for decorator in decorators {
            if let Known::Path(node) = frame.value(*decorator).known {
                let table = self.table;
                if let Some((_, handler)) = table.node(node).handlers.first() {
                    self.handle(id, handler);
                    let path = &table.node(node).path;
                    if path.ends_with(".route()") || AS_TEXT.iter().any(|start| path.starts_with(start)) {
                        self.unconverted.insert(id);
                    }
                    if let Some(route) = route(frame, *decorator) {
                        if !route.contains(['<', '{', ':', '*', '(']) {
                            self.fixed_routes.insert(id);
                        }
                        self.convert(id, &route);
                    }
                }
            }
        }
        self.options_declared(frame, id, decorators);
        self.snapshot(frame, id);
        Abstract::known(Known::Function(id))
    }

    /// Notes the parameters of a handler that the framework makes numbers or the like of what a route holds:
    /// `<int:id>` of Flask and Django, `{id:int}` of Starlette.
    fn convert(&mut self, id: FunctionId, route: &str) {
        for place in route.split(['<', '{']).skip(1) {
            let place = place.split(['>', '}']).next().unwrap_or("");
            let Some((one, other)) = place.split_once(':') else { continue };
            for (kind, name) in [(one, other), (other, one)] {
                let kind = kind.split('(').next().unwrap_or("");
                if matches!(kind, "int" | "float" | "uuid")
                    && let Some(name) = self.program.names.get(name)
                {
                    self.converted.insert((id, name));
                }
            }
        }
    }
}

/// Frameworks whose routes say what a part of them is made, and the types of parameters do not.
const AS_TEXT: &[&str] = &["flask.", "quart.", "bottle.", "sanic.", "django."];

/// The route that a decorator is given, when it is written out. Of one without parameters nobody chooses a part.
fn route(frame: &Frame<'_>, decorator: Value) -> Option<Rc<str>> {
    let Op::Call { arguments, .. } = &frame.function.step(decorator).op else { return None };
    match &frame.value(arguments.first()?.value).known {
        Known::Text(route) => Some(route.clone()),
        _ => None,
    }
}

/// The taint of values together.
pub(super) fn all(frame: &Frame<'_>, values: &[Value]) -> Taint {
    values.iter().fold(Taint::default(), |taint, value| taint.join(&frame.value(*value).all()))
}

/// What the handler that is being evaluated catches; of any handler when it has several blocks.
fn caught(frame: &Frame<'_>) -> Abstract {
    if let Some(thrown) = frame.thrown.get(&BlockId(frame.block as u32)) {
        return thrown.clone();
    }
    frame.thrown.values().fold(Abstract::default(), |all, thrown| match all == Abstract::default() {
        true => thrown.clone(),
        false => all.join(thrown),
    })
}

/// Whether a value is a parameter as it was given, or what stands for it when it was not.
fn is_given(frame: &Frame<'_>, value: Value) -> bool {
    match &frame.function.step(value).op {
        Op::Parameter(_) => true,
        Op::Either(options) => options.first().is_some_and(|first| {
            matches!(frame.function.step(*first).op, Op::Store(_, given)
                if matches!(frame.function.step(given).op, Op::Parameter(_)))
        }),
        _ => false,
    }
}

fn constant(literal: &Literal) -> Abstract {
    Abstract::known(match literal {
        Literal::Text(text) => Known::Text(Rc::from(&**text)),
        Literal::Int(number) => Known::Int(*number),
        Literal::Bool(truth) => Known::Bool(*truth),
        Literal::Null => Known::Null,
        Literal::Pattern(pattern) => Known::Pattern(Rc::from(&**pattern)),
        Literal::Other => Known::Constant,
    })
}

fn sliced(held: &Abstract) -> Abstract {
    let known = if held.constant() { Known::Constant } else { Known::Any };
    let parts = held.parts.as_deref().map(|parts| {
        let mut parts = parts.clone();
        parts.forget_places();
        Rc::new(parts)
    });
    Abstract { taint: held.taint.clone(), known, parts }
}

pub(super) fn each(items: &Abstract) -> Abstract {
    if items.parts.is_none() {
        let known = if items.constant() { Known::Constant } else { Known::Any };
        return Abstract { taint: items.taint.clone(), known, parts: None };
    }
    items.at(None)
}

fn list(frame: &Frame<'_>, elements: &[Element]) -> Abstract {
    let mut parts = Parts { length: Some(0), complete: true, ..Parts::default() };
    let mut made = Abstract::default();
    let spread = elements.iter().any(|element| element.spread);
    for (index, element) in elements.iter().enumerate() {
        let value = frame.value(element.value);
        if spread {
            let part = if element.spread { each(value) } else { value.clone() };
            let joined = parts.rest.take().map_or_else(|| part.clone(), |rest| rest.join(&part));
            parts.rest = Some(Box::new(joined.flat()));
        } else if index < 64 {
            parts.known.push((Key::Index(index as i64), value.clone().flat()));
        } else {
            made.taint = made.taint.join(&value.all());
        }
    }
    parts.length = (!spread && elements.len() <= 64).then_some(elements.len() as i64);
    made.parts = Some(Rc::new(parts));
    made
}
