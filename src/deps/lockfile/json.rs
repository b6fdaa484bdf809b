//! JSON with positions: a flat list of nodes, so that neither depth nor a cut can do harm. Object keys may repeat; a text
//! that ends early or breaks keeps the nodes before the break.

use std::borrow::Cow;
use std::ops::Range;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::deps) enum Kind {
    Object,
    Array,
    Text,
    /// A number, `true`, `false` or `null`.
    Plain,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    key: Option<Range<u32>>,
    value: Range<u32>,
    /// The index of the first node that is not inside this one.
    next: u32,
}

/// A parsed text.
pub(in crate::deps) struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    /// Where it stops being JSON, and how.
    pub(in crate::deps) broken: Option<(usize, &'static str)>,
}

/// One value of a document.
#[derive(Clone, Copy)]
pub(in crate::deps) struct Value<'d, 'a> {
    document: &'d Document<'a>,
    index: usize,
}

impl<'a> Document<'a> {
    /// Parses `text`, which is shorter than 4 GiB: longer ones break at once.
    pub(in crate::deps) fn parse(text: &'a str) -> Self {
        Self::parse_as(text, false)
    }

    /// As [`Document::parse`], for JSON that people write too: with comments, and commas before closing brackets.
    pub(in crate::deps) fn parse_lenient(text: &'a str) -> Self {
        Self::parse_as(text, true)
    }

    fn parse_as(text: &'a str, lenient: bool) -> Self {
        let mut parser =
            Parser { text: text.as_bytes(), lenient, at: 0, nodes: Vec::new(), open: Vec::new() };
        let broken = if u32::try_from(text.len()).is_err() {
            Some((0, "the file is too long"))
        } else {
            parser.run().err().map(|message| (parser.at.min(text.len()), message))
        };
        parser.close_all();
        Document { text, nodes: parser.nodes, broken }
    }

    /// The outermost value.
    pub(in crate::deps) fn root(&self) -> Option<Value<'_, 'a>> {
        (!self.nodes.is_empty()).then_some(Value { document: self, index: 0 })
    }
}

impl<'d, 'a> Value<'d, 'a> {
    fn node(self) -> &'d Node {
        &self.document.nodes[self.index]
    }

    /// What it is.
    pub(in crate::deps) fn kind(self) -> Kind {
        self.node().kind
    }

    /// The values inside an object or array, in order.
    pub(in crate::deps) fn children(self) -> impl Iterator<Item = Value<'d, 'a>> {
        let (document, end) = (self.document, self.node().next as usize);
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            let child = (index < end).then_some(Value { document, index })?;
            index = child.node().next as usize;
            Some(child)
        })
    }

    /// The last value of that key, as JavaScript takes it.
    pub(in crate::deps) fn get(self, key: &str) -> Option<Value<'d, 'a>> {
        self.children().filter(|child| child.key() == key).last()
    }

    /// Where its key is, without the quotes; an empty range for an element of an array.
    pub(in crate::deps) fn key_at(self) -> Range<usize> {
        self.node().key.as_ref().map_or(0..0, |key| key.start as usize..key.end as usize)
    }

    /// Its key; empty for an element of an array.
    pub(in crate::deps) fn key(self) -> Cow<'a, str> {
        unescape(&self.document.text[self.key_at()])
    }

    /// Where it is, quotes included.
    pub(in crate::deps) fn at(self) -> Range<usize> {
        self.node().value.start as usize..self.node().value.end as usize
    }

    /// The text of a string.
    pub(in crate::deps) fn text(self) -> Option<Cow<'a, str>> {
        let at = self.at();
        (self.kind() == Kind::Text).then(|| unescape(&self.document.text[at.start + 1..at.end - 1]))
    }

    /// How a number, `true`, `false` or `null` is written.
    pub(in crate::deps) fn plain(self) -> Option<&'a str> {
        (self.kind() == Kind::Plain).then(|| &self.document.text[self.at()])
    }

    /// Whether it is exactly `true`.
    pub(in crate::deps) fn is_true(self) -> bool {
        self.plain() == Some("true")
    }
}

/// The text between the quotes of a string. A wrong escape stays as it is written.
fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    serde_json::from_str(&format!("\"{raw}\"")).map_or(Cow::Borrowed(raw), Cow::Owned)
}

