//! `weft scan --history`: every secret that was ever committed, once, with its age and what became of it. And what the
//! commits of a range bring that its end no longer has.

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;
use weft::Checks;
use weft::artifact::{Origin, Submission};
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::{Confidence, Finding, Mark, Note, NoteKind, Past, SecretFact, Standing, printable};
use weft::ingest::git::{self, Bounds, Fate, Piece, Reach};
use weft::policy::{Policy, Report, Stages, Trust};

use super::scan::Reporting;
use super::world::{World, person_watches};
use super::{output, settings};

/// How many pieces are read before the next are listed.
const AT_ONCE: usize = 4096;
/// The most secrets of one history: what is beyond is not told apart any more.
const MOST: usize = 50_000;
/// The most other places of one secret that are named.
const ALSO: usize = 5;
/// The most notes of pieces that weft does not support.
const UNSUPPORTED: usize = 100;

/// Scans the past of the repository around us. `range`: a revision or `A..B`, nothing for HEAD; `all`: every ref.
pub(super) fn run(range: &str, all: bool, reporting: &Reporting, world: &World) -> Result<Exit> {
    if reporting.only.iter().any(|stage| stage != "secrets") {
        return Err(Error::new(ErrorKind::Usage, "a history is searched for secrets alone")
            .hint("leave out --only; a tree or a change is scanned by the other stages"));
    }
    let root = world.repository()?;
    let mut policy = reporting.apply(settings::own(world, reporting.config.as_deref())?, Trust::Own, world);
    policy.gate.only = Stages { secrets: true, code: false, effects: false, deps: false };
    policy.run.partial = true;
    let checks = settings::checks(world, reporting.rules.as_deref())?;
    let reach = match (all, range) {
        (true, _) => Reach::All,
        (false, "") => Reach::Revisions("HEAD".to_owned()),
        (false, range) => Reach::Revisions(range.to_owned()),
    };
    let mut past = git::past(root, &reach, &bounds(&policy))?;
    let found = search(&mut past, &checks, &policy, world);
    let pieces = past.pieces();
    let (findings, notes) = found.tell(&mut past, &checks, &policy, world);
    let report = weft::policy::judge(findings, notes, &[], pieces, &policy, &checks.rules);
    let submission = Submission {
        origin: Origin::Tree,
        entries: Vec::new(),
        notes: Vec::new(),
        provenance: Default::default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    };
    let mut context = output::context(&checks, &policy, reporting, &submission, world);
    context.source.root = Some(root.display().to_string());
    output::write(&report, &context, reporting)?;
    Ok(report.exit())
}

/// Adds to the report of a range the secrets that one of its commits brings and a later one removes: they are pushed
/// with it all the same. What cannot be looked at becomes a note.
pub(super) fn passing(
    report: &mut Report,
    submission: &Submission,
    checks: &Checks,
    policy: &Policy,
    world: &World,
) {
    let Origin::Range { base, head, .. } = &submission.origin else { return };
    if !policy.gate.only.secrets {
        return;
    }
    let walked =
        world.repository().and_then(|root| Ok((root, git::passing(root, (base, head), &bounds(policy))?)));
    let (root, mut past) = match walked {
        Ok(walked) => walked,
        Err(error) => {
            let why = format!("the commits of the range were not looked at one by one: {error}");
            report.add(Vec::new(), vec![Note::new(NoteKind::NotChecked, "", why)], policy, &checks.rules);
            return;
        }
    };
    let found = search(&mut past, checks, policy, world);
    let mut known: BTreeSet<Mark> = report.findings.iter().filter_map(mark).collect();
    let before = |path: &str| match base.as_str() {
        git::NO_COMMIT => BTreeSet::new(),
        base => marks_at(root, base, path, checks, policy),
    };
    for group in &found.groups {
        if let (None, Some(mark)) = (&group.message, mark(&group.finding))
            && before(&group.finding.location.path).contains(&mark)
        {
            known.insert(mark);
        }
    }
    let (findings, notes) = found.tell_passing(&mut past, &known, checks, world);
    report.add(findings, notes, policy, &checks.rules);
}

fn bounds(policy: &Policy) -> Bounds {
    let by_path = policy.allow.iter().any(|entry| entry.path.is_some());
    Bounds { exclude: policy.exclude.clone(), most: policy.limits.files, by_path }
}

/// The secrets of a file as it was at a commit.
fn marks_at(
    root: &std::path::Path,
    commit: &str,
    path: &str,
    checks: &Checks,
    policy: &Policy,
) -> BTreeSet<Mark> {
    let Ok(Some(bytes)) = git::blob_at(root, commit, path) else { return BTreeSet::new() };
    let content = weft::artifact::Content::Bytes(bytes.into());
    let entry = weft::artifact::Entry::new(
        path,
        weft::artifact::Role::Code,
        weft::artifact::Action::Inspect,
        content,
    );
    let found = weft::secrets(&[entry], checks, policy, 1);
    found.iter().flat_map(|one| &one.findings).filter_map(mark).collect()
}

