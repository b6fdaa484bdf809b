//! The small language-neutral program that sources are lowered to: flat instructions in basic blocks.
//!
//! Every instruction defines one [`Value`], by its index in its function, so walking a program needs no recursion
//! however deep the source was nested. Variables are read and written by name ([`Op::Load`], [`Op::Store`]); a name
//! that a function binds (parameters, assignments) is in its [`Function::locals`], any other is looked up in the
//! functions around it, and one that nothing binds is a global of the language: `input`, `eval`, `process`.
//! Expressions that choose (`a and b`, `c ? x : y`, optional chaining) are lowered to blocks and a temporary
//! ([`Builder::temp`]), or to [`Op::Either`] when nothing depends on which it is.

mod build;

use std::ops::Range;
use std::rc::Rc;

use rustc_hash::FxHashMap;

pub(crate) use build::Builder;

/// Bytes of the view's text.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: u32,
    /// The byte after the last.
    pub(crate) end: u32,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span { start: range.start as u32, end: range.end as u32 }
    }
}

impl Span {
    /// The bytes as a range.
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of a syntax node.
    pub(crate) fn of(node: tree_sitter::Node<'_>) -> Self {
        Span { start: node.start_byte() as u32, end: node.end_byte() as u32 }
    }
}

/// An interned identifier, property name or import path of one [`Program`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(pub(crate) u32);

/// The texts of the names of a program.
#[derive(Debug, Default)]
pub(crate) struct Names {
    texts: Vec<Rc<str>>,
    index: FxHashMap<Rc<str>, Name>,
}

impl Names {
    /// The name of `text`, the same each time.
    pub(crate) fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.index.get(text) {
            return *name;
        }
        let name = Name(self.texts.len() as u32);
        let text: Rc<str> = text.into();
        self.texts.push(text.clone());
        self.index.insert(text, name);
        name
    }

    /// The text of a name.
    pub(crate) fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }

    /// The same, to keep.
    pub(crate) fn shared(&self, name: Name) -> Rc<str> {
        self.texts[name.0 as usize].clone()
    }

    /// The name of `text` when the program has it.
    pub(crate) fn get(&self, text: &str) -> Option<Name> {
        self.index.get(text).copied()
    }
}

/// What an instruction of the same function yields, by its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Value(pub(crate) u32);

/// A basic block of a function, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(pub(crate) u32);

/// A function of the program, by index; 0 is the file's top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FunctionId(pub(crate) u32);

/// A class of the program, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClassId(pub(crate) u32);

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// Text with its escapes decoded, or bytes as text; cut at 4,096 bytes (longer ones are [`Literal::Other`]).
    Text(Box<str>),
    /// A whole number that fits.
    Int(i64),
    /// `True`, `false`.
    Bool(bool),
    /// `None`, `null`, `undefined`.
    Null,
    /// A regular expression as JavaScript writes it: `/body/flags`.
    Pattern(Box<str>),
    /// Any other constant: a float, a long text. Never tainted.
    Other,
}

/// How an argument or an element is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// By position.
    Plain,
    /// `name=value` of a call.
    Keyword(Name),
    /// `*values`, `...values`: the elements of it.
    Spread,
    /// `**values`: the entries of it as keywords.
    SpreadKeywords,
}

/// An argument of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    /// What is handed over.
    pub(crate) value: Value,
    /// How.
    pub(crate) pass: Pass,
    /// The whole argument in the text: `shell=True`.
    pub(crate) span: Span,
}

/// An element of a list, tuple, set or array literal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element {
    /// What it holds.
    pub(crate) value: Value,
    /// Whether it is `*value`, `...value`.
    pub(crate) spread: bool,
}

/// An entry of a dictionary or object literal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The key (`{name: v}` and `{"name": v}` have a text literal); `None` for `**value` and `...value`.
    pub(crate) key: Option<Value>,
    /// What it holds.
    pub(crate) value: Value,
    /// The whole entry in the text.
    pub(crate) span: Span,
}

