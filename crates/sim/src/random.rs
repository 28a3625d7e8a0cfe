//! Chance for scenarios: the same seed gives the same numbers on every machine.
//!
//! The generator is PCG XSL RR 128/64 (`rand_pcg::Pcg64`), a fixed published algorithm in pure
//! integer arithmetic. Each use draws from its own named stream, keyed by the blake3 hash of the
//! seed and the name, so that a new use (one more coin, one more agent) leaves the numbers of all
//! others as they were. Everything that leaves this module is an integer: no float, no `libm`.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// One named stream of random integers.
#[derive(Debug, Clone)]
pub struct Random(Pcg64);

impl Random {
    /// One standard deviation of [`Random::bell`].
    pub const BELL_ONE: i64 = 65_536;

    /// The stream called `name` of `seed`.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(name.as_bytes());
        let (mut state, mut increment) = ([0; 16], [0; 16]);
        let mut key = hasher.finalize_xof();
        key.fill(&mut state);
        key.fill(&mut increment);
        Self(Pcg64::new(
            u128::from_le_bytes(state),
            u128::from_le_bytes(increment),
        ))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..bound`, each as likely as any other; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a product is the answer; the few low halves that
        // would favour some answers are drawn again.
        let uneven = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            let (high, low) = ((product >> 64) as u64, product as u64);
            if low >= uneven {
                return high;
            }
        }
    }

    /// A number in `low..=high`, each as likely as any other; `low` when the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let width = high.abs_diff(low);
        let offset = match width.checked_add(1) {
            Some(count) => self.below(count),
            None => self.next_u64(),
        };
        low.wrapping_add_unsigned(offset)
    }

    /// True with a probability of `millionths` in a million.
    pub fn chance(&mut self, millionths: u32) -> bool {
        self.below(1_000_000) < u64::from(millionths)
    }

    /// A bell-shaped number with mean 0 and standard deviation [`Random::BELL_ONE`], never more
    /// than six of them away: the sum of twelve 16-bit uniforms, less its mean.
    pub fn bell(&mut self) -> i64 {
        const MEAN_OF_TWELVE: i64 = 12 * 65_535 / 2;
        let mut sum = 0;
        for _ in 0..3 {
            let bits = self.next_u64();
            for lane in 0..4 {
                sum += i64::from((bits >> (16 * lane)) as u16);
            }
        }
        sum - MEAN_OF_TWELVE
    }

    /// An index of `weights`, as likely as its weight; `None` when they sum to 0 or beyond 64 bits.
    pub fn weighted(&mut self, weights: &[u64]) -> Option<usize> {
        let total = weights
            .iter()
            .try_fold(0u64, |sum, weight| sum.checked_add(*weight))?;
        if total == 0 {
            return None;
        }
        let mut left = self.below(total);
        weights.iter().position(|weight| {
            if left < *weight {
                return true;
            }
            left -= weight;
            false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Random;
    use proptest::prelude::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut random = Random::new(7, "golden");
        let drawn: Vec<u64> = (0..4).map(|_| random.next_u64()).collect();
        expect_test::expect![[r#"
            [
                16783488388634158016,
                5934806695421574059,
                15326121452833798769,
                14506910541875402819,
            ]
        "#]]
        .assert_debug_eq(&drawn);
    }

    #[test]
    fn streams_of_one_seed_and_seeds_of_one_stream_differ() {
        let first = |seed, name| Random::new(seed, name).next_u64();
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_eq!(first(1, "a"), first(1, "a"));
    }

    #[test]
    fn below_gives_every_number_its_share() {
        let mut random = Random::new(1, "share");
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[random.below(6) as usize] += 1;
        }
        for count in counts {
            assert!((9_600..10_400).contains(&count), "{counts:?}");
        }
    }

    #[test]
    fn the_bell_has_mean_zero_and_unit_deviation() {
        let mut random = Random::new(1, "bell");
        let drawn: Vec<i64> = (0..40_000).map(|_| random.bell()).collect();
        let count = drawn.len() as i64;
        let mean = drawn.iter().sum::<i64>() / count;
        let variance = drawn.iter().map(|x| x * x).sum::<i64>() / count;
        let one = Random::BELL_ONE;
        assert!(mean.abs() < one / 50, "{mean}");
        assert!((variance - one * one).abs() < one * one / 30, "{variance}");
    }

    #[test]
    fn weights_decide_and_nothing_to_choose_from_is_none() {
        let mut random = Random::new(1, "weights");
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            counts[random.weighted(&[1, 0, 2]).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((9_500..10_500).contains(&counts[0]), "{counts:?}");
        assert_eq!(random.weighted(&[]), None);
        assert_eq!(random.weighted(&[0, 0]), None);
        assert_eq!(random.weighted(&[u64::MAX, 1]), None);
    }

    #[test]
    fn chance_at_its_ends_is_certain() {
        let mut random = Random::new(1, "chance");
        assert!((0..1_000).all(|_| random.chance(1_000_000)));
        assert!(!(0..1_000).any(|_| random.chance(0)));
    }

    proptest! {
        #[test]
        fn draws_stay_in_their_range(seed: u64, bound: u64, low: i64, high: i64) {
            let mut random = Random::new(seed, "range");
            prop_assert!(random.below(bound) < bound.max(1));
            let drawn = random.between(low, high);
            prop_assert!(drawn >= low && drawn <= high.max(low));
            prop_assert!(random.bell().abs() <= 6 * Random::BELL_ONE);
        }
    }
}
