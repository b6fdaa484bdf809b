//! The advisory facts: a sorted key table and compact records, compressed, with a digest in front.
//!
//! The file: eight bytes of magic, the SHA-256 of everything after it, a zstd frame. Inside the frame a head in
//! postcard's encoding, then one entry a package, sorted by key, so that a lookup decodes about a dozen names and the
//! records of one package.

mod build;
mod identifier;

use std::ops::Range;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::version::{Ecosystem, Event};
use crate::artifact::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Severity;

pub use build::{Records, build, build_from};
use identifier::Identifier;

const MAGIC: &[u8; 8] = b"weftadv1";
const BODY: usize = MAGIC.len() + 32;
/// The most bytes a frame may unpack to: a hundred times what all of OSV's advisories on four ecosystems take.
const UNPACKED: usize = 1 << 30;

static EMBEDDED: &[u8] = include_bytes!("../data/advisories.bin");

/// What an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A weakness that somebody can exploit.
    Vulnerability,
    /// The package itself is an attack.
    Malicious,
    /// Nobody looks after it.
    Unmaintained,
    /// Safe code can cause undefined behaviour.
    Unsound,
    /// Something users should know.
    Notice,
}

impl Kind {
    /// RustSec's word for an informational record.
    pub(super) fn informational(self) -> Option<&'static str> {
        match self {
            Kind::Vulnerability | Kind::Malicious => None,
            Kind::Unmaintained => Some("unmaintained"),
            Kind::Unsound => Some("unsound"),
            Kind::Notice => Some("notice"),
        }
    }
}

/// The facts of one record on one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) id: String,
    pub(super) aliases: Vec<String>,
    pub(super) kind: Kind,
    pub(super) severity: Severity,
    /// Each sorted by version.
    pub(super) ranges: Vec<Vec<Event>>,
    /// Affected versions outside all ranges.
    pub(super) versions: Vec<String>,
}

/// A [`Fact`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: Identifier,
    aliases: Vec<Identifier>,
    kind: Kind,
    severity: Severity,
    ranges: Vec<Vec<Event>>,
    versions: Vec<String>,
}

impl Stored {
    fn fact(self) -> Fact {
        Fact {
            id: self.id.to_string(),
            aliases: self.aliases.iter().map(ToString::to_string).collect(),
            kind: self.kind,
            severity: self.severity,
            ranges: self.ranges,
            versions: self.versions,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    sections: Vec<SectionHead>,
}

#[derive(Serialize, Deserialize)]
struct SectionHead {
    ecosystem: Ecosystem,
    source: String,
    newest: String,
    advisories: u32,
    /// The length of each entry; the entries of all sections follow the head.
    sizes: Vec<u32>,
}

/// What the database knows of one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EcosystemStatus {
    /// OSV's name of it: "crates.io", "PyPI".
    pub ecosystem: &'static str,
    /// How many advisories, withdrawn ones left out.
    pub advisories: usize,
    /// How many packages they are about.
    pub packages: usize,
    /// The day of the newest record, "2026-08-21"; only the year when its records say no more.
    pub newest: String,
    /// The databases they come from: "RustSec".
    pub source: String,
}

struct Section {
    status: EcosystemStatus,
    /// Where each entry is, by key.
    entries: Vec<Range<usize>>,
}

/// Advisory facts, opened. One serves all threads.
pub struct Database {
    bytes: Vec<u8>,
    /// In the order of [`Ecosystem::ALL`].
    sections: [Option<Section>; Ecosystem::ALL.len()],
}

impl Database {
    /// The snapshot compiled into this binary, unpacked at its first use.
    pub fn embedded() -> Result<&'static Database> {
        static OPENED: OnceLock<std::result::Result<Database, String>> = OnceLock::new();
        let opened = OPENED.get_or_init(|| Database::open(EMBEDDED).map_err(|error| error.to_string()));
        opened.as_ref().map_err(|message| {
            Error::new(ErrorKind::Bug, format!("the built-in advisory data is damaged: {message}"))
                .hint("install weft anew")
        })
    }

