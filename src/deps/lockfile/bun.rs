//! bun.lock: JSON with commas before closing brackets. `workspaces` has what each part of the project asks for, `packages` a
//! list for each package, under the way it is nested: `a`, or `b/a` for the one that only `b` gets.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::json::{Document, Kind, Value};
use super::npm::broken;
use super::purpose::Purposes;
use super::yarn::split;
use super::{Node, Reading, Usage};

/// The newest version of the format that is known.
const NEWEST: u32 = 1;

/// The most steps of nesting that are followed, and the longest key: more than Bun writes, and no work for what it does not.
const LEVELS: usize = 32;
const LONGEST: usize = 1024;

/// What packages and workspaces ask for, and what for.
const ASKED: [(&str, Usage); 4] = [
    ("dependencies", Usage::Program),
    ("peerDependencies", Usage::Program),
    ("optionalDependencies", Usage::Optional),
    ("devDependencies", Usage::Development),
];

/// Reads a text; the packages are those of a registry.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse_lenient(text);
    broken(text, &document, &mut reading);
    let Some(root) = document.root().filter(|root| root.kind() == Kind::Object) else {
        if document.broken.is_none() {
            reading.unread(0, "this is no lockfile of Bun: the outermost value is no object");
        }
        return reading;
    };
    if document.broken.is_none() {
        version(text, root, &mut reading);
    }
    let mut locked = Locked::default();
    for (key, entry) in entries(root, "workspaces", &mut reading) {
        asked(&key, entry, &mut reading);
        locked.workspace(key, entry);
    }
    for (key, entry) in entries(root, "packages", &mut reading) {
        locked.package(text, key, entry, &mut reading);
    }
    locked.connect();
    locked.purposes.finish(&mut reading);
    reading
}

/// Looks at the version of the format.
fn version(text: &str, root: Value<'_, '_>, reading: &mut Reading) {
    let Some(value) = root.get("lockfileVersion") else {
        return reading.unread(0, "this is no lockfile of Bun: it has no lockfileVersion");
    };
    match text[value.at()].parse::<u32>() {
        Ok(version) if version <= NEWEST => {}
        Ok(version) => {
            reading
                .partial(value.at().start, format!("version {version} of the format is newer than {NEWEST}"));
        }
        Err(_) => reading.partial(value.at().start, "the version of the format is no number"),
    }
}

/// What a workspace asks for.
fn asked(folder: &str, entry: Value<'_, '_>, reading: &mut Reading) {
    let tables = ["dependencies", "optionalDependencies", "devDependencies"];
    for need in tables.into_iter().filter_map(|table| entry.get(table)).flat_map(Value::children) {
        reading.ask(folder, &need.key(), &need.text().unwrap_or_default());
    }
}

/// The entries of all objects of a key; it may be there twice.
fn entries<'d, 'a>(
    root: Value<'d, 'a>,
    key: &str,
    reading: &mut Reading,
) -> Vec<(Cow<'a, str>, Value<'d, 'a>)> {
    let mut found = Vec::new();
    for object in root.children().filter(|child| child.key() == key) {
        if object.kind() != Kind::Object {
            reading.unread(object.at().start, format!("`{key}` is no object"));
        }
        found.extend(object.children().map(|child| (child.key(), child)));
    }
    found
}

/// What the file has.
#[derive(Default)]
struct Locked<'d, 'a> {
    purposes: Purposes,
    /// The workspaces by their folders, the project itself under an empty one.
    workspaces: HashMap<Cow<'a, str>, Node>,
    /// The packages by their keys.
    nodes: HashMap<Cow<'a, str>, Node>,
    /// What asks for others: where it is nested, and where it says so.
    asking: Vec<(String, Node, Value<'d, 'a>)>,
}

impl<'d, 'a> Locked<'d, 'a> {
    /// Reads an entry of `workspaces`.
    fn workspace(&mut self, folder: Cow<'a, str>, entry: Value<'d, 'a>) {
        let name = entry.get("name").and_then(Value::text);
        let shown = if folder.is_empty() { "." } else { &folder };
        let node = self.purposes.add(name.as_deref().unwrap_or(shown));
        self.purposes.root(node, Usage::Program);
        // What only one workspace gets is nested below its name.
        let nested = if folder.is_empty() { String::new() } else { name.unwrap_or_default().into_owned() };
        self.asking.push((nested, node, entry));
        self.workspaces.insert(folder, node);
    }

