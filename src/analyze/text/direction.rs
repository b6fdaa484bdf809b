//! Whether bidirectional controls of a line serve the text they stand in, or change how the code around it reads.

use super::line::Writing;

/// Whether no control of a line makes it read as another.
///
/// In code, each control is closed again in the same string or comment, beside letters that run right to left, so that
/// nothing outside moves. In prose nothing runs: an embedding may last to the end of a line of such letters, and an
/// override may move punctuation.
pub(super) fn innocent(text: &str, writing: Writing) -> bool {
    let directed = writing == Writing::RightToLeft || text.chars().any(is_right_to_left);
    match writing {
        Writing::Code => directed && contained(text),
        Writing::Prose | Writing::RightToLeft => directed && !overrides_words(text),
    }
}

/// Whether a character belongs to a script that is written from right to left.
pub(super) fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc | 0x10800..=0x10fff | 0x1e800..=0x1efff)
        && character != '\u{61c}'
}

/// Whether the controls of a line are closed in the string or comment they open in, override nothing, and hold or
/// follow right-to-left letters there.
fn contained(text: &str) -> bool {
    // The closers that are waited for, the innermost last, and what the piece up to the last delimiter held.
    let mut open: Vec<char> = Vec::new();
    let (mut directed, mut controls) = (false, false);
    let mut previous = ' ';
    for character in text.chars() {
        match character {
            '\u{202d}' | '\u{202e}' => return false,
            '\u{202a}' | '\u{202b}' => open.push('\u{202c}'),
            '\u{2066}'..='\u{2068}' => open.push('\u{2069}'),
            '\u{202c}' | '\u{2069}' if open.pop() != Some(character) => return false,
            _ => {}
        }
        let comment =
            matches!((previous, character), ('/', '/' | '*') | ('*', '/') | ('-', '-')) || character == '#';
        if comment || matches!(character, '"' | '\'' | '`') {
            if !open.is_empty() || controls && !directed {
                return false;
            }
            (directed, controls) = (false, false);
        }
        controls |= matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        directed |= is_right_to_left(character);
        previous = character;
    }
    open.is_empty() && (directed || !controls)
}

/// Whether an override reverses letters or digits: then a word reads as another.
fn overrides_words(text: &str) -> bool {
    let mut overridden = 0_usize;
    text.chars().any(|character| {
        match character {
            '\u{202d}' | '\u{202e}' => overridden += 1,
            '\u{202c}' => overridden = overridden.saturating_sub(1),
            _ => {}
        }
        overridden > 0 && character.is_alphanumeric() && !is_right_to_left(character)
    })
}
