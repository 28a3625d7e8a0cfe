//! Orders and trades: what users place, what the engine places, and how a fill is settled.
//!
//! Every fill is checked as it happens: a user's account may only go where its initial margin is
//! met, or where it lacks less than before; a maker that may not is cancelled, a taker that may
//! not stops. An account in liquidation trades through the engine's orders alone, and those give
//! no more than is still needed.
//!
//! Money: the buyer pays the seller the price times the size, rounded up in favour of the seller
//! (by less than one unit, and not at all on ticks and lots of two decimals and more); fees are
//! rounded up in favour of who receives them. A liquidated account pays the liquidation fee to the
//! insurance fund, at most what it has left; a user who takes pays the taker fee to the venue.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding};

use super::config::{ORDERS_MAX, Stage};
use super::event::Gone;
use super::gate::Action;
use super::health::WhatIf;
use super::matching::{Matching, why_cut};
use super::{Event, FUND, InstrumentId, Kyan, OrderRequest, Refusal, instrument};
use crate::auction::settlement::{self, Decimals, FeeRule};
use crate::book::{Book, NotPlaced, Order, OrderId, Owner, Placed, Side};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

/// Decimals of prices, sizes and money.
pub(super) const DECIMALS: Decimals = Decimals {
    price: 8,
    quantity: 6,
    money: 6,
};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A size with the sign of a side.
pub(super) fn signed(side: Side, quantity: i64) -> Result<i64, ArithmeticError> {
    match side {
        Side::Buy => Ok(quantity),
        Side::Sell => quantity.checked_neg().ok_or(OVERFLOW),
    }
}

pub(super) const fn in_units(side: Side) -> plimsoll_units::Side {
    match side {
        Side::Buy => plimsoll_units::Side::Long,
        Side::Sell => plimsoll_units::Side::Short,
    }
}

pub(super) const fn in_book(side: plimsoll_units::Side) -> Side {
    match side {
        plimsoll_units::Side::Long => Side::Buy,
        plimsoll_units::Side::Short => Side::Sell,
    }
}

/// An order on its way into a book, with who stands behind it.
pub(super) struct Placing {
    pub(super) pair: MarketId,
    pub(super) instrument: InstrumentId,
    pub(super) account: AccountId,
    /// The stage, if the engine places it.
    pub(super) stage: Option<Stage>,
    pub(super) order: Order,
}

/// One side of a fill.
#[derive(Clone, Copy)]
pub(super) struct Party {
    pub(super) pair: MarketId,
    pub(super) account: AccountId,
    pub(super) side: Side,
    /// The stage, if the engine acts for the account.
    pub(super) stage: Option<Stage>,
    pub(super) is_taker: bool,
}

impl Kyan {
    /// A user's order.
    pub(super) fn place(
        &mut self,
        tx: &mut Tx<'_>,
        request: &OrderRequest,
    ) -> Result<(), Rejection> {
        let account = self.account(request.account)?;
        let (pair, owner) = (account.pair, account.owner);
        let action = match (request.reduce_only, request.price) {
            (true, _) => Action::PlaceReduceOnly,
            (false, Some(_)) => Action::PlaceLimit,
            (false, None) => Action::PlaceMarket,
        };
        self.pass(request.account, action)?;
        self.fresh(pair, tx.now)?;
        if account.orders.len() >= ORDERS_MAX {
            return Err(Refusal::Bound {
                what: "open orders of an account",
                most: ORDERS_MAX as u64,
            }
            .into());
        }
        let place = self.pair(pair)?;
        let steps = place.steps(request.instrument)?;
        match request.price {
            Some(price) => steps.check(price, request.quantity)?,
            None => steps.check_quantity(request.quantity)?,
        }
        let limit = request.price.map(u64::try_from).transpose();
        let quantity = u64::try_from(request.quantity);
        let order = Order {
            id: OrderId(self.next_order),
            owner: Owner {
                id: request.account.0,
                group: Some(owner),
            },
            side: request.side,
            limit: limit.map_err(|_| OVERFLOW)?,
            bound: None,
            quantity: quantity.map_err(|_| OVERFLOW)?,
            time_in_force: request.time_in_force,
            self_trade: request.self_trade,
            reduce_only: request.reduce_only,
        };
        let placing = Placing {
            pair,
            instrument: request.instrument,
            account: request.account,
            stage: None,
            order,
        };
        self.send(tx, &placing)?;
        Ok(())
    }

