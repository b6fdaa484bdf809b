//! A pattern of a query as it is matched: what each node has to be, with the numbers of one grammar for kinds and fields.
//!
//! The language is that of tree-sitter's queries. Two things differ: an anchor (`.`) passes over comments, which could
//! otherwise hide an argument from a rule, and a capture stands at one node or several siblings, never at a group.

use std::collections::BTreeMap;

use super::condition::{Argument, Condition};
use super::token::{Token, Tokens};
use crate::finding::Confidence;
use crate::syntax::Language;

/// Patterns nest so deep.
const DEEPEST: u32 = 64;

/// One pattern.
pub(super) struct Form {
    /// What is looked for: siblings, most often one.
    pub(super) roots: Vec<Element>,
    /// The names of its captures.
    pub(super) captures: Vec<String>,
    /// By capture: where in a match it stands.
    pub(super) presence: Vec<Presence>,
    /// What has to hold of a match besides its form.
    pub(super) conditions: Vec<Condition>,
    pub(super) confidence: Option<Confidence>,
    pub(super) replacement: Option<String>,
}

/// Where a capture stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Presence {
    /// In each match.
    Certain,
    /// In one of several choices.
    Chosen,
    /// In what may be missing.
    Optional,
}

/// A node, or a choice or a row of nodes, and how it stands among its siblings.
pub(super) struct Element {
    pub(super) field: Option<u16>,
    pub(super) shape: Shape,
    pub(super) captures: Vec<u16>,
    pub(super) repeat: Repeat,
    /// Whether it follows at once on what is before it.
    pub(super) anchored: bool,
}

pub(super) enum Shape {
    Node { kind: Kind, children: Vec<Element>, closed: bool, absent: Vec<u16> },
    Choice(Vec<Element>),
    Row(Vec<Element>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Once,
    Optional,
    Any,
    Many,
}

/// What kind a node has to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Is(u16),
    /// One of the kinds that a supertype stands for.
    OneOf(Vec<u16>),
    /// `(_)`
    Named,
    /// `_`
    Anything,
    /// `(MISSING)`, or of that kind.
    Missing(Option<u16>),
}

/// The number tree-sitter gives to what it does not understand.
const ERROR: u16 = u16::MAX;

/// The numbers of one grammar, looked up once a name: the grammar itself searches its list each time.
pub(super) struct Numbers {
    grammar: tree_sitter::Language,
    kinds: BTreeMap<(bool, String), Option<u16>>,
}

impl Numbers {
    pub(super) fn new(language: Language) -> Self {
        Numbers { grammar: language.grammar(), kinds: BTreeMap::new() }
    }

    fn kind(&mut self, name: &str, named: bool) -> Result<u16, String> {
        let grammar = &self.grammar;
        let number = self.kinds.entry((named, name.to_owned())).or_insert_with(|| {
            let number = grammar.id_for_node_kind(name, named);
            (number != 0 && grammar.node_kind_for_id(number) == Some(name)).then_some(number)
        });
        number.ok_or_else(|| format!("its grammar has no node {name}"))
    }

    fn kind_or_supertype(&mut self, name: &str) -> Result<Kind, String> {
        // `supertype/kind` is the kind.
        let name = name.rsplit('/').next().unwrap_or(name);
        match name {
            "_" => return Ok(Kind::Named),
            "ERROR" => return Ok(Kind::Is(ERROR)),
            _ => {}
        }
        let number = self.kind(name, true)?;
        if !self.grammar.node_kind_is_supertype(number) {
            return Ok(Kind::Is(number));
        }
        let mut kinds = vec![number];
        let mut at = 0;
        while let Some(kind) = kinds.get(at).copied() {
            at += 1;
            for below in self.grammar.subtypes_for_supertype(kind) {
                if !kinds.contains(below) {
                    kinds.push(*below);
                }
            }
        }
        Ok(Kind::OneOf(kinds))
    }

    fn field(&self, name: &str) -> Result<u16, String> {
        let number = self.grammar.field_id_for_name(name);
        number.map(u16::from).ok_or_else(|| format!("its grammar has no field {name}"))
    }
}

/// What is wrong with a pattern.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The line of its query, from 0.
    pub(super) line: usize,
    /// A clause.
    pub(super) why: String,
}

