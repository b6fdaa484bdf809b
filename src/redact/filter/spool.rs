//! Bytes that are read more than once: in memory while they are few, beyond that in a temporary file that has no name
//! and that its owner alone can read.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Up to this many bytes stay in memory.
pub(in crate::redact) const IN_MEMORY: u64 = 4 << 20;

/// An input or output of the filter, of any length.
pub struct Spool(Inner);

enum Inner {
    Memory(Vec<u8>),
    File { file: File, length: u64 },
}

impl Spool {
    /// Everything that `source` gives. What is long goes to an unlinked file in `folder`. Errors: `source` cannot be
    /// read, or `folder` is full or cannot be written.
    pub fn read(source: &mut dyn Read, what: &str, folder: &Path) -> Result<Self> {
        let unread = |error| Error::new(ErrorKind::Io, format!("cannot read {what}")).because(error);
        let mut head = Vec::new();
        source.take(IN_MEMORY + 1).read_to_end(&mut head).map_err(unread)?;
        let mut pen = Pen::new(folder, IN_MEMORY);
        pen.write(&head)?;
        if head.len() as u64 <= IN_MEMORY {
            return pen.finish();
        }
        drop(head);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return pen.finish(),
                Ok(count) => pen.write(buffer.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unread(error)),
            }
        }
    }

    /// These bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        Spool(Inner::Memory(bytes))
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        match &self.0 {
            Inner::Memory(bytes) => bytes.len() as u64,
            Inner::File { length, .. } => *length,
        }
    }

    /// Writes all of it to `out`.
    pub fn copy_to(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.0 {
            Inner::Memory(bytes) => out.write_all(bytes),
            Inner::File { file, .. } => {
                let mut reader = file;
                reader.seek(SeekFrom::Start(0))?;
                io::copy(&mut reader, out).map(drop)
            }
        }
    }

    /// The bytes of a range, which is cut at the end.
    pub(super) fn bytes(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let end = range.end.min(self.length());
        let start = range.start.min(end);
        match &self.0 {
            Inner::Memory(bytes) => {
                Ok(Cow::Borrowed(bytes.get(start as usize..end as usize).unwrap_or_default()))
            }
            Inner::File { file, .. } => {
                let mut reader = file;
                let mut bytes = vec![0; (end - start) as usize];
                reader.seek(SeekFrom::Start(start)).and_then(|_| reader.read_exact(&mut bytes)).map_err(
                    |error| {
                        Error::new(ErrorKind::Io, "cannot read the temporary copy of the text").because(error)
                    },
                )?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// All bytes; for what is known to be short.
    pub(in crate::redact) fn into_bytes(self) -> Result<Vec<u8>> {
        match self.0 {
            Inner::Memory(bytes) => Ok(bytes),
            Inner::File { length, .. } => self.bytes(0..length).map(Cow::into_owned),
        }
    }
}

/// Writes a [`Spool`].
pub(in crate::redact) struct Pen<'a> {
    folder: &'a Path,
    in_memory: u64,
    bytes: Vec<u8>,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl<'a> Pen<'a> {
    /// Into memory up to `in_memory` bytes, beyond that into an unlinked file in `folder`.
    pub(in crate::redact) fn new(folder: &'a Path, in_memory: u64) -> Self {
        Pen { folder, in_memory, bytes: Vec::new(), file: None, length: 0 }
    }

    pub(in crate::redact) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        if self.file.is_none() && self.length <= self.in_memory {
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        }
        let outcome = self.spill().and_then(|file| file.write_all(bytes));
        outcome.map_err(|error| self.failed(error))
    }

    /// The file, made when it is first needed, with what was kept in memory.
    fn spill(&mut self) -> io::Result<&mut BufWriter<File>> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                // It has no name from the start where the system can do that, and is its owner's alone elsewhere.
                let mut file = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(self.folder)?);
                file.write_all(&self.bytes)?;
                self.bytes = Vec::new();
                Ok(none.insert(file))
            }
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        let folder = self.folder.display();
        Error::new(ErrorKind::Io, format!("cannot write a temporary file in {folder}")).because(error).hint(
            "make room there, or set TMPDIR to a folder on a disk with room for twice the text; nothing was printed",
        )
    }

    pub(in crate::redact) fn finish(mut self) -> Result<Spool> {
        let Some(file) = self.file.take() else { return Ok(Spool::of(self.bytes)) };
        let file = file.into_inner().map_err(|error| self.failed(error.into_error()))?;
        Ok(Spool(Inner::File { file, length: self.length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_texts_are_read_alike() {
        let folder = std::env::temp_dir();
        let bytes: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        for in_memory in [0, 10, 1 << 20] {
            let mut pen = Pen::new(&folder, in_memory);
            bytes.chunks(999).for_each(|part| pen.write(part).unwrap());
            let spool = pen.finish().unwrap();
            assert_eq!(spool.length(), 200_000);
            assert_eq!(*spool.bytes(100..400).unwrap(), bytes[100..400]);
            assert_eq!(*spool.bytes(199_990..900_000).unwrap(), bytes[199_990..]);
            let mut all = Vec::new();
            spool.copy_to(&mut all).unwrap();
            assert!(all == bytes && spool.into_bytes().unwrap() == bytes);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let mut pen = Pen::new(Path::new("/dev/null"), 0);
        let error = pen.write(b"text").unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains("/dev/null")), (ErrorKind::Io, true));
    }
}
