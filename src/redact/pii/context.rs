//! The words that personal data stands behind: "phone", "date of birth", the name of a number. Each byte near a
//! candidate is looked through once, whatever the number of candidates.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::kinds::{DOCUMENTS, kinds};

/// What words are about. The kinds of numbers and the documents follow these.
pub(super) const PHONE: usize = 0;
pub(super) const CALL: usize = 1;
pub(super) const BORN: usize = 2;
pub(super) const HOME: usize = 3;
pub(super) const NETWORK: usize = 4;
pub(super) const VERSION: usize = 5;
const OWN: &[&[&str]] = &[
    &[
        "phone",
        "telephone",
        "tel",
        "mobile",
        "cell",
        "cellphone",
        "fax",
        "whatsapp",
        "telefon",
        "telefonnummer",
        "rufnummer",
        "handy",
        "handynummer",
        "mobil",
        "mobilnummer",
        "t\u{e9}l\u{e9}phone",
        "t\u{e9}l",
        "portable",
        "tel\u{e9}fono",
        "telefono",
        "m\u{f3}vil",
        "celular",
        "cellulare",
        "telefone",
        "telem\u{f3}vel",
        "telefoon",
        "telefoonnummer",
        "telefonnumer",
        "numer telefonu",
        "telefonnr",
        "puhelin",
        "mobiltelefon",
        "phone number",
        "contact number",
        "\u{442}\u{435}\u{43b}\u{435}\u{444}\u{43e}\u{43d}",
        "\u{7535}\u{8bdd}",
        "\u{624b}\u{673a}",
        "\u{96fb}\u{8a71}",
        "\u{c804}\u{d654}",
        "\u{643a}\u{5e2f}",
    ],
    &[
        "call",
        "call me at",
        "call me on",
        "reach me at",
        "text me at",
        "dial",
        "sms",
        "ring me on",
        "ruf",
        "anrufen",
        "appelez",
    ],
    &[
        "born",
        "born on",
        "date of birth",
        "dob",
        "d.o.b.",
        "birth date",
        "birthdate",
        "birthday",
        "date_of_birth",
        "birth_date",
        "geboren",
        "geboren am",
        "geburtsdatum",
        "geburtstag",
        "geb.",
        "geb.-datum",
        "n\u{e9} le",
        "n\u{e9}e le",
        "date de naissance",
        "fecha de nacimiento",
        "nacido",
        "nacida",
        "nacido el",
        "nacida el",
        "nato il",
        "nata il",
        "data di nascita",
        "geboortedatum",
        "geboren op",
        "data urodzenia",
        "urodzony",
        "urodzona",
        "data de nascimento",
        "nascido em",
        "nascida em",
        "f\u{f6}delsedatum",
        "f\u{f8}dselsdato",
        "syntym\u{e4}aika",
        "dateofbirth",
        "f\u{f6}dd",
        "f\u{f8}dt",
        "\u{434}\u{430}\u{442}\u{430} \u{440}\u{43e}\u{436}\u{434}\u{435}\u{43d}\u{438}\u{44f}",
        "\u{51fa}\u{751f}\u{65e5}\u{671f}",
        "\u{751f}\u{5e74}\u{6708}\u{65e5}",
    ],
    &[
        "address",
        "home address",
        "street address",
        "postal address",
        "mailing address",
        "billing address",
        "shipping address",
        "lives at",
        "live at",
        "living at",
        "lived at",
        "resides at",
        "residing at",
        "resident at",
        "ship to",
        "deliver to",
        "adresse",
        "anschrift",
        "wohnhaft",
        "wohnt in",
        "wohne in",
        "wohnt",
        "domicilio",
        "direcci\u{f3}n",
        "direccion",
        "vive en",
        "indirizzo",
        "residente",
        "abita in",
        "habite",
        "demeurant",
        "domicili\u{e9}",
        "adres",
        "woont",
        "woonachtig",
        "endere\u{e7}o",
        "mora na",
        "zamieszka\u{142}y",
        "adress",
    ],
    &[
        "ip",
        "ip address",
        "ipv4",
        "ipv6",
        "ips",
        "client",
        "host",
        "server",
        "from",
        "address",
        "remote",
        "visitor",
        "login",
        "logged in",
        "connected",
        "connection",
        "peer",
        "user",
        "remote_addr",
        "x-forwarded-for",
        "ping",
    ],
    &[
        "version", "ver", "v", "release", "released", "upgrade", "upgraded", "update", "updated", "build",
        "section", "chapter", "clause", "oid", "rev", "revision", "firmware", "driver", "chrome", "firefox",
        "tag", "requires",
    ],
];

/// No word is longer than this, in bytes.
const LONGEST: usize = 64;

/// The automaton over all words, and what each is about.
struct Words {
    automaton: Option<AhoCorasick>,
    words: Vec<(&'static str, usize)>,
}

static WORDS: OnceLock<Words> = OnceLock::new();

/// The topic of a kind of number, by its place in [`kinds`].
pub(super) fn of_kind(number: usize) -> usize {
    OWN.len() + number
}

/// The topic of a document, by its place in [`DOCUMENTS`].
pub(super) fn of_document(number: usize) -> usize {
    OWN.len() + kinds().count() + number
}

fn words() -> &'static Words {
    WORDS.get_or_init(|| {
        let lists = OWN
            .iter()
            .copied()
            .chain(kinds().map(|kind| kind.words))
            .chain(DOCUMENTS.iter().map(|one| one.words));
        let words: Vec<(&str, usize)> = lists
            .enumerate()
            .flat_map(|(topic, words)| words.iter().map(move |word| (*word, topic)))
            .collect();
        // Without the automaton nothing would count that needs a word; a test holds that it builds.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words.iter().map(|(word, _)| word))
            .ok();
        Words { automaton, words }
    })
}

