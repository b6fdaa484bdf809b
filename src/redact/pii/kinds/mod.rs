//! The kinds of numbers that name a person, a table a part of the world: how each is written, what is checked, and
//! the words it stands behind.

mod americas;
mod asia_africa;
mod central_europe;
mod documents;
mod north_europe;
mod west_europe;

pub(super) use documents::{DOCUMENTS, Document};

/// A number that an authority gives to a person.
pub(super) struct Kind {
    /// The id of its page in `rules/pii`.
    pub(super) rule: &'static str,
    /// How it is written: `9` a digit, `A` a letter, `X` either, anything else itself. Needs one of `words` near by.
    pub(super) forms: &'static [&'static str],
    /// Forms that nothing else is written in: in prose they count without a word.
    pub(super) alone: &'static [&'static str],
    /// Whether its authority would give out such a number. Digits are 0 to 9, letters 10 to 35, nothing between them.
    pub(super) check: fn(&[u8]) -> bool,
    /// What people call it, in English and in its country's language. In lower case: however it is written. With
    /// capitals: written so, because the word in lower case means something else.
    pub(super) words: &'static [&'static str],
}

/// All kinds with a form and a check.
pub(super) fn kinds() -> impl Iterator<Item = &'static Kind> {
    [west_europe::KINDS, central_europe::KINDS, north_europe::KINDS, americas::KINDS, asia_africa::KINDS]
        .into_iter()
        .flatten()
}

/// The two digits at `at` as a number; 0 when there are none.
fn pair(number: &[u8], at: usize) -> u32 {
    match number.get(at..at + 2) {
        Some(&[tens, ones]) if tens < 10 && ones < 10 => u32::from(tens) * 10 + u32::from(ones),
        _ => 0,
    }
}

/// Whether some month has such a day.
fn day_of(month: u32, day: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether `number` holds year, month and day at `at`, two digits each.
fn year_month_day(number: &[u8], at: usize) -> bool {
    day_of(pair(number, at + 2), pair(number, at + 4))
}

/// Whether `number` holds day and month at `at`, two digits each.
fn day_month(number: &[u8], at: usize) -> bool {
    day_of(pair(number, at + 2), pair(number, at))
}

/// The letter of a value, in capitals.
fn letter(value: u8) -> u8 {
    if value >= 10 { value - 10 + b'A' } else { value + b'0' }
}

/// Whether the digits are not the same one throughout.
fn varied(number: &[u8]) -> bool {
    number.windows(2).any(|pair| pair[0] != pair[1])
}

/// The last digit of `number`, and those before it.
fn last(number: &[u8]) -> Option<(u32, &[u8])> {
    number.split_last().map(|(last, rest)| (u32::from(*last), rest))
}
