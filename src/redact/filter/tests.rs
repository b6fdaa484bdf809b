//! What the filter promises, over made-up documents: every byte stays but what is masked, what is masked comes back from
//! a vault byte for byte, nothing found remains, twice is once, no line moves. Tokens are made here, so that none stands
//! in the tree.

use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use proptest::prelude::*;

use super::*;
use crate::redact::{Filtered, VaultKey};
use crate::rule::crc32;

const MODES: [Mode; 3] = [Mode::Token, Mode::KeepFormat, Mode::Drop];

fn redactor(key: Option<&[u8]>) -> Redactor {
    Redactor::new(&crate::built_in_rules(), key).unwrap()
}

fn vault() -> Vault {
    Vault::new(VaultKey::new([7; 32]))
}

fn filter(redactor: &Redactor, bytes: &[u8], mode: Mode, vault: Option<&mut Vault>) -> Filtered {
    let input = Spool::of(bytes.to_vec());
    redactor.filter(&input, mode, vault, Path::new("/nonexistent")).unwrap()
}

fn filtered(redactor: &Redactor, bytes: &[u8], mode: Mode) -> Vec<u8> {
    filter(redactor, bytes, mode, None).output.into_bytes().unwrap()
}

fn text_of(bytes: &[u8], mode: Mode) -> String {
    String::from_utf8(filtered(&redactor(None), bytes, mode)).unwrap()
}

fn restored(vault: &Vault, bytes: &[u8]) -> (Vec<u8>, u64) {
    let input = Spool::of(bytes.to_vec());
    let restored = vault.restore(&input, Path::new("/nonexistent")).unwrap();
    (restored.output.into_bytes().unwrap(), restored.unknown)
}

/// Makes documents; splitmix64.
struct Made(u64);

impl Made {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn letters(&mut self, count: usize, alphabet: &str) -> String {
        (0..count).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }

