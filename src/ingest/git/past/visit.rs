//! What one commit brings: blobs and names that were not met before, and its message.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use git2::{Commit, ObjectType, Oid, Repository, Tree};

use super::super::change::{self, options};
use super::super::{content, failed, path_text};
use super::{DEEPEST, Past, Piece};
use crate::artifact::{Action, Content, Entry, Mode, Role, Store};
use crate::error::Result;
use crate::finding::{Note, NoteKind, printable};
use crate::ingest::tree::role;

impl Past {
    /// Adds what the commit of that number brings.
    pub(super) fn visit(&mut self, number: usize, pieces: &mut Vec<Piece>) {
        let id = self.ids[number];
        let mut found = Found { number, pieces: Vec::new(), names: Vec::new() };
        let outcome = if self.by_lines { self.compare(id, &mut found) } else { self.descend(id, &mut found) };
        if let Err(error) = outcome {
            self.missing("", &format!("commit {:.10} cannot be read: {error}", id.to_string()));
        }
        found.pieces.sort_by(|one, two| one.entry.path.cmp(&two.entry.path));
        pieces.append(&mut found.pieces);
        if !found.names.is_empty() {
            found.names.sort();
            let text = found.names.join("\n");
            pieces.push(said(format!("<names in {:.10}>", id.to_string()), text.into_bytes(), number));
        }
        if let Ok(commit) = self.repo.find_commit(id) {
            let text = commit.message_raw_bytes().to_vec();
            pieces.push(said(format!("<message of {:.10}>", id.to_string()), text, number));
        }
    }

