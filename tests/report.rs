//! Reports of real scans: no secret in any format, and a log of every rule's examples that reads as SARIF.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use weft::artifact::{Action, Content, Entry, Origin, Provenance, Role, Submission};
use weft::policy::{Policy, Report};
use weft::report::{Color, Context, Format, Source, write};
use weft::rule::{Category, expand, parse};
use weft::{Checks, built_in_rules, gate};

fn scan(entries: Vec<Entry>) -> (Report, Checks) {
    let checks = Checks::new(built_in_rules(), Some(b"a key of the test, long enough")).unwrap();
    let submission = Submission {
        origin: Origin::Tree,
        entries,
        notes: Vec::new(),
        provenance: Provenance::default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    };
    let report = gate(&submission, &checks, &Policy::default(), 2, false).0;
    (report, checks)
}

fn entry(path: &str, role: Role, text: &str) -> Entry {
    Entry::new(path, role, Action::Create, Content::Bytes(text.as_bytes().to_vec().into()))
}

fn written(report: &Report, checks: &Checks, format: Format) -> String {
    let policy = Policy::default();
    let mut context = Context::new(&checks.rules, &policy);
    context.include_suppressed = true;
    context.color = Color::Always;
    context.source = Source {
        root: Some("/work tree".into()),
        repository: Some("https://example.com/o/r".into()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        ..Source::default()
    };
    let mut out = Vec::new();
    write(report, &context, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_secret_is_in_any_format() {
    let password = expand("%{24}");
    let body = expand("%{64}\n%{64}\n%{64}");
    let secrets: Vec<&str> = std::iter::once(password.as_str()).chain(body.lines()).collect();
    let text = format!(
        "url = \"postgres://app:{password}@db.internal:5432/app\"\npassword = \"{password}\"\nkey = '''-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----'''\n"
    );
    let fenced = format!("Here you are:\n\n```python path=src/settings.py\n{text}```\n");
    let (report, checks) =
        scan(vec![entry("reply.md", Role::Reply, &fenced), entry("src/settings.py", Role::Code, &text)]);
    assert!(report.blocking >= 2, "{}", report.verdict);
    for (name, format) in Format::NAMES {
        let out = written(&report, &checks, format);
        for secret in &secrets {
            assert!(!out.contains(secret) && !out.contains(&secret[..12]), "{name} holds a secret:\n{out}");
        }
    }
}

#[test]
fn the_same_scan_writes_the_same_bytes() {
    let text = "import os\nx = 1  # weft: allow private-key why\n";
    let files = || (0..20).map(|n| entry(&format!("src/{n}.py"), Role::Code, text)).collect::<Vec<_>>();
    let (one, checks) = scan(files());
    let (other, _) = scan(files());
    for (_, format) in Format::NAMES {
        assert_eq!(written(&one, &checks, format), written(&other, &checks, format));
    }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { pages(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| !path.ends_with("README.md"))
        .collect();
    found.sort();
    found
}

/// Set `WEFT_SARIF_OUT` to a folder to keep the log for Microsoft's validator.
#[test]
fn every_rule_reports_as_sarif() {
    let mut entries = Vec::new();
    for page in pages(Path::new("rules")) {
        let category = Category::of(page.parent().unwrap().file_name().unwrap().to_str().unwrap()).unwrap();
        let name = page.file_stem().unwrap().to_str().unwrap();
        let (_, examples) = parse(category, name, &fs::read_to_string(&page).unwrap()).unwrap();
        for (number, file) in examples.iter().flat_map(|example| &example.files).enumerate() {
            let path = file.path.clone().unwrap_or_else(|| format!("example.{}", file.language));
            let role = if path.ends_with("reply.md") { Role::Reply } else { Role::Code };
            entries.push(entry(&format!("{name}/{number}/{path}"), role, &expand(&file.text)));
        }
    }
    let (report, checks) = scan(entries);
    assert!(!report.findings.is_empty(), "{}", report.verdict);
    let log = written(&report, &checks, Format::Sarif);
    let read: serde_json::Value = serde_json::from_str(&log).unwrap();
    let rules = read["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in read["runs"][0]["results"].as_array().unwrap() {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    }
    for rule in rules {
        for text in ["shortDescription", "fullDescription"] {
            let text = rule[text]["text"].as_str().unwrap();
            assert!(text.ends_with(['.', '!', '?']) && text.len() > 8, "{}: {text}", rule["id"]);
        }
        let score: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.1..=10.0).contains(&score));
    }
    if let Some(folder) = std::env::var_os("WEFT_SARIF_OUT") {
        fs::write(Path::new(&folder).join("rules.sarif"), log).unwrap();
        fs::write(Path::new(&folder).join("rules.txt"), written(&report, &checks, Format::Text)).unwrap();
    }
}
