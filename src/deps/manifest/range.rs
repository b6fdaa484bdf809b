//! Whether a range takes a version, as each ecosystem reads ranges.

use std::cmp::Ordering;
use std::str::FromStr as _;

use pep440_rs::{Operator, VersionPattern, VersionSpecifier, VersionSpecifiers};

use crate::deps::version::{Ecosystem, compare};

mod composer;
mod node;

/// The most alternatives and bounds of one range that are looked at.
const PARTS: usize = 64;

/// Whether a range takes a version; `None` when either cannot be read. An empty range takes all: see
/// [`super::Requirement::range`] for who has none.
pub(in crate::deps) fn allows(ecosystem: Ecosystem, range: &str, version: &str) -> Option<bool> {
    match ecosystem {
        Ecosystem::Cargo => {
            let version = semver::Version::parse(version).ok()?;
            let range = if range.is_empty() { "*" } else { range };
            Some(semver::VersionReq::parse(range).ok()?.matches(&version))
        }
        Ecosystem::Npm => node::allows(range, version),
        Ecosystem::PyPi => python(range, version),
        Ecosystem::RubyGems => gem(range, version),
        Ecosystem::Packagist => composer::allows(range, version),
        _ => None,
    }
}

/// The one version that a range takes, as it is written; `None` when it takes others, too.
pub(in crate::deps) fn exact(ecosystem: Ecosystem, range: &str) -> Option<&str> {
    let range = range.trim();
    let version = match ecosystem {
        Ecosystem::Cargo => {
            let version = range.strip_prefix('=')?.trim();
            return semver::Version::parse(version).is_ok().then_some(version);
        }
        Ecosystem::Npm | Ecosystem::RubyGems | Ecosystem::Packagist => {
            let version = range.trim_start_matches('=').trim_start().trim_start_matches(['v', 'V']);
            // Three numbers are what all of them take for one version.
            return semver::Version::parse(version).is_ok().then_some(version);
        }
        Ecosystem::PyPi => {
            let pinned = range.strip_prefix("===").or_else(|| range.strip_prefix("=="));
            // Poetry takes a version alone for exactly that one.
            pinned.or_else(|| range.starts_with(|c: char| c.is_ascii_digit()).then_some(range))?.trim()
        }
        Ecosystem::Go | Ecosystem::Maven | Ecosystem::NuGet => return None,
    };
    pep440_rs::Version::from_str(version).is_ok().then_some(version)
}

/// Whether a range sets no bound: any version will do, today's and tomorrow's.
pub(in crate::deps) fn boundless(ecosystem: Ecosystem, range: &str) -> bool {
    let npm = ["", "x", "X", "latest", "next", ">=0", ">=0.0.0"];
    let range = range.trim();
    range == "*" || (ecosystem == Ecosystem::Npm && npm.contains(&range))
}

/// PEP 440, and what Poetry and Pipenv write beside it: `^1`, `~1`, `1.2`, `*`, `1 || 2`.
fn python(range: &str, version: &str) -> Option<bool> {
    let version = pep440_rs::Version::from_str(version).ok()?;
    if let Ok(specifiers) = VersionSpecifiers::from_str(range) {
        return Some(specifiers.contains(&version));
    }
    any(range, |part| {
        let mut all = true;
        for bound in part.split(',').map(str::trim).filter(|bound| !bound.is_empty()).take(PARTS) {
            all &= python_bound(bound, &version)?;
        }
        Some(all)
    })
}

/// Whether one of the alternatives of a range holds. A range that cannot be read as a whole is not read at all.
fn any(range: &str, holds: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    let mut found = false;
    for (count, part) in range.split("||").flat_map(|part| part.split('|')).enumerate() {
        if count >= PARTS {
            return None;
        }
        found |= holds(part.trim())?;
    }
    Some(found)
}

fn python_bound(bound: &str, version: &pep440_rs::Version) -> Option<bool> {
    if matches!(bound, "*" | "") {
        return Some(true);
    }
    let caret = bound.strip_prefix('^');
    let tilde = bound.strip_prefix('~').filter(|rest| !rest.starts_with('='));
    if let Some(lowest) = caret.or(tilde) {
        let lowest = pep440_rs::Version::from_str(lowest.trim()).ok()?;
        let release = lowest.release();
        // The number that may not change: of `^` the first that is not zero, of `~` the second.
        let kept = if caret.is_some() {
            release.iter().position(|number| *number != 0).unwrap_or(release.len().saturating_sub(1))
        } else {
            release.len().saturating_sub(1).min(1)
        };
        let mut above: Vec<u64> = release.iter().take(kept + 1).copied().collect();
        *above.last_mut()? = above.last()?.checked_add(1)?;
        return Some(*version >= lowest && version.only_release() < pep440_rs::Version::new(above));
    }
    if bound.starts_with(|c: char| c.is_ascii_digit()) {
        let pattern = VersionPattern::from_str(bound).ok()?;
        return Some(VersionSpecifier::from_pattern(Operator::Equal, pattern).ok()?.contains(version));
    }
    Some(VersionSpecifier::from_str(bound).ok()?.contains(version))
}

