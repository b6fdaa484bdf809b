//! The United States, Canada, Mexico, Brazil, Argentina, Chile, Ecuador.

use super::super::checksum::{luhn, weighted};
use super::{Kind, last, letter, pair, varied, year_month_day};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        rule: "us-social-security-number",
        forms: &["999999999", "999 99 9999", "999.99.9999"],
        alone: &["999-99-9999"],
        check: social_security,
        words: &["ssn", "social security", "social-security", "soc sec", "socialsecurity"],
    },
    Kind {
        rule: "us-taxpayer-number",
        forms: &["999999999", "999 99 9999", "999-99-9999"],
        alone: &[],
        check: taxpayer,
        words: &["itin", "taxpayer", "tax id", "tax identification"],
    },
    Kind {
        rule: "us-medicare-number",
        forms: &["9AX9AX9AA99"],
        alone: &["9AX9-AX9-AA99"],
        check: medicare_beneficiary,
        words: &["medicare", "mbi"],
    },
    Kind {
        rule: "ca-social-insurance-number",
        forms: &["999999999", "999 999 999", "999-999-999"],
        alone: &[],
        check: social_insurance,
        words: &["SIN", "social insurance", "assurance sociale", "NAS"],
    },
    Kind {
        rule: "mx-curp",
        forms: &[],
        alone: &["AAAA999999AAAAAAX9"],
        check: curp,
        words: &["curp", "clave \u{fa}nica"],
    },
    Kind {
        rule: "br-cpf",
        forms: &["99999999999", "999 999 999 99", "999999999-99"],
        alone: &["999.999.999-99"],
        check: cpf,
        words: &["cpf", "cadastro de pessoa"],
    },
    Kind {
        rule: "br-cnpj",
        forms: &["99999999999999"],
        alone: &["99.999.999/9999-99"],
        check: cnpj,
        words: &["cnpj", "cadastro nacional"],
    },
    Kind {
        rule: "ar-tax-number",
        forms: &["99999999999"],
        alone: &["99-99999999-9"],
        check: cuil,
        words: &["cuil", "cuit"],
    },
    Kind {
        rule: "cl-rut",
        forms: &["99999999-9", "99999999-A", "9999999-9", "9999999-A"],
        alone: &["99.999.999-9", "99.999.999-A", "9.999.999-9", "9.999.999-A"],
        check: rut,
        words: &["rut", "RUN", "rol \u{fa}nico"],
    },
    Kind {
        rule: "ec-identity-number",
        forms: &["9999999999", "999999999-9"],
        alone: &[],
        check: ecuadorian,
        words: &["c\u{e9}dula", "cedula"],
    },
];

/// Areas, groups and serials of zeros, the areas 666 and from 900 on were never given out, nor were those in
/// advertisements and textbooks.
fn social_security(number: &[u8]) -> bool {
    const NOBODY: [[u8; 9]; 4] = [
        [0, 7, 8, 0, 5, 1, 1, 2, 0],
        [2, 1, 9, 0, 9, 9, 9, 9, 9],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
        [4, 5, 7, 5, 5, 5, 4, 6, 2],
    ];
    let (Some(area), group) = (number.get(..3), pair(number, 3)) else { return false };
    let given = !matches!(area, [0, 0, 0] | [6, 6, 6] | [9, ..]);
    given
        && group > 0
        && !number.ends_with(&[0, 0, 0, 0])
        && !NOBODY.iter().any(|nobody| nobody == number)
        && varied(number)
}

/// A nine in front, and the groups that the tax office gives out.
fn taxpayer(number: &[u8]) -> bool {
    number.first() == Some(&9) && matches!(pair(number, 3), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// No letters that look like digits; the example of the office that gives them out is nobody's.
fn medicare_beneficiary(number: &[u8]) -> bool {
    let letters = number.iter().filter(|value| **value >= 10).map(|value| letter(*value));
    let example = number.iter().map(|value| letter(*value)).eq(*b"1EG4TE5MK73");
    number.first() != Some(&0) && !example && letters.into_iter().all(|letter| !b"SLOIBZ".contains(&letter))
}

fn social_insurance(number: &[u8]) -> bool {
    !matches!(number.first(), Some(0 | 8)) && luhn(number) && varied(number)
}

/// Four letters of the names, the birth date, sex, state, three consonants, a sign, and a check digit over all.
fn curp(number: &[u8]) -> bool {
    const STATES: &[[u8; 2]] = &[
        *b"AS", *b"BC", *b"BS", *b"CC", *b"CL", *b"CM", *b"CS", *b"CH", *b"DF", *b"DG", *b"GT", *b"GR",
        *b"HG", *b"JC", *b"MC", *b"MN", *b"MS", *b"NT", *b"NL", *b"OC", *b"PL", *b"QT", *b"QR", *b"SP",
        *b"SL", *b"SR", *b"TC", *b"TS", *b"TL", *b"VZ", *b"YN", *b"ZS", *b"NE",
    ];
    let Some((check, rest)) = last(number) else { return false };
    let (Some(sex), Some(&[one, other])) = (rest.get(10), rest.get(11..13)) else { return false };
    // An N with a tilde stands between N and O in the alphabet of the checksum.
    let value = |value: u8| u32::from(value) + u32::from(value > 23);
    let sum: u32 = rest.iter().zip((2..=18).rev()).map(|(digit, weight)| value(*digit) * weight).sum();
    year_month_day(number, 4)
        && matches!(letter(*sex), b'H' | b'M' | b'X')
        && STATES.contains(&[letter(one), letter(other)])
        && (10 - sum % 10) % 10 == check
}

/// Two digits modulo eleven over what stands before them.
fn two_digits(number: &[u8], first: &[u32], second: &[u32]) -> bool {
    let digit = |weights: &[u32]| match weighted(number, weights) % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    };
    let Some(split) = number.len().checked_sub(2) else { return false };
    number[split..] == [digit(first) as u8, digit(second) as u8] && varied(&number[..split])
}

fn cpf(number: &[u8]) -> bool {
    two_digits(number, &[10, 9, 8, 7, 6, 5, 4, 3, 2], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn cnpj(number: &[u8]) -> bool {
    two_digits(number, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// A kind of person, eight digits, and weights modulo eleven.
fn cuil(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let wanted = (11 - weighted(rest, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    matches!(pair(number, 0), 20 | 23..=27 | 30 | 33 | 34) && wanted == check && varied(&rest[2..])
}

/// Weights two to seven from the right modulo eleven; K stands for ten.
fn rut(number: &[u8]) -> bool {
    let Some((check, rest)) = number.split_last() else { return false };
    let sum: u32 = rest
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].iter().cycle())
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    let wanted = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    letter(*check) == wanted && varied(rest)
}

/// A province, a person's third digit, and a Luhn digit.
fn ecuadorian(number: &[u8]) -> bool {
    matches!(pair(number, 0), 1..=24 | 30) && matches!(number.get(2), Some(0..=5)) && luhn(number)
}
