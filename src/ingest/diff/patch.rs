//! A diff -> Submission: whole new files where the old ones are at hand and the hunks fit, else padded fragments.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::super::exposed::{Exposed, exposed};
use super::{FileDiff, Hunk, Side, parse};
use crate::artifact::{Action, Content, Entry, Lines, Mode, Origin, Provenance, Submission};
use crate::finding::{Note, NoteKind};
use crate::ingest::tree::{role, same_kind};

/// Where the files are that a diff changes: the bytes of a path, before the change or (already applied) after it.
pub type Base<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// The files below `root` as a [`Base`], each of at most `limit` bytes. A diff names any path it likes: one that leads
/// out, or through a symbolic link, is not read.
pub fn files_below(root: &Path, limit: u64) -> impl Fn(&str) -> Option<Vec<u8>> {
    move |path| {
        let mut file = root.to_owned();
        for part in Path::new(path).components() {
            let Component::Normal(name) = part else { return None };
            file.push(name);
            if file.symlink_metadata().ok()?.is_symlink() {
                return None;
            }
        }
        let metadata = file.symlink_metadata().ok()?;
        (metadata.is_file() && metadata.len() <= limit).then(|| std::fs::read(&file).ok())?
    }
}

/// Blank lines that all fragments of a diff may be padded with.
const MOST_PADDING: usize = 32 * 1024 * 1024;

/// Kinds of files that hold no text, by extension.
const BINARY: &str =
    " png jpg jpeg gif ico webp bmp tiff pdf woff woff2 ttf otf eot mp3 mp4 webm ogg wav mov avif ";

/// What a unified diff changes. Lines are those of the new files. What is wrong with the diff becomes a note of path
/// `name` that says on which line.
pub fn patch(bytes: &[u8], name: &str, base: Option<Base<'_>>) -> Submission {
    let parsed = parse(bytes);
    let mut builder =
        Builder { base, patched: BTreeMap::new(), padding: 0, entries: Vec::new(), notes: Vec::new() };
    for (line, problem) in parsed.problems {
        builder.note(NoteKind::NotChecked, name, format!("line {line} of the diff: {problem}"));
    }
    for file in &parsed.files {
        builder.file(file);
    }
    let Builder { mut entries, mut notes, .. } = builder;
    entries.sort_by(|one, two| (&one.path, one.action).cmp(&(&two.path, two.action)));
    notes.sort();
    notes.dedup();
    Submission {
        origin: Origin::Patch,
        entries,
        notes,
        provenance: Provenance::default(),
        symlinks: Vec::new(),
        around: Vec::new(),
    }
}

struct Builder<'a> {
    base: Option<Base<'a>>,
    /// What earlier parts of the diff made of a path: a series of patches changes it more than once.
    patched: BTreeMap<String, Option<Vec<u8>>>,
    padding: usize,
    entries: Vec<Entry>,
    notes: Vec<Note>,
}

/// The new side of a file.
struct NewSide {
    bytes: Vec<u8>,
    added: Option<Lines>,
    fragment: bool,
}

impl Builder<'_> {
    fn file(&mut self, file: &FileDiff<'_>) {
        if let Some(old) = file.old.as_ref().filter(|old| !file.copied && file.new.as_ref() != Some(*old)) {
            let mut entry = Entry::new(old, role(old), Action::Delete, Content::Bytes([].into()));
            entry.mode = file.old_mode.unwrap_or(Mode::File);
            self.entries.push(entry);
            if file.new.is_none() {
                self.patched.insert(old.clone(), None);
            }
        }
        let Some(path) = &file.new else { return };
        let mode = file.new_mode.or(file.old_mode).unwrap_or(Mode::File);
        if file.binary {
            self.binary(path);
        }
        let Some(mut side) = self.new_side(file, path) else { return };
        if mode == Mode::Submodule {
            let why = "is a submodule: what it points to was not scanned; scan that repository";
            self.note(NoteKind::Unsupported, path, why.into());
            side.bytes =
                side.bytes.strip_prefix(b"Subproject commit ").unwrap_or(&side.bytes).trim_ascii().to_vec();
        }
        let changes_mode = file.old_mode.is_some_and(|old| old != mode);
        let renamed = file.old.as_ref().is_some_and(|old| old != path && !same_kind(old, path));
        let action = if file.old.as_ref() == Some(path) { Action::Update } else { Action::Create };
        if !side.fragment {
            self.patched.insert(path.clone(), Some(side.bytes.clone()));
        }
        let mut entry = Entry::new(path, role(path), action, Content::Bytes(side.bytes.into()));
        entry.mode = mode;
        entry.fragment = side.fragment;
        // What becomes executable, a link or another kind of file counts as a whole.
        entry.added = if changes_mode || renamed { None } else { side.added };
        self.entries.push(entry);
    }

    fn new_side(&mut self, file: &FileDiff<'_>, path: &str) -> Option<NewSide> {
        let Some(old) = &file.old else {
            let bytes = new_lines(&file.hunks).concat();
            return Some(NewSide { bytes, added: None, fragment: false });
        };
        if let Some(before) = self.before(old).filter(|_| !file.binary)
            && let Some((bytes, added)) = apply(&before, &file.hunks)
        {
            return Some(NewSide { bytes, added: Some(added), fragment: false });
        }
        // A diff of a work tree against its own commit: the file on disk is the new one already.
        if let Some(after) = self.before(path).filter(|_| !file.binary && !file.hunks.is_empty())
            && let Some(added) = applied_already(&after, &file.hunks)
        {
            return Some(NewSide { bytes: after, added: Some(added), fragment: false });
        }
        self.fragment(file, path)
    }

    fn before(&self, path: &str) -> Option<Vec<u8>> {
        match self.patched.get(path) {
            Some(known) => known.clone(),
            None => self.base.and_then(|base| base(path)),
        }
    }

    /// The hunks at their lines, blank lines between them.
    fn fragment(&mut self, file: &FileDiff<'_>, path: &str) -> Option<NewSide> {
        let (mut bytes, mut line, mut ranges) = (Vec::new(), 1u32, Vec::new());
        for hunk in &file.hunks {
            let Some(gap) = hunk.new_start.max(1).checked_sub(line) else {
                self.note(
                    NoteKind::NotChecked,
                    path,
                    format!("the hunks of the diff at line {} overlap", file.line),
                );
                return None;
            };
            self.padding = self.padding.saturating_add(gap as usize);
            if self.padding > MOST_PADDING {
                let why = "the diff's line numbers are too large to check without the files it changes";
                self.note(NoteKind::NotChecked, path, why.into());
                return None;
            }
            if gap > 0 && bytes.last().is_some_and(|last| *last != b'\n') {
                bytes.push(b'\n');
            }
            bytes.resize(bytes.len() + gap as usize, b'\n');
            line += gap;
            ranges.extend(added_ranges(hunk, line));
            for text in new_lines(std::slice::from_ref(hunk)) {
                bytes.extend_from_slice(text);
                line += 1;
            }
        }
        Some(NewSide { bytes, added: Some(Lines::new(ranges)), fragment: true })
    }

    fn binary(&mut self, path: &str) {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let known = !extension.is_empty() && BINARY.contains(&format!(" {extension} "));
        let kind = if known { NoteKind::Unsupported } else { NoteKind::NotChecked };
        self.note(
            kind,
            path,
            "is binary in the diff, so its content was not scanned; scan the file itself".into(),
        );
    }

    fn note(&mut self, kind: NoteKind, path: &str, message: String) {
        self.notes.push(Note::new(kind, path, message));
    }
}

