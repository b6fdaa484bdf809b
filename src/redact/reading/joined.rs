//! Strings written in pieces: `"a" + "b"`, `"a" "b"`, `["a", "b"].join("")`. What stands between two pieces is left out.

use std::ops::Range;

use super::{CONTEXT, Reading, line_around};

/// The longest piece between two seams.
const PIECE: usize = 1024;
/// The longest seam: an operator, a line break and the next line's indentation.
const SEAM: usize = 160;
/// Joined strings shorter than this hold no token.
const LEAST: usize = 12;

/// The strings of `text` that are joined from pieces, with their lines; `None` when there is none.
pub(super) fn joined(text: &str) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut reading = Reading::new("in pieces");
    let mut listed = None;
    let mut done = 0;
    // The lines that are being read, as far as they have been; strings that share lines share their reading, or a line of
    // a thousand short ones would be read a thousand times.
    let mut lines: Option<Range<usize>> = None;
    for at in memchr::memchr3_iter(b'"', b'\'', b'`', bytes) {
        // Most quotes have a letter, a digit or the end of a bracket behind them: they are left at once.
        if at < done || !bytes.get(at + 1).is_some_and(|next| opens_a_seam(*next)) {
            continue;
        }
        let Some(first) = seam(bytes, at) else { continue };
        // Elements of a list are pieces of one string only where something joins them.
        if first.comma && !*listed.get_or_insert_with(|| memchr::memmem::find(bytes, b"join").is_some()) {
            continue;
        }
        let seams = chain(bytes, first);
        let Some(last) = seams.last() else { continue };
        done = last.range.end;
        let whole = line_around(text, seams[0].range.start..last.range.end);
        if seams[0].comma && !near_join(bytes, &seams[0].range, last.range.end) {
            continue;
        }
        if pieces(bytes, &seams) < LEAST {
            continue;
        }
        let mut from = match lines.take() {
            Some(before) if whole.start <= before.end => before.start,
            Some(before) => {
                reading.same(text, before.clone());
                reading.end(before.end);
                whole.start
            }
            None => whole.start,
        };
        for seam in &seams {
            reading.same(text, from..seam.range.start);
            from = seam.range.end;
        }
        lines = Some(from..whole.end);
    }
    if let Some(rest) = lines {
        reading.same(text, rest.clone());
        reading.end(rest.end);
    }
    (!reading.text.is_empty()).then_some(reading)
}

/// What stands between two pieces: from the quote that ends one to the quote that begins the next.
struct Seam {
    range: Range<usize>,
    comma: bool,
    quote: u8,
}

/// Whether a byte behind the end of a string may begin what joins it to the next.
fn opens_a_seam(byte: u8) -> bool {
    b" +.,&\\\n\r\t\"'`frbuFRBU@$".contains(&byte)
}

/// The seam that begins with the quote at `at`.
fn seam(bytes: &[u8], at: usize) -> Option<Seam> {
    let rest = &bytes[at + 1..bytes.len().min(at + SEAM)];
    // Most quotes are followed by something else, and are left here.
    let prefix = |byte: &u8| b"frbuFRBU@$".contains(byte);
    let quoted = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    if prefix(rest.first()?) && !quoted(rest.get(1)) {
        return None;
    }
    let (mut operators, mut comma, mut blank) = (0, false, 0);
    for (offset, byte) in rest.iter().enumerate() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b'\\' => blank += 1,
            b'+' | b'&' => operators += 1,
            b'.' if operators < 2 => operators += 1,
            b',' if !comma => comma = true,
            byte if prefix(byte) && quoted(rest.get(offset + 1)) => {}
            b'"' | b'\'' | b'`' => {
                let next = at + 1 + offset;
                let touching = operators == 0 && !comma && blank == 0;
                let letter = |place: Option<usize>| {
                    place.and_then(|place| bytes.get(place)).is_some_and(|byte| super::in_token(*byte))
                };
                // Two quotes that touch are an empty string, unless both have a letter beside them.
                let empty = touching && !(letter(at.checked_sub(1)) && letter(Some(next + 1)));
                let wanted = !empty && operators <= 2 && !(comma && operators > 0);
                return wanted.then_some(Seam { range: at..next + 1, comma, quote: *byte });
            }
            _ => return None,
        }
    }
    None
}

/// The seam and those that follow it, piece by piece.
fn chain(bytes: &[u8], first: Seam) -> Vec<Seam> {
    let mut seams = vec![first];
    while let Some(last) = seams.last() {
        let piece = &bytes[last.range.end..bytes.len().min(last.range.end + PIECE)];
        let Some(length) = memchr::memchr2(last.quote, b'\n', piece).filter(|end| piece[*end] == last.quote)
        else {
            break;
        };
        match seam(bytes, last.range.end + length) {
            Some(next) if next.comma == last.comma => seams.push(next),
            _ => break,
        }
    }
    // A string with a colon behind it is the key of the next pair, not a piece of this value.
    if seams.last().is_some_and(|last| is_key(bytes, last)) {
        seams.pop();
    }
    seams
}

