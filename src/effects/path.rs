//! Paths: where a write lands on any platform, whatever its spelling.

use unicode_normalization::UnicodeNormalization;

use super::target::{Log, Target};
use crate::artifact::Mode;
use crate::finding::conceals;

/// The longest name of common file systems, and the longest path of Linux, in bytes.
const LONGEST: (usize, usize) = (255, 4096);

/// The components of a path as the most lenient reader would see them: `%2e` decoded (twice at most), compatibility
/// forms folded (Windows maps `．` to `.`), `\` a separator, ignorable characters dropped (HFS+), streams cut and
/// trailing dots and spaces trimmed (NTFS), lower case. `git~1` (the 8.3 name) becomes `.git`.
pub(super) fn fold(path: &str) -> Vec<String> {
    let decoded = decode(&decode(path));
    let folded: String = decoded.nfkc().filter(|character| !conceals(*character)).collect();
    folded.split(['/', '\\']).filter_map(component).collect()
}

fn component(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let streamless = lower.split(':').next().unwrap_or("");
    let spaceless = streamless.trim_end_matches(' ').trim_start_matches(' ');
    match spaceless.trim_end_matches(['.', ' ']) {
        "" if spaceless.starts_with("..") => Some("..".into()),
        "" => None,
        short if short.strip_prefix("git~").is_some_and(is_number) => Some(".git".into()),
        trimmed => Some(trimmed.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Percent-decodes; what is no escape, or no UTF-8 after it, stays as it is.
fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |index: usize| bytes.get(index).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

/// Reports a path that leaves the repository, passes a link, or means something else elsewhere.
pub(super) fn inspect(target: &Target<'_>, symlinks: &[String], log: &mut Log<'_>) {
    if climbs(target) {
        log.path(target, "path-traversal-write", &[]);
    }
    if is_absolute(target.path) {
        log.path(target, "absolute-path-write", &[]);
    }
    if let Some(link) = passes(target, symlinks) {
        log.path(target, "write-through-symlink", &[("link", link)]);
    } else if target.mode == Mode::Symlink && points_outside(target) {
        log.path(target, "write-through-symlink", &[("link", target.text().trim())]);
    }
    if let Some(reason) = unsafe_name(target.path) {
        log.path(target, "unsafe-path-name", &[("reason", &reason)]);
    }
}

fn climbs(target: &Target<'_>) -> bool {
    target.names.iter().any(|name| name == "..")
}

/// Whether a path starts at a root of some platform: `/`, `\`, a drive, a home folder, a `file:` address.
fn is_absolute(path: &str) -> bool {
    let folded: String = decode(&decode(path)).nfkc().filter(|character| !conceals(*character)).collect();
    let folded = folded.trim_start();
    let first = folded.split(['/', '\\']).next().unwrap_or("");
    let rooted = first.len() < folded.len();
    let drive = first.as_bytes().get(1) == Some(&b':') && first.as_bytes()[0].is_ascii_alphabetic();
    let home = match first.strip_prefix('~') {
        Some(user) => {
            rooted && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'+')
                || folded == "~"
        }
        None => {
            rooted
                && matches!(
                    first.to_ascii_lowercase().as_str(),
                    "$home" | "${home}" | "%userprofile%" | "%appdata%"
                )
        }
    };
    folded.starts_with(['/', '\\']) || drive || home || first.eq_ignore_ascii_case("file:")
}

/// The symbolic link of the repository that a path passes or replaces, read without regard to case.
fn passes<'a>(target: &Target<'_>, symlinks: &'a [String]) -> Option<&'a str> {
    let through = |link: &&String| {
        let link = fold(link);
        !link.is_empty()
            && target.names.starts_with(&link)
            && (link.len() < target.names.len() || target.mode != Mode::Symlink)
    };
    symlinks.iter().find(through).map(String::as_str)
}

/// Whether the link that a target is leads out of the repository or into `.git`.
fn points_outside(target: &Target<'_>) -> bool {
    let text = target.text().trim();
    let names = fold(text);
    let mut depth = target.names.len().saturating_sub(1);
    let leaves = names.iter().any(|name| match name.as_str() {
        ".." => depth.checked_sub(1).map(|less| depth = less).is_none(),
        _ => {
            depth += 1;
            false
        }
    });
    leaves || is_absolute(text) || names.iter().any(|name| name == ".git")
}

/// Why a name does not survive every platform.
fn unsafe_name(path: &str) -> Option<String> {
    if path.len() > LONGEST.1 {
        return Some(format!("is {} bytes long", path.len()));
    }
    if path.is_empty() {
        return Some("is empty".into());
    }
    if path.starts_with('-') {
        return Some("starts with a dash, so commands read it as an option".into());
    }
    if path.contains('\\') {
        return Some("holds a backslash, which is a separator on Windows".into());
    }
    path.split('/').find_map(|name| unsafe_component(name).map(str::to_owned))
}

fn unsafe_component(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_lowercase();
    let device = |stem: &str| {
        let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|digit: &str| is_port(digit));
        matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
            || numbered("com")
            || numbered("lpt")
    };
    if name.chars().any(|character| character == '\u{fffd}') {
        Some("is not valid UTF-8")
    } else if name.chars().any(conceals) {
        Some("holds control or invisible characters")
    } else if device(&stem) {
        Some("is a device on Windows")
    } else if !matches!(name, "." | "..") && name.ends_with(['.', ' ']) {
        Some("ends in a dot or space, which Windows drops")
    } else if name.contains(['<', '>', ':', '"', '|', '?', '*']) {
        Some("holds a character that Windows does not allow")
    } else if name.len() > LONGEST.0 {
        Some("has a component of more than 255 bytes")
    } else {
        None
    }
}

/// The digit of a Windows port name, superscripts included: `COM¹` is a device too.
fn is_port(digit: &str) -> bool {
    let mut characters = digit.chars();
    let one = characters.next().is_some_and(|c| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³'));
    one && characters.next().is_none()
}
