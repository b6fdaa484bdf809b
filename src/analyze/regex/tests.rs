//! Expressions that are known to take long or not to, and random ones held against a matcher of another make.

use proptest::prelude::*;

use super::*;

fn check(text: &[char], flavour: Flavour, flags: Flags, mode: Mode) -> Option<Weakness> {
    super::check(text, flavour, flags, mode, &mut STEPS_A_FILE.clone())
}

fn worst(text: &str, flavour: Flavour, mode: Mode) -> Option<Growth> {
    check(&text.chars().collect::<Vec<_>>(), flavour, Flags::default(), mode).map(|found| found.growth)
}

fn exponential(text: &str, flavour: Flavour, mode: Mode) -> bool {
    worst(text, flavour, mode) == Some(Growth::Exponential)
}

#[test]
fn exponential_in_both() {
    for text in [
        "^(a+)+$",
        "(a*)*b",
        "(a|aa)+$",
        "^([a-z]+)*!$",
        r"^(\w+\s?)*$",
        r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
        "(x+x+)+y",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(?:\s*\n\s*)*;",
        r#""(?:[^"\\]|\\.|[^"])*";"#,
        "^(a|b|ab)*c$",
        r"^(?:\d+,?)+$",
        r"^(?:(?:a+)b?)+c",
        r"^(\d*)*x",
        "(a+)+[^a]",
        "^(a?b?a?)*$",
        "((a|b)+c?)+d",
        r"([\n\s]+)*(.)",
        r"^\b_((?:__|[\s\S])+?)_\b",
        r"\A(?:[\w-]+\.?)+@".trim_start_matches(r"\A"),
    ] {
        for flavour in [Flavour::Python, Flavour::JavaScript] {
            assert!(
                exponential(text, flavour, Mode::Search),
                "{text} {flavour:?}: {:?}",
                worst(text, flavour, Mode::Search)
            );
        }
    }
}

#[test]
fn not_exponential() {
    for text in [
        "^a+$",
        "(a+)+",
        "(a|aa)+",
        "(.*)*",
        r"^(?:[\w-]+\.)+[a-z]{2,}$",
        r"^\d+(?:,\d+)*$",
        r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        r#""(?:[^"\\]|\\.)*""#,
        r"^(?:a|b|c)*d$",
        r"^(?:ab?)*c$",
        r"^(\w+\s)*$",
        r"^(?:\d{1,3}\.){3}\d{1,3}$",
        r"^(?:[a-z]+,)*[a-z]+$",
        "^(a{2})*$",
        "(?:a+b)+c",
        r"^(?=.*\d)(?=.*[a-z]).{8,}$",
    ] {
        for flavour in [Flavour::Python, Flavour::JavaScript] {
            assert!(!exponential(text, flavour, Mode::Search), "{text} {flavour:?}");
        }
    }
}

#[test]
fn the_matchers_differ() {
    // Python makes one class of alternatives that are one character each; JavaScript of literal ones alone.
    for (text, python, javascript) in [
        ("^(a|[ab])*$", false, true),
        ("^(?:\\w|\\d)+$", false, true),
        ("^(?:a|b|a)+$", false, false),
        ("^(?:.|\\n|a)+\\x00x$", true, true),
        // A round that matched nothing counts in Python.
        ("^(?:(?:b?)*c)*$", true, false),
        ("^(?:a+)++$", false, false),
        ("^(?>a+)+$", false, false),
    ] {
        assert_eq!(exponential(text, Flavour::Python, Mode::Match), python, "{text}");
        let javascript_reads = !text.contains("++") && !text.contains("?>");
        assert_eq!(
            exponential(text, Flavour::JavaScript, Mode::Search),
            javascript && javascript_reads,
            "{text}"
        );
    }
}

#[test]
fn what_follows_decides() {
    for (text, mode, slow) in [
        ("(a+)+", Mode::Search, false),
        ("(a+)+", Mode::Match, false),
        ("(a+)+", Mode::Full, true),
        ("(a+)+.*", Mode::Full, true),
        ("(?s)(a+)+.*", Mode::Full, false),
        ("(a+)+b", Mode::Match, true),
        // The match that exists is tried last.
        ("(?:a+)+b|a*", Mode::Match, true),
        ("a*|(?:a+)+b", Mode::Match, false),
        ("(?:a+)+$", Mode::Match, true),
        ("(?:a+)*", Mode::Search, false),
        ("(?=(a+)+b)a*", Mode::Match, false),
    ] {
        assert_eq!(exponential(text, Flavour::Python, mode), slow, "{text} {mode:?}");
    }
}

