//! Forward data flow: which sources reach which sinks, function by function, with summaries of the file's own functions.

mod address;
mod again;
mod annotation;
mod call;
pub(super) mod charset;
mod container;
mod dead;
mod declared;
mod depends;
mod effect;
mod elsewhere;
mod eval;
mod export;
mod fold;
pub(super) mod foreign;
mod format;
mod function;
mod guard;
mod host;
mod idiom;
mod made;
mod matching;
mod member;
mod naming;
mod object;
mod parameter;
mod pollution;
mod prefix;
mod program;
mod resolver;
mod response;
mod schedule;
pub(super) mod schema;
mod script;
mod shared;
mod sink;
mod summary;
mod testing;
mod text;
mod value;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::Module;
use super::ir::{ClassId, FunctionId, Name, Program, Span};
use super::model::{Handler, Kinds, Models, NodeId, Table};
use super::project::Scope;
use crate::syntax::Language;
pub(super) use program::is_shell;
use sink::{Arrival, Target};
use summary::Summary;
use value::{Abstract, Event, Link, Origin, Via};

/// A taint rule, its kinds as bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct TaintRule {
    /// The place of the rule among all rules.
    pub(super) rule: usize,
    /// Source kinds.
    pub(super) sources: Kinds,
    /// The sink kind.
    pub(super) sink: Kinds,
}

/// Data that reaches a sink.
#[derive(Debug)]
pub(super) struct Hit {
    /// As in [`TaintRule::rule`].
    pub(super) rule: usize,
    /// What must be clean and is not.
    pub(super) span: Span,
    /// The kind of source.
    pub(super) source: Kinds,
    trace: Option<Rc<Link>>,
}

/// Data whose way leads through other files.
#[derive(Debug)]
struct Pending {
    origin: Origin,
    target: Target,
    at: Arrival,
}

/// A file to follow data through.
pub(super) struct Input<'a> {
    /// Its program.
    pub(super) program: &'a Program,
    /// Its text.
    pub(super) text: &'a str,
    /// Its path; fences without one have none that anything could import.
    pub(super) path: &'a str,
    /// Its language.
    pub(super) language: Language,
    /// What it can import.
    pub(super) scope: Scope<'a>,
}

/// What a program's flow comes to.
pub(super) struct Outcome {
    /// What other files have to know of it.
    pub(super) module: Module,
    /// In order of rule and place.
    pub(super) hits: Vec<Hit>,
    /// Whether the step budget ended it.
    pub(super) cut: bool,
    /// The arguments of calls that are no literals and constants all the same.
    pub(super) constants: HashSet<Span>,
}

impl Hit {
    /// The way of the data, source first, as places and what happens there; `text` is the program's.
    pub(super) fn steps(&self, text: &str) -> Vec<(Span, String)> {
        let say = |(span, event): (Span, Event)| (span, event.said(text, span));
        Link::steps(&self.trace).into_iter().map(say).collect()
    }
}

/// Evaluations of instructions that one file may take, a byte of it; the constant is for small files.
const STEPS_A_BYTE: u64 = 20;
const LEAST_STEPS: u64 = 100_000;

/// Functions are followed so often, when what they share has grown behind their back.
const MOST_ROUNDS: u32 = 3;

/// Follows the data of a program.
pub(super) fn analyse(input: &Input<'_>, table: &Table, models: &Models, rules: &[TaintRule]) -> Outcome {
    let Input { program, text, path, language, scope } = *input;
    let count = program.functions.len();
    let mut engine = Engine {
        program,
        text,
        path,
        language,
        scope,
        foreign: foreign::Foreign::default(),
        pending: BTreeMap::new(),
        constants: HashSet::new(),
        recursive: FxHashSet::default(),
        provisional: FxHashMap::default(),
        table,
        models,
        rules,
        variables: (0..count).map(|_| FxHashMap::default()).collect(),
        others: Vec::new(),
        stars: Vec::new(),
        open_classes: FxHashSet::default(),
        surrounds: vec![false; count],
        fixed_routes: FxHashSet::default(),
        converted: FxHashSet::default(),
        unconverted: FxHashSet::default(),
        shaped: FxHashMap::default(),
        options: FxHashMap::default(),
        fixed_route: false,
        handlers: FxHashMap::default(),
        fields: FxHashMap::default(),
        bases: FxHashMap::default(),
        class_bases: FxHashMap::default(),
        inside: FxHashMap::default(),
        given: FxHashMap::default(),
        kept: FxHashMap::default(),
        snapshots: FxHashMap::default(),
        events: FxHashMap::default(),
        written: shared::written(program),
        said: std::cell::RefCell::default(),
        derived: made::derived(program),
        keyed: member::keyed(program),
        filled: member::filled(program),
        undeclared: shared::undeclared(program, table, language),
        calling: 0,
        again: again::Again::default(),
        fresh: FxHashSet::default(),
        summaries: (0..count).map(|_| summary::Slot::New).collect(),
        depth: 0,
        left: LEAST_STEPS + STEPS_A_BYTE * text.len() as u64,
        large: false,
        hits: BTreeMap::new(),
    };
    for (index, function) in program.functions.iter().enumerate() {
        if let Some(handler) = engine.directed(function) {
            engine.handlers.insert(FunctionId(index as u32), handler);
        }
        if let Some(parent) = function.parent {
            engine.surrounds[parent.0 as usize] = true;
            engine.inside.entry(parent).or_default().push(FunctionId(index as u32));
        }
    }
    for class in &program.classes {
        if let Some(body) = class.body {
            engine.surrounds[body.0 as usize] = true;
        }
    }
    // Other files see the variables of the top level.
    engine.surrounds[0] = true;
    // Parents come before the functions inside them, so that these see all that their variables may hold.
    for _ in 0..MOST_ROUNDS {
        for index in 0..count {
            engine.settle(FunctionId(index as u32));
        }
        // What a function read before an inner one or a later method wrote it is read again.
        let again = engine.again.take(&engine.inside);
        if again.is_empty() || engine.left == 0 {
            break;
        }
        engine.fresh.clear();
        for id in again {
            engine.summaries[id.0 as usize] = summary::Slot::New;
        }
        for id in engine.again.deepest_first() {
            engine.settle(id);
        }
    }
    let module = engine.module();
    Outcome {
        cut: engine.left == 0 || engine.large,
        module,
        hits: engine.hits.into_values().collect(),
        constants: engine.constants,
    }
}

