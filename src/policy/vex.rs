//! OpenVEX documents that the settings list: what somebody found out about advisories counts as an allowance with their
//! reason.

use serde::Deserialize;

use crate::deps::purl_of;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Advisory, Finding, Standing, printable};

/// The most statements of one document.
const MOST: usize = 100_000;

/// A statement that a weakness does not matter for some packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The weakness, by all its names.
    ids: Vec<String>,
    /// Package URLs, with or without a version; none: whatever the package is.
    packages: Vec<String>,
    /// Why it does not matter; nothing where it does.
    reason: Option<String>,
    /// The document and the number of the statement: "app.openvex.json, statement 3".
    by: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    statements: Vec<Read>,
}

#[derive(Deserialize)]
struct Read {
    vulnerability: Vulnerability,
    status: String,
    #[serde(default)]
    products: Vec<Product>,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    impact_statement: Option<String>,
}

/// In the first versions of OpenVEX a name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Vulnerability {
    Name(String),
    Named {
        #[serde(rename = "@id", default)]
        id: Option<String>,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Product {
    Name(String),
    Named {
        #[serde(rename = "@id", default)]
        id: Option<String>,
        #[serde(default)]
        identifiers: Identifiers,
        #[serde(default)]
        subcomponents: Vec<Product>,
    },
}

#[derive(Default, Deserialize)]
struct Identifiers {
    #[serde(default)]
    purl: Option<String>,
}

/// Reads a document: its statements about packages that lockfiles hold. `name` is what errors and reports call it. Errors: it
/// is no OpenVEX document.
pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Statement>> {
    let wrong = |what: String| {
        Error::new(ErrorKind::Settings, format!("{}: {what}", printable(name)))
            .hint("list OpenVEX documents under `[deps] vex`, or take this one out")
    };
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| wrong(format!("line {}: it is no JSON", error.line())).because(error))?;
    let context = value.get("@context").and_then(|context| context.as_str()).unwrap_or_default();
    if !context.starts_with("https://openvex.dev/ns") {
        return Err(wrong("it is no OpenVEX document".into()));
    }
    let document = Document::deserialize(value)
        .map_err(|error| wrong("a statement cannot be read".into()).because(error))?;
    if document.statements.len() > MOST {
        return Err(wrong(format!("it has more than {MOST} statements")));
    }
    let numbered = document.statements.into_iter().enumerate();
    Ok(numbered.filter_map(|(index, read)| statement(name, index, read)).collect())
}

fn statement(name: &str, index: usize, read: Read) -> Option<Statement> {
    let counts = matches!(read.status.as_str(), "not_affected" | "fixed");
    let ids = match read.vulnerability {
        Vulnerability::Name(name) => vec![name],
        Vulnerability::Named { id, name, aliases } => {
            // An address that ends in the id is one way to write it.
            let last = id.and_then(|id| id.rsplit(['/', ':']).next().map(str::to_owned));
            name.into_iter().chain(aliases).chain(last).collect()
        }
    };
    let mut packages = Vec::new();
    for product in &read.products {
        product.packages(&mut packages);
    }
    if packages.is_empty() && !read.products.is_empty() {
        // It is about other things than packages that a lockfile holds.
        return None;
    }
    let said = read.impact_statement.or(read.justification).unwrap_or_else(|| read.status.clone());
    let by = format!("{name}, statement {}", index + 1);
    Some(Statement { ids, packages, reason: counts.then_some(said), by })
}

impl Product {
    /// The packages that it is, or that of it the statement is about.
    fn packages(&self, packages: &mut Vec<String>) {
        match self {
            Product::Name(name) => packages.extend(package(name)),
            Product::Named { id, identifiers, subcomponents } if subcomponents.is_empty() => {
                packages.extend(identifiers.purl.as_deref().or(id.as_deref()).and_then(package));
            }
            Product::Named { subcomponents, .. } => {
                for part in subcomponents {
                    if let Product::Named { id, identifiers, .. } = part {
                        packages.extend(identifiers.purl.as_deref().or(id.as_deref()).and_then(package));
                    } else {
                        part.packages(packages);
                    }
                }
            }
        }
    }
}

