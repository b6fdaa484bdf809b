//! The syntax tree of a regular expression.

use super::letters::CharSet;

/// Whose syntax and matcher it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// The module `re`.
    Python,
    /// ECMAScript.
    JavaScript,
}

/// What flags say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Without regard to case.
    pub(super) ignore_case: bool,
    /// `^` and `$` also hold at line breaks.
    pub(super) multiline: bool,
    /// `.` is any character.
    pub(super) dot_all: bool,
    /// Spaces and comments do not count.
    pub(super) verbose: bool,
    /// `\w` and the like are ASCII.
    pub(super) ascii: bool,
    /// JavaScript's `u`.
    pub(super) unicode: bool,
}

/// A condition on a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    /// The start of the text.
    Start,
    /// The end of the text.
    End,
    /// The end of the text, or before a line break that ends it.
    EndOrBreak,
    /// The start of a line.
    LineStart,
    /// The end of a line.
    LineEnd,
    /// Between a character of a word and another.
    Boundary,
    /// Not there.
    NoBoundary,
}

/// A repetition.
#[derive(Debug)]
pub(super) struct Repeat {
    /// What is repeated.
    pub(super) body: Node,
    /// At least so often.
    pub(super) min: u32,
    /// At most so often; `None`: any number of times.
    pub(super) max: Option<u32>,
    /// Whether fewer are tried first.
    pub(super) lazy: bool,
    /// Its characters in the expression, first and last.
    pub(super) span: (u32, u32),
}

/// A node.
#[derive(Debug)]
pub(super) enum Node {
    /// One after the other; none is the empty text.
    Sequence(Vec<Node>),
    /// One of these, the first that leads to a match.
    Choice(Vec<Node>),
    /// One character: a set of [`Regex::sets`], and its place in the expression.
    Set(usize, u32),
    /// Again and again.
    Repeat(Box<Repeat>),
    /// A group that remembers what it matched.
    Capture(u32, Box<Node>),
    /// A condition.
    Assert(Assertion),
    /// A look ahead or back.
    Look {
        /// Ahead.
        ahead: bool,
        /// Whether it must not match.
        negative: bool,
        /// What is looked for.
        body: Box<Node>,
    },
    /// A group that never gives back what it took.
    Atomic(Box<Node>),
    /// What a group matched, again.
    Same(u32),
}

/// An expression.
#[derive(Debug)]
pub(super) struct Regex {
    /// The tree.
    pub(super) node: Node,
    /// The sets that its nodes name.
    pub(super) sets: Vec<CharSet>,
    /// How many groups it has.
    pub(super) captures: u32,
    /// Whose it is.
    pub(super) flavour: Flavour,
}
