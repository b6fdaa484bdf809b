//! Code that is half a file: what a reply shows of a method, an object, a session at a prompt.
//!
//! What is no code is blanked out, so that every place stays where it is: prompts, what a session answered, numbers of
//! lines, dots that stand for what is left out. What a grammar does not take by itself is tried as the inside of what it
//! may be cut out of.

use std::borrow::Cow;

use crate::syntax::{Language, parse, steps_for};

/// What JavaScript and TypeScript fragments are cut out of: a class, an object, an element.
const AROUND: [(&str, &str); 3] = [("class _ {", "}"), ("({", "})"), ("<>", "</>")];

/// A fragment as it is parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source<'t> {
    /// The text to parse.
    pub(super) text: Cow<'t, str>,
    /// Of half a file: how many bytes stand before the fragment in it.
    pub(super) half: Option<usize>,
    /// Whether nothing that is code was left out.
    pub(super) whole: bool,
}

impl<'t> Source<'t> {
    /// Reads a fragment; the text stays as it is when it is a whole file as far as one can see.
    pub(super) fn of_fragment(language: Language, text: &'t str) -> Self {
        let (text, marked) = unmarked(language, text);
        let indented = text
            .lines()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.starts_with([' ', '\t']));
        let lost = |text: &str| {
            let parsed = parse(language, text, steps_for(text)).ok()?;
            Some((parsed.lost, parsed.errors.len()))
        };
        let whole = Some(lost(&text).unwrap_or_default()).filter(|(lost, errors)| *lost > 0 || *errors > 0);
        let half = (marked || indented || whole.is_some() || text.lines().any(is_elision)).then_some(0);
        let Some(mut least) = whole.filter(|_| language != Language::Python) else {
            return Source { text, half, whole: true };
        };
        let mut best = Source { text: text.clone(), half, whole: true };
        for (before, after) in AROUND {
            let tried = format!("{before}{text}\n{after}");
            if let Some(lost) = lost(&tried).filter(|lost| *lost < least) {
                least = lost;
                best = Source { text: tried.into(), half: Some(before.len()), whole: true };
            }
        }
        best
    }
}

/// The new sides of the files in a diff that a fence shows, each with the language that its path tells. What is removed,
/// headers and marks are blanked.
pub(super) fn of_diff(text: &str) -> Vec<(Language, Source<'static>)> {
    let mut found: Vec<(Language, String)> = Vec::new();
    let (mut at, mut open, mut inside) = (0, false, false);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(path) = line.strip_prefix("+++ ").filter(|_| !inside) {
            let path = path.split('\t').next().unwrap_or(path).trim();
            let language = Language::of_path(path.strip_prefix("b/").unwrap_or(path));
            open = language.is_some();
            // What stands before a file is blank in it, so that places stay.
            found.extend(language.map(|language| (language, blank(&text[..at]))));
            continue;
        }
        // A line `-- a` that is removed looks like the head of a file, but for what follows.
        if line.starts_with("diff ") || line.starts_with("--- ") && text[at..].starts_with("+++ ") {
            (open, inside) = (false, false);
        }
        inside |= line.starts_with("@@");
        if let Some((_, source)) = found.last_mut().filter(|_| open) {
            source.push_str(&blank(&text[source.len()..start]));
            match line.strip_prefix('+').filter(|_| inside) {
                Some(added) => {
                    source.push(' ');
                    source.push_str(added);
                }
                None if inside && line.starts_with([' ', '\n', '\r']) => source.push_str(line),
                None => source.push_str(&blank(line)),
            }
        }
    }
    let source = |text: String| Source { text: text.into(), half: Some(0), whole: true };
    found.into_iter().map(|(language, text)| (language, source(text))).collect()
}

