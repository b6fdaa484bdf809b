//! Lines indented below each other, as Yarn and pnpm write them: a flat list of nodes with positions, so that neither
//! depth nor a cut can do harm. Of YAML only what these tools write: whatever else there is becomes a problem.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::{Reading, conflict, lines};

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `key value`, and `key, key:` above indented lines.
    Yarn,
    /// `key: value`, quoted texts, lists, and maps on one line.
    Yaml,
}

#[derive(Debug)]
struct Node {
    /// Quotes included; empty for an element of a list.
    key: Range<u32>,
    /// What is written behind the key; empty when lines below are its value.
    value: Range<u32>,
    /// The index of the first node that is not inside this one.
    next: u32,
}

/// A parsed text.
pub(super) struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    /// What neither tool would have written, and where.
    problems: Vec<(usize, &'static str)>,
    /// The first line that git left in a conflict.
    conflict: Option<usize>,
}

/// A key with its value, an element of a list, or a whole document.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d, 'a> {
    document: &'d Document<'a>,
    index: usize,
}

impl<'a> Document<'a> {
    /// Parses `text`, which is shorter than 4 GiB.
    pub(super) fn parse(text: &'a str, style: Style) -> Self {
        let document = Document { text, nodes: Vec::new(), problems: Vec::new(), conflict: None };
        let mut parser =
            Parser { document, style, open: Vec::new(), keys: HashSet::new(), block: None, asked: None };
        parser.begin();
        if u32::try_from(text.len()).is_err() {
            parser.problem(0, "the file is too long");
        } else {
            lines(text).for_each(|(start, line)| parser.line(start, line));
        }
        if let Some((_, key)) = parser.asked.take() {
            parser.problem(key.start as usize, "this key has no value: the file is cut off");
        }
        parser.close(0);
        parser.document
    }

    /// The documents of the file: one, unless lines of `---` divide it.
    pub(super) fn roots(&self) -> impl Iterator<Item = Entry<'_, 'a>> {
        let mut index = 0;
        std::iter::from_fn(move || {
            let root = (index < self.nodes.len()).then_some(Entry { document: self, index })?;
            index = root.node().next as usize;
            Some(root)
        })
    }

    /// Hands what could not be read to a reading.
    pub(super) fn report(&self, reading: &mut Reading) {
        if let Some(start) = self.conflict {
            reading.unread(start, "a merge conflict is not resolved");
        }
        for (at, message) in &self.problems {
            reading.partial(*at, *message);
        }
    }
}

impl<'d, 'a> Entry<'d, 'a> {
    fn node(self) -> &'d Node {
        &self.document.nodes[self.index]
    }

    /// The entries below, in order.
    pub(super) fn children(self) -> impl Iterator<Item = Entry<'d, 'a>> {
        let (document, end) = (self.document, self.node().next as usize);
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            let child = (index < end).then_some(Entry { document, index })?;
            index = child.node().next as usize;
            Some(child)
        })
    }

    /// The last entry below of that key.
    pub(super) fn get(self, key: &str) -> Option<Entry<'d, 'a>> {
        self.children().filter(|child| child.key() == key).last()
    }

    /// Where its key is, without quotes around it.
    pub(super) fn key_at(self) -> Range<usize> {
        let key = self.node().key.start as usize..self.node().key.end as usize;
        match self.document.text.as_bytes()[key.clone()] {
            [b'"', .., b'"'] | [b'\'', .., b'\''] => key.start + 1..key.end - 1,
            _ => key,
        }
    }

    /// Its key, quotes and escapes taken off.
    pub(super) fn key(self) -> Cow<'a, str> {
        plain(&self.document.text[self.node().key.start as usize..self.node().key.end as usize])
    }

    /// Its key as it is written, and where.
    pub(super) fn raw_key(self) -> (&'a str, usize) {
        let at = self.node().key.start as usize;
        (&self.document.text[at..self.node().key.end as usize], at)
    }

    /// Where the value on its line is, quotes included; empty when there is none.
    pub(super) fn value_at(self) -> Range<usize> {
        self.node().value.start as usize..self.node().value.end as usize
    }

    /// The text on its line, quotes and escapes taken off; none for a map, a list or a block of text.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let raw = &self.document.text[self.value_at()];
        (!raw.is_empty() && !raw.starts_with(['{', '[', '|', '>'])).then(|| plain(raw))
    }

    /// Whether it is a map, or an empty one.
    pub(super) fn is_map(self) -> bool {
        let raw = &self.document.text[self.value_at()];
        let below = self.node().next as usize > self.index + 1;
        raw.starts_with('{')
            || (raw.is_empty() && below && self.children().all(|one| !one.key_at().is_empty()))
    }
}

