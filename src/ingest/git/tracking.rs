//! What git's index says of the files of a work tree: which of those that hold secrets it tracks, and which it would
//! take with the next `git add`.

use std::path::{Path, PathBuf};

use git2::{Index, Repository};

use super::change::index_of;
use super::snapshot::inside;
use super::{content, open, path_text, store};
use crate::artifact::{Action, Content, Entry, Mode, Submission};
use crate::error::Result;
use crate::ingest::dotenv::{Dotenv, holds_key};
use crate::ingest::tree::{patterns, role};

/// Fills in [`crate::artifact::OnDisk`] of the files of a submission whose paths are relative to `dir`, where their name
/// is one of settings or keys. Settings files that the index holds though an ignore file hides them from a walk of
/// `paths` are added: the index counts. `exclude` are the .gitignore patterns of the settings.
pub fn track(dir: &Path, paths: &[PathBuf], exclude: &[String], submission: &mut Submission) -> Result<()> {
    let repo = open(dir)?;
    let (Some(root), Ok(here)) =
        (repo.workdir().and_then(|root| root.canonicalize().ok()), dir.canonicalize())
    else {
        return Ok(());
    };
    let Ok(prefix) = here.strip_prefix(&root) else { return Ok(()) };
    let index = index_of(&repo)?;
    for entry in &mut submission.entries {
        let keeps = Dotenv::of(&entry.path).is_some() || holds_key(&entry.path);
        if let (true, Some(path)) = (keeps && on_disk(entry), inside(prefix, &entry.path)) {
            entry.disk.tracked = Some(is_tracked(&index, &path));
            entry.disk.ignored = repo.is_path_ignored(Path::new(&path)).unwrap_or(false);
        }
    }
    let hidden = hidden(&repo, &index, prefix, paths, exclude, submission)?;
    submission.entries.extend(hidden);
    submission.entries.sort_by(|one, two| (&one.path, one.action).cmp(&(&two.path, two.action)));
    Ok(())
}

fn on_disk(entry: &Entry) -> bool {
    matches!(entry.content, Content::Disk(_))
}

fn is_tracked(index: &Index, path: &str) -> bool {
    // A path in conflict has stages 1 to 3 and no stage 0.
    (0..4).any(|stage| index.get_path(Path::new(path), stage).is_some())
}

/// Settings files of the index that the walk did not meet, as the index has them.
fn hidden(
    repo: &Repository,
    index: &Index,
    prefix: &Path,
    paths: &[PathBuf],
    exclude: &[String],
    submission: &Submission,
) -> Result<Vec<Entry>> {
    let exclude = patterns(Path::new(""), exclude)?;
    let walked: Vec<Option<String>> =
        paths.iter().map(|path| inside(prefix, &path.to_string_lossy().replace('\\', "/"))).collect();
    let below = |path: &str| {
        walked.iter().flatten().any(|folder| {
            folder.is_empty() || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let store = store(repo.commondir())?;
    let mut found = Vec::new();
    for one in index.iter().filter(|one| one.flags & 0x3000 == 0) {
        let path = path_text(Some(&one.path));
        let mode = Mode::from_bits(one.mode);
        if Dotenv::of(&path).is_none() || !matches!(mode, Mode::File | Mode::Executable) || !below(&path) {
            continue;
        }
        let Ok(shown) = Path::new(&path).strip_prefix(prefix) else { continue };
        let shown = shown.to_string_lossy().replace('\\', "/");
        let excluded = exclude.matched_path_or_any_parents(&shown, false).is_ignore();
        if excluded || submission.entries.iter().any(|entry| entry.path == shown) {
            continue;
        }
        let mut entry = Entry::new(&shown, role(&path), Action::Inspect, content(&store, mode, one.id));
        entry.mode = mode;
        entry.disk.tracked = Some(true);
        entry.disk.ignored = true;
        found.push(entry);
    }
    Ok(found)
}
