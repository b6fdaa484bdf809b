//! What the room promises, on hostile and on ordinary text. Tokens are made here, so that none stands in the tree.

use proptest::prelude::*;

use super::{Redaction, Redactor};
use crate::artifact::{Action, Fence, Original, Role};
use crate::error::ErrorKind;
use crate::finding::{Confidence, Region, Severity};
use crate::rule::expand;

fn redactor() -> Redactor {
    Redactor::new(&crate::built_in_rules(), None).unwrap()
}

fn redact(bytes: impl Into<Vec<u8>>) -> Redaction {
    redactor().redact(Original::new("a.txt", Role::Code, Action::Create, bytes.into()))
}

/// The text of a region of one line, its columns in UTF-16 code units.
fn slice(text: &str, region: Region) -> String {
    let line: Vec<u16> =
        text.split('\n').nth(region.start_line as usize - 1).unwrap().encode_utf16().collect();
    assert_eq!(region.start_line, region.end_line);
    String::from_utf16(&line[region.start_column as usize - 1..region.end_column as usize - 1]).unwrap()
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        "ghp_[A-Za-z0-9]{36}",
        "sk_live_[A-Za-z0-9]{24}",
        "SG\\.[A-Za-z0-9]{22}\\.[A-Za-z0-9]{43}",
        "AIza[A-Za-z0-9_]{35}",
        "npm_[A-Za-z0-9]{36}",
    ]
}

/// Lines of anything a person may write, without line breaks.
fn prose() -> impl Strategy<Value = String> {
    "[ a-zA-Z,.!\u{e9}\u{4e2d}\u{1f600}\t-]{0,30}"
}

/// Pieces that meet the detectors' anchors, among arbitrary bytes.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        ".{0,20}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "password = \"",
            "api_key: '",
            "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            "://a:",
            "@b.com",
            "\n",
            "ghp_",
            "eyJ",
            "WEFT_JWT_0001",
            "DE89",
            "4539 1488",
            "<token>",
            "Authorization: ",
            "\u{feff}",
            "\\\"",
            "xoxb-",
            "\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        token().prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_token_is_masked_and_its_region_is_exactly_its_bytes(
        secret in token(), before in prose(), behind in prose(), above in prose(),
    ) {
        let text = format!("{above}\n{before} \"{secret}\" {behind}\n{above}\n");
        let Redaction { document, findings, .. } = redact(text.clone());
        prop_assert!(!document.text().contains(&secret));
        prop_assert_eq!(document.text().matches('\n').count(), 3);
        let whole: Vec<String> = findings.iter().map(|finding| slice(&text, finding.location.region)).collect();
        prop_assert!(whole.contains(&secret));
        prop_assert_eq!(document.masks().len(), findings.len());
    }

    #[test]
    fn nothing_of_a_token_remains_in_any_common_form(secret in token(), between in prose()) {
        let forms = [
            secret.clone(),
            data_encoding::BASE64.encode(secret.as_bytes()),
            data_encoding::BASE64URL_NOPAD.encode(secret.as_bytes()),
            data_encoding::HEXLOWER.encode(secret.as_bytes()),
            secret.chars().rev().collect(),
            secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        ];
        let text = forms.map(|form| format!("{between} '{form}'\n")).concat();
        let redacted = redactor().redact_text(text.as_bytes()).unwrap();
        for line in text.lines() {
            let form = line.split('\'').nth(1).unwrap().trim_end_matches('=');
            prop_assert!(!redacted.contains(form));
        }
    }

    #[test]
    fn redacting_twice_changes_nothing(bytes in hostile()) {
        match redactor().redact_text(&bytes) {
            Ok(once) => prop_assert_eq!(redactor().redact_text(once.as_bytes()).unwrap(), once),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Io, "only what is not text may be refused"),
        }
    }

    #[test]
    fn no_input_panics_or_moves_a_line(bytes in hostile()) {
        let Redaction { document, findings, .. } = redact(bytes.clone());
        if !document.binary() && !bytes.starts_with(&[0xff, 0xfe]) && !bytes.starts_with(&[0xfe, 0xff]) {
            let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(document.text().matches('\n').count(), breaks);
        }
        for finding in findings {
            prop_assert!(finding.location.region.start_line <= document.lines());
        }
    }
}

