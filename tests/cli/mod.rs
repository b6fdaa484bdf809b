//! A person, an agent and their repository, with the built `weft` and plain `git`, cut off from the machine's settings.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Its output, when it exited with `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "exit code\n{}\n{}", self.out, self.err);
        self
    }

    /// Checks that both streams together hold `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "no {text:?}\n{}\n{}",
            self.out,
            self.err
        );
        self
    }
}

/// A repository in a temporary home.
pub struct Place {
    home: tempfile::TempDir,
}

/// A key file that nobody protects.
pub fn key(seed: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[seed; 32])), "made for a test").unwrap()
}

impl Place {
    /// `main` with a file, and weft.toml that names reviewers: Anna signs with key 1, Bert with key 2.
    pub fn new(settings: &str) -> Place {
        let place = Place { home: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.code()).unwrap();
        place.git(&["init", "-q", "-b", "main"]);
        for (setting, value) in [("user.name", "Anna"), ("user.email", "anna@example.org")] {
            place.git(&["config", setting, value]);
        }
        for seed in [1, 2, 3] {
            key(seed).write_openssh_file(&place.key(seed), LineEnding::LF).unwrap();
        }
        let mut text = settings.to_owned();
        for (name, seed) in [("Anna", 1), ("Bert", 2)] {
            let public = key(seed).public_key().to_openssh().unwrap();
            let email = format!("{name}@example.org").to_lowercase();
            text += &format!(
                "\n[[review.reviewer]]\nname = \"{name}\"\nemail = \"{email}\"\nkey = \"{public}\"\n"
            );
        }
        place.write("weft.toml", text.as_bytes());
        place.write("app.py", b"print('old')\n");
        place.git(&["add", "-A"]);
        place.git(&["commit", "-q", "-m", "first"]);
        place
    }

    pub fn code(&self) -> PathBuf {
        self.home.path().join("code")
    }

    pub fn key(&self, seed: u8) -> PathBuf {
        self.home.path().join(format!("key{seed}"))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.code()).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
        // Hooks call weft by its name.
        let weft = Path::new(env!("CARGO_BIN_EXE_weft")).parent().unwrap().to_owned();
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(weft).chain(std::env::split_paths(&paths));
        command.env("PATH", std::env::join_paths(paths).unwrap());
        // Windows finds no system library without SystemRoot.
        for kept in ["SystemRoot", "TEMP", "TMP"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("HOME", self.home.path()).env("USERPROFILE", self.home.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.home.path().join("none"));
        command
    }

    fn run(mut command: Command, input: &[u8]) -> Ran {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may stop before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs `weft` with `input` on standard input.
    pub fn weft_with(&self, input: &[u8], arguments: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_weft"));
        command.args(arguments);
        Place::run(command, input)
    }

    pub fn weft(&self, arguments: &[&str]) -> Ran {
        self.weft_with(b"", arguments)
    }

    /// Runs `weft` with the key of `seed` behind the arguments.
    pub fn signed(&self, seed: u8, arguments: &[&str]) -> Ran {
        let key = self.key(seed);
        self.weft(&[arguments, &["--key", key.to_str().unwrap()]].concat())
    }

    /// Plain git, whatever it exits with.
    pub fn plain_git(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command("git");
        command.args(arguments);
        Place::run(command, b"")
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.git_with(b"", arguments)).unwrap().trim().to_owned()
    }

