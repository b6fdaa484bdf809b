//! OpenVEX: what a team has found out about the advisories on its packages, for those who read it with other programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::artifact::Digest;
use crate::deps::purl_of;
use crate::finding::{Finding, Standing, printable};
use crate::policy::Report;

/// Writes a statement an advisory and standing: what was allowed is "not_affected", with the reason, everything else is
/// "affected", with what to do. `author` and `time` are those of the document.
pub fn write(report: &Report, author: &str, time: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        let Some(advisory) = &finding.advisory else { continue };
        let reason = match &finding.standing {
            Standing::Allowed { reason, .. } => Some(reason.as_str()),
            Standing::New | Standing::Existing => None,
        };
        groups.entry((&advisory.id, reason)).or_default().push(finding);
    }
    let statements: Vec<Value> =
        groups.iter().filter_map(|((_, reason), findings)| statement(findings, *reason)).collect();
    let content = Digest::of(Value::from(statements.clone()).to_string().as_bytes());
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("urn:weft:vex:{content}"),
        "author": printable(author),
        "timestamp": time,
        "version": 1,
        "tooling": concat!("weft ", env!("CARGO_PKG_VERSION")),
        "statements": statements,
    });
    writeln!(out, "{document:#}")
}

fn statement(findings: &[&Finding], reason: Option<&str>) -> Option<Value> {
    let first = findings.first()?;
    let advisory = first.advisory.as_ref()?;
    let mut products: Vec<String> =
        findings.iter().filter_map(|finding| purl_of(finding.advisory.as_ref()?)).collect();
    products.sort();
    products.dedup();
    let products: Vec<Value> =
        products.into_iter().map(|url| json!({ "@id": url, "identifiers": { "purl": url } })).collect();
    let aliases: Vec<String> = advisory.aliases.iter().map(|alias| printable(alias)).collect();
    let mut statement = json!({
        "vulnerability": { "name": printable(&advisory.id), "aliases": aliases },
        "products": products,
        "status": if reason.is_some() { "not_affected" } else { "affected" },
    });
    match reason {
        Some(reason) => statement["impact_statement"] = printable(reason).into(),
        None => statement["action_statement"] = printable(&first.advice).into(),
    }
    Some(statement)
}
