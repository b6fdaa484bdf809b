//! Approved -> commits. The order is: intent in the log, objects, compare-and-swap of the code ref (the commit point),
//! the history commit, the committed event. Whatever is cut short is finished from the intent, to the same ids.

use git2::{Commit, Oid, Repository};

use super::log::{self, Hand};
use super::queue::Queue;
use super::repository::{compare_and_swap, git, identity, oid, tip};
use super::tree::{self, Digests};
use super::{clean, entry, originals};
use crate::artifact::{Digest, Original, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::printable;
use crate::policy::ReviewPolicy;
use crate::review::{
    Approved, Deed, Intent, ItemState, Landed, ReviewItem, Reviewers, Signer, Source, verify_signature,
};

/// The history's ref when it has no repository of its own: no branch of the code is touched.
const HISTORY: &str = "refs/weft/history";

/// What was committed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Done {
    /// The code commit; `None` for an item whose commits were there already.
    pub code: Option<String>,
    /// The ref it is on.
    pub target: String,
    /// The history commit.
    pub history: String,
    /// Whether this run only finished, or found finished, what an earlier one began.
    pub resumed: bool,
}

/// The points between steps, where a run may be cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Intended,
    Written,
    Moved,
    Followed,
    Recorded,
}

/// Commits exactly the approved bytes, and the redacted item to the history. `originals` hold the bytes of a reply; those
/// of the index or of standard input are found without. Refuses when anything differs from what was approved, and says what.
pub fn commit(
    queue: &Queue,
    approved: &Approved,
    originals: &[Original],
    message: Option<&str>,
    policy: &ReviewPolicy,
    hand: &Hand<'_>,
) -> Result<Done> {
    commit_until(queue, approved, originals, message, policy, hand, &|_| Ok(()))
}

/// As [`commit`]; `reached` is told of each point and may stop there.
pub(super) fn commit_until(
    queue: &Queue,
    approved: &Approved,
    originals: &[Original],
    message: Option<&str>,
    policy: &ReviewPolicy,
    hand: &Hand<'_>,
    reached: &dyn Fn(Point) -> Result<()>,
) -> Result<Done> {
    let Some(signer) = hand.signer else {
        return Err(Error::new(
            ErrorKind::Usage,
            "a commit of approved bytes is signed, and there is no key",
        )
        .hint("set git's `user.signingkey`, or name a key with `--key`"));
    };
    let (state, item, sarif) = queue.item(approved.item(), policy, hand.now)?;
    if let Some((code, history)) = &state.committed {
        let (code, history) = (code.clone(), history.clone());
        still_there(&queue.code, approved, code.as_deref())?;
        return Ok(Done { code, target: approved.target().into(), history, resumed: true });
    }
    unchanged(queue, approved, policy, hand)?;
    let run = Run { queue, approved, item: &item, state: &state, sarif: &sarif, hand, signer, message };
    run.write_blobs(originals)?;
    by_a_reviewer(signer, policy)?;
    let (intent, resumed) = match run.resumable()? {
        Some(intent) => (intent, true),
        None => (run.intend()?, false),
    };
    reached(Point::Intended)?;
    let done = run.land(&intent, reached)?;
    originals::forget(queue.code.commondir(), approved.item())?;
    Ok(Done { resumed, ..done })
}

/// Landing an item ends the expiry of its approval, so only a reviewer's key does it.
fn by_a_reviewer(signer: &dyn Signer, policy: &ReviewPolicy) -> Result<()> {
    let key = signer.key();
    if Reviewers::new(policy)?.knows(Some(&key)) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Usage, format!("{} is not the key of a reviewer", key.fingerprint())).hint(
        "a reviewer runs `weft commit`; reviewers and their keys stand in weft.toml on the target branch",
    ))
}

