use super::*;
use crate::finding::{Location, Region};

pub(crate) fn finding(rule: &str, path: &str, line: u32) -> Finding {
    Finding {
        rule: rule.into(),
        message: format!("{rule} here"),
        severity: Severity::High,
        confidence: Confidence::High,
        cwe: vec![78],
        location: Location {
            path: path.into(),
            region: Region { start_line: line, start_column: 5, end_line: line, end_column: 9 },
            target: None,
        },
        trace: Vec::new(),
        frame: (line, vec!["let x = y;".into()]),
        advice: "do not.".into(),
        fix: None,
        advisory: None,
        secret: None,
        fingerprint: format!("{line:x}:1"),
        standing: Standing::New,
    }
}

fn judged(findings: Vec<Finding>, notes: Vec<Note>, policy: &Policy) -> Report {
    judge(findings, notes, &[], 3, policy, &crate::built_in_rules())
}

#[test]
fn a_finding_of_an_item_that_was_stored_before_there_were_facts_of_secrets_still_reads() {
    let one = finding("private-key", "a.pem", 1);
    let stored = serde_json::to_value(&one).unwrap();
    assert!(stored.get("secret").is_none());
    assert_eq!(serde_json::from_value::<Finding>(stored).unwrap(), one);
}

#[test]
fn findings_decide_before_gaps() {
    let gap = Note::new(NoteKind::NotChecked, "b.py", "cannot be read");
    let report = judged(vec![finding("command-injection", "a.py", 3)], vec![gap], &Policy::default());
    assert_eq!(report.exit(), Exit::Findings);
    assert_eq!(
        report.verdict,
        "blocked: 1 finding at or above high (1 command-injection); besides, 1 file could not be checked \
         (b.py: cannot be read), but findings decide first"
    );
}

#[test]
fn a_gap_alone_is_incomplete() {
    let gap = || vec![Note::new(NoteKind::NotChecked, "b.py", "cannot be read")];
    let report = judged(Vec::new(), gap(), &Policy::default());
    assert_eq!(report.exit(), Exit::Incomplete);
    assert!(report.verdict.starts_with("incomplete: 1 file could not be checked (b.py: cannot be read)"));
    let mut policy = Policy::default();
    policy.run.allow_incomplete = true;
    let report = judged(Vec::new(), gap(), &policy);
    assert_eq!(report.exit(), Exit::Passed);
    assert!(report.verdict.starts_with("passed: 3 files") && report.verdict.contains("--allow-incomplete"));
}

#[test]
fn exit_zero_says_so() {
    let mut policy = Policy::default();
    policy.run.exit_zero = true;
    let report = judged(vec![finding("private-key", "a.py", 3)], Vec::new(), &policy);
    assert_eq!(report.exit(), Exit::Passed);
    assert_eq!(
        report.verdict,
        "blocked: 1 finding at or above high (1 secret); exit code 0 because of --exit-zero"
    );
}

#[test]
fn one_result_a_rule_and_line_but_advisories_stay_two() {
    let mut other = finding("command-injection", "a.py", 3);
    other.location.region.start_column = 7;
    let findings = vec![finding("command-injection", "a.py", 3), other, finding("sql-injection", "a.py", 3)];
    let report = judged(findings, Vec::new(), &Policy::default());
    let messages: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["command-injection here (2 on this line)", "sql-injection here"]);
}

#[test]
fn a_change_brings_a_package_by_its_version_too() {
    let bytes = crate::artifact::Content::Bytes(Vec::new().into());
    let mut entry =
        Entry::new("Cargo.lock", crate::artifact::Role::Code, crate::artifact::Action::Update, bytes);
    entry.added = Some(Lines::new(std::iter::once(4..5).collect()));
    let package = |lines: Option<(u32, u32)>| {
        let mut finding = finding("RUSTSEC-2000-0001", "Cargo.lock", 3);
        finding.advisory = Some(crate::finding::Advisory {
            id: "RUSTSEC-2000-0001".into(),
            aliases: Vec::new(),
            ecosystem: "crates.io".into(),
            package: "a".into(),
            version: "1.0.0".into(),
            fixed: Vec::new(),
            informational: None,
            lines,
            way: Vec::new(),
            only: None,
            summary: None,
            published: None,
            functions: Vec::new(),
            called: None,
            due: None,
        });
        finding
    };
    let mut findings = vec![package(Some((3, 4))), package(Some((2, 3))), package(None)];
    standing([&entry], &mut findings);
    let standings: Vec<&Standing> = findings.iter().map(|finding| &finding.standing).collect();
    assert_eq!(standings, [&Standing::New, &Standing::Existing, &Standing::Existing]);
}

#[test]
fn a_baseline_and_the_lines_outside_a_change_do_not_act_on_the_gate() {
    let mut findings = vec![finding("a", "a.py", 3), finding("b", "a.py", 4)];
    against(&mut findings, &[finding("a", "a.py", 3)]);
    assert_eq!([&findings[0].standing, &findings[1].standing], [&Standing::Existing, &Standing::New]);

    let bytes = crate::artifact::Content::Bytes(Vec::new().into());
    let mut entry = Entry::new("a.py", crate::artifact::Role::Code, crate::artifact::Action::Update, bytes);
    entry.added = Some(Lines::new(std::iter::once(4..5).collect()));
    let mut findings = vec![finding("a", "a.py", 3), finding("b", "a.py", 4), finding("c", "a.py", 9)];
    let location = findings[1].location.clone();
    findings[2].trace.push(crate::finding::Step { location, message: "is read".into(), line: String::new() });
    standing(&[entry], &mut findings);
    let standings: Vec<bool> = findings.iter().map(|finding| finding.standing == Standing::New).collect();
    assert_eq!(standings, [false, true, true]);
}

#[test]
fn a_severity_nobody_knows_weighs_as_medium_and_low_confidence_never_blocks() {
    let mut policy = Policy::default();
    policy.gate.fail_on = Severity::Low;
    let mut unknown = finding("a", "a.py", 1);
    unknown.severity = Severity::Unknown;
    let mut unsure = finding("b", "a.py", 2);
    unsure.confidence = Confidence::Low;
    let mut low = finding("c", "a.py", 3);
    low.severity = Severity::Low;
    assert_eq!(judged(vec![unknown, unsure, low], Vec::new(), &policy).blocking, 2);
}
