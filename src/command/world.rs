//! What the library may not find out by itself: directory, environment, terminal, time.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use weft::error::{Error, ErrorKind, Result};

/// The surroundings of one run.
pub(super) struct World {
    /// The working directory.
    pub(super) here: PathBuf,
    /// The root of the work tree around it, if there is one.
    pub(super) repository: Option<PathBuf>,
    /// Now.
    pub(super) now: jiff::Timestamp,
    /// Whether standard output is a terminal that shows colour.
    pub(super) color: bool,
    /// Columns of the terminal; 100 elsewhere.
    pub(super) width: usize,
    /// How many threads a scan uses.
    pub(super) threads: usize,
}

impl World {
    /// Reads them once, at start.
    pub(super) fn of_this_process() -> Result<Self> {
        let here = std::env::current_dir().map_err(|error| {
            Error::new(ErrorKind::Io, "cannot find the working directory")
                .because(error)
                .hint("it may have been removed: change into one that exists")
        })?;
        let threads = variable("WEFT_THREADS")
            .and_then(|text| text.parse().ok())
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1);
        Ok(World {
            repository: work_tree(&here),
            here,
            now: jiff::Timestamp::now(),
            color: !matches!(anstream::AutoStream::choice(&std::io::stdout()), anstream::ColorChoice::Never),
            width: variable("COLUMNS").and_then(|text| text.parse().ok()).unwrap_or(100),
            threads,
        })
    }

    /// The date of today in UTC: allowances expire by it.
    pub(super) fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The work tree, or an error that says what to do.
    pub(super) fn repository(&self) -> Result<&Path> {
        self.repository.as_deref().ok_or_else(|| {
            if self.here.join("HEAD").is_file() && self.here.join("objects").is_dir() {
                let what =
                    format!("{} is a bare repository: it has no work tree and no index", self.here.display());
                return Error::new(ErrorKind::Repository, what)
                    .hint("run weft in a clone of it: decisions are made where the files are");
            }
            Error::new(
                ErrorKind::Repository,
                format!("{} is not inside a git work tree", self.here.display()),
            )
            .hint("run weft inside a repository, or `git init` one first")
        })
    }

    /// The git directory of the work tree, where weft keeps what is never pushed.
    pub(super) fn git_directory(&self) -> Option<PathBuf> {
        let root = self.repository.as_deref()?;
        weft::ingest::git::directory(root).ok()
    }

    /// The project's key for placeholders: `WEFT_KEY`, else the file that `weft init` made; none outside a project.
    pub(super) fn project_key(&self) -> Option<Vec<u8>> {
        let file = || std::fs::read(self.git_directory()?.join("weft").join("key")).ok();
        variable("WEFT_KEY").map(String::into_bytes).or_else(file).filter(|key| key.len() >= 16)
    }

    /// The folder for what a scan keeps: `WEFT_CACHE_DIR`, else `weft` in the person's cache folder, when there is one.
    pub(super) fn cache_folder(&self) -> Option<PathBuf> {
        if let Some(folder) = variable("WEFT_CACHE_DIR") {
            return Some(self.resolve(Path::new(&folder)));
        }
        let there = |name: &str| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        let caches = there("XDG_CACHE_HOME").map(|folder| (folder.clone(), folder));
        let home = || there("HOME").map(|home| (home.join(".cache"), home));
        // Somebody without a home gets none made.
        let (folder, _) = caches.or_else(home).filter(|(_, there)| there.is_dir())?;
        Some(folder.join("weft"))
    }

    /// The folder of installed advisories: `WEFT_DB_DIR`, else `advisories` in the folder for what a scan keeps.
    pub(super) fn database_folder(&self) -> Option<PathBuf> {
        match variable("WEFT_DB_DIR") {
            Some(folder) => Some(self.resolve(Path::new(&folder))),
            None => Some(self.cache_folder()?.join("advisories")),
        }
    }

    /// The path as one reads it from here.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.here.join(path)
    }
}

/// The environment variable, when it is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Whether a person watches: both ends are a terminal.
pub(super) fn person_watches() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Standard input up to a limit; an error beyond it, since half an input is not the input.
pub(super) fn standard_input(limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |error| Error::new(ErrorKind::Io, "cannot read standard input").because(error);
    std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(
            ErrorKind::Io,
            format!("standard input holds more than the limit of {limit} bytes"),
        )
        .hint("raise `[limits] file-bytes` in weft.toml"));
    }
    Ok(bytes)
}

/// The nearest folder upwards that holds `.git`.
pub(super) fn work_tree(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}