    fn base62(&mut self, count: usize) -> String {
        self.letters(count, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }

    /// A secret that is found wherever it stands.
    fn secret(&mut self) -> String {
        match self.below(6) {
            0 => {
                let body = self.base62(30);
                let (mut sum, mut tail) = (crc32(body.as_bytes()), Vec::new());
                for _ in 0..6 {
                    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
                    tail.insert(0, char::from(alphabet[(sum % 62) as usize]));
                    sum /= 62;
                }
                format!("ghp_{body}{}", tail.into_iter().collect::<String>())
            }
            1 => format!("sk_live_{}", self.base62(24)),
            2 => format!("SG.{}.{}", self.base62(22), self.base62(43)),
            3 => format!("AKIA{}", self.letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
            4 => format!("{}.{}@initech.com", self.letters(6, "abcdefghij"), self.letters(5, "klmnopqrst")),
            _ => self.card(),
        }
    }

    /// A payment card's number, in groups.
    fn card(&mut self) -> String {
        let mut digits: Vec<u32> =
            format!("4{}", self.letters(14, "0123456789")).chars().filter_map(|c| c.to_digit(10)).collect();
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(place, digit)| match (place % 2, digit * 2) {
                (1, _) => *digit,
                (_, twice) if twice > 9 => twice - 9,
                (_, twice) => twice,
            })
            .sum();
        digits.push((10 - sum % 10) % 10);
        let digits: String = digits.into_iter().filter_map(|digit| char::from_digit(digit, 10)).collect();
        [&digits[..4], &digits[4..8], &digits[8..12], &digits[12..]].join(self.one(&[" ", "-"]))
    }

    fn key_block(&mut self) -> String {
        let lines: Vec<String> = (0..3).map(|_| format!("{}\n", self.base62(64))).collect();
        let tail = self.base62(20);
        format!("-----BEGIN PRIVATE KEY-----\n{}{tail}\n-----END PRIVATE KEY-----", lines.concat())
    }

    fn form(&mut self, secret: &str) -> String {
        match self.below(6) {
            0 => BASE64.encode(secret.as_bytes()),
            1 => HEXLOWER.encode(secret.as_bytes()),
            2 => secret.chars().rev().collect(),
            3 => secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            4 => secret.bytes().map(|byte| format!("\\x{byte:02x}")).collect(),
            _ => format!("x{secret}y"),
        }
    }

    /// One or more lines, with the secrets in them.
    fn lines(&mut self, secrets: &mut Vec<String>) -> String {
        let secret = self.secret();
        let mut plain = |text: String| {
            secrets.push(secret.clone());
            text
        };
        match self.below(12) {
            0 => plain(format!("use {secret} now")),
            1 => plain(format!("{{\"deploy\": \"{secret}\", \"n\": [1, \"{secret}\"]}}")),
            2 => plain(format!("export DEPLOY={secret}")),
            3 => {
                let form = self.form(&secret);
                plain(format!("a: '{secret}'\nb: '{form}'"))
            }
            4 => {
                let password = format!("{}-{}9!", self.base62(6), self.base62(6));
                secrets.push(password.clone());
                format!("password = \"{password}\"")
            }
            5 => {
                let password = self.base62(14);
                secrets.push(password.clone());
                format!("DATABASE_URL=postgres://shop:{password}@db.shop.internal:5432/shop")
            }
            6 => {
                let indent = self.one(&["", "  ", "# ", "\t"]);
                let block = self.key_block();
                secrets.extend(block.lines().skip(1).take(3).map(str::to_owned));
                block.lines().map(|line| format!("{indent}{line}\n")).collect::<String>()
            }
            7 => self
                .one(&[
                    "already WEFT_GITHUB_TOKEN_0001 and WEFT_EMAIL_0002",
                    "xWEFT_STRIPE_KEY_0001y WEFT_SENDGRID_KEY_00012",
                    "WEFT_GITHUB_TOKEN_ABCDEFGHIJ, WEFT_PAYMENT_CARD_2345672345",
                    "{\"a\": \"WEFT_AWS_ACCESS_KEY_ID_0001\"}",
                ])
                .to_owned(),
            8 => self
                .one(&["caf\u{e9} \u{4e2d}\u{6587} \u{1f600}", "\u{feff}mark", "nul \0 here", ""])
                .to_owned(),
            _ => {
                let words = self.one(&["the log says that", "def run(self):", "- item", "    x = 1"]);
                format!("{words} {}", self.letters(8, "abcdefgh "))
            }
        }
    }

    /// A document in any encoding, with invalid bytes, and what must not remain of it.
    fn document(&mut self, lines: usize) -> (Vec<u8>, Vec<String>) {
        let mut secrets = Vec::new();
        let end = self.one(&["\n", "\n", "\r\n"]);
        let text: String = (0..lines).map(|_| self.lines(&mut secrets).replace('\n', end) + end).collect();
        let bytes = match self.below(6) {
            0 => Encoding::Utf16Le.encode(&format!("\u{feff}{text}")),
            1 => Encoding::Utf16Be.encode(&format!("\u{feff}{text}")),
            2 => format!("\u{feff}{text}").into_bytes(),
            3 => self.spoiled(text.replace('\0', "").as_bytes()),
            _ => text.into_bytes(),
        };
        (bytes, secrets)
    }

    /// Invalid bytes at the ends of some lines; a lone surrogate and an odd byte are in other encodings' way.
    fn spoiled(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            let of_a_key = text.contains("-----") || !text.trim_start_matches('#').trim().contains(' ');
            if !of_a_key && self.below(3) == 0 {
                out.extend_from_slice(self.one::<[u8]>(&[
                    b"\xff ",
                    b"\xe2\x82 ",
                    b"\xc0\x80 ",
                    b"\xed\xa0\x80 ",
                ]));
            }
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\xf0\x9f");
        out
    }
}

fn decoded(bytes: &[u8]) -> String {
    let (encoding, mark) = Encoding::of(bytes).unwrap();
    encoding.decode(&bytes[mark..]).into_owned()
}

/// What holds for one document in one mode; with a vault, it comes back.
fn holds(redactor: &Redactor, number: u64, mode: Mode, vault: &mut Vault) {
    let mut made = Made(number);
    let lines = 1 + made.below(4);
    let (bytes, secrets) = made.document(lines);
    let kept = if mode == Mode::Drop { None } else { Some(&mut *vault) };
    let output = filter(redactor, &bytes, mode, kept).output.into_bytes().unwrap();
    let (before, after) = (decoded(&bytes), decoded(&output));
    let breaks = |text: &str| text.matches('\n').count();
    assert_eq!(breaks(&before), breaks(&after), "{number}: a line moved");
    for secret in &secrets {
        assert!(!after.contains(secret.as_str()), "{number}: a secret remains");
    }
    assert!(secrets.is_empty() || output != bytes, "{number}");
    if mode != Mode::Drop {
        let (back, _) = restored(vault, &output);
        assert!(back == bytes, "{number}: does not come back");
    }
    let kept = if mode == Mode::Drop { None } else { Some(&mut *vault) };
    let twice = filter(redactor, &output, mode, kept).output.into_bytes().unwrap();
    assert!(twice == output, "{number}: twice is not once");
}

#[test]
fn ten_thousand_documents_come_back_byte_for_byte_and_nothing_remains() {
    let redactor = redactor(None);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let redactor = &redactor;
            scope.spawn(move || {
                for conversation in 0..500 {
                    let mut vault = vault();
                    for turn in 0..10u64 {
                        let number = (thread * 500 + conversation) * 10 + turn;
                        let mode = MODES[(number % 2) as usize];
                        holds(redactor, number, mode, &mut vault);
                    }
                }
            });
        }
    });
}

