//! The pipe: bytes in, the same bytes out but for what is masked, looked at again until nothing changes, and shown to
//! be free of what was found before the first of them is given out.
//!
//! A short text is one window. A long one is cut: the first pass collects what is found, the second masks every copy of
//! it everywhere, the third is the proof over the output.

mod chunks;
mod issue;
mod overlay;
mod place;
mod spool;
mod stand_in;
#[cfg(test)]
mod tests;
mod window;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::path::Path;

use super::Redactor;
use super::detect::{Detector, Source};
use super::mask::{Copy, Seeker, already_masked, by_line, merge, own};
use super::vault::{self, Restorer, Vault};
use crate::error::{Error, ErrorKind, Result};

use issue::{Issuer, Piece, Sum};
use overlay::{Mask, Overlay, united};
use place::place;

pub(super) use chunks::{Chunks, Sizes};
pub(super) use spool::Pen;
pub use spool::Spool;
pub(super) use window::{Encoding, Window};

/// Masking can only uncover so much: each round leaves less unmasked text than the one before.
const ROUNDS: usize = 8;
/// A stand-in that is found again and again gives way to a placeholder from this round on.
const PLAIN: usize = 3;
/// How often a whole text is masked anew because the proof found something.
const PASSES: usize = 4;
/// What is kept of one text: more distinct secrets than these do not fit into memory.
const MOST_SECRETS: usize = 1_000_000;
const MOST_BYTES: usize = 64 << 20;

/// What is written in the place of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A placeholder, `WEFT_<KIND>_...`.
    #[default]
    Token,
    /// A stand-in with the secret's public prefix, length and kinds of characters, which is never a live one.
    KeepFormat,
    /// Nothing; `0` where a value has to stand.
    Drop,
}

/// A text without its secrets.
pub struct Filtered {
    /// The text.
    pub output: Spool,
    /// How many placeholders of the input were not issued under this key or by this vault.
    pub foreign: usize,
}

impl Redactor {
    /// Replaces every secret and piece of personal data of `input`, every copy and encoded form of it, and changes no
    /// other byte. With a vault each replacement stands for one written form, which the vault learns. `folder` is where
    /// a long text is kept meanwhile. Errors: the input is not text; something found would remain, or could not be
    /// brought back; there is no room. Nothing is given out then.
    pub fn filter(
        &self,
        input: &Spool,
        mode: Mode,
        vault: Option<&mut Vault>,
        folder: &Path,
    ) -> Result<Filtered> {
        self.filter_in(input, mode, vault, folder, Sizes::default())
    }

    pub(super) fn filter_in(
        &self,
        input: &Spool,
        mode: Mode,
        vault: Option<&mut Vault>,
        folder: &Path,
        sizes: Sizes,
    ) -> Result<Filtered> {
        if mode == Mode::Drop && vault.is_some() {
            return Err(Error::new(ErrorKind::Usage, "what is dropped cannot be brought back from a vault")
                .hint("leave the vault out, or choose `token` or `keep-format`"));
        }
        let issuer = Issuer::new(mode, self.key.as_deref(), vault.as_deref());
        let mut run = Run {
            detector: &self.detector,
            input,
            folder,
            sizes,
            issuer,
            known: Known::default(),
            last: None,
        };
        run.survey()?;
        let output = run.settled(vault.as_deref())?;
        let foreign = run.issuer.foreign();
        let fresh: Vec<vault::Entry> = run.issuer.fresh().to_vec();
        if let Some(vault) = vault {
            fresh.into_iter().for_each(|entry| vault.add(entry));
        }
        Ok(Filtered { output, foreign })
    }

