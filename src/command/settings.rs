//! Which weft.toml counts. A person's own check reads the one in their tree; a gate reads the one at the base of the
//! change, so that what is judged cannot judge itself (invariant 6).

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use weft::deps::database::{Databases, Folder};
use weft::error::{Error, ErrorKind, Result};
use weft::finding::{Note, NoteKind, printable};
use weft::ingest::git;
use weft::policy::{Policy, Stages};
use weft::redact::Terms;
use weft::rule::RuleSet;
use weft::{Checks, TextChecks, built_in_rules};

use super::world::World;

/// The name of the settings file at the root of a repository.
pub(super) const FILE: &str = "weft.toml";

/// The settings a person's own scan obeys: `--config`, else weft.toml at the root of the repository or here.
pub(super) fn own(world: &World, config: Option<&Path>) -> Result<Policy> {
    for file in &candidates(world, config) {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let mut policy = Policy::parse(&shown(world, file), &text)?;
                let folder = file.parent().unwrap_or(&world.here);
                statements(&mut policy, |name| read_bounded(&folder.join(name)))?;
                return Ok(policy);
            }
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

fn candidates(world: &World, config: Option<&Path>) -> Vec<PathBuf> {
    match config {
        Some(file) => vec![world.resolve(file)],
        None => world.repository.iter().chain([&world.here]).map(|folder| folder.join(FILE)).collect(),
    }
}

/// The settings at a trusted commit; the defaults when it has none.
pub(super) fn at(root: &Path, commit: &str) -> Result<Policy> {
    if commit == git::NO_COMMIT {
        return Ok(Policy::default());
    }
    match git::blob_at(root, commit, FILE)? {
        Some(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let mut policy = Policy::parse(&format!("{FILE} of {commit:.12}"), &text)?;
            statements(&mut policy, |name| git::blob_at(root, commit, name).ok()?)?;
            Ok(policy)
        }
        None => Ok(Policy::default()),
    }
}

/// Reads the OpenVEX documents that the settings list. Errors: one cannot be read.
fn statements(policy: &mut Policy, read: impl Fn(&str) -> Option<Vec<u8>>) -> Result<()> {
    for name in policy.deps.vex.clone() {
        let bytes = read(&name).ok_or_else(|| {
            let what = format!("cannot read {}, which `[deps] vex` lists", printable(&name));
            Error::new(ErrorKind::Settings, what)
                .hint("list documents that lie beside the settings, or take it out")
        })?;
        policy.vex.extend(weft::policy::vex::read(&name, &bytes)?);
    }
    Ok(())
}

/// The bytes of a regular file of a reasonable length.
fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    const LIMIT: u64 = 64 << 20;
    let metadata = std::fs::metadata(path).ok()?;
    if metadata.is_file() && metadata.len() <= LIMIT { std::fs::read(path).ok() } else { None }
}

/// The compiled checks: the built-in rules and those of `--rules`, a folder or a file.
pub(super) fn checks(world: &World, own: Option<&Path>) -> Result<Checks> {
    let mut rules = built_in_rules();
    let Some(own) = own else { return with(rules, world) };
    let loaded = super::rules::load(own, &mut rules)?;
    let mut checks = with(rules, world)?;
    checks.notes.extend(loaded.notes.into_iter().map(|note| Note::new(NoteKind::Info, "", note)));
    // Built-in patterns are held by tests; somebody's own may be wrong, and that is said before anything is scanned.
    checks.check()?;
    Ok(checks)
}

/// As [`checks`], for a run of these stages: what they do not need is not made ready.
pub(super) fn checks_of(world: &World, own: Option<&Path>, stages: Stages) -> Result<Checks> {
    if own.is_some() || stages.code || stages.deps {
        return checks(world, own);
    }
    let run = super::hand::random()?;
    Ok(Checks::of_secrets(built_in_rules(), world.project_key().as_deref())?.marking(run.as_bytes()))
}

/// What redacts a text: the built-in rules and those of `--rules`, a folder or a file.
pub(super) fn text_checks(world: &World, own: Option<&Path>) -> Result<TextChecks> {
    let mut rules = built_in_rules();
    let loaded = own.map(|own| super::rules::load(own, &mut rules)).transpose()?;
    let mut checks = TextChecks::new(&rules, world.project_key().as_deref())?;
    if let Some(loaded) = loaded {
        checks.notes.extend(loaded.notes.into_iter().map(|note| Note::new(NoteKind::Info, "", note)));
        checks.check()?;
    }
    Ok(checks)
}

