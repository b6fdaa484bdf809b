//! The redacted text of one original, with the map back: lines never move, columns are translated.

use std::ops::Range;
use std::sync::OnceLock;

use super::column::{Mark, Marks};
use super::decode::Decoded;
use super::line_hash::line_hashes;
use crate::artifact::{Digest, Fence, FrontMatter, Original, Role};
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
    /// Where each line starts, worked out when one is first asked for.
    starts: OnceLock<Vec<usize>>,
    /// Known columns within long lines, worked out when the first place in one is asked for.
    columns: OnceLock<Marks>,
    /// Where the content of each fence stands in `text`.
    fences: Vec<Range<usize>>,
    binary: bool,
}

/// What [`Redacted::seal`] is to replace: a byte range of the decoded text within one line.
pub(super) struct Replacement<'a> {
    pub(super) range: Range<usize>,
    pub(super) rule: &'a str,
    pub(super) placeholder: String,
}

impl Redacted {
    /// Masks `secrets`, which are sorted, without overlap, each within one line.
    /// `decoded` is the original's text, `None` when it has none.
    pub(super) fn seal(
        original: Original,
        decoded: Option<&Decoded<'_>>,
        secrets: &[Replacement<'_>],
    ) -> Self {
        let Some(decoded) = decoded else {
            let fences = vec![0..0; original.fences.len()];
            return Redacted {
                original,
                text: String::new(),
                masks: Vec::new(),
                starts: OnceLock::new(),
                columns: OnceLock::new(),
                fences,
                binary: true,
            };
        };
        let mut text = String::with_capacity(decoded.text.len());
        let mut masks: Vec<Mask> = Vec::with_capacity(secrets.len());
        let mut done = 0;
        for secret in secrets {
            let Some(before) = decoded.text.get(done..secret.range.start) else { continue };
            let hidden = &decoded.text[secret.range.clone()];
            text.push_str(before);
            let start = text.len();
            text.push_str(&secret.placeholder);
            masks.push(Mask {
                text: start..text.len(),
                rule: secret.rule.to_owned(),
                units: units(hidden) as u32,
                bytes: hidden.len(),
            });
            done = secret.range.end;
        }
        text.push_str(&decoded.text[done..]);
        let fences = place_fences(&original.fences, decoded, &masks);
        let (starts, columns) = (OnceLock::new(), OnceLock::new());
        Redacted { original, text, masks, starts, columns, fences, binary: false }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let behind = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(behind).collect()
        })
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

    /// What the index and the disk say of it.
    pub fn disk(&self) -> crate::artifact::OnDisk {
        self.original.disk
    }

    /// The digest of the original bytes.
    pub fn digest(&self) -> Digest {
        self.original.digest()
    }

    /// The fences, in order; their `content` ranges count bytes of the original: use [`Redacted::views`] for text.
    pub fn fences(&self) -> &[Fence] {
        &self.original.fences
    }

    /// The front matter of a prompt or reply.
    pub fn front(&self) -> Option<&FrontMatter> {
        self.original.front.as_ref()
    }

    /// The whole text as one view.
    pub fn whole(&self) -> View<'_> {
        View { document: self, range: 0..self.text.len(), fence: None, half: None }
    }

    /// What is to be analysed as code: the whole of a code file, each fence of anything else.
    pub fn views(&self) -> Vec<View<'_>> {
        match self.role() {
            Role::Code => vec![self.whole()],
            Role::Document | Role::Prompt | Role::Reply => self
                .fences()
                .iter()
                .zip(&self.fences)
                .map(|(fence, range)| View {
                    document: self,
                    range: range.clone(),
                    fence: Some(fence),
                    half: None,
                })
                .collect(),
        }
    }

    /// Whether a finding there acts on the gate: the change adds one of its lines.
    pub fn added(&self, first: u32, last: u32) -> bool {
        self.original.added.as_ref().is_none_or(|lines| lines.touches(first, last))
    }

    /// The region of the original that `range` of the redacted text stands for. A masked place counts as a whole.
    pub fn region(&self, range: Range<usize>) -> Region {
        let (start_line, start_column) = self.position(range.start, false);
        let (end_line, end_column) = self.position(range.end.max(range.start), true);
        Region { start_line, start_column, end_line, end_column }
    }

    /// The redacted text of a 1-based line, without its line break; empty past the end.
    pub fn line(&self, number: u32) -> &str {
        let index = (number as usize).saturating_sub(1);
        let Some(start) = self.starts().get(index) else { return "" };
        let end = self.starts().get(index + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// Where a 1-based line starts in [`Redacted::text`]; its end past the last line.
    pub(crate) fn line_start(&self, number: u32) -> usize {
        let index = (number as usize).saturating_sub(1);
        self.starts().get(index).copied().unwrap_or(self.text.len())
    }

    /// The number of lines; a text without a line break has one.
    pub fn lines(&self) -> u32 {
        self.starts().len() as u32
    }

    /// The frame of a region: two lines before, its lines (at most ten), two after. The line that the region starts on is
    /// whole, since columns are counted in it; the others are cut where no report shows them any more. There is no frame
    /// around a line that no person reads: each of its thousand findings would hold a copy.
    pub fn frame(&self, region: Region) -> (u32, Vec<String>) {
        const READABLE: usize = 16 * 1024;
        let first = region.start_line.saturating_sub(2).max(1);
        let last = (region.end_line.min(region.start_line + 9) + 2).min(self.lines());
        if self.line(region.start_line).len() > READABLE {
            return (first, Vec::new());
        }
        let line =
            |number| if number == region.start_line { self.line(number) } else { self.line_shown(number) };
        (first, (first..=last).map(|number| printable(line(number))).collect())
    }

    /// As [`Redacted::line`], cut where no report shows it any more.
    pub(crate) fn line_shown(&self, number: u32) -> &str {
        const SHOWN: usize = 1024;
        let line = self.line(number);
        &line[..line.floor_char_boundary(SHOWN)]
    }

    /// Fills in the fingerprint of each finding that has none and lies in this document: GitHub's hash of the
    /// original's line.
    pub fn sign_lines(&self, findings: &mut [Finding]) {
        let mut hashes = None;
        for finding in findings {
            if finding.fingerprint.is_empty() && finding.location.path == self.path() {
                let hashes = hashes.get_or_insert_with(|| line_hashes(self.original.reveal()));
                let line = finding.location.region.start_line as usize;
                if let Some(hash) = hashes.get(line.saturating_sub(1)) {
                    finding.fingerprint.clone_from(hash);
                }
            }
        }
    }

    /// The 1-based line of an offset of the redacted text.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.starts().partition_point(|start| *start <= offset)
    }

    /// Line and column of the original for an offset of the redacted text; one inside a masked place counts as its
    /// start, or its end when `after`.
    fn position(&self, offset: usize, after: bool) -> (u32, u32) {
        let offset = self.text.ceil_char_boundary(offset.min(self.text.len()));
        let line = self.starts().partition_point(|start| *start <= offset);
        let start = self.starts()[line - 1];
        let columns = self.columns.get_or_init(|| Marks::new(&self.text, self.starts(), &self.masks));
        let Mark { mut at, mut column } = columns.before(start, offset);
        let first = self.masks.partition_point(|mask| mask.text.start < at);
        for mask in self.masks[first..].iter().take_while(|mask| mask.text.start < offset) {
            column += self.text.get(at..mask.text.start).map_or(0, units) as u32;
            if offset < mask.text.end && !after {
                return (line as u32, column);
            }
            column += mask.units;
            at = mask.text.end;
        }
        column += self.text.get(at..offset).map_or(0, units) as u32;
        (line as u32, column)
    }
}

