//! Approved -> commits: the signed log of decisions, the queue beside it, exactly the approved bytes as a commit, and
//! the proof that a branch holds nothing else. Everything is kept in git objects and refs of the history repository.

mod clean;
mod commit;
mod cover;
mod durable;
mod entry;
mod log;
mod originals;
mod paths;
mod queue;
mod repository;
mod sign;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
mod who;

pub use commit::{Done, commit};
pub use log::Hand;
pub use paths::check_path;
pub use queue::{Line, Queue};
pub use sign::{AgentKey, FileKey, signer};
pub use verify::{Covered, Standing, Verdict, verify};
