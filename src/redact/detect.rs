//! One automaton over the anchors of all rules finds where to look; a rule's own pattern, compiled on first use, then
//! looks at the text around its anchors only.

use std::ops::Range;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use super::anchors::Anchors;
use super::mask::already_masked;
use super::reading::{self, Budget, Wrapped};
use super::validate::{Validator, Verdict, weigh};
use super::{assigned, generic, pii, random};
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

/// A secret or piece of personal data in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its bytes in the decoded text.
    pub(super) range: Range<usize>,
    /// The index of its rule in the detector.
    pub(super) rule: usize,
    /// How sure, after validators and context.
    pub(super) confidence: Confidence,
    /// What it says, where the text writes it in another form.
    pub(super) secret: Option<String>,
    /// How the text writes it, when not as it is: "in base64".
    pub(super) written: Option<&'static str>,
}

impl Found {
    /// Written as it is.
    pub(super) fn plain(range: Range<usize>, rule: usize, confidence: Confidence) -> Self {
        Found { range, rule, confidence, secret: None, written: None }
    }
}

/// A rule of `[match.secret]`, its pattern compiled when its anchor is first met.
struct Pattern {
    wanted: SecretMatch,
    validators: Vec<Validator>,
    regex: OnceLock<Option<Regex>>,
    behind: OnceLock<usize>,
}

/// What an anchor leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Pattern(usize),
    /// A pattern of an assigned value.
    Assigned(usize),
    /// It is the anchor of a pattern, written backwards.
    Backwards,
    Assignment,
    Email,
}

/// Whether a keyword is no word of a language, so that it tells something when it is written backwards.
fn telling(keyword: &str) -> bool {
    keyword.len() >= 3
        && keyword.is_ascii()
        && keyword.bytes().any(|byte| !byte.is_ascii_lowercase() && byte != b' ')
}

/// All detectors, compiled once.
pub(super) struct Detector {
    /// The rules for secrets and personal data, sorted by id.
    pub(super) rules: Vec<Rule>,
    patterns: Vec<Option<Pattern>>,
    anchors: Anchors,
    /// What each word of `anchors` leads to.
    leads: Vec<Lead>,
    generic: Option<usize>,
    pii: pii::Rules,
}

/// What looking through one text yields.
pub(super) struct Sweep<'d> {
    /// Sorted, without overlap: of two that overlap the more specific stays.
    pub(super) found: Vec<Found>,
    /// The ids of rules whose pattern does not compile.
    pub(super) broken: Vec<&'d str>,
    /// Why an encoded part was not looked at, one clause.
    pub(super) refused: Option<&'static str>,
}

/// What one form of a text shows, in no order.
#[derive(Default)]
struct Look {
    found: Vec<Found>,
    /// Tokens that end with their line.
    wrapped: Vec<Wrapped>,
    /// Anchors that are written backwards.
    backwards: Vec<Range<usize>>,
}

