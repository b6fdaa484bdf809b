//! One function: blocks to a fixpoint.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::effect::{self, Called, Stored, Tests, Written};
use super::sink::Target;
use super::summary::{Reach, Summary};
use super::value::{Abstract, Event, Flow, Given, Key, Known, Link, Origin, Taint, Via};
use super::{Engine, Shared, made};
use crate::analyze::ir::{BlockId, End, Function, FunctionId, Name, Op, Span, Value};
use crate::analyze::model::{Kinds, NodeId};

/// From the so-maniest visit of a block on, what still changes is forgotten but for its taint.
const WIDEN: u32 = 4;

/// And from this one on the block is left as it is.
const SETTLED: u32 = 64;

/// A place that is written lies at most so deep in a variable.
const DEEPEST_PLACE: usize = 16;

/// The entries of a function's blocks hold at most so many values at once; past that the function is left.
const MOST_HELD: usize = 2_000_000;

/// Copying so many variables to where a function goes on is one step.
const LOCALS_A_STEP: u64 = 8;

/// What each local variable holds; `None` before it is set.
pub(super) type State = Vec<Option<Abstract>>;

/// A function while it is analysed.
pub(super) struct Frame<'f> {
    pub(super) id: FunctionId,
    pub(super) function: &'f Function,
    pub(super) values: Vec<Abstract>,
    pub(super) state: State,
    pub(super) result: Option<Abstract>,
    pub(super) reaches: Vec<Reach>,
    /// Which these are.
    pub(super) reached: BTreeSet<(Given, Target, Span, Via)>,
    /// A call in the block being followed does not come back.
    pub(super) exited: bool,
    /// The block that is being evaluated.
    pub(super) block: usize,
    /// What handlers catch.
    pub(super) thrown: BTreeMap<BlockId, Abstract>,
    /// What leaves the function as an exception.
    pub(super) throws: Abstract,
    pub(super) calls: Vec<Called>,
    pub(super) writes: Vec<Written>,
    pub(super) stores: Vec<Stored>,
    /// What is stored in each variable; read when a condition first asks for it.
    pub(super) stored: OnceCell<FxHashMap<Name, Vec<Value>>>,
    pub(super) tests: Vec<Tests>,
    /// Parameters that were given another value.
    pub(super) rebound: BTreeSet<Name>,
    /// Parameters whose data is the caller's.
    pub(super) owned: BTreeSet<u32>,
}

impl Frame<'_> {
    pub(super) fn value(&self, value: Value) -> &Abstract {
        &self.values[value.0 as usize]
    }

    pub(super) fn local(&self, name: Name) -> Option<usize> {
        self.function.locals.binary_search(&name).ok()
    }
}

/// The variable and the places in it that an expression stands for.
pub(super) type Place = (Name, Vec<Key>);

