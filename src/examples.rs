//! Runs the examples of rule pages through the whole gate: a line that must be reported says `expect: ID`, and every
//! other line must stay silent. `tests/rules.rs` holds the built-in pages to it, `weft rules check` a team's own.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Action, Content, Entry, Mode, OnDisk, Origin, Provenance, Role, Submission};
use crate::error::Result;
use crate::finding::Standing;
use crate::policy::Policy;
use crate::redact::Terms;
use crate::rule::{Example, ExampleFile, expand};
use crate::{Checks, gate};

/// An example that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// 1-based line of the page.
    pub line: usize,
    /// What was expected, or reported without being expected.
    pub message: String,
}

/// Whether an example says that the rule of that id reports one of its lines.
pub fn expects(example: &Example, id: &str) -> bool {
    example.files.iter().any(|file| marks("", file).iter().any(|(_, _, expected)| expected == id))
}

/// A line of a file and the rule that reports it.
type Mark = (String, u32, String);

/// Runs one example; the failures are sorted by line of the page.
pub fn run(example: &Example, checks: &Checks) -> Vec<Failure> {
    let mut files = named(&example.files);
    let own = match with_terms(&mut files, checks) {
        Ok(own) => own,
        Err(error) => return vec![Failure { line: 1, message: error.to_string() }],
    };
    let expected: BTreeSet<Mark> = files.iter().flat_map(|(path, file)| marks(path, file)).collect();
    let (report, _) = gate(&submission(&files), own.as_ref().unwrap_or(checks), &Policy::default(), 1, false);
    let found: BTreeMap<Mark, String> = report
        .findings
        .into_iter()
        .filter(|finding| finding.standing == Standing::New)
        .map(|finding| {
            ((finding.location.path, finding.location.region.start_line, finding.rule), finding.message)
        })
        .collect();
    let at = |mark: &Mark| files.get(&mark.0).map_or(0, |file| file.line + mark.1 as usize - 1);
    let missing = expected.iter().filter(|mark| !found.contains_key(mark)).map(|mark| Failure {
        line: at(mark),
        message: format!("{} does not report this line, but the page expects it", mark.2),
    });
    let extra = found.iter().filter(|(mark, _)| !expected.contains(mark)).map(|(mark, message)| Failure {
        line: at(mark),
        message: format!("{} reports this line ({message}), but the page does not expect it", mark.2),
    });
    let mut failures: Vec<Failure> = missing.chain(extra).collect();
    failures.sort();
    failures
}

/// The checks with the terms that the example's weft.toml lists; such a fence says what is looked for and is no file of
/// the example.
fn with_terms(files: &mut BTreeMap<String, &ExampleFile>, checks: &Checks) -> Result<Option<Checks>> {
    const SETTINGS: &str = "weft.toml";
    if !files.get(SETTINGS).is_some_and(|file| file.text.contains("[confidential]")) {
        return Ok(None);
    }
    let text = files.remove(SETTINGS).map(|file| file.text.as_str()).unwrap_or_default();
    let terms = Policy::parse(SETTINGS, text)?.confidential.terms;
    let mut own = Checks::new(checks.rules.clone(), None)?;
    own.set_terms(Terms::new(terms)?)?;
    Ok(Some(own))
}

/// The example's fences by path; a fence without one gets a name from its language.
fn named(files: &[ExampleFile]) -> BTreeMap<String, &ExampleFile> {
    let mut named = BTreeMap::new();
    for file in files {
        let extension = extension(&file.language);
        let path = file.path.clone().unwrap_or_else(|| format!("example.{extension}"));
        let taken = named.len();
        let path = if named.contains_key(&path) { format!("example-{taken}.{extension}") } else { path };
        named.insert(path, file);
    }
    named
}

fn extension(language: &str) -> &str {
    match language {
        "python" => "py",
        "javascript" => "js",
        "typescript" => "ts",
        "markdown" => "md",
        "shell" | "bash" => "sh",
        "text" => "txt",
        other => other,
    }
}

fn submission(files: &BTreeMap<String, &ExampleFile>) -> Submission {
    let entry = |(path, file): (&String, &&ExampleFile)| {
        let role = match path.rsplit('/').next() {
            Some("reply.md") => Role::Reply,
            Some("prompt.md") => Role::Prompt,
            Some(name) if name.ends_with(".md") => Role::Document,
            _ => Role::Code,
        };
        let text = expand(&file.text);
        let mut entry = Entry::new(path, role, Action::Create, Content::Bytes(text.into_bytes().into()));
        if is_link(file) {
            entry.mode = Mode::Symlink;
        }
        if file.language == "untracked" {
            entry.action = Action::Inspect;
            entry.disk = OnDisk { tracked: Some(false), ignored: false, readable_by_others: true };
        }
        entry
    };
    let links = files.iter().filter(|(_, file)| is_link(file));
    Submission {
        origin: Origin::Tree,
        entries: files.iter().map(entry).collect(),
        notes: Vec::new(),
        provenance: Provenance::default(),
        symlinks: links.map(|(path, _)| path.clone()).collect(),
        around: Vec::new(),
    }
}

/// A fence of the language `symlink` is a symbolic link to its text; one of `untracked` a file of the work tree that git
/// neither holds nor ignores, and everybody may read.
fn is_link(file: &ExampleFile) -> bool {
    file.language == "symlink"
}

/// What the lines of a file expect: `expect: a, b` on the line itself, `expect-next: a` on the line before.
fn marks(path: &str, file: &ExampleFile) -> Vec<Mark> {
    let lines = file.text.lines().enumerate();
    let found = lines.flat_map(|(index, line)| {
        let here = line.split_once("expect: ").map(|(_, ids)| (index + 1, ids));
        let next = line.split_once("expect-next: ").map(|(_, ids)| (index + 2, ids));
        here.into_iter()
            .chain(next)
            .map(|(number, ids)| identifiers(ids).map(move |id| (path.to_owned(), number as u32, id)))
    });
    found.flatten().collect()
}

fn identifiers(text: &str) -> impl Iterator<Item = String> + '_ {
    let kebab = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let end = text.find(|c: char| !kebab(c) && c != ',' && c != ' ').unwrap_or(text.len());
    text[..end].split(',').filter_map(|id| id.split_whitespace().next()).map(str::to_owned)
}
