//! What an object of a class of the file holds when it is made: what its constructor keeps of its arguments and in which
//! fields, and of records (dataclasses, named tuples, models of pydantic) what is given for each field.

use rustc_hash::FxHashSet;

use super::Engine;
use super::container::PUTS;
use super::effect::Written;
use super::function::{Frame, changed};
use super::schema::others;
use super::summary::{Bindings, Summary};
use super::value::{Abstract, Flow, Key, Known, Origin, Part, Parts, Taint};
use crate::analyze::ir::{
    Argument, ClassId, Field, Function, FunctionId, Name, Op, Pass, Program, Record, Span, Value,
};
use crate::analyze::model::ANY;
use crate::syntax::Language;

/// A constructor that writes so many fields may write others.
pub(super) const MOST_FIELDS: usize = 64;

/// Chains of members and calls are followed so far to what they begin with.
const LONGEST: u32 = 8;

/// Records within a record are looked into until so many fields are known.
pub(super) const MOST_INNER: usize = 128;

/// What a call may change of the object that is being made.
enum Touched {
    /// Any of its fields.
    All,
    /// What that field holds.
    Field(Name),
}

/// The fields that some method other than a constructor writes with something that is computed: what they hold may come
/// from any other field.
pub(super) fn derived(program: &Program) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    for function in program.functions.iter().filter(|function| function.class.is_some()) {
        let (Some(own), Some(name)) = (function.parameters.first(), function.name) else { continue };
        if is_constructor(program.names.text(name)) {
            continue;
        }
        let own = |value: &Value| matches!(function.step(*value).op, Op::Load(name) if name == own.name);
        for step in &function.steps {
            match &step.op {
                Op::SetMember(object, name, stored)
                    if own(object) && !matches!(function.step(*stored).op, Op::Literal(_)) =>
                {
                    names.insert(*name);
                }
                Op::SetIndex(object, ..) => {
                    if let Op::Member(object, name) = &function.step(*object).op
                        && own(object)
                    {
                        names.insert(*name);
                    }
                }
                Op::Call { callee, arguments } if !arguments.is_empty() => {
                    if let Op::Member(object, method) = &function.step(*callee).op
                        && PUTS.contains(&program.names.text(*method))
                        && let Op::Member(object, name) = &function.step(*object).op
                        && own(object)
                    {
                        names.insert(*name);
                    }
                }
                _ => {}
            }
        }
    }
    names
}

fn is_constructor(name: &str) -> bool {
    matches!(name, "__init__" | "constructor")
}

/// Whether all that an object was made of is in fields that are known.
pub(super) fn precise(object: &Abstract) -> bool {
    object.taint.is_empty() && object.parts.as_ref().is_some_and(|parts| parts.complete)
}

/// Whether an object is the one that a method was given, with what the method put into it since.
fn as_given(object: &Abstract) -> bool {
    let given =
        |flow: &Flow| matches!(flow.origin, Origin::Parameter(_, 0, Part::Whole)) && flow.via.is_none();
    let elsewhere = |parts: &Parts| parts.rest.as_ref().is_some_and(|rest| !rest.all().is_empty());
    matches!(object.known, Known::Instance(_))
        && object.taint.flows().iter().all(given)
        && !object.taint.is_empty()
        && object.parts.as_ref().is_none_or(|parts| !elsewhere(parts))
}

/// An object as one of its methods gets it.
pub(super) fn receiver(object: &Abstract) -> Abstract {
    if !precise(object) && !as_given(object) {
        return Abstract { taint: object.all(), parts: None, ..object.clone() };
    }
    let field = |value: &Abstract| Abstract {
        taint: value.all(),
        known: match &value.known {
            Known::Method(..) | Known::Super(..) => Known::Any,
            known => known.clone(),
        },
        parts: None,
    };
    let parts = object.parts.as_deref().map(|parts| {
        std::rc::Rc::new(Parts {
            known: parts.known.iter().map(|(key, value)| (key.clone(), field(value))).collect(),
            rest: parts.rest.as_deref().map(|rest| Box::new(field(rest))),
            ..parts.clone()
        })
    });
    Abstract { parts, ..object.clone() }
}

