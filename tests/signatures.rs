//! Signatures against the tools people have: `ssh-keygen -Y`, `git verify-commit`, ssh-agent. A tool that is missing is
//! said so; nothing else is skipped.

#![allow(clippy::unwrap_used, clippy::panic)]

mod temp;

use std::io::Write as _;
use std::process::{Command, Stdio};

use ssh_key::LineEnding;
use temp::{Repo, TestKey, hand, now};
use weft::history::{AgentKey, FileKey, commit, signer};
use weft::review::{Signer, Source, verify_signature};

fn missing(program: &str) -> bool {
    let there = Command::new(program)
        .arg("-?")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !there {
        println!("not compared with {program}: it is not installed");
    }
    !there
}

fn allowed(folder: &std::path::Path, key: &TestKey) -> String {
    let path = folder.join("allowed");
    std::fs::write(&path, format!("anna@example.org {}\n", key.key().to_line())).unwrap();
    path.to_str().unwrap().to_owned()
}

fn accepts(folder: &std::path::Path, signers: &str, namespace: &str, bytes: &[u8], signature: &str) -> bool {
    let file = folder.join("signature");
    std::fs::write(&file, signature).unwrap();
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-f", signers, "-I", "anna@example.org", "-n", namespace, "-s"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may refuse before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait().unwrap().success()
}

#[test]
fn ssh_keygen_and_weft_agree() {
    if missing("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = TestKey::new(1);
    let signers = allowed(folder.path(), &key);
    let ours = key.sign("weft", b"bytes").unwrap();
    let stranger = TestKey::new(2).sign("weft", b"bytes").unwrap();
    let cut = &ours[..ours.len() / 2];
    for (namespace, bytes, signature) in [
        ("weft", &b"bytes"[..], ours.as_str()),
        ("git", b"bytes", &ours),
        ("weft", b"byteS", &ours),
        ("weft", b"", &ours),
        ("weft", b"bytes", &stranger),
        ("weft", b"bytes", cut),
    ] {
        let theirs = accepts(folder.path(), &signers, namespace, bytes, signature);
        let mine = verify_signature(namespace, bytes, signature).is_ok_and(|by| by == key.key());
        assert_eq!(mine, theirs, "{namespace} {bytes:?}");
    }
    // The other way round: a signature of ssh-keygen's.
    let path = folder.path().join("key");
    key.write(&path);
    std::fs::write(folder.path().join("text"), "bytes").unwrap();
    let status = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "weft", "-f"])
        .arg(&path)
        .arg(folder.path().join("text"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let armored = std::fs::read_to_string(folder.path().join("text.sig")).unwrap();
    assert_eq!(verify_signature("weft", b"bytes", &armored).unwrap(), key.key());
}

#[test]
fn git_accepts_the_commits() {
    if missing("ssh-keygen") {
        return;
    }
    let repo = Repo::new();
    let queue = repo.queue();
    let key = TestKey::new(1);
    let review = key.policy().review;
    let change = repo.change(&[("src/app.py", Some("print('new')\n"))]);
    let id = repo.submit(&queue, &change, Source::Input);
    repo.approve(&queue, &id, &change, &key);
    let approved = queue.approved(&id, &review, now()).unwrap();
    let done = commit(&queue, &approved, &[], Some("the title"), &review, &hand(Some(&key))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let setting = format!("gpg.ssh.allowedSignersFile={}", allowed(folder.path(), &key));
    for id in [done.code.unwrap(), done.history] {
        repo.git(&["-c", &setting, "verify-commit", &id]);
        let (status, author) = (
            repo.git(&["-c", &setting, "log", "-1", "--format=%G?", &id]),
            repo.git(&["log", "-1", "--format=%an %ae", &id]),
        );
        assert_eq!((status.as_str(), author.as_str()), ("G", "Anna anna@example.org"));
    }
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Weft-Item,valueonly)", "main"]), id);
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn a_key_file_with_a_passphrase_opens_with_it_only() {
    let folder = tempfile::tempdir().unwrap();
    let key = TestKey::new(3);
    let path = folder.path().join("id_ed25519");
    // Few rounds: the derivation is slow on purpose, and this is a test.
    let kdf = ssh_key::Kdf::Bcrypt { salt: vec![7; 16], rounds: 1 };
    let locked = key.0.encrypt_with(ssh_key::Cipher::Aes256Ctr, kdf, 7, "a passphrase").unwrap();
    std::fs::write(&path, locked.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let open = |passphrase: &'static str| FileKey::open(&path, &move |_| Ok(passphrase.into()));
    assert!(open("a passphrase").unwrap().protected());
    assert_eq!(open("a passphrase").unwrap().key(), key.key());
    let error = open("another").err().unwrap();
    assert!(error.to_string().contains("does not open with this passphrase"), "{error}");
    std::fs::write(&path, "no key").unwrap();
    assert!(open("a passphrase").err().unwrap().to_string().contains("no OpenSSH private key"));
}

#[test]
fn what_user_signingkey_holds_becomes_a_signer() {
    let folder = tempfile::tempdir().unwrap();
    let key = TestKey::new(4);
    let path = folder.path().join("id");
    key.write(&path);
    let never = |_: &std::path::Path| unreachable!("the key has no passphrase");
    let public = path.with_extension("pub");
    for wanted in [path.to_str().unwrap(), public.to_str().unwrap()] {
        let signer = signer(wanted, None, &never).unwrap();
        assert_eq!(verify_signature("weft", b"x", &signer.sign("weft", b"x").unwrap()).unwrap(), key.key());
    }
    for literal in [key.key().to_line(), format!("key::{}", key.key().to_line())] {
        let error = signer(&literal, None, &never).err().unwrap();
        assert!(error.to_string().contains("ssh-agent does not hold"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn ssh_agent_signs() {
    if missing("ssh-agent") || missing("ssh-add") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent");
    let key = TestKey::new(5);
    let path = folder.path().join("id");
    key.write(&path);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // In the foreground, so that it ends with the test whatever happens.
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !socket.exists() && agent.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(&path)
        .env("SSH_AUTH_SOCK", &socket)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let never = |_: &std::path::Path| unreachable!("the agent holds it");
    let outcome = (|| {
        let signer = signer(&key.key().to_line(), Some(&socket), &never)?;
        let armored = signer.sign("weft", b"x")?;
        let holds_other = AgentKey::new(&socket, TestKey::new(6).key()).holds()?;
        Ok::<_, weft::error::Error>((verify_signature("weft", b"x", &armored)?, holds_other))
    })();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(added.success());
    assert_eq!(outcome.unwrap(), (key.key(), false));
}
