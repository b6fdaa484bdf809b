//! What rules from outside ask beside a pattern: which texts are worth a look, in which files, and what is excepted.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::literal;
use crate::rule::{Allow, Match, Rule, SecretMatch, Target};

/// The largest pattern over paths, and the largest list of exceptions, compiled, in bytes.
const COMPILED: usize = 8 << 20;
/// A match longer than this is looked for in the whole text.
const FAR: usize = 32 * 1024;
/// How much of a line, on each side of a match, exceptions are matched against.
const LINE: usize = 2000;

/// Whether a rule is run over every text, since nothing in its pattern or keywords says which are worth a look.
pub fn unanchored(rule: &Rule) -> bool {
    let Match::Secret(wanted) = &rule.matcher else { return false };
    Anchors::of(wanted, &wanted.regex).is_some_and(|anchors| anchors.slow())
}

/// Which texts a pattern is run over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchors {
    /// A text without one of these has no match; without any word every text may have one.
    pub(super) words: Vec<String>,
    /// How far around a word a match may reach, in bytes; `None`: anywhere, the word only says that the text is worth a
    /// look.
    pub(super) reach: Option<usize>,
}

impl Anchors {
    /// Those of an imported rule; `None` for one of our own, whose keywords stand in or near each match, and for one
    /// that has a path only.
    pub(super) fn of(wanted: &SecretMatch, pattern: &str) -> Option<Self> {
        wanted.imported.as_ref()?;
        if pattern.is_empty() {
            return None;
        }
        let needed = literal::required(pattern, 3);
        let reach = literal::longest(pattern).filter(|longest| *longest <= FAR);
        // A keyword of one character would be met everywhere.
        let keywords = Some(&wanted.keywords).filter(|words| words.iter().all(|word| word.len() > 1));
        let keywords = keywords.filter(|words| !words.is_empty());
        Some(match (needed, keywords) {
            (Some(needed), None) => Anchors { words: needed, reach },
            (Some(needed), Some(words))
                if needed.iter().all(|need| words.iter().any(|word| need.contains(word.as_str()))) =>
            {
                Anchors { words: words.clone(), reach }
            }
            (_, Some(words)) => Anchors { words: words.clone(), reach: None },
            (None, None) => Anchors { words: Vec::new(), reach: None },
        })
    }

    /// Whether every text is searched.
    pub(super) fn slow(&self) -> bool {
        self.words.is_empty()
    }
}

/// The exceptions that were compiled before: one for all rules is compiled once.
pub(super) type Known = HashMap<Allow, Arc<Exception>>;

/// The conditions of one rule.
pub(super) struct Conditions {
    path: Option<Lazy<Regex>>,
    exceptions: Vec<Arc<Exception>>,
    group: Option<usize>,
}

/// A match in its text.
pub(super) struct Place<'a> {
    /// The path of the file; `None` when the text is no file or its name is not known.
    pub(super) path: Option<&'a str>,
    pub(super) text: &'a str,
    pub(super) whole: Range<usize>,
    pub(super) secret: Range<usize>,
}

impl Conditions {
    pub(super) fn of(wanted: &SecretMatch, known: &mut Known) -> Self {
        let mut exception = |allow: &Allow| {
            let compiled = known.entry(allow.clone()).or_insert_with(|| Arc::new(Exception::new(allow)));
            Arc::clone(compiled)
        };
        Conditions {
            path: wanted.path.clone().map(Lazy::new),
            exceptions: wanted.allow.iter().map(&mut exception).collect(),
            group: wanted.group,
        }
    }

    /// The secret of a match: the group that the rule numbers, else the one named `secret`, else the first that holds
    /// something, else the whole.
    pub(super) fn secret(&self, groups: &regex::bytes::Captures<'_>, whole: Range<usize>) -> Range<usize> {
        let numbered = self.group.and_then(|group| groups.get(group));
        let first = || groups.iter().skip(1).flatten().find(|group| !group.is_empty());
        numbered.or_else(|| groups.name("secret")).or_else(first).map_or(whole, |group| group.range())
    }

    /// Whether the rule is about the file at `path` at all. Of a text without a path nothing is left out.
    pub(super) fn about(&self, path: Option<&str>) -> bool {
        let (Some(wanted), Some(path)) = (&self.path, path) else { return true };
        wanted.get(compile).is_none_or(|regex| regex.is_match(path))
    }

    /// Whether a match counts: no exception holds for it.
    pub(super) fn admit(&self, place: &Place<'_>) -> bool {
        !self.exceptions.iter().any(|exception| exception.holds(place))
    }

    /// Whether the path alone is what the rule reports.
    pub(super) fn report(&self, path: &str) -> bool {
        let place = Place { path: Some(path), text: "", whole: 0..0, secret: 0..0 };
        self.path.is_some() && self.about(Some(path)) && self.admit(&place)
    }

    /// Compiles everything. Errors: a pattern does not compile, or the pattern has no such group.
    pub(super) fn check(&self, regex: &regex::bytes::Regex) -> Result<(), String> {
        let said = |error: regex::Error| error.to_string();
        if let Some(path) = &self.path {
            compile(&path.source).map_err(said)?;
        }
        for exception in &self.exceptions {
            for list in [&exception.paths, &exception.regexes].into_iter().flatten() {
                compile_set(&list.source).map_err(said)?;
            }
        }
        match self.group {
            Some(group) if group >= regex.captures_len() => Err(format!("it has no group {group}")),
            _ => Ok(()),
        }
    }
}

/// An [`Allow`], its patterns compiled when first asked.
pub(super) struct Exception {
    paths: Option<Lazy<RegexSet, Vec<String>>>,
    regexes: Option<Lazy<RegexSet, Vec<String>>>,
    target: Target,
    stopwords: Vec<String>,
    every: bool,
}