struct Parser<'a> {
    text: &'a [u8],
    /// Whether comments and commas before closing brackets may stand in it.
    lenient: bool,
    at: usize,
    nodes: Vec<Node>,
    open: Vec<usize>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        if self.text.starts_with("\u{feff}".as_bytes()) {
            self.at = 3;
        }
        loop {
            let key = self.key()?;
            self.value(key)?;
            if !self.after_value()? {
                break;
            }
        }
        match self.peek() {
            None => Ok(()),
            Some(_) => Err("there is text after the end"),
        }
    }

    /// The key of the next value when the innermost container is an object.
    fn key(&mut self) -> Result<Option<Range<u32>>, &'static str> {
        if self.open.last().is_none_or(|container| self.nodes[*container].kind == Kind::Array) {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err("a key is expected here");
        }
        let quoted = self.string()?;
        if self.peek() != Some(b':') {
            return Err("a colon is expected here");
        }
        self.at += 1;
        Ok(Some(quoted.start + 1..quoted.end - 1))
    }

    /// One value, or the start of one that holds others.
    fn value(&mut self, key: Option<Range<u32>>) -> Result<(), &'static str> {
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'-' => Kind::Plain,
            _ => return Err("a value is expected here"),
        };
        let start = self.at as u32;
        let value = match kind {
            Kind::Text => self.string()?,
            Kind::Plain => {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                self.at += self.text[self.at..].iter().take_while(|byte| plain(byte)).count();
                start..self.at as u32
            }
            Kind::Object | Kind::Array => {
                self.at += 1;
                self.open.push(self.nodes.len());
                start..start + 1
            }
        };
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, key, value, next });
        Ok(())
    }

    /// Closes what ends here. Returns whether another value follows.
    fn after_value(&mut self) -> Result<bool, &'static str> {
        while let Some(container) = self.open.last().copied() {
            let close = if self.nodes[container].kind == Kind::Object { b'}' } else { b']' };
            let empty = container + 1 == self.nodes.len();
            match self.peek() {
                Some(byte) if byte == close => {
                    self.at += 1;
                    self.close(container);
                    self.open.pop();
                }
                Some(b',') if !empty => {
                    self.at += 1;
                    if !(self.lenient && self.peek() == Some(close)) {
                        return Ok(true);
                    }
                }
                Some(_) if empty => return Ok(true),
                Some(_) => return Err("a comma or the end of a list is expected here"),
                None => return Err("the file ends here: it is cut off"),
            }
        }
        Ok(false)
    }

    fn close(&mut self, container: usize) {
        let next = self.nodes.len() as u32;
        self.nodes[container].next = next;
        self.nodes[container].value.end = self.at as u32;
    }

    fn close_all(&mut self) {
        while let Some(container) = self.open.pop() {
            self.close(container);
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        loop {
            self.at += self.text[self.at..].iter().take_while(space).count();
            let rest = &self.text[self.at..];
            self.at += match rest {
                [b'/', b'/', ..] if self.lenient => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                [b'/', b'*', comment @ ..] if self.lenient => {
                    memchr::memmem::find(comment, b"*/").map_or(rest.len(), |end| end + 4)
                }
                _ => return rest.first().copied(),
            };
        }
    }

    /// A string at the current place, quotes included.
    fn string(&mut self) -> Result<Range<u32>, &'static str> {
        let start = self.at;
        let mut at = start + 1;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            match memchr::memchr3(b'"', b'\\', b'\n', rest) {
                Some(found) if rest[found] == b'\\' => at += found + 2,
                Some(found) if rest[found] == b'"' => {
                    self.at = at + found + 1;
                    return Ok(start as u32..self.at as u32);
                }
                Some(_) => return Err("a text is not closed on its line"),
                None => return Err("the file ends here: it is cut off"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_values_keep_their_places() {
        let text = r#"{"a": {"b": ["x", 1, true, {}], "c\u0041": "y\n"}, "a": []}"#;
        let document = Document::parse(text);
        assert_eq!(document.broken, None);
        let root = document.root().unwrap();
        let first = root.children().next().unwrap();
        assert_eq!(&text[first.key_at()], "a");
        let list = first.get("b").unwrap();
        assert_eq!(&text[list.at()], r#"["x", 1, true, {}]"#);
        assert!(list.children().nth(2).unwrap().is_true());
        assert_eq!(first.get("cA").unwrap().text().unwrap(), "y\n");
        assert_eq!(root.get("a").unwrap().kind(), Kind::Array);
    }

    #[test]
    fn breaks_are_named_and_what_comes_before_is_kept() {
        for (text, at) in
            [("{\"a\": 1", 7), ("{\"a\": 1 \"b\"}", 8), ("[1,]", 3), ("{} x", 3), ("", 0), ("{\"a", 1)]
        {
            let document = Document::parse(text);
            assert_eq!(document.broken.map(|(at, _)| at), Some(at), "{text}");
        }
        assert_eq!(Document::parse("{\"a\": 1").root().unwrap().children().count(), 1);
    }

    #[test]
    fn lenient_json_has_comments_and_commas_at_ends() {
        let text = "// a\n{\"a\": [1, /* b */ 2,], \"c\": {},}\n// d";
        let document = Document::parse_lenient(text);
        assert_eq!(document.broken, None);
        assert_eq!(document.root().unwrap().get("a").unwrap().children().count(), 2);
        assert!(Document::parse(text).broken.is_some());
        for text in ["{,}", "[1,,]", "[1 /* ", "[1,", "{\"a\":,}", "// a", "[1/]"] {
            assert!(Document::parse_lenient(text).broken.is_some(), "{text}");
        }
    }

    #[test]
    fn depth_does_no_harm() {
        for opener in ["[", "{\"a\":"] {
            let text = opener.repeat(100_000);
            let document = Document::parse(&text);
            assert!(document.broken.is_some());
            assert!(document.root().unwrap().children().count() <= 1);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_on_what_is_json(text in r#"[\[\]{}",:a1 \\]{0,12}"#) {
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert_eq!(Document::parse(&text).broken, None);
            }
        }

        #[test]
        fn any_text_is_walked(text in ".{0,64}") {
            for document in [Document::parse(&text), Document::parse_lenient(&text)] {
                let mut waiting: Vec<_> = document.root().into_iter().collect();
                while let Some(value) = waiting.pop() {
                    let _ = (value.key(), value.text(), value.is_true());
                    waiting.extend(value.children());
                }
            }
        }
    }
}
