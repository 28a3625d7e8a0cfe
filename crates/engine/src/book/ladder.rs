//! The prices of one side in order, best last, as sorted leaves.
//!
//! Trading is at the touch, so the best is at the very end: to look at it, to take it away and to
//! add beside it moves a few bytes. A leaf holds up to 128 prices; a price far away costs a search
//! and a move within its leaf, however many prices there are. A sorted tree costs three times as
//! much for the few hundred prices of a usual book.
//!
//! Keys are prices turned so that a better one is greater: a bid's price, the complement of an
//! ask's.

const LEAF: usize = 128;

#[derive(Debug, Clone, Default)]
struct Leaf {
    keys: Vec<u64>,
    slots: Vec<u32>,
}

/// Sorted keys, each with the slot of its level. Only a sole leaf may be empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Ladder {
    leaves: Vec<Leaf>,
}

impl Ladder {
    /// The best key's slot.
    #[inline]
    pub(super) fn best(&self) -> Option<u32> {
        self.leaves.last()?.slots.last().copied()
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let leaf = self.leaf_of(key)?;
        let leaf = self.leaves.get(leaf)?;
        let at = leaf.keys.binary_search(&key).ok()?;
        leaf.slots.get(at).copied()
    }

    /// The leaf a key is in, or belongs into; none when there is no leaf.
    #[inline]
    fn leaf_of(&self, key: u64) -> Option<usize> {
        let last = self.leaves.len().checked_sub(1)?;
        let starts = |leaf: &Leaf| leaf.keys.first().is_some_and(|&first| first <= key);
        if last == 0 || self.leaves.last().is_some_and(starts) {
            return Some(last);
        }
        Some(self.leaves.partition_point(starts).saturating_sub(1))
    }

    /// Adds a key that is not there yet.
    pub(super) fn insert(&mut self, key: u64, slot: u32) {
        let leaf_at = self.leaf_of(key).unwrap_or_else(|| {
            self.leaves.push(Leaf::default());
            0
        });
        let Some(leaf) = self.leaves.get_mut(leaf_at) else {
            return;
        };
        let at = leaf.keys.partition_point(|&k| k < key);
        leaf.keys.insert(at, key);
        leaf.slots.insert(at, slot);
        if leaf.keys.len() > LEAF {
            let keys = leaf.keys.split_off(LEAF / 2);
            let slots = leaf.slots.split_off(LEAF / 2);
            self.leaves
                .insert(leaf_at.saturating_add(1), Leaf { keys, slots });
        }
    }

    pub(super) fn remove(&mut self, key: u64) {
        let Some(leaf_at) = self.leaf_of(key) else {
            return;
        };
        let Some(leaf) = self.leaves.get_mut(leaf_at) else {
            return;
        };
        let Ok(at) = leaf.keys.binary_search(&key) else {
            return;
        };
        leaf.keys.remove(at);
        leaf.slots.remove(at);
        // The first leaf stays for the next price, with its memory.
        if leaf.keys.is_empty() && self.leaves.len() > 1 {
            self.leaves.remove(leaf_at);
        }
    }

    /// Slots from the best on.
    pub(super) fn best_first(&self) -> impl Iterator<Item = u32> + '_ {
        let leaves = self.leaves.iter().rev();
        leaves.flat_map(|leaf| leaf.slots.iter().rev().copied())
    }

    /// Keys in rising order, for an audit.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.leaves
            .iter()
            .flat_map(|leaf| leaf.keys.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn check(steps: &[(bool, u64)]) {
        let (mut ladder, mut naive) = (Ladder::default(), BTreeMap::new());
        for (at, &(insert, key)) in steps.iter().enumerate() {
            assert_eq!(ladder.get(key), naive.get(&key).copied());
            if insert && !naive.contains_key(&key) {
                ladder.insert(key, at as u32);
                naive.insert(key, at as u32);
            } else if !insert {
                ladder.remove(key);
                naive.remove(&key);
            }
            let best = naive.last_key_value().map(|(_, &slot)| slot);
            assert_eq!(ladder.best(), best, "step {at}");
        }
        assert!(ladder.keys().eq(naive.keys().copied()));
        assert!(ladder.best_first().eq(naive.values().rev().copied()));
        assert!(ladder.leaves.iter().all(|leaf| leaf.keys.len() <= LEAF));
    }

    #[test]
    fn thousands_of_prices_up_down_and_from_the_middle() {
        let up = (0..2_000).map(|key| (true, key * 2));
        let between = (0..2_000).rev().map(|key| (true, key * 2 + 1));
        let holes = (300..3_700).map(|key| (false, key));
        let again = (0..4_000).map(|key| (true, (key * 37) % 4_000));
        check(
            &up.chain(between)
                .chain(holes)
                .chain(again)
                .collect::<Vec<_>>(),
        );
    }

    #[test]
    fn emptied_and_filled_again() {
        let come = (0..400).map(|key| (true, key));
        let go = (0..400).map(|key| (false, key));
        check(&come.clone().chain(go).chain(come).collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn says_what_a_sorted_map_says(
            steps in prop::collection::vec((any::<bool>(), 0u64..500), 0..1_500),
        ) {
            check(&steps);
        }
    }
}
