//! A piece of the fund's goes to partners, each lot as a trade the contracts would accept.
//!
//! The room of partners proposes lots; each is carried out at once, under a mark, and taken back
//! when its partner's margin, or anything else the contracts check, refuses it. So a lot is never
//! half-applied, and what was proposed is what was checked.

use plimsoll_units::{AccountId, MarketId, Rounding, Side, mul_div};

use super::desk::by_time;
use super::event::{Amounts, ServiceEvent, Why};
use super::holding::{Piece, Way};
use super::state::{Note, Signature};
use super::{FundOrders, ServiceRefusal, SignedQuote};
use crate::backstop::partners::{Fill, Occasion, Request, Skip, Skipped, allocate};
use crate::liquidation::{Case, Disposed, StageKind};
use crate::margin::cross::{self, ONE, PipError};
use crate::venues::kuma::refusal::require;
use crate::venues::kuma::trade::Parties;
use crate::venues::kuma::undo::Mark;
use crate::venues::kuma::{
    Kuma, OrderSide, OrderType, Refusal, Revert, SignedOrder, SignedTrade, Trade,
};
use crate::{Rejection, Tx};

/// A lot to be handed off.
#[derive(Debug, Clone, Copy)]
struct Lot {
    fill: Fill,
    market: MarketId,
    side: Side,
}

