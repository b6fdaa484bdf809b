//! `weft db`: the advisory data that is compiled in.

use std::path::PathBuf;

use weft::deps::database;
use weft::error::{Error, ErrorKind, Exit, Result};

use super::world::World;
use super::{output, print};

/// The advisory data: how old it is, how much, and how it is rebuilt.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Age, number and source of the advisories, by ecosystem
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Build the compact database from advisories in OSV's layout: DIR/<ecosystem>/all.zip
    Build {
        /// The folder of ecosystems
        #[arg(value_name = "DIR")]
        from: PathBuf,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    match &arguments.action {
        Action::Status { json } => status(*json)?,
        Action::Build { from, output } => {
            let bytes = database::build_from(&world.resolve(from))?;
            output::save(&world.resolve(output), &bytes)?;
            print(format!("{}: {} bytes\n", output.display(), bytes.len()).as_bytes())?;
        }
    }
    Ok(Exit::Passed)
}

fn status(json: bool) -> Result<()> {
    let rows = database::Database::embedded()?.status();
    if json {
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|error| Error::new(ErrorKind::Bug, "cannot write the status").because(error))?;
        return print((text + "\n").as_bytes());
    }
    let mut text =
        format!("{:<12} {:>10} {:>9}  {:<12} source\n", "ecosystem", "advisories", "packages", "newest");
    for row in rows {
        text += &format!(
            "{:<12} {:>10} {:>9}  {:<12} {}\n",
            row.ecosystem, row.advisories, row.packages, row.newest, row.source
        );
    }
    print(text.as_bytes())
}
