//! Holds the invariants of src/README.md that a compiler cannot: layers, who may name which crate, what never stands in the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms in the order of the flow; each may use those before it. `analyze`, `effects` and `deps` stand side by side.
const FLOW: &[&[&str]] = &[
    &["error"],
    &["finding"],
    &["network"],
    &["artifact"],
    &["rule"],
    &["syntax"],
    &["ingest"],
    &["redact"],
    &["analyze", "effects", "deps"],
    &["policy"],
    &["seen"],
    &["cache"],
    &["pass"],
    &["near"],
    &["report"],
    &["review"],
    &["history"],
    &["examples", "lib"],
];

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(path.to_str().unwrap()));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            // Unit tests in files of their own may reach anywhere, as those inside a file may.
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The room a file of src/ belongs to: "redact" for src/redact/detect.rs, "finding" for src/finding.rs.
fn room(path: &Path) -> String {
    let first = path.strip_prefix("src").unwrap().iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn rank(room: &str) -> usize {
    FLOW.iter()
        .position(|level| level.contains(&room))
        .unwrap_or_else(|| panic!("src/{room} is not in the flow: add it to FLOW"))
}

/// The source without its unit tests, comments left out: tests may reach anywhere, prose may name anything.
fn code(path: &Path) -> String {
    if path.file_stem().is_some_and(|name| name == "tests") {
        return String::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that `text` names as `crate::room` or `super::super::room`, nested `use` groups included.
fn named_rooms(path: &Path, text: &str) -> Vec<String> {
    let depth = path.components().count() - 2;
    let is_module_file = path.ends_with("mod.rs");
    let to_root = "super::".repeat(if is_module_file { depth } else { depth + usize::from(depth > 0) });
    let mut starts = vec!["crate::".to_owned()];
    if depth > 0 {
        starts.push(to_root);
    }
    let mut rooms = Vec::new();
    for start in starts {
        for (at, _) in text.match_indices(&start) {
            let rest = &text[at + start.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or("").split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let word: String = name.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if FLOW.iter().any(|level| level.contains(&word.as_str())) {
                    rooms.push(word);
                }
            }
        }
    }
    rooms
}

#[test]
fn a_stage_uses_only_the_stages_left_of_it() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let here = room(&path);
        if matches!(here.as_str(), "main" | "command" | "lib" | "examples") {
            continue;
        }
        for other in named_rooms(&path, &code(&path)) {
            let allowed = other == here || rank(&other) < rank(&here);
            if !allowed {
                wrong.push(format!("{}: {here} uses {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the flow:\n{}", wrong.join("\n"));
}

#[test]
fn some_crates_have_one_room() {
    let homes: &[(&str, &[&str])] = &[
        ("git2", &["src/history/", "src/ingest/git.rs", "src/ingest/git/"]),
        ("serde_sarif", &["src/report/sarif.rs", "src/report/sarif/"]),
        ("rustsec", &["src/deps/rustsec.rs"]),
        ("tokio", &["src/network/"]),
        ("reqwest", &["src/network/"]),
        ("rustls", &["src/network/"]),
        ("cyclonedx_bom", &["src/report/bom.rs"]),
    ];
    for path in rust_files("src") {
        let (name, text) = (path.to_str().unwrap(), code(&path));
        for (krate, rooms) in homes {
            let used = text.contains(&format!("{krate}::")) || text.contains(&format!("use {krate};"));
            let own_module =
                *krate == "rustsec" && !text.contains("::rustsec::") && !text.contains("use rustsec");
            assert!(
                !used || own_module || rooms.iter().any(|room| name.starts_with(room)),
                "{name} names {krate}, which lives in {rooms:?}"
            );
        }
    }
}

#[test]
fn only_ingest_redact_and_history_look_inside_originals() {
    for path in rust_files("src") {
        let name = path.to_str().unwrap();
        let allowed = name.starts_with("src/redact/") || name.starts_with("src/history/") || name == "src/artifact.rs"
                // What a reply would write, and its digest: bytes that ingest itself just read.
                || name == "src/ingest/reply.rs" || name == "src/ingest/git/subject.rs";
        assert!(allowed || !code(&path).contains(".reveal()"), "{name} looks inside an Original");
    }
}

#[test]
fn the_library_never_prints_exits_or_reads_the_environment() {
    let forbidden = [
        "println!",
        "eprintln!",
        "print!(",
        "dbg!(",
        "process::exit",
        "env::var",
        "env::home_dir",
        "env::current_dir",
        "io::stdin()",
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
        "Instant::now",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
    ];
    for path in rust_files("src") {
        let here = room(&path);
        if matches!(here.as_str(), "main" | "command") {
            continue;
        }
        let text = code(&path);
        for word in forbidden {
            // How long an answer may take is counted where it is waited for.
            if here == "network" && word == "Instant::now" {
                continue;
            }
            assert!(!text.contains(word), "{}: {word} belongs in command/", path.display());
        }
    }
}

#[test]
fn files_are_small_and_named_for_what_they_hold() {
    for path in rust_files("src") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !matches!(name, "utils" | "util" | "helpers" | "common" | "misc" | "manager"),
            "{}: name it for what it holds",
            path.display()
        );
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 800, "{} has {lines} lines: is it one thing?", path.display());
    }
    let main = fs::read_to_string("src/main.rs").unwrap().lines().count();
    assert!(main <= 40, "src/main.rs has {main} lines: it parses, runs and exits");
}

/// Files that git tracks; outside a checkout (a crate unpacked from a registry) there is nothing to hold.
fn tracked() -> Vec<String> {
    let out = Command::new("git").args(["ls-files", "-z"]).output();
    let text = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    text.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_tree_names_no_registry_host_and_no_machine() {
    // Written in two halves so that this file does not name them either.
    let forbidden = [
        ["npmjs", ".org"],
        ["yarnpkg", ".com"],
        ["files.", "pythonhosted"],
        ["pypi.", "org"],
        ["index.", "crates.io"],
        ["static.", "crates.io"],
        ["/work/", "main"],
        ["/work/", "wt"],
        ["/ro", "ot/"],
    ];
    for name in tracked() {
        if name == "Cargo.lock" {
            continue;
        }
        let Ok(text) = fs::read_to_string(&name) else { continue };
        for halves in forbidden {
            assert!(!text.contains(&halves.concat()), "{name} names {}", halves.concat());
        }
    }
}
