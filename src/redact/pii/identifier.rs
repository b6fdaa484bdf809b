//! Numbers that authorities give to people, and numbers of documents: what a run of digits is a part of.

use std::ops::Range;
use std::sync::OnceLock;

use super::context::{Context, of_document, of_kind};
use super::kinds::{DOCUMENTS, Document, Kind, kinds};
use super::shape::{Shapes, free};
use super::text::joint_before;
use super::{Hit, Reading};
use crate::finding::Confidence;

/// How far behind its name a number with a check may begin, and one without.
const REACH: usize = 40;
const NEAR: usize = 28;

/// The most letters in front of the first digit of a number.
const LETTERS: usize = 6;

static SHAPES: OnceLock<Shapes> = OnceLock::new();

/// The rules of kinds and documents that are in the set.
pub(super) struct Identifiers {
    kinds: Vec<(&'static Kind, Option<usize>)>,
    documents: Vec<(&'static Document, Option<usize>)>,
}

/// A candidate: how far its name is, or nothing when its form speaks for itself.
struct Candidate {
    distance: Option<usize>,
    rule: usize,
    range: Range<usize>,
}

impl Identifiers {
    pub(super) fn new(index: impl Fn(&str) -> Option<usize>) -> Self {
        Identifiers {
            kinds: kinds().map(|kind| (kind, index(kind.rule))).collect(),
            documents: DOCUMENTS.iter().map(|one| (one, index(one.rule))).collect(),
        }
    }

    /// The places of all rules that are in the set.
    #[cfg(test)]
    pub(super) fn rules(&self) -> Vec<usize> {
        let kinds = self.kinds.iter().filter_map(|(_, rule)| *rule);
        kinds.chain(self.documents.iter().filter_map(|(_, rule)| *rule)).collect()
    }

    /// The number that the digits `start..end` begin or stand in. The one whose name is nearest wins; a form that
    /// speaks for itself comes last, and a little less sure.
    pub(super) fn at(
        &self,
        text: &str,
        start: usize,
        end: usize,
        reading: Reading,
        context: &mut Context<'_>,
    ) -> Option<Hit> {
        let bytes = text.as_bytes();
        let mut best: Option<Candidate> = None;
        for from in beginnings(bytes, start).into_iter().flatten() {
            self.written(text, from, reading, context, &mut best);
        }
        self.document(text, start, end, context, &mut best);
        let best = best?;
        let confidence = best.distance.is_none().then_some(Confidence::Medium);
        Some((best.rule, best.range, confidence))
    }

    /// The numbers of a known form that begin at `from`.
    fn written(
        &self,
        text: &str,
        from: usize,
        reading: Reading,
        context: &mut Context<'_>,
        best: &mut Option<Candidate>,
    ) {
        SHAPES.get_or_init(Shapes::new).walk(text.as_bytes(), from, |written, ends| {
            for end in ends {
                let Some((kind, Some(rule))) = self.kinds.get(end.kind) else { continue };
                if !(kind.check)(written.values()) {
                    continue;
                }
                let topic = of_kind(end.kind);
                let reach = if written.values().len() < 10 { NEAR } else { REACH };
                let distance = context.distance(topic, from, reach).or_else(|| {
                    (reading == Reading::Prose && context.follows(topic, written.end)).then_some(reach)
                });
                let alone = end.alone && reading == Reading::Prose && !written.small;
                if distance.is_some() || alone {
                    let candidate = Candidate { distance, rule: *rule, range: from..written.end };
                    better(best, candidate);
                }
            }
        });
    }

    /// The number of a document that the digits stand in: letters and digits without a break.
    fn document(
        &self,
        text: &str,
        start: usize,
        end: usize,
        context: &mut Context<'_>,
        best: &mut Option<Candidate>,
    ) {
        const MOST: usize = 20;
        let bytes = text.as_bytes();
        let solid = |byte: &&u8| byte.is_ascii_alphanumeric();
        let mut first = start - bytes[..start].iter().rev().take(MOST).take_while(solid).count();
        if first > 0 && bytes[first - 1] == b'\\' && first < start {
            first += 1;
        }
        let last = end + bytes[end..].iter().take(MOST).take_while(solid).count();
        if !(7..=MOST).contains(&(last - first))
            || !free(bytes, first)
            || !super::shape::cut_off(bytes, last, false)
        {
            return;
        }
        let mut values = [0; MOST];
        for (slot, byte) in values.iter_mut().zip(&bytes[first..last]) {
            *slot = (*byte as char).to_digit(36).unwrap_or(0) as u8;
        }
        let values = &values[..last - first];
        for (place, (document, rule)) in self.documents.iter().enumerate() {
            let (least, most) = document.length;
            if let Some(rule) = rule
                && (least..=most).contains(&values.len())
                && let Some(distance) = context.distance(of_document(place), first, NEAR)
                && (document.check)(values)
            {
                better(best, Candidate { distance: Some(distance), rule: *rule, range: first..last });
            }
        }
    }
}

/// Keeps the candidate whose name is nearer; of two without one, or as near, the longer, then the earlier rule.
fn better(best: &mut Option<Candidate>, other: Candidate) {
    let rank = |one: &Candidate| {
        (one.distance.is_none(), one.distance, std::cmp::Reverse(one.range.len()), one.rule)
    };
    if best.as_ref().is_none_or(|best| rank(&other) < rank(best)) {
        *best = Some(other);
    }
}

/// Where a number with the digit at `start` may begin: there, at letters right before it, or before one mark between.
fn beginnings(bytes: &[u8], start: usize) -> [Option<usize>; 2] {
    let letters = |at: usize| {
        let count =
            bytes[..at].iter().rev().take(LETTERS + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let first = at - count;
        // The letter of `\n` belongs to the line break.
        first + usize::from(count > 0 && first > 0 && bytes[first - 1] == b'\\')
    };
    let worth = |first: usize, at: usize| {
        (first < at && at - first <= LETTERS && free(bytes, first)).then_some(first)
    };
    let own = free(bytes, start).then_some(start);
    let right_before = worth(letters(start), start);
    let apart = joint_before(bytes, start)
        .filter(|(mark, _)| matches!(mark, b' ' | b'-'))
        .and_then(|(_, at)| worth(letters(at), at));
    [right_before.or(apart), own]
}
