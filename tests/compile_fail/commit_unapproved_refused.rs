use weft::error::Result;
use weft::history::{Done, Hand, Queue, commit};
use weft::policy::ReviewPolicy;
use weft::review::ReviewItem;

fn land(queue: &Queue, waiting: &ReviewItem, policy: &ReviewPolicy, hand: &Hand<'_>) -> Result<Done> {
    commit(queue, waiting, &[], None, policy, hand)
}

fn main() {
    let _ = land;
}
