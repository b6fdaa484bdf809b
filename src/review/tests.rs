//! The invariants of decisions, on whole logs.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use proptest::prelude::*;

use super::signature::tests::TestKey;
use super::*;
use crate::artifact::{Blob, Change, Digest, Subject};
use crate::error::ErrorKind;
use crate::policy::{Policy, Report, ReviewPolicy, Reviewer};
use crate::rule::RuleSet;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn policy() -> ReviewPolicy {
    let reviewer = |name: &str, seed: u8| Reviewer {
        name: name.into(),
        email: format!("{name}@example.org").to_lowercase(),
        key: TestKey::new(seed).key().to_line(),
    };
    ReviewPolicy { reviewer: vec![reviewer("Anna", 1), reviewer("Bert", 2)], ..ReviewPolicy::default() }
}

fn item(text: &str) -> ReviewItem {
    let blob =
        Blob { mode: "100644".into(), id: "1".repeat(40), sha256: Digest::of(text.as_bytes()).to_string() };
    let policy = Policy::default();
    ReviewItem::new(Draft {
        subject: Subject { changes: vec![Change { path: "a.py".into(), old: None, new: Some(blob) }] },
        feature: "checkout".into(),
        agent: "01-architect".into(),
        source: Source::Input,
        repository: "f".repeat(40),
        target: "refs/heads/main".into(),
        base: "b".repeat(40),
        submitter: Actor::Agent { name: "agent".into() },
        authors: vec!["Bert".into()],
        prompt: None,
        reply: None,
        before: &[],
        after: &[],
        steps: Vec::new(),
        report: Report::default(),
        policy: &policy,
        rules: &RuleSet::default(),
        digests: Digests::default(),
        nonce: "n".into(),
    })
    .unwrap()
}

/// A log that grows event by event.
#[derive(Default)]
struct Log {
    chain: Chain,
    stored: Vec<Stored>,
}

impl Log {
    fn add(&mut self, about: &Binding, deed: Deed, key: Option<&TestKey>) {
        let (seq, prev) = self.chain.next();
        let actor = match key {
            None => Actor::Agent { name: "agent".into() },
            Some(key) => Actor::Person {
                name: "x".into(),
                email: "x@example.org".into(),
                key: key.key().fingerprint(),
            },
        };
        let time = "2026-11-23T08:00:00Z".to_owned();
        let event =
            Event { version: 1, seq, prev, about: about.clone(), nonce: "n".into(), time, actor, deed };
        let stored = event.seal(key.map(|key| key as &dyn Signer)).unwrap();
        self.chain.push(&stored).unwrap();
        self.stored.push(stored);
    }

    fn submitted(item: &ReviewItem) -> Log {
        let mut log = Log::default();
        let digest = Digest::of(&item.bytes().unwrap()).to_string();
        log.add(&item.about, Deed::Submitted { item: digest, sarif: String::new() }, None);
        log
    }

    fn state(&self, item: &ReviewItem, policy: &ReviewPolicy, now: Timestamp) -> ItemState {
        let reviewers = Reviewers::new(policy).unwrap();
        let states = replay(&self.chain, &reviewers, &|_| item.authors.clone(), now);
        states[&item.about.item].clone()
    }

    fn approved(
        &self,
        item: &ReviewItem,
        policy: &ReviewPolicy,
        now: Timestamp,
    ) -> crate::error::Result<Approved> {
        let state = self.state(item, policy, now);
        approved(&self.chain, &state, item, &Reviewers::new(policy).unwrap(), now)
    }
}

fn approval(item: &ReviewItem, waived: &[&str]) -> Deed {
    Deed::Approved {
        item: Digest::of(&item.bytes().unwrap()).to_string(),
        rules: String::new(),
        policy: String::new(),
        sarif: String::new(),
        waived: waived.iter().map(|key| (*key).to_owned()).collect(),
    }
}

