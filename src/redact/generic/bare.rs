//! Values without quotes: where they end, and whether they are code.

use std::ops::Range;

use super::name::in_name;
use super::value::{Form, VALUE, skip_blanks};

/// What ends a value without quotes.
fn ends(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'`,;)}]<>&|\\([".contains(&byte)
}

/// What ends an argument of a shell that is not quoted.
pub(super) fn ends_argument(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'`;|<>)]},\\".contains(&byte)
}

/// The bytes up to one that ends the value, blanks at the end left out.
pub(super) fn till(bytes: &[u8], start: usize, end: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let rest = bytes.get(start..)?;
    let rest = &rest[..rest.len().min(VALUE)];
    let length = rest.iter().position(|byte| end(*byte)).unwrap_or(rest.len());
    let content = rest[..length].trim_ascii_end().len();
    Some(start..start + content)
}

/// The one line of a block; `None` when there are more.
pub(super) fn block(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let range = till(bytes, start, |byte| byte == b'\n')?;
    let line = |at: usize| bytes[..at].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let next = bytes[range.end..].iter().position(|byte| *byte == b'\n').map(|end| range.end + end + 1);
    let below = next.map_or(0, |next| skip_blanks(bytes, next) - next);
    (below < line(start) || line(start) == 0).then_some(range)
}

/// A value without quotes. Behind a name that begins its line it is all that stands on the line, if that is one word.
pub(super) fn bare_value(bytes: &[u8], name: &Range<usize>, start: usize) -> Option<(Range<usize>, Form)> {
    let leads = leads(bytes, name);
    if leads && let Some(range) = whole_line(bytes, start) {
        let shell = bytes.get(name.end) == Some(&b'=') && start == name.end + 1;
        let shouted = !bytes.get(name.clone())?.iter().any(u8::is_ascii_lowercase);
        return Some((range, if shell && shouted { Form::Line } else { Form::Bare }));
    }
    let range = till(bytes, start, ends)?;
    // A call or an index is code that fetches the value, not the value.
    (!matches!(bytes.get(range.end), Some(b'(' | b'['))).then_some((range, Form::Bare))
}

/// Whether the name is the first of its line, apart from `export`, `-` and the like.
fn leads(bytes: &[u8], name: &Range<usize>) -> bool {
    const BEFORE: &[&[u8]] =
        &[b"export", b"set", b"env", b"arg", b"-", b"declare", b"local", b"readonly", b"#"];
    let Some(before) = bytes.get(name.start.saturating_sub(100)..name.start) else { return false };
    let line = before.iter().rposition(|byte| *byte == b'\n').map_or(before, |at| &before[at + 1..]);
    let line = line.trim_ascii();
    if before.len() == 100 && !before.contains(&b'\n') {
        return false;
    }
    line.is_empty()
        || line.eq_ignore_ascii_case(b"$env:")
        || line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .all(|word| word.is_empty() || BEFORE.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// The one word on the rest of the line, a comment left out; `None` when there are more words, or it is code.
fn whole_line(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let range = till(bytes, start, |byte| byte.is_ascii_whitespace())?;
    let behind = skip_blanks(bytes, range.end);
    let ends_line = match bytes.get(behind) {
        None | Some(b'\n' | b'\r') => true,
        Some(b'#' | b';') => behind > range.end,
        _ => false,
    };
    let mut word = bytes.get(range.clone())?;
    let name = word.iter().take_while(|byte| in_name(**byte) || **byte == b':').count();
    let code = matches!(word.get(name), Some(b'(' | b'['))
        && word.first().is_some_and(u8::is_ascii_alphabetic)
        || word.first().is_some_and(|byte| b"([{\"'`<|>".contains(byte));
    if !ends_line || code || word.len() >= VALUE {
        return None;
    }
    // `Password=...;Server=...` and `token=...&next=...` go on with another name.
    for (at, byte) in word.iter().enumerate() {
        if matches!(byte, b';' | b'&') {
            let next = word[at + 1..].iter().take_while(|byte| in_name(**byte)).count();
            if next > 1 && word.get(at + 1 + next) == Some(&b'=') {
                word = &word[..at];
                break;
            }
        }
    }
    // Commas and brackets behind it belong to the code around it.
    loop {
        let open = |pair: u8| word.contains(&pair);
        let strip = match word.last()? {
            b',' | b';' => true,
            b')' => !open(b'('),
            b']' => !open(b'['),
            b'}' => !open(b'{'),
            b'"' | b'\'' | b'`' => word.iter().filter(|byte| *byte == word.last().unwrap_or(&0)).count() == 1,
            _ => false,
        };
        if !strip {
            break;
        }
        word = &word[..word.len() - 1];
    }
    let escape =
        word.windows(2).position(|pair| pair[0] == b'\\' && matches!(pair[1], b'n' | b'r' | b't' | b'"'));
    Some(start..start + escape.unwrap_or(word.len()))
}
