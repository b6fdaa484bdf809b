//! How a project keeps its dependencies: manifests without a lockfile or at odds with it, ranges without a bound, git
//! branches, hashes that are missing. What takes two documents to tell is a candidate of the first pass, at its place, and
//! the second keeps those that hold.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use serde::{Deserialize, Serialize};

use super::check;
use super::database::Databases;
use super::lockfile::{Format, Reading, Usage};
use super::manifest::range::{allows, boundless, exact};
use super::manifest::{self, Manifest, Requirement, Source};
use super::pair::{Asking, Held, Pairs, Wanted};
use super::version::Ecosystem;
use super::{Facts, Pages};
use crate::artifact::Action;
use crate::finding::{Finding, NoteKind, Severity, printable};
use crate::redact::View;
use crate::rule::Rule;

/// A finding of the first pass that holds only beside other documents.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Candidate {
    /// Its place among the findings of the document.
    finding: u32,
    /// The place of its manifest among those of the document.
    manifest: u32,
    when: When,
}

/// When a candidate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum When {
    /// Nothing locks what the manifest asks for.
    Unlocked,
    /// Always; a lockfile makes it less bad.
    Moving,
    /// The lockfile says otherwise about the requirement with that place among the manifest's.
    Differs(u32),
    /// Several package managers have a lockfile there.
    Doubled,
}

/// Looks at the manifest of `view`, and keeps what the second pass needs of it.
pub(super) fn manifest(
    view: &View<'_>,
    format: manifest::Format,
    databases: Result<Option<&Databases>, String>,
    pages: &Pages,
    facts: &mut Facts,
) {
    let Some(path) = view.path() else { return };
    let mut manifest = format.read(view.text());
    // What is installed is what a lockfile says: of a manifest that cannot be read, only what it adds is not checked.
    for problem in manifest.problems.iter_mut().filter(|problem| problem.kind == NoteKind::NotChecked) {
        problem.kind = NoteKind::Partial;
    }
    check::problems(view, &manifest.problems, facts);
    let asking = Asking::of(path, format, &manifest);
    let mut candidates = Candidates { view, manifest: facts.manifests.len() as u32, facts };
    if whole_project(view) {
        candidates.alone(format, &manifest, pages);
    }
    candidates.moving(&manifest, pages);
    candidates.pinned(format.ecosystem(), &manifest, databases, pages);
    candidates.beside(&asking, &manifest, pages);
    facts.manifests.push(asking);
}

/// Whether the view is all there is of its path: what a reply or a change only rewrites may have its lockfile elsewhere.
fn whole_project(view: &View<'_>) -> bool {
    view.fence().is_none() && view.document().action() != Action::Update
}

/// The candidates of one manifest.
struct Candidates<'v, 'f> {
    view: &'v View<'v>,
    manifest: u32,
    facts: &'f mut Facts,
}

/// The names of requirements, each where it stands.
type Named = Vec<(String, std::ops::Range<usize>)>;

fn named<'r>(requirements: impl Iterator<Item = &'r Requirement>) -> Named {
    requirements.map(|one| (one.name.clone(), one.at.clone())).collect()
}

impl Candidates<'_, '_> {
    fn push(&mut self, finding: Option<Finding>, when: When) {
        let Some(finding) = finding else { return };
        let (at, manifest) = (self.facts.findings.len() as u32, self.manifest);
        self.facts.candidates.push(Candidate { finding: at, manifest, when });
        self.facts.findings.push(finding);
    }

    /// What only counts where no lockfile is.
    fn alone(&mut self, format: manifest::Format, manifest: &Manifest, pages: &Pages) {
        let asked = || {
            let registry = manifest.requirements.iter().filter(|one| one.from == Source::Registry);
            registry.filter(|one| !one.offered)
        };
        // Those who only use a Python package get none of what is there to work on it.
        let all = format == manifest::Format::Npm;
        let unlocked = asked().filter(|one| manifest.runs && (all || one.usage != Usage::Development));
        self.push(check::naming(self.view, &pages.unlocked, &named(unlocked)), When::Unlocked);
        let boundless = asked().filter(|one| boundless(format.ecosystem(), &one.range));
        self.push(check::naming(self.view, &pages.wildcard, &named(boundless)), When::Unlocked);
    }

