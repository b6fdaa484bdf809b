//! Words that people put where a secret would go: `superS3cret`, `test-password-123`, `your_token_here`.

/// Words for a secret, for a test, or for nothing at all.
#[rustfmt::skip]
const STAND_INS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "passcode", "pass", "pwd", "pw", "secret", "token",
    "key", "test", "testing", "tester", "tests", "user", "username", "users", "admin", "administrator",
    "root", "demo", "example", "sample", "dummy", "fake", "mock", "foo", "bar", "baz", "qux", "default",
    "change", "changed", "insert", "replace", "letmein", "qwerty", "qwertz", "azerty", "asdf", "zxcv",
    "abcd", "abc", "xyz", "wrong", "incorrect", "invalid", "random", "hash", "salt", "postgres",
    "postgresql", "mysql", "mongo", "mongodb", "redis", "rabbitmq", "guest", "login", "welcome", "hello",
    "string", "placeholder", "something", "anything", "nothing", "credential", "credentials", "undefined",
    "todo", "temp", "temporary", "private", "none", "null", "name",
];

/// Words that stand beside them.
#[rustfmt::skip]
const BESIDE: &[&str] = &[
    "api", "me", "my", "your", "the", "some", "any", "here", "value", "this", "with", "super", "top",
    "very", "strong", "strongest", "weak", "secure", "insecure", "safe", "not", "real",
    "public", "access", "new", "old", "right", "bad", "good", "correct", "valid", "other", "another",
    "word", "db", "database", "maria", "sql", "sa", "client", "server", "service", "app", "web", "local",
    "localhost", "dev", "develop", "development", "prod", "production", "stage", "staging", "world",
    "text", "auth", "bearer", "session", "cookie", "for", "is", "of", "in", "to", "and", "only", "use",
    "used", "long", "short", "enough", "generic", "account", "id", "data", "true",
    "false", "master", "shared", "encryption", "signing", "jwt", "oauth", "refresh", "unit",
    "integration", "ci", "first", "last", "second", "one", "two", "three", "be", "must", "should",
    "please", "do", "no", "non", "extra",
];

/// Whether a value of up to 48 bytes is put together of such words, with digits between them or for letters:
/// `superS3cret`, `test-password-123`.
pub(super) fn stand_in(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > 48 {
        return false;
    }
    if ["hunter2", "trustno1", "iloveyou", "monkey123", "dragon123"]
        .iter()
        .any(|known| text.eq_ignore_ascii_case(known))
    {
        return true;
    }
    // A mark between letters and digits of both cases: somebody took pains.
    let inside = text.trim_end_matches(|c: char| c.is_ascii_punctuation());
    let kinds: [fn(&u8) -> bool; 3] = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    if inside.contains(['!', '#', '%', '^', '&', '*', '+', '=', '?', '~'])
        && kinds.iter().all(|kind| bytes.iter().any(kind))
    {
        return false;
    }
    // Digits that only count: `123`, `000`.
    let counts = |at: usize, other: usize| {
        bytes.get(other).is_some_and(|byte| byte.is_ascii_digit() && byte.abs_diff(bytes[at]) <= 1)
    };
    let digits = (0..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit() && !counts(*at, at + 1) && !counts(*at, at.wrapping_sub(1)))
        .count();
    let mut plain = Letters::of(bytes, |byte| byte);
    if plain.len >= 3 && digits <= plain.len + 2 && plain.covered() {
        return true;
    }
    plain = Letters::of(bytes, |byte| match byte {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    });
    plain.len >= 5 && plain.covered()
}

/// The letters of a text, lower case.
struct Letters {
    all: [u8; 48],
    len: usize,
}

impl Letters {
    fn of(bytes: &[u8], read: impl Fn(u8) -> u8) -> Self {
        let mut letters = Letters { all: [0; 48], len: 0 };
        for byte in bytes.iter().map(|byte| read(*byte)).filter(u8::is_ascii_alphabetic) {
            if let Some(place) = letters.all.get_mut(letters.len) {
                *place = byte.to_ascii_lowercase();
                letters.len += 1;
            }
        }
        letters
    }

