//! SSHSIG: who made some bytes say what they say. Checked in process, namespace and key always compared.

use ssh_key::{PublicKey, SshSig, public::KeyData};

use crate::error::{Error, ErrorKind, Result};

/// A public key, compared by its data; comments do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(KeyData);

impl Key {
    /// Reads a line of an authorized_keys file: "ssh-ed25519 AAAA... comment". Errors (kind `Settings`) name nothing secret.
    pub fn parse(line: &str) -> Result<Key> {
        PublicKey::from_openssh(line.trim()).map(|key| Key(key.key_data().clone())).map_err(|error| {
            Error::new(ErrorKind::Settings, "a public key cannot be read")
                .because(error)
                .hint("it reads like a line of authorized_keys: \"ssh-ed25519 AAAA...\"")
        })
    }

    /// Its fingerprint: "SHA256:...".
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(ssh_key::HashAlg::Sha256).to_string()
    }

    /// The line of an authorized_keys file, without a comment.
    pub fn to_line(&self) -> String {
        PublicKey::from(self.0.clone()).to_openssh().unwrap_or_default()
    }

    /// The key as the ssh-key crate has it.
    pub(crate) fn data(&self) -> &KeyData {
        &self.0
    }
}

impl From<&KeyData> for Key {
    fn from(data: &KeyData) -> Self {
        Key(data.clone())
    }
}

/// Something that signs: a key file, ssh-agent, a hardware token behind it.
pub trait Signer {
    /// The public half.
    fn key(&self) -> Key;

    /// An armored SSHSIG over `bytes` in `namespace`. An error says which key would not sign, and what to do.
    fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String>;

    /// The key file that has no passphrase, as a path to show; whoever runs as the same user can sign with it. `None`: a
    /// passphrase, an agent or a token stands before the key.
    fn unguarded(&self) -> Option<String> {
        None
    }
}

/// Checks an armored SSHSIG over exactly `bytes` in exactly `namespace`; returns the key that made it. Whether that key
/// may say so is the caller's question. Errors are of kind `Mismatch`.
pub fn verify_signature(namespace: &str, bytes: &[u8], armored: &str) -> Result<Key> {
    let wrong = |what: &str| Error::new(ErrorKind::Mismatch, format!("the signature {what}"));
    let signature =
        SshSig::from_pem(armored.trim_end()).map_err(|error| wrong("cannot be read").because(error))?;
    if signature.namespace() != namespace {
        return Err(wrong(&format!("was made for another purpose than \"{namespace}\"")));
    }
    if !signature.reserved().is_empty() || signature.version() != SshSig::VERSION {
        return Err(wrong("is of a version weft does not know"));
    }
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(namespace, bytes, &signature).map_err(|_| wrong("does not belong to these bytes"))?;
    Ok(Key(key.key_data().clone()))
}

#[cfg(test)]
pub(crate) mod tests {
    use ssh_key::private::{Ed25519Keypair, KeypairData};
    use ssh_key::{HashAlg, LineEnding, PrivateKey};

    use super::*;

    /// A key made from one byte, for tests.
    pub(crate) struct TestKey(pub(crate) PrivateKey);

    impl TestKey {
        pub(crate) fn new(seed: u8) -> Self {
            let pair = Ed25519Keypair::from_seed(&[seed; 32]);
            TestKey(PrivateKey::new(KeypairData::Ed25519(pair), "test").unwrap())
        }
    }

    impl Signer for TestKey {
        fn key(&self) -> Key {
            Key(self.0.public_key().key_data().clone())
        }

        fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String> {
            let signature = self.0.sign(namespace, HashAlg::Sha512, bytes).unwrap();
            Ok(signature.to_pem(LineEnding::LF).unwrap())
        }
    }

    #[test]
    fn a_signature_counts_for_its_bytes_and_namespace_only() {
        let key = TestKey::new(1);
        let armored = key.sign("weft", b"approved").unwrap();
        assert_eq!(verify_signature("weft", b"approved", &armored).unwrap(), key.key());
        assert!(verify_signature("weft", b"approveD", &armored).is_err());
        assert!(verify_signature("git", b"approved", &armored).is_err());
        let other = TestKey::new(2).sign("weft", b"other").unwrap();
        assert!(verify_signature("weft", b"approved", &other).is_err());
        assert!(verify_signature("weft", b"approved", "not a signature").is_err());
    }

    #[test]
    fn keys_are_compared_without_their_comments() {
        let line = TestKey::new(1).key().to_line();
        assert_eq!(Key::parse(&format!("{line} anna@example.org")).unwrap(), Key::parse(&line).unwrap());
        assert!(Key::parse("ssh-ed25519 nonsense").is_err());
    }
}
