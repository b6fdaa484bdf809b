//! A library model: what of one library is a source, a sink, a cleaner, a guard, a handler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PageError;
use super::expression::{Expression, Role};
use super::spelling::nearest;

/// One TOML file of `rules/models/<language>/`. Lists hold [`Expression`]s, written as the language is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Model {
    /// "python" or "javascript" (which also covers TypeScript).
    pub language: String,
    /// The library's name.
    pub library: String,
    /// Source kind -> what data comes from.
    #[serde(default)]
    pub source: BTreeMap<String, Vec<String>>,
    /// Sink kind -> calls (or assignments); what stands between the parentheses must be clean.
    #[serde(default)]
    pub sink: BTreeMap<String, Vec<String>>,
    /// Sink kind -> calls whose result is clean for that kind only; kind `any` for all of them. `getattr(0)`: the data of
    /// that argument is, and no other.
    #[serde(default)]
    pub clean: BTreeMap<String, Vec<String>>,
    /// Sink kind (or `any`) -> tests after which a value is clean where they hold. `path after normal-path`: only a
    /// value that is clean for `normal-path` already. `*.startswith(0=/)`: only with that argument.
    #[serde(default)]
    pub guard: BTreeMap<String, Vec<String>>,
    /// Sink kind -> sources that are clean for it as a whole and not in their parts: `location.href` for `redirect`.
    #[serde(default)]
    pub whole: BTreeMap<String, Vec<String>>,
    /// Sink kind -> calls after which data is no longer clean for it: `base64.b64decode()`, `json.loads()`.
    #[serde(default)]
    pub undo: BTreeMap<String, Vec<String>>,
    /// Calls that are sinks and still yield what they are given: `getattr()`, `*.format()`.
    #[serde(default)]
    pub pass: Vec<String>,
    /// Calls that do not come back: `sys.exit()`, `flask.abort()`.
    #[serde(default)]
    pub exit: Vec<String>,
    /// Calls that only come back where their argument is true: `assert.ok(0)`.
    #[serde(default)]
    pub assert: Vec<String>,
    /// Calls that call a function which they are given, by how its arguments are handed along: `asyncio.to_thread(0, 1)`
    /// calls the first argument with those from the second on, `*.delay(self, 0)` what the method is read from.
    #[serde(default)]
    pub schedule: BTreeMap<Hands, Vec<String>>,
    /// Type -> calls of a method that make its receiver one: `"xml.sax.EntityParser" = ["..setFeature(1=True)"]`.
    #[serde(default)]
    pub turns: BTreeMap<String, Vec<String>>,
    /// Type -> expressions that yield a value of it: `"sqlite3.Cursor" = ["sqlite3.Connection.cursor()"]`.
    #[serde(default)]
    pub returns: BTreeMap<String, Vec<String>>,
    /// Sink kind (or `any`) -> schemas whose data is clean for it: `zod.number()`; also base classes: `enum.Enum()`.
    #[serde(default)]
    pub schema: BTreeMap<String, Vec<String>>,
    /// What a call does with schemas -> the calls; what stands between the parentheses are the schemas, then the data.
    /// `fields`, `elements`, `either`, `every`, `is`: a schema made of others. `pattern`, `tested`, `then`: the receiver,
    /// and what else it asks for or makes of its data. `open`: with other fields too. `anything`: of any data.
    /// `data`: data as the schema makes it; `data in value`: in that member. `answer`: what the call yields is such
    /// data; `given`: some member of it is, which a `data` without parentheses names. `option`: declares an option of
    /// the command line, which the members of `options` are.
    #[serde(default)]
    pub shape: BTreeMap<String, Vec<String>>,
    /// Functions that the library calls with data from outside.
    #[serde(default)]
    pub handler: Vec<Handler>,
}

/// How the arguments of a function are handed to what calls it, and what that yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hands {
    /// As they are, from a position on; it yields what the function returns: `asyncio.to_thread(0, 1)`.
    Call,
    /// The same, and it yields a promise of that: `*.submit(0, 1)`.
    Later,
    /// As a list, and a dictionary of keywords: `threading.Thread(1|target, 3|args, 4|kwargs)`.
    Listed,
    /// As lists, from a position on, of which each call gets one element: `map(0, 1)`.
    Each,
    /// As a list of lists, one a call: `itertools.starmap(0, 1)`.
    EachListed,
    /// It has none: it is the method `run` of the object that is started: `threading.Thread().start(self)`.
    Run,
    /// As they are, and it yields a function that is given the others: `functools.partial(0, 1)`.
    Partial,
}

