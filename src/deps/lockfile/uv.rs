//! uv.lock, version 1 of the format. Its packages are the project's own parts, too, and each says what it needs down to the
//! version, so that what a package is there for follows from who needs it.
//!
//! The format has no end that could be missed: of a file that is cut off between two packages, or behind the `source` of
//! one, only that shows which another package still needs, the parts that `[manifest]` lists, and the project itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::toml_packages::{Origin, Packages, Table, parse};
use super::{Reading, Usage};

/// Reads a text; the packages are those of a registry: the project's own, git, folders and archives are left out.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(document) = parse(text, &mut reading) else { return reading };
    let root = Table::root(text, &document);
    let mut packages = Packages::of(root, "package", &mut reading);
    version(root, &mut reading);
    let manifest = root.table("manifest", &mut reading);
    let sources: Vec<Source<'_>> =
        packages.entries.iter().map(|entry| Source::of(entry.table, entry.name.text, &mut reading)).collect();
    for (entry, source) in packages.entries.iter().zip(&sources) {
        // An archive for each platform is what a project chose.
        if let Some((kind @ ("registry" | "git"), address)) = source.kind {
            reading.origin(entry.name.text, address, kind == "registry", entry.name.at.clone());
        }
        asked(entry.table, source, &mut reading);
    }
    let needs = Needs::of(&mut packages, &sources, &mut reading);
    let wanted = needs.wanted(manifest, &packages, &sources, text, &mut reading);
    for (index, usage) in needs.usages(&wanted).into_iter().enumerate() {
        packages.register(index, sources[index].origin, usage, &mut reading);
    }
    reading
}

/// `version = 1` says the format; `revision` only adds what older readers may leave out.
fn version(root: Table<'_>, reading: &mut Reading) {
    let known = root.entries().find(|(key, _)| *key == "version").map(|(_, value)| {
        let is_one = value.get_ref().as_integer().is_some_and(|version| version.as_str() == "1");
        (is_one, value.span().start)
    });
    match known {
        Some((true, _)) => {}
        Some((false, at)) => reading.partial(at, "this version of the format is not known"),
        None if root.has("package") => reading.partial(0, "uv writes a version of the format"),
        None => reading.unread(0, "this is no lockfile of uv: it has no version"),
    }
}

/// Where a package comes from, as uv writes it.
struct Source<'d> {
    origin: Origin,
    /// The kind and what it says: `registry`, and its address.
    kind: Option<(&'d str, &'d str)>,
}

impl<'d> Source<'d> {
    fn of(table: Table<'d>, name: &str, reading: &mut Reading) -> Self {
        let nameless = Source { origin: Origin::Registry, kind: None };
        if !table.has("source") {
            reading.partial(table.at, format!("{name} has no source"));
            return nameless;
        }
        let Some(source) = table.table("source", reading) else { return nameless };
        let kind = kind(source, reading);
        match kind {
            Some(("registry", _)) => {
                // uv writes the files of each such package behind what it needs.
                if !table.has("sdist") && !table.has("wheels") {
                    reading.partial(
                        table.at,
                        format!("{name} has neither sdist nor wheels: the file is cut off"),
                    );
                }
                Source { origin: Origin::Registry, kind }
            }
            Some(_) => Source { origin: Origin::Elsewhere, kind },
            None => {
                let message = format!("this kind of source is not known, so {name} is not checked");
                reading.partial(source.at, message);
                Source { origin: Origin::Elsewhere, kind: None }
            }
        }
    }

    /// Whether it is the folder of the lockfile.
    fn is_here(&self) -> bool {
        matches!(self.kind, Some(("virtual" | "editable" | "directory", ".")))
    }
}

/// The kind of a source and what it says.
fn kind<'d>(source: Table<'d>, reading: &mut Reading) -> Option<(&'d str, &'d str)> {
    let kinds = ["registry", "git", "path", "editable", "virtual", "url", "directory"];
    let kind = kinds.into_iter().find(|kind| source.has(kind))?;
    Some((kind, source.text(kind, reading)?.text))
}

