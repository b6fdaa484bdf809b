//! Whether a value is a secret, given what its name promises and how it is written.

use super::name::{Promise, Promised};
use super::value::Form;
use crate::finding::Confidence;
use crate::redact::random;

/// What a value is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    digits: usize,
    lower: usize,
    upper: usize,
    symbols: usize,
    /// Letters beyond ASCII.
    other: usize,
}

impl Made {
    /// `None` when it holds a blank or a control character, or of what is no ASCII anything but letters.
    fn of(value: &str) -> Option<Self> {
        let mut made = Made::default();
        for character in value.chars() {
            match character {
                '0'..='9' => made.digits += 1,
                'a'..='z' => made.lower += 1,
                'A'..='Z' => made.upper += 1,
                '!'..='~' => made.symbols += 1,
                _ if character.is_alphabetic() => made.other += 1,
                _ => return None,
            }
        }
        Some(made)
    }

    fn letters(self) -> usize {
        self.lower + self.upper + self.other
    }

    /// How many kinds of characters.
    fn kinds(self) -> usize {
        [self.digits, self.lower + self.other, self.upper, self.symbols]
            .iter()
            .filter(|count| **count > 0)
            .count()
    }
}

/// How sure a value is a secret; `None` when it is none. The cheapest tests come first.
pub(super) fn judge(value: &str, name: &str, promised: Promised, form: Form) -> Option<Confidence> {
    let least = if promised.promise == Promise::Password { 6 } else { 10 };
    if value.len() < least {
        return None;
    }
    let made = Made::of(value)?;
    let confidence = match promised.promise {
        Promise::Password => password(value, made, form)?,
        _ if made.other > 0 => return None,
        promise => token(value, promise, form)?,
    };
    if random::placeholder(value)
        || random::stand_in(value)
        || look_alike(value)
        || identifies(value, promised.promise)
        || random::same_words(value, name)
    {
        return None;
    }
    Some(if promised.of_a_test { Confidence::Low } else { confidence })
}

/// How sure a word of a sentence is a password; `plainly`: the sentence says so.
pub(super) fn judge_said(value: &str, plainly: bool) -> Option<Confidence> {
    let made = Made::of(value).filter(|_| value.len() >= 6 && value.len() <= 128)?;
    let marks = value.chars().filter(|c| "!@#$%^&*+=?~|".contains(*c)).count();
    let mixed = made.upper > 0 && made.lower > 0;
    let digits = made.digits > 0 && made.letters() > 0;
    let strong = digits && (marks > 0 || mixed || changes(value) >= 3 || random::random(value))
        || marks > 0 && mixed && !value.contains('@') && !value.ends_with(['!', '?', '*', '='])
        || random::random(value);
    let chosen = plainly && digits && !measure(value) && value.len() >= 7;
    if !(strong || chosen)
        || code_like(value)
        || technical(value)
        || value.contains("://")
        || value.starts_with(['/', '-', '.', '#', ':', '&', '@', '\\', '=', '(', '['])
        || value.contains(['(', '[', '{', '<', '\\', ';', ',', '='])
        || random::placeholder(value)
        || random::stand_in(value)
        || look_alike(value)
        || identifies(value, Promise::Perhaps)
    {
        return None;
    }
    let long = value.len() >= 8 && strong;
    Some(if plainly && long || made.kinds() >= 3 && long { Confidence::Medium } else { Confidence::Low })
}

/// How sure a word of a command line is a password: there it cannot be anything else.
pub(super) fn judge_option(value: &str) -> Option<Confidence> {
    let made = Made::of(value).filter(|_| value.len() >= 4)?;
    let stands_in = value.starts_with(['$', '%', '<', '{', '[', '-', '*'])
        || random::placeholder(value)
        || random::stand_in(value)
        || look_alike(value);
    if stands_in || made.kinds() == 1 && (value.len() < 8 || random::wordy(value)) || value.contains("://") {
        return None;
    }
    Some(if value.len() >= 8 && made.kinds() >= 2 { Confidence::Medium } else { Confidence::Low })
}

