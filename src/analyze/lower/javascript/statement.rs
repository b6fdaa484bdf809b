//! Statements without control flow, and the dispatch to those with.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{End, Op, Span};
use crate::syntax::unquoted;

impl<'a> Lowering<'_, 'a> {
    /// The statements of a function or of the file, with the directives at their head.
    pub(super) fn body_of(&mut self, block: Node<'_>) {
        let head = parts(block).into_iter().map_while(|statement| {
            first(statement).filter(|it| statement.kind() == "expression_statement" && it.kind() == "string")
        });
        let texts = head.map(|literal| unquoted(self.parsed, literal).value);
        if let Some(directive) = texts.filter(|text| text != "use strict").last() {
            self.builder.directive(&directive);
        }
        self.statements(block);
    }

    /// The statements of a block; function declarations are hoisted.
    pub(super) fn statements(&mut self, block: Node<'_>) {
        let statements = parts(block);
        for statement in &statements {
            let inner = match statement.kind() {
                "export_statement" => field(*statement, "declaration"),
                _ => Some(*statement),
            };
            if let Some(function) = inner.filter(|it| is_function(it.kind())) {
                self.deeper(|it| it.declare_function(function));
            }
        }
        for statement in statements {
            if !is_function(statement.kind()) {
                self.statement(statement);
            }
        }
    }

    pub(super) fn statement(&mut self, node: Node<'_>) {
        self.deeper(|it| it.statement_here(node));
    }

    fn statement_here(&mut self, node: Node<'_>) {
        let span = Span::of(node);
        match node.kind() {
            "expression_statement" => match first(node) {
                Some(inner) if inner.kind() == "internal_module" => self.namespace(inner),
                Some(expression) => {
                    self.expression(expression);
                }
                None => {}
            },
            "lexical_declaration" | "variable_declaration" | "using_declaration" => self.variables(node),
            "statement_block" | "class_static_block" | "program" => self.statements(node),
            kind if is_function(kind) => self.declare_function(node),
            "class_declaration" | "abstract_class_declaration" => {
                let class = self.class(node);
                if let Some(name) = field(node, "name") {
                    let name = self.name(name);
                    self.declare(name, class, span);
                }
            }
            "return_statement" => {
                let value = first(node).map(|value| self.expression(value));
                self.builder.dead(End::Return(value));
            }
            "throw_statement" => {
                let value = first(node).map(|value| self.expression(value));
                self.builder.dead(End::Throw(value));
            }
            "if_statement" => self.if_statement(node),
            "for_statement" => self.for_statement(node),
            "for_in_statement" => self.for_in_statement(node),
            "while_statement" => self.while_statement(node),
            "do_statement" => self.do_statement(node),
            "switch_statement" => self.switch_statement(node),
            "try_statement" => self.try_statement(node),
            "break_statement" | "continue_statement" => self.jump(node),
            "labeled_statement" => self.labeled(node),
            "import_statement" => self.import(node),
            "export_statement" => self.export(node),
            "enum_declaration" => self.enumeration(node),
            "internal_module" | "module" => self.namespace(node),
            "interface_declaration" => self.interface(node),
            "with_statement" => {
                for part in [field(node, "object"), field(node, "body")].into_iter().flatten() {
                    self.statement(part);
                }
            }
            "else_clause" | "finally_clause" => {
                for part in parts(node) {
                    self.statement(part);
                }
            }
            "ambient_declaration"
            | "type_alias_declaration"
            | "function_signature"
            | "import_alias"
            | "empty_statement"
            | "debugger_statement"
            | "hash_bang_line"
            | "decorator" => {}
            // A statement that the grammar did not understand: what it understood inside still counts.
            "ERROR" => {
                for part in parts(node) {
                    self.statement(part);
                }
            }
            _ => {
                self.expression(node);
            }
        }
    }

    fn variables(&mut self, node: Node<'_>) {
        for declarator in parts(node) {
            let Some(pattern) = field(declarator, "name") else { continue };
            match field(declarator, "value") {
                Some(value) if self.state_pair(pattern, value) => {}
                Some(value) => {
                    let value = self.named_expression(value, Some(pattern));
                    self.bind_pattern(pattern, value, true);
                }
                None => self.declare_names(pattern),
            }
        }
    }

    fn enumeration(&mut self, node: Node<'_>) {
        let span = Span::of(node);
        let value = self.builder.push(Op::Dict(Vec::new()), span);
        if let Some(name) = field(node, "name") {
            let name = self.name(name);
            self.declare(name, value, span);
        }
    }
}

fn is_function(kind: &str) -> bool {
    matches!(kind, "function_declaration" | "generator_function_declaration")
}
