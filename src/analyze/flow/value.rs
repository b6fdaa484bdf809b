//! What is known of a value: where its data may come from, what it is, and what it holds.

use std::rc::Rc;

use super::foreign::{Passage, SymbolId};
use super::schema::{Shape, is_others};
use crate::analyze::ir::{ClassId, FunctionId, Name, Span};
use crate::analyze::model::{Kinds, NodeId};

/// A value holds at most so many data flows; more of them say nothing new.
const MOST_FLOWS: usize = 10;

/// Parts of parts are followed so deep.
const DEEPEST: usize = 6;

/// A container keeps so many parts apart.
const MOST_PARTS: usize = 256;

/// A trace keeps so many steps.
const LONGEST_TRACE: u32 = 24;

/// Calls of other files' functions that data is followed through; past these it is taken to pass.
const MOST_PASSAGES: usize = 3;

/// Where data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A source of that kind, read there.
    Source(Kinds, Span),
    /// A parameter of the function being analysed, or of one around it: not known to be anything yet.
    Parameter(FunctionId, u32, Part),
    /// What a call of another file's function yields, by the call's number: not known to be anything yet.
    Foreign(u32),
}

/// The part of a parameter that data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// That member or entry.
    Name(Name),
    /// That element.
    Index(u32),
}

/// A parameter of a function, or a part of one.
pub(super) type Given = (FunctionId, u32, Part);

/// What happened to data on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A source is read.
    Read,
    /// It is stored in the variable or place that the text names.
    Into(Rc<str>),
    /// It is handed to a function of the same file.
    Enters(Rc<str>),
    /// It reaches a sink.
    Reaches(Rc<str>),
}

impl Event {
    /// What a trace says of it; `text` is the file's, and `span` where it happens.
    pub(crate) fn said(&self, text: &str, span: Span) -> String {
        match self {
            Event::Read => {
                let read = text.get(span.range()).unwrap_or("").lines().next().unwrap_or("");
                format!("`{}` is read", read.chars().take(60).collect::<String>())
            }
            Event::Into(name) => format!("flows into `{name}`"),
            Event::Enters(name) => format!("is handed to `{name}`"),
            Event::Reaches(name) => format!("reaches `{name}`"),
        }
    }
}

/// A trace, last step first.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) span: Span,
    pub(super) event: Event,
    pub(super) before: Option<Rc<Link>>,
    length: u32,
}

impl Link {
    /// The trace `before` and one more step.
    pub(super) fn after(before: Option<Rc<Link>>, span: Span, event: Event) -> Option<Rc<Link>> {
        let length = before.as_ref().map_or(0, |link| link.length) + 1;
        let repeats = before.as_ref().is_some_and(|link| link.span == span && link.event == event);
        if length > LONGEST_TRACE || repeats {
            return before;
        }
        Some(Rc::new(Link { span, event, before, length }))
    }

    /// The steps, first one first.
    pub(super) fn steps(last: &Option<Rc<Link>>) -> Vec<(Span, Event)> {
        let mut steps = Vec::new();
        let mut at = last.as_deref();
        while let Some(link) = at {
            steps.push((link.span, link.event.clone()));
            at = link.before.as_deref();
        }
        steps.reverse();
        steps
    }
}

/// Data on its way.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) origin: Origin,
    /// The sink kinds it is clean for.
    pub(super) clean: Kinds,
    /// The sink kinds it is clean for while nothing is taken out of it or put before it.
    pub(super) whole: Kinds,
    pub(super) trace: Option<Rc<Link>>,
    /// The calls of other files' functions that it has to come through to be here.
    pub(super) via: Via,
}

/// Calls of other files' functions, in order; shared.
pub(super) type Via = Option<Rc<[Passage]>>;

/// The passages of both, the first ones first.
pub(super) fn through(before: &Via, after: &Via) -> Via {
    let (Some(first), Some(then)) = (before, after) else { return before.clone().or_else(|| after.clone()) };
    let mut all: Vec<Passage> = first.to_vec();
    for passage in then.iter() {
        if !all.contains(passage) && all.len() < MOST_PASSAGES {
            all.push(*passage);
        }
    }
    Some(all.into())
}

/// The data flows of a value, sorted by origin; shared, since most values are copied.
#[derive(Debug, Clone, Default)]
pub(super) struct Taint(Option<Rc<[Flow]>>);

