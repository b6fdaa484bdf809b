//! What of a view is code, as it is parsed, and what is said of what is not understood.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::fragment::{self, Source};
use crate::artifact::Fence;
use crate::finding::{Note, NoteKind};
use crate::redact::View;
use crate::syntax::{
    Language, Parsed, Scripts, Unparsed, Walk, other_codec, parse, respelled, scripts, steps_for,
    with_line_ends, without_tags,
};

/// What of a view is to be parsed as what.
pub(super) fn sources<'t>(view: &View<'t>) -> Vec<(Language, Source<'t>)> {
    let shown = view.fence().filter(|fence| fence.path.is_none());
    if shown.is_some_and(|fence| matches!(fence.language.as_str(), "diff" | "patch" | "udiff")) {
        return fragment::of_diff(view.text());
    }
    let named = view.path().and_then(Language::of_path);
    if named.is_none()
        && let Some(Scripts { language, text, whole }) = page(view)
    {
        return vec![(language, Source { text: text.into(), half: None, whole })];
    }
    let Some(language) = language(view) else { return Vec::new() };
    let source = match view.fragment() {
        true => Source::of_fragment(language, view.text()),
        false => Source { text: view.text().into(), half: None, whole: true },
    };
    vec![(language, source)]
}

/// The path decides; then what a fence calls itself, wherever it is bound for; then the first line of a script.
fn language(view: &View<'_>) -> Option<Language> {
    let path = view.path();
    path.and_then(Language::of_path)
        .or_else(|| view.fence().and_then(|fence| Language::of_fence(&fence.language)))
        .or_else(|| Language::of_shebang(view.text()))
        .or_else(|| {
            let open = view.fence().map_or_else(|| path.is_some_and(any_script), unnamed);
            open.then(|| guessed(view.text())).flatten()
        })
}

/// Whether a file of that name is a script in whichever language: without a first line that says so, what it is shows.
fn any_script(path: &str) -> bool {
    [".cgi", ".fcgi", ".tac", ".rpy"].iter().any(|ending| path.ends_with(ending))
}

/// Whether nothing says what a fence holds.
fn unnamed(fence: &Fence) -> bool {
    const NOTHING: &[&str] = &["", "code", "snippet"];
    NOTHING.contains(&fence.language.to_ascii_lowercase().as_str()) && fence.path.is_none()
}

/// What code without a name is: the first grammar that understands all of a text that calls or defines something.
fn guessed(text: &str) -> Option<Language> {
    let says = |language: Language| {
        let parsed = parse(language, text, steps_for(text)).ok().filter(|parsed| parsed.errors.is_empty())?;
        let code = |kind: &str| {
            matches!(
                kind,
                "call"
                    | "call_expression"
                    | "import_statement"
                    | "import_from_statement"
                    | "function_definition"
                    | "function_declaration"
                    | "lexical_declaration"
            )
        };
        Walk::new(parsed.root()).any(|node| code(node.kind())).then_some(language)
    };
    [Language::Python, Language::Tsx].into_iter().find_map(says)
}

/// What is said of a fence or script that may hold code in a language that nothing names.
pub(super) fn not_named(view: &View<'_>) -> Option<Note> {
    const WORDS: &[&str] =
        &["import ", "from ", "def ", "class ", "function ", "const ", "let ", "var ", "async ", "export "];
    let script = |path: &str| any_script(path) && view.fence().is_none();
    if view.path().is_some_and(script) && language(view).is_none() {
        let why = "is a script in a language that is not analysed";
        return Some(Note::new(NoteKind::Unsupported, view.document().path(), why));
    }
    view.fence().filter(|fence| unnamed(fence))?;
    // `name(`: a call.
    let calls = |line: &str| {
        line.match_indices('(').any(|(at, _)| line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let code = |line: &str| WORDS.iter().any(|word| line.trim_start().starts_with(word)) || calls(line);
    if !view.text().lines().any(code) || language(view).is_some() {
        return None;
    }
    let line = view.location(0..0).region.start_line;
    let message = format!("the fence on line {line} names no language: it was not analysed");
    Some(Note::new(NoteKind::Unsupported, view.document().path(), message))
}

/// The scripts of a page or of a component of one file, at their places in it; a fence may call itself one, wherever it
/// is bound for.
fn page(view: &View<'_>) -> Option<Scripts> {
    let named = view.fence().map(|fence| format!("a.{}", fence.language.trim_matches(['{', '}', '.'])));
    [view.path(), named.as_deref()].into_iter().flatten().find_map(|path| scripts(path, view.text()))
}

/// A longer text is no template of source code.
const LONGEST_TEMPLATE: usize = 200_000;

/// Keeps the texts that stand for another.
#[derive(Default)]
pub(super) struct Rooms {
    lines: OnceCell<String>,
    spelled: OnceCell<String>,
    filled: OnceCell<String>,
}

/// A text as it is analysed: every byte in its place.
pub(super) struct Understood<'t> {
    pub(super) parsed: Parsed<'t>,
    /// A template engine makes the code: what its tags put in is not seen.
    pub(super) template: bool,
}

/// Parses a text as its interpreter reads it.
pub(super) fn understood<'t>(
    language: Language,
    text: &'t str,
    rooms: &'t Rooms,
) -> Result<Understood<'t>, Unparsed> {
    let text = match with_line_ends(language, text) {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(lines) => rooms.lines.get_or_init(|| lines),
    };
    let mut parsed = parse(language, text, steps_for(text))?;
    if let Some(spelled) = respelled(&parsed) {
        let text = rooms.spelled.get_or_init(|| spelled);
        parsed = parse(language, text, steps_for(text))?;
    }
    let filled = Some(&parsed).filter(|parsed| !parsed.errors.is_empty() && text.len() <= LONGEST_TEMPLATE);
    let Some(filled) = filled.and_then(|parsed| without_tags(parsed.language, parsed.text)) else {
        return Ok(Understood { parsed, template: false });
    };
    let text = rooms.filled.get_or_init(|| filled);
    Ok(Understood { parsed: parse(parsed.language, text, steps_for(text))?, template: true })
}

