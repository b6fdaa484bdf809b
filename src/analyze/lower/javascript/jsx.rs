//! JSX: an element is an object on which its attributes are set; a component is a function called with them.

use tree_sitter::Node;

use super::{Lowering, field, first, parts};
use crate::analyze::ir::{Argument, Entry, Op, Pass, Span, Value};

impl<'a> Lowering<'_, 'a> {
    pub(super) fn jsx(&mut self, node: Node<'_>) -> Value {
        let span = Span::of(node);
        let opening = field(node, "open_tag").unwrap_or(node);
        let name = field(opening, "name");
        let mut cursor = opening.walk();
        let attributes: Vec<_> = opening.children_by_field_name("attribute", &mut cursor).collect();
        // `<div>` is the platform's, `<Panel>` and `<panels.Main>` are functions.
        let component = name.filter(|name| {
            name.kind() == "member_expression" || self.text(*name).starts_with(|c: char| c.is_uppercase())
        });
        let component = component.map(|name| self.expression(name));
        let element = match name.filter(|_| component.is_none()) {
            Some(name) => self.platform_element(name, span),
            None => self.builder.push(Op::Dict(Vec::new()), span),
        };
        let mut entries = Vec::new();
        for attribute in attributes {
            self.attribute(attribute, element, &mut entries);
        }
        if node.kind() != "jsx_self_closing_element" {
            for child in parts(node) {
                if matches!(
                    child.kind(),
                    "jsx_expression" | "jsx_element" | "jsx_self_closing_element" | "jsx_fragment"
                ) {
                    self.expression(child);
                }
            }
        }
        match component {
            Some(callee) => {
                let given = Span::of(opening);
                let options: Vec<_> = entries.iter().filter_map(|entry| self.option(entry)).collect();
                let properties = self.builder.push(Op::Dict(entries), given);
                let mut arguments = vec![Argument { value: properties, pass: Pass::Plain, span: given }];
                arguments.extend(options);
                self.builder.push(Op::Call { callee, arguments }, span);
                // The element itself is an object, which a renderer escapes; what the function yields is no text of it.
                self.builder.push(Op::Dict(Vec::new()), span)
            }
            None => element,
        }
    }

    /// `<iframe>` is what `document.createElement("iframe")` makes.
    fn platform_element(&mut self, name: Node<'_>, span: Span) -> Value {
        let document = self.load("document", span);
        let callee = self.member(document, "createElement", span);
        let text = self.text(name);
        let tag = self.builder.literal_text(text, Span::of(name));
        self.invoke(callee, &[tag], span)
    }

    /// An attribute of a component as a keyword, as the properties of an object literal are.
    fn option(&mut self, entry: &Entry) -> Option<Argument> {
        let written = self.parsed.text.get(entry.span.range())?;
        let name = written.split(['=', ' ', '\n', '>', '/']).next().filter(|_| entry.key.is_some())?;
        let name = self.builder.name(name);
        Some(Argument { value: entry.value, pass: Pass::Keyword(name), span: entry.span })
    }

    fn attribute(&mut self, attribute: Node<'_>, element: Value, entries: &mut Vec<Entry>) {
        let span = Span::of(attribute);
        let parts = parts(attribute);
        if attribute.kind() == "jsx_expression" {
            // `{...properties}`
            if let Some(spread) = parts.first() {
                let value = self.expression(*spread);
                entries.push(Entry { key: None, value, span });
            }
            return;
        }
        let Some(name) = parts.first() else { return };
        let text = self.text(*name);
        let value = match parts.get(1) {
            Some(value) => self.attribute_value(text, *value),
            None => self.literal(crate::analyze::ir::Literal::Bool(true), span),
        };
        let key = self.builder.literal_text(text, Span::of(*name));
        entries.push(Entry { key: Some(key), value, span });
        let property = self.builder.name(text);
        self.builder.push(Op::SetMember(element, property, value), span);
    }

    /// The value of an attribute; of `dangerouslySetInnerHTML={{__html: x}}` it is `x`.
    fn attribute_value(&mut self, name: &str, node: Node<'_>) -> Value {
        let inner = if node.kind() == "jsx_expression" { first(node).unwrap_or(node) } else { node };
        if name == "dangerouslySetInnerHTML" && inner.kind() == "object" {
            for pair in parts(inner) {
                if let (Some(key), Some(value)) = (field(pair, "key"), field(pair, "value"))
                    && self.text(key).trim_matches(['\'', '"']) == "__html"
                {
                    return self.expression(value);
                }
            }
        }
        let value = self.expression(inner);
        if name == "dangerouslySetInnerHTML" {
            return self.member(value, "__html", Span::of(node));
        }
        value
    }
}