    /// Plain git; what it prints, byte for byte.
    pub fn git_with(&self, input: &[u8], arguments: &[&str]) -> Vec<u8> {
        let mut command = self.command("git");
        command.args(arguments).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.code().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn commit(&self, path: &str, bytes: &[u8]) -> String {
        self.write(path, bytes);
        self.git(&["add", path]);
        self.git(&["commit", "-q", "-m", path]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Submits a reply on standard input; the item's id.
    #[track_caller]
    pub fn submit(&self, reply: &str, code: i32) -> String {
        let ran = self.weft_with(
            reply.as_bytes(),
            &["submit", "-", "--quiet", "--feature", "checkout", "--agent", "helper"],
        );
        ran.exits(code).out.trim().to_owned()
    }

    #[track_caller]
    pub fn approve(&self, id: &str, seed: u8) {
        self.signed(seed, &["review", "approve", id, "--yes"]).exits(0);
    }

    pub fn state(&self, id: &str) -> String {
        let shown: serde_json::Value =
            serde_json::from_str(&self.weft(&["review", "show", id, "--json"]).exits(0).out).unwrap();
        shown["state"].as_str().unwrap().to_owned()
    }

    /// The keys of the blocking findings.
    pub fn blockers(&self, id: &str) -> Vec<String> {
        let shown: serde_json::Value =
            serde_json::from_str(&self.weft(&["review", "show", id, "--json"]).exits(0).out).unwrap();
        let blockers = shown["item"]["blockers"].as_array().unwrap();
        blockers.iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
    }

    /// Changes one byte of a file in the tree of a ref, as somebody with write access would.
    pub fn flip(&self, reference: &str, path: &str, from: &str, to: &str) {
        let old = self.git_with(b"", &["cat-file", "blob", &format!("{reference}:{path}")]);
        let text = String::from_utf8(old).unwrap();
        assert!(text.contains(from) && from.len() == to.len(), "{path} does not hold {from}:\n{text}");
        self.replace(reference, path, text.replacen(from, to, 1).as_bytes());
    }

    /// Puts other bytes at a path in the tree of a ref.
    pub fn replace(&self, reference: &str, path: &str, bytes: &[u8]) {
        let blob = self.git_with(bytes, &["hash-object", "-w", "--stdin"]);
        let blob = String::from_utf8(blob).unwrap();
        let index = self.home.path().join("index");
        let with_index = |arguments: &[&str]| {
            let mut command = self.command("git");
            command.args(arguments).env("GIT_INDEX_FILE", &index);
            Place::run(command, b"").exits(0).out.trim().to_owned()
        };
        with_index(&["read-tree", reference]);
        with_index(&["update-index", "--cacheinfo", &format!("100644,{},{path}", blob.trim())]);
        let tree = with_index(&["write-tree"]);
        let parents = self.git(&["log", "-1", "--format=%P", reference]);
        let mut arguments = vec!["commit-tree", &tree, "-m", "edited"];
        for parent in parents.split_whitespace() {
            arguments.extend(["-p", parent]);
        }
        let commit = self.git(&arguments);
        self.git(&["update-ref", reference, &commit]);
        std::fs::remove_file(index).unwrap();
    }

    /// Writes an item that waits anew, as whoever may push to the queue could: item.json as `edit` makes it, and an
    /// unsigned log that names it.
    pub fn forge(&self, id: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let read = |name: &str| String::from_utf8(self.git_with(b"", &["cat-file", "blob", name])).unwrap();
        let queue = format!("refs/weft/queue/{id}");
        let event = format!("items/{id}/events/000001-submitted.json");
        let stored = read(&format!("{queue}:item.json"));
        let mut value = serde_json::from_str(&stored).unwrap();
        edit(&mut value);
        // The order of fields is the type's.
        let item: weft::review::ReviewItem = serde_json::from_value(value).unwrap();
        let new = String::from_utf8(item.bytes().unwrap()).unwrap();
        let digest = |text: &str| weft::artifact::Digest::of(text.as_bytes()).to_string();
        let submitted = read(&format!("refs/weft/log:{event}")).replace(&digest(&stored), &digest(&new));
        for (reference, path, text) in
            [(queue.as_str(), "item.json", new), ("refs/weft/log", &event, submitted)]
        {
            self.replace(reference, path, text.as_bytes());
        }
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        Path::new(&self.code()).join(inside)
    }
}
