use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::loopback::{Asked, Reply, Server};
use crate::network::Limits;

/// What a server has: records of Maven, by id.
type Records = Arc<Mutex<BTreeMap<String, (String, String)>>>;

fn record(id: &str, fixed: &str) -> (String, String) {
    let record = format!(
        r#"{{"id": "{id}", "modified": "2026-01-01T00:00:00Z", "summary": "Of {id}", "affected": [{{"package": {{"ecosystem": "Maven", "name": "a:b"}},
        "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    );
    (format!("2026-01-01T00:00:0{}Z", fixed.len() % 10), record)
}

fn records(ids: &[(&str, &str)]) -> Records {
    let records = ids.iter().map(|(id, fixed)| ((*id).to_owned(), record(id, fixed)));
    Arc::new(Mutex::new(records.collect()))
}

fn zip(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An honest server of what is in `records`.
fn honest(records: &Records, asked: &Asked) -> Reply {
    let records = records.lock().unwrap();
    match asked.path.strip_prefix("/Maven/") {
        Some("modified_id.csv") => {
            let lines = records.iter().map(|(id, (time, _))| format!("{time},{id}\n")).collect::<String>();
            let etag = format!("\"{}\"", crate::artifact::Digest::of(lines.as_bytes()));
            if asked.header("if-none-match") == Some(&etag) {
                return Reply::Body(304, Vec::new(), Vec::new());
            }
            Reply::Body(200, vec![("etag", etag)], lines.into())
        }
        Some("all.zip") => {
            let files =
                records.iter().map(|(id, (_, record))| (format!("{id}.json"), record.clone().into_bytes()));
            Reply::ok(zip(files))
        }
        Some(file) => match records.get(file.trim_end_matches(".json")) {
            Some((_, record)) => Reply::ok(record.clone()),
            None => Reply::status(404),
        },
        None => Reply::status(404),
    }
}

struct Place {
    _place: tempfile::TempDir,
    folder: Folder,
}

impl Place {
    fn new() -> Place {
        let place = tempfile::tempdir().unwrap();
        Place { folder: Folder::at(place.path().join("advisories")), _place: place }
    }

    fn update(&self, server: &str) -> Result<Updated> {
        let limits = Limits {
            pause: Duration::from_millis(1),
            silence: Duration::from_millis(300),
            tries: 2,
            ..Limits::default()
        };
        let client = Client::new(limits).unwrap();
        update(&self.folder, Ecosystem::Maven, server, &client, "2026-11-26", false, &mut |_| ())
    }

    /// The ids of what is known of the one package, each with what fixes it.
    fn known(&self) -> Vec<String> {
        let (databases, notes) = self.folder.load();
        assert_eq!(notes, []);
        let Some(database) = databases.of(Ecosystem::Maven).unwrap() else { return Vec::new() };
        database.verify().unwrap();
        let facts = database.facts(Ecosystem::Maven, "a:b").unwrap();
        facts.iter().map(|fact| format!("{} {:?}", fact.id, fact.ranges[0].last())).collect()
    }
}

#[test]
fn the_first_update_takes_all_and_the_next_what_changed() {
    let there = records(&[("A-1", "1.0"), ("A-2", "2.0"), ("A-3", "3.0"), ("A-4", "4.0"), ("A-5", "5.0")]);
    let served = there.clone();
    let server = Server::start(move |asked| honest(&served, asked));
    let place = Place::new();
    let updated = place.update(&server.url).unwrap();
    assert_eq!(updated, Updated { records: 5, changed: 5, gone: 0, missing: Vec::new() });
    assert_eq!(server.lines(), ["GET /Maven/modified_id.csv", "GET /Maven/all.zip"]);
    assert_eq!(place.known().len(), 5);
    let (databases, _) = place.folder.load();
    let status = databases.of(Ecosystem::Maven).unwrap().unwrap().status();
    assert_eq!((status[0].as_of.as_str(), status[0].advisories), ("2026-11-26", 5));

    assert_eq!(place.update(&server.url).unwrap().changed, 0);
    assert_eq!(server.lines().len(), 3, "nothing but the list is asked for");

    there.lock().unwrap().insert("A-3".into(), record("A-3", "3.0.1"));
    there.lock().unwrap().insert("A-6".into(), record("A-6", "6.0"));
    there.lock().unwrap().remove("A-1");
    let updated = place.update(&server.url).unwrap();
    assert_eq!(updated, Updated { records: 5, changed: 2, gone: 1, missing: Vec::new() });
    let mut lines = server.lines().split_off(4);
    lines.sort();
    assert_eq!(lines, ["GET /Maven/A-3.json", "GET /Maven/A-6.json"]);
    assert_eq!(place.known()[1], "A-3 Some(Fixed(\"3.0.1\"))");
    assert!(place.known().iter().all(|known| !known.starts_with("A-1 ")));
}

#[test]
fn another_server_is_asked_for_everything() {
    let there = records(&[("A-1", "1.0")]);
    let (one, other) = (there.clone(), records(&[("B-1", "1.0")]));
    let one = Server::start(move |asked| honest(&one, asked));
    let other = Server::start(move |asked| honest(&other, asked));
    let place = Place::new();
    place.update(&one.url).unwrap();
    place.update(&format!("{}/", other.url)).unwrap();
    assert_eq!(place.known(), ["B-1 Some(Fixed(\"1.0\"))"]);
}

/// A way for a server to fail: what it answers instead, for the paths that end so.
struct Failing {
    name: &'static str,
    path: &'static str,
    reply: fn() -> Reply,
    /// A part of the error.
    says: &'static str,
}

/// A zip whose one file unpacks to twenty million zeros.
fn bomb() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("A-1.json", options.compression_method(zip::CompressionMethod::Deflated)).unwrap();
    archive.write_all(&vec![b' '; 20 << 20]).unwrap();
    archive.finish().unwrap().into_inner()
}

fn damaged_zip() -> Vec<u8> {
    let mut bytes = zip([("A-1.json".to_owned(), record("A-1", "1.0").1.into_bytes())]);
    let at = bytes.windows(4).position(|four| four == b"\"id\"").unwrap_or(60);
    bytes[at + 1] ^= 1;
    bytes
}

const CUT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n2026-01-01T00:00:00Z,A-1\n";

const FAILING: &[Failing] = &[
    Failing { name: "silent", path: "csv", reply: || Reply::Silence, says: "does not answer in time" },
    Failing { name: "cut", path: "csv", reply: || Reply::Raw(CUT.to_vec()), says: "the connection fails" },
    Failing { name: "closed", path: "zip", reply: || Reply::Raw(Vec::new()), says: "the connection fails" },
    Failing { name: "busy", path: "csv", reply: || Reply::status(429), says: "429" },
    Failing { name: "broken", path: "zip", reply: || Reply::status(500), says: "500" },
    Failing { name: "forbidden", path: "json", reply: || Reply::status(403), says: "403" },
    Failing { name: "gone", path: "csv", reply: || Reply::status(404), says: "is not there" },
    Failing { name: "no archive", path: "zip", reply: || Reply::status(404), says: "is not there" },
    Failing {
        name: "records that are not there",
        path: "json",
        reply: || Reply::status(404),
        says: "that are not there",
    },
    Failing {
        name: "too long",
        path: "csv",
        reply: || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()),
        says: "the answer is longer than",
    },
    Failing {
        name: "shorter than it is",
        path: "json",
        reply: || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{\"id\": \"A-2\"}".to_vec()),
        says: "is no OSV record",
    },
    Failing { name: "endless", path: "json", reply: || Reply::Endless, says: "the answer is longer than" },
    Failing {
        name: "bomb",
        path: "zip",
        reply: || Reply::ok(bomb()),
        says: "unpacks to more than is allowed",
    },
    Failing { name: "damaged archive", path: "zip", reply: || Reply::ok(damaged_zip()), says: "in it is" },
    Failing {
        name: "no archive at all",
        path: "zip",
        reply: || Reply::ok("<html>"),
        says: "it is no archive",
    },
    Failing { name: "a login page", path: "csv", reply: || Reply::ok("<html>"), says: "line 1 of the list" },
    Failing { name: "an empty list", path: "csv", reply: || Reply::ok(""), says: "the list is empty" },
    Failing {
        name: "a list that leads elsewhere",
        path: "csv",
        reply: || Reply::ok("2026-01-01T00:00:00Z,../../secrets\n"),
        says: "line 1 of the list",
    },
    Failing {
        name: "another record",
        path: "json",
        reply: || Reply::ok(record("A-9", "1.0").1),
        says: "is the record of another advisory",
    },
    Failing { name: "no record", path: "json", reply: || Reply::ok("[1, 2]"), says: "is no OSV record" },
];