/// The checks of these rules, with the project's key.
pub(super) fn with(rules: RuleSet, world: &World) -> Result<Checks> {
    let run = super::hand::random()?;
    let (databases, notes) = databases(world);
    let checks = Checks::new(rules, world.project_key().as_deref())?.marking(run.as_bytes());
    let mut checks = checks.with_databases(databases);
    checks.notes.extend(notes);
    Ok(checks)
}

/// The advisories that count here: the built-in ones, and installed ones that nobody else can have written.
pub(super) fn databases(world: &World) -> (Databases, Vec<Note>) {
    let Some(folder) = world.database_folder() else { return (Databases::built_in(), Vec::new()) };
    if let Some(why) = weft::cache_refused(&folder.join("lock"), "WEFT_DB_DIR") {
        let what = format!("installed advisories are not used: {}", printable(&why));
        return (Databases::built_in(), vec![Note::new(NoteKind::Partial, "", what)]);
    }
    Folder::at(folder).load()
}

/// Whose settings list the confidential terms.
pub(super) enum Listed<'a> {
    /// The person's own: `--config`, or the weft.toml of their tree.
    Own(Option<&'a Path>),
    /// Those of a commit that a change up to `head` is judged by.
    At { trusted: &'a str, head: &'a str },
}

/// Has `checks` look for the confidential terms of `policy` too, those of its file included. A file that is not there is
/// a note that something was not checked. Errors: a term is wrong; they name its line and never the term.
pub(super) fn confidential(
    checks: &mut TextChecks,
    policy: &Policy,
    listed: &Listed<'_>,
    world: &World,
) -> Result<()> {
    let settings = match listed {
        Listed::Own(config) => candidates(world, *config)
            .into_iter()
            .find(|file| file.is_file())
            .unwrap_or_else(|| world.resolve(Path::new(FILE))),
        Listed::At { .. } => world.repository()?.join(FILE),
    };
    let mut homes = names(world, &settings);
    let mut terms = policy.confidential.terms.clone();
    if let Some(file) = &policy.confidential.file {
        let folder = settings.parent().unwrap_or(&world.here);
        let path = folder.join(file);
        match terms_file(&path, listed, world)? {
            Some(bytes) => terms.extend(Terms::lines(&printable(file), &bytes)?),
            None => {
                let what = format!(
                    "the file of confidential terms, {}, cannot be read: what it lists was not looked for",
                    printable(file)
                );
                checks.notes.push(Note::new(NoteKind::NotChecked, "", what));
            }
        }
        homes.extend(names(world, &path));
    }
    if terms.is_empty() {
        return Ok(());
    }
    checks.set_terms(Terms::new(terms)?.listed_in(homes))
}

/// The bytes of a file of terms. What a change brings along cannot say what is looked for in it: a file that git knows is
/// read from the trusted commit.
fn terms_file(path: &Path, listed: &Listed<'_>, world: &World) -> Result<Option<Vec<u8>>> {
    if let Listed::At { trusted, head } = listed
        && let Some(root) = &world.repository
        && let Some(inside) = inside(root, path)
    {
        for commit in [trusted, head].into_iter().filter(|commit| **commit != git::NO_COMMIT) {
            if let Some(bytes) = git::blob_at(root, commit, &inside)? {
                return Ok((commit == trusted).then_some(bytes));
            }
        }
    }
    // A pipe or a device never ends; what is longer than a list of terms may be is refused where it is read.
    const LIMIT: u64 = 2 << 20;
    let regular = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut bytes = Vec::new();
    let file = if regular { std::fs::File::open(path).ok() } else { None };
    Ok(file.and_then(|file| file.take(LIMIT).read_to_end(&mut bytes).ok()).map(|_| bytes))
}

/// The path below `root`, with `/`, its `..` worked out; `None` when it leads out.
fn inside(root: &Path, path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.strip_prefix(root).ok()?.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What a scan may call a file: its path from the root of the repository, and from here.
fn names(world: &World, file: &Path) -> Vec<String> {
    world.repository.iter().chain([&world.here]).filter_map(|folder| inside(folder, file)).collect()
}

fn shown(world: &World, file: &Path) -> String {
    file.strip_prefix(&world.here).unwrap_or(file).display().to_string()
}
