//! Repositories that weft cannot work on, and what it says of each.

#![allow(clippy::unwrap_used, clippy::panic)]

mod temp;

use std::path::Path;

use temp::{Repo, TestKey, hand, now};
use weft::error::ErrorKind;
use weft::history::{Hand, Queue, commit};
use weft::review::Source;

fn refused(path: &Path) -> String {
    let error = Queue::open(path, None).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Repository);
    assert!(!error.hints().is_empty(), "{error}");
    error.to_string()
}

/// What `git init --object-format=sha256` and `--ref-format=reftable` leave behind.
fn repository(folder: &Path, extension: &str) {
    git2::Repository::init(folder).unwrap();
    let text =
        format!("[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\t{extension}\n");
    std::fs::write(folder.join(".git/config"), text).unwrap();
}

#[test]
fn formats_libgit2_cannot_open_are_named() {
    for (extension, name) in [("objectformat = sha256", "SHA-256"), ("refstorage = reftable", "reftable")] {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path(), extension);
        let error = refused(folder.path());
        assert!(error.contains(name), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path()).contains("cannot open the git repository"));
}

#[test]
fn unborn_and_detached_are_named() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    let error = Queue::open(folder.path(), None).unwrap().target().unwrap_err();
    assert!(error.to_string().contains("has no commit yet"), "{error}");
    let repo = Repo::new();
    repo.git(&["checkout", "-q", "--detach"]);
    let error = repo.queue().target().unwrap_err();
    assert!(error.to_string().contains("HEAD is detached"), "{error}");
}

#[test]
fn a_shallow_clone_cannot_prove_anything() {
    let repo = Repo::new();
    repo.write_and_commit("more.txt", "more\n");
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (format!("file://{}", repo.path().display()), folder.path().join("clone"));
    repo.git(&["clone", "-q", "--depth", "1", &from, to.to_str().unwrap()]);
    let queue = Queue::open(&to, None).unwrap();
    let (_, tip) = queue.target().unwrap();
    let error = queue.repository(&tip).unwrap_err();
    assert!(error.to_string().contains("shallow clone"), "{error}");
}

#[test]
fn a_bare_repository_gets_the_commit_and_needs_no_work_tree() {
    let repo = Repo::new();
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.git");
    repo.git(&["clone", "-q", "--bare", repo.path().to_str().unwrap(), bare.to_str().unwrap()]);
    let queue = Queue::open(&bare, None).unwrap();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    let done = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    assert_eq!(repo.git(&["--git-dir", bare.to_str().unwrap(), "rev-parse", "main"]), done.code.unwrap());
}

#[test]
fn without_a_name_nothing_is_committed() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    let nobody = Hand { name: " ".into(), ..hand(Some(&key)) };
    let error = commit(&queue, &approved, &[], None, &review, &nobody).unwrap_err();
    assert!(error.hints()[0].contains("git config user.name"), "{error}");
    let error = commit(&queue, &approved, &[], None, &review, &hand(None)).unwrap_err();
    assert!(error.to_string().contains("there is no key"), "{error}");
}

#[test]
fn a_lock_left_behind_is_named_and_nothing_moves() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let lock = repo.path().join(".git/refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let approved = queue.approved(&id, &review, now()).unwrap();
    let before = repo.git(&["rev-parse", "main"]);
    let error = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert!(error.hints()[0].contains(".lock"), "{error}: {:?}", error.hints());
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
    std::fs::remove_file(&lock).unwrap();
    commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
}

#[test]
fn a_branch_checked_out_elsewhere_is_refused() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    repo.git(&["switch", "-q", "-c", "other"]);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tree");
    repo.git(&["worktree", "add", "-q", place.to_str().unwrap(), "main"]);
    let approved = queue.approved(&id, &review, now()).unwrap();
    let error = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert!(error.to_string().contains("is checked out in"), "{error}");
    let there = Queue::open(&place, None).unwrap();
    commit(&there, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    let status = repo.git(&["-C", place.to_str().unwrap(), "status", "--porcelain"]);
    assert_eq!(status, "");
}

#[test]
fn the_main_work_tree_is_seen_from_a_linked_one() {
    let repo = Repo::new();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tree");
    repo.git(&["worktree", "add", "-q", "-b", "other", place.to_str().unwrap()]);
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let linked = Queue::open(&place, None).unwrap();
    let approved = linked.approved(&id, &review, now()).unwrap();
    let error = commit(&linked, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert!(error.to_string().contains("is checked out in"), "{error}");
}
