//! Chance for benchmark data: the same numbers on every machine and in every run.
//!
//! PCG XSH RR 64/32: a linear congruential generator whose output is permuted. Nothing here needs
//! more than that, and a benchmark that drew its data from a library would change with it.

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

/// A stream of integers.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT))
    }

    /// 32 bits.
    // The permutation takes the middle of the state; the casts drop the rest on purpose.
    #[allow(clippy::cast_possible_truncation)]
    pub const fn bits(&mut self) -> u32 {
        let old = self.0;
        self.0 = old.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        let mixed = (((old >> 18) ^ old) >> 27) as u32;
        mixed.rotate_right((old >> 59) as u32)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias of the method (below `bound / 2^32`)
    /// does not matter here.
    pub const fn below(&mut self, bound: u32) -> u32 {
        let product = self.bits() as u64 * bound as u64;
        (product >> 32) as u32
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u32::try_from(high - low + 1).expect("a range of a benchmark is narrow");
        low + i64::from(self.below(width))
    }

    /// A number around 0 with a standard deviation of `one`, never more than about 3.5 of them
    /// away: the sum of four uniforms.
    pub fn bell(&mut self, one: i64) -> i64 {
        // Each uniform on 0..=65535 has a deviation of 18,918.3; four of them twice that.
        let sum: i64 = (0..4).map(|_| i64::from(self.bits() >> 16)).sum();
        (sum - 2 * 65_535) * one / 37_837
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_seed_never_change() {
        let mut chance = Chance::new(7);
        let drawn: Vec<u32> = (0..4).map(|_| chance.below(1_000)).collect();
        assert_eq!(drawn, [793, 324, 83, 772]);
    }

    #[test]
    fn a_bell_has_the_deviation_it_says() {
        let mut chance = Chance::new(1);
        let n = 100_000;
        let squares: i64 = (0..n).map(|_| chance.bell(1_000).pow(2)).sum();
        assert!(
            (980_000..1_020_000).contains(&(squares / n)),
            "{}",
            squares / n
        );
    }
}