impl PartialEq for Taint {
    /// Traces do not count: a loop that only makes them longer is at its fixpoint.
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&Flow, &Flow)| {
            one.origin == other.origin
                && one.clean == other.clean
                && one.whole == other.whole
                && one.via == other.via
        };
        self.flows().len() == other.flows().len() && self.flows().iter().zip(other.flows()).all(same)
    }
}

impl Taint {
    /// From one flow.
    pub(super) fn of(flow: Flow) -> Self {
        Taint(Some(Rc::from([flow])))
    }

    /// From flows in any order.
    pub(super) fn from(mut flows: Vec<Flow>) -> Self {
        flows.sort_by(|one, other| (one.origin, &one.via).cmp(&(other.origin, &other.via)));
        flows.dedup_by(|later, first| {
            let same = later.origin == first.origin && later.via == first.via;
            if same {
                first.clean &= later.clean;
                first.whole &= later.whole;
            }
            // What is here anyway need not be here under a condition too.
            same || later.origin == first.origin && first.via.is_none() && first.clean & !later.clean == 0
        });
        flows.truncate(MOST_FLOWS);
        if flows.is_empty() { Taint(None) } else { Taint(Some(flows.into())) }
    }

    pub(super) fn flows(&self) -> &[Flow] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Data of either; what both know keeps the trace of `self`.
    pub(super) fn join(&self, other: &Taint) -> Taint {
        match (&self.0, &other.0) {
            (_, None) => self.clone(),
            (None, _) => other.clone(),
            (Some(one), Some(two)) if Rc::ptr_eq(one, two) || self == other => self.clone(),
            (Some(one), Some(two)) => Taint::from(one.iter().chain(two.iter()).cloned().collect()),
        }
    }

    /// The same, clean for more kinds; flows that are clean for everything go.
    pub(super) fn cleaned(&self, kinds: Kinds) -> Taint {
        if self.is_empty() || kinds == 0 {
            return self.clone();
        }
        let flows = self.flows().iter().cloned().map(|mut flow| {
            flow.clean |= kinds;
            flow
        });
        Taint::from(flows.filter(|flow| flow.clean != Kinds::MAX).collect())
    }

    /// The same, no longer clean for some kinds.
    pub(super) fn soiled(&self, kinds: Kinds) -> Taint {
        if self.flows().iter().all(|flow| flow.clean & kinds == 0) {
            return self.clone();
        }
        Taint::from(
            self.flows().iter().cloned().map(|flow| Flow { clean: flow.clean & !kinds, ..flow }).collect(),
        )
    }

    /// The same, clean for more kinds where it is clean for `after` already.
    pub(super) fn cleaned_after(&self, kinds: Kinds, after: Kinds) -> Taint {
        if self.is_empty() || kinds == 0 {
            return self.clone();
        }
        let flows = self.flows().iter().cloned().map(|mut flow| {
            flow.clean |= if flow.clean & after == after { kinds } else { 0 };
            flow
        });
        Taint::from(flows.filter(|flow| flow.clean != Kinds::MAX).collect())
    }

    /// A part of it, or it behind something else.
    pub(super) fn parted(&self) -> Taint {
        if self.flows().iter().all(|flow| flow.whole == 0) {
            return self.clone();
        }
        Taint::from(self.flows().iter().cloned().map(|flow| Flow { whole: 0, ..flow }).collect())
    }

    /// The same, no longer clean for some kinds.
    pub(super) fn again(&self, kinds: Kinds) -> Taint {
        let flows = self.flows().iter().cloned().map(|mut flow| {
            flow.clean &= !kinds;
            flow
        });
        Taint::from(flows.collect())
    }