    /// Opens what [`build()`] wrote. Errors: any bit of it is not as it was written.
    pub fn open(file: &[u8]) -> Result<Database> {
        let damaged = |what: &str| {
            Error::new(ErrorKind::Mismatch, format!("the advisory database {what}"))
                .hint("build it anew with `weft db build`")
        };
        let digest = file
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.get(..32))
            .ok_or_else(|| damaged("is cut off, or no advisory database of this version of weft"))?;
        let frame = file.get(BODY..).unwrap_or_default();
        if Digest::of(frame).as_bytes() != digest {
            return Err(damaged("does not match its digest"));
        }
        let size = zstd::zstd_safe::get_frame_content_size(frame)
            .ok()
            .flatten()
            .and_then(|size| usize::try_from(size).ok())
            .filter(|size| *size <= UNPACKED)
            .ok_or_else(|| damaged("has a size that is not possible"))?;
        let bytes = zstd::bulk::decompress(frame, size)
            .map_err(|error| damaged("cannot be decompressed").because(error))?;
        Database::index(bytes).ok_or_else(|| damaged("holds records that cannot be read"))
    }

    fn index(bytes: Vec<u8>) -> Option<Database> {
        let (head, rest) = postcard::take_from_bytes::<Head>(&bytes).ok()?;
        let mut at = bytes.len() - rest.len();
        let mut sections = [const { None }; Ecosystem::ALL.len()];
        for section in head.sections {
            let mut entries = Vec::with_capacity(section.sizes.len());
            for size in section.sizes {
                let end = at.checked_add(size as usize).filter(|end| *end <= bytes.len())?;
                entries.push(at..end);
                at = end;
            }
            let status = EcosystemStatus {
                ecosystem: section.ecosystem.name(),
                advisories: section.advisories as usize,
                packages: entries.len(),
                newest: section.newest,
                source: section.source,
            };
            sections[section.ecosystem as usize] = Some(Section { status, entries });
        }
        (at == bytes.len()).then_some(Database { bytes, sections })
    }

    /// What it knows, an element an ecosystem that it has data of.
    pub fn status(&self) -> Vec<EcosystemStatus> {
        self.sections.iter().flatten().map(|section| section.status.clone()).collect()
    }

    /// What it knows of one ecosystem; `None`: nothing at all, so that nothing of it is checked.
    pub(super) fn status_of(&self, ecosystem: Ecosystem) -> Option<&EcosystemStatus> {
        self.sections[ecosystem as usize].as_ref().map(|section| &section.status)
    }

    /// The facts on a package, as the ecosystem writes its name.
    pub(super) fn facts(&self, ecosystem: Ecosystem, name: &str) -> Vec<Fact> {
        let Some(section) = &self.sections[ecosystem as usize] else { return Vec::new() };
        let wanted = ecosystem.key(name);
        let found = section.entries.binary_search_by(|entry| self.key(entry).0.cmp(wanted.as_str()));
        let Ok(index) = found else { return Vec::new() };
        let (_, records) = self.key(&section.entries[index]);
        let stored: Vec<Stored> = postcard::from_bytes(records).unwrap_or_default();
        stored.into_iter().map(Stored::fact).collect()
    }

    /// The key of an entry, and the bytes of its records.
    fn key(&self, entry: &Range<usize>) -> (&str, &[u8]) {
        // The digest vouches for the encoding: the defaults are never taken.
        postcard::take_from_bytes(&self.bytes[entry.clone()]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(id: &str, more: &str) -> (String, Vec<u8>) {
        (format!("{id}.json"), format!(r#"{{"id": "{id}", {more}}}"#).into_bytes())
    }

    fn small() -> Vec<(String, Vec<u8>)> {
        vec![
            record(
                "RUSTSEC-2020-0001",
                r#""modified": "2021-02-03T00:00:00Z", "aliases": ["CVE-2020-9999", "GHSA-2222-3333-4444"],
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
                "affected": [{"package": {"ecosystem": "crates.io", "name": "one"}, "versions": ["0.5.0", "3.0.0"], "ranges": [
                    {"type": "GIT", "events": [{"introduced": "0"}]},
                    {"type": "SEMVER", "events": [{"fixed": "1.2.3"}, {"introduced": "0"}]}]}]"#,
            ),
            record(
                "RUSTSEC-2019-0002",
                r#""affected": [{"package": {"ecosystem": "crates.io", "name": "one"},
                "database_specific": {"informational": "unmaintained"}}]"#,
            ),
            record("RUSTSEC-2018-0003", r#""withdrawn": "2020-01-01T00:00:00Z", "affected": []"#),
            record(
                "MAL-2025-0004",
                r#""affected": [{"package": {"ecosystem": "crates.io", "name": "two"}}]"#,
            ),
        ]
    }

    fn build_small() -> Vec<u8> {
        build(&[(Ecosystem::Cargo, Records::Json(small()))]).unwrap()
    }

    #[test]
    fn facts_come_back() {
        let database = Database::open(&build_small()).unwrap();
        let [older, newer]: [Fact; 2] = database.facts(Ecosystem::Cargo, "one").try_into().unwrap();
        assert_eq!((older.id.as_str(), older.kind), ("RUSTSEC-2019-0002", Kind::Unmaintained));
        assert_eq!(newer.aliases, ["GHSA-2222-3333-4444", "CVE-2020-9999"]);
        assert_eq!(newer.severity, Severity::Critical);
        assert_eq!(newer.ranges, [[Event::Introduced("0".into()), Event::Fixed("1.2.3".into())]]);
        assert_eq!(newer.versions, ["3.0.0"]);
        assert_eq!(database.facts(Ecosystem::Cargo, "two")[0].kind, Kind::Malicious);
        for other in ["", "on", "onee", "zzz"] {
            assert_eq!(database.facts(Ecosystem::Cargo, other), []);
        }
        let status = EcosystemStatus {
            ecosystem: "crates.io",
            advisories: 3,
            packages: 2,
            newest: "2025".into(),
            source: "OpenSSF, RustSec".into(),
        };
        assert_eq!(database.status(), [status]);
        assert!(database.status_of(Ecosystem::Npm).is_none());
    }

    #[test]
    fn order_of_the_records_does_not_matter() {
        let mut reversed = small();
        reversed.reverse();
        assert_eq!(build(&[(Ecosystem::Cargo, Records::Json(reversed))]).unwrap(), build_small());
    }

    #[test]
    fn a_wrong_record_is_named() {
        for wrong in ["{", "[]", r#"{"id": 1}"#] {
            let error = build(&[(Ecosystem::Go, Records::Json(vec![("x.json".into(), wrong.into())]))])
                .err()
                .unwrap();
            assert_eq!(error.to_string(), "Go: x.json is no OSV record");
        }
        let error = build(&[(Ecosystem::Go, Records::Zip(b"no archive".to_vec()))]).err().unwrap();
        assert_eq!(error.to_string(), "Go/all.zip cannot be read");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let file = build_small();
        for index in 0..file.len() {
            for flip in [1u8, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[index] ^= flip;
                assert!(Database::open(&changed).is_err(), "byte {index}");
            }
            assert!(Database::open(&file[..index]).is_err(), "cut at {index}");
        }
        assert!(Database::open(&[file.as_slice(), b"x"].concat()).is_err());
    }

    #[test]
    fn the_embedded_facts_open_and_every_entry_reads() {
        let database = Database::embedded().unwrap();
        let known: Vec<&str> = database.status().iter().map(|status| status.ecosystem).collect();
        assert_eq!(known, ["crates.io", "PyPI", "npm", "Go"]);
        for (ecosystem, section) in Ecosystem::ALL.into_iter().zip(&database.sections) {
            let Some(section) = section else { continue };
            let mut last = "";
            for entry in &section.entries {
                let (key, records) = database.key(entry);
                assert!(last < key, "{key}");
                assert!(!postcard::from_bytes::<Vec<Stored>>(records).unwrap().is_empty());
                assert!(!database.facts(ecosystem, key).is_empty());
                last = key;
            }
        }
    }

    proptest! {
        #[test]
        fn a_payload_of_any_bytes_is_refused_or_opens(payload in proptest::collection::vec(any::<u8>(), 0..96)) {
            // With a right digest, as somebody who builds a database of their own could make it.
            let frame = zstd::bulk::compress(&payload, 1).unwrap();
            let file = [MAGIC.as_slice(), Digest::of(&frame).as_bytes(), &frame].concat();
            if let Ok(database) = Database::open(&file) {
                database.facts(Ecosystem::Cargo, "a");
            }
        }

        #[test]
        fn any_range_comes_back(versions in proptest::collection::vec("[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-[a-z]{1,3})?", 1..6)) {
            let events: Vec<serde_json::Value> = versions
                .chunks(2)
                .flat_map(|pair| [Some(serde_json::json!({"introduced": pair[0]})), pair.get(1).map(|fix| serde_json::json!({"fixed": fix}))])
                .flatten()
                .collect();
            let record = serde_json::json!({"id": "X-1", "affected": [{
                "package": {"ecosystem": "npm", "name": "a"},
                "ranges": [{"type": "SEMVER", "events": events}],
                "versions": versions,
            }]});
            let built = build(&[(Ecosystem::Npm, Records::Json(vec![("x".into(), record.to_string().into_bytes())]))]).unwrap();
            let fact = Database::open(&built).unwrap().facts(Ecosystem::Npm, "a").remove(0);
            // Dropping the listed versions that a range holds changes no answer.
            for version in &versions {
                let verdict = super::super::version::affected(Ecosystem::Npm, version, &fact.ranges, &fact.versions);
                prop_assert_eq!(verdict, super::super::version::Affected::Yes);
            }
        }
    }
}