/// How many UTF-16 code units a text has.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// Where the content of each fence stands in the redacted text. All ends are looked up in one walk over the text.
fn place_fences(fences: &[Fence], decoded: &Decoded<'_>, masks: &[Mask]) -> Vec<Range<usize>> {
    let mut ends: Vec<usize> =
        fences.iter().flat_map(|fence| [fence.content.start, fence.content.end]).collect();
    ends.sort_unstable();
    ends.dedup();
    let (mut next, mut shift) = (0, 0isize);
    let offsets: Vec<(usize, usize)> = decoded
        .offsets(&ends)
        .into_iter()
        .map(|offset| {
            // `shift` is how much longer the redacted text has become before `offset`.
            while let Some(mask) = masks.get(next) {
                let start = mask.text.start.saturating_add_signed(-shift);
                if start + mask.bytes > offset {
                    // An end inside a masked place moves to its start, whichever end it is.
                    return (offset.min(start)).saturating_add_signed(shift);
                }
                shift += mask.text.len() as isize - mask.bytes as isize;
                next += 1;
            }
            offset.saturating_add_signed(shift)
        })
        .zip(&ends)
        .map(|(place, end)| (*end, place))
        .collect();
    let place =
        |end: usize| offsets.binary_search_by_key(&end, |(end, _)| *end).map_or(0, |index| offsets[index].1);
    fences
        .iter()
        .map(|fence| {
            let start = place(fence.content.start);
            start..place(fence.content.end).max(start)
        })
        .collect()
}

/// A part of a redacted text that is one file: the whole, or a fence of a reply.
#[derive(Clone)]
pub struct View<'a> {
    document: &'a Redacted,
    range: Range<usize>,
    fence: Option<&'a Fence>,
    /// Of half a file: how many bytes stand before it in the text that places are counted in.
    half: Option<usize>,
}

impl<'a> View<'a> {
    /// The same, known to be half a file: its findings are less sure, and places are counted in a text that has `lead`
    /// more bytes in front.
    pub(crate) fn half(&self, lead: usize) -> Self {
        View { half: Some(lead), ..self.clone() }
    }

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

    /// Whether a byte range of the document's text lies in this view.
    pub(super) fn covers(&self, range: &Range<usize>) -> bool {
        self.range.start <= range.start && range.end <= self.range.end
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
        let lead = self.half.unwrap_or(0);
        let place = |at: usize| (self.range.start + at.saturating_sub(lead)).min(self.range.end);
        Location {
            path: self.document.path().to_owned(),
            region: self.document.region(place(range.start)..place(range.end)),
            target: self.fence.and_then(|fence| fence.path.clone()),
        }
    }

    /// A finding of `rule` at a byte range of [`View::text`]. `fill` replaces `{name}` in the rule's message. A fence
    /// without a path is an illustration that nothing applies: its findings are of low confidence; those of half a file
    /// are of medium confidence at most.
    pub fn finding(&self, rule: &Rule, range: Range<usize>, fill: &[(&str, &str)]) -> Finding {
        let location = self.location(range);
        let mut confidence = if self.path().is_some() { rule.confidence } else { Confidence::Low };
        if self.half.is_some() {
            confidence = confidence.min(Confidence::Medium);
        }
        Finding {
            rule: rule.id.clone(),
            message: rule.said(fill),
            severity: rule.severity,
            confidence,
            cwe: rule.cwe.clone(),
            frame: self.document.frame(location.region),
            location,
            trace: Vec::new(),
            advice: rule.advice.clone(),
            fix: None,
            advisory: None,
            secret: None,
            fingerprint: String::new(),
            standing: Standing::New,
        }
    }
}
