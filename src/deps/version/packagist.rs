//! Versions of Packagist, ordered as PHP's `version_compare` does: numbers and words, words by rank.

use std::cmp::Ordering;

use super::number::{Number, runs};

/// A version by its parts.
#[derive(Debug, Clone)]
pub(in crate::deps) struct Packagist(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Number(Number),
    /// A word, by its rank.
    Word(u8),
}

/// The rank of a number among words.
const NUMBER: u8 = 5;

impl Packagist {
    /// Reads a version; a leading `v` is passed over. Any text is one but the name of a branch, `dev-main`, which is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("dev-") {
            return None;
        }
        let text = text.trim_start_matches(['v', 'V']);
        let parts = text.split(['.', '-', '_', '+']).flat_map(runs);
        Some(Packagist(
            parts.map(|run| Number::of(run).map_or_else(|| Part::Word(rank(run)), Part::Number)).collect(),
        ))
    }

    /// The order of two versions.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let different =
            self.0.iter().zip(&other.0).map(|(one, other)| one.order(other)).find(|order| order.is_ne());
        different.unwrap_or_else(|| match self.0.len().cmp(&other.0.len()) {
            Ordering::Greater => beyond(&self.0[other.0.len()..]),
            Ordering::Less => beyond(&other.0[self.0.len()..]).reverse(),
            Ordering::Equal => Ordering::Equal,
        })
    }
}

impl Part {
    fn rank(&self) -> u8 {
        match self {
            Part::Number(_) => NUMBER,
            Part::Word(rank) => *rank,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Part::Number(one), Part::Number(other)) => one.cmp(other),
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }
}

/// A version that goes on where the other ends: with a number it is later, with a word as the word has it. `#` stands for
/// any number.
fn beyond(parts: &[Part]) -> Ordering {
    match parts {
        [Part::Number(_), ..] => Ordering::Greater,
        [Part::Word(NUMBER), rest @ ..] => beyond(rest),
        [] => Ordering::Equal,
        [Part::Word(rank), ..] => rank.cmp(&NUMBER),
    }
}

/// The rank of a word; what PHP does not know comes first.
fn rank(word: &str) -> u8 {
    let starts = |known: &str| word.starts_with(known);
    match word {
        _ if starts("dev") => 1,
        _ if starts("a") => 2,
        _ if starts("b") => 3,
        _ if starts("RC") || starts("rc") => 4,
        _ if starts("#") => NUMBER,
        _ if starts("p") => 6,
        _ => 0,
    }
}
