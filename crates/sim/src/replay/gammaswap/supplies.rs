//! The pair a GammaSwap venue lends from: the history of a real pool, or in a comparison a pair that
//! follows the same prices as everybody else's market.
//!
//! A comparison's pair is of the market called ETH, or of the first where there is none. It is as
//! deep as the order books of the other designs: within 20 basis points on either side it has the
//! street's `depth` of the market's open interest, and at least twice what its lenders bring. Its
//! reserves follow from the product and the price: `q = S sqrt(p)`, `b = S / sqrt(p)`. Arbitrage
//! brings it there whenever the price has moved by a tenth of a per cent or ten minutes have
//! passed, and `S` grows by what that costs at the pair's fee of 0.3 %: `0.003 / (2 - 0.003) / 2`
//! of the logarithm of the move.
//!
//! A trader of that market is a borrower: their part of the deposit as collateral, borrowed
//! liquidity worth their notional, and the collateral tilted to their side until its delta is that
//! of the perpetual, or until half of the room between the loan's share of its collateral and the
//! threshold is used up, whichever comes first.

use plimsoll_units::Side;

use crate::people::pool_market;
use crate::pools::PoolState;
use crate::population::Person;
use crate::prices::Timeline;
use crate::replay::gammaswap::states;
use crate::results::Amount;
use crate::scenario::{LiquidityProvider, Pool, PoolToken, Scenario};

/// Reserves a side for each unit of depth within 20 basis points: a constant-product pair has a
/// thousandth of them there.
const RESERVES_OF_DEPTH: f64 = 1_000.0;
/// Arbitrageurs come when the price is off by this share ...
const OFF_BY: f64 = 0.001;
/// ... or after so long, ms.
const AT_LEAST_EVERY: i64 = 600_000;
/// What the root of the product grows by, of the logarithm of a move, at a fee of 0.3 %; rounded
/// up, so that two swaps reach it.
const GROWTH: f64 = 0.000_752;

/// A pair on its way through a replay.
#[derive(Debug, Clone)]
pub(crate) struct Supplies {
    pub(crate) pool: Pool,
    pub(crate) states: Vec<PoolState>,
    /// The scenario's market that it is of.
    pub(crate) market: usize,
    /// Whether its borrowers are the people of a comparison.
    pub(crate) matched: bool,
}

impl Supplies {
    /// The pair of a scenario; `people` are its borrowers.
    pub(crate) fn of(
        scenario: &Scenario,
        timeline: &Timeline,
        (people, lenders): (&[Person], &[LiquidityProvider]),
    ) -> Self {
        if scenario.people.is_none() {
            return Self {
                pool: scenario.pool.clone().unwrap_or_default(),
                states: states(timeline).to_vec(),
                market: 0,
                matched: false,
            };
        }
        let market = pool_market(&scenario.markets);
        let symbol = scenario
            .markets
            .get(market)
            .map_or("", |m| m.symbol.as_str());
        let pool = Pool {
            tokens: vec![
                PoolToken {
                    symbol: "USDC".to_owned(),
                    decimals: 6,
                },
                PoolToken {
                    symbol: crate::replay::base(symbol).to_owned(),
                    decimals: 18,
                },
            ],
            ..Pool::default()
        };
        let notional = |person: &Person| {
            let raw = person.collateral.saturating_mul(person.leverage_e2.into()) / 100;
            Amount::new(raw, 6).approximate()
        };
        let interest: f64 = people.iter().map(notional).sum();
        let lent: f64 = lenders.iter().map(|l| l.deposit.approximate()).sum();
        let depth = scenario
            .street
            .as_ref()
            .map_or(0.02, |s| s.depth.approximate());
        // Lenders' liquidity is half quote; twice of it stays others'.
        let reserve = (interest * depth * RESERVES_OF_DEPTH)
            .max(lent)
            .max(1_000_000.0);
        Self {
            states: path(timeline, market, reserve),
            pool,
            market,
            matched: true,
        }
    }
}

/// The states of a pair that follows a market's prices, with so much of the quote at first. Floats
/// only say where arbitrage is asked to bring it, the same on every machine.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn path(timeline: &Timeline, market: usize, reserve: f64) -> Vec<PoolState> {
    let mut states: Vec<PoolState> = Vec::new();
    let (mut root, mut at) = (0.0, 0.0);
    for tick in &timeline.ticks {
        let Some((_, price)) = tick.prices.iter().find(|(m, _)| *m == market) else {
            continue;
        };
        let price = Amount::new(price.raw(), 18).approximate();
        if let Some(last) = states.last() {
            let moved = libm::fabs(libm::log(price / at));
            let passed = tick.time.millis() - last.time.millis();
            if moved == 0.0 || (moved < OFF_BY && passed < AT_LEAST_EVERY) {
                continue;
            }
            root *= 1.0 + GROWTH * moved;
        } else {
            root = reserve / libm::sqrt(price);
        }
        at = price;
        let (quote, base) = (
            root * libm::sqrt(price) * 1e6,
            root / libm::sqrt(price) * 1e18,
        );
        let supply = states.first().map_or_else(
            || libm::sqrt(quote) * libm::sqrt(base),
            |first| first.supply as f64,
        );
        states.push(PoolState {
            time: tick.time,
            reserves: [quote as u128, base as u128],
            supply: supply as u128,
            recorded: false,
        });
    }
    states
}

/// Where arbitrage brings a pair whose price should be that of other reserves: its own product,
/// grown by what the way costs, at that price.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(super) fn target(now: [u128; 2], price_of: [u128; 2]) -> [u128; 2] {
    let [wanted, at] = [price_of, now].map(|[a, b]| a as f64 / b as f64);
    let moved = libm::fabs(libm::log(wanted / at));
    // Closer than the integers can be brought.
    if moved < 1e-7 {
        return now;
    }
    let root = libm::sqrt(now[0] as f64) * libm::sqrt(now[1] as f64) * (1.0 + GROWTH * moved);
    let half = libm::sqrt(wanted);
    [root * half, root / half].map(|reserve| reserve as u128)
}

/// What a borrower of a comparison sells of the quote (below zero: of the other token), a value: so
/// that the loan's delta is that of a perpetual worth `debt`, as far as the threshold has room.
pub(super) fn tilt(side: Side, collateral: f64, debt: f64, threshold: f64) -> f64 {
    let held = collateral + debt;
    // Balanced, a loan is long half of its collateral.
    let wanted = match side {
        Side::Long => debt - collateral / 2.0,
        Side::Short => -(debt + collateral / 2.0),
    };
    let share = f64::midpoint(debt / held.max(1e-9), threshold).max(1e-9);
    let half = debt / (2.0 * share);
    let room = libm::sqrt((held * held / 4.0 - half * half).max(0.0));
    wanted.clamp(-room, room)
}
