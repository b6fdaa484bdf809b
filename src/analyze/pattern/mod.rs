//! Rules without flow: `[match.query]` pages. A pattern of a query is looked for ([`search`]) in texts of its grammar that
//! hold the words it needs ([`needs`]).
//!
//! Queries are written as for tree-sitter, and matched by code of our own: tree-sitter takes milliseconds to compile a
//! query and walks the tree once for each, where here all patterns share one walk and cost microseconds to read. The
//! two agree on every query and every example of the built-in pages, which a test holds.
//!
//! Captures: `@report` (or the one the page names) is reported; a node that some pattern of the rule captures as
//! `@safe` is not; `@callee` must resolve as the page's `callee` says; `@fix` is what `#set! fix` replaces.
//! Conditions beyond tree-sitter's own are those of [`condition`].

mod book;
mod condition;
mod constant;
mod destination;
mod form;
mod needs;
mod search;
mod token;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use tree_sitter::{Query, QueryErrorKind};

use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Confidence, Finding, Fix, Note, NoteKind, printable};
use crate::redact::View;
use crate::rule::{Match, Rule, RuleSet, nearest};
use crate::syntax::{Imports, Language, Parsed, Table};

use book::{Book, Entry, Unread};
use condition::Surroundings;
use search::Search;

/// The pattern rules.
pub(super) struct Patterns {
    rules: Vec<Rule>,
    /// What is looked for, by grammar; read when a text of it is first seen.
    books: [OnceLock<Book>; Language::ALL.len()],
}

/// One match that may become a finding.
struct Hit<'b> {
    range: Range<usize>,
    rule: usize,
    confidence: Option<Confidence>,
    replacement: Option<&'b str>,
    /// What `replacement` stands in the place of.
    replaced: Range<usize>,
    fill: Vec<(String, String)>,
}

/// Steps of a search that a text may take whatever its size, and for each of its nodes.
const STEPS: u64 = 100_000;
const STEPS_A_NODE: u64 = 400;

impl Patterns {
    /// Keeps the rules that have queries; these are read when a text needs them, see [`Patterns::check`].
    pub(super) fn new(rules: &RuleSet) -> Self {
        let queries = rules.rules.iter().filter(|rule| matches!(rule.matcher, Match::Query(_)));
        Patterns { rules: queries.cloned().collect(), books: Default::default() }
    }

    /// Reads every query now: for rules that come from outside. Errors: one is wrong for its grammar, which tree-sitter
    /// tells best.
    pub(super) fn check(&self) -> Result<()> {
        for rule in &self.rules {
            for language in Language::ALL {
                check(rule, language)?;
            }
        }
        for language in Language::ALL {
            let book = self.book(language);
            if let Some(unread) = book.wrong.first() {
                return Err(wrong(&self.rules[unread.rule], unread));
            }
            if let Some(unread) = book.uncompiled(&self.rules, language) {
                return Err(wrong(&self.rules[unread.rule], &unread));
            }
            for (number, rule) in self.rules.iter().enumerate() {
                let Some((key, _)) = book::source(rule, language) else { continue };
                let Match::Query(matcher) = &rule.matcher else { continue };
                if !book::borrowed(key, language) && !book.reports(number) {
                    let why =
                        format!("nothing in it is captured as @{}, so it reports nothing", matcher.report);
                    return Err(wrong(rule, &Unread { rule: number, key, line: 0, why }));
                }
            }
        }
        Ok(())
    }

    fn book(&self, language: Language) -> &Book {
        self.books[language as usize].get_or_init(|| Book::new(&self.rules, language))
    }

