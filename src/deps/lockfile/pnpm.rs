//! pnpm-lock.yaml, versions 5 to 9. Up to 6 `packages` has what each needs; from 7 on `snapshots` has that, an entry for
//! each set of peers. `importers`, or the file itself, has what the project asks for.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::indented::{Document, Entry, Style};
use super::purpose::{Missing, Purposes};
use super::yarn::{archive, split};
use super::{Node, Reading, Usage};

/// The newest version of the format that is known.
const NEWEST: u32 = 9;

/// What the project asks for, and what for. The last two are what pnpm itself is run with.
const ASKED: [(&str, Usage); 5] = [
    ("dependencies", Usage::Program),
    ("optionalDependencies", Usage::Optional),
    ("devDependencies", Usage::Development),
    ("configDependencies", Usage::Development),
    ("packageManagerDependencies", Usage::Development),
];

/// Reads a text; the packages are those of a registry.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse(text, Style::Yaml);
    document.report(&mut reading);
    let mut purposes = Purposes::default();
    for root in document.roots() {
        one(root, &mut purposes, &mut reading);
    }
    purposes.finish(&mut reading);
    reading
}

/// A document of the file: pnpm 11 writes one for itself before that of the project.
fn one(root: Entry<'_, '_>, purposes: &mut Purposes, reading: &mut Reading) {
    let at = root.get("lockfileVersion").map_or(0, |version| version.value_at().start);
    let version = root.get("lockfileVersion").and_then(Entry::text).unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        None => return reading.unread(at, "this is no lockfile of pnpm: it has no lockfileVersion"),
        Some(major) if major > NEWEST => {
            reading.partial(at, format!("version {version} of the format is newer than {NEWEST}"));
        }
        Some(_) => {}
    }
    let mut locked = Locked::default();
    for entry in below(root, "packages", reading) {
        locked.package(entry, purposes, reading);
    }
    let apart = major.is_some_and(|major| major > 6);
    let mut missing = Missing::default();
    if apart && root.get("importers").is_none() {
        reading.partial(at, "the file has no importers: it is cut off, or was changed by hand");
    }
    if apart {
        let snapshots = below(root, "snapshots", reading);
        for entry in &snapshots {
            locked.snapshot(*entry, &mut missing, reading);
        }
        for entry in root.get("packages").into_iter().flat_map(Entry::children) {
            let is_there = locked.nodes.get(base(&entry.key())).is_none_or(|one| one.needed);
            if !is_there {
                missing.note(entry.key_at().start, &format!("the needs of {}", entry.key()));
            }
        }
        snapshots.into_iter().for_each(|entry| locked.needs(entry, purposes, &mut missing, reading));
    } else {
        let packages = root.get("packages").into_iter().flat_map(Entry::children);
        packages.for_each(|entry| locked.needs(entry, purposes, &mut missing, reading));
    }
    let importers = below(root, "importers", reading);
    for importer in importers.into_iter().chain([root]) {
        locked.asked(importer, purposes, &mut missing, reading);
        specifiers(importer, reading);
    }
    reading.overridden.extend(root.get("overrides").into_iter().flat_map(Entry::children).map(|set| {
        let key = set.key();
        let last = key.rsplit('>').next().unwrap_or_default();
        split(last).0.to_owned()
    }));
    missing.report(reading);
}

/// The ranges that a part of the project asks for.
fn specifiers(importer: Entry<'_, '_>, reading: &mut Reading) {
    let folder = importer.key();
    // Up to version 5 the ranges stand apart.
    for one in importer.get("specifiers").into_iter().flat_map(Entry::children) {
        reading.ask(&folder, &one.key(), &one.text().unwrap_or_default());
    }
    let tables = ASKED[..3].iter().filter_map(|(table, _)| importer.get(table));
    for one in tables.flat_map(Entry::children) {
        if let Some(range) = one.get("specifier").and_then(Entry::text) {
            reading.ask(&folder, &one.key(), &range);
        }
    }
}

/// The entries of a map of the file; pnpm writes an empty one as `{}`.
fn below<'d, 'a>(of: Entry<'d, 'a>, key: &str, reading: &mut Reading) -> Vec<Entry<'d, 'a>> {
    let Some(map) = of.get(key) else { return Vec::new() };
    if !map.is_map() {
        reading.unread(
            map.key_at().start,
            format!("`{key}` has no entries: the file is cut off, or was changed by hand"),
        );
    }
    map.children().collect()
}

/// A package of the file.
struct One {
    node: Node,
    /// Its place in the reading when it is one of a registry.
    package: Option<usize>,
    /// Whether what it needs has been found.
    needed: bool,
}

/// The packages by their keys, peers left out.
#[derive(Default)]
struct Locked {
    nodes: HashMap<String, One>,
}

