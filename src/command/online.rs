//! `--online`: the packages of a scan, asked about at OSV's server.

use std::collections::BTreeSet;
use std::time::Duration;

use indicatif::ProgressBar;
use weft::Checks;
use weft::artifact::Submission;
use weft::deps::Ecosystem;
use weft::deps::database::Database;
use weft::deps::online::{self, Asking, PackageVersion, Private};
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
    /// Ask OSV about advisories and deps.dev about packages (WEFT_OSV_URL, WEFT_PACKAGES_URL name others); private
    /// packages are never named to them
    #[arg(long)]
    online: bool,
}

impl Network {
    /// Whether the network is asked at all.
    pub(super) fn asks(&self) -> bool {
        self.online
    }

    /// Has `checks` know what the server says of the packages of `submission`, when `--online` asks for it. When it cannot
    /// be asked, the data that is here answers, and that is said: the verdict is then "incomplete".
    pub(super) fn ask(&self, checks: &mut Checks, submission: &Submission, policy: &Policy, world: &World) {
        if !self.online {
            return;
        }
        checks.ask(asking(policy, world));
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

/// How the index of all registries is asked about names; those that the settings keep are not.
fn asking(policy: &Policy, world: &World) -> Asking {
    let private = Private::new(&policy.deps.private);
    let server = variable("WEFT_PACKAGES_URL").unwrap_or_else(|| online::ABOUT.to_owned());
    let kept = world.database_folder().map(|folder| folder.join("online"));
    let today = world.today().to_string();
    let ask = move |names: &BTreeSet<(Ecosystem, String)>| {
        let client = Client::new(Limits { total: Duration::from_secs(SECONDS), ..Limits::default() })?;
        let named = names.iter().filter(|(_, name)| !private.is(name)).cloned();
        online::about(named, &server, &client, kept.as_deref(), &today)
    };
    Asking { ask: Box::new(ask), outdated_days: policy.deps.outdated_days }
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
