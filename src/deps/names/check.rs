//! The references of all documents against what the project declares and what many projects use.

use std::collections::{BTreeMap, BTreeSet};

use super::advised::advised;
use super::alike::alike;
use super::declared::{All, Declared, Own, kind};
use super::platform::{distribution, is_of_the_platform};
use super::popular::{Popular, Tier};
use super::reference::{How, Reference};
use super::{Facts, Linked, Pages, Place, Project, imports, standard};
use crate::deps::advisory::Match;
use crate::deps::check;
use crate::deps::database::Databases;
use crate::deps::lockfile::{Format, Reading, Usage};
use crate::deps::version::Ecosystem;
use crate::finding::{Finding, Note, NoteKind, Severity};
use crate::redact::{Redacted, View};
use crate::rule::Rule;
use crate::syntax::{Language, Parsed, parse, steps_for};

/// The most manifests and lockfiles around a change that are read.
const AROUND: usize = 400;

/// The most findings of one run, and the most documents that are read again for them.
const FINDINGS: usize = 500;

/// The most places of one name in one document that are looked at: of a change only some lines are new.
const PLACES: usize = 20;

/// By what the same finding is told: rule, ecosystem, key.
pub(super) type Same<'f> = (&'f str, Ecosystem, String);

/// What is wrong with a reference.
pub(super) struct Wrong<'f> {
    pub(super) page: &'f Rule,
    pub(super) same: Same<'f>,
    pub(super) fill: Vec<(&'static str, String)>,
    pub(super) severity: Severity,
    /// Whether nothing here knows the name.
    pub(super) unknown: bool,
    pub(super) reference: &'f Reference,
    /// Whether an import within a function counts.
    pub(super) lazy: bool,
    pub(super) document: usize,
    pub(super) fence: Option<u32>,
    /// What an advisory says of the version that is asked for.
    pub(super) advised: Option<(Match, String)>,
}

/// See [`super::link`].
pub(super) fn link(
    pages: &Pages,
    facts: &[&Facts],
    project: &Project<'_>,
    databases: &Databases,
    asking: bool,
) -> Linked {
    if facts.iter().all(|facts| facts.asked.is_empty()) {
        return Linked::default();
    }
    let mut around = Around { paths: (project.around)(), declared: Vec::new() };
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    // Lockfiles are long: those around a change are read when its manifests do not name all.
    for locks in [false, true] {
        if !around.read(locks, facts, project) && locks {
            break;
        }
        (wrong, names) = judged(pages, facts, project, &around, asking);
        if wrong.is_empty() && names.is_empty() {
            break;
        }
    }
    let mut linked = Linked::default();
    wrong.extend(advised(pages, facts, databases, &mut linked));
    wrong.sort_by_key(|one| one.document);
    let (found, notes) = shown(wrong, project, &mut names);
    (linked.unknown, linked.notes) = (names, [linked.notes, notes].concat());
    for ((rule, ecosystem, key), finding) in found {
        if rule == pages.missing.id {
            linked.asked.push(((ecosystem, key), finding));
        } else {
            linked.findings.push(finding);
        }
    }
    if linked.findings.len() > FINDINGS {
        // The gravest first: nobody hides one behind many.
        linked.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        linked.findings.truncate(FINDINGS);
        let why = format!("more than {FINDINGS} names are asked about: the others were left out");
        linked.notes.push(Note::new(NoteKind::Partial, "", why));
    }
    for (facts, path) in facts.iter().zip(project.documents).filter(|(facts, _)| facts.cut) {
        // What a tree holds has been looked at by people; what comes in has not.
        let kind = if facts.place == Place::Tree { NoteKind::Info } else { NoteKind::Partial };
        let why = "it names more packages than are looked at: the others were left out";
        linked.notes.push(Note::new(kind, *path, why));
    }
    linked
}

