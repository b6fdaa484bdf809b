//! Original -> [`Redacted`]: find secrets and personal data, mask every occurrence, keep every line where it is.
//!
//! This is the only room that makes a [`Redacted`], and every later stage accepts nothing else.

mod anchors;
mod assigned;
mod attribution;
mod column;
mod context;
mod decode;
mod detect;
mod fact;
mod filter;
mod generic;
mod hygiene;
mod imported;
mod line_hash;
mod literal;
mod mask;
mod pattern;
mod pii;
mod random;
mod reading;
mod redacted;
mod stand_in;
mod terms;
#[cfg(test)]
mod tests;
mod validate;
mod vault;

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Digest, Original, Role};
use crate::error::Result;
use crate::finding::{Confidence, Finding, Note, NoteKind, Severity};
use crate::rule::{Category, RuleSet};

use detect::{Detector, Source};
use mask::{Copy, Issuer, by_line, copies};
use pii::Reading;
use redacted::Replacement;

pub use filter::{Filtered, Mode, Spool};
pub(crate) use hygiene::hygiene;
pub use imported::unanchored;
pub(crate) use mask::placeholders;
pub use redacted::{Mask, Redacted, View};
pub use terms::{Confidential, Term, Terms};
pub use vault::{Restored, Vault, VaultKey};

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

    /// Looks for a team's own words too. Errors: the rules have none that reports them.
    pub fn set_terms(&mut self, terms: Terms) -> Result<()> {
        self.detector.set_terms(terms)
    }

    /// Compiles every pattern now: for rules that come from outside. Errors: one does not compile or is too large.
    pub fn check(&self) -> Result<()> {
        self.detector.check()
    }

    /// Leaves out what the rules with these ids would find: it is neither masked nor reported.
    pub fn without(&mut self, ids: &[&str]) {
        self.detector.without(ids);
    }

    /// Tells apart any two redactors of the same rules that mask differently; `None` for one with a team's own words,
    /// about which nothing is kept.
    pub(crate) fn identity(&self) -> Option<Digest> {
        let off = self.detector.off()?;
        Some(Digest::of(format!("{off:?} {:?}", self.key).as_bytes()))
    }

    /// Masks one original. Never fails: what cannot be looked at becomes a note.
    pub fn redact(&self, original: Original) -> Redaction {
        let bytes = original.reveal().clone();
        let Some(decoded) = decode::decode(&bytes) else {
            let note = not_text(&original.path);
            let document = Redacted::seal(original, None, &[]);
            let findings = self.by_path(&document);
            return Redaction { document, findings, notes: vec![note] };
        };
        let text = decoded.text.as_ref();
        let mut sweep = self.detector.find(text, &Source::of(&original));
        context::settle(&original, text, &mut sweep.found, |rule| &self.detector.rules[rule].id);
        let broken = sweep.broken.iter().map(|id| {
            let message = format!("the pattern of rule {id} does not compile: correct its page");
            Note::new(NoteKind::NotChecked, &original.path, message)
        });
        let refused = sweep.refused.map(|why| Note::new(NoteKind::NotChecked, &original.path, why));
        let mut notes: Vec<Note> = broken.chain(refused).collect();
        let copies = copies(text, &sweep.found, &self.detector);
        let (replacements, places) = self.replacements(text, &copies);
        let shown = attribution::Shown::new(&original, text, &copies, &self.detector.rules);
        let whole = original.added.is_none() && Reading::of(original.role) == Reading::File;
        let home = self.detector.home(&original.path, text);
        notes.extend(listed(&original.path, &home, text));
        let document = Redacted::seal(original, Some(&decoded), &replacements);
        let views = document.views();
        let (mut on_line, mut left_out, mut noted) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut findings: Vec<Finding> = copies
            .iter()
            .zip(places)
            .enumerate()
            .filter_map(|(index, (copy, pieces))| {
                let listed = |place: &std::ops::Range<usize>| {
                    place.start <= copy.range.start && copy.range.end <= place.end
                };
                if self.detector.terms(copy.rule).is_some() && home.iter().any(listed) {
                    return None;
                }
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
                // In a file one note stands for all copies of what nobody can confirm.
                let note = whole && copy.confidence == Confidence::Low && self.is_generic(copy.rule);
                let more = shown.with(index)?;
                if note && !noted.insert(copy.secret.as_str()) {
                    return None;
                }
                let mut finding = self.report(&document, &views, copy, range);
                if more > 0 {
                    finding.message += &format!(", and {more} more in this file");
                }
                Some(finding)
            })
            .collect();
        drop(views);
        findings.extend(self.by_path(&document));
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

    fn is_generic(&self, rule: usize) -> bool {
        self.detector.rules.get(rule).is_some_and(|rule| rule.id == generic::RULE)
    }

    /// The findings of rules that report a path, whatever the file holds.
    fn by_path(&self, document: &Redacted) -> Vec<Finding> {
        if !matches!(document.role(), Role::Code | Role::Document) {
            return Vec::new();
        }
        let rules = self.detector.reporting(document.path());
        rules.map(|rule| document.whole().finding(rule, 0..0, &[])).collect()
    }

    /// What to put where, and for each copy which of the replacements are its own.
    fn replacements(
        &self,
        text: &str,
        copies: &[Copy],
    ) -> (Vec<Replacement<'_>>, Vec<std::ops::Range<usize>>) {
        let (mut replacements, mut places) = (Vec::new(), Vec::new());
        if copies.is_empty() {
            return (replacements, places);
        }
        let mut issuer = Issuer::new(self.key.as_deref(), text);
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
    ) -> Finding {
        let rule = &self.detector.rules[copy.rule];
        let fence = views.iter().find(|view| view.fence().is_some() && view.covers(&range));
        let mut finding = document.whole().finding(rule, range, &[]);
        finding.location.target = fence.and_then(|view| view.path().map(str::to_owned));
        match self.detector.terms(copy.rule).and_then(|terms| terms.name(&copy.secret)) {
            Some(name) => finding.message += &format!(": {name}"),
            None => finding.message += &format!(" of {} characters", copy.secret.chars().count()),
        }
        if let Some(written) = copy.written {
            finding.message += &format!(", {written}");
        }
        finding.confidence = copy.confidence;
        if rule.category == Category::Secrets {
            finding.secret = Some(fact::of(rule, &copy.secret, self.key.as_deref(), self.run.as_deref()));
        }
        if rule.category == Category::Pii && Reading::of(document.role()) == Reading::File {
            finding.severity = Severity::Low;
        }
        finding
    }
}

/// That a file which lists the confidential terms is itself among what is scanned.
fn listed(path: &str, home: &[std::ops::Range<usize>], text: &str) -> Option<Note> {
    (home == [0..text.len()] && !text.is_empty()).then(|| {
        let message =
            "lists the confidential terms: whoever has the repository reads them here, so keep it outside";
        Note::new(NoteKind::Info, path, message)
    })
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
