//! The advisories on one version of a package: one a weakness, however many databases describe it.

use jiff::civil::Date;

use super::database::{Databases, Fact, Functions, Kind};
use super::version::{Affected, Ecosystem, affected, fixes};
use crate::error::Result;
use crate::finding::Severity;

/// One weakness of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    /// The preferred id.
    pub(super) id: String,
    /// All other ids of the group, sorted.
    pub(super) aliases: Vec<String>,
    pub(super) kind: Kind,
    pub(super) severity: Severity,
    /// The versions above that fix it, lowest first.
    pub(super) fixed: Vec<String>,
    /// One line on it; empty when the data has none.
    pub(super) summary: String,
    /// The first day that any record of the group was published.
    pub(super) published: Option<Date>,
    /// The functions that have the weakness, where a record names some.
    pub(super) functions: Vec<Functions>,
}

/// What the database says of one version.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Sorted by id.
    pub(super) matches: Vec<Match>,
    /// Ids of advisories whose ranges cannot be compared with the version.
    pub(super) unsure: Vec<String>,
}

/// Looks a version up. Errors: the facts cannot be read.
pub(super) fn check(
    databases: &Databases,
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let mut hits: Vec<Fact> = Vec::new();
    for fact in databases.facts(ecosystem, name)? {
        match affected(ecosystem, version, &fact.ranges, &fact.versions) {
            Affected::No => {}
            Affected::Unsure => verdict.unsure.push(fact.id),
            // One record may name a package twice.
            Affected::Yes => match hits.iter_mut().find(|hit| hit.id == fact.id) {
                Some(hit) => hit.ranges.extend(fact.ranges),
                None => hits.push(fact),
            },
        }
    }
    verdict.matches = groups(&hits).iter().flat_map(|group| matches_of(ecosystem, version, group)).collect();
    verdict.matches.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(verdict)
}

