//! Escapes taken off: `\x67`, `\u0067`, `\u{67}`, `\147`, `%67`, `&#103;`, and the quotes of a JSON string in a JSON
//! string. A line counts when it escapes a letter, a digit, `_` or `-`: nothing has to be written so; when
//! the last letter of an escape stands before what may be a token; and when it colours a terminal.

use std::ops::Range;

use super::{Reading, lines_around};

/// The longest escape that is read.
const LONGEST: usize = 24;
/// What begins a sequence for a terminal.
const ESCAPE: u8 = 0x1b;
/// Stands for such a sequence, which reads as a blank.
const COLOUR: u8 = 0;
/// A word of this many characters behind an escape may be a token whose beginning the escape's last letter hides.
const GLUED: usize = 16;

/// The lines with needless escapes, unescaped; `None` when there is none.
pub(super) fn unescaped(text: &str) -> Option<Reading> {
    let bytes = text.as_bytes();
    let needless = memchr::memchr3_iter(b'\\', b'%', b'&', bytes).filter_map(|at| {
        let nested = bytes[at..].starts_with(b"\\\\\"");
        if nested {
            return Some(at..at + 1);
        }
        let (meaning, length) = escape(&bytes[at..])?;
        let needless = meaning.is_ascii_alphanumeric() || matches!(meaning, b'_' | b'-' | COLOUR);
        (needless || glued(&bytes[at + length..])).then_some(at..at + length)
    });
    let raw = memchr::memchr_iter(ESCAPE, bytes).map(|at| at..at + 1);
    let mut needless: Vec<Range<usize>> = needless.collect();
    let written = needless.len();
    needless.extend(raw);
    if needless.len() > written {
        needless.sort_by_key(|place| place.start);
    }
    let lines = lines_around(text, needless);
    if lines.is_empty() {
        return None;
    }
    let mut reading = Reading::new("with escapes");
    for line in lines {
        unescape(text, line, &mut reading);
    }
    Some(reading)
}

fn unescape(text: &str, line: Range<usize>, reading: &mut Reading) {
    let bytes = &text.as_bytes()[..line.end];
    let mut done = line.start;
    while let Some(skip) = bytes[done..].iter().position(|byte| matches!(byte, b'\\' | b'%' | b'&' | &ESCAPE))
    {
        let at = done + skip;
        reading.same(text, done..at);
        match escape(&bytes[at..]) {
            Some((meaning, length)) => {
                let meaning = if meaning == COLOUR { b' ' } else { meaning };
                reading.other(char::from(meaning).encode_utf8(&mut [0; 4]), at..at + length);
                done = at + length;
            }
            None => {
                reading.same(text, at..at + 1);
                done = at + 1;
            }
        }
    }
    reading.same(text, done..line.end);
    reading.end(line.end);
}

/// The ASCII character that an escape at the start of `bytes` stands for, and the escape's length.
fn escape(bytes: &[u8]) -> Option<(u8, usize)> {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    if let Some(length) = colour(bytes) {
        return Some((COLOUR, length));
    }
    match bytes {
        [b'%', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 3)),
        [b'\\', b'x', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 4)),
        [b'\\', b'u', b'{', rest @ ..] => braced(rest, b'}', 16).map(|(value, length)| (value, length + 3)),
        [b'\\', b'u', rest @ ..] => Some((number(rest.get(..4)?, 16)?, 6)),
        [b'\\', b'U', rest @ ..] => Some((number(rest.get(..8)?, 16)?, 10)),
        [b'\\', b'0'..=b'1', _, _, ..] => Some((number(bytes.get(1..4)?, 8)?, 4)),
        [b'\\', escaped, ..] => Some((simple(*escaped)?, 2)),
        [b'&', b'#', b'x' | b'X', rest @ ..] => {
            braced(rest, b';', 16).map(|(value, length)| (value, length + 3))
        }
        [b'&', b'#', rest @ ..] => braced(rest, b';', 10).map(|(value, length)| (value, length + 2)),
        [b'&', rest @ ..] => entity(rest),
        _ => None,
    }
}

