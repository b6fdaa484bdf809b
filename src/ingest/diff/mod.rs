//! Unified diffs, git's and plain ones: read line by line, and told apart from the text around them as `git apply` does.

mod header;
mod patch;

use crate::artifact::Mode;
use header::Headers;

pub use patch::{Base, patch};

/// As many problems are told as somebody might read.
const MOST_PROBLEMS: usize = 20;

/// What a diff does to one file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct FileDiff<'a> {
    /// The line of the diff where it starts, 1-based.
    pub(super) line: u32,
    /// `None` when the file is new.
    pub(super) old: Option<String>,
    /// `None` when the file is deleted.
    pub(super) new: Option<String>,
    pub(super) old_mode: Option<Mode>,
    pub(super) new_mode: Option<Mode>,
    /// The diff says that the content is binary.
    pub(super) binary: bool,
    /// The old file stays.
    pub(super) copied: bool,
    pub(super) hunks: Vec<Hunk<'a>>,
}

/// One hunk: where it starts on both sides (1-based; 0 for an empty side), and its lines.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    pub(super) old_start: u32,
    pub(super) old_len: u32,
    pub(super) new_start: u32,
    pub(super) new_len: u32,
    pub(super) lines: Vec<(Side, &'a [u8])>,
}

/// Which side a line of a hunk is on; its text has its line break unless the file ends without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Old,
    New,
}

/// The files of a diff, and what is wrong with it: line of the diff and one clause.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed<'a> {
    pub(super) files: Vec<FileDiff<'a>>,
    pub(super) problems: Vec<(u32, String)>,
}

/// Reads a diff. Text before, between and after its files is skipped, as in mails and `git log -p`.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let mut parser = Parser::default();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        parser.line(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1), line);
    }
    parser.finish()
}

#[derive(Default)]
struct Parser<'a> {
    parsed: Parsed<'a>,
    headers: Headers,
    hunks: Vec<Hunk<'a>>,
    /// Lines that the open hunk still lacks on its old and new side.
    open: Option<(u32, u32)>,
    /// The last line was one of a hunk.
    after_hunk: bool,
    number: u32,
}

impl<'a> Parser<'a> {
    fn line(&mut self, number: u32, line: &'a [u8]) {
        self.number = number;
        if line.starts_with(b"\\ ") && (self.open.is_some() || self.after_hunk) {
            return self.no_newline();
        }
        match self.open {
            Some((0, 0)) | None => self.outside(line),
            Some(missing) => self.inside(line, missing),
        }
    }

    /// A line of a hunk that is not complete.
    fn inside(&mut self, line: &'a [u8], (old, new): (u32, u32)) {
        let text = line.get(1..).unwrap_or_default();
        let (side, text) = match line.first() {
            Some(b' ') => (Side::Both, text),
            // Some tools strip the blank that marks an empty line of context.
            Some(b'\n') | Some(b'\r') => (Side::Both, line),
            Some(b'-') => (Side::Old, text),
            Some(b'+') => (Side::New, text),
            _ => return self.broken("the hunk ends before the lines that its header counts"),
        };
        let left = match side {
            Side::Both => old.checked_sub(1).zip(new.checked_sub(1)),
            Side::Old => old.checked_sub(1).map(|old| (old, new)),
            Side::New => new.checked_sub(1).map(|new| (old, new)),
        };
        let Some(left) = left else {
            return self.broken("the hunk holds more lines of one side than its header counts");
        };
        if let Some(hunk) = self.hunks.last_mut() {
            hunk.lines.push((side, text));
        }
        self.open = (left != (0, 0)).then_some(left);
        self.after_hunk = left == (0, 0);
    }

    /// Any other line.
    fn outside(&mut self, line: &'a [u8]) {
        let after_hunk = std::mem::take(&mut self.after_hunk);
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.starts_with(b"@@@")
            || text.starts_with(b"diff --cc ")
            || text.starts_with(b"diff --combined ")
        {
            self.close();
            self.broken("a combined diff of a merge is not supported; use `git diff -m` or a range");
        } else if text.starts_with(b"@@ ") {
            match header::hunk(text) {
                _ if !self.headers.named() => self.broken("the hunk has no file name above it"),
                None => self.broken("the hunk's header is not `@@ -LINE,COUNT +LINE,COUNT @@`"),
                Some(hunk) => {
                    self.open =
                        (hunk.old_len != 0 || hunk.new_len != 0).then_some((hunk.old_len, hunk.new_len));
                    self.hunks.push(hunk);
                }
            }
        } else if text.starts_with(b"diff --git ") || (text.starts_with(b"--- ") && self.headers.complete()) {
            self.close();
            self.headers.start(self.number);
            self.header(text);
        } else if self.headers.started() && self.hunks.is_empty() || text.starts_with(b"--- ") {
            self.header(text);
        } else if after_hunk && matches!(text.first(), Some(b'+' | b'-')) && text != b"-- " && text != b"--" {
            self.broken("the hunk holds more lines than its header counts");
        }
    }

    fn header(&mut self, text: &[u8]) {
        if !self.headers.started() {
            self.headers.start(self.number);
        }
        if let Err(problem) = self.headers.read(text) {
            self.broken(problem);
        }
    }

    /// `\ No newline at end of file`: the line before loses its line break.
    fn no_newline(&mut self) {
        if let Some((_, text)) = self.hunks.last_mut().and_then(|hunk| hunk.lines.last_mut()) {
            *text = text.strip_suffix(b"\n").unwrap_or(text);
        }
    }

    fn broken(&mut self, problem: &str) {
        if self.parsed.problems.len() < MOST_PROBLEMS {
            self.parsed.problems.push((self.number, problem.to_owned()));
        }
        self.open = None;
        self.after_hunk = false;
    }

    /// Ends the file that is open.
    fn close(&mut self) {
        if self.open.take().is_some() {
            self.parsed
                .problems
                .push((self.number, "the hunk ends before the lines that its header counts".into()));
        }
        let hunks = std::mem::take(&mut self.hunks);
        let headers = std::mem::take(&mut self.headers);
        let line = headers.line();
        match headers.finish(hunks) {
            Ok(found) => self.parsed.files.extend(found),
            Err(problem) => self.parsed.problems.push((line, problem.to_owned())),
        }
    }

    fn finish(mut self) -> Parsed<'a> {
        self.close();
        if self.parsed.files.is_empty() && self.parsed.problems.is_empty() && self.number > 0 {
            self.parsed.problems.push((1, "no unified diff was found".into()));
        }
        self.parsed
    }
}

#[cfg(test)]
mod tests;
