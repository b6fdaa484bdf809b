//! Numbers of any length, as versions have them, and the pieces that versions are cut into.

use std::cmp::Ordering;

/// A whole number by its digits, without zeros before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number(Box<str>);

impl Number {
    /// The number that ASCII digits write; `None` for anything else, and for nothing.
    pub(super) fn of(digits: &str) -> Option<Self> {
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| Number(digits.trim_start_matches('0').into()))
    }

    pub(super) fn zero() -> Self {
        Number("".into())
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The runs of digits and of other characters in a text, in order.
pub(super) fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digit = rest.bytes().next()?.is_ascii_digit();
        let end = rest.bytes().position(|byte| byte.is_ascii_digit() != digit).unwrap_or(rest.len());
        // Digits are one byte long, so that a run ends between characters.
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

/// The order of two lists, the shorter one followed by `fill` as often as needed.
pub(super) fn padded<T>(one: &[T], other: &[T], fill: &T, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    (0..one.len().max(other.len()))
        .map(|at| order(one.get(at).unwrap_or(fill), other.get(at).unwrap_or(fill)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length() {
        let number = |digits: &str| Number::of(digits).unwrap();
        assert!(number("10") > number("9"));
        assert!(number("010") == number("10"));
        assert!(number("99999999999999999999999999999") < number("100000000000000000000000000000"));
        assert!(number("000").is_zero());
        assert_eq!(
            (Number::of(""), Number::of("1a"), Number::of("-1"), Number::of("\u{661}")),
            (None, None, None, None)
        );
    }

    #[test]
    fn runs_of_digits_and_others() {
        assert_eq!(runs("1rc22é3").collect::<Vec<_>>(), ["1", "rc", "22", "é", "3"]);
        assert_eq!(runs("").count(), 0);
    }
}
