//! What the models know of the kinds that a taint rule names: by language and library, as the models write it.

use crate::rule::{Expression, Model, Part, RuleSet, TaintMatch};

/// What a line of a model is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Data comes from there.
    Source,
    /// Data must not go there.
    Sink,
    /// What comes out is clean.
    Clean,
    /// A test after which a value is clean.
    Guard,
}

/// One line of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'r> {
    pub(super) model: &'r Model,
    /// The kind it is listed under.
    pub(super) kind: &'r str,
    pub(super) written: &'r str,
}

impl Line<'_> {
    /// The path that it names: `subprocess.run` of `subprocess.run(0, shell=True)`, `execute` of `*.execute(0)`.
    pub(super) fn path(&self) -> String {
        let Ok(expression) = Expression::parse(self.written) else { return String::new() };
        let mut path = String::new();
        for part in &expression.parts {
            match part {
                Part::Member(name) if path.is_empty() => path.push_str(name),
                Part::Member(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Part::Call => path.push_str("()"),
            }
        }
        path.strip_suffix("()").map_or(path.clone(), str::to_owned)
    }

    /// `python/flask`
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.model.language, self.model.library)
    }
}

/// The lines of a table for one of `kinds`; cleaners and guards of `any` kind are among them.
pub(super) fn lines<'r>(rules: &'r RuleSet, table: Table, kinds: &[&str]) -> Vec<Line<'r>> {
    let mut lines = Vec::new();
    for model in &rules.models {
        let (listed, any) = match table {
            Table::Source => (&model.source, false),
            Table::Sink => (&model.sink, false),
            Table::Clean => (&model.clean, true),
            Table::Guard => (&model.guard, true),
        };
        for (kind, written) in listed {
            if kinds.contains(&kind.as_str()) || any && kind == "any" {
                lines.extend(written.iter().map(|written| Line { model, kind, written }));
            }
        }
    }
    lines
}

/// The source kinds of a rule.
pub(super) fn sources(rule: &TaintMatch) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        rule.source.iter().chain(rule.also.values().flatten()).map(String::as_str).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The sink kinds of a rule.
pub(super) fn sinks(rule: &TaintMatch) -> Vec<&str> {
    std::iter::once(&rule.sink).chain(rule.also.keys()).map(String::as_str).collect()
}
