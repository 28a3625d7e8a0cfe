//! One fill: two wallets trade at the maker's price, as the contracts would let them.

use plimsoll_units::{AccountId, MarketId};

use super::{Kuma, OrderRefusal, OrderSide, order_side};
use crate::book::{Book, Decision, Desk, Gone, NotPlaced, Order, OrderId, Placed, Standing};
use crate::ledger::Reason;
use crate::margin::cross::{self, ONE, PipError, Way};
use crate::venues::kuma::refusal::{Refusal, require};
use crate::venues::kuma::settle::Level;
use crate::venues::kuma::trade::{Parties, check_fees};
use crate::venues::kuma::{Event, OrderGone, Revert, SignedOrder, Trade};
use crate::{Rejection, Tx};

/// Whose order comes to the book.
#[derive(Debug, Clone)]
pub(super) struct Taker {
    pub(super) id: OrderId,
    pub(super) account: AccountId,
    pub(super) market: MarketId,
    pub(super) signed: Option<Box<SignedOrder>>,
}

/// What an order traded on the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OnBook {
    /// Base, in pips.
    pub base: u64,
    /// Quote, in pips, before fees.
    pub quote: u64,
    /// The taker's fees, in pips.
    pub fees: u64,
}

/// What came of placing an order.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) traded: OnBook,
    /// The first and the last price of its fills.
    pub(super) prices: Option<(u64, u64)>,
    /// Why the taker could not trade on.
    pub(super) stopped: Option<Rejection>,
    /// Makers that have left the book, and whether because they were filled.
    pub(super) ended: Vec<(OrderId, bool)>,
    why: Option<OrderGone>,
}

/// Whose fault it is that a fill cannot be.
type Blame = (OrderSide, Rejection);

struct Floor<'f, 't> {
    venue: &'f mut Kuma,
    tx: &'f mut Tx<'t>,
    taker: &'f Taker,
    order: &'f Order,
    run: Run,
}

/// One proposed fill.
#[derive(Debug, Clone, Copy)]
struct Proposal<'m> {
    maker: &'m Standing,
    base: u64,
}

impl Desk for Floor<'_, '_> {
    type Error = Rejection;

    fn fill(&mut self, maker: &Standing, quantity: u64) -> Result<Decision, Rejection> {
        let mark = self.venue.mark(self.tx);
        let proposal = Proposal {
            maker,
            base: quantity,
        };
        let blame = match self.settle(&proposal) {
            Ok(traded) => {
                let run = &mut self.run;
                run.traded = run.traded.plus(&traded)?;
                let first = run.prices.map_or(maker.price, |(first, _)| first);
                run.prices = Some((first, maker.price));
                return Ok(Decision::Accept(traded.base));
            }
            Err(blame) => blame,
        };
        self.venue.back_to(self.tx, &mark);
        let (side, why) = blame;
        if side == order_side(maker.side) {
            self.run.why = Some(reason_of(&why));
            return Ok(Decision::CancelMaker);
        }
        self.run.stopped = Some(why);
        Ok(Decision::StopTaker)
    }

    fn gone(&mut self, maker: &Standing, why: Gone) -> Result<(), Rejection> {
        self.run.ended.push((maker.id, why == Gone::Filled));
        let reason = match why {
            Gone::Filled => return Ok(()),
            Gone::SelfTrade => OrderGone::SelfTrade,
            Gone::Refused => self.run.why.take().unwrap_or(OrderGone::Refused),
        };
        self.tx.emit(Event::OrderCancelled {
            order: maker.id.0,
            account: AccountId(maker.owner.id),
            market: self.taker.market,
            quantity: maker.quantity,
            reason,
        });
        Ok(())
    }

    fn decremented(&mut self, maker: &Standing, by: u64) -> Result<(), Rejection> {
        self.tx.emit(Event::OrderReduced {
            order: maker.id.0,
            by,
            left: maker.quantity,
        });
        Ok(())
    }
}

