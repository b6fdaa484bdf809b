//! A proposal: what somebody wants committed, read from where it is and scanned now. `submit` queues it, `approve` and
//! `commit` read it again, since what the queue says about itself is not believed.

use std::path::{Component, Path, PathBuf};

use weft::Checks;
use weft::artifact::{Digest, Entry, Origin, Original, Role, Subject, Submission};
use weft::error::{Error, ErrorKind, Result};
use weft::finding::printable;
use weft::history::Queue;
use weft::ingest::{self, git};
use weft::policy::{Policy, Report, Stages};
use weft::redact::Redacted;
use weft::report::{self, Context, Format};
use weft::review::{self, Actor, Blocker, Digests, Draft, ItemState, ReviewItem, Source, Step};

use super::world::World;
use super::{output, settings};

/// Where the bytes of a proposal are.
pub(super) enum Place {
    /// A reply, with the path it is shown under, and its source.
    Reply(Box<Submission>, Source),
    /// The index.
    Staged,
    /// Blobs that a waiting item names.
    Blobs(Subject),
    /// Commits that are there already, and whose settings count when it is not the range that says so.
    Range(String, Option<String>),
}

/// A proposal, scanned.
pub(super) struct Proposal {
    pub(super) source: Source,
    pub(super) subject: Subject,
    pub(super) report: Report,
    pub(super) submission: Submission,
    /// The redacted documents of the submission.
    pub(super) documents: Vec<Redacted>,
    /// The reply as it came and the files it would write, when the bytes are in no git object yet.
    pub(super) originals: Vec<Original>,
    /// The commits of a range, each with what it changes.
    pub(super) steps: Vec<Step>,
    /// Who wrote them.
    pub(super) authors: Vec<String>,
    /// The commit it was made against.
    pub(super) base: String,
    /// The settings of the base, as a gate applies them.
    pub(super) policy: Policy,
    /// Digests of settings, rules and SARIF log.
    pub(super) digests: Digests,
    /// The SARIF log.
    pub(super) sarif: Vec<u8>,
}

/// Reads and scans a proposal against `base`, under the settings that `judged` makes of those of the base.
pub(super) fn read(
    place: Place,
    base: &str,
    checks: &mut Checks,
    world: &World,
    judged: &dyn Fn(Policy) -> Policy,
) -> Result<Proposal> {
    let root = world.repository()?;
    let (submission, source, subject, originals) = match place {
        Place::Reply(submission, source) => {
            let submission = submitted(*submission)?;
            let policy = judged(settings::at(root, base)?);
            let reply = reply_of(&submission, policy.limits.file_bytes)?;
            let files = ingest::applied(&reply);
            let subject = git::reply_changes(root, base, &files)?;
            (submission, source, subject, std::iter::once(reply).chain(files).collect())
        }
        Place::Staged => (git::staged(root)?, Source::Staged, git::staged_changes(root)?, Vec::new()),
        Place::Blobs(subject) => (git::proposed(root, base, &subject)?, Source::Staged, subject, Vec::new()),
        Place::Range(range, tip) => {
            let mut submission = git::range(root, &range)?;
            let Origin::Range { base, trusted, head } = &mut submission.origin else {
                return Err(Error::new(ErrorKind::Bug, "a range without ends"));
            };
            if let Some(tip) = tip {
                *trusted = tip;
            }
            let (base, head) = (base.clone(), head.clone());
            let subject = git::changes(root, &base, &head)?;
            (submission, Source::Range { head }, subject, Vec::new())
        }
    };
    let (base, trusted, head) = match &submission.origin {
        Origin::Range { base, trusted, head } => (base.clone(), trusted.clone(), head.clone()),
        _ => (base.to_owned(), base.to_owned(), base.to_owned()),
    };
    let (steps, authors) = steps(root, &source, &base)?;
    let policy = judged(settings::at(root, &trusted)?);
    let listed = settings::Listed::At { trusted: &trusted, head: &head };
    settings::confidential(checks, &policy, &listed, world)?;
    let (report, documents) = output::scan(&submission, checks, &policy, world, true);
    let sarif = log(&report, checks, &policy)?;
    let digests = digests(root, &trusted, checks, &sarif)?;
    Ok(Proposal {
        source,
        subject,
        report,
        submission,
        documents,
        originals,
        steps,
        authors,
        base,
        policy,
        digests,
        sarif,
    })
}

/// Reads a waiting item's bytes again from where they are, and scans them.
pub(super) fn again(
    item: &ReviewItem,
    kept: Vec<Original>,
    checks: &mut Checks,
    world: &World,
) -> Result<Proposal> {
    let place = match &item.source {
        Source::Staged => Place::Blobs(item.subject.clone()),
        Source::Range { head } => {
            let range = match item.about.base.as_str() {
                git::NO_COMMIT => head.clone(),
                base => format!("{base}..{head}"),
            };
            // What the branch is judged by is what it would be merged into, as in a gate.
            let tip = git::resolve(world.repository()?, &item.about.target)?;
            Place::Range(range, Some(tip))
        }
        Source::Reply { path } => reply_inside(path, world)?,
        Source::Input => {
            let missing = || {
                Error::new(ErrorKind::Mismatch, format!("the original of item {} is not on this machine", item.about.item))
                    .hint("it came from standard input and waits where it was submitted: decide there, or submit it again")
            };
            let reply = kept.into_iter().next().ok_or_else(missing)?;
            Place::Reply(Box::new(ingest::reply::of(reply)), Source::Input)
        }
    };
    read(place, &item.about.base, checks, world, &|policy| under_gate(policy, world))
}

