//! poetry.lock, versions 1 and 2 of the format. Poetry writes `[metadata]` behind the packages, so that a file that is cut
//! off shows. The project itself is not among the packages.

use toml::Spanned;
use toml::de::DeValue;

use super::toml_packages::{Entry, Origin, Packages, Table, known_version, parse};
use super::{Reading, Usage};

/// Reads a text; the packages are those of a registry: git, folders and archives are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(document) = parse(text, &mut reading) else { return reading };
    let root = Table::root(text, &document);
    let mut packages = Packages::of(root, "package", &mut reading);
    complete(root, text, &mut reading);
    for index in 0..packages.entries.len() {
        let entry = &packages.entries[index];
        let (origin, usage) = (origin(entry, &mut reading), usage(entry, &mut reading));
        let dependencies = entry.table.table("dependencies", &mut reading);
        packages.register(index, origin, usage, &mut reading);
        for (name, value) in dependencies.into_iter().flat_map(Table::entries) {
            for range in ranges(value) {
                for other in packages.find(name, None, range) {
                    packages.need(index, other, &mut reading);
                }
            }
        }
    }
    packages.unneeded_are_roots(&mut reading);
    reading
}

/// Names what a whole file of a known version has and this one has not.
fn complete(root: Table<'_>, text: &str, reading: &mut Reading) {
    let metadata = root.table("metadata", reading);
    if metadata.is_none() && !root.has("package") {
        return reading.unread(0, "this is no lockfile of Poetry: it has neither packages nor metadata");
    }
    // Poetry 1.0 wrote no version.
    let version = metadata.and_then(|metadata| metadata.text("lock-version", reading));
    known_version(version.as_ref(), &["1", "2"], reading);
    if metadata.and_then(|metadata| metadata.text("content-hash", reading)).is_none() {
        reading.partial(text.len(), "the content-hash that ends the file is missing: it is cut off");
    }
}

fn origin(entry: &Entry<'_>, reading: &mut Reading) -> Origin {
    let Some(source) = entry.table.table("source", reading) else {
        reading.origin(entry.name.text, super::DEFAULT_REGISTRY, false, entry.name.at.clone());
        return Origin::Registry;
    };
    let kind = source.text("type", reading);
    if let Some(address) = source.text("url", reading) {
        let registry = kind.as_ref().is_some_and(|kind| matches!(kind.text, "legacy" | "pypi"));
        reading.origin(entry.name.text, address.text, registry, entry.name.at.clone());
    }
    match kind.as_ref().map(|kind| kind.text) {
        // A registry that the project names, the way PyPI is read.
        Some("legacy" | "pypi") => Origin::Registry,
        Some("git" | "hg" | "svn" | "bzr" | "directory" | "file" | "url") => Origin::Elsewhere,
        _ => {
            let name = entry.name.text;
            reading.partial(source.at, format!("this kind of source is not known, so {name} is not checked"));
            Origin::Elsewhere
        }
    }
}

/// Poetry up to 1.4 writes a `category`, from 2.0 on `groups`, in between neither.
fn usage(entry: &Entry<'_>, reading: &mut Reading) -> Usage {
    let category = entry.table.text("category", reading);
    let groups = entry.table.texts("groups", reading);
    let only_others = !groups.is_empty() && groups.iter().all(|group| group.text != "main");
    if only_others || category.is_some_and(|category| category.text != "main") {
        Usage::Development
    } else if entry.table.truth("optional", reading) {
        Usage::Optional
    } else {
        Usage::Program
    }
}

