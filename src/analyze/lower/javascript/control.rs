//! Branches, loops, `switch`, `try`, jumps, and conditions that short-circuit.

use tree_sitter::Node;

use super::{Jump, Lowering, field, first, parts};
use crate::analyze::ir::{Argument, BlockId, End, Op, Pass, Span, Unary, Value};

impl<'a> Lowering<'_, 'a> {
    /// Branches on `node`; the current block has ended afterwards.
    pub(super) fn condition(&mut self, node: Node<'_>, yes: BlockId, no: BlockId) {
        if self.deeper(|it| it.condition_here(node, yes, no)).is_none() {
            self.builder.end(End::Fork(vec![yes, no]));
        }
    }

    fn condition_here(&mut self, node: Node<'_>, yes: BlockId, no: BlockId) {
        let operator = field(node, "operator").map_or("", |operator| self.text(operator));
        match (node.kind(), operator) {
            ("parenthesized_expression", _) => {
                if let Some(inner) = first(node) {
                    return self.condition(inner, yes, no);
                }
            }
            ("unary_expression", "!") => {
                if let Some(inner) = field(node, "argument") {
                    return self.condition(inner, no, yes);
                }
            }
            ("binary_expression", "&&" | "||") => {
                if let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) {
                    let more = self.builder.block();
                    let (left_yes, left_no) = if operator == "&&" { (more, no) } else { (yes, more) };
                    self.condition(left, left_yes, left_no);
                    self.builder.switch(more);
                    return self.condition(right, yes, no);
                }
            }
            _ => {}
        }
        let value = self.expression(node);
        self.builder.end(End::Branch(value, yes, no));
    }

    /// Lowers an `else if` chain without nesting.
    pub(super) fn if_statement(&mut self, node: Node<'_>) {
        let join = self.builder.block();
        let mut node = node;
        loop {
            let (yes, no) = (self.builder.block(), self.builder.block());
            match field(node, "condition") {
                Some(condition) => self.condition(condition, yes, no),
                None => self.builder.end(End::Fork(vec![yes, no])),
            }
            self.builder.switch(yes);
            if let Some(body) = field(node, "consequence") {
                self.statement(body);
            }
            self.builder.end(End::Jump(join));
            self.builder.switch(no);
            match field(node, "alternative").and_then(first) {
                Some(next) if next.kind() == "if_statement" => node = next,
                Some(other) => {
                    self.statement(other);
                    break;
                }
                None => break,
            }
        }
        self.builder.end(End::Jump(join));
        self.builder.switch(join);
    }

    /// The value of `c ? x : y`, `a && b`: blocks and a temporary.
    pub(super) fn choice(
        &mut self,
        span: Span,
        condition: Node<'_>,
        yes: Option<Node<'_>>,
        no: Option<Node<'_>>,
    ) -> Value {
        let temp = self.builder.temp();
        let (first, second, join) = (self.builder.block(), self.builder.block(), self.builder.block());
        self.condition(condition, first, second);
        for (block, value) in [(first, yes), (second, no)] {
            self.builder.switch(block);
            let value = match value {
                Some(value) => self.expression(value),
                None => self.null(span),
            };
            self.builder.store(temp, value, span);
            self.builder.end(End::Jump(join));
        }
        self.builder.switch(join);
        self.builder.push(Op::Load(temp), span)
    }

    pub(super) fn while_statement(&mut self, node: Node<'_>) {
        self.looped(field(node, "condition"), None, field(node, "body"), false);
    }

    pub(super) fn do_statement(&mut self, node: Node<'_>) {
        self.looped(field(node, "condition"), None, field(node, "body"), true);
    }

    pub(super) fn for_statement(&mut self, node: Node<'_>) {
        if let Some(initializer) = field(node, "initializer") {
            self.statement(initializer);
        }
        let condition = field(node, "condition").filter(|it| it.is_named() && it.kind() != "empty_statement");
        // The grammar of TypeScript wraps the condition in a statement.
        let condition =
            condition.and_then(|it| if it.kind() == "expression_statement" { first(it) } else { Some(it) });
        self.looped(condition, field(node, "increment"), field(node, "body"), false);
    }

    fn looped(
        &mut self,
        condition: Option<Node<'_>>,
        increment: Option<Node<'_>>,
        body: Option<Node<'_>>,
        body_first: bool,
    ) {
        let (head, inside) = (self.builder.block(), self.builder.block());
        let (step, after) = (self.builder.block(), self.builder.block());
        self.builder.end(End::Jump(if body_first { inside } else { head }));
        self.builder.switch(head);
        match condition {
            Some(condition) => self.condition(condition, inside, after),
            None => self.builder.end(End::Fork(vec![inside, after])),
        }
        self.builder.switch(inside);
        self.within(after, Some(step), |it| {
            if let Some(body) = body {
                it.statement(body);
            }
        });
        self.builder.end(End::Jump(step));
        self.builder.switch(step);
        if let Some(increment) = increment {
            self.expression(increment);
        }
        self.builder.end(End::Jump(head));
        self.builder.switch(after);
    }

    pub(super) fn for_in_statement(&mut self, node: Node<'_>) {
        let Some(right) = field(node, "right") else { return };
        let mut values = self.expression(right);
        let span = Span::of(right);
        if field(node, "operator").is_some_and(|operator| self.text(operator) == "in") {
            values = self.keys_of(values, span);
        }
        let mut cursor = node.walk();
        if node.children(&mut cursor).any(|child| child.kind() == "await") {
            // The elements of what it waits for, or the pieces that a stream is read in, which models know by this name.
            let awaited = self.builder.push(Op::Await(values), span);
            let pieces = self.member(values, "asyncIterator", span);
            values = self.builder.push(Op::Either(vec![awaited, pieces]), span);
        }
        let (head, inside, after) = (self.builder.block(), self.builder.block(), self.builder.block());
        self.builder.end(End::Jump(head));
        self.builder.switch(head);
        self.builder.end(End::Fork(vec![inside, after]));
        self.builder.switch(inside);
        // `in` goes through the keys, which whoever made the object chose too.
        let each = self.builder.push(Op::Each(values), span);
        if let Some(left) = field(node, "left") {
            self.bind_pattern(left, each, field(node, "kind").is_some());
        }
        self.within(after, Some(head), |it| {
            if let Some(body) = field(node, "body") {
                it.statement(body);
            }
        });
        self.builder.end(End::Jump(head));
        self.builder.switch(after);
    }

    /// The keys of an object, as `Object.keys` lists them.
    fn keys_of(&mut self, object: Value, span: Span) -> Value {
        let global = self.load("Object", span);
        let callee = self.member(global, "keys", span);
        let arguments = vec![Argument { value: object, pass: Pass::Plain, span }];
        self.builder.push(Op::Call { callee, arguments }, span)
    }

    fn within(&mut self, leave: BlockId, again: Option<BlockId>, lower: impl FnOnce(&mut Self)) {
        let label = self.frame().label.take();
        self.frame().jumps.push(Jump { label, leave, again, block: false });
        lower(self);
        self.frame().jumps.pop();
    }

    /// A statement with a label, which a `break` that names it leaves.
    pub(super) fn labeled(&mut self, node: Node<'_>) {
        let label = field(node, "label").map(|label| self.name(label));
        let Some(body) = field(node, "body") else { return };
        if matches!(
            body.kind(),
            "for_statement" | "for_in_statement" | "while_statement" | "do_statement" | "switch_statement"
        ) {
            self.frame().label = label;
            return self.statement(body);
        }
        let leave = self.builder.block();
        self.frame().jumps.push(Jump { label, leave, again: None, block: true });
        self.statement(body);
        self.frame().jumps.pop();
        self.builder.end(End::Jump(leave));
        self.builder.switch(leave);
    }

    pub(super) fn jump(&mut self, node: Node<'_>) {
        let label = field(node, "label").map(|label| self.name(label));
        let again = node.kind() == "continue_statement";
        let target = self.frame().jumps.iter().rev().find_map(|jump| {
            let named = if label.is_none() { !jump.block } else { jump.label == label };
            if again { jump.again.filter(|_| named) } else { named.then_some(jump.leave) }
        });
        // A label that is not known, as the outer one of two: it may go on after anything that is open.
        let open =
            || self.frames.last().map_or_else(Vec::new, |it| it.jumps.iter().map(|it| it.leave).collect());
        let unknown = || if label.is_some() { End::Fork(open()) } else { End::Return(None) };
        let end = target.map_or_else(unknown, End::Jump);
        self.builder.dead(end);
    }

    pub(super) fn switch_statement(&mut self, node: Node<'_>) {
        let Some(value) = field(node, "value") else { return };
        let subject = self.expression(value);
        let cases = field(node, "body").map(parts).unwrap_or_default();
        let bodies: Vec<BlockId> = cases.iter().map(|_| self.builder.block()).collect();
        let after = self.builder.block();
        let mut otherwise = after;
        for (case, body) in cases.iter().zip(&bodies) {
            let Some(wanted) = field(*case, "value") else {
                otherwise = *body;
                continue;
            };
            let wanted_value = self.expression(wanted);
            let equal = self.equals(subject, wanted_value, Span::of(wanted));
            let next = self.builder.block();
            self.builder.end(End::Branch(equal, *body, next));
            self.builder.switch(next);
        }
        self.builder.end(End::Jump(otherwise));
        self.within(after, None, |it| {
            for (index, case) in cases.iter().enumerate() {
                it.builder.switch(bodies[index]);
                let mut cursor = case.walk();
                let statements: Vec<_> = case.children_by_field_name("body", &mut cursor).collect();
                for statement in statements {
                    it.statement(statement);
                }
                let next = bodies.get(index + 1).copied().unwrap_or(after);
                it.builder.end(End::Jump(next));
            }
        });
        self.builder.switch(after);
    }

    pub(super) fn try_statement(&mut self, node: Node<'_>) {
        let (catch, after) = (self.builder.block(), self.builder.block());
        let outer = self.builder.handler(Some(catch));
        let inside = self.builder.block();
        self.builder.end(End::Jump(inside));
        self.builder.switch(inside);
        if let Some(body) = field(node, "body") {
            self.statement(body);
        }
        self.builder.end(End::Jump(after));
        self.builder.handler(outer);
        self.builder.switch(catch);
        if let Some(handler) = field(node, "handler") {
            let caught = self.builder.push(Op::Caught, Span::of(handler));
            if let Some(parameter) = field(handler, "parameter") {
                self.bind_pattern(parameter, caught, true);
            }
            if let Some(body) = field(handler, "body") {
                self.statement(body);
            }
        }
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
        if let Some(finalizer) = field(node, "finalizer") {
            self.statement(finalizer);
        }
    }

    /// `!x`, `-x`, `typeof x` and the others of one operand.
    pub(super) fn unary(&mut self, node: Node<'_>) -> Value {
        let Some(argument) = field(node, "argument") else { return self.unknown(Vec::new(), Span::of(node)) };
        let value = self.expression(argument);
        let operator = match field(node, "operator").map_or("", |operator| self.text(operator)) {
            "!" => Unary::Not,
            "-" => Unary::Minus,
            "typeof" => Unary::TypeOf,
            "+" | "~" => Unary::Number,
            _ => Unary::Other,
        };
        self.builder.push(Op::Unary(operator, value), Span::of(node))
    }
}
