//! Versions of Maven, ordered as the "Version Order Specification" of its POM reference has it.

use std::cmp::Ordering;

use super::number::{Number, runs};

/// A version by its tokens, null values at the ends of its parts left out.
#[derive(Debug, Clone)]
pub(in crate::deps) struct Maven(Vec<Token>);

#[derive(Debug, Clone)]
struct Token {
    /// Whether a hyphen stands before it, or a change between digits and letters; else a dot.
    hyphen: bool,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(Number),
    Qualifier(Box<str>),
}

/// Qualifiers in their order; all others come after them.
const QUALIFIERS: &[&str] = &["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

impl Maven {
    /// Reads a version. Any text is one.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let mut tokens = Vec::new();
        let mut hyphen = false;
        let mut rest = text.as_str();
        loop {
            let end = rest.find(['.', '-']).unwrap_or(rest.len());
            let pieces: Vec<&str> = runs(&rest[..end]).collect();
            if pieces.is_empty() {
                tokens.push(Token { hyphen, value: Value::Number(Number::zero()) });
            }
            for (at, piece) in pieces.iter().enumerate() {
                let before_number = at + 1 < pieces.len();
                let value = Number::of(piece).map_or_else(|| qualifier(piece, before_number), Value::Number);
                tokens.push(Token { hyphen: hyphen || at > 0, value });
            }
            let Some(separator) = rest[end..].chars().next() else { break };
            hyphen = separator != '.';
            rest = &rest[end + 1..];
        }
        Maven(trimmed(tokens))
    }

    /// The order of two versions.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        (0..self.0.len().max(other.0.len()))
            .map(|at| match (self.0.get(at), other.0.get(at)) {
                (Some(one), Some(other)) => one.order(other),
                (Some(one), None) => one.order(&one.null()),
                (None, Some(other)) => other.null().order(other),
                (None, None) => Ordering::Equal,
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl Value {
    fn is_null(&self) -> bool {
        match self {
            Value::Number(number) => number.is_zero(),
            Value::Qualifier(name) => name.is_empty(),
        }
    }
}

impl Token {
    /// What stands opposite a token where the other version has ended.
    fn null(&self) -> Token {
        let value = match (&self.value, self.hyphen) {
            (Value::Number(_), false) => Value::Number(Number::zero()),
            _ => Value::Qualifier("".into()),
        };
        Token { hyphen: self.hyphen, value }
    }

    /// `.qualifier` < `-qualifier` < `-number` < `.number`.
    fn place(&self) -> u8 {
        match (&self.value, self.hyphen) {
            (Value::Qualifier(_), false) => 0,
            (Value::Qualifier(_), true) => 1,
            (Value::Number(_), true) => 2,
            (Value::Number(_), false) => 3,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place()).then_with(|| match (&self.value, &other.value) {
            (Value::Number(one), Value::Number(other)) => one.cmp(other),
            (Value::Qualifier(one), Value::Qualifier(other)) => rank(one)
                .cmp(&rank(other))
                .then_with(|| if rank(one) < QUALIFIERS.len() { Ordering::Equal } else { one.cmp(other) }),
            _ => Ordering::Equal,
        })
    }
}

fn rank(qualifier: &str) -> usize {
    QUALIFIERS.iter().position(|known| *known == qualifier).unwrap_or(QUALIFIERS.len())
}

fn qualifier(text: &str, before_number: bool) -> Value {
    let text = match text {
        "a" if before_number => "alpha",
        "b" if before_number => "beta",
        "m" if before_number => "milestone",
        "cr" => "rc",
        "final" | "ga" | "release" => "",
        text => text,
    };
    Value::Qualifier(text.into())
}

/// Leaves out null values at the end, and before each hyphen.
fn trimmed(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.hyphen {
            drop_nulls(&mut kept);
        }
        kept.push(token);
    }
    drop_nulls(&mut kept);
    kept
}

fn drop_nulls(tokens: &mut Vec<Token>) {
    while tokens.last().is_some_and(|token| token.value.is_null()) {
        tokens.pop();
    }
}
