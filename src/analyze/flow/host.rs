//! How a text begins that an expression describes: with an address whose host is fixed, on the site itself, or with a
//! scheme that is no script.

use super::charset::{class_of, letters_of};

/// The start of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Start {
    /// `https:` and any host.
    Scheme,
    /// `/path`
    Local,
    /// `https://example.com/`
    Host,
}

/// How `https:` is written in expressions.
const SCHEMES: &[&str] = &[
    "https?",
    "http(s)?",
    "http(?:s)?",
    "(https?)",
    "(?:https?)",
    "(http|https)",
    "(https|http)",
    "(?:http|https)",
    "(?:https|http)",
    "https",
    "http",
    "wss?",
    "wss",
];

/// What ends a host.
const ENDS: &[&str] = &[
    "/",
    "\\/",
    "$",
    "\\Z",
    "(/|$)",
    "(?:/|$)",
    "(\\/|$)",
    "(?:\\/|$)",
    "($|/)",
    "(?:$|/)",
    "(?:\\/.*)?$",
    "(?:/.*)?$",
    "(\\/.*)?$",
    "(/.*)?$",
    "[/?#]",
    "[\\/?#]",
    "(?:[/?#]|$)",
    "([/?#]|$)",
    "(?=/)",
    "(?=[/?#]|$)",
];

/// How every text begins that an expression matches, where it is looked for at the start alone or says so.
pub(super) fn start(body: &str, at_start: bool, lines: bool) -> Option<Start> {
    alternatives(body).into_iter().map(|one| begins(one, at_start, lines)).min().flatten()
}

fn begins(alternative: &str, at_start: bool, lines: bool) -> Option<Start> {
    let alternative = alternative.strip_prefix("(?i)").unwrap_or(alternative);
    let anchored =
        ["^", "\\A"].iter().find_map(|anchor| alternative.strip_prefix(anchor).map(|rest| (anchor, rest)));
    let rest = match anchored {
        Some((anchor, rest)) if !lines || at_start || **anchor != *"^" => rest,
        None if at_start => alternative,
        _ => return None,
    };
    if let Some(path) = rest.strip_prefix("\\/").or_else(|| rest.strip_prefix('/')) {
        return local(path).then_some(Start::Local);
    }
    let address = SCHEMES.iter().find_map(|scheme| rest.strip_prefix(scheme)?.strip_prefix(':'))?;
    let host = ["//", "\\/\\/"].iter().find_map(|slashes| address.strip_prefix(slashes));
    Some(if host.is_some_and(fixed) { Start::Host } else { Start::Scheme })
}