    /// Repositories of which nothing says what is meant.
    fn moving(&mut self, manifest: &Manifest, pages: &Pages) {
        let moving = manifest.requirements.iter().filter(|one| one.from.moves());
        let moving: Named =
            moving.map(|one| (format!("{} ({})", one.name, one.from), one.at.clone())).collect();
        let mut finding = check::naming(self.view, &pages.moving, &moving);
        if let Some(finding) = finding.as_mut().filter(|_| !whole_project(self.view)) {
            // What locks it may be elsewhere.
            finding.severity = Severity::Low;
        }
        self.push(finding, When::Moving);
    }

    /// Holds what takes one version only against the advisories: where no lockfile is, that version is installed.
    fn pinned(
        &mut self,
        ecosystem: Ecosystem,
        manifest: &Manifest,
        databases: Result<Option<&Databases>, String>,
        pages: &Pages,
    ) {
        let known = databases.as_ref().is_ok_and(Option::is_some);
        if !known && !ecosystem.built_in() {
            // The lockfile says so.
            return;
        }
        let mut reading = Reading::default();
        for one in manifest.requirements.iter().filter(|one| one.from == Source::Registry && !one.offered) {
            if let Some(version) = exact(ecosystem, &one.range) {
                reading.add(&one.name, version, one.at.clone(), one.usage, None);
            }
        }
        let before = self.facts.findings.len();
        check::lockfile(self.view, ecosystem, &reading, databases, pages, self.facts);
        for finding in before..self.facts.findings.len() {
            let (finding, manifest) = (finding as u32, self.manifest);
            self.facts.candidates.push(Candidate { finding, manifest, when: When::Unlocked });
        }
    }

    /// What the lockfiles beside may say otherwise: a candidate at each requirement, and one for the file.
    fn beside(&mut self, asking: &Asking, manifest: &Manifest, pages: &Pages) {
        /// The most requirements with a place of their own; a difference behind them is told at the last.
        const MOST: usize = 256;
        let places = manifest.requirements.iter().filter(|one| Asking::keeps(one)).take(MOST);
        for (place, one) in places.enumerate() {
            let mut finding = self.view.finding(&pages.inconsistent, one.at.clone(), &[]);
            // There are many of them, and few hold.
            (finding.message, finding.advice) = Default::default();
            self.push(Some(finding), When::Differs(place as u32));
        }
        if let Some(first) = manifest.requirements.first().filter(|_| !asking.wanted.is_empty()) {
            let finding = self.view.finding(&pages.duplicate, first.at.clone(), &[]);
            self.push(Some(finding), When::Doubled);
        }
    }
}

/// The packages of a lockfile that have no hash, where others have one.
pub(super) fn hashes(view: &View<'_>, reading: &Reading, pages: &Pages) -> Option<Finding> {
    let some = reading.packages.iter().any(|package| package.hashed == Some(true));
    let without = reading.packages.iter().filter(|package| package.hashed == Some(false));
    let without: Named = without.map(|package| (package.name.clone(), package.at.clone())).collect();
    check::naming(view, &pages.hashless, &without).filter(|_| some)
}

/// The packages of a lockfile that come from several places: one finding, at the first that is from another place than the
/// one before it.
pub(super) fn origins(
    view: &View<'_>,
    ecosystem: Ecosystem,
    reading: &Reading,
    pages: &Pages,
) -> Option<Finding> {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    let mut others: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut place = None;
    for origin in &reading.origins {
        let key = ecosystem.key(&origin.name);
        let before = *first.entry(key.clone()).or_insert(&origin.from);
        if before != origin.from {
            place.get_or_insert_with(|| origin.at.clone());
            others.entry(key).or_insert_with(|| BTreeSet::from([before])).insert(&origin.from);
        }
    }
    let told: Vec<String> = others
        .iter()
        .map(|(name, from)| {
            format!("{name} ({})", from.iter().take(3).copied().collect::<Vec<_>>().join(", "))
        })
        .collect();
    let places = check::listed(told.iter().map(String::as_str));
    let what = "one package from several sources";
    Some(view.finding(&pages.duplicate, place?, &[("what", what), ("places", &places)]))
}

