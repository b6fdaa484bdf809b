//! The order of versions in each ecosystem, and when a version is affected.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr as _;

use serde::{Deserialize, Serialize};

/// Where a package comes from; decides how names and versions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ecosystem {
    /// Rust.
    Cargo,
    /// Python.
    PyPi,
    /// JavaScript.
    Npm,
    /// Go.
    Go,
}

impl Ecosystem {
    /// All of them, in the order of the database.
    pub const ALL: [Ecosystem; 4] = [Ecosystem::Cargo, Ecosystem::PyPi, Ecosystem::Npm, Ecosystem::Go];

    /// OSV's name: "crates.io", "PyPI", "npm", "Go".
    pub fn name(self) -> &'static str {
        match self {
            Ecosystem::Cargo => "crates.io",
            Ecosystem::PyPi => "PyPI",
            Ecosystem::Npm => "npm",
            Ecosystem::Go => "Go",
        }
    }

    /// The ecosystem of OSV's name.
    pub fn of(name: &str) -> Option<Self> {
        Ecosystem::ALL.into_iter().find(|ecosystem| ecosystem.name() == name)
    }

    /// The name under which the database keeps a package: PEP 503 for Python, as written elsewhere.
    pub(super) fn key(self, name: &str) -> String {
        if self != Ecosystem::PyPi {
            return name.to_owned();
        }
        let mut key = String::with_capacity(name.len());
        for character in name.chars() {
            match character {
                '-' | '_' | '.' if key.ends_with('-') => {}
                '-' | '_' | '.' => key.push('-'),
                _ => key.extend(character.to_lowercase()),
            }
        }
        key
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A version that can be ordered among its ecosystem's.
#[derive(Debug, Clone)]
pub(super) enum Version {
    /// Semantic versioning, build metadata ignored.
    Semantic(semver::Version),
    /// PEP 440.
    Python(pep440_rs::Version),
}

impl Version {
    /// Reads `text` as its ecosystem does; `None` when it has no place in the order.
    pub(super) fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        match ecosystem {
            Ecosystem::PyPi => pep440_rs::Version::from_str(text.trim()).ok().map(Version::Python),
            Ecosystem::Cargo | Ecosystem::Npm | Ecosystem::Go => semantic(text).map(Version::Semantic),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Version::Semantic(one), Version::Semantic(other)) => one.cmp_precedence(other),
            (Version::Python(one), Version::Python(other)) => one.cmp(other),
            (Version::Semantic(_), Version::Python(_)) => Ordering::Less,
            (Version::Python(_), Version::Semantic(_)) => Ordering::Greater,
        }
    }

    /// Without a Python local label: `1.0+cu118` is a build of 1.0.
    fn public(&self) -> Self {
        match self {
            Version::Python(version) if version.is_local() => {
                Version::Python(version.clone().without_local())
            }
            _ => self.clone(),
        }
    }
}

/// The order of two version texts; one without a place in it comes last.
pub(super) fn order(ecosystem: Ecosystem, one: &str, other: &str) -> Ordering {
    match (Version::parse(ecosystem, one), Version::parse(ecosystem, other)) {
        (Some(one), Some(other)) => one.compare(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

/// Semantic versioning as registries and advisories write it: a leading `v`, missing parts.
fn semantic(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches(['v', 'V', '=']).trim_start();
    if let Ok(version) = semver::Version::parse(text) {
        return Some(version);
    }
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(core_end);
    let mut numbers = [0u64; 3];
    for (index, part) in core.split('.').enumerate() {
        *numbers.get_mut(index)? = part.parse().ok()?;
    }
    semver::Version::parse(&format!("{}.{}.{}{rest}", numbers[0], numbers[1], numbers[2])).ok()
}

/// One point of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    /// Affected from here on; "0" is before every version.
    Introduced(String),
    /// Not affected from here on.
    Fixed(String),
    /// Not affected after this.
    LastAffected(String),
    /// The range says nothing from here on.
    Limit(String),
}

impl Event {
    fn version(&self) -> &str {
        match self {
            Event::Introduced(text) | Event::Fixed(text) | Event::LastAffected(text) | Event::Limit(text) => {
                text
            }
        }
    }
}

/// Sorts the events of one range by version; events at one version keep their order. Events whose version has no place
/// in the order come first, so that a walk meets them.
pub(super) fn sort(ecosystem: Ecosystem, events: &mut [Event]) {
    events.sort_by_cached_key(|event| Place(bound(ecosystem, event.version())));
}

/// A version of a range: `Some(None)` is "before everything", `None` has no place in the order.
fn bound(ecosystem: Ecosystem, text: &str) -> Option<Option<Version>> {
    if text == "0" { Some(None) } else { Version::parse(ecosystem, text).map(Some) }
}

struct Place(Option<Option<Version>>);

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(Some(one)), Some(Some(other))) => one.compare(other),
            (one, other) => {
                let rank = |place: &Option<Option<Version>>| match place {
                    None => 0,
                    Some(None) => 1,
                    Some(Some(_)) => 2,
                };
                rank(one).cmp(&rank(other))
            }
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

/// Whether a version is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affected {
    /// Listed, or in a range.
    Yes,
    /// Neither.
    No,
    /// Not listed, and a version cannot be placed in the order.
    Unsure,
}

