//! Visits every node of a tree in reading order with a cursor: the depth of the tree costs heap, never stack.

use tree_sitter::{Node, TreeCursor};

/// Visits `node` and everything below it, parents first.
pub fn walk(node: Node<'_>) -> Walk<'_> {
    Walk::new(node)
}

/// The iterator of [`walk`]; [`Walk::prune`] leaves out what lies below the node just visited.
pub struct Walk<'tree> {
    cursor: TreeCursor<'tree>,
    depth: u32,
    next: Next,
}

enum Next {
    First,
    Below,
    Beside,
    Done,
}

impl<'tree> Walk<'tree> {
    /// Starts at `node`.
    pub fn new(node: Node<'tree>) -> Self {
        Walk { cursor: node.walk(), depth: 0, next: Next::First }
    }

    /// Goes on beside the node just visited, not below it.
    pub fn prune(&mut self) {
        if matches!(self.next, Next::Below) {
            self.next = Next::Beside;
        }
    }

    /// How many levels the node just visited lies below the start.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    fn advance(&mut self) -> bool {
        if matches!(self.next, Next::Below) && self.cursor.goto_first_child() {
            self.depth += 1;
            return true;
        }
        loop {
            if self.depth == 0 {
                return false;
            }
            if self.cursor.goto_next_sibling() {
                return true;
            }
            self.cursor.goto_parent();
            self.depth -= 1;
        }
    }
}

impl<'tree> Iterator for Walk<'tree> {
    type Item = Node<'tree>;

    fn next(&mut self) -> Option<Node<'tree>> {
        let more = match self.next {
            Next::Done => false,
            Next::First => true,
            Next::Below | Next::Beside => self.advance(),
        };
        self.next = if more { Next::Below } else { Next::Done };
        more.then(|| self.cursor.node())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Language, parse, steps_for};

    fn kinds(text: &str, skip: &str) -> Vec<&'static str> {
        let parsed = parse(Language::Python, text, steps_for(text)).unwrap();
        let mut walk = Walk::new(parsed.root());
        let mut seen = Vec::new();
        while let Some(node) = walk.next() {
            seen.push(node.kind());
            if node.kind() == skip {
                walk.prune();
            }
        }
        seen.retain(|kind| kind.chars().any(char::is_alphabetic));
        // The kinds are static strings of the grammar; the tree may go.
        seen.into_iter().map(|kind| Box::leak(kind.to_owned().into_boxed_str()) as &str).collect()
    }

    #[test]
    fn visits_in_reading_order() {
        assert_eq!(
            kinds("f(a)\nb\n", ""),
            [
                "module",
                "expression_statement",
                "call",
                "identifier",
                "argument_list",
                "identifier",
                "expression_statement",
                "identifier"
            ]
        );
    }

    #[test]
    fn skips_what_lies_below() {
        assert_eq!(
            kinds("f(a)\nb\n", "call"),
            ["module", "expression_statement", "call", "expression_statement", "identifier"]
        );
    }

    #[test]
    fn deep_trees_cost_no_stack() {
        let text = format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000));
        let parsed = parse(Language::JavaScript, &text, steps_for(&text)).unwrap();
        assert!(walk(parsed.root()).count() > 20_000);
    }
}
