//! tree-sitter's Python tree -> [`Program`]: statements, functions and classes.

mod context;
mod expression;
mod pattern;
mod record;

use tree_sitter::Node;

use super::{DEEPEST, TOO_DEEP};
use crate::analyze::ir::{
    BlockId, Builder, ClassId, End, FunctionId, Name, Op, Parameter, Program, Span, Value,
};
use crate::syntax::Parsed;

/// Lowers a module.
pub(super) fn lower(parsed: &Parsed<'_>) -> Program {
    let root = parsed.root();
    let mut lowering = Lowering {
        parsed,
        builder: Builder::new(Span::of(root)),
        depth: 0,
        loops: Vec::new(),
        scopes: vec![FunctionId(0)],
        class: None,
        decorated_by: Vec::new(),
        swallowing: context::swallowing(parsed),
    };
    lowering.statements(root);
    lowering.builder.finish()
}

struct Lowering<'a, 't> {
    parsed: &'t Parsed<'a>,
    builder: Builder,
    depth: u32,
    /// Of each loop around: where `continue` and `break` go.
    loops: Vec<(BlockId, BlockId)>,
    /// The functions around that names are looked up in: class bodies are no scope for their methods.
    scopes: Vec<FunctionId>,
    /// The class whose body is being lowered.
    class: Option<ClassId>,
    /// The decorators of the definition that comes next, as they are written.
    decorated_by: Vec<&'t str>,
    /// The names of context managers that keep an exception to themselves.
    swallowing: Vec<&'t str>,
}

