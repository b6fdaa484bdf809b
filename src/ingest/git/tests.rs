use std::fs;

use git2::{IndexEntry, IndexTime, RepositoryInitOptions, Signature, Time};

use super::*;
use crate::artifact::{Action, Entry, Lines, Origin, Original, Role, Submission};
use crate::finding::NoteKind;
use crate::ingest::{applied, read, reply};

/// A repository of its own, with settings of its own.
struct Fixture {
    folder: tempfile::TempDir,
    repo: Repository,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let repo = Repository::init_opts(folder.path(), &options).unwrap();
        Fixture { folder, repo }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts `text` into the index alone; the disk does not count.
    fn add(&self, path: &str, mode: u32, text: &str) -> &Self {
        let mut index = self.repo.index().unwrap();
        index.add_frombuffer(&entry(path, mode, 0), text.as_bytes()).unwrap();
        index.write().unwrap();
        self
    }

    fn remove(&self, path: &str) -> &Self {
        let mut index = self.repo.index().unwrap();
        index.remove_path(Path::new(path)).unwrap();
        index.write().unwrap();
        self
    }

    fn commit(&self) -> String {
        let tree = self.repo.find_tree(self.repo.index().unwrap().write_tree().unwrap()).unwrap();
        let who = Signature::new("A", "a@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        let parent = self.repo.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        self.repo.commit(Some("HEAD"), &who, &who, "x", &tree, &parents).unwrap().to_string()
    }
}

fn entry(path: &str, mode: u32, flags: u16) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: Oid::ZERO_SHA1,
        flags,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

const FILE: u32 = 0o100644;
const EXECUTABLE: u32 = 0o100755;
const LINK: u32 = 0o120000;

fn found(submission: &Submission) -> Vec<(&str, Action)> {
    submission.entries.iter().map(|entry| (entry.path.as_str(), entry.action)).collect()
}

fn lines(range: std::ops::Range<u32>) -> Option<Lines> {
    Some(Lines::new(std::iter::once(range).collect()))
}

fn text(entry: &Entry) -> String {
    String::from_utf8(read(entry, &1000).unwrap().reveal().to_vec()).unwrap()
}

#[test]
fn the_index_counts_not_the_disk() {
    let git = Fixture::new();
    git.add("a.py", FILE, "one\ntwo\n").add("gone.py", FILE, "x\n").commit();
    git.add("a.py", FILE, "one\nnew\ntwo\n").add("b.md", FILE, "hi\n").remove("gone.py");
    fs::write(git.path().join("a.py"), "on disk\n").unwrap();
    let submission = staged(git.path()).unwrap();
    assert_eq!(submission.origin, Origin::Staged);
    assert_eq!(
        found(&submission),
        [("a.py", Action::Update), ("b.md", Action::Create), ("gone.py", Action::Delete)]
    );
    assert_eq!(text(&submission.entries[0]), "one\nnew\ntwo\n");
    assert_eq!(submission.entries[0].added, lines(2..3));
    assert_eq!((submission.entries[1].role, &submission.entries[1].added), (Role::Document, &None));
}

proptest::proptest! {
    #[test]
    fn lines_of_both_sets_are_those_that_either_alone_has(
        one in proptest::collection::vec((0u32..30, 0u32..6), 0..6),
        two in proptest::collection::vec((0u32..30, 0u32..6), 0..6),
    ) {
        let set = |ranges: &[(u32, u32)]| {
            Lines::new(ranges.iter().map(|(start, length)| *start..start + length).collect())
        };
        let (one, two) = (set(&one), set(&two));
        for line in 0..40 {
            let both = one.touches(line, line) && two.touches(line, line);
            proptest::prop_assert_eq!(one.and(&two).touches(line, line), both);
        }
    }
}

#[test]
fn before_the_first_commit_all_is_new() {
    let git = Fixture::new();
    git.add("a.py", FILE, "x\n");
    assert_eq!(found(&staged(git.path()).unwrap()), [("a.py", Action::Create)]);
    assert_eq!(staged_changes(git.path()).unwrap().changes.len(), 1);
    let error = range(git.path(), "HEAD").err().unwrap();
    assert_eq!(error.to_string(), "the repository has no commit yet, so no `HEAD`");
}

#[test]
fn conflicts_and_intentions_are_not_checked() {
    let git = Fixture::new();
    git.add("a.py", FILE, "x\n").commit();
    let blob = git.repo.blob(b"y\n").unwrap();
    let mut index = git.repo.index().unwrap();
    index.remove_path(Path::new("a.py")).unwrap();
    for stage in 1..=3 {
        index.add(&IndexEntry { id: blob, ..entry("a.py", FILE, stage << 12) }).unwrap();
    }
    let intended = git2::IndexEntryExtendedFlag::INTENT_TO_ADD.bits();
    index
        .add(&IndexEntry { id: blob, flags: 0x4000, flags_extended: intended, ..entry("new.py", FILE, 0) })
        .unwrap();
    index.write().unwrap();
    let submission = staged(git.path()).unwrap();
    assert_eq!(found(&submission), []);
    let notes: Vec<_> = submission.notes.iter().map(|note| (note.kind, note.path.as_str())).collect();
    assert_eq!(notes, [(NoteKind::NotChecked, "a.py"), (NoteKind::NotChecked, "new.py")]);
    assert_eq!(staged_changes(git.path()).unwrap_err().kind(), ErrorKind::Repository);
}

#[test]
fn ranges() {
    let git = Fixture::new();
    let one = git.add("a.py", FILE, "1\n").commit();
    let two = git.add("a.py", FILE, "1\n2\n").commit();
    let three = git.add("b.py", FILE, "3\n").commit();
    let of = |range: &str| {
        let submission = super::range(git.path(), range).unwrap();
        let paths: Vec<String> = submission.entries.iter().map(|entry| entry.path.clone()).collect();
        (submission.origin, paths)
    };
    let parted = |base: &str, trusted: &str, head: &str| Origin::Range {
        base: base.into(),
        trusted: trusted.into(),
        head: head.into(),
    };
    let origin = |base: &str, head: &str| parted(base, base, head);
    assert_eq!(of(&format!("{one}..{three}")), (origin(&one, &three), vec!["a.py".into(), "b.py".into()]));
    assert_eq!(of(&format!("{}..", &two[..10])), (origin(&two, &three), vec!["b.py".into()]));
    assert_eq!(of("HEAD"), (origin(&two, &three), vec!["b.py".into()]));
    assert_eq!(of(&one), (origin(NO_COMMIT, &one), vec!["a.py".into()]));
    assert_eq!(of(&format!("{three}...{two}")), (parted(&two, &three, &two), vec![]));
    let error = super::range(git.path(), "nope..HEAD").err().unwrap();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Usage, "`nope` names no commit of this repository".into())
    );
    assert_eq!(changes(git.path(), NO_COMMIT, &three).unwrap().changes.len(), 2);
    assert_eq!(resolve(git.path(), "main").unwrap(), three);
}