#[test]
fn whatever_a_server_does_the_old_database_stays_and_the_next_try_succeeds() {
    for failing in FAILING {
        let place = Place::new();
        let there = records(&[("A-1", "1.0"), ("A-2", "2.0")]);
        let served = there.clone();
        let good = Server::start(move |asked| honest(&served, asked));
        // An archive is only asked for by who has nothing yet.
        if failing.path != "zip" {
            place.update(&good.url).unwrap();
        }
        let before = place.known();
        there.lock().unwrap().insert("A-3".into(), record("A-3", "3.0"));
        there.lock().unwrap().insert("A-4".into(), record("A-4", "4.0"));
        let (served, broken) = (there.clone(), Arc::new(Mutex::new(true)));
        let still = broken.clone();
        let server = Server::start(move |asked| {
            if asked.path.ends_with(failing.path) && *still.lock().unwrap() {
                return (failing.reply)();
            }
            honest(&served, asked)
        });
        // The records are known by the address they came from.
        rename_origin(&place, &good.url, &server.url);
        let error = place.update(&server.url).unwrap_err();
        assert!(error.to_string().contains(failing.says), "{}: {error}", failing.name);
        assert_eq!(place.known(), before, "{}", failing.name);
        *broken.lock().unwrap() = false;
        let updated = place.update(&server.url).unwrap_or_else(|error| panic!("{}: {error}", failing.name));
        assert_eq!((updated.records, place.known().len()), (4, 4), "{}", failing.name);
    }
}