#[test]
fn dropping_leaves_nothing_and_twice_is_once() {
    let redactor = redactor(None);
    (0..500).for_each(|number| holds(&redactor, number, Mode::Drop, &mut vault()));
}

#[test]
fn a_text_that_is_cut_is_redacted_as_one_that_is_not() {
    for key in [None, Some(b"a key for this test".as_slice())] {
        let redactor = redactor(key);
        for number in 0..4u64 {
            let (bytes, _) = Made(number).document(40);
            let input = Spool::of(bytes);
            // Without a key a stand-in that had to be made anew leaves a gap in the numbers.
            for mode in MODES.into_iter().filter(|mode| *mode != Mode::KeepFormat || key.is_some()) {
                let run = |whole, core| {
                    let sizes = Sizes { whole, core, around: 2 << 10 };
                    let folder = std::env::temp_dir();
                    redactor
                        .filter_in(&input, mode, None, &folder, sizes)
                        .unwrap()
                        .output
                        .into_bytes()
                        .unwrap()
                };
                let whole = run(u64::MAX, 0);
                let cut = run(0, 1500);
                let lines = |bytes: &[u8]| decoded(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
                let (one, other) = (lines(&cut), lines(&whole));
                let differ = one.iter().zip(&other).find(|(one, other)| one != other);
                assert!(cut == whole, "{number} {mode:?}: {differ:?}");
            }
        }
    }
}

#[test]
fn a_text_that_is_cut_comes_back() {
    let redactor = redactor(None);
    for number in 0..6u64 {
        let (bytes, _) = Made(1000 + number).document(40);
        let sizes = Sizes { whole: 0, core: 1500, around: 2 << 10 };
        let (input, folder, mut vault) = (Spool::of(bytes.clone()), std::env::temp_dir(), vault());
        let output = redactor.filter_in(&input, MODES[number as usize % 2], Some(&mut vault), &folder, sizes);
        let back =
            vault.restore_in(&output.unwrap().output, &folder, Sizes { around: 300, ..sizes }).unwrap();
        assert!(back.output.into_bytes().unwrap() == bytes, "{number}");
    }
}

#[test]
fn a_secret_in_an_endless_line_is_found_wherever_the_line_is_cut() {
    let redactor = redactor(None);
    let secret = Made(3).secret();
    for before in [0, 1, 690, 700, 701, 1390] {
        let text = format!("{}{secret}\"{}", "a,".repeat(before), ",b".repeat(2000));
        let input = Spool::of(text.clone().into_bytes());
        let sizes = Sizes { whole: 0, core: 700, around: 4 << 10 };
        let output = redactor.filter_in(&input, Mode::Token, None, &std::env::temp_dir(), sizes).unwrap();
        let output = String::from_utf8(output.output.into_bytes().unwrap()).unwrap();
        assert_eq!(output.matches("WEFT_").count(), 1, "{before}");
        assert!(!output.contains(&secret), "{before}");
    }
}

#[test]
fn a_placeholder_of_the_conversation_means_its_secret_in_every_text() {
    let (redactor, mut vault) = (redactor(None), vault());
    let secret = Made(9).secret();
    let first = filter(&redactor, format!("use {secret}\n").as_bytes(), Mode::Token, Some(&mut vault));
    let first = String::from_utf8(first.output.into_bytes().unwrap()).unwrap();
    let placeholder = first[4..].trim_end();
    let reply = format!("I put '{placeholder}' into the file, not WEFT_JWT_ABCDEFGHIJ.");
    let expected = format!("I put '{secret}' into the file, not WEFT_JWT_ABCDEFGHIJ.");
    assert_eq!(restored(&vault, reply.as_bytes()), (expected.into_bytes(), 1));
    // A prompt that quotes the reply: what is the vault's is left alone, what is not is told.
    let second = filter(&redactor, reply.as_bytes(), Mode::Token, Some(&mut vault));
    assert_eq!(second.foreign, 1);
    assert_eq!(second.output.into_bytes().unwrap(), reply.as_bytes());
    // In a text of another encoding it means the same text.
    let wide = Encoding::Utf16Be.encode(&format!("\u{feff}{placeholder}"));
    assert_eq!(restored(&vault, &wide).0, Encoding::Utf16Be.encode(&format!("\u{feff}{secret}")));
}

#[test]
fn what_the_input_holds_is_never_given_out() {
    let secret = Made(0).secret();
    let (redactor, mut first) = (redactor(None), vault());
    let text = format!("use {secret}\n");
    let output =
        filter(&redactor, text.as_bytes(), Mode::Token, Some(&mut first)).output.into_bytes().unwrap();
    let placeholder = String::from_utf8(output).unwrap()[4..].trim_end().to_owned();
    for around in ["", "x"] {
        let text = format!("{around}{placeholder}{around} use {secret}\n");
        let mut other = vault();
        let output =
            filter(&redactor, text.as_bytes(), Mode::Token, Some(&mut other)).output.into_bytes().unwrap();
        let output = String::from_utf8(output).unwrap();
        assert!(output.starts_with(&format!("{around}{placeholder}{around} use WEFT_")), "{output}");
        assert_eq!(output.matches(&placeholder).count(), 1);
        assert_eq!(restored(&other, output.as_bytes()).0, text.as_bytes());
    }
    // The same of a stand-in, which only the proof notices.
    let mut first = vault();
    let output =
        filter(&redactor, text.as_bytes(), Mode::KeepFormat, Some(&mut first)).output.into_bytes().unwrap();
    let text = format!("was {} is {secret}\n", &String::from_utf8(output).unwrap()[4..].trim_end());
    let mut other = vault();
    let output =
        filter(&redactor, text.as_bytes(), Mode::KeepFormat, Some(&mut other)).output.into_bytes().unwrap();
    assert_eq!(restored(&other, &output).0, text.as_bytes());
}

#[test]
fn foreign_placeholders_are_told_where_it_can_be_known() {
    let text = b"WEFT_JWT_0001 WEFT_JWT_ABCDEFGHIJ WEFT_JWT_0001";
    let foreign = |key: Option<&[u8]>, vault: Option<&mut Vault>| {
        filter(&redactor(key), text, Mode::Token, vault).foreign
    };
    assert_eq!(foreign(None, None), 0);
    assert_eq!(foreign(Some(b"a key for this test"), None), 1, "a key numbers nothing");
    assert_eq!(foreign(None, Some(&mut vault())), 2);
}

#[test]
fn stand_ins_keep_the_form_and_are_never_live() {
    let redactor = redactor(Some(b"a key for this test"));
    for number in 0..60 {
        let mut made = Made(number);
        let secret = made.secret();
        let text = format!("pay with {secret}\n");
        let output = String::from_utf8(filtered(&redactor, text.as_bytes(), Mode::KeepFormat)).unwrap();
        let other = output[9..].trim_end();
        assert_eq!(other.len(), secret.len());
        assert_ne!(other, secret);
        let prefix = ["ghp_", "sk_live_", "SG.", "AKIA"].iter().find(|prefix| secret.starts_with(**prefix));
        assert!(other.starts_with(prefix.copied().unwrap_or("")), "{other}");
        assert!(!crate::redact::pii::card(other));
        assert_eq!(filtered(&redactor, text.as_bytes(), Mode::KeepFormat), output.as_bytes());
    }
}

#[test]
fn a_key_of_many_lines_keeps_its_armour_and_its_lines() {
    let block = Made(5).key_block();
    let output = text_of(format!("a: |\n{block}\nb: 1\n").as_bytes(), Mode::KeepFormat);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!((lines[1], lines[6]), ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"));
    assert_eq!((lines[2].len(), lines.len()), (64, 8));
    assert!(!output.contains(block.lines().nth(1).unwrap()));
}

#[test]
fn the_bytes_around_a_secret_stay_what_they_are() {
    let secret = Made(0).secret();
    let mut bytes = b"\xff t = '".to_vec();
    bytes.extend_from_slice(secret.as_bytes());
    bytes.extend_from_slice(b"'\r\n\xed\xa0\x80\xe2");
    let expected = b"\xff t = 'WEFT_GITHUB_TOKEN_0001'\r\n\xed\xa0\x80\xe2";
    let secret_is_github = secret.starts_with("ghp_");
    let output = filtered(&redactor(None), &bytes, Mode::Token);
    assert!(output == expected || !secret_is_github, "{}", String::from_utf8_lossy(&output));
    let wide = Encoding::Utf16Le.encode(&format!("\u{feff}t = '{secret}'\r\n"));
    let wide = [wide.as_slice(), &[0x00, 0xd8, 0x41]].concat();
    let output = filtered(&redactor(None), &wide, Mode::Drop);
    let expected = Encoding::Utf16Le.encode("\u{feff}t = ''\r\n");
    assert_eq!(output, [expected.as_slice(), &[0x00, 0xd8, 0x41]].concat());
}

#[test]
fn what_cannot_be_kept_is_said_and_nothing_is_given_out() {
    let input = Spool::of(b"\x89PNG\0\0\0\xff".to_vec());
    let error = redactor(None).filter(&input, Mode::Token, None, Path::new("")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
    let input = Spool::of(b"text".to_vec());
    let error = redactor(None).filter(&input, Mode::Drop, Some(&mut vault()), Path::new("")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let sizes = Sizes { whole: 0, core: 100, around: 10 };
    let error =
        redactor(None).filter_in(&input, Mode::Token, None, Path::new("/dev/null"), sizes).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
}

/// Pieces that meet the anchors, among arbitrary bytes.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        ".{0,20}".prop_map(String::into_bytes),
        (0u64..1000).prop_map(|number| Made(number).secret().into_bytes()),
        (0u64..1000).prop_map(|number| Made(number).lines(&mut Vec::new()).into_bytes()),
        prop::sample::select(vec![
            "password = \"",
            "://a:",
            "@b.com",
            "\n",
            "\r\n",
            "ghp_",
            "WEFT_",
            "WEFT_JWT_",
            "0001",
            "\"",
            "=",
            ": ",
            "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            "\u{feff}",
            "\\\"",
            "[",
            ",",
            "4539 1488",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn hostile_bytes_come_back_and_twice_is_once(bytes in hostile(), mode in 0usize..3) {
        let (redactor, mut vault, mode) = (redactor(None), vault(), MODES[mode]);
        let input = Spool::of(bytes.clone());
        let kept = (mode != Mode::Drop).then_some(&mut vault);
        match redactor.filter(&input, mode, kept, Path::new("")) {
            Ok(filtered) => {
                let output = filtered.output.into_bytes().unwrap();
                if mode != Mode::Drop {
                    prop_assert_eq!(restored(&vault, &output).0, &bytes[..]);
                }
                let breaks = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
                prop_assert_eq!(breaks(&output), breaks(&bytes));
                let kept = (mode != Mode::Drop).then_some(&mut vault);
                if let Ok(twice) = redactor.filter(&Spool::of(output.clone()), mode, kept, Path::new("")) {
                    prop_assert_eq!(twice.output.into_bytes().unwrap(), output);
                }
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Io, "only what is not text may be refused"),
        }
    }

    #[test]
    fn restoring_anything_changes_only_what_the_vault_knows(bytes in hostile()) {
        prop_assert_eq!(restored(&vault(), &bytes).0, bytes);
    }
}
