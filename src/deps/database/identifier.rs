//! Ids of advisories in a few bytes: a snapshot holds ten thousand of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The letters of a GHSA id.
const LETTERS: &[u8; 20] = b"23456789cfghjmpqrvwx";

/// An id, exactly: formatting it yields the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Identifier {
    /// `GHSA-` and twelve letters, as a number in base 20.
    Ghsa(u64),
    /// `CVE-2020-0071`: the number has at least four digits.
    Cve(u16, u32),
    /// `RUSTSEC-2020-0071`, likewise.
    RustSec(u16, u32),
    /// `PYSEC-2020-71`: no leading zeros.
    PySec(u16, u32),
    /// `GO-2020-0071`, likewise.
    Go(u16, u32),
    /// Any other id, as it is.
    Other(String),
}

impl Identifier {
    /// Reads an id; one that would not format back exactly is kept as it is.
    pub(super) fn new(text: &str) -> Self {
        let compact = Identifier::compact(text).filter(|compact| compact.to_string() == text);
        compact.unwrap_or_else(|| Identifier::Other(text.to_owned()))
    }

    fn compact(text: &str) -> Option<Self> {
        let (database, rest) = text.split_once('-')?;
        if database == "GHSA" {
            let digit = |letter: u8| LETTERS.iter().position(|other| *other == letter);
            let letters = rest.bytes().filter(|byte| *byte != b'-');
            return letters
                .enumerate()
                .try_fold(0u64, |number, (index, letter)| {
                    (index < 12).then_some(number * 20 + digit(letter)? as u64)
                })
                .map(Identifier::Ghsa);
        }
        let (year, number) = rest.split_once('-')?;
        let (year, number) = (year.parse().ok()?, number.parse().ok()?);
        Some(match database {
            "CVE" => Identifier::Cve(year, number),
            "RUSTSEC" => Identifier::RustSec(year, number),
            "PYSEC" => Identifier::PySec(year, number),
            "GO" => Identifier::Go(year, number),
            _ => return None,
        })
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identifier::Ghsa(number) => {
                let digits = (0..12u32).rev().map(|place| number / 20u64.pow(place) % 20);
                f.write_str("GHSA")?;
                for (index, digit) in digits.enumerate() {
                    if index % 4 == 0 {
                        f.write_str("-")?;
                    }
                    write!(f, "{}", char::from(LETTERS[digit as usize]))?;
                }
                Ok(())
            }
            Identifier::Cve(year, number) => write!(f, "CVE-{year:04}-{number:04}"),
            Identifier::RustSec(year, number) => write!(f, "RUSTSEC-{year:04}-{number:04}"),
            Identifier::PySec(year, number) => write!(f, "PYSEC-{year}-{number}"),
            Identifier::Go(year, number) => write!(f, "GO-{year:04}-{number:04}"),
            Identifier::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_forms_are_compact() {
        for text in
            ["GHSA-2345-6789-cfgh", "CVE-2020-0071", "CVE-2021-44228", "RUSTSEC-2020-0071", "PYSEC-2021-9"]
        {
            assert!(!matches!(Identifier::new(text), Identifier::Other(_)), "{text}");
        }
        for text in [
            "GHSA-2345-6789",
            "GHSA-aaaa-bbbb-cccc",
            "CVE-2020-71",
            "PYSEC-2021-0009",
            "GHSA",
            "",
            "MAL-2023-1",
        ] {
            assert_eq!(Identifier::new(text), Identifier::Other(text.into()));
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "(GHSA|CVE|GO|PYSEC|RUSTSEC|X)-[0-9a-x]{1,5}-[0-9a-x-]{0,16}|.{0,12}") {
            prop_assert_eq!(Identifier::new(&text).to_string(), text);
        }
    }
}