/// A text without its quotes and escapes. A wrong escape stays as it is written.
pub(super) fn plain(raw: &str) -> Cow<'_, str> {
    let inside = || &raw[1..raw.len() - 1];
    match raw.as_bytes() {
        [b'"', .., b'"'] if !raw.contains('\\') => Cow::Borrowed(inside()),
        [b'"', .., b'"'] => serde_json::from_str(raw).map_or(Cow::Borrowed(inside()), Cow::Owned),
        [b'\'', .., b'\''] if !inside().contains('\'') => Cow::Borrowed(inside()),
        [b'\'', .., b'\''] => Cow::Owned(inside().replace("''", "'")),
        _ => Cow::Borrowed(raw),
    }
}

/// The length of the quoted text that `raw` starts with, quotes included.
pub(super) fn quoted(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let quote = *bytes.first()?;
    let mut at = 1;
    loop {
        let found = at + memchr::memchr2(quote, b'\\', bytes.get(at..)?)?;
        at = match (bytes[found], bytes.get(found + 1)) {
            (b'\\', _) if quote == b'"' => found + 2,
            (b'\\', _) => found + 1,
            (_, Some(b'\'')) if quote == b'\'' => found + 2,
            _ => return Some(found + 1),
        };
    }
}

/// A container that lines may still be added to.
struct Open {
    indent: usize,
    node: usize,
    /// How far what is below it is indented, once known.
    below: Option<usize>,
}

struct Parser<'a> {
    document: Document<'a>,
    style: Style,
    /// The containers around the current line; the first is the document.
    open: Vec<Open>,
    /// The keys of each container.
    keys: HashSet<(usize, Cow<'a, str>)>,
    /// The indent of the key whose block of text the lines are.
    block: Option<usize>,
    /// A long key that stands on a line of its own behind a question mark, and its indent.
    asked: Option<(usize, Range<u32>)>,
}

impl<'a> Parser<'a> {
    /// Starts a document.
    fn begin(&mut self) {
        self.open = vec![Open { indent: 0, node: self.document.nodes.len(), below: None }];
        self.document.nodes.push(Node { key: 0..0, value: 0..0, next: 0 });
    }

    fn problem(&mut self, at: usize, message: &'static str) {
        self.document.problems.push((at, message));
    }

    /// Closes the containers, all but the first `keep`.
    fn close(&mut self, keep: usize) {
        let next = self.document.nodes.len() as u32;
        for closed in self.open.drain(keep..) {
            self.document.nodes[closed.node].next = next;
        }
    }

    fn line(&mut self, start: usize, line: &'a str) {
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        if self.block.is_some_and(|block| rest.is_empty() || indent > block) {
            return;
        }
        self.block = None;
        if conflict(line) {
            self.document.conflict.get_or_insert(start);
        } else if rest.is_empty() || rest.starts_with('#') {
        } else if self.style == Style::Yaml && line == "---" {
            if self.document.nodes.len() > 1 {
                self.close(0);
                self.begin();
            }
        } else if rest.contains('\r') || !self.content(indent, start + indent, rest.trim_end()) {
            // A carriage return alone ends a line for some and not for others.
            self.problem(start + indent, "this line is not written as the package manager writes it");
        }
    }

