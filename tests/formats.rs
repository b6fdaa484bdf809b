//! What each format says of a report that holds every kind of finding, and of one made of hostile text.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use weft::built_in_rules;
use weft::finding::{
    Advisory, Confidence, Finding, Fix, Location, Note, NoteKind, Region, Severity, Standing, Step, conceals,
};
use weft::policy::{Policy, Report, judge};
use weft::report::{Color, Context, Format, Source, page, rules_table, write};

fn region(line: u32, start: u32, end: u32) -> Region {
    Region { start_line: line, start_column: start, end_line: line, end_column: end }
}

fn location(path: &str, region: Region) -> Location {
    Location { path: path.into(), region, target: None }
}

fn finding(rule: &str, path: &str, line: u32) -> Finding {
    Finding {
        rule: rule.into(),
        message: "request data reaches a shell command".into(),
        severity: Severity::High,
        confidence: Confidence::High,
        cwe: vec![78],
        location: location(path, region(line, 5, 31)),
        trace: Vec::new(),
        frame: (
            line - 1,
            vec!["def ping(host):".into(), "    os.system(\"ping \" + host)".into(), String::new()],
        ),
        advice: "pass a list and leave `shell` off.".into(),
        fix: None,
        advisory: None,
        secret: None,
        fingerprint: format!("{line:x}{line:x}:1"),
        standing: Standing::New,
    }
}

/// A finding of every kind there is.
fn everything() -> Report {
    let mut tainted = finding("command-injection", "src/app.py", 9);
    tainted.trace = vec![
        Step {
            location: location("src/app.py", region(7, 12, 24)),
            message: "`request.args` is read".into(),
            line: "    host = request.args[\"host\"]".into(),
        },
        Step {
            location: location("src/app.py", region(9, 5, 31)),
            message: "reaches `os.system`".into(),
            line: "    os.system(\"ping \" + host)".into(),
        },
    ];
    tainted.fix = Some(Fix {
        message: "pass a list to `subprocess.run`".into(),
        region: region(9, 5, 31),
        replacement: "subprocess.run([\"ping\", host])".into(),
    });
    let mut secret = finding("private-key", "keys/a.pem", 1);
    secret.severity = Severity::Critical;
    secret.message = "private key".into();
    secret.frame = (1, vec!["key = \"WEFT_PRIVATE_KEY_abcdefghij\"".into()]);
    secret.location.region = region(1, 8, 300);
    let mut again = secret.clone();
    again.location.path = "keys/b.pem".into();
    let mut fenced = finding("settings-changed", "feature/01-architect/out/1_result.md", 4);
    fenced.severity = Severity::Medium;
    fenced.location.target = Some("weft.toml".into());
    let mut advisory = finding("RUSTSEC-2020-0071", "Cargo.lock", 12);
    advisory.severity = Severity::Unknown;
    advisory.message = "time 0.1.43 has a known advisory".into();
    advisory.advisory = Some(Advisory {
        id: "RUSTSEC-2020-0071".into(),
        aliases: vec!["CVE-2020-26235".into()],
        ecosystem: "crates.io".into(),
        package: "time".into(),
        version: "0.1.43".into(),
        fixed: vec!["0.2.23".into()],
        informational: None,
        lines: None,
        way: Vec::new(),
        only: None,
        summary: None,
        published: None,
        functions: Vec::new(),
        called: None,
        due: None,
    });
    let mut other = advisory.clone();
    other.rule = "RUSTSEC-2020-0159".into();
    other.advisory.as_mut().unwrap().id = "RUSTSEC-2020-0159".into();
    let mut allowed = finding("private-key", "tests/key.pem", 3);
    allowed.standing = Standing::Allowed { reason: "made for the test".into(), by: "tests/key.pem:2".into() };
    let mut existing = finding("command-injection", "src/old.py", 2);
    existing.standing = Standing::Existing;
    let notes = vec![
        Note::new(NoteKind::NotChecked, "src/b c.py", "cannot be read: raise the limit"),
        Note::new(NoteKind::Partial, "src/half.py", "a syntax error on line 3"),
        Note::new(NoteKind::Unsupported, "logo.png", "binary content"),
        Note::new(NoteKind::Info, "", "advisory data of 2026-08-01"),
    ];
    let findings = vec![tainted, secret, again, fenced, advisory, other, allowed, existing];
    judge(findings, notes, &[], 14, &Policy::default(), &built_in_rules())
}

