//! Original -> [`Redacted`]: find secrets and personal data, mask every occurrence, keep every line where it is.
//!
//! This is the only room that makes a [`Redacted`], and every later stage accepts nothing else.

mod attribution;
mod column;
mod decode;
mod detect;
mod fact;
mod filter;
mod generic;
mod hygiene;
mod line_hash;
mod mask;
mod normal;
mod pii;
mod random;
mod redacted;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Original, Role};
use crate::error::Result;
use crate::finding::{Finding, Note, NoteKind, Severity};
use crate::rule::{Category, RuleSet};

use detect::Detector;
use mask::{Copy, Issuer, by_line, copies};
use redacted::Replacement;

pub(crate) use hygiene::hygiene;
pub(crate) use mask::placeholders;
pub use redacted::{Mask, Redacted, View};

/// A rule reports at most this many on one line; a line of data with thousands is masked all the same.
const ON_ONE_LINE: usize = 20;

/// Lines that are reported in part are named up to this many.
const NOTES: usize = 10;

/// What redacting one original yields.
pub struct Redaction {
    /// The masked text with its map back.
    pub document: Redacted,
    /// One finding a secret or piece of personal data, at the region of the original.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub notes: Vec<Note>,
}

/// The e-mail addresses of one file.
#[derive(Default)]
struct Addresses {
    /// The rule, where one finding stands for all.
    rule: Option<usize>,
    /// The copy that is reported.
    shown: Option<usize>,
    /// How many there are beside it.
    more: usize,
}

impl Addresses {
    fn hides(&self, rule: usize, copy: usize) -> bool {
        self.rule == Some(rule) && self.shown != Some(copy)
    }
}

/// The compiled detectors. One serves all threads of a run.
pub struct Redactor {
    detector: Detector,
    key: Option<Vec<u8>>,
    run: Option<Vec<u8>>,
}

impl Redactor {
    /// Compiles the secret and personal-data rules. `key` makes placeholders the same across runs; without one they are
    /// numbered by first appearance. Errors: a rule has no anchor, or names a validator that does not exist. A pattern
    /// is compiled when its anchor is first met; see [`Redactor::check`].
    pub fn new(rules: &RuleSet, key: Option<&[u8]>) -> Result<Self> {
        Ok(Redactor { detector: Detector::new(rules)?, key: key.map(<[u8]>::to_vec), run: None })
    }

    /// Gives each secret a [`crate::finding::Mark`] under `key`, which should be random and of this run alone.
    pub fn marking(self, key: &[u8]) -> Self {
        Redactor { run: Some(key.to_vec()), ..self }
    }

    /// Compiles every pattern now: for rules that come from outside. Errors: one does not compile or is too large.
    pub fn check(&self) -> Result<()> {
        self.detector.check()
    }

    /// Masks one original. Never fails: what cannot be looked at becomes a note.
    pub fn redact(&self, original: Original) -> Redaction {
        let bytes = original.reveal().clone();
        let Some(decoded) = decode::decode(&bytes) else {
            let note = not_text(&original.path);
            return Redaction {
                document: Redacted::seal(original, &[]),
                findings: Vec::new(),
                notes: vec![note],
            };
        };
        let text = decoded.text.as_ref();
        let (found, broken) = self.detector.find(text);
        let broken = broken.iter().map(|id| {
            let message = format!("the pattern of rule {id} does not compile: correct its page");
            Note::new(NoteKind::NotChecked, &original.path, message)
        });
        let mut notes: Vec<Note> = broken.collect();
        let copies = copies(text, &found, &self.detector);
        let (replacements, places) = self.replacements(text, &copies);
        let lengths: Vec<usize> =
            copies.iter().map(|copy| text[copy.range.clone()].chars().count()).collect();
        let addresses = self.addresses(&original, text, &copies);
        let document = Redacted::seal(original, &replacements);
        let views = document.views();
        let (mut on_line, mut left_out) = (BTreeMap::new(), BTreeSet::new());
        let findings = copies
            .iter()
            .zip(places)
            .zip(lengths)
            .enumerate()
            .filter_map(|(index, ((copy, pieces), length))| {
                let masks = document.masks().get(pieces)?;
                let range = masks.first()?.text.start..masks.last()?.text.end;
                // Of each confidence, so that what is left out weighs no more than what is reported beside it.
                let line = document.line_at(range.start);
                let here = on_line.entry((copy.rule, copy.confidence, line)).or_insert(0);
                *here += 1;
                if *here > ON_ONE_LINE {
                    left_out.insert((line, copy.rule));
                    return None;
                }
                if addresses.hides(copy.rule, index) {
                    return None;
                }
                let mut finding = self.report(&document, &views, copy, range, length);
                if addresses.shown == Some(index) && addresses.more > 0 {
                    finding.message += &format!(", and {} more in this file", addresses.more);
                }
                Some(finding)
            })
            .collect();
        drop(views);
        notes.extend(left_out.iter().take(NOTES).map(|(line, rule)| {
            let id = &self.detector.rules[*rule].id;
            let message = format!("line {line}: {id} is reported {ON_ONE_LINE} times, masked everywhere");
            Note::new(NoteKind::Info, document.path(), message)
        }));
        if left_out.len() > NOTES {
            let message =
                format!("{} more lines are reported in part, masked everywhere", left_out.len() - NOTES);
            notes.push(Note::new(NoteKind::Info, document.path(), message));
        }
        Redaction { document, findings, notes }
    }

