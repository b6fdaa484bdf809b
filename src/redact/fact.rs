//! What may be said of a secret: who issued it, how long it is, and under a key which one it is.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::finding::{Mark, SecretFact};
use crate::rule::Rule;

/// How many base32 characters a fingerprint has: fifty bits tell the secrets of any project apart.
const LENGTH: usize = 10;

/// The facts of a secret that `rule` found. `key` is the project's, `run` one of this run alone.
pub(super) fn of(rule: &Rule, secret: &str, key: Option<&[u8]>, run: Option<&[u8]>) -> SecretFact {
    let fingerprint = key.and_then(|key| keyed(key, "fingerprint", secret)).map(|digest| {
        let mut text = data_encoding::BASE32_NOPAD.encode(&digest);
        text.truncate(LENGTH);
        text
    });
    let mark = run.and_then(|run| keyed(run, "mark", secret)).and_then(|digest| {
        let first = digest.first_chunk::<16>()?;
        Some(Mark(*first))
    });
    SecretFact { kind: rule.title.clone(), length: secret.chars().count(), fingerprint, past: None, mark }
}

/// HMAC-SHA256(key, what || 0 || secret): nobody without the key can confirm a guess.
fn keyed(key: &[u8], what: &str, secret: &str) -> Option<[u8; 32]> {
    // HMAC takes a key of any length, so this never is `None`.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(what.as_bytes());
    mac.update(&[0]);
    mac.update(secret.as_bytes());
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(secret: &str, key: Option<&[u8]>, run: Option<&[u8]>) -> SecretFact {
        let rules = crate::built_in_rules();
        of(rules.get("github-token").unwrap(), secret, key, run)
    }

    #[test]
    fn a_fingerprint_is_the_same_for_the_same_secret_under_one_key_alone() {
        let one = fact("süß", Some(b"k"), None);
        assert_eq!((one.kind.as_str(), one.length), ("GitHub token", 3));
        let text = one.fingerprint.clone().unwrap();
        assert!(text.len() == LENGTH && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert_eq!(one.fingerprint, fact("süß", Some(b"k"), None).fingerprint);
        assert_ne!(one.fingerprint, fact("süß", Some(b"l"), None).fingerprint);
        assert_ne!(one.fingerprint, fact("suess", Some(b"k"), None).fingerprint);
        assert_eq!(fact("süß", None, Some(b"k")).fingerprint, None);
    }

    #[test]
    fn a_mark_is_never_written() {
        let marked = fact("one", None, Some(b"run"));
        assert!(marked.mark.is_some() && marked.mark != fact("two", None, Some(b"run")).mark);
        let written = serde_json::to_string(&marked).unwrap();
        assert_eq!(written, r#"{"kind":"GitHub token","length":3}"#);
        assert!(format!("{marked:?}").contains("mark: Some(Mark)"));
    }
}
