//! `--online`: the packages of a scan, asked about at OSV's server.

use std::time::Duration;

use indicatif::ProgressBar;
use weft::Checks;
use weft::artifact::Submission;
use weft::deps::database::Database;
use weft::deps::online::{self, PackageVersion};
use weft::error::{Error, Result};
use weft::finding::{Note, NoteKind, printable};
use weft::network::{Client, Limits};
use weft::policy::{Policy, plural};

use super::world::{World, person_watches, variable};

/// The most seconds that all questions may take.
const SECONDS: u64 = 120;

/// What a command may ask the network.
#[derive(clap::Args)]
pub(super) struct Network {
    /// Ask OSV's server about the packages too (WEFT_OSV_URL names another); private ones are never named to it
    #[arg(long)]
    online: bool,
}

impl Network {
    /// Has `checks` know what the server says of the packages of `submission`, when `--online` asks for it. When it cannot
    /// be asked, the data that is here answers, and that is said: the verdict is then "incomplete".
    pub(super) fn ask(&self, checks: &mut Checks, submission: &Submission, policy: &Policy, world: &World) {
        if !self.online {
            return;
        }
        let (packages, kept_back) = weft::packages(submission, checks, policy, world.threads);
        if kept_back > 0 {
            let what = plural(kept_back, "package is", "packages are");
            let why = format!(
                "{what} private or of another registry: nobody was asked, the data that is here answered"
            );
            checks.notes.push(Note::new(NoteKind::Info, "", why));
        }
        if packages.is_empty() {
            return;
        }
        match answered(&packages, world) {
            Ok(database) => checks.prefer(database, &packages),
            Err(error) => {
                let why =
                    format!("--online: {}; the advisory data that is here answered instead", told(&error));
                checks.notes.push(Note::new(NoteKind::Partial, "", why));
            }
        }
    }
}

/// An error and what lies under it, on one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(reason) = cause {
        text += &format!(": {reason}");
        cause = reason.source();
    }
    printable(&text)
}

fn answered(packages: &[PackageVersion], world: &World) -> Result<Database> {
    let bar = if person_watches() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_message(format!("asking about {}", plural(packages.len(), "package", "packages")));
    bar.enable_steady_tick(Duration::from_millis(200));
    let server = variable("WEFT_OSV_URL").unwrap_or_else(|| online::SERVER.to_owned());
    let client = Client::new(Limits { total: Duration::from_secs(SECONDS), ..Limits::default() })?;
    let kept = world.database_folder().map(|folder| folder.join("online"));
    let database = online::ask(packages, &server, &client, kept.as_deref(), &world.today().to_string());
    bar.finish_and_clear();
    database
}