#[test]
fn an_approval_by_a_reviewer_counts_and_by_nobody_else() {
    let item = item("x");
    for (key, counts) in [(Some(1), true), (Some(2), true), (Some(3), false), (None, false)] {
        let key = key.map(TestKey::new);
        let mut log = Log::submitted(&item);
        log.add(&item.about, approval(&item, &[]), key.as_ref());
        assert_eq!(log.approved(&item, &policy(), now()).is_ok(), counts);
        let refused = log.state(&item, &policy(), now()).refused;
        assert_eq!(refused.is_empty(), counts, "what does not count is kept with its reason: {refused:?}");
    }
}

#[test]
fn four_eyes_bar_submitter_and_author() {
    let policy = ReviewPolicy { four_eyes: true, ..policy() };
    let item = item("x");
    let mut log = Log::default();
    let digest = Digest::of(&item.bytes().unwrap()).to_string();
    log.add(&item.about, Deed::Submitted { item: digest, sarif: String::new() }, Some(&TestKey::new(1)));
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(2)));
    let state = log.state(&item, &policy, now());
    assert_eq!(state.state, State::Pending);
    assert!(state.refused[0].why.contains("Anna submitted it"), "{:?}", state.refused);
    assert!(state.refused[1].why.contains("Bert wrote it"), "{:?}", state.refused);
}

