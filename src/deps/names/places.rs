//! Where a document may hold commands: the lines of scripts, recipes and jobs; fences, spans of code and sentences of prose.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::reference::Asked;
use super::shell::{Command, Word, commands};
use super::{install, piped};
use crate::artifact::Role;
use crate::redact::{Redacted, View};

/// A word of every command that is looked for: a text without any has none of them.
static ASKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        "pip",
        "npm",
        "npx",
        "yarn",
        "bun",
        "uv ",
        "uvx",
        "poetry",
        "pdm",
        "rye ",
        "conda",
        "mamba",
        "cargo",
        "go get",
        "go install",
        "go run",
        "gem ",
        "composer",
        "curl",
        "wget",
        "iex",
        "Invoke-Expression",
        "invoke-expression",
        "IEX",
    ];
    AhoCorasick::new(words).ok()
});

/// What the commands of a document ask for. Places are bytes of its whole text.
pub(super) fn read(document: &Redacted) -> Asked {
    let mut asked = Asked::default();
    let text = document.text();
    let markdown = match document.role() {
        Role::Prompt => return asked,
        Role::Code if !holds_commands(document.path(), text) => return asked,
        Role::Code => false,
        Role::Document | Role::Reply => true,
    };
    let Some(asks) = ASKS.as_ref() else { return asked };
    // What CI runs is for the stage that looks at what is made to run.
    let job = is_job(document.path());
    let mut fences: Option<Vec<(Range<usize>, bool)>> = None;
    let mut done = 0;
    for found in asks.find_iter(text) {
        if found.start() < done {
            continue;
        }
        let line = logical_line(text, found.start(), done);
        done = line.end;
        if !markdown {
            one(text, line, job, &mut asked);
            continue;
        }
        let fences = fences.get_or_insert_with(|| {
            let span = |view: &View<'_>| (view.span(), view.path().is_some_and(is_job));
            let mut spans: Vec<_> = document.views().iter().map(span).collect();
            spans.sort_by_key(|(span, _)| span.start);
            spans
        });
        let before = fences.partition_point(|(fence, _)| fence.start <= line.start);
        let fence = before.checked_sub(1).and_then(|index| fences.get(index));
        if let Some((_, job)) = fence.filter(|(fence, _)| line.start < fence.end) {
            one(text, line, *job, &mut asked);
        } else {
            prose(text, line, document.role() == Role::Reply, &mut asked);
        }
    }
    asked
}

/// The line around a place with those it continues and that continue it, from `floor` on.
fn logical_line(text: &str, at: usize, floor: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start_of =
        |at: usize| memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |found| floor + found + 1);
    let continued =
        |end: usize| bytes[..end].trim_ascii_end().ends_with(b"\\") && bytes[..end].ends_with(b"\n");
    let mut start = start_of(at);
    while start > floor && continued(start) {
        start = start_of(start - 1);
    }
    let mut end = at;
    loop {
        end = memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |found| end + found + 1);
        // A comment between continued lines of a Dockerfile does not end them.
        let comment = text[start_of(end.saturating_sub(1))..end].trim_start().starts_with('#');
        if end == bytes.len() || !(continued(end) || comment && end > at && start_of(end - 1) > start) {
            return start..end;
        }
    }
}

/// Reads one line of commands, `job` when CI runs it.
fn one(text: &str, line: Range<usize>, job: bool, asked: &mut Asked) {
    let commands = commands(text, line.clone());
    commands.iter().for_each(|command| install::read(text, command, asked));
    asked.piped.extend(piped::read(text, line, &commands).filter(|_| !job));
}

