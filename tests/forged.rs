//! What somebody with write access to the log and the queue could forge, and what must come of it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cli;
mod temp;

use cli::Place;
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

/// A reply with a weakness that blocks.
const REPLY: &str = "Done.\n\n```python path=web.py\nimport os\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef run():\n    os.system(\"ls \" + request.args[\"folder\"])\n    return \"\"\n```\n";

/// What is forged, and what the refusal names.
type Forgery = (&'static str, fn(&mut serde_json::Value));

#[test]
fn a_view_that_is_not_what_lands_is_neither_shown_nor_approved() {
    let place = Place::new("[coverage]\nwho = \"all\"\n");
    let path = place.code().join("reply.md");
    std::fs::write(&path, REPLY).unwrap();
    let forgeries: [Forgery; 6] = [
        ("the text shown of web.py differs", |item| {
            item["files"][0]["after"]["text"] = "print(1)".into();
        }),
        ("the reply differs", |item| item["reply"]["text"] = "Nothing to see.".into()),
        ("the list of findings differs", |item| item["report"]["findings"] = serde_json::json!([])),
        ("the list of what blocks differs", |item| item["blockers"] = serde_json::json!([])),
        ("the list of authors differs", |item| item["authors"] = serde_json::json!(["bert@example.org"])),
        ("the list of commits differs", |item| {
            item["steps"] = serde_json::json!([{"commit": "0".repeat(40), "changes": item["subject"]}]);
        }),
    ];
    for source in ["-", "reply.md"] {
        let ran = place.weft_with(REPLY.as_bytes(), &["submit", source, "--quiet", "--feature", "sums"]);
        let id = ran.exits(1).out.trim().to_owned();
        place.weft(&["review", "show", &id]).exits(0).says("os.system");
        let log = place.git(&["rev-parse", "refs/weft/log"]);
        let queue = format!("refs/weft/queue/{id}");
        let before = place.git(&["rev-parse", &queue]);
        for (named, forge) in forgeries {
            place.forge(&id, forge);
            place.weft(&["review", "show", &id]).exits(1).says(named);
            place.signed(1, &["review", "approve", &id, "--yes"]).exits(1).says(named);
            place.git(&["update-ref", "refs/weft/log", &log]);
            place.git(&["update-ref", &queue, &before]);
        }
        place.git(&["update-ref", "-d", "refs/weft/log"]);
        place.git(&["update-ref", "-d", &queue]);
    }
}

#[test]
fn a_reply_is_read_from_the_repositories_only() {
    let place = Place::new("[coverage]\nwho = \"all\"\n");
    std::fs::write(place.code().join("reply.md"), REPLY).unwrap();
    let id =
        place.weft(&["submit", "reply.md", "--quiet", "--feature", "sums"]).exits(1).out.trim().to_owned();
    let elsewhere = place.code().join("../reply.md");
    std::fs::write(&elsewhere, REPLY).unwrap();
    let log = place.git(&["rev-parse", "refs/weft/log"]);
    for path in [elsewhere.to_str().unwrap(), "../reply.md", ".git/config", "/elsewhere/reply.md"] {
        let queue = format!("refs/weft/queue/{id}");
        let before = place.git(&["rev-parse", &queue]);
        place.forge(&id, |item| item["source"]["path"] = path.into());
        place
            .signed(1, &["review", "approve", &id, "--yes"])
            .exits(1)
            .says("is no plain path inside a repository");
        place.weft(&["review", "show", &id]).exits(0).says("NOT CHECKED");
        place.git(&["update-ref", "refs/weft/log", &log]);
        place.git(&["update-ref", &queue, &before]);
    }
}

#[test]
fn a_machine_without_the_originals_says_that_nothing_was_checked() {
    let place = Place::new("[coverage]\nwho = \"all\"\n");
    let id = place.weft_with(REPLY.as_bytes(), &["submit", "-", "--quiet", "--feature", "sums"]);
    let id = id.exits(1).out.trim().to_owned();
    std::fs::remove_dir_all(place.code().join(".git/weft/originals")).unwrap();
    place.weft(&["review", "show", &id]).exits(0).says("NOT CHECKED: what follows is the submitter's word");
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(1).says("is not on this machine");
}

#[test]
fn a_reviewer_with_another_key_for_placeholders_sees_the_same() {
    let place = Place::new("[coverage]\nwho = \"all\"\n");
    place.weft(&["init", "--no-hooks"]).exits(0);
    place.git(&["switch", "-q", "-c", "agent"]);
    place.commit("mail.py", b"TO = \"jane.doe@shop-example.org\"\n");
    place.git(&["switch", "-q", "main"]);
    let id = place.weft(&["submit", "--range", "main..agent", "--quiet"]).exits(3).out.trim().to_owned();
    std::fs::remove_file(place.code().join(".git/weft/key")).unwrap();
    place.weft(&["review", "show", &id]).exits(0);
    place.approve(&id, 1);
}

#[test]
fn a_submission_is_scanned_by_every_stage() {
    let place = Place::new("");
    place.weft_with(REPLY.as_bytes(), &["submit", "-", "--only", "secrets"]).exits(2).says("every stage");
}

#[test]
fn a_sarif_log_that_hides_a_finding_is_not_approved() {
    let place = Place::new("[coverage]\nwho = \"all\"\n");
    let id = place.weft_with(REPLY.as_bytes(), &["submit", "-", "--quiet", "--feature", "sums"]);
    let id = id.exits(1).out.trim().to_owned();
    let read = |name: &str| String::from_utf8(place.git_with(b"", &["cat-file", "blob", name])).unwrap();
    let (queue, event) =
        (format!("refs/weft/queue/{id}"), format!("items/{id}/events/000001-submitted.json"));
    let stored = read(&format!("{queue}:result.sarif"));
    let mut log: serde_json::Value = serde_json::from_str(&stored).unwrap();
    log["runs"][0]["results"] = serde_json::json!([]);
    let forged = log.to_string();
    let digest = |text: &str| weft::artifact::Digest::of(text.as_bytes()).to_string();
    let submitted = read(&format!("refs/weft/log:{event}")).replace(&digest(&stored), &digest(&forged));
    place.replace(&queue, "result.sarif", forged.as_bytes());
    place.replace("refs/weft/log", &event, submitted.as_bytes());
    let named = format!("the SARIF log of item {id} reports something else");
    place.weft(&["review", "show", &id]).exits(1).says(&named);
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(1).says(&named);
}

#[test]
fn an_item_named_like_a_folder_above_is_no_item() {
    use weft::review::{Actor, Binding, Chain, Deed, Event};
    let about = |item: &str| Binding {
        item: item.into(),
        subject: String::new(),
        repository: String::new(),
        target: "refs/heads/main".into(),
        base: String::new(),
    };
    let event = |item: &str| Event {
        version: 1,
        seq: 1,
        prev: None,
        about: about(item),
        nonce: "n".into(),
        time: "2026-11-23T08:00:00Z".into(),
        actor: Actor::Agent { name: "a".into() },
        deed: Deed::Submitted { item: String::new(), sarif: String::new() },
    };
    for id in ["..", "", "a/b", "."] {
        let error = Chain::verify(&[event(id).seal(None).unwrap()]).unwrap_err();
        assert!(error.to_string().contains("cannot be one"), "{error}");
    }
    Chain::verify(&[event("0123456789ab").seal(None).unwrap()]).unwrap();
}
