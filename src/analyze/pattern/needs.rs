//! What a text must hold before a pattern can match in it. Most texts name nothing that a rule asks for: the words are
//! read off the pattern's own conditions, and what cannot match is not looked for. A condition that promises no words
//! asks for none.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, ClassBracketed, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange};

use super::condition::{Condition, Test};
use super::form::{Form, Presence, Wrong};
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

/// Shorter words are in most texts.
const SHORTEST: usize = 3;

impl Needs {
    /// What a pattern needs to match. Errors: an expression of it is wrong.
    pub(super) fn of(form: &Form, words: &mut Words) -> Result<Self, Wrong> {
        let mut all = Vec::new();
        for condition in &form.conditions {
            // Only as it is written: what a class stands for takes ten times as long to tell.
            let tree = condition.expression().map(|expression| {
                let wrong = |error| Wrong { line: condition.line, why: expression.wrong(&error) };
                Parser::new().parse(expression.text()).map_err(wrong)
            });
            all.push(Needs::of_condition(condition, tree.transpose()?.as_ref(), form, words));
        }
        Ok(Needs::All(all))
    }

    fn of_condition(condition: &Condition, tree: Option<&Ast>, form: &Form, words: &mut Words) -> Self {
        let nothing = Needs::All(Vec::new());
        // Of a text that may be missing, everything holds.
        let presence = condition.capture.and_then(|capture| form.presence.get(capture as usize));
        let is_there = presence == Some(&Presence::Certain);
        if !condition.wanted {
            return nothing;
        }
        match &condition.test {
            Test::Eq(text) if is_there => words.word(text),
            Test::AnyOf(texts) if is_there => Needs::Any(texts.iter().map(|text| words.word(text)).collect()),
            Test::Match(_) if is_there => tree.map_or(nothing, |tree| words.expression(tree)),
            // These hold something of the text against their expression, and of nothing they do not hold.
            Test::Around(_) | Test::GoesTo(_) | Test::Within(_) | Test::Reads(_) => {
                tree.map_or(nothing, |tree| words.expression(tree))
            }
            Test::Resolves(names) | Test::Imports(names) => words.names(names.iter().map(String::as_str)),
            _ => nothing,
        }
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

/// The words that patterns need, each with a number; case is not told apart.
#[derive(Default)]
pub(super) struct Words(BTreeMap<String, usize>);

impl Words {
    fn word(&mut self, text: &str) -> Needs {
        if text.len() < SHORTEST {
            return Needs::All(Vec::new());
        }
        let next = self.0.len();
        Needs::Word(*self.0.entry(text.to_ascii_lowercase()).or_insert(next))
    }

    /// Of one of `names` every part: an import and its use may stand apart, but each part is written in one piece.
    fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Needs {
        let parts = |name: &'n str| name.strip_suffix('*').unwrap_or(name).split('.');
        Needs::Any(names.map(|name| Needs::All(parts(name).map(|part| self.word(part)).collect())).collect())
    }

    /// The words that every match of a regular expression holds.
    fn expression(&mut self, tree: &Ast) -> Needs {
        let (mut all, mut run) = (Vec::new(), String::new());
        self.sequence(tree, &mut run, &mut all);
        all.push(self.word(&run));
        Needs::All(all)
    }

    /// Goes on with the letters that stand together in `run`, and adds what is complete to `all`.
    fn sequence(&mut self, tree: &Ast, run: &mut String, all: &mut Vec<Needs>) {
        match tree {
            // Beyond ASCII a letter may have a case that words do not know.
            Ast::Literal(literal) if literal.c.is_ascii() => run.push(literal.c),
            Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => {}
            Ast::Group(group) => self.sequence(&group.ast, run, all),
            Ast::Concat(parts) => parts.asts.iter().for_each(|part| self.sequence(part, run, all)),
            Ast::ClassBracketed(class) => match one_letter(class) {
                Some(letter) => run.push(letter),
                None => all.push(self.word(&std::mem::take(run))),
            },
            Ast::Literal(_) | Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) => {
                all.push(self.word(&std::mem::take(run)));
            }
            Ast::Repetition(repeated) => {
                all.push(self.word(&std::mem::take(run)));
                let may_be_missing = match &repeated.op.kind {
                    RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => true,
                    RepetitionKind::OneOrMore => false,
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(least)
                        | RepetitionRange::AtLeast(least)
                        | RepetitionRange::Bounded(least, _),
                    ) => *least == 0,
                };
                if !may_be_missing {
                    all.push(self.expression(&repeated.ast));
                }
            }
            Ast::Alternation(choices) => {
                all.push(self.word(&std::mem::take(run)));
                all.push(Needs::Any(choices.asts.iter().map(|choice| self.expression(choice)).collect()));
            }
        }
    }
}