fn password(value: &str, made: Made, form: Form) -> Option<Confidence> {
    let wordy = random::wordy(value);
    let three = made.kinds() >= 3;
    let mixed = made.digits > 0 && made.letters() > 0
        || made.symbols > 0 && made.upper > 0 && made.lower > 0 && marked(value);
    let generated = || value.len() >= 14 && random::random(value);
    if !(mixed || generated()) || value.len() < 8 && !three || name_like(value, wordy) {
        return None;
    }
    if form == Form::Bare && (made.other > 0 || code_like(value) || member(value)) {
        return None;
    }
    let strong = value.len() >= 8
        && made.digits > 0
        && (made.symbols > 0 && three || !wordy || changes(value) >= 3 || generated());
    match form {
        _ if strong && !(form == Form::Bare && wordy && made.symbols == 0 && !generated()) => {
            Some(Confidence::Medium)
        }
        // An identifier seldom ends in two digits; a password that a person made up often does.
        Form::Bare => {
            (made.symbols == 0 && numbered(value) >= 2 || made.symbols > 0).then_some(Confidence::Low)
        }
        Form::Quoted | Form::Line => Some(Confidence::Low),
    }
}

fn token(value: &str, promise: Promise, form: Form) -> Option<Confidence> {
    let (least, sure) = match (promise, form) {
        (Promise::Perhaps, Form::Quoted) => (16, Confidence::Medium),
        (Promise::Perhaps, _) => (24, Confidence::Low),
        (_, Form::Quoted) => (10, Confidence::Medium),
        (_, Form::Line) => (12, Confidence::Medium),
        (_, Form::Bare) => (16, Confidence::Medium),
    };
    let in_body = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=.~:!@#$%^&*".contains(&byte);
    let body = value.len() >= least && value.bytes().all(in_body);
    (body && random::random(value) && !(form != Form::Quoted && code_like(value)) && !member(value))
        .then_some(sure)
}

/// Whether a symbol is one that people put into passwords, not into names and labels, and not only at the end.
fn marked(value: &str) -> bool {
    let inside = value.trim_end_matches(['!', '?', ':', '*', '.', '=']);
    let label = inside.contains(['/', '<', '>', '(', ')', '[', ']', '{', '}', ' ', '"', '\\', ',', ';', ':']);
    inside.contains(['!', '#', '$', '%', '^', '&', '*', '+', '=', '?', '~', '|']) && !label
}

/// How many digits it ends in.
fn numbered(value: &str) -> usize {
    value.bytes().rev().take_while(u8::is_ascii_digit).count()
}

/// How often letters and digits take turns.
fn changes(value: &str) -> usize {
    let alphanumeric: Vec<bool> =
        value.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.is_ascii_digit()).collect();
    alphanumeric.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// An identifier, a path or a word with a number behind: `password_field2`, `/etc/pass1`.
fn name_like(value: &str, wordy: bool) -> bool {
    let tail = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let identifier = tail.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-');
    identifier
        && (tail.contains(['_', '-']) && (wordy || tail.len() + 1 >= value.len())
            || numbered(value) == 1 && wordy)
        || value.starts_with('/')
        || value.contains("://")
}

/// A path of names: `settings.auth2.key`.
fn member(value: &str) -> bool {
    let identifier = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    value.contains('.') && value.split('.').all(identifier) && (random::wordy(value) || file(value))
}

