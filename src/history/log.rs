//! The log: one commit an event on `refs/weft/log`, appended by compare-and-swap, read back only as a checked chain.

use git2::{ObjectType, Oid, Repository, Signature, Time, Tree};
use jiff::Timestamp;

use super::repository::{compare_and_swap, git, tip};
use super::tree;
use crate::error::{Error, ErrorKind, Result};
use crate::review::{Actor, Binding, Chain, Deed, Event, Signer, Stored};

/// Where the log lies.
pub(super) const LOG: &str = "refs/weft/log";

/// How often an append starts again when somebody else was faster.
const TRIES: usize = 64;

/// Who acts, when, and with which key. Nothing of this is looked up.
pub struct Hand<'a> {
    /// Their name.
    pub name: String,
    /// Their address; it may be empty for an agent.
    pub email: String,
    /// Their key; `None` for an agent or a machine, whose events are not signed.
    pub signer: Option<&'a dyn Signer>,
    /// Now.
    pub now: Timestamp,
    /// Random text.
    pub nonce: String,
}

impl Hand<'_> {
    /// Who events say it was.
    pub fn actor(&self) -> Actor {
        match self.signer {
            None => Actor::Agent { name: self.name.clone() },
            Some(signer) => Actor::Person {
                name: self.name.clone(),
                email: self.email.clone(),
                key: signer.key().fingerprint(),
            },
        }
    }

    /// The time events say it was.
    pub fn time(&self) -> String {
        self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Name, address and time for a commit.
    pub(super) fn signature(&self) -> Result<Signature<'static>> {
        let email = if self.email.trim().is_empty() { "unknown@invalid" } else { self.email.trim() };
        Signature::new(self.name.trim(), email, &Time::new(self.now.as_second(), 0)).map_err(|error| {
            Error::new(ErrorKind::Repository, "there is no name to commit with")
                .because(error)
                .hint("`git config user.name` and `git config user.email` set one")
        })
    }
}

/// The log as it was read: its tip and tree, and every event checked.
pub(super) struct Log<'r> {
    pub(super) tip: Option<Oid>,
    pub(super) tree: Option<Tree<'r>>,
    pub(super) chain: Chain,
}

/// Reads and checks the whole log.
pub(super) fn read(repository: &Repository) -> Result<Log<'_>> {
    let Some(tip) = tip(repository, LOG)? else {
        return Ok(Log { tip: None, tree: None, chain: Chain::default() });
    };
    let tree = repository
        .find_commit(tip)
        .and_then(|commit| commit.tree())
        .map_err(git(format!("cannot read {LOG}")))?;
    let chain = Chain::verify(&stored(repository, &tree)?)?;
    Ok(Log { tip: Some(tip), tree: Some(tree), chain })
}

/// The events of a log's tree, by their numbers.
fn stored(repository: &Repository, tree: &Tree<'_>) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    for item in folders(repository, tree, "items") {
        let place = format!("items/{item}/events");
        let Some(events) = folder(repository, tree, &place) else { continue };
        for entry in events.iter() {
            let name = entry.name().unwrap_or_default().to_owned();
            if !name.ends_with(".json") {
                continue;
            }
            let path = format!("{place}/{name}");
            let unreadable = || Error::new(ErrorKind::Mismatch, format!("the event {path} cannot be read"));
            let bytes = repository.find_blob(entry.id()).map_err(|error| unreadable().because(error))?;
            let signature = tree::read_file(repository, &events, &format!("{name}.sig"))
                .map(String::from_utf8)
                .transpose()
                .map_err(|error| unreadable().because(error.utf8_error()))?;
            found.push(Stored { bytes: bytes.content().to_vec(), signature, path });
        }
    }
    found.sort_by(|one, other| number(&one.path).cmp(&number(&other.path)));
    Ok(found)
}

fn number(path: &str) -> (&str, &str) {
    let name = path.rsplit('/').next().unwrap_or(path);
    (name, path)
}

fn folder<'r>(repository: &'r Repository, tree: &Tree<'_>, path: &str) -> Option<Tree<'r>> {
    let entry = tree.get_path(std::path::Path::new(path)).ok()?;
    repository.find_tree(entry.id()).ok()
}

/// The names of the folders in a folder.
pub(super) fn folders(repository: &Repository, tree: &Tree<'_>, path: &str) -> Vec<String> {
    let Some(folder) = folder(repository, tree, path) else { return Vec::new() };
    let trees = folder.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree));
    trees.filter_map(|entry| entry.name().ok().map(str::to_owned)).collect()
}

/// Appends an event about `about`, with `files` beside it in the log's tree. Starts again when somebody else appended
/// first, as long as `allowed` still lets it: what made sense on the old log may not on the new one.
pub(super) fn append(
    repository: &Repository,
    hand: &Hand<'_>,
    about: &Binding,
    deed: &Deed,
    files: &[(String, Vec<u8>)],
    allowed: &dyn Fn(&Chain) -> Result<()>,
) -> Result<()> {
    for _ in 0..TRIES {
        let log = read(repository)?;
        allowed(&log.chain)?;
        let (seq, prev) = log.chain.next();
        let event = Event {
            version: 1,
            seq,
            prev,
            about: about.clone(),
            nonce: hand.nonce.clone(),
            time: hand.time(),
            actor: hand.actor(),
            deed: deed.clone(),
        };
        let stored = event.seal(hand.signer)?;
        // An event that would not read back must not be written: a signer with the wrong key, say.
        log.chain.clone().push(&stored)?;
        if add(repository, hand, &log, &stored, files)? {
            return Ok(());
        }
    }
    Err(Error::new(ErrorKind::Repository, format!("cannot append to {LOG}: others are writing all the time"))
        .hint("try again"))
}

fn add(
    repository: &Repository,
    hand: &Hand<'_>,
    log: &Log<'_>,
    stored: &Stored,
    files: &[(String, Vec<u8>)],
) -> Result<bool> {
    let mut all = files.to_vec();
    all.push((stored.path.clone(), stored.bytes.clone()));
    if let Some(signature) = &stored.signature {
        all.push((format!("{}.sig", stored.path), signature.clone().into_bytes()));
    }
    let tree = tree::with_files(repository, log.tree.as_ref(), &all)?;
    let tree = repository.find_tree(tree).map_err(git("cannot read the log's tree"))?;
    let parent =
        log.tip.map(|tip| repository.find_commit(tip)).transpose().map_err(git("cannot read the log"))?;
    let who = hand.signature()?;
    let commit = repository
        .commit(None, &who, &who, &format!("{}\n", stored.path), &tree, &parent.iter().collect::<Vec<_>>())
        .map_err(git("cannot write to the log"))?;
    compare_and_swap(repository, LOG, log.tip, commit, "weft: append")
}