fn written(report: &Report, format: Format, change: impl Fn(&mut Context<'_>)) -> String {
    let (rules, policy) = (built_in_rules(), Policy::default());
    let mut context = Context::new(&rules, &policy);
    context.version = "0.1.0";
    change(&mut context);
    let mut out = Vec::new();
    write(report, &context, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sarif(report: &Report, change: impl Fn(&mut Context<'_>)) -> serde_json::Value {
    serde_json::from_str(&written(report, Format::Sarif, change)).unwrap()
}

fn source() -> Source {
    Source {
        root: Some("/home/runner/work/x y".into()),
        repository: Some("https://github.com/example/repo".into()),
        commit: Some("a".repeat(40)),
        branch: Some("refs/heads/main".into()),
        started: Some("2026-11-22T13:00:00.000Z".into()),
    }
}

/// Writes every log for Microsoft's validator into the folder that `WEFT_SARIF_OUT` names, and checks that each reads.
#[test]
fn logs_read_as_sarif() {
    let empty = judge(Vec::new(), Vec::new(), &[], 0, &Policy::default(), &built_in_rules());
    let full = |context: &mut Context<'_>| {
        context.include_suppressed = true;
        context.category = Some("weft/ci".into());
        context.source = source();
    };
    let known = |context: &mut Context<'_>| context.source = source();
    for (name, log) in [
        ("all", written(&everything(), Format::Sarif, full)),
        ("plain", written(&everything(), Format::Sarif, known)),
        ("empty", written(&empty, Format::Sarif, known)),
    ] {
        let read: serde_sarif::sarif::Sarif = serde_json::from_str(&log).unwrap();
        assert_eq!(read.runs.len(), 1);
        if let Some(folder) = std::env::var_os("WEFT_SARIF_OUT") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.sarif")), log).unwrap();
        }
    }
}

#[test]
fn a_result_says_everything_code_scanning_reads() {
    let log = sarif(&everything(), |context| context.source = source());
    let run = &log["runs"][0];
    let result =
        run["results"].as_array().unwrap().iter().find(|one| one["ruleId"] == "command-injection").unwrap();
    let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!(rule["id"], "command-injection");
    assert_eq!(rule["name"], "CommandInjection");
    assert_eq!(rule["properties"]["security-severity"], "8.0");
    assert_eq!(rule["properties"]["precision"], "high");
    assert_eq!(rule["properties"]["problem.severity"], "error");
    assert!(rule["properties"]["tags"].as_array().unwrap().contains(&"external/cwe/cwe-078".into()));
    assert_eq!(result["level"], "error");
    assert_eq!(result["message"]["text"], "Request data reaches a shell command.");
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], "99:1");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/app.py");
    assert_eq!(place["region"]["startLine"], 9);
    assert_eq!(place["region"]["snippet"]["text"], "os.system(\"ping \" + host)");
    let steps = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(steps[0]["location"]["message"]["text"], "`request.args` is read.");
    assert_eq!(steps[1]["location"]["physicalLocation"]["region"]["startLine"], 9);
    assert_eq!(
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"],
        "subprocess.run([\"ping\", host])"
    );
    assert_eq!(run["automationDetails"]["id"], format!("weft/{}", "a".repeat(40)));
    assert_eq!(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///home/runner/work/x%20y/");
    assert_eq!(run["redactionTokens"][0], "WEFT_PRIVATE_KEY_abcdefghij");
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    let told: Vec<&str> = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["message"]["text"].as_str().unwrap())
        .collect();
    assert!(told.contains(&"The file 'src/b c.py': cannot be read: raise the limit."), "{told:?}");
}