#[test]
fn an_approval_counts_for_its_exact_subject_and_item() {
    let (item, other) = (item("x"), item("y"));
    let mut log = Log::submitted(&item);
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
    assert!(log.approved(&item, &policy(), now()).is_ok());
    let state = log.state(&item, &policy(), now());
    let error = approved(&log.chain, &state, &other, &Reviewers::new(&policy()).unwrap(), now()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    for about in [
        Binding { subject: other.about.subject.clone(), ..item.about.clone() },
        Binding { target: "refs/heads/release".into(), ..item.about.clone() },
        Binding { repository: "0".repeat(40), ..item.about.clone() },
        Binding { base: "0".repeat(40), ..item.about.clone() },
    ] {
        let mut log = Log::submitted(&item);
        log.add(&about, approval(&item, &[]), Some(&TestKey::new(1)));
        assert_eq!(log.approved(&item, &policy(), now()).unwrap_err().kind(), ErrorKind::Held);
    }
    let mut log = Log::submitted(&item);
    log.add(&item.about, approval(&other, &[]), Some(&TestKey::new(1)));
    assert!(log.approved(&item, &policy(), now()).is_err(), "the reviewer saw another item");
}

#[test]
fn a_rejection_ends_it_and_an_old_approval_expires() {
    let item = item("x");
    let mut log = Log::submitted(&item);
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
    let policy = ReviewPolicy { valid_days: Some(7), ..policy() };
    let later = |days: i64| Timestamp::from_second(now().as_second() + days * 86_400).unwrap();
    assert_eq!(log.state(&item, &policy, later(7)).state, State::Approved);
    assert_eq!(log.state(&item, &policy, later(8)).state, State::Expired);
    log.add(&item.about, Deed::Rejected { reason: "no".into() }, Some(&TestKey::new(2)));
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
    assert_eq!(log.state(&item, &policy, now()).state, State::Rejected);
}

#[test]
fn blocking_findings_are_waived_one_by_one_and_live_secrets_are_not() {
    let mut item = item("x");
    let blocker = |key: &str, live| Blocker { key: key.into(), rule: "some-rule".into(), live };
    item.blockers = vec![blocker("aaaa", false), blocker("bbbb", true)];
    let waive = |finding: &str, reason, expires: Option<&str>| Deed::Waived {
        finding: finding.into(),
        reason,
        text: "because".into(),
        expires: expires.map(str::to_owned),
    };
    let key = TestKey::new(1);
    let mut log = Log::submitted(&item);
    let why = |log: &Log| may_approve(&log.state(&item, &policy(), now()), &item.blockers, now());
    assert_eq!(why(&log).len(), 2);
    log.add(&item.about, waive("aaaa", Reason::WontFix, Some("2026-11-22")), Some(&key));
    assert!(why(&log)[0].contains("has expired"));
    log.add(&item.about, waive("aaaa", Reason::WontFix, Some("2026-11-23")), Some(&key));
    log.add(&item.about, waive("bbbb", Reason::AcceptedRisk, None), Some(&key));
    assert!(why(&log)[0].contains("may be a live secret"), "{:?}", why(&log));
    log.add(&item.about, waive("bbbb", Reason::UsedInTests, None), None);
    assert_eq!(why(&log).len(), 1, "an agent waives nothing");
    log.add(&item.about, approval(&item, &["aaaa", "bbbb"]), Some(&key));
    assert_eq!(log.approved(&item, &policy(), now()).unwrap_err().kind(), ErrorKind::Held);
    log.add(&item.about, waive("bbbb", Reason::UsedInTests, None), Some(&key));
    assert!(log.approved(&item, &policy(), now()).is_ok());
}

#[test]
fn a_missing_signature_is_named() {
    let item = item("x");
    let mut log = Log::submitted(&item);
    log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
    let mut bare = log.stored.clone();
    bare[1].signature = None;
    let error = Chain::verify(&bare).unwrap_err().to_string();
    assert!(error.contains("000002-approved.json") && error.contains("signature is missing"), "{error}");
    bare[1].signature =
        log.stored[1].signature.clone().map(|_| TestKey::new(2).sign(EVENTS, &bare[1].bytes).unwrap());
    let error = Chain::verify(&bare).unwrap_err().to_string();
    assert!(error.contains("signed by another key"), "{error}");
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let mut item = item("x");
    item.files[0].after =
        Some(Text { text: "a\u{202e}b\u{1b}[2J\nsecond\n".into(), marks: Vec::new(), binary: false });
    item.prompt = Some(Text {
        text: "pass [secret]\n".into(),
        marks: vec![Mark { start: 5, end: 13, rule: "password".into(), bytes: 9 }],
        binary: false,
    });
    let log = Log::submitted(&item);
    let shown = show_text(&item, &log.state(&item, &policy(), now()));
    assert!(!shown.contains('\u{202e}') && !shown.contains('\u{1b}'), "{shown}");
    assert!(shown.contains("     1 + a\\u{202e}b"), "{shown}");
    assert!(shown.contains("^ masked: password, 9 bytes"), "{shown}");
}

#[test]
fn commits_of_a_range_are_shown_with_what_is_only_on_the_way() {
    let mut item = item("the end");
    let change = item.subject.changes[0].clone();
    let mut halfway = change.clone();
    halfway.new.as_mut().unwrap().sha256 = Digest::of(b"halfway").to_string();
    let last = Change { old: halfway.new.clone(), ..change };
    let step = |commit: &str, change: &Change| Step {
        commit: commit.repeat(40),
        changes: Subject { changes: vec![change.clone()] },
    };
    item.steps = vec![step("a", &halfway), step("b", &last)];
    let log = Log::submitted(&item);
    let shown = show_text(&item, &log.state(&item, &policy(), now()));
    let of = |text: &str| Digest::of(text.as_bytes()).to_string()[..12].to_owned();
    for line in [
        format!("  1 of 2  {}\n    a.py  absent -> 100644 sha256:{}\n", "a".repeat(40), of("halfway")),
        format!(
            "      ! only on the way: searched for secrets, not shown above: `git show {} -- a.py`\n",
            "a".repeat(12)
        ),
        format!("  2 of 2  {}\n    a.py  100644 sha256:{} -> ", "b".repeat(40), of("halfway")),
    ] {
        assert!(shown.contains(&line), "{line}{shown}");
    }
    assert_eq!(shown.matches("only on the way").count(), 1, "{shown}");
}

fn intent(log: &Log, code: &str) -> Intent {
    let landed = |commit: &str| Landed {
        reference: "refs/heads/main".into(),
        parent: None,
        content: String::new(),
        signature: String::new(),
        commit: commit.into(),
    };
    let approval = log.chain.events().last().unwrap().digest().to_string();
    Intent { approval, code: Some(landed(code)), history: landed("h") }
}

#[test]
fn landing_is_claimed_by_a_reviewer() {
    let item = item("x");
    let old = ReviewPolicy { valid_days: Some(1), ..policy() };
    let later = Timestamp::from_second(now().as_second() + 2 * 86_400).unwrap();
    let committed = |code: &str| Deed::Committed { code: Some(code.into()), history: "h".into() };
    // Who intends to land "c", who says that what has landed; nobody signs with key 0.
    for (intends, claims, code, counts) in [
        (None, Some(1), "c", true),
        (None, Some(7), "c", false),
        (Some(1), Some(7), "c", false),
        (Some(1), Some(7), "d", false),
        (Some(1), None, "c", false),
        (Some(7), Some(7), "c", false),
    ] {
        let mut log = Log::submitted(&item);
        log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
        if let Some(key) = intends {
            let deed = Deed::Intent(Box::new(intent(&log, "c")));
            log.add(&item.about, deed, Some(&TestKey::new(key)));
        }
        log.add(&item.about, committed(code), claims.map(TestKey::new).as_ref());
        let expected = if counts { State::Committed } else { State::Expired };
        assert_eq!(log.state(&item, &old, later).state, expected, "{intends:?} {claims:?} {code}");
        assert_eq!(log.approved(&item, &old, later).is_ok(), counts, "{intends:?} {claims:?} {code}");
    }
}

fn log_of(deeds: &[(u8, u8)]) -> Log {
    let item = item("x");
    let mut log = Log::submitted(&item);
    for (deed, key) in deeds {
        let deed = match deed {
            0 => approval(&item, &[]),
            1 => Deed::Commented { text: "a".into() },
            2 => Deed::ChangesRequested { text: "b".into() },
            _ => Deed::Expired,
        };
        let key = (*key > 0).then(|| TestKey::new(*key));
        log.add(&item.about, deed, key.as_ref());
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever byte of whatever event changes, the chain breaks, and says at which event; the last one if it is signed.
    #[test]
    fn an_edited_event_is_detected(deeds in prop::collection::vec((0u8..4, 0u8..4), 1..6), event in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut log = log_of(&deeds);
        log.add(&item("x").about, Deed::Commented { text: "the end".into() }, Some(&TestKey::new(1)));
        let mut stored = log.stored;
        let at = event.index(stored.len());
        let place = byte.index(stored[at].bytes.len());
        stored[at].bytes[place] ^= 1 << bit;
        let error = Chain::verify(&stored).unwrap_err().to_string();
        let next = stored.get(at + 1).map(|one| one.path.clone()).unwrap_or_default();
        prop_assert!(error.contains(&stored[at].path) || (!next.is_empty() && error.contains(&next)), "{}", error);
    }

    /// So it does when an event is taken out, doubled, or two change places.
    #[test]
    fn a_removed_doubled_or_moved_event_is_detected(deeds in prop::collection::vec((0u8..4, 0u8..4), 1..6), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let stored = log_of(&deeds).stored;
        prop_assert!(Chain::verify(&stored).is_ok());
        let (one, other) = (one.index(stored.len()), other.index(stored.len()));
        let mut without = stored.clone();
        without.remove(one);
        if one + 1 < stored.len() {
            prop_assert!(Chain::verify(&without).is_err());
        }
        let mut doubled = stored.clone();
        doubled.insert(one, stored[one].clone());
        prop_assert!(Chain::verify(&doubled).is_err());
        if one != other {
            let mut swapped = stored.clone();
            swapped.swap(one, other);
            prop_assert!(Chain::verify(&swapped).is_err());
        }
    }

    /// Nothing that agents or strangers append ever makes an item approved.
    #[test]
    fn without_a_reviewer_nothing_is_approved(deeds in prop::collection::vec((0u8..4, prop::sample::select(vec![0u8, 3, 4])), 0..8)) {
        let log = log_of(&deeds);
        let item = item("x");
        prop_assert!(log.approved(&item, &policy(), now()).is_err());
        prop_assert_eq!(log.state(&item, &policy(), now()).state, State::Pending);
    }

    /// A state is what the last decision of a reviewer made it, and a rejection is the last.
    #[test]
    fn only_decisions_of_reviewers_move_an_item(deeds in prop::collection::vec((0u8..4, 0u8..5), 0..8)) {
        let state = log_of(&deeds).state(&item("x"), &policy(), now());
        let mut expected = State::Pending;
        for (deed, key) in deeds {
            expected = match (deed, key, expected) {
                (0, 1 | 2, State::Pending | State::Approved | State::ChangesRequested) => State::Approved,
                (2, 1 | 2, State::Pending | State::Approved | State::ChangesRequested) => State::ChangesRequested,
                (3, 1 | 2, State::Pending | State::Approved | State::ChangesRequested) => State::Expired,
                (_, _, same) => same,
            };
        }
        prop_assert_eq!(state.state, expected);
    }

    /// An approval counts for the days the policy gives it and no second longer.
    #[test]
    fn an_approval_lives_as_long_as_the_policy_says(days in 0u32..400, seconds in -100i64..40_000_000) {
        let item = item("x");
        let mut log = Log::submitted(&item);
        log.add(&item.about, approval(&item, &[]), Some(&TestKey::new(1)));
        let policy = ReviewPolicy { valid_days: Some(days), ..policy() };
        let later = Timestamp::from_second(now().as_second() + seconds).unwrap();
        prop_assert_eq!(log.approved(&item, &policy, later).is_ok(), seconds <= i64::from(days) * 86_400);
    }

    /// A waiver counts when a reviewer gives it in words, for this finding, until its day; a live secret is never waived,
    /// only said to be none.
    #[test]
    fn a_waiver_counts_by_who_why_and_until_when(key in 0u8..4, why in 0usize..5, words in "[ a]{0,2}", day in prop::option::of(-40i64..40), own in any::<bool>(), live in any::<bool>()) {
        let mut item = item("x");
        item.blockers = vec![Blocker { key: "aaaa".into(), rule: "some-rule".into(), live }];
        let reasons = [Reason::FalsePositive, Reason::UsedInTests, Reason::WontFix, Reason::AcceptedRisk, Reason::Mitigated];
        let date = |day: i64| Timestamp::from_second(now().as_second() + day * 86_400).unwrap().strftime("%Y-%m-%d").to_string();
        let deed = Deed::Waived {
            finding: if own { "aaaa" } else { "bbbb" }.into(),
            reason: reasons[why],
            text: words.clone(),
            expires: day.map(date),
        };
        let mut log = Log::submitted(&item);
        log.add(&item.about, deed, (key > 0).then(|| TestKey::new(key)).as_ref());
        log.add(&item.about, approval(&item, &["aaaa"]), Some(&TestKey::new(1)));
        let counts = matches!(key, 1 | 2) && own && words.contains('a') && day.is_none_or(|day| day >= 0) && (!live || why < 2);
        prop_assert_eq!(log.approved(&item, &policy(), now()).is_ok(), counts);
    }

    /// An approval that differs from the submission in any field of its binding is kept and does not count.
    #[test]
    fn an_approval_counts_for_its_exact_binding(field in 0usize..4, other in "[0-9a-f]{1,8}") {
        let item = item("x");
        let mut about = item.about.clone();
        *[&mut about.subject, &mut about.repository, &mut about.target, &mut about.base][field] = other;
        let mut log = Log::submitted(&item);
        log.add(&about, approval(&item, &[]), Some(&TestKey::new(1)));
        prop_assert!(log.approved(&item, &policy(), now()).is_err());
        prop_assert_eq!(log.state(&item, &policy(), now()).refused.len(), 1);
    }

    /// Reading events never panics, whatever lies in the log.
    #[test]
    fn any_bytes_are_refused_quietly(bytes in prop::collection::vec(any::<u8>(), 0..200), signature in ".{0,80}") {
        let stored = Stored { path: "items/x/events/000001-approved.json".into(), bytes, signature: Some(signature) };
        prop_assert!(Chain::verify(&[stored]).is_err());
    }
}
