//! Imports and exports, of ES modules and of CommonJS.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{Op, Span, Value};
use crate::syntax::unquoted;

/// The name of a module without the scheme that Node allows in front of its own.
pub(super) fn plain(module: &str) -> &str {
    module.strip_prefix("node:").unwrap_or(module)
}

impl<'a> Lowering<'_, 'a> {
    fn path(&mut self, source: Node<'_>) -> Value {
        let module = unquoted(self.parsed, source).value;
        let name = self.builder.name(plain(&module));
        self.builder.push(Op::Path(name), Span::of(source))
    }

    pub(super) fn import(&mut self, node: Node<'_>) {
        for part in parts(node) {
            match (part.kind(), field(node, "source")) {
                ("import_clause", Some(source)) => {
                    let module = self.path(source);
                    for binding in parts(part) {
                        self.import_binding(binding, module);
                    }
                }
                // TypeScript's `import fs = require("fs")`.
                ("import_require_clause", _) => {
                    if let (Some(name), Some(source)) = (first(part), field(part, "source")) {
                        let module = self.path(source);
                        let name = self.name(name);
                        self.declare(name, module, Span::of(part));
                    }
                }
                _ => {}
            }
        }
    }

    fn import_binding(&mut self, binding: Node<'_>, module: Value) {
        let span = Span::of(binding);
        match binding.kind() {
            // Of a CommonJS module the default import is the module itself.
            "identifier" => {
                let name = self.name(binding);
                self.declare(name, module, span);
            }
            "namespace_import" => {
                if let Some(name) = first(binding) {
                    let name = self.name(name);
                    self.declare(name, module, span);
                }
            }
            "named_imports" => {
                for specifier in parts(binding) {
                    let Some(name) = field(specifier, "name") else { continue };
                    let bound = field(specifier, "alias").unwrap_or(name);
                    let imported = self.text(name);
                    let value = match imported {
                        "default" => module,
                        _ => self.member(module, imported, Span::of(specifier)),
                    };
                    let bound = self.name(bound);
                    self.declare(bound, value, Span::of(specifier));
                }
            }
            _ => {}
        }
    }

    pub(super) fn export(&mut self, node: Node<'_>) {
        let span = Span::of(node);
        if let Some(source) = field(node, "source") {
            let module = self.path(source);
            let clause = parts(node).into_iter().find(|it| it.kind() == "export_clause");
            match clause {
                Some(clause) => self.export_names(clause, Some(module)),
                None => self.exported("*", module, span),
            }
            return;
        }
        let default = (0..node.child_count())
            .filter_map(|index| node.child(index))
            .any(|child| matches!(child.kind(), "default" | "="));
        if let Some(declaration) = field(node, "declaration") {
            if !matches!(declaration.kind(), "function_declaration" | "generator_function_declaration") {
                self.statement(declaration);
            }
            for name in declared(declaration) {
                let text = self.text(name);
                let value = self.load(text, Span::of(name));
                self.exported(if default { "default" } else { text }, value, span);
            }
        } else if let Some(value) = field(node, "value") {
            let value = self.expression(value);
            self.exported("default", value, span);
        } else {
            for part in parts(node) {
                match part.kind() {
                    "export_clause" => self.export_names(part, None),
                    "decorator" => {}
                    _ if default => {
                        let value = self.expression(part);
                        self.exported("default", value, span);
                    }
                    _ => self.statement(part),
                }
            }
        }
    }

    fn export_names(&mut self, clause: Node<'_>, module: Option<Value>) {
        for specifier in parts(clause) {
            let Some(name) = field(specifier, "name") else { continue };
            let span = Span::of(specifier);
            let text = self.text(name);
            let value = match module {
                Some(module) if text == "default" => module,
                Some(module) => self.member(module, text, span),
                None => self.load(text, span),
            };
            let exported = field(specifier, "alias").map_or(text, |alias| self.text(alias));
            self.exported(exported, value, span);
        }
    }

    fn exported(&mut self, name: &str, value: Value, span: Span) {
        if self.frames.len() == 1 {
            let name = self.builder.name(&format!("exports.{name}"));
            self.builder.store(name, value, span);
        }
    }

    /// What `module.exports = ..` and `exports.name = ..` export.
    pub(super) fn export_assignment(&mut self, left: Node<'_>, right: Node<'_>, value: Value) {
        let text = self.text(left);
        let span = Span::of(left);
        if text == "module.exports" || text == "exports" {
            self.exported("default", value, span);
            if right.kind() == "object" {
                for part in parts(right) {
                    let key = field(part, "key").or_else(|| field(part, "name")).unwrap_or(part);
                    if matches!(key.kind(), "property_identifier" | "shorthand_property_identifier") {
                        let name = self.text(key);
                        let member = self.member(value, name, Span::of(part));
                        self.exported(name, member, span);
                    }
                }
            }
        } else if let Some(name) =
            text.strip_prefix("module.exports.").or_else(|| text.strip_prefix("exports."))
            && !name.contains(['.', '['])
        {
            self.exported(name, value, span);
        }
    }
}

/// The names that an exported declaration binds.
fn declared(declaration: Node<'_>) -> Vec<Node<'_>> {
    match field(declaration, "name") {
        Some(name) => vec![name],
        None => parts(declaration)
            .into_iter()
            .filter_map(|declarator| field(declarator, "name"))
            .filter(|name| name.kind() == "identifier")
            .collect(),
    }
}