    /// The findings in one parsed view, in reading order, and what could not be checked.
    pub(super) fn find<'a>(
        &self,
        view: &'a View<'_>,
        parsed: &'a Parsed<'_>,
        imports: &'a Imports,
        table: &Table<'a>,
        fixed: &'a dyn Fn(Range<usize>) -> bool,
    ) -> (Vec<Finding>, Vec<Note>) {
        let book = self.book(parsed.language);
        let around = Surroundings::new(parsed, imports, view.path(), fixed);
        let (mut hits, whole) = hits(book, &around, table);
        // Of two patterns that report the same, the surer one says it.
        hits.sort_by_key(|hit| {
            let doubt = std::cmp::Reverse(hit.confidence.unwrap_or(Confidence::High));
            (hit.range.start, hit.range.end, hit.rule, doubt)
        });
        hits.dedup_by_key(|hit| (hit.range.clone(), hit.rule));
        let findings = hits.into_iter().map(|hit| self.finding(view, hit)).collect();
        let note = |kind, message: String| Note::new(kind, view.document().path(), message);
        let unread = book.wrong.iter().map(|unread| wrong(&self.rules[unread.rule], unread).to_string());
        let mut notes: Vec<Note> = unread.map(|why| note(NoteKind::NotChecked, why)).collect();
        if !whole {
            let why = "pattern rules stopped at their step budget; split the file".to_owned();
            notes.push(note(NoteKind::Partial, why));
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

/// The matches that count, and whether the whole text was looked at.
fn hits<'b, 'a>(book: &'b Book, around: &Surroundings<'a>, table: &Table<'a>) -> (Vec<Hit<'b>>, bool) {
    let entries = book.present(around);
    if entries.is_empty() {
        return (Vec::new(), true);
    }
    let mut steps = STEPS + STEPS_A_NODE * table.rows().len() as u64;
    let (mut hits, mut safe) = (Vec::new(), BTreeSet::new());
    let mut whole = true;
    for (place, row) in table.rows().iter().enumerate() {
        for entry in entries.at(row.kind, row.named) {
            let mut found = |found: &search::Match<'_, '_>| {
                if let Some(node) = entry.safe.and_then(|capture| found.node(capture)) {
                    safe.insert((node.start_byte(), node.end_byte(), entry.rule));
                }
                if let Some(node) = entry.report.and_then(|capture| found.node(capture)) {
                    hits.push(hit(entry, node.byte_range(), found, around));
                }
            };
            let mut search = Search::new(table, around, &entry.form, &mut steps, &mut found);
            whole &= search.at(place as u32).is_continue();
        }
        if !whole {
            break;
        }
    }
    hits.retain(|hit| !safe.contains(&(hit.range.start, hit.range.end, hit.rule)));
    (hits, whole)
}

fn hit<'b>(
    entry: &'b Entry,
    range: Range<usize>,
    found: &search::Match<'_, '_>,
    around: &Surroundings<'_>,
) -> Hit<'b> {
    let replaced = entry.fix.and_then(|capture| found.node(capture));
    Hit {
        replaced: replaced.map_or(range.clone(), |node| node.byte_range()),
        range,
        rule: entry.rule,
        confidence: entry.form.confidence,
        replacement: entry.form.replacement.as_deref(),
        fill: fill(entry, found, around),
    }
}

/// What `{name}` in a message becomes: the text of the capture; of a callee what it resolves to.
fn fill(entry: &Entry, found: &search::Match<'_, '_>, around: &Surroundings<'_>) -> Vec<(String, String)> {
    const LONGEST: usize = 60;
    let named = found.captures().filter_map(|(capture, node)| {
        let name = entry.form.captures.get(capture as usize)?;
        let resolved = (name == "callee").then(|| around.resolve(node)).flatten();
        let text = resolved.as_deref().unwrap_or_else(|| around.parsed.text_of(node));
        let line = text.lines().next().unwrap_or("");
        Some((name.clone(), printable(&line.chars().take(LONGEST).collect::<String>())))
    });
    named.collect()
}

/// Lets tree-sitter judge a query: it knows which nodes can stand in which.
fn check(rule: &Rule, language: Language) -> Result<()> {
    let Some((key, source)) = book::source(rule, language) else { return Ok(()) };
    if book::borrowed(key, language) {
        return Ok(());
    }
    let grammar = language.grammar();
    let Err(error) = Query::new(&grammar, source) else { return Ok(()) };
    let name = error.message.trim_matches('"');
    let count = u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
    let kinds = (0..count).filter(|kind| grammar.node_kind_is_named(*kind));
    let kinds = kinds.filter_map(|kind| grammar.node_kind_for_id(kind));
    let fields = (1..=u16::try_from(grammar.field_count()).unwrap_or(0))
        .filter_map(|field| grammar.field_name_for_id(field));
    let why = match error.kind {
        QueryErrorKind::NodeType => format!("the grammar has no node `{name}`{}", nearest(name, kinds)),
        QueryErrorKind::Field => format!("the grammar has no field `{name}`{}", nearest(name, fields)),
        QueryErrorKind::Capture => format!("a condition speaks of @{name}, which nothing captures"),
        QueryErrorKind::Structure => "no code has nodes in this order".to_owned(),
        QueryErrorKind::Syntax => {
            "a bracket is missing or too many, or something stands in the wrong place".to_owned()
        }
        // Conditions are read by code of our own, which says more.
        QueryErrorKind::Predicate => return Ok(()),
        QueryErrorKind::Language => name.to_owned(),
    };
    // What is missing at the end is missing on the last line.
    let line = error.row.min(source.lines().count().saturating_sub(1));
    Err(wrong(rule, &Unread { rule: 0, key, line, why }))
}

fn wrong(rule: &Rule, unread: &Unread) -> Error {
    let Unread { key, line, why, .. } = unread;
    let place = rule.place.queries.get(*key).map_or(String::new(), |first| rule.place.at(first + line));
    Error::new(ErrorKind::Settings, format!("{place}rule {}: its query for {key}: {why}", rule.id))
        .hint("nodes and fields are named as in the tree-sitter grammar, conditions as in rules/README.md")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_peer;
