//! Regular expressions of the analysed code that take long on some text.
//!
//! Both Python's `re` and the JavaScript engines match by backtracking. An expression is read ([`parse`]), its position
//! automaton is searched for ambiguity ([`automaton`], [`ambiguity`]), a text is made of what is found ([`attack`]), and
//! the text is tried on a matcher that counts its steps ([`machine`]). So what is reported was seen to take long; what
//! is not reported is not shown to be fast: an expression that is too large, uses syntax that is not read here, or is
//! put together at run time is not decided.

mod ambiguity;
mod attack;
mod automaton;
mod class;
mod letters;
mod machine;
mod parse;
mod place;
mod syntax;

use ambiguity::{Pump, Search};
use attack::{Attack, Growth, Trial};
use automaton::{Automaton, Mode};
use letters::Alphabet;
use machine::Machine;
use place::Place;
use syntax::{Flags, Flavour};

use crate::finding::{Finding, Note, NoteKind, Severity, printable};
use crate::redact::View;
use crate::rule::{Rule, RuleSet};
use crate::syntax::{Imports, Parsed, Table};

/// Steps of the search for ambiguity an expression.
const SEARCH: u32 = 1_500_000;

/// Steps of trials an expression, the matcher's among them.
const TRIALS: u64 = 3_000_000;

/// Words tried of each sort.
const MOST_WORDS: usize = 8;

/// Steps of all kinds a file.
const STEPS_A_FILE: u64 = 15_000_000;

/// Steps that any expression takes.
const LEAST: u64 = 1_000;

/// The rule that reports them.
const RULE: &str = "inefficient-regex";

/// The rule for expressions that take long.
pub(super) struct SlowRegexes(Option<Rule>);

impl SlowRegexes {
    /// Takes the rule from `rules`; without it nothing is looked for.
    pub(super) fn new(rules: &RuleSet) -> Self {
        SlowRegexes(rules.get(RULE).cloned())
    }

    /// The findings in one parsed view, in order, and what was not looked at.
    pub(super) fn find(
        &self,
        view: &View<'_>,
        parsed: &Parsed<'_>,
        imports: &Imports,
        table: &Table<'_>,
    ) -> (Vec<Finding>, Vec<Note>) {
        let Some(rule) = &self.0 else { return Default::default() };
        let (mut findings, mut notes) = (Vec::new(), Vec::new());
        let mut left = STEPS_A_FILE;
        for place in place::places(parsed, imports, table) {
            if left < LEAST {
                let message = "regular expressions were looked at up to a step budget; split the file";
                let path = view.path().unwrap_or(view.document().path());
                notes.push(Note::new(NoteKind::Partial, path, message));
                break;
            }
            let text: Vec<char> = place.text.iter().map(|(character, _)| *character).collect();
            if let Some(found) = check(&text, place.flavour, place.flags, place.mode, &mut left) {
                findings.push(finding(rule, view, &place, &found));
            }
        }
        (findings, notes)
    }
}

fn finding(rule: &Rule, view: &View<'_>, place: &Place, found: &Weakness) -> Finding {
    let at = |index: u32| place.text.get(index as usize).map(|(_, at)| *at);
    let start = at(found.span.0).unwrap_or(place.end);
    let behind = at(found.span.1 + 1).unwrap_or(place.end);
    // The parts of a string may stand in any order.
    let range = if behind > start { start..behind } else { start..place.end.max(start) };
    let growth = match found.growth {
        Growth::Exponential => "exponential",
        Growth::Power(2) => "quadratic",
        Growth::Power(3) => "cubic",
        Growth::Power(_) => "polynomial",
    };
    let mut finding = view.finding(rule, range, &[("growth", growth), ("attack", &found.attack())]);
    if matches!(found.growth, Growth::Power(2 | 3)) {
        finding.severity = finding.severity.min(Severity::Low);
    }
    finding
}