/// A package URL of a kind that lockfiles hold, without qualifiers. What is none names what is built of the packages.
fn package(text: &str) -> Option<String> {
    const KINDS: &[&str] = &["cargo", "pypi", "npm", "golang", "gem", "composer", "maven", "nuget"];
    let rest = text.strip_prefix("pkg:")?;
    let (kind, _) = rest.split_once('/')?;
    let plain = text.split(['?', '#']).next().unwrap_or(text);
    KINDS.contains(&kind).then(|| plain.replace("/@", "/%40"))
}

impl Statement {
    fn covers(&self, advisory: &Advisory, purl: &str) -> bool {
        let named = |id: &String| self.ids.contains(id);
        let (without, _) = purl.rsplit_once('@').unwrap_or((purl, ""));
        (named(&advisory.id) || advisory.aliases.iter().any(named))
            && (self.packages.is_empty()
                || self.packages.iter().any(|package| package == purl || package == without))
    }
}

/// Allows the advisories that a statement is about.
pub(super) fn apply(findings: &mut [Finding], statements: &[Statement]) {
    if statements.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| !matches!(finding.standing, Standing::Allowed { .. }))
    {
        let Some(advisory) = &finding.advisory else { continue };
        let Some(purl) = purl_of(advisory) else { continue };
        // The last word counts, and none makes an attack harmless.
        let last = statements.iter().rfind(|statement| statement.covers(advisory, &purl));
        let reason = last.and_then(|statement| Some((statement.reason.clone()?, statement.by.clone())));
        if let Some((reason, by)) = reason.filter(|_| !super::current::malicious(advisory)) {
            finding.standing = Standing::Allowed { reason, by };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statements: &str) -> String {
        format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "statements": [{statements}]}}"#
        )
    }

    fn advisory() -> Advisory {
        serde_json::from_value(serde_json::json!({
            "id": "GHSA-2222-3333-4444", "aliases": ["CVE-2026-0001"], "ecosystem": "npm",
            "package": "@a/b", "version": "1.0.0", "fixed": [],
        }))
        .unwrap()
    }

    fn covers(statement: &str) -> bool {
        let read = read("x.json", document(statement).as_bytes()).unwrap();
        let last = read.iter().rfind(|one| one.covers(&advisory(), "pkg:npm/%40a/b@1.0.0"));
        last.is_some_and(|one| one.reason.is_some())
    }

    #[test]
    fn what_does_not_matter_is_allowed() {
        for statement in [
            r#"{"vulnerability": {"name": "CVE-2026-0001"}, "status": "not_affected", "products": [{"@id": "pkg:npm/%40a/b@1.0.0"}]}"#,
            r#"{"vulnerability": {"name": "X", "aliases": ["CVE-2026-0001"]}, "status": "fixed", "products": [{"@id": "pkg:npm/@a/b"}]}"#,
            r#"{"vulnerability": {"@id": "https://example.com/CVE-2026-0001"}, "status": "not_affected"}"#,
            r#"{"vulnerability": "GHSA-2222-3333-4444", "status": "not_affected", "products": ["pkg:npm/%40a/b?x=y"]}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected", "products": [{"@id": "pkg:oci/app",
                "subcomponents": [{"identifiers": {"purl": "pkg:npm/%40a/b@1.0.0"}}]}]}"#,
        ] {
            assert!(covers(statement), "{statement}");
        }
        for statement in [
            r#"{"vulnerability": "CVE-2026-0001", "status": "affected"}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "under_investigation"}"#,
            r#"{"vulnerability": "CVE-2026-0002", "status": "not_affected"}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected", "products": [{"@id": "pkg:oci/app"}]}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected", "products": ["pkg:deb/b@1.0.0"]}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected"}, {"vulnerability": "CVE-2026-0001", "status": "affected"}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected", "products": ["pkg:npm/%40a/b@1.0.1"]}"#,
            r#"{"vulnerability": "CVE-2026-0001", "status": "not_affected", "products": [{"@id": "pkg:oci/app",
                "subcomponents": [{"@id": "pkg:npm/other"}]}]}"#,
        ] {
            assert!(!covers(statement), "{statement}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (text, says) in [
            ("{", "x.json: line 1: it is no JSON"),
            ("{}", "x.json: it is no OpenVEX document"),
            (&document(r#"{"status": "fixed"}"#), "x.json: a statement cannot be read"),
        ] {
            assert_eq!(read("x.json", text.as_bytes()).unwrap_err().to_string(), says);
        }
    }
}