/// What the log calls committed must still be on the branch.
fn still_there(repository: &Repository, approved: &Approved, code: Option<&str>) -> Result<()> {
    let Some(code) = code else { return Ok(()) };
    let commit = oid(code)?;
    let holds = |tip: Oid| tip == commit || repository.graph_descendant_of(tip, commit).unwrap_or(false);
    if tip(repository, approved.target())?.is_some_and(holds) {
        return Ok(());
    }
    let (item, target) = (approved.item(), printable(approved.target()));
    Err(Error::new(
        ErrorKind::Mismatch,
        format!("the log says that item {item} was committed as {code:.12}, and {target} does not hold it"),
    )
    .hint("the branch was rewritten since: `weft verify` says whether its commits are covered; submit again to land it anew"))
}

/// The approval as the log has it now must be the one we were given.
fn unchanged(queue: &Queue, approved: &Approved, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
    let now = queue.approved(approved.item(), policy, hand.now)?;
    if now.event() == approved.event() && now.digest() == approved.digest() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Mismatch,
        format!("the approval of item {} is not the one this run began with", approved.item()),
    )
    .hint("somebody decided again meanwhile: `weft review show` says what"))
}

struct Run<'a> {
    queue: &'a Queue,
    approved: &'a Approved,
    item: &'a ReviewItem,
    state: &'a ItemState,
    sarif: &'a [u8],
    hand: &'a Hand<'a>,
    signer: &'a dyn Signer,
    message: Option<&'a str>,
}

