//! What a registry's answers say of the packages that a text names and a lockfile holds.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::about::{About, Known};
use crate::deps::names::Linked;
use crate::deps::version::{Ecosystem, order};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Note, NoteKind, Severity, printable};
use crate::rule::{Rule, RuleSet};

/// A package's first version is new for so many days: what attackers register for names that models make up is found and
/// taken down within weeks.
const NEW_DAYS: i32 = 30;

/// Asks a registry's index about names: what is known of each, and whether some were left out.
pub type Ask = dyn Fn(&BTreeSet<(Ecosystem, String)>) -> Result<(Known, bool)> + Send + Sync;

/// How names are asked about.
pub struct Asking {
    /// Who is asked.
    pub ask: Box<Ask>,
    /// How many days a locked version may be behind the newest one; 0: any number.
    pub outdated_days: u32,
}

/// The pages of what only a registry knows.
pub(in crate::deps) struct Pages {
    missing: Rule,
    new: Rule,
    deprecated: Rule,
    unlisted: Rule,
    outdated: Rule,
}

impl Pages {
    /// Takes them out of `rules/deps`. Errors: one is missing.
    pub(in crate::deps) fn new(rules: &RuleSet) -> Result<Self> {
        let page = |id: &str| {
            rules.get(id).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Bug, format!("the rule page {id} is missing")).hint("install weft anew")
            })
        };
        Ok(Pages {
            missing: page("missing-package")?,
            new: page("new-package")?,
            deprecated: page("deprecated-package")?,
            unlisted: page("unlisted-version")?,
            outdated: page("outdated-package")?,
        })
    }
}

/// A package that a project asks for itself, and where its lockfile names it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::deps) struct Direct {
    pub(in crate::deps) ecosystem: Ecosystem,
    pub(in crate::deps) name: String,
    pub(in crate::deps) version: String,
    /// Which of its document's findings stands at its place; it says nothing yet.
    pub(in crate::deps) at: u32,
}

/// Adds to `linked` what the registries say of the names that nothing here knows, and of the packages of `direct`.
pub(in crate::deps) fn ask(
    asking: &Asking,
    pages: &Pages,
    linked: &mut Linked,
    direct: &[(&Direct, &Finding)],
) {
    let named = linked.asked.iter().map(|(name, _)| name.clone());
    let locked = direct.iter().map(|(one, _)| (one.ecosystem, one.ecosystem.key(&one.name)));
    let names: BTreeSet<(Ecosystem, String)> = named.chain(locked).collect();
    if names.is_empty() {
        return;
    }
    let (known, more) = match (asking.ask)(&names) {
        Ok(answer) => answer,
        Err(error) => {
            let what = format!(
                "--online: {}; no registry was asked about the names of packages",
                printable(&error.to_string())
            );
            linked.notes.push(Note::new(NoteKind::Partial, "", what));
            return;
        }
    };
    if more {
        let what = "--online: more packages are named than are asked about in one run";
        linked.notes.push(Note::new(NoteKind::Partial, "", what));
    }
    for ((ecosystem, key), finding) in std::mem::take(&mut linked.asked) {
        let Some(about) = known.of(ecosystem, &key) else { continue };
        linked.unknown.remove(&(ecosystem, key.clone()));
        linked.findings.extend(of_name(pages, ecosystem, &key, finding, about, &known));
    }
    for (one, at) in direct {
        if let Some(about) = known.of(one.ecosystem, &one.name) {
            linked.findings.extend(of_locked(asking, pages, one, at, about));
        }
    }
}

/// What is wrong with a name that nothing here knows: there is none, it is new, it is deprecated.
fn of_name(
    pages: &Pages,
    ecosystem: Ecosystem,
    name: &str,
    at: Finding,
    about: &About,
    known: &Known,
) -> Option<Finding> {
    if !about.exists {
        return Some(at);
    }
    let days = about.first.and_then(|first| known.days_since(first));
    if let Some(days) = days.filter(|days| *days <= NEW_DAYS) {
        let days = days.to_string();
        let fill = [("package", name), ("ecosystem", ecosystem.name()), ("days", days.as_str())];
        return Some(said(&at, &pages.new, &fill));
    }
    let newest = about.newest.as_ref()?;
    let why = about.versions.get(newest)?.deprecated.as_ref()?;
    Some(said(&at, &pages.deprecated, &[("package", name), ("version", newest), ("why", &because(why))]))
}

