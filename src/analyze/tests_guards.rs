//! Tests that make data clean, and tests that do not: each case stands in a function that has read `x`, or is a file.

use super::tests::{expected, reported};

/// Cases of `# title` and a body; a line that is reported says so, as in the pages.
const CASES: &str = include_str!("tests_guards.txt");

const BEFORE: &str = "import os, re, requests\nfrom pathlib import Path\nfrom urllib.parse import urlparse\n\
from flask import Flask, request, redirect, abort\napp = Flask(__name__)\n";

fn cases() -> Vec<(&'static str, String)> {
    let whole = |case: &'static str| {
        let (title, body) = case.split_once('\n').unwrap_or((case, ""));
        if body.contains("def view(") {
            return (title, format!("{BEFORE}{body}\n"));
        }
        let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
        (title, format!("{BEFORE}def view():\n    x = request.args['x']\n{body}"))
    };
    CASES.strip_prefix("# ").unwrap_or(CASES).split("\n# ").map(whole).collect()
}

#[test]
fn tests_are_judged_by_what_they_let_through() {
    let mut wrong = String::new();
    for (title, text) in cases() {
        let found = reported("app.py", &text);
        if found != expected(&text) {
            wrong += &format!("{title}: {found:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases().len() > 75, "{}", cases().len());
}
