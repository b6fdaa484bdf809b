//! The methods of lists, dictionaries and settings that put things in and take them out.

use std::rc::Rc;

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Event, Key, Known, Parts};
use crate::analyze::ir::{Argument, Op, Span, Value};

/// Methods that put an argument into their receiver.
pub(super) const PUTS: &[&str] = &[
    "append",
    "appendleft",
    "add",
    "push",
    "insert",
    "unshift",
    "extend",
    "update",
    "write",
    "writelines",
    "set",
    "put",
    "setdefault",
];

impl Engine<'_> {
    /// What a method call yields when it is one of a container; the receiver is changed. `None`: no such method.
    pub(super) fn container(
        &mut self,
        frame: &mut Frame<'_>,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Abstract> {
        let Op::Member(object, name) = &frame.function.step(callee).op else { return None };
        let method = self.program.names.text(*name);
        let values: Vec<Abstract> =
            arguments.iter().map(|argument| frame.value(argument.value).clone()).collect();
        let held = frame.value(*object).clone();
        if PUTS.contains(&method) && !values.is_empty() {
            let place = self.place(frame, *object)?;
            // `models.db.session.add(row)`: what a module of the project has in a member of its own is kept there.
            let module = |value: Abstract| matches!(value.known, Known::Foreign(_));
            if place.1.len() > 1 && self.around(frame, place.0).is_some_and(module) {
                return None;
            }
            let event = Event::Into(place_name(self.program.names.text(place.0)).into());
            let put: Vec<Abstract> = values
                .iter()
                .map(|value| Abstract { taint: value.taint.traced(span, || event.clone()), ..value.clone() })
                .collect();
            for value in &put {
                self.wrote(frame, &place, None, value);
            }
            self.change(frame, &place, |before| changed(before, method, &put));
            return Some(Abstract::default());
        }
        // What a method of that name does with an object of the file is not known here.
        if matches!(held.known, Known::Instance(_)) {
            return None;
        }
        taken(&held, method, &values).map(|(value, after)| {
            if let (Some(after), Some(place)) = (after, self.place(frame, *object)) {
                self.change(frame, &place, |_| after);
            }
            value
        })
    }
}

fn place_name(name: &str) -> &str {
    if name.starts_with('#') { "a temporary" } else { name }
}

fn changed(before: Abstract, method: &str, values: &[Abstract]) -> Abstract {
    let last = values.last().cloned().unwrap_or_default();
    let length = before.parts.as_ref().and_then(|parts| parts.length);
    match (method, length) {
        ("append" | "push", Some(length)) if length < 64 && values.len() == 1 => {
            let mut after = before.with(Some(Key::Index(length)), last);
            resize(&mut after, Some(length + 1));
            after
        }
        ("set" | "setdefault" | "put", _) if values.len() > 1 => {
            before.with(joined_key(&values[..values.len() - 1]), last)
        }
        ("update", _) if values.len() == 1 && last.parts.is_some() => {
            let parts = last.parts.as_deref().cloned().unwrap_or_default();
            let mut after = before;
            for (key, part) in parts.known {
                after = after.with(Some(key), part);
            }
            if let Some(rest) = parts.rest {
                after = after.with(None, *rest);
            }
            after
        }
        ("extend" | "writelines" | "update", _) => spilled(before, values.iter().map(|value| value.at(None))),
        // At the front or anywhere: places move.
        _ => spilled(before, values.iter().cloned()),
    }
}

fn spilled(before: Abstract, values: impl Iterator<Item = Abstract>) -> Abstract {
    let mut parts = before.parts.as_deref().cloned().unwrap_or_default();
    parts.forget_places();
    let before = Abstract { parts: Some(Rc::new(parts)), ..before };
    values.fold(before, |after, value| after.with(None, value))
}

fn resize(value: &mut Abstract, length: Option<i64>) {
    if let Some(parts) = &mut value.parts {
        Rc::make_mut(parts).length = length;
    }
}

/// One key of several constant ones: `settings.get("section", "name")`.
fn joined_key(keys: &[Abstract]) -> Option<Key> {
    let mut text = String::new();
    for (index, key) in keys.iter().enumerate() {
        match &key.known {
            Known::Text(part) => {
                if index > 0 {
                    text.push('\u{1f}');
                }
                text.push_str(part);
            }
            Known::Int(number) if keys.len() == 1 => return Some(Key::Index(*number)),
            _ => return None,
        }
    }
    Some(Key::Text(text.into()))
}

/// What a method takes out of a container, and the container after it when that changes.
fn taken(held: &Abstract, method: &str, values: &[Abstract]) -> Option<(Abstract, Option<Abstract>)> {
    let parts = held.parts.as_deref()?;
    match (method, values) {
        ("get", [key]) => Some((held.at(joined_key(std::slice::from_ref(key)).as_ref()), None)),
        ("get", [first, second, ..]) => {
            let both = joined_key(&values[..2]);
            if let Some(both) = both.filter(|both| parts.known.iter().any(|(key, _)| key == both)) {
                return Some((held.at(Some(&both)), None));
            }
            let found = held.at(joined_key(std::slice::from_ref(first)).as_ref());
            Some((found.join(second), None))
        }
        ("pop", []) => removed(held, parts, parts.length? - 1),
        ("pop", [key]) => match &key.known {
            Known::Int(index) if *index < 0 => removed(held, parts, parts.length? + index),
            Known::Int(index) => removed(held, parts, *index),
            Known::Text(text) => Some((held.at(Some(&Key::Text(text.clone()))), None)),
            _ => None,
        },
        ("shift", []) => removed(held, parts, 0),
        ("clear", []) => Some((
            Abstract::default(),
            Some(Abstract::holding(Parts { length: Some(0), complete: true, ..Parts::default() })),
        )),
        ("copy", []) => Some((held.clone(), None)),
        ("values", []) => {
            let inner =
                Abstract::holding(Parts { rest: Some(Box::new(held.at(None).flat())), ..Parts::default() });
            Some((inner, None))
        }
        ("keys", []) => Some((Abstract::tainted(held.taint.clone()), None)),
        _ => None,
    }
}

fn removed(held: &Abstract, parts: &Parts, index: i64) -> Option<(Abstract, Option<Abstract>)> {
    let length = parts.length.filter(|length| (0..*length).contains(&index))?;
    let taken = held.at(Some(&Key::Index(index)));
    let mut left = parts.clone();
    left.known.retain(|(key, _)| *key != Key::Index(index));
    for (key, _) in &mut left.known {
        if let Key::Index(place) = key
            && *place > index
        {
            *place -= 1;
        }
    }
    left.length = Some(length - 1);
    Some((taken, Some(Abstract { parts: Some(Rc::new(left)), ..held.clone() })))
}

/// `list + list`, both of known length.
pub(super) fn concatenated(one: &Abstract, two: &Abstract) -> Abstract {
    let (Some(first), Some(second)) = (one.parts.as_deref(), two.parts.as_deref()) else {
        return one.join(two);
    };
    let length = first.length.unwrap_or(0);
    let mut parts = first.clone();
    for (key, part) in &second.known {
        if let Key::Index(place) = key {
            parts.known.push((Key::Index(length + place), part.clone()));
        }
    }
    parts.known.sort_by(|one, other| one.0.cmp(&other.0));
    parts.length = Some(length + second.length.unwrap_or(0)).filter(|length| *length <= 64);
    if parts.length.is_none() {
        parts.forget_places();
    }
    Abstract { taint: one.taint.join(&two.taint), known: Known::Any, parts: Some(Rc::new(parts)) }
}
