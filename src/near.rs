//! The unchanged files around a change that data may go through: what the changed files import, with all that imports,
//! and what imports them. Only what these say about the flow of data is taken, no finding of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Action, Entry, Lines, Role};
use crate::cache::Cache;
use crate::finding::{Note, NoteKind};
use crate::ingest;
use crate::pass::{First, Kept, each};
use crate::seen::Seen;
use crate::syntax::Language;

/// The most files that are looked at around a change.
const MOST: usize = 2_000;

/// The most files that are searched for an import of a changed one.
const SEARCHED: usize = 20_000;

/// A package says again what its files define, and is imported in their place: so often is that followed.
const FACES: usize = 3;

/// What was read around a change.
#[derive(Default)]
pub(crate) struct Near {
    /// In the order of their paths; no line of them is new.
    pub(crate) entries: Vec<Entry>,
    /// What is known of each.
    pub(crate) seen: Vec<Box<Seen>>,
    pub(crate) notes: Vec<Note>,
}

/// Looks around `changed`, whose own files are `own`, among the sources of `around`.
pub(crate) fn near(
    first: &First<'_>,
    cache: Option<&Cache<'_>>,
    (changed, own): (&[Entry], &[Kept]),
    around: &[Entry],
    threads: usize,
) -> Near {
    let is_source = |entry: &&Entry| Language::of_path(&entry.path).is_some() && entry.role == Role::Code;
    let there = |entry: &&Entry| entry.action != Action::Delete;
    let targets: BTreeSet<String> =
        changed.iter().filter(is_source).filter(there).map(|entry| entry.path.clone()).collect();
    if targets.is_empty() || around.is_empty() {
        return Near::default();
    }
    let theirs: BTreeSet<&str> = changed.iter().map(|entry| entry.path.as_str()).collect();
    let mut entries: Vec<&Entry> =
        around.iter().filter(is_source).filter(|entry| !theirs.contains(entry.path.as_str())).collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let place = entries.iter().enumerate().map(|(index, entry)| (entry.path.as_str(), index)).collect();
    let mut search = Search { first, cache, threads, entries, place, loaded: BTreeMap::new(), full: false };
    search.importers(targets);
    search.imported(own);
    search.done()
}

struct Search<'n> {
    first: &'n First<'n>,
    cache: Option<&'n Cache<'n>>,
    threads: usize,
    entries: Vec<&'n Entry>,
    place: BTreeMap<&'n str, usize>,
    loaded: BTreeMap<usize, Box<Seen>>,
    full: bool,
}

impl Search<'_> {
    /// Reads the files that import one of `targets`.
    fn importers(&mut self, mut targets: BTreeSet<String>) {
        for _ in 0..FACES {
            let mut open: Vec<usize> =
                (0..self.entries.len()).filter(|index| !self.loaded.contains_key(index)).collect();
            if targets.is_empty() || open.is_empty() {
                return;
            }
            open.sort_by_key(|index| (distance(&self.entries[*index].path, &targets), *index));
            open.truncate(SEARCHED);
            let words = words(&targets);
            let may = each(&open, self.threads, &|_| (), |index| self.may_import(*index, &targets, &words));
            let found: Vec<usize> =
                open.into_iter().zip(may).filter(|(_, may)| *may).map(|(index, _)| index).collect();
            let read = self.load(found);
            let mut faces = BTreeSet::new();
            for index in read {
                let imports = self.loaded.get(&index).map(|seen| seen.code.asked.files()).unwrap_or_default();
                if imports.is_disjoint(&targets) {
                    self.loaded.remove(&index);
                } else if is_face(&self.entries[index].path) {
                    faces.insert(self.entries[index].path.clone());
                }
            }
            targets = faces;
        }
    }

    /// Reads what the changed files and those that import them need, and what these need.
    fn imported(&mut self, own: &[Kept]) {
        let own = own.iter().flatten().map(|seen| seen.code.asked.files());
        let mut wanted: BTreeSet<String> =
            own.chain(self.loaded.values().map(|seen| seen.code.asked.files())).flatten().collect();
        loop {
            let next: Vec<usize> = wanted
                .iter()
                .filter_map(|path| self.place.get(path.as_str()).copied())
                .filter(|index| !self.loaded.contains_key(index))
                .collect();
            let read = self.load(next);
            if read.is_empty() {
                return;
            }
            let seen = read.iter().filter_map(|index| self.loaded.get(index));
            wanted = seen.flat_map(|seen| seen.code.asked.files()).collect();
        }
    }

    /// Reads the first of `files` that there is room for.
    fn load(&mut self, mut files: Vec<usize>) -> Vec<usize> {
        let room = MOST.saturating_sub(self.loaded.len());
        self.full |= files.len() > room;
        files.truncate(room);
        let read = each(&files, self.threads, &|_| (), |index| match self.cache {
            Some(cache) => self.first.read_kept(self.entries[*index], cache),
            None => self.first.read(self.entries[*index]),
        });
        // What says nothing is read, too: it is not asked for again.
        self.loaded.extend(files.iter().copied().zip(read.into_iter().map(Option::unwrap_or_default)));
        files
    }

    fn may_import(&self, index: usize, targets: &BTreeSet<String>, words: &BTreeSet<String>) -> bool {
        let entry = self.entries[index];
        if let Some(cache) = self.cache
            && let Some(imports) = cache.imports(entry, targets)
        {
            return imports;
        }
        let bytes = ingest::bytes(entry, &self.first.policy.limits.file_bytes);
        bytes.is_ok_and(|bytes| imports_of(&bytes, words))
    }

    fn done(self) -> Near {
        let mut near = Near::default();
        if self.full {
            let why = format!(
                "more than {MOST} files have to do with the change: data was not followed through all of them"
            );
            near.notes.push(Note::new(NoteKind::Info, "", why));
        }
        for (index, mut seen) in self.loaded {
            let mut entry = self.entries[index].clone();
            entry.added = Some(Lines::default());
            seen.findings.clear();
            seen.notes.clear();
            seen.code.findings.clear();
            seen.code.notes.clear();
            seen.packages = Default::default();
            seen.allowances.iter_mut().for_each(|allowance| allowance.added = false);
            near.entries.push(entry);
            near.seen.push(seen);
        }
        near
    }
}

