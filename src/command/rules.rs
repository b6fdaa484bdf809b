//! `weft rules`: what weft knows, and a check of what a team adds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use weft::error::{Error, ErrorKind, Exit, Result};
use weft::rule::{Category, Example, Model, PageError, RuleSet, gitleaks, parse};
use weft::{built_in_rules, examples, redact};

use super::world::World;
use super::{output, print, settings};

/// Lists the rules, or checks your own: a folder of rule pages and models, or a file in gitleaks' format.
#[derive(clap::Args)]
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
    let Loaded { pages, imported, notes } = load(folder, &mut rules)?;
    let checks = settings::with(rules, world)?;
    checks.check()?;
    let (mut text, mut failed, mut ran) = (String::new(), 0, 0);
    if folder.is_file() {
        for note in notes {
            let _ = writeln!(text, "note: {}", weft::finding::printable(&note));
        }
        let _ = writeln!(text, "{}: {} can be used", folder.display(), counted(imported.len(), "rule"));
        print(text.as_bytes())?;
        return Ok(Exit::Passed);
    }
    for (page, examples) in &pages {
        for example in examples {
            ran += 1;
            for failure in examples::run(example, &checks) {
                failed += 1;
                let _ = writeln!(
                    text,
                    "{}:{}: {}\n  in \"{}\"",
                    page.display(),
                    failure.line,
                    failure.message,
                    example.title
                );
            }
        }
    }
    let verdict = match failed {
        0 => "every example holds".to_owned(),
        1 => "1 line of them does not hold".to_owned(),
        n => format!("{n} lines of them do not hold"),
    };
    let _ = writeln!(text, "{}, {}: {verdict}", counted(pages.len(), "page"), counted(ran, "example"));
    print(text.as_bytes())?;
    Ok(if failed == 0 { Exit::Passed } else { Exit::Findings })
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What a folder or a file added to the rules.
#[derive(Default)]
pub(super) struct Loaded {
    /// The pages of a folder with their examples.
    pages: Vec<(PathBuf, Vec<Example>)>,
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
    Ok(Loaded { pages: pages(place, rules)?, ..Loaded::default() })
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

fn pages(folder: &Path, rules: &mut RuleSet) -> Result<Vec<(PathBuf, Vec<Example>)>> {
    let mut pages = Vec::new();
    for path in files(folder)? {
        let text = read(&path)?.replace("\r\n", "\n");
        let relative = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
        let wrong = |error: PageError| {
            Error::new(ErrorKind::Settings, format!("{}:{}: {}", path.display(), error.line, error.message))
        };
        let top = relative.iter().next().and_then(|name| name.to_str()).unwrap_or("");
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") if top == "models" => rules.models.push(Model::parse(&text).map_err(wrong)?),
            Some("md") => {
                let category = Category::of(top).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Settings,
                        format!("{} is in no folder that weft knows", path.display()),
                    )
                    .hint("put rule pages into secrets/, pii/, code/, text/, effects/ or deps/ of the folder")
                })?;
                let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("");
                let (rule, examples) = parse(category, name, &text).map_err(wrong)?;
                let id = rule.id.clone();
                if !rules.add(rule) {
                    return Err(Error::new(ErrorKind::Settings, format!("{}: the id {id} is taken", path.display()))
                        .hint("choose another id: rules of your own add to the built-in ones and cannot replace them"));
                }
                pages.push((path, examples));
            }
            _ => {}
        }
    }
    rules.models.sort_by(|one, other| (&one.language, &one.library).cmp(&(&other.language, &other.library)));
    Ok(pages)
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

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Settings, format!("cannot read {}", path.display())).because(error)
    })
}
