//! Whether a value is a secret, given what its name promises and how it is written.

use super::alike::{file, identifies, look_alike};
use super::name::{Promise, Promised};
use super::value::Form;
use crate::finding::Confidence;
use crate::redact::{random, stand_in};

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
    if form == Form::Bare && (constant(value) || type_expression(value)) || repeats(value, name) {
        return None;
    }
    let confidence = match promised.promise {
        Promise::Password => password(value, made, form)?,
        _ if made.other > 0 => return None,
        promise => token(value, promise, form)?,
    };
    if random::placeholder(value)
        || random::alphabet(value)
        || stand_in::stand_in(value)
        || stand_in::spoiled(value)
        || look_alike(value)
        || identifies(value, promised.promise)
        || stand_in::same_words(value, name)
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
        || random::alphabet(value)
        || stand_in::stand_in(value)
        || look_alike(value)
        || identifies(value, Promise::Perhaps)
    {
        return None;
    }
    let long = value.len() >= 8 && strong;
    Some(if long && (plainly || made.kinds() >= 3) { Confidence::Medium } else { Confidence::Low })
}

/// How sure a word of a command line is a password: there it cannot be anything else.
pub(super) fn judge_option(value: &str) -> Option<Confidence> {
    let made = Made::of(value).filter(|_| value.len() >= 4)?;
    let stands_in = value.starts_with(['$', '%', '<', '{', '[', '-', '*'])
        || random::placeholder(value)
        || random::alphabet(value)
        || stand_in::stand_in(value)
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
    let constant = tail.contains('_') && tail.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    identifier
        && (tail.contains(['_', '-']) && (wordy || tail.len() + 1 >= value.len())
            || numbered(value) == 1 && wordy)
        || constant && wordy
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

/// Whether a value is a number as code writes it: `16384u32`, `0xC000_006B_u32`, `0x1fUL`.
fn constant(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (digits, 10),
    };
    let number = |c: char| c.is_digit(radix) || c == '_';
    let suffix = digits.trim_start_matches(number);
    let known = matches!(
        suffix.trim_start_matches('_'),
        "" | "usize" | "isize" | "u" | "U" | "l" | "L" | "UL" | "ul" | "ULL" | "LL" | "n"
    ) || suffix
        .strip_prefix(['u', 'i', 'f'])
        .is_some_and(|width| matches!(width, "8" | "16" | "32" | "64" | "128"));
    suffix.len() < digits.len() && known
}

/// Whether a value is a type or a path of code: `Option<Sha512>`, `module::NAME`.
fn type_expression(value: &str) -> bool {
    let named = value.trim_start_matches('&').starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    named && (value.contains("::") || value.contains('<') && value.ends_with('>'))
}

/// Whether a name of several words says the value already: `Win32_System_Credentials = "Win32_System"`.
fn repeats(value: &str, name: &str) -> bool {
    value.len() < name.len()
        && name.is_char_boundary(value.len())
        && name[..value.len()].eq_ignore_ascii_case(value)
        && !name[value.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether a value is the name of a type, in capitalised words with numbers between them, and code goes on behind it:
/// `key: Ed25519PublicKey,`.
pub(super) fn type_name(value: &str, behind: &str) -> bool {
    let goes_on = behind.starts_with([',', ')', ';', '>', ':', '&', '|', '?'])
        || behind.starts_with(" {")
        || behind.starts_with(" =");
    let capitals = value.bytes().filter(u8::is_ascii_uppercase).count();
    goes_on
        && value.starts_with(|c: char| c.is_ascii_uppercase())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (2..=value.len() / 3).contains(&capitals)
        && random::wordy(value)
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
    #[rustfmt::skip]
    const KNOWN: &[&str] = &[
        "sha1", "sha256", "sha384", "sha512", "md5", "base64", "base32", "utf8", "utf16", "oauth2",
        "oauth", "pbkdf2", "argon2", "argon2id", "bcrypt", "scrypt", "aes128", "aes256", "rs256", "hs256",
        "es256", "x509", "ed25519", "rfc", "tls1", "http2", "1password", "ipv4", "ipv6", "ascii", "2fa",
        "mfa", "win32", "win64", "x86", "x64", "kerberos5", "ntlmv2", "md4", "crc32", "rot13", "iso8601",
        "python3", "python2", "mysql5", "postgresql",
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
