//! The packages of a project's lockfiles as a list: what is there, where it is locked, what needs what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Dependencies;
use super::lockfile::{Format, Node, Usage};
use super::version::Ecosystem;
use crate::artifact::{Action, Role};
use crate::finding::Advisory;
use crate::redact::Redacted;

/// One version of a package that a lockfile holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Component {
    /// OSV's name of its ecosystem.
    pub ecosystem: &'static str,
    /// As its lockfile writes it.
    pub name: String,
    /// As its lockfile writes it.
    pub version: String,
    /// Its package URL.
    pub purl: String,
    /// "development" or "optional" where it is there only for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<&'static str>,
    /// The lockfiles that hold it, each with the line that names it.
    pub locked: Vec<(String, u32)>,
    /// The package URLs of what it needs, where a lockfile says so.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<String>,
}

/// All packages of a project's lockfiles.
#[derive(Debug, Default)]
pub struct Inventory {
    components: BTreeMap<String, (Component, Usage)>,
}

impl Inventory {
    /// In the order of their package URLs.
    pub fn components(self) -> Vec<Component> {
        let named = |(component, usage): (Component, Usage)| Component { only: usage.only(), ..component };
        self.components.into_values().map(named).collect()
    }
}

impl Dependencies {
    /// Adds the packages of a document's lockfiles to `inventory`.
    pub fn list(&self, document: &Redacted, inventory: &mut Inventory) {
        if document.role() != Role::Code || document.action() == Action::Delete {
            return;
        }
        let view = document.whole();
        let Some((path, format)) = view.path().and_then(|path| Some((path, Format::of(path)?))) else {
            return;
        };
        let reading = format.read(view.text());
        let ecosystem = format.ecosystem();
        let urls: HashMap<Node, String> = reading
            .packages
            .iter()
            .filter_map(|package| Some((package.node?, purl(ecosystem, &package.name, &package.version))))
            .collect();
        for package in &reading.packages {
            let url = purl(ecosystem, &package.name, &package.version);
            let (component, usage) = inventory.components.entry(url.clone()).or_insert_with(|| {
                let component = Component {
                    ecosystem: ecosystem.name(),
                    name: package.name.clone(),
                    version: package.version.clone(),
                    purl: url,
                    only: None,
                    locked: Vec::new(),
                    needs: BTreeSet::new(),
                };
                (component, package.usage)
            });
            *usage = usage.wider(package.usage);
            let line = view.location(package.at.clone()).region.start_line;
            if component.locked.last().is_none_or(|(last, _)| last != path) {
                component.locked.push((path.to_owned(), line));
            }
            let needs = package.node.into_iter().flat_map(|node| reading.graph.needs(node));
            component.needs.extend(needs.filter_map(|node| urls.get(&node).cloned()));
        }
    }
}

/// The package URL of one version of a package, as the purl specification writes it for its ecosystem.
pub fn purl(ecosystem: Ecosystem, name: &str, version: &str) -> String {
    let kind = match ecosystem {
        Ecosystem::Cargo => "cargo",
        Ecosystem::PyPi => "pypi",
        Ecosystem::Npm => "npm",
        Ecosystem::Go => "golang",
        Ecosystem::RubyGems => "gem",
        Ecosystem::Packagist => "composer",
        Ecosystem::Maven => "maven",
        Ecosystem::NuGet => "nuget",
    };
    let name = match ecosystem {
        Ecosystem::PyPi => ecosystem.key(name),
        Ecosystem::Maven => name.replacen(':', "/", 1),
        Ecosystem::Packagist => name.to_lowercase(),
        _ => name.to_owned(),
    };
    let parts: Vec<String> = name.split('/').map(escaped).collect();
    format!("pkg:{kind}/{}@{}", parts.join("/"), escaped(version))
}

/// The package URL of what an advisory is on; `None` for an ecosystem that is not known.
pub fn purl_of(advisory: &Advisory) -> Option<String> {
    Some(purl(Ecosystem::of(&advisory.ecosystem)?, &advisory.package, &advisory.version))
}

/// A part of a package URL: what is neither a letter, a digit nor one of `.-_~` as `%` and two digits.
fn escaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                text.push(char::from(byte))
            }
            other => text += &format!("%{other:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Original;
    use crate::redact::Redactor;

    #[test]
    fn package_urls() {
        for (ecosystem, name, version, url) in [
            (Ecosystem::Cargo, "regex", "1.5.4", "pkg:cargo/regex@1.5.4"),
            (Ecosystem::PyPi, "Zope.Interface", "5.0+local", "pkg:pypi/zope-interface@5.0%2Blocal"),
            (Ecosystem::Npm, "@babel/core", "7.0.0", "pkg:npm/%40babel/core@7.0.0"),
            (Ecosystem::Go, "golang.org/x/text", "v0.3.6", "pkg:golang/golang.org/x/text@v0.3.6"),
            (Ecosystem::RubyGems, "rack", "2.0", "pkg:gem/rack@2.0"),
            (Ecosystem::Packagist, "Symfony/Yaml", "v5", "pkg:composer/symfony/yaml@v5"),
            (Ecosystem::Maven, "org.a:b", "1", "pkg:maven/org.a/b@1"),
            (Ecosystem::NuGet, "A.B", "1", "pkg:nuget/A.B@1"),
            (Ecosystem::Npm, "a b\u{202e}\"?#", "1", "pkg:npm/a%20b%E2%80%AE%22%3F%23@1"),
        ] {
            assert_eq!(purl(ecosystem, name, version), url);
        }
    }

    #[test]
    fn each_version_is_listed_once_with_its_lockfiles_and_what_it_needs() {
        let rules = crate::built_in_rules();
        let (dependencies, redactor) =
            (Dependencies::new(&rules).unwrap(), Redactor::new(&rules, None).unwrap());
        let mut inventory = Inventory::default();
        let lock = include_str!("../../fixtures/deps/Cargo.lock");
        for path in ["Cargo.lock", "sub/Cargo.lock"] {
            let original = Original::new(path, Role::Code, Action::Inspect, lock.as_bytes());
            dependencies.list(&redactor.redact(original).document, &mut inventory);
        }
        let components = inventory.components();
        let regex = components.iter().find(|one| one.purl == "pkg:cargo/regex@1.5.4").unwrap();
        assert_eq!(regex.locked, [("Cargo.lock".to_owned(), 12), ("sub/Cargo.lock".to_owned(), 12)]);
        assert!(regex.needs.contains("pkg:cargo/thread_local@1.1.3"), "{regex:?}");
        let urls: Vec<&String> = components.iter().map(|one| &one.purl).collect();
        assert!(urls.is_sorted() && !urls.is_empty());
    }
}