#[test]
fn a_key_of_several_lines_keeps_its_lines() {
    let text = expand(
        "a: |\n  -----BEGIN PRIVATE KEY-----\r\n  %{64}\r\n  %{64}\r\n  -----END PRIVATE KEY-----\r\nb: 1\n",
    );
    let Redaction { document, findings, .. } = redact(text);
    assert_eq!(document.text().lines().count(), 6);
    assert!(document.text().ends_with("_0001\r\nb: 1\n"), "{}", document.text());
    assert_eq!(document.masks().len(), 4);
    let region = findings[0].location.region;
    assert_eq!((findings.len(), region.start_line, region.start_column), (1, 2, 3));
    assert_eq!((region.end_line, region.end_column), (5, 28));
}

#[test]
fn every_occurrence_gets_the_same_placeholder() {
    let text = expand("ghp_%{github}");
    let Redaction { document, findings, .. } = redact(format!("t = '{text}'\n# was x{text}y\n"));
    assert_eq!(document.text(), "t = 'WEFT_GITHUB_TOKEN_0001'\n# was xWEFT_GITHUB_TOKEN_0001y\n");
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0].message, "GitHub token of 40 characters");
}

#[test]
fn fences_are_found_again_behind_masks_and_invalid_bytes() {
    let token = expand("ghp_%{github}");
    let mut bytes = format!("say {token}\n\u{e9}").into_bytes();
    bytes.push(0xff);
    bytes.extend_from_slice(b"\n```python path=a.py\n");
    let start = bytes.len();
    bytes.extend_from_slice(format!("t = '{token}'\n").as_bytes());
    let end = bytes.len();
    bytes.extend_from_slice(b"```\n");
    let mut original = Original::new("reply.md", Role::Reply, Action::Inspect, bytes);
    original.fences.push(Fence {
        language: "python".into(),
        path: Some("a.py".into()),
        action: Action::Create,
        line: 3,
        content: start..end,
        upstream: true,
        commonmark: true,
        hidden: None,
    });
    let Redaction { document, findings, .. } = redactor().redact(original);
    let views = document.views();
    assert_eq!(views[0].text(), "t = 'WEFT_GITHUB_TOKEN_0001'\n");
    assert_eq!(views[0].location(5..27).region, findings[1].location.region);
    assert_eq!(findings[0].location.target, None);
    assert_eq!(findings[1].location.target.as_deref(), Some("a.py"));
    assert_eq!((findings[1].location.region.start_column, findings[1].location.region.end_column), (6, 46));
}

#[test]
fn utf16_is_read_and_its_lines_are_signed() {
    let text = expand("\u{feff}k = 'ghp_%{github}'\r\n");
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let Redaction { document, mut findings, .. } = redact(bytes);
    assert_eq!(document.text(), "k = 'WEFT_GITHUB_TOKEN_0001'\r\n");
    document.sign_lines(&mut findings);
    assert!(findings[0].fingerprint.ends_with(":1"));
}

#[test]
fn personal_data_in_code_is_low_and_masked() {
    let Redaction { document, findings, .. } = redact("to = 'jane.roe@initech.com'\n");
    assert_eq!(document.text(), "to = 'WEFT_EMAIL_0001'\n");
    assert_eq!((findings[0].severity, findings[0].confidence), (Severity::Low, Confidence::Medium));
}

#[test]
fn addresses_in_a_file_are_masked_and_reported_once() {
    let text =
        "# Jane Roe <jane.roe@initech.com>\na = 'jo@initech.com'\nb = ['al@initech.com', 'ed@initech.com']\n";
    let Redaction { document, findings, .. } = redact(text);
    assert_eq!((document.masks().len(), findings.len()), (4, 1));
    assert_eq!(findings[0].location.region.start_line, 2);
    assert!(findings[0].message.ends_with(", and 2 more in this file"), "{}", findings[0].message);
    let reply = Original::new("a.md", Role::Reply, Action::Inspect, text.as_bytes().to_vec());
    assert_eq!(redactor().redact(reply).findings.len(), 4);
}

#[test]
fn personal_data_in_a_prompt_is_reported_each_time_and_masked() {
    let text = "Jane, born on 14 March 1985, moved to 742 Evergreen Terrace, Springfield, OR 97403.\nHer CPF is 111.444.777-35.\n";
    let prompt = Original::new("a.txt", Role::Prompt, Action::Inspect, text.as_bytes().to_vec());
    let Redaction { document, findings, .. } = redactor().redact(prompt);
    let masked = "Jane, born on WEFT_DATE_OF_BIRTH_0001, moved to WEFT_STREET_ADDRESS_0001.\nHer CPF is WEFT_BR_CPF_0001.\n";
    assert_eq!((document.text(), findings.len()), (masked, 3));
    assert!(findings.iter().all(|finding| finding.severity == Severity::Medium));
    assert_eq!(redactor().redact_text(text.as_bytes()).unwrap(), masked);
}

