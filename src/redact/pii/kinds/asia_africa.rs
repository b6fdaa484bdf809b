//! India, Pakistan, China, Taiwan, Hong Kong, Japan, Korea, Singapore, Malaysia, Thailand, Israel, Australia, New
//! Zealand, South Africa.

use super::super::checksum::{luhn, verhoeff, weighted};
use super::{Kind, last, letter, pair, varied, year_month_day};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        rule: "in-aadhaar",
        forms: &["999999999999", "9999-9999-9999"],
        alone: &["9999 9999 9999"],
        check: aadhaar,
        words: &["aadhaar", "aadhar", "adhaar", "uidai", "\u{906}\u{927}\u{93e}\u{930}"],
    },
    Kind {
        rule: "in-pan",
        forms: &[],
        alone: &["AAAAA9999A"],
        check: account,
        words: &["PAN", "permanent account"],
    },
    Kind {
        rule: "pk-identity-number",
        forms: &["9999999999999"],
        alone: &["99999-9999999-9"],
        check: pakistani,
        words: &["cnic", "nadra", "identity card", "nic no"],
    },
    Kind {
        rule: "cn-resident-identity-number",
        forms: &[],
        alone: &["999999999999999999", "99999999999999999A"],
        check: chinese,
        words: &[
            "\u{8eab}\u{4efd}\u{8bc1}",
            "\u{8eab}\u{4efd}\u{8b49}",
            "resident identity",
            "identity card",
            "id card",
            "id number",
        ],
    },
    Kind {
        rule: "tw-identity-number",
        forms: &["A999999999"],
        alone: &[],
        check: taiwanese,
        words: &[
            "\u{8eab}\u{5206}\u{8b49}",
            "\u{8eab}\u{4efd}\u{8b49}",
            "identity card",
            "id number",
            "national id",
        ],
    },
    Kind {
        rule: "hk-identity-number",
        forms: &["A999999X", "AA999999X"],
        alone: &["A999999(9)", "A999999(A)", "AA999999(9)", "AA999999(A)"],
        check: hong_kong,
        words: &["hkid", "\u{8eab}\u{4efd}\u{8b49}", "identity card"],
    },
    Kind {
        rule: "jp-individual-number",
        forms: &["999999999999", "9999 9999 9999", "9999-9999-9999"],
        alone: &[],
        check: my_number,
        words: &[
            "\u{30de}\u{30a4}\u{30ca}\u{30f3}\u{30d0}\u{30fc}",
            "\u{500b}\u{4eba}\u{756a}\u{53f7}",
            "my number",
            "mynumber",
            "individual number",
        ],
    },
    Kind {
        rule: "kr-resident-number",
        forms: &["9999999999999"],
        alone: &["999999-9999999"],
        check: korean,
        words: &[
            "\u{c8fc}\u{bbfc}\u{b4f1}\u{b85d}\u{bc88}\u{d638}",
            "\u{c8fc}\u{bbfc}\u{bc88}\u{d638}",
            "rrn",
            "resident registration",
        ],
    },
    Kind {
        rule: "sg-nric",
        forms: &[],
        alone: &["A9999999A"],
        check: singaporean,
        words: &["nric", "FIN", "identity card"],
    },
    Kind {
        rule: "my-identity-number",
        forms: &["999999-99-9999", "999999999999"],
        alone: &[],
        check: malaysian,
        words: &["nric", "mykad", "kad pengenalan", "no. kp", "ic number", "ic no"],
    },
    Kind {
        rule: "th-identity-number",
        forms: &["9999999999999", "9 9999 99999 99 9"],
        alone: &["9-9999-99999-99-9"],
        check: thai,
        words: &[
            "\u{e1a}\u{e31}\u{e15}\u{e23}\u{e1b}\u{e23}\u{e30}\u{e0a}\u{e32}\u{e0a}\u{e19}",
            "\u{e40}\u{e25}\u{e02}\u{e1b}\u{e23}\u{e30}\u{e08}\u{e33}\u{e15}\u{e31}\u{e27}",
            "thai id",
            "citizen id",
            "national id",
        ],
    },
    Kind {
        rule: "il-identity-number",
        forms: &["999999999", "99999999-9"],
        alone: &[],
        check: israeli,
        words: &[
            "teudat zehut",
            "\u{5ea}\u{5e2}\u{5d5}\u{5d3}\u{5ea} \u{5d6}\u{5d4}\u{5d5}\u{5ea}",
            "\u{5ea}\u{5f4}\u{5d6}",
            "\u{5ea}.\u{5d6}",
            "\u{5ea}\"\u{5d6}",
        ],
    },
    Kind {
        rule: "au-tax-file-number",
        forms: &["999999999", "999 999 999", "999-999-999"],
        alone: &[],
        check: tax_file,
        words: &["tfn", "tax file number"],
    },
    Kind {
        rule: "au-medicare-number",
        forms: &["9999999999", "9999 99999 9", "99999999999", "9999 99999 9 9"],
        alone: &[],
        check: medicare,
        words: &["medicare"],
    },
    Kind {
        rule: "nz-tax-number",
        forms: &["999999999", "99999999", "999-999-999", "99-999-999", "999 999 999", "99 999 999"],
        alone: &[],
        check: inland_revenue,
        words: &["IRD", "inland revenue"],
    },
    Kind {
        rule: "za-identity-number",
        forms: &["9999999999999", "999999 9999 999", "999999 9999 99 9"],
        alone: &[],
        check: south_african,
        words: &[
            "id number",
            "identity number",
            "sa id",
            "south african id",
            "rsa id",
            "id no",
            "identiteitsnommer",
        ],
    },
];

