//! A redacted text, or a reply to one, with what stands behind its placeholders in their place.

use std::path::Path;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Entry, Style, Vault};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::filter::{Chunks, Encoding, Pen, Sizes, Spool, Window};
use crate::redact::mask::placeholders;

/// A text that was brought back.
pub struct Restored {
    /// The text.
    pub output: Spool,
    /// How many placeholders were replaced.
    pub replaced: u64,
    /// How many well-formed placeholders the vault does not know; they stay as they are.
    pub unknown: u64,
}

impl Vault {
    /// Puts back what stands behind every placeholder that this vault knows; everything else stays byte for byte.
    /// `folder` is where a long text is kept meanwhile. Errors: that folder cannot be written.
    pub fn restore(&self, input: &Spool, folder: &Path) -> Result<Restored> {
        self.restore_in(input, folder, Sizes::default())
    }

    pub(in crate::redact) fn restore_in(
        &self,
        input: &Spool,
        folder: &Path,
        sizes: Sizes,
    ) -> Result<Restored> {
        let restorer = Restorer::new(self.entries().iter().collect())?;
        let mut pen = Pen::new(folder, sizes.whole);
        let (replaced, unknown) = restorer.run(input, sizes, &mut |bytes| pen.write(bytes))?;
        Ok(Restored { output: pen.finish()?, replaced, unknown })
    }
}

/// Looks for the replacements of some entries.
pub(in crate::redact) struct Restorer<'a> {
    entries: Vec<&'a Entry>,
    automaton: AhoCorasick,
}

impl<'a> Restorer<'a> {
    pub(in crate::redact) fn new(entries: Vec<&'a Entry>) -> Result<Self> {
        let words = entries.iter().map(|entry| &entry.replacement);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words);
        let automaton = automaton.map_err(|error| {
            Error::new(ErrorKind::Io, "the vault knows too many placeholders to look for them")
                .because(error)
                .hint("start a new vault for the next conversation")
        })?;
        Ok(Restorer { entries, automaton })
    }

    /// Hands the restored bytes of `input` to `out`, and returns how many places were replaced and how many well-formed
    /// placeholders are unknown.
    pub(in crate::redact) fn run(
        &self,
        input: &Spool,
        sizes: Sizes,
        out: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<(u64, u64)> {
        let mut chunks = Chunks::of_anything(input, sizes)?;
        let encoding = chunks.encoding();
        let (mut replaced, mut unknown) = (0, 0);
        out(&chunks.mark()?)?;
        while let Some(window) = chunks.next()? {
            let end = self.piece(&window, encoding, out, &mut replaced, &mut unknown)?;
            chunks.resume_at(end);
        }
        Ok((replaced, unknown))
    }

    /// Restores the core of one window; returns where in the input it ended.
    fn piece(
        &self,
        window: &Window<'_>,
        encoding: Encoding,
        out: &mut dyn FnMut(&[u8]) -> Result<()>,
        replaced: &mut u64,
        unknown: &mut u64,
    ) -> Result<u64> {
        let (text, core) = (window.text(), window.core());
        let mut done = core.start;
        let mut known = Vec::new();
        for hit in self.automaton.find_iter(text.get(core.start..).unwrap_or("")) {
            let (start, end) = (hit.start() + core.start, hit.end() + core.start);
            if start >= core.end {
                break;
            }
            let Some(entry) = self.entries.get(hit.pattern().as_usize()) else { continue };
            let quoted = entry.style == Style::QuotedToken
                && start > done
                && text[..start].ends_with('"')
                && text[end..].starts_with('"');
            let around = usize::from(quoted);
            out(window.written(done..start - around))?;
            out(&entry.bytes(encoding))?;
            done = end + around;
            *replaced += 1;
            known.push(start..end);
        }
        let end = core.end.max(done);
        out(window.written(done..end))?;
        let strange = placeholders(text).into_iter().filter(|one| {
            let first = known.partition_point(|known: &std::ops::Range<usize>| known.end <= one.start);
            core.contains(&one.start) && known.get(first).is_none_or(|known| known.start >= one.end)
        });
        *unknown += strange.count() as u64;
        Ok(window.byte(end))
    }
}
