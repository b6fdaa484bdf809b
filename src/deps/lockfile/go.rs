//! go.mod: the modules that a build takes. Since Go 1.17 all of them are listed, at the versions that are built.

use std::collections::HashMap;
use std::ops::Range;

use super::{Reading, Usage, conflict, lines};

/// The first version of the language whose modules list all that they need.
const LISTS_ALL: (u32, u32) = (1, 17);

/// A word of a line, and where it is.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    at: usize,
}

impl Word<'_> {
    fn range(self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }
}

/// A required module.
struct Required<'a> {
    path: Word<'a>,
    version: &'a str,
    indirect: bool,
}

/// What a module is replaced by; of a folder no version is known.
type Replacement<'a> = (&'a str, Option<&'a str>);

#[derive(Default)]
struct Module<'a> {
    required: Vec<Required<'a>>,
    /// By path, and the version that is replaced when only one is.
    replaced: HashMap<(&'a str, Option<&'a str>), Replacement<'a>>,
    /// The toolchain that builds it, without `go`.
    toolchain: Option<Word<'a>>,
    language: Option<Word<'a>>,
}

/// Reads a text; the packages are the modules that are not replaced by a folder.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut module = Module::default();
    let mut block: Option<Word<'_>> = None;
    for (start, line) in lines(text) {
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            continue;
        }
        let (words, comment) = match words(start, line) {
            Ok(read) => read,
            Err(at) => {
                reading.partial(at, "this text is not closed on its line");
                continue;
            }
        };
        let indirect = comment.trim_start().starts_with("indirect");
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [end]) if end.text == ")" => block = None,
            (None, [verb, open]) if open.text == "(" => block = Some(*verb),
            (Some(verb), words) => statement(verb, words, indirect, &mut module, &mut reading),
            (None, [verb, words @ ..]) => statement(*verb, words, indirect, &mut module, &mut reading),
        }
    }
    if let Some(open) = block {
        reading.unread(open.at, "the file ends inside a block: it is cut off");
    }
    finish(&module, &mut reading);
    reading
}

/// One statement: its verb stands before it or before its block.
fn statement<'a>(
    verb: Word<'a>,
    words: &[Word<'a>],
    indirect: bool,
    module: &mut Module<'a>,
    reading: &mut Reading,
) {
    match (verb.text, words) {
        ("require", [path, version]) => {
            module.required.push(Required { path: *path, version: version.text, indirect });
        }
        ("replace", words) => {
            let arrow = words.iter().position(|word| word.text == "=>");
            let (old, new) = words.split_at(arrow.unwrap_or(words.len()));
            let new = new.get(1..).unwrap_or_default();
            match (old, new) {
                ([path], [to]) => drop(module.replaced.insert((path.text, None), (to.text, None))),
                ([path, version], [to]) => {
                    module.replaced.insert((path.text, Some(version.text)), (to.text, None));
                }
                ([path], [to, new]) => {
                    module.replaced.insert((path.text, None), (to.text, Some(new.text)));
                }
                ([path, version], [to, new]) => {
                    module.replaced.insert((path.text, Some(version.text)), (to.text, Some(new.text)));
                }
                _ => reading.partial(verb.at, "this replacement cannot be understood"),
            }
        }
        ("go", [version]) => module.language = Some(*version),
        ("toolchain", [name]) => module.toolchain = Some(*name),
        ("module" | "exclude" | "retract" | "tool" | "godebug" | "ignore", _) => {}
        _ => {
            let at = words.first().map_or(verb.at, |word| word.at);
            reading.partial(at, "Go writes no such line");
        }
    }
}

