//! A gap of 10 % in one market, carried out to its end: liquidation, an insurance fund that is too
//! small, and deleveraging for the rest, all of it booked.
//!
//! The positions are plain rows that a second program can be given too ([`Row::csv`]): pairs of a
//! long and a short of one size, opened at 2000, at 3 to 25 times their own money. The venue is a
//! Kuma venue in one market. A wallet below its requirement is taken over by the fund at its
//! bankruptcy price while the fund has margin for it, and is otherwise deleveraged at that price
//! against the best-placed of the other side. There is no book and there are no partners.
//!
//! Units: sizes in tenths of a coin, money in cents; pips (1e-8) inside the engine.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use plimsoll_engine::Engine;
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::stages::{Acquire, Deleverage};
use plimsoll_engine::liquidation::{Stage, Whose};
use plimsoll_engine::venues::VenueConfig;
use plimsoll_engine::venues::kuma::SeedWallet;

use crate::cascade_kuma::{self as kuma_gap, Done};
use crate::chance::Chance;

/// The price all positions were opened at, in cents.
pub const ENTRY_CENTS: i64 = 200_000;
/// The price after the gap, in cents.
pub const AFTER_CENTS: i64 = 180_000;
/// What the fund has, of the longs' notional at entry: 1/100. Far too little for such a gap.
pub const FUND_PART: i64 = 100;

const PIPS_PER_CENT: i64 = 1_000_000;
const PIPS_PER_TENTH: i64 = 10_000_000;
const SEED: u64 = 437_723;

/// A position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Tenths of a coin; below zero for a short.
    pub size_tenths: i64,
    /// The owner's own money, in cents.
    pub collateral_cents: i64,
}

impl Row {
    /// As a line: size in coins, collateral in whole units.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut line = String::new();
        let tenths = self.size_tenths.abs();
        let sign = if self.size_tenths < 0 { "-" } else { "" };
        let money = (self.collateral_cents / 100, self.collateral_cents % 100);
        write!(
            line,
            "{sign}{}.{},{}.{:02}",
            tenths / 10,
            tenths % 10,
            money.0,
            money.1
        )
        .expect("a string takes everything");
        line
    }
}

/// So many positions, at least 2: every long has a short of its size. Of an odd number the last
/// long has two, which share its size.
#[must_use]
pub fn rows(positions: u32) -> Vec<Row> {
    let mut chance = Chance::new(SEED);
    let mut rows = Vec::new();
    for _ in 0..positions / 2 {
        let tenths = chance.between(2, 40);
        for sign in [1, -1] {
            rows.push(row(&mut chance, sign * tenths));
        }
    }
    if positions % 2 == 1
        && let Some(last) = rows.pop()
    {
        rows.push(row(&mut chance, last.size_tenths + 1));
        rows.push(row(&mut chance, -1));
    }
    rows
}

fn row(chance: &mut Chance, size_tenths: i64) -> Row {
    let leverage_e2 = chance.between(300, 2_500);
    Row {
        size_tenths,
        collateral_cents: size_tenths.abs() * ENTRY_CENTS / 10 * 100 / leverage_e2,
    }
}

/// What the fund has for these positions, in cents.
#[must_use]
pub fn fund_cents(rows: &[Row]) -> i64 {
    let longs: i64 = rows.iter().map(|row| row.size_tenths.max(0)).sum();
    longs * ENTRY_CENTS / 10 / FUND_PART
}

/// A venue before the gap.
#[derive(Debug)]
pub struct Market {
    engine: Engine,
    due: u32,
}

