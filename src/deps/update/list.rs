//! The server's list of records: `modified_id.csv`, a line a record, `2026-08-21T12:00:00Z,RUSTSEC-2026-0001`.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};

/// The longest id that a record may have.
const LONGEST: usize = 128;

/// Reads a list: the time of each id. Errors name the first line that is none of a list.
pub(super) fn read(url: &str, bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let wrong = |what: String| {
        Error::new(ErrorKind::Io, format!("{url}: {what}"))
            .hint("check that the address serves advisories in OSV's layout; the old data stays in use")
    };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("the list is not text".into()))?;
    let mut times = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let pair = line.split_once(',').filter(|(time, id)| is_time(time) && is_id(id));
        let Some((time, id)) = pair else {
            return Err(wrong(format!("line {} of the list is no `TIME,ID`", index + 1)));
        };
        times.insert(id.to_owned(), time.to_owned());
    }
    if times.is_empty() {
        return Err(wrong("the list is empty".into()));
    }
    Ok(times)
}

/// Whether a text can be the id of a record, and so the name of a file: nothing that leads elsewhere.
pub(in crate::deps) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(plain)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let times = read("u", b"2026-08-21T12:00:00Z,B-1\n2026-08-20T12:00:00.123456Z,A-1\r\n").unwrap();
        let expected = [("A-1", "2026-08-20T12:00:00.123456Z"), ("B-1", "2026-08-21T12:00:00Z")];
        assert!(times.iter().map(|(id, time)| (id.as_str(), time.as_str())).eq(expected));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, what) in [
            ("", "u: the list is empty"),
            ("<html>", "u: line 1 of the list is no `TIME,ID`"),
            (
                "2026-08-21T12:00:00Z,A-1\n2026-08-21T12:00:00Z,../../etc/passwd\n",
                "u: line 2 of the list is no `TIME,ID`",
            ),
            ("2026-08-21T12:00:00Z,..\n", "u: line 1 of the list is no `TIME,ID`"),
            ("yesterday,A-1\n", "u: line 1 of the list is no `TIME,ID`"),
            ("2026-08-21T12:00:00Z,A-1?x=/\n", "u: line 1 of the list is no `TIME,ID`"),
        ] {
            assert_eq!(read("u", text.as_bytes()).unwrap_err().to_string(), what);
        }
        assert_eq!(read("u", b"\xff\n").unwrap_err().to_string(), "u: the list is not text");
    }
}
