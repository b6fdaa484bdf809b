//! Semantic Versioning 2.0.0, precedence as its section 11 has it, read as leniently as registries and advisories write it.

use std::cmp::Ordering;

use super::number::{Number, padded};

/// `1.2.3-rc.1`: a release and what comes before it.
#[derive(Debug, Clone)]
pub(in crate::deps) struct Semantic {
    release: Vec<Number>,
    /// Empty for the release itself.
    before: Vec<Identifier>,
}

#[derive(Debug, Clone)]
enum Identifier {
    Number(Number),
    Text(Box<str>),
}

impl Semantic {
    /// Reads a version: a leading `v` or `=` and build metadata are passed over, missing parts are zero, and there may be
    /// more parts than three. `None` for what is no version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V', '=']).trim_start();
        let text = text.split('+').next().unwrap_or(text);
        let (release, before) =
            text.split_once('-').map_or((text, None), |(release, before)| (release, Some(before)));
        let mut parts: Vec<&str> = release.split('.').collect();
        let mut loose = "";
        // `1.2.3beta` is how old versions are written.
        if before.is_none()
            && let Some(last) = parts.last_mut()
            && let Some(end) = last.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)
        {
            (*last, loose) = last.split_at(end);
        }
        let release = parts.into_iter().map(Number::of).collect::<Option<Vec<_>>>()?;
        let before = before.or((!loose.is_empty()).then_some(loose));
        let allowed = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let before: Vec<&str> = before.map_or_else(Vec::new, |before| before.split('.').collect());
        if !before.iter().all(|part| allowed(part)) {
            return None;
        }
        let identifier = |part: &&str| {
            Number::of(part).map_or_else(|| Identifier::Text((*part).into()), Identifier::Number)
        };
        Some(Semantic { release, before: before.iter().map(identifier).collect() })
    }
}

impl Identifier {
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Identifier::Number(one), Identifier::Number(other)) => one.cmp(other),
            (Identifier::Text(one), Identifier::Text(other)) => one.cmp(other),
            (Identifier::Number(_), Identifier::Text(_)) => Ordering::Less,
            (Identifier::Text(_), Identifier::Number(_)) => Ordering::Greater,
        }
    }
}

impl Semantic {
    /// The precedence of two versions.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let release = padded(&self.release, &other.release, &Number::zero(), Number::cmp);
        release.then_with(|| before(&self.before, &other.before))
    }
}

/// What comes before a release; nothing is the release itself, and more is later than less.
fn before(one: &[Identifier], other: &[Identifier]) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let different =
                one.iter().zip(other).map(|(one, other)| one.order(other)).find(|order| order.is_ne());
            different.unwrap_or_else(|| one.len().cmp(&other.len()))
        }
    }
}
