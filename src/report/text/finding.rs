//! One finding in full: its code, the path the data took, and what to do instead.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Mark, Origin, Renderer, Snippet};

use super::super::frame::{self, Frame};
use super::super::paint::wrap;
use super::super::{Color, place};
use super::{LISTED, Page};
use crate::finding::{Advisory, Called, Confidence, Finding, Level, Past, Standing, Step, printable};
use crate::policy::{plural, word};

/// Packages of a way that are named one by one.
const WAY: usize = 12;

impl Page<'_> {
    /// The first finding of a group, with the places of the others.
    pub(super) fn finding(&self, group: &[&Finding]) -> String {
        let finding = gravest(group);
        let last = finding.frame.0 as usize + finding.frame.1.len();
        let gutter = last.to_string().len() + 3;
        let frame = frame::of(finding, self.width - gutter);
        let source = frame.lines.join("\n");
        let level = match finding.level() {
            Level::Error => Mark::ERROR,
            Level::Warning => Mark::WARNING,
            Level::Note => Mark::NOTE,
        };
        let (message, id) = heading(finding, group.len());
        let title = level.with_name(tone(finding)).primary_title(message);
        let mut shown = Group::with_title(title.id(id));
        let path = printable(&finding.location.path);
        let region = finding.location.region;
        if column(&frame) == Some(region.start_column as usize) {
            shown = shown.element(snippet(&frame, &source).path(path));
        } else {
            // A cut line has columns of its own, which the renderer would show: name the place ourselves.
            let origin = Origin::path(path).line(region.start_line as usize);
            shown = shown.element(origin.char_column(region.start_column as usize));
            if !frame.lines.is_empty() {
                shown = shown.element(snippet(&frame, &source));
            }
        }
        for (name, text) in self.remarks(group) {
            shown = shown.element(Mark::NOTE.with_name(name).message(text));
        }
        let renderer = match self.paint.0 {
            Color::Always => Renderer::styled(),
            Color::Never => Renderer::plain(),
        };
        let rendered = renderer.term_width(self.width).render(&[shown]);
        // Between a place and a frame that is not its own the renderer writes a line of `:::`, which says nothing here.
        rendered.lines().filter(|line| !is_separator(line)).collect::<Vec<_>>().join("\n")
    }

    /// What stands below the frame: data path, advisory, other places, advice.
    fn remarks(&self, group: &[&Finding]) -> Vec<(&'static str, String)> {
        let finding = gravest(group);
        let mut remarks = Vec::new();
        if let Some(target) = &finding.location.target {
            remarks.push(("bound for", printable(target)));
        }
        if !finding.trace.is_empty() {
            remarks.push(("path", self.path(&finding.trace)));
        }
        if let Some(past) = finding.secret.as_ref().and_then(|secret| secret.past.as_ref()) {
            let lines: Vec<String> = history(past).lines().map(|line| self.wrap(line, 13)).collect();
            remarks.push(("history", lines.join("\n")));
        }
        let advisories: Vec<String> =
            group.iter().take(LISTED).filter_map(|finding| advisory(finding)).collect();
        if !advisories.is_empty() {
            let more = group.len() - advisories.len();
            let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
            remarks.push(("advisories", advisories.join("\n") + &more));
        }
        if let Some(way) = finding.advisory.as_ref().and_then(needed_by) {
            remarks.push(("needed by", self.wrap(&way, 16)));
        }
        let called = group.iter().find_map(|finding| finding.advisory.as_ref()?.called.as_ref());
        if let Some(Called { path, line, function }) = called {
            let text = format!("{} at {}:{line} has the weakness", printable(function), printable(path));
            remarks.push(("called", self.wrap(&text, 13)));
        }
        if group.len() > 1 && finding.advisory.is_none() {
            let places: Vec<String> = group[1..].iter().take(LISTED).map(|other| place(other)).collect();
            let more = group.len() - 1 - places.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            remarks.push(("also at", self.wrap(&format!("{}{more}", places.join(", ")), 13)));
        }
        if finding.standing == Standing::Existing {
            remarks.push(("existing", "it was there before this change, and does not block".to_owned()));
        }
        if finding.confidence == Confidence::Low {
            let text = format!("weft is not sure of it; {} if it is real", word(finding.severity));
            remarks.push(("does not block", self.wrap(&text, 20)));
        }
        if let Some(fix) = &finding.fix {
            remarks.push(("fix", self.wrap(&printable(&fix.message), 10)));
        }
        if !finding.advice.is_empty() {
            remarks.push(("instead", self.wrap(&printable(&finding.advice), 13)));
        }
        if self.context.explain {
            remarks.extend(self.reasons(finding));
        }
        remarks
    }

    /// The steps of a data path, numbered: place, code, what happens.
    fn path(&self, trace: &[Step]) -> String {
        let place =
            |step: &Step| format!("{}:{}", printable(&step.location.path), step.location.region.start_line);
        let longest = trace.iter().map(|step| place(step).chars().count()).max().unwrap_or(0).min(40);
        let mut steps = Vec::new();
        for (number, step) in trace.iter().enumerate() {
            let room = self.width.saturating_sub(longest + 16).max(20);
            let code: String = printable(step.line.trim()).chars().take(room).collect();
            let what = printable(&step.message);
            steps.push(format!(
                "{}. {:longest$}  {code}\n   {:longest$}  ^ {what}",
                number + 1,
                place(step),
                ""
            ));
        }
        steps.join("\n")
    }

    /// Breaks text into lines that fit beside a hanging indent of `indent` columns.
    pub(super) fn wrap(&self, text: &str, indent: usize) -> String {
        wrap(text, self.width.saturating_sub(indent).max(20)).join("\n")
    }
}

