//! Assignments of secrets that no issuer's format gives away: `password = "..."`, `"apiToken": "..."`, `SECRET_KEY=...`.
//!
//! Hand-written, because its anchors are everywhere: most of them are turned down after a few bytes.

use std::ops::Range;

use super::random;
use crate::finding::Confidence;

/// The rule that reports them.
pub(super) const RULE: &str = "generic-secret";

/// The anchors: one stands in every name that counts.
pub(super) const ANCHORS: &[&str] = &[
    "key",
    "token",
    "secret",
    "passw",
    "passphrase",
    "pwd",
    "credential",
    "pass=",
    "pass:",
    "pass\"",
    "pass ",
    "client",
    "auth",
    "cookie",
];

/// Names and values longer than this are no assignment of a secret.
const NAME: usize = 64;
const VALUE: usize = 512;

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// A password: people choose these, so words with digits count.
    Password,
    /// A token or secret: made by a generator.
    Token,
    /// Something that may be a secret: `key`, `auth`, `client`.
    Perhaps,
}

/// How the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Quoted,
    Bare,
}

/// One pass over a text, fed with the anchors in order.
pub(super) struct Scan<'a> {
    text: &'a str,
    done: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scan { text, done: 0 }
    }

    /// The secret assigned to the name around this anchor, if there is one.
    pub(super) fn at(&mut self, anchor: Range<usize>) -> Option<(Range<usize>, Confidence)> {
        if anchor.end <= self.done {
            return None;
        }
        let bytes = self.text.as_bytes();
        let name = name_around(bytes, anchor)?;
        self.done = name.end;
        let (value, form) = value_after(bytes, &name)?;
        let promise = promise(&self.text[name])?;
        let text = self.text.get(value.clone())?;
        if identifies(text) && promise != Promise::Token {
            return None;
        }
        let confidence = judge(text, promise, form)?;
        Some((value, confidence))
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name that an anchor stands in.
pub(super) fn name_around(bytes: &[u8], anchor: Range<usize>) -> Option<Range<usize>> {
    let before = bytes[..anchor.start].iter().rev().take(NAME).take_while(|byte| in_name(**byte)).count();
    let inside = bytes[anchor.start..].iter().take(NAME).take_while(|byte| in_name(**byte)).count();
    let mut name = anchor.start - before..anchor.start + inside;
    while name.start < anchor.start && matches!(bytes[name.start], b'-' | b'.') {
        name.start += 1;
    }
    (before < NAME && inside < NAME && name.len() >= 3).then_some(name)
}

/// Moves over spaces and tabs.
fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The value that is assigned to the name.
pub(super) fn value_after(bytes: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Form)> {
    let opened = name.start.checked_sub(1).map(|before| bytes[before]);
    if opened == Some(b':') && bytes.get(name.end) == Some(&b':') {
        // A part of an `urn:` or `arn:`.
        return None;
    }
    let mut at = name.end;
    let quoted_name = matches!(bytes.get(at), Some(b'"' | b'\'' | b'`')) && opened == bytes.get(at).copied();
    if quoted_name {
        at += 1 + usize::from(bytes.get(at + 1) == Some(&b']'));
    } else if bytes.get(at) == Some(&b'\\') && bytes.get(at + 1) == Some(&b'"') {
        at += 2;
    }
    let (mut after, bare) = operator(bytes, at, name, quoted_name)?;
    if matches!(bytes.get(after), Some(b'b' | b'r' | b'u' | b'B' | b'R' | b'@' | b'\\'))
        && matches!(bytes.get(after + 1), Some(b'"' | b'\''))
    {
        after += 1;
    }
    match bytes.get(after)? {
        quote @ (b'"' | b'\'' | b'`') => {
            let start = after + 1;
            let rest = &bytes[start..bytes.len().min(start + VALUE)];
            let length = rest.iter().position(|byte| byte == quote || *byte == b'\n' || *byte == b'\\')?;
            (rest[length] != b'\n').then_some((start..start + length, Form::Quoted))
        }
        _ if bare => {
            let rest = &bytes[after..bytes.len().min(after + VALUE)];
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,;)}]<>&|\\([".contains(byte);
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            // A call or an index is code that fetches the value, not the value.
            let code = matches!(rest.get(length), Some(b'(' | b'['));
            (!code).then_some((after..after + length, Form::Bare))
        }
        _ => None,
    }
}