/// Union-find over ids and aliases: the records that describe one weakness.
fn groups(hits: &[Fact]) -> Vec<Vec<&Fact>> {
    let mut leader: Vec<usize> = (0..hits.len()).collect();
    let ids = |hit: &Fact| hit.aliases.iter().chain([&hit.id]).cloned().collect::<Vec<_>>();
    for (index, hit) in hits.iter().enumerate() {
        let own = ids(hit);
        for (earlier, other) in hits[..index].iter().enumerate() {
            if ids(other).iter().any(|id| own.contains(id)) {
                let (from, to) = (leader[index], leader[earlier]);
                leader.iter_mut().filter(|leader| **leader == from).for_each(|leader| *leader = to);
            }
        }
    }
    let mut groups: Vec<Vec<&Fact>> = hits.iter().map(|_| Vec::new()).collect();
    for (hit, leader) in hits.iter().zip(leader) {
        groups[leader].push(hit);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The preferred database speaks for the group: each of its records is a match, the others are aliases. Two records of
/// one database are two weaknesses even when they share aliases.
fn matches_of(ecosystem: Ecosystem, version: &str, group: &[&Fact]) -> Vec<Match> {
    let best = group.iter().map(|fact| preference(&fact.id)).min();
    let (speakers, others): (Vec<&Fact>, Vec<&Fact>) =
        group.iter().copied().partition(|fact| Some(preference(&fact.id)) == best);
    speakers
        .iter()
        .map(|speaker| {
            let echoes = || others.iter().copied().chain([*speaker]);
            let mut aliases: Vec<String> = echoes()
                .flat_map(|fact| fact.aliases.iter().chain([&fact.id]))
                .filter(|id| **id != speaker.id)
                .cloned()
                .collect();
            aliases.sort();
            aliases.dedup();
            let severity = match speaker.severity {
                Severity::Unknown => {
                    others.iter().map(|fact| fact.severity).max().unwrap_or(Severity::Unknown)
                }
                known => known,
            };
            // A version that another range calls affected is no fix.
            let mut fixed = fixes(ecosystem, version, &speaker.ranges);
            fixed.retain(|fix| affected(ecosystem, fix, &speaker.ranges, &speaker.versions) != Affected::Yes);
            let titled = echoes().map(|fact| fact.summary.as_str()).rfind(|summary| !summary.is_empty());
            Match {
                id: speaker.id.clone(),
                aliases,
                kind: speaker.kind,
                severity,
                fixed,
                summary: titled.unwrap_or_default().to_owned(),
                published: echoes().filter_map(|fact| fact.published).min(),
                functions: speaker.functions.clone(),
            }
        })
        .collect()
}

/// Whose id a group is known by: the lower the better. Databases of one ecosystem come before the general one.
fn preference(id: &str) -> (usize, &str) {
    let database = id.split('-').next().unwrap_or(id);
    let rank = match database {
        "RUSTSEC" => 0,
        "GHSA" => 1,
        "PYSEC" => 2,
        "CVE" => 4,
        _ => 3,
    };
    (rank, database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::database::{Database, Records, build};

    /// A database of records `(id, aliases, fixed, severity)` on the Python package "a".
    fn database(records: &[(&str, &[&str], &str, Option<&str>)]) -> Databases {
        let files = records.iter().map(|(id, aliases, fixed, severity)| {
            let record = serde_json::json!({
                "id": id,
                "aliases": aliases,
                "database_specific": { "severity": severity },
                "affected": [{
                    "package": { "ecosystem": "PyPI", "name": "A" },
                    "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
                }],
            });
            (format!("{id}.json"), record.to_string().into_bytes())
        });
        let file = build(vec![(Ecosystem::PyPi, Records::Json(files.collect()))]).unwrap();
        Databases::only(Database::open(file).unwrap())
    }

    fn found(database: &Databases, version: &str) -> Vec<Match> {
        check(database, Ecosystem::PyPi, "a", version).unwrap().matches
    }

    #[test]
    fn one_weakness_in_two_databases_is_one_match_under_the_preferred_id() {
        let database = database(&[
            ("PYSEC-2020-1", &["CVE-2020-0001"], "2.0", None),
            ("GHSA-2222-3333-4444", &["CVE-2020-0001"], "2.0", Some("HIGH")),
        ]);
        let matches = found(&database, "1.0");
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0].id, "GHSA-2222-3333-4444");
        assert_eq!(matches[0].aliases, ["CVE-2020-0001", "PYSEC-2020-1"]);
        assert_eq!(matches[0].severity, Severity::High);
        assert_eq!(matches[0].fixed, ["2.0"]);
    }

    #[test]
    fn two_records_of_one_database_stay_two() {
        let database = database(&[
            ("RUSTSEC-2019-0036", &["CVE-2020-0001"], "2.0", None),
            ("RUSTSEC-2020-0036", &["CVE-2020-0001"], "3.0", None),
            ("GHSA-2222-3333-4444", &["CVE-2020-0001"], "3.0", None),
        ]);
        let ids: Vec<String> = found(&database, "1.0").into_iter().map(|one| one.id).collect();
        assert_eq!(ids, ["RUSTSEC-2019-0036", "RUSTSEC-2020-0036"]);
    }

    #[test]
    fn aliases_join_over_a_third_record() {
        let database = database(&[
            ("PYSEC-2020-1", &["CVE-2020-0001"], "2.0", None),
            ("GHSA-2222-3333-4444", &["CVE-2020-0002"], "2.0", None),
            ("CVE-2020-0001", &["CVE-2020-0002"], "2.0", None),
        ]);
        assert_eq!(found(&database, "1.0").len(), 1);
    }

    #[test]
    fn a_severity_that_nobody_gives_is_unknown_and_one_that_another_record_gives_is_borrowed() {
        let database = database(&[
            ("PYSEC-2020-1", &["CVE-2020-0001"], "2.0", None),
            ("PYSEC-2020-2", &["CVE-2020-0002"], "2.0", None),
            // It does not affect 1.5 itself, but it scores the weakness.
            ("GHSA-2222-3333-4444", &["CVE-2020-0002"], "1.0", Some("CRITICAL")),
        ]);
        let severities: Vec<Severity> = found(&database, "1.5").iter().map(|one| one.severity).collect();
        assert_eq!(severities, [Severity::Unknown, Severity::Critical]);
    }

    #[test]
    fn versions_without_an_order_are_unsure() {
        let database = database(&[("PYSEC-2020-1", &[], "2.0", None)]);
        let verdict = check(&database, Ecosystem::PyPi, "a", "one point oh").unwrap();
        assert_eq!((verdict.matches.len(), verdict.unsure), (0, vec!["PYSEC-2020-1".to_owned()]));
        assert_eq!(check(&database, Ecosystem::PyPi, "b", "one point oh").unwrap(), Verdict::default());
    }
}
