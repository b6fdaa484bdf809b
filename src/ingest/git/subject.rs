//! What a decision is about: every changed path with mode, git id and SHA-256 before and after.

use std::path::Path;

use git2::{Delta, Diff, ErrorCode, ObjectType, Oid, Repository, Tree};

use super::change::{index_of, options, tree_of, unmerged};
use super::{NO_COMMIT, commit, failed, head_tree, mode, open};
use crate::artifact::{Action, Blob, Change, Digest, Mode, Original, Subject};
use crate::error::{Error, ErrorKind, Result};

/// The change from commit `base` ([`NO_COMMIT`] for nothing) to commit `head`.
pub fn changes(dir: &Path, base: &str, head: &str) -> Result<Subject> {
    let repo = open(dir)?;
    let (old, new) = (tree_of(&repo, base)?, tree_of(&repo, head)?);
    let diff = repo
        .diff_tree_to_tree(old.as_ref(), new.as_ref(), Some(&mut options()))
        .map_err(failed("comparing two trees"))?;
    subject(&repo, &diff)
}

/// The change that the next commit would make. Errors: a path is in conflict, or only intended to be added.
pub fn staged_changes(dir: &Path) -> Result<Subject> {
    let repo = open(dir)?;
    let index = index_of(&repo)?;
    if let Some(note) = unmerged(&index)?.first() {
        return Err(Error::new(ErrorKind::Repository, format!("{} {}", note.path, note.message)));
    }
    let head = head_tree(&repo)?;
    let diff = repo
        .diff_tree_to_index(head.as_ref(), Some(&index), Some(&mut options()))
        .map_err(failed("comparing the index with HEAD"))?;
    subject(&repo, &diff)
}

/// The change that applying `files` (see [`crate::ingest::applied`]) to the tree of `target` would make; a `target` that
/// is not born yet is empty. A file that is there keeps its mode. What changes nothing is left out.
/// Errors: a path is not one of a plain file inside the repository.
pub fn reply_changes(dir: &Path, target: &str, files: &[Original]) -> Result<Subject> {
    let repo = open(dir)?;
    let unborn = target == NO_COMMIT || (target == "HEAD" && head_tree(&repo)?.is_none());
    let tree = match unborn {
        true => None,
        false => Some(commit(&repo, target)?.tree().map_err(failed("reading a tree"))?),
    };
    let mut changes = Vec::new();
    for file in files {
        check_path(&file.path)?;
        let old = tree.as_ref().map(|tree| old_side(&repo, tree, &file.path)).transpose()?.flatten();
        let new = match file.action {
            Action::Delete => None,
            Action::Create | Action::Update | Action::Inspect => Some(new_side(file, old.as_ref())?),
        };
        if old != new {
            changes.push(Change { path: file.path.clone(), old, new });
        }
    }
    changes.sort();
    if let Some(pair) =
        changes.windows(2).find(|pair| pair[1].path.starts_with(&format!("{}/", pair[0].path)))
    {
        return Err(refused(&pair[0].path, "would be a file and a folder at once"));
    }
    Ok(Subject { changes })
}

fn new_side(file: &Original, old: Option<&Blob>) -> Result<Blob> {
    let executable = old.is_some_and(|old| old.mode == octal(Mode::Executable));
    let mode = if executable { Mode::Executable } else { Mode::File };
    let id = Oid::hash_object(ObjectType::Blob, file.reveal()).map_err(failed("hashing a file"))?;
    Ok(Blob { mode: octal(mode), id: id.to_string(), sha256: file.digest().to_string() })
}

/// What stands at `path`; an error when that is no file, or is reached through something that is no folder.
fn old_side(repo: &Repository, tree: &Tree<'_>, path: &str) -> Result<Option<Blob>> {
    for (at, _) in path.match_indices('/') {
        let folder = &path[..at];
        if let Ok(entry) = tree.get_path(Path::new(folder))
            && entry.kind() != Some(ObjectType::Tree)
        {
            return Err(refused(
                path,
                &format!("leads through `{folder}`, which is no folder of the repository"),
            ));
        }
    }
    let entry = match tree.get_path(Path::new(path)) {
        Ok(entry) => entry,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(failed("reading a tree")(error)),
    };
    match entry.kind() {
        Some(ObjectType::Blob) => side(repo, Mode::from_bits(entry.filemode() as u32), entry.id()).map(Some),
        Some(ObjectType::Commit) => Err(refused(path, "is a submodule")),
        _ => Err(refused(path, "is a folder")),
    }
}

/// Whether git itself would take the path on every system; effects says more, but nothing else may pass even unscanned.
fn check_path(path: &str) -> Result<()> {
    let bad = path.split('/').any(|part| {
        let plain = part.to_ascii_lowercase();
        part.is_empty() || part == "." || part == ".." || plain == ".git" || plain == "git~1"
    });
    if bad || path.contains(['\\', '\0']) {
        return Err(refused(path, "is no path of a file inside the repository"));
    }
    Ok(())
}

fn refused(path: &str, why: &str) -> Error {
    let shown = crate::finding::printable(path);
    Error::new(ErrorKind::Repository, format!("`{shown}` {why}, so the reply cannot be committed"))
        .hint("scan the reply with `weft scan`, and have the agent write to another path")
}

/// Every delta as a change; renames are a removal and an addition.
fn subject(repo: &Repository, diff: &Diff<'_>) -> Result<Subject> {
    let mut changes = Vec::new();
    for delta in diff.deltas() {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        let path = String::from_utf8(file.path_bytes().unwrap_or_default().to_vec()).map_err(|error| {
            Error::new(ErrorKind::Repository, "a changed path is not UTF-8, so it cannot be approved")
                .because(error)
        })?;
        let side = |file: git2::DiffFile<'_>| match file.exists() && !file.id().is_zero() {
            true => side(repo, mode(file.mode()), file.id()).map(Some),
            false => Ok(None),
        };
        let old = if delta.status() == Delta::Added { None } else { side(delta.old_file())? };
        let new = if delta.status() == Delta::Deleted { None } else { side(delta.new_file())? };
        changes.push(Change { path, old, new });
    }
    changes.sort();
    Ok(Subject { changes })
}

fn side(repo: &Repository, mode: Mode, id: Oid) -> Result<Blob> {
    let sha256 = match mode {
        // The other repository's content is not here: its commit id stands for it.
        Mode::Submodule => Digest::of(id.to_string().as_bytes()),
        _ => Digest::of(repo.find_blob(id).map_err(failed(&format!("reading the blob {id}")))?.content()),
    };
    Ok(Blob { mode: octal(mode), id: id.to_string(), sha256: sha256.to_string() })
}

fn octal(mode: Mode) -> String {
    format!("{:06o}", mode.bits())
}
