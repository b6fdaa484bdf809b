//! What Python's `\s` and `\w` match, since upstream's parsers are Python expressions: not what Rust calls white space
//! (U+001C..U+001F are missing there) nor what it calls alphanumeric (combining vowel signs are extra there).

use std::sync::LazyLock;

use regex::Regex;

/// One character that is a letter or a number for Python: categories L and N.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}_]").ok());

/// `\s`
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// `\w`
pub(super) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    let word = |expression: &Regex| expression.is_match(character.encode_utf8(&mut [0; 4]));
    WORD.as_ref().is_some_and(word)
}

/// `str.strip()`
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The length of the longest prefix of `bytes` whose characters all match; a byte that is no UTF-8 matches nothing.
pub(super) fn run(bytes: &[u8], matches: fn(char) -> bool) -> usize {
    let mut at = 0;
    while let Some((character, length)) = first_char(&bytes[at..]) {
        if !matches(character) {
            break;
        }
        at += length;
    }
    at
}

/// The length of the longest prefix without white space; a byte that is no UTF-8 is not white space.
pub(super) fn run_of_non_space(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match first_char(&bytes[at..]) {
            Some((character, _)) if is_space(character) => break,
            Some((_, length)) => at += length,
            None => at += 1,
        }
    }
    at
}

/// The first character of `bytes` and its length; `None` at the end and where no valid character starts.
fn first_char(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((first as char, 1));
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let character = valid.chars().next()?;
    Some((character, character.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differences_to_rust() {
        for space in ['\u{1c}', '\u{1f}', '\u{85}', '\u{a0}', '\u{3000}', '\r'] {
            assert!(is_space(space), "{space:?}");
        }
        assert!(!is_space('\u{200b}') && !is_space('\u{180e}'));
        for word in ['é', '中', '²', '٣', '_', 'Ⅷ'] {
            assert!(is_word(word), "{word:?}");
        }
        // A Devanagari vowel sign and a circled letter are alphabetic for Rust only.
        assert!(!is_word('\u{93e}') && !is_word('Ⓐ') && !is_word('+'));
    }

    #[test]
    fn runs_stop_at_broken_text() {
        assert_eq!(run(b"ab\xffc", is_word), 2);
        assert_eq!(run("né x".as_bytes(), is_word), 3);
        assert_eq!(run_of_non_space(b"a\xff\xe3\x80\x80b"), 2);
    }
}
