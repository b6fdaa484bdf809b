//! What Python's lockfiles in TOML share: tables with positions, and the list of packages with what each needs.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Node, Reading, Usage, conflict, lines};
use crate::deps::version::Ecosystem;

/// The most entries of one name that a dependency leads to: forks for several platforms are two to five, and without a
/// bound a file of one name only would take quadratic time. Each entry is a package all the same.
const FORKS: usize = 16;

/// Parses a text. The parser itself bounds the depth. What is no TOML is not checked.
pub(in crate::deps) fn parse<'a>(text: &'a str, reading: &mut Reading) -> Option<DeTable<'a>> {
    let error = match DeTable::parse(text) {
        Ok(table) => return Some(table.into_inner()),
        Err(error) => error,
    };
    match lines(text).find(|(_, line)| conflict(line)) {
        Some((start, _)) => reading.unread(start, "a merge conflict is not resolved"),
        None => {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            reading.unread(at, format!("this is no TOML: {}", error.message()));
        }
    }
    None
}

/// A text and where it is.
#[derive(Debug, Clone)]
pub(in crate::deps) struct Text<'d> {
    pub(in crate::deps) text: &'d str,
    /// The bytes between the quotes; with them where escapes hide the text.
    pub(in crate::deps) at: Range<usize>,
}

/// A table of a lockfile.
#[derive(Clone, Copy)]
pub(in crate::deps) struct Table<'d> {
    file: &'d str,
    table: &'d DeTable<'d>,
    /// The byte where it starts.
    pub(in crate::deps) at: usize,
}

impl<'d> Table<'d> {
    /// The outermost table of a file.
    pub(in crate::deps) fn root(file: &'d str, table: &'d DeTable<'d>) -> Self {
        Table { file, table, at: 0 }
    }

    /// Whether it has a key.
    pub(in crate::deps) fn has(self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the value of a key begins.
    pub(in crate::deps) fn place(self, key: &str) -> Option<usize> {
        self.table.get(key).map(|value| value.span().start)
    }

    /// Its keys and values, in the order of the keys.
    pub(in crate::deps) fn entries(self) -> impl Iterator<Item = (&'d str, &'d Spanned<DeValue<'d>>)> {
        self.table.iter().map(|(key, value)| (&**key.get_ref(), value))
    }

    /// Its keys, each with its bytes, and values.
    pub(in crate::deps) fn keyed(self) -> impl Iterator<Item = (Text<'d>, &'d Spanned<DeValue<'d>>)> {
        self.table.iter().map(move |(key, value)| {
            let (text, span) = (&**key.get_ref(), key.span());
            let inside = span.start + 1..span.start + 1 + text.len();
            let is_quoted = span.len() == text.len() + 2 && self.file.get(inside.clone()) == Some(text);
            (Text { text, at: if is_quoted { inside } else { span } }, value)
        })
    }

    /// The text of a key.
    pub(in crate::deps) fn text(self, key: &str, reading: &mut Reading) -> Option<Text<'d>> {
        let value = self.table.get(key)?;
        let text = self.as_text(value);
        if text.is_none() {
            reading.partial(value.span().start, format!("this {key} is no text"));
        }
        text
    }

    /// Whether a key is `true`.
    pub(in crate::deps) fn truth(self, key: &str, reading: &mut Reading) -> bool {
        let Some(value) = self.table.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            reading.partial(value.span().start, format!("this {key} is neither true nor false"));
            false
        })
    }

    /// The table of a key.
    pub(in crate::deps) fn table(self, key: &str, reading: &mut Reading) -> Option<Table<'d>> {
        let value = self.table.get(key)?;
        let table = self.as_table(value);
        if table.is_none() {
            reading.partial(value.span().start, format!("this {key} is no table"));
        }
        table
    }

    /// The texts of a key's list.
    pub(in crate::deps) fn texts(self, key: &str, reading: &mut Reading) -> Vec<Text<'d>> {
        self.table.get(key).map_or_else(Vec::new, |list| {
            self.all(list, |value| self.as_text(value), &format!("{key} is no list of texts"), reading)
        })
    }

    /// The tables of a key's list.
    pub(in crate::deps) fn tables(self, key: &str, reading: &mut Reading) -> Vec<Table<'d>> {
        self.table.get(key).map_or_else(Vec::new, |list| self.all_tables(list, key, reading))
    }

    /// The tables of all lists of a key's table: `groups.one`, `groups.two`. Each list with its key.
    pub(in crate::deps) fn lists(self, key: &str, reading: &mut Reading) -> Vec<(&'d str, Vec<Table<'d>>)> {
        let table = self.table(key, reading);
        let lists = table.into_iter().flat_map(Table::entries);
        lists.map(|(name, list)| (name, self.all_tables(list, key, reading))).collect()
    }

    fn all_tables(self, list: &'d Spanned<DeValue<'d>>, key: &str, reading: &mut Reading) -> Vec<Table<'d>> {
        self.all(list, |value| self.as_table(value), &format!("{key} is no list of tables"), reading)
    }

    fn all<T>(
        self,
        list: &'d Spanned<DeValue<'d>>,
        one: impl Fn(&'d Spanned<DeValue<'d>>) -> Option<T>,
        otherwise: &str,
        reading: &mut Reading,
    ) -> Vec<T> {
        let Some(values) = list.get_ref().as_array() else {
            reading.partial(list.span().start, otherwise);
            return Vec::new();
        };
        let found: Vec<T> = values.iter().filter_map(one).collect();
        if found.len() < values.len() {
            reading.partial(list.span().start, otherwise);
        }
        found
    }

    /// A value that is a text.
    pub(in crate::deps) fn as_text(self, value: &'d Spanned<DeValue<'d>>) -> Option<Text<'d>> {
        let text = value.get_ref().as_str()?;
        let span = value.span();
        let inside = span.start + 1..span.start + 1 + text.len();
        let at = if self.file.get(inside.clone()) == Some(text) { inside } else { span };
        Some(Text { text, at })
    }

    /// A value that is a table.
    pub(in crate::deps) fn as_table(self, value: &'d Spanned<DeValue<'d>>) -> Option<Table<'d>> {
        let table = value.get_ref().as_table()?;
        Some(Table { file: self.file, table, at: value.span().start })
    }
}

