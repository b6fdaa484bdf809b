//! `weft db`: the advisory data, built in and installed.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;
use jiff::civil::Date;
use weft::deps::Ecosystem;
use weft::deps::database::{self, EcosystemStatus, Folder};
use weft::deps::update::{self, Step, Updated};
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::printable;
use weft::network::{Client, Limits};
use weft::policy::plural;

use super::world::{World, person_watches, variable};
use super::{output, print, settings};

/// The advisory data: how old it is, how much, and how it is renewed.
///
/// A snapshot is built in. What `update` or `import` installs answers in its place, and is kept in WEFT_DB_DIR, else in
/// `advisories` of your cache folder. Of two that know an ecosystem, the one of the later day answers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "Examples:
  weft db update                          fetch what changed
  weft db update --ecosystem Maven        an ecosystem that is not built in
  weft db export advisories.weft          one file, for a machine without a network
  weft db import advisories.weft          and there";

#[derive(clap::Subcommand)]
enum Action {
    /// Age, number and source of the advisories, by ecosystem
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Read every byte of what is installed, and say whether it is as it was written
        #[arg(long)]
        verify: bool,
    },
    /// Fetch what changed: the only command of these that asks the network
    Update {
        #[command(flatten)]
        which: Which,
        /// Where the advisories are: a folder an ecosystem, in OSV's layout (else WEFT_ADVISORIES_URL, or OSV's own server)
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Take data that is smaller by a fifth than what is here
        #[arg(long)]
        smaller: bool,
        /// The most seconds that everything may take
        #[arg(long, value_name = "SECONDS", default_value_t = 900)]
        timeout: u64,
    },
    /// Install from a file or folder: an all.zip, OSV records, RustSec's advisory-db, an exported database
    Import {
        /// The file or folder
        path: PathBuf,
        #[command(flatten)]
        which: Which,
        /// The day on which this was all there was, "2026-08-21" (else the day of the newest record)
        #[arg(long, value_name = "DAY")]
        as_of: Option<Date>,
        /// Replace what there is even by less than half of it
        #[arg(long)]
        smaller: bool,
    },
    /// Write the data that is in use to one file, for `weft db import` elsewhere
    Export {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        which: Which,
    },
    /// Build the compact database that is compiled in, from advisories in OSV's layout: DIR/<ecosystem>/all.zip
    Build {
        /// The folder of ecosystems
        #[arg(value_name = "DIR")]
        from: PathBuf,
        /// Where to write it; the digests of what it was built from go beside it, into FILE.sha256
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Which ecosystems.
#[derive(clap::Args)]
struct Which {
    /// Only this ecosystem, by OSV's name: crates.io, PyPI, npm, Go, RubyGems, Packagist, Maven, NuGet; may be given several times
    #[arg(long, value_name = "NAME", value_parser = ecosystem)]
    ecosystem: Vec<Ecosystem>,
}

fn ecosystem(name: &str) -> std::result::Result<Ecosystem, String> {
    let known = || Ecosystem::ALL.map(|ecosystem| ecosystem.name()).join(", ");
    let same = |ecosystem: &Ecosystem| ecosystem.name().eq_ignore_ascii_case(name);
    Ecosystem::ALL.into_iter().find(same).ok_or_else(|| format!("known are {}", known()))
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    match &arguments.action {
        Action::Status { json, verify } => status(*json, *verify, world),
        Action::Update { which, server, smaller, timeout } => {
            let server = server.clone().or_else(|| variable("WEFT_ADVISORIES_URL"));
            update(which, server.as_deref().unwrap_or(update::SERVER), *smaller, *timeout, world)
        }
        Action::Import { path, which, as_of, smaller } => {
            if as_of.is_some_and(|day| day > world.today()) {
                return Err(Error::new(ErrorKind::Usage, "--as-of names a day that is not over")
                    .hint("name the day on which the file was fetched"));
            }
            let day = as_of.map(|day| day.to_string());
            let path = world.resolve(path);
            let rows = update::import(
                &path,
                &folder(world)?,
                &which.ecosystem,
                (day.as_deref(), &world.today().to_string()),
                *smaller,
            )?;
            print(rows.iter().map(imported).collect::<String>().as_bytes())?;
            Ok(Exit::Passed)
        }
        Action::Export { file, which } => export(file, which, world),
        Action::Build { from, output } => {
            let built = database::build_from(&world.resolve(from))?;
            output::save(&world.resolve(output), &built.file)?;
            let name = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let digests = world.resolve(&output.with_file_name(format!("{name}.sha256")));
            output::save(&digests, built.digests(&name).as_bytes())?;
            print(format!("{}: {} bytes\n", output.display(), built.file.len()).as_bytes())?;
            Ok(Exit::Passed)
        }
    }
}

fn folder(world: &World) -> Result<Folder> {
    let folder = world.database_folder().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "there is no folder for installed advisories")
            .hint("set WEFT_DB_DIR to a folder of yours")
    })?;
    if let Some(why) = weft::cache_refused(&folder.join("lock"), "WEFT_DB_DIR") {
        return Err(Error::new(ErrorKind::Io, "installed advisories are not touched").because(why));
    }
    Ok(Folder::at(folder))
}

