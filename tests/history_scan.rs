//! Secrets of the past: when they came in, whether they are still there, how old they are; and those that a range brings
//! and takes back.

#![allow(clippy::unwrap_used)]

mod cli;
mod temp;

use std::process::Output;

use serde_json::Value;
use temp::Repo;
use weft::rule::expand;

const HEAD_LINES: &str = "import os\n\n\ndef connect():\n";

fn weft(repository: &Repo, arguments: &[&str]) -> Output {
    let mut command = repository.command(env!("CARGO_BIN_EXE_weft"));
    command.args(arguments).env("NO_COLOR", "1").env("WEFT_KEY", "a key that is made for this test");
    command.output().unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&[out.stdout.as_slice(), out.stderr.as_slice()].concat()).into_owned()
}

fn json(repository: &Repo, arguments: &[&str]) -> Value {
    let out = weft(repository, &[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&out)))
}

fn findings<'v>(report: &'v Value, rule: &str) -> Vec<&'v Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["rule"] == rule).collect()
}

/// A line of code that holds a token made of `seed`; the same seed makes the same token.
fn line(token: &str) -> String {
    format!("{HEAD_LINES}    return open_session(token=\"{token}\")\n")
}

fn token() -> String {
    expand("ghp_%{github}")
}

/// Commits everything as of a day.
fn commit_on(repository: &Repo, day: &str, message: &str) -> String {
    repository.git(&["add", "-A"]);
    let when = format!("{day}T12:00:00Z");
    let status = repository
        .command("git")
        .args(["commit", "-q", "--allow-empty", "-m", message])
        .env("GIT_AUTHOR_DATE", &when)
        .env("GIT_COMMITTER_DATE", &when)
        .status()
        .unwrap();
    assert!(status.success());
    repository.git(&["rev-parse", "HEAD"])
}

#[test]
fn a_secret_that_was_removed_is_found_once_with_its_commits() {
    let (repository, token) = (Repo::new(), token());
    repository.write("src/a.py", &line(&token));
    let first = commit_on(&repository, "2024-01-15", "connect");
    repository.write("src/a.py", &(line(&token) + "# a longer file\n"));
    repository.write("src/b.py", &format!("\n{}", line(&token)));
    commit_on(&repository, "2024-02-01", "more");
    std::fs::remove_file(repository.path().join("src/b.py")).unwrap();
    repository.write("src/a.py", HEAD_LINES);
    let removed = commit_on(&repository, "2024-03-01", "read it from the environment");
    repository.write_and_commit("later.txt", "later\n");
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(!said(&out).contains(&token), "the secret is in the report");
    assert!(said(&out).contains(", fingerprint "), "{}", said(&out));
    let report = json(&repository, &["scan", "--history"]);
    let found = findings(&report, "github-token");
    assert_eq!(found.len(), 1, "{report:#}");
    let (finding, secret) = (found[0], &found[0]["secret"]);
    assert_eq!(finding["location"]["path"], "src/a.py");
    assert_eq!(finding["location"]["region"]["start-line"], 5);
    let message = finding["message"].as_str().unwrap();
    assert!(message.ends_with(&format!("removed in {:.10}, still in the history", removed)), "{message}");
    assert_eq!(secret["kind"], "GitHub token");
    assert_eq!(secret["length"], 40);
    assert_eq!(secret["fingerprint"].as_str().unwrap().len(), 10);
    let past = &secret["past"];
    assert_eq!(past["commit"], Value::from(first));
    assert_eq!(past["date"], "2024-01-15");
    assert_eq!(past["author"], "Bert");
    assert_eq!(past["removed"], Value::from(removed));
    assert_eq!((past["paths"].as_u64(), past["versions"].as_u64()), (Some(2), Some(3)));
    assert_eq!(past["also"], serde_json::json!(["src/b.py:6"]));
    assert_eq!(past["still"], Value::Null);
    let old = findings(&report, "key-age");
    assert_eq!(old.len(), 1);
    let message = old[0]["message"].as_str().unwrap();
    assert!(message.starts_with("GitHub token, ") && message.ends_with(" days in the history: rotate it"));
    assert_eq!(old[0]["severity"], "medium");
}

