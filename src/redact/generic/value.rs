//! Where the value of a name stands, and how it is written.

use std::ops::Range;

use super::bare::{bare_value, block, ends_argument, till};
use super::name::in_name;

/// A longer value is no secret that somebody assigned.
pub(super) const VALUE: usize = 512;

/// How the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::redact) enum Form {
    /// Between quotes.
    Quoted,
    /// Without quotes: it may be code.
    Bare,
    /// Without quotes where code cannot stand: behind `NAME=` at the start of a line, `setx NAME`, in a tag.
    Line,
}

/// The value that is assigned to the name: its bytes and form.
pub(in crate::redact) fn value_after(bytes: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Form)> {
    let opened = name.start.checked_sub(1).and_then(|before| bytes.get(before)).copied();
    let mut at = name.end;
    let behind = *bytes.get(at)?;
    if opened == Some(b':') && behind == b':' {
        // A part of an `urn:` or `arn:`.
        return None;
    }
    let quoted_name = matches!(behind, b'"' | b'\'' | b'`') && opened == Some(behind);
    if quoted_name {
        at += 1 + usize::from(bytes.get(at + 1) == Some(&b']'));
    } else if behind == b'\\' && bytes.get(at + 1) == Some(&b'"') {
        at += 2;
    }
    let (after, bare) = operator(bytes, at, name, quoted_name)?;
    let after = into_list(bytes, after, quoted_name);
    match literal(bytes, after) {
        Some(start) => quoted(bytes, start).map(|range| (range, Form::Quoted)),
        None => match bare? {
            Bare::Block => block(bytes, after).map(|range| (range, Form::Bare)),
            Bare::Tag => till(bytes, after, |byte| byte == b'<').map(|range| (range, Form::Line)),
            Bare::Word => {
                till(bytes, after, |byte| byte.is_ascii_whitespace()).map(|range| (range, Form::Line))
            }
            Bare::Argument => till(bytes, after, ends_argument).map(|range| (range, Form::Line)),
            Bare::Any => bare_value(bytes, name, after),
        },
    }
}

/// What a value without quotes may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bare {
    Any,
    /// The line below `|`.
    Block,
    /// The content of a tag.
    Tag,
    /// All up to a blank.
    Word,
    /// An argument of a shell.
    Argument,
}

