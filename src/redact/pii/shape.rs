//! The written forms of all kinds in one tree: from where a number may begin, each byte leads to the next node, and a
//! node where forms end says which.

use super::kinds::{Kind, kinds};
use super::text::joint;

/// What a character of a form can be.
const DIGIT: usize = 0;
const LETTER: usize = 1;
const JOINTS: &[u8] = b" -./+()";
const CLASSES: usize = 2 + JOINTS.len();

/// The most characters of a form without what joins them.
const LONGEST: usize = 24;

/// A form that ends at a node: of the kind with this index, and whether it counts without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) kind: usize,
    pub(super) alone: bool,
}

#[derive(Default)]
struct Node {
    next: [u16; CLASSES],
    ends: Vec<End>,
}

/// All forms.
pub(super) struct Shapes(Vec<Node>);

/// A number as it stands in the text, read so far.
pub(super) struct Written {
    /// Where it ends.
    pub(super) end: usize,
    /// Whether a letter of it is small.
    pub(super) small: bool,
    values: [u8; LONGEST],
    length: usize,
}

impl Written {
    /// Digits as 0 to 9, letters as 10 to 35, nothing between them.
    pub(super) fn values(&self) -> &[u8] {
        self.values.get(..self.length).unwrap_or(&[])
    }
}

impl Shapes {
    /// The forms of every kind.
    pub(super) fn new() -> Self {
        let mut shapes = Shapes(vec![Node::default()]);
        for (number, Kind { forms, alone, .. }) in kinds().enumerate() {
            forms.iter().for_each(|form| shapes.add(form, End { kind: number, alone: false }));
            alone.iter().for_each(|form| shapes.add(form, End { kind: number, alone: true }));
        }
        shapes
    }

    fn add(&mut self, form: &str, end: End) {
        let mut nodes = vec![0];
        for byte in form.bytes() {
            let classes: &[usize] = match byte {
                b'9' => &[DIGIT],
                b'A' => &[LETTER],
                b'X' => &[DIGIT, LETTER],
                joint => &[JOINTS.iter().position(|known| *known == joint).map_or(LETTER, |place| place + 2)],
            };
            nodes = nodes
                .iter()
                .flat_map(|node| classes.iter().map(|class| (*node, *class)))
                .collect::<Vec<_>>()
                .into_iter()
                .map(|(node, class)| self.step(node, class))
                .collect();
        }
        for node in nodes {
            self.0[node].ends.push(end);
        }
    }

    fn step(&mut self, node: usize, class: usize) -> usize {
        if self.0[node].next[class] == 0 {
            self.0[node].next[class] = self.0.len() as u16;
            self.0.push(Node::default());
        }
        usize::from(self.0[node].next[class])
    }

    /// Calls `accept` with every number that is written from `start` on and cut off behind, shorter ones first.
    pub(super) fn walk(&self, text: &[u8], start: usize, mut accept: impl FnMut(&Written, &[End])) {
        let mut written = Written { end: start, small: false, values: [0; LONGEST], length: 0 };
        let (mut node, mut spaced) = (0, false);
        loop {
            let Some((class, length)) = class(text, written.end) else { return };
            let Some(next) = self.0.get(node).map(|node| usize::from(node.next[class])) else { return };
            if next == 0 {
                return;
            }
            if class < 2 {
                let Some(slot) = written.values.get_mut(written.length) else { return };
                let byte = text[written.end];
                written.small |= byte.is_ascii_lowercase();
                *slot = (byte as char).to_digit(36).unwrap_or(0) as u8;
                written.length += 1;
            }
            spaced |= class == 2;
            written.end += length;
            node = next;
            if let Some(node) = self.0.get(node).filter(|node| !node.ends.is_empty())
                && cut_off(text, written.end, spaced)
            {
                accept(&written, &node.ends);
            }
        }
    }
}

fn class(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let byte = *text.get(at)?;
    if byte.is_ascii_digit() {
        return Some((DIGIT, 1));
    }
    if byte.is_ascii_alphabetic() {
        return Some((LETTER, 1));
    }
    let (joint, length) = joint(text, at)?;
    JOINTS.iter().position(|known| *known == joint).map(|place| (place + 2, length))
}

/// Whether a number that ends at `at` ends there: no letter or digit goes on, not even behind a mark that joins.
pub(super) fn cut_off(text: &[u8], at: usize, spaced: bool) -> bool {
    let solid = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if solid(at) {
        return false;
    }
    match joint(text, at) {
        Some((b' ', length)) => !(spaced && text.get(at + length).is_some_and(u8::is_ascii_digit)),
        Some((b'(' | b')' | b',', _)) | None => true,
        Some((_, length)) => !solid(at + length),
    }
}

/// Whether a number may begin at `at`: nothing that belongs to it stands before.
pub(super) fn free(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| text.get(at)).copied();
    let solid = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    match before(1) {
        // Behind a line break as JSON and source code write it.
        Some(b'n' | b't' | b'r') => before(2) == Some(b'\\'),
        Some(b'_' | b'%' | b'$' | b'\\' | b'@') => false,
        Some(b'.' | b'-' | b'+' | b'/' | b'&') => !solid(before(2)),
        byte => !solid(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<&'static str> {
        let (shapes, mut found) = (Shapes::new(), Vec::new());
        let all: Vec<&Kind> = kinds().collect();
        shapes.walk(text.as_bytes(), 0, |written, ends| {
            assert_eq!(
                written.values().len(),
                text[..written.end].chars().filter(|c| c.is_alphanumeric()).count()
            );
            found.extend(ends.iter().map(|end| all[end.kind].rule));
        });
        found
    }

    #[test]
    fn a_form_leads_to_its_kinds() {
        assert_eq!(forms("123.456.789-09"), ["br-cpf"]);
        assert_eq!(forms("123.456.789\u{2011}09"), ["br-cpf"]);
        assert_eq!(forms("ab12 cd34"), [""; 0]);
        assert!(forms("078-05-1120").contains(&"us-social-security-number"));
        assert!(forms("1EG4-TE5-MK73").contains(&"us-medicare-number"));
    }

    #[test]
    fn what_goes_on_is_no_number() {
        for text in
            ["123.456.789-091", "123.456.789-09x", "123.456.789-09_1", "123.456.789-09-1", "123.456.789-09.1"]
        {
            assert_eq!(forms(text), [""; 0], "{text}");
        }
        for text in ["123.456.789-09.", "123.456.789-09, 1", "123.456.789-09)", "123.456.789-09 1"] {
            assert_eq!(forms(text), ["br-cpf"], "{text}");
        }
    }

    #[test]
    fn every_form_fits() {
        for kind in kinds() {
            for form in kind.forms.iter().chain(kind.alone) {
                assert!(form.bytes().all(|byte| b"9AX".contains(&byte) || JOINTS.contains(&byte)), "{form}");
                assert!(form.bytes().filter(|byte| b"9AX".contains(byte)).count() <= LONGEST, "{form}");
            }
        }
    }
}
