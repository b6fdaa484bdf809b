//! yarn.lock of Yarn 2 and later: YAML, each entry with what asked for it as its key and with what it resolved to. The
//! project and its workspaces are entries too. The file says nowhere what is only for development.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::indented::{Document, Entry, Style};
use super::purpose::{Missing, Purposes};
use super::yarn::{archive, split};
use super::{Node, Reading, Usage};

/// The newest version of the format that is known.
const NEWEST: u32 = 10;

/// Reads a text; the packages are those of a registry.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse(text, Style::Yaml);
    document.report(&mut reading);
    let mut purposes = Purposes::default();
    let mut locked = Vec::new();
    for entry in document.roots().flat_map(Entry::children) {
        if entry.key() == "__metadata" {
            metadata(entry, &mut reading);
        } else if let Some(one) = resolved(entry, &mut purposes, &mut reading) {
            locked.push(one);
        }
    }
    if let Some(last) = locked.last().filter(|last| last.entry.get("linkType").is_none()) {
        reading
            .partial(last.entry.key_at().start, "this entry, the last, has no linkType: the file is cut off");
    }
    connect(&locked, &mut purposes, &mut reading);
    purposes.finish(&mut reading);
    reading
}

/// The head of the file.
fn metadata(entry: Entry<'_, '_>, reading: &mut Reading) {
    let at = entry.key_at().start;
    match entry.get("version").and_then(Entry::text).map(|version| version.parse::<u32>()) {
        Some(Ok(version)) if version <= NEWEST => {}
        Some(Ok(version)) => {
            reading.partial(at, format!("version {version} of the format is newer than {NEWEST}"));
        }
        _ => reading.partial(at, "the format has no version"),
    }
}

/// One entry.
struct Locked<'d, 'a> {
    /// What it resolved to: name and place.
    name: String,
    place: String,
    /// As the file writes it.
    version: Cow<'a, str>,
    node: Node,
    entry: Entry<'d, 'a>,
}

/// Reads an entry, and adds its package when it is one of a registry.
fn resolved<'d, 'a>(
    entry: Entry<'d, 'a>,
    purposes: &mut Purposes,
    reading: &mut Reading,
) -> Option<Locked<'d, 'a>> {
    let at = entry.key_at();
    let field = |key: &str| entry.get(key).and_then(Entry::text);
    let (Some(version), Some(resolution)) = (field("version"), field("resolution")) else {
        let message =
            "this entry has no version or no resolution: the file is cut off, or was changed by hand";
        reading.partial(at.start, message);
        return None;
    };
    let (name, place) = split(&resolution);
    if !place.contains(':') {
        reading.partial(at.start, "this resolution does not say where the package is from");
        return None;
    }
    let node = purposes.add(name);
    if let Some(folder) = place.strip_prefix("workspace:") {
        purposes.root(node, Usage::Program);
        for need in entry.get("dependencies").into_iter().flat_map(Entry::children) {
            let range = need.text().unwrap_or_default();
            reading.ask(folder, &need.key(), &range);
        }
    }
    if place.starts_with("npm:") || archive(place, name) {
        let package = reading.add(name, &version, name_in(entry, name), Usage::Program, Some(node));
        if let Some(package) = package {
            let keys = ["version", "resolution"];
            package.says(keys.iter().filter_map(|key| Some(entry.get(key)?.value_at().start)));
        }
    }
    Some(Locked { name: name.to_owned(), place: place.to_owned(), version, node, entry })
}

/// The name within the key, behind an alias when there is one, else within the resolution; the key when escapes hide it.
fn name_in(entry: Entry<'_, '_>, name: &str) -> Range<usize> {
    let key = entry.key_at();
    let written = entry.key();
    let first = written.split(", ").next().unwrap_or_default();
    let behind = split(first).1.strip_prefix("npm:").filter(|real| split(real).0 == name);
    let from = if split(first).0 == name { Some(0) } else { behind.map(|real| first.len() - real.len()) };
    match from {
        Some(from) if written.len() == key.len() => key.start + from..key.start + from + name.len(),
        _ => key,
    }
}

/// What leads to the entries.
#[derive(Default)]
struct Names {
    /// By what asked for them, as `name@range`.
    exact: HashMap<String, Node>,
    /// By the name alone.
    by_name: HashMap<String, Vec<Node>>,
    /// What the project patches; nothing where it has several patches of one name.
    patched: HashMap<String, Option<Node>>,
}

