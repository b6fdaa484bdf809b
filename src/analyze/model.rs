//! Compiles the models of a language into one tree of paths, so that following `flask.request.args` in a program is a
//! step a member: a value whose path is in no model costs nothing.

mod compile;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::flow::charset::Dangers;
use super::flow::schema::Shaping;
use crate::error::{Error, ErrorKind, Result};
use crate::rule::{Expression, Hands, Model, Part, Requirement, RuleSet, Slot};

/// A set of sink kinds, or of source kinds.
pub(super) type Kinds = u64;

/// Every sink kind.
pub(super) const ANY: Kinds = u64::MAX;

/// A node of the tree: a path such as `subprocess.run()`.
pub(super) type NodeId = u32;

const NAMED: NodeId = 0;
const UNKNOWN: NodeId = 1;
const ANYTHING: NodeId = 2;

/// Kinds that are part of another: a program that is chosen, beside a command line that a shell reads; a module that is
/// chosen, beside code; a path that an archive chooses, beside any other.
const NARROWER: &[(&str, &str)] = &[("command", "program"), ("code", "module"), ("path", "entry")];

/// The names of kinds; the place of one is its bit.
#[derive(Debug, Default, Clone)]
pub(super) struct KindNames(Vec<String>);

impl KindNames {
    /// The bit of a kind; `None` past 64 of them.
    pub(super) fn bit(&mut self, name: &str) -> Option<Kinds> {
        if name == "any" {
            return Some(ANY);
        }
        let index = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        (index < 64).then(|| 1 << index)
    }

    /// The bits of a kind and of the narrower kinds that what cleans it also cleans.
    fn bits(&self, name: &str) -> Option<Kinds> {
        let narrower = NARROWER.iter().filter(|(broad, _)| *broad == name);
        narrower.map(|(_, narrow)| *narrow).chain([name]).try_fold(0, |all, name| Some(all | self.get(name)?))
    }

    /// The bit of a kind that something names.
    pub(super) fn get(&self, name: &str) -> Option<Kinds> {
        if name == "any" {
            return Some(ANY);
        }
        self.0.iter().position(|known| known == name).filter(|index| *index < 64).map(|index| 1 << index)
    }

    /// The name of a single bit.
    pub(super) fn name(&self, kind: Kinds) -> &str {
        self.0.get(kind.trailing_zeros() as usize).map_or("", String::as_str)
    }
}

/// A call or assignment that data must not reach.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    /// Its kind.
    pub(super) kind: Kinds,
    /// The arguments that must be clean.
    pub(super) slots: Vec<Slot>,
    /// Whether they are command lines as lists.
    pub(super) argv: bool,
    /// Whether of a list or tuple only the first element counts.
    pub(super) first: bool,
    /// Whether of a list of messages only what the system is told counts.
    pub(super) system: bool,
    /// What keywords must be.
    pub(super) requirements: Vec<Requirement>,
}

/// A test after which a value is clean.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The kinds it cleans.
    pub(super) kinds: Kinds,
    /// Which part of the call is cleaned.
    pub(super) slot: Slot,
    /// Whether it cleans where the test does not hold.
    pub(super) negated: bool,
    /// Only what is clean for these already.
    pub(super) after: Kinds,
    /// What the arguments of the test must be.
    pub(super) requirements: Vec<Requirement>,
}

/// A test for a text in a value.
#[derive(Debug, Clone)]
pub(super) struct Contains {
    pub(super) text: String,
    /// The kinds it cleans, where it does not hold when it is negated.
    pub(super) kinds: Kinds,
    pub(super) negated: bool,
    /// Only what is clean for these already.
    pub(super) after: Kinds,
}

/// A call of something that calls the function that it is given.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub(super) hands: Hands,
    /// The function.
    pub(super) function: Slot,
    /// Where its arguments are.
    pub(super) arguments: Vec<Slot>,
    pub(super) requirements: Vec<Requirement>,
}

/// What a call is when its arguments are as required.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditional {
    pub(super) requirements: Vec<Requirement>,
    /// The kind of source its result is.
    pub(super) source: Kinds,
    /// Kinds that its result is clean for.
    pub(super) cleans: Kinds,
    /// What its result is.
    pub(super) becomes: Option<NodeId>,
}

