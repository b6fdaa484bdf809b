//! What binds names: assignment targets and the patterns of `match`.

use tree_sitter::Node;

use super::{Lowering, named};
use crate::analyze::ir::{Binary, BlockId, End, Literal, Op, Span, Value};

impl<'t> Lowering<'_, 't> {
    /// Binds `value` to a target; `span` is the whole assignment.
    pub(super) fn assign(&mut self, target: Node<'t>, value: Value, span: Span) {
        match target.kind() {
            "identifier" | "keyword_identifier" => {
                let name = self.name(target);
                self.builder.store(name, value, span);
            }
            "attribute" => {
                let (Some(object), Some(attribute)) =
                    (target.child_by_field_name("object"), target.child_by_field_name("attribute"))
                else {
                    return;
                };
                let object = self.expression(object);
                let attribute = self.name(attribute);
                self.builder.push(Op::SetMember(object, attribute, value), span);
            }
            "subscript" => {
                let (Some(object), Some(key)) =
                    (target.child_by_field_name("value"), target.child_by_field_name("subscript"))
                else {
                    return;
                };
                let object = self.expression(object);
                let key = if key.kind() == "slice" { self.unknown(key) } else { self.expression(key) };
                self.builder.push(Op::SetIndex(object, key, value), span);
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" | "expression_list" => {
                self.unpack(target, value, span);
            }
            "as_pattern_target" | "parenthesized_expression" => {
                if let Some(inner) = target.named_child(0) {
                    self.assign(inner, value, span);
                }
            }
            _ => {}
        }
    }

    fn unpack(&mut self, target: Node<'t>, value: Value, span: Span) {
        if self.depth >= super::DEEPEST {
            return self.builder.leave_out(super::TOO_DEEP);
        }
        self.depth += 1;
        let mut starred = false;
        for (index, part) in named(target).enumerate() {
            let at = Span::of(part);
            if part.kind() == "list_splat_pattern" || part.kind() == "list_splat" {
                starred = true;
                let rest = self.builder.push(Op::Slice(value), at);
                if let Some(inner) = part.named_child(0) {
                    self.assign(inner, rest, span);
                }
                continue;
            }
            let item = if starred {
                self.builder.push(Op::Each(value), at)
            } else {
                let key = self.builder.push(Op::Literal(Literal::Int(index as i64)), at);
                self.builder.push(Op::Index(value, key), at)
            };
            self.assign(part, item, span);
        }
        self.depth -= 1;
    }

    pub(super) fn matching(&mut self, node: Node<'t>) {
        let Some(written) = node.child_by_field_name("subject") else { return };
        let subject = self.expression(written);
        let after = self.builder.block();
        let Some(body) = node.child_by_field_name("body") else { return };
        for clause in named(body).filter(|child| child.kind() == "case_clause") {
            let (then, next) = (self.builder.block(), self.builder.block());
            for pattern in named(clause).filter(|child| child.kind() == "case_pattern") {
                self.case(pattern, (written, subject), then, next);
            }
            self.builder.end(End::Jump(then));
            self.builder.switch(then);
            if let Some(condition) =
                clause.child_by_field_name("guard").and_then(|guard| guard.named_child(0))
            {
                let holds = self.builder.block();
                self.condition(condition, holds, next);
                self.builder.switch(holds);
            }
            if let Some(body) = clause.child_by_field_name("consequence") {
                self.statements(body);
            }
            self.builder.end(End::Jump(after));
            self.builder.switch(next);
        }
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
    }

    /// Goes to `then` when `subject` matches, else to `next`; names are bound on the way.
    fn case(&mut self, pattern: Node<'t>, of: (Node<'t>, Value), then: BlockId, next: BlockId) {
        let (written, subject) = of;
        let span = Span::of(pattern);
        let inner = pattern.named_child(0);
        match inner.map(|inner| inner.kind()) {
            // `_` is no named node.
            None => self.builder.end(End::Jump(then)),
            Some("dotted_name") => {
                let text = self.text(pattern);
                if text.contains('.') {
                    self.builder.end(End::Fork(vec![then, next]));
                } else {
                    let name = self.builder.name(text);
                    self.builder.store(name, subject, span);
                    self.builder.end(End::Jump(then));
                }
            }
            Some("string" | "concatenated_string" | "integer" | "true" | "false" | "none") => {
                if let Some(inner) = inner {
                    self.equal(inner, subject, then, next);
                }
            }
            // What is bound is what the pattern has told of.
            Some("as_pattern") => {
                let parts: Vec<_> = inner.into_iter().flat_map(named).collect();
                let [pattern, name] = parts.as_slice() else {
                    return self.builder.end(End::Fork(vec![then, next]));
                };
                let bound = self.builder.block();
                self.case(*pattern, of, bound, next);
                self.builder.switch(bound);
                let value = match written.kind() {
                    "identifier" | "attribute" | "subscript" => self.expression(written),
                    _ => subject,
                };
                let name = self.name(*name);
                self.builder.store(name, value, span);
                self.builder.end(End::Jump(then));
            }
            Some("union_pattern") => {
                for option in inner.into_iter().flat_map(named) {
                    let other = self.builder.block();
                    self.equal(option, subject, then, other);
                    self.builder.switch(other);
                }
                self.builder.end(End::Jump(next));
            }
            Some(_) => {
                for name in crate::syntax::walk(pattern).filter(|node| node.kind() == "identifier") {
                    let part = self.builder.push(Op::Each(subject), span);
                    let name = self.name(name);
                    self.builder.store(name, part, span);
                }
                self.builder.end(End::Fork(vec![then, next]));
            }
        }
    }

    fn equal(&mut self, literal: Node<'t>, subject: Value, then: BlockId, next: BlockId) {
        match literal.kind() {
            "string" | "concatenated_string" | "integer" | "true" | "false" | "none" => {
                let value = self.expression(literal);
                let span = Span::of(literal);
                let same = self.builder.push(Op::Binary(Binary::Eq, subject, value), span);
                self.builder.end(End::Branch(same, then, next));
            }
            _ => self.builder.end(End::Fork(vec![then, next])),
        }
    }
}
