//! Errors of kind, source and hints. The library returns them, the command prints them; kinds become exit codes here only.

use std::fmt;

/// The exit code of a run, the same for every output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: nothing at or above the gate.
    Passed,
    /// 1: findings at or above the gate, or something that does not match what was approved.
    Findings,
    /// 2: the command line or the settings are wrong.
    Usage,
    /// 3: held until a person decides.
    Held,
    /// 4: something that weft supports and the change touches could not be checked.
    Incomplete,
    /// 70: a bug in weft.
    Bug,
}

impl Exit {
    /// The number a process exits with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Held => 3,
            Exit::Incomplete => 4,
            Exit::Bug => 70,
        }
    }

    /// Of two outcomes the one that decides: 70, 2, 1, 4, 3, 0 in this order.
    pub fn worse(self, other: Exit) -> Exit {
        let rank = |exit: Exit| match exit {
            Exit::Bug => 5,
            Exit::Usage => 4,
            Exit::Findings => 3,
            Exit::Incomplete => 2,
            Exit::Held => 1,
            Exit::Passed => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// What kind of thing went wrong; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line is wrong or asks for something that is not there.
    Usage,
    /// A settings file, rule page or model file is wrong.
    Settings,
    /// Something could not be read or written.
    Io,
    /// The repository is of a kind weft cannot work on, or lacks something it needs.
    Repository,
    /// What is there is not what was approved: a digest, a signature or a chain does not match.
    Mismatch,
    /// A person has to decide first.
    Held,
    /// A weft bug.
    Bug,
}

impl ErrorKind {
    /// The exit code of a run that ended in an error of this kind.
    pub fn exit(self) -> Exit {
        match self {
            ErrorKind::Usage | ErrorKind::Settings => Exit::Usage,
            ErrorKind::Io | ErrorKind::Repository => Exit::Incomplete,
            ErrorKind::Mismatch => Exit::Findings,
            ErrorKind::Held => Exit::Held,
            ErrorKind::Bug => Exit::Bug,
        }
    }
}

/// What failed, on what, and what to do next. Never holds a secret: messages are built from paths, names and numbers.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    hints: Vec<String>,
}

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error from one clause that says what failed and on what.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), source: None, hints: Vec::new() }
    }

    /// Adds the error underneath; its text is printed after ours.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds one sentence that says what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do next, most likely remedy first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