/// What is wrong with the references, and the names that nothing here knows.
fn judged<'f>(
    pages: &'f Pages,
    facts: &[&'f Facts],
    project: &Project<'_>,
    around: &Around<'_>,
    asking: bool,
) -> (Vec<Wrong<'f>>, BTreeSet<(Ecosystem, String)>) {
    let all = All::of(facts.iter().map(|facts| &facts.declared).chain(&around.declared));
    let paths = project.documents.iter().copied().chain(around.paths.iter().copied());
    let fences = facts.iter().flat_map(|facts| facts.paths.iter().map(String::as_str));
    let mut judge = Judge {
        pages,
        popular: Popular::embedded(),
        all: &all,
        own: Own::of(paths.chain(fences)),
        known: BTreeMap::new(),
        unknown: BTreeSet::new(),
        asking,
    };
    let mut wrong = Vec::new();
    for (document, facts) in facts.iter().enumerate() {
        for (reference, fence) in &facts.asked {
            wrong.extend(judge.judge(reference, facts.place, facts.aside).into_iter().map(|verdict| Wrong {
                page: verdict.page,
                same: (&verdict.page.id, reference.ecosystem, verdict.key),
                fill: verdict.fill,
                severity: verdict.severity,
                unknown: verdict.unknown,
                reference,
                lazy: facts.place != Place::Tree,
                document,
                fence: *fence,
                advised: None,
            }));
        }
    }
    (wrong, judge.unknown)
}

/// What the files around a change are called and declare.
struct Around<'p> {
    paths: Vec<&'p str>,
    declared: Vec<Declared>,
}

impl Around<'_> {
    /// Reads the lockfiles, or the other files that declare something, of the ecosystems that are asked for; whether there
    /// were any.
    fn read(&mut self, locks: bool, facts: &[&Facts], project: &Project<'_>) -> bool {
        let asked: BTreeSet<Ecosystem> =
            facts.iter().flat_map(|facts| &facts.asked).map(|(reference, _)| reference.ecosystem).collect();
        let is_wanted = |path: &str| match (Format::of(path), kind(path)) {
            (Some(Format::Requirements), _) | (None, Some(_)) if locks => false,
            (Some(format), _) => {
                (locks || format == Format::Requirements) && asked.contains(&format.ecosystem())
            }
            (None, kind) => kind.is_some_and(|(ecosystem, _)| asked.contains(&ecosystem)),
        };
        let mut wanted: Vec<usize> =
            (0..self.paths.len()).filter(|index| is_wanted(self.paths[*index])).collect();
        // The nearest to the root first: those of packages inside are many and small.
        wanted.sort_by_key(|index| (self.paths[*index].matches('/').count(), self.paths[*index]));
        wanted.truncate(AROUND);
        for index in &wanted {
            let Some(document) = (project.open_around)(*index) else { continue };
            self.declared.push(Declared::of_around(&document, self.paths[*index]));
        }
        !wanted.is_empty()
    }
}

/// What is wrong with a name.
#[derive(Clone)]
struct Verdict<'f> {
    page: &'f Rule,
    key: String,
    fill: Vec<(&'static str, String)>,
    severity: Severity,
    /// Of a module: whether nothing here knows the name. Whether it is imported at all is seen when the file is read again.
    unknown: bool,
}

struct Judge<'f, 'a> {
    pages: &'f Pages,
    popular: &'static Popular,
    all: &'a All<'a>,
    own: Own<'a>,
    /// What was said of a name that is asked for in one way: it is asked for again and again.
    known: BTreeMap<(Ecosystem, String, How, Place, bool), Vec<Verdict<'f>>>,
    unknown: BTreeSet<(Ecosystem, String)>,
    /// Whether a registry is asked about names that nothing here knows.
    asking: bool,
}

