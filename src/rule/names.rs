//! What pages and models name must mean something: a kind that a page reports and a model yields, a rule that there is.
//! A name that stands on one side only is a word misspelt, and whoever wrote it would never hear of it.

use std::collections::BTreeSet;

use super::spelling::nearest;
use super::{Match, Model, PageError, Rule, RuleSet};

/// In what way a kind is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// A model says that data of this kind comes from somewhere.
    Yielded,
    /// A page reports data of this kind.
    Reported,
    /// A model has a sink of this kind.
    Sink,
    /// A page reports what reaches sinks of this kind.
    Caught,
    /// A model says what is clean for it, or no longer is.
    Cleared,
    /// A guard of a model counts only for what is clean for it already.
    Needed,
}

/// The names that pages and models have for kinds and rules.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Those of weft's own pages and models mean something on either side.
    settled: BTreeSet<(Use, String)>,
    added: BTreeSet<(Use, String)>,
    rules: BTreeSet<String>,
}

impl Names {
    /// The names of a set that is whole, such as the built-in one.
    pub fn of(rules: &RuleSet) -> Self {
        let mut names = Names::default();
        rules.rules.iter().for_each(|rule| names.add_rule(rule));
        rules.models.iter().for_each(|model| names.add_model(model));
        names.settled = std::mem::take(&mut names.added);
        names
    }

    /// Adds those of a page.
    pub fn add_rule(&mut self, rule: &Rule) {
        self.rules.insert(rule.id.clone());
        self.added.extend(of_rule(rule));
    }

    /// Adds those of a model.
    pub fn add_model(&mut self, model: &Model) {
        self.added.extend(of_model(model));
    }

    /// What a page names that means nothing, when all others were added; `text` is the page.
    pub fn wrong_in_rule(&self, rule: &Rule, text: &str) -> Option<PageError> {
        if let Some(error) = self.wrong(of_rule(rule), text) {
            return Some(error);
        }
        let unknown = rule.yields_to.iter().find(|id| !self.rules.contains(*id))?;
        let hint = nearest(unknown, self.rules.iter().map(String::as_str));
        let message = format!("there is no rule `{unknown}` to yield to{hint}");
        Some(PageError { line: line_of(text, unknown), message })
    }

    /// As [`Names::wrong_in_rule`], of a model.
    pub fn wrong_in_model(&self, model: &Model, text: &str) -> Option<PageError> {
        self.wrong(of_model(model), text)
    }

    fn wrong(&self, named: Vec<(Use, String)>, text: &str) -> Option<PageError> {
        let (how, kind) = named.into_iter().find(|(how, kind)| !self.means_something(*how, kind))?;
        let hint = nearest(&kind, self.meant(how).into_iter());
        let message = match how {
            Use::Yielded => format!("no page reports data of kind `{kind}`{hint}"),
            Use::Reported => format!("no model yields data of kind `{kind}`{hint}"),
            Use::Sink => format!("no page reports what reaches a sink of kind `{kind}`{hint}"),
            Use::Caught => format!("no model has a sink of kind `{kind}`{hint}"),
            Use::Cleared => format!("no sink is of kind `{kind}`, so nothing has to be clean for it{hint}"),
            Use::Needed => format!("no model says what is clean for `{kind}`{hint}"),
        };
        Some(PageError { line: line_of(text, &kind), message })
    }

    fn means_something(&self, how: Use, kind: &str) -> bool {
        let among = |names: &BTreeSet<(Use, String)>, uses: &[Use]| {
            uses.iter().any(|other| names.contains(&(*other, kind.to_owned())))
        };
        match how {
            Use::Cleared if kind == "any" => true,
            _ => among(&self.settled, peers(how)) || among(&self.added, counterparts(how)),
        }
    }

    /// The names that would mean something, for who misspelt one.
    fn meant(&self, how: Use) -> Vec<&str> {
        let settled = self.settled.iter().filter(|(other, _)| peers(how).contains(other));
        let added = self.added.iter().filter(|(other, _)| counterparts(how).contains(other));
        settled.chain(added).map(|(_, kind)| kind.as_str()).collect()
    }
}

/// The uses among weft's own that make a name known.
fn peers(how: Use) -> &'static [Use] {
    match how {
        Use::Yielded | Use::Reported => &[Use::Yielded, Use::Reported],
        Use::Sink => &[Use::Sink, Use::Caught],
        Use::Caught => &[Use::Sink],
        Use::Cleared | Use::Needed => &[Use::Sink, Use::Caught, Use::Cleared, Use::Needed],
    }
}

/// The uses among what is added that a name must have besides.
fn counterparts(how: Use) -> &'static [Use] {
    match how {
        Use::Yielded => &[Use::Reported],
        Use::Reported => &[Use::Yielded],
        Use::Sink => &[Use::Caught],
        Use::Caught => &[Use::Sink],
        Use::Cleared => &[Use::Sink, Use::Caught, Use::Needed],
        Use::Needed => &[Use::Sink, Use::Caught, Use::Cleared],
    }
}

fn of_rule(rule: &Rule) -> Vec<(Use, String)> {
    let Match::Taint(taint) = &rule.matcher else { return Vec::new() };
    let sources = taint.source.iter().chain(taint.also.values().flatten());
    let sinks = taint.also.keys().chain([&taint.sink]);
    let sources = sources.map(|kind| (Use::Reported, kind.clone()));
    sources.chain(sinks.map(|kind| (Use::Caught, kind.clone()))).collect()
}

