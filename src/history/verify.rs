//! Is everything on this branch approved? By content, so that squash, rebase, merge and merge-queue commits of approved
//! changes pass, and one changed byte, mode or path does not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use git2::{Commit, Index, Oid, Repository, Sort};
use jiff::Timestamp;

use super::cover::{Unit, Units};
use super::log::LOG;
use super::queue::Queue;
use super::repository::{git, identity, oid, tip};
use super::tree::{self, Digests};
use super::who::Agents;
use crate::artifact::{Change, Subject};
use crate::error::{Error, ErrorKind, Exit, Result};
use crate::finding::printable;
use crate::policy::Policy;
use crate::review::{Approval, Reviewers, Step, approvals};

/// How one commit stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// What it changes is what these items' approvals allow.
    Approved {
        /// The items, in the order they apply.
        by: Vec<String>,
    },
    /// It only merges its parents, or changes no file.
    Merge,
    /// The policy does not ask for an approval.
    Exempt {
        /// Why not.
        why: String,
    },
    /// Nobody approved it.
    Uncovered {
        /// What is missing.
        why: String,
        /// The paths no approval accounts for.
        paths: Vec<String>,
    },
}

/// One commit of the answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Covered {
    /// The commit, hex.
    pub commit: String,
    /// Its first line, cleaned for terminals.
    pub title: String,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// The answer of [`verify`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// Each commit, oldest first.
    pub commits: Vec<Covered>,
    /// Items that could not count, and why.
    pub notes: Vec<String>,
}

impl Verdict {
    /// The commits nobody approved.
    pub fn uncovered(&self) -> impl Iterator<Item = &Covered> {
        self.commits.iter().filter(|one| matches!(one.standing, Standing::Uncovered { .. }))
    }

    /// 1 when a commit is not covered, else 0.
    pub fn exit(&self) -> Exit {
        if self.uncovered().next().is_some() { Exit::Findings } else { Exit::Passed }
    }
}

/// Checks every commit that `head` has and `base` has not (`None`: all), and that are not before the policy's `since`.
/// Approvals count for `target` ("refs/heads/main") only. `base`, `head` and `since` are anything git can resolve.
pub fn verify(
    queue: &Queue,
    policy: &Policy,
    base: Option<&str>,
    head: &str,
    target: &str,
    now: Timestamp,
) -> Result<Verdict> {
    let reviewers = Reviewers::new(&policy.review)?;
    let mut read = queue.read(&reviewers, now)?;
    let repository = &queue.code;
    let head = resolve(repository, head)?;
    let since = policy.coverage.since.as_deref();
    let hidden =
        base.into_iter().chain(since).map(|name| resolve(repository, name)).collect::<Result<Vec<_>>>()?;
    let mut notes = Vec::new();
    let items: Vec<_> = std::mem::take(&mut read.items)
        .into_iter()
        .filter_map(|(id, item)| match item {
            Ok(item) => Some((read.states.get(&id)?.clone(), item)),
            Err(error) => {
                notes.push(error.to_string());
                None
            }
        })
        .collect();
    let id = identity(repository, head)?;
    let mut valid = approvals(&read.chain, &items, &reviewers, now);
    valid.retain(|one| one.approved.target() == target && one.approved.repository() == id);
    let submitted = items
        .iter()
        .map(|(state, item)| Submitted {
            item: &state.about.item,
            state: state.state.name(),
            target: &state.about.target,
            elsewhere: state.about.target != target,
            subject: &item.subject,
        })
        .collect();
    let mut walk = Walk {
        repository,
        units: units(&valid),
        approvals: &valid,
        submitted,
        agents: Agents::new(&policy.coverage),
        digests: Digests::default(),
        uses: Vec::new(),
        known: RefCell::default(),
    };
    let commits = walk.run(head, &hidden)?;
    let exempt = commits.iter().any(|one| matches!(one.standing, Standing::Exempt { .. }));
    if exempt && !reviewers.is_empty() && tip(queue.keeper(), LOG)?.is_none() {
        return Err(no_log());
    }
    Ok(Verdict { commits, notes })
}

/// A commit is exempt because nobody submitted what it holds; only the log can say so.
fn no_log() -> Error {
    Error::new(
        ErrorKind::Repository,
        "there is no log of decisions here, so nobody can say which commits are an agent's",
    )
    .hint("`git fetch origin 'refs/weft/*:refs/weft/*'` brings what a clone leaves out; the first `weft submit` begins a log")
}

