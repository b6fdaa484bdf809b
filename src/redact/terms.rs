//! A team's own words: names of projects, of customers, of hosts inside. They are found like secrets, in every reading
//! of a text, and nothing here shows one: no error, no `Debug` output, no report.

mod plain;
#[cfg(test)]
mod tests;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexBuilder};

use super::detect::Found;
use super::literal;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Confidence, printable};
use plain::Plain;

pub use written::Confidential;

/// The rule that reports them.
pub(super) const RULE: &str = "confidential-term";

/// The most terms of one run.
const TERMS: usize = 10_000;
/// The most patterns among them: each is a program of its own.
const PATTERNS: usize = 500;
/// The longest term or pattern, in characters.
const LONGEST: usize = 1000;
/// The fewest characters of a term, beside those that may be left out between its words.
const SHORTEST: usize = 3;
/// The longest name of a term, in characters.
const NAME: usize = 80;
/// The largest compiled pattern, and the largest table that it may build while it runs, in bytes.
const COMPILED: usize = 1 << 20;
const TABLE: usize = 256 << 10;

/// One term: what must not leave, what a report calls it, and where it is listed. Shows none of it but the last.
#[derive(Clone)]
pub struct Term {
    what: What,
    name: Option<String>,
    at: String,
}

#[derive(Clone)]
enum What {
    Plain(Plain),
    Pattern(Regex),
}

impl Term {
    /// A term as it is said; `case`: whether capitals count. Between its words there may be white space, one line break
    /// included, a hyphen, an underscore, a dot, or nothing. `at` is where it is listed, "weft.toml:7". Errors name that
    /// place and never the term: it is too short or too long.
    pub fn plain(text: &str, case: bool, at: &str) -> Result<Term> {
        if text.chars().count() > LONGEST {
            return Err(wrong(at, &format!("a confidential term has at most {LONGEST} characters")));
        }
        let plain = Plain::new(text, case).filter(|plain| plain.length() >= SHORTEST).ok_or_else(|| {
            wrong(at, &format!("a confidential term needs at least {SHORTEST} characters"))
                .hint("a shorter one would hide half of every text: list the longer words it stands in")
        })?;
        Ok(Term { what: What::Plain(plain), name: None, at: at.to_owned() })
    }

    /// A regular expression, as the regex crate reads it; case counts unless it says `(?i)`. `at` as above. Errors name
    /// that place and never the expression: it does not compile, is too large, or matches the empty text.
    pub fn regex(pattern: &str, at: &str) -> Result<Term> {
        if pattern.chars().count() > LONGEST {
            return Err(wrong(at, &format!("a confidential pattern has at most {LONGEST} characters")));
        }
        // The error underneath would quote the pattern.
        let regex = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(TABLE).build().map_err(
            |error| {
                let why = match error {
                    regex::Error::CompiledTooBig(_) => "is too large once compiled: shorten its repetitions",
                    _ => "is no regular expression (look-around and back-references are not supported)",
                };
                wrong(at, &format!("the confidential pattern {why}"))
            },
        )?;
        if regex.is_match("") {
            return Err(wrong(at, "the confidential pattern matches the empty text"));
        }
        Ok(Term { what: What::Pattern(regex), name: None, at: at.to_owned() })
    }

    /// With a name for reports, which must not show the term. Errors: it does, or it is empty or too long.
    pub fn named(mut self, name: &str) -> Result<Term> {
        if name.trim().is_empty() || name.chars().count() > NAME {
            return Err(wrong(&self.at, &format!("`name` has 1 to {NAME} characters")));
        }
        let shows = match &self.what {
            What::Plain(plain) => !plain.find(name).is_empty(),
            What::Pattern(regex) => regex.is_match(name),
        };
        if shows {
            return Err(wrong(&self.at, "`name` shows the term, and a report shows the name"));
        }
        self.name = Some(printable(name.trim()));
        Ok(self)
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        let what = match (&self.what, &other.what) {
            (What::Plain(one), What::Plain(other)) => one == other,
            (What::Pattern(one), What::Pattern(other)) => one.as_str() == other.as_str(),
            _ => false,
        };
        what && self.name == other.name && self.at == other.at
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Term({})", self.at)
    }
}

fn wrong(at: &str, what: &str) -> Error {
    Error::new(ErrorKind::Settings, format!("{at}: {what}"))
}

/// What a literal in the text leads to.
#[derive(Debug, Clone, Copy)]
enum Anchor {
    Plain(usize),
    Pattern(usize),
}

/// All terms of a run, compiled once.
pub struct Terms {
    terms: Vec<Term>,
    automaton: Option<AhoCorasick>,
    /// For each literal of the automaton what it leads to.
    anchors: Vec<Vec<Anchor>>,
    /// Patterns without a literal: they run over every text.
    always: Vec<usize>,
    /// The files that list the terms.
    homes: Vec<String>,
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terms({})", self.terms.len())
    }
}

