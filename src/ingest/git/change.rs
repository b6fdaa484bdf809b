//! The index against HEAD, and a range of commits: whole new blobs, with the lines that the change adds.

use std::path::Path;
use std::sync::Arc;

use git2::{Delta, Diff, DiffFindOptions, DiffOptions, Patch, Repository, Tree};

use super::super::exposed::{Exposed, exposed};
use super::snapshot::{files_of_index, files_of_tree, links_of_index, links_of_tree, prompts_beside};
use super::{NO_COMMIT, commit, content, failed, head_tree, mode, open, path_text, shallow, store};
use crate::artifact::{
    Action, Content, Entry, Lines, Mode, Origin, Provenance, Role, Store, Subject, Submission,
};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Note, NoteKind};
use crate::ingest::tree::{role, same_kind};

/// What the next commit would change: the index of the repository at `dir` against HEAD.
pub fn staged(dir: &Path) -> Result<Submission> {
    let repo = open(dir)?;
    let index = index_of(&repo)?;
    let head = head_tree(&repo)?;
    let diff = repo
        .diff_tree_to_index(head.as_ref(), Some(&index), Some(&mut options()))
        .map_err(failed("comparing the index with HEAD"))?;
    let (store, mut notes) = (store(dir)?, unmerged(&index)?);
    let unready: Vec<String> = notes.iter().map(|note| note.path.clone()).collect();
    let mut entries = entries(&repo, diff, head.as_ref(), &store, &mut notes)?;
    entries.retain(|entry| !unready.contains(&entry.path));
    let mut symlinks = links_of_index(&index);
    symlinks.extend(head.iter().map(links_of_tree).collect::<Result<Vec<_>>>()?.into_iter().flatten());
    let around = files_of_index(&index, &store);
    Ok(submission(Origin::Staged, entries, notes, symlinks, around))
}

/// What a range changes, as a pull request shows it: `A..B` and `A...B` from where they parted to B, so that what A got
/// since is not taken for a revert; `A` alone from its first parent to it. An end left out is HEAD.
pub fn range(dir: &Path, range: &str) -> Result<Submission> {
    let repo = open(dir)?;
    let Ends { base, trusted, head } = ends(&repo, range)?;
    let (old, new) = (tree_of(&repo, &base)?, tree_of(&repo, &head)?);
    let diff = repo
        .diff_tree_to_tree(old.as_ref(), new.as_ref(), Some(&mut options()))
        .map_err(failed("comparing two trees"))?;
    let (store, mut notes) = (store(dir)?, Vec::new());
    let entries = entries(&repo, diff, new.as_ref(), &store, &mut notes)?;
    let around = new.as_ref().map_or(Ok(Vec::new()), |tree| files_of_tree(tree, &store))?;
    let links = [old, new].iter().flatten().map(links_of_tree).collect::<Result<Vec<_>>>()?;
    let links = links.into_iter().flatten().collect();
    Ok(submission(Origin::Range { base, trusted, head }, entries, notes, links, around))
}

/// What a change that waits would do to the tree of `base`: its blobs are in the repository already, as those of a
/// staged change are, whatever the index holds by now.
pub fn proposed(dir: &Path, base: &str, subject: &Subject) -> Result<Submission> {
    let repo = open(dir)?;
    let old = tree_of(&repo, base)?;
    let mut update = git2::build::TreeUpdateBuilder::new();
    for change in &subject.changes {
        match &change.new {
            None => drop(update.remove(change.path.as_str())),
            Some(blob) => {
                let id = git2::Oid::from_str(&blob.id).map_err(failed("reading a blob's id"))?;
                let bits = u32::from_str_radix(&blob.mode, 8).unwrap_or_default();
                update.upsert(change.path.as_str(), id, file_mode(Mode::from_bits(bits)));
            }
        }
    }
    let empty = || repo.treebuilder(None).and_then(|tree| tree.write()).and_then(|id| repo.find_tree(id));
    let start = old.clone().map_or_else(empty, Ok).map_err(failed("reading a tree"))?;
    let tree = update.create_updated(&repo, &start).map_err(failed("putting the change into a tree"))?;
    let new = repo.find_tree(tree).map_err(failed("reading a tree"))?;
    let diff = repo
        .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options()))
        .map_err(failed("comparing two trees"))?;
    let (store, mut notes) = (store(dir)?, Vec::new());
    let entries = entries(&repo, diff, Some(&new), &store, &mut notes)?;
    let mut links = links_of_tree(&new)?;
    links.extend(old.iter().map(links_of_tree).collect::<Result<Vec<_>>>()?.into_iter().flatten());
    let around = files_of_tree(&new, &store)?;
    Ok(submission(Origin::Staged, entries, notes, links, around))
}

