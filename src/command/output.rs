//! Where reports go: standard output in one format, files in any number of others.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use indicatif::ProgressBar;
use weft::artifact::{Origin, Submission};
use weft::error::{Error, ErrorKind, Result};
use weft::ingest::git;
use weft::policy::{Policy, Report};
use weft::redact::Redacted;
use weft::report::{self, Color, Context, Format};
use weft::{Checks, gate_watched, scan_kept};

use super::history;
use super::scan::Reporting;
use super::world::{World, person_watches};

/// `FORMAT=FILE` of `--output`.
#[derive(Debug, Clone)]
pub(super) struct Output {
    format: Format,
    file: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (format, file) =
            text.split_once('=').ok_or("write it as FORMAT=FILE, for example sarif=weft.sarif")?;
        Ok(Output { format: format.parse()?, file: file.into() })
    }
}

/// Scans, with a progress bar on standard error when a person watches and the work is long.
pub(super) fn scan(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    world: &World,
    keep: bool,
) -> (Report, Vec<Redacted>) {
    let bar = watched(submission);
    let (mut report, kept) = gate_watched(submission, checks, policy, world.threads, keep, &|_| bar.inc(1));
    bar.finish_and_clear();
    history::passing(&mut report, submission, checks, policy, world);
    (report, kept)
}

/// As [`scan`], with what the file at `kept` has of unchanged files.
pub(super) fn own_scan(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    world: &World,
    kept: Option<&std::path::Path>,
) -> Report {
    let bar = watched(submission);
    let mut report = scan_kept(submission, checks, policy, world.threads, kept, &|_| bar.inc(1));
    bar.finish_and_clear();
    history::passing(&mut report, submission, checks, policy, world);
    report
}

fn watched(submission: &Submission) -> ProgressBar {
    const WORTH_WATCHING: usize = 500;
    let pieces = submission.entries.len();
    let watched = pieces >= WORTH_WATCHING && person_watches();
    if watched { ProgressBar::new(pieces as u64) } else { ProgressBar::hidden() }
}

/// Whether standard output shows colour.
pub(super) fn color(world: &World) -> Color {
    if world.color { Color::Always } else { Color::Never }
}

/// What reports say beside the findings.
pub(super) fn context<'a>(
    checks: &'a Checks,
    policy: &'a Policy,
    reporting: &Reporting,
    submission: &Submission,
    world: &World,
) -> Context<'a> {
    let mut context = Context::new(&checks.rules, policy);
    context.color = color(world);
    context.width = world.width;
    context.quiet = reporting.quiet;
    context.include_suppressed = reporting.include_suppressed;
    context.max_results = reporting.max_results;
    context.source.root = Some(world.here.display().to_string());
    // A report outside git, or of a repository that cannot be read, just does not say where it stands.
    if let Some(here) = world.repository.as_deref().and_then(|root| git::standpoint(root).ok()) {
        context.source.commit = here.commit;
        context.source.branch = here.branch;
        context.source.repository = here.repository;
    }
    if let Origin::Range { head, .. } = &submission.origin {
        context.source.commit = Some(head.clone());
    }
    context
}

/// Writes the report to standard output and to every file asked for.
pub(super) fn write(report: &Report, context: &Context<'_>, reporting: &Reporting) -> Result<()> {
    for output in &reporting.output {
        let mut bytes = Vec::new();
        let plain = Context { color: Color::Never, quiet: false, ..context.clone() };
        written("the report", report::write(report, &plain, output.format, &mut bytes))?;
        save(&output.file, &bytes)?;
    }
    let mut bytes = Vec::new();
    written("the report", report::write(report, context, reporting.format, &mut bytes))?;
    super::print(&bytes)
}

/// Writes a file aside and renames it, so that a reader sees the old or the new one, never half of it. What is there
/// and no regular file (a pipe, a device) is written as it is.
pub(super) fn save(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    let outcome = if special {
        fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all().or(Ok(()))))
    } else {
        aside(path, bytes)
    };
    written(&path.display().to_string(), outcome)
}

fn aside(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A report is for others to read; tempfile makes owner-only files.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// What writing `what` means for the run: a closed pipe is no error, since the reader has seen enough.
pub(super) fn written(what: &str, outcome: io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Io, format!("cannot write {what}"))
                .because(error)
                .hint("check that the disk is not full and the place is writable; nothing else was changed"))
        }
        _ => Ok(()),
    }
}
