//! The whole story in temporary repositories: submit, show, approve with a key, commit, verify; then everything that
//! must not pass. Plain `git` and `ssh-keygen` take part as third parties where they are installed.

#![allow(clippy::unwrap_used, clippy::panic)]

mod temp;

use temp::{Repo, TestKey, hand, now};
use weft::artifact::{Action, Original, Role};
use weft::error::ErrorKind;
use weft::history::commit;
use weft::review::{Reason, Source, State};

#[test]
fn what_is_approved_is_committed_byte_for_byte() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let policy = key.policy();
    let mut change = repo.change(&[
        ("src/app.py", Some("print('new')\r\n")),
        ("gone.txt", None),
        ("run.sh", Some("#!/bin/sh\n")),
    ]);
    change.executable("run.sh");
    let id = repo.submit(&queue, &change, Source::Input);

    let (state, item, _) = queue.item(&id, &policy.review, now()).unwrap();
    assert_eq!(state.state, State::Pending);
    let shown = weft::review::show_text(&item, &state);
    assert!(shown.contains(&item.about.subject), "{shown}");
    let held = queue.approved(&id, &policy.review, now()).unwrap_err();
    assert_eq!(held.kind(), ErrorKind::Held);

    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &policy.review, now()).unwrap();
    let done = commit(&queue, &approved, &[], None, &policy.review, &hand(Some(&key))).unwrap();

    let code = done.code.unwrap();
    assert_eq!(repo.git(&["rev-parse", "refs/heads/main"]), code);
    assert_eq!(repo.raw(&["cat-file", "blob", "main:src/app.py"]), b"print('new')\r\n");
    assert_eq!(repo.git(&["ls-tree", "main", "run.sh"]).split(' ').next(), Some("100755"));
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "index and work tree follow");
    let message = repo.git(&["log", "-1", "--format=%B", "main"]);
    assert!(
        message.contains(&format!("Weft-Item: {id}"))
            && message.contains("Reviewed-by: Anna <anna@example.org>")
    );
    let files = repo.git(&["ls-tree", "-r", "--name-only", "refs/weft/history"]);
    assert!(files.contains("checkout/01-architect/out/"), "{files}");
    assert_eq!(queue.list(&policy.review, now()).unwrap()[0].state, State::Committed);
    let again = commit(&queue, &approved, &[], None, &policy.review, &hand(Some(&key))).unwrap();
    assert_eq!(again.code.as_deref(), Some(code.as_str()), "a second run finds it done");
}

#[test]
fn changed_originals_do_not_land() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Reply { path: "reply.md".into() });
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    let other = Original::new("src/app.py", Role::Code, Action::Update, b"print('evil')\n".to_vec());
    let error = commit(&queue, &approved, &[other], None, &review, &hand(Some(&key))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("src/app.py"), "{error}");
    let right = change.originals();
    commit(&queue, &approved, &right, None, &review, &hand(Some(&key))).unwrap();
}

#[test]
fn a_branch_that_moved_under_an_approval_is_named() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    repo.write_and_commit("other.txt", "no path of the change\n");
    repo.write_and_commit("src/app.py", "print('moved')\n");
    let error = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("src/app.py is not what it was"), "{error}");
}

#[test]
fn a_base_that_moved_elsewhere_keeps_the_approval() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    repo.write_and_commit("other.txt", "no path of the change\n");
    let approved = queue.approved(&id, &review, now()).unwrap();
    commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    assert_eq!(repo.git(&["show", "main:other.txt"]), "no path of the change");
}

#[test]
fn work_of_the_person_is_never_overwritten() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    repo.write("src/app.py", "print('mine, not committed')\n");
    let approved = queue.approved(&id, &review, now()).unwrap();
    let error = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Repository);
    assert!(error.to_string().contains("has changes of its own"), "{error}");
}