impl<'t> Lowering<'_, 't> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.parsed.text_of(node)
    }

    fn name(&mut self, node: Node<'_>) -> Name {
        self.builder.name(self.parsed.text_of(node))
    }

    fn unknown(&mut self, node: Node<'_>) -> Value {
        self.builder.push(Op::Unknown(Vec::new()), Span::of(node))
    }

    /// Every statement of a module or block, errors descended into.
    fn statements(&mut self, block: Node<'t>) {
        if self.depth >= DEEPEST {
            return self.builder.leave_out(TOO_DEEP);
        }
        self.depth += 1;
        let mut cursor = block.walk();
        let mut more = cursor.goto_first_child();
        while more {
            let node = cursor.node();
            if node.is_named() {
                self.statement(node);
            }
            more = cursor.goto_next_sibling();
        }
        self.depth -= 1;
    }

    fn statement(&mut self, node: Node<'t>) {
        match node.kind() {
            "comment"
            | "pass_statement"
            | "delete_statement"
            | "future_import_statement"
            | "type_alias_statement" => {}
            "expression_statement" => self.expression_statement(node),
            "import_statement" => self.imports(node, None),
            "import_from_statement" => {
                let module = node.child_by_field_name("module_name");
                self.imports(node, module.map(|module| self.text(module)));
            }
            "return_statement" => {
                let value = node.named_child(0).map(|value| self.expression(value));
                self.builder.dead(End::Return(value));
            }
            "raise_statement" => {
                let value = node.named_child(0).map(|value| self.expression(value));
                self.builder.dead(End::Throw(value));
            }
            "break_statement" => {
                let to = self.loops.last().map_or(End::Open, |(_, after)| End::Jump(*after));
                self.builder.dead(to);
            }
            "continue_statement" => {
                let to = self.loops.last().map_or(End::Open, |(head, _)| End::Jump(*head));
                self.builder.dead(to);
            }
            "global_statement" | "nonlocal_statement" => {
                for child in named(node) {
                    let name = self.name(child);
                    self.builder.outer(name);
                }
            }
            "assert_statement" => self.assertion(node),
            "if_statement" => self.conditional(node),
            "while_statement" => self.while_loop(node),
            "for_statement" => self.for_loop(node),
            "try_statement" => self.attempt(node),
            "with_statement" => self.with(node),
            "match_statement" => self.matching(node),
            "function_definition" => {
                self.function(node, Vec::new());
            }
            "class_definition" => self.class(node, Vec::new()),
            "decorated_definition" => self.decorated(node),
            "print_statement" | "exec_statement" => self.old_statement(node),
            "block" | "ERROR" => self.statements(node),
            _ => {
                self.expression(node);
            }
        }
    }

    fn expression_statement(&mut self, node: Node<'t>) {
        for child in named(node) {
            match child.kind() {
                // A docstring, or nothing that does anything.
                "string" | "ellipsis" | "identifier" | "comment" => {}
                _ => {
                    self.expression(child);
                }
            }
        }
    }

    fn imports(&mut self, node: Node<'t>, module: Option<&str>) {
        let span = Span::of(node);
        let prefix = match module {
            Some(module) if module.ends_with('.') => module.to_owned(),
            Some(module) => format!("{module}."),
            None => String::new(),
        };
        if let Some(module) = module.filter(|_| named(node).any(|child| child.kind() == "wildcard_import")) {
            // All names of it: of no name that a source could have.
            let (path, all) = (self.builder.name(module), self.builder.name("*"));
            let value = self.builder.push(Op::Path(path), span);
            self.builder.store(all, value, span);
        }
        let mut cursor = node.walk();
        for child in node.children_by_field_name("name", &mut cursor) {
            let (path, bound) = if child.kind() == "aliased_import" {
                let field = |field| child.child_by_field_name(field).map_or("", |node| self.text(node));
                (field("name"), field("alias"))
            } else if module.is_some() {
                (self.text(child), self.text(child))
            } else {
                // `import a.b` binds `a`.
                let first = self.text(child).split('.').next().unwrap_or("");
                (first, first)
            };
            let bound = self.builder.name(bound);
            let path = self.builder.name(&format!("{prefix}{path}"));
            let value = self.builder.push(Op::Path(path), span);
            self.builder.store(bound, value, span);
        }
    }

    fn assertion(&mut self, node: Node<'t>) {
        let Some(condition) = node.named_child(0) else { return };
        let (holds, fails) = (self.builder.block(), self.builder.block());
        self.condition(condition, holds, fails);
        self.builder.switch(fails);
        self.builder.end(End::Throw(None));
        self.builder.switch(holds);
    }

    fn conditional(&mut self, node: Node<'t>) {
        let after = self.builder.block();
        let mut clause = node;
        let mut cursor = node.walk();
        let alternatives: Vec<_> = node.children_by_field_name("alternative", &mut cursor).collect();
        let mut rest = alternatives.into_iter();
        loop {
            let (then, other) = (self.builder.block(), self.builder.block());
            if let Some(condition) = clause.child_by_field_name("condition") {
                self.condition(condition, then, other);
            }
            self.builder.switch(then);
            if let Some(body) = clause.child_by_field_name("consequence") {
                self.statements(body);
            }
            self.builder.end(End::Jump(after));
            self.builder.switch(other);
            match rest.next() {
                Some(next) if next.kind() == "elif_clause" => clause = next,
                Some(next) => {
                    if let Some(body) = next.child_by_field_name("body") {
                        self.statements(body);
                    }
                    break;
                }
                None => break,
            }
        }
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
    }

    fn while_loop(&mut self, node: Node<'t>) {
        let (head, body, other, after) =
            (self.builder.block(), self.builder.block(), self.builder.block(), self.builder.block());
        self.builder.end(End::Jump(head));
        self.builder.switch(head);
        if let Some(condition) = node.child_by_field_name("condition") {
            self.condition(condition, body, other);
        }
        self.builder.switch(body);
        self.loop_body(node, head, after);
        self.builder.switch(other);
        self.else_clause(node.child_by_field_name("alternative"));
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
    }

    fn for_loop(&mut self, node: Node<'t>) {
        let items = node.child_by_field_name("right").map(|right| self.expression(right));
        let (head, body, other, after) =
            (self.builder.block(), self.builder.block(), self.builder.block(), self.builder.block());
        self.builder.end(End::Jump(head));
        self.builder.switch(head);
        self.builder.end(End::Fork(vec![body, other]));
        self.builder.switch(body);
        if let (Some(items), Some(left)) = (items, node.child_by_field_name("left")) {
            let item = self.builder.push(Op::Each(items), Span::of(left));
            self.assign(left, item, Span::of(left));
        }
        self.loop_body(node, head, after);
        self.builder.switch(other);
        self.else_clause(node.child_by_field_name("alternative"));
        self.builder.end(End::Jump(after));
        self.builder.switch(after);
    }

    fn loop_body(&mut self, node: Node<'t>, head: BlockId, after: BlockId) {
        self.loops.push((head, after));
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body);
        }
        self.loops.pop();
        self.builder.end(End::Jump(head));
    }

    fn else_clause(&mut self, clause: Option<Node<'t>>) {
        if let Some(body) = clause.and_then(|clause| clause.child_by_field_name("body")) {
            self.statements(body);
        }
    }

    /// A `finally` is lowered once, as what follows; a `return` inside the `try` does not pass through it.
    fn attempt(&mut self, node: Node<'t>) {
        let (handler, after) = (self.builder.block(), self.builder.block());
        let outer = self.builder.handler(Some(handler));
        let start = self.builder.block();
        self.builder.end(End::Jump(start));
        self.builder.switch(start);
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body);
        }
        self.builder.handler(outer);
        let clauses: Vec<_> = named(node).collect();
        let going_on = self.builder.block();
        self.builder.end(End::Jump(going_on));
        self.builder.switch(going_on);
        for clause in clauses.iter().filter(|clause| clause.kind() == "else_clause") {
            self.else_clause(Some(*clause));
        }
        self.builder.end(End::Jump(after));
        let mut entries = Vec::new();
        for clause in clauses.iter().filter(|clause| clause.kind() == "except_clause") {
            let entry = self.builder.block();
            entries.push(entry);
            self.builder.switch(entry);
            self.except(*clause);
            self.builder.end(End::Jump(after));
        }
        if entries.is_empty() {
            entries.push(after);
        }
        self.builder.switch(handler);
        self.builder.end(End::Fork(entries));
        self.builder.switch(after);
        for clause in clauses.iter().filter(|clause| clause.kind() == "finally_clause") {
            named(*clause).filter(|child| child.kind() == "block").for_each(|block| self.statements(block));
        }
    }

    fn except(&mut self, clause: Node<'t>) {
        for child in named(clause) {
            match child.kind() {
                "block" => self.statements(child),
                "as_pattern" => {
                    let caught = self.builder.push(Op::Caught, Span::of(child));
                    if let Some(alias) = child.child_by_field_name("alias") {
                        self.assign(alias, caught, Span::of(child));
                    }
                }
                _ => {}
            }
        }
        if let Some(alias) = clause.child_by_field_name("alias") {
            let caught = self.builder.push(Op::Caught, Span::of(alias));
            self.assign(alias, caught, Span::of(alias));
        }
    }

    fn decorated(&mut self, node: Node<'t>) {
        let decorators: Vec<_> = named(node)
            .filter(|child| child.kind() == "decorator")
            .filter_map(|decorator| decorator.named_child(0))
            .map(|decorator| self.expression(decorator))
            .collect();
        self.decorated_by = named(node)
            .filter(|child| child.kind() == "decorator")
            .filter_map(|decorator| decorator.named_child(0))
            .map(|decorator| self.text(decorator))
            .collect();
        match node.child_by_field_name("definition") {
            Some(class) if class.kind() == "class_definition" => self.class(class, decorators),
            Some(function) => {
                self.function(function, decorators);
            }
            None => {}
        }
    }

    fn function(&mut self, node: Node<'t>, decorators: Vec<Value>) -> Value {
        let name = node.child_by_field_name("name").map(|name| self.name(name));
        let accessor = std::mem::take(&mut self.decorated_by).into_iter().find_map(record::accessor);
        let class = self.class.take();
        let loops = std::mem::take(&mut self.loops);
        let id = self.builder.enter(name, self.scopes.last().copied(), class, Span::of(node));
        self.scopes.push(id);
        if node.child(0).is_some_and(|first| first.kind() == "async") {
            self.builder.works_later();
        }
        if let Some(parameters) = node.child_by_field_name("parameters") {
            self.parameters(parameters);
        }
        match node.child_by_field_name("body") {
            Some(body) if body.kind() == "block" => self.statements(body),
            Some(body) => {
                let value = self.expression(body);
                self.builder.end(End::Return(Some(value)));
            }
            None => {}
        }
        self.scopes.pop();
        self.builder.leave();
        self.class = class;
        self.loops = loops;
        let span = Span::of(node.child_by_field_name("name").unwrap_or(node));
        let closure = self.builder.push(Op::Closure(id, decorators), span);
        if let Some(name) = name {
            self.builder.store(name, closure, span);
            if let Some(class) = class {
                let listed = self.builder.class(class);
                match accessor {
                    Some(true) => listed.getters.push((name, id)),
                    Some(false) => listed.setters.push((name, id)),
                    None => listed.methods.push((name, id)),
                }
            }
        }
        closure
    }

    fn class(&mut self, node: Node<'t>, decorators: Vec<Value>) {
        let decorated_by = std::mem::take(&mut self.decorated_by);
        let mut bases = decorators;
        if let Some(arguments) = node.child_by_field_name("superclasses") {
            let named: Vec<_> = named(arguments).filter(|base| base.kind() != "keyword_argument").collect();
            bases.extend(named.into_iter().map(|base| self.expression(base)));
        }
        let name = node.child_by_field_name("name").map(|name| self.name(name));
        let class = self.builder.add_class(name, Span::of(node));
        let body = self.builder.enter(name, self.scopes.last().copied(), Some(class), Span::of(node));
        let (fields, record) = (self.declared_fields(node), self.record(node, &decorated_by));
        let made = self.builder.class(class);
        (made.body, made.fields, made.record) = (Some(body), fields, record);
        let around = self.class.replace(class);
        let loops = std::mem::take(&mut self.loops);
        if let Some(block) = node.child_by_field_name("body") {
            self.statements(block);
        }
        self.loops = loops;
        self.class = around;
        self.builder.leave();
        let span = Span::of(node.child_by_field_name("name").unwrap_or(node));
        let value = self.builder.push(Op::Class(class, bases), span);
        if let Some(name) = name {
            self.builder.store(name, value, span);
        }
    }

    fn parameters(&mut self, node: Node<'t>) {
        // Defaults belong to the scope around, but their value is only good to know that it is a constant.
        for child in named(node) {
            let inner = match child.kind() {
                "typed_parameter" => child.named_child(0).unwrap_or(child),
                "default_parameter" | "typed_default_parameter" => {
                    child.child_by_field_name("name").unwrap_or(child)
                }
                _ => child,
            };
            let (rest, keywords) =
                (inner.kind() == "list_splat_pattern", inner.kind() == "dictionary_splat_pattern");
            let named = if rest || keywords { inner.named_child(0).unwrap_or(inner) } else { inner };
            let name = match named.kind() {
                "identifier" => self.name(named),
                "tuple_pattern" => self.builder.temp(),
                _ => continue,
            };
            let annotation = child.child_by_field_name("type").and_then(|kind| {
                let text = self.parsed.text_of(kind);
                let dotted = text.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '_');
                dotted.then(|| self.builder.name(text))
            });
            let span = Span::of(child);
            let value = self.builder.parameter(Parameter { name, rest, keywords, annotation, span });
            if named.kind() == "tuple_pattern" {
                self.assign(named, value, span);
            }
        }
    }

    /// Python 2's `print x` and `exec x`.
    fn old_statement(&mut self, node: Node<'t>) {
        let operands: Vec<_> = named(node).collect();
        let values: Vec<_> = operands.into_iter().map(|operand| self.expression(operand)).collect();
        self.builder.push(Op::Unknown(values), Span::of(node));
    }
}

/// The named children of a node, comments left out.
fn named<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let child = cursor.node();
            more = cursor.goto_next_sibling();
            if child.is_named() && child.kind() != "comment" {
                return Some(child);
            }
        }
        None
    })
}
