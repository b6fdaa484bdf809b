//! What is written in the place of each secret of one run: a placeholder, a stand-in or nothing, the same for the same
//! secret, and never one that the input already held.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Mode;
use super::place::Place;
use super::stand_in::{is_stand_in, stand_in};
use super::window::Encoding;
use crate::error::{Error, ErrorKind, Result};
use crate::redact::mask::{is_numbered, keyed, kind, numbered, placeholders, placeholders_anywhere};
use crate::redact::pii::{card, iban};
use crate::redact::validate::{Validator, Verdict};
use crate::redact::vault::{Entry, Style, Vault};
use crate::rule::{Category, Match, Rule};

/// The most placeholders of an input that are kept apart from those given out.
const MOST: usize = 1_000_000;

/// A piece of a secret, on one line.
pub(super) struct Piece<'a> {
    pub(super) rule: &'a Rule,
    /// The secret it is a piece of, as it was found.
    pub(super) secret: &'a str,
    /// The piece itself, as text and as the bytes that came.
    pub(super) text: &'a str,
    pub(super) written: &'a [u8],
    pub(super) encoding: Encoding,
    pub(super) place: Place,
    /// Whether a stand-in for it did not settle, so that it gets a placeholder.
    pub(super) plain: bool,
}

/// Gives out what is written instead.
pub(super) struct Issuer<'a> {
    mode: Mode,
    key: Option<Zeroizing<Vec<u8>>>,
    vault: Option<&'a Vault>,
    /// By identity.
    issued: HashMap<[u8; 32], String>,
    /// What a vault is to take over.
    fresh: Vec<Entry>,
    used: HashSet<String>,
    numbers: HashMap<String, u32>,
    /// Hashes of the placeholders that stand in the input.
    present: HashSet<u64>,
    /// What may not be used, though nothing else speaks against it.
    avoid: HashSet<String>,
    foreign: HashSet<u64>,
}

impl<'a> Issuer<'a> {
    /// `key` is the project's; a vault brings its own where there is none.
    pub(super) fn new(mode: Mode, key: Option<&[u8]>, vault: Option<&'a Vault>) -> Self {
        let key = key.map(|key| Zeroizing::new(key.to_vec()));
        let key = key.or_else(|| vault.map(|vault| Zeroizing::new(vault.placeholder_key().to_vec())));
        Issuer {
            mode,
            key,
            vault,
            issued: HashMap::new(),
            fresh: Vec::new(),
            used: HashSet::new(),
            numbers: HashMap::new(),
            present: HashSet::new(),
            avoid: HashSet::new(),
            foreign: HashSet::new(),
        }
    }

    /// Notes the placeholders of the input, before any is issued.
    pub(super) fn survey(&mut self, text: &str) -> Result<()> {
        placeholders_anywhere(text, |one| {
            self.present.insert(hash(one));
        });
        for range in placeholders(text) {
            let one = text.get(range).unwrap_or("");
            // A keyed one can be told from a foreign one only where what it stands for is kept.
            let foreign = match (self.vault, &self.key) {
                (Some(vault), _) => !vault.knows(one),
                (None, Some(_)) => is_numbered(one),
                (None, None) => false,
            };
            if foreign {
                self.foreign.insert(hash(one));
            }
        }
        if self.present.len() > MOST {
            return Err(Error::new(ErrorKind::Io, format!("the input holds more than {MOST} placeholders"))
                .hint("cut it into parts: each placeholder is kept apart from those that are given out"));
        }
        Ok(())
    }

    /// How many placeholders of the input were certainly not issued under this key or by this vault.
    pub(super) fn foreign(&self) -> usize {
        self.foreign.len()
    }

    /// Whether `text` is one of the stand-ins that this run would make.
    pub(super) fn recognises(&self, text: &str) -> bool {
        self.mode == Mode::KeepFormat && (is_stand_in(self.key(), text) || marker(text))
    }

