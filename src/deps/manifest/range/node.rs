//! Ranges of npm: alternatives between `||`, each of bounds that all must hold, or `1.0 - 2.0`.

use semver::{Prerelease, Version};

use super::PARTS;

/// A version of which the last numbers may be left out or be `x`.
#[derive(Debug, Clone, Copy)]
struct Partial<'r> {
    numbers: [Option<u64>; 3],
    before: &'r str,
}

/// What a version must hold against.
struct Bound {
    operator: Operator,
    version: Version,
}

#[derive(Clone, Copy)]
enum Operator {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// Whether a range takes a version; `None` when either cannot be read, as a tag cannot.
pub(super) fn allows(range: &str, version: &str) -> Option<bool> {
    let version = Version::parse(version.trim().trim_start_matches(['v', '='])).ok()?;
    let mut found = false;
    for (count, part) in range.split("||").enumerate() {
        if count >= PARTS {
            return None;
        }
        let bounds = bounds(part.trim())?;
        found |= bounds.iter().all(|bound| bound.holds(&version)) && stable(&bounds, &version);
    }
    Some(found)
}

/// What comes before a release is taken only where a bound names one of the same three numbers.
fn stable(bounds: &[Bound], version: &Version) -> bool {
    let same = |bound: &Bound| {
        let other = &bound.version;
        !other.pre.is_empty()
            && (other.major, other.minor, other.patch) == (version.major, version.minor, version.patch)
    };
    version.pre.is_empty() || bounds.iter().any(same)
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.version);
        match self.operator {
            Operator::Below => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Above => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
        }
    }
}

/// The bounds of one alternative.
fn bounds(part: &str) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    if let Some((from, to)) = part.split_once(" - ") {
        let (from, to) = (Partial::read(from.trim())?, Partial::read(to.trim())?);
        bounds.push(Bound { operator: Operator::AtLeast, version: from.lowest()? });
        match to.next(to.known())? {
            Some(next) if to.known() < 3 => bounds.push(Bound { operator: Operator::Below, version: next }),
            Some(_) => bounds.push(Bound { operator: Operator::AtMost, version: to.lowest()? }),
            None => {}
        }
        return Some(bounds);
    }
    // Spaces may stand between an operator and its version.
    let mut rest = part.trim_start();
    for _ in 0..PARTS {
        if rest.is_empty() {
            return Some(bounds);
        }
        let end = rest.find(|c: char| !"<>=~^".contains(c)).unwrap_or(rest.len());
        let (operator, behind) = rest.split_at(end);
        let behind = behind.trim_start();
        let end = behind.find(|c: char| c.is_whitespace() || "<>=~^".contains(c)).unwrap_or(behind.len());
        let (version, behind) = behind.split_at(end);
        // A comma is none of npm's, but is passed over where people write it.
        add(operator, Partial::read(version)?, &mut bounds)?;
        rest = behind.trim_start();
    }
    None
}

/// Adds what an operator and a version mean.
fn add(operator: &str, version: Partial<'_>, bounds: &mut Vec<Bound>) -> Option<()> {
    let known = version.known();
    let mut push = |operator, version| bounds.push(Bound { operator, version });
    let kept = match operator {
        // The numbers that may not change.
        "" | "=" | "==" => known,
        "~" | "~>" => known.min(2),
        "^" => match version.numbers.iter().take(known).position(|number| *number != Some(0)) {
            Some(first) => first + 1,
            None => known,
        },
        ">=" => {
            push(Operator::AtLeast, version.lowest()?);
            return Some(());
        }
        "<" => {
            push(Operator::Below, version.lowest()?);
            return Some(());
        }
        ">" | "<=" => {
            match (version.next(known)?, operator) {
                (_, ">") if known == 3 => push(Operator::Above, version.lowest()?),
                (_, _) if known == 3 => push(Operator::AtMost, version.lowest()?),
                // What comes before that one is not above either.
                (Some(next), ">") => {
                    push(Operator::AtLeast, Version::new(next.major, next.minor, next.patch));
                }
                (Some(next), _) => push(Operator::Below, next),
                // Nothing is above every version.
                (None, ">") => push(Operator::Below, Version::new(0, 0, 0)),
                (None, _) => {}
            }
            return Some(());
        }
        _ => return None,
    };
    push(Operator::AtLeast, version.lowest()?);
    if kept == 3 && matches!(operator, "" | "=" | "==") {
        push(Operator::AtMost, version.lowest()?);
    } else if let Some(next) = version.next(kept)? {
        push(Operator::Below, next);
    }
    Some(())
}

