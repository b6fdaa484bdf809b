//! package.json.

use super::source::Source;
use super::{Manifest, Requirement};
use crate::deps::lockfile::json::{Document, Kind, Value};
use crate::deps::lockfile::{Reading, Usage, broken_json};

/// The tables of what a package needs, and what for.
const TABLES: [(&str, Usage); 4] = [
    ("dependencies", Usage::Program),
    ("optionalDependencies", Usage::Optional),
    ("devDependencies", Usage::Development),
    ("peerDependencies", Usage::Program),
];

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let document = Document::parse(text);
    broken_json(text, &document, &mut reading);
    let Some(root) = document.root().filter(|root| root.kind() == Kind::Object) else {
        if document.broken.is_none() {
            reading.unread(0, "this is no manifest of npm: the outermost value is no object");
        }
        return manifest.finish(reading);
    };
    manifest.runs = true;
    manifest.own = root.get("name").and_then(Value::text).map(|name| name.into_owned());
    for (table, usage) in TABLES {
        let Some(entries) = root.get(table) else { continue };
        if entries.kind() != Kind::Object {
            reading.partial(entries.at().start, format!("`{table}` is no object"));
            continue;
        }
        for entry in entries.children() {
            match entry.text() {
                Some(written) => {
                    let mut one = requirement(&entry.key(), &written, entry, usage);
                    one.offered = table == "peerDependencies";
                    manifest.requirements.push(one);
                }
                None => reading.partial(entry.at().start, format!("the range of {} is no text", entry.key())),
            }
        }
    }
    let pnpm = root.get("pnpm").and_then(|pnpm| pnpm.get("overrides"));
    for set in [root.get("overrides"), root.get("resolutions"), pnpm].into_iter().flatten() {
        manifest.overridden.extend(set.children().filter_map(|entry| set_name(&entry.key())));
    }
    manifest.finish(reading)
}

/// The package that a key of `overrides` or `resolutions` sets: `a`, `**/a`, `parent/a`, `parent>a`, `a@^1`.
fn set_name(key: &str) -> Option<String> {
    let last = key.rsplit('>').next()?;
    let parts: Vec<&str> = last.split('/').collect();
    let named = match parts.as_slice() {
        [.., scope, name] if scope.starts_with('@') => format!("{scope}/{name}"),
        [.., name] => (*name).to_owned(),
        [] => return None,
    };
    let end = named.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(named.len(), |(at, _)| at);
    Some(named[..end].to_owned())
}

/// What a key and its value ask for.
fn requirement(key: &str, written: &str, entry: Value<'_, '_>, usage: Usage) -> Requirement {
    let written = written.trim();
    let mut one = Requirement::new(key, written, entry.key_at(), usage);
    if let Some(alias) = written.strip_prefix("npm:") {
        let skip = usize::from(alias.starts_with('@'));
        let (name, range) = match alias[skip..].find('@') {
            Some(at) => (&alias[..skip + at], &alias[skip + at + 1..]),
            // Yarn takes `npm:^1.0` for a range of the package itself.
            None if alias.starts_with(|c: char| c.is_ascii_digit() || "^~<>=*".contains(c)) => (key, alias),
            None => (alias, ""),
        };
        (one.name, one.range) = (name.to_owned(), range.to_owned());
        return one;
    }
    match source(written) {
        Source::Registry => one,
        from => Requirement { range: String::new(), ..one.from(from) },
    }
}

