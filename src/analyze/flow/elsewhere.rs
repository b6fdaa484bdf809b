//! Schemas and types that another file defines: data that goes through one is followed with what is read of it, and
//! linking decides what it is clean for.

use super::Engine;
use super::foreign::{Call, Given, Passage, Step, SymbolId};
use super::function::Frame;
use super::schema::{Shape, carried};
use super::value::{Abstract, Flow, Known, Taint, through};
use crate::analyze::facts::{PartFact, ShapeFact};
use crate::analyze::ir::{ClassId, FunctionId, Pass, Record, Span};
use crate::analyze::model::{ANY, Kinds};

/// A schema tells of so many fields.
const MOST_FIELDS: usize = 128;

/// What a schema does besides its fields is looked into so deep.
const DEEPEST: u32 = 6;

impl Engine<'_> {
    /// Data that a framework converts to a type of another file: `item: Item` of a handler.
    pub(super) fn converted_elsewhere(
        &mut self,
        declaration: &str,
        place: (FunctionId, Span),
        data: &Taint,
    ) -> Option<Abstract> {
        let symbol = self.type_elsewhere(declaration)?;
        let given = || Given { pass: Pass::Plain, known: Known::Any, span: place.1, list: None };
        let call =
            self.foreign.call_at((place.0, place.1, symbol), || Call { symbol, arguments: vec![given()] });
        self.large |= call.is_none();
        let call = call?;
        let object = self.foreign.symbol(Step::Call(symbol), None)?;
        let passage = Passage { call, argument: 0, part: PartFact::WHOLE, read: [PartFact::WHOLE; 2] };
        let flows = data.flows().iter().cloned();
        let flows = flows.map(|flow| Flow { via: through(&flow.via, &Some([passage].into())), ..flow });
        let taint = Taint::from(flows.collect());
        Some(Abstract { taint, ..Abstract::known(Known::Foreign(object)) })
    }

    /// The only type in a declaration, where another file defines it.
    fn type_elsewhere(&mut self, declaration: &str) -> Option<SymbolId> {
        let name = super::annotation::only_type(declaration)?;
        let mut path = name.split('.');
        let first = self.program.names.get(path.next()?)?;
        let Known::Foreign(mut symbol) = self.variables[0].get(&first)?.known else { return None };
        for name in path {
            symbol = self.foreign_symbol(symbol, name)?;
        }
        Some(symbol)
    }

    /// The data of what a call of something foreign yields, of which a member is read.
    pub(super) fn read_of(&self, taint: &Taint, of: SymbolId, name: &str) -> Taint {
        if taint.flows().iter().all(|flow| flow.via.is_none()) {
            return taint.clone();
        }
        let inner = |symbol: SymbolId| match self.foreign.get(symbol).step {
            Step::Call(callee) => Some(callee),
            _ => None,
        };
        let (callee, level) = match self.foreign.get(of).step {
            Step::Call(callee) => (callee, 0),
            Step::Member(of, _) => match inner(of) {
                Some(callee) => (callee, 1),
                None => return taint.clone(),
            },
            _ => return taint.clone(),
        };
        let flows = taint.flows().iter().cloned().map(|mut flow| {
            let Some(last) = flow.via.as_deref().and_then(|via| via.last()).copied() else { return flow };
            let called = self.foreign.calls.get(last.call as usize).is_some_and(|call| call.symbol == callee);
            let whole = |level: usize| last.read.get(level) == Some(&PartFact::WHOLE);
            if called && whole(level) && (level == 0 || !whole(0)) {
                let mut all: Vec<Passage> = flow.via.iter().flat_map(|via| via.iter()).copied().collect();
                if let Some(read) = all.last_mut().and_then(|last| last.read.get_mut(level)) {
                    *read = PartFact::named(name);
                }
                flow.via = Some(all.into());
            }
            flow
        });
        Taint::from(flows.collect())
    }

    /// An entry of what something foreign yields: `serializer.validated_data["n"]`.
    pub(super) fn entry_elsewhere(
        &mut self,
        held: &Abstract,
        key: &Abstract,
        span: Span,
    ) -> Option<Abstract> {
        let (Known::Foreign(symbol), Known::Text(name)) = (&held.known, &key.known) else { return None };
        Some(self.foreign_member(held, *symbol, name, span))
    }

    /// What a class makes of data, for other files.
    pub(super) fn class_shape_fact(&self, class: ClassId) -> Option<ShapeFact> {
        match self.class_shape(class, 0).as_deref()? {
            Shape::Clean(kinds) => Some(ShapeFact { others: *kinds, ..ShapeFact::default() }),
            Shape::Object(fields, open) => {
                let fields = fields.iter().map(|(name, shape)| (&**name, self.least(shape, 0)));
                Some(ShapeFact { within: true, open: *open, ..facts(fields) })
            }
            Shape::Record(class) if self.record(*class) == Some(Record::Converts) => {
                let fields = self.record_fields(*class);
                let fields = fields.iter().map(|(name, field)| {
                    (self.program.names.text(*name), self.declared(self.text_of(field.declaration)))
                });
                Some(facts(fields))
            }
            _ => None,
        }
    }

    /// What a schema makes of data, for other files.
    pub(super) fn shape_fact(&self, value: &Abstract) -> Option<ShapeFact> {
        let shape = carried(value)?;
        Some(match &**shape {
            Shape::Object(fields, open) => {
                let kinds = if *open { 0 } else { self.models.assignment };
                let fields = fields.iter().map(|(name, shape)| (&**name, self.least(shape, 0) | kinds));
                ShapeFact { open: *open, ..facts(fields) }
            }
            other => ShapeFact { others: self.least(other, 0), ..ShapeFact::default() },
        })
    }

    /// The kinds that all of the data of a shape is clean for.
    fn least(&self, shape: &Shape, depth: u32) -> Kinds {
        if depth > DEEPEST {
            return 0;
        }
        let all = |shapes: &mut dyn Iterator<Item = &Shape>| {
            shapes.fold(ANY, |kinds, shape| kinds & self.least(shape, depth + 1))
        };
        match shape {
            Shape::Unknown => self.models.object_kinds,
            Shape::Clean(kinds) => *kinds,
            Shape::Object(_, true) | Shape::Record(_) => 0,
            Shape::Object(fields, false) => all(&mut fields.iter().map(|(_, shape)| &**shape)),
            Shape::List(inner) => self.least(inner, depth + 1),
            Shape::Either(options) => all(&mut options.iter().map(|shape| &**shape)),
            Shape::Then(_, function) => match function.known {
                Known::Path(node) => self.table.call(node).map_or(0, |call| self.table.node(call).cleans),
                Known::Function(id) => {
                    let made = self.summary_if_made(id);
                    if made.is_some_and(|summary| summary.result.all().is_empty()) { ANY } else { 0 }
                }
                _ => 0,
            },
        }
    }

    /// Whether a parameter's declared type is in another file, and what the parameter is then.
    pub(super) fn parameter_elsewhere(
        &mut self,
        frame: &Frame<'_>,
        span: Span,
        read: &Taint,
    ) -> Option<Abstract> {
        let declaration = self.text_of(span).to_owned();
        self.converted_elsewhere(&declaration, (frame.id, span), read)
    }
}

fn facts<'n>(fields: impl Iterator<Item = (&'n str, Kinds)>) -> ShapeFact {
    let fields = fields.take(MOST_FIELDS).map(|(name, kinds)| (PartFact::named(name), kinds));
    ShapeFact { fields: fields.collect(), ..ShapeFact::default() }
}
