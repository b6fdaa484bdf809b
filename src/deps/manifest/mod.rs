//! Manifests -> what a project asks for, each requirement at the place that names it. One file a format.

mod cargo;
mod composer;
mod conda;
mod gemfile;
mod npm;
mod pipfile;
mod pyproject;
pub(super) mod range;
mod setup;
mod source;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::lockfile::{Problem, Reading, Usage};
use super::version::Ecosystem;
use crate::finding::NoteKind;

pub(super) use source::Source;

/// What a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// The package's name; the real one behind an alias.
    pub(super) name: String,
    /// What the manifest calls it: its alias, where it has one, else its name.
    pub(super) key: String,
    /// The versions it takes, as written; empty where the manifest does not say.
    pub(super) range: String,
    /// The bytes that name it.
    pub(super) at: Range<usize>,
    /// What it is there for.
    pub(super) usage: Usage,
    /// Where its code is to come from.
    pub(super) from: Source,
    /// Whether it is only offered: a peer that others bring, a version of the workspace that a part may ask for.
    pub(super) offered: bool,
}

impl Requirement {
    /// A requirement of a registry's package that goes by its own name.
    fn new(name: &str, range: &str, at: Range<usize>, usage: Usage) -> Self {
        let (name, range) = (name.to_owned(), range.trim().to_owned());
        Requirement { key: name.clone(), name, range, at, usage, from: Source::Registry, offered: false }
    }

    fn from(self, from: Source) -> Self {
        Requirement { from, ..self }
    }
}

/// What a manifest says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// In the order of the text.
    pub(super) requirements: Vec<Requirement>,
    /// The name of the package that it describes.
    pub(super) own: Option<String>,
    /// The packages whose versions it sets whatever asks for them.
    pub(super) overridden: BTreeSet<String>,
    /// Whether it is of something that is run, so that a lockfile belongs to it.
    pub(super) runs: bool,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl Manifest {
    /// Puts the requirements into the order of the text, and takes over what a reader could not read. Names and ranges
    /// that no registry takes are left out, and said.
    fn finish(mut self, reading: Reading) -> Self {
        const LONGEST: usize = 256;
        self.problems = reading.problems;
        self.requirements.sort_by_key(|requirement| requirement.at.start);
        let (problems, mut kept) = (&mut self.problems, Vec::new());
        for requirement in self.requirements {
            if requirement.name.len().max(requirement.range.len()) > LONGEST {
                let message = "this name or range is too long for a registry".to_owned();
                problems.push(Problem { kind: NoteKind::Partial, at: requirement.at.start, message });
            } else if !requirement.name.is_empty() {
                kept.push(requirement);
            }
        }
        self.requirements = kept;
        self
    }
}

/// A format of manifest that weft reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Format {
    /// Cargo.toml
    Cargo,
    /// package.json
    Npm,
    /// pyproject.toml
    Pyproject,
    /// setup.cfg
    Setup,
    /// Pipfile
    Pipfile,
    /// environment.yml
    Conda,
    /// Gemfile, gems.rb
    Gems,
    /// composer.json
    Composer,
}

impl Format {
    /// The format that a path's name promises. What packages brought along is none of the project's.
    pub(super) fn of(path: &str) -> Option<Self> {
        if path
            .split('/')
            .any(|folder| matches!(folder, "node_modules" | "bower_components" | "site-packages"))
        {
            return None;
        }
        match path.rsplit('/').next().unwrap_or(path) {
            "Cargo.toml" => Some(Format::Cargo),
            "package.json" => Some(Format::Npm),
            "pyproject.toml" => Some(Format::Pyproject),
            "setup.cfg" => Some(Format::Setup),
            "Pipfile" => Some(Format::Pipfile),
            "environment.yml" | "environment.yaml" => Some(Format::Conda),
            "Gemfile" | "gems.rb" => Some(Format::Gems),
            "composer.json" => Some(Format::Composer),
            _ => None,
        }
    }

    /// Whose packages it asks for.
    pub(super) fn ecosystem(self) -> Ecosystem {
        match self {
            Format::Cargo => Ecosystem::Cargo,
            Format::Npm => Ecosystem::Npm,
            Format::Gems => Ecosystem::RubyGems,
            Format::Composer => Ecosystem::Packagist,
            Format::Pyproject | Format::Setup | Format::Pipfile | Format::Conda => Ecosystem::PyPi,
        }
    }

