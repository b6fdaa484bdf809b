//! Cargo.lock, versions 1 to 4. Cargo writes it line by line in one shape, so the reader goes line by line, keeps every
//! position, and names whatever Cargo would not have written.

use std::collections::HashMap;
use std::ops::Range;

use super::{Node, Reading, Usage, conflict, lines};
use crate::deps::rustsec;

/// The newest version of the format that is known.
const NEWEST: u32 = 4;

#[derive(Default)]
struct Entry<'a> {
    start: usize,
    name: Option<(&'a str, Range<usize>)>,
    version: Option<(&'a str, usize)>,
    source: Option<(&'a str, usize)>,
    /// What it needs, as `name`, `name version` or `name version (source)`.
    needs: Vec<&'a str>,
}

/// Where a line stands.
#[derive(PartialEq)]
enum Section {
    Top,
    Package,
    Other,
}

/// Reads a text; the packages are those of the default registry.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut sources = Sources::default();
    let mut crates = Crates::default();
    let (mut section, mut entry, mut array) = (Section::Top, Entry::default(), None);
    for (start, line) in lines(text) {
        let bare = line.trim();
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            array = None;
        } else if bare.is_empty() || bare.starts_with('#') {
        } else if let Some(header) = header(bare) {
            if let Some(open) = array.take() {
                reading.partial(open, "a list is not closed");
            }
            finish(std::mem::take(&mut entry), &section, (&mut sources, &mut crates), &mut reading);
            section = match header {
                "[[package]]" | "[root]" => Section::Package,
                "[metadata]" | "[[patch.unused]]" => Section::Other,
                _ => {
                    // `[[ package ]]` means the same to Cargo: what is not known may hide packages.
                    reading.partial(start, "Cargo writes no such table");
                    Section::Other
                }
            };
            entry.start = start;
        } else if array.is_some() {
            if bare.starts_with(']') {
                array = None;
            } else if let Some(needed) = bare.strip_prefix('"') {
                entry.needs.extend(needed.split('"').next());
            } else {
                reading.partial(start, "this is no element of a list");
            }
        } else if section != Section::Other {
            match pair(start, line) {
                Some(("dependencies", Value::OpenList)) => array = Some(start),
                Some((key, value)) => assign(key, value, start, &section, &mut entry, &mut reading),
                None => reading.partial(start, "this line is not written as Cargo writes it"),
            }
        }
    }
    if let Some(open) = array {
        reading.unread(open, "the file ends inside a list: it is cut off");
    }
    finish(entry, &section, (&mut sources, &mut crates), &mut reading);
    crates.join(&mut reading);
    reading
}

