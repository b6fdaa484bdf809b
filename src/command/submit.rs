//! `weft submit`: scan an output, and queue it for a person.

use std::path::PathBuf;

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::history::Queue;
use weft::ingest;
use weft::redact::Redacted;
use weft::review::ReviewItem;

use super::hand::{self, KeyArguments};
use super::proposal::{self, Place, Proposal, Said};
use super::scan::Reporting;
use super::world::{World, standard_input};
use super::{output, settings};

/// Scans an agent's reply, the index or a range of commits, and queues it: what waits is a digest over the exact bytes,
/// with the redacted view and the SARIF log beside it.
///
/// Prints the id and exits 3 while it waits, 1 when findings block it until each is waived with a reason.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A reply with fences that name their path; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["staged", "range"])]
    file: Option<PathBuf>,
    /// The blobs of the index
    #[arg(long, conflicts_with_all = ["file", "range"])]
    staged: bool,
    /// Commits that are there already, A..B: only the approval is recorded
    #[arg(long, value_name = "A..B", conflicts_with = "file")]
    range: Option<String>,
    /// The feature (default: from front matter or path)
    #[arg(long)]
    feature: Option<String>,
    /// The agent (default: from front matter or path)
    #[arg(long)]
    agent: Option<String>,
    /// The prompt that the reply answers; it is shown redacted
    #[arg(long, value_name = "FILE")]
    prompt: Option<PathBuf>,
    /// The branch it is for (default: the one checked out)
    #[arg(long, value_name = "REF")]
    target: Option<String>,
    /// Sign the submission as yourself: four eyes then means somebody else
    #[arg(long)]
    sign: bool,
    #[command(flatten)]
    key: KeyArguments,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    if !arguments.reporting.only.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "a submission is scanned by every stage")
            .hint("leave out --only; `weft scan --only STAGE` looks with one"));
    }
    let root = world.repository()?;
    let (target, tip) = target(arguments, world)?;
    let mut checks = settings::checks(world, arguments.reporting.rules.as_deref())?;
    let reporting = &arguments.reporting;
    let judged = |policy| reporting.apply(policy, weft::policy::Trust::Gate, world);
    let proposal = proposal::read(place(arguments, world)?, &tip, &mut checks, world, &judged)?;
    let prompt = prompt(arguments, &checks, &proposal, world)?;
    let signer = if arguments.sign { Some(arguments.key.signer(world)?) } else { None };
    let (feature, agent) = names(arguments, &proposal, &target);
    let hand = hand::hand(world, signer.as_deref(), Some(&agent))?;
    let queue = Queue::open(root, proposal::history(&proposal.policy, root).as_deref())?;
    let said = Said {
        feature,
        agent,
        target,
        submitter: hand.actor(),
        prompt: prompt.as_ref(),
        nonce: hand.nonce.clone(),
    };
    let item = proposal::item(&proposal, said, &queue, &checks, world)?;
    let id = queue.submit(&item, &proposal.sarif, &proposal.originals, &hand)?;
    say(&id, &item, &proposal, &checks, reporting, world)
}

/// The report, then the id and what happens next.
fn say(
    id: &str,
    item: &ReviewItem,
    proposal: &Proposal,
    checks: &weft::Checks,
    reporting: &Reporting,
    world: &World,
) -> Result<Exit> {
    let exit = proposal.report.exit().worse(Exit::Held);
    if reporting.quiet {
        super::print(format!("{id}\n").as_bytes())?;
        return Ok(exit);
    }
    let mut context = output::context(checks, &proposal.policy, reporting, &proposal.submission, world);
    context.quiet = false;
    output::write(&proposal.report, &context, reporting)?;
    let files = item.subject.changes.len();
    let next = match item.blockers.len() {
        0 => format!("held: {id} waits for a person: `weft review show {id}`"),
        1 => format!("held: {id} waits, and 1 finding blocks it until it is waived: `weft review show {id}`"),
        n => format!(
            "held: {id} waits, and {n} findings block it until each is waived: `weft review show {id}`"
        ),
    };
    let changed = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    let text = format!("queued {id}: {changed}, subject sha256:{}\n{next}\n", item.about.subject);
    // A machine format on standard output stays whole: what a person should read goes beside it.
    if reporting.format == weft::report::Format::Text {
        super::print(text.as_bytes())?;
    } else {
        super::advise(&text);
    }
    Ok(exit)
}

fn place(arguments: &Arguments, world: &World) -> Result<Place> {
    if arguments.staged {
        return Ok(Place::Staged);
    }
    if let Some(range) = &arguments.range {
        return Ok(Place::Range(range.clone(), None));
    }
    match &arguments.file {
        Some(file) if file.as_os_str() != "-" => proposal::reply_file(file, world),
        _ => {
            let limit = weft::policy::Limits::default().file_bytes;
            let reply = ingest::reply::stdin(standard_input(limit)?);
            Ok(Place::Reply(Box::new(reply), weft::review::Source::Input))
        }
    }
}

/// The branch the change is for, and its commit.
fn target(arguments: &Arguments, world: &World) -> Result<(String, String)> {
    let root = world.repository()?;
    let queue = Queue::open(root, None)?;
    match &arguments.target {
        None => queue.target(),
        Some(name) => {
            let full = if name.starts_with("refs/") { name.clone() } else { format!("refs/heads/{name}") };
            let tip = ingest::git::resolve(root, &full)?;
            Ok((full, tip))
        }
    }
}

/// Feature and agent: the command line, else front matter or path, else the branch and "agent".
fn names(arguments: &Arguments, proposal: &Proposal, target: &str) -> (String, String) {
    let known = &proposal.submission.provenance;
    let branch = target.rsplit('/').next().unwrap_or("change");
    let feature = arguments.feature.clone().or_else(|| known.feature.clone());
    let agent = arguments.agent.clone().or_else(|| known.agent.clone());
    (feature.unwrap_or_else(|| branch.to_owned()), agent.unwrap_or_else(|| "agent".to_owned()))
}

fn prompt(
    arguments: &Arguments,
    checks: &weft::Checks,
    proposal: &Proposal,
    world: &World,
) -> Result<Option<Redacted>> {
    let Some(file) = &arguments.prompt else { return Ok(None) };
    let submission = ingest::tree::walk(std::slice::from_ref(file), &world.here, &[], 1)?;
    let (report, documents) = output::scan(&submission, checks, &proposal.policy, world, true);
    if let Some(note) = report.notes.iter().find(|note| note.kind == weft::finding::NoteKind::NotChecked) {
        return Err(Error::new(ErrorKind::Io, format!("cannot read the prompt {}", file.display()))
            .because(note.message.clone())
            .hint("name a readable file with --prompt"));
    }
    Ok(documents.into_iter().next())
}
