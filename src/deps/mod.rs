//! Redacted -> Findings: packages of manifests and lockfiles against advisories, each at its line.

mod advisory;
mod check;
pub mod database;
mod lockfile;
mod manifest;
mod osv;
mod rustsec;
mod version;

use std::collections::BTreeSet;

use crate::artifact::{Action, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Note, NoteKind};
use crate::redact::{Redacted, View};
use crate::rule::{Rule, RuleSet};
use database::{Database, EcosystemStatus};
use lockfile::Format;

pub use version::Ecosystem;

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
    locks: BTreeSet<String>,
    /// The files that its lists include.
    includes: Vec<Included>,
}

/// A list of requirements that another one includes.
#[derive(Debug)]
struct Included {
    by: String,
    line: u32,
    file: String,
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
        match document.role() {
            Role::Code => self.view(&document.whole(), &mut facts),
            Role::Reply => document.views().iter().for_each(|view| self.view(view, &mut facts)),
            // Nothing applies the fences of a document or prompt.
            Role::Document | Role::Prompt => {}
        }
        facts
    }

    fn view(&self, view: &View<'_>, facts: &mut Facts) {
        let Some(path) = view.path() else { return };
        if let Some(format) = Format::of(path) {
            facts.locks.insert(path.to_owned());
            let reading = format.read(view.text());
            for (file, at) in &reading.includes {
                let line = view.location(*at..*at).region.start_line;
                let included = Included { by: path.to_owned(), line, file: manifest::beside(path, file) };
                facts.includes.push(included);
            }
            let database = self.database().map_err(|error| error.to_string());
            check::lockfile(view, format.ecosystem(), &reading, database, &self.pages, facts);
        } else if lockfile::unsupported(path) {
            facts.locks.insert(path.to_owned());
            let message = format!("{path} is not checked: weft cannot read this format of lockfile yet");
            facts.notes.push(Note::new(NoteKind::Unsupported, view.document().path(), message));
        } else if manifest::is_manifest(path) && whole_project(view) {
            let names = manifest::requirements(path, view.text());
            facts.findings.extend(check::naming(view, &self.pages.unlocked, &names));
        }
    }

    /// The second pass: what only several documents together show (a manifest without its lockfile, a list that is
    /// included and not there), and the age of the data that was used.
    pub fn link(&self, facts: Vec<Facts>) -> (Vec<Finding>, Vec<Note>) {
        let (mut findings, mut notes) = (Vec::new(), Vec::new());
        let (mut used, mut locks, mut includes) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for one in facts {
            findings.extend(one.findings);
            notes.extend(one.notes);
            used.extend(one.used);
            locks.extend(one.locks);
            includes.extend(one.includes);
        }
        findings.retain(|finding| finding.rule != manifest::UNLOCKED || !manifest::locked(finding, &locks));
        for Included { by, line, file } in includes.into_iter().filter(|one| !locks.contains(&one.file)) {
            let message = format!("line {line}: {file}, which it includes, is not part of this check");
            notes.push(Note::new(NoteKind::Info, by, message));
        }
        let ages = used.into_iter().filter_map(|ecosystem| self.database().ok()?.status_of(ecosystem));
        notes.extend(ages.map(|status| {
            let EcosystemStatus { ecosystem, newest, advisories, source, .. } = status;
            let message =
                format!("{ecosystem} advisory data is of {newest} ({advisories} advisories, {source})");
            Note::new(NoteKind::Info, "", message)
        }));
        (findings, notes)
    }
}

/// Whether the view is all there is of its path: what a reply or a change only rewrites may have its lockfile elsewhere.
fn whole_project(view: &View<'_>) -> bool {
    view.fence().is_none() && view.document().action() != Action::Update
}
