//! One finding as a SARIF result.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, CodeFlow, Fix, Location, LogicalLocation, Message, PhysicalLocation,
    PropertyBag, Region, Replacement, Result, ResultKind, ResultLevel, Suppression, ThreadFlow,
    ThreadFlowLocation,
};

use super::super::{frame, headline, json::LINE, sentence};
use super::{artifact, bag, literal, text};
use crate::artifact::Digest;
use crate::finding::{self, Confidence, Finding, Level, Severity, Standing, printable};

/// The most steps of a data path; code scanning shows no more than a thousand locations of a result.
const STEPS: usize = 250;

/// The result of a finding. `suppressed`: the run says of each result whether it is.
pub(super) fn of(finding: &Finding, rule_index: Option<usize>, suppressed: bool) -> Result {
    let message = Message {
        text: Some(literal(&headline(finding))),
        id: Some("default".into()),
        arguments: Some(vec![printable(&finding.message)]),
        ..Message::default()
    };
    Result {
        rule_id: Some(printable(&finding.rule)),
        rule_index: rule_index.and_then(|index| i64::try_from(index).ok()),
        kind: Some(ResultKind::Fail),
        level: Some(match finding.level() {
            Level::Error => ResultLevel::Error,
            Level::Warning => ResultLevel::Warning,
            Level::Note => ResultLevel::Note,
        }),
        rank: Some(rank(finding)),
        locations: Some(vec![primary(finding)]),
        partial_fingerprints: Some(fingerprints(finding)),
        code_flows: (!finding.trace.is_empty()).then(|| vec![flow(finding)]),
        fixes: finding.fix.as_ref().map(|fix| vec![fixed(finding, fix)]),
        baseline_state: Some(json!(if finding.standing == Standing::Existing { "unchanged" } else { "new" })),
        suppressions: suppressed.then(|| suppressions(finding)),
        properties: Some(properties(finding)),
        ..Result::builder().message(message).build()
    }
}

/// 0 to 100: gravest and surest first.
fn rank(finding: &Finding) -> f64 {
    let severity = match finding.severity {
        Severity::Critical => 80.0,
        Severity::High => 60.0,
        Severity::Medium | Severity::Unknown => 40.0,
        Severity::Low => 20.0,
    };
    let confidence = match finding.confidence {
        Confidence::High => 20.0,
        Confidence::Medium => 10.0,
        Confidence::Low => 0.0,
    };
    severity + confidence
}

fn primary(finding: &Finding) -> Location {
    let frame = frame::of(finding, LINE);
    let snippet = match &frame.mark {
        Some((index, range)) => {
            frame.lines.get(*index).and_then(|line| line.get(range.clone())).unwrap_or("")
        }
        None => "",
    };
    let lines = frame.lines.len() as i64;
    let around = finding.location.region;
    let (first, last) = (i64::from(frame.first), i64::from(frame.first) + lines - 1);
    let (start, end) = (i64::from(around.start_line), i64::from(around.end_line));
    // The format wants a context that holds the whole region and more; the frame of a long region is cut.
    let wider = first <= start && last >= end && (first < start || last > end);
    let context = wider.then(|| Region {
        start_line: Some(i64::from(frame.first)),
        end_line: Some(i64::from(frame.first) + lines - 1),
        snippet: Some(content(frame.lines.join("\n"))),
        ..Region::default()
    });
    let target = finding.location.target.as_deref().map(|target| {
        let name = printable(target);
        vec![LogicalLocation {
            name: Some(name.clone()),
            fully_qualified_name: Some(name),
            kind: Some("resource".into()),
            ..LogicalLocation::default()
        }]
    });
    let mut region = region(finding.location.region);
    region.snippet = Some(content(snippet.to_owned()));
    Location {
        physical_location: Some(PhysicalLocation {
            artifact_location: Some(artifact(&finding.location.path)),
            region: Some(region),
            context_region: context,
            ..PhysicalLocation::default()
        }),
        logical_locations: target,
        ..Location::default()
    }
}

/// A region that is one: 1-based, and its end not before its start.
fn region(region: finding::Region) -> Region {
    let start = (region.start_line.max(1), region.start_column.max(1));
    let end = (region.end_line.max(1), region.end_column.max(1)).max(start);
    Region {
        start_line: Some(i64::from(start.0)),
        start_column: Some(i64::from(start.1)),
        end_line: Some(i64::from(end.0)),
        end_column: Some(i64::from(end.1)),
        ..Region::default()
    }
}

fn content(text: String) -> ArtifactContent {
    ArtifactContent { text: Some(text), ..ArtifactContent::default() }
}

