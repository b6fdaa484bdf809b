//! The queue: items that wait, and every decision about them.

use std::collections::BTreeMap;
use std::path::Path;

use git2::Repository;
use jiff::Timestamp;

use super::log::{self, Hand, Log};
use super::repository::{compare_and_swap, git, identity, oid, open, tip};
use super::{originals, tree};
use crate::artifact::{Digest, Original, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::printable;
use crate::policy::ReviewPolicy;
use crate::review::{
    Approved, Blocker, Chain, Deed, Digests, ItemState, Reason, ReviewItem, Reviewers, Source, State,
    approved, may_approve, replay,
};

/// A code repository with its history repository, which may be the same.
pub struct Queue {
    pub(super) code: Repository,
    history: Option<Repository>,
}

/// One row of the list.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// The item's id.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// The feature.
    pub feature: String,
    /// The agent.
    pub agent: String,
    /// The ref it is for.
    pub target: String,
    /// When it was submitted.
    pub submitted: String,
    /// How many files it changes.
    pub files: usize,
    /// How many findings block it and are not waived.
    pub blocking: usize,
    /// Why the item cannot be read, when it cannot: it was edited.
    pub broken: Option<String>,
}

/// What [`Queue::read`] found.
pub(super) struct Read {
    pub(super) chain: Chain,
    pub(super) states: BTreeMap<String, ItemState>,
    pub(super) items: BTreeMap<String, Result<ReviewItem>>,
}

impl Queue {
    /// Opens the code repository and, when it is another, the history repository.
    pub fn open(code: &Path, history: Option<&Path>) -> Result<Queue> {
        Ok(Queue { code: open(code)?, history: history.map(open).transpose()? })
    }

    /// The repository that keeps log, queue and history.
    pub(super) fn keeper(&self) -> &Repository {
        self.history.as_ref().unwrap_or(&self.code)
    }

    /// Whether the history has a repository of its own.
    pub(super) fn separate(&self) -> bool {
        self.history.is_some()
    }

    /// The id an approval binds the repository by: that of the first commit `commit` goes back to.
    pub fn repository(&self, commit: &str) -> Result<String> {
        identity(&self.code, oid(commit)?)
    }

    /// The branch that is checked out, and its commit: what a submission is for unless somebody says otherwise.
    pub fn target(&self) -> Result<(String, String)> {
        let head = self.code.find_reference("HEAD").map_err(git("cannot read HEAD"))?;
        let Ok(Some(name)) = head.symbolic_target() else {
            return Err(Error::new(ErrorKind::Repository, "no branch is checked out: HEAD is detached")
                .hint("name the branch the change is for: `--target refs/heads/main`"));
        };
        match tip(&self.code, name)? {
            Some(commit) => Ok((name.to_owned(), commit.to_string())),
            None => Err(Error::new(ErrorKind::Repository, format!("{} has no commit yet", printable(name)))
                .hint("make a first commit: an approval binds the commit a change is made against")),
        }
    }

    /// Puts an item into the queue. `originals` are kept in the owner-only folder when they exist nowhere else.
    pub fn submit(
        &self,
        item: &ReviewItem,
        sarif: &[u8],
        kept: &[Original],
        hand: &Hand<'_>,
    ) -> Result<String> {
        let id = &item.about.item;
        let bytes = item.bytes()?;
        if item.source == Source::Input {
            originals::keep(self.code.commondir(), id, kept)?;
        }
        let files = [("item.json".to_owned(), bytes.clone()), ("result.sarif".to_owned(), sarif.to_vec())];
        let keeper = self.keeper();
        let tree = tree::with_files(keeper, None, &files)?;
        let tree = keeper.find_tree(tree).map_err(git("cannot read the queue item"))?;
        let who = hand.signature()?;
        let commit = keeper
            .commit(None, &who, &who, &format!("{id}\n"), &tree, &[])
            .map_err(git("cannot write the queue item"))?;
        if !compare_and_swap(keeper, &reference(id), None, commit, "weft: submit")? {
            return Err(Error::new(ErrorKind::Usage, format!("item {id} was submitted already")));
        }
        let deed =
            Deed::Submitted { item: Digest::of(&bytes).to_string(), sarif: Digest::of(sarif).to_string() };
        log::append(keeper, hand, &item.about, &deed, &[], &|_| Ok(()))?;
        Ok(id.clone())
    }

    /// Reads and checks log and items.
    pub(super) fn read(&self, reviewers: &Reviewers, now: Timestamp) -> Result<Read> {
        let log = log::read(self.keeper())?;
        let mut items = BTreeMap::new();
        for verified in log.chain.events() {
            let event = verified.event();
            if let Deed::Submitted { item, .. } = &event.deed {
                let id = event.about.item.clone();
                items.entry(id).or_insert_with(|| {
                    let bytes = self.stored(&log, &event.about.item, "item.json")?;
                    ReviewItem::open(&bytes, item, &event.about)
                });
            }
        }
        let authors = |id: &str| match items.get(id) {
            Some(Ok(item)) => item.authors.clone(),
            _ => Vec::new(),
        };
        let states = replay(&log.chain, reviewers, &authors, now);
        Ok(Read { states, chain: log.chain, items })
    }