    /// A line with something on it: `rest` at the byte `at`. Returns whether it is understood.
    fn content(&mut self, mut indent: usize, mut at: usize, mut rest: &'a str) -> bool {
        if self.style == Style::Yarn {
            return match yarn_pair(rest) {
                Some((key, value)) => {
                    self.push(indent, at as u32..(at + key) as u32, &rest[value..], at + value)
                }
                None => false,
            };
        }
        if let Some((of, key)) = self.asked.take() {
            let behind = rest.strip_prefix(':').filter(|_| of == indent);
            let Some(behind) = behind else { return false };
            let value = behind.trim_start();
            let value_at = at + rest.len() - value.len();
            if value.is_empty() || yaml_pair(value).is_none() {
                return self.push(indent, key, value, value_at);
            }
            // The first key of its map stands behind the colon.
            return self.push(indent, key, "", value_at)
                && self.content(value_at - at + indent, value_at, value);
        }
        let mut item = false;
        while rest == "-" || rest.starts_with("- ") {
            item = true;
            self.push(indent, at as u32..at as u32, "", at);
            let behind = rest[1..].trim_start();
            let step = rest.len() - behind.len();
            (indent, at, rest) = (indent + step, at + step, behind);
        }
        if let Some(key) = rest.strip_prefix("? ") {
            let from = (at + 2) as u32;
            self.asked = Some((indent, from..from + key.len() as u32));
            return quoted_or_plain(key);
        }
        match yaml_pair(rest) {
            Some((key, value)) => {
                let value = rest[value..].trim_start();
                self.push(indent, at as u32..(at + key) as u32, value, at + rest.len() - value.len())
            }
            None if item => {
                if let Some(node) = self.document.nodes.last_mut() {
                    node.value = at as u32..(at + rest.len()) as u32;
                }
                rest.is_empty() || quoted_or_plain(rest)
            }
            None => false,
        }
    }

    /// Adds a node below the container that its indent puts it in. Returns whether it may stand there.
    fn push(&mut self, indent: usize, key: Range<u32>, value: &'a str, value_at: usize) -> bool {
        let keep =
            self.open.iter().skip(1).rposition(|open| open.indent < indent).map_or(1, |found| found + 2);
        self.close(keep);
        let node = self.document.nodes.len();
        let Some(parent) = self.open.last_mut() else { return false };
        let aligned = *parent.below.get_or_insert(indent) == indent && (keep > 1 || indent == 0);
        let parent = parent.node;
        let filled = !self.document.nodes[parent].value.is_empty();
        let name = &self.document.text[key.start as usize..key.end as usize];
        let again = !name.is_empty() && !self.keys.insert((parent, plain(name)));
        let value_range = value_at as u32..(value_at + value.len()) as u32;
        let at = key.start as usize;
        self.document.nodes.push(Node { key, value: value_range, next: node as u32 + 1 });
        self.open.push(Open { indent, node, below: None });
        if again {
            self.problem(at, "this key is there a second time");
        }
        aligned && !filled && (self.style == Style::Yarn || self.value(node, indent, value, value_at))
    }

    /// Looks at a value of YAML.
    fn value(&mut self, node: usize, indent: usize, value: &'a str, at: usize) -> bool {
        match value.as_bytes().first() {
            None => true,
            Some(b'|' | b'>') => {
                self.block = Some(indent);
                value[1..].bytes().all(|byte| matches!(byte, b'-' | b'+' | b'0'..=b'9'))
            }
            Some(b'{' | b'[') => {
                let whole = self.flow(node, value, at);
                self.document.nodes[node].next = self.document.nodes.len() as u32;
                whole
            }
            Some(_) => quoted_or_plain(value),
        }
    }