/// The letter that a class stands for when it tells only its cases apart.
fn one_letter(class: &ClassBracketed) -> Option<char> {
    let literal = |item: &ClassSetItem| match item {
        ClassSetItem::Literal(literal) if literal.c.is_ascii() => Some(literal.c.to_ascii_lowercase()),
        _ => None,
    };
    let ClassSet::Item(item) = &class.kind else { return None };
    if class.negated {
        return None;
    }
    match item {
        ClassSetItem::Union(union) => {
            let first = literal(union.items.first()?)?;
            union.items.iter().all(|item| literal(item) == Some(first)).then_some(first)
        }
        item => literal(item),
    }
}

/// The letters beyond ASCII that are a `k` and an `s` where case does not count.
const FOLDED: [char; 2] = ['\u{212a}', '\u{17f}'];

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
            .ascii_case_insensitive(true)
            .build(sorted.iter().map(|(word, _)| word.as_str()));
        Finder { automaton: automaton.ok(), count: sorted.len() }
    }

    /// Which words a parsed text holds, as it is written or in a string as it reads.
    pub(super) fn present(&self, parsed: &Parsed<'_>) -> Vec<bool> {
        let Some(automaton) = self.automaton.as_ref().filter(|_| !parsed.text.contains(FOLDED)) else {
            return vec![true; self.count];
        };
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
    use super::super::form::Numbers;
    use super::super::token::forms;
    use super::*;
    use crate::syntax::{parse, steps_for};

    fn met(query: &str, callees: &[&str], language: Language, text: &str) -> bool {
        let callees: Vec<String> = callees.iter().map(|name| (*name).to_owned()).collect();
        let (mut words, mut numbers) = (Words::default(), Numbers::new(language));
        let needs = forms(query).into_iter().map(|tokens| {
            let mut form = Form::read(&tokens, &mut numbers).unwrap();
            if let Some(callee) = form.capture("callee").filter(|_| !callees.is_empty()) {
                form.conditions.push(Condition::resolves(callee, callees.clone()));
            }
            Needs::of(&form, &mut words).unwrap()
        });
        let needs = Needs::Any(needs.collect());
        needs.met(&Finder::new(&words).present(&parse(language, text, steps_for(text)).unwrap()))
    }

    #[test]
    fn every_part_of_a_name_is_needed() {
        let query = "((call function: (_) @callee) @report (#resolves-to? @callee \"abc.bcd\" \"eee.*\"))";
        for (text, expected) in
            [("from abc import bcd as x", true), ("x.bcd()", false), ("eee.f()", true), ("bcd(abc)", true)]
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
        let query = "((identifier) @report (#eq? @report \"one\"))\n; (comment\n((identifier) @report @x (#any-of? @x \"two\" \"three\"))";
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
        for (regex, enough, lacking) in [
            ("^['\"]?rejectUnauthorized['\"]?$", "rejectUnauthorized", "reject"),
            ("MODE_ECB$", "x.MODE_ECB", "MODE"),
            ("^.NODE_TLS.$", "NODE_TLS", "NODE"),
            ("abcd?efg", "abc efg", "abcd"),
            ("a(bcd)?efgh", "efgh", "abcd"),
            ("abc|def", "def", "de"),
            ("(?i)task|desk", "TASK", "tas"),
            ("(?i)task", "ta\u{17f}\u{212a}", "sk"),
            (r"\x41bcd", "Abcd", "bcd"),
            (r"\babc\.def", "abc.def", "abc def"),
            ("(abc){2}", "abc", "ab"),
            ("[Tt]ask", "tAsk", "ask"),
            ("(?i)\u{e9}task", "\u{c9}TASK", "\u{c9}as"),
        ] {
            let query = format!(
                "((call (identifier) @x) @report (#match? @x \"{}\"))",
                regex.replace('\\', "\\\\").replace('"', "\\\"")
            );
            assert!(met(&query, &[], Language::Python, enough), "{regex}");
            assert!(!met(&query, &[], Language::Python, lacking), "{regex}");
        }
        for regex in ["[abc]", "(abc){0}", "(abc){0,2}", "[^a]{3}", "ab", "abc|", ".*"] {
            let query = format!("((call (identifier) @x) @report (#match? @x \"{regex}\"))");
            assert!(met(&query, &[], Language::Python, ""), "{regex}");
        }
    }
}
