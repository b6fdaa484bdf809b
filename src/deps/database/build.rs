//! OSV records -> the database file. Pure: the same records give the same bytes, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::path::Path;

use super::{Head, Identifier, Kind, MAGIC, SectionHead, Stored};
use crate::artifact::Digest;
use crate::deps::osv::{AffectedPackage, Record, Score};
use crate::deps::rustsec;
use crate::deps::version::{Affected, Ecosystem, Event, affected, sort};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Severity;

/// The longest record that is read, and the longest archive.
const RECORD_BYTES: u64 = 16 * 1024 * 1024;
const ARCHIVE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// zstd's level: the file is built once and read often.
const LEVEL: i32 = 19;

/// The records of one ecosystem.
pub enum Records {
    /// An `all.zip` as OSV publishes it.
    Zip(Vec<u8>),
    /// Records by file name, each one JSON document.
    Json(Vec<(String, Vec<u8>)>),
}

/// Builds the database file from a folder in OSV's layout: `<ecosystem>/all.zip`, or records `<ecosystem>/*.json`. Errors
/// name the file.
pub fn build_from(folder: &Path) -> Result<Vec<u8>> {
    let mut inputs = Vec::new();
    for ecosystem in Ecosystem::ALL {
        let folder = folder.join(ecosystem.name());
        let archive = folder.join("all.zip");
        if archive.is_file() {
            inputs.push((ecosystem, Records::Zip(read(&archive, ARCHIVE_BYTES)?)));
        } else if folder.is_dir() {
            inputs.push((ecosystem, Records::Json(read_folder(&folder)?)));
        }
    }
    if inputs.is_empty() {
        let message = format!("{} holds no advisories", folder.display());
        return Err(Error::new(ErrorKind::Usage, message).hint(
            "give a folder in OSV's layout: `crates.io/all.zip`, `PyPI/all.zip`, `npm/all.zip`, `Go/all.zip`",
        ));
    }
    build(&inputs)
}

fn read_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let failed = |error: std::io::Error| cannot_read(folder, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push((path.display().to_string(), read(&path, RECORD_BYTES)?));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| cannot_read(path, error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| cannot_read(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(ErrorKind::Io, format!("{} is longer than {limit} bytes", path.display())));
    }
    Ok(bytes)
}

fn cannot_read(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot read {}", path.display())).because(error)
}

/// Builds the database file. Errors name the record that is wrong.
pub fn build(inputs: &[(Ecosystem, Records)]) -> Result<Vec<u8>> {
    let mut records: BTreeMap<Ecosystem, Vec<Record>> = BTreeMap::new();
    for (ecosystem, source) in inputs {
        records.entry(*ecosystem).or_default().extend(parse(*ecosystem, source)?);
    }
    let mut scores: BTreeMap<String, Severity> = BTreeMap::new();
    for record in records.values_mut().flatten() {
        record.aliases.retain(|alias| *alias != record.id);
        let score = own_severity(record);
        for id in record.aliases.iter().chain([&record.id]) {
            let known = scores.entry(id.clone()).or_insert(score);
            *known = score.max(*known);
        }
    }
    let (mut head, mut entries) = (Head { sections: Vec::new() }, Vec::new());
    for (ecosystem, records) in records {
        head.sections.push(section(ecosystem, records, &scores, &mut entries)?);
    }
    let mut payload = postcard::to_allocvec(&head).map_err(cannot_encode)?;
    payload.append(&mut entries);
    let frame = zstd::bulk::compress(&payload, LEVEL).map_err(cannot_encode)?;
    Ok([MAGIC.as_slice(), Digest::of(&frame).as_bytes(), &frame].concat())
}

fn cannot_encode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Bug, "cannot encode the advisory database").because(error)
}

/// The records that count, sorted by id: withdrawn ones are dropped here.
fn parse(ecosystem: Ecosystem, source: &Records) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| -> Result<()> {
        let record: Record = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(ErrorKind::Settings, format!("{ecosystem}: {name} is no OSV record")).because(error)
        })?;
        if record.withdrawn.is_none() {
            records.push(record);
        }
        Ok(())
    };
    match source {
        Records::Json(files) => files.iter().try_for_each(|(name, bytes)| add(name, bytes))?,
        Records::Zip(bytes) => {
            let wrong = |error: zip::result::ZipError| {
                Error::new(ErrorKind::Io, format!("{ecosystem}/all.zip cannot be read")).because(error)
            };
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
            let mut text = Vec::new();
            for index in 0..archive.len() {
                let file = archive.by_index(index).map_err(wrong)?;
                let name = file.name().map_err(wrong)?.into_owned();
                text.clear();
                file.take(RECORD_BYTES).read_to_end(&mut text).map_err(|error| wrong(error.into()))?;
                if name.ends_with(".json") {
                    add(&name, &text)?;
                }
            }
        }
    }
    records.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(records)
}

