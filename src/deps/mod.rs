//! Redacted -> Findings: packages of manifests and lockfiles against advisories, each at its line.

mod advisory;
pub mod database;
mod lockfile;
mod manifest;
mod osv;
mod rustsec;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::artifact::{Action, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Advisory, Finding, Note, NoteKind, Severity};
use crate::redact::{Redacted, View};
use crate::rule::{Rule, RuleSet};
use advisory::{Match, Verdict};
use database::{Database, Kind};
use lockfile::{Format, Package, Problem};

pub use version::Ecosystem;

/// The most problems of one file that are listed one by one.
const PROBLEMS: usize = 20;

/// What is kept of one document when its text is dropped.
#[derive(Debug, Default)]
pub struct Facts {
    /// Advisories and weaknesses that need no other document.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub notes: Vec<Note>,
    /// The ecosystems whose data was asked.
    used: BTreeSet<Ecosystem>,
    /// The paths of its lockfiles.
    locks: Vec<String>,
}

/// The advisory data and rules. One serves all threads.
pub struct Dependencies {
    pages: Pages,
    database: Option<Database>,
}

/// The pages of `rules/deps`.
struct Pages {
    vulnerable: Rule,
    informational: Rule,
    unpinned: Rule,
    unlocked: Rule,
}

impl Dependencies {
    /// Takes the pages of `rules/deps`. The built-in facts are unpacked when the first lockfile is met. Errors: a page is
    /// missing.
    pub fn new(rules: &RuleSet) -> Result<Self> {
        let page = |id: &str| {
            rules.get(id).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Bug, format!("the rule page {id} is missing")).hint("install weft anew")
            })
        };
        let pages = Pages {
            vulnerable: page("vulnerable-dependency")?,
            informational: page("informational-advisory")?,
            unpinned: page("unpinned-dependency")?,
            unlocked: page(manifest::UNLOCKED)?,
        };
        Ok(Dependencies { pages, database: None })
    }

    /// Uses other facts than the built-in ones.
    pub fn with_database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    fn database(&self) -> Result<&Database> {
        match &self.database {
            Some(database) => Ok(database),
            None => Database::embedded(),
        }
    }

    /// The first pass: reads one document if it is a manifest or lockfile, and the fences of a reply that are.
    pub fn facts(&self, document: &Redacted) -> Facts {
        let mut facts = Facts::default();
        if document.action() == Action::Delete {
            return facts;
        }
        let views = match document.role() {
            Role::Code => vec![document.whole()],
            Role::Reply => document.views(),
            // Nothing applies the fences of a document or prompt.
            Role::Document | Role::Prompt => Vec::new(),
        };
        for view in &views {
            let Some(path) = view.path() else { continue };
            if let Some(format) = Format::of(path) {
                facts.locks.push(path.to_owned());
                self.lockfile(view, format, &mut facts);
            } else if lockfile::unsupported(path) {
                facts.locks.push(path.to_owned());
                let message = format!("{path} is not checked: weft cannot read this format of lockfile yet");
                facts.notes.push(Note::new(NoteKind::Unsupported, document.path(), message));
            } else if let Some(names) = manifest::requirements(path, view.text()) {
                facts.findings.extend(unlocked(view, &self.pages.unlocked, &names));
            }
        }
        facts
    }

    fn lockfile(&self, view: &View<'_>, format: Format, facts: &mut Facts) {
        let reading = format.read(view.text());
        note_problems(view, &reading.problems, facts);
        if view.document().binary() {
            facts.notes.push(not_checked(view, "it is not text".into()));
        }
        if let Some((_, place)) = reading.unpinned.first() {
            let names: Vec<&str> = reading.unpinned.iter().map(|(name, _)| name.as_str()).collect();
            let fill = [("packages", &*listed(&names))];
            facts.findings.push(view.finding(&self.pages.unpinned, place.clone(), &fill));
        }
        if reading.packages.is_empty() {
            return;
        }
        let ecosystem = format.ecosystem();
        let database = match self.database() {
            Ok(database) if database.status_of(ecosystem).is_some() => database,
            Ok(_) => {
                return facts
                    .notes
                    .push(not_checked(view, format!("there is no advisory data for {ecosystem}")));
            }
            Err(error) => return facts.notes.push(not_checked(view, error.to_string())),
        };
        facts.used.insert(ecosystem);
        let mut unsure: Vec<Problem> = Vec::new();
        let mut seen: BTreeMap<(&str, &str), ()> = BTreeMap::new();
        for package in &reading.packages {
            if seen.insert((&package.name, &package.version), ()).is_some() {
                continue;
            }
            let verdict: Verdict = advisory::check(database, ecosystem, &package.name, &package.version);
            let findings = verdict.matches.iter().map(|one| self.finding(view, ecosystem, package, one));
            facts.findings.extend(findings);
            if let Some(first) = verdict.unsure.first() {
                let message = format!(
                    "{} {} cannot be compared with the versions of {} of its advisories ({first})",
                    package.name,
                    package.version,
                    verdict.unsure.len()
                );
                unsure.push(Problem { kind: NoteKind::Partial, at: package.at.start, message });
            }
        }
        note_problems(view, &unsure, facts);
    }

    fn finding(&self, view: &View<'_>, ecosystem: Ecosystem, package: &Package, one: &Match) -> Finding {
        let informational = one.kind.informational();
        let page = if informational.is_some() { &self.pages.informational } else { &self.pages.vulnerable };
        let what = match one.kind {
            Kind::Vulnerability => "is vulnerable",
            Kind::Malicious => "is malicious",
            Kind::Unmaintained => "is unmaintained",
            Kind::Unsound => "is unsound",
            Kind::Notice => "has a notice",
        };
        let remedy = match one.fixed.first() {
            Some(fixed) => format!("fixed in {fixed}"),
            None => "no fixed version is known".to_owned(),
        };
        let fill = [
            ("package", package.name.as_str()),
            ("version", &package.version),
            ("what", what),
            ("advisory", &one.id),
            ("remedy", &remedy),
        ];
        let mut finding = view.finding(page, package.at.clone(), &fill);
        finding.rule = one.id.clone();
        finding.severity = severity(one);
        finding.advice = match one.fixed.first() {
            Some(fixed) => format!("Update {} to {fixed} or later.", package.name),
            None => page.advice.clone(),
        };
        finding.advisory = Some(Advisory {
            id: one.id.clone(),
            aliases: one.aliases.clone(),
            ecosystem: ecosystem.name().to_owned(),
            package: package.name.clone(),
            version: package.version.clone(),
            fixed: one.fixed.clone(),
            informational: informational.map(str::to_owned),
        });
        finding
    }

    /// The second pass: what only several documents together show (a manifest without its lockfile), and the age of
    /// the data that was used.
    pub fn link(&self, facts: Vec<Facts>) -> (Vec<Finding>, Vec<Note>) {
        let (mut findings, mut notes) = (Vec::new(), Vec::new());
        let (mut used, mut locks) = (BTreeSet::new(), Vec::new());
        for one in facts {
            findings.extend(one.findings);
            notes.extend(one.notes);
            used.extend(one.used);
            locks.extend(one.locks);
        }
        findings.retain(|finding| finding.rule != manifest::UNLOCKED || !manifest::locked(finding, &locks));
        for ecosystem in used {
            let status = self.database().ok().and_then(|database| database.status_of(ecosystem));
            if let Some(status) = status {
                let message = format!(
                    "{} advisory data is of {} ({} advisories of {})",
                    status.ecosystem, status.newest, status.advisories, status.source
                );
                notes.push(Note::new(NoteKind::Info, "", message));
            }
        }
        (findings, notes)
    }
}