impl Floor<'_, '_> {
    /// Trades as much of a proposal as both sides may.
    fn settle(&mut self, proposal: &Proposal<'_>) -> Result<OnBook, Blame> {
        let (maker, market) = (proposal.maker, self.taker.market);
        let (makes, takes) = (order_side(maker.side), order_side(self.order.side));
        let made_by = |why: Rejection| (makes, why);
        let taken_by = |why: Rejection| (takes, why);
        let account = AccountId(maker.owner.id);
        let ticket = self.venue.orders.ticket(maker.id);
        let signed = ticket.and_then(|ticket| ticket.signed.clone());
        self.admit(account, makes).map_err(made_by)?;
        self.admit(self.taker.account, takes).map_err(taken_by)?;
        if let Some(signed) = &signed {
            let venue = &*self.venue;
            venue
                .check_nonce(self.tx, account, signed)
                .map_err(made_by)?;
        }
        if let Some(signed) = &self.taker.signed {
            // One that waited for its price may be void by now.
            let checked = self.venue.check_nonce(self.tx, self.taker.account, signed);
            checked.map_err(taken_by)?;
        }
        let made = self.room(account, makes, maker.reduce_only, signed.as_deref());
        let taken = self.room(
            self.taker.account,
            takes,
            self.order.reduce_only,
            self.taker.signed.as_deref(),
        );
        let base = proposal.base.min(made.map_err(made_by)?);
        let base = base.min(taken.map_err(taken_by)?);
        let trade = self.trade(base, maker.price, makes).map_err(|why| {
            // What is too little to have a price: the one with nothing more goes.
            let all = base == maker.quantity;
            (if all { makes } else { takes }, why)
        })?;
        check_fees(&trade).map_err(taken_by)?;
        let (buyer, seller) = match takes {
            OrderSide::Buy => (self.taker.account, account),
            OrderSide::Sell => (account, self.taker.account),
        };
        self.exchange((buyer, seller), &trade)?;
        if let Some(signed) = &signed {
            self.venue.fill(signed, base).map_err(made_by)?;
        }
        if let Some(signed) = &self.taker.signed {
            self.venue.fill(signed, base).map_err(taken_by)?;
        }
        self.tx.emit(Event::OrderMatched {
            taker: self.order.id.0,
            maker: maker.id.0,
            market,
            price: maker.price,
            base,
        });
        Ok(OnBook {
            base,
            quote: trade.quote,
            fees: trade.taker_fee,
        })
    }

    /// Who may not trade any more, and who is first paid its funding.
    fn admit(&mut self, account: AccountId, side: OrderSide) -> Result<(), Rejection> {
        let revert = match side {
            OrderSide::Buy => Revert::BuyWalletExitFinalized,
            OrderSide::Sell => Revert::SellWalletExitFinalized,
        };
        let exited = self.venue.people.exit_is_final(account, self.tx.now);
        require(!exited, revert)?;
        self.venue.apply_funding(self.tx, account)
    }

    /// How much an order may still trade: of a signed one what its digest has not filled, of a
    /// reduce-only one what there is of the position.
    fn room(
        &self,
        account: AccountId,
        side: OrderSide,
        reduce_only: bool,
        signed: Option<&SignedOrder>,
    ) -> Result<u64, Rejection> {
        let mut room = u64::MAX;
        if let Some(signed) = signed {
            let filled = self.venue.people.fill(&signed.hash).map_or(0, |f| f.filled);
            room = signed.order.quantity.saturating_sub(filled);
            require(room > 0, Revert::OrderDoubleFilled)?;
        }
        if reduce_only {
            let there = self.venue.left_to_reduce(account, self.taker.market, side);
            require(there > 0, Revert::PositionMustMoveTowardZero)?;
            room = room.min(there);
        }
        Ok(room)
    }

