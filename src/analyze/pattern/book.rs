//! The patterns of all rules for one grammar, by the kind of node that each begins at.

use super::condition::{Condition, Surroundings};
use super::form::{Form, Numbers, Wrong};
use super::needs::{Finder, Needs, Words};
use super::token::forms;
use crate::rule::{Match, Rule};
use crate::syntax::Language;

/// All patterns for a grammar.
pub(super) struct Book {
    entries: Vec<Entry>,
    finder: Finder,
    /// What could not be read.
    pub(super) wrong: Vec<Unread>,
}

/// What is wrong with a query.
pub(super) struct Unread {
    /// The place of its rule.
    pub(super) rule: usize,
    /// The fence that it stands in.
    pub(super) key: &'static str,
    /// The line of it, from 0.
    pub(super) line: usize,
    /// Why, as a clause.
    pub(super) why: String,
}

/// One pattern of one rule.
pub(super) struct Entry {
    /// The place of its rule.
    pub(super) rule: usize,
    pub(super) form: Form,
    pub(super) report: Option<u16>,
    pub(super) safe: Option<u16>,
    pub(super) fix: Option<u16>,
    needs: Needs,
    /// The kinds it may begin at; `None` is any named node.
    kinds: Option<Vec<u16>>,
}

impl Book {
    pub(super) fn new(rules: &[Rule], language: Language) -> Self {
        let (mut entries, mut wrong) = (Vec::new(), Vec::new());
        let (mut words, mut numbers) = (Words::default(), Numbers::new(language));
        for (number, rule) in rules.iter().enumerate() {
            let Some((key, query)) = source(rule, language) else { continue };
            for tokens in forms(query) {
                let form = Form::read(&tokens, &mut numbers);
                match form.and_then(|form| Entry::new(number, rule, form, &mut words)) {
                    Ok(entry) => entries.extend(entry),
                    // A query for JavaScript may name what TypeScript's grammar calls otherwise.
                    Err(_) if borrowed(key, language) => {}
                    Err(Wrong { line, why }) => wrong.push(Unread { rule: number, key, line, why }),
                }
            }
        }
        Book { entries, finder: Finder::new(&words), wrong }
    }

    /// An expression that does not compile.
    pub(super) fn uncompiled(&self, rules: &[Rule], language: Language) -> Option<Unread> {
        self.entries.iter().find_map(|entry| {
            let (key, _) = source(rules.get(entry.rule)?, language)?;
            let unread = |one: &Condition| {
                let why = one.expression()?.compile().err()?;
                Some(Unread { rule: entry.rule, key, line: one.line, why })
            };
            entry.form.conditions.iter().find_map(unread)
        })
    }

    /// Whether some pattern of a rule reports something.
    pub(super) fn reports(&self, rule: usize) -> bool {
        self.entries.iter().any(|entry| entry.rule == rule && entry.report.is_some())
    }

    /// The patterns that may match in a text, by its words, its imports and its path.
    pub(super) fn present(&self, around: &Surroundings<'_>) -> Present<'_> {
        let words = self.finder.present(around.parsed);
        let mut present = Present { by_kind: Vec::new(), anywhere: Vec::new() };
        for entry in self.entries.iter().filter(|entry| entry.needs.met(&words)) {
            if entry.form.conditions.iter().any(|condition| condition.of_file(around) == Some(false)) {
                continue;
            }
            match &entry.kinds {
                None => present.anywhere.push(entry),
                Some(kinds) => kinds.iter().for_each(|kind| present.add(*kind, entry)),
            }
        }
        present
    }
}

impl Entry {
    /// `None` when the pattern neither reports nor excuses anything.
    fn new(number: usize, rule: &Rule, mut form: Form, words: &mut Words) -> Result<Option<Self>, Wrong> {
        let Match::Query(matcher) = &rule.matcher else {
            return Err(Wrong { line: 0, why: "it is no pattern rule".to_owned() });
        };
        if let Some(callee) = form.capture("callee").filter(|_| !matcher.callee.is_empty()) {
            form.conditions.push(Condition::resolves(callee, matcher.callee.clone()));
        }
        let needs = Needs::of(&form, words)?;
        let (report, safe, fix) = (form.capture(&matcher.report), form.capture("safe"), form.capture("fix"));
        if report.is_none() && safe.is_none() {
            return Ok(None);
        }
        Ok(Some(Entry { rule: number, report, safe, fix, needs, kinds: form.first_kinds(), form }))
    }
}

/// The patterns that may match in one text.
pub(super) struct Present<'b> {
    by_kind: Vec<Vec<&'b Entry>>,
    anywhere: Vec<&'b Entry>,
}

impl<'b> Present<'b> {
    /// The number of an error is the last of all; it is kept with the kind that no node has.
    fn slot(kind: u16) -> usize {
        kind.wrapping_add(1) as usize
    }

    fn add(&mut self, kind: u16, entry: &'b Entry) {
        let slot = Self::slot(kind);
        if self.by_kind.len() <= slot {
            self.by_kind.resize_with(slot + 1, Vec::new);
        }
        self.by_kind[slot].push(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_kind.is_empty() && self.anywhere.is_empty()
    }

    /// Those that may begin at a node of that kind.
    pub(super) fn at(&self, kind: u16, named: bool) -> impl Iterator<Item = &'b Entry> {
        let here = self.by_kind.get(Self::slot(kind)).map_or(&[] as &[_], Vec::as_slice);
        let anywhere = if named { self.anywhere.as_slice() } else { &[] };
        here.iter().chain(anywhere).copied()
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

/// Whether a query serves a grammar that it was not written for.
pub(super) fn borrowed(key: &str, language: Language) -> bool {
    language.family() == key && !matches!(language, Language::JavaScript | Language::Python)
}
