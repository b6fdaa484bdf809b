//! The whole story through the binary, as a person lives it: submit, show, decide, commit, verify; then one byte changed
//! wherever somebody could change one.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cli;

use cli::{Place, key};
use ssh_key::LineEnding;

const EVERYONE: &str = "[coverage]\nwho = \"all\"\n";

/// Code that holds what looks personal or secret and is neither: it must land as it is.
const PAY: &str = "# Questions to billing@shop-example.org, since 3f786850e387550fdab836ed7e6dc881de23001b\r\nCARD = \"4111 1111 1111 1111\"\n\n\ndef pay(amount):\n    return (CARD, amount)";

fn reply(path: &str, code: &str) -> String {
    format!("Here is the change.\n\n```python path={path}\n{code}\n```\n")
}

fn place() -> Place {
    let place = Place::new(EVERYONE);
    place.weft(&["init", "--no-hooks"]).exits(0);
    place
}

/// Approved and committed; the item's id.
fn landed(place: &Place) -> String {
    let id = place.submit(&reply("pay.py", PAY), 3);
    place.approve(&id, 1);
    place.signed(1, &["commit", &id]).exits(0);
    id
}

#[test]
fn what_was_approved_lands_byte_for_byte_and_is_proven() {
    let place = place();
    let start = place.git(&["rev-parse", "HEAD"]);
    let id = place.submit(&reply("pay.py", PAY), 3);
    place.weft(&["review"]).exits(0).says(&id).says("pending");
    let shown = place.weft(&["review", "show", &id]).exits(0).out;
    assert!(shown.contains("the original bytes land here"), "{shown}");
    assert!(!shown.contains("billing@shop-example.org"), "{shown}");
    assert!(
        shown.contains("3f786850e387550fdab836ed7e6dc881de23001b"),
        "a commit hash is no secret\n{shown}"
    );
    place.signed(1, &["commit", &id]).exits(3).says("not approved");
    // Without a terminal nobody can answer; --yes leaves the question to the key.
    place.signed(1, &["review", "approve", &id]).exits(3).says("at a terminal");
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(0).says("has no passphrase");
    let done = place.signed(1, &["commit", &id, "--message", "Take cards"]).exits(0).out;
    let tip = place.git(&["rev-parse", "HEAD"]);
    assert!(done.contains(&tip), "{done}");
    // A fence's last line end belongs to the fence.
    let bytes = PAY.as_bytes();
    assert_eq!(place.git_with(b"", &["cat-file", "blob", "HEAD:pay.py"]), bytes);
    assert_eq!(std::fs::read(place.path("pay.py")).unwrap(), bytes);
    assert_eq!(place.git(&["diff", "--name-only", &start, "HEAD"]), "pay.py");
    assert_eq!(place.git(&["status", "--porcelain", "--untracked-files=no"]), "");
    let message = place.git(&["log", "-1", "--format=%B"]);
    for line in ["Take cards", &format!("Weft-Item: {id}"), "Reviewed-by: Anna <anna@example.org>"] {
        assert!(message.contains(line), "{message}");
    }
    let range = format!("{start}..HEAD");
    place.weft(&["verify", &range]).exits(0).says(&id);
    place.weft(&["gate", "--range", &range]).exits(0);
    place.weft(&["verify", "--since", &start]).exits(0);
    place.signed(1, &["commit", &id]).exits(0).says("an earlier run");
    assert_eq!(place.git(&["rev-parse", "HEAD"]), tip, "a second run commits nothing");
    assert_eq!(place.state(&id), "committed");
    // Nothing that is pushed holds what was masked.
    for reference in ["refs/weft/log", "refs/weft/history"] {
        for name in place.git(&["ls-tree", "-r", "--name-only", reference]).lines() {
            let text = place.git_with(b"", &["cat-file", "blob", &format!("{reference}:{name}")]);
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains("billing@shop-example.org"), "{name}");
        }
    }
}

#[test]
fn a_secret_blocks_until_it_is_gone_and_is_never_shown() {
    let place = place();
    let pem = key(9).to_openssh(LineEnding::LF).unwrap();
    let code = format!("KEY = \"\"\"{}\"\"\"", pem.trim());
    let middle = pem.lines().nth(2).unwrap();
    let ran = place.weft_with(reply("keys.py", &code).as_bytes(), &["submit", "-"]).exits(1);
    assert!(!ran.out.contains(middle) && !ran.err.contains(middle), "{}{}", ran.out, ran.err);
    let id = ran.out.split("queued ").nth(1).unwrap().split(':').next().unwrap().to_owned();
    let shown = place.weft(&["review", "show", &id]).exits(0).says("blocks").out;
    assert!(!shown.contains(middle), "{shown}");
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(3).says("is not waived");
    let finding = &place.blockers(&id)[0];
    let waive = |reason: &str| {
        place.signed(1, &["review", "waive", &id, finding, "--reason", reason, "we need it for now"])
    };
    waive("accepted-risk").exits(3).says("may be a live secret");
    place.signed(1, &["commit", &id]).exits(3).says("not approved");
    assert!(place.git(&["ls-tree", "-r", "--name-only", "HEAD"]).lines().all(|name| name != "keys.py"));
    waive("used-in-tests").exits(0);
    place.approve(&id, 1);
    place.signed(1, &["commit", &id]).exits(0);
}

