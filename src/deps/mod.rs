//! Redacted -> Findings: packages of manifests and lockfiles against advisories, each at its line.

mod address;
mod advice;
mod advisory;
mod calls;
mod check;
pub mod database;
mod hygiene;
mod inventory;
mod lockfile;
mod manifest;
pub mod names;
pub mod online;
mod osv;
mod pair;
mod registry;
mod rustsec;
#[cfg(test)]
mod tests;
pub mod update;
mod version;

use std::collections::{BTreeSet, HashMap};

use crate::artifact::{Action, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Note, NoteKind};
use crate::redact::{Redacted, View};
use crate::rule::{Rule, RuleSet};
use database::{Database, Databases, EcosystemStatus};
use lockfile::{Format, Reading};
use online::{Asking, Direct, PackageVersion, Private};

pub use inventory::{Component, Inventory, purl, purl_of};
pub use version::{Ecosystem, compare};

/// What is kept of one document when its text is dropped.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    /// Advisories and weaknesses that need no other document; written apart, where all findings of one are.
    #[serde(skip)]
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub notes: Vec<Note>,
    /// The ecosystems whose data was asked.
    used: BTreeSet<Ecosystem>,
    /// The paths of its lockfiles.
    locks: BTreeSet<String>,
    /// The files that its lists include.
    includes: Vec<Included>,
    /// What its code calls, in the languages whose advisories name functions.
    calls: Vec<calls::Calls>,
    /// Its manifests.
    manifests: Vec<pair::Asking>,
    /// What its lockfiles hold, beside their paths.
    held: Vec<pair::Held>,
    /// The findings that hold only beside other documents.
    candidates: Vec<hygiene::Candidate>,
    /// The versions that fix the packages of findings, each with the place of the finding.
    remedies: Vec<(u32, String)>,
    /// What it names packages for.
    names: names::Facts,
    /// Whether it sets a registry of somebody's own, where registries are asked.
    own_registry: bool,
    /// What the project asks for itself, where registries are asked.
    direct: Vec<Direct>,
}

/// A list of requirements that another one includes.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Included {
    by: String,
    line: u32,
    file: String,
}

/// The advisory data and rules. One serves all threads.
pub struct Dependencies {
    pages: Pages,
    databases: Databases,
    /// How registries are asked about names, when they are.
    asking: Option<Asking>,
}

