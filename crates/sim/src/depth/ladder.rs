//! One side-by-side ladder of quotes around a price: when its makers quote anew, and what.
//!
//! Makers quote anew when the price has moved by more than they care about, or when somebody took
//! from them; what is taken is not there again before the next price. Around a price the ladder has
//! the shape of real books, thinned by how far the price has run.
//!
//! Units: prices and quantities in pips (1e-8), notional in pips of quote, shares in millionths.

use plimsoll_units::Timestamp;

use super::{Run, Shape, Thinning};

/// One in millionths.
const PPM: i128 = 1_000_000;
/// One, in pips.
const PIP: i128 = 100_000_000;

/// What a book's makers are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    /// The shape of their ladders.
    pub shape: Shape,
    /// How they thin.
    pub thinning: Thinning,
    /// They quote anew when the price has moved by this, millionths.
    pub requote_ppm: i128,
}

/// What else thins and widens books: all of it, in millionths; a million each in calm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strain {
    /// What is left of the depth.
    pub depth_ppm: i128,
    /// How many times as wide.
    pub spread_ppm: i128,
}

impl Strain {
    /// None.
    pub const NONE: Self = Self {
        depth_ppm: PPM,
        spread_ppm: PPM,
    };
}

/// A market's grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Prices are multiples of this.
    pub tick: u64,
    /// Quantities are multiples of this.
    pub step: u64,
    /// The least that an order is for.
    pub least: u64,
}

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// Whether somebody buys there.
    pub bid: bool,
    /// At which price.
    pub price: u64,
    /// How much.
    pub quantity: u64,
}

/// A market's ladder.
#[derive(Debug, Clone)]
pub struct Ladder {
    grid: Grid,
    /// What lies within the reference distance on each side in calm times, in pips of quote.
    within_reference: i128,
    run: Run,
    /// The price it was quoted around; zero before the first.
    around: u64,
    taken: bool,
    strain: Strain,
}

impl Ladder {
    /// A ladder not quoted yet.
    #[must_use]
    pub fn new(grid: Grid, within_reference: i128) -> Self {
        Self {
            grid,
            within_reference,
            run: Run::default(),
            around: 0,
            taken: false,
            strain: Strain::NONE,
        }
    }

    /// Whether it was ever quoted.
    #[must_use]
    pub const fn is_quoted(&self) -> bool {
        self.around > 0
    }

    /// Somebody took from it.
    pub fn taken_from(&mut self) {
        self.taken = true;
    }

    /// The share of their depth that its makers keep now, millionths.
    #[must_use]
    pub fn left(&self, habits: &Habits) -> u32 {
        habits.thinning.left(self.run.moved())
    }

    /// Sees the next price; whether its makers quote anew around it.
    pub fn sees(&mut self, habits: &Habits, price: u64, at: Timestamp, strain: Strain) -> bool {
        self.run.push(at, price.into(), habits.thinning.over);
        let moved = i128::from(price.abs_diff(self.around)).saturating_mul(PPM);
        let calm = moved < habits.requote_ppm.saturating_mul(self.around.into());
        if calm && !self.taken && self.around > 0 && self.strain == strain {
            return false;
        }
        self.around = price;
        self.taken = false;
        self.strain = strain;
        true
    }

    /// The rungs around a price, nearest first: bids down to the grid, asks up, quantities down.
    #[must_use]
    pub fn rungs(&self, habits: &Habits, price: u64) -> Vec<Rung> {
        let left = i128::from(self.left(habits));
        let within = self.within_reference.saturating_mul(left) / PPM;
        let within = within.saturating_mul(self.strain.depth_ppm) / PPM;
        let (tick, step) = (self.grid.tick.max(1), self.grid.step.max(1));
        let mut rungs = Vec::new();
        for (bps, amount) in habits.shape.rungs(within) {
            let quantity = units(amount, price) / step * step;
            if quantity == 0 || quantity < self.grid.least {
                continue;
            }
            let away = i128::from(price).saturating_mul(bps.into()) / 10_000;
            let away = away.saturating_mul(self.strain.spread_ppm) / PPM;
            let away = u64::try_from(away).unwrap_or(price).max(1);
            let bid = price.saturating_sub(away) / tick * tick;
            let ask = price
                .saturating_add(away)
                .div_ceil(tick)
                .saturating_mul(tick);
            for (is_bid, price) in [(true, bid), (false, ask)] {
                if price > 0 {
                    rungs.push(Rung {
                        bid: is_bid,
                        price,
                        quantity,
                    });
                }
            }
        }
        rungs
    }
}

/// What a notional comes to at a price, cut off.
fn units(notional: i128, price: u64) -> u64 {
    let units = notional.saturating_mul(PIP).checked_div(price.into());
    u64::try_from(units.unwrap_or(0)).unwrap_or(u64::MAX)
}
