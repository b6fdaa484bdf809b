//! pyproject.toml: what PEP 621 and PEP 735 say, what is built with, and the tables of Poetry, uv and PDM.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::source::Source;
use super::{Manifest, Requirement};
use crate::deps::lockfile::toml_packages::{Table, Text, parse, requirement};
use crate::deps::lockfile::{Reading, Usage};
use crate::deps::version::Ecosystem;

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let Some(document) = parse(text, &mut reading) else { return manifest.finish(reading) };
    let root = Table::root(text, &document);
    let project = root.table("project", &mut reading);
    let tool = root.table("tool", &mut reading);
    let tool = |name: &str, reading: &mut Reading| tool.and_then(|tool| tool.table(name, reading));
    let (poetry, uv, pdm) =
        (tool("poetry", &mut reading), tool("uv", &mut reading), tool("pdm", &mut reading));
    let own = [project, poetry].into_iter().flatten().find_map(|table| table.text("name", &mut reading));
    manifest.own = own.map(|name| name.text.to_owned());
    if let Some(project) = project {
        listed(project.texts("dependencies", &mut reading), Usage::Program, &mut manifest, &mut reading);
        lists(project, "optional-dependencies", Usage::Optional, &mut manifest, &mut reading);
    }
    lists(root, "dependency-groups", Usage::Development, &mut manifest, &mut reading);
    if let Some(uv) = uv {
        listed(uv.texts("dev-dependencies", &mut reading), Usage::Development, &mut manifest, &mut reading);
        for set in uv.texts("override-dependencies", &mut reading) {
            manifest.overridden.insert(Ecosystem::PyPi.key(requirement(set.text).0));
        }
        sources(uv, &mut manifest, &mut reading);
    }
    if let Some(pdm) = pdm {
        lists(pdm, "dev-dependencies", Usage::Development, &mut manifest, &mut reading);
    }
    if let Some(poetry) = poetry {
        of_poetry(poetry, &mut manifest, &mut reading);
    }
    manifest.runs = manifest.requirements.iter().any(|one| one.usage == Usage::Program);
    if let Some(build) = root.table("build-system", &mut reading) {
        let before = manifest.requirements.len();
        listed(build.texts("requires", &mut reading), Usage::Development, &mut manifest, &mut reading);
        // What builds the package is in no lockfile.
        manifest.requirements[before..].iter_mut().for_each(|one| one.offered = true);
    }
    manifest.finish(reading)
}

/// The lists of a key's table. What is no text in one is a table that takes over another list.
fn lists(of: Table<'_>, key: &str, usage: Usage, manifest: &mut Manifest, reading: &mut Reading) {
    for (name, list) in of.table(key, reading).into_iter().flat_map(Table::keyed) {
        let Some(values) = list.get_ref().as_array() else {
            reading.partial(list.span().start, format!("{} is no list", name.text));
            continue;
        };
        let texts = values.iter().filter_map(|value| of.as_text(value)).collect();
        listed(texts, usage, manifest, reading);
    }
}

/// Requirements as PEP 508 writes them.
fn listed(texts: Vec<Text<'_>>, usage: Usage, manifest: &mut Manifest, reading: &mut Reading) {
    for text in texts {
        match written(&text, usage) {
            Some(one) => manifest.requirements.push(one),
            None => reading.partial(text.at.start, "this is no requirement as PEP 508 writes it"),
        }
    }
}

/// One requirement as PEP 508 writes it; `None` without a name.
pub(super) fn written(text: &Text<'_>, usage: Usage) -> Option<Requirement> {
    let (name, range, _) = requirement(text.text);
    if name.is_empty() {
        return None;
    }
    let lead = text.text.len() - text.text.trim_start().len();
    let named = text.at.start + lead..text.at.start + lead + name.len();
    // Escapes may hide where it is.
    let at = if text.at.len() == text.text.len() { named } else { text.at.clone() };
    let bare = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')).unwrap_or(range);
    let Some(address) = range.strip_prefix('@').map(str::trim) else {
        return Some(Requirement::new(name, bare, at, usage));
    };
    let from = if address.starts_with("git+") {
        Source::git(address.split_whitespace().next().unwrap_or_default())
    } else if address.starts_with("file:") || !address.contains("://") {
        Source::Path
    } else {
        Source::Address
    };
    Some(Requirement::new(name, "", at, usage).from(from))
}

/// `[tool.uv.sources]` says of a requirement where it is from.
fn sources(uv: Table<'_>, manifest: &mut Manifest, reading: &mut Reading) {
    let mut known: BTreeMap<String, Source> = BTreeMap::new();
    for (name, value) in uv.table("sources", reading).into_iter().flat_map(Table::keyed) {
        // Of a list, one for each platform, the first stands for all.
        let first = value.get_ref().as_array().and_then(|list| list.iter().next()).unwrap_or(value);
        if let Some(table) = uv.as_table(first) {
            known.insert(Ecosystem::PyPi.key(name.text), source(table, reading));
        }
    }
    for one in &mut manifest.requirements {
        if let Some(from) = known.get(&Ecosystem::PyPi.key(&one.name)) {
            one.from = from.clone();
        }
    }
}

