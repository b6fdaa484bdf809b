//! A tree as a table: its nodes in reading order, each with where its subtree ends. Going to a child, past a subtree or
//! to the parent is a look-up, where the tree itself has to search from its root.

use tree_sitter::Node;

/// The place of a node in its table.
pub type Place = u32;

/// The nodes of a tree in reading order.
pub struct Table<'t> {
    nodes: Vec<Node<'t>>,
    rows: Vec<Row>,
}

/// What is looked up of a node.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its kind, as the grammar numbers it.
    pub kind: u16,
    /// The field it fills of its parent; 0 when none.
    pub field: u16,
    /// Its parent; of the root the root.
    pub parent: Place,
    /// The place behind its subtree, where its next sibling stands if it has one.
    pub end: Place,
    /// Whether it is named: no keyword, no punctuation.
    pub named: bool,
    /// Whether it may stand anywhere, as a comment may.
    pub extra: bool,
}

impl<'t> Table<'t> {
    /// Reads the tree below `root` in one walk.
    pub fn new(root: Node<'t>) -> Self {
        let count = root.descendant_count();
        let mut table = Table { nodes: Vec::with_capacity(count), rows: Vec::with_capacity(count) };
        let mut cursor = root.walk();
        let mut open: Vec<Place> = Vec::new();
        loop {
            let parent = open.last().copied().unwrap_or(0);
            table.push(cursor.node(), cursor.field_id().map_or(0, u16::from), parent);
            let place = table.rows.len() as Place - 1;
            if cursor.goto_first_child() {
                open.push(place);
                continue;
            }
            while !cursor.goto_next_sibling() {
                let Some(done) = open.pop() else { return table };
                table.rows[done as usize].end = table.rows.len() as Place;
                cursor.goto_parent();
            }
        }
    }

    fn push(&mut self, node: Node<'t>, field: u16, parent: Place) {
        self.rows.push(Row {
            kind: node.kind_id(),
            field,
            parent,
            end: self.rows.len() as Place + 1,
            named: node.is_named(),
            extra: node.is_extra(),
        });
        self.nodes.push(node);
    }

    /// The rows in reading order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows with their nodes.
    pub fn iter(&self) -> impl Iterator<Item = (&Row, Node<'t>)> {
        self.rows.iter().zip(self.nodes.iter().copied())
    }

    /// What is known of the node at `place`, which has to be one of this table.
    pub fn row(&self, place: Place) -> &Row {
        &self.rows[place as usize]
    }

    /// The node at `place`, which has to be one of this table.
    pub fn node(&self, place: Place) -> Node<'t> {
        self.nodes[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Language, parse, steps_for, walk};

    #[test]
    fn a_table_says_what_the_tree_says() {
        let text = "@a\ndef f(x, *, y=1):\n    # c\n    return {x: (y, [1, 2])} if x else (\n";
        let parsed = parse(Language::Python, text, steps_for(text)).unwrap();
        let (table, grammar) = (Table::new(parsed.root()), parsed.language.grammar());
        assert_eq!(table.rows().len(), walk(parsed.root()).count());
        for (place, node) in walk(parsed.root()).enumerate() {
            let (place, row) = (place as Place, *table.row(place as Place));
            assert_eq!(table.node(place), node);
            assert_eq!((row.named, row.extra, row.kind), (node.is_named(), node.is_extra(), node.kind_id()));
            let mut child = place + 1;
            for index in 0..node.child_count() {
                assert_eq!(table.node(child), node.child(index).unwrap());
                assert_eq!(table.row(child).parent, place);
                let field = grammar.field_name_for_id(table.row(child).field);
                assert_eq!(field, node.field_name_for_child(index));
                child = table.row(child).end;
            }
            assert_eq!(child, row.end);
        }
    }

    #[test]
    fn a_table_of_nothing_has_its_root() {
        let parsed = parse(Language::JavaScript, "", steps_for("")).unwrap();
        assert_eq!(Table::new(parsed.root()).rows().len(), 1);
    }
}
