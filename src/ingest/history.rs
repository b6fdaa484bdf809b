//! The layout of weft-cli's AI history: `<feature>/<agent>/{in,out,log}/`, its file names and what they say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{Digest, Entry, HashCheck, Origin, Role, Submission};
use crate::error::Result;
use crate::ingest::{front, git, tree};

/// The longest prompt whose hash is compared.
const LONGEST_PROMPT: u64 = 16 * 1024 * 1024;

/// What a path inside an AI history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The feature's folder.
    pub feature: &'a str,
    /// The agent's folder.
    pub agent: &'a str,
    /// What the file is; `None` for one that is neither prompt nor result.
    pub role: Option<Role>,
}

/// Where `path` (with `/`) stands in an AI history; `None` when it does not end in `<feature>/<agent>/{in,out}/<file>`.
pub fn place(path: &str) -> Option<Place<'_>> {
    let mut parts = path.rsplit('/');
    let (file, side, agent, feature) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !front::is_feature(feature) || !front::is_agent(agent) {
        return None;
    }
    let role = match side {
        "in" => is_prompt(file).then_some(Role::Prompt),
        "out" => is_result(file).then_some(Role::Reply),
        _ => return None,
    };
    Some(Place { feature, agent, role })
}

/// Whether a file name is a prompt's: `*_prompt.md`, `*_prompt_v2.md`, and once processed `.processed`.
pub fn is_prompt(file: &str) -> bool {
    if file.ends_with(".processed") {
        return true;
    }
    let Some(stem) = file.strip_suffix(".md") else { return false };
    let numbered = stem
        .rsplit_once("_v")
        .filter(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    numbered.map_or(stem, |(stem, _)| stem).ends_with("_prompt")
}

/// Whether a file name is a result's.
pub fn is_result(file: &str) -> bool {
    file.ends_with("_result.md")
}

/// Whether a file of the history is still being written.
pub(super) fn in_flight(file: &str) -> bool {
    file.starts_with("tmp") && file.ends_with(".tmp")
}

/// The time in the name of a prompt or result, `20260114_224107_123456`: what orders them, since a checkout scrambles
/// the times of files.
pub fn time_of(file: &str) -> Option<&str> {
    let time = file.get(..22)?;
    let shaped = time.bytes().enumerate().all(|(at, byte)| match at {
        8 | 15 => byte == b'_',
        _ => byte.is_ascii_digit(),
    });
    (shaped && file[22..].starts_with('_')).then_some(time)
}

/// Whether `folder` looks like an AI history: it holds some `<feature>/<agent>/{in,out}/`.
pub fn is_history(folder: &Path) -> bool {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let read = std::fs::read_dir(path).into_iter().flatten().flatten();
        read.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect()
    };
    let named = |path: &PathBuf, valid: fn(&str) -> bool| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(valid)
    };
    let features = folders(folder).into_iter().filter(|path| named(path, front::is_feature));
    let mut agents =
        features.flat_map(|feature| folders(&feature)).filter(|path| named(path, front::is_agent));
    agents.any(|agent| agent.join("in").is_dir() && agent.join("out").is_dir())
}

/// A whole AI history: a folder in upstream's layout as it stands on disk, or a bare repository at its HEAD. Within an
/// agent's folder the order of paths is that of the times in their names. `most` bounds the number of files.
pub fn read(folder: &Path, most: usize) -> Result<Submission> {
    let bare = folder.join("objects").is_dir() && folder.join("HEAD").is_file();
    let mut submission =
        if bare { git::snapshot(folder, "HEAD")? } else { tree::walk(&[".".into()], folder, &[], most)? };
    submission.origin = Origin::History;
    Ok(submission)
}