/// The settings as a gate applies them, with nothing overridden.
pub(super) fn under_gate(mut policy: Policy, world: &World) -> Policy {
    policy.run.today = Some(world.today());
    policy
}

/// A reply in a file. One inside the code or history repository stays there and is read again; any other is kept like
/// standard input.
pub(super) fn reply_file(file: &Path, world: &World) -> Result<Place> {
    let most = Policy::default().limits.files;
    let submission = ingest::tree::walk(&[file.to_path_buf()], &world.here, &[], most)?;
    let absolute = world.resolve(file);
    let absolute = absolute.canonicalize().unwrap_or(absolute);
    let roots = roots(world)?;
    let inside = roots.iter().find_map(|root| relative(absolute.strip_prefix(root).ok()?));
    let source = inside.map_or(Source::Input, |path| Source::Reply { path });
    Ok(Place::Reply(Box::new(submission), source))
}

/// The reply that a waiting item names: it may name a file of the code or history repository only, since whoever pushed
/// the item chose the path.
fn reply_inside(path: &str, world: &World) -> Result<Place> {
    let refused = |why: &str| {
        Error::new(ErrorKind::Mismatch, format!("the reply of this item, {}, {why}", printable(path)))
            .hint("a reply is read again from the code or history repository only: have it submitted again")
    };
    if relative(Path::new(path)).as_deref() != Some(path) {
        return Err(refused("is no plain path inside a repository"));
    }
    let places = roots(world)?.into_iter().map(|root| (root.join(path), root));
    let (file, root) =
        places.into_iter().find(|(file, _)| file.is_file()).ok_or_else(|| refused("is not there"))?;
    if !file.canonicalize().is_ok_and(|file| file.starts_with(&root)) {
        return Err(refused("leads out of the repository"));
    }
    let submission = ingest::tree::walk(&[file], &world.here, &[], Policy::default().limits.files)?;
    Ok(Place::Reply(Box::new(submission), Source::Reply { path: path.to_owned() }))
}

/// The work trees of the code and the history repository.
fn roots(world: &World) -> Result<Vec<PathBuf>> {
    let root = world.repository()?;
    let history = history(&settings::at(root, "HEAD")?, root);
    Ok(std::iter::once(root.to_path_buf())
        .chain(history)
        .filter_map(|root| root.canonicalize().ok())
        .collect())
}

/// The path with `/`, when it only goes down and not into git's own folder.
fn relative(path: &Path) -> Option<String> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => {
            name.to_str().filter(|name| !name.eq_ignore_ascii_case(".git")).map(str::to_owned)
        }
        _ => None,
    };
    let parts = path.components().map(name).collect::<Option<Vec<_>>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What the submitter says of a proposal.
pub(super) struct Said<'a> {
    pub(super) feature: String,
    pub(super) agent: String,
    pub(super) target: String,
    pub(super) submitter: Actor,
    pub(super) prompt: Option<&'a Redacted>,
    pub(super) nonce: String,
}

/// The item that a proposal makes: what waits, and what a reviewer's machine compares it with.
pub(super) fn item(
    proposal: &Proposal,
    said: Said<'_>,
    queue: &Queue,
    checks: &Checks,
    world: &World,
) -> Result<ReviewItem> {
    let before = before(proposal, checks, world)?;
    let is_reply = !proposal.originals.is_empty();
    let root = if proposal.base == git::NO_COMMIT { queue.target()?.1 } else { proposal.base.clone() };
    ReviewItem::new(Draft {
        subject: proposal.subject.clone(),
        feature: said.feature,
        agent: said.agent,
        source: proposal.source.clone(),
        repository: queue.repository(&root)?,
        target: said.target,
        base: proposal.base.clone(),
        submitter: said.submitter,
        authors: proposal.authors.clone(),
        prompt: said.prompt,
        reply: proposal.documents.iter().find(|_| is_reply),
        before: &before,
        after: if is_reply { &[] } else { &proposal.documents },
        steps: proposal.steps.clone(),
        report: proposal.report.clone(),
        policy: &proposal.policy,
        rules: &checks.rules,
        digests: proposal.digests.clone(),
        nonce: said.nonce,
    })
}

