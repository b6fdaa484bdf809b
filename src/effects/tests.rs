use std::path::Path;

use crate::rule::{Category, parse};
use crate::{Checks, built_in_rules, examples};

/// Runs the examples of every page of a folder of `rules/`; the failures, as text.
fn failures(folder: &str) -> String {
    let checks = Checks::new(built_in_rules(), None).unwrap();
    let category = Category::of(folder).unwrap();
    let mut pages: Vec<_> = std::fs::read_dir(Path::new("rules").join(folder))
        .unwrap()
        .map(|page| page.unwrap().path())
        .collect();
    pages.sort();
    let mut out = String::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let (_, examples) = parse(category, page.file_stem().unwrap().to_str().unwrap(), &text).unwrap();
        for failure in examples.iter().flat_map(|example| examples::run(example, &checks)) {
            out += &format!("{}:{}: {}\n", page.display(), failure.line, failure.message);
        }
    }
    out
}

#[test]
fn the_pages_of_effects_hold() {
    assert_eq!(failures("effects"), "");
}

#[test]
fn the_pages_of_text_hold() {
    assert_eq!(failures("text"), "");
}
