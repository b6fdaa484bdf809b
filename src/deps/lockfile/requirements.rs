//! requirements.txt: what pip reads, line by line. `==` pins are packages, anything looser is unpinned.

use std::ops::Range;

use super::{Reading, Usage, conflict, lines};
use crate::syntax::other_codec;

/// What ends a line for Python beside the line feed: a comment ends there, too.
const BREAKS: [char; 9] =
    ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Reads a text.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    if let Some(codec) = codec(text) {
        reading.unread(0, format!("its lines may read otherwise in {codec}, the encoding that it names"));
    }
    let mut open = None;
    for (start, line) in python_lines(text) {
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            open = None;
            continue;
        }
        let first = open.take().unwrap_or(start);
        if line.ends_with('\\') && !is_comment(line) {
            open = Some(first);
        } else {
            requirement(text, first..start + line.len(), &mut reading);
        }
    }
    if let Some(first) = open {
        requirement(text, first..text.len(), &mut reading);
    }
    reading
}

/// The encoding that one of the first two lines names, when the text may read otherwise in it.
fn codec(text: &str) -> Option<&str> {
    let second = text.split_once('\n').map_or("", |(_, second)| second);
    let in_second =
        || other_codec(second).filter(|codec| second.lines().next().is_some_and(|line| line.contains(codec)));
    other_codec(text).or_else(in_second)
}

/// The lines of a text as Python splits them, each with the byte where it starts.
fn python_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    lines(text).flat_map(|(start, line)| {
        let mut rest = Some((start, line));
        std::iter::from_fn(move || {
            let (at, text) = rest.take()?;
            let Some(end) = text.find(BREAKS) else { return Some((at, text)) };
            let next = end + text[end..].chars().next().map_or(0, char::len_utf8);
            rest = Some((at + next, &text[next..]));
            Some((at, &text[..end]))
        })
    })
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// One requirement or line of options: these bytes, continuation lines included.
fn requirement(text: &str, lines: Range<usize>, reading: &mut Reading) {
    let whole = &text[lines.clone()];
    let at = lines.end - whole.trim_start_matches(|c: char| c.is_whitespace() || c == '\\').len();
    let joined = joined(&text[at..lines.end]);
    let line = without_comment(&joined).trim();
    if line.starts_with('-') {
        return options(line, at, reading);
    }
    if line.is_empty() || is_elsewhere(line) {
        return;
    }
    let (name, rest) = line.split_at(line.find(|c| !is_named(c)).unwrap_or(line.len()));
    let named = at..at + name.len();
    // A name that goes on in the next line is there as a whole only for pip.
    let split = at..at + text[at..lines.end].find('\\').unwrap_or(lines.end - at);
    let place = if text.get(named.clone()) == Some(name) { named } else { split };
    match after_extras(rest.trim_start()).and_then(pin) {
        Some(pin) if !name.is_empty() => match pin {
            Pin::Exact(version) => {
                // The lines that continue it may hold the version.
                if let Some(package) = reading.add(name, &version, place, Usage::Program, None) {
                    package.says([lines.end]);
                    package.hashed = Some(rest.contains("--hash"));
                }
            }
            Pin::Loose => reading.unpinned.push((name.to_owned(), place)),
        },
        _ => reading.partial(at, "this is no requirement that pip would read"),
    }
}

/// A line with those that continue it, put together as pip does: nothing is between them, but a comment stays one.
fn joined(lines: &str) -> String {
    let mut joined = String::new();
    for (start, line) in python_lines(lines) {
        if start > 0 && is_comment(line) {
            joined.push(' ');
        }
        joined.push_str(line.trim_matches('\\'));
    }
    joined
}