impl<'r> Partial<'r> {
    /// `1`, `1.2`, `1.2.3-rc.1+build`, `1.x`, `*`, with a `v` in front or not.
    fn read(text: &'r str) -> Option<Self> {
        let text = text.trim_end_matches(',').trim_start_matches(['v', 'V', '=']);
        let text = text.split('+').next().unwrap_or(text);
        let (release, before) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = [None; 3];
        let mut open = true;
        for (index, part) in release.split('.').enumerate() {
            let place = numbers.get_mut(index)?;
            match part {
                "x" | "X" | "*" => open = false,
                "" if release.is_empty() => open = false,
                _ => {
                    let number =
                        part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))?;
                    *place = Some(number).filter(|_| open);
                }
            }
        }
        Some(Partial { numbers, before })
    }

    /// How many numbers it has.
    fn known(self) -> usize {
        self.numbers.iter().take_while(|number| number.is_some()).count()
    }

    /// The lowest version that it stands for.
    fn lowest(self) -> Option<Version> {
        let [major, minor, patch] = self.numbers.map(Option::unwrap_or_default);
        let mut version = Version::new(major, minor, patch);
        if !self.before.is_empty() && self.known() == 3 {
            version.pre = Prerelease::new(self.before).ok()?;
        }
        Some(version)
    }

    /// The first version behind those with the same first `kept` numbers, what comes before it left out too; `Some(None)`
    /// when that is none.
    fn next(self, kept: usize) -> Option<Option<Version>> {
        let Some(last) = kept.checked_sub(1) else { return Some(None) };
        let mut numbers = self.numbers.map(Option::unwrap_or_default);
        numbers[last] = numbers[last].checked_add(1)?;
        numbers[last + 1..].fill(0);
        let mut next = Version::new(numbers[0], numbers[1], numbers[2]);
        next.pre = Prerelease::new("0").ok()?;
        Some(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_npm() {
        for (range, takes, refuses) in [
            ("^4.17.0", "4.17.21", "5.0.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1.0"),
            ("^0.x", "0.9.9", "1.0.0"),
            ("^1.x", "1.9.9", "2.0.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~1.2", "1.2.0", "1.3.0"),
            ("~1", "1.9.0", "2.0.0"),
            ("~>1.2.3", "1.2.9", "1.3.0"),
            ("1.2.3", "1.2.3", "1.2.4"),
            ("=v1.2.3", "1.2.3", "1.2.4"),
            ("1.2", "1.2.9", "1.3.0"),
            ("1.x.x", "1.9.9", "2.0.0"),
            ("1.2.*", "1.2.9", "1.3.0"),
            (">=1.2 <2", "1.9.0", "2.0.0"),
            (">= 1.2.0 < 2.0.0", "1.9.0", "2.0.0"),
            (">1.2", "1.3.0", "1.2.9"),
            ("<=1.2", "1.2.9", "1.3.0"),
            ("<=1.2.3", "1.2.3", "1.2.4"),
            ("1.2.3 - 2.3", "2.3.9", "2.4.0"),
            ("1.2.3 - 2.3.4", "2.3.4", "2.3.5"),
            ("^1.0.0 || ^3.0.0", "3.1.0", "2.0.0"),
            ("^1.2.3-beta.2", "1.2.3-beta.4", "1.2.4-beta.2"),
            (">=1.0.0", "1.0.0", "2.0.0-rc.1"),
            ("<2.0.0", "1.0.0", "2.0.0"),
            ("", "1.0.0", "1.0.0-rc.1"),
            ("*", "1.0.0", "1.0.0-rc.1"),
        ] {
            assert_eq!(allows(range, takes), Some(true), "{range} takes {takes}");
            assert_eq!(allows(range, refuses), Some(false), "{range} refuses {refuses}");
        }
        for range in ["latest", "1.2.3.4", "git://a", ">=", "~~1", "^1 what", "1.a"] {
            assert!(allows(range, "1.0.0").is_none_or(|_| range == ">="), "{range}");
        }
        assert_eq!(allows(">*", "1.0.0"), Some(false));
        assert_eq!(allows(&"1||".repeat(100), "1.0.0"), None);
        assert_eq!(allows(&">=1 ".repeat(100), "1.0.0"), None);
    }
}