impl Queue {
    /// The commits of a range, each with what it does by itself: a draft carries them, so that they may land one by one.
    pub fn steps(&self, base: &str, head: &str) -> Result<Vec<Step>> {
        let repository = &self.code;
        let (base, head) = (resolve(repository, base)?, resolve(repository, head)?);
        let mut digests = Digests::default();
        let mut steps = Vec::new();
        for id in walk(repository, head, &[base])? {
            let commit = repository.find_commit(id).map_err(git("cannot read a commit"))?;
            let changes = own(repository, &commit, &mut digests)?;
            if !changes.changes.is_empty() {
                steps.push(Step { commit: id.to_string(), changes });
            }
        }
        Ok(steps)
    }
}

fn units(approvals: &[Approval]) -> Units {
    let mut all = Vec::new();
    for (approval, one) in approvals.iter().enumerate() {
        all.push(Unit { approval, step: None, changes: one.approved.subject().clone() });
        if one.steps.len() > 1 {
            let steps = one.steps.iter().enumerate();
            all.extend(steps.map(|(step, changes)| Unit {
                approval,
                step: Some(step),
                changes: changes.clone(),
            }));
        }
    }
    Units::new(all)
}

fn resolve(repository: &Repository, name: &str) -> Result<Oid> {
    let object = repository.revparse_single(name).and_then(|object| object.peel_to_commit());
    object.map(|commit| commit.id()).map_err(|error| {
        Error::new(ErrorKind::Usage, format!("there is no commit \"{}\"", printable(name)))
            .because(error)
            .hint("in a shallow clone commits are missing: `git fetch --unshallow`")
    })
}

/// The commits from `head` without those of `hidden`, parents before children.
fn walk(repository: &Repository, head: Oid, hidden: &[Oid]) -> Result<Vec<Oid>> {
    let failed = || git("cannot walk the commits");
    let mut walk = repository.revwalk().map_err(failed())?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(failed())?;
    walk.push(head).map_err(failed())?;
    for hide in hidden {
        walk.hide(*hide).map_err(failed())?;
    }
    walk.collect::<std::result::Result<_, _>>().map_err(failed())
}

/// What a commit does by itself: against its parent, or, for a merge of two, against the clean merge.
fn own(repository: &Repository, commit: &Commit<'_>, digests: &mut Digests) -> Result<Subject> {
    let failed = || git(format!("cannot read the commit {}", commit.id()));
    let new = commit.tree().map_err(failed())?;
    let old = match commit.parent_count() {
        0 => None,
        _ => Some(commit.parent(0).and_then(|parent| parent.tree()).map_err(failed())?),
    };
    if commit.parent_count() != 2 {
        return tree::subject(repository, old.as_ref(), Some(&new), digests);
    }
    let (ours, theirs) = (commit.parent(0).map_err(failed())?, commit.parent(1).map_err(failed())?);
    let merged = match repository.merge_commits(&ours, &theirs, None) {
        Ok(merged) => merged,
        // Unrelated histories and the like: everything it changes is its own.
        Err(_) => return tree::subject(repository, old.as_ref(), Some(&new), digests),
    };
    let theirs = theirs.tree().map_err(failed())?;
    let mut changes = Vec::new();
    for path in unlike(repository, &new, &merged)? {
        let now = tree::at(repository, &new, &path, digests)?;
        let before = [
            tree::at(repository, old.as_ref().unwrap_or(&new), &path, digests)?,
            in_index(repository, &merged, &path, digests)?,
            tree::at(repository, &theirs, &path, digests)?,
        ];
        let old = before.into_iter().find(|before| *before != now).unwrap_or_default();
        changes.push(Change { path, old, new: now });
    }
    Ok(Subject { changes })
}

fn in_index(
    repository: &Repository,
    index: &Index,
    path: &str,
    digests: &mut Digests,
) -> Result<Option<crate::artifact::Blob>> {
    let entry = index.get_path(std::path::Path::new(path), 0);
    entry.map(|entry| tree::blob(repository, entry.id, entry.mode, digests)).transpose()
}

