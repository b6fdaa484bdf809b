//! The past of a repository, commit by commit, oldest first: every blob that was ever committed, once; every message; every
//! name. Memory grows with the number of objects, never with their size.

mod visit;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use git2::{ObjectType, Oid, Repository, Sort};
use ignore::gitignore::Gitignore;

use super::{NO_COMMIT, commit, failed, open, path_text, store};
use crate::artifact::{Entry, Store};
use crate::error::Result;
use crate::finding::{Note, NoteKind, printable};
use crate::ingest::tree::patterns;

use visit::hash;

/// How deep folders may lie in each other.
const DEEPEST: usize = 500;
/// The most notes about single objects that cannot be read.
const NOTES: usize = 200;

/// How much of the past is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everything that a revision reaches, or of `A..B` what B reaches and A does not; an end left out is HEAD.
    Revisions(String),
    /// Everything that any ref reaches: branches, remotes, tags, notes, stashes.
    All,
}

/// A commit as reports name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its full id.
    pub id: String,
    /// Its committer's time, in seconds since 1970.
    pub seconds: i64,
    /// Its author's name, cleaned.
    pub author: String,
}

/// A piece of the past.
pub struct Piece {
    /// What to read.
    pub entry: Entry,
    /// The number of the commit that it came in with.
    pub commit: usize,
    /// The id of the blob; `None` for a message or for names.
    pub blob: Option<String>,
}

/// What a walk leaves out.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// Paths, as .gitignore patterns.
    pub exclude: Vec<String>,
    /// The most pieces.
    pub most: usize,
    /// Whether a blob counts once at each of its paths, since what is allowed depends on the path.
    pub by_path: bool,
}

/// A walk through the past.
pub struct Past {
    repo: Repository,
    store: Arc<dyn Store>,
    ids: Vec<Oid>,
    at: usize,
    /// Blobs and trees that were met: anywhere (0), or at a path that has this hash.
    seen: HashSet<(Oid, u64)>,
    by_path: bool,
    /// Names of files and folders that were met.
    names: HashSet<u64>,
    /// Whether each commit is compared with its parents, so that only the lines it adds count.
    by_lines: bool,
    messages_of_tags: bool,
    exclude: Gitignore,
    excluded: BTreeSet<String>,
    left: usize,
    most: usize,
    unreadable: usize,
    tip: Option<Oid>,
    notes: Vec<Note>,
}

/// Walks through as much of the past of the repository at `dir` as `reach` says, within `bounds`. Errors: a revision
/// names no commit, a pattern is wrong.
pub fn past(dir: &Path, reach: &Reach, bounds: &Bounds) -> Result<Past> {
    let mut past = Past::new(dir, bounds)?;
    past.messages_of_tags = true;
    let mut hidden = Vec::new();
    let mut starts = Vec::new();
    match reach {
        Reach::Revisions(text) => {
            let id =
                |name: &str| commit(&past.repo, if name.is_empty() { "HEAD" } else { name }).map(|c| c.id());
            match text.split_once("...").or_else(|| text.split_once("..")) {
                Some((one, two)) => {
                    hidden.push(id(one)?);
                    starts.push(id(two)?);
                    past.by_lines = true;
                }
                None => starts.push(id(text)?),
            }
            past.tip = starts.first().copied();
        }
        Reach::All => {
            starts = past.every_tip()?;
            past.tip =
                past.repo.head().ok().and_then(|head| head.peel_to_commit().ok()).map(|head| head.id());
        }
    }
    past.walk(&starts, &hidden)?;
    Ok(past)
}

/// Walks through what the commits of a range bring that its end no longer has: what is pushed with it all the same.
/// `base` and `head` are those of [`crate::artifact::Origin::Range`].
pub fn passing(dir: &Path, (base, head): (&str, &str), bounds: &Bounds) -> Result<Past> {
    let mut past = Past::new(dir, bounds)?;
    past.by_lines = true;
    let end = commit(&past.repo, head)?.id();
    let hidden = match base {
        NO_COMMIT => Vec::new(),
        base => vec![commit(&past.repo, base)?.id()],
    };
    past.tip = Some(end);
    past.walk(&[end], &hidden)?;
    // Its blobs are judged with the range itself; its names are not.
    past.know(end, false);
    Ok(past)
}

impl Past {
    fn new(dir: &Path, bounds: &Bounds) -> Result<Past> {
        let repo = open(dir)?;
        Ok(Past {
            store: store(dir)?,
            repo,
            ids: Vec::new(),
            at: 0,
            seen: HashSet::new(),
            // What is excluded at one path may count at another.
            by_path: bounds.by_path || !bounds.exclude.is_empty(),
            names: HashSet::new(),
            by_lines: false,
            messages_of_tags: false,
            exclude: patterns(Path::new(""), &bounds.exclude)?,
            excluded: BTreeSet::new(),
            left: bounds.most,
            most: bounds.most,
            unreadable: 0,
            tip: None,
            notes: Vec::new(),
        })
    }

