//! What the first pass made of a project's files, kept for the next run of the same person: an unchanged file costs a
//! hash.
//!
//! One file a project. It holds for one engine, one set of rules and settings; of each file it says which content, path
//! and mode it is of, and what its imports were looked up as, and all of it is compared before anything is used. What is
//! wrong with the file in any way (short, changed, of another version, a link, somebody else's, open to others) makes it
//! as if it were not there. It is replaced as a whole, so that two runs at once are harmless.

mod file;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analyze::{Asked, Project};
use crate::artifact::{Action, Content, Digest, Entry, Role};
use crate::ingest::Dotenv;
use crate::syntax::Language;

use file::{Item, Opened, Part};
pub(crate) use place::refused;

/// The most bytes of records that are kept.
const MOST_BYTES: u64 = 256 << 20;

/// The most bytes of one record.
const LONGEST: usize = 16 << 20;

/// Analysing a byte costs about so much more than writing one: what is made anew faster than the file is not worth it.
const WORTH: u64 = 100;

/// What tells one content and use of a path from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    content: Digest,
    shape: Digest,
}

impl Key {
    /// Of an entry whose content has this digest. `None` for what is never kept: changes, replies and prompts, which are
    /// looked at once.
    pub(crate) fn of(entry: &Entry, content: impl FnOnce() -> Digest) -> Option<Key> {
        let plain = entry.action == Action::Inspect && entry.added.is_none() && !entry.fragment;
        let kept = matches!(entry.role, Role::Code | Role::Document) && entry.prompts.is_empty();
        // How the disk keeps a file counts for files of settings; of sources it would tell a file from itself in git.
        let disk = Some(entry.disk)
            .filter(|_| Language::of_path(&entry.path).is_none() || Dotenv::of(&entry.path).is_some());
        let shape = || format!("{:?} {:?} {disk:?} {}", entry.role, entry.mode, entry.path);
        (plain && kept).then(|| Key { content: content(), shape: Digest::of(shape().as_bytes()) })
    }
}

/// A record of this run.
struct Made {
    item: Item,
    blob: Vec<u8>,
    asked: Vec<u8>,
}

/// What is kept of one project.
pub(crate) struct Cache<'p> {
    path: PathBuf,
    run: Digest,
    project: &'p Project,
    state: Digest,
    old: Option<Opened>,
    /// Of each old record, whether this run used it.
    used: Vec<AtomicBool>,
    made: Mutex<BTreeMap<String, Made>>,
}

impl<'p> Cache<'p> {
    /// Opens the file at `path`, or begins a new one. `run` tells apart engines, rules and settings. `None` when nothing
    /// may be kept there.
    pub(crate) fn open(path: &Path, run: Digest, project: &'p Project) -> Option<Self> {
        let owner = place::prepare(path.parent()?)?;
        let old = place::open(path, &owner).and_then(|file| Opened::read(file, &run));
        let used = old.iter().flat_map(|old| &old.items).map(|_| AtomicBool::new(false)).collect();
        let state = project.digest();
        Some(Cache { path: path.to_owned(), run, project, state, old, used, made: Mutex::default() })
    }

    /// The record of the file at `path`, when it is of this content and its imports mean what they meant.
    pub(crate) fn get(&self, path: &str, key: &Key) -> Option<(Vec<u8>, Asked)> {
        let old = self.old.as_ref()?;
        let (index, item) = old.find(path)?;
        if item.content != *key.content.as_bytes() || item.shape != *key.shape.as_bytes() {
            return None;
        }
        let asked = self.asked(old, item)?;
        let blob = old.part(item.blob)?;
        self.used.get(index)?.store(true, Ordering::Relaxed);
        Some((blob, asked))
    }