/// The pages of `rules/deps`.
struct Pages {
    vulnerable: Rule,
    informational: Rule,
    unpinned: Rule,
    unlocked: Rule,
    wildcard: Rule,
    moving: Rule,
    inconsistent: Rule,
    hashless: Rule,
    duplicate: Rule,
    mismatched: Rule,
    names: names::Pages,
    online: online::Pages,
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
            unlocked: page("unlocked-manifest")?,
            wildcard: page("wildcard-requirement")?,
            moving: page("moving-git-dependency")?,
            inconsistent: page("inconsistent-lockfile")?,
            hashless: page("missing-hash")?,
            duplicate: page("duplicate-source")?,
            mismatched: page("mismatched-address")?,
            names: names::Pages::new(rules)?,
            online: online::Pages::new(rules)?,
        };
        Ok(Dependencies { pages, databases: Databases::built_in(), asking: None })
    }

    /// Uses other facts than the built-in ones.
    pub fn with_databases(mut self, databases: Databases) -> Self {
        self.databases = databases;
        self
    }

    /// Has these facts answer for the packages of these names.
    pub fn prefer(&mut self, database: Database, names: impl Iterator<Item = (Ecosystem, String)>) {
        self.databases.prefer(database, names);
    }

    /// Has registries asked about names.
    pub fn ask(&mut self, asking: Asking) {
        self.asking = Some(asking);
    }

    /// The facts that are used.
    pub fn databases(&self) -> &Databases {
        &self.databases
    }

    /// The facts, when there are any on an ecosystem; or why there are not.
    fn facts_on(&self, ecosystem: Ecosystem) -> std::result::Result<Option<&Databases>, String> {
        let there = self.databases.of(ecosystem).map_err(|error| error.to_string())?;
        Ok(there.map(|_| &self.databases))
    }

    /// The first pass: reads one document if it is a manifest or lockfile, and the fences of a reply that are.
    pub fn facts(&self, document: &Redacted) -> Facts {
        let mut facts = Facts::default();
        if document.action() == Action::Delete {
            return facts;
        }
        (facts.names, facts.findings) = names::Facts::of(document, &self.pages.names);
        facts.own_registry = self.asking.is_some() && sets_a_registry(document);
        match document.role() {
            Role::Code => self.view(&document.whole(), None, &mut facts),
            Role::Reply => {
                let views = document.views();
                views.iter().enumerate().for_each(|(index, view)| self.view(view, Some(index), &mut facts));
            }
            // Nothing applies the fences of a document or prompt.
            Role::Document | Role::Prompt => {}
        }
        facts
    }

    /// The packages of a document's lockfiles that may be asked about, and how many may not: those of other registries,
    /// and those whose names the settings keep.
    ///
    /// `own`: the project sets a registry of its own, so that only what says that it is from a public one may be asked about.
    pub fn packages(
        &self,
        document: &Redacted,
        private: &Private,
        own: bool,
    ) -> (BTreeSet<PackageVersion>, usize) {
        let (mut packages, mut kept) = (BTreeSet::new(), 0);
        let reply = document.role() == Role::Reply;
        let views = if reply { document.views() } else { vec![document.whole()] };
        let applied =
            matches!(document.role(), Role::Code | Role::Reply) && document.action() != Action::Delete;
        for view in views.iter().filter(|_| applied) {
            let Some(path) = view.path() else { continue };
            let Some(format) = Format::of(path) else {
                if let Some(format) = manifest::Format::of(path).filter(|_| !own) {
                    packages.extend(pins(format, view.text()).filter(|pin| !private.is(&pin.name)));
                }
                continue;
            };
            let elsewhere = online::names_another_registry(format, view.text());
            for package in format.read(view.text()).packages {
                let public = online::of_public_registry(
                    view.text(),
                    &package.said,
                    format.ecosystem(),
                    elsewhere,
                    own,
                );
                if public && !private.is(&package.name) {
                    let (ecosystem, name, version) = (format.ecosystem(), package.name, package.version);
                    packages.insert(PackageVersion { ecosystem, name, version });
                } else {
                    kept += 1;
                }
            }
        }
        (packages, kept)
    }

    fn view(&self, view: &View<'_>, index: Option<usize>, facts: &mut Facts) {
        let format = view.path().and_then(Format::of);
        if format.is_none() {
            facts.names.file(view, index);
        }
        facts.findings.extend(names::inside(view, &self.pages));
        let Some(path) = view.path() else { return };
        if let Some(format) = format {
            self.lockfile(view, path, index, format, facts);
        } else if let Some(calls) = calls::read(path, view.text()) {
            facts.calls.push(calls);
        } else if lockfile::unsupported(path) {
            facts.locks.insert(path.to_owned());
            let message = format!("{path} is not checked: weft cannot read this format of lockfile yet");
            facts.notes.push(Note::new(NoteKind::Unsupported, view.document().path(), message));
        } else if let Some(format) = manifest::Format::of(path) {
            let databases = self.facts_on(format.ecosystem());
            hygiene::manifest(view, format, databases, &self.pages, facts);
        }
    }

    /// Reads a lockfile.
    fn lockfile(&self, view: &View<'_>, path: &str, index: Option<usize>, format: Format, facts: &mut Facts) {
        facts.locks.insert(path.to_owned());
        let mut reading = format.read(view.text());
        facts.names.lockfile(view, index, format, &reading);
        for (file, at) in &reading.includes {
            let line = view.location(*at..*at).region.start_line;
            let included = Included { by: path.to_owned(), line, file: manifest::beside(path, file) };
            facts.includes.push(included);
        }
        let ecosystem = format.ecosystem();
        check::lockfile(view, ecosystem, &reading, self.facts_on(ecosystem), &self.pages, facts);
        if self.asking.is_some() {
            self.direct(view, format, &reading, facts);
        }
        facts.findings.extend(address::mismatched(view, ecosystem, &reading, &self.pages.mismatched));
        facts.findings.extend(hygiene::hashes(view, &reading, &self.pages));
        facts.findings.extend(hygiene::origins(view, ecosystem, &reading, &self.pages));
        facts.held.push(pair::Held::of(path, format, view.text(), &mut reading));
    }

    /// Keeps what the project asks for itself, of public registries: they are asked about it.
    fn direct(&self, view: &View<'_>, format: Format, reading: &Reading, facts: &mut Facts) {
        let ecosystem = format.ecosystem();
        /// More than anybody asks for by hand.
        const MOST: usize = 2000;
        let elsewhere = online::names_another_registry(format, view.text());
        let ways = reading.graph.ways();
        let by_itself = |package: &&lockfile::Package| {
            package.node.is_none_or(|node| ways.to(node).len() <= 2)
                && online::of_public_registry(view.text(), &package.said, ecosystem, elsewhere, false)
        };
        for package in reading.packages.iter().filter(by_itself).take(MOST) {
            let mut finding = view.finding(&self.pages.unpinned, package.at.clone(), &[]);
            finding.rule.clear();
            let at = u32::try_from(facts.findings.len()).unwrap_or(u32::MAX);
            facts.findings.push(finding);
            let (name, version) = (package.name.clone(), package.version.clone());
            facts.direct.push(Direct { ecosystem, name, version, at });
        }
    }

    /// The facts of files that lists of requirements include and whose names do not say what they are, read again as the
    /// lists that they are, as far as `project` has them among its documents.
    pub fn included(&self, facts: &[Facts], project: &names::Project<'_>) -> Vec<Facts> {
        /// More than any project splits its list into.
        const MOST: usize = 200;
        let mut done: BTreeSet<String> = facts.iter().flat_map(|facts| facts.locks.iter().cloned()).collect();
        let named = |facts: &Facts| facts.includes.iter().map(|one| one.file.clone()).collect::<Vec<_>>();
        let mut open: Vec<String> = facts.iter().flat_map(named).collect();
        let mut more = Vec::new();
        if open.is_empty() {
            return more;
        }
        let places: HashMap<&str, usize> =
            (0..).zip(project.documents).map(|(at, path)| (*path, at)).collect();
        while let Some(file) = open.pop().filter(|_| more.len() < MOST) {
            if !done.insert(file.clone()) {
                continue;
            }
            let Some(index) = places.get(file.as_str()).copied() else { continue };
            let Some(document) = (project.open)(index).filter(|document| document.role() != Role::Reply)
            else {
                continue;
            };
            let mut facts = Facts::default();
            self.lockfile(&document.whole(), &file, None, Format::Requirements, &mut facts);
            document.sign_lines(&mut facts.findings);
            open.extend(named(&facts));
            more.push(facts);
        }
        more
    }

    /// The second pass over the names of packages that all documents ask for.
    pub fn link_names(&self, facts: &[Facts], project: &names::Project<'_>) -> names::Linked {
        let names: Vec<&names::Facts> = facts.iter().map(|facts| &facts.names).collect();
        let mut linked =
            names::link(&self.pages.names, &names, project, &self.databases, self.asking.is_some());
        if let Some(asking) = &self.asking {
            let placed = facts.iter().flat_map(|facts| {
                facts.direct.iter().filter_map(|one| Some((one, facts.findings.get(one.at as usize)?)))
            });
            let direct: Vec<(&Direct, &Finding)> = placed.collect();
            if facts.iter().any(|facts| facts.own_registry) || project.sets_a_registry() {
                let why = "--online: a registry of your own is set, so no public one was asked about names";
                linked.notes.push(Note::new(NoteKind::Info, "", why));
            } else {
                online::ask_registries(asking, &self.pages.online, &mut linked, &direct);
            }
        }
        linked
    }

    /// The second pass: what only several documents together show (a manifest without its lockfile or at odds with it, what
    /// a manifest says of a fix, a list that is included and not there), and the age of the data that was used.
    pub fn link(&self, mut facts: Vec<Facts>) -> (Vec<Finding>, Vec<Note>) {
        let mut findings = self.together(&mut facts);
        let mut notes = Vec::new();
        let (mut used, mut locks, mut includes) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut called = Vec::new();
        for one in facts {
            findings.extend(one.findings);
            notes.extend(one.notes);
            used.extend(one.used);
            locks.extend(one.locks);
            includes.extend(one.includes);
            called.extend(one.calls);
        }
        // Those that only kept a place.
        findings.retain(|finding| !finding.rule.is_empty());
        calls::mention(&mut findings, &called);
        for Included { by, line, file } in includes.into_iter().filter(|one| !locks.contains(&one.file)) {
            let (kind, message) = match Format::of(&file) {
                Some(_) => (
                    NoteKind::Info,
                    format!("line {line}: {file}, which it includes, is not part of this check"),
                ),
                None => (
                    NoteKind::Partial,
                    format!(
                        "line {line}: {file}, which it includes, is not read: call it requirements-NAME.txt"
                    ),
                ),
            };
            notes.push(Note::new(kind, by, message));
        }
        notes.extend(used.into_iter().filter_map(|ecosystem| self.status(ecosystem)).map(|status| {
            let EcosystemStatus { ecosystem, as_of, advisories, source, .. } = status;
            let many = if *advisories == 1 { "advisory" } else { "advisories" };
            let from = if source.is_empty() { String::new() } else { format!(", {source}") };
            let message = format!("{ecosystem} advisory data is of {as_of} ({advisories} {many}{from})");
            Note::new(NoteKind::Info, "", message)
        }));
        (findings, notes)
    }

    fn status(&self, ecosystem: Ecosystem) -> Option<&EcosystemStatus> {
        self.databases.of(ecosystem).ok()??.status_of(ecosystem)
    }

    /// Of which day the data is that was asked about the packages of `facts`, and of the ecosystems of `also`.
    pub fn data_of<'f>(
        &self,
        facts: impl Iterator<Item = &'f Facts>,
        also: &BTreeSet<Ecosystem>,
    ) -> Vec<(Ecosystem, String)> {
        let used: BTreeSet<Ecosystem> = facts.flat_map(|facts| &facts.used).chain(also).copied().collect();
        let day = |ecosystem| Some((ecosystem, self.status(ecosystem)?.as_of.clone()));
        used.into_iter().filter_map(day).collect()
    }

    /// The findings of all documents, with what their manifests and lockfiles say about each other.
    fn together(&self, facts: &mut [Facts]) -> Vec<Finding> {
        let found: Vec<Vec<Finding>> =
            facts.iter_mut().map(|one| std::mem::take(&mut one.findings)).collect();
        let facts: &[Facts] = facts;
        let pairs = pair::Pairs::new(
            facts.iter().flat_map(|one| &one.manifests),
            facts.iter().flat_map(|one| &one.held),
            facts.iter().flat_map(|one| &one.locks).map(String::as_str),
        );
        let linked = facts.iter().zip(found).flat_map(|(one, mut findings)| {
            for (at, fix) in &one.remedies {
                let Some(finding) = findings.get_mut(*at as usize) else { continue };
                let path = finding.location.target.as_deref().unwrap_or(&finding.location.path);
                if let Some(held) = one.held.iter().find(|held| held.path == path) {
                    advice::direct(finding, held, fix, &pairs);
                }
            }
            hygiene::holding(findings, &one.candidates, &one.manifests, &pairs, &self.pages)
        });
        linked.collect()
    }
}

