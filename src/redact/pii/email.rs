//! E-mail addresses of people.

use std::ops::Range;

use super::Reading;
use super::text::lower_before;

/// Ends of host names that people have mailboxes under, beside those of countries.
const TOP: &[&str] = &[
    "com",
    "org",
    "net",
    "edu",
    "gov",
    "mil",
    "info",
    "biz",
    "name",
    "dev",
    "app",
    "cloud",
    "online",
    "tech",
    "email",
    "mail",
    "company",
    "agency",
    "io",
    "ai",
    "xyz",
    "site",
    "shop",
    "store",
    "world",
    "group",
    "team",
    "solutions",
    "consulting",
    "berlin",
    "london",
    "health",
    "bank",
    "law",
    "me",
];

/// Ends of file names that look like a country's.
const EXTENSIONS: &[&str] =
    &["py", "rs", "js", "ts", "md", "sh", "so", "cc", "pl", "pm", "rb", "cs", "vb", "ps"];

/// Every address of a person. In a file those that their owners published there are left out.
pub(super) fn addresses(text: &str, reading: Reading, mut found: impl FnMut(Range<usize>)) {
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        if let Some(range) = address(text, at, reading) {
            found(range);
        }
    }
}

/// The address around the `@` at `at`.
fn address(text: &str, at: usize, reading: Reading) -> Option<Range<usize>> {
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
    if start == at || end - at < 5 {
        return None;
    }
    let name = text[start..at].to_ascii_lowercase();
    // A version, and the scope of a package behind it: `"~3.1.0" "@socket.io/client"`.
    if name.contains('.') && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let domain = text[at + 1..end].to_ascii_lowercase();
    let (rest, top) = domain.rsplit_once('.')?;
    let country =
        top.len() == 2 && top.bytes().all(|byte| byte.is_ascii_lowercase()) && !EXTENSIONS.contains(&top);
    // A script's name is no country's end, unless somebody writes to it.
    let spoken = EXTENSIONS.contains(&top) && reading == Reading::Prose && rest.len() > 3;
    let mailbox = !rest.is_empty()
        && !domain.contains("..")
        && !domain.starts_with(['-', '.'])
        && (country || spoken || TOP.contains(&top));
    let range = start..end;
    let public = || match reading {
        Reading::Prose => remote(bytes, range.end) || user_of_url(text, start),
        Reading::File => office(&name, &domain) || remote(bytes, range.end) || published(text, &range),
    };
    (mailbox && !nobody(&name, &domain) && !public()).then_some(start..end)
}

/// Addresses that belong to nobody anywhere: reserved domains, robots, the user of a git URL, stand-ins.
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
        "name",
        "email",
        "someone",
        "somebody",
        "foo",
        "bar",
        "baz",
        "test",
        "your-email",
        "your.email",
        "youremail",
        "your_email",
        "your.name",
        "yourname",
        "first.last",
        "firstname.lastname",
    ];
    const HOSTS: &[&str] = &[
        "localhost",
        "invalid",
        "test",
        "domain",
        "yourdomain",
        "your-domain",
        "yourcompany",
        "your-company",
        "mydomain",
        "mycompany",
        "somewhere",
        "foo",
        "bar",
        "baz",
        "foobar",
        "acme",
        "noreply",
    ];
    let reserved = domain.split('.').any(|label| label.starts_with("example") || HOSTS.contains(&label));
    // `a@b.com`: one letter at one letter is how forms are tried out.
    let letters = name.len() == 1 && domain.split('.').next().is_some_and(|label| label.len() == 1);
    reserved
        || letters
        || ROBOTS.contains(&name)
        || name.ends_with("noreply")
        || name.ends_with("no-reply")
        || domain == "email.com"
}

/// Addresses of an office or a mailing list, not of a person.
fn office(name: &str, domain: &str) -> bool {
    const OFFICES: &[&str] = &[
        "info",
        "support",
        "security",
        "hello",
        "contact",
        "admin",
        "me",
        "editor",
        "webmaster",
        "hostmaster",
        "abuse",
        "sales",
        "office",
        "press",
        "jobs",
        "billing",
        "help",
        "service",
        "team",
        "privacy",
        "legal",
        "conduct",
        "feedback",
        "bugs",
        "announce",
        "dev",
        "developers",
        "subscribe",
        "unsubscribe",
    ];
    let lists = domain.split('.').any(|label| matches!(label, "lists" | "list" | "googlegroups" | "groups"));
    OFFICES.contains(&name)
        || lists
        || ["-list", "-announce", "-users", "+subscribe", "+unsubscribe", "-request"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Whether a path follows, as behind the host of a git remote: `git@host:team/app`.
fn remote(bytes: &[u8], end: usize) -> bool {
    bytes.get(end) == Some(&b':')
        && !matches!(bytes.get(end + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\''))
}

/// Whether the name is the user in a URL, or what an attacker puts behind a host: `https://user@`, `host:x@`.
fn user_of_url(text: &str, start: usize) -> bool {
    let before = lower_before(text, start, 120);
    let word = before.rsplit([' ', '\t', '\n', '"', '\'', '<', '(']).next().unwrap_or("");
    word.contains("://") || word.strip_suffix(':').is_some_and(|host| host.contains('.'))
}

/// Names that their owners published: `Author:`, copyright lines, package metadata, user parts of URLs.
fn published(text: &str, range: &Range<usize>) -> bool {
    const WORDS: &[&str] = &[
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
    let bytes = text.as_bytes();
    // A line may be as long as the text: only its last part is looked at.
    let before = lower_before(text, range.start, 200);
    let before = before.rsplit('\n').next().unwrap_or("");
    let listed = text.ceil_char_boundary(range.start.saturating_sub(400));
    let list = ["authors", "maintainers", "contributors"];
    WORDS.iter().any(|word| before.contains(word))
        || before.trim_start().starts_with("//") && bytes.get(range.end) == Some(&b'>')
        || user_of_url(text, range.start)
        || list.iter().any(|word| text[listed..range.start].contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, reading: Reading) -> Vec<&str> {
        let mut all = Vec::new();
        addresses(text, reading, |range| all.push(&text[range]));
        all
    }

    #[test]
    fn addresses_of_people_are_found() {
        for reading in [Reading::Prose, Reading::File] {
            assert_eq!(seen("write to jane.roe@initech.com.", reading), ["jane.roe@initech.com"]);
            assert_eq!(seen("<j+r@mail.initech.co.uk>", reading), ["j+r@mail.initech.co.uk"]);
        }
    }

    #[test]
    fn what_belongs_to_nobody_is_not() {
        for text in [
            "jane@example.com",
            "noreply@initech.com",
            "git@initech.com:team/repo",
            "@decorator",
            "a@b",
            "a@a.com",
            "x @ y.T",
            "https://user@initech.com/x",
            "Host: validsite.com:random@evilsite.com",
            "@",
            "a@.com",
            "a@..com",
            "~3.1.0@socket.io",
        ] {
            assert!(seen(text, Reading::Prose).is_empty(), "{text}");
            assert!(seen(text, Reading::File).is_empty(), "{text}");
        }
        assert!(seen("weights@matrix.py", Reading::File).is_empty());
    }

    #[test]
    fn what_is_published_in_a_file_counts_in_a_prompt() {
        for text in [
            "# Author: Jane <jane@initech.com>",
            "sales@initech.com",
            "(c) jane@initech.com",
            "x-users@initech.com",
        ] {
            assert!(seen(text, Reading::File).is_empty(), "{text}");
            assert_eq!(seen(text, Reading::Prose).len(), 1, "{text}");
        }
    }
}
