//! Where a value goes, judged by names: `token = "".join(random.choice(a) for _ in b)` goes to `token`.

use tree_sitter::Node;

use crate::syntax::Parsed;

/// How far up a value is followed; looking up a parent costs its depth.
const HIGHEST: usize = 24;

/// How far around a node of the top level its surroundings reach, in bytes.
const NEARBY: usize = 1000;

/// The name of the variable, property, keyword or parameter that the value of `node` ends up in, as it is written; of a
/// returned value the function's name.
pub(super) fn name<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> Option<&'a str> {
    let mut child = node;
    for _ in 0..HIGHEST {
        let parent = child.parent()?;
        let is = |field: &str| parent.child_by_field_name(field).is_some_and(|it| it.id() == child.id());
        let text = |field: &str| parent.child_by_field_name(field).map(|it| parsed.text_of(it));
        match parent.kind() {
            "assignment"
            | "assignment_expression"
            | "augmented_assignment"
            | "augmented_assignment_expression" => {
                return is("right").then(|| text("left")).flatten();
            }
            "variable_declarator"
            | "named_expression"
            | "keyword_argument"
            | "default_parameter"
            | "typed_default_parameter" => return is("value").then(|| text("name")).flatten(),
            "pair" => return is("value").then(|| text("key")).flatten(),
            "assignment_pattern" => return is("right").then(|| text("left")).flatten(),
            "field_definition" => return text("property"),
            "public_field_definition" => return text("name"),
            "return_statement" => return function(parsed, parent),
            "call" | "call_expression" if is("arguments") => {
                if let Some(object) = grown(parsed, parent) {
                    return Some(object);
                }
            }
            // What decides is not what is stored.
            "comparison_operator" | "if_statement" | "while_statement" | "for_statement" | "if_clause" => {
                return None;
            }
            "binary_expression"
                if text("operator").is_some_and(|it| it.starts_with(['<', '>', '=', '!'])) =>
            {
                return None;
            }
            "ternary_expression" if is("condition") => return None,
            "block" | "statement_block" | "module" | "program" | "expression_statement" | "class_body" => {
                return None;
            }
            _ => {}
        }
        child = parent;
    }
    None
}

/// The name of the innermost function around `node` that has one: its own, or that of what it is assigned to.
pub(super) fn function<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> Option<&'a str> {
    let mut child = node;
    for _ in 0..HIGHEST {
        let parent = child.parent()?;
        match parent.kind() {
            "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "method_definition" => {
                return parent.child_by_field_name("name").map(|name| parsed.text_of(name));
            }
            "arrow_function" | "function_expression" => {
                if let Some(name) = parent.child_by_field_name("name") {
                    return Some(parsed.text_of(name));
                }
                if let Some(name) = name(parsed, parent) {
                    return Some(name);
                }
            }
            _ => {}
        }
        child = parent;
    }
    None
}

/// The text of the innermost function around `node`; at the top level, of the lines nearby.
pub(super) fn surroundings<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> &'a str {
    let mut child = node;
    for _ in 0..HIGHEST {
        let Some(parent) = child.parent() else { break };
        if matches!(
            parent.kind(),
            "function_definition"
                | "function_declaration"
                | "generator_function_declaration"
                | "method_definition"
                | "arrow_function"
                | "function_expression"
                | "generator_function"
        ) {
            return parsed.text_of(parent);
        }
        child = parent;
    }
    let text = parsed.text;
    let start = text.floor_char_boundary(node.start_byte().saturating_sub(NEARBY));
    let end = text.ceil_char_boundary((node.end_byte() + NEARBY).min(text.len()));
    text.get(start..end).unwrap_or("")
}

/// The list that a call such as `password.append(x)` grows.
fn grown<'a>(parsed: &Parsed<'a>, call: Node<'_>) -> Option<&'a str> {
    let callee = call.child_by_field_name("function")?;
    let method =
        callee.child_by_field_name("attribute").or_else(|| callee.child_by_field_name("property"))?;
    matches!(parsed.text_of(method), "append" | "push" | "extend" | "add" | "insert" | "unshift" | "concat")
        .then(|| callee.child_by_field_name("object").map(|object| parsed.text_of(object)))
        .flatten()
}
