//! Texts that are put together: what stands before data, and around it, says what the data can still do.

use std::rc::Rc;

use super::function::Frame;
use super::value::{Abstract, Flow, Key, Known, Origin, Parts, Taint};
use super::{Engine, fold};
use crate::analyze::ir::Value;
use crate::analyze::model::{Kinds, Models};

impl Engine<'_> {
    /// A text made of parts. Data that stands after `https://host/` chooses no host.
    pub(super) fn text_value(&self, frame: &Frame<'_>, parts: &[Value]) -> Abstract {
        let mut start = String::new();
        let (mut fixed, mut taint, mut constant) = (true, Taint::default(), true);
        // Whether the text starts with what holds no data of others, and whether the host is chosen by then.
        let (mut based, mut chosen) = (true, false);
        for (at, part) in parts.iter().enumerate() {
            let part = frame.value(*part);
            constant &= part.constant();
            match (&part.known, fixed) {
                (Known::Text(text), true) => start.push_str(text),
                (Known::Int(number), true) => start.push_str(&number.to_string()),
                _ => {
                    let first = fixed && start.is_empty();
                    fixed = false;
                    let data = part.all();
                    if let Known::Text(text) = &part.known {
                        // Behind `?` and `#` nothing is of a host, whatever stands before.
                        chosen |= ends_host(text) || based && separates(text);
                    }
                    let own = |flow: &Flow| matches!(flow.origin, Origin::Source(kinds, _) if kinds & !self.models.env == 0);
                    based &= data.flows().iter().all(own);
                    let behind = if chosen { self.models.location | self.models.address } else { 0 };
                    let mut added = data.cleaned(self.cleaned_after(&start) | behind);
                    for (quote, without) in ['\'', '"'].into_iter().zip(self.models.unquoted) {
                        if between(frame, parts, at, quote) {
                            added = added.cleaned_after(self.models.xpath, without);
                        }
                    }
                    taint = taint.join(&if first { added } else { self.behind(added) });
                }
            }
        }
        let known = match (fixed, constant) {
            (true, _) => fold::text(&[&start]),
            (false, true) => Known::Constant,
            (false, false) => Known::Any,
        };
        // How a computed text starts is kept as a part that no program can name, for what is added to it.
        if chosen && self.cleaned_after(&start) & self.models.location == 0 {
            start = "/.".to_owned();
        }
        let known_start = chosen || taint.is_empty() && self.cleaned_after(&start) != 0;
        let parts = (!fixed && known_start).then(|| {
            let start = Abstract::known(fold::text(&[&start]));
            Rc::new(Parts { known: vec![(Key::Member("start".into()), start)], ..Parts::default() })
        });
        Abstract { taint, known, parts }
    }

    /// Data that is put into a constant text which starts so.
    pub(super) fn put_after(&self, start: &str, taint: Taint) -> Taint {
        if start.is_empty() { taint } else { self.behind(taint.cleaned(self.cleaned_after(start))) }
    }

    /// Data that stands behind something else in a text: as a path it is none from the root any more.
    pub(super) fn behind(&self, taint: Taint) -> Taint {
        let Models { relative, no_dots, path, .. } = *self.models;
        taint.cleaned(relative).cleaned_after(path, no_dots).parted()
    }

    /// The kinds that data is clean for behind a constant start.
    pub(super) fn cleaned_after(&self, start: &str) -> Kinds {
        let host = start.split_once("://").is_some_and(|(_, rest)| rest.find('/').is_some_and(|at| at > 0));
        let local = start.len() > 1 && start.starts_with('/') && !start.starts_with("//");
        let (location, text) = (if host || local { self.models.location } else { 0 }, start.trim_start());
        let address = if text.is_empty() { 0 } else { self.models.address };
        let markup = if text.is_empty() || text.starts_with('<') { 0 } else { self.models.markup };
        location | address | markup
    }

    pub(super) fn text_value_of(
        &self,
        known: Known,
        frame: &Frame<'_>,
        left: Value,
        right: Value,
    ) -> Abstract {
        if matches!(known, Known::Any) {
            return self.text_value(frame, &[left, right]);
        }
        Abstract { taint: frame.value(left).taint.join(&frame.value(right).taint), known, parts: None }
    }
}

/// Whether what is behind a constant text is no part of a host, even where data stands before it.
pub(super) fn ends_host(text: &str) -> bool {
    text.contains(['?', '#'])
}

/// Whether a constant text behind an unknown address ends its host, so that nothing behind it is a part of one: it has `?`,
/// `#`, or a `/` that is none of `://` and `//`.
fn separates(text: &str) -> bool {
    let bytes = text.as_bytes();
    let slash = |at: usize| bytes.get(at).is_some_and(|byte| matches!(byte, b'/' | b'\\'));
    let alone = |at: usize| match at.checked_sub(1) {
        Some(before) => !slash(before) && bytes[before] != b':',
        None => bytes.len() > 1 && !slash(1),
    };
    (0..bytes.len()).any(|at| matches!(bytes[at], b'?' | b'#') || slash(at) && alone(at))
}

/// Whether a part of a text stands between two of the same quotes.
fn between(frame: &Frame<'_>, parts: &[Value], at: usize, quote: char) -> bool {
    let text = |at: Option<usize>| match &frame.value(*parts.get(at?)?).known {
        Known::Text(text) => Some(text.clone()),
        _ => None,
    };
    let before = text(at.checked_sub(1)).is_some_and(|text| text.ends_with(quote));
    before && text(at.checked_add(1)).is_some_and(|text| text.starts_with(quote))
}

#[cfg(test)]
mod tests {
    use super::separates;

    #[test]
    fn what_ends_a_host() {
        for text in ["/users/", "/x", ":8080/", "?id=", "#", ".example.com/", "a/"] {
            assert!(separates(text), "{text}");
        }
        for text in ["", "/", "//", "://", "https://", ".example.com", ":", "//evil"] {
            assert!(!separates(text), "{text}");
        }
    }
}