/// Where the value begins behind the operator at `at`, and whether it may stand without quotes: `=` and its relatives
/// (`:=`, `?=`, `.=`, `||=`, `==`), `:`, `=>`, `,` behind a quoted name, `(`, the `>` of a tag, the blank of an option.
fn operator(bytes: &[u8], at: usize, name: &Range<usize>, quoted_name: bool) -> Option<(usize, bool)> {
    let spaced = skip_blanks(bytes, at);
    let run = bytes[spaced..].iter().take(4).take_while(|byte| b":?.|+&=>~".contains(byte)).count();
    let tag = spaced == at && name.start > 0 && bytes[name.start - 1] == b'<';
    let (end, bare) = match &bytes[spaced..spaced + run] {
        b":" => {
            let after = skip_blanks(bytes, spaced + 1);
            return Some((skip_annotation(bytes, after), true));
        }
        b"=" => (spaced + 1, true),
        b">" if tag => return Some((skip_white(bytes, spaced + 1), true)),
        [.., b'='] | b"=>" | b"==>" | b"->" => (spaced + run, false),
        [] => match bytes.get(spaced)? {
            b',' if quoted_name => (spaced + 1, false),
            b'(' if !quoted_name && spaced == at => (spaced + 1, false),
            b'"' | b'\'' if spaced > at => (spaced, false),
            _ if spaced > at && bytes[..name.start].ends_with(b"--") => (spaced, true),
            _ if spaced > at => (skip_type(bytes, spaced)?, false),
            _ => return None,
        },
        _ => return None,
    };
    Some((skip_blanks(bytes, end), bare))
}

/// Moves over white space, line breaks too.
fn skip_white(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take(80).take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Moves over a type and the `=` behind it: `var token string = "..."`.
fn skip_type(bytes: &[u8], at: usize) -> Option<usize> {
    let kind = bytes[at..].iter().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let equals = skip_blanks(bytes, at + kind);
    (kind > 0 && bytes.get(equals) == Some(&b'=') && bytes.get(equals + 1) != Some(&b'='))
        .then_some(equals + 1)
}

/// Moves over a type between `:` and `=`: `password: str = "..."`.
fn skip_annotation(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..bytes.len().min(at + 40)];
    let kind =
        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"&_<>[]'|".contains(byte)).count();
    let equals = skip_blanks(bytes, at + kind);
    if kind > 0 && bytes.get(equals) == Some(&b'=') && bytes.get(equals + 1) != Some(&b'=') {
        skip_blanks(bytes, equals + 1)
    } else {
        at
    }
}

/// What the words of a name promise; `None` when it names something about a secret, or nothing of the kind.
fn promise(name: &str) -> Option<Promise> {
    const ABOUT: &[&str] = &[
        "id",
        "ids",
        "name",
        "names",
        "type",
        "url",
        "uri",
        "endpoint",
        "path",
        "file",
        "filename",
        "field",
        "label",
        "hint",
        "length",
        "len",
        "size",
        "count",
        "hash",
        "hashed",
        "digest",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "md5",
        "regex",
        "pattern",
        "expires",
        "expiry",
        "expiration",
        "ttl",
        "age",
        "timeout",
        "header",
        "prefix",
        "suffix",
        "class",
        "env",
        "var",
        "variable",
        "placeholder",
        "public",
        "pub",
        "input",
        "output",
        "help",
        "error",
        "message",
        "msg",
        "text",
        "title",
        "description",
        "format",
        "index",
        "column",
        "table",
        "version",
        "policy",
        "rule",
        "rules",
        "validator",
        "validators",
        "algorithm",
        "alg",
        "method",
        "mode",
        "fingerprint",
        "commit",
        "revision",
        "rev",
        "integrity",
        "author",
        "authors",
        "keyword",
        "keywords",
        "keyboard",
        "monkey",
        "hotkey",
        "keycode",
        "csrf",
        "sitekey",
        "arn",
        "ref",
        "selector",
        "event",
        "count",
        "limit",
        "max",
        "min",
        "provider",
        "issuer",
        "audience",
        "scope",
        "store",
        "manager",
        "handler",
    ];
    let words = words(name);
    let last = words.last()?.as_str();
    if words.iter().any(|word| ABOUT.contains(&word.as_str())) || hands_out(&words) {
        return None;
    }
    let ends = |tails: &[&str]| tails.iter().any(|tail| last.ends_with(tail));
    let any = |tails: &[&str]| words.iter().any(|word| tails.iter().any(|tail| word.ends_with(tail)));
    if ends(&["password", "passwd", "passphrase", "passwort", "pwd"])
        || last == "pass"
        || any(&["password", "passwd"])
    {
        Some(Promise::Password)
    } else if any(&[
        "token",
        "secret",
        "apikey",
        "credential",
        "credentials",
        "accesskey",
        "secretkey",
        "authkey",
    ]) || last == "key"
        && any(&[
            "api",
            "access",
            "secret",
            "private",
            "encryption",
            "signing",
            "auth",
            "account",
            "master",
            "license",
            "shared",
            "service",
            "app",
            "application",
            "server",
            "live",
            "prod",
        ])
    {
        Some(Promise::Token)
    } else if any(&["key", "auth", "client", "authorization", "cookie"]) {
        Some(Promise::Perhaps)
    } else {
        None
    }
}