fn is_named(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The options that a line may have, and whether a value follows each.
const OPTIONS: [(&str, bool); 23] = [
    ("-i", true),
    ("--index-url", true),
    ("--pypi-url", true),
    ("--extra-index-url", true),
    ("--no-index", false),
    ("-f", true),
    ("--find-links", true),
    ("-e", true),
    ("--editable", true),
    ("--no-binary", true),
    ("--only-binary", true),
    ("--prefer-binary", false),
    ("--require-hashes", false),
    ("--pre", false),
    ("--trusted-host", true),
    ("--use-feature", true),
    ("--hash", true),
    ("--global-option", true),
    ("--install-option", true),
    ("--config-settings", true),
    ("-C", true),
    ("-Z", false),
    ("--always-unzip", false),
];

/// A line of options: other lists are included, and what is unknown may do so, since pip takes shortened names.
fn options(line: &str, at: usize, reading: &mut Reading) {
    let mut words = words(line).into_iter();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => (option, Some(value)),
            _ if word.starts_with("--") || !word.starts_with('-') => (word, None),
            _ => word.split_at_checked(2).map_or((word, None), |(option, value)| (option, Some(value))),
        };
        let value = value.filter(|value| !value.is_empty());
        if ["-r", "--requirement", "-c", "--constraint"].contains(&option) {
            match value.or_else(|| words.next()) {
                Some(list) if list.contains("://") => {
                    reading.partial(at, "this list at an address of its own is not checked");
                }
                Some(list) => reading.includes.push((list.to_owned(), at)),
                None => reading.partial(at, "this option names no file"),
            }
        } else if option.starts_with('-') {
            match OPTIONS.iter().find(|(known, _)| *known == option) {
                Some((_, true)) if value.is_none() => drop(words.next()),
                Some(_) => {}
                None => return reading.partial(at, "this is no option that pip would read"),
            }
        }
    }
}

