//! From a number to a slot, in one cache line as a rule.
//!
//! Open addressing with linear probing, keys hashed in groups of four so that orders numbered one
//! after the other share a line. There is no random state and nobody iterates over it, so it has
//! no order that could reach a result; it is not part of the canonical bytes. Keys are numbers the
//! venue gives (orders, accounts), not ones a participant may choose to make them collide.

/// 2^64 divided by the golden ratio, odd: consecutive groups land far apart.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
const GROUP_BITS: u32 = 2;
const EMPTY: u32 = u32::MAX;
const LEAST_BITS: u32 = 6;

/// A map from `u64` to a slot below `u32::MAX`.
#[derive(Debug, Clone)]
pub(super) struct IdMap {
    entries: Vec<(u64, u32)>,
    len: usize,
    /// How far a hash is shifted to give the number of a group.
    shift: u32,
}

impl Default for IdMap {
    fn default() -> Self {
        Self::with_bits(LEAST_BITS)
    }
}

impl IdMap {
    fn with_bits(bits: u32) -> Self {
        Self {
            entries: vec![(0, EMPTY); 1usize.wrapping_shl(bits)],
            len: 0,
            shift: u64::BITS.wrapping_sub(bits.wrapping_sub(GROUP_BITS)),
        }
    }

    #[inline]
    fn mask(&self) -> usize {
        // A power of two that is never zero.
        self.entries.len().wrapping_sub(1)
    }

    /// Where a key would be if nothing were in its way.
    #[inline]
    fn home(&self, key: u64) -> usize {
        let group = key.wrapping_shr(GROUP_BITS).wrapping_mul(SPREAD);
        let group = group.wrapping_shr(self.shift).wrapping_shl(GROUP_BITS);
        let at = group | (key & 3);
        usize::try_from(at).unwrap_or(0) & self.mask()
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.mask()
    }

    /// The place of a key, or the empty place where it would go.
    #[inline]
    fn seek(&self, key: u64) -> usize {
        let mut at = self.home(key);
        loop {
            let (found, slot) = self.entries[at];
            if slot == EMPTY || found == key {
                return at;
            }
            at = self.next(at);
        }
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let (_, slot) = self.entries[self.seek(key)];
        (slot != EMPTY).then_some(slot)
    }

    /// Sets the slot of a key.
    #[inline]
    pub(super) fn insert(&mut self, key: u64, slot: u32) {
        if self.len.wrapping_shl(1) >= self.entries.len() {
            self.grow();
        }
        let at = self.seek(key);
        if self.entries[at].1 == EMPTY {
            self.len = self.len.wrapping_add(1);
        }
        self.entries[at] = (key, slot);
    }

    /// Forgets a key, and moves back the entries that had to make way for it.
    #[inline]
    pub(super) fn remove(&mut self, key: u64) {
        let mut hole = self.seek(key);
        if self.entries[hole].1 == EMPTY {
            return;
        }
        self.len = self.len.wrapping_sub(1);
        let mut at = hole;
        loop {
            at = self.next(at);
            let (moved, slot) = self.entries[at];
            if slot == EMPTY {
                break;
            }
            // It may fill the hole if its home is not between the hole and where it is.
            let from_home = at.wrapping_sub(self.home(moved)) & self.mask();
            let from_hole = at.wrapping_sub(hole) & self.mask();
            if from_home >= from_hole {
                self.entries[hole] = (moved, slot);
                hole = at;
            }
        }
        self.entries[hole].1 = EMPTY;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[cold]
    fn grow(&mut self) {
        let bits = self.entries.len().trailing_zeros().wrapping_add(1);
        let old = std::mem::replace(self, Self::with_bits(bits));
        for (key, slot) in old.entries {
            if slot != EMPTY {
                self.insert(key, slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What the map says of a key must be what a `BTreeMap` says, after every step.
    fn check(steps: &[(bool, u64)]) {
        let (mut map, mut naive) = (IdMap::default(), BTreeMap::new());
        for (at, &(insert, key)) in steps.iter().enumerate() {
            if insert {
                map.insert(key, at as u32);
                naive.insert(key, at as u32);
            } else {
                map.remove(key);
                naive.remove(&key);
            }
            assert_eq!(map.len(), naive.len());
            assert_eq!(map.get(key), naive.get(&key).copied());
        }
        for &(_, key) in steps {
            assert_eq!(map.get(key), naive.get(&key).copied(), "{key}");
        }
    }

    #[test]
    fn consecutive_numbers_that_come_and_go() {
        let come = (0..5_000).map(|key| (true, key));
        let go = (0..5_000)
            .filter(|key| key % 3 != 0)
            .map(|key| (false, key));
        let again = (4_000..9_000).map(|key| (true, key));
        check(&come.chain(go).chain(again).collect::<Vec<_>>());
    }

    #[test]
    fn keys_of_one_home_probe_around_the_end_of_the_table() {
        let map = IdMap::default();
        let last = (0u64..).filter(|&key| map.home(key) == map.mask());
        let keys: Vec<u64> = last.take(12).collect();
        let mut steps: Vec<(bool, u64)> = keys.iter().map(|&key| (true, key)).collect();
        steps.extend([(false, keys[0]), (false, keys[5]), (true, keys[0])]);
        steps.extend(keys.iter().map(|&key| (false, key)));
        check(&steps);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn says_what_a_sorted_map_says(
            steps in prop::collection::vec((any::<bool>(), 0u64..96), 0..400),
            spread in prop_oneof![Just(1u64), Just(4), Just(1 << 40), Just(u64::MAX / 97)],
        ) {
            let steps: Vec<_> = steps.into_iter().map(|(i, k)| (i, k * spread)).collect();
            check(&steps);
        }
    }
}
