//! Where to look: the anchors of all rules are found in one pass over a text.
//!
//! Every word is represented by its rarest four bytes. A table of bits says of four bytes at a time whether they may be
//! some word's; it fits into the first-level cache and is filled in microseconds, so that a short prompt does not wait
//! for it and a tree is read at close to a byte a nanosecond. What passes is compared with the words themselves. The
//! idea is that of Wu and Manber (1994), without the shift: words of three bytes would leave none.

use std::ops::Range;

/// Bits of the table: thirty-two kibibytes.
const BITS: u32 = 18;
/// Words of 64 bits that hold them.
const CELLS: usize = (1 << BITS) / 64;
/// Lists of words that share the end of their hash.
const LISTS: usize = 1 << 12;
/// No further word in a list.
const END: u32 = u32::MAX;
/// Upper and lower case alike; other bytes may fall together, and are told apart when the word is compared.
const FOLD: u32 = 0x2020_2020;

/// A set of words, found without regard to ASCII case.
pub(super) struct Anchors {
    /// What may be some word's four bytes.
    table: Box<[u64; CELLS]>,
    /// The same under another hash: what falls together in one seldom does in the other.
    other: Box<[u64; CELLS]>,
    /// The first word of each list: those of four bytes and more, and those of three.
    long: Vec<u32>,
    short: Vec<u32>,
    words: Vec<Word>,
    /// Words of one or two bytes: too common for the table.
    tiny: Vec<usize>,
}

struct Word {
    /// Lower case.
    text: Vec<u8>,
    /// Where its rarest four bytes begin.
    at: usize,
    /// These bytes, folded.
    gram: u32,
    next: u32,
}

impl Anchors {
    /// The set of `words`; they are known by their place in the list. An empty word is never found.
    pub(super) fn new<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut anchors = Anchors {
            table: Box::new([0; CELLS]),
            other: Box::new([0; CELLS]),
            long: vec![END; LISTS],
            short: vec![END; LISTS],
            words: Vec::new(),
            tiny: Vec::new(),
        };
        for (number, word) in words.into_iter().enumerate() {
            anchors.add(number, word.to_ascii_lowercase().into_bytes());
        }
        anchors
    }

    fn add(&mut self, number: usize, text: Vec<u8>) {
        let (mut at, mut gram, mut next) = (0, 0, END);
        match text.len() {
            0..=2 => self.tiny.push(number),
            3 => {
                gram = folded([text[0], text[1], text[2], 0]) & 0xff_ffff;
                for last in 0..=255u8 {
                    self.mark(gram | (u32::from(last | 0x20) << 24));
                }
                next = std::mem::replace(&mut self.short[list(gram)], number as u32);
            }
            _ => {
                at = rarest(&text);
                gram = folded([text[at], text[at + 1], text[at + 2], text[at + 3]]);
                self.mark(gram);
                next = std::mem::replace(&mut self.long[list(gram)], number as u32);
            }
        }
        self.words.push(Word { text, at, gram, next });
    }

    fn mark(&mut self, gram: u32) {
        set(&mut self.table, hash(gram));
        set(&mut self.other, second_hash(gram));
    }

    /// Calls `met` with the number and the bytes of each word in `text`, roughly in order: two that overlap may be
    /// told in either.
    pub(super) fn each(&self, text: &[u8], mut met: impl FnMut(usize, Range<usize>)) {
        for (start, four) in text.windows(4).enumerate() {
            let gram = folded([four[0], four[1], four[2], four[3]]);
            if is_set(&self.table, hash(gram)) && is_set(&self.other, second_hash(gram)) {
                self.compare(text, start, gram, &mut met);
            }
        }
        // A word of three bytes at the very end has no four to be seen by.
        if let Some(start) = text.len().checked_sub(3) {
            let gram = folded([text[start], text[start + 1], text[start + 2], 0]);
            self.walk(self.short[list(gram & 0xff_ffff)], gram & 0xff_ffff, text, start, &mut met);
        }
        for number in &self.tiny {
            self.seek(text, *number, &mut met);
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], start: usize, gram: u32, met: &mut impl FnMut(usize, Range<usize>)) {
        self.walk(self.long[list(gram)], gram, text, start, met);
        let three = gram & 0xff_ffff;
        self.walk(self.short[list(three)], three, text, start, met);
    }

    fn walk(
        &self,
        mut number: u32,
        gram: u32,
        text: &[u8],
        start: usize,
        met: &mut impl FnMut(usize, Range<usize>),
    ) {
        while let Some(word) = self.words.get(number as usize) {
            if word.gram == gram
                && let Some(first) = start.checked_sub(word.at)
                && let Some(here) = text.get(first..first + word.text.len())
                && here.eq_ignore_ascii_case(&word.text)
            {
                met(number as usize, first..first + word.text.len());
            }
            number = word.next;
        }
    }

    fn seek(&self, text: &[u8], number: usize, met: &mut impl FnMut(usize, Range<usize>)) {
        let word = &self.words[number].text;
        let Some(first) = word.first() else { return };
        for at in memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text) {
            if text.get(at..at + word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word)) {
                met(number, at..at + word.len());
            }
        }
    }
}

