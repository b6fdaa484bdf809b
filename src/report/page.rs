//! A rule's page, rendered for a terminal: what `weft explain RULE` prints.

use anstyle::{AnsiColor, Effects, Style};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::Color;
use super::known::{self, Table};
use super::paint::{Paint, severity_style, wrap};
use crate::finding::printable;
use crate::policy::word;
use crate::rule::{Match, Rule, RuleSet, TaintMatch};

/// The page of `rule` at most `width` columns wide: head, prose, examples, references; of a rule that follows data also
/// what the models of `rules` know of its kinds.
pub fn terminal(rule: &Rule, rules: &RuleSet, color: Color, width: usize) -> String {
    let width = width.clamp(40, 100);
    let paint = Paint(color);
    let mut page = Screen { paint, width, out: String::new(), text: String::new(), state: State::default() };
    for event in Parser::new(&rule.prose) {
        page.event(event);
    }
    page.flush();
    let severity = paint.styled(severity_style(rule.severity), word(rule.severity));
    let cwe: Vec<String> = rule.cwe.iter().map(|number| format!("CWE-{number}")).collect();
    let cwe = if cwe.is_empty() { String::new() } else { format!(", {}", cwe.join(", ")) };
    let mut head = format!("{} ({severity}{cwe}, since {})\n\n", printable(&rule.id), printable(&rule.since));
    head.push_str(page.out.trim_end());
    head.push('\n');
    for reference in &rule.references {
        head.push_str(&format!("\nsee {}", printable(reference)));
    }
    if !rule.references.is_empty() {
        head.push('\n');
    }
    if let Match::Taint(taint) = &rule.matcher {
        head.push_str(&models(taint, rules, paint, width));
    }
    let allow = format!("To allow one: a comment `weft: allow {} REASON` on its line.", printable(&rule.id));
    head.push_str(&format!("\n{}\n", wrap(&allow, width).join("\n")));
    head
}

/// Sources, sinks, cleaners and tests, a paragraph a library.
fn models(taint: &TaintMatch, rules: &RuleSet, paint: Paint, width: usize) -> String {
    let (sources, sinks) = (known::sources(taint), known::sinks(taint));
    let mut out = String::new();
    for (title, table, kinds) in [
        ("Where the data comes from", Table::Source, &sources),
        ("Where it must not go", Table::Sink, &sinks),
        ("What makes it clean", Table::Clean, &sinks),
        ("Tests that make it clean", Table::Guard, &sinks),
    ] {
        let lines = known::lines(rules, table, kinds);
        if lines.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{}\n", paint.styled(HEADING, title)));
        let mut libraries: Vec<(String, Vec<&str>)> = Vec::new();
        for line in &lines {
            match libraries.last_mut().filter(|(place, _)| *place == line.place()) {
                Some((_, written)) => written.push(line.written),
                None => libraries.push((line.place(), vec![line.written])),
            }
        }
        for (place, written) in libraries {
            let text = format!("{place}: {}", written.join(", "));
            let lines = wrap(&printable(&text), width.saturating_sub(4));
            out.push_str(&format!("  {}\n", lines.join("\n    ")));
        }
    }
    out
}

#[derive(Default)]
struct State {
    heading: bool,
    code: bool,
    list: usize,
    bullet: bool,
}

struct Screen {
    paint: Paint,
    width: usize,
    out: String,
    text: String,
    state: State,
}

const HEADING: Style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
const CODE: Style = AnsiColor::Green.on_default();

impl Screen {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.flush();
                self.state.heading = true;
                if level != HeadingLevel::H1 {
                    self.out.push('\n');
                }
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.flush();
                self.state.code = true;
            }
            Event::Start(Tag::List(_)) => {
                self.flush();
                self.state.list += 1;
            }
            Event::Start(Tag::Item) => self.state.bullet = true,
            Event::End(TagEnd::Heading(_)) => {
                self.flush();
                self.state.heading = false;
            }
            Event::End(TagEnd::CodeBlock) => {
                self.code();
                self.state.code = false;
            }
            Event::End(TagEnd::List(_)) => {
                self.flush();
                self.state.list = self.state.list.saturating_sub(1);
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item) => self.flush(),
            Event::Code(code) => {
                self.text.push('`');
                self.text.push_str(&code);
                self.text.push('`');
            }
            Event::SoftBreak | Event::HardBreak if !self.state.code => self.text.push(' '),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text.push_str(&text),
            _ => {}
        }
    }

    /// Ends a paragraph, heading or item.
    fn flush(&mut self) {
        let text = printable(&std::mem::take(&mut self.text).replace('\n', " "));
        if text.trim().is_empty() {
            return;
        }
        let indent = "  ".repeat(self.state.list);
        let bullet = if std::mem::take(&mut self.state.bullet) { "- " } else { "" };
        for (index, line) in wrap(&text, self.width - indent.len().min(20) - bullet.len()).iter().enumerate()
        {
            let lead = if index == 0 { bullet } else { &"  "[..bullet.len()] };
            let line = if self.state.heading { self.paint.styled(HEADING, line) } else { line.clone() };
            self.out.push_str(&format!("{indent}{lead}{line}\n"));
        }
        if self.state.list == 0 {
            self.out.push('\n');
        }
    }

    /// Ends a code block: indented, never wrapped.
    fn code(&mut self) {
        for line in std::mem::take(&mut self.text).lines() {
            let line = self.paint.styled(CODE, &printable(line));
            self.out.push_str(&format!("    {line}\n"));
        }
        self.out.push('\n');
    }
}
