//! Reads the public rule format of gitleaks and betterleaks, so that a team brings its own rules. What weft does not
//! support of it is told, and left out in the direction of more findings.

mod filter;
mod raw;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Allow, Category, Match, Place, Rule, SecretMatch};
use crate::finding::{Confidence, Severity};
use raw::{Extend, File, OF_RULE, RawAllow, RawRule, TOP};
use syntax::translate;

/// The longest file, in bytes.
pub const LONGEST: usize = 4 << 20;
/// The most rules, those of extended files included.
const RULES: usize = 5000;
/// The longest pattern, in characters.
const PATTERN: usize = 10_000;
/// The most patterns and words of one exception, and keywords of one rule.
const LIST: usize = 20_000;
/// How much text the exceptions of all rules may hold: one for all rules is held once a rule.
const EXCEPTIONS: usize = 64 << 20;
/// How many files may extend one another.
const DEPTH: usize = 3;
/// A note names so many rules.
const NAMED: usize = 5;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Imported {
    /// The rules, in the order of the file. Patterns are translated, not compiled yet.
    pub rules: Vec<Rule>,
    /// What of it weft does not support, one sentence each.
    pub notes: Vec<String>,
}

/// Reads the rules of `text`. `name` is what errors call the file, `read` reads a file that it extends, by its path
/// beside `name`. Errors are sentences that begin with file and line: it is no such file, too large, or a rule of it
/// is incomplete.
pub fn import(
    name: &str,
    text: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Imported, String> {
    let mut files = Files { read, notes: Notes::default() };
    let whole = files.file(name, text, 1)?;
    let mut notes = files.notes;
    let (mut rules, mut held) = (Vec::new(), 0);
    for raw in whole.rules {
        if raw.rule.skip_report {
            notes.add("left out, since they only serve other rules (`skipReport`)", &raw.rule.id);
            continue;
        }
        let rule = raw.rule(&whole.allow, &mut notes)?;
        if let Match::Secret(wanted) = &rule.matcher {
            held += wanted.allow.iter().map(Allow::size).sum::<usize>();
        }
        if held > EXCEPTIONS {
            return Err(format!(
                "{name}: the exceptions hold more than {EXCEPTIONS} bytes: one for all is held once a rule"
            ));
        }
        rules.push(rule);
    }
    Ok(Imported { rules, notes: notes.sentences(name) })
}

impl Allow {
    /// How much text it holds, in bytes.
    fn size(&self) -> usize {
        [&self.paths, &self.regexes, &self.stopwords].into_iter().flatten().map(|text| text.len() + 24).sum()
    }
}

/// What is not supported, with the rules it is about.
#[derive(Default)]
struct Notes {
    about: BTreeMap<String, BTreeSet<String>>,
    plain: BTreeSet<String>,
}

impl Notes {
    fn add(&mut self, what: &str, rule: &str) {
        self.about.entry(what.to_owned()).or_default().insert(rule.to_owned());
    }

    fn sentences(self, name: &str) -> Vec<String> {
        let about = self.about.into_iter().map(|(what, rules)| {
            let mut named: Vec<&str> = rules.iter().take(NAMED).map(String::as_str).collect();
            let more = format!("and {} more", rules.len().saturating_sub(NAMED));
            if rules.len() > NAMED {
                named.push(&more);
            }
            format!("{name}: {}: {what}", named.join(", "))
        });
        about.chain(self.plain.into_iter().map(|what| format!("{name}: {what}"))).collect()
    }
}

/// A rule and where it stands.
#[derive(Clone)]
struct Placed {
    rule: RawRule,
    at: String,
}

/// What a file and those it extends hold together.
#[derive(Default)]
struct Whole {
    rules: Vec<Placed>,
    allow: Vec<Allow>,
}

struct Files<'r> {
    read: &'r mut dyn FnMut(&str) -> Result<String, String>,
    notes: Notes,
}