/// A `[[handler]]`, compiled.
#[derive(Debug, Clone, Default)]
pub(super) struct Handler {
    /// The types of its parameters by position.
    pub(super) parameters: Vec<Option<NodeId>>,
    /// The source kind of the others.
    pub(super) rest: Option<Kinds>,
    /// Whether a schema says what the others are.
    pub(super) typed: bool,
    /// The sink kind of its result.
    pub(super) result: Option<Kinds>,
    /// Where its call is given schemas, and the member of the first parameter whose data fits them.
    pub(super) schemas: Vec<(String, String)>,
}

/// One path of the models.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The path as models write it.
    pub(super) path: String,
    members: HashMap<Box<str>, NodeId>,
    call: Option<NodeId>,
    becomes: Option<NodeId>,
    /// Nothing for most: they lead to others.
    said: Option<Box<Said>>,
}

impl Node {
    fn say(&mut self) -> &mut Said {
        self.said.get_or_insert_default()
    }
}

impl std::ops::Deref for Node {
    type Target = Said;

    fn deref(&self) -> &Said {
        static NOTHING: Said = Said::nothing();
        self.said.as_deref().unwrap_or(&NOTHING)
    }
}

/// What the models say of a path.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The kind of source it is, 0 for none.
    pub(super) source: Kinds,
    /// The sink kinds it is clean for while nothing is taken out of it or put before it.
    pub(super) whole: Kinds,
    /// Of a call: what it is when its arguments are as required.
    pub(super) conditional: Vec<Conditional>,
    /// Of a call: its sinks.
    pub(super) sinks: Vec<Sink>,
    /// Of a member: sinks that an assignment to it reaches.
    pub(super) assigned: Vec<Sink>,
    /// Of a call: kinds that its result is clean for.
    pub(super) cleans: Kinds,
    /// Of a call: arguments, and the kinds that the data of each is clean for in its result.
    pub(super) cleans_of: Vec<(Slot, Kinds)>,
    /// Of a call: whether it yields what it is given though it is a sink.
    pub(super) passes: bool,
    /// Of a call: whether it does not come back.
    pub(super) exits: bool,
    /// Of a call: the arguments that are true when it comes back.
    pub(super) asserts: Vec<Slot>,
    /// Of a call: the functions that it calls.
    pub(super) schedules: Vec<Schedule>,
    /// Of a call of a method: what its receiver becomes.
    pub(super) turns: Vec<(Vec<Requirement>, NodeId)>,
    /// Of a call: kinds that its result is no longer clean for.
    pub(super) undoes: Kinds,
    /// Sink kinds that its data is clean for where it equals a constant.
    pub(super) compared: Kinds,
    /// Of a call: what it tests.
    pub(super) guards: Vec<Guard>,
    /// Of a decorator, call or assigned member: what it makes of a function, and what its arguments must be.
    pub(super) handlers: Vec<(Vec<Requirement>, Handler)>,
    /// Of a call that makes a schema, or of a base class: kinds that its data is clean for.
    pub(super) schema: Kinds,
    /// What it does with schemas.
    pub(super) shapings: Vec<Shaping>,
}

impl Said {
    const fn nothing() -> Self {
        Said {
            source: 0,
            whole: 0,
            conditional: Vec::new(),
            sinks: Vec::new(),
            assigned: Vec::new(),
            cleans: 0,
            cleans_of: Vec::new(),
            passes: false,
            exits: false,
            asserts: Vec::new(),
            undoes: 0,
            compared: 0,
            guards: Vec::new(),
            handlers: Vec::new(),
            schedules: Vec::new(),
            turns: Vec::new(),
            schema: 0,
            shapings: Vec::new(),
        }
    }
}

/// What a file exports for a framework to call.
#[derive(Debug)]
struct Export {
    name: String,
    paths: Vec<String>,
    handler: Handler,
}

/// The models of one language.
#[derive(Debug)]
pub(super) struct Table {
    nodes: Vec<Node>,
    /// Texts that a guard looks for in a value.
    pub(super) contains: Vec<Contains>,
    exports: Vec<Export>,
    directives: HashMap<String, Handler>,
    /// Where functions stand in object literals that a library calls, outermost name first.
    pub(super) objects: Vec<(Vec<String>, Handler)>,
    /// The names that an object must have for that.
    pub(super) object_names: HashSet<String>,
}

