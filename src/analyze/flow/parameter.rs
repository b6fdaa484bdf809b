//! What a function gets: from a caller that nothing is known of, or from the framework that calls it.

use super::depends::provided;
use super::function::Frame;
use super::value::{Abstract, Flow, Known, Origin, Part, Taint};
use super::{Engine, made};
use crate::analyze::ir::{FunctionId, Name};
use crate::analyze::model::NodeId;
use crate::syntax::Language;

impl Engine<'_> {
    /// What a parameter holds when nothing is known of the caller.
    pub(super) fn parameter(&mut self, frame: &mut Frame<'_>, index: u32) -> Abstract {
        let Some(parameter) = frame.function.parameters.get(index as usize) else {
            return Abstract::default();
        };
        let origin = Origin::Parameter(frame.id, index, Part::Whole);
        let origin = Flow { origin, clean: 0, whole: 0, trace: None, via: None };
        let own = Taint::of(origin);
        frame.owned.insert(index);
        if let (Some(class), 0) = (frame.function.class, index) {
            return Abstract { taint: own, ..Abstract::known(Known::Instance(class)) };
        }
        let method = u32::from(frame.function.class.is_some());
        if let Some(handler) = self.handlers.get(&frame.id).copied() {
            let place = (index - method.min(index)) as usize;
            if let Some(kind) = handler.parameters.get(place).copied() {
                frame.owned.remove(&index);
                let value = match kind {
                    Some(node) => {
                        self.declared_members(frame.id, node, parameter.span);
                        self.path(node, parameter.span)
                    }
                    None => Abstract::default(),
                };
                return if place == 0 { self.fitting(frame, value, parameter.span) } else { value };
            }
            if let Some(kind) = handler.rest {
                let schema = handler.typed;
                frame.owned.remove(&index);
                if self.converted.contains(&(frame.id, parameter.name)) {
                    return Abstract::default();
                }
                let converts = self.language != Language::Python
                    || !self.unconverted.contains(&frame.id) && !self.renames_types()
                    || provided(self.text_of(parameter.span));
                let annotation = parameter.annotation.filter(|_| converts || !self.renames_types());
                if let Some(node) = annotation.and_then(|name| self.annotated(frame, name)) {
                    return self.path(node, parameter.span);
                }
                if self.program.names.text(parameter.name) == "info"
                    && self.text_of(parameter.span).contains("Info[")
                {
                    return Abstract::default();
                }
                if let Some(value) = self.depended(frame, parameter) {
                    return value;
                }
                if converts && declared_harmless(self.text_of(parameter.span)) {
                    let provided = parameter.annotation.filter(|_| provided(self.text_of(parameter.span)));
                    let known = provided.and_then(|annotation| self.injected(frame, annotation));
                    return Abstract::known(known.unwrap_or_default());
                }
                let read = self.read(kind, 0, parameter.span);
                if place == 0 && self.shaped.contains_key(&frame.id) {
                    return self.fitting(frame, Abstract::tainted(read), parameter.span);
                }
                // A framework of Python makes it what it is declared to be: no dictionary with operators in it.
                let typed = converts
                    && self.language == Language::Python
                    && declared_plain(self.text_of(parameter.span))
                    || schema;
                let read = if typed { read.cleaned(self.models.object_kinds) } else { read };
                let read = match self.language {
                    Language::Python if converts => read.cleaned(self.declared(self.text_of(parameter.span))),
                    _ => read,
                };
                if typed && let Some(value) = self.parameter_elsewhere(frame, parameter.span, &read) {
                    return value;
                }
                let declared = parameter.annotation.and_then(|name| self.around(frame, name));
                let record = match declared.map(|declared| declared.known) {
                    Some(Known::Class(class)) => self.record_of(class, &read, &mut { made::MOST_INNER }),
                    _ => None,
                };
                return record.unwrap_or_else(|| Abstract::tainted(read));
            }
        }
        if let Some(kind) = self.declared_read(parameter).and_then(|handler| handler.rest)
            && !declared_harmless(self.text_of(parameter.span))
        {
            frame.owned.remove(&index);
            return Abstract::tainted(self.read(kind, 0, parameter.span).cleaned(self.models.object_kinds));
        }
        let annotated = parameter.annotation.and_then(|name| self.annotated(frame, name));
        let given = self.given.get(&(frame.id, index)).filter(|known| **known != Known::Any).cloned();
        let injected = match (annotated, parameter.annotation) {
            (None, Some(annotation)) if made::makes(self.program, frame.id) => {
                self.injected(frame, annotation)
            }
            _ => None,
        };
        if let Some(known) = injected {
            return Abstract { taint: own, ..Abstract::known(known) };
        }
        if let (None, Some(known)) = (annotated, given) {
            return Abstract { taint: own, ..Abstract::known(known) };
        }
        let named = || self.table.unknown(self.program.names.text(parameter.name));
        match annotated.or_else(named) {
            Some(node) if self.declared_number(node, parameter.annotation) => Abstract::tainted(own),
            Some(node) => {
                let value = self.path(node, parameter.span);
                let piped = self.piped(frame, parameter.span);
                Abstract { taint: value.taint.cleaned(piped).join(&own), ..value }
            }
            None => Abstract::tainted(own),
        }
    }

    /// Whether it serves a route without parameters, or lies in a function that does.
    pub(super) fn has_fixed_route(&self, id: FunctionId) -> bool {
        let mut around = Some(id);
        while let Some(id) = around {
            if self.fixed_routes.contains(&id) {
                return true;
            }
            around = self.program.function(id).parent;
        }
        false
    }

    /// An instance of the class that an annotation names.
    fn annotated(&mut self, frame: &Frame<'_>, annotation: Name) -> Option<NodeId> {
        // A decorator that says where a parameter comes from, before its type.
        let text = self.program.names.text(annotation);
        text.split('|').find_map(|path| self.annotated_by(frame, path))
    }

    fn annotated_by(&mut self, frame: &Frame<'_>, path: &str) -> Option<NodeId> {
        let mut parts = path.split('.');
        let text = parts.next()?;
        let first = self.program.names.get(text)?;
        let node = match self.around(frame, first) {
            Some(value) => match value.known {
                Known::Path(node) => node,
                _ => return None,
            },
            None if self.language == Language::Python => return None,
            None => self.table.global(text)?,
        };
        let node = parts.try_fold(node, |node, part| self.table.member(node, part))?;
        self.table.call(node)
    }
}

