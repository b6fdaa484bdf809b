//! One argument of an install command -> a package by its name, code from an address, or neither: a path, a placeholder.

use crate::deps::version::Ecosystem;

/// What an argument stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spec {
    /// A name, and the version that is asked for, as they are written.
    Name(String, String),
    /// An address, and why what comes from there may be something else tomorrow; `None` when it is held to one commit or
    /// digest.
    Address(String, Option<&'static str>),
    /// Neither.
    Nothing,
}

/// Why code from an address may be something else tomorrow.
const ARCHIVE: &str = "nothing holds what is at this address to what it is today";
const DEFAULT: &str = "whatever the repository's default branch holds on the day";
const MOVING: &str = "a branch or tag can be moved";

/// The longest name that a registry takes, with room.
const LONGEST: usize = 256;

/// Reads an argument as the ecosystem's package managers do.
pub(super) fn read(ecosystem: Ecosystem, argument: &str) -> Spec {
    // Variables, placeholders and patterns: nobody knows what will stand there.
    let open = ['$', '{', '}', '*', '|', '\u{2026}', '\n'];
    if argument.len() > 2_000 || argument.contains(open) || argument.starts_with(['<', '[', '%', '-']) {
        return Spec::Nothing;
    }
    match ecosystem {
        Ecosystem::PyPi => python(argument),
        Ecosystem::Npm => npm(argument),
        Ecosystem::Go => go(argument),
        Ecosystem::Packagist => composer(argument),
        _ => plain(argument),
    }
}

/// `name[extra]==1`, `name @ address`, an address, a path.
fn python(argument: &str) -> Spec {
    if let Some((_, address)) = argument.split_once(" @ ").or_else(|| argument.split_once("@git+"))
        && !argument.contains("://git@")
    {
        return address_of(address.trim());
    }
    if argument.starts_with("git+") || argument.contains("://") {
        return address_of(argument);
    }
    let archive = [".whl", ".gz", ".zip", ".txt", ".toml", ".bz2"].iter().any(|end| argument.ends_with(end));
    if archive || argument.starts_with(['.', '/', '~']) || argument.contains(['/', '\\']) {
        return Spec::Nothing;
    }
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (name, rest) = argument.split_at(argument.find(|c| !named(c)).unwrap_or(argument.len()));
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("?", |(_, rest)| rest),
        None => rest,
    };
    let rest = rest.trim_start();
    let asks = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', '@', ';']);
    if asks { named_as(name, rest) } else { Spec::Nothing }
}

/// `@scope/name@1`, `alias@npm:real@1`, `owner/repository`, `github:owner/repository`, an address, a path.
fn npm(argument: &str) -> Spec {
    let argument = argument.split_once("@npm:").map_or(argument, |(_, real)| real);
    let argument = argument.strip_prefix("npm:").unwrap_or(argument);
    let forge = ["github:", "gitlab:", "bitbucket:", "gist:", "git@"];
    let by_name = argument.find(['@']).filter(|at| *at > 0).and_then(|at| argument.get(at + 1..));
    let address = |text: &str| text.contains("://") || forge.iter().any(|forge| text.starts_with(forge));
    if address(argument) {
        return address_of(argument);
    }
    if let Some(version) = by_name.filter(|version| address(version)) {
        return address_of(version);
    }
    if argument.starts_with(['.', '/', '~']) || argument.ends_with(".tgz") || argument.contains(['\\', ':']) {
        return Spec::Nothing;
    }
    let (scope, rest) = match argument.strip_prefix('@') {
        Some(_) => match argument.split_once('/') {
            Some((scope, rest)) => (scope.len() + 1, rest),
            None => return Spec::Nothing,
        },
        None => (0, argument),
    };
    let (name, version) = rest.split_once('@').unwrap_or((rest, ""));
    match name.split_once('/') {
        Some((owner, repository)) if scope == 0 && !owner.is_empty() && !repository.contains('/') => {
            address_of(argument)
        }
        Some(_) => Spec::Nothing,
        None => match argument.get(..scope + name.len()) {
            Some(name) => named_as(name, version),
            None => Spec::Nothing,
        },
    }
}