impl Files<'_> {
    fn file(&mut self, name: &str, text: &str, depth: usize) -> Result<Whole, String> {
        if text.len() > LONGEST {
            return Err(format!("{name}: a file of rules has at most {LONGEST} bytes"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(1, |span| line(span.start));
            format!("{name}:{at}: {}", error.message().replace('\n', "; "))
        })?;
        self.unknown_keys(text);
        if file.rules.len() > RULES {
            return Err(format!("{name}: more than {RULES} rules"));
        }
        // Counting lines from the start for each rule would take time by the square of the file.
        let (mut counted, mut number) = (0, 1);
        let mut whole = Whole::default();
        for rule in file.rules {
            let start = rule.span().start.min(text.len());
            number += text.bytes().take(start).skip(counted).filter(|byte| *byte == b'\n').count();
            counted = counted.max(start);
            let at = format!("{name}:{number}");
            let rule = rule.into_inner();
            if rule.id.is_empty() {
                return Err(format!("{at}: a rule needs an `id`"));
            }
            whole.rules.push(Placed { rule, at });
        }
        for expression in [&file.prefilter, &file.filter].into_iter().filter(|text| !text.trim().is_empty()) {
            let filter = filter::read(expression);
            if !filter.whole || filter.entropy.is_some() {
                self.notes
                    .plain
                    .insert("the filter for all rules is understood in part: more is found".into());
            }
            whole.allow.extend(filter.allow);
        }
        for raw in file.allowlist.iter().chain(&file.allowlists) {
            let allow = self.allow(raw, name)?;
            if raw.target_rules.is_empty() {
                whole.allow.extend(allow);
            }
            for target in &raw.target_rules {
                let Some(rule) = whole.rules.iter_mut().find(|placed| placed.rule.id == *target) else {
                    self.notes.add("not in the file, though an exception targets them", target);
                    continue;
                };
                rule.rule.allowlists.push(RawAllow { target_rules: Vec::new(), ..raw.clone() });
            }
        }
        self.extend(whole, &file.extend, name, depth)
    }

    /// Adds what the extended file holds; of two rules with one id what this file says counts.
    fn extend(
        &mut self,
        mut whole: Whole,
        extend: &Extend,
        name: &str,
        depth: usize,
    ) -> Result<Whole, String> {
        if extend.use_default {
            self.notes
                .plain
                .insert("`useDefault`: weft's own rules take the place of the default ones".into());
            for id in &extend.disabled_rules {
                self.notes.add(
                    "not switched off (`disabledRules`): [levels] of weft.toml does it for weft's own rules",
                    id,
                );
            }
            let changes = |placed: &Placed| placed.rule.regex.is_empty() && placed.rule.path.is_empty();
            for placed in whole.rules.iter().filter(|placed| changes(placed)) {
                self.notes.add("left out, since they only change a default rule", &placed.rule.id);
            }
            whole.rules.retain(|placed| !changes(placed));
        }
        if !extend.url.is_empty() {
            self.notes.plain.insert("`extend.url` is not followed: weft uses no network".into());
        }
        if extend.path.is_empty() {
            return Ok(whole);
        }
        if depth == DEPTH {
            return Err(format!("{name}: more than {DEPTH} files extend one another"));
        }
        let path = Path::new(name).parent().unwrap_or(Path::new("")).join(&extend.path).display().to_string();
        let text = (self.read)(&path)
            .map_err(|why| format!("{name}: cannot read {}, which it extends: {why}", extend.path))?;
        let base = self.file(&path, &text, depth + 1)?;
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (index, placed) in whole.rules.iter().enumerate() {
            places.entry(placed.rule.id.clone()).or_insert(index);
        }
        for placed in base.rules.into_iter().filter(|placed| !extend.disabled_rules.contains(&placed.rule.id))
        {
            match places.get(&placed.rule.id).and_then(|index| whole.rules.get_mut(*index)) {
                Some(ours) => ours.rule.over(placed.rule),
                None => whole.rules.push(placed),
            }
        }
        if whole.rules.len() > RULES {
            return Err(format!("{name}: more than {RULES} rules, with those of the files it extends"));
        }
        whole.allow.extend(base.allow);
        Ok(whole)
    }

    fn allow(&mut self, raw: &RawAllow, at: &str) -> Result<Option<Allow>, String> {
        if !raw.commits.is_empty() {
            self.notes.plain.insert("`commits` of an allowlist are not looked at: more is found".into());
        }
        raw.allow(at)
    }

    /// Notes what the format does not have, so that a slip of the pen is no silent hole.
    fn unknown_keys(&mut self, text: &str) {
        let Ok(table) = text.parse::<toml::Table>() else { return };
        let mut unknown = |keys: &toml::Table, known: &[&str]| {
            for key in keys
                .keys()
                .filter(|key| !known.iter().any(|known| known.eq_ignore_ascii_case(key)))
                .take(NAMED)
            {
                self.notes.plain.insert(format!("unknown key `{key}` is ignored"));
            }
        };
        unknown(&table, TOP);
        let rules = table.get("rules").and_then(toml::Value::as_array);
        for rule in rules.into_iter().flatten().filter_map(toml::Value::as_table) {
            unknown(rule, OF_RULE);
        }
    }
}

