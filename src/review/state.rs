//! Events -> the state of each item. What does not count is kept with the reason, never applied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::event::{Binding, Chain, Deed, Intent, Reason, Verified};
use super::signature::Key;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{ReviewPolicy, Reviewer};

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for a person.
    Pending,
    /// A reviewer approved it.
    Approved,
    /// A reviewer rejected it.
    Rejected,
    /// A reviewer wants something else.
    ChangesRequested,
    /// Its approval, or its wait, is too old.
    Expired,
    /// Another item took its place.
    Superseded,
    /// It is in the history.
    Committed,
    /// It was approved, and the branch moved under it.
    Stale,
}

impl State {
    /// The word of lists.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Approved => "approved",
            State::Rejected => "rejected",
            State::ChangesRequested => "changes-requested",
            State::Expired => "expired",
            State::Superseded => "superseded",
            State::Committed => "committed",
            State::Stale => "stale",
        }
    }
}

/// Who may decide, with their keys read.
pub struct Reviewers {
    people: Vec<(Reviewer, Key)>,
    four_eyes: bool,
    valid_days: Option<u32>,
}

impl Reviewers {
    /// Reads the keys of the policy. Errors (kind `Settings`) name the reviewer.
    pub fn new(policy: &ReviewPolicy) -> Result<Self> {
        let read = |reviewer: &Reviewer| {
            let key = Key::parse(&reviewer.key).map_err(|error| {
                Error::new(
                    ErrorKind::Settings,
                    format!("the key of reviewer \"{}\" cannot be read", reviewer.name),
                )
                .because(error)
                .hint("`[[review.reviewer]] key` reads like a line of authorized_keys")
            })?;
            Ok((reviewer.clone(), key))
        };
        let people = policy.reviewer.iter().map(read).collect::<Result<_>>()?;
        Ok(Reviewers { people, four_eyes: policy.four_eyes, valid_days: policy.valid_days })
    }

    /// The reviewer who owns `key`.
    pub fn owner(&self, key: &Key) -> Option<&Reviewer> {
        self.people.iter().find(|(_, known)| known == key).map(|(reviewer, _)| reviewer)
    }

    /// Whether `key` is a reviewer's.
    pub fn knows(&self, key: Option<&Key>) -> bool {
        key.is_some_and(|key| self.owner(key).is_some())
    }

    /// Whether nobody may decide.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Why `key` may not decide about an item; `None`: it may.
    pub fn bars(&self, key: Option<&Key>, submitter: Option<&Key>, authors: &[String]) -> Option<String> {
        let Some(key) = key else { return Some("nobody signed it; agents and machines do not count".into()) };
        let Some(reviewer) = self.owner(key) else {
            return Some(format!("{} is not the key of a reviewer", key.fingerprint()));
        };
        if !self.four_eyes {
            return None;
        }
        if submitter == Some(key) {
            return Some(format!("{} submitted it, and the policy asks for four eyes", reviewer.name));
        }
        let theirs = |author: &String| {
            author.eq_ignore_ascii_case(&reviewer.email) || author.eq_ignore_ascii_case(&reviewer.name)
        };
        authors
            .iter()
            .any(theirs)
            .then(|| format!("{} wrote it, and the policy asks for four eyes", reviewer.name))
    }

    /// Whether something of `time` is too old at `now`; what cannot be read is.
    pub fn too_old(&self, time: &str, now: Timestamp) -> bool {
        let Some(days) = self.valid_days else { return false };
        time.parse::<Timestamp>()
            .map_or(true, |time| now.as_second() - time.as_second() > i64::from(days) * 86_400)
    }
}

/// A finding that a reviewer let stay.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiver {
    /// The finding's key.
    pub finding: String,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub text: String,
    /// The last day it counts.
    pub expires: Option<String>,
    /// The reviewer.
    pub by: String,
}

impl Waiver {
    /// Whether it still counts on the day of `now`; an expiry that is no date does not.
    pub fn counts(&self, now: Timestamp) -> bool {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        self.expires.as_ref().is_none_or(|day| day.parse::<Date>().is_ok_and(|day| day >= today))
    }

    /// Whether its reason is enough for a secret that may be live: only that it is none.
    pub fn denies_secret(&self) -> bool {
        matches!(self.reason, Reason::FalsePositive | Reason::UsedInTests)
    }
}

/// An event that did not count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// Its number.
    pub seq: u64,
    /// The word for it.
    pub event: String,
    /// Why not.
    pub why: String,
}

/// An item's state and what led to it.
#[derive(Debug, Clone)]
pub struct ItemState {
    /// What every event of it repeats.
    pub about: Binding,
    /// SHA-256 of the stored item, hex.
    pub item: String,
    /// SHA-256 of the stored SARIF log, hex.
    pub sarif: String,
    /// Where it stands.
    pub state: State,
    /// Whoever signed the submission; `None`: the agent.
    pub submitter: Option<Key>,
    /// When it was submitted.
    pub time: String,
    /// Of the chain's events, the approval that counts.
    pub approval: Option<usize>,
    /// What reviewers let stay.
    pub waivers: Vec<Waiver>,
    /// What `commit` set out to do, and the reviewer's key that signed it.
    pub intent: Option<(Intent, Key)>,
    /// The code and history commits.
    pub committed: Option<(Option<String>, String)>,
    /// Events that did not count.
    pub refused: Vec<Refused>,
}

