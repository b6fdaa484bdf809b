//! The order of versions in each ecosystem, and when a version is affected.

mod gem;
mod legacy;
mod maven;
mod nuget;
mod number;
mod packagist;
mod semantic;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr as _;

use gem::Gem;
use legacy::Legacy;
use maven::Maven;
use packagist::Packagist;
use semantic::Semantic;
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
    /// Ruby.
    RubyGems,
    /// PHP.
    Packagist,
    /// Java.
    Maven,
    /// .NET.
    NuGet,
}

impl Ecosystem {
    /// All of them, in the order of the database.
    pub const ALL: [Ecosystem; 8] = [
        Ecosystem::Cargo,
        Ecosystem::PyPi,
        Ecosystem::Npm,
        Ecosystem::Go,
        Ecosystem::RubyGems,
        Ecosystem::Packagist,
        Ecosystem::Maven,
        Ecosystem::NuGet,
    ];

    /// OSV's name: "crates.io", "PyPI", "npm", "Go", "RubyGems", "Packagist", "Maven", "NuGet".
    pub fn name(self) -> &'static str {
        match self {
            Ecosystem::Cargo => "crates.io",
            Ecosystem::PyPi => "PyPI",
            Ecosystem::Npm => "npm",
            Ecosystem::Go => "Go",
            Ecosystem::RubyGems => "RubyGems",
            Ecosystem::Packagist => "Packagist",
            Ecosystem::Maven => "Maven",
            Ecosystem::NuGet => "NuGet",
        }
    }

    /// Whether the built-in data has its advisories.
    pub fn built_in(self) -> bool {
        matches!(self, Ecosystem::Cargo | Ecosystem::PyPi | Ecosystem::Npm | Ecosystem::Go)
    }

    /// The ecosystem of OSV's name.
    pub fn of(name: &str) -> Option<Self> {
        Ecosystem::ALL.into_iter().find(|ecosystem| ecosystem.name() == name)
    }

    /// The name under which the database keeps a package: PEP 503 for Python, small letters where case does not count, as
    /// written elsewhere.
    pub(super) fn key(self, name: &str) -> String {
        match self {
            Ecosystem::PyPi => {}
            Ecosystem::Packagist | Ecosystem::NuGet => return name.to_lowercase(),
            _ => return name.to_owned(),
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
    Semantic(Semantic),
    /// PEP 440.
    Python(pep440_rs::Version),
    /// From before PEP 440.
    Legacy(Legacy),
    /// As RubyGems orders them.
    Gem(Gem),
    /// As PHP orders them.
    Packagist(Packagist),
    /// As Maven orders them.
    Maven(Maven),
}

impl Version {
    /// Reads `text` as its ecosystem does; `None` when it has no place in the order.
    pub(super) fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        match ecosystem {
            Ecosystem::PyPi => match pep440_rs::Version::from_str(text.trim()) {
                Ok(version) => Some(Version::Python(version)),
                Err(_) => Legacy::parse(text).map(Version::Legacy),
            },
            Ecosystem::Cargo | Ecosystem::Npm | Ecosystem::Go => Semantic::parse(text).map(Version::Semantic),
            Ecosystem::RubyGems => Gem::parse(text).map(Version::Gem),
            Ecosystem::Packagist => Packagist::parse(text).map(Version::Packagist),
            Ecosystem::Maven => Some(Version::Maven(Maven::parse(text))),
            Ecosystem::NuGet => nuget::parse(text).map(Version::Semantic),
        }
    }

    /// The order of two versions of one ecosystem; those of different ones have none.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Version::Semantic(one), Version::Semantic(other)) => one.order(other),
            (Version::Python(one), Version::Python(other)) => one.cmp(other),
            (Version::Legacy(one), Version::Legacy(other)) => one.cmp(other),
            (Version::Legacy(_), Version::Python(_)) => Ordering::Less,
            (Version::Python(_), Version::Legacy(_)) => Ordering::Greater,
            (Version::Gem(one), Version::Gem(other)) => one.order(other),
            (Version::Packagist(one), Version::Packagist(other)) => one.order(other),
            (Version::Maven(one), Version::Maven(other)) => one.order(other),
            _ => Ordering::Equal,
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

/// The order of two versions of an ecosystem; `None` when one of them has no place in it.
pub fn compare(ecosystem: Ecosystem, one: &str, other: &str) -> Option<Ordering> {
    Some(Version::parse(ecosystem, one)?.compare(&Version::parse(ecosystem, other)?))
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
mod tests;