#[test]
fn a_range_starts_where_the_branches_parted() {
    let git = Fixture::new();
    let base = git.add("a.py", FILE, "1\n").commit();
    let main = git.add("main.py", FILE, "1\n").commit();
    git.repo.reference("refs/heads/side", Oid::from_str(&base).unwrap(), true, "x").unwrap();
    git.repo.set_head("refs/heads/side").unwrap();
    let side = git.remove("main.py").add("side.py", FILE, "1\n").commit();
    let origin = Origin::Range { base, trusted: main.clone(), head: side.clone() };
    for dots in ["..", "..."] {
        let submission = range(git.path(), &format!("{main}{dots}{side}")).unwrap();
        assert_eq!(found(&submission), [("side.py", Action::Create)]);
        assert_eq!(submission.origin, origin);
    }
}

#[test]
fn renames_modes_links_and_submodules() {
    let git = Fixture::new();
    let body: String = (1..20).map(|line| format!("line {line}\n")).collect();
    git.add("src/old.py", FILE, &body)
        .add("notes.txt", FILE, &body.to_uppercase())
        .add("run", FILE, "x\n")
        .commit();
    git.remove("src/old.py").add("src/new.py", FILE, &format!("{body}more\n"));
    git.remove("notes.txt").add("src/notes.py", FILE, &body.to_uppercase());
    git.add("run", EXECUTABLE, "x\n").add("link", LINK, "run");
    let commit = Oid::from_str("1234567890123456789012345678901234567890").unwrap();
    let mut index = git.repo.index().unwrap();
    index.add(&IndexEntry { id: commit, ..entry("sub", 0o160000, 0) }).unwrap();
    index.write().unwrap();
    git.commit();
    let submission = range(git.path(), "HEAD").unwrap();
    let of = |path: &str| submission.entries.iter().find(|entry| entry.path == path).unwrap();
    assert_eq!(of("src/old.py").action, Action::Delete);
    assert_eq!(of("src/new.py").added, lines(20..21));
    // Text that becomes code counts as a whole, and so does what becomes executable.
    assert_eq!((&of("src/notes.py").added, of("run").mode), (&None, Mode::Executable));
    assert_eq!(of("run").added, None);
    assert_eq!((of("link").mode, text(of("link"))), (Mode::Symlink, "run".into()));
    assert_eq!((of("sub").mode, text(of("sub"))), (Mode::Submodule, commit.to_string()));
    assert_eq!(submission.symlinks, ["link"]);
    assert_eq!(symlinks(git.path()).unwrap(), ["link"]);
    assert_eq!(submission.notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::Unsupported]);
    let head = resolve(git.path(), "HEAD").unwrap();
    let base = resolve(git.path(), "HEAD^").unwrap();
    let subject = changes(git.path(), &base, &head).unwrap();
    let run = subject.changes.iter().find(|change| change.path == "run").unwrap();
    let modes = [&run.old, &run.new].map(|side| side.as_ref().unwrap().mode.clone());
    assert_eq!(modes, ["100644", "100755"]);
    assert_eq!(subject.changes.len(), 7);
}

