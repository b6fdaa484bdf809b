//! Lockfiles -> packages, each at the place that names it. One file a format.

mod bun;
mod cargo;
mod composer;
mod gems;
mod go;
mod graph;
mod indented;
pub(super) mod json;
mod npm;
mod pdm;
mod pipfile;
mod pnpm;
mod poetry;
mod purpose;
mod pylock;
mod requirements;
pub(super) mod toml_packages;
mod uv;
mod yarn;
mod yarn_berry;

use std::ops::Range;

pub(super) use graph::{Graph, Node, Ways};
pub(super) use npm::broken as broken_json;

use super::registry::is_npm;
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
    /// The bytes that say which package it is: its name, its version, where it is from. A change of any line of them
    /// brings another package.
    pub(super) said: Range<usize>,
    /// What it is there for, where the lockfile says so.
    pub(super) usage: Usage,
    /// Its place among the packages that need each other, where the lockfile says which do.
    pub(super) node: Option<Node>,
    /// Whether the hash of its archive is there, in a format that may have one.
    pub(super) hashed: Option<bool>,
}

/// A requirement of a manifest, as a lockfile has written it down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Asked {
    /// The folder of the manifest, seen from the lockfile; empty for the same one.
    pub(super) folder: String,
    /// What the manifest calls the package.
    pub(super) key: String,
    /// The versions it takes.
    pub(super) range: String,
}

/// What stands for the host of the registry that a package manager asks when nobody says otherwise.
const DEFAULT_REGISTRY: &str = "the default registry";

/// Where a package is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The package's name.
    pub(super) name: String,
    /// The host of a registry, or the address of other code, without credentials.
    pub(super) from: String,
    /// The bytes of the text that name it.
    pub(super) at: Range<usize>,
}

impl Package {
    /// Says that what stands at these bytes, too, says which package it is.
    fn says(&mut self, also: impl IntoIterator<Item = usize>) {
        for at in also {
            self.said = self.said.start.min(at)..self.said.end.max(at);
        }
    }
}

/// What a package is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(super) enum Usage {
    /// The program, or nothing is known.
    #[default]
    Program,
    /// Only for those who work on the program.
    Development,
    /// Only where an option asks for it, or where it can be had.
    Optional,
}

impl Usage {
    /// What a package is only there for: "development", "optional".
    pub(super) fn only(self) -> Option<&'static str> {
        match self {
            Usage::Program => None,
            Usage::Development => Some("development"),
            Usage::Optional => Some("optional"),
        }
    }

    /// Of two uses the one that more need: what is there for the program is there for it whatever else asks for it.
    pub(super) fn wider(self, other: Usage) -> Usage {
        match (self, other) {
            (Usage::Program, _) | (_, Usage::Program) => Usage::Program,
            (Usage::Optional, _) | (_, Usage::Optional) => Usage::Optional,
            (Usage::Development, Usage::Development) => Usage::Development,
        }
    }
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
    /// What the file says that the project's manifests ask for.
    pub(super) asked: Vec<Asked>,
    /// The packages whose versions the project sets whatever asks for them, where the file says so.
    pub(super) overridden: Vec<String>,
    /// Where packages are from, as far as the file says.
    pub(super) origins: Vec<Origin>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// The host that was looked at last, and whether it is that of npm's registry.
    host: (String, bool),
}

impl Reading {
    /// Adds a package, with what is known of what it is there for and of what needs it; the package, when it is one. Names
    /// and versions of more than 256 bytes are none that a registry takes.
    pub(super) fn add(
        &mut self,
        name: &str,
        version: &str,
        at: Range<usize>,
        usage: Usage,
        node: Option<Node>,
    ) -> Option<&mut Package> {
        if name.len().max(version.len()) > 256 {
            self.partial(at.start, "this name or version is too long for a registry");
            return None;
        }
        let (name, version) = (name.to_owned(), version.to_owned());
        self.packages.push(Package { name, version, said: at.clone(), at, usage, node, hashed: None });
        self.packages.last_mut()
    }