impl Locked {
    /// Reads an entry of `packages`, and adds its package when it is one of a registry.
    fn package(&mut self, entry: Entry<'_, '_>, purposes: &mut Purposes, reading: &mut Reading) {
        let key = entry.key();
        let at = entry.key_at();
        let field = |name: &str| entry.get(name).and_then(Entry::text);
        let usage = match (field("dev").as_deref(), field("optional").as_deref()) {
            (Some("true"), _) => Usage::Development,
            (_, Some("true")) => Usage::Optional,
            _ => Usage::Program,
        };
        if let Some(known) = self.nodes.get(base(&key)) {
            // The same package with other peers.
            if let Some(package) = known.package.filter(|_| usage == Usage::Program) {
                reading.packages[package].usage = usage;
            }
            return;
        }
        let resolution = entry.get("resolution");
        if resolution.is_none_or(|resolution| !resolution.is_map()) {
            reading.partial(
                at.start,
                format!("{key} has no resolution: the file is cut off, or was changed by hand"),
            );
        }
        let written = named(&key);
        let own = field("name");
        let split_off = split(base(&key)).0;
        let name = match (&own, written) {
            (Some(own), _) => own,
            (None, Some((name, _))) => name,
            (None, None) if split_off.len() < base(&key).len() && is_name(split_off) => split_off,
            (None, None) => return reading.partial(at.start, "pnpm writes no such key"),
        };
        let node = purposes.add(name);
        let mut one = One { node, package: None, needed: false };
        let version = field("version").filter(|_| own.is_some() || written.is_none());
        let version = version.as_deref().or(written.map(|(_, version)| version));
        if registered(resolution, name, written.is_some()) {
            let known = reading.packages.len();
            match version {
                Some(version) => {
                    let package = reading.add(name, version, name_in(entry, name), usage, Some(node));
                    if let Some(package) = package {
                        let keys = ["name", "version", "resolution"];
                        package.says(keys.iter().filter_map(|key| Some(entry.get(key)?.value_at().start)));
                    }
                }
                None => reading.partial(at.start, format!("{name} has no version")),
            }
            one.package = (reading.packages.len() > known).then_some(known);
        }
        self.nodes.insert(base(&key).to_owned(), one);
    }

    /// Reads an entry of `snapshots`, all but what it needs.
    fn snapshot(&mut self, entry: Entry<'_, '_>, missing: &mut Missing, reading: &mut Reading) {
        let key = entry.key();
        let Some(one) = self.nodes.get_mut(base(&key)) else {
            return missing.note(entry.key_at().start, &key);
        };
        let optional = entry.get("optional").and_then(Entry::text).as_deref() == Some("true");
        if let Some(package) = one.package.and_then(|package| reading.packages.get_mut(package)) {
            let all = !one.needed || package.usage == Usage::Optional;
            package.usage = if optional && all { Usage::Optional } else { Usage::Program };
        }
        one.needed = true;
    }

    /// Says what the package of an entry needs.
    fn needs(
        &self,
        entry: Entry<'_, '_>,
        purposes: &mut Purposes,
        missing: &mut Missing,
        reading: &mut Reading,
    ) {
        let Some(one) = self.nodes.get(base(&entry.key())) else { return };
        for (table, usage) in [("dependencies", Usage::Program), ("optionalDependencies", Usage::Optional)] {
            for need in below(entry, table, reading) {
                if let Some(other) = self.find(need, need, missing) {
                    purposes.need(one.node, other, usage);
                }
            }
        }
    }

    /// Says what a part of the project asks for.
    fn asked(
        &self,
        importer: Entry<'_, '_>,
        purposes: &mut Purposes,
        missing: &mut Missing,
        reading: &mut Reading,
    ) {
        for (table, usage) in ASKED {
            for need in below(importer, table, reading) {
                let version = need.get("version").unwrap_or(need);
                if version.text().is_none() {
                    reading.partial(need.key_at().start, format!("{} has no version", need.key()));
                } else if let Some(node) = self.find(need, version, missing) {
                    purposes.root(node, usage);
                }
            }
        }
        // Up to version 5 what is asked for is said twice.
        let listed = |table| importer.get(table).into_iter().flat_map(Entry::children).map(Entry::key);
        let known: HashSet<Cow<'_, str>> = ASKED.iter().flat_map(|(table, _)| listed(table)).collect();
        for need in importer.get("specifiers").into_iter().flat_map(Entry::children) {
            if !known.contains(&need.key()) {
                missing.note(need.key_at().start, &need.key());
            }
        }
    }