    /// The same, with one more step on the way of each.
    pub(super) fn traced(&self, span: Span, event: impl FnOnce() -> Event) -> Taint {
        if self.is_empty() {
            return Taint::default();
        }
        let event = event();
        let flows = self.flows().iter().cloned().map(|mut flow| {
            flow.trace = Link::after(flow.trace.take(), span, event.clone());
            flow
        });
        Taint(Some(flows.collect()))
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Known {
    /// Nothing is known.
    #[default]
    Any,
    /// That text.
    Text(Rc<str>),
    /// That number.
    Int(i64),
    /// That truth value.
    Bool(bool),
    /// Nothing: `None`, `null`.
    Null,
    /// That regular expression, as JavaScript writes it.
    Pattern(Rc<str>),
    /// One of these texts.
    OneOf(Rc<[Rc<str>]>),
    /// A constant, but not which.
    Constant,
    /// What the models call so.
    Path(NodeId),
    /// A function of the file.
    Function(FunctionId),
    /// A function of the file, and what it holds of the calls that made it.
    Bound(FunctionId, Rc<Bound>),
    /// A method of the file with its receiver.
    Method(FunctionId, Rc<Abstract>),
    /// A class of the file.
    Class(ClassId),
    /// An instance of one.
    Instance(ClassId),
    /// The receiver as its base class sees it: `super`.
    Super(ClassId, Rc<Abstract>),
    /// Something that another file defines.
    Foreign(SymbolId),
    /// What a schema makes of data; a part of the schema's value.
    Shape(Rc<Shape>),
    /// One of these functions, classes or things that a model or another file tells of.
    Either(Rc<[Known]>),
}

/// So many functions are followed where one of them is meant.
const MOST_CALLEES: usize = 12;

impl Known {
    /// The things that it may be.
    pub(super) fn each(&self) -> &[Known] {
        match self {
            Known::Either(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// Whether it is a function of the file, or one of several.
    pub(super) fn is_function(&self) -> bool {
        matches!(self.each().first(), Some(Known::Function(_) | Known::Bound(..) | Known::Method(..)))
    }
}

/// What a function holds besides its code.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bound {
    /// The parameters of functions around it, as they were called.
    pub(super) around: Vec<((FunctionId, u32), Abstract)>,
    /// Its first arguments: `f.bind(object, x)`.
    pub(super) first: Vec<Abstract>,
}

/// A place in a container or object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// `[0]`
    Index(i64),
    /// `["name"]`
    Text(Rc<str>),
    /// `.name`
    Member(Rc<str>),
}

/// What a container holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Parts {
    /// By place, sorted.
    pub(super) known: Vec<(Key, Abstract)>,
    /// At places that are not known.
    pub(super) rest: Option<Box<Abstract>>,
    /// The number of elements of a list, when it is known.
    pub(super) length: Option<i64>,
    /// Whether nothing but these parts is in it: it was made here, from a literal.
    pub(super) complete: bool,
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Abstract {
    /// Of the value as a whole.
    pub(super) taint: Taint,
    pub(super) known: Known,
    pub(super) parts: Option<Rc<Parts>>,
}

impl Abstract {
    pub(super) fn known(known: Known) -> Self {
        Abstract { known, ..Abstract::default() }
    }

    pub(super) fn tainted(taint: Taint) -> Self {
        Abstract { taint, ..Abstract::default() }
    }

    pub(super) fn holding(parts: Parts) -> Self {
        Abstract { parts: Some(Rc::new(parts)), ..Abstract::default() }
    }

    /// The taint of the value and of everything in it.
    pub(super) fn all(&self) -> Taint {
        let Some(parts) = &self.parts else { return self.taint.clone() };
        let inner = parts.known.iter().map(|(_, part)| part).chain(parts.rest.as_deref());
        inner.fold(self.taint.clone(), |taint, part| taint.join(&part.all()))
    }

    fn depth(&self) -> usize {
        self.parts.as_ref().map_or(0, |parts| {
            let inner = parts.known.iter().map(|(_, part)| part).chain(parts.rest.as_deref());
            1 + inner.map(Abstract::depth).max().unwrap_or(0)
        })
    }

    /// The same with no more parts than can be followed.
    pub(super) fn flat(self) -> Self {
        if self.depth() < DEEPEST {
            return self;
        }
        Abstract { taint: self.all(), known: self.known, parts: None }
    }

    /// Whether every element is a constant: a list of allowed values.
    pub(super) fn constant(&self) -> bool {
        match &self.parts {
            Some(parts) => {
                parts.complete
                    && self.taint.is_empty()
                    && parts.rest.as_ref().is_none_or(|rest| rest.constant())
                    && parts.known.iter().all(|(_, part)| part.constant())
            }
            None => matches!(
                self.known,
                Known::Text(_)
                    | Known::Int(_)
                    | Known::Bool(_)
                    | Known::Null
                    | Known::Pattern(_)
                    | Known::OneOf(_)
                    | Known::Constant
            ),
        }
    }

    /// What is at a place; `None` stands for a place that is not known.
    pub(super) fn at(&self, key: Option<&Key>) -> Abstract {
        let whole = Abstract::tainted(self.taint.clone());
        let Some(parts) = &self.parts else { return whole };
        let rest = parts.rest.as_deref();
        let found = match key {
            Some(key) => {
                let exact = parts.known.binary_search_by(|(known, _)| known.cmp(key)).ok();
                match (exact.map(|index| &parts.known[index].1), rest) {
                    (Some(part), Some(rest)) => part.join(rest),
                    (Some(part), None) => part.clone(),
                    (None, Some(rest)) => rest.clone(),
                    (None, None) => {
                        let others = parts.known.iter().find(|(key, _)| is_others(key));
                        others.map(|(_, others)| others.clone()).unwrap_or_default()
                    }
                }
            }
            None => {
                let mut inner = parts.known.iter().map(|(_, part)| part).chain(rest);
                let first = inner.next().cloned().unwrap_or_default();
                inner.fold(first, |joined, part| joined.join(part))
            }
        };
        Abstract { taint: found.taint.join(&whole.taint), ..found }
    }

    /// The same with `value` at a place, or somewhere.
    pub(super) fn with(&self, key: Option<Key>, value: Abstract) -> Abstract {
        let mut parts = self.parts.as_deref().cloned().unwrap_or_default();
        match key {
            Some(key) if parts.known.len() < MOST_PARTS => {
                match parts.known.binary_search_by(|(known, _)| known.cmp(&key)) {
                    Ok(index) => parts.known[index].1 = value.flat(),
                    Err(index) => parts.known.insert(index, (key, value.flat())),
                }
            }
            _ => {
                let rest = match parts.rest.take() {
                    Some(rest) => rest.join(&value),
                    None => value,
                };
                parts.rest = Some(Box::new(rest.flat()));
            }
        }
        Abstract { parts: Some(Rc::new(parts)), ..self.clone() }
    }

    /// What is known when it is one or the other.
    pub(super) fn join(&self, other: &Abstract) -> Abstract {
        if self == other {
            return self.clone();
        }
        let known = known_of_either(&self.known, &other.known);
        let taint = self.taint.join(&other.taint);
        // What one of them is not known to hold, a model tells where it is a library's.
        let told = matches!(known, Known::Path(_));
        let parts = match (&self.parts, &other.parts) {
            (Some(one), Some(two)) if Rc::ptr_eq(one, two) => Some(one.clone()),
            (Some(one), Some(two)) => Some(Rc::new(one.join(two, told))),
            (Some(one), None) | (None, Some(one)) if told => Some(Rc::new(one.join(&Parts::default(), told))),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        Abstract { taint, known, parts }
    }

    /// Makes the data of some origins in it clean for some kinds.
    pub(super) fn clean_of(&mut self, origins: &[Origin], kinds: Kinds) {
        if self.taint.flows().iter().any(|flow| origins.contains(&flow.origin)) {
            let flows = self.taint.flows().iter().cloned().map(|mut flow| {
                flow.clean |= if origins.contains(&flow.origin) { kinds } else { 0 };
                flow
            });
            self.taint = Taint::from(flows.collect());
        }
        if let Some(parts) = &mut self.parts {
            let tainted =
                |part: &Abstract| part.all().flows().iter().any(|flow| origins.contains(&flow.origin));
            let inner = || parts.known.iter().map(|(_, part)| part).chain(parts.rest.as_deref());
            if !inner().any(tainted) {
                return;
            }
            let parts = Rc::make_mut(parts);
            parts.known.iter_mut().for_each(|(_, part)| part.clean_of(origins, kinds));
            if let Some(rest) = &mut parts.rest {
                rest.clean_of(origins, kinds);
            }
        }
    }

    /// Other parts than those that are known may be in it.
    pub(super) fn open(&mut self) {
        if let Some(parts) = &mut self.parts {
            Rc::make_mut(parts).complete = false;
        }
    }

    /// Forgets everything but the taint.
    pub(super) fn widened(&self) -> Abstract {
        Abstract::tainted(self.all())
    }
}

impl Parts {
    /// The parts of either; `told`: a model tells what a place holds of which only one of them knows, and it knows better
    /// than one where only a test was passed.
    fn join(&self, other: &Parts, told: bool) -> Parts {
        let mut known: Vec<(Key, Abstract)> = Vec::new();
        let alone = |part: &Abstract| !told || !part.all().is_empty() || part.known.is_function();
        let (mut one, mut two) = (self.known.iter().peekable(), other.known.iter().peekable());
        loop {
            match (one.peek(), two.peek()) {
                (Some((left, a)), Some((right, b))) if left == right => {
                    known.push((left.clone(), a.join(b)));
                    one.next();
                    two.next();
                }
                (Some((left, a)), Some((right, _))) if left < right => {
                    known.extend(alone(a).then(|| (left.clone(), a.clone())));
                    one.next();
                }
                (Some((left, a)), None) => {
                    known.extend(alone(a).then(|| (left.clone(), a.clone())));
                    one.next();
                }
                (_, Some((right, b))) => {
                    known.extend(alone(b).then(|| (right.clone(), b.clone())));
                    two.next();
                }
                (None, None) => break,
            }
        }
        let rest = match (&self.rest, &other.rest) {
            (Some(one), Some(two)) => Some(Box::new(one.join(two))),
            (one, two) => one.clone().or_else(|| two.clone()),
        };
        let length = self.length.filter(|length| other.length == Some(*length));
        let mut parts = Parts { known, rest, length, complete: self.complete && other.complete };
        if length.is_none() && self.length != other.length {
            parts.forget_places();
        }
        parts
    }

    /// Elements of a list of unknown length may be anywhere in it.
    pub(super) fn forget_places(&mut self) {
        let (elements, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.known).into_iter().partition(|(key, _)| matches!(key, Key::Index(_)));
        self.known = others;
        for (_, element) in elements {
            let rest = match self.rest.take() {
                Some(rest) => rest.join(&element),
                None => element,
            };
            self.rest = Some(Box::new(rest));
        }
        self.length = None;
    }
}

fn known_of_either(one: &Known, other: &Known) -> Known {
    let thing = |known: &Known| {
        matches!(
            known,
            Known::Path(_)
                | Known::Function(_)
                | Known::Bound(..)
                | Known::Method(..)
                | Known::Class(_)
                | Known::Instance(_)
                | Known::Foreign(_)
                | Known::Either(_)
        )
    };
    match (one, other) {
        (one, other) if one == other => one.clone(),
        // A connection that is None until it is opened; the fallback of an import that failed.
        (one, Known::Null) if thing(one) => one.clone(),
        (Known::Null, other) if thing(other) => other.clone(),
        (one, other) if thing(one) && thing(other) => either(one, other),
        (one, other) if fixed(one) && fixed(other) => one_of(one, other),
        _ => Known::Any,
    }
}

/// Two things where one of them is a function or class of the file: which it is may matter. Of two others the first one
/// stands for both.
fn either(one: &Known, other: &Known) -> Known {
    let own = |known: &Known| {
        matches!(known, Known::Function(_) | Known::Bound(..) | Known::Method(..) | Known::Class(_))
    };
    let mut all: Vec<Known> = one.each().to_vec();
    all.extend(other.each().iter().filter(|it| !one.each().contains(it)).cloned());
    if !all.iter().any(own) || all.iter().any(|it| matches!(it, Known::Instance(_))) {
        return one.clone();
    }
    // Those of the file first: what else is done with one of several is done with the first.
    all.sort_by_key(|it| !own(it));
    all.truncate(MOST_CALLEES);
    Known::Either(all.into())
}

/// So many texts are told apart where one of them is meant.
const MOST_TEXTS: usize = 4;

/// The texts that a value is one of.
pub(super) fn texts(known: &Known) -> &[Rc<str>] {
    match known {
        Known::Text(text) => std::slice::from_ref(text),
        Known::OneOf(texts) => texts,
        _ => &[],
    }
}

fn one_of(one: &Known, other: &Known) -> Known {
    let (first, second) = (texts(one), texts(other));
    if first.is_empty() || second.is_empty() {
        return Known::Constant;
    }
    let mut all: Vec<Rc<str>> = first.iter().chain(second).cloned().collect();
    all.sort();
    all.dedup();
    if all.len() > MOST_TEXTS || all.iter().any(|text| text.len() > 64) {
        Known::Constant
    } else {
        Known::OneOf(all.into())
    }
}

fn fixed(known: &Known) -> bool {
    matches!(
        known,
        Known::Text(_) | Known::Int(_) | Known::Bool(_) | Known::Null | Known::OneOf(_) | Known::Constant
    )
}
