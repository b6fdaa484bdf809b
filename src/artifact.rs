//! What comes in: [`Submission`] is one agent output (or a tree, a change, a history) and where it came from;
//! [`Original`] is one file or fence of it, exactly as it came.

use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::finding::Note;

/// The SHA-256 of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits; `None` for anything else.
    pub fn parse(hex: &str) -> Option<Self> {
        data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?.try_into().ok().map(Digest)
    }

    /// The raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// What a piece is for; decides how it is judged and whether its text may be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A file of the repository or bound for it: never rewritten, its secrets block.
    Code,
    /// Markdown of a tree: its secrets and hidden text count, its fences are not applied.
    Document,
    /// What a person or a tool asks a model.
    Prompt,
    /// What a model answered: its fences are applied to the repository.
    Reply,
}

/// What applying a piece does to its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Writes a file that was not there.
    Create,
    /// Replaces a file.
    Update,
    /// Removes a file.
    Delete,
    /// Nothing: the piece is only looked at.
    Inspect,
}

/// A git file mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// 100644
    File,
    /// 100755
    Executable,
    /// 120000: the content is the link's target.
    Symlink,
    /// 160000: the content is a commit id of another repository.
    Submodule,
}

impl Mode {
    /// The number git writes into a tree.
    pub fn bits(self) -> u32 {
        match self {
            Mode::File => 0o100644,
            Mode::Executable => 0o100755,
            Mode::Symlink => 0o120000,
            Mode::Submodule => 0o160000,
        }
    }

    /// The mode of git's number; anything unknown is a plain file, as git reads it.
    pub fn from_bits(bits: u32) -> Self {
        match bits {
            0o120000 => Mode::Symlink,
            0o160000 => Mode::Submodule,
            bits if bits & 0o170000 == 0o100000 && bits & 0o100 != 0 => Mode::Executable,
            _ => Mode::File,
        }
    }
}

/// A sorted set of 1-based line numbers, as ranges without overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<Range<u32>>);

impl Lines {
    /// From half-open ranges of 1-based lines, in any order.
    pub fn new(mut ranges: Vec<Range<u32>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Lines(merged)
    }

    /// Whether a line of `first..=last` is in the set.
    pub fn touches(&self, first: u32, last: u32) -> bool {
        let next = self.0.partition_point(|range| range.end <= first);
        self.0.get(next).is_some_and(|range| range.start <= last)
    }

    /// The lines that are in both sets.
    pub fn and(&self, other: &Lines) -> Lines {
        let (mut both, mut one, mut two) = (Vec::new(), 0, 0);
        while let (Some(left), Some(right)) = (self.0.get(one), other.0.get(two)) {
            both.push(left.start.max(right.start)..left.end.min(right.end));
            if left.end <= right.end { one += 1 } else { two += 1 }
        }
        Lines::new(both)
    }

    /// The ranges, sorted.
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.0
    }
}

/// What the index and the disk say of a file of a work tree; of any other piece nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OnDisk {
    /// Whether git's index holds it; `None` where nobody asked.
    pub tracked: Option<bool>,
    /// Whether git ignores it, by whatever ignore file.
    pub ignored: bool,
    /// Whether its mode lets the group or others read it.
    pub readable_by_others: bool,
}

/// A fence of a reply or document: code with, perhaps, a path it is bound for. Offsets count bytes of the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The first word of the info string, as written.
    pub language: String,
    /// `path=`: where the content is bound for, as written.
    pub path: Option<String>,
    /// `action=`; create when it is missing or unknown, as upstream has it.
    pub action: Action,
    /// The line of the opening fence, 1-based.
    pub line: u32,
    /// The bytes of the content, without the fences; trailing newlines as the applying parser leaves them.
    pub content: Range<usize>,
    /// Whether upstream's own expression applies exactly this content to exactly this path.
    pub upstream: bool,
    /// Whether a CommonMark reader sees exactly this fence.
    pub commonmark: bool,
    /// Why a person who reads the rendered reply does not see it: "inside an HTML comment".
    pub hidden: Option<&'static str>,
}

/// How a recorded hash relates to the text it should be of. Upstream hashes raw output and verifies it stripped, so
/// honest results come in three kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashCheck {
    /// The text, byte for byte.
    Raw,
    /// The text without the white space around it.
    Stripped,
    /// The text with each CRLF read as LF, with or without the white space around it.
    StrippedLf,
    /// None of these: text or hash changed.
    Mismatch,
    /// No hash is recorded, or what it is of is not here.
    Absent,
    /// The tool recorded `error` instead of a hash: the run failed.
    Error,
}