/// `module/path@version`. Without a dot in its first part it is a folder or of the standard library.
fn go(argument: &str) -> Spec {
    let (path, version) = argument.split_once('@').unwrap_or((argument, ""));
    let path = path.trim_end_matches("/...");
    let host = path.split('/').next().unwrap_or_default();
    if !host.contains('.') || host.starts_with('.') || path.contains("://") {
        return Spec::Nothing;
    }
    if matches!(version, "master" | "main" | "HEAD" | "develop" | "dev") {
        return Spec::Address(argument.to_owned(), Some(MOVING));
    }
    named_as(path, version)
}

/// `vendor/name:range`. Words like `php` and `ext-json` are the platform.
fn composer(argument: &str) -> Spec {
    let (name, version) = argument.split_once([':', '=']).unwrap_or((argument, ""));
    match name.split_once('/') {
        Some((vendor, rest)) if !vendor.is_empty() && !rest.contains('/') && !vendor.starts_with('.') => {
            named_as(name, version)
        }
        _ => Spec::Nothing,
    }
}

/// `name@1`, `name:1`.
fn plain(argument: &str) -> Spec {
    if argument.contains(['/', '\\']) || argument.ends_with(".gem") {
        return Spec::Nothing;
    }
    let (name, version) = argument.split_once(['@', ':']).unwrap_or((argument, ""));
    named_as(name, version)
}

/// A name, when a registry could have it and it is no word that stands for one.
fn named_as(name: &str, version: &str) -> Spec {
    const PLACEHOLDERS: [&str; 22] = [
        "package",
        "packages",
        "package-name",
        "package_name",
        "packagename",
        "pkg",
        "your-package",
        "your-package-name",
        "my-package",
        "my_package",
        "mypackage",
        "some-package",
        "another-package",
        "example-package",
        "module",
        "module-name",
        "library",
        "library-name",
        "name",
        "foo",
        "bar",
        "xxx",
    ];
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_./@~".contains(c);
    let edge = |c: char| c.is_ascii_alphanumeric();
    let bare = name.strip_prefix('@').unwrap_or(name);
    let fits = (1..=LONGEST).contains(&name.len())
        && bare.chars().all(inner)
        && bare.starts_with(edge)
        && bare.ends_with(|c| edge(c) || matches!(c, '-' | '_'))
        && bare.contains(|c: char| c.is_ascii_alphabetic());
    let lower = name.to_ascii_lowercase();
    if !fits || PLACEHOLDERS.contains(&lower.as_str()) || lower.starts_with("path/to") {
        return Spec::Nothing;
    }
    Spec::Name(name.to_owned(), version.to_owned())
}

/// Code from an address: what holds it to what it is today?
fn address_of(address: &str) -> Spec {
    let text = address.split(" ;").next().unwrap_or(address).trim();
    if text.starts_with("file:") || text.contains("localhost") || text.contains("127.0.0.1") {
        return Spec::Nothing;
    }
    if has_commit(text) || text.contains("sha256=") || text.contains("sha512=") {
        return Spec::Address(text.to_owned(), None);
    }
    let forge = |part: &str| {
        ["github:", "gitlab:", "bitbucket:", "gist:", "git@"].iter().any(|it| part.starts_with(it))
    };
    let web = text.starts_with("http://") || text.starts_with("https://");
    let git = !web || text.trim_end_matches(['/', '#']).ends_with(".git");
    let behind = text.split_once("://").map_or(text, |(_, rest)| rest);
    let path = behind.split_once('/').map_or("", |(_, path)| path);
    let named = path.contains('@')
        || path.contains('#') && !path.contains("#egg=") && !path.contains("#subdirectory=");
    let why = match git || forge(text) {
        true if named => MOVING,
        true => DEFAULT,
        false => ARCHIVE,
    };
    Spec::Address(text.to_owned(), Some(why))
}

