//! Schemas: values that say what data is like once they have checked or converted it, as zod, Joi and serialisers do.
//!
//! A schema is a value like any other, of a type of its library, and carries its [`Shape`] as a part that no program can
//! name. Models say which calls make one and of what; data that goes through one comes out as the shape says.

use std::rc::Rc;

use super::Engine;
use super::charset::Extent;
use super::function::Frame;
use super::value::{Abstract, Key, Known, Parts};
use crate::analyze::ir::{Argument, ClassId, End, Name, Op, Pass, Span, Value};
use crate::analyze::model::{ANY, Handler, Kinds, NodeId};
use crate::rule::{Requirement, Slot};

/// A schema has so many fields.
const MOST_FIELDS: usize = 256;

/// Data that goes through one schema is taken apart in so many steps; what is left then is as it came.
const MOST_STEPS: usize = 1024;

/// A schema is made of so many others, each counted as often as it is in it.
const MOST_PARTS: usize = 4096;

/// Schemas within schemas are followed so deep.
const DEEPEST: u32 = 6;

/// Chains of members are followed so far to the call that they begin with.
const LONGEST: u32 = 12;

/// What a call, member or base class of a library has to do with schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analyze) enum Role {
    Fields,
    Elements,
    Either,
    Every,
    Is,
    Pattern,
    Tested,
    Then,
    Open,
    Anything,
    /// And the member that the data is in.
    Data(Option<String>),
    Answer,
    Given,
    /// And whether the default of an option says of what type it is.
    Option(bool),
    Options,
}

impl Role {
    /// Reads what a model calls it.
    pub(in crate::analyze) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "fields" => Role::Fields,
            "elements" => Role::Elements,
            "either" => Role::Either,
            "every" => Role::Every,
            "is" => Role::Is,
            "pattern" => Role::Pattern,
            "tested" => Role::Tested,
            "then" => Role::Then,
            "open" => Role::Open,
            "anything" => Role::Anything,
            "data" => Role::Data(None),
            "answer" => Role::Answer,
            "given" => Role::Given,
            "option" => Role::Option(false),
            "typed option" => Role::Option(true),
            "options" => Role::Options,
            _ => match text.strip_prefix("data in ") {
                Some(member) => Role::Data(Some(member.to_owned())),
                None => return Err(format!("`{text}` is nothing that a call does with schemas")),
            },
        })
    }
}

/// What a call does with schemas.
#[derive(Debug, Clone)]
pub(in crate::analyze) struct Shaping {
    pub(super) role: Role,
    pub(super) slots: Vec<Slot>,
    pub(super) requirements: Vec<Requirement>,
}

impl Shaping {
    /// What it does.
    pub(in crate::analyze) fn role(&self) -> &Role {
        &self.role
    }

    pub(in crate::analyze) fn new(role: Role, slots: Vec<Slot>, requirements: Vec<Requirement>) -> Self {
        Shaping { role, slots, requirements }
    }
}

/// What data is like after it went through a schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A schema of a library of which no more is known: no object with operators in it, as most are.
    Unknown,
    /// Clean for some kinds.
    Clean(Kinds),
    /// An object of these fields, and whether it may have others.
    Object(Vec<(Rc<str>, Rc<Shape>)>, bool),
    /// A list.
    List(Rc<Shape>),
    /// Any of these.
    Either(Vec<Rc<Shape>>),
    /// What a function makes of it.
    Then(Rc<Shape>, Box<Abstract>),
    /// An object of a class of the file with typed fields.
    Record(ClassId),
}

/// The key of what an object has besides the fields that are known.
pub(super) fn others() -> Key {
    Key::Member("".into())
}

/// Whether a key stands for all those that an object has besides the ones that are known.
pub(super) fn is_others(key: &Key) -> bool {
    matches!(key, Key::Member(name) if name.is_empty())
}

/// The shape that a value carries.
pub(super) fn carried(value: &Abstract) -> Option<&Rc<Shape>> {
    value.parts.as_deref()?.known.iter().rev().find_map(|(_, part)| match &part.known {
        Known::Shape(shape) => Some(shape),
        _ => None,
    })
}