/// An operator of two operands that evaluates both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    /// `+`, also of strings and lists.
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/` (exact) and `//` (floor) are kept apart only by [`Binary::FloorDiv`].
    Div,
    /// `//`
    FloorDiv,
    /// `%`, also Python's formatting of strings.
    Mod,
    /// `==`, `===`
    Eq,
    /// `!=`, `!==`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `a in b`
    In,
    /// `a not in b`
    NotIn,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// Any other: bits, shifts, powers, `instanceof`.
    Other,
}

/// An operator of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    /// `not`, `!`
    Not,
    /// `-`
    Minus,
    /// `typeof`
    TypeOf,
    /// What arithmetic comes to: a number, which is never tainted.
    Number,
    /// Any other: the result is never tainted.
    Other,
}

/// What an instruction does. Every operand is an earlier instruction of the same function.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// A literal.
    Literal(Literal),
    /// The parameter of that index in [`Function::parameters`]; stored to its name at the head of the function.
    Parameter(u32),
    /// Reads a variable.
    Load(Name),
    /// Writes a variable; yields the value. The span is the whole assignment.
    Store(Name, Value),
    /// What an import binds, as a dotted path: `flask.request` of `from flask import request`, `child_process.exec`
    /// of `const {exec} = require("child_process")` follows from `Path(child_process)` and [`Op::Member`].
    /// Relative imports keep their dots: `.views`, `./db`.
    Path(Name),
    /// `object.name`, also of destructuring `{name} = object`.
    Member(Value, Name),
    /// `object.name = value`
    SetMember(Value, Name, Value),
    /// `object[key]`; a slice is [`Op::Slice`].
    Index(Value, Value),
    /// `object[key] = value`
    SetIndex(Value, Value, Value),
    /// `object[a:b]`, `...rest` of a pattern: a part of the same kind.
    Slice(Value),
    /// One element of what a loop, comprehension or starred pattern goes through.
    Each(Value),
    /// A call. `new X(..)` is a call of `X`. A tagged template is a call of the tag with a list of the literal parts,
    /// then the values.
    Call {
        /// What is called: a [`Op::Member`] for a method.
        callee: Value,
        /// The arguments in order.
        arguments: Vec<Argument>,
    },
    /// A string of parts: f-string, template literal, adjacent literals.
    Text(Vec<Value>),
    /// An operator of two operands.
    Binary(Binary, Value, Value),
    /// An operator of one.
    Unary(Unary, Value),
    /// One of these, unknown which.
    Either(Vec<Value>),
    /// A list, tuple, set or array.
    List(Vec<Element>),
    /// A dictionary or object.
    Dict(Vec<Entry>),
    /// A function or method or lambda; decorators are values of the function around it, outermost first.
    Closure(FunctionId, Vec<Value>),
    /// A class; bases and decorators are values of the function around it.
    Class(ClassId, Vec<Value>),
    /// `await value`
    Await(Value),
    /// `yield value`: seen by whoever goes through the result.
    Yield(Value),
    /// What an `except ... as` or `catch` binds.
    Caught,
    /// Something with no meaning for the flow of data, or that was not understood; tainted when an operand is.
    Unknown(Vec<Value>),
}

/// An instruction.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What it does.
    pub(crate) op: Op,
    /// The expression or statement it stands for.
    pub(crate) span: Span,
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Goes on there.
    Jump(BlockId),
    /// Goes on at the first when the value is true, else at the second.
    Branch(Value, BlockId, BlockId),
    /// Goes on at any of them: a loop's head, a `match` whose patterns are not understood.
    Fork(Vec<BlockId>),
    /// Leaves the function.
    Return(Option<Value>),
    /// Throws: to the block's handler, or out of the function.
    Throw(Option<Value>),
    /// Not ended by the source: leaves the function with nothing.
    Open,
}

/// A basic block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Its instructions, in order of evaluation.
    pub(crate) steps: Vec<Value>,
    /// How it ends.
    pub(crate) end: End,
    /// Where an exception inside it goes on (the `except`, `catch` or `finally`).
    pub(crate) handler: Option<BlockId>,
}