impl<'f> Judge<'f, '_> {
    fn judge(&mut self, reference: &Reference, place: Place, aside: bool) -> Vec<Verdict<'f>> {
        let Reference { ecosystem, name, how, .. } = reference;
        let asked = (*ecosystem, name.clone(), *how, place, aside);
        if let Some(known) = self.known.get(&asked) {
            return known.clone();
        }
        let verdict = match how {
            How::Import => self.import(*ecosystem, name, aside),
            _ => self.package(reference, place),
        };
        self.known.insert(asked, verdict.clone());
        verdict
    }

    /// A package that a command or a manifest names.
    fn package(&mut self, reference: &Reference, place: Place) -> Vec<Verdict<'f>> {
        let Reference { ecosystem, name, how, .. } = reference;
        let (ecosystem, how, document) = (*ecosystem, *how, place == Place::Document);
        let key = ecosystem.key(name);
        if self.all.stands(ecosystem, &key) {
            return Vec::new();
        }
        let tier = self.popular.tier(ecosystem, &key);
        let mut asked = None;
        let said = |page: &'f Rule, fill: Vec<(&'static str, String)>, severity| {
            vec![Verdict { page, key: key.clone(), fill, severity, unknown: false }]
        };
        let library = standard::library(ecosystem, name).filter(|_| how != How::Conda && !document);
        if let Some(language) = library.filter(|_| !standard::stands_in(ecosystem, name)) {
            let severity = if tier.is_some() { Severity::Low } else { Severity::Medium };
            let fill = vec![("package", name.clone()), ("language", language.to_owned())];
            return said(&self.pages.standard, fill, severity);
        }
        if tier.is_none() {
            if let Some((other, tier)) = alike(self.popular, ecosystem, &key) {
                let severity = if tier == Tier::First { Severity::Medium } else { Severity::Low };
                let fill = vec![("package", name.clone()), ("popular", other)];
                return said(&self.pages.lookalike, fill, severity);
            }
            if how == How::Conda {
                return Vec::new();
            }
            if let Some((other, severity)) = self.elsewhere(ecosystem, &key) {
                let fill = vec![
                    ("package", name.clone()),
                    ("asked", ecosystem.name().to_owned()),
                    ("known", other.name().to_owned()),
                ];
                return said(&self.pages.elsewhere, fill, severity);
            }
            if !document {
                self.unknown.insert((ecosystem, key.clone()));
                asked = self.open(ecosystem, name, &key);
            }
        }
        let missing =
            how == How::Install && self.all.has_manifest(ecosystem) && !self.all.has(ecosystem, &key);
        // What many use is installed to build or test with, in jobs and recipes.
        let asked_about = place == Place::Reply && !is_of_the_platform(ecosystem, name)
            || place == Place::Change && tier.is_none();
        if missing && asked_about {
            let fill = vec![("package", name.clone()), ("what", "installed".to_owned())];
            let undeclared = said(&self.pages.undeclared, fill, Severity::Low);
            return undeclared.into_iter().chain(asked).collect();
        }
        asked.into_iter().collect()
    }

    /// What holds of a name that nothing here knows should its registry not know it either.
    fn open(&self, ecosystem: Ecosystem, name: &str, key: &str) -> Option<Verdict<'f>> {
        let fill = vec![("package", name.to_owned()), ("ecosystem", ecosystem.name().to_owned())];
        let (page, key) = (&self.pages.missing, key.to_owned());
        self.asking.then_some(Verdict { page, key, fill, severity: page.severity, unknown: false })
    }

    /// The ecosystem in which a name is popular that is unknown in its own. Only where both have long lists.
    fn elsewhere(&self, ecosystem: Ecosystem, key: &str) -> Option<(Ecosystem, Severity)> {
        let (other, spelt) = match ecosystem {
            Ecosystem::PyPi => (Ecosystem::Npm, key.to_owned()),
            Ecosystem::Npm => (Ecosystem::PyPi, Ecosystem::PyPi.key(key)),
            _ => return None,
        };
        // The list of npm is the shorter one: what is not on it may well be there.
        let severity = match (self.popular.tier(other, &spelt)?, ecosystem) {
            (Tier::First, _) => Severity::Medium,
            (Tier::Second, Ecosystem::PyPi) => Severity::Low,
            _ => return None,
        };
        Some((other, severity))
    }

    /// A module that code imports.
    fn import(&mut self, ecosystem: Ecosystem, name: &str, aside: bool) -> Vec<Verdict<'f>> {
        let key = ecosystem.key(name);
        let alias = match ecosystem {
            Ecosystem::PyPi => distribution(self.popular, name).map(|name| ecosystem.key(name)),
            // The types of a package that is only imported for them.
            _ => Some(format!("@types/{}", name.trim_start_matches('@').replace('/', "__"))),
        };
        let declared = self.all.has(ecosystem, &key)
            || alias.as_ref().is_some_and(|alias| self.all.has(ecosystem, alias))
            || ecosystem == Ecosystem::PyPi && (self.all.has_module(name) || self.comes_along(name))
            || name.starts_with('@') && self.all.has(ecosystem, name.split('/').next().unwrap_or(name));
        if declared || self.is_own(ecosystem, name) || is_of_the_platform(ecosystem, name) {
            return Vec::new();
        }
        let popular =
            self.popular.tier(ecosystem, &key).is_some() || ecosystem == Ecosystem::PyPi && alias.is_some();
        let known = self.all.has_manifest(ecosystem);
        if !popular && let Some((other, Tier::First)) = alike(self.popular, ecosystem, &key) {
            let severity = if known { Severity::Medium } else { Severity::Low };
            let fill = vec![("package", name.to_owned()), ("popular", other)];
            let page = &self.pages.lookalike;
            return vec![Verdict { page, key, fill, severity, unknown: known }];
        }
        if !known || aside {
            return Vec::new();
        }
        let fill = vec![("package", name.to_owned()), ("what", "imported".to_owned())];
        let page = &self.pages.undeclared;
        let open = if popular { None } else { self.open(ecosystem, name, &key) };
        let verdict = Verdict { page, key, fill, severity: Severity::Low, unknown: !popular };
        std::iter::once(verdict).chain(open).collect()
    }

    /// Whether a module comes with a package that is declared, and is meant to be imported beside it.
    fn comes_along(&self, module: &str) -> bool {
        const PAIRS: &[(&str, &[&str])] = &[
            ("aiohttp", &["yarl", "multidict"]),
            ("boto3", &["botocore", "s3transfer"]),
            ("django", &["asgiref", "sqlparse"]),
            ("fastapi", &["starlette", "pydantic", "anyio"]),
            ("flask", &["werkzeug", "jinja2", "click", "itsdangerous", "markupsafe", "blinker"]),
            ("httpx", &["httpcore", "anyio", "certifi"]),
            ("pandas", &["numpy", "dateutil", "pytz"]),
            ("pydantic", &["pydantic_core", "typing_extensions"]),
            ("requests", &["urllib3", "certifi"]),
            ("rich", &["pygments"]),
            ("scikit-learn", &["numpy", "scipy", "joblib"]),
            ("scipy", &["numpy"]),
            ("matplotlib", &["numpy"]),
            ("sphinx", &["docutils", "jinja2"]),
            ("torch", &["numpy"]),
        ];
        let has = |package: &str| self.all.has(Ecosystem::PyPi, package);
        PAIRS.iter().any(|(package, modules)| modules.contains(&module) && has(package))
    }

    fn is_own(&self, ecosystem: Ecosystem, name: &str) -> bool {
        let first = name.trim_start_matches('@').split('/').next().unwrap_or(name);
        self.own.has(name) || ecosystem == Ecosystem::Npm && self.own.has(first)
    }
}