fn section(
    ecosystem: Ecosystem,
    records: Vec<Record>,
    scores: &BTreeMap<String, Severity>,
    entries: &mut Vec<u8>,
) -> Result<SectionHead> {
    let newest = newest(&records);
    let sources: BTreeSet<&str> = records.iter().map(|record| publisher(&record.id)).collect();
    let source = sources.into_iter().collect::<Vec<_>>().join(", ");
    let mut packages: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    let mut advisories = 0;
    for record in &records {
        let severity = match own_severity(record) {
            Severity::Unknown => borrowed(record, scores),
            known => known,
        };
        let mut counted = 0;
        for one in &record.affected {
            let Some(package) = one.package.as_ref().filter(|package| package.ecosystem == ecosystem.name())
            else {
                continue;
            };
            let stored = store(ecosystem, record, one, severity);
            packages.entry(ecosystem.key(&package.name)).or_default().push(stored);
            counted = 1;
        }
        advisories += counted;
    }
    let mut sizes = Vec::with_capacity(packages.len());
    for (key, records) in &packages {
        let before = entries.len();
        entries.extend(postcard::to_allocvec(&(key, records)).map_err(cannot_encode)?);
        sizes.push(u32::try_from(entries.len() - before).map_err(cannot_encode)?);
    }
    Ok(SectionHead { ecosystem, source, newest, advisories, sizes })
}

fn store(ecosystem: Ecosystem, record: &Record, one: &AffectedPackage, severity: Severity) -> Stored {
    let ranges: Vec<Vec<Event>> = one
        .ranges
        .iter()
        .filter(|range| range.kind != "GIT" && !range.events.is_empty())
        .map(|range| {
            let mut events = Vec::with_capacity(range.events.len());
            for event in &range.events {
                events.extend(event.introduced.clone().map(Event::Introduced));
                events.extend(event.fixed.clone().map(Event::Fixed));
                events.extend(event.last_affected.clone().map(Event::LastAffected));
                events.extend(event.limit.clone().map(Event::Limit));
            }
            sort(ecosystem, &mut events);
            events
        })
        .collect();
    let mut versions: Vec<String> = one
        .versions
        .iter()
        .filter(|version| affected(ecosystem, version, &ranges, &[]) != Affected::Yes)
        .cloned()
        .collect();
    versions.sort();
    versions.dedup();
    let mut aliases: Vec<Identifier> = record.aliases.iter().map(|alias| Identifier::new(alias)).collect();
    aliases.sort();
    aliases.dedup();
    let kind = kind(record, one);
    let severity = if kind == Kind::Malicious { Severity::Critical } else { severity };
    Stored { id: Identifier::new(&record.id), aliases, kind, severity, ranges, versions }
}

fn kind(record: &Record, one: &AffectedPackage) -> Kind {
    let specific = one.database_specific.as_ref();
    let malicious = || {
        specific.is_some_and(|specific| specific.categories.iter().any(|category| category == "malicious"))
    };
    match specific.and_then(|specific| specific.informational.as_deref()) {
        Some("unmaintained") => Kind::Unmaintained,
        Some("unsound") => Kind::Unsound,
        Some(_) => Kind::Notice,
        None if record.id.starts_with("MAL-") || malicious() => Kind::Malicious,
        None => Kind::Vulnerability,
    }
}

/// The worst that the record itself says, by vector or by GitHub's word.
fn own_severity(record: &Record) -> Severity {
    let word = record.database_specific.as_ref().and_then(|specific| specific.severity.as_deref());
    let scores = record.severity.iter().chain(record.affected.iter().flat_map(|one| &one.severity));
    scores
        .map(|Score { score }| score.as_str())
        .chain(word)
        .filter_map(|score| rustsec::severity(score).or_else(|| by_word(score)))
        .max()
        .unwrap_or(Severity::Unknown)
}

/// The worst that other records say of the same weakness, by their ids and aliases.
fn borrowed(record: &Record, scores: &BTreeMap<String, Severity>) -> Severity {
    let ids = record.aliases.iter().chain([&record.id]);
    ids.filter_map(|id| scores.get(id)).max().copied().unwrap_or(Severity::Unknown)
}

fn by_word(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_lowercase().as_str() {
        "low" => Severity::Low,
        "moderate" | "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

/// The newest day a record names. Go's records carry no dates of late, but the year of their ids is one.
fn newest(records: &[Record]) -> String {
    let days = records
        .iter()
        .flat_map(|record| [&record.modified, &record.published])
        .flatten()
        .filter_map(|time| time.get(..10))
        .filter(|day| *day > "1970");
    let years = records
        .iter()
        .filter_map(|record| record.id.split('-').nth(1))
        .filter(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()));
    let day = days.max().unwrap_or_default();
    years.max().filter(|year| day.get(..4).is_none_or(|of_day| *year > of_day)).unwrap_or(day).to_owned()
}

/// Who publishes the database that an id belongs to.
fn publisher(id: &str) -> &str {
    match id.split('-').next().unwrap_or_default() {
        "RUSTSEC" => "RustSec",
        "PYSEC" => "PyPA",
        "GO" => "Go",
        "NSWG" => "nodejs/security-wg",
        "GHSA" => "GitHub",
        "MAL" => "OpenSSF",
        other => other,
    }
}
