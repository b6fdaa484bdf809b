//! The stage as a whole: documents in, findings and notes out.

use super::*;
use crate::artifact::{Fence, Original};
use crate::finding::{Level, Severity};
use crate::redact::Redactor;

fn checks() -> Dependencies {
    Dependencies::new(&crate::built_in_rules()).unwrap()
}

fn code(path: &str, text: &str) -> Redacted {
    redacted(Original::new(path, Role::Code, Action::Inspect, text.as_bytes()))
}

fn redacted(original: Original) -> Redacted {
    Redactor::new(&crate::built_in_rules(), None).unwrap().redact(original).document
}

fn run(documents: &[Redacted]) -> (Vec<Finding>, Vec<Note>) {
    let checks = checks();
    checks.link(documents.iter().map(|document| checks.facts(document)).collect())
}

fn lines(findings: &[Finding]) -> Vec<(&str, u32, u32)> {
    let place =
        |finding: &Finding| (finding.location.region.start_line, finding.location.region.start_column);
    findings.iter().map(|finding| (finding.rule.as_str(), place(finding).0, place(finding).1)).collect()
}

#[test]
fn a_cargo_lock_is_checked_at_each_name() {
    let (findings, notes) = run(&[code("Cargo.lock", include_str!("../../fixtures/deps/Cargo.lock"))]);
    let expected = [
        ("RUSTSEC-2021-0145", 6, 9),
        ("RUSTSEC-2024-0375", 6, 9),
        ("RUSTSEC-2022-0013", 12, 9),
        ("RUSTSEC-2022-0006", 31, 9),
    ];
    assert_eq!(lines(&findings), expected);
    let regex = &findings[2];
    assert_eq!(regex.message, "regex 1.5.4 is vulnerable (RUSTSEC-2022-0013): fixed in 1.5.5");
    assert_eq!((regex.severity, regex.level()), (Severity::High, Level::Error));
    assert_eq!(regex.advice, "update regex to 1.5.5, the lowest version that no known advisory names.");
    let advisory = regex.advisory.as_ref().unwrap();
    assert_eq!((advisory.package.as_str(), advisory.version.as_str()), ("regex", "1.5.4"));
    assert_eq!(advisory.fixed, ["1.5.5"]);
    assert_eq!(findings[0].level(), Level::Warning, "unsound");
    assert_eq!(findings[1].level(), Level::Note, "unmaintained");
    assert_eq!(notes.len(), 1);
    assert!(notes[0].message.starts_with("crates.io advisory data is of 20"), "{notes:?}");
}

#[test]
fn npm_and_python_are_checked_too() {
    let (findings, notes) = run(&[
        code("web/package-lock.json", include_str!("../../fixtures/deps/package-lock.json")),
        code("requirements.txt", include_str!("../../fixtures/deps/requirements.txt")),
    ]);
    let of = |package: &str| {
        let on = |finding: &&Finding| finding.advisory.as_ref().is_some_and(|one| one.package == package);
        findings.iter().filter(on).count()
    };
    assert!(of("lodash") > 1 && of("Django") > 10 && of("jinja2") > 3 && of("requests") > 0, "{findings:#?}");
    let unpinned = findings.iter().find(|finding| finding.rule == "unpinned-dependency").unwrap();
    assert_eq!(unpinned.message, "requirements without one exact version: six, urllib3");
    assert_eq!(unpinned.location.region.start_line, 8);
    let infos: Vec<&str> = notes.iter().map(|note| note.message.as_str()).collect();
    assert!(infos[0].starts_with("line 3: base.txt, which it includes"), "{infos:?}");
    assert!(infos.iter().any(|note| note.starts_with("npm advisory data is of 2020-07-13")), "{infos:?}");
}

#[test]
fn the_fences_of_a_reply_are_checked_where_they_stand() {
    let text = "Pin it:\n\n```text path=app/requirements.txt\njinja2==2.4.1\n```\n";
    let start = text.find("jinja2").unwrap();
    let mut reply = Original::new("reply.md", Role::Reply, Action::Inspect, text.as_bytes());
    reply.fences.push(Fence {
        language: "text".into(),
        path: Some("app/requirements.txt".into()),
        action: Action::Create,
        line: 3,
        content: start..start + 13,
        upstream: true,
        commonmark: true,
        hidden: None,
    });
    let mut document = reply.clone();
    document.role = Role::Document;
    let (findings, _) = run(&[redacted(reply)]);
    assert!(!findings.is_empty());
    let location = &findings[0].location;
    assert_eq!((location.path.as_str(), location.region.start_line), ("reply.md", 4));
    assert_eq!(location.target.as_deref(), Some("app/requirements.txt"));
    assert_eq!(run(&[redacted(document)]), (vec![], vec![]));
}

