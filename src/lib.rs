#![doc = include_str!("README.md")]
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::print_stdout,
    clippy::print_stderr
)]

// Unit tests share tests/temp, which names the library from outside.
#[cfg(test)]
extern crate self as weft;

// Likewise the server that answers as a test tells it to.
#[cfg(test)]
#[path = "../tests/loopback/mod.rs"]
mod loopback;

pub mod analyze;
pub mod artifact;
mod cache;
pub mod deps;
pub mod effects;
pub mod error;
pub mod examples;
pub mod finding;
pub mod history;
pub mod ingest;
mod near;
pub mod network;
mod pass;
pub mod policy;
pub mod redact;
pub mod report;
pub mod review;
pub mod rule;
mod seen;
pub mod syntax;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use artifact::{Digest, Entry, Submission};
use cache::Cache;
use error::Result;
use finding::{Finding, Note};
use near::Near;
use pass::{First, Kept, each};
use policy::{Policy, Report};
use redact::Redacted;
use rule::RuleSet;
use seen::Seen;

/// What a text is redacted with: all that a prompt needs, ready in a few milliseconds.
pub struct TextChecks {
    /// What every report says of the checks themselves: what of the rules or terms could not be read.
    pub notes: Vec<Note>,
    redactor: redact::Redactor,
}

/// Everything a scan needs, compiled once: detectors, models, advisory facts.
pub struct Checks {
    /// The rules they were compiled from.
    pub rules: Arc<RuleSet>,
    texts: TextChecks,
    /// `None` where the run looks for secrets alone and does not wait for these.
    analyzer: Option<analyze::Analyzer>,
    dependencies: Option<deps::Dependencies>,
}

impl Checks {
    /// Compiles `rules`. `key` makes placeholders the same across runs. Errors: a rule or model is wrong. Patterns are
    /// compiled, and queries and models read, when a text needs them; see [`Checks::check`].
    pub fn new(rules: impl Into<Arc<RuleSet>>, key: Option<&[u8]>) -> Result<Self> {
        let rules = rules.into();
        Ok(Checks {
            texts: TextChecks::new(&rules, key)?,
            analyzer: Some(analyze::Analyzer::new(&rules)?),
            dependencies: Some(deps::Dependencies::new(&rules)?),
            rules,
        })
    }

    /// As [`Checks::new`], for a run of the stage `secrets` alone: what another stage needs is not compiled, and one that
    /// is asked for all the same is a note that it was not checked.
    pub fn of_secrets(rules: RuleSet, key: Option<&[u8]>) -> Result<Self> {
        let texts = TextChecks::new(&rules, key)?;
        Ok(Checks { texts, analyzer: None, dependencies: None, rules: Arc::new(rules) })
    }

    /// Tells the secrets of a run apart under `key`, which should be random and of this run alone: see
    /// [`finding::Mark`].
    pub fn marking(mut self, key: &[u8]) -> Self {
        self.texts.redactor = self.texts.redactor.marking(key);
        self
    }

    /// Looks packages up in these advisories instead of the built-in ones.
    pub fn with_databases(mut self, databases: deps::database::Databases) -> Self {
        self.dependencies = self.dependencies.map(|dependencies| dependencies.with_databases(databases));
        self
    }

    /// Has these advisories answer for these packages: a server was asked about them.
    pub fn prefer(&mut self, database: deps::database::Database, packages: &[deps::online::PackageVersion]) {
        if let Some(dependencies) = &mut self.dependencies {
            dependencies.prefer(database, packages.iter().map(|one| (one.ecosystem, one.name.clone())));
        }
    }

    /// Has registries asked about the names of packages.
    pub fn ask(&mut self, asking: deps::online::Asking) {
        if let Some(dependencies) = &mut self.dependencies {
            dependencies.ask(asking);
        }
    }