    /// A map or list on one line. What is deeper inside it stays a value as it is written.
    fn flow(&mut self, node: usize, value: &'a str, at: usize) -> bool {
        let bytes = value.as_bytes();
        let (mut depth, mut from, mut index, mut fresh) = (0usize, 1, 0, true);
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'"' | b'\'' if fresh => match quoted(&value[index..]) {
                    Some(length) => index += length - 1,
                    None => return false,
                },
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = depth == 0 || (depth == 1 && *byte == b',');
            if ends && bytes[0] == b'{' && !self.member(node, &value[from..index], at + from) {
                return false;
            }
            if depth == 0 {
                return index + 1 == bytes.len() && *byte == if bytes[0] == b'{' { b'}' } else { b']' };
            }
            if ends {
                from = index + 1;
            }
            fresh = matches!(byte, b' ' | b',' | b':' | b'{' | b'[') && (*byte != b' ' || fresh);
            index += 1;
        }
        false
    }

    /// One `key: value` of a map on one line; nothing between two commas is none.
    fn member(&mut self, parent: usize, written: &'a str, at: usize) -> bool {
        let bare = written.trim();
        let at = at + written.len() - written.trim_start().len();
        if bare.is_empty() {
            return self.document.nodes.len() == parent + 1;
        }
        let Some((key, value)) = yaml_pair(bare) else { return false };
        let value = bare[value..].trim_start();
        let end = (at + bare.len()) as u32;
        let next = self.document.nodes.len() as u32 + 1;
        let key_range = at as u32..(at + key) as u32;
        if !self.keys.insert((parent, plain(&bare[..key]))) {
            self.problem(at, "this key is there a second time");
        }
        self.document.nodes.push(Node { key: key_range, value: end - value.len() as u32..end, next });
        // A map in a map would not be looked into.
        matches!(value.as_bytes(), [] | [b'[', ..] | [b'{', b'}']) || quoted_or_plain(value)
    }
}

/// Whether a text of one line is closed when it is quoted, and means itself when it is not: no anchor, tag or comment.
fn quoted_or_plain(raw: &str) -> bool {
    match raw.as_bytes().first() {
        Some(b'"' | b'\'') => quoted(raw) == Some(raw.len()),
        Some(
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'|' | b'>' | b'{' | b'[' | b'}' | b']' | b',' | b'\t',
        ) => false,
        Some(_) => !raw.contains(" #") && !raw.contains(": "),
        None => false,
    }
}

/// A line of YAML: the length of its key, and where what is behind the colon starts.
fn yaml_pair(rest: &str) -> Option<(usize, usize)> {
    let key = match rest.as_bytes().first()? {
        b'"' | b'\'' => quoted(rest)?,
        _ => rest.find(": ").or_else(|| rest.strip_suffix(':').map(str::len))?,
    };
    let behind = rest[key..].strip_prefix(':')?;
    let apart = behind.is_empty() || behind.starts_with(' ');
    // `<<` takes over another map.
    let means_itself = quoted_or_plain(&rest[..key]) && !rest[..key].ends_with(' ') && &rest[..key] != "<<";
    (apart && means_itself).then_some((key, key + 1))
}

