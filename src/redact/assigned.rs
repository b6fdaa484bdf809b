//! Keys that have no format of their own: what gives one away is the word of its issuer in the name it is assigned to,
//! or in front of a plain `api_key`: `MISTRAL_API_KEY=...`, `mistral: { api_key: ... }`, `Cohere(api_key="...")`.

use std::ops::Range;

use super::generic::{name_around, value_after};

/// How far behind the issuer's word a key may be assigned to a plain name: bytes, and line breaks.
const NEAR: usize = 80;
const LINES: usize = 2;

/// What stands in front of the key in a header.
const SCHEMES: &[&str] = &["bearer", "token", "basic", "api-key", "apikey", "key"];

/// What the name of a secret contains.
const SECRET: &[&str] = &[
    "key", "token", "secret", "passw", "pwd", "auth", "cred", "api", "access", "signing", "login", "jwt",
    "cookie", "session",
];

/// The last word of a name of something public, or about a secret.
const PUBLIC: &[&str] = &[
    "id",
    "ids",
    "name",
    "url",
    "uri",
    "host",
    "domain",
    "endpoint",
    "path",
    "file",
    "type",
    "version",
    "model",
    "region",
    "email",
    "user",
    "username",
    "hash",
    "sha",
    "sha1",
    "sha256",
    "md5",
    "digest",
    "checksum",
    "commit",
    "rev",
    "revision",
    "fingerprint",
    "public",
    "uuid",
    "etag",
    "length",
];

/// The words of a plain name of a secret: one that names no issuer.
const PLAIN: &[&str] = &[
    "authorization",
    "credentials",
    "credential",
    "passphrase",
    "password",
    "personal",
    "settings",
    "account",
    "default",
    "options",
    "service",
    "private",
    "master",
    "access",
    "bearer",
    "client",
    "config",
    "header",
    "passwd",
    "secret",
    "server",
    "tokens",
    "write",
    "admin",
    "login",
    "token",
    "value",
    "auth",
    "conf",
    "data",
    "http",
    "keys",
    "live",
    "pass",
    "prod",
    "rest",
    "self",
    "test",
    "this",
    "user",
    "api",
    "app",
    "dev",
    "env",
    "key",
    "opt",
    "pat",
    "pwd",
    "sdk",
    "the",
    "my",
    "o",
    "x",
];

/// The values that may be the key of the issuer whose word stands at `word`, the likeliest first.
pub(super) fn values(text: &str, word: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let name = name_around(bytes, word.clone()).filter(|_| whole(bytes, &word));
    let own = name.clone().filter(|name| is_secret(&bytes[name.start..name.end], &word, name.start));
    // Of `name: MISTRAL_API_KEY, value: ...` the second is the value of the first.
    let pair = name.as_ref().is_some_and(|name| holds(&bytes[name.start..name.end], SECRET));
    let own = own.and_then(|name| value_after(bytes, &name)).map(|(value, _)| value);
    own.into_iter()
        .chain(name.into_iter().flat_map(move |name| Near::new(bytes, name.end, pair)))
        .flat_map(move |value| [Some(value.clone()), with_annotation(bytes, &value)])
        .flatten()
        .map(move |value| without_scheme(bytes, value))
}

/// Whether the issuer's word is one of its own in the name, no part of another: `lob` is none of `global_key`.
fn whole(bytes: &[u8], word: &Range<usize>) -> bool {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
    let before = word.start.checked_sub(1).map_or(b' ', byte);
    let (first, last, after) = (byte(word.start), byte(word.end.saturating_sub(1)), byte(word.end));
    let starts = !before.is_ascii_alphabetic() || before.is_ascii_lowercase() && first.is_ascii_uppercase();
    let ends = !after.is_ascii_alphabetic() || last.is_ascii_lowercase() && after.is_ascii_uppercase();
    let joined = || {
        let rest = &bytes[word.end..bytes.len().min(word.end + 12)];
        PLAIN.iter().any(|plain| plain.len() > 2 && starts_with(rest, plain))
    };
    starts && (ends || joined())
}