/// The models of all languages, and the kinds they name.
#[derive(Debug, Default)]
pub(super) struct Models {
    rules: Arc<RuleSet>,
    /// By language; compiled when a text of it is first seen.
    tables: BTreeMap<String, OnceLock<Result<Table, String>>>,
    /// Sink kinds.
    pub(super) sinks: KindNames,
    /// Source kinds.
    pub(super) sources: KindNames,
    /// The sink kinds that choose where a request or a browser goes: what stands behind a constant host is clean.
    pub(super) location: Kinds,
    /// The sink kind of an address in a page: only what stands at its start can make it a script.
    pub(super) address: Kinds,
    /// The sink kind of text that is markup only when it starts with `<`.
    pub(super) markup: Kinds,
    /// The sink kind of a write into an object that data chose.
    pub(super) prototype: Kinds,
    /// And of one into an object that a caller gives.
    pub(super) prototype_object: Kinds,
    /// Of what is not `__proto__`, and not `constructor`.
    pub(super) proto_name: Kinds,
    pub(super) constructor_name: Kinds,
    /// The source kind of the keys of a parameter's value.
    pub(super) key: Kinds,
    /// The source kind of a request's route, which is no source where the route is a constant.
    pub(super) route: Kinds,
    /// The sink kind of a script that is part of a query.
    pub(super) query_code: Kinds,
    /// The sink kind of a program that is run without a shell.
    pub(super) program: Kinds,
    /// The sink kinds that need an object: a text is clean for them.
    pub(super) object_kinds: Kinds,
    /// The sink kind of objects whose fields data chooses.
    pub(super) assignment: Kinds,
    /// The sink kind of paths, and the pseudo kind of those without detours.
    pub(super) path: Kinds,
    pub(super) normal_path: Kinds,
    /// The sink kind of a path that an archive chooses.
    pub(super) entry: Kinds,
    /// The pseudo kinds of paths that cannot be absolute, and of those without `..`: what is both stays in its folder.
    pub(super) relative: Kinds,
    pub(super) no_dots: Kinds,
    /// The sink kind of XPath expressions, and the pseudo kinds of texts without `'` and without `"`: between two of
    /// these such a text is one literal, for XPath knows no escapes.
    pub(super) xpath: Kinds,
    pub(super) unquoted: [Kinds; 2],
    /// The sink kinds whose sinks yield something made of what they were given: a formatted text, a parsed document.
    pub(super) carried: Kinds,
    /// The sink kinds that what a service answers is clean for: a record, not the text that it was asked with.
    pub(super) answered: Kinds,
    /// The source kind of the environment: whoever runs the program chooses it, and no one who sends it a request.
    pub(super) env: Kinds,
    /// The characters that matter to the sink kinds.
    pub(super) dangers: Dangers,
}