#[test]
fn binary_content_counts_as_a_whole() {
    let git = Fixture::new();
    git.add("x.bin", FILE, "a\0b\n").commit();
    git.add("x.bin", FILE, "a\0b\nc\n").commit();
    assert_eq!(range(git.path(), "HEAD").unwrap().entries[0].added, None);
}

#[test]
fn a_result_in_a_range_knows_its_prompts() {
    let git = Fixture::new();
    git.add("user-auth/03-ui/in/a_prompt.md", FILE, "---\nfeature: user-auth\n---\n\nask\n");
    git.add("user-auth/03-ui/out/20260114_224107_123456_result.md", FILE, "x").commit();
    let submission = range(git.path(), "HEAD").unwrap();
    assert_eq!((submission.entries[1].role, submission.entries[1].prompts.len()), (Role::Reply, 4));
    let whole = snapshot(git.path(), "HEAD").unwrap();
    assert_eq!((whole.origin, whole.entries.len()), (Origin::History, 2));
}

#[test]
fn trees_at_a_commit() {
    let git = Fixture::new();
    let one = git.add("src/a.py", FILE, "1\n").add("link", LINK, "src").commit();
    git.add("src/a.py", FILE, "2\n").add("src/b.py", FILE, "3\n").commit();
    assert_eq!(blob_at(git.path(), &one, "src/a.py").unwrap().as_deref(), Some(&b"1\n"[..]));
    assert_eq!(blob_at(git.path(), &one, "src/b.py").unwrap(), None);
    assert_eq!(blob_at(git.path(), &one, "src").unwrap(), None);
    fs::create_dir(git.path().join("src")).unwrap();
    let now = |path: &str| Entry::new(path, Role::Reply, Action::Inspect, Content::Bytes(Arc::new([])));
    let gone = Entry { action: Action::Delete, ..now("../link") };
    let then =
        baseline(&git.path().join("src"), &one, &[now("a.py"), now("b.py"), now("../../x"), gone]).unwrap();
    assert_eq!(found(&then), [("a.py", Action::Inspect)]);
    assert_eq!((then.entries[0].role, text(&then.entries[0])), (Role::Reply, "1\n".into()));
    assert_eq!(then.symlinks, ["link"]);
}