/// What is said of a text that is not, or not as it stands, understood.
pub(super) fn not_read(view: &View<'_>, parsed: &Parsed<'_>, template: bool) -> Vec<Note> {
    let path = view.path().unwrap_or(view.document().path());
    let mut notes = Vec::new();
    if parsed.language == Language::Python && (!view.fragment() || view.path().is_some()) {
        notes.extend(other_codec(view.text()).map(|codec| {
            let message = format!(
                "is written in the codec {codec:?}, under which a comment may be code; write it in UTF-8"
            );
            Note::new(NoteKind::Partial, path, message)
        }));
    }
    if parsed.errors.is_empty() && !template {
        return notes;
    }
    notes.push(if view.fragment() {
        half_understood(view, parsed)
    } else if template || is_template(path) && near_tags(parsed) || makes_page(path) && has_tag(parsed.text) {
        Note::new(NoteKind::Unsupported, path, "is a template of source code: checked in part")
    } else {
        let what = not_understood(parsed, 1);
        Note::new(NoteKind::Partial, path, format!("{what}; correct the syntax there"))
    });
    notes
}

/// Whether a text holds a tag of a template engine.
fn has_tag(text: &str) -> bool {
    [("{{", "}}"), ("{%", "%}")]
        .iter()
        .any(|(open, close)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close)))
}

/// Whether a path holds a tag itself, which no import statement can name: `{{cookiecutter.slug}}/app.py`.
fn is_template(path: &str) -> bool {
    has_tag(path)
}

/// Whether all that is not understood stands beside tags.
fn near_tags(parsed: &Parsed<'_>) -> bool {
    let tagged: Vec<bool> = parsed.text.lines().map(has_tag).collect();
    parsed.errors.iter().all(|lines| {
        let (first, last) = (lines.start.saturating_sub(2) as usize, (lines.end as usize).min(tagged.len()));
        tagged.get(first..last).is_some_and(|lines| lines.contains(&true))
    })
}

/// Whether a path is that of a page in a folder of templates, which browsers are given what is made of it.
fn makes_page(path: &str) -> bool {
    const FOLDERS: &[&str] =
        &["templates", "template", "views", "layouts", "_layouts", "partials", "includes", "_includes"];
    Language::of_path(path).is_none() && path.split('/').rev().skip(1).any(|name| FOLDERS.contains(&name))
}

/// Extensions of code that is not analysed.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "asp", "aspx", "bash", "bat", "bzl", "c", "cc", "clj", "cmd", "coffee", "cpp", "cs", "cshtml", "cxx", "dart",
    "ejs", "erb", "erl", "ex", "exs", "fish", "fs", "go", "gradle", "groovy", "gs", "h", "haml", "hbs", "hpp", "hs",
    "ipynb", "j2", "jade", "java", "jinja", "jl", "jsp", "kt", "kts", "lua", "m", "mdx", "ml", "mm", "nim", "php", "php5",
    "phtml", "pl", "pm", "ps1", "psm1", "pug", "pyx", "r", "rb", "rs", "sage", "scala", "sh", "sol", "sql", "ssjs", "swift",
    "tf", "twig", "vb", "vbs", "zig", "zsh",
];

/// What is said of code in languages that are not analysed, of a whole run.
pub fn left_out<'p>(paths: impl Iterator<Item = &'p str>) -> Option<Note> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let known = OTHERS.iter().find(|known| known.eq_ignore_ascii_case(extension));
        if let Some(known) = known.filter(|_| Language::of_path(path).is_none()) {
            *counts.entry(known).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(extension, count)| (std::cmp::Reverse(*count), *extension));
    let more = counts.len().saturating_sub(MOST_PLACES);
    let shown: Vec<String> =
        counts.iter().take(MOST_PLACES).map(|(extension, count)| format!("{count} .{extension}")).collect();
    let tail = if more > 0 { format!(" and {more} more kinds") } else { String::new() };
    let message =
        format!("files not analysed for weaknesses, in other languages: {}{tail}", shown.join(", "));
    (!shown.is_empty()).then(|| Note::new(NoteKind::Unsupported, "", message))
}

/// At most so many places are listed.
const MOST_PLACES: usize = 5;

/// What is not understood of half a file; nobody has to correct what was cut.
fn half_understood(view: &View<'_>, parsed: &Parsed<'_>) -> Note {
    let first = view.location(0..0).region.start_line;
    let bound = view.path().map_or(String::new(), |path| format!(" for {path}"));
    let message = match parsed.errors.is_empty() {
        true => format!("the code{bound} is a template: what its tags put in is not seen"),
        false => format!("the code{bound} is half a file; {}", not_understood(parsed, first)),
    };
    Note::new(NoteKind::Info, view.document().path(), message)
}

/// Names the lines that are not understood, when the text begins on line `first`.
fn not_understood(parsed: &Parsed<'_>, first: u32) -> String {
    let shift = first.saturating_sub(1);
    let say = |lines: &Range<u32>| match lines.end - lines.start {
        1 => (lines.start + shift).to_string(),
        _ => format!("{}-{}", lines.start + shift, lines.end - 1 + shift),
    };
    let shown: Vec<String> = parsed.errors.iter().take(MOST_PLACES).map(say).collect();
    let more = parsed.errors.len().saturating_sub(MOST_PLACES);
    let tail = if more > 0 { format!(" and {more} more places") } else { String::new() };
    format!("not understood: line {}{tail}", shown.join(", "))
}