/// Types of parameters that hold no text: a framework refuses a request whose values are none of them.
const HARMLESS: &[&str] = &[
    "int",
    "float",
    "bool",
    "UUID",
    "UUID1",
    "UUID4",
    "date",
    "datetime",
    "time",
    "timedelta",
    "Decimal",
    "Literal",
    "PositiveInt",
    "NonNegativeInt",
    "PositiveFloat",
    "conint",
    "StrictInt",
    "StrictBool",
    "IPvAnyAddress",
    // What a resolver of GraphQL is told of the query.
    "GraphQLResolveInfo",
    "ResolveInfo",
];

/// Whether a handler's parameter, as it is declared, is no data of the request: a number (`n: Optional[int] = None`),
/// or what another function provides (`db: Session = Depends(session)`).
fn declared_harmless(declaration: &str) -> bool {
    let Some((_, annotation)) = declaration.split_once(':') else {
        return provided(declaration);
    };
    provided(declaration) || harmless(annotation.split('=').next().unwrap_or(""))
}

/// Whether what has that type is a number or the like: `int`, `Optional[UUID]`.
pub(super) fn harmless(kind: &str) -> bool {
    let mut words = kind.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let wrapper = |word: &&str| {
        matches!(
            *word,
            "Optional"
                | "Annotated"
                | "Union"
                | "List"
                | "list"
                | "Set"
                | "set"
                | "typing"
                | "uuid"
                | "datetime"
        )
    };
    let first = words.find(|word| !wrapper(word) || !kind.contains(['[', '.']));
    first.is_some_and(|word| HARMLESS.contains(&word)) && !kind.contains("str")
}

/// Whether a parameter is declared to be a text, or an object with fields of its own: `name: str`, `item: Item`.
fn declared_plain(declaration: &str) -> bool {
    const OPEN: &[&str] =
        &["dict", "Dict", "Any", "Mapping", "MutableMapping", "object", "Json", "JSON", "OrderedDict"];
    let Some((_, annotation)) = declaration.split_once(':') else { return false };
    let kind = annotation.split('=').next().unwrap_or("");
    let mut words =
        kind.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && !words.any(|word| OPEN.contains(&word))
}
