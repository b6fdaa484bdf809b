//! Manifests and lockfiles beside each other, through the whole stage.

use super::bounds;
use crate::artifact::{Action, Original, Role};
use crate::deps::Dependencies;
use crate::deps::version::Ecosystem;
use crate::finding::{Finding, Level, NoteKind};
use crate::redact::{Redacted, Redactor};

fn redacted(path: &str, action: Action, text: &str) -> Redacted {
    let original = Original::new(path, Role::Code, action, text.as_bytes());
    Redactor::new(&crate::built_in_rules(), None).unwrap().redact(original).document
}

fn run(documents: &[Redacted]) -> Vec<Finding> {
    let checks = Dependencies::new(&crate::built_in_rules()).unwrap();
    let facts = documents.iter().map(|document| checks.facts(document)).collect();
    let (mut findings, notes) = checks.link(facts);
    assert!(
        notes.iter().all(|note| matches!(note.kind, NoteKind::Info | NoteKind::Unsupported)),
        "{notes:?}"
    );
    findings.sort_by(|one, other| one.order().cmp(&other.order()));
    findings
}

/// "path:line rule: message", one a finding.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let documents: Vec<Redacted> =
        files.iter().map(|(path, text)| redacted(path, Action::Inspect, text)).collect();
    let one = |finding: &Finding| {
        let line = finding.location.region.start_line;
        format!("{}:{line} {}: {}", finding.location.path, finding.rule, finding.message)
    };
    run(&documents).iter().map(one).collect()
}

const PACKAGE: &str =
    "{\"name\": \"app\",\n\"dependencies\": {\n\"a\": \"^1.0.0\",\n\"b\": \"~2.1.0\",\n\"c\": \"*\"}}";

