//! The fence that weft-cli applies, exactly: Python's
//! ```` re.finditer(r"```(\w+)\s+path=([^\s]+)(?:\s+action=(\w+))?\s*\n(.*?)```", text, re.DOTALL) ````
//!
//! Its quantifiers leave no choice (a word ends where white space starts, a path where it ends), so one look ahead at
//! each three backticks decides, in time linear in the text. The test compares it with the expression itself.

use std::ops::Range;

use memchr::memmem;

use crate::artifact::Action;
use crate::ingest::python::{is_space, is_word, run, run_of_non_space};

const TICKS: &[u8] = b"```";

/// One match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// Where the opening backticks are.
    pub(super) start: usize,
    pub(super) language: Range<usize>,
    pub(super) path: Range<usize>,
    pub(super) action: Action,
    /// Without the trailing line feeds that upstream takes off.
    pub(super) content: Range<usize>,
}

/// Every match, in order.
pub(super) fn matches(bytes: &[u8]) -> Vec<Match> {
    let finder = memmem::Finder::new(TICKS);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = finder.find(&bytes[from..]).map(|at| from + at) {
        from = start + 1;
        let Some(head) = head(bytes, start + TICKS.len()) else { continue };
        // Without an end here there is none for any later opening either: it would be this one's end.
        let Some(end) = finder.find(&bytes[head.content..]).map(|at| head.content + at) else { break };
        let trailing = bytes[head.content..end].iter().rev().take_while(|byte| **byte == b'\n').count();
        found.push(Match {
            start,
            language: head.language,
            path: head.path,
            action: head.action,
            content: head.content..end - trailing,
        });
        from = end + TICKS.len();
    }
    found
}

struct Head {
    language: Range<usize>,
    path: Range<usize>,
    action: Action,
    content: usize,
}

/// `(\w+)\s+path=([^\s]+)(?:\s+action=(\w+))?\s*\n` at `start`.
fn head(bytes: &[u8], start: usize) -> Option<Head> {
    let language = start..start + run(&bytes[start..], is_word);
    let space = run(&bytes[language.end..], is_space);
    let attribute = language.end + space;
    if language.is_empty() || space == 0 || !bytes[attribute..].starts_with(b"path=") {
        return None;
    }
    let path = attribute + 5;
    let path = path..path + run_of_non_space(&bytes[path..]);
    if path.is_empty() {
        return None;
    }
    let with_action = action(bytes, path.end)
        .and_then(|action| Some((content_after(bytes, action.end)?, action_of(&bytes[action]))));
    // `action=` that is no word up to the line's end is backtracked out of: then it must be content, after a newline.
    let (content, action) = match with_action {
        Some(found) => found,
        None => (content_after(bytes, path.end)?, Action::Create),
    };
    Some(Head { language, path, action, content })
}

/// The word of `\s+action=(\w+)`.
fn action(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let space = run(&bytes[at..], is_space);
    let start = at + space + "action=".len();
    if space == 0 || !bytes[at + space..].starts_with(b"action=") {
        return None;
    }
    let word = start..start + run(&bytes[start..], is_word);
    (!word.is_empty()).then_some(word)
}

/// Where `\s*\n` ends: after the last line feed of the white space.
fn content_after(bytes: &[u8], at: usize) -> Option<usize> {
    let space = run(&bytes[at..], is_space);
    memchr::memrchr(b'\n', &bytes[at..at + space]).map(|feed| at + feed + 1)
}

