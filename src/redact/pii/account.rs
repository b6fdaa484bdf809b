//! Bank accounts: IBAN by the country's length and the remainder modulo 97, and BIC behind its name.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;

use super::text::joint;

/// The length of an IBAN by country.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// The length of an IBAN of that country; `None` when it has none.
fn iban_length(country: &str) -> Option<usize> {
    IBAN_LENGTHS.iter().find(|(code, _)| *code == country).map(|(_, length)| *length)
}

/// Whether country, length and check digits are right; what joins groups is left out.
pub(in crate::redact) fn iban(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace() && !is_dash(*c)).collect();
    if !compact.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) || compact.len() < 15 {
        return false;
    }
    let (head, body) = compact.split_at(4);
    let remainder =
        body.chars().chain(head.chars()).filter_map(|c| c.to_digit(36)).fold(0, |rest, value| {
            if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 }
        });
    iban_length(&head[..2]) == Some(compact.len()) && remainder == 1
}

fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The account whose check digits begin at `start`: two capitals stand before it.
pub(super) fn at(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let first = start.checked_sub(2)?;
    // Most numbers have no capitals before them.
    if !bytes[first..start].iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let country = text.get(first..start)?;
    let free = first == 0 || !(bytes[first - 1].is_ascii_alphanumeric() || bytes[first - 1] == b'_');
    let length = iban_length(country).filter(|_| free)?;
    let (mut end, mut count) = (first, 0);
    while count < length {
        let byte = *bytes.get(end)?;
        if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
            (count, end) = (count + 1, end + 1);
        } else {
            let (_, long) = joint(bytes, end)
                .filter(|(joint, _)| matches!(joint, b' ' | b'-') && count % 4 == 0 && end > start)?;
            end += long;
        }
    }
    let cut = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (!cut && iban(&text[first..end])).then_some(first..end)
}

/// Words that a bank's code is written behind.
const BIC: &[&str] = &["BIC", "SWIFT", "bic", "swift", "Bic", "Swift"];

/// Looks for all of them in one pass; made once, since every text is searched. The tests below hold that it is made.
static WORDS: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(BIC));

/// Every BIC behind its name: four letters, a country, two characters, and three more for a branch.
pub(super) fn banks(text: &str, mut found: impl FnMut(Range<usize>)) {
    for hit in WORDS.iter().flat_map(|words| words.find_iter(text.as_bytes())) {
        if let Some(range) = bank(text, hit.start(), hit.end()) {
            found(range);
        }
    }
}

/// The code behind the word at `word..end`: what stands between may say "code", "/BIC", ":" and the like.
fn bank(text: &str, word: usize, end: usize) -> Option<Range<usize>> {
    const BETWEEN: &[&str] =
        &["code", "number", "no", "is", "swift", "bic", "the", "of", "my", "bank", "your"];
    let bytes = text.as_bytes();
    if word > 0 && bytes[word - 1].is_ascii_alphanumeric() {
        return None;
    }
    let (mut at, mut named) = (end, false);
    for _ in 0..6 {
        while let Some(byte) = bytes.get(at).filter(|byte| b" \t:=\"'/()[]-_.`*|#".contains(byte)) {
            named |= b":=".contains(byte);
            at += 1;
        }
        let length = bytes[at..].iter().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let token = text.get(at..at + length)?;
        if named && is_bic(token) {
            return Some(at..at + length);
        }
        BETWEEN.iter().find(|word| word.eq_ignore_ascii_case(token))?;
        named |= ["code", "number", "no", "is"].iter().any(|word| word.eq_ignore_ascii_case(token));
        at += length;
    }
    None
}

fn is_bic(token: &str) -> bool {
    let bytes = token.as_bytes();
    matches!(bytes.len(), 8 | 11)
        && bytes[..6].iter().all(u8::is_ascii_uppercase)
        && bytes[6..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && (iban_length(&token[4..6]).is_some() || BANKS_WITHOUT_IBAN.contains(&&token[4..6]))
}

/// Countries whose banks have a BIC and no IBAN.
const BANKS_WITHOUT_IBAN: &[&str] = &[
    "AR", "AU", "BD", "CA", "CL", "CN", "CO", "DZ", "EC", "GH", "HK", "ID", "IN", "JP", "KE", "KH", "KR",
    "LK", "MA", "MX", "MY", "NG", "NP", "NZ", "PA", "PE", "PH", "PY", "RU", "SG", "TH", "TW", "TZ", "UG",
    "US", "UY", "UZ", "VN", "ZA",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&str> {
        let mut all = Vec::new();
        banks(text, |range| all.push(&text[range]));
        all
    }

    #[test]
    fn ibans_need_country_length_and_remainder() {
        assert!(iban(&["DE89", "3704", "0044", "0532", "0130", "00"].join(" ")));
        assert!(iban(&["DE89", "3704", "0044", "0532", "0130", "00"].join("\u{a0}")));
        assert!(!iban("DE88370400440532013000"));
        assert!(!iban("ZZ89370400440532013000"));
        assert!(!iban("DE8937040044053201300"));
        assert!(!iban("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"));
    }

    #[test]
    fn an_account_is_found_whole() {
        for joint in ["", " ", "\u{a0}", "-"] {
            let account = ["GB82", "WEST", "1234", "5698", "7654", "32"].join(joint);
            let text = format!("pay to {account}.");
            assert_eq!(at(&text, 9).map(|range| &text[range]), Some(account.as_str()), "{joint:?}");
        }
    }

    #[test]
    fn a_bank_is_named_before_its_code() {
        assert_eq!(codes("BIC: DEUTDEFF500"), ["DEUTDEFF500"]);
        assert_eq!(codes("the SWIFT code is CHASUS33, thanks"), ["CHASUS33"]);
        assert_eq!(codes("\"bic\": \"BNPAFRPP\""), ["BNPAFRPP"]);
        for text in [
            "SWIFT MESSAGES",
            "in Swift: let x",
            "BIC of DEUTSCHE",
            "CUBIC: DEUTDEFF",
            "BIC",
            "BIC: DEUTZZFF",
        ] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }
}