impl Placed {
    fn rule(&self, all: &[Allow], notes: &mut Notes) -> Result<Rule, String> {
        let (raw, id) = (&self.rule, &self.rule.id);
        let wrong = |what: &str| format!("{}: rule {id}: {what}", self.at);
        if raw.regex.is_empty() && raw.path.is_empty() {
            return Err(wrong("it needs a `regex` or a `path`"));
        }
        if [&raw.regex, &raw.path].iter().any(|pattern| pattern.chars().count() > PATTERN) {
            return Err(wrong(&format!("a pattern has at most {PATTERN} characters")));
        }
        if raw.keywords.len() > LIST || raw.keywords.iter().any(|word| word.len() > PATTERN) {
            return Err(wrong(&format!(
                "it has more than {LIST} keywords, or one of more than {PATTERN} bytes"
            )));
        }
        if raw.allowlist.is_some() && !raw.allowlists.is_empty() {
            return Err(wrong("`allowlist` and `allowlists` do not go together"));
        }
        let mut allow = Vec::new();
        for list in raw.allowlist.iter().chain(&raw.allowlists) {
            if !list.commits.is_empty() {
                notes.add("without their excepted `commits`, so more is found", id);
            }
            allow.extend(list.allow(&self.at)?);
        }
        let filter = filter::read(&raw.filter);
        allow.extend(filter.allow);
        allow.extend(all.iter().cloned());
        for (there, what) in [
            (!filter.whole, "with a `filter` that is understood in part, so more is found"),
            (raw.required.is_some(), "counted alone, without the rules they name as `required`"),
            (raw.validate.is_some(), "not validated (`validate`), since weft uses no network"),
            (raw.token_efficiency, "without their `tokenEfficiency` test, so more is found"),
        ] {
            if there {
                notes.add(what, id);
            }
        }
        let least = Some(raw.entropy).filter(|least| *least > 0.0 && least.is_finite());
        let wanted = SecretMatch {
            assigned: false,
            keywords: raw
                .keywords
                .iter()
                .filter(|word| !word.is_empty())
                .map(|word| word.to_lowercase())
                .collect(),
            regex: translate(&raw.regex),
            entropy: least.into_iter().chain(filter.entropy).reduce(f32::max),
            validate: Vec::new(),
            context: Vec::new(),
            path: (!raw.path.is_empty()).then(|| translate(&raw.path)),
            allow,
            group: (raw.secret_group > 0).then_some(raw.secret_group),
            imported: Some(self.at.clone()),
        };
        Ok(page(id, &raw.description, wanted))
    }
}

/// The page that an imported rule does not have.
fn page(id: &str, description: &str, wanted: SecretMatch) -> Rule {
    let clean = |text: &str| -> String {
        let text = crate::finding::printable(text).replace(['{', '}', '\n'], " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(2000).collect()
    };
    let id = kebab(id);
    let title = id.replace('-', " ");
    let meaning = clean(description);
    // A report says the message and the length behind it: the first clause is enough.
    let clause = meaning.split([',', ';']).next().unwrap_or("").split(". ").next().unwrap_or("");
    let clause: String = clause.trim().trim_end_matches('.').chars().take(100).collect();
    let message = if clause.is_empty() { title.clone() } else { clause };
    let meaning = if meaning.is_empty() { format!("An imported rule, {title}.") } else { meaning };
    let advice =
        "read the value from the environment or a secret store, and change any that was ever written down.";
    Rule {
        prose: format!("# {title}\n\n{meaning}\n\n**Instead:** {advice}\n"),
        id,
        category: Category::Secrets,
        message,
        severity: Severity::High,
        confidence: Confidence::Medium,
        cwe: vec![798],
        since: String::new(),
        fix: None,
        references: Vec::new(),
        yields_to: Vec::new(),
        matcher: Match::Secret(wanted),
        queries: BTreeMap::new(),
        title,
        meaning,
        advice: advice.to_owned(),
        place: Place::default(),
    }
}

/// The id in small letters, digits and single hyphens.
fn kebab(id: &str) -> String {
    let mut out = String::new();
    for character in id.chars().take(80) {
        match character.to_ascii_lowercase() {
            character if character.is_ascii_alphanumeric() => out.push(character),
            _ if out.is_empty() || out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    let kebab = out.trim_end_matches('-');
    if kebab.is_empty() { "rule".to_owned() } else { kebab.to_owned() }
}

impl super::RuleSet {
    /// Adds an imported rule under its id, or a free one near it: `imported-x` beside a rule of weft's own, `x-2` beside
    /// another of the file. Returns the id.
    pub fn add_imported(&mut self, mut rule: Rule) -> String {
        let imported =
            |rule: &Rule| matches!(&rule.matcher, Match::Secret(wanted) if wanted.imported.is_some());
        if self.get(&rule.id).is_some_and(|other| !imported(other)) {
            rule.id = format!("imported-{}", rule.id);
        }
        let (id, mut number) = (rule.id.clone(), 1);
        while self.get(&rule.id).is_some() {
            number += 1;
            rule.id = format!("{id}-{number}");
        }
        let id = rule.id.clone();
        self.add(rule);
        id
    }
}

#[cfg(test)]
mod tests;
