//! `weft commit`: exactly the approved bytes.

use weft::error::{Exit, Result};
use weft::history::{self, Queue};
use weft::review::State;

use super::hand::{self, KeyArguments};
use super::world::World;
use super::{print, proposal, review, settings};

/// Commits exactly the approved bytes to the branch they were approved for, and the redacted prompt, result and SARIF log
/// to the history, signed, with trailers that name the item and its digest.
///
/// An item that came from commits has its approval recorded instead. When anything changed since the approval, nothing
/// is committed and the message says what changed.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The item; its id may be shortened, and left out when only one is approved
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// The first lines of the commit message (default: feature, agent and number of files)
    #[arg(long, short)]
    message: Option<String>,
    #[command(flatten)]
    key: KeyArguments,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let id = review::one(arguments.id.as_deref(), State::Approved, world)?;
    let (queue, policy) = review::queue(&id, world)?;
    let (_, item, _) = queue.item(&id, &policy.review, world.now)?;
    let approved = queue.approved(&item.about.item, &policy.review, world.now)?;
    let originals = originals(&queue, &item, world)?;
    let signer = arguments.key.signer(world)?;
    let hand = hand::hand(world, Some(&*signer), None)?;
    let message = arguments.message.as_deref();
    let done = history::commit(&queue, &approved, &originals, message, &policy.review, &hand)?;
    let text = if arguments.json {
        super::json(&done)?
    } else {
        let what = match &done.code {
            Some(commit) => format!("{} is now at {commit}: exactly the approved bytes", done.target),
            None => "the commits were there already: their approval is recorded".to_owned(),
        };
        let resumed = if done.resumed { "an earlier run began this; it is finished now\n" } else { "" };
        format!(
            "{resumed}{what}\nhistory: {}\npush both with `git push origin {} 'refs/weft/*'`\n",
            done.history, done.target
        )
    };
    print(text.as_bytes())?;
    Ok(Exit::Passed)
}

/// The bytes of a reply that stayed in its file; every other item's are git objects or were kept.
fn originals(
    queue: &Queue,
    item: &weft::review::ReviewItem,
    world: &World,
) -> Result<Vec<weft::artifact::Original>> {
    match item.source {
        weft::review::Source::Reply { .. } => {
            let mut checks = settings::checks(world, None)?;
            Ok(proposal::again(item, queue.kept(&item.about.item)?, &mut checks, world)?.originals)
        }
        _ => Ok(Vec::new()),
    }
}
