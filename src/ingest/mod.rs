//! bytes -> Submission: replies and prompts, diffs, git's index and ranges, trees, whole AI histories.

use crate::artifact::{Entry, Original};
use crate::finding::{Note, NoteKind};

/// Reads one entry: its bytes become an [`Original`] with its fences. A note says why when it cannot be read.
pub fn read(entry: &Entry, limit: &u64) -> Result<Original, Note> {
    let bytes = entry
        .bytes(*limit)
        .map_err(|error| Note::new(NoteKind::NotChecked, &entry.path, error.to_string()))?;
    let mut original = Original::new(&entry.path, entry.role, entry.action, bytes);
    original.mode = entry.mode;
    original.added = entry.added.clone();
    original.fragment = entry.fragment;
    Ok(original)
}
