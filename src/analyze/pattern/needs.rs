//! What a text must hold before a query can match in it. Compiling a query takes tree-sitter milliseconds, and most
//! texts name nothing that a rule asks for: the words are read off the query's own conditions, so that a query none of
//! whose patterns can match is neither compiled nor run. A condition that promises no words asks for none.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::token::{Token, forms};
use crate::syntax::{Language, Parsed, Walk, unquoted};

/// A condition on the words of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Needs {
    /// The word of that number.
    Word(usize),
    /// Each of them; none is asked for when there are none.
    All(Vec<Needs>),
    /// One of them.
    Any(Vec<Needs>),
}

impl Needs {
    /// What `query` needs to match with `report` captured, when `@callee` has to resolve to one of `callees`.
    pub(super) fn of(query: &str, report: &str, callees: &[String], words: &mut Words) -> Self {
        let reporting = forms(query).into_iter().filter(|form| form.contains(&Token::Capture(report)));
        Needs::Any(reporting.map(|form| Needs::of_pattern(&form, callees, words)).collect())
    }

    fn of_pattern(form: &[Token<'_>], callees: &[String], words: &mut Words) -> Self {
        let certain = every_capture_is_there(form);
        let mut all = Vec::new();
        if form.contains(&Token::Capture("callee")) && !callees.is_empty() {
            all.push(words.names(callees.iter().map(String::as_str)));
        }
        for (at, token) in form.iter().enumerate() {
            let Token::Word(name) = token else { continue };
            let arguments = || form[at + 1..].iter().take_while(|token| **token != Token::Close);
            let texts: Vec<&str> = arguments().filter_map(Token::text).collect();
            let plain =
                certain && arguments().filter(|token| matches!(token, Token::Capture(_))).count() == 1;
            match *name {
                "#eq?" | "#any-of?" if plain => {
                    all.push(Needs::Any(texts.iter().map(|text| words.word(text)).collect()));
                }
                "#match?" if plain => {
                    all.extend(texts.first().and_then(|it| literal(it)).map(|it| words.word(&it)))
                }
                "#resolves-to?" | "#imports?" => all.push(words.names(texts.into_iter())),
                _ => {}
            }
        }
        Needs::All(all)
    }

    /// Whether a text that holds the words `present` meets it.
    pub(super) fn met(&self, present: &[bool]) -> bool {
        match self {
            Needs::Word(word) => present.get(*word).copied().unwrap_or(true),
            Needs::All(all) => all.iter().all(|one| one.met(present)),
            Needs::Any(any) => any.iter().any(|one| one.met(present)),
        }
    }
}

/// A condition on a capture that a match may lack holds without any text.
fn every_capture_is_there(form: &[Token<'_>]) -> bool {
    let mut choices = 0usize;
    form.iter().all(|token| {
        match token {
            Token::Choice => choices += 1,
            Token::Chosen => choices = choices.saturating_sub(1),
            _ => {}
        }
        match token {
            Token::Capture(_) => choices == 0,
            Token::Optional => false,
            Token::Word(word) => word.starts_with('#') || !word.contains(['?', '*']),
            _ => true,
        }
    })
}

/// The longest word that every match of a regular expression holds; `None` when that is not easily told.
fn literal(regex: &str) -> Option<String> {
    const SHORTEST: usize = 3;
    if regex.contains("(?") {
        return None;
    }
    let (mut runs, mut run) = (Vec::new(), String::new());
    let (mut groups, mut classes) = (0usize, 0usize);
    let mut characters = regex.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                // `\x41` and `\p{L}` go on behind their letter.
                let simple = |c: char| !c.is_alphanumeric() || "bBwWdDsS".contains(c);
                characters.next().filter(|c| simple(*c))?;
                runs.push(std::mem::take(&mut run));
            }
            '[' => classes += 1,
            ']' => classes = classes.checked_sub(1)?,
            _ if classes > 0 => {}
            '(' => groups += 1,
            ')' => groups = groups.checked_sub(1)?,
            _ if groups > 0 => {}
            '|' | '{' | '}' => return None,
            '?' | '*' => drop(run.pop()),
            _ if character.is_ascii_alphanumeric() || "_-".contains(character) => {
                run.push(character);
                continue;
            }
            _ => {}
        }
        runs.push(std::mem::take(&mut run));
    }
    runs.push(run);
    runs.into_iter().rev().max_by_key(String::len).filter(|run| run.len() >= SHORTEST)
}

/// The words that queries need, each with a number.
#[derive(Default)]
pub(super) struct Words(BTreeMap<String, usize>);

impl Words {
    fn word(&mut self, text: &str) -> Needs {
        if text.is_empty() {
            return Needs::All(Vec::new());
        }
        let next = self.0.len();
        Needs::Word(*self.0.entry(text.to_owned()).or_insert(next))
    }

