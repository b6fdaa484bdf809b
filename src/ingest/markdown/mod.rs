//! Two readings of a reply's fences: what weft-cli applies, and what a CommonMark reader sees. Where they agree, one
//! [`Fence`] says so; where they do not, there are two, and a later stage makes a finding of it.

mod commonmark;
mod html;
mod upstream;

use std::borrow::Cow;
use std::ops::Range;

use crate::artifact::{Action, Fence};
use commonmark::{Block, Page};
use upstream::Match;

/// Deeper containers than these are not read as CommonMark: no person nests so deep, and the parser's time is text
/// times depth.
const DEEPEST: usize = 100;
/// Longer texts are not read as CommonMark.
const LONGEST: usize = 8 * 1024 * 1024;

/// More fences than these are not listed: a reply of that many is an attack on memory.
const MOST: usize = 50_000;

/// The fences of one text, in order, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Fences {
    pub(super) fences: Vec<Fence>,
    /// Why the CommonMark reading is missing.
    pub(super) partial: Option<&'static str>,
    /// There are more fences than are listed.
    pub(super) cut: bool,
}

/// The fences of `bytes`. `front` is the front matter, `body` what follows it; upstream applies the body alone.
pub(super) fn read(bytes: &[u8], front: &Range<usize>, body: &Range<usize>) -> Fences {
    let has_fence =
        |bytes: &[u8]| [b"```", b"~~~"].iter().any(|ticks| memchr::memmem::find(bytes, *ticks).is_some());
    if !has_fence(bytes) {
        return Fences::default();
    }
    let text = same_length(&bytes[body.clone()]);
    let partial = unreadable(&text);
    let page = if partial.is_some() { Page::default() } else { commonmark::read(&text) };
    let mut lines = LineCounter { bytes, at: 0, line: 1 };
    let mut fences = Vec::new();
    for found in upstream::matches(&bytes[front.clone()]) {
        let fence = applied(&bytes[front.clone()], front.start, &found);
        fences.push((
            found.start + front.start,
            Fence { upstream: false, hidden: Some("inside the front matter"), ..fence },
        ));
    }
    merge(text.as_bytes(), body.start, &page, &mut fences);
    fences.sort_by_key(|(start, fence)| (*start, fence.content.start, !fence.upstream));
    let cut = fences.len() > MOST;
    fences.truncate(MOST);
    for (start, fence) in &mut fences {
        fence.line = lines.line_of(*start);
    }
    Fences { fences: fences.into_iter().map(|(_, fence)| fence).collect(), partial, cut }
}

/// Adds the fences of `body`, which starts at `offset` of the original.
fn merge(body: &[u8], offset: usize, page: &Page, fences: &mut Vec<(usize, Fence)>) {
    let mut seen = vec![false; page.blocks.len()];
    let mut cover = Cover::new(page);
    for found in upstream::matches(body) {
        let mut fence = applied(body, offset, &found);
        fence.upstream = true;
        let index = page.blocks.partition_point(|block| block.range.end <= found.start);
        if let Some(block) = page.blocks.get(index).filter(|block| block.range.start <= found.start) {
            let (_, path, action) = attributes(&block.info);
            // The same backticks: those of the block, not some inside it.
            let same_start =
                !body[block.range.start..found.start].contains(&b'\n') && block.content.start > found.start;
            if same_start
                && path == fence.path
                && action == fence.action
                && same_text(&block.text, &body[found.content.clone()])
            {
                fence.commonmark = true;
                seen[index] = true;
            } else if !same_start {
                fence.hidden = Some("inside another code block");
            }
        }
        fence.hidden = cover.at(found.start).or(fence.hidden);
        fences.push((offset + found.start, fence));
    }
    let mut cover = Cover::new(page);
    for (block, _) in page.blocks.iter().zip(seen).filter(|(_, seen)| !seen) {
        let hidden = cover.at(block.range.start);
        fences.push((offset + block.range.start, seen_by_reader(block, body, offset, hidden)));
    }
}

fn applied(body: &[u8], offset: usize, found: &Match) -> Fence {
    let text = |range: &Range<usize>| String::from_utf8_lossy(&body[range.clone()]).into_owned();
    Fence {
        language: text(&found.language),
        path: Some(text(&found.path)),
        action: found.action,
        line: 0,
        content: offset + found.content.start..offset + found.content.end,
        upstream: false,
        commonmark: false,
        hidden: None,
    }
}

