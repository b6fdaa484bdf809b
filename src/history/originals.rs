//! What came from standard input and exists nowhere else: an owner-only folder under the git directory until a person
//! decided. It is never pushed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{Action, Original, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::ingest;

fn folder(git_dir: &Path, item: &str) -> PathBuf {
    git_dir.join("weft").join("originals").join(item)
}

fn failed(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let message = format!("cannot {doing} {}", path.display());
    move |error| Error::new(ErrorKind::Io, message).because(error)
}

/// Keeps originals, readable by their owner only.
pub(super) fn keep(git_dir: &Path, item: &str, originals: &[Original]) -> Result<()> {
    let place = folder(git_dir, item);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&place).map_err(failed("make the folder", &place))?;
    for (index, original) in originals.iter().enumerate() {
        let path = place.join(format!("{index:04}"));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed("write", &path))?;
        file.write_all(original.reveal()).and_then(|()| file.sync_all()).map_err(failed("write", &path))?;
    }
    Ok(())
}

/// What was kept. Whether it is what was approved shows when it is used, by digest.
pub(super) fn load(git_dir: &Path, item: &str) -> Result<Vec<Original>> {
    let place = folder(git_dir, item);
    let Ok(entries) = fs::read_dir(&place) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let bytes: Arc<[u8]> = fs::read(path).map_err(failed("read", path))?.into();
        let limit = bytes.len() as u64;
        // A reply is read again as it was when it was submitted, so that its fences are found.
        let submission = ingest::reply::stdin(bytes.clone());
        let entry = submission.entries.first().map(|entry| ingest::read(entry, &limit));
        Ok(match entry {
            Some(Ok(original)) => original,
            _ => Original::new("<stdin>", Role::Reply, Action::Inspect, bytes),
        })
    };
    paths.iter().map(read).collect()
}

/// Removes what was kept.
pub(super) fn forget(git_dir: &Path, item: &str) -> Result<()> {
    let place = folder(git_dir, item);
    match fs::remove_dir_all(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", &place)(error)),
        _ => Ok(()),
    }
}
