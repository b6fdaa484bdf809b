//! SARIF 2.1.0, as GitHub's code scanning and everyone else reads it.

mod result;
mod rules;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, Message, Notification, PhysicalLocation, PropertyBag,
    ReportingDescriptorReference, Run, RunAutomationDetails, Tool, ToolComponent, VersionControlDetails,
};

use super::json::serialize;
use super::{Context, HOME, frame, is_allowed, sentence, stopped, uri};
use crate::error::Exit;
use crate::finding::{Finding, Note, NoteKind, printable};
use crate::policy::Report;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name that every path is relative to.
const ROOT: &str = "SRCROOT";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunWith<'a>; 1],
}

/// A run whose results are made one after the other as they are written.
#[derive(Serialize)]
struct RunWith<'a> {
    #[serde(flatten)]
    head: Map<String, Value>,
    #[serde(serialize_with = "results")]
    results: Results<'a>,
}

struct Results<'a> {
    findings: Vec<&'a Finding>,
    indices: BTreeMap<&'a str, usize>,
    suppressed: bool,
}

fn results<S: Serializer>(results: &Results<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(results.findings.iter().map(|finding| {
        let index = results.indices.get(finding.rule.as_str()).copied();
        result::of(finding, index, results.suppressed)
    }))
}

/// Writes the log.
pub(super) fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (findings, left_out) = chosen(report, context);
    let mut used: BTreeSet<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    if used.is_empty() {
        // A log without results still says what was looked for.
        used.extend(context.rules.rules.iter().map(|rule| rule.id.as_str()));
    }
    let indices: BTreeMap<&str, usize> =
        used.iter().enumerate().map(|(index, rule)| (*rule, index)).collect();
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    let mut descriptors = Vec::with_capacity(used.len());
    for rule in &used {
        let of_rule: Vec<&Finding> =
            findings.iter().filter(|finding| finding.rule == *rule).copied().collect();
        descriptors.push(rules::of(rule, &of_rule, context.rules)?);
    }
    let mut head = match serde_json::to_value(run(report, context, &findings, left_out))? {
        Value::Object(head) => head,
        _ => Map::new(),
    };
    // serde-sarif leaves out what maps names to objects: messageStrings and originalUriBaseIds.
    head["tool"]["driver"]["rules"] = Value::Array(descriptors);
    head.insert("originalUriBaseIds".into(), json!({ ROOT: root(context) }));
    let results = Results { findings, indices, suppressed: context.include_suppressed };
    serialize(&Log { schema: SCHEMA, version: "2.1.0", runs: [RunWith { head, results }] }, out)
}

/// The findings that are written, in the order of reports, and how many a limit left out: the gravest and surest stay.
fn chosen<'a>(report: &'a Report, context: &Context<'_>) -> (Vec<&'a Finding>, usize) {
    let mut findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| context.include_suppressed || !is_allowed(finding)).collect();
    let limit = context.max_results.unwrap_or(usize::MAX);
    let left_out = findings.len().saturating_sub(limit);
    if left_out > 0 {
        findings.sort_by(|one, other| {
            let rank = |finding: &Finding| Reverse((finding.severity, finding.confidence));
            rank(one)
                .cmp(&rank(other))
                .then_with(|| one.fingerprint.cmp(&other.fingerprint))
                .then_with(|| one.order().cmp(&other.order()))
        });
        findings.truncate(limit);
        findings.sort_by(|one, other| one.order().cmp(&other.order()));
    }
    (findings, left_out)
}

/// Everything of the run but its results and rules.
fn run(report: &Report, context: &Context<'_>, findings: &[&Finding], left_out: usize) -> Run {
    let driver = ToolComponent {
        full_name: Some("weft, the gate between AI coding agents and a team's git history".into()),
        organization: Some("weft".into()),
        semantic_version: Some(context.version.to_owned()),
        version: Some(context.version.to_owned()),
        information_uri: Some(HOME.to_owned()),
        notifications: Some(rules::notifications()),
        ..ToolComponent::builder().name("weft").build()
    };
    let tokens: BTreeSet<String> = findings.iter().flat_map(|finding| tokens(finding)).take(1000).collect();
    Run {
        invocations: Some(vec![invocation(report, context, left_out)]),
        automation_details: Some(RunAutomationDetails {
            id: Some(automation(context)),
            ..RunAutomationDetails::default()
        }),
        version_control_provenance: provenance(context).map(|one| vec![one]),
        column_kind: Some(json!("utf16CodeUnits")),
        redaction_tokens: (!tokens.is_empty()).then(|| tokens.into_iter().collect()),
        ..Run::builder().tool(Tool::builder().driver(driver).build()).build()
    }
}

