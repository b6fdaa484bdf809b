//! Classes of Python that say what their objects hold: records, properties.

use tree_sitter::Node;

use super::{Lowering, named};
use crate::analyze::ir::{Field, Record, Span};

impl<'t> Lowering<'_, 't> {
    /// The fields that a class declares with a type and gets values for: `name: str`, `age: int = 0`.
    pub(super) fn declared_fields(&mut self, class: Node<'t>) -> Vec<Field> {
        let statements = class.child_by_field_name("body").into_iter().flat_map(named);
        let declared = statements
            .filter(|statement| statement.kind() == "expression_statement")
            .filter_map(|statement| statement.named_child(0))
            .filter(|assignment| assignment.kind() == "assignment");
        let mut fields = Vec::new();
        for declaration in declared {
            let part = |name| declaration.child_by_field_name(name);
            let (Some(name), Some(kind)) = (part("left"), part("type")) else { continue };
            let set_apart = self.text(kind).contains("ClassVar")
                || part("right").is_some_and(|value| self.text(value).contains("init=False"));
            if name.kind() == "identifier" && !set_apart {
                let (kind, declaration) = (Span::of(kind), Span::of(declaration));
                fields.push(Field { name: self.name(name), kind, declaration });
            }
        }
        fields
    }

    /// Whether a class is a record of its fields, by its decorators and the names of its bases.
    pub(super) fn record(&self, class: Node<'t>, decorators: &[&str]) -> Option<Record> {
        let bases = class.child_by_field_name("superclasses").into_iter().flat_map(named);
        let by_base = bases.filter_map(|base| match last_name(self.text(base)) {
            "NamedTuple" | "TypedDict" | "Struct" | "SQLModel" => Some(Record::Keeps),
            "BaseModel" | "BaseSettings" => Some(Record::Converts),
            _ => None,
        });
        let by_decorator = decorators.iter().filter_map(|decorator| match last_name(decorator) {
            "dataclass" if decorator.starts_with("pydantic.") => Some(Record::Converts),
            "dataclass" | "define" | "frozen" | "mutable" | "attrs" => Some(Record::Keeps),
            "s" if decorator.starts_with("attr.") => Some(Record::Keeps),
            _ => None,
        });
        by_base.chain(by_decorator).next()
    }
}

/// Whether a method with that decorator runs when a member is read, or (false) when it is written.
pub(super) fn accessor(decorator: &str) -> Option<bool> {
    match last_name(decorator) {
        "property" | "cached_property" => Some(true),
        "setter" => Some(false),
        _ => None,
    }
}

/// The last name of `attr.s(frozen=True)`: `s`.
fn last_name(expression: &str) -> &str {
    let callee = expression.split(['(', '[']).next().unwrap_or("");
    callee.rsplit('.').next().unwrap_or("").trim()
}
