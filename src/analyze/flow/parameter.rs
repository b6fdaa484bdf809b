//! What a function gets: from a caller that nothing is known of, or from the framework that calls it.

use super::annotation::{declared_plain, declared_type, provided};
use super::function::Frame;
use super::value::{Abstract, Flow, Known, Origin, Part, Taint};
use super::{Engine, made};
use crate::analyze::ir::{FunctionId, Name, Span};
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
                if let Some(value) = self.depended(frame, parameter) {
                    return value;
                }
                if converts && self.declared_harmless(parameter.span) {
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
            && !self.declared_harmless(parameter.span)
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

    /// Whether a handler's parameter, as it is declared, is no data of the request: a number (`n: Optional[int] = None`),
    /// or what another function provides (`db: Session = Depends(session)`).
    fn declared_harmless(&self, declaration: Span) -> bool {
        let declaration = self.text_of(declaration);
        provided(declaration) || self.is_harmless(declared_type(declaration))
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