/// How bad a match is. Informational records rank below weaknesses whatever their score; one without a score is unknown,
/// which is a warning.
fn severity(one: &Match) -> Severity {
    match one.kind {
        Kind::Vulnerability => one.severity,
        Kind::Malicious => Severity::Critical,
        Kind::Unsound => Severity::Medium,
        Kind::Unmaintained | Kind::Notice => Severity::Low,
    }
}

fn unlocked(view: &View<'_>, page: &Rule, names: &[(String, Range<usize>)]) -> Option<Finding> {
    let (_, place) = names.first()?;
    let listed = listed(&names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    Some(view.finding(page, place.clone(), &[("packages", &listed)]))
}

/// "a, b, c and 4 more".
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn note_problems(view: &View<'_>, problems: &[Problem], facts: &mut Facts) {
    let path = view.document().path();
    for problem in problems.iter().take(PROBLEMS) {
        let line = view.location(problem.at..problem.at).region.start_line;
        facts.notes.push(Note::new(problem.kind, path, format!("line {line}: {}", problem.message)));
    }
    if let Some(more) = problems.len().checked_sub(PROBLEMS).filter(|more| *more > 0) {
        let message = format!("{more} more places of it could not be read");
        facts.notes.push(Note::new(NoteKind::Partial, path, message));
    }
}

fn not_checked(view: &View<'_>, why: String) -> Note {
    Note::new(NoteKind::NotChecked, view.document().path(), format!("packages are not checked: {why}"))
}
