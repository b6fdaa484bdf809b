//! Rules and notifications as SARIF describes them: what they mean, how bad, how sure, where to read on.

use serde_json::{Value, json};
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
};

use super::super::{HOME, sentence};
use super::bag;
use crate::finding::{Advisory, Confidence, Finding, Level, NoteKind, Severity, printable};
use crate::rule::{Rule, RuleSet};

/// The rule whose page stands for every advisory.
const ADVISORY: &str = "vulnerable-dependency";

/// The descriptor of the rule `id`, of which the run has `findings`.
pub(super) fn of(id: &str, findings: &[&Finding], rules: &RuleSet) -> serde_json::Result<Value> {
    let advisory = findings.iter().find_map(|finding| finding.advisory.as_ref());
    let page = rules.get(id).or_else(|| advisory.and_then(|_| rules.get(ADVISORY)));
    let words = words(id, findings, page, advisory);
    let mut descriptor = serde_json::to_value(ReportingDescriptor {
        name: Some(name(id)),
        short_description: Some(plain(words.short)),
        full_description: Some(plain(words.full)),
        help: Some(MultiformatMessageString { markdown: Some(words.markdown), ..plain(words.help) }),
        help_uri: Some(page.map_or_else(|| HOME.to_owned(), help_uri)),
        default_configuration: Some(ReportingConfiguration {
            level: Some(json!(level(gravest(findings, page)))),
            ..ReportingConfiguration::default()
        }),
        properties: Some(properties(findings, page, advisory)),
        ..ReportingDescriptor::builder().id(printable(id)).build()
    })?;
    let template = format!("{}: '{{0}}'.", words.title.trim_end_matches('.').replace(['{', '}'], ""));
    descriptor["messageStrings"] = json!({ "default": { "text": template } });
    Ok(descriptor)
}

struct Words {
    title: String,
    short: String,
    full: String,
    help: String,
    markdown: String,
}

fn words(id: &str, findings: &[&Finding], page: Option<&Rule>, advisory: Option<&Advisory>) -> Words {
    let id = printable(id);
    let message = findings.first().map_or(id.clone(), |finding| printable(&finding.message));
    let meaning = page.map_or_else(|| sentence(&message), |page| paragraphs(&page.meaning));
    // What to do about an advisory depends on the package; what to do about a weakness is on its page.
    let advice = match (advisory, page) {
        (None, Some(page)) => sentence(&page.advice),
        _ => findings.first().map(|finding| sentence(&finding.advice)).unwrap_or_default(),
    };
    let title = match advisory {
        Some(advisory) => format!("{id} in {}", printable(&advisory.package)),
        None => page.map_or_else(|| id.clone(), |page| printable(&page.title)),
    };
    let facts = advisory.map(facts).unwrap_or_default();
    let full = match advisory {
        Some(_) => facts.clone(),
        None => sentence(&meaning.split("\n\n").next().unwrap_or(&meaning).replace('\n', " ")),
    };
    let references: String = page
        .iter()
        .flat_map(|page| &page.references)
        .map(|link| format!("\n- <{}>", printable(link)))
        .collect();
    let references =
        if references.is_empty() { references } else { format!("\n\nReferences:\n{references}") };
    let said = if facts.is_empty() { String::new() } else { format!("{facts}\n\n") };
    Words {
        short: sentence(&title),
        help: format!("{said}{}\n\nInstead: {advice}", sentence_end(&meaning)),
        markdown: format!("# {title}\n\n{said}{meaning}\n\n**Instead:** {advice}{references}"),
        full,
        title,
    }
}

fn facts(advisory: &Advisory) -> String {
    let list = |items: &[String]| items.iter().map(|item| printable(item)).collect::<Vec<_>>().join(", ");
    let fixed = match advisory.fixed.as_slice() {
        [] => "No fixed version is known".to_owned(),
        versions => format!("Fixed in {}", list(versions)),
    };
    let aliases = match advisory.aliases.as_slice() {
        [] => String::new(),
        aliases => format!(" Also known as {}.", list(aliases)),
    };
    let what = match advisory.informational.as_deref() {
        None => "vulnerable",
        Some("notice") => "the subject of a notice",
        Some(other) => other,
    };
    format!(
        "{} {} ({}) is {} according to {}. {fixed}.{aliases}",
        printable(&advisory.package),
        printable(&advisory.version),
        printable(&advisory.ecosystem),
        printable(what),
        printable(&advisory.id)
    )
}

