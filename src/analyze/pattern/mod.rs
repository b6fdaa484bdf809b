//! Rules without flow: `[match.query]` pages, one combined tree-sitter query a grammar, so that a file is walked once.
//!
//! Captures: `@report` (or the one the page names) is reported; a node that some pattern of the rule captures as
//! `@safe` is not; `@callee` must resolve as the page's `callee` says; `@fix` is what `#set! fix` replaces.
//! Conditions beyond tree-sitter's own are those of [`condition`].

mod condition;
mod destination;

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, Query, QueryCursor, QueryCursorOptions, StreamingIterator as _};

use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Confidence, Finding, Fix, Note, NoteKind, printable};
use crate::redact::View;
use crate::rule::{Match, Rule, RuleSet};
use crate::syntax::{Imports, Language, Parsed};

use condition::{Condition, Surroundings};

/// tree-sitter keeps at most this many unfinished matches; past it the earliest are dropped, which a note says.
const MATCH_LIMIT: u32 = 4096;

/// Calls of the progress callback a query may take: it comes about every hundred nodes.
const CALLS_A_KILOBYTE: u64 = 200;

/// The compiled pattern rules.
pub(super) struct Patterns {
    rules: Vec<Rule>,
    grammars: Vec<(Language, Compiled)>,
}

/// The patterns of all rules for one grammar as one query.
struct Compiled {
    query: Query,
    patterns: Vec<Pattern>,
    safe: Option<u32>,
    fix: Option<u32>,
}

/// What a pattern of the query belongs to and asks for.
struct Pattern {
    rule: usize,
    report: Option<u32>,
    conditions: Vec<Condition>,
    confidence: Option<Confidence>,
    replacement: Option<String>,
}

/// One match that may become a finding.
struct Hit<'p> {
    range: Range<usize>,
    pattern: &'p Pattern,
    replaced: Range<usize>,
    fill: Vec<(String, String)>,
}

impl Patterns {
    /// Compiles the queries of `rules`. Errors: a query is wrong for the grammar its page names.
    pub(super) fn new(rules: &RuleSet) -> Result<Self> {
        let rules: Vec<Rule> =
            rules.rules.iter().filter(|rule| matches!(rule.matcher, Match::Query(_))).cloned().collect();
        let mut grammars = Vec::new();
        for language in Language::ALL {
            if let Some(compiled) = Compiled::new(language, &rules)? {
                grammars.push((language, compiled));
            }
        }
        Ok(Patterns { rules, grammars })
    }

    /// The findings in one parsed view, in reading order, and what could not be checked.
    pub(super) fn find(
        &self,
        view: &View<'_>,
        parsed: &Parsed<'_>,
        imports: &Imports,
    ) -> (Vec<Finding>, Vec<Note>) {
        let Some((_, compiled)) = self.grammars.iter().find(|(language, _)| *language == parsed.language)
        else {
            return Default::default();
        };
        let around = Surroundings { parsed, imports, path: view.path() };
        let (mut hits, whole) = compiled.hits(&around);
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end, hit.pattern.rule));
        hits.dedup_by_key(|hit| (hit.range.clone(), hit.pattern.rule));
        let findings = hits.into_iter().map(|hit| self.finding(view, hit)).collect();
        let notes = (!whole).then(|| {
            let message = "pattern rules stopped at their step budget; split the file";
            Note::new(NoteKind::Partial, view.document().path(), message)
        });
        (findings, notes.into_iter().collect())
    }

    fn finding(&self, view: &View<'_>, hit: Hit<'_>) -> Finding {
        let rule = &self.rules[hit.pattern.rule];
        let fill: Vec<(&str, &str)> =
            hit.fill.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut finding = view.finding(rule, hit.range, &fill);
        if let Some(confidence) = hit.pattern.confidence {
            finding.confidence = finding.confidence.min(confidence);
        }
        if let (Some(message), Some(replacement)) = (&rule.fix, &hit.pattern.replacement) {
            finding.fix = Some(Fix {
                message: message.clone(),
                region: view.location(hit.replaced).region,
                replacement: replacement.clone(),
            });
        }
        finding
    }
}

impl Compiled {
    fn new(language: Language, rules: &[Rule]) -> Result<Option<Self>> {
        let grammar = language.grammar();
        let (mut text, mut owners) = (String::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            let Some((key, source)) = source(rule, language) else { continue };
            match Query::new(&grammar, source) {
                Ok(query) => owners.extend(std::iter::repeat_n(index, query.pattern_count())),
                // A query for JavaScript may name what TypeScript's grammar calls otherwise.
                Err(_) if language.family() == key && language != Language::JavaScript && key != "python" => {
                    continue;
                }
                Err(error) => {
                    let message = format!("rule {}: its query for {key} does not compile", rule.id);
                    return Err(Error::new(ErrorKind::Settings, message)
                        .because(error)
                        .hint("node names are those of the tree-sitter grammar"));
                }
            }
            text.push_str(source);
            text.push('\n');
        }
        if owners.is_empty() {
            return Ok(None);
        }
        let whole =
            |error| Error::new(ErrorKind::Settings, "the pattern rules do not combine").because(error);
        let query = Query::new(&grammar, &text).map_err(whole)?;
        let patterns = owners.iter().enumerate().map(|(at, owner)| pattern(&query, at, *owner, rules));
        let patterns = patterns.collect::<Result<Vec<_>>>()?;
        let capture = |name| query.capture_index_for_name(name);
        Ok(Some(Compiled { safe: capture("safe"), fix: capture("fix"), patterns, query }))
    }