/// Whether a file stands for its folder, and is imported by the folder's name.
fn is_face(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "__init__.py" || name.starts_with("index.")
}

/// The folders that lie between a file and the nearest of `targets`.
fn distance(path: &str, targets: &BTreeSet<String>) -> usize {
    let folders = |path: &str| path.matches('/').count();
    let shared = |other: &str| {
        let same = path.split('/').zip(other.split('/')).take_while(|(one, other)| one == other);
        folders(path) + folders(other) - 2 * same.count().min(folders(path)).min(folders(other))
    };
    targets.iter().take(64).map(|target| shared(target)).min().unwrap_or(usize::MAX)
}

/// What an import of one of the files has in it.
fn words(targets: &BTreeSet<String>) -> BTreeSet<String> {
    let word = |path: &String| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or(name);
        match is_face(path) {
            true => folder.rsplit('/').next().unwrap_or("").to_owned(),
            false => stem.to_owned(),
        }
    };
    targets.iter().map(word).collect()
}

/// Whether an import statement of a text holds one of the words. What is taken for one in vain is found out by analysing
/// the file.
fn imports_of(text: &[u8], words: &BTreeSet<String>) -> bool {
    let has = |line: &[u8], word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    let mut open = false;
    text.split(|byte| *byte == b'\n').any(|line| {
        let import = open || ["import", "from", "require"].iter().any(|word| has(line, word));
        let found = import && words.iter().any(|word| has(line, word));
        let opens = line.iter().any(|byte| matches!(byte, b'(' | b'{' | b'\\'));
        let closes = line.iter().any(|byte| matches!(byte, b')' | b'}'));
        open = import && !closes && (open && !line.is_empty() || opens);
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn imports_are_seen_in_every_form() {
        let words = words(&set(&["app/helpers.py", "lib/shop/__init__.py"]));
        assert_eq!(words, set(&["helpers", "shop"]));
        for text in [
            "from app import helpers",
            "from . import (\n    models,\n    helpers,\n)\n",
            "from . import models, \\\n    helpers\n",
            "import {\n  go,\n} from './helpers.js';",
            "const { run } = require('../shop')",
            "const run = await import(\n  './helpers'\n)",
        ] {
            assert!(imports_of(text.as_bytes(), &words), "{text}");
        }
        assert!(!imports_of(b"import os\nhelpers = 1\n", &words));
    }

    #[test]
    fn near_is_counted_in_folders() {
        let targets = set(&["a/b/c.py"]);
        let far = |path| distance(path, &targets);
        assert_eq!((far("a/b/d.py"), far("a/d.py"), far("a/x/d.py"), far("d.py")), (0, 1, 2, 2));
    }
}
