//! The strings of a JSON text with their places. Lenient (comments, trailing commas), never recursive, linear.

use std::ops::Range;

/// Keys deeper than this are not told apart: no setting that weft reads lies deeper.
const DEEPEST: usize = 12;

/// A string value, and the keys that lead to it; an array adds `""`.
pub(super) struct Text<'a> {
    /// The keys, outermost first, as written.
    pub(super) keys: Vec<&'a str>,
    /// The value, escapes as written.
    pub(super) value: &'a str,
    /// The bytes of the key (of the value in an array) up to the end of the value.
    pub(super) range: Range<usize>,
}

struct Walk<'a> {
    depth: usize,
    keys: Vec<&'a str>,
    key: Option<(usize, &'a str)>,
}

/// All strings that are values, in order.
pub(super) fn strings(text: &str) -> Vec<Text<'_>> {
    let bytes = text.as_bytes();
    let mut walk = Walk { depth: 0, keys: Vec::new(), key: None };
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                let content = text.get(at + 1..end).unwrap_or("");
                let next = (end + 1).min(bytes.len());
                if is_key(&bytes[next..]) {
                    walk.key = Some((at, content));
                } else {
                    walk.value(at, content, next, &mut found);
                }
                at = next;
                continue;
            }
            b'{' | b'[' => walk.open(),
            b'}' | b']' => walk.close(),
            b',' => walk.key = None,
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                at = comment_end(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

impl<'a> Walk<'a> {
    fn open(&mut self) {
        if self.depth < DEEPEST {
            self.keys.push(self.key.take().map_or("", |(_, key)| key));
        }
        self.key = None;
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.keys.truncate(self.depth);
        self.key = None;
    }

    fn value(&mut self, at: usize, value: &'a str, end: usize, found: &mut Vec<Text<'a>>) {
        if self.depth > DEEPEST {
            return;
        }
        let (start, key) = self.key.take().unwrap_or((at, ""));
        let keys = self.keys.iter().skip(1).copied().chain([key]).collect();
        found.push(Text { keys, value, range: start..end });
    }
}

/// The index of the closing quote, or of the end of the text.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn comment_end(bytes: &[u8], open: usize) -> usize {
    let rest = &bytes[open..];
    let length = if rest.starts_with(b"//") {
        memchr::memchr(b'\n', rest)
    } else {
        memchr::memmem::find(&rest[2..], b"*/").map(|end| end + 4)
    };
    open + length.unwrap_or(rest.len())
}

fn is_key(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn names_the_keys_of_each_string() {
        let text = r#"{ "a": "1", // "c": "no"
            "scripts": {"post\"install": "x", "n": 3, "l": ["y", {"z": "w"}]}, "b": "2" }"#;
        let seen: Vec<String> =
            strings(text).iter().map(|one| format!("{}={}", one.keys.join("/"), one.value)).collect();
        assert_eq!(seen, ["a=1", r#"scripts/post\"install=x"#, "scripts/l/=y", "scripts/l//z=w", "b=2"]);
    }

    #[test]
    fn survives_what_is_no_json() {
        for text in ["", "\"", "\"\\", "{\"a", "/*", "]]]]\"a\"", "{\"é\":\"\\é"] {
            strings(text);
        }
        assert!(strings(&"[".repeat(10_000)).is_empty());
    }
}
