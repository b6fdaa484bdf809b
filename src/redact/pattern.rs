//! The pattern of one rule: compiled when a text first holds one of its anchors, run over the text around it, and its
//! matches judged by entropy, context, validators and what an imported rule excepts.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::imported::{Anchors, Conditions, Known, Place};
use super::random;
use super::validate::{Validator, Verdict, weigh};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Confidence;
use crate::rule::{Match, Rule, SecretMatch};

/// How far before an anchor a match may begin, and how far behind it an ordinary one may reach.
const BEFORE: usize = 160;
const BEHIND: usize = 1024;
/// How far behind its anchor a match without a bound (a private key) may reach.
const FAR_BEHIND: usize = 32 * 1024;
/// A match that ends at the edge of what was looked at is looked at again with this much more, so that it is not cut.
const MORE: usize = 1 << 20;
/// How far from a match its context words may stand.
const CONTEXT: usize = 200;

/// A text and the path of its file, where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) path: Option<&'t str>,
}

/// `[match.secret]` of one rule.
pub(super) struct Pattern {
    wanted: SecretMatch,
    validators: Vec<Validator>,
    regex: OnceLock<Option<Regex>>,
    /// How far before and behind an anchor to look, worked out when one is first met.
    reach: OnceLock<(usize, usize)>,
    /// As an imported rule's anchors have it; a match that one only hints at may stand anywhere.
    imported: Option<usize>,
    pub(super) conditions: Conditions,
}

impl Pattern {
    /// The pattern of `rule`, not compiled yet. Errors: it has no anchor, or names a validator that does not exist.
    pub(super) fn new(
        rule: &Rule,
        wanted: &SecretMatch,
        anchors: Option<Anchors>,
        known: &mut Known,
    ) -> Result<Self> {
        let wrong = |key: &str, what: String| {
            let place = rule.place.at_key(key);
            Error::new(ErrorKind::Settings, format!("{place}rule {}: {what}", rule.id)).hint(correct(rule))
        };
        let own = wanted.imported.is_none() && !(wanted.regex.is_empty() && wanted.path.is_some());
        if own && (wanted.keywords.iter().any(|word| word.len() < 2) || wanted.keywords.is_empty()) {
            return Err(wrong("keywords", "`keywords` needs words of at least two characters".into()));
        }
        let named = wanted.validate.iter().map(|name| {
            Validator::named(name)
                .ok_or_else(|| wrong("validate", format!("there is no validator \"{name}\"")))
        });
        Ok(Pattern {
            wanted: wanted.clone(),
            validators: named.collect::<Result<_>>()?,
            regex: OnceLock::new(),
            reach: OnceLock::new(),
            imported: anchors.map(|anchors| anchors.reach.unwrap_or(usize::MAX)),
            conditions: Conditions::of(wanted, known),
        })
    }