/// The lines of the new side of some hunks.
fn new_lines<'a>(hunks: &[Hunk<'a>]) -> Vec<&'a [u8]> {
    let lines = hunks.iter().flat_map(|hunk| &hunk.lines);
    lines.filter(|(side, _)| *side != Side::Old).map(|(_, text)| *text).collect()
}

/// The lines that a hunk adds or brings by what it takes away, when its new side starts at `line`. Where nobody can tell
/// how far that reaches, all that follow.
fn added_ranges(hunk: &Hunk<'_>, mut line: u32) -> Vec<std::ops::Range<u32>> {
    let mut ranges = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let bring = |removed: &[&[u8]], added: &[&[u8]], line: u32| match exposed(removed, added, line) {
        Exposed::Nothing => None,
        Exposed::Lines(more) => Some(more),
        Exposed::Everything => Some(1..u32::MAX),
    };
    for (side, text) in &hunk.lines {
        match side {
            Side::New => {
                added.push(*text);
                ranges.push(line..line + 1);
            }
            Side::Old => {
                removed.push(*text);
                continue;
            }
            Side::Both => {
                ranges.extend(bring(&removed, &added, line));
                removed.clear();
                added.clear();
            }
        }
        line += 1;
    }
    ranges.extend(bring(&removed, &added, line));
    ranges
}

/// The file after the hunks, and the lines they add; `None` when one does not fit exactly where it says.
fn apply(before: &[u8], hunks: &[Hunk<'_>]) -> Option<(Vec<u8>, Lines)> {
    let lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut after, mut next, mut number, mut ranges) =
        (Vec::with_capacity(before.len()), 0usize, 1u32, Vec::new());
    for hunk in hunks {
        // An empty side names the line before it.
        let start = (hunk.old_start as usize).saturating_sub(usize::from(hunk.old_len > 0));
        for line in lines.get(next..start)? {
            after.extend_from_slice(line);
            number += 1;
        }
        next = start;
        ranges.extend(added_ranges(hunk, number));
        for (side, text) in &hunk.lines {
            if *side != Side::New {
                (lines.get(next) == Some(text)).then_some(())?;
                next += 1;
            }
            if *side != Side::Old {
                after.extend_from_slice(text);
                number += 1;
            }
        }
    }
    for line in lines.get(next..)? {
        after.extend_from_slice(line);
    }
    Some((after, Lines::new(ranges)))
}

/// The lines that the hunks added to a file that has them already.
fn applied_already(after: &[u8], hunks: &[Hunk<'_>]) -> Option<Lines> {
    let lines: Vec<&[u8]> = after.split_inclusive(|byte| *byte == b'\n').collect();
    let mut ranges = Vec::new();
    for hunk in hunks {
        let start = (hunk.new_start as usize).saturating_sub(usize::from(hunk.new_len > 0));
        let there = lines.get(start..start.checked_add(hunk.new_len as usize)?)?;
        (there == new_lines(std::slice::from_ref(hunk))).then_some(())?;
        ranges.extend(added_ranges(hunk, hunk.new_start));
    }
    Some(Lines::new(ranges))
}
