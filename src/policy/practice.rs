//! Code that serves nobody, and code of others: a weakness in it is worth a note and no more.
//!
//! A file is one of tests when a test runner collects it by its name, or when it lies in a folder of tests (`tests`,
//! `__tests__`) that holds such a file: what the tests are run with. The name of a folder alone proves nothing. Copies of
//! libraries lie in folders that say so; what they lack is told by their advisories, and nobody mends it in the copy.

use std::collections::BTreeSet;

use crate::artifact::Entry;
use crate::finding::{Confidence, Finding};
use crate::rule::{Category, RuleSet};

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
pub fn practice(entries: &[Entry], findings: &mut [Finding], rules: &RuleSet) {
    let weakness = |finding: &Finding| {
        finding.confidence > Confidence::Low
            && rules.get(&finding.rule).is_some_and(|rule| rule.category == Category::Code)
    };
    if !findings.iter().any(weakness) {
        return;
    }
    let root = root(entries);
    let folders: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| folder_of_tests(&entry.path))
        .filter(|folder| folder.len() > root)
        .collect();
    for finding in findings.iter_mut().filter(|finding| weakness(finding)) {
        let path = finding.location.target.as_deref().unwrap_or(&finding.location.path);
        let made = finding.location.region.start_column > LONGEST_LINE && bundled(path);
        if made || copied(path) || collected(path) || above(path).any(|folder| folders.contains(folder)) {
            finding.confidence = Confidence::Low;
        }
    }
}

/// How long the path is that all entries have in common, where paths are absolute: a project may lie in a folder `tests`.
fn root(entries: &[Entry]) -> usize {
    let Some(first) = entries.first().filter(|entry| entry.path.starts_with('/')) else { return 0 };
    let within = |folder: &&str| {
        entries.iter().all(|entry| entry.path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/')))
    };
    above(&first.path).find(within).map_or(0, str::len)
}

/// The innermost folder of tests around a file that a test runner collects.
fn folder_of_tests(path: &str) -> Option<&str> {
    let name = |folder: &str| FOLDERS.contains(&folder.rsplit('/').next().unwrap_or(folder));
    collected(path).then(|| above(path).find(|folder| name(folder))).flatten()
}

/// Whether a file is a copy of what others publish, or made from it by a minifier.
fn copied(path: &str) -> bool {
    let mut names = path.rsplit('/');
    let minified = names.next().is_some_and(|name| name.ends_with(".min.js"));
    minified || names.any(|name| COPIES.contains(&name))
}

/// Whether a script lies where bundlers write.
fn bundled(path: &str) -> bool {
    let mut names = path.rsplit('/');
    let script =
        names.next().is_some_and(|name| [".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end)));
    script && names.any(|name| MADE.contains(&name))
}

/// The folders that a file lies in, the innermost first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.rsplit_once('/')?.0;
        Some(rest)
    })
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

    #[test]
    fn copies_of_libraries() {
        for path in
            ["static/js/vendor/jquery.js", "node_modules/a/index.js", "static/app.min.js", "x/_vendor/y.py"]
        {
            assert!(copied(path), "{path}");
        }
        for path in ["vendor.py", "app/vendors.ts", "static/app.js"] {
            assert!(!copied(path), "{path}");
        }
    }

    #[test]
    fn scripts_where_bundlers_write() {
        assert!(bundled("dist/app.js") && bundled("web/static/js/main.4f2a.mjs"));
        assert!(!bundled("src/app.js") && !bundled("dist/app.py") && !bundled("dist.js"));
    }

    #[test]
    fn a_folder_of_tests_holds_a_test() {
        assert_eq!(folder_of_tests("shop/tests/api/test_pay.py"), Some("shop/tests"));
        assert_eq!(folder_of_tests("test/unit/a.test.js"), Some("test"));
        assert_eq!(folder_of_tests("shop/test_pay.py"), None);
        assert_eq!(folder_of_tests("ql/test/server.js"), None);
    }
}
