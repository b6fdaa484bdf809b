//! The pipe: a prompt in, the redacted prompt out, looked at again until nothing changes.

use super::Redactor;
use super::decode::decode;
use super::detect::Source;
use super::mask::{Copy, copies, residue};
use super::redacted::Replacement;
use crate::error::{Error, ErrorKind, Result};

/// Masking can only uncover so much: each round leaves less unmasked text than the one before.
const ROUNDS: usize = 8;

impl Redactor {
    /// The redacted text of `bytes`, line for line. Errors: the bytes are not text, or something found, or an encoded
    /// form of it, would remain; then nothing is given out.
    pub fn redact_text(&self, bytes: &[u8]) -> Result<String> {
        let Some(decoded) = decode(bytes) else {
            return Err(Error::new(ErrorKind::Io, "the input is not text, so it cannot be redacted")
                .hint("give the text itself: an archive or an image has to be unpacked first"));
        };
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { "\u{feff}" } else { "" };
        let mut text = decoded.text.into_owned();
        let mut hidden: Vec<Copy> = Vec::new();
        for _ in 0..ROUNDS {
            let sweep = self.detector.find(&text, &Source::PROMPT);
            if let Some(id) = sweep.broken.first() {
                return Err(Error::new(
                    ErrorKind::Settings,
                    format!("the pattern of rule {id} does not compile"),
                )
                .hint(format!("correct the page of {id}")));
            }
            let copies = copies(&text, &sweep.found, &self.detector);
            if copies.is_empty() {
                break;
            }
            let (replacements, _) = self.replacements(&text, &copies);
            text = replace(&text, &replacements);
            hidden.extend(copies);
        }
        let again = self.detector.find(&text, &Source::PROMPT).found;
        if again.is_empty() && !residue(&text, &hidden, &self.detector) {
            return Ok(format!("{mark}{text}"));
        }
        Err(Error::new(ErrorKind::Bug, "a secret would remain in the redacted text, so nothing was written")
            .hint("please report this with the kind of the secret, never the secret itself"))
    }
}

fn replace(text: &str, replacements: &[Replacement<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for one in replacements {
        out.push_str(&text[done..one.range.start]);
        out.push_str(&one.placeholder);
        done = one.range.end;
    }
    out.push_str(&text[done..]);
    out
}
