//! package-lock.json and npm-shrinkwrap.json: `packages` of versions 2 and 3, else the nested `dependencies` of version 1.

use std::ops::Range;

use super::json::{Document, Kind, Value};
use super::{Reading, conflict, lines};

/// Reads a text; the packages are those of a registry: links, git and tarball sources are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse(text);
    if let Some((at, message)) = document.broken {
        let conflict = lines(text).find(|(_, line)| conflict(line)).filter(|(start, _)| *start <= at);
        match conflict {
            Some((start, _)) => reading.unread(start, "a merge conflict is not resolved"),
            None => reading.unread(at, message),
        }
    }
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

/// `packages`: the path of each package's folder, and what is in it.
fn flat(packages: Value<'_, '_>, reading: &mut Reading) {
    if packages.kind() != Kind::Object {
        return reading.unread(packages.at().start, "`packages` is no object");
    }
    for entry in packages.children() {
        let path = entry.key();
        // Folders outside node_modules are the project itself and its workspaces.
        let Some(folder) = path.rsplit("node_modules/").next().filter(|name| name.len() < path.len()) else {
            continue;
        };
        let Some(entry) = object(entry, reading) else { continue };
        if entry.get("link").is_some_and(Value::is_true) {
            continue;
        }
        let real = text(entry, "name", reading);
        let name = real.as_deref().unwrap_or(folder);
        let at = tail(entry.key_at(), folder);
        registered(entry, name, at, reading);
    }
}

/// `dependencies`: each with those in its own folder below it. A stack instead of recursion: files nest as deep as they like.
fn nested(dependencies: Value<'_, '_>, reading: &mut Reading) {
    let mut waiting = vec![dependencies];
    while let Some(dependencies) = waiting.pop() {
        if dependencies.kind() != Kind::Object {
            reading.partial(dependencies.at().start, "`dependencies` is no object");
            continue;
        }
        for entry in dependencies.children() {
            let Some(entry) = object(entry, reading) else { continue };
            registered(entry, &entry.key(), entry.key_at(), reading);
            waiting.extend(entry.get("dependencies"));
        }
    }
}

fn object<'d, 'a>(entry: Value<'d, 'a>, reading: &mut Reading) -> Option<Value<'d, 'a>> {
    if entry.kind() != Kind::Object {
        reading.partial(entry.key_at().start, "this entry is no object");
        return None;
    }
    Some(entry)
}

fn registered(entry: Value<'_, '_>, name: &str, at: Range<usize>, reading: &mut Reading) {
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
    let elsewhere = version.contains([':', '/']) || resolved.is_some_and(|url| !of_registry(&url, name));
    if !elsewhere {
        reading.add(name, version, at);
    }
}

/// The registry packages that a package.json asks for, each where it is named.
pub(in crate::deps) fn requirements(text: &str) -> Vec<(String, Range<usize>)> {
    let document = Document::parse(text);
    let Some(root) = document.root() else { return Vec::new() };
    let local = |version: &str| version.contains(':') && !version.starts_with("npm:");
    let tables = ["dependencies", "devDependencies"].into_iter().filter_map(|table| root.get(table));
    tables
        .flat_map(Value::children)
        .filter(|entry| entry.text().is_some_and(|version| !local(&version)))
        .map(|entry| (entry.key().into_owned(), entry.key_at()))
        .collect()
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

    #[test]
    fn a_manifest_names_what_it_asks_a_registry_for() {
        let text = r#"{"dependencies": {"a": "^1", "b": "file:../b"}, "devDependencies": {"c": "*"}}"#;
        let names: Vec<String> = requirements(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "c"]);
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