/// Prose whose lines are joined and whose paragraphs stay, cleaned.
fn paragraphs(text: &str) -> String {
    let joined = |part: &str| printable(&part.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    text.split("\n\n").map(joined).collect::<Vec<_>>().join("\n\n")
}

fn sentence_end(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn properties(findings: &[&Finding], page: Option<&Rule>, advisory: Option<&Advisory>) -> PropertyBag {
    let severity = gravest(findings, page);
    let confidence = findings.iter().map(|finding| finding.confidence).max();
    let confidence = confidence.or(page.map(|page| page.confidence)).unwrap_or(Confidence::Low);
    let mut tags = vec!["security".to_owned()];
    tags.extend(page.map(|page| page.category.name().to_owned()));
    let cwe = findings.first().map(|finding| &finding.cwe).or(page.map(|page| &page.cwe));
    tags.extend(cwe.into_iter().flatten().take(10).map(|number| format!("external/cwe/cwe-{number:03}")));
    if let Some(what) = advisory.and_then(|advisory| advisory.informational.as_deref()) {
        tags.push(printable(what));
    }
    let mut properties = vec![
        ("precision", json!(precision(confidence))),
        ("problem.severity", json!(problem(severity))),
        ("security-severity", json!(score(severity))),
    ];
    properties.extend(page.map(|page| ("since", json!(page.since))));
    bag(tags, properties)
}

/// GitHub shows what is grave in a rule; merge rules read it.
fn gravest(findings: &[&Finding], page: Option<&Rule>) -> Severity {
    // A severity nobody knows is shown as medium, never as low.
    let known = |severity| if severity == Severity::Unknown { Severity::Medium } else { severity };
    let found = findings.iter().map(|finding| finding.severity).max();
    known(found.or(page.map(|page| page.severity)).unwrap_or(Severity::Unknown))
}

fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium | Severity::Unknown => "5.5",
        Severity::Low => "2.0",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low => "recommendation",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium | Severity::Unknown => Level::Warning,
        Severity::Low => Level::Note,
    }
}

/// `command-injection` as `CommandInjection`.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
    };
    id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).map(word).collect()
}

/// The name of a rule. The validator wants one that differs from the id in more than case, which the name of an id of
/// one word does not.
fn name(id: &str) -> String {
    let name = pascal(id);
    if name.eq_ignore_ascii_case(id) { format!("{name}Finding") } else { name }
}

/// The rule's page in the public repository.
fn help_uri(page: &Rule) -> String {
    format!("{HOME}/blob/main/rules/{}/{}.md", page.category.name(), page.id)
}

fn plain(text: String) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

/// Index, id and level of the notification for a kind of note.
pub(super) fn notification_of(kind: NoteKind) -> (i64, &'static str, &'static str) {
    match kind {
        NoteKind::NotChecked => (0, "not-checked", "error"),
        NoteKind::Partial => (1, "checked-in-part", "warning"),
        NoteKind::Unsupported => (2, "not-supported", "note"),
        NoteKind::Info => (3, "run-fact", "note"),
    }
}

/// The notifications that a run may have.
pub(super) fn notifications() -> Vec<ReportingDescriptor> {
    let kinds = [
        (
            NoteKind::NotChecked,
            "Something could not be checked.",
            "weft supports it, but could not read or analyse it, so the verdict is incomplete.",
        ),
        (
            NoteKind::Partial,
            "Something was checked only in part.",
            "A syntax error or a limit kept weft from seeing all of it, so the verdict is incomplete.",
        ),
        (
            NoteKind::Unsupported,
            "Something is not supported.",
            "weft does not know this kind of content and did not look inside.",
        ),
        (
            NoteKind::Info,
            "Something the reader should know.",
            "A fact about the run: the age of its data, a limit, an allowance that does not count.",
        ),
    ];
    let descriptor = |(kind, short, full): (NoteKind, &str, &str)| {
        let (_, id, level) = notification_of(kind);
        ReportingDescriptor {
            name: Some(pascal(id)),
            short_description: Some(plain(short.into())),
            full_description: Some(plain(full.into())),
            help: Some(plain(full.into())),
            help_uri: Some(format!("{HOME}/blob/main/src/report/README.md")),
            default_configuration: Some(ReportingConfiguration {
                level: Some(json!(level)),
                ..ReportingConfiguration::default()
            }),
            ..ReportingDescriptor::builder().id(id).build()
        }
    };
    kinds.into_iter().map(descriptor).collect()
}
