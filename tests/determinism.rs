//! The same input gives the same bytes, whatever the number of threads and whatever was scanned before.

#![allow(clippy::unwrap_used)]

mod generated;

use weft::artifact::Submission;
use weft::policy::Policy;
use weft::report::{Context, Format, write};
use weft::{Checks, built_in_rules, gate};

fn checks() -> Checks {
    Checks::new(built_in_rules(), Some(b"a key of the test, long enough")).unwrap()
}

/// The report of a scan in every format.
fn written(submission: &Submission, checks: &Checks, threads: usize) -> Vec<String> {
    let policy = Policy::default();
    let (report, _) = gate(submission, checks, &policy, threads, false);
    let context = Context::new(&checks.rules, &policy);
    let formats = [Format::Sarif, Format::Json, Format::Text, Format::Github];
    let bytes = formats.map(|format| {
        let mut out = Vec::new();
        write(&report, &context, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    });
    bytes.into()
}

#[test]
fn threads_do_not_change_a_byte() {
    for submission in [generated::tree(64), generated::reply(generated::HOSTILE)] {
        let alone = written(&submission, &checks(), 1);
        assert!(alone[1].contains("command-injection"));
        for threads in [2, 8] {
            assert!(written(&submission, &checks(), threads) == alone, "{threads} threads");
        }
    }
}

#[test]
fn what_was_compiled_before_does_not_change_a_byte() {
    let (tree, reply) = (generated::tree(64), generated::reply(generated::HOSTILE));
    let fresh = written(&reply, &checks(), 1);
    // Everything compiled, and the redactor past the text from which it searches with a table.
    let used = checks();
    used.check().unwrap();
    written(&tree, &used, 1);
    written(&generated::reply(&"no secret here\n".repeat(100_000)), &used, 1);
    assert!(written(&reply, &used, 1) == fresh);
    assert!(written(&tree, &used, 2) == written(&tree, &checks(), 2));
}