/// Where a value says that the code comes from.
fn source(written: &str) -> Source {
    let begins = |starts: &[&str]| starts.iter().any(|start| written.starts_with(start));
    let repository = written.split('#').next().unwrap_or_default();
    if begins(&["workspace:", "catalog:", "patch:", "exec:", "jsr:"]) {
        Source::Workspace
    } else if begins(&["file:", "link:", "portal:", "./", "../", "/", "~/"]) {
        Source::Path
    } else if begins(&["git+", "git:", "git@", "ssh:"]) || repository.ends_with(".git") {
        Source::git(written)
    } else if let Some((host, path)) = written.split_once(':').filter(|(host, _)| is_forge(host)) {
        Source::git(&format!("{host}/{path}"))
    } else if begins(&["http://", "https://"]) {
        let archive = [".tgz", ".tar.gz", ".zip"].iter().any(|end| repository.ends_with(end));
        if archive || !written.contains('#') { Source::Address } else { Source::git(written) }
    } else if repository.contains('/') && !repository.contains([' ', ':', '@']) {
        // `owner/repository` is one of GitHub.
        Source::git(&format!("github/{written}"))
    } else if written.contains(':') {
        Source::Workspace
    } else {
        Source::Registry
    }
}

fn is_forge(host: &str) -> bool {
    matches!(host, "github" | "gitlab" | "bitbucket" | "gist")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = include_str!("../../../fixtures/deps/package.json");

    #[test]
    fn requirements_of_all_tables_and_sources() {
        let manifest = read(MANIFEST);
        assert_eq!(manifest.problems, []);
        assert_eq!(manifest.own.as_deref(), Some("shop"));
        let expected = [
            r#"lodash "^4.17.0" Program registry"#,
            r#"jquery-old=jquery "1.12.0" Program registry"#,
            r#"@scope/tool "~2.0.0" Program registry"#,
            r#"part "" Program workspace"#,
            r#"near "" Program path"#,
            r#"forked "" Program git.example/forked.git, branch main"#,
            r#"short "" Program github/owner/short, default branch"#,
            r#"pinned "" Program github/owner/pinned, commit 0123456789abcdef0123456789abcdef01234567"#,
            r#"archive "" Program address"#,
            r#"newest "latest" Development registry"#,
            r#"any "*" Development registry"#,
            r#"fsevents "^2.3.0" Optional registry"#,
            r#"react ">=17" Program offered registry"#,
        ];
        assert_eq!(told(MANIFEST, &manifest), expected);
        let set: Vec<&str> = manifest.overridden.iter().map(String::as_str).collect();
        assert_eq!(set, ["@scope/deep", "minimist", "qs"]);
        let windows = format!("\u{feff}{}", MANIFEST.replace('\n', "\r\n"));
        assert_eq!(
            (told(&windows, &read(&windows)), read(&windows).problems),
            (told(MANIFEST, &manifest), vec![])
        );
    }

    #[test]
    fn what_is_no_manifest_is_named() {
        for (text, kind, line) in [
            ("", NotChecked, 1),
            ("[]", NotChecked, 1),
            ("{\n\"dependencies\": []}", Partial, 2),
            ("{\"dependencies\": {\n\"a\": 1}}", Partial, 2),
            ("{\n<<<<<<< ours\n\"a\": 1", NotChecked, 2),
            ("{\"dependencies\": {\n\"a\": \"1", NotChecked, 2),
        ] {
            let manifest = read(text);
            let found = problems(text, &manifest);
            assert!(found.iter().any(|one| one.0 == kind && one.1 == line), "{text}: {found:?}");
        }
        let long = format!("{{\"dependencies\": {{\"{}\": \"1\"}}}}", "a".repeat(300));
        assert_eq!((read(&long).requirements.len(), read(&long).problems.len()), (0, 1));
        let deep = format!("{{\"dependencies\": {}", "{\"a\": ".repeat(100_000));
        assert_eq!(read(&deep).requirements, []);
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[\[\]{}":,a@#/\\é]{0,4}"#) {
            let end = (at + length).min(MANIFEST.len());
            let text = format!("{}{put}{}", &MANIFEST[..at], &MANIFEST[end..]);
            harmless(&text, &read(&text));
            let cut = &MANIFEST[..at.min(MANIFEST.trim_end().len() - 1)];
            prop_assert!(!read(cut).problems.is_empty());
        }
    }
}