/// Whether a name that holds an issuer's word is that of a secret: the word alone, or beside words for secrets; not
/// the name of something public.
fn is_secret(name: &[u8], word: &Range<usize>, start: usize) -> bool {
    let (before, after) = (&name[..word.start - start], &name[(word.end - start).min(name.len())..]);
    let last = last_word(after);
    let alone = before.iter().chain(after).all(|byte| !byte.is_ascii_alphanumeric());
    let public = PUBLIC.iter().any(|public| last.eq_ignore_ascii_case(public.as_bytes()));
    let said = |part: &[u8]| holds(part, SECRET);
    !public
        && (alone
            || last.eq_ignore_ascii_case(b"pat")
            || said(after)
            || said(before)
            || said(&name[before.len()..name.len() - after.len()]))
}

/// The part of a name behind its last separator or capital after a small letter.
fn last_word(name: &[u8]) -> &[u8] {
    let name =
        &name[name.iter().rposition(|byte| matches!(byte, b'_' | b'-' | b'.')).map_or(0, |at| at + 1)..];
    let hump = name.windows(2).rposition(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    &name[hump.map_or(0, |at| at + 1)..]
}

fn starts_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

fn holds(text: &[u8], words: &[&str]) -> bool {
    (0..text.len()).any(|at| words.iter().any(|word| starts_with(&text[at..], word)))
}

/// Whether a name says that it is a secret and nothing of whose: made up of plain words, one of them for a secret.
/// `value` counts only as the second half of a pair.
fn plain(name: &[u8], pair: bool) -> bool {
    if !holds(name, &["key", "token", "secret", "passw", "auth", "credential", "pat"]) {
        return pair && name.eq_ignore_ascii_case(b"value");
    }
    let mut rest = name;
    while let Some(byte) = rest.first() {
        rest = match PLAIN.iter().find(|word| starts_with(rest, word)) {
            Some(word) => &rest[word.len()..],
            None if byte.is_ascii_alphabetic() => return false,
            None => &rest[1..],
        };
    }
    true
}

/// The values of plain names in the next bytes.
struct Near<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    pair: bool,
}

impl<'a> Near<'a> {
    fn new(bytes: &'a [u8], at: usize, pair: bool) -> Self {
        let end = bytes.len().min(at + NEAR);
        let breaks = memchr::memchr_iter(b'\n', &bytes[at..end]);
        let end = breaks.take(LINES + 1).nth(LINES).map_or(end, |offset| at + offset);
        Near { bytes, at, end, pair }
    }
}

impl Iterator for Near<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.at < self.end {
            let start = self.at;
            if !self.bytes[start].is_ascii_alphabetic() {
                self.at += 1;
                continue;
            }
            let Some(name) = name_around(self.bytes, start..start + 1) else {
                let run = self.bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                self.at += run.max(1);
                continue;
            };
            self.at = name.end.max(start + 1);
            if plain(&self.bytes[name.start..name.end], self.pair)
                && let Some((value, _)) = value_after(self.bytes, &name)
            {
                return Some(value);
            }
        }
        None
    }
}

/// The value together with what was taken for the annotation in front of it: `token: abc=def` has no type `abc`.
fn with_annotation(bytes: &[u8], value: &Range<usize>) -> Option<Range<usize>> {
    let blanks =
        bytes[..value.start].iter().rev().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let equals = (value.start - blanks).checked_sub(1).filter(|at| bytes.get(*at) == Some(&b'='))?;
    let in_value = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-+/.".contains(byte);
    let length = bytes[..equals].iter().rev().take(512).take_while(in_value).count();
    let end = if blanks == 0 { value.end } else { equals + 1 };
    (length > 0).then_some(equals - length..end)
}

