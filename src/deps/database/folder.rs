//! The folder of installed databases: one file of facts an ecosystem, the one before it, and the records it was built
//! from.
//!
//! A file is written aside, flushed, and renamed: a reader sees the old or the new one, whatever happens. The records are
//! replaced first, so that facts are never newer than what they were built from.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Database, Databases, Form, Input, Known, build_records};
use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Note, NoteKind};

/// A folder of installed databases.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The one at `path`, which need not be there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Folder { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::deps) fn file(&self, ecosystem: Ecosystem, kind: &str) -> PathBuf {
        self.path.join(format!("{ecosystem}.{kind}"))
    }

    /// The built-in data and what is installed. A damaged database is said; the one before it answers, else the built-in
    /// data.
    pub fn load(&self) -> (Databases, Vec<Note>) {
        let (mut databases, mut notes) = (Databases::built_in(), Vec::new());
        for ecosystem in Ecosystem::ALL {
            let current = self.file(ecosystem, "facts");
            // What cannot be looked at may be there.
            if fs::symlink_metadata(&current).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
            {
                continue;
            }
            match Database::open_file(&current) {
                Ok(database) => databases.add(database),
                Err(error) => {
                    let before = Database::open_file(&self.file(ecosystem, "previous"));
                    let instead = if before.is_ok() { "the one before it" } else { "the built-in data" };
                    let message = format!(
                        "{ecosystem}: {error}; {instead} is used: `weft db update --ecosystem {ecosystem}` makes it anew"
                    );
                    notes.push(Note::new(NoteKind::Partial, "", message));
                    before.into_iter().for_each(|database| databases.add(database));
                }
            }
        }
        (databases, notes)
    }

    /// The ecosystems that have an installed database.
    pub fn installed(&self) -> Vec<Ecosystem> {
        Ecosystem::ALL.into_iter().filter(|ecosystem| self.file(*ecosystem, "facts").exists()).collect()
    }

    /// Makes the folder, for its owner alone, and keeps others from changing it until the lock is dropped. Errors: it
    /// cannot be made; another run is changing it.
    pub(in crate::deps) fn lock(&self) -> Result<File> {
        let failed = |error: std::io::Error| self.failed("cannot make", error);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(failed)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.join("lock"))
            .map_err(failed)?;
        lock.try_lock().map_err(|error| {
            Error::new(ErrorKind::Io, format!("{} is being changed by another weft", self.path.display()))
                .because(error)
                .hint("wait until that is done, then try again")
        })?;
        Ok(lock)
    }

    /// Puts the database of these records into place; the one that was there is kept as the one before. Errors leave what
    /// was there.
    pub(in crate::deps) fn install(
        &self,
        ecosystem: Ecosystem,
        known: &Known,
        as_of: Option<String>,
    ) -> Result<()> {
        let records = known.records.values().map(|listed| listed.record.clone()).collect();
        let facts = build_records(vec![Input { ecosystem, records, as_of }], Form::Installed)?;
        self.replace(&self.file(ecosystem, "records"), &known.write()?)?;
        self.put(ecosystem, facts)
    }

    /// As [`Folder::install`], of a database without its records: the next update fetches them all.
    pub(in crate::deps) fn put(&self, ecosystem: Ecosystem, facts: Vec<u8>) -> Result<()> {
        Database::open(facts.clone())?.verify()?;
        let current = self.file(ecosystem, "facts");
        if current.exists() && Database::open_file(&current).is_ok() {
            let before = self.file(ecosystem, "previous");
            let aside = self.file(ecosystem, "previous.new");
            let kept = fs::remove_file(&aside).or_else(absent).and_then(|()| {
                fs::hard_link(&current, &aside).or_else(|_| fs::copy(&current, &aside).map(drop))?;
                fs::rename(&aside, &before)
            });
            kept.map_err(|error| self.failed("cannot keep the database before this one in", error))?;
        }
        self.replace(&current, &facts)
    }

    /// Writes aside, flushes, renames.
    pub(in crate::deps) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let outcome = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            // The name, too, has to reach the disk.
            #[cfg(unix)]
            File::open(&self.path)?.sync_all()?;
            Ok(())
        };
        outcome().map_err(|error| self.failed("cannot write into", error))
    }

    pub(in crate::deps) fn failed(&self, what: &str, error: std::io::Error) -> Error {
        Error::new(ErrorKind::Io, format!("{what} {}", self.path.display())).because(error).hint(
            "check that the disk is not full and the folder is yours to write; the data that was there stays in use",
        )
    }
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::database::{Listed, slim};

    fn known(id: &str) -> Known {
        let record = format!(
            r#"{{"id": "{id}", "affected": [{{"package": {{"ecosystem": "Maven", "name": "a"}}, "versions": ["1.0"]}}]}}"#
        );
        let record = slim(serde_json::from_str(&record).unwrap(), Ecosystem::Maven);
        Known { records: [(id.into(), Listed { time: String::new(), record })].into(), ..Known::default() }
    }

    fn ids(databases: &Databases) -> Vec<String> {
        let facts = databases.of(Ecosystem::Maven).unwrap().unwrap().facts(Ecosystem::Maven, "a").unwrap();
        facts.into_iter().map(|fact| fact.id).collect()
    }

    #[test]
    fn what_is_installed_answers_and_a_damaged_one_leaves_the_one_before() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join("a/b"));
        assert!(folder.load().0.of(Ecosystem::Maven).unwrap().is_none());
        drop(folder.lock().unwrap());
        for id in ["ONE", "TWO"] {
            folder.install(Ecosystem::Maven, &known(id), Some("2026-01-02".into())).unwrap();
            let (databases, notes) = folder.load();
            assert_eq!((ids(&databases), notes.len()), (vec![id.to_owned()], 0));
        }
        assert_eq!(folder.installed(), [Ecosystem::Maven]);
        let path = folder.file(Ecosystem::Maven, "facts");
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
        let (databases, notes) = folder.load();
        assert_eq!(ids(&databases), ["ONE"]);
        assert_eq!(notes[0].kind, NoteKind::Partial);
        let expected = "Maven: the advisory database does not match its digest; the one before it is used: \
                        `weft db update --ecosystem Maven` makes it anew";
        assert_eq!(notes[0].message, expected);
        fs::remove_file(folder.file(Ecosystem::Maven, "previous")).unwrap();
        assert!(folder.load().1[0].message.contains("the built-in data is used"));
        // A damaged one is never kept as the one before.
        folder.install(Ecosystem::Maven, &known("THREE"), None).unwrap();
        assert!(!folder.file(Ecosystem::Maven, "previous").exists());
    }

    #[test]
    fn two_do_not_change_a_folder_at_once() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        let held = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().to_string().ends_with("is being changed by another weft"));
        drop(held);
        folder.lock().unwrap();
    }
}