/// Moves over spaces and tabs.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Moves over white space, line breaks too, up to 80 bytes of it.
pub(super) fn skip_white(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    at + rest.iter().take(80).take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where the value begins behind the operator at `at`, and what it may be without quotes: `=` and its relatives (`:=`,
/// `?=`, `.=`, `||=`, `==`), `:`, `=>`, `,` behind a quoted name, `(`, the `>` of a tag, the blank of an option.
fn operator(
    bytes: &[u8],
    at: usize,
    name: &Range<usize>,
    quoted_name: bool,
) -> Option<(usize, Option<Bare>)> {
    let spaced = skip_blanks(bytes, at);
    let rest = bytes.get(spaced..)?;
    let run = rest.iter().take(4).take_while(|byte| b":?.|+&=>~".contains(byte)).count();
    let opened = name.start.checked_sub(1).and_then(|before| bytes.get(before)).copied();
    let (end, bare) = match &rest[..run] {
        b":" => {
            let after = skip_blanks(bytes, spaced + 1);
            if let Some(below) = below_mark(bytes, after) {
                return Some((below, Some(Bare::Block)));
            }
            return Some((skip_annotation(bytes, after), Some(Bare::Any)));
        }
        b"=" | b":=" | b"?=" => (spaced + run, Some(Bare::Any)),
        b">" if spaced == at && opened == Some(b'<') => {
            return Some((skip_white(bytes, spaced + 1), Some(Bare::Tag)));
        }
        [.., b'='] | b"=>" | b"==>" | b"->" => (spaced + run, None),
        [] => match rest.first()? {
            b',' if quoted_name => (spaced + 1, None),
            b'(' if !quoted_name && spaced == at => (spaced + 1, None),
            b'"' | b'\'' if spaced > at => (spaced, None),
            _ if spaced > at && opened == Some(b'-') => (spaced, Some(Bare::Argument)),
            _ if spaced > at && takes_a_word(bytes, name) => (spaced, Some(Bare::Word)),
            _ if spaced > at => (skip_type(bytes, spaced)?, None),
            _ => return None,
        },
        _ => return None,
    };
    Some((skip_blanks(bytes, end), bare))
}

/// Behind `|` or `>` of YAML, at the first byte of the line below.
fn below_mark(bytes: &[u8], at: usize) -> Option<usize> {
    if !matches!(bytes.get(at)?, b'|' | b'>') {
        return None;
    }
    let rest = bytes.get(at + 1..)?;
    let marks = rest.iter().take(2).take_while(|byte| byte.is_ascii_digit() || b"+-".contains(byte)).count();
    let end = skip_blanks(bytes, at + 1 + marks);
    let end = end + usize::from(bytes.get(end) == Some(&b'\r'));
    (bytes.get(end) == Some(&b'\n')).then_some(skip_blanks(bytes, end + 1))
}

/// Whether the words before the name make the word behind it its value: `setx NAME value`, `ENV NAME value`, and
/// `machine host login user password value` of a `.netrc`.
fn takes_a_word(bytes: &[u8], name: &Range<usize>) -> bool {
    const SETTERS: &[&[u8]] =
        &[b"setx", b"setenv", b"env", b"set", b"-x", b"-gx", b"-ux", b"-lx", b"setprop"];
    let Some(before) = bytes.get(name.start.saturating_sub(200)..name.start) else { return false };
    if !before.last().is_some_and(u8::is_ascii_whitespace) {
        return false;
    }
    let mut words = before.rsplit(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let is = |word: Option<&[u8]>, known: &[u8]| word.is_some_and(|word| word.eq_ignore_ascii_case(known));
    let last = words.next();
    SETTERS.iter().any(|setter| is(last, setter)) || is(words.next(), b"login")
}

/// Moves over a type and the `=` behind it: `var token string = "..."`.
fn skip_type(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let kind = rest.iter().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let equals = skip_blanks(bytes, at + kind);
    (kind > 0 && bytes.get(equals) == Some(&b'=') && bytes.get(equals + 1) != Some(&b'='))
        .then_some(equals + 1)
}

/// Moves over a type between `:` and `=`: `password: str = "..."`.
fn skip_annotation(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let borrowed = rest.first() == Some(&b'&');
    let in_type =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"&_<>[]'|".contains(byte) || borrowed && *byte == b' ';
    let kind = rest.iter().take(40).take_while(|byte| in_type(byte)).count();
    let equals = skip_blanks(bytes, at + kind);
    let unclear = bytes.get(equals + 1) == Some(&b'=');
    if kind > 0 && bytes.get(equals) == Some(&b'=') && !unclear { skip_blanks(bytes, equals + 1) } else { at }
}

/// Moves over the bracket of a list and the callee of a wrapper, when a literal follows: `["..."]`, `Secret("...")`.
fn into_list(bytes: &[u8], at: usize, quoted_name: bool) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let callee = rest.iter().take(40).take_while(|byte| in_name(**byte) || b":[]".contains(byte)).count();
    let opens = match rest.get(callee) {
        Some(b'(') if callee > 0 => wraps(&rest[..callee]),
        Some(b'(') => !quoted_name,
        _ => false,
    };
    let end = if opens {
        at + callee + 1
    } else if rest.first() == Some(&b'[') {
        at + 1
    } else {
        return at;
    };
    let end = skip_blanks(bytes, end);
    if literal(bytes, end).is_some() { end } else { at }
}

/// Whether a call gives back what it is given; the argument of others is a name to look up.
fn wraps(callee: &[u8]) -> bool {
    #[rustfmt::skip]
    const WRAPPERS: &[&str] = &[
        "string", "str", "some", "secret", "secretstr", "secretstring", "secretvalue", "bytes", "byte",
        "[]byte", "from", "new", "of", "text", "literal", "unsafeplaintext", "securestring", "password",
        "b64decode", "just", "stringvalue", "ptr", "pointer", "unquote", "encode", "quote",
    ];
    let word = callee.rsplit(|byte| matches!(byte, b'.' | b':')).next().unwrap_or(callee);
    WRAPPERS.iter().any(|wrapper| word.eq_ignore_ascii_case(wrapper.as_bytes()))
}

/// The start of the content of a string literal at `at`, its prefix and quotes left out.
fn literal(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let prefix = rest.iter().take(2).take_while(|byte| b"brufBRUFL@$\\".contains(byte)).count();
    let quote = *rest.get(prefix)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let start = at + prefix + 1;
    let three = bytes.get(start) == Some(&quote) && bytes.get(start + 1) == Some(&quote);
    Some(if three { start + 2 } else { start })
}

/// The content of the literal that starts at `start`, up to its quote. An escape belongs to it, unless it ends a line.
pub(super) fn quoted(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let quote = *bytes.get(start.checked_sub(1)?)?;
    let escaped = start.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let mut at = start;
    loop {
        match *bytes.get(at)? {
            b'\n' => return None,
            b'\\' if escaped || matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't')) => break,
            b'\\' => at += 1,
            byte if byte == quote => break,
            _ => {}
        }
        at += 1;
        if at > start + VALUE {
            return None;
        }
    }
    Some(start..at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value behind the name in `«»`-free text: the first `N` stands for the name.
    fn value(text: &str) -> Option<(&str, Form)> {
        let at = text.find("pass").unwrap();
        let name = super::super::name_around(text.as_bytes(), at..at + 4).unwrap();
        value_after(text.as_bytes(), &name).map(|(range, form)| (&text[range], form))
    }

    #[test]
    fn values_are_read_whole() {
        for (text, expected, form) in [
            ("password = \"a b\\\"c\"", "a b\\\"c", Form::Quoted),
            ("password = '''abc'''", "abc", Form::Quoted),
            ("password=rb'abc'", "abc", Form::Quoted),
            ("{\\\"password\\\": \\\"abc\\\"}", "abc", Form::Quoted),
            ("password: Secret(\"abc\")", "abc", Form::Quoted),
            ("passwords = [\"abc\", \"d\"]", "abc", Form::Quoted),
            ("password: abc&d(9z # why", "abc&d(9z", Form::Bare),
            ("password=abc,", "abc", Form::Bare),
            ("f(x, password=abc)", "abc", Form::Bare),
            ("Server=a;password=abc;x=1", "abc", Form::Bare),
            ("password=abc;Server=a", "abc", Form::Bare),
            ("password: |\n  abc\nb: 1", "abc", Form::Bare),
            ("password: >-\n  abc\n", "abc", Form::Bare),
            ("<password>a&amp;b</password>", "a&amp;b", Form::Line),
            ("machine h login u password abc\n", "abc", Form::Line),
            ("tool --password abc --x", "abc", Form::Line),
            ("Set-Thing -password abc", "abc", Form::Line),
            ("ALTER USER u WITH password 'abc'", "abc", Form::Quoted),
            ("password: str = 'abc'", "abc", Form::Quoted),
            ("let password: &'static str = \"abc\";", "abc", Form::Quoted),
        ] {
            assert_eq!(value(text), Some((expected, form)), "{text}");
        }
        for text in [
            "password",
            "password = f(x)",
            "password = x[1]",
            "password: |\n  abc\n  def\n",
            "password = \"abc",
            "urn:password:x",
            "the password that",
            "password\n= 1",
        ] {
            assert!(value(text).is_none_or(|(value, _)| value.is_empty()), "{text}");
        }
    }
}
