//! Where a value goes, judged by names: `token = "".join(random.choice(a) for _ in b)` goes to `token`.

use tree_sitter::Node;

use crate::syntax::{Parsed, Walk};

/// How far up a value is followed; looking up a parent costs its depth.
const HIGHEST: usize = 24;

/// How far around a node of the top level its surroundings reach, in bytes.
const NEARBY: usize = 1000;

/// A variable is followed to so many of its uses, and from there to other variables so often.
const MOST_USES: usize = 16;
const MOST_HOPS: usize = 2;

/// The uses of a variable are looked for among so many nodes.
const MOST_NODES: usize = 4000;

/// The names that the value of `node` ends up in, as they are written: of the variable, property, keyword or parameter,
/// and of those that the variable goes on to: `value = str(random()); session[token] = value`.
pub(super) fn names<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> Vec<&'a str> {
    let Some(first) = place(parsed, node) else { return Vec::new() };
    let (mut places, mut from) = (vec![first], 0);
    for _ in 0..MOST_HOPS {
        let until = places.len();
        for at in from..until {
            let Some(variable) = places.get(at).copied().filter(is_assigned) else { continue };
            let room = MOST_USES.saturating_sub(places.len());
            places.extend(uses(parsed, variable).into_iter().take(room));
        }
        from = until;
    }
    places.into_iter().map(|place| parsed.text_of(place)).collect()
}

/// Whether `node` is a variable that is assigned to.
fn is_assigned(node: &Node<'_>) -> bool {
    node.kind() == "identifier"
        && node.parent().is_some_and(|parent| {
            matches!(
                parent.kind(),
                "assignment"
                    | "assignment_expression"
                    | "augmented_assignment"
                    | "augmented_assignment_expression"
                    | "variable_declarator"
                    | "named_expression"
            )
        })
}

/// The places that a variable goes to behind its assignment, up to the next one.
fn uses<'t>(parsed: &Parsed<'_>, variable: Node<'t>) -> Vec<Node<'t>> {
    let (name, Some(assignment)) = (parsed.text_of(variable), variable.parent()) else { return Vec::new() };
    let mut scope = assignment;
    for _ in 0..HIGHEST {
        let Some(parent) = scope.parent() else { break };
        scope = parent;
        if is_function(scope.kind()) {
            break;
        }
    }
    let (mut found, mut walk) = (Vec::new(), Walk::new(scope));
    for _ in 0..MOST_NODES {
        let Some(node) = walk.next() else { break };
        // A function may have a variable of that name for itself.
        if node.id() != scope.id() && is_function(node.kind()) {
            walk.prune();
            continue;
        }
        let behind = node.start_byte() >= assignment.end_byte();
        if !behind || node.kind() != "identifier" || parsed.text_of(node) != name {
            continue;
        }
        let target = |field| node.parent().and_then(|it| it.child_by_field_name(field)).map(|it| it.id());
        let assigned =
            is_assigned(&node) && (target("left") == Some(node.id()) || target("name") == Some(node.id()));
        let grows = node.parent().is_some_and(|parent| parent.kind().starts_with("augmented"));
        if assigned && !grows {
            break;
        }
        if !assigned && stays_itself(parsed, node) {
            found.extend(place(parsed, node));
        }
    }
    found
}

/// Whether what a variable goes through leaves its characters in the result: no index, no call that is not known to.
fn stays_itself(parsed: &Parsed<'_>, node: Node<'_>) -> bool {
    let mut child = node;
    for _ in 0..HIGHEST {
        let Some(parent) = child.parent() else { return true };
        let is = |field: &str| parent.child_by_field_name(field).is_some_and(|it| it.id() == child.id());
        match parent.kind() {
            "subscript" if !is("value") => return false,
            "subscript_expression" if is("index") => return false,
            "argument_list" | "arguments" => {
                let Some(call) = parent.parent() else { return false };
                let callee = call.child_by_field_name("function").map_or("", |it| parsed.text_of(it));
                let last = callee.rsplit('.').next().unwrap_or("");
                let kept = cookie(parsed, call, child).or_else(|| grown(parsed, call));
                if kept.is_none() && !CONVERSIONS.contains(&last) {
                    return false;
                }
                child = call;
            }
            "keyword_argument" | "pair" | "assignment" | "assignment_expression" | "variable_declarator" => {
                return true;
            }
            kind if is_function(kind) || kind.ends_with("statement") => return true,
            _ => child = parent,
        }
    }
    true
}

