//! The street of a composed venue: who makes its books, around the true price.
//!
//! Its ladders are those of every other venue's makers ([`crate::depth::Ladder`]); they are sent
//! as one command per market, in place of what is left of the last.

use plimsoll_engine::Body;
use plimsoll_engine::venues::composed::{Command as Do, Level};
use plimsoll_units::{MarketId, Timestamp};

use crate::depth::{Grid, Habits, Ladder, Shape};
use crate::scenario::BookMakers;
use crate::stress::Conditions;

/// The ladders of a venue.
#[derive(Debug)]
pub(super) struct Street {
    habits: Habits,
    ladders: Vec<Ladder>,
}

impl Street {
    /// Ladders for markets with these quantity steps; `open_interest` is what the traders will
    /// have in each, in pips of quote.
    pub(super) fn new(habits: &BookMakers, shape: Shape, markets: &[(u64, i128)]) -> Self {
        let ladder = |(step, open_interest): &(u64, i128)| {
            let grid = Grid {
                tick: 1,
                step: *step,
                least: *step,
            };
            Ladder::new(grid, habits.within_reference(*open_interest))
        };
        Self {
            habits: habits.habits(shape),
            ladders: markets.iter().map(ladder).collect(),
        }
    }

    /// Somebody took from a market's book.
    pub(super) fn taken_from(&mut self, market: MarketId) {
        if let Some(ladder) = self.ladders.get_mut(market.index()) {
            ladder.taken_from();
        }
    }

    /// What it does when a market's true price is known.
    pub(super) fn sees(
        &mut self,
        market: MarketId,
        price: u64,
        at: Timestamp,
        conditions: &Conditions,
    ) -> Option<Body> {
        let strain = conditions.strain(at);
        let ladder = self.ladders.get_mut(market.index())?;
        if !ladder.sees(&self.habits, price, at, strain) {
            return None;
        }
        let rungs = ladder.rungs(&self.habits, price);
        let side = |bid: bool| {
            let of = rungs.iter().filter(|rung| rung.bid == bid);
            of.map(|rung| Level {
                price: rung.price,
                quantity: rung.quantity,
            })
            .collect()
        };
        Some(Body::Composed(Do::Quotes {
            market,
            bids: side(true),
            asks: side(false),
        }))
    }
}
