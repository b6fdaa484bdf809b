//! What RustSec's own code decides: which packages its advisories are about, and how bad a CVSS vector is. The only file
//! that names `rustsec`.

use std::path::Path;

use rustsec::SourceId;

use super::osv::{
    AffectedPackage, Affects, EcosystemSpecific, Package, PackageSpecific, Range, RangeEvent, Record, Score,
};
use super::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Severity;

/// Whether a `source` of Cargo.lock is the default registry (its git or its sparse index); `None` when it is no source.
/// Advisories are about its packages only: a git or path package of the same name is other code.
pub(super) fn is_default_registry(source: &str) -> Option<bool> {
    let default = |source: &str| SourceId::from_url(source).ok().map(|source| source.is_default_registry());
    // Cargo takes an address with a slash or `.git` at its end, or in capitals, for the same one.
    let canonical = source.trim_end_matches('/');
    let canonical = canonical.strip_suffix(".git").unwrap_or(canonical).to_ascii_lowercase();
    Some(default(source)? || default(&canonical) == Some(true))
}

/// The severity of a CVSS vector (2.0, 3.0, 3.1, 4.0); `None` for anything else.
pub(super) fn severity(vector: &str) -> Option<Severity> {
    let vector = vector.trim();
    if !vector.starts_with("CVSS:") {
        return second(vector);
    }
    let vector: cvss::Cvss = vector.parse().ok()?;
    Some(match vector.severity() {
        rustsec::advisory::Severity::None | rustsec::advisory::Severity::Low => Severity::Low,
        rustsec::advisory::Severity::Medium => Severity::Medium,
        rustsec::advisory::Severity::High => Severity::High,
        rustsec::advisory::Severity::Critical => Severity::Critical,
    })
}

/// The records of a checkout of RustSec's advisory database, as its own code reads it. Errors name the checkout.
pub(super) fn checkout(path: &Path) -> Result<Vec<Record>> {
    let database = rustsec::Database::open(path).map_err(|error| {
        Error::new(ErrorKind::Settings, format!("{} is no checkout of RustSec's database", path.display()))
            .because(error)
    })?;
    Ok(database.iter().filter(|advisory| of_crates(advisory)).map(record).collect())
}

fn of_crates(advisory: &rustsec::Advisory) -> bool {
    advisory.metadata.collection == Some(rustsec::Collection::Crates)
        && advisory.metadata.source.as_ref().is_none_or(SourceId::is_default_registry)
}

/// An advisory as OSV writes it.
fn record(advisory: &rustsec::Advisory) -> Record {
    let metadata = &advisory.metadata;
    let events = |range: &rustsec::osv::OsvRange| {
        let introduced = range.introduced.as_ref().map_or("0".to_owned(), ToString::to_string);
        let introduced = RangeEvent { introduced: Some(introduced), ..RangeEvent::default() };
        let fixed = range
            .fixed
            .as_ref()
            .map(|fixed| RangeEvent { fixed: Some(fixed.to_string()), ..RangeEvent::default() });
        std::iter::once(introduced).chain(fixed).collect()
    };
    let ranges = rustsec::osv::ranges_for_advisory(&advisory.versions);
    let functions = advisory.affected.iter().flat_map(|affected| affected.functions.keys());
    let affected = AffectedPackage {
        package: Some(Package {
            ecosystem: Ecosystem::Cargo.name().to_owned(),
            name: metadata.package.to_string(),
        }),
        ranges: ranges
            .iter()
            .map(|range| Range { kind: "SEMVER".to_owned(), events: events(range) })
            .collect(),
        database_specific: Some(PackageSpecific {
            informational: metadata.informational.as_ref().map(|kind| kind.as_str().to_owned()),
            categories: metadata.categories.iter().map(ToString::to_string).collect(),
        }),
        ecosystem_specific: Some(EcosystemSpecific {
            affects: Some(Affects { functions: functions.map(ToString::to_string).collect() }),
            imports: Vec::new(),
        }),
        ..AffectedPackage::default()
    };
    let day = format!("{}T00:00:00Z", metadata.date.as_str());
    Record {
        id: metadata.id.to_string(),
        modified: Some(day.clone()),
        published: Some(day),
        withdrawn: metadata.withdrawn.as_ref().map(|day| day.as_str().to_owned()),
        summary: Some(metadata.title.clone()),
        aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
        affected: vec![affected],
        severity: metadata.cvss.iter().map(|score| Score { score: score.to_string() }).collect(),
        database_specific: None,
    }
}

