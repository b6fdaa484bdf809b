//! The work tree of a branch that is checked out: it follows a commit only where nothing of the person's is lost.

use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{Index, Repository, Status};

use super::repository::git;
use crate::artifact::{Blob, Change, Digest, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::printable;

/// The paths that index and work tree still have to follow; an error names the first that is not clean.
pub(super) fn pending<'s>(
    repository: &Repository,
    target: &str,
    subject: &'s Subject,
) -> Result<Vec<&'s Change>> {
    elsewhere(repository, target)?;
    if repository.is_bare() || !checked_out(repository, target) {
        return Ok(Vec::new());
    }
    let mut index = repository.index().map_err(git("cannot read the index"))?;
    index.read(true).map_err(git("cannot read the index"))?;
    let mut pending = Vec::new();
    for change in &subject.changes {
        if staged(&index, &change.path, &change.new) {
            continue;
        }
        if !staged(&index, &change.path, &change.old) || !clean(repository, change, subject)? {
            return Err(Error::new(
                ErrorKind::Repository,
                format!(
                    "{} is checked out and {} has changes of its own",
                    printable(target),
                    printable(&change.path)
                ),
            )
            .hint("commit or stash them, or check out another branch, and run `weft commit` again"));
        }
        pending.push(change);
    }
    Ok(pending)
}

fn checked_out(repository: &Repository, target: &str) -> bool {
    repository
        .find_reference("HEAD")
        .is_ok_and(|head| matches!(head.symbolic_target(), Ok(Some(name)) if name == target))
}

/// Another work tree that has the branch checked out would be left behind without a word.
fn elsewhere(repository: &Repository, target: &str) -> Result<()> {
    let linked = repository.worktrees().ok();
    let linked = linked.iter().flat_map(|names| names.iter()).filter_map(|name| {
        let worktree = repository.find_worktree(name.ok().flatten()?).ok()?;
        Repository::open(worktree.path()).ok()
    });
    // The main work tree is no linked one: it is found where the common git directory is.
    let main = Repository::open(repository.commondir()).ok();
    for other in main.into_iter().chain(linked) {
        let Some(place) = other.workdir() else { continue };
        if other.path() != repository.path() && checked_out(&other, target) {
            let (target, place) = (printable(target), place.display());
            return Err(Error::new(ErrorKind::Repository, format!("{target} is checked out in {place}"))
                .hint("run `weft commit` there"));
        }
    }
    Ok(())
}

fn staged(index: &Index, path: &str, wanted: &Option<Blob>) -> bool {
    match (index.get_path(Path::new(path), 0), wanted) {
        (None, None) => index.get_path(Path::new(path), 2).is_none(),
        (Some(entry), Some(blob)) => {
            entry.id.to_string() == blob.id && format!("{:06o}", entry.mode) == blob.mode
        }
        _ => false,
    }
}

fn clean(repository: &Repository, change: &Change, subject: &Subject) -> Result<bool> {
    let path = full(repository, &change.path)?;
    if change.old.is_none() && std::fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir()) {
        return leaves_nothing(&path, &change.path, subject);
    }
    let dirty = Status::WT_NEW
        | Status::WT_MODIFIED
        | Status::WT_DELETED
        | Status::WT_TYPECHANGE
        | Status::CONFLICTED
        | Status::IGNORED;
    let status = match repository.status_file(Path::new(&change.path)) {
        Ok(status) => status,
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(true),
        Err(error) => return Err(git(format!("cannot look at {}", printable(&change.path)))(error)),
    };
    if !status.intersects(dirty) {
        return Ok(true);
    }
    // The person, or a run that was cut short, may have put the approved bytes there already.
    let there = std::fs::symlink_metadata(&path)
        .is_ok_and(|data| data.is_file())
        .then(|| std::fs::read(&path).ok())
        .flatten();
    Ok(match (&change.new, there) {
        (Some(blob), Some(bytes)) => Digest::of(&bytes).to_string() == blob.sha256,
        (None, None) => std::fs::symlink_metadata(&path).is_err(),
        _ => false,
    })
}

/// Whether a folder that has to make room for a file holds nothing but files that the change removes; each of those is
/// looked at by itself.
fn leaves_nothing(folder: &Path, path: &str, subject: &Subject) -> Result<bool> {
    let removed =
        |path: &str| subject.changes.iter().any(|change| change.path == path && change.new.is_none());
    let mut open = vec![(folder.to_owned(), path.to_owned())];
    while let Some((folder, path)) = open.pop() {
        let failed = |error| {
            Error::new(ErrorKind::Io, format!("cannot look into {}", printable(&path))).because(error)
        };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return Ok(false) };
            let inside = format!("{path}/{name}");
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push((entry.path(), inside));
            } else if !removed(&inside) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The path on disk; an error when a folder on the way is a symbolic link.
fn full(repository: &Repository, path: &str) -> Result<PathBuf> {
    let root = repository
        .workdir()
        .ok_or_else(|| Error::new(ErrorKind::Repository, "the repository has no work tree"))?;
    let mut at = root.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        if parts.peek().is_some() && std::fs::symlink_metadata(&at).is_ok_and(|data| data.is_symlink()) {
            return Err(Error::new(
                ErrorKind::Repository,
                format!("{} lies behind a symbolic link of the work tree", printable(path)),
            )
            .hint("remove the link: a write through it would land elsewhere"));
        }
    }
    Ok(at)
}

/// Brings index and work tree to the commit for these paths.
pub(super) fn follow(repository: &Repository, pending: &[&Change], tree: &git2::Tree<'_>) -> Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    let mut index = repository.index().map_err(git("cannot read the index"))?;
    for change in pending.iter().filter(|change| change.new.is_none()) {
        let path = full(repository, &change.path)?;
        index.remove_path(Path::new(&change.path)).map_err(git("cannot write the index"))?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::new(ErrorKind::Io, format!("cannot remove {}", printable(&change.path)))
                    .because(error));
            }
            _ => prune(repository, &path),
        }
    }
    index.write().map_err(git("cannot write the index"))?;
    let mut checkout = CheckoutBuilder::new();
    checkout.force().disable_pathspec_match(true).update_index(true);
    let mut any = false;
    for change in pending.iter().filter(|change| change.new.is_some()) {
        full(repository, &change.path)?;
        checkout.path(change.path.as_str());
        any = true;
    }
    if any {
        repository
            .checkout_tree(tree.as_object(), Some(&mut checkout))
            .map_err(git("cannot write the work tree"))?;
    }
    // What git would see next is what was committed, or we say so.
    let mut index = repository.index().map_err(git("cannot read the index"))?;
    index.read(true).map_err(git("cannot read the index"))?;
    for change in pending {
        if !staged(&index, &change.path, &change.new) {
            return Err(Error::new(
                ErrorKind::Io,
                format!("the index does not follow at {}", printable(&change.path)),
            )
            .hint("the commit stands; `git status` shows what is left to do"));
        }
    }
    Ok(())
}

/// Removes folders that became empty.
fn prune(repository: &Repository, path: &Path) {
    let Some(root) = repository.workdir() else { return };
    let mut at = path.parent();
    while let Some(folder) = at.filter(|folder| *folder != root && folder.starts_with(root)) {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
        at = folder.parent();
    }
}
