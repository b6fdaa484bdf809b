//! Where regular expressions stand in code: what calls of Python's `re` and of its users are given, JavaScript's
//! literals, and the strings that JavaScript makes expressions of.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::automaton::Mode;
use super::syntax::{Flags, Flavour};
use crate::syntax::{Imports, Language, Parsed, Table, Walk};

/// An expression in a text.
#[derive(Debug)]
pub(super) struct Place {
    /// Its characters, each with the byte it starts at.
    pub(super) text: Vec<(char, usize)>,
    /// The byte after it.
    pub(super) end: usize,
    /// Whose syntax it is.
    pub(super) flavour: Flavour,
    /// What its flags say.
    pub(super) flags: Flags,
    /// How it is matched: what takes long in each of these ways is reported.
    pub(super) mode: Mode,
}

/// Strings put together of more parts are not followed.
const MOST_PARTS: u32 = 64;

/// All expressions of a text, in order, each literal once.
pub(super) fn places<'p>(parsed: &'p Parsed<'_>, imports: &'p Imports, table: &Table<'p>) -> Vec<Place> {
    let python = parsed.language == Language::Python;
    // Most files have none, and a walk over a file is not for nothing.
    if python && !PYTHON_CALLS.iter().any(|(call, ..)| may_call(parsed, imports, call)) {
        return Vec::new();
    }
    let mut finder =
        Finder { parsed, imports, constants: BTreeMap::new(), uses: BTreeMap::new(), found: Vec::new() };
    let mut calls = Vec::new();
    let grammar = parsed.language.grammar();
    let kind = |name| grammar.id_for_node_kind(name, true);
    let called = ["call", "call_expression", "new_expression"].map(kind);
    let (regex, bound) = (kind("regex"), ["assignment", "variable_declarator"].map(kind));
    for (row, node) in table.iter().filter(|(row, _)| row.named) {
        if called.contains(&row.kind) {
            calls.push(node);
        } else if row.kind == regex {
            finder.literal(node);
        } else if bound.contains(&row.kind) {
            finder.binds(node);
        }
    }
    for call in &calls {
        finder.used(*call);
    }
    for call in calls {
        if python { finder.python(call) } else { finder.javascript(call) }
    }
    let mut found = finder.found;
    found.sort_by_key(|place| (place.text.first().map(|(_, at)| *at), place.mode));
    found.dedup_by_key(|place| place.text.first().map(|(_, at)| *at));
    found
}

/// Whether a text holds the name of a call, and an import that leads to it; half a file may lack its imports.
fn may_call(parsed: &Parsed<'_>, imports: &Imports, call: &str) -> bool {
    let name = call.rsplit('.').next().unwrap_or(call);
    parsed.text.contains(name)
        && (imports.iter().any(|(_, path)| begins(call, path))
            || call.starts_with("re.") && parsed.text.contains(call))
}

/// Calls that take expressions for Python's `re`, the place of the expression among the arguments, its name, and how it is matched.
const PYTHON_CALLS: [(&str, &str, Option<Mode>); 18] = [
    ("re.compile", "pattern", None),
    ("re.match", "pattern", Some(Mode::Match)),
    ("re.search", "pattern", Some(Mode::Search)),
    ("re.fullmatch", "pattern", Some(Mode::Full)),
    ("re.sub", "pattern", Some(Mode::Search)),
    ("re.subn", "pattern", Some(Mode::Search)),
    ("re.split", "pattern", Some(Mode::Search)),
    ("re.findall", "pattern", Some(Mode::Search)),
    ("re.finditer", "pattern", Some(Mode::Search)),
    ("django.urls.re_path", "route", Some(Mode::Search)),
    ("django.conf.urls.url", "regex", Some(Mode::Search)),
    ("django.core.validators.RegexValidator", "regex", Some(Mode::Search)),
    ("django.forms.RegexField", "regex", Some(Mode::Search)),
    ("wtforms.validators.Regexp", "regex", Some(Mode::Match)),
    ("wtforms.validators.regexp", "regex", Some(Mode::Match)),
    ("marshmallow.validate.Regexp", "regex", Some(Mode::Match)),
    ("wtforms.Regexp", "regex", Some(Mode::Match)),
    ("marshmallow.Regexp", "regex", Some(Mode::Match)),
];