fn carrying(value: Abstract, shape: Rc<Shape>) -> Abstract {
    let shape = if shape.is_heavy(&mut { MOST_PARTS }) { Rc::new(Shape::Clean(0)) } else { shape };
    value.with(Some(Key::Member("shape".into())), Abstract::known(Known::Shape(shape)))
}

impl Shape {
    /// Whether it is made of more shapes than are followed.
    fn is_heavy(&self, left: &mut usize) -> bool {
        if *left == 0 {
            return true;
        }
        *left -= 1;
        match self {
            Shape::Unknown | Shape::Clean(_) | Shape::Record(_) => false,
            Shape::Object(fields, _) => fields.iter().any(|(_, field)| field.is_heavy(left)),
            Shape::List(inner) | Shape::Then(inner, _) => inner.is_heavy(left),
            Shape::Either(options) => options.iter().any(|option| option.is_heavy(left)),
        }
    }
}

/// A shape whose data is clean for more kinds.
fn tighter(shape: Option<Rc<Shape>>, kinds: Kinds) -> Option<Rc<Shape>> {
    if kinds == 0 {
        return shape;
    }
    match shape.as_deref() {
        None | Some(Shape::Unknown) => Some(Rc::new(Shape::Clean(kinds))),
        Some(Shape::Clean(before)) => Some(Rc::new(Shape::Clean(before | kinds))),
        Some(Shape::Either(options)) => {
            let options = options.iter().filter_map(|option| tighter(Some(option.clone()), kinds));
            Some(Rc::new(Shape::Either(options.collect())))
        }
        _ => shape,
    }
}

/// The shape of data that fits both.
fn both(one: Option<Rc<Shape>>, other: Rc<Shape>) -> Rc<Shape> {
    match (one.as_deref(), &*other) {
        (None | Some(Shape::Unknown), _) => other,
        (Some(Shape::Object(first, open)), Shape::Object(second, also)) => {
            Rc::new(object(first, second, *open && *also))
        }
        // Of something that is not known to be a schema anything may come.
        (Some(_), Shape::Clean(0)) => other,
        (Some(_), Shape::Clean(kinds)) => tighter(one, *kinds).unwrap_or(other),
        // What a later step makes of it.
        (Some(Shape::Clean(_)), _) => other,
        (Some(_), _) => one.unwrap_or(other),
    }
}

/// A field of an object.
type Field = (Rc<str>, Rc<Shape>);

/// An object of the fields of both; those of the second count where both have one.
fn object(first: &[Field], second: &[Field], open: bool) -> Shape {
    let left = first.iter().filter(|(name, _)| !second.iter().any(|(other, _)| other == name));
    let mut fields: Vec<Field> = left.chain(second).cloned().collect();
    let many = fields.len() > MOST_FIELDS;
    fields.truncate(MOST_FIELDS);
    Shape::Object(fields, open || many)
}

