//! Where an automaton is ambiguous, and on which words.
//!
//! A matcher that backtracks takes exponential time on some text when a state has two different paths to itself on one
//! word (EDA), and polynomial time when a word leads from one loop to itself, from there to another loop, and from that
//! to itself (IDA), provided that the rest of the text makes each of the paths fail. The terms are those of Weber and
//! Seidl; the use for matchers is that of Weideman, van der Merwe, Berglund and Watson, "Analyzing matching time behavior
//! of backtracking regular expression matchers using ambiguity of NFA" (2016), and of Kirrage, Rathnayake and Thielecke,
//! "Static analysis for regular expression denial-of-service attacks" (2013).

use std::collections::{BTreeMap, VecDeque};

use super::automaton::Automaton;
use super::letters::Letters;

/// A word that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pump {
    /// The state that it leads from and back to.
    pub(super) state: usize,
    /// Other states on the way, for the place to report.
    pub(super) on_the_way: Vec<usize>,
    /// The word: the letters that each place may have.
    pub(super) word: Vec<Letters>,
}

/// Words tried for each loop.
const WORDS: usize = 4;

/// Pairs of states of two loops that are looked at.
const MOST_PAIRS: usize = 64;

/// A search with a budget.
pub(super) struct Search<'a> {
    automaton: &'a Automaton,
    /// The strongly connected components that have an edge inside, in order of their first state.
    components: Vec<Vec<usize>>,
    /// The place of a state's component in that list.
    component: Vec<Option<usize>>,
    left: u32,
}

impl<'a> Search<'a> {
    /// A search that takes at most `steps` steps.
    pub(super) fn new(automaton: &'a Automaton, steps: u32) -> Self {
        let mut components: Vec<Vec<usize>> = strong(automaton)
            .into_iter()
            .filter(|states| {
                states.len() > 1 || automaton.next[states[0]].iter().any(|(to, _)| *to == states[0])
            })
            .collect();
        components.sort();
        let mut component = vec![None; automaton.letters.len()];
        for (number, states) in components.iter().enumerate() {
            for state in states {
                component[*state] = Some(number);
            }
        }
        Search { automaton, components, component, left: steps }
    }

    /// The steps that are left.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// Words on which a state has two paths to itself.
    pub(super) fn exponential(&mut self) -> Vec<Pump> {
        let mut pumps = Vec::new();
        for number in 0..self.components.len() {
            if Some(self.components[number][0]) != self.automaton.restart {
                self.twice(number, &mut pumps);
                self.apart(number, &mut pumps);
            }
        }
        pumps.dedup();
        pumps
    }

    /// Edges that a matcher can take in two ways.
    fn twice(&mut self, number: usize, pumps: &mut Vec<Pump>) {
        let automaton = self.automaton;
        let inside = |state: &usize| self.component[*state] == Some(number);
        let states = &self.components[number];
        let double = states.iter().flat_map(|from| {
            automaton.next[*from]
                .iter()
                .filter(|(to, ways)| *ways > 1 && inside(to))
                .map(move |(to, _)| (*from, *to))
        });
        let double: Vec<_> = double.take(WORDS).collect();
        for (from, to) in double {
            let mut word = vec![automaton.letters[to]];
            if let Some(back) = self.way(&[to], from, Some(number)) {
                word.extend(back);
                pumps.push(Pump { state: from, on_the_way: vec![to], word });
            }
        }
    }

    /// Pairs of different states that one word leads to from one state, and another from there back to one state.
    fn apart(&mut self, number: usize, pumps: &mut Vec<Pump>) {
        let states = self.components[number].clone();
        if states.len() < 2 {
            return;
        }
        let (Some(there), Some(back)) = (self.pairs(number, false), self.pairs(number, true)) else { return };
        let mut both: Vec<_> =
            there.iter().filter_map(|(pair, way)| Some((way.0 + back.get(pair)?.0, *pair))).collect();
        both.sort_unstable();
        let mut words = 0;
        for (_, pair) in both {
            let mut word = Vec::new();
            let mut at = pair;
            while at.0 != at.1 {
                word.push(self.automaton.letters[at.0] & self.automaton.letters[at.1]);
                let Some((_, before)) = there.get(&at) else { break };
                at = *before;
            }
            let start = at.0;
            word.reverse();
            let mut at = pair;
            while at.0 != at.1 {
                let Some((_, after)) = back.get(&at) else { break };
                at = *after;
                word.push(self.automaton.letters[at.0] & self.automaton.letters[at.1]);
            }
            if let Some(home) = self.way(&[at.0], start, Some(number)) {
                word.extend(home);
                let pump = Pump { state: start, on_the_way: vec![pair.0, pair.1], word };
                if !pumps.iter().any(|known| known.word == pump.word && known.state == start) {
                    pumps.push(pump);
                    words += 1;
                }
            }
            if words == WORDS {
                return;
            }
        }
    }