impl Form {
    /// Reads the tokens of one pattern.
    pub(super) fn read(pattern: &Tokens<'_>, numbers: &mut Numbers) -> Result<Self, Wrong> {
        let tokens = pattern.tokens.as_slice();
        let mut reader = Reader { rest: tokens, numbers, captures: Vec::new(), said: Vec::new() };
        let root = reader.element(0).and_then(|root| match reader.rest {
            [] => Ok(root),
            _ => Err("something stands behind a pattern, such as a bracket too many".to_owned()),
        });
        // What is wrong was read last.
        let last = (tokens.len() - reader.rest.len()).saturating_sub(1);
        let root = root.map_err(|why| Wrong { line: pattern.line(last), why })?;
        let Reader { captures, said, .. } = reader;
        let roots = match root {
            Element { shape: Shape::Row(row), .. } => row,
            single => vec![single],
        };
        let mut presence = vec![None; captures.len()];
        mark(&roots, Presence::Certain, &mut presence);
        let presence = presence.into_iter().zip(&captures).map(|(presence, name)| {
            presence
                .ok_or_else(|| format!("a condition speaks of @{name}, which the pattern does not capture"))
        });
        let presence = presence.collect::<Result<Vec<_>, _>>();
        let presence = presence.map_err(|why| Wrong { line: pattern.line(0), why })?;
        let mut form =
            Form { roots, captures, presence, conditions: Vec::new(), confidence: None, replacement: None };
        for (name, arguments, left) in said {
            let line = pattern.line(tokens.len() - left);
            form.say(name, arguments, line).map_err(|why| Wrong { line, why })?;
        }
        Ok(form)
    }

    fn say(&mut self, name: &str, arguments: Vec<Argument>, line: usize) -> Result<(), String> {
        if name != "#set!" {
            let mut condition = Condition::compile(name, arguments)?;
            condition.line = line;
            self.conditions.push(condition);
            return Ok(());
        }
        let texts: Vec<&str> = arguments.iter().filter_map(Argument::text).collect();
        match texts.as_slice() {
            ["confidence", "low"] => self.confidence = Some(Confidence::Low),
            ["confidence", "medium"] => self.confidence = Some(Confidence::Medium),
            ["fix", text] => self.replacement = Some((*text).to_owned()),
            _ => return Err(format!("cannot set {} in a query", texts.join(" to "))),
        }
        Ok(())
    }

    /// The number of a capture.
    pub(super) fn capture(&self, name: &str) -> Option<u16> {
        self.captures.iter().position(|known| known == name).map(|at| at as u16)
    }

    /// The kinds that what is looked for first may be of; `None` when any may.
    pub(super) fn first_kinds(&self) -> Option<Vec<u16>> {
        fn of(element: &Element, kinds: &mut Vec<u16>) -> Option<()> {
            match &element.shape {
                Shape::Node { kind: Kind::Is(kind), .. } => kinds.push(*kind),
                Shape::Node { kind: Kind::OneOf(more), .. } => kinds.extend(more),
                Shape::Node { .. } => return None,
                Shape::Choice(choices) => choices.iter().try_for_each(|choice| of(choice, kinds))?,
                Shape::Row(row) => of(row.first()?, kinds)?,
            }
            Some(())
        }
        let mut kinds = Vec::new();
        of(self.roots.first()?, &mut kinds)?;
        kinds.sort_unstable();
        kinds.dedup();
        Some(kinds)
    }
}

/// Finds out where each capture stands; in several places it is as uncertain as in the last of them.
fn mark(elements: &[Element], around: Presence, presence: &mut [Option<Presence>]) {
    for element in elements {
        let here = match element.repeat {
            Repeat::Once => around,
            Repeat::Optional | Repeat::Any | Repeat::Many => Presence::Optional,
        };
        for capture in &element.captures {
            if let Some(known) = presence.get_mut(*capture as usize) {
                *known = (*known).max(Some(here));
            }
        }
        match &element.shape {
            Shape::Node { children, .. } => mark(children, here, presence),
            Shape::Choice(choices) => mark(choices, here.max(Presence::Chosen), presence),
            Shape::Row(row) => mark(row, here, presence),
        }
    }
}

struct Reader<'r, 'q> {
    rest: &'r [Token<'q>],
    numbers: &'r mut Numbers,
    captures: Vec<String>,
    /// The conditions and settings, in order, each with how many tokens were left where it began.
    said: Vec<(&'q str, Vec<Argument>, usize)>,
}

impl<'r, 'q> Reader<'r, 'q> {
    fn next(&mut self) -> Result<&'r Token<'q>, String> {
        let (first, rest) = self.rest.split_first().ok_or("a bracket is not closed")?;
        self.rest = rest;
        Ok(first)
    }

    fn take(&mut self, token: &Token<'_>) -> bool {
        let taken = self.rest.first() == Some(token);
        if taken {
            self.rest = &self.rest[1..];
        }
        taken
    }

    fn capture(&mut self, name: &str) -> u16 {
        let at = self.captures.iter().position(|known| known == name).unwrap_or_else(|| {
            self.captures.push(name.to_owned());
            self.captures.len() - 1
        });
        at as u16
    }