    /// The package that a key and a version lead to. A linked folder is none.
    fn find(&self, need: Entry<'_, '_>, version: Entry<'_, '_>, missing: &mut Missing) -> Option<Node> {
        let (name, version) = (need.key(), version.text().unwrap_or_default());
        if version.starts_with("link:") || version.starts_with("workspace:") {
            return None;
        }
        let version = base(&version);
        let found = |key: &str| self.nodes.get(key).map(|one| one.node);
        let by_name =
            || [format!("{name}@{version}"), format!("/{name}@{version}"), format!("/{name}/{version}")];
        let node = found(version).or_else(|| by_name().iter().find_map(|key| found(key)));
        if node.is_none() {
            missing.note(need.key_at().start, &format!("{name}@{version}"));
        }
        node
    }
}

/// A key without the peers in parentheses behind it.
fn base(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// The name and version that the key of a registry's package says: `/name/1.0.0_peers`, `/name@1.0.0(peers)` or
/// `name@1.0.0(peers)`, for another registry with its host in front.
fn named(key: &str) -> Option<(&str, &str)> {
    let key = base(key);
    let path = key.strip_prefix('/').unwrap_or(key);
    let host = || key.split_once('/').filter(|(host, _)| !host.is_empty() && !host.starts_with('@'));
    name_and_version(path).or_else(|| name_and_version(host()?.1))
}

fn name_and_version(path: &str) -> Option<(&str, &str)> {
    let slashed =
        path.rsplit_once('/').map(|(name, version)| (name, version.split('_').next().unwrap_or(version)));
    let holds = |(name, version): &(&str, &str)| is_name(name) && is_version(version);
    path.rsplit_once('@').filter(holds).or(slashed.filter(holds))
}

/// Whether a text may be a package's name.
fn is_name(text: &str) -> bool {
    let whole = |part: &str| !part.is_empty() && !part.contains(['/', ':', '@', ' ', '(']);
    match text.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| whole(scope) && whole(name)),
        None => whole(text),
    }
}

