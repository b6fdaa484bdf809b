//! Temporary repositories, keys from fixed seeds, and plain git with a scrubbed environment.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use git2::{Oid, Repository};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use weft::artifact::{Action, Blob, Change, Digest, Original, Role, Subject};
use weft::error::Result;
use weft::history::{FileKey, Hand, Queue};
use weft::policy::{Policy, Report, Reviewer};
use weft::review::{Actor, Digests, Draft, Key, ReviewItem, Signer, Source, Step};

pub fn now() -> jiff::Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

pub struct TestKey(pub PrivateKey, FileKey);

impl TestKey {
    pub fn new(seed: u8) -> TestKey {
        let pair = Ed25519Keypair::from_seed(&[seed; 32]);
        let key = PrivateKey::new(KeypairData::Ed25519(pair), "test").unwrap();
        TestKey(key.clone(), FileKey::of(key))
    }

    /// A policy with this key as its only reviewer.
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.review.reviewer.push(Reviewer {
            name: "Anna".into(),
            email: "anna@example.org".into(),
            key: self.key().to_line(),
        });
        policy
    }

    pub fn write(&self, path: &Path) {
        self.0.write_openssh_file(path, LineEnding::LF).unwrap();
        std::fs::write(path.with_extension("pub"), self.key().to_line()).unwrap();
    }
}

impl Signer for TestKey {
    fn key(&self) -> Key {
        self.1.key()
    }

    fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String> {
        self.1.sign(namespace, bytes)
    }
}

pub fn hand(signer: Option<&TestKey>) -> Hand<'_> {
    let (name, email) = if signer.is_some() { ("Anna", "anna@example.org") } else { ("01-architect", "") };
    Hand {
        name: name.into(),
        email: email.into(),
        signer: signer.map(|key| key as &dyn Signer),
        now: now(),
        nonce: "n1".into(),
    }
}

/// A change, with the bytes it would write.
pub struct TestChange {
    changes: Vec<Change>,
    bytes: BTreeMap<String, Vec<u8>>,
}

impl TestChange {
    pub fn subject(&self) -> Subject {
        Subject { changes: self.changes.clone() }
    }

    pub fn originals(&self) -> Vec<Original> {
        self.bytes
            .iter()
            .map(|(path, bytes)| Original::new(path.clone(), Role::Code, Action::Update, bytes.clone()))
            .collect()
    }

    pub fn executable(&mut self, path: &str) {
        let change = self.changes.iter_mut().find(|change| change.path == path).unwrap();
        change.new.as_mut().unwrap().mode = "100755".into();
    }
}

