//! Tokens that the layout pulls apart or turns around: wrapped over lines, spaced out, written backwards.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{CONTEXT, Reading, in_token};

/// The most lines of one token.
const LINES: usize = 64;
/// The longest token; a longer run is data.
const TOKEN: usize = 2048;
/// The fewest characters of a token that is spaced out.
const SPACED: usize = 16;

/// A token that may go on in the next line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::redact) struct Wrapped {
    start: usize,
    end: usize,
}

impl Wrapped {
    /// The token whose anchor is at `anchor`, when it ends with its line. `seen` is how far the tokens before it went:
    /// of several anchors in one token the first tells all.
    pub(in crate::redact) fn at(bytes: &[u8], anchor: &Range<usize>, seen: &mut usize) -> Option<Wrapped> {
        if anchor.end <= *seen {
            return None;
        }
        let rest = &bytes[anchor.end..bytes.len().min(anchor.end + TOKEN)];
        let length = rest.iter().take_while(|byte| in_token(**byte)).count();
        let end = anchor.end + length;
        *seen = end;
        line_ends(bytes, end)?;
        Some(Wrapped { start: anchor.start, end })
    }
}

impl Wrapped {
    /// Where its first line ends.
    pub(in crate::redact) fn end(&self) -> usize {
        self.end
    }
}

/// Where the next line begins, when `at` is followed by nothing but blanks, perhaps a backslash, and a line break.
fn line_ends(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..bytes.len().min(at + 40)];
    let length = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\\' | b'\r')).count();
    (rest.get(length) == Some(&b'\n')).then_some(at + length + 1)
}

/// Whether what a token gains when it goes on in the next line is no word: enough of letters and digits. What is whole
/// without it needs no less.
pub(in crate::redact) fn gains(more: &str) -> bool {
    let pieces = more.lines().map(|line| line.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    pieces.into_iter().find(|piece| !piece.is_empty()).is_some_and(|piece| {
        let has = |kind: fn(&u8) -> bool| piece.bytes().any(|byte| kind(&byte));
        piece.len() >= 12 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    })
}

/// How a wrapped token is written.
pub(in crate::redact) const WRAPPED: &str = "over several lines";

/// The tokens that are wrapped, with what stands before them in their line.
pub(super) fn unwrapped(text: &str, wrapped: &[Wrapped]) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut reading = Reading::new(WRAPPED);
    // In a list of tokens each begins with its line: a piece that may be the next one is the last that is taken along.
    let starts: BTreeSet<usize> = wrapped.iter().map(|one| one.start).collect();
    let mut done = None;
    for one in wrapped {
        if done.replace(one.end) == Some(one.end) {
            continue;
        }
        let pieces = continuation(bytes, one, &starts);
        if pieces.is_empty() {
            continue;
        }
        let line = super::line_around(text, one.start..one.end);
        reading.same(text, line.start..one.end);
        let mut end = one.end;
        for piece in pieces {
            end = piece.end;
            reading.same(text, piece);
        }
        // What ends the token there ends it here.
        let next = text[end..].chars().next().map_or(0, char::len_utf8);
        reading.same(text, end..end + next);
        reading.end(end);
    }
    (!reading.text.is_empty()).then_some(reading)
}

/// The pieces on the following lines: each is all that its line holds, beside the marks of quotation or comment that the
/// first line has too, and no word.
fn continuation(bytes: &[u8], token: &Wrapped, starts: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut at = token.end;
    let before = &bytes[token.start.saturating_sub(CONTEXT)..token.start];
    let line = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
    let mark =
        line.iter().copied().find(|byte| !b" \t".contains(byte)).filter(|byte| b">#*|/".contains(byte));
    // Of an alphabet of capitals and digits a piece may be a word of capitals.
    let capitals = !bytes[token.start..token.end].iter().any(u8::is_ascii_lowercase);
    while pieces.len() < LINES {
        let Some(line) = line_ends(bytes, at) else { break };
        let marks = bytes[line..]
            .iter()
            .take(80)
            .take_while(|byte| b" \t".contains(byte) || mark == Some(**byte))
            .count();
        let start = line + marks;
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./+".contains(byte);
        let length = bytes[start..].iter().take(TOKEN).take_while(|byte| inside(byte)).count();
        let padding = bytes[start + length..].iter().take(2).take_while(|byte| **byte == b'=').count();
        let stop = start + length + padding;
        let alone = match bytes.get(stop) {
            None => true,
            Some(b'"' | b'\'' | b'`' | b')' | b',' | b';' | b'<') => true,
            Some(_) => line_ends(bytes, stop).is_some(),
        };
        if length < 2 || !alone || !like_a_token(&bytes[start..stop], capitals) {
            break;
        }
        pieces.push(start..stop);
        if starts.contains(&start) {
            break;
        }
        at = stop;
    }
    pieces
}

/// Whether a piece is more likely a part of a token than a word: a digit, or capitals behind small letters, or capitals
/// where the token has nothing else.
fn like_a_token(piece: &[u8], capitals: bool) -> bool {
    let capital = piece.iter().rposition(u8::is_ascii_uppercase);
    let small = piece.iter().position(u8::is_ascii_lowercase);
    let shouted = capitals && piece.len() >= 4 && piece.iter().all(u8::is_ascii_uppercase);
    shouted
        || piece.iter().any(u8::is_ascii_digit)
        || matches!((small, capital), (Some(small), Some(capital)) if small < capital)
}

