//! One plain term: found however its words are joined, and whatever their case.

use std::collections::BTreeMap;
use std::ops::Range;

/// How much white space and how many separators may stand between two words, in bytes.
const GAP: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A character as it is written.
    Character(char),
    /// Between two words.
    Gap,
}

/// A term cut into characters and gaps. `Debug` is left out: it would show the term.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Plain {
    units: Vec<Unit>,
    case: bool,
    /// The units that a search looks for; the rest is compared around them.
    anchor: Range<usize>,
}

impl Plain {
    /// `None` when nothing of `text` can be looked for.
    pub(super) fn new(text: &str, case: bool) -> Option<Self> {
        let text = text.trim();
        // What stands before the first word and behind the last is part of the term, not of a gap.
        let first = text.len() - text.trim_start_matches(separates).len();
        let last = text.trim_end_matches(separates).len();
        let mut units: Vec<Unit> = Vec::new();
        for (at, character) in text.char_indices() {
            match separates(character) && first < at && at < last {
                true if units.last() == Some(&Unit::Gap) => {}
                true => units.push(Unit::Gap),
                false => units.push(Unit::Character(character)),
            }
        }
        let anchor = runs(&units).into_iter().max_by_key(|run| run.len())?;
        Some(Plain { units, case, anchor })
    }

    /// Its characters, gaps left out.
    pub(super) fn length(&self) -> usize {
        self.units.iter().filter(|unit| **unit != Unit::Gap).count()
    }

    /// Chooses the run of characters to look for, the one that fewest terms share, and returns the spellings of it that
    /// a search without regard to ASCII case has to know.
    pub(super) fn anchor(&mut self, common: &BTreeMap<String, usize>) -> Vec<String> {
        let rarity = |run: &Range<usize>| {
            let shared = common.get(&self.text(run).to_lowercase()).copied().unwrap_or(0);
            (run.len() >= 2, std::cmp::Reverse(shared), run.len())
        };
        if let Some(best) = runs(&self.units).into_iter().max_by_key(rarity) {
            self.anchor = best;
        }
        let text = self.text(&self.anchor);
        if text.is_ascii() || self.case {
            return vec![text];
        }
        let lower: String = text.chars().map(fold).collect();
        let mut rest = lower.chars();
        let capital = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
        let mut spellings = vec![lower.to_uppercase(), capital, lower, text];
        spellings.sort();
        spellings.dedup();
        spellings
    }

    fn text(&self, run: &Range<usize>) -> String {
        let units = self.units.get(run.clone()).unwrap_or_default();
        units.iter().filter_map(|unit| if let Unit::Character(c) = unit { Some(*c) } else { None }).collect()
    }

    /// The place of the term around a `hit` of its anchor.
    pub(super) fn around(&self, text: &str, hit: &Range<usize>) -> Option<Range<usize>> {
        let mut here = text.get(hit.clone())?.chars();
        let anchor = self.units.get(self.anchor.clone())?;
        let same = anchor.iter().all(|unit| here.next().is_some_and(|character| self.is(*unit, character)));
        if !same || here.next().is_some() {
            return None;
        }
        let mut end = hit.end;
        for unit in self.units.get(self.anchor.end..)? {
            end += match unit {
                Unit::Gap => gap(text.get(end..)?),
                unit => text.get(end..)?.chars().next().filter(|c| self.is(*unit, *c))?.len_utf8(),
            };
        }
        let mut start = hit.start;
        for unit in self.units.get(..self.anchor.start)?.iter().rev() {
            start -= match unit {
                Unit::Gap => gap_before(text.get(..start)?)?,
                unit => text.get(..start)?.chars().next_back().filter(|c| self.is(*unit, *c))?.len_utf8(),
            };
        }
        (free_before(text, start) && free_behind(text, end)).then_some(start..end)
    }

    /// Every place of the term in a short text.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let length = self.anchor.len();
        let starts = text.char_indices().map(|(at, _)| at);
        starts
            .filter_map(|start| {
                let end = text[start..].char_indices().nth(length).map_or(text.len(), |(at, _)| start + at);
                self.around(text, &(start..end))
            })
            .collect()
    }

    fn is(&self, unit: Unit, character: char) -> bool {
        match unit {
            Unit::Character(ours) => ours == character || !self.case && fold(ours) == fold(character),
            Unit::Gap => false,
        }
    }
}

