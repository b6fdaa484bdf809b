//! Characters as the analysis sees them: each ASCII character is a letter, and so is each run of other characters that
//! no set of the expression tells apart.

use std::ops::{BitAnd, BitOr, Not};

/// A letter of the alphabet: an ASCII character, or 128 and the number of a run.
pub(super) type Letter = u8;

/// More runs than this are not told apart: the expression is left alone.
const MOST_RUNS: usize = 128;

/// Characters as an expression writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CharSet {
    ascii: u128,
    /// Beyond ASCII: inclusive, sorted, apart.
    wide: Vec<(u32, u32)>,
}

impl CharSet {
    /// Every character.
    pub(super) fn all() -> Self {
        CharSet { ascii: u128::MAX, wide: vec![(128, LAST)] }
    }

    /// The characters from `first` to `last`.
    pub(super) fn range(first: char, last: char) -> Self {
        let (first, last) = (u32::from(first), u32::from(last));
        let mut set = CharSet::default();
        for code in first..=last.min(127) {
            set.ascii |= 1 << code;
        }
        if last > 127 && first <= last {
            set.wide.push((first.max(128), last));
        }
        set
    }

    /// A single character.
    pub(super) fn one(character: char) -> Self {
        CharSet::range(character, character)
    }

    /// Ranges of characters.
    pub(super) fn ranges(ranges: &[(char, char)]) -> Self {
        ranges.iter().fold(CharSet::default(), |set, (first, last)| set.or(&CharSet::range(*first, *last)))
    }

    /// What is in either.
    pub(super) fn or(&self, other: &CharSet) -> Self {
        let mut wide: Vec<(u32, u32)> = Vec::with_capacity(self.wide.len() + other.wide.len());
        let mut all: Vec<_> = self.wide.iter().chain(&other.wide).copied().collect();
        all.sort_unstable();
        for (first, last) in all {
            match wide.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => wide.push((first, last)),
            }
        }
        CharSet { ascii: self.ascii | other.ascii, wide }
    }

    /// What is in it and not in the other.
    pub(super) fn and_not(&self, other: &CharSet) -> Self {
        self.not().or(other).not()
    }

    /// What is not in it.
    pub(super) fn not(&self) -> Self {
        let (mut wide, mut next) = (Vec::new(), 128);
        for (first, last) in &self.wide {
            if *first > next {
                wide.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            wide.push((next, LAST));
        }
        CharSet { ascii: !self.ascii, wide }
    }

    /// The set without regard to case.
    pub(super) fn folded(&self) -> Self {
        let upper = (self.ascii >> 97) & ((1 << 26) - 1);
        let lower = (self.ascii >> 65) & ((1 << 26) - 1);
        let mut set = CharSet { ascii: self.ascii | upper << 65 | lower << 97, wide: self.wide.clone() };
        // Of a wide range both cases are in it as a rule; single characters are what is written out.
        let few = self.wide.iter().filter(|(first, last)| last - first < 64);
        for code in few.flat_map(|(first, last)| *first..=*last) {
            let Some(character) = char::from_u32(code) else { continue };
            for other in character.to_lowercase().chain(character.to_uppercase()) {
                set = set.or(&CharSet::one(other));
            }
        }
        set
    }

    /// The part of it beyond ASCII.
    pub(super) fn without_ascii(&self) -> Self {
        CharSet { ascii: 0, wide: self.wide.clone() }
    }

    /// Whether a character is in it.
    #[cfg(test)]
    pub(super) fn contains(&self, character: char) -> bool {
        let code = u32::from(character);
        match code {
            0..128 => self.ascii >> code & 1 == 1,
            _ => self.wide.iter().any(|(first, last)| (*first..=*last).contains(&code)),
        }
    }
}

const LAST: u32 = char::MAX as u32;

/// A set of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Letters(u128, u128);

impl Letters {
    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self == Letters::default()
    }

    /// Whether a letter is in it.
    pub(super) fn contains(self, letter: Letter) -> bool {
        let half = if letter < 128 { self.0 } else { self.1 };
        half >> (letter & 127) & 1 == 1
    }

    /// The letter of it that a reader takes in most easily.
    pub(super) fn pick(self) -> Option<Letter> {
        const LIKED: [std::ops::RangeInclusive<u8>; 9] = [
            b'a'..=b'z',
            b'0'..=b'9',
            b'A'..=b'Z',
            b'!'..=b'!',
            b'-'..=b'.',
            b' '..=b'~',
            9..=10,
            0..=127,
            128..=255,
        ];
        LIKED.into_iter().flatten().find(|letter| self.contains(*letter))
    }
}

