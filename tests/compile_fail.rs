//! The shortcuts around the gate do not compile. Each stands beside a twin that differs in that one step and compiles,
//! so that a case fails for its reason and no other. The twins are part of this test, so that only the refused cases
//! need a compiler of their own.

#![allow(clippy::expect_used)]

#[path = "compile_fail/approved_made_up_allowed.rs"]
mod approved_made_up;
#[path = "compile_fail/commit_report_allowed.rs"]
mod commit_report;
#[path = "compile_fail/commit_unapproved_allowed.rs"]
mod commit_unapproved;
#[path = "compile_fail/original_text_allowed.rs"]
mod original_text;
#[path = "compile_fail/original_to_stage_allowed.rs"]
mod original_to_stage;
#[path = "compile_fail/redacted_made_up_allowed.rs"]
mod redacted_made_up;

/// The twins, by the names of their files.
const ALLOWED: [(&str, fn()); 6] = [
    ("approved_made_up", approved_made_up::main),
    ("commit_report", commit_report::main),
    ("commit_unapproved", commit_unapproved::main),
    ("original_text", original_text::main),
    ("original_to_stage", original_to_stage::main),
    ("redacted_made_up", redacted_made_up::main),
];

/// Says that the flags are set, so that the test runs instead of starting itself.
const READY: &str = "WEFT_TRYBUILD_READY";

#[test]
fn shortcuts_do_not_compile() {
    if std::env::var_os(READY).is_some() {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*_refused.rs");
        return;
    }
    // trybuild compiles the dependencies with other flags than the cases, which builds all of them twice. These are its
    // flags, given to both.
    let flags = ["--cfg", "trybuild", "--verbose", "-A", "dead_code", "--diagnostic-width=140"];
    let status = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "shortcuts_do_not_compile", "--nocapture"])
        .env(READY, "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .status()
        .expect("this test again");
    assert!(status.success(), "a shortcut compiles, or is refused for another reason: see above");
}

#[test]
fn every_shortcut_stands_beside_a_twin_that_compiles_and_runs() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut refused: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix("_refused.rs").map(str::to_owned))
        .collect();
    refused.sort();
    assert_eq!(refused, ALLOWED.map(|(name, _)| name));
    for (_, run) in ALLOWED {
        run();
    }
}
