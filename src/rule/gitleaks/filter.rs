//! The expressions by which newer rule files drop findings, as far as they are lists of exceptions: entropy, patterns and
//! words, joined with `||`. A part that is not understood is left out, which drops less.

use super::syntax::{quoted, translate};
use crate::rule::{Allow, Target};

/// What an expression says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// The least entropy of a secret.
    pub(super) entropy: Option<f32>,
    /// What is no finding.
    pub(super) allow: Vec<Allow>,
    /// Whether every part was understood.
    pub(super) whole: bool,
}

/// Reads an expression.
pub(super) fn read(expression: &str) -> Filter {
    let mut filter = Filter { whole: true, ..Filter::default() };
    let lines = expression.lines().filter(|line| !line.trim_start().starts_with("//"));
    let expression = lines.collect::<Vec<_>>().join("\n");
    if statements(&expression) {
        return Filter::default();
    }
    let parts = alternatives(without_parentheses(expression.trim()));
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        if let Some(least) = entropy(part) {
            filter.entropy = Some(filter.entropy.map_or(least, |other: f32| other.max(least)));
        } else if let Some(allow) = list(part) {
            filter.allow.push(allow);
        } else {
            filter.whole = false;
        }
    }
    filter
}

/// Whether there is more than one expression, a choice or a comment: then `||` may join something else.
fn statements(text: &str) -> bool {
    let bytes = text.as_bytes();
    outside(text).any(|(at, byte, _)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let behind = bytes.get(at + 1);
        match byte {
            b';' => true,
            b'/' => behind == Some(&b'/'),
            // `??` and `?.` only say what stands for nothing.
            b'?' => before != Some(&b'?') && !matches!(behind, Some(b'?' | b'.')),
            _ => false,
        }
    })
}

fn without_parentheses(text: &str) -> &str {
    let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    // `(a) || (b)` begins and ends with parentheses that are no pair.
    inside.filter(|inside| balanced(inside)).map_or(text, str::trim)
}

/// The bytes outside of strings, with how deep they stand in brackets.
fn outside(text: &str) -> impl Iterator<Item = (usize, u8, i32)> + '_ {
    let (mut quote, mut escaped, mut depth) = (None, false, 0);
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if byte == b'\\' && open != b'`' {
                    escaped = true;
                } else if byte == open {
                    quote = None;
                }
                return None;
            }
            None if matches!(byte, b'"' | b'\'' | b'`') => {
                quote = Some(byte);
                return None;
            }
            None if matches!(byte, b'(' | b'[' | b'{') => depth += 1,
            None if matches!(byte, b')' | b']' | b'}') => depth -= 1,
            None => {}
        }
        Some((at, byte, depth))
    })
}

fn balanced(text: &str) -> bool {
    outside(text).all(|(_, _, depth)| depth >= 0)
}