impl BitAnd for Letters {
    type Output = Letters;

    fn bitand(self, other: Letters) -> Letters {
        Letters(self.0 & other.0, self.1 & other.1)
    }
}

impl BitOr for Letters {
    type Output = Letters;

    fn bitor(self, other: Letters) -> Letters {
        Letters(self.0 | other.0, self.1 | other.1)
    }
}

impl Not for Letters {
    type Output = Letters;

    fn not(self) -> Letters {
        Letters(!self.0, !self.1)
    }
}

/// The letters of one expression.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// The first characters of the runs.
    runs: Vec<u32>,
    /// Every letter.
    pub(super) all: Letters,
}

impl Alphabet {
    /// The alphabet that tells `sets` apart; `None` when it would be too large.
    pub(super) fn new(sets: &[CharSet]) -> Option<Self> {
        let ends = sets.iter().flat_map(|set| &set.wide).flat_map(|(first, last)| [*first, last + 1]);
        let mut runs: Vec<u32> = ends.chain([128]).filter(|first| *first <= LAST).collect();
        runs.sort_unstable();
        runs.dedup();
        let all = match runs.len() {
            MOST_RUNS => u128::MAX,
            few => (1 << few.min(MOST_RUNS - 1)) - 1,
        };
        (runs.len() <= MOST_RUNS).then_some(Alphabet { runs, all: Letters(u128::MAX, all) })
    }

    /// The letters of a set.
    pub(super) fn letters(&self, set: &CharSet) -> Letters {
        let mut wide = 0;
        for (number, first) in self.runs.iter().enumerate() {
            if set.wide.iter().any(|(from, to)| (*from..=*to).contains(first)) {
                wide |= 1 << number;
            }
        }
        Letters(set.ascii, wide)
    }

    /// A character that a letter stands for.
    pub(super) fn character(&self, letter: Letter) -> char {
        let run = letter.checked_sub(128).map(usize::from);
        run.map_or(letter as char, |run| {
            self.runs.get(run).and_then(|code| char::from_u32(*code)).unwrap_or(char::REPLACEMENT_CHARACTER)
        })
    }
}

/// What `\d`, `\w` and `\s` stand for. Beyond ASCII the sets are those blocks that people meet: the analysis prefers
/// ASCII where it has a choice.
pub(super) mod named {
    use super::CharSet;

    const LETTERS: [(char, char); 4] =
        [('\u{c0}', '\u{24f}'), ('\u{370}', '\u{1fff}'), ('\u{3040}', '\u{d7ff}'), ('\u{f900}', '\u{fdff}')];

    /// `\d`
    pub(in super::super) fn digit(unicode: bool) -> CharSet {
        let wide = if unicode { CharSet::range('\u{660}', '\u{669}') } else { CharSet::default() };
        CharSet::range('0', '9').or(&wide)
    }

    /// `\w`
    pub(in super::super) fn word(unicode: bool) -> CharSet {
        let ascii = CharSet::ranges(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]);
        if unicode { ascii.or(&CharSet::ranges(&LETTERS)).and_not(&space(true, true)) } else { ascii }
    }

    /// `\s`; `wide`: also the spaces beyond ASCII.
    pub(in super::super) fn space(wide: bool, python: bool) -> CharSet {
        let mut set = CharSet::ranges(&[('\t', '\r'), (' ', ' ')]);
        if wide {
            set = set.or(&CharSet::ranges(&[
                ('\u{a0}', '\u{a0}'),
                ('\u{1680}', '\u{1680}'),
                ('\u{2000}', '\u{200a}'),
                ('\u{2028}', '\u{2029}'),
                ('\u{202f}', '\u{202f}'),
                ('\u{205f}', '\u{205f}'),
                ('\u{3000}', '\u{3000}'),
            ]));
            let own: &[(char, char)] = if python {
                &[('\u{1c}', '\u{1f}'), ('\u{85}', '\u{85}')]
            } else {
                &[('\u{feff}', '\u{feff}')]
            };
            set = set.or(&CharSet::ranges(own));
        }
        set
    }

    /// What `.` does not match.
    pub(in super::super) fn line_break(python: bool) -> CharSet {
        if python {
            CharSet::one('\n')
        } else {
            CharSet::ranges(&[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')])
        }
    }
}