    /// A file of an item: in the log once it was decided about, in the queue before.
    fn stored(&self, log: &Log<'_>, id: &str, name: &str) -> Result<Vec<u8>> {
        let keeper = self.keeper();
        let decided =
            log.tree.as_ref().and_then(|tree| tree::read_file(keeper, tree, &format!("items/{id}/{name}")));
        let waiting = || {
            let commit = keeper.find_commit(tip(keeper, &reference(id)).ok()??).ok()?;
            tree::read_file(keeper, &commit.tree().ok()?, name)
        };
        decided.or_else(waiting).ok_or_else(|| {
            Error::new(ErrorKind::Mismatch, format!("the {name} of item {id} is missing from queue and log"))
                .hint("`git fetch origin 'refs/weft/*:refs/weft/*'` brings what a clone leaves out")
        })
    }

    /// The items, newest first.
    pub fn list(&self, policy: &ReviewPolicy, now: Timestamp) -> Result<Vec<Line>> {
        let read = self.read(&Reviewers::new(policy)?, now)?;
        let mut lines: Vec<Line> =
            read.states.values().map(|state| line(state, read.items.get(&state.about.item), now)).collect();
        for line in lines.iter_mut().filter(|line| line.state == State::Approved) {
            if let Some(Ok(item)) = read.items.get(&line.id)
                && self.moved(item)?.is_some()
            {
                line.state = State::Stale;
            }
        }
        lines.sort_by(|one, other| (&other.submitted, &other.id).cmp(&(&one.submitted, &one.id)));
        Ok(lines)
    }

