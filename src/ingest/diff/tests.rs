use std::collections::BTreeMap;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::artifact::{Action, Entry, Lines, Role, Submission};
use crate::finding::NoteKind;

fn alone(diff: &str) -> Submission {
    patch(diff.as_bytes(), "<stdin>", None)
}

fn with(diff: &str, files: &[(&str, &str)]) -> Submission {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    patch(diff.as_bytes(), "<stdin>", Some(&|path| files.get(path).map(|text| text.as_bytes().to_vec())))
}

fn text(entry: &Entry) -> String {
    String::from_utf8(entry.bytes(u64::MAX).unwrap().to_vec()).unwrap()
}

fn lines(range: std::ops::Range<u32>) -> Option<Lines> {
    Some(Lines::new(std::iter::once(range).collect()))
}

const CHANGE: &str = "diff --git a/src/a.py b/src/a.py\nindex 1234567..89abcde 100755\n--- a/src/a.py\n+++ b/src/a.py\n@@ -2,2 +2,3 @@ def f():\n two\n-three\n+3\n+3.5\n";

#[test]
fn where_the_old_file_is_at_hand_the_new_one_is_whole() {
    let found = with(CHANGE, &[("src/a.py", "one\ntwo\nthree\nfour\n")]);
    assert_eq!((found.entries.len(), found.notes.len()), (1, 0));
    let entry = &found.entries[0];
    assert_eq!(
        (entry.path.as_str(), entry.action, entry.mode),
        ("src/a.py", Action::Update, Mode::Executable)
    );
    assert_eq!((text(entry), entry.fragment), ("one\ntwo\n3\n3.5\nfour\n".to_owned(), false));
    assert_eq!(entry.added, lines(3..5));
}

#[test]
fn a_file_that_has_the_change_already_is_whole_too() {
    let found = with(CHANGE, &[("src/a.py", "one\ntwo\n3\n3.5\nfour\n")]);
    assert_eq!(text(&found.entries[0]), "one\ntwo\n3\n3.5\nfour\n");
    assert_eq!(found.entries[0].added, lines(3..5));
}

#[test]
fn otherwise_it_is_a_fragment_whose_lines_are_right() {
    for found in [alone(CHANGE), with(CHANGE, &[("src/a.py", "something else\n")])] {
        let entry = &found.entries[0];
        assert_eq!((text(entry), entry.fragment), ("\ntwo\n3\n3.5\n".to_owned(), true));
        assert_eq!(entry.added, lines(3..5));
    }
    let two = format!("{CHANGE}@@ -20 +21 @@\n-x\n+y\n");
    assert_eq!(text(&alone(&two).entries[0]), format!("\ntwo\n3\n3.5\n{}y\n", "\n".repeat(16)));
}

#[test]
fn new_deleted_renamed_copied() {
    let diff = "\
diff --git a/new.md b/new.md
new file mode 120000
index 0000000..89abcde
--- /dev/null
+++ b/new.md
@@ -0,0 +1 @@
+../x
\\ No newline at end of file
diff --git a/old.py b/old.py
deleted file mode 100755
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/one.py b/two.py
similarity index 100%
rename from one.py
rename to two.py
diff --git a/one.py b/three.sh
similarity index 100%
copy from one.py
copy to three.sh
diff --git a/run b/run
old mode 100644
new mode 100755
diff --git a/empty b/empty
new file mode 100644
index 0000000..e69de29
";
    let found = with(diff, &[("one.py", "1\n"), ("run", "r\n")]);
    assert_eq!(found.notes, []);
    let seen: Vec<_> = found
        .entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.action, entry.mode, text(entry)))
        .collect();
    let of = |path, action, mode, text: &str| (path, action, mode, text.to_owned());
    assert_eq!(
        seen,
        [
            of("empty", Action::Create, Mode::File, ""),
            of("new.md", Action::Create, Mode::Symlink, "../x"),
            of("old.py", Action::Delete, Mode::Executable, ""),
            of("one.py", Action::Delete, Mode::File, ""),
            of("run", Action::Update, Mode::Executable, "r\n"),
            of("three.sh", Action::Create, Mode::File, "1\n"),
            of("two.py", Action::Create, Mode::File, "1\n"),
        ]
    );
    assert_eq!(found.entries[1].role, Role::Document);
    // A pure rename adds nothing; a new mode or kind makes all of it count.
    assert_eq!(
        found.entries.iter().map(|entry| entry.added.is_some()).collect::<Vec<_>>()[4..],
        [false, false, true]
    );
}