impl<'a> Engine<'a> {
    pub(super) fn run(&mut self, id: FunctionId) -> Summary {
        let program = self.program;
        let function = program.function(id);
        let order = order(function);
        let fixed = self.has_fixed_route(id);
        let fixed_route = std::mem::replace(&mut self.fixed_route, fixed);
        let mut frame = Frame {
            id,
            function,
            values: vec![Abstract::default(); function.steps.len()],
            state: Vec::new(),
            result: None,
            reaches: Vec::new(),
            reached: BTreeSet::new(),
            exited: false,
            block: 0,
            thrown: BTreeMap::new(),
            throws: Abstract::default(),
            calls: Vec::new(),
            writes: Vec::new(),
            stores: Vec::new(),
            stored: OnceCell::new(),
            tests: Vec::new(),
            rebound: BTreeSet::new(),
            owned: BTreeSet::new(),
        };
        let count = function.blocks.len();
        let mut entries: Vec<Option<State>> = vec![None; count];
        let mut visits = vec![0u32; count];
        entries[0] = Some(vec![None; function.locals.len()]);
        let mut work = BTreeSet::from([(order[0], 0usize)]);
        // What a block outside of loops begins with is done with when the block is.
        let again = repeated(function, &order);
        let mut held = 1usize;
        while let Some((_, index)) = work.pop_first() {
            let entry = if again[index] {
                entries[index].clone()
            } else {
                held = held.saturating_sub(1);
                entries[index].take()
            };
            let Some(entry) = entry else { continue };
            visits[index] += 1;
            frame.state = entry;
            frame.block = index;
            let mut next = Vec::new();
            let block = &function.blocks[index];
            if let Some(handler) = block.handler {
                next.push((handler, frame.state.clone()));
            }
            frame.exited = false;
            for value in &block.steps {
                if frame.exited || !self.step() {
                    break;
                }
                let made = self.evaluate(&mut frame, *value);
                frame.values[value.0 as usize] = made;
            }
            if !frame.exited {
                self.end(&mut frame, &block.end, &mut next);
            }
            if let Some(handler) = block.handler {
                next.push((handler, std::mem::take(&mut frame.state)));
            }
            if self.left == 0 {
                break;
            }
            for (to, state) in next {
                let to = to.0 as usize;
                // A state is copied for each way on.
                self.left = self.left.saturating_sub(state.len() as u64 / LOCALS_A_STEP);
                held += usize::from(entries[to].is_none());
                if !merge(&mut entries[to], state, visits[to]) {
                    continue;
                }
                if visits[to] < SETTLED {
                    work.insert((order[to], to));
                } else {
                    self.large = true;
                }
            }
            if held * function.locals.len() > MOST_HELD {
                self.large = true;
                break;
            }
        }
        self.fixed_route = fixed_route;
        self.note_constants(&frame);
        let mut keeps = false;
        if made::makes(program, id)
            && self.left > 0
            && let Some(unseen) = self.unseen(&frame)
        {
            keeps = frame.writes.len() + unseen.len() < made::MOST_FIELDS;
            frame.writes.extend(unseen);
        }
        Summary {
            keeps,
            result: frame.result.unwrap_or_default(),
            reaches: frame.reaches,
            calls: frame.calls,
            writes: frame.writes,
            stores: frame.stores,
            throws: frame.throws,
            tests: frame.tests,
        }
    }

    fn end(&mut self, frame: &mut Frame<'_>, end: &End, next: &mut Vec<(BlockId, State)>) {
        match end {
            End::Jump(to) if frame.function.blocks[frame.block].handler.is_none() => {
                next.push((*to, std::mem::take(&mut frame.state)));
            }
            End::Jump(to) => next.push((*to, frame.state.clone())),
            End::Branch(condition, then, other) => {
                let known = self.decided(frame, *condition);
                if known != Some(false) {
                    next.push((*then, self.refined(frame, *condition, true)));
                }
                if known != Some(true) {
                    next.push((*other, self.refined(frame, *condition, false)));
                }
            }
            End::Fork(to) => next.extend(to.iter().map(|to| (*to, frame.state.clone()))),
            End::Return(Some(value)) => self.returns(frame, *value),
            End::Throw(Some(value)) => {
                let thrown = frame.value(*value).clone();
                effect::throw(frame, &thrown);
            }
            End::Throw(None) => {}
            End::Return(None) | End::Open => self.tested_by(frame, None),
        }
    }

    fn returns(&mut self, frame: &mut Frame<'_>, value: Value) {
        let returned = frame.value(value).clone();
        if let Some(kind) = self.handlers.get(&frame.id).and_then(|handler| handler.result) {
            self.responds(frame, value, kind);
        }
        self.tested_by(frame, Some(value));
        frame.result = Some(match frame.result.take() {
            Some(before) => before.join(&returned),
            None => returned,
        });
    }

