//! Expressions: names, literals, operators, templates, objects, assignments.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{Binary, Element, Entry, Literal, Name, Op, Span, Unary, Value};
use crate::syntax::unquoted;

impl<'a> Lowering<'_, 'a> {
    pub(super) fn expression(&mut self, node: Node<'_>) -> Value {
        self.named_expression(node, None)
    }

    /// An expression that is bound to `pattern`: a function takes its name.
    pub(super) fn named_expression(&mut self, node: Node<'_>, pattern: Option<Node<'_>>) -> Value {
        let lowered = self.deeper(|it| match node.kind() {
            "arrow_function" | "function_expression" | "generator_function" => {
                let name = pattern.filter(|it| it.kind() == "identifier").map(|name| it.name(name));
                match is_receiver(node.kind()).then(|| it.maker(node, name)).flatten() {
                    Some(class) => class,
                    None => it.function(node, name),
                }
            }
            _ => it.expression_here(node),
        });
        lowered.unwrap_or_else(|| self.unknown(Vec::new(), Span::of(node)))
    }

    fn expression_here(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        match node.kind() {
            "identifier" | "this" | "super" | "jsx_identifier" | "shorthand_property_identifier" => {
                let text = self.text(node);
                self.load(text, span)
            }
            "string" => {
                let text = unquoted(self.parsed, node);
                self.builder.literal_text(&text.value, span)
            }
            "number" => {
                let number = self.text(node).replace('_', "").parse().map_or(Literal::Other, Literal::Int);
                self.literal(number, span)
            }
            "true" => self.literal(Literal::Bool(true), span),
            "false" => self.literal(Literal::Bool(false), span),
            "null" | "undefined" => self.null(span),
            "regex" => {
                let text = self.text(node);
                let pattern = if text.len() <= 1024 { Literal::Pattern(text.into()) } else { Literal::Other };
                self.literal(pattern, span)
            }
            "template_string" => {
                let parts = self.template(node);
                self.builder.push(Op::Text(parts.into_iter().map(|(value, _)| value).collect()), span)
            }
            "member_expression" | "subscript_expression" | "call_expression" => self.chain(node),
            "new_expression" => self.new_expression(node),
            "parenthesized_expression"
            | "non_null_expression"
            | "as_expression"
            | "satisfies_expression"
            | "instantiation_expression" => match first(node) {
                Some(inner) => self.expression(inner),
                None => self.unknown(Vec::new(), span),
            },
            "type_assertion" => match parts(node).last() {
                Some(inner) => self.expression(*inner),
                None => self.unknown(Vec::new(), span),
            },
            "binary_expression" => self.binary(node),
            "unary_expression" => self.unary(node),
            "update_expression" => {
                let number = self.literal(Literal::Other, span);
                if let Some(target) = field(node, "argument") {
                    self.bind_pattern(target, number, false);
                }
                number
            }
            "ternary_expression" => match field(node, "condition") {
                Some(condition) => {
                    self.choice(span, condition, field(node, "consequence"), field(node, "alternative"))
                }
                None => self.unknown(Vec::new(), span),
            },
            "assignment_expression" => self.assignment(node),
            "augmented_assignment_expression" => self.augmented(node),
            "array" => self.array(node),
            "object" => self.object(node),
            "arrow_function" | "function_expression" | "generator_function" => self.function(node, None),
            "class" => self.class(node),
            "await_expression" => match first(node) {
                Some(inner) => {
                    let value = self.expression(inner);
                    self.builder.push(Op::Await(value), span)
                }
                None => self.unknown(Vec::new(), span),
            },
            "yield_expression" => {
                let value = match first(node) {
                    Some(inner) => self.expression(inner),
                    None => self.null(span),
                };
                // `yield* others` yields each of them.
                let others = node.child(1).is_some_and(|star| star.kind() == "*");
                let value = if others { self.builder.push(Op::Each(value), span) } else { value };
                self.builder.push(Op::Yield(value), span)
            }
            "sequence_expression" => {
                let mut last = None;
                for part in parts(node) {
                    last = Some(self.expression(part));
                }
                last.unwrap_or_else(|| self.null(span))
            }
            "jsx_element" | "jsx_self_closing_element" | "jsx_fragment" => self.jsx(node),
            "jsx_expression" | "spread_element" => match first(node) {
                Some(inner) => self.expression(inner),
                None => self.null(span),
            },
            "computed_property_name" => match first(node) {
                Some(inner) => self.expression(inner),
                None => self.null(span),
            },
            "expression_statement" => match first(node) {
                Some(inner) => self.expression(inner),
                None => self.null(span),
            },
            "meta_property" | "empty_statement" | "comment" => self.null(span),
            kind if kind.ends_with("_declaration") => {
                self.statement(node);
                self.null(span)
            }
            _ => {
                let operands = parts(node).into_iter().map(|part| self.expression(part)).collect();
                self.unknown(operands, span)
            }
        }
    }

    /// The parts of a template and whether each is literal.
    pub(super) fn template(&mut self, node: Node<'_>) -> Vec<(Value, bool)> {
        let mut values = Vec::new();
        for part in parts(node) {
            match part.kind() {
                "template_substitution" => {
                    if let Some(inner) = first(part) {
                        values.push((self.expression(inner), false));
                    }
                }
                _ => {
                    let text = self.text(part);
                    values.push((self.builder.literal_text(text, Span::of(part)), true));
                }
            }
        }
        values
    }

    /// A binary expression; a long `a + b + c` is walked down its left side in a loop.
    fn binary(&mut self, node: Node<'_>) -> Value {
        let mut spine = Vec::new();
        let mut left = node;
        while left.kind() == "binary_expression" && !self.chooses(left) {
            spine.push(left);
            match field(left, "left") {
                Some(next) => left = next,
                None => return self.unknown(Vec::new(), Span::of(node)),
            }
        }
        let mut value = if spine.is_empty() { self.choosing(left) } else { self.expression(left) };
        for node in spine.into_iter().rev() {
            let Some(right) = field(node, "right") else { continue };
            let right = self.expression(right);
            let text = field(node, "operator").map_or("", |it| self.text(it));
            value = self.builder.push(Op::Binary(operator(text), value, right), Span::of(node));
            if is_number(text) {
                value = self.builder.push(Op::Unary(Unary::Number, value), Span::of(node));
            }
        }
        value
    }

    fn chooses(&self, node: Node<'_>) -> bool {
        field(node, "operator").is_some_and(|it| matches!(self.text(it), "&&" | "||" | "??"))
    }

    /// `a && b` guards `b`; `a || b` and `a ?? b` are one of both.
    fn choosing(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return self.unknown(Vec::new(), span);
        };
        if field(node, "operator").is_some_and(|it| self.text(it) == "&&") {
            return self.choice(span, left, Some(right), None);
        }
        let mut alternatives = Vec::new();
        let mut left = left;
        let mut rights = vec![right];
        // A long `a || b || c` leans left.
        while left.kind() == "binary_expression"
            && field(left, "operator").is_some_and(|it| matches!(self.text(it), "||" | "??"))
        {
            rights.extend(field(left, "right"));
            match field(left, "left") {
                Some(next) => left = next,
                None => break,
            }
        }
        alternatives.push(self.expression(left));
        for right in rights.into_iter().rev() {
            alternatives.push(self.expression(right));
        }
        self.builder.push(Op::Either(alternatives), span)
    }

    fn assignment(&mut self, node: Node<'_>) -> Value {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return self.unknown(Vec::new(), Span::of(node));
        };
        let value = match self.prototype_member(left, right) {
            Some(value) => value,
            None => self.named_expression(right, Some(left)),
        };
        self.bind_at(left, value, false, Span::of(node));
        self.export_assignment(left, right, value);
        value
    }

    fn augmented(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return self.unknown(Vec::new(), span);
        };
        let before = self.expression(left);
        let right = self.expression(right);
        let text = field(node, "operator").map_or("", |it| self.text(it));
        let op = match text.trim_end_matches('=') {
            "&&" | "||" | "??" => Op::Either(vec![before, right]),
            text => Op::Binary(operator(text), before, right),
        };
        let mut value = self.builder.push(op, span);
        if is_number(text.trim_end_matches('=')) {
            value = self.builder.push(Op::Unary(Unary::Number, value), span);
        }
        self.bind_at(left, value, false, span);
        value
    }

    fn array(&mut self, node: Node<'_>) -> Value {
        let mut elements = Vec::new();
        for part in parts(node) {
            let value = self.expression(part);
            elements.push(Element { value, spread: part.kind() == "spread_element" });
        }
        self.builder.push(Op::List(elements), Span::of(node))
    }

    fn object(&mut self, node: Node<'_>) -> Value {
        let entries = self.entries(node).into_iter().map(|(_, entry)| entry).collect();
        self.builder.push(Op::Dict(entries), Span::of(node))
    }

    /// The entries of an object literal, each with its name where it is written as one.
    pub(super) fn entries(&mut self, node: Node<'_>) -> Vec<(Option<Name>, Entry)> {
        let mut entries = Vec::new();
        let class = self.prototype.take();
        let class =
            class.or_else(|| self.receives(node).then(|| self.builder.add_class(None, Span::of(node))));
        for part in parts(node) {
            let span = Span::of(part);
            let mut name = None;
            let (key, value) = match part.kind() {
                "pair" => {
                    let (Some(key), Some(value)) = (field(part, "key"), field(part, "value")) else {
                        continue;
                    };
                    name = (key.kind() == "property_identifier").then(|| self.name(key));
                    let called = self.name(key);
                    let value = match class.filter(|_| is_receiver(value.kind())) {
                        Some(class) => self.method(value, class, called, span),
                        None => self.expression(value),
                    };
                    (Some(self.key(key)), value)
                }
                "shorthand_property_identifier" => {
                    let text = self.text(part);
                    name = Some(self.name(part));
                    let key = self.builder.literal_text(text, span);
                    (Some(key), self.load(text, span))
                }
                "method_definition" => {
                    let named = field(part, "name");
                    let value = match (class, named) {
                        (Some(class), Some(named)) => {
                            let called = self.name(named);
                            let value = self.method(part, class, called, span);
                            if accessor(part).is_some() {
                                // What it reads is got through the object, under no key of it.
                                let key = self.builder.literal_text("#", span);
                                entries.push((None, Entry { key: Some(key), value, span }));
                                continue;
                            }
                            value
                        }
                        _ => self.function(part, None),
                    };
                    name = named.filter(|it| it.kind() == "property_identifier").map(|it| self.name(it));
                    (named.map(|key| self.key(key)), value)
                }
                "spread_element" => (None, self.expression(part)),
                _ => continue,
            };
            entries.push((name, Entry { key, value, span }));
        }
        entries
    }

    /// Whether functions in an object literal use it as their receiver.
    fn receives(&self, node: Node<'_>) -> bool {
        parts(node).into_iter().any(|part| match part.kind() {
            "method_definition" => accessor(part).is_some() || self.text(part).contains("this"),
            "pair" => field(part, "value")
                .is_some_and(|value| is_receiver(value.kind()) && self.text(value).contains("this")),
            _ => false,
        })
    }

    /// The key of an entry or of a pattern: a literal, unless it is computed.
    pub(super) fn key(&mut self, node: Node<'_>) -> Value {
        match node.kind() {
            "property_identifier" | "private_property_identifier" | "shorthand_property_identifier" => {
                let text = self.text(node);
                self.builder.literal_text(text, Span::of(node))
            }
            _ => self.expression(node),
        }
    }
}

/// Functions that have a receiver of their own; arrows have that of the function around them.
pub(super) fn is_receiver(kind: &str) -> bool {
    matches!(kind, "function_expression" | "generator_function")
}

/// `get` or `set` in front of a method.
pub(super) fn accessor<'t>(method: Node<'t>) -> Option<&'t str> {
    let name = field(method, "name")?;
    let before = (0..method.child_count()).filter_map(|index| method.child(index));
    before
        .take_while(|child| child.id() != name.id())
        .find_map(|child| matches!(child.kind(), "get" | "set").then(|| child.kind()))
}

/// Whether an operator makes a number (or a truth) of whatever it is given.
fn is_number(text: &str) -> bool {
    matches!(text, "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>" | "instanceof")
}

fn operator(text: &str) -> Binary {
    match text {
        "+" => Binary::Add,
        "-" => Binary::Sub,
        "*" => Binary::Mul,
        "/" => Binary::Div,
        "%" => Binary::Mod,
        "==" | "===" => Binary::Eq,
        "!=" | "!==" => Binary::Ne,
        "<" => Binary::Lt,
        "<=" => Binary::Le,
        ">" => Binary::Gt,
        ">=" => Binary::Ge,
        "in" => Binary::In,
        _ => Binary::Other,
    }
}
