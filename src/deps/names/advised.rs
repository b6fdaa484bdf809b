//! What commands ask for against advisories.

use super::check::Wrong;
use super::reference::{How, Reference};
use super::{Facts, Linked, Pages, Place};
use crate::deps::advisory::{Match, check};
use crate::deps::database::{Databases, Fact, Kind};
use crate::deps::manifest::range::exact;
use crate::deps::version::{Ecosystem, Event};
use crate::error::Result;
use crate::finding::{Note, NoteKind};

/// The advisories on what commands and a change's manifests ask for in one version, and on packages that are attacks
/// whatever the version.
pub(super) fn advised<'f>(
    pages: &'f Pages,
    facts: &[&'f Facts],
    databases: &Databases,
    linked: &mut Linked,
) -> Vec<Wrong<'f>> {
    let mut wrong = Vec::new();
    for (document, facts) in facts.iter().enumerate().filter(|(_, facts)| facts.place != Place::Document) {
        let named = facts
            .asked
            .iter()
            .filter(|(reference, _)| !matches!(reference.how, How::Import | How::Conda | How::Requirement));
        for (reference, fence) in named {
            let Reference { ecosystem, name, spec, .. } = reference;
            let version = exactly(*ecosystem, spec);
            let found = match &version {
                Some(version) => check(databases, *ecosystem, name, version).map(|verdict| verdict.matches),
                None => attacks(databases, *ecosystem, name),
            };
            linked.used.insert(*ecosystem);
            let found = found.unwrap_or_else(|error| {
                let what = format!("{name} is not held against advisories: {error}");
                linked.notes.push(Note::new(NoteKind::NotChecked, "", crate::finding::printable(&what)));
                Vec::new()
            });
            for one in found {
                let informational = one.kind.informational().is_some();
                let page = if informational { &pages.informational } else { &pages.vulnerable };
                wrong.push(Wrong {
                    page,
                    same: (&page.id, *ecosystem, format!("{} {}", ecosystem.key(name), one.id)),
                    fill: Vec::new(),
                    severity: page.severity,
                    unknown: false,
                    reference,
                    lazy: false,
                    document,
                    fence: *fence,
                    advised: Some((one, version.clone().unwrap_or_else(|| "of any version".to_owned()))),
                });
            }
        }
    }
    wrong
}

/// The version that a command asks for, when it is one.
fn exactly(ecosystem: Ecosystem, spec: &str) -> Option<String> {
    let spec = spec.trim();
    let plain = match ecosystem {
        // `cargo install tool@1.2.3` and `go get module@v1.2.3` take that version.
        Ecosystem::Cargo | Ecosystem::Go => spec
            .trim_start_matches(['@', '='])
            .trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| spec.trim_start_matches(['@', '='])),
        _ => exact(ecosystem, spec.trim_start_matches('@')),
    };
    plain.map(str::to_owned)
}

/// The advisories that call all of a package an attack.
fn attacks(databases: &Databases, ecosystem: Ecosystem, name: &str) -> Result<Vec<Match>> {
    let facts = databases.facts(ecosystem, name)?;
    let whole = |fact: &Fact| {
        fact.kind == Kind::Malicious
            && fact.ranges.iter().any(|events| matches!(&events[..], [Event::Introduced(_)]))
    };
    if !facts.iter().any(whole) {
        return Ok(Vec::new());
    }
    // Any version will do.
    let verdict = check(databases, ecosystem, name, "1.0.0")?;
    Ok(verdict.matches.into_iter().filter(|one| one.kind == Kind::Malicious).collect())
}
