//! Which files of a submission an import may mean.
//!
//! Only paths are looked at, so that a file can be analysed before the files it imports. Python: an import is looked up
//! from the folder of the importing file upwards, each with its `src` and `lib`, and what fits with the most names wins.
//! JavaScript: relative specifiers, the `paths` of a tsconfig, and the custom `@/` and `~/` of the source root.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::artifact::Digest;
use crate::syntax::Language;

/// Whether the file at `path` says what the imports of others mean: a tsconfig or jsconfig, or one for them to extend.
pub fn configures(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".json") && ["tsconfig", "jsconfig"].iter().any(|word| name.contains(word))
}

/// Whether it does so for the files around it.
fn governs(path: &str) -> bool {
    matches!(path.rsplit('/').next().unwrap_or(path), "tsconfig.json" | "jsconfig.json")
}

/// Configurations extend each other so far.
const LONGEST_LINE: usize = 16;

/// The source files of a submission, and the folders they are in.
#[derive(Debug, Default)]
pub struct Project {
    files: HashSet<String>,
    folders: HashSet<String>,
    /// The names of folders and Python files: most imports name none of them.
    names: HashSet<String>,
    /// The configurations by path.
    configs: BTreeMap<String, Config>,
    /// Of each folder with a tsconfig: specifier patterns and what stands for them.
    aliases: BTreeMap<String, Aliases>,
}

/// Specifier patterns and what stands for them.
type Aliases = Vec<(String, Vec<String>)>;

/// What a tsconfig says.
#[derive(Debug, Default)]
struct Config {
    /// The configurations that it takes what it does not say itself from, the last one first of all; paths that each may
    /// have.
    extends: Vec<Vec<String>>,
    /// Those of parts of its project.
    references: Vec<Vec<String>>,
    base: Option<String>,
    paths: Option<Aliases>,
}

/// What a tsconfig and those it extends say.
#[derive(Debug, Default)]
struct Settled<'c> {
    base: Option<&'c str>,
    /// And the folder of the one that says it.
    paths: Option<(&'c str, &'c Aliases)>,
}

/// What an import path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Place {
    /// A source file.
    File(String),
    /// A folder of Python modules without an `__init__.py`, or with one (which is then the file in it).
    Folder(String),
}

/// What the analysis of a file asks of its project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Question {
    /// What an import path leads to; whether it is one of Python.
    Import(bool, Box<str>),
    /// What a name in a folder leads to.
    Inside(Box<str>, Box<str>),
}

/// A place, and how many of the names asked for are left over.
type Answer = Option<(Place, u32)>;

/// What a file asked of its project, and what it was told: its facts hold as long as it would be told the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked(BTreeMap<Question, Answer>);

impl Asked {
    /// The files that were told of, each once.
    pub fn files(&self) -> BTreeSet<String> {
        let file = |place: &Place| match place {
            Place::File(path) => path.clone(),
            Place::Folder(path) => format!("{path}/__init__.py"),
        };
        self.0.values().flatten().map(|(place, _)| file(place)).collect()
    }
}

const EXTENSIONS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];

