//! `verify` by content: squash, rebase, merge and merge queue of approved changes pass, made by plain git; one changed
//! byte, mode or path, a half, a mixture, or an old state brought back does not.

#![allow(clippy::unwrap_used, clippy::panic)]

mod temp;

use temp::{Repo, TestChange, TestKey, hand, now};
use weft::history::{Queue, Standing, Verdict, commit, verify};
use weft::policy::{Policy, Who};
use weft::review::Source;

struct Story {
    repo: Repo,
    queue: Queue,
    key: TestKey,
    start: String,
}

impl Story {
    fn new() -> Story {
        let repo = Repo::new();
        let start = repo.git(&["rev-parse", "HEAD"]);
        Story { queue: repo.queue(), key: TestKey::new(1), start, repo }
    }

    fn policy(&self) -> Policy {
        let mut policy = self.key.policy();
        policy.coverage.who = Who::All;
        policy
    }

    fn verify(&self) -> Verdict {
        verify(&self.queue, &self.policy(), Some(&self.start), "main", "refs/heads/main", now()).unwrap()
    }

    fn passes(&self) {
        let verdict = self.verify();
        assert!(verdict.uncovered().next().is_none(), "{verdict:#?}");
        assert!(!verdict.commits.is_empty());
    }

    /// The reasons of the uncovered commits.
    fn fails(&self) -> Vec<(String, Vec<String>)> {
        let verdict = self.verify();
        let reasons: Vec<_> = verdict
            .uncovered()
            .map(|one| match &one.standing {
                Standing::Uncovered { why, paths } => (why.clone(), paths.clone()),
                _ => unreachable!(),
            })
            .collect();
        assert!(!reasons.is_empty(), "{verdict:#?}");
        reasons
    }

    /// A branch `agent` of three commits, the second of which holds a state that the third changes again; approved.
    fn branch(&self) -> TestChange {
        self.repo.git(&["switch", "-q", "-c", "agent"]);
        self.repo.write_and_commit("src/new.py", "print(1)\n");
        self.repo.write_and_commit("src/app.py", "print('halfway')\n");
        self.repo.write_and_commit("src/app.py", "print('new')\n");
        self.repo.git(&["switch", "-q", "main"]);
        self.approve_range("main", "agent")
    }

    fn approve_range(&self, base: &str, head: &str) -> TestChange {
        let (id, change) = self.repo.submit_range(&self.queue, base, head);
        self.repo.approve(&self.queue, &id, &change, &self.key);
        change
    }

    fn approve(&self, files: &[(&str, Option<&str>)]) -> String {
        let change = self.repo.change(files);
        let id = self.repo.submit(&self.queue, &change, Source::Input);
        self.repo.approve(&self.queue, &id, &change, &self.key);
        id
    }

    fn land(&self, id: &str) {
        let review = self.policy().review;
        let approved = self.queue.approved(id, &review, now()).unwrap();
        commit(&self.queue, &approved, &[], None, &review, &hand(Some(&self.key))).unwrap();
    }
}

#[test]
fn what_weft_commits_is_covered() {
    let story = Story::new();
    let id = story.approve(&[("src/app.py", Some("print('new')\n")), ("gone.txt", None)]);
    story.land(&id);
    story.passes();
    assert_eq!(story.verify().commits[0].standing, Standing::Approved { by: vec![id] });
}

#[test]
fn squash_rebase_merge_and_fast_forward_pass() {
    for way in ["squash", "rebase", "merge", "forward"] {
        let story = Story::new();
        let repo = &story.repo;
        story.branch();
        if way != "forward" {
            let other = repo.change(&[("other.txt", Some("meanwhile\n"))]);
            let id = repo.submit(&story.queue, &other, Source::Input);
            repo.approve(&story.queue, &id, &other, &story.key);
            repo.write_and_commit("other.txt", "meanwhile\n");
        }
        match way {
            "squash" => {
                repo.git(&["merge", "-q", "--squash", "agent"]);
                repo.git(&["commit", "-q", "-m", "squashed (#1)"]);
            }
            "rebase" => {
                repo.git(&["switch", "-q", "agent"]);
                repo.git(&["rebase", "-q", "main"]);
                repo.git(&["switch", "-q", "main"]);
                repo.git(&["merge", "-q", "--ff-only", "agent"]);
            }
            "merge" => {
                repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "agent"]);
            }
            _ => {
                repo.git(&["merge", "-q", "--ff-only", "agent"]);
            }
        }
        story.passes();
    }
}

#[test]
fn two_approved_changes_in_one_squash_pass() {
    let story = Story::new();
    let one = story.repo.git(&["rev-parse", "main"]);
    story.branch();
    story.repo.git(&["switch", "-q", "-c", "more", "agent"]);
    story.repo.write_and_commit("src/app.py", "print('newer')\n");
    story.repo.git(&["switch", "-q", "main"]);
    story.approve_range("agent", "more");
    assert_eq!(one, story.repo.git(&["rev-parse", "main"]));
    story.repo.git(&["merge", "-q", "--squash", "more"]);
    story.repo.git(&["commit", "-q", "-m", "both"]);
    story.passes();
}

#[test]
fn one_changed_byte_mode_or_path_fails_and_is_named() {
    for (path, text, mode) in
        [("src/new.py", "print(2)\n", false), ("src/new.py", "print(1)\n", true), ("src/New2.py", "x", false)]
    {
        let story = Story::new();
        story.branch();
        story.repo.git(&["merge", "-q", "--squash", "agent"]);
        story.repo.write(path, text);
        story.repo.git(&["add", "-A"]);
        if mode {
            story.repo.git(&["update-index", "--chmod=+x", path]);
        }
        story.repo.git(&["commit", "-q", "-m", "squashed, and a little more"]);
        let reasons = story.fails();
        assert_eq!(reasons[0].1, [path], "{reasons:?}");
    }
}

