//! How fast replies and diffs are read.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/generated/mod.rs"]
mod generated;

use weft::ingest;

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 100], max_time = 2)]
fn replies_in_one(bencher: divan::Bencher<'_, '_>, times: usize) {
    let text = generated::HOSTILE.repeat(times);
    let submission = generated::reply(&text);
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| ingest::read(&submission.entries[0], &u64::MAX).unwrap().fences.len());
}

#[divan::bench(args = [10, 1000], max_time = 2)]
fn files_of_a_diff(bencher: divan::Bencher<'_, '_>, files: usize) {
    let file = |number: usize| {
        format!(
            "diff --git a/f{number}.py b/f{number}.py\n--- a/f{number}.py\n+++ b/f{number}.py\n@@ -1,3 +1,4 @@\n one\n+two = {number}\n three\n four\n"
        )
    };
    let text: String = (0..files).map(file).collect();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| ingest::patch(text.as_bytes(), "a.diff", None).entries.len());
}