fn of_model(model: &Model) -> Vec<(Use, String)> {
    let mut named = Vec::new();
    let mut add = |how, kind: &str| named.push((how, kind.to_owned()));
    let (rests, results) = (
        model.handler.iter().filter_map(|one| one.rest.as_ref()),
        model.handler.iter().filter_map(|one| one.result.as_ref()),
    );
    model.source.keys().chain(rests).for_each(|kind| add(Use::Yielded, kind));
    model.sink.keys().chain(results).for_each(|kind| add(Use::Sink, kind));
    for table in [&model.clean, &model.guard, &model.whole, &model.undo, &model.schema] {
        for kind in table.keys() {
            match kind.split_once(" after ") {
                Some((kind, after)) => {
                    add(Use::Cleared, kind);
                    add(Use::Needed, after);
                }
                None => add(Use::Cleared, kind),
            }
        }
    }
    named
}

/// The first line that names it, as a value or in a key; 1 when none does.
fn line_of(text: &str, name: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let in_key = |key: &str| {
        key.match_indices(name)
            .any(|(at, _)| !key[..at].ends_with(part) && !key[at + name.len()..].starts_with(part))
    };
    let quoted = [format!("\"{name}\""), format!("'{name}'")];
    let names = |line: &str| {
        let comment = line.trim_start().starts_with('#');
        let key = line.split_once('=').map_or("", |(key, _)| key);
        !comment && (in_key(key) || quoted.iter().any(|quoted| line.contains(quoted)))
    };
    text.lines().position(names).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Category, parse};
    use super::*;

    fn page(head: &str) -> (Rule, String) {
        let text = format!(
            "```toml\nid = \"a\"\nmessage = \"m\"\nseverity = \"high\"\nconfidence = \"high\"\nsince = \"1\"\n{head}\n```\n\n# A\n\nB.\n\n**Instead:** c.\n"
        );
        (parse(Category::Code, "a", &text).unwrap().0, text)
    }

    fn model(tables: &str) -> (Model, String) {
        let text = format!("language = \"python\"\nlibrary = \"acme\"\n{tables}");
        (Model::parse(&text).unwrap(), text)
    }

    fn settled() -> Names {
        let rule = page("[match.taint]\nsource = [\"http\"]\nsink = \"sql\"").0;
        let model = model("[source]\nhttp = [\"a.b\"]\n[sink]\nsql = [\"a.c(0)\"]\n").0;
        Names::of(&RuleSet { rules: vec![rule], models: vec![model] })
    }

    fn said(error: Option<PageError>) -> String {
        error.map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_kind_that_stands_on_one_side_is_refused() {
        for (tables, expected) in [
            ("[sink]\nsql = [\"b.c(0)\"]\n", ""),
            (
                "[sink]\nsqll = [\"b.c(0)\"]\n",
                "line 4: no page reports what reaches a sink of kind `sqll` (did you mean `sql`?)",
            ),
            (
                "[source]\nhtpp = [\"b.c\"]\n",
                "line 4: no page reports data of kind `htpp` (did you mean `http`?)",
            ),
            (
                "[clean]\nany = [\"int()\"]\nsqll = [\"b.c()\"]\n",
                "line 5: no sink is of kind `sqll`, so nothing has to be clean for it (did you mean `sql`?)",
            ),
            ("[guard]\n\"sql after x\" = [\"b.c(0)\"]\n[clean]\nx = [\"b.d()\"]\n", ""),
            ("[guard]\n\"sql after x\" = [\"b.c(0)\"]\n", "line 4: no model says what is clean for `x`"),
        ] {
            let (model, text) = model(tables);
            let mut names = settled();
            names.add_model(&model);
            assert_eq!(said(names.wrong_in_model(&model, &text)), expected, "{tables}");
        }
        for (head, expected) in [
            ("[match.taint]\nsource = [\"http\"]\nsink = \"sql\"", ""),
            (
                "[match.taint]\nsource = [\"http\", \"htp\"]\nsink = \"sql\"",
                "line 8: no model yields data of kind `htp` (did you mean `http`?)",
            ),
            (
                "[match.taint]\nsource = [\"http\"]\nsink = \"quueue\"",
                "line 9: no model has a sink of kind `quueue`",
            ),
            (
                "yields-to = [\"aa\"]\n[match.taint]\nsource = [\"http\"]\nsink = \"sql\"",
                "line 7: there is no rule `aa` to yield to (did you mean `a`?)",
            ),
        ] {
            let (rule, text) = page(head);
            let mut names = settled();
            names.add_rule(&rule);
            assert_eq!(said(names.wrong_in_rule(&rule, &text)), expected, "{head}");
        }
    }

    #[test]
    fn a_team_names_kinds_of_its_own_on_both_sides() {
        let (rule, page) = page("[match.taint]\nsource = [\"queue\"]\nsink = \"ledger\"");
        let (model, text) = model("[source]\nqueue = [\"b.c\"]\n[sink]\nledger = [\"b.d(0)\"]\n");
        let mut names = settled();
        names.add_rule(&rule);
        assert!(names.wrong_in_rule(&rule, &page).is_some());
        names.add_model(&model);
        assert_eq!(names.wrong_in_rule(&rule, &page), None);
        assert_eq!(names.wrong_in_model(&model, &text), None);
    }
}
