//! Numbers of documents, which have no form of their own: they count behind their name only.

use super::super::checksum::weighted;

/// A document with a number of letters and digits.
pub(in crate::redact::pii) struct Document {
    /// The id of its page.
    pub(in crate::redact::pii) rule: &'static str,
    /// The least and the most characters.
    pub(in crate::redact::pii) length: (usize, usize),
    /// Whether it may be one. Digits are 0 to 9, letters 10 to 35.
    pub(in crate::redact::pii) check: fn(&[u8]) -> bool,
    /// What people call it, as in [`super::Kind`].
    pub(in crate::redact::pii) words: &'static [&'static str],
}

/// The documents.
pub(in crate::redact::pii) const DOCUMENTS: &[Document] = &[
    Document {
        rule: "passport-number",
        length: (7, 10),
        check: digits_mostly,
        words: &[
            "passport",
            "passport no",
            "reisepass",
            "passnummer",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
            "paspoort",
            "paspoortnummer",
            "paszport",
            "pasul",
            "\u{43f}\u{430}\u{441}\u{43f}\u{43e}\u{440}\u{442}",
            "\u{62a4}\u{7167}",
            "pasaport",
        ],
    },
    Document {
        rule: "driving-licence-number",
        length: (7, 18),
        check: digits_mostly,
        words: &[
            "driving licence",
            "driving license",
            "driver's license",
            "drivers license",
            "driver license",
            "driver's licence",
            "driver licence",
            "driver\u{2019}s license",
            "dl number",
            "f\u{fc}hrerschein",
            "fuehrerschein",
            "f\u{fc}hrerscheinnummer",
            "permis de conduire",
            "carnet de conducir",
            "licencia de conducir",
            "patente di guida",
            "rijbewijs",
            "rijbewijsnummer",
            "prawo jazdy",
            "carteira de motorista",
            "CNH",
        ],
    },
    Document {
        rule: "de-identity-card-number",
        length: (9, 10),
        check: german_card,
        words: &[
            "personalausweis",
            "personalausweisnummer",
            "ausweisnummer",
            "ausweis",
            "perso",
            "ausweis-nr",
            "identity card",
        ],
    },
    Document {
        rule: "tax-number",
        length: (8, 13),
        check: all_digits,
        words: &[
            "steuernummer",
            "steuer-nr",
            "steuernr",
            "tax number",
            "tax no",
            "tax reference",
            "utr",
            "num\u{e9}ro fiscal",
            "numero fiscal",
            "spi",
            "RFC",
            "NPWP",
        ],
    },
];

fn digits(number: &[u8]) -> usize {
    number.iter().filter(|value| **value < 10).count()
}

/// At least five digits of several kinds: words of the sentence hold none.
fn digits_mostly(number: &[u8]) -> bool {
    digits(number) >= 5 && several(number)
}

fn all_digits(number: &[u8]) -> bool {
    digits(number) == number.len() && several(number)
}

/// Whether more than two different characters stand in it: stand-ins are made of zeros.
fn several(number: &[u8]) -> bool {
    let seen = number.iter().fold(0u64, |seen, value| seen | 1 << (value % 64));
    let rising = number.windows(2).all(|pair| pair[1] == pair[0] + 1);
    seen.count_ones() > 2 && !rising
}

/// Nine characters without vowels and look-alikes, a letter first; the tenth is a check digit of weights 7, 3, 1.
fn german_card(number: &[u8]) -> bool {
    const LETTERS: &[u8] = b"CFGHJKLMNPRTVWXYZ";
    let known = number.iter().all(|value| *value < 10 || LETTERS.contains(&super::letter(*value)));
    let (head, check) = number.split_at(number.len().min(9));
    let sum = weighted(head, &[7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10;
    let checked = check.first().is_none_or(|check| u32::from(*check) == sum);
    known && head.first().is_some_and(|first| *first >= 10) && digits(head) >= 4 && checked && several(head)
}
