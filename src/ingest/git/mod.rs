//! git -> Submission.

mod project;

pub use project::{Identity, directory, fetch_approvals, hooks_folder, identity};
