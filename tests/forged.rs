//! What somebody with write access to the log and the queue could forge, and what must come of it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod temp;

use temp::{Repo, TestKey, hand, now};
use weft::error::{ErrorKind, Exit};
use weft::history::{commit, verify};
use weft::policy::{Report, Who};
use weft::review::{Blocker, Reason, Source};

#[test]
fn an_approval_is_spent_even_when_a_person_reverts_it() {
    let repo = Repo::new();
    let (queue, key) = (repo.queue(), TestKey::new(1));
    let mut policy = key.policy();
    policy.coverage.who = Who::All;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &policy.review, now()).unwrap();
    commit(&queue, &approved, &[], None, &policy.review, &hand(Some(&key))).unwrap();
    let reverted = repo.write_and_commit("src/app.py", "print('old')\n");
    repo.write_and_commit("src/app.py", "print('new')\n");
    let verdict = verify(&queue, &policy, Some(&reverted), "main", "refs/heads/main", now()).unwrap();
    assert_eq!(verdict.uncovered().count(), 1, "{verdict:#?}");
}

#[test]
fn a_range_may_pass_through_the_same_state_twice() {
    let repo = Repo::new();
    let (queue, key) = (repo.queue(), TestKey::new(1));
    let mut policy = key.policy();
    policy.coverage.who = Who::All;
    let start = repo.git(&["rev-parse", "main"]);
    repo.git(&["switch", "-q", "-c", "agent"]);
    for text in ["print('new')\n", "print('old')\n", "print('new')\n"] {
        repo.write_and_commit("src/app.py", text);
    }
    repo.write_and_commit("kept.txt", "another\n");
    repo.git(&["switch", "-q", "main"]);
    let (id, change) = repo.submit_range(&queue, "main", "agent");
    repo.approve(&queue, &id, &change, &key);
    repo.git(&["merge", "-q", "--ff-only", "agent"]);
    let verdict = verify(&queue, &policy, Some(&start), "main", "refs/heads/main", now()).unwrap();
    assert_eq!(verdict.uncovered().count(), 0, "{verdict:#?}");
}

#[test]
fn a_log_that_is_gone_does_not_open_the_gate() {
    let repo = Repo::new();
    let (queue, key) = (repo.queue(), TestKey::new(1));
    let mut policy = key.policy();
    policy.coverage.who = Who::Agents;
    let start = repo.git(&["rev-parse", "main"]);
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    repo.submit(&queue, &change, Source::Input);
    repo.write_and_commit("src/app.py", "print('new')\n");
    let check = || verify(&queue, &policy, Some(&start), "main", "refs/heads/main", now());
    assert_eq!(check().unwrap().uncovered().count(), 1);
    repo.git(&["update-ref", "-d", "refs/weft/log"]);
    let error = check().unwrap_err();
    assert_eq!((error.kind(), error.kind().exit()), (ErrorKind::Repository, Exit::Incomplete));
    assert!(error.to_string().contains("no log of decisions"), "{error}");
}

#[test]
fn a_live_secret_that_the_queue_calls_harmless_is_not_waived() {
    let repo = Repo::new();
    let (queue, key) = (repo.queue(), TestKey::new(1));
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let mut item = repo.item(&queue, &change, Source::Input, Vec::new(), Report::default());
    let blocker = |live| Blocker { key: "0123456789ab".into(), rule: "private-key".into(), live };
    item.blockers = vec![blocker(false)];
    let id = queue.submit(&item, b"{}\n", &change.originals(), &hand(None)).unwrap();
    let by = hand(Some(&key));
    let waive = |reason, expires| queue.waive(&id, "0123", reason, "for now", expires, &review, &by);
    let error = waive(Reason::AcceptedRisk, Some("2026-11-22")).unwrap_err();
    assert!(error.to_string().contains("is past"), "{error}");
    waive(Reason::AcceptedRisk, Some("2026-11-23")).unwrap();
    let approve =
        || queue.approve(&id, &change.subject(), &[blocker(true)], &Default::default(), &review, &by);
    let error = approve().unwrap_err();
    assert!(error.to_string().contains("may be a live secret"), "{error}");
    waive(Reason::FalsePositive, None).unwrap();
    approve().unwrap();
}
