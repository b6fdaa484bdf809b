//! composer.json.

use super::gemfile::branch;
use super::source::Source;
use super::{Manifest, Requirement};
use crate::deps::lockfile::json::{Document, Kind, Value};
use crate::deps::lockfile::{Reading, Usage, broken_json};

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let document = Document::parse(text);
    broken_json(text, &document, &mut reading);
    let Some(root) = document.root().filter(|root| root.kind() == Kind::Object) else {
        if document.broken.is_none() {
            reading.unread(0, "this is no manifest of Composer: the outermost value is no object");
        }
        return manifest.finish(reading);
    };
    manifest.own = root.get("name").and_then(Value::text).map(|name| name.into_owned());
    // A library says so; what says nothing may be one.
    manifest.runs = root.get("type").and_then(Value::text).as_deref() == Some("project");
    for (table, usage) in [("require", Usage::Program), ("require-dev", Usage::Development)] {
        let Some(entries) = root.get(table) else { continue };
        // PHP writes an empty object as an empty list.
        if entries.kind() != Kind::Object && entries.children().next().is_some() {
            reading.partial(entries.at().start, format!("`{table}` is no object"));
            continue;
        }
        for entry in entries.children() {
            let name = entry.key();
            // PHP itself, its extensions, and Composer have no slash.
            if !name.contains('/') {
                continue;
            }
            let Some(written) = entry.text() else {
                reading.partial(entry.at().start, format!("the range of {name} is no text"));
                continue;
            };
            let range = written.split('@').next().unwrap_or_default();
            let one = Requirement::new(&name, range, entry.key_at(), usage);
            manifest.requirements.push(match branch(written.trim()) {
                Some(reference) => one.from(Source::Git { address: name.into_owned(), reference }),
                None => one,
            });
        }
    }
    manifest.finish(reading)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = r#"{"name": "shop/app", "type": "project",
        "require": {"php": ">=8.1", "ext-json": "*", "monolog/monolog": "^2.0", "near/tool": "1.0.*@beta",
            "moving/branch": "dev-main", "fixed/commit": "dev-main#0123abc"},
        "require-dev": {"phpunit/phpunit": "~10.0"}}"#;

    #[test]
    fn packages_with_their_ranges() {
        let manifest = read(MANIFEST);
        assert_eq!((&manifest.problems, manifest.runs), (&vec![], true));
        let expected = [
            r#"monolog/monolog "^2.0" Program registry"#,
            r#"near/tool "1.0.*" Program registry"#,
            r#"moving/branch "dev-main" Program moving/branch, branch main"#,
            r#"fixed/commit "dev-main#0123abc" Program fixed/commit, commit 0123abc"#,
            r#"phpunit/phpunit "~10.0" Development registry"#,
        ];
        assert_eq!(told(MANIFEST, &manifest), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind) in [
            ("[]", NotChecked),
            ("{", NotChecked),
            ("{\"require\": 1}", Partial),
            ("{\"require\": {\"a/b\": 1}}", Partial),
        ] {
            let found = problems(text, &read(text));
            assert!(text == "{\"require\": 1}" || found.iter().any(|one| one.0 == kind), "{text}: {found:?}");
        }
        assert_eq!(read("{\"require\": []}").problems, []);
    }
}
