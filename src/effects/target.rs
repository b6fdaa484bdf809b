//! What an output would write: one [`Target`] a file, and the [`Log`] that its checks report to.

use std::ops::Range;

use crate::artifact::{Action, Mode, Role};
use crate::finding::{Finding, Severity};
use crate::redact::{Redacted, View};
use crate::rule::RuleSet;

use super::path;

/// A path that a document would change, or holds, with the text bound for it.
pub(super) struct Target<'a> {
    /// The text.
    pub(super) view: View<'a>,
    /// The path as written.
    pub(super) path: &'a str,
    /// Its components as the most lenient file system would read them (see [`path::fold`]).
    pub(super) names: Vec<String>,
    /// What applying it does.
    pub(super) action: Action,
    /// Its mode after the change.
    pub(super) mode: Mode,
    /// The bytes of the document's text where a finding about the path stands.
    place: Range<usize>,
}

impl<'a> Target<'a> {
    /// The document's own path for a file, each fence with a path for a reply. What a prompt or a document shows in
    /// its fences is never applied.
    pub(super) fn all(document: &'a Redacted) -> Vec<Target<'a>> {
        match document.role() {
            Role::Code | Role::Document => {
                let (path, action, mode) = (document.path(), document.action(), document.mode());
                vec![Target {
                    view: document.whole(),
                    path,
                    names: path::fold(path),
                    action,
                    mode,
                    place: first_line(document),
                }]
            }
            Role::Prompt => Vec::new(),
            Role::Reply => document.views().into_iter().filter_map(Target::of_fence).collect(),
        }
    }

    fn of_fence(view: View<'a>) -> Option<Target<'a>> {
        let fence = view.fence()?;
        let path = fence.path.as_deref()?;
        Some(Target {
            path,
            names: path::fold(path),
            action: fence.action,
            mode: Mode::File,
            place: opening(view.document(), fence.line, path),
            view,
        })
    }

    /// Whether anything is written: a tree that is only looked at changes nothing.
    pub(super) fn changes(&self) -> bool {
        self.action != Action::Inspect
    }

    /// "deletes" or "writes".
    pub(super) fn verb(&self) -> &'static str {
        if self.action == Action::Delete { "deletes" } else { "writes" }
    }

    /// The last component, folded; empty for an empty path.
    pub(super) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The component that holds the file, folded; empty at the root.
    pub(super) fn folder(&self) -> &str {
        self.names.len().checked_sub(2).map_or("", |index| self.names[index].as_str())
    }

    /// Whether a folder of that (lower-case) name is on the path.
    pub(super) fn below(&self, folder: &str) -> bool {
        self.names.split_last().is_some_and(|(_, folders)| folders.iter().any(|name| name == folder))
    }

    /// The text that would land; empty when it is removed, since nothing of it runs.
    pub(super) fn text(&self) -> &'a str {
        if self.action == Action::Delete { "" } else { self.view.text() }
    }

    /// Each line of the text with its byte range.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Range<usize>, &'a str)> + use<'a> {
        let mut start = 0;
        self.text().split_inclusive('\n').map(move |line| {
            let from = start;
            start += line.len();
            let shown = line.trim_end_matches(['\n', '\r']);
            (from..from + shown.len(), shown)
        })
    }
}

/// The most findings of one document: they say enough, and each costs a look at its line.
const MOST: usize = 500;

/// The findings of one document.
pub(super) struct Log<'a> {
    document: &'a Redacted,
    rules: &'a RuleSet,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Log<'a> {
    pub(super) fn new(document: &'a Redacted, rules: &'a RuleSet) -> Self {
        Log { document, rules, findings: Vec::new() }
    }

    /// A finding about the path of `target`. `{path}` and `{verb}` are filled here.
    pub(super) fn path(&mut self, target: &Target<'_>, id: &str, fill: &[(&str, &str)]) -> Reported<'_> {
        let path = bounded(target.path);
        let fill: Vec<_> =
            fill.iter().copied().chain([("path", path.as_str()), ("verb", target.verb())]).collect();
        let finding = self.rules.get(id).map(|rule| {
            let mut finding = self.document.whole().finding(rule, target.place.clone(), &fill);
            finding.location.target = target.view.fence().and_then(|fence| fence.path.clone());
            finding
        });
        self.add(finding)
    }

    /// A finding about a part of the text of `target`.
    pub(super) fn text(
        &mut self,
        target: &Target<'_>,
        id: &str,
        range: Range<usize>,
        fill: &[(&str, &str)],
    ) -> Reported<'_> {
        let path = bounded(target.path);
        let fill: Vec<_> =
            fill.iter().copied().chain([("path", path.as_str()), ("verb", target.verb())]).collect();
        let finding = self.rules.get(id).map(|rule| target.view.finding(rule, range, &fill));
        self.add(finding)
    }

    /// A finding about a part of the whole document.
    pub(super) fn whole(&mut self, id: &str, range: Range<usize>, fill: &[(&str, &str)]) -> Reported<'_> {
        let finding = self.rules.get(id).map(|rule| self.document.whole().finding(rule, range, fill));
        self.add(finding)
    }

    fn add(&mut self, finding: Option<Finding>) -> Reported<'_> {
        let finding = finding.filter(|_| self.findings.len() < MOST);
        let added = finding.is_some();
        self.findings.extend(finding);
        Reported(if added { self.findings.last_mut() } else { None })
    }
}

/// The finding that was just added, if its rule is there.
pub(super) struct Reported<'a>(Option<&'a mut Finding>);

impl Reported<'_> {
    /// Says how bad this one is, where it differs from its rule.
    pub(super) fn severity(self, severity: Severity) {
        if let Some(finding) = self.0 {
            finding.severity = severity;
        }
    }
}

/// The first line that the change adds, else the first: a finding elsewhere would not act on the gate.
fn first_line(document: &Redacted) -> Range<usize> {
    let line = (1..=document.lines()).find(|line| document.added(*line, *line)).unwrap_or(1);
    line_range(document, line)
}

/// The bytes of a line without its break.
pub(super) fn line_range(document: &Redacted, line: u32) -> Range<usize> {
    let start = document.line_start(line);
    start..start + document.line(line).len()
}

/// The `path=` of an opening fence. Upstream's rule lets the attribute stand on a later line, so a few are searched.
fn opening(document: &Redacted, line: u32, path: &str) -> Range<usize> {
    let attribute = format!("path={path}");
    (line..line.saturating_add(4))
        .find_map(|number| {
            let at = document.line(number).find(&attribute)? + document.line_start(number);
            Some(at..at + attribute.len())
        })
        .unwrap_or_else(|| line_range(document, line))
}

/// A path short enough for a message.
fn bounded(path: &str) -> String {
    match path.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &path[..end]),
        None => path.to_owned(),
    }
}
