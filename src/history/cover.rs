//! Which approvals, applied whole, make a change: the heart of coverage, without git.

use std::collections::BTreeMap;

use crate::artifact::{Blob, Change, Subject};

/// Something approved that lands whole or not at all: a subject, or one commit of an approved range.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Which approval.
    pub(super) approval: usize,
    /// Which commit of it; `None`: all of it at once.
    pub(super) step: Option<usize>,
    /// What it does.
    pub(super) changes: Subject,
}

/// The units by the paths they touch.
pub(super) struct Units {
    pub(super) all: Vec<Unit>,
    by_path: BTreeMap<String, Vec<usize>>,
}

/// The most that is tried for one commit; beyond it the commit counts as uncovered.
const TRIES: usize = 20_000;
/// The most units that one commit may hold.
const DEPTH: usize = 64;

impl Units {
    pub(super) fn new(all: Vec<Unit>) -> Units {
        let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, unit) in all.iter().enumerate() {
            for change in &unit.changes.changes {
                by_path.entry(change.path.clone()).or_default().push(index);
            }
        }
        Units { all, by_path }
    }

    /// The units that touch a path.
    pub(super) fn touching<'s>(&'s self, path: &str) -> impl Iterator<Item = usize> + 's {
        self.by_path.get(path).into_iter().flatten().copied()
    }

    /// Units that, one after the other and each of them whole, turn the old states into the new ones. `before` is what a
    /// path held that the change does not name; `free` says whether a unit may still be used.
    pub(super) fn compose(
        &self,
        wanted: &Subject,
        before: &dyn Fn(&str) -> Option<Blob>,
        free: &dyn Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let mut search = Search {
            units: self,
            before,
            free,
            goal: BTreeMap::new(),
            now: BTreeMap::new(),
            used: Vec::new(),
            tries: 0,
        };
        for change in &wanted.changes {
            search.goal.insert(change.path.clone(), change.new.clone());
            search.now.insert(change.path.clone(), change.old.clone());
        }
        search.run().then_some(search.used)
    }
}

struct Search<'a> {
    units: &'a Units,
    before: &'a dyn Fn(&str) -> Option<Blob>,
    free: &'a dyn Fn(usize) -> bool,
    goal: BTreeMap<String, Option<Blob>>,
    now: BTreeMap<String, Option<Blob>>,
    used: Vec<usize>,
    tries: usize,
}

