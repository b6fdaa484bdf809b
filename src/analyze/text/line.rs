//! The hidden characters of one line: one [`Hidden`] a kind.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::direction;
use crate::finding::conceals;

/// So many invisible characters of one kind in a line are a message wherever they stand.
const MESSAGE: u32 = 8;

/// The longest payload that is shown.
const LONGEST_PAYLOAD: usize = 120;

/// What one line hides, of one kind.
pub(super) struct Hidden {
    /// The rule that reports it.
    pub(super) rule: &'static str,
    /// From the first such character to the end of the last, in bytes of the line.
    pub(super) range: Range<usize>,
    /// How many there are.
    pub(super) count: u32,
    characters: Vec<char>,
    bytes: Vec<u8>,
}

impl Hidden {
    /// The characters by number, at most four: "U+202E, U+2066".
    pub(super) fn names(&self) -> String {
        self.characters
            .iter()
            .map(|character| format!("U+{:04X}", u32::from(*character)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The decoded message. Words that could be a key are left out: no detector has seen this text.
    pub(super) fn payload(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut shown = String::new();
        for word in text.split_whitespace() {
            let keyish = word.len() > 24 || word.len() > 5 && word.bytes().any(|byte| byte.is_ascii_digit());
            if !shown.is_empty() {
                shown.push(' ');
            }
            if keyish {
                shown += &format!("[{} characters]", word.chars().count());
            } else {
                shown += word;
            }
            if shown.len() > LONGEST_PAYLOAD {
                shown += "...";
                break;
            }
        }
        shown
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// Code.
    Code,
    /// Prose: joiners and marks of other scripts are ordinary.
    Prose,
    /// Prose of a document in a right-to-left language, where embeddings are ordinary too.
    RightToLeft,
}

/// What stands around a character.
struct Line {
    prose: bool,
    right_to_left: bool,
    /// The line is a table of character ranges: `\u{2060}-\u{206f}` with the characters themselves.
    ranges: bool,
    found: Vec<Hidden>,
    invisible_in_prose: Option<Hidden>,
}

/// The hidden characters of a line. `first` says that it is the first of its text, which may start with a byte order mark.
pub(super) fn inspect(text: &str, writing: Writing, first: bool) -> Vec<Hidden> {
    let prose = writing != Writing::Code;
    let mut line = Line {
        prose,
        right_to_left: text.chars().any(direction::is_right_to_left),
        ranges: is_table(text),
        found: Vec::new(),
        invisible_in_prose: None,
    };
    let directed = direction::innocent(text, writing);
    let mut rest = text.char_indices().peekable();
    let mut previous = None;
    while let Some((at, character)) = rest.next() {
        if !conceals(character) {
            previous = Some(character);
            continue;
        }
        let next = rest.peek().map(|(_, next)| *next);
        if line.ranges && (previous == Some('-') || next == Some('-')) {
            previous = Some(character);
            continue;
        }
        match character {
            '\t' | '\r' | '\u{c}' => previous = Some(character),
            '\u{feff}' if first && at == 0 => {}
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                if !directed {
                    line.add("bidirectional-text", at, character);
                }
            }
            '\u{e0000}'..='\u{e007f}' => line.tags(at, character, &mut rest, previous),
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
                line.selectors(at, character, &mut rest, previous)
            }
            _ if character.is_control() => {
                line.add("control-characters", at, character);
            }
            _ => {
                line.invisible(at, character, previous, next);
            }
        }
    }
    line.finish()
}

impl Line {
    fn add(&mut self, rule: &'static str, at: usize, character: char) -> &mut Hidden {
        let index = self.found.iter().position(|hidden| hidden.rule == rule).unwrap_or_else(|| {
            self.found.push(Hidden::new(rule, at));
            self.found.len() - 1
        });
        let hidden = &mut self.found[index];
        hidden.take(at, character);
        hidden
    }

    /// A run of tag characters: the message they spell, unless they end a well-formed flag.
    fn tags(&mut self, at: usize, first: char, rest: &mut Peekable<CharIndices<'_>>, previous: Option<char>) {
        let mut run = vec![(at, first)];
        while let Some(next) = rest.next_if(|(_, next)| matches!(next, '\u{e0000}'..='\u{e007f}')) {
            run.push(next);
        }
        let ascii: Vec<u8> = run.iter().map(|(_, tag)| (u32::from(*tag) & 0x7f) as u8).collect();
        let region = ascii.strip_suffix(&[0x7f]).unwrap_or(&[]);
        let flag = (4..=6).contains(&region.len())
            && region.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if previous == Some('\u{1f3f4}') && flag {
            return;
        }
        for ((at, tag), byte) in run.iter().zip(&ascii) {
            self.add("tag-characters", *at, *tag).bytes.push(*byte);
        }
    }

    /// A run of variation selectors: one may follow a character that has variants, more than one carry bytes.
    fn selectors(
        &mut self,
        at: usize,
        first: char,
        rest: &mut Peekable<CharIndices<'_>>,
        previous: Option<char>,
    ) {
        let mut run = vec![(at, first)];
        while let Some(next) =
            rest.next_if(|(_, next)| matches!(next, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'))
        {
            run.push(next);
        }
        // Editors double the emoji selector now and then; a row of one value says nothing.
        if run.len() <= 3 && run.iter().all(|(_, selector)| *selector == '\u{fe0f}') {
            return;
        }
        let varies = previous.is_some_and(|base| !base.is_ascii());
        if run.len() == 1 && (varies || self.prose && first == '\u{fe0e}') {
            return;
        }
        for (at, selector) in run {
            let number = u32::from(selector);
            let byte = if number < 0xfe10 { number - 0xfe00 } else { number - 0xe0100 + 16 };
            self.add("variation-selector-payload", at, selector).bytes.push(byte as u8);
        }
    }

    fn invisible(&mut self, at: usize, character: char, previous: Option<char>, next: Option<char>) {
        let beside = |test: fn(char) -> bool| previous.is_some_and(test) || next.is_some_and(test);
        let belongs = match character {
            '\u{200c}' | '\u{200d}' => {
                beside(is_joining) || previous.is_some_and(is_emoji) && next.is_some_and(is_emoji)
            }
            '\u{200b}' | '\u{2060}' => beside(is_spaceless),
            '\u{200e}' | '\u{200f}' | '\u{61c}' => self.prose || self.right_to_left,
            '\u{180b}'..='\u{180f}' | '\u{17b4}' | '\u{17b5}' => beside(is_joining),
            '\u{115f}' | '\u{1160}' => beside(is_hangul),
            '\u{2028}' | '\u{2029}' | '\u{ad}' => self.prose,
            _ => false,
        };
        if belongs {
            return;
        }
        let in_word = |side: Option<char>| side.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        if !self.prose || in_word(previous) && in_word(next) {
            self.add("invisible-characters", at, character);
        } else {
            self.invisible_in_prose
                .get_or_insert_with(|| Hidden::new("invisible-characters", at))
                .take(at, character);
        }
    }

    fn finish(mut self) -> Vec<Hidden> {
        let seen = self.found.iter().any(|hidden| hidden.rule == "invisible-characters");
        self.found.extend(self.invisible_in_prose.filter(|hidden| hidden.count >= MESSAGE && !seen));
        self.found
    }
}

impl Hidden {
    fn new(rule: &'static str, at: usize) -> Self {
        Hidden { rule, range: at..at, count: 0, characters: Vec::new(), bytes: Vec::new() }
    }

    fn take(&mut self, at: usize, character: char) {
        self.range.end = at + character.len_utf8();
        self.count = self.count.saturating_add(1);
        if self.characters.len() < 4 && !self.characters.contains(&character) {
            self.characters.push(character);
        }
    }
}

/// Whether a line is a table of character ranges, as a regular expression over Unicode classes is: at least so many
/// hyphens stand between two characters beyond ASCII.
fn is_table(text: &str) -> bool {
    const RANGES: usize = 8;
    let mut before = ('a', 'a');
    let mut ranges = 0;
    for character in text.chars() {
        ranges += usize::from(before.1 == '-' && !before.0.is_ascii() && !character.is_ascii());
        before = (before.1, character);
    }
    ranges >= RANGES
}

/// Scripts whose letters join or stack by means of ZWJ and ZWNJ: Arabic, those of India, south-east Asia, Mongolia.
fn is_joining(character: char) -> bool {
    matches!(u32::from(character), 0x600..=0x109f | 0x1780..=0x18af | 0x1900..=0x1cff | 0xa800..=0xabff | 0xfb50..=0xfdff
        | 0xfe70..=0xfefc | 0x10a00..=0x11fff)
}

/// Scripts written without spaces, where a zero-width one marks where a line may break.
fn is_spaceless(character: char) -> bool {
    matches!(u32::from(character), 0xe00..=0x109f | 0x1780..=0x17ff | 0x1950..=0x1aff | 0x2e80..=0xa4cf | 0xf900..=0xfaff
        | 0xff00..=0xff9f | 0x20000..=0x3ffff)
}

fn is_hangul(character: char) -> bool {
    matches!(u32::from(character), 0x1100..=0x11ff | 0xa960..=0xa97f | 0xac00..=0xd7ff)
}

fn is_emoji(character: char) -> bool {
    matches!(u32::from(character), 0xa9 | 0xae | 0x2190..=0x2bff | 0x3030 | 0x303d | 0x3297 | 0x3299 | 0x1f000..=0x1faff)
}