fn rename_origin(place: &Place, from: &str, to: &str) {
    let path = place.folder.file(Ecosystem::Maven, "records");
    if let Some(mut known) = Known::read(&path) {
        known.origin.url = known.origin.url.replace(from, to);
        std::fs::write(&path, known.write().unwrap()).unwrap();
    }
}

#[test]
fn what_arrived_is_not_fetched_again() {
    let there = records(&[("A-1", "1.0"), ("A-2", "2.0")]);
    let (served, broken) = (there.clone(), Arc::new(Mutex::new(true)));
    let still = broken.clone();
    let server = Server::start(move |asked| {
        if asked.path.ends_with("A-4.json") && *still.lock().unwrap() {
            return Reply::status(403);
        }
        honest(&served, asked)
    });
    let place = Place::new();
    place.update(&server.url).unwrap();
    there.lock().unwrap().insert("A-3".into(), record("A-3", "3.0"));
    there.lock().unwrap().insert("A-4".into(), record("A-4", "4.0"));
    place.update(&server.url).unwrap_err();
    *broken.lock().unwrap() = false;
    let before = server.lines().len();
    assert_eq!(place.update(&server.url).unwrap().records, 4);
    let lines = server.lines().split_off(before);
    assert_eq!(lines, ["GET /Maven/modified_id.csv", "GET /Maven/A-4.json"]);
    assert!(!place.folder.file(Ecosystem::Maven, "pending").exists());
}

#[test]
fn a_server_that_has_lost_much_is_not_believed() {
    let names: Vec<String> = (0..10).map(|number| format!("A-{number}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0")).collect();
    let there = records(&all);
    let served = there.clone();
    let server = Server::start(move |asked| honest(&served, asked));
    let place = Place::new();
    place.update(&server.url).unwrap();
    there.lock().unwrap().retain(|id, _| id == "A-1");
    let less = |server: &Server| {
        let error = place.update(&server.url).unwrap_err();
        assert!(error.to_string().ends_with("has 1 advisories where there are 10"), "{error}");
        assert_eq!(place.known().len(), 10);
    };
    less(&server);
    // Nor is another server, nor one that calls them withdrawn.
    let one = records(&[("B-1", "1.0")]);
    less(&Server::start(move |asked| honest(&one, asked)));
    let withdrawn = records(&all);
    for (id, (_, record)) in withdrawn.lock().unwrap().iter_mut().filter(|(id, _)| *id != "A-1") {
        *record =
            record.replacen('{', &format!(r#"{{"withdrawn": "2026-01-01T00:00:00Z", "was": "{id}", "#), 1);
    }
    less(&Server::start(move |asked| honest(&withdrawn, asked)));
    let limits = Limits::default();
    let client = Client::new(limits).unwrap();
    let updated =
        update(&place.folder, Ecosystem::Maven, &server.url, &client, "2026-11-26", true, &mut |_| ());
    assert_eq!(updated.unwrap().records, 1);
}

#[test]
fn one_that_is_listed_and_not_there_stays_as_it_was() {
    let there = records(&[("A-1", "1.0"), ("A-2", "2.0")]);
    let served = there.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/Maven/A-2.json" => Reply::status(404),
        _ => honest(&served, asked),
    });
    let place = Place::new();
    place.update(&server.url).unwrap();
    there.lock().unwrap().insert("A-2".into(), record("A-2", "2.0.0.1"));
    let updated = place.update(&server.url).unwrap();
    assert_eq!(updated.missing, ["A-2"]);
    let asked = server.lines().len();
    place.update(&server.url).unwrap();
    assert_eq!(
        server.lines()[asked..],
        ["GET /Maven/modified_id.csv", "GET /Maven/A-2.json"],
        "it is asked for again"
    );
    assert_eq!(place.known()[1], "A-2 Some(Fixed(\"2.0\"))");
}

