//! `weft deps`: the packages of a project, and what is known of them.

use std::path::PathBuf;

use weft::deps::Component;
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::printable;
use weft::ingest;
use weft::policy::{Policy, Report, Stages, plural};
use weft::report::{bom, vex};

use super::online::Network;
use super::output::{self, written};
use super::world::World;
use super::{print, settings};

/// Lists the packages that the lockfiles of a project hold, with the advisories on them.
///
/// `--format cyclonedx` writes a bill of materials, `--format openvex` what your allowances say about the advisories, for
/// other programs. The list is no verdict: `weft scan` judges. Exit code 4: something could not be read.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Files and folders (default: this folder)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// text, json, cyclonedx (1.5, JSON) or openvex
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Settings file instead of the repository's weft.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    network: Network,
}

const EXAMPLES: &str = "Examples:
  weft deps                                          what is locked here
  weft deps --format cyclonedx --output bom.json     a bill of materials
  weft deps --format openvex --output app.vex.json   what was found out about the advisories";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Cyclonedx,
    Openvex,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let mut policy = settings::own(world, arguments.config.as_deref())?;
    policy.gate.only = Stages { secrets: false, code: false, effects: false, deps: true };
    policy.run.today = Some(world.today());
    policy.run.trust = weft::policy::Trust::Own;
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    policy.run.partial = !arguments.paths.is_empty();
    let submission = ingest::tree::walk(paths, &world.here, &policy.exclude, policy.limits.files)?;
    let mut checks = settings::checks(world, None)?;
    arguments.network.ask(&mut checks, &submission, &policy, world);
    let (report, _) = output::scan(&submission, &checks, &policy, world, false);
    let components = weft::inventory(&submission, &checks, &policy).components();
    let bytes = match arguments.format {
        Format::Text => text(&components, &report).into_bytes(),
        Format::Json => json(&components, &report)?.into_bytes(),
        Format::Cyclonedx => made("the bill of materials", |out| bom::write(&components, &report, out))?,
        Format::Openvex => {
            let time = world.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            made("the statements", |out| vex::write(&report, &author(world, &policy), &time, out))?
        }
    };
    match &arguments.output {
        Some(file) => output::save(&world.resolve(file), &bytes)?,
        None => print(&bytes)?,
    }
    for note in report.notes.iter().filter(|note| note.kind != weft::finding::NoteKind::Info) {
        let place = if note.path.is_empty() { String::new() } else { format!("{}: ", printable(&note.path)) };
        super::advise(&format!("weft: {place}{}\n", printable(&note.message)));
    }
    Ok(if report.incomplete { Exit::Incomplete } else { Exit::Passed })
}

/// Whose statements these are: the first reviewer's, else the repository's.
fn author(world: &World, policy: &Policy) -> String {
    let reviewer = policy.review.reviewer.first();
    let folder = || world.repository.as_ref().unwrap_or(&world.here).file_name();
    let named = || folder().map(|name| name.to_string_lossy().into_owned());
    reviewer.map(|one| format!("{} <{}>", one.name, one.email)).or_else(named).unwrap_or_default()
}

fn made(what: &str, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    written(what, write(&mut bytes))?;
    Ok(bytes)
}

/// The ids of the advisories on a package.
fn advisories<'r>(component: &Component, report: &'r Report) -> Vec<&'r str> {
    let of = report.findings.iter().filter_map(|finding| finding.advisory.as_ref()).filter(|advisory| {
        advisory.ecosystem == component.ecosystem
            && advisory.package == component.name
            && advisory.version == component.version
    });
    let mut ids: Vec<&str> = of.map(|advisory| advisory.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn text(components: &[Component], report: &Report) -> String {
    let mut text = String::new();
    for component in components {
        let (name, version) = (printable(&component.name), printable(&component.version));
        let mut remarks: Vec<String> = component.only.iter().map(|only| format!("{only} only")).collect();
        let ids = advisories(component, report);
        remarks.extend(
            (!ids.is_empty()).then(|| ids.iter().map(|id| printable(id)).collect::<Vec<_>>().join(", ")),
        );
        let place = component
            .locked
            .first()
            .map_or(String::new(), |(path, line)| format!("{}:{line}", printable(path)));
        let line = format!("{:<10} {name} {version}  {place}  {}", component.ecosystem, remarks.join("; "));
        text += line.trim_end();
        text.push('\n');
    }
    let (packages, files) = (components.len(), files(components));
    text + &format!(
        "{} in {}\n",
        plural(packages, "package", "packages"),
        plural(files, "lockfile", "lockfiles")
    )
}

fn files(components: &[Component]) -> usize {
    let paths = components.iter().flat_map(|component| &component.locked).map(|(path, _)| path);
    paths.collect::<std::collections::BTreeSet<_>>().len()
}

fn json(components: &[Component], report: &Report) -> Result<String> {
    let row = |component: &Component| {
        let mut row = serde_json::to_value(component)
            .map_err(|error| Error::new(ErrorKind::Bug, "cannot write the packages").because(error))?;
        row["advisories"] = advisories(component, report).into();
        Ok(row)
    };
    super::json(&components.iter().map(row).collect::<Result<Vec<_>>>()?)
}
