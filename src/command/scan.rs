//! `weft scan`: the person's own check.

use std::path::PathBuf;

use weft::artifact::Submission;
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::Severity;
use weft::ingest;
use weft::policy::{self, Policy, Stages};
use weft::report::Format;

use super::output::Output;
use super::world::{World, standard_input};
use super::{output, settings};

/// Scans files, folders, an agent's reply or prompt, a change, or a whole AI history, and prints what is wrong, where,
/// and what to do instead.
///
/// Your own weft.toml and `weft: allow RULE reason` comments count, and are listed.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Files and folders (default: this folder); `-` is standard input; a Markdown file named here is read as an agent's reply
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    pub(super) reporting: Reporting,
    /// Report only what REF does not have yet
    #[arg(long, value_name = "REF")]
    baseline: Option<String>,
}

/// What to scan instead of paths.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(super) struct Change {
    /// The blobs of the index: what the next commit would hold
    #[arg(long, conflicts_with = "paths")]
    staged: bool,
    /// The change from commit A to commit B
    #[arg(long, value_name = "A..B", conflicts_with = "paths")]
    range: Option<String>,
    /// A unified diff; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    patch: Option<PathBuf>,
}

/// How a scan is judged and reported; `gate` and `submit` share it.
#[derive(clap::Args, Clone)]
pub(super) struct Reporting {
    /// Standard output as text, json, sarif or github (annotations)
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Also write FORMAT to FILE; may be given several times
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(super) output: Vec<Output>,
    /// Findings of this severity and above act on the gate: low, medium, high, critical
    #[arg(long, value_name = "LEVEL", value_parser = severity)]
    pub(super) fail_on: Option<Severity>,
    /// Run only these stages: secrets, code, effects, deps
    #[arg(long, value_name = "STAGE", value_delimiter = ',', value_parser = stage)]
    pub(super) only: Vec<String>,
    /// Settings file instead of the repository's weft.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Rule pages and models of your own, beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
    /// Print the verdict line only
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Exit 0 whatever was found; the report says so
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// Let what could not be checked pass; the report says so
    #[arg(long)]
    pub(super) allow_incomplete: bool,
    /// Write suppressed findings into SARIF as well
    #[arg(long)]
    pub(super) include_suppressed: bool,
    /// At most N results in SARIF, the worst first; code scanning takes 5000
    #[arg(long, value_name = "N")]
    pub(super) max_results: Option<usize>,
}

const EXAMPLES: &str = "Examples:
  weft scan                                 this tree
  weft scan reply.md                        an agent's reply: text, fences, and where they would write
  weft scan --staged                        what the next commit would hold
  weft scan --range origin/main..HEAD       what a branch adds
  git diff | weft scan --patch -            a diff
  weft scan --output sarif=weft.sarif       text for you, SARIF for code scanning";

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let reporting = &arguments.reporting;
    let policy = reporting.apply(settings::own(world, reporting.config.as_deref())?)?;
    let submission = arguments.submission(world, &policy)?;
    let checks = settings::checks(world, reporting.rules.as_deref())?;
    let scan = super::output::watched(world, &checks, &policy, policy::Trust::Own);
    let (mut report, _) = scan.run(&submission, false);
    if let Some(reference) = &arguments.baseline {
        let paths: Vec<&str> = submission.entries.iter().map(|entry| entry.path.as_str()).collect();
        let before = ingest::git::baseline(world.repository()?, reference, &paths)?;
        policy::against(&mut report, &scan.run(&before, false).0, &policy);
    }
    output::finish(&mut report, &checks, &policy, reporting, world)
}

impl Arguments {
    /// Reads what the command line names.
    fn submission(&self, world: &World, policy: &Policy) -> Result<Submission> {
        let limit = policy.limits.file_bytes;
        if self.change.staged {
            return ingest::git::staged(world.repository()?);
        }
        if let Some(range) = &self.change.range {
            return ingest::git::range(world.repository()?, range);
        }
        if let Some(patch) = &self.change.patch {
            let bytes = if patch.as_os_str() == "-" { standard_input(limit)? } else { read(world, patch)? };
            let root = world.repository.as_ref().unwrap_or(&world.here);
            return ingest::patch(&bytes, Some(root));
        }
        match self.paths.as_slice() {
            [] => ingest::tree::walk(&[PathBuf::from(".")], &world.here, &policy.exclude, &policy.limits),
            [path] if path.as_os_str() == "-" => Ok(ingest::reply::stdin(standard_input(limit)?)),
            paths => ingest::tree::walk(paths, &world.here, &policy.exclude, &policy.limits),
        }
    }
}

fn read(world: &World, path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(world.resolve(path)).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot read {}", path.display()))
            .because(error)
            .hint("name a readable file, or `-` for standard input")
    })
}

impl Reporting {
    /// The policy with what the command line overrides.
    pub(super) fn apply(&self, mut policy: Policy) -> Result<Policy> {
        if let Some(severity) = self.fail_on {
            policy.gate.fail_on = severity;
        }
        if !self.only.is_empty() {
            let asked = |name: &str| self.only.iter().any(|stage| stage == name);
            policy.gate.only =
                Stages { secrets: asked("secrets"), code: asked("code"), effects: asked("effects"), deps: asked("deps") };
        }
        Ok(policy)
    }
}

fn severity(text: &str) -> std::result::Result<Severity, String> {
    match text {
        "low" => Ok(Severity::Low),
        "medium" => Ok(Severity::Medium),
        "high" => Ok(Severity::High),
        "critical" => Ok(Severity::Critical),
        _ => Err("one of low, medium, high, critical".into()),
    }
}

fn stage(text: &str) -> std::result::Result<String, String> {
    match text {
        "secrets" | "code" | "effects" | "deps" => Ok(text.to_owned()),
        _ => Err("one of secrets, code, effects, deps".into()),
    }
}
