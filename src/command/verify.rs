//! `weft verify`: is everything on this branch what a person approved?

use std::fmt::Write as _;

use weft::error::{Exit, Result};
use weft::finding::printable;
use weft::history::{self, Covered, Queue, Standing, Verdict};
use weft::policy::Policy;

use super::proposal::{self, under_gate};
use super::world::World;
use super::{print, settings};

/// Lists each commit as approved, exempt (and why) or uncovered, and exits 1 when one is not covered.
///
/// Coverage is by content: squash, rebase, merge and merge-queue commits of approved changes pass, and one changed byte
/// does not. An existing repository starts at --since, or at `[coverage] since` of weft.toml.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The commits, A..B (default: everything up to HEAD)
    #[arg(value_name = "RANGE")]
    range: Option<String>,
    /// The commit after which coverage starts
    #[arg(long, value_name = "COMMIT")]
    since: Option<String>,
    /// The branch the approvals are for (default: the one checked out)
    #[arg(long, value_name = "REF")]
    target: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let root = world.repository()?;
    let (base, head) = match arguments.range.as_deref().map(|range| range.split_once("..")) {
        None => (None, "HEAD".to_owned()),
        Some(Some((base, head))) => {
            (Some(base.to_owned()), if head.is_empty() { "HEAD" } else { head }.to_owned())
        }
        Some(None) => (None, arguments.range.clone().unwrap_or_default()),
    };
    // The policy of the base decides; without one, that of the head: a person then verifies their own branch.
    let mut policy = under_gate(settings::at(root, base.as_deref().unwrap_or(&head))?, world);
    if arguments.since.is_some() {
        policy.coverage.since = arguments.since.clone();
    }
    let verdict = coverage(&policy, base.as_deref(), &head, arguments.target.as_deref(), world)?;
    let text = if arguments.json { super::json(&verdict)? } else { table(&verdict) + &closing(&verdict) };
    print(text.as_bytes())?;
    Ok(verdict.exit())
}

/// Asks the history about each commit of a range.
pub(super) fn coverage(
    policy: &Policy,
    base: Option<&str>,
    head: &str,
    target: Option<&str>,
    world: &World,
) -> Result<Verdict> {
    let root = world.repository()?;
    let queue = Queue::open(root, proposal::history(policy, root).as_deref())?;
    let target = match target {
        Some(name) if name.starts_with("refs/") => name.to_owned(),
        Some(name) => format!("refs/heads/{name}"),
        None => queue.target()?.0,
    };
    history::verify(&queue, policy, base, head, &target, world.now)
}

/// A line a commit, and under an uncovered one what is missing.
pub(super) fn table(verdict: &Verdict) -> String {
    let mut text = String::new();
    for Covered { commit, title, standing } in &verdict.commits {
        let (word, why) = match standing {
            Standing::Approved { by } => ("approved", format!("item {}", by.join(", "))),
            Standing::Merge => ("merge", "adds nothing of its own".to_owned()),
            Standing::Exempt { why } => ("exempt", why.clone()),
            Standing::Uncovered { why, .. } => ("UNCOVERED", why.clone()),
        };
        let _ = writeln!(text, "{:<10} {commit:.12}  {}  ({})", word, printable(title), printable(&why));
        if let Standing::Uncovered { paths, .. } = standing {
            for path in paths {
                let _ = writeln!(text, "             {}", printable(path));
            }
        }
    }
    for note in &verdict.notes {
        let _ = writeln!(text, "note: {}", printable(note));
    }
    text
}

fn closing(verdict: &Verdict) -> String {
    let all = verdict.commits.len();
    match verdict.uncovered().count() {
        0 => format!("covered: {all} {}, each approved, exempt or a clean merge\n", commits(all)),
        n => format!("not covered: {n} of {all} {} hold what nobody approved\n", commits(all)),
    }
}

/// "commit" or "commits".
pub(super) fn commits(number: usize) -> &'static str {
    if number == 1 { "commit" } else { "commits" }
}