    /// Reads an entry of `packages`, and adds its package when it is one of a registry.
    fn package(&mut self, text: &str, key: Cow<'a, str>, entry: Value<'d, 'a>, reading: &mut Reading) {
        let at = entry.key_at().start;
        let first = entry.children().next().filter(|_| entry.kind() == Kind::Array);
        let Some((first, resolved)) = first.and_then(|first| Some((first, first.text()?))) else {
            return reading.partial(at, "this entry is no list that starts with a name and a version");
        };
        let (name, version) = split(&resolved);
        if name.is_empty() || version.is_empty() {
            return reading.partial(first.at().start, format!("{key} has no version"));
        }
        let known = version.strip_prefix("workspace:").and_then(|folder| self.workspaces.get(folder));
        let node = known.copied().unwrap_or_else(|| self.purposes.add(name));
        if !version.contains([':', '/']) {
            let start = first.at().start + 1;
            let named = start..start + name.len();
            // The whole text when escapes hide the name.
            let at = if text.get(named.clone()) == Some(name) { named } else { first.at() };
            reading.add(name, version, at, Usage::Program, Some(node));
        }
        if self.nodes.insert(key.clone(), node).is_some() {
            reading.partial(at, format!("{key} is there a second time"));
        }
        let object = entry.children().find(|element| element.kind() == Kind::Object);
        self.asking.extend(object.map(|object| (key.into_owned(), node, object)));
    }

    /// Says which package needs which.
    fn connect(&mut self) {
        for (nested, node, entry) in std::mem::take(&mut self.asking) {
            let optional: HashSet<Cow<'_, str>> = entry
                .get("optionalPeers")
                .into_iter()
                .flat_map(Value::children)
                .filter_map(Value::text)
                .collect();
            for (table, usage) in ASKED {
                for need in entry.get(table).into_iter().flat_map(Value::children) {
                    let name = need.key();
                    if table == "peerDependencies" && optional.contains(&name) {
                        continue;
                    }
                    if let Some(other) = self.find(&nested, &name) {
                        self.purposes.need(node, other, usage);
                    }
                }
            }
        }
    }

    /// What something nested as `key` says gets for a name: the nearest one.
    fn find(&self, key: &str, name: &str) -> Option<Node> {
        let mut nested = if key.len() + name.len() > LONGEST { "" } else { key };
        for _ in 0..LEVELS {
            if nested.is_empty() {
                break;
            }
            if let Some(node) = self.nodes.get(&*format!("{nested}/{name}")) {
                return Some(*node);
            }
            let up = nested.rfind('/').unwrap_or(0);
            // A scope and its name are one step.
            let scope = nested[..up].rfind('/').map_or(0, |slash| slash + 1);
            let step = if nested[scope..up].starts_with('@') { scope } else { up };
            nested = nested[..step].trim_end_matches('/');
        }
        self.nodes.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/bun.lock");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn registry_packages_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let expected = [
            "@scope/tool 2.0.0",
            "fsevents 2.3.3",
            "jquery 1.12.0",
            "lodash 4.17.4",
            "tester 5.0.0",
            "@scope/deep 1.0.0",
            "lodash 3.10.1",
            "lodash 2.4.2",
        ];
        assert_eq!(names(LOCK), expected);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        assert_eq!((names(&windows), read(&windows).problems), (names(LOCK), vec![]));
    }

    #[test]
    fn what_a_package_needs_is_the_nearest() {
        let reading = read(LOCK);
        let ways = reading.graph.ways();
        let found: Vec<(String, Usage)> = reading
            .packages
            .iter()
            .map(|package| (ways.to(package.node.unwrap()).join(" > "), package.usage))
            .collect();
        let expected = [
            ("app > @scope/tool", Usage::Program),
            ("app > @scope/tool > fsevents", Usage::Optional),
            ("app > jquery", Usage::Program),
            ("app > forked > lodash", Usage::Program),
            ("app > tester", Usage::Development),
            ("app > tester > @scope/deep", Usage::Development),
            ("app > tester > @scope/deep > lodash", Usage::Development),
            ("part > lodash", Usage::Program),
        ];
        assert_eq!(found, expected.map(|(way, usage)| (way.to_owned(), usage)));
    }

    #[test]
    fn what_is_no_lockfile_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("", NotChecked),
            ("[]", NotChecked),
            ("{}", NotChecked),
            ("{\"lockfileVersion\": 2}", Partial),
            ("{\"lockfileVersion\": \"1\"}", Partial),
            ("{\"lockfileVersion\": 1, \"packages\": []}", NotChecked),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": 1}}", Partial),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": []}}", Partial),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": [1]}}", Partial),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": [\"a\"]}}", Partial),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": [\"a@1\"], \"a\": [\"a@2\"]}}", Partial),
            ("{\n<<<<<<< ours\n  \"lockfileVersion\": 1\n", NotChecked),
            ("{\"lockfileVersion\": 1, \"packages\": {\"a\": [\"a@1", NotChecked),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read("{\"lockfileVersion\": 1}").problems, []);
    }

    #[test]
    fn nests_as_deep_as_they_like() {
        let key = "a/".repeat(100_000);
        let needs: String = (0..1000).map(|index| format!("\"b{index}\": \"*\",")).collect();
        let text = format!(
            "{{\"lockfileVersion\": 1, \"packages\": {{\"{key}a\": [\"a@1.0.0\", \"\", {{\"dependencies\": {{{needs}}}}}, \
             \"\"]}}}}"
        );
        assert_eq!(names(&text), ["a 1.0.0"]);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}":,@/a\\é]{0,4}"#) {
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