/// A line of Yarn's own: the length of its key, and where its value starts.
fn yarn_pair(rest: &str) -> Option<(usize, usize)> {
    if let Some(keys) = rest.strip_suffix(':') {
        return (!keys.is_empty()).then_some((keys.len(), rest.len()));
    }
    let key = if rest.starts_with('"') { quoted(rest)? } else { rest.find(' ')? };
    let value = rest[key..].strip_prefix(' ')?;
    let whole = if value.starts_with('"') {
        quoted(value) == Some(value.len())
    } else {
        !value.is_empty() && !value.contains([' ', '"', '\t'])
    };
    whole.then_some((key, key + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read, one entry a line as `path=value`.
    fn listed(text: &str, style: Style) -> Vec<String> {
        let document = Document::parse(text, style);
        let mut found = Vec::new();
        for root in document.roots() {
            let mut waiting: Vec<(String, Entry<'_, '_>)> = vec![(String::new(), root)];
            while let Some((path, entry)) = waiting.pop() {
                for child in entry.children() {
                    let path = format!("{path}/{}", child.key());
                    found.push(format!("{path}={}", child.text().unwrap_or_default()));
                    waiting.push((path, child));
                }
            }
        }
        found.sort();
        found
    }

    fn problems(text: &str, style: Style) -> usize {
        Document::parse(text, style).problems.len()
    }

    #[test]
    fn the_yaml_that_tools_write() {
        let text = "a: 1\n'b c': \"d\\te\"\nmap: {x: 'it''s', y: [1, 2], z: a:b}\nlist:\n  - one\n  - k: v\n    l: w\n\
                    text: |-\n  any: thing\n\n  # at all\nempty: {}\n? \"long\"\n: in: 1\n  out: 2\n";
        let expected = [
            "/a=1",
            "/b c=d\te",
            "/empty=",
            "/list//k=v",
            "/list//l=w",
            "/list/=",
            "/list/=one",
            "/list=",
            "/long/in=1",
            "/long/out=2",
            "/long=",
            "/map/x=it's",
            "/map/y=",
            "/map/z=a:b",
            "/map=",
            "/text=",
        ];
        assert_eq!(listed(text, Style::Yaml), expected);
        assert_eq!(problems(text, Style::Yaml), 0);
        assert_eq!(Document::parse("---\na: 1\n---\nb: 2\n", Style::Yaml).roots().count(), 2);
    }

    #[test]
    fn the_lines_that_yarn_writes() {
        let text =
            "# c\n\n\"a@1\", b@2:\n  version \"1.0\"\n  dependencies:\n    \"@s/c\" \"^1 || 2\"\n    d x\n";
        let expected = [
            "/\"a@1\", b@2/dependencies/@s/c=^1 || 2",
            "/\"a@1\", b@2/dependencies/d=x",
            "/\"a@1\", b@2/dependencies=",
            "/\"a@1\", b@2/version=1.0",
            "/\"a@1\", b@2=",
        ];
        assert_eq!(listed(text, Style::Yarn), expected);
        assert_eq!(problems(text, Style::Yarn), 0);
    }

    #[test]
    fn what_they_would_not_write_is_a_problem() {
        for text in [
            "a",
            "a: &b 1",
            "a: *b",
            "a: !t 1",
            "<<: *b",
            "a: 'b",
            "a: \"b",
            "a: {b: 1",
            "a: {b}",
            "a: [1",
            "a: {b: 1]",
            "a: 1\n  b: 2",
            "a:\n    b: 1\n  c: 2",
            " a: 1",
            "a:\n\tb: 1",
            "a: 1\na: 2",
            "a: {b: 1, b: 2}",
            "? a",
            "? a\nb: 1",
            "a: 1 # b",
            "a: b: c",
            "a: {b: 1} x",
            "a: |x\n  b",
            "a: @b",
            "a: {b: 1,, c: 2}",
            "a: {b: {c: 1}}",
            "<<: {b: 1}",
            "a : 1",
            "'a' : 1",
            "a:\tb",
            "a: 1\rb: 2",
            "--- a",
        ] {
            assert!(problems(text, Style::Yaml) > 0, "{text}");
        }
        for text in ["a", "a \"b", "a b c", "a:\n  b", "a 1\na 2", "a b\n  c d", "\"a: b"] {
            assert!(problems(text, Style::Yarn) > 0, "{text}");
        }
    }

    #[test]
    fn depth_and_breadth_do_no_harm() {
        let deep: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert_eq!(problems(&deep, Style::Yaml), 0);
        for text in ["- ".repeat(200_000), format!("a: {}", "{".repeat(200_000)), "{a: ".repeat(100_000)] {
            assert!(Document::parse(&text, Style::Yaml).roots().count() == 1);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_walked(text in r#"([-?:{}\[\],"'#|> ab\n\\]|é){0,48}"#) {
            for style in [Style::Yarn, Style::Yaml] {
                let _ = listed(&text, style);
            }
        }
    }
}
