//! Lockfiles -> packages, each at the place that names it. One file a format.

mod bun;
mod cargo;
mod graph;
mod indented;
mod json;
mod npm;
mod pnpm;
mod purpose;
mod requirements;
mod yarn;
mod yarn_berry;

use std::ops::Range;

pub(super) use graph::{Graph, Node};
pub(super) use npm::requirements as npm_requirements;

use super::version::Ecosystem;
use crate::finding::NoteKind;

/// A package that a lockfile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// As the lockfile writes it; the real name behind an alias.
    pub(super) name: String,
    /// As the lockfile writes it.
    pub(super) version: String,
    /// The bytes of the text that name it.
    pub(super) at: Range<usize>,
    /// What it is there for, where the lockfile says so.
    pub(super) usage: Usage,
    /// Its place among the packages that need each other, where the lockfile says which do.
    pub(super) node: Option<Node>,
}

/// What a package is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Usage {
    /// The program, or nothing is known.
    #[default]
    Program,
    /// Only for those who work on the program.
    Development,
    /// Only where an option asks for it, or where it can be had.
    Optional,
}

/// Something of a lockfile that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) kind: NoteKind,
    /// The byte of the text where it is.
    pub(super) at: usize,
    /// One clause.
    pub(super) message: String,
}

/// What a lockfile says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The registry's packages with their versions.
    pub(super) packages: Vec<Package>,
    /// Which packages need which.
    pub(super) graph: Graph,
    /// Packages without one exact version, and where they are named.
    pub(super) unpinned: Vec<(String, Range<usize>)>,
    /// Other files it includes, as it writes them, and where.
    pub(super) includes: Vec<(String, usize)>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl Reading {
    /// Adds a package. Names and versions of more than 256 bytes are none that a registry takes.
    fn add(&mut self, name: &str, version: &str, at: Range<usize>) {
        self.add_used(name, version, at, Usage::Program, None);
    }

    /// As [`Reading::add`], with what is known of what it is there for and of what needs it.
    fn add_used(&mut self, name: &str, version: &str, at: Range<usize>, usage: Usage, node: Option<Node>) {
        if name.len().max(version.len()) > 256 {
            return self.partial(at.start, "this name or version is too long for a registry");
        }
        self.packages.push(Package { name: name.to_owned(), version: version.to_owned(), at, usage, node });
    }

    fn partial(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push(Problem { kind: NoteKind::Partial, at, message: message.into() });
    }

    fn unread(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push(Problem { kind: NoteKind::NotChecked, at, message: message.into() });
    }
}

/// A lockfile format that weft reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// bun.lock
    Bun,
    /// Cargo.lock
    Cargo,
    /// package-lock.json, npm-shrinkwrap.json
    Npm,
    /// pnpm-lock.yaml
    Pnpm,
    /// requirements.txt and its kin
    Requirements,
    /// yarn.lock, of Yarn 1 and of those after it
    Yarn,
}

impl Format {
    /// The format that a path's name promises.
    pub(super) fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name {
            "bun.lock" => Some(Format::Bun),
            "Cargo.lock" => Some(Format::Cargo),
            "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json" => Some(Format::Npm),
            "pnpm-lock.yaml" => Some(Format::Pnpm),
            "yarn.lock" => Some(Format::Yarn),
            _ => {
                let stem = name.strip_suffix(".txt")?;
                let listed = stem.contains("requirements") || stem.starts_with("constraints");
                let kept = folder.rsplit('/').next() == Some("requirements");
                (listed || kept).then_some(Format::Requirements)
            }
        }
    }

    /// Whose packages it names.
    pub(super) fn ecosystem(self) -> Ecosystem {
        match self {
            Format::Cargo => Ecosystem::Cargo,
            Format::Bun | Format::Npm | Format::Pnpm | Format::Yarn => Ecosystem::Npm,
            Format::Requirements => Ecosystem::PyPi,
        }
    }

    /// Reads a text. Never fails: what cannot be read is a problem of the reading.
    pub(super) fn read(self, text: &str) -> Reading {
        match self {
            Format::Bun => bun::read(text),
            Format::Cargo => cargo::read(text),
            Format::Npm => npm::read(text),
            Format::Pnpm => pnpm::read(text),
            Format::Requirements => requirements::read(text),
            Format::Yarn => yarn::read(text),
        }
    }
}

/// The names of lockfiles that weft knows of and cannot read yet.
pub(super) fn unsupported(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "bun.lockb"
            | "poetry.lock"
            | "uv.lock"
            | "pdm.lock"
            | "pylock.toml"
            | "Pipfile.lock"
            | "go.mod"
            | "go.sum"
            | "Gemfile.lock"
            | "composer.lock"
    )
}

/// A line that git left in a conflict.
fn conflict(line: &str) -> bool {
    ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|marker| line.starts_with(marker)) || line == "======="
}

/// The lines of a text with the byte where each starts, without line breaks and byte order mark.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = mark;
    text[mark..].split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_formats() {
        for (path, format) in [
            ("Cargo.lock", Some(Format::Cargo)),
            ("a/b/npm-shrinkwrap.json", Some(Format::Npm)),
            ("requirements.txt", Some(Format::Requirements)),
            ("requirements-dev.txt", Some(Format::Requirements)),
            ("test_requirements.txt", Some(Format::Requirements)),
            ("requirements/base.txt", Some(Format::Requirements)),
            ("constraints.txt", Some(Format::Requirements)),
            ("bun.lock", Some(Format::Bun)),
            ("bun.lockb", None),
            ("pnpm-lock.yaml", Some(Format::Pnpm)),
            ("web/yarn.lock", Some(Format::Yarn)),
            ("notes.txt", None),
            ("requirements.md", None),
            ("cargo.lock.rs", None),
        ] {
            assert_eq!(Format::of(path), format, "{path}");
        }
    }
}
