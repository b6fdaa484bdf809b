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
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for _ in 0..2 {
        assert_eq!(weft(repository, &["scan", "--staged", "--cache-dir", cache.to_str().unwrap()]), said);
        // Something was kept, so that the second time is a warm one.
        let mut files = std::fs::read_dir(&cache).unwrap();
        assert!(files.any(|file| file.unwrap().path().extension().is_some_and(|kind| kind == "cache")));
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

#[test]
fn what_cannot_be_read_around_a_change_is_said() {
    let repository = repository(&[("app/views.py", VIEW), ("helpers.py", SAFE)]);
    let blob = repository.git(&["rev-parse", "HEAD:app/views.py"]);
    repository.write_and_commit("helpers.py", RUN);
    std::fs::remove_file(repository.path().join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let (text, _) = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert!(text.contains("1 of the files around the change could not be read"), "{text}");
}

#[test]
fn what_a_patch_says_of_imports_counts() {
    let paths = |folder: &str| {
        format!("{{\"compilerOptions\": {{\"paths\": {{\"#run\": [\"{folder}/run.ts\"]}}}}}}\n")
    };
    let run = "import { exec } from 'child_process';\nexport const run = (x: string) => exec(x);\n";
    let view = "import express from 'express';\nimport { run } from '#run';\nexpress().get('/', (req, res) => run(req.query.x));\n";
    let repository = repository(&[
        ("tsconfig.json", &paths("safe")),
        ("safe/run.ts", "export const run = (x: string) => x;\n"),
        ("real/run.ts", run),
        ("view.ts", view),
    ]);
    repository.write("tsconfig.json", &paths("real"));
    repository.write("view.ts", &view.replace("'/'", "'/run'"));
    let patch = repository.raw(&["diff"]);
    repository.git(&["checkout", "-q", "."]);
    let file = repository.path().join("../change.patch");
    std::fs::write(&file, patch).unwrap();
    let (text, blocks) = weft(&repository, &["scan", "--patch", file.to_str().unwrap()]);
    assert!(blocks && text.contains("real/run.ts:2"), "{text}");
}

#[test]
fn packages_are_held_against_what_the_unchanged_files_declare() {
    let manifest = "[project]\nname = \"shop\"\ndependencies = [\"flask\"]\n";
    let repository =
        repository(&[("pyproject.toml", manifest), ("app/tools.py", "X = 1\n"), ("app/views.py", STILL)]);
    let imports = "import flask\nfrom app import tools\nimport made_up_session_tools\n";
    repository.write("reply.md", &format!("Here:\n\n```python path=app/more.py\n{imports}```\n"));
    let (text, blocks) = weft(&repository, &["scan", "reply.md", "--only", "deps"]);
    assert!(!blocks && text.contains("reply.md:6:8") && text.contains("undeclared-package 1"), "{text}");
    assert!(text.contains("1 package name could not be checked offline: made-up-session-tools"), "{text}");
    repository.write("app/views.py", imports);
    repository.git(&["add", "app/views.py"]);
    let (text, _) = staged(&repository);
    assert!(text.contains("app/views.py:3:8") && text.contains("undeclared-package 1"), "{text}");
}

#[test]
fn a_list_that_another_list_includes_is_read_whatever_it_is_called() {
    let repository = repository(&[
        ("requirements.txt", "-r lists/deps.lst\nidna==3.10\n"),
        ("lists/deps.lst", "-r more\n-r deps.lst\n"),
        ("lists/more", "jinja2==2.4.1\n"),
        ("other.lst", "jinja2==2.4.1\n"),
    ]);
    let (said, _) = weft(&repository, &["scan", "--only", "deps", "--no-cache"]);
    assert!(said.contains("lists/more:1:1"), "{said}");
    assert!(!said.contains("other.lst") && !said.contains("incomplete"), "{said}");
    let (said, _) = weft(&repository, &["scan", "--only", "deps", "requirements.txt"]);
    assert!(said.contains("line 1: lists/deps.lst, which it includes, is not read"), "{said}");
}

#[test]
fn a_change_brings_what_the_lines_that_it_takes_away_held_back() {
    let repository = repository(&[
        ("requirements.txt", "idna==3.10\n--no-binary \\\njinja2==2.4.1\n"),
        ("app.py", "import os\n\ndef run(x):\n    \"\"\"\n    os.system(input())\n    \"\"\"\n"),
        ("still.txt", "jinja2==2.4.1\n"),
    ]);
    std::fs::write(repository.path().join("requirements.txt"), "idna==3.10\njinja2==2.4.1\n").unwrap();
    std::fs::write(repository.path().join("app.py"), "import os\n\ndef run(x):\n    os.system(input())\n")
        .unwrap();
    repository.git(&["add", "."]);
    let patch = repository.git(&["diff", "--cached"]);
    std::fs::write(repository.path().join("change.patch"), patch).unwrap();
    for arguments in [&["scan", "--staged"][..], &["scan", "--patch", "change.patch"]] {
        let (said, _) = weft(&repository, arguments);
        assert!(said.contains("PYSEC-2014-8"), "{arguments:?}: {said}");
        assert!(said.contains("app.py:4"), "{arguments:?}: {said}");
    }
    // A line that holds nothing back takes nothing along.
    std::fs::write(repository.path().join("requirements.txt"), "--no-binary \\\njinja2==2.4.1\n").unwrap();
    std::fs::write(repository.path().join("still.txt"), "").unwrap();
    repository.git(&["add", "requirements.txt"]);
    let (said, _) = weft(&repository, &["scan", "--staged", "--only", "deps"]);
    assert!(!said.contains("PYSEC-2014-8"), "{said}");
}