    /// As [`Redactor::filter`], with placeholders, of a text in memory; the output as text.
    pub fn redact_text(&self, bytes: &[u8]) -> Result<String> {
        let sizes = Sizes { whole: u64::MAX, ..Sizes::default() };
        let input = Spool::of(bytes.to_vec());
        let output = self.filter_in(&input, Mode::Token, None, Path::new(""), sizes)?.output.into_bytes()?;
        let (encoding, mark) = Encoding::of(&output).unwrap_or((Encoding::Utf8, 0));
        let start = if encoding == Encoding::Utf8 { 0 } else { mark };
        Ok(encoding.decode(output.get(start..).unwrap_or_default()).into_owned())
    }
}

/// One run of the filter.
struct Run<'a> {
    detector: &'a Detector,
    input: &'a Spool,
    folder: &'a Path,
    sizes: Sizes,
    issuer: Issuer<'a>,
    known: Known,
    /// The masked text in which nothing was found any more, where one window holds all.
    last: Option<String>,
}

/// The secrets found so far.
#[derive(Default)]
struct Known {
    /// Each secret and the rule that found it first: it has one placeholder, whatever rules find its other copies.
    secrets: BTreeMap<String, usize>,
    copies: Vec<Copy>,
    bytes: usize,
    seeker: Option<Seeker>,
}

impl Known {
    fn learn(&mut self, found: &[Copy]) -> Result<()> {
        for copy in found {
            if let Entry::Vacant(new) = self.secrets.entry(copy.secret.clone()) {
                new.insert(copy.rule);
                self.bytes += copy.secret.len();
                self.copies.push(Copy { range: 0..0, ..copy.clone() });
                self.seeker = None;
            }
        }
        if self.secrets.len() > MOST_SECRETS || self.bytes > MOST_BYTES {
            let what = format!(
                "the input holds more than {MOST_SECRETS} distinct secrets or {MOST_BYTES} bytes of them"
            );
            return Err(Error::new(ErrorKind::Io, what)
                .hint("cut it into parts, or do not send it at all: it looks like a list of secrets"));
        }
        Ok(())
    }

    /// What looks for all of them.
    fn seeker(&mut self, detector: &Detector) -> Result<&Seeker> {
        let copies = &self.copies;
        let seeker = self.seeker.get_or_insert_with(|| Seeker::new(copies.clone(), detector));
        if seeker.blind() {
            return Err(Error::new(
                ErrorKind::Io,
                "the input holds too many secrets to look for all their copies",
            )
            .hint("cut it into parts"));
        }
        Ok(seeker)
    }
}

impl<'a> Run<'a> {
    /// The first pass: which placeholders stand in the input and, where a window does not hold all, what is found.
    fn survey(&mut self) -> Result<()> {
        let mut chunks = Chunks::of_text(self.input, self.sizes)?;
        let several = !chunks.whole();
        while let Some(window) = chunks.next()? {
            self.issuer.survey(window.text())?;
            if several {
                let core = window.core();
                let mut found = self.find(window.text())?;
                found.retain(|copy| core.contains(&copy.range.start) && !window.cuts(copy.range.end));
                self.known.learn(&found)?;
            }
        }
        Ok(())
    }

    /// Masks until the proof holds.
    fn settled(&mut self, vault: Option<&Vault>) -> Result<Spool> {
        for _ in 0..PASSES {
            let output = self.mask()?;
            if !self.proven(&output)? {
                continue;
            }
            match vault {
                Some(vault) if !self.comes_back(&output, vault)? => {}
                _ => return Ok(output),
            }
        }
        Err(Error::new(ErrorKind::Bug, "a secret would remain in the redacted text, so nothing was written")
            .hint("please report this with the kind of the secret, never the secret itself"))
    }

