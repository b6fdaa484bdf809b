use proptest::prelude::*;

use super::*;
use crate::finding::{Advisory, Confidence, Fix, Level, Location, NoteKind, Region, Severity, Step, conceals};
use crate::policy::judge;

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
        frame: (line - 1, vec!["def ping(host):".into(), "    os.system(\"ping \" + host)".into(), String::new()]),
        advice: "pass a list and leave `shell` off.".into(),
        fix: None,
        advisory: None,
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
    judge(findings, notes, &[], 14, &Policy::default(), &crate::built_in_rules())
}

fn written(report: &Report, format: Format, change: impl Fn(&mut Context<'_>)) -> String {
    let (rules, policy) = (crate::built_in_rules(), Policy::default());
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

#[test]
fn dump() {
    let Ok(folder) = std::env::var("DUMP") else { return };
    for (name, format) in Format::NAMES {
        std::fs::write(format!("{folder}/out.{name}"), written(&everything(), format, |_| {})).unwrap();
    }
    let color = written(&everything(), Format::Text, |context| context.color = Color::Always);
    std::fs::write(format!("{folder}/out.color"), color).unwrap();
    let full = written(&everything(), Format::Sarif, |context| {
        context.include_suppressed = true;
        context.max_results = Some(6);
        context.category = Some("weft/ci".into());
        context.source = Source {
            root: Some("/home/runner/work/x y".into()),
            repository: Some("https://github.com/example/repo".into()),
            commit: Some("a".repeat(40)),
            branch: Some("refs/heads/main".into()),
            started: Some("2026-11-22T13:00:00.000Z".into()),
        };
    });
    std::fs::write(format!("{folder}/full.sarif"), full).unwrap();
    let empty = judge(Vec::new(), Vec::new(), &[], 0, &Policy::default(), &crate::built_in_rules());
    std::fs::write(format!("{folder}/empty.sarif"), written(&empty, Format::Sarif, |_| {})).unwrap();
}