#[test]
fn npm_keeps_a_copy_of_what_is_asked() {
    let lock = |asked: &str| {
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{{asked}}}}}, \
             \"node_modules/a\": {{\"version\": \"1.5.0\"}}, \"node_modules/b\": {{\"version\": \"2.1.3\"}}, \
             \"node_modules/c\": {{\"version\": \"9.0.0\"}}}}}}"
        )
    };
    let of = |asked: &str| told(&[("package.json", PACKAGE), ("package-lock.json", &lock(asked))]);
    assert_eq!(of(r#""a": "^1.0.0", "b": "~2.1.0", "c": "*""#), [""; 0]);
    assert_eq!(
        of(r#""a": "^1.0.0", "b": "~2.0.0""#),
        ["package.json:4 inconsistent-lockfile: the manifest and package-lock.json disagree: \
          b ~2.1.0 (there as ~2.0.0), c * (not there)"]
    );
    // A part of the file may be elsewhere: nothing is said of one of the two alone.
    let change = redacted("package.json", Action::Update, PACKAGE);
    assert_eq!(run(&[change]), []);
}

#[test]
fn other_lockfiles_of_javascript() {
    let nine = "lockfileVersion: '9.0'\n\noverrides:\n  c: 1.0.0\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        \
                specifier: ^1.0.0\n        version: 1.5.0\n      b:\n        specifier: ~2.0.0\n        version: 2.0.0\n      \
                c:\n        specifier: 1.0.0\n        version: 1.0.0\n\npackages:\n\n  a@1.5.0:\n    resolution: {integrity: \
                sha512-A}\n\n  b@2.0.0:\n    resolution: {integrity: sha512-A}\n\n  c@1.0.0:\n    resolution: {integrity: \
                sha512-A}\n\nsnapshots:\n\n  a@1.5.0: {}\n\n  b@2.0.0: {}\n\n  c@1.0.0: {}\n";
    let said =
        |lock: &str| format!("package.json:4 inconsistent-lockfile: the manifest and {lock} disagree: ");
    assert_eq!(
        told(&[("package.json", PACKAGE), ("pnpm-lock.yaml", nine)]),
        [said("pnpm-lock.yaml") + "b ~2.1.0 (there as ~2.0.0)"]
    );
    let one = "# yarn lockfile v1\n\n\na@^1.0.0:\n  version \"1.5.0\"\n\nb@~2.0.0:\n  version \"2.0.9\"\n\nc@*:\n  version \
               \"9.0.0\"\n";
    assert_eq!(
        told(&[("package.json", PACKAGE), ("yarn.lock", one)]),
        [said("yarn.lock") + "b ~2.1.0 (locked 2.0.9)"]
    );
    let bun = "{\"lockfileVersion\": 1, \"workspaces\": {\"\": {\"name\": \"app\", \"dependencies\": {\"a\": \"^1.0.0\", \"b\": \
               \"^2\", \"c\": \"*\"}}}, \"packages\": {\"a\": [\"a@1.5.0\", \"\", {}, \"sha512-A\"], \"b\": [\"b@2.0.0\", \"\", {}, \
               \"sha512-A\"], \"c\": [\"c@2.0.0\", \"\", {}, \"sha512-A\"]}}";
    assert_eq!(
        told(&[("package.json", PACKAGE), ("bun.lock", bun)]),
        [said("bun.lock") + "b ~2.1.0 (there as ^2)"]
    );
    let berry = "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.5.0\n  resolution: \"a@npm:1.5.0\"\n  linkType: \
                 hard\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    a: \
                 \"npm:^1.0.0\"\n    b: \"npm:real@^2\"\n    c: \"npm:*\"\n  linkType: soft\n\n\"b@npm:real@^2\":\n  version: \
                 2.0.0\n  resolution: \"real@npm:2.0.0\"\n  linkType: hard\n\n\"c@npm:*\":\n  version: 9.0.0\n  resolution: \
                 \"c@npm:9.0.0\"\n  linkType: hard\n";
    assert_eq!(
        told(&[("package.json", PACKAGE), ("yarn.lock", berry)]),
        [said("yarn.lock") + "b ~2.1.0 (there as npm:real@^2)"]
    );
    let aliased = PACKAGE.replace("~2.1.0", "npm:real@^2");
    assert_eq!(told(&[("package.json", &aliased), ("yarn.lock", berry)]), [""; 0]);
}

#[test]
fn lockfiles_of_python() {
    let manifest = "[project]\nname = \"app\"\ndependencies = [\n\"a>=1, <2\",\n\"b ; python_version > '3'\",\n\"c==1\"]\n";
    let package =
        |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
    let registry = "source = { registry = \"https://registry.example/simple\" }\nwheels = []\n";
    let uv = |asked: &str| {
        let packages = [package("a", "1.5"), package("b", "1.0"), package("c", "1")].join(registry);
        format!(
            "version = 1\n{packages}{registry}{}source = {{ virtual = \".\" }}\ndependencies = [{{ name = \"a\" }}, \
             {{ name = \"b\" }}, {{ name = \"c\" }}]\n[package.metadata]\nrequires-dist = [{asked}]\n",
            package("app", "0.1")
        )
    };
    let same = r#"{ name = "a", specifier = ">=1,<2" }, { name = "B", marker = "python_version > '3'" }"#;
    let of = |asked: &str| told(&[("pyproject.toml", manifest), ("uv.lock", &uv(asked))]);
    assert_eq!(of(&format!("{same}, {{ name = \"c\", specifier = \"==1\" }}")), [""; 0]);
    let said = "pyproject.toml:6 inconsistent-lockfile: the manifest and";
    assert_eq!(of(same), [format!("{said} uv.lock disagree: c ==1 (not there)")]);
    let poetry = format!(
        "{}{}{}[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"00\"\n",
        package("a", "1.5"),
        package("b", "1.0"),
        package("c", "2")
    );
    let found = told(&[("pyproject.toml", manifest), ("poetry.lock", &poetry)]);
    assert_eq!(found, [format!("{said} poetry.lock disagree: c ==1 (locked 2)")]);
    // What is cut off says nothing about what is not there.
    let list = told(&[("pyproject.toml", manifest), ("requirements.txt", "a==1.5\n")]);
    assert_eq!(list, [""; 0]);
}

#[test]
fn lockfiles_of_ruby_and_php() {
    let manifest = "gem \"rack\", \">= 2\", \"< 3\"\ngem \"rake\", \"13.0.6\"\ngem \"rspec\"\n";
    let lock = |asked: &str| {
        format!(
            "GEM\n  remote: https://registry.example/\n  specs:\n    rack (2.2.8)\n    rake (13.0.6)\n    rspec (3.0)\n\n\
             DEPENDENCIES\n{asked}\n"
        )
    };
    let of = |asked: &str| told(&[("Gemfile", manifest), ("Gemfile.lock", &lock(asked))]);
    assert_eq!(of("  rack (< 3, >= 2)\n  rake (= 13.0.6)\n  rspec"), [""; 0]);
    let said = "inconsistent-lockfile: the manifest and";
    let found = of("  rack (>= 2)\n  rake (= 13.0.6)");
    assert_eq!(
        found,
        [format!(
            "Gemfile:1 {said} Gemfile.lock disagree: rack >= 2, < 3 (there as >= 2), rspec (not there)"
        )]
    );
    let manifest = "{\"require\": {\n\"a/b\": \"^2.0\",\n\"c/d\": \"^1.0\"}}";
    let lock = "{\"packages\": [{\"name\": \"a/b\", \"version\": \"v2.1.0\"}, {\"name\": \"c/d\", \"version\": \"2.0.0\"}]}";
    let found = told(&[("composer.json", manifest), ("composer.lock", lock)]);
    assert_eq!(found, [format!("composer.json:3 {said} composer.lock disagree: c/d ^1.0 (locked 2.0.0)")]);
}

#[test]
fn a_crate_that_the_lockfile_was_not_made_for() {
    let crates = "version = 3\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\n[dependencies]\nhex = \"0.4\"\n");
    let of = |path: &str, name: &str| told(&[(path, &manifest(name)), ("Cargo.lock", crates)]);
    let said = "inconsistent-lockfile: the manifest and Cargo.lock disagree: hex 0.4 (not there)";
    assert_eq!(of("Cargo.toml", "app"), [format!("Cargo.toml:4 {said}")]);
    assert_eq!(of("part/Cargo.toml", "app"), [format!("part/Cargo.toml:4 {said}")]);
    // Another workspace, or a crate that is left out of this one.
    assert_eq!(of("fuzz/Cargo.toml", "fuzz"), [""; 0]);
}

#[test]
fn what_is_written_otherwise_and_means_the_same() {
    for (ecosystem, one, other, same) in [
        (Ecosystem::PyPi, ">= 2.0.0-beta1,<3", "<3,>=2.0.0b1", true),
        (Ecosystem::PyPi, ">=2", ">2", false),
        (Ecosystem::Npm, ">= 1  <2", ">=1 <2", true),
        (Ecosystem::Npm, "*", "", true),
        (Ecosystem::RubyGems, "< 3, >= 2", ">= 2, < 3", true),
    ] {
        assert_eq!(bounds(ecosystem, one) == bounds(ecosystem, other), same, "{one} and {other}");
    }
}

#[test]
fn what_another_lockfile_is_for_and_the_projects_own_parts() {
    // Pipenv's lockfile is of the Pipfile, not of the package beside it.
    let lock = "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"a\": {\"version\": \"==1.0\"}}}";
    let asked = "[options]\ninstall_requires = b\n";
    assert_eq!(told(&[("setup.cfg", asked), ("Pipfile.lock", lock)]), [""; 0]);
    let found = told(&[("Pipfile", "[packages]\nb = \"*\"\n"), ("Pipfile.lock", lock)]);
    assert_eq!(
        found,
        ["Pipfile:2 inconsistent-lockfile: the manifest and Pipfile.lock disagree: b * (not there)"]
    );
    // Yarn 1 links the parts of a workspace, and its lockfile does not have them.
    let root = r#"{"dependencies": {"part": "^1.0.0"}, "workspaces": ["part"]}"#;
    let part = r#"{"name": "part", "version": "1.0.0"}"#;
    let yarn = "# yarn lockfile v1\n";
    assert_eq!(told(&[("package.json", root), ("yarn.lock", yarn), ("part/package.json", part)]), [""; 0]);
    assert_eq!(told(&[("package.json", root), ("yarn.lock", yarn)]).len(), 1);
}

#[test]
fn what_the_project_sets_for_all_is_left_out() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "^1.0.0"}},
        "node_modules/a": {"version": "1.5.0"}, "node_modules/b": {"version": "3.0.0"}}}"#;
    let manifest = PACKAGE
        .replace("\n\"c\": \"*\"}", "\n\"near\": \"file:../near\"}, \"overrides\": {\"b\": \"3.0.0\"}");
    assert_eq!(told(&[("package.json", &manifest), ("package-lock.json", lock)]), [""; 0]);
}

