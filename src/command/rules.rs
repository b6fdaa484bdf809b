//! `weft rules`: what weft knows, and a check of what a team adds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::rule::{Category, Example, Model, Names, PageError, Rule, RuleSet, gitleaks, parse};
use weft::{built_in_rules, examples, redact};

use super::world::World;
use super::{output, print, settings};

const MANUAL: &str = concat!(
    "How to write pages and models of your own, with every key, capture and kind: rules/README.md of weft's source,\n",
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/main/rules/README.md"
);

/// Lists the rules, or checks your own: a folder of rule pages and models, or a file in gitleaks' format.
#[derive(clap::Args)]
#[command(after_help = MANUAL)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List every rule: id, severity, what it finds
    List {
        /// Your own rules beside the built-in ones: a folder of pages and models, or a FILE.toml in gitleaks' format
        #[arg(long, value_name = "PATH")]
        rules: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Read every page and model of a folder and run their examples, or every rule of a file
    Check {
        /// A folder laid out like weft's own rules/: secrets, pii, code, text, effects, deps, models; or a file of rules in
        /// gitleaks' format
        #[arg(value_name = "PATH")]
        folder: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments, world: &World) -> Result<Exit> {
    match &arguments.action {
        None => list(world, None, false),
        Some(Action::List { rules, json }) => list(world, rules.as_deref(), *json),
        Some(Action::Check { folder }) => check(world, folder),
    }
}

fn list(world: &World, folder: Option<&Path>, json: bool) -> Result<Exit> {
    let mut rules = built_in_rules();
    if let Some(folder) = folder {
        load(folder, &mut rules)?;
    }
    let text = if json {
        let rows: Vec<_> = rules
            .rules
            .iter()
            .map(|rule| {
                serde_json::json!({"id": rule.id, "category": rule.category, "severity": rule.severity,
                    "confidence": rule.confidence, "cwe": rule.cwe, "message": rule.message, "title": rule.title})
            })
            .collect();
        serde_json::to_string_pretty(&rows)
            .map_err(|error| Error::new(ErrorKind::Bug, "cannot write the list").because(error))?
            + "\n"
    } else {
        weft::report::rules_table(&rules, output::color(world), world.width)
    };
    print(text.as_bytes())?;
    Ok(Exit::Passed)
}

fn check(world: &World, folder: &Path) -> Result<Exit> {
    let mut rules = built_in_rules();
    let loaded = load(folder, &mut rules)?;
    let checks = settings::with(rules, world)?;
    checks.check()?;
    let mut text = String::new();
    for note in &loaded.notes {
        let _ = writeln!(text, "note: {}", weft::finding::printable(note));
    }
    if folder.is_file() {
        let _ =
            writeln!(text, "{}: {} can be used", folder.display(), counted(loaded.imported.len(), "rule"));
        print(text.as_bytes())?;
        return Ok(Exit::Passed);
    }
    let (mut failed, mut ran, mut silent) = (0, 0, 0);
    for page in &loaded.pages {
        if !page.fires() {
            silent += 1;
            let (path, id) = (page.path.display(), &page.rule.id);
            let _ = writeln!(text, "{path}:1: no example fires: end a line of one with `expect: {id}`");
        }
        for example in &page.examples {
            ran += 1;
            for failure in examples::run(example, &checks) {
                failed += 1;
                let (path, title) = (page.path.display(), &example.title);
                let _ = writeln!(text, "{path}:{}: {}\n  in \"{title}\"", failure.line, failure.message);
            }
        }
    }
    for path in &loaded.unread {
        let _ = writeln!(text, "note: {} is no page and no model: not read", path.display());
    }
    let verdict = match (failed, silent) {
        (0, 0) if ran == 0 => "nothing shows that they work".to_owned(),
        (0, 0) => "every example holds".to_owned(),
        (0, 1) => "1 page has no example that fires".to_owned(),
        (0, n) => format!("{n} pages have no example that fires"),
        (1, _) => "1 line of them does not hold".to_owned(),
        (n, _) => format!("{n} lines of them do not hold"),
    };
    let (pages, models) = (counted(loaded.pages.len(), "page"), counted(loaded.models, "model"));
    let _ = writeln!(text, "{pages}, {models}, {}: {verdict}", counted(ran, "example"));
    print(text.as_bytes())?;
    Ok(if failed + silent == 0 { Exit::Passed } else { Exit::Findings })
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A page of a folder.
struct Page {
    path: PathBuf,
    text: String,
    rule: Rule,
    examples: Vec<Example>,
}

impl Page {
    /// Whether some example says that the page's own rule reports it.
    fn fires(&self) -> bool {
        self.examples.iter().any(|example| examples::expects(example, &self.rule.id))
    }
}

/// What a folder or a file added to the rules.
#[derive(Default)]
pub(super) struct Loaded {
    /// The pages of a folder with their examples.
    pages: Vec<Page>,
    /// How many models the folder has.
    models: usize,
    /// Its files that are neither.
    unread: Vec<PathBuf>,
    /// The ids of the rules of a file.
    imported: Vec<String>,
    /// What of the file weft does not support.
    pub(super) notes: Vec<String>,
}

/// Adds the pages and models of a folder to `rules`, or the rules of a file that ends in `.toml`. Errors (kind
/// `Settings`) name file and line: a wrong page or rule, an id that is taken.
pub(super) fn load(place: &Path, rules: &mut RuleSet) -> Result<Loaded> {
    if place.extension().is_some_and(|extension| extension == "toml") {
        return import(place, rules);
    }
    pages(place, rules)
}

/// Adds the rules of a file in gitleaks' format.
fn import(file: &Path, rules: &mut RuleSet) -> Result<Loaded> {
    let name = file.display().to_string();
    let text = text_of(file).map_err(|why| {
        Error::new(ErrorKind::Settings, format!("cannot read the rules file {name}"))
            .because(why)
            .hint("name a file in gitleaks' format, or a folder laid out like weft's own rules/")
    })?;
    let mut extended = |path: &str| text_of(Path::new(path));
    let read = gitleaks::import(&name, &text, &mut extended)
        .map_err(|what| Error::new(ErrorKind::Settings, what))?;
    let mut loaded = Loaded { notes: read.notes, ..Loaded::default() };
    let slow: Vec<&str> =
        read.rules.iter().filter(|rule| redact::unanchored(rule)).map(|rule| rule.id.as_str()).collect();
    if !slow.is_empty() {
        let named = slow.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let more = if slow.len() > 5 { format!(" and {} more", slow.len() - 5) } else { String::new() };
        loaded.notes.push(format!(
            "{name}: without a keyword or a literal in the pattern every text is searched, which is slow: {named}{more}"
        ));
    }
    loaded.imported = read.rules.into_iter().map(|rule| rules.add_imported(rule)).collect();
    Ok(loaded)
}

/// The text of a file of rules, no longer than such a file may be; why not, otherwise.
fn text_of(file: &Path) -> std::result::Result<String, String> {
    let metadata = fs::metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > gitleaks::LONGEST as u64 {
        return Err(format!("it holds more than {} bytes", gitleaks::LONGEST));
    }
    fs::read_to_string(file).map_err(|error| error.to_string())
}

/// A page or model of a folder, as it was read.
enum Read {
    Page(Page),
    Model(PathBuf, String, Model),
}

fn pages(folder: &Path, rules: &mut RuleSet) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let (mut names, mut pages, mut models) = (Names::of(rules), Vec::new(), Vec::new());
    for path in files(folder)? {
        match read(folder, path)? {
            Ok(Read::Page(page)) => {
                if rules.get(&page.rule.id).is_some() {
                    let what = format!("{}the id {} is taken", page.rule.place.at_key("id"), page.rule.id);
                    return Err(Error::new(ErrorKind::Settings, what)
                        .hint("choose another id: rules of your own add to the built-in ones and cannot replace them"));
                }
                names.add_rule(&page.rule);
                rules.add(page.rule.clone());
                pages.push(page);
            }
            Ok(Read::Model(path, text, model)) => {
                names.add_model(&model);
                models.push((path, text, model));
            }
            Err(path) => loaded.unread.push(path),
        }
    }
    if pages.is_empty() && models.is_empty() {
        let what = format!("the folder {} has no page and no model", folder.display());
        return Err(Error::new(ErrorKind::Settings, what).hint(
            "pages lie in its folders code/, secrets/, pii/, text/, effects/ and deps/, models in models/",
        ));
    }
    let of_model = |(path, text, model): &(PathBuf, String, Model)| {
        Some((path.clone(), names.wrong_in_model(model, text)?))
    };
    let of_page = |page: &Page| Some((page.path.clone(), names.wrong_in_rule(&page.rule, &page.text)?));
    let mut unknown = models.iter().filter_map(of_model).chain(pages.iter().filter_map(of_page));
    if let Some((path, error)) = unknown.next() {
        // A word misspelt in one place leaves its namesake elsewhere alone: which of them is wrong, nobody knows here.
        let also = |error: Error, (path, other): (PathBuf, PageError)| {
            error.hint(format!("also {}:{}: {}", path.display(), other.line, other.message))
        };
        return Err(unknown.take(3).fold(wrong(&path, &error), also).hint(KINDS));
    }
    loaded.models = models.len();
    rules.models.extend(models.into_iter().map(|(.., model)| model));
    rules.models.sort_by(|one, other| (&one.language, &one.library).cmp(&(&other.language, &other.library)));
    loaded.pages = pages;
    Ok(loaded)
}

const KINDS: &str = "rules/README.md lists the kinds; one of your own needs a page and a model that name it";

/// Reads a file of a folder of rules; gives its path back when it is neither page nor model.
fn read(folder: &Path, path: PathBuf) -> Result<std::result::Result<Read, PathBuf>> {
    let relative = path.strip_prefix(folder).unwrap_or(&path);
    let top = relative.iter().next().and_then(|name| name.to_str()).unwrap_or("");
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok(match extension {
        Some("toml") if top == "models" => {
            let text = text(&path)?;
            let model = Model::parse(&text).map_err(|error| wrong(&path, &error))?;
            Ok(Read::Model(path, text, model))
        }
        Some("md") => {
            let category = Category::of(top).ok_or_else(|| {
                let what = format!("{} is in no folder that weft knows", path.display());
                Error::new(ErrorKind::Settings, what)
                    .hint("put rule pages into secrets/, pii/, code/, text/, effects/ or deps/ of the folder")
            })?;
            let text = text(&path)?;
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("");
            let (mut rule, examples) = parse(category, name, &text).map_err(|error| wrong(&path, &error))?;
            rule.place.file = path.display().to_string();
            Ok(Read::Page(Page { path, text, rule, examples }))
        }
        _ => Err(path),
    })
}

fn wrong(path: &Path, error: &PageError) -> Error {
    Error::new(ErrorKind::Settings, format!("{}:{}: {}", path.display(), error.line, error.message))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Settings, format!("cannot read the rules folder {}", folder.display()))
            .because(error)
            .hint("name a folder laid out like weft's own rules/")
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        match entry.file_type().map_err(failed)? {
            kind if kind.is_dir() => found.extend(files(&entry.path())?),
            kind if kind.is_file() && entry.file_name() != "README.md" => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Settings, format!("cannot read {}", path.display())).because(error)
    })?;
    Ok(text.replace("\r\n", "\n"))
}
