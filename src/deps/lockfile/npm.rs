//! package-lock.json and npm-shrinkwrap.json: `packages` of versions 2 and 3, else the nested `dependencies` of version 1.

use std::ops::Range;

use super::json::{Document, Kind, Value};
use super::{Package, Reading, conflict, lines};

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
    let mut found = false;
    for child in root.children() {
        match &*child.key() {
            "packages" => {
                found = true;
                flat(child, &mut reading);
            }
            "dependencies" if root.get("packages").is_none() => {
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
        reading.packages.push(Package { name: name.to_owned(), version: version.to_owned(), at });
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
fn of_registry(url: &str, name: &str) -> bool {
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
