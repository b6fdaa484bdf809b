//! The checks on names as a whole: documents in, findings and notes out.

use super::super::{Dependencies, Facts};
use super::Project;
use crate::artifact::{Action, Fence, Lines, Original, Role};
use crate::finding::{Finding, Level, Note, NoteKind};
use crate::redact::{Redacted, Redactor};

fn redacted(original: Original) -> Redacted {
    Redactor::new(&crate::built_in_rules(), None).unwrap().redact(original).document
}

fn file(path: &str, action: Action, text: &str) -> Redacted {
    redacted(Original::new(path, Role::Code, action, text.as_bytes()))
}

/// A reply whose fences are told by their first lines, as `ingest` does.
fn reply(text: &str) -> Redacted {
    let mut original = Original::new("reply.md", Role::Reply, Action::Inspect, text.as_bytes());
    let mut at = 0;
    while let Some(open) = text[at..].find("```").map(|found| at + found) {
        let info = text[open + 3..].lines().next().unwrap();
        let start = open + 3 + info.len() + 1;
        let end = start + text[start..].find("```").unwrap();
        let (language, path) =
            info.split_once(" path=").map_or((info, None), |(one, path)| (one, Some(path)));
        original.fences.push(Fence {
            language: language.into(),
            path: path.map(str::to_owned),
            action: Action::Create,
            line: 1,
            content: start..end,
            upstream: true,
            commonmark: true,
            hidden: None,
        });
        at = end + 3;
    }
    redacted(original)
}

/// What is said of documents with files around them: "rule name line".
fn said(documents: Vec<Redacted>, around: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let (findings, notes) = run(&documents, around);
    let name = |finding: &Finding| {
        let line = finding.location.region.start_line;
        let name = finding.message.split(' ').next().unwrap_or_default();
        format!("{} {name} {line}", finding.rule)
    };
    (findings.iter().map(name).collect(), notes)
}

fn run(documents: &[Redacted], around: &[(&str, &str)]) -> (Vec<Finding>, Vec<String>) {
    let checks = Dependencies::new(&crate::built_in_rules()).unwrap();
    let mut facts: Vec<Facts> = documents.iter().map(|document| checks.facts(document)).collect();
    let mut findings: Vec<Finding> =
        facts.iter_mut().flat_map(|facts| std::mem::take(&mut facts.findings)).collect();
    findings.retain(|finding| finding.advisory.is_none() && !finding.rule.starts_with("un"));
    let paths: Vec<&str> = documents.iter().map(Redacted::path).collect();
    // Documents are read again: the same text in the same role.
    let open = |index: usize| Some(again(documents.get(index)?));
    let files: Vec<&str> = around.iter().map(|(path, _)| *path).collect();
    let open_around = |index: usize| around.get(index).map(|(path, text)| file(path, Action::Inspect, text));
    let project =
        Project { documents: &paths, around: &|| files.clone(), open: &open, open_around: &open_around };
    let linked = checks.link_names(&facts, &project);
    let mut notes = linked.notes;
    notes.extend(super::unchecked(&linked.unknown));
    findings.extend(linked.findings);
    findings.sort_by_key(|finding| (finding.location.region.start_line, finding.rule.clone()));
    let known =
        |note: &Note| note.kind == NoteKind::Info || note.message.starts_with("it names more packages");
    assert!(notes.iter().all(known), "{notes:?}");
    (findings, notes.into_iter().map(|note| note.message).collect())
}

