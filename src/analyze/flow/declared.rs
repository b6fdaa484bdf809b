//! Types that a program declares where a library converts to them: fields of serialisers and forms, enumerations, typed
//! parameters, options of the command line, pipes.

use std::rc::Rc;

use super::Engine;
use super::annotation::{before, declared_type, harmless, last, pattern_of, words};
use super::charset::Extent;
use super::function::Frame;
use super::schema::{Role, Shape};
use super::value::{Abstract, Known};
use crate::analyze::ir::{Argument, ClassId, FunctionId, Op, Pass, Record, Span, Value};
use crate::analyze::model::{ANY, Kinds};

/// Where types come from that hold no text.
#[rustfmt::skip]
const LIBRARIES: &[&str] = &[
    "typing", "typing_extensions", "types", "decimal", "uuid", "datetime", "fractions", "ipaddress", "pydantic",
    "annotated_types", "graphql", "graphene",
];

impl Engine<'_> {
    /// What a class makes of data: an enumeration, a serialiser or form by its fields, a model of pydantic.
    pub(super) fn class_shape(&self, class: ClassId, depth: u32) -> Option<Rc<Shape>> {
        let line = self.ancestors(class);
        let bases = line.iter().filter_map(|class| self.class_bases.get(class)).flatten();
        let (mut kinds, mut listed) = (0, false);
        let methods = || line.iter().flat_map(|class| &self.program.class(*class).methods);
        let methods = || methods().map(|(name, _)| self.program.names.text(*name));
        // A constructor may add fields, what checks all of them may yield others, and so may a base from another file.
        const ADD: &[&str] =
            &["__init__", "get_fields", "clean", "validate", "to_internal_value", "run_validation"];
        let mut open = methods().any(|name| ADD.contains(&name));
        // A field that reads its data in its own way.
        let reads = methods().any(|name| {
            matches!(
                name,
                "to_internal_value" | "to_python" | "run_validation" | "clean" | "validate_empty_values"
            )
        });
        for base in bases {
            open |= matches!(base, Known::Foreign(_));
            let Known::Path(node) = base else { continue };
            let Some(node) = self.table.call(*node) else { continue };
            for said in [self.table.node(node), self.table.node(self.table.canonical(node))] {
                kinds |= said.schema;
                listed |= said.shapings.iter().any(|it| it.role == Role::Fields);
                open |= said.shapings.iter().any(|it| it.role == Role::Open);
            }
        }
        if kinds != 0 {
            return Some(Rc::new(Shape::Clean(if reads { 0 } else { kinds })));
        }
        if !listed {
            return (self.record(class) == Some(Record::Converts)).then(|| Rc::new(Shape::Record(class)));
        }
        let mut fields: Vec<(Rc<str>, Rc<Shape>)> = Vec::new();
        for class in line.iter().copied().rev() {
            let body = self.program.class(class).body;
            for (name, value) in body.into_iter().flat_map(|body| &self.variables[body.0 as usize]) {
                let name = self.program.names.shared(*name);
                if let Some(shape) = self.shape_of(value, depth + 1) {
                    fields.retain(|(known, _)| *known != name);
                    fields.push((name, shape));
                }
            }
        }
        // What `clean_name` and `validate_name` make of a field is theirs to say.
        for name in methods() {
            let checked = ["clean_", "validate_"].iter().find_map(|prefix| name.strip_prefix(prefix));
            for (_, shape) in fields.iter_mut().filter(|(field, _)| checked == Some(&**field)) {
                *shape = Rc::new(Shape::Clean(0));
            }
        }
        fields.sort_by(|one, other| one.0.cmp(&other.0));
        Some(Rc::new(Shape::Object(fields, open)))
    }

    /// The kinds that an object of a class is clean for, whatever it is made of: `Colour(text)` of an enumeration.
    pub(super) fn class_cleans(&self, class: ClassId) -> Kinds {
        match self.class_shape(class, 0).as_deref() {
            Some(Shape::Clean(kinds)) => *kinds,
            _ => 0,
        }
    }

    /// The kinds that a value of a declared type is clean for: `mode: Mode = Query(..)`, `name: str = Field(pattern=..)`.
    pub(super) fn declared(&self, declaration: &str) -> Kinds {
        let kind = declared_type(declaration);
        if self.is_harmless(kind) {
            return ANY;
        }
        let types = words(kind);
        let named = |path: &&str| if self.is_harmless(path) { ANY } else { self.named_kinds(last(path)) };
        let kinds = types.iter().map(named).reduce(|all, kinds| all & kinds).unwrap_or(0);
        match pattern_of(declaration) {
            Some(pattern) if types.iter().all(|path| matches!(last(path), "str" | "constr")) => {
                kinds | self.models.dangers.tested(&format!("/{pattern}/"), Extent::Anywhere, true)
            }
            _ => kinds,
        }
    }

    /// Whether what has that type is a number or the like, and no type of it is one of the project's own.
    pub(super) fn is_harmless(&self, kind: &str) -> bool {
        let own = |path: &&str| {
            let Some(name) = path.split('.').next().and_then(|first| self.program.names.get(first)) else {
                return false;
            };
            let root = self.import_of(name).map(|path| path.split('.').next().unwrap_or(""));
            if root.is_some_and(|root| !LIBRARIES.contains(&root)) {
                return true;
            }
            let held = self.variables[0].get(&name);
            let ours = |known: &Known| {
                matches!(known, Known::Class(_) | Known::Function(_) | Known::Instance(_) | Known::Foreign(_))
            };
            held.is_some_and(|held| held.known.each().iter().any(ours))
        };
        harmless(kind) && !words(kind).iter().any(own)
    }

    /// The kinds that the values of a type of the file are clean for.
    fn named_kinds(&self, name: &str) -> Kinds {
        let held = self.program.names.get(name).and_then(|name| self.variables[0].get(&name));
        match held.and_then(|held| self.shape_of(held, 0)).as_deref() {
            Some(Shape::Clean(kinds)) => *kinds,
            _ => 0,
        }
    }

    /// The name of an option that a call declares, and the kinds that its value is clean for.
    pub(super) fn option_declared(
        &self,
        frame: &Frame<'_>,
        arguments: &[Argument],
        typed: bool,
    ) -> Option<(Rc<str>, Kinds)> {
        let names: Vec<Rc<str>> = arguments
            .iter()
            .filter(|argument| argument.pass == Pass::Plain)
            .filter_map(|argument| match &frame.value(argument.value).known {
                Known::Text(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        let keyword = |wanted: &str| {
            let named = |it: &&Argument| matches!(it.pass, Pass::Keyword(name) if self.program.names.text(name) == wanted);
            arguments.iter().find(named).map(|argument| frame.value(argument.value))
        };
        let name = match keyword("dest").map(|dest| &dest.known) {
            Some(Known::Text(name)) => name,
            _ => names
                .iter()
                .find(|name| !name.starts_with('-'))
                .or_else(|| names.iter().find(|name| name.starts_with("--")))
                .or(names.first())?,
        };
        let name = name.split('/').next().unwrap_or("").trim_start_matches('-').replace('-', "_");
        let set = |wanted: &str| matches!(keyword(wanted).map(|it| &it.known), Some(Known::Bool(true)));
        let action = match keyword("action").map(|action| &action.known) {
            Some(Known::Text(action)) => matches!(
                &**action,
                "store_true" | "store_false" | "store_const" | "append_const" | "count" | "help" | "version"
            ),
            _ => false,
        };
        // A list that is not known here is a list of the program's own.
        let listed = keyword("choices").is_some_and(|list| list.known != Known::Null && self.ours(list));
        let kinds = if listed || action || set("is_flag") || set("count") {
            ANY
        } else if let Some(kind) = keyword("type") {
            self.converts(kind)
        } else if typed {
            match keyword("default").map(|default| &default.known) {
                Some(Known::Int(_) | Known::Bool(_)) => ANY,
                _ => 0,
            }
        } else {
            0
        };
        Some((name.as_str().into(), kinds))
    }

    /// The kinds that a text is clean for once it was converted by a function, a class or a type of a library.
    fn converts(&self, kind: &Abstract) -> Kinds {
        let called = match kind.known {
            // As optparse writes it.
            Known::Text(ref kind) if matches!(&**kind, "int" | "long" | "float" | "complex" | "choice") => {
                ANY
            }
            Known::Path(node) => self.table.call(node).map_or(0, |node| {
                let said = self.table.node(node);
                said.cleans | said.schema
            }),
            _ => 0,
        };
        match self.shape_of(kind, 0).as_deref() {
            Some(Shape::Clean(kinds)) => kinds | called,
            _ => called,
        }
    }

    /// Notes which parameters of a command its decorators make numbers or the like of.
    pub(super) fn options_declared(&mut self, frame: &Frame<'_>, id: FunctionId, decorators: &[Value]) {
        for decorator in decorators {
            let Known::Path(node) = frame.value(*decorator).known else { continue };
            let Op::Call { arguments, .. } = &frame.function.step(*decorator).op else { continue };
            for shaping in &self.table.node(node).shapings {
                let Role::Option(typed) = shaping.role else { continue };
                if let Some((name, ANY)) = self.option_declared(frame, arguments, typed)
                    && let Some(name) = self.program.names.get(&name)
                {
                    self.converted.insert((id, name));
                }
            }
        }
    }

    /// The kinds that a parameter is clean for behind the pipes of its decorator: `@Param("id", ParseIntPipe) id`.
    pub(super) fn piped(&mut self, frame: &Frame<'_>, parameter: Span) -> Kinds {
        let Some(decorator) = self.text_of(parameter).strip_prefix('@') else { return 0 };
        let given = decorator.split_once('(').map_or("", |(_, rest)| before(rest, ')'));
        let word = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
        let names: Vec<_> = given.split(word).filter_map(|word| self.program.names.get(word)).collect();
        names.into_iter().fold(0, |kinds, name| match self.around(frame, name).map(|held| held.known) {
            Some(Known::Path(node)) => {
                kinds | self.table.call(node).map_or(0, |node| self.table.node(node).cleans)
            }
            _ => kinds,
        })
    }
}