#[test]
fn a_manifest_is_locked_beside_or_above() {
    let manifest = r#"{"dependencies": {"a": "^1"}}"#;
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"a": "^1"}}, "node_modules/a": {"version": "1.0.0"}}}"#;
    let rules = |paths: &[&str]| {
        let text = |path: &str| if path.ends_with("lock.json") { lock } else { manifest };
        let documents: Vec<Redacted> = paths.iter().map(|path| code(path, text(path))).collect();
        run(&documents).0.into_iter().map(|finding| finding.location.path).collect::<Vec<_>>()
    };
    assert_eq!(rules(&["a/package.json"]), ["a/package.json"]);
    assert_eq!(rules(&["a/package.json", "a/package-lock.json"]), [""; 0]);
    assert_eq!(rules(&["a/b/package.json", "package-lock.json"]), [""; 0]);
    assert_eq!(rules(&["ab/package.json", "a/package-lock.json"]), ["ab/package.json"]);
    assert_eq!(rules(&["node_modules/a/package.json"]), [""; 0]);
    let change = Original::new("package.json", Role::Code, Action::Update, manifest.as_bytes());
    assert_eq!(run(&[redacted(change)]), (vec![], vec![]));
}

#[test]
fn what_is_not_checked_is_named() {
    let kinds = |path: &str, text: &str| {
        let (findings, notes) = run(&[code(path, text)]);
        assert_eq!(findings, []);
        notes.into_iter().map(|note| (note.kind, note.message)).collect::<Vec<_>>()
    };
    let [(kind, message)] = &kinds("a/bun.lockb", "")[..] else { panic!() };
    assert_eq!(*kind, NoteKind::Unsupported);
    assert_eq!(message, "a/bun.lockb is not checked: weft cannot read this format of lockfile yet");
    let [(kind, message)] = &kinds("package-lock.json", "{\n \"packages\": {")[..] else { panic!() };
    assert_eq!(
        (*kind, message.as_str()),
        (NoteKind::NotChecked, "line 2: the file ends here: it is cut off")
    );
    let [(kind, _), ..] = &kinds("requirements.txt", "\0\0")[..] else { panic!() };
    assert_eq!(*kind, NoteKind::NotChecked);
    let many = kinds("Cargo.lock", &"what\n".repeat(1000));
    assert_eq!(many.len(), check::PROBLEMS + 1);
    assert_eq!(kinds("src/notes.txt", "jinja2==2.4.1"), []);
}

#[test]
fn an_ecosystem_without_data_is_never_clean() {
    let empty = database::build(vec![(Ecosystem::Go, database::Records::Json(Vec::new()))]).unwrap();
    let checks = checks().with_databases(Databases::only(Database::open(empty).unwrap()));
    let facts = checks.facts(&code("requirements.txt", "a==1.0\n"));
    assert_eq!(facts.notes[0].kind, NoteKind::NotChecked);
    assert_eq!(facts.notes[0].message, "its packages are not checked: there is no advisory data for PyPI");
}

#[test]
fn the_lines_that_say_which_package_it_is_are_kept() {
    let line = |path: &str, text: &str| {
        let facts = checks().facts(&code(path, text));
        facts.findings[0].advisory.as_ref().unwrap().lines
    };
    let lock = "version = 3\n\n[[package]]\nname = \"thread_local\"\nversion = \"1.1.3\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    assert_eq!(line("Cargo.lock", lock), Some((4, 6)));
    let lock = "{\"packages\": {\"node_modules/lodash\": {\n\"version\": \"3.10.1\"}}}";
    assert_eq!(line("package-lock.json", lock), Some((1, 2)));
    assert_eq!(line("requirements.txt", "jinja2==2.4.1\n"), None);
    assert_eq!(line("requirements.txt", "jinja2==\\\n2.4.1\n"), Some((1, 2)));
    let lock = "# yarn lockfile v1\n\n\nlodash@^3.0.0:\n  version \"3.10.1\"\n";
    assert_eq!(line("yarn.lock", lock), Some((4, 5)));
    let lock = "version = 1\n\n[[package]]\nname = \"jinja2\"\nversion = \"2.4.1\"\n\
                source = { registry = \"https://registry.example/simple\" }\n";
    assert_eq!(line("uv.lock", lock), Some((4, 6)));
    let lock = "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"jinja2\": {\n\"version\": \"==2.4.1\"}}}";
    assert_eq!(line("Pipfile.lock", lock), Some((1, 2)));
}

#[test]
fn an_ecosystem_that_is_not_built_in_is_said_to_be_left_out() {
    let facts = checks().facts(&code("Gemfile.lock", "GEM\n  specs:\n    rack (2.0)\n"));
    assert_eq!(facts.notes[0].kind, NoteKind::Unsupported);
    let said = "its packages are not checked: there is no advisory data for RubyGems; \
                `weft db update --ecosystem RubyGems` fetches it";
    assert_eq!(facts.notes[0].message, said);
}

#[test]
fn a_version_without_an_order_is_partly_checked() {
    let facts = checks().facts(&code("requirements.txt", "jinja2==strange\n"));
    assert_eq!((facts.findings.len(), facts.notes[0].kind), (0, NoteKind::Partial));
    assert!(facts.notes[0].message.starts_with("line 1: the version \"strange\" of jinja2"));
}
