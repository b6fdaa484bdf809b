//! Names that are one slip away from a popular one: two neighbours swapped, one character more, less or other, a
//! separator or scope left out or exchanged.

use super::popular::{Popular, Tier};
use crate::deps::version::Ecosystem;

/// The shortest name that is held against others: among shorter ones everything is alike.
const SHORTEST: usize = 6;

/// The popular name that another, as [`Ecosystem::key`] spells it, may be mistaken for, the most popular first; `None` when
/// it is popular itself, too short, or like none.
pub(super) fn alike(popular: &Popular, ecosystem: Ecosystem, name: &str) -> Option<(String, Tier)> {
    if name.len() < SHORTEST || name.len() > 200 || popular.tier(ecosystem, name).is_some() {
        return None;
    }
    // Whoever has a scope has every name in it.
    let scope =
        |name: &str| name.starts_with('@').then(|| name.split('/').next().unwrap_or_default().to_owned());
    let own = scope(name);
    if let Some(own) = &own
        && popular
            .names(ecosystem)
            .any(|(other, _)| other.strip_prefix(own.as_str()).is_some_and(|it| it.starts_with('/')))
    {
        return None;
    }
    let squeezed = squeeze(name);
    let mut best: Option<(&str, Tier)> = None;
    for (other, tier) in popular.names(ecosystem) {
        let better = tier < Tier::Third && best.is_none_or(|(_, best)| tier < best);
        let close = other.len().abs_diff(name.len()) <= 3 && other.len() >= SHORTEST;
        if better && close && is_slip(ecosystem, name, other, &squeezed) {
            best = Some((other, tier));
        }
    }
    best.map(|(other, tier)| (other.to_owned(), tier))
}

fn is_slip(ecosystem: Ecosystem, name: &str, other: &str, squeezed: &str) -> bool {
    let numbered = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_digit()).collect::<Vec<_>>();
    // The versions of a module of Go are names of their own.
    let versions = ecosystem == Ecosystem::Go && numbered(name) == numbered(other);
    !versions && (one_edit(name.as_bytes(), other.as_bytes()) || is_squeezed(other, squeezed))
}

/// Whether one edit or one swap of neighbours makes one of the other.
fn one_edit(one: &[u8], other: &[u8]) -> bool {
    if one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let front = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[front..], &other[front..]);
    let back = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    match (&one[..one.len() - back], &other[..other.len() - back]) {
        ([], []) => false,
        ([_], []) | ([], [_]) | ([_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// A name without scope marks and separators.
fn squeeze(name: &str) -> String {
    name.chars().filter(|c| !is_separator(*c)).collect()
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '@' | '/')
}

/// Whether a name without its marks is `squeezed`.
fn is_squeezed(name: &str, squeezed: &str) -> bool {
    name.chars().filter(|c| !is_separator(*c)).eq(squeezed.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ecosystem: Ecosystem, name: &str) -> Option<(String, Tier)> {
        alike(Popular::embedded(), ecosystem, name)
    }

    #[test]
    fn one_slip_from_a_popular_name() {
        for (ecosystem, name, other) in [
            (Ecosystem::PyPi, "reqeusts", "requests"),
            (Ecosystem::PyPi, "requestss", "requests"),
            (Ecosystem::PyPi, "equests", "requests"),
            (Ecosystem::PyPi, "typingextensions", "typing-extensions"),
            (Ecosystem::PyPi, "python-dateutils", "python-dateutil"),
            (Ecosystem::Npm, "types-node", "@types/node"),
            (Ecosystem::Npm, "@type/node", "@types/node"),
            (Ecosystem::Npm, "commnader", "commander"),
        ] {
            assert_eq!(found(ecosystem, name), Some((other.to_owned(), Tier::First)), "{name}");
        }
        let go = found(Ecosystem::Go, "github.com/strechr/testify");
        assert_eq!(go, Some(("github.com/stretchr/testify".to_owned(), Tier::Second)));
    }

    #[test]
    fn names_of_their_own() {
        for (ecosystem, name) in [
            (Ecosystem::PyPi, "requests"),
            (Ecosystem::PyPi, "my-own-tool"),
            (Ecosystem::PyPi, "reqs"),
            (Ecosystem::Npm, "@types/nod"),
            (Ecosystem::Npm, "@company/chalk"),
            (Ecosystem::Go, "gopkg.in/yaml.v9"),
            (Ecosystem::Cargo, "sered"),
        ] {
            assert_eq!(found(ecosystem, name), None, "{name}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (one, other, expected) in [
            ("abcdef", "abdcef", true),
            ("abcdef", "abcdefg", true),
            ("abcdef", "xbcdef", true),
            ("abcdef", "bcdef", true),
            ("aab", "ab", true),
            ("abcdef", "abcdef", false),
            ("abcdef", "badcef", false),
            ("abcdef", "badcfe", false),
            ("abcdef", "abefcd", false),
        ] {
            assert_eq!(one_edit(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }
}
