//! How fast secrets are found and masked: ordinary source, source full of near misses, and one long line.

#![allow(missing_docs, clippy::unwrap_used)]

use weft::artifact::{Action, Original, Role};
use weft::redact::Redactor;
use weft::rule::expand;

fn main() {
    divan::main();
}

/// Ordinary source with a secret every few hundred lines.
fn source(lines: usize) -> String {
    let token = expand("ghp_%{github}");
    let line = |number: usize| match number {
        number if number % 400 == 0 => format!("    api_token = \"{token}\"\n"),
        number if number % 7 == 0 => {
            format!("    value_{number} = compute(token, key={number})  # see https://docs.example/\n")
        }
        number => format!("    result_{number} = self.handler.process(request, item_{number})\n"),
    };
    (1..=lines).map(line).collect()
}

fn redact(bencher: divan::Bencher<'_, '_>, text: &str) {
    let redactor = Redactor::new(&weft::built_in_rules(), Some(b"bench")).unwrap();
    bencher
        .counter(divan::counter::BytesCount::of_str(text))
        .with_inputs(|| Original::new("a.py", Role::Code, Action::Create, text.as_bytes().to_vec()))
        .bench_values(|original| redactor.redact(original));
}

#[divan::bench(max_time = 2)]
fn compile_the_rules(bencher: divan::Bencher<'_, '_>) {
    let rules = weft::built_in_rules();
    bencher.bench(|| Redactor::new(&rules, None));
}

#[divan::bench(args = [200, 20_000], max_time = 2)]
fn ordinary_source(bencher: divan::Bencher<'_, '_>, lines: usize) {
    redact(bencher, &source(lines));
}

#[divan::bench(max_time = 2)]
fn near_misses(bencher: divan::Bencher<'_, '_>) {
    redact(bencher, &"key=token, secret: sk- ghp_ AKIA eyJ password = get() ://a@b ".repeat(5_000));
}

#[divan::bench(max_time = 2)]
fn one_long_line(bencher: divan::Bencher<'_, '_>) {
    redact(bencher, &source(20_000).replace('\n', ";"));
}

/// Tables of numbers: most of them begin like something personal and are not.
#[divan::bench(max_time = 2)]
fn tables_of_numbers(bencher: divan::Bencher<'_, '_>) {
    let row = |number: usize| {
        format!(
            "{number},{}.{:06},{:09},2024-01-{:02}\n",
            number * 7,
            number * 31 % 1_000_000,
            number * 104_729,
            number % 28 + 1
        )
    };
    redact(bencher, &(1..20_000).map(row).collect::<String>());
}