impl Names {
    fn of(locked: &[Locked<'_, '_>], reading: &mut Reading) -> Self {
        let mut names = Names::default();
        for one in locked {
            for pattern in one.entry.key().split(',').map(str::trim) {
                let name = split(pattern).0;
                let of_name = names.by_name.entry(name.to_owned()).or_default();
                if of_name.last() != Some(&one.node) {
                    of_name.push(one.node);
                }
                if one.place.starts_with("patch:") {
                    let known = names.patched.entry(name.to_owned()).or_insert(Some(one.node));
                    *known = known.filter(|node| *node == one.node);
                }
                if names.exact.insert(pattern.to_owned(), one.node).is_some() {
                    reading.partial(one.entry.key_at().start, format!("{pattern} is there a second time"));
                }
            }
        }
        names
    }

    /// What a dependency may mean: mostly one entry. The project may set another range than its packages ask for: then
    /// it is the only entry of that name, or what the project patches, or any of several.
    fn find(&self, name: &str, range: &str) -> &[Node] {
        // Before version 8 the `npm:` of a range is left out.
        let exact = || self.exact.get(&format!("{name}@{range}"));
        let npm = || self.exact.get(&format!("{name}@npm:{range}"));
        let of_name = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let patched = || self.patched.get(name)?.as_ref().filter(|_| of_name.len() > 1);
        exact().or_else(npm).or_else(patched).map_or(of_name, std::slice::from_ref)
    }
}

/// Says which package needs which.
fn connect(locked: &[Locked<'_, '_>], purposes: &mut Purposes, reading: &mut Reading) {
    patches(locked, purposes, reading);
    let names = Names::of(locked, reading);
    let (mut missing, mut doubted) = (Missing::default(), HashSet::new());
    for one in locked {
        let optional = optional(one.entry);
        for need in one.entry.get("dependencies").into_iter().flat_map(Entry::children) {
            let (name, range) = (need.key(), need.text().unwrap_or_default());
            match names.find(&name, &range) {
                [] => missing.note(need.key_at().start, &format!("{name}@{range}")),
                [node] => {
                    let usage = if optional.contains(&*name) { Usage::Optional } else { Usage::Program };
                    purposes.need(one.node, *node, usage);
                }
                several if doubted.insert(name) => several.iter().for_each(|node| purposes.doubt(*node)),
                _ => {}
            }
        }
    }
    missing.report(reading);
}

/// Leads from each patch to the package that it patches. Where the file does not have that, the patch is it.
fn patches(locked: &[Locked<'_, '_>], purposes: &mut Purposes, reading: &mut Reading) {
    let bases = locked.iter().filter(|one| one.place.starts_with("npm:"));
    let bases: HashMap<(&str, &str), Node> =
        bases.map(|one| ((&*one.name, &*one.version), one.node)).collect();
    for one in locked {
        let Some(patched) = one.place.strip_prefix("patch:") else { continue };
        let source = split(patched.split('#').next().unwrap_or(patched)).1;
        let registered = source.starts_with("npm%3A") || !source.contains(['%', ':', '/']);
        match bases.get(&(&*one.name, &*one.version)) {
            Some(base) => purposes.need(one.node, *base, Usage::Program),
            None if registered => {
                let at = name_in(one.entry, &one.name);
                let package = reading.add(&one.name, &one.version, at, Usage::Program, Some(one.node));
                if let Some(package) = package {
                    let keys = ["version", "resolution"];
                    package.says(keys.iter().filter_map(|key| Some(one.entry.get(key)?.value_at().start)));
                }
            }
            None => {}
        }
    }
}