/// The words of a line, quotes around one taken off.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quoted = quote.and_then(|quote| rest[1..].split_once(quote));
        let (word, behind) = match quoted {
            Some(parts) => parts,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

/// Whether a line is an address, a folder or an archive, as pip takes them in place of a requirement.
fn is_elsewhere(line: &str) -> bool {
    if line.starts_with(['.', '/']) {
        return true;
    }
    let (name, rest) = line.split_at(line.find(|c| !is_named(c)).unwrap_or(line.len()));
    let by_address = match rest.chars().next() {
        // `https://`, `file:`, `git+https://`, `git+ssh:`, and `C:\`; what a marker compares with is far behind.
        Some(':') => name == "file" || rest[1..].starts_with(['/', '\\']),
        Some('+') => {
            rest.split(['=', '<', '>', '!', '~', ';', ' ']).next().is_some_and(|start| start.contains(':'))
        }
        Some('/' | '\\') => true,
        _ => after_extras(rest.trim_start()).is_some_and(|rest| rest.starts_with('@')),
    };
    by_address || is_archive(line)
}

/// The name of a file that is a distribution.
fn is_archive(line: &str) -> bool {
    let word = line.split([' ', '\t', ';', '[']).next().unwrap_or_default();
    let ends = [".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz"];
    ends.iter().any(|end| word.ends_with(end)) && !word.contains(['=', '<', '>', '!', '~'])
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

/// What stands before the options behind a requirement: ` --hash=...`, ` -C ...`.
fn without_options(rest: &str) -> &str {
    let mut previous = ' ';
    for (at, character) in rest.char_indices() {
        if character == '-' && previous.is_whitespace() {
            return &rest[..at];
        }
        previous = character;
    }
    rest
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
    let specifiers = without_options(rest).split(';').next().unwrap_or_default().trim();
    let specifiers = specifiers.strip_prefix('(').map_or(specifiers, |inner| inner.trim_end_matches(')'));
    let mut exact = None;
    for specifier in specifiers.split(',').map(str::trim).filter(|specifier| !specifier.is_empty()) {
        let length = specifier.find(|c: char| !matches!(c, '=' | '<' | '>' | '!' | '~'))?;
        let (operator, version) = specifier.split_at(length);
        let version = version.trim();
        if !["==", "===", "!=", "~=", "<", "<=", ">", ">="].contains(&operator) {
            return None;
        }
        // What the environment of pip will say is in no file.
        if version.contains("${") {
            continue;
        }
        let written = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '*');
        if version.is_empty() || !version.chars().all(written) {
            return None;
        }
        if operator.starts_with("==") && !version.contains('*') {
            exact = Some(version.to_owned());
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
            ("a==1.\\\n0", "a 1.0"),
            ("jin\\\nja2==2.4.1", "jinja2 2.4.1"),
            ("a==1.0 \\\n# comment\nb==2.0", "a 1.0,b 2.0"),
            ("a==1.0\\\n# comment\nb==2.0", "a 1.0,b 2.0"),
            ("a==1.0 \\\n\nb==2.0", "a 1.0,b 2.0"),
            ("# comment \\\na==1.0", "a 1.0"),
            ("# comment\ra==1.0", "a 1.0"),
            ("# comment\u{2028}a==1.0\u{c}b==2.0", "a 1.0,b 2.0"),
            ("a==1.0;platform_release!='://'", "a 1.0"),
            ("a==1.0;platform_release!='x.zip'", "a 1.0"),
            ("a==1.0 ; x == ' -'", "a 1.0"),
            ("a==1.0 -C bar", "a 1.0"),
            ("a==1.0\t--hash=sha256:00", "a 1.0"),
            ("a==1.0 --hash=sha256:;#", "a 1.0"),
            ("a--hash==1.0", "a--hash 1.0"),
            ("a==1.0.zip", "a 1.0.zip"),
            ("a==${VERSION}", ""),
            ("a [b, c]==1.0", "a 1.0"),
            ("a[b] @ file:///srv/a.whl", ""),
            ("file:a-1.0.tar.gz", ""),
            ("git+ssh://git@git.example/a.git@1.0#egg=a", ""),
            ("C:\\wheels\\a", ""),
            ("folder/a", ""),
            ("a-1.0+local-py3-none-any.whl --hash=sha256:00", ""),
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
        for text in [
            "a==",
            "a=1.0",
            "==1.0",
            "a b",
            "a[b",
            "<<<<<<< ours",
            "{\"a\": 1}",
            "a==1.0#not-a-comment",
            "a==1.0 b",
            "a== --hash=sha256:00",
            "a:b==1.0",
            "a+b==1.0;'://'=='://'",
            "-xoo==1.0",
            "--requirem base.txt",
            "-r",
            "-r https://files.example/base.txt",
            "${ALL}",
            "# coding: utf-7\na==1.0",
            "a==1.0\n# coding: utf-7",
        ] {
            let problems = read(text).problems;
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        }
        for text in [
            "",
            "\n\n",
            "# a",
            "   ",
            "\\",
            "--no-binary :all:",
            "# coding: latin-1",
            "# a\n# b\n# coding: utf-7",
            "-e .[dev] --pre",
            "-foo==1.0",
            "a==${VERSION}",
        ] {
            assert_eq!(read(text).problems, [], "{text}");
        }
    }

    #[test]
    fn other_lists_are_found_wherever_the_line_has_them() {
        for (line, expected) in [
            ("-r base.txt", "base.txt"),
            ("-rbase.txt", "base.txt"),
            ("-r   base.txt # comment", "base.txt"),
            ("--requirement=base.txt", "base.txt"),
            ("--requirement base.txt", "base.txt"),
            ("-c ../limits.txt", "../limits.txt"),
            ("--constraint limits.txt", "limits.txt"),
            ("-r \"with blank.txt\"", "with blank.txt"),
            ("--index-url https://registry.example/simple -r base.txt", "base.txt"),
            ("--pre -c limits.txt -r base.txt", "limits.txt base.txt"),
            ("-r \\\nbase.txt", "base.txt"),
            ("-i -r", ""),
            ("-e ./base.txt", ""),
        ] {
            let includes = read(line).includes;
            let files: Vec<&str> = includes.iter().map(|(file, _)| file.as_str()).collect();
            assert_eq!(files.join(" "), expected, "{line}");
        }
    }

    #[test]
    fn a_name_over_two_lines_is_at_its_start() {
        let text = "  jin\\\nja2==2.4.1\n";
        assert_eq!(&text[read(text).packages[0].at.clone()], "jin");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-z]{1,3}(==|>=|\\[|@|;| |\\\\|\r|\n|#|-r|é|[0-9.]{1,3})){0,24}|.{0,64}") {
            for package in read(&text).packages {
                prop_assert!(text[package.at.clone()].starts_with(&package.name[..1]));
            }
        }
    }
}