impl Detector {
    /// Compiles the rules for secrets and personal data. Errors: a rule has no anchor or names an unknown validator.
    pub(super) fn new(set: &RuleSet) -> Result<Self> {
        let ours = |rule: &&Rule| matches!(rule.category, Category::Secrets | Category::Pii);
        let rules: Vec<Rule> = set.rules.iter().filter(ours).cloned().collect();
        let index = |id: &str| rules.iter().position(|rule| rule.id == id);
        let generic = index(generic::RULE);
        let pii = pii::Rules { email: index("email"), card: index("payment-card"), iban: index("iban") };
        let (mut words, mut leads) = (Vec::new(), Vec::new());
        let mut patterns = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let Match::Secret(wanted) = &rule.matcher else {
                patterns.push(None);
                continue;
            };
            patterns.push(Some(Pattern::new(rule, wanted)?));
            for keyword in &wanted.keywords {
                words.push(keyword.clone());
                leads.push(if wanted.assigned { Lead::Assigned(number) } else { Lead::Pattern(number) });
                if telling(keyword) && !wanted.assigned {
                    words.push(keyword.chars().rev().collect());
                    leads.push(Lead::Backwards);
                }
            }
        }
        if generic.is_some() {
            words.extend(generic::ANCHORS.iter().map(|word| (*word).to_owned()));
            leads.resize(words.len(), Lead::Assignment);
        }
        if pii.email.is_some() {
            words.push("@".to_owned());
            leads.push(Lead::Email);
        }
        let anchors = Anchors::new(words.iter().map(String::as_str));
        Ok(Detector { rules, patterns, anchors, leads, generic, pii })
    }

    /// Everything found in `text` and in what it encodes or disguises.
    pub(super) fn find(&self, text: &str) -> Sweep<'_> {
        let mut budget = Budget::new(text.len());
        let mut broken = Vec::new();
        let mut found = self.sweep(text, 0, &mut budget, &mut broken);
        found.retain(|one| !one.range.is_empty() && !already_masked(&text[one.range.clone()]));
        broken.sort_unstable();
        broken.dedup();
        Sweep { found: self.untangle(found), broken, refused: budget.refused }
    }

    /// Everything found in `text` and its other readings, `depth` readings away from the text itself.
    fn sweep<'d>(
        &'d self,
        text: &str,
        depth: usize,
        budget: &mut Budget,
        broken: &mut Vec<&'d str>,
    ) -> Vec<Found> {
        let Look { mut found, mut wrapped, mut backwards } = self.look_through(text, broken);
        if depth == reading::DEPTH {
            return found;
        }
        wrapped.sort_by_key(Wrapped::end);
        backwards.sort_by_key(|hit| hit.start);
        for reading in reading::readings(text, &wrapped, &backwards, budget) {
            for one in self.sweep(&reading.text, depth + 1, budget, broken) {
                let range = reading.original(&one.range);
                let plain = || reading.text.get(one.range.clone()).unwrap_or("").to_owned();
                let secret = Some(one.secret.unwrap_or_else(plain));
                found.push(Found { range, secret, written: Some(reading.written), ..one });
            }
        }
        found
    }

    /// Everything that one form of a text shows as it stands.
    fn look_through<'d>(&'d self, text: &str, broken: &mut Vec<&'d str>) -> Look {
        let mut look = Look::default();
        let mut windows: Vec<(usize, Range<usize>)> = Vec::new();
        let mut assignments = generic::Scan::new(text);
        self.anchors.each(text.as_bytes(), |word, hit| match self.leads[word] {
            Lead::Pattern(rule) => {
                look.wrapped.extend(Wrapped::at(text.as_bytes(), &hit));
                self.widen(rule, text, hit, &mut windows);
            }
            Lead::Assigned(rule) => self.look_assigned(rule, text, hit, &mut look.found, broken),
            Lead::Backwards => look.backwards.push(hit),
            Lead::Assignment => {
                if let Some(rule) = self.generic
                    && let Some((range, confidence)) = assignments.at(hit)
                {
                    look.found.push(Found::plain(range, rule, confidence));
                }
            }
            Lead::Email => {
                if let Some(rule) = self.pii.email
                    && let Some(range) = pii::email(text, hit.start)
                {
                    look.found.push(Found::plain(range, rule, self.rules[rule].confidence));
                }
            }
        });
        windows.sort_by_key(|(rule, window)| (*rule, window.start));
        for (rule, window) in windows {
            self.look(rule, text, window, &mut look.found, broken);
        }
        self.pii.numbers(text, &self.rules, &mut look.found);
        look
    }

    /// Adds the text around an anchor of `rule` to what its pattern is to look at.
    fn widen(&self, rule: usize, text: &str, hit: Range<usize>, windows: &mut Vec<(usize, Range<usize>)>) {
        let Some(pattern) = &self.patterns[rule] else { return };
        let start = text.floor_char_boundary(hit.start.saturating_sub(BEFORE));
        let end = text.ceil_char_boundary((hit.end + pattern.behind()).min(text.len()));
        // Anchors of a rule stand near each other, if anywhere: the last windows are the ones to look at.
        let near = windows.iter_mut().rev().take(16);
        match near
            .into_iter()
            .find(|(other, window)| *other == rule && start <= window.end && window.start <= end)
        {
            Some((_, window)) => *window = window.start.min(start)..window.end.max(end),
            None => windows.push((rule, start..end)),
        }
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
            if let Some(pattern) = pattern
                && let Err(error) = pattern.compile()
            {
                return Err(Error::new(
                    ErrorKind::Settings,
                    format!("rule {}: its regex does not compile", rule.id),
                )
                .because(error)
                .hint(format!(
                    "correct its page, rules/{}/{}.md",
                    rule.category.name(),
                    rule.id
                )));
            }
        }
        Ok(())
    }

    /// Runs the pattern of `rule` over a window of `text`.
    fn look<'a>(
        &'a self,
        rule: usize,
        text: &str,
        window: Range<usize>,
        found: &mut Vec<Found>,
        broken: &mut Vec<&'a str>,
    ) {
        let Some(pattern) = &self.patterns[rule] else { return };
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
            let secret = groups.name("secret").or_else(|| groups.iter().skip(1).flatten().next());
            let secret = secret.unwrap_or(whole).range();
            if let Some(confidence) =
                pattern.judge(text, &whole.range(), &secret, self.rules[rule].confidence)
            {
                found.push(Found::plain(secret, rule, confidence));
            }
            at = whole.end().max(whole.start() + 1);
            if at >= window.end || !text.is_char_boundary(at) {
                break;
            }
        }
    }

    /// Looks for a value of `rule` that is assigned to the name around, or just behind, the issuer's `word`.
    fn look_assigned<'a>(
        &'a self,
        rule: usize,
        text: &str,
        word: Range<usize>,
        found: &mut Vec<Found>,
        broken: &mut Vec<&'a str>,
    ) {
        let Some(pattern) = &self.patterns[rule] else { return };
        for value in assigned::values(text, word) {
            let Some(regex) = pattern.regex() else {
                broken.push(&self.rules[rule].id);
                return;
            };
            if text.get(value.clone()).is_some_and(|value| regex.is_match(value))
                && let Some(confidence) = pattern.judge(text, &value, &value, self.rules[rule].confidence)
            {
                found.push(Found::plain(value, rule, confidence));
                return;
            }
        }
    }

    /// Sorts and drops what overlaps something more specific: rules with a format of their own before assignments
    /// before personal data, then the surer, the longer, the earlier.
    fn untangle(&self, mut found: Vec<Found>) -> Vec<Found> {
        let rank = |one: &Found| match (self.rules[one.rule].category, Some(one.rule) == self.generic) {
            (Category::Secrets, false) => 0,
            (Category::Secrets, true) => 1,
            _ => 2,
        };
        found.sort_by_key(|one| {
            let surer = std::cmp::Reverse(one.confidence);
            (
                rank(one),
                surer,
                std::cmp::Reverse(one.range.len()),
                one.written.is_some(),
                one.range.start,
                one.rule,
            )
        });
        let mut kept: std::collections::BTreeMap<usize, Found> = std::collections::BTreeMap::new();
        for one in found {
            let before = kept.range(..one.range.end).next_back();
            if before.is_none_or(|(_, other)| other.range.end <= one.range.start) {
                kept.insert(one.range.start, one);
            }
        }
        kept.into_values().collect()
    }
}