    /// What stands in the place of `piece` until all is settled: numbers are given in the order of the text, and that is
    /// known at the end. `None` where the replacement is known at once.
    pub(super) fn provisional(&self, piece: &Piece<'_>) -> Option<String> {
        let token = || numbered(&kind(&piece.rule.id), 0);
        match (self.mode, &self.key, piece.place) {
            (Mode::Token, None, Place::Number) => Some(format!("\"{}\"", token())),
            (Mode::Token, None, _) => Some(token()),
            _ => None,
        }
    }

    /// What is written in the place of `piece`; `None` when it may stay as it is.
    pub(super) fn replace(&mut self, piece: &Piece<'_>) -> Result<Option<String>> {
        Ok(Some(match (self.mode, piece.place) {
            (Mode::Drop, Place::Inside) => String::new(),
            (Mode::Drop, Place::Number | Place::Value) => "0".to_owned(),
            (Mode::KeepFormat, _) if !piece.plain => {
                if marker(piece.text) {
                    return Ok(None);
                }
                match self.stand_in(piece)? {
                    Some(text) => text,
                    None => self.token(piece)?,
                }
            }
            _ => self.token(piece)?,
        }))
    }

    fn token(&mut self, piece: &Piece<'_>) -> Result<String> {
        let quoted = piece.place == Place::Number;
        let style = if quoted { Style::QuotedToken } else { Style::Token };
        let entry = self.entry(piece, style);
        let identity = entry.identity();
        let token = match self.known(&identity) {
            Some(token) => token,
            None => {
                let what = self.what(piece, style);
                let token = match &self.key {
                    Some(key) => (0..TRIES)
                        .filter_map(|attempt| keyed(key, &entry.kind, &what, attempt))
                        .find(|token| self.free(token)),
                    None => self.number(&entry.kind),
                };
                self.keep(identity, entry, token)?
            }
        };
        Ok(if quoted { format!("\"{token}\"") } else { token })
    }

    fn stand_in(&mut self, piece: &Piece<'_>) -> Result<Option<String>> {
        let entry = self.entry(piece, Style::StandIn);
        let identity = entry.identity();
        if let Some(known) = self.known(&identity) {
            return Ok(Some(known));
        }
        let seed = match &self.key {
            Some(_) => format!("{}\0{}", entry.kind, *self.what(piece, Style::StandIn)),
            None => {
                // Nothing of the secret goes in, so nothing can be confirmed: they are numbered, as placeholders are.
                let next = self.numbers.entry(format!("{} stand-in", entry.kind)).or_insert(0);
                *next += 1;
                format!("{}\0{next}", entry.kind)
            }
        };
        let unfit = |candidate: &str| !self.free(candidate) || lives(piece.rule, candidate);
        let prefix = public_prefix(piece.rule, piece.text);
        match stand_in(self.key(), seed.as_bytes(), piece.text, prefix, &unfit) {
            Some(text) => self.keep(identity, entry, Some(text)).map(Some),
            None => Ok(None),
        }
    }

    /// What a vault would keep of the piece; its identity decides what is the same.
    fn entry(&self, piece: &Piece<'_>, style: Style) -> Entry {
        let kind = kind(&piece.rule.id);
        let replacement = String::new();
        if self.vault.is_none() {
            // Nothing brings the text back: the same secret is the same in whatever form, but for a stand-in, which
            // has the form of what is written.
            let same = if style == Style::StandIn { piece.text } else { piece.secret };
            let written = same.as_bytes().to_vec();
            let style = if style == Style::StandIn { style } else { Style::Token };
            return Entry { replacement, style, kind, encoding: Encoding::Utf8, written };
        }
        let lossless = piece.encoding.encode(piece.text) == piece.written;
        let (encoding, written) = match lossless {
            true => (Encoding::Utf8, piece.text.as_bytes()),
            false => (piece.encoding, piece.written),
        };
        Entry { replacement, style, kind, encoding, written: written.to_vec() }
    }