#[test]
fn imports_of_every_kind() {
    let place = Place::new();
    let sources = tempfile::tempdir().unwrap();
    let at = |name: &str| sources.path().join(name);
    let written = |name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), bytes).unwrap();
    };
    let json = |id: &str| record(id, "1.0").1.into_bytes();
    written("records/deep/A-1.json", &json("A-1"));
    written("records/A-2.json", &json("A-2"));
    written(
        "layout/Maven/all.zip",
        &zip([("A-3.json".to_owned(), json("A-3")), ("../x.txt".to_owned(), vec![0])]),
    );
    let ids = || place.known().iter().map(|known| known[..3].to_owned()).collect::<Vec<_>>();
    let import = |name: &str| import(&at(name), &place.folder, &[], (None, "2026-11-26"), false);
    let rows = import("records").unwrap();
    assert_eq!(
        (rows[0].now.advisories, rows[0].now.as_of.as_str(), &rows[0].before),
        (2, "2026-01-01", &None)
    );
    assert_eq!(ids(), ["A-1", "A-2"]);
    assert_eq!(import("layout").unwrap()[0].before.as_ref().unwrap().advisories, 2);
    assert_eq!(ids(), ["A-3"]);
    import("records/deep/A-1.json").unwrap();
    assert_eq!(ids(), ["A-1"]);
    let exported = place.folder.load().0.export(&[Ecosystem::Maven]).unwrap();
    import("layout/Maven/all.zip").unwrap();
    written("exported", &exported);
    import("exported").unwrap();
    assert_eq!(ids(), ["A-1"]);

    written("nothing/readme.txt", b"no");
    for (name, says) in [
        ("nothing", "holds no advisories"),
        ("missing", "cannot read"),
        ("nothing/readme.txt", "it is no archive"),
    ] {
        let error = import(name).unwrap_err().to_string();
        assert!(error.contains(says), "{name}: {error}");
    }
    written("damaged", &[&exported[..exported.len() - 1], b"x"].concat());
    assert!(import("damaged").is_err());
    assert_eq!(ids(), ["A-1"]);
}

#[test]
fn an_import_that_has_much_less_says_so() {
    let place = Place::new();
    let sources = tempfile::tempdir().unwrap();
    for id in ["A-1", "A-2", "A-3", "A-4"] {
        std::fs::write(sources.path().join(format!("{id}.json")), record(id, "1.0").1).unwrap();
    }
    import(sources.path(), &place.folder, &[], (Some("2026-02-03"), "2026-11-26"), false).unwrap();
    let one = sources.path().join("A-1.json");
    let error = import(&one, &place.folder, &[], (None, "2026-11-26"), false).unwrap_err();
    assert!(error.to_string().ends_with("has 1 advisories of Maven where there are 4"), "{error}");
    assert_eq!(import(&one, &place.folder, &[], (None, "2026-11-26"), true).unwrap()[0].now.advisories, 1);
    let rows = import(&one, &place.folder, &[], (None, "2025-12-31"), true).unwrap();
    assert_eq!(rows[0].now.as_of, "2025-12-31", "a record of the future");
}

#[test]
fn a_checkout_of_rustsec_is_read_as_its_own_code_reads_it() {
    let sources = tempfile::tempdir().unwrap();
    let folder = sources.path().join("crates/made-up");
    std::fs::create_dir_all(&folder).unwrap();
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"made-up\"\ndate = \"2026-02-03\"\n\
        aliases = [\"CVE-2026-9999\"]\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n\n\
        [affected]\nfunctions = { \"made_up::parse\" = [\"< 1.2.3\"] }\n\n\
        [versions]\npatched = [\">= 1.2.3\"]\n```\n\n# It panics\n\nOn any input.\n";
    std::fs::write(folder.join("RUSTSEC-2026-9999.md"), advisory).unwrap();
    let place = Place::new();
    // The built-in data of crates.io has far more.
    assert!(import(sources.path(), &place.folder, &[], (Some("9999-01-01"), "9999-01-01"), false).is_err());
    let rows = import(sources.path(), &place.folder, &[], (Some("9999-01-01"), "9999-01-01"), true).unwrap();
    assert_eq!((rows[0].now.ecosystem, rows[0].now.advisories), ("crates.io", 1));
    let (databases, _) = place.folder.load();
    let database = databases.of(Ecosystem::Cargo).unwrap().unwrap();
    let [fact] = &database.facts(Ecosystem::Cargo, "made-up").unwrap()[..] else { panic!() };
    assert_eq!((fact.summary.as_str(), fact.severity), ("It panics", crate::finding::Severity::High));
    assert_eq!(fact.published.unwrap().to_string(), "2026-02-03");
    assert_eq!((fact.functions[0].of.as_str(), fact.functions[0].names[0].as_str()), ("made_up", "parse"));
    std::fs::write(folder.join("RUSTSEC-2026-9998.md"), "no advisory").unwrap();
    let error = import(sources.path(), &place.folder, &[], (None, "9999-01-01"), true).unwrap_err();
    assert!(error.to_string().ends_with("is no checkout of RustSec's database"), "{error}");
}
