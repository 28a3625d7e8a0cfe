//! What the fund's orders do to the books: how far the middle moves, how much of the depth goes.
//!
//! The middle before is that of the book as the last command left it; what stood on the side taken
//! from is what was taken and what is left.

use plimsoll_engine::book::Side;
use plimsoll_engine::venues::kuma::{self, Command as Do, NewOrder, OrderSide};
use plimsoll_engine::{Body, Command, Engine};
use plimsoll_units::MarketId;

use super::tally::Closing;
use super::{KumaDesk, PIPS};
use crate::replay::pips::PIP;
use crate::results::Amount;

impl KumaDesk {
    /// Counts what the command that was just applied did to the books.
    pub(super) fn measure(&mut self, command: &Command, engine: &Engine) {
        let Some(venue) = self.state(engine) else {
            return;
        };
        let closings = self.tally.take_closings();
        let after: Vec<(Option<u64>, i128)> = closings
            .iter()
            .map(|closing| (middle(venue, closing.market), left(venue, closing)))
            .collect();
        let quoted = quoted(command).map(|market| (market, middle(venue, market)));
        for (closing, (middle, left)) in closings.iter().zip(after) {
            self.makers.taken_from(closing.market);
            self.count(closing, (middle, left), command.time.millis());
        }
        if let Some((market, middle)) = quoted
            && let Some(last) = self.middles.get_mut(market.index())
        {
            *last = middle;
        }
    }

    fn count(&mut self, closing: &Closing, (after, left): (Option<u64>, i128), now: i64) {
        let Some(last) = self.middles.get_mut(closing.market.index()) else {
            return;
        };
        let before = std::mem::replace(last, after);
        let impact = &mut self.tally.waterfall.impact;
        let standing = closing.index.saturating_add(left);
        impact.closings += 1;
        impact.consumed = impact.consumed.plus(Amount::new(closing.index, PIPS));
        impact.standing = impact.standing.plus(Amount::new(standing, PIPS));
        let (Some(before), Some(after)) = (before, after) else {
            impact.emptied += 1;
            return;
        };
        let moved = u128::from(after.abs_diff(before)) * 10_000_000 / u128::from(before.max(1));
        let moved = u64::try_from(moved).unwrap_or(u64::MAX);
        impact.moved_milli_bps = impact.moved_milli_bps.saturating_add(moved);
        if moved > impact.worst_milli_bps {
            impact.worst_milli_bps = moved;
            impact.worst_at = now;
        }
    }
}

/// The market whose book a maker's command changed.
fn quoted(command: &Command) -> Option<MarketId> {
    match &command.body {
        Body::Kuma(Do::CancelOrders { market, .. }) => *market,
        Body::Kuma(Do::PlaceOrder { order, .. }) => match &**order {
            NewOrder::Vouched { market, .. } => Some(*market),
            NewOrder::Signed(_) => None,
        },
        _ => None,
    }
}

/// The middle of a market's book; `None` where a side is empty.
fn middle(venue: &kuma::Kuma, market: MarketId) -> Option<u64> {
    let book = venue.orders().book(market)?;
    let best = |side| book.best(side).map(|level| level.price);
    let (bid, ask) = (best(Side::Buy)?, best(Side::Sell)?);
    Some(bid.midpoint(ask))
}

/// What is left on the side of a book that was taken from, in pips of quote.
fn left(venue: &kuma::Kuma, closing: &Closing) -> i128 {
    let Some(book) = venue.orders().book(closing.market) else {
        return 0;
    };
    let side = match closing.from {
        OrderSide::Buy => Side::Buy,
        OrderSide::Sell => Side::Sell,
    };
    let worth = |price: u64, quantity: u64| i128::from(price) * i128::from(quantity) / PIP;
    book.depth(side)
        .map(|level| worth(level.price, level.quantity))
        .fold(0, i128::saturating_add)
}
