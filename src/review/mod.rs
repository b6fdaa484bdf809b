//! Report -> [`ReviewItem`] -> [`Approved`]: what waits for a person, what was decided about it, by whom, and whether
//! that counts. Pure data and rules: nothing is stored, signed or asked here; `history` stores and signs, `command` asks.

mod decide;
mod diff;
mod event;
mod item;
mod same;
mod show;
mod signature;
mod state;
#[cfg(test)]
mod tests;

pub use decide::{Approval, Approved, approvals, approved, may_approve};
pub use event::{Actor, Binding, Chain, Deed, EVENTS, Event, Intent, Landed, Reason, Stored, Verified};
pub use item::{Blocker, Digests, Draft, FileView, Mark, ReviewItem, Source, Step, Text, finding_key};
pub use same::{same, same_log};
pub use show::{show_json, show_text};
pub use signature::{Key, Signer, verify_signature};
pub use state::{ItemState, Refused, Reviewers, State, Waiver, replay};