impl Weakness {
    /// The text in words.
    fn attack(&self) -> String {
        let quoted = |text: &str| {
            let text = text.replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r");
            format!("`{}`", printable(&text))
        };
        // `aa` again and again is `a` again and again, and one more of them at the start makes no difference.
        let word = (1..=self.word.len()).filter_map(|length| self.word.get(..length));
        let word = word.into_iter().find(|part| self.word.replace(part, "").is_empty()).unwrap_or(&self.word);
        let mut prefix = self.prefix.as_str();
        while let Some(shorter) = prefix.strip_suffix(word) {
            prefix = shorter;
        }
        let mut said = match prefix {
            "" => format!("a text of many {}", quoted(word)),
            prefix => format!("a text of {} and many {}", quoted(prefix), quoted(word)),
        };
        if !self.suffix.is_empty() {
            said += &format!(" followed by {}", quoted(&self.suffix));
        }
        said
    }
}

/// An expression that takes long, and the text it takes long on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Weakness {
    growth: Growth,
    prefix: String,
    word: String,
    suffix: String,
    /// The characters of the expression that take long, first and last.
    span: (u32, u32),
}

/// The worst that a text can do to an expression; `None` when nothing is found or it is not decided.
fn check(text: &[char], flavour: Flavour, flags: Flags, mode: Mode, left: &mut u64) -> Option<Weakness> {
    // Without a repetition that has no end there is no loop.
    if !text.iter().any(|c| matches!(c, '*' | '+' | '{')) {
        return None;
    }
    *left = left.saturating_sub(text.len() as u64);
    let regex = parse::parse(text, flavour, flags)?;
    let alphabet = Alphabet::new(&regex.sets)?;
    let automaton = Automaton::new(&regex, &alphabet, mode, left)?;
    let mut search = Search::new(&automaton, SEARCH);
    let found = worst(&regex, &alphabet, &automaton, &mut search, mode, left);
    *left = left.saturating_sub(u64::from(SEARCH - search.left()));
    let (found, pump) = found?;
    let Attack { growth, prefix, word, suffix } = found;
    let written = |letters: &[u8]| letters.iter().map(|letter| alphabet.character(*letter)).collect();
    let span = innermost(&automaton, &pump);
    Some(Weakness { growth, prefix: written(&prefix), word: written(&word), suffix: written(&suffix), span })
}

fn worst(
    regex: &syntax::Regex,
    alphabet: &Alphabet,
    automaton: &Automaton,
    search: &mut Search<'_>,
    mode: Mode,
    left: &mut u64,
) -> Option<(Attack, Pump)> {
    let exponential = search.exponential();
    let mut pumps = if exponential.is_empty() { search.polynomial(MOST_WORDS) } else { Vec::new() };
    if exponential.is_empty() && pumps.is_empty() {
        return None;
    }
    let machine = Machine::new(regex, alphabet)?;
    let kinds = attack::kinds(automaton, alphabet);
    let mut trial = Trial { automaton, machine: &machine, mode, kinds, left: TRIALS };
    let mut found = exponential
        .into_iter()
        .take(MOST_WORDS)
        .find_map(|pump| Some((trial.attack(search, &pump, true)?, pump)));
    if found.is_none() {
        if pumps.is_empty() {
            pumps = search.polynomial(MOST_WORDS);
        }
        let attacks = pumps.into_iter().filter_map(|pump| Some((trial.attack(search, &pump, false)?, pump)));
        // The first of the worst.
        found = attacks.reduce(|worst, next| if next.0.growth > worst.0.growth { next } else { worst });
    }
    *left = left.saturating_sub(TRIALS - trial.left);
    found
}

/// The smallest repetition without an end that holds what is repeated.
fn innermost(automaton: &Automaton, pump: &Pump) -> (u32, u32) {
    let states =
        pump.on_the_way.iter().chain([&pump.state]).filter(|state| automaton.restart != Some(**state));
    let places: Vec<u32> = states.map(|state| automaton.places[*state]).collect();
    let (first, last) =
        (places.iter().min().copied().unwrap_or(0), places.iter().max().copied().unwrap_or(0));
    let mut around: Vec<_> =
        automaton.loops.iter().filter(|(start, end)| *start <= first && last <= *end).copied().collect();
    around.sort_unstable_by_key(|(start, end)| end - start);
    around.dedup();
    // One set that is repeated in two ways is so by two repetitions.
    let nested = pump.on_the_way == [pump.state] && around.len() > 1;
    around.get(usize::from(nested)).copied().unwrap_or((first, last))
}

#[cfg(test)]
mod tests;