    /// The result of a handler is a response: text is its body, a tuple starts with it, a dictionary becomes JSON.
    fn responds(&mut self, frame: &mut Frame<'_>, value: Value, kind: Kinds) {
        let body = match &frame.function.step(value).op {
            Op::List(elements) => match elements.first() {
                Some(first) => first.value,
                None => return,
            },
            _ => value,
        };
        if frame.value(body).parts.is_none() {
            let span = frame.function.step(body).span;
            self.check(frame, body, span, kind, "the response");
        }
    }

    /// Notes which arguments of calls turned out to be constants.
    fn note_constants(&mut self, frame: &Frame<'_>) {
        for step in &frame.function.steps {
            let Op::Call { arguments, .. } = &step.op else { continue };
            for argument in arguments {
                if matches!(frame.function.step(argument.value).op, Op::Literal(_)) {
                    continue;
                }
                let value = frame.value(argument.value);
                if value.taint.is_empty() && value.parts.is_none() && value.constant() {
                    self.constants.insert(argument.span);
                } else {
                    self.constants.remove(&argument.span);
                }
            }
        }
    }

    /// A variable of a function around.
    pub(super) fn around(&mut self, frame: &Frame<'_>, name: Name) -> Option<Abstract> {
        let (mut child, mut around) = (frame.id, frame.function.parent);
        while let Some(id) = around {
            let function = self.program.function(id);
            if function.binds(name) {
                if let Some(held) = self.snapshots.get(&(child, name)) {
                    return Some(held.clone());
                }
                self.again.reads(Shared::Variable(id, name));
                return Some(self.variables[id.0 as usize].get(&name).cloned().unwrap_or_default());
            }
            child = id;
            around = function.parent;
        }
        self.undeclared.contains(&name).then(|| {
            self.again.reads(Shared::Variable(FunctionId(0), name));
            self.variables[0].get(&name).cloned().unwrap_or_default()
        })
    }

    /// What a path of the models is, read there.
    pub(super) fn path(&self, node: NodeId, span: Span) -> Abstract {
        let said = self.table.node(node);
        let stands_for = self.table.node(self.table.canonical(node));
        let source = said.source | stands_for.source;
        let source = if self.fixed_route { source & !self.models.route } else { source };
        let taint = if source == 0 {
            Taint::default()
        } else {
            let (whole, cleans) = (said.whole | stands_for.whole, said.cleans | stands_for.cleans);
            self.read(source, whole, span).cleaned(cleans)
        };
        Abstract { taint, ..Abstract::known(Known::Path(node)) }
    }

    pub(super) fn read(&self, kind: Kinds, whole: Kinds, span: Span) -> Taint {
        let trace = Link::after(None, span, Event::Read);
        Taint::of(Flow { origin: Origin::Source(kind, span), clean: 0, whole, trace, via: None })
    }

    /// The variable and the places in it that `value` was read from.
    pub(super) fn place(&self, frame: &Frame<'_>, value: Value) -> Option<Place> {
        let mut keys = Vec::new();
        let mut at = value;
        for _ in 0..DEEPEST_PLACE {
            match &frame.function.step(at).op {
                Op::Load(name) | Op::Store(name, _) => {
                    keys.reverse();
                    return Some((*name, keys));
                }
                Op::Member(object, name) => {
                    keys.push(self.member_key(*name));
                    at = *object;
                }
                Op::Index(object, key) => {
                    keys.push(self.key(frame.value(*key), frame.value(*object))?);
                    at = *object;
                }
                Op::Await(inner) => at = *inner,
                // `super()` is the object as its base sees it.
                _ if matches!(frame.value(at).known, Known::Super(..)) => {
                    keys.reverse();
                    return frame.function.parameters.first().map(|own| (own.name, keys));
                }
                _ => return None,
            }
        }
        None
    }

    /// Changes what is at a place.
    pub(super) fn change(
        &mut self,
        frame: &mut Frame<'_>,
        place: &Place,
        change: impl FnOnce(Abstract) -> Abstract,
    ) {
        let (name, keys) = place;
        match frame.local(*name) {
            Some(index) => {
                let before = frame.state[index].take().unwrap_or_default();
                let after = changed(before, keys, change);
                if self.surrounds[frame.id.0 as usize] {
                    self.remember(frame.id, *name, &after);
                }
                frame.state[index] = Some(after);
            }
            None => {
                let Some(before) = self.around(frame, *name) else { return };
                let after = changed(before, keys, change);
                self.assign_around(frame, *name, &after);
            }
        }
    }

