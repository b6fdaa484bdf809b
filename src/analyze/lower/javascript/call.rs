//! Calls and chains of members: `a.b().c?.d[e]`, however long, in a loop.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{Argument, BlockId, Element, End, Op, Pass, Span, Unary, Value};
use crate::syntax::unquoted;

/// Longer texts are no names of properties.
const LONGEST_PROPERTY: usize = 64;

impl<'a> Lowering<'_, 'a> {
    /// A member, index or call and what it is made on.
    pub(super) fn chain(&mut self, node: Node<'_>) -> Value {
        let mut spine = Vec::new();
        let mut base = node;
        loop {
            let inner = match base.kind() {
                "member_expression" | "subscript_expression" => field(base, "object"),
                "call_expression" if self.module_path(base).is_none() => field(base, "function"),
                "non_null_expression" => first(base),
                _ => None,
            };
            let Some(inner) = inner else { break };
            spine.push(base);
            base = inner;
        }
        let mut value = match self.module_path(base) {
            Some(path) => {
                let path = self.builder.name(&path);
                self.builder.push(Op::Path(path), Span::of(base))
            }
            None if spine.is_empty() => self.unknown(Vec::new(), Span::of(base)),
            // `import(x)` of a module that is not written out.
            None if base.kind() == "import" => {
                let name = self.builder.name("import");
                self.builder.push(Op::Load(name), Span::of(base))
            }
            None => self.expression(base),
        };
        // What the value was taken from, for a call of a member.
        let mut object = value;
        for link in spine.into_iter().rev() {
            let span = Span::of(link);
            let receiver = value;
            value = match link.kind() {
                "member_expression" => match field(link, "property") {
                    Some(property) => {
                        let name = self.name(property);
                        let member = self.builder.push(Op::Member(value, name), span);
                        match self.text(property) {
                            "length" | "byteLength" => {
                                self.builder.push(Op::Unary(Unary::Number, member), span)
                            }
                            _ => member,
                        }
                    }
                    None => value,
                },
                "subscript_expression" => match field(link, "index") {
                    // `shell["exec"]` is `shell.exec`.
                    Some(index) if self.property(index).is_some() => {
                        let name = self.property(index).unwrap_or_default();
                        self.member(value, &name, span)
                    }
                    Some(index) => {
                        let index = self.expression(index);
                        self.builder.push(Op::Index(value, index), span)
                    }
                    None => value,
                },
                "call_expression" => self.call(link, value, object),
                _ => value,
            };
            object = receiver;
        }
        value
    }

    /// The name of a property that is written as a text.
    pub(super) fn property(&self, index: Node<'_>) -> Option<String> {
        let text = (index.kind() == "string").then(|| unquoted(self.parsed, index))?;
        let letters = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let named = text.value.starts_with(|c: char| letters(c) && !c.is_numeric())
            && text.value.chars().all(letters)
            && text.value.len() <= LONGEST_PROPERTY;
        (named && !text.computed).then(|| text.value.into_owned())
    }

    /// The module of `require("m")` and `import("m")`.
    fn module_path(&self, node: Node<'_>) -> Option<String> {
        if node.kind() != "call_expression" {
            return None;
        }
        let callee = field(node, "function")?;
        if !matches!(self.text(callee), "require" | "import") {
            return None;
        }
        let module = field(node, "arguments").and_then(first).filter(|it| it.kind() == "string")?;
        Some(super::module::plain(&unquoted(self.parsed, module).value).to_owned())
    }

    pub(super) fn new_expression(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        let Some(constructor) = field(node, "constructor") else { return self.unknown(Vec::new(), span) };
        let callee = self.expression(constructor);
        let arguments = self.arguments(field(node, "arguments"));
        self.builder.push(Op::Call { callee, arguments }, span)
    }

    /// A call of `callee`, which was taken from `object` when it is a member.
    fn call(&mut self, node: Node<'_>, callee: Value, object: Value) -> Value {
        let span = Span::of(node);
        let function = field(node, "function");
        let arguments = field(node, "arguments");
        if let Some(template) = arguments.filter(|it| it.kind() == "template_string") {
            return self.tagged(template, callee, span);
        }
        if function.is_some_and(|it| it.kind() == "super") {
            let arguments = self.arguments(arguments);
            let parent = self.builder.push(Op::Call { callee, arguments: Vec::new() }, span);
            let callee = self.member(parent, "__init__", span);
            return self.builder.push(Op::Call { callee, arguments }, span);
        }
        let method =
            function.filter(|it| it.kind() == "member_expression").and_then(|it| field(it, "property"));
        if let Some(method) = method.map(|it| self.text(it))
            && let Some(arguments) = arguments
            && let Some(value) = self.higher_order(method, object, arguments, span)
        {
            return value;
        }
        let arguments = self.arguments(arguments);
        self.builder.push(Op::Call { callee, arguments }, span)
    }

    /// A tag is called with the list of literal parts, then the values.
    fn tagged(&mut self, template: Node<'_>, callee: Value, span: Span) -> Value {
        let parts = self.template(template);
        let literal = parts.iter().filter(|(_, literal)| *literal);
        let elements = literal.map(|(value, _)| Element { value: *value, spread: false }).collect();
        let strings = self.builder.push(Op::List(elements), Span::of(template));
        let values = parts.iter().filter(|(_, literal)| !literal).map(|(value, _)| *value);
        let arguments = std::iter::once(strings).chain(values);
        let arguments = arguments.map(|value| plain(value, Span::of(template))).collect();
        self.builder.push(Op::Call { callee, arguments }, span)
    }

    /// The arguments of a call. The properties of the last object literal are options: they follow as keywords too, so
    /// that models can name them (`shell=true`).
    pub(super) fn arguments(&mut self, node: Option<Node<'_>>) -> Vec<Argument> {
        let given = node.map(parts).unwrap_or_default();
        let options = given.iter().rposition(|part| part.kind() == "object");
        let mut arguments = Vec::new();
        for (index, part) in given.iter().enumerate() {
            let span = Span::of(*part);
            if Some(index) == options {
                let entries = self.entries(*part);
                let options = entries.iter().filter_map(|(name, entry)| {
                    name.map(|name| Argument {
                        value: entry.value,
                        pass: Pass::Keyword(name),
                        span: entry.span,
                    })
                });
                let options: Vec<_> = options.collect();
                let entries = entries.into_iter().map(|(_, entry)| entry).collect();
                arguments.push(plain(self.builder.push(Op::Dict(entries), span), span));
                arguments.extend(options);
            } else {
                let pass = if part.kind() == "spread_element" { Pass::Spread } else { Pass::Plain };
                arguments.push(Argument { value: self.expression(*part), pass, span });
            }
        }
        arguments
    }

    /// Methods of promises, arrays and functions that call what they are given, in terms of plain calls.
    fn higher_order(&mut self, method: &str, object: Value, list: Node<'_>, span: Span) -> Option<Value> {
        let given = parts(list);
        let inline = given.first().is_some_and(|it| is_function(it.kind()));
        match method {
            "then" if !given.is_empty() && given.len() <= 2 => {
                let functions: Vec<_> = given.iter().map(|part| self.expression(*part)).collect();
                let awaited = self.builder.push(Op::Await(object), span);
                let result = self.invoke(functions[0], &[awaited], span);
                let Some(rejected) = functions.get(1) else { return Some(result) };
                let caught = self.builder.push(Op::Caught, span);
                let otherwise = self.invoke(*rejected, &[caught], span);
                Some(self.builder.push(Op::Either(vec![result, otherwise]), span))
            }
            "catch" if inline && given.len() == 1 => {
                let function = self.expression(given[0]);
                let caught = self.builder.push(Op::Caught, span);
                let result = self.invoke(function, &[caught], span);
                Some(self.builder.push(Op::Either(vec![object, result]), span))
            }
            "finally" if inline && given.len() == 1 => {
                let function = self.expression(given[0]);
                self.invoke(function, &[], span);
                Some(object)
            }
            "forEach" | "map" | "flatMap"
                if (inline || given.first().is_some_and(|it| is_name(it.kind()))) && given.len() <= 2 =>
            {
                let function = self.expression(given[0]);
                let each = self.builder.push(Op::Each(object), span);
                let index = self.builder.push(Op::Literal(crate::analyze::ir::Literal::Other), span);
                let seen = if inline { &[each, index, object][..] } else { &[each] };
                let result = self.invoke(function, seen, span);
                Some(match method {
                    "map" => self.list(result, false, span),
                    "flatMap" => self.list(result, true, span),
                    _ => index,
                })
            }
            "filter" | "find" | "findLast" if inline && given.len() <= 2 => {
                let function = self.expression(given[0]);
                Some(self.chosen(function, object, method == "filter", span))
            }
            "reduce" | "reduceRight" if inline && given.len() <= 2 => {
                let values: Vec<_> = given.iter().map(|part| self.expression(*part)).collect();
                let each = self.builder.push(Op::Each(object), span);
                let start = values.get(1).copied().unwrap_or(each);
                let once = self.invoke(values[0], &[start, each], span);
                // The second round sees what the first made.
                Some(self.invoke(values[0], &[once, each], span))
            }
            // `Object.prototype.hasOwnProperty.call(table, key)`
            "call" if given.len() == 2 && self.text(list.parent()?).contains("hasOwnProperty") => {
                let arguments = self.arguments(Some(list));
                let callee = self.member(arguments.first()?.value, "hasOwnProperty", span);
                let arguments = arguments.into_iter().skip(1).collect();
                Some(self.builder.push(Op::Call { callee, arguments }, span))
            }
            "call" if !given.is_empty() => {
                let mut arguments = self.arguments(Some(list));
                arguments.remove(0);
                Some(self.builder.push(Op::Call { callee: object, arguments }, span))
            }
            "apply" if given.len() == 2 => {
                let mut arguments = self.arguments(Some(list));
                arguments.remove(0);
                arguments[0].pass = Pass::Spread;
                Some(self.builder.push(Op::Call { callee: object, arguments }, span))
            }
            "bind" if given.len() == 1 => {
                self.arguments(Some(list));
                Some(object)
            }
            _ => None,
        }
    }

    /// The elements of which a function holds, as a list, or one of them: what it says of them is known there.
    fn chosen(&mut self, function: Value, object: Value, all: bool, span: Span) -> Value {
        let (element, result) = (self.builder.temp(), self.builder.temp());
        let each = self.builder.push(Op::Each(object), span);
        self.builder.store(element, each, span);
        let none = match all {
            true => self.builder.push(Op::List(Vec::new()), span),
            false => self.null(span),
        };
        self.builder.store(result, none, span);
        let (yes, join): (BlockId, BlockId) = (self.builder.block(), self.builder.block());
        let tested = self.builder.push(Op::Load(element), span);
        let holds = self.invoke(function, &[tested], span);
        self.builder.end(End::Branch(holds, yes, join));
        self.builder.switch(yes);
        let kept = self.builder.push(Op::Load(element), span);
        let kept = if all { self.list(kept, false, span) } else { kept };
        self.builder.store(result, kept, span);
        self.builder.end(End::Jump(join));
        self.builder.switch(join);
        self.builder.push(Op::Load(result), span)
    }

    pub(super) fn invoke(&mut self, callee: Value, arguments: &[Value], span: Span) -> Value {
        let arguments = arguments.iter().map(|value| plain(*value, span)).collect();
        self.builder.push(Op::Call { callee, arguments }, span)
    }

    fn list(&mut self, value: Value, spread: bool, span: Span) -> Value {
        self.builder.push(Op::List(vec![Element { value, spread }]), span)
    }
}

fn plain(value: Value, span: Span) -> Argument {
    Argument { value, pass: Pass::Plain, span }
}

fn is_name(kind: &str) -> bool {
    matches!(kind, "identifier" | "member_expression")
}

pub(super) fn is_function(kind: &str) -> bool {
    matches!(kind, "arrow_function" | "function_expression" | "generator_function")
}