/// The findings of a document that hold.
pub(super) fn holding(
    findings: Vec<Finding>,
    candidates: &[Candidate],
    manifests: &[Asking],
    pairs: &Pairs<'_>,
    pages: &Pages,
) -> Vec<Finding> {
    let mut findings: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    let mut differing: BTreeMap<u32, Differing<'_>> = BTreeMap::new();
    for candidate in candidates {
        let Some(manifest) = manifests.get(candidate.manifest as usize) else { continue };
        let Some(place) = findings.get_mut(candidate.finding as usize) else { continue };
        let Some(mut finding) = place.take() else { continue };
        let holds = match candidate.when {
            When::Unlocked => !pairs.locked(manifest),
            When::Moving => {
                if pairs.locked(manifest) {
                    finding.severity = Severity::Low;
                }
                true
            }
            When::Doubled => doubled(&mut finding, manifest, pairs, &pages.duplicate),
            When::Differs(wanted) => {
                let differing =
                    differing.entry(candidate.manifest).or_insert_with(|| Differing::new(manifest, pairs));
                differing.take(finding, candidate.finding, wanted);
                continue;
            }
        };
        *place = Some(finding).filter(|_| holds);
    }
    for one in differing.into_values() {
        if let Some((place, finding)) = one.finding(&pages.inconsistent)
            && let Some(kept) = findings.get_mut(place as usize)
        {
            *kept = Some(finding);
        }
    }
    findings.into_iter().flatten().collect()
}

/// Fills the message of a page, with what other documents say, and cleans it.
fn fill(finding: &mut Finding, page: &Rule, fill: &[(&str, &str)]) {
    let message = fill
        .iter()
        .fold(page.message.clone(), |message, (name, value)| message.replace(&format!("{{{name}}}"), value));
    finding.message = printable(&message);
    finding.advice.clone_from(&page.advice);
}

/// Whether several package managers have a lockfile beside the manifest itself.
fn doubled(finding: &mut Finding, manifest: &Asking, pairs: &Pairs<'_>, page: &Rule) -> bool {
    let Some((folder, names)) = pairs.locks_of(manifest) else { return false };
    // npm writes the first two alike, and lists of requirements are no lockfile's rival.
    let mut managers: Vec<&str> =
        names.into_iter().filter(|name| *name != "npm-shrinkwrap.json" && !name.ends_with(".txt")).collect();
    managers.retain(|name| !name.starts_with("pylock."));
    managers.sort_unstable();
    let what = "several package managers lock the same packages";
    fill(finding, page, &[("what", what), ("places", &managers.join(", "))]);
    folder == manifest.folder() && managers.len() > 1
}

/// The requirements of a manifest that its lockfile says otherwise about.
struct Differing<'f> {
    held: Option<&'f Held>,
    /// The places among the requirements, and what is said.
    told: Vec<(usize, String)>,
    /// The candidate at the first of them, or the last before it.
    first: Option<(u32, Finding)>,
}

impl<'f> Differing<'f> {
    fn new(manifest: &Asking, pairs: &Pairs<'f>) -> Self {
        let held = pairs.locks_of(manifest).and_then(|(folder, names)| match names.as_slice() {
            // Of several lockfiles it is not known which one counts.
            [name] => pairs.held(folder, name),
            _ => None,
        });
        let held = held.filter(|held| held.whole && belongs(manifest, held));
        let told = held.into_iter().flat_map(|held| {
            let wanted = manifest.wanted.iter().enumerate();
            wanted.filter_map(move |(place, wanted)| {
                let said = differs(manifest, wanted, held)?;
                let own = pairs.is_own(manifest.format.ecosystem(), &wanted.name);
                (!own && !pairs.overridden(manifest, held, wanted)).then_some((place, said))
            })
        });
        Differing { told: told.collect(), held, first: None }
    }

    fn take(&mut self, finding: Finding, at: u32, wanted: u32) {
        let first = self.told.first().map(|(place, _)| *place as u32);
        if first.is_some_and(|first| wanted <= first) {
            self.first = Some((at, finding));
        }
    }

    fn finding(self, page: &Rule) -> Option<(u32, Finding)> {
        let (at, mut finding) = self.first?;
        let packages = check::listed(self.told.iter().map(|(_, said)| said.as_str()));
        let lock = manifest::parted(&self.held?.path).1;
        fill(&mut finding, page, &[("lock", lock), ("packages", &packages)]);
        Some((at, finding))
    }
}

