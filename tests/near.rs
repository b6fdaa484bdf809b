//! Data of a change that goes through files which the change leaves as they are.

#![allow(clippy::unwrap_used)]

mod temp;

use temp::Repo;

const VIEW: &str =
    "from flask import request\nfrom helpers import run\n\ndef view():\n    run(request.args['x'])\n";
const RUN: &str = "import os\n\ndef run(x):\n    os.system(x)\n";
const SAFE: &str = "import os\n\ndef run(x):\n    return x\n";
const STILL: &str = "def view():\n    return 1\n";

/// What `weft` says in a repository, and whether it blocks.
fn weft(repository: &Repo, arguments: &[&str]) -> (String, bool) {
    let mut command = repository.command(env!("CARGO_BIN_EXE_weft"));
    let output = command.args(arguments).env("NO_COLOR", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (text.into_owned(), output.status.code() == Some(1))
}

fn repository(files: &[(&str, &str)]) -> Repo {
    let repository = Repo::new();
    for (path, text) in files {
        repository.write_and_commit(path, text);
    }
    repository
}

/// Scans what is staged with no cache, a new one and a warm one: all say the same.
fn staged(repository: &Repo) -> (String, bool) {
    let said = weft(repository, &["scan", "--staged", "--no-cache"]);
    for _ in 0..2 {
        assert_eq!(weft(repository, &["scan", "--staged"]), said);
    }
    said
}

#[test]
fn the_sink_lies_in_an_unchanged_file() {
    let repository = repository(&[("app/views.py", STILL), ("helpers.py", RUN)]);
    assert!(!weft(&repository, &["scan"]).1);
    repository.write("app/views.py", VIEW);
    repository.git(&["add", "app/views.py"]);
    let (text, blocks) = staged(&repository);
    assert!(blocks && text.contains("helpers.py:4") && text.contains("command-injection"), "{text}");
    let (text, blocks) = weft(&repository, &["scan", "app/views.py"]);
    assert!(blocks && text.contains("helpers.py:4"), "{text}");
}

#[test]
fn the_source_lies_in_an_unchanged_file() {
    let repository = repository(&[("app/views.py", VIEW), ("helpers.py", SAFE)]);
    assert!(!weft(&repository, &["scan"]).1);
    repository.write("helpers.py", RUN);
    repository.git(&["add", "helpers.py"]);
    let (text, blocks) = staged(&repository);
    assert!(blocks && text.contains("helpers.py:4"), "{text}");
    repository.git(&["commit", "-q", "-m", "run it"]);
    let (text, blocks) = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert!(blocks && text.contains("helpers.py:4"), "{text}");
}

#[test]
fn a_new_file_is_imported_by_an_unchanged_one() {
    let repository = repository(&[("app/views.py", VIEW)]);
    assert!(!weft(&repository, &["scan"]).1);
    repository.write("helpers.py", RUN);
    repository.git(&["add", "helpers.py"]);
    assert!(staged(&repository).1);
}

#[test]
fn what_only_unchanged_files_do_is_not_of_the_change() {
    let repository = repository(&[("app/views.py", VIEW), ("helpers.py", RUN), ("other.py", STILL)]);
    assert!(weft(&repository, &["scan"]).1);
    repository.write("other.py", "import helpers\n\ndef view():\n    return 2\n");
    repository.git(&["add", "other.py"]);
    let (text, blocks) = staged(&repository);
    assert!(!blocks && !text.contains("command-injection"), "{text}");
}

#[test]
fn an_allowance_of_an_unchanged_file_counts() {
    let allowed =
        "import os\n\ndef run(x):\n    # weft: allow command-injection a tool of our own\n    os.system(x)\n";
    let repository = repository(&[("app/views.py", STILL), ("helpers.py", allowed)]);
    repository.write("app/views.py", VIEW);
    repository.git(&["add", "app/views.py"]);
    let (text, blocks) = staged(&repository);
    assert!(!blocks && text.contains("a tool of our own"), "{text}");
}

#[test]
fn a_gate_looks_around_a_change_as_a_scan_does() {
    let repository = repository(&[("app/views.py", STILL), ("helpers.py", RUN)]);
    repository.write_and_commit("app/views.py", VIEW);
    for command in ["scan", "gate"] {
        let (text, blocks) = weft(&repository, &[command, "--range", "HEAD~1..HEAD"]);
        assert!(blocks && text.contains("helpers.py:4"), "{command}: {text}");
    }
}

#[test]
fn a_file_is_one_file_however_it_is_named() {
    let repository = repository(&[("app/views.py", VIEW), ("helpers.py", RUN)]);
    let named = ["app/views.py", "./app/views.py", "app/../app/views.py"];
    for path in named {
        let (text, blocks) = weft(&repository, &["scan", path]);
        assert!(blocks && text.matches("high[command-injection]").count() == 1, "{path}: {text}");
    }
}

#[test]
fn what_was_there_before_is_known_with_what_was_around_it() {
    let repository = repository(&[("app/views.py", VIEW), ("helpers.py", RUN)]);
    let (text, blocks) = weft(&repository, &["scan", "app/views.py", "--baseline", "HEAD"]);
    assert!(!blocks, "{text}");
    repository.write_and_commit("helpers.py", SAFE);
    repository.write("helpers.py", RUN);
    let (text, blocks) = weft(&repository, &["scan", "app/views.py", "helpers.py", "--baseline", "HEAD"]);
    assert!(blocks, "{text}");
}

#[test]
fn files_elsewhere_are_no_part_of_the_project_here() {
    let here = repository(&[("helpers.py", RUN), ("app/views.py", STILL)]);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("views.py"), VIEW).unwrap();
    let (text, blocks) = weft(&here, &["scan", elsewhere.path().to_str().unwrap()]);
    assert!(!blocks, "{text}");
}
