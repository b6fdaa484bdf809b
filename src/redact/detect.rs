//! One automaton over the anchors of all rules finds where to look; a rule's own pattern, compiled on first use, then
//! looks at the text around its anchors only.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexBuilder};

use super::imported::{Anchors, Conditions, Known, Place};
use super::mask::already_masked;
use super::normal::normal;
use super::terms::{self, Terms};
use super::validate::{Validator, Verdict, weigh};
use super::{generic, pii, random};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Confidence;
use crate::rule::{Category, Match, Rule, RuleSet, SecretMatch};

/// How far before an anchor a match may begin, and how far behind it an ordinary one may reach.
const BEFORE: usize = 160;
const BEHIND: usize = 1024;
/// How far behind its anchor a match over many lines (a private key) may reach.
const FAR_BEHIND: usize = 32 * 1024;
/// A match that ends at the edge of what was looked at is looked at again with this much more, so that it is not cut.
const MORE: usize = 1 << 20;
/// How far from a match its context words may stand.
const CONTEXT: usize = 200;

/// A table of states takes longer to build than a list of them and runs faster: it pays from this much text on.
const WORTH_A_TABLE: usize = 1 << 20;

/// A secret or piece of personal data in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its bytes in the decoded text.
    pub(super) range: Range<usize>,
    /// The index of its rule in the detector.
    pub(super) rule: usize,
    /// How sure, after validators and context.
    pub(super) confidence: Confidence,
}

/// A rule of `[match.secret]`, its pattern compiled when its anchor is first met.
struct Pattern {
    wanted: SecretMatch,
    validators: Vec<Validator>,
    regex: OnceLock<Option<Regex>>,
    /// How far before and behind an anchor to look; a match that an anchor only hints at may stand anywhere.
    before: usize,
    behind: usize,
    conditions: Conditions,
}

/// What an anchor leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Pattern(usize),
    Assignment,
    Email,
}

/// All detectors, compiled once.
pub(super) struct Detector {
    /// The rules for secrets and personal data, sorted by id.
    pub(super) rules: Vec<Rule>,
    patterns: Vec<Option<Pattern>>,
    words: Vec<String>,
    automaton: AhoCorasick,
    table: OnceLock<Option<AhoCorasick>>,
    searched: AtomicUsize,
    anchors: Vec<Anchor>,
    /// The patterns without an anchor, which are run over every text.
    always: Vec<usize>,
    /// The rules that report a path.
    paths: Vec<usize>,
    generic: Option<usize>,
    pii: pii::Rules,
    /// A team's own words, and the rule that reports them.
    terms: Option<(usize, Terms)>,
}