/// What several functions share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    /// A variable of a function, for the functions inside it.
    Variable(FunctionId, Name),
    /// A field of a class.
    Field(ClassId, Name),
    /// A member of an object that a library hands out.
    Member(NodeId, Name),
}

struct Engine<'a> {
    program: &'a Program,
    text: &'a str,
    path: &'a str,
    language: Language,
    scope: Scope<'a>,
    foreign: foreign::Foreign,
    constants: HashSet<Span>,
    /// Functions that called themselves while they were analysed.
    recursive: FxHashSet<FunctionId>,
    /// Of such a function while it is analysed again: what it was found to be.
    provisional: FxHashMap<FunctionId, Rc<Summary>>,
    pending: BTreeMap<(Origin, Target, Span, Via), Pending>,
    table: &'a Table,
    models: &'a Models,
    rules: &'a [TaintRule],
    /// Of each function: all that its variables ever hold, for the functions inside it.
    variables: Vec<FxHashMap<Name, Abstract>>,
    /// What variables of the top level may hold beside what they are known to be.
    others: Vec<(Name, value::Known)>,
    /// What all names of may be variables of the file: `from os import *`.
    stars: Vec<value::Known>,
    /// Classes with a base of which nothing is known.
    open_classes: FxHashSet<ClassId>,
    /// Whether a function has functions inside it.
    surrounds: Vec<bool>,
    handlers: FxHashMap<FunctionId, &'a Handler>,
    /// Handlers whose route is a constant.
    fixed_routes: FxHashSet<FunctionId>,
    /// Parameters of handlers that a framework has made numbers and the like of.
    converted: FxHashSet<(FunctionId, Name)>,
    /// Handlers of frameworks that make nothing of the types of parameters.
    unconverted: FxHashSet<FunctionId>,
    /// Handlers whose first parameter, or a member of it, holds data that fits a schema.
    shaped: FxHashMap<FunctionId, Vec<(&'a str, Rc<schema::Shape>)>>,
    /// The options of the command line that the file declares, and the kinds that each is clean for.
    options: FxHashMap<Rc<str>, Kinds>,
    /// Whether the function being analysed serves one.
    fixed_route: bool,
    /// What the fields of a class's instances ever hold.
    fields: FxHashMap<(ClassId, Name), Abstract>,
    /// What the models call an instance of a class's base.
    bases: FxHashMap<ClassId, NodeId>,
    /// What the bases of a class are, as far as it is known.
    class_bases: FxHashMap<ClassId, Vec<value::Known>>,
    /// The functions right inside a function.
    inside: FxHashMap<FunctionId, Vec<FunctionId>>,
    summaries: Vec<summary::Slot>,
    /// What the parameters of a function are in all calls of it that were seen; [`value::Known::Any`] when they differ.
    given: FxHashMap<(FunctionId, u32), value::Known>,
    /// What members of objects that a library hands out are set to: `request.user = ..`, by the object and the way.
    kept: FxHashMap<(NodeId, Box<str>), Abstract>,
    /// What a variable that is written once holds where a function is made, when a test has made it cleaner.
    snapshots: FxHashMap<(FunctionId, Name), Abstract>,
    /// The events of emitters, by name.
    events: FxHashMap<Rc<str>, script::Events>,
    /// Names of JavaScript that are written and nowhere declared: variables of everything.
    undeclared: FxHashSet<Name>,
    /// Fields that methods write with something computed.
    derived: FxHashSet<Name>,
    /// What is written at keys that are computed, and what something computed is put into.
    keyed: FxHashSet<Name>,
    filled: FxHashSet<Name>,
    /// How often a variable of a function is written.
    written: FxHashMap<(FunctionId, Name), u32>,
    said: std::cell::RefCell<export::Said>,
    /// How deep calls of parameters are being followed.
    calling: u32,
    /// Who has read what functions share, and has to read it again.
    again: again::Again,
    /// Functions that were followed after all of the function around them was.
    fresh: FxHashSet<FunctionId>,
    depth: u32,
    left: u64,
    /// Whether a function was too large to be followed to its end.
    large: bool,
    hits: BTreeMap<(usize, Span), Hit>,
}

impl Engine<'_> {
    /// Takes a step; false when none is left.
    fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn text_of(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn summary_of(&mut self, id: FunctionId) -> Option<Rc<Summary>> {
        self.summarise(id)
    }
}