#[test]
fn an_exact_range_is_checked_where_nothing_locks_it() {
    let advisories = |files: &[(&str, &str)]| {
        let found = told(files);
        let about = |line: &&String| line.contains(" is vulnerable ");
        found
            .iter()
            .filter(about)
            .map(|line| line.split(" is ").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let manifest = "{\"dependencies\": {\n\"lodash\": \"3.10.1\", \"jquery\": \"^1.12.0\"}}";
    let found = advisories(&[("package.json", manifest)]);
    assert!(!found.is_empty() && found.iter().all(|line| line.starts_with("package.json:2")), "{found:?}");
    assert!(found.iter().all(|line| line.ends_with(": lodash 3.10.1")), "{found:?}");
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"lodash": "3.10.1", "jquery": "^1.12.0"}},
        "node_modules/lodash": {"version": "4.17.21"}, "node_modules/jquery": {"version": "3.7.0"}}}"#;
    assert_eq!(advisories(&[("package.json", manifest), ("package-lock.json", lock)]), [""; 0]);
    for (path, text) in [
        ("pyproject.toml", "[project]\ndependencies = [\"jinja2==2.4.1\"]\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n    jinja2==2.4.1\n"),
        ("environment.yml", "dependencies:\n  - pip:\n    - jinja2==2.4.1\n"),
        ("Pipfile", "[packages]\njinja2 = \"==2.4.1\"\n"),
        ("Cargo.toml", "[dependencies]\nregex = \"=1.5.4\"\n"),
    ] {
        assert!(!advisories(&[(path, text)]).is_empty(), "{path}");
    }
}

