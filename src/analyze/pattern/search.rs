//! Looks for a pattern in a tree: at each node it may begin at, its siblings and children are tried in order, and a
//! condition on a capture cuts a try short as soon as the capture is there. Steps bound the work: what is quadratic by
//! nature (one sibling somewhere behind another) ends at the budget, which a note says.

use std::ops::ControlFlow;

use tree_sitter::Node;

use super::condition::Surroundings;
use super::form::{Element, Form, Kind, Presence, Repeat, Shape};
use crate::syntax::{Place, Table};

/// Breaks when no steps are left.
type Flow = ControlFlow<()>;

/// So many of the same node in a row are told one by one.
const MOST_REPEATED: u32 = 64;

/// The bytes of text that a condition may look at for one step.
const BYTES_A_STEP: usize = 32;

/// The search for one pattern.
pub(super) struct Search<'s, 'a> {
    table: &'s Table<'a>,
    around: &'s Surroundings<'a>,
    form: &'s Form,
    /// What is captured so far.
    bound: Vec<(u16, Place)>,
    /// How often the whole form was met, conditions aside.
    met: u64,
    steps: &'s mut u64,
    found: &'s mut dyn FnMut(&Match<'_, 'a>),
}

/// One match.
pub(super) struct Match<'m, 'a> {
    table: &'m Table<'a>,
    bound: &'m [(u16, Place)],
}

impl<'a> Match<'_, 'a> {
    /// The first node of a capture.
    pub(super) fn node(&self, capture: u16) -> Option<Node<'a>> {
        self.bound.iter().find(|(it, _)| *it == capture).map(|(_, place)| self.table.node(*place))
    }

    fn nodes(&self, capture: u16) -> Vec<Node<'a>> {
        let ours = self.bound.iter().filter(|(it, _)| *it == capture);
        ours.map(|(_, place)| self.table.node(*place)).collect()
    }

    /// The captures with their nodes, in the order of the pattern.
    pub(super) fn captures(&self) -> impl Iterator<Item = (u16, Node<'a>)> {
        self.bound.iter().map(|(capture, place)| (*capture, self.table.node(*place)))
    }
}

impl<'s, 'a> Search<'s, 'a> {
    pub(super) fn new(
        table: &'s Table<'a>,
        around: &'s Surroundings<'a>,
        form: &'s Form,
        steps: &'s mut u64,
        found: &'s mut dyn FnMut(&Match<'_, 'a>),
    ) -> Self {
        Search { table, around, form, bound: Vec::new(), met: 0, steps, found }
    }

    /// Finds every match that begins at `place`. Breaks when the steps are used up.
    pub(super) fn at(&mut self, place: Place) -> Flow {
        let form = self.form;
        match form.roots.split_first() {
            None => Flow::Continue(()),
            Some((root, [])) => self.element(root, place, &mut |search| search.complete()),
            Some((first, rest)) => {
                let row = *self.table.row(place);
                let until = self.table.row(row.parent).end;
                self.element(first, place, &mut |search| {
                    search.siblings(rest, row.end, until, &mut |search, _| search.complete())
                })
            }
        }
    }

    fn step(&mut self, count: usize) -> Flow {
        *self.steps = self.steps.saturating_sub(count as u64);
        if *self.steps == 0 { Flow::Break(()) } else { Flow::Continue(()) }
    }

    fn complete(&mut self) -> Flow {
        self.met += 1;
        self.step(1)?;
        let found = Match { table: self.table, bound: &self.bound };
        let late = self.form.conditions.iter().filter(|it| !(it.is_simple() && self.is_early(it.capture)));
        let nodes = |capture: u16| found.nodes(capture);
        for condition in late {
            if !condition.holds(&nodes, self.around) {
                return Flow::Continue(());
            }
        }
        // A capture in one of several choices may be missing: what depends on it was not asked yet.
        let missed = self.form.conditions.iter().filter(|it| it.is_simple() && self.is_early(it.capture));
        for condition in missed.filter(|it| it.capture.is_some_and(|capture| found.node(capture).is_none())) {
            if !condition.holds(&nodes, self.around) {
                return Flow::Continue(());
            }
        }
        (self.found)(&found);
        Flow::Continue(())
    }

    /// Whether a condition on that capture is asked as soon as it is bound: where the capture may be missing, a node
    /// that fails it would be taken for a missing one.
    fn is_early(&self, capture: Option<u16>) -> bool {
        let presence = capture.and_then(|capture| self.form.presence.get(capture as usize));
        presence.is_some_and(|presence| *presence < Presence::Optional)
    }