impl Run<'_> {
    fn code(&self) -> &Repository {
        &self.queue.code
    }

    fn lands(&self) -> bool {
        !matches!(self.item.source, Source::Range { .. })
    }

    /// Finds the bytes of every new blob by their SHA-256 and writes them. Bytes that nobody approved are never written.
    fn write_blobs(&self, given: &[Original]) -> Result<()> {
        let kept = originals::load(self.code().commondir(), self.approved.item())?;
        let pool: Vec<&Original> = given.iter().chain(&kept).collect();
        for change in &self.approved.subject().changes {
            let Some(blob) = &change.new else { continue };
            if blob.mode == "160000" {
                continue;
            }
            let differs = |what: &str| {
                Error::new(ErrorKind::Mismatch, format!("{}: {what}", printable(&change.path)))
                    .hint("only the bytes that were approved land: submit again")
            };
            let id = oid(&blob.id)?;
            if let Ok(there) = self.code().find_blob(id) {
                if Digest::of(there.content()).to_string() != blob.sha256 {
                    return Err(differs("the repository's blob has the approved git id but other bytes"));
                }
                continue;
            }
            let bytes = pool.iter().find_map(|original| holds(original, &blob.sha256)).ok_or_else(|| {
                differs("the approved bytes are not there any more; the original was changed or removed")
            })?;
            let written =
                self.code().blob(bytes).map_err(git(format!("cannot write {}", printable(&change.path))))?;
            if written != id {
                return Err(differs("its bytes do not have the approved git id"));
            }
        }
        Ok(())
    }

    /// The intent of an earlier run that this one finishes: signed by the key in hand, since what another key signed was
    /// not seen by whoever runs this.
    fn resumable(&self) -> Result<Option<Intent>> {
        let Some((intent, by)) = &self.state.intent else { return Ok(None) };
        if intent.approval != self.approved.event().to_string() || !self.still_leads(intent)? {
            return Ok(None);
        }
        Ok((*by == self.signer.key()).then(|| intent.clone()))
    }

    /// Whether an intent of an earlier run can still be finished: the ref is where it was, or past the commit.
    fn still_leads(&self, intent: &Intent) -> Result<bool> {
        let Some(code) = &intent.code else { return Ok(!self.lands()) };
        let tip = tip(self.code(), &code.reference)?;
        let commit = oid(&code.commit)?;
        let past = tip.is_some_and(|tip| {
            tip == commit || self.code().graph_descendant_of(tip, commit).unwrap_or(false)
        });
        Ok(past || tip.map(|tip| tip.to_string()) == code.parent)
    }

    /// Decides on both commits, to the byte, and writes that down.
    fn intend(&self) -> Result<Intent> {
        let intent = Intent {
            approval: self.approved.event().to_string(),
            code: if self.lands() { Some(self.code_commit()?) } else { None },
            history: self.history_commit()?,
        };
        let deed = Deed::Intent(Box::new(intent.clone()));
        log::append(self.queue.keeper(), self.hand, &self.state.about, &deed, &[], &|_| Ok(()))?;
        Ok(intent)
    }

    fn code_commit(&self) -> Result<Landed> {
        let target = self.approved.target();
        let Some(parent) = tip(self.code(), target)? else {
            return Err(Error::new(ErrorKind::Mismatch, format!("the branch {} is gone", printable(target))));
        };
        let parent = self.code().find_commit(parent).map_err(git("cannot read the branch"))?;
        let tree = self.tree_on(&parent)?;
        clean::pending(self.code(), target, self.approved.subject())?;
        let files = self.item.subject.changes.len();
        let default = format!(
            "{}/{}: {files} {}",
            self.item.feature,
            self.item.agent,
            if files == 1 { "file" } else { "files" }
        );
        self.sealed(self.code(), target, Some(&parent), tree, self.message.unwrap_or(&default))
    }

    /// The approved change on top of `parent`: every path must still be as it was when it was approved.
    fn tree_on(&self, parent: &Commit<'_>) -> Result<Oid> {
        let repository = self.code();
        if identity(repository, parent.id())? != self.approved.repository() {
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!("item {} was approved for another repository", self.approved.item()),
            ));
        }
        let base = parent.tree().map_err(git("cannot read the branch"))?;
        let mut digests = Digests::default();
        for change in &self.approved.subject().changes {
            if tree::at(repository, &base, &change.path, &mut digests)? != change.old {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!(
                        "{} moved: {} is not what it was when item {} was approved",
                        printable(self.approved.target()),
                        printable(&change.path),
                        self.approved.item()
                    ),
                )
                .hint("submit the change again, on top of the branch as it is now"));
            }
        }
        tree::apply(repository, &base, self.approved.subject())
    }

    fn history_commit(&self) -> Result<Landed> {
        let keeper = self.queue.keeper();
        let reference = self.history_ref()?;
        let parent = tip(keeper, &reference)?
            .map(|tip| keeper.find_commit(tip))
            .transpose()
            .map_err(git("cannot read the history"))?;
        let base = parent
            .as_ref()
            .map(|parent| parent.tree())
            .transpose()
            .map_err(git("cannot read the history"))?;
        let files = entry::files(keeper, base.as_ref(), self.item, self.state, self.sarif, self.hand.now);
        let tree = tree::with_files(keeper, base.as_ref(), &files)?;
        self.sealed(keeper, &reference, parent.as_ref(), tree, &self.history_title())
    }

    fn history_ref(&self) -> Result<String> {
        if !self.queue.separate() {
            return Ok(HISTORY.to_owned());
        }
        let head =
            self.queue.keeper().find_reference("HEAD").map_err(git("cannot read the history's HEAD"))?;
        match head.symbolic_target() {
            Ok(Some(name)) => Ok(name.to_owned()),
            _ => Err(Error::new(ErrorKind::Repository, "the history repository has no branch checked out")
                .hint("`git switch main` in it")),
        }
    }

    /// What the message of either commit ends in.
    fn trailers(&self) -> String {
        format!(
            "\n\nWeft-Item: {}\nWeft-Subject: {}\nReviewed-by: {}\n",
            self.approved.item(),
            self.approved.digest(),
            printable(&self.approved.reviewer())
        )
    }

    fn history_title(&self) -> String {
        format!("{}/{}: item {}", self.item.feature, self.item.agent, self.approved.item())
    }

    /// A signed commit, with its id, not yet written.
    fn sealed(
        &self,
        repository: &Repository,
        reference: &str,
        parent: Option<&Commit<'_>>,
        tree: Oid,
        title: &str,
    ) -> Result<Landed> {
        let who = self.hand.signature()?;
        let tree = repository.find_tree(tree).map_err(git("cannot read the tree"))?;
        let message = format!("{}{}", title.trim().replace('\0', ""), self.trailers());
        let buffer = repository
            .commit_create_buffer(&who, &who, &message, &tree, &parent.into_iter().collect::<Vec<_>>())
            .map_err(git("cannot prepare the commit"))?;
        let content = String::from_utf8(buffer.to_vec()).map_err(|error| {
            Error::new(ErrorKind::Bug, "a commit is not UTF-8").because(error.utf8_error())
        })?;
        let signature = self.signer.sign("git", content.as_bytes())?;
        let commit = write(repository, &content, &signature)?;
        Ok(Landed {
            reference: reference.to_owned(),
            parent: parent.map(|parent| parent.id().to_string()),
            content,
            signature,
            commit: commit.to_string(),
        })
    }

    /// Does what the intent says, from wherever an earlier run stopped.
    fn land(&self, intent: &Intent, reached: &dyn Fn(Point) -> Result<()>) -> Result<Done> {
        if intent.code.is_some() != self.lands() || intent.history.reference != self.history_ref()? {
            return Err(self.wrong("is for another kind of item, or another history"));
        }
        if let Some(code) = &intent.code {
            self.land_code(code, reached)?;
        }
        let history = self.land_history(&intent.history)?;
        reached(Point::Recorded)?;
        let code = intent.code.as_ref().map(|code| code.commit.clone());
        let deed = Deed::Committed { code: code.clone(), history: history.clone() };
        log::append(self.queue.keeper(), self.hand, &self.state.about, &deed, &[], &|_| Ok(()))?;
        Ok(Done { code, target: self.approved.target().into(), history, resumed: false })
    }

    fn land_code(&self, code: &Landed, reached: &dyn Fn(Point) -> Result<()>) -> Result<()> {
        let repository = self.code();
        let commit = write(repository, &code.content, &code.signature)?;
        let commit = repository.find_commit(commit).map_err(git("cannot read the commit"))?;
        self.is_approved(code, &commit)?;
        reached(Point::Written)?;
        // What the work tree must follow is decided before the ref moves, while it can still be refused.
        let pending = clean::pending(repository, &code.reference, self.approved.subject())?;
        let tip = tip(repository, &code.reference)?;
        let landed = tip.is_some_and(|tip| {
            tip == commit.id() || repository.graph_descendant_of(tip, commit.id()).unwrap_or(false)
        });
        if !landed {
            let parent = code.parent.as_deref().map(oid).transpose()?;
            if !compare_and_swap(repository, &code.reference, parent, commit.id(), "weft: commit")? {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!("{} moved while weft was committing", printable(&code.reference)),
                )
                .hint("nothing was committed; run `weft commit` again"));
            }
        }
        reached(Point::Moved)?;
        let tree = commit.tree().map_err(git("cannot read the commit"))?;
        clean::follow(repository, &pending, &tree)?;
        reached(Point::Followed)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::new(ErrorKind::Mismatch, format!("the intent of item {} {what}", self.approved.item()))
    }

    /// An intent is only a note: its commit must hold the approved change, on its parent, and nothing else.
    fn is_approved(&self, code: &Landed, commit: &Commit<'_>) -> Result<()> {
        let parent = commit.parent(0).map_err(git("cannot read the commit's parent"))?;
        let same = commit.id().to_string() == code.commit
            && commit.parent_count() == 1
            && Some(parent.id().to_string()) == code.parent
            && code.reference == self.approved.target();
        if !same {
            return Err(self.wrong("names another commit than it holds"));
        }
        let built = difference(self.code(), &parent, commit)?;
        if built.digest() != self.approved.digest() {
            return Err(self.wrong("does not hold the approved bytes"));
        }
        if !commit.message_raw_bytes().ends_with(self.trailers().as_bytes()) {
            return Err(self.wrong("names another item, subject or reviewer in its message"));
        }
        self.sealed_by_us(code)
    }

    fn sealed_by_us(&self, landed: &Landed) -> Result<()> {
        match verify_signature("git", landed.content.as_bytes(), &landed.signature) {
            Ok(key) if key == self.signer.key() => Ok(()),
            _ => Err(self.wrong("holds a commit that is not signed by your key")),
        }
    }

    /// Whether an intended history commit is what this run would record: on its parent the entry of this item, with its
    /// message, and nothing else. The entry's time is in the names of its files.
    fn records(&self, landed: &Landed, commit: &Commit<'_>) -> Result<bool> {
        let keeper = self.queue.keeper();
        let parent = commit.parent(0).ok();
        let base = parent.as_ref().and_then(|parent| parent.tree().ok());
        let tree = commit.tree().map_err(git("cannot read the history"))?;
        let message = format!("{}{}", self.history_title().trim(), self.trailers());
        let named = commit.id().to_string() == landed.commit
            && commit.parent_count() <= 1
            && parent.map(|parent| parent.id().to_string()) == landed.parent
            && landed.reference == self.history_ref()?
            && commit.message_raw_bytes() == message.as_bytes()
            && self.sealed_by_us(landed).is_ok();
        if !named {
            return Ok(false);
        }
        let added = tree::subject(keeper, base.as_ref(), Some(&tree), &mut Digests::default())?;
        let stamped = added.changes.iter().find_map(|change| entry::time(&change.path));
        for time in [Some(self.hand.now), stamped].into_iter().flatten() {
            let files = entry::files(keeper, base.as_ref(), self.item, self.state, self.sarif, time);
            if tree::with_files(keeper, base.as_ref(), &files)? == tree.id() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn land_history(&self, planned: &Landed) -> Result<String> {
        let keeper = self.queue.keeper();
        let mut landed = planned.clone();
        for _ in 0..8 {
            let commit = write(keeper, &landed.content, &landed.signature)?;
            let written = keeper.find_commit(commit).map_err(git("cannot read the history"))?;
            if !self.records(&landed, &written)? {
                // An intent is only a note: what it says of the history is not what belongs there.
                landed = self.history_commit()?;
                continue;
            }
            let now = tip(keeper, &landed.reference)?;
            let there = |tip: Oid| tip == commit || keeper.graph_descendant_of(tip, commit).unwrap_or(false);
            let parent = landed.parent.as_deref().map(oid).transpose()?;
            if now.is_some_and(there)
                || compare_and_swap(keeper, &landed.reference, parent, commit, "weft: record")?
            {
                self.show_history(&landed.reference, commit)?;
                return Ok(commit.to_string());
            }
            // Somebody else recorded first: the same files on top of theirs.
            landed = self.history_commit()?;
        }
        Err(Error::new(
            ErrorKind::Repository,
            format!("cannot record in {}: others are writing all the time", landed.reference),
        )
        .hint("run `weft commit` again; the code commit stands"))
    }

    /// The files of the entry, in the history's own work tree.
    fn show_history(&self, reference: &str, commit: Oid) -> Result<()> {
        let keeper = self.queue.keeper();
        if !self.queue.separate() || keeper.is_bare() {
            return Ok(());
        }
        let commit = keeper.find_commit(commit).map_err(git("cannot read the history"))?;
        let parent = commit.parent(0).ok().and_then(|parent| parent.tree().ok());
        let tree = commit.tree().map_err(git("cannot read the history"))?;
        let added = tree::subject(keeper, parent.as_ref(), Some(&tree), &mut Digests::default())?;
        let pending = clean::pending(keeper, reference, &added)?;
        clean::follow(keeper, &pending, &tree)
    }
}

/// The content, when it is the whole of an original or one of its fences.
fn holds<'o>(original: &'o Original, sha256: &str) -> Option<&'o [u8]> {
    let bytes: &[u8] = original.reveal();
    if original.digest().to_string() == sha256 {
        return Some(bytes);
    }
    let mut parts = original.fences.iter().filter_map(|fence| bytes.get(fence.content.clone()));
    parts.find(|part| Digest::of(part).to_string() == sha256)
}

fn write(repository: &Repository, content: &str, signature: &str) -> Result<Oid> {
    repository.commit_signed(content, signature, None).map_err(git("cannot write the signed commit"))
}

/// What a commit changes against a parent.
pub(super) fn difference(
    repository: &Repository,
    parent: &Commit<'_>,
    commit: &Commit<'_>,
) -> Result<Subject> {
    let old = parent.tree().map_err(git("cannot read a commit"))?;
    let new = commit.tree().map_err(git("cannot read a commit"))?;
    tree::subject(repository, Some(&old), Some(&new), &mut Digests::default())
}
