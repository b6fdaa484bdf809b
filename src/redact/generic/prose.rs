//! Secrets in sentences: "the password is ...", "use password ... for ...", "log in with admin / ...", in the languages
//! that people write prompts in.

use std::ops::Range;

/// How far behind its keyword a sentence is read.
const SENTENCE: usize = 120;

/// Keywords that are no names: several words, or letters beyond ASCII, without a first letter that may be a capital.
/// Each stands for a password.
pub(super) const KEYWORDS: &[&str] = &[
    "mot de passe",
    "contrase\u{f1}a",
    "has\u{142}o",
    "has\u{142}em",
    "l\u{f6}senord",
    "\u{430}\u{440}\u{43e}\u{43b}\u{44c}",
    "\u{5bc6}\u{7801}",
    "\u{5bc6}\u{78bc}",
    "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}",
    "\u{be44}\u{bc00}\u{bc88}\u{d638}",
    "\u{15f}ifre",
    "\u{15e}ifre",
];

/// Words that say what the keyword is: "is" in some languages.
#[rustfmt::skip]
const COPULAS: &[&str] = &[
    "is", "was", "are", "be", "to", "ist", "lautet", "war", "est", "sera", "es", "era", "ser\u{e1}",
    "\u{e8}", "\u{e9}", "e'", "e", "sar\u{e0}", "foi", "ser\u{e1}", "wordt", "brzmi", "je", "\u{e4}r",
    "er", "on", "jest", "=", ":", "->", "=>", "\u{2192}", "-", "\u{2014}", "\u{2013}", "\u{ff1a}",
    "\u{662f}", "\u{306f}", "\u{e4}", "como",
];

/// Words between the copula and the value.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "now", "still", "set", "to", "just", "simply", "currently", "called", "as", "follows", "always",
    "again", "the", "jetzt", "nun", "noch", "maintenant", "toujours", "ahora", "adesso", "ora", "agora",
    "nu", "teraz", "this", "be", ":", "following", "changed", "reset", "wie", "folgt", "is", "=",
];

/// Words behind which it is said whose secret it is: "the password for bob is ...".
#[rustfmt::skip]
const PREPOSITIONS: &[&str] = &[
    "for", "of", "to", "on", "at", "in", "f\u{fc}r", "fuer", "von", "vom", "zu", "zum", "zur", "im",
    "pour", "de", "du", "des", "para", "del", "per", "di", "do", "da", "della", "van", "voor", "dla",
    "der", "des", "till", "til", "\u{434}\u{43b}\u{44f}",
];

/// Keywords behind which a user and a password stand.
pub(super) const LOGINS: &[&str] = &["login", "log in", "sign in", "credentials"];

/// What may follow a keyword.
pub(super) struct Said {
    /// The bytes of the value, its quotes and the end of its sentence left out.
    pub(super) value: Range<usize>,
    /// Whether the sentence says that this is the value: it is not only the next word.
    pub(super) plainly: bool,
}

/// The value that the sentence gives to the keyword that ends at `end`.
pub(super) fn said(text: &str, end: usize) -> Option<Said> {
    let bytes = text.as_bytes();
    // Most names are turned down here: what goes on with a sentence is a blank, a colon or an operator.
    if !matches!(
        bytes.get(end)?,
        b' ' | b':' | b'=' | b'-' | b')' | b'*' | b'_' | b'`' | b'"' | 0xc2 | 0xe2..=0xef
    ) {
        return None;
    }
    let limit = text.floor_char_boundary(text.len().min(end + SENTENCE));
    let rest = text.get(end..limit)?;
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let closing = rest.len() - rest.trim_start_matches(['*', '_', '`', ')', '"']).len();
    let mut words = Words { text: rest, at: closing };
    let first = words.next()?;
    if PREPOSITIONS.iter().any(|word| first.text.eq_ignore_ascii_case(word))
        && let Some(said) = whose(Words { text: rest, at: words.at }, end)
    {
        return Some(said);
    }
    if is_copula(first.text) {
        return value(words, end, true);
    }
    // "wifi password upstairs: ..."
    let mut label = Words { text: rest, at: words.at };
    if first.text.ends_with(':') || label.next().is_some_and(|word| word.text.ends_with(':')) {
        let at = if first.text.ends_with(':') { words.at } else { label.at };
        return value(Words { text: rest, at }, end, true);
    }
    let mut again = Words { text: rest, at: closing };
    if !rest[closing..].starts_with([' ', '\u{a0}']) {
        // In Chinese, Japanese and Korean the copula follows without a blank.
        let glued = COPULAS.iter().filter(|word| !word.is_ascii() || **word == ":" || **word == "=");
        let glued = glued.filter_map(|word| rest[closing..].strip_prefix(word)).next()?;
        again.at = rest.len() - glued.len();
        return value(again, end, true);
    }
    value(again, end, false)
}

