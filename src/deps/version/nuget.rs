//! Versions of NuGet: semantic ones with a fourth number and labels whose case does not count.

use super::semantic::Semantic;

/// Reads a version as NuGet does: `1.0-Beta` is `1.0.0.0-beta`.
pub(super) fn parse(text: &str) -> Option<Semantic> {
    Semantic::parse(&text.to_lowercase())
}
