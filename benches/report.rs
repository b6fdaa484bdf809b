//! How fast a report is judged and written: 5,000 findings, as many as code scanning keeps.

#![allow(missing_docs)]

use weft::built_in_rules;
use weft::finding::{Confidence, Finding, Location, Region, Severity, Standing};
use weft::policy::{Policy, Report, judge};
use weft::report::{Context, Format, write};

fn main() {
    divan::main();
}

fn findings() -> Vec<Finding> {
    (1..=5000)
        .map(|line| Finding {
            rule: "private-key".into(),
            message: "private key".into(),
            severity: Severity::High,
            confidence: Confidence::High,
            cwe: vec![321, 798],
            location: Location {
                path: format!("src/file_{}.py", line % 100),
                region: Region { start_line: line, start_column: 5, end_line: line, end_column: 20 },
                target: None,
            },
            trace: Vec::new(),
            frame: (line, vec!["key = \"WEFT_PRIVATE_KEY_0001\"".into(), String::new(), "print(key)".into()]),
            advice: "keep the key in a secret store.".into(),
            fix: None,
            advisory: None,
            secret: None,
            fingerprint: format!("{line:x}:1"),
            standing: Standing::New,
        })
        .collect()
}

fn report() -> Report {
    judge(findings(), Vec::new(), &[], 100, &Policy::default(), &built_in_rules())
}

#[divan::bench(max_time = 2)]
fn judging(bencher: divan::Bencher<'_, '_>) {
    let (policy, rules) = (Policy::default(), built_in_rules());
    bencher
        .with_inputs(findings)
        .bench_values(|findings| judge(findings, Vec::new(), &[], 100, &policy, &rules));
}

#[divan::bench(args = ["text", "json", "sarif", "github"], max_time = 2)]
fn writing(bencher: divan::Bencher<'_, '_>, name: &str) {
    let (policy, rules, report) = (Policy::default(), built_in_rules(), report());
    let context = Context::new(&rules, &policy);
    let format = name.parse().unwrap_or(Format::Text);
    bencher.bench(|| write(&report, &context, format, &mut std::io::sink()));
}