#[test]
fn a_secret_that_is_still_there_names_where() {
    let (repository, token) = (Repo::new(), token());
    repository.write_and_commit("old.py", &line(&token));
    repository.git(&["mv", "old.py", "new.py"]);
    repository.git(&["commit", "-q", "-m", "another name"]);
    let report = json(&repository, &["scan", "--history"]);
    let found = findings(&report, "github-token");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["location"]["path"], "old.py");
    assert_eq!(found[0]["secret"]["past"]["still"], serde_json::json!(["new.py"]));
    assert!(found[0]["message"].as_str().unwrap().ends_with(", still there"));
}

#[test]
fn the_age_that_counts_is_a_setting() {
    let (repository, token) = (Repo::new(), token());
    repository.write("a.py", &line(&token));
    commit_on(&repository, "2024-01-15", "connect");
    for (settings, aged) in [("max-age-days = 0", 0), ("max-age-days = 1", 1), ("max-age-days = 4000000", 0)]
    {
        repository.write("weft.toml", &format!("[secrets]\n{settings}\n"));
        let report = json(&repository, &["scan", "--history"]);
        assert_eq!(findings(&report, "key-age").len(), aged, "{settings}");
        assert_eq!(findings(&report, "github-token").len(), 1);
    }
}

#[test]
fn allowances_and_exclusions_count_in_a_history() {
    let (repository, token) = (Repo::new(), token());
    repository.write_and_commit("tests/a.py", &line(&token));
    repository.write_and_commit("tests/a.py", &(line(&token) + "# changed\n"));
    let allow = "[[allow]]\nrule = \"github-token\"\npath = \"tests/\"\nreason = \"made for a test\"\n";
    repository.write("weft.toml", allow);
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("allowed: github-token at tests/a.py:5:"), "{}", said(&out));
    repository.write("weft.toml", "exclude = [\"/tests/\"]\n");
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("1 path is excluded"), "{}", said(&out));
    repository.write("weft.toml", allow);
    repository.write_and_commit("src/a.py", &line(&token));
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(1), "elsewhere it counts: {}", said(&out));
    repository.write("weft.toml", "exclude = [\"/tests/\"]\n");
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(1), "elsewhere it is looked at: {}", said(&out));
}

#[test]
fn messages_names_and_tags_are_looked_at() {
    let (repository, one, two) = (Repo::new(), token(), expand("npm_%{npm}"));
    repository.write("a.txt", "text\n");
    commit_on(&repository, "2026-11-01", &format!("log in with {one}\n\nand go on"));
    repository.write(&format!("notes/{two}.txt"), "text\n");
    commit_on(&repository, "2026-11-02", "notes");
    let three = expand("glpat-%{20}");
    repository.git(&["tag", "-a", "v1", "-m", &format!("deployed with {three}")]);
    let out = weft(&repository, &["scan", "--history"]);
    let text = said(&out);
    assert!(text.contains("<message of ") && text.contains("github-token"), "{text}");
    assert!(text.contains("<names in ") && text.contains("npm-token"), "{text}");
    assert!(text.contains("<message of tag v1>") && text.contains("gitlab-token"), "{text}");
    for secret in [&one, &two, &three] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
}

#[test]
fn all_refs_are_looked_at_when_asked() {
    let (repository, token) = (Repo::new(), token());
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write_and_commit("a.py", &line(&token));
    repository.git(&["checkout", "-q", "main"]);
    let other = expand("npm_%{npm}");
    repository.write("stashed.txt", &format!("token {other}\n"));
    repository.git(&["stash", "-q", "--include-untracked"]);
    let report = json(&repository, &["scan", "--history"]);
    assert!(report["findings"].as_array().unwrap().is_empty(), "{report:#}");
    let report = json(&repository, &["scan", "--history", "--all"]);
    let found = findings(&report, "github-token");
    assert_eq!(found[0]["secret"]["past"]["still"], serde_json::json!(["heads/side"]));
    assert_eq!(findings(&report, "npm-token").len(), 1, "{report:#}");
}

#[test]
fn a_range_of_the_history_names_only_what_its_commits_added() {
    let (repository, old, new) = (Repo::new(), token(), expand("npm_%{npm}"));
    repository.write_and_commit("a.py", &line(&old));
    let base = repository.git(&["rev-parse", "HEAD"]);
    repository.write_and_commit("a.py", &format!("{}# npm {new}\n", line(&old)));
    let report = json(&repository, &["scan", "--history", &format!("{base}..HEAD")]);
    assert_eq!(findings(&report, "github-token").len(), 0, "it was there before: {report:#}");
    assert_eq!(findings(&report, "npm-token").len(), 1);
}

