//! Package names in an agent's words: what imports, install commands and manifests ask for, held against what the project
//! declares and what many projects use.

mod action;
mod advised;
mod alike;
mod check;
mod declared;
mod imports;
mod install;
mod piped;
mod places;
mod platform;
mod popular;
mod reference;
mod shell;
mod spec;
mod standard;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::database::Databases;
use super::lockfile::{Format, Reading};
use super::manifest;
use super::version::Ecosystem;
use crate::artifact::{Action, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Note, NoteKind, Severity, printable};
use crate::redact::{Redacted, View};
use crate::rule::{Rule, RuleSet};
use crate::syntax::Language;
use declared::Declared;
use reference::{How, Reference};

pub use popular::pack;

/// The pages of the checks on names.
pub(super) struct Pages {
    undeclared: Rule,
    lookalike: Rule,
    elsewhere: Rule,
    standard: Rule,
    address: Rule,
    index: Rule,
    piped: Rule,
    action: Rule,
    /// Of names that are asked about.
    missing: Rule,
    /// Of names with advisories.
    vulnerable: Rule,
    informational: Rule,
}

impl Pages {
    /// Takes them out of `rules/deps`. Errors: one is missing.
    pub(super) fn new(rules: &RuleSet) -> Result<Self> {
        let page = |id: &str| {
            rules.get(id).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Bug, format!("the rule page {id} is missing")).hint("install weft anew")
            })
        };
        Ok(Pages {
            undeclared: page("undeclared-package")?,
            lookalike: page("lookalike-package")?,
            elsewhere: page("package-of-another-ecosystem")?,
            standard: page("standard-library-package")?,
            address: page("package-from-address")?,
            index: page("extra-index")?,
            piped: page("piped-installer")?,
            action: page("moving-action")?,
            missing: page("missing-package")?,
            vulnerable: page("vulnerable-dependency")?,
            informational: page("informational-advisory")?,
        })
    }
}

/// What is kept of the names of one document.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    /// What it declares.
    declared: Declared,
    /// What it asks for, and the fence of each, where it is not counted in the whole text.
    asked: Vec<(Reference, Option<u32>)>,
    /// The paths its fences are bound for.
    paths: BTreeSet<String>,
    /// What it is for and what applying it does, as far as that decides what is checked.
    place: Place,
    /// Whether it asks for more than is kept.
    cut: bool,
    /// Whether it tests or shows the project: what it imports it has in ways of its own.
    aside: bool,
}

/// Where a document's references stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Place {
    /// A reply.
    #[default]
    Reply,
    /// A file that a change writes.
    Change,
    /// A file of a tree.
    Tree,
    /// Prose of a tree or a change.
    Document,
}

/// What the second pass may look at beside what the first one kept.
pub struct Project<'p> {
    /// The paths of the documents, in the order of what was kept of them.
    pub documents: &'p [&'p str],
    /// The paths of the files around them that the change leaves as they are.
    pub around: &'p (dyn Fn() -> Vec<&'p str> + 'p),
    /// Reads a document again, by its place among them.
    pub open: &'p (dyn Fn(usize) -> Option<Redacted> + 'p),
    /// Reads a file around them, by its place.
    pub open_around: &'p (dyn Fn(usize) -> Option<Redacted> + 'p),
}

impl Project<'_> {
    /// Whether a file around the documents sets a registry of somebody's own.
    pub(super) fn sets_a_registry(&self) -> bool {
        /// More than any project has of them.
        const READ: usize = 400;
        let around = (self.around)();
        let settings = around.iter().enumerate().filter(|(_, path)| super::may_set_a_registry(path));
        settings.take(READ).any(|(index, _)| {
            (self.open_around)(index).is_some_and(|document| super::sets_a_registry(&document))
        })
    }
}

/// The most findings of one kind and document.
const SHOWN: usize = 100;

/// The most references that are kept of one document.
const MOST: usize = 2_000;

impl Facts {
    /// Adds what a lockfile of the document declares.
    pub(super) fn lockfile(
        &mut self,
        view: &View<'_>,
        index: Option<usize>,
        format: Format,
        reading: &Reading,
    ) {
        self.declared.lockfile(view, format, reading);
        if format == Format::Requirements
            && let Some(path) = view.path()
        {
            self.declared.words(view, path);
            let named = reading.packages.iter().map(|package| (package.name.clone(), package.at.clone()));
            self.requirements(index, Ecosystem::PyPi, named.chain(reading.unpinned.iter().cloned()));
        }
    }

