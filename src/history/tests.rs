//! What needs to stop in the middle, or to see both repositories.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../tests/temp/mod.rs"]
mod temp;

use std::path::Path;

use temp::{Repo, TestKey, hand, now};

use super::commit::{Point, commit_until};
use super::{Done, Queue, commit};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::ReviewPolicy;
use crate::review::{Source, State};

const POINTS: [Point; 5] = [Point::Intended, Point::Written, Point::Moved, Point::Followed, Point::Recorded];

struct Story {
    repo: Repo,
    queue: Queue,
    key: TestKey,
    review: ReviewPolicy,
    id: String,
}

/// An approved item that changes, adds and removes a file.
fn approved(history: Option<&Path>) -> Story {
    let repo = Repo::new();
    let queue = Queue::open(&repo.path(), history).unwrap();
    let key = TestKey::new(1);
    let change = repo.change(&[
        ("src/app.py", Some("print('new')\n")),
        ("a/b.txt", Some("new\n")),
        ("gone.txt", None),
    ]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let review = key.policy().review;
    Story { repo, queue, key, review, id }
}

impl Story {
    fn run(&self, stop: Option<Point>) -> Result<Done> {
        let approved = self.queue.approved(&self.id, &self.review, now())?;
        let reached = |point: Point| match stop {
            Some(stop) if stop == point => Err(Error::new(ErrorKind::Io, "stopped")),
            _ => Ok(()),
        };
        commit_until(&self.queue, &approved, &[], None, &self.review, &hand(Some(&self.key)), &reached)
    }

    fn events(&self) -> Vec<String> {
        let files = self.repo.git(&["ls-tree", "-r", "--name-only", "refs/weft/log"]);
        let mut names: Vec<String> = files
            .lines()
            .filter(|name| name.ends_with(".json") && name.contains("/events/"))
            .map(|name| name.rsplit('/').next().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_run_that_is_cut_short_is_finished_to_the_same_commits() {
    let whole = approved(None);
    let expected = whole.run(None).unwrap();
    let expected_events = whole.events();
    for point in POINTS {
        let story = approved(None);
        assert_eq!(story.run(Some(point)).unwrap_err().to_string(), "stopped");
        let moved = story.repo.git(&["rev-parse", "main"]) == expected.code.clone().unwrap();
        assert_eq!(moved, matches!(point, Point::Moved | Point::Followed | Point::Recorded), "{point:?}");
        let done = story.run(None).unwrap();
        assert!(done.resumed, "{point:?}");
        assert_eq!((&done.code, &done.history), (&expected.code, &expected.history), "{point:?}");
        assert_eq!(story.events(), expected_events, "nothing is lost or doubled: {point:?}");
        assert_eq!(story.repo.git(&["status", "--porcelain"]), "", "{point:?}");
        assert_eq!(story.repo.git(&["rev-list", "--count", "main"]), "2");
        assert_eq!(story.repo.git(&["rev-list", "--count", "refs/weft/history"]), "1");
        assert!(!story.repo.path().join(".git/weft/originals").join(&story.id).exists());
    }
}

#[test]
fn every_point_twice_still_ends_in_the_same_commits() {
    let expected = approved(None).run(None).unwrap();
    let story = approved(None);
    for point in POINTS {
        for _ in 0..2 {
            let _ = story.run(Some(point));
        }
    }
    let done = story.run(None).unwrap();
    assert_eq!((done.code, done.history), (expected.code, expected.history));
    assert_eq!(story.queue.list(&story.review, now()).unwrap()[0].state, State::Committed);
}

#[test]
fn a_branch_that_moves_after_the_intent_gets_a_new_one() {
    let story = approved(None);
    story.run(Some(Point::Intended)).unwrap_err();
    let moved = story.repo.write_and_commit("other.txt", "meanwhile\n");
    let done = story.run(None).unwrap();
    assert_eq!(story.repo.git(&["rev-parse", &format!("{}^", done.code.unwrap())]), moved);
    assert_eq!(story.repo.git(&["status", "--porcelain"]), "");
}

/// An approved item, and an intent in its log that claims a commit of something else to be the approved one.
fn forged(key: &TestKey) -> (Story, String) {
    use crate::review::{Deed, Intent, Landed};
    let story = approved(None);
    let approved = story.queue.approved(&story.id, &story.review, now()).unwrap();
    let (state, ..) = story.queue.item(&story.id, &story.review, now()).unwrap();
    let head = story.repo.git(&["rev-parse", "main"]);
    story.repo.git(&["switch", "-q", "-c", "evil"]);
    let evil = story.repo.write_and_commit("src/app.py", "print('evil')\n");
    let content = story.repo.git(&["cat-file", "commit", &evil]) + "\n";
    story.repo.git(&["switch", "-q", "main"]);
    let landed = |reference: &str| Landed {
        reference: reference.into(),
        parent: Some(head.clone()),
        content: content.clone(),
        signature: "none".into(),
        commit: evil.clone(),
    };
    let intent = Intent {
        approval: approved.event().to_string(),
        code: Some(landed("refs/heads/main")),
        history: landed("refs/weft/history"),
    };
    let done = Deed::Committed { code: Some(evil.clone()), history: evil };
    for deed in [Deed::Intent(Box::new(intent)), done] {
        let hand = hand(Some(key));
        super::log::append(story.queue.keeper(), &hand, &state.about, &deed, &[], &|_| Ok(())).unwrap();
    }
    (story, head)
}

#[test]
fn what_a_stranger_claims_to_have_done_counts_for_nothing() {
    let (story, head) = forged(&TestKey::new(7));
    let (state, ..) = story.queue.item(&story.id, &story.review, now()).unwrap();
    assert_eq!(state.state, State::Approved);
    let refused: Vec<&str> = state.refused.iter().map(|one| one.event.as_str()).collect();
    assert_eq!(refused, ["intent", "committed"]);
    story.run(None).unwrap();
    assert_eq!(story.repo.git(&["rev-parse", "main^"]), head);
    assert_eq!(story.repo.git(&["show", "main:src/app.py"]), "print('new')");
}

#[test]
fn a_forged_intent_lands_nothing_else() {
    let (story, head) = forged(&TestKey::new(1));
    let error = story.run(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert!(error.to_string().contains("does not hold it"), "{error}");
    assert_eq!(story.repo.git(&["rev-parse", "main"]), head);
}

#[test]
fn only_a_reviewer_commits_and_finishes_what_they_began() {
    let story = approved(None);
    let run = |key: &TestKey, stop: Option<Point>| {
        let approved = story.queue.approved(&story.id, &story.review, now())?;
        let reached = |point: Point| match stop {
            Some(stop) if stop == point => Err(Error::new(ErrorKind::Io, "stopped")),
            _ => Ok(()),
        };
        commit_until(&story.queue, &approved, &[], None, &story.review, &hand(Some(key)), &reached)
    };
    let stranger = TestKey::new(7);
    let error = run(&stranger, None).unwrap_err();
    assert!(error.to_string().contains("is not the key of a reviewer"), "{error}");
    run(&story.key, Some(Point::Intended)).unwrap_err();
    let error = run(&stranger, None).unwrap_err();
    assert!(error.to_string().contains("is not the key of a reviewer"), "{error}");
    assert!(run(&story.key, None).unwrap().resumed);
    assert_eq!(story.queue.list(&story.review, now()).unwrap()[0].state, State::Committed);
}

/// An intent of the reviewer's `key` whose commits are what `spoil` makes of the right ones.
fn spoiled(key: &TestKey, spoil: impl Fn(&mut crate::review::Intent, &Repo)) -> Story {
    use crate::review::Deed;
    let story = approved(None);
    story.run(Some(Point::Intended)).unwrap_err();
    let (state, ..) = story.queue.item(&story.id, &story.review, now()).unwrap();
    let mut intent = state.intent.clone().unwrap().0;
    spoil(&mut intent, &story.repo);
    let deed = Deed::Intent(Box::new(intent));
    super::log::append(story.queue.keeper(), &hand(Some(key)), &state.about, &deed, &[], &|_| Ok(()))
        .unwrap();
    story
}

#[test]
fn an_intent_that_moves_another_ref_or_records_another_entry_is_not_followed() {
    let to_main = |intent: &mut crate::review::Intent, repo: &Repo| {
        let head = repo.git(&["rev-parse", "main"]);
        repo.git(&["switch", "-q", "-c", "evil"]);
        let evil = repo.write_and_commit("src/app.py", "print('evil')\n");
        repo.git(&["switch", "-q", "main"]);
        intent.code = None;
        intent.history.reference = "refs/heads/main".into();
        intent.history.parent = Some(head);
        intent.history.content = repo.git(&["cat-file", "commit", &evil]) + "\n";
        intent.history.commit = evil;
    };
    for key in [TestKey::new(1), TestKey::new(7)] {
        let story = spoiled(&key, to_main);
        story.run(None).unwrap();
        assert_eq!(story.repo.git(&["show", "main:src/app.py"]), "print('new')");
        assert_eq!(story.repo.git(&["rev-list", "--count", "main"]), "2");
    }
    let other_entry = |intent: &mut crate::review::Intent, _: &Repo| {
        let key = TestKey::new(1);
        let history = &mut intent.history;
        history.content = history.content.replace("Reviewed-by: Anna", "Reviewed-by: Emma");
        history.signature = crate::review::Signer::sign(&key, "git", history.content.as_bytes()).unwrap();
    };
    let story = spoiled(&TestKey::new(1), other_entry);
    let done = story.run(None).unwrap();
    let message = story.repo.git(&["log", "-1", "--format=%B", &done.history]);
    assert!(message.contains("Reviewed-by: Anna"), "{message}");
}

#[test]
fn an_item_whose_branch_moved_under_it_is_stale_until_it_moves_back() {
    let story = approved(None);
    let state = || story.queue.list(&story.review, now()).unwrap()[0].state;
    story.repo.write_and_commit("other.txt", "no path of the change\n");
    assert_eq!(state(), State::Approved);
    story.repo.write_and_commit("src/app.py", "print('moved')\n");
    assert_eq!(state(), State::Stale);
    let (_, item, _) = story.queue.item(&story.id, &story.review, now()).unwrap();
    assert_eq!(story.queue.moved(&item).unwrap().as_deref(), Some("src/app.py"));
    story.repo.write_and_commit("src/app.py", "print('old')\n");
    assert_eq!(state(), State::Approved);
    story.run(None).unwrap();
    assert_eq!(state(), State::Committed);
}

#[test]
fn a_history_repository_of_its_own_gets_upstreams_layout() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    let story = approved(Some(folder.path()));
    let done = story.run(None).unwrap();
    let history = git2::Repository::open(folder.path()).unwrap();
    let head = history.head().unwrap().peel_to_commit().unwrap();
    assert_eq!(head.id().to_string(), done.history);
    assert!(history.extract_signature(&head.id(), None).is_ok(), "it is signed");
    let result = folder.path().join("checkout/01-architect/out/20261123_080000_000000_result.md");
    let text = std::fs::read_to_string(result).unwrap();
    assert!(text.starts_with("---\nfeature: checkout\nagent: 01-architect\n"), "{text}");
    assert!(folder.path().join("checkout/01-architect/out/20261123_080000_000000_result.sarif").exists());
    assert!(history.find_reference("refs/weft/log").is_ok());
    assert_eq!(story.repo.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

#[test]
fn appending_at_the_same_time_loses_nothing() {
    let repo = Repo::new();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&repo.queue(), &change, Source::Input);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..3 {
                    repo.queue().comment(&id, &format!("{number}"), &review, &hand(None)).unwrap();
                }
            });
        }
    });
    let log = super::log::read(repo.queue().keeper()).map(|log| log.chain.events().len());
    assert_eq!(log.unwrap(), 13);
}

