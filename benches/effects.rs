//! How fast it is told where a reply would write and what it would make run.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/generated/mod.rs"]
mod generated;

use weft::redact::Redactor;
use weft::rule::RuleSet;
use weft::{built_in_rules, effects, ingest};

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 100], max_time = 2)]
fn replies_in_one(bencher: divan::Bencher<'_, '_>, times: usize) {
    let text = generated::HOSTILE.repeat(times);
    let original = ingest::read(&generated::reply(&text).entries[0], &u64::MAX).unwrap();
    let document = Redactor::new(&RuleSet::default(), None).unwrap().redact(original).document;
    let rules = built_in_rules();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| effects::inspect(&document, &[], &rules).len());
}
