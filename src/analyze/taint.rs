//! `[match.taint]` rules: lowers a view, follows its data, and reports what reaches a sink.

use std::collections::HashSet;
use std::sync::Arc;

use super::facts::{Module, StepFact};
use super::flow::{self, Hit, TaintRule};
use super::ir::Span;
use super::link::{self, Crossing};
use super::lower;
use super::model::{Kinds, Models};
use super::project::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Confidence, Finding, Note, NoteKind, Severity, Step, printable};
use crate::redact::View;
use crate::rule::{Match, Rule, RuleSet};
use crate::syntax::Parsed;

/// What the flow of data in one view comes to.
#[derive(Default)]
pub(super) struct Flows {
    pub(super) findings: Vec<Finding>,
    /// What was left out.
    pub(super) notes: Vec<Note>,
    /// What other files have to know of it.
    pub(super) module: Option<Module>,
    /// The arguments of calls that are constants without being literals.
    pub(super) constants: HashSet<Span>,
}

/// The taint rules and the models.
pub(super) struct TaintRules {
    rules: Vec<Rule>,
    compiled: Vec<TaintRule>,
    models: Models,
}

impl TaintRules {
    /// Compiles the rules; the models are when a text of their language is seen, see [`TaintRules::check`]. Errors: there
    /// are more than 64 kinds.
    pub(super) fn new(rules: &Arc<RuleSet>) -> Result<Self> {
        let mut models = Models::new(Arc::clone(rules))?;
        let (mut kept, mut compiled) = (Vec::new(), Vec::new());
        for rule in &rules.rules {
            let Match::Taint(taint) = &rule.matcher else { continue };
            let many = || {
                Error::new(
                    ErrorKind::Settings,
                    format!("rule {}: more than 64 kinds of sources or sinks", rule.id),
                )
                .hint("use kinds that other rules name already")
            };
            for (sink, source) in taint.also.iter().chain([(&taint.sink, &taint.source)]) {
                let mut sources = 0;
                for kind in source {
                    sources |= models.sources.bit(kind).ok_or_else(many)?;
                    if kind == "http-path" {
                        sources |= models.route;
                    }
                }
                let sink = models.sinks.bit(sink).ok_or_else(many)?;
                compiled.push(TaintRule { rule: kept.len(), sources, sink });
            }
            kept.push(rule.clone());
        }
        Ok(TaintRules { rules: kept, compiled, models })
    }

    /// Compiles every model now. Errors: an expression is wrong.
    pub(super) fn check(&self) -> Result<()> {
        self.models.check()
    }

    /// Follows the data of one parsed view.
    pub(super) fn find(&self, view: &View<'_>, parsed: &Parsed<'_>, scope: Scope<'_>) -> Flows {
        let family = parsed.language.family();
        let Some(table) = self.models.table(family) else {
            let path = view.path().unwrap_or(view.document().path());
            let note =
                |why| Note::new(NoteKind::NotChecked, path, format!("its data was not followed: {why}"));
            return Flows {
                notes: self.models.wrong(family).map(note).into_iter().collect(),
                ..Flows::default()
            };
        };
        let program = lower::lower(parsed);
        let path = view.path().unwrap_or("");
        let input =
            flow::Input { program: &program, text: parsed.text, path, language: parsed.language, scope };
        let outcome = flow::analyse(&input, table, &self.models, &self.compiled);
        let findings = outcome.hits.iter().map(|hit| self.found(view, parsed.text, hit)).collect();
        let path = view.path().unwrap_or(view.document().path());
        let mut left_out = program.left_out;
        if outcome.cut {
            left_out.push("data flow stopped at its step budget; split the file".to_owned());
        }
        let note = |message| Note::new(NoteKind::Partial, path, message);
        let notes = left_out.into_iter().map(note).collect();
        Flows { findings, notes, module: Some(outcome.module), constants: outcome.constants }
    }

    /// What reaches sinks by way of several files, and why not all of it was followed.
    pub(super) fn link(&self, modules: &[Module]) -> (Vec<Crossing>, Vec<&'static str>) {
        link::link(modules, &self.models)
    }

    /// The findings that a crossing makes in the view of its sink; `step` shows a step of another view.
    pub(super) fn crossed(
        &self,
        view: &View<'_>,
        crossing: &Crossing,
        step: &mut dyn FnMut(usize, &StepFact) -> Option<Step>,
    ) -> Vec<Finding> {
        let trace: Vec<Step> =
            crossing.steps.iter().filter_map(|(module, fact)| step(*module, fact)).collect();
        let rules = self
            .compiled
            .iter()
            .filter(|rule| rule.sink == crossing.sink && rule.sources & crossing.source != 0)
            .map(|rule| rule.rule);
        let rules: std::collections::BTreeSet<usize> = rules.collect();
        let finding = |rule| {
            let mut finding = self.finding(view, rule, crossing.span, crossing.source);
            finding.trace.clone_from(&trace);
            finding
        };
        rules.into_iter().map(finding).collect()
    }

    fn found(&self, view: &View<'_>, text: &str, hit: &Hit) -> Finding {
        let mut finding = self.finding(view, hit.rule, hit.span, hit.source);
        finding.trace =
            hit.steps(text).into_iter().map(|(span, message)| shown(view, span, &message)).collect();
        finding
    }

    fn finding(&self, view: &View<'_>, rule: usize, span: Span, source: Kinds) -> Finding {
        let source = match self.models.sources.name(source) {
            "http" | "http-path" | "http-route" => "request",
            "argv" => "command-line",
            "env" => "environment",
            "stdin" => "standard-input",
            kind => kind,
        };
        let mut finding = view.finding(&self.rules[rule], span.range(), &[("source", source)]);
        if source != "request" {
            finding.confidence = finding.confidence.min(Confidence::Medium);
        }
        if matches!(source, "command-line" | "environment" | "standard-input") {
            // Whoever starts a program may run another one anyway: a matter only where it runs with more rights, or on
            // arguments that somebody else chose.
            finding.severity = finding.severity.min(Severity::Medium);
        }
        finding
    }
}

/// A step of a trace as a report shows it.
pub(super) fn shown(view: &View<'_>, span: Span, message: &str) -> Step {
    let location = view.location(span.range());
    let line = printable(view.document().line_shown(location.region.start_line));
    Step { location, message: printable(message), line }
}