#[test]
fn submodules_and_binaries_are_named() {
    let diff = "\
diff --git a/sub b/sub
new file mode 160000
index 0000000..1234567
--- /dev/null
+++ b/sub
@@ -0,0 +1 @@
+Subproject commit 1234567890123456789012345678901234567890
diff --git a/x.png b/x.png
new file mode 100644
index 0000000..1234567
Binary files /dev/null and b/x.png differ
diff --git a/x.py b/x.py
index 0000000..1234567 100644
GIT binary patch
literal 3
KcmZQzWMT#Y01f~L

literal 0
HcmV?d00001

";
    let found = alone(diff);
    let notes: Vec<_> = found.notes.iter().map(|note| (note.kind, note.path.as_str())).collect();
    assert_eq!(
        notes,
        [(NoteKind::NotChecked, "x.py"), (NoteKind::Unsupported, "sub"), (NoteKind::Unsupported, "x.png")]
    );
    assert_eq!(text(&found.entries[0]), "1234567890123456789012345678901234567890");
}

#[test]
fn plain_diffs_quoted_names_and_text_around() {
    let diff = "From: me\nSubject: x\n---\n 1 file changed\n\n--- old/a b.py\t2026-01-01 00:00:00\n+++ new/a b.py\t2026-01-01\n@@ -0,0 +1 @@\n+x\n-- \n2.47\n\n--- \"a/t\\303\\244b\\t.py\"\n+++ \"b/t\\303\\244b\\t.py\"\r\n@@ -1 +1 @@\r\n-x\r\n+y\r\n";
    let found = alone(diff);
    assert_eq!(found.notes, []);
    let seen: Vec<_> = found.entries.iter().map(|entry| (entry.path.as_str(), text(entry))).collect();
    assert_eq!(
        seen,
        [("new/a b.py", "x\n".to_owned()), ("old/a b.py", String::new()), ("täb\t.py", "y\r\n".to_owned())]
    );
}

#[test]
fn a_series_changes_a_path_twice() {
    let step = |old: &str, new: &str| format!("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{old}\n+{new}\n");
    let found = with(&(step("1", "2") + &step("2", "3")), &[("x", "1\nend\n")]);
    assert_eq!(found.entries.iter().map(text).collect::<Vec<_>>(), ["2\nend\n", "3\nend\n"]);
}

#[test]
fn what_is_malformed_is_not_checked_and_says_where() {
    for (diff, line, problem) in [
        ("hello\n", 1, "no unified diff was found"),
        ("@@ -1 +1 @@\n-x\n+y\n", 1, "the hunk has no file name above it"),
        ("--- a/x\n+++ b/x\n@@ -1 +x @@\n", 3, "the hunk's header is not `@@ -LINE,COUNT +LINE,COUNT @@`"),
        ("--- a/x\n+++ b/x\n@@ -0,1 +1 @@\n", 3, "the hunk's header is not `@@ -LINE,COUNT +LINE,COUNT @@`"),
        (
            "--- a/x\n+++ b/x\n@@ -1 +99999999999 @@\n",
            3,
            "the hunk's header is not `@@ -LINE,COUNT +LINE,COUNT @@`",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n x\n",
            4,
            "the hunk ends before the lines that its header counts",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n x\nno\n",
            5,
            "the hunk ends before the lines that its header counts",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n-y\n",
            5,
            "the hunk holds more lines of one side than its header counts",
        ),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n x\n+y\n", 5, "the hunk holds more lines than its header counts"),
        (
            "diff --cc x\nindex 1,2..3\n",
            1,
            "a combined diff of a merge is not supported; use `git diff -m` or a range",
        ),
        ("diff --git a/x b/y\n", 1, "the file's names cannot be read"),
        ("diff --git a/x b/x\nold mode 1\n", 2, "the mode is not six octal digits"),
    ] {
        let parsed = parse(diff.as_bytes());
        assert!(parsed.problems.contains(&(line, problem.to_owned())), "{diff:?}: {:?}", parsed.problems);
        assert_eq!(alone(diff).notes[0].kind, NoteKind::NotChecked);
    }
    assert_eq!(alone("").notes, []);
}