pub struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// A repository with a few files on `main`.
    pub fn new() -> Repo {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("code")).unwrap();
        let repo = Repo { folder };
        repo.git(&["init", "-q", "-b", "main"]);
        repo.write("src/app.py", "print('old')\n");
        repo.write("gone.txt", "to be removed\n");
        repo.write("kept.txt", "stays\n");
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-q", "-m", "first"]);
        repo
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("code")
    }

    pub fn queue(&self) -> Queue {
        Queue::open(&self.path(), None).unwrap()
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Bert")
                .env(format!("GIT_{who}_EMAIL"), "bert@example.org");
            command.env(format!("GIT_{who}_DATE"), "2026-11-23T07:00:00Z");
        }
        command
    }

    pub fn raw(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command("git").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.raw(arguments)).unwrap().trim().to_owned()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn write_and_commit(&self, path: &str, text: &str) -> String {
        self.write(path, text);
        self.git(&["add", path]);
        self.git(&["commit", "-q", "-m", path, "--", path]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A change of files against `HEAD`; `None` removes.
    pub fn change(&self, files: &[(&str, Option<&str>)]) -> TestChange {
        let repository = Repository::open(self.path()).unwrap();
        let tree = repository.head().unwrap().peel_to_tree().unwrap();
        let blob = |mode: i32, id: Oid, bytes: &[u8]| Blob {
            mode: format!("{mode:06o}"),
            id: id.to_string(),
            sha256: Digest::of(bytes).to_string(),
        };
        let mut change = TestChange { changes: Vec::new(), bytes: BTreeMap::new() };
        for (path, text) in files {
            let file = |entry: &git2::TreeEntry<'_>| entry.kind() == Some(git2::ObjectType::Blob);
            let old = tree.get_path(Path::new(path)).ok().filter(file).map(|entry| {
                let there = repository.find_blob(entry.id()).unwrap();
                blob(entry.filemode(), entry.id(), there.content())
            });
            let new = text.map(|text| {
                change.bytes.insert((*path).into(), text.as_bytes().to_vec());
                let id = Oid::hash_object(git2::ObjectType::Blob, text.as_bytes()).unwrap();
                blob(0o100644, id, text.as_bytes())
            });
            change.changes.push(Change { path: (*path).into(), old, new });
        }
        change.changes.sort();
        change
    }

    /// The change from one commit to another, and its steps.
    pub fn range(&self, base: &str, head: &str) -> (TestChange, Vec<Step>) {
        let repository = Repository::open(self.path()).unwrap();
        let between = |old: &str, new: &str| {
            let tree = |name: &str| repository.revparse_single(name).unwrap().peel_to_tree().unwrap();
            let diff = repository.diff_tree_to_tree(Some(&tree(old)), Some(&tree(new)), None).unwrap();
            let side = |file: git2::DiffFile<'_>| {
                let there = repository.find_blob(file.id()).ok()?;
                Some(Blob {
                    mode: format!("{:06o}", u32::from(file.mode())),
                    id: file.id().to_string(),
                    sha256: Digest::of(there.content()).to_string(),
                })
            };
            let path =
                |delta: &git2::DiffDelta<'_>| delta.new_file().path().unwrap().to_str().unwrap().to_owned();
            diff.deltas()
                .map(|delta| Change {
                    path: path(&delta),
                    old: side(delta.old_file()),
                    new: side(delta.new_file()),
                })
                .collect::<Vec<_>>()
        };
        let commits = self.git(&["rev-list", "--reverse", &format!("{base}..{head}")]);
        let step = |commit: &str| Step {
            commit: commit.into(),
            changes: Subject { changes: between(&format!("{commit}^"), commit) },
        };
        (
            TestChange { changes: between(base, head), bytes: BTreeMap::new() },
            commits.lines().map(step).collect(),
        )
    }

    pub fn item(
        &self,
        queue: &Queue,
        change: &TestChange,
        source: Source,
        steps: Vec<Step>,
        report: Report,
    ) -> ReviewItem {
        let (target, tip) = queue.target().unwrap();
        let base = match steps.first() {
            Some(step) => self.git(&["rev-parse", &format!("{}^", step.commit)]),
            None => tip,
        };
        let policy = Policy::default();
        ReviewItem::new(Draft {
            subject: change.subject(),
            feature: "checkout".into(),
            agent: "01-architect".into(),
            source,
            repository: queue.repository(&base).unwrap(),
            target,
            base,
            submitter: Actor::Agent { name: "01-architect".into() },
            authors: Vec::new(),
            prompt: None,
            reply: None,
            before: &[],
            after: &[],
            steps,
            report,
            policy: &policy,
            rules: &weft::built_in_rules(),
            digests: Digests::default(),
            nonce: format!("n{}", change.changes.len()),
        })
        .unwrap()
    }

    pub fn submit(&self, queue: &Queue, change: &TestChange, source: Source) -> String {
        let item = self.item(queue, change, source, Vec::new(), Report::default());
        queue.submit(&item, b"{}\n", &change.originals(), &hand(None)).unwrap()
    }

    pub fn submit_range(&self, queue: &Queue, base: &str, head: &str) -> (String, TestChange) {
        let (change, steps) = self.range(base, head);
        let head = self.git(&["rev-parse", head]);
        let item = self.item(queue, &change, Source::Range { head }, steps, Report::default());
        (queue.submit(&item, b"{}\n", &[], &hand(None)).unwrap(), change)
    }

    pub fn approve(&self, queue: &Queue, id: &str, change: &TestChange, key: &TestKey) {
        let review = key.policy().review;
        queue.approve(id, &change.subject(), &[], &Digests::default(), &review, &hand(Some(key))).unwrap();
    }

    /// Replaces text in a file of a ref's tree, as somebody with write access would.
    pub fn edit(&self, reference: &str, path: &str, from: &str, to: &str) {
        let repository = Repository::open(self.path()).unwrap();
        let commit = repository.find_reference(reference).unwrap().peel_to_commit().unwrap();
        let tree = commit.tree().unwrap();
        let blob = repository.find_blob(tree.get_path(Path::new(path)).unwrap().id()).unwrap();
        let text = String::from_utf8(blob.content().to_vec()).unwrap();
        assert!(text.contains(from), "{path} does not hold {from}");
        let blob = repository.blob(text.replacen(from, to, 1).as_bytes()).unwrap();
        let tree = git2::build::TreeUpdateBuilder::new()
            .upsert(path, blob, git2::FileMode::Blob)
            .create_updated(&repository, &tree)
            .unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let who = git2::Signature::new("Mallory", "m@example.org", &git2::Time::new(0, 0)).unwrap();
        let parents: Vec<_> = commit.parents().collect();
        let id =
            repository.commit(None, &who, &who, "edit", &tree, &parents.iter().collect::<Vec<_>>()).unwrap();
        repository.reference(reference, id, true, "edit").unwrap();
    }
}
