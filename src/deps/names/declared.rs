//! What a project says it needs: the names of its lockfiles and manifests, those that its own code can be imported by,
//! and what its settings call a folder.
//!
//! A manifest is read word by word: what it names anywhere is declared. That is more than what it asks for, and this is
//! right for a check whose every mistake is a false alarm.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::artifact::{Action, Role};
use crate::deps::lockfile::{Format, Reading};
use crate::deps::version::Ecosystem;
use crate::redact::{Redacted, View};

/// The most names of one file.
const MOST: usize = 50_000;

/// What one file declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Declared {
    /// The names, as [`Ecosystem::key`] spells them, whether the change brings each.
    names: BTreeMap<Ecosystem, BTreeMap<String, bool>>,
    /// The ecosystems whose manifest or lockfile it is.
    manifests: BTreeSet<Ecosystem>,
}

impl Declared {
    /// Adds what a lockfile says.
    pub(super) fn lockfile(&mut self, view: &View<'_>, format: Format, reading: &Reading) {
        let ecosystem = format.ecosystem();
        self.manifests.insert(ecosystem);
        for package in &reading.packages {
            self.add(view, ecosystem, &package.name, package.at.start);
        }
        for (name, at) in &reading.unpinned {
            self.add(view, ecosystem, name, at.start);
        }
    }

    /// Adds what any other file says: a manifest, or settings that name folders.
    pub(super) fn words(&mut self, view: &View<'_>, path: &str) {
        let Some((ecosystem, manifest)) = kind(path) else { return };
        if manifest {
            self.manifests.insert(ecosystem);
        }
        let text = view.text();
        let named = |c: char| c.is_ascii_alphanumeric() || "-_.@/".contains(c);
        let mut at = 0;
        for part in text.split_inclusive(|c| !named(c)) {
            let word = part.trim_end_matches(|c| !named(c)).trim_matches(['.', '/', '-']);
            // `@app/*` is the name of a folder, and `name@1` of a package.
            let name = match word.char_indices().skip(1).find(|(_, c)| *c == '@') {
                Some((end, _)) => &word[..end],
                None => word,
            };
            if (2..=214).contains(&name.len()) && name.contains(|c: char| c.is_ascii_alphabetic()) {
                self.add(view, ecosystem, name, at);
            }
            at += part.len();
        }
    }

    /// What a file around a change declares; all of it was there before.
    pub(super) fn of_around(document: &Redacted, path: &str) -> Self {
        let mut declared = Declared::default();
        let view = document.whole();
        if let Some(format) = Format::of(path) {
            declared.lockfile(&view, format, &format.read(view.text()));
        }
        declared.words(&view, path);
        declared.names.values_mut().flat_map(BTreeMap::values_mut).for_each(|new| *new = false);
        declared
    }

    /// Adds one name that stands at a byte of the view.
    pub(super) fn add(&mut self, view: &View<'_>, ecosystem: Ecosystem, name: &str, at: usize) {
        let names = self.names.entry(ecosystem).or_default();
        let key = ecosystem.key(name);
        let room = names.len() < MOST;
        match names.entry(key) {
            Entry::Occupied(mut known) if *known.get() => {
                known.insert(is_new(view, at));
            }
            Entry::Vacant(empty) if room => {
                empty.insert(is_new(view, at));
            }
            Entry::Occupied(_) | Entry::Vacant(_) => {}
        }
    }
}

/// Whether the change brings the line of a byte of a view.
fn is_new(view: &View<'_>, at: usize) -> bool {
    let document = view.document();
    if document.action() == Action::Inspect && document.role() != Role::Reply {
        return false;
    }
    let line = view.location(at..at).region.start_line;
    document.added(line, line)
}

