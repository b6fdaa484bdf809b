//! Britain, Ireland, France, Belgium, the Netherlands, Luxembourg, Spain, Portugal, Italy.

use super::super::checksum::{luhn, value, verhoeff, weighted};
use super::{Kind, day_of, last, letter, pair, varied, year_month_day};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        rule: "uk-national-insurance-number",
        forms: &["AA999999A", "AA 999999 A", "AA-99-99-99-A"],
        alone: &["AA 99 99 99 A"],
        check: national_insurance,
        words: &["national insurance", "nino", "ni number", "ni no", "n.i. number"],
    },
    Kind {
        rule: "uk-nhs-number",
        forms: &["9999999999", "999 999 9999", "999-999-9999"],
        alone: &[],
        check: nhs,
        words: &["nhs"],
    },
    Kind {
        rule: "ie-pps-number",
        forms: &["9999999A", "9999999AA", "9999999 A", "9999999 AA"],
        alone: &[],
        check: pps,
        words: &["pps", "ppsn", "personal public service"],
    },
    Kind {
        rule: "fr-social-security-number",
        forms: &[
            "999999999999999",
            "999999A99999999",
            "9 99 99 99 999 999",
            "9999999999999 99",
            "9 99 99 9A 999 999",
        ],
        alone: &["9 99 99 99 999 999 99", "9 99 99 9A 999 999 99"],
        check: nir,
        words: &[
            "s\u{e9}curit\u{e9} sociale",
            "securite sociale",
            "num\u{e9}ro de s\u{e9}cu",
            "NIR",
            "nir",
            "insee",
            "num_secu",
            "social security",
        ],
    },
    Kind {
        rule: "be-national-number",
        forms: &[
            "99999999999",
            "99.99.99 999.99",
            "99 99 99 999 99",
            "999999-999-99",
            "999999 999 99",
            "999999-99999",
        ],
        alone: &["99.99.99-999.99"],
        check: belgian,
        words: &[
            "rijksregister",
            "rijksregisternummer",
            "registre national",
            "num\u{e9}ro national",
            "numero national",
            "niss",
            "insz",
            "national number",
            "national register",
            "nationaal nummer",
        ],
    },
    Kind {
        rule: "nl-citizen-service-number",
        forms: &["999999999", "9999.99.999", "9999 99 999", "999 999 999"],
        alone: &[],
        check: bsn,
        words: &[
            "bsn",
            "burgerservicenummer",
            "burger service nummer",
            "sofinummer",
            "sofi-nummer",
            "citizen service number",
        ],
    },
    Kind {
        rule: "lu-national-number",
        forms: &["9999999999999", "9999 9999 99999", "99999999 99999"],
        alone: &[],
        check: luxembourgish,
        words: &[
            "matricule",
            "sozialversicherungsnummer",
            "num\u{e9}ro d'identification national",
            "national number",
        ],
    },
    Kind {
        rule: "es-identity-number",
        forms: &["99999999A", "99999999 A", "A9999999A", "A 9999999 A"],
        alone: &["99999999-A", "99.999.999-A", "A-9999999-A", "A9999999-A"],
        check: spanish,
        words: &["dni", "nie", "nif", "documento nacional", "n\u{fa}mero de identidad", "identity number"],
    },
    Kind {
        rule: "pt-tax-number",
        forms: &["999999999", "999 999 999", "999.999.999"],
        alone: &[],
        check: portuguese,
        words: &[
            "nif",
            "contribuinte",
            "n\u{fa}mero fiscal",
            "numero fiscal",
            "identifica\u{e7}\u{e3}o fiscal",
        ],
    },
    Kind {
        rule: "it-fiscal-code",
        forms: &["AAA AAA 99A99 A999A"],
        alone: &["AAAAAA99A99A999A"],
        check: codice_fiscale,
        words: &["codice fiscale", "cod. fiscale", "codice_fiscale", "codfisc", "fiscal code"],
    },
];

/// Two letters of which some are never given out, six digits, a letter up to D.
fn national_insurance(number: &[u8]) -> bool {
    let &[first, second, .., suffix] = number else { return false };
    let (first, second) = (letter(first), letter(second));
    let given = !b"DFIQUV".contains(&first) && !b"DFIOQUV".contains(&second);
    let taken = [*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&[first, second]);
    given && !taken && matches!(letter(suffix), b'A'..=b'D') && varied(&number[2..8])
}