    /// Tells apart any two runs whose first passes may make something else of the same file: the engine, the rules, the
    /// settings it obeys. `None` when nothing may be kept.
    fn identity(&self, policy: &Policy) -> Option<Digest> {
        let redactor = self.redactor.identity()?;
        let stages = (self.analyzer.is_some(), self.dependencies.is_some(), policy.gate.only);
        let settings = format!("{stages:?} {} {:?}", policy.limits.file_bytes, policy.run.trust);
        let data =
            self.dependencies.as_ref().map(|dependencies| dependencies.databases().digest().to_string());
        let data = data.unwrap_or_default();
        let all =
            [env!("WEFT_ENGINE"), &self.rules.digest().to_string(), &redactor.to_string(), &settings, &data];
        Some(Digest::of(all.join("\n").as_bytes()))
    }

    /// Compiles every pattern and query now: for rules that come from outside. Errors: one does not compile.
    pub fn check(&self) -> Result<()> {
        self.texts.check()?;
        self.analyzer.as_ref().map_or(Ok(()), analyze::Analyzer::check)
    }
}

impl std::ops::Deref for Checks {
    type Target = TextChecks;

    fn deref(&self) -> &TextChecks {
        &self.texts
    }
}

impl std::ops::DerefMut for Checks {
    fn deref_mut(&mut self) -> &mut TextChecks {
        &mut self.texts
    }
}

impl TextChecks {
    /// Compiles the rules of `rules` for secrets and personal data. `key` makes placeholders the same across runs.
    /// Errors: a rule is wrong. Patterns are compiled when a text needs them; see [`TextChecks::check`].
    pub fn new(rules: &RuleSet, key: Option<&[u8]>) -> Result<Self> {
        Ok(TextChecks { redactor: redact::Redactor::new(rules, key)?, notes: Vec::new() })
    }

    /// Compiles every pattern now: for rules that come from outside. Errors: one does not compile.
    pub fn check(&self) -> Result<()> {
        self.redactor.check()
    }

    /// Looks for a team's own words too: [`policy::Policy::confidential`] lists them. Errors: the rules have none that
    /// reports them.
    pub fn set_terms(&mut self, terms: redact::Terms) -> Result<()> {
        self.redactor.set_terms(terms)
    }

    /// The same checks without the rules of these ids: a prompt keeps what they would replace.
    pub fn without(mut self, ids: &[&str]) -> Self {
        self.redactor.without(ids);
        self
    }

    /// A text of any length with every secret and piece of personal data replaced, as [`redact::Redactor::filter`].
    pub fn filter(
        &self,
        input: &redact::Spool,
        mode: redact::Mode,
        vault: Option<&mut redact::Vault>,
        folder: &std::path::Path,
    ) -> Result<redact::Filtered> {
        self.redactor.filter(input, mode, vault, folder)
    }

    /// A prompt with every secret and piece of personal data replaced, shown to be free of them. Errors: it is no text,
    /// or a form of a found secret would remain; nothing is given out then.
    pub fn redact_text(&self, bytes: &[u8]) -> Result<String> {
        self.redactor.redact_text(bytes)
    }
}

impl RuleSet {
    /// The digest of every rule and model, which a decision records.
    pub fn digest(&self) -> artifact::Digest {
        artifact::Digest::of(&postcard::to_allocvec(self).unwrap_or_default())
    }
}

