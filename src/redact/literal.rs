//! The literals that a pattern cannot match without, so that a pattern runs only over text that holds one of them.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// More alternatives than this are no anchor but a list.
const ALTERNATIVES: usize = 64;
/// Longer strings anchor no better.
const LONGEST: usize = 64;
/// A class of more characters than this (in one case) is no part of a literal.
const CLASS: usize = 6;
/// Deeper patterns are refused by the parser; this keeps the walk below off the end of the stack.
const NESTING: u32 = 100;

/// Strings in lower case of which every match of `pattern` holds at least one, without regard to ASCII case. `None` when
/// there are no such strings, or the pattern does not parse. Each is at least `shortest` bytes long.
pub(super) fn required(pattern: &str, shortest: usize) -> Option<Vec<String>> {
    let hir = ParserBuilder::new().nest_limit(NESTING).build().parse(pattern).ok()?;
    let best = Seen::of(&hir).best()?;
    best.iter().all(|one| one.len() >= shortest).then_some(best)
}

/// The length of the longest match of `pattern` in bytes; `None` when there is no longest.
pub(super) fn longest(pattern: &str) -> Option<usize> {
    ParserBuilder::new().nest_limit(NESTING).build().parse(pattern).ok()?.properties().maximum_len()
}

/// What is known of every match of a part of a pattern.
#[derive(Default)]
struct Seen {
    /// All that it matches, in lower case, when that is a short list.
    exact: Option<Vec<String>>,
    /// Strings of which each match holds one.
    inner: Option<Vec<String>>,
}

impl Seen {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Seen::exactly(vec![String::new()]),
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) if text.len() <= LONGEST => Seen::exactly(vec![text.to_ascii_lowercase()]),
                Ok(text) => {
                    let end = text.floor_char_boundary(LONGEST);
                    Seen { exact: None, inner: Some(vec![text[..end].to_ascii_lowercase()]) }
                }
                Err(_) => Seen::default(),
            },
            HirKind::Class(class) => few(class).map_or_else(Seen::default, Seen::exactly),
            HirKind::Repetition(repetition) if repetition.min == 0 => Seen::default(),
            HirKind::Repetition(repetition) => {
                let once = Seen::of(&repetition.sub);
                if (repetition.min, repetition.max) == (1, Some(1)) {
                    return once;
                }
                let times = (repetition.max == Some(repetition.min)).then_some(repetition.min as usize);
                match (&once.exact, times) {
                    // `-{5}` is five dashes.
                    (Some(list), Some(times)) if list.len() == 1 && list[0].len() * times <= LONGEST => {
                        Seen::exactly(vec![list[0].repeat(times)])
                    }
                    _ => Seen { exact: None, inner: once.best() },
                }
            }
            HirKind::Capture(capture) => Seen::of(&capture.sub),
            HirKind::Concat(parts) => Seen::in_a_row(parts),
            HirKind::Alternation(parts) => Seen::one_of(parts),
        }
    }

    fn exactly(list: Vec<String>) -> Self {
        Seen { exact: Some(list), inner: None }
    }

    fn in_a_row(parts: &[Hir]) -> Self {
        let mut run = vec![String::new()];
        let (mut inner, mut whole) = (None, true);
        for part in parts.iter().map(Seen::of) {
            let crossed = part.exact.as_ref().and_then(|list| cross(&run, list));
            match (crossed, part.exact) {
                (Some(crossed), _) => run = crossed,
                (None, exact) => {
                    whole = false;
                    inner = better(inner, Some(std::mem::replace(&mut run, vec![String::new()])));
                    inner = better(inner, part.inner);
                    run = exact.unwrap_or(run);
                }
            }
        }
        if whole {
            return Seen::exactly(run);
        }
        Seen { exact: None, inner: better(inner, Some(run)) }
    }

    fn one_of(parts: &[Hir]) -> Self {
        let parts: Vec<Seen> = parts.iter().map(Seen::of).collect();
        let union = |lists: Option<Vec<Vec<String>>>| {
            let mut union: Vec<String> = lists?.into_iter().flatten().collect();
            union.sort();
            union.dedup();
            (union.len() <= ALTERNATIVES).then_some(union)
        };
        let exact = union(parts.iter().map(|part| part.exact.clone()).collect());
        let inner = union(parts.into_iter().map(Seen::best).collect());
        Seen { exact, inner }
    }

    /// The better of the two lists, as long as it says something.
    fn best(self) -> Option<Vec<String>> {
        better(self.exact, self.inner)
    }
}

/// Of two lists the one whose shortest string is longer, then the shorter list; one with an empty string says nothing.
fn better(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let worth = |list: &Vec<String>| {
        let shortest = list.iter().map(String::len).min().unwrap_or(0);
        (shortest, std::cmp::Reverse(list.len()))
    };
    let lists = [one, other].into_iter().flatten().filter(|list| worth(list).0 > 0);
    lists.max_by_key(worth)
}

fn cross(starts: &[String], ends: &[String]) -> Option<Vec<String>> {
    let longest = |list: &[String]| list.iter().map(String::len).max().unwrap_or(0);
    if starts.len() * ends.len() > ALTERNATIVES || longest(starts) + longest(ends) > LONGEST {
        return None;
    }
    let mut all: Vec<String> =
        starts.iter().flat_map(|start| ends.iter().map(move |end| format!("{start}{end}"))).collect();
    all.sort();
    all.dedup();
    Some(all)
}

/// The characters of a small class, in lower case.
fn few(class: &Class) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let Class::Unicode(class) = class else {
        return None;
    };
    for range in class.iter() {
        if u32::from(range.end()) - u32::from(range.start()) > 2 * CLASS as u32 {
            return None;
        }
        for character in range.start()..=range.end() {
            // The long s and the Kelvin sign are S and K without regard to case; the normal form reads them so.
            if !matches!(character, '\u{17f}' | '\u{212a}') {
                found.push(character.to_ascii_lowercase().to_string());
            }
        }
    }
    found.sort();
    found.dedup();
    (!found.is_empty() && found.len() <= CLASS).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<String> {
        required(pattern, 2).unwrap_or_default()
    }

    #[test]
    fn the_longest_necessary_literal_is_found() {
        assert_eq!(of(r"\b[a-z0-9-]+\.corp\.initech\.example\b"), [".corp.initech.example"]);
        assert_eq!(of(r"(?i)[\w.-]{0,50}?(?:kestrel)[\w .-]{0,20}=([a-z0-9]{32})"), ["kestrel"]);
        assert_eq!(of(r"(?:bird|fish)_[0-9a-f]{8}"), ["bird_", "fish_"]);
        assert_eq!(of(r"-{5}BEGIN KEY-{5}"), ["-----begin key-----"]);
        assert_eq!(of(r"(?:ab|cd)?x[yz]w"), ["xyw", "xzw"]);
        assert_eq!(of("(?i)skiss"), ["skiss"]);
    }

    #[test]
    fn what_need_not_stand_there_is_no_anchor() {
        for pattern in [r"[a-z]{20}", r"(?:kestrel)?\d+", r"kestrel|\d{9}", "(", "a*", ""] {
            assert!(of(pattern).is_empty(), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_match_holds_one(pattern in r"[abK(?:|)\[\]c-e{2}+*.i]{0,24}", text in "[abcdekK.]{0,20}") {
            if let (Some(words), Ok(regex)) = (required(&pattern, 1), regex::Regex::new(&pattern)) {
                for found in regex.find_iter(&text) {
                    let lower = found.as_str().to_ascii_lowercase();
                    proptest::prop_assert!(words.iter().any(|word| lower.contains(word.as_str())));
                }
            }
        }
    }
}
