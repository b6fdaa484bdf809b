//! What is kept of a file for the files that use it, when its text and its program are dropped.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ir::Span;
use super::model::Kinds;
use super::project::Place;

/// One source file or fence, as other files see it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Module {
    /// Its path; empty for what nothing can import.
    pub(super) path: String,
    /// The key of its models: "python", "javascript".
    #[serde(with = "family")]
    pub(super) family: Family,
    /// Which part of its document it is.
    pub(super) view: usize,
    /// Of half a file: how many bytes its places are ahead of the view's.
    pub(super) half: Option<usize>,
    /// What it defines at its top level, sorted by name; of JavaScript what it exports, as `exports.name`. A name that
    /// several definitions may give is there several times.
    pub(super) names: Vec<(Box<str>, ValueFact)>,
    /// What all names of may be names of it: `from os import *`.
    pub(super) stars: Vec<KnownFact>,
    /// Its functions, in order.
    pub(super) functions: Vec<FunctionFact>,
    /// Its classes, in order.
    pub(super) classes: Vec<ClassFact>,
    /// What it uses of other files.
    pub(super) symbols: Vec<SymbolFact>,
    /// Its calls of them.
    pub(super) calls: Packed<CallFact>,
    /// Its data whose way leads through other files.
    pub(super) pending: Packed<PendingFact>,
    /// What is said at the steps of traces: often the same.
    pub(super) said: Vec<Box<str>>,
}

/// A list of facts as bytes. Most lead nowhere once all files are known, and taken apart they are ten times as large, so
/// each is only when that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Packed<T> {
    bytes: Box<[u8]>,
    of: PhantomData<T>,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Packed { bytes: Box::default(), of: PhantomData }
    }
}

impl<T> Packed<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    pub(super) fn of(facts: impl Iterator<Item = T>) -> Self {
        let facts: Vec<T> = facts.collect();
        if facts.is_empty() {
            return Packed::default();
        }
        // What cannot be written cannot be read, which is said there.
        let bytes = postcard::to_allocvec(&facts).unwrap_or_else(|_| vec![0xff; 16]);
        Packed { bytes: bytes.into(), of: PhantomData }
    }

    /// The facts; `None` when they cannot be read.
    pub(super) fn unpack(&self) -> Option<Vec<T>> {
        if self.bytes.is_empty() { Some(Vec::new()) } else { postcard::from_bytes(&self.bytes).ok() }
    }
}

/// A name that leads to another file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum SymbolFact {
    /// A file or folder.
    Place(Place),
    /// The member of an earlier symbol.
    Member(u32, Box<str>),
    /// What a call of an earlier symbol yields.
    Call(u32),
    /// Any of earlier symbols.
    Among(Vec<u32>),
    /// An object of a class of the file, or of one that is made of it.
    Own(u32),
    /// An object as the bases of its class see it.
    Super(u32),
    /// A class of the file, whose constructor is that of a base.
    Class(u32),
}

/// A call of a symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CallFact {
    pub(super) symbol: u32,
    pub(super) arguments: Box<[ArgumentFact]>,
}

/// An argument of such a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ArgumentFact {
    pub(super) pass: PassFact,
    pub(super) given: GivenFact,
}

/// What an argument is, as far as it decides what a function of a library does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum GivenFact {
    #[default]
    Any,
    Text(Box<str>),
    Int(i64),
    Bool(bool),
    Null,
    Constant,
    /// What the models call so.
    Path(Box<str>),
    /// Something else, by the last name of what is written.
    Written(Box<str>),
    /// A list of a known length: whether it begins with a shell, and which element is behind the flag that makes a shell
    /// run it.
    List(bool, Option<u32>),
}

/// How an argument is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PassFact {
    Plain,
    Keyword(PartFact),
    Spread,
}

/// What a value is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum KnownFact {
    #[default]
    Any,
    Function(u32),
    Class(u32),
    Instance(u32),
    Symbol(u32),
    /// What the models call so.
    Path(Box<str>),
}

/// A value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ValueFact {
    pub(super) known: KnownFact,
    pub(super) flows: Box<[FlowFact]>,
    /// Members that are functions, classes or the like.
    pub(super) members: Box<[(Box<str>, ValueFact)]>,
    /// What it makes of data when it is a schema.
    pub(super) shape: Option<Box<ShapeFact>>,
}