    /// Puts an order into its book, and settles what it meets there.
    pub(super) fn send(&mut self, tx: &mut Tx<'_>, placing: &Placing) -> Result<Placed, Rejection> {
        let number = self.number_order();
        let (pair, instrument) = (placing.pair, placing.instrument);
        // The book is taken out while it matches, because settling a fill needs the venue.
        let empty = Book::new(super::pair::BOOK_LIMITS);
        let mut book = std::mem::replace(self.book_mut(pair, instrument)?, empty);
        let mut matching = Matching {
            venue: self,
            tx,
            placing,
        };
        let placed = book.place(&placing.order, &mut matching);
        if let Some(place) = self.look_for_book(pair, instrument) {
            *place = book;
        }
        let placed = match placed {
            Ok(placed) => placed,
            Err(NotPlaced::Refused(refusal)) => {
                return Err(Refusal::Book(refusal.to_string()).into());
            }
            Err(NotPlaced::Desk(rejection)) => return Err(rejection),
        };
        let rests = i64::try_from(placed.rests).map_err(|_| OVERFLOW)?;
        if rests > 0 {
            self.side_mut(pair, placing.account)?
                .orders
                .push((instrument, number));
            tx.emit(Event::Rests {
                order: number,
                account: placing.account,
                instrument,
                side: placing.order.side,
                price: i64::try_from(placing.order.limit.unwrap_or(0)).map_err(|_| OVERFLOW)?,
                quantity: rests,
                stage: placing.stage,
            });
        }
        if placed.cancelled > 0 {
            tx.emit(Event::Gone {
                order: number,
                account: placing.account,
                instrument,
                quantity: i64::try_from(placed.cancelled).map_err(|_| OVERFLOW)?,
                why: why_cut(placed.end),
            });
        }
        Ok(placed)
    }

    /// A user cancels an order of its own.
    pub(super) fn cancel(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        instrument: InstrumentId,
        order: u64,
    ) -> Result<(), Rejection> {
        let owner = self.account(account)?;
        if owner.episode().is_some_and(|e| e.working(order).is_some()) {
            return Err(Refusal::EngineOrder(order).into());
        }
        if !owner.orders.contains(&(instrument, order)) {
            // Flagged accounts had their orders cancelled: there is nothing left to do.
            if owner.episode().is_some() {
                return Ok(());
            }
            return Err(Refusal::UnknownOrder { order, account }.into());
        }
        self.remove(tx, account, instrument, order, Gone::ByOwner)
    }

    /// Takes a standing order out of its book.
    pub(super) fn remove(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        instrument: InstrumentId,
        order: u64,
        why: Gone,
    ) -> Result<(), Rejection> {
        let pair = self.account(account)?.pair;
        self.remove_in(tx, pair, (account, instrument, order), why)
    }

    /// The same, of the fund too.
    pub(super) fn remove_in(
        &mut self,
        tx: &mut Tx<'_>,
        pair: MarketId,
        (account, instrument, order): (AccountId, InstrumentId, u64),
        why: Gone,
    ) -> Result<(), Rejection> {
        let standing = self.book_mut(pair, instrument)?.cancel(OrderId(order));
        let standing = standing.map_err(|_| Refusal::UnknownOrder { order, account })?;
        self.forget_order(pair, account, order)?;
        tx.emit(Event::Gone {
            order,
            account,
            instrument,
            quantity: i64::try_from(standing.quantity).map_err(|_| OVERFLOW)?,
            why,
        });
        Ok(())
    }