/// As many blanks, on as many lines.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The text without what is no code, and whether there was any of it.
fn unmarked(language: Language, text: &str) -> (Cow<'_, str>, bool) {
    let lines: Vec<Line<'_>> =
        session(language, text).or_else(|| numbered(text)).unwrap_or_else(|| elided(language, text));
    let marked = lines.iter().any(|line| !line.blank.is_empty());
    if !marked {
        return (text.into(), false);
    }
    let mut out = String::with_capacity(text.len());
    for Line { text, blank } in lines {
        // As many bytes as there were: places are counted in them.
        out.push_str(&text[..blank.start]);
        out.extend(std::iter::repeat_n(' ', blank.len()));
        out.push_str(&text[blank.end..]);
    }
    (out.into(), true)
}

/// A line with its break, and the bytes of it that are no code.
struct Line<'t> {
    text: &'t str,
    blank: std::ops::Range<usize>,
}

fn content(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

/// A session at an interpreter's prompt: what stands behind no prompt was answered.
fn session<'t>(language: Language, text: &'t str) -> Option<Vec<Line<'t>>> {
    let first = if language == Language::Python { ">>>" } else { ">" };
    let prompt = |line: &'t str| {
        let lead = line.len() - line.trim_start_matches(' ').len();
        let rest = line[lead..].strip_prefix(first).or_else(|| line[lead..].strip_prefix("..."))?;
        // The prompt of the interpreter ends with a blank.
        let rest = rest.strip_prefix(' ').or_else(|| content(rest).is_empty().then_some(rest))?;
        Some(line.len() - rest.len())
    };
    let begins = text.lines().find(|line| !line.trim().is_empty())?.trim_start();
    if !begins.strip_prefix(first).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let line = |line: &'t str| Line { text: line, blank: 0..prompt(line).unwrap_or(content(line).len()) };
    Some(text.split_inclusive('\n').map(line).collect())
}

/// Lines that each begin with their number, as tools print files.
fn numbered(text: &str) -> Option<Vec<Line<'_>>> {
    let (mut lines, mut last) = (Vec::new(), None);
    for line in text.split_inclusive('\n') {
        let start = line.trim_start_matches(' ');
        let rest = start.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == start.len() && content(start).is_empty() {
            lines.push(Line { text: line, blank: 0..0 });
            continue;
        }
        let number: u32 = start[..start.len() - rest.len()].parse().ok()?;
        if last.is_some_and(|last: u32| last.checked_add(1) != Some(number)) {
            return None;
        }
        last = Some(number);
        let rest = match content(rest) {
            "" => rest,
            _ => rest
                .strip_prefix([':', '|', '\t'])
                .or_else(|| rest.strip_prefix(" |"))
                .or_else(|| rest.strip_prefix(' '))?,
        };
        lines.push(Line { text: line, blank: 0..line.len() - rest.len() });
    }
    (lines.len() > 1).then_some(lines)
}

/// Dots that stand for code that is left out, alone on their lines; in Python three of them are code.
fn elided(language: Language, text: &str) -> Vec<Line<'_>> {
    let dots = |line: &str| match line.trim() {
        "..." | "[...]" => language != Language::Python,
        "\u{2026}" | "[\u{2026}]" | "\u{22ee}" => true,
        _ => false,
    };
    let line = |line| Line { text: line, blank: 0..if dots(line) { content(line).len() } else { 0 } };
    text.split_inclusive('\n').map(line).collect()
}

