//! Cargo.toml.

use super::source::Source;
use super::{Manifest, Requirement};
use crate::deps::lockfile::toml_packages::{Table, Text, parse};
use crate::deps::lockfile::{Reading, Usage};
use toml::Spanned;
use toml::de::DeValue;

/// The tables of what a crate needs, and what for.
const TABLES: [(&str, Usage); 5] = [
    ("dependencies", Usage::Program),
    ("build-dependencies", Usage::Program),
    ("build_dependencies", Usage::Program),
    ("dev-dependencies", Usage::Development),
    ("dev_dependencies", Usage::Development),
];

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let Some(document) = parse(text, &mut reading) else { return manifest.finish(reading) };
    let root = Table::root(text, &document);
    manifest.own = root
        .table("package", &mut reading)
        .and_then(|package| package.text("name", &mut reading))
        .map(|name| name.text.to_owned());
    manifest.runs = root.has("bin");
    needs(root, false, &mut manifest, &mut reading);
    for (_, target) in root.table("target", &mut reading).into_iter().flat_map(Table::keyed) {
        if let Some(target) = root.as_table(target) {
            needs(target, false, &mut manifest, &mut reading);
        }
    }
    if let Some(workspace) = root.table("workspace", &mut reading) {
        needs(workspace, true, &mut manifest, &mut reading);
    }
    let patches = root.table("patch", &mut reading).into_iter().flat_map(Table::keyed);
    let patched = patches.filter_map(|(_, patches)| root.as_table(patches)).flat_map(Table::keyed);
    for (key, value) in patched {
        let real = root.as_table(value).and_then(|table| table.text("package", &mut reading));
        manifest.overridden.insert(real.unwrap_or(key).text.to_owned());
    }
    for (key, _) in root.table("replace", &mut reading).into_iter().flat_map(Table::keyed) {
        manifest.overridden.insert(key.text.split(':').next().unwrap_or_default().to_owned());
    }
    manifest.finish(reading)
}

/// The requirements of all tables of a crate, a platform or a workspace.
fn needs(table: Table<'_>, offered: bool, manifest: &mut Manifest, reading: &mut Reading) {
    for (name, usage) in TABLES {
        for (key, value) in table.table(name, reading).into_iter().flat_map(Table::keyed) {
            if let Some(one) = requirement(table, &key, value, usage, reading) {
                manifest.requirements.push(Requirement { offered, ..one });
            }
        }
    }
}

/// `key = "1.0"`, or a table.
fn requirement(
    of: Table<'_>,
    key: &Text<'_>,
    value: &Spanned<DeValue<'_>>,
    usage: Usage,
    reading: &mut Reading,
) -> Option<Requirement> {
    if let Some(range) = value.get_ref().as_str() {
        return Some(Requirement::new(key.text, range, key.at.clone(), usage));
    }
    let Some(table) = of.as_table(value) else {
        reading.partial(value.span().start, format!("{} is neither a range nor a table", key.text));
        return None;
    };
    let optional = table.truth("optional", reading) && usage == Usage::Program;
    let usage = if optional { Usage::Optional } else { usage };
    let mut text = |key: &str| table.text(key, reading).map(|text| text.text);
    let name = text("package").unwrap_or(key.text);
    let range = text("version").unwrap_or_default();
    let mut one = Requirement::new(name, range, key.at.clone(), usage);
    key.text.clone_into(&mut one.key);
    let from = if let Some(address) = text("git") {
        Source::repository(address, text("branch"), text("tag"), text("rev"))
    } else if text("path").is_some() {
        Source::Path
    } else if table.has("workspace") || text("registry").is_some() || text("registry-index").is_some() {
        Source::Workspace
    } else {
        Source::Registry
    };
    Some(one.from(from))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = include_str!("../../../fixtures/deps/Cargo.toml");

    #[test]
    fn requirements_of_all_tables_and_sources() {
        let manifest = read(MANIFEST);
        assert_eq!(manifest.problems, []);
        assert_eq!((manifest.own.as_deref(), manifest.runs), (Some("shop"), true));
        let expected = [
            r#"serde "1.0" Program registry"#,
            r#"old-rand=rand "=0.7.3" Program registry"#,
            r#"tls ">=0.2, <0.4" Optional registry"#,
            r#"forked "" Program git.example/forked, branch main"#,
            r#"fixed "1" Program git.example/fixed, commit 0123456789abcdef0123456789abcdef01234567"#,
            r#"tagged "" Program git.example/tagged, tag v1.0"#,
            r#"near "0.1" Program path"#,
            r#"inner "1" Program workspace"#,
            r#"shared "" Program workspace"#,
            r#"cc "1" Program registry"#,
            r#"proptest "*" Development registry"#,
            r#"winapi "0.3" Program registry"#,
            r#"shared "2" Program offered registry"#,
        ];
        assert_eq!(told(MANIFEST, &manifest), expected);
        assert_eq!(manifest.overridden.into_iter().collect::<Vec<_>>(), ["patched"]);
        let windows = MANIFEST.replace('\n', "\r\n");
        assert_eq!(told(&windows, &read(&windows)), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind, line) in [
            ("[dependencies\n", NotChecked, 1),
            ("[dependencies]\n<<<<<<< ours\na = \"1\"\n", NotChecked, 2),
            ("[dependencies]\na = 1\n", Partial, 2),
            ("[dependencies]\na = { version = 1 }\n", Partial, 2),
            ("dependencies = \"a\"\n", Partial, 1),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| one.0 == kind && one.1 == line), "{text}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[\[\]{}"=,a.\\é\n]{0,4}"#) {
            let end = (at + length).min(MANIFEST.len());
            let text = format!("{}{put}{}", &MANIFEST[..at], &MANIFEST[end..]);
            harmless(&text, &read(&text));
        }
    }
}