/// The ranges of a dependency: a text, a table with a version, or several of these for several platforms. Those that are
/// something else, as git sources are, take any version.
fn ranges<'d>(value: &'d Spanned<DeValue<'d>>) -> Vec<&'d str> {
    let one = |value: &'d DeValue<'d>| match value {
        DeValue::Table(table) => {
            table.get("version").and_then(|version| version.get_ref().as_str()).unwrap_or("*")
        }
        value => value.as_str().unwrap_or("*"),
    };
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(|value| one(value.get_ref())).collect(),
        value => vec![one(value)],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::toml_packages::tests::{changed, harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const LOCK: &str = include_str!("../../../fixtures/deps/poetry.lock");
    const OLD: &str = include_str!("../../../fixtures/deps/poetry-1.lock");

    #[test]
    fn registry_packages_with_their_use_and_way() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let expected = [
            "Jinja2 2.4.1 Program: flask > Jinja2",
            "flask 2.0.1 Program: flask",
            "markupsafe 1.1.1 Program: flask > Jinja2 > markupsafe",
            "markupsafe 2.0.1 Development: pytest > markupsafe",
            "pytest 7.0.0 Development: pytest",
            "redis 5.2.1 Optional: redis",
            "mirrored 1.0.0 Program: flask > forked > mirrored",
        ];
        assert_eq!(told(&reading), expected);
    }

    #[test]
    fn version_one_has_categories() {
        let reading = read(OLD);
        assert_eq!(reading.problems, []);
        let expected = [
            "atomicwrites 1.4.0 Development: pytest > atomicwrites",
            "pytest 6.2.4 Development: pytest",
            "six 1.16.0 Program: six",
        ];
        assert_eq!(told(&reading), expected);
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
    fn what_poetry_would_not_write_is_named_at_its_line() {
        let end = "\n[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"00\"\n";
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("package = []\n", Partial, 2),
            ("[metadata]\nlock-version = \"3.0\"\ncontent-hash = \"00\"\n", Partial, 2),
            ("[metadata]\nlock-version = 2\ncontent-hash = \"00\"\n", Partial, 2),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata]\nlock-version = \"2.0\"\n", Partial, 6),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\nname = \"b\"\n", NotChecked, 4),
            ("<<<<<<< ours\n", NotChecked, 1),
            (&format!("[package]\nname = \"a\"\n{end}"), Partial, 1),
            (&format!("[[package]]\nversion = \"1\"\n{end}"), Partial, 1),
            (&format!("[[package]]\nname = \"\"\nversion = \"1\"\n{end}"), Partial, 1),
            (&format!("[[package]]\nname = \"a\"\n{end}"), Partial, 2),
            (&format!("[[package]]\nname = \"a\"\nversion = 1\n{end}"), Partial, 3),
            (
                &format!("[[package]]\nname = \"a\"\nversion = \"1\"\n[package.source]\ntype = \"x\"\n{end}"),
                Partial,
                4,
            ),
            (&format!("[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"x\"\n{end}"), Partial, 4),
            (&format!("[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = \"dev\"\n{end}"), Partial, 4),
            (&format!("[[package]]\nname = \"a\"\nversion = \"1\"\noptional = 1\n{end}"), Partial, 4),
            (&format!("[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = []\n{end}"), Partial, 4),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| (one.0, one.1) == (kind, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_cut_file_is_whole_or_a_problem() {
        for lock in [LOCK, OLD] {
            let whole = told(&read(lock));
            for at in (0..lock.len()).step_by(7) {
                let reading = read(&lock[..at]);
                assert!(!reading.problems.is_empty() || told(&reading) == whole, "{at}");
            }
        }
    }

    #[test]
    fn many_of_one_name_take_little_time() {
        let one = "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.dependencies]\na = \"*\"\n";
        assert_eq!(read(&one.repeat(2_000)).packages.len(), 1);
        let many: String =
            (0..2_000).map(|version| one.replace("\"1\"", &format!("\"{version}\""))).collect();
        let reading = read(&many);
        assert_eq!(reading.packages.len(), 2_000);
        harmless(&many, &reading);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}"=,a\\é\n]{0,4}"#) {
            let text = changed(LOCK, at, length, &put);
            harmless(&text, &read(&text));
        }
    }
}