/// The commits of a range that are new, oldest first, with the names and addresses of their authors. Merges come with
/// what they change against their first parent.
pub fn commits(dir: &Path, base: &str, head: &str) -> Result<Vec<(String, Vec<String>)>> {
    let repo = open(dir)?;
    let walking = || failed("walking the commits of a range");
    let mut walk = repo.revwalk().map_err(walking())?;
    walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).map_err(walking())?;
    walk.push(commit(&repo, head)?.id()).map_err(walking())?;
    if base != NO_COMMIT {
        walk.hide(commit(&repo, base)?.id()).map_err(walking())?;
    }
    let mut found = Vec::new();
    for id in walk {
        let commit = repo.find_commit(id.map_err(walking())?).map_err(walking())?;
        let author = commit.author();
        let texts = [author.name_bytes(), author.email_bytes()];
        found.push((
            commit.id().to_string(),
            texts.map(|text| String::from_utf8_lossy(text).into_owned()).to_vec(),
        ));
    }
    Ok(found)
}

fn file_mode(mode: Mode) -> git2::FileMode {
    match mode {
        Mode::File => git2::FileMode::Blob,
        Mode::Executable => git2::FileMode::BlobExecutable,
        Mode::Symlink => git2::FileMode::Link,
        Mode::Submodule => git2::FileMode::Commit,
    }
}

/// The commits of a range, as full ids.
struct Ends {
    base: String,
    trusted: String,
    head: String,
}

fn ends(repo: &Repository, range: &str) -> Result<Ends> {
    let id = |revision: &str| {
        commit(repo, if revision.is_empty() { "HEAD" } else { revision }).map(|commit| commit.id())
    };
    if let Some((one, two)) = range.split_once("...").or_else(|| range.split_once("..")) {
        let (one, two) = (id(one)?, id(two)?);
        let base = repo.merge_base(one, two).map_err(|error| {
            let what = format!("`{range}` has no common commit to start from");
            shallow(repo, Error::new(ErrorKind::Repository, what).because(error))
        })?;
        return Ok(Ends { base: base.to_string(), trusted: one.to_string(), head: two.to_string() });
    }
    let only = commit(repo, range)?;
    if only.parent_count() == 0 {
        let (base, trusted) = (NO_COMMIT.to_owned(), NO_COMMIT.to_owned());
        return Ok(Ends { base, trusted, head: only.id().to_string() });
    }
    let parent = only.parent(0).map_err(|error| shallow(repo, failed("reading the parent commit")(error)))?;
    let (base, trusted) = (parent.id().to_string(), parent.id().to_string());
    Ok(Ends { base, trusted, head: only.id().to_string() })
}

/// The tree of a commit; `None` for [`NO_COMMIT`].
pub(super) fn tree_of<'repo>(repo: &'repo Repository, id: &str) -> Result<Option<Tree<'repo>>> {
    if id == NO_COMMIT {
        return Ok(None);
    }
    let missing = |error| shallow(repo, failed(&format!("reading the tree of {id}"))(error));
    commit(repo, id)?.tree().map(Some).map_err(missing)
}

/// The index; a bare repository has none.
pub(super) fn index_of(repo: &Repository) -> Result<git2::Index> {
    if repo.is_bare() {
        return Err(Error::new(ErrorKind::Repository, "a bare repository has no index")
            .hint("name a range of its commits with `--range A..B`"));
    }
    let mut index = repo.index().map_err(failed("reading the index"))?;
    index.read(true).map_err(failed("reading the index"))?;
    Ok(index)
}

/// A note for each path of the index that has no content yet: conflicts, and files only intended to be added.
pub(super) fn unmerged(index: &git2::Index) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for entry in index.iter() {
        let path = || path_text(Some(&entry.path));
        // Bits 12 and 13 of git's index format: the stage of a conflict.
        if entry.flags & 0x3000 != 0 {
            let why = "is in conflict: resolve it and `git add` it, then scan again";
            notes.push(Note::new(NoteKind::NotChecked, path(), why));
        } else if entry.flags_extended & git2::IndexEntryExtendedFlag::INTENT_TO_ADD.bits() != 0 {
            let why = "is only intended to be added: `git add` it, then scan again";
            notes.push(Note::new(NoteKind::NotChecked, path(), why));
        }
    }
    notes.dedup();
    Ok(notes)
}

