//! The text as a reader takes it: invisible characters left out, full-width and styled letters as plain ones, letters
//! of another script that look Latin as Latin ones inside a Latin word. Tag characters are a text of their own.

use std::ops::Range;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use super::{Reading, lines_around};
use crate::finding::conceals;

/// Characters in a block; a block is looked up in the tables of Unicode once, when a text first holds one of it.
const BLOCK: usize = 256;
/// What a character reads as: itself.
const SAME: u8 = 0;
/// Nothing.
const NOTHING: u8 = 1;
/// A tag character: its text is read apart.
const TAG: u8 = 2;

/// What the characters of a block read as, alone and inside a Latin word: one of the above, or an ASCII character.
type Block = [[u8; 2]; BLOCK];

static BLOCKS: [OnceLock<Box<Block>>; 0x11_0000 / BLOCK] = [const { OnceLock::new() }; 0x11_0000 / BLOCK];

/// The lines that read differently; `None` when there is none.
pub(super) fn normal(text: &str) -> Option<Reading> {
    let places = disguised(text);
    if places.is_empty() {
        return None;
    }
    let mut reading = Reading::new("in disguised characters");
    let mut tags = Reading::new("");
    let mut next = places.iter().peekable();
    for line in lines_around(text, places.iter().map(|(range, _)| range.clone())) {
        let mut done = line.start;
        while let Some((range, plain)) = next.next_if(|(range, _)| range.end <= line.end) {
            reading.same(text, done..range.start);
            done = range.end;
            match plain {
                &NOTHING => {}
                &TAG => {
                    let ascii = text[range.clone()].chars().next().and_then(tag).unwrap_or(' ');
                    tags.other(ascii.encode_utf8(&mut [0; 4]), range.clone());
                }
                ascii => reading.other(char::from(*ascii).encode_utf8(&mut [0; 4]), range.clone()),
            }
        }
        reading.same(text, done..line.end);
        reading.end(line.end);
    }
    let shift = reading.text.len();
    reading.text.push_str(&tags.text);
    reading.runs.extend(tags.runs.into_iter().map(|run| super::Run { at: run.at + shift, ..run }));
    Some(reading)
}

/// The characters of `text` that read as something else, in order.
fn disguised(text: &str) -> Vec<(Range<usize>, u8)> {
    let bytes = text.as_bytes();
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(skip) = next_wide(&bytes[at..]) {
        let start = at + skip;
        let Some(character) = text[start..].chars().next() else { break };
        at = start + character.len_utf8();
        let [alone, in_word] = plain(character);
        if alone != SAME {
            places.push((start..at, alone));
        } else if in_word != SAME && (latin_before(bytes, &places, start) || latin(bytes.get(at))) {
            let mut word = vec![(start..at, in_word)];
            // Letters before it that look Latin too stand in the same word.
            let taken = places.last().map_or(0, |(range, _)| range.end);
            let mut end = start;
            while let Some(letter) = text[taken..end].chars().next_back().filter(|letter| !letter.is_ascii())
            {
                let [SAME, in_word] = plain(letter) else { break };
                if in_word == SAME {
                    break;
                }
                word.push((end - letter.len_utf8()..end, in_word));
                end -= letter.len_utf8();
            }
            places.extend(word.into_iter().rev());
        }
    }
    places
}

fn latin(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the character that ends at `start` is, or reads as, a Latin letter or a digit.
fn latin_before(bytes: &[u8], places: &[(Range<usize>, u8)], start: usize) -> bool {
    latin(start.checked_sub(1).and_then(|before| bytes.get(before)))
        || places.last().is_some_and(|(range, plain)| range.end == start && plain.is_ascii_alphanumeric())
}

/// The offset of the first byte that is not ASCII.
fn next_wide(bytes: &[u8]) -> Option<usize> {
    let chunks = bytes.chunks(64).take_while(|chunk| chunk.is_ascii()).count();
    let from = (chunks * 64).min(bytes.len());
    bytes[from..].iter().position(|byte| !byte.is_ascii()).map(|at| from + at)
}

/// What a character reads as, alone and inside a Latin word.
fn plain(character: char) -> [u8; 2] {
    let code = u32::from(character) as usize;
    BLOCKS[code / BLOCK].get_or_init(|| block(code / BLOCK))[code % BLOCK]
}

fn block(number: usize) -> Box<Block> {
    let mut block = Box::new([[SAME; 2]; BLOCK]);
    for (offset, slot) in block.iter_mut().enumerate() {
        if let Some(character) = char::from_u32((number * BLOCK + offset) as u32) {
            *slot = look_up(character);
        }
    }
    block
}

fn look_up(character: char) -> [u8; 2] {
    if character.is_ascii() {
        return [SAME; 2];
    }
    if tag(character).is_some() {
        return [TAG; 2];
    }
    if conceals(character) {
        return [NOTHING; 2];
    }
    let one = |characters: &mut dyn Iterator<Item = char>| {
        let first = characters.next().filter(char::is_ascii_graphic)?;
        characters.next().is_none().then_some(first as u8)
    };
    if let Some(ascii) = one(&mut std::iter::once(character).nfkc()) {
        return [ascii; 2];
    }
    let alike =
        character.is_alphabetic().then(|| one(&mut skeleton(character.encode_utf8(&mut [0; 4])))).flatten();
    [SAME, alike.unwrap_or(SAME)]
}

/// The ASCII character of a tag character.
fn tag(character: char) -> Option<char> {
    let code = u32::from(character).checked_sub(0xe0000).filter(|code| (0x20..0x7f).contains(code))?;
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        normal(text).map_or(text.to_owned(), |normal| normal.text.trim_end_matches('\n').to_owned())
    }

    #[test]
    fn disguises_are_taken_off() {
        assert_eq!(seen("gh\u{200b}p\u{ad}_ab"), "ghp_ab");
        assert_eq!(seen("\u{ff47}\u{ff48}\u{ff50}_"), "ghp_");
        assert_eq!(seen("\u{455}k-\u{430}nt"), "sk-ant");
        assert_eq!(seen("\u{440}\u{430}x"), "pax");
        assert_eq!(seen("hi\u{e0067}\u{e0068}!"), "hi!\ngh");
    }

    #[test]
    fn ordinary_text_is_its_own_normal_form() {
        for text in ["plain", "caf\u{e9} \u{4e2d}\u{6587}", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"] {
            assert!(normal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn ranges_lead_back_to_the_text() {
        let text = "one\n\u{e9} g\u{200b}h\u{ff50}_x\ntwo";
        let form = normal(text).unwrap();
        assert_eq!(form.text, "\u{e9} ghp_x\n");
        let at = form.text.find("ghp_").unwrap();
        assert_eq!(&text[form.original(&(at..at + 4))], "g\u{200b}h\u{ff50}_");
        assert_eq!(&text[form.original(&(at..at + 3))], "g\u{200b}h\u{ff50}");
    }
}
