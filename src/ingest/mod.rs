//! bytes -> Submission: replies and prompts, diffs, git's index and ranges, trees, whole AI histories.
//!
//! A submission lists its pieces and where their bytes are; [`read`] reads one, when a worker is ready for it.

mod diff;
mod dotenv;
mod exposed;
mod front;
mod markdown;
mod python;

pub mod git;
pub mod history;
pub mod reply;
pub mod tree;

use std::sync::Arc;

use crate::artifact::{Digest, Entry, HashCheck, Original, Role};
use crate::finding::{Note, NoteKind};

pub use diff::{Base, files_below, patch};
pub(crate) use dotenv::Dotenv;
pub use reply::applied;

/// Reads one entry: its bytes become an [`Original`] with its fences. A note says why when it cannot be read.
pub fn read(entry: &Entry, limit: &u64) -> Result<Original, Note> {
    Ok(of_bytes(entry, bytes(entry, limit)?))
}

/// The bytes of one entry, as [`read`] takes them.
pub(crate) fn bytes(entry: &Entry, limit: &u64) -> Result<Arc<[u8]>, Note> {
    entry.bytes(*limit).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let hint: String = error.hints().iter().map(|hint| format!("; {hint}")).collect();
        Note::new(NoteKind::NotChecked, &entry.path, format!("{error}{cause}{hint}"))
    })
}

/// What [`read`] makes of an entry's bytes.
pub(crate) fn of_bytes(entry: &Entry, bytes: Arc<[u8]>) -> Original {
    let mut original = interpret(&entry.path, entry.role, bytes, &entry.prompts);
    original.action = entry.action;
    original.mode = entry.mode;
    original.added = entry.added.clone();
    original.fragment = entry.fragment;
    original.disk = entry.disk;
    original
}

/// An original with what Markdown says of it; code stays as it is.
fn interpret(path: &str, role: Role, bytes: Arc<[u8]>, prompts: &[(Digest, HashCheck)]) -> Original {
    let action = crate::artifact::Action::Inspect;
    if role == Role::Code {
        return Original::new(path, role, action, bytes);
    }
    let front = match role {
        Role::Prompt | Role::Reply => front::parse(&bytes, prompts),
        Role::Code | Role::Document => None,
    };
    let (head, body) =
        front.as_ref().map_or((0..0, 0..bytes.len()), |front| (front.range.clone(), front.body.clone()));
    let read = markdown::read(&bytes, &head, &body);
    let wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let mut original = Original::new(path, role, action, bytes);
    original.front = front;
    original.fences = read.fences;
    let partial = |why: String| Note::new(NoteKind::Partial, path, why);
    if let Some(why) = read.partial {
        original.notes.push(partial(format!(
            "{why}: its fences were read as weft-cli reads them, not as CommonMark; split the file"
        )));
    }
    if read.cut {
        let why = "it holds more than 50,000 fences: the rest was not read; split the file";
        original.notes.push(Note::new(NoteKind::NotChecked, path, why));
    }
    if wide {
        original.notes.push(partial("it is UTF-16: its fences were not looked for; save it as UTF-8".into()));
    }
    original
}
