//! `weft scan`: the person's own check.

use std::path::{Component, Path, PathBuf};

use weft::artifact::{Action, Entry, Origin, Role, Submission};
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::{Note, NoteKind, Severity};
use weft::ingest::{self, git};
use weft::policy::{Policy, Run, Stages, Trust};
use weft::report::Format;

use super::online::Network;
use super::output::Output;
use super::settings::Listed;
use super::world::{World, standard_input};
use super::{history, output, settings};

/// Scans files, folders, an agent's reply or prompt, a change, or a whole AI history, and prints what is wrong, where,
/// and what to do instead.
///
/// A look at the history is for secrets alone: personal data and code that are gone are not reported. Each version of a
/// file is read once, and messages and names are, too.
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
    #[command(flatten)]
    network: Network,
    /// Of a change show what was there before, too; with --history look at all that any ref reaches (branches, remotes,
    /// tags, notes, stashes)
    #[arg(long, requires = "Change")]
    all: bool,
    /// Below each finding say why it is one, step by step, and what makes it go away
    #[arg(long)]
    explain: bool,
    /// Report only what REF does not have yet
    #[arg(long, value_name = "REF")]
    baseline: Option<String>,
    #[command(flatten)]
    keeping: Keeping,
}

/// Where a person's own scan keeps what it made of files that do not change.
#[derive(clap::Args)]
pub(super) struct Keeping {
    /// Keep what was made of unchanged files in DIR, which is yours alone (else WEFT_CACHE_DIR, or weft in your cache folder)
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache_dir: Option<PathBuf>,
    /// Look at every file anew, and keep nothing
    #[arg(long)]
    no_cache: bool,
}

impl Keeping {
    /// The file of the project that a submission's paths are relative to. None for what is judged: it is looked at anew.
    fn file(&self, submission: &Submission, world: &World) -> Option<PathBuf> {
        let base = match submission.origin {
            Origin::Tree => Some(&world.here),
            Origin::Staged => world.repository.as_ref(),
            Origin::Reply | Origin::Range { .. } | Origin::Patch | Origin::History => None,
        }?;
        let folder = match &self.cache_dir {
            _ if self.no_cache => None,
            Some(folder) => Some(world.resolve(folder)),
            None => world.cache_folder(),
        }?;
        let base = base.canonicalize().ok()?;
        let name = weft::artifact::Digest::of(base.as_os_str().as_encoded_bytes()).to_string();
        Some(folder.join(format!("{name:.32}.cache")))
    }
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
    /// Secrets ever committed: all that HEAD or a revision reaches, or what A..B added
    #[arg(long, value_name = "RANGE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["paths", "baseline"])]
    history: Option<String>,
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
    /// Run only these stages, with commas between: secrets, code, effects, deps
    #[arg(long, value_name = "STAGE", value_delimiter = ',', value_parser = stage)]
    pub(super) only: Vec<String>,
    /// Settings file instead of the repository's weft.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Your own rules beside the built-in ones: a folder of pages and models, or a FILE.toml in gitleaks' format
    #[arg(long, value_name = "PATH")]
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
  weft scan --history --all                 every secret ever committed, and whether it is still there
  weft scan --output sarif=weft.sarif       text for you, SARIF for code scanning";

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let reporting = &arguments.reporting;
    if let Some(range) = &arguments.change.history {
        return history::run(range, arguments.all, reporting, world);
    }
    let (mut submission, policy) = arguments.subject(world)?;
    arguments.around(&mut submission, &policy, world)?;
    let checks = settings::checks_of(world, reporting.rules.as_deref(), policy.gate.only)?;
    // The process is about to end: to take the rules apart again is a tenth of the time of one file.
    let mut checks = std::mem::ManuallyDrop::new(checks);
    settings::confidential(&mut checks, &policy, &listed(&submission, reporting), world)?;
    arguments.network.ask(&mut checks, &submission, &policy, world);
    // What a server said of a file holds for this run alone.
    let kept = arguments.keeping.file(&submission, world).filter(|_| !arguments.network.asks());
    // Said beside the report: what is kept changes nothing in it.
    if let Some(why) =
        kept.as_deref().filter(|_| !reporting.quiet).and_then(|kept| weft::cache_refused(kept, "--cache-dir"))
    {
        super::advise(&format!("weft: looked at every file anew: {}\n", weft::finding::printable(&why)));
    }
    let mut report = output::own_scan(&submission, &checks, &policy, world, kept.as_deref());
    if let Some(reference) = &arguments.baseline {
        let before = git::baseline(relative_to(&submission, world)?, reference, &submission.entries)?;
        let (known, _) = output::scan(&before, &checks, &policy, world, false);
        report.since(&known.findings, &policy, &checks.rules);
    }
    let mut context = output::context(&checks, &policy, reporting, &submission, world);
    context.explain = arguments.explain;
    context.existing = arguments.all;
    output::write(&report, &context, reporting)?;
    Ok(report.exit())
}