    /// Writes a variable of a function around, which may hold its old value too; whether there is one.
    pub(super) fn assign_around(&mut self, frame: &mut Frame<'_>, name: Name, value: &Abstract) -> bool {
        let mut around = frame.function.parent;
        while let Some(id) = around {
            let function = self.program.function(id);
            if function.binds(name) {
                effect::stored(frame, id, name, value);
                // The data of its own parameters is for its callers to store.
                let known = without_own(value, frame.id);
                self.grow(id, name, &known);
                return true;
            }
            around = function.parent;
        }
        if self.undeclared.contains(&name) {
            effect::stored(frame, FunctionId(0), name, value);
            let known = without_own(value, frame.id);
            self.grow(FunctionId(0), name, &known);
            return true;
        }
        false
    }

    /// Adds to all that a variable ever holds.
    pub(super) fn remember(&mut self, id: FunctionId, name: Name, value: &Abstract) {
        let variables = &mut self.variables[id.0 as usize];
        match variables.get_mut(&name) {
            Some(before) if *before == *value => {}
            Some(before) => {
                let joined = before.join(value);
                if id == FunctionId(0) {
                    note_others(&mut self.others, name, [&before.known, &value.known], &joined.known);
                }
                *before = joined;
            }
            None => {
                variables.insert(name, value.clone());
            }
        }
    }

    /// As [`Self::remember`], from another function: whoever has read the variable has to read it again.
    pub(super) fn grow(&mut self, id: FunctionId, name: Name, value: &Abstract) {
        let before = self.variables[id.0 as usize].get(&name).cloned().unwrap_or_default();
        self.remember(id, name, value);
        let after = self.variables[id.0 as usize].get(&name);
        if after.is_some_and(|after| telling(&before, after)) {
            self.again.grown(Shared::Variable(id, name));
        }
    }
}

/// The value without the data of parameters.
pub(super) fn without_parameters(value: &Abstract) -> Abstract {
    let own = |flow: &&Flow| !matches!(flow.origin, Origin::Parameter(..));
    let strip = |taint: &Taint| Taint::from(taint.flows().iter().filter(own).cloned().collect());
    if value.parts.is_none() {
        return Abstract { taint: strip(&value.taint), ..value.clone() };
    }
    let foreign = value.all().flows().iter().any(|flow| !own(&flow));
    if foreign {
        Abstract { taint: strip(&value.all()), known: value.known.clone(), parts: None }
    } else {
        value.clone()
    }
}

/// The value without the data of that function's parameters.
fn without_own(value: &Abstract, function: FunctionId) -> Abstract {
    let foreign = |flow: &&Flow| !matches!(flow.origin, Origin::Parameter(of, ..) if of == function);
    if value.all().flows().iter().all(|flow| foreign(&flow)) {
        return value.clone();
    }
    let strip = |taint: &Taint| Taint::from(taint.flows().iter().filter(foreign).cloned().collect());
    Abstract { taint: strip(&value.all()), known: value.known.clone(), parts: None }
}

/// Whether a value that has grown says more to those who read it.
pub(super) fn telling(before: &Abstract, after: &Abstract) -> bool {
    let (old, new) = (before.all(), after.all());
    let more = new.flows().iter().any(|flow| !old.flows().iter().any(|known| known.origin == flow.origin));
    let thing =
        |known: &Known| !matches!(known, Known::Any | Known::OneOf(_) | Known::Constant | Known::Null);
    more || (before.known != after.known && thing(&after.known))
}

