//! Names, and what they promise.

use std::ops::Range;

/// A name longer than this names no secret.
const NAME: usize = 64;

/// A name of more words than this is a sentence.
const WORDS: usize = 12;

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// A password: people choose these, so words with digits count.
    Password,
    /// A token or secret: made by a generator.
    Token,
    /// Something that may be a secret: `key`, `auth`, `cookie`.
    Perhaps,
}

/// A promise, and whether the name itself says that the value serves a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promised {
    pub(super) promise: Promise,
    pub(super) of_a_test: bool,
}

/// The bytes of names: letters, digits, `_`, `-` and `.`.
pub(super) fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name that the anchor stands in; `None` when it is too short or too long to be one.
pub(in crate::redact) fn name_around(bytes: &[u8], anchor: Range<usize>) -> Option<Range<usize>> {
    let (before, behind) = (bytes.get(..anchor.start)?, bytes.get(anchor.start..)?);
    let before = before.iter().rev().take(NAME).take_while(|byte| in_name(**byte)).count();
    let inside = behind.iter().take(NAME).take_while(|byte| in_name(**byte)).count();
    let mut name = anchor.start - before..anchor.start + inside;
    while name.start < anchor.start && matches!(bytes.get(name.start), Some(b'-' | b'.')) {
        name.start += 1;
    }
    while name.end > anchor.start && matches!(bytes.get(name.end - 1), Some(b'-' | b'.')) {
        name.end -= 1;
    }
    (before < NAME && inside < NAME && name.len() >= 2).then_some(name)
}

/// The words of a name: at `_`, `-`, `.`, and where a capital follows a small letter; digits behind a word and the
/// plural of a secret are left out.
struct Words<'a> {
    all: [&'a [u8]; WORDS],
    count: usize,
}

impl<'a> Words<'a> {
    fn of(name: &'a [u8]) -> Option<Self> {
        let mut words = Words { all: [b""; WORDS], count: 0 };
        let (mut start, mut small) = (0, false);
        for (at, byte) in name.iter().enumerate() {
            let separates = matches!(byte, b'_' | b'-' | b'.');
            if separates || small && byte.is_ascii_uppercase() {
                words.push(&name[start..at])?;
                start = at + usize::from(separates);
            }
            small = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        }
        words.push(&name[start..])?;
        Some(words)
    }

    /// `None` when there are too many.
    fn push(&mut self, word: &'a [u8]) -> Option<()> {
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let mut word = &word[..word.len() - digits];
        const PLURALS: &[&[u8]] = &[b"keys", b"tokens", b"secrets", b"passwords", b"passes"];
        if PLURALS.iter().any(|plural| ends_with(word, plural)) {
            word = &word[..word.len() - 1];
        }
        if !word.is_empty() {
            *self.all.get_mut(self.count)? = word;
            self.count += 1;
        }
        Some(())
    }

    fn as_slice(&self) -> &[&'a [u8]] {
        self.all.get(..self.count).unwrap_or(&[])
    }
}

/// Whether `word` ends with `tail`, which is lower case.
fn ends_with(word: &[u8], tail: &[u8]) -> bool {
    word.len() >= tail.len() && word[word.len() - tail.len()..].eq_ignore_ascii_case(tail)
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

fn ends_with_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|one| ends_with(word, one.as_bytes()))
}

/// Behind the word for the secret these make it the name of something about a secret; in a name that promises little,
/// anywhere.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "id", "ids", "name", "names", "type", "url", "uri", "endpoint", "path", "file", "filename", "field",
    "fields", "label", "hint", "length", "len", "size", "count", "hash", "hashed", "hasher", "hashers",
    "digest", "checksum", "sha", "md", "regex", "pattern", "expires", "expiry", "expiration", "expire",
    "ttl", "age", "timeout", "header", "prefix", "suffix", "class", "env", "var", "variable",
    "placeholder", "input", "output", "help", "error", "message", "msg", "text", "title", "description",
    "format", "index", "column", "table", "version", "policy", "rule", "rules", "validator", "validators",
    "validation", "algorithm", "alg", "method", "mode", "fingerprint", "commit", "revision", "rev",
    "integrity", "author", "authors", "keyword", "keywords", "keyboard", "monkey", "hotkey", "keycode",
    "arn", "ref", "selector", "event", "limit", "max", "min", "provider", "issuer", "audience", "scope",
    "store", "manager", "handler", "form", "reset", "change", "view", "template", "strength", "element",
    "button", "param", "parameter", "attribute", "property", "date", "time", "timestamp", "created",
    "updated", "func", "function", "callback", "generator", "algorithms", "iterations", "rounds", "kind",
    "map", "mapping", "service", "location", "dir", "directory", "folder", "required", "enabled",
    "changed", "status", "state",
];

