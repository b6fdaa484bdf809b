//! The position automaton of an expression (Glushkov): a state for each set in it, an edge where one may follow the
//! other, with the number of ways in which a matcher gets from the one to the other. Ways count up to two: what matters
//! is whether there is more than one.
//!
//! Conditions on a place are kept as far as they decide whether an edge can be taken; looks, atomic groups and
//! back-references are taken for the empty text or for their contents. So the automaton may have paths that a matcher
//! has not: what is found on it is tried out on a matcher ([`super::machine`]) before it is said.

use std::collections::BTreeMap;

use super::letters::{Alphabet, Letters};
use super::syntax::{Assertion, Flavour, Node, Regex, Repeat};

/// More states than this leave the expression undecided.
const MOST_STATES: usize = 1_500;

/// More work than this does too.
const MOST_STEPS: u32 = 1_000_000;

/// Copies that a counted repetition is written out to when all of it would be too much.
const FEW: u32 = 3;

/// How a text is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// From any place, up to any place.
    Search,
    /// From the start, up to any place.
    Match,
    /// The whole text.
    Full,
}

/// When a text may end in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Accept {
    /// Whatever follows.
    pub(super) anywhere: bool,
    /// At the end of the text.
    pub(super) at_end: bool,
}

/// The automaton.
#[derive(Debug)]
pub(super) struct Automaton {
    /// The letters that lead into each state.
    pub(super) letters: Vec<Letters>,
    /// Where each state leads, and in how many ways.
    pub(super) next: Vec<Vec<(usize, u8)>>,
    /// The states a text may begin in.
    pub(super) first: Vec<usize>,
    /// Which states a match may end in.
    pub(super) accept: Vec<Accept>,
    /// Whether the empty text matches.
    pub(super) empty: Accept,
    /// The place of each state's set in the expression.
    pub(super) places: Vec<u32>,
    /// The state that passes over the text before a match; there is one when a match may begin anywhere.
    pub(super) restart: Option<usize>,
    /// The repetitions without an end, by their places.
    pub(super) loops: Vec<(u32, u32)>,
}

type Flags = usize;
const START: Flags = 1;
const END: Flags = 2;
const LINE_START: Flags = 4;
const LINE_END: Flags = 8;

/// What is known of a part: the states it begins and ends with, under which conditions and in how many ways, and in
/// how many ways it is empty.
#[derive(Clone)]
struct Part {
    first: Vec<(usize, Flags, u8)>,
    last: Vec<(usize, Flags, u8)>,
    empty: [u8; 16],
}

struct Builder<'r> {
    regex: &'r Regex,
    alphabet: &'r Alphabet,
    letters: Vec<Letters>,
    places: Vec<u32>,
    edges: BTreeMap<(usize, usize), u8>,
    loops: Vec<(u32, u32)>,
    /// Whether counted repetitions are written out in full.
    full: bool,
    left: u32,
}

impl Automaton {
    /// The automaton of an expression; `None` when it is too large.
    pub(super) fn new(regex: &Regex, alphabet: &Alphabet, mode: Mode, left: &mut u64) -> Option<Self> {
        let full = count(&regex.node, false) < MOST_STATES as u64;
        if !full && count(&regex.node, true) >= MOST_STATES as u64 {
            return None;
        }
        let mut builder = Builder {
            regex,
            alphabet,
            letters: Vec::new(),
            places: Vec::new(),
            edges: BTreeMap::new(),
            loops: Vec::new(),
            full,
            left: MOST_STEPS,
        };
        let whole = builder.whole(mode);
        *left = left.saturating_sub(u64::from(MOST_STEPS - builder.left));
        let (whole, restart) = whole?;
        builder.finish(&whole, mode, restart)
    }
}

impl Builder<'_> {
    /// The expression, and before it what passes over the text when a match may begin anywhere.
    fn whole(&mut self, mode: Mode) -> Option<(Part, Option<usize>)> {
        let mut whole = Part::empty(0);
        let restart = (mode == Mode::Search).then(|| self.state(self.alphabet.all, u32::MAX));
        if let Some(restart) = restart {
            let pass = self.part_of(restart);
            self.follow(&pass, &pass)?;
            whole = Part { empty: whole.empty, ..pass };
        }
        let body = self.part(&self.regex.node)?;
        Some((self.sequence(whole, body)?, restart))
    }
}

impl Part {
    fn empty(flags: Flags) -> Self {
        let mut empty = [0; 16];
        empty[flags] = 1;
        Part { first: Vec::new(), last: Vec::new(), empty }
    }

