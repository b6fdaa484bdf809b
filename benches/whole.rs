//! How fast the whole gate is: a reply from nothing compiled, as in a fresh process, and a tree.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/generated/mod.rs"]
mod generated;

use weft::policy::Policy;
use weft::{Checks, built_in_rules, gate};

fn main() {
    divan::main();
}

#[divan::bench(max_time = 3)]
fn reply_from_nothing(bencher: divan::Bencher<'_, '_>) {
    let (submission, policy) = (generated::reply(generated::HOSTILE), Policy::default());
    bencher.bench(|| {
        let checks = Checks::new(built_in_rules(), None).unwrap();
        gate(&submission, &checks, &policy, 1, false).0.findings.len()
    });
}

#[divan::bench(max_time = 3)]
fn reply(bencher: divan::Bencher<'_, '_>) {
    let (submission, policy) = (generated::reply(generated::HOSTILE), Policy::default());
    let checks = Checks::new(built_in_rules(), None).unwrap();
    bencher.bench(|| gate(&submission, &checks, &policy, 1, false).0.findings.len());
}

#[divan::bench(args = [1, 2], max_time = 5)]
fn tree_of_400_files(bencher: divan::Bencher<'_, '_>, threads: usize) {
    let (submission, policy) = (generated::tree(400), Policy::default());
    let checks = Checks::new(built_in_rules(), None).unwrap();
    bencher.bench(|| gate(&submission, &checks, &policy, threads, false).0.findings.len());
}