/// OSV's rule: affected when `versions` lists it (with the equality of the ecosystem) or any one of `ranges`, each sorted
/// by [`sort`], holds it.
pub(super) fn affected(
    ecosystem: Ecosystem,
    version: &str,
    ranges: &[Vec<Event>],
    versions: &[String],
) -> Affected {
    let parsed = Version::parse(ecosystem, version);
    let public = parsed.as_ref().map(Version::public);
    let listed = versions.iter().any(|listed| match (&public, Version::parse(ecosystem, listed)) {
        (Some(version), Some(listed)) => version.compare(&listed.public()) == Ordering::Equal,
        _ => version.trim() == listed.trim(),
    });
    if listed {
        return Affected::Yes;
    }
    let (Some(parsed), Some(public)) = (parsed, public) else {
        return if ranges.is_empty() { Affected::No } else { Affected::Unsure };
    };
    ranges.iter().map(|events| within(ecosystem, &parsed, &public, events)).fold(Affected::No, |all, one| {
        match (all, one) {
            (Affected::Yes, _) | (_, Affected::Yes) => Affected::Yes,
            (Affected::Unsure, _) | (_, Affected::Unsure) => Affected::Unsure,
            _ => Affected::No,
        }
    })
}

fn within(ecosystem: Ecosystem, version: &Version, public: &Version, events: &[Event]) -> Affected {
    let mut inside = false;
    let (mut limited, mut below_limit) = (false, false);
    for event in events {
        let Some(place) = bound(ecosystem, event.version()) else { return Affected::Unsure };
        let order =
            |version: &Version| place.as_ref().map_or(Ordering::Greater, |bound| version.compare(bound));
        match event {
            Event::Introduced(_) if order(version).is_ge() => inside = true,
            Event::Fixed(_) if order(version).is_ge() => inside = false,
            // A local build of the last affected version is that version.
            Event::LastAffected(_) if order(public).is_gt() => inside = false,
            Event::Limit(_) => {
                limited = true;
                below_limit |= order(version).is_lt();
            }
            _ => {}
        }
    }
    if inside && (!limited || below_limit) { Affected::Yes } else { Affected::No }
}

