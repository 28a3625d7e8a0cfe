//! The shape of order books: how much lies how far from the middle, and how it thins.
//!
//! A [`Shape`] is the notional within a distance of the mid price, relative to what lies within
//! [`REFERENCE_BPS`] on the same side. The bundled one is the median of three real books, both
//! sides of each ([`Shape::bundled`]); [`Shape::read`] takes it from files of books.
//!
//! What the data supports is the shape of calm books. How large a book is follows a scenario's
//! parameter (a share of open interest). How it thins while the price runs ([`Thinning`]) is an
//! assumption: of the books at hand the longest covers six calm minutes, in which the depth of
//! twenty levels fell by some 2 % per basis point that the price had moved in ten seconds, a weak
//! relation (correlation -0.1) that says nothing of a crash.
//!
//! Everything here is integers: basis points, and millionths of the reference depth.

mod ladder;
mod read;

use std::path::PathBuf;

use plimsoll_units::{Duration, Timestamp};

pub use ladder::{Grid, Habits, Ladder, Rung, Strain};
pub use read::DepthError;

/// The distance from the middle, in basis points, that depth is measured against.
pub const REFERENCE_BPS: u32 = 20;

/// Distances from the middle at which a shape is kept, in basis points.
pub const DISTANCES: [u32; 16] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500,
];

/// A share in millionths.
const WHOLE: u32 = 1_000_000;

/// Notional within a distance of the middle, by distance in basis points; in millionths of what
/// lies within [`REFERENCE_BPS`]. Both rise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(Vec<(u32, u32)>);

/// Median of both sides of three books: BTCUSDT and ETHUSDT perpetuals of Binance (1,000 levels a
/// side on 8 August 2024, which reach 24 to 52 basis points), and the whole XBTUSD book of BitMEX
/// (9,346 levels on 22 July 2021), which alone reaches beyond.
const BUNDLED: [(u32, u32); 16] = [
    (1, 26_000),
    (2, 62_000),
    (3, 100_000),
    (5, 191_000),
    (7, 311_000),
    (10, 493_000),
    (15, 764_000),
    (20, 1_000_000),
    (30, 1_371_000),
    (50, 2_493_000),
    (75, 3_411_000),
    (100, 4_205_000),
    (150, 5_140_000),
    (200, 5_819_000),
    (300, 7_349_000),
    (500, 9_494_000),
];

impl Default for Shape {
    fn default() -> Self {
        Self::bundled()
    }
}

impl Shape {
    /// The shape of three real books; a test takes it from them again where the files are.
    #[must_use]
    pub fn bundled() -> Self {
        Self(BUNDLED.to_vec())
    }

    /// The median shape of the books in files: order book snapshots as exchanges publish them.
    ///
    /// # Errors
    /// [`DepthError`] as its variants say.
    pub fn read(files: &[PathBuf]) -> Result<Self, DepthError> {
        read::shape(files)
    }

    /// Distances and cumulative depth, in millionths of the reference.
    #[must_use]
    pub fn points(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// The rungs of a ladder: distance in basis points, and what lies between it and the rung
    /// before, given what lies within the reference distance.
    pub fn rungs(&self, within_reference: i128) -> impl Iterator<Item = (u32, i128)> {
        let mut before = 0u32;
        self.0.iter().map(move |&(bps, share)| {
            let part = share.saturating_sub(before);
            before = share;
            let amount = within_reference.saturating_mul(part.into()) / i128::from(WHOLE);
            (bps, amount)
        })
    }
}

/// How much of their depth makers keep while the price runs: a half at a move of `halves_at` over
/// `over`, a fifth at twice that, and never less than `least`.
///
/// An assumption, not a measurement; see the module documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thinning {
    /// The move at which half is left, in millionths.
    pub halves_at: u32,
    /// The time a move is measured over.
    pub over: Duration,
    /// The least that is left, in millionths.
    pub least: u32,
}

impl Thinning {
    /// The share that is left after a move, both in millionths.
    #[must_use]
    pub fn left(&self, moved: u32) -> u32 {
        let half = u128::from(self.halves_at).pow(2);
        let whole = half.saturating_add(u128::from(moved).pow(2));
        let left = half.saturating_mul(WHOLE.into()).checked_div(whole);
        u32::try_from(left.unwrap_or(WHOLE.into()))
            .unwrap_or(WHOLE)
            .max(self.least)
    }
}

/// The prices of the last while, for how far the price has run: from the highest or the lowest of
/// them to the newest, whichever is farther.
#[derive(Debug, Clone, Default)]
pub struct Run {
    prices: std::collections::VecDeque<(Timestamp, i128)>,
}

impl Run {
    /// Adds the price of a moment and forgets those from before `over`.
    pub fn push(&mut self, at: Timestamp, price: i128, over: Duration) {
        self.prices.push_back((at, price));
        while self
            .prices
            .front()
            .is_some_and(|(time, _)| time.saturating_add(over) < at)
        {
            self.prices.pop_front();
        }
    }

    /// How far the newest price is from the farthest, in millionths of it.
    #[must_use]
    pub fn moved(&self) -> u32 {
        let Some(&(_, now)) = self.prices.back() else {
            return 0;
        };
        let farthest = self
            .prices
            .iter()
            .map(|(_, price)| price.saturating_sub(now).saturating_abs())
            .max()
            .unwrap_or(0);
        let moved = farthest
            .saturating_mul(WHOLE.into())
            .checked_div(now.saturating_abs());
        u32::try_from(moved.unwrap_or(0)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_sum_to_the_cumulative_depth() {
        let shape = Shape::bundled();
        let rungs: Vec<(u32, i128)> = shape.rungs(1_000_000_000).collect();
        let within = |bps: u32| -> i128 {
            let near = rungs.iter().filter(|(at, _)| *at <= bps);
            near.map(|(_, amount)| amount).sum()
        };
        assert_eq!(within(REFERENCE_BPS), 1_000_000_000);
        for (bps, share) in shape.points() {
            assert_eq!(within(*bps), i128::from(*share) * 1_000, "{bps}");
        }
        assert!(rungs.iter().all(|(_, amount)| *amount >= 0));
    }

    #[test]
    fn a_book_thins_with_the_move_and_never_below_its_least() {
        let thinning = Thinning {
            halves_at: 20_000,
            over: Duration(300_000),
            least: 30_000,
        };
        for (moved, left) in [
            (0, 1_000_000),
            (10_000, 800_000),
            (20_000, 500_000),
            (40_000, 200_000),
            (80_000, 58_823),
            (200_000, 30_000),
            (u32::MAX, 30_000),
        ] {
            assert_eq!(thinning.left(moved), left, "{moved}");
        }
    }

    #[test]
    fn a_run_is_measured_over_its_time_alone() {
        let mut run = Run::default();
        assert_eq!(run.moved(), 0);
        for (second, price, moved) in [
            (0, 1_000, 0),
            (60, 900, 111_111),
            (120, 1_000, 111_111 * 9 / 10),
            // The 900 is more than the time ago.
            (361, 1_000, 0),
        ] {
            run.push(Timestamp(second * 1_000), price, Duration(300_000));
            assert!(
                run.moved().abs_diff(moved) <= 1,
                "{second}: {}",
                run.moved()
            );
        }
    }
}