    /// The pairs of different states that can be reached from a pair of equal ones, or that can reach one: each with
    /// the distance and the pair before (after). Pairs have no order.
    fn pairs(&mut self, number: usize, backward: bool) -> Option<Pairs> {
        let automaton = self.automaton;
        let edges = self.edges(number, backward);
        let mut known = Pairs::new();
        let mut queue: VecDeque<(Pair, u32)> =
            self.components[number].iter().map(|state| ((*state, *state), 0)).collect();
        while let Some(((one, other), distance)) = queue.pop_front() {
            // Backward the letters are those of the pair that is left, forward of the one that is entered.
            if backward && (automaton.letters[one] & automaton.letters[other]).is_empty() {
                continue;
            }
            for to in edges.get(&one).into_iter().flatten() {
                for too in edges.get(&other).into_iter().flatten() {
                    if !self.step() {
                        return None;
                    }
                    let pair = (*to.min(too), *to.max(too));
                    let common = backward || !(automaton.letters[*to] & automaton.letters[*too]).is_empty();
                    if pair.0 != pair.1 && common && !known.contains_key(&pair) {
                        known.insert(pair, (distance + 1, (one, other)));
                        queue.push_back((pair, distance + 1));
                    }
                }
            }
        }
        Some(known)
    }

    fn edges(&self, number: usize, backward: bool) -> BTreeMap<usize, Vec<usize>> {
        let mut edges: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for from in &self.components[number] {
            for (to, _) in
                self.automaton.next[*from].iter().filter(|(to, _)| self.component[*to] == Some(number))
            {
                let (key, value) = if backward { (*to, *from) } else { (*from, *to) };
                edges.entry(key).or_default().push(value);
            }
        }
        edges
    }

    /// A shortest way from one of `starts` to a state, inside a component when there is one given.
    pub(super) fn way(
        &mut self,
        starts: &[usize],
        goal: usize,
        inside: Option<usize>,
    ) -> Option<Vec<Letters>> {
        let mut before: BTreeMap<usize, Option<usize>> = starts.iter().map(|start| (*start, None)).collect();
        let mut queue: VecDeque<usize> = starts.iter().copied().collect();
        while let Some(state) = queue.pop_front() {
            if state == goal {
                let mut word = Vec::new();
                let mut at = state;
                while let Some(Some(previous)) = before.get(&at) {
                    word.push(self.automaton.letters[at]);
                    at = *previous;
                }
                word.reverse();
                return Some(word);
            }
            for (to, _) in &self.automaton.next[state] {
                if !self.step() {
                    return None;
                }
                let allowed = inside.is_none() || self.component[*to] == inside;
                if !allowed || self.automaton.letters[*to].is_empty() || before.contains_key(to) {
                    continue;
                }
                before.insert(*to, Some(state));
                queue.push_back(*to);
            }
        }
        None
    }

    /// A shortest way from the start to a state.
    pub(super) fn way_to(&mut self, state: usize) -> Option<Vec<Letters>> {
        let automaton = self.automaton;
        let mut shortest: Option<Vec<Letters>> = None;
        for start in automaton.first.iter().filter(|first| automaton.restart != Some(**first)) {
            // A start is entered by a letter of its own.
            let letters = automaton.letters[*start];
            if letters.is_empty() {
                continue;
            }
            let Some(way) = self.way(&[*start], state, None) else { continue };
            if shortest.as_ref().is_none_or(|short| way.len() + 1 < short.len()) {
                shortest = Some([vec![letters], way].concat());
            }
        }
        shortest
    }

    /// Words that one loop and a later one both repeat, with a way from the one to the other on the same word.
    pub(super) fn polynomial(&mut self, most: usize) -> Vec<Pump> {
        let mut pumps: Vec<Pump> = Vec::new();
        for later in 0..self.components.len() {
            let Some(towards) = self.reaching(later) else { return pumps };
            for earlier in (0..self.components.len()).filter(|earlier| *earlier != later) {
                if !self.step() || pumps.len() >= most {
                    return pumps;
                }
                let start = self.components[earlier][0];
                if !towards[start] || self.automaton.restart == Some(start) && !self.trims(start, later) {
                    continue;
                }
                if let Some(pump) = self.chained(earlier, later, &towards)
                    && !pumps.iter().any(|known| known.word == pump.word && known.state == pump.state)
                {
                    pumps.push(pump);
                }
            }
        }
        pumps
    }