pub(super) fn changed(base: Abstract, keys: &[Key], change: impl FnOnce(Abstract) -> Abstract) -> Abstract {
    match keys {
        [] => change(base),
        // What a library's value holds is for its model to say; a part of a part would hide the rest.
        [_, ..] if matches!(base.known, Known::Path(_)) && base.parts.is_none() => base,
        [key, rest @ ..] => {
            let part = changed(base.at(Some(key)), rest, change);
            base.with(Some(key.clone()), part)
        }
    }
}

/// Joins a state into the entry of a block; whether that changed it.
fn merge(entry: &mut Option<State>, state: State, visits: u32) -> bool {
    let Some(before) = entry else {
        *entry = Some(state);
        return true;
    };
    let mut changed = false;
    for (before, new) in before.iter_mut().zip(state) {
        let Some(new) = new else { continue };
        let joined = match before.as_ref() {
            Some(old) if *old == new => continue,
            Some(old) => old.join(&new),
            None => new,
        };
        let joined = if visits >= WIDEN { joined.widened() } else { joined };
        if before.as_ref() != Some(&joined) {
            *before = Some(joined);
            changed = true;
        }
    }
    changed
}

/// Which blocks lie in a loop, or between the places of its first and last block: they may be evaluated again.
fn repeated(function: &Function, order: &[usize]) -> Vec<bool> {
    let mut changes = vec![0i64; order.len() + 1];
    for (block, place) in order.iter().enumerate().filter(|(_, place)| **place != usize::MAX) {
        for to in successors(function, block).into_iter().map(|to| order[to]).filter(|to| to <= place) {
            changes[to] += 1;
            changes[place + 1] -= 1;
        }
    }
    let mut open = 0;
    let inside: Vec<bool> = changes
        .iter()
        .map(|change| {
            open += change;
            open > 0
        })
        .collect();
    order.iter().map(|place| inside.get(*place).copied().unwrap_or(true)).collect()
}

/// The place of each block in reverse postorder: a block comes after those that lead to it, loops aside.
fn order(function: &Function) -> Vec<usize> {
    let count = function.blocks.len();
    let mut place = vec![usize::MAX; count];
    let mut seen = vec![false; count];
    let mut stack = vec![(0usize, successors(function, 0), 0usize)];
    let mut next = count;
    seen[0] = true;
    while let Some((block, to, at)) = stack.last_mut() {
        match to.get(*at) {
            Some(successor) => {
                let successor = *successor;
                *at += 1;
                if !seen[successor] {
                    seen[successor] = true;
                    stack.push((successor, successors(function, successor), 0));
                }
            }
            None => {
                next -= 1;
                place[*block] = next;
                stack.pop();
            }
        }
    }
    place
}

fn successors(function: &Function, block: usize) -> Vec<usize> {
    let block = &function.blocks[block];
    let mut to: Vec<usize> = block.handler.iter().map(|handler| handler.0 as usize).collect();
    match &block.end {
        End::Jump(next) => to.push(next.0 as usize),
        End::Branch(_, then, other) => to.extend([other.0 as usize, then.0 as usize]),
        End::Fork(all) => to.extend(all.iter().rev().map(|next| next.0 as usize)),
        End::Return(_) | End::Throw(_) | End::Open => {}
    }
    to
}

/// So many things that one name of the top level may be are told apart.
const MOST_OTHERS: usize = 8;

/// Notes what is no longer known of a variable that may be either: what other files call by its name may be any of them.
fn note_others(others: &mut Vec<(Name, Known)>, name: Name, either: [&Known; 2], joined: &Known) {
    for known in either {
        let thing = matches!(
            known,
            Known::Path(_)
                | Known::Function(_)
                | Known::Bound(..)
                | Known::Class(_)
                | Known::Instance(_)
                | Known::Foreign(_)
        );
        let mut same = others.iter().filter(|(of, _)| *of == name);
        if thing
            && known != joined
            && !same.clone().any(|(_, it)| it == known)
            && same.by_ref().count() < MOST_OTHERS
        {
            others.push((name, known.clone()));
        }
    }
}
