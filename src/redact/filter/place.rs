//! What stands around a secret, so that JSON stays JSON, TOML stays TOML and code still parses with something else in
//! its place.

use std::ops::Range;

/// What a piece of text is to the format around it, as far as the characters beside it tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A part of a string, of a line, of anything: whatever stands there instead may be a word, or nothing.
    Inside,
    /// A number that is a value: a word in its place needs quotes.
    Number,
    /// A value without quotes that may not be empty.
    Value,
    /// The name of a field, which may not be empty: two empty ones would be the same.
    Name,
}

/// The place of `piece` in `text`.
pub(super) fn place(text: &str, piece: &Range<usize>) -> Place {
    let bytes = text.as_bytes();
    let (before, behind) = (&bytes[..piece.start], &bytes[piece.end..]);
    if named(before, behind) {
        return Place::Name;
    }
    let (left, glued) = last_of_line(before);
    let right = first_of_line(behind);
    let digits = bytes[piece.clone()].iter().all(u8::is_ascii_digit);
    // A list may have each of its values on a line of its own.
    let (opened, closed) = (left.or_else(|| last(before)), right.or_else(|| first(behind)));
    let listed = matches!(opened, Some(b'[' | b',')) && matches!(closed, Some(b',' | b']' | b'}'));
    let field = left == Some(b':') && quoted_name(before);
    let assigned = left == Some(b'=') && assignment(before);
    let ends = matches!(right, None | Some(b',' | b']' | b'}' | b')' | b';' | b'#'));
    if digits && ends && (listed || field || assigned) {
        return Place::Number;
    }
    let closes = matches!(right, Some(b',' | b']' | b'}' | b')' | b';'));
    let value = match left {
        Some(b'[' | b',' | b'(' | b':') if closes => true,
        Some(b'=') => closes || right.is_none() && !glued,
        Some(b':') => field && right.is_none(),
        _ => listed,
    };
    if value { Place::Value } else { Place::Inside }
}

fn blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The last character in front that is no blank, on this line; and whether it stands right before.
fn last_of_line(before: &[u8]) -> (Option<u8>, bool) {
    let blanks = before.iter().rev().take(LOOK).take_while(|byte| blank(byte)).count();
    (before.iter().rev().nth(blanks).copied().filter(|byte| *byte != b'\n'), blanks == 0)
}

fn first_of_line(behind: &[u8]) -> Option<u8> {
    behind.iter().take(LOOK).copied().find(|byte| !blank(byte)).filter(|byte| !matches!(byte, b'\n' | b'\r'))
}

fn last(before: &[u8]) -> Option<u8> {
    before.iter().rev().take(LOOK).copied().find(|byte| !byte.is_ascii_whitespace())
}

fn first(behind: &[u8]) -> Option<u8> {
    behind.iter().take(LOOK).copied().find(|byte| !byte.is_ascii_whitespace())
}

/// How far a look goes: further there is nothing to tell from.
const LOOK: usize = 200;

/// Whether the `:` in front stands behind a name in quotes.
fn quoted_name(before: &[u8]) -> bool {
    let mut left =
        before.iter().rev().take(LOOK).skip_while(|byte| **byte != b':').skip(1).skip_while(|b| blank(b));
    matches!(left.next(), Some(b'"' | b'\''))
}

/// Whether the `=` in front stands behind a name that begins its line or its table: no query of a URL.
fn assignment(before: &[u8]) -> bool {
    let mut left =
        before.iter().rev().take(LOOK).skip_while(|byte| **byte != b'=').skip(1).skip_while(|b| blank(b));
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.\"' ".contains(byte);
    matches!(left.find(|byte| !name(byte)), None | Some(b'\n' | b'{' | b',' | b';' | b'\t'))
}

/// Whether the piece is all of a name: in quotes before a `:` or `=`, or at the start of a line before a `:`.
fn named(before: &[u8], behind: &[u8]) -> bool {
    let quote = |byte: Option<&u8>| byte.copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let (open, close) = (quote(before.last()), quote(behind.first()));
    if let (Some(open), Some(close)) = (open, close) {
        let mut rest = behind[1..].iter().take(LOOK).skip_while(|byte| blank(byte));
        let operator = rest.next();
        return open == close
            && (operator == Some(&b':') || operator == Some(&b'=') && rest.next() != Some(&b'='));
    }
    let first = before.iter().rev().take(LOOK).find(|byte| !(blank(byte) || **byte == b'-'));
    matches!(first, None | Some(b'\n'))
        && behind.first() == Some(&b':')
        && matches!(behind.get(1), None | Some(b' ' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Place {
        let start = text.find('S').unwrap();
        let end = text.rfind('S').unwrap() + 1;
        let digits = text.replace('S', "4");
        if text.contains("SS") { place(text, &(start..end)) } else { place(&digits, &(start..end)) }
    }

    #[test]
    fn numbers_are_values() {
        for text in [
            "{\"card\": S}",
            "{\"a\":S,\"b\":1}",
            "[1, S, 2]",
            "[\n  S,\n  2\n]",
            "card = S\n",
            "t = { card = S }",
            "{'card': S # why\n}",
        ] {
            assert_eq!(of(text), Place::Number, "{text}");
        }
        for text in ["my card S please", "card: S\n", "?card=S", "\"S\"", "x S, y"] {
            assert_eq!(of(text), Place::Inside, "{text}");
        }
    }

    #[test]
    fn values_without_quotes_may_not_be_empty() {
        for text in ["[a, SS, b]", "f(SS)", "f(token=SS)", "token = SS\n", "{a: SS}", "x=SS;"] {
            assert_eq!(of(text), Place::Value, "{text}");
        }
        for text in ["TOKEN=SS\n", "token: SS\n", "say SS", "- SS\n", "u:SS@h", "\"SS\""] {
            assert_eq!(of(text), Place::Inside, "{text}");
        }
    }

    #[test]
    fn names_of_fields_are_seen() {
        for text in ["{\"SS\": 1}", "\"SS\" = 1", "SS: 1\n", "- SS: 1\n", "{'SS' : 2}"] {
            assert_eq!(of(text), Place::Name, "{text}");
        }
        assert_eq!(of("x == \"SS\" == y"), Place::Inside);
    }
}
