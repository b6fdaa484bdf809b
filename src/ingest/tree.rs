//! Files and folders of a disk -> Submission, as the `ignore` crate walks: .gitignore honoured, nothing else of the
//! machine's settings, no symbolic link followed out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::artifact::{Action, Content, Entry, Mode, Origin, Provenance, Role, Submission};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Note, NoteKind};
use crate::ingest::{front, history, reply};

/// Lists `paths` (taken from `root` when relative), at most `most` files, without what `exclude` names as .gitignore
/// patterns of `root`. Errors: a path is not there (kind `Usage`), a pattern is wrong (kind `Settings`). What cannot be
/// read becomes a note.
pub fn walk(paths: &[PathBuf], root: &Path, exclude: &[String], most: usize) -> Result<Submission> {
    let mut walk = Walk {
        root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
        given: root.to_owned(),
        exclude: patterns(root, exclude)?,
        most,
        full: false,
        entries: BTreeMap::new(),
        notes: Vec::new(),
        prompts: history::Prompts::default(),
    };
    for path in paths {
        walk.add(path)?;
    }
    Ok(walk.finish(paths))
}

/// Threads that list a tree: more wait for the disk and each other.
const THREADS: usize = 2;

/// What a walk met, with the mode of a file.
struct Met {
    entry: std::result::Result<DirEntry, ignore::Error>,
    mode: Option<(Mode, bool)>,
}

impl Met {
    fn new(entry: std::result::Result<DirEntry, ignore::Error>) -> Self {
        let file = entry.as_ref().ok().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let mode = file.map(|entry| mode_of(entry.path()));
        Met { entry, mode }
    }

    /// The path as bytes: in which order does not matter, only that it is always the same.
    fn bytes(&self) -> &[u8] {
        let path = match &self.entry {
            Ok(entry) => Some(entry.path()),
            Err(error) => path_of(error),
        };
        path.map_or(&[], |path| path.as_os_str().as_encoded_bytes())
    }
}

struct Walk {
    /// Without links.
    root: PathBuf,
    /// As the caller named it.
    given: PathBuf,
    exclude: Gitignore,
    most: usize,
    full: bool,
    entries: BTreeMap<String, Entry>,
    notes: Vec<Note>,
    prompts: history::Prompts,
}

