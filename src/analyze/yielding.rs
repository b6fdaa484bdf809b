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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Severity};

    #[test]
    fn the_rule_that_says_less_yields_on_a_common_line() {
        let text = "import os\nfrom flask import request\nos.system(request.args['x'])\n";
        let found = crate::analyze::tests::linked(&[("app.py", text)]);
        let flow = &found[0];
        let form = Finding { rule: "form".into(), severity: Severity::Medium, ..flow.clone() };
        let yielding = Yielding([("form".to_owned(), vec![flow.rule.clone()])].into());
        let left = |findings: &[&Finding]| {
            let mut findings: Vec<Finding> = findings.iter().map(|finding| (*finding).clone()).collect();
            yielding.leave_out(&mut findings);
            findings.into_iter().map(|finding| finding.rule).collect::<Vec<_>>()
        };
        assert_eq!(left(&[&form, flow]), ["command-injection"]);
        assert_eq!(left(&[&form]), ["form"]);
        let mut elsewhere = form.clone();
        elsewhere.location.region.start_line += 1;
        elsewhere.location.region.end_line += 1;
        assert_eq!(left(&[flow, &elsewhere]).len(), 2);
        let mut other = form.clone();
        other.location.path = "other.py".into();
        assert_eq!(left(&[flow, &other]).len(), 2);
        let unsure = Finding { confidence: Confidence::Low, ..flow.clone() };
        assert_eq!(left(&[&unsure, &form]).len(), 2);
    }
}
