//! yarn.lock. That of Yarn 1 has lines of its own kind and is read here; later ones write YAML and have a reader of their
//! own. The file of Yarn 1 does not say what the project asks for: what no entry asks for must be that. Nothing ends the
//! file or an entry of it, so a cut between two lines is only noticed when an entry before it needs one behind it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::indented::{Document, Entry, Style, plain, quoted};
use super::npm::of_registry;
use super::purpose::Missing;
use super::{Node, Reading, Usage, lines, yarn_berry};

/// Reads a text; the packages are those of a registry.
pub(super) fn read(text: &str) -> Reading {
    if lines(text).any(|(_, line)| line.starts_with("__metadata:") || line.starts_with("\"__metadata\":")) {
        return yarn_berry::read(text);
    }
    let mut reading = Reading::default();
    let document = Document::parse(text, Style::Yarn);
    document.report(&mut reading);
    let header = lines(text).find_map(|(start, line)| Some((start, line.strip_prefix("# yarn lockfile v")?)));
    if let Some((start, version)) = header.filter(|(_, version)| *version != "1") {
        reading.partial(start, format!("version \"{version}\" of the format is not known"));
    }
    let entries = document.roots().flat_map(Entry::children);
    let locked: Vec<Locked<'_, '_>> = entries.filter_map(|entry| locked(entry, &mut reading)).collect();
    if locked.is_empty() && header.is_none() && reading.problems.is_empty() {
        reading.unread(0, "this is no lockfile of Yarn: it has no entry");
    }
    connect(&locked, &mut reading);
    reading
}

/// One entry.
struct Locked<'d, 'a> {
    /// What it is locked for, as `name@range`.
    patterns: Vec<Cow<'a, str>>,
    node: Node,
    entry: Entry<'d, 'a>,
}

/// Reads an entry, and adds its package when it is one of a registry.
fn locked<'d, 'a>(entry: Entry<'d, 'a>, reading: &mut Reading) -> Option<Locked<'d, 'a>> {
    let (raw, start) = entry.raw_key();
    let Some(places) = patterns(raw, start) else {
        reading.partial(start, "this is no list of packages");
        return None;
    };
    let text = |key: &str| entry.get(key).and_then(Entry::text);
    for field in entry.children() {
        let known = match &*field.key() {
            "version" | "resolved" | "integrity" | "name" | "uid" | "registry" => field.text().is_some(),
            "dependencies" | "optionalDependencies" | "permissions" | "prebuiltVariants" => field.is_map(),
            _ => false,
        };
        if !known {
            reading.partial(field.key_at().start, "Yarn writes no such field");
        }
    }
    let patterns: Vec<Cow<'a, str>> =
        places.iter().map(|at| plain(&raw[at.start - start..at.end - start])).collect();
    let first = patterns.first()?;
    let (alias, range) = split(first);
    // `name` is there when the pattern is only an address.
    let named = text("name");
    let name = match (&named, real(range)) {
        (Some(name), _) => name,
        (None, Some((real, _))) => real,
        (None, None) => alias,
    };
    let node = reading.graph.add(name);
    let Some(version) = text("version") else {
        reading.partial(start, format!("{name} has no version: the file is cut off, or was changed by hand"));
        return None;
    };
    if let Some(url) = text("resolved") {
        let at = places.first().map(|at| name_in(raw, start, at, name)).unwrap_or_default();
        reading.origin(name, &url, of_registry(&url, name), at);
    }
    let asked = patterns.iter().map(|pattern| split(pattern).1);
    if asked.clone().any(|range| from_registry(range, name))
        && resolved_there(text("resolved").as_deref(), asked, name)
    {
        let at = places.first().map(|at| name_in(raw, start, at, name)).unwrap_or_default();
        if let Some(package) = reading.add(name, &version, at, Usage::Program, Some(node)) {
            // Before Yarn 1.10 the hash is behind the address.
            let by_address = text("resolved").is_some_and(|url| url.contains('#'));
            package.hashed = Some(text("integrity").is_some() || by_address);
            let keys = ["name", "version", "resolved"];
            package.says(keys.iter().filter_map(|key| Some(entry.get(key)?.value_at().start)));
        }
    }
    Some(Locked { patterns, node, entry })
}

