//! A backtracking matcher that counts its steps: it tries alternatives in the order in which Python's `re` and the
//! JavaScript engines try them, without any of their short cuts that change no order of growth.

use super::letters::{Alphabet, CharSet, Letter, Letters, named};
use super::syntax::{Assertion, Flavour, Node, Regex, Repeat};

/// Longer programs are not run.
const MOST_STEPS: usize = 20_000;

#[derive(Debug, Clone, Copy)]
enum Step {
    Set(Letters),
    /// The first, then the other.
    Split(u32, u32),
    Jump(u32),
    Save(u32),
    /// Remembers where a round begins.
    Begin(u32),
    /// Ends a round: goes on with the next one, unless it matched nothing.
    Round {
        slot: u32,
        again: u32,
        out: u32,
    },
    Assert(Assertion),
    Look {
        ahead: bool,
        negative: bool,
        after: u32,
    },
    Atomic {
        after: u32,
    },
    Same(u32),
    Match,
}

/// A compiled expression.
pub(super) struct Machine {
    steps: Vec<Step>,
    slots: usize,
    captures: u32,
    python: bool,
    words: Letters,
    line: Letters,
    /// Nodes that may still be compiled: copies of nothing make no steps.
    left: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// How many steps it took.
    pub(super) steps: u64,
    /// Whether it was ended before it had an answer.
    pub(super) cut: bool,
    /// Whether the text matched.
    pub(super) matched: bool,
}

impl Machine {
    /// Compiles an expression; `None` when it is too large.
    pub(super) fn new(regex: &Regex, alphabet: &Alphabet) -> Option<Self> {
        let mut machine = Machine {
            steps: Vec::new(),
            slots: 2 * (regex.captures as usize + 1),
            captures: regex.captures,
            python: regex.flavour == Flavour::Python,
            words: alphabet.letters(&named::word(regex.flavour == Flavour::Python)),
            line: alphabet.letters(&CharSet::one('\n')),
            left: MOST_STEPS,
        };
        machine.node(&regex.node, regex, alphabet)?;
        machine.push(Step::Match)?;
        Some(machine)
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= MOST_STEPS).then(|| self.steps.len() - 1)
    }

    fn here(&self) -> u32 {
        self.steps.len() as u32
    }

    fn node(&mut self, node: &Node, regex: &Regex, alphabet: &Alphabet) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        match node {
            Node::Sequence(items) => {
                for item in items {
                    self.node(item, regex, alphabet)?;
                }
            }
            Node::Choice(options) => {
                let mut ends = Vec::new();
                for (index, option) in options.iter().enumerate() {
                    let split = (index + 1 < options.len()).then(|| self.push(Step::Match));
                    self.node(option, regex, alphabet)?;
                    if let Some(split) = split {
                        ends.push(self.push(Step::Match)?);
                        let (this, other) = (split? as u32 + 1, self.here());
                        self.steps[split?] = Step::Split(this, other);
                    }
                }
                let out = self.here();
                for end in ends {
                    self.steps[end] = Step::Jump(out);
                }
            }
            Node::Set(set, _) => drop(self.push(Step::Set(alphabet.letters(&regex.sets[*set])))?),
            Node::Repeat(repeat) => self.repeat(repeat, regex, alphabet)?,
            Node::Capture(number, body) => {
                self.push(Step::Save(number * 2))?;
                self.node(body, regex, alphabet)?;
                self.push(Step::Save(number * 2 + 1))?;
            }
            Node::Assert(assertion) => drop(self.push(Step::Assert(*assertion))?),
            Node::Look { body, .. } | Node::Atomic(body) => {
                let at = self.push(Step::Match)?;
                self.node(body, regex, alphabet)?;
                self.push(Step::Match)?;
                let after = self.here();
                self.steps[at] = match node {
                    Node::Look { ahead, negative, .. } => {
                        Step::Look { ahead: *ahead, negative: *negative, after }
                    }
                    _ => Step::Atomic { after },
                };
            }
            Node::Same(number) if *number <= self.captures => drop(self.push(Step::Same(*number))?),
            Node::Same(_) => return None,
        }
        Some(())
    }

    fn repeat(&mut self, repeat: &Repeat, regex: &Regex, alphabet: &Alphabet) -> Option<()> {
        for _ in 0..repeat.min {
            self.node(&repeat.body, regex, alphabet)?;
        }
        let slot = self.slots as u32;
        self.slots += 1;
        let order = |first: u32, out: u32| {
            if repeat.lazy { Step::Split(out, first) } else { Step::Split(first, out) }
        };
        // Each split is followed by a round; a round that is not the last leads to the next split.
        let rounds = repeat.max.map_or(1, |max| max.saturating_sub(repeat.min));
        let (mut splits, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            splits.push(self.push(Step::Match)?);
            self.push(Step::Begin(slot))?;
            self.node(&repeat.body, regex, alphabet)?;
            ends.push(self.push(Step::Match)?);
        }
        let out = self.here();
        for (split, end) in splits.iter().zip(ends) {
            self.steps[*split] = order(*split as u32 + 1, out);
            let again = if repeat.max.is_none() { *split as u32 } else { end as u32 + 1 };
            self.steps[end] = Step::Round { slot, again, out };
        }
        Some(())
    }

    /// Matches from the start, or from each place in turn until one matches; the whole text when `full`.
    pub(super) fn run(&self, text: &[Letter], search: bool, full: bool, most: u64) -> Run {
        let mut matcher = Matcher { machine: self, text, left: most };
        let starts = if search { text.len() } else { 0 };
        let end = full.then_some(text.len());
        let mut matched = false;
        for start in 0..=starts {
            let mut slots = vec![None; self.slots];
            matched = matcher.at(0, start, end, &mut slots).is_some();
            if matched || matcher.left == 0 {
                break;
            }
        }
        Run { steps: most - matcher.left, cut: matcher.left == 0, matched }
    }
}