fn export(file: &std::path::Path, which: &Which, world: &World) -> Result<Exit> {
    let (databases, notes) = settings::databases(world);
    if let Some(note) = notes.first() {
        return Err(Error::new(ErrorKind::Io, note.message.clone()));
    }
    let wanted = if which.ecosystem.is_empty() { &Ecosystem::ALL[..] } else { &which.ecosystem };
    for ecosystem in &which.ecosystem {
        if databases.of(*ecosystem)?.is_none() {
            return Err(Error::new(ErrorKind::Usage, format!("there is no advisory data for {ecosystem}"))
                .hint(format!("fetch it: `weft db update --ecosystem {ecosystem}`")));
        }
    }
    let bytes = databases.export(wanted)?;
    output::save(&world.resolve(file), &bytes)?;
    print(format!("{}: {} bytes\n", file.display(), bytes.len()).as_bytes())?;
    Ok(Exit::Passed)
}

fn update(which: &Which, server: &str, smaller: bool, timeout: u64, world: &World) -> Result<Exit> {
    let folder = folder(world)?;
    let wanted = if which.ecosystem.is_empty() {
        let installed = folder.installed();
        let wanted = |ecosystem: &Ecosystem| ecosystem.built_in() || installed.contains(ecosystem);
        Ecosystem::ALL.into_iter().filter(wanted).collect()
    } else {
        which.ecosystem.clone()
    };
    let client = Client::new(Limits { total: Duration::from_secs(timeout), ..Limits::default() })?;
    let mut exit = Exit::Passed;
    for ecosystem in wanted {
        let bar = if person_watches() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let mut watch = |step: Step| bar.set_message(format!("{ecosystem}: {}", doing(step)));
        bar.enable_steady_tick(Duration::from_millis(200));
        let today = world.today().to_string();
        let outcome = update::update(&folder, ecosystem, server, &client, &today, smaller, &mut watch);
        bar.finish_and_clear();
        match outcome {
            Ok(updated) => print(format!("{ecosystem}: {}\n", said(&updated)).as_bytes())?,
            Err(error) => {
                super::tell(&error);
                exit = exit.worse(error.kind().exit());
            }
        }
    }
    Ok(exit)
}

fn doing(step: Step) -> String {
    match step {
        Step::List => "asking what changed".into(),
        Step::Archive => "fetching all advisories".into(),
        Step::Records(done, total) => format!("fetching changed advisories, {done} of {total}"),
        Step::Build => "building the database".into(),
    }
}

/// "1206 advisories, 12 new or changed"
fn said(updated: &Updated) -> String {
    let Updated { records, changed, gone, missing } = updated;
    let mut text = match changed {
        0 => format!("{}, none changed", plural(*records, "advisory", "advisories")),
        changed => format!("{}, {changed} new or changed", plural(*records, "advisory", "advisories")),
    };
    if *gone > 0 {
        text += &format!(", {gone} gone");
    }
    if let Some(first) = missing.first() {
        text += &format!("; listed and not there, so as before: {}", printable(first));
        text += &if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
    }
    text
}

fn imported(row: &update::Imported) -> String {
    let of = |status: &EcosystemStatus| {
        format!("{} of {}", plural(status.advisories, "advisory", "advisories"), status.as_of)
    };
    let before = row.before.as_ref().map_or(String::new(), |before| format!(", instead of {}", of(before)));
    format!("{}: {}{before}\n", row.now.ecosystem, of(&row.now))
}

fn status(json: bool, verify: bool, world: &World) -> Result<Exit> {
    let (databases, notes) = settings::databases(world);
    if verify {
        for ecosystem in Ecosystem::ALL {
            databases.of(ecosystem)?.map_or(Ok(()), database::Database::verify)?;
        }
    }
    let rows = databases.status()?;
    if json {
        let rows: Vec<serde_json::Value> =
            rows.iter().map(|(row, built_in)| as_json(row, *built_in, world)).collect();
        print(super::json(&rows)?.as_bytes())?;
    } else {
        print(table(&rows, world).as_bytes())?;
    }
    for note in &notes {
        super::advise(&format!("weft: {}\n", printable(&note.message)));
    }
    Ok(if notes.is_empty() { Exit::Passed } else { Exit::Incomplete })
}

/// The days since the data was whole; `None` where only the year is known.
fn age(row: &EcosystemStatus, world: &World) -> Option<i32> {
    let day: Date = row.as_of.parse().ok()?;
    Some(day.until(world.today()).ok()?.get_days())
}

fn as_json(row: &EcosystemStatus, built_in: bool, world: &World) -> serde_json::Value {
    let mut value = serde_json::to_value(row).unwrap_or_default();
    value["built-in"] = built_in.into();
    value["age-days"] = age(row, world).into();
    value
}

fn table(rows: &[(EcosystemStatus, bool)], world: &World) -> String {
    let mut text = format!(
        "{:<12} {:>10} {:>9}  {:<11} {:<11} {:<9}  source\n",
        "ecosystem", "advisories", "packages", "of", "age", "where"
    );
    for (row, built_in) in rows {
        let age = age(row, world).map_or("unknown".to_owned(), |days| format!("{days} days"));
        let place = if *built_in { "built in" } else { "installed" };
        text += &format!(
            "{:<12} {:>10} {:>9}  {:<11} {age:<11} {place:<9}  {}\n",
            row.ecosystem, row.advisories, row.packages, row.as_of, row.source
        );
    }
    text
}
