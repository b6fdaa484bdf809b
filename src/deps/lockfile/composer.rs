//! composer.lock: `packages` and `packages-dev`, each with what it requires.

use std::collections::HashMap;

use super::json::{Document, Kind, Value};
use super::{Node, Reading, Usage, conflict, lines};

/// Reads a text; packages of folders are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let document = Document::parse(text);
    if let Some((at, message)) = document.broken {
        let conflict = lines(text).find(|(start, line)| *start <= at && conflict(line));
        match conflict {
            Some((start, _)) => reading.unread(start, "a merge conflict is not resolved"),
            None => reading.unread(at, message),
        }
    }
    let lists = document.root().filter(|root| root.kind() == Kind::Object).map(|root| {
        [("packages", Usage::Program), ("packages-dev", Usage::Development)]
            .map(|(key, usage)| (root.get(key), usage))
    });
    let Some(lists) = lists.filter(|lists| lists[0].0.is_some()) else {
        if document.broken.is_none() {
            reading.unread(0, "this is no lockfile of Composer: it has no `packages`");
        }
        return reading;
    };
    let (mut nodes, mut needs): (HashMap<String, Node>, _) = (HashMap::new(), Vec::new());
    for (list, usage) in lists {
        let Some(list) = list else { continue };
        if list.kind() != Kind::Array {
            reading.unread(list.at().start, "this is no list of packages");
            continue;
        }
        for entry in list.children() {
            if let Some((name, node)) = package(entry, usage, &mut reading) {
                nodes.entry(name.to_lowercase()).or_insert(node);
                let required = entry.get("require").into_iter().flat_map(Value::children);
                needs.extend(required.map(|needed| (node, needed.key().to_lowercase())));
            }
        }
    }
    for (of, name) in needs {
        if let Some(other) = nodes.get(&name) {
            reading.graph.need(of, *other);
        }
    }
    reading
}

fn package(entry: Value<'_, '_>, usage: Usage, reading: &mut Reading) -> Option<(String, Node)> {
    let place = entry.at();
    let text = |key: &str| entry.get(key).and_then(Value::text);
    let (Some(name), Some(at)) = (text("name"), entry.get("name").map(Value::at)) else {
        reading.partial(place.start, "this package has no name");
        return None;
    };
    let Some(version) = text("version") else {
        reading.partial(at.start, format!("{name} has no version"));
        return None;
    };
    let node = reading.graph.add(&name);
    let kind = entry.get("dist").and_then(|dist| dist.get("type")).and_then(Value::text);
    if kind.as_deref() != Some("path") {
        // Without its quotes.
        let package = reading.add(&name, &version, at.start + 1..at.end - 1, usage, Some(node));
        if let Some(package) = package {
            let keys = ["version", "notification-url"];
            package.says(keys.iter().filter_map(|key| Some(entry.get(key)?.at().start)));
        }
    }
    Some((name.into_owned(), node))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/composer.lock");

    #[test]
    fn packages_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let found: Vec<(&str, &str, Usage)> = reading
            .packages
            .iter()
            .map(|package| (package.name.as_str(), package.version.as_str(), package.usage))
            .collect();
        let expected = [
            ("acme/http", "v2.1.0", Usage::Program),
            ("Acme/Log", "1.0.0-beta2", Usage::Program),
            ("acme/test", "dev-main", Usage::Development),
        ];
        assert_eq!(found, expected);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("", NotChecked),
            ("{}", NotChecked),
            ("[]", NotChecked),
            ("{\"packages\": {}}", NotChecked),
            ("{\"packages\": [{}]}", Partial),
            ("{\"packages\": [7]}", Partial),
            ("{\"packages\": [{\"name\": \"a/b\"}]}", Partial),
            ("{\"packages\": [{\"name\": \"a/b\", \"version\": 1}]}", Partial),
            ("{\n<<<<<<< ours\n\"packages\": []}", NotChecked),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
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
