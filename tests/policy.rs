//! Allowances and settings through the whole gate: who may allow what, and what weft.toml says.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use weft::artifact::{Action, Content, Entry, Lines, Origin, Provenance, Role, Submission};
use weft::finding::Standing;
use weft::policy::{Policy, Report, Trust};
use weft::{Checks, built_in_rules, gate};

const KEY: &str = "-----BEGIN PRIVATE KEY-----";

fn submission(path: &str, role: Role, text: &str, added: Option<Lines>) -> Submission {
    let content = Content::Bytes(text.as_bytes().to_vec().into());
    let mut entry = Entry::new(path, role, Action::Update, content);
    entry.added = added;
    Submission {
        origin: Origin::Tree,
        entries: vec![entry],
        notes: Vec::new(),
        provenance: Provenance::default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    }
}

fn scan(path: &str, role: Role, text: &str, policy: &Policy, added: Option<Lines>) -> Report {
    static CHECKS: OnceLock<Checks> = OnceLock::new();
    let checks = CHECKS.get_or_init(|| Checks::new(built_in_rules(), None).unwrap());
    gate(&submission(path, role, text, added), checks, policy, 1, false).0
}

fn own(today: &str) -> Policy {
    let mut policy = Policy::default();
    policy.run.trust = Trust::Own;
    policy.run.today = Some(today.parse().unwrap());
    policy
}

fn notes(report: &Report) -> Vec<&str> {
    report.notes.iter().map(|note| note.message.as_str()).collect()
}

#[test]
fn an_allowance_says_why_it_does_not_count() {
    let text = "x = 1  # weft: allow\n\
                x = 1  # weft: allow private-kye test key\n\
                x = 1  # weft: allow private-key\n\
                x = 1  # weft: allow private-key test key until 2026-01-31\n\
                x = 1  # weft: allow private-key test key until 2026-02-31\n\
                x = 1  # weft: allow private-key test key until 2027-01-31\n";
    let report = scan("a.py", Role::Code, text, &own("2026-06-01"), None);
    assert_eq!(
        notes(&report),
        [
            "the allowance of private-key on line 6 allows nothing: remove it",
            "the allowance on line 1 does not count: it names no rule: write `weft: allow RULE reason`",
            "the allowance on line 2 does not count: there is no rule \"private-kye\" (did you mean `private-key`?)",
            "the allowance on line 3 does not count: it gives no reason: write `weft: allow private-key reason`",
            "the allowance on line 4 does not count: it expired on 2026-01-31",
            "the allowance on line 5 does not count: its last day is no date: write `until 2027-01-31`",
        ]
    );
}

#[test]
fn every_comment_syntax_holds_an_allowance_and_no_string_does() {
    // No language of its own, so that no parser has a say about the other languages' comments.
    let path = "settings.conf";
    for line in [
        "# weft: allow private-key why",
        "// weft: allow private-key why",
        "/* weft: allow private-key why */",
        "{/* weft: allow private-key why */}",
        "<!-- weft: allow private-key why -->",
        "-- weft: allow private-key why",
        "x = 1; // weft: allow private-key why",
        " * weft: allow private-key why",
    ] {
        let report = scan(path, Role::Code, line, &own("2026-06-01"), None);
        assert_eq!(
            notes(&report),
            ["the allowance of private-key on line 1 allows nothing: remove it"],
            "{line}"
        );
    }
    for line in ["say(\"weft: allow private-key why\")", "# weft: allowed", "weft: allow private-key why"] {
        assert_eq!(scan(path, Role::Code, line, &own("2026-06-01"), None).notes, [], "{line}");
    }
}

#[test]
fn what_a_change_adds_does_not_allow_itself() {
    let text = "x = 1\nx = 2  # weft: allow private-key why\n";
    let added = |line: u32| Some(Lines::new(std::iter::once(line..line + 1).collect()));
    let rules = |report: &Report| {
        let new = report.findings.iter().filter(|finding| finding.standing == Standing::New);
        new.map(|finding| (finding.rule.clone(), finding.location.region.start_line)).collect::<Vec<_>>()
    };
    let report = scan("a.py", Role::Code, text, &Policy::default(), added(2));
    assert_eq!(rules(&report), [("allowance-added".to_owned(), 2)]);
    assert!(
        notes(&report)[0].ends_with("the change itself adds it, or what it is for; a reviewer may accept it")
    );
    assert_eq!(rules(&scan("a.py", Role::Code, text, &Policy::default(), added(1))), []);
    assert_eq!(rules(&scan("a.py", Role::Code, text, &own("2026-06-01"), None)), []);
}