#[test]
fn a_weakness_is_waived_with_a_reason_or_blocks() {
    let place = place();
    let code = "import os\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef run():\n    os.system(\"ls \" + request.args[\"folder\"])\n    return \"\"";
    let id = place.submit(&reply("web.py", code), 1);
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(3).says("is not waived");
    let finding = &place.blockers(&id)[0];
    let waive = |seed, more: &[&str]| {
        let first = ["review", "waive", &id, finding, "--reason", "mitigated"];
        place.signed(seed, &[&first[..], more].concat())
    };
    waive(3, &["only reachable from inside"]).exits(2).says("not the key of a reviewer");
    waive(1, &[" "]).exits(2).says("in words");
    waive(1, &["for now", "--expires", "soon"]).exits(2).says("is no day");
    waive(1, &["for now", "--expires", "2020-01-31"]).exits(2).says("is past");
    waive(1, &["only reachable from inside"]).exits(0);
    place.approve(&id, 1);
    place.weft(&["review", "show", &id]).exits(0).says("only reachable from inside");
    let start = place.git(&["rev-parse", "HEAD"]);
    place.signed(1, &["commit", &id]).exits(0);
    place.weft(&["gate", "--range", &format!("{start}..HEAD")]).exits(0);
}

#[test]
fn a_rejected_item_stays_rejected() {
    let place = place();
    let id = place.submit(&reply("pay.py", PAY), 3);
    place.signed(3, &["review", "reject", &id, "--reason", "not mine to say"]).exits(2).says("not the key");
    place.signed(1, &["review", "reject", &id, "--reason", "we take no cards"]).exits(0);
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(3).says("rejected already");
    place.signed(1, &["commit", &id]).exits(3).says("is rejected");
    assert_eq!(place.state(&id), "rejected");
    assert!(!place.path("pay.py").exists());
}

#[test]
fn four_eyes_are_two_people() {
    let place = Place::new("[coverage]\nwho = \"all\"\n\n[review]\nfour-eyes = true\n");
    let start = place.git(&["rev-parse", "HEAD"]);
    let anna = place.key(1);
    let arguments = ["submit", "-", "--quiet", "--sign", "--key", anna.to_str().unwrap()];
    let id = place.weft_with(reply("pay.py", PAY).as_bytes(), &arguments).exits(3).out.trim().to_owned();
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(2).says("Anna submitted it");
    place.approve(&id, 2);
    place.signed(1, &["commit", &id]).exits(0);
    place.weft(&["verify", "--since", &start]).exits(0);
}

#[test]
fn what_is_staged_lands_as_it_was_staged() {
    let place = place();
    let start = place.git(&["rev-parse", "HEAD"]);
    place.write("app.py", b"print('staged')\n");
    place.git(&["add", "app.py"]);
    let id = place.weft(&["submit", "--staged", "--quiet"]).exits(3).out.trim().to_owned();
    place.write("app.py", b"print('edited since')\n");
    place.approve(&id, 1);
    place.signed(1, &["commit", &id]).exits(0);
    assert_eq!(place.git(&["show", "HEAD:app.py"]), "print('staged')");
    assert_eq!(std::fs::read(place.path("app.py")).unwrap(), b"print('edited since')\n");
    place.weft(&["verify", "--since", &start]).exits(0);
}

#[test]
fn commits_that_are_there_are_approved_and_land_by_plain_git() {
    let place = place();
    let start = place.git(&["rev-parse", "HEAD"]);
    place.git(&["switch", "-q", "-c", "agent"]);
    let first = place.commit("app.py", b"print('halfway')\n");
    place.commit("app.py", b"print('new')\n");
    place.git(&["switch", "-q", "main"]);
    let id = place.weft(&["submit", "--range", "main..agent", "--quiet"]).exits(3).out.trim().to_owned();
    let shown = place.weft(&["review", "show", &id]).exits(0).out;
    assert!(shown.contains(&format!("1 of 2  {first}")) && shown.contains("only on the way"), "{shown}");
    place.git(&["merge", "-q", "--ff-only", "agent"]);
    place.weft(&["verify", "--since", &start]).exits(1).says(&format!("item {id} is pending"));
    place.weft(&["gate", "--range", &format!("{start}..HEAD")]).exits(3);
    place.approve(&id, 1);
    place.signed(1, &["commit", &id]).exits(0).says("were there already");
    place.weft(&["verify", "--since", &start]).exits(0);
    // Half of it is not what was approved.
    place.git(&["reset", "-q", "--hard", &first]);
    place.weft(&["verify", "--since", &start]).exits(1).says("its commit 2 of 2 is missing");
}

