//! Holds version orders against a list of comparisons: `cargo run --example version-order -- PyPI FILE..`.
//!
//! A line of FILE is `1.0 < 1.1`, with `<`, `=` or `>`; empty lines and those that begin with `//` are passed over. Prints
//! each line that is ordered otherwise, then how many there were.

use std::cmp::Ordering;
use std::process::ExitCode;

use weft::deps::{Ecosystem, compare};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(ecosystem) = arguments.next().and_then(|name| Ecosystem::of(&name)) else {
        eprintln!(
            "give an ecosystem (crates.io, PyPI, npm, Go, RubyGems, Packagist, Maven, NuGet) and files"
        );
        return ExitCode::from(2);
    };
    let (mut all, mut wrong) = (0, 0);
    for path in arguments {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::from(2);
            }
        };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
            let words: Vec<&str> = line.split(' ').collect();
            let [one, sign, other] = words[..] else { continue };
            let expected = match sign {
                "<" => Ordering::Less,
                ">" => Ordering::Greater,
                _ => Ordering::Equal,
            };
            let found = compare(ecosystem, one, other);
            all += 1;
            if found != Some(expected) {
                wrong += 1;
                println!("{path}: {line}: {found:?}");
            }
        }
    }
    println!("{all} comparisons, {wrong} ordered otherwise");
    ExitCode::from(u8::from(wrong > 0))
}