/// What a schema makes of data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ShapeFact {
    /// Whether its data is not what it yields but a member of that: `validated_data`.
    pub(super) within: bool,
    /// Fields, and the kinds that each is clean for.
    pub(super) fields: Vec<(PartFact, Kinds)>,
    /// Whether there may be others.
    pub(super) open: bool,
    /// The kinds that other fields are clean for, or all of it where there are none.
    pub(super) others: Kinds,
}

impl ShapeFact {
    /// The kinds that a part of the data is clean for, or all of it.
    pub(super) fn clean(&self, part: PartFact) -> Kinds {
        if self.fields.is_empty() {
            return self.others;
        }
        if part == PartFact::WHOLE {
            let all = self.fields.iter().fold(Kinds::MAX, |kinds, (_, field)| kinds & field);
            return if self.open { all & self.others } else { all };
        }
        self.fields.iter().find(|(name, _)| *name == part).map_or(self.others, |(_, kinds)| *kinds)
    }
}

/// Where data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OriginFact {
    Source(Kinds),
    /// That parameter, and the part of it.
    Parameter(u32, PartFact),
    /// What that call yields.
    Call(u32),
}

/// An argument of a call of a symbol that data came through, the part of it, and what is read of what the call yields.
pub(super) type PassageFact = (u32, u16, PartFact, [PartFact; 2]);

/// A part of a parameter or an argument: the member or entry of a name, as a number that stands for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct PartFact(u32);

impl PartFact {
    /// All of it, or some part that is not known.
    pub(super) const WHOLE: PartFact = PartFact(0);

    /// Of a parameter that is handed on as it is: the part that is read there.
    pub(super) const SAME: PartFact = PartFact(1);

    /// An element of a list.
    pub(super) fn element(index: i64) -> Self {
        PartFact::named(&format!("#{index}"))
    }

    /// The part of a name. Of two names with one number each is taken for the other.
    pub(super) fn named(name: &str) -> Self {
        PartFact(crate::rule::crc32(name.as_bytes()).max(2))
    }

    /// Whether data that is put at one place may be read at the other.
    pub(super) fn meets(self, other: PartFact) -> bool {
        self == other || [self, other].iter().any(|part| matches!(*part, PartFact::WHOLE | PartFact::SAME))
    }
}

/// A step of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StepFact {
    pub(super) span: Span,
    /// Which of [`Module::said`] is said.
    pub(super) said: u32,
}

/// Data on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FlowFact {
    pub(super) origin: OriginFact,
    pub(super) clean: Kinds,
    pub(super) via: Box<[PassageFact]>,
    pub(super) steps: Box<[StepFact]>,
}

/// Where data arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TargetFact {
    /// A sink of that kind.
    Sink(Kinds),
    /// An argument of a call of a symbol.
    Argument(u32, u16, PartFact),
}

/// Data that arrives somewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PendingFact {
    pub(super) flow: FlowFact,
    pub(super) target: TargetFact,
    pub(super) span: Span,
}

/// A function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct FunctionFact {
    pub(super) parameters: Box<[ParameterFact]>,
    /// Whether its first parameter is the receiver.
    pub(super) receiver: bool,
    /// Whether it does nothing: a method that other classes are to define.
    pub(super) blank: bool,
    pub(super) result: ValueFact,
    /// Of its parameters' data.
    pub(super) reaches: Packed<PendingFact>,
    /// Of a constructor all of whose writes are known: the members of its object that each parameter's data may be in.
    pub(super) keeps: Option<Box<[(u32, PartFact)]>>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ParameterFact {
    pub(super) name: PartFact,
    pub(super) rest: bool,
    pub(super) keywords: bool,
}

/// A class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ClassFact {
    pub(super) methods: Vec<(Box<str>, u32)>,
    pub(super) fields: Vec<(Box<str>, ValueFact)>,
    pub(super) bases: Vec<KnownFact>,
    /// What it makes of data.
    pub(super) shape: Option<ShapeFact>,
    /// The interfaces that it implements.
    pub(super) interfaces: Vec<KnownFact>,
}

/// The key of the models of a language.
type Family = &'static str;

/// A family among those there are.
mod family {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::syntax::Language;

    pub(super) fn serialize<S: Serializer>(family: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(family == Language::Python.family())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
        let language = if bool::deserialize(deserializer)? { Language::Python } else { Language::JavaScript };
        Ok(language.family())
    }
}
