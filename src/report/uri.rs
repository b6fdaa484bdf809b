//! Paths as URI references (RFC 3986).

/// The relative reference of a path with `/` between its components; an absolute path becomes a `file:` URI.
pub(super) fn of_path(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.starts_with('/') { format!("file://{}", encode(path)) } else { encode(path) }
}

/// The `file:` URI of a folder given as an absolute path, with the slash that a base ends in.
pub(super) fn of_folder(path: &str) -> String {
    let path = path.replace('\\', "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{}/", encode(path.trim_end_matches('/')))
}

/// Percent-encodes everything but unreserved characters and slashes; a colon too, or a first component could read
/// as a scheme.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_is_a_path_and_nothing_else() {
        assert_eq!(of_path("./src/a b.py"), "src/a%20b.py");
        assert_eq!(of_path("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(of_path("é\u{202e}?#"), "%C3%A9%E2%80%AE%3F%23");
        assert_eq!(of_path("/etc/passwd"), "file:///etc/passwd");
        assert_eq!(of_folder("/home/a b"), "file:///home/a%20b/");
        assert_eq!(of_folder("C:\\work"), "file:///C%3A/work/");
    }
}
