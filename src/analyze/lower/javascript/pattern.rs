//! Targets of an assignment: names, members, destructuring with defaults and rest.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{Literal, Op, Span, Value};

impl<'a> Lowering<'_, 'a> {
    /// Writes `value` to what `pattern` names; `declares` for `let`, parameters and the like.
    pub(super) fn bind_pattern(&mut self, pattern: Node<'_>, value: Value, declares: bool) {
        self.bind_at(pattern, value, declares, Span::of(pattern));
    }

    /// As [`Self::bind_pattern`], the span of the write being that of the whole assignment.
    pub(super) fn bind_at(&mut self, pattern: Node<'_>, value: Value, declares: bool, span: Span) {
        self.deeper(|it| it.bind_here(pattern, value, declares, span));
    }

    fn bind_here(&mut self, pattern: Node<'_>, value: Value, declares: bool, span: Span) {
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" | "undefined" => {
                let name = self.name(pattern);
                if declares {
                    self.declare(name, value, span);
                } else {
                    self.assign(name, value, span);
                }
            }
            "member_expression" => {
                let (Some(object), Some(property)) = (field(pattern, "object"), field(pattern, "property"))
                else {
                    return;
                };
                let object = self.expression(object);
                let property = self.name(property);
                self.builder.push(Op::SetMember(object, property, value), span);
            }
            "subscript_expression" => {
                let (Some(object), Some(index)) = (field(pattern, "object"), field(pattern, "index")) else {
                    return;
                };
                let object = self.expression(object);
                if let Some(property) = self.property(index) {
                    let property = self.builder.name(&property);
                    self.builder.push(Op::SetMember(object, property, value), span);
                    return;
                }
                let index = self.expression(index);
                self.builder.push(Op::SetIndex(object, index, value), span);
            }
            "object_pattern" => {
                for part in parts(pattern) {
                    self.bind_property(part, value, declares);
                }
            }
            "array_pattern" => self.bind_elements(pattern, value, declares),
            "assignment_pattern" | "object_assignment_pattern" => {
                let (Some(left), Some(right)) = (field(pattern, "left"), field(pattern, "right")) else {
                    return;
                };
                let otherwise = self.expression(right);
                let either = self.builder.push(Op::Either(vec![value, otherwise]), Span::of(pattern));
                self.bind_pattern(left, either, declares);
            }
            "rest_pattern" => {
                let rest = self.builder.push(Op::Slice(value), span);
                if let Some(inner) = first(pattern) {
                    self.bind_pattern(inner, rest, declares);
                }
            }
            "parenthesized_expression" | "non_null_expression" | "as_expression" | "satisfies_expression" => {
                if let Some(inner) = first(pattern) {
                    self.bind_at(inner, value, declares, span);
                }
            }
            _ => {}
        }
    }

    fn bind_property(&mut self, part: Node<'_>, object: Value, declares: bool) {
        let span = Span::of(part);
        match part.kind() {
            "pair_pattern" => {
                let (Some(key), Some(target)) = (field(part, "key"), field(part, "value")) else { return };
                let value = if key.kind() == "property_identifier" {
                    let name = self.name(key);
                    self.builder.push(Op::Member(object, name), span)
                } else {
                    let key = self.key(key);
                    self.builder.push(Op::Index(object, key), span)
                };
                self.bind_pattern(target, value, declares);
            }
            "shorthand_property_identifier_pattern" => {
                let name = self.name(part);
                let value = self.builder.push(Op::Member(object, name), span);
                self.bind_pattern(part, value, declares);
            }
            "object_assignment_pattern" => {
                let Some(left) = field(part, "left") else { return };
                let name = self.name(left);
                let value = self.builder.push(Op::Member(object, name), Span::of(left));
                self.bind_pattern(part, value, declares);
            }
            _ => self.bind_pattern(part, object, declares),
        }
    }

    fn bind_elements(&mut self, pattern: Node<'_>, value: Value, declares: bool) {
        let mut index = 0;
        let mut cursor = pattern.walk();
        let children: Vec<_> = pattern.children(&mut cursor).collect();
        for child in children {
            // A hole has no node: its comma counts.
            if !child.is_named() {
                index += i64::from(child.kind() == ",");
                continue;
            }
            if child.kind() == "rest_pattern" {
                self.bind_pattern(child, value, declares);
            } else if !child.is_extra() {
                let span = Span::of(child);
                let key = self.literal(Literal::Int(index), span);
                let element = self.builder.push(Op::Index(value, key), span);
                self.bind_pattern(child, element, declares);
            }
        }
    }

    /// Declares the names of a pattern that has no value yet: `let x;`.
    pub(super) fn declare_names(&mut self, pattern: Node<'_>) {
        if pattern.kind() == "identifier" {
            let name = self.name(pattern);
            self.frame().declared.insert(name);
            self.builder.bind(name);
        }
    }
}
