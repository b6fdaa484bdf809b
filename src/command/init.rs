//! `weft init`: settings, hooks and a project key, each only where it is missing; says what it did.

use std::fs;
use std::path::Path;

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::ingest::git::{self, Identity};
use weft::policy::Policy;

use super::world::World;
use super::{output, print, settings};

/// Writes a commented weft.toml, installs the git hooks it describes, makes the project's key, and prints what it did.
///
/// Nothing that is there is overwritten: run it again after a change of `[hooks]` in weft.toml.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print the commented weft.toml and do nothing
    #[arg(long)]
    print: bool,
    /// Leave the git hooks alone
    #[arg(long)]
    no_hooks: bool,
}

/// The first comment of a hook that weft wrote, and may write again.
const MARK: &str = "# written by `weft init`; change [hooks] in weft.toml and run it again";

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    if arguments.print {
        print(Policy::commented().as_bytes())?;
        return Ok(Exit::Passed);
    }
    let root = world.repository()?;
    let mut done = vec![write_settings(root)?];
    done.push(make_key(&git::directory(root)?)?);
    if !arguments.no_hooks {
        let policy = settings::own(world, None)?;
        done.extend(install_hooks(&git::hooks_folder(root)?, &policy)?);
    }
    for remote in git::fetch_approvals(root)? {
        done.push(format!("remote {remote}: fetches approvals too (refs/weft/*); push them with `git push {remote} 'refs/weft/*'`"));
    }
    done.push(next_step(&git::identity(root)?));
    print((done.join("\n") + "\n").as_bytes())?;
    Ok(Exit::Passed)
}

/// weft.toml with every setting and its meaning.
fn write_settings(root: &Path) -> Result<String> {
    let file = root.join(settings::FILE);
    if file.exists() {
        return Ok(format!("{}: kept as it is", settings::FILE));
    }
    output::save(&file, Policy::commented().as_bytes())?;
    Ok(format!(
        "{}: written; every setting is there with its default: read it, then commit it",
        settings::FILE
    ))
}

/// 32 random bytes, as hex, for the owner alone: placeholders stay the same across runs, and nobody can confirm a guess.
fn make_key(directory: &Path) -> Result<String> {
    let folder = directory.join("weft");
    let file = folder.join("key");
    let shown = "project key (.git/weft/key)";
    if file.exists() {
        return Ok(format!("{shown}: kept as it is"));
    }
    let failed = |error| Error::new(ErrorKind::Io, format!("cannot write {}", file.display())).because(error);
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(ErrorKind::Io, "the system gives no random numbers").because(error.to_string())
    })?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    // tempfile makes owner-only files, and a rename shows the whole key or none.
    let mut aside = tempfile::NamedTempFile::new_in(&folder).map_err(failed)?;
    std::io::Write::write_all(&mut aside, hex.as_bytes()).map_err(failed)?;
    aside.persist_noclobber(&file).map_err(|error| failed(error.error))?;
    Ok(format!("{shown}: made, readable by you alone; it is never pushed"))
}

fn install_hooks(folder: &Path, policy: &Policy) -> Result<Vec<String>> {
    let failed =
        |error| Error::new(ErrorKind::Io, format!("cannot write into {}", folder.display())).because(error);
    fs::create_dir_all(folder).map_err(failed)?;
    let hooks = &policy.hooks;
    let wanted = [
        ("pre-commit", hooks.pre_commit, "weft scan --staged"),
        ("pre-merge-commit", hooks.pre_merge_commit, "weft scan --staged"),
        ("pre-push", hooks.pre_push, "weft verify"),
    ];
    let mut done = Vec::new();
    for (name, on, command) in wanted {
        let file = folder.join(name);
        let old = fs::read_to_string(&file).ok();
        let ours = old.as_deref().is_none_or(|text| text.contains(MARK));
        match (on, ours) {
            (true, true) => {
                output::save(&file, script(command).as_bytes())?;
                make_executable(&file).map_err(failed)?;
                done.push(format!("{name} hook: runs `{command}`"));
            }
            (true, false) => {
                done.push(format!("{name} hook: yours is kept; add the line `{command} || exit` to it"))
            }
            (false, true) if old.is_some() => {
                fs::remove_file(&file).map_err(failed)?;
                done.push(format!("{name} hook: removed, as [hooks] says"));
            }
            (false, _) => {}
        }
    }
    Ok(done)
}

/// The hook. Without weft it stops the commit and says so, since a check that is silently skipped is none.
fn script(command: &str) -> String {
    format!(
        "#!/bin/sh\n{MARK}\ncommand -v weft >/dev/null || {{\n  echo 'weft is not in PATH, so nothing was checked: install \
         it, or commit with --no-verify this once' >&2\n  exit 4\n}}\nexec {command}\n"
    )
}

#[cfg(unix)]
fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// What stands between this project and its first approval.
fn next_step(identity: &Identity) -> String {
    match (&identity.signing_key, identity.format.as_deref()) {
        (Some(_), Some("ssh")) => {
            "next: name yourself under [[review.reviewer]] in weft.toml, with the public half of your signing key".into()
        }
        _ => "next: git has no SSH signing key here; make one that asks for touch (`ssh-keygen -t ed25519-sk`) or for a \
              passphrase (`ssh-keygen -t ed25519`), set gpg.format to ssh and user.signingkey to its .pub file, and name \
              yourself under [[review.reviewer]] in weft.toml"
            .into(),
    }
}
