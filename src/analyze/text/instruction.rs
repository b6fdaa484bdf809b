//! Places of a Markdown page that are not rendered and speak to whoever reads the source: a model.

use std::sync::LazyLock;

use regex::Regex;

use crate::artifact::Role;
use crate::finding::Finding;
use crate::redact::Redacted;
use crate::rule::RuleSet;

use super::{Fenced, in_fence};

/// The most findings of one document: they say enough, and each costs a look at its line.
const MOST: usize = 100;

/// The longest hidden text that is searched, in bytes; a longer one is searched up to there.
const LONGEST: usize = 64 * 1024;

/// Comments that a reader does not see.
const QUIET: &str =
    r#"(?<comment><!--)|(?m:^\[(?://|comment|_)[^\]\n]{0,40}\]:\s*(?:#|<>)\s*)(?<label>["'(])"#;

/// Comments alone, for texts without a style that hides.
static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(QUIET).ok());

/// Comments, and elements whose style hides them.
static STYLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let style = r#"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?:\.0*)?\s*[;"'])"#;
    Regex::new(&format!(r#"(?<element>(?i:<[a-z][a-z0-9]*\s[^<>]{{0,400}}{style}[^<>]{{0,400}}>))|{QUIET}"#))
        .ok()
});

/// What every style that hides names. The expression with styles is large: it is compiled for texts that name one.
static STYLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)display|visibility|font-size|opacity").ok());

/// Phrases that address a model or tell it what to do behind a reader's back.
static SPEAKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let model = r"(?:ai|llm|assistants?|agents?|language models?|models?|copilot|claude|chatgpt|gpt|gemini|cursor|codex)";
    let phrases = [
        r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|your|these|system)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules|guidelines|messages?)\b",
        r"\byou are (?:now |an? )*(?:ai|assistant|agent|language model|different)\b",
        r"\b(?:do not|don't|never) (?:tell|mention|reveal|show|inform|disclose|alert|report)\b[^.\n]{0,40}\b(?:users?|humans?|reviewers?|developers?|person|anyone)\b",
        &format!(
            r"\b(?:instructions?|note|message|important|attention) (?:for|to) (?:the |any |all |every )*(?:coding |ai )*{model}\b"
        ),
        r"\b(?:ai|llm|coding) (?:agents?|assistants?|models?)\s*[:,]",
        &format!(r"\b(?:if|when) you are (?:an? )?(?:coding |ai )*{model}\b"),
        r"\bsystem prompt\b|\bsystem\s*:\s*you\b",
        r"\bexfiltrate\b|\bwithout (?:asking|telling) (?:the )?(?:user|human|reviewer)\b",
    ];
    Regex::new(&format!("(?i){}", phrases.join("|"))).ok()
});

/// Reports hidden places that hold instructions or fences. What stands in a fence that is shown is not hidden.
pub(super) fn inspect(document: &Redacted, fences: &[Fenced], rules: &RuleSet, findings: &mut Vec<Finding>) {
    let text = document.text();
    let styled = STYLE.as_ref().is_some_and(|style| style.is_match(text));
    let (Some(rule), Some(hidden)) =
        (rules.get("hidden-instruction"), if styled { STYLED.as_ref() } else { HIDDEN.as_ref() })
    else {
        return;
    };
    let (mut at, mut reported) = (0, 0);
    while reported < MOST
        && let Some(open) = hidden.captures_at(text, at)
    {
        let Some(whole) = open.get(0) else { break };
        let (place, end) = if open.name("comment").is_some() {
            ("a comment", "-->")
        } else if open.name("label").is_some() {
            ("a link label", "\n")
        } else {
            ("an invisible element", "</")
        };
        let limit = floor(text, whole.end() + LONGEST);
        let inside = &text[whole.end()..limit];
        let length = inside.find(end).unwrap_or(inside.len());
        at = whole.end() + length;
        let speaks = SPEAKS.as_ref().and_then(|speaks| speaks.find(&inside[..length]));
        let found = speaks.map(|found| found.range());
        // In a reply such a fence is applied: the effects stage reports it.
        let fence = || inside[..length].find("```").filter(|_| document.role() != Role::Reply);
        let found =
            found.or_else(|| fence().filter(|at| inside[*at..length].contains("path=")).map(|at| at..at + 3));
        let Some(found) = found else { continue };
        let line = document.region(whole.start()..whole.start()).start_line;
        if in_fence(fences, line).is_some() {
            // A `<!--` in a shown code block opens nothing: what follows it is looked at on its own.
            at = whole.end();
        } else {
            let range = whole.end() + found.start..whole.end() + found.end;
            findings.push(document.whole().finding(rule, range, &[("where", place)]));
            reported += 1;
        }
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