/// Whether a function of that name asks a store or another program for something, so that what it yields is an answer.
pub(super) fn asks(name: &str) -> bool {
    #[rustfmt::skip]
    const VERBS: &[&str] = &[
        "find", "get", "load", "fetch", "create", "save", "update", "insert", "upsert", "delete", "remove", "query",
        "list", "search", "count", "verify", "check", "exchange", "login", "register", "authenticate", "authorize",
        "store", "lookup", "select", "publish",
    ];
    const TEXTS: &[&str] =
        &["html", "page", "markup", "markdown", "template", "view", "message", "text", "content", "body"];
    let lower = name.to_ascii_lowercase();
    let begins = |verb: &&str| {
        name.strip_prefix(*verb).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    VERBS.iter().any(begins) && !TEXTS.iter().any(|text| lower.contains(text))
}

impl Models {
    /// Reads which kinds the models of `rules` name. Errors: there are more than 64 kinds.
    pub(super) fn new(rules: Arc<RuleSet>) -> Result<Self> {
        let mut all = Models { rules: Arc::clone(&rules), ..Models::default() };
        all.location = ["ssrf", "redirect"].iter().filter_map(|kind| all.sinks.bit(kind)).sum();
        all.program = all.sinks.bit("program").unwrap_or(0);
        all.query_code = all.sinks.bit("nosql-code").unwrap_or(0);
        all.address = all.sinks.bit("url").unwrap_or(0);
        all.markup = all.sinks.bit("markup").unwrap_or(0);
        all.prototype = all.sinks.bit("prototype").unwrap_or(0);
        all.prototype_object = all.sinks.bit("prototype-object").unwrap_or(0);
        all.proto_name = all.sinks.bit("not-proto").unwrap_or(0);
        all.constructor_name = all.sinks.bit("not-constructor").unwrap_or(0);
        all.key = all.sources.bit("key").unwrap_or(0);
        all.route = all.sources.bit("http-route").unwrap_or(0);
        all.env = all.sources.bit("env").unwrap_or(0);
        all.path = all.sinks.bit("path").unwrap_or(0);
        all.entry = all.sinks.bit("entry").unwrap_or(0);
        all.normal_path = all.sinks.bit("normal-path").unwrap_or(0);
        all.relative = all.sinks.bit("relative").unwrap_or(0);
        all.no_dots = all.sinks.bit("no-dots").unwrap_or(0);
        all.xpath = all.sinks.bit("xpath").unwrap_or(0);
        all.unquoted = ["no-apostrophe", "no-quote"].map(|kind| all.sinks.bit(kind).unwrap_or(0));
        let carried = ["format", "regex", "prototype", "assignment", "deserialise", "xxe"];
        all.carried = carried.iter().filter_map(|kind| all.sinks.bit(kind)).sum();
        let answered = ["html", "inner-html", "markup", "log", "header", "session"];
        all.answered = answered.iter().filter_map(|kind| all.sinks.bit(kind)).sum();
        all.assignment = all.sinks.bit("assignment").unwrap_or(0);
        all.object_kinds = ["nosql", "assignment"].iter().filter_map(|kind| all.sinks.bit(kind)).sum();
        for model in &rules.models {
            all.name_kinds(model).ok_or_else(|| Error::new(ErrorKind::Settings, said_of(model, MANY)))?;
            all.tables.entry(model.language.clone()).or_default();
        }
        all.dangers = Dangers::new(&all.sinks);
        Ok(all)
    }

    /// Gives every kind that a model names its bit; `None` past 64 of them.
    fn name_kinds(&mut self, model: &Model) -> Option<()> {
        for kind in model.source.keys().chain(model.handler.iter().filter_map(|one| one.rest.as_ref())) {
            self.sources.bit(kind)?;
        }
        let cleaning = [&model.whole, &model.undo, &model.clean, &model.guard, &model.schema];
        let cleaning = cleaning.into_iter().flat_map(BTreeMap::keys).flat_map(|kind| kind.split(" after "));
        let results = model.handler.iter().filter_map(|one| one.result.as_deref());
        for kind in model.sink.keys().map(String::as_str).chain(cleaning).chain(results) {
            self.sinks.bit(kind)?;
            for (_, narrow) in NARROWER.iter().filter(|(broad, _)| *broad == kind) {
                self.sinks.bit(narrow)?;
            }
        }
        Some(())
    }

    /// Compiles the models of every language now. Errors: an expression is wrong.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = self.tables.keys().find_map(|language| self.wrong(language));
        wrong.map_or(Ok(()), |why| Err(Error::new(ErrorKind::Settings, why)))
    }

    /// The models of a language ("python", "javascript"); `None` of one that has none, or wrong ones.
    pub(super) fn table(&self, language: &str) -> Option<&Table> {
        self.compiled(language)?.as_ref().ok()
    }

    /// Why there are no models of a language that has some.
    pub(super) fn wrong(&self, language: &str) -> Option<&str> {
        self.compiled(language)?.as_ref().err().map(String::as_str)
    }

    fn compiled(&self, language: &str) -> Option<&Result<Table, String>> {
        let read = || {
            let mut table = Table::default();
            for model in self.rules.models.iter().filter(|model| model.language == language) {
                table.add(model, &self.sinks, &self.sources).map_err(|why| said_of(model, &why))?;
            }
            Ok(table)
        };
        self.tables.get(language).map(|table| table.get_or_init(read))
    }
}

const MANY: &str = "more than 64 kinds: use fewer";

fn said_of(model: &Model, why: &str) -> String {
    format!("model {}/{}: {why}", model.language, model.library)
}

