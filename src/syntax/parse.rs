//! Parses one text within a budget of steps.

use std::cell::RefCell;
use std::fmt;
use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::{Language, Walk};

/// The longest text that is parsed: a larger one is no source code that a person or a model wrote.
pub const MAX_BYTES: usize = 16 << 20;

/// tree-sitter asks after this many parser operations whether to go on.
const STEPS_A_CALL: u64 = 100;

/// So often the parser may be asked while it finds no way on at all: recovering is slow, a hundred operations take
/// milliseconds. Code with a mistake on every other line comes to about ten, and what is no code at all comes to hundreds.
const LOST_CALLS: u64 = 100;

/// A longer text may be lost once more in so many bytes, up to so often.
const BYTES_A_LOST_CALL: u64 = 8192;
const MOST_LOST_CALLS: u64 = 500;

/// A tree and the text it was made from.
pub struct Parsed<'a> {
    /// The text.
    pub text: &'a str,
    /// The grammar that understood most of it.
    pub language: Language,
    /// The tree.
    pub tree: Tree,
    /// The lines (1-based, half-open) that the grammar does not understand, sorted, without overlap.
    pub errors: Vec<Range<u32>>,
    /// How many bytes it does not understand.
    pub lost: usize,
}

impl<'a> Parsed<'a> {
    /// The text of a node; empty when its range is not one of the text.
    pub fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    /// The root.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }
}

/// Why there is no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparsed {
    /// The text is longer than [`MAX_BYTES`].
    TooLong,
    /// The budget ran out.
    OutOfSteps,
}

impl fmt::Display for Unparsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unparsed::TooLong => "the text is too long to be parsed",
            Unparsed::OutOfSteps => "parsing took more steps than its budget",
        })
    }
}

/// A budget that all real code stays within: a handful of operations a byte.
pub fn steps_for(text: &str) -> u64 {
    50_000 + 12 * text.len() as u64
}

/// Parses `text` as `language` within `steps` parser operations a try. When the grammar does not understand all of it,
/// the grammars that the same extension may stand for are tried too, and the one with the least text in errors wins.
pub fn parse(language: Language, text: &str, steps: u64) -> Result<Parsed<'_>, Unparsed> {
    if text.len() > MAX_BYTES {
        return Err(Unparsed::TooLong);
    }
    let first = attempt(language, text, steps);
    if let Ok((_, 0, errors)) = &first
        && errors.is_empty()
    {
        return first.map(|(tree, lost, errors)| Parsed { text, language, tree, errors, lost });
    }
    let mut best = first.map(|read| (language, read));
    // What is no code in one grammar is none in another, and takes as long to be seen.
    if let Ok((_, read)) = &best
        && is_noise(text, &read.0)
    {
        return best.map(|(language, (tree, lost, errors))| Parsed { text, language, tree, errors, lost });
    }
    for other in language.others() {
        let Ok(read) = attempt(*other, text, steps) else { continue };
        let better = match &best {
            Ok((_, (_, lost, errors))) => (read.1, read.2.len()) < (*lost, errors.len()),
            Err(_) => true,
        };
        if better {
            best = Ok((*other, read));
        }
    }
    if language.has_types()
        && let Ok((by, read)) = &mut best
        && let Some(plainer) = plainer(text, &read.2)
    {
        for other in std::iter::once(&language).chain(language.others()) {
            match attempt(*other, &plainer, steps) {
                Ok(plain) if (plain.1, plain.2.len()) < (read.1, read.2.len()) => {
                    (*by, *read) = (*other, plain);
                }
                _ => {}
            }
        }
    }
    best.map(|(language, (tree, lost, errors))| Parsed { text, language, tree, errors, lost })
}

/// A text of more bytes than these is noise when an error stands in so many of them.
const LARGE: usize = 100_000;
const BYTES_AN_ERROR: usize = 64;

fn is_noise(text: &str, tree: &Tree) -> bool {
    if text.len() <= LARGE {
        return false;
    }
    let mut count = 0_usize;
    let mut walk = Walk::new(tree.root_node());
    while let Some(node) = walk.next() {
        if !node.has_error() {
            walk.prune();
        } else if node.is_error() || node.is_missing() {
            count += 1;
            walk.prune();
        }
    }
    count > text.len() / BYTES_AN_ERROR
}