#[test]
fn what_an_agent_wrote_allows_nothing_even_on_ones_own_machine() {
    let text = "```python path=a.py\nx = 1  # weft: allow private-key why\n```\n";
    let report = scan("reply.md", Role::Reply, text, &own("2026-06-01"), None);
    assert!(
        notes(&report)[0].ends_with("it stands in a prompt or a reply; a reviewer may accept it"),
        "{:?}",
        report.notes
    );
}

#[test]
fn settings_that_nobody_can_read_are_refused_with_their_line() {
    let refused = |text: &str| Policy::parse("weft.toml", text).unwrap_err().to_string();
    assert_eq!(
        refused("[gate]\nfail_on = \"high\"\n"),
        "weft.toml:2: unknown field `fail_on`, expected `fail-on` or `only` (did you mean `fail-on`?)"
    );
    assert!(refused("[gate]\nfail-on = \"hihg\"\n").contains("weft.toml:2: "));
    assert!(refused("[gate]\nfail-on = \"hihg\"\n").ends_with("(did you mean `high`?)"));
    assert!(refused("[gate]\n\nfail-on = \"unknown\"\n").starts_with("weft.toml:3: `fail-on` is"));
    assert!(
        refused("[[allow]]\nrule = \"a\"\nreason = \"\"\n")
            .starts_with("weft.toml:1: the allowance of a needs")
    );
    assert!(
        refused("[[allow]]\nrule = \"a\"\nreason = \"b\"\nexpires = \"soon\"\n").contains("\"2027-01-31\"")
    );
    assert!(refused("exclude = [\n  \"a\",\n  \"{b\",\n]\n").starts_with("weft.toml:3: `exclude`"));
    assert!(refused("\n[review]\nvalid-days = 0\n").starts_with("weft.toml:2: an approval"));
    assert!(refused("[limits]\nfiles = 0\n").starts_with("weft.toml:1: a limit of 0"));
    assert!(refused("[levels]\nemail = \"lo\"\n").starts_with("weft.toml:2: "));
}

#[test]
fn the_settings_weft_init_writes_are_the_defaults() {
    assert_eq!(Policy::parse("weft.toml", &Policy::commented()).unwrap(), Policy::default());
    let all: String = Policy::commented()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line).to_owned() + "\n")
        .collect();
    let policy = Policy::parse("weft.toml", &all).unwrap();
    assert_eq!((policy.allow.len(), policy.review.reviewer.len(), policy.levels.len()), (1, 1, 2));
    assert!(
        policy.history.path.is_some()
            && policy.coverage.since.is_some()
            && policy.review.valid_days.is_some()
    );
}

/// A commented line that is TOML, not a sentence.
fn is_setting(line: &str) -> bool {
    line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
}

#[test]
fn an_entry_allows_its_rule_in_its_paths_only() {
    let block = format!("{KEY}\n{}\n-----END PRIVATE KEY-----\n", "QUJD".repeat(20));
    let mut policy = own("2026-06-01");
    policy.allow = Policy::parse(
        "weft.toml",
        "\n[[allow]]\nrule = \"private-key\"\npath = \"tests/\"\nreason = \"made up\"\n",
    )
    .unwrap()
    .allow;
    for (path, allowed) in [("tests/a.pem", true), ("src/a.pem", false), ("tests/../src/a.pem", false)] {
        let report = scan(path, Role::Code, &block, &policy, None);
        for finding in report.findings.iter().filter(|finding| finding.rule == "private-key") {
            let standing = Standing::Allowed { reason: "made up".into(), by: "weft.toml:2".into() };
            assert_eq!(finding.standing == standing, allowed, "{path}");
        }
    }
}

#[test]
fn an_old_allowance_does_not_cover_a_line_that_the_change_rewrites() {
    let text = "# weft: allow private-key why\nx = 2\n";
    let added = |line: u32| Some(Lines::new(std::iter::once(line..line + 1).collect()));
    let report = scan("a.py", Role::Code, text, &Policy::default(), added(2));
    assert!(notes(&report)[0].contains("does not count: the change itself adds it, or what it is for"));
    assert_eq!(report.findings, []);
    let report = scan("a.py", Role::Code, text, &Policy::default(), added(9));
    assert_eq!(notes(&report), ["the allowance of private-key on line 1 allows nothing: remove it"]);
}

