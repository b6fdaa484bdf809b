//! Versions of RubyGems, ordered as `Gem::Version` does: segments of digits and of letters, letters before numbers.

use std::cmp::Ordering;

use super::number::{Number, padded};

/// A version by its segments, zeros at the end of its numbers and of the rest left out.
#[derive(Debug, Clone)]
pub(in crate::deps) struct Gem(Vec<Segment>);

#[derive(Debug, Clone)]
enum Segment {
    Number(Number),
    Text(Box<str>),
}

impl Gem {
    /// Reads a version; `None` for what RubyGems refuses. `1-a` is `1.pre.a`; nothing is 0.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let starts = text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit());
        let allowed = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (release, pre) = text.split_once('-').map_or((text, None), |(release, pre)| (release, Some(pre)));
        let whole = release.is_empty() || release.split('.').all(allowed);
        if !starts || !whole || !pre.is_none_or(|pre| pre.split(['.', '-']).all(allowed)) {
            return None;
        }
        let text = text.replace('-', ".pre.");
        let segments = text.split('.').flat_map(super::number::runs);
        let segments: Vec<Segment> = segments
            .map(|run| Number::of(run).map_or_else(|| Segment::Text(run.into()), Segment::Number))
            .collect();
        let text = segments.iter().position(|segment| matches!(segment, Segment::Text(_)));
        let (release, rest) = segments.split_at(text.unwrap_or(segments.len()));
        Some(Gem(without_zeros(release).iter().chain(without_zeros(rest)).cloned().collect()))
    }

    /// The order of two versions.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        padded(&self.0, &other.0, &Segment::Number(Number::zero()), |one, other| match (one, other) {
            (Segment::Number(one), Segment::Number(other)) => one.cmp(other),
            (Segment::Text(one), Segment::Text(other)) => one.cmp(other),
            (Segment::Text(_), Segment::Number(_)) => Ordering::Less,
            (Segment::Number(_), Segment::Text(_)) => Ordering::Greater,
        })
    }
}

fn without_zeros(segments: &[Segment]) -> &[Segment] {
    let zero = |segment: &Segment| matches!(segment, Segment::Number(number) if number.is_zero());
    let end = segments.iter().rposition(|segment| !zero(segment)).map_or(0, |last| last + 1);
    &segments[..end]
}
