//! Why a finding is one, step by step: what `weft scan --explain` prints below it.

use super::super::known::{self, Line, Table};
use super::Page;
use crate::finding::{Confidence, Finding, Level, Severity, printable};
use crate::policy::word;
use crate::rule::{Match, Rule, TaintMatch};
use crate::syntax::Language;

/// At most so many names are listed.
const NAMED: usize = 8;

impl Page<'_> {
    /// The reasons, in order, as remarks of a name and a text.
    pub(super) fn reasons(&self, finding: &Finding) -> Vec<(&'static str, String)> {
        let Some(rule) = self.context.rules.get(&finding.rule) else { return Vec::new() };
        let mut reasons = Vec::new();
        let mut say = |name: &'static str, text: String| {
            reasons.push((name, self.wrap(&printable(&text), name.len() + 6)));
        };
        match &rule.matcher {
            Match::Taint(taint) => {
                let kinds = self.flow(finding, taint, &mut say);
                say("rule", taint_rule(rule, taint));
                say("level", level(rule, finding));
                say("goes away", self.remedy(finding, &kinds));
            }
            matcher => {
                say("rule", pattern_rule(rule, finding, matcher));
                say("level", level(rule, finding));
            }
        }
        say("false alarm", format!("a comment `weft: allow {} REASON` on the line", rule.id));
        reasons
    }

    /// Source, way and sink; the sink kinds that it comes to.
    fn flow(
        &self,
        finding: &Finding,
        taint: &TaintMatch,
        say: &mut dyn FnMut(&'static str, String),
    ) -> Vec<String> {
        let rules = self.context.rules;
        let (Some(first), Some(last)) = (finding.trace.first(), finding.trace.last()) else {
            return Vec::new();
        };
        let read = quoted(&first.message);
        let sources = known::lines(rules, Table::Source, &known::sources(taint));
        say(
            "source",
            match likeliest(&in_language(sources, finding), read) {
                Some(line) => format!(
                    "`{read}` is data of kind {}: {} lists `{}`",
                    line.kind,
                    line.place(),
                    line.written
                ),
                None => format!(
                    "`{read}` is data of kind {}: whoever calls this function hands it over, as the handlers of the models say",
                    taint.source.join(", ")
                ),
            },
        );
        let reached = quoted(&last.message);
        let lines = known::lines(rules, Table::Sink, &known::sinks(taint));
        let lines: Vec<Line<'_>> =
            in_language(lines, finding).into_iter().filter(|line| line.path() == reached).collect();
        let mut kinds: Vec<String> = lines.iter().map(|line| line.kind.to_owned()).collect();
        kinds.dedup();
        if kinds.is_empty() {
            kinds.push(taint.sink.clone());
        }
        say(
            "way",
            format!(
                "{}, and nothing on it clears the data for {}: no cleaner that the models know makes it, and no test \
                 they know holds on every way to the sink",
                match finding.trace.len() {
                    2 => "straight to the sink".to_owned(),
                    count => format!("the {count} steps above"),
                },
                kinds.join(" or ")
            ),
        );
        let written: Vec<String> =
            lines.iter().take(3).map(|line| format!("{} lists `{}`", line.place(), line.written)).collect();
        say(
            "sink",
            match written.is_empty() {
                true => {
                    format!("`{reached}` is one of kind {}: what a handler answers is sent", kinds.join(", "))
                }
                false => format!("`{reached}` is one of kind {}: {}", kinds.join(", "), written.join(", ")),
            },
        );
        kinds
    }

    /// What makes the finding go away: cleaners and tests of the language.
    fn remedy(&self, finding: &Finding, kinds: &[String]) -> String {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let named = |table| {
            let mut lines = in_language(known::lines(self.context.rules, table, &kinds), finding);
            // What clears this kind alone says more than what clears all.
            lines.sort_by_key(|line| line.kind == "any");
            let mut names: Vec<String> = Vec::new();
            for line in lines {
                let name = format!("`{}`", line.written);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            match more {
                0 => names.join(", "),
                more => format!("{} and {more} more", names.join(", ")),
            }
        };
        let (cleaners, tests) = (named(Table::Clean), named(Table::Guard));
        let mut text = "when the value is a number, a constant or one of a fixed set".to_owned();
        if !cleaners.is_empty() {
            text += &format!("; when it comes out of {cleaners}");
        }
        if !tests.is_empty() {
            text += &format!("; behind a test such as {tests}");
        }
        text + &format!("; `weft explain {}` lists them all", finding.rule)
    }
}

/// The text between the first pair of backquotes.
fn quoted(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or(message)
}

/// The lines for the language that the finding is in, where its path tells.
fn in_language<'r>(lines: Vec<Line<'r>>, finding: &Finding) -> Vec<Line<'r>> {
    let path = finding.location.target.as_deref().unwrap_or(&finding.location.path);
    let family = Language::of_path(path).map(Language::family);
    lines.into_iter().filter(|line| family.is_none_or(|family| line.model.language == family)).collect()
}