impl Search<'_> {
    /// Depth first; no deeper than `DEPTH`, no longer than `TRIES`.
    fn run(&mut self) -> bool {
        let Some(open) = self.open() else { return true };
        if self.used.len() >= DEPTH {
            return false;
        }
        // Every solution has a next unit on some open path; a path that only opens later is tried when it does.
        for unit in self.candidates(&open) {
            self.tries += 1;
            if self.tries > TRIES {
                return false;
            }
            let undo = self.take(unit);
            if self.run() {
                return true;
            }
            self.now = undo;
            self.used.pop();
        }
        false
    }

    /// The paths that are not where they should be; `None`: all are.
    fn open(&self) -> Option<Vec<String>> {
        let open: Vec<String> = self
            .now
            .iter()
            .filter(|(path, now)| self.goal_of(path) != **now)
            .map(|(path, _)| path.clone())
            .collect();
        (!open.is_empty()).then_some(open)
    }

    fn goal_of(&self, path: &str) -> Option<Blob> {
        match self.goal.get(path) {
            Some(goal) => goal.clone(),
            None => (self.before)(path),
        }
    }

    fn state(&self, path: &str) -> Option<Blob> {
        match self.now.get(path) {
            Some(now) => now.clone(),
            None => (self.before)(path),
        }
    }

    /// The free units that apply now, those that reach the goal at once first.
    fn candidates(&self, open: &[String]) -> Vec<usize> {
        let mut found: Vec<usize> = open.iter().flat_map(|path| self.units.touching(path)).collect();
        found.sort_unstable();
        found.dedup();
        let applies = |change: &Change| self.state(&change.path) == change.old;
        found.retain(|unit| {
            !self.used.contains(unit)
                && (self.free)(*unit)
                && self.units.all[*unit].changes.changes.iter().all(applies)
        });
        let misses = |unit: &usize| {
            let changes = &self.units.all[*unit].changes.changes;
            changes.iter().filter(|change| self.goal_of(&change.path) != change.new).count()
        };
        found.sort_by_key(|unit| (misses(unit), *unit));
        found
    }

    fn take(&mut self, unit: usize) -> BTreeMap<String, Option<Blob>> {
        let undo = self.now.clone();
        for change in &self.units.all[unit].changes.changes {
            self.now.insert(change.path.clone(), change.new.clone());
        }
        self.used.push(unit);
        undo
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blob(name: u8) -> Option<Blob> {
        (name > 0).then(|| Blob {
            mode: "100644".into(),
            id: format!("{name:040}"),
            sha256: format!("{name:064}"),
        })
    }

    fn subject(changes: &[(&str, u8, u8)]) -> Subject {
        let change = |(path, old, new): &(&str, u8, u8)| Change {
            path: (*path).into(),
            old: blob(*old),
            new: blob(*new),
        };
        Subject { changes: changes.iter().map(change).collect() }
    }

    fn units(all: &[&[(&str, u8, u8)]]) -> Units {
        Units::new(
            all.iter()
                .enumerate()
                .map(|(approval, changes)| Unit { approval, step: None, changes: subject(changes) })
                .collect(),
        )
    }

    fn covered(units: &Units, wanted: &[(&str, u8, u8)]) -> Option<Vec<usize>> {
        units.compose(&subject(wanted), &|_| None, &|_| true)
    }

    #[test]
    fn approvals_chain() {
        let units = units(&[&[("p", 1, 2)], &[("p", 2, 3), ("q", 0, 1)]]);
        assert_eq!(covered(&units, &[("p", 1, 3), ("q", 0, 1)]), Some(vec![0, 1]));
        assert_eq!(covered(&units, &[("p", 1, 2)]), Some(vec![0]));
    }

    #[test]
    fn halves_do_not_mix_and_nothing_goes_back() {
        let units = units(&[&[("p", 1, 2), ("q", 1, 2)], &[("p", 1, 3), ("q", 1, 3)]]);
        assert_eq!(covered(&units, &[("p", 1, 2), ("q", 1, 3)]), None);
        assert_eq!(covered(&units, &[("p", 1, 2)]), None, "half an approval");
        assert_eq!(covered(&units, &[("p", 2, 1), ("q", 2, 1)]), None, "backwards");
        assert_eq!(covered(&units, &[("p", 1, 3), ("q", 1, 3)]), Some(vec![1]));
    }

    #[test]
    fn many_alternatives_end_in_no_not_in_forever() {
        let paths: Vec<String> = (0..40).map(|at| format!("p{at}")).collect();
        let mut all = Vec::new();
        for path in &paths {
            for old in 1..6u8 {
                all.push(Unit { approval: 0, step: None, changes: subject(&[(path, old, old + 1)]) });
            }
        }
        let wanted: Vec<(&str, u8, u8)> = paths.iter().map(|path| (path.as_str(), 1, 9)).collect();
        assert_eq!(Units::new(all).compose(&subject(&wanted), &|_| None, &|_| true), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever the search answers, replaying its units from the old states gives exactly the new ones.
        #[test]
        fn an_answer_is_a_proof(edges in prop::collection::vec((0usize..3, 0u8..4, 0u8..4, 0usize..3, 0u8..4, 0u8..4), 0..8), want in (0u8..4, 0u8..4, 0u8..4, 0u8..4)) {
            let names = ["p", "q", "r"];
            let lists: Vec<Vec<(&str, u8, u8)>> = edges
                .iter()
                .map(|(one, a, b, other, c, d)| {
                    let mut list = vec![(names[*one], *a, *b)];
                    if one != other { list.push((names[*other], *c, *d)); }
                    list
                })
                .collect();
            let slices: Vec<&[(&str, u8, u8)]> = lists.iter().map(Vec::as_slice).collect();
            let units = units(&slices);
            let wanted = [("p", want.0, want.1), ("q", want.2, want.3)];
            if let Some(answer) = covered(&units, &wanted) {
                let mut state: BTreeMap<&str, u8> = BTreeMap::from([("p", want.0), ("q", want.2), ("r", 0)]);
                for unit in answer {
                    for (path, old, new) in &lists[unit] {
                        prop_assert_eq!(state[path], *old);
                        state.insert(path, *new);
                    }
                }
                prop_assert_eq!(state, BTreeMap::from([("p", want.1), ("q", want.3), ("r", 0)]));
            }
        }
    }
}