#[test]
fn huge_line_numbers_are_bounded() {
    let found = alone("--- a/x\n+++ b/x\n@@ -1 +2000000000 @@\n-x\n+y\n");
    assert_eq!((found.entries.len(), found.notes[0].kind), (0, NoteKind::NotChecked));
}

/// What `git diff --no-index` writes for two texts, free of the machine's settings.
fn diff_of_git(old: &str, new: &str, context: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old"), old).unwrap();
    std::fs::write(folder.path().join("new"), new).unwrap();
    let output = Command::new("git")
        .args([
            "diff",
            "--no-index",
            "--no-color",
            "--no-ext-diff",
            "--text",
            &format!("-U{context}"),
            "old",
            "new",
        ])
        .current_dir(folder.path())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn git_diffs_rebuild_the_new_file(
        old in "((one|two|\\+|-- x|@@ -1 \\+1 @@|\r|)\n){0,12}(end)?",
        new in "((one|two|\\+|-- x|\\+\\+ y|\r|)\n){0,12}(end)?",
        context in 0u32..4,
    ) {
        let diff = diff_of_git(&old, &new, context);
        let parsed = parse(diff.as_bytes());
        prop_assert_eq!(old == new, diff.is_empty());
        prop_assert_eq!(&parsed.problems, &[]);
        if old != new {
            let found = with(&diff, &[("old", &old)]);
            let entry = found.entries.iter().find(|entry| entry.path == "new").unwrap();
            prop_assert_eq!(text(entry), new.clone());
            prop_assert!(!entry.fragment);
            // Without the old file each line of the fragment stands where it stands in the new one.
            let fragment = alone(&diff);
            let fragment = text(fragment.entries.iter().find(|entry| entry.path == "new").unwrap());
            let whole: Vec<&str> = new.split_inclusive('\n').collect();
            for (number, line) in fragment.split_inclusive('\n').enumerate().filter(|(_, line)| *line != "\n") {
                prop_assert_eq!(line, whole[number]);
            }
        }
    }
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, pieces in proptest::collection::vec(prop_oneof![
        Just("diff --git a/x b/x\n"), Just("--- a/x\n"), Just("+++ b/x\n"), Just("@@ -1 +1 @@\n"), Just("@@ -1,2 +3,4 @@ x\n"),
        Just("+a\n"), Just("-b\n"), Just(" c\n"), Just("\\ No newline at end of file\n"), Just("\n"), Just("rename from x\n"),
        Just("rename to \"\\303\n"), Just("diff --git \"a\" b\n"), Just("new file mode 120000\n"), Just("index 1..2 100644\n"),
        Just("--- /dev/null\n"), Just("@@ -0,0 +1 @@\n"), Just("GIT binary patch\n"), Just("diff --git é é\n"),
    ], 0..16)) {
        for input in [&bytes[..], pieces.concat().as_bytes()] {
            patch(input, "x", None);
            patch(input, "x", Some(&|_| Some(b"a\nb\nc\n".to_vec())));
        }
    }
}
