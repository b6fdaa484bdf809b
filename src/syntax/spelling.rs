//! Names and line ends as an interpreter reads them. What is read otherwise than it is written is written anew, every
//! other byte in its place: where a name gets shorter, blanks follow it.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfkc_quick};

use super::{Language, Parsed, Walk};

/// The text with the line ends of its language: a lone carriage return ends a line of Python, and with it a comment.
pub fn with_line_ends(language: Language, text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let lone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    if language != Language::Python || !memchr::memchr_iter(b'\r', bytes).any(|at| lone(&at)) {
        return text.into();
    }
    let mut out = text.to_owned();
    for at in memchr::memchr_iter(b'\r', bytes).filter(lone) {
        out.replace_range(at..=at, "\n");
    }
    out.into()
}

/// The text with its names as they are compared: `\u0065val` is `eval` in JavaScript, and Python normalises names to
/// NFKC. `None` when each name is written so.
pub fn respelled(parsed: &Parsed<'_>) -> Option<String> {
    let python = parsed.language == Language::Python;
    let plain = match python {
        true => parsed.text.is_ascii() || is_nfkc_quick(parsed.text.chars()) == IsNormalized::Yes,
        false => !parsed.text.contains("\\u"),
    };
    if plain {
        return None;
    }
    let mut out: Option<String> = None;
    for node in Walk::new(parsed.root()).filter(|node| is_name(node.kind())) {
        let written = parsed.text_of(node);
        let read = match python {
            true if written.is_ascii() => continue,
            true => written.nfkc().collect(),
            false if !written.contains('\\') => continue,
            false => unescaped(written),
        };
        // A keyword is never written so: such a text does not run, or it is a name after all.
        let keyword = node.kind() == "identifier" && is_keyword(parsed.language, &read);
        if read == written || read.len() > written.len() || keyword {
            continue;
        }
        let blanks = " ".repeat(written.len() - read.len());
        out.get_or_insert_with(|| parsed.text.to_owned())
            .replace_range(node.byte_range(), &format!("{read}{blanks}"));
    }
    out
}

fn is_name(kind: &str) -> bool {
    matches!(
        kind,
        "identifier"
            | "property_identifier"
            | "private_property_identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern"
            | "statement_identifier"
            | "type_identifier"
    )
}

/// A name of JavaScript without escapes; one that is none stays.
fn unescaped(name: &str) -> String {
    let (mut out, mut rest) = (String::new(), name);
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        let digits = &rest[at + 2..];
        let (digits, behind) = match digits.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(parts) => parts,
            None => digits.split_at_checked(4).unwrap_or((digits, "")),
        };
        match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            Some(character) if character.is_alphanumeric() || matches!(character, '_' | '$') => {
                out.push(character);
            }
            _ => return name.to_owned(),
        }
        rest = behind;
    }
    out + rest
}

/// Whether a name is a word that a grammar takes for something else.
fn is_keyword(language: Language, name: &str) -> bool {
    const PYTHON: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    const JAVASCRIPT: &[&str] = &[
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "let",
        "new",
        "null",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ];
    match language {
        Language::Python => PYTHON.contains(&name),
        _ => JAVASCRIPT.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syntax::{parse, steps_for};

    fn read(language: Language, text: &str) -> Option<String> {
        respelled(&parse(language, text, steps_for(text)).unwrap())
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_of_python() {
        assert_eq!(with_line_ends(Language::Python, "# a\rb()\r\nc\r"), "# a\nb()\r\nc\n");
        assert_eq!(with_line_ends(Language::JavaScript, "// a\rb()"), "// a\rb()");
    }

    #[test]
    fn escapes_in_names_of_javascript() {
        let text = "cp.\\u0065xec(a); \\u{65}val(b); ({ \\u0061 }); const s = '\\u0061';\n";
        let plain = "cp.exec     (a); eval     (b); ({ a      }); const s = '\\u0061';\n";
        assert_eq!(read(Language::JavaScript, text).as_deref(), Some(plain));
        assert_eq!(read(Language::TypeScript, text).as_deref(), Some(plain));
        assert_eq!(read(Language::JavaScript, "a = '\\u0061'; b = /\\u0061/\n"), None);
        assert_eq!(read(Language::JavaScript, "a.\\u0063lass\n").as_deref(), Some("a.class     \n"));
    }

    #[test]
    fn names_of_python_are_normalised() {
        let text = "os.\u{17f}ystem(a)\n\u{ff45}val(b)\ns = '\u{17f}'\nn\u{e9} = \u{540d}\n";
        let plain = "os.system (a)\neval  (b)\ns = '\u{17f}'\nn\u{e9} = \u{540d}\n";
        assert_eq!(read(Language::Python, text).as_deref(), Some(plain));
        assert_eq!(read(Language::Python, "n\u{e9} = '\u{17f}'\n"), None);
    }

    proptest! {
        #[test]
        fn places_stay(text in "([a-z.();= \n'#]|\\\\u0065|\\\\u\\{6|\u{17f}|\u{ff45}|\u{fdfa}|\u{e9}){0,40}", index in 0usize..4) {
            let parsed = parse(Language::ALL[index], &text, steps_for(&text)).unwrap();
            if let Some(read) = respelled(&parsed) {
                prop_assert_eq!(read.len(), text.len());
            }
        }
    }
}
