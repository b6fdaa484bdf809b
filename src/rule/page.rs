//! Reads a rule page: head, queries, prose, examples. Errors name the line of the page.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use super::spelling::{did_you_mean, nearest};
use super::{Category, Match, Place, Rule};
use crate::finding::{Confidence, Severity};

/// What is wrong with a page, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageError {
    /// 1-based line of the page.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for PageError {}

/// The examples under one `##` heading: one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The heading.
    pub title: String,
    /// Its fences.
    pub files: Vec<ExampleFile>,
}

/// One fence of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFile {
    /// The first word of the info string.
    pub language: String,
    /// `path=` of the info string.
    pub path: Option<String>,
    /// The line of its first content line in the page.
    pub line: usize,
    /// The content, `%{n}` not yet expanded.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    id: String,
    message: String,
    severity: Severity,
    confidence: Confidence,
    #[serde(default)]
    cwe: Vec<u16>,
    since: String,
    #[serde(default)]
    fix: Option<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    yields_to: Vec<String>,
    #[serde(rename = "match")]
    matcher: Match,
}

/// The languages of queries: one in javascript serves TypeScript too, unless the page has one of its own for that.
const QUERY_LANGUAGES: [&str; 3] = ["python", "javascript", "typescript"];

struct Block<'a> {
    info: &'a str,
    line: usize,
    text: Range<usize>,
    end: usize,
}

/// Reads the page of rule `name` (its file name without `.md`) in the folder of `category`.
pub fn parse(category: Category, name: &str, page: &str) -> Result<(Rule, Vec<Example>), PageError> {
    let blocks = fences(page)?;
    let head_block = match blocks.first() {
        Some(block) if block.info == "toml" && page[..block.text.start].lines().count() == 1 => block,
        _ => {
            return Err(PageError {
                line: 1,
                message: "a page starts with its head in a ```toml fence".into(),
            });
        }
    };
    let text = &page[head_block.text.clone()];
    let head: Head = toml::from_str(text).map_err(|error| {
        let mut error = toml_error(text, head_block.line, &error);
        if error.message.starts_with("wanted exactly 1 element") {
            error.message = "write exactly one of [match.taint], [match.query] and [match.secret]".into();
        }
        error
    })?;
    let at_head = |message: String| PageError { line: head_block.line, message };
    if head.id != name {
        return Err(at_head(format!(
            "id is \"{}\", but the file is named {name}.md: make them equal",
            head.id
        )));
    }
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !head.id.chars().all(kebab) {
        return Err(at_head(format!("id \"{}\" is not kebab-case", head.id)));
    }
    if head.message.ends_with('.') {
        return Err(at_head("message is one clause without a full stop".into()));
    }
    let mut queries = BTreeMap::new();
    let mut place = Place { keys: keys(text, head_block.line), ..Place::default() };
    for block in &blocks {
        if let Some(language) = block.info.strip_prefix("query") {
            // The fence itself, not what it holds.
            let at_fence = |message: String| PageError { line: block.line - 1, message };
            let language = language.trim().strip_prefix("language=").unwrap_or("");
            if language.is_empty() {
                return Err(at_fence("write the fence as ```query language=python".into()));
            }
            if !QUERY_LANGUAGES.contains(&language) {
                let hint = nearest(language, QUERY_LANGUAGES.into_iter());
                let known = QUERY_LANGUAGES.join(", ");
                return Err(at_fence(format!("no query is in \"{language}\"{hint}: write one of {known}")));
            }
            place.queries.insert(language.to_owned(), block.line);
            if queries.insert(language.to_owned(), page[block.text.clone()].to_owned()).is_some() {
                let message = format!("a second query for {language}: write both into one fence");
                return Err(at_fence(message));
            }
        }
    }
    if matches!(head.matcher, Match::Query(_)) == queries.is_empty() {
        return Err(at_head("[match.query] and ```query fences go together: one is missing".into()));
    }
    let last_head =
        blocks.iter().filter(|block| block.info.starts_with("query")).map(|block| block.end).max();
    let prose = page[last_head.unwrap_or(head_block.end)..].trim_start().to_owned();
    let title_line = prose.lines().next().unwrap_or("");
    let title = title_line.strip_prefix("# ").map(str::trim).filter(|title| !title.is_empty());
    let line_after = page[..page.len() - prose.len()].lines().count() + 1;
    let Some(title) = title else {
        return Err(PageError { line: line_after, message: "the head is followed by `# Title`".into() });
    };
    let body = prose[title_line.len()..].split("\n## ").next().unwrap_or("").trim();
    let Some((meaning, advice)) = body.split_once("**Instead:**") else {
        return Err(PageError {
            line: line_after,
            message: "say what to do: a paragraph that starts **Instead:**".into(),
        });
    };
    let rule = Rule {
        id: head.id,
        category,
        message: head.message,
        severity: head.severity,
        confidence: head.confidence,
        cwe: head.cwe,
        since: head.since,
        fix: head.fix,
        references: head.references,
        yields_to: head.yields_to,
        matcher: head.matcher,
        queries,
        title: title.to_owned(),
        meaning: meaning.trim().to_owned(),
        advice: unwrap_lines(advice),
        prose: prose.clone(),
        place,
    };
    Ok((rule, examples(page, &blocks)))
}

