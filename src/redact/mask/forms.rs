//! The forms a secret is copied in: as it is, reversed, percent-encoded, hex, base64, escaped.

use std::fmt::Write as _;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

/// One form; `grows` when what stands around a match belongs to the same encoded run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) text: String,
    pub(super) grows: bool,
}

/// Every form of `secret` but the plain one, without repeats.
pub(super) fn encoded(secret: &str) -> Vec<Form> {
    let bytes = secret.as_bytes();
    let mut exact = vec![
        secret.chars().rev().collect::<String>(),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
        percent(secret, true),
        percent(secret, false),
        each(bytes, "%", ""),
        each(bytes, "\\x", ""),
        each(bytes, "&#x", ";"),
        each_unit(secret),
        json(secret),
    ];
    exact.retain(|form| form != secret);
    let mut forms: Vec<Form> = exact.into_iter().map(|text| Form { text, grows: false }).collect();
    forms.extend(base64(bytes));
    forms.sort();
    forms.dedup();
    forms
}

/// The base64 of `bytes` at each of the three places a longer text may put it, without the characters at its ends
/// that depend on its neighbours.
fn base64(bytes: &[u8]) -> impl Iterator<Item = Form> + '_ {
    [BASE64, BASE64URL].into_iter().flat_map(move |encoding| {
        (0..3).filter_map(move |before| {
            let mut padded = vec![0; before];
            padded.extend_from_slice(bytes);
            let whole = padded.len() / 3 * 3;
            let text = encoding.encode(&padded[..whole]);
            let text = text.get(if before == 0 { 0 } else { 4 }..)?.to_owned();
            (text.len() >= 8).then_some(Form { text, grows: true })
        })
    })
}

/// Percent-encoded as a URL component: unreserved characters stay.
fn percent(text: &str, upper: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = if upper { write!(out, "%{byte:02X}") } else { write!(out, "%{byte:02x}") };
        }
    }
    out
}

fn each(bytes: &[u8], before: &str, after: &str) -> String {
    let mut out = String::with_capacity(bytes.len() * (before.len() + 2 + after.len()));
    for byte in bytes {
        let _ = write!(out, "{before}{byte:02x}{after}");
    }
    out
}

fn each_unit(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        let _ = write!(out, "\\u{unit:04x}");
        out
    })
}

/// As it stands in a JSON string, without the quotes.
fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_recognised_at_every_alignment() {
        let secret = "correct-horse-battery";
        for before in ["", "a", "ab", "abc"] {
            let text = BASE64.encode(format!("{before}{secret}:tail").as_bytes());
            assert!(encoded(secret).iter().any(|form| form.grows && text.contains(&form.text)), "{before}");
        }
    }

    #[test]
    fn plain_secrets_are_not_their_own_encoded_form() {
        assert!(encoded("abc-def.ghi").iter().all(|form| form.text != "abc-def.ghi"));
        assert!(encoded("a/b").iter().any(|form| form.text == "a%2Fb"));
    }
}