/// The findings of what is wrong, one a name, at a line that the change adds where there is one; `names` gets the modules
/// that nothing here knows. Each document is read again once, in their order.
fn shown<'f>(
    wrong: Vec<Wrong<'f>>,
    project: &Project<'_>,
    names: &mut BTreeSet<(Ecosystem, String)>,
) -> (Vec<(Same<'f>, Finding)>, Vec<Note>) {
    let mut found: BTreeMap<Same<'f>, (bool, usize, Finding)> = BTreeMap::new();
    let mut notes = Vec::new();
    let mut read = 0;
    for of_one in wrong.chunk_by(|one, other| one.document == other.document) {
        let mut places: BTreeMap<(&str, Ecosystem, &str), usize> = BTreeMap::new();
        let mut left: Vec<&Wrong<'_>> = Vec::new();
        for one in of_one.iter().filter(|one| found.get(&one.same).is_none_or(|(added, ..)| !added)) {
            let place = places.entry((one.same.0, one.same.1, &one.same.2)).or_default();
            *place += 1;
            if *place > PLACES {
                continue;
            }
            if left.len() == FINDINGS {
                let path = project.documents.get(one.document).copied().unwrap_or_default();
                let why =
                    format!("more than {FINDINGS} names in it are asked about: the others were left out");
                notes.push(Note::new(NoteKind::Partial, path, why));
                break;
            }
            left.push(one);
        }
        let Some(document) = left.first().map(|one| one.document) else { continue };
        read += 1;
        if read > FINDINGS {
            let why = "more files name packages that are asked about than are read again: some were left out";
            notes.push(Note::new(NoteKind::Partial, "", why));
            break;
        }
        let Some(text) = (project.open)(document) else {
            let path = project.documents.get(document).copied().unwrap_or_default();
            let why = "it names packages to ask about, and could not be read again to show where";
            notes.push(Note::new(NoteKind::NotChecked, path, why));
            continue;
        };
        let mut some = findings_of(&text, &left);
        for (at, finding) in some.drain(..) {
            let region = finding.location.region;
            let added = text.added(region.start_line, region.end_line);
            let key = left[at].same.clone();
            if left[at].unknown {
                names.insert((key.1, key.2.clone()));
            }
            let better = found.get(&key).is_none_or(|(known, ..)| added && !known);
            if better {
                found.insert(key, (added, document, finding));
            }
        }
        // The fingerprints of those that came from this document.
        for (.., finding) in found.values_mut().filter(|(_, of, _)| *of == document) {
            text.sign_lines(std::slice::from_mut(finding));
        }
    }
    (found.into_iter().map(|(same, (.., finding))| (same, finding)).collect(), notes)
}

/// The findings of one document, each with its place among `wrong`.
fn findings_of(document: &Redacted, wrong: &[&Wrong<'_>]) -> Vec<(usize, Finding)> {
    let views = document.views();
    let mut trees: BTreeMap<Option<u32>, Option<Parsed<'_>>> = BTreeMap::new();
    let mut findings = Vec::new();
    for (index, one) in wrong.iter().enumerate() {
        let whole = document.whole();
        let view = match one.fence {
            Some(fence) => match views.get(fence as usize) {
                Some(view) => view.clone(),
                None => continue,
            },
            None => whole,
        };
        if one.reference.how == How::Import {
            let tree = trees.entry(one.fence).or_insert_with(|| tree(&view));
            let stands = |tree| imports::stands(tree, &one.reference.at, one.lazy);
            if !tree.as_ref().is_some_and(stands) {
                continue;
            }
        }
        if let Some((advised, version)) = &one.advised {
            let mut reading = Reading::default();
            let Reference { ecosystem, name, at, .. } = one.reference;
            if let Some(package) = reading.add(name, version, at.clone(), Usage::Program, None) {
                findings.push((index, check::finding(&view, *ecosystem, package, advised, one.page)));
            }
            continue;
        }
        let fill: Vec<(&str, &str)> = one.fill.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut finding = view.finding(one.page, one.reference.at.clone(), &fill);
        finding.severity = one.severity;
        findings.push((index, finding));
    }
    findings
}

fn tree<'v>(view: &View<'v>) -> Option<Parsed<'v>> {
    let language = view.path().and_then(Language::of_path);
    let language = language.or_else(|| Language::of_fence(&view.fence()?.language))?;
    parse(language, view.text(), steps_for(view.text())).ok()
}