/// GitHub's hash of the line, and one of our own that needs no line: rule, path, message and package.
fn fingerprints(finding: &Finding) -> BTreeMap<String, String> {
    let mut canonical = Vec::new();
    let package = finding.advisory.as_ref().map(|advisory| [advisory.package.as_str(), &advisory.version]);
    let fields = [finding.rule.as_str(), &finding.location.path, &finding.message];
    for field in fields.into_iter().chain(package.into_iter().flatten()) {
        canonical.extend_from_slice(&(field.len() as u64).to_be_bytes());
        canonical.extend_from_slice(field.as_bytes());
    }
    let mut found = BTreeMap::from([("weft/v1".to_owned(), Digest::of(&canonical).to_string())]);
    if !finding.fingerprint.is_empty() {
        found.insert("primaryLocationLineHash".to_owned(), finding.fingerprint.clone());
    }
    found
}

/// The path that the data took. A long one keeps its source and its sink.
fn flow(finding: &Finding) -> CodeFlow {
    let last = finding.trace.len() - 1;
    let kept = finding.trace.iter().enumerate().filter(|(index, _)| *index < STEPS || *index == last);
    let locations = kept.map(|(index, step)| {
        let mut region = region(step.location.region);
        region.snippet = Some(content(printable(&step.line).chars().take(LINE).collect()));
        ThreadFlowLocation {
            execution_order: i64::try_from(index + 1).ok(),
            importance: Some(json!(if index == 0 || index == last { "essential" } else { "important" })),
            location: Some(Location {
                message: Some(text(&sentence(&step.message))),
                physical_location: Some(PhysicalLocation {
                    artifact_location: Some(artifact(&step.location.path)),
                    region: Some(region),
                    ..PhysicalLocation::default()
                }),
                ..Location::default()
            }),
            ..ThreadFlowLocation::default()
        }
    });
    let thread = ThreadFlow::builder().locations(locations.collect::<Vec<_>>()).build();
    CodeFlow::builder().thread_flows(vec![thread]).build()
}

fn fixed(finding: &Finding, fix: &finding::Fix) -> Fix {
    let lines: Vec<String> = fix.replacement.split('\n').map(printable).collect();
    let replacement = Replacement {
        inserted_content: Some(content(lines.join("\n"))),
        ..Replacement::builder().deleted_region(region(fix.region)).build()
    };
    let change = ArtifactChange::builder()
        .artifact_location(artifact(&finding.location.path))
        .replacements(vec![replacement])
        .build();
    Fix {
        description: Some(text(&sentence(&fix.message))),
        ..Fix::builder().artifact_changes(vec![change]).build()
    }
}

fn suppressions(finding: &Finding) -> Vec<Suppression> {
    let Standing::Allowed { reason, by } = &finding.standing else { return Vec::new() };
    let comment = by.rsplit_once(':').is_some_and(|(path, _)| path == finding.location.path);
    vec![Suppression {
        status: Some(json!("accepted")),
        justification: Some(format!("{} ({})", printable(reason), printable(by))),
        ..Suppression::builder().kind(json!(if comment { "inSource" } else { "external" })).build()
    }]
}

fn properties(finding: &Finding) -> PropertyBag {
    let mut properties = vec![
        ("severity", json!(finding.severity)),
        ("confidence", json!(finding.confidence)),
        ("advice", json!(printable(&finding.advice))),
    ];
    properties.extend(finding.location.target.as_deref().map(|target| ("target", json!(printable(target)))));
    properties.extend(finding.secret.as_ref().map(|secret| ("secret", json!(secret))));
    if let Some(advisory) = &finding.advisory {
        properties.extend([
            ("advisory", json!(printable(&advisory.id))),
            ("package", json!(printable(&advisory.package))),
            ("version", json!(printable(&advisory.version))),
            ("ecosystem", json!(printable(&advisory.ecosystem))),
            ("fixed", json!(advisory.fixed.iter().map(|version| printable(version)).collect::<Vec<_>>())),
            ("aliases", json!(advisory.aliases.iter().map(|alias| printable(alias)).collect::<Vec<_>>())),
        ]);
        let way: Vec<String> = advisory.way.iter().map(|name| printable(name)).collect();
        properties.extend((!way.is_empty()).then(|| ("way", json!(way))));
        let text = |key, text: &Option<String>| text.as_ref().map(|text| (key, json!(printable(text))));
        properties.extend(text("summary", &advisory.summary));
        properties.extend(text("published", &advisory.published));
        let called = |called: &crate::finding::Called| {
            format!("{} at {}:{}", called.function, called.path, called.line)
        };
        properties.extend(advisory.called.as_ref().map(|one| ("called", json!(printable(&called(one))))));
        properties.extend(advisory.due.as_ref().map(|due| ("due", json!(printable(&due.day)))));
        properties.extend(advisory.only.as_ref().map(|only| ("only", json!(printable(only)))));
    }
    bag(Vec::new(), properties)
}