    /// Which e-mail addresses of an original are reported. In a prompt or a reply each one counts; a file is full of
    /// them by design, so one stands for all, and those that only name somebody are left out.
    fn addresses(&self, original: &Original, text: &str, copies: &[Copy]) -> Addresses {
        let Some(rule) =
            self.detector.email().filter(|_| matches!(original.role, Role::Code | Role::Document))
        else {
            return Addresses::default();
        };
        let personal = copies.iter().enumerate().filter(|(_, copy)| {
            copy.rule == rule && !attribution::names_somebody(&original.path, text, &copy.range)
        });
        let personal: Vec<usize> = personal.map(|(index, _)| index).collect();
        let (mut line, mut at) = (1, 0);
        let added = |index: &&usize| {
            let start = copies[**index].range.start;
            line += memchr::memchr_iter(b'\n', &text.as_bytes()[at..start]).count() as u32;
            at = start;
            original.added.as_ref().is_none_or(|lines| lines.touches(line, line))
        };
        let shown = personal.iter().find(added).or(personal.first()).copied();
        Addresses { rule: Some(rule), shown, more: personal.len().saturating_sub(1) }
    }

    /// What to put where, and for each copy which of the replacements are its own.
    fn replacements(
        &self,
        text: &str,
        copies: &[Copy],
    ) -> (Vec<Replacement<'_>>, Vec<std::ops::Range<usize>>) {
        let mut issuer = Issuer::new(self.key.as_deref(), text);
        let (mut replacements, mut places) = (Vec::new(), Vec::new());
        for copy in copies {
            let rule = self.detector.rules[copy.rule].id.as_str();
            let first = replacements.len();
            for range in by_line(text, &copy.range) {
                let placeholder = issuer.issue(rule, &copy.secret);
                replacements.push(Replacement { range, rule, placeholder });
            }
            places.push(first..replacements.len());
        }
        (replacements, places)
    }

    /// The finding of one copy, masked at `range` of the redacted text.
    fn report(
        &self,
        document: &Redacted,
        views: &[View<'_>],
        copy: &Copy,
        range: std::ops::Range<usize>,
        length: usize,
    ) -> Finding {
        let rule = &self.detector.rules[copy.rule];
        let fence = views.iter().find(|view| view.fence().is_some() && view.covers(&range));
        let mut finding = document.whole().finding(rule, range, &[]);
        finding.location.target = fence.and_then(|view| view.path().map(str::to_owned));
        finding.message = format!("{} of {length} characters", finding.message);
        finding.confidence = copy.confidence;
        if rule.category == Category::Secrets {
            finding.secret = Some(fact::of(rule, &copy.secret, self.key.as_deref(), self.run.as_deref()));
        }
        if rule.category == Category::Pii && document.role() == Role::Code {
            finding.severity = Severity::Low;
        }
        finding
    }
}

/// Content that is no text: of a source file that is a gap in the check, of an image it is as it should be.
fn not_text(path: &str) -> Note {
    const SOURCE: &[&str] = &[
        "py", "js", "mjs", "cjs", "jsx", "ts", "tsx", "rs", "go", "sh", "rb", "md", "json", "yaml", "yml",
        "toml", "txt", "env",
    ];
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    if SOURCE.contains(&extension.to_ascii_lowercase().as_str()) {
        Note::new(
            NoteKind::NotChecked,
            path,
            "the content is not text, though the name says so: look at it by hand",
        )
    } else {
        Note::new(NoteKind::Unsupported, path, "binary content is not searched for secrets")
    }
}
