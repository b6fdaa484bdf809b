//! On disk before the next step: libgit2 leaves writes to the system's cache, and a power cut would take the intent with it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use git2::{ObjectType, Oid, Repository, Tree};

use super::repository::git;
use crate::error::{Error, ErrorKind, Result};

/// The objects that `commit` adds to its first parent, and the folders that name them.
pub(super) fn sync_commit(repository: &Repository, commit: Oid) -> Result<()> {
    let failed = || git("cannot read what was just written");
    let commit = repository.find_commit(commit).map_err(failed())?;
    let new = commit.tree().map_err(failed())?;
    let old = match commit.parent_count() {
        0 => None,
        _ => Some(commit.parent(0).and_then(|parent| parent.tree()).map_err(failed())?),
    };
    let mut added = BTreeSet::from([commit.id()]);
    added_to(repository, old.as_ref(), &new, &mut added).map_err(failed())?;
    let objects = repository.commondir().join("objects");
    let mut folders = BTreeSet::from([objects.clone()]);
    for id in added {
        let name = id.to_string();
        let folder = objects.join(&name[..2]);
        // An object that was packed, or borrowed from another repository, was there before.
        if sync_file(&folder.join(&name[2..]))? {
            folders.insert(folder);
        }
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

/// A ref that was just moved, down to the git directory.
pub(super) fn sync_ref(repository: &Repository, name: &str) -> Result<()> {
    let root = repository.commondir();
    let file = root.join(name);
    if !sync_file(&file)? {
        return Ok(());
    }
    let inside = |folder: &&Path| folder.starts_with(root);
    file.ancestors().skip(1).take_while(inside).try_for_each(sync_folder)
}

/// The trees and blobs of `new` that `old` does not have at the same place.
fn added_to(
    repository: &Repository,
    old: Option<&Tree<'_>>,
    new: &Tree<'_>,
    added: &mut BTreeSet<Oid>,
) -> std::result::Result<(), git2::Error> {
    // A list instead of recursion: how deep a tree is decides whoever wrote it.
    let mut open: Vec<(Option<Oid>, Oid)> = vec![(old.map(Tree::id), new.id())];
    while let Some((old, new)) = open.pop() {
        if old == Some(new) || !added.insert(new) {
            continue;
        }
        let old = old.map(|old| repository.find_tree(old)).transpose()?;
        for entry in repository.find_tree(new)?.iter() {
            let before = old.as_ref().and_then(|old| {
                let before = old.get_name_bytes(entry.name_bytes())?;
                Some((before.id(), before.kind()))
            });
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let before = before.filter(|(_, kind)| *kind == Some(ObjectType::Tree));
                    open.push((before.map(|(id, _)| id), entry.id()));
                }
                Some(ObjectType::Blob) if before.is_none_or(|(id, _)| id != entry.id()) => {
                    added.insert(entry.id());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether the file is there; then it is on disk.
fn sync_file(path: &Path) -> Result<bool> {
    match File::open(path) {
        Ok(file) => settled(path, file.sync_all()).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(path, error)),
    }
}

/// Names are on disk when their folder is.
fn sync_folder(path: &Path) -> Result<()> {
    // Elsewhere a folder cannot be opened, and the file system keeps names itself.
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = File::open(path).map_err(|error| failed(path, error))?;
    settled(path, folder.sync_all())
}

/// Some file systems cannot sync at all; that is no failure of this write.
fn settled(path: &Path, outcome: io::Result<()>) -> Result<()> {
    match outcome {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        outcome => outcome.map_err(|error| failed(path, error)),
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot bring {} to disk", path.display()))
        .because(error)
        .hint("nothing further was done; look after the disk and run the command again")
}
