//! Who has to be followed again. Functions share variables, fields and objects, and each is followed with what these
//! hold so far; when one grows behind the back of a function that has read it, that function is followed once more, and
//! with it whoever used what it was found to do.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::Shared;
use crate::analyze::ir::FunctionId;

/// What functions have read and used, and which of them are behind.
#[derive(Default)]
pub(super) struct Again {
    /// The functions being followed, the innermost call last.
    active: Vec<FunctionId>,
    readers: FxHashMap<Shared, BTreeSet<FunctionId>>,
    users: FxHashMap<FunctionId, BTreeSet<FunctionId>>,
    stale: BTreeSet<FunctionId>,
    /// Functions that calls were not followed into for lack of depth, in the order they were met.
    deep: Vec<FunctionId>,
}

impl Again {
    pub(super) fn begins(&mut self, id: FunctionId) {
        self.active.push(id);
    }

    pub(super) fn ends(&mut self) {
        self.active.pop();
    }

    /// Notes that the function being followed has read something.
    pub(super) fn reads(&mut self, shared: Shared) {
        if let Some(reader) = self.active.last() {
            self.readers.entry(shared).or_default().insert(*reader);
        }
    }

    /// Notes that it has used what another is found to do.
    pub(super) fn uses(&mut self, id: FunctionId) {
        if let Some(user) = self.active.last().filter(|user| **user != id) {
            self.users.entry(id).or_default().insert(*user);
        }
    }

    /// A call of it was not followed: whoever made that is followed again, once it is known what the function does.
    pub(super) fn too_deep(&mut self, id: FunctionId) {
        self.stale.insert(id);
        self.deep.push(id);
    }

    /// The functions that were too deep, those first that others are known by.
    pub(super) fn deepest_first(&mut self) -> Vec<FunctionId> {
        let mut deep = std::mem::take(&mut self.deep);
        deep.reverse();
        deep
    }

    /// Something says more than it did.
    pub(super) fn grown(&mut self, shared: Shared) {
        if let Some(readers) = self.readers.get(&shared) {
            self.stale.extend(readers);
        }
    }

    /// More, or less, is known of what a function is called with.
    pub(super) fn behind(&mut self, id: FunctionId) {
        self.stale.insert(id);
    }

    /// The functions that are behind, who used them, and what stands inside these; none is behind then.
    pub(super) fn take(&mut self, inside: &FxHashMap<FunctionId, Vec<FunctionId>>) -> BTreeSet<FunctionId> {
        let mut again = std::mem::take(&mut self.stale);
        let mut open: Vec<FunctionId> = again.iter().copied().collect();
        while let Some(id) = open.pop() {
            let users = self.users.get(&id).into_iter().flatten();
            for next in users.chain(inside.get(&id).into_iter().flatten()) {
                if again.insert(*next) {
                    open.push(*next);
                }
            }
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn function(id: u32) -> FunctionId {
        FunctionId(id)
    }

    #[test]
    fn whoever_read_or_used_is_followed_again() {
        let mut again = Again::default();
        let shared = Shared::Variable(function(0), crate::analyze::ir::Name(7));
        // 1 reads; 2 uses 1; 3 stands inside 2; 4 has nothing to do with it.
        again.begins(function(2));
        again.begins(function(1));
        again.reads(shared);
        again.ends();
        again.uses(function(1));
        again.ends();
        again.begins(function(4));
        again.ends();
        let inside = FxHashMap::from_iter([(function(2), vec![function(3)])]);
        assert!(again.take(&inside).is_empty());
        again.grown(shared);
        let all: Vec<u32> = again.take(&inside).into_iter().map(|id| id.0).collect();
        assert_eq!(all, [1, 2, 3]);
        assert!(again.take(&inside).is_empty());
    }
}
