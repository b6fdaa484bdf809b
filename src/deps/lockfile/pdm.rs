//! pdm.lock, versions 3 and 4 of the format. The project itself is not among the packages.
//!
//! Up to version 4.2 `[metadata]` is at the end, so that a file that is cut off shows. Later it is at the start, and of a
//! file that is cut off between two packages only that shows which another package still needs.

use super::toml_packages::{Entry, Origin, Packages, Table, known_version, parse, requirement};
use super::{Reading, Usage};

/// Reads a text; the packages are those of a registry: git, folders and archives are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(document) = parse(text, &mut reading) else { return reading };
    let root = Table::root(text, &document);
    let mut packages = Packages::of(root, "package", &mut reading);
    let version =
        root.table("metadata", &mut reading).and_then(|data| data.text("lock_version", &mut reading));
    match version {
        None if packages.entries.is_empty() => {
            reading.unread(0, "this is no lockfile of PDM: it has neither packages nor a lock_version");
        }
        None => reading.partial(text.len(), "the file has no lock_version: it is cut off"),
        version => known_version(version.as_ref(), &["3", "4"], &mut reading),
    }
    for index in 0..packages.entries.len() {
        let entry = &packages.entries[index];
        let usage = usage(entry, &mut reading);
        let dependencies = entry.table.texts("dependencies", &mut reading);
        packages.register(index, origin(entry), usage, &mut reading);
        for dependency in dependencies {
            let (name, range, condition) = requirement(dependency.text);
            let found = packages.find(name, None, range);
            // One with a condition may be for a Python that the project does not run on.
            if found.is_empty() && !condition && !packages.has(name) {
                let message =
                    format!("the file does not have {name}, which is needed here: it may be cut off");
                reading.partial(dependency.at.start, message);
            }
            for other in found {
                packages.need(index, other, &mut reading);
            }
        }
    }
    packages.unneeded_are_roots(&mut reading);
    reading
}

/// An entry says where its code is only when that is no registry.
fn origin(entry: &Entry<'_>) -> Origin {
    let elsewhere = ["git", "hg", "svn", "bzr", "path", "url"].iter().any(|key| entry.table.has(key));
    if elsewhere { Origin::Elsewhere } else { Origin::Registry }
}

/// The file does not tell groups for development from optional ones, but for the one that PDM itself calls `dev`.
fn usage(entry: &Entry<'_>, reading: &mut Reading) -> Usage {
    let groups = entry.table.texts("groups", reading);
    if groups.is_empty() || groups.iter().any(|group| group.text == "default") {
        Usage::Program
    } else if groups.iter().all(|group| group.text == "dev") {
        Usage::Development
    } else {
        Usage::Optional
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::toml_packages::tests::{changed, harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const LOCK: &str = include_str!("../../../fixtures/deps/pdm.lock");
    const OLD: &str = include_str!("../../../fixtures/deps/pdm-4.0.lock");

    #[test]
    fn registry_packages_with_their_use_and_way() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let expected = [
            "flask 2.0.1 Program: flask",
            "jinja2 2.4.1 Program: flask > jinja2",
            "pysocks 1.7.1 Program: flask > requests > pysocks",
            "redis 5.2.1 Optional: redis",
            "requests 2.19.0 Program: flask > requests",
            "six 1.16.0 Development: forked > six",
        ];
        assert_eq!(told(&reading), expected);
        assert_eq!(
            told(&read(OLD)),
            ["idna 3.3 Program: requests > idna", "requests 2.26.0 Program: requests"]
        );
        assert_eq!(read(OLD).problems, []);
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
        let start = "[metadata]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"a\"\n";
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("[metadata]\n", NotChecked, 1),
            ("<<<<<<< ours\n", NotChecked, 1),
            (&start.replace('4', "5"), Partial, 2),
            (&start.replace("\"4.5.0\"", "4"), Partial, 2),
            (&start.replace("lock_version", "content_hash"), Partial, 5),
            (start, Partial, 4),
            (&start.replace("[[package]]", "[package]"), Partial, 3),
            (&format!("{start}version = 1\n"), Partial, 5),
            (&format!("{start}version = \"1\"\ngroups = \"dev\"\n"), Partial, 6),
            (&format!("{start}version = \"1\"\ndependencies = [1]\n"), Partial, 6),
            (&format!("{start}version = \"1\"\ndependencies = [\n\"b>=1\"]\n"), Partial, 7),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| (one.0, one.1) == (kind, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_cut_file_is_whole_or_a_problem_as_far_as_needs_tell() {
        let whole = told(&read(OLD));
        for at in 0..OLD.len() {
            let reading = read(&OLD[..at]);
            assert!(!reading.problems.is_empty() || told(&reading) == whole, "{at}");
        }
        // The last that another package needs here; behind it nothing can tell.
        let needed = LOCK.find("name = \"six\"").unwrap();
        for at in (0..needed).filter(|at| LOCK[..*at].contains("name = \"flask\"")) {
            let reading = read(&LOCK[..at]);
            let is_at_an_edge =
                LOCK[at..].trim_start().starts_with("[[package]]") || reading.packages.len() == 1;
            assert!(!reading.problems.is_empty() || is_at_an_edge, "{at}: {}", &LOCK[..at]);
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
