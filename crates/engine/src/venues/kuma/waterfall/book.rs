//! A piece of the fund's is traded away on the order book.
//!
//! At once, at whatever the book bids within the market's execution price limit and within what
//! the fund's caps on losses leave it. With a collar no worse than the index by more than it, nor
//! than the price the fund took the piece over at: what the book does not take so is left to the
//! next hop. The fund pays the taker's fee as any trader does; it is part of what the piece cost.

use plimsoll_units::{MarketId, Rounding, Side, mul_div};

use super::event::Why;
use super::holding::{Piece, Way};
use crate::liquidation::{Case, Disposed, StageKind};
use crate::margin::cross::{ONE, PipError};
use crate::venues::kuma::Kuma;
use crate::{Rejection, Tx};

/// Basis points in one.
const BPS: i128 = 10_000;

impl Kuma {
    /// Trades up to `base` of what is held for a case in a market away on the book.
    pub(super) fn close_on_book(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        base: u64,
        collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let Some(before) = self.piece(case, market) else {
            return Ok(Disposed::default());
        };
        let asked = base.min(before.left());
        let fund = self.funds.insurance_fund;
        let worst = self.worst_on_book(tx, case, &before, collar_bps)?;
        let closed = if self.market(market)?.is_active() {
            self.trade_away(tx, fund, market, asked, worst)?
        } else {
            crate::venues::kuma::OnBook::default()
        };
        if closed.base > 0 {
            let net = match before.side {
                Side::Long => closed.quote.checked_sub(closed.fees),
                Side::Short => closed.quote.checked_add(closed.fees),
            };
            let of = (closed.base, net.ok_or(PipError::ARITHMETIC)?);
            self.release(tx, case, market, Way::Closed, of)?;
        }
        if closed.base < base {
            self.go_on(case, market, Why::BookInsufficient)?;
        }
        let done = (StageKind::CloseOnBook, base, closed.base);
        self.tell_done(tx, case, &before, done)
    }

    /// The worst price a piece may be traded away at. Every bound is rounded in the fund's favour.
    fn worst_on_book(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        piece: &Piece,
        collar_bps: Option<u32>,
    ) -> Result<Option<u64>, Rejection> {
        let capped = self.worst_price(tx, case, piece)?;
        let (collar, entry) = match collar_bps {
            None => (None, None),
            Some(bps) => {
                let index = self.market(piece.market)?.index_price().into();
                let (share, rounding) = match piece.side {
                    Side::Long => (BPS.saturating_sub(bps.into()), Rounding::Ceil),
                    Side::Short => (BPS.saturating_add(bps.into()), Rounding::Floor),
                };
                let left = piece.left().max(1).into();
                let entry = mul_div(piece.cost.into(), ONE.into(), left, rounding)?;
                (Some(mul_div(index, share, BPS, rounding)?), Some(entry))
            }
        };
        let bounds = [capped, collar, entry].into_iter().flatten();
        let worst = match piece.side {
            Side::Long => bounds.max(),
            Side::Short => bounds.min(),
        };
        // A bound beyond every price is none to a buyer, and nothing to a seller.
        Ok(worst.map(|price| u64::try_from(price.max(0)).unwrap_or(u64::MAX)))
    }
}