/// RubyGems: `~> 1.2.3`, `>= 1`, `!= 2`, between commas.
fn gem(range: &str, version: &str) -> Option<bool> {
    let order = |bound: &str| compare(Ecosystem::RubyGems, version, bound);
    let mut all = true;
    for bound in range.split(',').map(str::trim).filter(|bound| !bound.is_empty()).take(PARTS) {
        let end = bound.find(|c: char| !"~<>=! ".contains(c))?;
        let (operator, bound) = (bound[..end].trim(), bound[end..].trim());
        let order = order(bound)?;
        all &= match operator {
            "" | "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            "~>" => order.is_ge() && below_next(bound, version)?,
            _ => return None,
        };
    }
    Some(all)
}

/// Whether a version is below the next one of all but the last number of `bound`: 1.3 for 1.2.3, and 2 for 1.2.
fn below_next(bound: &str, version: &str) -> Option<bool> {
    let numbers: Vec<&str> =
        bound.split('.').take_while(|part| part.bytes().all(|b| b.is_ascii_digit())).collect();
    let kept = &numbers[..numbers.len().saturating_sub(1).max(1).min(numbers.len())];
    let (last, before) = kept.split_last()?;
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    let next =
        before.iter().map(|part| (*part).to_owned()).chain([next.to_string()]).collect::<Vec<_>>().join(".");
    compare(Ecosystem::RubyGems, version, &next).map(Ordering::is_lt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(ecosystem: Ecosystem, range: &str, takes: &[&str], refuses: &[&str]) {
        for version in takes {
            assert_eq!(allows(ecosystem, range, version), Some(true), "{range} takes {version}");
        }
        for version in refuses {
            assert_eq!(allows(ecosystem, range, version), Some(false), "{range} refuses {version}");
        }
    }

    #[test]
    fn ranges_of_cargo() {
        check(Ecosystem::Cargo, "1.5", &["1.5.0", "1.9.9"], &["2.0.0", "1.4.9", "1.5.0-rc.1"]);
        check(Ecosystem::Cargo, "=1.5.4", &["1.5.4"], &["1.5.5"]);
        check(Ecosystem::Cargo, ">=0.2, <0.4", &["0.3.9"], &["0.4.0"]);
        assert_eq!(allows(Ecosystem::Cargo, "what", "1.0.0"), None);
        assert_eq!(allows(Ecosystem::Cargo, "1", "1.0"), None);
    }

    #[test]
    fn ranges_of_pep_440() {
        check(Ecosystem::PyPi, ">=1.2,<2", &["1.2", "1.9"], &["2.0", "1.1"]);
        check(Ecosystem::PyPi, "~=2.2", &["2.2", "2.9"], &["3.0", "2.1"]);
        check(Ecosystem::PyPi, "==1.4.*", &["1.4.0", "1.4.9"], &["1.5"]);
        check(Ecosystem::PyPi, "!=1.5", &["1.6"], &["1.5.0"]);
        check(Ecosystem::PyPi, "", &["1.6"], &[]);
        assert_eq!(allows(Ecosystem::PyPi, ">=what", "1.0"), None);
    }

    #[test]
    fn ranges_of_poetry() {
        // The examples of Poetry's own documentation.
        for (range, lowest, below, above) in [
            ("^1.2.3", "1.2.3", "1.99", "2.0.0"),
            ("^1", "1.0.0", "1.99", "2.0.0"),
            ("^0.2.3", "0.2.3", "0.2.99", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.3.1", "0.0.4"),
            ("^0.0", "0.0.0", "0.0.99", "0.1.0"),
            ("^0", "0.0.0", "0.99", "1.0.0"),
            ("~1.2.3", "1.2.3", "1.2.99", "1.3.0"),
            ("~1.2", "1.2.0", "1.2.99", "1.3.0"),
            ("~1", "1.0.0", "1.99", "2.0.0"),
            ("1.2.*", "1.2.0", "1.2.99", "1.3.0"),
        ] {
            check(Ecosystem::PyPi, range, &[lowest, below], &[above]);
        }
        check(Ecosystem::PyPi, "*", &["0.1", "99"], &[]);
        check(Ecosystem::PyPi, "1.2.3", &["1.2.3"], &["1.2.4"]);
        check(Ecosystem::PyPi, "^1.0 || ^3.0", &["1.5", "3.5"], &["2.0"]);
        check(Ecosystem::PyPi, "^1.0, !=1.5", &["1.4"], &["1.5", "2.0"]);
    }

    #[test]
    fn ranges_of_gems() {
        check(Ecosystem::RubyGems, "~> 1.2.3", &["1.2.3", "1.2.99"], &["1.3.0", "1.2.2"]);
        check(Ecosystem::RubyGems, "~> 1.2", &["1.2", "1.9"], &["2.0"]);
        check(Ecosystem::RubyGems, "~> 1", &["1.0", "1.9"], &["2.0"]);
        check(Ecosystem::RubyGems, ">= 1, < 3, != 2.0", &["2.1"], &["2.0", "3"]);
        assert_eq!(allows(Ecosystem::RubyGems, "=> 1", "1"), None);
        assert_eq!(allows(Ecosystem::Go, "v1", "v1"), None);
    }

    #[test]
    fn exact_and_boundless_ranges() {
        for (ecosystem, range, expected) in [
            (Ecosystem::Npm, "4.17.10", Some("4.17.10")),
            (Ecosystem::Npm, "=v4.17.10", Some("4.17.10")),
            (Ecosystem::Npm, "4.17", None),
            (Ecosystem::Npm, "^4.17.10", None),
            (Ecosystem::PyPi, "==2.4.1", Some("2.4.1")),
            (Ecosystem::PyPi, "==2.4.*", None),
            (Ecosystem::PyPi, "==2.4,<3", None),
            (Ecosystem::PyPi, "2.4.1", Some("2.4.1")),
            (Ecosystem::Cargo, "=1.5.4", Some("1.5.4")),
            (Ecosystem::Cargo, "1.5.4", None),
            (Ecosystem::Cargo, "=1.5", None),
        ] {
            assert_eq!(exact(ecosystem, range), expected, "{range}");
        }
        assert!(boundless(Ecosystem::Npm, "latest") && boundless(Ecosystem::Cargo, "*"));
        assert!(!boundless(Ecosystem::PyPi, "") && !boundless(Ecosystem::Npm, "^1"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(range in r"[\^~<>=!*|,x. 0-9a-]{0,24}", version in "[0-9.a-]{0,12}") {
            for ecosystem in Ecosystem::ALL {
                let _ = (allows(ecosystem, &range, &version), exact(ecosystem, &range));
            }
        }

        #[test]
        fn an_exact_range_takes_that_version_alone(a in 0u64..9, b in 0u64..9, c in 0u64..9) {
            let (version, next) = (format!("{a}.{b}.{c}"), format!("{a}.{b}.{}", c + 1));
            for (ecosystem, range) in [
                (Ecosystem::Npm, version.clone()),
                (Ecosystem::Cargo, format!("={version}")),
                (Ecosystem::PyPi, format!("=={version}")),
            ] {
                prop_assert_eq!(exact(ecosystem, &range), Some(version.as_str()));
                prop_assert_eq!(allows(ecosystem, &range, &version), Some(true));
                prop_assert_eq!(allows(ecosystem, &range, &next), Some(false));
            }
        }

        // Cargo and npm mean the same by a caret and a tilde in front of a whole version.
        #[test]
        fn npm_and_cargo_agree(
            sign in r"[\^~]", lowest in prop::array::uniform3(0u64..4), version in prop::array::uniform3(0u64..4),
        ) {
            let text = |numbers: [u64; 3]| numbers.map(|number| number.to_string()).join(".");
            let (range, version) = (format!("{sign}{}", text(lowest)), text(version));
            prop_assert_eq!(
                allows(Ecosystem::Npm, &range, &version), allows(Ecosystem::Cargo, &range, &version)
            );
        }

        // Poetry's caret is the one of Cargo, too.
        #[test]
        fn poetry_and_cargo_agree(lowest in prop::array::uniform3(0u64..4), version in prop::array::uniform3(0u64..4)) {
            let text = |numbers: [u64; 3]| numbers.map(|number| number.to_string()).join(".");
            let (range, version) = (format!("^{}", text(lowest)), text(version));
            prop_assert_eq!(
                allows(Ecosystem::PyPi, &range, &version), allows(Ecosystem::Cargo, &range, &version)
            );
        }
    }
}