    /// A match that may begin anywhere is begun anew at each place. That makes a square of nearly every loop, and is said
    /// only of a loop that is all there is up to the end of the text: the `\s+$` that trims a text.
    fn trims(&self, restart: usize, later: usize) -> bool {
        let automaton = self.automaton;
        automaton.next[restart].iter().any(|(to, _)| {
            let accept = automaton.accept[*to];
            self.component[*to] == Some(later) && accept.at_end && !accept.anywhere
        })
    }

    fn chained(&mut self, earlier: usize, later: usize, towards: &[bool]) -> Option<Pump> {
        let (from, to) = (self.components[earlier].clone(), self.components[later].clone());
        let pairs = from.iter().flat_map(|state| to.iter().map(move |end| (*state, *end)));
        for (state, end) in pairs.take(MOST_PAIRS) {
            if let Some(word) = self.bridge(state, end, towards) {
                return Some(Pump { state, on_the_way: vec![end], word });
            }
        }
        None
    }

    /// The states that can reach a component.
    fn reaching(&mut self, number: usize) -> Option<Vec<bool>> {
        let mut reaching: Vec<bool> = self.component.iter().map(|known| *known == Some(number)).collect();
        // Edges lead forward but for loops, so few rounds are needed.
        loop {
            let mut changed = false;
            for state in (0..reaching.len()).rev() {
                if !self.step() {
                    return None;
                }
                if !reaching[state] && self.automaton.next[state].iter().any(|(to, _)| reaching[*to]) {
                    reaching[state] = true;
                    changed = true;
                }
            }
            if !changed {
                return Some(reaching);
            }
        }
    }

    /// A word that leads from `state` to itself and to `end`, and from `end` to itself.
    fn bridge(&mut self, state: usize, end: usize, towards: &[bool]) -> Option<Vec<Letters>> {
        let automaton = self.automaton;
        let (start, goal) = ((state, state, end), (state, end, end));
        let mut before: BTreeMap<Triple, Option<Triple>> = BTreeMap::from([(start, None)]);
        let mut queue = VecDeque::from([start]);
        let inside = |search: &Self, state: usize| -> Vec<bool> {
            search.component.iter().map(|known| *known == search.component[state]).collect()
        };
        let (early, late) = (inside(self, state), inside(self, end));
        while let Some(at) = queue.pop_front() {
            for (one, _) in automaton.next[at.0].iter().filter(|(to, _)| early[*to]) {
                for (two, _) in automaton.next[at.1].iter().filter(|(to, _)| towards[*to]) {
                    let common = automaton.letters[*one] & automaton.letters[*two];
                    if common.is_empty() {
                        continue;
                    }
                    for (three, _) in automaton.next[at.2].iter().filter(|(to, _)| late[*to]) {
                        if !self.step() {
                            return None;
                        }
                        let next = (*one, *two, *three);
                        if (common & automaton.letters[*three]).is_empty() || before.contains_key(&next) {
                            continue;
                        }
                        before.insert(next, Some(at));
                        if next == goal {
                            return Some(self.word(&before, goal));
                        }
                        queue.push_back(next);
                    }
                }
            }
        }
        None
    }

    fn word(&self, before: &BTreeMap<Triple, Option<Triple>>, goal: Triple) -> Vec<Letters> {
        let letters = &self.automaton.letters;
        let (mut at, mut word) = (goal, Vec::new());
        while let Some(Some(previous)) = before.get(&at) {
            word.push(letters[at.0] & letters[at.1] & letters[at.2]);
            at = *previous;
        }
        word.reverse();
        word
    }
}

type Pair = (usize, usize);
type Triple = (usize, usize, usize);
type Pairs = BTreeMap<Pair, (u32, Pair)>;

/// The strongly connected components (Tarjan), without recursion.
fn strong(automaton: &Automaton) -> Vec<Vec<usize>> {
    let count = automaton.letters.len();
    let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
    let (mut open, mut stack, mut found) = (vec![false; count], Vec::new(), Vec::new());
    let mut next = 0;
    for root in 0..count {
        if index[root] != usize::MAX {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((state, edge)) = work.last_mut() {
            let state = *state;
            if *edge == 0 {
                (index[state], low[state], open[state]) = (next, next, true);
                next += 1;
                stack.push(state);
            }
            if let Some((to, _)) = automaton.next[state].get(*edge) {
                *edge += 1;
                if index[*to] == usize::MAX {
                    work.push((*to, 0));
                } else if open[*to] {
                    low[state] = low[state].min(index[*to]);
                }
                continue;
            }
            work.pop();
            if let Some((parent, _)) = work.last() {
                low[*parent] = low[*parent].min(low[state]);
            }
            if low[state] == index[state] {
                let from = stack.iter().rposition(|other| *other == state).unwrap_or(0);
                let mut component = stack.split_off(from);
                component.iter().for_each(|state| open[*state] = false);
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}