#[test]
fn a_secret_that_a_range_brings_and_takes_back_blocks() {
    let (repository, token) = (Repo::new(), token());
    let base = repository.git(&["rev-parse", "HEAD"]);
    let brought = repository.write_and_commit("a.py", &line(&token));
    repository.write_and_commit("a.py", HEAD_LINES);
    let range = format!("{base}..HEAD");
    for command in ["scan", "gate"] {
        let out = weft(&repository, &[command, "--range", &range]);
        let text = said(&out);
        assert_eq!(out.status.code(), Some(1), "{command}: {text}");
        assert!(text.contains(&format!("(in commit {brought:.10}, removed later)")), "{text}");
        assert!(!text.contains(&token));
    }
    let report = json(&repository, &["scan", "--range", &range]);
    let found = findings(&report, "github-token");
    assert_eq!((found.len(), &found[0]["location"]["path"]), (1, &Value::from("a.py")));
    let code = weft(&repository, &["scan", "--range", &range, "--only", "code"]);
    assert_eq!(code.status.code(), Some(0), "only the secrets stage looks there: {}", said(&code));
}

#[test]
fn what_the_base_or_the_end_holds_is_not_reported_again() {
    let (repository, old, new) = (Repo::new(), token(), expand("npm_%{npm}"));
    repository.write_and_commit("a.py", &line(&old));
    let base = repository.git(&["rev-parse", "HEAD"]);
    // The old line moves and is written anew; the new secret stays until the end.
    repository.write_and_commit(
        "a.py",
        &format!("# one\n# two\n{}# npm {new}\n", line(&old).replace("return", "session =")),
    );
    repository.write_and_commit("a.py", &format!("{}# npm {new}\n", line(&old)));
    let report = json(&repository, &["scan", "--range", &format!("{base}..HEAD")]);
    let all: Vec<&Value> = report["findings"].as_array().unwrap().iter().collect();
    let passing = all.iter().filter(|finding| finding["message"].as_str().unwrap().contains("in commit"));
    assert_eq!(passing.count(), 0, "{report:#}");
    assert_eq!(findings(&report, "npm-token").len(), 1);
}

#[test]
fn a_merge_of_the_base_brings_nothing_of_its_own() {
    let (repository, token) = (Repo::new(), token());
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write_and_commit("side.txt", "side\n");
    repository.git(&["checkout", "-q", "main"]);
    repository.write_and_commit("a.py", &line(&token));
    repository.write_and_commit("a.py", HEAD_LINES);
    repository.git(&["checkout", "-q", "side"]);
    repository.git(&["merge", "-q", "--no-edit", "main"]);
    let out = weft(&repository, &["scan", "--range", "main..side"]);
    assert_eq!(out.status.code(), Some(0), "main's past is not the branch's: {}", said(&out));
}

#[test]
fn a_secret_that_a_range_takes_back_can_be_waived() {
    let place = cli::Place::new("[coverage]\nwho = \"all\"\n");
    place.git(&["checkout", "-q", "-b", "side"]);
    place.commit("a.py", line(&token()).as_bytes());
    place.commit("a.py", HEAD_LINES.as_bytes());
    let range = ["--range", "main..side"];
    let names = ["--quiet", "--target", "main", "--feature", "search", "--agent", "helper"];
    let id = place.weft(&[&["submit"], &range[..], &names].concat()).exits(1).out.trim().to_owned();
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(3).says("is not waived");
    let blockers = place.blockers(&id);
    assert_eq!(blockers.len(), 1, "{blockers:?}");
    let reason = ["--reason", "false-positive", "opens nothing"];
    place.signed(1, &[&["review", "waive", &id, &blockers[0]], &reason[..]].concat()).exits(0);
    place.approve(&id, 1);
    place.signed(1, &["commit", &id]).exits(0);
    place.weft(&[&["gate"], &range[..], &["--target", "main"]].concat()).exits(0);
}