/// No zero or one in front, and Verhoeff.
fn aadhaar(number: &[u8]) -> bool {
    matches!(number.first(), Some(2..=9)) && verhoeff(number) && varied(number)
}

/// The fourth letter says what kind of person pays.
fn account(number: &[u8]) -> bool {
    number.get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(&letter(*kind)))
        && varied(number.get(5..9).unwrap_or(&[]))
}

/// A province in front.
fn pakistani(number: &[u8]) -> bool {
    matches!(number.first(), Some(1..=7)) && varied(number)
}

/// A region, the birth date, an order, and the remainder of powers of two modulo eleven.
fn chinese(number: &[u8]) -> bool {
    let Some((check, rest)) = number.split_last() else { return false };
    let sum = weighted(rest, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let wanted = b"10X98765432".get((sum % 11) as usize);
    matches!(pair(number, 0), 11..=82)
        && matches!(pair(number, 6), 18..=20)
        && year_month_day(number, 8)
        && wanted == Some(&letter(*check))
}

/// A letter for the county, sex, and weights modulo ten.
fn taiwanese(number: &[u8]) -> bool {
    const COUNTIES: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some((county, rest)) = number.split_first() else { return false };
    let Some(place) = COUNTIES.iter().position(|letter_of| *letter_of == letter(*county)) else {
        return false;
    };
    let place = place as u32 + 10;
    let sum = place / 10 + place % 10 * 9 + weighted(rest, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(rest.first(), Some(1 | 2 | 8 | 9)) && sum.is_multiple_of(10)
}

/// Weights from the right modulo eleven; a missing first letter counts as a space.
fn hong_kong(number: &[u8]) -> bool {
    let Some((check, rest)) = number.split_last() else { return false };
    let space = if rest.len() == 7 { 36 * 9 } else { 0 };
    let sum: u32 = rest.iter().rev().zip(2u32..).map(|(value, weight)| u32::from(*value) * weight).sum();
    let wanted = match 11 - (sum + space) % 11 {
        11 => 0,
        other => other,
    };
    (u32::from(*check) < 11) && wanted == u32::from(*check) && varied(rest)
}

/// Weights two to seven and two to six from the right, modulo eleven.
fn my_number(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let remainder = weighted(rest, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    check == if remainder < 2 { 0 } else { 11 - remainder } && varied(number)
}

/// A birth date and a digit for sex and century; since 2020 the last digits are drawn by lot.
fn korean(number: &[u8]) -> bool {
    year_month_day(number, 0) && matches!(number.get(6), Some(1..=8))
}

/// A letter for century and standing, seven digits, a letter from a list of its own.
fn singaporean(number: &[u8]) -> bool {
    let (Some(first), Some(digits), Some(check)) = (number.first(), number.get(1..8), number.get(8)) else {
        return false;
    };
    let (letters, more): (&[u8; 11], u32) = match letter(*first) {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        b'M' => (b"XWUTRQPNJLK", 3),
        _ => return false,
    };
    let sum = weighted(digits, &[2, 7, 6, 5, 4, 3, 2]) + more;
    varied(digits) && letters.get((sum % 11) as usize) == Some(&letter(*check))
}

fn malaysian(number: &[u8]) -> bool {
    year_month_day(number, 0) && pair(number, 6) > 0
}

/// Weights thirteen to two modulo eleven.
fn thai(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let sum = weighted(rest, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    matches!(rest.first(), Some(1..=8)) && (11 - sum % 11) % 10 == check && varied(number)
}

fn israeli(number: &[u8]) -> bool {
    luhn(number) && varied(number)
}

/// Weights modulo eleven.
fn tax_file(number: &[u8]) -> bool {
    weighted(number, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && varied(number)
}

/// The ninth digit is the weighted sum of the first eight modulo ten.
fn medicare(number: &[u8]) -> bool {
    let sum = weighted(number.get(..8).unwrap_or(&[]), &[1, 3, 7, 9, 1, 3, 7, 9]);
    matches!(number.first(), Some(2..=6))
        && number.get(8).is_some_and(|check| u32::from(*check) == sum % 10)
        && varied(number)
}

/// Weights modulo eleven, and a second list where the first gives ten.
fn inland_revenue(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let mut base = [0; 8];
    let Some(first) = base.len().checked_sub(rest.len()) else { return false };
    base[first..].copy_from_slice(rest);
    let digit = |weights: &[u32]| (11 - weighted(&base, weights) % 11) % 11;
    let wanted = match digit(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => digit(&[7, 4, 3, 2, 5, 2, 7, 6]),
        digit => digit,
    };
    wanted == check && varied(number)
}

/// A birth date, sex, citizenship, and a Luhn digit.
fn south_african(number: &[u8]) -> bool {
    year_month_day(number, 0) && matches!(number.get(10), Some(0..=2)) && luhn(number)
}