    /// Reads a text. Never fails: what cannot be read is a problem.
    pub(super) fn read(self, text: &str) -> Manifest {
        match self {
            Format::Cargo => cargo::read(text),
            Format::Npm => npm::read(text),
            Format::Pyproject => pyproject::read(text),
            Format::Setup => setup::read(text),
            Format::Pipfile => pipfile::read(text),
            Format::Conda => conda::read(text),
            Format::Gems => gemfile::read(text),
            Format::Composer => composer::read(text),
        }
    }

    /// Whether a lockfile of that name holds what such a manifest asks for.
    pub(super) fn locked_by(self, lock: &str) -> bool {
        match self {
            Format::Cargo => lock == "Cargo.lock",
            Format::Gems => matches!(lock, "Gemfile.lock" | "gems.locked"),
            Format::Composer => lock == "composer.lock",
            Format::Npm => matches!(
                lock,
                "package-lock.json"
                    | "npm-shrinkwrap.json"
                    | "yarn.lock"
                    | "pnpm-lock.yaml"
                    | "bun.lock"
                    | "bun.lockb"
            ),
            Format::Pyproject | Format::Setup | Format::Pipfile | Format::Conda => {
                matches!(lock, "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" | "Pipfile.lock")
                    || (lock.starts_with("pylock.") && lock.ends_with(".toml"))
                    || lock.ends_with(".txt")
            }
        }
    }
}

/// The registry's packages that the manifest at `path` asks for, each where it is named. One that cannot be read has none:
/// its package manager, not a lockfile, is what it needs.
pub(super) fn requirements(path: &str, text: &str) -> Vec<(String, Range<usize>)> {
    let Some(format) = Format::of(path) else { return Vec::new() };
    let asked = format.read(text).requirements.into_iter();
    asked.filter(|one| one.from == Source::Registry && !one.offered).map(|one| (one.name, one.at)).collect()
}

/// The path of a file that the one at `path` names.
pub(super) fn beside(path: &str, file: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder and the name of a path.
pub(super) fn parted(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether a folder is another one, or lies in it.
pub(super) fn within(folder: &str, other: &str) -> bool {
    other.is_empty()
        || folder.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "key name range usage source", one a requirement; each must stand where it says.
    pub(super) fn told(text: &str, manifest: &Manifest) -> Vec<String> {
        let one = |requirement: &Requirement| {
            let at = &text[requirement.at.clone()];
            assert!(
                at.contains(&requirement.key) || at.contains(&requirement.name),
                "{requirement:?} at {at}"
            );
            let alias = if requirement.key == requirement.name { "" } else { &requirement.key };
            let offered = if requirement.offered { " offered" } else { "" };
            let Requirement { name, range, usage, from, .. } = requirement;
            format!(
                "{alias}{}{name} {range:?} {usage:?}{offered} {from}",
                if alias.is_empty() { "" } else { "=" }
            )
        };
        manifest.requirements.iter().map(one).collect()
    }

    /// The problems of a text, each with its line.
    pub(super) fn problems(text: &str, manifest: &Manifest) -> Vec<(NoteKind, usize, String)> {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        manifest.problems.iter().map(|one| (one.kind, line(one.at), one.message.clone())).collect()
    }

    /// What must hold of any text whatever.
    pub(super) fn harmless(text: &str, manifest: &Manifest) {
        for requirement in &manifest.requirements {
            assert!(text.get(requirement.at.clone()).is_some(), "{requirement:?}");
        }
    }

    #[test]
    fn names_promise_formats() {
        for (path, format) in [
            ("Cargo.toml", Some(Format::Cargo)),
            ("web/package.json", Some(Format::Npm)),
            ("web/node_modules/a/package.json", None),
            ("pyproject.toml", Some(Format::Pyproject)),
            ("setup.cfg", Some(Format::Setup)),
            ("Pipfile", Some(Format::Pipfile)),
            ("environment.yml", Some(Format::Conda)),
            ("Gemfile", Some(Format::Gems)),
            ("composer.json", Some(Format::Composer)),
            ("tsconfig.json", None),
        ] {
            assert_eq!(Format::of(path), format, "{path}");
        }
    }

    #[test]
    fn folders_lie_in_others() {
        for (folder, other, expected) in
            [("a/b", "a", true), ("a", "a", true), ("ab", "a", false), ("a", "", true), ("", "a", false)]
        {
            assert_eq!(within(folder, other), expected, "{folder} in {other}");
        }
        assert_eq!(beside("a/b/requirements.txt", "../c.txt"), "a/c.txt");
    }
}
