//! Pipfile.lock: JSON with a table of packages for each category. It does not say what needs what.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::json::{Document, Kind, Value};
use super::{Reading, Usage, conflict, lines};
use crate::deps::version::Ecosystem;

/// Reads a text; the packages are those of a registry: git, folders and archives are left out.
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
            reading.unread(0, "this is no lockfile of Pipenv: the outermost value is no object");
        }
        return reading;
    };
    version(root, &mut reading);
    let mut found = Found::default();
    for category in root.children().filter(|child| child.key() != "_meta") {
        let usage = match &*category.key() {
            "default" => Usage::Program,
            "develop" => Usage::Development,
            _ => Usage::Optional,
        };
        packages(category, usage, &mut found, &mut reading);
    }
    reading
}

/// `_meta` has the version of the format.
fn version(root: Value<'_, '_>, reading: &mut Reading) {
    let Some(meta) = root.get("_meta") else {
        return reading.unread(0, "this is no lockfile of Pipenv: it has no `_meta`");
    };
    match meta.get("pipfile-spec").map(|version| (version.plain() == Some("6"), version.at().start)) {
        Some((true, _)) => {}
        Some((false, at)) => reading.partial(at, "this version of the format is not known"),
        None => reading.partial(meta.at().start, "the version of the format is missing"),
    }
}

/// The packages that are in the reading, by name and version.
type Found = HashMap<(String, String), usize>;

fn packages(category: Value<'_, '_>, usage: Usage, found: &mut Found, reading: &mut Reading) {
    if category.kind() != Kind::Object {
        return reading.partial(category.at().start, "this category is no object");
    }
    let mut names = HashSet::new();
    for entry in category.children() {
        let (name, at) = (entry.key(), entry.key_at());
        if !names.insert(name.clone()) {
            reading.partial(at.start, format!("{name} is there more than once"));
        }
        if entry.kind() != Kind::Object || name.is_empty() {
            reading.partial(at.start, "this is no package");
            continue;
        }
        let elsewhere = ["git", "hg", "svn", "bzr", "path", "file", "url"];
        if elsewhere.iter().any(|key| entry.get(key).is_some()) {
            reading.graph.add(&name);
        } else {
            pinned(entry, &name, at, usage, found, reading);
        }
    }
}

/// A package of a registry, once for each version, for the widest of its uses.
fn pinned(
    entry: Value<'_, '_>,
    name: &str,
    at: Range<usize>,
    usage: Usage,
    found: &mut Found,
    reading: &mut Reading,
) {
    if entry.children().filter(|child| child.key() == "version").count() > 1 {
        reading.partial(at.start, format!("{name} has more than one version"));
    }
    let Some(written) = entry.get("version") else {
        return reading.partial(at.start, format!("{name} has no version"));
    };
    let Some(written) = written.text() else {
        return reading.partial(written.at().start, "this version is no text");
    };
    let version = match written.strip_prefix("===").or_else(|| written.strip_prefix("==")) {
        Some(version) if !version.is_empty() && !version.contains(['*', ',', '=', ' ']) => version,
        _ => return reading.unpinned.push((name.to_owned(), at)),
    };
    let key = (Ecosystem::PyPi.key(name), version.to_owned());
    if let Some(package) = found.get(&key).and_then(|index| reading.packages.get_mut(*index)) {
        package.usage = package.usage.wider(usage);
        return;
    }
    let node = reading.graph.add(name);
    let index = reading.packages.len();
    if let Some(package) = reading.add(name, version, at, usage, Some(node)) {
        package.says(entry.get("version").map(|version| version.at().start));
        found.insert(key, index);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::toml_packages::tests::{changed, harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const LOCK: &str = include_str!("../../../fixtures/deps/Pipfile.lock");

    #[test]
    fn registry_packages_with_their_use() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let expected = [
            "jinja2 2.4.1 Program: ",
            "pluggy 1.0.0 Development: ",
            "pluggy 1.0.1 Program: ",
            "requests 2.19.0 Program: ",
            "sphinx 4.0.0 Optional: ",
        ];
        assert_eq!(told(&reading), expected);
        let loose: Vec<&str> = reading
            .unpinned
            .iter()
            .map(|(name, at)| {
                assert_eq!(&LOCK[at.clone()], name);
                &**name
            })
            .collect();
        assert_eq!(loose, ["loose"]);
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        let reading = read(&windows);
        assert_eq!(reading.problems, []);
        assert_eq!(told(&reading), told(&read(LOCK)));
        assert!(reading.packages.iter().all(|package| windows[package.at.clone()] == package.name));
    }

    #[test]
    fn what_is_wrong_is_named_at_its_line() {
        let with = |entry: &str| format!("{{\"_meta\": {{\"pipfile-spec\": 6}},\n\"default\": {{{entry}}}}}");
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("[]", NotChecked, 1),
            ("{}", NotChecked, 1),
            ("{\"default\": {}}", NotChecked, 1),
            ("{\"_meta\": {}}", Partial, 1),
            ("{\"_meta\": {\"pipfile-spec\":\n7}}", Partial, 2),
            ("{\n<<<<<<< ours\n", NotChecked, 2),
            ("{\"_meta\": {\"pipfile-spec\": 6},\n\"default\": []}", Partial, 2),
            (&with("\"a\": 1"), Partial, 2),
            (&with("\"\": {\"version\": \"==1\"}"), Partial, 2),
            (&with("\"a\": {}"), Partial, 2),
            (&with("\"a\": {\"version\": 1}"), Partial, 2),
            (&with("\"a\": {\"version\": \"==1\", \"version\": \"==2\"}"), Partial, 2),
            (&with("\"a\": {\"version\": \"==1\"}, \"a\": {\"version\": \"==2\"}"), Partial, 2),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| (one.0, one.1) == (kind, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_cut_file_is_a_problem() {
        for at in 0..LOCK.trim_end().len() {
            assert!(!read(&LOCK[..at]).problems.is_empty(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}"=:,a\\é\n]{0,4}"#) {
            let text = changed(LOCK, at, length, &put);
            harmless(&text, &read(&text));
        }
    }
}
