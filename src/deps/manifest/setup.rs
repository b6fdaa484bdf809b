//! setup.cfg of setuptools: `install_requires`, `setup_requires` and `extras_require`, one requirement a line.

use super::pyproject::written;
use super::{Manifest, Requirement};
use crate::deps::lockfile::toml_packages::Text;
use crate::deps::lockfile::{Reading, Usage, conflict, lines};

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let (mut section, mut usage) = ("", None);
    for (start, line) in lines(text) {
        let bare = line.trim();
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
            usage = None;
        } else if bare.is_empty() || bare.starts_with(['#', ';']) {
        } else if line.starts_with([' ', '\t']) {
            let at = start + line.len() - line.trim_start().len();
            requirements(bare, at, usage, &mut manifest, &mut reading);
        } else if let Some(name) = bare.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim();
            usage = None;
        } else {
            let (key, value) = bare.split_once(['=', ':']).unwrap_or((bare, ""));
            usage = listed(section, key.trim());
            let at = start + line.find(value).unwrap_or(0) + value.len() - value.trim_start().len();
            if (section, key.trim()) == ("metadata", "name") {
                manifest.own = Some(value.trim().to_owned());
            } else if !value.trim().is_empty() {
                requirements(value.trim(), at, usage, &mut manifest, &mut reading);
            }
        }
    }
    manifest.finish(reading)
}

/// What the requirements of a key are there for; `None` for a key that has none.
fn listed(section: &str, key: &str) -> Option<Usage> {
    match (section, key) {
        ("options", "install_requires") => Some(Usage::Program),
        ("options", "setup_requires" | "tests_require") => Some(Usage::Development),
        ("options.extras_require", _) => Some(Usage::Optional),
        _ => None,
    }
}

/// A line of requirements: one, or several between semicolons, which is how they stand on the line of the key. A marker
/// stands behind a semicolon too, and no requirement starts as one does.
fn requirements(line: &str, at: usize, usage: Option<Usage>, manifest: &mut Manifest, reading: &mut Reading) {
    let Some(usage) = usage else { return };
    // `%(name)s` and `file:` stand for what is elsewhere.
    if line.starts_with("file:") || line.contains("%(") {
        return reading.partial(at, "what another place lists is not read here");
    }
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    match written(&Text { text: line, at: at..at + line.len() }, usage) {
        Some(one) => manifest.requirements.push(Requirement { offered: usage == Usage::Development, ..one }),
        None => reading.partial(at, "this is no requirement as PEP 508 writes it"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial};

    const MANIFEST: &str = "[metadata]\nname = shop\n\n[options]\ninstall_requires =\n    # why\n    jinja2==2.4.1\n    \
        requests>=2;python_version>'3'\n    forked @ git+https://git.example/a\npackages = find:\nsetup_requires = wheel\n\n\
        [options.extras_require]\ntest =\n    pytest\n[flake8]\nignore =\n    E1\n";

    #[test]
    fn requirements_of_all_keys() {
        for text in [MANIFEST.to_owned(), format!("\u{feff}{}", MANIFEST.replace('\n', "\r\n"))] {
            let manifest = read(&text);
            assert_eq!((&manifest.problems, manifest.own.as_deref()), (&vec![], Some("shop")));
            let expected = [
                r#"jinja2 "==2.4.1" Program registry"#,
                r#"requests ">=2" Program registry"#,
                r#"forked "" Program git.example/a, default branch"#,
                r#"wheel "" Development offered registry"#,
                r#"pytest "" Optional registry"#,
            ];
            assert_eq!(told(&text, &manifest), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind, line) in [
            ("[options]\ninstall_requires =\n    ==1\n", Partial, 3),
            ("[options]\ninstall_requires = file: requirements.txt\n", Partial, 2),
            ("<<<<<<< ours\n", NotChecked, 1),
        ] {
            assert!(
                matches!(&problems(text, &read(text))[..], [one] if one.0 == kind && one.1 == line),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[\[\] =:;a.@é\n]{0,4}"#) {
            let end = (at + length).min(MANIFEST.len());
            let text = format!("{}{put}{}", &MANIFEST[..at], &MANIFEST[end..]);
            harmless(&text, &read(&text));
        }
    }
}
