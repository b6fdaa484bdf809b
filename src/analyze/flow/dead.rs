//! Branches that cannot be taken, for what their condition is known to be.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Engine;
use super::fold::truth;
use super::function::Frame;
use super::value::Known;
use crate::analyze::ir::{Function, Name, Op, Value};

/// What is stored in each variable of a function.
pub(super) fn stores(function: &Function) -> FxHashMap<Name, Vec<Value>> {
    let mut stores: FxHashMap<Name, Vec<Value>> = FxHashMap::default();
    for step in &function.steps {
        if let Op::Store(name, value) = step.op {
            stores.entry(name).or_default().push(value);
        }
    }
    stores
}

impl Engine<'_> {
    /// What a condition always comes to; `None` when both branches may be taken.
    pub(super) fn decided(&mut self, frame: &Frame<'_>, condition: Value) -> Option<bool> {
        truth(frame.value(condition)).filter(|_| !self.is_held(frame, condition))
    }

    /// Whether a condition speaks of what a container or an object holds: another name for it, or whoever it was handed to,
    /// may have changed that.
    fn is_held(&mut self, frame: &Frame<'_>, condition: Value) -> bool {
        let (mut open, mut seen, mut names) = (vec![condition], FxHashSet::default(), FxHashSet::default());
        let mut found = false;
        while let Some(value) = open.pop().filter(|_| !found) {
            if !seen.insert(value.0) {
                continue;
            }
            match &frame.function.step(value).op {
                Op::Member(object, _) | Op::Index(object, _) => match &frame.value(*object).known {
                    Known::Text(_) => open.push(*object),
                    Known::Path(_) => {}
                    _ => found = true,
                },
                Op::Unary(_, inner) | Op::Slice(inner) | Op::Await(inner) | Op::Store(_, inner) => {
                    open.push(*inner);
                }
                Op::Binary(_, left, right) => open.extend([*left, *right]),
                Op::Text(parts) | Op::Either(parts) => open.extend(parts),
                Op::Call { arguments, .. } => {
                    found = arguments.iter().any(|it| frame.value(it.value).parts.is_some());
                    open.extend(arguments.iter().map(|argument| argument.value));
                }
                Op::Load(name) if frame.local(*name).is_some() && names.insert(*name) => {
                    let stores = frame.stored.get_or_init(|| stores(frame.function));
                    open.extend(stores.get(name).into_iter().flatten());
                }
                _ => {}
            }
        }
        self.left = self.left.saturating_sub(seen.len() as u64);
        found
    }
}
