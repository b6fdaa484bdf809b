//! Comments and string literals of a tree.

use std::ops::Range;

use tree_sitter::Node;

use super::{Parsed, Walk};

/// A piece of text in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// Its bytes: of a comment with its marker, of a string with its quotes.
    pub range: Range<usize>,
    /// A comment without its marker, or what a string's value is; a part that is computed is not in it.
    pub value: std::borrow::Cow<'a, str>,
    /// Whether a part of the string is computed: an f-string or a template with `${}`.
    pub computed: bool,
}

/// The comments, in order.
pub fn comments<'a>(parsed: &Parsed<'a>) -> Vec<Text<'a>> {
    Walk::new(parsed.root())
        .filter(|node| matches!(node.kind(), "comment" | "html_comment" | "hash_bang_line"))
        .map(|node| {
            let text = parsed.text_of(node);
            let body = ["//", "/*", "#!", "#", "<!--"].iter().find_map(|mark| text.strip_prefix(mark));
            let body = body.unwrap_or(text);
            let body = body.strip_suffix("*/").or_else(|| body.strip_suffix("-->")).unwrap_or(body);
            Text { range: node.byte_range(), value: body.trim().into(), computed: false }
        })
        .collect()
}

/// The string literals, in order, docstrings too; those inside a computed part come after the string around them.
pub fn strings<'a>(parsed: &Parsed<'a>) -> Vec<Text<'a>> {
    Walk::new(parsed.root())
        .filter(|node| matches!(node.kind(), "string" | "template_string"))
        .map(|node| unquoted(parsed, node))
        .collect()
}

/// What the string literal `node` says, escapes decoded.
pub fn unquoted<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> Text<'a> {
    let text = parsed.text_of(node);
    let prefix = text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
    let raw = text[..prefix].contains(['r', 'R']);
    let computed = (0..node.child_count())
        .filter_map(|index| node.child(index))
        .any(|child| matches!(child.kind(), "interpolation" | "template_substitution"));
    let mut value = std::borrow::Cow::Borrowed("");
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    while more {
        let child = cursor.node();
        match child.kind() {
            "string_content" => push_content(&mut value, parsed, child, raw),
            "string_fragment" => push(&mut value, parsed.text_of(child)),
            "escape_sequence" => push(&mut value, &decoded(parsed.text_of(child))),
            _ => {}
        }
        more = cursor.goto_next_sibling();
    }
    Text { range: node.byte_range(), value, computed }
}

/// The content of a Python string: one node that holds its escapes as children.
fn push_content<'a>(
    value: &mut std::borrow::Cow<'a, str>,
    parsed: &Parsed<'a>,
    content: Node<'_>,
    raw: bool,
) {
    let mut from = content.start_byte();
    let mut cursor = content.walk();
    let mut more = !raw && cursor.goto_first_child();
    while more {
        let child = cursor.node();
        push(value, parsed.text.get(from..child.start_byte()).unwrap_or(""));
        push(value, &decoded(parsed.text_of(child)));
        from = child.end_byte();
        more = cursor.goto_next_sibling();
    }
    push_borrowed(value, parsed.text.get(from..content.end_byte()).unwrap_or(""));
}

fn push_borrowed<'a>(value: &mut std::borrow::Cow<'a, str>, part: &'a str) {
    if value.is_empty() { *value = part.into() } else { value.to_mut().push_str(part) }
}

fn push(value: &mut std::borrow::Cow<'_, str>, part: &str) {
    if !part.is_empty() {
        value.to_mut().push_str(part);
    }
}

/// The character that an escape sequence stands for; one that is not known stays as it is written.
pub(crate) fn decoded(escape: &str) -> String {
    let rest = escape.strip_prefix('\\').unwrap_or(escape);
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let mut characters = rest.chars();
    let (first, tail) = (characters.next(), characters.as_str());
    let one = match first {
        Some('n') => Some('\n'),
        Some('t') => Some('\t'),
        Some('r') => Some('\r'),
        Some('0') if tail.is_empty() => Some('\0'),
        Some('\n' | '\r') => return String::new(),
        Some('\\' | '\'' | '"' | '`' | '$' | '/') => first,
        Some('x' | 'U') => hex(tail),
        Some('u') => hex(tail.trim_matches(['{', '}'])),
        _ => None,
    };
    one.map_or_else(|| escape.to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Language, parse, steps_for};

    fn values(language: Language, text: &str) -> Vec<String> {
        let parsed = parse(language, text, steps_for(text)).unwrap();
        strings(&parsed).into_iter().map(|text| text.value.into_owned()).collect()
    }

    #[test]
    fn python_strings_are_read() {
        let text = r#"x = ['a\x62\n', r'\d', b"\u{1}", f"<{y['k']}>", """doc"""]"#;
        assert_eq!(values(Language::Python, text), ["ab\n", r"\d", "\\u{1}", "<>", "k", "doc"]);
    }

    #[test]
    fn javascript_strings_are_read() {
        let text = r#"x = ['\u0061\u{62}', "c\"", `d${e}f`]"#;
        assert_eq!(values(Language::JavaScript, text), ["ab", "c\"", "df"]);
    }

    #[test]
    fn comments_lose_their_marks() {
        let text = "#!/usr/bin/node\n// one\n/* two */ x";
        let parsed = parse(Language::JavaScript, text, steps_for(text)).unwrap();
        let comments: Vec<_> = comments(&parsed).into_iter().map(|text| text.value).collect();
        assert_eq!(comments, ["/usr/bin/node", "one", "two"]);
    }
}