/// Code that fetches a value: names with `.`, `:`, `/` or `-` between them, a constant, a pointer.
fn code_like(value: &str) -> bool {
    if member(value) || value.starts_with(['*', '&', '@']) {
        return true;
    }
    let (mut all, mut plain) = (0, 0);
    for part in value.split(['.', ':', '/', '-', '_']).filter(|part| !part.is_empty()) {
        all += 1;
        plain += usize::from(part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    }
    all > 1 && all == plain
}

/// Whether it is a number with its unit, or a word with its number: `12-character`, `sha-256`, `step2`.
fn measure(value: &str) -> bool {
    let letters =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    let behind = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let before = value.trim_end_matches(|c: char| c.is_ascii_digit());
    behind.len() < value.len() && letters(behind) && random::wordy(behind)
        || before.len() + 1 == value.len() && letters(before) && random::wordy(before)
        || before.ends_with('-')
}

/// Whether its words are names of algorithms, encodings and versions.
fn technical(value: &str) -> bool {
    const KNOWN: &[&str] = &[
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "md5",
        "base64",
        "base32",
        "utf8",
        "utf16",
        "oauth2",
        "oauth",
        "pbkdf2",
        "argon2",
        "argon2id",
        "bcrypt",
        "scrypt",
        "aes128",
        "aes256",
        "rs256",
        "hs256",
        "es256",
        "x509",
        "ed25519",
        "rfc",
        "tls1",
        "http2",
        "1password",
        "ipv4",
        "ipv6",
        "ascii",
        "2fa",
        "mfa",
        "win32",
        "win64",
        "x86",
        "x64",
        "kerberos5",
        "ntlmv2",
        "md4",
        "crc32",
        "rot13",
        "iso8601",
        "python3",
        "python2",
        "mysql5",
        "postgresql",
    ];
    let mut parts = value.split(['-', '_', '.', '/', '+', ':']).filter(|part| !part.is_empty()).peekable();
    let known = |part: &str| {
        KNOWN.iter().any(|word| part.eq_ignore_ascii_case(word))
            || part.bytes().all(|byte| byte.is_ascii_digit())
            || part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    parts.peek().is_some()
        && parts.all(known)
        && value.bytes().filter(u8::is_ascii_punctuation).all(|b| b"-_./+:".contains(&b))
}

/// Whether the last part behind a dot is one of a file, a host or a module: `server1.pem`, `api2.shop.internal`.
fn file(value: &str) -> bool {
    value.rsplit_once('.').is_some_and(|(stem, end)| {
        (1..=8).contains(&end.len())
            && end.bytes().all(|byte| byte.is_ascii_lowercase())
            && !stem.is_empty()
            && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:@~".contains(&byte))
    })
}

/// Whether a value is a point in time or, where the name promises little, a UUID.
fn identifies(value: &str, promise: Promise) -> bool {
    let bytes = value.as_bytes();
    let form = |at: usize| match bytes.get(at) {
        Some(b'-') => b'-',
        Some(byte) if byte.is_ascii_digit() => b'0',
        Some(byte) if byte.is_ascii_hexdigit() => b'a',
        Some(_) => b'x',
        None => 0,
    };
    let dashes = [8, 13, 18, 23];
    let uuid = bytes.len() == 36
        && (0..36)
            .all(|at| if dashes.contains(&at) { form(at) == b'-' } else { matches!(form(at), b'0' | b'a') });
    let date = (0..10).all(|at| form(at) == if at == 4 || at == 7 { b'-' } else { b'0' });
    uuid && promise == Promise::Perhaps || date
}

/// What looks random and is public, or no secret as it stands: checksums and hashes of passwords with their algorithm in
/// front, URLs, paths, hosts, versions, pictures; and what has a rule of its own, which knows better: a JSON web token,
/// the token of a bot behind its number.
fn look_alike(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "sha1-", "sha256-", "sha384-", "sha512-", "sha1:", "sha256:", "sha512:", "md5:", "h1:", "http:",
        "https:", "data:", "urn:", "arn:", "file:", "ssh-", "pk_", "pbkdf2", "$2a$", "$2b$", "$2y$",
        "bcrypt", "argon2", "scrypt", "{ssha", "{sha", "{crypt}", "{pbkdf2", "c:\\", "./", "../", "~/",
        "refs/", "urn-", "cn=", "uid=", "ou=", "dc=",
    ];
    // The first bytes of pictures, fonts and documents in base64.
    const CONTENT: &[&str] = &[
        "iVBORw0KGgo",
        "/9j/",
        "R0lGOD",
        "UklGR",
        "JVBERi0",
        "PHN2Zy",
        "d09GR",
        "AAABAA",
        "AAEAAAA",
        "T2dnUw",
        "SUQz",
    ];
    let bytes = value.as_bytes();
    let starts = |start: &&str| {
        bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    };
    STARTS.iter().any(|start| starts(start))
        || value.contains("://")
        || filled_in(value)
        || CONTENT.iter().any(|start| value.starts_with(start))
        || value.starts_with("eyJ") && value.contains('.')
        || value.split_once(':').is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        || hashed(value)
        || value.contains('/') && file(value)
        || host(value)
        || version(value)
        || resource(value)
        || keystrokes(value)
        || short_hexadecimal(value)
}

/// A hash with its algorithm and its salt between dollar signs: `$6$salt$...`, `md5$salt$...`, `*94BDCEBE...`.
fn hashed(value: &str) -> bool {
    let mut parts = value.split('$');
    let (first, second, third) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    let word = |part: &str| {
        (1..=24).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let (Some(second), Some(third)) = (second, third) else {
        return value.len() == 41
            && value.starts_with('*')
            && value[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    };
    let tail = parts.next().unwrap_or(third);
    let named = |part: &str| {
        ["md5", "sha", "crypt", "pbkdf", "argon", "apr", "unsalted", "phpass", "fairly"]
            .iter()
            .any(|known| part.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known)))
    };
    if first.is_empty() {
        word(second) && second.len() <= 10 && tail.len() >= 8
    } else {
        word(first) && named(first)
    }
}

/// A name in braces, to be filled in: `{prefix}-9`.
fn filled_in(value: &str) -> bool {
    value.match_indices('{').any(|(at, _)| {
        let inside = &value[at + 1..];
        let name = inside.find('}').map_or("", |end| &inside[..end]);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    })
}

/// A host with its port or without: three parts or more, the last of letters.
fn host(value: &str) -> bool {
    let name = value.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(value, |(name, _)| name);
    let name = name.rsplit_once('@').map_or(name, |(_, host)| host);
    name.contains('.')
        && file(name)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

/// `1.2.3-beta4`, `v2.10.0+build5`, `10.0.0.1:8080`.
fn version(value: &str) -> bool {
    let rest = value.strip_prefix(['v', 'V']).unwrap_or(value);
    let mut parts = rest.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    number(parts.next()) && number(parts.next()) && value.len() < 40
}

/// The id of a thing in a cloud: a short word, then 8 or 17 hexadecimal digits.
fn resource(value: &str) -> bool {
    value.split_once('-').is_some_and(|(kind, id)| {
        (1..=9).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && matches!(id.len(), 8 | 17)
            && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
    })
}

/// `ctrl+shift+F12`.
fn keystrokes(value: &str) -> bool {
    let key = |part: &str| {
        const KEYS: &[&str] = &[
            "ctrl",
            "control",
            "shift",
            "alt",
            "option",
            "cmd",
            "command",
            "meta",
            "super",
            "win",
            "mod",
            "cmdorctrl",
            "commandorcontrol",
            "escape",
            "enter",
            "tab",
            "space",
            "up",
            "down",
            "left",
            "right",
            "delete",
            "backspace",
            "home",
            "end",
            "pageup",
            "pagedown",
            "insert",
        ];
        part.len() <= 1
            || KEYS.iter().any(|known| part.eq_ignore_ascii_case(known))
            || part
                .strip_prefix(['f', 'F'])
                .is_some_and(|number| number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit()))
    };
    value.contains('+') && value.split('+').all(key)
}

/// A number in hexadecimal, up to 64 bits.
fn short_hexadecimal(value: &str) -> bool {
    value.strip_prefix("0x").or(value.strip_prefix("0X")).is_some_and(|digits| {
        digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_')
    })
}
