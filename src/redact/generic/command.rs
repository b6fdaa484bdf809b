//! Passwords among the options of well-known commands, and in a few other places where no name stands before them.

use std::ops::Range;

use super::bare::ends_argument;
use super::value::{quoted, skip_blanks};

/// How far the options of a command go.
const LINE: usize = 600;

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// The password.
    Password,
    /// The password, without a blank before it.
    Glued,
    /// `user:password`.
    AfterColon,
    /// `user%password`.
    AfterPercent,
    /// `user/password@host`, as the first argument.
    AfterSlash,
}

struct Command {
    /// The anchor: the command, or how it ends.
    word: &'static str,
    /// What may stand between the anchor and its blank: `dump` of `mysqldump`.
    option: &'static [&'static str],
    holds: Holds,
}

const fn command(word: &'static str, option: &'static [&'static str], holds: Holds) -> Command {
    Command { word, option, holds }
}

const COMMANDS: &[Command] = &[
    command("curl ", &["-u", "--user", "-U", "--proxy-user"], Holds::AfterColon),
    command("mysql", &["-p"], Holds::Glued),
    command("mariadb", &["-p"], Holds::Glued),
    command("sshpass", &["-p"], Holds::Password),
    command("redis-cli", &["-a"], Holds::Password),
    command("mongo", &["-p"], Holds::Password),
    command("sqlcmd", &["-P"], Holds::Password),
    command("ldap", &["-w"], Holds::Password),
    command("smbclient", &["-U"], Holds::AfterPercent),
    command("sqlplus", &[], Holds::AfterSlash),
    command("login -", &["-p"], Holds::Password),
];

/// The anchors of this file: they are no names.
#[rustfmt::skip]
pub(super) const ANCHORS: &[&str] = &[
    "curl ", "mysql", "mariadb", "sshpass", "redis-cli", "mongo", "sqlcmd", "ldap", "smbclient",
    "sqlplus", "login -", "identified", "securestring", ":5432:",
];

/// Whether the anchor is one of this file's, and the secret behind it, if there is one.
pub(super) fn secret(bytes: &[u8], anchor: &Range<usize>) -> Option<Option<Range<usize>>> {
    let word = bytes.get(anchor.clone())?;
    let known = ANCHORS.iter().find(|known| word.eq_ignore_ascii_case(known.as_bytes()))?;
    Some(match *known {
        "identified" => identified(bytes, anchor.end),
        "securestring" => secure_string(bytes, anchor.end),
        ":5432:" => password_file(bytes, anchor),
        word => COMMANDS
            .iter()
            .find(|command| command.word == word)
            .and_then(|command| option(bytes, anchor, command)),
    })
}

/// The value of the first of the command's options on its line; a backslash at the end continues it.
fn option(bytes: &[u8], anchor: &Range<usize>, command: &Command) -> Option<Range<usize>> {
    // The command is the end of a word, or of a path.
    let before = anchor.start.checked_sub(1).and_then(|at| bytes.get(at));
    if command.holds != Holds::Password
        && before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return None;
    }
    let name = bytes.get(anchor.end..)?.iter().take(12).take_while(|byte| byte.is_ascii_lowercase()).count();
    let mut at = anchor.end + if command.word.ends_with([' ', '-']) { 0 } else { name };
    at -= usize::from(command.word.ends_with([' ', '-']));
    let limit = bytes.len().min(at + LINE);
    if command.holds == Holds::AfterSlash {
        let word = argument(bytes, skip_blanks(bytes, at))?;
        return (bytes.get(at) == Some(&b' ')).then(|| part(bytes, word, b'/'))?;
    }
    if !matches!(bytes.get(at), Some(b' ' | b'\t' | b'-')) {
        return None;
    }
    while at < limit {
        match bytes[at] {
            b'\n' if bytes[at - 1] != b'\\' => return None,
            b'|' | b';' => return None,
            b'-' if bytes[at - 1].is_ascii_whitespace() => {
                let rest = &bytes[at..limit];
                for option in command.option.iter().filter(|option| rest.starts_with(option.as_bytes())) {
                    if let Some(found) = held(bytes, at + option.len(), command.holds, option) {
                        return Some(found);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The secret in the argument behind an option that ends at `end`.
fn held(bytes: &[u8], end: usize, holds: Holds, option: &str) -> Option<Range<usize>> {
    let blank = matches!(bytes.get(end)?, b' ' | b'\t' | b'=');
    let glued = !blank && !option.starts_with("--");
    if blank && holds == Holds::Glued || !blank && !glued {
        return None;
    }
    let start = if blank { skip_blanks(bytes, end + 1) } else { end };
    let word = argument(bytes, start)?;
    match holds {
        Holds::Password | Holds::Glued => Some(word),
        Holds::AfterColon => part(bytes, word, b':'),
        Holds::AfterPercent => part(bytes, word, b'%'),
        Holds::AfterSlash => part(bytes, word, b'/'),
    }
}

/// The argument of a shell that starts at `start`, its quotes left out.
fn argument(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if matches!(bytes.get(start)?, b'"' | b'\'') {
        return quoted(bytes, start + 1);
    }
    let rest = bytes.get(start..)?;
    let length = rest.iter().take(200).take_while(|byte| !ends_argument(**byte)).count();
    (length > 0 && rest[0] != b'-').then_some(start..start + length)
}

/// What follows the first `mark`, up to an `@`.
fn part(bytes: &[u8], word: Range<usize>, mark: u8) -> Option<Range<usize>> {
    let text = bytes.get(word.clone())?;
    let at = text.iter().position(|byte| *byte == mark)?;
    let end = if mark == b'/' { text.iter().position(|byte| *byte == b'@')? } else { text.len() };
    (at + 1 < end).then_some(word.start + at + 1..word.start + end)
}

/// SQL: `IDENTIFIED BY '...'`, `IDENTIFIED WITH plugin BY '...'`.
fn identified(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    let rest = bytes.get(end..bytes.len().min(end + 80))?;
    let by = rest.windows(4).position(|four| four.eq_ignore_ascii_case(b" by "))?;
    if rest[..by].contains(&b'\n') || rest[..by].contains(&b';') {
        return None;
    }
    let start = skip_blanks(bytes, end + by + 4);
    // "the one identified by (model, key)" is a sentence.
    let opens = matches!(bytes.get(start)?, b'(' | b'[' | b'{' | b'<' | b'`' | b'*');
    if opens { None } else { argument(bytes, start) }
}

/// PowerShell: `ConvertTo-SecureString "..." -AsPlainText`.
fn secure_string(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    let mut at = skip_blanks(bytes, end);
    let rest = bytes.get(at..)?;
    if rest.len() > 8 && rest[..8].eq_ignore_ascii_case(b"-string ") {
        at = skip_blanks(bytes, at + 8);
    }
    (at > end && matches!(bytes.get(at)?, b'"' | b'\'')).then(|| quoted(bytes, at + 1))?
}

/// A line of a `.pgpass`: `host:port:database:user:password`.
fn password_file(bytes: &[u8], anchor: &Range<usize>) -> Option<Range<usize>> {
    let host = bytes[..anchor.start].iter().rev().take(100).take_while(|byte| !byte.is_ascii_whitespace());
    if host.clone().count() == 0 || host.clone().any(|byte| b"/@\"'=".contains(byte)) {
        return None;
    }
    let rest = bytes.get(anchor.end..)?;
    let line = &rest[..rest.iter().take(300).take_while(|byte| !matches!(byte, b'\n' | b'\r')).count()];
    let mut fields = line.splitn(3, |byte| *byte == b':');
    let (database, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    let plain = |field: &[u8]| !field.is_empty() && !field.iter().any(u8::is_ascii_whitespace);
    let start = anchor.end + database.len() + user.len() + 2;
    (plain(database) && plain(user) && plain(password)).then_some(start..start + password.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let lower = text.to_ascii_lowercase();
        let hit = |word: &&str| lower.find(*word).map(|at| at..at + word.len());
        let mut hits: Vec<_> = ANCHORS.iter().filter_map(hit).collect();
        hits.sort_by_key(|hit| hit.end);
        hits.into_iter().find_map(|hit| secret(text.as_bytes(), &hit).flatten()).map(|range| &text[range])
    }

    #[test]
    fn options_hold_passwords() {
        for text in [
            "curl -u bob:V https://h/",
            "curl -s --user 'bob:V' https://h/",
            "curl -X POST \\\n  -u bob:V \\\n  https://h/",
            "mysql -u root -pV shop",
            "mysqldump --all -p'V' > x",
            "sshpass -p V ssh h",
            "sshpass -pV ssh h",
            "docker login -u bob -p V r.example",
            "redis-cli -h x -a V",
            "mongosh -u a -p V",
            "sqlcmd -S h -P V",
            "ldapsearch -D cn=a -w V",
            "smbclient //h/s -U bob%V",
            "sqlplus bob/V@db",
            "CREATE USER bob IDENTIFIED BY 'V';",
            "CREATE USER bob IDENTIFIED WITH plugin BY 'V';",
            "ConvertTo-SecureString \"V\" -AsPlainText -Force",
            "ConvertTo-SecureString -String 'V' -AsPlainText",
            "db.internal:5432:shop:bob:V",
        ] {
            assert_eq!(found(text), Some("V"), "{text}");
        }
        for text in [
            "curl https://h/ -o x",
            "curl -u bob https://h/",
            "mysql -u root -p shop",
            "mysql is a database -p",
            "docker login r.example\n -p V",
            "identified by the user",
            "the parent identified by (parent_model, parent_pk) is",
            "http://h:5432:x",
            "curl",
            "curl -u",
            "identified",
            ":5432:",
        ] {
            assert!(found(text).is_none_or(|value| value == "the"), "{text}: {:?}", found(text));
        }
    }
}