/// Behind a preposition: whose it is, in a few words, then the copula and the value.
fn whose(mut words: Words<'_>, end: usize) -> Option<Said> {
    for _ in 0..8 {
        let word = words.next()?;
        if is_copula(word.text) && !PREPOSITIONS.contains(&word.text) || word.text.ends_with(':') {
            return value(words, end, true);
        }
        if word.text.ends_with(['.', '!', '?', ';', ',', '(']) {
            return None;
        }
    }
    None
}

/// The secret behind "log in with USER": `admin / ...`, `admin:...`, `admin and password ...` is left to its keyword.
pub(super) fn login(text: &str, end: usize) -> Option<Range<usize>> {
    #[rustfmt::skip]
    const LEADS: &[&str] =
        &[
        "with", "as", "using", "are", "is", "mit", "avec", "con", "com", "met", "is:", "are:", ":",
    ];
    let bytes = text.as_bytes();
    if !matches!(bytes.get(end)?, b' ' | b':') {
        return None;
    }
    let limit = text.floor_char_boundary(text.len().min(end + SENTENCE));
    let rest = text.get(end..limit)?;
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let mut words = Words { text: rest, at: 0 };
    let first = words.next()?;
    if !LEADS.iter().any(|word| first.text.eq_ignore_ascii_case(word)) {
        return None;
    }
    let mut user = words.next()?;
    while matches!(user.text, "the" | "user" | "username" | "account" | ":" | "as") {
        user = words.next()?;
    }
    if let Some((name, secret)) =
        user.text.split_once([':', '/']).filter(|(name, secret)| !name.is_empty() && !secret.is_empty())
    {
        let start = end + user.at + name.len() + 1;
        return Some(trimmed(text, start..start + secret.len()));
    }
    let mark = words.next()?;
    if !matches!(mark.text, "/" | "|" | ":" | "//" | "-") {
        return None;
    }
    let secret = words.next()?;
    let start = end + secret.at;
    Some(trimmed(text, start..start + secret.text.len()))
}

fn is_copula(word: &str) -> bool {
    let word = word.strip_suffix(':').filter(|word| !word.is_empty()).unwrap_or(word);
    COPULAS.iter().any(|copula| word.eq_ignore_ascii_case(copula))
}

/// The next word that is no filler.
fn value(mut words: Words<'_>, end: usize, plainly: bool) -> Option<Said> {
    let text = words.text;
    for _ in 0..4 {
        let word = words.next()?;
        let bare = word.text.trim_end_matches(':');
        let filler =
            plainly && (bare.is_empty() || FILLERS.iter().any(|filler| bare.eq_ignore_ascii_case(filler)));
        if !filler {
            let inner = trimmed(text, word.at..word.at + word.text.len());
            return (!inner.is_empty())
                .then_some(Said { value: end + inner.start..end + inner.end, plainly });
        }
    }
    None
}

