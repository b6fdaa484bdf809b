//! `weft review`: what waits, and a person's decision about it.

use std::fmt::Write as _;

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::printable;
use weft::history::{Hand, Line, Queue};
use weft::policy::Policy;
use weft::review::{Blocker, ItemState, Reason, ReviewItem, State, may_approve, show_json, show_text};

use super::hand::{self, KeyArguments};
use super::proposal::{self, under_gate};
use super::world::World;
use super::{ask, print, settings};

/// Shows what waits and takes your decision. The policy of the target branch says who may decide.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// The items, newest first
    List {
        /// Those that were decided too
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One item (the one that waits, when it is only one): the prompt, the diff with masked places marked, each finding in place, the digest of what would land
    Show {
        /// The item; its id may be shortened, and left out when only one waits
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Approve exactly these bytes, signed with your key
    Approve {
        /// The item; its id may be shortened, and left out when only one waits
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Do not ask at the terminal; the key's passphrase or touch is then the only question
        #[arg(long)]
        yes: bool,
        /// Approve although something of it could not be checked
        #[arg(long)]
        allow_incomplete: bool,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Reject it
    Reject {
        /// The item; its id may be shortened
        #[arg(value_name = "ID")]
        id: String,
        /// Why, for whoever reads the history
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Ask for something else
    RequestChanges {
        /// The item; its id may be shortened
        #[arg(value_name = "ID")]
        id: String,
        /// What should change
        #[arg(long, value_name = "TEXT")]
        text: String,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Let one blocking finding stay; the history keeps who, why and until when
    Waive {
        /// The item; its id may be shortened
        #[arg(value_name = "ID")]
        id: String,
        /// The finding, as `weft review show` names it; it may be shortened
        #[arg(value_name = "FINDING")]
        finding: String,
        /// false-positive, wont-fix, used-in-tests, accepted-risk or mitigated
        #[arg(long, value_name = "REASON", value_parser = reason)]
        reason: Reason,
        /// The reason in words
        #[arg(value_name = "TEXT")]
        text: String,
        /// The last day it counts, 2027-01-31
        #[arg(long, value_name = "DAY")]
        expires: Option<String>,
        #[command(flatten)]
        key: KeyArguments,
    },
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    match &arguments.action {
        None => list(false, false, world),
        Some(Action::List { all, json }) => list(*all, *json, world),
        Some(Action::Show { id, json }) => show(&one(id.as_deref(), State::Pending, world)?, *json, world),
        Some(Action::Approve { id, yes, allow_incomplete, key }) => {
            let id = one(id.as_deref(), State::Pending, world)?;
            approve(&id, *yes, *allow_incomplete, key, world)
        }
        Some(Action::Reject { id, reason, key }) => {
            decide(id, key, world, "rejected", |queue, policy, hand| {
                queue.reject(id, reason, &policy.review, hand)
            })
        }
        Some(Action::RequestChanges { id, text, key }) => {
            decide(id, key, world, "changes requested", |queue, policy, hand| {
                queue.request_changes(id, text, &policy.review, hand)
            })
        }
        Some(Action::Waive { id, finding, reason, text, expires, key }) => {
            decide(id, key, world, "waived", |queue, policy, hand| {
                queue.waive(id, finding, *reason, text, expires.as_deref(), &policy.review, hand)
            })
        }
    }
}

/// The queue and the policy that decisions about an item obey: that of the branch the item is for, as it is now.
pub(super) fn queue(id: &str, world: &World) -> Result<(Queue, Policy)> {
    let root = world.repository()?;
    let here = under_gate(settings::at(root, "HEAD")?, world);
    let queue = Queue::open(root, proposal::history(&here, root).as_deref())?;
    let target = queue
        .list(&here.review, world.now)?
        .into_iter()
        .find(|line| line.id.starts_with(id))
        .map(|line| line.target);
    let policy = match target {
        Some(target) => under_gate(settings::at(root, &target)?, world),
        None => here,
    };
    Ok((queue, policy))
}

/// The id that was named; left out, the only item in that state.
pub(super) fn one(id: Option<&str>, state: State, world: &World) -> Result<String> {
    if let Some(id) = id {
        return Ok(id.to_owned());
    }
    let (queue, policy) = queue("", world)?;
    let mut lines = queue.list(&policy.review, world.now)?;
    lines.retain(|line| line.state == state);
    match lines.as_slice() {
        [line] => Ok(line.id.clone()),
        lines => {
            let error = format!("{} items are {}: which one?", lines.len(), state.name());
            Err(Error::new(ErrorKind::Usage, error).hint("name its id, as `weft review list` shows it"))
        }
    }
}

fn list(all: bool, json: bool, world: &World) -> Result<Exit> {
    let (queue, policy) = queue("", world)?;
    let mut lines = queue.list(&policy.review, world.now)?;
    if !all {
        lines.retain(|line| {
            matches!(line.state, State::Pending | State::Approved | State::ChangesRequested | State::Stale)
        });
    }
    let text = if json { super::json(&lines)? } else { table(&lines) };
    print(text.as_bytes())?;
    Ok(Exit::Passed)
}

fn table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "nothing waits\n".into();
    }
    let mut text = format!(
        "{:<12} {:<17} {:>5} {:>8}  {:<20} for what\n",
        "item", "state", "files", "blocking", "submitted"
    );
    for line in lines {
        let what = match &line.broken {
            Some(why) => format!("cannot be read: {why}"),
            None => format!("{}/{} on {}", line.feature, line.agent, line.target),
        };
        let _ = writeln!(
            text,
            "{:<12} {:<17} {:>5} {:>8}  {:<20} {}",
            line.id,
            line.state.name(),
            line.files,
            line.blocking,
            line.submitted,
            printable(&what)
        );
    }
    text
}

fn show(id: &str, json: bool, world: &World) -> Result<Exit> {
    let (queue, policy) = queue(id, world)?;
    let (mut state, item, sarif) = queue.item(id, &policy.review, world.now)?;
    if state.state == State::Approved
        && let Some(path) = queue.moved(&item)?
    {
        state.state = State::Stale;
        super::advise(&format!(
            "{} moved under it: {} is not what it was; submit the change again\n",
            printable(&item.about.target),
            printable(&path)
        ));
    }
    if matches!(state.state, State::Pending | State::ChangesRequested | State::Expired) {
        believe(&queue, &item, &state, &sarif, world)?;
    }
    let text = if json { super::json(&show_json(&item, &state))? } else { show_text(&item, &state) };
    print(text.as_bytes())?;
    Ok(Exit::Passed)
}

/// An item waits as its submitter wrote it: it is shown as true only when its bytes, read again, make the same view.
fn believe(queue: &Queue, item: &ReviewItem, state: &ItemState, sarif: &[u8], world: &World) -> Result<()> {
    let mut checks = settings::checks(world, None)?;
    let read = queue.kept(&item.about.item).and_then(|kept| proposal::again(item, kept, &mut checks, world));
    match read {
        Ok(mut now) => proposal::same((item, state, sarif), &mut now, queue, &checks, world)?,
        Err(error) => super::advise(&format!(
            "NOT CHECKED: what follows is the submitter's word, and cannot be approved here\n  {}\n",
            printable(&error.to_string())
        )),
    }
    if item.prompt.is_some() {
        super::advise("the prompt is shown as it was submitted: nothing here can check it\n");
    }
    Ok(())
}

fn approve(id: &str, yes: bool, allow_incomplete: bool, key: &KeyArguments, world: &World) -> Result<Exit> {
    let (queue, policy) = queue(id, world)?;
    let (state, item, sarif) = queue.item(id, &policy.review, world.now)?;
    // What was decided already is said before anything is read: its originals may be gone.
    if let Some(reason) = may_approve(&state, &[], world.now).first() {
        let what = format!("item {} cannot be approved: {reason}", item.about.item);
        return Err(Error::new(ErrorKind::Held, what).hint("submit the change again"));
    }
    let mut checks = settings::checks(world, None)?;
    // Read and scanned again, now: neither the queue nor whoever submitted is believed.
    let mut now = proposal::again(&item, queue.kept(&item.about.item)?, &mut checks, world)?;
    proposal::same((&item, &state, &sarif), &mut now, &queue, &checks, world)?;
    if now.report.incomplete && !allow_incomplete {
        return Err(Error::new(
            ErrorKind::Held,
            format!("item {} was not wholly checked: {}", item.about.item, printable(&now.report.verdict)),
        )
        .hint("read what the notes name yourself and approve with --allow-incomplete, or reject it"));
    }
    let signer = key.reviewer(world)?;
    let hand = hand::hand(world, Some(&*signer), None)?;
    let blockers = Blocker::of(&now.report, &now.policy, &checks.rules);
    let question = format!(
        "Approve item {}: {} for {}, subject sha256:{}, signed as {} <{}>?",
        item.about.item,
        match item.subject.changes.len() {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        },
        printable(&item.about.target),
        item.about.subject,
        printable(&hand.name),
        printable(&hand.email)
    );
    if !yes && !ask::confirm(&question, "approve")? {
        return Err(Error::new(ErrorKind::Held, "not approved: the answer was not \"approve\""));
    }
    queue.approve(&item.about.item, &now.subject, &blockers, &now.digests, &policy.review, &hand)?;
    let id = &item.about.item;
    print(format!("approved {id}: `weft commit {id}` commits exactly these bytes\n").as_bytes())?;
    Ok(Exit::Passed)
}

fn decide(
    id: &str,
    key: &KeyArguments,
    world: &World,
    done: &str,
    deed: impl FnOnce(&Queue, &Policy, &Hand<'_>) -> Result<()>,
) -> Result<Exit> {
    let (queue, policy) = queue(id, world)?;
    let signer = key.reviewer(world)?;
    let hand = hand::hand(world, Some(&*signer), None)?;
    deed(&queue, &policy, &hand)?;
    print(format!("{done}: {id}\n").as_bytes())?;
    Ok(Exit::Passed)
}

fn reason(text: &str) -> std::result::Result<Reason, String> {
    Reason::parse(text)
        .ok_or_else(|| "one of false-positive, wont-fix, used-in-tests, accepted-risk, mitigated".into())
}
