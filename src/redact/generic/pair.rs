//! Names and values in sibling keys: `- name: DB_PASSWORD` and `value: ...` below it, `<add key="..." value="..."/>`,
//! `variable "db_password" { default = "..." }`.

use std::ops::Range;

use super::name::in_name;
use super::value::{Form, value_after};

/// How far behind the name the key of the value may stand.
const NEAR: usize = 240;

/// The keys that hold names, and those that hold values.
const NAMES: &[&str] = &["name", "key", "variable", "var", "env", "id", "field", "parameter"];
const VALUES: &[&str] = &["value", "val", "default", "defaultvalue", "stringvalue", "values"];

/// The value in the key beside the one whose value the name is.
pub(super) fn value_beside(bytes: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Form)> {
    held(bytes, name)?;
    let behind = bytes.get(name.end..bytes.len().min(name.end + NEAR))?;
    // Terraform opens the block of a variable behind its name.
    let opens = behind.iter().take(3).position(|byte| *byte == b'{').map_or(0, |at| at + 1);
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'{' | b'}' => at >= opens,
        b'\n' => behind[at + 1..].trim_ascii_start().starts_with(b"- "),
        _ => false,
    };
    let length = behind.iter().enumerate().position(ends).unwrap_or(behind.len());
    let mut at = name.end;
    let end = name.end + length;
    while at < end {
        if !in_name(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..end].iter().take_while(|byte| in_name(**byte)).count();
        let word = at..at + length;
        if is_one_of(&bytes[word.clone()], VALUES) {
            return value_after(bytes, &word);
        }
        if is_one_of(&bytes[word.clone()], NAMES) && bytes[at - 1] != b'/' {
            // The next pair.
            return None;
        }
        at += length;
    }
    None
}

/// Whether the name is the value of a key for names.
fn held(bytes: &[u8], name: &Range<usize>) -> Option<()> {
    let quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
    let before = bytes.get(name.start.saturating_sub(40)..name.start)?;
    let last = *before.last()?;
    if !matches!(last, b'"' | b'\'' | b'>' | b' ' | b':' | b'=') {
        return None;
    }
    let quoted = quote(before.last());
    let mut key = if quoted { &before[..before.len() - 1] } else { before };
    key = key.strip_suffix(b"\\").unwrap_or(key);
    let operator = key.trim_ascii_end();
    let tag = !quoted && operator.ends_with(b">");
    key = match operator.last()? {
        b'=' | b':' | b'>' => operator[..operator.len() - 1].trim_ascii_end(),
        _ if quoted => operator,
        _ => return None,
    };
    key = key.strip_suffix(b"=").unwrap_or(key).trim_ascii_end();
    key = key.strip_suffix(b"\"").or(key.strip_suffix(b"'")).unwrap_or(key);
    key = key.strip_suffix(b"\\").unwrap_or(key);
    let length = key.iter().rev().take_while(|byte| in_name(**byte)).count();
    let word = &key[key.len() - length..];
    let opened = key.get(..key.len() - length).and_then(<[u8]>::last) == Some(&b'<');
    (is_one_of(word, NAMES) && (opened || !tag)).then_some(())
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<&str> {
        let at = text.find("DB_PASS")?;
        let name = super::super::name_around(text.as_bytes(), at..at + 7)?;
        value_beside(text.as_bytes(), &name).map(|(range, _)| &text[range])
    }

    #[test]
    fn values_are_found_beside_their_names() {
        for text in [
            "- name: DB_PASSWORD\n  value: V\n",
            "- name: \"DB_PASSWORD\"\n  value: 'V'\n",
            "{\"name\":\"DB_PASSWORD\",\"value\":\"V\"}",
            "{\"name\": \"DB_PASSWORD\", \"type\": \"text\", \"value\": \"V\"}",
            "{\\\"name\\\": \\\"DB_PASSWORD\\\", \\\"value\\\": \\\"V\\\"}",
            "<add key=\"DB_PASSWORD\" value=\"V\" />",
            "<property name=\"DB_PASSWORD\"><value>V</value></property>",
            "<name>DB_PASSWORD</name>\n  <value>V</value>",
            "variable \"DB_PASSWORD\" {\n  type = string\n  default = \"V\"\n}",
            "{ Name = \"DB_PASSWORD\", Value = \"V\" }",
            "- key: DB_PASSWORD\n  value: V",
        ] {
            assert_eq!(value(text), Some("V"), "{text}");
        }
        for text in [
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: x\n- name: A\n  value: V\n",
            "{\"name\":\"DB_PASSWORD\"},{\"name\":\"B\",\"value\":\"V\"}",
            "x = DB_PASSWORD\nvalue = V",
            "the DB_PASSWORD value is V",
            "name DB_PASSWORD value: V",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
