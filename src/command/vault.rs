//! Vaults on disk: the key, the file, and what `redact` and `restore` share.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use weft::error::{Error, ErrorKind, Result};
use weft::redact::{Spool, Vault, VaultKey};

use super::output::written;
use super::world::{World, variable, work_tree};

/// The environment variable that may hold the key.
const VARIABLE: &str = "WEFT_VAULT_KEY";

/// The longest key file that is read.
const LONGEST_KEY: u64 = 4096;

/// Which vault, and its key.
#[derive(clap::Args)]
pub(super) struct VaultArguments {
    /// Encrypted file that keeps what stands behind each placeholder
    #[arg(long, value_name = "FILE")]
    vault: Option<PathBuf>,
    /// File with the vault's key, outside any repository; made on first use (default: the variable WEFT_VAULT_KEY)
    #[arg(long, value_name = "FILE", requires = "vault")]
    vault_key: Option<PathBuf>,
}

impl VaultArguments {
    /// The vault's file, when there is to be one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.vault.as_deref()
    }
}

/// A vault and the file it belongs to.
pub(super) struct Kept {
    pub(super) vault: Vault,
    key: VaultKey,
    file: PathBuf,
    name: String,
}

/// The vault in `file`, or a new one where there is no such file.
pub(super) fn open(file: &Path, arguments: &VaultArguments, world: &World) -> Result<Kept> {
    let (path, name) = (world.resolve(file), file.display().to_string());
    let sealed = bytes(&path, &name)?;
    let key = key(arguments, world, sealed.is_none())?;
    let vault = match sealed {
        Some(sealed) => Vault::open(&name, &sealed, key.clone())?,
        None => Vault::new(key.clone()),
    };
    Ok(Kept { vault, key, file: path, name })
}

/// The vault in `file`. Errors: there is none.
pub(super) fn open_existing(file: &Path, arguments: &VaultArguments, world: &World) -> Result<Vault> {
    let name = file.display().to_string();
    let sealed = bytes(&world.resolve(file), &name)?.ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("there is no vault {name}"))
            .hint("name the one that `weft redact --vault FILE` wrote")
    })?;
    Vault::open(&name, &sealed, key(arguments, world, false)?)
}

/// Writes the vault aside and renames it, for its owner alone. What another run has added to the file in the meantime
/// is kept.
pub(super) fn save(kept: Kept) -> Result<()> {
    let Kept { mut vault, key, file, name } = kept;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _lock = lock(folder, &name)?;
    if let Some(sealed) = bytes(&file, &name)? {
        vault.merge(Vault::open(&name, &sealed, key)?)?;
    }
    let mut nonce = [0; 24];
    random(&mut nonce)?;
    let sealed = vault.seal(nonce)?;
    written(&name, replace(folder, &file, &sealed))
}

fn replace(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    // Made for its owner alone, and stays so.
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(bytes)?;
    aside.as_file().sync_all()?;
    aside.persist(file).map_err(|error| error.error)?;
    // The new name has to last too; not every system can be told so.
    File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
}

/// Only one run at a time reads, extends and replaces a vault in this folder. Where a folder cannot be locked, two runs
/// at the very same moment may still lose what one of them added.
fn lock(folder: &Path, name: &str) -> Result<Option<File>> {
    let Ok(folder) = File::open(folder) else { return Ok(None) };
    match folder.lock() {
        Ok(()) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Err(Error::new(ErrorKind::Io, format!("cannot wait for the other run that writes {name}"))
                .because(error))
        }
        Err(_) => Ok(None),
    }
}

/// The bytes of a vault; `None` where there is no file.
fn bytes(path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| file.take(Vault::LONGEST + 1).read_to_end(&mut bytes));
    match outcome {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new(ErrorKind::Io, format!("cannot read the vault {name}"))
            .because(error)
            .hint("name a file that you may read, or one that does not exist yet")),
    }
}