impl Engine<'_> {
    /// An object of a class of the file.
    pub(super) fn made(
        &mut self,
        frame: &mut Frame<'_>,
        class: ClassId,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let cleans = self.class_cleans(class);
        if cleans != 0 {
            let taint = self.handed(frame, arguments).cleaned(cleans);
            return Abstract { taint, ..Abstract::known(Known::Instance(class)) };
        }
        let empty = Parts { complete: true, ..Parts::default() };
        let made = Abstract { known: Known::Instance(class), ..Abstract::holding(empty) };
        let Some(id) = self.constructor(class) else {
            return match self.record(class) {
                Some(record) => self.filled(frame, made, (class, record), arguments, span),
                None => self.made_by_base(frame, made, arguments, span),
            };
        };
        let values = self.by_parameter(frame, id, Some(Abstract::known(Known::Instance(class))), arguments);
        self.apply(frame, id, None, &values, span);
        if let Some(summary) = self.summary_of(id).filter(|summary| summary.keeps) {
            return self.constructed(made, &summary, &Bindings { id, arguments: &values, around: &[] });
        }
        let made = match self.summary_of(id) {
            Some(summary) => {
                let made = Abstract::known(Known::Instance(class));
                self.constructed(made, &summary, &Bindings { id, arguments: &values, around: &[] })
            }
            None => Abstract::known(Known::Instance(class)),
        };
        // What an object is made of may come out of any of its methods.
        Abstract { taint: self.handed(frame, arguments), ..made }
    }

    /// An object whose constructor is that of a base from elsewhere: keywords are fields in all likelihood.
    fn made_by_base(
        &mut self,
        frame: &mut Frame<'_>,
        mut made: Abstract,
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let class = match made.known {
            Known::Instance(class) => Some(class),
            _ => None,
        };
        let elsewhere = class.and_then(|class| self.made_elsewhere(frame, class, arguments, span));
        let taint = elsewhere.clone().unwrap_or_else(|| self.handed(frame, arguments));
        if elsewhere.is_none() {
            for argument in arguments {
                self.calls_back(frame, argument.value, &taint, span);
            }
        }
        if self.language == Language::Python {
            for argument in arguments {
                if let Pass::Keyword(name) = argument.pass {
                    let value = frame.value(argument.value).clone();
                    made = made.with(Some(self.member_key(name)), value);
                }
            }
            let taint = match elsewhere {
                Some(called) => without_keywords(&called, arguments),
                None => {
                    let keyword = |argument: &&Argument| matches!(argument.pass, Pass::Keyword(_));
                    let others: Vec<Argument> = arguments.iter().filter(|it| !keyword(it)).copied().collect();
                    self.handed(frame, &others)
                }
            };
            return Abstract { taint, ..made };
        }
        Abstract { taint, parts: None, ..made }
    }

    /// A record with what is given for its fields.
    fn filled(
        &mut self,
        frame: &mut Frame<'_>,
        mut made: Abstract,
        record: (ClassId, Record),
        arguments: &[Argument],
        span: Span,
    ) -> Abstract {
        let (class, record) = record;
        let fields = self.record_fields(class);
        let mut given = FxHashSet::default();
        let mut next = 0;
        for argument in arguments {
            let value = frame.value(argument.value).clone();
            let name = match argument.pass {
                Pass::Plain => {
                    next += 1;
                    fields.get(next - 1).map(|field| field.0)
                }
                Pass::Keyword(name) => Some(name),
                Pass::Spread | Pass::SpreadKeywords => {
                    for (name, kind) in fields.iter().filter(|(name, _)| !given.contains(name)) {
                        let key = self.member_key(*name);
                        let at = Some(&key).filter(|_| argument.pass == Pass::SpreadKeywords);
                        let part = self.as_declared(record, *kind, value.at(at));
                        made = made.with(Some(key), part);
                    }
                    continue;
                }
            };
            let Some(name) = name else {
                made.taint = made.taint.join(&value.all());
                continue;
            };
            given.insert(name);
            let kind = fields.iter().find(|field| field.0 == name).map(|field| field.1);
            let value = kind.map_or(value.clone(), |kind| self.as_declared(record, kind, value));
            made = made.with(Some(self.member_key(name)), value);
        }
        let after = self.program.names.get("__post_init__");
        let method = after.and_then(|name| {
            let methods = |class: ClassId| self.program.class(class).methods.iter();
            self.ancestors(class).into_iter().flat_map(methods).find(|(known, _)| *known == name)
        });
        if let Some((_, id)) = method.copied() {
            let values = [receiver(&made)];
            self.apply(frame, id, None, &values, span);
            if let Some(summary) = self.summary_of(id) {
                made = self.constructed(made, &summary, &Bindings { id, arguments: &values, around: &[] });
            }
        }
        made
    }

    /// A member that nothing in the file defines: what was put into the object without a name for it
    /// (`setattr(self, key, value)`); of the object that a method works on its callers know.
    pub(super) fn undefined_member(&self, object: &Abstract, key: &Key) -> Abstract {
        let own = |flow: &&Flow| matches!(flow.origin, Origin::Parameter(of, 0, Part::Whole) if self.program.function(of).class.is_some());
        let own = Taint::from(object.taint.flows().iter().filter(own).cloned().collect());
        let put = field(&Abstract { taint: Taint::default(), ..object.clone() }, key);
        Abstract { taint: own.join(&put.taint), ..put }
    }

    /// Whether something in the file writes a field of the objects of a class.
    pub(super) fn defines(&self, class: ClassId, name: Name) -> bool {
        let root = |class: ClassId| self.lineage(class).last().copied().unwrap_or(class);
        self.ancestors(class).into_iter().any(|class| self.fields.contains_key(&(root(class), name)))
            || self.record_fields(class).iter().any(|field| field.0 == name)
    }

    /// What a field holds of a value: one that is converted to a number is no data any more.
    fn as_declared(&self, record: Record, field: Field, value: Abstract) -> Abstract {
        if record != Record::Converts {
            return value;
        }
        match self.declared(self.text_of(field.declaration)) {
            ANY => Abstract::default(),
            kinds => Abstract { taint: value.taint.cleaned(kinds), ..value },
        }
    }

    /// Whether a class, or one that it is made of, is a record of its fields.
    pub(super) fn record(&self, class: ClassId) -> Option<Record> {
        self.ancestors(class).into_iter().find_map(|class| self.program.class(class).record)
    }

    /// The fields of a record in the order that a constructor takes them: those of a base come first.
    pub(super) fn record_fields(&self, class: ClassId) -> Vec<(Name, Field)> {
        let mut fields: Vec<(Name, Field)> = Vec::new();
        for class in self.ancestors(class).into_iter().rev() {
            for field in &self.program.class(class).fields {
                match fields.iter_mut().find(|(known, _)| *known == field.name) {
                    Some(known) => known.1 = *field,
                    None => fields.push((field.name, *field)),
                }
            }
        }
        fields
    }

    /// A field of a record that was given its value outside of what is known here.
    pub(super) fn record_member(&self, held: &Abstract, class: ClassId, name: Name) -> Option<Abstract> {
        let record = self.record(class).filter(|_| matches!(held.known, Known::Instance(_)))?;
        let (_, kind) = self.record_fields(class).into_iter().find(|(known, _)| *known == name)?;
        let made_of = if precise(held) { Taint::default() } else { held.all() };
        Some(self.as_declared(record, kind, Abstract::tainted(made_of)))
    }

    /// A record of the file that a framework makes of data: all of it is in fields, as these are declared.
    pub(super) fn record_of(&mut self, class: ClassId, data: &Taint, left: &mut usize) -> Option<Abstract> {
        let fields = self.record_fields(class);
        // A base from another file is a model when a framework makes objects of the class.
        let foreign = |class: &ClassId| {
            let bases = self.class_bases.get(class).into_iter().flatten();
            !fields.is_empty() && bases.into_iter().any(|base| matches!(base, Known::Foreign(_)))
        };
        if self.record(class).is_none() && !self.ancestors(class).iter().any(foreign) {
            return None;
        }
        *left = left.checked_sub(fields.len())?;
        let mut made = Abstract::holding(Parts { complete: true, ..Parts::default() });
        let line = self.lineage(class);
        // Of a base from elsewhere it is not known what fields it has.
        let known = |class: &ClassId| {
            self.class_bases.get(class).is_none_or(Vec::is_empty)
                || self.program.class(*class).record.is_some()
        };
        if !line.last().is_some_and(known) {
            made = made.with(Some(others()), Abstract::tainted(data.clone()));
        }
        for (name, field) in fields {
            let (text, declaration) = (self.text_of(field.kind), self.text_of(field.declaration).to_owned());
            let kinds = self.declared(&declaration);
            let inner = self.program.names.get(text).and_then(|name| self.variables[0].get(&name));
            let value = match inner.map(|inner| inner.known.clone()) {
                _ if kinds == ANY => Some(Abstract::default()),
                Some(Known::Class(inner)) if inner != class => self.record_of(inner, data, left),
                _ => self.converted_elsewhere(&declaration, (FunctionId(0), field.declaration), data),
            };
            let value = value.unwrap_or_else(|| Abstract::tainted(data.cleaned(kinds)));
            made = made.with(Some(self.member_key(name)), value);
        }
        Some(made)
    }

    /// What the object that a constructor got is after it.
    pub(super) fn constructed(
        &mut self,
        made: Abstract,
        summary: &Summary,
        bindings: &Bindings<'_>,
    ) -> Abstract {
        let mut seen: Vec<(&[Key], &Option<Key>)> = Vec::new();
        let mut made = made;
        for written in summary.writes.iter().filter(|written| written.parameter == 0) {
            let put = self.substituted(&written.value, bindings);
            let place = (written.keys.as_slice(), &written.key);
            // On one of several ways through the constructor the field is this, on another that.
            let again = seen.contains(&place);
            seen.push(place);
            // What is put into `self.__dict__` is put into the object.
            let all = |key: &Key| matches!(key, Key::Text(name) if &**name == "__dict__");
            let key = written.key.clone().filter(|key| !all(key));
            let keys = match written.keys.as_slice() {
                [first, rest @ ..] if all(first) => rest,
                keys => keys,
            };
            made = changed(made, keys, |base| {
                let value = match &key {
                    Some(key) if again => base.at(Some(key)).join(&put),
                    _ => put,
                };
                base.with(key, value)
            });
        }
        made
    }

    /// Of a constructor that was followed: the data of its parameters that calls may have put into the object in ways
    /// that are not seen, as writes of the object. `None`: anything may be anywhere in it.
    pub(super) fn unseen(&self, frame: &Frame<'_>) -> Option<Vec<Written>> {
        let own = frame.function.parameters.first().filter(|_| self.lists_receiver(frame.id))?.name;
        let from = (own, self.program.names.get("super"));
        let renamed = |op: &Op| matches!(op, Op::Store(_, value) if is_own(frame.function, *value, own));
        if frame.function.steps.iter().any(|step| renamed(&step.op)) {
            return None;
        }
        let mut open = self.inside.get(&frame.id).cloned().unwrap_or_default();
        while let Some(inner) = open.pop() {
            let function = self.program.function(inner);
            if function.binds(own) {
                continue;
            }
            // A function inside writes the object when it is called: later, with what it then sees.
            let writes = function.steps.iter().any(|step| match &step.op {
                Op::SetMember(object, ..) | Op::SetIndex(object, ..) => {
                    touched_by(function, *object, from).is_some()
                }
                Op::Call { callee, arguments } => {
                    !arguments.is_empty() && touched_by(function, *callee, from).is_some()
                        || arguments.iter().any(|it| is_own(function, it.value, own))
                }
                _ => false,
            });
            if writes {
                return None;
            }
            open.extend(self.inside.get(&inner).into_iter().flatten());
        }
        let mut unseen = Vec::new();
        for step in &frame.function.steps {
            let Op::Call { callee, arguments } = &step.op else { continue };
            let known = &frame.value(*callee).known;
            if known.is_function() || matches!(known.each().first(), Some(Known::Class(_))) {
                continue;
            }
            let handed = arguments.iter().any(|it| is_own(frame.function, it.value, own));
            let touched = match &frame.function.step(*callee).op {
                _ if handed => Some(Touched::All),
                Op::Member(object, method) => {
                    let touched = touched_by(frame.function, *object, from);
                    let all = |name: Name| self.program.names.text(name) == "__dict__";
                    let touched = match touched {
                        Some(Touched::Field(name)) if all(name) => Some(Touched::All),
                        touched => touched,
                    };
                    let put = PUTS.contains(&self.program.names.text(*method));
                    touched.filter(|touched| !(put && matches!(touched, Touched::Field(_))))
                }
                _ => None,
            };
            let Some(touched) = touched else { continue };
            let whose = |flow: &&Flow| !matches!(flow.origin, Origin::Parameter(of, 0, _) if of == frame.id);
            let data = self.handed(frame, arguments);
            let data = Taint::from(data.flows().iter().filter(whose).cloned().collect());
            if !data.is_empty() {
                let keys = match touched {
                    Touched::Field(name) => vec![self.member_key(name)],
                    Touched::All => Vec::new(),
                };
                unseen.push(Written { parameter: 0, keys, key: None, value: Abstract::tainted(data) });
            }
        }
        Some(unseen)
    }
}

