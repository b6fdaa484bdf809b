//! How terms are written down: `[confidential]` of weft.toml, and a file with one a line.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use super::{TERMS, Term, wrong};
use crate::error::{Error, ErrorKind, Result};

/// The longest terms file, in bytes.
const FILE: usize = 1 << 20;

/// `[confidential]`: a team's own words, which are redacted and reported like secrets.
#[derive(Clone, Default, PartialEq)]
pub struct Confidential {
    /// The terms that are written out.
    pub terms: Vec<Term>,
    /// The file with more of them, relative to the settings file.
    pub file: Option<String>,
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Confidential({} terms", self.terms.len())?;
        f.write_str(if self.file.is_some() { ", and a file)" } else { ")" })
    }
}

/// A value as it is written, whatever its type: so that no error quotes it.
#[derive(Default)]
enum Value {
    Text(String),
    Bool(bool),
    List(Vec<Spanned<Value>>),
    Table(BTreeMap<String, Spanned<Value>>),
    #[default]
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_i64<E>(self, _: i64) -> std::result::Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_u64<E>(self, _: u64) -> std::result::Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_f64<E>(self, _: f64) -> std::result::Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Value::List(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
                let mut values = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    values.insert(key, value);
                }
                Ok(Value::Table(values))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    confidential: BTreeMap<String, Spanned<Value>>,
}

impl Confidential {
    /// Reads `[confidential]` of a settings file that is valid TOML; `name` is what errors call the file. Errors name the
    /// line and never what is written there.
    pub fn read(name: &str, text: &str) -> Result<Confidential> {
        let line = |span: Range<usize>| format!("{name}:{}", line_of(text, span.start));
        let settings: Settings = toml::from_str(text).map_err(|error| {
            let at = line(error.span().unwrap_or(0..0));
            wrong(&at, "`[confidential]` is a table")
        })?;
        let (mut confidential, mut case) = (Confidential::default(), false);
        if let Some(value) = settings.confidential.get("case") {
            let Value::Bool(matters) = value.get_ref() else {
                return Err(wrong(&line(value.span()), "`case` is true or false"));
            };
            case = *matters;
        }
        for (key, value) in &settings.confidential {
            let at = line(value.span());
            match (key.as_str(), value.get_ref()) {
                ("case", _) => {}
                ("file", Value::Text(file)) if !file.trim().is_empty() => {
                    confidential.file = Some(file.clone())
                }
                ("file", _) => return Err(wrong(&at, "`file` is the path of a file with one term a line")),
                ("terms", Value::List(terms)) => {
                    for term in terms {
                        let at = line(term.span());
                        let Value::Text(text) = term.get_ref() else {
                            return Err(wrong(&at, "a term is a text in quotes")
                                .hint("a finer one is a block of its own: [[confidential.pattern]]"));
                        };
                        confidential.terms.push(Term::plain(text, case, &at)?);
                    }
                }
                ("terms", _) => return Err(wrong(&at, "`terms` is a list of texts in quotes")),
                ("pattern", Value::List(patterns)) => {
                    for pattern in patterns {
                        let at = line(pattern.span());
                        let Value::Table(table) = pattern.get_ref() else {
                            return Err(wrong(&at, "a pattern is a block: [[confidential.pattern]]"));
                        };
                        confidential.terms.push(finer(table, case, &at, &line)?);
                    }
                }
                ("pattern", _) => return Err(wrong(&at, "a pattern is a block: [[confidential.pattern]]")),
                _ => return Err(wrong(&at, "[confidential] has `terms`, `case`, `file` and `pattern`")),
            }
        }
        Ok(confidential)
    }
}

/// `[[confidential.pattern]]`: a `term` or a `regex`, with a `name`.
fn finer(
    table: &BTreeMap<String, Spanned<Value>>,
    usual: bool,
    at: &str,
    line: &dyn Fn(Range<usize>) -> String,
) -> Result<Term> {
    let known = ["term", "regex", "case", "name"];
    if let Some((_, value)) = table.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(wrong(&line(value.span()), "a pattern has `term` or `regex`, `case` and `name`"));
    }
    let text = |key: &str| match table.get(key).map(|value| (value.get_ref(), value.span())) {
        None => Ok(None),
        Some((Value::Text(text), span)) => Ok(Some((text.as_str(), line(span)))),
        Some((_, span)) => Err(wrong(&line(span), &format!("`{key}` is a text in quotes"))),
    };
    let case = match table.get("case").map(|value| (value.get_ref(), value.span())) {
        None => None,
        Some((Value::Bool(matters), _)) => Some(*matters),
        Some((_, span)) => return Err(wrong(&line(span), "`case` is true or false")),
    };
    let term = match (text("term")?, text("regex")?) {
        (Some((term, at)), None) => Term::plain(term, case.unwrap_or(usual), &at)?,
        (None, Some((_, at))) if case.is_some() => {
            return Err(wrong(&at, "`case` is for a `term`; a `regex` begins with (?i) instead"));
        }
        (None, Some((regex, at))) => Term::regex(regex, &at)?,
        _ => return Err(wrong(at, "a pattern has either `term` or `regex`")),
    };
    match text("name")? {
        Some((name, _)) => term.named(name),
        None => Ok(term),
    }
}

/// Reads a file of terms, as [`super::Terms::lines`] says.
pub(super) fn lines(name: &str, text: &[u8]) -> Result<Vec<Term>> {
    if text.len() > FILE {
        let what = format!("{name}: a file of confidential terms has at most {FILE} bytes");
        return Err(Error::new(ErrorKind::Settings, what));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        wrong(&format!("{name}:{line}"), "a file of confidential terms is UTF-8")
    })?;
    let mut terms = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (line, at) = (line.trim(), format!("{name}:{}", index + 1));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if terms.len() == TERMS {
            return Err(wrong(&at, &format!("more than {TERMS} confidential terms")));
        }
        terms.push(match line.split_once(':') {
            Some(("regex", pattern)) => Term::regex(pattern.trim(), &at)?,
            Some(("case", term)) => Term::plain(term, true, &at)?,
            Some(("plain", term)) => Term::plain(term, false, &at)?,
            _ => Term::plain(line, false, &at)?,
        });
    }
    Ok(terms)
}

/// Where the values of `[confidential]` stand in a settings file; nowhere when it is no valid TOML.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    let settings: Settings = toml::from_str(text).unwrap_or_default();
    let mut found = Vec::new();
    let mut open: Vec<&Spanned<Value>> = settings.confidential.values().collect();
    while let Some(value) = open.pop() {
        match value.get_ref() {
            Value::Text(_) => found.push(value.span()),
            Value::List(list) => open.extend(list),
            Value::Table(table) => open.extend(table.values()),
            Value::Bool(_) | Value::Other => {}
        }
    }
    found
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
