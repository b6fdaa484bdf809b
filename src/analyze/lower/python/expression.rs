//! Expressions: each yields a value.

use tree_sitter::Node;

use super::{Lowering, named};
use crate::analyze::ir::{
    Argument, Binary, BlockId, Element, End, Entry, Literal, Op, Pass, Span, Unary, Value,
};
use crate::syntax::{decoded, unquoted};

impl<'t> Lowering<'_, 't> {
    pub(super) fn expression(&mut self, node: Node<'t>) -> Value {
        if self.depth >= super::DEEPEST {
            self.builder.leave_out(super::TOO_DEEP);
            return self.unknown(node);
        }
        self.depth += 1;
        let value = self.any(node);
        self.depth -= 1;
        value
    }

    fn any(&mut self, node: Node<'t>) -> Value {
        let span = Span::of(node);
        match node.kind() {
            "identifier" | "keyword_identifier" => {
                let name = self.name(node);
                self.builder.push(Op::Load(name), span)
            }
            "integer" | "float" | "true" | "false" | "none" | "ellipsis" => self.constant(node),
            "string" => self.string(node),
            "concatenated_string" => {
                let parts = self.all(node);
                self.builder.push(Op::Text(parts), span)
            }
            "attribute" => self.attribute(node),
            "subscript" => self.subscript(node),
            "call" => self.call(node),
            "binary_operator" => self.binary(node),
            "boolean_operator" => {
                let parts = self.all(node);
                self.builder.push(Op::Either(parts), span)
            }
            "not_operator" | "unary_operator" => self.unary(node),
            "comparison_operator" => self.comparison(node),
            "parenthesized_expression" => match named(node).next() {
                Some(inner) => self.expression(inner),
                None => self.unknown(node),
            },
            "conditional_expression" => self.choice(node),
            "assignment" => self.assignment(node),
            "augmented_assignment" => self.augmented(node),
            "named_expression" => {
                let value = self.field(node, "value");
                if let Some(target) = node.child_by_field_name("name") {
                    self.assign(target, value, span);
                }
                value
            }
            "as_pattern" => self.bound(node),
            "lambda" => self.function(node, Vec::new()),
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" => self.list(node),
            "dictionary" => self.dictionary(node),
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => self.comprehension(node),
            "await" => {
                let value = self.first(node);
                self.builder.push(Op::Await(value), span)
            }
            "yield" => {
                let value = self.first(node);
                self.builder.push(Op::Yield(value), span)
            }
            _ => {
                let parts = self.all(node);
                self.builder.push(Op::Unknown(parts), span)
            }
        }
    }

    fn all(&mut self, node: Node<'t>) -> Vec<Value> {
        named(node).map(|child| self.expression(child)).collect()
    }

    fn first(&mut self, node: Node<'t>) -> Value {
        match named(node).next() {
            Some(child) => self.expression(child),
            None => self.unknown(node),
        }
    }

    fn field(&mut self, node: Node<'t>, field: &str) -> Value {
        match node.child_by_field_name(field) {
            Some(child) => self.expression(child),
            None => self.unknown(node),
        }
    }

    fn constant(&mut self, node: Node<'t>) -> Value {
        let literal = match node.kind() {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "none" => Literal::Null,
            "integer" => whole(self.text(node)).map_or(Literal::Other, Literal::Int),
            _ => Literal::Other,
        };
        self.builder.push(Op::Literal(literal), Span::of(node))
    }

    fn string(&mut self, node: Node<'t>) -> Value {
        let span = Span::of(node);
        if !named(node).any(|child| child.kind() == "interpolation") {
            let text = unquoted(self.parsed, node);
            return self.builder.literal_text(&text.value, span);
        }
        let start = named(node).find(|child| child.kind() == "string_start");
        let raw = start.is_some_and(|start| self.text(start).contains(['r', 'R']));
        let mut parts = Vec::new();
        for child in named(node) {
            match child.kind() {
                "string_content" => {
                    let text = self.content(child, raw);
                    parts.push(self.builder.literal_text(&text, Span::of(child)));
                }
                "interpolation" => {
                    parts.push(self.field(child, "expression"));
                    if let Some(format) = child.child_by_field_name("format_specifier") {
                        parts.extend(
                            named(format)
                                .filter(|part| part.kind() == "format_expression")
                                .filter_map(|part| part.child_by_field_name("expression"))
                                .map(|part| self.expression(part))
                                .collect::<Vec<_>>(),
                        );
                    }
                }
                _ => {}
            }
        }
        self.builder.push(Op::Text(parts), span)
    }

    /// A literal part of an f-string as it reads.
    fn content(&self, node: Node<'t>, raw: bool) -> String {
        let (mut read, mut from) = (String::new(), node.start_byte());
        for escape in named(node).filter(|part| !raw && part.kind() == "escape_sequence") {
            read += self.parsed.text.get(from..escape.start_byte()).unwrap_or("");
            read += &decoded(self.text(escape));
            from = escape.end_byte();
        }
        read + self.parsed.text.get(from..node.end_byte()).unwrap_or("")
    }

    fn attribute(&mut self, node: Node<'t>) -> Value {
        let object = self.field(node, "object");
        let name = match node.child_by_field_name("attribute") {
            Some(attribute) => self.name(attribute),
            None => return object,
        };
        self.builder.push(Op::Member(object, name), Span::of(node))
    }

    fn subscript(&mut self, node: Node<'t>) -> Value {
        let span = Span::of(node);
        let object = self.field(node, "value");
        let mut cursor = node.walk();
        let keys: Vec<_> = node.children_by_field_name("subscript", &mut cursor).collect();
        match keys.as_slice() {
            [key] if key.kind() == "slice" => {
                self.all(*key);
                self.builder.push(Op::Slice(object), span)
            }
            [key] => {
                let key = self.expression(*key);
                self.builder.push(Op::Index(object, key), span)
            }
            _ => self.builder.push(Op::Slice(object), span),
        }
    }

    fn call(&mut self, node: Node<'t>) -> Value {
        if let Some(value) = self.attribute_by_name(node) {
            return value;
        }
        let callee = self.field(node, "function");
        let mut arguments = Vec::new();
        if let Some(list) = node.child_by_field_name("arguments") {
            if list.kind() == "generator_expression" {
                let value = self.expression(list);
                arguments.push(Argument { value, pass: Pass::Plain, span: Span::of(list) });
            } else {
                for child in named(list) {
                    arguments.push(self.argument(child));
                }
            }
        }
        self.builder.push(Op::Call { callee, arguments }, Span::of(node))
    }

    /// `getattr(object, "name")` is `object.name`, and `getattr(object, "name", other)` that or the other.
    fn attribute_by_name(&mut self, node: Node<'t>) -> Option<Value> {
        let function = node.child_by_field_name("function")?;
        if function.kind() != "identifier" || self.text(function) != "getattr" {
            return None;
        }
        let given: Vec<_> = named(node.child_by_field_name("arguments")?).collect();
        let (object, name, other) = match given.as_slice() {
            [object, name] => (*object, *name, None),
            [object, name, other] => (*object, *name, Some(*other)),
            _ => return None,
        };
        if name.kind() != "string" || named(name).any(|child| child.kind() == "interpolation") {
            return None;
        }
        let plain = |argument: &Node<'t>| {
            !matches!(argument.kind(), "keyword_argument" | "list_splat" | "dictionary_splat")
        };
        if !plain(&object) || !other.iter().all(plain) {
            return None;
        }
        let text = unquoted(self.parsed, name);
        let object = self.expression(object);
        let name = self.builder.name(&text.value);
        let member = self.builder.push(Op::Member(object, name), Span::of(node));
        let Some(other) = other else { return Some(member) };
        let other = self.expression(other);
        Some(self.builder.push(Op::Either(vec![member, other]), Span::of(node)))
    }

    fn argument(&mut self, node: Node<'t>) -> Argument {
        let span = Span::of(node);
        let (value, pass) = match node.kind() {
            "keyword_argument" => {
                let name = node.child_by_field_name("name").map_or("", |name| self.text(name));
                let name = self.builder.name(name);
                (self.field(node, "value"), Pass::Keyword(name))
            }
            "list_splat" => (self.first(node), Pass::Spread),
            "dictionary_splat" => (self.first(node), Pass::SpreadKeywords),
            _ => (self.expression(node), Pass::Plain),
        };
        Argument { value, pass, span }
    }

    /// A chain of operators leans left: it is followed by a loop, so that a long one costs no depth.
    fn binary(&mut self, node: Node<'t>) -> Value {
        let mut chain = vec![node];
        while let Some(left) = chain.last().and_then(|last| last.child_by_field_name("left")) {
            if left.kind() != "binary_operator" {
                break;
            }
            chain.push(left);
        }
        let mut value = match chain.last() {
            Some(last) => self.field(*last, "left"),
            None => self.unknown(node),
        };
        for operation in chain.into_iter().rev() {
            let right = self.field(operation, "right");
            let sign = operation.child_by_field_name("operator").map_or("", |sign| self.text(sign));
            value = self.builder.push(Op::Binary(operator(sign), value, right), Span::of(operation));
        }
        value
    }

    fn unary(&mut self, node: Node<'t>) -> Value {
        let sign = match node.child(0).map(|sign| self.text(sign)) {
            Some("not") => Unary::Not,
            Some("-") => Unary::Minus,
            _ => Unary::Other,
        };
        let operand = self.field(node, "argument");
        self.builder.push(Op::Unary(sign, operand), Span::of(node))
    }

    fn comparison(&mut self, node: Node<'t>) -> Value {
        let span = Span::of(node);
        let mut cursor = node.walk();
        let signs: Vec<_> = node.children_by_field_name("operators", &mut cursor).collect();
        let operands: Vec<_> =
            named(node).filter(|child| signs.iter().all(|sign| sign.id() != child.id())).collect();
        let values: Vec<_> = operands.into_iter().map(|operand| self.expression(operand)).collect();
        match (signs.as_slice(), values.as_slice()) {
            ([sign], [left, right]) => {
                let sign = operator(self.text(*sign));
                self.builder.push(Op::Binary(sign, *left, *right), span)
            }
            // A chain of comparisons is a boolean that is not followed.
            _ => self.builder.push(Op::Literal(Literal::Other), span),
        }
    }

    fn choice(&mut self, node: Node<'t>) -> Value {
        let parts: Vec<_> = named(node).collect();
        let [then, condition, other] = parts.as_slice() else {
            let parts = self.all(node);
            return self.builder.push(Op::Either(parts), Span::of(node));
        };
        let chosen = self.builder.temp();
        let (yes, no, after) = (self.builder.block(), self.builder.block(), self.builder.block());
        self.condition(*condition, yes, no);
        for (block, option) in [(yes, then), (no, other)] {
            self.builder.switch(block);
            let value = self.expression(*option);
            self.builder.store(chosen, value, Span::of(*option));
            self.builder.end(End::Jump(after));
        }
        self.builder.switch(after);
        self.builder.push(Op::Load(chosen), Span::of(node))
    }

    /// Ends the current block: at `then` when the condition holds, else at `other`.
    pub(super) fn condition(&mut self, node: Node<'t>, then: BlockId, other: BlockId) {
        if self.depth >= super::DEEPEST {
            self.builder.leave_out(super::TOO_DEEP);
            return self.builder.end(End::Fork(vec![then, other]));
        }
        self.depth += 1;
        let parts: Vec<_> = named(node).collect();
        match (node.kind(), parts.as_slice()) {
            ("parenthesized_expression", [inner]) => self.condition(*inner, then, other),
            ("not_operator", [inner]) => self.condition(*inner, other, then),
            ("boolean_operator", [left, right]) => {
                let second = self.builder.block();
                let sign = node.child_by_field_name("operator").map_or("", |sign| self.text(sign));
                match sign {
                    "and" => self.condition(*left, second, other),
                    _ => self.condition(*left, then, second),
                }
                self.builder.switch(second);
                self.condition(*right, then, other);
            }
            _ => {
                let value = self.expression(node);
                self.builder.end(End::Branch(value, then, other));
            }
        }
        self.depth -= 1;
    }

    fn assignment(&mut self, node: Node<'t>) -> Value {
        let Some(right) = node.child_by_field_name("right") else { return self.unknown(node) };
        let value = self.expression(right);
        if let Some(left) = node.child_by_field_name("left") {
            self.assign(left, value, Span::of(node));
        }
        value
    }

    fn augmented(&mut self, node: Node<'t>) -> Value {
        let before = self.field(node, "left");
        let right = self.field(node, "right");
        let sign = node.child_by_field_name("operator").map_or("", |sign| self.text(sign));
        let sign = operator(sign.strip_suffix('=').unwrap_or(sign));
        let value = self.builder.push(Op::Binary(sign, before, right), Span::of(node));
        if let Some(left) = node.child_by_field_name("left") {
            self.assign(left, value, Span::of(node));
        }
        value
    }

    /// `value as name` of a `with`.
    fn bound(&mut self, node: Node<'t>) -> Value {
        let value = self.first(node);
        if let Some(alias) = node.child_by_field_name("alias") {
            self.assign(alias, value, Span::of(node));
        }
        value
    }

    fn list(&mut self, node: Node<'t>) -> Value {
        let mut elements = Vec::new();
        for child in named(node) {
            let spread = matches!(child.kind(), "list_splat" | "list_splat_pattern");
            let value = if spread { self.first(child) } else { self.expression(child) };
            elements.push(Element { value, spread });
        }
        self.builder.push(Op::List(elements), Span::of(node))
    }

    fn dictionary(&mut self, node: Node<'t>) -> Value {
        let mut entries = Vec::new();
        for child in named(node) {
            let span = Span::of(child);
            if child.kind() == "pair" {
                let key = self.field(child, "key");
                let value = self.field(child, "value");
                entries.push(Entry { key: Some(key), value, span });
            } else {
                entries.push(Entry { key: None, value: self.first(child), span });
            }
        }
        self.builder.push(Op::Dict(entries), Span::of(node))
    }

    /// One turn of the loop stands for all: the result holds any number of what the turn yields.
    fn comprehension(&mut self, node: Node<'t>) -> Value {
        let span = Span::of(node);
        let (held, after) = (self.builder.temp(), self.builder.block());
        for clause in named(node) {
            match clause.kind() {
                "for_in_clause" => {
                    let items = self.field(clause, "right");
                    if let Some(left) = clause.child_by_field_name("left") {
                        let item = self.builder.push(Op::Each(items), Span::of(left));
                        self.assign(left, item, Span::of(left));
                    }
                }
                "if_clause" => {
                    let holds = self.builder.block();
                    if let Some(condition) = clause.named_child(0) {
                        self.condition(condition, holds, after);
                    }
                    self.builder.switch(holds);
                }
                _ => {}
            }
        }
        let Some(body) = node.child_by_field_name("body") else { return self.unknown(node) };
        let value = if body.kind() == "pair" {
            let key = self.field(body, "key");
            let value = self.field(body, "value");
            self.builder.push(Op::Dict(vec![Entry { key: Some(key), value, span }]), span)
        } else {
            let value = self.expression(body);
            self.builder.push(Op::List(vec![Element { value, spread: true }]), span)
        };
        self.builder.store(held, value, span);
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
        self.builder.push(Op::Load(held), span)
    }
}

fn operator(sign: &str) -> Binary {
    match sign {
        "+" => Binary::Add,
        "-" => Binary::Sub,
        "*" => Binary::Mul,
        "/" => Binary::Div,
        "//" => Binary::FloorDiv,
        "%" => Binary::Mod,
        "==" => Binary::Eq,
        "!=" | "<>" => Binary::Ne,
        "<" => Binary::Lt,
        "<=" => Binary::Le,
        ">" => Binary::Gt,
        ">=" => Binary::Ge,
        "in" => Binary::In,
        "not in" => Binary::NotIn,
        "is" => Binary::Is,
        "is not" => Binary::IsNot,
        _ => Binary::Other,
    }
}

fn whole(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x', ..] => (&digits[2..], 16),
        [b'0', b'o', ..] => (&digits[2..], 8),
        [b'0', b'b', ..] => (&digits[2..], 2),
        _ => (digits.as_str(), 10),
    };
    i64::from_str_radix(digits, radix).ok()
}