struct Matcher<'m> {
    machine: &'m Machine,
    text: &'m [Letter],
    left: u64,
}

type Slots = [Option<u32>];

impl Matcher<'_> {
    /// Runs from a step at a place up to a `Match`, which must be at `end` when there is one.
    fn at(&mut self, step: u32, place: usize, end: Option<usize>, slots: &mut Slots) -> Option<usize> {
        // Where to go on, and how many changes of slots hold there.
        let mut choices: Vec<(u32, usize, usize)> = Vec::new();
        let mut changes: Vec<(usize, Option<u32>)> = Vec::new();
        let (mut step, mut place) = (step, place);
        loop {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return None;
            }
            let next = match self.machine.steps[step as usize] {
                Step::Match if end.is_none_or(|end| end == place) => return Some(place),
                Step::Match => None,
                Step::Set(set) => self.text.get(place).filter(|letter| set.contains(**letter)).map(|_| {
                    place += 1;
                    step + 1
                }),
                Step::Split(first, other) => {
                    choices.push((other, place, changes.len()));
                    Some(first)
                }
                Step::Jump(to) => Some(to),
                Step::Save(slot) | Step::Begin(slot) => {
                    if let Some(held) = slots.get_mut(slot as usize) {
                        changes.push((slot as usize, held.replace(place as u32)));
                    }
                    Some(step + 1)
                }
                Step::Round { slot, again, out } => {
                    let empty = slots.get(slot as usize).is_some_and(|begun| *begun == Some(place as u32));
                    match (empty, self.machine.python) {
                        (false, _) => Some(again),
                        (true, true) => Some(out),
                        (true, false) => None,
                    }
                }
                Step::Assert(assertion) => self.holds(assertion, place).then_some(step + 1),
                Step::Look { ahead, negative, after } => {
                    let found = self.looks(step + 1, place, ahead, slots, &mut changes);
                    (found != negative).then_some(after)
                }
                Step::Atomic { after } => self.inside(step + 1, place, None, slots, &mut changes).map(|to| {
                    place = to;
                    after
                }),
                Step::Same(group) => self.same(group, place, slots).map(|to| {
                    place = to;
                    step + 1
                }),
            };
            step = match next {
                Some(next) => next,
                None => {
                    let (other, back, kept) = choices.pop()?;
                    for (slot, value) in changes.drain(kept..).rev() {
                        slots[slot] = value;
                    }
                    place = back;
                    other
                }
            };
        }
    }

    /// Runs a part of its own; what it remembers is remembered when it matches.
    fn inside(
        &mut self,
        step: u32,
        place: usize,
        end: Option<usize>,
        slots: &mut Slots,
        changes: &mut Vec<(usize, Option<u32>)>,
    ) -> Option<usize> {
        let mut own = slots.to_vec();
        let to = self.at(step, place, end, &mut own)?;
        for (index, (slot, own)) in slots.iter_mut().zip(own).enumerate() {
            if *slot != own {
                changes.push((index, std::mem::replace(slot, own)));
            }
        }
        Some(to)
    }

    fn looks(
        &mut self,
        step: u32,
        place: usize,
        ahead: bool,
        slots: &mut Slots,
        changes: &mut Vec<(usize, Option<u32>)>,
    ) -> bool {
        if ahead {
            return self.inside(step, place, None, slots, changes).is_some();
        }
        (0..=place).rev().any(|start| self.inside(step, start, Some(place), slots, changes).is_some())
    }

    fn same(&mut self, group: u32, place: usize, slots: &Slots) -> Option<usize> {
        let slot = |index: u32| slots.get(index as usize).copied().flatten();
        let (Some(start), Some(end)) = (slot(group * 2), slot(group * 2 + 1)) else {
            // A group that took no part matches nothing in Python and the empty text in JavaScript.
            return (!self.machine.python).then_some(place);
        };
        let matched = self.text.get(start as usize..end as usize).unwrap_or_default();
        self.left = self.left.saturating_sub(matched.len() as u64).max(1);
        self.text.get(place..)?.starts_with(matched).then_some(place + matched.len())
    }

    fn holds(&self, assertion: Assertion, place: usize) -> bool {
        let is = |index: Option<usize>, set: Letters| {
            index.and_then(|index| self.text.get(index)).is_some_and(|letter| set.contains(*letter))
        };
        let (before, line) = (place.checked_sub(1), self.machine.line);
        let boundary = is(before, self.machine.words) != is(Some(place), self.machine.words);
        match assertion {
            Assertion::Start => place == 0,
            Assertion::End => place == self.text.len(),
            Assertion::EndOrBreak => {
                place == self.text.len() || place + 1 == self.text.len() && is(Some(place), line)
            }
            Assertion::LineStart => place == 0 || is(before, line),
            Assertion::LineEnd => place == self.text.len() || is(Some(place), line),
            Assertion::Boundary => boundary,
            Assertion::NoBoundary => !boundary,
        }
    }
}