/// What a part of the project asks for, as its `metadata` has it.
fn asked(table: Table<'_>, source: &Source<'_>, reading: &mut Reading) {
    let Some(("virtual" | "editable" | "directory", folder)) = source.kind else { return };
    let Some(metadata) = table.table("metadata", reading) else { return };
    let groups = metadata.lists("requires-dev", reading).into_iter().flat_map(|(_, list)| list);
    let all: Vec<Table<'_>> =
        groups.collect::<Vec<_>>().into_iter().chain(metadata.tables("requires-dist", reading)).collect();
    for one in all {
        let Some(name) = one.text("name", reading) else { continue };
        let range = one.text("specifier", reading).map_or("", |range| range.text);
        reading.ask(folder, name.text, range);
    }
}

/// What one list of a package leads to: each entry, and the extras that are asked of it.
type Links<'d> = Vec<(usize, Vec<&'d str>)>;

/// What the packages need, by index of the entry.
struct Needs<'d> {
    always: Vec<Links<'d>>,
    extras: Vec<BTreeMap<&'d str, Links<'d>>>,
    development: Vec<Links<'d>>,
}

impl<'d> Needs<'d> {
    /// Reads the needs of all packages, and tells the graph.
    fn of(packages: &mut Packages<'d>, sources: &[Source<'d>], reading: &mut Reading) -> Self {
        let count = packages.entries.len();
        let mut needs = Needs { always: Vec::new(), extras: Vec::new(), development: Vec::new() };
        for index in 0..count {
            let table = packages.entries[index].table;
            let always = table.tables("dependencies", reading);
            needs.always.push(links(always, packages, sources, reading));
            let extras = table.lists("optional-dependencies", reading).into_iter();
            needs
                .extras
                .push(extras.map(|(extra, list)| (extra, links(list, packages, sources, reading))).collect());
            let groups =
                table.lists("dev-dependencies", reading).into_iter().flat_map(|(_, list)| list).collect();
            needs.development.push(links(groups, packages, sources, reading));
            let all = needs.always[index].iter().chain(needs.extras[index].values().flatten());
            let all: Vec<usize> = all.chain(&needs.development[index]).map(|(other, _)| *other).collect();
            for other in all {
                packages.need(index, other, reading);
            }
        }
        needs
    }

    /// The entries that the project itself consists of or asks for, each with what it is there for; ways begin at them.
    fn wanted(
        &self,
        manifest: Option<Table<'d>>,
        packages: &Packages<'d>,
        sources: &[Source<'d>],
        text: &str,
        reading: &mut Reading,
    ) -> Wanted<'d> {
        let mut wanted = Wanted::default();
        let here = (0..sources.len()).filter(|index| sources[*index].is_here());
        wanted.members.extend(here);
        for member in manifest.map(|manifest| manifest.texts("members", reading)).into_iter().flatten() {
            let found = packages.find(member.text, None, "");
            if found.is_empty() {
                reading.partial(
                    member.at.start,
                    format!("the file does not have {}: it is cut off", member.text),
                );
            }
            wanted
                .members
                .extend(found.into_iter().filter(|index| sources[*index].origin == Origin::Elsewhere));
        }
        // Scripts, and workspaces without a package of their own.
        if let Some(manifest) = manifest {
            wanted.program = links(manifest.tables("requirements", reading), packages, &[], reading);
            let groups = manifest.lists("dependency-groups", reading).into_iter().flat_map(|(_, list)| list);
            wanted.development = links(groups.collect(), packages, &[], reading);
        }
        let direct = wanted.program.iter().chain(&wanted.development).map(|(index, _)| index);
        let roots: Vec<usize> = wanted.members.iter().chain(direct).copied().collect();
        if roots.is_empty() {
            reading.partial(text.len(), "no package is the project itself: the file may be cut off");
        }
        for index in roots {
            reading.graph.root(packages.node(index));
        }
        wanted
    }

    /// What each entry is there for: the program, else an extra of the project, else only development.
    fn usages(&self, wanted: &Wanted<'d>) -> Vec<Usage> {
        let own = &wanted.members;
        let members = || wanted.members.iter();
        let mut usages = vec![None; self.always.len()];
        let mut seen = HashSet::new();
        let starts: [(Usage, Links<'d>); 3] = [
            (
                Usage::Program,
                members().map(|index| (*index, Vec::new())).chain(wanted.program.clone()).collect(),
            ),
            (
                Usage::Optional,
                members().flat_map(|index| self.extras[*index].values().flatten().cloned()).collect(),
            ),
            (
                Usage::Development,
                members()
                    .flat_map(|index| self.development[*index].clone())
                    .chain(wanted.development.clone())
                    .collect(),
            ),
        ];
        for (usage, mut open) in starts {
            while let Some((index, asked)) = open.pop() {
                for extra in asked.into_iter().filter(|_| own.contains(&index)) {
                    if let Some(links) = self.extras[index].get(extra).filter(|_| seen.insert((index, extra)))
                    {
                        open.extend(links.iter().cloned());
                    }
                }
                if usages[index].is_none() {
                    usages[index] = Some(usage);
                    open.extend(self.always[index].iter().cloned());
                    // The extras of other packages are in the file only where something asks for them.
                    if !own.contains(&index) {
                        open.extend(self.extras[index].values().flatten().cloned());
                    }
                }
            }
        }
        usages.into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// What ways begin at.
#[derive(Default)]
struct Wanted<'d> {
    /// The project's own packages.
    members: BTreeSet<usize>,
    program: Links<'d>,
    development: Links<'d>,
}

/// The entries that a list of dependencies means; one that the file does not have is named.
fn links<'d>(
    list: Vec<Table<'d>>,
    packages: &Packages<'d>,
    sources: &[Source<'d>],
    reading: &mut Reading,
) -> Links<'d> {
    let mut links = Vec::new();
    for dependency in list {
        let Some(name) = dependency.text("name", reading) else {
            reading.partial(dependency.at, "this dependency has no name");
            continue;
        };
        let version = dependency.text("version", reading).map(|version| version.text);
        let mut found = packages.find(name.text, version, "");
        // Forks of one version differ in where they come from.
        if found.len() > 1 && !sources.is_empty() && dependency.has("source") {
            let kind = dependency.table("source", reading).and_then(|source| kind(source, reading));
            let same: Vec<usize> =
                found.iter().copied().filter(|index| sources[*index].kind == kind).collect();
            found = if same.is_empty() { found } else { same };
        }
        if found.is_empty() {
            let message =
                format!("the file does not have {}, which is needed here: it is cut off", name.text);
            reading.partial(name.at.start, message);
        }
        let extras: Vec<&str> =
            dependency.texts("extra", reading).into_iter().map(|extra| extra.text).collect();
        links.extend(found.into_iter().map(|index| (index, extras.clone())));
    }
    links
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::toml_packages::tests::{changed, harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const LOCK: &str = include_str!("../../../fixtures/deps/uv.lock");
    const WORKSPACE: &str = include_str!("../../../fixtures/deps/uv-workspace.lock");

    #[test]
    fn registry_packages_with_their_use_and_way() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let expected = [
            "flask 2.0.1 Program: shop > flask",
            "jinja2 2.4.1 Program: shop > flask > jinja2",
            "numpy 1.26.4 Program: shop > numpy",
            "numpy 2.2.0 Program: shop > numpy",
            "pluggy 1.5.0 Optional: shop > pytest > pluggy",
            "pytest 7.0.0 Optional: shop > pytest",
            "redis 5.2.1 Program: shop > forked > redis",
            "ruff 0.8.1 Development: shop > ruff",
            "socks 1.0.0 Program: shop > flask > socks",
        ];
        assert_eq!(told(&reading), expected);
    }

    #[test]
    fn members_of_a_workspace_and_groups_without_a_package() {
        let reading = read(WORKSPACE);
        assert_eq!(reading.problems, []);
        let expected = [
            "alone 1.0.0 Optional: one > alone",
            "asked 1.0.0 Program: two > asked",
            "mypy 1.0.0 Development: mypy",
            "torch 2.5.1 Program: one > torch",
        ];
        assert_eq!(told(&reading), expected);
    }

    #[test]
    fn a_script_asks_by_its_manifest() {
        let text = "version = 1\n[manifest]\nrequirements = [{ name = \"a\" }]\n[[package]]\nname = \"a\"\n\
                    version = \"1\"\nsource = { registry = \"https://registry.example/simple\" }\nwheels = []\n";
        let reading = read(text);
        assert_eq!((told(&reading), reading.problems), (vec!["a 1 Program: a".to_owned()], vec![]));
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
    fn what_uv_would_not_write_is_named_at_its_line() {
        let start = "version = 1\n[[package]]\nname = \"p\"\nsource = { virtual = \".\" }\n";
        let package = "[[package]]\nname = \"a\"\nversion = \"1\"\n";
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("requires-python = \"3\"\n", NotChecked, 1),
            ("version = 1\n", Partial, 2),
            (&start.replace('1', "2"), Partial, 1),
            (&start.replace('1', "\"1\""), Partial, 1),
            (&start.replace("version = 1\n", ""), Partial, 1),
            (&start.replace("\".\"", "\"../p\""), Partial, 5),
            (&start.replace("\".\"", "1"), Partial, 4),
            ("version = 1\n<<<<<<< ours\n=======\n>>>>>>> theirs\n", NotChecked, 2),
            (&format!("{start}{package}"), Partial, 5),
            (&format!("{start}{package}source = {{ moon = \"x\" }}\n"), Partial, 8),
            (&format!("{start}{package}source = {{ registry = \"x\" }}\n"), Partial, 5),
            (&format!("{start}[[package]]\nversion = \"1\"\n"), Partial, 5),
            (&format!("{start}dependencies = [{{ name = \"b\" }}]\n"), Partial, 5),
            (&format!("{start}dependencies = [{{ version = \"1\" }}]\n"), Partial, 5),
            (&format!("{start}dependencies = [\"b\"]\n"), Partial, 5),
            (&format!("{start}dependencies = {{}}\n"), Partial, 5),
            (&format!("{start}[manifest]\nmembers = [\"p\", \"q\"]\n"), Partial, 6),
        ] {
            let found = problems(text, &read(text));
            assert!(found.iter().any(|one| (one.0, one.1) == (kind, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_cut_file_is_whole_or_a_problem() {
        for lock in [LOCK, WORKSPACE] {
            let packages = |text: &str| read(text).packages.into_iter().map(|one| (one.name, one.version));
            for at in 0..lock.len() {
                let is_whole = packages(&lock[..at]).eq(packages(lock));
                assert!(is_whole || !read(&lock[..at]).problems.is_empty(), "{at}: {}", &lock[..at]);
            }
        }
    }

    #[test]
    fn circles_and_many_of_one_name_take_little_time() {
        let mut text = "version = 1\n[manifest]\nmembers = [\"a\", \"a\"]\n".to_owned();
        for version in 0..2_000 {
            text.push_str(&format!(
                "[[package]]\nname = \"a\"\nversion = \"{version}\"\nsource = {{ editable = \".\" }}\n\
                 dependencies = [{{ name = \"a\", extra = [\"x\"] }}]\n\
                 [package.optional-dependencies]\nx = [{{ name = \"a\", extra = [\"x\"] }}]\n"
            ));
        }
        harmless(&text, &read(&text));
        assert_eq!(read(&text).problems, []);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[\[\]{}"=,a\\é\n]{0,4}"#) {
            let text = changed(LOCK, at, length, &put);
            harmless(&text, &read(&text));
        }
    }
}
