//! A piece of the fund's is traded away on the order book.
//!
//! At once, at whatever the book bids within the market's execution price limit and within what
//! the fund's caps on losses leave it. With a collar no worse than the index by more than it, nor
//! than the price the fund took the piece over at: what the book does not take so is left to the
//! next hop. The fund pays the taker's fee as any trader does; it is part of what the piece cost.

use plimsoll_units::{MarketId, Rounding, Side, mul_div};

use super::FundOrders;
use super::desk::by_time;
use super::event::Why;
use super::holding::{Piece, Way};
use crate::liquidation::{Case, Disposed, StageKind};
use crate::margin::cross::{ONE, PipError};
use crate::venues::kuma::{Kuma, OnBook, OrderSide, SignedOrder};
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
        let worst = self.worst_on_book(tx, case, &before, collar_bps)?;
        let closed = if self.market(market)?.is_active() {
            self.trade_piece_away(tx, &before, asked, worst)?
        } else {
            OnBook::default()
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

    /// The fund's own order on the book: vouched for, or as many of the orders its key has signed
    /// as it takes, the earliest first. The signed limit price holds too.
    fn trade_piece_away(
        &mut self,
        tx: &mut Tx<'_>,
        piece: &Piece,
        asked: u64,
        worst: Option<u64>,
    ) -> Result<OnBook, Rejection> {
        let (fund, market) = (self.funds.insurance_fund, piece.market);
        if self.waterfall.service.fund_orders == FundOrders::Implied {
            return self.trade_away(tx, (fund, None), market, asked, worst);
        }
        let mut traded = OnBook::default();
        for order in self.fund_book_orders(tx, piece)? {
            let limit = Some(order.order.limit_price).filter(|price| *price > 0);
            let bound = match (worst, limit) {
                (Some(worst), Some(limit)) if piece.side == Side::Long => Some(worst.max(limit)),
                (Some(worst), Some(limit)) => Some(worst.min(limit)),
                (one, other) => one.or(other),
            };
            let filled = self.people.fill(&order.hash).map_or(0, |fill| fill.filled);
            let room = order.order.quantity.saturating_sub(filled);
            let left = asked.saturating_sub(traded.base).min(room);
            let signed = Some(Box::new(order));
            let more = self.trade_away(tx, (fund, signed), market, left, bound)?;
            traded = traded.plus(&more)?;
        }
        Ok(traded)
    }

    /// The fund's signed orders that a piece could be traded away with, the earliest first.
    fn fund_book_orders(&self, tx: &Tx<'_>, piece: &Piece) -> Result<Vec<SignedOrder>, Rejection> {
        let fund = self.funds.insurance_fund;
        let symbol = &self.market(piece.market)?.symbol;
        let side = match piece.side {
            Side::Long => OrderSide::Sell,
            Side::Short => OrderSide::Buy,
        };
        let all = self.waterfall.fund_orders.values().filter(|signed| {
            let order = &signed.order;
            order.side == side
                && !order.is_liquidation_acquisition_only
                && order.market_symbol.strip_suffix("-USD") == Some(symbol)
                && self.check_nonce(tx, fund, signed).is_ok()
        });
        let mut all: Vec<SignedOrder> = all.cloned().collect();
        all.sort_by_key(|signed| (by_time(signed.order.nonce), signed.hash));
        Ok(all)
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
