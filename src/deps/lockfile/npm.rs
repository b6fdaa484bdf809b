//! package-lock.json and npm-shrinkwrap.json: `packages` of versions 2 and 3, else the nested `dependencies` of version 1.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::json::{Document, Kind, Value};
use super::{Node, Reading, Usage, conflict, lines};

/// Reads a text; the packages are those of a registry: links, git and tarball sources are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse(text);
    broken(text, &document, &mut reading);
    let Some(root) = document.root().filter(|root| root.kind() == Kind::Object) else {
        if document.broken.is_none() {
            reading.unread(0, "this is no lockfile of npm: the outermost value is no object");
        }
        return reading;
    };
    let is_flat = root.get("packages").is_some();
    let mut found = false;
    for child in root.children() {
        match &*child.key() {
            "packages" => {
                found = true;
                flat(child, &mut reading);
            }
            "dependencies" if !is_flat => {
                found = true;
                nested(child, &mut reading);
            }
            _ => {}
        }
    }
    // An empty project has neither.
    if !found && root.get("lockfileVersion").is_none() && document.broken.is_none() {
        reading.unread(0, "this is no lockfile of npm: it has no `packages`");
    }
    reading
}

/// Says where a text stops being JSON, and whether a merge conflict is why.
pub(in crate::deps) fn broken(text: &str, document: &Document<'_>, reading: &mut Reading) {
    let Some((at, message)) = document.broken else { return };
    let conflict = lines(text).find(|(_, line)| conflict(line)).filter(|(start, _)| *start <= at);
    match conflict {
        Some((start, _)) => reading.unread(start, "a merge conflict is not resolved"),
        None => reading.unread(at, message),
    }
}

/// `packages`: the path of each package's folder, and what is in it.
fn flat(packages: Value<'_, '_>, reading: &mut Reading) {
    if packages.kind() != Kind::Object {
        return reading.unread(packages.at().start, "`packages` is no object");
    }
    let (mut folders, mut links, mut found) = (Folders::default(), Vec::new(), Vec::new());
    let mut rooted = false;
    for entry in packages.children() {
        let path = entry.key();
        let Some(entry) = object(entry, reading) else { continue };
        if entry.get("link").is_some_and(Value::is_true) {
            links.extend(entry.get("resolved").and_then(Value::text).map(|target| (path, target)));
            continue;
        }
        let real = text(entry, "name", reading);
        // Folders outside node_modules are the project itself and its workspaces.
        let node = match path.rsplit("node_modules/").next().filter(|name| name.len() < path.len()) {
            Some(folder) => {
                let name = real.as_deref().unwrap_or(folder);
                let node = reading.graph.add(name);
                registered(entry, name, tail(entry.key_at(), folder), node, reading);
                node
            }
            None => {
                let folder = if path.is_empty() { "." } else { &path };
                let node = reading.graph.add(real.as_deref().unwrap_or(folder));
                reading.graph.root(node);
                rooted = true;
                asked(&path, entry, reading);
                node
            }
        };
        folders.nodes.insert(path.clone(), node);
        found.push((path, node, entry));
    }
    for (path, target) in links {
        if let Some(node) = folders.nodes.get(&target).copied() {
            folders.nodes.insert(path, node);
        }
    }
    for (path, node, entry) in found {
        let asked = ["dependencies", "optionalDependencies", "peerDependencies", "devDependencies"];
        for need in asked.into_iter().filter_map(|table| entry.get(table)).flat_map(Value::children) {
            if let Some(other) = folders.find(&path, &need.key()) {
                reading.graph.need(node, other);
            }
        }
    }
    // What npm leaves inside node_modules does not say what the project asks for.
    if !rooted {
        reading.graph.root_unneeded();
    }
}

/// What the project, or a part of it, asks for.
fn asked(folder: &str, entry: Value<'_, '_>, reading: &mut Reading) {
    let tables = ["dependencies", "optionalDependencies", "devDependencies"];
    for need in tables.into_iter().filter_map(|table| entry.get(table)).flat_map(Value::children) {
        if let Some(range) = need.text() {
            reading.ask(folder, &need.key(), &range);
        }
    }
}

