//! The unchanged files around a change that data may go through: what the changed files import, with all that imports,
//! and what imports them. Only what these say about the flow of data is taken, no finding of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use crate::artifact::{Action, Entry, Lines, Role};
use crate::cache::Cache;
use crate::finding::{Note, NoteKind};
use crate::ingest;
use crate::pass::{First, Held, each};
use crate::seen::Seen;
use crate::syntax::Language;

/// The most files that are looked at around a change.
const MOST: usize = 500;

/// The most of them that import a changed one: the nearest.
const IMPORTERS: usize = 200;

/// The most files that are read to find these.
const TRIED: usize = 2_000;

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
    pub(crate) seen: Vec<Seen>,
    pub(crate) notes: Vec<Note>,
}

/// Looks around `changed`, whose own files are `own`, among the sources of `around`, none of which is changed.
pub(crate) fn near(
    first: &First<'_>,
    cache: Option<&Cache<'_>>,
    (changed, own): (&[Entry], &[Held]),
    around: &[&Entry],
    threads: usize,
) -> Near {
    let is_source = |entry: &&Entry| Language::of_path(&entry.path).is_some() && entry.role == Role::Code;
    let there = |entry: &&Entry| entry.action != Action::Delete;
    let targets: BTreeSet<String> =
        changed.iter().filter(is_source).filter(there).map(|entry| entry.path.clone()).collect();
    if targets.is_empty() || around.is_empty() {
        return Near::default();
    }
    let mut entries: Vec<&Entry> = around.iter().copied().filter(is_source).collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let place = entries.iter().enumerate().map(|(index, entry)| (entry.path.as_str(), index)).collect();
    let mut search = Search {
        first,
        cache,
        threads,
        entries,
        place,
        loaded: BTreeMap::new(),
        full: false,
        unread: Mutex::default(),
    };
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
    /// Files that could not be read: in a clone without their blobs, or longer than the limit.
    unread: Mutex<BTreeSet<usize>>,
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
            open.sort_by_cached_key(|index| (distance(&self.entries[*index].path, &targets), *index));
            self.full |= open.len() > SEARCHED;
            open.truncate(SEARCHED);
            let Some(names) = Names::of(&targets) else {
                self.full = true;
                return;
            };
            let may = each(&open, self.threads, &|_| (), |index| self.may_import(*index, &targets, &names));
            let mut found = open.into_iter().zip(may).filter(|(_, may)| *may).map(|(index, _)| index);
            let mut faces = BTreeSet::new();
            // What is loaded in vain goes again, so that it takes the room of nobody.
            let mut tried = 0;
            while self.loaded.len() < IMPORTERS && tried < TRIED {
                let next: Vec<usize> = found.by_ref().take(IMPORTERS - self.loaded.len()).collect();
                tried += next.len();
                if next.is_empty() {
                    break;
                }
                for index in self.load(next) {
                    let imports =
                        self.loaded.get(&index).map(|seen| seen.code.asked.files()).unwrap_or_default();
                    if imports.is_disjoint(&targets) {
                        self.loaded.remove(&index);
                    } else if is_face(&self.entries[index].path) {
                        faces.insert(self.entries[index].path.clone());
                    }
                }
            }
            self.full |= found.next().is_some();
            targets = faces;
        }
    }

    /// Reads what the changed files and those that import them need, and what these need.
    fn imported(&mut self, own: &[Held]) {
        let open = |held| match held {
            &Held::Open(Some(ref seen)) => Some(seen.code.asked.files()),
            Held::Open(None) | Held::Written(_) => None,
        };
        let own = own.iter().filter_map(open);
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
        for (index, held) in files.iter().zip(read) {
            let kept = held.open(&self.entries[*index].path);
            self.loaded.insert(*index, kept.unwrap_or_default());
        }
        files
    }

    fn may_import(&self, index: usize, targets: &BTreeSet<String>, names: &Names) -> bool {
        let entry = self.entries[index];
        if let Some(cache) = self.cache
            && let Some(imports) = cache.imports(entry, targets)
        {
            return imports;
        }
        match ingest::bytes(entry, &self.first.policy.limits.file_bytes) {
            Ok(bytes) => imports_of(&bytes, names),
            Err(_) => {
                self.unread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(index);
                false
            }
        }
    }

    fn done(self) -> Near {
        let mut near = Near::default();
        if self.full {
            let why = format!(
                "more files have to do with the change than are looked at ({IMPORTERS} that import it, {MOST} in all): data was not followed through all of them"
            );
            near.notes.push(Note::new(NoteKind::Info, "", why));
        }
        let unread = self.unread.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()).len();
        if unread > 0 {
            let why = format!(
                "{unread} of the files around the change could not be read: data was not followed through them"
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
            near.seen.push(*seen);
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
    let folders = |path: &[u8]| path.iter().filter(|byte| **byte == b'/').count();
    let own = folders(path.as_bytes());
    let shared = |other: &str| {
        let same = path.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        own + folders(other.as_bytes()) - 2 * folders(&path.as_bytes()[..same])
    };
    targets.iter().take(64).map(|target| shared(target)).min().unwrap_or(usize::MAX)
}

/// The names by which imports may mean some files: one pass over a text finds all of them, however many files there are.
struct Names {
    stems: AhoCorasick,
    /// By stem, the folders that files of it lie in; none where they are too many to be told apart.
    folders: Vec<Vec<Finder<'static>>>,
}

/// So many folders are told apart that have a file of one name.
const FOLDERS: usize = 64;

impl Names {
    /// The last two names of the path of each module. `None` when there are too many to be looked for.
    fn of(targets: &BTreeSet<String>) -> Option<Self> {
        fn split(path: &str) -> (&str, &str) {
            path.rsplit_once('/').unwrap_or(("", path))
        }
        let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for path in targets {
            let (folder, file) = split(path);
            let (above, stem) = match is_face(path) {
                true => split(folder),
                false => (folder, file.split('.').next().unwrap_or(file)),
            };
            folders.entry(stem).or_default().insert(split(above).1);
        }
        let stems = AhoCorasick::new(folders.keys()).ok()?;
        let told = |folders: BTreeSet<&str>| match folders.len() {
            0..=FOLDERS => folders.into_iter().map(|folder| Finder::new(folder).into_owned()).collect(),
            _ => Vec::new(),
        };
        Some(Names { stems, folders: folders.into_values().map(told).collect() })
    }

    /// Whether an import statement may mean one of them: it has the name as a whole, and the folder's, too, unless it says
    /// where the module lies in another way (`from . import x`, `import x`, `"./x"`, `"#x"`).
    fn are_in(&self, statement: &[u8]) -> bool {
        let apart =
            |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        let whole = |at: usize, end: usize| {
            let before = at.checked_sub(1).and_then(|at| statement.get(at));
            apart(before) && apart(statement.get(end))
        };
        let relative = memchr::memmem::find(statement, b" .").is_some();
        let within =
            |folder: &Finder<'_>| folder.find_iter(statement).any(|at| whole(at, at + folder.needle().len()));
        let first = |at: usize| {
            let before = statement[..at].trim_ascii_end();
            !matches!(statement[..at].last(), Some(b'.' | b'/'))
                && (before.len() == at || before.ends_with(b"import") || before.ends_with(b"from"))
                || statement[..at].ends_with(b"./")
        };
        self.stems.find_overlapping_iter(statement).any(|hit| {
            let folders = &self.folders[hit.pattern().as_usize()];
            whole(hit.start(), hit.end())
                && (relative || first(hit.start()) || folders.is_empty() || folders.iter().any(within))
        })
    }
}

/// The longest import statement that is looked at, in bytes.
const STATEMENT: usize = 1 << 14;

/// Whether an import statement of a text may mean one of the modules. What is taken for one in vain is found out by
/// analysing the file.
fn imports_of(text: &[u8], names: &Names) -> bool {
    if !names.stems.is_match(text) {
        return false;
    }
    let has = |line: &[u8], word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    let (mut begun, mut at) = (None, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        let import = ["import", "from", "require"].iter().any(|word| has(line, word));
        let start = *begun.get_or_insert(at);
        let statement = &text[start.max(end.saturating_sub(STATEMENT))..end];
        if (import || start < at) && names.are_in(statement) {
            return true;
        }
        let opens = line.iter().any(|byte| matches!(byte, b'(' | b'{' | b'\\'));
        let closes = line.iter().any(|byte| matches!(byte, b')' | b'}'));
        let goes_on = !closes && (import && opens || start < at);
        begun = goes_on.then_some(start);
        at = end;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn imports_are_seen_in_every_form() {
        let targets = set(&["app/helpers.py", "lib/shop/__init__.py", "top.ts"]);
        let names = Names::of(&targets).unwrap();
        for text in [
            "from app import helpers",
            "from app.helpers import run",
            "import helpers",
            "from helpers import run",
            "from .helpers import run",
            "from . import (\n    models,\n    helpers,\n)\n",
            "from . import models, \\\n    helpers\n",
            "from app import (\n    models,\n\n    helpers,\n)\n",
            "import {\n  go,\n} from './helpers.js';",
            "const { run } = require('../shop')",
            "const run = await import(\n  './helpers'\n)",
            "import x from '@/app/helpers'",
            "import x from \"lib/shop\"",
            "export * from \"#top\"",
        ] {
            assert!(imports_of(text.as_bytes(), &names), "{text}");
        }
        for text in [
            "import os\nhelpers = 1\n",
            "from app import helpers_of_others",
            "from other.helpers import run",
            "import x from 'other/helpers'",
            "import a\n\n\nhelpers\n",
        ] {
            assert!(!imports_of(text.as_bytes(), &names), "{text}");
        }
    }

    #[test]
    fn near_is_counted_in_folders() {
        let targets = set(&["a/b/c.py"]);
        let far = |path| distance(path, &targets);
        assert_eq!((far("a/b/d.py"), far("a/d.py"), far("a/x/d.py"), far("d.py")), (0, 1, 2, 2));
    }
}
