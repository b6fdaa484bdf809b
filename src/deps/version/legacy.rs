//! Versions of Python packages from before PEP 440: `2004d`, `0.7.4.svn.r2010`. Their order is that of setuptools of old,
//! and all of them come before any that PEP 440 knows, as in OSV's own implementation.

/// A version by the keys of its parts, which are in the order of their texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::deps) struct Legacy(Vec<String>);

/// The part that ends a version; words that sort before it come before the release.
const END: &str = "*final";
const HYPHEN: &str = "*final-";

impl Legacy {
    /// Reads a version; `None` for what is none: it has a digit and no space.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if text.contains(char::is_whitespace) || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut parts: Vec<String> = Vec::new();
        for piece in pieces(&text).chain([END]) {
            let part = match piece {
                "." => continue,
                "-" => HYPHEN.to_owned(),
                "pre" | "preview" | "rc" => "*c".to_owned(),
                "dev" => "*@".to_owned(),
                END => END.to_owned(),
                digits if digits.starts_with(|c: char| c.is_ascii_digit()) => format!("{digits:0>8}"),
                word => format!("*{word}"),
            };
            if part.starts_with('*') {
                if *part < *END {
                    drop_last(&mut parts, HYPHEN);
                }
                drop_last(&mut parts, "00000000");
            }
            parts.push(part);
        }
        Some(Legacy(parts))
    }
}

/// Digits, small letters, dots, hyphens, and what is between these.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        '-' => 3,
        _ => 4,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let alone = matches!(kind(first), 2 | 3);
        let end = rest.char_indices().skip(1).find(|(_, c)| alone || kind(*c) != kind(first));
        let (piece, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(piece)
    })
}

fn drop_last(parts: &mut Vec<String>, part: &str) {
    while parts.last().is_some_and(|last| last == part) {
        parts.pop();
    }
}
