//! From an ambiguous word to a text that takes long: how to get to it, how to make the match fail behind it, and a trial
//! on the matcher that counts steps, without which nothing is said.

use std::collections::{BTreeSet, VecDeque};

use super::ambiguity::{Pump, Search};
use super::automaton::{Automaton, Mode};
use super::letters::{Alphabet, Letter, Letters, named};
use super::machine::Machine;

/// How the time grows with the number of repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Growth {
    /// As this power of it; the trial does not tell powers above four apart.
    Power(u32),
    /// It multiplies with each.
    Exponential,
}

/// A text that takes long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attack {
    /// How long.
    pub(super) growth: Growth,
    /// How it starts.
    pub(super) prefix: Vec<Letter>,
    /// What is repeated.
    pub(super) word: Vec<Letter>,
    /// How it ends.
    pub(super) suffix: Vec<Letter>,
}

/// Words of one choice of letters.
const MOST_SPELLINGS: usize = 5;

/// Endings looked at before the search for one is given up.
const MOST_SETS: usize = 150;

/// Steps of the matcher a trial.
const TRIAL: u64 = 200_000;

/// Tries words out.
pub(super) struct Trial<'a> {
    pub(super) automaton: &'a Automaton,
    pub(super) machine: &'a Machine,
    pub(super) mode: Mode,
    /// A letter of each kind that the expression tells apart.
    pub(super) kinds: Vec<Letter>,
    /// Steps of this and of the matcher that are left for this expression.
    pub(super) left: u64,
}