#[test]
fn a_shallow_clone_is_incomplete() {
    let repository = Repo::new();
    repository.write_and_commit("more.txt", "more\n");
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (format!("file://{}", repository.path().display()), folder.path().join("clone"));
    repository.git(&["clone", "-q", "--depth", "1", &from, to.to_str().unwrap()]);
    let mut command = repository.command(env!("CARGO_BIN_EXE_weft"));
    let out = command.current_dir(&to).args(["scan", "--history"]).output().unwrap();
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    assert!(said(&out).contains("the clone is shallow"), "{}", said(&out));
}

#[test]
fn limits_are_said() {
    let repository = Repo::new();
    repository.write_and_commit("more.txt", "more and more\n");
    repository.write("weft.toml", "[limits]\nfiles = 1\n");
    let out = weft(&repository, &["scan", "--history"]);
    assert!(out.status.code() == Some(4) && said(&out).contains("raise `[limits] files`"), "{}", said(&out));
    repository.write("weft.toml", "[limits]\nfile-bytes = 4\n");
    let out = weft(&repository, &["scan", "--history"]);
    assert!(out.status.code() == Some(4) && said(&out).contains("the limit is 4"), "{}", said(&out));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let repository = Repo::new();
    // An age changes at midnight.
    repository.write("weft.toml", "[secrets]\nmax-age-days = 0\n");
    for number in 0..20 {
        // What is made up depends on how much was made up before.
        let made = expand(&("%{7}".repeat(number) + " ghp_%{github}"));
        repository
            .write_and_commit(&format!("src/{}.py", number % 7), &line(made.rsplit(' ').next().unwrap()));
    }
    let run = |threads: &str| {
        let mut command = repository.command(env!("CARGO_BIN_EXE_weft"));
        command.args(["scan", "--history", "--format", "sarif"]).env("WEFT_THREADS", threads);
        command.output().unwrap().stdout
    };
    let one = run("1");
    assert!(!one.is_empty());
    assert_eq!(one, run("2"));
    assert_eq!(one, run("8"));
}

#[test]
fn a_history_is_searched_for_secrets_alone() {
    let repository = Repo::new();
    let out = weft(&repository, &["scan", "--history", "--only", "code"]);
    assert_eq!(out.status.code(), Some(2), "{}", said(&out));
    let out = weft(&repository, &["scan", "--history", "nowhere"]);
    assert_eq!(out.status.code(), Some(2), "{}", said(&out));
}

/// What a scan of the tree finds, as rule and path.
fn tree(repository: &Repo) -> Vec<(String, String)> {
    let report = json(repository, &["scan"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|finding| (text(&finding["rule"]), text(&finding["location"]["path"]))).collect()
}

#[test]
fn settings_files_are_judged_by_the_index() {
    let repository = Repo::new();
    repository.write(".env", "SHOP_REGION=frankfurt-7\n");
    let pair = |rule: &str, path: &str| (rule.to_owned(), path.to_owned());
    assert_eq!(tree(&repository), [pair("env-file-not-ignored", ".env")]);
    repository.write(".gitignore", ".env\n");
    assert_eq!(tree(&repository), []);
    repository.git(&["add", "-f", ".env"]);
    assert_eq!(tree(&repository), [pair("env-file-tracked", ".env")], "an ignore file hides nothing");
    let staged = weft(&repository, &["scan", "--staged"]);
    assert!(said(&staged).contains("env-file-tracked"), "{}", said(&staged));
    repository.write("weft.toml", "[levels]\nenv-file-tracked = \"high\"\n");
    assert_eq!(weft(&repository, &["scan"]).status.code(), Some(1));
    repository.write("weft.toml", "[levels]\nenv-file-tracked = \"off\"\n");
    assert_eq!(weft(&repository, &["scan"]).status.code(), Some(0));
}

#[test]
fn a_file_that_only_this_clone_ignores_is_ignored() {
    let repository = Repo::new();
    repository.write(".env", "SHOP_REGION=frankfurt-7\n");
    repository.write(".git/info/exclude", ".env\n");
    assert_eq!(tree(&repository), []);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repo::new();
    let key = expand("-----BEGIN PRIVATE KEY-----\n%{64}\n%{64}\n-----END PRIVATE KEY-----\n");
    repository.write("deploy.pem", &key);
    let mode = |bits| {
        let path = repository.path().join("deploy.pem");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
        tree(&repository).into_iter().filter(|(rule, _)| rule == "key-file-readable").count()
    };
    assert_eq!((mode(0o644), mode(0o640), mode(0o600)), (1, 1, 0));
    repository.git(&["add", "deploy.pem"]);
    assert_eq!(mode(0o644), 0, "git keeps no such mode");
}

#[test]
fn a_secret_that_only_a_merge_brings_is_found() {
    let (repository, token) = (Repo::new(), token());
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write_and_commit("side.txt", "side\n");
    repository.git(&["checkout", "-q", "-b", "topic", "main"]);
    repository.write_and_commit("topic.txt", "topic\n");
    repository.git(&["merge", "-q", "--no-commit", "side"]);
    repository.write("src/app.py", &line(&token));
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "merge"]);
    let merged = repository.git(&["rev-parse", "HEAD"]);
    repository.write_and_commit("src/app.py", "print('old')\n");
    let out = weft(&repository, &["scan", "--range", "main..topic"]);
    assert!(said(&out).contains(&format!("(in commit {merged:.10}, removed later)")), "{}", said(&out));
    let report = json(&repository, &["scan", "--history"]);
    assert_eq!(findings(&report, "github-token")[0]["secret"]["past"]["commit"], Value::from(merged));
}