    fn trade(&self, base: u64, price: u64, maker_side: OrderSide) -> Result<Trade, Rejection> {
        let market = self.taker.market;
        let listing = self.venue.market(market)?.listing;
        let quote = cross::mul_frac(base, price, ONE)?;
        require(quote > 0, Revert::QuoteQuantityZero)?;
        // Charges and rebates round down: what is charged is never above the cap.
        let maker = cross::mul_frac(quote, listing.maker_fee.unsigned_abs(), ONE)?;
        let maker = cross::to_int64(maker)?;
        let maker_fee = if listing.maker_fee < 0 {
            maker.checked_neg().ok_or(PipError::ARITHMETIC)?
        } else {
            maker
        };
        Ok(Trade {
            market,
            base,
            quote,
            maker_side,
            maker_fee,
            taker_fee: cross::mul_frac(quote, listing.taker_fee, ONE)?,
        })
    }

    /// Settles, and asks of whom it did not reduce the margin it has chosen itself.
    fn exchange(
        &mut self,
        (buyer, seller): (AccountId, AccountId),
        trade: &Trade,
    ) -> Result<(), Blame> {
        let parties = Parties {
            buyer,
            seller,
            // What reduces is clamped before; what is left of a position is never passed.
            buyer_reduces: false,
            seller_reduces: false,
            acquisition: false,
        };
        let before = [buyer, seller].map(|account| self.venue.lot(account, trade.market).size);
        self.venue.settle_between(self.tx, &parties, trade)?;
        let sides = [OrderSide::Buy, OrderSide::Sell];
        for ((account, side), before) in [buyer, seller].into_iter().zip(sides).zip(before) {
            let after = self.venue.lot(account, trade.market).size;
            if after.unsigned_abs() < before.unsigned_abs() {
                continue;
            }
            let met = self.venue.meets_chosen_margin(self.tx, account);
            met.map_err(|why| (side, why))?;
        }
        Ok(())
    }
}

impl Kuma {
    /// Places an order on its book, or replaces the one of its name. On an error money may have
    /// moved: the caller takes it back.
    pub(super) fn on_book(
        &mut self,
        tx: &mut Tx<'_>,
        taker: &Taker,
        order: &Order,
        replace: bool,
    ) -> Result<(Placed, Run), Rejection> {
        let here = self.touch(taker.market)?;
        let mut book: Book = here.book.take().ok_or(Refusal::Full)?;
        let mut floor = Floor {
            venue: self,
            tx,
            taker,
            order,
            run: Run::default(),
        };
        let placed = if replace {
            book.replace(order, &mut floor)
        } else {
            book.place(order, &mut floor)
        };
        let run = floor.run;
        if let Some(here) = self.orders.here(taker.market) {
            here.book = Some(book);
            if let Some((_, last)) = run.prices {
                here.last = Some(last);
            }
        }
        match placed {
            Ok(placed) => Ok((placed, run)),
            Err(NotPlaced::Desk(why)) => Err(why),
            Err(NotPlaced::Refused(refusal)) => {
                // A desk that cut a fill-or-kill order short knows better why.
                Err(run
                    .stopped
                    .unwrap_or_else(|| OrderRefusal::Book(refusal).into()))
            }
        }
    }

    /// How much of a position an order of this side could reduce.
    pub(super) fn left_to_reduce(
        &self,
        account: AccountId,
        market: MarketId,
        side: OrderSide,
    ) -> u64 {
        let size = self.lot(account, market).size;
        let reduces = match side {
            OrderSide::Buy => size < 0,
            OrderSide::Sell => size > 0,
        };
        if reduces { size.unsigned_abs() } else { 0 }
    }

    /// Refuses when a wallet does not meet the initial margin with the leverage it has chosen.
    fn meets_chosen_margin(&self, tx: &Tx<'_>, account: AccountId) -> Result<(), Rejection> {
        let required = self.initial_requirement_with_leverage(account)?;
        let value = self.value_truncated(tx.ledger(), account)?;
        require(value >= cross::to_int64(required)?, Revert::InitialNotMet)?;
        Ok(())
    }

