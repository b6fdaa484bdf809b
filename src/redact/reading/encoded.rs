//! Runs of base64 and hex that stand for text, and what is compressed inside them.

use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::{Encoding, HEXLOWER_PERMISSIVE, Specification};

use super::unpack::{Unpacked, unpack};
use super::{Budget, Reading};

/// Shorter runs hold no token: 24 characters of base64 are 18 bytes.
const LEAST: usize = 24;
/// The most bytes of one run that are decoded.
const MOST: usize = 4 << 20;
/// How much of the line before a run is read with it: the name it is assigned to.
const BEFORE: usize = 100;

/// Both alphabets, padding left out, unused bits ignored: writers differ.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
});

/// What the runs of `text` stand for, one reading an encoding.
pub(super) fn decoded(text: &str, budget: &mut Budget) -> Vec<Reading> {
    let mut readings = [Reading::new("in hex"), Reading::new("in base64"), Reading::new("compressed")];
    let mut done = 0;
    for run in runs(text.as_bytes()) {
        // Lines that carry on a run are runs too.
        if run.start < done {
            continue;
        }
        let Some((kind, range, meaning)) = decode(text.as_bytes(), &run, budget) else { continue };
        done = range.end;
        let reading = &mut readings[kind];
        let from = text.ceil_char_boundary(range.start.saturating_sub(BEFORE));
        let line =
            memchr::memrchr(b'\n', &text.as_bytes()[from..range.start]).map_or(from, |at| from + at + 1);
        reading.same(text, line..range.start);
        reading.other(&meaning, range.clone());
        reading.end(range.end);
    }
    readings.into()
}

/// Letters, digits and the other characters of both alphabets, as a table: this is asked of most bytes.
const INSIDE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    table
};

fn inside(byte: u8) -> bool {
    INSIDE[byte as usize]
}

/// How far apart the places are that are looked at: a run of [`LEAST`] bytes holds eight whole ones behind one of them.
const STRIDE: usize = 16;

/// Runs of at least [`LEAST`] such bytes. Of every sixteen bytes eight are looked at, at once: blanks, quotes, brackets
/// and line breaks are less than `+`, the least byte of a run, and stand among nearly all of them.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let (mut probe, mut done) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let eight = bytes.get(probe..)?.first_chunk::<8>()?;
            let at = probe;
            probe += STRIDE;
            if holds_less(u64::from_le_bytes(*eight), b'+') || !eight.iter().all(|byte| inside(*byte)) {
                continue;
            }
            let start =
                bytes[done..at].iter().rposition(|byte| !inside(*byte)).map_or(done, |last| done + last + 1);
            let end = at + bytes[at..].iter().take_while(|byte| inside(**byte)).count();
            done = end;
            probe = probe.max(end.next_multiple_of(STRIDE));
            if end - start >= LEAST {
                return Some(start..end);
            }
        }
    })
}

/// Whether one of eight bytes is less than `least`, which is at most 128 (Anderson, Bit Twiddling Hacks).
fn holds_less(eight: u64, least: u8) -> bool {
    const ONES: u64 = u64::MAX / 255;
    eight.wrapping_sub(ONES * u64::from(least)) & !eight & (ONES * 128) != 0
}

/// Which reading a run belongs to, the bytes it takes up, and what it stands for.
fn decode(bytes: &[u8], run: &Range<usize>, budget: &mut Budget) -> Option<(usize, Range<usize>, String)> {
    let here = &bytes[run.clone()];
    let prefix = if here.starts_with(b"0x") { 2 } else { 0 };
    if here.len() >= 32 && here[prefix..].iter().all(u8::is_ascii_hexdigit) {
        let digits = &here[prefix..here.len() - (here.len() - prefix) % 2];
        let head = HEXLOWER_PERMISSIVE.decode(&digits[..8]).ok()?;
        let whole = if promising(&head) { HEXLOWER_PERMISSIVE.decode(digits).ok()? } else { return None };
        return understood(&whole, 0, run.clone(), budget);
    }
    // A path or a name may be glued to the front of a run.
    let parts =
        here.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_alphanumeric()).map(|(at, _)| at + 1);
    for skip in std::iter::once(0).chain(parts.take(4)) {
        let start = run.start + skip;
        if run.end.saturating_sub(start) < LEAST {
            break;
        }
        if base64(&bytes[start..start + 12]).is_some_and(|head| promising(&head)) {
            let range = over_lines(bytes, start..run.end);
            let letters: Vec<u8> = letters(&bytes[range.clone()]).take(MOST).collect();
            let meaning = base64(&letters).and_then(|whole| understood(&whole, 1, range, budget));
            if meaning.is_some() {
                return meaning;
            }
        }
    }
    None
}

fn understood(
    bytes: &[u8],
    kind: usize,
    range: Range<usize>,
    budget: &mut Budget,
) -> Option<(usize, Range<usize>, String)> {
    match unpack(bytes, budget)? {
        Unpacked::Text(text) => Some((kind, range, text)),
        Unpacked::Archive(text) => Some((2, range, text)),
    }
}

/// The bytes of `letters`; a last letter that holds no whole byte is left out.
fn base64(letters: &[u8]) -> Option<Vec<u8>> {
    let whole = letters.len() - usize::from(letters.len() % 4 == 1);
    BASE64.as_ref()?.decode(&letters[..whole]).ok()
}