impl Exception {
    fn new(allow: &Allow) -> Self {
        let list = |list: &Vec<String>| (!list.is_empty()).then(|| Lazy::new(list.clone()));
        Exception {
            paths: list(&allow.paths),
            regexes: list(&allow.regexes),
            target: allow.target,
            stopwords: allow.stopwords.iter().map(|word| word.to_lowercase()).collect(),
            every: allow.every,
        }
    }

    fn holds(&self, place: &Place<'_>) -> bool {
        let matched = |list: &Lazy<RegexSet, Vec<String>>, text: &str| {
            list.get(compile_set).is_some_and(|set| set.is_match(text))
        };
        let secret = place.text.get(place.secret.clone()).unwrap_or("");
        let paths = self.paths.as_ref().map(|list| place.path.is_some_and(|path| matched(list, path)));
        let regexes = self.regexes.as_ref().map(|list| {
            let target = match self.target {
                Target::Secret => secret,
                Target::Match => place.text.get(place.whole.clone()).unwrap_or(""),
                Target::Line => lines(place.text, &place.whole),
            };
            !target.is_empty() && matched(list, target)
        });
        let words = (!self.stopwords.is_empty()).then(|| {
            let lower = secret.to_lowercase();
            self.stopwords.iter().any(|word| lower.contains(word.as_str()))
        });
        let mut checks = [paths, regexes, words].into_iter().flatten();
        if self.every { checks.all(|held| held) } else { checks.any(|held| held) }
    }
}

/// The lines that `range` stands on, as far as they are near.
fn lines<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    let near = text.floor_char_boundary(range.start.saturating_sub(LINE));
    let far = text.ceil_char_boundary((range.end + LINE).min(text.len()));
    let start = memchr::memrchr(b'\n', &text.as_bytes()[near..range.start]).map_or(near, |at| near + at + 1);
    let end = memchr::memchr(b'\n', &text.as_bytes()[range.end..far]).map_or(far, |at| range.end + at);
    text.get(start..end).unwrap_or("")
}

/// A pattern and what it compiles to.
struct Lazy<T, S = String> {
    source: S,
    compiled: OnceLock<Option<T>>,
}

impl<T, S> Lazy<T, S> {
    fn new(source: S) -> Self {
        Lazy { source, compiled: OnceLock::new() }
    }

    /// `None` when it does not compile, which [`Conditions::check`] says.
    fn get(&self, compile: impl FnOnce(&S) -> Result<T, regex::Error>) -> Option<&T> {
        self.compiled.get_or_init(|| compile(&self.source).ok()).as_ref()
    }
}

fn compile(pattern: &String) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(COMPILED).build()
}

fn compile_set(patterns: &Vec<String>) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(patterns).size_limit(COMPILED).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(keywords: &[&str], regex: &str) -> SecretMatch {
        SecretMatch {
            assigned: false,
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
            regex: regex.to_owned(),
            entropy: None,
            validate: Vec::new(),
            context: Vec::new(),
            path: None,
            allow: Vec::new(),
            group: None,
            imported: Some("team.toml:1".into()),
        }
    }

    fn anchors(keywords: &[&str], regex: &str) -> (Vec<String>, Option<usize>) {
        let anchors = Anchors::of(&wanted(keywords, regex), regex).unwrap();
        (anchors.words, anchors.reach)
    }

    #[test]
    fn a_keyword_that_every_match_holds_is_an_anchor() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(anchors(&["acme_"], "acme_[a-z]{8}"), (words(&["acme_"]), Some(13)));
        assert_eq!(anchors(&[], "acme_[a-z]{8}"), (words(&["acme_"]), Some(13)));
        assert_eq!(anchors(&["acme"], "key=[a-z]{8}"), (words(&["acme"]), None));
        assert_eq!(anchors(&["acme"], "acme[a-z]+"), (words(&["acme"]), None));
        assert_eq!(anchors(&[], "[a-z]{8}"), (words(&[]), None));
        assert_eq!(anchors(&["a"], "[a-z]{8}"), (words(&[]), None));
    }

    #[test]
    fn exceptions_hold_by_any_or_by_every_list() {
        let allow = Allow {
            paths: vec!["^test/".into()],
            regexes: vec!["^ok".into()],
            target: Target::Line,
            stopwords: vec!["Sample".into()],
            every: false,
        };
        let every = Allow { every: true, ..allow.clone() };
        let text = "x\nok = mySAMPLEkey\ny";
        let place = |path, text, secret: Range<usize>| Place { path, text, whole: secret.clone(), secret };
        let admits = |allow: &Allow, place: &Place<'_>| {
            let mut wanted = wanted(&[], "x");
            wanted.allow.push(allow.clone());
            Conditions::of(&wanted, &mut Known::new()).admit(place)
        };
        assert!(!admits(&allow, &place(None, text, 7..18)));
        assert!(!admits(&allow, &place(Some("test/a"), "secret", 0..6)));
        assert!(admits(&allow, &place(Some("src/test/a"), "secret", 0..6)));
        assert!(admits(&every, &place(None, text, 7..18)));
        assert!(!admits(&every, &place(Some("test/a"), text, 7..18)));
        assert!(admits(&every, &place(Some("test/a"), text, 0..1)));
    }

    #[test]
    fn a_rule_about_paths_holds_its_tongue_elsewhere() {
        let mut wanted = wanted(&[], "");
        wanted.path = Some(r"\.p12$".into());
        let conditions = Conditions::of(&wanted, &mut Known::new());
        assert!(conditions.report("keys/team.p12") && !conditions.report("a.py"));
        assert!(conditions.about(None) && conditions.about(Some("a.p12")) && !conditions.about(Some("a.py")));
    }
}
