//! Code that serves nobody, and code of others: a weakness in it is worth a note and no more.
//!
//! A file is one of tests when a test runner collects it by its name and it has tests in it, or when it lies below a folder
//! of tests (`tests`, `__tests__`) beside or below such a file: what the tests are run with. A name alone proves nothing.
//! Copies of libraries lie in folders that say so; what they lack is told by their advisories, and nobody mends it in the
//! copy. Whoever scans little else wants to know of these files: nothing is made a note then.

use std::collections::BTreeMap;

use crate::artifact::{Entry, Submission};
use crate::finding::{Confidence, Finding};
use crate::rule::{Category, RuleSet};
use crate::syntax::Language;

/// Names of folders that tests are kept in.
const FOLDERS: &[&str] = &["test", "tests", "__tests__", "spec", "specs", "e2e", "cypress", "testing"];

/// Names of folders that copies of libraries are kept in.
const COPIES: &[&str] = &[
    "vendor",
    "vendors",
    "vendored",
    "_vendor",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "bower_components",
    "site-packages",
];

/// Names of folders that a bundler writes into. Code far to the right of a line is a note there and nowhere else: pushed
/// behind a thousand blanks, a line of the program's own could hide.
const MADE: &[&str] = &["dist", "build", "bundle", "bundles", "static", "assets", "public"];

/// Nobody writes a longer line of code: it was made from other code, which is where a weakness is mended.
const LONGEST_LINE: u32 = 1000;

/// Makes findings about weaknesses of code in files of tests, in copies of libraries and in what a bundler made low in
/// confidence.
pub fn practice(submission: &Submission, findings: &mut [Finding], rules: &RuleSet) {
    let weakness = |finding: &Finding| {
        finding.confidence > Confidence::Low
            && rules.get(&finding.rule).is_some_and(|rule| rule.category == Category::Code)
    };
    if !findings.iter().any(weakness) {
        return;
    }
    // A file is one of tests whether its neighbours change or not.
    let entries: Vec<&Entry> = submission.entries.iter().chain(submission.still()).collect();
    let root = root(&entries);
    let mut named: BTreeMap<&str, &Entry> = BTreeMap::new();
    let mut folders: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for &entry in entries.iter().filter(|entry| collected(&entry.path)) {
        named.insert(&entry.path, entry);
        if let Some(folder) = (Inside { path: &entry.path, root }).folder_of_tests() {
            folders.entry(folder).or_default().push(entry);
        }
    }
    let by_name = |path: &str| {
        let inside = Inside { path, root };
        inside.copied() || named.contains_key(path) || inside.above().any(|it| folders.contains_key(it))
    };
    let code = || entries.iter().copied().filter(|entry| Language::of_path(&entry.path).is_some());
    let (all, minors) = (code().count(), code().filter(|entry| by_name(&entry.path)).count());
    if all >= MANY && minors * 10 >= all * 9 {
        return;
    }
    let mut looked_at: BTreeMap<String, bool> = BTreeMap::new();
    let mut has_tests = |entry: &&Entry| *looked_at.entry(entry.path.clone()).or_insert_with(|| tests(entry));
    let mut minor = |path: &str| {
        let inside = Inside { path, root };
        let beside = inside.above().filter_map(|folder| folders.get(folder));
        inside.copied()
            || named.get(path).is_some_and(&mut has_tests)
            || beside.flat_map(|all| all.iter().take(MOST_LOOKED_AT)).any(&mut has_tests)
    };
    for finding in findings.iter_mut().filter(|finding| weakness(finding)) {
        let path = finding.location.target.as_deref().unwrap_or(&finding.location.path);
        let made = finding.location.region.start_column > LONGEST_LINE && Inside { path, root }.bundled();
        if made || minor(path) {
            finding.confidence = Confidence::Low;
        }
    }
}

/// So many files of a folder are looked at for tests.
const MOST_LOOKED_AT: usize = 8;

/// No file of tests is longer.
const LONGEST_TEST: u64 = 1 << 20;

/// Whether a file has tests in it, as the usual frameworks have them written.
fn tests(entry: &Entry) -> bool {
    const MARKS: &[&str] = &[
        "def test",
        "import pytest",
        "import unittest",
        "from unittest",
        "from django.test",
        "@pytest.",
        "describe(",
        "it('",
        "it(\"",
        "it(`",
        "test('",
        "test(\"",
        "test(`",
        "cy.",
        "QUnit.",
    ];
    let Ok(bytes) = entry.bytes(LONGEST_TEST) else { return false };
    std::str::from_utf8(&bytes).is_ok_and(|text| MARKS.iter().any(|mark| text.contains(mark)))
}

