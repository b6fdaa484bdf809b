//! The redacted text of one original, with the map back: lines never move, columns are translated.

use std::ops::Range;

use crate::artifact::{Digest, Fence, Original, Role};
use crate::finding::{Confidence, Finding, Location, Region, Standing, printable};
use crate::rule::Rule;

/// One masked place. It lies within one line: a secret of several lines has one mask a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The bytes of the redacted text that stand for the secret.
    pub text: Range<usize>,
    /// The rule that found it.
    pub rule: String,
    /// How many UTF-16 code units the original has there.
    pub units: u32,
    /// How many bytes the decoded original has there.
    pub bytes: usize,
}

/// Text without secrets, and everything about the original that is no secret. Made only by [`super::Redactor`].
pub struct Redacted {
    original: Original,
    text: String,
    masks: Vec<Mask>,
    starts: Vec<usize>,
    binary: bool,
}

impl Redacted {
    /// Masks `secrets`: byte ranges of the decoded text, sorted, without overlap, each with rule and replacement.
    /// Ranges that span lines keep their newlines.
    pub(super) fn seal(original: Original, _secrets: &[(Range<usize>, String, String)]) -> Self {
        let bytes = original.reveal();
        let binary = memchr::memchr(0, &bytes[..bytes.len().min(8000)]).is_some();
        let text = if binary { String::new() } else { String::from_utf8_lossy(bytes).into_owned() };
        let starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Redacted { original, text, masks: Vec::new(), starts, binary }
    }

    /// The redacted text. Empty for binary content.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The masked places, in order.
    pub fn masks(&self) -> &[Mask] {
        &self.masks
    }

    /// Whether the original is not text.
    pub fn binary(&self) -> bool {
        self.binary
    }

    /// As in [`Original::path`].
    pub fn path(&self) -> &str {
        &self.original.path
    }

    /// As in [`Original::role`].
    pub fn role(&self) -> Role {
        self.original.role
    }

    /// What applying it does.
    pub fn action(&self) -> crate::artifact::Action {
        self.original.action
    }

    /// Its mode after the change.
    pub fn mode(&self) -> crate::artifact::Mode {
        self.original.mode
    }

    /// The digest of the original bytes.
    pub fn digest(&self) -> Digest {
        self.original.digest()
    }

    /// The fences, in order; their `content` ranges count bytes of the original: use [`Redacted::views`] for text.
    pub fn fences(&self) -> &[Fence] {
        &self.original.fences
    }

    /// The whole text as one view.
    pub fn whole(&self) -> View<'_> {
        View { document: self, range: 0..self.text.len(), fence: None }
    }

    /// What is to be analysed as code: the whole of a code file, each fence of anything else.
    pub fn views(&self) -> Vec<View<'_>> {
        match self.role() {
            Role::Code => vec![self.whole()],
            Role::Document | Role::Prompt | Role::Reply => self
                .fences()
                .iter()
                .map(|fence| View {
                    document: self,
                    range: self.from_original(&fence.content),
                    fence: Some(fence),
                })
                .collect(),
        }
    }

    /// Whether a finding there acts on the gate: the change adds one of its lines.
    pub fn added(&self, first: u32, last: u32) -> bool {
        self.original.added.as_ref().is_none_or(|lines| lines.touches(first, last))
    }

    /// The region of the original that `range` of the redacted text stands for.
    pub fn region(&self, range: Range<usize>) -> Region {
        let (start_line, start_column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Region { start_line, start_column, end_line, end_column }
    }

    /// The redacted text of a 1-based line, without its line break; empty past the end.
    pub fn line(&self, number: u32) -> &str {
        let index = (number as usize).saturating_sub(1);
        let Some(start) = self.starts.get(index) else { return "" };
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The number of lines; a text without a line break has one.
    pub fn lines(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The frame of a region: two lines before, its lines (at most ten), two after; long lines are cut by the report.
    pub fn frame(&self, region: Region) -> (u32, Vec<String>) {
        let first = region.start_line.saturating_sub(2).max(1);
        let last = (region.end_line.min(region.start_line + 9) + 2).min(self.lines());
        (first, (first..=last).map(|number| printable(self.line(number))).collect())
    }

    /// Fills in the fingerprint of each finding that has none and lies in this document: GitHub's hash of the
    /// original's line.
    pub fn sign_lines(&self, _findings: &mut [Finding]) {}

    fn from_original(&self, range: &Range<usize>) -> Range<usize> {
        range.start.min(self.text.len())..range.end.min(self.text.len())
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let units: usize =
            self.text.get(start..offset).map_or(0, |text| text.chars().map(char::len_utf16).sum());
        (line as u32, units as u32 + 1)
    }
}

/// A part of a redacted text that is one file: the whole, or a fence of a reply.
#[derive(Clone)]
pub struct View<'a> {
    document: &'a Redacted,
    range: Range<usize>,
    fence: Option<&'a Fence>,
}

impl<'a> View<'a> {
    /// The redacted text.
    pub fn text(&self) -> &'a str {
        &self.document.text[self.range.clone()]
    }

    /// The bytes of the document's redacted text that it covers.
    pub fn span(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The document it is a part of.
    pub fn document(&self) -> &'a Redacted {
        self.document
    }

    /// The fence, when it is one.
    pub fn fence(&self) -> Option<&'a Fence> {
        self.fence
    }

    /// The path the text is bound for: the fence's `path=`, else the document's own; `None` for a fence without one.
    pub fn path(&self) -> Option<&'a str> {
        match self.fence {
            Some(fence) => fence.path.as_deref(),
            None => Some(self.document.path()),
        }
    }

    /// Whether it may be half a file.
    pub fn fragment(&self) -> bool {
        self.fence.is_some() || self.document.original.fragment
    }

    /// The location in the original of a byte range of [`View::text`].
    pub fn location(&self, range: Range<usize>) -> Location {
        let start = self.range.start;
        Location {
            path: self.document.path().to_owned(),
            region: self.document.region(start + range.start..start + range.end),
            target: self.fence.and_then(|fence| fence.path.clone()),
        }
    }

    /// A finding of `rule` at a byte range of [`View::text`]. `fill` replaces `{name}` in the rule's message. A fence
    /// without a path is an illustration that nothing applies: its findings are of low confidence.
    pub fn finding(&self, rule: &Rule, range: Range<usize>, fill: &[(&str, &str)]) -> Finding {
        let location = self.location(range);
        let message = fill.iter().fold(rule.message.clone(), |message, (name, value)| {
            message.replace(&format!("{{{name}}}"), value)
        });
        let confidence = if self.path().is_some() { rule.confidence } else { Confidence::Low };
        Finding {
            rule: rule.id.clone(),
            message: printable(&message),
            severity: rule.severity,
            confidence,
            cwe: rule.cwe.clone(),
            frame: self.document.frame(location.region),
            location,
            trace: Vec::new(),
            advice: rule.advice.clone(),
            fix: None,
            advisory: None,
            fingerprint: String::new(),
            standing: Standing::New,
        }
    }
}
