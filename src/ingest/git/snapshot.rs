//! A tree as it stands at a commit: single blobs, a baseline for what is scanned now, the whole of it.

use std::path::{Component, Path};
use std::sync::Arc;

use git2::{ErrorCode, ObjectType, Repository, Tree, TreeWalkMode, TreeWalkResult};

use super::change::submission;
use super::{commit, content, failed, head_tree, open, path_text, store};
use crate::artifact::{Action, Digest, Entry, HashCheck, Mode, Origin, Role, Store, Submission};
use crate::error::Result;
use crate::finding::{Note, NoteKind};
use crate::ingest::history;
use crate::ingest::tree::role;

/// The bytes of `path` at a commit; `None` when there is no file of that path.
pub fn blob_at(dir: &Path, revision: &str, path: &str) -> Result<Option<Vec<u8>>> {
    let repo = open(dir)?;
    let tree = commit(&repo, revision)?.tree().map_err(failed("reading a tree"))?;
    let entry = match tree.get_path(Path::new(path)) {
        Ok(entry) if entry.kind() == Some(ObjectType::Blob) => entry,
        Ok(_) => return Ok(None),
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(failed("reading a tree")(error)),
    };
    let blob = repo.find_blob(entry.id()).map_err(failed("reading a blob"))?;
    Ok(Some(blob.content().to_vec()))
}

