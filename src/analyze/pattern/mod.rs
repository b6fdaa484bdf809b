//! Rules without flow: `[match.query]` pages. The query of a rule is compiled when a text of its grammar holds the words
//! it needs ([`needs`]), and runs on such texts only.
//!
//! Captures: `@report` (or the one the page names) is reported; a node that some pattern of the rule captures as
//! `@safe` is not; `@callee` must resolve as the page's `callee` says; `@fix` is what `#set! fix` replaces.
//! Conditions beyond tree-sitter's own are those of [`condition`].

mod condition;
mod constant;
mod destination;
mod needs;
mod query;
mod token;

use std::ops::Range;

use crate::error::Result;
use crate::finding::{Finding, Fix, Note, NoteKind};
use crate::redact::View;
use crate::rule::{Match, Rule, RuleSet};
use crate::syntax::{Imports, Language, Parsed};

use condition::Surroundings;
use needs::{Finder, Needs, Words};
use query::{Asked, Hit};

/// The pattern rules.
pub(super) struct Patterns {
    rules: Vec<Rule>,
    /// The queries by grammar, each with what it needs.
    asked: Vec<(Needs, Asked)>,
    finder: Finder,
}

impl Patterns {
    /// Reads what each query needs; a query itself is compiled when it is first needed, see [`Patterns::check`].
    pub(super) fn new(rules: &RuleSet) -> Self {
        let rules: Vec<Rule> =
            rules.rules.iter().filter(|rule| matches!(rule.matcher, Match::Query(_))).cloned().collect();
        let (mut asked, mut words) = (Vec::new(), Words::default());
        for language in Language::ALL {
            for (number, rule) in rules.iter().enumerate() {
                let (Some((_, text)), Match::Query(matcher)) = (query::source(rule, language), &rule.matcher)
                else {
                    continue;
                };
                let needs = Needs::of(text, &matcher.report, &matcher.callee, &mut words);
                asked.push((needs, Asked::new(number, language)));
            }
        }
        Patterns { rules, asked, finder: Finder::new(&words) }
    }

    /// Compiles every query now: for rules that come from outside. Errors: a query is wrong for its grammar.
    pub(super) fn check(&self) -> Result<()> {
        self.asked.iter().try_for_each(|(_, asked)| asked.compiled(&self.rules).map(drop))
    }

    /// The findings in one parsed view, in reading order, and what could not be checked.
    pub(super) fn find(
        &self,
        view: &View<'_>,
        parsed: &Parsed<'_>,
        imports: &Imports,
        constants: &dyn Fn(Range<usize>) -> bool,
    ) -> (Vec<Finding>, Vec<Note>) {
        let bound = std::cell::OnceCell::new();
        let around = Surroundings { parsed, imports, path: view.path(), constants, bound };
        let present = self.finder.present(parsed);
        let mut notes = Vec::new();
        let mut note = |kind, message: String| notes.push(Note::new(kind, view.document().path(), message));
        let (mut hits, mut whole) = (Vec::new(), true);
        let ours = self.asked.iter().filter(|(_, asked)| asked.language == parsed.language);
        for (_, asked) in ours.filter(|(needs, _)| needs.met(&present)) {
            match asked.compiled(&self.rules) {
                Ok(None) => {}
                Ok(Some(compiled)) => {
                    let (found, to_the_end) = compiled.hits(asked.rule, &around);
                    hits.extend(found);
                    whole &= to_the_end;
                }
                Err(error) => note(NoteKind::NotChecked, error.to_string()),
            }
        }
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end, hit.rule));
        hits.dedup_by_key(|hit| (hit.range.clone(), hit.rule));
        let findings = hits.into_iter().map(|hit| self.finding(view, hit)).collect();
        if !whole {
            note(NoteKind::Partial, "pattern rules stopped at their step budget; split the file".to_owned());
        }
        (findings, notes)
    }

    fn finding(&self, view: &View<'_>, hit: Hit<'_>) -> Finding {
        let rule = &self.rules[hit.rule];
        let fill: Vec<(&str, &str)> =
            hit.fill.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut finding = view.finding(rule, hit.range, &fill);
        if let Some(confidence) = hit.confidence {
            finding.confidence = finding.confidence.min(confidence);
        }
        if let (Some(message), Some(replacement)) = (&rule.fix, hit.replacement) {
            finding.fix = Some(Fix {
                message: message.clone(),
                region: view.location(hit.replaced).region,
                replacement: replacement.to_owned(),
            });
        }
        finding
    }
}

#[cfg(test)]
mod tests;