/// Reads the spans of code of a line of prose, and, in a reply, its sentences.
fn prose(text: &str, line: Range<usize>, sentences: bool, asked: &mut Asked) {
    let mut outside = line.start;
    let mut at = line.start;
    while let Some(open) = text[at..line.end].find('`').map(|found| at + found) {
        let ticks = text[open..line.end].len() - text[open..line.end].trim_start_matches('`').len();
        let inner = open + ticks;
        let Some(length) = text[inner..line.end].find(&text[open..inner]) else { break };
        if sentences {
            sentence(text, outside..open, asked);
        }
        one(text, inner..inner + length, false, asked);
        at = inner + length + ticks;
        outside = at;
    }
    let rest = outside..line.end;
    // A prompt, or four spaces, make a line of commands.
    let prompt = text[rest.clone()].starts_with("    ") || text[rest.clone()].trim_start().starts_with("$ ");
    if prompt && outside == line.start {
        one(text, rest, false, asked);
    } else if sentences {
        sentence(text, rest, asked);
    }
}

/// Words that follow a command in a sentence and are no package.
const WORDS: &[&str] = &[
    "a",
    "again",
    "all",
    "also",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "before",
    "both",
    "but",
    "by",
    "can",
    "command",
    "commands",
    "dependencies",
    "dependency",
    "each",
    "everything",
    "failed",
    "fails",
    "first",
    "for",
    "from",
    "has",
    "if",
    "in",
    "inside",
    "instead",
    "into",
    "is",
    "it",
    "its",
    "just",
    "locally",
    "more",
    "new",
    "not",
    "of",
    "on",
    "once",
    "only",
    "or",
    "our",
    "output",
    "package",
    "packages",
    "requirements",
    "script",
    "should",
    "so",
    "some",
    "step",
    "steps",
    "that",
    "the",
    "their",
    "them",
    "then",
    "these",
    "this",
    "those",
    "to",
    "too",
    "using",
    "via",
    "was",
    "when",
    "will",
    "with",
    "without",
    "would",
    "you",
    "your",
];

/// Reads a sentence that names a command: of what it installs only the first package, since prose follows.
fn sentence(text: &str, range: Range<usize>, asked: &mut Asked) {
    const MOST: usize = 12;
    let Some(said) = text.get(range.clone()) else { return };
    let mut words: Vec<Word> = Vec::new();
    let mut at = range.start;
    for part in said.split_inclusive(char::is_whitespace) {
        let word =
            part.trim_matches(|c: char| c.is_whitespace() || "\"'`*_(),;:!?\u{201c}\u{201d}".contains(c));
        let word = word.trim_end_matches('.');
        let start = at + part.find(word).unwrap_or(0);
        words.push(Word { text: word.to_owned(), at: start..start + word.len() });
        at += part.len();
    }
    let mut index = 0;
    while index < words.len() {
        let manager = matches!(
            words[index].text.as_str(),
            "pip"
                | "pip3"
                | "python"
                | "python3"
                | "uv"
                | "uvx"
                | "pipx"
                | "poetry"
                | "pdm"
                | "npm"
                | "npx"
                | "yarn"
                | "pnpm"
                | "bun"
                | "bunx"
                | "cargo"
                | "go"
                | "gem"
                | "composer"
        );
        if manager {
            let command = Command { words: words[index..words.len().min(index + MOST)].to_vec(), fed: false };
            let mut found = Asked::default();
            install::read(text, &command, &mut found);
            let word = |name: &str| WORDS.contains(&name.to_ascii_lowercase().as_str());
            let first = found.references.into_iter().next().filter(|first| !word(&first.name));
            // `npx` and its kin take any word: in prose only one that looks like a package.
            let runs = matches!(words[index].text.as_str(), "npx" | "bunx" | "uvx" | "go");
            let first = first.filter(|first| !runs || first.name.contains(['-', '@', '/', '.']));
            asked.addresses.extend(found.addresses.into_iter().take(1));
            asked.indexes.extend(found.indexes);
            if let Some(first) = first {
                let behind = words[index..].iter().position(|word| word.at.end >= first.at.end);
                index += behind.unwrap_or(0);
                asked.references.push(first);
            }
        }
        index += 1;
    }
    if said.contains("curl") || said.contains("wget") || said.contains("iex") {
        let start = ["curl", "wget", "iex", "irm", "bash"].iter().filter_map(|word| said.find(word)).min();
        let from = range.start + start.unwrap_or(0)..range.end;
        asked.piped.extend(piped::read(text, from.clone(), &commands(text, from)));
    }
}

