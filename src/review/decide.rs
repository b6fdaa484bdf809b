//! The only maker of [`Approved`]: verified events, the policy of the base, and the very item the reviewer saw.

use jiff::Timestamp;

use super::event::{Chain, Deed, Verified};
use super::item::{Blocker, ReviewItem};
use super::state::{ItemState, Reviewers, State};
use crate::artifact::{Digest, Subject};
use crate::error::{Error, ErrorKind, Result};

/// Proof that a person approved exactly these bytes. `history::commit` takes nothing else.
#[derive(Debug, Clone)]
pub struct Approved {
    item: String,
    subject: Subject,
    digest: Digest,
    target: String,
    base: String,
    repository: String,
    reviewer: String,
    email: String,
    event: Digest,
}

impl Approved {
    /// The item's id.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// What was approved.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subject's digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The ref it is for.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The commit it was made against, hex.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The repository it is for.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The reviewer, as a trailer writes people: "Anna <anna@example.org>".
    pub fn reviewer(&self) -> String {
        format!("{} <{}>", self.reviewer, self.email)
    }

    /// The digest of the approving event.
    pub fn event(&self) -> Digest {
        self.event
    }
}

/// Why an item may not be approved as things stand; empty: it may. `blockers` are those of a fresh scan.
pub fn may_approve(state: &ItemState, blockers: &[Blocker], now: Timestamp) -> Vec<String> {
    let mut reasons = Vec::new();
    if !matches!(state.state, State::Pending | State::ChangesRequested | State::Approved | State::Expired) {
        reasons.push(format!("it is {} already", state.state.name()));
    }
    for blocker in blockers {
        let named = || state.waivers.iter().filter(|waiver| waiver.finding == blocker.key);
        if named().any(|waiver| waiver.counts(now) && (!blocker.live || waiver.denies_secret())) {
            continue;
        }
        let (rule, key) = (&blocker.rule, &blocker.key);
        reasons.push(match named().next() {
            None => format!("the finding {key} ({rule}) blocks and is not waived"),
            Some(_) if blocker.live => {
                format!(
                    "the finding {key} ({rule}) may be a live secret: it is rotated and taken out, not waived"
                )
            }
            Some(_) => format!("the waiver of the finding {key} ({rule}) has expired"),
        });
    }
    reasons
}

/// The approval of one item. Errors say why there is none: kind `Held` while a person has to decide, `Mismatch` when
/// what is there is not what was approved.
pub fn approved(
    chain: &Chain,
    state: &ItemState,
    item: &ReviewItem,
    reviewers: &Reviewers,
    now: Timestamp,
) -> Result<Approved> {
    let id = &state.about.item;
    if !matches!(state.state, State::Approved | State::Committed) {
        let error = Error::new(ErrorKind::Held, format!("item {id} is {}, not approved", state.state.name()));
        let refused = state
            .refused
            .iter()
            .map(|one| format!("its event {} ({}) does not count: {}", one.seq, one.event, one.why));
        return Err(refused
            .fold(error, Error::hint)
            .hint(format!("`weft review show {id}`, then approve or reject it")));
    }
    let Some(verified) = state.approval.and_then(|index| chain.events().get(index)) else {
        return Err(Error::new(ErrorKind::Bug, format!("item {id} counts as approved without an approval")));
    };
    bind(verified, state, item, reviewers, now)
}

fn bind(
    verified: &Verified,
    state: &ItemState,
    item: &ReviewItem,
    reviewers: &Reviewers,
    now: Timestamp,
) -> Result<Approved> {
    let event = verified.event();
    let id = &state.about.item;
    let reviewer = verified.signer().and_then(|key| reviewers.owner(key));
    let (Deed::Approved { waived, item: seen, .. }, Some(reviewer)) = (&event.deed, reviewer) else {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the approval of item {id} is by nobody who may decide"),
        ));
    };
    if *seen != state.item || Digest::of(&item.bytes()?).to_string() != *seen {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the approval of item {id} is for another item than the one that is stored"),
        )
        .hint("an approval counts only for what the reviewer saw: submit again"));
    }
    let digest = item.subject.digest();
    if digest.to_string() != event.about.subject || item.about != event.about {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the approval of item {id} is for another subject than the item's"),
        )
        .hint("an approval counts only for its exact bytes: submit again"));
    }
    // Waivers were given with the approval: they age with the clock only until the item landed.
    let at = if state.state == State::Committed { event.time.parse().unwrap_or(now) } else { now };
    let unknown = item.blockers.iter().find(|blocker| !waived.contains(&blocker.key));
    if let Some(blocker) = unknown {
        return Err(Error::new(
            ErrorKind::Held,
            format!("item {id} has the blocking finding {} that its approval does not name", blocker.key),
        ));
    }
    if let Some(reason) = may_wait(state, &item.blockers, at) {
        return Err(Error::new(ErrorKind::Held, format!("item {id} may not land: {reason}")));
    }
    Ok(Approved {
        item: id.clone(),
        subject: item.subject.clone(),
        digest,
        target: event.about.target.clone(),
        base: event.about.base.clone(),
        repository: event.about.repository.clone(),
        reviewer: reviewer.name.clone(),
        email: reviewer.email.clone(),
        event: verified.digest(),
    })
}

fn may_wait(state: &ItemState, blockers: &[Blocker], at: Timestamp) -> Option<String> {
    let as_open = ItemState { state: State::Approved, ..state.clone() };
    may_approve(&as_open, blockers, at).into_iter().next()
}

/// What coverage is checked against: an approval with the changes it allows, whole or commit by commit.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The proof.
    pub approved: Approved,
    /// Each commit of a range by itself, in order; empty for anything else.
    pub steps: Vec<Subject>,
}

/// All approvals that count among `items`: neither superseded nor expired, every byte as the log names it.
pub fn approvals(
    chain: &Chain,
    items: &[(ItemState, ReviewItem)],
    reviewers: &Reviewers,
    now: Timestamp,
) -> Vec<Approval> {
    let one = |(state, item): &(ItemState, ReviewItem)| {
        let approved = approved(chain, state, item, reviewers, now).ok()?;
        Some(Approval { approved, steps: item.steps.iter().map(|step| step.changes.clone()).collect() })
    };
    items.iter().filter_map(one).collect()
}
