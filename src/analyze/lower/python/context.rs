//! `with`: what follows is reached though the block has thrown, where the context manager keeps the exception to itself.

use tree_sitter::Node;

use super::{Lowering, named};
use crate::analyze::ir::End;
use crate::syntax::{Parsed, walk};

/// Context managers of libraries that do so.
const SWALLOWING: &[&str] =
    &["suppress", "ignored", "raises", "assertRaises", "assertRaisesRegex", "assertRaisesMessage", "warns"];

impl<'t> Lowering<'_, 't> {
    pub(super) fn with(&mut self, node: Node<'t>) {
        let mut swallows = false;
        for item in named(node).filter(|child| child.kind() == "with_clause").flat_map(named) {
            if let Some(value) = item.child_by_field_name("value") {
                swallows |= self.swallows(value);
                self.expression(value);
            }
        }
        let body = node.child_by_field_name("body");
        if !swallows {
            return body.map_or((), |body| self.statements(body));
        }
        let after = self.builder.block();
        let outer = self.builder.handler(Some(after));
        let start = self.builder.block();
        self.builder.end(End::Jump(start));
        self.builder.switch(start);
        if let Some(body) = body {
            self.statements(body);
        }
        self.builder.handler(outer);
        let through = self.builder.block();
        self.builder.end(End::Jump(through));
        self.builder.switch(through);
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
    }

    /// Whether a context manager, as it is written, keeps exceptions to itself.
    fn swallows(&self, manager: Node<'_>) -> bool {
        let manager = match manager.kind() {
            "as_pattern" => manager.named_child(0).unwrap_or(manager),
            _ => manager,
        };
        let made = match manager.kind() {
            "call" => manager.child_by_field_name("function").unwrap_or(manager),
            _ => manager,
        };
        let text = self.text(made);
        let name = text.rsplit('.').next().unwrap_or(text);
        SWALLOWING.contains(&name) || self.swallowing.contains(&name)
    }
}

/// What the file itself calls so: other names of those of libraries, and its own.
pub(super) fn swallowing<'t>(parsed: &'t Parsed<'_>) -> Vec<&'t str> {
    let text = parsed.text;
    let mut names = Vec::new();
    if !["__exit__", "__aexit__", "contextmanager", "suppress as", "raises as"]
        .iter()
        .any(|it| text.contains(it))
    {
        return names;
    }
    for node in walk(parsed.root()) {
        let of =
            |node: Node<'_>, field| node.child_by_field_name(field).map_or("", |node| parsed.text_of(node));
        match node.kind() {
            "aliased_import" if SWALLOWING.contains(&of(node, "name")) => names.push(of(node, "alias")),
            "class_definition" if exits(parsed, node) => names.push(of(node, "name")),
            "decorated_definition" => {
                let generates = named(node)
                    .filter(|child| child.kind() == "decorator")
                    .any(|decorator| parsed.text_of(decorator).contains("contextmanager"));
                if let Some(function) = node.child_by_field_name("definition").filter(|_| generates)
                    && walk(function).any(|inner| inner.kind() == "try_statement" && catches(inner))
                {
                    names.push(of(function, "name"));
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether the `__exit__` of a class returns something that may be true.
fn exits(parsed: &Parsed<'_>, class: Node<'_>) -> bool {
    let Some(body) = class.child_by_field_name("body") else { return false };
    let exit = |node: &Node<'_>| {
        node.kind() == "function_definition"
            && node
                .child_by_field_name("name")
                .is_some_and(|name| matches!(parsed.text_of(name), "__exit__" | "__aexit__"))
    };
    let may = |returned: Node<'_>| {
        named(returned).next().is_some_and(|value| !matches!(value.kind(), "false" | "none"))
    };
    named(body).filter(exit).any(|exit| walk(exit).any(|node| node.kind() == "return_statement" && may(node)))
}

/// Whether a `try` around a `yield` has a handler that throws nothing.
fn catches(attempt: Node<'_>) -> bool {
    let yields =
        attempt.child_by_field_name("body").is_some_and(|body| walk(body).any(|node| node.kind() == "yield"));
    let throws = |clause: Node<'_>| walk(clause).any(|node| node.kind() == "raise_statement");
    yields && named(attempt).any(|clause| clause.kind() == "except_clause" && !throws(clause))
}