/// The lines between `---` and `---` at the top of a prompt or result of an AI history. Texts never quote a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontMatter {
    /// The bytes of the block with both delimiter lines.
    pub range: Range<usize>,
    /// The bytes of what a model was asked or answered.
    pub body: Range<usize>,
    /// Whether `prompt_spec_version` is there: a prompt of weft-cli when no hash is.
    pub names_spec: bool,
    /// `feature`, when it is a valid name.
    pub feature: Option<String>,
    /// `agent`, when it is a valid name.
    pub agent: Option<String>,
    /// `conversation_id`, when it is a plain word.
    pub conversation: Option<String>,
    /// `prompt_hash`, when it is a digest.
    pub prompt_hash: Option<Digest>,
    /// `output_hash`, when it is a digest.
    pub output_hash: Option<Digest>,
    /// The line of `prompt_hash`, 1-based; 1 when there is none.
    pub prompt_line: u32,
    /// The line of `output_hash`, 1-based; 1 when there is none.
    pub output_line: u32,
    /// What `prompt_hash` is the hash of, among the prompts that the history holds.
    pub prompt: HashCheck,
    /// What `output_hash` is the hash of.
    pub output: HashCheck,
    /// What is not exactly as weft-cli writes it: the 1-based line, and one clause.
    pub problems: Vec<(u32, String)>,
}

/// One file, prompt or reply exactly as it came. Its bytes are visible to `ingest`, which makes it, `redact` and `history` alone.
#[derive(Clone)]
pub struct Original {
    bytes: Arc<[u8]>,
    digest: OnceLock<Digest>,
    /// The path as it came, with `/` between components: relative to the scanned root or repository; `<stdin>` for standard input.
    pub path: String,
    /// What it is for.
    pub role: Role,
    /// What applying it does.
    pub action: Action,
    /// Its mode after the change.
    pub mode: Mode,
    /// The lines that the change adds; `None` when everything counts.
    pub added: Option<Lines>,
    /// Whether it may be half a file (a fence, a hunk): parse errors are expected.
    pub fragment: bool,
    /// What the index and the disk say of it.
    pub disk: OnDisk,
    /// The fences of a reply, prompt or document, in order.
    pub fences: Vec<Fence>,
    /// The front matter of a prompt or reply.
    pub front: Option<FrontMatter>,
    /// What reading it could not look at.
    pub notes: Vec<Note>,
}

impl Original {
    /// Wraps the bytes of one piece.
    pub fn new(path: impl Into<String>, role: Role, action: Action, bytes: impl Into<Arc<[u8]>>) -> Self {
        Original {
            bytes: bytes.into(),
            digest: OnceLock::new(),
            path: path.into(),
            role,
            action,
            mode: Mode::File,
            added: None,
            fragment: false,
            disk: OnDisk::default(),
            fences: Vec::new(),
            front: None,
            notes: Vec::new(),
        }
    }

    /// The SHA-256 of the bytes, taken when it is first asked for.
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(&self.bytes))
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is not one byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes. `tests/tidy.rs` lets only `ingest/`, which makes originals, `redact/` and `history/` name this method.
    pub(crate) fn reveal(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}

impl fmt::Debug for Original {
    /// Path, role and digest; never the text, so that a panic or a log cannot leak it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Original")
            .field("path", &self.path)
            .field("role", &self.role)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// Content that is kept elsewhere, by id: git blobs.
pub trait Store: Send + Sync {
    /// The bytes of `id`; an error when it is missing or longer than `limit` bytes.
    fn read(&self, id: &str, limit: u64) -> Result<Vec<u8>>;
}

/// Where an entry's bytes are until a worker reads them.
#[derive(Clone)]
pub enum Content {
    /// In memory already.
    Bytes(Arc<[u8]>),
    /// A file of the disk, never followed when it is a symlink.
    Disk(PathBuf),
    /// An object of a store.
    Stored(Arc<dyn Store>, String),
}

/// One piece of a submission, not read yet: a scan reads, checks and drops one after the other.
#[derive(Clone)]
pub struct Entry {
    /// As in [`Original::path`].
    pub path: String,
    /// As in [`Original::role`].
    pub role: Role,
    /// As in [`Original::action`].
    pub action: Action,
    /// As in [`Original::mode`].
    pub mode: Mode,
    /// As in [`Original::added`].
    pub added: Option<Lines>,
    /// As in [`Original::fragment`].
    pub fragment: bool,
    /// As in [`Original::disk`].
    pub disk: OnDisk,
    /// For a result of an AI history: the digests of the prompts beside it, and of which form of their text.
    pub prompts: Arc<[(Digest, HashCheck)]>,
    /// Where the bytes are.
    pub content: Content,
}

impl Entry {
    /// An entry of plain mode whose every line counts.
    pub fn new(path: impl Into<String>, role: Role, action: Action, content: Content) -> Self {
        Entry {
            path: path.into(),
            role,
            action,
            mode: Mode::File,
            added: None,
            fragment: false,
            disk: OnDisk::default(),
            prompts: Arc::new([]),
            content,
        }
    }