    /// Whether a file of git's imports one of `targets`; `None` when that is not known of its content.
    pub(crate) fn imports(&self, entry: &Entry, targets: &BTreeSet<String>) -> Option<bool> {
        let Content::Stored(_, id) = &entry.content else { return None };
        let old = self.old.as_ref()?;
        let (_, item) = old.find(&entry.path)?;
        if item.blob_id.as_deref() != Some(id.as_str()) {
            return None;
        }
        if item.holds && *self.state.as_bytes() == old.state {
            return Some(item.imports.iter().any(|path| targets.contains(path)));
        }
        let asked: Asked = match item.asked.length {
            0 => return Some(false),
            _ => postcard::from_bytes(&old.part(item.asked)?).ok()?,
        };
        Some(!self.project.asked_anew(&item.path, &asked).files().is_disjoint(targets))
    }

    /// What was asked for a record, when it would be answered the same.
    fn asked(&self, old: &Opened, item: &Item) -> Option<Asked> {
        let asked: Asked = match item.asked.length {
            0 => Asked::default(),
            _ => postcard::from_bytes(&old.part(item.asked)?).ok()?,
        };
        let same = item.holds && *self.state.as_bytes() == old.state;
        (same || self.project.answers(&item.path, &asked)).then_some(asked)
    }

    /// Keeps the record of a file of this content, which git would call `blob_id`.
    pub(crate) fn put(
        &self,
        path: &str,
        key: &Key,
        (length, blob_id): (usize, Option<String>),
        asked: &Asked,
        blob: Vec<u8>,
    ) {
        let imports = asked.files().into_iter().collect();
        let none = *asked == Asked::default();
        let asked = if none { Some(Vec::new()) } else { postcard::to_allocvec(asked).ok() };
        let Some(asked) = asked.filter(|asked| asked.len() + blob.len() <= LONGEST) else { return };
        let item = Item {
            path: path.to_owned(),
            content: *key.content.as_bytes(),
            shape: *key.shape.as_bytes(),
            blob_id,
            imports,
            length: length as u64,
            holds: true,
            age: 0,
            asked: Part::default(),
            blob: Part::default(),
        };
        let mut made = self.made.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        made.insert(path.to_owned(), Made { item, blob, asked });
    }

    /// Writes what is worth it. `whole`: every file of the project was looked at, so that what was not used is gone.
    /// Errors leave the old file as it is.
    pub(crate) fn save(self, whole: bool) -> std::io::Result<()> {
        let made = self.made.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (items, state, age) = match &self.old {
            Some(old) => (old.items.as_slice(), old.state, old.age.wrapping_add(1)),
            None => (&[][..], [0; 32], 0),
        };
        let mut kept: Vec<(Item, Option<&Made>)> = Vec::new();
        let (mut bytes, mut checked) = (0, 0u64);
        for (item, used) in items.iter().zip(&self.used).filter(|(item, _)| !made.contains_key(&item.path)) {
            let (used, same) = (used.load(Ordering::Relaxed), state == *self.state.as_bytes());
            if !used && whole {
                continue;
            }
            let holds = used || item.holds && same;
            checked += u64::from(used && !(item.holds && same));
            bytes += item.bytes();
            kept.push((Item { holds, age: if used { age } else { item.age }, ..item.clone() }, None));
        }
        let work = made.values().map(|made| made.item.length).sum::<u64>() + checked * 1024;
        let gone = items.len().saturating_sub(kept.len() + made.len());
        if work * WORTH < bytes && gone * 2 < items.len() {
            return Ok(());
        }
        kept.extend(made.values().map(|made| (Item { age, ..made.item.clone() }, Some(made))));
        bound(&mut kept);
        kept.sort_by(|one, other| one.0.path.cmp(&other.0.path));
        file::write(&self.path, &self.run, self.state.as_bytes(), age, self.old.as_ref(), kept)
    }
}

/// Leaves out what was not used for the longest time when all together is too much.
fn bound(kept: &mut Vec<(Item, Option<&Made>)>) {
    kept.sort_by(|one, other| other.0.age.cmp(&one.0.age).then_with(|| one.0.path.cmp(&other.0.path)));
    let mut bytes = 0;
    kept.retain(|(item, made)| {
        bytes += made.map_or(item.bytes(), |made| (made.blob.len() + made.asked.len()) as u64);
        bytes <= MOST_BYTES
    });
}

#[cfg(test)]
mod tests;