fn mark(finding: &Finding) -> Option<Mark> {
    finding.secret.as_ref().and_then(|secret| secret.mark)
}

/// Reads all pieces of the past and groups their secrets.
fn search(past: &mut git::Past, checks: &Checks, policy: &Policy, world: &World) -> Found {
    let (commits, _) = past.progress();
    let bar = if person_watches() { ProgressBar::new(commits as u64) } else { ProgressBar::hidden() };
    let mut found = Found::default();
    while let Some(pieces) = past.next(AT_ONCE) {
        let (origins, entries): (Vec<Place>, Vec<_>) = pieces.into_iter().map(split).unzip();
        for (place, seen) in origins.iter().zip(weft::secrets(&entries, checks, policy, world.threads)) {
            found.notes(seen.notes);
            for finding in seen.findings {
                found.add(finding, place);
            }
        }
        bar.set_position(past.progress().1 as u64);
    }
    bar.finish_and_clear();
    found
}

fn split(piece: Piece) -> (Place, weft::artifact::Entry) {
    let message = piece.blob.is_none().then(|| piece.entry.path.clone());
    (Place { commit: piece.commit, blob: piece.blob, message }, piece.entry)
}

/// Where a piece of the past comes from.
struct Place {
    commit: usize,
    blob: Option<String>,
    message: Option<String>,
}

/// One secret with every place it was found at.
struct Group {
    /// At the first place that nothing allows, else at the first.
    finding: Finding,
    /// The number of the commit that it came in with.
    commit: usize,
    blobs: BTreeSet<String>,
    /// A message or a name that holds it: it stays as long as its commit does.
    message: Option<String>,
    /// The first line of each path.
    paths: BTreeMap<String, u32>,
    versions: usize,
}

/// What a search found.
#[derive(Default)]
struct Found {
    groups: Vec<Group>,
    known: BTreeMap<Mark, usize>,
    notes: BTreeSet<Note>,
    unsupported: usize,
    beyond: usize,
    /// Whether a name of a file holds a secret: then paths are masked before they are shown.
    names: bool,
}

impl Found {
    fn notes(&mut self, notes: Vec<Note>) {
        for note in notes {
            match note.kind {
                NoteKind::NotChecked | NoteKind::Partial => drop(self.notes.insert(note)),
                NoteKind::Unsupported if self.unsupported < UNSUPPORTED => {
                    self.unsupported += usize::from(self.notes.insert(note));
                }
                NoteKind::Unsupported => self.unsupported += 1,
                NoteKind::Info => {}
            }
        }
    }

    fn add(&mut self, finding: Finding, place: &Place) {
        let mark = mark(&finding);
        let index = mark.and_then(|mark| self.known.get(&mark).copied());
        self.names |= place.message.as_ref().is_some_and(|path| path.starts_with("<names"));
        let index = match index {
            Some(index) => index,
            None if self.groups.len() >= MOST => {
                self.beyond += 1;
                return;
            }
            None => {
                self.known.extend(mark.map(|mark| (mark, self.groups.len())));
                self.groups.push(Group {
                    finding: finding.clone(),
                    commit: place.commit,
                    blobs: BTreeSet::new(),
                    message: None,
                    paths: BTreeMap::new(),
                    versions: 0,
                });
                self.groups.len() - 1
            }
        };
        let group = &mut self.groups[index];
        if group.finding.standing != Standing::New && finding.standing == Standing::New {
            group.finding = finding.clone();
        }
        group.commit = group.commit.min(place.commit);
        match &place.blob {
            Some(blob) => group.versions += usize::from(group.blobs.insert(blob.clone())),
            None => group.versions += usize::from(!group.paths.contains_key(&finding.location.path)),
        }
        if let (None, Some(message)) = (&group.message, &place.message) {
            group.message = Some(message.clone());
        }
        group.paths.entry(finding.location.path).or_insert(finding.location.region.start_line);
    }

    /// The findings of a whole history: each secret with its fate, and those that are old.
    fn tell(
        mut self,
        past: &mut git::Past,
        checks: &Checks,
        policy: &Policy,
        world: &World,
    ) -> (Vec<Finding>, Vec<Note>) {
        let blobs: Vec<BTreeSet<String>> =
            self.groups.iter_mut().map(|group| std::mem::take(&mut group.blobs)).collect();
        let fates = past.fates(&blobs);
        let most = i64::from(policy.secrets.max_age_days);
        let shown = Shown { checks, names: self.names };
        let mut findings = Vec::new();
        for (group, fate) in std::mem::take(&mut self.groups).into_iter().zip(fates) {
            let (told, days) = group.fate(past, &fate, &shown, world);
            let mut finding = group.finding;
            finding.location.path = shown.path(&finding.location.path);
            finding.message += &ending(&told, group.message.is_some());
            if let Some(secret) = &mut finding.secret {
                secret.past = Some(told.clone());
            }
            let old = most > 0
                && days > most
                && finding.confidence != Confidence::Low
                && finding.standing == Standing::New;
            findings.extend(old.then(|| aged(&finding, days, checks)).flatten());
            findings.push(finding);
        }
        (findings, self.remarks(past))
    }

