//! Dates of birth: a date of any notation behind a word for a birth.

use std::ops::Range;

use super::context::Context;
use super::shape::{cut_off, free};
use super::text::joint;
use super::words::BORN;

/// How far behind its word a date may begin.
const REACH: usize = 24;

/// The first letters of the months, in the languages of the words.
const MONTHS: &[&str] = &[
    "jan",
    "feb",
    "mar",
    "m\u{e4}r",
    "apr",
    "may",
    "mai",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "okt",
    "nov",
    "dec",
    "dez",
    "d\u{e9}c",
    "f\u{e9}v",
    "avr",
    "ao\u{fb}",
    "jui",
    "ene",
    "abr",
    "ago",
    "dic",
    "gen",
    "mag",
    "giu",
    "lug",
    "set",
    "ott",
    "mrt",
    "mei",
    "mag",
    "lut",
    "kwi",
    "cze",
    "lip",
    "sie",
    "wrz",
    "pa\u{17a}",
    "lis",
    "gru",
    "sty",
    "out",
    "maj",
    "fev",
];

/// The date around the digits `start..end`, behind a word for a birth.
pub(super) fn at(text: &str, start: usize, end: usize, context: &mut Context<'_>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if end - start > 4 || end - start == 3 || !free(bytes, start) {
        return None;
    }
    let range = numeric(bytes, start, end)
        .or_else(|| day_first(text, start, end))
        .or_else(|| month_first(text, start, end))?;
    context.distance(BORN, range.start, REACH)?;
    Some(range)
}

/// `1985-03-14`, `14.03.1985`, `3/14/85`.
fn numeric(bytes: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let (mut at, mut groups, mut separator) = (end, [(start, end); 3], None);
    for group in &mut groups[1..] {
        let (mark, length) = joint(bytes, at).filter(|(mark, _)| b"-./ ".contains(mark))?;
        if *separator.get_or_insert(mark) != mark {
            return None;
        }
        at += length;
        // `14. 3. 1985`
        at += usize::from(mark == b'.' && bytes.get(at) == Some(&b' '));
        let digits = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
        *group = (at, at + digits);
        at += digits;
    }
    let number = |(start, end): (usize, usize)| {
        bytes[start..end].iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'))
    };
    let lengths = groups.map(|(start, end)| end - start);
    let [one, two, three] = groups.map(number);
    let day = |day: u32, month: u32| (1..=31).contains(&day) && (1..=12).contains(&month);
    let plausible = match lengths {
        [4, 1 | 2, 1 | 2] => year(one) && day(three, two),
        [1 | 2, 1 | 2, 4] => year(three) && (day(one, two) || day(two, one)),
        [1 | 2, 1 | 2, 2] => separator != Some(b' ') && (day(one, two) || day(two, one)),
        _ => false,
    };
    (plausible && cut_off(bytes, at, false)).then_some(start..at)
}

/// `14 March 1985`, `14. Mai 1985`, `14th of March, 1985`, `14 de mayo de 1985`.
fn day_first(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let mut rest = Words { text, at: end };
    rest.skip_ending();
    let mut word = rest.word()?;
    if matches!(word, "of" | "de") {
        word = rest.word()?;
    }
    if !month(word) {
        return None;
    }
    let end = rest.year().or_else(|| matches!(rest.word()?, "de" | "of").then(|| rest.year())?)?;
    Some(start..end)
}

/// `March 14, 1985`: the word before the day is the month.
fn month_first(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let before = text[..start].strip_suffix(' ')?;
    let from =
        before.char_indices().rev().take(12).take_while(|(_, c)| c.is_alphabetic() || *c == '.').last()?.0;
    if !month(&before[from..]) {
        return None;
    }
    let mut rest = Words { text, at: end };
    rest.skip_ending();
    Some(from..rest.year()?)
}

/// What follows a day.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    /// `.`, `,`, `st`, `nd`, `rd`, `th`, `er`.
    fn skip_ending(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or("");
        if let Some(ending) =
            ["st", "nd", "rd", "th", "er", "."].iter().find(|ending| rest.starts_with(**ending))
        {
            self.at += ending.len();
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let blank = rest.len() - rest.trim_start_matches([' ', ',', '-', '\u{a0}']).len();
        let rest = &rest[blank..];
        let length = rest
            .char_indices()
            .take(20)
            .find(|(_, c)| !c.is_alphabetic())
            .map_or(rest.len().min(20), |(at, _)| at);
        let word = rest.get(..length).filter(|word| !word.is_empty() && blank <= 3)?;
        self.at += blank + length;
        Some(word)
    }

    fn year(&mut self) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        let blank = rest.len() - rest.trim_start_matches([' ', ',', '.', '-', '\u{a0}']).len();
        let start = self.at + blank;
        let digits = self
            .text
            .get(start..start + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let value = digits.bytes().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        (blank <= 3 && year(value) && cut_off(self.text.as_bytes(), start + 4, false)).then_some(start + 4)
    }
}

/// A year somebody alive may be born in.
fn year(year: u32) -> bool {
    (1900..=2035).contains(&year)
}

fn month(word: &str) -> bool {
    let lower = word.to_lowercase();
    (3..=12).contains(&lower.chars().count()) && MONTHS.iter().any(|month| lower.starts_with(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let end = start + text[start..].bytes().take_while(u8::is_ascii_digit).count();
        at(text, start, end, &mut Context::new(text)).map(|range| &text[range])
    }

    #[test]
    fn a_date_behind_a_word_for_a_birth_is_found_whole() {
        for date in [
            "1985-03-14",
            "14.03.1985",
            "14. 3. 1985",
            "3/14/85",
            "14 March 1985",
            "March 14, 1985",
            "14th of March, 1985",
            "14 de mayo de 1985",
            "14. M\u{e4}rz 1985",
        ] {
            for word in ["born on ", "Date of birth: ", "geboren am ", "\"dob\": \"", "n\u{e9}e le "] {
                assert_eq!(found(&format!("{word}{date}, here")), Some(date), "{word}");
            }
        }
    }

    #[test]
    fn other_dates_and_other_numbers_are_not() {
        for text in [
            "released 1985-03-14",
            "born 1985-13-44",
            "born in 1985",
            "stubborn 1985-03-14",
            "born 1.2.3.4",
            "born 14 times",
            "born 1985-03-14T10",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