/// Whether the manifest is one that the lockfile was made for: it stands beside it, or the lockfile names it.
pub(super) fn belongs(manifest: &Asking, held: &Held) -> bool {
    let folder = folder_from(manifest, held);
    let named = || {
        let key = manifest.own.as_ref().map(|own| manifest.format.ecosystem().key(own));
        held.format == Format::Cargo && key.is_some_and(|key| held.has_other(&key))
    };
    let beside = folder.is_empty() && held.format != Format::Cargo;
    let pair = match held.format {
        Format::Pipfile => manifest.format == manifest::Format::Pipfile,
        Format::Poetry | Format::Uv | Format::Pdm | Format::Pylock => {
            manifest.format == manifest::Format::Pyproject
        }
        // A list of requirements has its own source.
        Format::Requirements => false,
        _ => true,
    };
    pair && (beside || named() || held.asked_in(folder).is_some())
}

/// The folder of a manifest, seen from the lockfile.
fn folder_from<'m>(manifest: &'m Asking, held: &Held) -> &'m str {
    manifest.folder().strip_prefix(held.folder()).unwrap_or_default().trim_start_matches('/')
}

/// What the lockfile says otherwise about a requirement.
fn differs(manifest: &Asking, wanted: &Wanted, held: &Held) -> Option<String> {
    let ecosystem = held.format.ecosystem();
    let key = ecosystem.key(&wanted.name);
    if !wanted.registry || wanted.offered || held.has_other(&key) {
        return None;
    }
    let shown = |what: &str| format!("{} {} ({what})", wanted.key, wanted.range).replace("  ", " ");
    if matches!(
        held.format,
        Format::Npm | Format::Pnpm | Format::Bun | Format::Uv | Format::Yarn | Format::Gems
    ) && held.copies()
    {
        return copied(manifest, wanted, held).map(|copy| shown(&copy));
    }
    // What only a group of its own asks for may be left out, and in PHP one package may stand for others.
    let versions = held.versions(&key);
    if versions.is_empty() {
        let all = !matches!(held.format, Format::Pylock | Format::Pdm | Format::Composer);
        return all.then(|| shown("not there"));
    }
    let outside = versions.iter().all(|version| allows(ecosystem, &wanted.range, version) == Some(false));
    let locked = versions.first().filter(|_| outside && !wanted.range.is_empty())?;
    Some(shown(&format!("locked {locked}")))
}

/// How the lockfile's own copy of a requirement differs from it.
fn copied(manifest: &Asking, wanted: &Wanted, held: &Held) -> Option<String> {
    let ecosystem = held.format.ecosystem();
    let copies = held.asked_in(folder_from(manifest, held));
    let copies = copies.and_then(|copies| copies.get(&ecosystem.key(&wanted.key)));
    let Some(copies) = copies.filter(|copies| !copies.is_empty()) else {
        return Some("not there".to_owned());
    };
    // An alias is written whole, Yarn may write `npm:` before each range, and Bundler writes a version alone as one.
    let written = [
        format!("= {}", wanted.range),
        wanted.range.clone(),
        format!("npm:{}", wanted.range),
        format!("npm:{}@{}", wanted.name, wanted.range),
    ];
    let written = written.map(|range| bounds(ecosystem, &range));
    if copies.iter().any(|copy| written.contains(&bounds(ecosystem, copy))) {
        return None;
    }
    let range = copies.first().filter(|range| !range.is_empty()).map_or("any version", String::as_str);
    Some(format!("there as {range}"))
}

/// The bounds of a range, whatever their order, the spaces between them and the way that Python's versions are written.
fn bounds(ecosystem: Ecosystem, range: &str) -> Vec<String> {
    let one = |bound: &str| {
        let bound = bound.split_whitespace().collect::<Vec<_>>().join(" ");
        let bound = bound.replace("= ", "=").replace("> ", ">").replace("< ", "<");
        match pep440_rs::VersionSpecifier::from_str(&bound) {
            Ok(specifier) if ecosystem == Ecosystem::PyPi => specifier.to_string(),
            _ => bound,
        }
    };
    let bounds = range.split(',').map(one).filter(|bound| !bound.is_empty() && bound != "*");
    let mut bounds: Vec<String> = bounds.collect();
    bounds.sort_unstable();
    bounds
}

#[cfg(test)]
mod tests;