#[test]
fn the_advice_says_what_the_manifest_takes() {
    let lock = include_str!("../../../fixtures/deps/package-lock.json");
    let of = |path: &str, manifest: &str| {
        let documents = [
            redacted("package-lock.json", Action::Inspect, lock),
            redacted(path, Action::Inspect, manifest),
            redacted("requirements.txt", Action::Inspect, "jinja2==2.4.1\n"),
            redacted("go.mod", Action::Inspect, "module a\n\ngo 1.21\n\nrequire golang.org/x/text v0.3.6\n"),
        ];
        let advice = |one: &Finding| one.advice.rsplit_once("names. ").map(|(_, said)| said.to_owned());
        let mut said: Vec<String> = run(&documents).iter().filter_map(advice).collect();
        said.dedup();
        said
    };
    let takes = r#"{"dependencies": {"lodash": "^4.17.0", "jquery-old": "npm:jquery@1.12.0"}}"#;
    let go = "`go get golang.org/x/text@v0.39.0` does it.";
    let [go_said, lodash, .., write] = &of("package.json", takes)[..] else { panic!() };
    assert!(go_said.starts_with("`go get golang.org/x/text@v0."), "{go_said} is like {go}");
    assert_eq!(lodash, "package.json takes it (^4.17.0): `npm update lodash` does it.");
    assert_eq!(write, "Write jinja2==2.11.3 here.");
    // A manifest of another project says nothing.
    assert!(of("other/package.json", takes).iter().all(|said| !said.contains("takes it")));
}

#[test]
fn what_is_kept_is_written_down_and_read_back() {
    let checks = Dependencies::new(&crate::built_in_rules()).unwrap();
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "^2"}}, "node_modules/a": {"version": "2.0.0"}}}"#;
    let documents = [
        redacted("web/package.json", Action::Inspect, PACKAGE),
        redacted("web/package-lock.json", Action::Inspect, lock),
        redacted("other/package.json", Action::Inspect, PACKAGE),
    ];
    let kept = |document| {
        let mut facts = checks.facts(document);
        let findings = std::mem::take(&mut facts.findings);
        let bytes = postcard::to_allocvec(&facts).unwrap();
        crate::deps::Facts { findings, ..postcard::from_bytes(&bytes).unwrap() }
    };
    let (found, _) = checks.link(documents.iter().map(kept).collect());
    let (expected, _) = checks.link(documents.iter().map(|document| checks.facts(document)).collect());
    assert_eq!((found.len(), &found), (3, &expected));
}

