//! What the names of a file stand for: `md5` is `hashlib.md5` after `from hashlib import md5`.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::{Language, Parsed, Walk, unquoted};

/// The names that imports of a file bind, wherever they stand in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports(BTreeMap<String, String>);

impl Imports {
    /// Reads the imports: `import`, `from ... import`, ES imports, `require`.
    pub fn read(parsed: &Parsed<'_>) -> Self {
        let mut imports = Imports::default();
        // ES imports stand at the top level, or in what is taken for an error there.
        let requires = parsed.language == Language::Python || parsed.text.contains("require");
        let mut walk = Walk::new(parsed.root());
        while let Some(node) = walk.next() {
            let python = parsed.language == Language::Python;
            if !requires && walk.depth() > 2 || python && holds_no_import(node.kind()) {
                walk.prune();
                continue;
            }
            match (parsed.language, node.kind()) {
                (Language::Python, "import_statement") => imports.python(parsed, node, ""),
                (Language::Python, "import_from_statement") => {
                    let module = node.child_by_field_name("module_name");
                    let module = module.map_or("", |module| parsed.text_of(module));
                    imports.python(parsed, node, &format!("{module}."));
                }
                (Language::Python, _) => {}
                (_, "import_statement") => imports.es(parsed, node),
                (_, "variable_declarator") => imports.require(parsed, node),
                _ => {}
            }
        }
        imports
    }

    /// What a name stands for; `None` when no import binds it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The dotted path of a name or member expression, its first name replaced by what it stands for. A name that no
    /// import binds stands for itself: a builtin, or a fragment whose imports are elsewhere. `None` when the
    /// expression is anything else.
    pub fn resolve(&self, parsed: &Parsed<'_>, node: Node<'_>) -> Option<String> {
        let path = dotted(parsed, node)?;
        let (first, rest) = path.split_at(path.find('.').unwrap_or(path.len()));
        Some(match self.get(first) {
            Some(stands_for) => format!("{stands_for}{rest}"),
            None => path,
        })
    }

