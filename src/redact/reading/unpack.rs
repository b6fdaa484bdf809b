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

/// The text of some bytes; `None` when they are not text. An archive over its bound is refused, and the budget says so.
pub(super) fn unpack(bytes: &[u8], budget: &mut Budget) -> Option<Unpacked> {
    if !budget.take(bytes.len()) {
        return None;
    }
    match bytes {
        [0x1f, 0x8b, ..] => inflated(flate2::read::MultiGzDecoder::new(bytes), budget),
        [b'P', b'K', 3, 4, ..] => archive(bytes, budget),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => inflated(flate2::read::ZlibDecoder::new(bytes), budget)
            .or_else(|| text(bytes).map(Unpacked::Text)),
        _ => text(bytes).map(Unpacked::Text),
    }
}

fn inflated(reader: impl Read, budget: &mut Budget) -> Option<Unpacked> {
    let mut out = Vec::new();
    read(reader, &mut out, budget);
    text(&out).map(Unpacked::Archive)
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

fn archive(bytes: &[u8], budget: &mut Budget) -> Option<Unpacked> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut texts = String::new();
    if archive.len() > FILES {
        budget.refused = Some("an archive in it holds more than 32 files: the rest was not looked at");
    }
    for number in 0..archive.len().min(FILES) {
        let Ok(file) = archive.by_index(number) else { continue };
        let mut content = Vec::new();
        read(file, &mut content, budget);
        texts.extend(text(&content));
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
