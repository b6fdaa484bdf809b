//! Pipfile of Pipenv: a table of packages for each category.

use super::Manifest;
use super::pyproject::keyed;
use crate::deps::lockfile::toml_packages::{Table, parse};
use crate::deps::lockfile::{Reading, Usage};

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let Some(document) = parse(text, &mut reading) else { return manifest.finish(reading) };
    let root = Table::root(text, &document);
    for (category, value) in root.keyed() {
        let usage = match category.text {
            "packages" => Usage::Program,
            "dev-packages" => Usage::Development,
            "source" | "requires" | "scripts" | "pipenv" | "pipfile" => continue,
            _ => Usage::Optional,
        };
        let Some(table) = root.as_table(value) else {
            reading.partial(value.span().start, format!("{} is no table of packages", category.text));
            continue;
        };
        for (key, value) in table.keyed() {
            manifest.requirements.extend(keyed(table, &key, value, usage, &mut reading));
        }
    }
    manifest.runs = true;
    manifest.finish(reading)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = "[[source]]\nurl = \"https://registry.example/simple\"\n\n[packages]\njinja2 = \"==2.4.1\"\n\
        any = '*'\nrequests = {extras = [\"security\"], version = \"~=2.19\"}\nforked = {git = \"https://git.example/a\", ref = \
        \"main\"}\nwheel = {file = \"https://files.example/w.whl\"}\n\n[dev-packages]\npytest = \"*\"\n\n[docs]\nsphinx = \
        \"*\"\n\n[requires]\npython_version = \"3.12\"\n";

    #[test]
    fn requirements_of_all_categories() {
        let manifest = read(MANIFEST);
        assert_eq!(manifest.problems, []);
        let expected = [
            r#"jinja2 "==2.4.1" Program registry"#,
            r#"any "*" Program registry"#,
            r#"requests "~=2.19" Program registry"#,
            r#"forked "" Program git.example/a, branch main"#,
            r#"wheel "" Program path"#,
            r#"pytest "*" Development registry"#,
            r#"sphinx "*" Optional registry"#,
        ];
        assert_eq!(told(MANIFEST, &manifest), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind, line) in [
            ("[packages", NotChecked, 1),
            ("packages = 1\n", Partial, 1),
            ("[packages]\na = 1\n", Partial, 2),
        ] {
            assert!(
                matches!(&problems(text, &read(text))[..], [one] if one.0 == kind && one.1 == line),
                "{text}"
            );
        }
    }
}