impl Detector {
    /// Compiles the rules for secrets and personal data. Errors: a rule has no anchor or names an unknown validator.
    pub(super) fn new(set: &RuleSet) -> Result<Self> {
        let ours = |rule: &&Rule| matches!(rule.category, Category::Secrets | Category::Pii);
        let rules: Vec<Rule> = set.rules.iter().filter(ours).cloned().collect();
        let index = |id: &str| rules.iter().position(|rule| rule.id == id);
        let generic = index(generic::RULE);
        let pii = pii::Rules { email: index("email"), card: index("payment-card"), iban: index("iban") };
        let (mut words, mut anchors) = (Vec::new(), Vec::new());
        let (mut always, mut paths, mut known) = (Vec::new(), Vec::new(), Known::new());
        let mut patterns = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let Match::Secret(wanted) = &rule.matcher else {
                patterns.push(None);
                continue;
            };
            let imported = Anchors::of(wanted, &ascii(&wanted.regex));
            match &imported {
                _ if wanted.regex.is_empty() => paths.push(number),
                Some(imported) if imported.slow() => always.push(number),
                Some(imported) => words.extend(imported.words.iter().cloned()),
                None => words.extend(wanted.keywords.iter().cloned()),
            }
            anchors.resize(words.len(), Anchor::Pattern(number));
            patterns.push(Some(Pattern::new(rule, wanted, imported, &mut known)?));
        }
        if generic.is_some() {
            words.extend(generic::ANCHORS.iter().map(|word| (*word).to_owned()));
            anchors.resize(words.len(), Anchor::Assignment);
        }
        if pii.email.is_some() {
            words.push("@".to_owned());
            anchors.push(Anchor::Email);
        }
        let automaton = automaton(&words, AhoCorasickKind::ContiguousNFA).map_err(|error| {
            Error::new(ErrorKind::Settings, "the keywords of the secret rules are too many or too long")
                .because(error)
        })?;
        let (table, searched) = (OnceLock::new(), AtomicUsize::new(0));
        Ok(Detector {
            rules,
            patterns,
            words,
            automaton,
            table,
            searched,
            anchors,
            always,
            paths,
            generic,
            pii,
            terms: None,
        })
    }

    /// Looks for these terms too. Errors: the rules have none that reports them.
    pub(super) fn set_terms(&mut self, terms: Terms) -> Result<()> {
        let rule = self.rules.iter().position(|rule| rule.id == terms::RULE).ok_or_else(|| {
            Error::new(ErrorKind::Settings, format!("there is no rule {} to report terms by", terms::RULE))
        })?;
        self.terms = Some((rule, terms));
        Ok(())
    }

    /// The terms, when `rule` is the one that reports them.
    pub(super) fn terms(&self, rule: usize) -> Option<&Terms> {
        self.terms.as_ref().filter(|(ours, _)| *ours == rule).map(|(_, terms)| terms)
    }

    /// Where in the file at `path` the terms themselves are listed.
    pub(super) fn home(&self, path: &str, text: &str) -> Vec<Range<usize>> {
        self.terms.as_ref().map_or_else(Vec::new, |(_, terms)| terms.home(path, text))
    }

    /// Everything found in `text`, sorted, without overlap: of two that overlap the more specific stays. The ids of
    /// rules whose pattern does not compile are the second part.
    pub(super) fn find(&self, text: &str) -> (Vec<Found>, Vec<&str>) {
        self.find_in(text, None)
    }

    /// The rules that report the path itself.
    pub(super) fn reporting(&self, path: &str) -> impl Iterator<Item = &Rule> {
        let reports = move |rule: &&usize| {
            self.patterns[**rule].as_ref().is_some_and(|pattern| pattern.conditions.report(path))
        };
        self.paths.iter().filter(reports).map(|rule| &self.rules[*rule])
    }

    /// As [`Detector::find`], in the file at `path`.
    pub(super) fn find_in(&self, text: &str, path: Option<&str>) -> (Vec<Found>, Vec<&str>) {
        let (mut found, mut broken) = self.look_through(text, path);
        if let Some(normal) = normal(text) {
            let (disguised, also_broken) = self.look_through(&normal.text, path);
            let back = |one: Found| Found { range: normal.original(&one.range), ..one };
            found.extend(disguised.into_iter().map(back));
            broken.extend(also_broken);
        }
        found.retain(|one| !one.range.is_empty() && !already_masked(&text[one.range.clone()]));
        broken.dedup();
        (self.untangle(found), broken)
    }

    /// The automaton for the next text; both kinds find the same.
    fn automaton(&self, length: usize) -> &AhoCorasick {
        let searched = self.searched.fetch_add(length, Ordering::Relaxed).saturating_add(length);
        if searched < WORTH_A_TABLE {
            return &self.automaton;
        }
        let table = self.table.get_or_init(|| automaton(&self.words, AhoCorasickKind::DFA).ok());
        table.as_ref().unwrap_or(&self.automaton)
    }

    /// Everything found in one form of a text, in no order.
    fn look_through(&self, text: &str, path: Option<&str>) -> (Vec<Found>, Vec<&str>) {
        let mut found = Vec::new();
        let mut windows: Vec<Option<Range<usize>>> = vec![None; self.patterns.len()];
        self.always.iter().for_each(|rule| windows[*rule] = Some(0..text.len()));
        let mut assignments = generic::Scan::new(text);
        let mut broken = Vec::new();
        for hit in self.automaton(text.len()).find_overlapping_iter(text) {
            match self.anchors[hit.pattern().as_usize()] {
                Anchor::Pattern(rule) => {
                    let Some(pattern) = &self.patterns[rule] else { continue };
                    let start = text.floor_char_boundary(hit.start().saturating_sub(pattern.before));
                    let end = hit.end().saturating_add(pattern.behind).min(text.len());
                    let end = text.ceil_char_boundary(end);
                    match &mut windows[rule] {
                        Some(window) if start <= window.end => window.end = window.end.max(end),
                        other => {
                            if let Some(window) = other.replace(start..end) {
                                self.look(rule, (text, path), window, &mut found, &mut broken);
                            }
                        }
                    }
                }
                Anchor::Assignment => {
                    if let Some(rule) = self.generic
                        && let Some((range, confidence)) = assignments.at(hit.range())
                    {
                        found.push(Found { range, rule, confidence });
                    }
                }
                Anchor::Email => {
                    if let Some(rule) = self.pii.email
                        && let Some(range) = pii::email(text, hit.start())
                    {
                        found.push(Found { range, rule, confidence: self.rules[rule].confidence });
                    }
                }
            }
        }
        for (rule, window) in windows.into_iter().enumerate() {
            if let Some(window) = window {
                self.look(rule, (text, path), window, &mut found, &mut broken);
            }
        }
        self.pii.numbers(text, &self.rules, &mut found);
        if let Some((rule, terms)) = &self.terms {
            terms.find(text, *rule, &mut found);
        }
        (found, broken)
    }

    /// The index of the rule for e-mail addresses.
    pub(super) fn email(&self) -> Option<usize> {
        self.pii.email
    }

    /// Whether a rule is about personal data.
    pub(super) fn personal(&self, rule: usize) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.category == Category::Pii)
    }

    /// Compiles every pattern. Errors: one does not compile or is too large.
    pub(super) fn check(&self) -> Result<()> {
        for (rule, pattern) in self.rules.iter().zip(&self.patterns) {
            let Some(pattern) = pattern else { continue };
            let wrong = |error: String| {
                let place = pattern.wanted.imported.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
                let what = format!("{place}rule {}: its regex does not compile", rule.id);
                Error::new(ErrorKind::Settings, what).because(reason(&error)).hint(correct(rule))
            };
            let regex = pattern.compile().map_err(|error| wrong(error.to_string()))?;
            pattern.conditions.check(&regex).map_err(wrong)?;
        }
        Ok(())
    }

    /// Runs the pattern of `rule` over a window of `text`.
    fn look<'a>(
        &'a self,
        rule: usize,
        (text, path): (&str, Option<&str>),
        window: Range<usize>,
        found: &mut Vec<Found>,
        broken: &mut Vec<&'a str>,
    ) {
        let Some(pattern) = self.patterns[rule].as_ref().filter(|pattern| pattern.conditions.about(path))
        else {
            return;
        };
        let Some(regex) = pattern.regex() else {
            broken.push(&self.rules[rule].id);
            return;
        };
        let (mut at, mut end) = (window.start, window.end);
        while let Some(groups) = regex.captures_at(&text[..end], at) {
            let Some(whole) = groups.get(0) else { break };
            if whole.end() == end && end < text.len() {
                end = text.ceil_char_boundary((end + MORE).min(text.len()));
                at = whole.start();
                continue;
            }
            let secret = pattern.conditions.secret(&groups, whole.range());
            let judged = pattern.judge(text, &whole.range(), &secret, self.rules[rule].confidence);
            let place = Place { path, text, whole: whole.range(), secret: secret.clone() };
            if let Some(confidence) = judged.filter(|_| pattern.conditions.admit(&place)) {
                found.push(Found { range: secret, rule, confidence });
            }
            at = whole.end().max(whole.start() + 1);
            if at >= window.end || !text.is_char_boundary(at) {
                break;
            }
        }
    }

    /// Sorts and drops what overlaps something more specific: rules with a format of their own before assignments
    /// before personal data, then the surer, the longer, the earlier.
    fn untangle(&self, found: Vec<Found>) -> Vec<Found> {
        let (words, mut found): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(|one| self.terms(one.rule).is_some());
        let rank = |one: &Found| match (self.rules[one.rule].category, Some(one.rule) == self.generic) {
            (Category::Secrets, false) => 0,
            (Category::Secrets, true) => 1,
            _ => 2,
        };
        found.sort_by_key(|one| {
            let surer = std::cmp::Reverse(one.confidence);
            (rank(one), surer, std::cmp::Reverse(one.range.len()), one.range.start, one.rule)
        });
        let mut kept: std::collections::BTreeMap<usize, Found> = std::collections::BTreeMap::new();
        for one in found {
            let before = kept.range(..one.range.end).next_back();
            if before.is_none_or(|(_, other)| other.range.end <= one.range.start) {
                kept.insert(one.range.start, one);
            }
        }
        terms::join(kept.into_values().collect(), words, |rule| self.personal(rule))
    }
}

