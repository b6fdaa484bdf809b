//! Masks over a text that stays as it is: the masked text, and the way back from any place in it. However often the
//! masked text is looked at again, a mask stands for a range of the text that came.

use std::ops::Range;

use crate::error::Result;

/// One masked range and what is read in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mask {
    pub(super) range: Range<usize>,
    pub(super) replacement: String,
    /// The index of the rule that found the secret, and the secret.
    pub(super) rule: usize,
    pub(super) secret: String,
}

/// The masks of one text, in order, without overlap.
#[derive(Default)]
pub(super) struct Overlay {
    masks: Vec<Mask>,
    /// Where each begins in the masked text.
    starts: Vec<usize>,
}

impl Overlay {
    pub(super) fn masks(&self) -> &[Mask] {
        &self.masks
    }

    /// Puts other replacements where `of` gives one.
    pub(super) fn replace(&mut self, mut of: impl FnMut(&Mask) -> Result<Option<String>>) -> Result<()> {
        let mut masks = std::mem::take(&mut self.masks);
        for mask in &mut masks {
            if let Some(other) = of(mask)? {
                mask.replacement = other;
            }
        }
        self.lay(masks);
        Ok(())
    }

    /// The masked text.
    pub(super) fn text(&self, original: &str) -> String {
        let mut out = String::with_capacity(original.len());
        let mut done = 0;
        for mask in &self.masks {
            out.push_str(original.get(done..mask.range.start).unwrap_or(""));
            out.push_str(&mask.replacement);
            done = mask.range.end;
        }
        out.push_str(original.get(done..).unwrap_or(""));
        out
    }

    /// The range of the original that a range of the masked text stands for. A mask of which it touches any part is in
    /// it as a whole.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let start = match self.last(|start| start <= range.start) {
            None => range.start,
            Some((mask, at)) if range.start < at + mask.replacement.len() => mask.range.start,
            Some((mask, at)) => mask.range.end + (range.start - at - mask.replacement.len()),
        };
        let end = match self.last(|start| start < range.end) {
            None => range.end,
            Some((mask, at)) => mask.range.end + range.end.saturating_sub(at + mask.replacement.len()),
        };
        start..end.max(start)
    }

    fn last(&self, before: impl Fn(usize) -> bool) -> Option<(&Mask, usize)> {
        let index = self.starts.partition_point(|start| before(*start)).checked_sub(1)?;
        Some((self.masks.get(index)?, *self.starts.get(index)?))
    }

    /// Lays masks over ranges of the original, which are in order and without overlap; those that were there below
    /// them go.
    pub(super) fn lay(&mut self, new: Vec<Mask>) {
        let mut old = std::mem::take(&mut self.masks).into_iter().peekable();
        for mask in new {
            while let Some(before) = old.next_if(|old| old.range.end <= mask.range.start) {
                self.masks.push(before);
            }
            while old.next_if(|old| old.range.start < mask.range.end).is_some() {}
            self.masks.push(mask);
        }
        self.masks.extend(old);
        let mut shift = 0isize;
        self.starts.clear();
        for mask in &self.masks {
            self.starts.push(mask.range.start.saturating_add_signed(shift));
            shift += mask.replacement.len() as isize - mask.range.len() as isize;
        }
    }
}

/// Ranges in order, those that overlap as one.
pub(super) fn united<T>(mut ranges: Vec<(Range<usize>, T)>) -> Vec<(Range<usize>, T)> {
    ranges.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut out: Vec<(Range<usize>, T)> = Vec::with_capacity(ranges.len());
    for (range, what) in ranges {
        match out.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            _ => out.push((range, what)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(range: Range<usize>, replacement: &str) -> Mask {
        Mask { range, replacement: replacement.into(), rule: 0, secret: String::new() }
    }

    #[test]
    fn ranges_lead_back_to_the_original() {
        let text = "ab SECRET cd KEY ef";
        let mut overlay = Overlay::default();
        overlay.lay(vec![mask(3..9, "<1>"), mask(13..16, "<longer>")]);
        let masked = overlay.text(text);
        assert_eq!(masked, "ab <1> cd <longer> ef");
        assert_eq!(overlay.original(&(0..2)), 0..2);
        assert_eq!(overlay.original(&(3..6)), 3..9);
        assert_eq!(overlay.original(&(4..5)), 3..9, "a part of a mask is the whole");
        assert_eq!(overlay.original(&(6..10)), 9..13);
        assert_eq!(overlay.original(&(5..11)), 3..16);
        assert_eq!(overlay.original(&(18..21)), 16..19);
    }

    #[test]
    fn dropped_places_are_in_what_is_around_them_and_not_in_what_is_beside() {
        let mut overlay = Overlay::default();
        overlay.lay(vec![mask(2..5, "")]);
        assert_eq!(overlay.text("abXYZcd"), "abcd");
        assert_eq!(overlay.original(&(0..2)), 0..2);
        assert_eq!(overlay.original(&(2..4)), 5..7);
        assert_eq!(overlay.original(&(1..3)), 1..6);
    }

    #[test]
    fn later_masks_take_the_place_of_those_below() {
        let mut overlay = Overlay::default();
        overlay.lay(vec![mask(2..4, "1"), mask(6..8, "2"), mask(9..10, "3")]);
        overlay.lay(vec![mask(1..8, "4")]);
        assert_eq!(overlay.masks(), [mask(1..8, "4"), mask(9..10, "3")]);
        assert_eq!(overlay.text("0123456789"), "0483");
        assert_eq!(united(vec![(4..6, 'b'), (1..3, 'a'), (2..5, 'c')]), [(1..6, 'a')]);
    }
}