impl Default for Table {
    fn default() -> Self {
        let root = |path: &str| Node { path: path.to_owned(), ..Node::default() };
        Table {
            nodes: vec![root(""), root("~"), root("*")],
            contains: Vec::new(),
            exports: Vec::new(),
            directives: HashMap::new(),
            objects: Vec::new(),
            object_names: HashSet::new(),
        }
    }
}

impl Table {
    /// A node.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// What an import path leads to: `flask.request`. `lodash/escape.js` is `lodash/escape`, and that what the package
    /// has under this name.
    pub(super) fn import(&self, path: &str) -> Option<NodeId> {
        let lead = |path: &str| path.split('.').try_fold(NAMED, |node, name| self.member(node, name));
        let bare = [".js", ".mjs", ".cjs"].iter().find_map(|ending| path.strip_suffix(ending));
        let bare = bare.unwrap_or(path);
        lead(path).or_else(|| lead(bare)).or_else(|| {
            let (package, name) = bare.rsplit_once('/').filter(|_| !bare.starts_with('.'))?;
            lead(package).and_then(|node| self.member(node, name))
        })
    }

    /// A global of the language.
    pub(super) fn global(&self, name: &str) -> Option<NodeId> {
        self.member(NAMED, name)
    }

    /// A value of that name and of unknown origin.
    pub(super) fn unknown(&self, name: &str) -> Option<NodeId> {
        self.member(UNKNOWN, name)
    }

    /// The member of a value that no model knows.
    pub(super) fn anything(&self, name: &str) -> Option<NodeId> {
        self.member(ANYTHING, name)
    }

    /// What a framework makes of the function that the file at `path` exports under a name.
    pub(super) fn exported(&self, path: &str, name: &str) -> Option<&Handler> {
        let rooted = format!("/{path}");
        let serves = |export: &&Export| {
            export.name == name
                && (export.paths.is_empty() || export.paths.iter().any(|pattern| fits(pattern, &rooted)))
        };
        self.exports.iter().find(serves).map(|export| &export.handler)
    }

    /// What a framework makes of a function at whose head a directive stands.
    pub(super) fn directed(&self, directive: &str) -> Option<&Handler> {
        self.directives.get(directive)
    }

    /// The member of a value that no model knows, when members of its own are known: `*.objects` of `*.objects.raw`.
    pub(super) fn anything_on_the_way(&self, name: &str) -> Option<NodeId> {
        self.anything(name).filter(|node| !self.node(*node).members.is_empty())
    }

    /// Whether all that is said of a call is which functions it calls.
    pub(super) fn schedules_alone(&self, node: NodeId) -> bool {
        let node = self.node(node);
        let leads = !node.members.is_empty() || node.call.is_some() || node.becomes.is_some();
        let kinds = node.source | node.cleans | node.undoes | node.whole;
        let none = node.sinks.is_empty()
            && node.handlers.is_empty()
            && node.guards.is_empty()
            && node.conditional.is_empty()
            && node.turns.is_empty();
        !node.schedules.is_empty() && !leads && kinds == 0 && none && !node.passes && !node.exits
    }

    /// The node that models write so.
    pub(super) fn written(&self, path: &str) -> Option<NodeId> {
        let parts = Expression::parse(path).ok()?.parts;
        [NAMED, UNKNOWN, ANYTHING].into_iter().find_map(|root| {
            parts.iter().try_fold(root, |node, part| match part {
                Part::Member(name) => self.member(node, name),
                Part::Call => self.call(node),
            })
        })
    }

    /// `node.name`
    pub(super) fn member(&self, node: NodeId, name: &str) -> Option<NodeId> {
        self.node(self.canonical(node)).members.get(name).copied()
    }

    /// `node()`
    pub(super) fn call(&self, node: NodeId) -> Option<NodeId> {
        self.node(self.canonical(node)).call
    }

    /// What the value at a node is: the call of `connect()` keeps sinks of its own, what it yields is a connection.
    pub(super) fn canonical(&self, node: NodeId) -> NodeId {
        let mut node = node;
        // Types of types are few; a circle of them ends here.
        for _ in 0..4 {
            match self.node(node).becomes {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}

/// Whether a text is what a pattern says, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            match rest.find(before) {
                Some(at) => rest = &rest[at + before.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}