impl Kuma {
    /// Hands up to `base` of what is held for a case in a market to partners.
    pub(super) fn hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        base: u64,
    ) -> Result<Disposed, Rejection> {
        let Some(piece) = self.piece(case, market) else {
            return Ok(Disposed::default());
        };
        let there = self.market(market)?;
        let (index, listing) = (there.index_price(), there.listing);
        let on = Occasion {
            market,
            side: piece.side,
            index: index.into(),
            tick: listing.tick.into(),
            now: tx.now,
            case: case.id,
        };
        let (candidates, mut skipped) = self.waterfall.partners.candidates(&on)?;
        if candidates.is_empty() && skipped.is_empty() {
            self.go_on(case, market, Why::NoPartner)?;
            return Ok(Disposed::default());
        }
        let request = Request {
            quantity: base.into(),
            side: piece.side,
            step: listing.step.into(),
            scale: ONE.into(),
            worst: self.worst_price(tx, case, &piece)?,
        };
        let mut done: Vec<(Fill, Mark)> = Vec::new();
        let allocation = allocate(&request, candidates, |accepted, fill| {
            self.follow(tx, &mut done, accepted);
            let mark = self.mark(tx);
            let lot = Lot {
                fill: *fill,
                market,
                side: piece.side,
            };
            if let Err(rejection) = self.hand_over_lot(tx, case, &lot) {
                self.back_to(tx, &mark);
                return Err(skip_of(&rejection));
            }
            done.push((*fill, mark));
            Ok(())
        })?;
        self.follow(tx, &mut done, &allocation.fills);
        skipped.extend(&allocation.skipped);
        self.tell_hand_off(tx, case, &piece, &skipped, base)
    }

    /// Takes lots back that are not among those accepted so far.
    fn follow(&mut self, tx: &mut Tx<'_>, done: &mut Vec<(Fill, Mark)>, accepted: &[Fill]) {
        let same = done.iter().zip(accepted).take_while(|((a, _), b)| a == *b);
        let keep = same.count();
        while done.len() > keep {
            if let Some((_, mark)) = done.pop() {
                self.back_to(tx, &mark);
            }
        }
    }

    fn tell_hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        before: &Piece,
        skipped: &[Skipped],
        asked: u64,
    ) -> Result<Disposed, Rejection> {
        let market = before.market;
        let after = self.piece(case, market).unwrap_or(*before);
        if !self.waterfall.again {
            for skipped in skipped {
                let event = ServiceEvent::PartnerSkipped {
                    case: case.id,
                    market,
                    skipped: *skipped,
                };
                Self::tell(tx, event);
            }
        }
        if after.left() > 0 {
            self.go_on(case, market, Why::PartnersInsufficient)?;
        }
        let base = after.handed_off.saturating_sub(before.handed_off);
        self.tell_done(tx, case, before, (StageKind::HandOff, asked, base))
    }

    /// Tells a hop by the events of its parts, and returns what it disposed of.
    pub(super) fn tell_done(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        before: &Piece,
        (stage, asked, base): (StageKind, u64, u64),
    ) -> Result<Disposed, Rejection> {
        let after = self.piece(case, before.market);
        let index_quote = self.index_quote(before.market, base)?;
        let quote = after.map_or(0, |piece| piece.received.saturating_sub(before.received));
        if base > 0 || (asked > 0 && !self.waterfall.again) {
            let done = Amounts {
                base,
                quote,
                index_quote,
            };
            let event = ServiceEvent::Hop {
                case: case.id,
                market: before.market,
                side: before.side,
                stage,
                why: before.why,
                asked,
                done,
            };
            Self::tell(tx, event);
        }
        Ok(Disposed {
            quantity: base.into(),
            notional: index_quote.into(),
            shortfall: 0,
        })
    }

    /// What is held for a case in a market.
    pub(super) fn piece(&self, case: &Case, market: MarketId) -> Option<Piece> {
        let holding = self.waterfall.holdings.get(&case.id)?;
        holding.piece(market).copied()
    }

    /// Says why a piece goes on to the next hop.
    pub(super) fn go_on(
        &mut self,
        case: &Case,
        market: MarketId,
        why: Why,
    ) -> Result<(), Rejection> {
        if self
            .piece(case, market)
            .is_none_or(|piece| piece.why == why)
        {
            return Ok(());
        }
        self.change_holding(case, |holding| {
            if let Some(piece) = holding.piece_mut(market) {
                piece.why = why;
            }
            Ok(())
        })
    }

    /// The worst price the fund's caps on losses leave it for a piece; `None` without caps.
    /// Rounded in the fund's favour.
    pub(super) fn worst_price(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        piece: &Piece,
    ) -> Result<Option<i128>, Rejection> {
        let holding = self.waterfall.holdings.get(&case.id);
        let borne = holding.map_or(0, |holding| holding.result.saturating_neg());
        let Some(room) = self.waterfall.fund.room(tx.now, piece.market, borne)? else {
            return Ok(None);
        };
        let (marked, left) = (i128::from(piece.marked), i128::from(piece.left().max(1)));
        let (quote, rounding) = match piece.side {
            Side::Long => (marked.saturating_sub(room.amount), Rounding::Ceil),
            Side::Short => (marked.saturating_add(room.amount), Rounding::Floor),
        };
        Ok(Some(mul_div(quote.max(0), ONE.into(), left, rounding)?))
    }

    /// One lot: a trade between the fund and the partner, and the books of both rooms.
    fn hand_over_lot(&mut self, tx: &mut Tx<'_>, case: &Case, lot: &Lot) -> Result<(), Rejection> {
        let Lot { fill, market, side } = *lot;
        let amounts = self.amounts_of(lot)?;
        let maker_side = match side {
            Side::Long => OrderSide::Buy,
            Side::Short => OrderSide::Sell,
        };
        let trade = Trade {
            market,
            base: amounts.base,
            quote: amounts.quote,
            maker_side,
            maker_fee: 0,
            taker_fee: 0,
        };
        let signature = self.waterfall.signatures.get(&fill.offer).cloned();
        match (signature, self.waterfall.service.fund_orders) {
            (Some(Signature::Order(order)), FundOrders::Required) => {
                self.trade_signed(tx, &order, &trade)?;
            }
            (Some(Signature::Order(order)), FundOrders::Implied) => {
                let parties = self.begin_hand_off(tx, fill.partner, &trade)?;
                self.check_order(fill.partner, &order, &trade, maker_side)?;
                self.check_nonce(tx, fill.partner, &order)?;
                self.check_signature(fill.partner, &order, market, maker_side)?;
                self.fill(&order, trade.base)?;
                self.settle_trade(tx, &parties, &trade)?;
            }
            (Some(Signature::Quote(quote)), FundOrders::Implied) => {
                let parties = self.begin_hand_off(tx, fill.partner, &trade)?;
                self.check_quote(tx, fill.partner, &quote)?;
                self.fill_quote(&quote, trade.base)?;
                self.settle_trade(tx, &parties, &trade)?;
            }
            // On chain nothing is signed that a quote could be settled with.
            (Some(Signature::Quote(_)), FundOrders::Required) | (None, _) => {
                return Err(ServiceRefusal::QuoteSignature.into());
            }
        }
        let (now, id) = (tx.now, case.id);
        if let Some(before) = self.waterfall.partners.before(&fill) {
            self.note(Note::Partner(Box::new(before)));
        }
        self.waterfall.partners.record(&fill, ONE.into(), now, id)?;
        let of = (amounts.base, amounts.quote);
        self.release(tx, case, market, Way::HandedOff, of)?;
        Self::tell(
            tx,
            ServiceEvent::HandedOff {
                case: case.id,
                market,
                side,
                partner: fill.partner,
                offer: fill.offer,
                amounts,
            },
        );
        Ok(())
    }

    /// A lot's quote: at the partner's price, rounded in its favour; at a signed limit price as
    /// the contracts round it.
    fn amounts_of(&self, lot: &Lot) -> Result<Amounts, Rejection> {
        let Lot { fill, market, side } = *lot;
        let base = super::subject::pips(fill.quantity);
        let limit = matches!(
            self.waterfall.signatures.get(&fill.offer),
            Some(Signature::Order(order)) if order.order.order_type == OrderType::Limit
        );
        let rounding = match side {
            Side::Short if !limit => Rounding::Ceil,
            _ => Rounding::Floor,
        };
        let quote = mul_div(base.into(), fill.price, ONE.into(), rounding)?;
        Ok(Amounts {
            base,
            quote: cross::signed(quote)?.unsigned_abs(),
            index_quote: self.index_quote(market, base)?,
        })
    }

    /// What comes before the partner's own terms are looked at.
    fn begin_hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        partner: AccountId,
        trade: &Trade,
    ) -> Result<Parties, Rejection> {
        self.not_in_recovery()?;
        let fund = self.funds.insurance_fund;
        let buys = trade.maker_side == OrderSide::Buy;
        let (buyer, seller) = if buys {
            (partner, fund)
        } else {
            (fund, partner)
        };
        let parties = Parties {
            buyer,
            seller,
            buyer_reduces: buyer == fund,
            seller_reduces: seller == fund,
            acquisition: true,
        };
        self.begin_trade(tx, &parties, trade)?;
        Ok(parties)
    }

    /// As on chain, from both signatures: the fund's earliest standing order that is large enough.
    fn trade_signed(
        &mut self,
        tx: &mut Tx<'_>,
        order: &SignedOrder,
        trade: &Trade,
    ) -> Result<(), Rejection> {
        let side = trade.maker_side.opposite();
        let symbol = &order.order.market_symbol;
        let room = |signed: &SignedOrder| {
            let fill = self.people.fill(&signed.hash);
            let filled = fill.map_or(0, |fill| fill.filled);
            signed.order.quantity.saturating_sub(filled) >= trade.base
        };
        let all = self.waterfall.fund_orders.values();
        let mine = all.filter(|s| {
            let order = &s.order;
            order.is_liquidation_acquisition_only
                && order.side == side
                && order.market_symbol == *symbol
        });
        let first = mine
            .filter(|s| room(s))
            .min_by_key(|s| (by_time(s.order.nonce), s.hash));
        let own = first.cloned().ok_or(ServiceRefusal::UnknownFundOrder)?;
        let (buy, sell) = match side {
            OrderSide::Buy => (own, order.clone()),
            OrderSide::Sell => (order.clone(), own),
        };
        let trade = *trade;
        self.execute_trade(tx, &SignedTrade { buy, sell, trade })
    }
}

impl Kuma {
    /// Counts what a quote has filled, as for orders: a quote that is used up cannot be posted
    /// again.
    fn fill_quote(&mut self, signed: &SignedQuote, base: u64) -> Result<(), Rejection> {
        let before = self.people.fill(&signed.hash).map_or(0, |fill| fill.filled);
        let filled = before.checked_add(base).ok_or(PipError::ARITHMETIC)?;
        let capacity = signed.quote.capacity;
        require(filled <= capacity, Revert::OrderOverfilled)?;
        let complete = filled == capacity;
        self.set_fill(signed.hash, crate::venues::kuma::Fill { filled, complete });
        Ok(())
    }
}

/// A rejection as a reason to leave an offer out.
fn skip_of(rejection: &Rejection) -> Skip {
    match rejection {
        Rejection::Kuma(Refusal::Revert(Revert::InitialNotMet | Revert::MaintenanceNotMet)) => {
            Skip::Margin
        }
        Rejection::Kuma(Refusal::Revert(Revert::MaxPositionSizeExceeded)) => Skip::Size,
        _ => Skip::Refused,
    }
}