    fn none() -> Self {
        Part { first: Vec::new(), last: Vec::new(), empty: [0; 16] }
    }

    /// What begins or ends it when a part that may be empty stands there too.
    fn through(ends: &[(usize, Flags, u8)], empty: &[u8; 16]) -> Vec<(usize, Flags, u8)> {
        let mut all = Vec::new();
        for (state, flags, ways) in ends {
            for (more, count) in empty.iter().enumerate().filter(|(_, count)| **count > 0) {
                all.push((*state, flags | more, times(*ways, *count)));
            }
        }
        merged(all)
    }
}

fn times(one: u8, other: u8) -> u8 {
    one.saturating_mul(other).min(2)
}

fn merged(mut ends: Vec<(usize, Flags, u8)>) -> Vec<(usize, Flags, u8)> {
    ends.sort_unstable();
    let mut kept: Vec<(usize, Flags, u8)> = Vec::with_capacity(ends.len());
    for (state, flags, ways) in ends {
        match kept.last_mut().filter(|last| (last.0, last.1) == (state, flags)) {
            Some(last) => last.2 = (last.2 + ways).min(2),
            None => kept.push((state, flags, ways)),
        }
    }
    kept
}

fn sum(one: &[u8; 16], other: &[u8; 16]) -> [u8; 16] {
    std::array::from_fn(|flags| (one[flags] + other[flags]).min(2))
}

fn product(one: &[u8; 16], other: &[u8; 16]) -> [u8; 16] {
    let mut all = [0u8; 16];
    for (a, x) in one.iter().enumerate().filter(|(_, ways)| **ways > 0) {
        for (b, y) in other.iter().enumerate().filter(|(_, ways)| **ways > 0) {
            all[a | b] = (all[a | b] + times(*x, *y)).min(2);
        }
    }
    all
}