#[test]
fn an_advisory_is_a_rule_of_its_own_with_its_package() {
    let log = sarif(&everything(), |_| {});
    let results = log["runs"][0]["results"].as_array().unwrap();
    let on_line: Vec<_> = results
        .iter()
        .filter(|one| one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Cargo.lock")
        .collect();
    assert_eq!(on_line.len(), 2);
    assert_eq!(on_line[0]["properties"]["advisory"], "RUSTSEC-2020-0071");
    assert_eq!(on_line[0]["properties"]["package"], "time");
    assert_eq!(on_line[0]["properties"]["version"], "0.1.43");
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][on_line[0]["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!(rule["shortDescription"]["text"], "RUSTSEC-2020-0071 in time.");
    assert_eq!(rule["properties"]["security-severity"], "5.5");
    assert_eq!(
        rule["fullDescription"]["text"],
        "time 0.1.43 (crates.io) is vulnerable according to RUSTSEC-2020-0071. Fixed in 0.2.23. \
         Also known as CVE-2020-26235."
    );
}

#[test]
fn a_finding_in_a_fence_points_at_the_reply_and_names_its_target() {
    let log = sarif(&everything(), |_| {});
    let results = log["runs"][0]["results"].as_array().unwrap();
    let fenced = results.iter().find(|one| one["ruleId"] == "settings-changed").unwrap();
    let place = &fenced["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "feature/01-architect/out/1_result.md");
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "weft.toml");
    assert_eq!(fenced["properties"]["target"], "weft.toml");
}

#[test]
fn what_a_person_allowed_is_left_out_or_written_as_suppressed() {
    let rules = |log: &serde_json::Value| log["runs"][0]["results"].as_array().unwrap().len();
    assert_eq!(rules(&sarif(&everything(), |_| {})), 7);
    let log = sarif(&everything(), |context| context.include_suppressed = true);
    assert_eq!(rules(&log), 8);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let suppressed: Vec<_> =
        results.iter().filter(|one| !one["suppressions"].as_array().unwrap().is_empty()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "made for the test (tests/key.pem:2)");
    let existing = results.iter().find(|one| one["baselineState"] == "unchanged").unwrap();
    assert_eq!(existing["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/old.py");
}

#[test]
fn a_limit_keeps_the_gravest_and_says_so() {
    let log = sarif(&everything(), |context| context.max_results = Some(3));
    let run = &log["runs"][0];
    let kept: Vec<&str> =
        run["results"].as_array().unwrap().iter().map(|one| one["ruleId"].as_str().unwrap()).collect();
    assert_eq!(kept, ["private-key", "private-key", "command-injection"]);
    let told = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("4 results are left out because of the limit of 3"), "{told}");
}

#[test]
fn a_person_reads_the_finding_the_path_and_the_reason() {
    let text = written(&everything(), Format::Text, |context| context.width = 80);
    let expected = r#"high[command-injection]: request data reaches a shell command
 --> src/app.py:9:5
  |
8 | def ping(host):
9 |     os.system("ping " + host)
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = path: 1. src/app.py:7  host = request.args["host"]
                           ^ `request.args` is read
          2. src/app.py:9  os.system("ping " + host)
                           ^ reaches `os.system`
  = fix: pass a list to `subprocess.run`
  = instead: pass a list and leave `shell` off.
"#;
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("= also at: keys/b.pem:1:8"), "{text}");
    assert!(text.contains("allowed: private-key at tests/key.pem:3:5: made for the test (tests/key.pem:2)"));
    assert!(
        text.contains(
            "existing: 1 finding that this change did not bring, not shown (`weft scan --all` shows"
        )
    );
    let all = written(&everything(), Format::Text, |context| context.existing = true);
    assert!(all.contains("= existing: it was there before this change, and does not block"), "{all}");
    assert!(!all.contains("that this change did not bring") && !text.contains("= existing:"));
    assert!(text.contains("\ncritical     2  private-key 2\n"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("blocked: 3 findings at or above high"));
    let quiet = written(&everything(), Format::Text, |context| context.quiet = true);
    assert_eq!(quiet.lines().count(), 1);
    let color = written(&everything(), Format::Text, |context| context.color = Color::Always);
    assert!(color.contains('\u{1b}') && !text.contains('\u{1b}'));
}

#[test]
fn many_findings_of_one_rule_are_capped_and_said_to_be() {
    let findings = (2..60).map(|line| finding("command-injection", "src/app.py", line)).collect();
    let report = judge(findings, Vec::new(), &[], 1, &Policy::default(), &built_in_rules());
    let text = written(&report, Format::Text, |_| {});
    assert_eq!(text.matches("high[command-injection]").count(), 20);
    assert!(text.contains("38 more of command-injection are not shown"), "{text}");
}

#[test]
fn github_gets_one_command_a_finding_and_no_more() {
    let mut hostile = finding("command-injection", "a,b:c%.py\n::error::x", 3);
    hostile.message = "x\n::stop-commands::y 100%".into();
    let report = judge(vec![hostile], Vec::new(), &[], 1, &Policy::default(), &built_in_rules());
    assert_eq!(
        written(&report, Format::Github, |_| {}),
        "::error file=a%2Cb%3Ac%25.py\\u{a}%3A%3Aerror%3A%3Ax,line=3,endLine=3,col=5,endColumn=31,\
         title=command-injection::X\\u{a}::stop-commands::y 100%25.%0AInstead: pass a list and leave `shell` off.\n\
         ::error title=weft::Blocked: 1 finding at or above high (1 command-injection).\n"
    );
}

#[test]
fn json_has_every_fact_and_reads_back() {
    let report = everything();
    let log: serde_json::Value = serde_json::from_str(&written(&report, Format::Json, |_| {})).unwrap();
    assert_eq!(log["version"], "weft-report/1");
    assert_eq!(log["exit"], 1);
    assert_eq!(log["findings"].as_array().unwrap().len(), report.findings.len());
    let back: Vec<Finding> = serde_json::from_value(log["findings"].clone()).unwrap();
    assert_eq!(back, report.findings);
    let notes: Vec<Note> = serde_json::from_value(log["notes"].clone()).unwrap();
    assert_eq!(notes, report.notes);
}

#[test]
fn a_page_reads_well_in_a_terminal() {
    let rules = built_in_rules();
    let rule = rules.get("allowance-added").unwrap();
    let page = page::terminal(rule, &rules, Color::Never, 60);
    assert!(
        page.starts_with("allowance-added (medium, CWE-693, since 0.1.0)\n\nA change that allows itself\n\n"),
        "{page}"
    );
    assert!(page.contains("\n    import hashlib\n"), "{page}");
    assert!(
        page.lines().filter(|line| !line.starts_with("    ")).all(|line| line.chars().count() <= 62),
        "{page}"
    );
    assert!(rules_table(&rules, Color::Never, 80).lines().all(|line| line.chars().count() <= 80));
    assert!(page::terminal(rule, &rules, Color::Always, 60).contains('\u{1b}'));
}

/// Text that tries to hide, move or break: every kind of character, often the dangerous ones.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
        "\u{1b}[31m",
        "\u{7}",
        "\r",
        "\n",
        "\0",
        "\u{feff}",
        "\u{85}",
        "\\u{202e}",
        "%",
        "::",
        "[x](1)",
        "{0}",
        "\"",
        "\\",
        "WEFT_KEY_0001",
        "..",
        "/",
        "\u{1f600}",
        "\u{9b}2J",
        "\u{2028}",
    ])
    .prop_map(str::to_owned);
    prop::collection::vec(
        prop_oneof![nasty, "[ -~]{1,8}", "\\PC{1,3}", any::<char>().prop_map(String::from)],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

prop_compose! {
    fn any_finding()(
        texts in prop::collection::vec(hostile(), 10),
        lines in prop::collection::vec(hostile(), 0..5),
        numbers in prop::array::uniform6(0u32..40),
        wild in any::<u32>(),
        severity in prop::sample::select(vec![Severity::Unknown, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]),
        confidence in prop::sample::select(vec![Confidence::Low, Confidence::Medium, Confidence::High]),
        known in any::<bool>(),
        kind in 0..4u8,
    ) -> Finding {
        let region = Region { start_line: numbers[0], start_column: numbers[1], end_line: numbers[2], end_column: wild };
        let location = Location { path: texts[0].clone(), region, target: (kind & 1 == 1).then(|| texts[1].clone()) };
        let advisory = Advisory {
            id: texts[2].clone(), aliases: vec![texts[3].clone()], ecosystem: texts[4].clone(), package: texts[5].clone(),
            version: texts[6].clone(), fixed: vec![texts[7].clone()], informational: Some(texts[8].clone()),
            lines: None,
            way: Vec::new(),
            only: None,
            summary: None,
            published: None,
            functions: Vec::new(),
            called: None,
            due: None,
        };
        Finding {
            rule: if known { "private-key".into() } else { texts[9].clone() },
            message: texts[3].clone(), severity, confidence, cwe: vec![79],
            trace: vec![Step { location: location.clone(), message: texts[4].clone(), line: texts[5].clone() }],
            location, frame: (numbers[3], lines), advice: texts[6].clone(),
            fix: Some(Fix { message: texts[7].clone(), region, replacement: texts[8].clone() }),
            advisory: (kind & 2 == 2).then_some(advisory), secret: None,
            fingerprint: texts[9].clone(),
            standing: match numbers[4] % 3 {
                0 => Standing::Allowed { reason: texts[1].clone(), by: texts[2].clone() },
                1 => Standing::Existing,
                _ => Standing::New,
            },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_output_hides_or_moves_text_and_every_log_is_json(
        findings in prop::collection::vec(any_finding(), 0..4),
        path in hostile(),
        message in hostile(),
        width in 0usize..120,
    ) {
        let notes = vec![Note::new(NoteKind::NotChecked, path.as_str(), message.as_str())];
        let report = judge(findings, notes, &[], 1, &Policy::default(), &built_in_rules());
        for (name, format) in Format::NAMES {
            let out = written(&report, format, |context| {
                context.width = width;
                context.include_suppressed = true;
                context.source = Source { root: Some(path.clone()), branch: Some(message.clone()), ..source() };
                context.category = Some(message.clone());
            });
            let hidden = out.chars().find(|c| *c != '\n' && conceals(*c) && !matches!(c, '\u{200d}' | '\u{fe0f}'));
            prop_assert!(hidden.is_none(), "{name} holds {hidden:?}: {out}");
            if matches!(format, Format::Json | Format::Sarif) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
            }
        }
        let again = judge(report.findings.clone(), report.notes.clone(), &[], 1, &Policy::default(), &built_in_rules());
        prop_assert_eq!(again.exit(), report.exit());
    }
}
