//! The commands: place, cancel, replace; and the fund's own way to the book.

use plimsoll_units::{AccountId, MarketId};

use super::fill::{OnBook, Run, Taker, reason_of};
use super::{Kuma, NewOrder, OrderRefusal, Terms, Ticket, order_side};
use crate::book::conditional::{Conditional, Conditionals};
use crate::book::{self, Cut, End, OrderId, Owner, Placed, Side};
use crate::venues::kuma::refusal::require;
use crate::venues::kuma::{Event, OrderGone, OrderSide, Refusal, Revert, SignedOrder};
use crate::{Rejection, Tx};

/// An order as it is asked for.
struct Asked {
    ticket: Ticket,
    terms: Terms,
}

impl Kuma {
    /// Places an order.
    pub(in crate::venues::kuma) fn place_order(
        &mut self,
        tx: &mut Tx<'_>,
        new: &NewOrder,
        group: Option<u32>,
    ) -> Result<(), Rejection> {
        let Asked { ticket, terms } = self.read_order(new)?;
        let (account, market) = (ticket.account, ticket.market);
        self.admit_order(tx, &ticket, &terms)?;
        let id = self.next_order()?;
        let owner = Owner {
            id: account.0,
            group,
        };
        let order = terms.as_book_order(id, owner);
        Self::tell_accepted(tx, id, (account, market), &terms);
        if terms.is_conditional() {
            let waiting = terms.as_waiting(order);
            self.wait(ticket, waiting)?;
            let now = self.prices_now(market);
            self.fire(tx, now);
            return Ok(());
        }
        let run = self.submit(tx, ticket, &order, false)?;
        self.settle_ends(tx, market, run);
        Ok(())
    }

    /// Replaces a standing order by another of the same wallet, market and side.
    pub(in crate::venues::kuma) fn replace_order(
        &mut self,
        tx: &mut Tx<'_>,
        old: u64,
        new: &NewOrder,
    ) -> Result<(), Rejection> {
        let Asked { ticket, terms } = self.read_order(new)?;
        let (account, market) = (ticket.account, ticket.market);
        let id = OrderId(old);
        let there = self.own_ticket(account, id)?.market;
        let book = self.orders.book(market);
        let standing = book.and_then(|book| book.get(id)).copied();
        let standing = standing.filter(|_| there == market && !terms.is_conditional());
        let standing = standing.ok_or(OrderRefusal::UnknownOrder(old))?;
        self.admit_order(tx, &ticket, &terms)?;
        let order = terms.as_book_order(id, standing.owner);
        Self::tell_accepted(tx, id, (account, market), &terms);
        let run = self.submit(tx, ticket, &order, true)?;
        self.settle_ends(tx, market, run);
        Ok(())
    }

    /// Cancels an order that stands or waits, and what waits for it.
    pub(in crate::venues::kuma) fn cancel_order(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        order: u64,
    ) -> Result<(), Rejection> {
        let id = OrderId(order);
        let market = self.own_ticket(account, id)?.market;
        self.drop_order(tx, market, id, OrderGone::ByOwner)
    }

    /// Cancels all orders of a wallet, in one market or in all.
    pub(in crate::venues::kuma) fn cancel_orders(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: Option<MarketId>,
    ) -> Result<(), Rejection> {
        self.quote_slot(account)?;
        if let Some(market) = market {
            self.market(market)?;
        }
        self.drop_orders(tx, account, market, OrderGone::ByOwner)
    }

    fn drop_orders(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        only: Option<MarketId>,
        reason: OrderGone,
    ) -> Result<(), Rejection> {
        let count = u16::try_from(self.markets.len()).unwrap_or(u16::MAX);
        for market in (0..count).map(MarketId) {
            if only.is_some_and(|only| only != market) {
                continue;
            }
            let (standing, waiting) = self.orders_of(account, market);
            let standing = standing.into_iter().map(|order| order.id);
            let waiting = waiting.into_iter().map(|waiting| waiting.order.id);
            for id in standing.chain(waiting) {
                // One may have gone with the one it waited for.
                if self.orders.ticket(id).is_some() {
                    self.drop_order(tx, market, id, reason)?;
                }
            }
        }
        Ok(())
    }

