//! One market: its price, its fee indices, and its open interest by side.
//!
//! Fees accrue lazily: [`Market::indices`] is a view at any time, and `accrue` writes
//! exactly that view down. It must be called before open interest or a limit changes, because
//! both are in the funding rate's formula; nothing else ever writes the indices.
//!
//! Invariants: the open interest of a side is the sum of its positions' sizes; the integral is
//! that of the open interest over time since the epoch began.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Duration, Notional, Side, Timestamp};

use super::config::{MarketParams, Sides};
use super::fees::{Demand, Funding, borrowing_index};
use crate::oracle::Feed;

/// One side of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Cell {
    /// Sum of the entry notionals.
    pub open: Notional<6>,
    /// What it may be at most.
    pub limit: Notional<6>,
    /// Time-weighted average of the last full epoch.
    pub previous: Notional<6>,
    /// Borrowing index when it was last accrued: rate times milliseconds.
    pub borrow_index: i64,
    /// Raw open interest times milliseconds since the epoch began, up to `since`.
    integral: i128,
    since: Timestamp,
}

impl Cell {
    /// Time-weighted average of the stretch from `from` to `to`, down. The open interest now
    /// when no time has passed.
    pub(super) fn average(&self, from: Timestamp, to: Timestamp) -> Notional<6> {
        let whole = i128::from(to.millis().saturating_sub(from.millis()));
        let average = self.integral_at(to).checked_div(whole);
        average.map_or(self.open, Notional::from_raw)
    }

    /// Forgets the past: a new stretch begins.
    pub(super) fn restart(&mut self, at: Timestamp) {
        self.integral = 0;
        self.since = at;
    }

    pub(super) fn integral_at(&self, at: Timestamp) -> i128 {
        let held = i128::from(at.millis().saturating_sub(self.since.millis())).max(0);
        // Saturating: 2^63 raw per position and 2^63 ms stay below 2^127 unless a side holds more
        // than any position can, and then an average too low only makes limits tighter.
        self.integral
            .saturating_add(self.open.raw().saturating_mul(held))
    }
}

/// The indices of a market at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indices {
    /// Funding rate and index.
    pub funding: Funding,
    /// Borrowing indices.
    pub borrowed: Sides<i64>,
}

impl Indices {
    /// What holding one whole unit of notional on a side has cost so far, in units of
    /// `1 / (9 * 1e15)`: the common grid of funding (1e15) and borrowing (rate times
    /// milliseconds, 3.6e12) on which both are integers.
    #[must_use]
    pub fn cost(&self, side: Side) -> i128 {
        let funding = i128::from(self.funding.index_e15)
            .saturating_mul(side.sign())
            .saturating_mul(9);
        let borrowed = i128::from(*self.borrowed.of(side)).saturating_mul(2_500);
        funding.saturating_add(borrowed)
    }
}

/// The accrual time of a market nobody has traded in yet: its funding starts with the first
/// trade, as in the contract, or a long bias would have built up a rate before anybody came.
const UNSTARTED: Timestamp = Timestamp::MAX;

/// One whole unit of notional, on the grid of [`Indices::cost`].
pub(super) const COST_ONE: i128 = 9_000_000_000_000_000;

/// One market.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Market {
    /// Its parameters.
    pub params: MarketParams,
    /// Its newest price.
    pub feed: Feed,
    /// Its funding when it was last accrued; borrowing was accrued at the same time.
    pub funding: Funding,
    /// Its two sides.
    pub cells: Sides<Cell>,
}

impl Market {
    pub(super) fn new(params: MarketParams, now: Timestamp) -> Self {
        let cell = Cell {
            since: now,
            ..Cell::default()
        };
        Self {
            params,
            feed: Feed::default(),
            funding: Funding {
                at: UNSTARTED,
                ..Funding::default()
            },
            cells: Sides::both(cell),
        }
    }

    /// Change of the funding rate per hour, as open interest and limits stand.
    #[must_use]
    pub fn velocity(&self) -> i128 {
        let Sides { long, short } = &self.cells;
        let demand = Demand {
            long: long.open,
            short: short.open,
            max_long: long.limit,
            max_short: short.limit,
        };
        let funding = &self.params.funding;
        funding.velocity(demand.skew_e5(), self.funding.rate_e15)
    }

    /// Whether anybody ever traded here.
    #[must_use]
    pub fn started(&self) -> bool {
        self.funding.at != UNSTARTED
    }

    /// Funding and borrowing as they stand at `now`.
    #[must_use]
    pub fn indices(&self, now: Timestamp) -> Indices {
        let held = now.millis().saturating_sub(self.funding.at.millis());
        if held <= 0 {
            let (long, short) = (self.cells.long.borrow_index, self.cells.short.borrow_index);
            return Indices {
                funding: self.funding,
                borrowed: Sides { long, short },
            };
        }
        let max_rate = self.params.funding.max_rate();
        let borrowed = |side| {
            let rate = *self.params.borrow_rate_e6.of(side);
            borrowing_index(self.cells.of(side).borrow_index, rate, Duration(held))
        };
        Indices {
            funding: self.funding.at(now, self.velocity(), max_rate),
            borrowed: Sides {
                long: borrowed(Side::Long),
                short: borrowed(Side::Short),
            },
        }
    }

    /// Writes the indices of `now` down.
    pub(super) fn accrue(&mut self, now: Timestamp) {
        let indices = self.indices(now);
        self.funding = indices.funding;
        self.cells.long.borrow_index = indices.borrowed.long;
        self.cells.short.borrow_index = indices.borrowed.short;
    }

    /// Adds to (or takes from) the open interest of a side; fees are accrued first. Saturating
    /// only in words: the sum of positions that fit 63 bits each cannot reach 127, and no more
    /// is ever taken than was added.
    pub(super) fn change_open(&mut self, now: Timestamp, side: Side, by: i128) {
        self.accrue(now);
        self.funding.at = now;
        let cell = self.cells.of_mut(side);
        cell.integral = cell.integral_at(now);
        cell.since = now;
        cell.open = Notional::from_raw(cell.open.raw().saturating_add(by));
    }
}
