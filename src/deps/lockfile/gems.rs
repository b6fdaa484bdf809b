//! Gemfile.lock, which Bundler writes line by line, indented by what a line belongs to.

use std::collections::HashMap;
use std::ops::Range;

use super::{Node, Reading, Usage, conflict, lines};

/// Where the gems of a section come from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Section {
    /// `GEM`: a registry.
    Registry,
    /// `GIT`, `PATH`, `PLUGIN SOURCE`: other code.
    Elsewhere,
    /// `DEPENDENCIES`: what the project asks for.
    Asked,
    /// Nothing about gems.
    Other,
}

/// A gem that a section lists.
struct Listed<'a> {
    name: &'a str,
    node: Node,
}

/// Reads a text; the packages are those of a registry.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut section = None;
    let mut listed: Vec<Listed<'_>> = Vec::new();
    let (mut needs, mut asked): (Vec<(Node, &str)>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut seen = false;
    for (start, line) in lines(text) {
        let bare = line.trim();
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            continue;
        }
        if bare.is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let at = start + indent;
        match (indent, section) {
            (0, _) => {
                section = header(bare);
                seen |= section.is_some_and(|section| section != Section::Other);
                if section.is_none() {
                    reading.partial(start, "Bundler writes no such section");
                }
            }
            (4, Some(section @ (Section::Registry | Section::Elsewhere))) => match gem(bare) {
                Some((name, Some(version))) => {
                    let node = reading.graph.add(name);
                    listed.push(Listed { name, node });
                    if section == Section::Registry {
                        registered(name, version, at..at + name.len(), node, &mut reading);
                    }
                }
                Some((name, None)) => reading.partial(at, format!("{name} has no version")),
                None => reading.partial(at, "this line names no gem"),
            },
            (6, Some(Section::Registry | Section::Elsewhere)) => match (gem(bare), listed.last()) {
                (Some((name, _)), Some(of)) => needs.push((of.node, name)),
                _ => reading.partial(at, "this line names no gem"),
            },
            (2, Some(Section::Asked)) => match gem(bare.trim_end_matches('!')) {
                Some((name, range)) => {
                    asked.push(name);
                    reading.ask("", name, range.unwrap_or_default());
                }
                None => reading.partial(at, "this line names no gem"),
            },
            (2, Some(Section::Registry | Section::Elsewhere)) if bare.contains(':') => {}
            (_, Some(Section::Other)) => {}
            _ => reading.partial(at, "Bundler writes no such line"),
        }
    }
    if !seen {
        reading.unread(0, "this is no lockfile of Bundler: it has no section of gems");
    }
    // A gem may be listed for each platform.
    let by_name: HashMap<&str, Node> = listed.iter().rev().map(|gem| (gem.name, gem.node)).collect();
    for (of, name) in needs {
        if let Some(other) = by_name.get(name) {
            reading.graph.need(of, *other);
        }
    }
    for name in asked {
        if let Some(node) = by_name.get(name) {
            reading.graph.root(*node);
        }
    }
    reading
}

fn header(bare: &str) -> Option<Section> {
    Some(match bare {
        "GEM" => Section::Registry,
        "GIT" | "PATH" | "PLUGIN SOURCE" => Section::Elsewhere,
        "DEPENDENCIES" => Section::Asked,
        "PLATFORMS" | "CHECKSUMS" | "RUBY VERSION" | "BUNDLED WITH" => Section::Other,
        _ => return None,
    })
}

/// `name (what stands in parentheses)`.
fn gem(bare: &str) -> Option<(&str, Option<&str>)> {
    let (name, rest) = bare.split_once(' ').map_or((bare, ""), |(name, rest)| (name, rest));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let inner = match rest {
        "" => None,
        rest => Some(rest.strip_prefix('(')?.strip_suffix(')')?),
    };
    (!name.is_empty() && name.chars().all(plain)).then_some((name, inner))
}

/// `1.15.4-x86_64-linux` is version 1.15.4 for that platform: no version has a hyphen there.
fn registered(name: &str, version: &str, at: Range<usize>, node: Node, reading: &mut Reading) {
    let version = version.split('-').next().unwrap_or(version);
    let known = reading.packages.iter().rev().take(16);
    let again = known.into_iter().any(|package| package.name == name && package.version == version);
    if !again {
        reading.add(name, version, at, Usage::Program, Some(node));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/Gemfile.lock");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn gems_of_a_registry_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert_eq!(names(LOCK), ["nokogiri 1.15.4", "racc 1.7.1", "rack 2.2.3", "rack-test 2.1.0.pre"]);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
        let ways = reading.graph.ways();
        let to = |at: usize| ways.to(reading.packages[at].node.unwrap()).join(" ");
        assert_eq!((to(1), to(2)), ("nokogiri racc".to_owned(), "rack-test rack".to_owned()));
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        assert_eq!((names(&windows), read(&windows).problems), (names(LOCK), Vec::new()));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("", NotChecked),
            ("PLATFORMS\n  ruby\n", NotChecked),
            ("GEM\n<<<<<<< ours\n", NotChecked),
            ("GEMS\n  specs:\n    a (1)\n", Partial),
            ("GEM\n  specs:\n    a\n", Partial),
            ("GEM\n  specs:\n    a (1\n", Partial),
            ("GEM\n  specs:\n      b\n", Partial),
            ("GEM\n  specs:\n   a (1)\n", Partial),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in "[() \na!:é-]{0,4}") {
            let end = (at + length).min(LOCK.len());
            let text = format!("{}{put}{}", &LOCK[..at], &LOCK[end..]);
            for package in read(&text).packages {
                prop_assert!(text.get(package.at).is_some());
            }
        }
    }
}