/// The paths where a tree is not what a merge gave, conflicts included.
fn unlike(repository: &Repository, tree: &git2::Tree<'_>, merged: &Index) -> Result<BTreeSet<String>> {
    let text = |path: &[u8]| {
        String::from_utf8(path.to_vec()).map_err(|_| {
            Error::new(ErrorKind::Repository, "a merged path is not UTF-8, so no approval can name it")
        })
    };
    let mut options = git2::DiffOptions::new();
    options.include_typechange(true).skip_binary_check(true);
    let diff = repository
        .diff_tree_to_index(Some(tree), Some(merged), Some(&mut options))
        .map_err(git("cannot compare a merge"))?;
    let mut paths = BTreeSet::new();
    for delta in diff.deltas() {
        let path = delta.new_file().path_bytes().or(delta.old_file().path_bytes()).unwrap_or_default();
        paths.insert(text(path)?);
    }
    for conflict in merged.conflicts().map_err(git("cannot read a merge"))? {
        let conflict = conflict.map_err(git("cannot read a merge"))?;
        for side in [conflict.ancestor, conflict.our, conflict.their].into_iter().flatten() {
            paths.insert(text(&side.path)?);
        }
    }
    Ok(paths)
}

/// Where a unit was used.
struct Use {
    unit: usize,
    commit: Oid,
    row: usize,
}

/// One item of the queue, for saying what a commit that is not covered comes nearest to.
struct Submitted<'a> {
    item: &'a str,
    state: &'static str,
    target: &'a str,
    elsewhere: bool,
    subject: &'a Subject,
}

struct Walk<'a> {
    repository: &'a Repository,
    units: Units,
    approvals: &'a [Approval],
    submitted: Vec<Submitted<'a>>,
    agents: Agents,
    digests: Digests,
    uses: Vec<Use>,
    known: RefCell<BTreeMap<Oid, Rc<Subject>>>,
}

