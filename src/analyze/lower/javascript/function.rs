//! Functions, arrows, methods and classes.

use tree_sitter::Node;

use super::{Frame, Lowering, field, first, parts};
use crate::analyze::ir::{ClassId, Element, End, FunctionId, Name, Op, Parameter, Span, Value};
use crate::syntax::dotted;

impl<'a> Lowering<'_, 'a> {
    pub(super) fn declare_function(&mut self, node: Node<'_>) {
        let name = field(node, "name").map(|name| self.name(name));
        let function = match self.maker(node, name) {
            Some(class) => class,
            None => self.function(node, name),
        };
        if let Some(name) = name {
            self.declare(name, function, Span::of(node));
        }
    }

    /// A function that stands in the current one.
    pub(super) fn function(&mut self, node: Node<'_>, name: Option<Name>) -> Value {
        let parent = self.builder.function();
        let id = self.body(node, name, Some(parent), None);
        self.builder.push(Op::Closure(id, Vec::new()), Span::of(node))
    }

    fn body(
        &mut self,
        node: Node<'_>,
        name: Option<Name>,
        parent: Option<FunctionId>,
        class: Option<ClassId>,
    ) -> FunctionId {
        let own = field(node, "name").filter(|it| matches!(it.kind(), "identifier" | "property_identifier"));
        let own = own.map(|name| self.name(name));
        let id = self.builder.enter(own.or(name), parent, class, Span::of(node));
        self.frames.push(Frame::default());
        let mut cursor = node.walk();
        if node.children(&mut cursor).take(4).any(|child| child.kind() == "async") {
            self.builder.works_later();
        }
        if class.is_some() {
            self.this(node);
        }
        if let Some(parameter) = field(node, "parameter") {
            self.parameter(parameter, parameter);
        }
        for parameter in field(node, "parameters").map(parts).unwrap_or_default() {
            self.parameter(parameter, field(parameter, "pattern").unwrap_or(parameter));
        }
        match field(node, "body") {
            Some(body) if body.kind() == "statement_block" => {
                if node.kind() != "arrow_function" && self.text(body).contains("arguments") {
                    self.all_arguments(node);
                }
                self.body_of(body);
            }
            Some(body) => {
                let value = self.expression(body);
                self.builder.end(End::Return(Some(value)));
            }
            None => {}
        }
        self.frames.pop();
        self.builder.leave();
        id
    }

    /// A function that an object or a prototype holds, as a method of its class.
    pub(super) fn method(&mut self, node: Node<'_>, class: ClassId, name: Name, span: Span) -> Value {
        let parent = self.builder.function();
        let id = self.body(node, Some(name), Some(parent), Some(class));
        let listed = self.builder.class(class);
        match super::expression::accessor(node) {
            Some("get") => listed.getters.push((name, id)),
            Some(_) => listed.setters.push((name, id)),
            None => listed.methods.push((name, id)),
        }
        self.builder.push(Op::Closure(id, Vec::new()), span)
    }

    fn this(&mut self, node: Node<'_>) {
        let name = self.builder.name("this");
        self.frame().declared.insert(name);
        let start = Span::of(node).start;
        let span = Span { start, end: start };
        self.builder.parameter(Parameter { name, rest: false, keywords: false, annotation: None, span });
    }

    /// `arguments`: a list of the parameters and of whatever else the function is given.
    fn all_arguments(&mut self, node: Node<'_>) {
        let start = Span::of(node).start;
        let span = Span { start, end: start };
        let named: Vec<Name> = field(node, "parameters")
            .map(parts)
            .unwrap_or_default()
            .into_iter()
            .map(|parameter| field(parameter, "pattern").unwrap_or(parameter))
            .filter(|pattern| pattern.kind() == "identifier")
            .map(|pattern| self.name(pattern))
            .collect();
        let mut elements: Vec<Element> = named
            .into_iter()
            .map(|name| Element { value: self.builder.push(Op::Load(name), span), spread: false })
            .collect();
        let more = self.builder.temp();
        let rest = Parameter { name: more, rest: true, keywords: false, annotation: None, span };
        let value = self.builder.parameter(rest);
        elements.push(Element { value, spread: true });
        let list = self.builder.push(Op::List(elements), span);
        let name = self.builder.name("arguments");
        self.declare(name, list, span);
    }

    /// One parameter; a destructured one gets a name of its own and is taken apart at the head of the function.
    fn parameter(&mut self, node: Node<'_>, pattern: Node<'_>) {
        let span = Span::of(node);
        let rest = pattern.kind() == "rest_pattern";
        let mut target = if rest { first(pattern).unwrap_or(pattern) } else { pattern };
        let mut otherwise = field(node, "value");
        if target.kind() == "assignment_pattern" {
            otherwise = field(target, "right");
            target = field(target, "left").unwrap_or(target);
        }
        let simple = matches!(target.kind(), "identifier" | "this");
        let name = if simple { self.name(target) } else { self.builder.temp() };
        self.frame().declared.insert(name);
        let annotation = self.annotation(node);
        let stored = self.builder.parameter(Parameter { name, rest, keywords: false, annotation, span });
        let mut value = stored;
        if let Some(otherwise) = otherwise {
            let otherwise = self.expression(otherwise);
            value = self.builder.push(Op::Either(vec![stored, otherwise]), span);
        }
        if !simple {
            self.bind_pattern(target, value, true);
        } else if otherwise.is_some() {
            self.declare(name, value, span);
        }
        // `constructor(private db: Db)` also sets the property.
        let mut cursor = node.walk();
        let property =
            node.children(&mut cursor).any(|it| matches!(it.kind(), "accessibility_modifier" | "readonly"));
        if simple && property {
            let this = self.load("this", span);
            self.builder.push(Op::SetMember(this, name, value), span);
        }
    }

    /// The type of a parameter where it is a path of names, or the decorator that says where its value comes from.
    fn annotation(&mut self, node: Node<'_>) -> Option<Name> {
        let decorator = parts(node).into_iter().find(|it| it.kind() == "decorator").and_then(first);
        let decorator = decorator
            .and_then(|decorator| dotted(self.parsed, field(decorator, "function").unwrap_or(decorator)));
        let text = match (decorator, self.type_path(node)) {
            (Some(decorator), Some(kind)) => format!("{decorator}|{kind}"),
            (one, other) => one.or(other)?,
        };
        for path in text.split('|') {
            // The first name of the path is looked up.
            self.builder.name(path.split('.').next().unwrap_or(path));
        }
        Some(self.builder.name(&text))
    }

    /// The type of a declaration where it is a path of names.
    pub(super) fn type_path(&self, node: Node<'_>) -> Option<String> {
        let mut kind = field(node, "type").and_then(first)?;
        if kind.kind() == "generic_type" {
            kind = field(kind, "name").or_else(|| first(kind))?;
        }
        let named = matches!(kind.kind(), "type_identifier" | "nested_type_identifier" | "predefined_type");
        named.then(|| self.text(kind).to_owned())
    }

    /// A class: its methods, and its fields as stores of its body.
    pub(super) fn class(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        let name = field(node, "name").map(|name| self.name(name));
        let mut operands = Vec::new();
        for heritage in parts(node).into_iter().filter(|it| it.kind() == "class_heritage") {
            let mut base = first(heritage);
            if let Some(clause) = base.filter(|it| it.kind() == "extends_clause") {
                base = field(clause, "value");
            }
            operands
                .extend(base.filter(|it| it.kind() != "implements_clause").map(|base| self.expression(base)));
        }
        let mut cursor = node.walk();
        let decorators: Vec<_> = node.children_by_field_name("decorator", &mut cursor).collect();
        operands.extend(
            decorators.into_iter().filter_map(first).map(|it| self.expression(it)).collect::<Vec<_>>(),
        );
        let parent = self.builder.function();
        let class = self.builder.add_class(name, span);
        let heritage = parts(node).into_iter().filter(|it| it.kind() == "class_heritage");
        for heritage in heritage {
            let interfaces = self.types_of(heritage, "implements_clause");
            self.builder.class(class).interfaces.extend(interfaces);
        }
        if let Some(body) = field(node, "body") {
            let id = self.builder.enter(name, Some(parent), Some(class), Span::of(body));
            self.builder.class(class).body = Some(id);
            self.frames.push(Frame::default());
            self.members(body, class, parent);
            self.frames.pop();
            self.builder.leave();
        }
        self.builder.push(Op::Class(class, operands), span)
    }

    fn members(&mut self, body: Node<'_>, class: ClassId, parent: FunctionId) {
        let mut decorators = Vec::new();
        for member in parts(body) {
            let span = Span::of(member);
            match member.kind() {
                "decorator" => decorators.extend(first(member).map(|it| self.expression(it))),
                "method_definition" => {
                    let Some(name) = field(member, "name") else { continue };
                    let text = self.text(name);
                    let name = self.builder.name(if text == "constructor" { "__init__" } else { text });
                    let id = self.body(member, Some(name), Some(parent), Some(class));
                    let accessor = super::expression::accessor(member);
                    let listed = self.builder.class(class);
                    match accessor {
                        Some("get") => listed.getters.push((name, id)),
                        Some(_) => listed.setters.push((name, id)),
                        None => listed.methods.push((name, id)),
                    }
                    let closure = Op::Closure(id, std::mem::take(&mut decorators));
                    let closure = self.builder.push(closure, span);
                    if accessor.is_none() {
                        self.declare(name, closure, span);
                    }
                }
                "field_definition" | "public_field_definition" => {
                    decorators.clear();
                    let name = field(member, "property").or_else(|| field(member, "name"));
                    let Some(name) = name.map(|name| self.name(name)) else { continue };
                    let Some(value) = field(member, "value") else {
                        self.typed_field(member, name, span);
                        continue;
                    };
                    self.field(class, parent, name, value, span);
                }
                "class_static_block" => {
                    if let Some(block) = field(member, "body") {
                        self.statement(block);
                    }
                }
                _ => {}
            }
        }
    }

    /// A field without a value is an object of its type: `private pool: Pool;`
    fn typed_field(&mut self, member: Node<'_>, name: Name, span: Span) {
        let Some(path) = self.type_path(member).filter(|path| path.starts_with(char::is_uppercase)) else {
            return;
        };
        let mut names = path.split('.');
        let mut kind = self.load(names.next().unwrap_or_default(), span);
        for part in names {
            kind = self.member(kind, part, span);
        }
        let made = self.builder.push(Op::Call { callee: kind, arguments: Vec::new() }, span);
        self.declare(name, made, span);
    }

    /// A field; one that holds a function is a method.
    fn field(&mut self, class: ClassId, parent: FunctionId, name: Name, value: Node<'_>, span: Span) {
        let value = if matches!(value.kind(), "arrow_function" | "function_expression") {
            let id = self.body(value, Some(name), Some(parent), Some(class));
            self.builder.class(class).methods.push((name, id));
            self.builder.push(Op::Closure(id, Vec::new()), span)
        } else {
            self.expression(value)
        };
        self.declare(name, value, span);
    }
}