/// Whether the string that begins with the end of a seam has a colon behind it.
fn is_key(bytes: &[u8], seam: &Seam) -> bool {
    let rest = &bytes[seam.range.end..bytes.len().min(seam.range.end + PIECE)];
    let Some(end) = memchr::memchr2(seam.quote, b'\n', rest) else { return false };
    rest[end..].iter().skip(1).find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b':')
}

/// How many bytes the pieces have, the first one's start and the last one's end guessed at their lines.
fn pieces(bytes: &[u8], seams: &[Seam]) -> usize {
    let (Some(first), Some(last)) = (seams.first(), seams.last()) else { return 0 };
    let quoted = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'\n');
    let before =
        bytes[..first.range.start].iter().rev().take(CONTEXT).take_while(|byte| !quoted(byte)).count();
    let behind = bytes[last.range.end..].iter().take(CONTEXT).take_while(|byte| !quoted(byte)).count();
    let between: usize =
        seams.windows(2).map(|pair| pair[1].range.start.saturating_sub(pair[0].range.end)).sum();
    before + between + behind
}

/// Whether a list is joined: `join(` shortly before its first seam, or behind its end.
fn near_join(bytes: &[u8], first: &Range<usize>, end: usize) -> bool {
    let before = &bytes[first.start.saturating_sub(CONTEXT)..first.start];
    let behind = &bytes[end..bytes.len().min(end + CONTEXT)];
    let closing = memchr::memchr(b']', behind).or_else(|| memchr::memchr(b')', behind));
    let joins = |part: &[u8]| memchr::memmem::find(part, b"join").is_some();
    closing.is_some_and(|at| joins(&behind[at..behind.len().min(at + 40)]))
        || memchr::memrchr(b'(', before).is_some_and(|at| joins(&before[at.saturating_sub(40)..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_across_every_seam() {
        for written in [
            r#"x = "gh" + "p_abcdef" + "ghij""#,
            r#"x = "gh" "p_abcdefghij""#,
            "x = \"gh\"\n    \"p_abcdefghij\"",
            "x = \"gh\" + \\\n    \"p_abcdefghij\"",
            "x = \"ghp_\" \\\n  \"abcdefghij\"",
            r#"x = "gh" . "p_abcdefghij""#,
            r#"x = "gh"f"p_abcdefghij""#,
        ] {
            let reading = joined(written).unwrap();
            assert_eq!(reading.text, "x = \"ghp_abcdefghij\"\n", "{written}");
            let at = reading.text.find("ghp_").unwrap();
            let place = reading.original(&(at..at + 14));
            assert!(written[place.clone()].starts_with("gh") && written[place].ends_with("ij"), "{written}");
        }
    }

    #[test]
    fn lines_that_stand_apart_do_not_touch_in_the_reading() {
        let text =
            "    \"@types/node-fetch\" \"^2.0.7\"\n\nx:\n\n    \"@socket.io/component-emitter\" \"~3.1.0\"\n";
        let reading = joined(text).unwrap();
        assert!(reading.text.contains("\n\0\n"), "{:?}", reading.text);
        assert!(joined(&reading.text).is_none(), "nothing is in pieces any more");
    }

    #[test]
    fn lists_are_joined_where_something_joins_them() {
        let text = r#"x = ["gh", "p_", "abcdefghij"].join("")"#;
        assert!(joined(text).unwrap().text.starts_with(r#"x = ["ghp_abcdefghij"]"#));
        let text = r#"x = "".join(["gh", "p_", "abcdefghij"])"#;
        assert!(joined(text).unwrap().text.contains(r#"["ghp_abcdefghij"]"#));
        assert!(joined(r#"x = ["alpha", "beta", "gamma delta"]"#).is_none());
        assert!(joined(r#"join = 1; x = ["alpha", "beta", "gamma delta"]"#).is_none());
    }

    #[test]
    fn strings_that_share_a_line_are_read_once() {
        let names = r#""orders"."created_at" as "createdAt", "#.repeat(1000);
        let reading = joined(&format!("select {names}")).unwrap();
        assert!(reading.text.len() < names.len() + 100, "{}", reading.text.len());
        assert!(reading.text.starts_with(r#"select "orderscreated_at" as "createdAt", "orderscreated_at""#));
        let far = "y = 1\n".repeat(200);
        let reading =
            joined(&format!("x = \"gh\" + \"p_abcdefghij\"\n{far}z = \"gh\" + \"p_klmnopqrst\"\n")).unwrap();
        assert_eq!(reading.text, "x = \"ghp_abcdefghij\"\n\0\nz = \"ghp_klmnopqrst\"\n");
    }

    #[test]
    fn empty_and_single_strings_are_left() {
        assert!(joined("{\"a_key\": \"some value\"\n\"other_key\": \"another value\"}").is_none());
        for text in [r#"x = """#, r#"f("a", "")"#, r#"x = "a"; y = "b""#, "\"", "'\"", r#"say "yes" or "no""#]
        {
            assert!(joined(text).is_none(), "{text}");
        }
    }
}