    /// The second pass: the input with everything masked.
    fn mask(&mut self) -> Result<Spool> {
        let mut chunks = Chunks::of_text(self.input, self.sizes)?;
        let whole = chunks.whole();
        let mut pen = Pen::new(self.folder, self.sizes.whole);
        pen.write(&chunks.mark()?)?;
        while let Some(mut window) = chunks.next()? {
            let (mut overlay, mut text) = loop {
                let (overlay, text, cut) = self.settle(&window, chunks.encoding())?;
                match if cut { chunks.wider(&window)? } else { None } {
                    Some(wider) => window = wider,
                    None => break (overlay, text),
                }
            };
            let core = window.core();
            if self.number(&window, &mut overlay, chunks.encoding())? && whole {
                text = overlay.text(window.text());
            }
            let mut done = core.start;
            for mask in overlay.masks().iter().filter(|mask| core.contains(&mask.range.start)) {
                pen.write(window.written(done..mask.range.start))?;
                pen.write(&chunks.encoding().encode(&mask.replacement))?;
                done = mask.range.end;
            }
            let end = core.end.max(done);
            pen.write(window.written(done..end))?;
            chunks.resume_at(window.byte(end));
            self.last = whole.then_some(text);
        }
        pen.finish()
    }

    /// Masks one window until nothing is found in it; also the masked text, and whether something of its core goes on
    /// behind the window.
    fn settle(&mut self, window: &Window<'_>, encoding: Encoding) -> Result<(Overlay, String, bool)> {
        let (text, core) = (window.text(), window.core());
        let mut overlay = Overlay::default();
        let mut masked = Cow::Borrowed(text);
        let mut cut = false;
        for round in 0..ROUNDS {
            let found = self.find(&masked)?;
            self.known.learn(&found)?;
            let others = self.known.seeker(self.detector)?.find(&masked);
            let mut copies = merge(&masked, found, others);
            for copy in &mut copies {
                copy.rule = self.known.secrets.get(&copy.secret).copied().unwrap_or(copy.rule);
            }
            let mut places: Vec<(Range<usize>, usize)> = Vec::new();
            for (index, copy) in copies.iter().enumerate() {
                let all = overlay.original(&copy.range);
                cut |= core.contains(&all.start) && window.cuts(all.end);
                places.extend(pieces(&masked, copy).iter().map(|piece| (overlay.original(piece), index)));
            }
            let mut masks = Vec::new();
            for (range, index) in united(places) {
                for range in split(range, core.start) {
                    let Some(copy) = copies.get(index) else { continue };
                    let mut mask = Mask {
                        range,
                        replacement: String::new(),
                        rule: copy.rule,
                        secret: copy.secret.clone(),
                    };
                    let replacement = match core.contains(&mask.range.start) {
                        true => {
                            let piece = Piece {
                                plain: round >= PLAIN,
                                ..piece(self.detector, window, &mask, encoding)
                            };
                            match self.issuer.provisional(&piece) {
                                Some(provisional) => Some(provisional),
                                None => self.issuer.replace(&piece)?,
                            }
                        }
                        // What stands around the core is written by another window, and only has to be out of the way.
                        false => Some(ELSEWHERE.to_owned()),
                    };
                    if let Some(replacement) = replacement {
                        mask.replacement = replacement;
                        masks.push(mask);
                    }
                }
            }
            if masks.is_empty() {
                return Ok((overlay, masked.into_owned(), cut));
            }
            overlay.lay(masks);
            masked = Cow::Owned(overlay.text(text));
        }
        // Whether this is enough is for the proof to say.
        Ok((overlay, masked.into_owned(), cut))
    }

    /// Gives the masks of the core their numbers, where replacements are numbered; whether it did.
    fn number(&mut self, window: &Window<'_>, overlay: &mut Overlay, encoding: Encoding) -> Result<bool> {
        let (core, detector) = (window.core(), self.detector);
        let mut any = false;
        overlay.replace(|mask| {
            let piece = piece(detector, window, mask, encoding);
            if !core.contains(&mask.range.start) || self.issuer.provisional(&piece).is_none() {
                return Ok(None);
            }
            any = true;
            self.issuer.replace(&piece)
        })?;
        Ok(any)
    }

