//! One file a subcommand. This is the only place that reads the environment, prints, and asks.

mod ask;
mod commit;
mod db;
mod deps;
mod explain;
mod gate;
mod hand;
mod history;
mod init;
mod online;
mod output;
mod proposal;
mod redact;
mod restore;
mod review;
mod rules;
mod scan;
mod settings;
mod submit;
mod vault;
mod verify;
mod world;

use std::io::Write as _;

use clap::{Parser, Subcommand};
use weft::error::{Error, Exit, Result};

use world::World;

/// The gate between AI coding agents and your git history.
///
/// weft scans what an agent hands over (a reply, a prompt, a diff, a commit, a tree), redacts secrets, finds weaknesses
/// and vulnerable packages, and lets nothing reach the history before a person has approved exactly these bytes.
///
/// Exit codes, the same for every format: 0 passed, 1 findings at or above the gate, 2 wrong command line or settings,
/// 3 held for a person, 4 something could not be checked, 70 a bug in weft.
#[derive(Parser)]
#[command(name = "weft", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Scan files, folders, a reply, a change: the person's own check
    Scan(scan::Arguments),
    /// Copy a prompt from input to output with every secret replaced
    Redact(redact::Arguments),
    /// Bring back what `redact --vault` replaced, also in a model's reply
    Restore(restore::Arguments),
    /// Scan an output and queue it for a person's decision
    Submit(submit::Arguments),
    /// See what waits, and decide
    Review(review::Arguments),
    /// Commit the approved bytes, and nothing else
    Commit(commit::Arguments),
    /// Prove that every commit is what a person approved
    Verify(verify::Arguments),
    /// CI's one question: may this change be merged? Reads only
    Gate(gate::Arguments),
    /// Write a commented weft.toml and install the git hooks it describes
    Init(init::Arguments),
    /// List the rules, or check a folder of your own
    Rules(rules::Arguments),
    /// Print a rule's page: what it means, what to do instead, examples
    Explain(explain::Arguments),
    /// List the packages of a project, also as a CycloneDX bill of materials or as OpenVEX
    Deps(deps::Arguments),
    /// The advisory data: how old, how much, rebuilt from where
    Db(db::Arguments),
}

/// Runs the command line of this process and returns what it exits with.
pub(crate) fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = World::of_this_process().and_then(|world| match cli.command {
        Command::Scan(arguments) => scan::run(&arguments, &world),
        Command::Redact(arguments) => redact::run(&arguments, &world),
        Command::Restore(arguments) => restore::run(&arguments, &world),
        Command::Submit(arguments) => submit::run(&arguments, &world),
        Command::Review(arguments) => review::run(&arguments, &world),
        Command::Commit(arguments) => commit::run(&arguments, &world),
        Command::Verify(arguments) => verify::run(&arguments, &world),
        Command::Gate(arguments) => gate::run(&arguments, &world),
        Command::Init(arguments) => init::run(&arguments, &world),
        Command::Rules(arguments) => rules::run(&arguments, &world),
        Command::Explain(arguments) => explain::run(&arguments, &world),
        Command::Deps(arguments) => deps::run(&arguments, &world),
        Command::Db(arguments) => db::run(&arguments, &world),
    });
    outcome.unwrap_or_else(|error| {
        tell(&error);
        error.kind().exit()
    })
}

/// A panic is a bug in weft: its message may hold text of an artifact, so only its place is printed.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "weft: a bug in weft at {place}: nothing was approved or committed\n  please report it, with the command line and without your input"
        );
    }));
}

fn usage(error: &clap::Error) -> Exit {
    let asked =
        matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
    // A closed pipe is no error: nobody reads the help any more.
    let _ = error.print();
    if asked { Exit::Passed } else { Exit::Usage }
}

/// Prints an error as what failed, why, and what to do next.
fn tell(error: &Error) {
    let mut text = format!("weft: {}\n", weft::finding::printable(&error.to_string()));
    let mut cause = std::error::Error::source(error);
    while let Some(reason) = cause {
        text.push_str(&format!("  because: {}\n", weft::finding::printable(&reason.to_string())));
        cause = reason.source();
    }
    for hint in error.hints() {
        text.push_str(&format!("  {}\n", weft::finding::printable(hint)));
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output; a closed pipe is no error, a full disk is.
fn print(text: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    output::written("standard output", stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Tells a person something beside the output that machines read.
fn advise(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A value as JSON with a line break at its end, in which no character hides.
fn json(value: &impl serde::Serialize) -> Result<String> {
    let mut bytes = Vec::new();
    weft::report::json(value, &mut bytes)
        .map_err(|error| Error::new(weft::error::ErrorKind::Bug, "cannot write JSON").because(error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
