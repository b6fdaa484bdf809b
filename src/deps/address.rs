//! Lockfiles of npm's registry say of each package where its archive is. What is installed is what lies there, whatever the
//! name beside it says.

use std::ops::Range;

use super::lockfile::Reading;
use super::version::Ecosystem;
use crate::finding::Finding;
use crate::redact::View;
use crate::rule::Rule;

/// The most findings of one file.
const MOST: usize = 100;
/// The longest address, and how far behind what says which package it is it may begin: behind a key and a quote.
const ADDRESS: usize = 1024;
const BEHIND: usize = 16;

/// The packages whose archive is that of another name or version.
pub(super) fn mismatched(
    view: &View<'_>,
    ecosystem: Ecosystem,
    reading: &Reading,
    page: &Rule,
) -> Vec<Finding> {
    if ecosystem != Ecosystem::Npm {
        return Vec::new();
    }
    let wrong = reading.packages.iter().filter_map(|package| {
        let address = address(view.text(), &package.said)?;
        let other = other(&package.name, &package.version, address)?;
        let fill = [("package", package.name.as_str()), ("version", &package.version), ("other", &other)];
        Some(view.finding(page, package.at.clone(), &fill))
    });
    wrong.take(MOST).collect()
}

/// The address that begins where the bytes that say which package it is end.
fn address<'t>(text: &'t str, said: &Range<usize>) -> Option<&'t str> {
    let rest = text.get(said.end..)?;
    let start = rest.as_bytes().get(..BEHIND.min(rest.len()))?.windows(4).position(|four| four == b"http")?;
    let rest = rest.get(start..)?;
    let end = rest.find(|c: char| c.is_whitespace() || "\"'#?".contains(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|address| address.len() <= ADDRESS)
}

/// The name and version that an address of a registry, `HOST/NAME/-/LAST-VERSION.tgz`, is of, when they are others than
/// these. Nothing of an address of another form.
fn other(name: &str, version: &str, address: &str) -> Option<String> {
    let plain = address.replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    let (before, file) = plain.split_once("/-/")?;
    let file = file.rsplit('/').next().unwrap_or(file);
    let archive = file.strip_suffix(".tgz").or_else(|| file.strip_suffix(".tar.gz"))?;
    let last = name.rsplit('/').next().unwrap_or(name);
    let version = version.split('+').next().unwrap_or(version);
    let lower = before.to_lowercase();
    let named = lower.ends_with(&format!("/{}", name.to_lowercase()));
    let numbered = archive.eq_ignore_ascii_case(&format!("{last}-{version}"));
    if named && numbered {
        return None;
    }
    let scoped = before.rsplit('/').take(2).collect::<Vec<_>>();
    let of = match scoped[..] {
        [one, scope] if scope.starts_with('@') => format!("{scope}/{one}"),
        [one, ..] => one.to_owned(),
        [] => String::new(),
    };
    Some(format!("{of} ({archive})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_their_package() {
        let of = |name: &str, version: &str, path: &str| {
            other(name, version, &format!("https://registry.example/{path}"))
        };
        for (name, version, path) in [
            ("lodash", "4.17.21", "lodash/-/lodash-4.17.21.tgz"),
            ("@babel/core", "7.0.0", "@babel/core/-/core-7.0.0.tgz"),
            ("@babel/core", "7.0.0", "api/npm/npm/@babel%2fcore/-/core-7.0.0.tgz"),
            ("@a/b", "1.0.0", "api/packages/x/npm/@a/b/-/@a/b-1.0.0.tgz"),
            ("JSONStream", "1.3.5", "JSONStream/-/JSONStream-1.3.5.tgz"),
            ("a", "1.0.0+build.1", "a/-/a-1.0.0.tgz"),
            ("a", "1.0.0", "download/a/1.0.0/0123456789"),
        ] {
            assert_eq!(of(name, version, path), None, "{path}");
        }
        assert_eq!(of("lodash", "4.17.21", "evil/-/evil-1.0.0.tgz").unwrap(), "evil (evil-1.0.0)");
        assert_eq!(of("lodash", "4.17.21", "lodash/-/lodash-4.17.4.tgz").unwrap(), "lodash (lodash-4.17.4)");
        assert_eq!(of("@a/b", "1.0.0", "@evil/b/-/b-1.0.0.tgz").unwrap(), "@evil/b (b-1.0.0)");
        assert_eq!(of("b", "1.0.0", "xb/-/b-1.0.0.tgz").unwrap(), "xb (b-1.0.0)");
    }
}