impl Builder<'_> {
    fn state(&mut self, letters: Letters, place: u32) -> usize {
        self.letters.push(letters);
        self.places.push(place);
        self.letters.len() - 1
    }

    fn part_of(&self, state: usize) -> Part {
        Part { first: vec![(state, 0, 1)], last: vec![(state, 0, 1)], empty: [0; 16] }
    }

    fn spend(&mut self, steps: usize) -> Option<()> {
        self.left = self.left.checked_sub(steps as u32)?;
        Some(())
    }

    /// Edges from what ends one part to what begins another.
    fn follow(&mut self, one: &Part, other: &Part) -> Option<()> {
        self.spend(one.last.len() * other.first.len())?;
        for (from, before, some) in &one.last {
            for (to, after, more) in &other.first {
                let flags = before | after;
                let breaks = |state: usize| {
                    let line = self.alphabet.letters(&super::letters::CharSet::one('\n'));
                    !(self.letters[state] & line).is_empty()
                };
                let possible = flags & (START | END) == 0
                    && (flags & LINE_START == 0 || breaks(*from))
                    && (flags & LINE_END == 0 || breaks(*to));
                if possible {
                    let ways = self.edges.entry((*from, *to)).or_insert(0);
                    *ways = (*ways + times(*some, *more)).min(2);
                }
            }
        }
        Some(())
    }

    fn sequence(&mut self, one: Part, other: Part) -> Option<Part> {
        // Copies of nothing are work too.
        self.spend(1)?;
        self.follow(&one, &other)?;
        let mut first = one.first;
        first.extend(Part::through(&other.first, &one.empty));
        let mut last = other.last;
        last.extend(Part::through(&one.last, &other.empty));
        self.spend(first.len() + last.len())?;
        Some(Part { first: merged(first), last: merged(last), empty: product(&one.empty, &other.empty) })
    }

    fn part(&mut self, node: &Node) -> Option<Part> {
        match node {
            Node::Sequence(items) => {
                let mut whole = Part::empty(0);
                for item in items {
                    let part = self.part(item)?;
                    whole = self.sequence(whole, part)?;
                }
                Some(whole)
            }
            Node::Choice(options) => {
                let mut whole = Part::none();
                for option in options {
                    let part = self.part(option)?;
                    whole.first.extend(part.first);
                    whole.last.extend(part.last);
                    whole.empty = sum(&whole.empty, &part.empty);
                }
                Some(whole)
            }
            Node::Set(set, place) => {
                let letters = self.alphabet.letters(&self.regex.sets[*set]);
                let state = self.state(letters, *place);
                self.spend(1)?;
                Some(self.part_of(state))
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Capture(_, body) | Node::Atomic(body) => self.part(body),
            Node::Assert(assertion) => Some(Part::empty(match assertion {
                Assertion::Start => START,
                Assertion::End | Assertion::EndOrBreak => END,
                Assertion::LineStart => LINE_START,
                Assertion::LineEnd => LINE_END,
                Assertion::Boundary | Assertion::NoBoundary => 0,
            })),
            Node::Look { .. } | Node::Same(_) => Some(Part::empty(0)),
        }
    }

    fn repeat(&mut self, repeat: &Repeat) -> Option<Part> {
        let (min, optional) = copies(repeat, !self.full);
        let mut whole = Part::empty(0);
        let endless = repeat.max.is_none();
        // The last of those that must be there may as well be the one that is repeated.
        let before = if endless { min.saturating_sub(1) } else { min };
        for _ in 0..before {
            let part = self.part(&repeat.body)?;
            whole = self.sequence(whole, part)?;
        }
        let rest = if endless {
            self.loops.push(repeat.span);
            let part = self.part(&repeat.body)?;
            self.follow(&part, &part)?;
            if min == 0 { self.optional(part) } else { part }
        } else {
            let mut rest = Part::empty(0);
            for _ in 0..optional {
                let mut part = self.part(&repeat.body)?;
                let empty = std::mem::take(&mut part.empty);
                // A round that took nothing is the last one.
                rest = self.sequence(part, rest)?;
                rest.empty = empty;
                rest = self.optional(rest);
            }
            rest
        };
        self.sequence(whole, rest)
    }

    /// The part or nothing. JavaScript takes back a round that matched nothing; Python keeps it, so that there are two
    /// ways to match nothing.
    fn optional(&self, part: Part) -> Part {
        let nothing = Part::empty(0).empty;
        let empty = match self.regex.flavour {
            Flavour::Python => sum(&nothing, &part.empty),
            Flavour::JavaScript => nothing,
        };
        Part { empty, ..part }
    }

    fn finish(self, whole: &Part, mode: Mode, restart: Option<usize>) -> Option<Automaton> {
        let count = self.letters.len();
        let accept = |flags: Flags| Accept {
            anywhere: mode != Mode::Full && flags & (END | LINE_END) == 0,
            at_end: true,
        };
        let both = |one: Accept, other: Accept| Accept {
            anywhere: one.anywhere | other.anywhere,
            at_end: one.at_end | other.at_end,
        };
        let mut accepts = vec![Accept::default(); count];
        for (state, flags, _) in whole.last.iter().filter(|(_, flags, _)| flags & START == 0) {
            accepts[*state] = both(accepts[*state], accept(*flags));
        }
        let empty = whole.empty.iter().enumerate().filter(|(_, ways)| **ways > 0);
        let empty = empty.fold(Accept::default(), |all, (flags, _)| both(all, accept(flags)));
        let mut next = vec![Vec::new(); count];
        for ((from, to), ways) in self.edges {
            next[from].push((to, ways));
        }
        let mut first: Vec<usize> =
            whole.first.iter().filter(|(_, flags, _)| flags & END == 0).map(|(state, ..)| *state).collect();
        first.sort_unstable();
        first.dedup();
        let (letters, places, loops) = (self.letters, self.places, self.loops);
        Some(Automaton { letters, next, first, accept: accepts, empty, places, restart, loops })
    }
}

/// How often a repetition's body must and may be there.
fn copies(repeat: &Repeat, few: bool) -> (u32, u32) {
    let optional = repeat.max.map_or(0, |max| max - repeat.min.min(max));
    if few { (repeat.min.min(FEW), optional.min(FEW)) } else { (repeat.min, optional) }
}

/// How many states a node has, repetitions written out.
fn count(node: &Node, few: bool) -> u64 {
    match node {
        Node::Sequence(nodes) | Node::Choice(nodes) => {
            nodes.iter().fold(0u64, |all, node| all.saturating_add(count(node, few)))
        }
        Node::Set(..) => 1,
        Node::Repeat(repeat) => {
            let (min, optional) = copies(repeat, few);
            let copies =
                u64::from(min).saturating_add(u64::from(optional)).max(u64::from(repeat.max.is_none()));
            count(&repeat.body, few).saturating_mul(copies)
        }
        Node::Capture(_, body) | Node::Atomic(body) => count(body, few),
        Node::Assert(_) | Node::Look { .. } | Node::Same(_) => 0,
    }
}
