//! `weft redact --vault` and `weft restore` as a person uses them: who may read the files, what a wrong key or a damaged
//! vault says, long input through a pipe, and that no secret reaches an error.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use weft::rule::expand;

/// A folder of its own, with a repository in it.
struct Place {
    home: tempfile::TempDir,
}

/// What a command did.
struct Ran {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Place {
    fn new() -> Self {
        let place = Place { home: tempfile::tempdir().unwrap() };
        fs::create_dir_all(place.path("code/.git")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs weft outside the repository, with nothing of this machine in its environment.
    fn weft(&self, arguments: &[&str], input: &[u8]) -> Ran {
        self.weft_with(&[], arguments, input)
    }

    fn weft_with(&self, variables: &[(&str, &str)], arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.current_dir(self.home.path()).env_clear().args(arguments);
        command.env("TMPDIR", self.home.path()).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that refuses its arguments reads nothing, and the pipe breaks.
        let writer = std::thread::spawn(move || pipe.write_all(&input).unwrap_or_default());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn redacted(&self, text: &[u8]) -> Vec<u8> {
        let ran = self.weft(&["redact", "--vault", "v", "--vault-key", "k"], text);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    }

    fn restore(&self, text: &[u8]) -> Ran {
        self.weft(&["restore", "--vault", "v", "--vault-key", "k"], text)
    }
}

fn prompt() -> String {
    expand("use ghp_%{github} or 'jane.roe@initech.com'\r\n")
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_conversation_comes_back_with_one_vault() {
    let place = Place::new();
    let first = place.redacted(prompt().as_bytes());
    assert!(!String::from_utf8_lossy(&first).contains("ghp_"));
    let more = expand("%{7} and xoxb-%{12:digits}-%{12:digits}-%{24}\n");
    let second = place.redacted(format!("{more}{}", prompt()).as_bytes());
    assert!(second.ends_with(&first), "the same secret has the same placeholder in every turn");
    assert_eq!(place.restore(&first).out, prompt().as_bytes());
    let reply = [b"\xff I see: ".as_slice(), &second, b" and WEFT_JWT_ABCDEFGHIJ"].concat();
    let ran = place.restore(&reply);
    let expected = format!(" I see: {more}{} and WEFT_JWT_ABCDEFGHIJ", prompt());
    assert_eq!(ran.out, [b"\xff".as_slice(), expected.as_bytes()].concat());
    assert_eq!(ran.err, "weft: 1 placeholder is not in this vault and stays as it is\n");
}

#[test]
#[cfg(unix)]
fn vault_and_key_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let output = place.redacted(prompt().as_bytes());
    assert_eq!((mode(&place.path("v")), mode(&place.path("k"))), (0o600, 0o600));
    fs::set_permissions(place.path("k"), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = place.restore(&output);
    assert_eq!((ran.code, ran.out.len()), (2, 0));
    assert!(ran.err.contains("others may read the key k"), "{}", ran.err);
}

#[test]
fn a_key_inside_a_repository_is_refused() {
    let place = Place::new();
    for file in ["code/k", "code/.git/k"] {
        let ran = place.weft(&["redact", "--vault", "v", "--vault-key", file], prompt().as_bytes());
        assert_eq!((ran.code, ran.out.len()), (2, 0));
        assert!(ran.err.contains("would stand inside a git repository"), "{}", ran.err);
        assert!(!place.path(file).exists() && !place.path("v").exists());
    }
}

#[test]
fn keys_from_the_environment_are_hex_or_base64_and_never_shown() {
    let place = Place::new();
    let key = "5a".repeat(32);
    let variables = [("WEFT_VAULT_KEY", key.as_str())];
    let redacted = place.weft_with(&variables, &["redact", "--vault", "v"], prompt().as_bytes());
    let same = data_encoding::BASE64.encode(&[0x5a; 32]);
    let variables = [("WEFT_VAULT_KEY", same.as_str())];
    let restored = place.weft_with(&variables, &["restore", "--vault", "v"], &redacted.out);
    assert_eq!(restored.out, prompt().as_bytes());
    for (wrong, says) in [("5b".repeat(32), "another key sealed v"), ("secretive".into(), "is not 32 bytes")]
    {
        let ran = place.weft_with(&[("WEFT_VAULT_KEY", &wrong)], &["restore", "--vault", "v"], &redacted.out);
        assert_eq!((ran.code, ran.out.len()), (2, 0));
        assert!(ran.err.contains(says) && !ran.err.contains(&wrong), "{}", ran.err);
    }
    let ran = place.weft(&["redact", "--vault", "v"], prompt().as_bytes());
    assert_eq!((ran.code, ran.err.contains("there is no key for the vault")), (2, true));
}

#[test]
fn damaged_and_foreign_vaults_are_refused_and_kept() {
    let place = Place::new();
    let output = place.redacted(prompt().as_bytes());
    let good = fs::read(place.path("v")).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut newer = good.clone();
    newer[7] = 9;
    let cases: [(&[u8], i32, &str); 5] = [
        (&flipped, 4, "v is damaged"),
        (&good[..good.len() / 2], 4, "v is damaged"),
        (&newer, 2, "a vault of version 9"),
        (b"not a vault at all", 2, "v is not a weft vault"),
        (b"", 2, "v is not a weft vault"),
    ];
    for (bytes, code, says) in cases {
        fs::write(place.path("v"), bytes).unwrap();
        let ran = place.restore(&output);
        assert_eq!((ran.code, ran.out.len()), (code, 0), "{}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
        let ran = place.weft(&["redact", "--vault", "v", "--vault-key", "k"], prompt().as_bytes());
        assert_eq!((ran.code, ran.out.len()), (code, 0), "{}", ran.err);
        assert_eq!(fs::read(place.path("v")).unwrap(), bytes, "what cannot be opened is not overwritten");
    }
}

#[test]
fn a_vault_that_cannot_be_written_keeps_the_text_back() {
    let place = Place::new();
    let ran = place.weft(&["redact", "--vault", "missing/v", "--vault-key", "k"], prompt().as_bytes());
    assert_eq!((ran.code, ran.out.len()), (4, 0), "{}", ran.err);
    assert!(ran.err.contains("missing/v"), "{}", ran.err);
}

#[test]
fn long_input_goes_through_a_temporary_file_and_comes_back() {
    let place = Place::new();
    let line = expand("%{60} nothing to see in this line, and nothing in the next one either\n");
    let text = format!("{}{}{}", line.repeat(30_000), prompt(), line.repeat(30_000));
    let output = place.redacted(text.as_bytes());
    let redacted = String::from_utf8(output.clone()).unwrap();
    assert!(redacted.contains("use WEFT_GITHUB_TOKEN_") && !redacted.contains("ghp_"));
    assert!(place.restore(&output).out == text.as_bytes());
    let left: Vec<_> =
        fs::read_dir(place.home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "only the repository, the vault and its key: {left:?}");
    let nowhere = [("TMPDIR", "/nonexistent")];
    let ran = place.weft_with(&nowhere, &["redact"], text.as_bytes());
    assert_eq!((ran.code, ran.out.len()), (4, 0));
    assert!(ran.err.contains("cannot write a temporary file in /nonexistent"), "{}", ran.err);
    assert!(ran.err.contains("nothing was printed"), "{}", ran.err);
}

#[test]
fn modes_do_what_they_say() {
    let place = Place::new();
    let text = expand("token: 'sk_live_%{24}'\ncard: 4012 8888 8888 1881\n");
    let dropped = place.weft(&["redact", "--mode", "drop"], text.as_bytes());
    assert_eq!(String::from_utf8(dropped.out).unwrap(), "token: ''\ncard: \n");
    let kept = place.weft(&["redact", "--mode", "keep-format"], text.as_bytes());
    let kept = String::from_utf8(kept.out).unwrap();
    assert_eq!(kept.len(), text.len());
    assert!(kept.starts_with("token: 'sk_live_") && kept != text);
    let again = place.weft(&["redact", "--mode", "keep-format"], kept.as_bytes());
    assert_eq!(String::from_utf8(again.out).unwrap(), kept);
    // To a scan a stand-in is what it looks like.
    let scanned = place.weft(&["scan", "--only", "secrets", "-"], kept.as_bytes());
    assert!(String::from_utf8(scanned.out).unwrap().contains("stripe-key"));
}
