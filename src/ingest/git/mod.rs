//! git's objects -> Submission and Subject: the index, ranges, trees at a commit. Only blobs are read, never the files of
//! the work tree. With `history/` the one place that names git2.

mod change;
mod fate;
mod past;
mod project;
mod snapshot;
mod subject;
mod tracking;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{Commit, ErrorCode, FileMode, Oid, Repository, Tree};

use crate::artifact::{Content, Mode, Store};
use crate::error::{Error, ErrorKind, Result};

pub use change::{commits, proposed, range, staged};
pub use fate::Fate;
pub use past::{Bounds, Moment, Past, Piece, Reach, passing, past};
pub use project::{Identity, Standpoint, directory, fetch_approvals, hooks_folder, identity, standpoint};
pub(crate) use snapshot::blob_id;
pub use snapshot::{baseline, blob_at, snapshot, symlinks};
pub use subject::{changes, reply_changes, staged_changes};
pub use tracking::track;

/// The base of a root commit: no commit has this id.
pub const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// The work tree's folder of the repository that `dir` lies in, without links; of a bare repository its own folder.
pub fn root(dir: &Path) -> Result<PathBuf> {
    let repo = open(dir)?;
    let root = repo.workdir().unwrap_or_else(|| repo.path());
    Ok(root.canonicalize().unwrap_or_else(|_| root.to_owned()))
}

/// The full id of the commit that `revision` names. Errors: nothing of that name (kind `Usage`).
pub fn resolve(dir: &Path, revision: &str) -> Result<String> {
    Ok(commit(&open(dir)?, revision)?.id().to_string())
}

/// The full id of a commit's first parent; `None` for a first commit.
pub fn first_parent(dir: &Path, revision: &str) -> Result<Option<String>> {
    let repo = open(dir)?;
    let only = commit(&repo, revision)?;
    if only.parent_count() == 0 {
        return Ok(None);
    }
    let parent = only.parent_id(0).map_err(failed("reading the parent commit"))?;
    Ok(Some(parent.to_string()))
}

/// Opens the repository that `dir` lies in.
fn open(dir: &Path) -> Result<Repository> {
    Repository::discover(dir).map_err(|error| {
        let name = dir.display();
        let failed = |what: String| Error::new(ErrorKind::Repository, what);
        let text = error.message().to_lowercase();
        if error.code() == ErrorCode::NotFound {
            failed(format!("{name} is not inside a git repository"))
                .hint("run it inside one, or scan files with `weft scan PATH`")
        } else if text.contains("refstorage") || text.contains("reftable") {
            failed(format!(
                "{name} is a git repository that keeps its refs in a reftable, which weft cannot read"
            ))
            .hint("convert it with `git refs migrate --ref-format=files`")
        } else if text.contains("objectformat") || text.contains("object format") || text.contains("sha256") {
            failed(format!("{name} is a SHA-256 git repository, which weft cannot read"))
                .hint("use a SHA-1 repository, or pipe `git diff` into `weft scan --patch -`")
        } else if error.code() == ErrorCode::Owner {
            failed(format!("{name} belongs to another user, so its settings are not trusted"))
                .hint("`git config --global --add safe.directory FOLDER` trusts it")
        } else {
            failed(format!("cannot open the git repository at {name}")).because(error)
        }
    })
}

/// The commit that `revision` names.
fn commit<'repo>(repo: &'repo Repository, revision: &str) -> Result<Commit<'repo>> {
    let found = repo.revparse_single(revision).and_then(|object| object.peel_to_commit());
    found.map_err(|error| {
        if matches!(repo.head().map_err(|error| error.code()), Err(ErrorCode::UnbornBranch)) {
            return Error::new(
                ErrorKind::Repository,
                format!("the repository has no commit yet, so no `{revision}`"),
            )
            .because(error)
            .hint("make a first commit, or scan the index with `--staged`");
        }
        let unknown =
            Error::new(ErrorKind::Usage, format!("`{revision}` names no commit of this repository"));
        shallow(repo, unknown.because(error)).hint("`git log --oneline --all` lists commits")
    })
}

/// Adds what helps when history is cut off.
fn shallow(repo: &Repository, error: Error) -> Error {
    if repo.is_shallow() {
        error.hint("the clone is shallow: `git fetch --unshallow`, or `fetch-depth: 0` in CI")
    } else {
        error
    }
}

/// An error of git while doing `what`.
fn failed(what: &str) -> impl Fn(git2::Error) -> Error {
    move |error| Error::new(ErrorKind::Repository, format!("git: {what} failed")).because(error)
}

/// The tree of HEAD; `None` before the first commit.
fn head_tree(repo: &Repository) -> Result<Option<Tree<'_>>> {
    match repo.head() {
        Ok(head) => head.peel_to_tree().map(Some).map_err(failed("reading the tree of HEAD")),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(failed("reading HEAD")(error)),
    }
}

fn mode(mode: FileMode) -> Mode {
    Mode::from_bits(mode.into())
}

/// A path as git stores it; one that is no UTF-8 shows replacement characters.
fn path_text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// The blobs of a repository, read when a worker asks. Each worker that reads at the same time has it open for itself.
struct Blobs {
    folder: PathBuf,
    idle: Mutex<Vec<Repository>>,
}

impl Blobs {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Repository>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Blobs {
    fn read(&self, id: &str, limit: u64) -> Result<Vec<u8>> {
        let idle = self.idle().pop();
        let repo = idle.map_or_else(|| open(&self.folder), Ok)?;
        let bytes = read_blob(&repo, id, limit);
        self.idle().push(repo);
        bytes
    }
}

fn read_blob(repo: &Repository, id: &str, limit: u64) -> Result<Vec<u8>> {
    let missing = |error| shallow(repo, failed(&format!("reading the blob {id}"))(error));
    let oid = Oid::from_str(id).map_err(missing)?;
    let (length, _) = repo.odb().and_then(|odb| odb.read_header(oid)).map_err(missing)?;
    if length as u64 > limit {
        let what = format!("the blob {id} holds {length} bytes, the limit is {limit}");
        return Err(Error::new(ErrorKind::Io, what)
            .hint("raise `[limits] file-bytes` in weft.toml, or exclude the file there"));
    }
    Ok(repo.find_blob(oid).map_err(missing)?.content().to_vec())
}

/// The store of the repository that `dir` lies in.
fn store(dir: &Path) -> Result<Arc<dyn Store>> {
    let repo = open(dir)?;
    Ok(Arc::new(Blobs { folder: repo.commondir().to_path_buf(), idle: Mutex::new(vec![repo]) }))
}

/// Where the bytes of a tree's or index's entry are: a submodule's are the id itself.
fn content(store: &Arc<dyn Store>, mode: Mode, id: Oid) -> Content {
    match mode {
        Mode::Submodule => Content::Bytes(id.to_string().into_bytes().into()),
        _ => Content::Stored(store.clone(), id.to_string()),
    }
}

#[cfg(test)]
mod tests;
