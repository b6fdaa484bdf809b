//! JavaScript, JSX, TypeScript and TSX to the IR.
//!
//! What has no instruction of its own is written in terms of those there are:
//!
//! - `p.then(f)` is `f(await p)`; `xs.map(x => ..)` and its kin call their function with [`Op::Each`] of `xs`.
//! - A method has a first parameter `this`, a constructor is named `__init__`, and `super(x)` is
//!   `super().__init__(x)`: objects work as Python's do.
//! - What a module exports is stored to a name that no source can bind: `exports.default`, `exports.NAME`; also for
//!   `module.exports = {NAME}` and `exports.NAME = ..`. `export * from "./m"` stores the path to `exports.*`.
//! - The properties of an object literal that ends a call's arguments follow it as keywords: models name options so.
//! - An attribute of a JSX element is a property set on it: `dangerouslySetInnerHTML={{__html: x}}` sets that property
//!   to `x`. A component is called with its attributes.

mod call;
mod control;
mod expression;
mod function;
mod jsx;
mod module;
mod pattern;
mod prototype;
mod state;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::{DEEPEST, TOO_DEEP};
use crate::analyze::ir::{Binary, BlockId, Builder, ClassId, Literal, Name, Op, Program, Span, Value};
use crate::syntax::Parsed;

/// Lowers a parsed file.
pub(super) fn lower(parsed: &Parsed<'_>) -> Program {
    let root = parsed.root();
    let mut lowering = Lowering {
        parsed,
        builder: Builder::new(Span::of(root)),
        depth: 0,
        frames: vec![Frame::default()],
        makers: prototype::makers(parsed.text),
        prototype: None,
    };
    if parsed.text.contains("exports") {
        // CommonJS: what a module exports is also an object that it may use itself.
        for name in ["exports", "module"] {
            let name = lowering.builder.name(name);
            lowering.builder.bind(name);
        }
    }
    lowering.body_of(root);
    lowering.builder.finish()
}

struct Lowering<'p, 'a> {
    parsed: &'p Parsed<'a>,
    builder: Builder,
    depth: u32,
    frames: Vec<Frame>,
    /// The functions that make objects, by name: `Foo` of `Foo.prototype.run = ..` and `new Foo()`.
    makers: BTreeMap<String, Option<ClassId>>,
    /// The class whose prototype the next object literal is.
    prototype: Option<ClassId>,
}

/// What is known of an open function while its body is lowered.
#[derive(Default)]
struct Frame {
    /// Names it declares; an assignment to any other writes an outer variable.
    declared: BTreeSet<Name>,
    /// The loops and switches around the current statement, innermost last.
    jumps: Vec<Jump>,
    /// The label in front of the next statement.
    label: Option<Name>,
}

/// Where `break` and `continue` go.
struct Jump {
    label: Option<Name>,
    leave: BlockId,
    again: Option<BlockId>,
    /// Whether it is no loop: only a `break` that names it leaves it.
    block: bool,
}

impl<'p, 'a> Lowering<'p, 'a>
where
    'a: 'p,
{
    fn text(&self, node: Node<'_>) -> &'a str {
        self.parsed.text_of(node)
    }

    /// The name a node spells.
    fn name(&mut self, node: Node<'_>) -> Name {
        let text = self.text(node);
        self.builder.name(text)
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Runs `lower` one level deeper; past the limit nothing is lowered, and the program says so.
    fn deeper<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEEPEST {
            self.builder.leave_out(TOO_DEEP);
            return None;
        }
        self.depth += 1;
        let result = lower(self);
        self.depth -= 1;
        Some(result)
    }

    fn literal(&mut self, literal: Literal, span: Span) -> Value {
        self.builder.push(Op::Literal(literal), span)
    }

    fn null(&mut self, span: Span) -> Value {
        self.literal(Literal::Null, span)
    }

    fn unknown(&mut self, operands: Vec<Value>, span: Span) -> Value {
        self.builder.push(Op::Unknown(operands), span)
    }

    fn member(&mut self, object: Value, name: &str, span: Span) -> Value {
        let name = self.builder.name(name);
        self.builder.push(Op::Member(object, name), span)
    }

    fn load(&mut self, name: &str, span: Span) -> Value {
        let name = self.builder.name(name);
        self.builder.push(Op::Load(name), span)
    }

    /// Declares `name` in the current function and writes it.
    fn declare(&mut self, name: Name, value: Value, span: Span) -> Value {
        self.frame().declared.insert(name);
        self.builder.store(name, value, span)
    }

    /// Writes a variable that the current function or one around it declares.
    fn assign(&mut self, name: Name, value: Value, span: Span) -> Value {
        let nested = self.frames.len() > 1;
        if nested && !self.frame().declared.contains(&name) {
            self.builder.outer(name);
        }
        self.builder.store(name, value, span)
    }

    fn equals(&mut self, left: Value, right: Value, span: Span) -> Value {
        self.builder.push(Op::Binary(Binary::Eq, left, right), span)
    }
}

/// The named children that are code.
fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The first named child that is code.
fn first<'t>(node: Node<'t>) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|child| !child.is_extra())
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

#[cfg(test)]
mod tests;
