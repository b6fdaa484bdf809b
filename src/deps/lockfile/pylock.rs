//! pylock.toml and pylock.NAME.toml, PEP 751, version 1 of the format.
//!
//! The format has no end that could be missed: of a file that is cut off between two packages only that shows which
//! another package still needs, and many tools do not write what needs what.

use super::toml_packages::{Entry, Origin, Packages, Table, known_version, parse};
use super::{Reading, Usage};

/// Reads a text; the packages are those of a registry: git, folders and archives are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(document) = parse(text, &mut reading) else { return reading };
    let root = Table::root(text, &document);
    let mut packages = Packages::of(root, "packages", &mut reading);
    match root.text("lock-version", &mut reading) {
        None if !root.has("packages") => {
            reading.unread(0, "this is no lockfile of PEP 751: it has neither packages nor a lock-version");
        }
        None => reading.partial(0, "the file has no lock-version"),
        version => known_version(version.as_ref(), &["1"], &mut reading),
    }
    if root.has("lock-version") && !root.has("packages") {
        reading.partial(text.len(), "the file has no `packages`: it is cut off");
    }
    let mut linked = false;
    for index in 0..packages.entries.len() {
        let entry = &packages.entries[index];
        let dependencies = entry.table.tables("dependencies", &mut reading);
        let origin = origin(entry);
        packages.register(index, origin, Usage::Program, &mut reading);
        for dependency in dependencies {
            linked = true;
            need(index, dependency, &mut packages, &mut reading);
        }
    }
    // Without any dependency the file does not say what the project asks for.
    if linked {
        packages.unneeded_are_roots(&mut reading);
    }
    reading
}

/// A dependency has as many of its package's keys as tell it from others.
fn need<'d>(of: usize, dependency: Table<'d>, packages: &mut Packages<'d>, reading: &mut Reading) {
    let Some(name) = dependency.text("name", reading) else {
        return reading.partial(dependency.at, "this dependency has no name");
    };
    let version = dependency.text("version", reading).map(|version| version.text);
    let found = packages.find(name.text, version, "");
    if found.is_empty() {
        let message =
            format!("the file does not have {}, which is needed here: it may be cut off", name.text);
        reading.partial(name.at.start, message);
    }
    for other in found {
        packages.need(of, other, reading);
    }
}

/// `archive` is a file at an address or path of its own; what an index gives is in `wheels` and `sdist`.
fn origin(entry: &Entry<'_>) -> Origin {
    let elsewhere = ["vcs", "directory", "archive"].iter().any(|key| entry.table.has(key));
    if elsewhere { Origin::Elsewhere } else { Origin::Registry }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::toml_packages::tests::{changed, harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const LOCK: &str = include_str!("../../../fixtures/deps/pylock.toml");

    #[test]
    fn registry_packages_with_their_way() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let expected = [
            "flask 2.0.1 Program: flask",
            "jinja2 2.4.1 Program: flask > jinja2",
            "numpy 1.26.4 Program: numpy",
            "numpy 2.2.0 Program: flask > numpy",
            "redis 5.2.1 Program: flask > forked > redis",
        ];
        assert_eq!(told(&reading), expected);
    }

    #[test]
    fn without_needs_there_are_no_ways() {
        let text = "lock-version = \"1.0\"\npackages = [{ name = \"a\", version = \"1\" }]\n";
        let reading = read(text);
        assert_eq!((told(&reading), reading.problems), (vec!["a 1 Program: ".to_owned()], vec![]));
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
        let start = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n";
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("created-by = \"x\"\n", NotChecked, 1),
            ("lock-version = \"1.0\"\n", Partial, 2),
            ("<<<<<<< ours\n", NotChecked, 1),
            (&start.replace('1', "2"), Partial, 1),
            (&start.replace("\"1.0\"", "1.0"), Partial, 1),
            (&start.replace("lock-version", "version"), Partial, 1),
            (start, Partial, 3),
            (&start.replace("[[packages]]", "[packages]"), Partial, 2),
            (&start.replace("name", "names"), Partial, 2),
            (&format!("{start}version = 1\n"), Partial, 4),
            (&format!("{start}version = \"1\"\ndependencies = [\"b\"]\n"), Partial, 5),
            (&format!("{start}version = \"1\"\ndependencies = [{{}}]\n"), Partial, 5),
            (&format!("{start}version = \"1\"\ndependencies = [{{ name = \"b\" }}]\n"), Partial, 5),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| (one.0, one.1) == (kind, line)), "{text}: {found:?}");
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