/// The printable ASCII character of a number written in `digits`.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let value = digits.iter().try_fold(0u32, |value, digit| {
        Some(value.checked_mul(radix)? + char::from(*digit).to_digit(radix)?)
    })?;
    u8::try_from(value)
        .ok()
        .filter(|byte| (0x20..0x7f).contains(byte) || matches!(byte, b'\n' | b'\t' | b'\r'))
}

/// A number up to its closing character, and the length of both.
fn braced(rest: &[u8], close: u8, radix: u32) -> Option<(u8, usize)> {
    let length = rest.iter().position(|byte| *byte == close).filter(|length| *length > 0)?;
    Some((number(&rest[..length], radix)?, length + 1))
}

/// Whether a token may begin here: the letter that ends an escape before it is none of it.
fn glued(behind: &[u8]) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    behind.get(..GLUED).is_some_and(|word| word.iter().all(inside))
}

/// The length of a sequence that colours a terminal's text, as it is or written as an escape: `\e[1;31m`.
fn colour(bytes: &[u8]) -> Option<usize> {
    const STARTS: &[&[u8]] =
        &[b"\x1b[", b"\\e[", b"\\E[", b"\\033[", b"\\x1b[", b"\\x1B[", b"\\u001b[", b"\\u001B["];
    let start = STARTS.iter().find(|start| bytes.starts_with(start))?.len();
    let parameters = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    let end = start + parameters;
    bytes.get(end).filter(|byte| byte.is_ascii_alphabetic()).map(|_| end + 1)
}

fn simple(escaped: u8) -> Option<u8> {
    Some(match escaped {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'\\' | b'"' | b'\'' | b'/' | b'`' => escaped,
        _ => return None,
    })
}

/// A named character reference without its `&`.
fn entity(rest: &[u8]) -> Option<(u8, usize)> {
    const NAMES: &[(&[u8], u8)] = &[
        (b"amp;", b'&'),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"quot;", b'"'),
        (b"apos;", b'\''),
        (b"lowbar;", b'_'),
        (b"dash;", b'-'),
        (b"hyphen;", b'-'),
        (b"period;", b'.'),
        (b"sol;", b'/'),
        (b"colon;", b':'),
        (b"equals;", b'='),
        (b"plus;", b'+'),
        (b"commat;", b'@'),
    ];
    let (name, character) = NAMES.iter().find(|(name, _)| rest.starts_with(name))?;
    Some((*character, name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_every_kind_are_read() {
        for escaped in [
            r"\x67\x68p_",
            r"\u0067hp_",
            r"\u{67}hp_",
            r"\U00000067hp_",
            r"\147hp_",
            "%67hp_",
            "&#103;hp_",
            "&#x67;hp_",
            "&#103;hp&lowbar;",
        ] {
            let text = format!("above\nsay '{escaped}'\nbelow");
            let reading = unescaped(&text).unwrap();
            assert_eq!(reading.text, "say 'ghp_'\n", "{escaped}");
            assert_eq!(&text[reading.original(&(5..9))], escaped);
        }
    }

    #[test]
    fn the_letter_of_an_escape_is_no_part_of_what_follows() {
        let token = "abcd_0123456789abcdef";
        for escape in [r"\n", r"\t", "%0A", "%20", r"\u0026", "\u{1b}[1m", r"\033[1;31m", r"\e[0m"] {
            let text = format!("x{escape}{token}");
            let reading = unescaped(&text).unwrap();
            let at = reading.text.find(token).unwrap();
            assert!(!reading.text.as_bytes()[at - 1].is_ascii_alphanumeric(), "{escape}");
            assert_eq!(&text[reading.original(&(at..at + token.len()))], token);
        }
    }

    #[test]
    fn json_in_json_is_read() {
        let text = r#"{"body": "{\"a\": \"{\\\"k\\\": \\\"v\\\"}\"}"}"#;
        assert_eq!(unescaped(text).unwrap().text.trim_end(), r#"{"body": "{"a": "{\"k\": \"v\"}"}"}"#);
    }

    #[test]
    fn what_has_to_be_escaped_is_no_disguise() {
        for text in [
            "a\\nb \\\"q\\\"",
            "100% of %20",
            "&amp; &lt;",
            "\\u00e9",
            "%C3%A9",
            "C:\\users\\x",
            "\\",
            "%",
            "&#",
        ] {
            assert!(unescaped(text).is_none(), "{text}");
        }
    }
}