/// Whose confidential terms count: as for the settings, a range is judged by those of its base.
pub(super) fn listed<'a>(submission: &'a Submission, reporting: &'a Reporting) -> Listed<'a> {
    match (&submission.origin, &reporting.config) {
        (Origin::Range { trusted, head, .. }, None) => Listed::At { trusted, head },
        (_, config) => Listed::Own(config.as_deref()),
    }
}

/// What the paths of a submission are relative to: the root for a change, this folder for files.
fn relative_to<'w>(submission: &Submission, world: &'w World) -> Result<&'w Path> {
    let root = world.repository()?;
    Ok(if submission.origin == Origin::Tree || submission.origin == Origin::Reply {
        &world.here
    } else {
        root
    })
}

/// The most files around named ones that are listed: of a whole disk nothing is.
const AROUND: usize = 50_000;

impl Arguments {
    /// Lists the files around those that are named, around those of a patch, and around a reply. What git says of a change
    /// has them.
    fn around(&self, submission: &mut Submission, policy: &Policy, world: &World) -> Result<()> {
        // Files elsewhere have nothing to do with what lies around us.
        let below = |entry: &Entry| {
            let mut depth = 0i32;
            Path::new(&entry.path).components().all(|part| {
                depth += match part {
                    Component::Normal(_) => 1,
                    Component::CurDir => 0,
                    Component::ParentDir | Component::RootDir | Component::Prefix(_) => -1,
                };
                depth >= 0
            })
        };
        let stages = policy.gate.only;
        let root = match submission.origin {
            _ if !stages.code && !stages.deps => return Ok(()),
            // What a reply asks for may be declared there.
            Origin::Reply => match &world.repository {
                Some(root)
                    if stages.deps && submission.entries.iter().any(|entry| entry.role == Role::Reply) =>
                {
                    root
                }
                _ => return Ok(()),
            },
            Origin::Patch => world.repository.as_ref().unwrap_or(&world.here),
            // Outside of a repository nobody knows where a project ends.
            Origin::Tree
                if !self.paths.is_empty()
                    && world.repository.is_some()
                    && submission.entries.iter().all(below) =>
            {
                &world.here
            }
            _ => return Ok(()),
        };
        let found = ingest::tree::walk(&[PathBuf::from(".")], root, &policy.exclude, AROUND)?.entries;
        if found.len() < AROUND {
            submission.around = found;
        }
        Ok(())
    }

    /// Reads what the command line names, and the settings that count for it.
    fn subject(&self, world: &World) -> Result<(Submission, Policy)> {
        let reporting = &self.reporting;
        if let Some(range) = &self.change.range {
            return range_under_its_base(range, reporting, world);
        }
        let mut policy =
            reporting.apply(settings::own(world, reporting.config.as_deref())?, Trust::Own, world);
        policy.run.partial = !self.paths.is_empty() || self.change.staged || self.change.patch.is_some();
        let limit = policy.limits.file_bytes;
        let mut submission = if self.change.staged {
            git::staged(world.repository()?)?
        } else if let Some(patch) = &self.change.patch {
            let bytes = if patch.as_os_str() == "-" { standard_input(limit)? } else { read(world, patch)? };
            let root = world.repository.as_deref().unwrap_or(&world.here);
            let name = if patch.as_os_str() == "-" { "<stdin>".into() } else { patch.to_string_lossy() };
            ingest::patch(&bytes, &name, Some(&|path| inside(root, path, limit)))
        } else {
            return Ok((self.files(world, &policy)?, policy));
        };
        ingest::tree::exclude(&mut submission, &policy.exclude)?;
        // Of what is staged, git has told them.
        Ok((if self.change.staged { submission } else { with_links(submission, world) }, policy))
    }

