//! Imports and exports, of ES modules and of CommonJS.

use tree_sitter::Node;

use super::{Frame, Lowering, field, first, parts};
use crate::analyze::ir::{End, Entry, Name, Op, Span, Value};
use crate::analyze::lower::interface_name;
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
            let kinds = ["export_clause", "namespace_export"];
            let clause = parts(node).into_iter().find(|it| kinds.contains(&it.kind()));
            match clause {
                Some(clause) if clause.kind() == "export_clause" => self.export_names(clause, Some(module)),
                Some(name) => {
                    let name = first(name).map_or("", |name| self.text(name));
                    self.exported(name, module, span);
                }
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
                let exported = if default { "default" } else { text };
                self.exported(exported, value, span);
                self.exports_variable(exported, text);
            }
        } else if let Some(expression) = field(node, "value") {
            let value = self.expression(expression);
            self.exported("default", value, span);
            if expression.kind() == "identifier" {
                self.exports_variable("default", self.text(expression));
            }
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
            if module.is_none() {
                self.exports_variable(exported, text);
            }
        }
    }

    /// TypeScript's `namespace N { export .. }`: an object that a function makes of what its body exports.
    pub(super) fn namespace(&mut self, node: Node<'_>) {
        let (Some(name), Some(body)) = (field(node, "name"), field(node, "body")) else { return };
        if name.kind() == "string" {
            return self.statements(body);
        }
        let span = Span::of(node);
        let mut path: Vec<&str> = self.text(name).split('.').map(str::trim).collect();
        path.reverse();
        let Some(outer) = path.pop() else { return };
        let parent = self.builder.function();
        let outer_name = self.builder.name(outer);
        let id = self.builder.enter(Some(outer_name), Some(parent), None, Span::of(body));
        self.frames.push(Frame::default());
        self.statements(body);
        let members = exported_of(body);
        let object = self.object_of(&members, span);
        self.builder.end(End::Return(Some(object)));
        self.frames.pop();
        self.builder.leave();
        let closure = self.builder.push(Op::Closure(id, Vec::new()), span);
        let mut value = self.builder.push(Op::Call { callee: closure, arguments: Vec::new() }, span);
        let mut members: Vec<&str> = members.into_iter().map(|name| self.text(name)).collect();
        for inner in path {
            let key = self.builder.literal_text(inner, span);
            value = self.builder.push(Op::Dict(vec![Entry { key: Some(key), value, span }]), span);
            members = vec![inner];
        }
        if !self.frame().declared.contains(&outer_name) {
            self.declare(outer_name, value, span);
            return;
        }
        // More of a namespace, or what a class or function of the same name has beside itself.
        for member in members {
            let held = self.member(value, member, span);
            let object = self.load(outer, span);
            let member = self.builder.name(member);
            self.builder.push(Op::SetMember(object, member, held), span);
        }
    }

    fn object_of(&mut self, names: &[Node<'_>], span: Span) -> Value {
        let mut entries = Vec::new();
        for name in names {
            let text = self.text(*name);
            let (key, value) = (self.builder.literal_text(text, span), self.load(text, span));
            entries.push(Entry { key: Some(key), value, span });
        }
        self.builder.push(Op::Dict(entries), span)
    }

    /// An interface that has methods: classes that implement it stand behind it. It is kept under a name of its own, since
    /// a value may have the same.
    pub(super) fn interface(&mut self, node: Node<'_>) {
        let (Some(name), Some(body)) = (field(node, "name"), field(node, "body")) else { return };
        let is_method = |member: &Node<'_>| {
            member.kind() == "method_signature"
                || field(*member, "type").and_then(first).is_some_and(|kind| kind.kind() == "function_type")
        };
        if !parts(body).iter().any(is_method) {
            return;
        }
        let span = Span::of(node);
        let text = self.text(name);
        let kept = self.builder.name(&interface_name(text));
        let name = self.builder.name(text);
        let class = self.builder.add_class(Some(name), span);
        let parent = self.builder.function();
        let id = self.builder.enter(Some(name), Some(parent), Some(class), Span::of(body));
        self.builder.leave();
        let bases = self.types_of(node, "extends_type_clause");
        let made = self.builder.class(class);
        (made.body, made.interfaces) = (Some(id), bases);
        let value = self.builder.push(Op::Class(class, Vec::new()), span);
        self.declare(kept, value, span);
    }

    /// The names of the types in a clause of a class or interface.
    pub(super) fn types_of(&mut self, node: Node<'_>, clause: &str) -> Vec<Name> {
        let mut names = Vec::new();
        for clause in parts(node).into_iter().filter(|it| it.kind() == clause) {
            for kind in parts(clause) {
                let kind = if kind.kind() == "generic_type" { first(kind).unwrap_or(kind) } else { kind };
                if kind.kind() == "type_identifier" {
                    names.push(self.name(kind));
                }
            }
        }
        names
    }

    /// What a variable is exported as it is whenever it is used, not where the export stands.
    fn exports_variable(&mut self, exported: &str, variable: &str) {
        if self.frames.len() == 1 {
            let exported = self.builder.name(&format!("exports.{exported}"));
            let interface = self.builder.known(&interface_name(variable));
            let variable = self.builder.name(variable);
            for variable in interface.into_iter().chain([variable]) {
                self.builder.export(exported, variable);
            }
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

/// The names of what the body of a namespace exports.
fn exported_of(body: Node<'_>) -> Vec<Node<'_>> {
    let exports = parts(body).into_iter().filter(|it| it.kind() == "export_statement");
    let declarations = exports.filter_map(|export| field(export, "declaration"));
    declarations.filter(|it| it.kind() != "interface_declaration").flat_map(declared).collect()
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