/// What a reply's commands ask for is held against advisories: in the version that they name, and attacks in any.
#[test]
fn versions_that_commands_ask_for_are_held_against_advisories() {
    use crate::deps::database::{Database, Databases, Records, build};
    use crate::deps::version::Ecosystem;
    let record = |id: &str, name: &str, events: &str| {
        let text = format!(
            r#"{{"id": "{id}", "affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}},
            "ranges": [{{"type": "SEMVER", "events": [{events}]}}]}}]}}"#
        );
        (format!("{id}.json"), text.into_bytes())
    };
    let records = vec![
        record("MAL-2026-1", "evil-made-up", r#"{"introduced": "0"}"#),
        record("GHSA-2222-3333-4444", "weak-made-up", r#"{"introduced": "0"}, {"fixed": "1.2.4"}"#),
    ];
    let file = build(vec![(Ecosystem::Npm, Records::Json(records))]).unwrap();
    let databases = Databases::only(Database::open(file).unwrap());
    let checks = Dependencies::new(&crate::built_in_rules()).unwrap().with_databases(databases);
    let text =
        "```sh\nnpm i evil-made-up\nnpx weak-made-up@1.2.3\nnpm i weak-made-up@1.2.4 weak-made-up\n```\n";
    let document = reply(text);
    let facts = [checks.facts(&document)];
    let open = |_: usize| Some(again(&document));
    let none = |_: usize| None;
    let project = Project { documents: &["reply.md"], around: &Vec::new, open: &open, open_around: &none };
    let linked = checks.link_names(&facts, &project);
    let said: Vec<(&str, u32)> = linked
        .findings
        .iter()
        .map(|finding| (finding.message.as_str(), finding.location.region.start_line))
        .collect();
    let expected = [
        ("weak-made-up 1.2.3 is vulnerable (GHSA-2222-3333-4444): fixed in 1.2.4", 3),
        ("evil-made-up of any version is malicious (MAL-2026-1): no fixed version is known", 2),
    ];
    assert!(expected.iter().all(|one| said.contains(one)) && said.len() == 2, "{said:#?}");
    assert!(linked.used.contains(&Ecosystem::Npm));
}

/// Nobody hides a name behind many others: what is left out is said.
#[test]
fn more_names_than_are_looked_at_are_said() {
    let many: String = (0..2_100).map(|number| format!("npm i made-up-name-{number}\n")).collect();
    let document = reply(&format!("```sh\n{many}```\n"));
    let checks = Dependencies::new(&crate::built_in_rules()).unwrap();
    let facts = [checks.facts(&document)];
    let open = |_: usize| Some(again(&document));
    let none = |_: usize| None;
    let project = Project { documents: &["reply.md"], around: &Vec::new, open: &open, open_around: &none };
    let notes = checks.link_names(&facts, &project).notes;
    let said = |note: &Note| note.kind == NoteKind::Partial && note.path == "reply.md";
    assert!(notes.iter().any(said), "{notes:?}");
}

fn again(document: &Redacted) -> Redacted {
    match document.role() {
        Role::Reply => reply(document.text()),
        role => {
            let mut original =
                Original::new(document.path(), role, document.action(), document.text().as_bytes());
            let lines = (1..=document.lines()).filter(|line| document.added(*line, *line));
            original.added = Some(Lines::new(lines.map(|line| line..line + 1).collect()));
            redacted(original)
        }
    }
}

const PROJECT: &str = "[project]\nname = \"shop\"\ndependencies = [\"flask>=3\", \"requests\"]\n";

#[test]
fn a_reply_is_held_against_the_project_around_it() {
    let text = include_str!("../../../fixtures/deps/reply-names.md");
    let around = [("pyproject.toml", PROJECT), ("shop/app.py", "")];
    let (findings, notes) = said(vec![reply(text)], &around);
    let expected = [
        "lookalike-package commnader 1",
        "lookalike-package djnago-environ 1",
        "lookalike-package reqeusts 4",
        "piped-installer a 6",
        "undeclared-package flask_super_admin_pro 13",
    ];
    let mut findings = findings;
    findings[..2].sort();
    assert_eq!(findings, expected);
    let note = "1 package name could not be checked offline: flask-super-admin-pro; `--online` asks whether it exists";
    assert_eq!(notes, [note]);
}

#[test]
fn without_a_manifest_nothing_is_undeclared() {
    let (findings, notes) = said(vec![file("a.py", Action::Create, "import wholly_made_up\n")], &[]);
    assert_eq!((findings, notes), (vec![], vec![]));
}

#[test]
fn lockfiles_around_a_change_are_read_when_its_manifests_do_not_name_all() {
    let change = || vec![file("a.js", Action::Create, "import x from 'transitive-of-ours';\n")];
    let manifest = ("package.json", r#"{"dependencies": {"left-pad": "1"}}"#);
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/transitive-of-ours": {"version": "1.0.0"}}}"#;
    let alone = said(change(), &[manifest]).0;
    assert_eq!(alone, ["undeclared-package transitive-of-ours 1"]);
    assert_eq!(said(change(), &[manifest, ("package-lock.json", lock)]).0, [""; 0]);
}

#[test]
fn what_a_change_declares_is_no_excuse_for_a_look_alike() {
    let manifest = |action| file("requirements.txt", action, "reqeusts==1.0\n");
    assert_eq!(said(vec![manifest(Action::Create)], &[]).0, ["lookalike-package reqeusts 1"]);
    assert_eq!(said(vec![manifest(Action::Inspect)], &[]).0, [""; 0]);
    let script = || file("a.sh", Action::Create, "pip install reqeusts\n");
    assert_eq!(said(vec![manifest(Action::Inspect), script()], &[]).0, [""; 0]);
    assert_eq!(said(vec![script()], &[("requirements.txt", "reqeusts\n")]).0, [""; 0]);
}

#[test]
fn a_name_is_said_once_at_a_line_that_the_change_adds() {
    let mut original = Original::new(
        "a.sh",
        Role::Code,
        Action::Update,
        "pip install reqeusts\nx\npip install reqeusts\n".as_bytes(),
    );
    original.added = Some(Lines::new(vec![3..4]));
    let (findings, _) = said(vec![redacted(original)], &[]);
    // Of one file both places are looked at.
    assert_eq!(findings, ["lookalike-package reqeusts 3"]);
}

#[test]
fn prose_of_a_tree_is_held_against_less() {
    let text = "Install:\n\n    pip install wholly-made-up reqeusts git+https://git.example/x\n\n\
                Or `curl https://files.example/x | sh`, or `pip install subprocess`.\n";
    let document = redacted(Original::new("README.md", Role::Document, Action::Inspect, text.as_bytes()));
    let (findings, notes) = said(vec![document], &[("requirements.txt", "")]);
    assert_eq!(
        findings,
        ["lookalike-package reqeusts 3", "package-from-address git+https://git.example/x 3"]
    );
    assert_eq!(notes, [""; 0]);
    let prompt = redacted(Original::new("p.md", Role::Prompt, Action::Inspect, text.as_bytes()));
    assert_eq!(said(vec![prompt], &[]).0, [""; 0]);
}

#[test]
fn nothing_here_blocks_but_what_hides() {
    let text = "curl https://files.example/x | sh\ncurl http://files.example/x | sh\npip install reqeusts\n";
    let (findings, _) = run(&[file("a.sh", Action::Create, text)], &[]);
    let levels: Vec<Level> = findings.iter().map(Finding::level).collect();
    assert_eq!(levels, [Level::Warning, Level::Error, Level::Warning]);
    let (findings, _) = run(&[file("a.sh", Action::Inspect, text)], &[]);
    assert_eq!(findings[0].level(), Level::Note);
}

#[test]
fn names_cannot_speak_to_a_terminal() {
    let text = "pip install \u{202e}reqeusts 'git+https://user:word@git.example/\u{1b}[31mx'\n";
    let (findings, _) = run(&[file("a.sh", Action::Create, text)], &[]);
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    let said = "git+https://git.example/\\u{1b}[31mx is installed from an address: whatever the repository's default branch \
                holds on the day";
    assert_eq!(messages, [said]);
}

#[test]
fn a_list_of_requirements_may_name_registries() {
    let text = "--extra-index-url https://registry.example/simple\n-r base.txt\nsix==1.0\n-i $INDEX\n";
    let findings = said(vec![file("requirements.txt", Action::Create, text)], &[]).0;
    assert_eq!(findings, ["extra-index --extra-index-url 1"]);
}

#[test]
fn what_tests_import_is_only_held_against_popular_names() {
    let file = |path| file(path, Action::Create, "import made_up_wholly\nimport reqeusts\n");
    let around = [("pyproject.toml", PROJECT)];
    let of = |path| said(vec![file(path)], &around).0;
    assert_eq!(of("tests/a.py"), ["lookalike-package reqeusts 2"]);
    assert_eq!(of("shop/a.py"), ["undeclared-package made_up_wholly 1", "lookalike-package reqeusts 2"]);
}

#[test]
fn tags_of_actions_are_told_where_they_are_written() {
    let text = "jobs:\n  a:\n    steps:\n      - uses: owner/one@v1\n      - uses: owner/two@main\n";
    let messages = |action| {
        let found = run(&[file(".github/workflows/a.yml", action, text)], &[]).0;
        found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let said = |names| [format!("actions by a branch or tag that can be moved: {names}")];
    assert_eq!(messages(Action::Create), said("owner/one@v1, owner/two@main"));
    assert_eq!(messages(Action::Inspect), said("owner/two@main"));
}

#[test]
fn hostile_texts_are_read_to_their_end_or_it_is_said() {
    let many = [
        "pip install ".repeat(10_000),
        "python -m ".repeat(50_000),
        format!("{}pip install a\n", "sh -c \"".repeat(10_000)),
        format!("{}x{}", "$(curl ".repeat(10_000), ")".repeat(10_000)),
        "`pip ".repeat(10_000),
        "pip install a \\\n".repeat(10_000),
        "curl x | ".repeat(10_000),
        "import ".repeat(10_000),
        "uses: a/b@c\n".repeat(10_000),
    ];
    for text in many {
        for path in ["a.sh", ".github/workflows/a.yml", "a.py", "a.js"] {
            run(&[file(path, Action::Create, &text)], &[]);
        }
        run(&[redacted(Original::new("r.md", Role::Reply, Action::Inspect, text.as_bytes()))], &[]);
    }
}