/// What a constructor yields without what came in by keywords.
fn without_keywords(yields: &Taint, arguments: &[Argument]) -> Taint {
    let keyword = |flow: &&Flow| {
        let last = flow.via.as_ref().and_then(|via| via.last());
        let argument = last.and_then(|passage| arguments.get(usize::from(passage.argument)));
        argument.is_some_and(|argument| matches!(argument.pass, Pass::Keyword(_)))
    };
    Taint::from(yields.flows().iter().filter(|flow| !keyword(flow)).cloned().collect())
}

/// Whether a function with that name in a class makes its objects.
pub(super) fn makes(program: &Program, id: FunctionId) -> bool {
    let function = program.function(id);
    function.class.is_some() && function.name.is_some_and(|name| is_constructor(program.names.text(name)))
}

/// A field of an object; one whose fields are known holds nothing else of what the object was made of.
pub(super) fn field(object: &Abstract, key: &Key) -> Abstract {
    let complete = object.parts.as_ref().is_some_and(|parts| parts.complete);
    if complete && matches!(object.known, Known::Instance(_)) {
        return Abstract { taint: Taint::default(), ..object.clone() }.at(Some(key));
    }
    object.at(Some(key))
}

/// Whether a value is the object that a method works on.
fn is_own(function: &Function, value: Value, own: Name) -> bool {
    matches!(function.step(value).op, Op::Load(name) if name == own)
}

/// What of the object a chain of members and calls begins with: `self`, `super()`, `vars(self)`, `self.session.query(x)`.
fn touched_by(function: &Function, value: Value, own: (Name, Option<Name>)) -> Option<Touched> {
    let (mut at, mut field) = (value, None);
    let (own, base) = own;
    for _ in 0..LONGEST {
        at = match &function.step(at).op {
            Op::Load(name) if *name == own => return Some(field.map_or(Touched::All, Touched::Field)),
            Op::Load(name) if Some(*name) == base => return Some(Touched::All),
            Op::Member(object, name) => {
                field = Some(*name);
                *object
            }
            Op::Index(object, _) => {
                field = None;
                *object
            }
            Op::Call { callee, arguments } => {
                if arguments.iter().any(|it| is_own(function, it.value, own)) {
                    return Some(Touched::All);
                }
                *callee
            }
            Op::Await(inner) => *inner,
            _ => return None,
        };
    }
    None
}
