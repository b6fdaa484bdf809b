//! Front matter of prompts and results: exactly the scalar lines that weft-cli writes, anything else is a problem to show.

use std::ops::Range;

use crate::artifact::{Digest, FrontMatter, HashCheck};
use crate::ingest::python;

/// The longest front matter that is read; what weft-cli writes has under 500 bytes.
const LONGEST: usize = 16 * 1024;

/// A key that weft-cli writes, and whether a value is one that it writes there.
type Key = (&'static str, fn(&str) -> bool);

const KEYS: [Key; 8] = [
    ("feature", is_feature),
    ("agent", is_agent),
    ("prompt_spec_version", is_version),
    ("revision", is_number),
    ("generated_at", is_time),
    ("prompt_hash", is_hash),
    ("output_hash", is_hash),
    ("conversation_id", is_conversation),
];

/// Reads the front matter at the start of `bytes`; `None` when there is none. A block that starts and never ends is not
/// front matter, for any reader. `prompts` are the digests of the prompts that the history holds.
pub(super) fn parse(bytes: &[u8], prompts: &[(Digest, HashCheck)]) -> Option<FrontMatter> {
    let (range, body) = bounds(bytes)?;
    let mut front = FrontMatter {
        range: range.clone(),
        body: body.clone(),
        names_spec: false,
        feature: None,
        agent: None,
        conversation: None,
        prompt_hash: None,
        output_hash: None,
        prompt_line: 1,
        output_line: 1,
        prompt: HashCheck::Absent,
        output: HashCheck::Absent,
        problems: Vec::new(),
    };
    let block = String::from_utf8_lossy(&bytes[range]).into_owned();
    let lines: Vec<&str> = block.split('\n').collect();
    let mut seen: Vec<&str> = Vec::new();
    let last = lines.iter().rposition(|line| line.trim_end() == "---").unwrap_or(0);
    for (index, line) in lines.iter().enumerate().take(last).skip(1) {
        read_line(line, index as u32 + 1, &mut seen, &mut front);
    }
    for required in ["feature", "agent", "prompt_spec_version"] {
        if !seen.contains(&required) {
            front.problems.push((1, format!("`{required}` is missing")));
        }
    }
    if seen.contains(&"output_hash") != seen.contains(&"prompt_hash") {
        front.problems.push((1, "only one of `prompt_hash` and `output_hash` is there".into()));
    }
    if let Some(recorded) = front.output_hash {
        front.output = digests(&bytes[body])
            .into_iter()
            .find_map(|(digest, form)| (digest == recorded).then_some(form))
            .unwrap_or(HashCheck::Mismatch);
    }
    if let Some(recorded) = front.prompt_hash.filter(|_| !prompts.is_empty()) {
        let found = prompts.iter().find(|(digest, _)| *digest == recorded);
        front.prompt = found.map_or(HashCheck::Mismatch, |(_, form)| *form);
    }
    Some(front)
}

/// The digests a recorded hash of `body` may honestly be, the most exact first.
pub(super) fn digests(body: &[u8]) -> Vec<(Digest, HashCheck)> {
    let mut found = vec![(Digest::of(body), HashCheck::Raw)];
    if let Ok(text) = std::str::from_utf8(body) {
        let stripped = python::strip(text);
        found.push((Digest::of(stripped.as_bytes()), HashCheck::Stripped));
        let with_lf = stripped.replace("\r\n", "\n");
        found.push((Digest::of(with_lf.as_bytes()), HashCheck::StrippedLf));
    }
    found
}

/// Whether `bytes` start with the delimiter of front matter.
pub(super) fn opens(bytes: &[u8]) -> bool {
    bytes.starts_with(b"---\n") || bytes.starts_with(b"---\r\n")
}

/// The block with its delimiters, and the body after it without the one blank line that separates them.
fn bounds(bytes: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    if !opens(bytes) {
        return None;
    }
    let mut start = memchr::memchr(b'\n', bytes)? + 1;
    while start < bytes.len().min(LONGEST) {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at + 1);
        if bytes[start..end].trim_ascii_end() == b"---" {
            let rest = &bytes[end..];
            let blank = match rest {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                _ => 0,
            };
            return Some((0..end, end + blank..bytes.len()));
        }
        start = end;
    }
    None
}

fn read_line<'a>(line: &'a str, number: u32, seen: &mut Vec<&'a str>, front: &mut FrontMatter) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut problem = |message: String| front.problems.push((number, message));
    let Some((key, value)) = line.split_once(": ") else {
        return problem("the line is not `key: value`".into());
    };
    let Some((_, valid)) = KEYS.iter().find(|(name, _)| *name == key) else {
        return problem("the key is none that weft-cli writes".into());
    };
    if seen.contains(&key) {
        return problem(format!("`{key}` is there twice"));
    }
    seen.push(key);
    match key {
        "prompt_spec_version" => front.names_spec = true,
        "prompt_hash" => front.prompt_line = number,
        "output_hash" => front.output_line = number,
        _ => {}
    }
    // PyYAML quotes a prompt's string that would read as a number.
    let value = value.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(value);
    if !valid(value) {
        return problem(format!("the value of `{key}` is none that weft-cli writes"));
    }
    let hash = |into: &mut HashCheck| {
        if value == "error" {
            *into = HashCheck::Error;
        }
        Digest::parse(value)
    };
    match key {
        "feature" => front.feature = Some(value.to_owned()),
        "agent" => front.agent = Some(value.to_owned()),
        "conversation_id" => front.conversation = Some(value.to_owned()),
        "prompt_hash" => front.prompt_hash = hash(&mut front.prompt),
        "output_hash" => front.output_hash = hash(&mut front.output),
        _ => {}
    }
}

