//! What has arrived of an update that is not done: the beginning of an archive, records one by one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};

use crate::deps::database::{Folder, Listed};
use crate::deps::version::Ecosystem;
use crate::error::{Error, Result};

/// The most bytes of kept records that are read again.
const KEPT: u64 = 1 << 30;

/// Records that arrived: a line each. What a killed run left half written is as if it had not arrived.
pub(super) struct Pending<'f> {
    folder: &'f Folder,
    there: BTreeMap<String, Listed>,
    file: File,
}

impl<'f> Pending<'f> {
    pub(super) fn open(folder: &'f Folder, ecosystem: Ecosystem) -> Result<Self> {
        let path = folder.file(ecosystem, "pending");
        let failed = |error| folder.failed("cannot open what has arrived in", error);
        let mut there = BTreeMap::new();
        if let Ok(file) = File::open(&path) {
            for line in BufReader::new(file.take(KEPT)).split(b'\n').map_while(std::result::Result::ok) {
                if let Ok(listed) = serde_json::from_slice::<Listed>(&line) {
                    there.insert(listed.record.id.clone(), listed);
                }
            }
        }
        let mut file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        // Ends the line that a killed run left.
        file.write_all(b"\n").map_err(failed)?;
        Ok(Pending { folder, there, file })
    }

    /// The record of `id` as of `time`, when it has arrived.
    pub(super) fn take(&mut self, id: &str, time: &str) -> Option<Listed> {
        self.there.remove(id).filter(|listed| listed.time == time)
    }

    /// Keeps a record that arrived.
    pub(super) fn keep(&mut self, listed: &Listed) -> Result<()> {
        let line = serde_json::to_vec(listed).map(|line| [line.as_slice(), b"\n"].concat());
        let written = line.map_err(std::io::Error::from).and_then(|line| self.file.write_all(&line));
        written.map_err(|error| self.folder.failed("cannot write into", error))
    }

    /// Forgets what has arrived: it is installed.
    pub(super) fn drop(folder: &Folder, ecosystem: Ecosystem) {
        let _ = fs::remove_file(folder.file(ecosystem, "pending"));
    }
}

/// The beginning of an archive.
pub(super) struct Part<'f> {
    folder: &'f Folder,
    ecosystem: Ecosystem,
    file: File,
    etag: Option<String>,
}

impl<'f> Part<'f> {
    pub(super) fn open(folder: &'f Folder, ecosystem: Ecosystem) -> Result<Self> {
        let failed = |error| folder.failed("cannot open the archive in", error);
        let path = folder.file(ecosystem, "part");
        let file =
            File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        let etag = fs::read_to_string(folder.file(ecosystem, "part-of")).ok().filter(|etag| !etag.is_empty());
        Ok(Part { folder, ecosystem, file, etag })
    }

    /// The file, and the ETag of what it is the beginning of.
    pub(super) fn begun(&mut self) -> (&mut File, Option<String>) {
        let etag = self.etag.clone();
        (&mut self.file, etag)
    }

    /// The file, from its start.
    pub(super) fn file(&mut self) -> Result<&mut File> {
        self.file.rewind().map_err(|error| self.folder.failed("cannot read the archive in", error))?;
        Ok(&mut self.file)
    }

    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.folder.file(self.ecosystem, "part-of"));
        let _ = fs::remove_file(self.folder.file(self.ecosystem, "part"));
    }
}

/// Keeps the ETag of the archive whose beginning follows.
pub(super) fn noting(folder: &Folder, ecosystem: Ecosystem) -> impl FnMut(Option<&str>) -> Result<(), Error> {
    move |etag| folder.replace(&folder.file(ecosystem, "part-of"), etag.unwrap_or_default().as_bytes())
}