/// Where the last word of each topic ended, on the way through one text.
pub(super) struct Context<'a> {
    text: &'a str,
    read: usize,
    last: Vec<Option<usize>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Context { text, read: 0, last: Vec::new() }
    }

    /// How many bytes stand between the last word about `topic` and `at`; `None` when it is further than `reach`.
    /// Asked of growing places.
    pub(super) fn distance(&mut self, topic: usize, at: usize, reach: usize) -> Option<usize> {
        self.read_to(at);
        let distance = at.checked_sub(self.last.get(topic).copied().flatten()?)?;
        (distance <= reach).then_some(distance)
    }

    fn read_to(&mut self, at: usize) {
        const REACH: usize = 80;
        if at <= self.read {
            return;
        }
        let words = words();
        self.last.resize(words.words.last().map_or(0, |(_, topic)| topic + 1), None);
        let from = self.read.max(at.saturating_sub(REACH)).saturating_sub(LONGEST);
        let bytes = self.text.as_bytes();
        for hit in
            words.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(&bytes[from..at]))
        {
            let (start, end) = (from + hit.start(), from + hit.end());
            if let Some((word, topic)) = words.words.get(hit.pattern().as_usize())
                && stands(bytes, start, end, word)
                && let Some(last) = self.last.get_mut(*topic)
            {
                *last = (*last).max(Some(end));
            }
        }
        self.read = at;
    }

    /// Whether a word about `topic` follows at once: "(SSN)", " is my passport number".
    pub(super) fn follows(&self, topic: usize, end: usize) -> bool {
        const FILLING: &[&str] = &["is", "was", "my", "his", "her", "their", "the", "as", "a", "our"];
        let bytes = self.text.as_bytes();
        let mut at = end;
        for _ in 0..4 {
            at += bytes[at..].iter().take(3).take_while(|byte| b" (,[-=:\t".contains(byte)).count();
            let mine = words().words.iter().filter(|(_, of)| *of == topic);
            if mine.into_iter().any(|(word, _)| {
                bytes
                    .get(at..at + word.len())
                    .is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
                    && stands(bytes, at, at + word.len(), word)
            }) {
                return at > end;
            }
            let filling = bytes[at..].iter().take(6).take_while(|byte| byte.is_ascii_alphabetic()).count();
            let Some(word) = self.text.get(at..at + filling) else { return false };
            if !FILLING.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                return false;
            }
            at += filling;
        }
        false
    }
}

/// Whether the hit at `start..end` is the word itself and not a part of another: identifiers count as words
/// (`customerSsn`, `SSN_NUMBER`), and a word that is written with capitals must be.
fn stands(bytes: &[u8], start: usize, end: usize, word: &str) -> bool {
    let Some(here) = bytes.get(start..end) else { return false };
    let capital = word.bytes().any(|byte| byte.is_ascii_uppercase());
    if capital && here != word.as_bytes() {
        return false;
    }
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let first = here.first().copied().unwrap_or(b' ');
    let begins = !before.is_ascii_alphanumeric()
        || before.is_ascii_lowercase() && first.is_ascii_uppercase()
        || before == b'n' && start > 1 && bytes[start - 2] == b'\\';
    let behind = |more: usize| bytes.get(end + more).copied().unwrap_or(b' ');
    let last = here.last().copied().unwrap_or(b' ');
    let free =
        |byte: u8| !byte.is_ascii_lowercase() && !(byte.is_ascii_uppercase() && last.is_ascii_uppercase());
    let ends = free(behind(0)) || behind(0) == b's' && free(behind(1));
    // Of a word of two letters a digit makes another: `v4` and `IP2`.
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(topic: usize, text: &str) -> bool {
        Context::new(text).distance(topic, text.len(), 40).is_some()
    }

    #[test]
    fn words_are_words_and_parts_of_identifiers() {
        for text in ["my phone: ", "customerPhone = ", "PHONE_NUMBER=", "phones ", "Tel. ", "\\nphone "] {
            assert!(near(PHONE, text), "{text}");
        }
        for text in ["gramophone: ", "telling ", "phonetic ", "xtel "] {
            assert!(!near(PHONE, text), "{text}");
        }
    }

    #[test]
    fn what_is_written_in_capitals_must_be() {
        let place = kinds().position(|kind| kind.rule == "ca-social-insurance-number").unwrap();
        assert!(near(of_kind(place), "SIN "));
        assert!(!near(of_kind(place), "sin("));
    }

    #[test]
    fn a_word_may_follow() {
        let text = "078 05 1120 is my social security number";
        let place = kinds().position(|kind| kind.rule == "us-social-security-number").unwrap();
        assert!(Context::new(text).follows(of_kind(place), 11));
        assert!(!Context::new(text).follows(of_kind(place), text.len()));
    }

    #[test]
    fn the_last_word_counts_and_only_from_near() {
        let text = format!("phone phone {}", "x ".repeat(60));
        let mut context = Context::new(&text);
        assert_eq!(context.distance(PHONE, 12, 40), Some(1));
        assert_eq!(context.distance(PHONE, 52, 40), None);
        assert_eq!(context.distance(PHONE, text.len(), 40), None);
    }

    #[test]
    fn the_automaton_builds_and_no_word_is_longer_than_is_read_again() {
        assert!(words().automaton.is_some());
        assert!(words().words.iter().all(|(word, _)| word.len() <= LONGEST));
    }
}
