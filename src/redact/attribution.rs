//! Addresses that their owners put into a repository to be named there: authors, translators, maintainers.
//!
//! They are masked like any other, and not reported in files; what remains is reported once a file.

use std::ops::Range;

/// Files whose purpose is to name people or to carry a licence, by the start of their name in lower case.
const FILES: &[&str] = &[
    "author",
    "contributor",
    "maintainer",
    "credit",
    "thanks",
    "codeowners",
    "code_of_conduct",
    "changelog",
    "changes",
    "history",
    "news",
    "release",
    "licen",
    "copying",
    "copyright",
    "notice",
    "security",
    "metadata",
    "pkg-info",
    ".mailmap",
    "git.git-authors",
];

/// What a line that is wholly a comment begins with, in the languages there are.
const COMMENTS: &[&str] =
    &["#", "//", "/*", "*", "--", ";", "%", "<!--", "{#", "!", ".\\\"", "\"\"\"", "rem "];

/// How far before an address its line is read; a longer one is data.
const LINE: usize = 400;

/// Whether the address at `range` of a file's text only names somebody: `Jane Roe <address>`, in a comment, in the
/// header of a translation, or in a file that is there for it.
pub(super) fn names_somebody(path: &str, text: &str, range: &Range<usize>) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    if FILES.iter().any(|file| name.starts_with(file)) {
        return true;
    }
    let start = memchr::memrchr(b'\n', &text.as_bytes()[..range.start]).map_or(0, |at| at + 1);
    let start = text.ceil_char_boundary(start.max(range.start.saturating_sub(LINE)));
    let before = text[start..range.start].trim_start();
    let titled = before
        .strip_suffix('<')
        .is_some_and(|name| name.trim_end_matches([' ', '"', '\'']).ends_with(char::is_alphanumeric));
    titled || COMMENTS.iter().any(|comment| before.starts_with(comment)) || before.contains(" # ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, text: &str) -> bool {
        let at = text.find("jane@").unwrap();
        names_somebody(path, text, &(at..at + "jane@initech.com".len()))
    }

    #[test]
    fn people_who_are_named_are_left_alone() {
        for (path, text) in [
            ("locale/de/django.po", "\n\"Last-Translator: Jane Roe <jane@initech.com>, 2020\\n\""),
            ("locale/de/django.po", "# Jane Roe <jane@initech.com>, 2020"),
            ("AUTHORS", "Jane Roe jane@initech.com"),
            ("docs/CHANGELOG.md", "thanks to jane@initech.com"),
            ("a.py", "x = 1\n    # ask jane@initech.com"),
            ("a.py", "x = 1  # ask jane@initech.com"),
            ("a.c", " * jane@initech.com"),
            ("package.json", "\"author\": \"Jane Roe <jane@initech.com>\""),
        ] {
            assert!(named(path, text), "{text}");
        }
    }

    #[test]
    fn data_is_not() {
        for (path, text) in [
            ("a.py", "SUPPORT = 'jane@initech.com'"),
            ("users.csv", "7,Jane Roe,jane@initech.com"),
            ("a.html", "<a href=\"mailto:jane@initech.com\">"),
            ("a.txt", "<jane@initech.com>"),
        ] {
            assert!(!named(path, text), "{text}");
        }
    }
}
