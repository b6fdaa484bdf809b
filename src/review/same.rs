//! Is what the queue shows what the bytes are? An item is written by whoever submitted it: only reading and scanning the
//! bytes again says whether its view of them is true.

use serde_json::Value;

use super::item::{Blocker, ReviewItem};
use super::state::ItemState;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Note, NoteKind, printable};
use crate::policy::{DataOf, Report};
use crate::redact::placeholders;

/// Compares an item with the one made from its bytes as they are now; `blockers` are what blocks in the item's own
/// findings. The prompt cannot be read again. Placeholders differ from machine to machine in their last part only.
/// Errors (kind `Mismatch`) name the field or path that differs.
pub fn same(item: &ReviewItem, state: &ItemState, read: &ReviewItem, blockers: &[Blocker]) -> Result<()> {
    let Some(what) = difference(item, state, read, blockers)? else { return Ok(()) };
    Err(Error::new(
        ErrorKind::Mismatch,
        format!("item {} is not what its originals are: {what}", item.about.item),
    )
    .hint("do not believe the view: reject it, or have it submitted again; another version of weft finds other things, too"))
}

fn difference(
    item: &ReviewItem,
    state: &ItemState,
    read: &ReviewItem,
    blockers: &[Blocker],
) -> Result<Option<String>> {
    for change in item.subject.changes.iter().chain(&read.subject.changes) {
        if !item.subject.changes.contains(change) || !read.subject.changes.contains(change) {
            return Ok(Some(format!("{} differs", printable(&change.path))));
        }
    }
    let paths = |item: &ReviewItem| item.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    if paths(item) != paths(read) {
        return Ok(Some("it shows other files".into()));
    }
    for (shown, file) in item.files.iter().zip(&read.files) {
        if plain(shown)? != plain(file)? {
            return Ok(Some(format!("the text shown of {} differs", printable(&file.path))));
        }
    }
    let key = match &item.submitter {
        super::event::Actor::Agent { .. } => None,
        super::event::Actor::Person { key, .. } => Some(key.clone()),
    };
    let fields = [
        ("the reply", plain(&item.reply)? == plain(&read.reply)?),
        ("the source", item.source == read.source),
        ("the base or the repository", {
            item.about.base == read.about.base && item.about.repository == read.about.repository
        }),
        ("the list of authors", item.authors == read.authors),
        ("the list of commits", item.steps == read.steps),
        ("the submitter", key == state.submitter.as_ref().map(super::Key::fingerprint)),
        ("the list of findings", plain(&item.report.findings)? == plain(&read.report.findings)?),
        (
            "the list of what was not checked",
            plain(&lasting(&item.report))? == plain(&lasting(&read.report))?,
        ),
        ("the list of what blocks", blockers.iter().all(|blocker| item.blockers.contains(blocker))),
    ];
    Ok(fields.iter().find(|(_, same)| !same).map(|(field, _)| format!("{field} differs")))
}

/// The notes of a report but those that say of which day the advisory data is: the reviewer's may be of another, and what it
/// knows besides is among the findings.
fn lasting(report: &Report) -> Vec<&Note> {
    let dates = |note: &Note| {
        let of =
            |data: &DataOf| note.message.starts_with(&format!("{} advisory data is of ", data.ecosystem));
        note.kind == NoteKind::Info && note.path.is_empty() && report.data.iter().any(of)
    };
    report.notes.iter().filter(|note| !dates(note)).collect()
}

/// Checks that the SARIF log that waits beside an item reports what the one of now does. Errors are of kind `Mismatch`.
pub fn same_log(item: &ReviewItem, stored: &[u8], read: &[u8]) -> Result<()> {
    let results = |log: &[u8]| {
        let log: Value = serde_json::from_slice(log).ok()?;
        let runs = log.get("runs")?.as_array()?;
        plain(&runs.iter().map(|run| run.get("results").cloned()).collect::<Vec<_>>()).ok()
    };
    match (results(stored), results(read)) {
        (Some(stored), Some(read)) if stored == read => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Mismatch,
            format!("the SARIF log of item {} reports something else than a scan of now", item.about.item),
        )
        .hint("reject it, or have it submitted again")),
    }
}

/// A value without what a machine's own key makes of placeholders.
fn plain(value: &impl serde::Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::Bug, "an item cannot be compared").because(error))?;
    settle(&mut value);
    Ok(value)
}

fn settle(value: &mut Value) {
    match value {
        Value::String(text) => *text = neutral(text),
        Value::Array(values) => values.iter_mut().for_each(settle),
        Value::Object(fields) => {
            let text = fields.get("text").and_then(Value::as_str).map(str::to_owned);
            if let (Some(text), Some(Value::Array(marks))) = (text, fields.get_mut("marks")) {
                marks.iter_mut().for_each(|mark| place(mark, &text));
            }
            // Another machine's key makes another fingerprint; the message says the rest.
            fields.remove("secret");
            fields.values_mut().for_each(settle);
        }
        _ => {}
    }
}

/// A mark over a placeholder is compared by the number of that placeholder, since its length may differ.
fn place(mark: &mut Value, text: &str) {
    let at = |name: &str| mark.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let (Some(start), Some(end)) = (at("start"), at("end")) else { return };
    let number = placeholders(text).iter().position(|range| range.start == start && range.end == end);
    if let (Some(number), Some(fields)) = (number, mark.as_object_mut()) {
        fields.insert("start".into(), Value::from(number));
        fields.insert("end".into(), Value::from("placeholder"));
    }
}

/// The text with the last part of each placeholder taken out.
fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in placeholders(text) {
        let kind = text[range.clone()].rfind('_').map_or(range.end, |end| range.start + end);
        out.push_str(&text[from..kind]);
        out.push_str("_*");
        from = range.end;
    }
    out + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_two_machines_differ_in_their_fingerprint_only() {
        let seen = |fingerprint: &str, message: &str| {
            let secret = serde_json::json!({ "kind": "k", "length": 4, "fingerprint": fingerprint });
            plain(&serde_json::json!([{ "message": message, "secret": secret }])).unwrap()
        };
        assert_eq!(seen("ABCDEFGHIJ", "a key"), seen("ZYXWVUTSRQ", "a key"));
        assert_ne!(seen("ABCDEFGHIJ", "a key"), seen("ABCDEFGHIJ", "another"));
    }

    #[test]
    fn the_day_of_the_advisory_data_is_no_difference_and_other_notes_are() {
        let report = |day: &str, also: &str| Report {
            data: vec![DataOf { ecosystem: "npm".into(), as_of: day.into(), old: false }],
            notes: vec![
                Note::new(
                    NoteKind::Info,
                    "",
                    format!("npm advisory data is of {day} (7 advisories, GitHub)"),
                ),
                Note::new(NoteKind::NotChecked, "a.py", also),
            ],
            ..Report::default()
        };
        let (one, other) = (report("2026-01-02", "too long"), report("2026-01-03", "too long"));
        assert_ne!(one.notes, other.notes);
        assert_eq!(lasting(&one), lasting(&other));
        assert_ne!(lasting(&one), lasting(&report("2026-01-02", "cut off")));
        assert_eq!(lasting(&Report { data: Vec::new(), ..one.clone() }).len(), 2);
    }
}