/// In front of the word for the secret these say that everybody may know it, or that it opens nothing.
#[rustfmt::skip]
const OPENS_NOTHING: &[&str] = &[
    "public", "pub", "publishable", "csrf", "xsrf", "site", "non", "not", "no", "invalid", "wrong", "bad",
    "fake", "dummy", "bogus", "mock", "mocked", "incorrect", "malformed", "expired", "unknown",
    "matching", "placeholder", "example", "sample", "hashed", "encrypted", "hash", "sealed", "masked", "validate", "check",
];

/// In front of the word for the secret these say that the value serves a test.
const OF_A_TEST: &[&str] = &["test", "tests", "testing", "expected", "demo", "stub", "fixture"];

#[rustfmt::skip]
const PASSWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "pwd", "passcode", "kennwort", "wachtwoord",
    "contrasena", "senha", "parola", "haslo", "heslo", "passord", "salasana", "psk",
];

const TOKENS: &[&str] = &[
    "token",
    "secret",
    "apikey",
    "credential",
    "credentials",
    "accesskey",
    "secretkey",
    "authkey",
    "bearer",
];

const PERHAPS: &[&str] = &["key", "auth", "authorization", "cookie", "salt", "sessionid", "sessid", "client"];

/// With one of these a key is a secret one.
#[rustfmt::skip]
const OF_A_KEY: &[&str] = &[
    "api", "access", "secret", "private", "encryption", "signing", "auth", "account", "master", "license",
    "shared", "service", "app", "application", "server", "live", "prod",
];

/// What the words of a name promise; `None` when it names something about a secret, or nothing of the kind.
pub(super) fn promise(bytes: &[u8], name: &Range<usize>) -> Option<Promised> {
    let text = bytes.get(name.clone())?;
    let words = Words::of(text)?;
    let words = words.as_slice();
    let (last, before) = words.split_last()?;
    let place = words.iter().rposition(|word| kind(word).is_some());
    let short = is_one_of(last, &["pass", "pw", "pat"]);
    let (mut promise, place) = match place {
        _ if short => {
            let token = is_one_of(last, &["pat"]);
            (if token { Promise::Token } else { Promise::Password }, before.len())
        }
        Some(place) => (kind(words[place])?, place),
        None => return None,
    };
    if promise == Promise::Perhaps {
        let api = |word: &&[u8]| ends_with_one_of(word, OF_A_KEY);
        let of_a_key = before.iter().any(api) || word_before(bytes, name).is_some_and(|word| api(&word));
        let salted =
            ends_with(last, b"salt") && before.iter().any(|word| is_one_of(word, &["auth", "secret"]));
        if ends_with(last, b"key") && of_a_key || salted {
            promise = Promise::Token;
        }
        // A key that a client holds is one that everybody may see.
        let seen = ends_with(last, b"key") && before.last().is_some_and(|word| is_one_of(word, &["client"]));
        let session = is_one_of(last, &["sessionid", "sessid", "phpsessid", "jsessionid"]);
        let client = place < before.len() && words[place].eq_ignore_ascii_case(b"client");
        if seen
            || client
            || !session && words.iter().any(|word| is_one_of(word, ABOUT)) && promise == Promise::Perhaps
        {
            return None;
        }
    }
    let about = words[place + 1..].iter().any(|word| is_one_of(word, ABOUT));
    if about || words.iter().any(|word| is_one_of(word, OPENS_NOTHING)) || hands_out(words) {
        return None;
    }
    Some(Promised { promise, of_a_test: words.iter().any(|word| is_one_of(word, OF_A_TEST)) })
}