    /// Lists the commits, oldest first, and takes what their oldest ones came from as known.
    fn walk(&mut self, starts: &[Oid], hidden: &[Oid]) -> Result<()> {
        let walking = || failed("walking the commits");
        let mut walk = self.repo.revwalk().map_err(walking())?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME | Sort::REVERSE).map_err(walking())?;
        for id in starts {
            walk.push(*id).map_err(walking())?;
        }
        for id in hidden {
            walk.hide(*id).map_err(walking())?;
        }
        let (mut ids, mut broken) = (Vec::new(), None);
        for id in walk {
            match id {
                Ok(id) => ids.push(id),
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        self.ids = ids;
        if self.cut_off() {
            let why = "the clone is shallow, so older commits were not looked at: `git fetch --unshallow`, or `fetch-depth: 0` in CI";
            self.note(NoteKind::NotChecked, String::new(), why);
        }
        if let Some(error) = broken {
            self.missing("", &format!("the commits cannot all be read: {}", error.message()));
        }
        if !hidden.is_empty() {
            let inside: HashSet<Oid> = self.ids.iter().copied().collect();
            let mut edge = BTreeSet::new();
            for id in &self.ids {
                if let Ok(commit) = self.repo.find_commit(*id) {
                    edge.extend(commit.parent_ids().filter(|parent| !inside.contains(parent)));
                }
            }
            for id in edge {
                self.know(id, true);
            }
        }
        Ok(())
    }

    /// Whether the walk ends where a shallow clone was cut off.
    fn cut_off(&self) -> bool {
        let edge = std::fs::read_to_string(self.repo.commondir().join("shallow")).unwrap_or_default();
        let edge: HashSet<&str> = edge.lines().map(str::trim).collect();
        self.repo.is_shallow() && self.ids.iter().any(|id| edge.contains(id.to_string().as_str()))
    }

    /// Takes everything in the tree of a commit as met, its names too if they are to be.
    fn know(&mut self, id: Oid, names: bool) {
        let Ok(tree) = self.repo.find_commit(id).and_then(|commit| commit.tree()) else { return };
        let mut open = vec![(tree.id(), 0)];
        while let Some((id, depth)) = open.pop() {
            if !self.seen.insert((id, 0)) || depth > DEEPEST {
                continue;
            }
            let Ok(tree) = self.repo.find_tree(id) else { continue };
            for entry in &tree {
                if names {
                    self.names.insert(hash(entry.name_bytes()));
                }
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((entry.id(), depth + 1)),
                    _ => drop(self.seen.insert((entry.id(), 0))),
                }
            }
        }
    }

    /// The commits that refs, HEAD and the stash's log name.
    fn every_tip(&mut self) -> Result<Vec<Oid>> {
        let mut tips = BTreeSet::new();
        let mut strange = Vec::new();
        let references = self.repo.references().map_err(failed("listing the refs"))?;
        for reference in references.flatten() {
            match reference.peel_to_commit() {
                Ok(commit) => drop(tips.insert(commit.id())),
                Err(_) => strange.push(path_text(Some(reference.name_bytes()))),
            }
        }
        tips.extend(self.repo.head().ok().and_then(|head| head.peel_to_commit().ok()).map(|head| head.id()));
        if let Ok(log) = self.repo.reflog("refs/stash") {
            let older = log.iter().map(|entry| entry.id_new());
            tips.extend(older.filter(|id| self.repo.find_commit(*id).is_ok()));
        }
        for name in strange {
            self.note(NoteKind::Unsupported, name, "names no commit: not looked at");
        }
        Ok(tips.into_iter().collect())
    }

    /// How many commits there are, and how many have been walked through.
    pub fn progress(&self) -> (usize, usize) {
        (self.ids.len(), self.at)
    }

    /// How many pieces there have been so far.
    pub fn pieces(&self) -> usize {
        self.most - self.left
    }

    /// The commit of that number.
    pub fn moment(&self, number: usize) -> Option<Moment> {
        let commit = self.repo.find_commit(*self.ids.get(number)?).ok()?;
        let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
        Some(Moment {
            id: commit.id().to_string(),
            seconds: commit.time().seconds(),
            author: printable(&author.chars().take(100).collect::<String>()),
        })
    }

    /// The next pieces, about `many` of them; `None` at the end.
    pub fn next(&mut self, many: usize) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        if std::mem::take(&mut self.messages_of_tags) {
            self.tags(&mut pieces);
        }
        while pieces.len() < many && self.at < self.ids.len() && self.left > 0 {
            self.visit(self.at, &mut pieces);
            self.at += 1;
        }
        if pieces.len() > self.left || self.left == 0 && self.at < self.ids.len() {
            pieces.truncate(self.left);
            self.at = self.ids.len();
            let why = format!(
                "more than {} versions of files: the rest was not looked at; raise `[limits] files`",
                self.most
            );
            self.note(NoteKind::NotChecked, String::new(), why);
        }
        self.left -= pieces.len();
        (!pieces.is_empty() || self.at < self.ids.len()).then_some(pieces)
    }

    /// What could not be looked at, and what was left out; to be asked for at the end.
    pub fn notes(&mut self) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.notes);
        let more = self.unreadable.saturating_sub(NOTES);
        if more > 0 {
            notes.push(Note::new(NoteKind::NotChecked, "", format!("{more} more objects cannot be read")));
        }
        if !self.excluded.is_empty() {
            let paths = self.excluded.len();
            let why =
                format!("{paths} {} excluded by weft.toml", if paths == 1 { "path is" } else { "paths are" });
            notes.push(Note::new(NoteKind::Info, "", why));
        }
        notes
    }

    fn note(&mut self, kind: NoteKind, path: String, message: impl Into<String>) {
        self.notes.push(Note::new(kind, path, message));
    }

    fn missing(&mut self, path: &str, why: &str) {
        self.unreadable += 1;
        if self.unreadable <= NOTES {
            self.note(NoteKind::NotChecked, path.to_owned(), printable(why));
        }
    }

    pub(super) fn repo(&self) -> &Repository {
        &self.repo
    }

    pub(super) fn commits(&self) -> &[Oid] {
        &self.ids
    }

    pub(super) fn tip(&self) -> Option<Oid> {
        self.tip
    }
}