    /// One item with its state and SARIF log. `id` may be shortened as long as it names one item.
    pub fn item(
        &self,
        id: &str,
        policy: &ReviewPolicy,
        now: Timestamp,
    ) -> Result<(ItemState, ReviewItem, Vec<u8>)> {
        let mut read = self.read(&Reviewers::new(policy)?, now)?;
        let state = find(&read.states, id)?.clone();
        let id = &state.about.item;
        let item = read.items.remove(id).unwrap_or_else(|| Err(unknown(id)))?;
        let sarif = self.stored(&log::read(self.keeper())?, id, "result.sarif")?;
        if Digest::of(&sarif).to_string() != state.sarif {
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!("the SARIF log of item {id} is not the one that was submitted"),
            )
            .hint("it was edited after it was submitted: submit it again"));
        }
        Ok((state, item, sarif))
    }

    /// The first path of an item that its branch holds in a state the item knows nothing of: the branch moved under it.
    pub fn moved(&self, item: &ReviewItem) -> Result<Option<String>> {
        let Some(tip) = tip(&self.code, &item.about.target)? else {
            return Ok(item.subject.changes.first().map(|change| change.path.clone()));
        };
        let failed = || git("cannot read the branch");
        let tree = self.code.find_commit(tip).and_then(|commit| commit.tree()).map_err(failed())?;
        let steps = item.steps.iter().flat_map(|step| &step.changes.changes);
        let known: Vec<_> = item.subject.changes.iter().chain(steps).collect();
        let mut digests = tree::Digests::default();
        for change in &item.subject.changes {
            let now = tree::at(&self.code, &tree, &change.path, &mut digests)?;
            let mut same = known.iter().filter(|one| one.path == change.path);
            if !same.any(|one| one.old == now || one.new == now) {
                return Ok(Some(change.path.clone()));
            }
        }
        Ok(None)
    }

    /// What was kept of an item that came from standard input.
    pub fn kept(&self, id: &str) -> Result<Vec<Original>> {
        originals::load(self.code.commondir(), id)
    }

    /// Approves. `subject` and `blockers` come from reading and scanning the originals again, now: what the queue says
    /// about itself is not believed.
    pub fn approve(
        &self,
        id: &str,
        subject: &Subject,
        blockers: &[Blocker],
        digests: &Digests,
        policy: &ReviewPolicy,
        hand: &Hand<'_>,
    ) -> Result<()> {
        let reviewers = Reviewers::new(policy)?;
        let (state, item, sarif) = self.item(id, policy, hand.now)?;
        if subject.digest() != item.subject.digest() {
            let path = tree::first_difference(subject, &item.subject);
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!(
                    "the originals of item {} are not what was submitted: {path} differs",
                    state.about.item
                ),
            )
            .hint("submit it again"));
        }
        allowed(&reviewers, &state, &item, hand)?;
        let mut all = item.blockers.clone();
        for known in &mut all {
            // Whether it is a live secret is for the scan of now to say.
            known.live |= blockers.iter().any(|blocker| blocker.key == known.key && blocker.live);
        }
        all.extend(
            blockers
                .iter()
                .filter(|blocker| !item.blockers.iter().any(|known| known.key == blocker.key))
                .cloned(),
        );
        let reasons = may_approve(&state, &all, hand.now);
        if !reasons.is_empty() {
            let error = Error::new(
                ErrorKind::Held,
                format!("item {} cannot be approved: {}", state.about.item, reasons.join("; ")),
            );
            return Err(error.hint("`weft review waive ID FINDING --reason ... TEXT`, or reject it"));
        }
        let deed = Deed::Approved {
            item: state.item.clone(),
            rules: digests.rules.clone(),
            policy: digests.policy.clone(),
            sarif: state.sarif.clone(),
            waived: all.iter().map(|blocker| blocker.key.clone()).collect(),
        };
        self.decide(&state, &item, &sarif, &deed, policy, hand)
    }

    /// Rejects, with a reason.
    pub fn reject(&self, id: &str, reason: &str, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
        self.settle(id, &Deed::Rejected { reason: reason.to_owned() }, policy, hand)?;
        originals::forget(self.code.commondir(), &self.full(id, policy, hand.now)?)
    }

    /// Asks for changes, and says which.
    pub fn request_changes(
        &self,
        id: &str,
        text: &str,
        policy: &ReviewPolicy,
        hand: &Hand<'_>,
    ) -> Result<()> {
        self.settle(id, &Deed::ChangesRequested { text: text.to_owned() }, policy, hand)
    }

    /// Takes an item back in favour of another.
    pub fn supersede(&self, id: &str, by: &str, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
        let (state, item, sarif) = self.item(id, policy, hand.now)?;
        self.decide(&state, &item, &sarif, &Deed::Superseded { by: by.to_owned() }, policy, hand)
    }

    /// Says something about an item; anybody may.
    pub fn comment(&self, id: &str, text: &str, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
        let (state, ..) = self.item(id, policy, hand.now)?;
        let deed = Deed::Commented { text: text.to_owned() };
        log::append(self.keeper(), hand, &state.about, &deed, &[], &|_| Ok(()))
    }

    /// Lets one blocking finding stay. `finding` is its key, which may be shortened.
    #[allow(clippy::too_many_arguments)]
    pub fn waive(
        &self,
        id: &str,
        finding: &str,
        reason: Reason,
        text: &str,
        expires: Option<&str>,
        policy: &ReviewPolicy,
        hand: &Hand<'_>,
    ) -> Result<()> {
        let (state, item, _) = self.item(id, policy, hand.now)?;
        allowed(&Reviewers::new(policy)?, &state, &item, hand)?;
        let refuse = |what: String| Err(Error::new(ErrorKind::Usage, what));
        if text.trim().is_empty() {
            return refuse("a waiver needs its reason in words as well".into());
        }
        if expires.is_some_and(|day| day.parse::<jiff::civil::Date>().is_err()) {
            return refuse("the expiry is no day: write it like 2027-01-31".into());
        }
        let today = hand.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        if expires.is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok_and(|day| day < today)) {
            return refuse("the expiry is past: the waiver would never count".into());
        }
        let matching: Vec<&Blocker> =
            item.blockers.iter().filter(|blocker| blocker.key.starts_with(finding)).collect();
        let [blocker] = matching[..] else {
            return refuse(format!(
                "\"{}\" names {} of the blocking findings of item {}",
                printable(finding),
                matching.len(),
                state.about.item
            ));
        };
        if blocker.live && !matches!(reason, Reason::FalsePositive | Reason::UsedInTests) {
            return Err(Error::new(ErrorKind::Held, format!("the finding {} ({}) may be a live secret, which nobody can waive", blocker.key, blocker.rule))
                .hint("rotate it and take it out; when it is no live secret, say so: `--reason false-positive` or `used-in-tests`"));
        }
        let deed = Deed::Waived {
            finding: blocker.key.clone(),
            reason,
            text: text.to_owned(),
            expires: expires.map(str::to_owned),
        };
        log::append(self.keeper(), hand, &state.about, &deed, &[], &|_| Ok(()))?;
        self.counted(&state, &deed, policy, hand)
    }

    /// The proof that an item is approved; `history::commit` takes it.
    pub fn approved(&self, id: &str, policy: &ReviewPolicy, now: Timestamp) -> Result<Approved> {
        let reviewers = Reviewers::new(policy)?;
        let mut read = self.read(&reviewers, now)?;
        let state = find(&read.states, id)?;
        let item = read.items.remove(&state.about.item).unwrap_or_else(|| Err(unknown(id)))?;
        approved(&read.chain, state, &item, &reviewers, now)
    }

    fn full(&self, id: &str, policy: &ReviewPolicy, now: Timestamp) -> Result<String> {
        let read = self.read(&Reviewers::new(policy)?, now)?;
        Ok(find(&read.states, id)?.about.item.clone())
    }

    fn settle(&self, id: &str, deed: &Deed, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
        let (state, item, sarif) = self.item(id, policy, hand.now)?;
        allowed(&Reviewers::new(policy)?, &state, &item, hand)?;
        self.decide(&state, &item, &sarif, deed, policy, hand)
    }

    /// Appends a decision and moves the item from the queue into the log's tree.
    fn decide(
        &self,
        state: &ItemState,
        item: &ReviewItem,
        sarif: &[u8],
        deed: &Deed,
        policy: &ReviewPolicy,
        hand: &Hand<'_>,
    ) -> Result<()> {
        let id = &state.about.item;
        let aged = state.state == State::Expired && state.approval.is_some();
        let open = matches!(state.state, State::Pending | State::Approved | State::ChangesRequested);
        if !open && !aged {
            return Err(Error::new(ErrorKind::Usage, format!("item {id} is {} already", state.state.name())));
        }
        let files = [
            (format!("items/{id}/item.json"), item.bytes()?),
            (format!("items/{id}/result.sarif"), sarif.to_vec()),
        ];
        log::append(self.keeper(), hand, &state.about, deed, &files, &|_| Ok(()))?;
        if let Ok(mut waiting) = self.keeper().find_reference(&reference(id)) {
            waiting.delete().map_err(git(format!("cannot remove {}", reference(id))))?;
        }
        self.counted(state, deed, policy, hand)
    }

    /// Somebody may have decided meanwhile; whoever decided second hears that it did not count.
    fn counted(&self, before: &ItemState, deed: &Deed, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<()> {
        let id = &before.about.item;
        let read = self.read(&Reviewers::new(policy)?, hand.now)?;
        let refused = &find(&read.states, id)?.refused;
        let own = refused.iter().skip(before.refused.len()).find(|one| one.event == deed.name());
        match own {
            None => Ok(()),
            Some(one) => Err(Error::new(
                ErrorKind::Held,
                format!("the decision about item {id} was written down but does not count: {}", one.why),
            )
            .hint(format!("`weft review show {id}` shows what was decided"))),
        }
    }
}

