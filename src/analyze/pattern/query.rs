//! The query of one rule for one grammar: compiled once, when it is first needed, and run on parsed texts.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use tree_sitter::{Node, Query, QueryCursor, QueryCursorOptions, StreamingIterator as _};

use super::condition::{Condition, Surroundings};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Confidence, printable};
use crate::rule::{Match, Rule};
use crate::syntax::Language;

/// tree-sitter keeps at most this many unfinished matches; past it the earliest are dropped, which a note says.
const MATCH_LIMIT: u32 = 4096;

/// Calls of the progress callback a query may take: it comes about every hundred nodes.
const CALLS_A_KILOBYTE: u64 = 200;

/// A query that is compiled when it is first needed.
pub(super) struct Asked {
    /// The place of its rule.
    pub(super) rule: usize,
    pub(super) language: Language,
    compiled: OnceLock<Result<Option<Compiled>, String>>,
}

impl Asked {
    pub(super) fn new(rule: usize, language: Language) -> Self {
        Asked { rule, language, compiled: OnceLock::new() }
    }

    /// The query; `None` when its grammar has no such nodes and need not. Errors: it is wrong.
    pub(super) fn compiled(&self, rules: &[Rule]) -> Result<Option<&Compiled>> {
        let rule = &rules[self.rule];
        let compiled = self.compiled.get_or_init(|| Compiled::new(self.language, rule));
        compiled.as_ref().map(Option::as_ref).map_err(|clause| {
            Error::new(ErrorKind::Settings, format!("rule {}: {clause}", rule.id))
                .hint("node names are those of the tree-sitter grammar")
        })
    }
}

/// A compiled query.
pub(super) struct Compiled {
    query: Query,
    patterns: Vec<Pattern>,
    safe: Option<u32>,
    fix: Option<u32>,
}

/// What a pattern of the query asks for.
struct Pattern {
    report: Option<u32>,
    conditions: Vec<Condition>,
    confidence: Option<Confidence>,
    replacement: Option<String>,
}

/// One match that may become a finding.
pub(super) struct Hit<'q> {
    pub(super) range: Range<usize>,
    pub(super) rule: usize,
    pub(super) confidence: Option<Confidence>,
    pub(super) replacement: Option<&'q str>,
    /// What `replacement` stands in the place of.
    pub(super) replaced: Range<usize>,
    pub(super) fill: Vec<(String, String)>,
}

impl Compiled {
    /// The error is a clause.
    fn new(language: Language, rule: &Rule) -> Result<Option<Self>, String> {
        let Some((key, source)) = source(rule, language) else { return Ok(None) };
        let query = match Query::new(&language.grammar(), source) {
            Ok(query) => query,
            // A query for JavaScript may name what TypeScript's grammar calls otherwise.
            Err(_)
                if language.family() == key
                    && !matches!(language, Language::JavaScript | Language::Python) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(format!("its query for {key} does not compile: {error}")),
        };
        let patterns = (0..query.pattern_count()).map(|at| pattern(&query, at, rule));
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        let capture = |name| query.capture_index_for_name(name);
        Ok(Some(Compiled { safe: capture("safe"), fix: capture("fix"), patterns, query }))
    }

    /// The matches that count, and whether the whole file was looked at.
    pub(super) fn hits(&self, rule: usize, around: &Surroundings<'_>) -> (Vec<Hit<'_>>, bool) {
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
                safe.insert((node.start_byte(), node.end_byte()));
            }
            if let Some(reported) = node(pattern.report) {
                let range = reported.byte_range();
                let replaced = node(self.fix).map_or(range.clone(), |node| node.byte_range());
                let fill = self.fill(found.captures().iter().map(|it| (it.index, it.node)), around);
                let (confidence, replacement) = (pattern.confidence, pattern.replacement.as_deref());
                hits.push(Hit { range, rule, confidence, replacement, replaced, fill });
            }
        }
        drop(matches);
        hits.retain(|hit| !safe.contains(&(hit.range.start, hit.range.end)));
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
pub(super) fn source(rule: &Rule, language: Language) -> Option<(&'static str, &str)> {
    let keys: &[&'static str] = match language {
        Language::Python => &["python"],
        Language::JavaScript => &["javascript"],
        Language::TypeScript | Language::Tsx => &["typescript", "javascript"],
    };
    keys.iter().find_map(|key| rule.queries.get(*key).map(|query| (*key, query.as_str())))
}

fn pattern(query: &Query, at: usize, rule: &Rule) -> Result<Pattern, String> {
    let Match::Query(matcher) = &rule.matcher else { return Err("it is no pattern rule".to_owned()) };
    let mut conditions = Vec::new();
    for predicate in query.general_predicates(at) {
        conditions.push(Condition::compile(predicate)?);
    }
    if let Some(callee) = query.capture_index_for_name("callee").filter(|_| !matcher.callee.is_empty())
        && query.capture_quantifiers(at).get(callee as usize).is_some_and(|it| *it != NONE)
    {
        conditions.push(Condition::resolves(callee, matcher.callee.clone()));
    }
    let mut pattern = Pattern {
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
            (key, _) => return Err(format!("cannot set {key} to \"{value}\" in a query")),
        }
    }
    Ok(pattern)
}

const NONE: tree_sitter::CaptureQuantifier = tree_sitter::CaptureQuantifier::Zero;