/// Whether a name is one of a token or key that a service hands to everyone: the place in a list, the repetition of a
/// request, the form of a page, the name of an object.
fn hands_out(words: &[String]) -> bool {
    const TOKENS: &[&str] = &[
        "next",
        "page",
        "pagination",
        "continuation",
        "starting",
        "marker",
        "cursor",
        "sync",
        "idempotency",
        "idempotent",
        "request",
        "change",
        "lock",
        "authenticity",
        "antiforgery",
    ];
    const KEYS: &[&str] =
        &["object", "s3", "primary", "foreign", "sort", "partition", "cache", "row", "group", "idempotency"];
    let [.., kind, last] = words else { return false };
    match last.as_str() {
        "token" => TOKENS.contains(&kind.as_str()),
        "key" => KEYS.iter().any(|word| kind.ends_with(word)),
        _ => false,
    }
}

/// Whether a value is one of the forms of an identifier: a UUID, a point in time.
fn identifies(value: &str) -> bool {
    let form: String = value
        .chars()
        .map(|character| match character {
            '0'..='9' => '0',
            'a'..='f' | 'A'..='F' => 'a',
            other => other,
        })
        .collect();
    let uuid = value.len() == 36 && form.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && {
        form.bytes().all(|byte| matches!(byte, b'0' | b'a' | b'-'))
    };
    uuid || form.starts_with("0000-00-00")
}

/// The words of a name, lower case: at `_`, `-`, `.`, and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for character in name.chars() {
        let separates = matches!(character, '_' | '-' | '.');
        if (separates || small && character.is_ascii_uppercase())
            && words.last().is_some_and(|word| !word.is_empty())
        {
            words.push(String::new());
        }
        if !separates && let Some(word) = words.last_mut() {
            word.push(character.to_ascii_lowercase());
        }
        small = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// How sure a value is a secret, given what its name promises and how it is written.
fn judge(value: &str, promise: Promise, form: Form) -> Option<Confidence> {
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || random::placeholder(value) || look_alike(value) {
        return None;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let token = |least: usize| {
        let body =
            value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+/=.~:!@#$%^&*".contains(&byte));
        value.len() >= least && body && random::random(value)
    };
    let confidence = match (promise, form) {
        (Promise::Password, Form::Quoted) => {
            let symbols = value.len() - digits - letters;
            let chosen =
                value.len() >= 8 && letters > 0 && digits > 0 && !test_value(value) && !name_like(value);
            let strong = chosen && (symbols > 0 || random::random(value) || !random::wordy(value));
            if strong { Confidence::Medium } else { (chosen).then_some(Confidence::Low)? }
        }
        (Promise::Password, Form::Bare) => {
            let chosen =
                value.len() >= 8 && letters > 0 && digits > 0 && !test_value(value) && !name_like(value);
            (chosen && !value.contains('.') && (!random::wordy(value) || random::random(value)))
                .then_some(Confidence::Medium)?
        }
        (Promise::Token, Form::Quoted) => token(10).then_some(Confidence::Medium)?,
        (Promise::Token, Form::Bare) => (token(16) && !code_like(value)).then_some(Confidence::Medium)?,
        (Promise::Perhaps, Form::Quoted) => token(16).then_some(Confidence::Medium)?,
        (Promise::Perhaps, Form::Bare) => (token(24) && !code_like(value)).then_some(Confidence::Low)?,
    };
    (!test_value(value)).then_some(confidence)
}

/// Values that tests and documentation use.
fn test_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        "test", "foo", "bar", "demo", "fake", "mock", "sample", "secret", "passw", "abc123", "123456",
        "qwerty", "hunter2", "letmein",
    ]
    .iter()
    .any(|word| lower.contains(word) && lower.len() < word.len() + 10)
}