    fn as_slice(&self) -> &[u8] {
        self.all.get(..self.len).unwrap_or(&[])
    }

    /// Whether the words cover all but a few of the letters, one of them a word for a secret or a test.
    fn covered(&self) -> bool {
        let letters = self.as_slice();
        let holds = |word: &&str| letters.windows(word.len()).any(|part| part == word.as_bytes());
        if !STAND_INS.iter().any(holds) {
            return false;
        }
        let mut left = [0usize; 49];
        for end in 1..=letters.len() {
            let mut least = left[end - 1] + 1;
            for word in STAND_INS.iter().chain(BESIDE).filter(|word| word.len() <= end) {
                if letters[end - word.len()..end] == *word.as_bytes() {
                    least = least.min(left[end - word.len()]);
                }
            }
            left[end] = least;
        }
        left[letters.len()] * 6 <= letters.len()
    }
}

/// Whether the letters of a value are those of its name, or nearly.
pub(super) fn same_words(value: &str, name: &str) -> bool {
    if value.len() > 48 {
        return false;
    }
    let (value, name) =
        (Letters::of(value.as_bytes(), |byte| byte), Letters::of(name.as_bytes(), |byte| byte));
    let (value, name) = (value.as_slice(), name.as_slice());
    let (long, short) = if value.len() >= name.len() { (value, name) } else { (name, value) };
    short.len() >= 4 && long.len() <= short.len() + 2 && long.windows(short.len()).any(|part| part == short)
}

/// Whether its first or last word says that it opens nothing: `..._invalid`, `expired-...`.
pub(super) fn spoiled(text: &str) -> bool {
    #[rustfmt::skip]
    const FIRST: &[&str] = &[
        "fake", "dummy", "invalid", "wrong", "bad", "expired", "malformed", "broken", "nonexistent", "bogus", "mock",
    ];
    #[rustfmt::skip]
    const LAST: &[&str] = &[
        "short", "extra", "invalid", "wrong", "truncated", "fake", "dummy", "example", "sample", "suffix", "malformed",
        "expired", "broken", "redacted", "todo", "etc",
    ];
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is = |word: Option<&str>, list: &[&str]| {
        word.is_some_and(|word| list.iter().any(|one| word.eq_ignore_ascii_case(one)))
    };
    let first = words.next();
    let last = words.next_back();
    last.is_some() && (is(first, FIRST) || is(last, LAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::expand;

    #[test]
    fn words_for_secrets_are_seen_through() {
        for text in [
            "superS3cret",
            "testpass123",
            "my-secret-token",
            "Passw0rd!",
            "pass%20pass",
            "changeme-123",
            "admin1234",
            "hunter2",
            "P@ssw0rd",
            "test_user_password_2",
            "new-password1",
        ] {
            assert!(stand_in(text), "{text}");
        }
        for text in
            ["hunter3-Blue!", "kV7-qz9x!", "Tr0ub4dor&3", "9f8a7b6c5d4e", "summer2019", "", "1", "\u{e9}"]
        {
            assert!(!stand_in(text), "{text}");
        }
        for spec in ["%{8}", "%{12}", "%{16}", "%{24}", "%{32:hex}"] {
            assert!(!stand_in(&expand(spec)), "{}", expand(spec));
        }
        assert!(!stand_in("thisIsDog11") && stand_in("this-is-a-secret"));
        assert!(same_words("dbPassword1", "DB_PASSWORD") && !same_words("summer2019", "password"));
    }

    #[test]
    fn spoiled_values_say_so() {
        let value = expand("%{24}");
        for (before, behind) in [("", "_extra"), ("", "!short"), ("fake-", ""), ("invalid_", "")] {
            assert!(spoiled(&format!("{before}{value}{behind}")), "{before} {behind}");
        }
        assert!(!spoiled(&value) && !spoiled("invalid") && !spoiled(""));
    }
}
