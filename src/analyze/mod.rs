//! Redacted -> Facts -> Findings: weaknesses in Python, JavaScript and TypeScript, and hidden text.
//!
//! A view is parsed once. Rules without flow are queries on its tree ([`pattern`]); for rules with flow the tree is
//! lowered to a small program ([`ir`], [`lower`]) and data is followed through it ([`flow`]) by what the library
//! models say ([`model`]).

mod facts;
mod flow;
mod fragment;
mod ir;
mod link;
mod lower;
mod model;
mod pattern;
mod project;
mod regex;
mod source;
mod taint;
mod text;
mod yielding;

pub use project::{Asked, Project, configures};
pub use source::left_out;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use fragment::Source;
use serde::{Deserialize, Serialize};
use source::{Rooms, Understood, sources};

use crate::artifact::Role;
use crate::error::Result;
use crate::finding::{Finding, Note, NoteKind};
use crate::redact::{Redacted, View};
use crate::rule::RuleSet;
use crate::syntax::{Imports, Language, Table};

/// What is kept of one document when its text is dropped.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Findings so far; written apart, where all findings of a document are.
    #[serde(skip)]
    pub findings: Vec<Finding>,
    /// What was not, or only partly, analysed.
    pub notes: Vec<Note>,
    /// What its imports were looked up as; written apart, since it is read before the rest is.
    #[serde(skip)]
    pub asked: Asked,
    /// Its source files, as other files see them.
    modules: Vec<facts::Module>,
}

/// The compiled rules and models. One serves all threads of a run.
pub struct Analyzer {
    rules: Arc<RuleSet>,
    patterns: pattern::Patterns,
    taint: taint::TaintRules,
    regexes: regex::SlowRegexes,
    yielding: yielding::Yielding,
}

impl Analyzer {
    /// Gets the rules ready. Queries and models are read when a text of their language is seen; see [`Analyzer::check`].
    /// Errors: rules and models name more than 64 kinds.
    pub fn new(rules: &Arc<RuleSet>) -> Result<Self> {
        let (patterns, taint) = (pattern::Patterns::new(rules), taint::TaintRules::new(rules)?);
        let (regexes, yielding) = (regex::SlowRegexes::new(rules), yielding::Yielding::new(rules));
        Ok(Analyzer { rules: Arc::clone(rules), patterns, taint, regexes, yielding })
    }

    /// Compiles every query and model now: for rules that come from outside. Errors: a query is wrong for its grammar, or
    /// an expression of a model is wrong.
    pub fn check(&self) -> Result<()> {
        self.taint.check()?;
        self.patterns.check()
    }

    /// The first pass: analyses one document of a project.
    pub fn facts(&self, document: &Redacted, project: &Project) -> Facts {
        self.read(document, project, true)
    }

    /// As [`Analyzer::facts`], of a document that nobody asked about: what it does with data, and no finding.
    pub fn flow(&self, document: &Redacted, project: &Project) -> Facts {
        Facts { findings: Vec::new(), notes: Vec::new(), ..self.read(document, project, false) }
    }

    fn read(&self, document: &Redacted, project: &Project, asked_about: bool) -> Facts {
        let mut facts = Facts::default();
        if asked_about {
            facts.findings = text::inspect(document, &self.rules);
        }
        // The fences of a document or a prompt are illustrations: nothing applies them.
        if matches!(document.role(), Role::Document | Role::Prompt) {
            return facts;
        }
        let views = document.views();
        let own = Project::new(views.iter().filter(|view| view.fence().is_some()).filter_map(View::path));
        let asked = RefCell::default();
        for (index, view) in views.iter().enumerate() {
            let known = facts.modules.len();
            facts.notes.extend(source::not_named(view));
            for (language, source) in sources(view) {
                let scope = project.with(&own, Some(&asked));
                self.code(view, language, &source, scope, asked_about, &mut facts);
            }
            facts.modules[known..].iter_mut().for_each(|module| module.view = index);
        }
        self.yielding.leave_out(&mut facts.findings);
        facts.asked = asked.into_inner();
        facts
    }