#[test]
fn something_slipped_into_a_merge_is_its_own_change() {
    let story = Story::new();
    let repo = &story.repo;
    story.branch();
    let id = story.approve(&[("other.txt", Some("meanwhile\n"))]);
    story.land(&id);
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "agent"]);
    repo.write("kept.txt", "slipped in\n");
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "-m", "merge"]);
    assert_eq!(story.fails()[0].1, ["kept.txt"]);
}

#[test]
fn a_merge_that_drops_a_side_is_no_clean_merge() {
    let story = Story::new();
    story.branch();
    let id = story.approve(&[("other.txt", Some("meanwhile\n"))]);
    story.land(&id);
    story.repo.git(&["merge", "-q", "--no-ff", "-s", "ours", "-m", "merge", "agent"]);
    assert_eq!(story.fails()[0].1, ["src/app.py", "src/new.py"]);
}

#[test]
fn half_an_approval_is_none() {
    let story = Story::new();
    story.branch();
    story.repo.git(&["checkout", "-q", "agent", "--", "src/app.py"]);
    story.repo.git(&["commit", "-q", "-m", "only one file"]);
    assert!(story.fails()[0].0.contains("its commit 1 of 3 is missing"), "{:?}", story.fails());

    let story = Story::new();
    story.branch();
    story.repo.git(&["merge", "-q", "--ff-only", "agent~1"]);
    assert!(story.fails()[0].0.contains("its commit 3 of 3 is missing"), "{:?}", story.fails());
}

#[test]
fn halves_of_two_approvals_do_not_mix() {
    let story = Story::new();
    story.approve(&[("src/app.py", Some("A\n")), ("kept.txt", Some("A\n"))]);
    story.approve(&[("src/app.py", Some("B\n")), ("kept.txt", Some("B\n")), ("third.txt", Some("B\n"))]);
    story.repo.write("src/app.py", "A\n");
    story.repo.write("kept.txt", "B\n");
    story.repo.git(&["commit", "-q", "-a", "-m", "mixed"]);
    assert!(story.fails()[0].0.contains("not whole"));
}

#[test]
fn an_old_state_is_not_brought_back() {
    let story = Story::new();
    let id = story.approve(&[("src/app.py", Some("vulnerable\n"))]);
    story.land(&id);
    let id = story.approve(&[("src/app.py", Some("print('old')\n")), ("note.txt", Some("reverted\n"))]);
    story.land(&id);
    story.passes();
    let middle = story.repo.git(&["rev-parse", "main"]);
    story.repo.write_and_commit("src/app.py", "vulnerable\n");
    assert_eq!(story.fails()[0].1, ["src/app.py"]);
    let only =
        verify(&story.queue, &story.policy(), Some(&middle), "main", "refs/heads/main", now()).unwrap();
    assert_eq!(only.uncovered().count(), 1, "also when the first landing lies before the range: {only:#?}");
}

#[test]
fn approvals_count_for_their_branch_only() {
    let story = Story::new();
    story.branch();
    story.repo.git(&["merge", "-q", "--ff-only", "agent"]);
    let other =
        verify(&story.queue, &story.policy(), Some(&story.start), "main", "refs/heads/release", now())
            .unwrap();
    assert_eq!(other.uncovered().count(), 3);
}

#[test]
fn agents_are_covered_and_people_exempt_when_the_policy_says_so() {
    let story = Story::new();
    let mut policy = story.policy();
    policy.coverage.who = Who::Agents;
    let check = |policy: &Policy| {
        verify(&story.queue, policy, Some(&story.start), "main", "refs/heads/main", now()).unwrap()
    };
    story.repo.write_and_commit("kept.txt", "by a person\n");
    let error = verify(&story.queue, &policy, Some(&story.start), "main", "refs/heads/main", now());
    assert_eq!(error.unwrap_err().kind(), weft::error::ErrorKind::Repository, "without a log nobody can say");
    story.approve(&[("other.txt", Some("submitted\n"))]);
    assert!(matches!(check(&policy).commits[0].standing, Standing::Exempt { .. }));
    story.repo.write("src/app.py", "by an agent\n");
    story.repo.git(&[
        "commit",
        "-q",
        "-a",
        "-m",
        "change\n\nCo-authored-by: Helper <helper[bot]@users.example>\n",
    ]);
    assert_eq!(check(&policy).uncovered().count(), 1);
    policy.coverage.since = Some("main".into());
    assert!(check(&policy).commits.is_empty());
}

#[test]
fn what_was_submitted_and_not_approved_is_not_exempt() {
    let story = Story::new();
    let mut policy = story.policy();
    policy.coverage.who = Who::Agents;
    let change = story.repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = story.repo.submit(&story.queue, &change, Source::Input);
    story.repo.write_and_commit("src/app.py", "print('new')\n");
    let verdict =
        verify(&story.queue, &policy, Some(&story.start), "main", "refs/heads/main", now()).unwrap();
    let why = format!("item {id} is pending");
    assert!(
        matches!(&verdict.commits[0].standing, Standing::Uncovered { why: said, .. } if *said == why),
        "{verdict:#?}"
    );
}

#[test]
fn an_edited_item_counts_no_more_and_is_named() {
    let story = Story::new();
    let id = story.approve(&[("src/app.py", Some("print('new')\n"))]);
    story.land(&id);
    story.passes();
    story.repo.edit("refs/weft/log", &format!("items/{id}/item.json"), "01-architect", "01-architecT");
    let verdict = story.verify();
    assert_eq!(verdict.uncovered().count(), 1);
    assert!(verdict.notes[0].contains(&id), "{verdict:#?}");
}