impl Project {
    /// Of the paths of a submission, with `/` between names. Paths of other files are left out.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut project = Project::default();
        paths.into_iter().for_each(|path| project.add(path));
        project
    }

    fn add(&mut self, path: &str) {
        if Language::of_path(path).is_none() {
            return;
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        self.files.insert(path.to_owned());
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        if let Some(module) = path.strip_suffix(".py") {
            self.names.insert(name(module));
        }
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if !self.folders.insert(above.to_owned()) {
                break;
            }
            self.names.insert(name(above));
            folder = above;
        }
    }

    /// Reads the tsconfig or jsconfig at `path`, or one that they extend: `text` is its JSON, comments allowed. What is no
    /// such JSON says nothing. Counts once [`Project::settle`] is called.
    pub fn configure(&mut self, path: &str, text: &str) {
        let path = path.strip_prefix("./").unwrap_or(path);
        let folder = folder_of(path);
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&without_comments(text)) else { return };
        let texts = |value: &serde_json::Value| -> Vec<String> {
            let own = value.as_str().into_iter().map(str::to_owned);
            let listed = value.as_array().into_iter().flatten().filter_map(|it| it.as_str());
            own.chain(listed.map(str::to_owned)).collect()
        };
        let named = |name: &String| name.starts_with('.').then(|| candidates(folder, name));
        let options = &value["compilerOptions"];
        let paths = options["paths"]
            .as_object()
            .map(|paths| paths.iter().map(|(pattern, targets)| (pattern.clone(), texts(targets))).collect());
        let references = value["references"].as_array().into_iter().flatten();
        let references = references.filter_map(|it| it["path"].as_str());
        let config = Config {
            extends: texts(&value["extends"]).iter().filter_map(named).collect(),
            references: references.map(|name| candidates(folder, name)).collect(),
            base: options["baseUrl"].as_str().map(|base| placed(folder, base)),
            paths,
        };
        self.configs.insert(path.to_owned(), config);
    }

    /// Paths of configurations that others extend and that were not read.
    pub fn extended(&self) -> BTreeSet<String> {
        let all = self.configs.values().flat_map(|config| &config.extends);
        let unread = all.filter(|paths| !paths.iter().any(|path| self.configs.contains_key(path)));
        unread.flatten().cloned().collect()
    }

    /// Settles what the configurations that were read come to.
    pub fn settle(&mut self) {
        let mut aliases: BTreeMap<String, Aliases> = BTreeMap::new();
        for (path, config) in self.configs.iter().filter(|(path, _)| governs(path)) {
            let folder = folder_of(path);
            let mut own = self.aliases_of(path, folder);
            // A project of several parts: its own configuration only names them.
            for part in config.references.iter().filter_map(|paths| self.read_of(paths)) {
                if folder_of(part) == folder {
                    own.extend(self.aliases_of(part, folder));
                }
            }
            aliases.insert(folder.to_owned(), own);
        }
        self.aliases = aliases;
    }

    fn read_of<'c>(&'c self, paths: &[String]) -> Option<&'c str> {
        paths.iter().find_map(|path| self.configs.get_key_value(path)).map(|(path, _)| path.as_str())
    }

    fn aliases_of(&self, path: &str, leaf: &str) -> Aliases {
        let Settled { base, paths } = self.settled(path, 0);
        // Where a configuration says so, the place is that of whoever extends it.
        let place = |from: &str, target: &str| match target.strip_prefix("${configDir}") {
            Some(rest) => placed(leaf, rest),
            None => placed(from, target),
        };
        let base = base.map(|base| place("", base));
        let mut aliases = Aliases::new();
        for (pattern, targets) in paths.into_iter().flat_map(|(_, all)| all) {
            let from = base.as_deref().or(paths.map(|(folder, _)| folder)).unwrap_or(leaf);
            aliases.push((pattern.clone(), targets.iter().map(|target| place(from, target)).collect()));
        }
        if let Some(base) = &base {
            aliases.push(("*".to_owned(), vec![join(base, "*")]));
        }
        aliases
    }

    fn settled(&self, path: &str, depth: usize) -> Settled<'_> {
        let mut settled = Settled::default();
        let Some((path, config)) = self.configs.get_key_value(path).filter(|_| depth < LONGEST_LINE) else {
            return settled;
        };
        for of in config.extends.iter().filter_map(|paths| self.read_of(paths)) {
            let of = self.settled(of, depth + 1);
            settled = Settled { base: of.base.or(settled.base), paths: of.paths.or(settled.paths) };
        }
        let own = config.paths.as_ref().map(|paths| (folder_of(path), paths));
        Settled { base: config.base.as_deref().or(settled.base), paths: own.or(settled.paths) }
    }

    /// Tells apart any two projects in which an import may mean something else.
    pub fn digest(&self) -> Digest {
        let mut files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        files.sort_unstable();
        let mut text = files.join("\0");
        for (folder, aliases) in &self.aliases {
            text.push_str(&format!("\0{folder}\0{aliases:?}"));
        }
        Digest::of(text.as_bytes())
    }

    /// Whether the file at `path` would be told the same again.
    pub fn answers(&self, path: &str, asked: &Asked) -> bool {
        let own = Project::default();
        let scope = self.with(&own, None);
        asked.0.iter().all(|(question, answer)| scope.answer(path, question) == *answer)
    }

    /// The same questions of the file at `path`, with what it would be told now.
    pub fn asked_anew(&self, path: &str, asked: &Asked) -> Asked {
        let own = Project::default();
        let scope = self.with(&own, None);
        Asked(asked.0.keys().map(|question| (question.clone(), scope.answer(path, question))).collect())
    }

    /// This and the files that one document brings along: the fences of a reply. What is asked is put down in `asked`.
    pub(super) fn with<'s>(&'s self, own: &'s Project, asked: Option<&'s RefCell<Asked>>) -> Scope<'s> {
        Scope { all: self, own, asked }
    }
}