fn begins(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

struct Finder<'p, 't> {
    parsed: &'p Parsed<'t>,
    imports: &'p Imports,
    /// What a name is bound to where that is the only assignment to it; `None` when there are several.
    constants: BTreeMap<String, Option<Node<'p>>>,
    /// The methods that are called on a name.
    uses: BTreeMap<String, BTreeSet<String>>,
    found: Vec<Place>,
}

impl<'p> Finder<'p, '_> {
    fn text(&self, node: Node<'_>) -> &'p str {
        self.parsed.text.get(node.byte_range()).unwrap_or("")
    }

    fn binds(&mut self, node: Node<'p>) {
        let (name, value) = match node.kind() {
            "assignment" => ("left", "right"),
            _ => ("name", "value"),
        };
        let (Some(name), value) = (node.child_by_field_name(name), node.child_by_field_name(value)) else {
            return;
        };
        if name.kind() == "identifier" {
            let text = self.text(name).to_owned();
            self.constants.entry(text).and_modify(|bound| *bound = None).or_insert(value);
        }
    }

    /// The last name of a callee: `m` of `a.m()`.
    fn method(&self, call: Node<'p>) -> Option<(Node<'p>, &'p str)> {
        let callee = call.child_by_field_name("function")?;
        let name =
            callee.child_by_field_name("attribute").or_else(|| callee.child_by_field_name("property"))?;
        Some((callee.child_by_field_name("object")?, self.text(name)))
    }

    /// Notes which methods are called on a name or member.
    fn used(&mut self, call: Node<'p>) {
        let Some((object, method)) = self.method(call) else { return };
        let name = last_name(object).map(|name| self.text(name));
        if let Some(name) = name {
            self.uses.entry(name.to_owned()).or_default().insert(method.to_owned());
        }
    }

    fn argument(&self, call: Node<'p>, keyword: &str) -> Option<Node<'p>> {
        let arguments = call.child_by_field_name("arguments")?;
        let mut cursor = arguments.walk();
        let mut named = arguments.named_children(&mut cursor).filter(|node| node.kind() != "comment");
        let all: Vec<_> = named.by_ref().take(8).collect();
        let by_name = all.iter().find(|node| {
            node.kind() == "keyword_argument"
                && node.child_by_field_name("name").is_some_and(|name| self.text(name) == keyword)
        });
        match by_name {
            Some(node) => node.child_by_field_name("value"),
            None => all.first().copied().filter(|node| node.kind() != "keyword_argument"),
        }
    }

    fn python(&mut self, call: Node<'p>) {
        let Some(callee) = call.child_by_field_name("function") else { return };
        let Some(path) = self.imports.resolve(self.parsed, callee) else { return };
        let Some((_, keyword, mode)) = PYTHON_CALLS.iter().find(|(known, ..)| *known == path) else { return };
        let Some(pattern) = self.argument(call, keyword) else { return };
        let mode = mode.unwrap_or_else(|| self.mode_of_name(call));
        let flags = self.python_flags(call);
        self.string(pattern, Flavour::Python, flags, mode);
    }

    /// How a compiled expression is matched, by the methods that the file calls on the name it is bound to: in the
    /// way that most needs for a match. Without one it is searched for, which is most often least.
    fn mode_of_name(&self, call: Node<'p>) -> Mode {
        let name = call.parent().filter(|parent| parent.kind() == "assignment");
        let name = name.and_then(|parent| parent.child_by_field_name("left")).and_then(last_name);
        let direct = call.parent().and_then(|parent| {
            let method = parent.child_by_field_name("attribute")?;
            Some(BTreeSet::from([self.text(method).to_owned()]))
        });
        let uses = direct.or_else(|| name.and_then(|name| self.uses.get(self.text(name)).cloned()));
        let has = |method: &str| uses.as_ref().is_some_and(|uses| uses.contains(method));
        match (has("fullmatch"), has("match")) {
            (true, _) => Mode::Full,
            (_, true) => Mode::Match,
            _ => Mode::Search,
        }
    }

    /// The flags in the arguments of a call: names such as `re.I`, whatever puts them together.
    fn python_flags(&self, call: Node<'p>) -> Flags {
        let mut flags = Flags::default();
        let Some(arguments) = call.child_by_field_name("arguments") else { return flags };
        for node in Walk::new(arguments).filter(|node| matches!(node.kind(), "attribute" | "identifier")) {
            let path = self.imports.resolve(self.parsed, node);
            match path.as_deref().and_then(|path| path.strip_prefix("re.")) {
                Some("I" | "IGNORECASE") => flags.ignore_case = true,
                Some("M" | "MULTILINE") => flags.multiline = true,
                Some("S" | "DOTALL") => flags.dot_all = true,
                Some("X" | "VERBOSE") => flags.verbose = true,
                Some("A" | "ASCII") => flags.ascii = true,
                _ => {}
            }
        }
        flags
    }

    fn javascript(&mut self, call: Node<'p>) {
        let callee = call.child_by_field_name("function").or_else(|| call.child_by_field_name("constructor"));
        let Some(callee) = callee else { return };
        let made = matches!(self.text(callee), "RegExp" | "window.RegExp" | "globalThis.RegExp");
        let searched =
            self.method(call).is_some_and(|(_, name)| matches!(name, "match" | "search" | "matchAll"));
        if !made && !searched {
            return;
        }
        let Some(pattern) = self.argument(call, "") else { return };
        let arguments = call.child_by_field_name("arguments");
        let second = arguments.and_then(|arguments| arguments.named_child(1)).filter(|_| made);
        let flags = match second {
            None => Some(Flags::default()),
            Some(node) => self.joined(node).and_then(|(text, _)| {
                javascript_flags(&text.iter().map(|(character, _)| *character).collect::<String>())
            }),
        };
        if let Some(flags) = flags {
            self.string(pattern, Flavour::JavaScript, flags, Mode::Search);
        }
    }

    fn literal(&mut self, node: Node<'p>) {
        let Some(pattern) = node.child_by_field_name("pattern") else { return };
        let flags = node.child_by_field_name("flags").map_or("", |flags| self.text(flags));
        // The sets of `v` may hold sets.
        let nested =
            flags.contains('v') && ["[[", "&&", "--"].iter().any(|it| self.text(pattern).contains(it));
        let Some(flags) = javascript_flags(flags).filter(|_| !nested) else { return };
        let start = pattern.start_byte();
        let text = self.text(pattern).char_indices().map(|(at, character)| (character, start + at)).collect();
        let flavour = Flavour::JavaScript;
        self.found.push(Place { text, end: pattern.end_byte(), flavour, flags, mode: Mode::Search });
    }

    fn string(&mut self, node: Node<'p>, flavour: Flavour, flags: Flags, mode: Mode) {
        if let Some((text, end)) = self.joined(node) {
            self.found.push(Place { text, end, flavour, flags, mode });
        }
    }

    /// The characters of a constant string: literals, what is put together of them, and names that are bound to
    /// such, once.
    fn joined(&self, node: Node<'p>) -> Option<(Vec<(char, usize)>, usize)> {
        let (mut text, mut end) = (Vec::new(), node.end_byte());
        let mut open = vec![node];
        for _ in 0..MOST_PARTS {
            let Some(node) = open.pop() else { return Some((text, end)) };
            match node.kind() {
                "string" | "template_string" => {
                    self.characters(node, &mut text)?;
                    end = node.end_byte();
                }
                "concatenated_string" => {
                    let mut cursor = node.walk();
                    let parts: Vec<_> = node.named_children(&mut cursor).collect();
                    open.extend(parts.into_iter().rev().filter(|node| node.kind() == "string"));
                }
                "parenthesized_expression" => open.push(node.named_child(0)?),
                "binary_operator" | "binary_expression" => {
                    if self.text(node.child_by_field_name("operator")?) != "+" {
                        return None;
                    }
                    open.push(node.child_by_field_name("right")?);
                    open.push(node.child_by_field_name("left")?);
                }
                "identifier" => open.push((*self.constants.get(self.text(node))?)?),
                _ => return None,
            }
        }
        None
    }

    fn characters(&self, node: Node<'p>, into: &mut Vec<(char, usize)>) -> Option<()> {
        let plain = |from: usize, to: usize, into: &mut Vec<(char, usize)>| {
            let text = self.parsed.text.get(from..to).unwrap_or("");
            into.extend(text.char_indices().map(|(at, character)| (character, from + at)));
        };
        let escaped = |escape: Node<'_>, into: &mut Vec<(char, usize)>| {
            let value = crate::syntax::decoded(self.text(escape));
            into.extend(value.chars().map(|character| (character, escape.start_byte())));
        };
        let mut cursor = node.walk();
        let mut prefix = "";
        for child in node.children(&mut cursor) {
            match child.kind() {
                "string_start" => prefix = self.text(child),
                "string_content" if prefix.contains(['r', 'R']) => {
                    plain(child.start_byte(), child.end_byte(), into)
                }
                "string_content" => {
                    let mut from = child.start_byte();
                    let mut inner = child.walk();
                    for escape in child.named_children(&mut inner) {
                        plain(from, escape.start_byte(), into);
                        escaped(escape, into);
                        from = escape.end_byte();
                    }
                    plain(from, child.end_byte(), into);
                }
                "string_fragment" => plain(child.start_byte(), child.end_byte(), into),
                "escape_sequence" => escaped(child, into),
                "interpolation" | "template_substitution" => return None,
                _ => {}
            }
        }
        Some(())
    }
}

/// `name` of `name`, `a.name`.
fn last_name(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "identifier" => Some(node),
        "attribute" => node.child_by_field_name("attribute"),
        "member_expression" => node.child_by_field_name("property"),
        _ => None,
    }
}

/// `None`: the syntax is another, or the engine is.
fn javascript_flags(text: &str) -> Option<Flags> {
    let mut flags = Flags::default();
    for flag in text.chars() {
        match flag {
            'i' => flags.ignore_case = true,
            'm' => flags.multiline = true,
            's' => flags.dot_all = true,
            'u' | 'v' => flags.unicode = true,
            'g' | 'y' | 'd' => {}
            _ => return None,
        }
    }
    Some(flags)
}
