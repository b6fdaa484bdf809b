//! Held against tree-sitter: every built-in query, its conditions aside, finds in every text what tree-sitter's own
//! search for it finds.

use std::collections::BTreeSet;

use tree_sitter::{Query, QueryCursor, StreamingIterator as _};

use super::form::{Form, Numbers};
use super::token::{Token, forms};
use super::*;
use crate::syntax::{parse, steps_for};

/// A pattern as text, without its conditions.
fn plain(tokens: &[Token<'_>]) -> String {
    let (mut out, mut skipped) = (String::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        let condition = matches!(tokens.get(at + 1), Some(Token::Word(name)) if name.starts_with('#'));
        if skipped > 0 || *token == Token::Open && condition {
            skipped += usize::from(*token == Token::Open);
            skipped -= usize::from(*token == Token::Close);
            continue;
        }
        out += &match token {
            Token::Open => "(".to_owned(),
            Token::Close => ")".to_owned(),
            Token::Choice => "[".to_owned(),
            Token::Chosen => "]".to_owned(),
            Token::Optional => "?".to_owned(),
            Token::Any => "*".to_owned(),
            Token::Many => "+".to_owned(),
            Token::Anchor => ".".to_owned(),
            Token::Capture(name) => format!("@{name}"),
            Token::Field(name) => format!("{name}:"),
            Token::Absent(name) => format!("!{name}"),
            Token::Text(text) => format!("{text:?}"),
            Token::Word(word) => (*word).to_owned(),
        };
        out.push(' ');
    }
    out
}

type Found = BTreeSet<(String, (usize, usize))>;

/// Each capture with what it captures.
fn peers(query: &str, parsed: &Parsed<'_>) -> Found {
    let query = Query::new(&parsed.language.grammar(), query).unwrap();
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(&query, parsed.root(), parsed.text.as_bytes());
    let mut found = Found::new();
    while let Some(one) = matches.next() {
        for capture in one.captures() {
            let name = query.capture_names()[capture.index as usize].to_owned();
            found.insert((name, (capture.node.start_byte(), capture.node.end_byte())));
        }
    }
    found
}

fn ours(query: &str, parsed: &Parsed<'_>) -> Found {
    let mut numbers = Numbers::new(parsed.language);
    let form = Form::read(&forms(query)[0], &mut numbers).unwrap();
    let imports = Imports::read(parsed);
    let around = Surroundings::new(parsed, &imports, None, &|_| false);
    let (table, mut steps, mut found) = (Table::new(parsed.root()), u64::MAX, Found::new());
    for (place, row) in table.rows().iter().enumerate() {
        let may_begin = form.first_kinds().map_or(row.named, |kinds| kinds.contains(&row.kind));
        let mut add = |one: &search::Match<'_, '_>| {
            for (capture, node) in one.captures() {
                found.insert((form.captures[capture as usize].clone(), (node.start_byte(), node.end_byte())));
            }
        };
        if may_begin {
            let flow = Search::new(&table, &around, &form, &mut steps, &mut add).at(place as u32);
            assert!(flow.is_continue());
        }
    }
    found
}

/// One text for each grammar that has a little of everything.
fn texts(language: Language) -> Vec<String> {
    let models = crate::built_in_rules();
    let ours = |fence: &str| Language::of_fence(fence) == Some(language);
    let mut texts = Vec::new();
    for rule in &models.rules {
        let mut inside: Option<String> = None;
        for line in rule.prose.lines() {
            match (line.strip_prefix("```"), &mut inside) {
                (Some(_), Some(_)) => texts.extend(inside.take()),
                (Some(fence), None) if ours(fence.split(' ').next().unwrap_or("")) => {
                    inside = Some(String::new());
                }
                (None, Some(text)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                _ => {}
            }
        }
    }
    texts
}

fn compared(language: Language, least: usize) {
    let rules = Patterns::new(&crate::built_in_rules()).rules;
    // A comment between nodes is passed over by an anchor here and not by tree-sitter's.
    let uncommented = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', '/', '*']));
        lines
            .map(|line| {
                line.split(" //").next().unwrap_or("").split("  #").next().unwrap_or("").to_owned() + "\n"
            })
            .collect::<String>()
    };
    let texts: Vec<String> = texts(language).iter().map(|text| uncommented(text)).collect();
    let whole = texts.concat();
    let parsed = parse(language, &whole, steps_for(&whole)).unwrap();
    let mut met = 0;
    for rule in &rules {
        let Some((key, source)) = book::source(rule, language) else { continue };
        if book::borrowed(key, language) {
            continue;
        }
        for pattern in forms(source) {
            let query = plain(&pattern.tokens);
            let (expected, found) = (peers(&query, &parsed), ours(&query, &parsed));
            let show = |set: Vec<&(String, (usize, usize))>| {
                let shown =
                    set.into_iter().take(3).map(|(name, at)| format!("@{name} {}", &whole[at.0..at.1]));
                shown.collect::<Vec<_>>().join(" | ")
            };
            assert!(
                expected == found,
                "{}: {query}\nonly tree-sitter: {}\nonly here: {}",
                rule.id,
                show(expected.difference(&found).collect()),
                show(found.difference(&expected).collect()),
            );
            met += usize::from(!found.is_empty());
        }
    }
    assert!(met >= least, "{met}");
}

#[test]
fn python_queries_find_what_tree_sitter_finds() {
    compared(Language::Python, 100);
}

#[test]
fn javascript_queries_find_what_tree_sitter_finds() {
    compared(Language::JavaScript, 100);
}