/// Whether a document sets a registry of somebody's own.
pub fn sets_a_registry(document: &Redacted) -> bool {
    let text = document.text();
    online::sets_a_registry(text)
        || may_set_a_registry(document.path()) && online::settings_set_a_registry(text)
}

/// Whether a file of this name may hold the settings of a package manager.
pub fn may_set_a_registry(path: &str) -> bool {
    const SETTINGS: &[&str] =
        &[".npmrc", ".yarnrc", ".yarnrc.yml", "pip.conf", "pip.ini", "uv.toml", "poetry.toml", "bunfig.toml"];
    let name = path.rsplit('/').next().unwrap_or(path);
    SETTINGS.contains(&name) || manifest::Format::of(path).is_some() || path.ends_with(".cargo/config.toml")
}

/// Whether a file of this name is a lockfile that is read.
pub fn is_lockfile(path: &str) -> bool {
    Format::of(path).is_some()
}

/// Whether a file of this name is a lockfile or manifest that is read.
pub fn reads(path: &str) -> bool {
    Format::of(path).is_some() || manifest::Format::of(path).is_some()
}

/// The packages of a registry that a manifest asks for in exactly one version.
fn pins(format: manifest::Format, text: &str) -> impl Iterator<Item = PackageVersion> {
    let ecosystem = format.ecosystem();
    format.read(text).requirements.into_iter().filter_map(move |one| {
        let version = manifest::range::exact(ecosystem, &one.range)?.to_owned();
        (one.from == manifest::Source::Registry).then_some(PackageVersion {
            ecosystem,
            name: one.name,
            version,
        })
    })
}
