//! Advisories from a file or folder -> the installed database: OSV's archives and records, a checkout of RustSec's
//! database, a database that weft exported.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::archive::{self, Bounds};
use crate::deps::database::{Database, EcosystemStatus, Folder, Known, Listed, slim};
use crate::deps::osv::Record;
use crate::deps::rustsec;
use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};

/// How deep folders of records are looked into, and how many files there may be.
const DEPTH: usize = 8;
const FILES: usize = 4_000_000;
/// The longest database file and the longest record.
const DATABASE: u64 = 1 << 30;
const RECORD: u64 = 16 << 20;

/// What was imported of one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What there is now.
    pub now: EcosystemStatus,
    /// What there was, built in or installed.
    pub before: Option<EcosystemStatus>,
}

/// Installs what is at `path` in place of what `folder` has of the same ecosystems, or of those of `only`. `as_of` is the
/// day on which it was all there was; the day of the newest record, `today` at the latest, when it is not known. Errors name the file; nothing of
/// an ecosystem is replaced before all of it was read, and less than half of what there was is refused unless `smaller`.
pub fn import(
    path: &Path,
    folder: &Folder,
    only: &[Ecosystem],
    (as_of, today): (Option<&str>, &str),
    smaller: bool,
) -> Result<Vec<Imported>> {
    let wanted = |ecosystem: &Ecosystem| only.is_empty() || only.contains(ecosystem);
    let _lock = folder.lock()?;
    let mut found = read(path)?;
    match &mut found {
        Found::Database(database) => database.verify()?,
        Found::Records(records) => records.retain(|ecosystem, _| wanted(ecosystem)),
    }
    let there: Vec<(Ecosystem, usize)> = match &found {
        Found::Database(database) => Ecosystem::ALL
            .into_iter()
            .filter(wanted)
            .filter_map(|ecosystem| Some((ecosystem, database.status_of(ecosystem)?.advisories)))
            .collect(),
        Found::Records(records) => {
            let counted = |known: &Known| {
                known.records.values().filter(|listed| listed.record.withdrawn.is_none()).count()
            };
            records.iter().map(|(ecosystem, known)| (*ecosystem, counted(known))).collect()
        }
    };
    if there.is_empty() {
        return Err(Error::new(ErrorKind::Usage, format!("{} holds no advisories", path.display())).hint(
            "give an all.zip, a folder of OSV records, a checkout of RustSec's advisory-db, or a file that `weft db export` wrote",
        ));
    }
    let (databases, _) = folder.load();
    let mut imported = Vec::new();
    for (ecosystem, count) in &there {
        let before = databases.of(*ecosystem)?.and_then(|known| known.status_of(*ecosystem)).cloned();
        let had = before.as_ref().map_or(0, |before| before.advisories);
        if *count < had / 2 && !smaller {
            let message =
                format!("{} has {count} advisories of {ecosystem} where there are {had}", path.display());
            return Err(Error::new(ErrorKind::Usage, message)
                .hint("an import replaces what there is; `--smaller` says that this is meant"));
        }
        imported.push((*ecosystem, before));
    }
    let mut rows = Vec::new();
    for (ecosystem, before) in imported {
        match &mut found {
            Found::Database(database) => folder.put(ecosystem, database.export(ecosystem)?)?,
            Found::Records(records) => {
                let known = records.remove(&ecosystem).unwrap_or_default();
                folder.install(ecosystem, &known, as_of.map(str::to_owned))?;
                // A record of the future does not make the others newer.
                let newest = Database::open_file(&folder.file(ecosystem, "facts"))?;
                if newest.status_of(ecosystem).is_some_and(|status| status.as_of.as_str() > today) {
                    folder.install(ecosystem, &known, Some(today.to_owned()))?;
                }
            }
        }
        let database = Database::open_file(&folder.file(ecosystem, "facts"))?;
        rows.extend(database.status_of(ecosystem).cloned().map(|now| Imported { now, before }));
    }
    Ok(rows)
}

enum Found {
    Database(Box<Database>),
    Records(BTreeMap<Ecosystem, Known>),
}

fn read(path: &Path) -> Result<Found> {
    let mut records = Collected::default();
    if path.is_dir() {
        if path.join("crates").is_dir() {
            for record in rustsec::checkout(path)? {
                records.add(record);
            }
        } else {
            walk(path, &mut records)?;
        }
        return Ok(Found::Records(records.0));
    }
    let mut bytes = Vec::new();
    let file = open(path)?;
    let mut start = [0; 8];
    let length = (&file).read(&mut start).map_err(|error| cannot_read(path, error))?;
    let file = open(path)?;
    if Database::recognises(&start[..length]) {
        file.take(DATABASE).read_to_end(&mut bytes).map_err(|error| cannot_read(path, error))?;
        return Ok(Found::Database(Box::new(Database::open(bytes)?)));
    }
    if path.extension().is_some_and(|extension| extension == "json") {
        records.file(path)?;
    } else {
        records.archive(path, file)?;
    }
    Ok(Found::Records(records.0))
}

/// Records by the ecosystems that they are about.
#[derive(Default)]
struct Collected(BTreeMap<Ecosystem, Known>);

impl Collected {
    fn add(&mut self, record: Record) {
        for ecosystem in Ecosystem::ALL {
            let about = |one: &crate::deps::osv::AffectedPackage| {
                one.package.as_ref().is_some_and(|package| package.ecosystem == ecosystem.name())
            };
            if record.affected.iter().any(about) {
                let record = slim(record.clone(), ecosystem);
                let known = self.0.entry(ecosystem).or_default();
                known.records.insert(record.id.clone(), Listed { time: String::new(), record });
            }
        }
    }

    fn archive(&mut self, path: &Path, file: File) -> Result<()> {
        archive::read(&path.display().to_string(), file, Bounds::default(), &mut |record| {
            self.add(record);
            Ok(())
        })
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let mut bytes = Vec::new();
        open(path)?.take(RECORD).read_to_end(&mut bytes).map_err(|error| cannot_read(path, error))?;
        let record = serde_json::from_slice(&bytes).map_err(|error| {
            Error::new(ErrorKind::Settings, format!("{} is no OSV record", path.display())).because(error)
        })?;
        self.add(record);
        Ok(())
    }
}

/// Reads the records and archives below a folder. Links are not followed.
fn walk(folder: &Path, records: &mut Collected) -> Result<()> {
    let mut open_folders: Vec<(PathBuf, usize)> = vec![(folder.to_path_buf(), 0)];
    let mut files = Vec::new();
    while let Some((folder, depth)) = open_folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| cannot_read(&folder, error))? {
            let entry = entry.map_err(|error| cannot_read(&folder, error))?;
            let kind = entry.file_type().map_err(|error| cannot_read(&folder, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if kind.is_dir() && depth < DEPTH && !name.starts_with('.') {
                open_folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && (name.ends_with(".json") || name == "all.zip") {
                files.push(entry.path());
            }
        }
        if files.len() > FILES {
            let message = format!("{} holds more than {FILES} records", folder.display());
            return Err(Error::new(ErrorKind::Io, message).hint("import its parts one by one"));
        }
    }
    files.sort();
    for file in files {
        if file.extension().is_some_and(|extension| extension == "zip") {
            records.archive(&file, open(&file)?)?;
        } else {
            records.file(&file)?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| cannot_read(path, error))
}

fn cannot_read(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot read {}", path.display()))
        .because(error)
        .hint("name a file or folder that is there and can be read")
}