/// The severity of a CVSS 2 vector, which has no prefix, by the bounds that NVD gives its score.
fn second(vector: &str) -> Option<Severity> {
    let vector: cvss_rs::v2_0::CvssV2 = vector.parse().ok()?;
    Some(match vector.calculated_base_score()? {
        score if score >= 7.0 => Severity::High,
        score if score >= 4.0 => Severity::Medium,
        _ => Severity::Low,
    })
}

/// The `source` of the default registry, for tests: no address is written down.
#[cfg(test)]
pub(super) fn default_registry() -> String {
    SourceId::default().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::deps::lockfile::Format;
    use crate::deps::version::{Affected, Ecosystem, Event, affected};

    #[test]
    fn vectors_of_four_versions() {
        for (vector, expected) in [
            ("CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(Severity::Medium)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(Severity::Critical)),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(Severity::Critical)),
            ("CVSS:2.0/AV:N", None),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", Some(Severity::High)),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", Some(Severity::Medium)),
            ("AV:L/AC:H/Au:S/C:N/I:N/A:P", Some(Severity::Low)),
            ("AV:N", None),
            ("/", None),
            ("high", None),
        ] {
            assert_eq!(severity(vector), expected, "{vector}");
        }
    }

    #[test]
    fn git_and_path_packages_are_not_of_the_registry() {
        assert_eq!(is_default_registry(&default_registry()), Some(true));
        for spelt in ["/", ".git", ".git/"] {
            assert_eq!(is_default_registry(&format!("{}{spelt}", default_registry())), Some(true), "{spelt}");
        }
        assert_eq!(is_default_registry(&default_registry().replace("github", "GitHub")), Some(true));
        for other in ["git+https://registry.example/x#0123", "registry+https://registry.example/index"] {
            assert_eq!(is_default_registry(other), Some(false), "{other}");
        }
        for wrong in ["path", "", "registry+nowhere"] {
            assert_eq!(is_default_registry(wrong), None, "{wrong}");
        }
    }

    /// The packages that the `cargo-lock` crate reads and RustSec would match.
    fn oracle(text: &str) -> Vec<(String, String)> {
        let lockfile: rustsec::Lockfile = text.parse().unwrap();
        let of_registry = |source: &SourceId| source.is_default_registry();
        let packages =
            lockfile.packages.iter().filter(|package| package.source.as_ref().is_some_and(of_registry));
        packages.map(|package| (package.name.to_string(), package.version.to_string())).collect()
    }

    #[test]
    fn lockfiles_read_as_the_cargo_lock_crate_reads_them() {
        for text in [include_str!("../../Cargo.lock"), include_str!("../../fixtures/deps/Cargo.lock")] {
            let packages = Format::Cargo.read(text).packages;
            let mut read: Vec<_> =
                packages.into_iter().map(|package| (package.name, package.version)).collect();
            let mut expected = oracle(text);
            read.sort();
            expected.sort();
            assert_eq!(read, expected);
            assert!(!read.is_empty());
        }
    }

    /// RustSec's own ranges of an advisory, as a record's events.
    fn events(versions: &rustsec::advisory::Versions) -> Vec<Vec<Event>> {
        let range = |range: &rustsec::osv::OsvRange| {
            let introduced = range.introduced.as_ref().map_or("0".to_owned(), ToString::to_string);
            let fixed = range.fixed.as_ref().map(|fixed| Event::Fixed(fixed.to_string()));
            std::iter::once(Event::Introduced(introduced)).chain(fixed).collect()
        };
        rustsec::osv::ranges_for_advisory(versions).iter().map(range).collect()
    }

    proptest! {
        #[test]
        fn versions_are_affected_as_rustsec_has_it(
            patched in proptest::collection::vec("(>=|\\^|~|>) ?[0-3]\\.[0-3]\\.[0-3](-(alpha|rc\\.[0-2]))?", 0..3),
            unaffected in proptest::collection::vec("(<|<=) ?[0-3]\\.[0-3]\\.[0-3](-(alpha|rc\\.[0-2]))?", 0..2),
            versions in proptest::collection::vec("[0-4]\\.[0-4]\\.[0-4](-(alpha|beta|rc\\.[0-2]))?(\\+b)?", 1..8),
        ) {
            let requirements = |texts: &[String]| texts.iter().map(|text| text.parse().unwrap()).collect();
            let advisory = rustsec::advisory::Versions::new(requirements(&patched), requirements(&unaffected));
            // Some made-up requirements contradict each other: RustSec refuses them.
            if let Ok(advisory) = advisory {
                let ranges = events(&advisory);
                for text in versions {
                    let expected = advisory.is_vulnerable(&text.parse().unwrap());
                    let found = affected(Ecosystem::Cargo, &text, &ranges, &[]);
                    prop_assert_eq!(found == Affected::Yes, expected, "{} in {:?}", text, ranges);
                }
            }
        }
    }
}
