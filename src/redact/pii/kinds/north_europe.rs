//! Sweden, Norway, Denmark, Finland, Iceland, Estonia, Lithuania, Latvia.

use super::super::checksum::{luhn, value, weighted};
use super::{Kind, day_month, day_of, last, letter, pair, varied, year_month_day};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        rule: "se-personal-number",
        forms: &["9999999999", "999999999999", "999999+9999", "999999 9999", "99999999 9999"],
        alone: &["999999-9999", "99999999-9999"],
        check: swedish,
        words: &["personnummer", "personnr", "pers.nr", "samordningsnummer", "personal identity number"],
    },
    Kind {
        rule: "no-birth-number",
        forms: &["99999999999"],
        alone: &["999999 99999"],
        check: norwegian,
        words: &[
            "f\u{f8}dselsnummer",
            "fodselsnummer",
            "foedselsnummer",
            "personnummer",
            "f\u{f8}dselsnr",
            "d-nummer",
            "fnr",
        ],
    },
    Kind {
        rule: "dk-cpr-number",
        forms: &["999999-9999", "999999 9999", "9999999999"],
        alone: &[],
        check: danish,
        words: &["cpr", "cpr-nummer", "cpr-nr", "cprnr", "personnummer"],
    },
    Kind {
        rule: "fi-personal-identity-code",
        forms: &["999999-9999", "999999+9999", "999999+999A"],
        alone: &["999999-999A", "999999A999A", "999999A9999"],
        check: finnish,
        words: &[
            "henkil\u{f6}tunnus",
            "henkilotunnus",
            "hetu",
            "personbeteckning",
            "sotu",
            "personal identity code",
        ],
    },
    Kind {
        rule: "is-identity-number",
        forms: &["999999-9999", "9999999999", "999999 9999"],
        alone: &[],
        check: icelandic,
        words: &["kennitala", "kennit\u{f6}lu", "kt."],
    },
    Kind {
        rule: "baltic-personal-code",
        forms: &["99999999999"],
        alone: &[],
        check: baltic,
        words: &["isikukood", "asmens kodas", "asmens kodo", "personal code"],
    },
    Kind {
        rule: "lv-personal-code",
        forms: &["999999-99999", "99999999999"],
        alone: &[],
        check: latvian,
        words: &["personas kods", "personas koda", "personas_kods", "personal code"],
    },
];

/// A date (coordination numbers: sixty more days) and a Luhn digit over ten digits; the century may stand in front.
fn swedish(number: &[u8]) -> bool {
    let short = match number.len() {
        12 if matches!(pair(number, 0), 18..=20) => &number[2..],
        10 => number,
        _ => return false,
    };
    let day = pair(short, 4);
    day_of(pair(short, 2), if day > 60 { day - 60 } else { day }) && luhn(short)
}

/// A date and two check digits modulo eleven.
fn norwegian(number: &[u8]) -> bool {
    let first = weighted(number, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(number, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    let (day, month) = (pair(number, 0), pair(number, 2) % 40);
    let date = day_of(month, if day > 40 { day - 40 } else { day });
    date && first.is_multiple_of(11) && second.is_multiple_of(11)
}

/// A date; the checksum has not held for all since 2007.
fn danish(number: &[u8]) -> bool {
    day_month(number, 0)
}

/// A date, a sign for the century, three digits, and the remainder modulo 31 as a digit or letter.
fn finnish(number: &[u8]) -> bool {
    const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let Some((check, rest)) = number.split_last() else { return false };
    let (Some(date), Some(order)) = (rest.get(..6), rest.get(rest.len().saturating_sub(3)..)) else {
        return false;
    };
    let century = match rest.get(6) {
        Some(sign) if rest.len() == 10 => b"ABCDEFYXWVU".contains(&letter(*sign)),
        _ => rest.len() == 9,
    };
    let remainder = (value(date) * 1000 + value(order)) % 31;
    century && day_month(number, 0) && CHECK.get(remainder as usize) == Some(&letter(*check))
}

/// A date, two digits, a check digit modulo eleven, the century.
fn icelandic(number: &[u8]) -> bool {
    let sum = weighted(number, &[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    day_month(number, 0) && sum.is_multiple_of(11) && matches!(number.last(), Some(0 | 8 | 9))
}

/// Sex and century, a date, an order, and a check digit modulo eleven with a second list of weights.
fn baltic(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let first = weighted(rest, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(rest, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
    let wanted = if first == 10 { second } else { first };
    matches!(rest.first(), Some(1..=8)) && year_month_day(number, 1) && wanted == check
}

/// A date and weights modulo eleven; since 2017 a 32 and no date.
fn latvian(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let sum = weighted(rest, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let dated = day_month(number, 0) && (1101 - sum) % 11 % 10 == check;
    dated || pair(number, 0) == 32 && varied(rest)
}