    /// A node with its marks.
    fn element(&mut self, depth: u32) -> Result<Element, String> {
        if depth > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST} nodes"));
        }
        let field = match self.rest.first() {
            Some(Token::Field(name)) => {
                self.next()?;
                Some(self.numbers.field(name)?)
            }
            _ => None,
        };
        let leaf = |kind| Shape::Node { kind, children: Vec::new(), closed: false, absent: Vec::new() };
        let shape = match self.next()? {
            Token::Open => self.bracket(depth)?,
            Token::Choice => {
                let mut choices = Vec::new();
                while !self.take(&Token::Chosen) {
                    choices.push(self.element(depth + 1)?);
                }
                Shape::Choice(choices)
            }
            Token::Text(text) => leaf(Kind::Is(self.numbers.kind(text, false)?)),
            Token::Word("_") => leaf(Kind::Anything),
            other => return Err(format!("{other:?} does not begin a node")),
        };
        let (mut repeat, mut captures) = (Repeat::Once, Vec::new());
        loop {
            match self.rest.first() {
                Some(Token::Optional) => repeat = Repeat::Optional,
                Some(Token::Any) => repeat = Repeat::Any,
                Some(Token::Many) => repeat = Repeat::Many,
                Some(Token::Capture(name)) => {
                    let capture = self.capture(name);
                    captures.push(capture);
                }
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        if matches!(shape, Shape::Row(_)) && !captures.is_empty() {
            return Err("a row of nodes cannot be captured; capture one of them".to_owned());
        }
        Ok(Element { field, shape, captures, repeat, anchored: false })
    }

    /// What stands in round brackets, behind the opening one: a node with its children, or a row of nodes.
    fn bracket(&mut self, depth: u32) -> Result<Shape, String> {
        match self.rest.first() {
            Some(Token::Word("MISSING")) => {
                self.next()?;
                let kind = match self.next()? {
                    Token::Close => return Ok(missing(None)),
                    Token::Word(name) => self.numbers.kind(name, true)?,
                    Token::Text(text) => self.numbers.kind(text, false)?,
                    other => return Err(format!("{other:?} does not name a node")),
                };
                match self.next()? {
                    Token::Close => Ok(missing(Some(kind))),
                    other => Err(format!("{other:?} stands in a missing node")),
                }
            }
            Some(Token::Word(name)) if !name.starts_with('#') => {
                self.next()?;
                let kind = self.numbers.kind_or_supertype(name)?;
                let (children, closed, absent) = self.siblings(depth)?;
                Ok(Shape::Node { kind, children, closed, absent })
            }
            _ => {
                let (mut row, closed, absent) = self.siblings(depth)?;
                if closed || !absent.is_empty() {
                    return Err("an anchor at the end or an absent field needs a node around it".to_owned());
                }
                // One node in brackets is that node.
                if row.len() == 1
                    && let Some(single) = row.pop()
                {
                    if single.repeat == Repeat::Once && single.captures.is_empty() && single.field.is_none() {
                        return Ok(single.shape);
                    }
                    row.push(single);
                }
                if row.is_empty() {
                    return Err("a pattern has no node".to_owned());
                }
                Ok(Shape::Row(row))
            }
        }
    }

    /// Siblings up to the closing bracket; whether nothing may follow them; which fields must be absent.
    fn siblings(&mut self, depth: u32) -> Result<(Vec<Element>, bool, Vec<u16>), String> {
        let (mut siblings, mut anchored, mut absent) = (Vec::new(), false, Vec::new());
        loop {
            match self.rest {
                [Token::Close, ..] => {
                    self.next()?;
                    return Ok((siblings, anchored, absent));
                }
                [Token::Anchor, ..] => {
                    self.next()?;
                    anchored = true;
                }
                [Token::Absent(name), ..] => {
                    self.next()?;
                    absent.push(self.numbers.field(name)?);
                }
                [Token::Open, Token::Word(name), ..] if name.starts_with('#') => self.condition(name)?,
                _ => {
                    let element = self.element(depth + 1)?;
                    siblings.push(Element { anchored: std::mem::take(&mut anchored), ..element });
                }
            }
        }
    }

    fn condition(&mut self, name: &'q str) -> Result<(), String> {
        let left = self.rest.len();
        self.rest = &self.rest[2..];
        let mut arguments = Vec::new();
        loop {
            arguments.push(match self.next()? {
                Token::Close => break,
                Token::Capture(name) => Argument::Capture(self.capture(name)),
                Token::Text(text) => Argument::Text(text.clone()),
                Token::Word(word) => Argument::Text((*word).to_owned()),
                other => return Err(format!("{other:?} stands in the condition {name}")),
            });
        }
        self.said.push((name, arguments, left));
        Ok(())
    }
}

fn missing(kind: Option<u16>) -> Shape {
    Shape::Node { kind: Kind::Missing(kind), children: Vec::new(), closed: false, absent: Vec::new() }
}