/// Where the patterns of a key are, quotes included.
fn patterns(raw: &str, start: usize) -> Option<Vec<Range<usize>>> {
    let (mut found, mut at) = (Vec::new(), 0);
    loop {
        let rest = &raw[at..];
        let length = if rest.starts_with('"') { quoted(rest)? } else { rest.find(',').unwrap_or(rest.len()) };
        if length == 0 || (!rest.starts_with('"') && rest[..length].contains([' ', '"'])) {
            return None;
        }
        found.push(start + at..start + at + length);
        match rest[length..].strip_prefix(", ") {
            Some(_) => at += length + 2,
            None => return (rest.len() == length).then_some(found),
        }
    }
}

/// `name@range` taken apart; a name may start with `@`.
pub(super) fn split(pattern: &str) -> (&str, &str) {
    let skip = usize::from(pattern.starts_with('@'));
    match pattern[skip..].find('@') {
        Some(at) => (&pattern[..skip + at], &pattern[skip + at + 1..]),
        None => (pattern, ""),
    }
}

/// The package and range behind an alias, `npm:real@range`.
fn real(range: &str) -> Option<(&str, &str)> {
    let (name, range) = split(range.strip_prefix("npm:")?);
    let named = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit() || "^~<>=*".contains(c));
    (named && !range.is_empty()).then_some((name, range))
}

/// Whether a range asks a registry: it is no address, path or repository.
fn from_registry(range: &str, name: &str) -> bool {
    let range = real(range).map_or(range, |(_, range)| range);
    !range.strip_prefix("npm:").unwrap_or(range).contains([':', '/']) || archive(range, name)
}

/// Whether an address is that of a package's archive at a registry.
pub(super) fn archive(url: &str, name: &str) -> bool {
    of_registry(url, name) && url.contains(&format!("/{name}/-/"))
}

/// Whether what was installed came from a registry. A folder has no address, nor has what an old Yarn wrote; an offline
/// mirror has only the name of a file.
fn resolved_there<'p>(resolved: Option<&str>, mut asked: impl Iterator<Item = &'p str>, name: &str) -> bool {
    match resolved {
        Some(url) if !url.contains(['/', ':']) => true,
        Some(url) => of_registry(url, name),
        None => asked.all(|range| from_registry(range, name)),
    }
}

/// The name within a pattern; the whole pattern when escapes hide it.
fn name_in(raw: &str, start: usize, at: &Range<usize>, name: &str) -> Range<usize> {
    let pattern = &raw[at.start - start..at.end - start];
    // An alias may begin as what it stands for does.
    let from = pattern.find("@npm:").map_or(0, |found| found + "@npm:".len());
    match pattern[from..].find(name).map(|found| from + found).or_else(|| pattern.find(name)) {
        Some(found) => at.start + found..at.start + found + name.len(),
        None => at.clone(),
    }
}