    /// The bytes; an error (kind `Io`) that names the path when they cannot be read or are more than `limit`.
    pub(crate) fn bytes(&self, limit: u64) -> Result<Arc<[u8]>> {
        let too_long = |length: u64| {
            Error::new(
                ErrorKind::Io,
                format!("{} holds {length} or more bytes, the limit is {limit}", self.path),
            )
            .hint("raise `[limits] file-bytes` in weft.toml, or exclude the file there")
        };
        match &self.content {
            Content::Bytes(bytes) if bytes.len() as u64 > limit => Err(too_long(bytes.len() as u64)),
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Stored(store, id) => Ok(store.read(id, limit)?.into()),
            Content::Disk(path) => read_file(&self.path, path, limit)?.ok_or_else(|| too_long(limit + 1)),
        }
    }
}

/// A regular file of at most `limit` bytes, `None` when it is longer. A link or device in its place is an error: what is
/// scanned must be what stands at the path.
fn read_file(name: &str, path: &std::path::Path, limit: u64) -> Result<Option<Arc<[u8]>>> {
    let failed = |error: std::io::Error| {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => format!("{name} vanished before it was read"),
            _ => format!("cannot read {name}"),
        };
        Error::new(ErrorKind::Io, what).because(error)
    };
    let metadata = std::fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Io, format!("{name} is not a regular file (any more)")));
    }
    let mut file = std::fs::File::open(path).map_err(failed)?;
    // Read into the place where it stays: a copy of every file would cost as much as a pass over it.
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, metadata.len().min(limit) as usize).collect();
    let mut filled = 0;
    if let Some(space) = Arc::get_mut(&mut bytes) {
        while let Some(rest) = space.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    // It may have changed its length since: then what is there now counts.
    let mut more = Vec::new();
    let left = limit.saturating_add(1).saturating_sub(filled as u64);
    file.take(left).read_to_end(&mut more).map_err(failed)?;
    if filled + more.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(None);
    }
    if filled < bytes.len() || !more.is_empty() {
        bytes = [&bytes[..filled], &more].concat().into();
    }
    Ok(Some(bytes))
}

/// Where a submission came from; decides whose settings and allowances count (invariant 6 of src/README.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files and folders of the person who runs weft.
    Tree,
    /// Standard input or a single reply or prompt.
    Reply,
    /// The blobs of the index.
    Staged,
    /// The change from a base commit to a head commit (full ids).
    Range {
        /// The commit that it is compared with: where the two ends parted.
        base: String,
        /// The commit whose settings, reviewers and allowances count: the first end as it was named.
        trusted: String,
        /// The commit that is judged.
        head: String,
    },
    /// A unified diff.
    Patch,
    /// A whole AI history.
    History,
}

/// Who made an output and under which name, from front matter, path or command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The feature it belongs to.
    pub feature: Option<String>,
    /// The agent that made it.
    pub agent: Option<String>,
    /// A conversation id, when front matter names one.
    pub conversation: Option<String>,
}

/// One agent output, tree, change or history, ready to be read piece by piece.
pub struct Submission {
    /// Where it came from.
    pub origin: Origin,
    /// The pieces, sorted by path.
    pub entries: Vec<Entry>,
    /// What could not be read, or is not supported.
    pub notes: Vec<Note>,
    /// Who made it.
    pub provenance: Provenance,
    /// Paths of the repository the output is bound for that are symbolic links, sorted: a write through one lands elsewhere.
    pub symlinks: Vec<String>,
    /// The files of the project that a change leaves as they are, by the same root: data may go through them. What the change
    /// touches may stand here, too, and does not count.
    pub around: Vec<Entry>,
}

impl Submission {
    /// The files around it that it does not touch.
    pub fn still(&self) -> Vec<&Entry> {
        let touched: HashSet<&str> = self.entries.iter().map(|entry| entry.path.as_str()).collect();
        self.around.iter().filter(|entry| !touched.contains(entry.path.as_str())).collect()
    }
}

/// One side of a changed path: what a git tree says of it, and the SHA-256 of the bytes, since git's own id is SHA-1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Blob {
    /// The mode git writes, as six octal digits: "100644".
    pub mode: String,
    /// The git object id, lower-case hex.
    pub id: String,
    /// The SHA-256 of the content, lower-case hex.
    pub sha256: String,
}

/// One path of a change: from an old state (or absent) to a new one (or absent).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The path in the repository.
    pub path: String,
    /// Before; `None` when the path was not there.
    pub old: Option<Blob>,
    /// After; `None` when the path is gone.
    pub new: Option<Blob>,
}

/// What a decision is about: every changed path with its bytes before and after. Policy, rules and reports are not part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Sorted by path, no path twice.
    pub changes: Vec<Change>,
}

impl Subject {
    /// The digest that an approval binds: SHA-256 over `weft-subject-v1` and, per change in order, each field of
    /// path, old and new (mode, git id, sha256) with its length in front, so that no two subjects share an encoding.
    pub fn digest(&self) -> Digest {
        let mut canonical = b"weft-subject-v1\n".to_vec();
        let mut field = |text: &str| {
            canonical.extend_from_slice(&(text.len() as u64).to_be_bytes());
            canonical.extend_from_slice(text.as_bytes());
        };
        for change in &self.changes {
            field(&change.path);
            for side in [&change.old, &change.new] {
                match side {
                    None => field("absent"),
                    Some(blob) => {
                        field("blob");
                        field(&blob.mode);
                        field(&blob.id);
                        field(&blob.sha256);
                    }
                }
            }
        }
        Digest::of(&canonical)
    }
}
