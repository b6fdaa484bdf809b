//! `weft redact`: a prompt in, the redacted prompt out.

use std::path::PathBuf;

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::finding::NoteKind;
use weft::redact::Mode;

use super::settings;
use super::vault::{VaultArguments, advise_of, open, print_spool, read, save, spool_folder};
use super::world::World;

/// Copies a prompt from FILE or standard input to standard output with every secret and piece of personal data
/// replaced, so that it can stand in a pipe before any model. No other byte changes, whatever the encoding.
///
/// Line numbers do not move and the same secret becomes the same placeholder. When weft cannot show that no form of a
/// found secret remains, it prints nothing and exits 70. With --vault, `weft restore` brings the text back.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// What stands in the place of a secret
    #[arg(long, value_enum, default_value = "token")]
    mode: ModeArgument,
    #[command(flatten)]
    vault: VaultArguments,
    /// Your own rules beside the built-in ones: a folder of pages and models, or a FILE.toml in gitleaks' format
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// Settings file instead of the repository's weft.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// [`Mode`] on the command line.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
enum ModeArgument {
    /// A placeholder: WEFT_KIND_...
    Token,
    /// Prefix, length and kinds of characters of the secret, never a live one
    KeepFormat,
    /// Nothing; 0 where a value has to stand
    Drop,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    // Settings that are wrong are said before anything is read.
    let policy = settings::own(world, arguments.config.as_deref())?;
    let mode = match arguments.mode {
        ModeArgument::Token => Mode::Token,
        ModeArgument::KeepFormat => Mode::KeepFormat,
        ModeArgument::Drop => Mode::Drop,
    };
    if mode == Mode::Drop && arguments.vault.file().is_some() {
        return Err(Error::new(ErrorKind::Usage, "what is dropped cannot be brought back from a vault")
            .hint("leave --vault out, or choose `--mode token` or `--mode keep-format`"));
    }
    let mut checks = settings::checks(world, arguments.rules.as_deref())?.without(&policy.off());
    let listed = settings::Listed::Own(arguments.config.as_deref());
    settings::confidential(&mut checks, &policy, &listed, world)?;
    if let Some(note) = checks.notes.iter().find(|note| note.kind == NoteKind::NotChecked) {
        return Err(Error::new(ErrorKind::Settings, &note.message)
            .hint("put the file where `[confidential]` of weft.toml says, or take the setting out"));
    }
    let input = read(&arguments.file, world)?;
    let mut kept = arguments.vault.file().map(|file| open(file, &arguments.vault, world)).transpose()?;
    let vault = kept.as_mut().map(|kept| &mut kept.vault);
    let by = if vault.is_some() { "by this vault" } else { "under this project's key" };
    let filtered = checks.filter(&input, mode, vault, &spool_folder())?;
    // What a vault does not hold yet must not be printed: nobody could bring it back.
    kept.map_or(Ok(()), save)?;
    print_spool(&filtered.output)?;
    let foreign = filtered.foreign as u64;
    advise_of(
        foreign,
        &format!("in the input {} not issued {by}", if foreign == 1 { "was" } else { "were" }),
    );
    Ok(Exit::Passed)
}