    /// Tries an element that stands at one node, and goes on with `then` wherever it matches.
    fn element(&mut self, element: &Element, place: Place, then: &mut dyn FnMut(&mut Self) -> Flow) -> Flow {
        self.step(1)?;
        match &element.shape {
            Shape::Choice(choices) => {
                for choice in choices {
                    self.element(choice, place, &mut |search| search.captured(element, place, then))?;
                }
                Flow::Continue(())
            }
            Shape::Node { kind, children, closed, absent } => {
                let row = *self.table.row(place);
                let is = match kind {
                    Kind::Is(kind) => row.kind == *kind,
                    Kind::OneOf(kinds) => kinds.contains(&row.kind),
                    Kind::Named => row.named,
                    Kind::Anything => true,
                    Kind::Missing(kind) => {
                        kind.is_none_or(|kind| kind == row.kind) && self.table.node(place).is_missing()
                    }
                };
                if !is || absent.iter().any(|field| self.has(place, *field)) {
                    return Flow::Continue(());
                }
                if children.is_empty() && !closed {
                    return self.captured(element, place, then);
                }
                self.captured(element, place, &mut |search| {
                    search.siblings(children, place + 1, row.end, &mut |search, next| {
                        if *closed && search.counts(next, row.end) {
                            Flow::Continue(())
                        } else {
                            then(search)
                        }
                    })
                })
            }
            // A row stands among siblings, see `once`.
            Shape::Row(_) => Flow::Continue(()),
        }
    }

    /// Binds the captures of an element, unless a condition on one does not hold.
    fn captured(&mut self, element: &Element, place: Place, then: &mut dyn FnMut(&mut Self) -> Flow) -> Flow {
        if element.captures.is_empty() {
            return then(self);
        }
        let before = self.bound.len();
        for capture in &element.captures {
            if self.is_early(Some(*capture)) {
                let node = self.table.node(place);
                for condition in &self.form.conditions {
                    if condition.capture != Some(*capture) || !condition.is_simple() {
                        continue;
                    }
                    self.step(1 + node.byte_range().len() / BYTES_A_STEP)?;
                    if !condition.holds_of(node, self.around) {
                        self.bound.truncate(before);
                        return Flow::Continue(());
                    }
                }
            }
            self.bound.push((*capture, place));
        }
        let flow = then(self);
        self.bound.truncate(before);
        flow
    }

    /// Tries a row of elements among the siblings from `from` up to `until`; `then` is told what comes behind the last.
    fn siblings(
        &mut self,
        elements: &[Element],
        from: Place,
        until: Place,
        then: &mut dyn FnMut(&mut Self, Place) -> Flow,
    ) -> Flow {
        let Some((element, rest)) = elements.split_first() else { return then(self, from) };
        match element.repeat {
            Repeat::Once => {
                self.once(element, from, until, &mut |search, next| search.siblings(rest, next, until, then))
            }
            Repeat::Optional => {
                let before = self.met;
                self.once(element, from, until, &mut |search, next| {
                    search.siblings(rest, next, until, then)
                })?;
                if self.met > before { Flow::Continue(()) } else { self.siblings(rest, from, until, then) }
            }
            Repeat::Any => self.many(element, rest, from, until, MOST_REPEATED, then),
            Repeat::Many => self.once(element, from, until, &mut |search, next| {
                search.many(element, rest, next, until, MOST_REPEATED, then)
            }),
        }
    }

    /// As many of an element as there are, then the rest; fewer only when the rest is not there otherwise.
    fn many(
        &mut self,
        element: &Element,
        rest: &[Element],
        from: Place,
        until: Place,
        left: u32,
        then: &mut dyn FnMut(&mut Self, Place) -> Flow,
    ) -> Flow {
        let before = self.met;
        if left > 0 {
            self.once(element, from, until, &mut |search, next| {
                search.many(element, rest, next, until, left - 1, then)
            })?;
        }
        if self.met > before { Flow::Continue(()) } else { self.siblings(rest, from, until, then) }
    }

    /// Tries one element at each of the siblings it may stand at.
    fn once(
        &mut self,
        element: &Element,
        from: Place,
        until: Place,
        then: &mut dyn FnMut(&mut Self, Place) -> Flow,
    ) -> Flow {
        if let Shape::Row(row) = &element.shape {
            return self.siblings(row, from, until, then);
        }
        let mut place = from;
        while place < until {
            let row = *self.table.row(place);
            if element.field.is_none_or(|field| row.field == field) {
                self.element(element, place, &mut |search| then(search, row.end))?;
            } else {
                self.step(1)?;
            }
            if element.anchored && row.named && !row.extra {
                break;
            }
            place = row.end;
        }
        Flow::Continue(())
    }

    /// Whether a named sibling that is no comment stands from `from` up to `until`.
    fn counts(&self, from: Place, until: Place) -> bool {
        let mut place = from;
        while place < until {
            let row = self.table.row(place);
            if row.named && !row.extra {
                return true;
            }
            place = row.end;
        }
        false
    }

    fn has(&self, place: Place, field: u16) -> bool {
        let (mut child, until) = (place + 1, self.table.row(place).end);
        while child < until {
            let row = self.table.row(child);
            if row.field == field {
                return true;
            }
            child = row.end;
        }
        false
    }
}