/// The symbolic links of the repository at `dir`: of HEAD's tree and of its index.
pub fn symlinks(dir: &Path) -> Result<Vec<String>> {
    let repo = open(dir)?;
    let mut found =
        if repo.is_bare() { Vec::new() } else { links_of_index(&super::change::index_of(&repo)?) };
    if let Some(tree) = head_tree(&repo)? {
        found.extend(links_of_tree(&tree)?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The same pieces as `now`, whose paths are relative to `dir`, as they stood at `revision`. What was not there then is
/// left out. Entries keep their roles, so that the same checks run.
pub fn baseline(dir: &Path, revision: &str, now: &[Entry]) -> Result<Submission> {
    let repo = open(dir)?;
    let tree = commit(&repo, revision)?.tree().map_err(failed("reading a tree"))?;
    let store = store(dir)?;
    let root = repo.workdir().and_then(|root| root.canonicalize().ok());
    let below = dir.canonicalize().ok();
    let prefix = match (&root, &below) {
        (Some(root), Some(below)) => below.strip_prefix(root).unwrap_or(Path::new("")),
        _ => Path::new(""),
    };
    let mut entries = Vec::new();
    // What a change does to a path is no part of what stood there.
    for entry in now.iter().filter(|entry| entry.action != Action::Delete) {
        let Some(path) = inside(prefix, &entry.path) else { continue };
        let Ok(found) = tree.get_path(Path::new(&path)) else { continue };
        if found.kind() != Some(ObjectType::Blob) {
            continue;
        }
        let mode = Mode::from_bits(found.filemode() as u32);
        let mut then =
            Entry::new(&entry.path, entry.role, Action::Inspect, content(&store, mode, found.id()));
        then.mode = mode;
        then.prompts = entry.prompts.clone();
        entries.push(then);
    }
    let mut around = files_of_tree(&tree, &store)?;
    around.retain_mut(|entry| match Path::new(&entry.path).strip_prefix(prefix) {
        Ok(path) => {
            entry.path = path.to_string_lossy().into_owned();
            true
        }
        Err(_) => false,
    });
    Ok(submission(Origin::Tree, entries, Vec::new(), links_of_tree(&tree)?, around))
}

/// `prefix/path` without `.` and `..`; `None` when it leads out.
pub(super) fn inside(prefix: &Path, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let joined = prefix.join(path);
    for part in joined.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// Everything in the tree of `revision`: a whole AI history, when the repository is bare or a commit is named.
pub fn snapshot(dir: &Path, revision: &str) -> Result<Submission> {
    let repo = open(dir)?;
    let tree = commit(&repo, revision)?.tree().map_err(failed("reading a tree"))?;
    let store = store(dir)?;
    let (mut entries, mut notes, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let mut whole_history = false;
    each(&tree, |path, found| {
        let mode = Mode::from_bits(found.filemode() as u32);
        whole_history |= history::place(&path).is_some();
        let mut entry = Entry::new(&path, role(&path), Action::Inspect, content(&store, mode, found.id()));
        entry.mode = mode;
        if entry.role == Role::Reply {
            entry.prompts = prompts_beside(&repo, Some(&tree), &path);
        }
        match mode {
            Mode::Submodule => {
                notes.push(Note::new(NoteKind::Unsupported, path, "is a submodule: not scanned"))
            }
            Mode::Symlink => links.push(path),
            Mode::File | Mode::Executable => {}
        }
        entries.push(entry);
    })?;
    let origin = if whole_history { Origin::History } else { Origin::Tree };
    Ok(submission(origin, entries, notes, links, Vec::new()))
}

/// The files in the index, which the next commit holds whether it changes them or not.
pub(super) fn files_of_index(index: &git2::Index, store: &Arc<dyn Store>) -> Vec<Entry> {
    // A path in conflict stands there up to three times, and has no content yet.
    let ready = index.iter().filter(|found| found.flags & 0x3000 == 0);
    ready.filter_map(|found| file(store, path_text(Some(&found.path)), found.mode, found.id)).collect()
}

/// The files in a tree.
pub(super) fn files_of_tree(tree: &Tree<'_>, store: &Arc<dyn Store>) -> Result<Vec<Entry>> {
    let mut files = Vec::new();
    each(tree, |path, found| files.extend(file(store, path, found.filemode() as u32, found.id())))?;
    Ok(files)
}

/// A file, as it stands; `None` for a link or a submodule.
fn file(store: &Arc<dyn Store>, path: String, bits: u32, id: git2::Oid) -> Option<Entry> {
    let mode = Mode::from_bits(bits);
    if !matches!(mode, Mode::File | Mode::Executable) {
        return None;
    }
    let mut entry = Entry::new(&path, role(&path), Action::Inspect, content(store, mode, id));
    entry.mode = mode;
    Some(entry)
}

/// The id that git gives a blob of these bytes.
pub(crate) fn blob_id(bytes: &[u8]) -> Option<String> {
    git2::Oid::hash_object(ObjectType::Blob, bytes).ok().map(|id| id.to_string())
}

/// Calls `visit` with the path of each blob and submodule.
fn each(tree: &Tree<'_>, mut visit: impl FnMut(String, &git2::TreeEntry<'_>)) -> Result<()> {
    tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
        if entry.kind() != Some(ObjectType::Tree) {
            visit(format!("{folder}{}", path_text(Some(entry.name_bytes()))), entry);
        }
        TreeWalkResult::Ok
    })
    .map_err(failed("walking a tree"))
}

pub(super) fn links_of_tree(tree: &Tree<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    each(tree, |path, entry| {
        if Mode::from_bits(entry.filemode() as u32) == Mode::Symlink {
            found.push(path);
        }
    })?;
    Ok(found)
}

pub(super) fn links_of_index(index: &git2::Index) -> Vec<String> {
    index
        .iter()
        .filter(|entry| Mode::from_bits(entry.mode) == Mode::Symlink)
        .map(|entry| path_text(Some(&entry.path)))
        .collect()
}

/// The digests of the prompts beside a result, from the same tree.
pub(super) fn prompts_beside(
    repo: &Repository,
    tree: Option<&Tree<'_>>,
    result: &str,
) -> Arc<[(Digest, HashCheck)]> {
    let folder = Path::new(result).parent().and_then(Path::parent).map(|agent| agent.join("in"));
    let found = folder.zip(tree).and_then(|(folder, tree)| tree.get_path(&folder).ok());
    let Some(prompts) = found.and_then(|found| repo.find_tree(found.id()).ok()) else { return Arc::new([]) };
    let mut digests: Vec<(Digest, HashCheck)> = Vec::new();
    for entry in &prompts {
        if history::is_prompt(&path_text(Some(entry.name_bytes()))) {
            digests.extend(
                repo.find_blob(entry.id()).map(|blob| history::of_prompt(blob.content())).unwrap_or_default(),
            );
        }
    }
    digests.sort();
    digests.into()
}