/// The longest object type that is blanked.
const LONGEST_TYPE: usize = 8192;

/// The text with blanks for what the grammar does not know although it is right, every other byte in its place; `None`
/// when there is nothing of it:
///
/// - the type arguments of tagged templates that are object types, which it takes for comparisons with an object:
///   ``styled.div<{ open: boolean }>`..` ``; types say nothing that runs
/// - a lone `&` in the text of an element, on a line with an error: `<b>Save & close</b>`
fn plainer(text: &str, errors: &[Range<u32>]) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut changed = false;
    for (end, _) in text.match_indices(">`") {
        let Some(start) = object_type(&text.as_bytes()[..=end]) else { continue };
        for byte in bytes.iter_mut().take(end + 1).skip(start).filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        changed = true;
    }
    let (mut start, mut left) = (0, errors);
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        while let [first, rest @ ..] = left
            && first.end <= number
        {
            left = rest;
        }
        if left.first().is_some_and(|lines| lines.contains(&number)) {
            for (at, _) in line.match_indices('&').filter(|(at, _)| is_text(line, *at)) {
                bytes[start + at] = b' ';
                changed = true;
            }
        }
        start += line.len();
    }
    if !changed {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// Whether the `&` of a line is no part of an operator of two characters and begins no entity.
fn is_text(line: &str, at: usize) -> bool {
    let behind = &line[at + 1..];
    let name = behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
    let entity = name.len() < behind.len() && name.starts_with(';');
    !entity && !line[..at].ends_with('&') && !behind.starts_with(['&', '='])
}

/// Where the type arguments begin that end with the text: a name or a call, `<`, `{`, and no template.
fn object_type(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate().rev().take(LONGEST_TYPE) {
        match byte {
            b'>' if at == 0 || text[at - 1] != b'=' => depth += 1,
            b'<' => depth = depth.checked_sub(1)?,
            b'`' => return None,
            _ => {}
        }
        if depth == 0 {
            let first = text[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            let before = at.checked_sub(1).map(|before| text[before]);
            let called = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_$)".contains(&byte));
            return (first == Some(&b'{') && called).then_some(at);
        }
    }
    None
}

thread_local! {
    // A parser keeps its stacks and pools between texts; making one costs more than parsing a small file.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

type Read = (Tree, usize, Vec<Range<u32>>);

fn attempt(language: Language, text: &str, steps: u64) -> Result<Read, Unparsed> {
    let tree = PARSER.with_borrow_mut(|parser| {
        // The grammars are compiled in and of a version this library reads; a test holds that.
        parser.set_language(&language.grammar()).ok()?;
        parser.reset();
        let mut left = steps;
        let mut lost = (LOST_CALLS + text.len() as u64 / BYTES_A_LOST_CALL).min(MOST_LOST_CALLS);
        let mut progress = |state: &tree_sitter::ParseState| {
            left = left.saturating_sub(STEPS_A_CALL);
            lost = lost.saturating_sub(u64::from(state.has_error()));
            if left == 0 || lost == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let bytes = text.as_bytes();
        let tree = parser.parse_with_options(
            &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
            None,
            Some(options),
        );
        if tree.is_none() {
            parser.reset();
        }
        tree
    });
    let tree = tree.ok_or(Unparsed::OutOfSteps)?;
    let (lost, errors) = errors(&tree);
    Ok((tree, lost, errors))
}

/// How many bytes lie in errors, and on which lines: the outermost error and missing nodes.
fn errors(tree: &Tree) -> (usize, Vec<Range<u32>>) {
    let (mut lost, mut lines) = (0, Vec::<Range<u32>>::new());
    let mut walk = Walk::new(tree.root_node());
    while let Some(node) = walk.next() {
        if !node.has_error() {
            walk.prune();
        } else if node.is_error() || node.is_missing() {
            lost += node.byte_range().len();
            let (first, last) = (node.start_position().row as u32 + 1, node.end_position().row as u32 + 2);
            match lines.last_mut() {
                Some(range) if first <= range.end => range.end = range.end.max(last),
                _ => lines.push(first..last),
            }
            walk.prune();
        }
    }
    (lost, lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(language: Language, text: &str) -> Parsed<'_> {
        parse(language, text, steps_for(text)).unwrap()
    }

    #[test]
    fn every_grammar_loads() {
        for language in Language::ALL {
            assert!(read(language, "x = 1\n").errors.is_empty(), "{language:?}");
        }
    }

    #[test]
    fn extension_may_lie() {
        let typed = "function f(x: number): string { return String(x) }\n";
        assert_eq!(read(Language::JavaScript, typed).language, Language::Tsx);
        let jsx = "const a = <div className={b}>text</div>;\n";
        assert_eq!(read(Language::TypeScript, jsx).language, Language::Tsx);
        assert_eq!(read(Language::JavaScript, jsx).language, Language::JavaScript);
        let cast = "const a = <Foo>bar;\nconst b = <Foo>baz;\n";
        assert_eq!(read(Language::Tsx, cast).language, Language::TypeScript);
    }

    #[test]
    fn errors_name_their_lines() {
        let parsed = read(Language::Python, "a = 1\nb = = 2\nc = 3\n");
        assert_eq!(parsed.errors, [2..3]);
        let missing = read(Language::JavaScript, "let a = (1;\nlet b;\n");
        assert_eq!(missing.errors, [1..2]);
    }

    #[test]
    fn object_types_of_tagged_templates() {
        let text = "const A = styled.div<{ $open?: boolean }>`a: ${(p) => p.x};`;\n\
                    const B = styled(C).attrs({ a: 1 })<{\n  f: (x: D<E>) => void;\n}>`b`;\n";
        let parsed = read(Language::Tsx, text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        assert_eq!(parsed.text, text);
        for other in ["html`<a href={b}>`", "`x<${y}>`", "x = a < {} >= b", "<{ a: 1 }>`b`"] {
            assert_eq!(plainer(other, &[]), None, "{other}");
        }
        assert_eq!(plainer("a<{ b: string }>`c`", &[]).as_deref(), Some("a               `c`"));
    }

    #[test]
    fn a_lone_ampersand_in_an_element() {
        let text =
            "const a = (\n  <b>\n    Save & close, Q&A, a &amp; b\n  </b>\n);\nconst c = a && b & d;\n";
        let parsed = read(Language::Tsx, text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let plain = plainer("a & b && c &lt; &= &#38; Q&A", &[1..2]);
        assert_eq!(plain.as_deref(), Some("a   b && c &lt; &= &#38; Q A"));
    }

    #[test]
    fn budget_ends_parsing() {
        let text = "x = f(1)\n".repeat(2000);
        assert!(matches!(parse(Language::Python, &text, 200), Err(Unparsed::OutOfSteps)));
        assert!(read(Language::Python, &text).errors.is_empty());
    }

    #[test]
    fn nesting_of_any_depth_ends() {
        for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("{a:", "}"), ("`${", "}`")] {
            let text = format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
            for language in Language::ALL {
                let _ = parse(language, &text, steps_for(&text));
            }
        }
    }

    #[test]
    fn too_long_is_refused() {
        let text = " ".repeat(MAX_BYTES + 1);
        assert!(matches!(parse(Language::Python, &text, u64::MAX), Err(Unparsed::TooLong)));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        // A generator of Lehmer's, so that the text is the same each time.
        let mut seed = 1u64;
        let mut letter = || {
            seed = seed * 48_271 % 0x7fff_ffff;
            b"()[]:,.=+-*/<>!\"'abcd019 \n"[seed as usize % 26] as char
        };
        let noise: String = (0..60_000).map(|_| letter()).collect();
        assert_eq!(parse(Language::Python, &noise, steps_for(&noise)).err(), Some(Unparsed::OutOfSteps));
        // Code with a mistake on every other line is read.
        let broken = "def f(a):\n    return a ) ] print x\n".repeat(1_000);
        assert!(parse(Language::Python, &broken, steps_for(&broken)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,300}", index in 0usize..4) {
            let language = Language::ALL[index];
            if let Ok(parsed) = parse(language, &text, steps_for(&text)) {
                let again = read(language, &text);
                prop_assert_eq!(&parsed.errors, &again.errors);
                prop_assert_eq!(parsed.root().to_sexp(), again.root().to_sexp());
            }
        }
    }
}
