//! Manifests: only whether anything locks what they ask for.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::finding::Finding;

/// The rule of a manifest without a lockfile.
pub(super) const UNLOCKED: &str = "unlocked-manifest";

/// Whether a path is a manifest that a lockfile locks.
pub(super) fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "package.json" | "pyproject.toml")
        && path.split('/').all(|folder| folder != "node_modules")
}

/// The requirements of a manifest, each where it is named. One that cannot be read has none: its package manager, not a
/// lockfile, is what it needs.
pub(super) fn requirements(path: &str, text: &str) -> Vec<(String, Range<usize>)> {
    if path.ends_with(".json") { super::lockfile::npm_requirements(text) } else { python(text) }
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

/// `[project] dependencies`.
fn python(text: &str) -> Vec<(String, Range<usize>)> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        project: Option<Project>,
    }
    #[derive(serde::Deserialize)]
    struct Project {
        #[serde(default)]
        dependencies: Vec<toml::Spanned<String>>,
    }
    let Ok(Manifest { project: Some(project) }) = toml::from_str(text) else { return Vec::new() };
    project
        .dependencies
        .into_iter()
        .filter_map(|requirement| {
            let start = requirement.span().start + 1;
            let written = requirement.into_inner();
            let end = written.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
            let name = written[..end.unwrap_or(written.len())].to_owned();
            let place = start..start + name.len();
            (text.get(place.clone()) == Some(name.as_str()) && !name.is_empty()).then_some((name, place))
        })
        .collect()
}

/// Whether a lockfile stands beside the manifest of a finding or in a folder above it (a workspace has one for all).
pub(super) fn locked(finding: &Finding, locks: &BTreeSet<String>) -> bool {
    let manifest = finding.location.target.as_deref().unwrap_or(&finding.location.path);
    let (folder, name) = manifest.rsplit_once('/').unwrap_or(("", manifest));
    locks.iter().any(|lock| {
        let (of_lock, lock) = lock.rsplit_once('/').unwrap_or(("", lock));
        let above = of_lock.is_empty()
            || folder.strip_prefix(of_lock).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        above && locks_kind(name, lock)
    })
}

fn locks_kind(manifest: &str, lock: &str) -> bool {
    let javascript = matches!(
        lock,
        "package-lock.json"
            | "npm-shrinkwrap.json"
            | "yarn.lock"
            | "pnpm-lock.yaml"
            | "bun.lock"
            | "bun.lockb"
    );
    let python = matches!(lock, "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" | "Pipfile.lock")
        || (lock.starts_with("pylock.") && lock.ends_with(".toml"))
        || lock.ends_with(".txt");
    if manifest == "package.json" { javascript } else { python }
}
