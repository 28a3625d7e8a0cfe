//! What follows from a trade or a new price: orders that waited for it.
//!
//! One thing can set off another: a fired order trades, the trade's price fires the next. Each
//! order fires once, so this ends with the orders that wait.

use std::collections::VecDeque;

use plimsoll_units::{AccountId, MarketId};

use super::Kuma;
use super::fill::{Run, reason_of};
use crate::Tx;
use crate::book::OrderId;
use crate::book::conditional::{Conditional, Conditionals, Source};
use crate::venues::kuma::{Event, IndexPrice, Market, OrderGone};

/// A price to show to the orders that wait.
pub(super) type Shown = (MarketId, Source, u64);

impl Kuma {
    /// The prices a market has now.
    pub(super) fn prices_now(&self, market: MarketId) -> VecDeque<Shown> {
        let index = self.market(market).map(Market::index_price).ok();
        let index = index.map(|price| (market, Source::Index, price));
        let last = self.orders.last(market);
        let last = last.map(|price| (market, Source::Last, price));
        index.into_iter().chain(last).collect()
    }

    /// Shows new index prices to the orders that wait for them.
    pub(in crate::venues::kuma) fn fire_index(&mut self, tx: &mut Tx<'_>, prices: &[IndexPrice]) {
        let prices = prices.iter();
        let shown = prices.map(|new| (new.market, Source::Index, new.price));
        self.fire(tx, shown.collect());
    }

    /// After a placed order: what its fills and the ends of orders set off.
    pub(super) fn settle_ends(&mut self, tx: &mut Tx<'_>, market: MarketId, run: Run) {
        let mut shown = VecDeque::new();
        self.follow_up(tx, market, run, &mut shown);
        self.fire(tx, shown);
    }

    fn follow_up(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        run: Run,
        shown: &mut VecDeque<Shown>,
    ) {
        // Prices go one way within an order, so the first and the last show all between.
        if let Some((first, last)) = run.prices {
            shown.push_back((market, Source::Last, first));
            shown.push_back((market, Source::Last, last));
        }
        for (id, filled) in run.ended {
            if self.orders.ticket(id).is_some() {
                self.set_ticket(id, None);
            }
            if filled {
                shown.extend(self.begin_children(market, id));
            } else {
                self.cancel_children(tx, market, id);
            }
        }
    }

    /// Those that waited for a filled order watch their price from now on: the present one first.
    fn begin_children(&mut self, market: MarketId, id: OrderId) -> VecDeque<Shown> {
        let begun = self
            .touch(market)
            .map_or(Vec::new(), |here| here.waiting.filled(id));
        if begun.is_empty() {
            return VecDeque::new();
        }
        self.prices_now(market)
    }

    /// Those that waited for a cancelled order go with it.
    pub(super) fn cancel_children(&mut self, tx: &mut Tx<'_>, market: MarketId, id: OrderId) {
        let gone = self
            .touch(market)
            .map_or(Vec::new(), |here| here.waiting.cancelled(id));
        self.forget_waiting(tx, market, &gone, (id, OrderGone::Parent));
    }

    /// Waiting orders have gone: `first` for its reason, the others with what they waited for.
    pub(super) fn forget_waiting(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        gone: &[Conditional],
        (first, reason): (OrderId, OrderGone),
    ) {
        for waiting in gone {
            let id = waiting.order.id;
            let reason = if id == first {
                reason
            } else {
                OrderGone::Parent
            };
            self.set_ticket(id, None);
            tx.emit(cancelled(market, waiting, reason));
        }
    }

    /// Shows prices to the orders that wait, and places those that fire, until nothing fires.
    pub(super) fn fire(&mut self, tx: &mut Tx<'_>, mut shown: VecDeque<Shown>) {
        while let Some((market, source, price)) = shown.pop_front() {
            let waiting = self.orders.waiting(market);
            if waiting.is_none_or(Conditionals::is_empty) {
                continue;
            }
            let fired = self
                .touch(market)
                .map_or(Vec::new(), |here| here.waiting.pass(source, price));
            for waiting in fired {
                self.place_fired(tx, market, &waiting, price, &mut shown);
            }
        }
    }

    fn place_fired(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        waiting: &Conditional,
        price: u64,
        shown: &mut VecDeque<Shown>,
    ) {
        let id = waiting.order.id;
        let Some(ticket) = self.set_ticket(id, None) else {
            return;
        };
        tx.emit(Event::OrderTriggered {
            order: id.0,
            account: ticket.account,
            market,
            price,
        });
        let mark = self.mark(tx);
        match self.submit(tx, ticket, &waiting.order, false) {
            Ok(run) => self.follow_up(tx, market, run, shown),
            Err(why) => {
                self.back_to(tx, &mark);
                tx.emit(cancelled(market, waiting, reason_of(&why)));
                self.cancel_children(tx, market, id);
            }
        }
    }
}

fn cancelled(market: MarketId, waiting: &Conditional, reason: OrderGone) -> Event {
    Event::OrderCancelled {
        order: waiting.order.id.0,
        account: AccountId(waiting.order.owner.id),
        market,
        quantity: waiting.order.quantity,
        reason,
    }
}
