//! pylock.toml and pylock.NAME.toml, PEP 751, version 1 of the format.
//!
//! The format has no end that could be missed: of a file that is cut off between two packages only that shows which
//! another package still needs, and many tools do not write what needs what.

use std::collections::HashSet;

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
    let default = root.texts("default-groups", &mut reading);
    let default: HashSet<&str> = default.into_iter().map(|group| group.text).collect();
    let mut linked = false;
    for index in 0..packages.entries.len() {
        let entry = &packages.entries[index];
        let dependencies = entry.table.tables("dependencies", &mut reading);
        let marker = entry.table.text("marker", &mut reading);
        let usage = marker.map_or(Usage::Program, |marker| usage(marker.text, &default));
        packages.register(index, origin(entry), usage, &mut reading);
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

/// What a package is there for whose marker asks for extras or groups: `'tests' in extras and os_name == 'nt'`. Whatever
/// else a marker asks for may hold somewhere.
fn usage(marker: &str, default: &HashSet<&str>) -> Usage {
    let in_default = |list: &str, name: &str| list == "dependency_groups" && default.contains(name);
    if holds(marker, &in_default) {
        Usage::Program
    } else if holds(marker, &|list, name| list == "extras" || in_default(list, name)) {
        Usage::Optional
    } else if holds(marker, &|_, _| true) {
        Usage::Development
    } else {
        Usage::Program
    }
}

/// Whether a marker holds, when `has` says which extras and groups there are. A stack instead of recursion, since
/// brackets nest as deep as they like; one that is no marker holds.
fn holds(marker: &str, has: &dyn Fn(&str, &str) -> bool) -> bool {
    // For each open bracket: whether one side of an `or` holds already, and all so far of an `and`.
    let mut open = vec![(false, true)];
    let mut comparison = Vec::new();
    for word in words(marker).chain(["or"]) {
        let Some((any, all)) = open.last_mut() else { return true };
        match word {
            "(" => open.push((false, true)),
            "and" | "or" | ")" => {
                *all &= compared(&std::mem::take(&mut comparison), has);
                if word != "and" {
                    *any |= std::mem::replace(all, true);
                }
                if word == ")" {
                    let inside = *any;
                    open.pop();
                    open.last_mut().into_iter().for_each(|(_, all)| *all &= inside);
                }
            }
            word => comparison.push(word),
        }
    }
    open.pop().is_none_or(|(any, _)| any)
}

/// Whether one comparison holds; none at all does.
fn compared(comparison: &[&str], has: &dyn Fn(&str, &str) -> bool) -> bool {
    let (name, list, wanted) = match comparison {
        [name, "in", list] => (name, list, true),
        [name, "not", "in", list] => (name, list, false),
        _ => return true,
    };
    !matches!(*list, "extras" | "dependency_groups") || has(list, name.trim_matches(['"', '\''])) == wanted
}

/// The words of a marker; a text keeps its quotes.
fn words(marker: &str) -> impl Iterator<Item = &str> {
    let mut rest = marker;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = match first {
            '(' | ')' => 1,
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ => rest.find(|c: char| c.is_whitespace() || "()\"'".contains(c)).unwrap_or(rest.len()),
        };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        Some(word)
    })
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
            "redis 5.2.1 Optional: flask > forked > redis",
        ];
        assert_eq!(told(&reading), expected);
    }

    #[test]
    fn markers_say_what_a_package_is_there_for() {
        use Usage::{Development, Optional, Program};
        let default = HashSet::from(["default"]);
        for (marker, expected) in [
            ("os_name == 'nt'", Program),
            ("'default' in dependency_groups", Program),
            ("os_name == \"nt\" and \"default\" in dependency_groups", Program),
            ("'default' in dependency_groups or 'tests' in extras", Program),
            ("python_version >= \"3.6\" and \"tests\" in extras", Optional),
            ("('tests' in extras or 'docs' in extras) and os_name == 'nt'", Optional),
            ("'dev' in dependency_groups", Development),
            ("'dev' in dependency_groups or 'tests' in extras", Optional),
            ("('dev'in dependency_groups)and(os_name=='nt')", Development),
            ("'dev' not in dependency_groups", Program),
            ("'a' in extras and 'a' not in extras", Program),
            ("", Program),
            ("'or' in extras", Optional),
            (")", Program),
            ("'a", Program),
        ] {
            assert_eq!(usage(marker, &default), expected, "{marker}");
        }
        assert_eq!(usage(&"(".repeat(200_000), &default), Program);
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
        fn any_marker_is_read(marker in "([()'\"é ]|and|or|not|in|extras|a){0,24}") {
            usage(&marker, &HashSet::new());
        }

        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}"=:,a\\é\n]{0,4}"#) {
            let text = changed(LOCK, at, length, &put);
            harmless(&text, &read(&text));
        }
    }
}
