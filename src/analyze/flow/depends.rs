//! What a framework of Python gives to a parameter because another function provides it: `db = Depends(session)`. That
//! function's own parameters are data of the request, as those of a route are.

use super::Engine;
use super::annotation::{provided, provider, type_in};
use super::function::Frame;
use super::made;
use super::value::{Abstract, Known};
use crate::analyze::ir::{FunctionId, Name, Op, Parameter};
use crate::analyze::model::Handler;
use crate::syntax::Language;

/// Parameters that hold what their default says of the request.
const READS: &[&str] = &["Query(", "Header(", "Cookie(", "Form(", "Body("];

impl<'a> Engine<'a> {
    /// What a parameter holds that a function, or a class, of the project provides; `None`: no such function is known.
    pub(super) fn depended(&mut self, frame: &mut Frame<'_>, parameter: &Parameter) -> Option<Abstract> {
        if self.language != Language::Python {
            return None;
        }
        let own = self.text_of(parameter.span).to_owned();
        let declaration = match parameter.annotation {
            _ if provided(&own) => own,
            Some(annotation) if self.provided_elsewhere(frame, annotation) => {
                return Some(Abstract::default());
            }
            Some(annotation) => self.alias(annotation)?.to_owned(),
            None => return None,
        };
        let named = provider(&declaration);
        let typed = type_in(&declaration);
        let known = self.thing_named(frame, if named.is_empty() { typed } else { named })?;
        let handler = self.depending()?;
        let annotation = parameter.annotation.or_else(|| self.program.names.get(typed));
        let made = match known {
            Known::Function(id) => {
                self.handle(id, handler);
                let count = self.program.function(id).parameters.len();
                let result = self.apply(frame, id, None, &vec![Abstract::default(); count], parameter.span);
                if self.yields(id) { result.at(None) } else { result }
            }
            Known::Class(class) => match self.constructor(class) {
                Some(id) => {
                    self.handle(id, handler);
                    self.made(frame, class, &[], parameter.span)
                }
                None => {
                    let read = self.read(handler.rest?, 0, parameter.span);
                    self.record_of(class, &read, &mut { made::MOST_INNER })?
                }
            },
            Known::Instance(class) => {
                let call = self.program.names.get("__call__")?;
                let object = Abstract::known(Known::Instance(class));
                let method = self.object_member(frame, &object, class, call, parameter.span)?;
                let Known::Method(id, _) = method.known else { return None };
                self.handle(id, handler);
                self.invoke(frame, &method, &[], parameter.span)
            }
            Known::Foreign(symbol) => self.foreign_result(frame, symbol, parameter.span)?,
            _ => return None,
        };
        let declared = annotation.and_then(|annotation| self.injected(frame, annotation));
        let known = match (made.known.clone(), declared) {
            (Known::Any | Known::Foreign(_), Some(declared)) => declared,
            (known, _) => known,
        };
        Some(Abstract { known, ..made })
    }

    /// Whether a parameter of any function is data of the request, as its default or its type says: `q: str = Query()`.
    pub(super) fn declared_read(&self, parameter: &Parameter) -> Option<&'a Handler> {
        if self.language != Language::Python {
            return None;
        }
        let text = self.text_of(parameter.span);
        let reads = READS.iter().any(|call| {
            text.match_indices(call).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric()))
        });
        let imported = || {
            let names = &self.program.names;
            names.get("fastapi").is_some()
                || READS.iter().any(|call| {
                    let name = call.trim_end_matches('(');
                    names.get(&format!("fastapi.{name}")).is_some()
                })
        };
        if reads && imported() { self.depending() } else { None }
    }

    /// What the models say of the functions that such a call names.
    fn depending(&self) -> Option<&'a Handler> {
        let table = self.table;
        let node = table.written("fastapi.Depends()")?;
        table.node(node).handlers.first().map(|(_, handler)| handler)
    }

    /// What a name with dots stands for around the function.
    fn thing_named(&mut self, frame: &Frame<'_>, path: &str) -> Option<Known> {
        let mut names = path.split('.');
        let first = self.program.names.get(names.next()?)?;
        let known = self.around(frame, first)?.known;
        names.try_fold(known, |known, name| match known {
            Known::Foreign(symbol) => self.foreign_symbol(symbol, name).map(Known::Foreign),
            _ => None,
        })
    }

    /// The type that a name of the file stands for, where a function provides what is of it:
    /// `User = Annotated[Account, Depends(current)]`.
    fn alias(&self, name: Name) -> Option<&str> {
        let function = self.program.function(FunctionId(0));
        let stored = function.steps.iter().find_map(|step| match step.op {
            Op::Store(to, value) if to == name => Some(function.step(value).span),
            _ => None,
        })?;
        let text = self.text_of(stored);
        (text.contains("Annotated[") && provided(text)).then_some(text)
    }

    /// Whether a type of another file is one of what a function provides, by its name: `session: SessionDep`.
    fn provided_elsewhere(&mut self, frame: &Frame<'_>, annotation: Name) -> bool {
        let name = self.program.names.text(annotation);
        let named = name.ends_with("Dep") || name.ends_with("Dependency") || name.starts_with("Current");
        // What is made of the request, a filter or a page, is data of it.
        const OWN: &[&str] = &[
            "Session",
            "User",
            "Db",
            "DB",
            "Database",
            "Connection",
            "Client",
            "Settings",
            "Config",
            "Service",
            "Repository",
        ];
        named
            && OWN.iter().any(|own| name.contains(own))
            && matches!(self.around(frame, annotation).map(|value| value.known), Some(Known::Foreign(_)))
    }

    fn yields(&self, id: FunctionId) -> bool {
        self.program.function(id).steps.iter().any(|step| matches!(step.op, Op::Yield(_)))
    }
}