enum Value<'a> {
    Text(&'a str, Range<usize>),
    Plain(&'a str),
    /// What stands between its brackets.
    List(&'a str),
    OpenList,
}

/// The header of a line, a comment behind it left out.
fn header(bare: &str) -> Option<&str> {
    let end = bare.strip_prefix('[')?.rfind(']')? + 2;
    let rest = bare[end..].trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(&bare[..end])
}

/// A line `key = value`; `start` is the byte where the line starts.
fn pair(start: usize, line: &str) -> Option<(&str, Value<'_>)> {
    let (key, rest) = line.split_once('=')?;
    let value = rest.trim_start();
    let at = start + line.len() - value.len();
    let over = |rest: &str| {
        let rest = rest.trim();
        rest.is_empty() || rest.starts_with('#')
    };
    let value = if let Some(text) = value.strip_prefix('"') {
        let end = text.find(['"', '\\'])?;
        let closed = text[end..].strip_prefix('"').is_some_and(over);
        closed.then(|| Value::Text(&text[..end], at + 1..at + 1 + end))?
    } else if let Some(list) = value.strip_prefix('[') {
        match list.rfind(']') {
            Some(end) if over(&list[end + 1..]) => Value::List(&list[..end]),
            None if over(list) => Value::OpenList,
            _ => return None,
        }
    } else {
        let plain = value.split('#').next().unwrap_or_default().trim();
        let simple = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
        simple.then_some(Value::Plain(plain))?
    };
    Some((key.trim(), value))
}

fn assign<'a>(
    key: &str,
    value: Value<'a>,
    start: usize,
    section: &Section,
    entry: &mut Entry<'a>,
    reading: &mut Reading,
) {
    let twice = match (section, key, value) {
        (Section::Package, "name", Value::Text(text, at)) => entry.name.replace((text, at)).is_some(),
        (Section::Package, "version", Value::Text(text, at)) => {
            entry.version.replace((text, at.start)).is_some()
        }
        (Section::Package, "source", Value::Text(text, _)) => entry.source.replace((text, start)).is_some(),
        (Section::Package, "checksum", Value::Text(text, _)) => {
            if !(text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
                reading.partial(start, "this checksum is malformed");
            }
            false
        }
        (Section::Package, "name" | "version" | "source" | "checksum", _) => {
            reading.partial(start, format!("this {key} is no text"));
            false
        }
        (Section::Top, "version", Value::Plain(number)) => {
            if number.parse().is_ok_and(|number: u32| number > NEWEST) {
                reading.partial(start, format!("version {number} of the format is newer than {NEWEST}"));
            }
            false
        }
        (Section::Package, "dependencies", Value::List(list)) => {
            // What stands between pairs of quotes.
            entry.needs.extend(list.split('"').skip(1).step_by(2));
            false
        }
        (Section::Package, "replace", Value::Text(..)) => false,
        _ => {
            reading.partial(start, "Cargo writes no such key");
            false
        }
    };
    if twice {
        reading.partial(start, format!("this entry has a second {key}"));
    }
}

fn finish<'a>(
    entry: Entry<'a>,
    section: &Section,
    (sources, crates): (&mut Sources, &mut Crates<'a>),
    reading: &mut Reading,
) {
    if *section != Section::Package {
        return;
    }
    let Some((name, at)) = entry.name else {
        return reading.partial(entry.start, "this entry has no name");
    };
    let Some((version, version_at)) = entry.version else {
        return reading.partial(at.start, format!("{name} has no version"));
    };
    let node = reading.graph.add(name);
    crates.named.insert(name, node);
    crates.exact.insert((name, version), node);
    crates.needs.push((node, entry.needs));
    let Some((source, source_at)) = entry.source else {
        // A part of the workspace itself.
        return reading.graph.root(node);
    };
    let known = sources.is_default(source);
    if known != Some(true) {
        reading.origin(name, source, source.starts_with("registry+"), at.clone());
    }
    match known {
        Some(true) => {
            // Its index has several addresses.
            reading.origin(name, super::DEFAULT_REGISTRY, false, at.clone());
            if let Some(package) = reading.add(name, version, at, Usage::Program, Some(node)) {
                package.says([version_at, source_at]);
            }
        }
        Some(false) => {}
        None => reading.partial(source_at, format!("the source of {name} is malformed")),
    }
}

/// All crates by name, and what each needs.
#[derive(Default)]
struct Crates<'a> {
    /// Each by its name alone, and by its name and version.
    named: HashMap<&'a str, Node>,
    exact: HashMap<(&'a str, &'a str), Node>,
    needs: Vec<(Node, Vec<&'a str>)>,
}

impl Crates<'_> {
    /// Says who needs whom. A version stands behind a name where there are several.
    fn join(self, reading: &mut Reading) {
        for (of, needs) in self.needs {
            for needed in needs {
                let mut words = needed.split(' ');
                let (name, version) = (words.next().unwrap_or(needed), words.next());
                let known = match version {
                    Some(version) => self.exact.get(&(name, version)),
                    None => self.named.get(name),
                };
                if let Some(other) = known {
                    reading.graph.need(of, *other);
                }
            }
        }
    }
}

/// Remembers the last source: thousands of entries share one.
#[derive(Default)]
struct Sources {
    last: Option<(String, Option<bool>)>,
}