    /// Cancels every order of an account, the engine's for it included.
    pub(super) fn remove_all(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        why: Gone,
    ) -> Result<(), Rejection> {
        for (instrument, order) in self.account(account)?.orders.clone() {
            self.remove(tx, account, instrument, order, why)?;
        }
        Ok(())
    }

    pub(super) fn forget_order(
        &mut self,
        pair: MarketId,
        id: AccountId,
        order: u64,
    ) -> Result<(), Refusal> {
        let account = self.side_mut(pair, id)?;
        account.orders.retain(|(_, number)| *number != order);
        if let Some(episode) = &mut account.episode {
            episode.orders.retain(|working| working.order != order);
        }
        Ok(())
    }

    /// How much of `quantity` a fill of an account's order may be now.
    pub(super) fn allowed(
        &self,
        tx: &Tx<'_>,
        party: Party,
        instrument: InstrumentId,
        price: i64,
        reduce_only: bool,
        quantity: i64,
    ) -> Result<i64, Rejection> {
        let account = self.side(party.pair, party.account)?;
        let mut most = quantity;
        if reduce_only {
            let open = account.quantity(instrument);
            let reducible = match party.side {
                Side::Buy => open.checked_neg().ok_or(OVERFLOW)?,
                Side::Sell => open,
            };
            most = most.min(reducible.max(0));
        }
        // The fund only reduces, and has no margin to meet.
        if most == 0 || party.account == FUND {
            return Ok(most);
        }
        if let Some(stage) = party.stage {
            return self.wanted(
                tx,
                party.account,
                stage,
                instrument,
                party.side,
                price,
                most,
            );
        }
        let change = self.change(party, instrument, price, most)?;
        let before = self.health_after(tx, account, None)?;
        let after = self.health_after(tx, account, Some(&change))?;
        let may = self.marked(account.pair)?.may_go(&before, &after);
        Ok(if may.is_ok() { most } else { 0 })
    }

    /// What a fill changes for a party that is a user.
    fn change(
        &self,
        party: Party,
        instrument: InstrumentId,
        price: i64,
        quantity: i64,
    ) -> Result<WhatIf, Rejection> {
        let value = instrument::value(price.into(), quantity, Rounding::Ceil)?;
        let mut cash = match party.side {
            Side::Buy => value.checked_neg().ok_or(OVERFLOW)?,
            Side::Sell => value,
        };
        if party.is_taker {
            let pair = self.account(party.account)?.pair;
            let fee = self.taker_fee(pair, instrument, price, quantity)?;
            cash = cash.checked_sub(fee).ok_or(OVERFLOW)?;
        }
        Ok(WhatIf {
            instrument,
            quantity: signed(party.side, quantity)?,
            cash,
        })
    }

    fn taker_fee(
        &self,
        pair: MarketId,
        instrument: InstrumentId,
        price: i64,
        quantity: i64,
    ) -> Result<i128, Rejection> {
        let fees = &self.pair(pair)?.params.fees;
        let rule = if instrument.is_perpetual() {
            fees.taker_perpetual
        } else {
            fees.taker_option
        };
        let fill = self.fill_of(pair, instrument, Side::Buy, price, quantity)?;
        Ok(fill.nominal_fee(rule, DECIMALS)?)
    }

    pub(super) fn liquidation_fee(
        &self,
        pair: MarketId,
        instrument: InstrumentId,
    ) -> Result<FeeRule, Refusal> {
        let fees = &self.pair(pair)?.params.fees;
        Ok(if instrument.is_perpetual() {
            fees.liquidation_perpetual
        } else {
            fees.liquidation_option
        })
    }

    /// A fill as the auction's arithmetic sees it.
    fn fill_of(
        &self,
        pair: MarketId,
        instrument: InstrumentId,
        side: Side,
        price: i64,
        quantity: i64,
    ) -> Result<settlement::Fill, Rejection> {
        let place = self.pair(pair)?;
        Ok(settlement::Fill {
            side: in_units(side),
            quantity: quantity.into(),
            price: price.into(),
            mark: place.priced(pair)?.mark(instrument)?,
            index: place.index().map_or(0, |index| index.index.raw()),
        })
    }