/// The names of what an entry needs only where it can be had.
fn optional<'a>(entry: Entry<'_, 'a>) -> HashSet<Cow<'a, str>> {
    let marks = entry.get("dependenciesMeta").into_iter().flat_map(Entry::children);
    let only = |mark: &Entry<'_, '_>| mark.get("optional").and_then(Entry::text).as_deref() == Some("true");
    marks.filter(only).map(Entry::key).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/yarn-4.lock");

    fn names(text: &str) -> Vec<String> {
        let reading = super::super::yarn::read(text);
        reading.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn registry_packages_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let expected = [
            "@scope/tool 2.0.0",
            "fsevents 2.3.3",
            "jquery 1.12.0",
            "lodash 3.10.1",
            "lodash 4.17.4",
            "taken 1.0.1",
        ];
        assert_eq!(names(LOCK), expected);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        assert_eq!((names(&windows), read(&windows).problems), (names(LOCK), vec![]));
    }

    #[test]
    fn ways_begin_at_workspaces() {
        let reading = read(LOCK);
        let ways = reading.graph.ways();
        let way = |index: usize| ways.to(reading.packages[index].node.unwrap()).join(" > ");
        assert_eq!(way(0), "app > @scope/tool");
        assert_eq!(way(1), "app > fsevents");
        assert_eq!(way(3), "app > @scope/tool > lodash");
        assert_eq!(way(4), "part > lodash");
        let usage: Vec<Usage> = reading.packages.iter().map(|package| package.usage).collect();
        assert_eq!(usage[1], Usage::Optional);
        assert_eq!(usage.iter().filter(|usage| **usage == Usage::Program).count(), 5);
    }

    #[test]
    fn older_versions_leave_the_protocol_out() {
        let text = "__metadata:\n  version: 5\n\n\"a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  \
                    dependencies:\n    b: ^2\n  linkType: hard\n\n\"b@npm:^2\":\n  version: 2.0.0\n  resolution: \
                    \"b@npm:2.0.0\"\n  linkType: hard\n";
        assert_eq!((names(text), read(text).problems), (vec!["a 1.0.0".into(), "b 2.0.0".into()], vec![]));
    }

    #[test]
    fn other_ranges_are_followed_where_only_one_entry_is_meant() {
        let entry = |key: &str, place: &str| {
            format!("\"{key}\":\n  version: 1.0.0\n  resolution: \"{place}\"\n  linkType: hard\n\n")
        };
        let app = "\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    \
                   a: \"npm:^9\"\n    b: \"npm:^9\"\n    c: \"npm:^9\"\n  linkType: soft\n\n";
        let text = [
            "__metadata:\n  version: 8\n\n",
            app,
            &entry("a@npm:^1", "a@npm:1.0.0"),
            &entry("b@npm:^1", "b@npm:1.0.0"),
            &entry("b@patch:b@npm%3A^1#~/b.patch", "b@patch:b@npm%3A1.0.0#~/b.patch::version=1.0.0"),
            &entry("c@npm:^1", "c@npm:1.0.0"),
            &entry("c@npm:^2", "c@npm:2.0.0"),
        ]
        .concat();
        let reading = read(&text);
        assert_eq!(reading.problems, []);
        let ways = reading.graph.ways();
        let way = |index: usize| ways.to(reading.packages[index].node.unwrap()).join(" > ");
        assert_eq!([way(0), way(1), way(2)], ["app > a", "app > b > b", ""]);
        assert!(reading.packages.iter().all(|package| package.usage == Usage::Program));
    }

    #[test]
    fn a_patch_without_what_it_patches_is_that_package() {
        let text = "__metadata:\n  version: 8\n\n\"a@patch:a@npm%3A1.0.0#~/a.patch\":\n  version: 1.0.0\n  resolution: \
                    \"a@patch:a@npm%3A1.0.0#~/a.patch::version=1.0.0&hash=012345\"\n  linkType: hard\n";
        assert_eq!((names(text), read(text).problems), (vec!["a 1.0.0".into()], vec![]));
    }

    #[test]
    fn what_is_no_lockfile_is_named() {
        use NoteKind::{NotChecked, Partial};
        let head = "__metadata:\n  version: 8\n\n";
        for (text, kind) in [
            ("__metadata:\n  version: 99\n".to_owned(), Partial),
            ("__metadata:\n".to_owned(), Partial),
            (format!("{head}\"a@npm:1\":\n"), Partial),
            (format!("{head}\"a@npm:1\":\n  version: 1\n"), Partial),
            (format!("{head}\"a@npm:1\":\n  version: 1\n  resolution: \"a\"\n  linkType: hard\n"), Partial),
            (format!("{head}\"a@npm:1\":\n  version: 1\n  resolution: \"a@npm:1\"\n"), Partial),
            (format!("{head}\"a@npm:1\":\n  version: 1\n  version: 2\n"), Partial),
            (format!("{head}\"a@npm:1\":\n  version: &x 1\n"), Partial),
            (format!("{head}what\n"), Partial),
            (format!("{head}<<<<<<< ours\n"), NotChecked),
        ] {
            let problems = read(&text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read(head).problems, []);
    }

    #[test]
    fn a_cut_is_noticed() {
        let whole = LOCK.find("linkType: soft").unwrap();
        for cut in (LOCK.find("\"@scope").unwrap() + 1..whole).step_by(3) {
            let text = &LOCK[..cut];
            let cut_between = text.trim_end().ends_with("linkType: hard");
            assert!(cut_between || !read(text).problems.is_empty(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[:",@ \na\\é?{}-]{0,4}"#) {
            let end = (at + length).min(LOCK.len());
            let text = format!("{}{put}{}", &LOCK[..at], &LOCK[end..]);
            for package in read(&text).packages {
                prop_assert!(text.get(package.at).is_some());
            }
        }
    }
}