/// Whether a line is a comment that stands for code that is left out: `# ... existing code ...`.
fn is_elision(line: &str) -> bool {
    let comment = ["#", "//", "/*", "{/*"].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
    comment.is_some_and(|said| {
        said.trim_start().starts_with(['\u{2026}', '.'])
            && !said.trim_start().starts_with("./")
            && (said.contains("...") || said.contains('\u{2026}'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(language: Language, text: &str) -> (String, Option<usize>) {
        let source = Source::of_fragment(language, text);
        (source.text.into_owned(), source.half)
    }

    #[test]
    fn whole_files_stay() {
        for (language, text) in [
            (Language::Python, "def f():\n    ...\n"),
            (Language::JavaScript, "const a = [...b];\n"),
            (Language::TypeScript, "class A { private b = 1 }\n"),
            (Language::Python, "1 + 1\n"),
        ] {
            assert_eq!(read(language, text), (text.to_owned(), None));
        }
    }

    #[test]
    fn a_comment_may_stand_for_code() {
        for (text, half) in [
            ("# ... existing code ...\nf()\n", true),
            ("f()\n    #...\n", true),
            ("# \u{2026} the rest\n", true),
            ("# f() ... g()\n", false),
            ("# ./run\n", false),
        ] {
            assert_eq!(read(Language::Python, text).1.is_some(), half, "{text}");
        }
    }

    #[test]
    fn prompts_and_answers_are_blanked() {
        assert_eq!(
            read(Language::Python, ">>> a = 1\n>>> for b in c:\n...     d(b)\n...\n'\u{e9}'\n>>> e\n").0,
            "    a = 1\n    for b in c:\n        d(b)\n   \n    \n    e\n"
        );
        assert_eq!(read(Language::JavaScript, "> a()\n1\n> b()").0, "  a()\n \n  b()");
        assert_eq!(read(Language::JavaScript, ">= 1").0, ">= 1");
    }

    #[test]
    fn numbers_of_lines_are_blanked() {
        assert_eq!(read(Language::Python, " 9 def f():\n10     g()\n").0, "   def f():\n       g()\n");
        assert_eq!(read(Language::Python, "1| a\n\n2| b\n").0, "   a\n\n   b\n");
        assert_eq!(read(Language::Python, "1 + 1\n3 + 1\n").0, "1 + 1\n3 + 1\n");
    }

    #[test]
    fn members_and_elements_are_read_inside_of_something() {
        for (text, before) in [
            (
                "private async run(@Body() b: any) {\n  return b;\n}\n\npublic get(r: R): void {}\n",
                "class _ {",
            ),
            ("a: b,\n  get(c, d) {\n    e();\n  },\n  f: () => g,\n", "({"),
            ("<div>\n  {a}\n</div>\n<p>b</p>\n", "<>"),
        ] {
            let (read, half) = read(Language::Tsx, text);
            assert_eq!(half, Some(before.len()), "{text}");
            assert!(read.strip_prefix(before).is_some_and(|rest| rest.starts_with(text)), "{read}");
        }
    }

    #[test]
    fn the_new_sides_of_a_diff_are_read() {
        let text = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f():\n a\n-b\n--- b\n+\u{e9}\n--- a/b.md\n+++ b/b.md\n@@ -1 +1 @@\n+c\n--- /dev/null\n+++ b/c.js\n@@ -0,0 +1 @@\n+d\n";
        let found = of_diff(text);
        let read: Vec<_> = found.iter().map(|(language, source)| (*language, source.text.trim())).collect();
        assert_eq!(read, [(Language::Python, "a\n  \n     \n \u{e9}"), (Language::JavaScript, "d")]);
        for (_, source) in found {
            for (one, other) in source.text.bytes().zip(text.bytes()) {
                assert!(one == other || one == b' ' && other != b'\n');
            }
        }
        assert!(of_diff("+a\n b\n").is_empty());
    }

    proptest! {
        #[test]
        fn places_stay(text in "([>.0-9 a-z\u{2026}\u{e9}(){}:,;=]|>>> |\\.\\.\\. |\n){0,60}", index in 0usize..4) {
            let source = Source::of_fragment(Language::ALL[index], &text);
            let lead = source.half.unwrap_or(0);
            let inside = &source.text.as_bytes()[lead..];
            prop_assert!(inside.len() >= text.len());
            for (one, other) in inside.iter().zip(text.as_bytes()) {
                prop_assert!(one == other || *one == b' ' && *other != b'\n');
            }
        }
    }
}
