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
mod rustsec;
pub mod update;
mod version;

use std::collections::BTreeSet;

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
        while let Some(file) = open.pop().filter(|_| more.len() < MOST) {
            if !done.insert(file.clone()) {
                continue;
            }
            let Some(index) = project.documents.iter().position(|path| *path == file) else { continue };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Fence, Original};
    use crate::finding::{Level, Severity};
    use crate::redact::Redactor;

    fn checks() -> Dependencies {
        Dependencies::new(&crate::built_in_rules()).unwrap()
    }

    fn code(path: &str, text: &str) -> Redacted {
        redacted(Original::new(path, Role::Code, Action::Inspect, text.as_bytes()))
    }

    fn redacted(original: Original) -> Redacted {
        Redactor::new(&crate::built_in_rules(), None).unwrap().redact(original).document
    }

    fn run(documents: &[Redacted]) -> (Vec<Finding>, Vec<Note>) {
        let checks = checks();
        checks.link(documents.iter().map(|document| checks.facts(document)).collect())
    }

    fn lines(findings: &[Finding]) -> Vec<(&str, u32, u32)> {
        let place =
            |finding: &Finding| (finding.location.region.start_line, finding.location.region.start_column);
        findings.iter().map(|finding| (finding.rule.as_str(), place(finding).0, place(finding).1)).collect()
    }

    #[test]
    fn a_cargo_lock_is_checked_at_each_name() {
        let (findings, notes) = run(&[code("Cargo.lock", include_str!("../../fixtures/deps/Cargo.lock"))]);
        let expected = [
            ("RUSTSEC-2021-0145", 6, 9),
            ("RUSTSEC-2024-0375", 6, 9),
            ("RUSTSEC-2022-0013", 12, 9),
            ("RUSTSEC-2022-0006", 31, 9),
        ];
        assert_eq!(lines(&findings), expected);
        let regex = &findings[2];
        assert_eq!(regex.message, "regex 1.5.4 is vulnerable (RUSTSEC-2022-0013): fixed in 1.5.5");
        assert_eq!((regex.severity, regex.level()), (Severity::High, Level::Error));
        assert_eq!(regex.advice, "update regex to 1.5.5, the lowest version that no known advisory names.");
        let advisory = regex.advisory.as_ref().unwrap();
        assert_eq!((advisory.package.as_str(), advisory.version.as_str()), ("regex", "1.5.4"));
        assert_eq!(advisory.fixed, ["1.5.5"]);
        assert_eq!(findings[0].level(), Level::Warning, "unsound");
        assert_eq!(findings[1].level(), Level::Note, "unmaintained");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].message.starts_with("crates.io advisory data is of 20"), "{notes:?}");
    }

    #[test]
    fn npm_and_python_are_checked_too() {
        let (findings, notes) = run(&[
            code("web/package-lock.json", include_str!("../../fixtures/deps/package-lock.json")),
            code("requirements.txt", include_str!("../../fixtures/deps/requirements.txt")),
        ]);
        let of = |package: &str| {
            let on = |finding: &&Finding| finding.advisory.as_ref().is_some_and(|one| one.package == package);
            findings.iter().filter(on).count()
        };
        assert!(
            of("lodash") > 1 && of("Django") > 10 && of("jinja2") > 3 && of("requests") > 0,
            "{findings:#?}"
        );
        let unpinned = findings.iter().find(|finding| finding.rule == "unpinned-dependency").unwrap();
        assert_eq!(unpinned.message, "requirements without one exact version: six, urllib3");
        assert_eq!(unpinned.location.region.start_line, 8);
        let infos: Vec<&str> = notes.iter().map(|note| note.message.as_str()).collect();
        assert!(infos[0].starts_with("line 3: base.txt, which it includes"), "{infos:?}");
        assert!(infos.iter().any(|note| note.starts_with("npm advisory data is of 2020-07-13")), "{infos:?}");
    }

    #[test]
    fn the_fences_of_a_reply_are_checked_where_they_stand() {
        let text = "Pin it:\n\n```text path=app/requirements.txt\njinja2==2.4.1\n```\n";
        let start = text.find("jinja2").unwrap();
        let mut reply = Original::new("reply.md", Role::Reply, Action::Inspect, text.as_bytes());
        reply.fences.push(Fence {
            language: "text".into(),
            path: Some("app/requirements.txt".into()),
            action: Action::Create,
            line: 3,
            content: start..start + 13,
            upstream: true,
            commonmark: true,
            hidden: None,
        });
        let mut document = reply.clone();
        document.role = Role::Document;
        let (findings, _) = run(&[redacted(reply)]);
        assert!(!findings.is_empty());
        let location = &findings[0].location;
        assert_eq!((location.path.as_str(), location.region.start_line), ("reply.md", 4));
        assert_eq!(location.target.as_deref(), Some("app/requirements.txt"));
        assert_eq!(run(&[redacted(document)]), (vec![], vec![]));
    }

    #[test]
    fn a_manifest_is_locked_beside_or_above() {
        let manifest = r#"{"dependencies": {"a": "^1"}}"#;
        let lock = r#"{"lockfileVersion": 3, "packages": {
            "": {"dependencies": {"a": "^1"}}, "node_modules/a": {"version": "1.0.0"}}}"#;
        let rules = |paths: &[&str]| {
            let text = |path: &str| if path.ends_with("lock.json") { lock } else { manifest };
            let documents: Vec<Redacted> = paths.iter().map(|path| code(path, text(path))).collect();
            run(&documents).0.into_iter().map(|finding| finding.location.path).collect::<Vec<_>>()
        };
        assert_eq!(rules(&["a/package.json"]), ["a/package.json"]);
        assert_eq!(rules(&["a/package.json", "a/package-lock.json"]), [""; 0]);
        assert_eq!(rules(&["a/b/package.json", "package-lock.json"]), [""; 0]);
        assert_eq!(rules(&["ab/package.json", "a/package-lock.json"]), ["ab/package.json"]);
        assert_eq!(rules(&["node_modules/a/package.json"]), [""; 0]);
        let change = Original::new("package.json", Role::Code, Action::Update, manifest.as_bytes());
        assert_eq!(run(&[redacted(change)]), (vec![], vec![]));
    }

    #[test]
    fn what_is_not_checked_is_named() {
        let kinds = |path: &str, text: &str| {
            let (findings, notes) = run(&[code(path, text)]);
            assert_eq!(findings, []);
            notes.into_iter().map(|note| (note.kind, note.message)).collect::<Vec<_>>()
        };
        let [(kind, message)] = &kinds("a/bun.lockb", "")[..] else { panic!() };
        assert_eq!(*kind, NoteKind::Unsupported);
        assert_eq!(message, "a/bun.lockb is not checked: weft cannot read this format of lockfile yet");
        let [(kind, message)] = &kinds("package-lock.json", "{\n \"packages\": {")[..] else { panic!() };
        assert_eq!(
            (*kind, message.as_str()),
            (NoteKind::NotChecked, "line 2: the file ends here: it is cut off")
        );
        let [(kind, _), ..] = &kinds("requirements.txt", "\0\0")[..] else { panic!() };
        assert_eq!(*kind, NoteKind::NotChecked);
        let many = kinds("Cargo.lock", &"what\n".repeat(1000));
        assert_eq!(many.len(), check::PROBLEMS + 1);
        assert_eq!(kinds("src/notes.txt", "jinja2==2.4.1"), []);
    }

    #[test]
    fn an_ecosystem_without_data_is_never_clean() {
        let empty = database::build(vec![(Ecosystem::Go, database::Records::Json(Vec::new()))]).unwrap();
        let checks = checks().with_databases(Databases::only(Database::open(empty).unwrap()));
        let facts = checks.facts(&code("requirements.txt", "a==1.0\n"));
        assert_eq!(facts.notes[0].kind, NoteKind::NotChecked);
        assert_eq!(
            facts.notes[0].message,
            "its packages are not checked: there is no advisory data for PyPI"
        );
    }

    #[test]
    fn the_lines_that_say_which_package_it_is_are_kept() {
        let line = |path: &str, text: &str| {
            let facts = checks().facts(&code(path, text));
            facts.findings[0].advisory.as_ref().unwrap().lines
        };
        let lock = "version = 3\n\n[[package]]\nname = \"thread_local\"\nversion = \"1.1.3\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(line("Cargo.lock", lock), Some((4, 6)));
        let lock = "{\"packages\": {\"node_modules/lodash\": {\n\"version\": \"3.10.1\"}}}";
        assert_eq!(line("package-lock.json", lock), Some((1, 2)));
        assert_eq!(line("requirements.txt", "jinja2==2.4.1\n"), None);
        assert_eq!(line("requirements.txt", "jinja2==\\\n2.4.1\n"), Some((1, 2)));
        let lock = "# yarn lockfile v1\n\n\nlodash@^3.0.0:\n  version \"3.10.1\"\n";
        assert_eq!(line("yarn.lock", lock), Some((4, 5)));
        let lock = "version = 1\n\n[[package]]\nname = \"jinja2\"\nversion = \"2.4.1\"\n\
                    source = { registry = \"https://registry.example/simple\" }\n";
        assert_eq!(line("uv.lock", lock), Some((4, 6)));
        let lock =
            "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"jinja2\": {\n\"version\": \"==2.4.1\"}}}";
        assert_eq!(line("Pipfile.lock", lock), Some((1, 2)));
    }

    #[test]
    fn an_ecosystem_that_is_not_built_in_is_said_to_be_left_out() {
        let facts = checks().facts(&code("Gemfile.lock", "GEM\n  specs:\n    rack (2.0)\n"));
        assert_eq!(facts.notes[0].kind, NoteKind::Unsupported);
        let said = "its packages are not checked: there is no advisory data for RubyGems; \
                    `weft db update --ecosystem RubyGems` fetches it";
        assert_eq!(facts.notes[0].message, said);
    }

    #[test]
    fn a_version_without_an_order_is_partly_checked() {
        let facts = checks().facts(&code("requirements.txt", "jinja2==strange\n"));
        assert_eq!((facts.findings.len(), facts.notes[0].kind), (0, NoteKind::Partial));
        assert!(facts.notes[0].message.starts_with("line 1: the version \"strange\" of jinja2"));
    }
}
