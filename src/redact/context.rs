//! Where in a file a value stands. What no issuer's format confirms is less sure in a comment, in documentation and in
//! tests, and is nothing where the grammar says that it is code.

use super::detect::Found;
use crate::artifact::{Original, Role};
use crate::finding::Confidence;
use crate::syntax::{Language, Parsed, parse, steps_for};

/// The rules whose findings rest on names and forms that anybody may write.
const UNCONFIRMED: &[&str] =
    &["generic-secret", "basic-auth-url", "connection-string", "database-password", "authorization-header"];

/// A larger file is not parsed for this.
const PARSED: usize = 1 << 20;

/// Drops what is code, and lowers the confidence of what stands in a comment, in documentation or in a test. `id` names
/// a rule.
pub(super) fn settle<'a>(
    original: &Original,
    text: &str,
    found: &mut Vec<Found>,
    id: impl Fn(usize) -> &'a str,
) {
    let unconfirmed = |one: &Found| UNCONFIRMED.contains(&id(one.rule));
    if !matches!(original.role, Role::Code | Role::Document) || !found.iter().any(unconfirmed) {
        return;
    }
    let aside = for_readers(&original.path);
    let language = Language::of_path(&original.path).filter(|_| text.len() <= PARSED);
    let parsed = language.and_then(|language| parse(language, text, steps_for(text)).ok());
    found.retain_mut(|one| {
        if !unconfirmed(one) {
            return true;
        }
        let place =
            parsed.as_ref().map_or(Place::Unknown, |parsed| place(parsed, one.range.start, one.range.end));
        if aside || place == Place::Comment {
            one.confidence = lower(one.confidence);
        }
        place != Place::Code
    });
}

fn lower(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::High => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// Whether a path is one of documentation or of tests: what stands there is mostly made up for the reader.
fn for_readers(path: &str) -> bool {
    #[rustfmt::skip]
    const FOLDERS: &[&str] = &[
        "doc", "docs", "documentation", "test", "tests", "testing", "spec", "specs", "__tests__",
        "testdata", "test_data", "fixtures", "mocks", "__mocks__",
    ];
    const EXTENSIONS: &[&str] = &["md", "markdown", "mdx", "rst", "adoc", "asciidoc", "textile", "pod"];
    let mut parts = path.split(['/', '\\']).rev();
    let name = parts.next().unwrap_or("");
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is = |word: &str, list: &[&str]| list.iter().any(|one| word.eq_ignore_ascii_case(one));
    is(extension, EXTENSIONS)
        || parts.any(|folder| is(folder, FOLDERS))
        || stem.starts_with("test_")
        || stem.eq_ignore_ascii_case("conftest")
        || ["_test", ".test", "_spec", ".spec", "Test", "Tests"].iter().any(|end| stem.ends_with(end))
}

/// What the grammar says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a string literal.
    Literal,
    /// In a comment, or a string that only documents.
    Comment,
    /// A name, a call, an operator.
    Code,
    /// The grammar does not understand the text there.
    Unknown,
}

fn place(parsed: &Parsed<'_>, start: usize, end: usize) -> Place {
    let mut next = parsed.root().descendant_for_byte_range(start, end);
    let mut code = false;
    while let Some(node) = next {
        match node.kind() {
            "comment" | "html_comment" | "hash_bang_line" => return Place::Comment,
            "string" | "template_string" => {
                let documents = node.parent().is_some_and(|parent| parent.kind() == "expression_statement");
                return if documents { Place::Comment } else { Place::Literal };
            }
            "interpolation" | "template_substitution" => return Place::Code,
            "jsx_text" | "ERROR" => return Place::Unknown,
            // Over several statements, or not understood: no one thing of the grammar.
            "module" | "program" | "block" | "statement_block" if !code => return Place::Unknown,
            _ => code = !node.has_error(),
        }
        next = node.parent();
    }
    if code { Place::Code } else { Place::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(language: Language, text: &str, value: &str) -> Place {
        let parsed = parse(language, text, steps_for(text)).unwrap();
        let start = text.find(value).unwrap();
        place(&parsed, start, start + value.len())
    }

    #[test]
    fn the_grammar_tells_literals_from_code() {
        for (text, expected) in [
            ("password = 'abc123'\n", Place::Literal),
            ("password = b'abc123'\n", Place::Literal),
            ("# password = abc123\n", Place::Comment),
            ("def f():\n    '''password = abc123'''\n", Place::Comment),
            ("password = abc123\n", Place::Code),
            ("f(password=abc123.x)\n", Place::Code),
            ("x = f'{abc123}'\n", Place::Code),
            ("password = $abc123$\n", Place::Unknown),
        ] {
            assert_eq!(at(Language::Python, text, "abc123"), expected, "{text}");
        }
        assert_eq!(at(Language::JavaScript, "const a = `x ${abc123}`", "abc123"), Place::Code);
        assert_eq!(at(Language::JavaScript, "const a = {key: 'abc123'}", "abc123"), Place::Literal);
        assert_eq!(at(Language::Tsx, "const a = <p>abc123</p>", "abc123"), Place::Unknown);
    }

    #[test]
    fn documentation_and_tests_are_known_by_their_paths() {
        for path in [
            "docs/a.txt",
            "README.md",
            "a/tests/b.py",
            "test_a.py",
            "a.spec.ts",
            "a/b_test.go",
            "LoginTest.java",
        ] {
            assert!(for_readers(path), "{path}");
        }
        for path in
            ["src/app.py", ".env", ".env.example", "contest/a.py", "latest.json", "config/attest.yml", ""]
        {
            assert!(!for_readers(path), "{path}");
        }
    }
}
