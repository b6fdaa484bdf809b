//! Checks that an issuer's format allows: checksums, encodings, lengths. They raise or lower confidence; only what
//! cannot be one at all is dropped.

use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD};

use super::mask::without_syntax;
use super::pii::{card, iban};
use super::random;
use super::stand_in;
use crate::finding::Confidence;
use crate::rule::crc32;

/// A check by its name in a rule page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validator {
    /// `github-crc`, `npm-crc`: the last six characters are the CRC-32 of those behind the prefix, in base 62.
    Crc,
    /// `aws-account`: the key id decodes to an account of twelve digits.
    AwsAccount,
    /// `jwt`: the header is JSON with `alg`.
    Jwt,
    /// `pem`: the body between the lines is base64.
    Pem,
    /// `luhn`: the digits are a payment card's.
    Luhn,
    /// `iban`: the country's length and the remainder modulo 97 are right.
    Iban,
    /// `password`: not one of the words that documentation puts there.
    Password,
    /// `random`: made by a generator.
    Random,
    /// `seed-phrase`: words that differ, none of them one that only sentences have.
    SeedPhrase,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It is one.
    Confirmed,
    /// Nothing either way.
    Unknown,
    /// Its issuer would not have issued it.
    Doubtful,
    /// It cannot be one.
    Impossible,
}

impl Verdict {
    /// Of two checks the worse decides; a confirmation needs no second.
    pub(super) fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Unknown, other) => other,
            (this, Verdict::Unknown) => this,
            (this, other) => this.max(other),
        }
    }
}

/// The confidence after a verdict; `None` when it cannot be one.
pub(super) fn weigh(confidence: Confidence, verdict: Verdict) -> Option<Confidence> {
    Some(match (verdict, confidence) {
        (Verdict::Impossible, _) => return None,
        (Verdict::Confirmed, _) => Confidence::High,
        (Verdict::Unknown, as_it_was) => as_it_was,
        (Verdict::Doubtful, Confidence::High) => Confidence::Medium,
        (Verdict::Doubtful, _) => Confidence::Low,
    })
}

impl Validator {
    /// The check of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "github-crc" | "npm-crc" => Validator::Crc,
            "aws-account" => Validator::AwsAccount,
            "jwt" => Validator::Jwt,
            "pem" => Validator::Pem,
            "luhn" => Validator::Luhn,
            "iban" => Validator::Iban,
            "password" => Validator::Password,
            "random" => Validator::Random,
            "seed-phrase" => Validator::SeedPhrase,
            _ => return None,
        })
    }

    /// What it says of `secret`.
    pub(super) fn check(self, secret: &str) -> Verdict {
        match self {
            Validator::Crc => {
                if has_crc(secret) {
                    Verdict::Confirmed
                } else {
                    Verdict::Doubtful
                }
            }
            Validator::AwsAccount => match aws_account(secret) {
                Some(account) if account > 0 => Verdict::Unknown,
                _ => Verdict::Doubtful,
            },
            Validator::Jwt => {
                if jwt_header(secret) {
                    Verdict::Confirmed
                } else {
                    Verdict::Doubtful
                }
            }
            Validator::Pem => {
                if pem_body(secret) {
                    Verdict::Confirmed
                } else {
                    Verdict::Doubtful
                }
            }
            Validator::Luhn => {
                if card(secret) {
                    Verdict::Unknown
                } else {
                    Verdict::Impossible
                }
            }
            Validator::Iban => {
                if iban(secret) {
                    Verdict::Confirmed
                } else {
                    Verdict::Impossible
                }
            }
            Validator::Password => password(secret),
            Validator::Random => {
                if random::random(secret) {
                    Verdict::Unknown
                } else {
                    Verdict::Impossible
                }
            }
            Validator::SeedPhrase => {
                if seed_phrase(secret) {
                    Verdict::Unknown
                } else {
                    Verdict::Impossible
                }
            }
        }
    }
}

fn password(secret: &str) -> Verdict {
    let template =
        secret.starts_with(['$', '%', '{', ':', '(', '*', '.', '[']) || secret.contains(['{', '}', '\\']);
    let digits = secret.len() < 8 && secret.bytes().all(|byte| byte.is_ascii_digit());
    if template || digits || secret.len() < 4 || random::placeholder(secret) || stand_in::stand_in(secret) {
        return Verdict::Impossible;
    }
    let letters = secret.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-".contains(&byte));
    if letters && (secret.len() < 12 || random::wordy(secret)) { Verdict::Doubtful } else { Verdict::Unknown }
}

