//! The book as one would write it first: each side a list in the order of trading, searched from
//! the front. The reference for [`super::Book`]: it shares all its tests, and random flow through
//! both must end in the same bytes.

use borsh::BorshSerialize;

use super::desk::{Cut, Decision, Desk, End, Gone, Level, NotPlaced, Placed, Walk};
use super::order::{Limits, Order, OrderId, Refusal, SelfTrade, Side, Standing, TimeInForce};

/// Everything that stands, and copies of it to go back to.
#[derive(Debug, Clone, BorshSerialize)]
pub struct NaiveBook {
    limits: Limits,
    /// Buyers and sellers, in the order in which they would trade.
    sides: [Vec<Standing>; 2],
    #[borsh(skip)]
    marks: Vec<[Vec<Standing>; 2]>,
}

impl NaiveBook {
    /// An empty book.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            sides: [Vec::new(), Vec::new()],
            marks: Vec::new(),
        }
    }

    /// A side's orders, in the order in which they would trade.
    #[must_use]
    pub fn orders(&self, side: Side) -> &[Standing] {
        &self.sides[side as usize]
    }

    fn all(&self) -> impl Iterator<Item = &Standing> {
        self.sides.iter().flatten()
    }

    /// An order that stands.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Standing> {
        self.all().find(|order| order.id == id)
    }

    /// A side's prices, best first.
    #[must_use]
    pub fn depth(&self, side: Side) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        for order in self.orders(side) {
            if levels.last().is_none_or(|last| last.price != order.price) {
                levels.push(Level {
                    price: order.price,
                    quantity: 0,
                    orders: 0,
                });
            }
            if let Some(level) = levels.last_mut() {
                level.quantity = level.quantity.saturating_add(order.quantity);
                level.orders = level.orders.saturating_add(1);
            }
        }
        levels
    }

    /// An owner's orders by ascending name.
    #[must_use]
    pub fn orders_of(&self, owner: u32) -> Vec<Standing> {
        let own = self.all().filter(|order| order.owner.id == owner);
        let mut own: Vec<Standing> = own.copied().collect();
        own.sort_by_key(|order| order.id);
        own
    }

    fn take(&mut self, id: OrderId) -> Option<Standing> {
        for side in &mut self.sides {
            if let Some(at) = side.iter().position(|order| order.id == id) {
                return Some(side.remove(at));
            }
        }
        None
    }

    /// As [`super::Book::cancel`].
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn cancel(&mut self, id: OrderId) -> Result<Standing, Refusal> {
        self.take(id).ok_or(Refusal::Unknown(id))
    }

    /// As [`super::Book::reduce`].
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::ZeroQuantity`].
    pub fn reduce(&mut self, id: OrderId, by: u64) -> Result<u64, Refusal> {
        let order = self.sides.iter_mut().flatten().find(|o| o.id == id);
        let order = order.ok_or(Refusal::Unknown(id))?;
        if by == 0 {
            return Err(Refusal::ZeroQuantity);
        }
        order.quantity = order.quantity.saturating_sub(by);
        let left = order.quantity;
        if left == 0 {
            self.take(id);
        }
        Ok(left)
    }

    /// As [`super::Book::cancel_all`].
    pub fn cancel_all(&mut self, owner: u32) -> Vec<Standing> {
        let own = self.orders_of(owner);
        for order in &own {
            self.take(order.id);
        }
        own
    }

    /// As [`super::Book::mark`]: a copy of everything.
    pub fn mark(&mut self) -> usize {
        self.marks.push(self.sides.clone());
        self.marks.len().saturating_sub(1)
    }

    /// As [`super::Book::rollback`].
    pub fn rollback(&mut self, mark: usize) {
        self.sides.clone_from(&self.marks[mark]);
        self.marks.truncate(mark.saturating_add(1));
    }

    /// As [`super::Book::commit`].
    pub fn commit(&mut self) {
        self.marks.clear();
    }

    /// As [`super::Book::replace`].
    ///
    /// # Errors
    /// As [`super::Book::replace`].
    pub fn replace<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        order.check()?;
        let old = *self.get(order.id).ok_or(Refusal::Unknown(order.id))?;
        if old.owner != order.owner || old.side != order.side {
            return Err(Refusal::NotTheSame(order.id).into());
        }
        let till_cancelled =
            order.time_in_force == TimeInForce::Gtc || order.time_in_force == TimeInForce::Gtx;
        if till_cancelled
            && order.limit == Some(old.price)
            && order.quantity <= old.quantity
            && order.reduce_only == old.reduce_only
        {
            if order.quantity < old.quantity {
                self.reduce(order.id, old.quantity.saturating_sub(order.quantity))?;
            }
            return Ok(Placed {
                filled: 0,
                rests: order.quantity,
                cancelled: 0,
                end: End::Rests,
            });
        }
        let before = self.sides.clone();
        self.take(order.id);
        let placed = self.place(order, desk);
        if placed.is_err() {
            self.sides = before;
        }
        placed
    }

    /// As [`super::Book::place`].
    ///
    /// # Errors
    /// As [`super::Book::place`].
    pub fn place<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        order.check()?;
        if self.get(order.id).is_some() {
            return Err(Refusal::Duplicate(order.id).into());
        }
        let first = self.orders(order.side.opposite()).first();
        if let (TimeInForce::Gtx, Some(limit), Some(first)) =
            (order.time_in_force, order.limit, first)
            && order.side.accepts(limit, first.price)
        {
            let best = first.price;
            return Err(Refusal::WouldTrade { limit, best }.into());
        }
        let available = self.available(order);
        let quantity = order.quantity;
        if order.time_in_force == TimeInForce::Fok && available < quantity {
            return Err(Refusal::NotAllAvailable {
                quantity,
                available,
            }
            .into());
        }
        // What the order does to the other side, all at its front, to put it back.
        let mut done: Vec<(Standing, bool)> = Vec::new();
        let placed = self.run(order, desk, &mut done);
        if placed.is_err() {
            let line = &mut self.sides[order.side.opposite() as usize];
            for (maker, removed) in done.into_iter().rev() {
                if removed {
                    line.insert(0, maker);
                } else {
                    line[0] = maker;
                }
            }
        }
        placed
    }

    fn run<D: Desk>(
        &mut self,
        order: &Order,
        desk: &mut D,
        done: &mut Vec<(Standing, bool)>,
    ) -> Result<Placed, NotPlaced<D::Error>> {
        let (mut left, mut filled) = (order.quantity, 0u64);
        let mut cut = None;
        while cut.is_none() && left > 0 {
            let line = &mut self.sides[order.side.opposite() as usize];
            let Some(&maker) = line.first() else { break };
            let within = |price: Option<u64>| {
                price.is_none_or(|price| order.side.accepts(price, maker.price))
            };
            if !within(order.limit) || !within(order.bound) {
                break;
            }
            let both = left.min(maker.quantity);
            // How much the maker loses, whether it goes whatever it has left, why, and whether it
            // was a trade.
            let (loses, goes, why) = if maker.owner.same(order.owner) {
                match order.self_trade {
                    SelfTrade::CancelNewest => {
                        cut = Some(Cut::SelfTrade);
                        continue;
                    }
                    SelfTrade::CancelOldest => (0, true, Gone::SelfTrade),
                    SelfTrade::CancelBoth => {
                        cut = Some(Cut::SelfTrade);
                        (0, true, Gone::SelfTrade)
                    }
                    SelfTrade::DecrementAndCancel => {
                        left = left.saturating_sub(both);
                        if left == 0 {
                            cut = Some(Cut::SelfTrade);
                        }
                        (both, both == maker.quantity, Gone::SelfTrade)
                    }
                }
            } else {
                match desk.fill(&maker, both).map_err(NotPlaced::Desk)? {
                    Decision::StopTaker | Decision::Accept(0) => {
                        cut = Some(Cut::Stopped);
                        continue;
                    }
                    Decision::CancelMaker => (0, true, Gone::Refused),
                    Decision::Accept(accepted) => {
                        let accepted = accepted.min(both);
                        left = left.saturating_sub(accepted);
                        filled = filled.saturating_add(accepted);
                        (accepted, accepted == maker.quantity, Gone::Filled)
                    }
                }
            };
            done.push((maker, goes));
            let mut then = maker;
            if goes {
                line.remove(0);
                if why == Gone::Filled {
                    then.quantity = 0;
                }
                desk.gone(&then, why).map_err(NotPlaced::Desk)?;
            } else {
                then.quantity = maker.quantity.saturating_sub(loses);
                line[0] = then;
                if why == Gone::SelfTrade {
                    desk.decremented(&then, loses).map_err(NotPlaced::Desk)?;
                }
            }
        }
        let quantity = order.quantity;
        if order.time_in_force == TimeInForce::Fok && filled < quantity {
            let available = filled;
            return Err(Refusal::NotAllAvailable {
                quantity,
                available,
            }
            .into());
        }
        let (rests, end) = match cut {
            Some(cut) => (0, End::Cut(cut)),
            None if left == 0 => (0, End::Filled),
            None => self.rest(order, left, done.is_empty())?,
        };
        Ok(Placed {
            filled,
            rests,
            cancelled: quantity.saturating_sub(filled).saturating_sub(rests),
            end,
        })
    }

    fn rest(&mut self, order: &Order, left: u64, untouched: bool) -> Result<(u64, End), Refusal> {
        let (TimeInForce::Gtc | TimeInForce::Gtx, Some(price)) = (order.time_in_force, order.limit)
        else {
            return Ok((0, End::Cut(Cut::NothingLeft)));
        };
        let first = self.orders(order.side.opposite()).first();
        if first.is_some_and(|first| order.side.accepts(price, first.price)) {
            return Ok((0, End::Cut(Cut::Bound)));
        }
        if let Err(refusal) = self.room(order, left) {
            return if untouched {
                Err(refusal)
            } else {
                Ok((0, End::Cut(Cut::NoRoom)))
            };
        }
        let side = &mut self.sides[order.side as usize];
        // Behind all that are better or as good.
        let worse = |other: &Standing| !order.side.opposite().accepts(price, other.price);
        let at = side.iter().position(worse).unwrap_or(side.len());
        side.insert(at, order.standing(price, left));
        Ok((left, End::Rests))
    }

    fn room(&self, order: &Order, left: u64) -> Result<(), Refusal> {
        let (orders, owner) = (self.limits.orders, order.owner.id);
        if self.all().count() >= orders as usize {
            return Err(Refusal::Full(orders));
        }
        let count = self.limits.orders_per_owner;
        if self.orders_of(owner).len() >= count as usize {
            return Err(Refusal::OwnerFull { owner, count });
        }
        let standing = self.orders(order.side).iter();
        let mut sum = standing.map(|o| u128::from(o.quantity)).sum::<u128>();
        sum = sum.saturating_add(left.into());
        u64::try_from(sum).map(|_| ()).map_err(|_| Refusal::TooMuch)
    }

    /// As [`super::Book::available`].
    #[must_use]
    pub fn available(&self, order: &Order) -> u64 {
        let makers = self.orders(order.side.opposite()).iter();
        let reached = makers
            .take_while(|maker| !maker.owner.same(order.owner))
            .filter(|maker| {
                let limits = [order.limit, order.bound];
                let mut limits = limits.into_iter().flatten();
                limits.all(|limit| order.side.accepts(limit, maker.price))
            });
        let sum: u128 = reached.map(|maker| u128::from(maker.quantity)).sum();
        u64::try_from(sum.min(order.quantity.into())).unwrap_or(u64::MAX)
    }

    /// As [`super::Book::walk`].
    #[must_use]
    pub fn walk(&self, side: Side, quantity: u64, worst: Option<u64>) -> Walk {
        let mut walk = Walk::default();
        for maker in self.orders(side.opposite()) {
            let left = quantity.saturating_sub(walk.quantity);
            if left == 0 || worst.is_some_and(|worst| !side.accepts(worst, maker.price)) {
                break;
            }
            let here = left.min(maker.quantity);
            walk.quantity = walk.quantity.saturating_add(here);
            let cost = u128::from(here).saturating_mul(maker.price.into());
            walk.notional = walk.notional.saturating_add(cost);
            if walk.last != Some(maker.price) {
                walk.levels = walk.levels.saturating_add(1);
            }
            walk.last = Some(maker.price);
        }
        walk
    }
}