#[test]
fn a_rule_that_is_switched_off_masks_nothing_in_a_pipe() {
    let text = "jane.roe@initech.com, CPF 111.444.777-35\n";
    let mut redactor = redactor();
    redactor.without(&["email", "no-such-rule"]);
    assert_eq!(
        redactor.redact_text(text.as_bytes()).unwrap(),
        "jane.roe@initech.com, CPF WEFT_BR_CPF_0001\n"
    );
}

#[test]
fn a_placeholder_in_the_input_is_left_alone() {
    let text =
        "password = \"WEFT_GENERIC_SECRET_0007\"\nurl = 'postgres://a:WEFT_CONNECTION_STRING_0001@h/d'\n";
    assert_eq!(redactor().redact_text(text.as_bytes()).unwrap(), text);
}

#[test]
fn what_is_no_text_is_named_and_not_given_out() {
    assert!(redactor().redact_text(b"\x89PNG\0\0\0\xff").is_err());
    let redaction = redact(b"\x89PNG\0\0\0\xff".to_vec());
    assert!(redaction.document.binary());
    assert_eq!((redaction.document.text(), redaction.document.lines(), redaction.notes.len()), ("", 1, 1));
}

#[test]
fn a_kept_key_makes_the_same_placeholder_in_every_run() {
    let text = expand("t = 'ghp_%{github}'");
    let keyed = |key: &[u8]| {
        Redactor::new(&crate::built_in_rules(), Some(key)).unwrap().redact_text(text.as_bytes()).unwrap()
    };
    assert_eq!(keyed(b"one"), keyed(b"one"));
    assert_ne!(keyed(b"one"), keyed(b"two"));
}

#[test]
fn disguised_tokens_are_masked_whole() {
    let token = expand("ghp_%{github}");
    let spread: String = token.chars().flat_map(|character| [character, '\u{200b}']).collect();
    let wide: String = token.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
    for disguised in [spread, wide, token.replacen('p', "\u{440}", 1)] {
        let redacted = redactor().redact_text(format!("use {disguised} now\n").as_bytes()).unwrap();
        assert!(redacted.starts_with("use WEFT_GITHUB_TOKEN_0001"), "{redacted}");
        assert!(redacted.trim_end().ends_with(" now"), "{redacted}");
    }
}

#[test]
fn a_line_full_of_data_is_masked_whole_and_reported_in_part() {
    let text: String = (0..500).map(|number| format!("jane{number}@initech.com;")).collect();
    let prompt = Original::new("a.txt", Role::Prompt, Action::Inspect, text.into_bytes());
    let Redaction { document, findings, .. } = redactor().redact(prompt);
    assert!(!document.text().contains('@'));
    assert_eq!((document.masks().len(), findings.len()), (500, super::ON_ONE_LINE));
}

#[test]
fn a_made_up_key_in_the_exact_form_is_a_note() {
    let text = format!("key = 'sbp_{}'", "1234567890abcdefghij".repeat(2));
    let found = redact(text.into_bytes()).findings;
    assert_eq!(found.iter().map(|one| one.confidence).collect::<Vec<_>>(), [Confidence::Low]);
    let placeholder = format!("key = 'sbp_{}'", "x".repeat(40));
    assert!(redact(placeholder.into_bytes()).findings.is_empty());
}

#[test]
fn a_blob_of_letters_and_a_wall_of_escapes_are_read_to_the_end() {
    let blob = expand(&"%{4096}".repeat(256));
    let Redaction { document, findings, notes } = redact(blob.clone());
    assert_eq!((document.text(), findings.len(), notes.len()), (blob.as_str(), 0, 0));
    let wall = "%41".repeat(200_000);
    let Redaction { document, findings, notes } = redact(wall.clone());
    assert_eq!((document.text(), findings.len(), notes.len()), (wall.as_str(), 0, 0));
}

#[test]
fn a_token_that_ends_with_its_line_leaves_the_next_line_alone() {
    let token = expand("sk_live_%{24}");
    for next in ["v2", "# Section2", "Abc1", "a: x", "- item1", "```"] {
        let redacted = redactor().redact_text(format!("token: {token}\n{next}\n").as_bytes()).unwrap();
        assert_eq!(redacted, format!("token: WEFT_STRIPE_KEY_0001\n{next}\n"));
    }
}