    /// Adds a requirement of the manifest in `folder`, `.` or empty for that of the lockfile.
    fn ask(&mut self, folder: &str, key: &str, range: &str) {
        let folder = if folder == "." { "" } else { folder }.to_owned();
        self.asked.push(Asked { folder, key: key.to_owned(), range: range.to_owned() });
    }

    /// Says where a package is from: of a registry by its host, of other code by its address.
    fn origin(&mut self, name: &str, address: &str, registry: bool, at: Range<usize>) {
        let bare = address.split_once("://").map_or(address, |(_, bare)| bare);
        let end = bare.find('/').unwrap_or(bare.len());
        let bare = &bare[bare[..end].rfind('@').map_or(0, |user| user + 1)..];
        let ends = if registry { &['/'][..] } else { &['?', '#'][..] };
        let from = bare.split(ends).next().unwrap_or_default();
        // Most come from where the one before did.
        if self.host.0 != from {
            self.host = (from.to_owned(), is_npm(from));
        }
        let from = if self.host.1 { DEFAULT_REGISTRY } else { from };
        if !name.is_empty() && !from.is_empty() {
            self.origins.push(Origin { name: name.to_owned(), from: from.to_owned(), at });
        }
    }

    pub(super) fn partial(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push(Problem { kind: NoteKind::Partial, at, message: message.into() });
    }

    pub(super) fn unread(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push(Problem { kind: NoteKind::NotChecked, at, message: message.into() });
    }
}

/// A lockfile format that weft reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// go.mod
    Go,
    /// Gemfile.lock, gems.locked
    Gems,
    /// composer.lock
    Composer,
    /// poetry.lock
    Poetry,
    /// uv.lock, and the lockfile of a script
    Uv,
    /// pdm.lock
    Pdm,
    /// pylock.toml, pylock.NAME.toml
    Pylock,
    /// Pipfile.lock
    Pipfile,
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
            "go.mod" => Some(Format::Go),
            "Gemfile.lock" | "gems.locked" => Some(Format::Gems),
            "composer.lock" => Some(Format::Composer),
            "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json" => Some(Format::Npm),
            "poetry.lock" => Some(Format::Poetry),
            "uv.lock" => Some(Format::Uv),
            "pdm.lock" => Some(Format::Pdm),
            "pylock.toml" => Some(Format::Pylock),
            "Pipfile.lock" => Some(Format::Pipfile),
            _ if name.ends_with(".py.lock") => Some(Format::Uv),
            _ if name.starts_with("pylock.") && name.ends_with(".toml") => Some(Format::Pylock),
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
            Format::Go => Ecosystem::Go,
            Format::Gems => Ecosystem::RubyGems,
            Format::Composer => Ecosystem::Packagist,
            Format::Requirements
            | Format::Poetry
            | Format::Uv
            | Format::Pdm
            | Format::Pylock
            | Format::Pipfile => Ecosystem::PyPi,
            Format::Bun | Format::Npm | Format::Pnpm | Format::Yarn => Ecosystem::Npm,
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
            Format::Go => go::read(text),
            Format::Gems => gems::read(text),
            Format::Composer => composer::read(text),
            Format::Poetry => poetry::read(text),
            Format::Uv => uv::read(text),
            Format::Pdm => pdm::read(text),
            Format::Pylock => pylock::read(text),
            Format::Pipfile => pipfile::read(text),
            Format::Yarn => yarn::read(text),
        }
    }
}

/// The names of lockfiles that weft knows of and cannot read yet.
pub(super) fn unsupported(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "bun.lockb"
}

/// A line that git left in a conflict.
pub(super) fn conflict(line: &str) -> bool {
    ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|marker| line.starts_with(marker)) || line == "======="
}

/// The lines of a text with the byte where each starts, without line breaks and byte order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
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
            ("back/poetry.lock", Some(Format::Poetry)),
            ("uv.lock", Some(Format::Uv)),
            ("tools/report.py.lock", Some(Format::Uv)),
            ("pdm.lock", Some(Format::Pdm)),
            ("pylock.toml", Some(Format::Pylock)),
            ("pylock.tests.toml", Some(Format::Pylock)),
            ("my-pylock.toml", None),
            ("Pipfile.lock", Some(Format::Pipfile)),
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
