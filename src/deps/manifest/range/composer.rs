//! Ranges of Composer: alternatives between bars, each of bounds between commas or spaces.

use std::cmp::Ordering;

use super::PARTS;
use crate::deps::version::{Ecosystem, compare};

/// Whether a range takes a version; `None` when either cannot be read, as a branch cannot.
pub(super) fn allows(range: &str, version: &str) -> Option<bool> {
    super::any(range, |part| {
        if let Some((from, to)) = part.split_once(" - ") {
            let above = match numbers(to)?.len() {
                3.. => order(version, to)?.is_le(),
                count => below(version, &next(&numbers(to)?, count.checked_sub(1)?)?)?,
            };
            return Some(order(version, from)?.is_ge() && above);
        }
        let mut all = true;
        // Spaces may stand behind an operator.
        let joined = joined(part);
        for bound in joined.split([',', ' ']).filter(|bound| !bound.is_empty()).take(PARTS) {
            all &= holds(bound, version)?;
        }
        Some(all)
    })
}

/// A part with no space behind its operators.
fn joined(part: &str) -> String {
    let mut joined = String::with_capacity(part.len());
    for character in part.chars() {
        let behind = joined.ends_with(['<', '>', '=', '~', '^', '!']);
        if !(character == ' ' && behind) {
            joined.push(character);
        }
    }
    joined
}

fn holds(bound: &str, version: &str) -> Option<bool> {
    if matches!(bound, "*" | "x") {
        return Some(true);
    }
    let end = bound.find(|c: char| !"<>=~^!".contains(c))?;
    let (operator, bound) = bound.split_at(end);
    if let Some(stem) = bound.strip_suffix(".*").or_else(|| bound.strip_suffix(".x")) {
        let numbers = numbers(stem)?;
        let inside =
            order(version, stem)?.is_ge() && below(version, &next(&numbers, numbers.len().checked_sub(1)?)?)?;
        return matches!(operator, "" | "=" | "==").then_some(inside);
    }
    let order = order(version, bound)?;
    Some(match operator {
        "" | "=" | "==" => order.is_eq(),
        "!=" | "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "~" => {
            let numbers = numbers(bound)?;
            order.is_ge() && below(version, &next(&numbers, numbers.len().saturating_sub(2))?)?
        }
        "^" => {
            let numbers = numbers(bound)?;
            let first = numbers.iter().position(|number| *number != 0);
            order.is_ge()
                && below(version, &next(&numbers, first.unwrap_or(numbers.len().saturating_sub(1)))?)?
        }
        _ => return None,
    })
}

/// The order of two versions. To Composer 1.5 is 1.5.0.0, to PHP it comes before that.
fn order(version: &str, bound: &str) -> Option<Ordering> {
    compare(Ecosystem::Packagist, &whole(version)?, &whole(bound)?)
}

/// A version with four numbers; `None` for a branch.
fn whole(version: &str) -> Option<String> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let end = version.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let more = ".0".repeat(4usize.saturating_sub(numbers.split('.').count()));
    (end > 0).then(|| format!("{numbers}{more}{rest}"))
}

/// The numbers of a version, up to what is none.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let release = version.trim().trim_start_matches('v').split(['-', '@', '+']).next().unwrap_or_default();
    release.split('.').map(|part| part.parse().ok()).collect()
}

/// The first version behind those with the same numbers up to the one at `kept`.
fn next(numbers: &[u64], kept: usize) -> Option<String> {
    let last = numbers.get(kept)?.checked_add(1)?;
    let before = numbers[..kept].iter().map(u64::to_string);
    Some(before.chain([last.to_string()]).collect::<Vec<_>>().join("."))
}

/// Whether a version is below another one, what comes before that one left out too.
fn below(version: &str, other: &str) -> Option<bool> {
    order(version, &format!("{other}-dev")).map(Ordering::is_lt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_composer() {
        // The examples of Composer's own documentation.
        for (range, takes, refuses) in [
            ("1.0.2", "1.0.2", "1.0.3"),
            (">=1.0 <2.0", "1.9.0", "2.0.0"),
            (">= 1.0,< 2.0", "v1.9.0", "2.0.0"),
            ("1.0 - 2.0", "2.0.9", "2.1.0"),
            ("1.0.0 - 2.1.0", "2.1.0", "2.1.1"),
            ("1.0.*", "1.0.9", "1.1.0"),
            ("~1.2", "1.9.0", "2.0.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~1", "1.9.0", "2.0.0"),
            ("^1.2.3", "1.9.0", "2.0.0"),
            ("^0.3", "0.3.9", "0.4.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^1.0 || ^3.0", "3.1.0", "2.0.0"),
            ("^1.0|^3.0", "3.1.0", "2.0.0"),
            ("!=1.5 ^1.0", "1.4.0", "1.5.0"),
        ] {
            assert_eq!(allows(range, takes), Some(true), "{range} takes {takes}");
            assert_eq!(allows(range, refuses), Some(false), "{range} refuses {refuses}");
        }
        assert_eq!(
            (allows("*", "1.0"), allows("what", "1.0"), allows("^x", "1.0")),
            (Some(true), None, None)
        );
    }
}
