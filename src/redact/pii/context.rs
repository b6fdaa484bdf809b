//! The words that personal data stands behind: "phone", "date of birth", the name of a number. Each byte near a
//! candidate is looked through once, whatever the number of candidates.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::OnceLock;

use super::kinds::{DOCUMENTS, kinds};
use super::words::OWN;
use crate::redact::anchors::Anchors;

/// From no further than this a word counts.
const REACH: usize = 80;

/// No word is longer than this, in bytes.
const LONGEST: usize = 64;

/// All words, and what each is about.
struct Words {
    anchors: Anchors,
    words: Vec<(Cow<'static, str>, usize)>,
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

/// A word as it is, and as identifiers write it: `tax id`, `tax_id`, `taxId`.
fn spellings(word: &&'static str) -> impl Iterator<Item = Cow<'static, str>> {
    /// Shorter ones run together are other words: `sa id`.
    const LEAST: usize = 5;
    let apart = word.contains([' ', '-']);
    let snake = apart.then(|| Cow::Owned(word.replace([' ', '-'], "_")));
    let camel =
        apart.then(|| word.replace([' ', '-'], "")).filter(|camel| camel.len() >= LEAST).map(Cow::Owned);
    [Some(Cow::Borrowed(*word)), snake, camel].into_iter().flatten()
}

fn words() -> &'static Words {
    WORDS.get_or_init(|| {
        let lists = OWN
            .iter()
            .copied()
            .chain(kinds().map(|kind| kind.words))
            .chain(DOCUMENTS.iter().map(|one| one.words));
        let words: Vec<(Cow<'static, str>, usize)> = lists
            .enumerate()
            .flat_map(|(topic, words)| words.iter().flat_map(spellings).map(move |word| (word, topic)))
            .collect();
        Words { anchors: Anchors::new(words.iter().map(|(word, _)| word.as_ref())), words }
    })
}

/// The words near by, on the way through one text.
pub(super) struct Context<'a> {
    text: &'a str,
    read: usize,
    /// Where words ended and what each is about, in order; those far behind are forgotten.
    hits: VecDeque<(usize, usize)>,
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Context { text, read: 0, hits: VecDeque::new() }
    }

    /// How many bytes stand between the last word about `topic` and `at`; `None` when it is further than `reach`.
    /// Asked of growing places, give or take a few bytes.
    pub(super) fn distance(&mut self, topic: usize, at: usize, reach: usize) -> Option<usize> {
        self.read_to(at);
        let (end, _) = *self.hits.iter().rev().find(|(end, of)| *end <= at && *of == topic)?;
        let distance = at.checked_sub(end).filter(|distance| *distance <= reach)?;
        // A name on the line before is a heading, unless its own number stands behind it there.
        let between = self.text.as_bytes().get(end..at)?;
        let line = memchr::memchr(b'\n', between).map_or(&[][..], |line| &between[..line]);
        (!line.iter().any(u8::is_ascii_digit)).then_some(distance)
    }

    /// Reads on to `at` and a bit further, so that a table of numbers is not read again for each of them.
    fn read_to(&mut self, at: usize) {
        const AHEAD: usize = 1024;
        if at <= self.read {
            return;
        }
        while self.hits.front().is_some_and(|(end, _)| end + REACH < at) {
            self.hits.pop_front();
        }
        let (words, bytes) = (words(), self.text.as_bytes());
        let from = self.read.max(at.saturating_sub(REACH)).saturating_sub(LONGEST);
        let to = bytes.len().min(at + AHEAD);
        let known = self.hits.len();
        words.anchors.each(&bytes[from..to], |number, hit| {
            let (start, end) = (from + hit.start, from + hit.end);
            if end > self.read
                && let Some((word, topic)) = words.words.get(number)
                && stands(bytes, start, end, word)
            {
                self.hits.push_back((end, *topic));
            }
        });
        // Anchors come in the order of their rarest part.
        self.hits.make_contiguous()[known..].sort_unstable();
        self.read = to;
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
        |byte: u8| !(byte.is_ascii_lowercase() || byte.is_ascii_uppercase() && last.is_ascii_uppercase());
    let ends = free(behind(0)) || behind(0) == b's' && free(behind(1));
    // Of a word of two letters a digit makes another: `v4` and `IP2`.
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::super::words::PHONE;
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
    fn a_name_on_the_line_before_is_a_heading_unless_it_has_its_number() {
        assert!(near(PHONE, "phone\n"));
        assert!(near(PHONE, "phone 1 or "));
        assert!(!near(PHONE, "phone 1\nnumber "));
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
    fn no_word_is_longer_than_is_read_again() {
        assert!(words().words.iter().all(|(word, _)| word.len() <= LONGEST));
    }
}
