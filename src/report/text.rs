//! The report that a person reads: code frames, data paths, advice, what was left out, and the verdict last.

use std::collections::BTreeMap;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level as Mark, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Effects, Style};

use super::{Color, Context, frame, is_allowed, kind_name, place};
use crate::error::Exit;
use crate::finding::{Finding, Level, NoteKind, Severity, Standing, Step, printable};
use crate::policy::{Report, plural, word};
use crate::rule::Category;

/// The most findings of one rule that are shown in full; the others are counted.
const PER_RULE: usize = 20;
/// The most lines of a list: allowances, notes of a kind, other places of a secret.
const LISTED: usize = 20;

/// Writes the report for a person.
pub(super) fn write(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { context, paint: Paint(context.color), width: context.width.clamp(40, 200) };
    if !context.quiet {
        page.findings(report, out)?;
        page.standings(report, out)?;
        page.notes(report, out)?;
        page.summary(report, out)?;
    }
    writeln!(out, "{}", page.verdict(report))
}

/// Puts styles around text, or does not.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) Color);

impl Paint {
    pub(super) fn styled(self, style: Style, text: &str) -> String {
        match self.0 {
            Color::Always => format!("{style}{text}{style:#}"),
            Color::Never => text.to_owned(),
        }
    }
}

/// The colour of a severity.
pub(super) fn severity_style(severity: Severity) -> Style {
    let (color, effects) = match severity {
        Severity::Critical => (AnsiColor::BrightRed, Effects::BOLD),
        Severity::High => (AnsiColor::Red, Effects::BOLD),
        Severity::Medium | Severity::Unknown => (AnsiColor::Yellow, Effects::BOLD),
        Severity::Low => (AnsiColor::Cyan, Effects::new()),
    };
    color.on_default().effects(effects)
}

const DIM: Style = Style::new().effects(Effects::DIMMED);
const BOLD: Style = Style::new().effects(Effects::BOLD);