/// The most folders upwards that a package is looked for, and the longest path that is followed: more than npm writes,
/// and no work for what it does not.
const LEVELS: usize = 32;
const LONGEST: usize = 1024;

/// The packages by their folders.
#[derive(Default)]
struct Folders<'a> {
    nodes: HashMap<Cow<'a, str>, Node>,
}

impl Folders<'_> {
    /// What a package in the folder `path` gets for a name: the nearest one upwards, as Node.js looks for it.
    fn find(&self, path: &str, name: &str) -> Option<Node> {
        let mut folder = if path.len() + name.len() > LONGEST { "" } else { path };
        for _ in 0..LEVELS {
            let slash = if folder.is_empty() { "" } else { "/" };
            let wanted = format!("{folder}{slash}node_modules/{name}");
            if let Some(node) = self.nodes.get(&*wanted) {
                return Some(*node);
            }
            if folder.is_empty() {
                break;
            }
            let up = folder.rfind("node_modules/").or_else(|| folder.rfind('/').map(|slash| slash + 1));
            folder = folder[..up.unwrap_or(0)].trim_end_matches('/');
        }
        None
    }
}

/// One `dependencies` of version 1.
struct Nest<'a> {
    /// The one around it.
    above: Option<usize>,
    nodes: HashMap<Cow<'a, str>, Node>,
}

/// `dependencies`: each with those in its own folder below it. A stack instead of recursion: files nest as deep as they like.
fn nested(dependencies: Value<'_, '_>, reading: &mut Reading) {
    let mut nests: Vec<Nest<'_>> = Vec::new();
    // Each package with the nest that it looks into first: its own, else the one that it is in.
    let mut found: Vec<(Node, usize, Value<'_, '_>)> = Vec::new();
    let mut waiting = vec![(dependencies, None)];
    while let Some((dependencies, owner)) = waiting.pop() {
        if dependencies.kind() != Kind::Object {
            reading.partial(dependencies.at().start, "`dependencies` is no object");
            continue;
        }
        let nest = nests.len();
        let above = owner.map(|owner: usize| std::mem::replace(&mut found[owner].1, nest));
        nests.push(Nest { above, nodes: HashMap::new() });
        for entry in dependencies.children() {
            let Some(entry) = object(entry, reading) else { continue };
            let node = reading.graph.add(&entry.key());
            registered(entry, &entry.key(), entry.key_at(), node, reading);
            nests[nest].nodes.insert(entry.key(), node);
            waiting.extend(entry.get("dependencies").map(|below| (below, Some(found.len()))));
            found.push((node, nest, entry));
        }
    }
    for (node, nest, entry) in found {
        for need in entry.get("requires").into_iter().flat_map(Value::children) {
            let upwards =
                std::iter::successors(Some(nest), |nest| nests[*nest].above).take(LEVELS).chain([0]);
            let other = upwards.filter_map(|nest| nests[nest].nodes.get(&need.key())).next();
            if let Some(other) = other {
                reading.graph.need(node, *other);
            }
        }
    }
    // Version 1 does not say what the project asks for.
    reading.graph.root_unneeded();
}

fn object<'d, 'a>(entry: Value<'d, 'a>, reading: &mut Reading) -> Option<Value<'d, 'a>> {
    if entry.kind() != Kind::Object {
        reading.partial(entry.key_at().start, "this entry is no object");
        return None;
    }
    Some(entry)
}