impl Walk {
    /// One path of the command line.
    fn add(&mut self, path: &Path) -> Result<()> {
        // Without `.` components, which the patterns of `exclude` do not see through.
        let disk: PathBuf = self.given.join(path).components().collect();
        let shown = self.shown(&disk);
        let metadata = match std::fs::metadata(&disk) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && disk.symlink_metadata().is_err() => {
                return Err(Error::new(ErrorKind::Usage, format!("{shown}: no such file or folder"))
                    .hint("name files or folders that are there, or `-` for standard input"));
            }
            Err(error) => {
                self.note(NoteKind::NotChecked, shown, format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let link = disk.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if link && !disk.canonicalize().is_ok_and(|target| target.starts_with(&self.root)) {
            let why = "is a symbolic link that leads out of the scanned folder; name its target instead";
            self.note(NoteKind::NotChecked, shown, why.into());
        } else if metadata.is_dir() {
            self.folder(&disk);
        } else if metadata.is_file() {
            self.file(&disk, true, None);
        } else {
            self.note(NoteKind::Unsupported, shown, "is no regular file".into());
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) {
        let exclude = self.exclude.clone();
        // Ignore files above the folder count only inside a repository, where they are part of it.
        let in_git = self.root.ancestors().any(|above| above.join(".git").exists());
        let walker = WalkBuilder::new(folder)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .parents(in_git)
            .require_git(false)
            .follow_links(false)
            .filter_entry(move |entry| {
                let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                // The named folder itself is scanned whatever is excluded; what is below it goes by its own path.
                let named = entry.depth() == 0;
                named || entry.file_name() != ".git" && !is_excluded(&exclude, entry.path(), folder)
            })
            .threads(THREADS)
            .build_parallel();
        let (listed, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        let most = self.most.saturating_sub(self.entries.len()).saturating_mul(2).saturating_add(1024);
        walker.run(|| {
            Box::new(|found| {
                let found = Met::new(found);
                let mut listed = listed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                listed.push(found);
                if listed.len() < most {
                    return WalkState::Continue;
                }
                over.store(true, Ordering::Relaxed);
                WalkState::Quit
            })
        });
        let mut listed = listed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Threads meet files in any order; what is noted and what is left out must not depend on it.
        listed.sort_by(|one, other| one.bytes().cmp(other.bytes()));
        for met in listed {
            if self.full {
                return;
            }
            match met.entry {
                Ok(entry) => self.found(&entry, met.mode),
                Err(error) => self.failed(&error, folder),
            }
        }
        if over.into_inner() && !self.full {
            self.over();
        }
    }

    fn found(&mut self, found: &DirEntry, mode: Option<(Mode, bool)>) {
        if let Some(error) = found.error() {
            let why = format!("holds a pattern that was not understood: {}", inner(error));
            self.note(NoteKind::Info, self.shown(found.path()), why);
        }
        match found.file_type() {
            Some(kind) if kind.is_dir() || found.depth() == 0 => {}
            Some(kind) if kind.is_symlink() => self.link(found.path()),
            Some(kind) if kind.is_file() => self.file(found.path(), false, mode),
            _ => self.note(NoteKind::Unsupported, self.shown(found.path()), "is no regular file".into()),
        }
    }

    fn file(&mut self, disk: &Path, named: bool, mode: Option<(Mode, bool)>) {
        let shown = self.shown(disk);
        let full = self.root.join(&shown);
        let full = if shown.contains("..") { full.canonicalize().unwrap_or(full) } else { full };
        let full_path = full.to_string_lossy().replace('\\', "/");
        let place = history::place(&full_path);
        let name = full_path.rsplit('/').next().unwrap_or_default();
        if place.is_some() && history::in_flight(name) {
            let why = "is in flight: an agent is writing it, or died; scanned as it stands";
            self.note(NoteKind::Info, shown.clone(), why.into());
        }
        let role = match place.and_then(|place| place.role) {
            Some(role) => role,
            None if named => named_role(name, disk),
            None if is_markdown(name) || place.is_some() => Role::Document,
            None => Role::Code,
        };
        let mut entry = Entry::new(shown, role, Action::Inspect, Content::Disk(disk.to_owned()));
        (entry.mode, entry.disk.readable_by_others) = mode.unwrap_or_else(|| mode_of(disk));
        if role == Role::Reply && place.is_some() {
            entry.prompts = self.prompts.beside(disk);
        }
        self.insert(entry);
    }

    fn link(&mut self, disk: &Path) {
        match std::fs::read_link(disk) {
            Ok(target) => {
                let content = Content::Bytes(target.to_string_lossy().as_bytes().into());
                let mut entry = Entry::new(self.shown(disk), Role::Code, Action::Inspect, content);
                entry.mode = Mode::Symlink;
                self.insert(entry);
            }
            Err(error) => {
                self.note(NoteKind::NotChecked, self.shown(disk), format!("cannot be read: {error}"))
            }
        }
    }

    fn insert(&mut self, entry: Entry) {
        if self.entries.len() >= self.most && !self.entries.contains_key(&entry.path) {
            self.over();
            return;
        }
        // A file that is named keeps the role that naming gave it.
        match self.entries.get(&entry.path) {
            Some(known) if known.role != Role::Document => {}
            _ => drop(self.entries.insert(entry.path.clone(), entry)),
        }
    }

    fn over(&mut self) {
        self.full = true;
        let why = format!("more than {} files: the rest was not scanned; raise `[limits] files`", self.most);
        self.note(NoteKind::NotChecked, String::new(), why);
    }

    fn failed(&mut self, error: &ignore::Error, folder: &Path) {
        let path = path_of(error).unwrap_or(folder);
        self.note(NoteKind::NotChecked, self.shown(path), format!("cannot be read: {}", inner(error)));
    }

    fn note(&mut self, kind: NoteKind, path: String, message: String) {
        self.notes.push(Note::new(kind, path, message));
    }

    /// The path as reports show it: relative to the root, with `/` between components.
    fn shown(&self, disk: &Path) -> String {
        let relative =
            disk.strip_prefix(&self.given).or_else(|_| disk.strip_prefix(&self.root)).unwrap_or(disk);
        let parts: PathBuf =
            relative.components().filter(|part| *part != std::path::Component::CurDir).collect();
        let shown = parts.to_string_lossy().into_owned();
        if cfg!(windows) { shown.replace('\\', "/") } else { shown }
    }

    fn finish(mut self, paths: &[PathBuf]) -> Submission {
        self.notes.sort();
        self.notes.dedup();
        let symlinks = self
            .entries
            .values()
            .filter(|entry| entry.mode == Mode::Symlink)
            .map(|entry| entry.path.clone())
            .collect();
        let entries: Vec<Entry> = self.entries.into_values().collect();
        let whole_history = matches!(paths, [path] if history::is_history(&self.given.join(path)));
        let provenance = match entries.as_slice() {
            [only] if matches!(only.role, Role::Prompt | Role::Reply) => provenance(only),
            _ => Provenance::default(),
        };
        let origin = match entries.as_slice() {
            _ if whole_history => Origin::History,
            [only] if matches!(only.role, Role::Prompt | Role::Reply) => Origin::Reply,
            _ => Origin::Tree,
        };
        Submission { origin, entries, notes: self.notes, provenance, symlinks, around: Vec::new() }
    }
}

/// What a file that the command line names is: Markdown is an agent's reply, unless it says that it is a prompt.
fn named_role(name: &str, disk: &Path) -> Role {
    if history::is_prompt(name) {
        return Role::Prompt;
    }
    if !is_markdown(name) {
        return Role::Code;
    }
    let mut head = Vec::new();
    // One that cannot be read now cannot be read later either, and is noted then.
    let read = std::fs::File::open(disk)
        .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, 32 * 1024), &mut head));
    match read.ok().and_then(|_| front::parse(&head, &[])) {
        Some(front) => reply::role_of(&front),
        None => Role::Reply,
    }
}

fn provenance(entry: &Entry) -> Provenance {
    let Content::Disk(disk) = &entry.content else { return Provenance::default() };
    let head = entry.bytes(u64::MAX).ok();
    let mut made = head
        .and_then(|bytes| front::parse(&bytes, &[]))
        .map(|front| reply::provenance(&front))
        .unwrap_or_default();
    let full = disk.canonicalize().unwrap_or_else(|_| disk.clone());
    let full = full.to_string_lossy().replace('\\', "/");
    if let Some(place) = history::place(&full) {
        made.feature.get_or_insert_with(|| place.feature.to_owned());
        made.agent.get_or_insert_with(|| place.agent.to_owned());
    }
    made
}

/// Takes what `exclude` names as .gitignore patterns out of a submission that [`walk`] did not make, and says how much.
/// Errors: a pattern is wrong (kind `Settings`).
pub fn exclude(submission: &mut Submission, exclude: &[String]) -> Result<()> {
    let patterns = patterns(Path::new(""), exclude)?;
    let before = submission.entries.len();
    let out =
        |path: &str| patterns.matched_path_or_any_parents(path.trim_start_matches('/'), false).is_ignore();
    submission.entries.retain(|entry| !out(&entry.path));
    submission.around.retain(|entry| !out(&entry.path));
    submission.notes.retain(|note| note.path.is_empty() || !out(&note.path));
    match before - submission.entries.len() {
        0 => {}
        left_out => {
            let files = if left_out == 1 { "file is" } else { "files are" };
            let why = format!("{left_out} changed {files} excluded by weft.toml");
            submission.notes.push(Note::new(NoteKind::Info, "", why));
        }
    }
    Ok(())
}

/// What a path of a tree is, when nobody named it.
pub(super) fn role(path: &str) -> Role {
    match history::place(path).and_then(|place| place.role) {
        Some(role) => role,
        None if is_markdown(path) => Role::Document,
        None => Role::Code,
    }
}

/// Whether a rename keeps the kind of file and its folder of the top level, so that what it was checked as still holds.
pub(super) fn same_kind(old: &str, new: &str) -> bool {
    let extension = |path: &str| Path::new(path).extension().map(|extension| extension.to_ascii_lowercase());
    let top = |path: &str| path.split_once('/').map(|(top, _)| top.to_owned());
    extension(old) == extension(new) && top(old) == top(new)
}

/// Whether a name is that of a Markdown file.
fn is_markdown(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("md" | "markdown" | "mdx" | "mdown"))
}

