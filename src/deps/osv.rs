//! An OSV record, the facts of it. Lenient where published records are (a missing or null list is empty, unknown fields
//! are skipped), strict about the types of what decides.

use serde::{Deserialize, Deserializer, Serialize};

/// One JSON file of an OSV database.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) published: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) withdrawn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) affected: Vec<AffectedPackage>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) severity: Vec<Score>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) database_specific: Option<RecordSpecific>,
}

/// One element of `affected`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct AffectedPackage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<Package>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) ranges: Vec<Range>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<String>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) severity: Vec<Score>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) database_specific: Option<PackageSpecific>,
    #[serde(default, deserialize_with = "or_none", skip_serializing_if = "Option::is_none")]
    pub(super) ecosystem_specific: Option<EcosystemSpecific>,
}

/// What RustSec and Go say of the code that has the weakness.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct EcosystemSpecific {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) affects: Option<Affects>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) imports: Vec<Import>,
}

/// RustSec's: paths of functions.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Affects {
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) functions: Vec<String>,
}

/// Go's: what a package exports.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Import {
    #[serde(default)]
    pub(super) path: String,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) symbols: Vec<String>,
}

/// The package an advisory is about.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

/// One element of `ranges`. Ranges of type GIT name commits, which lockfiles of registries do not.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) events: Vec<RangeEvent>,
}

/// One element of `events`: one of the four is there.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct RangeEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) introduced: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_affected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<String>,
}

/// A score: a CVSS vector, or a word.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct Score {
    pub(super) score: String,
}

/// What GitHub adds to a record.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct RecordSpecific {
    /// "LOW", "MODERATE", "HIGH", "CRITICAL".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<String>,
}

/// What RustSec adds to a package.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct PackageSpecific {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) informational: Option<String>,
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub(super) categories: Vec<String>,
}

/// What each ecosystem writes as it likes decides nothing: of another shape it is not there.
fn or_none<'de, D>(deserializer: D) -> Result<Option<EcosystemSpecific>, D::Error>
where
    D: Deserializer<'de>,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(EcosystemSpecific::deserialize(value).ok())
}

fn or_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn null_and_missing_lists_are_empty() {
        let record: Record = serde_json::from_str(
            r#"{"id": "X-1", "aliases": null, "unknown": {"a": [1]}, "affected": [{"package": {"ecosystem": "npm", "name": "a"}}]}"#,
        )
        .unwrap();
        assert!(record.aliases.is_empty() && record.affected[0].versions.is_empty());
    }

    #[test]
    fn wrong_types_are_errors() {
        for wrong in [r#"{"id": 7}"#, r#"{"id": "X-1", "affected": [{"versions": [1.0]}]}"#, r#"{}"#] {
            assert!(serde_json::from_str::<Record>(wrong).is_err(), "{wrong}");
        }
    }
}
