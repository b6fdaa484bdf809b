//! Functions that a library calls because of where they stand: the resolvers of GraphQL in `{ Query: { user(_, args) {
//! .. } } }`, and methods of a class that say beside them what their arguments are.

use super::Engine;
use super::function::Frame;
use super::value::{Abstract, Key, Known};
use crate::analyze::ir::{ClassId, Entry, FunctionId, Name, Op, Pass, Span, Value};
use crate::analyze::model::{Handler, NodeId};

/// Functions that stand in an object so deep below where they are looked for.
const DEEPEST: u32 = 2;

/// Types of arguments in a schema whose values are no text.
const NUMBERS: &[&str] =
    &["Int", "Float", "Boolean", "UUID", "Date", "DateTime", "Time", "Decimal", "BigInt"];

impl<'a> Engine<'a> {
    /// Makes handlers of the functions in an object literal that stand where the models say: `Query&*.*`.
    pub(super) fn object_handlers(&mut self, frame: &Frame<'_>, entries: &[Entry]) {
        let table = self.table;
        let looked_for = |entry: &Entry| {
            let known = entry.key.map(|key| &frame.value(key).known);
            matches!(known, Some(Known::Text(key)) if table.object_names.contains(&**key))
        };
        if !entries.iter().any(looked_for) {
            return;
        }
        let keys: Vec<_> = entries
            .iter()
            .filter_map(|entry| match &frame.value(entry.key?).known {
                Known::Text(key) => Some((key.clone(), entry.value)),
                _ => None,
            })
            .collect();
        for (pattern, handler) in &table.objects {
            let Some((first, rest)) = pattern.split_first() else { continue };
            let mut names = first.split('&').rev();
            let Some(last) = names.next() else { continue };
            let has = |name: &str| keys.iter().any(|(key, _)| **key == *name);
            if !names.all(has) {
                continue;
            }
            for (_, value) in keys.iter().filter(|(key, _)| last == "*" || **key == *last) {
                let held = frame.value(*value).clone();
                self.handlers_within(&held, rest, handler, 0);
            }
        }
    }

    fn handlers_within(&mut self, held: &Abstract, rest: &[String], handler: &'a Handler, depth: u32) {
        for known in held.known.each().iter().filter(|_| rest.is_empty()) {
            if let Known::Function(id) | Known::Bound(id, _) | Known::Method(id, _) = known {
                self.handle(*id, handler);
            }
        }
        let Some(parts) = held.parts.clone().filter(|_| depth <= DEEPEST) else { return };
        for (key, part) in &parts.known {
            let (Key::Text(name) | Key::Member(name)) = key else { continue };
            match rest {
                [first, rest @ ..] if first == "*" || **name == **first => {
                    self.handlers_within(part, rest, handler, depth + 1);
                }
                // `posts: { subscribe: .., resolve: .. }`
                [] if matches!(&**name, "resolve" | "subscribe") => {
                    self.handlers_within(part, &[], handler, depth + 1);
                }
                _ => {}
            }
        }
    }

    /// Notes which arguments of a resolver its class declares to be numbers: `user = Field(User, id=Int())` of
    /// `resolve_user`, `class Arguments: id = Int()` of `mutate`.
    pub(super) fn declared_arguments(&mut self, class: ClassId, name: &str, id: FunctionId) {
        let Some(body) = self.program.class(class).body else { return };
        let wanted = name.strip_prefix("resolve_").unwrap_or("");
        let mut numbers: Vec<Name> = Vec::new();
        for (stored, value) in self.stores_of(body) {
            let text = self.program.names.text(stored);
            match &self.program.function(body).step(value).op {
                Op::Call { arguments, .. } if text == wanted => {
                    for argument in arguments {
                        if let Pass::Keyword(keyword) = argument.pass
                            && self.is_number(self.program.function(body).step(argument.value).span)
                        {
                            numbers.push(keyword);
                        }
                    }
                }
                Op::Class(inner, _) if wanted.is_empty() && matches!(text, "Arguments" | "Input") => {
                    let Some(inner) = self.program.class(*inner).body else { continue };
                    let declared = self.stores_of(inner);
                    let number = |(_, value): &(Name, Value)| {
                        self.is_number(self.program.function(inner).step(*value).span)
                    };
                    numbers.extend(declared.into_iter().filter(number).map(|(name, _)| name));
                }
                _ => {}
            }
        }
        self.converted.extend(numbers.into_iter().map(|name| (id, name)));
    }

    /// Notes which members of a resolver's arguments are declared to be numbers: `{ id }: { id: number }`.
    pub(super) fn declared_members(&mut self, id: FunctionId, node: NodeId, declaration: Span) {
        if self.table.node(node).path != "graphql.Arguments" {
            return;
        }
        let numbers = typed_numbers(self.text_of(declaration)).into_iter();
        let numbers: Vec<_> = numbers.filter_map(|name| self.program.names.get(name)).collect();
        self.converted.extend(numbers.into_iter().map(|name| (id, name)));
    }

    /// Whether a parameter that a schema gives its type is declared to be a number: `@Args('id') id: number`.
    pub(super) fn declared_number(&self, node: NodeId, annotation: Option<Name>) -> bool {
        let path = &self.table.node(node).path;
        let typed = ["@nestjs/graphql.", "type-graphql."].iter().any(|library| path.starts_with(library));
        let kind = annotation.and_then(|name| self.program.names.text(name).rsplit('|').next());
        typed && kind.is_some_and(|kind| matches!(kind, "number" | "boolean" | "Date"))
    }

    fn stores_of(&self, body: FunctionId) -> Vec<(Name, Value)> {
        let steps = self.program.function(body).steps.iter();
        let stores = steps.filter_map(|step| match step.op {
            Op::Store(name, value) => Some((name, value)),
            _ => None,
        });
        stores.collect()
    }

    /// Whether a type is written there whose values are numbers or the like: `graphene.Int(required=True)`.
    fn is_number(&self, span: Span) -> bool {
        let text = self.text_of(span);
        let text = text.strip_prefix("graphene.").unwrap_or(text);
        let name = text.split(['(', ',', '.']).next().unwrap_or("");
        NUMBERS.contains(&name)
    }
}

/// The names that a declaration of TypeScript gives the type of a number or a truth:
/// `{ id, name }: { id: number; name: string }`.
pub(super) fn typed_numbers(declaration: &str) -> Vec<&str> {
    let kinds = declaration.rsplit_once("}:").map_or("", |(_, kind)| kind);
    let kinds =
        if kinds.is_empty() { declaration.split_once(':').map_or("", |(_, kind)| kind) } else { kinds };
    let fields = kinds.split(['{', ';', ',', '}', '\n']);
    let number = |field: &str| matches!(field, "number" | "boolean" | "bigint" | "Date");
    let numbers = fields.filter_map(|field| {
        let (name, kind) = field.split_once(':')?;
        let plain = kind.split('|').map(str::trim).filter(|kind| !matches!(*kind, "null" | "undefined"));
        let mut plain = plain.peekable();
        (plain.peek().is_some() && plain.all(number)).then(|| name.trim().trim_end_matches('?'))
    });
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_off_a_declaration() {
        for (declaration, names) in [
            ("{ id, name }: { id: number; name: string }", vec!["id"]),
            ("args: { id?: number | null, live: boolean }", vec!["id", "live"]),
            ("{ id }: Args", vec![]),
            ("args", vec![]),
            ("{ id }: { id: number | string }", vec![]),
        ] {
            assert_eq!(typed_numbers(declaration), names, "{declaration}");
        }
    }
}
