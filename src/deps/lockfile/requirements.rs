//! requirements.txt: what pip reads, line by line. `==` pins are packages, anything looser is unpinned.

use super::{Package, Reading, conflict, lines};

/// Reads a text.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut logical: Option<(usize, usize)> = None;
    for (start, line) in lines(text) {
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            logical = None;
            continue;
        }
        let first = logical.map_or(start, |(first, _)| first);
        let end = start + line.len();
        if line.ends_with('\\') && !line.trim_start().starts_with('#') {
            logical = Some((first, end));
            continue;
        }
        logical = None;
        requirement(text, first, end, &mut reading);
    }
    if let Some((first, end)) = logical {
        requirement(text, first, end, &mut reading);
    }
    reading
}

/// One requirement: the bytes `first..end`, continuation lines included.
fn requirement(text: &str, first: usize, end: usize, reading: &mut Reading) {
    let whole = &text[first..end];
    let skipped = whole.len() - whole.trim_start_matches([' ', '\t', '\\', '\r', '\n']).len();
    let at = first + skipped;
    let joined = text[at..end].replace("\\\r\n", " ").replace("\\\n", " ");
    let line = without_comment(&joined).trim_end_matches('\\').trim();
    // Options, folders and archives: nothing that a registry's advisories are about.
    if line.is_empty() || line.starts_with(['-', '.', '/']) {
        return;
    }
    let name_length = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(name_length);
    let rest = after_extras(rest.trim_start());
    let url = rest.is_some_and(|rest| rest.starts_with(['@', ':', '+', '/', '\\']));
    if url || is_archive(line) {
        return;
    }
    let place = at..at + name.len();
    match rest.and_then(pin) {
        Some(pin) if !name.is_empty() => match pin {
            Pin::Exact(version) => {
                reading.packages.push(Package { name: name.to_owned(), version, at: place });
            }
            Pin::Loose => reading.unpinned.push((name.to_owned(), place)),
        },
        _ => reading.partial(at, "this is no requirement that pip would read"),
    }
}

/// A file name or path of a distribution, as pip takes it in place of a requirement.
fn is_archive(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    [".whl", ".tar.gz", ".zip", ".tar.bz2"].iter().any(|end| word.ends_with(end)) || word.contains("://")
}

/// A comment starts the line or follows white space.
fn without_comment(line: &str) -> &str {
    let mut previous = ' ';
    for (at, character) in line.char_indices() {
        if character == '#' && previous.is_whitespace() {
            return &line[..at];
        }
        previous = character;
    }
    line
}

/// What follows `[extra, ...]`; `None` when the bracket is not closed.
fn after_extras(rest: &str) -> Option<&str> {
    match rest.strip_prefix('[') {
        Some(extras) => extras.find(']').map(|end| extras[end + 1..].trim_start()),
        None => Some(rest),
    }
}

enum Pin {
    Exact(String),
    Loose,
}

/// Reads `==1.0`, `>=1,<2`, `(==1.0)`, nothing at all, each with a marker or options behind; `None` when it is no specifier.
fn pin(rest: &str) -> Option<Pin> {
    let end = rest.find(';').unwrap_or(rest.len());
    let specifiers = rest[..end].split(" --").next().unwrap_or_default().trim();
    let specifiers = specifiers.strip_prefix('(').map_or(specifiers, |inner| inner.trim_end_matches(')'));
    let mut exact = None;
    for specifier in specifiers.split(',').map(str::trim).filter(|specifier| !specifier.is_empty()) {
        let length = specifier.find(|c: char| !matches!(c, '=' | '<' | '>' | '!' | '~'))?;
        let (operator, version) = specifier.split_at(length);
        let version = version.trim();
        let written = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '*');
        if version.is_empty() || !version.chars().all(written) {
            return None;
        }
        match operator {
            "==" | "===" if !version.contains('*') => exact = Some(version.to_owned()),
            "==" | "===" | "!=" | "~=" | "<" | "<=" | ">" | ">=" => {}
            _ => return None,
        }
    }
    Some(exact.map_or(Pin::Loose, Pin::Exact))
}
