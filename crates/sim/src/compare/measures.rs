//! What is measured of a design, and how each number is defined.

mod definitions;

use plimsoll_units::{Rounding, mul_div};
use serde::Serialize;

pub use definitions::{Better, Definition, Unit, definitions};

use crate::results::Line;

/// The measures of one design. Money is in micro-dollars, times in ms.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Measures {
    /// Traders who held a position at any time.
    pub traders: u64,
    /// What they put in.
    pub deposits: i128,
    /// Money that stood behind the traders at the start: fund, vault or makers. Partners' capital is
    /// not in it.
    pub backstop_start: i128,
    /// Notional of all traders' positions at its highest, long and short added.
    pub open_interest: i128,
    /// Traders who were liquidated at least once, in part or whole.
    pub liquidated: u64,
    /// Notional that liquidations took from traders, at the mark of that moment.
    pub liquidated_notional: i128,
    /// The least notional that would have restored them, each when the first was taken from it.
    pub needed_notional: i128,
    /// What was taken beyond what was needed, breach by breach.
    pub excess_notional: i128,
    /// Equity that traders still had when they were liquidated and had no longer after it, prices
    /// unchanged: penalties, confiscation, closing beside the mark.
    pub over_liquidation: i128,
    /// Losses beyond what bankrupt traders had, by who bore them, largest first.
    pub bad_debt: Vec<Share>,
    /// Of them, those that somebody else than the backstop bore.
    pub bad_debt_of_others: i128,
    /// What the backstop lost on positions it had taken over and let counterparties bear; below zero
    /// where they gained.
    pub passed_on: i128,
    /// The insurance fund or vault, where there is one.
    pub fund: Option<Fund>,
    /// Rewards and incentives paid, by who received them, largest first.
    pub incentives: Vec<Share>,
    /// From breach to resolution.
    pub speed: Speed,
    /// Traders whose positions were closed although they were sound.
    pub deleveraged: Deleveraged,
    /// What closing on the book did to it.
    pub book: Option<Book>,
    /// Liquidated traders whom the market would have restored within the hour.
    pub recovered: Recovered,
    /// Traders liquidated so far, over time.
    pub liquidated_over_time: Line,
    /// Bad debt so far, whole dollars, over time.
    pub bad_debt_over_time: Line,
    /// What the backstop has, whole dollars, over time.
    pub backstop_over_time: Line,
    /// Share of traders' equity left, of what they put in, over time.
    pub equity_over_time: Line,
}

impl Measures {
    /// Bad debt, whoever bore it.
    #[must_use]
    pub fn bad_debt_total(&self) -> i128 {
        total(&self.bad_debt)
    }

    /// Incentives, whoever received them.
    #[must_use]
    pub fn incentives_total(&self) -> i128 {
        total(&self.incentives)
    }

    /// Notional liquidated over open interest, millionths.
    #[must_use]
    pub fn liquidated_share(&self) -> i128 {
        millionths(self.liquidated_notional, self.open_interest)
    }

    /// Of the liquidated accounts that were followed, those that would have recovered, millionths;
    /// nothing where none was.
    #[must_use]
    pub fn recovered_share(&self) -> Option<i128> {
        let Recovered {
            followed,
            would_have,
        } = self.recovered;
        (followed > 0).then(|| millionths(would_have.into(), followed.into()))
    }
}

fn total(shares: &[Share]) -> i128 {
    let amounts = shares.iter().map(|share| share.amount);
    amounts.fold(0, i128::saturating_add)
}

fn millionths(part: i128, of: i128) -> i128 {
    mul_div(part, 1_000_000, of, Rounding::Down).unwrap_or(0)
}

/// Somebody's part of an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Who.
    pub who: String,
    /// How much, micro-dollars.
    pub amount: i128,
}

/// A backstop with money of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fund {
    /// What it is called: insurance fund, vault, makers.
    pub name: String,
    /// What it began with.
    pub start: i128,
    /// The least it had from the first breach on, positions it took over counted at the mark.
    pub low: i128,
    /// What it ended with.
    pub end: i128,
    /// What it would have had to begin with to bear every loss itself, nobody else any.
    pub sufficient: i128,
}

/// How fast breaches were resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Speed {
    /// Breaches: accounts that came to meet the design's own rule.
    pub breaches: u64,
    /// Half of all breaches were resolved within this, ms; nothing when fewer were resolved.
    pub median: Option<i64>,
    /// 99 of 100 were.
    pub p99: Option<i64>,
    /// Those that were never resolved.
    pub unresolved: u64,
}

/// Two numbers that go with a count of traders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Deleveraged {
    /// How many traders.
    pub traders: u64,
    /// What was taken from them, at the mark.
    pub notional: i128,
    /// What it cost them: their equity before less after, prices unchanged; below zero where
    /// they gained.
    pub cost: i128,
}

/// Impact on the order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Book {
    /// What was closed on it, at the mark.
    pub notional: i128,
    /// Average distance of the fills from the mark, hundredths of a basis point.
    pub mean_e2_bps: i64,
    /// The worst fill's.
    pub worst_e2_bps: i64,
}

/// Who would have been restored by waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Recovered {
    /// Liquidated accounts that could be followed for the hour.
    pub followed: u64,
    /// Of them, those that the market alone would have restored within it, never having been
    /// bankrupt before.
    pub would_have: u64,
}