impl<'a> Engine<'a> {
    /// A call that a model speaks of.
    pub(super) fn modelled(
        &mut self,
        frame: &mut Frame<'_>,
        node: NodeId,
        callee: Value,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let made = self.modelled_call(frame, node, callee, arguments, span);
        let said = self.table.node(node);
        let receiver = match frame.function.step(callee).op {
            Op::Member(object, _) => Some(frame.value(object).clone()),
            _ => None,
        };
        if said.schema == 0 && said.shapings.is_empty() {
            // A method that yields a schema like its receiver.
            let own = arguments.iter().all(|argument| self.ours(frame.value(argument.value)));
            return match (&made.known, receiver) {
                (Known::Path(to), Some(receiver)) if own && self.same_type(*to, &receiver) => {
                    carried(&receiver).cloned().map_or(made.clone(), |shape| carrying(made, shape))
                }
                _ => made,
            };
        }
        // What a schema of a library asks for, where that is not known.
        let some = match &receiver {
            Some(Abstract { known: Known::Path(_), .. }) => Some(Rc::new(Shape::Unknown)),
            _ => None,
        };
        let before = receiver.and_then(|receiver| self.shape_of(&receiver, 0));
        // A list or constant that somebody else has chosen allows whatever that is.
        let own = arguments.iter().all(|argument| self.ours(frame.value(argument.value)));
        let mut shape = match (own, said.schema) {
            (_, 0) => before.clone(),
            (true, kinds) => tighter(before.clone(), kinds),
            (false, _) => Some(Rc::new(Shape::Clean(0))),
        };
        for shaping in &said.shapings {
            if !shaping.requirements.iter().all(|it| self.holds(frame, it, arguments)) {
                continue;
            }
            let filling = shaping.slots.iter().flat_map(|slot| self.filling(slot, arguments));
            let given: Vec<Abstract> = filling.map(|it| frame.value(it.value).clone()).collect();
            match &shaping.role {
                Role::Data(member) => {
                    let (schema, data) = match (shaping.slots.len(), given.as_slice()) {
                        (2, [schema, data]) => (self.shape_of(schema, 0), data),
                        (1, [data]) => (before.clone().or(some), data),
                        (0, _) => (before.clone().or_else(|| self.shape_of_method(frame, callee)), &made),
                        _ => return made,
                    };
                    let Some(schema) = schema else { return made };
                    if member.as_deref().is_some_and(|it| it != "data") && !self.asks_for_errors(frame) {
                        // The data is there whether it fits or not.
                        return made;
                    }
                    let data = self.conforming(frame, &schema, data, 0, &mut { MOST_STEPS });
                    return match member {
                        Some(member) => {
                            let result = Parts { complete: true, ..Parts::default() };
                            Abstract::holding(result).with(Some(Key::Text(member.as_str().into())), data)
                        }
                        None => data,
                    };
                }
                Role::Answer => {
                    let Some(schema) = given.first().and_then(|schema| self.shape_of(schema, 0)) else {
                        continue;
                    };
                    return self.conforming(frame, &schema, &made, 0, &mut { MOST_STEPS });
                }
                Role::Option(typed) => {
                    if let Some((name, kinds)) = self.option_declared(frame, arguments, *typed) {
                        *self.options.entry(name).or_insert(ANY) &= kinds;
                    }
                }
                role => shape = self.shaped_by(role, shape, &given, shaping.slots.is_empty()),
            }
        }
        match shape {
            Some(shape) => carrying(made, shape),
            None => made,
        }
    }

    fn shaped_by(
        &mut self,
        role: &Role,
        shape: Option<Rc<Shape>>,
        given: &[Abstract],
        alone: bool,
    ) -> Option<Rc<Shape>> {
        let first = given.first();
        let of_first = first.and_then(|first| self.shape_of(first, 0));
        match role {
            Role::Fields => {
                // `Joi.object()`: of any fields.
                let Some(first) = first else { return shape };
                let (added, others) = match of_first.as_deref() {
                    Some(Shape::Object(fields, open)) => (fields.clone(), *open),
                    _ => self.fields_of(first, 0),
                };
                let (fields, open): (&[Field], bool) = match shape.as_deref() {
                    Some(Shape::Object(fields, open)) => (fields, *open),
                    _ => (&[], false),
                };
                Some(Rc::new(object(fields, &added, open || others)))
            }
            Role::Elements if alone => Some(Rc::new(Shape::List(shape.unwrap_or(Rc::new(Shape::Unknown))))),
            Role::Elements => {
                Some(Rc::new(Shape::List(first.map_or(Rc::new(Shape::Unknown), |it| self.told(it, 0)))))
            }
            Role::Either => {
                let options: Vec<_> = shape.into_iter().chain(self.options_of(given, false)).collect();
                let clean = options.iter().try_fold(ANY, |all, option| match **option {
                    Shape::Clean(kinds) => Some(all & kinds),
                    _ => None,
                });
                Some(Rc::new(clean.map_or(Shape::Either(options), Shape::Clean)))
            }
            // One of several steps of a pipe may say nothing: `minLength(1)`.
            Role::Every => self
                .options_of(given, given.len() > 1)
                .into_iter()
                .fold(shape, |all, one| Some(both(all, one))),
            Role::Is => Some(match first {
                Some(first) => self.told(first, 0),
                None => shape.unwrap_or(Rc::new(Shape::Unknown)),
            }),
            Role::Pattern => {
                let pattern = match first.map(|first| &first.known) {
                    Some(Known::Pattern(pattern)) => pattern.to_string(),
                    Some(Known::Text(text)) => format!("/{text}/"),
                    _ => return shape,
                };
                tighter(shape, self.models.dangers.tested(&pattern, Extent::Anywhere, true))
            }
            Role::Tested => {
                let Some(Known::Function(id) | Known::Bound(id, _)) = first.map(|first| &first.known) else {
                    return shape;
                };
                let tests = self.summary_of(*id).and_then(|summary| summary.tests.first().copied());
                tighter(shape, tests.map_or(0, |tests| tests.holds))
            }
            Role::Then => {
                let function = Box::new(first.cloned().unwrap_or_default());
                Some(Rc::new(Shape::Then(shape.unwrap_or(Rc::new(Shape::Unknown)), function)))
            }
            Role::Open => match shape.as_deref() {
                Some(Shape::Object(fields, _)) => Some(Rc::new(Shape::Object(fields.clone(), true))),
                _ => shape,
            },
            Role::Anything => Some(Rc::new(Shape::Clean(0))),
            _ => shape,
        }
    }

