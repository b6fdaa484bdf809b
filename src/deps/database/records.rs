//! The records that an installed database was built from, kept for the next update: what did not change is not fetched
//! again.
//!
//! The file: eight bytes of magic, the SHA-256 of the rest, a zstd frame of lines. The first line says where the records
//! are from and of when, each other holds one record and the time that the server's list had for it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::artifact::Digest;
use crate::deps::osv::Record;
use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};

const MAGIC: &[u8; 8] = b"weftrec1";
/// The longest file, and the longest it may unpack to: what the largest ecosystem takes ten times over.
const FILE: u64 = 1 << 30;
const UNPACKED: u64 = 8 << 30;
/// zstd's level: it is written at every update.
const LEVEL: i32 = 3;

/// Where records are from, and of when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::deps) struct Origin {
    /// The address they were fetched from.
    pub(in crate::deps) url: String,
    /// The ETag of the server's list.
    pub(in crate::deps) etag: Option<String>,
}

/// A record, and the time that the server's list had for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::deps) struct Listed {
    pub(in crate::deps) time: String,
    pub(in crate::deps) record: Record,
}

/// All records of one ecosystem, by id.
#[derive(Debug, Clone, Default)]
pub(in crate::deps) struct Known {
    pub(in crate::deps) origin: Origin,
    pub(in crate::deps) records: BTreeMap<String, Listed>,
}

impl Known {
    /// Reads a file; `None` when there is none, or none that can be used: then everything is fetched.
    pub(in crate::deps) fn read(path: &Path) -> Option<Known> {
        let mut bytes = Vec::new();
        std::fs::File::open(path).ok()?.take(FILE).read_to_end(&mut bytes).ok()?;
        let (digest, frame) = bytes.strip_prefix(MAGIC)?.split_at_checked(32)?;
        if Digest::of(frame).as_bytes() != digest {
            return None;
        }
        let unpacked = zstd::Decoder::new(frame).ok()?.take(UNPACKED);
        let mut lines = BufReader::new(unpacked).lines();
        let origin = serde_json::from_str(&lines.next()?.ok()?).ok()?;
        let mut records = BTreeMap::new();
        for line in lines {
            let listed: Listed = serde_json::from_str(&line.ok()?).ok()?;
            records.insert(listed.record.id.clone(), listed);
        }
        Some(Known { origin, records })
    }

    /// The bytes of the file.
    pub(in crate::deps) fn write(&self) -> Result<Vec<u8>> {
        let cannot = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Bug, "cannot encode the records").because(error)
        };
        let mut packing = zstd::Encoder::new(Vec::new(), LEVEL).map_err(|error| cannot(error.into()))?;
        let mut line = |text: serde_json::Result<Vec<u8>>| {
            let mut text = text.map_err(|error| cannot(error.into()))?;
            text.push(b'\n');
            packing.write_all(&text).map_err(|error| cannot(error.into()))
        };
        line(serde_json::to_vec(&self.origin))?;
        self.records.values().try_for_each(|listed| line(serde_json::to_vec(listed)))?;
        let frame = packing.finish().map_err(|error| cannot(error.into()))?;
        Ok([MAGIC.as_slice(), Digest::of(&frame).as_bytes(), &frame].concat())
    }
}

/// What a record says that decides, for one ecosystem: ranges of commits and other ecosystems' packages are left out.
pub(in crate::deps) fn slim(mut record: Record, ecosystem: Ecosystem) -> Record {
    let of_it = |package: &crate::deps::osv::Package| package.ecosystem == ecosystem.name();
    record.affected.retain(|one| one.package.as_ref().is_some_and(of_it));
    for one in &mut record.affected {
        one.ranges.retain(|range| range.kind != "GIT");
    }
    if record.withdrawn.is_some() {
        record.affected.clear();
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_what_is_damaged_is_as_if_it_were_not_there() {
        let record: Record = serde_json::from_str(
            r#"{"id": "X-1", "modified": "2026-01-02T00:00:00Z", "summary": "Line\nbreak", "aliases": ["CVE-2026-0001"],
            "affected": [
                {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0"],
                 "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}, {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2"}]}],
                 "ecosystem_specific": "of no known shape"},
                {"package": {"ecosystem": "PyPI", "name": "b"}}]}"#,
        )
        .unwrap();
        let record = slim(record, Ecosystem::Npm);
        assert_eq!((record.affected.len(), record.affected[0].ranges.len()), (1, 1));
        let origin = Origin { url: "http://localhost".into(), etag: Some("\"a\"".into()) };
        let listed = Listed { time: "2026-01-02T00:00:00.5Z".into(), record };
        let known = Known { origin, records: [("X-1".into(), listed)].into() };
        let bytes = known.write().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        std::fs::write(&path, &bytes).unwrap();
        let back = Known::read(&path).unwrap();
        assert_eq!(format!("{back:?}"), format!("{known:?}"));
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            std::fs::write(&path, changed).unwrap();
            assert!(Known::read(&path).is_none(), "byte {index}");
            std::fs::write(&path, &bytes[..index]).unwrap();
            assert!(Known::read(&path).is_none(), "cut at {index}");
        }
    }
}