    /// Moves positions, quote and fees, seller first, and checks both wallets' margin, buyer
    /// first, as the contracts do; says whose fault it is if that cannot be.
    pub(in crate::venues::kuma) fn settle_between(
        &mut self,
        tx: &mut Tx<'_>,
        parties: &Parties,
        trade: &Trade,
    ) -> Result<(), (OrderSide, Rejection)> {
        let Parties { buyer, seller, .. } = *parties;
        let (market, base, quote) = (trade.market, trade.base, trade.quote);
        let buys = |why: Rejection| (OrderSide::Buy, why);
        let sells = |why: Rejection| (OrderSide::Sell, why);
        if parties.seller_reduces {
            let lot = self.lot(seller, market);
            let toward = lot.check_toward_zero(Way::Out, base);
            toward.map_err(|why| sells(why.into()))?;
        }
        let sold = self.change(tx, seller, market, (Way::Out, base, quote));
        let sold = sold.map_err(sells)?;
        if parties.buyer_reduces {
            let lot = self.lot(buyer, market);
            let toward = lot.check_toward_zero(Way::In, base);
            toward.map_err(|why| buys(why.into()))?;
        }
        let bought = self.change(tx, buyer, market, (Way::In, base, quote));
        let bought = bought.map_err(buys)?;
        let reason = if parties.acquisition {
            Reason::HandOff
        } else {
            Reason::Trade
        };
        self.pay(tx, (buyer, seller), quote, reason).map_err(buys)?;
        let taker_fee = cross::to_int64(trade.taker_fee)
            .map_err(|why| (trade.maker_side.opposite(), why.into()))?;
        let (buy_fee, sell_fee) = match trade.maker_side {
            OrderSide::Buy => (trade.maker_fee, taker_fee),
            OrderSide::Sell => (taker_fee, trade.maker_fee),
        };
        let fees = self.funds.fee_wallet;
        self.pay_signed(tx, (buyer, fees), buy_fee, Reason::TradingFee)
            .map_err(buys)?;
        self.pay_signed(tx, (seller, fees), sell_fee, Reason::TradingFee)
            .map_err(sells)?;
        self.check_margin(tx, buyer, Level::after(bought.reduced))
            .map_err(buys)?;
        self.check_margin(tx, seller, Level::after(sold.reduced))
            .map_err(sells)?;
        tx.emit(Event::Traded {
            buyer,
            seller,
            trade: *trade,
            acquisition: parties.acquisition,
        });
        Ok(())
    }
}

impl OnBook {
    /// Both together.
    pub(in crate::venues::kuma) fn plus(&self, other: &Self) -> Result<Self, PipError> {
        let add = |a: u64, b: u64| a.checked_add(b).ok_or(PipError::ARITHMETIC);
        Ok(Self {
            base: add(self.base, other.base)?,
            quote: add(self.quote, other.quote)?,
            fees: add(self.fees, other.fees)?,
        })
    }
}

/// What is said of an order that a refused fill, or firing, has ended.
pub(super) fn reason_of(why: &Rejection) -> OrderGone {
    let revert = match why {
        Rejection::Kuma(Refusal::Revert(revert)) => revert,
        Rejection::Kuma(Refusal::Order(OrderRefusal::NothingToReduce)) => {
            return OrderGone::ReduceOnly;
        }
        _ => return OrderGone::Refused,
    };
    match revert {
        Revert::InitialNotMet | Revert::MaintenanceNotMet => OrderGone::Margin,
        Revert::MaxPositionSizeExceeded => OrderGone::PositionLimit,
        Revert::PositionMustMoveTowardZero | Revert::PositionMustBeNonZero => OrderGone::ReduceOnly,
        Revert::BuyWalletExitFinalized
        | Revert::SellWalletExitFinalized
        | Revert::BuyNonceInvalidated
        | Revert::SellNonceInvalidated
        | Revert::BuyKeyInvalidated
        | Revert::SellKeyInvalidated
        | Revert::BuyKeyExpired
        | Revert::SellKeyExpired
        | Revert::OrderDoubleFilled
        | Revert::OrderOverfilled => OrderGone::Void,
        _ => OrderGone::Refused,
    }
}
