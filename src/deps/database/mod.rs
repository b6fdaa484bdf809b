//! The advisory facts: who is affected by what, by package, in a compact file with digests ([`store`]).

mod build;
mod chosen;
mod folder;
mod identifier;
mod records;
mod store;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::version::{Ecosystem, Event};
use crate::artifact::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Severity;

pub use build::{Built, Records, build, build_from};
pub(super) use build::{Form, Input, build_records, ranges};
pub use chosen::Databases;
pub use folder::Folder;
use identifier::Identifier;
pub(super) use records::{Known, Listed, Origin, slim};
use store::{Bytes, Store};

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
    /// The day it was published.
    pub(super) published: Option<Date>,
    /// One line on it; empty in the built-in data.
    pub(super) summary: String,
    /// The functions that have the weakness, where the record names some.
    pub(super) functions: Vec<Functions>,
}

/// Functions of one module: `regex::Regex` and `new`, `golang.org/x/text/language` and `Parse`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Functions {
    pub(super) of: String,
    pub(super) names: Vec<String>,
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
    /// Days since 1970; 0: not known.
    published: u16,
    summary: String,
    functions: Vec<Functions>,
}

impl Stored {
    fn fact(self) -> Fact {
        let day = |days: u16| Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().days(days)).ok();
        Fact {
            id: self.id.to_string(),
            aliases: self.aliases.iter().map(ToString::to_string).collect(),
            kind: self.kind,
            severity: self.severity,
            ranges: self.ranges,
            versions: self.versions,
            published: if self.published == 0 { None } else { day(self.published) },
            summary: self.summary,
            functions: self.functions,
        }
    }
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
    /// The last day it is known to have been whole: of its fetching, else of the newest record.
    pub as_of: String,
    /// The databases they come from: "RustSec".
    pub source: String,
}

/// Advisory facts, opened. One serves all threads.
pub struct Database {
    store: Store,
}

impl Database {
    /// The snapshot compiled into this binary.
    pub fn embedded() -> Result<&'static Database> {
        static OPENED: OnceLock<std::result::Result<Database, String>> = OnceLock::new();
        let opened = OPENED.get_or_init(|| {
            let store = Store::open(Bytes::Held(Cow::Borrowed(EMBEDDED)));
            store.map(|store| Database { store }).map_err(|error| error.to_string())
        });
        opened.as_ref().map_err(|message| {
            Error::new(ErrorKind::Bug, format!("the built-in advisory data is damaged: {message}"))
                .hint("install weft anew")
        })
    }

    /// Opens what [`build()`] wrote. Errors: its head is not as it was written; a block is checked when it is used.
    pub fn open(file: Vec<u8>) -> Result<Database> {
        Ok(Database { store: Store::open(Bytes::Held(Cow::Owned(file)))? })
    }

    /// As [`Database::open`], of a file that is read as it is needed. Errors: it cannot be read, too.
    pub fn open_file(path: &Path) -> Result<Database> {
        let cannot = || Error::new(ErrorKind::Io, format!("cannot read {}", path.display()));
        // A pipe never ends, and is none.
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(cannot().because("it is no file"));
        }
        let file = File::open(path).map_err(|error| cannot().because(error))?;
        Ok(Database { store: Store::open(Bytes::File(Mutex::new(file)))? })
    }

    /// Whether a file begins as a database does.
    pub(super) fn recognises(start: &[u8]) -> bool {
        start == store::MAGIC
    }

    /// A file of one ecosystem's part. Errors: it is damaged.
    pub(super) fn export(&self, ecosystem: Ecosystem) -> Result<Vec<u8>> {
        store::copy(&[(&self.store, ecosystem)])
    }

    /// Reads every byte. Errors: any bit of it is not as it was written.
    pub fn verify(&self) -> Result<()> {
        for section in self.store.sections.iter().flatten() {
            for block in &section.blocks {
                let opened = self.store.block(block)?;
                if !opened.entries().all(|entry| decode(entry).is_some()) {
                    return Err(Error::new(ErrorKind::Mismatch, "the advisory database holds no records"));
                }
            }
        }
        Ok(())
    }

    /// Tells its content from any other's.
    pub fn digest(&self) -> Digest {
        self.store.digest
    }

    /// What it knows, an element an ecosystem that it has data of.
    pub fn status(&self) -> Vec<EcosystemStatus> {
        self.store.sections.iter().flatten().map(|section| section.status.clone()).collect()
    }

    /// What it knows of one ecosystem; `None`: nothing at all, so that nothing of it is checked.
    pub fn status_of(&self, ecosystem: Ecosystem) -> Option<&EcosystemStatus> {
        self.store.sections[ecosystem as usize].as_ref().map(|section| &section.status)
    }

    /// The facts on a package, as the ecosystem writes its name. Errors: the bytes that hold them are not as they were
    /// written.
    pub(super) fn facts(&self, ecosystem: Ecosystem, name: &str) -> Result<Vec<Fact>> {
        let Some(section) = &self.store.sections[ecosystem as usize] else { return Ok(Vec::new()) };
        let Some(entry) = self.store.entry(section, &ecosystem.key(name), name_of)? else {
            return Ok(Vec::new());
        };
        // The digest vouches for the encoding: the default is never taken.
        Ok(decode(entry).unwrap_or_default().into_iter().map(Stored::fact).collect())
    }
}