/// How trees are compared: no context, so that hunks are just what changes.
pub(super) fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.context_lines(0).interhunk_lines(0).include_typechange(true).ignore_filemode(false);
    options
}

pub(super) fn entries(
    repo: &Repository,
    mut diff: Diff<'_>,
    new: Option<&Tree<'_>>,
    store: &Arc<dyn Store>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Entry>> {
    diff.find_similar(Some(DiffFindOptions::new().renames(true))).map_err(failed("looking for renames"))?;
    let mut entries = Vec::new();
    for (index, delta) in diff.deltas().enumerate() {
        let (old, new_file) = (delta.old_file(), delta.new_file());
        let gone = |path: Option<&[u8]>| {
            let nothing = Content::Bytes(Arc::new([]));
            let path = path_text(path);
            let mut entry = Entry::new(&path, role(&path), Action::Delete, nothing);
            entry.mode = mode(old.mode());
            entry
        };
        if matches!(delta.status(), Delta::Deleted | Delta::Renamed) {
            entries.push(gone(old.path_bytes()));
        }
        if matches!(delta.status(), Delta::Deleted | Delta::Conflicted) {
            continue;
        }
        let path = path_text(new_file.path_bytes());
        let mode_after = mode(new_file.mode());
        let action = match delta.status() {
            Delta::Modified | Delta::Typechange => Action::Update,
            _ => Action::Create,
        };
        let mut entry = Entry::new(&path, role(&path), action, content(store, mode_after, new_file.id()));
        entry.mode = mode_after;
        entry.added = match delta.status() {
            Delta::Modified if mode(old.mode()) == mode_after => added(&diff, index)?,
            // What a renamed file is may change with its name: then all of it counts.
            Delta::Renamed
                if mode(old.mode()) == mode_after && same_kind(&path_text(old.path_bytes()), &path) =>
            {
                added(&diff, index)?
            }
            _ => None,
        };
        if entry.role == Role::Reply {
            entry.prompts = prompts_beside(repo, new, &path);
        }
        if mode_after == Mode::Submodule {
            let why = "is a submodule: what it points to was not scanned; scan that repository";
            notes.push(Note::new(NoteKind::Unsupported, &path, why));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The lines of the new side; `None`, so that all count, where git sees no lines.
fn added(diff: &Diff<'_>, index: usize) -> Result<Option<Lines>> {
    let patch = Patch::from_diff(diff, index).map_err(failed("comparing two blobs"))?;
    let Some(patch) = patch.filter(|patch| !patch.delta().flags().is_binary()) else { return Ok(None) };
    let mut ranges = Vec::with_capacity(patch.num_hunks());
    for number in 0..patch.num_hunks() {
        let (hunk, _) = patch.hunk(number).map_err(failed("comparing two blobs"))?;
        let end = hunk.new_start().saturating_add(hunk.new_lines());
        ranges.push(hunk.new_start()..end);
        // An empty side says the line before it.
        let next = end.saturating_add(u32::from(hunk.new_lines() == 0));
        match brought(&patch, number, next)? {
            Exposed::Nothing => {}
            Exposed::Lines(more) => ranges.push(more),
            Exposed::Everything => return Ok(None),
        }
    }
    Ok(Some(Lines::new(ranges)))
}

/// What a hunk brings beside the lines that it adds.
fn brought(patch: &Patch<'_>, number: usize, next: u32) -> Result<Exposed> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for index in 0..patch.num_lines_in_hunk(number).map_err(failed("comparing two blobs"))? {
        let line = patch.line_in_hunk(number, index).map_err(failed("comparing two blobs"))?;
        match line.origin() {
            '-' => removed.push(line.content()),
            '+' => added.push(line.content()),
            _ => {}
        }
    }
    Ok(exposed(&removed, &added, next))
}

/// Sorts what was found.
pub(super) fn submission(
    origin: Origin,
    mut entries: Vec<Entry>,
    mut notes: Vec<Note>,
    mut symlinks: Vec<String>,
    around: Vec<Entry>,
) -> Submission {
    entries.sort_by(|one, two| (&one.path, one.action).cmp(&(&two.path, two.action)));
    notes.sort();
    notes.dedup();
    symlinks.sort();
    symlinks.dedup();
    Submission { origin, entries, notes, provenance: Provenance::default(), symlinks, around }
}
