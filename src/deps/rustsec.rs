//! What RustSec's own code decides: which packages its advisories are about, and how bad a CVSS vector is. The only file
//! that names `rustsec`.

use rustsec::SourceId;

use crate::finding::Severity;

/// Whether a `source` of Cargo.lock is the default registry (its git or its sparse index); `None` when it is no source.
/// Advisories are about its packages only: a git or path package of the same name is other code.
pub(super) fn is_default_registry(source: &str) -> Option<bool> {
    SourceId::from_url(source).ok().map(|source| source.is_default_registry())
}

/// The severity of a CVSS vector (3.0, 3.1, 4.0); `None` for anything else.
pub(super) fn severity(vector: &str) -> Option<Severity> {
    let vector: cvss::Cvss = vector.trim().parse().ok()?;
    Some(match vector.severity() {
        rustsec::advisory::Severity::None | rustsec::advisory::Severity::Low => Severity::Low,
        rustsec::advisory::Severity::Medium => Severity::Medium,
        rustsec::advisory::Severity::High => Severity::High,
        rustsec::advisory::Severity::Critical => Severity::Critical,
    })
}

/// The `source` of the default registry, for tests: no address is written down.
#[cfg(test)]
pub(super) fn default_registry() -> String {
    SourceId::default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_three_versions() {
        for (vector, expected) in [
            ("CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(Severity::Medium)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(Severity::Critical)),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(Severity::Critical)),
            ("CVSS:2.0/AV:N", None),
            ("high", None),
        ] {
            assert_eq!(severity(vector), expected, "{vector}");
        }
    }

    #[test]
    fn git_and_path_packages_are_not_of_the_registry() {
        assert_eq!(is_default_registry(&default_registry()), Some(true));
        for other in ["git+https://registry.example/x#0123", "registry+https://registry.example/index"] {
            assert_eq!(is_default_registry(other), Some(false), "{other}");
        }
        for wrong in ["path", "", "registry+nowhere"] {
            assert_eq!(is_default_registry(wrong), None, "{wrong}");
        }
    }
}
