//! Functions that make objects, and prototypes: classes as they were written before there were classes.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::expression::is_receiver;
use super::{Lowering, field};
use crate::analyze::ir::{ClassId, Name, Op, Span, Value};

/// The names of functions whose prototype the text speaks of, or that it calls with `new`.
pub(super) fn makers(text: &str) -> BTreeMap<String, Option<ClassId>> {
    let mut makers = BTreeMap::new();
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    for (at, _) in text.match_indices(".prototype") {
        let before = text.get(..at).unwrap_or("");
        let start = before.rfind(|c| !part(c)).map_or(0, |end| {
            end + before.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        makers.insert(before.get(start..).unwrap_or("").to_owned(), None);
    }
    for (at, new) in text.match_indices("new ") {
        let after = text.get(at + new.len()..).unwrap_or("");
        let end = after.find(|c| !part(c)).unwrap_or(after.len());
        makers.insert(after.get(..end).unwrap_or("").to_owned(), None);
    }
    makers.retain(|name, _| {
        !matches!(name.as_str(), "" | "Object" | "Array" | "String" | "Function" | "Promise")
    });
    makers
}

impl<'a> Lowering<'_, 'a> {
    /// A function that makes objects, as a class; `None` when it is none.
    pub(super) fn maker(&mut self, node: Node<'_>, name: Option<Name>) -> Option<Value> {
        let named = field(node, "name").map(|name| self.name(name)).or(name)?;
        let text = self.builder.text(named).to_owned();
        self.makers.get(&text)?;
        let speaks = field(node, "body").is_some_and(|body| self.text(body).contains("this."));
        let prototype = format!("{text}.prototype");
        if !speaks && !self.parsed.text.contains(&prototype) {
            return None;
        }
        let class = self.class_of(&text, Span::of(node));
        let constructor = self.builder.name("__init__");
        self.method(node, class, constructor, Span::of(node));
        Some(self.builder.push(Op::Class(class, Vec::new()), Span::of(node)))
    }

    fn class_of(&mut self, name: &str, span: Span) -> ClassId {
        if let Some(Some(class)) = self.makers.get(name) {
            return *class;
        }
        let interned = self.builder.name(name);
        let class = self.builder.add_class(Some(interned), span);
        self.makers.insert(name.to_owned(), Some(class));
        class
    }

    /// The value of `Foo.prototype.run = function () {..}` and `Foo.prototype = {..}`.
    pub(super) fn prototype_member(&mut self, left: Node<'_>, right: Node<'_>) -> Option<Value> {
        if left.kind() != "member_expression" {
            return None;
        }
        let (object, property) = (field(left, "object")?, field(left, "property")?);
        let maker = |text: &str| text.strip_suffix(".prototype").map(str::to_owned);
        if let Some(name) = maker(self.text(object)).filter(|_| is_receiver(right.kind())) {
            self.makers.get(&name)?;
            let class = self.class_of(&name, Span::of(left));
            let method = self.name(property);
            return Some(self.method(right, class, method, Span::of(right)));
        }
        if let Some(name) = maker(self.text(left)).filter(|_| right.kind() == "object") {
            self.makers.get(&name)?;
            self.prototype = Some(self.class_of(&name, Span::of(left)));
            let value = self.expression(right);
            self.prototype = None;
            return Some(value);
        }
        None
    }
}