    fn files(&self, world: &World, policy: &Policy) -> Result<Submission> {
        let most = policy.limits.files;
        let walk = |paths: &[PathBuf]| {
            let mut submission = ingest::tree::walk(paths, &world.here, &policy.exclude, most)?;
            tracked(&mut submission, paths, &policy.exclude, world);
            Ok(submission)
        };
        match self.paths.as_slice() {
            [] => walk(&[PathBuf::from(".")]),
            [path] if path.as_os_str() == "-" => {
                let reply = ingest::reply::stdin(standard_input(policy.limits.file_bytes)?);
                Ok(with_links(reply, world))
            }
            paths => Ok(with_links(walk(paths)?, world)),
        }
    }
}

/// Adds what git's index says of the files that keep secrets. When it cannot be read, that is said.
fn tracked(submission: &mut Submission, paths: &[PathBuf], exclude: &[String], world: &World) {
    if world.repository.is_some()
        && let Err(error) = git::track(&world.here, paths, exclude, submission)
    {
        let why = format!("whether git holds a settings file was not looked for: {error}");
        submission.notes.push(Note::new(NoteKind::NotChecked, "", why));
    }
}

/// Adds the symbolic links of the repository around us: what a reply or a patch writes may pass through one. When they
/// cannot be listed, that is said, since such a write would then pass unseen.
fn with_links(mut submission: Submission, world: &World) -> Submission {
    let writes = |entry: &Entry| entry.role == Role::Reply || entry.action != Action::Inspect;
    let Some(root) = world.repository.as_ref().filter(|_| submission.entries.iter().any(writes)) else {
        return submission;
    };
    match git::symlinks(root) {
        Ok(links) => submission.symlinks.extend(links),
        Err(error) => {
            let why = format!("writes through symbolic links were not looked for: {error}");
            submission.notes.push(Note::new(NoteKind::NotChecked, "", why));
        }
    }
    submission.symlinks.sort();
    submission.symlinks.dedup();
    submission
}

/// A plain file below `root` that a diff names; nothing that leads out, through a link, or is too long.
fn inside(root: &Path, path: &str, limit: u64) -> Option<Vec<u8>> {
    let mut file = root.to_path_buf();
    for part in Path::new(path).components() {
        let Component::Normal(name) = part else { return None };
        file.push(name);
        if file.symlink_metadata().ok()?.is_symlink() {
            return None;
        }
    }
    let metadata = file.symlink_metadata().ok()?;
    if metadata.is_file() && metadata.len() <= limit { std::fs::read(&file).ok() } else { None }
}

/// A range is judged by the settings of its base, since what is judged cannot judge itself; a file named on the
/// command line is the choice of whoever runs the gate.
pub(super) fn range_under_its_base(
    range: &str,
    reporting: &Reporting,
    world: &World,
) -> Result<(Submission, Policy)> {
    let root = world.repository()?;
    let mut submission = git::range(root, range)?;
    let policy = match (&reporting.config, &submission.origin) {
        (None, Origin::Range { trusted, .. }) => settings::at(root, trusted)?,
        (None, _) => Policy::default(),
        (Some(file), _) => settings::own(world, Some(file))?,
    };
    ingest::tree::exclude(&mut submission, &policy.exclude)?;
    Ok((submission, reporting.apply(policy, Trust::Gate, world)))
}

fn read(world: &World, path: &Path) -> Result<Vec<u8>> {
    std::fs::read(world.resolve(path)).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot read {}", path.display()))
            .because(error)
            .hint("name a readable file, or `-` for standard input")
    })
}

impl Reporting {
    /// The policy with what the command line overrides and what only the run knows.
    pub(super) fn apply(&self, mut policy: Policy, trust: Trust, world: &World) -> Policy {
        if let Some(severity) = self.fail_on {
            policy.gate.fail_on = severity;
        }
        if !self.only.is_empty() {
            let asked = |name: &str| self.only.iter().any(|stage| stage == name);
            let (secrets, code) = (asked("secrets"), asked("code"));
            policy.gate.only = Stages { secrets, code, effects: asked("effects"), deps: asked("deps") };
        }
        let today = Some(world.today());
        let (exit_zero, allow_incomplete) = (self.exit_zero, self.allow_incomplete);
        policy.run = Run { trust, today, exit_zero, allow_incomplete, partial: false };
        policy
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