/// Where a table says that the code comes from.
pub(super) fn source(table: Table<'_>, reading: &mut Reading) -> Source {
    let mut text = |key: &str| table.text(key, reading).map(|text| text.text);
    if let Some(address) = text("git") {
        let commit = text("rev").or_else(|| text("ref"));
        return Source::repository(address, text("branch"), text("tag"), commit);
    }
    if text("path").is_some() || text("file").is_some() {
        Source::Path
    } else if text("url").is_some() {
        Source::Address
    } else if table.has("workspace") || table.has("index") || table.has("source") {
        Source::Workspace
    } else {
        Source::Registry
    }
}

/// The tables of Poetry.
fn of_poetry(poetry: Table<'_>, manifest: &mut Manifest, reading: &mut Reading) {
    let mut tables = vec![
        (poetry.table("dependencies", reading), Usage::Program),
        (poetry.table("dev-dependencies", reading), Usage::Development),
    ];
    for (_, group) in poetry.table("group", reading).into_iter().flat_map(Table::keyed) {
        let group = poetry.as_table(group).and_then(|group| group.table("dependencies", reading));
        tables.push((group, Usage::Development));
    }
    for (table, usage) in tables {
        for (key, value) in table.into_iter().flat_map(Table::keyed) {
            if key.text != "python" {
                manifest.requirements.extend(keyed(poetry, &key, value, usage, reading));
            }
        }
    }
}

/// `name = "^1.0"`, a table, or a list of tables, one for each platform. Pipfile has the first two, too.
pub(super) fn keyed(
    of: Table<'_>,
    key: &Text<'_>,
    value: &Spanned<DeValue<'_>>,
    usage: Usage,
    reading: &mut Reading,
) -> Option<Requirement> {
    let one = |range: &str| Requirement::new(key.text, range, key.at.clone(), usage);
    if let Some(range) = value.get_ref().as_str() {
        return Some(one(range));
    }
    if value.get_ref().as_array().is_some() {
        // Which of them holds is not known here.
        return Some(one(""));
    }
    let Some(table) = of.as_table(value) else {
        reading.partial(value.span().start, format!("{} is neither a range nor a table", key.text));
        return None;
    };
    let range = table.text("version", reading).map_or("", |range| range.text);
    let optional = table.truth("optional", reading) && usage == Usage::Program;
    let usage = if optional { Usage::Optional } else { usage };
    let from = source(table, reading);
    Some(Requirement { usage, ..one(range) }.from(from))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = include_str!("../../../fixtures/deps/pyproject.toml");
    const POETRY: &str = include_str!("../../../fixtures/deps/poetry.toml");

    #[test]
    fn requirements_of_all_lists() {
        let manifest = read(MANIFEST);
        assert_eq!(manifest.problems, []);
        assert_eq!((manifest.own.as_deref(), manifest.runs), (Some("shop"), true));
        let expected = [
            r#"hatchling "" Development offered registry"#,
            r#"Jinja2 "==2.4.1" Program registry"#,
            r#"requests ">=2.8.1,<3" Program registry"#,
            r#"old ">=1" Program registry"#,
            r#"forked "" Program git.example/forked.git, branch main"#,
            r#"archive "" Program address"#,
            r#"ours "" Program workspace"#,
            r#"moved ">=1" Program git.example/moved, default branch"#,
            r#"redis "~=5.0" Optional registry"#,
            r#"pytest ">=8" Development registry"#,
            r#"ruff "" Development registry"#,
            r#"mypy "" Development registry"#,
        ];
        assert_eq!(told(MANIFEST, &manifest), expected);
        assert_eq!(manifest.overridden.into_iter().collect::<Vec<_>>(), ["set-here"]);
    }

    #[test]
    fn requirements_of_poetry() {
        let manifest = read(POETRY);
        assert_eq!(manifest.problems, []);
        let expected = [
            r#"django "^3.2" Program registry"#,
            r#"psycopg2 "~2.9" Optional registry"#,
            r#"several "" Program registry"#,
            r#"forked "" Program git.example/forked.git, branch main"#,
            r#"fixed "" Program git.example/fixed.git, commit 0123456789"#,
            r#"near "" Program path"#,
            r#"inside "1.0" Program workspace"#,
            r#"black "*" Development registry"#,
            r#"pytest "^8" Development registry"#,
        ];
        assert_eq!(told(POETRY, &manifest), expected);
        let windows = POETRY.replace('\n', "\r\n");
        assert_eq!(told(&windows, &read(&windows)), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind, line) in [
            ("[project\n", NotChecked, 1),
            ("[project]\ndependencies = \"a\"\n", Partial, 2),
            ("[project]\ndependencies = [\n\"a\",\n\"==1\"]\n", Partial, 4),
            ("[tool.poetry.dependencies]\na = 1\n", Partial, 2),
            ("[project.optional-dependencies]\na = 1\n", Partial, 2),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| one.0 == kind && one.1 == line), "{text}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[\[\]{}"=,a.@\\é\n]{0,4}"#) {
            for text in [MANIFEST, POETRY] {
                let start = at.min(text.len());
                let end = (start + length).min(text.len());
                let text = format!("{}{put}{}", &text[..start], &text[end..]);
                harmless(&text, &read(&text));
            }
        }
    }
}
