//! The true prices after a breach, followed for an hour: would waiting have been enough?
//!
//! An account is followed by what it held when it came to breach: its equity moves with the true
//! price times the sizes it held, its requirement with the notional where the design's does. Both
//! are linear in the prices, so a stretch of the path in which neither the way to restoration nor that to bankruptcy can end
//! is passed over by its lowest and highest prices; the answer is that of looking at every price.
//!
//! Floats: what is compared is far from the last bits of a double, nothing is summed over accounts
//! but counts, and the order of operations is fixed, so that every machine counts alike.

#[cfg(test)]
mod tests;

use crate::prices::Timeline;
use crate::results::Amount;

use super::{Breach, Stake};

/// How long a breached account is followed.
pub const HOUR: i64 = 3_600_000;
/// Prices in a stretch.
const STRETCH: usize = 32;
/// Decimals of a timeline's prices and of marks.
const DECIMALS: u32 = 18;

/// The true prices of a run.
#[derive(Debug, Clone, Default)]
pub struct Path {
    times: Vec<i64>,
    markets: Vec<Market>,
}

/// One market's prices at every time of the path; not a number before its first.
#[derive(Debug, Clone, Default)]
struct Market {
    prices: Vec<f64>,
    /// Lowest and highest of every stretch.
    bounds: Vec<(f64, f64)>,
}

impl Path {
    /// The path of a timeline: a market keeps its price until the next one.
    #[must_use]
    pub fn new(timeline: &Timeline) -> Self {
        let times: Vec<i64> = timeline.ticks.iter().map(|t| t.time.millis()).collect();
        let mut last = vec![f64::NAN; timeline.markets.len()];
        let mut rows = vec![Vec::with_capacity(times.len()); last.len()];
        for tick in &timeline.ticks {
            for (market, price) in &tick.prices {
                if let Some(last) = last.get_mut(*market) {
                    *last = Amount::new(price.raw(), DECIMALS).approximate();
                }
            }
            for (row, price) in rows.iter_mut().zip(&last) {
                row.push(*price);
            }
        }
        let markets = rows.into_iter().map(Market::new).collect();
        Self { times, markets }
    }

    /// Whether the market alone would have restored the account within the hour; nothing when the
    /// path ends before that is known, or when the account's equity does not follow prices.
    pub(super) fn would_restore(&self, breach: &Breach) -> Option<bool> {
        let follower = Follower::new(breach)?;
        if follower
            .terms
            .iter()
            .any(|t| t.market >= self.markets.len())
        {
            return None;
        }
        let at = breach.at.millis();
        let from = self.times.partition_point(|time| *time <= at);
        let until = self
            .times
            .partition_point(|time| *time <= at.saturating_add(HOUR));
        let mut next = from;
        while next < until {
            let stretch = next / STRETCH;
            let end = until.min((stretch + 1) * STRETCH);
            if next == stretch * STRETCH && !follower.may_end(&self.markets, stretch) {
                next = end;
                continue;
            }
            for index in next..end {
                if let Some(restored) = follower.ended(&self.markets, index) {
                    return Some(restored);
                }
            }
            next = end;
        }
        let whole = self.times.last() >= Some(&at.saturating_add(HOUR));
        whole.then_some(false)
    }
}

impl Market {
    fn new(prices: Vec<f64>) -> Self {
        let bounds = prices.chunks(STRETCH).map(|stretch| {
            // `min` and `max` pass over what is not a number.
            let low = stretch.iter().copied().fold(f64::NAN, f64::min);
            let high = stretch.iter().copied().fold(f64::NAN, f64::max);
            (low, high)
        });
        Self {
            bounds: bounds.collect(),
            prices,
        }
    }
}

/// Equity and slack (equity less requirement) as linear functions of prices.
struct Follower {
    equity: f64,
    slack: f64,
    terms: Vec<Term>,
}

/// What a price of one is worth in one market.
struct Term {
    market: usize,
    equity: f64,
    slack: f64,
}

impl Follower {
    fn new(breach: &Breach) -> Option<Self> {
        let float = |raw: i128| Amount::new(raw, 0).approximate();
        let held = |stake: &&Stake| stake.notional != 0 && stake.mark > 0;
        let stakes: Vec<&Stake> = breach.stakes.iter().filter(held).collect();
        let notional: f64 = stakes.iter().map(|s| float(s.notional).abs()).sum();
        if stakes.is_empty() {
            return None;
        }
        let (equity, requirement) = (float(breach.equity), float(breach.requirement));
        let (fixed, ratio) = if breach.scales {
            (0.0, requirement / notional)
        } else {
            (requirement, 0.0)
        };
        let term = |stake: &&Stake| {
            let mark = Amount::new(stake.mark, DECIMALS).approximate();
            let notional = float(stake.notional);
            Term {
                market: stake.market,
                equity: notional / mark,
                slack: (notional - ratio * notional.abs()) / mark,
            }
        };
        // At the mark every stake has the value it came with; it moves from there.
        let signed: f64 = stakes.iter().map(|s| float(s.notional)).sum();
        Some(Self {
            equity: equity - signed,
            slack: equity - signed - fixed,
            terms: stakes.iter().map(term).collect(),
        })
    }

    /// Restored, or bankrupt, or neither at one price of the path.
    fn ended(&self, markets: &[Market], index: usize) -> Option<bool> {
        let (mut equity, mut slack) = (self.equity, self.slack);
        for term in &self.terms {
            let price = markets[term.market].prices[index];
            equity += term.equity * price;
            slack += term.slack * price;
        }
        if slack >= 0.0 {
            Some(true)
        } else if equity < 0.0 {
            Some(false)
        } else {
            None
        }
    }

    /// Whether either can happen within a stretch, by its lowest and highest prices.
    fn may_end(&self, markets: &[Market], stretch: usize) -> bool {
        let (mut equity, mut slack) = (self.equity, self.slack);
        for term in &self.terms {
            let (low, high) = markets[term.market].bounds[stretch];
            equity += (term.equity * low).min(term.equity * high);
            slack += (term.slack * low).max(term.slack * high);
        }
        // A hair more: the bounds are summed in the same order, but a sum may round either way.
        let hair = self.equity.abs() * 1e-12;
        equity < hair || slack >= -hair || equity.is_nan() || slack.is_nan()
    }
}
