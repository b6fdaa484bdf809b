use std::fs;

use super::*;
use crate::artifact::HashCheck;
use crate::ingest::read;

/// A tree of files, by path and text.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn scan(folder: &tempfile::TempDir, paths: &[&str], exclude: &[&str]) -> Submission {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let exclude: Vec<String> = exclude.iter().map(|pattern| pattern.to_string()).collect();
    walk(&paths, folder.path(), &exclude, 1000).unwrap()
}

fn paths(submission: &Submission) -> Vec<&str> {
    submission.entries.iter().map(|entry| entry.path.as_str()).collect()
}

#[test]
fn ignored_files_are_left_out_hidden_ones_are_not() {
    let folder = tree(&[
        (".gitignore", "*.log\nbuild/\n"),
        (".ignore", "*"),
        (".git/config", "x"),
        (".github/workflows/ci.yml", "x"),
        ("a.log", "x"),
        ("build/x.py", "x"),
        ("src/a.py", "x"),
        ("vendor/b.py", "x"),
    ]);
    let found = scan(&folder, &["."], &["vendor/"]);
    assert_eq!(paths(&found), [".github/workflows/ci.yml", ".gitignore", ".ignore", "src/a.py"]);
    assert_eq!((found.origin, found.notes.len()), (Origin::Tree, 0));
}

#[test]
fn a_named_folder_is_scanned_whatever_is_excluded() {
    let folder = tree(&[("vendor/lib/a.py", "x"), ("vendor/lib/skip.py", "x"), ("b.py", "x")]);
    assert_eq!(paths(&scan(&folder, &["."], &["/vendor/"])), ["b.py"]);
    let exclude = ["/vendor/", "skip.py"];
    assert_eq!(paths(&scan(&folder, &["vendor/lib"], &exclude)), ["vendor/lib/a.py"]);
    assert_eq!(paths(&scan(&folder, &["vendor"], &exclude)), ["vendor/lib/a.py"]);
}

#[test]
fn a_subfolder_obeys_the_repository_above() {
    let folder =
        tree(&[(".git/HEAD", "x"), (".gitignore", "*.log\n"), ("src/a.log", "x"), ("src/a.py", "x")]);
    assert_eq!(paths(&scan(&folder, &["src"], &[])), ["src/a.py"]);
}

#[test]
fn a_file_named_twice_is_one_and_named_files_win_over_ignore_and_exclude() {
    let folder = tree(&[(".gitignore", "*.log\n"), ("a.log", "x"), ("b.md", "x"), ("c.py", "x")]);
    let found = scan(&folder, &["a.log", "./a.log", ".", "b.md", "c.py"], &["c.py"]);
    assert_eq!(paths(&found), [".gitignore", "a.log", "b.md", "c.py"]);
    assert_eq!(found.entries[2].role, Role::Reply);
    assert_eq!(found.notes, []);
}

#[test]
fn roles_follow_names_and_places() {
    let folder = tree(&[
        ("README.md", "x"),
        ("user-auth/03-ui/in/user-auth_prompt_v1.processed", "---\nfeature: user-auth\n---\n\n ask \n"),
        ("user-auth/03-ui/in/tmpabc.tmp", "x"),
        ("user-auth/03-ui/out/20260114_224107_123456_result.md", "x"),
        ("user-auth/03-ui/out/notes.md", "x"),
        ("other_result.md", "x"),
    ]);
    let found = scan(&folder, &["."], &[]);
    assert_eq!(found.origin, Origin::History);
    let roles: Vec<Role> = found.entries.iter().map(|entry| entry.role).collect();
    use Role::{Document, Prompt, Reply};
    assert_eq!(roles, [Document, Document, Document, Prompt, Reply, Document], "{:?}", paths(&found));
    assert_eq!(found.notes.len(), 1);
    assert_eq!(found.notes[0].kind, NoteKind::Info);
}

#[test]
fn a_result_knows_the_prompts_beside_it() {
    let asked = crate::artifact::Digest::of(b"ask");
    let result = format!(
        "---\nfeature: user-auth\nagent: 03-ui\nprompt_spec_version: 1.0.0\nprompt_hash: {asked}\noutput_hash: error\n---\n\nx"
    );
    let folder = tree(&[
        ("user-auth/03-ui/in/user-auth_prompt_v1.md", "---\nfeature: user-auth\n---\n\n ask \n"),
        ("user-auth/03-ui/out/20260114_224107_123456_result.md", &result),
    ]);
    let found = scan(&folder, &["user-auth/03-ui/out/20260114_224107_123456_result.md"], &[]);
    assert_eq!((found.origin.clone(), found.provenance.agent.as_deref()), (Origin::Reply, Some("03-ui")));
    let original = read(&found.entries[0], &1000).unwrap();
    let front = original.front.unwrap();
    assert_eq!((front.prompt, front.output), (HashCheck::Stripped, HashCheck::Error));
}

#[test]
fn a_named_markdown_file_is_a_reply_unless_it_is_a_prompt() {
    let folder = tree(&[
        ("a.md", "x"),
        ("b_prompt.md", "x"),
        ("c.md", "---\nfeature: abc\nagent: x\nprompt_spec_version: 1.0.0\n---\n\nx"),
        ("d.py", "x"),
    ]);
    let role = |path: &str| scan(&folder, &[path], &[]).entries[0].role;
    assert_eq!(
        [role("a.md"), role("b_prompt.md"), role("c.md"), role("d.py")],
        [Role::Reply, Role::Prompt, Role::Prompt, Role::Code]
    );
}

