//! Every rule page's examples run through the whole gate, and every page has examples for and against.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use weft::rule::{Category, Example, parse};
use weft::{Checks, built_in_rules, examples};

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { pages(&path) } else { vec![path] }
        })
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("README.md")
        })
        .collect();
    found.sort();
    found
}

fn examples_of(page: &Path) -> (String, Vec<Example>) {
    let folder = page.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let name = page.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(page).unwrap();
    let (rule, examples) = parse(Category::of(folder).unwrap(), name, &text).unwrap();
    (rule.id, examples)
}

#[test]
fn examples_hold() {
    let checks = Checks::new(built_in_rules(), None).unwrap();
    let mut failures = String::new();
    for page in pages(Path::new("rules")) {
        for example in examples_of(&page).1 {
            for failure in examples::run(&example, &checks) {
                let title = &example.title;
                writeln!(failures, "{}:{}: [{title}] {}", page.display(), failure.line, failure.message)
                    .unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "rule pages whose examples do not hold:\n{failures}");
}

#[test]
fn every_page_shows_what_fires_and_what_does_not() {
    for page in pages(Path::new("rules")) {
        let (id, examples) = examples_of(&page);
        // Findings on packages carry the advisory's id; an age is known to a history only (tests/history_scan.rs), and what
        // a registry says to who asks it (tests/network.rs).
        let id = match id.as_str() {
            "vulnerable-dependency" | "informational-advisory" | "key-age" => "",
            "missing-package" | "new-package" | "deprecated-package" | "unlisted-version"
            | "outdated-package" => "",
            id => id,
        };
        let fires = |example: &Example| {
            example.files.iter().any(|file| {
                file.text.contains(&format!("expect: {id}"))
                    || file.text.contains(&format!("expect-next: {id}"))
            })
        };
        assert!(examples.iter().any(fires), "{}: no example expects {id}", page.display());
        let silent = |example: &Example| {
            !example
                .files
                .iter()
                .any(|file| file.text.contains("expect:") || file.text.contains("expect-next:"))
        };
        assert!(examples.iter().any(silent), "{}: no example shows what stays silent", page.display());
    }
}
