//! The key of a vault: 32 random bytes that live outside the repository. Everything else is derived from them.

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The secret that opens a vault. It is wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// The key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        VaultKey(Zeroizing::new(bytes))
    }

    /// The key that `text` writes as hex or base64. Errors: it is not 32 bytes; the message does not hold it.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let base64 = text.trim_end_matches('=').as_bytes();
        let decoded = HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .or_else(|_| BASE64_NOPAD.decode(base64))
            .or_else(|_| BASE64URL_NOPAD.decode(base64));
        let bytes: Option<[u8; 32]> =
            decoded.ok().map(Zeroizing::new).and_then(|bytes| bytes.as_slice().try_into().ok());
        bytes.map(VaultKey::new).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "the vault's key is not 32 bytes in hex or base64").hint(
                "make one: `openssl rand -hex 32`, or name a file that does not exist yet with --vault-key",
            )
        })
    }

    /// The key as hex with a line break: the content of a key file.
    pub fn to_file(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(HEXLOWER.encode(self.0.as_slice()));
        text.push('\n');
        text
    }

    /// A key for one purpose, from which neither this one nor that of another purpose can be told.
    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        // HMAC takes a key of any length, so there always is one.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) {
            mac.update(b"weft vault 1: ");
            mac.update(purpose.as_bytes());
            derived.copy_from_slice(&mac.finalize().into_bytes());
        }
        derived
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = VaultKey::new([0xa7; 32]);
        let same = |text: &str| VaultKey::parse(text).unwrap().0.as_slice() == key.0.as_slice();
        assert!(same(&key.to_file()));
        assert!(same(&key.to_file().to_uppercase()));
        assert!(same(&data_encoding::BASE64.encode(&[0xa7; 32])));
        assert!(same(&data_encoding::BASE64URL_NOPAD.encode(&[0xa7; 32])));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in ["", "passphrase-of-a-person", &"ab".repeat(31), &"ab".repeat(33)] {
            let error = VaultKey::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(text.is_empty() || !format!("{error} {error:?}").contains(text));
        }
        assert_eq!(format!("{:?}", VaultKey::new([0xa7; 32])), "VaultKey");
    }

    #[test]
    fn purposes_do_not_share_a_key() {
        let key = VaultKey::new([1; 32]);
        assert_ne!(*key.derive("one"), *key.derive("other"));
        assert_ne!(*key.derive("one"), *VaultKey::new([2; 32]).derive("one"));
    }
}