impl Trial<'_> {
    /// The text that a word makes, when it takes long indeed.
    pub(super) fn attack(
        &mut self,
        search: &mut Search<'_>,
        pump: &Pump,
        exponential: bool,
    ) -> Option<Attack> {
        // Of a match that may begin anywhere the first place is one that an expression may ask for.
        let ways = match self.automaton.restart == Some(pump.state) {
            true => vec![Vec::new(), vec![self.automaton.letters[pump.state]]],
            false => vec![search.way_to(pump.state)?],
        };
        for way in ways {
            let prefix = self.spelt(&way, None);
            for word in self.spellings(&pump.word) {
                for suffix in self.suffixes(&prefix, &word) {
                    let growth = if exponential {
                        self.multiplies(&prefix, &word, &suffix).then_some(Growth::Exponential)
                    } else {
                        self.power(&prefix, &word, &suffix)
                    };
                    if let Some(growth) = growth {
                        return Some(Attack { growth, prefix, word, suffix });
                    }
                }
            }
        }
        None
    }

    /// Words of those letters: with the letters that are easiest to read, then each with as much of one kind as can be,
    /// for what must fail behind it may take some of them.
    fn spellings(&self, word: &[Letters]) -> Vec<Vec<Letter>> {
        let mut spellings = vec![self.spelt(word, None)];
        for kind in self.kinds.iter().filter(|kind| word.iter().any(|letters| letters.contains(**kind))) {
            let spelling = self.spelt(word, Some(*kind));
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings.truncate(MOST_SPELLINGS);
        spellings
    }

    fn spelt(&self, word: &[Letters], liked: Option<Letter>) -> Vec<Letter> {
        let letter =
            |letters: &Letters| liked.filter(|liked| letters.contains(*liked)).or_else(|| letters.pick());
        word.iter().filter_map(letter).collect()
    }

    fn steps(&mut self, prefix: &[Letter], word: &[Letter], suffix: &[Letter], times: usize) -> Option<u64> {
        let text = [prefix, &word.repeat(times), suffix].concat();
        let most = TRIAL.min(self.left);
        let run = self.machine.run(&text, self.mode == Mode::Search, self.mode == Mode::Full, most);
        self.left -= run.steps.min(self.left);
        (!run.cut).then_some(run.steps)
    }

    /// Whether six more repetitions multiply the time: by 64 when a word leads back in two ways, while a fifth power
    /// makes less of them.
    fn multiplies(&mut self, prefix: &[Letter], word: &[Letter], suffix: &[Letter]) -> bool {
        let Some(few) = self.steps(prefix, word, suffix, 8) else { return self.left > 0 };
        let more = self.steps(prefix, word, suffix, 14);
        self.left > 0 && more.is_none_or(|more| more > 16 * few)
    }

    /// The power with which the time grows, when it is more than linear.
    fn power(&mut self, prefix: &[Letter], word: &[Letter], suffix: &[Letter]) -> Option<Growth> {
        let mut before = self.steps(prefix, word, suffix, 4)?;
        let mut power = None;
        for times in [8, 16, 32, 64, 128] {
            let Some(now) = self.steps(prefix, word, suffix, times) else { break };
            power = match 100 * now / before.max(1) {
                ..283 => None,
                283..566 => Some(Growth::Power(2)),
                566..1131 => Some(Growth::Power(3)),
                _ => Some(Growth::Power(4)),
            };
            before = now;
        }
        power.filter(|_| self.left > 0)
    }

    /// Endings that may make a match fail: one that makes it fail for sure first.
    fn suffixes(&mut self, prefix: &[Letter], word: &[Letter]) -> Vec<Vec<Letter>> {
        let mut suffixes: Vec<Vec<Letter>> = self.failing(prefix, word).into_iter().collect();
        // A match that exists may be tried last, and a look or a group may make fail what the automaton takes.
        let short = std::iter::once(Vec::new()).chain(self.kinds.iter().map(|letter| vec![*letter]));
        for suffix in short.take(8) {
            if !suffixes.contains(&suffix) {
                suffixes.push(suffix);
            }
        }
        suffixes
    }

    /// A shortest ending behind which no text of the automaton ends.
    fn failing(&mut self, prefix: &[Letter], word: &[Letter]) -> Option<Vec<Letter>> {
        if self.automaton.empty.anywhere {
            return None;
        }
        let mut set: Option<Vec<usize>> = None;
        let lead = prefix.iter().chain(word.iter().cycle().take(word.len() * 12));
        for letter in lead {
            set = Some(self.after(set.as_deref(), *letter)?);
        }
        let start = set?;
        let mut known = BTreeSet::from([start.clone()]);
        let mut queue = VecDeque::from([(start, Vec::new())]);
        while let Some((set, ending)) = queue.pop_front() {
            if !set.iter().any(|state| self.automaton.accept[*state].at_end) {
                return Some(ending);
            }
            for letter in &self.kinds.clone() {
                if self.left == 0 {
                    return None;
                }
                let Some(next) = self.after(Some(&set), *letter) else { continue };
                if known.len() < MOST_SETS && known.insert(next.clone()) {
                    let ending: Vec<Letter> = ending.iter().chain([letter]).copied().collect();
                    queue.push_back((next, ending));
                }
            }
        }
        None
    }

    /// The states after a letter; `None` when the text matches there, whatever follows.
    fn after(&mut self, set: Option<&[usize]>, letter: Letter) -> Option<Vec<usize>> {
        let automaton = self.automaton;
        let edges = set.unwrap_or_default().iter().map(|state| automaton.next[*state].len() as u64);
        self.left = self.left.saturating_sub(1 + edges.sum::<u64>());
        let all: BTreeSet<usize> = match set {
            None => automaton.first.iter().copied().collect(),
            Some(set) => {
                set.iter().flat_map(|state| automaton.next[*state].iter().map(|(to, _)| *to)).collect()
            }
        };
        let states: Vec<usize> =
            all.into_iter().filter(|state| automaton.letters[*state].contains(letter)).collect();
        (!states.iter().any(|state| automaton.accept[*state].anywhere)).then_some(states)
    }
}

/// A letter of each kind that the states tell apart, the least likely to be matched first.
pub(super) fn kinds(automaton: &Automaton, alphabet: &Alphabet) -> Vec<Letter> {
    const MOST_KINDS: usize = 64;
    let mut sets: Vec<Letters> = automaton.letters.clone();
    // The ends of words are told apart too.
    sets.push(alphabet.letters(&named::word(false)));
    sets.sort_unstable();
    sets.dedup();
    let mut kinds = vec![alphabet.all];
    for set in sets {
        let halves = kinds.iter().flat_map(|kind| [*kind & set, *kind & !set]);
        kinds = halves.filter(|half| !half.is_empty()).collect();
        if kinds.len() > MOST_KINDS {
            break;
        }
    }
    let shown = |kind: &Letters| if kind.contains(b'!') { Some(b'!') } else { kind.pick() };
    let mut letters: Vec<Letter> = kinds.iter().filter_map(shown).collect();
    // Few states take what few take.
    letters.sort_by_key(|letter| {
        (automaton.letters.iter().filter(|set| set.contains(*letter)).count(), *letter != b'!', *letter)
    });
    letters
}