/// Upstream lower-cases the word and takes anything it does not know for `create`.
pub(super) fn action_of(word: &[u8]) -> Action {
    // Python's lower() of the Kelvin sign and its like yields ASCII: none of these letters has such a twin.
    match word.to_ascii_lowercase().as_slice() {
        b"update" => Action::Update,
        b"delete" => Action::Delete,
        _ => Action::Create,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;

    /// What upstream gets: path, action and content.
    type Applied<'a> = (&'a str, Action, &'a str);

    fn applied(text: &str) -> Vec<Applied<'_>> {
        matches(text.as_bytes())
            .into_iter()
            .map(|found| (&text[found.path], found.action, &text[found.content]))
            .collect()
    }

    #[test]
    fn what_upstream_applies() {
        use Action::{Create, Delete, Update};
        let cases: &[(&str, &[Applied<'_>])] = &[
            ("```py path=a.py\nx = 1\n\n```", &[("a.py", Create, "x = 1")]),
            ("```py path=a.py action=update\nx\n```", &[("a.py", Update, "x")]),
            ("```py path=a.py action=DELETE\n```", &[("a.py", Delete, "")]),
            ("```py path=a.py action=move\nx```", &[("a.py", Create, "x")]),
            ("<!--\n```sh path=h\nrm\n```\n-->", &[("h", Create, "rm")]),
            ("\\```py path=a\nx\n```", &[("a", Create, "x")]),
            ("see ```py path=a\nx\n```", &[("a", Create, "x")]),
            ("```py\npath=a\naction=update\nx\n```", &[("a", Update, "x")]),
            ("````\n```py path=a\nx\n```\n````", &[("a", Create, "x")]),
            ("````py path=a\nx\n````", &[("a", Create, "x")]),
            ("```py path=a\ns = '''```'''\n```", &[("a", Create, "s = '''")]),
            ("```c++ path=a\nx\n```", &[]),
            ("```objective-c path=a\nx\n```", &[]),
            ("``` path=a\nx\n```", &[]),
            ("~~~py path=a\nx\n~~~", &[]),
            ("```py action=update path=a\nx\n```", &[]),
            ("```py path=a mode=755\nx\n```", &[]),
            ("```py path=\"my file.py\"\nx\n```", &[]),
            ("```py path=\"a.py\"\nx\n```", &[("\"a.py\"", Create, "x")]),
            ("```py path=../../.git/config\nx\n```", &[("../../.git/config", Create, "x")]),
            ("```py\u{1c}path=a\u{1f}\nx\n```", &[("a", Create, "x")]),
            ("```é path=a\nx\n```", &[("a", Create, "x")]),
            ("```py path=a\n\n\nx\n```", &[("a", Create, "x")]),
            ("```py path=a\r\nx\r\n```", &[("a", Create, "x\r")]),
            ("```py path=a\naction=b c\n```", &[("a", Create, "action=b c")]),
            ("```py path=a\n```", &[("a", Create, "")]),
            ("```py path=a x```", &[]),
            ("```py path=a\nx", &[]),
            ("```py path=a```py path=b\nx```", &[("b", Create, "x")]),
        ];
        for (text, expected) in cases {
            assert_eq!(applied(text), *expected, "{text:?}");
        }
    }

    /// The expression itself, in Rust's spelling of Python's classes.
    fn oracle(text: &[u8]) -> Vec<(Range<usize>, Range<usize>, Range<usize>)> {
        let expression = Regex::new(
            r"(?s-u)```((?u:[\p{L}\p{N}_])+)(?u:[\s\x1c-\x1f])+path=((?u:[^\s\x1c-\x1f])+)(?:(?u:[\s\x1c-\x1f])+action=((?u:[\p{L}\p{N}_])+))?(?u:[\s\x1c-\x1f])*\n(.*?)```",
        )
        .unwrap();
        let group = |found: &regex::bytes::Captures<'_>, index| found.get(index).map(|group| group.range());
        expression
            .captures_iter(text)
            .map(|found| {
                let content = group(&found, 4).unwrap();
                let feeds = text[content.clone()].iter().rev().take_while(|byte| **byte == b'\n').count();
                (group(&found, 1).unwrap(), group(&found, 2).unwrap(), content.start..content.end - feeds)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn equals_the_expression(pieces in proptest::collection::vec(
            prop_oneof![
                3 => Just("```"), 3 => Just("py"), 3 => Just(" path=a"), 2 => Just(" action=update"), 4 => Just("\n"),
                1 => Just("`"), 1 => Just(" "), 1 => Just("\r\n"), 1 => Just("\u{1c}"), 1 => Just("path="), 1 => Just("é"),
                1 => Just("\u{3000}"), 1 => Just("x = 1"), 1 => Just("action="), 1 => Just("c++"), 1 => Just("\u{93e}"),
            ], 0..24)) {
            let text = pieces.concat();
            let found: Vec<_> = matches(text.as_bytes())
                .into_iter()
                .map(|found| (found.language, found.path, found.content))
                .collect();
            prop_assert_eq!(found, oracle(text.as_bytes()));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            matches(&bytes);
        }
    }
}
