//! Opening repositories, with a clear word for each kind that weft cannot work on.

use std::path::Path;
use std::time::Duration;

use git2::{ErrorClass, ErrorCode, Oid, Repository};

use super::durable;
use crate::error::{Error, ErrorKind, Result};

/// Opens the repository at `path`, which is its work tree or git directory.
pub(super) fn open(path: &Path) -> Result<Repository> {
    let name = path.display();
    let repository = Repository::open(path).map_err(|error| refused(&format!("{name}"), path, error))?;
    if repository.path().join("reftable").is_dir() || repository.commondir().join("reftable").is_dir() {
        return Err(format_error(&format!("{name}"), "reftable"));
    }
    Ok(repository)
}

fn refused(name: &str, path: &Path, error: git2::Error) -> Error {
    let settings = [path.join(".git/config"), path.join("config")];
    let text = settings.iter().find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let text = text.to_ascii_lowercase().replace([' ', '\t'], "");
    if text.contains("refstorage=reftable") {
        return format_error(name, "reftable");
    }
    if text.contains("objectformat=sha256") {
        return format_error(name, "SHA-256");
    }
    let missing = error.code() == ErrorCode::NotFound;
    let error =
        Error::new(ErrorKind::Repository, format!("cannot open the git repository {name}")).because(error);
    if missing { error.hint("is there one? `git init` makes one") } else { error }
}

fn format_error(name: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Repository,
        format!("the repository {name} is of the {what} format, which weft cannot read or write yet"),
    )
    .hint("`git init --object-format=sha1 --ref-format=files` makes one it can")
}

/// An error of git's, on what weft was about to do. Locks that somebody left behind are named.
pub(super) fn git(doing: impl Into<String>) -> impl FnOnce(git2::Error) -> Error {
    let doing = doing.into();
    move |error| {
        let locked = error.code() == ErrorCode::Locked || error.message().contains(".lock");
        let read_only = error.class() == ErrorClass::Os && error.message().contains("ermission");
        let ours = Error::new(ErrorKind::Repository, doing).because(error);
        match (locked, read_only) {
            (true, _) => ours.hint(
                "another git command is running, or one was killed and left its `.lock` file in the git directory: when none runs, remove that file and try again",
            ),
            (_, true) => ours.hint("weft needs to write to the git directory"),
            _ => ours,
        }
    }
}

/// Reads a hex id.
pub(super) fn oid(hex: &str) -> Result<Oid> {
    Oid::from_str(hex)
        .map_err(|error| Error::new(ErrorKind::Mismatch, "a commit id in the log is none").because(error))
}

/// What a ref points to; `None`: it does not exist.
pub(super) fn tip(repository: &Repository, name: &str) -> Result<Option<Oid>> {
    match repository.refname_to_id(name) {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(git(format!("cannot read {name}"))(error)),
    }
}

/// How often a ref that somebody else holds locked is tried again, and the pause between: a second in all.
const LOCKED: (u32, Duration) = (100, Duration::from_millis(10));

/// Moves a ref from `from` (`None`: it must not exist) to `to`. `false`: it is elsewhere by now. The commit is on disk before
/// the ref names it, and the ref before this returns.
pub(super) fn compare_and_swap(
    repository: &Repository,
    name: &str,
    from: Option<Oid>,
    to: Oid,
    why: &str,
) -> Result<bool> {
    durable::sync_commit(repository, to)?;
    let mut tries = 0;
    loop {
        let moved = match from {
            Some(from) => repository.reference_matching(name, to, true, from, why),
            None => repository.reference(name, to, false, why),
        };
        match moved {
            Ok(_) => {
                durable::sync_ref(repository, name)?;
                return Ok(true);
            }
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::Exists) => {
                return Ok(false);
            }
            Err(error) if error.code() == ErrorCode::NotFound && from.is_some() => return Ok(false),
            // Somebody is writing this very ref; whoever was killed while writing never lets go.
            Err(error) if error.code() == ErrorCode::Locked && tries < LOCKED.0 => {
                tries += 1;
                std::thread::sleep(LOCKED.1);
            }
            Err(error) => return Err(git(format!("cannot move {name}"))(error)),
        }
    }
}

/// The id of the first commit that `commit` goes back to, first parents only: the same in every clone.
pub(super) fn identity(repository: &Repository, commit: Oid) -> Result<String> {
    if repository.is_shallow() {
        return Err(Error::new(
            ErrorKind::Repository,
            "the repository is a shallow clone: its first commit is not here",
        )
        .hint("`git fetch --unshallow`, or `fetch-depth: 0` in a workflow"));
    }
    let failed = || git("cannot walk to the first commit");
    let mut commit = repository.find_commit(commit).map_err(failed())?;
    while commit.parent_count() > 0 {
        commit = commit.parent(0).map_err(failed())?;
    }
    Ok(commit.id().to_string())
}
