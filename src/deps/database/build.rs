//! OSV records -> the database file. Pure: the same records give the same bytes, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::path::Path;

use jiff::civil::Date;

use super::store::{Part, cannot_encode, write};
use super::{EcosystemStatus, Functions, Identifier, Kind, Stored};
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
/// zstd's level for what every update builds.
const LEVEL_SOON: i32 = 6;

/// The records of one ecosystem.
pub enum Records {
    /// An `all.zip` as OSV publishes it.
    Zip(Vec<u8>),
    /// Records by file name, each one JSON document.
    Json(Vec<(String, Vec<u8>)>),
}

/// Builds the database file from a folder in OSV's layout: `<ecosystem>/all.zip`, or records `<ecosystem>/*.json`. Errors
/// name the file.
pub fn build_from(folder: &Path) -> Result<Built> {
    let inputs = inputs_of(folder)?;
    let digests = inputs.iter().flat_map(|(ecosystem, records)| records.digests(*ecosystem)).collect();
    Ok(Built { file: build(inputs)?, inputs: digests })
}

/// A database file, and what it was built from.
pub struct Built {
    /// The file.
    pub file: Vec<u8>,
    /// The digest and the name of each file that was read.
    inputs: Vec<(Digest, String)>,
}

impl Built {
    /// The digests of what was read and of the file, which is called `name`, in the layout that `sha256sum -c` reads.
    pub fn digests(&self, name: &str) -> String {
        let own = (Digest::of(&self.file), name.to_owned());
        self.inputs.iter().chain([&own]).map(|(digest, name)| format!("{digest}  {name}\n")).collect()
    }
}

impl Records {
    fn digests(&self, ecosystem: Ecosystem) -> Vec<(Digest, String)> {
        match self {
            Records::Zip(bytes) => vec![(Digest::of(bytes), format!("{ecosystem}/all.zip"))],
            Records::Json(files) => {
                let row =
                    |(name, bytes): &(String, Vec<u8>)| (Digest::of(bytes), format!("{ecosystem}/{name}"));
                files.iter().map(row).collect()
            }
        }
    }
}

fn inputs_of(folder: &Path) -> Result<Vec<(Ecosystem, Records)>> {
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
    Ok(inputs)
}

fn read_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let failed = |error: std::io::Error| cannot_read(folder, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, read(&path, RECORD_BYTES)?));
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

/// Builds the database file, as small as can be, without titles. Errors name the record that is wrong.
pub fn build(inputs: Vec<(Ecosystem, Records)>) -> Result<Vec<u8>> {
    let read =
        |(ecosystem, records)| Ok(Input { ecosystem, records: parse(ecosystem, records)?, as_of: None });
    build_records(inputs.into_iter().map(read).collect::<Result<_>>()?, Form::BuiltIn)
}

/// What one ecosystem's part of a database is built from.
pub(in crate::deps) struct Input {
    pub(in crate::deps) ecosystem: Ecosystem,
    pub(in crate::deps) records: Vec<Record>,
    /// The last day the records are known to have been all there are, "2026-08-21"; `None`: that of the newest.
    pub(in crate::deps) as_of: Option<String>,
}

/// What a database file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::deps) enum Form {
    /// It is compiled in: as small as can be, without titles.
    BuiltIn,
    /// It is built at every update: with titles, and soon there.
    Installed,
}