/// The key: of the file, else of the environment. A file that does not exist is made when `fresh`, a vault is new.
fn key(arguments: &VaultArguments, world: &World, fresh: bool) -> Result<VaultKey> {
    let Some(file) = &arguments.vault_key else {
        let text = variable(VARIABLE).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "there is no key for the vault").hint(format!(
                "name a file outside the repository with --vault-key, and it is made; or set {VARIABLE} to what `openssl \
                 rand -hex 32` prints"
            ))
        })?;
        return VaultKey::parse(&zeroize::Zeroizing::new(text));
    };
    let (path, name) = (world.resolve(file), file.display().to_string());
    outside(&path, &name)?;
    match File::open(&path) {
        Ok(opened) => read_key(opened, &name),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => make_key(&path, &name),
        Err(error) => {
            let absent = error.kind() == io::ErrorKind::NotFound;
            let kind = if absent { ErrorKind::Usage } else { ErrorKind::Io };
            Err(Error::new(kind, format!("cannot read the key {name}"))
                .because(error)
                .hint("name the key file that the vault was made with"))
        }
    }
}

/// A key that stands in the repository of the vault is committed with it some day, and then it locks nothing.
fn outside(path: &Path, name: &str) -> Result<()> {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    let target = fs::canonicalize(path).ok();
    let folders = folder
        .iter()
        .chain(target.as_deref().and_then(Path::parent).map(Path::to_path_buf).iter())
        .map(|folder| work_tree(folder))
        .collect::<Vec<_>>();
    match folders.into_iter().flatten().next() {
        None => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::Usage, format!("the key {name} would stand inside a git repository"))
            .hint("keep it outside, for example in ~/.config/weft/: in a repository it is committed some day, and whoever has vault and key reads everything")),
    }
}

fn read_key(file: File, name: &str) -> Result<VaultKey> {
    let failed = |error| Error::new(ErrorKind::Io, format!("cannot read the key {name}")).because(error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::new(ErrorKind::Usage, format!("others may read the key {name}"))
                .hint(format!("`chmod 600 {name}`, and make a new key if somebody did")));
        }
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(LONGEST_KEY).read_to_string(&mut text).map_err(failed)?;
    VaultKey::parse(&text)
}

fn make_key(path: &Path, name: &str) -> Result<VaultKey> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    random(bytes.as_mut_slice())?;
    let key = VaultKey::new(*bytes);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let outcome = options.open(path).and_then(|mut file| {
        file.write_all(key.to_file().as_bytes())?;
        file.sync_all()
    });
    outcome.map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot make the key {name}"))
            .because(error)
            .hint("name a file in a folder that exists and is yours")
    })?;
    super::advise(&format!(
        "weft: made the key {name}, readable by you alone: without it the vault cannot be opened\n"
    ));
    Ok(key)
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(ErrorKind::Io, "the system gives no random numbers").because(error.to_string())
    })
}

/// Where a long text is kept while it is worked on.
pub(super) fn spool_folder() -> PathBuf {
    std::env::temp_dir()
}

/// The text to work on: a file, or standard input for `-`.
pub(super) fn read(file: &Path, world: &World) -> Result<Spool> {
    if file.as_os_str() == "-" {
        return Spool::read(&mut io::stdin().lock(), "standard input", &spool_folder());
    }
    let opened = File::open(world.resolve(file)).and_then(|file| {
        // Reading a folder fails in other words on every system.
        if file.metadata()?.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok(file) }
    });
    let mut opened = opened.map_err(|error| {
        let absent = error.kind() == io::ErrorKind::NotFound;
        let kind = if absent { ErrorKind::Usage } else { ErrorKind::Io };
        Error::new(kind, format!("cannot read {}", file.display()))
            .because(error)
            .hint("name a readable file, or `-` for standard input")
    })?;
    Spool::read(&mut opened, &file.display().to_string(), &spool_folder())
}

/// Copies a text to standard output; a closed pipe is no error, a full disk is.
pub(super) fn print_spool(text: &Spool) -> Result<()> {
    let mut stdout = io::stdout().lock();
    written("standard output", text.copy_to(&mut stdout).and_then(|()| stdout.flush()))
}

/// Says on standard error how many placeholders something holds of; nothing of none.
pub(super) fn advise_of(count: u64, what: &str) {
    if count > 0 {
        let noun = if count == 1 { "placeholder" } else { "placeholders" };
        super::advise(&format!("weft: {count} {noun} {what}\n"));
    }
}
