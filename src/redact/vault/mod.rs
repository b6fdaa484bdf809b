//! The vault: what stands behind each replacement, so that the text can be brought back byte for byte. It is kept
//! sealed: XChaCha20-Poly1305 under a key that lives outside the repository.
//!
//! A file is `WEFTVLT`, the version, eight bytes that tell keys apart, the nonce of 24 bytes, and the sealed entries;
//! everything before them is authenticated with them.

mod key;
mod restore;

use std::collections::HashMap;
use std::fmt;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::filter::Encoding;
use crate::error::{Error, ErrorKind, Result};

pub use key::VaultKey;
pub use restore::Restored;
pub(super) use restore::Restorer;

const MAGIC: &[u8] = b"WEFTVLT";
const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const NONCE: usize = 24;
const HEAD: usize = MAGIC.len() + 1 + KEY_ID + NONCE;
/// What the sealing adds.
const TAG: usize = 16;

/// How a replacement looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Style {
    /// `WEFT_<KIND>_<ten characters>`.
    Token,
    /// The same inside quotes that were put around it: it stands for a number.
    QuotedToken,
    /// Prefix, characters and length of the secret.
    StandIn,
}

/// One replacement and the bytes it stands for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) replacement: String,
    pub(super) style: Style,
    pub(super) kind: String,
    /// How `written` is encoded. Text that its encoding writes without loss is kept as UTF-8, so that it comes back in
    /// a text of another encoding too.
    pub(super) encoding: Encoding,
    pub(super) written: Vec<u8>,
}

impl Entry {
    /// What the entry is found by: everything but its replacement.
    pub(super) fn identity(&self) -> [u8; 32] {
        let head = format!("{}\0{:?}\0{:?}\0", self.kind, self.style, self.encoding);
        Sha256::new().chain_update(head).chain_update(&self.written).finalize().into()
    }

    /// What it stands for in a text of that encoding.
    fn bytes(&self, encoding: Encoding) -> Vec<u8> {
        if self.encoding == encoding {
            return self.written.clone();
        }
        encoding.encode(&self.encoding.decode(&self.written))
    }
}

/// The replacements of one conversation and what they stand for. Nothing of it is printed.
pub struct Vault {
    key: VaultKey,
    entries: Vec<Entry>,
    by_identity: HashMap<[u8; 32], usize>,
    by_replacement: HashMap<String, usize>,
}

impl Vault {
    /// The most bytes a vault may have.
    pub const LONGEST: u64 = 256 << 20;

    /// A vault without entries, to be sealed under `key`.
    pub fn new(key: VaultKey) -> Self {
        Vault { key, entries: Vec::new(), by_identity: HashMap::new(), by_replacement: HashMap::new() }
    }

    /// Opens the sealed bytes of the file `name`. Errors: they are no vault or one of a newer weft, another key sealed
    /// them, or a byte of them was lost or changed. Nothing of their content is in a message.
    pub fn open(name: &str, sealed: &[u8], key: VaultKey) -> Result<Self> {
        let wrong = |what: String, hint: &str| Err(Error::new(ErrorKind::Usage, what).hint(hint));
        if sealed.len() as u64 > Self::LONGEST {
            return wrong(
                format!("{name} is longer than a vault may be, {} bytes", Self::LONGEST),
                "name the vault that `weft redact --vault` wrote",
            );
        }
        let start = sealed.len().min(MAGIC.len());
        if start == 0 || sealed[..start] != MAGIC[..start] {
            return wrong(
                format!("{name} is not a weft vault"),
                "name the vault that `weft redact --vault` wrote, or a file that does not exist yet",
            );
        }
        let damaged = || {
            Error::new(
                ErrorKind::Io,
                format!("{name} is damaged: bytes of it are missing, or are not those that weft wrote"),
            )
            .hint("bring back an unharmed copy; without one its placeholders cannot be restored")
        };
        match sealed.get(MAGIC.len()) {
            Some(&VERSION) => {}
            Some(version) => {
                return wrong(
                    format!("{name} is a vault of version {version}, and this weft reads version {VERSION}"),
                    "use the weft that wrote it, or a newer one",
                );
            }
            None => return Err(damaged()),
        }
        let (head, body) = sealed.split_at_checked(HEAD).ok_or_else(damaged)?;
        let (public, nonce) = head.split_at_checked(HEAD - NONCE).ok_or_else(damaged)?;
        if !public.ends_with(&key_id(&key)) {
            return wrong(
                format!("another key sealed {name}"),
                "give the key that it was made with: --vault-key FILE, or WEFT_VAULT_KEY",
            );
        }
        let cipher = XChaCha20Poly1305::new(key.derive("seal").as_slice().into());
        let plain = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: public });
        let plain = Zeroizing::new(plain.map_err(|_| damaged())?);
        let entries: Vec<Entry> = postcard::from_bytes(&plain).map_err(|_| damaged())?;
        let mut vault = Vault::new(key);
        entries.into_iter().for_each(|entry| vault.add(entry));
        Ok(vault)
    }

    /// The sealed bytes. `nonce` is random and used once. Errors: the vault has become too long.
    pub fn seal(&self, nonce: [u8; 24]) -> Result<Vec<u8>> {
        let failed = || {
            Error::new(ErrorKind::Io, format!("the vault would be longer than {} bytes", Self::LONGEST))
                .hint("start a new vault for the next conversation")
        };
        let plain = Zeroizing::new(postcard::to_allocvec(&self.entries).map_err(|_| failed())?);
        if (plain.len() + HEAD + TAG) as u64 > Self::LONGEST {
            return Err(failed());
        }
        let mut sealed = [MAGIC, &[VERSION], &key_id(&self.key)].concat();
        let cipher = XChaCha20Poly1305::new(self.key.derive("seal").as_slice().into());
        let payload = Payload { msg: &plain, aad: &sealed };
        let body = cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| failed())?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// How many replacements it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes over what `other`, the same vault as somebody else extended it in the meantime, knows beyond this one.
    /// Errors: one replacement stands for two things.
    pub fn merge(&mut self, other: Vault) -> Result<()> {
        for entry in &other.entries {
            let known =
                self.by_replacement.get(&entry.replacement).and_then(|index| self.entries.get(*index));
            if known.is_some_and(|known| known != entry) {
                return Err(Error::new(
                    ErrorKind::Io,
                    "two runs gave one placeholder to different secrets at the same moment",
                )
                .hint("run the command again; nothing was printed"));
            }
            self.add(entry.clone());
        }
        Ok(())
    }

    /// Adds an entry, unless its replacement is known.
    pub(super) fn add(&mut self, entry: Entry) {
        if self.by_replacement.contains_key(&entry.replacement) {
            return;
        }
        self.by_identity.insert(entry.identity(), self.entries.len());
        self.by_replacement.insert(entry.replacement.clone(), self.entries.len());
        self.entries.push(entry);
    }

    /// The entry with this identity.
    pub(super) fn by_identity(&self, identity: &[u8; 32]) -> Option<&Entry> {
        self.entries.get(*self.by_identity.get(identity)?)
    }

    /// Whether a replacement is one of this vault.
    pub(super) fn knows(&self, replacement: &str) -> bool {
        self.by_replacement.contains_key(replacement)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key of its placeholders, where the project has none.
    pub(super) fn placeholder_key(&self) -> Zeroizing<[u8; 32]> {
        self.key.derive("placeholders")
    }
}

