//! What to do about a vulnerable package that the project itself asks for: whether the manifest's range takes the fixed
//! version, and the command that updates it.

use super::hygiene::belongs;
use super::lockfile::Format;
use super::manifest::range::allows;
use super::pair::{Asking, Held, Pairs, Wanted};
use super::version::Ecosystem;
use crate::finding::Finding;

/// Adds to the advice of a finding in `held` that a manifest asks for its package, as `fix` would need it.
pub(super) fn direct(finding: &mut Finding, held: &Held, fix: &str, pairs: &Pairs<'_>) {
    let Some(advisory) = &finding.advisory else { return };
    let (package, locked) = (advisory.package.as_str(), advisory.version.as_str());
    let said = match held.format {
        // The standard library comes with the toolchain.
        Format::Go if package == "stdlib" => done(&format!("go get toolchain@go{fix}"), package, fix),
        Format::Go => done(&format!("go get {package}@v{}", fix.trim_start_matches('v')), package, fix),
        Format::Requirements if held.generated => None,
        Format::Requirements => said(package, fix).then(|| format!("Write {package}=={fix} here.")),
        _ => ranged(held, package, locked, fix, pairs),
    };
    if let Some(said) = said {
        finding.advice.push(' ');
        finding.advice.push_str(&said);
    }
}

/// Whether a name and a version may stand in a command that somebody copies.
fn said(package: &str, version: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@/._-+!".contains(c);
    !package.is_empty() && !package.starts_with('-') && package.chars().chain(version.chars()).all(plain)
}

fn done(command: &str, package: &str, fix: &str) -> Option<String> {
    said(package, fix).then(|| format!("`{command}` does it."))
}

/// What the manifest that asks for the locked version says about the fixed one.
fn ranged(held: &Held, package: &str, locked: &str, fix: &str, pairs: &Pairs<'_>) -> Option<String> {
    let ecosystem = held.format.ecosystem();
    let takes = |(manifest, wanted): &(&Asking, &Wanted)| {
        let pair = manifest.folder() == held.folder() || belongs(manifest, held);
        // What builds a Python package is installed apart from what the lockfile holds.
        let apart = wanted.offered && ecosystem == Ecosystem::PyPi;
        let said = wanted.registry && !wanted.range.is_empty() && !apart;
        pair && said && allows(ecosystem, &wanted.range, locked) == Some(true)
    };
    let asked: Vec<(&Asking, &Wanted)> = pairs.asking(held, package).into_iter().filter(takes).collect();
    // One part of a workspace that does not take it holds all back.
    let verdict = |one: &(&Asking, &Wanted)| allows(ecosystem, &one.1.range, fix);
    let narrow = asked.iter().find(|one| verdict(one) == Some(false));
    if let Some((manifest, wanted)) = narrow {
        return Some(format!("{} asks for {}: widen that first.", manifest.path, wanted.range));
    }
    let (manifest, wanted) = asked.iter().find(|one| verdict(one) == Some(true))?;
    if pairs.overridden(manifest, held, wanted) {
        return Some(format!(
            "{} takes it ({}), but its version is set for all.",
            manifest.path, wanted.range
        ));
    }
    let several = held.versions(&ecosystem.key(package)).len() > 1;
    let command = command(held, &wanted.key, locked, fix, several).filter(|_| said(&wanted.key, fix));
    let command = command.map_or_else(|| ".".to_owned(), |command| format!(": `{command}` does it."));
    Some(format!("{} takes it ({}){command}", manifest.path, wanted.range))
}

