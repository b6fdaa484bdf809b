//! The database file: a head with all that is known of each block, then the blocks, each opened when a name in it is
//! looked up.
//!
//! Eight bytes of magic, the length of the head (four bytes, little-endian), the SHA-256 of that length and the head, the
//! head, the blocks. The head is postcard in a zstd frame: an element an ecosystem, with the first name, the sizes and the
//! SHA-256 of each of its blocks. A block is a zstd frame of about 64 KiB: the sizes of its entries, then the entries,
//! sorted by name. So a lookup reads, checks and unpacks one block, however long the file is, and no byte is used that
//! the digest in front does not vouch for.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use super::EcosystemStatus;
use crate::artifact::Digest;
use crate::deps::version::Ecosystem;
use crate::error::{Error, ErrorKind, Result};

/// What every file begins with.
pub(super) const MAGIC: &[u8; 8] = b"weftadv2";
/// Magic, the length of the head, its digest.
const FRONT: usize = MAGIC.len() + 4 + 32;
/// A block is closed when it holds as many bytes: small enough that one is opened in a tenth of a millisecond, long
/// enough that its records have much in common.
const BLOCK: usize = 64 * 1024;
/// The most bytes that one block may unpack to: the records of one package are never split.
const UNPACKED: usize = 64 << 20;
/// The most bytes of a head, packed and unpacked: a hundred times what all of OSV's advisories take.
const HEAD: usize = 256 << 20;

/// zstd's level for the head of a file whose blocks are copied.
const COPIED: i32 = 6;

#[derive(Serialize, Deserialize)]
struct Head {
    sections: Vec<SectionHead>,
}

#[derive(Serialize, Deserialize)]
struct SectionHead {
    ecosystem: Ecosystem,
    source: String,
    newest: String,
    as_of: String,
    advisories: u32,
    packages: u32,
    blocks: Vec<BlockHead>,
}

#[derive(Serialize, Deserialize)]
struct BlockHead {
    first: String,
    size: u32,
    unpacked: u32,
    digest: [u8; 32],
}

/// What one ecosystem's part of a file is written from.
pub(super) struct Part {
    pub(super) ecosystem: Ecosystem,
    pub(super) status: EcosystemStatus,
    /// Names, sorted, and their entries.
    pub(super) entries: Vec<(String, Vec<u8>)>,
}

/// Writes a file of these parts, compressed at zstd's `level`. The same parts give the same bytes.
pub(super) fn write(parts: Vec<Part>, level: i32) -> Result<Vec<u8>> {
    let (mut sections, mut blocks) = (Vec::new(), Vec::new());
    for Part { ecosystem, status, entries } in parts {
        let mut heads = Vec::new();
        let mut open: Vec<(String, Vec<u8>)> = Vec::new();
        let mut size = 0;
        for entry in entries {
            size += entry.1.len();
            open.push(entry);
            if size >= BLOCK {
                heads.push(block(&std::mem::take(&mut open), level, &mut blocks)?);
                size = 0;
            }
        }
        if !open.is_empty() {
            heads.push(block(&open, level, &mut blocks)?);
        }
        sections.push(SectionHead::new(ecosystem, status, heads)?);
    }
    file(sections, blocks, level)
}

/// Writes a file that holds these ecosystems' parts of other files, block by block as they are there. Errors: a part
/// cannot be read.
pub(super) fn copy(parts: &[(&Store, Ecosystem)]) -> Result<Vec<u8>> {
    let (mut sections, mut blocks) = (Vec::new(), Vec::new());
    for (store, ecosystem) in parts {
        let Some(section) = &store.sections[*ecosystem as usize] else { continue };
        let heads = section.blocks.iter().map(|block| {
            store.block(block)?;
            blocks.extend(store.bytes.read(block.at, block.size).map_err(|_| damaged("cannot be read"))?);
            Ok(BlockHead {
                first: block.first.clone(),
                size: u32::try_from(block.size).map_err(cannot_encode)?,
                unpacked: u32::try_from(block.unpacked).map_err(cannot_encode)?,
                digest: block.digest,
            })
        });
        sections.push(SectionHead::new(*ecosystem, section.status.clone(), heads.collect::<Result<_>>()?)?);
    }
    file(sections, blocks, COPIED)
}

