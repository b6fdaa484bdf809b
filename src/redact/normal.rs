//! The text as a reader takes it: invisible characters left out, full-width and styled letters as plain ones, letters
//! of another script that look Latin as Latin ones inside a Latin word. With a map back to the text as it is.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use crate::finding::conceals;

/// A run of the normal form and the bytes of the text that it stands for.
struct Run {
    normal: Range<usize>,
    text: Range<usize>,
    /// Whether byte for byte the same.
    same: bool,
}

/// The normal form of a text that differs from it.
pub(super) struct Normal {
    pub(super) text: String,
    runs: Vec<Run>,
}

/// The normal form; `None` when the text is its own.
pub(super) fn normal(text: &str) -> Option<Normal> {
    if text.is_ascii() {
        return None;
    }
    let mut normal = Normal { text: String::with_capacity(text.len()), runs: Vec::new() };
    let mut before = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let behind = characters.peek().map_or(' ', |(_, next)| *next);
        let in_word = before.is_ascii_alphanumeric() || behind.is_ascii_alphanumeric();
        let end = at + character.len_utf8();
        match plain(character, in_word) {
            Plain::Same => {
                normal.push(character, at..end, true);
                before = character;
            }
            Plain::Nothing => {}
            Plain::Ascii(ascii) => {
                normal.push(ascii, at..end, false);
                before = ascii;
            }
        }
    }
    (normal.text.len() != text.len() || normal.runs.iter().any(|run| !run.same)).then_some(normal)
}

enum Plain {
    Same,
    Nothing,
    Ascii(char),
}

fn plain(character: char, in_word: bool) -> Plain {
    if character.is_ascii() {
        return Plain::Same;
    }
    let tag = u32::from(character).checked_sub(0xe0000).filter(|code| (0x20..0x7f).contains(code));
    if let Some(ascii) = tag.and_then(char::from_u32) {
        return Plain::Ascii(ascii);
    }
    if conceals(character) {
        return Plain::Nothing;
    }
    let one = |mut characters: Box<dyn Iterator<Item = char> + '_>| {
        let first = characters.next().filter(char::is_ascii_graphic)?;
        characters.next().is_none().then_some(first)
    };
    if let Some(ascii) = one(Box::new(std::iter::once(character).nfkc())) {
        return Plain::Ascii(ascii);
    }
    let mut buffer = [0; 4];
    let alike = in_word && character.is_alphabetic();
    match alike.then(|| one(Box::new(skeleton(character.encode_utf8(&mut buffer))))).flatten() {
        Some(ascii) => Plain::Ascii(ascii),
        None => Plain::Same,
    }
}

impl Normal {
    fn push(&mut self, character: char, range: Range<usize>, same: bool) {
        let start = self.text.len();
        self.text.push(character);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(run) if run.same && same && run.text.end == range.start => {
                run.normal.end = end;
                run.text.end = range.end;
            }
            _ => self.runs.push(Run { normal: start..end, text: range, same }),
        }
    }

    /// The bytes of the text that a range of the normal form stands for; what is invisible inside belongs to it.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let run = |offset: usize| self.runs.get(self.runs.partition_point(|run| run.normal.end <= offset));
        let start = run(range.start).map_or(0, |run| match run.same {
            true => run.text.start + (range.start - run.normal.start),
            false => run.text.start,
        });
        let end = run(range.end.saturating_sub(1)).map_or(start, |run| match run.same {
            true => run.text.start + (range.end - run.normal.start),
            false => run.text.end,
        });
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        normal(text).map_or(text.to_owned(), |normal| normal.text)
    }

    #[test]
    fn disguises_are_taken_off() {
        assert_eq!(seen("gh\u{200b}p\u{ad}_ab"), "ghp_ab");
        assert_eq!(seen("\u{ff47}\u{ff48}\u{ff50}_"), "ghp_");
        assert_eq!(seen("\u{455}k-\u{430}nt"), "sk-ant");
        assert_eq!(seen("\u{e0067}\u{e0068}"), "gh");
    }

    #[test]
    fn ordinary_text_is_its_own_normal_form() {
        for text in ["plain", "caf\u{e9} \u{4e2d}\u{6587}", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"] {
            assert!(normal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn ranges_lead_back_to_the_text() {
        let text = "\u{e9} g\u{200b}h\u{ff50}_x";
        let form = normal(text).unwrap();
        let at = form.text.find("ghp_").unwrap();
        assert_eq!(&text[form.original(&(at..at + 4))], "g\u{200b}h\u{ff50}_");
        assert_eq!(&text[form.original(&(at..at + 3))], "g\u{200b}h\u{ff50}");
    }
}