    /// Cancels everybody's orders in a market.
    pub(in crate::venues::kuma) fn drop_orders_in(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
    ) -> Result<(), Rejection> {
        let book = self.orders.book(market).into_iter();
        let sides = [Side::Buy, Side::Sell];
        let standing = book.flat_map(|book| sides.into_iter().flat_map(|side| book.orders(side)));
        let waiting = self.orders.waiting(market).into_iter();
        let waiting = waiting.flat_map(Conditionals::iter);
        let all = standing.map(|order| order.id);
        let all: Vec<OrderId> = all.chain(waiting.map(|w| w.order.id)).collect();
        for id in all {
            // One may have gone with the one it waited for.
            if self.orders.ticket(id).is_some() {
                self.drop_order(tx, market, id, OrderGone::MarketInactive)?;
            }
        }
        Ok(())
    }

    fn drop_order(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        id: OrderId,
        reason: OrderGone,
    ) -> Result<(), Rejection> {
        let here = self.touch(market)?;
        let stood = here.book.as_mut().and_then(|book| book.cancel(id).ok());
        let Some(order) = stood else {
            let gone = here.waiting.cancel(id);
            let gone = gone.map_err(|_| OrderRefusal::UnknownOrder(id.0))?;
            self.forget_waiting(tx, market, &gone, (id, reason));
            return Ok(());
        };
        self.set_ticket(id, None);
        tx.emit(Event::OrderCancelled {
            order: id.0,
            account: AccountId(order.owner.id),
            market,
            quantity: order.quantity,
            reason,
        });
        self.cancel_children(tx, market, id);
        Ok(())
    }

    /// Wallets that were taken over in this command lose their orders.
    pub(in crate::venues::kuma) fn drop_orders_of_taken(&mut self, tx: &mut Tx<'_>) {
        if self.orders.counts.is_empty() {
            return;
        }
        let taken = tx.events.iter().filter_map(|event| match event {
            crate::Event::Kuma(
                Event::Liquidated { account, .. } | Event::ExitWithdrawn { account, .. },
            ) => Some(*account),
            _ => None,
        });
        let taken: Vec<AccountId> = taken.collect();
        for account in taken {
            if self.orders.count_of(account) > 0 {
                // Its orders are in markets that exist, so nothing refuses this.
                let dropped = self.drop_orders(tx, account, None, OrderGone::Liquidated);
                debug_assert!(dropped.is_ok(), "{dropped:?}");
            }
        }
    }

    fn own_ticket(&self, account: AccountId, id: OrderId) -> Result<&Ticket, OrderRefusal> {
        let order = id.0;
        let ticket = self.orders.ticket(id);
        let ticket = ticket.ok_or(OrderRefusal::UnknownOrder(order))?;
        if ticket.account != account {
            return Err(OrderRefusal::NotOwner { order, account });
        }
        Ok(ticket)
    }

    /// Whose order it is, where, and what it says.
    fn read_order(&self, new: &NewOrder) -> Result<Asked, Rejection> {
        let signed = match *new {
            NewOrder::Vouched {
                account,
                market,
                terms,
            } => {
                let ticket = Ticket {
                    account,
                    market,
                    signed: None,
                };
                return Ok(Asked { ticket, terms });
            }
            NewOrder::Signed(ref signed) => signed,
        };
        let order = &signed.order;
        if order.is_liquidation_acquisition_only {
            return Err(OrderRefusal::SideChannel.into());
        }
        let account = self.account_of(order.wallet);
        let account = account.ok_or(Refusal::UnknownWallet(order.wallet))?;
        let symbol = order.market_symbol.strip_suffix("-USD");
        let mut markets = self.markets.iter();
        let at = markets.position(|market| Some(market.symbol.as_str()) == symbol);
        let market = at.and_then(|at| u16::try_from(at).ok()).map(MarketId);
        let market = market.ok_or(Revert::NoActiveMarket)?;
        Ok(Asked {
            ticket: Ticket {
                account,
                market,
                signed: Some(signed.clone()),
            },
            terms: order.into(),
        })
    }