/// The line that names most of what is read at the end of its path: `flask.request.args` for `request.args["x"]`.
fn likeliest<'r>(lines: &[Line<'r>], read: &str) -> Option<Line<'r>> {
    let words: Vec<&str> = read.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').collect();
    let score = |line: &Line<'_>| {
        let path = line.path().replace("()", "");
        path.rsplit('.').take_while(|name| words.contains(name)).count()
    };
    // The first of the best: lines are in the order of the models.
    lines.iter().rev().max_by_key(|line| score(line)).filter(|line| score(line) > 0).copied()
}

fn taint_rule(rule: &Rule, taint: &TaintMatch) -> String {
    let mut text = format!(
        "{} reports data of kind {} that reaches a sink of kind {}",
        rule.id,
        taint.source.join(", "),
        taint.sink
    );
    for (sink, sources) in &taint.also {
        text += &format!("; of kind {} one of kind {sink}", sources.join(", "));
    }
    text + &weaknesses(rule)
}

fn pattern_rule(rule: &Rule, finding: &Finding, matcher: &Match) -> String {
    let text = match matcher {
        Match::Query(query) if !query.callee.is_empty() => {
            format!("{} reports calls of {}", rule.id, query.callee.join(", "))
        }
        Match::Query(_) => format!("{} reports code that its query matches: the mark above", rule.id),
        Match::Secret(_) => format!("{} reports text of the form that its page gives", rule.id),
        _ if finding.advisory.is_some() => format!("{} names a version that is in use here", rule.id),
        _ => format!("{} reports what the message says", rule.id),
    };
    text + &weaknesses(rule)
}

fn weaknesses(rule: &Rule) -> String {
    let cwe: Vec<String> = rule.cwe.iter().map(|number| format!("CWE-{number}")).collect();
    if cwe.is_empty() { String::new() } else { format!(" ({})", cwe.join(", ")) }
}

/// How severity and confidence come about, and what they make of the finding.
fn level(rule: &Rule, finding: &Finding) -> String {
    let same = |same| if same { ", as the rule says" } else { "" };
    let mut text = format!("severity {}{}", word(finding.severity), same(finding.severity == rule.severity));
    let request = finding.message.starts_with("request");
    if finding.severity < rule.severity {
        text += &format!(
            " ({} in the rule: {})",
            word(rule.severity),
            match &rule.matcher {
                Match::Taint(_) if !request => "who gives such data may run what they like anyway, as a rule",
                _ => "this one is a milder case",
            }
        );
    }
    let sure = |confidence| match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    };
    text +=
        &format!(", confidence {}{}", sure(finding.confidence), same(finding.confidence == rule.confidence));
    if finding.confidence < rule.confidence {
        text += &format!(
            " ({} in the rule: {})",
            sure(rule.confidence),
            match &rule.matcher {
                Match::Taint(_) if !request && finding.confidence == Confidence::Medium =>
                    "such data is often trusted",
                _ => "half a file, code that nothing applies, or a form that harmless code has too",
            }
        );
    }
    let level = match finding.level() {
        Level::Error => "an error",
        Level::Warning => "a warning",
        Level::Note if finding.confidence == Confidence::Low && finding.severity > Severity::Low => {
            "a note whatever its severity"
        }
        Level::Note => "a note",
    };
    text + &format!(": {level}")
}
