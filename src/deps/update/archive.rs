//! An `all.zip` -> its records, within bounds: what is packed may be made to fill a disk.

use std::io::{Read, Seek};

use crate::deps::osv::Record;
use crate::error::{Error, ErrorKind, Result};

/// The most of an archive: files, bytes of one, bytes of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) files: usize,
    pub(super) one: u64,
    pub(super) all: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        // Ten times what the largest ecosystem has.
        Bounds { files: 4_000_000, one: 16 << 20, all: 16 << 30 }
    }
}

/// Hands each record of the archive `name` to `take`. Names inside are only shown, never used as paths. Errors: the
/// archive or a record of it is damaged, or larger than `bounds`.
pub(super) fn read(
    name: &str,
    file: impl Read + Seek,
    bounds: Bounds,
    take: &mut dyn FnMut(Record) -> Result<()>,
) -> Result<()> {
    let wrong =
        |what: String| Error::new(ErrorKind::Io, format!("{name}: {what}")).hint("the old data stays in use");
    let mut archive = zip::ZipArchive::new(file)
        .map_err(|error| wrong("it is no archive, or a cut one".into()).because(error))?;
    if archive.len() > bounds.files {
        return Err(wrong(format!("it holds more than {} files", bounds.files)));
    }
    let mut left = bounds.all;
    let mut text = Vec::new();
    for index in 0..archive.len() {
        let file = archive
            .by_index(index)
            .map_err(|error| wrong(format!("file {} of it cannot be read", index + 1)).because(error))?;
        let inside = file.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let inside = crate::finding::printable(&inside);
        if file.is_dir() || !inside.ends_with(".json") {
            continue;
        }
        text.clear();
        let most = bounds.one.min(left);
        file.take(most + 1)
            .read_to_end(&mut text)
            .map_err(|error| wrong(format!("{inside} in it is damaged")).because(error))?;
        left = left
            .checked_sub(text.len() as u64)
            .filter(|_| text.len() as u64 <= most)
            .ok_or_else(|| wrong(format!("{inside} in it unpacks to more than is allowed")))?;
        let record = serde_json::from_slice(&text)
            .map_err(|error| wrong(format!("{inside} in it is no OSV record")).because(error))?;
        take(record)?;
    }
    Ok(())
}