/// The last line of an error about a pattern: those before draw the pattern.
fn reason(error: &str) -> String {
    let last = error.lines().last().unwrap_or(error);
    last.trim_start().trim_start_matches("error: ").to_owned()
}

/// Where to correct a rule.
fn correct(rule: &Rule) -> String {
    match &rule.matcher {
        Match::Secret(SecretMatch { imported: Some(at), .. }) => format!("correct it at {at}"),
        _ => format!("correct its page, rules/{}/{}.md", rule.category.name(), rule.id),
    }
}

fn automaton(words: &[String], kind: AhoCorasickKind) -> Result<AhoCorasick, aho_corasick::BuildError> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(words)
}

impl Pattern {
    fn new(rule: &Rule, wanted: &SecretMatch, anchors: Option<Anchors>, known: &mut Known) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(ErrorKind::Settings, format!("rule {}: {what}", rule.id)).hint(correct(rule))
        };
        let own = wanted.imported.is_none() && !(wanted.regex.is_empty() && wanted.path.is_some());
        if own && (wanted.keywords.iter().any(|word| word.len() < 2) || wanted.keywords.is_empty()) {
            return Err(wrong("`keywords` needs words of at least two characters".into()));
        }
        let validators: Result<Vec<Validator>> = wanted
            .validate
            .iter()
            .map(|name| {
                Validator::named(name).ok_or_else(|| wrong(format!("there is no validator \"{name}\"")))
            })
            .collect();
        let many_lines = wanted.regex.contains(r"\s\S") || wanted.regex.contains("(?s");
        let behind = if many_lines { FAR_BEHIND } else { BEHIND };
        let (before, behind) = match anchors.map(|anchors| anchors.reach.unwrap_or(usize::MAX)) {
            Some(reach) => (reach.max(BEFORE), reach.max(BEHIND)),
            None => (BEFORE, behind),
        };
        Ok(Pattern {
            wanted: wanted.clone(),
            validators: validators?,
            regex: OnceLock::new(),
            before,
            behind,
            conditions: Conditions::of(wanted, known),
        })
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.compile().ok()).as_ref()
    }

    fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&ascii(&self.wanted.regex)).size_limit(4 << 20).build()
    }

    /// How sure a match is; `None` when it is none.
    fn judge(
        &self,
        text: &str,
        whole: &Range<usize>,
        secret: &Range<usize>,
        confidence: Confidence,
    ) -> Option<Confidence> {
        let value = &text[secret.clone()];
        // What an imported rule takes for a placeholder it says itself.
        if self.wanted.imported.is_none() && random::placeholder(value)
            || self.wanted.entropy.is_some_and(|least| random::entropy(value) < least)
        {
            return None;
        }
        if !self.wanted.context.is_empty() {
            let start = text.floor_char_boundary(whole.start.saturating_sub(CONTEXT));
            let end = text.ceil_char_boundary((whole.end + CONTEXT).min(text.len()));
            let around = text[start..end].to_ascii_lowercase();
            if !self.wanted.context.iter().any(|word| around.contains(&word.to_ascii_lowercase())) {
                return None;
            }
        }
        if self.validators.contains(&Validator::Password)
            && reserved_host(&text[secret.end..])
            && !strong(value)
        {
            return None;
        }
        let verdicts = self.validators.iter().map(|validator| validator.check(value));
        let verdict = verdicts.fold(Verdict::Unknown, Verdict::and);
        weigh(confidence, verdict)
    }
}

