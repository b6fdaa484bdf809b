//! Personal data that is meant to stand where it stands: authors, translators, maintainers in the files that name
//! them, made-up people in tests, the addresses a document gives. It is masked like any other, and not reported in
//! files; of what remains, one finding a rule stands for all of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::mask::Copy;
use super::pii::Reading;
use crate::artifact::{Original, Role};
use crate::rule::{Category, Rule};

/// Which copies of personal data are reported. In a prompt or a reply each one counts.
pub(super) struct Shown {
    /// The copies that are left out.
    hidden: BTreeSet<usize>,
    /// How many a reported copy stands for beside itself.
    more: BTreeMap<usize, usize>,
}

impl Shown {
    /// For the copies of one original, found by `rules`.
    pub(super) fn new(original: &Original, text: &str, copies: &[Copy], rules: &[Rule]) -> Self {
        let mut shown = Shown { hidden: BTreeSet::new(), more: BTreeMap::new() };
        if Reading::of(original.role) == Reading::Prose {
            return shown;
        }
        let personal = |rule: usize| rules.get(rule).filter(|rule| rule.category == Category::Pii);
        let mut by_rule: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, copy) in copies.iter().enumerate() {
            if personal(copy.rule).is_some() {
                shown.hidden.insert(index);
                by_rule.entry(copy.rule).or_default().push(index);
            }
        }
        for (rule, mut list) in by_rule {
            if personal(rule).is_some_and(|rule| CONTACTS.contains(&rule.id.as_str())) {
                leaked(original, text, copies, &mut list);
            }
            if let Some(first) = first_added(original, text, copies, &list).or(list.first().copied()) {
                shown.hidden.remove(&first);
                shown.more.insert(first, list.len() - 1);
            }
        }
        shown
    }

    /// For how many others the copy of that index stands; `None` when it is not reported.
    pub(super) fn with(&self, index: usize) -> Option<usize> {
        (!self.hidden.contains(&index)).then(|| self.more.get(&index).copied().unwrap_or(0))
    }
}

/// The first copy on a line that counts as added.
fn first_added(original: &Original, text: &str, copies: &[Copy], list: &[usize]) -> Option<usize> {
    let (mut line, mut at) = (1, 0);
    let added = |index: &&usize| {
        let start = copies[**index].range.start;
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[at..start]).count() as u32;
        at = start;
        original.added.as_ref().is_none_or(|lines| lines.touches(line, line))
    };
    list.iter().find(added).copied()
}

/// Leaves those that are not there to be read by everybody.
fn leaked(original: &Original, text: &str, copies: &[Copy], list: &mut Vec<usize>) {
    if made_up(&original.path) {
        list.clear();
    }
    list.retain(|index| !names_somebody(&original.path, text, &copies[*index].range));
    // A document gives an address or two for its readers; a list of people is data.
    let people: BTreeSet<&str> = list.iter().map(|index| copies[*index].secret.as_str()).collect();
    if document(original) && people.len() < PEOPLE {
        list.clear();
    }
}

/// The rules about how somebody is reached: these people give away themselves, and tests make them up.
const CONTACTS: &[&str] = &["email", "phone-number"];

/// From this many on, the people in a document are a list.
const PEOPLE: usize = 3;

fn document(original: &Original) -> bool {
    let path = original.path.to_ascii_lowercase();
    let mut folders = path.split(['/', '\\']).rev();
    let name = folders.next().unwrap_or("");
    original.role == Role::Document
        || [".md", ".rst", ".adoc", ".tex", ".1", ".3", ".7", ".8"].iter().any(|end| name.ends_with(end))
        || name.starts_with("readme")
        || [".txt", ".html"].iter().any(|end| name.ends_with(end))
            && folders.any(|folder| matches!(folder, "doc" | "docs" | "documentation" | "man"))
}

/// Whether a path is that of a test or of its data, whose people are made up.
fn made_up(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "testing",
        "testdata",
        "test_data",
        "test-data",
        "testsuite",
        "fixtures",
        "fixture",
        "spec",
        "specs",
        "__tests__",
        "__mocks__",
        "mocks",
        "examples",
        "example",
        "samples",
        "sample",
        "demo",
        "e2e",
    ];
    let path = path.to_ascii_lowercase();
    let mut parts = path.split(['/', '\\']).rev();
    let name = parts.next().unwrap_or("");
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let test = stem == "tests"
        || stem == "test"
        || stem == "conftest"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || [".test.", ".spec."].iter().any(|part| name.contains(part));
    let tests = |folder: &str| {
        FOLDERS.contains(&folder)
            || folder.ends_with("_tests")
            || folder.ends_with("-tests")
            || folder.starts_with("test_")
    };
    test || parts.any(tests)
}

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
    let titled = before.strip_suffix('<').is_some_and(|name| {
        name.trim_end_matches([' ', '"', '\'', '.', ')']).ends_with(char::is_alphanumeric)
    });
    titled || COMMENTS.iter().any(|comment| before.starts_with(comment)) || before.contains(" # ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Action;

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

    #[test]
    fn tests_and_documents_are_known_by_their_path() {
        for path in [
            "tests/a.py",
            "pkg/auth_tests/x.json",
            "src/test_users.py",
            "web/users.spec.ts",
            "a_test.go",
            "spec/x.rb",
        ] {
            assert!(made_up(path), "{path}");
        }
        for path in ["src/latest.py", "contest/a.py", "attestation.py", "users.csv"] {
            assert!(!made_up(path), "{path}");
        }
        let document =
            |path: &str, role| super::document(&Original::new(path, role, Action::Inspect, Vec::new()));
        assert!(
            document("docs/a.txt", Role::Code)
                && document("x.rst", Role::Code)
                && document("a", Role::Document)
        );
        assert!(!document("data/a.txt", Role::Code) && !document("docs/a.py", Role::Code));
    }
}
