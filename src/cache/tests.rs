//! A scan with a cache says what it says without one, whatever happened to the files and to the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::artifact::{Action, Content, Entry, Origin, Provenance, Role, Submission};
use crate::policy::{Policy, Report, Stages, Trust};
use crate::{Checks, built_in_rules, scan_kept};

static CHECKS: LazyLock<Checks> = LazyLock::new(|| Checks::new(built_in_rules(), None).unwrap());

/// A project by path and text, and the folder that its cache is in.
struct Place {
    folder: tempfile::TempDir,
    files: Vec<(String, String)>,
    policy: Policy,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Place {
        let mut policy = Policy::default();
        policy.run.trust = Trust::Own;
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Place { folder: tempfile::tempdir().unwrap(), files, policy }
    }

    fn set(&mut self, path: &str, text: Option<&str>) {
        self.files.retain(|(known, _)| known != path);
        self.files.extend(text.map(|text| (path.to_owned(), text.to_owned())));
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("weft/a.cache")
    }

    fn submission(&self) -> Submission {
        let entry = |(path, text): &(String, String)| {
            let content = Content::Bytes(text.as_bytes().into());
            let role = if path.ends_with(".md") { Role::Document } else { Role::Code };
            Entry::new(path, role, Action::Inspect, content)
        };
        let mut entries: Vec<Entry> = self.files.iter().map(entry).collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let (notes, symlinks) = (Vec::new(), Vec::new());
        Submission {
            origin: Origin::Tree,
            entries,
            notes,
            provenance: Provenance::default(),
            symlinks,
            around: Vec::new(),
        }
    }

    fn scan(&self, threads: usize, kept: Option<&Path>) -> Report {
        scan_kept(&self.submission(), &CHECKS, &self.policy, threads, kept, &|_| ())
    }

    /// Scans with the cache, and checks that it says what it says without one.
    #[track_caller]
    fn same(&self) -> Report {
        let with = self.scan(2, Some(&self.file()));
        assert_eq!(with, self.scan(1, None));
        with
    }

    /// When the cache was last written, and what it holds.
    fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }
}

const VIEW: &str =
    "from flask import request\nfrom helpers import run\n\ndef view():\n    run(request.args['x'])\n";
const RUN: &str = "import os\ndef run(x):\n    os.system(x)\n";
const SAFE: &str = "def run(x):\n    return x\n";

fn place() -> Place {
    Place::new(&[
        ("app/views.py", VIEW),
        ("helpers.py", RUN),
        (
            "web/page.js",
            "import { go } from './go.js';\nexport const page = (req, res) => go(req.query.x);\n",
        ),
        ("web/go.js", "import cp from 'child_process';\nexport const go = x => cp.exec('ls ' + x);\n"),
        ("web/tsconfig.json", "{}"),
        ("notes.md", "Notes.\n\n```python\nimport os\n```\n"),
        ("requirements.txt", "jinja2==2.4.1\n"),
    ])
}

#[test]
fn the_second_scan_says_the_same() {
    let place = place();
    let cold = place.same();
    assert!(cold.findings.iter().any(|finding| finding.rule == "command-injection"), "{cold:#?}");
    let written = place.bytes();
    assert_eq!(place.same(), cold);
    assert!(place.bytes() == written, "nothing changed, and it was written again");
}

/// Changes what the cache says of a file, and shows that it is believed: the file is not looked at again.
#[test]
fn an_unchanged_file_is_not_looked_at_again() {
    let place = place();
    let cold = place.same();
    let project = crate::analyze::Project::new(place.files.iter().map(|(path, _)| path.as_str()));
    let run = CHECKS.identity(&place.policy).unwrap();
    let cache = super::Cache::open(&place.file(), run, &project).unwrap();
    for entry in place.submission().entries {
        let key = super::Key::of(&entry, || crate::artifact::Digest::of(&entry.bytes(1 << 20).unwrap()));
        assert!(cache.get(&entry.path, &key.unwrap()).is_some(), "{}", entry.path);
    }
    assert!(!cold.findings.is_empty());
}

#[test]
fn what_changed_is_looked_at() {
    let mut place = place();
    // What a file imports that is not there is told as well.
    let dangers = |place: &Place| {
        place.same().findings.iter().filter(|finding| finding.rule == "command-injection").count()
    };
    let count = dangers(&place);
    place.set("helpers.py", Some(SAFE));
    assert!(dangers(&place) < count);
    place.set("helpers.py", None);
    assert!(dangers(&place) < count);
    place.set("app/helpers.py", Some(RUN));
    assert_eq!(dangers(&place), count);
    // Nearer to the importing file: the import means another file now.
    place.set("helpers.py", Some(SAFE));
    assert_eq!(dangers(&place), count);
    place.set("app/helpers.py", Some(SAFE));
    assert!(dangers(&place) < count);
}

