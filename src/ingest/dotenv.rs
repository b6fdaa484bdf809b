//! Files that hold settings as `NAME=value` lines: which they are, and what they set.

use std::ops::Range;

/// What a file of settings is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dotenv {
    /// It is read by a program: `.env`, `.env.production`, `shop.env`.
    Live,
    /// It shows what to set, and is committed: `.env.example`.
    Example,
}

/// The words by which a file says that it is only an example.
const EXAMPLES: &[&str] =
    &["example", "examples", "sample", "template", "tmpl", "tpl", "dist", "default", "defaults", "schema"];

impl Dotenv {
    /// What the file at `path` is, by its name.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let mut parts = name.split('.');
        let is_env = |part: &str| matches!(part, "env" | "dotenv");
        let (first, rest): (&str, Vec<&str>) = (parts.next().unwrap_or(""), parts.collect());
        let dotted = first.is_empty() && rest.first().is_some_and(|part| is_env(part));
        let ends = rest.last().is_some_and(|part| is_env(part));
        let shown = || EXAMPLES.iter().any(|word| first == *word || rest.contains(word));
        let named = is_env(first) && rest.last().is_some_and(|part| EXAMPLES.contains(part));
        match (dotted || ends, named) {
            (true, _) if shown() => Some(Dotenv::Example),
            (true, _) => Some(Dotenv::Live),
            (false, true) => Some(Dotenv::Example),
            (false, false) => None,
        }
    }

    /// The byte range of each value that `text` sets, without quotes and comment; empty values are left out.
    pub(crate) fn values(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = 0;
        text.split_inclusive('\n').filter_map(move |line| {
            let from = start;
            start += line.len();
            let value = value(line)?;
            let at = from + (value.as_ptr() as usize - line.as_ptr() as usize);
            Some(at..at + value.len())
        })
    }
}

/// The value of one line: a part of it.
fn value(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || !name.chars().all(word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = value.trim_start();
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => value[1..].split(quote).next().unwrap_or(""),
        Some('#') | None => "",
        Some(_) => value.split(" #").next().unwrap_or("").split("\t#").next().unwrap_or("").trim_end(),
    };
    (!value.is_empty()).then_some(value)
}

/// Whether a file of that name usually holds a private key.
pub(super) fn holds_key(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let ends = [".pem", ".key", ".ppk", ".p8", ".pk8"].iter().any(|end| name.ends_with(end));
    ends || name.starts_with("id_") && !name.ends_with(".pub")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is_for() {
        for live in [".env", "a/.env.local", ".ENV.production", "deploy/shop.env", ".env.test"] {
            assert_eq!(Dotenv::of(live), Some(Dotenv::Live), "{live}");
        }
        for example in [".env.example", "a/.env.sample", "env.template", "example.env", ".env.local.dist"] {
            assert_eq!(Dotenv::of(example), Some(Dotenv::Example), "{example}");
        }
        for other in [".envrc", "env.py", "environment", ".environment", "env", "", "a.env.py", "src/env/x"] {
            assert_eq!(Dotenv::of(other), None, "{other}");
        }
    }

    #[test]
    fn values_are_what_a_program_would_read() {
        let text =
            "# A=1\nA=one # why\nexport B = \"two # three\"\nC=\nD=#\nnot a line\r\nE='x y'\r\n9=no\nF=a#b";
        let values: Vec<&str> = Dotenv::values(text).map(|range| &text[range]).collect();
        assert_eq!(values, ["one", "two # three", "x y", "a#b"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_values_inside_it(text in "[A-Z=#'\"`\\s\u{e9}\u{2028}.]{0,60}") {
            for range in Dotenv::values(&text) {
                proptest::prop_assert!(!text[range].contains('\n'));
            }
        }
    }
}