impl Market {
    /// A venue with these positions.
    ///
    /// # Panics
    /// When the venue cannot be.
    #[must_use]
    pub fn build(rows: &[Row]) -> Self {
        let mut config = kuma_gap::config_of(fund_cents(rows) * PIPS_PER_CENT);
        config.service.procedure = vec![
            Stage::Acquire(Acquire),
            Stage::Deleverage(Deleverage {
                whose: Whose::Account,
                policy: Policy::Queue,
            }),
        ];
        config.wallets.extend(rows.iter().map(wallet));
        let config = plimsoll_engine::Config {
            assets: vec![Asset {
                symbol: "USD".to_owned(),
                decimals: 8,
            }],
            venues: vec![VenueConfig::Kuma(Box::new(config))],
        };
        let due = rows.iter().filter(|row| is_due(row)).count();
        Self {
            engine: Engine::new(&config).expect("the venue can be"),
            due: u32::try_from(due).expect("there are fewer wallets"),
        }
    }

    /// The gap, on a copy of the venue.
    ///
    /// # Panics
    /// When it is refused, a due wallet is left, or the books do not balance.
    #[must_use]
    pub fn run(&self) -> Done {
        let mut engine = self.engine.clone();
        let gap = kuma_gap::gap_to((AFTER_CENTS * PIPS_PER_CENT).unsigned_abs());
        let start = Instant::now();
        let events = engine.apply(&gap).expect("a gap is accepted");
        let total = start.elapsed();
        let done = kuma_gap::count(events, total);
        assert_eq!(done.liquidated, self.due, "a due wallet is left");
        engine.audit().expect("the books balance");
        done
    }
}

/// The fastest of some runs, which all do the same.
///
/// # Panics
/// When two runs differ in what they did, or there is none.
#[must_use]
pub fn best(market: &Market, runs: usize) -> (Done, Vec<Duration>) {
    let mut done: Vec<Done> = (0..runs).map(|_| market.run()).collect();
    let times = done.iter().map(|done| done.total).collect();
    done.sort_by_key(|done| done.total);
    let first = *done.first().expect("at least one run");
    let same = |other: &Done| {
        let counts = |d: &Done| (d.liquidated, d.acquired, d.deleveraged, d.events);
        counts(other) == counts(&first)
    };
    assert!(done.iter().all(same), "the same gap went another way");
    (first, times)
}

/// Whether the rule finds it due after the gap: value below 3 % of the notional.
fn is_due(row: &Row) -> bool {
    let won = row.size_tenths * (AFTER_CENTS - ENTRY_CENTS) / 10;
    let notional = row.size_tenths.abs() * AFTER_CENTS / 10;
    (row.collateral_cents + won) * 100 < notional * 3
}

fn wallet(row: &Row) -> SeedWallet {
    let size = row.size_tenths * PIPS_PER_TENTH;
    let paid = row.size_tenths * ENTRY_CENTS / 10;
    let quote = (row.collateral_cents - paid) * PIPS_PER_CENT;
    kuma_gap::wallet(quote, size)
}

#[cfg(test)]
mod tests {
    use super::{Market, Row, best, fund_cents, is_due, rows};

    #[test]
    fn a_row_reads_as_it_is() {
        let row = |size_tenths, collateral_cents| Row {
            size_tenths,
            collateral_cents,
        };
        assert_eq!(row(-5, 4_005).csv(), "-0.5,40.05");
        assert_eq!(row(40, 123_456).csv(), "4.0,1234.56");
    }

    #[test]
    fn a_fund_too_small_takes_some_and_the_rest_is_deleveraged() {
        let rows = rows(1_001);
        assert_eq!(rows.len(), 1_001);
        assert_eq!(rows.iter().map(|row| row.size_tenths).sum::<i64>(), 0);
        let (done, times) = best(&Market::build(&rows), 2);
        assert_eq!(times.len(), 2);
        let due = rows.iter().filter(|row| is_due(row)).count();
        assert_eq!(done.liquidated as usize, due);
        assert!(fund_cents(&rows) > 0);
        assert!(
            done.acquired > 0 && done.acquired < done.liquidated,
            "{done:?}"
        );
        assert!(done.deleveraged > 0, "{done:?}");
    }
}