    /// The bound names and what they stand for, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, path)| (name.as_str(), path.as_str()))
    }

    fn bind(&mut self, name: &str, path: String) {
        // The first import of a name wins; a later one is most often the fallback of a `try`.
        self.0.entry(name.to_owned()).or_insert(path);
    }

    fn python(&mut self, parsed: &Parsed<'_>, statement: Node<'_>, prefix: &str) {
        let mut cursor = statement.walk();
        for name in statement.children_by_field_name("name", &mut cursor) {
            let field = |field| name.child_by_field_name(field).map_or("", |node| parsed.text_of(node));
            if name.kind() == "aliased_import" {
                self.bind(field("alias"), format!("{prefix}{}", field("name")));
            } else {
                let path = parsed.text_of(name);
                // `import a.b` binds `a`.
                let bound = if prefix.is_empty() { path.split('.').next().unwrap_or(path) } else { path };
                self.bind(bound, format!("{prefix}{bound}"));
            }
        }
    }

    fn es(&mut self, parsed: &Parsed<'_>, statement: Node<'_>) {
        let mut walk = Walk::new(statement);
        let module = statement.child_by_field_name("source").map(|source| module(parsed, source));
        while let Some(node) = walk.next() {
            let field = |field| node.child_by_field_name(field).map_or("", |node| parsed.text_of(node));
            match (node.kind(), &module) {
                // TypeScript's `import fs = require("fs")`.
                ("import_require_clause", _) => {
                    let source = node.child_by_field_name("source");
                    let name = node.child(0).map_or("", |name| parsed.text_of(name));
                    if let Some(source) = source {
                        self.bind(name, self::module(parsed, source));
                    }
                    walk.prune();
                }
                ("import_specifier", Some(module)) => {
                    let name = field("name");
                    let bound = Some(field("alias")).filter(|alias| !alias.is_empty()).unwrap_or(name);
                    // `import { default as x }` is `import x`.
                    let path = if name == "default" { module.clone() } else { format!("{module}.{name}") };
                    self.bind(bound, path);
                    walk.prune();
                }
                // A default import and `* as name`: of a CommonJS module both are the module itself.
                ("identifier", Some(module)) => self.bind(parsed.text_of(node), module.clone()),
                _ => {}
            }
        }
    }

    fn require(&mut self, parsed: &Parsed<'_>, declarator: Node<'_>) {
        let (Some(name), Some(value)) =
            (declarator.child_by_field_name("name"), declarator.child_by_field_name("value"))
        else {
            return;
        };
        let Some(path) = required(parsed, value) else { return };
        match name.kind() {
            "identifier" => self.bind(parsed.text_of(name), path),
            "object_pattern" => {
                let mut cursor = name.walk();
                for part in name.named_children(&mut cursor) {
                    match part.kind() {
                        "shorthand_property_identifier_pattern" => {
                            let text = parsed.text_of(part);
                            self.bind(text, format!("{path}.{text}"));
                        }
                        "pair_pattern" => {
                            let field = |field| {
                                part.child_by_field_name(field).map_or("", |node| parsed.text_of(node))
                            };
                            self.bind(field("value"), format!("{path}.{}", field("key")));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether no statement stands below a node of Python's grammar of that kind.
fn holds_no_import(kind: &str) -> bool {
    matches!(
        kind,
        "expression_statement"
            | "return_statement"
            | "raise_statement"
            | "assert_statement"
            | "parameters"
            | "decorator"
            | "argument_list"
            | "comment"
            | "string"
    )
}

/// What `require("m")`, `require("m").a.b` or `await import("m")` stands for.
fn required(parsed: &Parsed<'_>, value: Node<'_>) -> Option<String> {
    let mut names = Vec::new();
    let mut node = value;
    loop {
        match node.kind() {
            "member_expression" => {
                names.push(parsed.text_of(node.child_by_field_name("property")?));
                node = node.child_by_field_name("object")?;
            }
            "await_expression" | "parenthesized_expression" => node = node.named_child(0)?,
            "call_expression" => break,
            _ => return None,
        }
    }
    let callee = node.child_by_field_name("function")?;
    if !matches!(parsed.text_of(callee), "require" | "import") {
        return None;
    }
    let argument = node.child_by_field_name("arguments")?.named_child(0)?;
    let mut path = (argument.kind() == "string").then(|| module(parsed, argument))?;
    for name in names.iter().rev().filter(|name| **name != "default") {
        path.push('.');
        path.push_str(name);
    }
    Some(path)
}

/// The module that an import's string names; `node:fs` is `fs`.
fn module(parsed: &Parsed<'_>, source: Node<'_>) -> String {
    let name = unquoted(parsed, source).value;
    name.strip_prefix("node:").unwrap_or(&name).to_owned()
}

/// The path of `a.b.c` as it is written, `?.` and line breaks left out; `None` when it is not names and dots alone.
/// `require("m").a` is `m.a`.
pub fn dotted(parsed: &Parsed<'_>, node: Node<'_>) -> Option<String> {
    const DEEPEST: usize = 32;
    let mut names = Vec::new();
    let mut node = node;
    for _ in 0..DEEPEST {
        match node.kind() {
            "identifier" | "this" | "super" => {
                names.push(parsed.text_of(node).to_owned());
                names.reverse();
                return Some(names.join("."));
            }
            "attribute" => {
                names.push(parsed.text_of(node.child_by_field_name("attribute")?).to_owned());
                node = node.child_by_field_name("object")?;
            }
            "member_expression" => {
                names.push(parsed.text_of(node.child_by_field_name("property")?).to_owned());
                node = node.child_by_field_name("object")?;
            }
            "parenthesized_expression" | "non_null_expression" => node = node.named_child(0)?,
            "call_expression" => {
                names.push(required(parsed, node)?);
                names.reverse();
                return Some(names.join("."));
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{parse, steps_for};

    fn imports(language: Language, text: &str) -> Vec<(String, String)> {
        let parsed = parse(language, text, steps_for(text)).unwrap();
        Imports::read(&parsed).iter().map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect()
    }

    #[test]
    fn python_imports_bind() {
        let text = "import os.path, a.b as c\nfrom hashlib import md5, sha1 as weak\ndef f():\n    from .x import y\n";
        assert_eq!(
            imports(Language::Python, text),
            pairs(&[
                ("c", "a.b"),
                ("md5", "hashlib.md5"),
                ("os", "os"),
                ("weak", "hashlib.sha1"),
                ("y", ".x.y")
            ])
        );
    }

    #[test]
    fn javascript_imports_bind() {
        let text = "import a, { b as c, default as d } from 'm';\nimport * as e from 'node:fs';\nimport type { T } from 't';
const { exec: run, spawn } = require('child_process');\nconst f = require('g').h.i;\nconst j = await import('k');\n";
        assert_eq!(
            imports(Language::TypeScript, text),
            pairs(&[
                ("T", "t.T"),
                ("a", "m"),
                ("c", "m.b"),
                ("d", "m"),
                ("e", "fs"),
                ("f", "g.h.i"),
                ("j", "k"),
                ("run", "child_process.exec"),
                ("spawn", "child_process.spawn")
            ])
        );
        assert_eq!(imports(Language::TypeScript, "import fs = require('fs');"), pairs(&[("fs", "fs")]));
    }

    #[test]
    fn paths_resolve() {
        let text = "import hashlib as h\nh.md5(x)\nos.system(y)\nf().g(z)\n";
        let parsed = parse(Language::Python, text, steps_for(text)).unwrap();
        let imports = Imports::read(&parsed);
        let callees: Vec<_> = Walk::new(parsed.root())
            .filter(|node| node.kind() == "call")
            .filter_map(|node| node.child_by_field_name("function"))
            .map(|callee| imports.resolve(&parsed, callee))
            .collect();
        assert_eq!(callees, [Some("hashlib.md5".into()), Some("os.system".into()), None, Some("f".into())]);
    }
}