/// The command that updates one package within its range.
fn command(held: &Held, package: &str, locked: &str, fix: &str, several: bool) -> Option<String> {
    Some(match held.format {
        Format::Cargo if several => format!("cargo update -p {package}@{locked} --precise {fix}"),
        Format::Cargo => format!("cargo update -p {package} --precise {fix}"),
        Format::Npm => format!("npm update {package}"),
        Format::Pnpm => format!("pnpm update {package}"),
        // That of Yarn 1 does not say what manifests ask for.
        Format::Yarn if !held.copies() => format!("yarn upgrade {package}"),
        Format::Yarn => format!("yarn up -R {package}"),
        Format::Bun => format!("bun update {package}"),
        Format::Uv => format!("uv lock --upgrade-package {package}"),
        Format::Poetry => format!("poetry update {package}"),
        Format::Pdm => format!("pdm update {package}"),
        Format::Pipfile => format!("pipenv update {package}"),
        Format::Gems => format!("bundle update {package}"),
        Format::Composer => format!("composer update {package}"),
        Format::Go | Format::Requirements | Format::Pylock => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::manifest;
    use super::*;

    fn advice(
        lock: (&str, &str),
        manifests: &[(&str, &str)],
        package: &str,
        locked: &str,
        fix: &str,
    ) -> String {
        let format = Format::of(lock.0).unwrap();
        let held = Held::of(lock.0, format, lock.1, &mut format.read(lock.1));
        let asking = |(path, text): &(&str, &str)| {
            let format = manifest::Format::of(path).unwrap();
            Asking::of(path, format, &format.read(text))
        };
        let manifests: Vec<Asking> = manifests.iter().map(asking).collect();
        let pairs = Pairs::new(manifests.iter(), [&held].into_iter(), [lock.0].into_iter());
        ranged(&held, package, locked, fix, &pairs).unwrap_or_default()
    }

    const NPM: (&str, &str) = (
        "package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {
        "": {}, "part": {"dependencies": {"lodash": "*"}}, "node_modules/lodash": {"version": "4.17.4"}}}"#,
    );

    #[test]
    fn a_manifest_takes_the_fix_or_not() {
        let of = |range: &str| {
            let text = format!("{{\"dependencies\": {{\"lodash\": \"{range}\"}}}}");
            advice(NPM, &[("package.json", &text)], "lodash", "4.17.4", "4.17.21")
        };
        assert_eq!(of("^4.17.0"), "package.json takes it (^4.17.0): `npm update lodash` does it.");
        assert_eq!(of("4.17.4"), "package.json asks for 4.17.4: widen that first.");
        assert_eq!((of("^3.0.0"), of("latest"), of("file:../lodash")), Default::default());
        let set = r#"{"dependencies": {"lodash": "^4.17.0"}, "overrides": {"lodash": "4.17.4"}}"#;
        let said = advice(NPM, &[("package.json", set)], "lodash", "4.17.4", "4.17.21");
        assert_eq!(said, "package.json takes it (^4.17.0), but its version is set for all.");
        assert_eq!(advice(NPM, &[("package.json", set)], "other", "1.0.0", "1.0.1"), "");
    }

    #[test]
    fn one_part_of_a_workspace_holds_back_all() {
        let wide = r#"{"dependencies": {"lodash": "^4.17.0"}}"#;
        let narrow = r#"{"dependencies": {"lodash": "~4.17.4 <4.17.9"}}"#;
        let both = [("package.json", wide), ("part/package.json", narrow)];
        let said = advice(NPM, &both, "lodash", "4.17.4", "4.17.21");
        assert_eq!(said, "part/package.json asks for ~4.17.4 <4.17.9: widen that first.");
    }

    #[test]
    fn each_package_manager_has_its_command() {
        let cargo = "version = 3\n[[package]]\nname = \"regex\"\nversion = \"1.5.4\"\nsource = \
                     \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let manifest = "[dependencies]\nregex = \"1\"\n";
        let said = advice(("Cargo.lock", cargo), &[("Cargo.toml", manifest)], "regex", "1.5.4", "1.5.5");
        assert_eq!(said, "Cargo.toml takes it (1): `cargo update -p regex --precise 1.5.5` does it.");
        let two = format!("{cargo}{}", cargo.trim_start_matches("version = 3\n").replace("1.5.4", "0.2.0"));
        let said = advice(("Cargo.lock", &two), &[("Cargo.toml", manifest)], "regex", "1.5.4", "1.5.5");
        assert_eq!(said, "Cargo.toml takes it (1): `cargo update -p regex@1.5.4 --precise 1.5.5` does it.");
        let poetry = ("poetry.lock", include_str!("../../fixtures/deps/poetry.lock"));
        let manifest = "[tool.poetry.dependencies]\nFlask = \"^2.0\"\n";
        let said = advice(poetry, &[("pyproject.toml", manifest)], "flask", "2.0.1", "2.2.5");
        assert_eq!(said, "pyproject.toml takes it (^2.0): `poetry update Flask` does it.");
    }

    #[test]
    fn a_name_that_is_no_name_is_in_no_command() {
        assert!(said("@scope/tool", "1.0.0") && said("golang.org/x/text", "0.3.8"));
        assert!(!said("a; rm", "1") && !said("a", "1`") && !said("--all", "1") && !said("", "1"));
    }
}
