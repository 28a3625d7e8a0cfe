//! The naive scan, written as well as it can be: every position, every update, the exact rule.
//!
//! Rows lie in one flat array, read in order; what is common to a market (indices, price, limit)
//! is computed once per update; nothing is allocated and nothing is divided but the fees. The rule
//! is the venue's documented one in its exact form, out of the engine's public parts, and a test
//! holds it against the venue's own verdict.
//!
//! [`LeanScan`] is less than the rule: one stored price per position and two comparisons. It knows
//! nothing of fees that grow, collateral that changes and the profit limit; it is here to show
//! how cheap looking at everybody can be made.

use plimsoll_engine::Engine;
use plimsoll_engine::limits::profit::{Allowance, cap};
use plimsoll_engine::margin::isolated::{Isolated, TARGET_SCALE};
use plimsoll_engine::venues::tsunamix::fees::TradingFee;
use plimsoll_engine::venues::tsunamix::market::Indices;
use plimsoll_engine::venues::tsunamix::{Check, Position, TsunamiX};
use plimsoll_units::{Amount, Price, Rate, Side};

use crate::world::venue_of;

/// What is common to the positions of one market, at one update.
#[derive(Debug, Clone, Copy)]
struct MarketNow {
    indices: Indices,
    price: Price<18>,
    threshold: Rate<6>,
    fee: TradingFee,
    cap: Amount<6>,
}

/// One position with its collateral, 64 bits of money as everywhere in the venue.
#[derive(Debug, Clone, Copy)]
struct Row {
    position: Position,
    collateral: i64,
}

/// All positions of a venue as flat rows.
#[derive(Debug)]
pub struct Scan {
    rows: Vec<Row>,
    markets: Vec<MarketNow>,
    check: Check,
}

impl Scan {
    /// Copies the positions of an engine's venue.
    ///
    /// # Panics
    /// When the venue's numbers are beyond what its own rules allow.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let venue = venue_of(engine);
        let rows = venue.positions().iter().map(|(_, position)| Row {
            position: *position,
            collateral: i64::try_from(engine.ledger().balance(position.collateral))
                .expect("collateral fits 64 bits"),
        });
        let mut scan = Self {
            rows: rows.collect(),
            markets: Vec::new(),
            check: venue.rules().check,
        };
        scan.update(engine);
        scan
    }

    /// How many positions there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes prices, indices and the vault's money of the engine: once per update.
    ///
    /// # Panics
    /// When the profit limit does not fit 128 bits.
    pub fn update(&mut self, engine: &Engine) {
        let venue = venue_of(engine);
        let tvl = venue.tvl(engine.ledger());
        self.markets.clear();
        self.markets.extend(venue.markets().iter().map(|market| {
            let pct = market.params.profit_pct_e5;
            MarketNow {
                indices: market.indices(engine.now()),
                price: Price::from_raw(market.feed.price),
                threshold: market.params.threshold,
                fee: TradingFee::plain(market.params.trading_fee_e5),
                cap: cap(tvl, pct.unwrap_or(venue.rules().profit_pct_e5)).expect("a limit fits"),
            }
        }));
    }

    /// Looks at every position and counts those that a rule ends.
    #[must_use]
    pub fn count_due(&self) -> usize {
        let Check::Documented(boundary) = self.check else {
            return 0;
        };
        let mut due = 0;
        for row in &self.rows {
            let market = &self.markets[row.position.market.index()];
            // A number that does not fit would be an account to look at by hand.
            due += usize::from(is_due(row, market, boundary).unwrap_or(true));
        }
        due
    }
}

fn is_due(
    row: &Row,
    market: &MarketNow,
    boundary: plimsoll_engine::margin::isolated::Boundary,
) -> Option<bool> {
    let position = &row.position;
    let held = position.holding(&market.indices).ok()?.total().ok()?;
    let closing = market.fee.on(position.size()).ok()?;
    let isolated = Isolated {
        exposure: position.exposure().ok()?,
        collateral: Amount::from_raw(row.collateral.into()),
        fees: held.add(closing).ok()?,
    };
    if isolated
        .is_liquidatable(market.price, market.threshold, boundary)
        .ok()?
    {
        return Some(true);
    }
    let allowance = Allowance::new(market.cap, position.realised()).ok()?;
    let tolerated = allowance.tolerated().ok()?.add(held).ok()?.raw();
    // The truncated profit is above `tolerated` when the exact one is at or above the next unit.
    let next = if tolerated >= 0 {
        tolerated.checked_add(1)?
    } else {
        tolerated
    };
    let target = next.checked_mul(TARGET_SCALE)?;
    let profit = isolated.exposure.compare_pnl(market.price, target).ok()?;
    Some(if tolerated >= 0 {
        profit.is_ge()
    } else {
        profit.is_gt()
    })
}