#[test]
fn what_is_not_there_is_an_error_that_says_so() {
    let folder = tree(&[]);
    let error = walk(&["gone.py".into()], folder.path(), &[], 10).err().unwrap();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Usage, "gone.py: no such file or folder".into())
    );
    let error = walk(&[".".into()], folder.path(), &["[".into(), "{a".into()], 10).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Settings);
}

#[test]
fn changes_obey_exclusions_too() {
    let entry = |path: &str| Entry::new(path, Role::Code, Action::Create, Content::Bytes([].into()));
    let mut submission = crate::ingest::reply::stdin(&b"x"[..]);
    submission.entries =
        vec![entry("../up"), entry("/abs/vendor/x"), entry("src/a.py"), entry("vendor/x/y.py")];
    submission.notes = vec![Note::new(NoteKind::NotChecked, "vendor/z", "x")];
    exclude(&mut submission, &["/vendor/".into()]).unwrap();
    assert_eq!(paths(&submission), ["../up", "/abs/vendor/x", "src/a.py"]);
    assert_eq!(submission.notes, [Note::new(NoteKind::Info, "", "1 changed file is excluded by weft.toml")]);
    assert!(exclude(&mut submission, &["{a".into()]).is_err());
}

#[test]
fn a_result_named_from_elsewhere_is_still_one() {
    let folder = tree(&[
        ("user-auth/03-ui/out/20260114_224107_123456_result.md", "x"),
        ("user-auth/03-ui/in/x.txt", ""),
    ]);
    let inside = folder.path().join("user-auth/03-ui/in");
    let found = walk(&["../out/20260114_224107_123456_result.md".into()], &inside, &[], 10).unwrap();
    assert_eq!(
        (found.entries[0].role, found.provenance.feature.as_deref()),
        (Role::Reply, Some("user-auth"))
    );
}

#[test]
fn too_many_files_are_noted_once() {
    let folder = tree(&[("a", ""), ("b", ""), ("c", "")]);
    let found = walk(&[".".into()], folder.path(), &[], 2).unwrap();
    assert_eq!(found.entries.len(), 2);
    assert!(
        found.notes[0].kind == NoteKind::NotChecked
            && found.notes[0].message.starts_with("more than 2 files")
    );
}

#[test]
fn a_file_that_vanishes_or_grows_is_not_checked() {
    let folder = tree(&[("a.py", "x"), ("b.py", "0123456789")]);
    let found = scan(&folder, &["."], &[]);
    fs::remove_file(folder.path().join("a.py")).unwrap();
    let note = read(&found.entries[0], &5).err().unwrap();
    assert_eq!(note.kind, NoteKind::NotChecked);
    assert!(note.message.starts_with("a.py vanished before it was read"), "{}", note.message);
    let note = read(&found.entries[1], &5).err().unwrap();
    assert!(
        note.message.contains("the limit is 5") && note.message.contains("file-bytes"),
        "{}",
        note.message
    );
    assert!(read(&found.entries[1], &10).is_ok());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_entries_and_are_not_followed() {
        let outside = tree(&[("secret", "x")]);
        let folder = tree(&[("src/a.py", "x")]);
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink("src", folder.path().join("in")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        let found = scan(&folder, &["."], &[]);
        assert_eq!(paths(&found), ["in", "loop", "out", "src/a.py"]);
        assert_eq!(found.symlinks, ["in", "loop", "out"]);
        assert_eq!(found.entries[0].mode, Mode::Symlink);
        assert_eq!(&found.entries[0].bytes(100).unwrap()[..], b"src");
        let named = scan(&folder, &["out", "loop", "in"], &[]);
        assert_eq!(paths(&named), ["in/a.py"]);
        let kinds: Vec<_> = named.notes.iter().map(|note| (note.kind, note.path.as_str())).collect();
        assert_eq!(kinds, [(NoteKind::NotChecked, "loop"), (NoteKind::NotChecked, "out")]);
    }

    #[test]
    fn a_folder_too_deep_to_read_is_not_checked() {
        // The one way to an unreadable folder that works for root too: a path longer than the system takes.
        let folder = tree(&[]);
        let name = "d".repeat(200);
        let chain: PathBuf = std::iter::repeat_n(name.as_str(), 14).collect();
        let (one, two) = (folder.path().join("one").join(&chain), folder.path().join("two").join(&chain));
        fs::create_dir_all(&one).unwrap();
        fs::create_dir_all(&two).unwrap();
        fs::rename(folder.path().join("two"), one.join("two")).unwrap();
        let found = scan(&folder, &["."], &[]);
        assert!(found.notes.iter().any(|note| note.kind == NoteKind::NotChecked), "{:?}", found.notes.len());
    }

    #[test]
    fn a_component_that_is_a_file_is_not_checked() {
        let folder = tree(&[("a.py", "x")]);
        let found = scan(&folder, &["a.py/b", &"n".repeat(300)], &[]);
        assert_eq!(found.notes.len(), 2);
        assert!(found.notes.iter().all(|note| note.kind == NoteKind::NotChecked));
    }

    #[test]
    fn pipes_are_not_read() {
        let folder = tree(&[]);
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let found = scan(&folder, &["."], &[]);
        drop(socket);
        assert_eq!(found.notes, [Note::new(NoteKind::Unsupported, "socket", "is no regular file")]);
    }
}