    /// The schemas among what a call is given, those in a list too.
    fn options_of(&self, given: &[Abstract], steps: bool) -> Vec<Rc<Shape>> {
        let mut options = Vec::new();
        for value in given {
            match (&value.parts, self.shape_of(value, 0)) {
                (_, Some(shape)) => options.push(shape),
                (Some(parts), None) if parts.length.is_some() && parts.rest.is_none() => {
                    options.extend(parts.known.iter().map(|(_, part)| self.told(part, 0)));
                }
                (_, None) if steps && matches!(value.known, Known::Path(_)) => {}
                _ => options.push(self.told(value, 0)),
            }
        }
        if options.len() > MOST_FIELDS {
            options = vec![Rc::new(Shape::Clean(0))];
        }
        options
    }

    /// The schema that a value is, or what is known of it otherwise: a library's says something, if not what.
    fn told(&self, value: &Abstract, depth: u32) -> Rc<Shape> {
        let unknown = || match value.known {
            Known::Path(_) => Rc::new(Shape::Unknown),
            _ => Rc::new(Shape::Clean(0)),
        };
        self.shape_of(value, depth).unwrap_or_else(unknown)
    }

    /// Whether a function goes on in different ways by what a check has found: `if (error) return`.
    fn asks_for_errors(&self, frame: &Frame<'_>) -> bool {
        const FINDS: &[&str] = &["error", "errors", "success", "issues", "isError"];
        let finds = |value: Value| matches!(frame.function.step(value).op, Op::Member(_, name) if FINDS.contains(&self.program.names.text(name)));
        let held = |name: Name| {
            frame
                .function
                .steps
                .iter()
                .any(|step| matches!(step.op, Op::Store(to, value) if to == name && finds(value)))
        };
        frame.function.blocks.iter().any(|block| {
            let End::Branch(condition, ..) = block.end else { return false };
            let (asked, _) = self.meant(frame, condition, true);
            let asked = match frame.function.step(asked).op {
                Op::Binary(_, left, _) => left,
                _ => asked,
            };
            finds(asked) || matches!(frame.function.step(asked).op, Op::Load(name) if held(name))
        })
    }

    fn same_type(&self, node: NodeId, value: &Abstract) -> bool {
        matches!(value.known, Known::Path(other) if self.table.canonical(other) == self.table.canonical(node))
    }

    /// The fields of an object whose entries are schemas, and whether there may be others.
    fn fields_of(&self, value: &Abstract, depth: u32) -> (Vec<Field>, bool) {
        let Some(parts) = value.parts.as_deref() else { return (Vec::new(), true) };
        let named = parts.known.iter().filter_map(|(key, part)| match key {
            Key::Text(name) => Some((name.clone(), self.told(part, depth + 1))),
            _ => None,
        });
        let fields: Vec<Field> = named.collect();
        let open = !parts.complete || parts.rest.is_some() || fields.len() < parts.known.len();
        (fields, open)
    }