/// Whether the text behind a password names a host of documentation, under which nobody has an account.
fn reserved_host(behind: &str) -> bool {
    let host =
        behind.strip_prefix('@').unwrap_or("").split([':', '/', '?', '#', '"', '\'', ' ', '\n']).next();
    let host = host.unwrap_or("");
    host.starts_with("example.")
        || [".example", ".example.com", ".test", ".invalid"].iter().any(|end| host.ends_with(end))
}

/// Whether nobody writes such a password as an example: twelve characters or more, of three kinds. A host of
/// documentation excuses `secret1`, not this.
fn strong(value: &str) -> bool {
    let kinds: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    value.len() >= 12 && kinds.iter().filter(|kind| value.bytes().any(|byte| kind(&byte))).count() >= 3
}

/// The pattern with the ASCII meaning of `\b`, `\w` and `\d`: tokens are ASCII, and the Unicode tables would make each
/// pattern a hundred times as large.
fn ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, (character == '\\').then(|| characters.next()).flatten()) {
            ('\\', Some('b')) => out.push_str(r"(?-u:\b)"),
            ('\\', Some('w')) => out.push_str("[0-9A-Za-z_]"),
            ('\\', Some('d')) => out.push_str("[0-9]"),
            (_, next) => out.extend([Some(character), next].into_iter().flatten()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_pattern_compiles() {
        let detector = Detector::new(&crate::built_in_rules()).unwrap();
        for (rule, pattern) in detector.rules.iter().zip(&detector.patterns) {
            if let Some(pattern) = pattern {
                assert!(pattern.regex().is_some(), "{}", rule.id);
            }
        }
    }
}