    /// The blobs and names of a commit's tree that were not met before.
    fn descend(&mut self, id: Oid, found: &mut Found) -> Result<()> {
        let tree = self.repo.find_commit(id).map_err(failed("reading a commit"))?.tree_id();
        let mut folders = vec![(tree, String::new(), 0)];
        while let Some((id, folder, depth)) = folders.pop() {
            if !self.meet(id, &folder) {
                continue;
            }
            let listed = match depth <= DEEPEST {
                true => list(&self.repo, id),
                false => Err("it lies too deep in other folders".to_owned()),
            };
            let entries = match listed {
                Ok(entries) => entries,
                Err(why) => {
                    self.missing(&folder, &format!("the folder was not looked at: {why}"));
                    continue;
                }
            };
            for Listed { id, kind, bits, name } in entries {
                let path = format!("{folder}{}", path_text(Some(&name)));
                let new_name = self.names.insert(hash(&name));
                if new_name {
                    found.names.push(path.replace(['\n', '\r'], " "));
                }
                match kind {
                    Some(ObjectType::Tree) => folders.push((id, path + "/", depth + 1)),
                    Some(ObjectType::Commit) if self.meet(id, &path) && new_name => {
                        let why = "is a submodule: what it points to was not looked at; scan that repository";
                        self.note(NoteKind::Unsupported, path, why);
                    }
                    Some(ObjectType::Blob) if self.meet(id, &path) => {
                        let mode = Mode::from_bits(bits as u32);
                        let mut entry =
                            Entry::new(&path, role(&path), Action::Inspect, content(&self.store, mode, id));
                        entry.mode = mode;
                        self.take(entry, found);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The blobs of a commit that none of its parents has, with the lines that it adds to each parent's.
    fn compare(&mut self, id: Oid, found: &mut Found) -> Result<()> {
        let mut notes = Vec::new();
        let entries = {
            let commit = self.repo.find_commit(id).map_err(failed("reading a commit"))?;
            changed(&self.repo, &commit, &self.store, &mut notes)?
        };
        self.notes.extend(notes);
        for (path, entry) in entries {
            let Content::Stored(_, blob) = &entry.content else { continue };
            let Ok(blob) = Oid::from_str(blob) else { continue };
            let fresh = path.split('/').filter(|name| self.names.insert(hash(name.as_bytes()))).count();
            if fresh > 0 {
                found.names.push(path.replace(['\n', '\r'], " "));
            }
            if self.meet(blob, &path) {
                self.take(entry, found);
            }
        }
        Ok(())
    }

    /// Whether an object is met for the first time, at this path if paths count.
    fn meet(&mut self, id: Oid, path: &str) -> bool {
        let place = if self.by_path { hash(path.as_bytes()).max(1) } else { 0 };
        !self.seen.contains(&(id, 0)) && self.seen.insert((id, place))
    }

    fn take(&mut self, entry: Entry, found: &mut Found) {
        if self.exclude.matched_path_or_any_parents(entry.path.trim_start_matches('/'), false).is_ignore() {
            self.excluded.insert(entry.path);
            return;
        }
        let blob = match &entry.content {
            Content::Stored(_, id) => Some(id.clone()),
            Content::Bytes(_) | Content::Disk(_) => None,
        };
        found.pieces.push(Piece { entry, commit: found.number, blob });
    }

    /// The messages of the tags that name a commit of the walk.
    pub(super) fn tags(&mut self, pieces: &mut Vec<Piece>) {
        let Ok(references) = self.repo.references_glob("refs/tags/*") else { return };
        let tags: Vec<_> = references
            .flatten()
            .filter_map(|reference| {
                let tag = reference.peel_to_tag().ok()?;
                let target = reference.peel_to_commit().ok()?.id();
                let name = path_text(Some(tag.name_bytes()));
                Some((name, target, tag.message_bytes().unwrap_or_default().to_vec()))
            })
            .collect();
        if tags.is_empty() {
            return;
        }
        let numbers: BTreeMap<Oid, usize> =
            self.ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        for (name, target, text) in tags {
            if let Some(number) = numbers.get(&target) {
                pieces.push(said(format!("<message of tag {}>", printable(&name)), text, *number));
            }
        }
    }
}

/// An entry of a tree.
struct Listed {
    id: Oid,
    kind: Option<ObjectType>,
    bits: i32,
    name: Vec<u8>,
}

fn list(repo: &Repository, id: Oid) -> Result<Vec<Listed>, String> {
    let tree = repo.find_tree(id).map_err(|error| error.message().to_owned())?;
    let listed = |entry: git2::TreeEntry<'_>| Listed {
        id: entry.id(),
        kind: entry.kind(),
        bits: entry.filemode(),
        name: entry.name_bytes().to_vec(),
    };
    Ok(tree.iter().map(listed).collect())
}

/// What one commit brings.
struct Found {
    number: usize,
    pieces: Vec<Piece>,
    names: Vec<String>,
}

fn said(path: String, text: Vec<u8>, commit: usize) -> Piece {
    let entry = Entry::new(path, Role::Code, Action::Inspect, Content::Bytes(text.into()));
    Piece { entry, commit, blob: None }
}

/// What stands for a name or a path in memory.
pub(super) fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// What a commit writes that differs from all of its parents, by path. Of a line that one of them has, it is not the one
/// that adds it.
fn changed(
    repo: &Repository,
    commit: &Commit<'_>,
    store: &Arc<dyn Store>,
    notes: &mut Vec<Note>,
) -> Result<BTreeMap<String, Entry>> {
    let new = commit.tree().map_err(failed("reading a tree"))?;
    let parents: Vec<Option<Tree<'_>>> = match commit.parent_count() {
        0 => vec![None],
        _ => commit.parents().map(|parent| parent.tree().ok()).collect(),
    };
    let mut kept: Option<BTreeMap<String, Entry>> = None;
    for old in &parents {
        let diff = repo
            .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options()))
            .map_err(failed("comparing two trees"))?;
        let entries = change::entries(repo, diff, Some(&new), store, notes)?;
        let written = entries.into_iter().filter(|entry| entry.action != Action::Delete);
        let mut written: BTreeMap<String, Entry> = written.map(|entry| (entry.path.clone(), entry)).collect();
        if let Some(before) = kept {
            written.retain(|path, _| before.contains_key(path));
            for (path, entry) in &mut written {
                let other = before.get(path).and_then(|entry| entry.added.as_ref());
                entry.added = match (entry.added.take(), other) {
                    (Some(one), Some(other)) => Some(one.and(other)),
                    (one, other) => one.or(other.cloned()),
                };
            }
        }
        kept = Some(written);
    }
    Ok(kept.unwrap_or_default())
}