/// What can be imported from a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'s> {
    all: &'s Project,
    own: &'s Project,
    asked: Option<&'s RefCell<Asked>>,
}

impl Scope<'_> {
    fn file(&self, path: &str) -> bool {
        self.all.files.contains(path) || self.own.files.contains(path)
    }

    fn folder(&self, path: &str) -> bool {
        self.all.folders.contains(path) || self.own.folders.contains(path)
    }

    /// What an import path in the file `from` leads to, and the names after it.
    pub(super) fn import<'p>(
        &self,
        from: &str,
        language: Language,
        path: &'p str,
    ) -> Option<(Place, Vec<&'p str>)> {
        let found = self.lead(from, language == Language::Python, path);
        self.note(Question::Import(language == Language::Python, path.into()), || {
            found.as_ref().map(|(place, rest)| (place.clone(), rest.len() as u32))
        });
        found
    }

    /// What `name` in a place leads to, when it is a module.
    pub(super) fn inside(&self, folder: &str, name: &str) -> Option<Place> {
        let found = self.within(folder, name);
        self.note(Question::Inside(folder.into(), name.into()), || found.clone().map(|place| (place, 0)));
        found
    }

    fn note(&self, question: Question, answer: impl FnOnce() -> Answer) {
        if let Some(asked) = self.asked {
            asked.borrow_mut().0.insert(question, answer());
        }
    }

    fn answer(&self, from: &str, question: &Question) -> Answer {
        match question {
            Question::Import(python, path) => {
                self.lead(from, *python, path).map(|(place, rest)| (place, rest.len() as u32))
            }
            Question::Inside(folder, name) => self.within(folder, name).map(|place| (place, 0)),
        }
    }

    fn lead<'p>(&self, from: &str, python: bool, path: &'p str) -> Option<(Place, Vec<&'p str>)> {
        match python {
            true => self.python(from, path),
            false => self.javascript(from, path).map(|file| (Place::File(file), Vec::new())),
        }
    }

    fn within(&self, folder: &str, name: &str) -> Option<Place> {
        let path = join(folder, name);
        let (module, package) = (format!("{path}.py"), format!("{path}/__init__.py"));
        match () {
            () if self.file(&package) => Some(Place::Folder(path)),
            () if self.file(&module) => Some(Place::File(module)),
            () if self.folder(&path) => Some(Place::Folder(path)),
            () => None,
        }
    }

    fn python<'p>(&self, from: &str, path: &'p str) -> Option<(Place, Vec<&'p str>)> {
        let dots = path.bytes().take_while(|byte| *byte == b'.').count();
        let names: Vec<&str> = path[dots..].split('.').filter(|name| !name.is_empty()).collect();
        let mut folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        if dots > 0 {
            for _ in 1..dots {
                folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            }
            return self.walk(folder, &names);
        }
        let first = names.first()?;
        if !self.all.names.contains(*first) && !self.own.names.contains(*first) {
            return None;
        }
        let mut best: Option<(Place, Vec<&str>)> = None;
        loop {
            for root in ["", "src", "lib"] {
                let root = if root.is_empty() { folder.to_owned() } else { join(folder, root) };
                let found = self.walk(&root, &names).filter(|(_, rest)| rest.len() < names.len());
                if let Some(found) = found
                    && best.as_ref().is_none_or(|best| found.1.len() < best.1.len())
                {
                    best = Some(found);
                }
            }
            if folder.is_empty() {
                return best;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    fn walk<'p>(&self, folder: &str, names: &[&'p str]) -> Option<(Place, Vec<&'p str>)> {
        let mut place = Place::Folder(folder.to_owned());
        for (index, name) in names.iter().enumerate() {
            let next = match &place {
                Place::Folder(folder) => self.within(folder, name),
                Place::File(_) => None,
            };
            match next {
                Some(next) => place = next,
                None => return Some((place, names[index..].to_vec())),
            }
        }
        Some((place, Vec::new()))
    }

    fn javascript(&self, from: &str, path: &str) -> Option<String> {
        // What stands behind a question mark is for a bundler.
        let path = path.split('?').next().unwrap_or(path);
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        if path.starts_with('.') {
            return self.module(&join(folder, path));
        }
        let mut above = folder;
        loop {
            for aliases in [self.all.aliases.get(above), self.own.aliases.get(above)].into_iter().flatten() {
                let found = aliases.iter().find_map(|(pattern, targets)| {
                    let caught = matched(pattern, path)?;
                    targets.iter().find_map(|target| self.module(&target.replacen('*', caught, 1)))
                });
                if found.is_some() {
                    return found;
                }
            }
            if let Some(rest) = path.strip_prefix("@/").or_else(|| path.strip_prefix("~/")) {
                let found =
                    ["src", "app", ""].iter().find_map(|root| self.module(&join(&join(above, root), rest)));
                if found.is_some() {
                    return found;
                }
            }
            if above.is_empty() {
                return None;
            }
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    fn module(&self, path: &str) -> Option<String> {
        if self.file(path) {
            return Some(path.to_owned());
        }
        // TypeScript is imported under the name of the JavaScript it becomes.
        let bare =
            path.rsplit_once('.').filter(|(_, ending)| matches!(*ending, "js" | "jsx" | "mjs" | "cjs"));
        [Some(path), bare.map(|(bare, _)| bare)].into_iter().flatten().find_map(|path| {
            let named = EXTENSIONS.iter().map(|ending| format!("{path}.{ending}"));
            let index = EXTENSIONS.iter().map(|ending| join(path, &format!("index.{ending}")));
            named.chain(index).find(|file| self.file(file))
        })
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The paths that a configuration may have that another names.
fn candidates(folder: &str, name: &str) -> Vec<String> {
    let path = join(folder, name);
    vec![path.clone(), format!("{path}.json"), join(&path, "tsconfig.json")]
}

/// As [`join`]; what begins with a placeholder stays as it is.
fn placed(folder: &str, path: &str) -> String {
    if path.starts_with("${") { path.to_owned() } else { join(folder, path) }
}

/// What the `*` of a pattern stands for in a specifier.
fn matched<'p>(pattern: &str, specifier: &'p str) -> Option<&'p str> {
    match pattern.split_once('*') {
        Some((start, end)) => specifier.strip_prefix(start)?.strip_suffix(end),
        None => (pattern == specifier).then_some(""),
    }
}

/// `path` seen from `folder`, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    format!("{root}{}", names.join("/"))
}

/// JSON without the comments and trailing commas that a tsconfig may have.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => {
                let mut escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let closes = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes
                });
                let end = end.map_or(rest.len(), |(at, _)| at + 1);
                out.push_str(&rest[..end]);
                end
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            ',' if rest[1..].trim_start().starts_with(['}', ']']) => 1,
            first => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[&str], from: &str, language: Language, path: &str) -> Option<String> {
        let (project, own) = (Project::new(files.iter().copied()), Project::default());
        let (place, rest) = project.with(&own, None).import(from, language, path)?;
        let place = match place {
            Place::File(path) => path,
            Place::Folder(path) => format!("{path}/"),
        };
        Some(format!("{place}:{}", rest.join(".")))
    }

    #[test]
    fn python_imports() {
        let files = ["app/__init__.py", "app/views.py", "app/db/models.py", "src/core/run.py", "tool.py"];
        let import = |from, path| found(&files, from, Language::Python, path);
        assert_eq!(import("app/views.py", "tool.run").as_deref(), Some("tool.py:run"));
        assert_eq!(import("app/views.py", "app.db.models.User").as_deref(), Some("app/db/models.py:User"));
        assert_eq!(import("app/views.py", ".db.models.User").as_deref(), Some("app/db/models.py:User"));
        assert_eq!(import("app/db/models.py", "..views.index").as_deref(), Some("app/views.py:index"));
        assert_eq!(import("tool.py", "app").as_deref(), Some("app/:"));
        assert_eq!(import("tool.py", "core.run.go").as_deref(), Some("src/core/run.py:go"));
        assert_eq!(import("tool.py", "flask.request"), None);
        let files = ["/home/me/app/run.py", "/home/me/lib/x.py"];
        let import = |path| found(&files, "/home/me/app/run.py", Language::Python, path);
        assert_eq!(import("x.go").as_deref(), Some("/home/me/lib/x.py:go"));
        assert_eq!(import("..lib.x.go").as_deref(), Some("/home/me/lib/x.py:go"));
    }

    #[test]
    fn javascript_imports() {
        let files = ["src/app.ts", "src/db/index.js", "src/lib/run.tsx", "routes/users.js"];
        let import = |from, path| found(&files, from, Language::JavaScript, path);
        assert_eq!(import("routes/users.js", "../src/app").as_deref(), Some("src/app.ts:"));
        assert_eq!(import("src/app.ts", "./db").as_deref(), Some("src/db/index.js:"));
        assert_eq!(import("src/app.ts", "./lib/run.js").as_deref(), Some("src/lib/run.tsx:"));
        assert_eq!(import("src/db/index.js", "@/lib/run").as_deref(), Some("src/lib/run.tsx:"));
        assert_eq!(import("src/app.ts", "express"), None);
    }

    #[test]
    fn the_paths_of_a_tsconfig() {
        let mut project = Project::new(["web/lib/db.ts", "web/app/page.ts"]);
        project.configure(
            "web/tsconfig.json",
            "{ // settings\n \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"$lib/*\": [\"lib/*\"], }, } }",
        );
        project.settle();
        let own = Project::default();
        let found = project.with(&own, None).import("web/app/page.ts", Language::TypeScript, "$lib/db");
        assert_eq!(found, Some((Place::File("web/lib/db.ts".into()), Vec::new())));
    }

    #[test]
    fn a_tsconfig_extends_others() {
        let found = |configs: &[(&str, &str)]| {
            let mut project = Project::new(["lib/db.ts", "web/lib/db.ts", "web/app/page.ts"]);
            configs.iter().for_each(|(path, text)| project.configure(path, text));
            project.settle();
            let own = Project::default();
            let found = project.with(&own, None).import("web/app/page.ts", Language::TypeScript, "$lib/db");
            (found.map(|(place, _)| place), project.extended().into_iter().next())
        };
        let paths = r#"{"compilerOptions": {"paths": {"$lib/*": ["lib/*"]}}}"#;
        let at = |path: &str| Some(Place::File(path.into()));
        // Where the one that says it lies counts, or the base.
        let extends = r#"{"extends": "../tsconfig.base"}"#;
        assert_eq!(
            found(&[("web/tsconfig.json", extends), ("tsconfig.base.json", paths)]).0,
            at("lib/db.ts")
        );
        let base = r#"{"extends": ["@x/y", "../tsconfig.base.json"], "compilerOptions": {"baseUrl": "."}}"#;
        assert_eq!(
            found(&[("web/tsconfig.json", base), ("tsconfig.base.json", paths)]).0,
            at("web/lib/db.ts")
        );
        let leaf = r#"{"compilerOptions": {"paths": {"$lib/*": ["${configDir}/lib/*"]}}}"#;
        assert_eq!(
            found(&[("web/tsconfig.json", extends), ("tsconfig.base.json", leaf)]).0,
            at("web/lib/db.ts")
        );
        let parts = r#"{"references": [{"path": "./tsconfig.app.json"}]}"#;
        assert_eq!(
            found(&[("web/tsconfig.json", parts), ("web/tsconfig.app.json", paths)]).0,
            at("web/lib/db.ts")
        );
        // What is not there, and what extends itself.
        let (place, wanted) = found(&[("web/tsconfig.json", r#"{"extends": "../conf/base"}"#)]);
        assert_eq!((place, wanted.as_deref()), (None, Some("conf/base")));
        assert_eq!(found(&[("web/tsconfig.json", r#"{"extends": "./tsconfig.json"}"#)]), (None, None));
    }
}
