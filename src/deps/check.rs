//! One lockfile against the database: a finding an advisory, at the place that names the package.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::advisory::{Match, check};
use super::calls;
use super::database::{Databases, Kind};
use super::lockfile::{Package, Problem, Reading, Usage, Ways};
use super::version::{Ecosystem, order};
use super::{Facts, Pages};
use crate::finding::{Advisory, Finding, Note, NoteKind, Severity};
use crate::redact::View;
use crate::rule::Rule;

/// The most problems of one file that are listed one by one.
pub(super) const PROBLEMS: usize = 20;

/// How many characters may be counted for the columns of one file's findings: more than any file that people or package
/// managers write needs, less than one line of many megabytes with thousands of findings.
const COUNTED: usize = 4_000_000_000;

/// Adds what `reading`, the lockfile of `view`, shows.
pub(super) fn lockfile(
    view: &View<'_>,
    ecosystem: Ecosystem,
    reading: &Reading,
    databases: Result<Option<&Databases>, String>,
    pages: &Pages,
    facts: &mut Facts,
) {
    problems(view, &reading.problems, facts);
    facts.findings.extend(naming(view, &pages.unpinned, &reading.unpinned));
    if view.document().binary() {
        return facts.notes.push(not_checked(view, "the file is not text"));
    }
    if reading.packages.is_empty() {
        return;
    }
    let databases = match databases {
        Ok(Some(databases)) => databases,
        Ok(None) => {
            let mut note = not_checked(view, &format!("there is no advisory data for {ecosystem}"));
            if !ecosystem.built_in() {
                // Nobody left it out: it comes with a database of the user's own.
                note.kind = NoteKind::Unsupported;
                note.message += &format!("; `weft db update --ecosystem {ecosystem}` fetches it");
            }
            return facts.notes.push(note);
        }
        Err(why) => return facts.notes.push(not_checked(view, &why)),
    };
    facts.used.insert(ecosystem);
    let mut unsure = Vec::new();
    let mut seen = BTreeSet::new();
    let ways = OnceCell::new();
    let mut usages: HashMap<(&str, &str), Usage> = HashMap::new();
    for package in &reading.packages {
        let usage = usages.entry((&package.name, &package.version)).or_insert(package.usage);
        *usage = usage.wider(package.usage);
    }
    let longest = view.text().lines().map(str::len).max().unwrap_or(0);
    let most = facts.findings.len() + COUNTED / longest.max(1);
    for package in &reading.packages {
        if facts.findings.len() >= most {
            facts.notes.push(not_checked(
                view,
                "there are too many findings on one line; let the package manager format it",
            ));
            break;
        }
        if !seen.insert((&package.name, &package.version)) {
            continue;
        }
        let verdict = match check(databases, ecosystem, &package.name, &package.version) {
            Ok(verdict) => verdict,
            Err(why) => {
                facts.notes.push(not_checked(view, &why.to_string()));
                break;
            }
        };
        let way_out = way_out(databases, ecosystem, &package.name, &verdict.matches);
        let (before, mut remedies) = (facts.findings.len() as u32, Vec::new());
        let found = verdict.matches.iter().enumerate().map(|(index, one)| {
            let mut finding = finding(view, ecosystem, package, one, page_of(one, pages));
            if let Some(advisory) = &mut finding.advisory {
                let usage = usages.get(&(package.name.as_str(), package.version.as_str()));
                advisory.only = usage.and_then(|usage| usage.only()).map(str::to_owned);
            }
            if let (Some(advisory), Some(node)) = (&mut finding.advisory, package.node) {
                let ways: &Ways<'_> = ways.get_or_init(|| reading.graph.ways());
                advisory.way = ways.to(node).into_iter().map(str::to_owned).collect();
            }
            if let (Some((version, clean)), false) = (&way_out, one.fixed.is_empty()) {
                let which = if *clean {
                    ", the lowest version that no known advisory names"
                } else {
                    " or later, which fixes these"
                };
                finding.advice = format!("update {} to {version}{which}.", package.name);
                remedies.push((before + index as u32, version.clone()));
            }
            finding
        });
        facts.findings.extend(found);
        facts.remedies.extend(remedies);
        if !verdict.unsure.is_empty() {
            let message = format!(
                "the version \"{}\" of {} has no place in the order of {ecosystem}, so {} could not be checked",
                package.version,
                package.name,
                listed(verdict.unsure.iter().map(String::as_str))
            );
            unsure.push(Problem { kind: NoteKind::Partial, at: package.at.start, message });
        }
    }
    problems(view, &unsure, facts);
}