/// The versions above `version` that fix it, lowest first, each once.
pub(super) fn fixes(ecosystem: Ecosystem, version: &str, ranges: &[Vec<Event>]) -> Vec<String> {
    let Some(current) = Version::parse(ecosystem, version) else { return Vec::new() };
    let mut found: Vec<(Version, String)> = ranges
        .iter()
        .flatten()
        .filter_map(|event| match event {
            Event::Fixed(text) => Some((Version::parse(ecosystem, text)?, text.clone())),
            _ => None,
        })
        .filter(|(fixed, _)| fixed.compare(&current).is_gt())
        .collect();
    found.sort_by(|one, other| one.0.compare(&other.0).then_with(|| one.1.cmp(&other.1)));
    found.dedup_by(|one, other| one.0.compare(&other.0).is_eq());
    found.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(ecosystem: Ecosystem, text: &str) -> Vec<Event> {
        let mut events: Vec<Event> = text
            .split_whitespace()
            .map(|word| {
                let (kind, version) = word.split_once(':').unwrap();
                let version = version.to_owned();
                match kind {
                    "in" => Event::Introduced(version),
                    "fix" => Event::Fixed(version),
                    "last" => Event::LastAffected(version),
                    _ => Event::Limit(version),
                }
            })
            .collect();
        sort(ecosystem, &mut events);
        events
    }

    fn check(ecosystem: Ecosystem, version: &str, events: &str) -> Affected {
        affected(ecosystem, version, &[range(ecosystem, events)], &[])
    }

    #[test]
    fn a_walk_over_sorted_events_decides() {
        use Affected::{No, Yes};
        for (version, events, expected) in [
            ("1.0.0", "in:0 fix:1.0.0", No),
            ("0.9.9", "in:0 fix:1.0.0", Yes),
            ("1.0.0-rc.1", "in:0 fix:1.0.0", Yes),
            ("1.5.0", "fix:2.0.0 in:1.2.0 fix:1.0.0 in:0", Yes),
            ("1.1.0", "fix:2.0.0 in:1.2.0 fix:1.0.0 in:0", No),
            ("1.0.0", "in:0 last:1.0.0", Yes),
            ("1.0.1", "in:0 last:1.0.0", No),
            ("1.0.0+build.7", "in:1.0.0 fix:1.0.1", Yes),
            ("3.0.0", "in:0 limit:2.0.0", No),
            ("1.9.0", "in:0 limit:2.0.0", Yes),
            ("v1.9", "in:1.9.0 fix:1.9.1", Yes),
        ] {
            assert_eq!(check(Ecosystem::Cargo, version, events), expected, "{version} in {events}");
        }
    }

    #[test]
    fn python_versions_are_equal_as_pep_440_has_it() {
        let listed = |version: &str| affected(Ecosystem::PyPi, version, &[], &["3.2".into(), "2004d".into()]);
        assert_eq!(listed("3.2.0"), Affected::Yes);
        assert_eq!(listed("3.2+local.1"), Affected::Yes);
        assert_eq!(listed("2004d"), Affected::Yes);
        assert_eq!(listed("3.2.1"), Affected::No);
        assert_eq!(check(Ecosystem::PyPi, "1.0+cu118", "in:0 last:1.0"), Affected::Yes);
        assert_eq!(check(Ecosystem::PyPi, "1.0.post1", "in:0 last:1.0"), Affected::No);
        assert_eq!(check(Ecosystem::PyPi, "1.0rc1", "in:0 fix:1.0"), Affected::Yes);
    }

    #[test]
    fn what_cannot_be_ordered_is_unsure_never_clean() {
        assert_eq!(check(Ecosystem::Cargo, "not-a-version", "in:0 fix:1.0.0"), Affected::Unsure);
        assert_eq!(check(Ecosystem::Npm, "1.0.0", "in:0 fix:someday"), Affected::Unsure);
        let two = [range(Ecosystem::Npm, "in:0 fix:someday"), range(Ecosystem::Npm, "in:0 fix:2.0.0")];
        assert_eq!(affected(Ecosystem::Npm, "1.0.0", &two, &[]), Affected::Yes);
    }

    #[test]
    fn fixes_are_those_above_in_order() {
        let ranges = [range(Ecosystem::Npm, "in:0 fix:1.2.0 in:2.0.0 fix:2.10.0 in:3.0.0 fix:3.1.0")];
        assert_eq!(fixes(Ecosystem::Npm, "2.3.0", &ranges), ["2.10.0", "3.1.0"]);
        assert!(fixes(Ecosystem::Npm, "4.0.0", &ranges).is_empty());
    }

    #[test]
    fn python_names_are_normalised() {
        assert_eq!(Ecosystem::PyPi.key("Foo__Bar.-baz"), "foo-bar-baz");
        assert_eq!(Ecosystem::Cargo.key("Foo_bar"), "Foo_bar");
    }
}
