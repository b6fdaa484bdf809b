//! What every text output shares: styles that are only there when wanted, and lines that fit.

use anstyle::{AnsiColor, Effects, Style};

use super::Color;
use crate::finding::Severity;

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

/// What matters less.
pub(super) const DIM: Style = Style::new().effects(Effects::DIMMED);
/// What matters most.
pub(super) const BOLD: Style = Style::new().effects(Effects::BOLD);

/// Breaks text at spaces into lines of at most `width` characters; a longer word stands alone, cut nowhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    fill(text.split_whitespace(), width)
}

/// Fills lines of at most `width` characters with words that stay whole, whatever they hold.
pub(super) fn fill<'a>(words: impl IntoIterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words {
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
