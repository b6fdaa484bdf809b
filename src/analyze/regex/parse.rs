//! Reads the syntax of Python's `re` and of JavaScript. What is not understood, and what only some versions have, makes
//! the expression undecided (`None`): no finding rests on a guess.

use super::letters::{CharSet, named};
use super::syntax::{Assertion, Flags, Flavour, Node, Regex, Repeat};

/// Longer expressions are left alone.
const LONGEST: usize = 10_000;

/// Deeper groups are left alone; the tree is walked by recursion.
const DEEPEST: u32 = 50;

/// Reads an expression.
pub(super) fn parse(text: &[char], flavour: Flavour, flags: Flags) -> Option<Regex> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser {
        text,
        at: 0,
        flavour,
        flags,
        depth: 0,
        sets: Vec::new(),
        kinds: Vec::new(),
        captures: 0,
        names: Vec::new(),
    };
    let node = parser.choice()?;
    (parser.at == text.len()).then_some(Regex { node, sets: parser.sets, captures: parser.captures, flavour })
}

/// How a set was written: what a matcher makes one set of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// A character.
    Literal,
    /// A class that is not negated, `\d` and the like.
    Class,
    /// `.`, `[^a]`
    Other,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t [char],
    pub(super) at: usize,
    pub(super) flavour: Flavour,
    pub(super) flags: Flags,
    depth: u32,
    pub(super) sets: Vec<CharSet>,
    kinds: Vec<Written>,
    captures: u32,
    names: Vec<(String, u32)>,
}