    /// Everything that can be known before the book is asked.
    fn admit_order(
        &mut self,
        tx: &mut Tx<'_>,
        ticket: &Ticket,
        terms: &Terms,
    ) -> Result<(), Rejection> {
        let (account, market) = (ticket.account, ticket.market);
        let signed = ticket.signed.as_deref();
        self.not_in_recovery()?;
        self.quote_slot(account)?;
        let exited = self.people.exit_is_final(account, tx.now);
        let revert = match terms.side {
            OrderSide::Buy => Revert::BuyWalletExitFinalized,
            OrderSide::Sell => Revert::SellWalletExitFinalized,
        };
        require(!exited, revert)?;
        let there = self.market(market)?;
        require(there.is_active(), Revert::NoActiveMarket)?;
        let least = self.limits(account, market)?.minimum_position_size;
        terms.check(there, least)?;
        let delegated = signed.is_some_and(SignedOrder::is_delegated);
        self.check_fund_order(account, terms.reduce_only && delegated)?;
        if let Some(signed) = signed {
            self.check_nonce(tx, account, signed)?;
            self.check_signature(account, signed, market, terms.side)?;
            let fill = self.people.fill(&signed.hash);
            let complete = fill.is_some_and(|fill| fill.complete);
            require(!complete, Revert::OrderDoubleFilled)?;
        }
        if terms.after > 0 {
            let parent = self.own_ticket(account, OrderId(terms.after));
            let here = parent.is_ok_and(|ticket| ticket.market == market);
            if !here {
                return Err(OrderRefusal::UnknownParent(terms.after).into());
            }
        }
        Ok(())
    }

    fn tell_accepted(
        tx: &mut Tx<'_>,
        id: OrderId,
        (account, market): (AccountId, MarketId),
        terms: &Terms,
    ) {
        tx.emit(Event::OrderAccepted {
            order: id.0,
            account,
            market,
            order_type: terms.order_type,
            side: terms.side,
            quantity: terms.quantity,
            limit_price: terms.limit_price,
        });
    }

    fn wait(&mut self, ticket: Ticket, waiting: Conditional) -> Result<(), Rejection> {
        let here = self.touch(ticket.market)?;
        here.waiting.add(waiting).map_err(OrderRefusal::from)?;
        self.set_ticket(waiting.order.id, Some(ticket));
        Ok(())
    }

    /// Brings an order to its book. On an error the caller takes everything back.
    pub(super) fn submit(
        &mut self,
        tx: &mut Tx<'_>,
        ticket: Ticket,
        order: &book::Order,
        replace: bool,
    ) -> Result<Run, Rejection> {
        let (account, market) = (ticket.account, ticket.market);
        let asked = order.quantity;
        let order = self.clamp(tx, &ticket, order, replace)?;
        let taker = Taker {
            id: order.id,
            account,
            market,
            signed: ticket.signed.clone(),
        };
        let (placed, mut run) = self.on_book(tx, &taker, &order, replace)?;
        if placed.filled == 0
            && let Some(why) = run.stopped.take()
        {
            return Err(why);
        }
        let stands = placed.end == End::Rests;
        let had = self.orders.ticket(order.id).is_some();
        if stands || had {
            self.set_ticket(order.id, stands.then_some(ticket));
        }
        let clamped = asked.saturating_sub(order.quantity);
        self.tell_end(tx, &taker, &placed, &run, clamped);
        if !stands {
            let filled = placed.end == End::Filled;
            run.ended.push((order.id, filled));
        }
        Ok(run)
    }