    /// Adds what a view that is no lockfile declares and imports.
    pub(super) fn file(&mut self, view: &View<'_>, index: Option<usize>) {
        let path = view.path().unwrap_or_default();
        if index.is_some() && !path.is_empty() {
            self.paths.insert(path.to_owned());
        }
        self.declared.words(view, path);
        if let Some(format) = manifest::Format::of(path) {
            let named = manifest::requirements(path, view.text());
            self.requirements(index, format.ecosystem(), named.into_iter());
        }
        let language = Language::of_path(path)
            .or_else(|| view.fence().and_then(|fence| Language::of_fence(&fence.language)));
        let Some(language) = language.filter(|_| !is_foreign(path)) else { return };
        let script = match language {
            Language::Python => imports::script_requirements(view.text()),
            _ => Vec::new(),
        };
        for one in &script {
            self.declared.add(view, one.ecosystem, &one.name, one.at.start);
        }
        let imported = match self.place == Place::Tree && self.aside {
            true => Vec::new(),
            false => imports::read(language, view.text()),
        };
        self.keep(script.into_iter().chain(imported).map(|one| (one, fence(index))));
    }

    /// Keeps what is asked for, as far as there is room.
    fn keep(&mut self, asked: impl Iterator<Item = (Reference, Option<u32>)>) {
        for one in asked {
            if self.asked.len() == MOST {
                self.cut = true;
                break;
            }
            self.asked.push(one);
        }
    }

    /// Adds the requirements of a manifest that a change writes: those of a tree are what it declares.
    fn requirements(
        &mut self,
        index: Option<usize>,
        ecosystem: Ecosystem,
        named: impl Iterator<Item = (String, std::ops::Range<usize>)>,
    ) {
        if !matches!(self.place, Place::Reply | Place::Change) {
            return;
        }
        let fence = fence(index);
        let reference = |(name, at): (String, std::ops::Range<usize>)| {
            (Reference { ecosystem, name, spec: String::new(), at, how: How::Requirement }, fence)
        };
        self.keep(named.map(reference));
    }

    /// Begins what is kept of a document, with what its commands ask for. Findings that need no other document come back.
    pub(super) fn of(document: &Redacted, pages: &Pages) -> (Facts, Vec<Finding>) {
        let tree = document.action() == Action::Inspect;
        let place = match document.role() {
            Role::Document => Place::Document,
            Role::Code if tree => Place::Tree,
            Role::Code => Place::Change,
            Role::Reply | Role::Prompt => Place::Reply,
        };
        let asked = places::read(document);
        let findings = commands(document, &asked, place, pages);
        let aside = document.role() == Role::Code && is_aside(document.path());
        let mut facts = Facts { place, aside, ..Facts::default() };
        let view = document.whole();
        facts.cut = asked.references.len() > MOST;
        for reference in asked.references.into_iter().take(MOST) {
            // What a command writes into the manifest is declared from then on.
            if reference.how == How::Add && matches!(place, Place::Reply | Place::Change) {
                facts.declared.add(&view, reference.ecosystem, &reference.name, reference.at.start);
            }
            facts.asked.push((reference, None));
        }
        (facts, findings)
    }
}

/// The number of a fence, as it is kept.
fn fence(index: Option<usize>) -> Option<u32> {
    index.and_then(|index| u32::try_from(index).ok())
}

/// What the second pass says of the names.
#[derive(Debug, Default)]
pub struct Linked {
    /// What is wrong with some.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub notes: Vec<Note>,
    /// Those that nothing here knows, as [`Ecosystem::key`] spells them: a registry can be asked whether they exist.
    pub unknown: BTreeSet<(Ecosystem, String)>,
    /// Of these, what holds when their registry does not know them either; nothing where nobody is asked.
    pub(super) asked: Vec<((Ecosystem, String), Finding)>,
    /// The ecosystems whose advisories were looked at.
    pub used: BTreeSet<Ecosystem>,
}

/// The second pass over what was kept of all documents.
pub(super) fn link(
    pages: &Pages,
    facts: &[&Facts],
    project: &Project<'_>,
    databases: &Databases,
    asking: bool,
) -> Linked {
    check::link(pages, facts, project, databases, asking)
}

/// One note for the whole run about names that nobody was asked about; `None` when there are none.
pub fn unchecked(names: &BTreeSet<(Ecosystem, String)>) -> Option<Note> {
    const SHOWN: usize = 6;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|(_, name)| name.as_str()).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (many, ask) = if names.len() == 1 { ("name", "it exists") } else { ("names", "they exist") };
    let message = format!(
        "{} package {many} could not be checked offline: {}{more}; `--online` asks whether {ask}",
        names.len(),
        shown.join(", ")
    );
    (!names.is_empty()).then(|| Note::new(NoteKind::Info, "", printable(&message)))
}

/// Findings on one file that need no other: the actions that a job uses by a name that can be moved, the registries that a
/// list of requirements names.
pub(super) fn inside(view: &View<'_>, pages: &super::Pages) -> Vec<Finding> {
    let path = view.path().unwrap_or_default();
    if places::is_job(path) {
        return actions(view, pages).into_iter().collect();
    }
    if Format::of(path) != Some(Format::Requirements) {
        return Vec::new();
    }
    let mut asked = reference::Asked::default();
    install::options(view.text(), &mut asked);
    let tree = view.document().action() == Action::Inspect && view.fence().is_none();
    indexes(view, &asked.indexes, tree, &pages.names)
}