/// Whether a file is a script, a recipe or a job: its lines are commands.
fn holds_commands(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let recipe = ["dockerfile", "containerfile", "makefile", "justfile", "gnumakefile", "procfile"]
        .iter()
        .any(|recipe| {
            name == *recipe
                || name.starts_with(&format!("{recipe}."))
                || name.ends_with(&format!(".{recipe}"))
        });
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let script =
        matches!(extension, "sh" | "bash" | "zsh" | "fish" | "ps1" | "bat" | "cmd" | "mk" | "command");
    let shebang = || {
        let line = text.lines().next().unwrap_or_default();
        line.starts_with("#!") && (line.ends_with("sh") || line.contains("sh "))
    };
    recipe || script || is_job(path) || !name.contains('.') && shebang()
}

/// Whether a file says what a CI runs.
pub(super) fn is_job(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let forge = [
        ".github/workflows/",
        ".gitea/workflows/",
        ".forgejo/workflows/",
        ".github/actions/",
        ".circleci/",
        ".gitlab/",
    ];
    let below = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    yaml && (forge.iter().any(|folder| below(folder))
        || name.starts_with("azure-pipelines")
        || matches!(
            name,
            ".gitlab-ci.yml"
                | ".travis.yml"
                | "action.yml"
                | "action.yaml"
                | "appveyor.yml"
                | "bitbucket-pipelines.yml"
                | ".woodpecker.yml"
                | ".drone.yml"
                | "cloudbuild.yaml"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Action, Original};

    fn names(role: Role, path: &str, text: &str) -> Vec<String> {
        let original = Original::new(path, role, Action::Inspect, text.as_bytes());
        let redactor = crate::redact::Redactor::new(&crate::built_in_rules(), None).unwrap();
        let asked = read(&redactor.redact(original).document);
        asked.references.iter().for_each(|one| assert_eq!(text[one.at.clone()].trim_matches('\''), one.name));
        asked.references.into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn sentences_of_a_reply_name_one_package() {
        for (text, expected) in [
            ("Then run pip install flask-x, and go on.", "flask-x"),
            ("Run \"npm install left-pad\" first.", "left-pad"),
            ("Use `npm i a b` or ``pip install c``.", "a,b,c"),
            ("    $ pip install a b", "a,b"),
            ("You can pip install the package.", ""),
            ("Run npm install and restart.", ""),
            ("Run npx create-thing now; npx it.", "create-thing"),
            ("An unclosed `pip install thing", "thing"),
        ] {
            assert_eq!(names(Role::Reply, "r.md", text).join(","), expected, "{text}");
        }
        assert_eq!(names(Role::Document, "r.md", "Run pip install a, or `pip install b`."), ["b"]);
    }

    #[test]
    fn files_that_hold_commands() {
        for path in [
            "a.sh",
            "Dockerfile",
            "web.Dockerfile",
            "Makefile",
            "x/justfile",
            ".github/workflows/a.yml",
            ".gitlab-ci.yml",
        ] {
            assert_eq!(names(Role::Code, path, "x:\n  - run: pip install a\n"), ["a"], "{path}");
        }
        assert_eq!(names(Role::Code, "run", "#!/bin/sh\npip install a\n"), ["a"]);
        for path in ["a.py", "notes.yml", "run", "a.txt"] {
            assert_eq!(names(Role::Code, path, "pip install a\n"), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_command_goes_on_over_lines_and_their_comments() {
        let text = "RUN apt-get update && \\\n    # what we need\n    pip install \\\n  a \\\n  b\nRUN pip install c\n";
        assert_eq!(names(Role::Code, "Dockerfile", text), ["a", "b", "c"]);
    }
}
