//! Who makes the books: ladders around the index with the shape of real books, thinned while the
//! price runs.
//!
//! Makers quote anew before a price is published, as whoever sees the same feed would, and at most
//! once a price: what is taken from a book is not there again before the next one. When they do,
//! and what they quote, is every venue's ([`crate::depth::Ladder`]); here it is orders of several
//! wallets.

use plimsoll_engine::Body;
use plimsoll_engine::venues::kuma::{Limits, Listing, OrderSide};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::orders;
use super::setup::maker;
use crate::depth::{Grid, Habits, Ladder, Shape};
use crate::scenario::BookMakers;
use crate::stress::Conditions;

/// One order of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) side: OrderSide,
    pub(super) price: u64,
    pub(super) quantity: u64,
}

/// The makers of a venue.
#[derive(Debug)]
pub(super) struct Makers {
    count: usize,
    habits: Habits,
    ladders: Vec<Ladder>,
    conditions: Conditions,
}

impl Makers {
    /// Makers for markets with the given grids; `open_interest` is what the traders will have in
    /// each, in pips of quote.
    pub(super) fn new(
        habits: &BookMakers,
        shape: Shape,
        markets: impl Iterator<Item = ((Limits, Listing), i128)>,
    ) -> Self {
        let ladders = markets.map(|((limits, listing), open_interest)| {
            let grid = Grid {
                tick: listing.tick,
                step: listing.step,
                least: limits.minimum_position_size,
            };
            Ladder::new(grid, habits.within_reference(open_interest))
        });
        Self {
            count: habits.count as usize,
            habits: habits.habits(shape),
            ladders: ladders.collect(),
            conditions: Conditions::default(),
        }
    }

    /// The same makers where books may be thinner and wider for a while.
    pub(super) fn under(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.count).map(maker)
    }

    /// Who takes the other side of a wallet that opens a position.
    pub(super) fn counterparty(&self, of: AccountId) -> AccountId {
        maker(of.index() % self.count.max(1))
    }

    /// Somebody took from a market's book.
    pub(super) fn taken_from(&mut self, market: MarketId) {
        if let Some(ladder) = self.ladders.get_mut(market.index()) {
            ladder.taken_from();
        }
    }

    /// The share of their depth that makers keep in a market now, in millionths.
    pub(super) fn left(&self, market: usize) -> u32 {
        let ladder = self.ladders.get(market);
        ladder.map_or(0, |ladder| ladder.left(&self.habits))
    }

    /// What makers do when a market's next price is known.
    pub(super) fn see(&mut self, market: usize, price: u64, at: Timestamp) -> Vec<Body> {
        let strain = self.conditions.strain(at);
        let Some(ladder) = self.ladders.get_mut(market) else {
            return Vec::new();
        };
        let quoted_before = ladder.is_quoted();
        if !ladder.sees(&self.habits, price, at, strain) {
            return Vec::new();
        }
        let id = MarketId(u16::try_from(market).unwrap_or(u16::MAX));
        let mut bodies = Vec::new();
        if quoted_before {
            bodies.extend(
                self.accounts()
                    .map(|account| orders::cancel_all(account, id)),
            );
        }
        let rungs = self.rungs(market, price).into_iter().enumerate();
        bodies.extend(rungs.map(|(at, rung)| orders::rest(maker(at % self.count), id, &rung)));
        bodies
    }

    /// A market's ladder around a price.
    pub(super) fn rungs(&self, market: usize, price: u64) -> Vec<Rung> {
        let Some(ladder) = self.ladders.get(market) else {
            return Vec::new();
        };
        let rungs = ladder.rungs(&self.habits, price).into_iter();
        rungs
            .map(|rung| Rung {
                side: match rung.bid {
                    true => OrderSide::Buy,
                    false => OrderSide::Sell,
                },
                price: rung.price,
                quantity: rung.quantity,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: i128 = 100_000_000;

    fn makers(listing: Listing) -> Makers {
        let habits = BookMakers::default();
        let limits = Limits {
            initial_margin_fraction: 5_000_000,
            maintenance_margin_fraction: 3_000_000,
            incremental_initial_margin_fraction: 1_000_000,
            baseline_position_size: 1,
            incremental_position_size: 1,
            maximum_position_size: 1,
            minimum_position_size: 1,
        };
        let markets = [((limits, listing), 100_000_000 * USD)].into_iter();
        Makers::new(&habits, Shape::bundled(), markets)
    }

    fn notional(rungs: &[Rung], side: OrderSide) -> i128 {
        let of = rungs.iter().filter(|rung| rung.side == side);
        of.map(|rung| i128::from(rung.price) * i128::from(rung.quantity) / USD)
            .sum()
    }

    #[test]
    fn a_ladder_has_the_depth_asked_for_and_never_crosses() {
        let listing = Listing {
            tick: 1_000_000,
            step: 1_000,
            ..Listing::default()
        };
        let mut makers = makers(listing);
        let price = 400_000_000_000;
        makers.see(0, price, Timestamp(0));
        let rungs = makers.rungs(0, price);
        let near: Vec<Rung> = rungs
            .iter()
            .filter(|r| r.price.abs_diff(price) <= price / 500 + listing.tick)
            .copied()
            .collect();
        // 2 % of a hundred million within twenty basis points, less what rounding cuts off.
        for side in [OrderSide::Buy, OrderSide::Sell] {
            let depth = notional(&near, side) / USD;
            assert!(
                (1_980_000..=2_005_000).contains(&depth),
                "{side:?}: {depth}"
            );
        }
        let best = |side| {
            rungs
                .iter()
                .filter(move |r| r.side == side)
                .map(|r| r.price)
        };
        let bid = best(OrderSide::Buy).max().unwrap();
        let ask = best(OrderSide::Sell).min().unwrap();
        assert!(bid < price && price < ask);
        assert!(
            rungs
                .iter()
                .all(|r| r.price % listing.tick == 0 && r.quantity % listing.step == 0)
        );
    }

    #[test]
    fn makers_leave_their_ladders_alone_until_something_happens() {
        let mut makers = makers(Listing::default());
        let mut sent =
            |price: u64, second: i64| makers.see(0, price, Timestamp(second * 1_000)).len();
        let ladder = sent(1_000_000_000, 0);
        assert_eq!(ladder, 32);
        assert_eq!(
            sent(1_000_900_000, 15),
            0,
            "less than a tenth of a per cent"
        );
        assert_eq!(
            sent(1_001_000_000, 30),
            ladder + 3,
            "three cancel, then quote anew"
        );
        makers.taken_from(MarketId(0));
        assert!(!makers.see(0, 1_001_000_000, Timestamp(45_000)).is_empty());
        assert!(makers.see(0, 1_001_000_000, Timestamp(60_000)).is_empty());
    }

    #[test]
    fn a_ladder_thins_in_a_crash() {
        let mut makers = makers(Listing::default());
        makers.see(0, 1_000_000_000, Timestamp(0));
        let calm = notional(&makers.rungs(0, 1_000_000_000), OrderSide::Buy);
        makers.see(0, 900_000_000, Timestamp(15_000));
        let thin = notional(&makers.rungs(0, 900_000_000), OrderSide::Buy);
        assert!(thin * 25 < calm && thin * 40 > calm, "{thin} of {calm}");
        // A ninth of the newest price: 2 % squared over that and 11.1 % squared.
        assert_eq!(makers.left(0), 31_383);
    }
}
