//! Findings that say less than others of the same lines: where data was followed to a statement, a rule that only looks
//! at its form has nothing to add (`yields-to` in the head of a page).

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::rule::RuleSet;

/// Of each rule that yields, the rules it yields to.
pub(super) struct Yielding(BTreeMap<String, Vec<String>>);

impl Yielding {
    pub(super) fn new(rules: &RuleSet) -> Self {
        let yields = rules.rules.iter().filter(|rule| !rule.yields_to.is_empty());
        Yielding(yields.map(|rule| (rule.id.clone(), rule.yields_to.clone())).collect())
    }

    /// Leaves out the findings that yield to one of a rule that they name, on a common line and at least as severe.
    pub(super) fn leave_out(&self, findings: &mut Vec<Finding>) {
        if !findings.iter().any(|finding| self.0.contains_key(&finding.rule)) {
            return;
        }
        let mut by_path: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &*findings {
            by_path.entry(&finding.location.path).or_default().push(finding);
        }
        let yields = |finding: &Finding| {
            let Some(to) = self.0.get(&finding.rule) else { return false };
            let region = &finding.location.region;
            let others = by_path.get(finding.location.path.as_str()).into_iter().flatten();
            others.filter(|other| to.contains(&other.rule)).any(|other| {
                let there = &other.location.region;
                there.start_line <= region.end_line
                    && region.start_line <= there.end_line
                    && other.level() >= finding.level()
            })
        };
        let kept: Vec<bool> = findings.iter().map(|finding| !yields(finding)).collect();
        let mut kept = kept.into_iter();
        findings.retain(|_| kept.next().unwrap_or(true));
    }
}
