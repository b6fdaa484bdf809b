//! Manifests: only whether anything locks what they ask for.

use std::ops::Range;

use crate::finding::Finding;

/// The rule of a manifest without a lockfile.
pub(super) const UNLOCKED: &str = "unlocked-manifest";

/// The requirements of a manifest, each where it is named; `None` when the path is no manifest that something locks.
pub(super) fn requirements(path: &str, text: &str) -> Option<Vec<(String, Range<usize>)>> {
    if path.split('/').any(|folder| folder == "node_modules") {
        return None;
    }
    match path.rsplit('/').next().unwrap_or(path) {
        "package.json" => Some(super::lockfile::npm_requirements(text)),
        "pyproject.toml" => Some(python(text)),
        _ => None,
    }
}

/// `[project] dependencies`, and Poetry's table.
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
pub(super) fn locked(finding: &Finding, locks: &[String]) -> bool {
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
        || lock.ends_with(".txt");
    if manifest == "package.json" { javascript } else { python }
}