/// Weights ten to two, the remainder modulo eleven taken from eleven.
fn nhs(number: &[u8]) -> bool {
    let sum = weighted(number, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    number.len() == 10 && sum.is_multiple_of(11) && varied(number)
}

/// Weights eight to two, the second letter nine times; the remainder modulo 23 is the first letter, W for none.
fn pps(number: &[u8]) -> bool {
    let Some((digits, letters)) = number.split_at_checked(7) else { return false };
    let second = letters.get(1).map_or(0, |value| (u32::from(*value) + 14) % 23);
    let sum = weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) + second * 9;
    letters.first().is_some_and(|check| (u32::from(*check) + 14) % 23 == sum % 23) && varied(digits)
}

/// Sex, year, month, department, commune, order; two digits of key, where it is written, complete it modulo 97.
fn nir(number: &[u8]) -> bool {
    let Some((head, key)) = number.split_at_checked(13) else { return false };
    let corsica = |department: &[u8]| matches!(department, [2, 10 | 11]);
    let department = &head[5..7];
    if !matches!(head[0], 1..=4 | 7 | 8) || (pair(head, 5) == 0 && !corsica(department)) {
        return false;
    }
    let month = pair(head, 3);
    if !matches!(month, 1..=12 | 20..=42 | 50..=99) {
        return false;
    }
    let mut digits = [0; 13];
    digits.copy_from_slice(head);
    // The departments of Corsica count as 19 and 18.
    if corsica(department) {
        (digits[5], digits[6]) = (1, if head[6] == 10 { 9 } else { 8 });
    }
    digits.iter().all(|digit| *digit < 10)
        && (key.is_empty() || value(&digits) % 97 + u64::from(pair(key, 0)) == 97)
}

/// The first nine digits, with a two before them for those born from 2000 on, and the last two make 97.
fn belgian(number: &[u8]) -> bool {
    let Some((head, _)) = number.split_at_checked(9) else { return false };
    let (born, check) = (value(head), u64::from(pair(number, 9)));
    let month = pair(number, 2) % 20;
    let date = day_of(month, pair(number, 4)) || month == 0;
    date && [born, born + 2_000_000_000].iter().any(|born| 97 - born % 97 == check)
}

/// Nine times the first digit down to two times the eighth, less the ninth: a multiple of eleven.
fn bsn(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    weighted(rest, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == check && varied(number)
}

/// A date and three digits, then a Luhn digit and a Verhoeff digit, both over the first eleven.
fn luxembourgish(number: &[u8]) -> bool {
    let &[.., one, other] = number else { return false };
    let head = &number[..number.len() - 2];
    let with = |digit: u8| {
        let mut all = [0; 12];
        all[..head.len().min(11)].copy_from_slice(&head[..head.len().min(11)]);
        all[11] = digit;
        all
    };
    matches!(pair(number, 0), 18..=20)
        && year_month_day(number, 2)
        && luhn(&with(one))
        && verhoeff(&with(other))
}

/// Eight digits, or a letter X, Y, Z for the first of them, and the letter of the remainder modulo 23.
fn spanish(number: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((check, rest)) = number.split_last() else { return false };
    let Some((first, tail)) = rest.split_first() else { return false };
    let first = match letter(*first) {
        digit @ b'0'..=b'9' => u64::from(digit - b'0'),
        foreign @ b'X'..=b'Z' => u64::from(foreign - b'X'),
        _ => return false,
    };
    let number = first * 10u64.pow(tail.len().min(8) as u32) + value(tail);
    rest.len() >= 8 && varied(tail) && LETTERS.get((number % 23) as usize) == Some(&letter(*check))
}

/// Weights nine to two modulo eleven; a first digit that is given to people or companies.
fn portuguese(number: &[u8]) -> bool {
    let Some((check, rest)) = last(number) else { return false };
    let wanted = 11 - weighted(rest, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    matches!(rest.first(), Some(1..=3 | 5 | 6 | 8 | 9))
        && check == if wanted > 9 { 0 } else { wanted }
        && varied(number)
}

/// Names, year, month letter, day (women: forty more), place, and a letter over all with values of its own for odd
/// places.
fn codice_fiscale(number: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((check, rest)) = number.split_last() else { return false };
    let place = |value: u8| if value < 10 { usize::from(value) } else { usize::from(value) - 10 };
    let sum: u32 = rest
        .iter()
        .enumerate()
        .map(|(index, value)| match index % 2 {
            0 => ODD.get(place(*value)).copied().unwrap_or(0),
            _ => place(*value) as u32,
        })
        .sum();
    let month = rest.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(&letter(*month)));
    let day = pair(number, 9);
    month && matches!(day, 1..=31 | 41..=71) && u32::from(*check) == sum % 26 + 10
}