impl Pattern {
    fn new(rule: &Rule, wanted: &SecretMatch) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(ErrorKind::Settings, format!("rule {}: {what}", rule.id)).hint(format!(
                "correct its page, rules/{}/{}.md",
                rule.category.name(),
                rule.id
            ))
        };
        if wanted.keywords.iter().any(|word| word.len() < 2) || wanted.keywords.is_empty() {
            return Err(wrong("`keywords` needs words of at least two characters".into()));
        }
        let validators: Result<Vec<Validator>> = wanted
            .validate
            .iter()
            .map(|name| {
                Validator::named(name).ok_or_else(|| wrong(format!("there is no validator \"{name}\"")))
            })
            .collect();
        Ok(Pattern {
            wanted: wanted.clone(),
            validators: validators?,
            regex: OnceLock::new(),
            behind: OnceLock::new(),
        })
    }

    /// How far behind its anchor a match may reach.
    fn behind(&self) -> usize {
        *self.behind.get_or_init(|| match regex_syntax::parse(&ascii(&self.wanted.regex)) {
            Ok(pattern) if pattern.properties().maximum_len().is_some_and(|most| most <= BEHIND) => BEHIND,
            _ => FAR_BEHIND,
        })
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.compile().ok()).as_ref()
    }

    fn compile(&self) -> Result<Regex, regex::Error> {
        let regex = ascii(&self.wanted.regex);
        let regex = if self.wanted.assigned { format!("^(?:{regex})$") } else { regex };
        RegexBuilder::new(&regex).size_limit(4 << 20).build()
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
        if random::placeholder(value)
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
