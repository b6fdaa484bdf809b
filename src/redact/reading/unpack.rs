//! Bytes that were encoded -> text: as it is, in UTF-16, or compressed with gzip, zlib or as a zip archive.

use std::io::{Cursor, Read};

use super::Budget;

/// The most bytes that one archive may hold: a kilobyte can stand for a gigabyte.
const MOST: u64 = 1 << 20;
/// The most files of a zip archive that are looked at.
const FILES: usize = 32;

/// What was encoded.
pub(super) enum Unpacked {
    Text(String),
    /// The text of what was compressed.
    Archive(String),
}

/// How many archives may lie inside each other.
const NESTED: usize = 4;

/// The text of some bytes; `None` when they are not text. An archive over its bound is refused, and the budget says so.
pub(super) fn unpack(bytes: &[u8], budget: &mut Budget) -> Option<Unpacked> {
    inside(bytes, 0, budget)
}

/// As [`unpack`], inside so many archives.
fn inside(bytes: &[u8], depth: usize, budget: &mut Budget) -> Option<Unpacked> {
    let packed = matches!(bytes, [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..]);
    if packed && depth == NESTED {
        budget.refused =
            Some("archives in it lie too deep inside each other: the innermost were not looked at");
        return None;
    }
    if !budget.take(bytes.len()) {
        return None;
    }
    match bytes {
        [0x1f, 0x8b, ..] => inflated(flate2::read::MultiGzDecoder::new(bytes), depth, budget),
        [b'P', b'K', 3, 4, ..] => archive(bytes, depth, budget),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            inflated(flate2::read::ZlibDecoder::new(bytes), depth, budget)
                .or_else(|| text(bytes).map(Unpacked::Text))
        }
        _ => text(bytes).map(Unpacked::Text),
    }
}

fn inflated(reader: impl Read, depth: usize, budget: &mut Budget) -> Option<Unpacked> {
    let mut out = Vec::new();
    read(reader, &mut out, budget);
    within(&out, depth, budget).map(Unpacked::Archive)
}

/// The text of what an archive holds, another archive perhaps.
fn within(content: &[u8], depth: usize, budget: &mut Budget) -> Option<String> {
    match inside(content, depth + 1, budget)? {
        Unpacked::Text(text) | Unpacked::Archive(text) => Some(text),
    }
}

/// Reads up to the bound; what a damaged stream gave before it broke is looked at all the same.
fn read(reader: impl Read, out: &mut Vec<u8>, budget: &mut Budget) {
    let before = out.len();
    let _ = reader.take(MOST + 1).read_to_end(out);
    let length = out.len() - before;
    if length as u64 > MOST {
        budget.refused = Some("compressed data in it unpacks to more than 1 MiB: the rest was not looked at");
    }
    if !budget.take(length) {
        out.truncate(before);
    }
}

fn archive(bytes: &[u8], depth: usize, budget: &mut Budget) -> Option<Unpacked> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut texts = String::new();
    if archive.len() > FILES {
        budget.refused = Some("an archive in it holds more than 32 files: the rest was not looked at");
    }
    for number in 0..archive.len().min(FILES) {
        let Ok(file) = archive.by_index(number) else { continue };
        let mut content = Vec::new();
        read(file, &mut content, budget);
        texts.extend(within(&content, depth, budget));
        texts.push('\n');
    }
    (!texts.trim().is_empty()).then_some(Unpacked::Archive(texts))
}

/// Bytes as text: UTF-8 or UTF-16 without control characters, or nearly so.
fn text(bytes: &[u8]) -> Option<String> {
    let wide = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let zeros = wide.chunks_exact(2).filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    if wide.len() >= 8 && zeros * 10 >= wide.len() * 4 {
        let units: Vec<u16> =
            wide.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        return Some(String::from_utf16_lossy(&units));
    }
    let text = String::from_utf8_lossy(bytes);
    let odd = |character: char| {
        character == char::REPLACEMENT_CHARACTER
            || character.is_control() && !matches!(character, '\n' | '\r' | '\t')
    };
    let strange = text.chars().filter(|character| odd(*character)).count();
    (!bytes.is_empty() && strange * 10 <= text.len()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed_text_is_unpacked() {
        let mut budget = Budget::new(0);
        let plain = b"correct horse battery staple";
        assert!(
            matches!(unpack(&gzip(plain), &mut budget), Some(Unpacked::Archive(text)) if text.as_bytes() == plain)
        );
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(plain).unwrap();
        let zlib = encoder.finish().unwrap();
        assert!(
            matches!(unpack(&zlib, &mut budget), Some(Unpacked::Archive(text)) if text.as_bytes() == plain)
        );
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(plain).unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        assert!(
            matches!(unpack(&bytes, &mut budget), Some(Unpacked::Archive(text)) if text.contains("horse"))
        );
        assert!(budget.refused.is_none());
    }

    #[test]
    fn archives_inside_archives_are_unpacked_to_a_depth() {
        let mut budget = Budget::new(0);
        let twice = gzip(&gzip(b"correct horse battery staple"));
        assert!(
            matches!(unpack(&twice, &mut budget), Some(Unpacked::Archive(text)) if text.contains("horse"))
        );
        assert!(budget.refused.is_none());
        let deep = (0..8).fold(b"correct horse".to_vec(), |inner, _| gzip(&inner));
        assert!(unpack(&deep, &mut budget).is_none() && budget.refused.is_some());
    }

    #[test]
    fn a_bomb_is_refused_and_said() {
        let mut budget = Budget::new(0);
        let bomb = gzip(&vec![b'a'; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let unpacked = unpack(&bomb, &mut budget);
        assert!(matches!(unpacked, Some(Unpacked::Archive(text)) if text.len() as u64 <= MOST + 1));
        assert!(budget.refused.is_some());
    }

    #[test]
    fn what_is_no_text_is_left() {
        let mut budget = Budget::new(0);
        assert!(unpack(&[0x89, b'P', b'N', b'G', 0, 0, 1, 2, 3, 200], &mut budget).is_none());
        assert!(unpack(b"PK\x03\x04 no archive", &mut budget).is_none());
        assert!(unpack(b"", &mut budget).is_none());
    }
}
