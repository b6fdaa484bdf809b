//! `weft explain`: a rule's page, for a terminal.

use std::path::PathBuf;

use weft::built_in_rules;
use weft::error::{Error, ErrorKind, Exit, Result};
use weft::rule::RuleSet;

use super::world::World;
use super::{output, print};

/// Prints a rule's page: what it means, what to do instead, what fires and what does not. Of a rule that follows data
/// also what the models know: where data comes from, where it must not go, and what makes it clean.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The rule's id, for example command-injection
    #[arg(value_name = "RULE")]
    rule: String,
    /// Your own rules beside the built-in ones: a folder of pages and models, or a FILE.toml in gitleaks' format
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    let mut rules = built_in_rules();
    if let Some(folder) = &arguments.rules {
        super::rules::load(folder, &mut rules)?;
    }
    let rule = rules.get(&arguments.rule).ok_or_else(|| unknown(&arguments.rule, &rules))?;
    print(weft::report::page::terminal(rule, &rules, output::color(world), world.width).as_bytes())?;
    Ok(Exit::Passed)
}

/// An error that offers the ids one may have meant.
fn unknown(asked: &str, rules: &RuleSet) -> Error {
    let error = Error::new(ErrorKind::Usage, format!("there is no rule \"{asked}\""));
    let mut near: Vec<&str> = rules
        .rules
        .iter()
        .map(|rule| rule.id.as_str())
        .filter(|id| asked.split('-').any(|word| word.len() > 2 && id.contains(word)))
        .collect();
    let asked_for: String = asked.chars().take(64).collect();
    near.sort_by_key(|id| (strsim::levenshtein(&asked_for, id), *id));
    near.truncate(5);
    if ["RUSTSEC-", "GHSA-", "PYSEC-", "CVE-", "GO-"].iter().any(|prefix| asked.starts_with(prefix)) {
        return error
            .hint("that is an advisory: `weft explain vulnerable-dependency` says what weft does with them");
    }
    if near.is_empty() {
        error.hint("`weft rules` lists them all")
    } else {
        error.hint(format!("did you mean {}?", near.join(", ")))
    }
}