    /// What a value makes of data when it is a schema: one of a library, a class, an object of schemas.
    pub(super) fn shape_of(&self, value: &Abstract, depth: u32) -> Option<Rc<Shape>> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(shape) = carried(value) {
            return Some(shape.clone());
        }
        match value.known {
            Known::Path(node) => tighter(None, self.table.node(node).schema),
            Known::Class(class) => self.class_shape(class, depth),
            Known::Instance(class) => {
                let shape = self.class_shape(class, depth)?;
                let many = matches!(value.at(Some(&Key::Text("many".into()))).known, Known::Bool(true));
                Some(if many { Rc::new(Shape::List(shape)) } else { shape })
            }
            Known::Any => {
                let parts = value.parts.as_deref();
                let parts = parts.filter(|it| it.complete && it.length.is_none() && it.rest.is_none())?;
                if let Some(shape) = self.json_shape(value, depth) {
                    return Some(Rc::new(shape));
                }
                let schema = |(_, part): &(Key, Abstract)| self.shape_of(part, depth + 1).is_some();
                let all = !parts.known.is_empty() && parts.known.iter().all(schema);
                all.then(|| {
                    let (fields, open) = self.fields_of(value, depth);
                    Rc::new(Shape::Object(fields, open))
                })
            }
            _ => None,
        }
    }

    /// What a schema of JSON that is written out says: `{ type: "integer" }`.
    fn json_shape(&self, value: &Abstract, depth: u32) -> Option<Shape> {
        let at = |name: &str| {
            let parts = value.parts.as_deref()?;
            let found = parts.known.iter().find(|(key, _)| matches!(key, Key::Text(text) if **text == *name));
            found.map(|(_, part)| part)
        };
        let text = |name: &str| match at(name).map(|value| &value.known) {
            Some(Known::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let inner = |value: &Abstract| self.told(value, depth + 1);
        let fixed = |name: &str| at(name).is_some_and(|it| self.ours(it));
        Some(match &*text("type")? {
            "integer" | "number" | "boolean" | "null" => Shape::Clean(ANY),
            "string" if fixed("enum") || fixed("const") => Shape::Clean(ANY),
            "string" => {
                let exact = text("format").is_some_and(|it| matches!(&*it, "uuid" | "date" | "date-time"));
                let kinds = match (exact, text("pattern")) {
                    (true, _) => ANY,
                    (false, Some(pattern)) => {
                        self.models.dangers.tested(&format!("/{pattern}/"), Extent::Anywhere, true)
                    }
                    (false, None) => 0,
                };
                Shape::Clean(kinds | self.models.object_kinds)
            }
            "array" => Shape::List(at("items").map_or(Rc::new(Shape::Unknown), inner)),
            "object" => {
                let open = !at("additionalProperties").is_some_and(|it| it.known == Known::Bool(false))
                    || at("patternProperties").is_some();
                let (fields, others) =
                    at("properties").map_or((Vec::new(), false), |it| self.fields_of(it, depth));
                Shape::Object(fields, open || others)
            }
            _ => return None,
        })
    }

    /// Data as a schema makes it, clean for `kinds` besides.
    pub(super) fn conforming(
        &mut self,
        frame: &mut Frame<'_>,
        shape: &Shape,
        data: &Abstract,
        kinds: Kinds,
        left: &mut usize,
    ) -> Abstract {
        let flat = |kinds: Kinds| Abstract::tainted(data.all().cleaned(kinds));
        if *left == 0 {
            return flat(kinds);
        }
        *left -= 1;
        match shape {
            Shape::Unknown => flat(self.models.object_kinds | kinds),
            Shape::Clean(clean) => flat(clean | kinds),
            Shape::Object(fields, open) => {
                let mut made = Abstract::holding(Parts { complete: true, ..Parts::default() });
                // What a field is called was the program's choice.
                let kinds = if *open { kinds } else { kinds | self.models.assignment };
                for (name, shape) in fields {
                    let key = Key::Text(name.clone());
                    let part = part_of(data, Some(&key));
                    let part = self.conforming(frame, shape, &part, kinds, left);
                    made = made.with(Some(key), part);
                }
                if *open {
                    made = made.with(Some(others()), part_of(&flat(kinds), None));
                }
                made
            }
            Shape::List(inner) => {
                let each = part_of(data, None);
                let each = self.conforming(frame, inner, &each, kinds, left);
                Abstract::holding(Parts { rest: Some(Box::new(each.flat())), ..Parts::default() })
            }
            Shape::Either(options) => {
                let mut all = Abstract::default();
                for (index, option) in options.iter().enumerate() {
                    let one = self.conforming(frame, option, data, kinds, left);
                    all = if index == 0 { one } else { all.join(&one) };
                }
                all
            }
            Shape::Then(inner, function) => {
                let data = self.conforming(frame, inner, data, kinds, left);
                match function.known {
                    Known::Function(_) | Known::Bound(..) => {
                        let span = frame.function.step(Value(0)).span;
                        self.invoke(frame, function, &[data], span)
                    }
                    Known::Path(node) => {
                        let cleans = self.table.call(node).map_or(0, |call| self.table.node(call).cleans);
                        Abstract::tainted(data.all().cleaned(cleans))
                    }
                    _ => Abstract::tainted(data.all()),
                }
            }
            Shape::Record(class) => {
                let taint = data.all();
                let made = self.record_of(*class, &taint, left);
                made.unwrap_or_else(|| Abstract::tainted(taint.cleaned(kinds)))
            }
        }
    }

    /// A method of a schema that no model knows: `schema.min(1).describe("age")` is a schema still.
    pub(super) fn still_schema(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        arguments: &[Argument],
    ) -> Option<Abstract> {
        let Op::Member(object, _) = frame.function.step(callee).op else { return None };
        let held = frame.value(object);
        carried(held)?;
        self.handed(frame, arguments).is_empty().then(|| held.clone())
    }

    /// A member that holds data as a schema makes it: `serializer.validated_data`, `answer.parsed`; an option of the
    /// command line.
    pub(super) fn conforming_member(
        &mut self,
        frame: &mut Frame<'_>,
        object: Value,
        name: Name,
        value: Abstract,
    ) -> Abstract {
        let text = self.program.names.text(name);
        let plays = |engine: &Self, node: NodeId, role: &Role| {
            engine.table.node(node).shapings.iter().any(|it| it.role == *role)
        };
        if let Known::Path(node) = frame.value(object).known
            && plays(self, node, &Role::Options)
        {
            let kinds = self.options.get(text).copied().unwrap_or(0);
            return Abstract { taint: value.taint.cleaned(kinds), ..value };
        }
        let holder = match value.known {
            Known::Path(node) => Some(node),
            _ => self.table.anything(text),
        };
        if !holder.is_some_and(|node| plays(self, node, &Role::Data(None))) {
            return value;
        }
        let shape = self.shape_of(frame.value(object), 0).or_else(|| self.given_to(frame, object));
        match shape {
            Some(shape) => self.conforming(frame, &shape, &value, 0, &mut { MOST_STEPS }),
            None => value,
        }
    }

    /// The schema that a call was given for what it yields, of which `value` is a member.
    fn given_to(&self, frame: &Frame<'_>, value: Value) -> Option<Rc<Shape>> {
        let mut at = value;
        for _ in 0..LONGEST {
            at = match &frame.function.step(at).op {
                Op::Member(object, _) | Op::Index(object, _) => *object,
                Op::Load(name) => self.only_store(frame, *name)?,
                Op::Store(_, inner) | Op::Await(inner) | Op::Each(inner) => *inner,
                Op::Call { callee, arguments } => {
                    let node = match (&frame.value(*callee).known, &frame.function.step(*callee).op) {
                        (Known::Path(node), _) => self.table.call(*node)?,
                        (_, Op::Member(_, name)) => {
                            let node = self.table.anything(self.program.names.text(*name))?;
                            self.table.call(node)?
                        }
                        _ => return None,
                    };
                    let given = self.table.node(node).shapings.iter().filter(|it| it.role == Role::Given);
                    let schema = given
                        .flat_map(|it| &it.slots)
                        .flat_map(|slot| self.filling(slot, arguments))
                        .next()?;
                    return self.shape_of(frame.value(schema.value), 0);
                }
                _ => return None,
            };
        }
        None
    }

    /// Notes the schemas that the data of handlers fits: `tool({ inputSchema, execute })`.
    pub(super) fn handed_schemas(
        &mut self,
        frame: &Frame<'_>,
        handler: &'a Handler,
        callee: Value,
        arguments: &[Argument],
    ) {
        if handler.schemas.is_empty() {
            return;
        }
        let mut shapes = Vec::new();
        for (option, member) in &handler.schemas {
            let value = match (option.as_str(), option.parse()) {
                ("*", _) => {
                    let each = arguments.iter().filter_map(|it| carried(frame.value(it.value)).cloned());
                    let shapes: Vec<_> = each.collect();
                    let all = match shapes.as_slice() {
                        [] => continue,
                        [one] => one.clone(),
                        _ => Rc::new(Shape::Either(shapes)),
                    };
                    Some(carrying(Abstract::default(), all))
                }
                ("self", _) => match frame.function.step(callee).op {
                    Op::Member(object, _) => Some(frame.value(object).clone()),
                    _ => None,
                },
                (_, Ok(index)) => {
                    let slot = Slot::Position(index, None);
                    self.filling(&slot, arguments).first().map(|it| frame.value(it.value).clone())
                }
                (path, Err(_)) => self.option_at(frame, path, arguments),
            };
            let shape = value.and_then(|value| self.shape_of(&value, 0));
            shapes.extend(shape.map(|shape| (member.as_str(), shape)));
        }
        if shapes.is_empty() {
            return;
        }
        for argument in arguments {
            for id in super::call::functions(frame, argument.value) {
                self.shaped.insert(id, shapes.clone());
            }
        }
    }

    /// The schema of what a method of a handler's first parameter yields: `c.req.valid("json")`.
    fn shape_of_method(&self, frame: &Frame<'_>, callee: Value) -> Option<Rc<Shape>> {
        let Op::Member(_, name) = frame.function.step(callee).op else { return None };
        let name = self.program.names.text(name);
        let shapes = self.shaped.get(&frame.id)?;
        let found = shapes.iter().find(|(member, _)| member.strip_suffix("()") == Some(name))?;
        Some(found.1.clone())
    }

    /// An option of a call by its path, written out or in an object among the arguments.
    fn option_at(&self, frame: &Frame<'_>, path: &str, arguments: &[Argument]) -> Option<Abstract> {
        let first = path.split('.').next();
        let written = arguments.iter().find(|argument| {
            matches!(argument.pass, Pass::Keyword(name) if first == Some(self.program.names.text(name)))
        });
        let Some(written) = written else { return self.option_value(frame, path, arguments) };
        let value = frame.value(written.value).clone();
        Some(path.split('.').skip(1).fold(value, |value, name| value.at(Some(&Key::Text(name.into())))))
    }

    /// The first parameter of a handler with the data in it that fits a schema.
    pub(super) fn fitting(&mut self, frame: &mut Frame<'_>, value: Abstract, span: Span) -> Abstract {
        let Some(shapes) = self.shaped.get(&frame.id).cloned() else { return value };
        let mut value = value;
        for (member, shape) in shapes {
            if member.is_empty() {
                value = self.conforming(frame, &shape, &value, 0, &mut { MOST_STEPS });
                continue;
            }
            if member.ends_with("()") {
                continue;
            }
            let read = match value.known {
                Known::Path(node) => self.table.member(node, member).map(|node| self.path(node, span).taint),
                _ => None,
            };
            let read = Abstract::tainted(read.unwrap_or_else(|| value.all()));
            let data = self.conforming(frame, &shape, &read, 0, &mut { MOST_STEPS });
            value = value.with(Some(Key::Text(member.into())), data);
        }
        value
    }
}

/// What is at a key of data, or anywhere in it; no more than a part of the whole.
fn part_of(data: &Abstract, key: Option<&Key>) -> Abstract {
    let part = data.at(key);
    Abstract { taint: part.taint.parted(), ..part }
}
