//! Events: what happened to an item, each bound to it, chained to the event before, and signed by whoever made it.

use serde::{Deserialize, Serialize};

use super::signature::{Key, Signer, verify_signature};
use crate::artifact::Digest;
use crate::error::{Error, ErrorKind, Result};

/// The SSHSIG namespace of events: a signature made for git or a file never counts as a decision.
pub const EVENTS: &str = "weft";

/// What every event of an item repeats, so that no event can be moved to another item, repository or branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Binding {
    /// The item's id.
    pub item: String,
    /// The subject's digest, hex.
    pub subject: String,
    /// The repository: the id of its first commit.
    pub repository: String,
    /// The ref that the change is for: "refs/heads/main".
    pub target: String,
    /// The commit the change was made against, hex.
    pub base: String,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Actor {
    /// An agent or a machine: whoever does not sign.
    Agent {
        /// What it calls itself.
        name: String,
    },
    /// A person who signs.
    Person {
        /// Their name.
        name: String,
        /// Their address.
        email: String,
        /// Their key's fingerprint.
        key: String,
    },
}

/// Why a finding may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is not what the rule says.
    FalsePositive,
    /// It is, and nobody will change it.
    WontFix,
    /// It is test data.
    UsedInTests,
    /// It is, and somebody answers for it.
    AcceptedRisk,
    /// Something else prevents the harm.
    Mitigated,
}

impl Reason {
    /// Reads the word of the command line.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "false-positive" => Reason::FalsePositive,
            "wont-fix" => Reason::WontFix,
            "used-in-tests" => Reason::UsedInTests,
            "accepted-risk" => Reason::AcceptedRisk,
            "mitigated" => Reason::Mitigated,
            _ => return None,
        })
    }

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Reason::FalsePositive => "false-positive",
            Reason::WontFix => "wont-fix",
            Reason::UsedInTests => "used-in-tests",
            Reason::AcceptedRisk => "accepted-risk",
            Reason::Mitigated => "mitigated",
        }
    }
}

/// A commit as it will be: with these bytes and this signature its id follows, whoever writes it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Landed {
    /// The ref it goes on.
    pub reference: String,
    /// What the ref must point to until then; `None`: it must not exist.
    pub parent: Option<String>,
    /// The commit's text without its signature.
    pub content: String,
    /// Its armored signature.
    pub signature: String,
    /// The id that follows.
    pub commit: String,
}

/// What `commit` is about to do, written down first; a crash is recovered by doing exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Intent {
    /// The approval it acts on: that event's digest, hex.
    pub approval: String,
    /// The code commit; `None` when the commits were there already.
    pub code: Option<Landed>,
    /// The history commit.
    pub history: Landed,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Deed {
    /// The item was put in the queue.
    Submitted {
        /// SHA-256 of the stored item, hex: what the reviewer sees is bound with it.
        item: String,
        /// SHA-256 of the stored SARIF log, hex.
        sarif: String,
    },
    /// It was scanned again.
    Scanned {
        /// How many findings block.
        blocking: usize,
        /// The rule set's digest, hex.
        rules: String,
        /// The policy's digest, hex.
        policy: String,
    },
    /// A reviewer approved exactly this subject.
    Approved {
        /// SHA-256 of the item as the reviewer saw it, hex.
        item: String,
        /// The rule set's digest at the scan before the approval, hex.
        rules: String,
        /// The policy's digest, hex.
        policy: String,
        /// The SARIF log's digest, hex.
        sarif: String,
        /// Keys of all blocking findings the reviewer knew of; each is waived.
        waived: Vec<String>,
    },
    /// A reviewer rejected it.
    Rejected {
        /// Why.
        reason: String,
    },
    /// A reviewer wants something else.
    ChangesRequested {
        /// What.
        text: String,
    },
    /// Somebody said something.
    Commented {
        /// What.
        text: String,
    },
    /// A reviewer lets one finding stay.
    Waived {
        /// The finding's key.
        finding: String,
        /// Why.
        reason: Reason,
        /// In words.
        text: String,
        /// The last day it counts: "2027-01-31".
        expires: Option<String>,
    },
    /// It waited too long.
    Expired,
    /// Another item takes its place.
    Superseded {
        /// That item's id.
        by: String,
    },
    /// `commit` is about to act.
    Intent(Box<Intent>),
    /// It is in the history.
    Committed {
        /// The code commit; `None` when the commits were there already.
        code: Option<String>,
        /// The history commit.
        history: String,
    },
}