/// Whether a text names a commit by its whole id.
pub(super) fn has_commit(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| matches!(part.len(), 40 | 64) && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ecosystem: Ecosystem, argument: &str) -> String {
        match read(ecosystem, argument) {
            Spec::Name(name, spec) => format!("{name} {spec}").trim().to_owned(),
            Spec::Address(_, Some(why)) => why.to_owned(),
            Spec::Address(_, None) => "held".to_owned(),
            Spec::Nothing => "-".to_owned(),
        }
    }

    #[test]
    fn requirements_of_python() {
        for (argument, expected) in [
            ("requests", "requests"),
            ("requests[socks,x]>=2,<3", "requests >=2,<3"),
            ("Flask ==3.0", "Flask ==3.0"),
            ("uvicorn[standard]", "uvicorn"),
            (".", "-"),
            ("./x", "-"),
            ("dist/x-1.whl", "-"),
            ("$PKG", "-"),
            ("<package>", "-"),
            ("package-name", "-"),
            ("{{cookiecutter.x}}", "-"),
            ("3.11", "-"),
            ("a/b", "-"),
            ("git+https://git.example/x.git", DEFAULT),
            ("git+https://git.example/x.git#egg=x", DEFAULT),
            ("git+https://git.example/x.git@v1", MOVING),
            ("git+ssh://git@git.example/x.git", DEFAULT),
            ("git+https://git.example/x.git@0123456789abcdef0123456789abcdef01234567", "held"),
            ("x @ https://files.example/x.zip", ARCHIVE),
            ("https://files.example/x.whl#sha256=00", "held"),
        ] {
            assert_eq!(said(Ecosystem::PyPi, argument), expected, "{argument}");
        }
    }

    #[test]
    fn arguments_of_npm() {
        for (argument, expected) in [
            ("left-pad", "left-pad"),
            ("left-pad@^1.0", "left-pad ^1.0"),
            ("@types/node@22", "@types/node 22"),
            ("short@npm:@real/name@1", "@real/name 1"),
            ("@scope", "-"),
            ("./x", "-"),
            ("x.tgz", "-"),
            ("file:../x", "-"),
            ("workspace:*", "-"),
            ("owner/repository", DEFAULT),
            ("github:owner/repository#main", MOVING),
            ("x@github:owner/repository", DEFAULT),
            ("git@git.example:o/r.git", DEFAULT),
            ("https://files.example/x.tgz", ARCHIVE),
            ("owner/repository#0123456789abcdef0123456789abcdef01234567", "held"),
        ] {
            assert_eq!(said(Ecosystem::Npm, argument), expected, "{argument}");
        }
    }

    #[test]
    fn arguments_of_others() {
        for (ecosystem, argument, expected) in [
            (Ecosystem::Go, "github.com/a/b/cmd/c@v1.2.3", "github.com/a/b/cmd/c v1.2.3"),
            (Ecosystem::Go, "github.com/a/b@latest", "github.com/a/b latest"),
            (Ecosystem::Go, "github.com/a/b@master", MOVING),
            (Ecosystem::Go, "./...", "-"),
            (Ecosystem::Go, "std", "-"),
            (Ecosystem::Cargo, "serde@1", "serde 1"),
            (Ecosystem::Cargo, "a/b", "-"),
            (Ecosystem::RubyGems, "rails:7.0", "rails 7.0"),
            (Ecosystem::RubyGems, "x.gem", "-"),
            (Ecosystem::Packagist, "laravel/framework:^11", "laravel/framework ^11"),
            (Ecosystem::Packagist, "ext-json", "-"),
        ] {
            assert_eq!(said(ecosystem, argument), expected, "{argument}");
        }
    }
}