/// The name of an entry, in front.
fn name_of(entry: &[u8]) -> &str {
    postcard::take_from_bytes(entry).map_or("", |(name, _)| name)
}

/// The records of an entry, behind its name.
fn decode(entry: &[u8]) -> Option<Vec<Stored>> {
    let (_, records) = postcard::take_from_bytes::<&str>(entry).ok()?;
    postcard::from_bytes(records).ok()
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
        build(vec![(Ecosystem::Cargo, Records::Json(small()))]).unwrap()
    }

    #[test]
    fn facts_come_back() {
        let database = Database::open(build_small()).unwrap();
        let [older, newer]: [Fact; 2] = database.facts(Ecosystem::Cargo, "one").unwrap().try_into().unwrap();
        assert_eq!((older.id.as_str(), older.kind), ("RUSTSEC-2019-0002", Kind::Unmaintained));
        assert_eq!(newer.aliases, ["GHSA-2222-3333-4444", "CVE-2020-9999"]);
        assert_eq!(newer.severity, Severity::Critical);
        assert_eq!(newer.ranges, [[Event::Introduced("0".into()), Event::Fixed("1.2.3".into())]]);
        assert_eq!(newer.versions, ["3.0.0"]);
        assert_eq!(database.facts(Ecosystem::Cargo, "two").unwrap()[0].kind, Kind::Malicious);
        for other in ["", "on", "onee", "zzz"] {
            assert_eq!(database.facts(Ecosystem::Cargo, other).unwrap(), []);
        }
        let status = EcosystemStatus {
            ecosystem: "crates.io",
            advisories: 3,
            packages: 2,
            newest: "2025".into(),
            as_of: "2025".into(),
            source: "OpenSSF, RustSec".into(),
        };
        assert_eq!(database.status(), [status]);
        assert!(database.status_of(Ecosystem::Npm).is_none());
    }

    #[test]
    fn order_of_the_records_does_not_matter() {
        let mut reversed = small();
        reversed.reverse();
        assert_eq!(build(vec![(Ecosystem::Cargo, Records::Json(reversed))]).unwrap(), build_small());
    }

    #[test]
    fn a_wrong_record_is_named() {
        for wrong in ["{", "[]", r#"{"id": 1}"#] {
            let error = build(vec![(Ecosystem::Go, Records::Json(vec![("x.json".into(), wrong.into())]))])
                .err()
                .unwrap();
            assert_eq!(error.to_string(), "Go: x.json is no OSV record");
        }
        let error = build(vec![(Ecosystem::Go, Records::Zip(b"no archive".to_vec()))]).err().unwrap();
        assert_eq!(error.to_string(), "Go/all.zip cannot be read");
    }

    /// What somebody who uses a whole file of these bytes learns.
    fn whole(file: Vec<u8>) -> Result<()> {
        Database::open(file)?.verify()
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let file = build_small();
        whole(file.clone()).unwrap();
        for index in 0..file.len() {
            for flip in [1u8, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[index] ^= flip;
                assert!(whole(changed).is_err(), "byte {index}");
            }
            assert!(Database::open(file[..index].to_vec()).is_err(), "cut at {index}");
        }
        assert!(Database::open([file.as_slice(), b"x"].concat()).is_err());
    }

    #[test]
    fn a_damaged_block_answers_nothing() {
        let mut file = build_small();
        let last = file.len() - 1;
        file[last] ^= 1;
        let error = Database::open(file).unwrap().facts(Ecosystem::Cargo, "one").unwrap_err();
        assert_eq!(error.to_string(), "the advisory database does not match its digest");
    }

    #[test]
    fn packages_are_found_in_whichever_block_they_are() {
        let name = |number: usize| format!("package-{number:05}");
        let records = (0..4000).map(|number| {
            let more = format!(
                r#""summary": "Two\n lines", "affected": [{{"package": {{"ecosystem": "npm", "name": "{}"}}, "versions": ["{}"]}}]"#,
                name(number),
                "1".repeat(50)
            );
            record(&format!("X-{number}"), &more)
        });
        let records = build::parse(Ecosystem::Npm, Records::Json(records.collect())).unwrap();
        let input = Input { ecosystem: Ecosystem::Npm, records, as_of: Some("2026-01-02".into()) };
        let file = build_records(vec![input], Form::Installed).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("npm");
        std::fs::write(&path, file).unwrap();
        let database = Database::open_file(&path).unwrap();
        database.verify().unwrap();
        assert_eq!(database.status()[0].as_of, "2026-01-02");
        assert!(database.store.sections[Ecosystem::Npm as usize].as_ref().unwrap().blocks.len() > 3);
        for number in 0..4000 {
            let facts = database.facts(Ecosystem::Npm, &name(number)).unwrap();
            assert_eq!((facts.len(), facts[0].summary.as_str()), (1, "Two lines"), "{number}");
        }
        assert!(database.facts(Ecosystem::Npm, "package-00000a").unwrap().is_empty());
    }

    #[test]
    fn the_embedded_facts_are_those_whose_digest_stands_beside_what_they_were_built_from() {
        let digests = include_str!("../data/advisories.bin.sha256");
        let rows: Vec<(&str, &str)> = digests.lines().filter_map(|line| line.split_once("  ")).collect();
        let names: Vec<&str> = rows.iter().map(|(_, name)| *name).collect();
        let inputs = ["crates.io/all.zip", "PyPI/all.zip", "npm/all.zip", "Go/all.zip"];
        assert_eq!(names, [&inputs[..], &["advisories.bin"]].concat());
        assert_eq!(rows[4].0, Digest::of(EMBEDDED).to_string());
        assert!(EMBEDDED.len() < 500_000);
    }

    #[test]
    fn the_table_of_the_data_says_what_is_in_it() {
        let page = include_str!("../data/README.md").replace(',', "");
        for row in Database::embedded().unwrap().status() {
            let starts = format!("| {} | ", row.ecosystem);
            let line = page.lines().find(|line| line.starts_with(&starts)).unwrap();
            assert!(line.contains(&row.as_of), "{line}");
            assert!(line.ends_with(&format!("| {} | {} |", row.advisories, row.packages)), "{line}");
        }
    }

    #[test]
    fn the_embedded_facts_open_and_every_entry_reads() {
        let database = Database::embedded().unwrap();
        let known: Vec<&str> = database.status().iter().map(|status| status.ecosystem).collect();
        assert_eq!(known, ["crates.io", "PyPI", "npm", "Go"]);
        for (ecosystem, section) in Ecosystem::ALL.into_iter().zip(&database.store.sections) {
            let mut last = String::new();
            for block in section.iter().flat_map(|section| &section.blocks) {
                for entry in database.store.block(block).unwrap().entries() {
                    let (key, records): (String, &[u8]) = postcard::take_from_bytes(entry).unwrap();
                    assert!(last < key, "{key}");
                    assert!(!postcard::from_bytes::<Vec<Stored>>(records).unwrap().is_empty());
                    assert!(!database.facts(ecosystem, &key).unwrap().is_empty());
                    last = key;
                }
            }
        }
    }

    proptest! {
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
            let built = build(vec![(Ecosystem::Npm, Records::Json(vec![("x".into(), record.to_string().into_bytes())]))]).unwrap();
            let fact = Database::open(built).unwrap().facts(Ecosystem::Npm, "a").unwrap().remove(0);
            // Dropping the listed versions that a range holds changes no answer.
            for version in &versions {
                let verdict = super::super::version::affected(Ecosystem::Npm, version, &fact.ranges, &fact.versions);
                prop_assert_eq!(verdict, super::super::version::Affected::Yes);
            }
        }
    }
}