    /// Of one of `names` every part: an import and its use may stand apart, but each part is written in one piece.
    fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Needs {
        let parts = |name: &'n str| name.strip_suffix('*').unwrap_or(name).split('.');
        Needs::Any(names.map(|name| Needs::All(parts(name).map(|part| self.word(part)).collect())).collect())
    }
}

/// Finds all words in one pass over a text.
pub(super) struct Finder {
    automaton: Option<AhoCorasick>,
    count: usize,
}

impl Finder {
    pub(super) fn new(words: &Words) -> Self {
        let mut sorted: Vec<(&String, &usize)> = words.0.iter().collect();
        sorted.sort_by_key(|(_, number)| **number);
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(sorted.iter().map(|(word, _)| word.as_str()));
        Finder { automaton: automaton.ok(), count: sorted.len() }
    }

    /// Which words a parsed text holds, as it is written or in a string as it reads.
    pub(super) fn present(&self, parsed: &Parsed<'_>) -> Vec<bool> {
        let Some(automaton) = &self.automaton else { return vec![true; self.count] };
        let mut present = vec![false; self.count];
        let mut mark = |text: &str| {
            for hit in automaton.find_overlapping_iter(text) {
                present[hit.pattern().as_usize()] = true;
            }
        };
        mark(parsed.text);
        // The module of an import is a string that may be escaped.
        if parsed.language != Language::Python && parsed.text.contains('\\') {
            let strings = Walk::new(parsed.root()).filter(|node| node.kind() == "string");
            for string in strings.filter(|node| parsed.text_of(*node).contains('\\')) {
                mark(&unquoted(parsed, string).value);
            }
        }
        present
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{parse, steps_for};

    fn met(query: &str, callees: &[&str], language: Language, text: &str) -> bool {
        let callees: Vec<String> = callees.iter().map(|name| (*name).to_owned()).collect();
        let mut words = Words::default();
        let needs = Needs::of(query, "report", &callees, &mut words);
        needs.met(&Finder::new(&words).present(&parse(language, text, steps_for(text)).unwrap()))
    }

    #[test]
    fn every_part_of_a_name_is_needed() {
        let query = "((call function: (_) @callee) @report (#resolves-to? @callee \"a.bcd\" \"e.*\"))";
        for (text, expected) in
            [("from a import bcd as x", true), ("x.bcd()", false), ("e.f()", true), ("bcd(a)", true)]
        {
            assert_eq!(met(query, &[], Language::Python, text), expected, "{text}");
        }
        let plain = "(call function: (_) @callee) @report";
        assert!(met(plain, &[], Language::Python, ""));
        assert!(!met(plain, &["hashlib.md5"], Language::Python, "hashlib.sha1()"));
        assert!(met(plain, &["hashlib.md5"], Language::Python, "hashlib.md5()"));
    }

    #[test]
    fn one_pattern_that_can_match_is_enough() {
        let query = "((identifier) @report (#eq? @report \"one\"))\n; (comment\n((identifier) @report @x (#any-of? @x \"two\" \"three\")) ((identifier) @safe)";
        for (text, expected) in [("one", true), ("three", true), ("four", false)] {
            assert_eq!(met(query, &[], Language::Python, text), expected, "{text}");
        }
    }

    #[test]
    fn what_may_be_missing_is_not_needed() {
        for query in [
            "((call (identifier)? @x) @report (#eq? @x \"one\"))",
            "((call [(identifier) @x (string)]) @report (#eq? @x \"one\"))",
            "((call (_)* @x) @report (#match? @x \"^one$\"))",
            "((call (identifier) @x) @report (#not-eq? @x \"one\"))",
            "((call (identifier) @x (identifier) @y) @report (#eq? @x @y))",
            "((call (identifier) @x) @report (#eq? @x \"\"))",
        ] {
            assert!(met(query, &[], Language::Python, ""), "{query}");
        }
    }

    #[test]
    fn escaped_modules_count() {
        let query =
            "((call_expression function: (_) @callee) @report (#resolves-to? @callee \"crypto.createHash\"))";
        let text = r#"require("cry\x70to").createHash()"#;
        assert!(met(query, &[], Language::JavaScript, text));
        assert!(!met(query, &[], Language::JavaScript, r#"require("other\n").createHash()"#));
    }

    #[test]
    fn expressions_name_what_they_need() {
        for (regex, expected) in [
            ("^['\"]?rejectUnauthorized['\"]?$", Some("rejectUnauthorized")),
            ("MODE_ECB$", Some("MODE_ECB")),
            ("^.NODE_TLS.$", Some("NODE_TLS")),
            ("abcd?ef", Some("abc")),
            ("a(bcd)?efgh", Some("efgh")),
            ("abc|def", None),
            ("(?i)abc", None),
            ("(abc|def)", None),
            (r"\x41bcd", None),
            (r"\babc\.de", Some("abc")),
            ("[abc]", None),
            ("abc{0}", None),
            ("ab", None),
        ] {
            assert_eq!(literal(regex).as_deref(), expected, "{regex}");
        }
    }
}