impl SectionHead {
    fn new(ecosystem: Ecosystem, status: EcosystemStatus, blocks: Vec<BlockHead>) -> Result<Self> {
        Ok(SectionHead {
            ecosystem,
            source: status.source,
            newest: status.newest,
            as_of: status.as_of,
            advisories: u32::try_from(status.advisories).map_err(cannot_encode)?,
            packages: u32::try_from(status.packages).map_err(cannot_encode)?,
            blocks,
        })
    }
}

fn file(sections: Vec<SectionHead>, blocks: Vec<u8>, level: i32) -> Result<Vec<u8>> {
    let head = postcard::to_allocvec(&Head { sections }).map_err(cannot_encode)?;
    let head = zstd::bulk::compress(&head, level).map_err(cannot_encode)?;
    let size = u32::try_from(head.len()).map_err(cannot_encode)?.to_le_bytes();
    let digest = Digest::of(&[&size, head.as_slice()].concat());
    Ok([MAGIC.as_slice(), &size, digest.as_bytes(), &head, &blocks].concat())
}

fn block(entries: &[(String, Vec<u8>)], level: i32, blocks: &mut Vec<u8>) -> Result<BlockHead> {
    let sizes: Vec<u32> = entries
        .iter()
        .map(|(_, entry)| u32::try_from(entry.len()))
        .collect::<std::result::Result<_, _>>()
        .map_err(cannot_encode)?;
    let mut bytes = postcard::to_allocvec(&sizes).map_err(cannot_encode)?;
    entries.iter().for_each(|(_, entry)| bytes.extend(entry));
    let packed = zstd::bulk::compress(&bytes, level).map_err(cannot_encode)?;
    blocks.extend(&packed);
    Ok(BlockHead {
        first: entries.first().map(|(name, _)| name.clone()).unwrap_or_default(),
        size: u32::try_from(packed.len()).map_err(cannot_encode)?,
        unpacked: u32::try_from(bytes.len()).ok().filter(|size| *size as usize <= UNPACKED).ok_or_else(
            || Error::new(ErrorKind::Io, "one package has more advisories than a database may hold"),
        )?,
        digest: *Digest::of(&packed).as_bytes(),
    })
}

pub(super) fn cannot_encode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Bug, "cannot encode the advisory database").because(error)
}

/// Where the bytes of a database are.
pub(super) enum Bytes {
    /// In memory.
    Held(std::borrow::Cow<'static, [u8]>),
    /// In a file, read block by block.
    File(Mutex<File>),
}

impl Bytes {
    fn read(&self, at: u64, size: usize) -> std::io::Result<Vec<u8>> {
        match self {
            Bytes::Held(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                let range = start..start.saturating_add(size);
                bytes.get(range).map(<[u8]>::to_vec).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
            }
            Bytes::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let mut bytes = vec![0; size];
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    fn len(&self) -> std::io::Result<u64> {
        match self {
            Bytes::Held(bytes) => Ok(bytes.len() as u64),
            Bytes::File(file) => {
                file.lock().unwrap_or_else(PoisonError::into_inner).metadata().map(|file| file.len())
            }
        }
    }
}

/// A file, its head read.
pub(super) struct Store {
    bytes: Bytes,
    /// Of the head, which has those of all blocks.
    pub(super) digest: Digest,
    /// In the order of [`Ecosystem::ALL`].
    pub(super) sections: [Option<Section>; Ecosystem::ALL.len()],
}

/// One ecosystem's part of a file.
pub(super) struct Section {
    pub(super) status: EcosystemStatus,
    pub(super) blocks: Vec<Block>,
}

pub(super) struct Block {
    first: String,
    at: u64,
    size: usize,
    unpacked: usize,
    digest: [u8; 32],
    opened: OnceLock<std::result::Result<Opened, String>>,
}

/// A block, unpacked.
pub(super) struct Opened {
    bytes: Vec<u8>,
    entries: Vec<Range<usize>>,
}

impl Opened {
    /// The entries of the block, in the order of their names.
    pub(super) fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &self.bytes[entry.clone()])
    }
}

impl Store {
    /// Reads the head. Errors: it is not as it was written, or blocks are missing or too many.
    pub(super) fn open(bytes: Bytes) -> Result<Store> {
        let unreadable = |error: std::io::Error| damaged("cannot be read").because(error);
        let foreign = |_| damaged("is cut off, or no advisory database of this version of weft");
        let front = bytes.read(0, FRONT).map_err(foreign)?;
        let (magic, rest) = front.split_at(MAGIC.len());
        let (length, digest) = rest.split_at(4);
        let size = length.try_into().map_or(0, u32::from_le_bytes) as usize;
        if magic != MAGIC || size > HEAD {
            return Err(damaged("is cut off, or no advisory database of this version of weft"));
        }
        let head = bytes.read(FRONT as u64, size).map_err(foreign)?;
        if Digest::of(&[length, &head].concat()).as_bytes() != digest {
            return Err(damaged("does not match its digest"));
        }
        let head = unpack(&head, HEAD).ok_or_else(|| damaged("has a head that cannot be unpacked"))?;
        let (head, rest) = postcard::take_from_bytes::<Head>(&head)
            .map_err(|_| damaged("has a head that cannot be read"))?;
        let mut at = (FRONT + size) as u64;
        let mut sections = [const { None }; Ecosystem::ALL.len()];
        for section in head.sections {
            let ecosystem = section.ecosystem as usize;
            sections[ecosystem] = Some(Section::new(section, &mut at));
        }
        if !rest.is_empty() || at != bytes.len().map_err(unreadable)? {
            return Err(damaged("is not as long as it says"));
        }
        let digest = Digest::of(digest);
        Ok(Store { bytes, digest, sections })
    }

