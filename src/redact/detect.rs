//! One table of anchors over all rules finds where to look; what an anchor leads to, a rule's own pattern or a detector
//! written by hand, then looks at the text around it only.

use std::collections::BTreeSet;
use std::ops::Range;

use super::anchors::Anchors;
use super::imported::{self, Known};
use super::mask::already_masked;
use super::pattern::{Pattern, Text};
use super::reading::{self, Budget, Wrapped};
use super::terms::{self, Terms};
use super::{assigned, generic, pii};
use crate::artifact::{Original, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Confidence;
use crate::rule::{Category, Match, Rule, RuleSet};

/// How many of the windows seen last are asked whether an anchor belongs to them.
const RECENT: usize = 16;

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

/// What is known of a text beside what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'t> {
    /// The path that rules may ask for: that of a file. A prompt or a reply holds pieces of files of any name.
    path: Option<&'t str>,
    reading: pii::Reading,
}

impl<'t> Source<'t> {
    /// A prompt of no name.
    pub(super) const PROMPT: Source<'static> = Source { path: None, reading: pii::Reading::Prose };

    pub(super) fn of(original: &'t Original) -> Self {
        let file = matches!(original.role, Role::Code | Role::Document);
        let path = file.then_some(original.path.as_str());
        Source { path, reading: pii::Reading::of(original.role) }
    }
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
    /// The patterns without an anchor, which are run over every text.
    always: Vec<usize>,
    /// The rules that report a path.
    paths: Vec<usize>,
    generic: Option<usize>,
    pii: pii::Rules,
    /// A team's own words, and the rule that reports them.
    terms: Option<(usize, Terms)>,
    off: BTreeSet<usize>,
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
        // What a page says at length is for its readers.
        let brief = |rule: &Rule| Rule { prose: String::new(), meaning: String::new(), ..rule.clone() };
        let rules: Vec<Rule> = set.rules.iter().filter(ours).map(brief).collect();
        let index = |id: &str| rules.iter().position(|rule| rule.id == id);
        let generic = index(generic::RULE);
        let pii = pii::Rules::new(index);
        let (mut words, mut leads) = (Vec::new(), Vec::new());
        let (mut always, mut paths, mut known) = (Vec::new(), Vec::new(), Known::new());
        let mut patterns = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let Match::Secret(wanted) = &rule.matcher else {
                patterns.push(None);
                continue;
            };
            let imported = imported::Anchors::of(wanted, &wanted.regex);
            let keywords = match &imported {
                _ if wanted.regex.is_empty() => {
                    paths.push(number);
                    &[][..]
                }
                Some(imported) if imported.slow() => {
                    always.push(number);
                    &[]
                }
                Some(imported) => &imported.words,
                None => &wanted.keywords,
            };
            for keyword in keywords {
                words.push(keyword.clone());
                leads.push(if wanted.assigned { Lead::Assigned(number) } else { Lead::Pattern(number) });
                if telling(keyword) && !wanted.assigned {
                    words.push(keyword.chars().rev().collect());
                    leads.push(Lead::Backwards);
                }
            }
            patterns.push(Some(Pattern::new(rule, wanted, imported, &mut known)?));
        }
        if generic.is_some() {
            words.extend(generic::ANCHORS.iter().map(|word| (*word).to_owned()));
            leads.resize(words.len(), Lead::Assignment);
        }
        let anchors = Anchors::new(words.iter().map(String::as_str));
        let (terms, off) = (None, BTreeSet::new());
        Ok(Detector { rules, patterns, anchors, leads, always, paths, generic, pii, terms, off })
    }

    /// Looks for these terms too. Errors: the rules have none that reports them.
    pub(super) fn set_terms(&mut self, terms: Terms) -> Result<()> {
        let rule = self.rules.iter().position(|rule| rule.id == terms::RULE).ok_or_else(|| {
            Error::new(ErrorKind::Settings, format!("there is no rule {} to report terms by", terms::RULE))
        })?;
        self.terms = Some((rule, terms));
        Ok(())
    }

    /// Leaves out what the rules with these ids would find.
    pub(super) fn without(&mut self, ids: &[&str]) {
        let off = self.rules.iter().enumerate().filter(|(_, rule)| ids.contains(&rule.id.as_str()));
        self.off = off.map(|(number, _)| number).collect();
    }

    /// The rules that are left out; `None` when there are terms.
    pub(super) fn off(&self) -> Option<&BTreeSet<usize>> {
        if self.terms.is_some() { None } else { Some(&self.off) }
    }

    /// The terms, when `rule` is the one that reports them.
    pub(super) fn terms(&self, rule: usize) -> Option<&Terms> {
        self.terms.as_ref().filter(|(ours, _)| *ours == rule).map(|(_, terms)| terms)
    }

    /// Where in the file at `path` the terms themselves are listed.
    pub(super) fn home(&self, path: &str, text: &str) -> Vec<Range<usize>> {
        self.terms.as_ref().map_or_else(Vec::new, |(_, terms)| terms.home(path, text))
    }

    /// The rules that report the path itself.
    pub(super) fn reporting(&self, path: &str) -> impl Iterator<Item = &Rule> {
        let reports = move |rule: &&usize| {
            self.patterns[**rule].as_ref().is_some_and(|pattern| pattern.conditions.report(path))
        };
        self.paths.iter().filter(reports).map(|rule| &self.rules[*rule])
    }

    /// Whether a rule is about personal data.
    pub(super) fn personal(&self, rule: usize) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.category == Category::Pii)
    }

    /// Compiles every pattern. Errors: one does not compile or is too large.
    pub(super) fn check(&self) -> Result<()> {
        let all = self.rules.iter().zip(&self.patterns);
        all.filter_map(|(rule, pattern)| Some((rule, pattern.as_ref()?)))
            .try_for_each(|(rule, pattern)| pattern.check(rule))
    }

    /// Everything found in `text` and in what it encodes or disguises.
    pub(super) fn find(&self, text: &str, source: &Source<'_>) -> Sweep<'_> {
        let mut budget = Budget::new(text.len());
        let mut broken = Vec::new();
        let mut found = self.sweep(text, source, 0, &mut budget, &mut broken);
        found.retain(|one| !self.off.contains(&one.rule));
        found.retain(|one| !one.range.is_empty() && !already_masked(&text[one.range.clone()]));
        broken.sort_unstable();
        broken.dedup();
        Sweep { found: self.untangle(found), broken, refused: budget.refused }
    }

    /// Everything found in `text` and its other readings, `depth` readings away from the text itself.
    fn sweep<'d>(
        &'d self,
        text: &str,
        source: &Source<'_>,
        depth: usize,
        budget: &mut Budget,
        broken: &mut Vec<&'d str>,
    ) -> Vec<Found> {
        let Look { mut found, mut wrapped, mut backwards } = self.look_through(text, source, broken);
        if depth == reading::DEPTH {
            reading::refuse_deeper(text, budget);
            return found;
        }
        // The parts of a reading stand on lines of their own: none goes on in the next.
        if depth > 0 {
            wrapped.clear();
        }
        wrapped.sort_by_key(Wrapped::end);
        backwards.sort_by_key(|hit| hit.start);
        for other in reading::readings(text, &wrapped, &backwards, budget) {
            for one in self.sweep(&other.text, source, depth + 1, budget, broken) {
                let range = other.original(&one.range);
                let plain = || other.text.get(one.range.clone()).unwrap_or("").to_owned();
                let secret = Some(one.secret.unwrap_or_else(plain));
                // A token that is whole within its line ends there, whatever word the next line holds.
                let whole = |first: &&Found| {
                    first.rule == one.rule && first.range.start == range.start && first.range.end < range.end
                };
                if other.written == reading::WRAPPED
                    && let Some(first) = found.iter().find(whole)
                    && !text.get(first.range.end..range.end).is_some_and(reading::gains)
                {
                    continue;
                }
                found.push(Found { range, secret, written: Some(other.written), ..one });
            }
        }
        found
    }

    /// Everything that one form of a text shows as it stands.
    fn look_through<'d>(&'d self, text: &str, source: &Source<'_>, broken: &mut Vec<&'d str>) -> Look {
        let mut look = Look::default();
        let mut windows: Vec<(usize, Range<usize>)> =
            self.always.iter().map(|rule| (*rule, 0..text.len())).collect();
        let mut assignments = generic::Scan::new(text);
        let mut seen = 0;
        self.anchors.each(text.as_bytes(), |word, hit| match self.leads[word] {
            Lead::Pattern(rule) => {
                look.wrapped.extend(Wrapped::at(text.as_bytes(), &hit, &mut seen));
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
        });
        windows.sort_by_key(|(rule, window)| (*rule, window.start));
        let text = Text { text, path: source.path };
        for (number, window) in windows {
            let Some(pattern) = &self.patterns[number] else { continue };
            let rule = &self.rules[number];
            let push = |range, confidence| look.found.push(Found::plain(range, number, confidence));
            if !pattern.look(text, window, rule.confidence, push) {
                broken.push(&rule.id);
            }
        }
        self.pii.find(text.text, source.reading, &self.rules, &mut look.found);
        if let Some((rule, terms)) = &self.terms {
            terms.find(text.text, *rule, &mut look.found);
        }
        look
    }

    /// Adds the text around an anchor of `rule` to what its pattern is to look at.
    fn widen(&self, rule: usize, text: &str, hit: Range<usize>, windows: &mut Vec<(usize, Range<usize>)>) {
        let Some(pattern) = &self.patterns[rule] else { return };
        let (before, behind) = pattern.reach();
        let start = text.floor_char_boundary(hit.start.saturating_sub(before));
        let end = text.ceil_char_boundary(hit.end.saturating_add(behind).min(text.len()));
        // Anchors of a rule stand near each other, if anywhere: the last windows are the ones to look at.
        let mut near = windows.iter_mut().rev().take(RECENT);
        match near.find(|(other, window)| *other == rule && start <= window.end && window.start <= end) {
            Some((_, window)) => *window = window.start.min(start)..window.end.max(end),
            None => windows.push((rule, start..end)),
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
            match pattern.whole(text, &value, self.rules[rule].confidence) {
                Ok(None) => {}
                Ok(Some(confidence)) => {
                    found.push(Found::plain(value, rule, confidence));
                    return;
                }
                Err(()) => {
                    broken.push(&self.rules[rule].id);
                    return;
                }
            }
        }
    }

    /// Sorts and drops what overlaps something more specific: rules with a format of their own before assignments
    /// before personal data, then the surer, the longer, the one that is written as it is, the earlier.
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
            let longer = std::cmp::Reverse(one.range.len());
            (rank(one), surer, longer, one.written.is_some(), one.range.start, one.rule)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_key_in_the_exact_form_is_a_note() {
        let detector = Detector::new(&crate::built_in_rules()).unwrap();
        let text = format!("key = 'sbp_{}'", "1234567890abcdefghij".repeat(2));
        let found = detector.find(&text, &Source::PROMPT).found;
        assert_eq!(found.iter().map(|one| one.confidence).collect::<Vec<_>>(), [Confidence::Low]);
        let stand_in = "key = 'sbp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'";
        assert!(detector.find(stand_in, &Source::PROMPT).found.is_empty());
    }

    #[test]
    fn every_built_in_pattern_compiles() {
        Detector::new(&crate::built_in_rules()).unwrap().check().unwrap();
    }
}