/// Adds a package when it is one of a registry.
fn registered(entry: Value<'_, '_>, name: &str, at: Range<usize>, node: Node, reading: &mut Reading) {
    if entry.children().filter(|child| child.key() == "version").count() > 1 {
        reading.partial(at.start, format!("{name} has more than one version"));
    }
    let resolved = text(entry, "resolved", reading);
    let Some(version) = text(entry, "version", reading) else {
        return reading.partial(at.start, format!("{name} has no version"));
    };
    // Version 1 writes an alias as `npm:real@1.0.0`, and what is not of a registry as an address.
    let (name, version) = match version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
        Some((real, version)) => (real, version),
        None => (name, version.as_str()),
    };
    let other = version.contains([':', '/']).then(|| version.to_owned());
    let other = other.or_else(|| resolved.clone().filter(|url| !of_registry(url, name)));
    if let Some(address) = other.as_ref().or(resolved.as_ref()) {
        reading.origin(name, address, other.is_none(), at.clone());
    }
    let elsewhere = other.is_some();
    if !elsewhere {
        let package = reading.add(name, version, at, usage(entry), Some(node));
        if let Some(package) = package {
            // What another package brought along in its own archive has no archive.
            let has = |key: &str| entry.get(key).is_some();
            package.hashed = (!has("inBundle") && !has("bundled")).then(|| has("integrity"));
            let keys = ["name", "version", "resolved", "link"];
            package.says(keys.iter().filter_map(|key| Some(entry.get(key)?.at().start)));
        }
    }
}

/// What a package is there for. `devOptional` is what development needs, and the program where it can be had.
fn usage(entry: Value<'_, '_>) -> Usage {
    let says = |key: &str| entry.get(key).is_some_and(Value::is_true);
    if says("dev") {
        Usage::Development
    } else if says("optional") || says("devOptional") {
        Usage::Optional
    } else {
        Usage::Program
    }
}

/// Whether an address is one that registries and their mirrors give a package's archive.
pub(super) fn of_registry(url: &str, name: &str) -> bool {
    let web = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    web.is_some_and(|rest| rest.contains("/-/") || rest.contains(&format!("/{name}/")))
}

fn text(entry: Value<'_, '_>, key: &str, reading: &mut Reading) -> Option<String> {
    let value = entry.get(key)?;
    let text = value.text();
    // `"resolved": false` is how old versions of npm write "unknown".
    if text.is_none() && key != "resolved" {
        reading.partial(value.at().start, format!("this {key} is no text"));
    }
    text.map(|text| text.into_owned())
}