#[test]
fn a_byte_of_the_committed_tree_is_seen() {
    let place = place();
    let start = place.git(&["rev-parse", "HEAD"]);
    let id = landed(&place);
    place.weft(&["verify", "--since", &start]).exits(0);
    place.write("pay.py", PAY.replace("CARD, amount", "CARD, amounT").as_bytes());
    place.git(&["commit", "-q", "-a", "--amend", "--no-edit", "--no-verify"]);
    place.weft(&["verify", "--since", &start]).exits(1).says("pay.py");
    place.weft(&["gate", "--range", &format!("{start}..HEAD")]).exits(3);
    place.signed(1, &["commit", &id]).exits(1).says("refs/heads/main does not hold it");
}

#[test]
fn a_byte_of_an_event_is_seen() {
    let place = place();
    let start = place.git(&["rev-parse", "HEAD"]);
    let id = landed(&place);
    let log = place.git(&["rev-parse", "refs/weft/log"]);
    for event in ["000001-submitted", "000002-approved", "000003-intent", "000004-committed"] {
        let path = format!("items/{id}/events/{event}.json");
        place.flip("refs/weft/log", &path, "refs/heads/main", "refs/heads/maim");
        place.weft(&["verify", "--since", &start]).exits(1).says(&path);
        place.signed(1, &["commit", &id]).exits(1).says(&path);
        place.git(&["update-ref", "refs/weft/log", &log]);
    }
    let path = format!("items/{id}/events/000002-approved.json.sig");
    place.flip("refs/weft/log", &path, "SIGNATURE", "SIGNATURF");
    place.weft(&["verify", "--since", &start]).exits(1).says("000002-approved.json");
    place.git(&["update-ref", "refs/weft/log", &log]);
    place.weft(&["verify", "--since", &start]).exits(0);
}

#[test]
fn a_byte_of_the_queue_item_is_seen() {
    let place = place();
    let id = place.submit(&reply("pay.py", PAY), 3);
    let queue = format!("refs/weft/queue/{id}");
    let before = place.git(&["rev-parse", &queue]);
    place.flip(&queue, "item.json", "helper", "helpeR");
    let named = format!("the queue item {id} is not the one that was submitted");
    place.weft(&["review", "show", &id]).exits(1).says(&named);
    place.signed(1, &["review", "approve", &id, "--yes"]).exits(1).says(&named);
    place.git(&["update-ref", &queue, &before]);
    place.flip(&queue, "result.sarif", "weft", "Weft");
    place.weft(&["review", "show", &id]).exits(1).says(&format!("the SARIF log of item {id}"));
    place.git(&["update-ref", &queue, &before]);
    place.approve(&id, 1);
    // The item lies in the log's tree now; so does the byte.
    let log = place.git(&["rev-parse", "refs/weft/log"]);
    place.flip("refs/weft/log", &format!("items/{id}/item.json"), "helper", "helpeR");
    place.signed(1, &["commit", &id]).exits(1).says(&named);
    place.git(&["update-ref", "refs/weft/log", &log]);
    place.signed(1, &["commit", &id]).exits(0);
}

#[test]
fn a_branch_that_moved_makes_an_approved_item_stale() {
    let place = place();
    let id = place.submit(&reply("app.py", "print('new')"), 3);
    place.approve(&id, 1);
    place.commit("app.py", b"print('by somebody else')\n");
    place.weft(&["review", "list"]).exits(0).says("stale");
    place.weft(&["review", "show", &id]).exits(0).says("moved under it: app.py");
    assert_eq!(place.state(&id), "stale");
    place.signed(1, &["commit", &id]).exits(1).says("app.py is not what it was");
}

#[test]
fn the_hooks_of_init_stop_a_secret_on_its_way_into_a_commit() {
    let place = Place::new(EVERYONE);
    place.weft(&["init"]).exits(0).says("pre-commit hook");
    place.commit("clean.py", b"print('clean')\n");
    place.write("keys.pem", key(9).to_openssh(LineEnding::LF).unwrap().as_bytes());
    place.git(&["add", "keys.pem"]);
    let refused = place.plain_git(&["commit", "-q", "-m", "with a key"]);
    assert_ne!(refused.code, 0);
    refused.says("private-key");
    assert_eq!(place.git(&["log", "-1", "--format=%s"]), "clean.py");
}