    /// Clamps an order to what it may trade, and sets its execution bound.
    fn clamp(
        &mut self,
        tx: &mut Tx<'_>,
        ticket: &Ticket,
        order: &book::Order,
        replace: bool,
    ) -> Result<book::Order, Rejection> {
        let (account, market) = (ticket.account, ticket.market);
        self.not_in_recovery()?;
        require(self.market(market)?.is_active(), Revert::NoActiveMarket)?;
        self.apply_funding(tx, account)?;
        let mut order = *order;
        if let Some(signed) = &ticket.signed {
            let filled = self.people.fill(&signed.hash).map_or(0, |fill| fill.filled);
            let left = signed.order.quantity.saturating_sub(filled);
            order.quantity = order.quantity.min(left);
        }
        if order.reduce_only {
            let size = self.lot(account, market).size;
            let there = self.orders.book(market);
            let room = match (order.limit, there) {
                (Some(price), Some(book)) => {
                    let side = order.side;
                    let room = book.reduce_only_room(account.0, size.into(), side, price);
                    // The order replaced makes way for the new one.
                    let old = book.get(order.id).filter(|_| replace);
                    let old = old.filter(|old| side.opposite().accepts(price, old.price));
                    room.saturating_add(old.map_or(0, |old| old.quantity))
                }
                _ => u64::MAX,
            };
            let reducible = self.left_to_reduce(account, market, order_side(order.side));
            order.quantity = order.quantity.min(room).min(reducible);
        }
        if order.quantity == 0 {
            return Err(OrderRefusal::NothingToReduce.into());
        }
        let limited = order.limit.is_some();
        order.bound = self.execution_bound(market, (order.side, limited))?;
        Ok(order)
    }

    fn tell_end(&self, tx: &mut Tx<'_>, taker: &Taker, placed: &Placed, run: &Run, clamped: u64) {
        let quantity = placed.cancelled.saturating_add(clamped);
        if quantity == 0 {
            return;
        }
        let reason = match placed.end {
            End::Cut(Cut::SelfTrade) => OrderGone::SelfTrade,
            End::Cut(Cut::Stopped) => run.stopped.as_ref().map_or(OrderGone::Refused, reason_of),
            End::Cut(Cut::NothingLeft) => OrderGone::Unfilled,
            End::Cut(Cut::Bound) => OrderGone::Bound,
            End::Cut(Cut::NoRoom) => OrderGone::NoRoom,
            // What is not cut has lost something to self-trade prevention, or was clamped.
            End::Filled | End::Rests if placed.cancelled > 0 => OrderGone::SelfTrade,
            End::Filled | End::Rests => OrderGone::ReduceOnly,
        };
        tx.emit(Event::OrderCancelled {
            order: taker.id.0,
            account: taker.account,
            market: taker.market,
            quantity,
            reason,
        });
    }

    /// Trades up to `base` of a wallet's position away on the book at once, no worse than `worst`
    /// and within the market's price limit; what the book does not take is left. The venue does
    /// this for its own fund, which has signed an order for it or is vouched for.
    pub(in crate::venues::kuma) fn trade_away(
        &mut self,
        tx: &mut Tx<'_>,
        (account, signed): (AccountId, Option<Box<SignedOrder>>),
        market: MarketId,
        base: u64,
        worst: Option<u64>,
    ) -> Result<OnBook, Rejection> {
        let there = self.market(market)?;
        require(there.is_active(), Revert::NoActiveMarket)?;
        let size = self.lot(account, market).size;
        let side = if size > 0 { Side::Sell } else { Side::Buy };
        let quantity = base.min(size.unsigned_abs());
        if quantity == 0 {
            return Ok(OnBook::default());
        }
        let id = self.next_order()?;
        let bound = self.execution_bound(market, (side, false))?;
        let bound = match (bound, worst) {
            (Some(bound), Some(worst)) => Some(side.stricter(bound, worst)),
            (one, other) => one.or(other),
        };
        let order = book::Order {
            id,
            owner: Owner::alone(account.0),
            side,
            limit: None,
            bound,
            quantity,
            time_in_force: book::TimeInForce::Ioc,
            self_trade: book::SelfTrade::CancelOldest,
            reduce_only: true,
        };
        let taker = Taker {
            id,
            account,
            market,
            signed,
        };
        let (_, run) = self.on_book(tx, &taker, &order, false)?;
        let traded = run.traded;
        self.settle_ends(tx, market, run);
        Ok(traded)
    }
}
