//! Positions of a case are traded on the street's book: what the acquirer took over, or the
//! account's own.
//!
//! What the acquirer sells within a collar fills no worse than its own cost either, as the stage
//! says; and never beyond what the fund's caps leave it.

use plimsoll_units::{ArithmeticError, MarketId, Rounding, Side, mul_div};

use super::hand_over::{Handing, Seller, signed};
use super::state::Note;
use crate::ledger::Reason;
use crate::liquidation::{Case, Disposed};
use crate::margin::cross::ONE;
use crate::venues::composed::health::pips;
use crate::venues::composed::{Composed, Refusal, Taker, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// One in basis points.
const BPS: i128 = 10_000;

impl Composed {
    /// Trades up to `quantity` of what `seller` has of a case away.
    pub(super) fn trade_away(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        seller: &Seller,
        (quantity, collar_bps): (u64, Option<u32>),
    ) -> Result<Disposed, Rejection> {
        let side = seller.side();
        let quantity = quantity.min(seller.size.unsigned_abs());
        let worst = self.worst(tx, case, market, seller, collar_bps)?;
        let book = self.cases.street.get(market.index());
        let book = book.ok_or(Refusal::UnknownMarket(market))?;
        let taken = book.meet(side, quantity, worst)?;
        if taken.quantity == 0 {
            return Ok(Disposed::default());
        }
        self.move_cursor(market, side, taken.cursor);
        let exact = i128::try_from(taken.quote).map_err(|_| OVERFLOW)?;
        let what = Handing {
            case: case.id,
            market,
            from: seller.account,
            to: accounts::STREET,
            taker: Taker::Book,
            size: signed(taken.quantity, seller.size)?,
            // Up, in favour of whoever sells, as in every trade.
            quote: pips(exact, Rounding::Ceil)?,
            reason: Reason::Trade,
        };
        self.dispose(tx, seller, &what)
    }

    fn move_cursor(&mut self, market: MarketId, side: Side, to: super::street::Cursor) {
        let Some(book) = self.cases.street.get_mut(market.index()) else {
            return;
        };
        let was = book.set(side, to);
        self.note(Note::Cursor(market, side, was));
    }

    /// The worst price that is taken: within the collar, and what the acquirer's terms leave it.
    fn worst(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        market: MarketId,
        seller: &Seller,
        collar_bps: Option<u32>,
    ) -> Result<Option<u64>, Rejection> {
        let side = seller.side();
        let mut worst = None;
        if let Some(bps) = collar_bps {
            let mark = self.mark(market)?.into();
            let by = i128::from(bps).checked_mul(side.sign()).ok_or(OVERFLOW)?;
            let share = BPS.checked_sub(by).ok_or(OVERFLOW)?;
            worst = Some(mul_div(mark, share, BPS, nearer(side))?);
            if let Some(cost) = seller.cost {
                let own = price_of(cost, seller.size, side)?;
                worst = Some(stricter(side, worst, own));
            }
        }
        if let Some(price) = self.worst_for_fund(tx, case, market, seller)? {
            worst = Some(stricter(side, worst, price));
        }
        // A price beyond 64 bits is no bound on a purchase, and never reached by a sale.
        Ok(worst.map(|price| u64::try_from(price.max(0)).unwrap_or(u64::MAX)))
    }

    /// The worst price that the fund's caps on losses leave it for what it holds; none without
    /// caps, or where it is not the fund that gives. Rounded in the fund's favour.
    pub(super) fn worst_for_fund(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        market: MarketId,
        seller: &Seller,
    ) -> Result<Option<i128>, Rejection> {
        if seller.account != accounts::FUND {
            return Ok(None);
        }
        let borne = self.file(case.id)?.borne;
        let Some(room) = self.fund.room(tx.now, market, borne)? else {
            return Ok(None);
        };
        let (side, quantity) = (seller.side(), seller.size.unsigned_abs());
        let marked = self.at_mark(market, quantity, nearer(side))?;
        let by = room.amount.checked_mul(side.sign()).ok_or(OVERFLOW)?;
        let quote = marked.checked_sub(by).ok_or(OVERFLOW)?.max(0);
        price_of(quote, seller.size, side).map(Some)
    }
}

/// Rounds a bound to where less is lost: up for a sale, down for a purchase.
const fn nearer(side: Side) -> Rounding {
    match side {
        Side::Long => Rounding::Ceil,
        Side::Short => Rounding::Floor,
    }
}

/// What a quote is per unit of a size.
fn price_of(quote: i128, size: i64, side: Side) -> Result<i128, Rejection> {
    let quantity = size.unsigned_abs().max(1);
    Ok(mul_div(quote, ONE.into(), quantity.into(), nearer(side))?)
}

/// Of two bounds for giving up a position of `side`, the one that takes less.
fn stricter(side: Side, one: Option<i128>, other: i128) -> i128 {
    match (one, side) {
        (None, _) => other,
        (Some(one), Side::Long) => one.max(other),
        (Some(one), Side::Short) => one.min(other),
    }
}