/// Calls that give their argument back in another form.
const CONVERSIONS: &[&str] = &[
    "str",
    "int",
    "hex",
    "oct",
    "chr",
    "repr",
    "format",
    "join",
    "String",
    "Number",
    "floor",
    "round",
    "abs",
    "b64encode",
    "urlsafe_b64encode",
    "hexlify",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "concat",
    "padStart",
    "bytes",
    "encode",
    "list",
];

/// The name of the variable, property, keyword or parameter that the value of `node` ends up in, as it is written; of a
/// returned value the function's name.
fn place<'t>(parsed: &Parsed<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let mut child = node;
    for _ in 0..HIGHEST {
        let parent = child.parent()?;
        let field = |field: &str| parent.child_by_field_name(field);
        let is = |name: &str| field(name).is_some_and(|it| it.id() == child.id());
        match parent.kind() {
            "assignment"
            | "assignment_expression"
            | "augmented_assignment"
            | "augmented_assignment_expression" => {
                return is("right").then(|| field("left")).flatten();
            }
            "variable_declarator"
            | "named_expression"
            | "keyword_argument"
            | "default_parameter"
            | "typed_default_parameter" => return is("value").then(|| field("name")).flatten(),
            "pair" => return is("value").then(|| field("key")).flatten(),
            "assignment_pattern" => return is("right").then(|| field("left")).flatten(),
            "field_definition" => return field("property"),
            "public_field_definition" => return field("name"),
            "return_statement" => return function_name(parsed, parent),
            "argument_list" | "arguments" => {
                if let Some(name) = cookie(parsed, parent.parent()?, child) {
                    return Some(name);
                }
            }
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
                if field("operator")
                    .is_some_and(|it| parsed.text_of(it).starts_with(['<', '>', '=', '!'])) =>
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
    function_name(parsed, node).map(|name| parsed.text_of(name))
}

fn function_name<'t>(parsed: &Parsed<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let mut child = node;
    for _ in 0..HIGHEST {
        let parent = child.parent()?;
        match parent.kind() {
            "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "method_definition" => return parent.child_by_field_name("name"),
            "arrow_function" | "function_expression" => {
                if let Some(name) = parent.child_by_field_name("name").or_else(|| place(parsed, parent)) {
                    return Some(name);
                }
            }
            _ => {}
        }
        child = parent;
    }
    None
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "method_definition"
            | "arrow_function"
            | "function_expression"
            | "generator_function"
    )
}

/// The text of the innermost function around `node`; at the top level, of the lines nearby.
pub(super) fn surroundings<'a>(parsed: &Parsed<'a>, node: Node<'_>) -> &'a str {
    let mut child = node;
    for _ in 0..HIGHEST {
        let Some(parent) = child.parent() else { break };
        if is_function(parent.kind()) {
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
fn grown<'t>(parsed: &Parsed<'_>, call: Node<'t>) -> Option<Node<'t>> {
    let (object, method) = method(parsed, call)?;
    matches!(method, "append" | "push" | "extend" | "add" | "insert" | "unshift" | "concat").then_some(object)
}

/// The name of the cookie that a call such as `response.set_cookie("token", x)` gives the value `argument`.
fn cookie<'t>(parsed: &Parsed<'_>, call: Node<'t>, argument: Node<'_>) -> Option<Node<'t>> {
    let (_, method) = method(parsed, call)?;
    let sets = matches!(
        method,
        "set_cookie" | "set_signed_cookie" | "set_secure_cookie" | "cookie" | "setCookie" | "setItem"
    );
    let first = call.child_by_field_name("arguments")?.named_child(0)?;
    (sets && first.start_byte() < argument.start_byte()).then_some(first)
}

/// The object and the name of a method that is called.
fn method<'a, 't>(parsed: &Parsed<'a>, call: Node<'t>) -> Option<(Node<'t>, &'a str)> {
    let callee = call.child_by_field_name("function")?;
    let method =
        callee.child_by_field_name("attribute").or_else(|| callee.child_by_field_name("property"))?;
    Some((callee.child_by_field_name("object")?, parsed.text_of(method)))
}