fn reference(id: &str) -> String {
    format!("refs/weft/queue/{id}")
}

fn unknown(id: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("there is no item \"{}\"", printable(id)))
        .hint("`weft review list` shows the items")
}

pub(super) fn find<'s>(states: &'s BTreeMap<String, ItemState>, id: &str) -> Result<&'s ItemState> {
    let mut matching = states.iter().filter(|(full, _)| !id.is_empty() && full.starts_with(id));
    match (matching.next(), matching.next()) {
        (Some((_, state)), None) => Ok(state),
        (Some(_), Some(_)) => {
            Err(Error::new(ErrorKind::Usage, format!("\"{}\" names more than one item", printable(id)))
                .hint("write more of its id"))
        }
        _ => Err(unknown(id)),
    }
}

/// Whether this hand may decide, said before anything is signed.
fn allowed(reviewers: &Reviewers, state: &ItemState, item: &ReviewItem, hand: &Hand<'_>) -> Result<()> {
    if reviewers.is_empty() {
        return Err(Error::new(ErrorKind::Settings, "the policy names no reviewer, so nobody can decide")
            .hint("add `[[review.reviewer]]` with name, email and key to weft.toml on the target branch"));
    }
    let key = hand.signer.map(|signer| signer.key());
    match reviewers.bars(key.as_ref(), state.submitter.as_ref(), &item.authors) {
        None => Ok(()),
        Some(why) => Err(Error::new(
            ErrorKind::Usage,
            format!("this decision about item {} would not count: {why}", state.about.item),
        )
        .hint("reviewers and their keys stand in weft.toml on the target branch")),
    }
}

fn line(state: &ItemState, item: Option<&Result<ReviewItem>>, now: Timestamp) -> Line {
    let about = &state.about;
    let mut line = Line {
        id: about.item.clone(),
        state: state.state,
        feature: String::new(),
        agent: String::new(),
        target: about.target.clone(),
        submitted: state.time.clone(),
        files: 0,
        blocking: 0,
        broken: None,
    };
    match item {
        Some(Ok(item)) => {
            (line.feature, line.agent) = (item.feature.clone(), item.agent.clone());
            line.files = item.subject.changes.len();
            let as_open = ItemState { state: State::Pending, ..state.clone() };
            line.blocking = may_approve(&as_open, &item.blockers, now).len();
        }
        Some(Err(error)) => line.broken = Some(error.to_string()),
        None => line.broken = Some(unknown(&about.item).to_string()),
    }
    line
}
