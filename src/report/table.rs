//! The list that `weft rules list` prints.

use std::fmt::Write as _;

use anstyle::{Effects, Style};

use super::Color;
use super::paint::{Paint, severity_style};
use crate::finding::{Confidence, printable};
use crate::policy::word;
use crate::rule::RuleSet;

/// Every rule in a line: id, folder, severity, confidence and title, cut to `width` columns.
pub fn rules_table(rules: &RuleSet, color: Color, width: usize) -> String {
    let paint = Paint(color);
    let longest = rules.rules.iter().map(|rule| rule.id.chars().count()).max().unwrap_or(2).max(4);
    let mut out = String::new();
    let head =
        format!("{:longest$}  {:7}  {:8}  {:10}  what it finds", "rule", "folder", "severity", "confidence");
    let _ = writeln!(out, "{}", paint.styled(Style::new().effects(Effects::BOLD), &head));
    for rule in &rules.rules {
        let severity = format!("{:8}", word(rule.severity));
        let confidence = match rule.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        };
        let room = width.saturating_sub(longest + 33).max(12);
        let title: String = printable(&rule.title).chars().take(room).collect();
        let _ = writeln!(
            out,
            "{:longest$}  {:7}  {}  {confidence:10}  {title}",
            printable(&rule.id),
            rule.category.name(),
            paint.styled(severity_style(rule.severity), &severity),
        );
    }
    out
}