/// Tokens with a blank or another mark behind each character.
pub(super) fn closed_up(text: &str) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut reading = Reading::new("spaced out");
    let mut done = 0;
    let mut probe = 0;
    while let Some(near) = bytes.get(probe..).and_then(|rest| rest.first_chunk::<SPACED>()) {
        // Nearly no text has three characters alike, two apart.
        if !(near[1] == near[3] && near[3] == near[5] || near[2] == near[4] && near[4] == near[6]) {
            probe += SPACED;
            continue;
        }
        let place = [probe, probe + 1].into_iter().find(|start| alternating(bytes, *start));
        let Some(start) = place.filter(|start| *start >= done) else {
            probe += SPACED;
            continue;
        };
        let mark = bytes[start + 1];
        let mut first = start;
        while first >= done + 2 && bytes[first - 1] == mark && is_piece(bytes[first - 2], mark) {
            first -= 2;
        }
        let mut last = start;
        while bytes.get(last + 1) == Some(&mark)
            && bytes.get(last + 2).is_some_and(|byte| is_piece(*byte, mark))
        {
            last += 2;
        }
        done = last + 1;
        probe = done;
        let letters = (first..last + 1).step_by(2);
        if letters.len() >= SPACED && letters.clone().any(|at| bytes[at].is_ascii_alphabetic()) {
            for at in letters {
                reading.other(text.get(at..at + 1).unwrap_or(""), at..at + 1);
            }
            reading.end(last + 1);
        }
    }
    (!reading.text.is_empty()).then_some(reading)
}

/// Whether four characters from `start` on are each followed by the same mark.
fn alternating(bytes: &[u8], start: usize) -> bool {
    let Some(&[a, one, b, two, c, three, d, four]) = bytes.get(start..start + 8) else { return false };
    one == two
        && two == three
        && three == four
        && matches!(one, b' ' | b'-' | b'.' | b',' | b'|' | b'*')
        && [a, b, c, d].iter().all(|byte| is_piece(*byte, one))
}

fn is_piece(byte: u8, mark: u8) -> bool {
    byte != mark && in_token(byte)
}

/// The runs around the given places, turned around.
pub(super) fn turned(text: &str, backwards: &[Range<usize>]) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut reading = Reading::new("backwards");
    let mut done = 0;
    for hit in backwards {
        if hit.end <= done {
            continue;
        }
        let before =
            bytes[done..hit.start.max(done)].iter().rev().take(TOKEN).take_while(|byte| in_token(**byte));
        let start = hit.start.max(done) - before.count();
        let behind = bytes[hit.end..].iter().take(TOKEN).take_while(|byte| in_token(**byte)).count();
        done = hit.end + behind;
        if done - start >= TOKEN {
            continue;
        }
        for at in (start..done).rev() {
            reading.other(text.get(at..at + 1).unwrap_or(""), at..at + 1);
        }
        reading.end(done);
    }
    (!reading.text.is_empty()).then_some(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrap(text: &str) -> Option<String> {
        let at = text.find("ghp_").unwrap();
        let wrapped = Wrapped::at(text.as_bytes(), &(at..at + 4), &mut 0)?;
        unwrapped(text, &[wrapped]).map(|reading| reading.text)
    }

    #[test]
    fn wrapped_tokens_are_joined() {
        assert_eq!(unwrap("t: ghp_ab1\n    cd2\n    ef3\nnext").unwrap(), "t: ghp_ab1cd2ef3\n\n");
        assert_eq!(unwrap("t: ghp_ab1\\\ncd2'").unwrap(), "t: ghp_ab1cd2'\n");
        assert_eq!(unwrap("> ghp_ab1\n> cD2").unwrap(), "> ghp_ab1cD2\n");
    }

    #[test]
    fn the_next_line_is_not_taken_for_more() {
        for text in [
            "ghp_ab1\n# cd2\n",
            "ghp_ab1\nword\n",
            "ghp_ab1\nKEY2=x",
            "ghp_ab1\n\ncd2",
            "ghp_ab1 cd2",
            "ghp_ab1\ntwo words2",
        ] {
            assert_eq!(unwrap(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_list_of_tokens_each_takes_one_line_along() {
        let text = "ghp_ab1\n".repeat(3);
        let wrapped =
            [Wrapped { start: 0, end: 7 }, Wrapped { start: 8, end: 15 }, Wrapped { start: 16, end: 23 }];
        let reading = unwrapped(&text, &wrapped).unwrap();
        assert_eq!(reading.text, "ghp_ab1ghp_ab1\n\n\0\nghp_ab1ghp_ab1\n\n");
    }

    #[test]
    fn spaced_tokens_are_closed_up() {
        let token = "tok_ABCDEFGHIJ0123456789";
        for mark in [" ", "-", "."] {
            let spaced: Vec<String> = token.chars().map(String::from).collect();
            let text = format!("my key is  {}  ok", spaced.join(mark));
            let reading = closed_up(&text).unwrap();
            assert_eq!(reading.text.trim_end(), token);
            assert_eq!(text[reading.original(&(0..token.len()))], spaced.join(mark));
        }
        assert!(closed_up("a b c d e f g 1 2 and words").is_none());
        assert!(closed_up("1 0 0 1 0 1 1 1 0 1 0 1 0 1 1 0 0 1 0 1").is_none());
    }

    #[test]
    fn runs_are_turned_around() {
        let text = "say 321cba_phg now";
        let reading = turned(text, std::slice::from_ref(&(10..14))).unwrap();
        assert_eq!(reading.text, "ghp_abc123\n");
        assert_eq!(&text[reading.original(&(0..4))], "_phg");
    }
}
