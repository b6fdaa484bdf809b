//! `weft redact`: a prompt in, the redacted prompt out.

use std::path::PathBuf;

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::NoteKind;

use super::world::{World, standard_input};
use super::{print, settings};

/// Copies a prompt from FILE or standard input to standard output with every secret and piece of personal data
/// replaced by a placeholder, so that it can stand in a pipe before any model.
///
/// Line numbers do not move and the same secret becomes the same placeholder. When weft cannot show that no form of a
/// found secret remains, it prints nothing and exits 70.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Your own rules beside the built-in ones: a folder of pages and models, or a FILE.toml in gitleaks' format
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// Settings file instead of the repository's weft.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let policy = settings::own(world, arguments.config.as_deref())?;
    let limit = policy.limits.file_bytes;
    let bytes = if arguments.file.as_os_str() == "-" {
        standard_input(limit)?
    } else {
        let file = world.resolve(&arguments.file);
        std::fs::read(&file).map_err(|error| {
            let absent = error.kind() == std::io::ErrorKind::NotFound;
            let kind = if absent { ErrorKind::Usage } else { ErrorKind::Io };
            Error::new(kind, format!("cannot read {}", arguments.file.display()))
                .because(error)
                .hint("name a readable file, or `-` for standard input")
        })?
    };
    let mut checks = settings::checks(world, arguments.rules.as_deref())?.without(&policy.off());
    let listed = settings::Listed::Own(arguments.config.as_deref());
    settings::confidential(&mut checks, &policy, &listed, world)?;
    if let Some(note) = checks.notes.iter().find(|note| note.kind == NoteKind::NotChecked) {
        return Err(Error::new(ErrorKind::Settings, &note.message)
            .hint("put the file where `[confidential]` of weft.toml says, or take the setting out"));
    }
    print(checks.redact_text(&bytes)?.as_bytes())?;
    Ok(Exit::Passed)
}
