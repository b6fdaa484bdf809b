//! environment.yml of conda, line by line: only what stands below `- pip:` is of PyPI. The packages of conda are of other
//! registries, about which there are no advisories; that they are not checked is said.

use super::Manifest;
use super::pyproject::written;
use crate::deps::lockfile::toml_packages::Text;
use crate::deps::lockfile::{Problem, Reading, Usage, conflict, lines};
use crate::finding::NoteKind;

/// Reads a text.
pub(super) fn read(text: &str) -> Manifest {
    let (mut manifest, mut reading) = (Manifest::default(), Reading::default());
    let mut listed = false;
    // How far `- pip:` is indented, while the lines are below it.
    let mut pip = None;
    let (mut others, mut first) = (0usize, 0);
    for (start, line) in lines(text) {
        let bare = line.split(" #").next().unwrap_or(line).trim();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if conflict(line) {
            reading.unread(start, "a merge conflict is not resolved");
        } else if bare.is_empty() || bare.starts_with('#') {
        } else if indent == 0 && !bare.starts_with('-') {
            (listed, pip) = (bare == "dependencies:", None);
            if bare.starts_with("dependencies:") && !listed {
                reading.partial(start, "a list on one line is not read");
            }
        } else if listed {
            let Some(item) = bare.strip_prefix('-').map(str::trim) else {
                reading.partial(start + indent, "this is no element of a list");
                continue;
            };
            pip = pip.filter(|below| indent > *below);
            if pip.is_none() && item == "pip:" {
                pip = Some(indent);
            } else if pip.is_some() {
                let item = item.trim_matches(['"', '\'']);
                let at = start + line.find(item).unwrap_or(0);
                of_pip(item, at, &mut manifest, &mut reading);
            } else {
                first = if others == 0 { start + indent } else { first };
                others += 1;
            }
        }
    }
    let mut manifest = manifest.finish(reading);
    if others > 0 {
        let message =
            format!("{others} packages of conda are not checked: there is no advisory data for them");
        manifest.problems.push(Problem { kind: NoteKind::Unsupported, at: first, message });
    }
    manifest
}

/// A line below `- pip:`: a requirement, or an option of pip.
fn of_pip(item: &str, at: usize, manifest: &mut Manifest, reading: &mut Reading) {
    let elsewhere = item.starts_with(['-', '.', '/']) || (item.contains("://") && !item.contains('@'));
    if elsewhere || item.starts_with("git+") {
        return;
    }
    match written(&Text { text: item, at: at..at + item.len() }, Usage::Program) {
        Some(one) => manifest.requirements.push(one),
        None => reading.partial(at, "this is no requirement that pip would read"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{harmless, problems, told};
    use super::*;
    use crate::finding::NoteKind::{NotChecked, Partial, Unsupported};

    const MANIFEST: &str = "name: shop\nchannels:\n  - defaults\ndependencies:\n  - python=3.10  # why\n  - numpy\n  - pip:\n    \
        - jinja2==2.4.1\n    - \"requests>=2\"\n    - -r more.txt\n    - forked @ git+https://git.example/a@main\n  - scipy\n\
        prefix: here\n";

    #[test]
    fn only_what_pip_installs() {
        for text in [MANIFEST.to_owned(), format!("\u{feff}{}", MANIFEST.replace('\n', "\r\n"))] {
            let manifest = read(&text);
            let expected = [
                r#"jinja2 "==2.4.1" Program registry"#,
                r#"requests ">=2" Program registry"#,
                r#"forked "" Program git.example/a, branch main"#,
            ];
            assert_eq!(told(&text, &manifest), expected);
            let said = "3 packages of conda are not checked: there is no advisory data for them";
            assert_eq!(problems(&text, &manifest), [(Unsupported, 5, said.to_owned())]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, kind, line) in [
            ("dependencies: [a]\n", Partial, 1),
            ("dependencies:\n  a\n", Partial, 2),
            ("dependencies:\n- pip:\n  - ==1\n", Partial, 3),
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
        fn cuts_and_changes_do_no_harm(at in 0..MANIFEST.len(), length in 0usize..40, put in r#"[- =:"'a.@é\n]{0,4}"#) {
            let end = (at + length).min(MANIFEST.len());
            let text = format!("{}{put}{}", &MANIFEST[..at], &MANIFEST[end..]);
            harmless(&text, &read(&text));
        }
    }
}