/// Whether words could have been drawn from the list of BIP 39, which has none of the words that hold a sentence
/// together; of twelve drawn out of 2,048 hardly one comes twice.
fn seed_phrase(words: &str) -> bool {
    const SENTENCE: &[&str] = &[
        "the", "and", "for", "are", "was", "but", "has", "had", "its", "our", "from", "were", "into", "such",
    ];
    let all: Vec<&str> = words.split_whitespace().collect();
    let distinct: std::collections::BTreeSet<&str> = all.iter().copied().collect();
    distinct.len() + 2 >= all.len() && all.iter().all(|word| !SENTENCE.contains(word))
}

fn has_crc(token: &str) -> bool {
    const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body = token.rsplit('_').next().unwrap_or(token).as_bytes();
    let Some(split) = body.len().checked_sub(6) else { return false };
    let (random, sum) = body.split_at(split);
    let value = sum.iter().try_fold(0u64, |value, byte| {
        BASE62.iter().position(|letter| letter == byte).map(|digit| value * 62 + digit as u64)
    });
    value == Some(u64::from(crc32(random)))
}

/// The account in an AWS key id: the characters behind the prefix are base32 and hold it in 40 of their bits.
fn aws_account(id: &str) -> Option<u64> {
    let bytes = BASE32.decode(id.get(4..20)?.as_bytes()).ok()?;
    let head = bytes.get(..6)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let account = (head & 0x7fff_ffff_ff80) >> 7;
    (account < 1_000_000_000_000).then_some(account)
}

fn jwt_header(token: &str) -> bool {
    let head = token.split('.').next().unwrap_or("");
    let json = BASE64URL_NOPAD.decode(head.trim_end_matches('=').as_bytes()).ok();
    json.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
        .is_some_and(|header| header.get("alg").is_some())
}

fn pem_body(block: &str) -> bool {
    let block = block.replace("\\r", "").replace("\\n", "\n");
    let lines = block.lines().map(without_syntax);
    let body: String = lines.filter(|line| !line.starts_with("-----") && !line.contains(':')).collect();
    let body = body.split("-----").max_by_key(|part| part.len()).unwrap_or("").replace(' ', "");
    // OpenPGP puts a checksum of four characters behind the last line.
    let body =
        body.rsplit_once("=").filter(|(_, sum)| sum.len() == 4).map_or(body.as_str(), |(body, _)| body);
    body.len() >= 32 && BASE64.decode(body.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::expand;

    #[test]
    fn checksums_of_github_tokens_are_read() {
        let token = expand("ghp_%{github}");
        assert_eq!(Validator::Crc.check(&token), Verdict::Confirmed);
        assert_eq!(Validator::Crc.check(&(token[..39].to_owned() + "_")), Verdict::Doubtful);
    }

    #[test]
    fn words_for_passwords_are_none() {
        for secret in [
            "password",
            "pass%20pass",
            "db_password",
            "hunter2",
            "123456",
            "$PASS",
            "{pw}",
            "abc",
            "Passw0rd",
        ] {
            assert_eq!(Validator::Password.check(secret), Verdict::Impossible, "{secret}");
        }
        assert_eq!(Validator::Password.check("sunflower"), Verdict::Doubtful);
        assert_eq!(Validator::Password.check("kV7-qz9x!"), Verdict::Unknown);
    }

    #[test]
    fn a_seed_phrase_is_no_sentence() {
        let words = "gravity machine north sort system female filter attitude volume fold club stay";
        assert_eq!(Validator::SeedPhrase.check(words), Verdict::Unknown);
        let sentence = words.replace("sort", "and");
        assert_eq!(Validator::SeedPhrase.check(&sentence), Verdict::Impossible);
        assert_eq!(Validator::SeedPhrase.check(&["word"; 12].join(" ")), Verdict::Impossible);
    }

    #[test]
    fn a_jwt_header_is_json_with_alg() {
        let encode = |json: &str| data_encoding::BASE64URL_NOPAD.encode(json.as_bytes());
        assert_eq!(Validator::Jwt.check(&(encode(r#"{"alg":"HS256"}"#) + ".e30.x")), Verdict::Confirmed);
        assert_eq!(Validator::Jwt.check(&(encode(r#"{"typ":"x"}"#) + ".e30.x")), Verdict::Doubtful);
        assert_eq!(Validator::Jwt.check(""), Verdict::Doubtful);
    }
}
