//! Signers: a key file, or ssh-agent (which is also the way to a hardware key).

use std::path::{Path, PathBuf};

use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::error::{Error, ErrorKind, Result};
use crate::review::{Key, Signer, verify_signature};

/// A private key, read from its file and, where it has one, opened with its passphrase.
pub struct FileKey {
    key: PrivateKey,
    path: PathBuf,
    protected: bool,
}

impl FileKey {
    /// Reads an OpenSSH private key. `passphrase` is asked only when the file is encrypted.
    pub fn open(path: &Path, passphrase: &dyn Fn(&Path) -> Result<String>) -> Result<FileKey> {
        let failed =
            |what: &str| Error::new(ErrorKind::Usage, format!("the key file {} {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed("cannot be read").because(error))?;
        let key = PrivateKey::from_openssh(&text).map_err(|error| {
            failed("is no OpenSSH private key").because(error).hint("`ssh-keygen -t ed25519` makes one")
        })?;
        let protected = key.is_encrypted();
        let key = match protected {
            false => key,
            true => {
                key.decrypt(passphrase(path)?).map_err(|_| failed("does not open with this passphrase"))?
            }
        };
        Ok(FileKey { key, path: path.to_owned(), protected })
    }

    /// A key that is in memory already.
    pub fn of(key: PrivateKey) -> FileKey {
        FileKey { key, path: PathBuf::new(), protected: false }
    }

    /// Whether the file has a passphrase. Without one, whoever runs as the same user can approve with it.
    pub fn protected(&self) -> bool {
        self.protected
    }
}

impl Signer for FileKey {
    fn key(&self) -> Key {
        Key::from(self.key.public_key().key_data())
    }

    fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String> {
        self.key
            .sign(namespace, HashAlg::Sha512, bytes)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|error| {
                Error::new(ErrorKind::Usage, "the key does not sign")
                    .because(error)
                    .hint("a hardware key signs through ssh-agent: `ssh-add` it and try again")
            })
    }

    fn unguarded(&self) -> Option<String> {
        (!self.protected).then(|| self.path.display().to_string())
    }
}

/// A key that ssh-agent holds.
pub struct AgentKey {
    socket: PathBuf,
    key: Key,
}

impl AgentKey {
    /// The agent at `socket`; it is asked when something is signed.
    pub fn new(socket: &Path, key: Key) -> AgentKey {
        AgentKey { socket: socket.to_owned(), key }
    }

    /// Whether the agent holds the key.
    pub fn holds(&self) -> Result<bool> {
        let mut client = self.connect()?;
        let identities =
            client.list_all_identities().map_err(|error| self.failed("lists no keys").because(error))?;
        Ok(identities.iter().any(|identity| {
            let data: &ssh_key::public::KeyData = identity.into();
            data == self.key.data()
        }))
    }

    fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Usage, format!("ssh-agent {what} ({})", self.key.fingerprint()))
            .hint("`ssh-add -L` shows the keys it holds")
    }

    fn connect(&self) -> Result<ssh_agent_client_rs::Client> {
        ssh_agent_client_rs::Client::connect(&self.socket)
            .map_err(|error| self.failed("does not answer").because(error))
    }
}

impl Signer for AgentKey {
    fn key(&self) -> Key {
        self.key.clone()
    }

    fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String> {
        let data = SshSig::signed_data(namespace, HashAlg::Sha512, bytes)
            .map_err(|error| self.failed("cannot be asked").because(error))?;
        let public = PublicKey::from(self.key.data().clone());
        let signature = self
            .connect()?
            .sign(public, &data)
            .map_err(|error| self.failed("does not sign").because(error))?;
        let armored = SshSig::new(self.key.data().clone(), namespace, HashAlg::Sha512, signature)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|error| self.failed("gave no usable signature").because(error))?;
        verify_signature(namespace, bytes, &armored)?;
        Ok(armored)
    }
}

/// The signer that `wanted` means, as git's `user.signingkey` has it: a literal public key (`ssh-...` or `key::ssh-...`),
/// the path of a private key, or of a public one beside its private half. `socket` is ssh-agent's; it is asked first,
/// the private file after.
pub fn signer(
    wanted: &str,
    socket: Option<&Path>,
    passphrase: &dyn Fn(&Path) -> Result<String>,
) -> Result<Box<dyn Signer>> {
    let literal = wanted.strip_prefix("key::").unwrap_or(wanted).trim();
    let path = Path::new(wanted);
    let public = match Key::parse(literal) {
        Ok(key) => Some(key),
        Err(_) => public_half(path),
    };
    if let (Some(key), Some(socket)) = (&public, socket) {
        let agent = AgentKey::new(socket, key.clone());
        if agent.holds().unwrap_or(false) {
            return Ok(Box::new(agent));
        }
    }
    if Key::parse(literal).is_ok() {
        return Err(Error::new(ErrorKind::Usage, "ssh-agent does not hold the signing key")
            .hint("`ssh-add` it, or name the file of the private key with `--key`"));
    }
    let private = if path.extension().is_some_and(|extension| extension == "pub") {
        path.with_extension("")
    } else {
        path.into()
    };
    Ok(Box::new(FileKey::open(&private, passphrase)?))
}

fn public_half(path: &Path) -> Option<Key> {
    let beside = match path.extension() {
        Some(extension) if extension == "pub" => path.to_owned(),
        _ => {
            let mut name = path.as_os_str().to_owned();
            name.push(".pub");
            PathBuf::from(name)
        }
    };
    Key::parse(&std::fs::read_to_string(beside).ok()?).ok()
}