impl Walk<'_> {
    fn run(&mut self, head: Oid, hidden: &[Oid]) -> Result<Vec<Covered>> {
        let mut rows = Vec::new();
        for id in walk(self.repository, head, hidden)? {
            let commit = self.repository.find_commit(id).map_err(git("cannot read a commit"))?;
            let title = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
            let standing = self.judge(&commit, rows.len())?;
            rows.push(Covered { commit: id.to_string(), title: printable(&title), standing });
        }
        self.halves(&mut rows)?;
        Ok(rows)
    }

    fn judge(&mut self, commit: &Commit<'_>, row: usize) -> Result<Standing> {
        let changes = own(self.repository, commit, &mut self.digests)?;
        if changes.changes.is_empty() {
            return Ok(Standing::Merge);
        }
        let Some(used) = self.cover(commit, &changes)? else {
            return Ok(self.uncovered(commit, &changes));
        };
        let mut by = Vec::new();
        for unit in used {
            let item = self.approvals[self.units.all[unit].approval].approved.item().to_owned();
            if !by.contains(&item) {
                by.push(item);
            }
            self.uses.push(Use { unit, commit: commit.id(), row });
        }
        Ok(Standing::Approved { by })
    }

    /// Units that make exactly this change and were not used before on the way to it.
    fn cover(&self, commit: &Commit<'_>, changes: &Subject) -> Result<Option<Vec<usize>>> {
        let parent = commit.parent(0).ok().and_then(|parent| parent.tree().ok());
        let before = |path: &str| {
            tree::at(self.repository, parent.as_ref()?, path, &mut Digests::default()).ok().flatten()
        };
        let mut spent: BTreeSet<usize> = self
            .uses
            .iter()
            .filter(|earlier| self.leads(earlier.commit, commit.id()))
            .map(|earlier| earlier.unit)
            .collect();
        // An approval is spent by landing: without that, it could bring an old state back.
        let twins: Vec<usize> = self.same_approval(&spent);
        spent.extend(twins);
        loop {
            let Some(used) = self.units.compose(changes, &before, &|unit| !spent.contains(&unit)) else {
                return Ok(None);
            };
            let mut again = None;
            for unit in &used {
                if self.landed_before(*unit, commit)? {
                    again = Some(*unit);
                }
            }
            match again {
                None => return Ok(Some(used)),
                Some(unit) => spent.insert(unit),
            };
        }
    }

    /// When an approval landed at once its steps are spent, and the other way round.
    fn same_approval(&self, spent: &BTreeSet<usize>) -> Vec<usize> {
        let kinds: BTreeSet<(usize, bool)> = spent
            .iter()
            .map(|unit| (self.units.all[*unit].approval, self.units.all[*unit].step.is_some()))
            .collect();
        let twin = |unit: &Unit| kinds.contains(&(unit.approval, unit.step.is_none()));
        self.units.all.iter().enumerate().filter(|(_, unit)| twin(unit)).map(|(index, _)| index).collect()
    }

    fn leads(&self, from: Oid, to: Oid) -> bool {
        from == to || self.repository.graph_descendant_of(to, from).unwrap_or(true)
    }

    /// Whether the unit landed before, between the commit it was made against and this one: whatever undid it, it is spent.
    /// Earlier commits of the same range may make the same state on the way.
    fn landed_before(&self, unit: usize, commit: &Commit<'_>) -> Result<bool> {
        let made = &self.units.all[unit];
        let approval = &self.approvals[made.approval];
        let base = oid(approval.approved.base())?;
        let Some(first) = made.changes.changes.first() else { return Ok(false) };
        let makes = |subject: &Subject| {
            subject.changes.iter().any(|change| change.path == first.path && change.new == first.new)
        };
        let on_the_way = made
            .step
            .map_or(0, |step| approval.steps.iter().take(step).filter(|earlier| makes(earlier)).count());
        let hidden: Vec<Oid> =
            self.repository.find_commit(base).ok().map(|base| base.id()).into_iter().collect();
        let mut earlier = BTreeSet::new();
        for parent in commit.parent_ids() {
            earlier.extend(walk(self.repository, parent, &hidden)?);
        }
        let mut times = 0;
        for id in earlier {
            times += usize::from(makes(&*self.own(id)?));
        }
        Ok(times > on_the_way)
    }

    /// What a commit does by itself, worked out once.
    fn own(&self, id: Oid) -> Result<Rc<Subject>> {
        if let Some(known) = self.known.borrow().get(&id) {
            return Ok(known.clone());
        }
        let commit = self.repository.find_commit(id).map_err(git("cannot read a commit"))?;
        let made = Rc::new(own(self.repository, &commit, &mut Digests::default())?);
        self.known.borrow_mut().insert(id, made.clone());
        Ok(made)
    }

    /// The commits of an approved range land all or none: what makes only a part of it is not what was approved.
    fn halves(&self, rows: &mut [Covered]) -> Result<()> {
        for used in &self.uses {
            let unit = &self.units.all[used.unit];
            let Some(step) = unit.step else { continue };
            let steps = self.approvals[unit.approval].steps.len();
            for other in (0..steps).filter(|other| *other != step) {
                let wanted = self
                    .units
                    .all
                    .iter()
                    .position(|one| one.approval == unit.approval && one.step == Some(other));
                let Some(wanted) = wanted else { continue };
                let here = self.uses.iter().any(|one| {
                    one.unit == wanted
                        && (self.leads(one.commit, used.commit) || self.leads(used.commit, one.commit))
                });
                let commit = self.repository.find_commit(used.commit).map_err(git("cannot read a commit"))?;
                if here || (other < step && self.landed_before(wanted, &commit)?) {
                    continue;
                }
                let item = self.approvals[unit.approval].approved.item();
                let why = format!(
                    "only a part of item {item} is here: its commit {} of {steps} is missing",
                    other + 1
                );
                let paths = unit.changes.changes.iter().map(|change| change.path.clone()).collect();
                rows[used.row].standing = Standing::Uncovered { why, paths };
                break;
            }
        }
        Ok(())
    }

    fn uncovered(&self, commit: &Commit<'_>, changes: &Subject) -> Standing {
        let same = |one: &Change, other: &Change| one.path == other.path && one.new == other.new;
        let submitted = |change: &Change| {
            self.submitted
                .iter()
                .find(|one| change.new.is_some() && one.subject.changes.iter().any(|one| same(one, change)))
        };
        let item = changes.changes.iter().find_map(submitted);
        match self.agents.exempt(commit) {
            Some(why) if item.is_none() => return Standing::Exempt { why },
            _ => {}
        }
        let allowed = |change: &Change| {
            self.units
                .touching(&change.path)
                .any(|unit| self.units.all[unit].changes.changes.iter().any(|one| same(one, change)))
        };
        let mut paths: Vec<String> = changes
            .changes
            .iter()
            .filter(|change| !allowed(change))
            .map(|change| printable(&change.path))
            .collect();
        let why = match item {
            Some(Submitted { item, state, .. }) if !matches!(*state, "approved" | "committed") => {
                format!("item {item} is {state}")
            }
            Some(Submitted { item, target, elsewhere: true, .. }) => {
                format!(
                    "item {item} was approved for {target}, which is another branch: submit it for this one"
                )
            }
            _ if paths.is_empty() => {
                "its files come from approvals, but not whole, not in this order, or a second time".into()
            }
            Some(Submitted { item, .. }) => format!("it is not what item {item} was approved for"),
            None => "no approval names these bytes".into(),
        };
        if paths.is_empty() {
            paths = changes.changes.iter().map(|change| printable(&change.path)).collect();
        }
        Standing::Uncovered { why, paths }
    }
}