/// The latest result of an agent among `entries`, by the time in its name.
pub fn latest<'a>(entries: &'a [Entry], feature: &str, agent: &str) -> Option<&'a Entry> {
    let of_agent = |entry: &&Entry| {
        place(&entry.path).is_some_and(|place| {
            (place.feature, place.agent, place.role) == (feature, agent, Some(Role::Reply))
        })
    };
    let time = |entry: &&Entry| entry.path.rsplit('/').next().and_then(time_of).map(str::to_owned);
    entries.iter().filter(of_agent).filter(|entry| time(entry).is_some()).max_by_key(time)
}

/// The digests of the prompts of each agent, read once.
#[derive(Default)]
pub(super) struct Prompts {
    known: BTreeMap<PathBuf, Arc<[(Digest, HashCheck)]>>,
}

impl Prompts {
    /// The digests of the prompts that stand beside a result on disk: those of `../in/`.
    pub(super) fn beside(&mut self, result: &Path) -> Arc<[(Digest, HashCheck)]> {
        let Some(agent) = result.parent().and_then(Path::parent) else { return Arc::new([]) };
        if let Some(known) = self.known.get(agent) {
            return known.clone();
        }
        let mut digests: Vec<(Digest, HashCheck)> = Vec::new();
        for entry in std::fs::read_dir(agent.join("in")).into_iter().flatten().flatten() {
            let small =
                entry.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LONGEST_PROMPT);
            if small && entry.file_name().to_str().is_some_and(is_prompt) {
                digests
                    .extend(std::fs::read(entry.path()).map(|bytes| of_prompt(&bytes)).unwrap_or_default());
            }
        }
        digests.sort();
        let digests: Arc<[_]> = digests.into();
        self.known.insert(agent.to_owned(), digests.clone());
        digests
    }
}

/// The digests a result may record of a prompt's text.
pub(super) fn of_prompt(bytes: &[u8]) -> Vec<(Digest, HashCheck)> {
    let body = front::parse(bytes, &[]).map_or(0..bytes.len(), |front| front.body);
    front::digests(&bytes[body])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_prompts_and_results() {
        for name in ["user-auth_prompt_v1.md", "20260114_224107_123456_prompt.md", "a_prompt_v12.processed"] {
            assert!(is_prompt(name), "{name}");
        }
        for name in ["prompt.md", "a_prompt_vx.md", "a_prompt.txt", "a_result.md"] {
            assert!(!is_prompt(name), "{name}");
        }
        assert_eq!(time_of("20260114_224107_123456_result.md"), Some("20260114_224107_123456"));
        assert_eq!(time_of("20260114-224107_123456_result.md"), None);
        assert_eq!(time_of("äääääääääääääääääääää"), None);
    }

    #[test]
    fn a_whole_history_and_its_latest_result() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("user-auth/03-ui/out");
        std::fs::create_dir_all(&out).unwrap();
        for time in ["20260114_224107_123456", "20260114_224107_023456", "20251231_235959_999999"] {
            std::fs::write(out.join(format!("{time}_result.md")), "x").unwrap();
        }
        let found = read(folder.path(), 10).unwrap();
        assert_eq!((found.origin, found.entries.len()), (Origin::History, 3));
        let last = latest(&found.entries, "user-auth", "03-ui").unwrap();
        assert_eq!(last.path, "user-auth/03-ui/out/20260114_224107_123456_result.md");
        assert!(latest(&found.entries, "user-auth", "00-meta").is_none());
    }

    #[test]
    fn places() {
        let at = place("x/user-auth/03-ui/out/20260114_224107_123456_result.md").unwrap();
        assert_eq!((at.feature, at.agent, at.role), ("user-auth", "03-ui", Some(Role::Reply)));
        assert_eq!(place("user-auth/03-ui/in/a_prompt.processed").unwrap().role, Some(Role::Prompt));
        assert_eq!(place("user-auth/03-ui/in/notes.md").unwrap().role, None);
        assert_eq!(place("user-auth/03-ui/log/a_prompt.md"), None);
        assert_eq!(place("1x/03-ui/in/a_prompt.md"), None);
        assert_eq!(place("in/a_prompt.md"), None);
    }
}
