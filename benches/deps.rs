//! How fast lockfiles of 10,000 packages are read and looked up, and how fast the built-in facts open.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;

use weft::artifact::{Action, Original, Role};
use weft::built_in_rules;
use weft::deps::Dependencies;
use weft::deps::database::Database;
use weft::redact::{Redacted, Redactor};

const PACKAGES: usize = 10_000;
const LOCK: &str = include_str!("../fixtures/deps/Cargo.lock");

fn main() {
    divan::main();
}

#[divan::bench(max_time = 2)]
fn open_the_facts(bencher: divan::Bencher<'_, '_>) {
    let file = include_bytes!("../src/deps/data/advisories.bin");
    bencher.bench(|| Database::open(file.to_vec()).unwrap().status());
}

#[divan::bench(args = ["Cargo.lock", "package-lock.json", "requirements.txt"], max_time = 2)]
fn ten_thousand_packages(bencher: divan::Bencher<'_, '_>, name: &str) {
    let document = document(name);
    let dependencies = Dependencies::new(&built_in_rules()).unwrap();
    bencher.bench(|| dependencies.facts(&document).findings.len());
}

/// A lockfile of many packages; one in a hundred has advisories.
fn document(name: &str) -> Redacted {
    let source = LOCK.lines().find(|line| line.starts_with("source")).unwrap();
    let mut text = String::new();
    for index in 0..PACKAGES {
        let package = if index % 100 == 0 { "regex".to_owned() } else { format!("package-{index:05}") };
        let version = format!("1.{index}.0-alpha");
        let _ = match name {
            "Cargo.lock" => write!(
                text,
                "[[package]]\nname = \"{package}\"\nversion = \"{version}\"\n{source}\nchecksum = \"{index:064x}\"\n\
                 dependencies = [\n \"other\",\n]\n\n"
            ),
            "package-lock.json" => write!(
                text,
                "\n\"node_modules/{package}\": {{\"version\": \"{version}\", \"license\": \"MIT\", \"resolved\": \
                 \"https://registry.example/{package}/-/{package}-{version}.tgz\"}},"
            ),
            _ => writeln!(text, "{package}=={index}.0 --hash=sha256:{index:064x}"),
        };
    }
    if name.ends_with("json") {
        text = format!("{{\"lockfileVersion\": 3, \"packages\": {{{}}}}}", text.trim_end_matches(','));
    }
    let original = Original::new(name, Role::Code, Action::Inspect, text.into_bytes());
    Redactor::new(&built_in_rules(), None).unwrap().redact(original).document
}
