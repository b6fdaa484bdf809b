//! Time and packages: whether the advisory data is current, and how long an advisory may stay.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Report;
use super::config::{OldData, Policy};
use crate::finding::{Advisory, Due, Finding, Note, NoteKind};
use crate::rule::RuleSet;

/// Advisory data that was asked, and of which day it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DataOf {
    /// OSV's name of the ecosystem.
    pub ecosystem: String,
    /// The last day it is known to have been whole, "2026-08-21"; a year when no more is known.
    pub as_of: String,
    /// Whether that is longer ago than the settings allow.
    pub old: bool,
}

impl Report {
    /// Says of which day the advisory data is that was asked, and judges anew: old data is said in the verdict, and makes
    /// it "incomplete" where the settings want that.
    pub fn dated(&mut self, data: impl Iterator<Item = (String, String)>, policy: &Policy, rules: &RuleSet) {
        let row = |(ecosystem, as_of): (String, String)| {
            let old = is_old(&as_of, policy);
            DataOf { ecosystem, as_of, old }
        };
        self.data = data.map(row).collect();
        if policy.deps.old_data == OldData::Incomplete {
            let old = self.data.iter().filter(|data| data.old).map(|data| {
                let DataOf { ecosystem, as_of, .. } = data;
                let days = policy.deps.max_age_days;
                let message = format!(
                    "{ecosystem} advisory data of {as_of} is older than {days} days: run `weft db update --ecosystem {ecosystem}`"
                );
                Note::new(NoteKind::NotChecked, "", message)
            });
            self.notes.extend(old);
            self.notes.sort();
            self.notes.dedup();
        }
        self.weigh(policy, rules);
    }

    /// "npm data of 2020-07: not current", for the verdict.
    pub(super) fn not_current(&self) -> Option<String> {
        let old = self.data.iter().filter(|data| data.old);
        let named: Vec<String> = old
            .map(|data| {
                let month = data.as_of.get(..7).unwrap_or(&data.as_of);
                let when = if month.is_empty() { "an unknown day" } else { month };
                format!("{} data of {when}", data.ecosystem)
            })
            .collect();
        (!named.is_empty()).then(|| format!("{}: not current", named.join(", ")))
    }
}

/// Whether data of this day is older than the settings allow. What is only known by its year counts from its first day.
fn is_old(as_of: &str, policy: &Policy) -> bool {
    let Some(today) = policy.run.today.filter(|_| policy.deps.max_age_days > 0) else { return false };
    let first = match as_of.len() {
        4 => format!("{as_of}-01-01"),
        7 => format!("{as_of}-01"),
        _ => as_of.to_owned(),
    };
    let most = i64::from(policy.deps.max_age_days);
    // A day of the future is no day on which anything was whole; clocks differ by one.
    first.parse::<Date>().map_or(true, |day| !(-1..=most).contains(&days(day, today)))
}

fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()))
}

/// Whether an advisory is on a package that is itself an attack: that may never stay.
pub(super) fn malicious(advisory: &Advisory) -> bool {
    advisory.aliases.iter().chain([&advisory.id]).any(|id| id.starts_with("MAL-"))
}

/// Says of each advisory how long it may stay. Where a day is not known, its deadline is over.
pub(super) fn deadlines(findings: &mut [Finding], policy: &Policy) {
    for finding in findings {
        let Some(days) = policy.deps.deadlines.days(finding.severity) else { continue };
        let Some(advisory) = finding.advisory.as_mut() else { continue };
        if malicious(advisory) {
            continue;
        }
        let published = advisory.published.as_ref().and_then(|day| day.parse::<Date>().ok());
        let last = published.and_then(|day| day.checked_add(jiff::Span::new().days(days)).ok());
        let over = match (published, last, policy.run.today) {
            // What is published tomorrow was made up.
            (Some(published), Some(last), Some(today)) => today > last || published > today,
            _ => true,
        };
        let day = last.map_or_else(|| "an unknown day".to_owned(), |last| last.to_string());
        advisory.due = Some(Due { day, over });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(today: &str) -> Policy {
        let mut policy = Policy::default();
        policy.run.today = Some(today.parse().unwrap());
        policy
    }

    #[test]
    fn data_is_old_after_the_days_of_the_settings() {
        for (as_of, old) in [
            ("2026-08-21", false),
            ("2026-07-22", false),
            ("2026-07-21", true),
            ("2027-01-01", true),
            ("2026-08-22", false),
            ("2026-08", false),
            ("2026", true),
            ("", true),
            ("soon", true),
        ] {
            assert_eq!(is_old(as_of, &policy("2026-08-21")), old, "{as_of}");
        }
        assert!(!is_old("2020-01-01", &Policy::default()), "without a day nobody knows");
        let mut never = policy("2026-08-21");
        never.deps.max_age_days = 0;
        assert!(!is_old("2020-01-01", &never));
    }

    #[test]
    fn old_data_is_in_the_verdict_and_can_keep_the_gate_shut() {
        let rules = crate::built_in_rules();
        let mut policy = policy("2026-08-21");
        let data =
            || [("npm".to_owned(), "2020-07-13".to_owned()), ("PyPI".to_owned(), "2026-08-20".to_owned())];
        let mut report = Report::default();
        report.dated(data().into_iter(), &policy, &rules);
        assert!(report.verdict.ends_with("; npm data of 2020-07: not current"), "{}", report.verdict);
        assert_eq!(report.exit(), crate::error::Exit::Passed);
        policy.deps.old_data = OldData::Incomplete;
        report.dated(data().into_iter(), &policy, &rules);
        assert_eq!(report.exit(), crate::error::Exit::Incomplete);
        assert!(report.notes[0].message.ends_with("run `weft db update --ecosystem npm`"));
    }
}