#[test]
fn powers_are_told() {
    for (text, mode, power) in [
        (r"\s+$", Mode::Search, Some(2)),
        (r"^\s+$", Mode::Search, None),
        (r"^\s+|\s+$", Mode::Search, Some(2)),
        ("a*a*b", Mode::Match, Some(2)),
        ("a*a*a*b", Mode::Match, Some(3)),
        ("a*b*a*", Mode::Full, Some(2)),
        (r"^\d+\.?\d*x$", Mode::Search, Some(2)),
        (".*.*=.*", Mode::Match, Some(2)),
        (r"^[a-z]+\d+$", Mode::Search, None),
        ("foo.*bar", Mode::Search, None),
        (r"(\d+)bit", Mode::Search, None),
        ("(?:a*){5}b", Mode::Match, Some(4)),
        ("^.*$", Mode::Search, None),
    ] {
        assert_eq!(worst(text, Flavour::JavaScript, mode), power.map(Growth::Power), "{text} {mode:?}");
    }
}

#[test]
fn the_attack_is_told() {
    let found = |text: &str| {
        let found =
            check(&text.chars().collect::<Vec<_>>(), Flavour::JavaScript, Flags::default(), Mode::Search)
                .unwrap();
        (found.prefix, found.word, found.suffix, found.span)
    };
    let text = |text: &str| text.to_owned();
    let said = |text: &str| {
        check(&text.chars().collect::<Vec<_>>(), Flavour::JavaScript, Flags::default(), Mode::Search)
            .unwrap()
            .attack()
    };
    assert_eq!(said("^x(a|aa)+$"), "a text of `x` and many `a` followed by `!`");
    assert_eq!(said(r"(?:\n\n?)+;"), r"a text of many `\n`");
    assert_eq!(found("^x(a+)+$"), (text("xa"), text("a"), text("!"), (2, 6)));
    assert_eq!(found("^(?:-?\\d+)+;"), (text("0"), text("0"), text(""), (1, 10)));
}

#[test]
fn syntax_that_is_not_read_is_left_alone() {
    for text in [
        "(a+)+$(",
        "(a+)+$)",
        "[a",
        "(a+)+\\",
        "a**",
        "(?(1)a|b)(a+)+$",
        "(a+)+\\2$",
        "*a",
        "(?P<a",
        "a{5,2}(a+)+$",
    ] {
        assert_eq!(worst(text, Flavour::Python, Mode::Search), None, "{text}");
    }
}

#[test]
fn any_size_ends() {
    let nested = |depth: usize| format!("{}a{}$", "(".repeat(depth), ")*".repeat(depth));
    for text in [
        nested(40),
        nested(4_000),
        "(a*)".repeat(2_000) + "b",
        "(?:a?){100}a{100}$".to_owned(),
        "(?:(?:(?:){1000}){1000}){1000}a*a*$".to_owned(),
        "(?:(?:a{1000}){1000}){1000}a*a*$".to_owned(),
        "a{4000000000}*".to_owned(),
        "(?:[a-z]|".repeat(40) + "a" + &")*".repeat(40) + "$",
        "(a|b|ab|ba|[ab]+|\\w|\\w\\w)*".repeat(40) + "$",
        ".*".repeat(400) + "!",
        "(?=".repeat(45) + "a*a*b" + &")".repeat(45),
        (0..3_000u32).filter_map(|n| char::from_u32(0x4e00 + 2 * n)).collect::<String>() + "+$",
    ] {
        let characters: Vec<char> = text.chars().collect();
        check(&characters, Flavour::Python, Flags::default(), Mode::Search);
    }
}

/// A matcher of another make than [`machine::Machine`]: it walks the expression itself, with what comes after as a
/// closure, and counts calls.
mod naive {
    #[derive(Debug, Clone)]
    pub(super) enum Part {
        Letter(u8),
        Any,
        Then(Vec<Part>),
        Or(Vec<Part>),
        Star(Box<Part>),
        Plus(Box<Part>),
        Maybe(Box<Part>),
    }

    impl Part {
        pub(super) fn written(&self) -> String {
            match self {
                Part::Letter(letter) => char::from(*letter).to_string(),
                Part::Any => ".".into(),
                Part::Then(parts) => parts.iter().map(Part::written).collect(),
                Part::Or(parts) => {
                    format!("(?:{})", parts.iter().map(Part::written).collect::<Vec<_>>().join("|"))
                }
                Part::Star(part) => format!("(?:{})*", part.written()),
                Part::Plus(part) => format!("(?:{})+", part.written()),
                Part::Maybe(part) => format!("(?:{})?", part.written()),
            }
        }
    }