/// The alternatives of an expression.
fn alternatives(body: &str) -> Vec<&str> {
    let (mut all, mut from, mut depth, mut class) = (Vec::new(), 0, 0u32, false);
    let mut bytes = body.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'[' => class = true,
            b']' => class = false,
            b'(' if !class => depth += 1,
            b')' if !class => depth = depth.saturating_sub(1),
            b'|' if !class && depth == 0 => {
                all.push(&body[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(&body[from..]);
    all
}

/// Whether what follows a first `/` is no second one.
fn local(path: &str) -> bool {
    if ["(?!/)", "(?!\\/)", "(?![/\\\\])", "(?![\\/\\\\])"].iter().any(|ahead| path.starts_with(ahead)) {
        return true;
    }
    let slash = 1u128 << b'/';
    let (set, rest) = match path.as_bytes() {
        [b'[', ..] => match class_of(&path[1..]) {
            Some(read) => read,
            None => return false,
        },
        [b'\\', b'w' | b'd', ..] => (0, &path[2..]),
        [first, ..] if first.is_ascii_alphanumeric() => (0, &path[1..]),
        _ => return false,
    };
    set & slash == 0 && !rest.starts_with(['*', '?']) && !rest.starts_with("{0")
}

/// Whether a host that is described so, and ends, is one of those that the expression names, or lies below one.
fn fixed(text: &str) -> bool {
    // The last part of it, that is written out.
    let (mut from, mut at, mut labels) = (0, 0, 0u32);
    let bytes = text.as_bytes();
    loop {
        let rest = &text[at..];
        if ENDS.iter().any(|end| rest.starts_with(end)) {
            break;
        }
        match bytes.get(at) {
            Some(b'\\') if bytes.get(at + 1) == Some(&b'.') => {
                labels += 1;
                at += 2;
            }
            Some(b'\\') if bytes.get(at + 1) == Some(&b'-') => at += 2,
            Some(b':') if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => at += 1,
            Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'-' => at += 1,
            // A choice of hosts, or a part that is not written out.
            Some(b'(' | b'[' | b'.' | b'\\') => {
                let Some(after) = past(rest) else { return false };
                let element = &rest[..rest.len() - after.len()];
                at += element.len();
                if names(element) {
                    labels += u32::from(element.contains("\\."));
                } else {
                    (from, labels) = (at, 0);
                }
            }
            _ => return false,
        }
    }
    let (before, written) = text[..at].split_at(from);
    if !written.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    if before.is_empty() {
        return true;
    }
    let harmful = b"/\\?#@:".iter().fold(0u128, |all, byte| all | 1 << byte);
    let apart = written.starts_with("\\.") && labels > 1
        || labels > 0 && [")", ")?", ")*", ")+"].iter().any(|end| before.ends_with(&format!("\\.{end}")));
    apart && letters_of(before).is_some_and(|letters| letters & harmful == 0)
}

/// What is left behind the first element of an expression, with what says how often it is there.
fn past(text: &str) -> Option<&str> {
    let mut rest = match text.as_bytes() {
        [b'[', ..] => class_of(&text[1..])?.1,
        [b'(', ..] => {
            let close = text.find(')')?;
            (!text[1..close].contains('(')).then_some(&text[close + 1..])?
        }
        [b'\\', _, ..] => text.get(2..)?,
        _ => text.get(1..)?,
    };
    if let Some(counted) = rest.strip_prefix('{') {
        rest = counted.split_once('}')?.1;
    }
    Some(rest.trim_start_matches(['*', '+', '?']))
}

/// Whether a group is a choice of names that are written out.
fn names(group: &str) -> bool {
    let Some(inner) = group.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) else { return false };
    let inner = inner.strip_prefix("?:").unwrap_or(inner).replace("\\.", "").replace("\\-", "");
    inner
        .split('|')
        .all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_fixed() {
        for body in [
            r"^https://example\.com/",
            r"^https?:\/\/example\.com\/",
            r"^https://(www\.)?example\.com/",
            r"^https://([a-z0-9-]+\.)*example\.com(/|$)",
            r"^https://[a-z]+\.example\.com/",
            r"^https://(example\.com|example\.org)/",
            r"^https://localhost:8080/",
            r"^https://a\.com/|^https://b\.com/",
        ] {
            assert_eq!(start(body, false, false), Some(Start::Host), "{body}");
        }
    }

    #[test]
    fn hosts_that_are_not() {
        for body in [
            r"^https://example\.com",
            r"^https://example.com/",
            r"^https://.*\.example\.com/",
            r"^https://[^.]+\.example\.com/",
            r"^https://[a-z]+example\.com/",
            r"^https://[a-z]+\.com/",
            r"^https://a\.com/|^https://",
            r"^https://",
            r"^https?://[\w.-]+/",
        ] {
            assert_eq!(start(body, false, false), Some(Start::Scheme), "{body}");
        }
        for body in [r"https://example\.com/", r"^.*example", r"^a\.com/", "", "^", "^https"] {
            assert_eq!(start(body, false, false), None, "{body}");
        }
    }

    #[test]
    fn places_on_the_site() {
        for body in [r"^/[a-z]", r"^\/(?!\/)", r"^/[^/]", r"^/[^/\\]", r"^\/\w+"] {
            assert_eq!(start(body, false, false), Some(Start::Local), "{body}");
        }
        for body in [r"^/", r"^/\w*", r"^/.*", r"^/[a-z/]"] {
            assert_eq!(start(body, false, false), None, "{body}");
        }
    }
}
