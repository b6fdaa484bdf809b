//! What nobody would hand over on purpose: each input gets a clear message, the right exit code, and no panic.

// In a test a panic is the report.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use weft::policy::Policy;
use weft::{Checks, built_in_rules, gate, ingest};

/// Far deeper than any stack that recursion on the input could use.
const DEEP: usize = 10_000;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile-inputs").join(name)
}

/// `weft` in `here`, without this machine's environment.
fn weft(here: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.current_dir(here).args(arguments).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// The exit code and everything that was said; a panic or a signal fails here.
fn said(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {text}"));
    assert!(!text.contains("a bug in weft") && !text.contains("panicked"), "{text}");
    (code, text.into_owned())
}

fn run(here: &Path, arguments: &[&str]) -> (i32, String) {
    said(&weft(here, arguments).output().unwrap())
}

/// Scans one file of that name and content.
fn scan(name: &str, content: &[u8]) -> (i32, String) {
    let here = folder();
    fs::write(here.path().join(name), content).unwrap();
    run(here.path(), &["scan", name])
}

fn assert_says((code, text): (i32, String), expected: i32, words: &[&str]) {
    assert_eq!(code, expected, "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn binary_content_is_named() {
    assert_says(scan("a.png", b"\x89PNG\0\x01\x02"), 0, &["not supported: a.png", "binary"]);
    assert_says(scan("a.py", b"x = 1\0\x01"), 4, &["not checked: a.py", "not text"]);
}

#[test]
fn nothing_at_all_passes() {
    for name in ["a.py", "a.js", "reply.md", "requirements.txt"] {
        assert_eq!(scan(name, b"").0, 0, "{name}");
    }
    assert_eq!(run(folder().path(), &["scan"]).0, 0);
    assert_eq!(run(folder().path(), &["scan", "-"]).0, 0);
}

#[test]
fn invalid_utf_8_hides_nothing_around_it() {
    let told = scan("reply.md", b"\xff\xfa\xc3\n```text path=../a.txt\n\xff\n```\n");
    assert_says(told, 1, &["path-traversal-write"]);
}

#[test]
fn a_reply_in_utf_16_is_not_passed_as_checked() {
    let wide: Vec<u8> =
        "\u{feff}# Hi\n```text path=../a.txt\nx\n```\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_says(scan("reply.md", &wide), 4, &["reply.md", "UTF-16"]);
}

#[test]
fn one_line_of_two_hundred_megabytes_is_over_the_limit() {
    let here = folder();
    let file = fs::File::create(here.path().join("a.js")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    for _ in 0..200 {
        file.write_all(&[b'a'; 1_000_000]).unwrap();
    }
    drop(file);
    assert_says(run(here.path(), &["scan"]), 4, &["not checked: a.js", "the limit is", "file-bytes"]);
}

#[test]
fn a_million_lines_are_read() {
    assert_eq!(scan("a.py", "x = 1\n".repeat(1_000_000).as_bytes()).0, 0);
}

#[test]
fn ten_thousand_levels_do_not_overflow() {
    let pair = |open: &str, close: &str| open.repeat(DEEP) + &close.repeat(DEEP);
    let inputs = [
        ("a.py", format!("x = {}\n", pair("(", ")"))),
        ("b.py", format!("x = {}\n", pair("[", "]"))),
        ("c.py", (0..DEEP / 10).map(|level| " ".repeat(level) + "if x:\n").collect()),
        ("d.py", format!("x = {}y\n", "not ".repeat(DEEP))),
        ("e.js", format!("x = {};\n", pair("(", ")"))),
        ("f.js", pair("{", "}")),
        ("g.ts", format!("type T = {};\n", pair("A<", ">"))),
        ("package.json", pair("{\"scripts\":", "}")),
        ("package-lock.json", pair("{\"packages\":", "}")),
        ("quote.md", ">".repeat(DEEP) + " x\n"),
        ("list.md", "- ".repeat(DEEP) + "x\n"),
        ("link.md", pair("[", "]")),
        ("emphasis.md", "*".repeat(DEEP) + "x" + &"*".repeat(DEEP)),
        ("comment.md", "<!--".repeat(DEEP)),
    ];
    for (name, text) in inputs {
        let (code, said) = scan(name, text.as_bytes());
        assert!(matches!(code, 0 | 4), "{name}: {code}: {said}");
    }
}

#[test]
fn front_matter_that_lies_is_found_out() {
    let file = fixture("lying-front-matter.md");
    let told = run(folder().path(), &["scan", file.to_str().unwrap()]);
    assert_says(told, 1, &["front-matter-malformed", "output-hash-mismatch", "output_hash", "approved_by"]);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let here = folder();
    std::os::unix::fs::symlink(".", here.path().join("self")).unwrap();
    std::os::unix::fs::symlink("b", here.path().join("a")).unwrap();
    std::os::unix::fs::symlink("a", here.path().join("b")).unwrap();
    fs::write(here.path().join("x.py"), "x = 1\n").unwrap();
    assert_eq!(run(here.path(), &["scan"]).0, 0);
    assert_says(run(here.path(), &["scan", "a"]), 4, &["not checked: a", "links"]);
}

/// A folder that not even root can open: its path is longer than the system takes. Built from the inside out.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let here = folder();
    let (chain, next) = (here.path().join("chain"), here.path().join("next"));
    fs::create_dir(&chain).unwrap();
    fs::write(chain.join("hidden.py"), "x = 1\n").unwrap();
    for _ in 0..20 {
        fs::create_dir(&next).unwrap();
        fs::rename(&chain, next.join("d".repeat(250))).unwrap();
        fs::rename(&next, &chain).unwrap();
    }
    let (code, text) = run(here.path(), &["scan"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("not checked: chain/ddd"), "{text}");
}

#[test]
fn a_file_that_vanishes_after_it_was_listed_is_named() {
    let here = folder();
    fs::write(here.path().join("a.py"), "x = 1\n").unwrap();
    fs::write(here.path().join("b.py"), "x = 1\n").unwrap();
    let policy = Policy::default();
    let submission =
        ingest::tree::walk(&[PathBuf::from(".")], here.path(), &policy.exclude, policy.limits.files).unwrap();
    fs::remove_file(here.path().join("a.py")).unwrap();
    let checks = Checks::new(built_in_rules(), None).unwrap();
    let (report, _) = gate(&submission, &checks, &policy, 1, false);
    assert!(
        report.notes.iter().any(|note| note.path == "a.py" && note.message.contains("vanished")),
        "{:?}",
        report.notes
    );
    assert_eq!(report.exit().code(), 4);
}

#[test]
fn half_a_lockfile_is_not_a_clean_one() {
    let told = run(&fixture("half-lockfile"), &["scan", "package-lock.json"]);
    assert_says(told, 4, &["not checked: package-lock.json", "line 9", "cut off"]);
}

#[test]
fn a_rule_page_with_a_typo_is_refused_with_its_line() {
    let here = folder();
    let pages = here.path().join("rules/effects");
    fs::create_dir_all(&pages).unwrap();
    fs::copy(fixture("rules/secrets/typo-rule.md"), pages.join("typo-rule.md")).unwrap();
    for arguments in [["rules", "check", "rules"], ["scan", "--rules", "rules"]] {
        assert_says(run(here.path(), &arguments), 2, &["typo-rule.md:4", "severty", "severity"]);
    }
}

#[test]
fn an_unknown_key_of_the_settings_is_refused_with_its_line() {
    let here = folder();
    fs::copy(fixture("unknown-key.toml"), here.path().join("weft.toml")).unwrap();
    assert_says(run(here.path(), &["scan"]), 2, &["weft.toml:2", "fail-onn", "did you mean `fail-on`"]);
}

#[test]
fn a_path_that_is_not_there_is_a_wrong_command_line() {
    assert_says(run(folder().path(), &["scan", "nosuch"]), 2, &["nosuch", "no such file"]);
}

#[test]
fn a_closed_pipe_changes_nothing() {
    let here = folder();
    // More than a pipe holds, so that the write meets the closed end.
    fs::write(here.path().join("reply.md"), "```text path=../a.txt\nx\n```\n".repeat(400)).unwrap();
    for format in ["text", "json", "sarif"] {
        let mut child = weft(here.path(), &["scan", "--format", format, "reply.md"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(said(&child.wait_with_output().unwrap()), (1, String::new()), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let here = folder();
    fs::write(here.path().join("a.py"), "x = 1\n").unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = weft(here.path(), &["scan"]).stdout(full).output().unwrap();
    assert_says(said(&output), 4, &["cannot write standard output", "No space left"]);
    let file = run(here.path(), &["scan", "--output", "sarif=/dev/full"]);
    assert_says(file, 4, &["cannot write /dev/full", "No space left"]);
}