/// The key behind the scheme of a header: `Bearer ...`.
fn without_scheme(bytes: &[u8], value: Range<usize>) -> Range<usize> {
    let written = &bytes[value.start..];
    let Some(scheme) = SCHEMES.iter().find(|scheme| starts_with(written, scheme)) else { return value };
    let start = value.start + scheme.len() + 1;
    if written.get(scheme.len()) != Some(&b' ') || start > value.end + 1 {
        return value;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\".contains(byte);
    let rest = &bytes[start..bytes.len().min(start + 512)];
    start..start + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(text: &str, word: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        lower
            .match_indices(word)
            .flat_map(|(at, _)| values(text, at..at + word.len()).collect::<Vec<_>>())
            .map(|value| text[value].to_owned())
            .find(|value| value.starts_with("0f3"))
    }

    #[test]
    fn the_value_of_a_name_with_the_word_is_read_in_every_notation() {
        for line in [
            "MISTRAL_API_KEY=V",
            "mistral_key: V",
            "\"mistralToken\": \"V\"",
            "mistralapikey = 'V'",
            "<mistralKey>V</mistralKey>",
            "os.environ[\"MISTRAL_API_KEY\"] = \"V\"",
            "os.getenv(\"MISTRAL_API_KEY\", \"V\")",
            "--mistral-api-key V",
            "client = Mistral(\"V\")",
            "MISTRAL=V",
            "MY_MISTRAL_SECRET='V'",
            "my.mistral.secret=V",
        ] {
            assert_eq!(first(&line.replace('V', "0f3a"), "mistral").as_deref(), Some("0f3a"), "{line}");
        }
    }

    #[test]
    fn the_value_of_a_plain_name_behind_the_word_is_read() {
        for text in [
            "mistral: { api_key: \"V\" }",
            "client = Mistral(api_key=\"V\")",
            "[mistral]\napi_key = V",
            "mistral:\n  model: large\n  token: V",
            "my mistral key: V",
            "- name: MISTRAL_API_KEY\n  value: V",
            "{\"name\": \"MISTRAL_API_KEY\", \"value\": \"V\"}",
            "curl https://api.mistral.example/v1 -H \"Authorization: Bearer V\"",
            "new Mistral({ apiKey: 'V' })",
        ] {
            assert_eq!(first(&text.replace('V', "0f3a"), "mistral").as_deref(), Some("0f3a"), "{text}");
        }
    }

    #[test]
    fn an_equals_sign_may_be_part_of_the_value() {
        for (text, value) in [
            ("linear_key: 0f3a=d", "0f3a=d"),
            ("linear_key: '0f3a=d'", "0f3a=d"),
            ("linear_key: 0f3a=  # here", "0f3a="),
            ("linear_key: str = '0f3a'", "0f3a"),
        ] {
            let all: Vec<&str> = values(text, 0..6).map(|value| &text[value]).collect();
            assert!(all.contains(&value), "{text}: {all:?}");
        }
    }

    #[test]
    fn other_names_and_other_words_are_not() {
        for (text, word) in [
            ("global_key = \"V\"", "lob"),
            ("bilinear_key = \"V\"", "linear"),
            ("linear_id = \"V\"", "linear"),
            ("linearTokenUrl = \"V\"", "linear"),
            ("linear_weights = \"V\"", "linear"),
            ("mistral: { model: \"V\" }", "mistral"),
            ("MISTRAL_MODEL=a\nCOHERE_API_KEY=V", "mistral"),
            ("mistral\n\n\ntoken = V", "mistral"),
            ("name: mistral\nvalue: V", "mistral"),
        ] {
            assert_eq!(first(&text.replace('V', "0f3a"), word), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(linear|key|token|[ =:\"'(){}\n._\u{e9}a-zA-Z-]){0,60}") {
            for (at, word) in text.match_indices("linear") {
                for value in values(&text, at..at + word.len()) {
                    prop_assert!(value.end <= text.len());
                }
            }
        }
    }
}
