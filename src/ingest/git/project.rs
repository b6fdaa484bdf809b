//! What git knows of a project beside its commits: where its directories are, and who its user is.

use std::path::{Path, PathBuf};

use super::open;
use crate::error::{Error, ErrorKind, Result};

/// Who commits here, as git's own settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `user.name`
    pub name: Option<String>,
    /// `user.email`
    pub email: Option<String>,
    /// `user.signingkey`: a file, or a public key itself (`key::ssh-ed25519 ...`).
    pub signing_key: Option<String>,
    /// `gpg.format`: weft signs with "ssh".
    pub format: Option<String>,
}

/// The git directory that all work trees of a repository share: what weft keeps there is never pushed.
pub fn directory(root: &Path) -> Result<PathBuf> {
    Ok(open(root)?.commondir().to_path_buf())
}

/// The folder git runs hooks from: `core.hooksPath`, else `hooks` of the git directory.
pub fn hooks_folder(root: &Path) -> Result<PathBuf> {
    let repository = open(root)?;
    let set = repository.config().and_then(|config| config.get_path("core.hooksPath")).ok();
    Ok(match set {
        Some(folder) if folder.is_absolute() => folder,
        Some(folder) => repository.workdir().unwrap_or(root).join(folder),
        None => repository.commondir().join("hooks"),
    })
}

/// Who commits here.
pub fn identity(root: &Path) -> Result<Identity> {
    let config = open(root)?.config().map_err(|error| cannot("read git's settings of", root, error))?;
    let text = |name: &str| config.get_string(name).ok().filter(|text| !text.is_empty());
    Ok(Identity {
        name: text("user.name"),
        email: text("user.email"),
        signing_key: text("user.signingkey"),
        format: text("gpg.format"),
    })
}

/// Where a work tree stands: what a report says of its source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standpoint {
    /// The commit of HEAD.
    pub commit: Option<String>,
    /// The branch of HEAD, in full.
    pub branch: Option<String>,
    /// The web address of the remote `origin`, without credentials.
    pub repository: Option<String>,
}

/// Where HEAD stands, as far as it is known; a repository without a commit has none.
pub fn standpoint(root: &Path) -> Result<Standpoint> {
    let repository = open(root)?;
    let head = repository.head().ok();
    let branch =
        head.as_ref().filter(|head| head.is_branch()).and_then(|head| head.name().ok().map(str::to_owned));
    let commit = head.and_then(|head| head.peel_to_commit().ok()).map(|commit| commit.id().to_string());
    let origin = repository.find_remote("origin").ok();
    let address = origin.and_then(|origin| origin.url().ok().and_then(web_address));
    Ok(Standpoint { commit, branch, repository: address })
}

/// "https://host/path" of a remote's address; `None` for a path of this machine.
fn web_address(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.to_owned(),
        Some(_) => return None,
        // scp's form: git@host:path
        None => url.split_once('@')?.1.replacen(':', "/", 1),
    };
    let rest = rest.split_once('@').map_or(rest.as_str(), |(_, host)| host);
    Some(format!("https://{}", rest.trim_end_matches('/').trim_end_matches(".git")))
}

/// Adds the refspec that brings approvals along to every remote that lacks it, and returns the remotes it was added
/// to. It never forces: a log that does not go forward is git's error to report.
pub fn fetch_approvals(root: &Path) -> Result<Vec<String>> {
    const REFSPEC: &str = "refs/weft/*:refs/weft/*";
    let repository = open(root)?;
    let failed = |error| cannot("add a refspec to a remote of", root, error);
    let mut added = Vec::new();
    for name in repository.remotes().map_err(failed)?.iter().flatten().flatten() {
        let remote = repository.find_remote(name).map_err(failed)?;
        let there = remote.refspecs().any(|refspec| refspec.str().ok() == Some(REFSPEC));
        if !there {
            repository.remote_add_fetch(name, REFSPEC).map_err(failed)?;
            added.push(name.to_owned());
        }
    }
    Ok(added)
}

fn cannot(what: &str, root: &Path, error: git2::Error) -> Error {
    Error::new(ErrorKind::Repository, format!("cannot {what} {}", root.display())).because(error)
}