/// The parts between `||` outside of brackets.
fn alternatives(text: &str) -> Vec<&str> {
    let bars: Vec<usize> =
        outside(text).filter(|(_, byte, depth)| *byte == b'|' && *depth == 0).map(|(at, ..)| at).collect();
    let (mut parts, mut start) = (Vec::new(), 0);
    for pair in bars.windows(2).filter(|pair| pair[1] == pair[0] + 1) {
        if pair[0] >= start {
            parts.push(&text[start..pair[0]]);
            start = pair[1] + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `entropy(finding["secret"]) <= 3.5`
fn entropy(part: &str) -> Option<f32> {
    let (subject, behind) = call(part, "entropy")?;
    let number = behind.trim().strip_prefix('<')?;
    let number = number.strip_prefix('=').unwrap_or(number);
    (subject.trim() == r#"finding["secret"]"#).then(|| number.trim().parse().ok())?
}

/// `matchesAny(subject, [...])` or `containsAny(subject, [...])`
fn list(part: &str) -> Option<Allow> {
    let (inside, words) = match (call(part, "matchesAny"), call(part, "containsAny")) {
        (Some((inside, "")), _) => (inside, false),
        (_, Some((inside, ""))) => (inside, true),
        _ => return None,
    };
    let open = outside(inside).filter(|(_, byte, depth)| *byte == b'[' && *depth == 1).last()?.0;
    let subject = inside[..open].trim().strip_suffix(',')?.trim();
    let strings = strings(inside[open + 1..].trim().strip_suffix(']')?)?;
    let patterns: Vec<String> =
        strings.iter().map(|text| if words { quoted(text) } else { translate(text) }).collect();
    let target = match subject {
        r#"finding["secret"]"# => Target::Secret,
        r#"finding["match"]"# => Target::Match,
        r#"finding["line"]"# => Target::Line,
        _ if subject.starts_with("get(attributes, \"path\"") || subject.contains("attributes[\"path\"]") => {
            return Some(Allow { paths: patterns, ..Allow::default() });
        }
        _ => return None,
    };
    Some(Allow { regexes: patterns, target, ..Allow::default() })
}

/// What stands between the parentheses of a call, and behind it.
fn call<'t>(part: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let part = part.strip_prefix("filter.").unwrap_or(part);
    let inside = part.strip_prefix(name)?.strip_prefix('(')?;
    let end = outside(inside).find(|(_, byte, depth)| *byte == b')' && *depth < 0)?.0;
    Some((&inside[..end], inside[end + 1..].trim()))
}

/// The strings of a list: `raw`, "plain", with commas between.
fn strings(list: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = list.trim();
    while let Some(quote) = rest.chars().next() {
        let body = &rest[quote.len_utf8()..];
        let mut text = String::new();
        let mut characters = body.char_indices();
        let end = loop {
            let (at, character) = characters.next()?;
            match character {
                '\\' if quote != '`' => match characters.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    escaped if escaped.is_ascii_punctuation() => text.push(escaped),
                    _ => return None,
                },
                _ if character == quote => break at + 1,
                _ => text.push(character),
            }
        };
        matches!(quote, '`' | '"' | '\'').then_some(())?;
        found.push(text);
        rest = body[end..].trim_start();
        rest = match rest.strip_prefix(',') {
            Some(behind) => behind.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_exceptions_are_understood() {
        let filter = read(
            "filter.entropy(finding[\"secret\"]) <= 3.5\n|| matchesAny(finding[\"match\"], [\n  `a|b`,\n  \"c\\\\d\",\n])\n\
             || containsAny(finding[\"secret\"], [\"x.y\"]) || matchesAny(get(attributes, \"path\", \"\"), [`\\.md$`])",
        );
        assert!(filter.whole);
        assert_eq!(filter.entropy, Some(3.5));
        assert_eq!(filter.allow.len(), 3);
        assert_eq!((filter.allow[0].regexes.len(), filter.allow[0].target), (2, Target::Match));
        assert_eq!(filter.allow[0].regexes[1], r"c[0-9]");
        assert_eq!(filter.allow[1].regexes, [r"x\.y"]);
        assert_eq!(filter.allow[2].paths, [r"\.md$"]);
        assert_eq!(read("(entropy(finding[\"secret\"]) < 3)").entropy, Some(3.0));
    }

    #[test]
    fn comments_and_defaults_are_no_hindrance() {
        let filter = read("// it's ours\nmatchesAny((attributes[\"path\"] ?? \"\"), [`a//b`])");
        assert_eq!((filter.whole, filter.allow.len()), (true, 1));
        assert_eq!(filter.allow[0].paths, [r"a//b"]);
    }

    #[test]
    fn other_parts_are_left_out_and_said() {
        let filter = read("entropy(finding[\"secret\"]) <= 3 || !matchesAny(finding[\"secret\"], [`x`])");
        assert_eq!((filter.entropy, filter.allow.len(), filter.whole), (Some(3.0), 0, false));
        for text in [
            "let x = 1; x",
            "let x = a || entropy(finding[\"secret\"]) < 3; x",
            "a ? b : c || entropy(finding[\"secret\"]) < 3",
            "matchesAny(finding[\"secret\"], [`x`]) && y",
            "a(",
            "`",
            "matchesAny(x, [\"\\q\"])",
        ] {
            assert_eq!(read(text), Filter::default(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_expression_panics(text in r#"[a-c|()\[\]"`\\, ]{0,40}"#, any in ".{0,40}") {
            read(&text);
            read(&format!("matchesAny({any}"));
            read(&format!("matchesAny(finding[\"secret\"], [{any}])"));
        }
    }
}