/// Where the code of a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A registry: advisories are about it.
    Registry,
    /// git, a folder, an archive, the project itself: other code.
    Elsewhere,
}

/// A package of a lockfile.
pub(super) struct Entry<'d> {
    pub(super) name: Text<'d>,
    pub(super) version: Option<&'d str>,
    pub(super) table: Table<'d>,
    /// Its index among [`Packages::nodes`]: entries of one name and version share one.
    node: usize,
}

/// The packages of a lockfile, those of other places than a registry included. The names compare by PEP 503.
#[derive(Default)]
pub(super) struct Packages<'d> {
    pub(super) entries: Vec<Entry<'d>>,
    nodes: Vec<Node>,
    /// By index of the node: whether a package needs it.
    needed: Vec<bool>,
    named: HashMap<String, Vec<usize>>,
    exact: HashMap<(String, &'d str), Vec<usize>>,
    /// The packages that are in the reading, each once.
    registered: HashMap<(String, &'d str), usize>,
}

impl<'d> Packages<'d> {
    /// The tables of the list at `key`, as far as they have a name.
    pub(super) fn of(root: Table<'d>, key: &str, reading: &mut Reading) -> Self {
        let mut packages = Packages::default();
        for table in root.tables(key, reading) {
            let version = table.text("version", reading).map(|version| version.text);
            match table.text("name", reading).filter(|name| !name.text.is_empty()) {
                Some(name) => packages.push(Entry { name, version, table, node: 0 }, reading),
                None => reading.partial(table.at, "this package has no name"),
            }
        }
        packages
    }

    fn push(&mut self, mut entry: Entry<'d>, reading: &mut Reading) {
        let key = Ecosystem::PyPi.key(entry.name.text);
        let index = self.entries.len();
        let same = self.exact.entry((key.clone(), entry.version.unwrap_or_default())).or_default();
        entry.node = match same.first() {
            Some(first) => self.entries[*first].node,
            None => {
                self.nodes.push(reading.graph.add(entry.name.text));
                self.needed.push(false);
                self.nodes.len() - 1
            }
        };
        same.push(index);
        self.named.entry(key).or_default().push(index);
        self.entries.push(entry);
    }

    /// The node of an entry.
    pub(super) fn node(&self, index: usize) -> Node {
        self.nodes[self.entries[index].node]
    }

    /// Adds an entry to the packages of the reading, unless it is other code; one that is there already only once, for
    /// the widest of its uses.
    pub(super) fn register(&mut self, index: usize, origin: Origin, usage: Usage, reading: &mut Reading) {
        let entry = &self.entries[index];
        if origin == Origin::Elsewhere {
            return;
        }
        let Some(version) = entry.version.filter(|version| !version.is_empty()) else {
            return reading.partial(entry.name.at.start, format!("{} has no version", entry.name.text));
        };
        let key = (Ecosystem::PyPi.key(entry.name.text), version);
        if let Some(package) = self.registered.get(&key).and_then(|at| reading.packages.get_mut(*at)) {
            package.usage = package.usage.wider(usage);
            return;
        }
        let at = reading.packages.len();
        let place = entry.name.at.clone();
        let package = reading.add(entry.name.text, version, place, usage, Some(self.node(index)));
        if let Some(package) = package {
            package.says(["version", "source"].iter().filter_map(|key| entry.table.place(key)));
        }
        if reading.packages.len() > at {
            self.registered.insert(key, at);
        }
    }

    /// The entries that a dependency means: those of its name and version, where it has one. Of several versions those
    /// that its range takes, if it can be read.
    pub(super) fn find(&self, name: &str, version: Option<&'d str>, range: &str) -> Vec<usize> {
        let key = Ecosystem::PyPi.key(name);
        let named = match version {
            Some(version) => self.exact.get(&(key, version)),
            None => self.named.get(&key),
        };
        let named = named.map_or(&[][..], |named| &named[..named.len().min(FORKS)]);
        let Some(ranges) = VersionSpecifiers::from_str(range).ok().filter(|_| named.len() > 1) else {
            return named.to_vec();
        };
        let takes = |index: &&usize| {
            let version = self.entries[**index].version.and_then(|version| Version::from_str(version).ok());
            version.is_none_or(|version| ranges.contains(&version))
        };
        named.iter().filter(takes).copied().collect()
    }

    /// Whether there is a package of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.named.contains_key(&Ecosystem::PyPi.key(name))
    }

    /// Says that one entry needs another.
    pub(super) fn need(&mut self, of: usize, other: usize, reading: &mut Reading) {
        let (one, two) = (self.entries[of].node, self.entries[other].node);
        if one != two {
            self.needed[two] = true;
            reading.graph.need(self.nodes[one], self.nodes[two]);
        }
    }

    /// For files that leave out the project itself: what no other package needs, the project must have asked for.
    pub(super) fn unneeded_are_roots(&self, reading: &mut Reading) {
        for (node, _) in self.nodes.iter().zip(&self.needed).filter(|(_, needed)| !**needed) {
            reading.graph.root(*node);
        }
    }
}