    /// What a key is applied to. A secret in plain gets the placeholder that a scan gives it.
    fn what(&self, piece: &Piece<'_>, style: Style) -> Zeroizing<String> {
        Zeroizing::new(match self.vault {
            None if style == Style::StandIn => piece.text.to_owned(),
            None => piece.secret.to_owned(),
            Some(_) => {
                let lossless = piece.encoding.encode(piece.text) == piece.written;
                let raw =
                    if lossless { String::new() } else { data_encoding::HEXLOWER.encode(piece.written) };
                let number = if style == Style::QuotedToken { "\0number" } else { "" };
                format!("{}{raw}{number}", piece.text)
            }
        })
    }

    fn known(&self, identity: &[u8; 32]) -> Option<String> {
        let kept = || Some(self.vault?.by_identity(identity)?.replacement.clone());
        self.issued.get(identity).cloned().or_else(kept)
    }

    fn free(&self, replacement: &str) -> bool {
        !self.used.contains(replacement)
            && !self.avoid.contains(replacement)
            && !self.present.contains(&hash(replacement))
            && !self.vault.is_some_and(|vault| vault.knows(replacement))
    }

    fn number(&mut self, kind: &str) -> Option<String> {
        let mut next = self.numbers.get(kind).copied().unwrap_or(0);
        let placeholder = loop {
            next = next.checked_add(1)?;
            let placeholder = numbered(kind, next);
            if self.free(&placeholder) {
                break placeholder;
            }
        };
        self.numbers.insert(kind.to_owned(), next);
        Some(placeholder)
    }

    fn keep(&mut self, identity: [u8; 32], mut entry: Entry, replacement: Option<String>) -> Result<String> {
        let replacement = replacement.ok_or_else(|| {
            Error::new(ErrorKind::Io, "every placeholder that a secret could get stands in the input")
                .hint("the input looks made to prevent its redaction: look at where it comes from")
        })?;
        self.used.insert(replacement.clone());
        self.issued.insert(identity, replacement.clone());
        if self.vault.is_some() {
            entry.replacement.clone_from(&replacement);
            self.fresh.push(entry);
        }
        Ok(replacement)
    }

    /// What the vault does not have yet.
    pub(super) fn fresh(&self) -> &[Entry] {
        &self.fresh
    }

    /// Forgets what it gave out, and never gives out `unfit` again.
    pub(super) fn start_again(&mut self, unfit: Vec<String>) {
        self.avoid.extend(unfit);
        self.fresh.clear();
        self.issued.clear();
        self.used.clear();
        self.numbers.clear();
    }

    fn key(&self) -> Option<&[u8]> {
        self.key.as_ref().map(|key| key.as_slice())
    }
}

/// How many placeholders are tried for one secret.
const TRIES: u32 = 64;

/// The first or last line of a key in armour: it is the format.
fn marker(text: &str) -> bool {
    let inner = ["-----BEGIN ", "-----END "].iter().find_map(|start| text.strip_prefix(start));
    inner
        .and_then(|rest| rest.strip_suffix("-----"))
        .is_some_and(|name| name.len() < 50 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b' '))
}

/// Whether a stand-in could be a live one: it has a right checksum by chance.
fn lives(rule: &Rule, candidate: &str) -> bool {
    let names: &[String] = match &rule.matcher {
        Match::Secret(wanted) => &wanted.validate,
        _ => &[],
    };
    // These look at an encoding, which a stand-in keeps; every other check is a checksum.
    let checksums = names
        .iter()
        .filter_map(|name| Validator::named(name))
        .filter(|check| !matches!(check, Validator::Pem | Validator::Jwt));
    let mut checks = checksums.chain([Validator::Crc]);
    card(candidate) || iban(candidate) || checks.any(|check| check.check(candidate) == Verdict::Confirmed)
}

/// How many bytes of a secret everybody knows: the keyword of its issuer in front.
fn public_prefix(rule: &Rule, text: &str) -> usize {
    let Match::Secret(wanted) = &rule.matcher else { return 0 };
    let starts = |word: &&String| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && word.len() * 2 <= text.len()
    };
    let longest = wanted.keywords.iter().filter(starts).map(String::len).max();
    longest.filter(|_| rule.category == Category::Secrets).unwrap_or(0)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The digest of bytes that are compared and not kept.
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn new() -> Self {
        Sum(Sha256::new())
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
