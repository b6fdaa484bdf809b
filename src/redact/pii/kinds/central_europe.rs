//! Germany, Austria, Switzerland, Poland, Czechia, Slovakia, Romania, Bulgaria, Croatia, Serbia, Slovenia, Greece,
//! Ukraine, Russia, Turkey.

use super::super::checksum::{luhn, mod_11_10, value, weighted};
use super::{Kind, day_month, day_of, last, pair, varied, year_month_day};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        rule: "de-tax-id",
        forms: &["99999999999", "99/999/999/999", "999 999 99999", "99 999999999"],
        alone: &["99 999 999 999"],
        check: tax_id,
        words: &[
            "steuer-id",
            "steuerid",
            "steuer-identifikationsnummer",
            "identifikationsnummer",
            "idnr",
            "steuer id",
            "steuernummer",
            "tax id",
            "taxpayer",
            "steueridentifikationsnummer",
            "steuer-idnr",
        ],
    },
    Kind {
        rule: "de-pension-insurance-number",
        forms: &["99999999A999", "99 999999A999", "99 999999 A999"],
        alone: &["99 999999 A 999"],
        check: pension,
        words: &[
            "rentenversicherungsnummer",
            "sozialversicherungsnummer",
            "versicherungsnummer",
            "sv-nummer",
            "rvnr",
            "rv-nummer",
            "svnr",
            "pension insurance",
            "social security",
        ],
    },
    Kind {
        rule: "at-social-security-number",
        forms: &["9999999999", "9999 999999", "9999-999999", "9999/999999"],
        alone: &[],
        check: austrian,
        words: &[
            "sozialversicherungsnummer",
            "versicherungsnummer",
            "svnr",
            "sv-nummer",
            "sv-nr",
            "vsnr",
            "social security",
        ],
    },
    Kind {
        rule: "ch-ahv-number",
        forms: &["9999999999999", "999 9999 9999 99"],
        alone: &["999.9999.9999.99"],
        check: ahv,
        words: &[
            "ahv",
            "avs",
            "ahv-nummer",
            "ahvn13",
            "navs",
            "sozialversicherungsnummer",
            "social security",
        ],
    },
    Kind { rule: "pl-pesel", forms: &["99999999999"], alone: &[], check: pesel, words: &["pesel"] },
    Kind {
        rule: "pl-tax-number",
        forms: &["9999999999", "999-999-99-99", "999-99-99-999", "999 999 99 99"],
        alone: &[],
        check: nip,
        words: &["nip", "numer identyfikacji podatkowej"],
    },
    Kind {
        rule: "cz-birth-number",
        forms: &["9999999999"],
        alone: &["999999/9999"],
        check: birth_number,
        words: &[
            "rodn\u{e9} \u{10d}\u{ed}slo",
            "rodne cislo",
            "rodne_cislo",
            "rodn\u{e9}ho \u{10d}\u{ed}sla",
            "r.\u{10d}.",
            "birth number",
        ],
    },
    Kind {
        rule: "ro-personal-code",
        forms: &["9999999999999"],
        alone: &[],
        check: romanian,
        words: &["cnp", "cod numeric personal", "codul numeric personal"],
    },
    Kind {
        rule: "bg-personal-number",
        forms: &["9999999999"],
        alone: &[],
        check: bulgarian,
        words: &["\u{415}\u{413}\u{41d}", "\u{435}\u{433}\u{43d}", "egn"],
    },
    Kind {
        rule: "hr-personal-number",
        forms: &["99999999999"],
        alone: &[],
        check: croatian,
        words: &["oib", "osobni identifikacijski broj"],
    },
    Kind {
        rule: "yu-citizen-number",
        forms: &["9999999999999"],
        alone: &[],
        check: citizen,
        words: &["jmbg", "em\u{161}o", "EM\u{160}O", "emso", "\u{408}\u{41c}\u{411}\u{413}", "embg"],
    },
    Kind {
        rule: "gr-tax-number",
        forms: &["999999999"],
        alone: &[],
        check: afm,
        words: &["\u{391}\u{3a6}\u{39c}", "\u{391}.\u{3a6}.\u{39c}.", "afm", "\u{3b1}\u{3c6}\u{3bc}"],
    },
    Kind {
        rule: "gr-social-security-number",
        forms: &["99999999999"],
        alone: &[],
        check: amka,
        words: &["\u{391}\u{39c}\u{39a}\u{391}", "amka"],
    },
    Kind {
        rule: "ua-tax-number",
        forms: &["9999999999"],
        alone: &[],
        check: ukrainian,
        words: &[
            "\u{420}\u{41d}\u{41e}\u{41a}\u{41f}\u{41f}",
            "\u{406}\u{41f}\u{41d}",
            "\u{418}\u{41d}\u{41d}",
            "rnokpp",
            "tax id",
        ],
    },
    Kind {
        rule: "ru-insurance-number",
        forms: &["99999999999", "999 999 999 99"],
        alone: &["999-999-999 99", "999-999-999-99"],
        check: snils,
        words: &["\u{421}\u{41d}\u{418}\u{41b}\u{421}", "\u{441}\u{43d}\u{438}\u{43b}\u{441}", "snils"],
    },
    Kind {
        rule: "ru-tax-number",
        forms: &["999999999999"],
        alone: &[],
        check: inn,
        words: &["\u{418}\u{41d}\u{41d}", "\u{438}\u{43d}\u{43d}", "INN"],
    },
    Kind {
        rule: "tr-identity-number",
        forms: &["99999999999"],
        alone: &[],
        check: turkish,
        words: &["kimlik", "tckn", "tc no", "t.c. no", "tc kimlik no"],
    },
];

