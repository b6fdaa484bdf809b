//! The first pass: each document is read, redacted, checked and dropped, in parallel, or taken from the cache.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::artifact::{Digest, Entry, Original};
use crate::cache::{Cache, Key};
use crate::finding::{self, Note};
use crate::policy::{self, Policy};
use crate::redact::{self, Redacted};
use crate::seen::Seen;
use crate::syntax::Language;
use crate::{Checks, analyze, effects, ingest};

/// What the first pass needs beside the piece it looks at.
#[derive(Clone, Copy)]
pub(crate) struct First<'r> {
    pub(crate) symlinks: &'r [String],
    pub(crate) checks: &'r Checks,
    pub(crate) policy: &'r Policy,
    pub(crate) project: &'r analyze::Project,
    pub(crate) keep: bool,
    /// Whether the piece is asked about: of what is not, only what it does with data is looked at.
    pub(crate) asked_about: bool,
    /// Whether what is kept is looked at before all is read; else it is written down, which takes a fraction of the room.
    pub(crate) open: bool,
}

/// What is kept of a document; `None` when that is nothing: most files of most scans.
pub(crate) type Kept = Option<Box<Seen>>;

/// What is kept of a document until all are read.
pub(crate) enum Held {
    Open(Kept),
    /// As [`Seen::written`] wrote it.
    Written(Vec<u8>),
}

impl Held {
    /// What is kept of the document at `path`.
    pub(crate) fn open(self, path: &str) -> Kept {
        match self {
            Held::Open(kept) => kept,
            Held::Written(bytes) => Seen::read(&bytes).unwrap_or_else(|| {
                unread(Note::new(
                    finding::NoteKind::NotChecked,
                    path,
                    "what was found in it could not be kept",
                ))
            }),
        }
    }
}

impl First<'_> {
    pub(crate) fn read(&self, entry: &Entry) -> Held {
        let seen = match ingest::read(entry, &self.policy.limits.file_bytes) {
            Ok(original) => self.look(original),
            Err(note) => unread(note),
        };
        self.hold(seen, None)
    }

    /// Holds what is kept, which may have been written down before.
    fn hold(&self, seen: Kept, written: Option<Vec<u8>>) -> Held {
        if self.open {
            return Held::Open(seen);
        }
        match written.or_else(|| Seen::written(seen.as_deref())) {
            Some(bytes) => Held::Written(bytes),
            None => Held::Open(seen),
        }
    }

    /// As [`First::read`], from the cache when it has it.
    pub(crate) fn read_kept(&self, entry: &Entry, cache: &Cache<'_>) -> Held {
        let bytes = match ingest::bytes(entry, &self.policy.limits.file_bytes) {
            Ok(bytes) => bytes,
            Err(note) => return Held::Open(unread(note)),
        };
        let key = Key::of(entry, || Digest::of(&bytes));
        if let Some((blob, asked)) = key.as_ref().and_then(|key| cache.get(&entry.path, key))
            && let Some(mut seen) = Seen::read(&blob)
        {
            if let Some(seen) = &mut seen {
                seen.code.asked = asked;
            }
            return Held::Open(seen);
        }
        let source = Language::of_path(&entry.path).filter(|_| key.is_some());
        let content = (bytes.len(), source.and_then(|_| ingest::git::blob_id(&bytes)));
        let seen = self.look(ingest::of_bytes(entry, bytes));
        let written = Seen::written(seen.as_deref());
        if let (Some(key), Some(blob)) = (key, &written) {
            let nothing = analyze::Asked::default();
            let asked = seen.as_ref().map_or(&nothing, |seen| &seen.code.asked);
            cache.put(&entry.path, &key, content, asked, blob.clone());
        }
        self.hold(seen, written)
    }

    fn look(&self, mut original: Original) -> Kept {
        let First { symlinks, checks, policy, project, keep, asked_about, .. } = *self;
        let mut notes = std::mem::take(&mut original.notes);
        let redaction = checks.redactor.redact(original);
        let document = redaction.document;
        notes.extend(redaction.notes);
        let (allowances, given) = policy::allowances(&document, &checks.rules, policy.run.trust);
        let mut seen = Seen { findings: given, notes, allowances, ..Seen::default() };
        if !asked_about {
            let facts = checks.analyzer.as_ref().map(|analyzer| analyzer.flow(&document, project));
            seen.code = facts.unwrap_or_default();
            return Some(Box::new(seen));
        }
        let stages = policy.gate.only;
        if stages.secrets {
            seen.findings.extend(redact::hygiene(&document, &redaction.findings, &checks.rules));
            seen.findings.extend(redaction.findings);
        }
        if stages.effects {
            seen.findings.extend(effects::inspect(&document, symlinks, &checks.rules));
        }
        if stages.code {
            match &checks.analyzer {
                Some(analyzer) => seen.code = analyzer.facts(&document, project),
                None => seen.notes.push(not_compiled(&document, "code")),
            }
        }
        if stages.deps {
            match &checks.dependencies {
                Some(dependencies) => seen.packages = dependencies.facts(&document),
                None => seen.notes.push(not_compiled(&document, "deps")),
            }
        }
        document.sign_lines(&mut seen.findings);
        document.sign_lines(&mut seen.code.findings);
        document.sign_lines(&mut seen.packages.findings);
        seen.kept = keep.then_some(document);
        let facts = stages.code || stages.deps || keep;
        let said = !(seen.findings.is_empty() && seen.notes.is_empty() && seen.allowances.is_empty());
        (facts || said).then(|| Box::new(seen))
    }
}

fn unread(note: Note) -> Kept {
    Some(Box::new(Seen { notes: vec![note], ..Seen::default() }))
}

fn not_compiled(document: &Redacted, stage: &str) -> Note {
    let why = format!("the stage {stage} was not made ready for this run");
    Note::new(finding::NoteKind::NotChecked, document.path(), why)
}

/// What `look` makes of each piece, in their order, on `threads` threads.
pub(crate) fn each<E: Sync, T: Send>(
    entries: &[E],
    threads: usize,
    watch: &(dyn Fn(usize) + Sync),
    look: impl Fn(&E) -> T + Sync,
) -> Vec<T> {
    let slots: Vec<Mutex<Option<T>>> = entries.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, slots.len().max(1)) {
            scope.spawn(|| {
                while let Some(index) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < slots.len())
                {
                    let seen = look(&entries[index]);
                    watch(index + 1);
                    *slots[index].lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(seen);
                }
            });
        }
    });
    let seen = slots
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
    seen.collect()
}