/// What a finding is called: its severity, or a note where weft is not sure and nothing blocks.
pub(super) fn tone(finding: &Finding) -> &'static str {
    if finding.confidence == Confidence::Low { "note" } else { word(finding.severity) }
}

/// The finding that gives a group its tone: of several advisories the gravest, and what may block before what may not;
/// the order is that of the report otherwise.
fn gravest<'f>(group: &[&'f Finding]) -> &'f Finding {
    let weight = |finding: &&&Finding| (finding.confidence != Confidence::Low, finding.severity);
    group.iter().rev().max_by_key(weight).unwrap_or(&group[0])
}

/// Message and id of a group: several advisories of a package are counted, since each has an id of its own.
fn heading(finding: &Finding, number: usize) -> (String, String) {
    match &finding.advisory {
        Some(advisory) if number > 1 => {
            let (package, version) = (printable(&advisory.package), printable(&advisory.version));
            (format!("{package} {version} has {number} advisories"), "vulnerable-dependency".into())
        }
        _ => {
            let fingerprint = finding.secret.as_ref().and_then(|secret| secret.fingerprint.as_deref());
            let fingerprint = fingerprint.map(|text| format!(", fingerprint {}", printable(text)));
            let message = printable(&finding.message) + &fingerprint.unwrap_or_default();
            (message, printable(&finding.rule))
        }
    }
}

/// When a secret came into the history, and where it still is.
fn history(past: &Past) -> String {
    let count = plural(past.versions, "version", "versions");
    let files = plural(past.paths, "file", "files");
    let author = printable(&past.author);
    let mut lines =
        vec![format!("since {:.10} of {} by {author}; {count} of {files}", past.commit, past.date)];
    if !past.still.is_empty() {
        lines.push(format!("still in {}", printable(&past.still.join(", "))));
    }
    if let Some(commit) = &past.removed {
        lines.push(format!("removed in {commit:.10}"));
    }
    if !past.also.is_empty() {
        lines.push(format!("also at {}", printable(&past.also.join(", "))));
    }
    lines.join("\n")
}

/// "PYSEC-2021-7 (high): fixed in 3.2.1; CVE-2021-31542"
fn advisory(finding: &Finding) -> Option<String> {
    let advisory = finding.advisory.as_ref()?;
    let named =
        |texts: &[String]| texts.iter().take(4).map(|text| printable(text)).collect::<Vec<_>>().join(", ");
    let fixed = match advisory.fixed.len() {
        0 => "no fixed version".to_owned(),
        _ => format!("fixed in {}", named(&advisory.fixed)),
    };
    let aliases =
        if advisory.aliases.is_empty() { String::new() } else { format!("; {}", named(&advisory.aliases)) };
    let summary =
        advisory.summary.as_ref().map_or(String::new(), |summary| format!("; {}", printable(summary)));
    let due = match &advisory.due {
        Some(due) if due.over => format!("; it may have stayed until {}", printable(&due.day)),
        Some(due) => format!("; it may stay until {}", printable(&due.day)),
        None => String::new(),
    };
    Some(format!("{} ({}): {fixed}{due}{aliases}{summary}", printable(&advisory.id), word(finding.severity)))
}

/// "app -> express -> qs, for development only"
fn needed_by(advisory: &Advisory) -> Option<String> {
    let names: Vec<String> = advisory.way.iter().map(|name| printable(name)).collect();
    let way = match names.as_slice() {
        [] => None,
        [first, .., last] if names.len() > WAY => {
            Some(format!("{first} -> .. -> {last}, {} packages on the way", names.len() - 2))
        }
        names => Some(names.join(" -> ")),
    };
    let only = advisory.only.as_deref().map(|only| match only {
        "development" => "for development only".to_owned(),
        only => format!("{} only", printable(only)),
    });
    match (way, only) {
        (None, only) => only,
        (Some(way), None) => (names.len() > 1).then_some(way),
        (Some(way), Some(only)) => Some(format!("{way}, {only}")),
    }
}

/// The frame with its mark.
fn snippet<'a>(frame: &Frame, source: &'a str) -> Snippet<'a, Annotation<'a>> {
    let snippet = Snippet::source(source).line_start(frame.first as usize).fold(false);
    match &frame.mark {
        Some((index, range)) => {
            let before: usize = frame.lines.iter().take(*index).map(|line| line.len() + 1).sum();
            snippet.annotation(AnnotationKind::Primary.span(before + range.start..before + range.end))
        }
        None => snippet,
    }
}

/// The column that the renderer would show for the mark.
fn column(frame: &Frame) -> Option<usize> {
    let (index, range) = frame.mark.as_ref()?;
    let lead = frame.lines.get(*index)?.get(..range.start)?;
    Some(lead.chars().count() + 1)
}

fn is_separator(line: &str) -> bool {
    let plain: String = line
        .split('\u{1b}')
        .enumerate()
        .map(|(index, part)| match part.split_once('m') {
            Some((_, text)) if index > 0 => text,
            _ => part,
        })
        .collect();
    plain.trim() == ":::"
}