#[test]
fn a_line_of_nothing_but_allowances_is_read_in_one_pass() {
    let text = "# weft: allow private-key é ".repeat(100_000);
    assert_eq!(scan("a.py", Role::Code, &text, &own("2026-06-01"), None).notes.len(), 1);
    let text = "# weft: allow private-key why\n".repeat(20_000);
    assert_eq!(scan("a.py", Role::Code, &text, &own("2026-06-01"), None).notes.len(), 20_000);
}

proptest::proptest! {
    #[test]
    fn no_settings_and_no_comment_panic(text in "(weft: allow|[a-z-]{1,9}|[#/*<!-]{1,4}|until|20[0-9-]{0,9}|\\PC|[\\[\\]={}\" \n.]){0,40}") {
        let _ = Policy::parse("weft.toml", &text);
        scan("a.py", Role::Code, &text, &own("2026-06-01"), None);
        scan("reply.md", Role::Reply, &text, &Policy::default(), None);
    }
}

#[test]
fn settings_nested_ten_thousand_deep_are_refused() {
    let text = format!("exclude = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(Policy::parse("weft.toml", &text).is_err());
}

/// `regex 1.5.4`, whose advisory of 2022-03-08 is high.
const LOCK: &str = "version = 3\n\n[[package]]\nname = \"regex\"\nversion = \"1.5.4\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

fn locked(policy: &Policy) -> Report {
    scan("Cargo.lock", Role::Code, LOCK, policy, None)
}

#[test]
fn an_advisory_may_stay_until_its_deadline_and_blocks_from_then_on() {
    let at = |today: &str, settings: &str| {
        let mut policy = Policy::parse("weft.toml", settings).unwrap();
        policy.run = own(today).run;
        let report = locked(&policy);
        let due = report.findings[0].advisory.as_ref().unwrap().due.clone();
        (report.blocking, due.map(|due| due.day), report.findings[0].level())
    };
    let thirty = "[deps.deadlines]\nhigh = 30\n";
    let day = Some("2022-04-07".to_owned());
    use weft::finding::Level::{Error, Warning};
    assert_eq!(at("2022-03-10", ""), (1, None, Error));
    assert_eq!(at("2022-03-10", thirty), (0, day.clone(), Warning));
    assert_eq!(at("2022-04-07", thirty), (0, day.clone(), Warning));
    assert_eq!(at("2022-04-08", thirty), (1, day.clone(), Error));
    // A deadline counts whatever the gate is; without a day it is over.
    let critical = "[gate]\nfail-on = \"critical\"\n[deps.deadlines]\nhigh = 30\n";
    assert_eq!(at("2022-04-08", critical).0, 1);
    assert_eq!(at("2022-04-08", "[deps.deadlines]\ncritical = 7\n").0, 1, "the gate alone decides");
    let mut unknown = Policy::parse("weft.toml", thirty).unwrap();
    unknown.run.today = None;
    assert_eq!(locked(&unknown).blocking, 1);
}

#[test]
fn what_openvex_says_does_not_matter_is_allowed_with_its_reason() {
    let document = |package: &str| {
        format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{{
                "vulnerability": {{"name": "CVE-2022-24713"}}, "products": [{{"@id": "{package}"}}],
                "status": "not_affected", "impact_statement": "no pattern comes from outside"}}]}}"#
        )
    };
    let mut policy = own("2026-06-01");
    policy.vex = weft::policy::vex::read("app.json", document("pkg:cargo/regex@1.5.4").as_bytes()).unwrap();
    let report = locked(&policy);
    let standing = &report.findings[0].standing;
    let (reason, by) = ("no pattern comes from outside".to_owned(), "app.json, statement 1".to_owned());
    assert_eq!((report.blocking, standing), (0, &Standing::Allowed { reason, by }));
    policy.vex = weft::policy::vex::read("app.json", document("pkg:cargo/regex@1.5.3").as_bytes()).unwrap();
    assert_eq!(locked(&policy).blocking, 1);
}
