//! Who acts: git's identity, and the key that signs.

use std::path::Path;

use weft::error::{Error, ErrorKind, Result};
use weft::finding::printable;
use weft::history::{Hand, signer};
use weft::ingest::git;
use weft::review::Signer;

use super::ask;
use super::world::{World, variable};

/// The key of this run.
#[derive(clap::Args, Clone)]
pub(super) struct KeyArguments {
    /// The key that signs: a file, or a public key that ssh-agent holds (default: git's user.signingkey)
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl KeyArguments {
    /// The key that signs, from a file or ssh-agent. Errors say how to get one.
    pub(super) fn signer(&self, world: &World) -> Result<Box<dyn Signer>> {
        let configured = git::identity(world.repository()?)?.signing_key;
        let wanted = self.key.clone().or(configured).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "there is no key to sign with")
                .hint("name one with --key, or set git's user.signingkey to an SSH key; `weft init` says how to make one")
        })?;
        let wanted = match wanted.strip_prefix("~/").zip(variable("HOME")) {
            Some((rest, home)) => format!("{home}/{rest}"),
            None => wanted,
        };
        let socket = variable("SSH_AUTH_SOCK");
        signer(&wanted, socket.as_deref().map(Path::new), &|key| {
            ask::passphrase(&key.display().to_string()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Held,
                    format!("{} needs its passphrase, and nobody is here to type it", key.display()),
                )
                .hint("run the command in a terminal, or `ssh-add` the key")
            })
        })
    }

    /// The key that decides: as [`KeyArguments::signer`], with a warning when nothing stands before it.
    pub(super) fn reviewer(&self, world: &World) -> Result<Box<dyn Signer>> {
        let signer = self.signer(world)?;
        if let Some(file) = signer.unguarded() {
            super::advise(&format!(
                "warning: the key {} has no passphrase: whatever runs as you, an agent too, can decide with it\n  \
                 `ssh-keygen -p -f FILE` sets one; `ssh-keygen -t ed25519-sk` makes a key that asks for touch\n",
                printable(&file)
            ));
        }
        Ok(signer)
    }
}

/// Who acts here, with a key or without.
pub(super) fn hand<'a>(
    world: &World,
    signer: Option<&'a dyn Signer>,
    agent: Option<&str>,
) -> Result<Hand<'a>> {
    let identity = git::identity(world.repository()?)?;
    let name = match (signer, agent) {
        (None, Some(agent)) => agent.to_owned(),
        _ => identity.name.ok_or_else(|| missing("user.name"))?,
    };
    let email = match signer {
        Some(_) => identity.email.ok_or_else(|| missing("user.email"))?,
        None => identity.email.unwrap_or_default(),
    };
    Ok(Hand { name, email, signer, now: world.now, nonce: random()? })
}

/// 16 random bytes as hex.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Io, "the system gives no random numbers").because(error.to_string())
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn missing(what: &str) -> Error {
    Error::new(ErrorKind::Repository, format!("git's {what} is not set, and a decision carries a name"))
        .hint(format!("`git config {what} ...` sets it"))
}