#[test]
fn an_alias_that_leads_elsewhere_is_followed() {
    let mut place = place();
    place.set(
        "web/page.js",
        Some("import { go } from '$lib/go';\nexport default (req, res) => go(req.query.x);\n"),
    );
    let before = place.same().findings.len();
    let paths = "{\"compilerOptions\": {\"paths\": {\"$lib/*\": [\"./*\"]}}}";
    place.set("web/tsconfig.json", Some(paths));
    place.same();
    place.set("web/tsconfig.json", Some("{}"));
    assert_eq!(place.same().findings.len(), before);
}

#[test]
fn other_settings_have_nothing_of_these() {
    let mut place = place();
    place.same();
    let written = place.bytes();
    place.policy.gate.only = Stages { secrets: false, code: true, effects: false, deps: false };
    place.same();
    assert!(place.bytes() != written);
    place.policy.run.trust = Trust::Gate;
    let written = place.bytes();
    place.set("helpers.py", Some(SAFE));
    place.same();
    assert!(place.bytes() == written, "a gate neither reads nor writes");
}

#[test]
fn other_rules_have_nothing_of_these() {
    let place = place();
    let identity = |rules| Checks::new(rules, None).unwrap().identity(&place.policy);
    let mut rules = built_in_rules();
    let before = identity(rules.clone());
    assert_eq!(identity(rules.clone()), before);
    rules.rules.retain(|rule| rule.id != "sql-injection");
    assert_ne!(identity(rules), before);
    let keyed = Checks::new(built_in_rules(), Some(b"a key of sixteen")).unwrap();
    assert_ne!(keyed.identity(&place.policy), before);
}

#[test]
fn secrets_are_not_kept() {
    let mut place = place();
    let token = crate::rule::expand("ghp_%{github}");
    place.set("app/settings.py", Some(&format!("TOKEN = '{token}'\n")));
    assert!(place.same().findings.iter().any(|finding| finding.secret.is_some()));
    let bytes = place.bytes();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("app/views.py") && !holds("app/settings.py") && !holds(&token));
    place.same();
}

#[test]
fn a_damaged_file_is_as_if_it_were_not_there() {
    let place = place();
    place.same();
    let whole = place.bytes();
    let step = (whole.len() / 97).max(1);
    for at in (0..whole.len()).step_by(step) {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        for bytes in [&changed[..], &whole[..at]] {
            fs::write(place.file(), bytes).unwrap();
            place.same();
        }
    }
    for bytes in [&b"{}"[..], &[0; 4096], &[whole.as_slice(), b"more"].concat()] {
        fs::write(place.file(), bytes).unwrap();
        place.same();
    }
    place.same();
    assert!(place.bytes() == whole, "made anew");
}

#[cfg(unix)]
#[test]
fn a_place_that_is_not_ours_alone_is_not_used() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let place = place();
    place.same();
    let folder = place.file().parent().unwrap().to_owned();
    assert_eq!((mode(&folder), mode(&place.file())), (0o700, 0o600));
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // Of others, and a link: as if it were not there.
    let whole = place.bytes();
    let why = || super::refused(&place.file(), "--cache-dir").unwrap_or_default();
    assert_eq!(why(), "");
    open(&place.file(), 0o666);
    assert!(why().ends_with("can be written to by others; it is replaced"), "{}", why());
    place.same();
    assert_eq!(why(), "");
    assert_eq!(mode(&place.file()), 0o600);
    let aside = folder.join("aside");
    fs::rename(place.file(), &aside).unwrap();
    symlink(&aside, place.file()).unwrap();
    assert!(why().ends_with("is a link or no file; delete it"), "{}", why());
    place.same();
    assert!(!place.file().symlink_metadata().unwrap().is_symlink());
    assert!(fs::read(&aside).unwrap() == whole);
    fs::remove_file(place.file()).unwrap();
    open(&folder, 0o777);
    assert!(why().contains("(`chmod go-w`)"), "{}", why());
    place.same();
    assert!(!place.file().exists(), "others could put something there");
    open(&folder, 0o700);
    fs::create_dir(place.file()).unwrap();
    place.same();
    assert!(place.file().is_dir());
}

/// One step of somebody's work.
fn step() -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    let paths = ["app/views.py", "helpers.py", "app/helpers.py", "app/__init__.py", "helpers/__init__.py"];
    let texts = [
        Some(VIEW),
        Some(RUN),
        Some(SAFE),
        Some("from app.helpers import run\n"),
        Some("import hashlib\nhashlib.md5(b'x')  # weft: allow weak-hash a test\n"),
        Some("def broken(:\n"),
        None,
    ];
    (prop::sample::select(paths.to_vec()), prop::sample::select(texts.to_vec()))
        .prop_map(|(path, text)| (path, text))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_work_gives_what_no_cache_gives(steps in prop::collection::vec(step(), 1..12)) {
        let mut place = Place::new(&[("app/views.py", VIEW), ("helpers.py", RUN)]);
        place.same();
        for (path, text) in steps {
            place.set(path, text);
            place.policy.run.partial = path.len() % 2 == 0;
            place.same();
        }
    }
}
