//! Placing an order: what trades, what rests, what is cancelled, in the order of the line.

use super::Book;
use super::desk::{Cut, Decision, Desk, End, Gone, NotPlaced, Placed, Walk};
use super::order::{Order, Refusal, SelfTrade, Side, TimeInForce};

/// A taker on its way through the line.
struct Taker<'o> {
    order: &'o Order,
    left: u64,
    filled: u64,
}

impl Taker<'_> {
    fn ended(&self, rests: u64, end: End) -> Placed {
        let kept = self.filled.saturating_add(rests);
        Placed {
            filled: self.filled,
            rests,
            cancelled: self.order.quantity.saturating_sub(kept),
            end,
        }
    }
}

impl Book {
    /// Places an order: it trades with the other side as far as its price and the desk allow, and
    /// what is left rests or is cancelled, as it says.
    ///
    /// A post-only order that would trade, and a fill-or-kill order that would not trade whole,
    /// are refused. If a desk cuts a fill-or-kill order short after fills, the order is refused
    /// too and the book is as before, but the desk has settled: roll its money back as well.
    ///
    /// # Errors
    /// [`NotPlaced`]; the book is as it was then.
    #[inline]
    pub fn place<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        self.admit(order)?;
        let mark = self.mark();
        let placed = self.run(order, desk, mark);
        if placed.is_err() {
            self.rollback(mark);
        }
        placed
    }

    /// Places an order instead of the standing one of its name, owner and side. At the same price
    /// and with no more quantity than is left, it keeps its place in the line; else it is taken
    /// out and placed anew, and may trade.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::NotTheSame`], and as [`Book::place`]: the old order stands
    /// as it did then.
    pub fn replace<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        order.check()?;
        let slot = self.store.slot(order.id);
        let slot = slot.ok_or(Refusal::Unknown(order.id))?;
        let old = *self.store.order(slot);
        if old.owner != order.owner || old.side != order.side {
            return Err(Refusal::NotTheSame(order.id).into());
        }
        let in_place = order.rests_at() == Some(old.price)
            && order.quantity <= old.quantity
            && order.reduce_only == old.reduce_only;
        if in_place {
            let by = old.quantity.saturating_sub(order.quantity);
            if by > 0 {
                self.store.reduce(slot, by);
            }
            return Ok(Placed {
                filled: 0,
                rests: order.quantity,
                cancelled: 0,
                end: End::Rests,
            });
        }
        let mark = self.mark();
        self.store.remove(slot);
        let placed = self.place(order, desk);
        if placed.is_err() {
            self.rollback(mark);
        }
        placed
    }

    /// What can be known before the first fill.
    #[inline]
    fn admit(&self, order: &Order) -> Result<(), Refusal> {
        order.check()?;
        if self.store.slot(order.id).is_some() {
            return Err(Refusal::Duplicate(order.id));
        }
        match (order.time_in_force, order.limit) {
            (TimeInForce::Gtx, Some(limit)) => self.check_post_only(order.side, limit),
            (TimeInForce::Fok, _) => {
                let available = self.available(order);
                check_all(order.quantity, available)
            }
            _ => Ok(()),
        }
    }

    fn check_post_only(&self, side: Side, limit: u64) -> Result<(), Refusal> {
        match self.store.best(side.opposite()) {
            Some(queue) if side.accepts(limit, queue.price) => Err(Refusal::WouldTrade {
                limit,
                best: queue.price,
            }),
            _ => Ok(()),
        }
    }

    #[inline]
    fn run<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
        mark: usize,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        let mut taker = Taker {
            order,
            left: order.quantity,
            filled: 0,
        };
        let cut = self.trade(&mut taker, desk).map_err(NotPlaced::Desk)?;
        if order.time_in_force == TimeInForce::Fok {
            check_all(order.quantity, taker.filled)?;
        }
        if let Some(cut) = cut {
            return Ok(taker.ended(0, End::Cut(cut)));
        }
        if taker.left == 0 {
            return Ok(taker.ended(0, End::Filled));
        }
        self.rest(&taker, mark)
    }

    /// Walks the line. Returns why the taker was cut short, if it was.
    #[inline]
    fn trade<D: Desk>(
        &mut self,
        taker: &mut Taker<'_>,
        desk: &mut D,
    ) -> Result<Option<Cut>, D::Error> {
        let (line, reach) = (taker.order.side.opposite(), taker.order.reach());
        while taker.left > 0 {
            let Some(slot) = self.store.first(line) else {
                return Ok(None);
            };
            let maker = self.store.order(slot);
            if reach.is_some_and(|reach| !taker.order.side.accepts(reach, maker.price)) {
                return Ok(None);
            }
            let cut = if maker.owner.same(taker.order.owner) {
                self.meet_oneself(slot, taker, desk)?
            } else {
                self.meet(slot, taker, desk)?
            };
            if cut.is_some() {
                return Ok(cut);
            }
        }
        Ok(None)
    }

    /// Proposes a fill with the order at `slot`.
    #[inline]
    fn meet<D: Desk>(
        &mut self,
        slot: u32,
        taker: &mut Taker<'_>,
        desk: &mut D,
    ) -> Result<Option<Cut>, D::Error> {
        let maker = self.store.order(slot);
        let proposed = taker.left.min(maker.quantity);
        match desk.fill(maker, proposed)? {
            Decision::StopTaker | Decision::Accept(0) => Ok(Some(Cut::Stopped)),
            Decision::CancelMaker => {
                let maker = self.store.remove(slot);
                desk.gone(&maker, Gone::Refused)?;
                Ok(None)
            }
            Decision::Accept(quantity) => {
                let quantity = quantity.min(proposed);
                let whole = quantity == maker.quantity;
                taker.left = taker.left.saturating_sub(quantity);
                taker.filled = taker.filled.saturating_add(quantity);
                if whole {
                    let mut maker = self.store.remove(slot);
                    maker.quantity = 0;
                    desk.gone(&maker, Gone::Filled)?;
                } else {
                    self.store.reduce(slot, quantity);
                }
                Ok(None)
            }
        }
    }

    /// The order at `slot` is the taker's own: its policy rules.
    #[cold]
    fn meet_oneself<D: Desk>(
        &mut self,
        slot: u32,
        taker: &mut Taker<'_>,
        desk: &mut D,
    ) -> Result<Option<Cut>, D::Error> {
        let policy = taker.order.self_trade;
        match policy {
            SelfTrade::CancelNewest => Ok(Some(Cut::SelfTrade)),
            SelfTrade::CancelOldest | SelfTrade::CancelBoth => {
                let maker = self.store.remove(slot);
                desk.gone(&maker, Gone::SelfTrade)?;
                Ok((policy == SelfTrade::CancelBoth).then_some(Cut::SelfTrade))
            }
            SelfTrade::DecrementAndCancel => {
                let by = taker.left.min(self.store.order(slot).quantity);
                taker.left = taker.left.saturating_sub(by);
                if by == self.store.order(slot).quantity {
                    let maker = self.store.remove(slot);
                    desk.gone(&maker, Gone::SelfTrade)?;
                } else {
                    self.store.reduce(slot, by);
                    desk.decremented(self.store.order(slot), by)?;
                }
                Ok((taker.left == 0).then_some(Cut::SelfTrade))
            }
        }
    }

    /// What the line left of the taker: it rests if it may.
    #[inline]
    fn rest<E>(&mut self, taker: &Taker<'_>, mark: usize) -> Result<Placed, NotPlaced<E>> {
        let order = taker.order;
        let Some(price) = order.rests_at() else {
            return Ok(taker.ended(0, End::Cut(Cut::NothingLeft)));
        };
        let next = self.store.best(order.side.opposite());
        if next.is_some_and(|next| order.side.accepts(price, next.price)) {
            return Ok(taker.ended(0, End::Cut(Cut::Bound)));
        }
        let standing = order.standing(price, taker.left);
        match self.store.add(standing, &self.limits) {
            Ok(_) => Ok(taker.ended(taker.left, End::Rests)),
            // What has traded has traded; an order that did nothing yet is refused.
            Err(refusal) if self.mark() == mark => Err(refusal.into()),
            Err(_) => Ok(taker.ended(0, End::Cut(Cut::NoRoom))),
        }
    }

    /// How much of an order could trade at once: within its price and before the first standing
    /// order of the same owner, at most all of it. What a desk would say is not known here.
    #[must_use]
    pub fn available(&self, order: &Order) -> u64 {
        let reach = order.reach();
        let mut available = 0u64;
        for maker in self.orders(order.side.opposite()) {
            let beyond = reach.is_some_and(|reach| !order.side.accepts(reach, maker.price));
            if beyond || maker.owner.same(order.owner) {
                break;
            }
            available = available.saturating_add(maker.quantity);
            if available >= order.quantity {
                return order.quantity;
            }
        }
        available
    }

    /// What a taker of `side` would meet with `quantity`, down (or up) to the price `worst`, if
    /// every maker could trade. Nothing is changed.
    #[must_use]
    pub fn walk(&self, side: Side, quantity: u64, worst: Option<u64>) -> Walk {
        let mut walk = Walk::default();
        for queue in self.store.queues(side.opposite()) {
            let left = quantity.saturating_sub(walk.quantity);
            if left == 0 || worst.is_some_and(|worst| !side.accepts(worst, queue.price)) {
                break;
            }
            let here = left.min(queue.quantity);
            // The quantities sum to at most 2^64 - 1, so the products do to less than 2^128.
            let cost = u128::from(here).saturating_mul(queue.price.into());
            walk.notional = walk.notional.saturating_add(cost);
            walk.quantity = walk.quantity.saturating_add(here);
            walk.last = Some(queue.price);
            walk.levels = walk.levels.saturating_add(1);
        }
        walk
    }
}

fn check_all(quantity: u64, available: u64) -> Result<(), Refusal> {
    if available < quantity {
        return Err(Refusal::NotAllAvailable {
            quantity,
            available,
        });
    }
    Ok(())
}