impl Terms {
    /// Compiles `terms`. Errors: there are too many.
    pub fn new(terms: Vec<Term>) -> Result<Terms> {
        let too_many = || Error::new(ErrorKind::Settings, format!("more than {TERMS} confidential terms"));
        if terms.len() > TERMS {
            return Err(too_many());
        }
        if terms.iter().filter(|term| matches!(term.what, What::Pattern(_))).count() > PATTERNS {
            let what = format!("more than {PATTERNS} confidential patterns");
            return Err(Error::new(ErrorKind::Settings, what).hint("list plain terms where they will do"));
        }
        let common = plain::common(terms.iter().filter_map(|term| match &term.what {
            What::Plain(plain) => Some(plain),
            What::Pattern(_) => None,
        }));
        let mut terms = terms;
        let mut words: BTreeMap<String, Vec<Anchor>> = BTreeMap::new();
        let mut always = Vec::new();
        for (index, term) in terms.iter_mut().enumerate() {
            match &mut term.what {
                What::Plain(plain) => {
                    for word in plain.anchor(&common) {
                        words.entry(word).or_default().push(Anchor::Plain(index));
                    }
                }
                What::Pattern(regex) => match literal::required(regex.as_str(), 2) {
                    Some(literals) => {
                        for word in literals {
                            words.entry(word).or_default().push(Anchor::Pattern(index));
                        }
                    }
                    None => always.push(index),
                },
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words.keys());
        // The error underneath has numbers only, and still: nothing of the terms.
        let automaton = if words.is_empty() { None } else { Some(automaton.map_err(|_| too_many())?) };
        Ok(Terms { terms, automaton, anchors: words.into_values().collect(), always, homes: Vec::new() })
    }

    /// The terms of a file: one a line, without the white space around it; `#` begins a comment; `regex:`, `case:` (capitals
    /// count) and `plain:` (as it is, whatever it begins with) say how the rest is meant. `name` is what errors call the
    /// file; they name the line and never what is written there.
    pub fn lines(name: &str, text: &[u8]) -> Result<Vec<Term>> {
        written::lines(name, text)
    }

    /// With the paths, as a scan names them, of the files that list the terms: what they list is masked there like
    /// everywhere, and not reported.
    pub fn listed_in(mut self, files: impl IntoIterator<Item = String>) -> Terms {
        self.homes.extend(files);
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Adds every place of a term in `text` as found by `rule`: sorted, without overlap, outside placeholders.
    pub(super) fn find(&self, text: &str, rule: usize, found: &mut Vec<Found>) {
        let places = self.places(text).into_iter();
        found.extend(places.map(|range| Found::plain(range, rule, Confidence::High)));
    }

    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let mut wanted = vec![false; self.terms.len()];
        self.always.iter().for_each(|index| wanted[*index] = true);
        for hit in self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text)) {
            for anchor in &self.anchors[hit.pattern().as_usize()] {
                match *anchor {
                    Anchor::Pattern(index) => wanted[index] = true,
                    Anchor::Plain(index) => {
                        if let What::Plain(plain) = &self.terms[index].what {
                            places.extend(plain.around(text, &hit.range()));
                        }
                    }
                }
            }
        }
        for (term, _) in self.terms.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            if let What::Pattern(regex) = &term.what {
                places.extend(
                    regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty()),
                );
            }
        }
        if places.is_empty() {
            return places;
        }
        let taken = placeholders(text);
        places.retain(|place| {
            let next = taken.partition_point(|taken| taken.end <= place.start);
            taken.get(next).is_none_or(|taken| taken.start >= place.end)
        });
        united(places)
    }

    /// What a report calls the term that `text` is, when it has a name.
    pub(super) fn name(&self, text: &str) -> Option<&str> {
        let whole = 0..text.len();
        let is = |term: &&Term| match &term.what {
            What::Plain(plain) => plain.find(text).contains(&whole),
            What::Pattern(regex) => regex.find_iter(text).any(|found| found.range() == whole),
        };
        self.terms.iter().filter(|term| term.name.is_some()).find(is)?.name.as_deref()
    }

    /// Where in the file at `path` the terms themselves are listed. Found there, they are no news.
    pub(super) fn home(&self, path: &str, text: &str) -> Vec<Range<usize>> {
        if !self.homes.iter().any(|home| home == path) {
            return Vec::new();
        }
        if path.ends_with(".toml") { written::values(text) } else { vec![0..text.len()] }
    }
}

// A pattern of our own that cannot fail to compile; the tests hold that.
static PLACEHOLDER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("WEFT_[A-Z][A-Z0-9_]{1,60}_(?:[A-Z2-7]{10}|[0-9]{4,9})").ok());

/// Where placeholders stand, those included that stand right beside a letter: their kinds are words, which may be terms.
fn placeholders(text: &str) -> Vec<Range<usize>> {
    if memchr::memmem::find(text.as_bytes(), b"WEFT_").is_none() {
        return Vec::new();
    }
    PLACEHOLDER.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect()
}

/// Sorted, those that overlap made one.
fn united(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| (place.start, place.end));
    let mut united: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match united.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => united.push(place),
        }
    }
    united
}

/// Puts the places of terms among what other rules found, both sorted and without overlap. Where they overlap the whole
/// is masked as one, so that nothing of either is left: as the secret it is, or as the term when that covers it or it is
/// `personal` data.
pub(super) fn join(others: Vec<Found>, terms: Vec<Found>, personal: impl Fn(usize) -> bool) -> Vec<Found> {
    let ours = terms.first().map(|term| term.rule);
    let mut all: Vec<Found> = others.into_iter().chain(terms).collect();
    all.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
    let mut joined: Vec<Found> = Vec::with_capacity(all.len());
    for one in all {
        let Some(last) = joined.last_mut().filter(|last| one.range.start < last.range.end) else {
            joined.push(one);
            continue;
        };
        let end = last.range.end.max(one.range.end);
        // What begins first and reaches further covers the other; a secret keeps its kind unless a term covers it.
        let covered = one.range.end <= last.range.end;
        let keeps = match (Some(last.rule) == ours, Some(one.rule) == ours) {
            (true, false) => covered || personal(one.rule),
            (false, true) => !personal(last.rule) && last.range != one.range,
            _ => true,
        };
        if !keeps {
            (last.rule, last.confidence) = (one.rule, one.confidence);
        }
        last.range.end = end;
    }
    joined
}