impl Sources {
    fn is_default(&mut self, source: &str) -> Option<bool> {
        match &self.last {
            Some((last, known)) if last == source => *known,
            _ => {
                let known = rustsec::is_default_registry(source);
                self.last = Some((source.to_owned(), known));
                known
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::NoteKind;

    const LOCK: &str = include_str!("../../../fixtures/deps/Cargo.lock");

    fn names(reading: &Reading) -> Vec<String> {
        reading.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    fn problems(text: &str) -> Vec<(NoteKind, usize)> {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        read(text).problems.iter().map(|problem| (problem.kind, line(problem.at))).collect()
    }

    #[test]
    fn packages_of_the_default_registry_at_their_names() {
        let reading = read(LOCK);
        assert_eq!(reading.problems, []);
        assert_eq!(names(&reading), ["atty 0.2.14", "regex 1.5.4", "regex 1.5.5", "thread_local 1.1.3"]);
        assert!(reading.packages.iter().all(|package| LOCK[package.at.clone()] == package.name));
    }

    #[test]
    fn ways_begin_at_the_crates_of_the_workspace() {
        let text = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"one\",\n \"two 2.0.0\",\n]\n\n\
                    [[package]]\nname = \"one\"\nversion = \"1.0.0\"\nsource = \"SOURCE\"\ndependencies = [\"two 1.0.0\"]\n\n\
                    [[package]]\nname = \"two\"\nversion = \"1.0.0\"\nsource = \"SOURCE\"\n\n\
                    [[package]]\nname = \"two\"\nversion = \"2.0.0\"\nsource = \"SOURCE\"\n";
        let source =
            LOCK.lines().find_map(|line| line.strip_prefix("source = \"")?.strip_suffix('"')).unwrap();
        let reading = read(&text.replace("SOURCE", source));
        assert_eq!((reading.problems.as_slice(), reading.packages.len()), (&[][..], 3));
        let ways = reading.graph.ways();
        let to = |at: usize| ways.to(reading.packages[at].node.unwrap()).join(" ");
        assert_eq!([to(0), to(1), to(2)], ["app one", "app one two", "app two"]);
    }

    #[test]
    fn line_ends_marks_and_comments_do_not_matter() {
        let windows = format!("\u{feff}{}", LOCK.replace('\n', "\r\n"));
        assert_eq!(names(&read(&windows)), names(&read(LOCK)));
        assert_eq!(read(&windows).problems, []);
        assert_eq!(names(&read(&LOCK.replace("]]\n", "]] # here\n"))), names(&read(LOCK)));
    }

    #[test]
    fn version_one_keeps_its_root_and_checksums_apart() {
        let source = rustsec::default_registry();
        let text = format!(
            "[root]\nname = \"tool\"\nversion = \"0.1.0\"\ndependencies = [\n \"libc 0.2.1 ({source})\",\n]\n\n\
             [[package]]\nname = \"libc\"\nversion = \"0.2.1\"\nsource = \"{source}\"\n\n\
             [metadata]\n\"checksum libc 0.2.1 ({source})\" = \"<none>\"\n"
        );
        let reading = read(&text);
        assert_eq!((names(&reading), reading.problems), (vec!["libc 0.2.1".to_owned()], vec![]));
    }

    #[test]
    fn what_cargo_would_not_write_is_named_at_its_line() {
        use NoteKind::{NotChecked, Partial};
        for (text, expected) in [
            ("version = 5\n", (Partial, 1)),
            ("[[package]]\nversion = \"1.0.0\"\n", (Partial, 1)),
            ("[[package]]\nname = \"a\"\n", (Partial, 2)),
            ("[[package]]\nname = 7\nversion = \"1.0.0\"\n", (Partial, 2)),
            ("[[package]]\nname = \"a\\u0062\"\n", (Partial, 2)),
            ("[[package]]\nname = 'a'\n", (Partial, 2)),
            ("[[package]]\nname = \"a\"\nname = \"b\"\nversion = \"1\"\n", (Partial, 3)),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\nchecksum = \"xyz\"\n", (Partial, 4)),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"nowhere\"\n", (Partial, 4)),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n \"b\",\n", (NotChecked, 4)),
            ("<<<<<<< ours\n", (NotChecked, 1)),
            ("package = [{ name = \"a\" }]\n", (Partial, 1)),
            ("[[ package ]]\nname = \"a\"\nversion = \"1\"\n", (Partial, 1)),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\n\"source\" = \"x\"\n", (Partial, 4)),
            ("[[package]]\nname = \"a\"\nversion = \"1\"\nhidden = [\n", (Partial, 4)),
        ] {
            assert!(problems(text).contains(&expected), "{text}: {:?}", problems(text));
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..LOCK.len(), length in 0usize..40, put in ".{0,8}") {
            let start = LOCK.floor_char_boundary(at);
            let end = LOCK.floor_char_boundary((start + length).min(LOCK.len()));
            let text = format!("{}{put}{}", &LOCK[..start], &LOCK[end..]);
            for package in read(&text).packages.iter().chain(&read(&text[..start]).packages) {
                prop_assert_eq!(&text[package.at.clone()], &package.name);
            }
        }
    }
}
