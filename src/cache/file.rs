//! The file: a head of fixed length, records, and an index behind them, which the head finds and vouches for.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::Made;
use crate::artifact::Digest;

/// The first bytes: what it is, and of which version.
const MAGIC: &[u8; 16] = b"weft cache   1\r\n";

/// Magic, run, project, then place, length and digest of the index.
const HEAD: usize = 16 + 32 + 32 + 8 + 8 + 32;

/// The longest index that is read.
const LONGEST_INDEX: u64 = 512 << 20;

/// Some bytes of the file.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Part {
    at: u64,
    pub(super) length: u32,
    sum: [u8; 16],
}

/// What the index says of a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) content: [u8; 32],
    pub(super) shape: [u8; 32],
    /// What git calls the content, for a source.
    pub(super) blob_id: Option<String>,
    /// The files that its imports lead to.
    pub(super) imports: Vec<String>,
    /// The length of the content.
    pub(super) length: u64,
    /// Whether its imports were found to mean the same in the project of the head.
    pub(super) holds: bool,
    /// The last written run that used it.
    pub(super) age: u32,
    pub(super) asked: Part,
    pub(super) blob: Part,
}

impl Item {
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.asked.length) + u64::from(self.blob.length)
    }
}

/// A file that was read as far as its index.
pub(super) struct Opened {
    file: Mutex<File>,
    /// Where the index begins: every part ends before it.
    end: u64,
    /// The project that it was written for.
    pub(super) state: [u8; 32],
    /// How many runs wrote it.
    pub(super) age: u32,
    /// In the order of their paths.
    pub(super) items: Vec<Item>,
}

impl Opened {
    /// Reads the head and the index; `None` when anything about them is wrong or of another run.
    pub(super) fn read(mut file: File, run: &Digest) -> Option<Opened> {
        let mut head = [0; HEAD];
        file.read_exact(&mut head).ok()?;
        let (magic, rest) = head.split_first_chunk::<16>()?;
        let (of, rest) = rest.split_first_chunk::<32>()?;
        let (state, rest) = rest.split_first_chunk::<32>()?;
        let (end, rest) = rest.split_first_chunk::<8>()?;
        let (length, sum) = rest.split_first_chunk::<8>()?;
        let (end, length) = (u64::from_le_bytes(*end), u64::from_le_bytes(*length));
        let whole = file.metadata().ok()?.len();
        let fits = end >= HEAD as u64 && length <= LONGEST_INDEX && end.checked_add(length) == Some(whole);
        if magic != MAGIC || of != run.as_bytes() || !fits {
            return None;
        }
        let mut index = Vec::new();
        file.seek(SeekFrom::Start(end)).ok()?;
        (&file).take(length).read_to_end(&mut index).ok()?;
        if index.len() as u64 != length || Digest::of(&index).as_bytes() != sum {
            return None;
        }
        let (age, items): (u32, Vec<Item>) = postcard::from_bytes(&index).ok()?;
        let sorted = items.windows(2).all(|pair| pair[0].path < pair[1].path);
        sorted.then(|| Opened { file: Mutex::new(file), end, state: *state, age, items })
    }

    /// The record of a path and its place.
    pub(super) fn find(&self, path: &str) -> Option<(usize, &Item)> {
        let index = self.items.binary_search_by(|item| item.path.as_str().cmp(path)).ok()?;
        Some((index, &self.items[index]))
    }

    /// Some bytes; `None` when they are not those that were written.
    pub(super) fn part(&self, part: Part) -> Option<Vec<u8>> {
        if part.at.checked_add(u64::from(part.length))? > self.end {
            return None;
        }
        let mut bytes = vec![0; part.length as usize];
        let mut file = self.file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        file.seek(SeekFrom::Start(part.at)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        drop(file);
        (sum(&bytes) == part.sum).then_some(bytes)
    }
}

/// Enough of a digest to notice what a disk or a program did to a record.
fn sum(bytes: &[u8]) -> [u8; 16] {
    let digest = Digest::of(bytes);
    digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default()
}

/// Writes the file aside and puts it in the place of the old one, from which it takes the records that were not made.
pub(super) fn write(
    path: &Path,
    run: &Digest,
    state: &[u8; 32],
    age: u32,
    old: Option<&Opened>,
    records: Vec<(Item, Option<&Made>)>,
) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // Readable by its owner alone, as tempfile makes files.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    out.write_all(&[0; HEAD])?;
    let (mut at, mut items) = (HEAD as u64, Vec::with_capacity(records.len()));
    for (mut item, made) in records {
        let parts = match (made, old) {
            (Some(made), _) => Some((made.asked.clone(), made.blob.clone())),
            (None, Some(old)) => old.part(item.asked).zip(old.part(item.blob)),
            (None, None) => None,
        };
        let Some((asked, blob)) = parts else { continue };
        for (part, bytes) in [(&mut item.asked, asked), (&mut item.blob, blob)] {
            *part = Part { at, length: bytes.len() as u32, sum: sum(&bytes) };
            out.write_all(&bytes)?;
            at += bytes.len() as u64;
        }
        items.push(item);
    }
    let index = postcard::to_allocvec(&(age, items)).map_err(io::Error::other)?;
    out.write_all(&index)?;
    out.seek(SeekFrom::Start(0))?;
    for bytes in [&MAGIC[..], run.as_bytes(), state, &at.to_le_bytes(), &(index.len() as u64).to_le_bytes()] {
        out.write_all(bytes)?;
    }
    out.write_all(Digest::of(&index).as_bytes())?;
    out.flush()?;
    drop(out);
    file.persist(path).map(drop).map_err(|error| error.error)
}