/// As [`build`], of records that are read already.
pub(in crate::deps) fn build_records(inputs: Vec<Input>, form: Form) -> Result<Vec<u8>> {
    let mut records: BTreeMap<Ecosystem, Vec<Record>> = BTreeMap::new();
    let mut days: BTreeMap<Ecosystem, String> = BTreeMap::new();
    for mut input in inputs {
        input.records.retain(|record| record.withdrawn.is_none());
        records.entry(input.ecosystem).or_default().append(&mut input.records);
        days.extend(input.as_of.map(|day| (input.ecosystem, day)));
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
    let mut parts = Vec::new();
    for (ecosystem, mut records) in records {
        records.sort_by(|one, other| one.id.cmp(&other.id));
        let mut part = part(ecosystem, &records, &scores, form)?;
        if let Some(day) = days.remove(&ecosystem) {
            part.status.as_of = day;
        }
        parts.push(part);
    }
    write(parts, if form == Form::BuiltIn { LEVEL } else { LEVEL_SOON })
}

/// Reads the records.
pub(in crate::deps) fn parse(ecosystem: Ecosystem, source: Records) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| -> Result<()> {
        let record: Record = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(ErrorKind::Settings, format!("{ecosystem}: {name} is no OSV record")).because(error)
        })?;
        records.push(record);
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
    Ok(records)
}

fn part(
    ecosystem: Ecosystem,
    records: &[Record],
    scores: &BTreeMap<String, Severity>,
    form: Form,
) -> Result<Part> {
    let newest = newest(records);
    let sources: BTreeSet<&str> = records.iter().map(|record| publisher(&record.id)).collect();
    let source = sources.into_iter().collect::<Vec<_>>().join(", ");
    let mut packages: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    let mut advisories = 0;
    for record in records {
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
            let mut stored = store(ecosystem, record, one, severity);
            if form == Form::Installed {
                stored.summary = title(record);
            }
            packages.entry(ecosystem.key(&package.name)).or_default().push(stored);
            counted = 1;
        }
        advisories += counted;
    }
    let status = EcosystemStatus {
        ecosystem: ecosystem.name(),
        advisories,
        packages: packages.len(),
        as_of: newest.clone(),
        newest,
        source,
    };
    let entries = packages.into_iter().map(|(key, records)| {
        let entry = postcard::to_allocvec(&(&key, records)).map_err(cannot_encode)?;
        Ok((key, entry))
    });
    Ok(Part { ecosystem, status, entries: entries.collect::<Result<_>>()? })
}

/// The ranges of versions, each sorted.
pub(in crate::deps) fn ranges(ecosystem: Ecosystem, one: &AffectedPackage) -> Vec<Vec<Event>> {
    one.ranges
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
        .collect()
}

fn store(ecosystem: Ecosystem, record: &Record, one: &AffectedPackage, severity: Severity) -> Stored {
    let ranges = ranges(ecosystem, one);
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
    Stored {
        id: Identifier::new(&record.id),
        aliases,
        kind,
        severity,
        ranges,
        versions,
        published: published(record).unwrap_or(0),
        summary: String::new(),
        functions: functions(one),
    }
}

/// A record's title as one line.
fn title(record: &Record) -> String {
    const LONGEST: usize = 200;
    let summary = record.summary.as_deref().unwrap_or_default();
    let words: Vec<&str> = summary.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// The day a record was published, in days since 1970.
fn published(record: &Record) -> Option<u16> {
    let day: Date = record.published.as_deref()?.get(..10)?.parse().ok()?;
    let since = day.since(Date::new(1970, 1, 1).ok()?).ok()?;
    u16::try_from(since.get_days()).ok()
}

/// What RustSec and Go say of the functions that have the weakness. Of Go's, only those that other packages can call.
fn functions(one: &AffectedPackage) -> Vec<Functions> {
    let Some(specific) = &one.ecosystem_specific else { return Vec::new() };
    let mut functions: Vec<Functions> = Vec::new();
    for path in specific.affects.iter().flat_map(|affects| &affects.functions) {
        if let Some((of, name)) = path.rsplit_once("::") {
            functions.push(Functions { of: of.to_owned(), names: vec![name.to_owned()] });
        }
    }
    for import in &specific.imports {
        let exported = |symbol: &&String| {
            symbol.split('.').all(|part| part.starts_with(|first: char| first.is_uppercase()))
        };
        let names: Vec<String> = import.symbols.iter().filter(exported).cloned().collect();
        if !names.is_empty() {
            functions.push(Functions { of: import.path.clone(), names });
        }
    }
    functions.sort();
    functions
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