/// Tells keys apart without saying anything about them.
fn key_id(key: &VaultKey) -> [u8; KEY_ID] {
    let mut id = [0; KEY_ID];
    id.copy_from_slice(&key.derive("id")[..KEY_ID]);
    id
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.written.zeroize());
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault of {}", self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> VaultKey {
        VaultKey::new([byte; 32])
    }

    fn entry(replacement: &str, written: &str) -> Entry {
        Entry {
            replacement: replacement.into(),
            style: Style::Token,
            kind: "JWT".into(),
            encoding: Encoding::Utf8,
            written: written.into(),
        }
    }

    fn vault() -> Vault {
        let mut vault = Vault::new(key(1));
        vault.add(entry("WEFT_JWT_ABCDEFGHIJ", "what nobody may read"));
        vault
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_key_alone() {
        let sealed = vault().seal([7; 24]).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("nobody"));
        assert!(!String::from_utf8_lossy(&sealed).contains("WEFT_JWT"));
        let opened = Vault::open("v", &sealed, key(1)).unwrap();
        assert!(opened.entries() == vault().entries());
        let error = Vault::open("v", &sealed, key(2)).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Usage, "another key sealed v"));
    }

    #[test]
    fn every_changed_bit_and_every_missing_byte_is_noticed() {
        let sealed = vault().seal([7; 24]).unwrap();
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(Vault::open("v", &flipped, key(1)).is_err(), "byte {at}");
            assert!(Vault::open("v", &sealed[..at], key(1)).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn foreign_and_newer_files_are_named_as_such() {
        let what = |bytes: &[u8]| Vault::open("v", bytes, key(1)).unwrap_err().to_string();
        assert_eq!(what(b""), "v is not a weft vault");
        assert_eq!(what(b"{\"json\": 1}"), "v is not a weft vault");
        assert!(what(b"WEFTVLT\x02rest").starts_with("v is a vault of version 2"));
        assert!(what(b"WEFTVL").starts_with("v is damaged"));
        assert!(what(b"WEFTVLT\x01").starts_with("v is damaged"));
    }

    #[test]
    fn two_runs_that_extend_one_vault_lose_nothing() {
        let (mut one, mut other) = (vault(), vault());
        one.add(entry("WEFT_JWT_BBBBBBBBBB", "b"));
        other.add(entry("WEFT_JWT_CCCCCCCCCC", "c"));
        one.merge(other).unwrap();
        assert_eq!(one.len(), 3);
        let mut clash = vault();
        clash.add(entry("WEFT_JWT_BBBBBBBBBB", "something else"));
        assert!(one.merge(clash).is_err());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(format!("{:?}", vault()), "Vault of 1");
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(bytes: Vec<u8>, version in 0u8..3) {
            let head = [MAGIC, &[version], &key_id(&key(1)), &bytes].concat();
            prop_assert!(Vault::open("v", &bytes, key(1)).is_err());
            prop_assert!(Vault::open("v", &head, key(1)).is_err());
        }
    }
}