/// How many terms have each run of characters: what many share makes a poor anchor.
pub(super) fn common<'a>(terms: impl Iterator<Item = &'a Plain>) -> BTreeMap<String, usize> {
    let mut common = BTreeMap::new();
    for term in terms {
        for run in runs(&term.units) {
            *common.entry(term.text(&run).to_lowercase()).or_insert(0) += 1;
        }
    }
    common
}

/// The runs without a gap, each of ASCII characters only or of others only.
fn runs(units: &[Unit]) -> Vec<Range<usize>> {
    let kind = |unit: &Unit| match unit {
        Unit::Character(character) => Some(character.is_ascii()),
        Unit::Gap => None,
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| kind(units.get(before)?));
        match (kind(unit), runs.last_mut()) {
            (None, _) => {}
            (Some(ascii), Some(run)) if before == Some(ascii) => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    // The search ignores the case of ASCII letters only: what is ASCII is found in any spelling.
    let ascii = |run: &Range<usize>| units.get(run.start).and_then(kind) == Some(true);
    if runs.iter().any(|run| ascii(run) && run.len() >= 2) {
        runs.retain(|run| ascii(run) && run.len() >= 2);
    }
    runs
}

fn fold(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

/// What stands between the words of a term, however it is written.
fn separates(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '_')
}

/// What begins a line of a comment, of a quotation or of a drawn box.
fn marks(character: char) -> bool {
    matches!(character, '#' | '/' | '*' | '>' | ';' | '|' | '!')
}

/// The length of the gap that `text` begins with; none at all is one too. Of white space it may be any, with the marker
/// of a comment where it breaks the line.
fn gap(text: &str) -> usize {
    let mut characters = text.chars();
    if matches!(characters.next(), Some('.' | '/' | '+'))
        && characters.next().is_some_and(char::is_alphanumeric)
    {
        return 1;
    }
    let mut broken = false;
    for (at, character) in text.char_indices() {
        broken |= character == '\n';
        if at >= GAP || !(separates(character) || broken && marks(character)) {
            return at;
        }
    }
    text.len()
}

/// The length of the gap that `text` ends with; `None` when what stands there joins no words.
fn gap_before(text: &str) -> Option<usize> {
    let inside = |character: &char| separates(*character) || marks(*character);
    let length: usize = text.chars().rev().take(GAP).take_while(inside).map(char::len_utf8).sum();
    let word = |end: usize| text.get(..end).is_some_and(|before| before.ends_with(char::is_alphanumeric));
    if text.ends_with(['.', '/', '+']) && word(text.len() - 1) {
        return Some(1);
    }
    // What looks like a marker may be the last character of the word before.
    let run = text.get(text.len() - length..)?;
    let starts = run.char_indices().map(|(at, _)| at).chain([run.len()]);
    starts.map(|at| &run[at..]).find(|rest| gap(rest) == rest.len()).map(str::len)
}

/// Scripts that put no space between words: a term in one may stand anywhere.
fn unspaced(character: char) -> bool {
    matches!(u32::from(character), 0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x9fff
        | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

fn joined(one: char, other: char) -> bool {
    one.is_alphanumeric() && other.is_alphanumeric() && !unspaced(one) && !unspaced(other)
}

/// Whether a word begins at `start`: behind no letter or digit, or at a capital behind a small letter (`ourKestrel`), or
/// behind an escape (`\nkestrel`).
fn free_before(text: &str, start: usize) -> bool {
    let (before, here) = text.split_at_checked(start).unwrap_or((text, ""));
    let (Some(last), Some(first)) = (before.chars().next_back(), here.chars().next()) else { return true };
    let hump = last.is_lowercase() && first.is_uppercase();
    let escape = "ntrbfv0".contains(last) && {
        let slashes = before.bytes().rev().skip(1).take_while(|byte| *byte == b'\\').count();
        slashes % 2 == 1
    };
    !joined(last, first) || hump || escape
}

/// Whether a word ends at `end`: before no letter or digit, or behind a small letter before a capital (`KestrelClient`).
fn free_behind(text: &str, end: usize) -> bool {
    let (here, behind) = text.split_at_checked(end).unwrap_or((text, ""));
    let (Some(last), Some(first)) = (here.chars().next_back(), behind.chars().next()) else { return true };
    !joined(last, first) || last.is_lowercase() && first.is_uppercase()
}
