use weft::error::Result;
use weft::history::{Done, Hand, Queue, commit};
use weft::policy::ReviewPolicy;
use weft::review::Approved;

fn land(queue: &Queue, approved: &Approved, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<Done> {
    commit(queue, approved, &[], None, policy, hand)
}

pub(crate) fn main() {
    let _ = land;
}