#[test]
fn an_allowance_beside_the_secret_counts_for_a_person_and_not_in_a_gate() {
    let (repository, token) = (Repo::new(), token());
    let base = repository.git(&["rev-parse", "HEAD"]);
    let allowed = line(&token).replace("\")\n", "\")  # weft: allow github-token made for a test\n");
    repository.write_and_commit("a.py", &allowed);
    repository.write_and_commit("a.py", HEAD_LINES);
    let own = weft(&repository, &["scan", "--history"]);
    assert_eq!(own.status.code(), Some(0), "{}", said(&own));
    assert!(said(&own).contains("made for a test (a.py:5)"), "and it is listed: {}", said(&own));
    let judged = weft(&repository, &["scan", "--range", &format!("{base}..HEAD")]);
    assert_eq!(judged.status.code(), Some(1), "{}", said(&judged));
}

#[test]
fn what_is_not_here_is_listed_or_incomplete() {
    let repository = Repo::new();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    repository.write_and_commit("big.bin", pointer);
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},library")]);
    repository.git(&["commit", "-q", "-m", "a submodule"]);
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("big.bin: is kept in Git LFS"), "{}", said(&out));
    assert!(said(&out).contains("library: is a submodule"), "{}", said(&out));
    let blob = repository.git(&["rev-parse", "HEAD:kept.txt"]);
    let (folder, file) = blob.split_at(2);
    std::fs::remove_file(repository.path().join(".git/objects").join(folder).join(file)).unwrap();
    let out = weft(&repository, &["scan", "--history"]);
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    assert!(said(&out).contains("kept.txt"), "{}", said(&out));
}

#[test]
fn a_path_that_holds_a_secret_is_masked() {
    let (repository, name, inside) = (Repo::new(), token(), expand("npm_%{npm}"));
    repository.write_and_commit(&format!("src/{name}/a.py"), &line(&inside));
    for format in ["text", "json", "sarif", "github"] {
        let out = weft(&repository, &["scan", "--history", "--format", format]);
        assert_eq!(out.status.code(), Some(1), "{format}: {}", said(&out));
        assert!(!said(&out).contains(&name) && !said(&out).contains(&inside), "{format}: {}", said(&out));
    }
}

#[test]
fn a_linked_work_tree_has_the_same_past() {
    let (repository, token) = (Repo::new(), token());
    repository.write_and_commit("a.py", &line(&token));
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tree");
    repository.git(&["worktree", "add", "-q", "-b", "other", place.to_str().unwrap()]);
    std::fs::write(place.join(".env"), "SHOP_REGION=frankfurt-7\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = repository.command(env!("CARGO_BIN_EXE_weft"));
        command.current_dir(&place).args(arguments).env("WEFT_THREADS", "4").output().unwrap()
    };
    let out = run(&["scan", "--history"]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    let out = run(&["scan"]);
    assert!(said(&out).contains("env-file-not-ignored"), "{}", said(&out));
}