/// The end of a key, where the package's name is; the whole key when escapes hide it.
fn tail(key: Range<usize>, name: &str) -> Range<usize> {
    let start = key.end.saturating_sub(name.len());
    if start >= key.start { start..key.end } else { key }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/package-lock.json");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn registry_packages_at_their_keys() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let found: Vec<(&str, &str)> = reading
            .packages
            .iter()
            .map(|package| (package.name.as_str(), &LOCK[package.at.clone()]))
            .collect();
        let expected = [
            ("@scope/tool", "@scope/tool"),
            ("lodash", "lodash"),
            ("jquery", "jquery-old"),
            ("lodash", "lodash"),
            ("bundled", "bundled"),
        ];
        assert_eq!(found, expected);
        assert_eq!(reading.packages[1].version, "3.10.1");
    }

    #[test]
    fn version_one_nests() {
        let text = r#"{"lockfileVersion": 1, "dependencies": {
            "a": {"version": "1.0.0", "dependencies": {"b": {"version": "npm:c@2.0.0"}}},
            "d": {"version": "git+ssh://git@git.example/d.git#0123"},
            "e": {"version": "file:../e"},
            "f": {"version": "3.0.0", "resolved": false}
        }}"#;
        assert_eq!(names(text), ["a 1.0.0", "f 3.0.0", "c 2.0.0"]);
        assert_eq!(read(text).problems, []);
    }

    #[test]
    fn what_a_package_needs_is_the_nearest_upwards() {
        let text = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "app", "dependencies": {"a": "^1", "part": "*"}, "devDependencies": {"d": "^1"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "^2"}, "optionalDependencies": {"c": "*"}},
            "node_modules/a/node_modules/b": {"version": "2.0.0", "dependencies": {"@s/e": "*"}},
            "node_modules/b": {"version": "1.0.0", "devOptional": true},
            "node_modules/c": {"version": "1.0.0", "optional": true},
            "node_modules/d": {"version": "1.0.0", "dev": true, "dependencies": {"b": "^1"}},
            "node_modules/@s/e": {"version": "1.0.0", "peerDependencies": {"a": "*"}},
            "node_modules/f": {"version": "1.0.0"},
            "node_modules/part": {"resolved": "packages/part", "link": true},
            "packages/part": {"version": "1.0.0", "dependencies": {"f": "*"}}
        }}"#;
        let reading = read(text);
        assert_eq!(reading.problems, []);
        let ways = reading.graph.ways();
        let way = |index: usize| ways.to(reading.packages[index].node.unwrap()).join(" > ");
        let found: Vec<(String, Usage)> =
            (0..7).map(|index| (way(index), reading.packages[index].usage)).collect();
        let expected = [
            ("app > a", Usage::Program),
            ("app > a > b", Usage::Program),
            ("app > d > b", Usage::Optional),
            ("app > a > c", Usage::Optional),
            ("app > d", Usage::Development),
            ("app > a > b > @s/e", Usage::Program),
            ("packages/part > f", Usage::Program),
        ];
        assert_eq!(found, expected.map(|(way, usage)| (way.to_owned(), usage)));
        let hidden = text.replace(r#""": {"name": "app""#, r#""none": {"name": "app""#);
        assert_eq!(read(&hidden).problems, []);
    }

    #[test]
    fn version_one_is_looked_up_in_its_nest() {
        let text = r#"{"lockfileVersion": 1, "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "^2"}, "dependencies": {
                "b": {"version": "2.0.0", "requires": {"c": "*"}}
            }},
            "b": {"version": "1.0.0", "dev": true},
            "c": {"version": "1.0.0", "requires": {"a": "*"}},
            "d": {"version": "1.0.0", "requires": {"a": "*", "b": "^1"}, "dev": true}
        }}"#;
        let reading = read(text);
        let ways = reading.graph.ways();
        let mut found: Vec<(String, Usage)> = reading
            .packages
            .iter()
            .map(|package| (ways.to(package.node.unwrap()).join(" > "), package.usage))
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let expected = [
            ("d", Usage::Development),
            ("d > a", Usage::Program),
            ("d > a > b", Usage::Program),
            ("d > a > b > c", Usage::Program),
            ("d > b", Usage::Development),
        ];
        assert_eq!(found, expected.map(|(way, usage)| (way.to_owned(), usage)));
    }

    #[test]
    fn a_folder_as_deep_as_it_likes() {
        let mut text = "{\"dependencies\":".to_owned();
        text.push_str(&"{\"a\":{\"version\":\"1.0.0\",\"dependencies\":".repeat(20_000));
        assert_eq!(read(&text).packages.len(), 20_000);
        assert_eq!(read(&text).problems.len(), 1);
    }

    #[test]
    fn what_is_no_lockfile_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("", NotChecked),
            ("[]", NotChecked),
            ("{}", NotChecked),
            ("{\"packages\": []}", NotChecked),
            ("{\"packages\": {\"node_modules/a\": 7}}", Partial),
            ("{\"packages\": {\"node_modules/a\": {}}}", Partial),
            ("{\"packages\": {\"node_modules/a\": {\"version\": 1}}}", Partial),
            (
                "{\"packages\": {\"node_modules/a\": {\"version\": \"1.0.0\", \"version\": \"2.0.0\"}}}",
                Partial,
            ),
            ("{\n<<<<<<< ours\n  \"a\": 1\n", NotChecked),
            ("{\"packages\": {\"node_modules/a\": {\"version\": \"1.0", NotChecked),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read("{\"lockfileVersion\": 3}").problems, []);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}":,a\\é]{0,4}"#) {
            let end = (at + length).min(LOCK.len());
            let text = format!("{}{put}{}", &LOCK[..at], &LOCK[end..]);
            for package in read(&text).packages {
                prop_assert!(text.get(package.at).is_some());
            }
            let cut = &LOCK[..at.min(LOCK.trim_end().len() - 1)];
            prop_assert!(!read(cut).problems.is_empty());
        }
    }
}
