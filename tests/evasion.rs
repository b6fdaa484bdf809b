//! Tokens in disguise: every technique with every kind of token is found, at exactly its region, and leaves nothing
//! behind; what only looks like a token is left alone. Tokens are made here, so that none stands in the tree.

use std::fmt::Write as _;
use std::io::Write as _;

use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD, HEXLOWER};
use weft::artifact::{Action, Original, Role};
use weft::finding::Region;
use weft::redact::Redactor;
use weft::rule::expand;

/// Issuers and a token of each.
fn tokens() -> Vec<(&'static str, String)> {
    let encode = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
    let jwt = [
        encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        encode(r#"{"sub":"7230116","name":"J. Roe","iat":1716239022}"#),
        expand("%{43}"),
    ];
    vec![
        ("github", expand("ghp_%{github}")),
        (
            "aws",
            format!("AKIA{}", BASE32.encode(&[0x21, 0x3a, 0x9c, 0x41, 0x73, 0x80, 0x5b, 0x19, 0xd2, 0x6e])),
        ),
        ("slack", expand("xoxb-%{12:digits}-%{13:digits}-%{24}")),
        ("stripe", expand("sk_live_%{24}")),
        ("npm", expand("npm_%{npm}")),
        ("gitlab", expand("glpat-%{20}")),
        ("google", expand("AIza%{35}")),
        ("sendgrid", expand("SG.%{22}.%{43}")),
        ("jwt", jwt.join(".")),
        ("openai", expand("sk-proj-%{74}T3BlbkFJ%{74}")),
        ("anthropic", expand("sk-ant-api03-%{93}AA")),
        ("pypi", expand("pypi-AgEIcHlwaS5vcmc%{70}")),
        ("huggingface", expand("hf_%{34}")),
    ]
}

fn each(token: &str, form: impl Fn(char) -> String) -> String {
    token.chars().map(form).collect()
}

fn gzip(token: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(token.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn middle(token: &str) -> (&str, &str) {
    token.split_at(token.len() / 2)
}

/// What stands before the disguised token, the token as it is written, and what stands behind it.
fn disguised(technique: &str, token: &str) -> (String, String, String) {
    let (one, other) = middle(token);
    let prefix = token.find(['_', '-', '.']).map_or(4, |at| at + 1);
    let plain = |written: String| ("the value is ".to_owned(), written, " as of today\n".to_owned());
    let quoted = |written: String| ("value = \"".to_owned(), written, "\"\n".to_owned());
    match technique {
        "plain" => quoted(token.to_owned()),
        "prose" => plain(token.to_owned()),
        "backticks" => ("use `".into(), token.into(), "` for it\n".into()),
        "base64" => quoted(BASE64.encode(token.as_bytes())),
        "base64url" => quoted(BASE64URL_NOPAD.encode(token.as_bytes())),
        "base64 twice" => quoted(BASE64.encode(BASE64.encode(token.as_bytes()).as_bytes())),
        "base64 wrapped" => {
            let encoded =
                BASE64.encode(format!("export TOKEN={token}\n# a comment that fills lines").as_bytes());
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(60).map(|l| std::str::from_utf8(l).unwrap()).collect();
            ("data: |\n  ".into(), lines.join("\n  "), "\nnext: 1\n".into())
        }
        "base64 in JSON in a fence" => {
            let inner = format!("{{\"auth\":\"{token}\"}}");
            ("Try\n\n```json\n{\"data\": \"".into(), BASE64.encode(inner.as_bytes()), "\"}\n```\n".into())
        }
        "powershell" => {
            let wide: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
            ("powershell -enc ".into(), BASE64.encode(&wide), "\n".into())
        }
        "hex" => quoted(HEXLOWER.encode(token.as_bytes())),
        "hex with prefix" => plain(format!("0x{}", HEXLOWER.encode(token.as_bytes()))),
        "backslash x" => quoted(each(token, |c| format!("\\x{:02x}", u32::from(c)))),
        "octal" => quoted(each(token, |c| format!("\\{:03o}", u32::from(c)))),
        "percent" => plain(each(token, |c| format!("%{:02X}", u32::from(c)))),
        "backslash u" => quoted(each(token, |c| format!("\\u{:04x}", u32::from(c)))),
        "backslash u braces" => quoted(each(token, |c| format!("\\u{{{:x}}}", u32::from(c)))),
        "one letter escaped" => {
            let (first, rest) = token.split_at(1);
            quoted(format!("\\x{:02x}{rest}", first.as_bytes()[0]))
        }
        "entities" => plain(each(token, |c| format!("&#{};", u32::from(c)))),
        "hex entities" => plain(each(token, |c| format!("&#x{:x};", u32::from(c)))),
        "gzip in base64" => quoted(BASE64.encode(&gzip(token))),
        "zero width" => {
            plain(each(token, |c| format!("{c}\u{200b}")).trim_end_matches('\u{200b}').to_owned())
        }
        "soft hyphen" => plain(token.replacen(one, &format!("{one}\u{ad}"), 1)),
        "homoglyph prefix" => {
            let alike = |c: char| match c {
                'a' => '\u{430}',
                'p' => '\u{440}',
                'x' => '\u{445}',
                's' => '\u{455}',
                'A' => '\u{410}',
                'S' => '\u{405}',
                'h' => '\u{4bb}',
                'e' => '\u{435}',
                other => other,
            };
            plain(token.chars().take(prefix).map(alike).collect::<String>() + &token[prefix..])
        }
        "full width" => plain(each(token, |c| char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string())),
        "mathematical letters" => plain(each(token, |c| match c {
            'a'..='z' => char::from_u32(0x1d5ba + u32::from(c) - 97).unwrap().to_string(),
            'A'..='Z' => char::from_u32(0x1d5a0 + u32::from(c) - 65).unwrap().to_string(),
            other => other.to_string(),
        })),
        "tag characters" => {
            plain(each(token, |c| char::from_u32(u32::from(c) + 0xe0000).unwrap().to_string()))
        }
        "right to left" => ("see \u{202e}".into(), token.chars().rev().collect(), "\u{202c} there\n".into()),
        "reversed" => plain(token.chars().rev().collect()),
        "plus in the middle" => quoted(format!("{one}\" + \"{other}")),
        "plus behind the prefix" => quoted(format!("{}\" + \"{}", &token[..prefix], &token[prefix..])),
        "many pieces" => {
            let pieces: Vec<&str> =
                token.as_bytes().chunks(7).map(|p| std::str::from_utf8(p).unwrap()).collect();
            quoted(pieces.join("\" + \""))
        }
        "implicit concatenation" => {
            ("value = (\"".into(), format!("{one}\"\n         \"{other}"), "\")\n".into())
        }
        "JS join" => {
            let pieces: Vec<&str> =
                token.as_bytes().chunks(9).map(|p| std::str::from_utf8(p).unwrap()).collect();
            ("const value = [\"".into(), pieces.join("\", \""), "\"].join(\"\");\n".into())
        }
        "Python join" => {
            let pieces: Vec<&str> =
                token.as_bytes().chunks(9).map(|p| std::str::from_utf8(p).unwrap()).collect();
            ("value = ''.join(['".into(), pieces.join("', '"), "'])\n".into())
        }
        "wrapped line" => ("value: ".into(), format!("{one}\n    {other}"), "\nnext: 1\n".into()),
        "wrapped quotation" => ("> value: ".into(), format!("{one}\n> {other}"), "\n> so\n".into()),
        "backslash continuation" => ("VALUE=".into(), format!("{one}\\\n{other}"), "\nNEXT=1\n".into()),
        "spaced" => ("value:  ".into(), each(token, |c| format!("{c} ")).trim_end().to_owned(), "\n".into()),
        "JSON in JSON" => ("{\"body\": \"{\\\"auth\\\": \\\"".into(), token.into(), "\\\"}\"}\n".into()),
        "escaped JSON in JSON" => {
            let written = each(token, |c| format!("\\\\u{:04x}", u32::from(c)));
            ("{\"body\": \"{\\\"auth\\\": \\\"".into(), written, "\\\"}\"}\n".into())
        }
        other => panic!("there is no technique {other}"),
    }
}

const TECHNIQUES: &[&str] = &[
    "plain",
    "prose",
    "backticks",
    "base64",
    "base64url",
    "base64 twice",
    "base64 wrapped",
    "base64 in JSON in a fence",
    "powershell",
    "hex",
    "hex with prefix",
    "backslash x",
    "octal",
    "percent",
    "backslash u",
    "backslash u braces",
    "one letter escaped",
    "entities",
    "hex entities",
    "gzip in base64",
    "zero width",
    "soft hyphen",
    "homoglyph prefix",
    "full width",
    "mathematical letters",
    "tag characters",
    "right to left",
    "reversed",
    "plus in the middle",
    "plus behind the prefix",
    "many pieces",
    "implicit concatenation",
    "JS join",
    "Python join",
    "wrapped line",
    "wrapped quotation",
    "backslash continuation",
    "spaced",
    "JSON in JSON",
    "escaped JSON in JSON",
];

/// The region of a byte range: lines, and columns in UTF-16 code units, from 1; the end is exclusive.
fn region(text: &str, range: std::ops::Range<usize>) -> Region {
    let position = |offset: usize| {
        let line = text[..offset].matches('\n').count() as u32 + 1;
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        (line, text[start..offset].encode_utf16().count() as u32 + 1)
    };
    let ((start_line, start_column), (end_line, end_column)) = (position(range.start), position(range.end));
    Region { start_line, start_column, end_line, end_column }
}

fn regions(redactor: &Redactor, bytes: Vec<u8>) -> Vec<(Region, String)> {
    let redaction = redactor.redact(Original::new("notes.txt", Role::Prompt, Action::Inspect, bytes));
    let found = redaction.findings.into_iter();
    found.map(|finding| (finding.location.region, finding.rule + ": " + &finding.message)).collect()
}

#[test]
fn every_technique_with_every_token_is_found_at_its_region_and_removed() {
    let redactor = Redactor::new(&weft::built_in_rules(), None).unwrap();
    let (mut cases, mut wrong) = (0, String::new());
    for technique in TECHNIQUES {
        for (issuer, token) in tokens() {
            let (before, written, behind) = disguised(technique, &token);
            let before = format!("First a line of prose.\n{before}");
            let text = format!("{before}{written}{behind}Then another one.\n");
            let expected = region(&text, before.len()..before.len() + written.len());
            let found = regions(&redactor, text.clone().into_bytes());
            cases += 1;
            if !found.iter().any(|(region, _)| *region == expected) {
                let _ = writeln!(wrong, "{technique}, {issuer}: expected {expected:?}, found {found:?}");
                continue;
            }
            let redacted = redactor.redact_text(text.as_bytes()).unwrap();
            assert!(!redacted.contains(&written), "{technique}, {issuer} is left behind");
            assert_eq!(redacted.lines().count(), text.lines().count(), "{technique}, {issuer} moves a line");
            assert!(
                redacted.contains("First a line of prose.\n") && redacted.contains("\nThen another one.\n")
            );
        }
    }
    let missed = wrong.lines().count();
    assert!(missed == 0, "{missed} of {cases} are missed or have another region:\n{wrong}");
}

#[test]
fn utf16_with_and_without_a_mark_is_read() {
    let redactor = Redactor::new(&weft::built_in_rules(), None).unwrap();
    for (issuer, token) in tokens() {
        let text = format!("First a line.\nvalue = \"{token}\"\nThen another one.\n");
        let start = text.find(&token).unwrap();
        let expected = region(&text, start..start + token.len());
        for (mark, big) in [("\u{feff}", false), ("\u{feff}", true), ("", false), ("", true)] {
            let units = mark.encode_utf16().chain(text.encode_utf16());
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            let found = regions(&redactor, bytes);
            assert!(
                found.iter().any(|(region, _)| *region == expected),
                "{issuer}, mark {mark:?}, big {big}: {found:?}"
            );
        }
    }
}

#[test]
fn look_alikes_are_left_alone() {
    let redactor = Redactor::new(&weft::built_in_rules(), None).unwrap();
    let lines = [
        "commit %{40:hex}",
        "Revert \"fix\" (this reverts commit %{40:hex}).",
        "id: %{8:hex}-%{4:hex}-%{4:hex}-%{4:hex}-%{12:hex}",
        "\"integrity\": \"sha512-%{86}==\",",
        "<script src=\"a.js\" integrity=\"sha384-%{64}\"></script>",
        "golang.org/x/text v0.14.0 h1:%{43}=",
        "golang.org/x/text v0.14.0/go.mod h1:%{43}=",
        "checksum = \"%{64:hex}\"",
        "    --hash=sha256:%{64:hex}",
        "sha256:%{64:hex}  image.tar",
        "prompt_hash: %{64:hex}",
        "output_hash: %{64:hex}",
        "ETag: \"%{32:hex}\"",
        "FROM alpine@sha256:%{64:hex}",
        "api_key = \"<your api key>\"",
        "token: ${GITHUB_TOKEN}",
        "password = os.environ[\"PASSWORD\"]",
        "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "WEFT_GITHUB_TOKEN_0001 and WEFT_GENERIC_SECRET_ABCDEFGHIJ",
        "url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)",
        "import { AuthenticationTokenProviderFactory } from './authentication/token/provider'",
        "the quick brown fox jumps over the lazy dog, again and again and again",
        "1 0 0 1 0 1 1 0 1 1 0 1 0 0 0 1 1 0 1 0 1",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    ];
    for line in lines {
        for text in [expand(line), expand(&format!("{line}\n{line}\n  {line}"))] {
            let found = regions(&redactor, text.clone().into_bytes());
            assert!(found.is_empty(), "{text}: {found:?}");
            assert_eq!(redactor.redact_text(text.as_bytes()).unwrap(), text);
        }
    }
}