/// The finding on the actions of a job: of a change those that it adds, of a tree those by branches, since tags are how
/// nearly all files have it.
fn actions(view: &View<'_>, pages: &super::Pages) -> Option<Finding> {
    let mut moving = action::moving(view.text());
    if view.document().action() == Action::Inspect && view.fence().is_none() {
        let branch = |name: &str| name.rsplit('@').next().is_some_and(action::is_branch);
        moving.retain(|(name, _)| branch(name));
    }
    let added = |at: &std::ops::Range<usize>| {
        let region = view.location(at.clone()).region;
        view.document().added(region.start_line, region.end_line)
    };
    if moving.iter().any(|(_, at)| added(at)) {
        moving.retain(|(_, at)| added(at));
    }
    super::check::naming(view, &pages.names.action, &moving)
}

/// Findings on registries that commands or requirements name; those of a tree are notes.
fn indexes(view: &View<'_>, named: &[reference::Index], tree: bool, pages: &Pages) -> Vec<Finding> {
    let finding = |one: &reference::Index| {
        let what = match (one.plain, one.beside) {
            (true, _) => "names a registry over plain HTTP: whoever stands on the way can answer",
            (_, true) => {
                "adds a registry: of a name that both have, the higher version wins, whoever made it"
            }
            _ => "takes packages from another registry than the public one",
        };
        let mut finding =
            view.finding(&pages.index, one.at.clone(), &[("option", &one.option), ("what", what)]);
        if !one.plain && (!one.beside || tree) {
            finding.severity = Severity::Low;
        }
        finding
    };
    named.iter().take(SHOWN).map(finding).collect()
}

/// Findings on commands that need no other document.
fn commands(document: &Redacted, asked: &reference::Asked, place: Place, pages: &Pages) -> Vec<Finding> {
    let view = document.whole();
    let mut findings = Vec::new();
    for one in asked.addresses.iter().take(SHOWN) {
        let shown: String = without_credentials(&one.text).chars().take(120).collect();
        let fill = [("address", shown.as_str()), ("why", one.why)];
        let mut finding = view.finding(&pages.address, one.at.clone(), &fill);
        if one.plain {
            finding.severity = Severity::Medium;
        }
        findings.push(finding);
    }
    if place == Place::Document {
        return findings;
    }
    findings.extend(indexes(&view, &asked.indexes, place == Place::Tree, pages));
    for (at, hidden) in asked.piped.iter().take(SHOWN) {
        let what = match hidden {
            true => ", in a way that hides it or lets others change it",
            false => "",
        };
        let mut finding = view.finding(&pages.piped, at.clone(), &[("what", what)]);
        finding.severity = match (hidden, place) {
            (true, _) => Severity::High,
            (false, Place::Tree) => Severity::Low,
            (false, _) => Severity::Medium,
        };
        findings.push(finding);
    }
    findings
}

/// An address without what stands between its scheme and an `@` of its host.
fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host = rest.split('/').next().unwrap_or(rest);
    match host.rsplit_once('@') {
        Some((who, _)) => format!("{scheme}://{}", &rest[who.len() + 1..]),
        None => address.to_owned(),
    }
}

/// Whether a file is of somebody else, or made by a program: its imports are not the project's.
fn is_foreign(path: &str) -> bool {
    let parts = [
        "node_modules",
        "vendor",
        "vendors",
        "third_party",
        "third-party",
        "dist",
        "build",
        "site-packages",
        "bower_components",
        "_vendor",
        "static",
        "public",
        "assets",
        ".yarn",
    ];
    path.contains(".min.") || path.split('/').any(|part| parts.contains(&part)) || path.ends_with(".d.ts")
}

/// Whether a file tests, shows or builds the project rather than being a part of it.
fn is_aside(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let folders = [
        "test",
        "tests",
        "__tests__",
        "testing",
        "spec",
        "e2e",
        "cypress",
        "playwright",
        "example",
        "examples",
        "doc",
        "docs",
        "demo",
        "demos",
        "bench",
        "benchmark",
        "benchmarks",
        "samples",
        "fixtures",
        "scripts",
        "tools",
        "contrib",
        "ci",
        "dev",
        "migrations",
        "storybook",
        ".storybook",
        "__mocks__",
        "templates",
        "cookiecutter",
    ];
    lower.split('/').rev().skip(1).any(|part| folders.contains(&part))
        || name.starts_with("test_")
        || name.contains("_test.")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".stories.")
        || name.contains(".config.")
        || name.starts_with('.')
        || matches!(
            name,
            "setup.py"
                | "conftest.py"
                | "noxfile.py"
                | "conf.py"
                | "fabfile.py"
                | "tasks.py"
                | "gruntfile.js"
                | "gulpfile.js"
        )
}
