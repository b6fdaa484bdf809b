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
    if let Some(file) = included(line) {
        return reading.includes.push((file.to_owned(), at));
    }
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

/// The file behind `-r` or `-c`, with which a list includes another.
fn included(line: &str) -> Option<&str> {
    let options = ["--requirement", "--constraint", "-r", "-c"];
    let rest = options.iter().find_map(|option| line.strip_prefix(option))?;
    let file = rest.trim_start_matches([' ', '\t', '=']);
    (!file.is_empty() && !file.contains("://")).then_some(file)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIST: &str = include_str!("../../../fixtures/deps/requirements.txt");

    fn pins(text: &str) -> Vec<String> {
        read(text).packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn pins_ranges_and_includes() {
        let reading = read(LIST);
        assert_eq!(reading.problems, []);
        assert_eq!(pins(LIST), ["Django 3.2.0", "jinja2 2.4.1", "requests 2.19.0"]);
        assert!(reading.packages.iter().all(|package| LIST[package.at.clone()] == package.name));
        let loose: Vec<&str> = reading.unpinned.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(loose, ["six", "urllib3"]);
        assert_eq!(reading.includes[0].0, "base.txt");
    }

    #[test]
    fn forms_that_pip_reads() {
        for (line, expected) in [
            ("a==1.0", "a 1.0"),
            ("a===1.0", "a 1.0"),
            ("a (==1.0)", "a 1.0"),
            ("a[b,c] == 1.0", "a 1.0"),
            ("a==1.0; python_version < '3'", "a 1.0"),
            ("a==1.0 --hash=sha256:00", "a 1.0"),
            ("a==1.0#not-a-comment", ""),
            ("a==1.0 # comment", "a 1.0"),
            ("a \\\n  ==1.0", "a 1.0"),
            ("a==1.0 \\\r\n  --hash=sha256:00\r\n", "a 1.0"),
            ("\u{feff}a==1!2.0+local.1", "a 1!2.0+local.1"),
            ("a>=1,==1.4", "a 1.4"),
            ("a==1.*", ""),
            ("a", ""),
            ("-e git+https://git.example/a.git#egg=a", ""),
            ("a @ https://files.example/a.tar.gz", ""),
            ("a-1.0.tar.gz", ""),
        ] {
            assert_eq!(pins(line).join(","), expected, "{line}");
        }
    }

    #[test]
    fn what_pip_would_refuse_is_named() {
        for text in
            ["a==", "a=1.0", "==1.0", "a b", "a[b", "<<<<<<< ours", "{\"a\": 1}", "a==1.0#not-a-comment"]
        {
            assert_eq!(read(text).problems.len(), 1, "{text}");
        }
        for text in ["", "\n\n", "# a", "   ", "\\", "--no-binary :all:"] {
            assert_eq!(read(text).problems, [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-z]{1,3}(==|>=|\\[|@|;| |\\\\|\r|\n|#|-r|é|[0-9.]{1,3})){0,24}|.{0,64}") {
            for package in read(&text).packages {
                prop_assert_eq!(&text[package.at.clone()], &package.name);
            }
        }
    }
}