#[test]
fn whoever_is_no_reviewer_decides_nothing() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    let stranger = TestKey::new(9);
    for hand in [hand(Some(&stranger)), hand(None)] {
        let subject = change.subject();
        assert!(queue.approve(&id, &subject, &[], &Default::default(), &review, &hand).is_err());
        assert!(queue.reject(&id, "no", &review, &hand).is_err());
        assert!(queue.waive(&id, "0", Reason::WontFix, "no", None, &review, &hand).is_err());
    }
    assert_eq!(queue.item(&id, &review, now()).unwrap().0.state, State::Pending);
}

#[test]
fn an_edited_queue_item_or_event_is_named() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    let reference = format!("refs/weft/queue/{id}");
    let before = repo.git(&["rev-parse", &reference]);
    repo.edit(&reference, "item.json", "01-architect", "01-architecT");
    let error = queue.item(&id, &review, now()).unwrap_err();
    assert!(error.to_string().contains(&format!("queue item {id}")), "{error}");
    repo.git(&["update-ref", &reference, &before]);

    repo.approve(&queue, &id, &change, &key);
    let path = format!("items/{id}/events/000002-approved.json");
    for (from, to) in [("refs/heads/main", "refs/heads/maiN"), ("\"nonce\":\"n", "\"nonce\":\"m")] {
        let log = repo.git(&["rev-parse", "refs/weft/log"]);
        repo.edit("refs/weft/log", &path, from, to);
        let error = queue.approved(&id, &review, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("000002-approved.json"), "{error}");
        repo.git(&["update-ref", "refs/weft/log", &log]);
    }
    queue.approved(&id, &review, now()).unwrap();
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    for files in [
        [("kept.txt", None), ("kept.txt/inside", Some("now a folder\n"))],
        [("kept.txt/inside", None), ("kept.txt", Some("a file again\n"))],
    ] {
        let change = repo.change(&files);
        let id = repo.submit(&queue, &change, Source::Input);
        repo.approve(&queue, &id, &change, &key);
        let approved = queue.approved(&id, &review, now()).unwrap();
        commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
    assert_eq!(repo.git(&["show", "main:kept.txt"]), "a file again");
}

#[test]
fn a_folder_that_holds_work_of_the_person_does_not_make_room() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", None), ("src", Some("a file now\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    repo.write("src/deep/mine.txt", "not committed\n");
    let error = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap_err();
    assert!(error.to_string().contains("src has changes of its own"), "{error}");
    assert!(repo.path().join("src/app.py").exists() && repo.path().join("src/deep/mine.txt").exists());
    std::fs::remove_file(repo.path().join("src/deep/mine.txt")).unwrap();
    commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    assert_eq!(std::fs::read_to_string(repo.path().join("src")).unwrap(), "a file now\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn staged_changes_land_and_later_edits_stay() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    repo.write("src/app.py", "print('staged')\n");
    repo.git(&["add", "src/app.py"]);
    repo.write("src/app.py", "print('edited since')\n");
    let subject = weft::ingest::git::staged_changes(&repo.path()).unwrap();
    let change = repo.change(&[("src/app.py", Some("print('staged')\n"))]);
    assert_eq!(subject, change.subject(), "ingest and history name the same bytes");
    let id = repo.submit(&queue, &change, Source::Staged);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    assert_eq!(repo.git(&["show", "main:src/app.py"]), "print('staged')");
    assert_eq!(repo.git(&["status", "--porcelain"]), "M src/app.py", "the later edit is there, unstaged");
    assert_eq!(std::fs::read_to_string(repo.path().join("src/app.py")).unwrap(), "print('edited since')\n");
}

#[test]
fn an_approval_that_is_too_old_can_be_given_again() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let mut review = key.policy().review;
    review.valid_days = Some(1);
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let later: jiff::Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
    assert!(queue.approved(&id, &review, later).is_err());
    let again = weft::history::Hand { now: later, ..hand(Some(&key)) };
    queue.approve(&id, &change.subject(), &[], &Default::default(), &review, &again).unwrap();
    queue.approved(&id, &review, later).unwrap();
    queue.reject(&id, "second thoughts", &review, &again).unwrap();
    let error = queue.approve(&id, &change.subject(), &[], &Default::default(), &review, &again).unwrap_err();
    assert!(error.to_string().contains("rejected already"), "{error}");
}
