//! What of a view is code, as it is parsed, and what is said of what is not understood.

use std::cell::OnceCell;
use std::ops::Range;

use super::fragment::{self, Source};
use crate::finding::{Note, NoteKind};
use crate::redact::View;
use crate::syntax::{
    Language, Parsed, Unparsed, other_codec, parse, respelled, scripts, steps_for, with_line_ends,
    without_tags,
};

/// What of a view is to be parsed as what.
pub(super) fn sources<'t>(view: &View<'t>) -> Vec<(Language, Source<'t>)> {
    let shown = view.fence().filter(|fence| fence.path.is_none());
    if shown.is_some_and(|fence| matches!(fence.language.as_str(), "diff" | "patch" | "udiff")) {
        return fragment::of_diff(view.text());
    }
    let Some(language) = language(view) else {
        let page = page(view).map(|(language, text)| (language, Source { text: text.into(), half: None }));
        return page.into_iter().collect();
    };
    let source = match view.fragment() {
        true => Source::of_fragment(language, view.text()),
        false => Source { text: view.text().into(), half: None },
    };
    vec![(language, source)]
}

/// The path decides; a fence without one has the word of its info string.
fn language(view: &View<'_>) -> Option<Language> {
    view.path().and_then(Language::of_path).or_else(|| {
        view.fence()
            .filter(|fence| fence.path.is_none())
            .and_then(|fence| Language::of_fence(&fence.language))
    })
}

/// The scripts of a page or of a component of one file, at their places in it.
fn page(view: &View<'_>) -> Option<(Language, String)> {
    let named =
        view.fence().filter(|fence| fence.path.is_none()).map(|fence| format!("a.{}", fence.language));
    scripts(view.path().or(named.as_deref())?, view.text())
}

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
    let filled = Some(&parsed).filter(|parsed| !parsed.errors.is_empty());
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
    if parsed.language == Language::Python && !view.fragment() {
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
    } else if template || is_template(path) {
        Note::new(NoteKind::Unsupported, path, "is a template of source code: checked in part")
    } else {
        let what = not_understood(parsed, 1);
        Note::new(NoteKind::Partial, path, format!("{what}; correct the syntax there"))
    });
    notes
}

/// Whether a path holds a tag itself, so that nothing can be loaded from there: `{{cookiecutter.slug}}/app.py`.
fn is_template(path: &str) -> bool {
    [("{{", "}}"), ("{%", "%}")]
        .iter()
        .any(|(open, close)| path.split_once(open).is_some_and(|(_, rest)| rest.contains(close)))
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