/// Whether bytes may begin a text, a text in UTF-16, or an archive: most runs that are no such thing show it here.
fn promising(head: &[u8]) -> bool {
    let archive = head.starts_with(&[0x1f, 0x8b])
        || head.starts_with(b"PK\x03\x04")
        || head.first() == Some(&0x78) && matches!(head.get(1), Some(0x01 | 0x5e | 0x9c | 0xda));
    let plain = |byte: &u8| (0x20..0x7f).contains(byte) || matches!(byte, b'\n' | b'\r' | b'\t');
    let wide = head.len() >= 6 && head.chunks_exact(2).all(|pair| plain(&pair[0]) && pair[1] == 0);
    // Letters beyond ASCII are two bytes of the upper half: one pair in a head is not against text.
    let upper = head.iter().filter(|byte| **byte >= 0x80).count();
    archive || wide || head.iter().all(|byte| plain(byte) || *byte >= 0x80) && upper * 4 <= head.len()
}

/// The run with the lines behind it that carry it on, and its padding.
fn over_lines(bytes: &[u8], run: Range<usize>) -> Range<usize> {
    let mut end = run.end;
    while end - run.start < MOST {
        let Some(next) = line_break(&bytes[end..]).map(|skip| end + skip) else { break };
        let length = bytes[next..].iter().take_while(|byte| inside(**byte)).count();
        // The rest of the line holds nothing else; a word alone on a line is not taken for more of a run of one line.
        let behind = bytes[next + length..].iter().find(|byte| **byte != b'=');
        let alone = matches!(behind, None | Some(b'\n' | b'\r' | b'"' | b'\'' | b'\\' | b'`' | b'<'));
        if length == 0 || !alone || end - run.start < 40 {
            break;
        }
        end = next + length;
    }
    end += bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    run.start..end
}

/// The length of a line break with the indentation behind it, as it is or as an escape.
fn line_break(bytes: &[u8]) -> Option<usize> {
    let broken =
        [&b"\r\n"[..], b"\n", b"\\r\\n", b"\\n"].into_iter().find(|ending| bytes.starts_with(ending))?;
    let indent =
        bytes[broken.len()..].iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(broken.len() + indent)
}

/// The letters of a run, line breaks and their escapes left out.
fn letters(run: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            match line_break(&run[at..]) {
                Some(length) => at += length,
                None => {
                    let byte = *run.get(at)?;
                    at += 1;
                    if inside(byte) {
                        return Some(byte);
                    }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(&'static str, String)> {
        let readings = decoded(text, &mut Budget::new(text.len()));
        let seen = readings.into_iter().filter(|reading| !reading.text.is_empty());
        seen.map(|reading| (reading.written, reading.text.trim_end().to_owned())).collect()
    }

    #[test]
    fn text_in_base64_and_hex_is_read_with_its_name() {
        let plain = "correct-horse?battery~staple";
        let base64 = data_encoding::BASE64.encode(plain.as_bytes());
        let url = data_encoding::BASE64URL_NOPAD.encode(plain.as_bytes());
        let hex = data_encoding::HEXUPPER.encode(plain.as_bytes());
        for encoded in [base64, url] {
            let text = format!("one\nkey: \"{encoded}\" two");
            assert_eq!(seen(&text), [("in base64", format!("key: \"{plain}"))]);
            let reading = &decoded(&text, &mut Budget::new(text.len()))[1];
            let at = reading.text.find("horse").unwrap();
            assert_eq!(&text[reading.original(&(at..at + 5))], encoded);
        }
        assert_eq!(seen(&format!("x {hex}")), [("in hex", format!("x {plain}"))]);
        assert_eq!(seen(&format!("0x{hex}")), [("in hex", plain.to_owned())]);
    }

    #[test]
    fn base64_over_lines_is_one_run() {
        let plain =
            "a long text that is wrapped at some column, as mail does, over more than two lines of it";
        let encoded = data_encoding::BASE64.encode(plain.as_bytes());
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(44).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for wrapped in [lines.join("\n"), lines.join("\r\n    "), lines.join("\\n")] {
            let text = format!("{wrapped}\nend of it");
            assert_eq!(seen(&text), [("in base64", plain.to_owned())]);
        }
    }

    #[test]
    fn wide_text_is_read() {
        let wide: Vec<u8> = "Write-Host 'correct horse'".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encoded = data_encoding::BASE64.encode(&wide);
        assert_eq!(seen(&encoded), [("in base64", "Write-Host 'correct horse'".to_owned())]);
    }

    #[test]
    fn names_paths_and_digests_are_no_text() {
        for text in [
            "AuthenticationTokenProviderFactoryBean",
            "src/components/authentication/provider/index",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        ] {
            assert_eq!(seen(text), [], "{text}");
        }
    }

    #[test]
    fn the_least_of_eight_bytes_is_seen() {
        for at in 0..8 {
            let mut bytes = [b'z'; 8];
            assert!(!holds_less(u64::from_le_bytes(bytes), b'+'));
            bytes[at] = b' ';
            assert!(holds_less(u64::from_le_bytes(bytes), b'+'));
        }
    }

    #[test]
    fn every_long_run_is_visited() {
        for before in 0..60 {
            let text = format!("{} {}", ".".repeat(before), "a".repeat(LEAST));
            assert_eq!(runs(text.as_bytes()).collect::<Vec<_>>(), [before + 1..before + 1 + LEAST]);
        }
        assert_eq!(runs("a".repeat(LEAST - 1).as_bytes()).count(), 0);
    }
}