/// An identifier, a path or a word with a number behind: `password_field2`, `/etc/pass1`.
fn name_like(value: &str) -> bool {
    let tail = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let identifier = tail.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-');
    identifier && (random::wordy(value) || tail.contains('_'))
        || value.starts_with('/')
        || value.contains("://")
}

/// Code that fetches a value: a path of names.
fn code_like(value: &str) -> bool {
    let member = value.contains('.')
        && value.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        && random::wordy(value);
    if member {
        return true;
    }
    let names = value.split(['.', ':', '/', '-', '_']).filter(|part| !part.is_empty());
    let (mut all, mut plain) = (0, 0);
    for part in names {
        all += 1;
        plain += usize::from(part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    }
    all > 1 && all == plain
}

/// What looks random and is public: checksums with their algorithm in front, URLs; and what has a rule of its own, which
/// knows better: a JSON web token, the token of a bot behind its number.
fn look_alike(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        "sha1-", "sha256-", "sha384-", "sha512-", "sha1:", "sha256:", "sha512:", "md5:", "h1:", "http:",
        "https:", "data:", "urn:", "arn:", "file:", "ssh-", "pk_", "pbkdf2", "$2a$", "$2b$", "$2y$",
        "bcrypt", "argon2",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
        || value.starts_with("eyJ") && value.contains('.')
        || value.split_once(':').is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::expand;

    fn found(text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        let mut scan = Scan::new(text);
        let mut hits: Vec<Range<usize>> = ANCHORS
            .iter()
            .flat_map(|word| lower.match_indices(word).map(|(at, _)| at..at + word.len()))
            .collect();
        hits.sort_by_key(|hit| hit.end);
        hits.into_iter().find_map(|hit| scan.at(hit)).map(|(range, _)| text[range].to_owned())
    }

    #[test]
    fn assignments_are_read_in_every_notation() {
        let value = expand("%{32}");
        for line in [
            "api_key = \"V\"",
            "apiToken: 'V'",
            "\"secret\": \"V\"",
            "SECRET_KEY=V",
            "export API_TOKEN=V",
            "token := \"V\"",
            "\"vendorToken\" => \"V\"",
            "config[\"api_key\"] = \"V\"",
            "api_key: str = \"V\"",
            "const TOKEN: &str = \"V\";",
            "setenv(\"API_TOKEN\", \"V\")",
            "<apiKey>V</apiKey>",
            "client.setApiKey(\"V\")",
            "--api-key V",
            "{\\\"token\\\": \\\"V\\\"}",
            "$token .= \"V\"",
            "TOKEN ?= \"V\"",
            "TOKEN ::= \"V\"",
            "var token string = \"V\"",
            "<token>\n    V\n</token>",
        ] {
            assert_eq!(found(&line.replace('V', &value)).as_ref(), Some(&value), "{line}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_silent() {
        for line in [
            "password = \"changeme\"",
            "api_key = os.environ[\"API_KEY\"]",
            "token = get_token(request)",
            "\"key\": \"ctrl+shift+down\"",
            "secret = \"${SECRET}\"",
            "password: <password>",
            "TOKEN={{ token }}",
            "api_key = settings.API_KEY",
            "token_url = \"https://example.com/oauth/v2/token1\"",
            "author = \"someone1234\"",
            "password_field = \"password1_input\"",
            "self.token = token",
            "password=\"testpass123\"",
            "keyword_token = \"abc\"",
            "key",
            "password = \"",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