/// A parameter of a function.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name; destructured ones have a temporary, and stores of its parts follow at the function's head.
    pub(crate) name: Name,
    /// `*args`, `...rest`
    pub(crate) rest: bool,
    /// `**kwargs`
    pub(crate) keywords: bool,
    /// The annotation's text as a dotted path of names, where it is one: `HttpRequest`, `fastapi.Request`.
    pub(crate) annotation: Option<Name>,
    /// Where.
    pub(crate) span: Span,
}

/// A function, method, lambda, class body, or the top level of the file.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name; `None` for a lambda, an arrow function and the top level.
    pub(crate) name: Option<Name>,
    /// The function around it; `None` for the top level. For a method it is the function around the class.
    pub(crate) parent: Option<FunctionId>,
    /// The class it is a method of.
    pub(crate) class: Option<ClassId>,
    /// Its parameters, `self` and `cls` included.
    pub(crate) parameters: Vec<Parameter>,
    /// The names it binds itself, sorted once the program is done.
    pub(crate) locals: Vec<Name>,
    /// Its instructions.
    pub(crate) steps: Vec<Step>,
    /// Its blocks; 0 is the entry.
    pub(crate) blocks: Vec<Block>,
    /// The directive at its head that a framework reads: `use server`.
    pub(crate) directive: Option<Name>,
    /// Whether a call of it only yields what does its work: a promise or coroutine, a generator.
    pub(crate) later: bool,
    /// Where, decorators left out.
    #[expect(dead_code, reason = "linking across files will name it")]
    pub(crate) span: Span,
}

/// What a class without a constructor of its own does with what it is made of: it has fields, and keeps it in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// As it is: a dataclass, a named tuple.
    Keeps,
    /// As what the fields are declared to be: a model of pydantic.
    Converts,
}

/// A field that a class declares with a type: `name: str`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: Name,
    /// The type as it is written.
    pub(crate) kind: Span,
    /// All of the declaration.
    pub(crate) declaration: Span,
}

/// A class.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    /// Its name.
    #[expect(dead_code, reason = "linking across files will name it")]
    pub(crate) name: Option<Name>,
    /// Its methods by name, in order; also getters and functions assigned in the body.
    pub(crate) methods: Vec<(Name, FunctionId)>,
    /// Methods that run when a member is read (`get x()`), by name.
    pub(crate) getters: Vec<(Name, FunctionId)>,
    /// Methods that run when a member is written (`set x(v)`), by name.
    pub(crate) setters: Vec<(Name, FunctionId)>,
    /// The function whose steps are the class body: its stores are the class's attributes.
    pub(crate) body: Option<FunctionId>,
    /// The fields that it declares, in order; of Python alone.
    pub(crate) fields: Vec<Field>,
    /// The names of the interfaces that it implements; of TypeScript alone.
    pub(crate) interfaces: Vec<Name>,
    /// Whether it is a record of them.
    pub(crate) record: Option<Record>,
    /// Where.
    #[expect(dead_code, reason = "linking across files will name it")]
    pub(crate) span: Span,
}

/// One source file or fence, lowered.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// All functions; 0 is the top level.
    pub(crate) functions: Vec<Function>,
    /// All classes.
    pub(crate) classes: Vec<Class>,
    /// The names.
    pub(crate) names: Names,
    /// Of JavaScript: the names that it exports variables under, and the variables.
    pub(crate) exports: Vec<(Name, Name)>,
    /// Why something was left out: "nested more than 200 levels deep". At most one of each kind.
    pub(crate) left_out: Vec<String>,
}

impl Program {
    /// The function of an id.
    pub(crate) fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The class of an id.
    pub(crate) fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0 as usize]
    }
}

impl Function {
    /// The instruction that yields `value`.
    pub(crate) fn step(&self, value: Value) -> &Step {
        &self.steps[value.0 as usize]
    }

    /// Whether the function itself binds `name`.
    pub(crate) fn binds(&self, name: Name) -> bool {
        self.locals.binary_search(&name).is_ok()
    }
}