fn tokens(finding: &Finding) -> Vec<String> {
    let lines = finding.frame.1.iter().chain(finding.trace.iter().map(|step| &step.line));
    lines.flat_map(|line| frame::placeholders(line)).map(|(_, token)| token.to_owned()).collect()
}

/// `category/run`: what stands before the last slash is GitHub's category.
fn automation(context: &Context<'_>) -> String {
    let category = printable(context.category.as_deref().unwrap_or("weft"));
    let run = context.source.commit.as_deref().or(context.source.started.as_deref()).unwrap_or("scan");
    format!("{}/{}", category.trim_end_matches('/'), printable(run))
}

fn root(context: &Context<'_>) -> Value {
    let description = json!({ "text": "The folder that the scan started from." });
    match &context.source.root {
        Some(root) => json!({ "uri": uri::of_folder(root), "description": description }),
        None => json!({ "description": description }),
    }
}

fn provenance(context: &Context<'_>) -> Option<VersionControlDetails> {
    let source = &context.source;
    // A repository without a remote is known by where it lies.
    let folder = source.commit.as_ref().and(source.root.as_deref()).map(uri::of_folder);
    let repository = source.repository.clone().or(folder)?;
    Some(VersionControlDetails {
        revision_id: source.commit.clone(),
        branch: source.branch.as_deref().map(printable),
        mapped_to: Some(ArtifactLocation { uri_base_id: Some(ROOT.into()), ..ArtifactLocation::default() }),
        ..VersionControlDetails::builder().repository_uri(repository).build()
    })
}

fn invocation(report: &Report, context: &Context<'_>, left_out: usize) -> Invocation {
    let mut notifications: Vec<Notification> = report.notes.iter().map(notification).collect();
    if left_out > 0 {
        let kept = context.max_results.unwrap_or_default();
        let message = format!(
            "{left_out} results are left out because of the limit of {kept}; the gravest and surest are kept, in the \
             order of severity, precision and fingerprint"
        );
        notifications.push(notification(&Note::new(NoteKind::Info, "", message)));
    }
    let exit = report.exit();
    Invocation {
        exit_code: Some(i64::from(exit.code())),
        exit_code_description: Some(sentence(&report.verdict)),
        start_time_utc: context.source.started.clone(),
        working_directory: context
            .source
            .root
            .as_deref()
            .map(|root| ArtifactLocation { uri: Some(uri::of_folder(root)), ..ArtifactLocation::default() }),
        tool_execution_notifications: (!notifications.is_empty()).then_some(notifications),
        ..Invocation::builder().execution_successful(!matches!(exit, Exit::Bug | Exit::Usage)).build()
    }
}

fn notification(note: &Note) -> Notification {
    let (index, id, level) = rules::notification_of(note.kind);
    let message = if note.path.is_empty() {
        sentence(&note.message)
    } else {
        format!("The file '{}': {}", printable(&note.path), stopped(&note.message))
    };
    Notification {
        level: Some(json!(level)),
        descriptor: Some(ReportingDescriptorReference {
            id: Some(id.into()),
            index: Some(index),
            ..ReportingDescriptorReference::default()
        }),
        locations: (!note.path.is_empty())
            .then(|| vec![Location { physical_location: Some(physical(&note.path)), ..Location::default() }]),
        ..Notification::builder().message(text(&message)).build()
    }
}

fn physical(path: &str) -> PhysicalLocation {
    PhysicalLocation { artifact_location: Some(artifact(path)), ..PhysicalLocation::default() }
}

fn artifact(path: &str) -> ArtifactLocation {
    let uri = uri::of_path(path);
    let base = (!uri.starts_with("file:")).then(|| ROOT.to_owned());
    ArtifactLocation { uri: Some(uri), uri_base_id: base, ..ArtifactLocation::default() }
}

/// A message of plain text: nothing in it is a link or a placeholder.
fn text(sentence: &str) -> Message {
    Message { text: Some(literal(sentence)), ..Message::default() }
}

/// Escapes what SARIF gives a meaning: `[text](1)` is a link, `{0}` a placeholder.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let digits = |rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            end > 0 && rest[end..].starts_with('}')
        };
        match character {
            '[' | ']' | '\\' => out.extend(['\\', character]),
            '{' if digits(&text[at + 1..]) => out.push_str("{{"),
            _ => out.push(character),
        }
    }
    out
}

/// A bag of properties.
fn bag(tags: Vec<String>, properties: impl IntoIterator<Item = (&'static str, Value)>) -> PropertyBag {
    PropertyBag {
        tags: (!tags.is_empty()).then_some(tags),
        additional_properties: properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}