    /// Settles a fill between two parties.
    pub(super) fn settle(
        &mut self,
        tx: &mut Tx<'_>,
        pair: MarketId,
        instrument: InstrumentId,
        (maker, taker): (Party, Party),
        (price, quantity): (i64, i64),
    ) -> Result<(), Rejection> {
        let value = instrument::value(price.into(), quantity, Rounding::Ceil)?;
        let (buyer, seller) = match taker.side {
            Side::Buy => (taker, maker),
            Side::Sell => (maker, taker),
        };
        let reason = if instrument.is_perpetual() {
            Reason::Trade
        } else {
            Reason::Premium
        };
        let mark = self.pair(pair)?.priced(pair)?.mark(instrument)?;
        let cash = |of: Party| self.side(pair, of.account).map(|account| account.cash);
        tx.pay(cash(buyer)?, cash(seller)?, value, reason)?;
        for (party, paid) in [
            (buyer, value),
            (seller, value.checked_neg().ok_or(OVERFLOW)?),
        ] {
            let change = signed(party.side, quantity)?;
            self.side_mut(pair, party.account)?
                .change(instrument, change, paid)?;
        }
        tx.emit(Event::Traded {
            pair,
            instrument,
            maker: maker.account,
            taker: taker.account,
            side: taker.side,
            price,
            quantity,
            mark,
        });
        for party in [maker, taker] {
            if party.account == FUND {
                self.fund_dirty.insert(pair);
                continue;
            }
            self.charge(tx, pair, instrument, party, (price, quantity))?;
            // A price far from the mark can put a party that lacked initial margin under its
            // maintenance margin.
            self.dirty.insert(party.account);
        }
        Ok(())
    }

    /// The fee of a fill, and the report of what it did to an account in liquidation.
    fn charge(
        &mut self,
        tx: &mut Tx<'_>,
        pair: MarketId,
        instrument: InstrumentId,
        party: Party,
        (price, quantity): (i64, i64),
    ) -> Result<(), Rejection> {
        let cash = self.account(party.account)?.cash;
        let Some(stage) = party.stage else {
            if party.is_taker {
                let fee = self.taker_fee(pair, instrument, price, quantity)?;
                tx.pay(cash, self.house.fees, fee, Reason::TradingFee)?;
            }
            return Ok(());
        };
        let fill = self.fill_of(pair, instrument, party.side, price, quantity)?;
        let nominal = fill.nominal_fee(self.liquidation_fee(pair, instrument)?, DECIMALS)?;
        let account = self.account(party.account)?;
        let health = self.health_after(tx, account, None)?;
        let left = self.marked(pair)?.numbers(&health)?.equity.max(0);
        let fee = nominal.min(left);
        tx.pay(cash, self.house.fund, fee, Reason::LiquidationFee)?;
        let account = self.account(party.account)?;
        let health = self.health_after(tx, account, None)?;
        let numbers = self.marked(pair)?.numbers(&health)?;
        let Some(case) = account.episode().map(|episode| episode.case.id) else {
            return Ok(());
        };
        tx.emit(Event::Filled {
            case,
            account: party.account,
            stage,
            instrument,
            side: party.side,
            quantity,
            price,
            mark: fill.mark,
            incentive: fill.incentive(DECIMALS)?,
            fee,
            numbers,
        });
        let notional = instrument::value(fill.index, quantity, Rounding::Down)?;
        let closed = !instrument.is_perpetual();
        let place = self.account_mut(party.account)?;
        if let Some(episode) = &mut place.episode {
            episode.done = episode.done.saturating_add(notional);
            // After a close of options the delta is looked at anew.
            episode.hedge_over &= !closed;
        }
        Ok(())
    }
}