fn folded(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | FOLD
}

/// Multiplicative hashing (Knuth, volume 3, 6.4), the upper bits of the product.
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1) >> (32 - BITS)
}

/// The same with another multiplier.
fn second_hash(gram: u32) -> u32 {
    gram.wrapping_mul(0xc2b2_ae3d) >> (32 - BITS)
}

fn set(table: &mut [u64; CELLS], bit: u32) {
    table[(bit / 64) as usize] |= 1 << (bit % 64);
}

fn is_set(table: &[u64; CELLS], bit: u32) -> bool {
    table[(bit / 64) as usize] & 1 << (bit % 64) != 0
}

fn list(gram: u32) -> usize {
    gram.wrapping_mul(0x85eb_ca6b) as usize >> 20 & (LISTS - 1)
}

/// Where the four bytes begin that are seldom met in source text and prose.
fn rarest(text: &[u8]) -> usize {
    let weight = |at: &usize| -> u32 { text[*at..*at + 4].iter().map(|byte| common(*byte)).sum() };
    (0..=text.len().saturating_sub(4)).min_by_key(weight).unwrap_or(0)
}

/// How often a byte is met, from rare to common.
fn common(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b' ' | b's' | b'a' | b'i' | b'n' | b'o' | b'r' => 9,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' | b'\n' => 7,
        b'h' | b'g' | b'b' | b'y' | b'_' | b'"' | b'\'' | b'.' | b',' | b'=' | b'-' | b'/' => 5,
        b'0' | b'1' | b'2' | b'w' | b'v' | b'k' | b'x' | b':' | b'(' | b')' => 4,
        b'3'..=b'9' => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        Anchors::new(words.iter().copied()).each(text.as_bytes(), |word, range| found.push((word, range)));
        found.sort_by_key(|(word, range)| (range.start, *word));
        found
    }

    #[test]
    fn words_of_any_length_are_found_anywhere() {
        assert_eq!(found(&["ghp_"], "x ghp_ GHP_"), [(0, 2..6), (0, 7..11)]);
        assert_eq!(found(&["key", "@", "p@"], "KEY p@ key"), [(0, 0..3), (2, 4..6), (1, 5..6), (0, 7..10)]);
        assert_eq!(found(&["key"], "key"), [(0, 0..3)]);
        assert_eq!(found(&["token", "tokens", "oken"], "tokens"), [(0, 0..5), (1, 0..6), (2, 1..5)]);
        assert_eq!(found(&["", "abcd"], "abc"), []);
    }

    proptest! {
        #[test]
        fn exactly_the_occurrences_are_told(
            words in prop::collection::vec("[a-dA-D_@\u{e9}]{1,6}", 1..20),
            text in "[a-dA-D_@\u{e9}]{0,60}",
        ) {
            let lower = text.to_ascii_lowercase();
            let mut expected = Vec::new();
            for (number, word) in words.iter().enumerate() {
                let word = word.to_ascii_lowercase();
                for start in 0..lower.len() {
                    if lower.as_bytes()[start..].starts_with(word.as_bytes()) {
                        expected.push((number, start..start + word.len()));
                    }
                }
            }
            expected.sort_by_key(|(word, range)| (range.start, *word));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert_eq!(found(&words, &text), expected);
        }
    }
}
