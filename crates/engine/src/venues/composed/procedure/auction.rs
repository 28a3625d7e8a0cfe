//! Positions of a case are offered to bidders at the mark and an incentive that climbs.
//!
//! The stage starts the clock and waits; bids come as commands and are taken at the price of the
//! moment. When the ladder is exhausted the next stage takes over, and bids at its last level are
//! still welcome as long as there is something to sell. What the acquirer takes over is offered
//! anew, on a clock of its own.

use plimsoll_units::{AccountId, CaseId, MarketId, Rounding, Side, mul_div};

use super::hand_over::{Handing, Seller, quantity_of, signed};
use super::state::Offering;
use crate::auction::{Clock, Ladder, limit_price};
use crate::backstop::deleverage::least_quantity;
use crate::ledger::Reason;
use crate::liquidation::{Case, CaseEvent, Offered, StageKind};
use crate::margin::cross::ONE;
use crate::venues::composed::{Composed, Event, Refusal, Taker};
use crate::{Rejection, Tx};

/// A bid as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bid {
    pub(super) account: AccountId,
    pub(super) case: CaseId,
    pub(super) market: MarketId,
    pub(super) quantity: u64,
}

impl Composed {
    /// Offers what a case has, if it is not offered yet, and tells the level when it changes.
    pub(super) fn offer_to_bidders(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        ladder: &Ladder,
        just_enough: bool,
    ) -> Result<Offered, Rejection> {
        let (now, known) = (tx.now, self.file(case.id)?.offer);
        let mut offer = known.unwrap_or(Offering {
            ladder: *ladder,
            just_enough,
            clock: Clock::start(now),
            level: 0,
        });
        let elapsed = offer.clock.elapsed(now)?;
        offer.level = offer.ladder.level(elapsed);
        if known != Some(offer) {
            self.change_file(case.id, |file| {
                file.offer = Some(offer);
                Ok(())
            })?;
            tx.emit(Event::Auctioned {
                case: case.id,
                level: offer.level,
            });
        }
        Ok(if offer.ladder.is_exhausted(elapsed) {
            Offered::Over
        } else {
            Offered::Standing
        })
    }

    /// Takes a bid.
    ///
    /// # Errors
    /// [`Refusal::UnknownCase`], [`Refusal::NoAuction`], and what is asked of whoever trades.
    pub(super) fn bid(&mut self, tx: &mut Tx<'_>, bid: &Bid) -> Result<(), Rejection> {
        let (market, account) = (bid.market, bid.account);
        let none = Refusal::NoAuction {
            case: bid.case,
            market,
        };
        let file = self.file(bid.case)?;
        let (case, offer) = (file.case, file.offer.ok_or_else(|| none.clone())?);
        let seller = self.seller(file, market).ok_or_else(|| none.clone())?;
        let own = seller.cost.is_none();
        if own && !(file.open && self.is_under(tx.ledger(), seller.account)?) {
            return Err(none.into());
        }
        let asked = self.whole_steps(market, bid.quantity)?.unsigned_abs();
        self.check_trader(account, market)?;
        let price = self.bid_price(tx, market, &seller, &offer)?;
        if let Some(worst) = self.worst_for_fund(tx, &case, market, &seller)? {
            let too_bad = match seller.side() {
                Side::Long => price < worst,
                Side::Short => price > worst,
            };
            if too_bad {
                return Err(none.into());
            }
        }
        let most = self.for_sale(tx, market, &seller, &offer, price)?;
        let quantity = asked.min(most);
        let before = self.before(tx.ledger(), account, market)?;
        let what = Handing {
            case: case.id,
            market,
            from: seller.account,
            to: account,
            taker: Taker::Bidder,
            size: signed(quantity, seller.size)?,
            quote: quote_of(seller.side(), quantity, price)?,
            reason: Reason::AuctionPayment,
        };
        let done = self.dispose(tx, &seller, &what)?;
        self.admit(tx.ledger(), &before)?;
        tx.emit(CaseEvent::Stage {
            case: case.id,
            stage: StageKind::Auction,
            amount: done.notional,
        });
        self.put_off(case.id);
        self.drop_if_over(case.id);
        Ok(())
    }

    /// What a bidder pays per unit, or is paid, at this moment.
    fn bid_price(
        &self,
        tx: &Tx<'_>,
        market: MarketId,
        seller: &Seller,
        offer: &Offering,
    ) -> Result<i128, Rejection> {
        let elapsed = offer.clock.elapsed(tx.now)?;
        let rate = offer.ladder.incentive(offer.ladder.level(elapsed))?;
        let mark = self.mark(market)?.into();
        // Whoever gives a long up sells.
        let side = seller.side().opposite();
        Ok(limit_price(side, mark, mark, rate, 1)?)
    }

    /// How much is for sale: all of it, or just enough to restore an account that has equity.
    fn for_sale(
        &self,
        tx: &Tx<'_>,
        market: MarketId,
        seller: &Seller,
        offer: &Offering,
        price: i128,
    ) -> Result<u64, Rejection> {
        let all = seller.size.unsigned_abs();
        let account = seller.account;
        let own = seller.cost.is_none();
        if !own || !offer.just_enough || self.equity(tx.ledger(), account)? <= 0 {
            return Ok(all);
        }
        let least = least_quantity(all.into(), self.step(market)?, |quantity| {
            let base = quantity_of(quantity);
            let marked = self.at_mark(market, base, Rounding::Down)?;
            let quote = quote_of(seller.side(), base, price)?;
            let discount = marked.saturating_sub(quote).saturating_abs();
            self.would_be_sound(tx, account, (market, base), (discount, 0))
        })?;
        // An account under its requirement needs at least a step.
        let step = quantity_of(self.step(market)?);
        Ok(quantity_of(least).max(step).min(all))
    }
}

/// What goes with a quantity at a price: in favour of the bidder, down where it pays and up where
/// it is paid.
fn quote_of(side: Side, quantity: u64, price: i128) -> Result<i128, Rejection> {
    let rounding = match side {
        Side::Long => Rounding::Floor,
        Side::Short => Rounding::Ceil,
    };
    Ok(mul_div(quantity.into(), price, ONE.into(), rounding)?)
}
