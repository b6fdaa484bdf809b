//! Personal data that has a form of its own: e-mail addresses, payment cards, bank accounts.

use std::ops::Range;

use super::detect::Found;
use super::validate::{card, iban, iban_length};
use crate::rule::Rule;

/// The indices of the rules, for those that are in the set.
pub(super) struct Rules {
    pub(super) email: Option<usize>,
    pub(super) card: Option<usize>,
    pub(super) iban: Option<usize>,
}

/// Ends of host names that people have mailboxes under, beside those of countries.
const TOP: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "info", "biz", "name", "dev", "app", "cloud", "online", "tech",
    "email", "mail", "company", "agency",
];

/// Ends of file names that look like a country's.
const EXTENSIONS: &[&str] =
    &["py", "rs", "js", "ts", "md", "sh", "so", "cc", "pl", "pm", "rb", "cs", "vb", "ps"];

/// The address around the `@` at `at`.
pub(super) fn email(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let mut start = at - bytes[..at].iter().rev().take(64).take_while(|byte| local(byte)).count();
    let mut end = at + 1 + bytes[at + 1..].iter().take(253).take_while(|byte| host(byte)).count();
    while start < at && !bytes[start].is_ascii_alphanumeric() {
        start += 1;
    }
    while end > at + 1 && !bytes[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let name = text[start..at].to_ascii_lowercase();
    let domain = text[at + 1..end].to_ascii_lowercase();
    let (rest, top) = domain.rsplit_once('.')?;
    let country =
        top.len() == 2 && top.bytes().all(|byte| byte.is_ascii_lowercase()) && !EXTENSIONS.contains(&top);
    let mailbox =
        !name.is_empty() && !rest.is_empty() && !domain.contains("..") && (country || TOP.contains(&top));
    (mailbox && !nobody(&name, &domain) && !public_place(text, &(start..end))).then_some(start..end)
}

/// Addresses that belong to no person: reserved domains, robots, the user of a git URL.
fn nobody(name: &str, domain: &str) -> bool {
    const ROBOTS: &[&str] = &[
        "git",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "postmaster",
        "mailer-daemon",
        "root",
        "nobody",
        "user",
        "username",
        "you",
        "me",
        "name",
        "email",
        "someone",
        "foo",
        "bar",
        "test",
        "info",
        "support",
        "security",
        "hello",
        "contact",
        "admin",
    ];
    let reserved = domain.split('.').any(|label| {
        label.starts_with("example")
            || matches!(
                label,
                "localhost" | "invalid" | "test" | "domain" | "yourdomain" | "acme" | "noreply"
            )
    });
    reserved
        || ROBOTS.contains(&name)
        || name.ends_with("noreply")
        || domain == "email.com"
        || name.ends_with("[bot]")
}

/// Names that their owners published: `Author:`, copyright lines, package metadata, git remotes, user parts of URLs.
fn public_place(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    // A line may be as long as the text: only its last part is looked at.
    let near = range.start.saturating_sub(200);
    let line_start = memchr::memrchr(b'\n', &bytes[near..range.start]).map_or(near, |at| near + at + 1);
    let line_start = text.ceil_char_boundary(line_start);
    let before = text[line_start..range.start].to_ascii_lowercase();
    let words = [
        "author",
        "maintainer",
        "copyright",
        "(c)",
        "\u{a9}",
        "signed-off-by",
        "co-authored",
        "contributor",
        "credit",
        "written by",
        "contributed by",
        "contact:",
        "mailing list",
        "reported-by",
        "://",
        "reviewed-by",
        "committer",
    ];
    let remote = bytes.get(range.end) == Some(&b':')
        && !matches!(bytes.get(range.end + 1), None | Some(b' ' | b'\n' | b'\r'));
    let listed = text.ceil_char_boundary(range.start.saturating_sub(400));
    let list = ["authors", "maintainers", "contributors"];
    remote
        || words.iter().any(|word| before.contains(word))
        || before.trim_start().starts_with("//") && bytes.get(range.end) == Some(&b'>')
        || list.iter().any(|word| text[listed..range.start].contains(word))
}

impl Rules {
    /// Cards and bank accounts: both begin with, or shortly before, a digit.
    pub(super) fn numbers(&self, text: &str, rules: &[Rule], found: &mut Vec<Found>) {
        if self.card.is_none() && self.iban.is_none() {
            return;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(skip) = bytes[at..].iter().position(u8::is_ascii_digit) {
            let start = at + skip;
            at = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let account = self.iban.and_then(|rule| Some((rule, account_at(text, start)?)));
            let number = || self.card.and_then(|rule| Some((rule, card_at(text, start)?)));
            if let Some((rule, range)) = account.or_else(number) {
                at = range.end;
                let confidence = rules[rule].confidence;
                found.push(Found::plain(range, rule, confidence));
            }
        }
    }
}

/// A run of 13 to 19 digits, perhaps in groups with one kind of separator, that is a card's number.
fn card_at(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let joined = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/%#&=".contains(&byte) && byte != b'=';
    if start > 0 && joined(bytes[start - 1]) {
        return None;
    }
    let (mut end, mut digits, mut separator) = (start, 0, None);
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' if digits % 4 == 0 || digits == 10 => {
                let next = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
                if !next || *separator.get_or_insert(*byte) != *byte {
                    break;
                }
            }
            _ => break,
        }
        end += 1;
    }
    let cut = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        || bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    let grouped = separator.is_some() || spoken_of(text, start);
    ((13..=19).contains(&digits) && grouped).then_some(())?;
    (!cut && card(&text[start..end])).then_some(start..end)
}

/// Whether a number without groups stands in a sentence, or near a word for a card: constants of code do not.
fn spoken_of(text: &str, start: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(60));
    let before = text[from..start].to_ascii_lowercase();
    let line = before.rsplit('\n').next().unwrap_or("");
    let sentence =
        line.strip_suffix(' ').is_some_and(|line| line.ends_with(|c: char| c.is_alphabetic() || c == ':'));
    sentence
        || ["card", "visa", "amex", "credit", "debit", "payment"].iter().any(|word| before.contains(word))
}

/// The account whose check digits begin at `start`: two capitals stand before it.
fn account_at(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let first = start.checked_sub(2)?;
    let country = text.get(first..start)?;
    let free = first == 0 || !(bytes[first - 1].is_ascii_alphanumeric() || bytes[first - 1] == b'_');
    let length = iban_length(country).filter(|_| free)?;
    let (mut end, mut count) = (first, 0);
    while count < length {
        match bytes.get(end)? {
            byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() => count += 1,
            b' ' if count % 4 == 0 => {}
            _ => return None,
        }
        end += 1;
    }
    let cut = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric());
    (!cut && iban(&text[first..end])).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<&str> {
        email(text, text.find('@')?).map(|range| &text[range])
    }

    #[test]
    fn addresses_of_people_are_found() {
        assert_eq!(address("write to jane.roe@initech.com."), Some("jane.roe@initech.com"));
        assert_eq!(address("<j+r@mail.initech.co.uk>"), Some("j+r@mail.initech.co.uk"));
    }

    #[test]
    fn public_and_reserved_addresses_are_not() {
        for text in [
            "jane@example.com",
            "noreply@initech.com",
            "git@initech.com:team/repo",
            "# Author: Jane <jane@initech.com>",
            "@decorator",
            "a@b",
            "x @ y.T",
            "https://user@initech.com/x",
            "weights@matrix.py",
            "@",
            "a@.com",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