#[test]
fn what_came_from_standard_input_is_for_its_owner_only() {
    let story = approved(None);
    let folder = story.repo.path().join(".git/weft/originals").join(&story.id);
    assert_eq!(story.queue.kept(&story.id).unwrap().len(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("0000"))), (0o700, 0o600));
    }
    std::fs::write(folder.join("0000"), "edited").unwrap();
    let error = story.run(None).unwrap_err();
    assert!(error.to_string().contains("the approved bytes are not there any more"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn an_item_of_commits_is_recorded_and_commits_nothing() {
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    repo.git(&["switch", "-q", "-c", "agent"]);
    repo.write_and_commit("src/app.py", "print('new')\n");
    repo.git(&["switch", "-q", "main"]);
    let (id, change) = repo.submit_range(&queue, "main", "agent");
    repo.approve(&queue, &id, &change, &key);
    let before = repo.git(&["rev-parse", "main"]);
    let review = key.policy().review;
    let approved = queue.approved(&id, &review, now()).unwrap();
    let done = commit(&queue, &approved, &[], None, &review, &hand(Some(&key))).unwrap();
    assert_eq!(done.code, None);
    assert_eq!(queue.list(&review, now()).unwrap()[0].state, State::Committed);
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
    assert!(repo.git(&["cat-file", "-t", &done.history]) == "commit");
}