    /// The second pass: links the facts of all documents, in the order of their paths, into findings. What only files
    /// behind the first `own` take part in is left out. `open` reads a document again, by its place among the facts, to
    /// show the lines of a finding that several files take part in.
    pub fn link(
        &self,
        facts: Vec<Facts>,
        own: usize,
        open: &dyn Fn(usize) -> Option<Redacted>,
    ) -> (Vec<Finding>, Vec<Note>) {
        let (mut findings, mut notes, mut modules, mut places) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (index, facts) in facts.into_iter().enumerate() {
            findings.extend(facts.findings);
            notes.extend(facts.notes);
            places.extend(facts.modules.iter().map(|module| (index, module.view, module.half)));
            modules.extend(facts.modules);
        }
        let (crossings, cut) = self.taint.link(&modules);
        notes.extend(cut.into_iter().map(|why| Note::new(NoteKind::Partial, "", why)));
        let mut opened = Opened { open, documents: BTreeMap::new() };
        let part = |module: usize| places[module].0 < own;
        let own = |crossing: &&link::Crossing| {
            part(crossing.module) || crossing.steps.iter().any(|(module, _)| part(*module))
        };
        for crossing in crossings.iter().filter(own) {
            let Some(document) = opened.document(places[crossing.module].0) else {
                let why = "data from another file reaches a sink in it, and it could not be read again to show where";
                notes.push(Note::new(NoteKind::NotChecked, &modules[crossing.module].path, why));
                continue;
            };
            let views = document.views();
            let Some(view) = seen(&views, places[crossing.module]) else { continue };
            let mut step = |module: usize, fact: &facts::StepFact| {
                let document = opened.document(places[module].0)?;
                let views = document.views();
                Some(taint::shown(
                    &seen(&views, places[module])?,
                    fact.span,
                    modules[module].said.get(fact.said as usize)?,
                ))
            };
            let mut crossed = self.taint.crossed(&view, crossing, &mut step);
            let known = |found: &Finding| findings.iter().any(|it: &Finding| same(it, found));
            crossed.retain(|found| !known(found));
            document.sign_lines(&mut crossed);
            findings.extend(crossed);
        }
        // What reaches a line from another file is known only now.
        if !crossings.is_empty() {
            self.yielding.leave_out(&mut findings);
        }
        (findings, notes)
    }

    fn code(
        &self,
        view: &View<'_>,
        language: Language,
        source: &Source<'_>,
        scope: project::Scope<'_>,
        asked_about: bool,
        facts: &mut Facts,
    ) {
        let half = source.half.map(|lead| view.half(lead));
        let (text, view) = (source.text.as_ref(), half.as_ref().unwrap_or(view));
        let path = view.path().unwrap_or(view.document().path());
        let rooms = Rooms::default();
        let Understood { parsed, template } = match source::understood(language, text, &rooms) {
            Ok(understood) => understood,
            Err(why) => {
                let message = format!("{why}; exclude the file if it is generated");
                return facts.notes.push(Note::new(NoteKind::NotChecked, path, message));
            }
        };
        facts.notes.extend(source::not_read(view, &parsed, template));
        if !source.whole {
            let why =
                "not all that is put into the page as it is could be read; write one such expression a line";
            facts.notes.push(Note::new(NoteKind::Partial, path, why));
        }
        let flows = self.taint.find(view, &parsed, scope);
        facts.modules.extend(flows.module.map(|module| facts::Module { half: source.half, ..module }));
        if !asked_about {
            return;
        }
        let imports = Imports::read(&parsed);
        let constants = |range: std::ops::Range<usize>| flows.constants.contains(&ir::Span::from(range));
        let table = Table::new(parsed.root());
        let (findings, notes) = self.patterns.find(view, &parsed, &imports, &table, &constants);
        facts.findings.extend(findings);
        facts.notes.extend(notes);
        let (findings, notes) = self.regexes.find(view, &parsed, &imports, &table);
        facts.findings.extend(findings);
        facts.notes.extend(notes);
        facts.findings.extend(flows.findings);
        facts.notes.extend(flows.notes);
    }
}

/// The view of a module, by the place of its document, its own there, and what is before it of half a file.
fn seen<'a>(views: &[View<'a>], place: (usize, usize, Option<usize>)) -> Option<View<'a>> {
    let view = views.get(place.1)?;
    Some(place.2.map_or_else(|| view.clone(), |lead| view.half(lead)))
}

/// Documents that were read again.
struct Opened<'a> {
    open: &'a dyn Fn(usize) -> Option<Redacted>,
    documents: BTreeMap<usize, Option<Rc<Redacted>>>,
}

impl Opened<'_> {
    fn document(&mut self, index: usize) -> Option<Rc<Redacted>> {
        self.documents.entry(index).or_insert_with(|| (self.open)(index).map(Rc::new)).clone()
    }
}

/// Whether two findings say the same of one place.
fn same(one: &Finding, other: &Finding) -> bool {
    one.rule == other.rule && one.location == other.location
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_guards;
#[cfg(test)]
mod tests_linked;
#[cfg(test)]
mod tests_names;
#[cfg(test)]
mod tests_objects;
#[cfg(test)]
mod tests_pollution;
#[cfg(test)]
mod tests_schemas;
#[cfg(test)]
mod tests_script;