impl Parser<'_> {
    pub(super) fn python(&self) -> bool {
        self.flavour == Flavour::Python
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        Some(character)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let matches = text.chars().enumerate().all(|(index, c)| self.text.get(self.at + index) == Some(&c));
        if matches {
            self.at += text.chars().count();
        }
        matches
    }

    fn choice(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let flags = self.flags;
        let mut options = vec![self.sequence()?];
        while self.eat("|") {
            options.push(self.sequence()?);
        }
        self.depth -= 1;
        // Flags that stand at the head of the whole expression hold for it; there is nothing after it.
        self.flags = flags;
        Some(self.chosen(options))
    }

    /// The matchers make a single set of alternatives that are one character each, so they are no choice.
    fn chosen(&mut self, options: Vec<Node>) -> Node {
        let one = |node: &Node| match node {
            Node::Sequence(items) => match items.as_slice() {
                [Node::Set(set, place)] => Some((*set, *place)),
                _ => None,
            },
            _ => None,
        };
        let singles: Vec<_> = options.iter().map(one).collect();
        if self.python() {
            let all: Option<Vec<_>> = singles.iter().copied().collect();
            if let Some(all) = all.filter(|all| all.len() > 1)
                && all.iter().all(|(set, _)| self.kinds[*set] != Written::Other)
                // A prefix that all share is taken out before that, and what remains is a choice of nothings.
                && all.iter().any(|(set, _)| self.sets[*set] != self.sets[all[0].0])
            {
                return self.union(&all);
            }
            return whole(options);
        }
        let literal = |single: &Option<(usize, u32)>| {
            single.is_some_and(|(set, _)| self.kinds[set] == Written::Literal)
        };
        let mut kept: Vec<Node> = Vec::new();
        let mut run: Vec<(usize, u32)> = Vec::new();
        let marks: Vec<bool> = singles.iter().map(literal).collect();
        for ((option, single), literal) in options.into_iter().zip(singles).zip(marks) {
            match single.filter(|_| literal) {
                Some(single) => run.push(single),
                None => {
                    self.flush(&mut run, &mut kept);
                    kept.push(option);
                }
            }
        }
        self.flush(&mut run, &mut kept);
        whole(kept)
    }

    fn flush(&mut self, run: &mut Vec<(usize, u32)>, kept: &mut Vec<Node>) {
        if !run.is_empty() {
            let union = self.union(run);
            kept.push(union);
            run.clear();
        }
    }

    fn union(&mut self, all: &[(usize, u32)]) -> Node {
        let set = all.iter().fold(CharSet::default(), |union, (set, _)| union.or(&self.sets[*set]));
        let place = all.first().map_or(0, |(_, place)| *place);
        Node::Sequence(vec![self.set(set, Written::Class, place as usize)])
    }

    pub(super) fn set(&mut self, set: CharSet, written: Written, place: usize) -> Node {
        self.sets.push(set);
        self.kinds.push(written);
        Node::Set(self.sets.len() - 1, place as u32)
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            self.skip_comments();
            match self.peek() {
                None | Some('|' | ')') => return Some(Node::Sequence(items)),
                Some(_) => {
                    let start = self.at;
                    if let Some(item) = self.atom()? {
                        let item = self.quantified(item, start)?;
                        items.push(item);
                    }
                }
            }
        }
    }

    fn skip_comments(&mut self) {
        while self.flags.verbose {
            match self.peek() {
                Some(c) if c.is_ascii_whitespace() || c == '\u{b}' => self.at += 1,
                Some('#') => while self.next().is_some_and(|c| c != '\n') {},
                _ => return,
            }
        }
    }

    fn quantified(&mut self, item: Node, start: usize) -> Option<Node> {
        self.skip_comments();
        let before = self.at;
        let (min, max) = match self.next() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => counts,
                None => {
                    self.at = before;
                    // Without `u` a brace that counts nothing is a character.
                    return (!self.flags.unicode).then_some(item);
                }
            },
            _ => {
                self.at = before;
                return Some(item);
            }
        };
        if max.is_some_and(|max| max < min) || matches!(item, Node::Assert(_)) {
            return None;
        }
        let lazy = self.eat("?");
        let possessive = !lazy && self.python() && self.eat("+");
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return None;
        }
        let span = (start as u32, self.at.saturating_sub(1) as u32);
        let repeat = Node::Repeat(Box::new(Repeat { body: item, min, max, lazy, span }));
        Some(if possessive { Node::Atomic(Box::new(repeat)) } else { repeat })
    }

    /// What follows `{` when it counts: `3}`, `3,}`, `3,5}`, and `,5}` in Python.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let min = self.number();
        let counts = if self.eat(",") {
            let max = self.number();
            match (min, max) {
                (None, None) => return None,
                (None, _) if !self.python() => return None,
                (min, max) => (min.unwrap_or(0), max),
            }
        } else {
            (min?, min)
        };
        self.eat("}").then_some(counts)
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.text.get(start..self.at)?.iter().collect();
        // As good as without an end.
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
    }

    /// `Some(None)`: it stands for nothing, as a comment does.
    fn atom(&mut self) -> Option<Option<Node>> {
        let place = self.at;
        let multiline = self.flags.multiline;
        Some(Some(match self.next()? {
            '(' => return self.group(),
            '[' => self.class(place)?,
            '.' if self.flags.dot_all => self.set(CharSet::all(), Written::Other, place),
            '.' => self.set(named::line_break(self.python()).not(), Written::Other, place),
            '^' if multiline => Node::Assert(Assertion::LineStart),
            '^' => Node::Assert(Assertion::Start),
            '$' if multiline => Node::Assert(Assertion::LineEnd),
            '$' if self.python() => Node::Assert(Assertion::EndOrBreak),
            '$' => Node::Assert(Assertion::End),
            '\\' => self.escape(place)?,
            '*' | '+' | '?' => return None,
            '{' if self.flags.unicode => return None,
            character => self.literal(character, place),
        }))
    }

    pub(super) fn literal(&mut self, character: char, place: usize) -> Node {
        let set = CharSet::one(character);
        let set = if self.flags.ignore_case { set.folded() } else { set };
        self.set(set, Written::Literal, place)
    }

    fn escape(&mut self, place: usize) -> Option<Node> {
        let character = self.peek()?;
        Some(match character {
            'b' | 'B' => {
                self.at += 1;
                Node::Assert(if character == 'b' { Assertion::Boundary } else { Assertion::NoBoundary })
            }
            'A' if self.python() => {
                self.at += 1;
                Node::Assert(Assertion::Start)
            }
            'Z' if self.python() => {
                self.at += 1;
                Node::Assert(Assertion::End)
            }
            '1'..='9' => {
                let number = self.number()?;
                // JavaScript reads a number past the last group as an octal escape.
                if number > 99 || (number > self.captures && !self.python()) {
                    return None;
                }
                Node::Same(number)
            }
            'k' if !self.python() => {
                self.at += 1;
                let name = self.eat("<").then(|| self.name('>'))??;
                Node::Same(self.named(&name)?)
            }
            _ => match self.escaped_set()? {
                Ok(character) => self.literal(character, place),
                Err(set) => self.set(set, Written::Class, place),
            },
        })
    }

    fn name(&mut self, end: char) -> Option<String> {
        let mut name = String::new();
        loop {
            match self.next()? {
                c if c == end => return (!name.is_empty()).then_some(name),
                c if c.is_alphanumeric() || c == '_' || c == '$' => name.push(c),
                _ => return None,
            }
        }
    }

    fn named(&self, name: &str) -> Option<u32> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    fn group(&mut self) -> Option<Option<Node>> {
        if !self.eat("?") {
            let number = self.capture();
            let body = self.body()?;
            return Some(Some(Node::Capture(number, Box::new(body))));
        }
        let look = |ahead, negative, body| Node::Look { ahead, negative, body: Box::new(body) };
        Some(Some(if self.eat(":") {
            self.body()?
        } else if self.eat("=") {
            look(true, false, self.body()?)
        } else if self.eat("!") {
            look(true, true, self.body()?)
        } else if self.eat("<=") {
            look(false, false, self.body()?)
        } else if self.eat("<!") {
            look(false, true, self.body()?)
        } else if self.python() && self.eat(">") {
            Node::Atomic(Box::new(self.body()?))
        } else if self.python() && self.eat("P=") {
            let name = self.name(')')?;
            Node::Same(self.named(&name)?)
        } else if self.python() && self.eat("#") {
            while self.next()? != ')' {}
            return Some(None);
        } else if self.eat(if self.python() { "P<" } else { "<" }) {
            let name = self.name('>')?;
            let number = self.capture();
            self.names.push((name, number));
            let body = self.body()?;
            Node::Capture(number, Box::new(body))
        } else {
            return self.flagged();
        }))
    }

    fn capture(&mut self) -> u32 {
        self.captures += 1;
        self.captures
    }

    fn body(&mut self) -> Option<Node> {
        let node = self.choice()?;
        self.eat(")").then_some(node)
    }

    /// `(?i)`, `(?i-s:...)`
    fn flagged(&mut self) -> Option<Option<Node>> {
        let before = self.flags;
        let mut on = true;
        loop {
            match self.next()? {
                'i' => self.flags.ignore_case = on,
                'm' => self.flags.multiline = on,
                's' => self.flags.dot_all = on,
                'x' if self.python() => self.flags.verbose = on,
                'a' if self.python() => self.flags.ascii = on,
                'u' | 'L' if self.python() => {}
                '-' if on => on = false,
                ')' if self.python() && on => return Some(None),
                ':' => break,
                _ => return None,
            }
        }
        let body = self.body()?;
        self.flags = before;
        Some(Some(body))
    }
}

fn whole(mut options: Vec<Node>) -> Node {
    match options.len() {
        1 => options.pop().unwrap_or(Node::Sequence(Vec::new())),
        _ => Node::Choice(options),
    }
}