/// Checks that an item shows what its bytes are, read and scanned now; findings get the names they have in the item.
pub(super) fn same(
    (shown, state, sarif): (&ReviewItem, &ItemState, &[u8]),
    now: &mut Proposal,
    queue: &Queue,
    checks: &Checks,
    world: &World,
) -> Result<()> {
    if matches!(shown.source, Source::Input | Source::Reply { .. }) {
        rename(&mut now.report, &now.submission, &shown.report);
    }
    let said = Said {
        feature: shown.feature.clone(),
        agent: shown.agent.clone(),
        target: shown.about.target.clone(),
        submitter: shown.submitter.clone(),
        prompt: None,
        nonce: String::new(),
    };
    let read = item(now, said, queue, checks, world)?;
    review::same(shown, state, &read, &Blocker::of(&now.report, &now.policy, &checks.rules))?;
    review::same_log(shown, sarif, &log(&now.report, checks, &now.policy)?)
}

/// A reply is shown under the path it was submitted by, which is another where it is read again.
fn rename(report: &mut Report, submission: &Submission, shown: &Report) {
    let Some(here) = submission.entries.first().map(|entry| entry.path.clone()) else { return };
    let places = report.findings.iter().map(|finding| &finding.location.path);
    let noted = report.notes.iter().map(|note| &note.path);
    let found = places.zip(shown.findings.iter().map(|finding| &finding.location.path));
    let mut pairs = found.chain(noted.zip(shown.notes.iter().map(|note| &note.path)));
    let Some(there) = pairs.find(|(path, _)| **path == here).map(|(_, there)| there.clone()) else { return };
    let rename = |path: &mut String| {
        if *path == here {
            path.clone_from(&there);
        }
    };
    for finding in &mut report.findings {
        rename(&mut finding.location.path);
        finding.trace.iter_mut().for_each(|step| rename(&mut step.location.path));
    }
    report.notes.iter_mut().for_each(|note| rename(&mut note.path));
}

/// The redacted documents of the subject's paths before the change. Nothing but redaction runs.
fn before(proposal: &Proposal, checks: &Checks, world: &World) -> Result<Vec<Redacted>> {
    let root = world.repository()?;
    if proposal.base == git::NO_COMMIT {
        return Ok(Vec::new());
    }
    let paths = proposal.subject.changes.iter().filter(|change| change.old.is_some());
    let entries: Vec<Entry> = paths
        .map(|change| {
            let nothing = weft::artifact::Content::Bytes(Vec::new().into());
            Entry::new(&change.path, Role::Code, weft::artifact::Action::Inspect, nothing)
        })
        .collect();
    let old = git::baseline(root, &proposal.base, &entries)?;
    let mut policy = proposal.policy.clone();
    policy.gate.only = Stages { secrets: false, code: false, effects: false, deps: false };
    Ok(output::scan(&old, checks, &policy, world, true).1)
}

/// Whoever submits a text says that it is an output: its fences are judged as those of a reply, whatever its front
/// matter says.
fn submitted(mut submission: Submission) -> Result<Submission> {
    match submission.entries.as_mut_slice() {
        [entry] => {
            entry.role = Role::Reply;
            Ok(submission)
        }
        _ => Err(Error::new(ErrorKind::Usage, "one reply is submitted at a time")
            .hint("name one file, or submit a change with `--staged` or `--range A..B`")),
    }
}

fn reply_of(submission: &Submission, limit: u64) -> Result<Original> {
    let entry = &submission.entries[0];
    let reply = ingest::read(entry, &limit).map_err(|note| Error::new(ErrorKind::Io, note.message))?;
    if reply.fences.iter().any(|fence| fence.upstream && fence.path.is_some()) {
        return Ok(reply);
    }
    Err(Error::new(
        ErrorKind::Usage,
        format!("{} is no agent's reply: no fence of it names a `path=`", entry.path),
    )
    .hint("submit a change with `--staged` or `--range A..B`"))
}

fn steps(root: &Path, source: &Source, base: &str) -> Result<(Vec<Step>, Vec<String>)> {
    let Source::Range { head } = source else { return Ok(Default::default()) };
    let (mut steps, mut authors) = (Vec::new(), Vec::new());
    for (commit, names) in git::commits(root, base, head)? {
        let parent = git::first_parent(root, &commit)?.unwrap_or_else(|| git::NO_COMMIT.to_owned());
        steps.push(Step { changes: git::changes(root, &parent, &commit)?, commit });
        authors.extend(names);
    }
    authors.sort();
    authors.dedup();
    Ok((steps, authors))
}

fn log(report: &Report, checks: &Checks, policy: &Policy) -> Result<Vec<u8>> {
    let mut sarif = Vec::new();
    output::written(
        "the SARIF log",
        report::write(report, &Context::new(&checks.rules, policy), Format::Sarif, &mut sarif),
    )?;
    Ok(sarif)
}

fn digests(root: &Path, base: &str, checks: &Checks, sarif: &[u8]) -> Result<Digests> {
    let settings = match base {
        git::NO_COMMIT => None,
        base => git::blob_at(root, base, settings::FILE)?,
    };
    Ok(Digests {
        policy: Digest::of(&settings.unwrap_or_default()).to_string(),
        rules: checks.rules.digest().to_string(),
        sarif: Digest::of(sarif).to_string(),
    })
}

/// The history repository that the settings name, when it is not the code repository.
pub(super) fn history(policy: &Policy, root: &Path) -> Option<PathBuf> {
    policy.history.path.as_ref().map(|path| root.join(path))
}
