//! A limit order book: price-time priority, exact, deterministic, with an undo.
//!
//! Prices and quantities are integers of the venue's own grid, orders are named by the venue. The
//! book matches; the venue, behind the [`Desk`] trait, settles each fill as it happens and may
//! refuse it, so that margin is checked at every fill and nothing has to be taken back for it. For
//! what is tried out inside a savepoint there is [`Book::mark`], [`Book::rollback`] and
//! [`Book::commit`], as in the ledger: a venue commits at the end of each command, and an order
//! that is refused leaves the book as it was by itself.
//!
//! Invariants ([`Book::audit`] recounts them):
//! * orders of one price trade in the order in which they came to it; a better price goes first;
//! * best bid < best ask: what would cross trades, or does not rest;
//! * what an order traded, what of it rests and what was cancelled add up to its quantity;
//! * the same orders standing are the same bytes, whatever happened before, undo included;
//! * orders per book and per owner are bounded ([`Limits`]); one side's quantities fit 64 bits.
//!
//! Why not a crate: `lobster` (0.7, ISC) has neither owners nor times in force nor a say for the
//! venue at a fill, and keeps its orders in a randomly seeded map; `limitbook` (0.1, Apache-2.0)
//! counts in decimals and leaves a partly filled maker with its whole quantity; `orderbook-rs`
//! (0.15, MIT, well kept) is made for many threads, with clocks, UUIDs and one self-trade policy
//! for the whole book where the taker's must rule. None has an undo or canonical bytes.
//!
//! Beside it: [`naive`], the same book as one would write it first, which shares all its tests;
//! [`conditional`], orders that wait for a price or for another order; [`reduce_only`], how much
//! of a reduce-only order may stand.

mod bytes;
pub mod conditional;
mod desk;
mod id_map;
mod ladder;
mod matching;
pub mod naive;
mod order;
pub mod reduce_only;
mod store;

use store::Store;

pub use desk::{Cut, Decision, Desk, End, Gone, Level, NotPlaced, Placed, Walk};
pub use order::{Limits, Order, OrderId, Owner, Refusal, SelfTrade, Side, Standing, TimeInForce};

/// The order book of one market. See the module documentation.
#[derive(Debug, Clone)]
pub struct Book {
    limits: Limits,
    store: Store,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            store: Store::default(),
        }
    }

    /// How much it takes.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many orders stand.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.store.len()
    }

    /// Whether none stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many orders stand on a side.
    #[must_use]
    pub fn orders_on(&self, side: Side) -> u32 {
        self.store.orders_on(side)
    }

    /// How many orders of an owner stand.
    #[must_use]
    pub fn count_of(&self, owner: u32) -> u32 {
        self.store.owner_orders(owner)
    }

    /// An order that stands.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Standing> {
        self.store.slot(id).map(|slot| self.store.order(slot))
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.depth(side).next()
    }

    /// A side's prices, best first.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.store.queues(side).map(|queue| Level {
            price: queue.price,
            quantity: queue.quantity,
            orders: queue.orders,
        })
    }

    /// A side's orders, in the order in which they would trade.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = &Standing> + '_ {
        let queues = self.store.queues(side);
        queues.flat_map(|queue| self.store.line(queue))
    }

    /// An owner's orders in no meaningful order: for sums alone.
    fn unsorted_of(&self, owner: u32) -> impl Iterator<Item = &Standing> + '_ {
        let slots = self.store.slots_of(owner);
        slots.map(|slot| self.store.order(slot))
    }

    /// An owner's orders by ascending name.
    #[must_use]
    pub fn orders_of(&self, owner: u32) -> Vec<Standing> {
        let mut orders: Vec<Standing> = self.unsorted_of(owner).copied().collect();
        orders.sort_unstable_by_key(|order| order.id);
        orders
    }

    /// Cancels an order; returns what was left of it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn cancel(&mut self, id: OrderId) -> Result<Standing, Refusal> {
        let slot = self.store.slot(id).ok_or(Refusal::Unknown(id))?;
        Ok(self.store.remove(slot))
    }

    /// Takes `by` off an order, which keeps its place in the line; all it has, or more, cancels
    /// it. Returns what is left.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::ZeroQuantity`].
    pub fn reduce(&mut self, id: OrderId, by: u64) -> Result<u64, Refusal> {
        let slot = self.store.slot(id).ok_or(Refusal::Unknown(id))?;
        if by == 0 {
            return Err(Refusal::ZeroQuantity);
        }
        let left = self.store.order(slot).quantity.saturating_sub(by);
        match left {
            0 => {
                self.store.remove(slot);
            }
            _ => self.store.reduce(slot, by),
        }
        Ok(left)
    }

    /// Cancels all orders of an owner; returns them by ascending name.
    pub fn cancel_all(&mut self, owner: u32) -> Vec<Standing> {
        let orders = self.orders_of(owner);
        for order in &orders {
            if let Some(slot) = self.store.slot(order.id) {
                self.store.remove(slot);
            }
        }
        orders
    }

    /// Puts an order behind the last one of its price without matching: for reading a book back.
    fn stand(&mut self, order: &Standing) -> Result<(), Refusal> {
        if self.store.slot(order.id).is_some() {
            return Err(Refusal::Duplicate(order.id));
        }
        self.store.add(*order, &self.limits).map(|_| ())
    }

    /// A mark to roll back to: the number of changes since the last commit. It is good until the
    /// next commit, or until the book is rolled back beyond it.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.store.mark()
    }

    /// Takes back everything since `mark`, newest first. Costs the number of changes taken back.
    ///
    /// # Panics
    /// When fewer changes than `mark` are open: what it was set before is final then.
    pub fn rollback(&mut self, mark: usize) {
        self.store.rollback(mark);
    }

    /// Makes everything final. No mark set before is good any more.
    pub fn commit(&mut self) {
        self.store.commit();
    }

    /// Recounts the invariants of the module documentation, in time linear in the orders times
    /// those of one owner.
    ///
    /// # Errors
    /// The first that does not hold: a bug of ours.
    pub fn audit(&self) -> Result<(), String> {
        self.store.audit()
    }
}