fn finish(module: &Module<'_>, reading: &mut Reading) {
    for Required { path, version, indirect } in &module.required {
        let replaced = module.replaced.get(&(path.text, Some(*version)));
        let replaced = replaced.or_else(|| module.replaced.get(&(path.text, None)));
        let node = reading.graph.add(path.text);
        if !indirect {
            reading.graph.root(node);
        }
        let (name, version) = match replaced {
            Some((_, None)) => continue,
            Some((name, Some(version))) => (*name, *version),
            None => (path.text, *version),
        };
        if !version.starts_with('v') {
            reading.partial(path.at, format!("{name} has no version: it names a branch or a commit"));
            continue;
        }
        reading.add(name, version, path.range(), Usage::Program, Some(node));
    }
    if let Some(toolchain) = module.toolchain
        && let Some(version) = toolchain.text.strip_prefix("go")
    {
        let number = version.split('-').next().unwrap_or(version);
        let node = reading.graph.add("stdlib");
        reading.graph.root(node);
        reading.add("stdlib", number, toolchain.range(), Usage::Program, Some(node));
    }
    let old = module.language.filter(|language| {
        let mut numbers = language.text.split('.').map(|part| part.parse::<u32>().ok());
        let language = (numbers.next().flatten(), numbers.next().flatten());
        matches!(language, (Some(major), Some(minor)) if (major, minor) < LISTS_ALL)
    });
    if let Some(language) = old
        && !module.required.is_empty()
    {
        let message = "before Go 1.17 a module lists only what it asks for itself: what that needs is not checked; \
                       `go mod tidy -go=1.17` lists all";
        reading.partial(language.at, message);
    }
}

/// The words of a line and what is in its comment. Errors: where a quote is not closed.
fn words(start: usize, line: &str) -> Result<(Vec<Word<'_>>, &str), usize> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &line[at..];
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((words, comment));
        }
        let Some(first) = rest.chars().next() else { return Ok((words, "")) };
        let (text, length) = match first {
            '"' | '`' => {
                let end = rest[1..].find(first).ok_or(start + at)?;
                (Word { text: &rest[1..=end], at: start + at + 1 }, end + 2)
            }
            '(' | ')' => (Word { text: &rest[..1], at: start + at }, 1),
            _ => {
                let end = rest.find([' ', '\t', '(', ')', '"', '`']).unwrap_or(rest.len());
                let end = rest[..end].find("//").unwrap_or(end).max(1);
                let end = (end..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
                (Word { text: &rest[..end], at: start + at }, end)
            }
        };
        words.push(text);
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const MODULE: &str = include_str!("../../../fixtures/deps/go.mod");

    fn names(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn modules_at_their_paths() {
        let reading = read(MODULE);
        assert_eq!(reading.problems, []);
        let expected = [
            "golang.org/x/text v0.3.6",
            "example.com/quoted v1.0.0",
            "example.com/fork v1.4.1",
            "golang.org/x/net v0.0.0-20210226172049-e18ecbb05110",
            "example.com/incompatible v2.0.0+incompatible",
            "stdlib 1.21.3",
        ];
        assert_eq!(names(MODULE), expected);
        let written: Vec<&str> = reading.packages.iter().map(|package| &MODULE[package.at.clone()]).collect();
        assert_eq!(
            (written[0], written[1], written[2]),
            ("golang.org/x/text", "example.com/quoted", "example.com/old")
        );
        let ways = reading.graph.ways();
        let to = |at: usize| ways.to(reading.packages[at].node.unwrap());
        assert_eq!((to(0), to(3)), (vec!["golang.org/x/text"], Vec::new()));
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        let windows = format!("\u{feff}{}", MODULE.replace('\n', "\r\n"));
        assert_eq!((names(&windows), read(&windows).problems), (names(MODULE), Vec::new()));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        use NoteKind::{NotChecked, Partial};
        for (text, kind) in [
            ("require (\n\ta.example/a v1.0.0\n", NotChecked),
            ("<<<<<<< ours\nrequire a.example/a v1.0.0\n", NotChecked),
            ("require a.example/a\n", Partial),
            ("require a.example/a master\n", Partial),
            ("requires a.example/a v1.0.0\n", Partial),
            ("replace a.example/a v1.0.0\n", Partial),
            ("require \"a.example/a v1.0.0\n", Partial),
            ("go 1.16\nrequire a.example/a v1.0.0\n", Partial),
        ] {
            let problems = read(text).problems;
            assert!(problems.iter().any(|problem| problem.kind == kind), "{text}: {problems:?}");
        }
        assert_eq!(read("module a.example/a\n\ngo 1.16\n").problems, []);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MODULE.len(), length in 0usize..40, put in "[()\"`/ é=>a]{0,4}") {
            let end = (at + length).min(MODULE.len());
            let text = format!("{}{put}{}", &MODULE[..at], &MODULE[end..]);
            for package in read(&text).packages {
                prop_assert!(text.get(package.at).is_some());
            }
        }
    }
}