/// The line of the page on which each key of its head stands first.
fn keys(head: &str, first: usize) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for (index, line) in head.lines().enumerate() {
        if let Some((key, _)) = line.split_once('=') {
            keys.entry(key.trim().to_owned()).or_insert(first + index);
        }
    }
    keys
}

fn unwrap_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sections that have fences; one of prose alone shows nothing.
fn examples(page: &str, blocks: &[Block<'_>]) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut offset = 0;
    for line in page.split_inclusive('\n') {
        let inside = blocks.iter().any(|block| block.text.contains(&offset));
        if let Some(title) = line.strip_prefix("## ").filter(|_| !inside) {
            found.push(Example { title: title.trim().to_owned(), files: Vec::new() });
        }
        if let Some(block) = blocks.iter().find(|block| block.text.start == offset + line.len())
            && let Some(example) = found.last_mut()
        {
            let mut words = block.info.split_whitespace();
            example.files.push(ExampleFile {
                language: words.next().unwrap_or("").to_owned(),
                path: words.find_map(|word| word.strip_prefix("path=")).map(str::to_owned),
                line: block.line,
                text: page[block.text.clone()].to_owned(),
            });
        }
        offset += line.len();
    }
    found.retain(|example| !example.files.is_empty());
    found
}

/// The fences of a page: a run of three or more backticks at the start of a line, closed by at least as many.
fn fences(page: &str) -> Result<Vec<Block<'_>>, PageError> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, usize, usize)> = None;
    let mut offset = 0;
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let rest = line[ticks..].trim();
        match open {
            None if ticks >= 3 => open = Some((ticks, rest, index + 2, offset + line.len())),
            Some((opened, info, first, start)) if ticks >= opened && rest.is_empty() => {
                blocks.push(Block { info, line: first, text: start..offset, end: offset + line.len() });
                open = None;
            }
            _ => {}
        }
        offset += line.len();
    }
    match open {
        Some((_, _, line, _)) => {
            Err(PageError { line: line - 1, message: "this fence is not closed".into() })
        }
        None => Ok(blocks),
    }
}

/// A TOML error as a line of the page: `first` is the page's line of the TOML text's first line.
pub(super) fn toml_error(text: &str, first: usize, error: &toml::de::Error) -> PageError {
    let before = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
    let message = error.message().replace('\n', "; ");
    let hint = did_you_mean(&message);
    PageError { line: first + before, message: message + &hint }
}

/// Replaces `%{n}` by n made-up characters, the same for the same text: no file of the tree looks like a live token.
/// `%{n:hex}`, `%{n:digits}`, `%{n:upper}`, `%{n:lower}`, `%{n:base32}`, `%{n:base58}`, `%{n:bech32}` choose the alphabet;
/// `%{github}` and `%{npm}` end a token in its valid checksum (30 characters and the six of the CRC-32 in base 62). `%{u:202e}` is the character U+202E, so that
/// no page hides text itself.
pub fn expand(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    while let Some(start) = rest.find("%{") {
        let Some(length) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        let spec = &rest[start + 2..start + length];
        match made_up(spec, &mut seed) {
            Some(filled) => out.push_str(&filled),
            None => out.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

fn made_up(spec: &str, seed: &mut u64) -> Option<String> {
    const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if matches!(spec, "github" | "npm") {
        let body = made_up("30", seed)?;
        let mut sum = crc32(body.as_bytes());
        let mut tail = [b'0'; 6];
        for slot in tail.iter_mut().rev() {
            *slot = BASE62[(sum % 62) as usize];
            sum /= 62;
        }
        return Some(body + &String::from_utf8_lossy(&tail));
    }
    if let Some(hex) = spec.strip_prefix("u:") {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).map(String::from);
    }
    let (count, alphabet) = spec.split_once(':').unwrap_or((spec, "base62"));
    let letters: &[u8] = match alphabet {
        "base62" => BASE62,
        "hex" => b"0123456789abcdef",
        "digits" => b"0123456789",
        "upper" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "lower" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "base58" => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "bech32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        _ => return None,
    };
    let count: usize = count.parse().ok().filter(|count| *count <= 4096)?;
    Some((0..count).map(|_| char::from(letters[(next(seed) % letters.len() as u64) as usize])).collect())
}

/// splitmix64 (Steele, Lea, Flood 2014).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// CRC-32 (IEEE 802.3), bit by bit: the inputs are 30 characters long.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
