//! What an expression reads as when the file says it in full: a literal, literals that are joined, or a name that was
//! last bound to one: `const quote = /'/; text.replace(quote, "")`.

use std::collections::BTreeMap;

use tree_sitter::Node;

use crate::syntax::{Parsed, Walk, unquoted};

/// Names that stand for names, and sums of sums, are followed so deep.
const DEEPEST: u32 = 8;

/// Longer texts are no patterns.
const LONGEST: usize = 4096;

/// The bindings of a file by name, in reading order; a value that is not written out is `None`.
pub(super) struct Constants<'a>(BTreeMap<&'a str, Vec<(usize, Option<Node<'a>>)>>);

impl<'a> Constants<'a> {
    /// Reads them in one walk.
    pub(super) fn read(parsed: &'a Parsed<'a>) -> Self {
        let mut bound: BTreeMap<&'a str, Vec<(usize, Option<Node<'a>>)>> = BTreeMap::new();
        let mut bind = |name: Node<'a>, value: Option<Node<'a>>| {
            if name.kind() == "identifier" {
                bound.entry(parsed.text_of(name)).or_default().push((name.start_byte(), value));
            }
        };
        for node in Walk::new(parsed.root()) {
            let field = |name: &str| node.child_by_field_name(name);
            match node.kind() {
                "variable_declarator" => {
                    if let Some(name) = field("name") {
                        bind(name, field("value"));
                    }
                }
                "assignment" | "assignment_expression" => {
                    if let Some(name) = field("left") {
                        bind(name, field("right"));
                    }
                }
                "augmented_assignment" | "augmented_assignment_expression" | "for_in_statement" => {
                    if let Some(name) = field("left") {
                        bind(name, None);
                    }
                }
                "formal_parameters" | "parameters" => {
                    let mut cursor = node.walk();
                    for parameter in node.named_children(&mut cursor) {
                        bind(parameter.child_by_field_name("pattern").unwrap_or(parameter), None);
                    }
                }
                "arrow_function" => {
                    if let Some(name) = field("parameter") {
                        bind(name, None);
                    }
                }
                _ => {}
            }
        }
        Constants(bound)
    }

    /// The text of an expression: of a string what it reads as, of a regular expression its literal with the slashes.
    pub(super) fn text(&self, parsed: &'a Parsed<'a>, node: Node<'a>) -> Option<String> {
        self.followed(parsed, node, DEEPEST)
    }

    /// The source text of an expression; of a name, that of what was last bound to it.
    pub(super) fn source(&self, parsed: &'a Parsed<'a>, node: Node<'a>) -> &'a str {
        let mut node = node;
        for _ in 0..DEEPEST {
            let value = match node.kind() {
                "identifier" => self.bound(parsed, node),
                "parenthesized_expression" | "as_expression" | "await" | "await_expression" => {
                    node.named_child(0)
                }
                _ => None,
            };
            let Some(value) = value else { break };
            node = value;
        }
        parsed.text_of(node)
    }

    /// What was last bound to a name before it stands at `node`, else first behind it.
    fn bound(&self, parsed: &Parsed<'a>, node: Node<'a>) -> Option<Node<'a>> {
        let bound = self.0.get(parsed.text_of(node))?;
        // `x = x.concat(y)`: what the name is bound to there is not made yet.
        let made = |value: &Option<Node<'_>>| value.is_none_or(|value| value.end_byte() <= node.start_byte());
        let before = bound.iter().rev().find(|(start, value)| *start < node.start_byte() && made(value));
        before.or(bound.first()).and_then(|(_, value)| *value)
    }

    fn followed(&self, parsed: &'a Parsed<'a>, node: Node<'a>, left: u32) -> Option<String> {
        let left = left.checked_sub(1)?;
        let field = |name: &str| node.child_by_field_name(name);
        let text = match node.kind() {
            "string" | "template_string" => {
                let text = unquoted(parsed, node);
                (!text.computed).then(|| text.value.into_owned())?
            }
            "regex" => parsed.text_of(node).to_owned(),
            "parenthesized_expression" | "as_expression" => {
                self.followed(parsed, node.named_child(0)?, left)?
            }
            "binary_expression" | "binary_operator" => {
                if parsed.text_of(field("operator")?) != "+" {
                    return None;
                }
                self.followed(parsed, field("left")?, left)?
                    + &self.followed(parsed, field("right")?, left)?
            }
            "new_expression" | "call_expression" => {
                let callee = field("constructor").or_else(|| field("function"))?;
                if parsed.text_of(callee) != "RegExp" {
                    return None;
                }
                let arguments = field("arguments")?;
                let pattern = self.followed(parsed, arguments.named_child(0)?, left)?;
                let flags = match arguments.named_child(1) {
                    Some(flags) => self.followed(parsed, flags, left)?,
                    None => String::new(),
                };
                format!("/{pattern}/{flags}")
            }
            "identifier" => self.followed(parsed, self.bound(parsed, node)?, left)?,
            _ => return None,
        };
        (text.len() <= LONGEST).then_some(text)
    }
}