    /// The matches that count, and whether the whole file was looked at.
    fn hits(&self, around: &Surroundings<'_>) -> (Vec<Hit<'_>>, bool) {
        let text = around.parsed.text.as_bytes();
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(MATCH_LIMIT);
        let mut left = 1000 + CALLS_A_KILOBYTE * (text.len() as u64 / 1024 + 1);
        let mut stopped = false;
        let mut progress = |_: &tree_sitter::QueryCursorState| {
            left = left.saturating_sub(1);
            stopped = left == 0;
            if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let (mut hits, mut safe) = (Vec::new(), BTreeSet::new());
        let mut matches = cursor.matches_with_options(&self.query, around.parsed.root(), text, options);
        while let Some(found) = matches.next() {
            let Some(pattern) = self.patterns.get(found.pattern_index) else { continue };
            let node = |index: Option<u32>| found.nodes_for_capture_index(index?).next();
            if !pattern.conditions.iter().all(|condition| condition.holds(&|index| node(Some(index)), around))
            {
                continue;
            }
            if let Some(node) = node(self.safe) {
                safe.insert((pattern.rule, node.start_byte(), node.end_byte()));
            }
            if let Some(reported) = node(pattern.report) {
                let range = reported.byte_range();
                let replaced = node(self.fix).map_or(range.clone(), |node| node.byte_range());
                let fill = self.fill(found.captures().iter().map(|it| (it.index, it.node)), around);
                hits.push(Hit { range, pattern, replaced, fill });
            }
        }
        drop(matches);
        hits.retain(|hit| !safe.contains(&(hit.pattern.rule, hit.range.start, hit.range.end)));
        (hits, !stopped && !cursor.did_exceed_match_limit())
    }

    /// What `{name}` in a message becomes: the text of the capture; of a callee what it resolves to.
    fn fill<'t>(
        &self,
        captures: impl Iterator<Item = (u32, Node<'t>)>,
        around: &Surroundings<'_>,
    ) -> Vec<(String, String)> {
        const LONGEST: usize = 60;
        let named = captures.filter_map(|(index, node)| {
            let name = *self.query.capture_names().get(index as usize)?;
            let resolved = (name == "callee").then(|| around.imports.resolve(around.parsed, node)).flatten();
            let text = resolved.unwrap_or_else(|| around.parsed.text_of(node).to_owned());
            let line = text.lines().next().unwrap_or("");
            Some((name.to_owned(), printable(&line.chars().take(LONGEST).collect::<String>())))
        });
        named.collect()
    }
}

/// The query of a rule for a grammar, and the name of the fence it comes from.
fn source(rule: &Rule, language: Language) -> Option<(&'static str, &str)> {
    let keys: &[&'static str] = match language {
        Language::Python => &["python"],
        Language::JavaScript => &["javascript"],
        Language::TypeScript | Language::Tsx => &["typescript", "javascript"],
    };
    keys.iter().find_map(|key| rule.queries.get(*key).map(|query| (*key, query.as_str())))
}

fn pattern(query: &Query, at: usize, owner: usize, rules: &[Rule]) -> Result<Pattern> {
    let rule = &rules[owner];
    let wrong = |message: String| Error::new(ErrorKind::Settings, format!("rule {}: {message}", rule.id));
    let Match::Query(matcher) = &rule.matcher else {
        return Err(wrong("is no pattern rule".into()));
    };
    let mut conditions = Vec::new();
    for predicate in query.general_predicates(at) {
        conditions.push(Condition::compile(predicate).map_err(wrong)?);
    }
    if let Some(callee) = query.capture_index_for_name("callee").filter(|_| !matcher.callee.is_empty())
        && query.capture_quantifiers(at).get(callee as usize).is_some_and(|it| *it != NONE)
    {
        conditions.push(Condition::resolves(callee, matcher.callee.clone()));
    }
    let mut pattern = Pattern {
        rule: owner,
        report: query.capture_index_for_name(&matcher.report),
        conditions,
        confidence: None,
        replacement: None,
    };
    for setting in query.property_settings(at) {
        let value = setting.value.as_deref().unwrap_or("");
        match (&*setting.key, value) {
            ("confidence", "low") => pattern.confidence = Some(Confidence::Low),
            ("confidence", "medium") => pattern.confidence = Some(Confidence::Medium),
            ("fix", _) => pattern.replacement = Some(value.to_owned()),
            (key, _) => return Err(wrong(format!("cannot set {key} to \"{value}\" in a query"))),
        }
    }
    Ok(pattern)
}

const NONE: tree_sitter::CaptureQuantifier = tree_sitter::CaptureQuantifier::Zero;

#[cfg(test)]
mod tests;
