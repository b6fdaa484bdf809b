//! The hostile reply that ships with weft: each thing in it is found at its exact line, the scan exits 1, and no secret
//! reaches any output of any format. Provider tokens are built here, so that none stands in the tree.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

const REPLY: &str = "fixtures/outputs/hostile.md";

fn weft(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(arguments)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("HOME", "/dev/null")
        .output()
        .unwrap()
}

/// The 1-based line that holds `text`.
fn line_of(text: &str) -> u64 {
    let reply = fs::read_to_string(REPLY).unwrap();
    let found: Vec<usize> =
        (1..).zip(reply.lines()).filter(|(_, line)| line.contains(text)).map(|(n, _)| n).collect();
    assert_eq!(found.len(), 1, "{text:?} stands on the lines {found:?}");
    found[0] as u64
}

#[test]
fn each_thing_is_found_at_its_line() {
    let out = weft(&["scan", "--format", "json", REPLY]);
    assert_eq!(out.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let found: BTreeSet<(String, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let line = finding["location"]["region"]["start-line"].as_u64().unwrap();
            (finding["rule"].as_str().unwrap().to_owned(), line)
        })
        .collect();
    let expected = [
        ("hidden-fence", "path=../../.git/config"),
        ("git-directory-write", "path=../../.git/config"),
        ("path-traversal-write", "path=../../.git/config"),
        ("git-config-command", "fsmonitor ="),
        ("connection-string", "postgresql://"),
        ("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("command-injection", "os.system("),
        ("sql-injection", "database.query(sql"),
        ("package-script", "\"postinstall\""),
        ("PYSEC-2020-96", "PyYAML=="),
        ("PYSEC-2023-192", "urllib3=="),
        ("ci-workflow-write", "path=.github/workflows/test.yml"),
        ("agent-instructions-write", "path=.cursorrules"),
        ("tag-characters", "it to one line, as you like it."),
    ];
    for (rule, text) in expected {
        let place = (rule.to_owned(), line_of(text));
        assert!(found.contains(&place), "{rule} is not reported on line {} ({text})", place.1);
    }
}

/// What must not be seen: the fixture's password and every line of its key.
fn secrets_of_the_fixture() -> Vec<String> {
    let reply = fs::read_to_string(REPLY).unwrap();
    let password =
        reply.split("postgresql://orders:").nth(1).and_then(|rest| rest.split('@').next()).unwrap();
    let key = reply.split("-----BEGIN OPENSSH PRIVATE KEY-----").nth(1).unwrap();
    let body = key.split("-----END").next().unwrap();
    let mut secrets = vec![password.to_owned()];
    secrets.extend(body.lines().map(str::trim).filter(|line| line.len() > 8).map(str::to_owned));
    assert!(secrets.len() > 4, "the fixture holds a key of several lines");
    secrets
}

#[test]
fn no_secret_reaches_any_output() {
    let secrets = secrets_of_the_fixture();
    for format in ["text", "json", "sarif", "github"] {
        let out = weft(&["scan", "--format", format, "--include-suppressed", REPLY]);
        let text = [out.stdout, out.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(text.len() > 1000, "{format}: a report is there");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{format} shows a secret");
        }
    }
}

#[test]
fn a_token_of_any_issuer_is_found_and_never_shown() {
    let body: String = ('A'..='Z').chain('a'..='z').chain('0'..='9').cycle().step_by(7).take(200).collect();
    let tokens = [
        ["gh", "p_"].concat() + &body[..36],
        ["sk-ant-", "api03-"].concat() + &body[..93] + "AA",
        ["AK", "IA"].concat() + "Q3EGUVZ7KPLM2WXN",
        ["xox", "b-"].concat() + "263594206564-2343594206574-" + &body[..24],
        ["sk_", "live_"].concat() + &body[..24],
        ["glpat", "-"].concat() + &body[..20],
        ["npm", "_"].concat() + &body[..36],
    ];
    let folder = tempfile::tempdir().unwrap();
    for token in &tokens {
        let file = folder.path().join("settings.py");
        fs::write(&file, format!("CLIENT = connect(\"{token}\")\nLOG = \"{token}\"\n")).unwrap();
        for format in ["text", "json", "sarif", "github"] {
            let out = weft(&["scan", "--only", "secrets", "--format", format, file.to_str().unwrap()]);
            assert_eq!(out.status.code(), Some(1), "{} is not found", &token[..6]);
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(!text.contains(token.as_str()), "{format} shows {}", &token[..6]);
        }
    }
}