pub(super) fn is_feature(value: &str) -> bool {
    (3..=50).contains(&value.len())
        && value.starts_with(|first: char| first.is_ascii_alphabetic())
        && is_name(value)
}

pub(super) fn is_agent(value: &str) -> bool {
    (1..=50).contains(&value.len())
        && value.starts_with(|first: char| first.is_ascii_alphanumeric())
        && is_name(value)
}

fn is_name(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_version(value: &str) -> bool {
    (1..=20).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_number(value: &str) -> bool {
    (1..=9).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_time(value: &str) -> bool {
    value.len() <= 40 && value.parse::<jiff::Timestamp>().is_ok()
}

fn is_hash(value: &str) -> bool {
    value == "error" || Digest::parse(value).is_some()
}

fn is_conversation(value: &str) -> bool {
    (1..=200).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn result(output: &str, hashed: &str) -> String {
        format!(
            "---\nfeature: user-auth\nagent: 03-ui\nprompt_spec_version: 1.0.0\n\
             generated_at: 2026-01-14T22:41:07.123456Z\nprompt_hash: {}\noutput_hash: {}\n---\n\n{output}",
            Digest::of(b"make a form"),
            Digest::of(hashed.as_bytes()),
        )
    }

    fn read(text: &str) -> FrontMatter {
        parse(text.as_bytes(), &digests(b"make a form\n")).unwrap()
    }

    #[test]
    fn an_honest_result() {
        let text = result("Done.\n", "Done.\n");
        let front = read(&text);
        assert_eq!(front.problems, []);
        assert_eq!((front.feature.as_deref(), front.agent.as_deref()), (Some("user-auth"), Some("03-ui")));
        assert_eq!((front.prompt, front.output), (HashCheck::Stripped, HashCheck::Raw));
        assert_eq!((front.prompt_line, front.output_line), (6, 7));
        assert_eq!(&text[front.body], "Done.\n");
    }

    #[test]
    fn hashes_three_ways() {
        assert_eq!(read(&result("\n Done.\n", "Done.")).output, HashCheck::Stripped);
        assert_eq!(read(&result("a\r\nb\r\n", "a\nb")).output, HashCheck::StrippedLf);
        assert_eq!(read(&result("Done.", "Done!")).output, HashCheck::Mismatch);
        let failed = result("ERROR: x", "").replace(&Digest::of(b"").to_string(), "error");
        assert_eq!(read(&failed).output, HashCheck::Error);
        assert_eq!(parse(result("", "").as_bytes(), &[]).unwrap().prompt, HashCheck::Absent);
        assert_eq!(parse(result("", "").as_bytes(), &digests(b"other")).unwrap().prompt, HashCheck::Mismatch);
    }

    #[test]
    fn a_prompt_is_front_matter_too() {
        let front = read(
            "---\nfeature: abc\nagent: 00-meta\nprompt_spec_version: 1.0.0\nrevision: 2\nconversation_id: abc-00-meta\n---\n\nhello",
        );
        assert_eq!(front.problems, []);
        assert_eq!((front.output, front.output_hash), (HashCheck::Absent, None));
    }

    #[test]
    fn anything_else_is_a_problem_on_its_line() {
        for (line, problem) in [
            ("- a", "the line is not `key: value`"),
            ("```sh path=x", "the line is not `key: value`"),
            ("note: x", "the key is none that weft-cli writes"),
            ("agent: 03-ui", "`agent` is there twice"),
            ("revision: {a: b}", "the value of `revision` is none that weft-cli writes"),
            ("conversation_id: &anchor x", "the value of `conversation_id` is none that weft-cli writes"),
        ] {
            let text = result("x", "x").replace("generated_at", &format!("{line}\ngenerated_at"));
            assert_eq!(read(&text).problems, [(5, problem.to_owned())], "{line}");
        }
        let without = result("x", "x").replace("feature: user-auth\n", "");
        assert_eq!(read(&without).problems, [(1, "`feature` is missing".to_owned())]);
    }

    #[test]
    fn what_is_not_front_matter() {
        for text in
            ["", "---", "---\n", "--- \na: b\n---\n", "----\n", "text\n---\na: b\n---\n", "---\na: b\n"]
        {
            assert!(parse(text.as_bytes(), &[]).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "---\n([a-z_]{0,12}(: )?.{0,10}\r?\n){0,6}(---\n)?.{0,20}") {
            for input in [&bytes, text.as_bytes()] {
                if let Some(front) = parse(input, &[]) {
                    prop_assert!(front.range.end <= front.body.start && front.body.end == input.len());
                }
            }
        }
    }
}