impl Deed {
    /// The word in file names and lists.
    pub fn name(&self) -> &'static str {
        match self {
            Deed::Submitted { .. } => "submitted",
            Deed::Scanned { .. } => "scanned",
            Deed::Approved { .. } => "approved",
            Deed::Rejected { .. } => "rejected",
            Deed::ChangesRequested { .. } => "changes-requested",
            Deed::Commented { .. } => "commented",
            Deed::Waived { .. } => "waived",
            Deed::Expired => "expired",
            Deed::Superseded { .. } => "superseded",
            Deed::Intent(_) => "intent",
            Deed::Committed { .. } => "committed",
        }
    }
}

/// One event, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Event {
    /// The format: 1.
    pub version: u32,
    /// Its place in the log, from 1.
    pub seq: u64,
    /// SHA-256 of the bytes of the event before, hex; `None` for the first.
    pub prev: Option<String>,
    /// What it is about.
    pub about: Binding,
    /// Random, so that no two events are equal.
    pub nonce: String,
    /// When, by the clock of whoever made it: "2026-11-23T08:00:00Z".
    pub time: String,
    /// Who.
    pub actor: Actor,
    /// What.
    pub deed: Deed,
}

impl Event {
    /// The bytes that are stored, chained and signed: compact JSON, fields in the order of the types, one line.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)
            .map_err(|error| Error::new(ErrorKind::Bug, "an event cannot be written").because(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Bytes and, for a person, the signature over them.
    pub fn seal(&self, signer: Option<&dyn Signer>) -> Result<Stored> {
        let bytes = self.bytes()?;
        let signature = signer.map(|signer| signer.sign(EVENTS, &bytes)).transpose()?;
        Ok(Stored { path: self.path(), bytes, signature })
    }

    /// Where it lies in the log's tree.
    pub fn path(&self) -> String {
        format!("items/{}/events/{:06}-{}.json", self.about.item, self.seq, self.deed.name())
    }
}

/// An event as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its path in the log's tree.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The armored signature beside it.
    pub signature: Option<String>,
}

/// An event whose place in the chain and whose signature were checked.
#[derive(Debug, Clone)]
pub struct Verified {
    event: Event,
    digest: Digest,
    signer: Option<Key>,
}

impl Verified {
    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The key that signed it; `None`: nobody.
    pub fn signer(&self) -> Option<&Key> {
        self.signer.as_ref()
    }
}

/// A whole log, every event checked. The only way to events that count.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    events: Vec<Verified>,
}

impl Chain {
    /// Checks the chain and every signature. Errors (kind `Mismatch`) name the event and what differs.
    pub fn verify(stored: &[Stored]) -> Result<Chain> {
        let mut chain = Chain::default();
        for one in stored {
            chain.push(one)?;
        }
        Ok(chain)
    }

    /// Checks one event as the next of the chain.
    pub fn push(&mut self, stored: &Stored) -> Result<()> {
        let differs = |what: String| {
            Error::new(ErrorKind::Mismatch, format!("the event {} {what}", stored.path))
                .hint("the log was changed by something other than weft; compare it with a colleague's clone")
        };
        let event: Event = serde_json::from_slice(&stored.bytes)
            .map_err(|error| differs("cannot be read".into()).because(error))?;
        if event.bytes()? != stored.bytes || event.version != 1 {
            return Err(differs("is not written as weft writes events: it was edited".into()));
        }
        let id = &event.about.item;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            // Ids become names of refs and folders.
            return Err(differs("names an item that cannot be one".into()));
        }
        if event.path() != stored.path {
            return Err(differs(format!("says that it is {}: it was moved", event.path())));
        }
        let expected = self.events.len() as u64 + 1;
        if event.seq != expected {
            return Err(differs(format!(
                "is number {expected} of the log but says {}: one was removed or moved",
                event.seq
            )));
        }
        let previous = self.events.last();
        if event.prev != previous.map(|previous| previous.digest.to_string()) {
            let name = previous.map_or("nothing".into(), |previous| previous.event.path());
            return Err(differs(format!("does not follow {name}: that one was edited, removed or moved")));
        }
        let signer = stored
            .signature
            .as_deref()
            .map(|armored| verify_signature(EVENTS, &stored.bytes, armored))
            .transpose()
            .map_err(|error| differs(format!("was edited or signed by somebody else: {error}")))?;
        match (&event.actor, &signer) {
            (Actor::Person { key, .. }, Some(signer)) if signer.fingerprint() == *key => {}
            (Actor::Agent { .. }, None) => {}
            (Actor::Person { name, .. }, None) => {
                return Err(differs(format!("says it is by {name}, but its signature is missing")));
            }
            _ => return Err(differs("is signed by another key than it says".into())),
        }
        self.events.push(Verified { digest: Digest::of(&stored.bytes), event, signer });
        Ok(())
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[Verified] {
        &self.events
    }

    /// The next event's number and the digest it has to name.
    pub fn next(&self) -> (u64, Option<String>) {
        (self.events.len() as u64 + 1, self.events.last().map(|last| last.digest.to_string()))
    }
}
