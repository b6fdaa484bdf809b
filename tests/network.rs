//! The network is touched only by who asks for it: no other command opens a socket, and what is installed is used.

#![allow(clippy::unwrap_used, clippy::panic)]

mod loopback;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use loopback::{Reply, Server};

/// `weft` in `folder`, with nothing of this machine's settings.
fn weft(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/dev/null")
        .env("WEFT_DB_DIR", folder.join("db"));
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A project with a lockfile, code, and a reply, in a repository.
fn project() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    write("requirements.txt", "jinja2==2.4.1\n");
    write(
        "Gemfile.lock",
        "GEM\n  remote: https://registry.example/\n  specs:\n    rack (2.0.1)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n",
    );
    write("app.py", "import os\nos.system(input())\n");
    write("reply.md", "Run this:\n\n```sh path=run.sh\necho https://registry.example/ | head\n```\n");
    git2::Repository::init(place.path()).unwrap();
    place
}

/// Advisories of one Ruby package.
fn ruby() -> Server {
    Server::start(|asked| match asked.path.as_str() {
        "/RubyGems/modified_id.csv" => Reply::ok("2026-01-02T03:04:05Z,GHSA-2222-3333-4444\n"),
        "/RubyGems/GHSA-2222-3333-4444.json" | "/RubyGems/all.zip" => {
            let record = r#"{"id": "GHSA-2222-3333-4444", "modified": "2026-01-02T03:04:05Z", "summary": "It answers too much",
                "database_specific": {"severity": "HIGH"},
                "affected": [{"package": {"ecosystem": "RubyGems", "name": "rack"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.2"}]}]}]}"#;
            if asked.path.ends_with(".json") {
                Reply::ok(record)
            } else {
                Reply::ok(zipped("GHSA-2222-3333-4444.json", record))
            }
        }
        _ => Reply::status(404),
    })
}

fn zipped(name: &str, text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn what_is_updated_is_what_scans_ask() {
    let (project, server) = (project(), ruby());
    let scan = || weft(project.path(), &["scan", "Gemfile.lock"]).output().unwrap();
    assert!(text(&scan()).contains(
        "there is no advisory data for RubyGems; `weft db update --ecosystem RubyGems` fetches it"
    ));
    let update = weft(project.path(), &["db", "update", "--ecosystem", "rubygems", "--server", &server.url])
        .output()
        .unwrap();
    assert_eq!(text(&update), "RubyGems: 1 advisory, 1 new or changed\n");
    let found = scan();
    assert_eq!(found.status.code(), Some(1));
    let said = text(&found);
    assert!(said.contains("GHSA-2222-3333-4444 (high): fixed in 2.0.2; It answers too much"), "{said}");
    assert!(
        said.contains("blocked: 1 finding at or above high (1 advisory)\n"),
        "as of today, so current: {said}"
    );
}

/// What OSV's server says of the packages of [`project`].
fn osv(asked: &loopback::Asked) -> Reply {
    if asked.method == "GET" {
        let record = r#"{"id": "GHSA-2222-3333-4444", "modified": "2026-01-02T03:04:05Z",
            "summary": "It answers \u001b[31mtoo much", "database_specific": {"severity": "HIGH"},
            "affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"}, "versions": ["2.4.1"]}]}"#;
        return Reply::ok(record);
    }
    let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
    let rows = body["queries"].as_array().unwrap().iter().map(|query| match query["package"]["name"].as_str() {
        Some("jinja2") => serde_json::json!({"vulns": [{"id": "GHSA-2222-3333-4444", "modified": "2026-01-02T03:04:05Z"}]}),
        _ => serde_json::json!({}),
    });
    Reply::ok(serde_json::json!({"results": rows.collect::<Vec<_>>()}).to_string())
}

