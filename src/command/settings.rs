//! Which weft.toml counts. A person's own check reads the one in their tree; a gate reads the one at the base of the
//! change, so that what is judged cannot judge itself (invariant 6).

use std::path::{Path, PathBuf};

use weft::error::{Error, ErrorKind, Result};
use weft::policy::Policy;
use weft::rule::RuleSet;
use weft::{Checks, built_in_rules};

use super::world::World;

/// The name of the settings file at the root of a repository.
pub(super) const FILE: &str = "weft.toml";

/// The settings a person's own scan obeys: `--config`, else weft.toml at the root of the repository or here.
pub(super) fn own(world: &World, config: Option<&Path>) -> Result<Policy> {
    let candidates: Vec<PathBuf> = match config {
        Some(file) => vec![world.resolve(file)],
        None => world.repository.iter().chain([&world.here]).map(|folder| folder.join(FILE)).collect(),
    };
    for file in &candidates {
        match std::fs::read_to_string(file) {
            Ok(text) => return Policy::parse(&shown(world, file), &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && config.is_none() => {}
            Err(error) => {
                return Err(Error::new(ErrorKind::Settings, format!("cannot read {}", shown(world, file)))
                    .because(error)
                    .hint("name a readable settings file with --config, or leave the option out"));
            }
        }
    }
    Ok(Policy::default())
}

/// The settings at a trusted commit; the defaults when it has none.
pub(super) fn at(root: &Path, commit: &str) -> Result<Policy> {
    if commit == weft::ingest::git::NO_COMMIT {
        return Ok(Policy::default());
    }
    match weft::ingest::git::blob_at(root, commit, FILE)? {
        Some(bytes) => Policy::parse(&format!("{FILE} of {commit:.12}"), &String::from_utf8_lossy(&bytes)),
        None => Ok(Policy::default()),
    }
}

/// The compiled checks: the built-in rules and those of `folder`.
pub(super) fn checks(world: &World, folder: Option<&Path>) -> Result<Checks> {
    let mut rules = built_in_rules();
    let Some(folder) = folder else { return with(rules, world) };
    super::rules::load(folder, &mut rules)?;
    let checks = with(rules, world)?;
    // Built-in patterns are held by tests; somebody's own may be wrong, and that is said before anything is scanned.
    checks.check()?;
    Ok(checks)
}

/// The checks of these rules, with the project's key.
pub(super) fn with(rules: RuleSet, world: &World) -> Result<Checks> {
    let run = super::hand::random()?;
    Ok(Checks::new(rules, world.project_key().as_deref())?.marking(run.as_bytes()))
}

fn shown(world: &World, file: &Path) -> String {
    file.strip_prefix(&world.here).unwrap_or(file).display().to_string()
}