/// Of so many files nine in ten are the project, whatever they are called.
const MANY: usize = 50;

/// A path below the root of what is scanned: a project may lie in a folder `tests` or `node_modules` itself.
#[derive(Clone, Copy)]
struct Inside<'p> {
    path: &'p str,
    /// How much of the path is the root's.
    root: usize,
}

impl<'p> Inside<'p> {
    /// The folders that the file lies in, the innermost first.
    fn above(self) -> impl Iterator<Item = &'p str> {
        let mut rest = self.path;
        std::iter::from_fn(move || {
            rest = rest.rsplit_once('/')?.0;
            (rest.len() > self.root).then_some(rest)
        })
    }

    /// Their names.
    fn names(self) -> impl Iterator<Item = &'p str> {
        self.above().map(|folder| folder.rsplit('/').next().unwrap_or(folder))
    }

    /// The folder of a file that a test runner collects, when it is a folder of tests or lies in one.
    fn folder_of_tests(self) -> Option<&'p str> {
        let tests = collected(self.path) && self.names().any(|name| FOLDERS.contains(&name));
        tests.then(|| self.above().next()).flatten()
    }

    /// Whether the file is a copy of what others publish, or made from it by a minifier.
    fn copied(self) -> bool {
        self.path.ends_with(".min.js") || self.names().any(|name| COPIES.contains(&name))
    }

    /// Whether it is a script where bundlers write.
    fn bundled(self) -> bool {
        [".js", ".mjs", ".cjs"].iter().any(|end| self.path.ends_with(end))
            && self.names().any(|name| MADE.contains(&name))
    }
}

/// How long the path is that all entries have in common, where paths are absolute.
fn root(entries: &[&Entry]) -> usize {
    let Some(first) = entries.first().filter(|entry| entry.path.starts_with('/')) else { return 0 };
    let within = |folder: &&str| {
        entries.iter().all(|entry| entry.path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/')))
    };
    Inside { path: &first.path, root: 0 }.above().find(within).map_or(0, str::len)
}

/// Whether a test runner collects the file: pytest, unittest and Django by `test_*.py`, `*_test.py`, `tests.py` and
/// `conftest.py`; Jest, Vitest, Playwright, Cypress and others by `*.test.ts`, `*.spec.js`, `*.cy.tsx`.
fn collected(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    match ending {
        "py" => stem.starts_with("test_") || stem.ends_with("_test") || matches!(stem, "tests" | "conftest"),
        "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" => stem
            .rsplit_once(['.', '-'])
            .is_some_and(|(_, kind)| matches!(kind, "test" | "spec" | "cy" | "e2e")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_test_runners_collect() {
        for path in
            ["test_app.py", "a/b/views_test.py", "shop/tests.py", "tests/conftest.py", "src/app.test.ts"]
        {
            assert!(collected(path), "{path}");
        }
        for path in ["a.spec.js", "app.e2e-spec.ts", "login.cy.tsx", "server-test.js"] {
            assert!(collected(path), "{path}");
        }
        for path in
            ["test.py", "contest.py", "testing.js", "test.js", "tst.ts", "tests/helper.py", "test_data.json"]
        {
            assert!(!collected(path), "{path}");
        }
    }

    fn inside(path: &str) -> Inside<'_> {
        Inside { path, root: 0 }
    }

    #[test]
    fn copies_of_libraries() {
        for path in
            ["static/js/vendor/jquery.js", "node_modules/a/index.js", "static/app.min.js", "x/_vendor/y.py"]
        {
            assert!(inside(path).copied(), "{path}");
        }
        for path in ["vendor.py", "app/vendors.ts", "static/app.js"] {
            assert!(!inside(path).copied(), "{path}");
        }
        assert!(!Inside { path: "/node_modules/a/b.js", root: "/node_modules/a".len() }.copied());
    }

    #[test]
    fn scripts_where_bundlers_write() {
        assert!(inside("dist/app.js").bundled() && inside("web/static/js/main.4f2a.mjs").bundled());
        assert!(!inside("src/app.js").bundled() && !inside("dist/app.py").bundled());
        assert!(!inside("dist.js").bundled());
    }

    #[test]
    fn what_lies_beside_a_test_below_a_folder_of_tests() {
        for (path, folder) in [
            ("shop/tests/api/test_pay.py", Some("shop/tests/api")),
            ("test/unit/a.test.js", Some("test/unit")),
            ("shop/test_pay.py", None),
            ("ql/test/server.js", None),
        ] {
            assert_eq!(inside(path).folder_of_tests(), folder, "{path}");
        }
    }
}