/// Mod 11,10; among the first ten digits one stands two or three times, the others once at most.
fn tax_id(number: &[u8]) -> bool {
    let Some((_, rest)) = last(number) else { return false };
    let mut count = [0u8; 10];
    for digit in rest {
        if let Some(slot) = count.get_mut(usize::from(*digit)) {
            *slot += 1;
        }
    }
    let repeated = count.iter().filter(|count| **count > 1).count();
    let most = count.iter().max().is_some_and(|most| (2..=3).contains(most));
    rest.first() != Some(&0) && repeated == 1 && most && mod_11_10(number)
}

/// Area, birth date, the first letter of the name, two digits; the weighted sums of digits end in the check digit.
fn pension(number: &[u8]) -> bool {
    let (Some(head), Some(letter), Some(tail)) = (number.get(..8), number.get(8), number.get(9..)) else {
        return false;
    };
    let &[one, other, check] = tail else { return false };
    let place = letter.saturating_sub(9);
    let mut digits = [0; 12];
    digits[..8].copy_from_slice(head);
    digits[8..].copy_from_slice(&[place / 10, place % 10, one, other]);
    let weights: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let cross = |product: u32| product / 10 + product % 10;
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| cross(u32::from(*digit) * weight)).sum();
    let born = day_month(number, 2) || day_of(pair(number, 4), pair(number, 2).saturating_sub(50));
    born && sum % 10 == u32::from(check)
}

/// Three digits, a check digit, day, month, year; weights modulo eleven.
fn austrian(number: &[u8]) -> bool {
    let sum = weighted(number, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    let month = pair(number, 6);
    let date = day_month(number, 4) || matches!(month, 13..=15) && matches!(pair(number, 4), 1..=31);
    number.first() != Some(&0) && date && number.get(3).is_some_and(|check| sum % 11 == u32::from(*check))
}

/// Switzerland's 756, and the checksum of bar codes.
fn ahv(number: &[u8]) -> bool {
    let sum = weighted(number, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    number.starts_with(&[7, 5, 6]) && sum.is_multiple_of(10) && varied(&number[3..])
}

/// Year, month (with the century in it), day, and weights modulo ten.
fn pesel(number: &[u8]) -> bool {
    let sum = weighted(number, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    day_of(pair(number, 2) % 20, pair(number, 4)) && sum.is_multiple_of(10)
}

/// Weights modulo eleven.
fn nip(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    weighted(rest, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == check && varied(number) && rest.first() != Some(&0)
}

/// Year, month (women: fifty more), day, four digits: a multiple of eleven.
fn birth_number(number: &[u8]) -> bool {
    let month = pair(number, 2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let whole = value(number);
    let old = value(number.get(..9).unwrap_or(&[])) % 11 == 10 && number.last() == Some(&0);
    day_of(month, pair(number, 4)) && (whole.is_multiple_of(11) || old) && varied(number)
}

/// Sex and century, year, month, day, county, order, and weights modulo eleven.
fn romanian(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let remainder = weighted(rest, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    matches!(rest.first(), Some(1..=9))
        && year_month_day(number, 1)
        && remainder.min(if remainder == 10 { 1 } else { 9 }) == check
}

/// Year, month (with the century in it), day, and weights modulo eleven.
fn bulgarian(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let month = match pair(number, 2) {
        month @ 21..=32 => month - 20,
        month @ 41..=52 => month - 40,
        month => month,
    };
    day_of(month, pair(number, 4)) && weighted(rest, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == check
}

fn croatian(number: &[u8]) -> bool {
    mod_11_10(number) && varied(number)
}

/// Day, month, three digits of the year, region, order, and weights modulo eleven.
fn citizen(number: &[u8]) -> bool {
    let sum = weighted(number, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    day_month(number, 0) && sum.is_multiple_of(11)
}

/// Powers of two modulo eleven.
fn afm(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    weighted(rest, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == check && varied(number)
}

fn amka(number: &[u8]) -> bool {
    day_month(number, 0) && luhn(number)
}

/// Weights of which the first counts against; modulo eleven, then ten.
fn ukrainian(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    // Ten times the first digit is the same as less once, modulo eleven.
    weighted(rest, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == check && varied(number)
}

/// Weights nine to one modulo 101.
fn snils(number: &[u8]) -> bool {
    let sum = weighted(number, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101;
    let head = number.get(..9).unwrap_or(&[]);
    varied(head) && sum % 100 == pair(number, 9)
}

/// Two check digits modulo eleven, then ten.
fn inn(number: &[u8]) -> bool {
    let digit = |at: usize| number.get(at).copied().map(u32::from);
    let first = weighted(number, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let second = weighted(number, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    varied(number) && digit(10) == Some(first) && digit(11) == Some(second)
}

/// The tenth digit from the odd and the even places, the eleventh from all.
fn turkish(number: &[u8]) -> bool {
    let odd = weighted(number, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(number, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all: u32 = number.iter().take(10).map(|digit| u32::from(*digit)).sum();
    let digit = |at: usize| number.get(at).copied().map(u32::from);
    number.first() != Some(&0) && digit(9) == Some((odd * 7 + 90 - even) % 10) && digit(10) == Some(all % 10)
}
