//! yarn.lock of Yarn 2 and later: YAML, each entry with what asked for it as its key and with what it resolved to. The
//! project and its workspaces are entries too.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::indented::{Document, Entry, Style};
use super::purpose::{Missing, Purposes};
use super::yarn::{archive, split};
use super::{Node, Reading, Usage};

/// The newest version of the format that is known.
const NEWEST: u32 = 9;

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
    if place.is_empty() {
        reading.partial(at.start, "this resolution has no place");
        return None;
    }
    let node = purposes.add(name);
    if place.starts_with("workspace:") {
        purposes.root(node, Usage::Program);
    }
    if place.starts_with("npm:") || archive(place, name) {
        reading.add_used(name, &version, name_in(entry, name), Usage::Program, Some(node));
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

/// Says which package needs which.
fn connect(locked: &[Locked<'_, '_>], purposes: &mut Purposes, reading: &mut Reading) {
    let (mut nodes, mut names) = (HashMap::new(), HashMap::<String, Vec<Node>>::new());
    let mut registered = HashMap::new();
    for one in locked {
        for pattern in one.entry.key().split(',') {
            let pattern = pattern.trim();
            let of_name = names.entry(split(pattern).0.to_owned()).or_default();
            if of_name.last() != Some(&one.node) {
                of_name.push(one.node);
            }
            if nodes.insert(pattern.to_owned(), one.node).is_some() {
                reading.partial(one.entry.key_at().start, format!("{pattern} is there a second time"));
            }
        }
        if one.place.starts_with("npm:") {
            registered.insert((&*one.name, &*one.version), one.node);
        }
    }
    let (mut missing, mut doubted) = (Missing::default(), HashSet::new());
    for one in locked {
        if one.place.starts_with("patch:") {
            match registered.get(&(&*one.name, &*one.version)) {
                Some(base) => purposes.need(one.node, *base, Usage::Program),
                // What it was made from is not there: it is that package all the same.
                None => {
                    let at = name_in(one.entry, &one.name);
                    reading.add_used(&one.name, &one.version, at, Usage::Program, Some(one.node));
                }
            }
        }
        let optional = optional(one.entry);
        for need in one.entry.get("dependencies").into_iter().flat_map(Entry::children) {
            let (name, range) = (need.key(), need.text().unwrap_or_default());
            // Before version 8 the `npm:` of a range is left out.
            let exact = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
            let of_name = names.get(&*name).map_or(&[][..], Vec::as_slice);
            let found = exact.iter().find_map(|pattern| nodes.get(pattern));
            match found.or(of_name.first().filter(|_| of_name.len() == 1)) {
                Some(node) => {
                    let usage = if optional.contains(&*name) { Usage::Optional } else { Usage::Program };
                    purposes.need(one.node, *node, usage);
                }
                None if of_name.is_empty() => missing.note(need.key_at().start, &exact[0]),
                // The project sets another range: any of them may be meant.
                None if doubted.insert(name) => of_name.iter().for_each(|node| purposes.doubt(*node)),
                None => {}
            }
        }
    }
    missing.report(reading);
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