    pub(super) struct Count<'t> {
        pub(super) text: &'t [u8],
        pub(super) calls: u64,
        pub(super) most: u64,
    }

    type Rest<'r> = &'r mut dyn FnMut(&mut Count<'_>, usize) -> bool;

    impl Count<'_> {
        pub(super) fn matches(&mut self, part: &Part, at: usize, rest: Rest<'_>) -> bool {
            self.calls += 1;
            if self.calls > self.most {
                return true;
            }
            match part {
                Part::Letter(letter) => self.text.get(at) == Some(letter) && rest(self, at + 1),
                Part::Any => self.text.get(at).is_some_and(|letter| *letter != b'\n') && rest(self, at + 1),
                Part::Then(parts) => match parts.split_first() {
                    None => rest(self, at),
                    Some((first, parts)) => {
                        let parts = Part::Then(parts.to_vec());
                        self.matches(first, at, &mut |count, at| count.matches(&parts, at, rest))
                    }
                },
                Part::Or(parts) => parts.iter().any(|part| self.matches(part, at, rest)),
                Part::Star(part) => self.star(part, at, rest),
                Part::Plus(part) => self.matches(part, at, &mut |count, at| count.star(part, at, rest)),
                Part::Maybe(part) => {
                    self.matches(part, at, &mut |count, to| to > at && rest(count, to)) || rest(self, at)
                }
            }
        }

        /// As in ECMAScript, where a round that matched nothing fails.
        fn star(&mut self, part: &Part, at: usize, rest: Rest<'_>) -> bool {
            self.calls += 1;
            self.matches(part, at, &mut |count, to| to > at && count.star(part, to, rest)) || rest(self, at)
        }
    }
}

use naive::{Count, Part};

fn part() -> impl Strategy<Value = Part> {
    let letter = prop_oneof![
        3 => Just(Part::Letter(b'a')),
        2 => Just(Part::Letter(b'b')),
        1 => Just(Part::Any),
    ];
    letter.prop_recursive(4, 12, 3, |part| {
        prop_oneof![
            3 => prop::collection::vec(part.clone(), 1..4).prop_map(Part::Then),
            // A choice of letters alone is a set to the engines.
            2 => prop::collection::vec(prop::collection::vec(part.clone(), 2..3).prop_map(Part::Then), 2..3).prop_map(Part::Or),
            2 => part.clone().prop_map(|part| Part::Star(Box::new(part))),
            2 => part.clone().prop_map(|part| Part::Plus(Box::new(part))),
            1 => part.prop_map(|part| Part::Maybe(Box::new(part))),
        ]
    })
}

const MOST_CALLS: u64 = 300_000;

/// Calls that matching the whole text takes.
fn calls(part: &Part, text: &str) -> u64 {
    let mut count = Count { text: text.as_bytes(), calls: 0, most: MOST_CALLS };
    count.matches(part, 0, &mut |count, at| at == count.text.len());
    count.calls
}

/// Whether repetitions multiply the calls. A high power does not: its factor is small where it comes to the most calls.
fn blows_up(part: &Part, prefix: &str, word: &str, suffix: &str) -> bool {
    let of = |times: usize| calls(part, &[prefix, &word.repeat(times), suffix].concat());
    let counts: Vec<u64> = (1..=20).map(of).take_while(|calls| *calls < MOST_CALLS).collect();
    match counts.as_slice() {
        [.., before, last] => counts.len() < 20 && 10 * last > 18 * before,
        few => few.len() < 20,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_said_holds_and_what_holds_is_said(part in part()) {
        let text: Vec<char> = part.written().chars().collect();
        let found = check(&text, Flavour::JavaScript, Flags::default(), Mode::Full)
            .filter(|found| found.growth == Growth::Exponential);
        if let Some(found) = &found {
            prop_assert!(blows_up(&part, &found.prefix, &found.word, &found.suffix), "{} {found:?}", part.written());
        } else {
            let words = ["a", "b", "ab", "ba", "aab", "abb", "aa"];
            for (prefix, word, suffix) in words.iter().flat_map(|word| {
                ["", "a", "b"].iter().flat_map(move |prefix| ["", "!", "\n", "a", "b"].iter().map(move |suffix| (prefix, word, suffix)))
            }) {
                prop_assert!(!blows_up(&part, prefix, word, suffix), "{} on {prefix} {word} {suffix}", part.written());
            }
        }
    }

    #[test]
    fn any_expression_is_read_or_left_alone(text in "[ab()|*+?{},0-9\\[\\]^$.\\\\wdsbP<>=!:i-]{0,40}") {
        let text: Vec<char> = text.chars().collect();
        for flavour in [Flavour::Python, Flavour::JavaScript] {
            let once = check(&text, flavour, Flags::default(), Mode::Search);
            prop_assert_eq!(&once, &check(&text, flavour, Flags::default(), Mode::Search));
            if let Some(found) = once {
                prop_assert!(found.span.0 <= found.span.1 && (found.span.1 as usize) < text.len());
            }
        }
    }
}