/// The ecosystem of a manifest or of settings that name folders, and whether it is a manifest.
pub(super) fn kind(path: &str) -> Option<(Ecosystem, bool)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if path.split('/').any(|part| part == "node_modules") {
        return None;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let listed = name.contains("requirements") || folder.rsplit('/').next() == Some("requirements");
    Some(match name {
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" | "environment.yml" | "environment.yaml"
        | "conda.yml" | "conda.yaml" | "meta.yaml" => (Ecosystem::PyPi, true),
        "tox.ini" | "noxfile.py" | "pixi.toml" => (Ecosystem::PyPi, false),
        _ if listed && matches!(extension, "in" | "txt" | "pip") => (Ecosystem::PyPi, true),
        "package.json" | "package.json5" | "bower.json" => (Ecosystem::Npm, true),
        "pnpm-workspace.yaml"
        | "deno.json"
        | "deno.jsonc"
        | "import_map.json"
        | "components.json"
        | "angular.json"
        | "project.json"
        | ".babelrc"
        | ".eslintrc" => (Ecosystem::Npm, false),
        _ if settles_modules(name) => (Ecosystem::Npm, false),
        "Cargo.toml" => (Ecosystem::Cargo, true),
        "Gemfile" | "gems.rb" => (Ecosystem::RubyGems, true),
        _ if extension == "gemspec" => (Ecosystem::RubyGems, true),
        "composer.json" => (Ecosystem::Packagist, true),
        _ => return None,
    })
}

/// Whether a file may give names to folders of JavaScript: `tsconfig.app.json`, `vite.config.ts`, `.eslintrc.js`.
fn settles_modules(name: &str) -> bool {
    let settings = [
        "tsconfig",
        "jsconfig",
        "vite.config",
        "vitest.config",
        "webpack",
        "rollup.config",
        "babel.config",
        "jest.config",
        "next.config",
        "nuxt.config",
        "svelte.config",
        "astro.config",
        "metro.config",
        ".babelrc",
        ".eslintrc",
        "eslint.config",
        "vue.config",
        "craco.config",
        "esbuild",
        "electron.vite.config",
    ];
    settings.iter().any(|start| name.starts_with(start))
}

/// What all files of a project declare together.
#[derive(Default)]
pub(super) struct All<'d> {
    standing: HashSet<(Ecosystem, &'d str)>,
    new: HashSet<(Ecosystem, &'d str)>,
    manifests: BTreeSet<Ecosystem>,
    /// The names of Python's distributions without separators.
    squeezed: Vec<String>,
}

impl<'d> All<'d> {
    /// Puts together what files declare.
    pub(super) fn of(files: impl Iterator<Item = &'d Declared>) -> Self {
        let mut all = All::default();
        for file in files {
            all.manifests.extend(&file.manifests);
            for (ecosystem, names) in &file.names {
                for (name, new) in names {
                    let set = if *new { &mut all.new } else { &mut all.standing };
                    set.insert((*ecosystem, name.as_str()));
                }
            }
        }
        let python =
            all.standing.iter().chain(&all.new).filter(|(ecosystem, _)| *ecosystem == Ecosystem::PyPi);
        all.squeezed = python.map(|(_, name)| squeeze(name)).collect();
        all
    }

    /// Whether there is a manifest or lockfile of an ecosystem.
    pub(super) fn has_manifest(&self, ecosystem: Ecosystem) -> bool {
        self.manifests.contains(&ecosystem)
    }

    /// Whether the project had a name before the change.
    pub(super) fn stands(&self, ecosystem: Ecosystem, key: &str) -> bool {
        self.standing.contains(&(ecosystem, key))
    }

    /// Whether the project has a name, or gets it by the change.
    pub(super) fn has(&self, ecosystem: Ecosystem, key: &str) -> bool {
        self.stands(ecosystem, key) || self.new.contains(&(ecosystem, key))
    }

    /// Whether a distribution that may have a module is declared: most have the module's name in their own.
    pub(super) fn has_module(&self, module: &str) -> bool {
        let module = squeeze(&module.to_lowercase());
        !module.is_empty() && self.squeezed.iter().any(|name| name.contains(module.as_str()))
    }
}

fn squeeze(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect()
}

/// The names that a project's own files and folders can be imported by.
pub(super) struct Own<'p>(HashSet<&'p str>);

impl<'p> Own<'p> {
    /// Of all paths of the project.
    pub(super) fn of(paths: impl Iterator<Item = &'p str>) -> Self {
        let mut names = HashSet::new();
        for path in paths {
            for part in path.split('/') {
                names.insert(part.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(part));
                names.insert(part);
            }
        }
        Own(names)
    }

    /// Whether a file or folder has the name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