    /// How far before and behind an anchor a match may reach.
    pub(super) fn reach(&self) -> (usize, usize) {
        *self.reach.get_or_init(|| {
            if let Some(reach) = self.imported {
                return (reach.max(BEFORE), reach.max(BEHIND));
            }
            let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
            match parser.parse(&self.wanted.regex) {
                Ok(pattern) if pattern.properties().maximum_len().is_some_and(|most| most <= BEHIND) => {
                    (BEFORE, BEHIND)
                }
                _ => (BEFORE, FAR_BEHIND),
            }
        })
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.compile().ok()).as_ref()
    }

    /// Compiles the pattern over bytes, with the ASCII meaning of its classes: tokens are ASCII, and the tables of
    /// Unicode would make it a hundred times as large. One that names Unicode classes gets them. Of an assigned value
    /// it is to match the whole.
    fn compile(&self) -> std::result::Result<Regex, regex::Error> {
        let regex = &self.wanted.regex;
        let source = if self.wanted.assigned { format!("^(?:{regex})$") } else { regex.clone() };
        let compiled = |unicode| RegexBuilder::new(&source).unicode(unicode).size_limit(4 << 20).build();
        compiled(false).or_else(|_| compiled(true))
    }

    /// Compiles everything. Errors (kind `Settings`): something does not compile or is too large.
    pub(super) fn check(&self, rule: &Rule) -> Result<()> {
        let wrong = |error: String| {
            let place = match &self.wanted.imported {
                Some(at) => format!("{at}: "),
                None => rule.place.at_key("regex"),
            };
            let what = format!("{place}rule {}: its regex does not compile", rule.id);
            Error::new(ErrorKind::Settings, what).because(reason(&error)).hint(correct(rule))
        };
        let regex = self.compile().map_err(|error| wrong(error.to_string()))?;
        self.conditions.check(&regex).map_err(wrong)
    }

    /// Calls `push` with each secret in the window of a text and how sure it is, given how sure its rule is. False when
    /// the pattern does not compile.
    pub(super) fn look(
        &self,
        text: Text<'_>,
        window: Range<usize>,
        confidence: Confidence,
        mut push: impl FnMut(Range<usize>, Confidence),
    ) -> bool {
        if !self.conditions.about(text.path) {
            return true;
        }
        let Some(regex) = self.regex() else { return false };
        let Text { text, path } = text;
        let (mut at, mut end) = (window.start, window.end);
        while let Some(groups) = regex.captures_at(&text.as_bytes()[..end], at) {
            let Some(whole) = groups.get(0).map(|whole| whole.range()) else { break };
            if whole.end == end && end < text.len() {
                end = text.ceil_char_boundary((end + MORE).min(text.len()));
                at = whole.start;
                continue;
            }
            let secret = self.conditions.secret(&groups, whole.clone());
            // A class that takes anything takes bytes: a character that is cut belongs to the secret.
            let secret = text.floor_char_boundary(secret.start)..text.ceil_char_boundary(secret.end);
            let judged = self.judge(text, &whole, &secret, confidence);
            let place = Place { path, text, whole: whole.clone(), secret: secret.clone() };
            if let Some(confidence) = judged.filter(|_| self.conditions.admit(&place)) {
                push(secret, confidence);
            }
            at = whole.end.max(whole.start + 1);
            if at >= window.end {
                break;
            }
        }
        true
    }

    /// How sure it is that a value as a whole is one; an error when the pattern does not compile.
    pub(super) fn whole(
        &self,
        text: &str,
        value: &Range<usize>,
        confidence: Confidence,
    ) -> std::result::Result<Option<Confidence>, ()> {
        let regex = self.regex().ok_or(())?;
        let matches = text.get(value.clone()).is_some_and(|value| regex.is_match(value.as_bytes()));
        Ok(if matches { self.judge(text, value, value, confidence) } else { None })
    }

    /// How sure a match is; `None` when it is none.
    fn judge(
        &self,
        text: &str,
        whole: &Range<usize>,
        secret: &Range<usize>,
        confidence: Confidence,
    ) -> Option<Confidence> {
        let value = &text[secret.clone()];
        // What an imported rule takes for a placeholder it says itself.
        let made_up = random::placeholder(value) || !self.exact() && random::alphabet(value);
        let stands_in = self.wanted.imported.is_none() && made_up;
        let counted = stands_in && self.exact() && counted_out(value);
        if stands_in && !counted || self.wanted.entropy.is_some_and(|least| random::entropy(value) < least) {
            return None;
        }
        if !self.wanted.context.is_empty() {
            let start = text.floor_char_boundary(whole.start.saturating_sub(CONTEXT));
            let end = text.ceil_char_boundary((whole.end + CONTEXT).min(text.len()));
            let around = text[start..end].to_ascii_lowercase();
            if !self.wanted.context.iter().any(|word| around.contains(&word.to_ascii_lowercase())) {
                return None;
            }
        }
        if self.validators.contains(&Validator::Password)
            && reserved_host(&text[secret.end..])
            && !strong(value)
        {
            return None;
        }
        let verdicts = self.validators.iter().map(|validator| validator.check(value));
        let verdict = verdicts.fold(Verdict::Unknown, Verdict::and);
        weigh(confidence, verdict).map(|sure| if counted { Confidence::Low } else { sure })
    }

    /// Whether the pattern is the form of an issuer, which needs no look at the value.
    fn exact(&self) -> bool {
        !self.validators.iter().any(|one| matches!(one, Validator::Password | Validator::Random))
    }
}

/// Whether somebody counted where the key would be: in the exact form of an issuer that is made up, most likely, so it
/// is masked all the same and worth a note. Who writes the whole alphabet shows the form and no key.
fn counted_out(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    random::counted(&lower) && !lower.contains("abcdefghijklmnopqrstuvwxyz")
}

/// The last line of an error about a pattern: those before draw the pattern.
fn reason(error: &str) -> String {
    let last = error.lines().last().unwrap_or(error);
    last.trim_start().trim_start_matches("error: ").to_owned()
}

/// Where to correct a rule.
fn correct(rule: &Rule) -> String {
    match &rule.matcher {
        Match::Secret(SecretMatch { imported: Some(at), .. }) => format!("correct it at {at}"),
        _ if !rule.place.file.is_empty() => format!("correct its page, {}", rule.place.file),
        _ => format!("correct its page, rules/{}/{}.md", rule.category.name(), rule.id),
    }
}

/// Whether the text behind a password names a host of documentation, under which nobody has an account.
fn reserved_host(behind: &str) -> bool {
    let host =
        behind.strip_prefix('@').unwrap_or("").split([':', '/', '?', '#', '"', '\'', ' ', '\n']).next();
    let host = host.unwrap_or("");
    host.starts_with("example.")
        || [".example", ".example.com", ".test", ".invalid"].iter().any(|end| host.ends_with(end))
}

/// Whether nobody writes such a password as an example: twelve characters or more, of three kinds. A host of
/// documentation excuses `secret1`, not this.
fn strong(value: &str) -> bool {
    let kinds: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    value.len() >= 12 && kinds.iter().filter(|kind| value.bytes().any(|byte| kind(&byte))).count() >= 3
}