/// Whether a text starts as a version does: three numbers.
fn is_version(text: &str) -> bool {
    let mut parts = text.splitn(3, '.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty())
    };
    number(parts.next())
        && number(parts.next())
        && parts.next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a package came from a registry: not from a repository or folder, and from an address only when that is one of
/// a registry, or its key is.
fn registered(resolution: Option<Entry<'_, '_>>, name: &str, by_key: bool) -> bool {
    let field = |key: &str| resolution.and_then(|resolution| resolution.get(key));
    if field("type").is_some() || field("repo").is_some() || field("directory").is_some() {
        return false;
    }
    by_key || field("tarball").and_then(Entry::text).is_some_and(|url| archive(&url, name))
}

/// The name within the key, else where `name` has it; the key when neither does.
fn name_in(entry: Entry<'_, '_>, name: &str) -> Range<usize> {
    let (raw, start) = entry.raw_key();
    let within = |at: Range<usize>, found: usize| at.start + found..at.start + found + name.len();
    if let Some(found) = raw.find(name) {
        return within(start..start, found);
    }
    entry.get("name").map_or(entry.key_at(), Entry::value_at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const FIVE: &str = include_str!("../../../fixtures/deps/pnpm-5.yaml");
    const SIX: &str = include_str!("../../../fixtures/deps/pnpm-6.yaml");
    const NINE: &str = include_str!("../../../fixtures/deps/pnpm-9.yaml");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn all_versions_name_the_same_packages() {
        let expected = [
            "@scope/tool 2.0.0",
            "fsevents 2.3.3",
            "jquery 1.12.0",
            "lodash 3.10.1",
            "lodash 4.17.4",
            "plugin 1.0.0",
            "tester 5.0.0",
        ];
        for text in [FIVE, SIX, NINE] {
            let reading = read(text);
            assert_eq!(reading.problems, []);
            assert_eq!(names(text), expected);
            assert!(reading.packages.iter().all(|package| text[package.at.clone()] == package.name));
            let usage = |index: usize| reading.packages[index].usage;
            assert_eq!(
                [usage(0), usage(1), usage(3), usage(4), usage(6)],
                [Usage::Program, Usage::Optional, Usage::Development, Usage::Program, Usage::Development]
            );
            let ways = reading.graph.ways();
            let way = |index: usize| ways.to(reading.packages[index].node.unwrap()).join(" > ");
            assert_eq!(way(1), "@scope/tool > fsevents");
            assert_eq!(way(2), "jquery", "behind an alias");
            assert_eq!(way(3), "tester > lodash");
            assert_eq!(way(4), "forked > lodash");
            let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
            assert_eq!((names(&windows), read(&windows).problems), (names(text), vec![]));
        }
    }

    #[test]
    fn keys_say_names_and_versions() {
        for (key, expected) in [
            ("/a/1.0.0", Some(("a", "1.0.0"))),
            ("/@s/a/1.0.0_@t+b@2.0.0", Some(("@s/a", "1.0.0"))),
            ("/a/1.0.0-rc.1_0123456789abcdef", Some(("a", "1.0.0-rc.1"))),
            ("registry.example/@s/a/1.0.0", Some(("@s/a", "1.0.0"))),
            ("registry.example/a/1.0.0_b@2.0.0", Some(("a", "1.0.0"))),
            ("/@s/a@1.0.0(b@2.0.0)(@t/c@3.0.0)", Some(("@s/a", "1.0.0"))),
            ("a@1.0.0(patch_hash=01/23)", Some(("a", "1.0.0"))),
            ("code.example/team/a/0123456789abcdef", None),
            ("git@code.example+team/a/6104ae42cd32c3d724036d3964678f197b2c9cdb", None),
            ("a@https://files.example/a-1.0.0.tgz", None),
            ("a@file:../a", None),
            ("file:../a", None),
            ("/a/b", None),
            ("a", None),
        ] {
            assert_eq!(named(key), expected, "{key}");
        }
    }

    #[test]
    fn two_documents_and_long_keys() {
        let first = "---\nlockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    packageManagerDependencies:\n      pnpm:\n        \
                     specifier: 11.0.0\n        version: 11.0.0\n\npackages:\n\n  pnpm@11.0.0:\n    resolution: {integrity: \
                     sha512-AAAA}\n\nsnapshots:\n\n  pnpm@11.0.0: {}\n\n---\n";
        let peers = "(b@1.0.0)".repeat(200);
        let long = format!(
            "lockfileVersion: '6.0'\n\ndependencies:\n  a:\n    specifier: '1'\n    version: 1.0.0{peers}\n\n\
             packages:\n\n  ? /a@1.0.0{peers}\n  : resolution: {{integrity: sha512-AAAA}}\n    dev: false\n"
        );
        let text = format!("{first}{long}");
        assert_eq!(
            (names(&text), read(&text).problems),
            (vec!["pnpm 11.0.0".into(), "a 1.0.0".into()], vec![])
        );
        assert_eq!(read(&text).packages[0].usage, Usage::Development);
    }

    #[test]
    fn what_is_no_lockfile_is_named() {
        use NoteKind::{NotChecked, Partial};
        let (five, nine) = ("lockfileVersion: 5.4\n", "lockfileVersion: '9.0'\n");
        let whole = "resolution: {integrity: x}";
        for (text, kind) in [
            (String::new(), NotChecked),
            ("packages: {}\n".to_owned(), NotChecked),
            ("lockfileVersion: '10.0'\n".to_owned(), Partial),
            (format!("{five}packages: what\n"), NotChecked),
            (format!("{five}packages:\n  - /a/1.0.0\n"), NotChecked),
            (format!("{five}packages:\n  /a/1.0.0:\n"), Partial),
            (format!("{five}packages:\n  invalid:\n    {whole}\n"), Partial),
            (format!("{five}packages:\n  /a/1.0.0:\n    {whole}\n  /a/1.0.0:\n    {whole}\n"), Partial),
            (format!("{five}packages:\n  /a/1.0.0:\n    <<: *b\n"), Partial),
            (format!("{five}dependencies:\n  a: 1.0.0\n"), Partial),
            (format!("{five}dependencies:\n  a:\n    specifier: 1.0.0\n"), Partial),
            (format!("{nine}packages:\n  a@1.0.0:\n    {whole}\n"), Partial),
            (format!("{nine}snapshots:\n  a@1.0.0: {{}}\n"), Partial),
            (format!("{nine}<<<<<<< ours\n"), NotChecked),
        ] {
            let problems = read(&text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read(five).problems, []);
    }

    #[test]
    fn a_cut_is_noticed() {
        for text in [FIVE, SIX, NINE] {
            // What the last entry says of itself may be missing unnoticed.
            let last = text.rfind("\n\n").unwrap() + 2;
            let start = text.find("ependencies:").unwrap();
            for cut in (start..last).step_by(3) {
                let reading = read(&text[..cut]);
                assert!(!reading.problems.is_empty(), "{}", &text[..cut]);
            }
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..NINE.len(), length in 0usize..40, put in r#"[:"'(@/ \na\\é?{}-]{0,4}"#) {
            for lock in [FIVE, SIX, NINE] {
                let at = at.min(lock.len());
                let end = (at + length).min(lock.len());
                let text = format!("{}{put}{}", &lock[..at], &lock[end..]);
                for package in read(&text).packages {
                    prop_assert!(text.get(package.at).is_some());
                }
            }
        }
    }
}
