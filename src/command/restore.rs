//! `weft restore`: a redacted text, or a model's reply to one, with its secrets in place again.

use std::path::PathBuf;

use weft::error::{Error, ErrorKind, Exit, Result};

use super::vault::{VaultArguments, advise_of, open_existing, print_spool, read, spool_folder};
use super::world::World;

/// Copies a text from FILE or standard input to standard output with what stands behind each placeholder in its place:
/// what `weft redact --vault` redacted comes back byte for byte, and a reply that uses its placeholders is filled in.
///
/// Placeholders that the vault does not know stay as they are and are counted on standard error.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    vault: VaultArguments,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let file = arguments.vault.file().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "there is no vault to restore from")
            .hint("name the one that `weft redact --vault FILE` wrote: --vault FILE")
    })?;
    let vault = open_existing(file, &arguments.vault, world)?;
    let input = read(&arguments.file, world)?;
    let restored = vault.restore(&input, &spool_folder())?;
    print_spool(&restored.output)?;
    let they = if restored.unknown == 1 {
        "is not in this vault and stays as it is"
    } else {
        "are not in this vault and stay as they are"
    };
    advise_of(restored.unknown, they);
    Ok(Exit::Passed)
}