#[test]
fn a_scan_that_is_online_asks_about_public_packages_only() {
    let (project, server) = (project(), Server::start(osv));
    let online = |url: &str, more: &[&str]| {
        let output = weft(project.path(), &[&["scan", "--online", "--only", "deps"], more].concat());
        text(&{ output }.env("WEFT_OSV_URL", url).env("WEFT_PACKAGES_URL", url).output().unwrap())
    };
    let said = online(&server.url, &[]);
    assert!(said.contains("GHSA-2222-3333-4444 (high): no fixed version; It answers"), "{said}");
    assert!(said.contains("PYSEC-2014-8"), "what is here is not forgotten: {said}");
    assert!(!said.contains('\u{1b}'));
    assert!(
        said.contains(
            "1 package is private or of another registry: nobody was asked, the data that is here answered"
        ),
        "{said}"
    );
    let sent: String =
        server.asked().iter().map(|asked| String::from_utf8_lossy(&asked.body).into_owned()).collect();
    assert!(sent.contains("jinja2") && !sent.contains("rack"), "{sent}");

    let broken = Server::start(|_| Reply::status(403));
    let said = online(&broken.url, &[]);
    assert!(
        said.contains("the server answers 403 Forbidden; the advisory data that is here answered instead"),
        "{said}"
    );
    assert!(said.contains("PYSEC-2014-8"), "{said}");
    let last = online(&broken.url, &["--fail-on", "critical"]);
    assert!(last.lines().last().unwrap().starts_with("incomplete: "), "{last}");

    fs::write(project.path().join("weft.toml"), "[deps]\nprivate = [\"jin*\"]\n").unwrap();
    let before = server.asked().len();
    online(&server.url, &[]);
    assert_eq!(server.asked().len(), before, "nothing that may be asked about is left");
}