    /// The bytes of the entry of `name`, when there is one. `key` tells the name of an entry. Errors: its block is not as
    /// it was written.
    pub(super) fn entry<'s>(
        &'s self,
        section: &'s Section,
        name: &str,
        key: fn(&[u8]) -> &str,
    ) -> Result<Option<&'s [u8]>> {
        let after = section.blocks.partition_point(|block| block.first.as_str() <= name);
        let Some(block) = after.checked_sub(1).and_then(|index| section.blocks.get(index)) else {
            return Ok(None);
        };
        let opened = self.block(block)?;
        let found = opened.entries.binary_search_by(|entry| key(&opened.bytes[entry.clone()]).cmp(name));
        Ok(found.ok().map(|index| &opened.bytes[opened.entries[index].clone()]))
    }

    /// A block, unpacked and checked when it is first asked for.
    pub(super) fn block<'s>(&self, block: &'s Block) -> Result<&'s Opened> {
        let opened = block.opened.get_or_init(|| {
            let packed = self.bytes.read(block.at, block.size).map_err(|error| error.to_string())?;
            if *Digest::of(&packed).as_bytes() != block.digest {
                return Err("does not match its digest".to_owned());
            }
            let bytes = unpack(&packed, UNPACKED).filter(|bytes| bytes.len() == block.unpacked);
            bytes.and_then(index).ok_or_else(|| "holds records that cannot be read".to_owned())
        });
        opened.as_ref().map_err(|why| damaged(why))
    }
}

impl Section {
    fn new(head: SectionHead, at: &mut u64) -> Section {
        let status = EcosystemStatus {
            ecosystem: head.ecosystem.name(),
            advisories: head.advisories as usize,
            packages: head.packages as usize,
            newest: head.newest,
            as_of: head.as_of,
            source: head.source,
        };
        let blocks = head.blocks.into_iter().map(|block| {
            let start = *at;
            *at = at.saturating_add(u64::from(block.size));
            Block {
                first: block.first,
                at: start,
                size: block.size as usize,
                unpacked: block.unpacked as usize,
                digest: block.digest,
                opened: OnceLock::new(),
            }
        });
        Section { status, blocks: blocks.collect() }
    }
}

fn index(bytes: Vec<u8>) -> Option<Opened> {
    let (sizes, rest) = postcard::take_from_bytes::<Vec<u32>>(&bytes).ok()?;
    let mut at = bytes.len() - rest.len();
    let mut entries = Vec::with_capacity(sizes.len());
    for size in sizes {
        let end = at.checked_add(size as usize).filter(|end| *end <= bytes.len())?;
        entries.push(at..end);
        at = end;
    }
    (at == bytes.len()).then_some(Opened { bytes, entries })
}

/// What a zstd frame holds, when it says how much that is and it is no more than `most`.
fn unpack(frame: &[u8], most: usize) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten()?;
    let size = usize::try_from(size).ok().filter(|size| *size <= most)?;
    zstd::bulk::decompress(frame, size).ok()
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Mismatch, format!("the advisory database {what}"))
        .hint("make it anew: `weft db update`, or `weft db import`")
}