#[test]
fn a_lockfile_makes_a_branch_less_bad() {
    let manifest = r#"{"dependencies": {"a": "git+https://u:p@git.example/a.git#main"}}"#;
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}}}"#;
    let level = |documents: &[Redacted]| run(documents).iter().map(Finding::level).collect::<Vec<_>>();
    let whole = || redacted("package.json", Action::Inspect, manifest);
    assert_eq!(level(&[whole()]), [Level::Warning]);
    assert_eq!(level(&[whole(), redacted("package-lock.json", Action::Inspect, lock)]), [Level::Note]);
    assert_eq!(level(&[redacted("package.json", Action::Update, manifest)]), [Level::Note]);
    let message = run(&[whole()])[0].message.clone();
    assert_eq!(message, "code from a git branch, which moves: a (git.example/a.git, branch main)");
}

#[test]
fn several_package_managers_for_one_manifest() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}}}"#;
    let yarn = "# yarn lockfile v1\n";
    let said = [
        "package.json:3 duplicate-source: several package managers lock the same packages: package-lock.json, yarn.lock",
    ];
    let files = [("package.json", PACKAGE), ("package-lock.json", lock), ("yarn.lock", yarn)];
    assert_eq!(told(&files), said);
    // Above, each may be for other parts.
    assert_eq!(told(&[("a/package.json", PACKAGE), files[1], files[2]]), [""; 0]);
}

#[test]
fn one_package_from_several_places() {
    let said = |path: &str, line: u32, places: &str| {
        format!("{path}:{line} duplicate-source: one package from several sources: {places}")
    };
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {},
        "node_modules/a": {"version": "1.0.0", "resolved": "https://registry.example/a/-/a-1.0.0.tgz"},
        "node_modules/b": {"version": "1.0.0", "resolved": "https://registry.example/b/-/b-1.0.0.tgz"},
        "node_modules/b/node_modules/a": {"version": "1.0.1", "resolved": "https://u:p@mirror.example/a/-/a-1.0.1.tgz"},
        "node_modules/c": {"version": "1.0.0", "resolved": "git+ssh://git@git.example/c.git#0123"}}}"#;
    let found = told(&[("package-lock.json", lock)]);
    assert_eq!(found, [said("package-lock.json", 4, "a (mirror.example, registry.example)")]);
    let forked = "version = 3\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \
                  \"registry+https://github.com/rust-lang/crates.io-index\"\n[[package]]\nname = \"a\"\nversion = \"1.1.0\"\n\
                  source = \"git+https://git.example/a?branch=main#0123\"\n";
    let found = told(&[("Cargo.lock", forked)]);
    assert_eq!(found, [said("Cargo.lock", 7, "a (git.example/a, the default registry)")]);
    let yarn = "# yarn lockfile v1\n\n\na@^1:\n  version \"1.0.0\"\n  resolved \
                \"https://registry.example/a/-/a-1.0.0.tgz#00\"\n\na@^2:\n  version \"2.0.0\"\n  resolved \
                \"https://mirror.example/a/-/a-2.0.0.tgz#00\"\n";
    let found = told(&[("yarn.lock", yarn)]);
    assert_eq!(found, [said("yarn.lock", 8, "a (mirror.example, registry.example)")]);
}

#[test]
fn names_of_a_hostile_manifest_do_no_harm() {
    let manifest = "{\"dependencies\": {\"a\\u202e{lock}\\n\": \"^1\"}}";
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {}}, "node_modules/a": {"version": "1.0.0"}}}"#;
    let found = told(&[("package.json", manifest), ("package-lock.json", lock)]);
    let said = "package.json:1 inconsistent-lockfile: the manifest and package-lock.json disagree: a\\u{202e}{lock}\\u{a} ^1 \
                (not there)";
    assert_eq!(found, [said]);
}

#[test]
fn a_manifest_of_any_length_is_read_in_time() {
    let mut asked = String::new();
    for number in 0..20_000 {
        asked.push_str(&format!("\"p{number}\": \"^1.0.0\",\n"));
    }
    let asked = asked.trim_end_matches(",\n");
    let manifest = format!("{{\"dependencies\": {{{asked}}}}}");
    let lock =
        format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{{asked}}}}}}}}}");
    assert_eq!(told(&[("package.json", &manifest), ("package-lock.json", &lock)]), [""; 0]);
}
