use std::time::Duration;

use super::*;
use crate::loopback::{Asked, Reply, Server};
use crate::network::Limits;

fn client() -> Client {
    let limits = Limits {
        pause: Duration::from_millis(1),
        tries: 2,
        silence: Duration::from_millis(300),
        ..Limits::default()
    };
    Client::new(limits).unwrap()
}

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> PackageVersion {
    PackageVersion { ecosystem, name: name.into(), version: version.into() }
}

const MODIFIED: &str = "2026-01-02T03:04:05Z";

/// A record of the Python package "a-b": `fixed` is where it ends.
fn record(id: &str, fixed: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "{MODIFIED}", "summary": "Of {id}", "affected": [
            {{"package": {{"ecosystem": "PyPI", "name": "a-b"}}, "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}},
            {{"package": {{"ecosystem": "npm", "name": "other"}}}}]}}"#
    )
}

/// Answers as OSV does: versions below 2 of "a-b" have X-1, the package has X-2 as well, on two pages.
fn osv(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/v1/querybatch" => {
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
            let rows = body["queries"].as_array().unwrap().iter().map(|query| {
                let named = |id: &str| serde_json::json!({"id": id, "modified": MODIFIED});
                match (
                    query["package"]["name"].as_str(),
                    query["version"].as_str(),
                    query["page_token"].as_str(),
                ) {
                    (Some("a-b"), Some(version), _) if version < "2" => {
                        serde_json::json!({"vulns": [named("X-1")]})
                    }
                    (Some("a-b"), None, None) => {
                        serde_json::json!({"vulns": [named("X-1")], "next_page_token": "more"})
                    }
                    (Some("a-b"), None, Some("more")) => serde_json::json!({"vulns": [named("X-2")]}),
                    _ => serde_json::json!({}),
                }
            });
            Reply::ok(serde_json::json!({"results": rows.collect::<Vec<_>>()}).to_string())
        }
        "/v1/vulns/X-1" => Reply::ok(record("X-1", "2.0")),
        "/v1/vulns/X-2" => Reply::ok(record("X-2", "1.5")),
        _ => Reply::status(404),
    }
}

fn ids(database: &Database, name: &str) -> Vec<String> {
    let facts = database.facts(Ecosystem::PyPi, name).unwrap();
    facts.into_iter().map(|fact| fact.id).collect()
}

#[test]
fn packages_are_asked_about_in_batches_and_pages_and_records_once() {
    let server = Server::start(osv);
    let kept = tempfile::tempdir().unwrap();
    let kept = kept.path().join("online");
    let packages = [
        package(Ecosystem::PyPi, "A_B", "1.0"),
        package(Ecosystem::PyPi, "a-b", "1.0"),
        package(Ecosystem::PyPi, "clean", "1.0"),
        package(Ecosystem::RubyGems, "r", "1.0"),
    ];
    let ask = || ask(&packages, &format!("{}/", server.url), &client(), Some(&kept), "2026-11-26").unwrap();
    let database = ask();
    assert_eq!(ids(&database, "a-b"), ["X-1", "X-2"]);
    assert_eq!(ids(&database, "clean"), [""; 0]);
    let days: Vec<(&str, String)> =
        database.status().into_iter().map(|status| (status.ecosystem, status.as_of)).collect();
    assert_eq!(days, [("PyPI", "2026-11-26".to_owned()), ("RubyGems", "2026-11-26".to_owned())]);
    let mut lines = server.lines();
    lines.sort();
    let batch = "POST /v1/querybatch";
    assert_eq!(lines, ["GET /v1/vulns/X-1", "GET /v1/vulns/X-2", batch, batch, batch]);
    let first: serde_json::Value = serde_json::from_slice(&server.asked()[0].body).unwrap();
    assert_eq!(first["queries"].as_array().unwrap().len(), 3, "one version is asked about once");
    ask();
    assert_eq!(server.asked().len(), 8, "what did not change is not fetched again");
}

#[test]
fn what_the_server_says_is_affected_is() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/v1/querybatch" => {
            let row = serde_json::json!({"vulns": [{"id": "X-1", "modified": MODIFIED}]});
            Reply::ok(serde_json::json!({"results": [row]}).to_string())
        }
        _ => Reply::ok(record("X-1", "2.0")),
    });
    let packages = [package(Ecosystem::PyPi, "a-b", "3.0")];
    let database = ask(&packages, &server.url, &client(), None, "2026-11-26").unwrap();
    let databases = super::super::database::Databases::only(database);
    let verdict = super::super::advisory::check(&databases, Ecosystem::PyPi, "a-b", "3.0").unwrap();
    assert_eq!(verdict.matches.len(), 1);
}

#[test]
fn servers_that_answer_wrongly_are_refused() {
    let packages = [package(Ecosystem::PyPi, "a-b", "1.0")];
    let named =
        |id: &str| format!(r#"{{"results": [{{"vulns": [{{"id": "{id}", "modified": "{MODIFIED}"}}]}}]}}"#);
    let named: [String; 2] = [named("X-1"), named("../../x")];
    type Answer = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;
    let batch = |text: String| -> Answer {
        Box::new(
            move |asked: &Asked| {
                if asked.method == "POST" { Reply::ok(text.clone()) } else { Reply::status(404) }
            },
        )
    };
    let then = |text: String, record: String| -> Answer {
        Box::new(move |asked: &Asked| {
            Reply::ok(if asked.method == "POST" { text.clone() } else { record.clone() })
        })
    };
    let cases: Vec<(Answer, &str)> = vec![
        (Box::new(|_| Reply::status(500)), "500"),
        (Box::new(|_| Reply::status(404)), "it takes no questions there"),
        (Box::new(|_| Reply::Silence), "does not answer in time"),
        (batch("<html>".into()), "its answer is none"),
        (batch(r#"{"results": []}"#.into()), "it does not answer each question"),
        (batch(named[1].clone()), "names an advisory by no id"),
        (batch(r#"{"results": [{"next_page_token": "again"}]}"#.into()), "the answers have no end"),
        (batch(named[0].clone()), "it names X-1 and does not have it"),
        (then(named[0].clone(), record("X-9", "1")), "what it has of X-1 is of another advisory"),
        (then(named[0].clone(), "[]".into()), "what it has of X-1 is no OSV record"),
    ];
    for (answer, says) in cases {
        let server = Server::start(answer);
        let error = ask(&packages, &server.url, &client(), None, "2026-11-26").err().unwrap();
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}

#[test]
fn a_changed_or_foreign_kept_record_is_fetched_again() {
    let server = Server::start(osv);
    let kept = tempfile::tempdir().unwrap();
    std::fs::write(place(kept.path(), "X-1"), record("X-2", "9")).unwrap();
    std::fs::write(place(kept.path(), "X-2"), record("X-2", "9").replace(MODIFIED, "2025-01-01T00:00:00Z"))
        .unwrap();
    let packages = [package(Ecosystem::PyPi, "a-b", "1.0")];
    let database = ask(&packages, &server.url, &client(), Some(kept.path()), "2026-11-26").unwrap();
    let fixed = database
        .facts(Ecosystem::PyPi, "a-b")
        .unwrap()
        .into_iter()
        .map(|fact| format!("{:?}", fact.ranges[0][1]));
    assert_eq!(fixed.collect::<Vec<_>>(), ["Fixed(\"2.0\")", "Fixed(\"1.5\")"]);
}
