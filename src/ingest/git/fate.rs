//! What became of blobs: where they still are, and which commit took them out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use git2::{ObjectType, Oid, ReferenceType, Repository};

use super::past::Past;
use super::path_text;
use crate::finding::printable;

/// How deep folders are looked into.
const DEEPEST: usize = 500;
/// The most places that are named.
const NAMED: usize = 5;

/// What became of a group of blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// Paths of the newest commit that hold one, cleaned.
    pub here: Vec<String>,
    /// Refs whose tip holds one, when the newest commit does not: "heads/old", cleaned.
    pub tips: Vec<String>,
    /// The id of the commit that took the last one out of the newest commit's line.
    pub removed: Option<String>,
}

/// The groups that a tree holds a blob of.
type Held = Rc<[usize]>;

struct Holders<'r> {
    repo: &'r Repository,
    groups: HashMap<Oid, Vec<usize>>,
    known: HashMap<Oid, Held>,
    none: Held,
}

impl Past {
    /// What became of each group of blobs, given by their ids. Best effort: what cannot be read is taken as not there.
    pub fn fates(&self, groups: &[BTreeSet<String>]) -> Vec<Fate> {
        let mut fates = vec![Fate::default(); groups.len()];
        let mut holders = Holders::new(self.repo(), groups);
        if holders.groups.is_empty() {
            return fates;
        }
        if let Some(tip) = self.tip() {
            holders.paths(tip, &mut fates);
        }
        self.tips(&mut holders, &mut fates);
        self.removed(&mut holders, &mut fates);
        fates
    }

    fn tips(&self, holders: &mut Holders<'_>, fates: &mut [Fate]) {
        let Ok(references) = self.repo().references() else { return };
        let mut tips: Vec<(String, Oid)> = references
            .flatten()
            .filter(|reference| reference.kind() == Some(ReferenceType::Direct))
            .filter_map(|reference| {
                let name = path_text(Some(reference.name_bytes()));
                let short = name.strip_prefix("refs/").unwrap_or(&name);
                Some((printable(short), reference.peel_to_commit().ok()?.id()))
            })
            .collect();
        tips.sort();
        for (name, id) in tips {
            for group in holders.of_commit(id).iter() {
                let fate = &mut fates[*group];
                if fate.here.is_empty() {
                    name_one(&mut fate.tips, &name);
                }
            }
        }
    }

    /// Looks down the line of first parents, then anywhere, for the last commit that holds a blob: the one after it took
    /// it out.
    fn removed(&self, holders: &mut Holders<'_>, fates: &mut [Fate]) {
        let mut open: BTreeSet<usize> = (0..fates.len())
            .filter(|group| {
                fates[*group].here.is_empty() && holders.groups.values().flatten().any(|g| g == group)
            })
            .collect();
        let (mut at, mut after): (Option<Oid>, Option<Oid>) = (self.tip(), None);
        while let Some(id) = at.filter(|_| !open.is_empty()) {
            for group in holders.of_commit(id).iter() {
                if let (true, Some(after)) = (open.remove(group), after) {
                    fates[*group].removed = Some(after.to_string());
                }
            }
            after = Some(id);
            at = self.repo().find_commit(id).ok().and_then(|commit| commit.parent_id(0).ok());
        }
        for id in self.commits().iter().rev() {
            if open.is_empty() {
                return;
            }
            let Ok(commit) = self.repo().find_commit(*id) else { continue };
            let now = holders.of_commit(*id);
            for parent in commit.parent_ids() {
                for group in holders.of_commit(parent).iter() {
                    if !now.contains(group) && open.remove(group) {
                        fates[*group].removed = Some(id.to_string());
                    }
                }
            }
        }
    }
}

impl<'r> Holders<'r> {
    fn new(repo: &'r Repository, groups: &[BTreeSet<String>]) -> Self {
        let mut of_blob: HashMap<Oid, Vec<usize>> = HashMap::new();
        for (group, blobs) in groups.iter().enumerate() {
            for id in blobs.iter().filter_map(|id| Oid::from_str(id).ok()) {
                of_blob.entry(id).or_default().push(group);
            }
        }
        Holders { repo, groups: of_blob, known: HashMap::new(), none: Rc::new([]) }
    }

    fn of_commit(&mut self, id: Oid) -> Held {
        match self.repo.find_commit(id) {
            Ok(commit) => self.of_tree(commit.tree_id(), 0),
            Err(_) => self.none.clone(),
        }
    }

    fn of_tree(&mut self, id: Oid, depth: usize) -> Held {
        if let Some(held) = self.known.get(&id) {
            return held.clone();
        }
        let mut held: BTreeSet<usize> = BTreeSet::new();
        if let Some(tree) = self.repo.find_tree(id).ok().filter(|_| depth < DEEPEST) {
            for entry in &tree {
                match entry.kind() {
                    Some(ObjectType::Tree) => held.extend(self.of_tree(entry.id(), depth + 1).iter()),
                    _ => held.extend(self.groups.get(&entry.id()).into_iter().flatten()),
                }
            }
        }
        let held: Held =
            if held.is_empty() { self.none.clone() } else { held.into_iter().collect::<Vec<_>>().into() };
        self.known.insert(id, held.clone());
        held
    }

    /// Names the paths of a commit's tree that hold a blob of a group.
    fn paths(&mut self, commit: Oid, fates: &mut [Fate]) {
        let Ok(commit) = self.repo.find_commit(commit) else { return };
        let mut folders = vec![(commit.tree_id(), String::new(), 0)];
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        while let Some((id, folder, depth)) = folders.pop() {
            if self.of_tree(id, depth).is_empty() {
                continue;
            }
            let Ok(tree) = self.repo.find_tree(id) else { continue };
            for entry in &tree {
                let path = format!("{folder}{}", path_text(Some(entry.name_bytes())));
                match entry.kind() {
                    Some(ObjectType::Tree) => folders.push((entry.id(), path + "/", depth + 1)),
                    _ => {
                        if let Some(groups) = self.groups.get(&entry.id()) {
                            found.insert(path, groups.clone());
                        }
                    }
                }
            }
        }
        for (path, groups) in found {
            for group in groups {
                name_one(&mut fates[group].here, &printable(&path));
            }
        }
    }
}

/// Adds a name to a list that stays short.
fn name_one(names: &mut Vec<String>, name: &str) {
    match names.len() {
        count if count < NAMED => names.push(name.to_owned()),
        NAMED => names.push("and more".to_owned()),
        _ => {}
    }
}
