//! Where a cache may be: a folder and a file of the person who runs weft, closed to everybody else.

use std::fs::{self, File, Metadata};
use std::path::Path;

/// Whoever runs this.
pub(super) struct Owner(Metadata);

/// Makes the folder when it is missing. `None` when it is somebody else's, or others may write to it.
pub(super) fn prepare(folder: &Path) -> Option<Owner> {
    if fs::symlink_metadata(folder).is_err() {
        make(folder)?;
        // In a tree, it is no part of what is scanned or committed.
        fs::write(folder.join(".gitignore"), "*\n").ok()?;
    }
    let metadata = fs::symlink_metadata(folder).ok().filter(Metadata::is_dir)?;
    let owner = Owner::of(folder)?;
    owner.alone(&metadata).then_some(owner)
}

/// Why what is kept at `path` is left alone: others may have written it. Nothing when it may be used, is not there, or
/// when nothing can be kept there anyway. A clause, and what to do: `setting` names another place.
pub(crate) fn refused(path: &Path, setting: &str) -> Option<String> {
    let folder = path.parent()?;
    let metadata = fs::symlink_metadata(folder).ok()?;
    let shown = folder.display();
    if !metadata.is_dir() {
        return Some(format!("{shown} is a link or no folder; name a folder with {setting}"));
    }
    let owner = Owner::of(folder)?;
    if let Some(fault) = owner.fault(&metadata) {
        let remedy = "make it yours alone (`chmod go-w`), or name another";
        return Some(format!("{shown} {fault}; {remedy} with {setting}"));
    }
    let kept = fs::symlink_metadata(path).ok()?;
    let shown = path.display();
    if !kept.is_file() {
        return Some(format!("{shown} is a link or no file; delete it"));
    }
    owner.fault(&kept).map(|fault| format!("{shown} {fault}; it is replaced"))
}

/// The regular file at `path`, when it is the owner's and closed to others.
pub(super) fn open(path: &Path, owner: &Owner) -> Option<File> {
    let named = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    let file = File::open(path).ok()?;
    let opened = file.metadata().ok()?;
    (opened.is_file() && owner.alone(&opened) && same(&named, &opened)).then_some(file)
}

#[cfg(unix)]
fn make(folder: &Path) -> Option<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()
}

#[cfg(not(unix))]
fn make(folder: &Path) -> Option<()> {
    fs::create_dir_all(folder).ok()
}

impl Owner {
    /// A file that is made here belongs to whoever makes it: the one question that needs no system call of its own.
    fn of(folder: &Path) -> Option<Self> {
        tempfile::tempfile_in(folder).and_then(|file| file.metadata()).ok().map(Owner)
    }

    /// Whether something is the owner's, and nobody else may write to it.
    fn alone(&self, metadata: &Metadata) -> bool {
        self.fault(metadata).is_none()
    }

    /// What of it lets others in.
    #[cfg(unix)]
    fn fault(&self, metadata: &Metadata) -> Option<&'static str> {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.uid() != self.0.uid() {
            return Some("is somebody else's");
        }
        (metadata.mode() & 0o022 != 0).then_some("can be written to by others")
    }

    #[cfg(not(unix))]
    fn fault(&self, _metadata: &Metadata) -> Option<&'static str> {
        (!self.0.is_file()).then_some("is no file")
    }
}

/// Whether what was opened is what the name led to without links.
#[cfg(unix)]
fn same(named: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (named.dev(), named.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn same(_named: &Metadata, _opened: &Metadata) -> bool {
    true
}