/// `[[handler]]`: how a function is recognised, and what its parameters and its result are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Handler {
    /// Decorators that make a function one: `flask.Flask().route()`.
    #[serde(default)]
    pub decorator: Vec<String>,
    /// Calls that make each function among their arguments one: `express().get()`.
    #[serde(default)]
    pub call: Vec<String>,
    /// Assignments that make what is assigned one: `window.onmessage`.
    #[serde(default)]
    pub assignment: Vec<String>,
    /// Names under which a JavaScript file exports one: `default`, `GET`; the framework calls it.
    #[serde(default)]
    pub export: Vec<String>,
    /// The files that export one, as paths in which `*` stands for anything: `*/pages/api/*`; none for every file.
    #[serde(default)]
    pub path: Vec<String>,
    /// Directives that make the function at whose head they stand one, and each one that a file exports at whose head
    /// they stand: `use server`.
    #[serde(default)]
    pub directive: Vec<String>,
    /// Where functions stand in an object literal that are one: `rootValue.*`, in which `*` stands for any name; of
    /// `args&resolve` the object has both, and the last is it.
    #[serde(default)]
    pub object: Vec<String>,
    /// Methods of a library's class that are one where a class of that base has them: `RequestHandler().get`;
    /// `ObjectType().resolve_*` is each whose name starts so.
    #[serde(default)]
    pub method: Vec<String>,
    /// The types of its parameters, by position: `express.Request`; `_` for one of no interest.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// The source kind of its other parameters.
    #[serde(default)]
    pub rest: Option<String>,
    /// Whether a schema says of what type these are, so that none is an object where a text is asked for.
    #[serde(default)]
    pub typed: bool,
    /// The sink kind that its result reaches.
    #[serde(default)]
    pub result: Option<String>,
    /// Options of the call that hold a schema -> the member of the first parameter that holds the data, or nothing when
    /// the parameter is the data: `inputSchema = ""`. An option is a name, a path of names, a position, or `self`.
    #[serde(default)]
    pub schema: BTreeMap<String, String>,
}

/// The languages that models are for.
const LANGUAGES: [&str; 2] = ["python", "javascript"];

/// What a call may do with schemas; beside these, `data in` a member.
#[rustfmt::skip]
const SHAPES: [&str; 16] = [
    "fields", "elements", "either", "every", "is", "pattern", "tested", "then", "open", "anything", "data", "answer",
    "given", "option", "typed option", "options",
];

impl Model {
    /// Reads one model file; the error holds the 1-based line and a clause.
    pub fn parse(text: &str) -> Result<Model, PageError> {
        let model: Model = toml::from_str(text).map_err(|error| super::page::toml_error(text, 1, &error))?;
        let quoting = |written: &str, message| {
            let quoted = [format!("\"{written}\""), format!("'{written}'")];
            let line = text.lines().position(|line| quoted.iter().any(|text| line.contains(text)));
            PageError { line: line.unwrap_or(0) + 1, message }
        };
        if !LANGUAGES.contains(&model.language.as_str()) {
            let hint = nearest(&model.language, LANGUAGES.into_iter());
            let message = format!(
                "no model is for \"{}\"{hint}: write python, or javascript, which covers TypeScript",
                model.language
            );
            return Err(quoting(&model.language, message));
        }
        let shaped = |shape: &&String| !SHAPES.contains(&shape.as_str()) && !shape.starts_with("data in ");
        if let Some(shape) = model.shape.keys().find(shaped) {
            let key = |line: &str| {
                line.split_once('=').is_some_and(|(key, _)| key.trim_matches([' ', '"']) == shape)
            };
            let line = text.lines().position(key).map_or(1, |index| index + 1);
            let hint = nearest(shape, SHAPES.into_iter());
            return Err(PageError {
                line,
                message: format!("`{shape}` is nothing that a call does with schemas{hint}"),
            });
        }
        for (written, role) in model.expressions() {
            let fault = Expression::parse(written).and_then(|read| read.fits(role));
            fault.map_err(|why| quoting(written, why))?;
        }
        Ok(model)
    }

    /// Every expression of the file, with the role it has there.
    fn expressions(&self) -> Vec<(&str, Role)> {
        fn of(table: &BTreeMap<String, Vec<String>>, role: Role) -> impl Iterator<Item = (&str, Role)> {
            table.values().flatten().map(move |written| (written.as_str(), role))
        }
        let mut all: Vec<(&str, Role)> = Vec::new();
        for table in [&self.source, &self.clean, &self.whole, &self.returns, &self.schema, &self.shape] {
            all.extend(of(table, Role::Value));
        }
        all.extend(of(&self.sink, Role::Sink).chain(of(&self.guard, Role::Test)));
        all.extend(of(&self.undo, Role::Call).chain(of(&self.turns, Role::Call)));
        all.extend(
            self.pass
                .iter()
                .chain(&self.exit)
                .chain(&self.assert)
                .map(|written| (written.as_str(), Role::Call)),
        );
        all.extend(self.schedule.values().flatten().map(|written| (written.as_str(), Role::Call)));
        all.extend(
            self.returns.keys().chain(self.turns.keys()).map(|written| (written.as_str(), Role::Value)),
        );
        for handler in &self.handler {
            let typed = handler.parameters.iter().filter(|kind| *kind != "_");
            let listed =
                handler.decorator.iter().chain(&handler.assignment).chain(&handler.method).chain(typed);
            all.extend(listed.map(|written| (written.as_str(), Role::Value)));
            all.extend(handler.call.iter().map(|written| (written.as_str(), Role::Call)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_does_with_schemas_is_known() {
        let head = "language = \"python\"\nlibrary = \"a\"\n[shape]\n";
        let read = |shape: &str| Model::parse(&format!("{head}{shape} = [\"a.b(0)\"]\n"));
        assert!(read("\"typed option\"").is_ok() && read("\"data in value\"").is_ok());
        let said = read("feilds").unwrap_err().to_string();
        assert_eq!(
            said,
            "line 4: `feilds` is nothing that a call does with schemas (did you mean `fields`?)"
        );
    }
}
