//! CycloneDX: the packages of a project, what needs what, and the advisories on them. The only file that names
//! `cyclonedx_bom`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::models::bom::{Bom, UrnUuid};
use cyclonedx_bom::models::component::{Classification, Component as Part, Components, Scope};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::{Tool, Tools};
use cyclonedx_bom::models::vulnerability::{Vulnerabilities, Vulnerability};
use cyclonedx_bom::models::vulnerability_analysis::{ImpactAnalysisState, VulnerabilityAnalysis};
use cyclonedx_bom::models::vulnerability_rating::{
    Severity as Rated, VulnerabilityRating, VulnerabilityRatings,
};
use cyclonedx_bom::models::vulnerability_target::{VulnerabilityTarget, VulnerabilityTargets};

use crate::artifact::Digest;
use crate::deps::{Component, purl_of};
use crate::finding::{Finding, Severity, Standing, printable};
use crate::policy::Report;

/// Writes the bill of materials as JSON of CycloneDX 1.5. The same project gives the same bytes: its serial number is
/// made of its content.
pub fn write(components: &[Component], report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let bom = Bom {
        serial_number: UrnUuid::new(serial(components)).ok(),
        metadata: Some(Metadata { tools: Some(Tools::List(vec![tool()])), ..Metadata::default() }),
        components: Some(Components(components.iter().map(part).collect())),
        dependencies: Some(Dependencies(components.iter().map(dependency).collect())),
        vulnerabilities: Some(Vulnerabilities(vulnerabilities(report))),
        ..Bom::default()
    };
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json).map_err(|error| io::Error::other(error.to_string()))?;
    json.push(b'\n');
    out.write_all(&json)
}

fn text(text: &str) -> NormalizedString {
    NormalizedString::new(&printable(text))
}

fn tool() -> Tool {
    Tool {
        vendor: None,
        name: Some(text("weft")),
        version: Some(text(env!("CARGO_PKG_VERSION"))),
        hashes: None,
        external_references: None,
    }
}

/// A UUID of version 8, made of the content.
fn serial(components: &[Component]) -> String {
    let urls: Vec<&str> = components.iter().map(|component| component.purl.as_str()).collect();
    let digest = Digest::of(urls.join("\n").as_bytes()).to_string();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default().to_owned();
    format!("urn:uuid:{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

fn part(component: &Component) -> Part {
    let name = printable(&component.name);
    let mut part = Part::new(
        Classification::Library,
        &name,
        &printable(&component.version),
        Some(component.purl.clone()),
    );
    part.purl = component.purl.parse().ok();
    part.scope = Some(if component.only.is_some() { Scope::Optional } else { Scope::Required });
    let place = |(path, line): &(String, u32)| Property {
        name: "weft:locked-at".to_owned(),
        value: text(&format!("{path}:{line}")),
    };
    let only = component.only.map(|only| Property { name: "weft:only-for".to_owned(), value: text(only) });
    part.properties = Some(Properties(component.locked.iter().map(place).chain(only).collect()));
    part
}

fn dependency(component: &Component) -> Dependency {
    Dependency {
        dependency_ref: component.purl.clone(),
        dependencies: component.needs.iter().cloned().collect(),
    }
}

/// One a weakness, with all packages that have it.
fn vulnerabilities(report: &Report) -> Vec<Vulnerability> {
    let mut by_id: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        if let Some(advisory) = &finding.advisory {
            by_id.entry(&advisory.id).or_default().push(finding);
        }
    }
    by_id.into_values().filter_map(|findings| vulnerability(&findings)).collect()
}

fn vulnerability(findings: &[&Finding]) -> Option<Vulnerability> {
    let first = findings.first()?;
    let advisory = first.advisory.as_ref()?;
    let mut vulnerability = Vulnerability::new(None);
    vulnerability.id = Some(text(&advisory.id));
    vulnerability.description = advisory.summary.as_deref().map(printable);
    vulnerability.recommendation = Some(printable(&first.advice));
    let rating = VulnerabilityRating { severity: Some(rated(first.severity)), ..empty_rating() };
    vulnerability.vulnerability_ratings = Some(VulnerabilityRatings(vec![rating]));
    let allowed = findings.iter().find_map(|finding| match &finding.standing {
        Standing::Allowed { reason, by } => Some(format!("{reason} ({by})")),
        Standing::New | Standing::Existing => None,
    });
    let all = findings.iter().all(|finding| matches!(finding.standing, Standing::Allowed { .. }));
    vulnerability.vulnerability_analysis = allowed.filter(|_| all).map(|reason| VulnerabilityAnalysis {
        state: Some(ImpactAnalysisState::NotAffected),
        justification: None,
        responses: None,
        detail: Some(printable(&reason)),
        first_issued: None,
        last_updated: None,
    });
    let mut urls: Vec<String> =
        findings.iter().filter_map(|finding| purl_of(finding.advisory.as_ref()?)).collect();
    urls.sort();
    urls.dedup();
    vulnerability.vulnerability_targets =
        Some(VulnerabilityTargets(urls.into_iter().map(VulnerabilityTarget::new).collect()));
    Some(vulnerability)
}

fn empty_rating() -> VulnerabilityRating {
    VulnerabilityRating {
        vulnerability_source: None,
        score: None,
        severity: None,
        score_method: None,
        vector: None,
        justification: None,
    }
}

fn rated(severity: Severity) -> Rated {
    match severity {
        Severity::Unknown => Rated::Unknown,
        Severity::Low => Rated::Low,
        Severity::Medium => Rated::Medium,
        Severity::High => Rated::High,
        Severity::Critical => Rated::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deps::{Ecosystem, purl};

    fn component(name: &str, needs: &[&str]) -> Component {
        Component {
            ecosystem: "npm",
            name: name.into(),
            version: "1.0.0".into(),
            purl: purl(Ecosystem::Npm, name, "1.0.0"),
            only: (name == "b").then_some("development"),
            locked: vec![("package-lock.json".into(), 7)],
            needs: needs.iter().map(|name| purl(Ecosystem::Npm, name, "1.0.0")).collect(),
        }
    }

    fn written(components: &[Component]) -> String {
        let mut bytes = Vec::new();
        write(components, &Report::default(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_bill_reads_back_and_is_valid() {
        let components = [component("@a/x", &["b"]), component("b", &[])];
        let text = written(&components);
        assert_eq!(text, written(&components));
        let bom = Bom::parse_from_json_v1_5(text.as_bytes()).unwrap();
        let valid = cyclonedx_bom::validation::Validate::validate_version(
            &bom,
            cyclonedx_bom::models::bom::SpecVersion::V1_5,
        );
        assert!(valid.passed(), "{valid:?}");
        let parts = bom.components.unwrap().0;
        assert_eq!(parts[0].purl.as_ref().unwrap().to_string(), "pkg:npm/%40a/x@1.0.0");
        assert_eq!(parts[1].scope, Some(Scope::Optional));
        assert_eq!(bom.dependencies.unwrap().0[0].dependencies, ["pkg:npm/b@1.0.0"]);
    }

    #[test]
    fn hostile_names_are_shown_and_change_nothing_else() {
        let text = written(&[component("a\u{1b}[31m\"\n\u{202e}", &[])]);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        Bom::parse_from_json_v1_5(text.as_bytes()).unwrap();
    }
}