/// Stored liquidation prices by market and side, eight bytes each.
#[derive(Debug)]
pub struct LeanScan {
    longs: Vec<Vec<u64>>,
    shorts: Vec<Vec<u64>>,
}

impl LeanScan {
    /// Prices are cut to 8 decimals.
    const CUT: i128 = 10_000_000_000;

    /// Computes the prices as fees stand now.
    ///
    /// # Panics
    /// When a price does not fit.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let venue = venue_of(engine);
        let markets = venue.markets().len();
        let mut lean = Self {
            longs: vec![Vec::new(); markets],
            shorts: vec![Vec::new(); markets],
        };
        for (_, position) in venue.positions().iter() {
            let level = liquidation_price(engine, venue, position).max(0) / Self::CUT;
            let level = u64::try_from(level).unwrap_or(u64::MAX);
            let market = position.market.index();
            match position.side {
                Side::Long => lean.longs[market].push(level),
                Side::Short => lean.shorts[market].push(level),
            }
        }
        lean
    }

    /// Compares every stored price with its market's.
    #[must_use]
    pub fn count_due(&self, engine: &Engine) -> usize {
        let markets = venue_of(engine).markets().iter();
        let prices = markets.map(|m| u64::try_from(m.feed.price / Self::CUT).unwrap_or(u64::MAX));
        let sides = self.longs.iter().zip(&self.shorts);
        let due = prices.zip(sides).map(|(price, (longs, shorts))| {
            longs.iter().filter(|level| price <= **level).count()
                + shorts.iter().filter(|level| price >= **level).count()
        });
        due.sum()
    }
}

fn liquidation_price(engine: &Engine, venue: &TsunamiX, position: &Position) -> i128 {
    let market = &venue.markets()[position.market.index()];
    let held = position.holding(&market.indices(engine.now()));
    let held = held.and_then(|h| h.total()).expect("fees fit");
    let closing = TradingFee::plain(market.params.trading_fee_e5).on(position.size());
    let isolated = Isolated {
        exposure: position
            .exposure()
            .expect("an open position has an exposure"),
        collateral: Amount::from_raw(engine.ledger().balance(position.collateral)),
        fees: held.add(closing.expect("a fee fits")).expect("fees fit"),
    };
    let target = isolated
        .target(market.params.threshold)
        .expect("a target fits");
    isolated
        .exposure
        .losing_price(target)
        .expect("a price fits")
}

#[cfg(test)]
mod tests {
    use plimsoll_engine::liquidation::Rule;
    use plimsoll_engine::venues::Execution;

    use super::*;
    use crate::world::{BASIS_POINT, Plan, World};

    /// Without the engine as keeper, what is due stays, and can be counted by both.
    #[test]
    fn the_naive_scan_and_the_venue_agree_on_everybody() {
        let plan = Plan {
            execution: Execution::Keepers,
            ..Plan::many_markets(3_000)
        };
        let mut world = World::build(&plan);
        for bp in [300, 500, 800] {
            let fall = world.path(1, 1_000, |_, offset| offset - bp * BASIS_POINT);
            world.follow(&fall);
            let (engine, venue) = (&world.engine, world.venue());
            let ids = venue.positions().iter().map(|(id, _)| id);
            let verdicts: Vec<Option<Rule>> = ids
                .map(|id| {
                    venue
                        .verdict(engine.ledger(), id, engine.now())
                        .expect("a verdict")
                })
                .collect();
            let due = verdicts.iter().flatten().count();
            assert!(due > 100, "{due}");
            assert_eq!(Scan::of(engine).count_due(), due);
        }
    }
}