/// The rules and models compiled into this binary.
pub fn built_in_rules() -> RuleSet {
    // The blob is written by build.rs from these very types, so it reads back; the test below holds that.
    postcard::from_bytes(include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"))).unwrap_or_default()
}

/// The whole scan: reads, redacts and checks each piece on `threads` threads, links what they share, and judges.
/// `keep` returns the redacted documents too, for a reviewer. The result does not depend on `threads`.
pub fn gate(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    threads: usize,
    keep: bool,
) -> (Report, Vec<Redacted>) {
    gate_watched(submission, checks, policy, threads, keep, &|_| ())
}

/// As [`gate`]; `watch` hears how many pieces have been read so far, from any thread.
pub fn gate_watched(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    threads: usize,
    keep: bool,
    watch: &(dyn Fn(usize) + Sync),
) -> (Report, Vec<Redacted>) {
    whole(submission, checks, policy, threads, None, keep, watch)
}

/// As [`gate_watched`], for a person's own scan: what the first pass makes of unchanged files is kept in the file at
/// `kept`, and taken from there. The result does not depend on what is in that file; a run under [`policy::Trust::Gate`]
/// leaves it alone, since whoever is judged could have written it.
pub fn scan_kept(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    threads: usize,
    kept: Option<&Path>,
    watch: &(dyn Fn(usize) + Sync),
) -> Report {
    let kept = kept.filter(|_| policy.run.trust == policy::Trust::Own);
    whole(submission, checks, policy, threads, kept, false, watch).0
}

/// The packages of a submission's lockfiles that may be asked about online, and how many may not: those of other
/// registries than the public ones, and those whose names the settings keep.
pub fn packages(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    threads: usize,
) -> (Vec<deps::online::PackageVersion>, usize) {
    let Some(dependencies) = checks.dependencies.as_ref().filter(|_| policy.gate.only.deps) else {
        return (Vec::new(), 0);
    };
    let private = deps::online::Private::new(&policy.deps.private);
    let own = submission.entries.iter().filter(|entry| deps::may_set_a_registry(&entry.path)).any(|entry| {
        let original = ingest::read(entry, &policy.limits.file_bytes);
        original.is_ok_and(|original| deps::sets_a_registry(&checks.redactor.redact(original).document))
    });
    let found = each(&submission.entries, threads, &|_| (), |entry| {
        if entry.role == artifact::Role::Code && !deps::reads(&entry.path) {
            return None;
        }
        // One that cannot be read is said where it is looked at.
        let original = ingest::read(entry, &policy.limits.file_bytes).ok()?;
        Some(dependencies.packages(&checks.redactor.redact(original).document, &private, own))
    });
    let (mut packages, mut kept) = (std::collections::BTreeSet::new(), 0);
    for (more, kept_there) in found.into_iter().flatten() {
        packages.extend(more);
        kept += kept_there;
    }
    (packages.into_iter().collect(), kept)
}

/// The packages of a submission's lockfiles.
pub fn inventory(submission: &Submission, checks: &Checks, policy: &Policy) -> deps::Inventory {
    let mut inventory = deps::Inventory::default();
    let locks = submission.entries.iter().filter(|entry| deps::is_lockfile(&entry.path));
    for entry in locks {
        // One that cannot be read is said where it is looked at.
        let Some(dependencies) = &checks.dependencies else { break };
        if let Ok(original) = ingest::read(entry, &policy.limits.file_bytes) {
            dependencies.list(&checks.redactor.redact(original).document, &mut inventory);
        }
    }
    inventory
}

/// Why [`scan_kept`] will not use what is kept at `kept`, as a clause with what to do: others may have written it.
/// `setting` is how a person names another place.
pub fn cache_refused(kept: &Path, setting: &str) -> Option<String> {
    cache::refused(kept, setting)
}

fn whole(
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    threads: usize,
    kept: Option<&Path>,
    keep: bool,
    watch: &(dyn Fn(usize) + Sync),
) -> (Report, Vec<Redacted>) {
    // A reply has no path that data could come to from there.
    let followed = policy.gate.only.code && submission.origin != artifact::Origin::Reply;
    let around = if followed { submission.still() } else { Vec::new() };
    let project = project(submission.entries.iter().chain(around.iter().copied()), checks, policy);
    let (symlinks, open) = (&submission.symlinks, !around.is_empty());
    let first = First { symlinks, checks, policy, project: &project, keep, asked_about: true, open };
    let cache = kept.and_then(|path| Cache::open(path, checks.identity(policy)?, &project));
    let seen = each(&submission.entries, threads, watch, |entry| match &cache {
        Some(cache) => first.read_kept(entry, cache),
        None => first.read(entry),
    });
    // What is kept is kept whole.
    let there = First { keep: false, asked_about: cache.is_some(), ..first };
    let near = near::near(&there, cache.as_ref(), (&submission.entries, &seen), &around, threads);
    if let Some(cache) = cache {
        // A full disk costs the next run its time, and nobody anything else.
        let _ = cache.save(!policy.run.partial);
    }
    // What the threads of the first pass gave back lies in heaps of theirs: new threads take these over, while this one
    // would ask for as much again.
    let held: Vec<_> =
        submission.entries.iter().zip(seen).map(|(at, one)| (at, Mutex::new(Some(one)))).collect();
    let seen = each(&held, threads, &|_| (), |(entry, held)| {
        let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
        held.and_then(|held| held.open(&entry.path))
    });
    drop(held);
    std::thread::scope(|scope| {
        let linking = scope.spawn(|| link(seen, near, submission, checks, policy));
        linking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What a look for secrets alone found in one piece.
pub struct Secrets {
    /// Judged under the settings and the piece's own allowances.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub notes: Vec<Note>,
}

/// Looks for secrets, and nothing else, in pieces of the past: one result an entry, in their order, whatever the number
/// of threads. Of a piece whose added lines are known only those count.
pub fn secrets(entries: &[Entry], checks: &Checks, policy: &Policy, threads: usize) -> Vec<Secrets> {
    let mut policy = policy.clone();
    policy.gate.only = policy::Stages { secrets: true, code: false, effects: false, deps: false };
    each(entries, threads, &|_| (), |entry| secrets_of(entry, checks, &policy))
}

fn secrets_of(entry: &Entry, checks: &Checks, policy: &Policy) -> Secrets {
    let original = match ingest::read(entry, &policy.limits.file_bytes) {
        Ok(original) => original,
        Err(note) => return Secrets { findings: Vec::new(), notes: vec![note] },
    };
    let redaction = checks.redactor.redact(original);
    let (document, mut notes) = (redaction.document, redaction.notes);
    if document.text().starts_with("version https://git-lfs.github.com/spec/") {
        let why = "is kept in Git LFS: what it points to was not looked at";
        notes.push(Note::new(finding::NoteKind::Unsupported, document.path(), why));
    }
    let secret = |finding: &Finding| {
        let region = finding.location.region;
        finding.secret.is_some() && document.added(region.start_line, region.end_line)
    };
    let mut findings: Vec<Finding> = redaction.findings.into_iter().filter(secret).collect();
    if !findings.is_empty() {
        document.sign_lines(&mut findings);
        let allowances = policy::allowances(&document, &checks.rules, policy.run.trust).0;
        findings = policy::judge_apart(findings, &allowances, policy, &checks.rules);
    }
    Secrets { findings, notes }
}

/// What the files of a submission can import from each other.
fn project<'e>(
    entries: impl Iterator<Item = &'e Entry> + Clone,
    checks: &Checks,
    policy: &Policy,
) -> analyze::Project {
    let mut project = analyze::Project::new(entries.clone().map(|entry| entry.path.as_str()));
    if !policy.gate.only.code {
        return project;
    }
    let mut read: Vec<&Entry> = entries.clone().filter(|entry| analyze::configures(&entry.path)).collect();
    // Those that others extend may have any name.
    for _ in 0..4 {
        for entry in read {
            // One that cannot be read is said where it is looked at.
            if let Ok(original) = ingest::read(entry, &policy.limits.file_bytes) {
                project.configure(&entry.path, checks.redactor.redact(original).document.text());
            }
        }
        let wanted = project.extended();
        if wanted.is_empty() {
            break;
        }
        read = entries.clone().filter(|entry| wanted.contains(&entry.path)).collect();
    }
    project.settle();
    project
}

fn link(
    seen: Vec<Kept>,
    near: Near,
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
) -> (Report, Vec<Redacted>) {
    let files = seen.len();
    let notes = submission.notes.iter().chain(&checks.notes).chain(&near.notes).cloned().collect();
    let mut all = Seen { notes, ..Seen::default() };
    let (mut code, mut packages, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut places = Vec::new();
    for (entry, one) in submission.entries.iter().zip(seen) {
        let Some(one) = one else { continue };
        places.push(entry);
        all.findings.extend(one.findings);
        all.notes.extend(one.notes);
        all.allowances.extend(one.allowances);
        code.push(one.code);
        packages.push(one.packages);
        kept.extend(one.kept);
    }
    let (own, mut theirs) = (places.len(), Vec::new());
    for (entry, one) in near.entries.iter().zip(near.seen) {
        places.push(entry);
        code.push(one.code);
        theirs.extend(one.allowances);
    }
    let open = |index: usize| {
        let original = ingest::read(places.get(index)?, &policy.limits.file_bytes).ok()?;
        Some(checks.redactor.redact(original).document)
    };
    let code = checks.analyzer.as_ref().map(|analyzer| analyzer.link(code, own, &open));
    let names = checks.dependencies.as_ref().map(|dependencies| {
        let documents: Vec<&str> = places.iter().take(own).map(|entry| entry.path.as_str()).collect();
        let still = std::cell::OnceCell::new();
        let still = || still.get_or_init(|| submission.still()).as_slice();
        let around = || still().iter().map(|entry| entry.path.as_str()).collect();
        let open_around = |index: usize| {
            let original = ingest::read(still().get(index)?, &policy.limits.file_bytes).ok()?;
            Some(checks.redactor.redact(original).document)
        };
        let project = deps::names::Project {
            documents: &documents,
            around: &around,
            open: &open,
            open_around: &open_around,
        };
        packages.extend(dependencies.included(&packages, &project));
        let mut names = dependencies.link_names(&packages, &project);
        names.notes.extend(deps::names::unchecked(&names.unknown));
        names
    });
    let used = names.as_ref().map(|names| names.used.clone()).unwrap_or_default();
    let names = names.map(|names| (names.findings, names.notes));
    let of_days = |dependencies: &deps::Dependencies| dependencies.data_of(packages.iter(), &used);
    let data = checks.dependencies.as_ref().map(of_days).unwrap_or_default();
    let packages = checks.dependencies.as_ref().map(|dependencies| dependencies.link(packages));
    for (findings, notes) in code.into_iter().chain(names).chain(packages) {
        all.findings.extend(findings);
        all.notes.extend(notes);
    }
    if checks.analyzer.is_some() && policy.gate.only.code {
        let code = |entry: &&artifact::Entry| {
            entry.role == artifact::Role::Code && entry.action != artifact::Action::Delete
        };
        all.notes.extend(analyze::left_out(
            submission.entries.iter().filter(code).map(|entry| entry.path.as_str()),
        ));
    }
    // Of files that nobody asked about, only what allows something here is told.
    let reported = |path: &str| all.findings.iter().any(|finding| finding.location.path == path);
    theirs.retain(|allowance| reported(&allowance.path));
    all.allowances.extend(theirs);
    policy::standing(submission.entries.iter().chain(&near.entries), &mut all.findings);
    policy::practice(submission, &mut all.findings, &checks.rules);
    let mut report = policy::judge(all.findings, all.notes, &all.allowances, files, policy, &checks.rules);
    report.dated(data.into_iter().map(|(of, day)| (of.name().to_owned(), day)), policy, &checks.rules);
    (report, kept)
}

#[cfg(test)]
mod tests {
    #[test]
    fn compiled_rules_read_back() {
        assert!(!super::built_in_rules().rules.is_empty());
    }
}
