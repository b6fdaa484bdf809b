//! Secrets that no issuer's format gives away: `password = "..."`, `"apiToken": "..."`, `SECRET_KEY=...`, an option of a
//! command, a sentence that says what the password is.
//!
//! Hand-written, because its anchors are everywhere: most of them are turned down after a few bytes. From an anchor the
//! name around it is read ([`name`]), then the value behind it ([`value`]) or beside it ([`pair`]); what the name promises
//! decides how the value is judged ([`judge`]). Where no name is assigned a sentence may speak of it ([`prose`]), and
//! some commands take a password without its name ([`command`]).

mod alike;
mod bare;
mod command;
mod judge;
mod name;
mod pair;
mod prose;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use crate::finding::Confidence;
use name::{Promise, Promised, promise};
use value::Form;

pub(super) use name::name_around;
pub(super) use value::value_after;

/// The rule that reports them.
pub(super) const RULE: &str = "generic-secret";

/// The anchors: one stands in every name that counts, or begins what is read without a name.
pub(super) const ANCHORS: &[&str] = &[
    // Names.
    "key",
    "token",
    "secret",
    "passw",
    "passphrase",
    "pass_phrase",
    "pass-phrase",
    "passcode",
    "pwd",
    "credential",
    "pass=",
    "pass:",
    "pass\"",
    "pass'",
    "pass`",
    "pass>",
    "pass ",
    "pass]",
    "pw=",
    "pw:",
    "pw ",
    "pw\"",
    "auth",
    "client",
    "cookie",
    "bearer",
    "sessionid",
    "sessid",
    "_salt",
    "_pat=",
    "_pat:",
    "_pat\"",
    "_pat ",
    "psk",
    // In other languages.
    "kennwort",
    "wachtwoord",
    "contrasena",
    "senha",
    "parola",
    "haslo",
    "heslo",
    "passord",
    "salasana",
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
    // No names.
    "login",
    "log in",
    "sign in",
    "curl ",
    "mysql",
    "mariadb",
    "sshpass",
    "redis-cli",
    "mongo",
    "sqlcmd",
    "ldap",
    "smbclient",
    "sqlplus",
    "login -",
    "identified",
    "securestring",
    ":5432:",
];

/// One pass over a text, fed with the anchors in order.
pub(super) struct Scan<'a> {
    text: &'a str,
    done: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scan { text, done: 0 }
    }

    /// The secret that this anchor leads to, if there is one.
    pub(super) fn at(&mut self, anchor: Range<usize>) -> Option<(Range<usize>, Confidence)> {
        let bytes = self.text.as_bytes();
        if let Some(range) = command::secret(bytes, &anchor) {
            let range = range?;
            let confidence = judge::judge_option(self.text.get(range.clone())?)?;
            return Some((range, confidence));
        }
        if anchor.end <= self.done {
            return None;
        }
        let word = bytes.get(anchor.clone())?;
        if is_one_of(word, prose::LOGINS) {
            return self.login(&anchor);
        }
        let foreign = is_one_of(word, prose::KEYWORDS);
        // A few letters behind the keyword are its ending: "l\u{f6}senordet".
        let ending =
            bytes.get(anchor.end..)?.iter().take(3).take_while(|byte| byte.is_ascii_lowercase()).count();
        let name = if foreign {
            self.first_letter(anchor.start)..anchor.end + ending
        } else {
            name_around(bytes, anchor)?
        };
        self.done = name.end;
        if !may_follow(bytes, name.end) {
            return None;
        }
        let promised = if foreign {
            Promised { promise: Promise::Password, of_a_test: false }
        } else {
            promise(bytes, &name)?
        };
        // "pass" and a blank is the verb, "two-pass" an adjective.
        let behind = bytes.get(value::skip_blanks(bytes, name.end));
        let word = bytes.get(name.clone())?.rsplit(|byte| *byte == b'-').next()?;
        if word.eq_ignore_ascii_case(b"pass")
            && bytes.get(name.end) == Some(&b' ')
            && !matches!(behind, Some(b'=' | b':'))
        {
            return None;
        }
        match pair::value_beside(bytes, &name).or_else(|| value_after(bytes, &name)) {
            // A word of a sentence stands without quotes.
            Some((range, form)) => self
                .assigned(&name, promised, range, form)
                .or_else(|| (form == Form::Bare).then(|| self.said(&name, promised)).flatten()),
            None => self.said(&name, promised),
        }
    }

    /// Where the word begins whose keyword begins at `start`: its first letter may be a capital.
    fn first_letter(&self, start: usize) -> usize {
        let before = self.text.get(..start).and_then(|before| before.chars().next_back());
        let letter = before.filter(|c| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase()));
        start - letter.map_or(0, char::len_utf8)
    }

    /// The value that is assigned to the name, or stands beside it.
    fn assigned(
        &self,
        name: &Range<usize>,
        promised: Promised,
        range: Range<usize>,
        form: Form,
    ) -> Option<(Range<usize>, Confidence)> {
        let value = self.text.get(range.clone())?;
        if form == Form::Bare && judge::type_name(value, self.text.get(range.end..)?) {
            return None;
        }
        Some((range, judge::judge(value, self.text.get(name.clone())?, promised, form)?))
    }

    /// The value that a sentence gives to the name.
    fn said(&self, name: &Range<usize>, promised: Promised) -> Option<(Range<usize>, Confidence)> {
        let bytes = self.text.as_bytes();
        if promised.promise == Promise::Perhaps || !prose::begins_word(bytes, name.start) {
            return None;
        }
        if is_one_of(bytes.get(name.clone())?, prose::LOGINS) {
            return self.login(name);
        }
        let said = prose::said(self.text, name.end)?;
        let value = self.text.get(said.value.clone())?;
        if judge::type_name(value, self.text.get(said.value.end..)?) {
            return None;
        }
        let confidence = if promised.promise == Promise::Password {
            judge::judge_said(value, said.plainly)?
        } else if said.plainly {
            judge::judge(value, "", promised, Form::Bare)?
        } else {
            return None;
        };
        Some((said.value, if promised.of_a_test { Confidence::Low } else { confidence }))
    }

    fn login(&self, anchor: &Range<usize>) -> Option<(Range<usize>, Confidence)> {
        let range = prose::login(self.text, anchor.end)?;
        let confidence = judge::judge_said(self.text.get(range.clone())?, true)?;
        Some((range, confidence))
    }
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

/// Whether what follows a name can lead to its value: not a letter of a longer word, the end of a line, or the end of an
/// expression.
fn may_follow(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        None => false,
        Some(b')' | b'*' | b'\n' | b'\r' | b'<') => {
            // The end of a word that is emphasised, in brackets, or the value of a key for names.
            bytes.get(end + 1).is_some_and(|next| b":*/ \n\t".contains(next) || *next == b'i')
        }
        Some(b'/' | b'+' | b'%' | b'^' | b'!' | b';' | b'{' | b'}' | b'&') => false,
        Some(_) => true,
    }
}