/// The name and the range of a requirement as PEP 508 writes it, and whether it has a condition.
pub(in crate::deps) fn requirement(written: &str) -> (&str, &str, bool) {
    let (wanted, condition) = written.split_once(';').map_or((written, false), |(wanted, _)| (wanted, true));
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let wanted = wanted.trim();
    let (name, rest) = wanted.split_at(wanted.find(|c| !named(c)).unwrap_or(wanted.len()));
    let range = match rest.trim_start().strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, range)| range),
        None => rest,
    };
    (name, range.trim(), condition)
}

/// Names a version of the format that is not known; `None` is a file that does not say.
pub(super) fn known_version(version: Option<&Text<'_>>, known: &[&str], reading: &mut Reading) {
    let Some(version) = version else { return };
    let major = version.text.split('.').next().unwrap_or_default();
    if !known.contains(&major) {
        reading.partial(version.at.start, "this version of the format is not known");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::finding::NoteKind;

    /// "name version usage: the way to it", one a package.
    pub(in crate::deps::lockfile) fn told(reading: &Reading) -> Vec<String> {
        let ways = reading.graph.ways();
        let one = |package: &crate::deps::lockfile::Package| {
            let way = package.node.map(|node| ways.to(node).join(" > ")).unwrap_or_default();
            format!("{} {} {:?}: {way}", package.name, package.version, package.usage)
        };
        reading.packages.iter().map(one).collect()
    }

    /// The problems of a text, each with its line.
    pub(in crate::deps::lockfile) fn problems(
        text: &str,
        reading: &Reading,
    ) -> Vec<(NoteKind, usize, String)> {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        reading.problems.iter().map(|one| (one.kind, line(one.at), one.message.clone())).collect()
    }

    /// What must hold of any text whatever: each package is at a place of the text.
    pub(in crate::deps::lockfile) fn harmless(text: &str, reading: &Reading) {
        for package in &reading.packages {
            assert!(text.get(package.at.clone()).is_some_and(|at| !at.is_empty()), "{package:?}");
        }
        let ways = reading.graph.ways();
        reading.packages.iter().filter_map(|package| package.node).for_each(|node| drop(ways.to(node)));
    }

    /// A text that lost a part, at any of its characters.
    pub(in crate::deps::lockfile) fn changed(text: &str, at: usize, length: usize, put: &str) -> String {
        let start = text.floor_char_boundary(at);
        let end = text.floor_char_boundary((start + length).min(text.len()));
        format!("{}{put}{}", &text[..start], &text[end..])
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        for (text, line, message) in [
            ("a = 1\nb = \n", 2, "this is no TOML"),
            ("a = 1\na = 2\n", 2, "this is no TOML: duplicate key"),
            ("a = 1\n<<<<<<< ours\nb = 1\n=======\n", 2, "a merge conflict is not resolved"),
            ("\u{feff}a = 1\r\nb = \"1\r\n", 2, "this is no TOML"),
        ] {
            let mut reading = Reading::default();
            assert!(parse(text, &mut reading).is_none());
            let [(NoteKind::NotChecked, at, said)] = &problems(text, &reading)[..] else { panic!("{text}") };
            assert!(*at == line && said.starts_with(message), "{text}: {at} {said}");
        }
        let deep = format!("a = {}", "[".repeat(200_000));
        assert!(parse(&deep, &mut Reading::default()).is_none());
    }

    #[test]
    fn requirements_of_pep_508() {
        for (written, expected) in [
            ("a", ("a", "", false)),
            ("A.b_c[d,e] >=1,<2 ; os_name == 'nt'", ("A.b_c", ">=1,<2", true)),
            ("a (>=1)", ("a", "(>=1)", false)),
            ("a @ git+https://git.example/a", ("a", "@ git+https://git.example/a", false)),
            ("a[", ("a", "", false)),
            ("", ("", "", false)),
        ] {
            assert_eq!(requirement(written), expected, "{written}");
        }
    }
}