/// The lowest version that some advisory calls fixed and that no advisory at all still names, and `true`: several
/// advisories have several fixed lines, and the highest of their first fixes may be open in another. When each is
/// named by some, the highest first fix of these, and `false`.
fn way_out(
    databases: &Databases,
    ecosystem: Ecosystem,
    name: &str,
    matches: &[Match],
) -> Option<(String, bool)> {
    /// The most fixes that are tried; more come only from a package nobody should keep.
    const TRIED: usize = 64;
    let mut fixes: Vec<&String> = matches.iter().flat_map(|one| &one.fixed).collect();
    fixes.sort_by(|one, other| order(ecosystem, one, other));
    fixes.dedup();
    let open = |version: &str| {
        check(databases, ecosystem, name, version).map_or(true, |verdict| {
            let weak = |one: &Match| one.kind.informational().is_none();
            !verdict.unsure.is_empty() || verdict.matches.iter().any(weak)
        })
    };
    let clean = fixes.into_iter().take(TRIED).find(|version| !open(version));
    let firsts = matches.iter().filter_map(|one| one.fixed.first());
    let highest = || firsts.max_by(|one, other| order(ecosystem, one, other));
    clean.map(|version| (version.clone(), true)).or_else(|| Some((highest()?.clone(), false)))
}

fn page_of<'p>(one: &Match, pages: &'p Pages) -> &'p Rule {
    if one.kind.informational().is_some() { &pages.informational } else { &pages.vulnerable }
}

/// The finding of `page` that says of a package what one advisory does.
pub(super) fn finding(
    view: &View<'_>,
    ecosystem: Ecosystem,
    package: &Package,
    one: &Match,
    page: &Rule,
) -> Finding {
    let informational = one.kind.informational();
    let what = match one.kind {
        Kind::Vulnerability => "is vulnerable",
        Kind::Malicious => "is malicious",
        Kind::Unmaintained => "is unmaintained",
        Kind::Unsound => "is unsound",
        Kind::Notice => "has a notice",
    };
    let fixed = one.fixed.first();
    let remedy = fixed.map_or("no fixed version is known".to_owned(), |fixed| format!("fixed in {fixed}"));
    let fill = [
        ("package", package.name.as_str()),
        ("version", package.version.as_str()),
        ("what", what),
        ("advisory", one.id.as_str()),
        ("remedy", remedy.as_str()),
    ];
    let mut finding = view.finding(page, package.at.clone(), &fill);
    finding.rule = one.id.clone();
    finding.severity = severity(one);
    if let Some(fixed) = fixed {
        finding.advice = format!("update {} to {fixed} or later.", package.name);
    }
    finding.advisory = Some(Advisory {
        id: one.id.clone(),
        aliases: one.aliases.clone(),
        ecosystem: ecosystem.name().to_owned(),
        package: package.name.clone(),
        version: package.version.clone(),
        fixed: one.fixed.clone(),
        informational: informational.map(str::to_owned),
        lines: {
            let region = view.location(package.said.clone()).region;
            let lines = (region.start_line, region.end_line);
            let own = finding.location.region;
            (lines != (own.start_line, own.end_line)).then_some(lines)
        },
        way: Vec::new(),
        only: None,
        summary: Some(one.summary.clone()).filter(|summary| !summary.is_empty()),
        published: one.published.filter(|_| one.kind != Kind::Malicious).map(|day| day.to_string()),
        functions: functions(ecosystem, one),
        called: None,
        due: None,
    });
    finding
}

/// The functions of a match, as they are written.
fn functions(ecosystem: Ecosystem, one: &Match) -> Vec<String> {
    /// More than any advisory needs to be understood.
    const MOST: usize = 200;
    let names =
        one.functions.iter().flat_map(|functions| functions.names.iter().map(|name| (&functions.of, name)));
    names.take(MOST).map(|(of, name)| calls::written(ecosystem, of, name)).collect()
}

/// How bad a match is. Informational records rank below weaknesses whatever their score; a weakness without a score is
/// unknown, which is a warning.
fn severity(one: &Match) -> Severity {
    match one.kind {
        Kind::Vulnerability => one.severity,
        Kind::Malicious => Severity::Critical,
        Kind::Unsound => Severity::Medium,
        Kind::Unmaintained | Kind::Notice => Severity::Low,
    }
}

/// One finding that names all of `packages`, at the first.
pub(super) fn naming(view: &View<'_>, page: &Rule, packages: &[(String, Range<usize>)]) -> Option<Finding> {
    let (_, place) = packages.first()?;
    let names = listed(packages.iter().map(|(name, _)| name.as_str()));
    Some(view.finding(page, place.clone(), &[("packages", &names)]))
}

/// "a, b, c and 4 more".
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Says what could not be read, the first of it one by one.
pub(super) fn problems(view: &View<'_>, problems: &[Problem], facts: &mut Facts) {
    let path = view.document().path();
    for problem in problems.iter().take(PROBLEMS) {
        let line = view.location(problem.at..problem.at).region.start_line;
        facts.notes.push(Note::new(problem.kind, path, format!("line {line}: {}", problem.message)));
    }
    if let Some(more) = problems.len().checked_sub(PROBLEMS).filter(|more| *more > 0) {
        facts.notes.push(Note::new(NoteKind::Partial, path, format!("{more} more places could not be read")));
    }
}

fn not_checked(view: &View<'_>, why: &str) -> Note {
    Note::new(NoteKind::NotChecked, view.document().path(), format!("its packages are not checked: {why}"))
}