fn kind(word: &[u8]) -> Option<Promise> {
    if ends_with_one_of(word, PASSWORDS) {
        Some(Promise::Password)
    } else if ends_with_one_of(word, TOKENS) {
        Some(Promise::Token)
    } else {
        ends_with_one_of(word, PERHAPS).then_some(Promise::Perhaps)
    }
}

/// The word in front of a name, a blank between: `api key`.
fn word_before<'a>(bytes: &'a [u8], name: &Range<usize>) -> Option<&'a [u8]> {
    let before = bytes.get(..name.start)?.strip_suffix(b" ")?;
    let length = before.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    before.get(before.len() - length..)
}

/// Whether a name is one of a token or key that a service hands to everyone: the place in a list, the repetition of a
/// request, the form of a page, the name of an object.
fn hands_out(words: &[&[u8]]) -> bool {
    #[rustfmt::skip]
    const TOKENS: &[&str] = &[
        "next", "page", "pagination", "continuation", "starting", "marker", "cursor", "sync",
        "idempotency", "idempotent", "request", "change", "lock", "authenticity", "antiforgery",
    ];
    #[rustfmt::skip]
    const KEYS: &[&str] = &[
        "object", "primary", "foreign", "sort", "partition", "cache", "row", "group", "idempotency",
        "dedup", "shard", "routing", "lookup", "natural", "composite", "unique", "map",
    ];
    let [.., kind, last] = words else { return false };
    if last.eq_ignore_ascii_case(b"token") {
        is_one_of(kind, TOKENS)
    } else {
        // Of `s3` the digit is left out.
        let known =
            ends_with_one_of(kind, KEYS) && !ends_with_one_of(kind, OF_A_KEY) || is_one_of(kind, &["s"]);
        last.eq_ignore_ascii_case(b"key") && known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promised(name: &str) -> Option<Promise> {
        promise(name.as_bytes(), &(0..name.len())).map(|promised| promised.promise)
    }

    #[test]
    fn a_name_promises_by_its_words() {
        for (name, expected) in [
            ("DB_PASSWORD", Some(Promise::Password)),
            ("password2", Some(Promise::Password)),
            ("user.pass", Some(Promise::Password)),
            ("PGPASSWORD", Some(Promise::Password)),
            ("wifiPsk", Some(Promise::Password)),
            ("clientSecret", Some(Promise::Token)),
            ("API_KEYS", Some(Promise::Token)),
            ("APIKey", Some(Promise::Token)),
            ("GH_PAT", Some(Promise::Token)),
            ("AUTH_SALT", Some(Promise::Token)),
            ("file_password", Some(Promise::Password)),
            ("key", Some(Promise::Perhaps)),
            ("PHPSESSID", Some(Promise::Perhaps)),
            ("password_hash", None),
            ("tokenUrl", None),
            ("secret-name", None),
            ("token_expiry_seconds", None),
            ("public_key", None),
            ("csrfToken", None),
            ("nextPageToken", None),
            ("cache-key", None),
            ("wrong_password", None),
            ("keyboard", None),
            ("passenger", None),
            ("path", None),
            ("acmeClient", Some(Promise::Perhaps)),
            ("client.get", None),
            ("MASKED_SECRET", None),
            ("validate_password", None),
            ("first_pass_count", None),
            ("a_b_c_d_e_f_g_h_i_j_k_l_m_token", None),
        ] {
            assert_eq!(promised(name), expected, "{name}");
        }
    }

    #[test]
    fn a_test_says_so_in_its_names() {
        let name = b"test_password";
        assert!(promise(name, &(0..name.len())).unwrap().of_a_test);
    }

    #[test]
    fn a_key_is_secret_by_the_word_before() {
        let text = b"the api key";
        assert_eq!(promise(text, &(8..11)).unwrap().promise, Promise::Token);
    }

    #[test]
    fn a_name_ends_before_the_full_stop() {
        assert_eq!(name_around(b"a password. b", 2..7), Some(2..10));
        assert_eq!(name_around(b"--api-key x", 6..9), Some(2..9));
        assert_eq!(name_around("k".repeat(200).as_bytes(), 100..101), None);
    }
}
