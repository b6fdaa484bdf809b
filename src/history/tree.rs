//! Trees: what differs between two, as a subject; and a tree with a subject applied.

use std::collections::BTreeMap;
use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{DiffOptions, FileMode, Index, IndexEntry, IndexTime, Oid, Repository, Tree};

use super::paths::check_path;
use super::repository::{git, oid};
use crate::artifact::{Blob, Change, Digest, Mode, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::printable;

/// SHA-256 of blobs by git id, so that each is read once.
#[derive(Default)]
pub(super) struct Digests(BTreeMap<Oid, String>);

/// What differs from `old` to `new`, sorted by path, no renames guessed.
pub(super) fn subject(
    repository: &Repository,
    old: Option<&Tree<'_>>,
    new: Option<&Tree<'_>>,
    digests: &mut Digests,
) -> Result<Subject> {
    let mut options = DiffOptions::new();
    options.include_typechange(true).ignore_submodules(false).skip_binary_check(true);
    let diff = repository
        .diff_tree_to_tree(old, new, Some(&mut options))
        .map_err(git("cannot compare two trees"))?;
    let mut changes = Vec::new();
    for delta in diff.deltas() {
        let file = if delta.new_file().id().is_zero() { delta.old_file() } else { delta.new_file() };
        let path = file.path_bytes().unwrap_or_default();
        let path = std::str::from_utf8(path).map_err(|_| {
            Error::new(ErrorKind::Repository, "a changed path is not UTF-8, so no approval can name it")
        })?;
        changes.push(Change {
            path: path.to_owned(),
            old: side(repository, &delta.old_file(), digests)?,
            new: side(repository, &delta.new_file(), digests)?,
        });
    }
    changes.sort();
    Ok(Subject { changes })
}

fn side(repository: &Repository, file: &git2::DiffFile<'_>, digests: &mut Digests) -> Result<Option<Blob>> {
    if file.id().is_zero() {
        return Ok(None);
    }
    blob(repository, file.id(), u32::from(file.mode()), digests).map(Some)
}

/// One side of a path, read from the repository.
pub(super) fn blob(repository: &Repository, id: Oid, mode: u32, digests: &mut Digests) -> Result<Blob> {
    let mode = Mode::from_bits(mode);
    let sha256 = match digests.0.get(&id) {
        Some(known) => known.clone(),
        None => {
            // A submodule's content is the commit id of another repository.
            let sha256 = match mode {
                Mode::Submodule => Digest::of(id.to_string().as_bytes()),
                _ => Digest::of(
                    repository.find_blob(id).map_err(git(format!("cannot read the blob {id}")))?.content(),
                ),
            };
            digests.0.entry(id).or_insert_with(|| sha256.to_string()).clone()
        }
    };
    Ok(Blob { mode: format!("{:06o}", mode.bits()), id: id.to_string(), sha256 })
}

/// What a tree has at a path.
pub(super) fn at(
    repository: &Repository,
    tree: &Tree<'_>,
    path: &str,
    digests: &mut Digests,
) -> Result<Option<Blob>> {
    let Ok(entry) = tree.get_path(Path::new(path)) else { return Ok(None) };
    if entry.kind() == Some(git2::ObjectType::Tree) {
        return Ok(None);
    }
    blob(repository, entry.id(), entry.filemode() as u32, digests).map(Some)
}

/// `base` with `subject` applied, and the proof that nothing else differs. The blobs must have been written.
pub(super) fn apply(repository: &Repository, base: &Tree<'_>, subject: &Subject) -> Result<Oid> {
    for change in &subject.changes {
        check_path(&change.path)?;
    }
    let id = match updated(repository, base, subject) {
        Ok(id) => id,
        // A file that becomes a folder, or a folder a file, is more than the tree builder does.
        Err(_) => through_index(repository, base, subject)?,
    };
    let tree = repository.find_tree(id).map_err(git("cannot read the approved tree"))?;
    let built = self::subject(repository, Some(base), Some(&tree), &mut Digests::default())?;
    if built.digest() != subject.digest() {
        let differing = first_difference(&built, subject);
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the tree that would be committed is not the approved one: {differing}"),
        ));
    }
    Ok(id)
}

fn updated(repository: &Repository, base: &Tree<'_>, subject: &Subject) -> Result<Oid> {
    let mut builder = TreeUpdateBuilder::new();
    for change in &subject.changes {
        match &change.new {
            None => builder.remove(change.path.as_str()),
            Some(blob) => builder.upsert(change.path.as_str(), oid(&blob.id)?, file_mode(&blob.mode)?),
        };
    }
    builder.create_updated(repository, base).map_err(git("cannot build the approved tree"))
}

fn through_index(repository: &Repository, base: &Tree<'_>, subject: &Subject) -> Result<Oid> {
    let failed = || git("cannot build the approved tree");
    let mut index = Index::new().map_err(failed())?;
    index.read_tree(base).map_err(failed())?;
    for change in subject.changes.iter().filter(|change| change.old.is_some()) {
        index.remove(Path::new(&change.path), 0).map_err(failed())?;
    }
    for change in &subject.changes {
        let Some(blob) = &change.new else { continue };
        let entry = IndexEntry {
            ctime: IndexTime::new(0, 0),
            mtime: IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: u32::from(file_mode(&blob.mode)?),
            uid: 0,
            gid: 0,
            file_size: 0,
            id: oid(&blob.id)?,
            flags: 0,
            flags_extended: 0,
            path: change.path.clone().into_bytes(),
        };
        index.add(&entry).map_err(failed())?;
    }
    index.write_tree_to(repository).map_err(failed())
}

/// The first path on which two subjects differ, for an error.
pub(super) fn first_difference(one: &Subject, other: &Subject) -> String {
    let missing = |from: &Subject, to: &Subject| {
        from.changes.iter().find(|change| !to.changes.contains(change)).map(|change| printable(&change.path))
    };
    missing(other, one).or_else(|| missing(one, other)).unwrap_or_else(|| "the order of paths".into())
}

/// git2's name for a mode.
pub(super) fn file_mode(mode: &str) -> Result<FileMode> {
    Ok(match mode {
        "100644" => FileMode::Blob,
        "100755" => FileMode::BlobExecutable,
        "120000" => FileMode::Link,
        "160000" => FileMode::Commit,
        other => {
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!("the mode {} is none of git's", printable(other)),
            ));
        }
    })
}

/// `base` with files added: for the log and the history.
pub(super) fn with_files(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    files: &[(String, Vec<u8>)],
) -> Result<Oid> {
    let empty;
    let base = match base {
        Some(base) => base,
        None => {
            let id = repository
                .treebuilder(None)
                .and_then(|builder| builder.write())
                .map_err(git("cannot write a tree"))?;
            empty = repository.find_tree(id).map_err(git("cannot read a tree"))?;
            &empty
        }
    };
    let mut builder = TreeUpdateBuilder::new();
    for (path, bytes) in files {
        let id = repository.blob(bytes).map_err(git(format!("cannot write {path}")))?;
        builder.upsert(path.as_str(), id, FileMode::Blob);
    }
    builder.create_updated(repository, base).map_err(git("cannot write a tree"))
}

/// A file of a tree.
pub(super) fn read_file(repository: &Repository, tree: &Tree<'_>, path: &str) -> Option<Vec<u8>> {
    let entry = tree.get_path(Path::new(path)).ok()?;
    Some(repository.find_blob(entry.id()).ok()?.content().to_vec())
}