/// Says which package needs which, and where ways begin.
fn connect(locked: &[Locked<'_, '_>], reading: &mut Reading) {
    let (mut patterns, mut names) = (HashMap::new(), HashMap::new());
    for (index, one) in locked.iter().enumerate() {
        for pattern in &one.patterns {
            if patterns.insert(&**pattern, index).is_some() {
                reading.partial(one.entry.key_at().start, format!("{pattern} is there a second time"));
            }
            // A package.json may set other ranges than its packages ask for. Then only the name leads there.
            let known = names.entry(split(pattern).0).or_insert(Some(index));
            *known = known.filter(|known| *known == index);
        }
    }
    let (mut missing, mut asked, mut led) = (Missing::default(), HashSet::new(), vec![false; locked.len()]);
    for one in locked {
        let tables =
            ["dependencies", "optionalDependencies"].into_iter().filter_map(|key| one.entry.get(key));
        for need in tables.flat_map(Entry::children) {
            let (name, range) = (need.key(), need.text().unwrap_or_default());
            let pattern = format!("{name}@{range}");
            match (patterns.get_key_value(&*pattern), names.get(&*name)) {
                (Some((pattern, index)), _) => {
                    asked.insert(*pattern);
                    reading.graph.need(one.node, locked[*index].node);
                }
                (None, Some(Some(index))) => {
                    led[*index] = true;
                    reading.graph.need(one.node, locked[*index].node);
                }
                (None, Some(None)) => {}
                (None, None) => missing.note(need.key_at().start, &pattern),
            }
        }
    }
    for (one, led) in locked.iter().zip(led) {
        if !led && one.patterns.iter().any(|pattern| !asked.contains(&**pattern)) {
            reading.graph.root(one.node);
        }
    }
    missing.report(reading);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/yarn-1.lock");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn registry_packages_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        let expected = [
            "@scope/tool 2.0.0",
            "jquery 1.12.0",
            "lodash 3.10.1",
            "lodash 4.17.4",
            "mirrored 1.0.0",
            "readable 1.4.2+build",
            "strange 0.1.0-rc.1",
            "taken 1.0.1",
        ];
        assert_eq!(names(LOCK), expected);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        assert_eq!((names(&windows), read(&windows).problems), (names(LOCK), vec![]));
    }

    #[test]
    fn what_nothing_asks_for_the_project_does() {
        let reading = read(LOCK);
        let ways = reading.graph.ways();
        let way = |index: usize| ways.to(reading.packages[index].node.unwrap()).join(" > ");
        assert_eq!(way(2), "@scope/tool > lodash");
        assert_eq!(way(3), "lodash", "asked for by the project and by another");
        assert_eq!(way(5), "forked > readable");
        assert_eq!(way(6), "forked > strange", "its range is set elsewhere");
    }

    #[test]
    fn what_is_no_lockfile_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("", NotChecked),
            ("# nothing\n", NotChecked),
            ("# yarn lockfile v2\n", Partial),
            ("what\n", Partial),
            ("a@1:\n", Partial),
            ("a@1:\n  resolved \"x\"\n", Partial),
            ("a@1:\n  version \"1.0\n", Partial),
            ("a@1:\n  version \"1\"\n  version \"2\"\n", Partial),
            ("a@1:\n  version \"1\"\n  other \"2\"\n", Partial),
            ("a@1:\n  version:\n    b \"2\"\n", Partial),
            ("a@1:\n  version \"1\"\n  dependencies \"2\"\n", Partial),
            ("a@1:\n  version \"1\"\n\na@1:\n  version \"2\"\n", Partial),
            ("a@1, a@2:\n  version \"1\"\n\na@2:\n  version \"2\"\n", Partial),
            ("a@1 b@2:\n  version \"1\"\n", Partial),
            ("a@1:\n  version \"1\"\n  dependencies:\n    b \"^1\"\n", Partial),
            ("# yarn lockfile v1\n\n<<<<<<< ours\na@1:\n  version \"1\"\n", NotChecked),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read("# yarn lockfile v1\n\n\n").problems, []);
    }

    #[test]
    fn a_cut_is_noticed_where_the_format_shows_it() {
        // Between two lines the file may just as well end: then all before the cut is read.
        for cut in (0..LOCK.len()).filter(|cut| !LOCK[..*cut].ends_with('\n')).step_by(7) {
            let reading = read(&LOCK[..cut]);
            let whole = reading.packages.len() == LOCK[..cut].matches("version").count();
            assert!(!reading.problems.is_empty() || whole || cut > LOCK.rfind("version").unwrap(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in r#"[:",@ \na\\é]{0,4}"#) {
            let end = (at + length).min(LOCK.len());
            let text = format!("{}{put}{}", &LOCK[..at], &LOCK[end..]);
            for package in read(&text).packages {
                prop_assert!(text.get(package.at).is_some());
            }
        }
    }
}