/// What deps.dev says: made-up packages of every kind.
fn registries(asked: &loopback::Asked) -> Reply {
    let version = |version: &str, day: &str, more: &str| {
        format!(r#"{{"versionKey": {{"version": "{version}"}}, "publishedAt": "{day}T00:00:00Z"{more}}}"#)
    };
    let rows = match asked.path.strip_prefix("/v3/systems/pypi/packages/") {
        Some("tired-made-up-name") => {
            let more = r#", "isDefault": true, "isDeprecated": true, "deprecatedReason": "look\u001b[31m elsewhere""#;
            vec![version("1.0", "2015-01-01", more)]
        }
        Some("jinja2") => {
            let old = version("2.4.1", "2010-04-20", "");
            vec![old, version("3.1.6", "2025-03-05", r#", "isDefault": true"#)]
        }
        Some("yanked") => vec![version("2.0", "2020-01-01", r#", "isDefault": true"#)],
        _ => return Reply::status(404),
    };
    Reply::ok(format!(r#"{{"versions": [{}]}}"#, rows.join(", ")))
}

#[test]
fn registries_are_asked_about_names_and_locked_versions() {
    let (project, advisories, index) = (project(), Server::start(osv), Server::start(registries));
    let write = |name: &str, text: &str| fs::write(project.path().join(name), text).unwrap();
    write("requirements.txt", "jinja2==2.4.1\nyanked==1.0.0\n");
    write("pyproject.toml", "[project]\nname = \"tool\"\ndependencies = [\"jinja2\"]\n");
    write("reply.md", "Run `pip install invented-made-up-name tired-made-up-name`.\n");
    let online = |paths: &[&str], index: &str| {
        let mut command = weft(
            project.path(),
            &[&["scan", "--online", "--only", "deps", "--format", "json"], paths].concat(),
        );
        let output =
            command.env("WEFT_OSV_URL", &advisories.url).env("WEFT_PACKAGES_URL", index).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let said = |finding: &serde_json::Value| {
            format!("{}: {}", finding["rule"], finding["message"]).replace('"', "")
        };
        let notes = report["notes"].to_string();
        (findings.map(said).collect::<Vec<_>>(), notes)
    };
    let (said, notes) = online(&["reply.md"], &index.url);
    let has =
        |said: &[String], text: &str| assert!(said.iter().any(|line| line == text), "{text}: {said:#?}");
    has(&said, "missing-package: PyPI has no package invented-made-up-name");
    has(&said, "deprecated-package: tired-made-up-name 1.0 is deprecated: look\\\\u{1b}[31m elsewhere");
    assert!(!notes.contains("could not be checked offline"), "{notes}");
    let (said, _) = online(&["requirements.txt"], &index.url);
    has(&said, "outdated-package: jinja2 2.4.1 is 5433 days behind 3.1.6");
    has(&said, "unlisted-version: PyPI does not list yanked 1.0.0");

    write("weft.toml", "[deps]\nprivate = [\"invented-*\"]\n");
    let before = index.asked().len();
    let (said, notes) = online(&["reply.md"], &index.url);
    assert!(!said.iter().any(|line| line.starts_with("missing-package")), "{said:?}");
    assert!(notes.contains("1 package name could not be checked offline: invented-made-up-name"), "{notes}");
    assert_eq!(index.asked().len(), before, "the others were asked about today");
    let broken = Server::start(|_| Reply::status(403));
    fs::remove_dir_all(project.path().join("db")).unwrap();
    let (said, notes) = online(&["reply.md"], &broken.url);
    assert!(notes.contains("no registry was asked about the names of packages"), "{notes}");
    assert!(said.iter().all(|line| line.starts_with("undeclared-package")), "{said:?}");
}

#[test]
fn an_update_that_fails_says_why_and_what_to_do() {
    let project = project();
    let server = Server::start(|_| Reply::status(403));
    let output = weft(project.path(), &["db", "update", "--ecosystem", "npm"])
        .env("WEFT_ADVISORIES_URL", &server.url)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let expected = format!(
        "weft: {}/npm/modified_id.csv: the server answers 403 Forbidden\n  check the address\n",
        server.url
    );
    assert_eq!(text(&output), expected);
}

/// A library that notes each socket that a process opens: compiled here, loaded before all others.
#[cfg(target_os = "linux")]
fn watcher(folder: &Path) -> std::path::PathBuf {
    let source = folder.join("watch.c");
    let library = folder.join("watch.so");
    let code = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
        int socket(int domain, int kind, int protocol) {\n\
          FILE *file = fopen(getenv(\"WATCHED\"), \"a\");\n\
          if (file) { fprintf(file, \"%d\\n\", domain); fclose(file); }\n\
          int (*real)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, \"socket\");\n\
          return real(domain, kind, protocol);\n}\n";
    fs::write(&source, code).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").output();
    let built = built.unwrap();
    assert!(built.status.success(), "{}", text(&built));
    library
}

#[test]
#[cfg(target_os = "linux")]
fn no_socket_is_opened_unless_asked() {
    let (project, tools, server) = (project(), tempfile::tempdir().unwrap(), ruby());
    let library = watcher(tools.path());
    let notes = tools.path().join("sockets");
    let sockets = |arguments: &[&str]| {
        let _ = fs::remove_file(&notes);
        let output = weft(project.path(), arguments)
            .env("LD_PRELOAD", &library)
            .env("WATCHED", &notes)
            .env("WEFT_ADVISORIES_URL", &server.url)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1 | 4)), "{arguments:?}: {}", text(&output));
        fs::read_to_string(&notes).unwrap_or_default().lines().count()
    };
    assert!(sockets(&["db", "update", "--ecosystem", "RubyGems"]) > 0, "the watcher sees sockets");
    for arguments in [
        &["scan"][..],
        &["scan", "reply.md"],
        &["scan", "--staged"],
        &["scan", "--only", "deps", "--format", "sarif"],
        &["redact", "reply.md"],
        &["rules"],
        &["explain", "vulnerable-dependency"],
        &["db", "status", "--verify"],
        &["db", "export", "out.weft"],
        &["db", "import", "out.weft"],
    ] {
        assert_eq!(sockets(arguments), 0, "{arguments:?}");
    }
    let asked = server.asked().len();
    assert!(asked <= 3, "only the update asked");
}