fn reply_of(text: &str) -> Vec<Original> {
    applied(&read(&reply::stdin(text.as_bytes()).entries[0], &100_000).unwrap())
}

#[test]
fn the_subject_of_a_reply_is_that_of_its_commit() {
    let git = Fixture::new();
    let base =
        git.add("run.sh", EXECUTABLE, "old").add("gone.py", FILE, "x").add("same.py", FILE, "x").commit();
    let files = reply_of(
        "```sh path=run.sh\nnew\n```\n```py path=./new/a.py\nx\n```\n```py path=gone.py action=delete\n```\n```py path=same.py\nx\n```\n```py path=never.py action=delete\n```\n",
    );
    let subject = reply_changes(git.path(), &base, &files).unwrap();
    let head = git.add("run.sh", EXECUTABLE, "new").add("new/a.py", FILE, "x").remove("gone.py").commit();
    assert_eq!(subject, changes(git.path(), &base, &head).unwrap());
    assert_eq!(subject.changes.len(), 3);
}

#[test]
fn a_reply_that_leads_out_has_no_subject() {
    let git = Fixture::new();
    let base = git.add("src/a.py", FILE, "x").add("link", LINK, "/etc").commit();
    for path in
        ["../x", "/etc/x", "a/../../x", ".git/config", "A/.GIT/x", "a\\b", "link/x", "src", "src/a.py/b"]
    {
        let error = reply_changes(git.path(), &base, &reply_of(&format!("```py path={path}\nx\n```\n")));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Repository, "{path}");
    }
    let both = reply_of("```py path=n\nx\n```\n```py path=n/m\nx\n```\n");
    assert!(reply_changes(git.path(), &base, &both).is_err());
    assert!(reply_changes(Fixture::new().path(), "HEAD", &both[..1]).is_ok());
}

#[test]
fn repositories_that_cannot_be_read_say_why() {
    let nowhere = tempfile::tempdir().unwrap();
    let error = staged(nowhere.path()).err().unwrap();
    assert!(error.to_string().ends_with("is not inside a git repository"), "{error}");
    for (setting, word) in [
        ("[extensions]\n\trefStorage = reftable\n", "reftable"),
        ("[extensions]\n\tobjectFormat = sha256\n", "SHA-256"),
    ] {
        let git = Fixture::new();
        let config = git.path().join(".git/config");
        fs::write(&config, format!("[core]\n\trepositoryformatversion = 1\n\tbare = false\n{setting}"))
            .unwrap();
        let error = staged(git.path()).err().unwrap();
        assert!(error.to_string().contains(word), "{error}: {:?}", std::error::Error::source(&error));
    }
    let bare = tempfile::tempdir().unwrap();
    Repository::init_bare(bare.path()).unwrap();
    assert_eq!(staged(bare.path()).err().unwrap().to_string(), "a bare repository has no index");
}

#[test]
fn a_blob_over_the_limit_or_missing_is_not_checked() {
    let git = Fixture::new();
    git.add("a.py", FILE, "0123456789").commit();
    let submission = range(git.path(), "HEAD").unwrap();
    let note = read(&submission.entries[0], &5).err().unwrap();
    assert!(note.kind == NoteKind::NotChecked && note.message.contains("the limit is 5"), "{}", note.message);
    fs::remove_dir_all(git.path().join(".git/objects")).unwrap();
    assert_eq!(read(&submission.entries[0], &50).err().unwrap().kind, NoteKind::NotChecked);
}
