//! What is judged cannot judge itself (invariant 6): a gate reads settings and allowances at the base of the change.

mod temp;

use std::process::Output;

use temp::Repo;

const WEAK: &str =
    "import os\nfrom flask import request\n\n\ndef ping():\n    os.system(request.args[\"host\"])\n";

fn weft(repository: &Repo, arguments: &[&str]) -> Output {
    repository.command(env!("CARGO_BIN_EXE_weft")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&[out.stdout.as_slice(), out.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn an_allowance_that_the_change_brings_does_not_count_in_a_gate() {
    let repository = Repo::new();
    let allowed = WEAK.replace("[\"host\"])", "[\"host\"])  # weft: allow command-injection only used by us");
    repository.write_and_commit("ping.py", &allowed);
    let own = weft(&repository, &["scan", "ping.py"]);
    assert_eq!(own.status.code(), Some(0), "a person's own scan obeys it: {}", said(&own));
    assert!(said(&own).contains("only used by us"), "and lists it");
    let judged = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert_eq!(judged.status.code(), Some(1), "{}", said(&judged));
    assert!(said(&judged).contains("allowance-added"), "{}", said(&judged));
}

#[test]
fn an_allowance_of_the_base_counts_in_a_gate() {
    let repository = Repo::new();
    let allowed = WEAK.replace("[\"host\"])", "[\"host\"])  # weft: allow command-injection only used by us");
    repository.write_and_commit("ping.py", &allowed);
    repository.write_and_commit("ping.py", &format!("{allowed}\n\nprint(\"a new line\")\n"));
    let judged = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert_eq!(judged.status.code(), Some(0), "{}", said(&judged));
}

#[test]
fn settings_that_the_change_brings_do_not_count_in_a_gate() {
    let repository = Repo::new();
    repository.write("weft.toml", "exclude = [\"ping.py\"]\n\n[levels]\ncommand-injection = \"off\"\n");
    repository.write("ping.py", WEAK);
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "looser"]);
    let own = weft(&repository, &["scan"]);
    assert_eq!(own.status.code(), Some(0), "a person's own scan obeys them: {}", said(&own));
    for command in [["scan", "--range"], ["gate", "--range"]] {
        let judged = weft(&repository, &[command[0], command[1], "HEAD~1..HEAD"]);
        assert_eq!(judged.status.code(), Some(1), "{command:?}: {}", said(&judged));
        assert!(said(&judged).contains("settings-changed"), "{}", said(&judged));
    }
}

#[test]
fn a_gate_looks_at_the_added_lines_only() {
    let repository = Repo::new();
    repository.write_and_commit("ping.py", WEAK);
    repository.write_and_commit("ping.py", &format!("{WEAK}\n\ndef pong():\n    return \"pong\"\n"));
    let judged = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert_eq!(judged.status.code(), Some(0), "{}", said(&judged));
    assert!(said(&judged).contains("existing"), "{}", said(&judged));
}

/// A branch `side` with `path`, made before main got weft.toml and `guard.py`.
fn diverged(path: &str, text: &str) -> Repo {
    let repository = Repo::new();
    repository.git(&["branch", "side"]);
    repository.write("weft.toml", "[levels]\ncommand-injection = \"low\"\n");
    repository.write("guard.py", "print('checked')\n");
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "main moves on"]);
    repository.git(&["checkout", "-q", "side"]);
    repository.write_and_commit(path, text);
    repository
}

#[test]
fn a_branch_behind_main_is_judged_by_what_it_changes_and_by_the_settings_of_main() {
    let repository = diverged("ping.py", WEAK);
    for range in ["main..side", "main...side"] {
        let judged = weft(&repository, &["scan", "--range", range]);
        let said = said(&judged);
        assert_eq!(judged.status.code(), Some(0), "main's settings count: {said}");
        assert!(said.contains("1 file") && !said.contains("settings-changed"), "{said}");
    }
}

#[test]
fn a_branch_behind_main_is_submitted_as_what_it_changes() {
    let repository = diverged("pong.py", "print('pong')\n");
    let submitted = weft(&repository, &["submit", "--range", "main..side"]);
    let said = said(&submitted);
    assert_eq!(submitted.status.code(), Some(3), "{said}");
    assert!(said.contains(": 1 file, subject"), "main's files are not part of it: {said}");
}

#[test]
fn a_new_reviewer_is_never_somebody_elses_change() {
    let repository = Repo::new();
    repository.write_and_commit("weft.toml", "[coverage]\nwho = \"agents\"\n");
    repository.write_and_commit("weft.toml", "[coverage]\nwho = \"agents\"\n\n[review]\nfour-eyes = false\n");
    let judged = weft(&repository, &["scan", "--range", "HEAD~1..HEAD"]);
    assert!(said(&judged).contains("settings-changed"), "{}", said(&judged));
}

#[test]
fn every_format_of_the_gate_says_that_the_change_waits() {
    let repository = Repo::new();
    repository.write_and_commit("weft.toml", "[coverage]\nwho = \"all\"\n");
    repository.write_and_commit("notes.txt", "a line\n");
    for format in ["text", "json", "sarif", "github"] {
        let judged = weft(&repository, &["gate", "--range", "HEAD~1..HEAD", "--format", format]);
        assert_eq!(judged.status.code(), Some(3), "{format}: {}", said(&judged));
        let text = String::from_utf8_lossy(&judged.stdout).to_lowercase();
        assert!(text.contains("held: 1 of 1 commit without an approval"), "{format}: {text}");
    }
}