struct Page<'a> {
    context: &'a Context<'a>,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn findings(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let groups = self.groups(report);
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for group in &groups {
            let count = shown.entry(&group[0].rule).or_default();
            *count += 1;
            if *count <= PER_RULE {
                writeln!(out, "{}\n", self.finding(group))?;
            }
        }
        for (rule, count) in shown.into_iter().filter(|(_, count)| *count > PER_RULE) {
            let more = count - PER_RULE;
            let rule = printable(rule);
            let text = format!("{more} more of {rule} are not shown; --format json lists them all");
            writeln!(out, "{}\n", self.paint.styled(DIM, &text))?;
        }
        Ok(())
    }

    /// New findings in order; the places of one secret stand together.
    fn groups<'f>(&self, report: &'f Report) -> Vec<Vec<&'f Finding>> {
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        let mut secrets: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for finding in report.findings.iter().filter(|finding| finding.standing == Standing::New) {
            match self.secret(finding) {
                Some(key) => match secrets.get(&key) {
                    Some(index) => groups[*index].push(finding),
                    None => {
                        secrets.insert(key, groups.len());
                        groups.push(vec![finding]);
                    }
                },
                None => groups.push(vec![finding]),
            }
        }
        groups
    }

    /// What tells one secret from another: rule and placeholder. Placeholders that are only numbered start anew in
    /// each file.
    fn secret(&self, finding: &Finding) -> Option<(String, String, String)> {
        let rule = self.context.rules.get(&finding.rule)?;
        if !matches!(rule.category, Category::Secrets | Category::Pii) {
            return None;
        }
        let marked = frame::marked(finding)?;
        let (_, token) = frame::placeholders(&marked).next()?;
        let numbered =
            token.rsplit('_').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        let path = if numbered { finding.location.path.clone() } else { String::new() };
        Some((finding.rule.clone(), token.to_owned(), path))
    }

    fn finding(&self, group: &[&Finding]) -> String {
        let finding = group[0];
        let mark = match finding.level() {
            Level::Error => Mark::ERROR,
            Level::Warning => Mark::WARNING,
            Level::Note => Mark::NOTE,
        };
        let severity = word(finding.severity);
        let title = printable(&finding.message);
        let frame = frame::of(finding, self.width - 12);
        let source = frame.lines.join("\n");
        let mut snippet = Snippet::source(source.as_str()).line_start(frame.first as usize).fold(false);
        if let Some((index, range)) = &frame.mark {
            let before: usize = frame.lines.iter().take(*index).map(|line| line.len() + 1).sum();
            snippet =
                snippet.annotation(AnnotationKind::Primary.span(before + range.start..before + range.end));
        }
        let id = printable(&finding.rule);
        let named = mark.with_name(severity).primary_title(title).id(id);
        let renderer = match self.paint.0 {
            Color::Always => Renderer::styled(),
            Color::Never => Renderer::plain(),
        };
        let renderer = renderer.term_width(self.width);
        let region = finding.location.region;
        let path = printable(&finding.location.path);
        let column = frame.mark.as_ref().and_then(|(index, range)| {
            frame
                .lines
                .get(*index)
                .and_then(|line| line.get(..range.start))
                .map(|lead| lead.chars().count() + 1)
        });
        let mut shown = Group::with_title(named);
        if column == Some(region.start_column as usize) {
            shown = shown.element(snippet.path(path));
        } else {
            // A cut line has columns of its own, which the renderer would show: name the place ourselves.
            let origin = Origin::path(path).line(region.start_line as usize);
            shown = shown.element(origin.char_column(region.start_column as usize));
            if !frame.lines.is_empty() {
                shown = shown.element(snippet);
            }
        }
        for (name, text) in self.remarks(group) {
            shown = shown.element(Mark::NOTE.with_name(name).message(text));
        }
        renderer.render(&[shown])
    }

    /// What stands below the frame: data path, advisory, other places, advice.
    fn remarks(&self, group: &[&Finding]) -> Vec<(&'static str, String)> {
        let finding = group[0];
        let mut remarks = Vec::new();
        if let Some(target) = &finding.location.target {
            remarks.push(("bound for", printable(target)));
        }
        if !finding.trace.is_empty() {
            remarks.push(("path", self.path(&finding.trace)));
        }
        if let Some(advisory) = &finding.advisory {
            let fixed: Vec<String> =
                advisory.fixed.iter().take(6).map(|version| printable(version)).collect();
            let fixed = if fixed.is_empty() {
                "no fixed version".to_owned()
            } else {
                format!("fixed in {}", fixed.join(", "))
            };
            let aliases: Vec<String> =
                advisory.aliases.iter().take(4).map(|alias| printable(alias)).collect();
            let aliases = if aliases.is_empty() {
                String::new()
            } else {
                format!("; also known as {}", aliases.join(", "))
            };
            let package = printable(&advisory.package);
            let version = printable(&advisory.version);
            remarks.push(("package", self.wrap(&format!("{package} {version}: {fixed}{aliases}"), 13)));
        }
        if group.len() > 1 {
            let places: Vec<String> = group[1..].iter().take(LISTED).map(|other| place(other)).collect();
            let more = group.len() - 1 - places.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            remarks.push(("also at", self.wrap(&format!("{}{more}", places.join(", ")), 13)));
        }
        if let Some(fix) = &finding.fix {
            remarks.push(("fix", self.wrap(&printable(&fix.message), 10)));
        }
        if !finding.advice.is_empty() {
            remarks.push(("instead", self.wrap(&printable(&finding.advice), 13)));
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
    fn wrap(&self, text: &str, indent: usize) -> String {
        wrap(text, self.width.saturating_sub(indent).max(20)).join("\n")
    }

    fn standings(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let allowed: Vec<&Finding> = report.findings.iter().filter(|finding| is_allowed(finding)).collect();
        for finding in allowed.iter().take(LISTED) {
            if let Standing::Allowed { reason, by } = &finding.standing {
                let (rule, place) = (printable(&finding.rule), place(finding));
                let text = format!("allowed: {rule} at {place}: {} ({})", printable(reason), printable(by));
                writeln!(out, "{}", self.paint.styled(DIM, &text))?;
            }
        }
        if allowed.len() > LISTED {
            let text = format!("allowed: {} more; --format json lists them all", allowed.len() - LISTED);
            writeln!(out, "{}", self.paint.styled(DIM, &text))?;
        }
        let existing =
            report.findings.iter().filter(|finding| finding.standing == Standing::Existing).count();
        if existing > 0 {
            let findings = plural(existing, "finding", "findings");
            let text = format!("existing: {findings} that this change did not bring, not shown");
            writeln!(out, "{}", self.paint.styled(DIM, &text))?;
        }
        Ok(())
    }

    /// What was not, or not wholly, checked; the paths of one message stand together.
    fn notes(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut groups: BTreeMap<(NoteKind, &str), Vec<&str>> = BTreeMap::new();
        for note in &report.notes {
            groups.entry((note.kind, &note.message)).or_default().push(&note.path);
        }
        let mut shown: BTreeMap<NoteKind, usize> = BTreeMap::new();
        for ((kind, message), paths) in &groups {
            let count = shown.entry(*kind).or_default();
            *count += 1;
            if *count <= LISTED {
                let style = match kind {
                    NoteKind::NotChecked | NoteKind::Partial => AnsiColor::Yellow.on_default(),
                    NoteKind::Unsupported | NoteKind::Info => DIM,
                };
                let name = self.paint.styled(style, kind_name(*kind));
                writeln!(out, "{name}: {}{}", listed(paths, 3), printable(message))?;
            }
        }
        for (kind, count) in shown.into_iter().filter(|(_, count)| *count > LISTED) {
            let more = count - LISTED;
            writeln!(out, "{}: {more} more kinds; --format json lists them all", kind_name(kind))?;
        }
        Ok(())
    }

    /// One line a severity: how many, and of which rules.
    fn summary(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut rows: BTreeMap<std::cmp::Reverse<Severity>, BTreeMap<&str, usize>> = BTreeMap::new();
        for finding in report.findings.iter().filter(|finding| finding.standing == Standing::New) {
            let row = rows.entry(std::cmp::Reverse(finding.severity)).or_default();
            *row.entry(&finding.rule).or_default() += 1;
        }
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for (std::cmp::Reverse(severity), rules) in &rows {
            let total: usize = rules.values().sum();
            let named: Vec<String> =
                rules.iter().map(|(rule, count)| format!("{} {count}", printable(rule))).collect();
            let lines = wrap(&named.join(", "), self.width.saturating_sub(16).max(20));
            let name = self.paint.styled(severity_style(*severity), &format!("{:8}", word(*severity)));
            writeln!(out, "{name} {total:5}  {}", lines.join(&format!("\n{:16}", "")))?;
        }
        let hint =
            "`weft explain RULE` says more; `weft: allow RULE REASON` in a comment answers a false alarm";
        writeln!(out, "\n{}", self.paint.styled(DIM, &wrap(hint, self.width).join("\n")))
    }

    fn verdict(&self, report: &Report) -> String {
        let color = match report.exit() {
            Exit::Passed => AnsiColor::Green,
            Exit::Incomplete | Exit::Held => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        let text = printable(&report.verdict);
        let (word, rest) = text.split_once(':').unwrap_or((&text, ""));
        let colon = if rest.is_empty() { "" } else { ":" };
        let first = self.paint.styled(color.on_default().effects(Effects::BOLD), &format!("{word}{colon}"));
        format!("{first}{}", self.paint.styled(BOLD, rest))
    }
}

/// "a, b and 3 more: " of the paths that are named; nothing for a note about the run.
fn listed(paths: &[&str], most: usize) -> String {
    let named: Vec<&&str> = paths.iter().filter(|path| !path.is_empty()).collect();
    let shown: Vec<String> = named.iter().take(most).map(|path| printable(path)).collect();
    match named.len().saturating_sub(most) {
        _ if named.is_empty() => String::new(),
        0 => format!("{}: ", shown.join(", ")),
        more => format!("{} and {more} more: ", shown.join(", ")),
    }
}

/// Breaks text at spaces into lines of at most `width` characters; a longer word stands alone, cut nowhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}