    /// What is found in a text, without what weft itself put there.
    fn find(&self, text: &str) -> Result<Vec<Copy>> {
        let sweep = self.detector.find(text, &Source::PROMPT);
        if let Some(why) = sweep.refused {
            let what = format!("the input cannot be looked through: {why}");
            return Err(Error::new(ErrorKind::Io, what)
                .hint("take that part out, or unpack it yourself; nothing was printed"));
        }
        if let Some(id) = sweep.broken.first() {
            return Err(Error::new(
                ErrorKind::Settings,
                format!("the pattern of rule {id} does not compile"),
            )
            .hint(format!("correct the page of {id}")));
        }
        let mut own = own(text, &sweep.found);
        own.retain(|copy| {
            let mut pieces = pieces(text, copy).into_iter();
            !pieces.all(|piece| {
                text.get(piece).is_some_and(|piece| already_masked(piece) || self.issuer.recognises(piece))
            })
        });
        Ok(own)
    }

    /// The third pass: whether nothing is found in the output any more, and no form of anything that was found remains.
    fn proven(&mut self, output: &Spool) -> Result<bool> {
        let mut chunks = Chunks::like(output, &Chunks::of_text(self.input, self.sizes)?);
        let mut proven = true;
        while let Some(window) = chunks.next()? {
            let text = window.text();
            if self.last.as_deref() != Some(text) {
                let core = window.core();
                let mut found = self.find(text)?;
                found.retain(|copy| core.contains(&copy.range.start));
                proven &= found.is_empty();
                self.known.learn(&found)?;
            }
            proven &= !self.known.seeker(self.detector)?.residue(text);
        }
        Ok(proven)
    }

    /// Whether the vault brings the output back: restored, it is the input, in which the placeholders that the vault
    /// already knew mean what they mean. Where it is not, because the input
    /// happens to hold what was given out, that is never given out again.
    fn comes_back(&mut self, output: &Spool, vault: &Vault) -> Result<bool> {
        let fresh = self.issuer.fresh();
        let all = Restorer::new(vault.entries().iter().chain(fresh).collect())?;
        let old = Restorer::new(vault.entries().iter().collect())?;
        let sum = |restorer: &Restorer<'_>, spool: &Spool| -> Result<[u8; 32]> {
            let mut sum = Sum::new();
            restorer.run(spool, self.sizes, &mut |bytes| {
                sum.add(bytes);
                Ok(())
            })?;
            Ok(sum.end())
        };
        if sum(&all, output)? == sum(&old, self.input)? {
            return Ok(true);
        }
        let mut unfit = Vec::new();
        let mut chunks = Chunks::of_anything(self.input, self.sizes)?;
        while let Some(window) = chunks.next()? {
            let here =
                fresh.iter().map(|entry| &entry.replacement).filter(|one| window.text().contains(*one));
            unfit.extend(here.cloned());
        }
        self.issuer.start_again(unfit);
        Ok(false)
    }
}

/// A mask as the piece of a secret that it hides.
fn piece<'a>(
    detector: &'a Detector,
    window: &'a Window<'_>,
    mask: &'a Mask,
    encoding: Encoding,
) -> Piece<'a> {
    let (text, range) = (window.text(), &mask.range);
    Piece {
        rule: &detector.rules[mask.rule],
        secret: &mask.secret,
        text: text.get(range.clone()).unwrap_or(""),
        written: window.written(range.clone()),
        encoding,
        place: place(text, range),
        plain: false,
    }
}

/// What stands for a secret that another window masks.
const ELSEWHERE: &str = "WEFT_ELSEWHERE_0000";

/// The parts of a copy that are masked, each within one line.
fn pieces(text: &str, copy: &Copy) -> Vec<Range<usize>> {
    by_line(text, &copy.range)
}

/// A range in two where `at` lies inside.
fn split(range: Range<usize>, at: usize) -> Vec<Range<usize>> {
    if range.start < at && at < range.end { vec![range.start..at, at..range.end] } else { vec![range] }
}