pub(super) fn patterns(root: &Path, exclude: &[String]) -> Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root);
    let wrong = |pattern: &str, error: ignore::Error| {
        Error::new(
            ErrorKind::Settings,
            format!("`exclude` holds `{pattern}`, which is no .gitignore pattern"),
        )
        .because(error)
    };
    for pattern in exclude {
        builder.add_line(None, pattern).map_err(|error| wrong(pattern, error))?;
    }
    builder.build().map_err(|error| wrong("", error))
}

fn is_excluded(exclude: &Gitignore, path: &Path, folder: bool) -> bool {
    // The call panics for a path outside its root.
    let inside = path.strip_prefix(exclude.path()).is_ok();
    inside && exclude.matched(path, folder).is_ignore()
}

/// The mode git would write, and whether the group or others may read the file.
#[cfg(unix)]
fn mode_of(disk: &Path) -> (Mode, bool) {
    use std::os::unix::fs::PermissionsExt as _;
    let bits = std::fs::metadata(disk).map_or(0, |metadata| metadata.permissions().mode());
    (if bits & 0o100 != 0 { Mode::Executable } else { Mode::File }, bits & 0o044 != 0)
}

#[cfg(not(unix))]
fn mode_of(_disk: &Path) -> (Mode, bool) {
    (Mode::File, false)
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// The cause alone, without the machine's path before it.
fn inner(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => inner(err),
        ignore::Error::Partial(errors) => errors.first().map(inner).unwrap_or_default(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