    /// The findings of the commits between the ends of a range, without those that are known.
    fn tell_passing(
        mut self,
        past: &mut git::Past,
        known: &BTreeSet<Mark>,
        checks: &Checks,
        world: &World,
    ) -> (Vec<Finding>, Vec<Note>) {
        let shown = Shown { checks, names: self.names };
        let mut findings = Vec::new();
        for group in std::mem::take(&mut self.groups) {
            if mark(&group.finding).is_some_and(|mark| known.contains(&mark)) {
                continue;
            }
            let (told, _) = group.fate(past, &Fate::default(), &shown, world);
            let mut finding = group.finding;
            let stays = if group.message.is_some() { "which stays" } else { "removed later" };
            finding.location.path = shown.path(&finding.location.path);
            finding.message += &format!(" (in commit {:.10}, {stays})", told.commit);
            if let Some(secret) = &mut finding.secret {
                secret.past = Some(told);
            }
            findings.push(finding);
        }
        (findings, self.remarks(past))
    }

    fn remarks(self, past: &mut git::Past) -> Vec<Note> {
        let mut notes = past.notes();
        let shown = self.unsupported.saturating_sub(UNSUPPORTED);
        if shown > 0 {
            let why = format!("{shown} more files are not text, or not here, and were not searched");
            notes.push(Note::new(NoteKind::Info, "", why));
        }
        if self.beyond > 0 {
            let why = format!("more than {MOST} secrets: {} more places are not listed", self.beyond);
            notes.push(Note::new(NoteKind::NotChecked, "", why));
        }
        notes.extend(self.notes);
        notes
    }
}

impl Group {
    /// What is known of the secret's past, and how many days ago it began.
    fn fate(&self, past: &git::Past, fate: &Fate, shown: &Shown<'_>, world: &World) -> (Past, i64) {
        let moment = past.moment(self.commit);
        let day = moment.as_ref().and_then(|moment| jiff::Timestamp::from_second(moment.seconds).ok());
        let days = day.map_or(0, |day| (world.now.as_second() - day.as_second()).div_euclid(86_400));
        let first = &self.finding.location.path;
        let others = self.paths.iter().filter(|(path, _)| *path != first);
        let mut also: Vec<String> = others
            .take(ALSO)
            .map(|(path, line)| printable(&format!("{}:{line}", shown.path(path))))
            .collect();
        let more = self.paths.len().saturating_sub(1 + ALSO);
        also.extend((more > 0).then(|| format!("{more} more")));
        let mut still: Vec<String> = if fate.here.is_empty() { &fate.tips } else { &fate.here }
            .iter()
            .map(|path| shown.path(path))
            .collect();
        still.extend(self.message.as_deref().map(printable));
        let told = Past {
            commit: moment.as_ref().map(|moment| moment.id.clone()).unwrap_or_default(),
            date: day.map(|day| day.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()).unwrap_or_default(),
            author: moment.map(|moment| moment.author).unwrap_or_default(),
            paths: self.paths.len(),
            versions: self.versions,
            also,
            still,
            removed: fate.removed.clone(),
        };
        (told, days)
    }
}

/// How the message of a finding ends.
fn ending(past: &Past, message: bool) -> String {
    match &past.removed {
        _ if message => ", in a message or name that stays".to_owned(),
        Some(commit) if past.still.is_empty() => format!(", removed in {commit:.10}, still in the history"),
        Some(commit) => format!(", removed in {commit:.10}, still on another ref"),
        None if past.still.is_empty() => ", in no newest commit, still in the history".to_owned(),
        None => ", still there".to_owned(),
    }
}

/// The finding that a secret is old.
fn aged(finding: &Finding, days: i64, checks: &Checks) -> Option<Finding> {
    let rule = checks.rules.get("key-age")?;
    let kind = finding.secret.as_ref().map_or("secret", |secret: &SecretFact| secret.kind.as_str());
    Some(Finding {
        rule: rule.id.clone(),
        message: rule.message.replace("{kind}", kind).replace("{days}", &days.to_string()),
        severity: rule.severity,
        cwe: rule.cwe.clone(),
        advice: rule.advice.clone(),
        ..finding.clone()
    })
}

/// How paths are shown: one that holds a secret is masked.
struct Shown<'a> {
    checks: &'a Checks,
    names: bool,
}

impl Shown<'_> {
    fn path(&self, path: &str) -> String {
        if !self.names {
            return path.to_owned();
        }
        let masked = self.checks.redact_text(path.as_bytes());
        masked.unwrap_or_else(|_| "<a path that holds a secret>".to_owned())
    }
}