fn seen_by_reader(block: &Block, body: &[u8], offset: usize, hidden: Option<&'static str>) -> Fence {
    let (language, path, action) = attributes(&block.info);
    let start = block.content.start.min(body.len());
    let end = block.content.end.clamp(start, body.len());
    let trailing = body[start..end].iter().rev().take_while(|byte| **byte == b'\n').count();
    Fence {
        language,
        path,
        action,
        line: 0,
        content: offset + start..offset + end - trailing,
        upstream: false,
        commonmark: true,
        hidden,
    }
}

/// Language, `path=` and `action=` of an info string, read as a person would: in any order, with or without quotes.
fn attributes(info: &str) -> (String, Option<String>, Action) {
    let language = info.split_whitespace().next().unwrap_or_default();
    let language = if language.contains('=') { "" } else { language };
    let action = value(info, "action=").map_or(Action::Create, |word| upstream::action_of(word.as_bytes()));
    (language.to_owned(), value(info, "path=").map(str::to_owned), action)
}

fn value<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let starts = |at: &usize| {
        *at == 0 || info[..*at].ends_with(|before: char| before.is_whitespace() || before == '{')
    };
    let at = info.match_indices(key).map(|(at, _)| at).find(starts)?;
    let rest = &info[at + key.len()..];
    let quoted = |quote: char| rest.strip_prefix(quote).and_then(|inner| inner.split_once(quote));
    let found = match quoted('"').or_else(|| quoted('\'')) {
        Some((inner, _)) => inner,
        None => rest.split(|end: char| end.is_whitespace()).next().unwrap_or_default(),
    };
    (!found.is_empty()).then_some(found)
}

/// Whether a rendered block and applied bytes are the same text, but for line endings at the end and CRLF.
fn same_text(rendered: &str, applied: &[u8]) -> bool {
    let ends: &[u8] = b"\r\n";
    let lines = |bytes: &[u8]| -> Vec<u8> {
        let end = bytes.iter().rposition(|byte| !ends.contains(byte)).map_or(0, |last| last + 1);
        bytes[..end].iter().copied().filter(|byte| *byte != b'\r').collect()
    };
    lines(rendered.as_bytes()) == lines(applied)
}

/// The text with each byte that is no UTF-8 replaced by one control character, so that offsets hold.
fn same_length(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
            }
            Cow::Owned(text)
        }
    }
}

/// Why a text is not read as CommonMark.
fn unreadable(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return Some("longer than 8 MiB");
    }
    text.lines().any(|line| depth(line) > DEEPEST).then_some("nested deeper than 100 levels")
}

/// How deep a line that opens quotes or list items (`>`, or a list marker with a blank after it) stands, at most: one
/// level a marker, and one for each two columns before it, since no level of a list is narrower.
fn depth(line: &str) -> usize {
    let bytes = line.as_bytes();
    // A line of one mark is a rule, however long.
    if [b'-', b'*'].iter().any(|mark| bytes.iter().all(|byte| byte == mark || byte.is_ascii_whitespace())) {
        return 0;
    }
    let (mut columns, mut depth) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        let blank = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        match byte {
            b'>' => depth += 1,
            b'-' | b'+' | b'*' | b'.' | b')' if blank => depth += 1,
            b'\t' => columns += 4,
            b' ' | b'0'..=b'9' => columns += 1,
            _ => break,
        }
    }
    if depth == 0 { 0 } else { depth + columns / 2 }
}

/// Asks, for growing offsets, what hides them.
struct Cover<'a> {
    hidden: &'a [(Range<usize>, &'static str)],
    next: usize,
    /// The ranges that began, by their end; the most certain reason is given.
    open: Vec<(usize, &'static str)>,
}

impl<'a> Cover<'a> {
    fn new(page: &'a Page) -> Self {
        Cover { hidden: &page.hidden, next: 0, open: Vec::new() }
    }

    fn at(&mut self, offset: usize) -> Option<&'static str> {
        while let Some((range, why)) = self.hidden.get(self.next).filter(|(range, _)| range.start <= offset) {
            self.open.retain(|(end, _)| *end > offset);
            if range.end > offset {
                self.open.push((range.end, why));
            }
            self.next += 1;
        }
        self.open.retain(|(end, _)| *end > offset);
        let certain = |why: &str| (why.contains("comment"), why.contains("not shown"));
        self.open.iter().max_by_key(|(_, why)| certain(why)).map(|(_, why)| *why)
    }
}

/// Counts lines for growing offsets.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl LineCounter<'_> {
    fn line_of(&mut self, offset: usize) -> u32 {
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.at..offset]).count() as u32;
        self.at = offset;
        self.line
    }
}

#[cfg(test)]
mod tests;