/// Replays a log. `authors` says who wrote an item (for four eyes); `now` decides what is too old.
pub fn replay(
    chain: &Chain,
    reviewers: &Reviewers,
    authors: &dyn Fn(&str) -> Vec<String>,
    now: Timestamp,
) -> BTreeMap<String, ItemState> {
    let mut items: BTreeMap<String, ItemState> = BTreeMap::new();
    for (index, verified) in chain.events().iter().enumerate() {
        let event = verified.event();
        let id = &event.about.item;
        if let (Deed::Submitted { item, sarif }, false) = (&event.deed, items.contains_key(id)) {
            items.insert(id.clone(), submitted(verified, item, sarif));
            continue;
        }
        // An event about an item that was never submitted has nothing to act on.
        let Some(state) = items.get_mut(id) else { continue };
        if let Err(why) = apply(state, index, verified, reviewers, &authors(id)) {
            state.refused.push(Refused { seq: event.seq, event: event.deed.name().into(), why });
        }
    }
    for state in items.values_mut() {
        age(state, chain, reviewers, now);
    }
    items
}

fn submitted(verified: &Verified, item: &str, sarif: &str) -> ItemState {
    ItemState {
        about: verified.event().about.clone(),
        item: item.to_owned(),
        sarif: sarif.to_owned(),
        state: State::Pending,
        submitter: verified.signer().cloned(),
        time: verified.event().time.clone(),
        approval: None,
        waivers: Vec::new(),
        intent: None,
        committed: None,
        refused: Vec::new(),
    }
}

fn apply(
    state: &mut ItemState,
    index: usize,
    verified: &Verified,
    reviewers: &Reviewers,
    authors: &[String],
) -> Result<(), String> {
    let event = verified.event();
    if event.about != state.about {
        return Err("it names another subject, repository, branch or base than the submission".into());
    }
    let decides = || match reviewers.bars(verified.signer(), state.submitter.as_ref(), authors) {
        Some(why) => Err(why),
        None => Ok(reviewers.owner_name(verified.signer())),
    };
    let open = matches!(state.state, State::Pending | State::Approved | State::ChangesRequested);
    match &event.deed {
        Deed::Submitted { .. } => return Err("it was submitted before".into()),
        Deed::Scanned { .. } | Deed::Commented { .. } => {}
        _ if !open && !matches!(event.deed, Deed::Committed { .. } | Deed::Intent(_)) => {
            return Err(format!("the item was {} already", state.state.name()));
        }
        Deed::Approved { item, .. } => {
            decides()?;
            if *item != state.item {
                return Err("the reviewer saw another item than was submitted".into());
            }
            (state.state, state.approval) = (State::Approved, Some(index));
        }
        Deed::Rejected { .. } => {
            decides()?;
            (state.state, state.approval) = (State::Rejected, None);
        }
        Deed::ChangesRequested { .. } => {
            decides()?;
            (state.state, state.approval) = (State::ChangesRequested, None);
        }
        Deed::Waived { finding, reason, text, expires } => {
            let by = decides()?;
            if text.trim().is_empty() {
                return Err("it gives no reason in words".into());
            }
            let (finding, text, expires) = (finding.clone(), text.clone(), expires.clone());
            state.waivers.push(Waiver { finding, reason: *reason, text, expires, by });
        }
        Deed::Expired => {
            decides()?;
            (state.state, state.approval) = (State::Expired, None);
        }
        Deed::Superseded { .. } => {
            // Whoever submitted it may take a waiting item back; what a reviewer approved only a reviewer takes back.
            if state.state != State::Pending || verified.signer() != state.submitter.as_ref() {
                decides()?;
            }
            (state.state, state.approval) = (State::Superseded, None);
        }
        Deed::Intent(intent) => {
            let Some(key) = verified.signer().filter(|key| reviewers.knows(Some(key))) else {
                return Err("it is not signed by a reviewer".into());
            };
            if state.state != State::Approved {
                return Err("the item is not approved".into());
            }
            state.intent = Some(((**intent).clone(), key.clone()));
        }
        Deed::Committed { code, history } => {
            // Landing ends expiry, so it takes a reviewer.
            if !reviewers.knows(verified.signer()) {
                return Err("it is not signed by a reviewer".into());
            }
            if state.state != State::Approved {
                return Err("the item is not approved".into());
            }
            (state.state, state.committed) = (State::Committed, Some((code.clone(), history.clone())));
        }
    }
    Ok(())
}

fn age(state: &mut ItemState, chain: &Chain, reviewers: &Reviewers, now: Timestamp) {
    let Some(approval) = state.approval.and_then(|index| chain.events().get(index)) else { return };
    if state.state == State::Approved && reviewers.too_old(&approval.event().time, now) {
        state.state = State::Expired;
    }
}

impl Reviewers {
    fn owner_name(&self, key: Option<&Key>) -> String {
        key.and_then(|key| self.owner(key)).map_or_else(String::new, |reviewer| reviewer.name.clone())
    }
}