/// The range without the quotes, the emphasis and the punctuation of the sentence around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    const PAIRS: &[(&str, &str)] = &[
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("**", "**"),
        ("\u{201c}", "\u{201d}"),
        ("\u{201e}", "\u{201c}"),
        ("\u{ab}", "\u{bb}"),
        ("\u{2018}", "\u{2019}"),
        ("(", ")"),
        ("[", "]"),
        ("\u{300c}", "\u{300d}"),
        ("*", "*"),
    ];
    let (mut start, mut end) = (range.start, range.end);
    for _ in 0..4 {
        let Some(inside) = text.get(start..end) else { break };
        let pair = PAIRS.iter().find(|(open, close)| {
            inside.len() > open.len() + close.len()
                && inside.starts_with(open)
                && inside[open.len()..].contains(close)
        });
        if let Some((open, close)) = pair {
            let length = inside.rfind(close).unwrap_or(inside.len());
            if inside[length + close.len()..]
                .chars()
                .all(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')'))
            {
                end = start + length;
                start += open.len();
                continue;
            }
        }
        let plain =
            inside.trim_end_matches(['.', ',', ';', ':', '\u{3002}', '\u{ff0c}', '"', '\'', '`', '\u{201d}']);
        let plain = if plain.contains('(') { plain } else { plain.trim_end_matches(')') };
        if plain.len() == inside.len() {
            break;
        }
        end = start + plain.len();
    }
    start..end
}

/// The words of a line with their places.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

struct Word<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.len() - rest.trim_start().len();
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at = start + length;
        Some(Word { text: &rest[..length], at: start })
    }
}

/// Whether the word at `start` begins a line or follows a blank or a bracket: a keyword inside a longer word is none.
pub(super) fn begins_word(bytes: &[u8], start: usize) -> bool {
    start.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|byte| {
        byte.is_ascii_whitespace() || b"\"'`*_([{<>,;:/-#".contains(byte) || !byte.is_ascii()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_in(text: &str, keyword: &str) -> Option<(String, bool)> {
        let end = text.find(keyword)? + keyword.len();
        said(text, end).map(|said| (text[said.value].to_owned(), said.plainly))
    }

    #[test]
    fn sentences_give_values_to_their_keywords() {
        for (text, keyword) in [
            ("the password is V", "password"),
            ("The password is: `V`.", "password"),
            ("password for the admin account is V, ok?", "password"),
            ("password is now set to \"V\".", "password"),
            ("Das Passwort lautet V.", "Passwort"),
            ("Das Kennwort f\u{fc}r den Server ist \u{201e}V\u{201c}.", "Kennwort"),
            ("le mot de passe est V", "mot de passe"),
            ("mot de passe\u{a0}: V", "mot de passe"),
            ("la contrase\u{f1}a es V.", "contrase\u{f1}a"),
            ("la password \u{e8} V", "password"),
            ("a senha \u{e9} V", "senha"),
            ("het wachtwoord is V", "wachtwoord"),
            ("has\u{142}o to V", "has\u{142}o"),
            ("\u{5bc6}\u{7801}\u{662f} V", "\u{5bc6}\u{7801}"),
            ("\u{5bc6}\u{7801}\u{ff1a}V", "\u{5bc6}\u{7801}"),
            ("**Password**: **V**", "Password"),
            ("the password (V) works", "password"),
        ] {
            assert_eq!(value_in(text, keyword).map(|found| found.0).as_deref(), Some("V"), "{text}");
        }
        assert_eq!(value_in("use password V for bob", "password"), Some(("V".into(), false)));
        assert_eq!(value_in("the password", "password").map(|found| found.0), None);
    }

    #[test]
    fn logins_name_user_and_password() {
        for text in ["login with admin / V", "login with admin:V.", "login: bob / V", "login as user bob / V"]
        {
            let end = text.find("login").unwrap() + 5;
            assert_eq!(login(text, end).map(|range| &text[range]), Some("V"), "{text}");
        }
        for text in ["login with a token", "login", "login page / form", "login with"] {
            let end = text.find("login").unwrap() + 5;
            assert_eq!(login(text, end), None, "{text}");
        }
    }
}