/// What is wrong with a locked version: its registry does not list it, its publisher says not to use it, it is old.
fn of_locked(asking: &Asking, pages: &Pages, one: &Direct, at: &Finding, about: &About) -> Vec<Finding> {
    let Direct { ecosystem, name, version, .. } = one;
    if !about.exists {
        let fill = [("package", name.as_str()), ("ecosystem", ecosystem.name())];
        let mut finding = said(at, &pages.missing, &fill);
        // A package of a private registry, perhaps: the lockfile was made from somewhere.
        finding.severity = Severity::Medium;
        return vec![finding];
    }
    let same = |listed: &&String| order(*ecosystem, listed, version) == Ordering::Equal;
    let Some(listed) = about.versions.keys().find(same) else {
        let fill = [("package", name.as_str()), ("version", version), ("ecosystem", ecosystem.name())];
        return if about.versions.is_empty() { Vec::new() } else { vec![said(at, &pages.unlisted, &fill)] };
    };
    let here = &about.versions[listed];
    let mut findings = Vec::new();
    if let Some(why) = &here.deprecated {
        let fill = [("package", name.as_str()), ("version", version), ("why", &because(why))];
        findings.push(said(at, &pages.deprecated, &fill));
    }
    let newest =
        about.newest.as_ref().and_then(|newest| Some((newest, about.versions.get(newest)?.published?)));
    if let (Some((newest, day)), Some(published)) = (newest, here.published) {
        let behind = published.until(day).map_or(0, |span| span.get_days());
        if asking.outdated_days > 0 && i64::from(behind) > i64::from(asking.outdated_days) {
            let days = behind.to_string();
            let fill =
                [("package", name.as_str()), ("version", version), ("newest", newest), ("days", &days)];
            findings.push(said(at, &pages.outdated, &fill));
        }
    }
    findings
}

/// ": use String.prototype.padStart()"
fn because(why: &str) -> String {
    const LONGEST: usize = 120;
    let why: Vec<&str> = why.split_whitespace().collect();
    let why: String = why.join(" ").chars().take(LONGEST).collect();
    if why.is_empty() { why } else { format!(": {why}") }
}

/// The finding of a page at the place of another.
fn said(at: &Finding, page: &Rule, fill: &[(&str, &str)]) -> Finding {
    let mut finding = at.clone();
    finding.rule.clone_from(&page.id);
    finding.message = page.said(fill);
    finding.severity = page.severity;
    finding.confidence = at.confidence.min(page.confidence);
    finding.advice.clone_from(&page.advice);
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Action, Original, Role};
    use crate::deps::online::about::Version;
    use crate::redact::Redactor;

    /// What is said of a name that nothing here knows, first published on `first`, asked about on 2026-03-01.
    fn of(first: Option<&str>, exists: bool) -> Option<String> {
        let rules = crate::built_in_rules();
        let pages = Pages::new(&rules).unwrap();
        let original = Original::new("a.py", Role::Code, Action::Inspect, "import made_up".as_bytes());
        let document = Redactor::new(&rules, None).unwrap().redact(original).document;
        let at =
            document.whole().finding(&pages.missing, 7..14, &[("package", "made-up"), ("ecosystem", "PyPI")]);
        let version = Version { published: first.map(|day| day.parse().unwrap()), deprecated: None };
        let about = About {
            exists,
            first: version.published,
            versions: [("1.0".to_owned(), version)].into(),
            newest: Some("1.0".into()),
        };
        let known = Known::on("2026-03-01".parse().unwrap());
        of_name(&pages, Ecosystem::PyPi, "made-up", at, &about, &known).map(|finding| finding.message)
    }

    #[test]
    fn a_package_is_new_for_thirty_days() {
        assert_eq!(of(None, false).unwrap(), "PyPI has no package made-up");
        assert_eq!(of(Some("2026-03-01"), true).unwrap(), "made-up is in PyPI for 0 days only");
        assert_eq!(of(Some("2026-01-30"), true).unwrap(), "made-up is in PyPI for 30 days only");
        assert_eq!(of(Some("2026-01-29"), true), None);
        assert_eq!(of(None, true), None);
    }
}
