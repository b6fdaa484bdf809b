//! Which paths may be written: every platform's rules at once, on every platform, always.

use crate::error::{Error, ErrorKind, Result};
use crate::finding::printable;

/// Refuses a path that is not plainly one file inside the repository wherever it is checked out.
pub fn check_path(path: &str) -> Result<()> {
    match wrong(path) {
        None => Ok(()),
        Some(why) => Err(Error::new(
            ErrorKind::Mismatch,
            format!("the path \"{}\" is refused: {why}", printable(path)),
        )
        .hint("paths are checked by the rules of Linux, macOS and Windows together; choose a plain name")),
    }
}

fn wrong(path: &str) -> Option<&'static str> {
    if path.is_empty() || path.len() > 4096 {
        return Some("it is empty or too long");
    }
    path.split('/').find_map(component)
}

fn component(name: &str) -> Option<&'static str> {
    match name {
        "" => return Some("it starts or ends with a slash, or holds two in a row"),
        "." | ".." => return Some("it leaves its folder"),
        _ => {}
    }
    if name.contains(['\\', ':']) {
        return Some("it holds a backslash or colon, which separate on Windows");
    }
    if name.chars().any(crate::finding::conceals) {
        return Some("it holds a character that cannot be seen");
    }
    if name.contains(['<', '>', '"', '|', '?', '*']) {
        return Some("it holds a character that Windows does not allow");
    }
    if name.ends_with(['.', ' ']) {
        return Some("it ends in a dot or space, which Windows drops");
    }
    let lower = name.to_lowercase();
    if lower == ".git" || short_name(&lower, "git~") {
        return Some("it names the git directory");
    }
    let stem = lower.split('.').next().unwrap_or(&lower).trim_end();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            rest.chars().count() == 1
                && rest.contains(|digit: char| digit.is_ascii_digit() || "¹²³".contains(digit))
        })
    };
    let device = matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered("com")
        || numbered("lpt");
    device.then_some("it names a device on Windows")
}

fn short_name(lower: &str, prefix: &str) -> bool {
    lower
        .strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_pass() {
        for path in [
            "a",
            "src/main.rs",
            ".github/workflows/ci.yml",
            "app/[id]/page.tsx",
            "docs/über.md",
            ".gitignore",
            "console.log",
            "com/x.java",
        ] {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn every_platforms_traps_are_refused_everywhere() {
        let traps = [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            ".GIT/config",
            "a/.Git/hooks/x",
            "git~1/config",
            ".git\u{200c}/config",
            "a\\..\\b",
            "c:x",
            ".git::$INDEX_ALLOCATION",
            "con",
            "CON.txt",
            "lpt9.log",
            "a/nul",
            "a\nb",
            "x.",
            "x ",
            ".git ",
            "a?b",
            "com¹",
        ];
        for path in traps {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }
}
