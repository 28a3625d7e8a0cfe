//! The orders in memory: a slab of orders, chained first in, first out at each price, and the log
//! that takes changes back.
//!
//! Four changes are all there is: an order is added behind its price's last one, taken out, made
//! smaller, or (by taking back) put where it was. A taken-out order leaves its neighbours' names
//! in the log, and slots are given out last freed, first used; so going backwards every slot and
//! every neighbour is again where it was, and each step costs the same as the change did.
//!
//! Quantities of one side together fit `u64` (adding checks it), so no sum within a side wraps.

use super::id_map::IdMap;
use super::ladder::Ladder;
use super::order::{Limits, OrderId, Refusal, Side, Standing};

/// No slot.
const NONE: u32 = u32::MAX;

#[inline]
fn at(slot: u32) -> usize {
    slot as usize
}

#[derive(Debug, Clone, Copy)]
struct Node {
    order: Standing,
    prev: u32,
    next: u32,
    level: u32,
    owner: u32,
    owner_prev: u32,
    owner_next: u32,
}

/// One price: its orders, oldest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue {
    pub(super) price: u64,
    pub(super) quantity: u64,
    pub(super) orders: u32,
    head: u32,
    tail: u32,
}

#[derive(Debug, Clone, Copy)]
struct OwnerEntry {
    orders: u32,
    head: u32,
}

/// A slab: slots last freed are first used.
#[derive(Debug, Clone)]
struct Slab<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    #[inline]
    fn add(&mut self, item: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.items[at(slot)] = item;
            return slot;
        }
        // A book has fewer orders than `Limits::orders`, a u32.
        let slot = u32::try_from(self.items.len()).unwrap_or(NONE);
        self.items.push(item);
        slot
    }
}

#[derive(Debug, Clone, Copy)]
enum Undo {
    Added(u32),
    Removed(u32, Node),
    Reduced(u32, u64),
}

#[derive(Debug, Clone, Default)]
struct Half {
    ladder: Ladder,
    orders: u32,
    quantity: u64,
}

/// All standing orders of a book.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    halves: [Half; 2],
    nodes: Slab<Node>,
    levels: Slab<Queue>,
    owners: Slab<OwnerEntry>,
    by_id: IdMap,
    by_owner: IdMap,
    undo: Vec<Undo>,
}

/// Prices of a side as keys of which the greatest is the best.
#[inline]
fn key(side: Side, price: u64) -> u64 {
    match side {
        Side::Buy => price,
        Side::Sell => !price,
    }
}

impl Store {
    #[inline]
    fn half(&self, side: Side) -> &Half {
        &self.halves[side as usize]
    }

    #[inline]
    fn half_mut(&mut self, side: Side) -> &mut Half {
        &mut self.halves[side as usize]
    }

    pub(super) fn len(&self) -> u32 {
        let [buys, sells] = &self.halves;
        buys.orders.saturating_add(sells.orders)
    }

    pub(super) fn orders_on(&self, side: Side) -> u32 {
        self.half(side).orders
    }

    #[inline]
    pub(super) fn slot(&self, id: OrderId) -> Option<u32> {
        self.by_id.get(id.0)
    }

    #[inline]
    pub(super) fn order(&self, slot: u32) -> &Standing {
        &self.nodes.items[at(slot)].order
    }

    pub(super) fn owner_orders(&self, owner: u32) -> u32 {
        let entry = self.by_owner.get(owner.into());
        entry.map_or(0, |slot| self.owners.items[at(slot)].orders)
    }

    /// The best price of a side.
    #[inline]
    pub(super) fn best(&self, side: Side) -> Option<&Queue> {
        let level = self.half(side).ladder.best()?;
        Some(&self.levels.items[at(level)])
    }

    /// The order that is first in line on a side.
    #[inline]
    pub(super) fn first(&self, side: Side) -> Option<u32> {
        self.best(side).map(|queue| queue.head)
    }

    /// A side's prices, best first.
    pub(super) fn queues(&self, side: Side) -> impl Iterator<Item = &Queue> + '_ {
        let levels = self.half(side).ladder.best_first();
        levels.map(|level| &self.levels.items[at(level)])
    }

    /// The orders at a price, oldest first.
    pub(super) fn line(&self, queue: &Queue) -> impl Iterator<Item = &Standing> + '_ {
        let mut next = queue.head;
        std::iter::from_fn(move || {
            let node = self.nodes.items.get(at(next))?;
            next = node.next;
            Some(&node.order)
        })
    }

    /// Slots of an owner's orders, in no meaningful order.
    pub(super) fn slots_of(&self, owner: u32) -> impl Iterator<Item = u32> + '_ {
        let entry = self.by_owner.get(owner.into());
        let mut next = entry.map_or(NONE, |slot| self.owners.items[at(slot)].head);
        std::iter::from_fn(move || {
            let slot = next;
            next = self.nodes.items.get(at(slot))?.owner_next;
            Some(slot)
        })
    }

    /// Adds an order behind the last one of its price, as far as the limits allow.
    #[inline]
    pub(super) fn add(&mut self, order: Standing, limits: &Limits) -> Result<u32, Refusal> {
        if self.len() >= limits.orders {
            return Err(Refusal::Full(limits.orders));
        }
        let owner = self.by_owner.get(order.owner.id.into());
        let held = owner.map_or(0, |slot| self.owners.items[at(slot)].orders);
        if held >= limits.orders_per_owner {
            return Err(Refusal::OwnerFull {
                owner: order.owner.id,
                count: limits.orders_per_owner,
            });
        }
        let total = self.half(order.side).quantity.checked_add(order.quantity);
        let total = total.ok_or(Refusal::TooMuch)?;
        let level = self.level_for(order.side, order.price);
        let prev = self.levels.items[at(level)].tail;
        let slot = self.nodes.add(Node {
            order,
            prev,
            next: NONE,
            level,
            owner: NONE,
            owner_prev: NONE,
            owner_next: NONE,
        });
        self.link(slot, total);
        self.undo.push(Undo::Added(slot));
        Ok(slot)
    }

    /// The level of a price, made if there is none.
    #[inline]
    fn level_for(&mut self, side: Side, price: u64) -> u32 {
        let key = key(side, price);
        if let Some(level) = self.half(side).ladder.get(key) {
            return level;
        }
        let level = self.levels.add(Queue {
            price,
            quantity: 0,
            orders: 0,
            head: NONE,
            tail: NONE,
        });
        self.half_mut(side).ladder.insert(key, level);
        level
    }

    /// Ties a node in: between its neighbours, to its level, its owner and its name.
    #[inline]
    fn link(&mut self, slot: u32, total: u64) {
        let Node {
            order,
            prev,
            next,
            level,
            ..
        } = self.nodes.items[at(slot)];
        let queue = &mut self.levels.items[at(level)];
        queue.quantity = queue.quantity.saturating_add(order.quantity);
        queue.orders = queue.orders.saturating_add(1);
        match prev {
            NONE => queue.head = slot,
            _ => self.nodes.items[at(prev)].next = slot,
        }
        match next {
            NONE => queue.tail = slot,
            _ => self.nodes.items[at(next)].prev = slot,
        }
        let half = self.half_mut(order.side);
        half.orders = half.orders.saturating_add(1);
        half.quantity = total;
        self.by_id.insert(order.id.0, slot);
        self.link_owner(slot, order.owner.id);
    }

    #[inline]
    fn link_owner(&mut self, slot: u32, owner: u32) {
        let entry_slot = self.by_owner.get(owner.into()).unwrap_or_else(|| {
            let entry = OwnerEntry {
                orders: 0,
                head: NONE,
            };
            let entry_slot = self.owners.add(entry);
            self.by_owner.insert(owner.into(), entry_slot);
            entry_slot
        });
        let entry = &mut self.owners.items[at(entry_slot)];
        entry.orders = entry.orders.saturating_add(1);
        let second = std::mem::replace(&mut entry.head, slot);
        if second != NONE {
            self.nodes.items[at(second)].owner_prev = slot;
        }
        let node = &mut self.nodes.items[at(slot)];
        node.owner = entry_slot;
        node.owner_prev = NONE;
        node.owner_next = second;
    }

    /// Takes an order out.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) -> Standing {
        let node = self.nodes.items[at(slot)];
        self.unlink(slot, &node);
        self.undo.push(Undo::Removed(slot, node));
        node.order
    }

    #[inline]
    fn unlink(&mut self, slot: u32, node: &Node) {
        let (side, price) = (node.order.side, node.order.price);
        let queue = &mut self.levels.items[at(node.level)];
        queue.quantity = queue.quantity.saturating_sub(node.order.quantity);
        queue.orders = queue.orders.saturating_sub(1);
        match node.prev {
            NONE => queue.head = node.next,
            prev => self.nodes.items[at(prev)].next = node.next,
        }
        match node.next {
            NONE => queue.tail = node.prev,
            next => self.nodes.items[at(next)].prev = node.prev,
        }
        if queue.orders == 0 {
            self.levels.free.push(node.level);
            self.half_mut(side).ladder.remove(key(side, price));
        }
        let half = self.half_mut(side);
        half.orders = half.orders.saturating_sub(1);
        half.quantity = half.quantity.saturating_sub(node.order.quantity);
        self.by_id.remove(node.order.id.0);
        self.unlink_owner(node);
        self.nodes.free.push(slot);
    }

    #[inline]
    fn unlink_owner(&mut self, node: &Node) {
        let entry = &mut self.owners.items[at(node.owner)];
        entry.orders = entry.orders.saturating_sub(1);
        match node.owner_prev {
            NONE => entry.head = node.owner_next,
            prev => self.nodes.items[at(prev)].owner_next = node.owner_next,
        }
        if node.owner_next != NONE {
            self.nodes.items[at(node.owner_next)].owner_prev = node.owner_prev;
        }
        if entry.orders == 0 {
            self.owners.free.push(node.owner);
            self.by_owner.remove(node.order.owner.id.into());
        }
    }

    /// Takes `by` off an order that has more than that.
    #[inline]
    pub(super) fn reduce(&mut self, slot: u32, by: u64) {
        self.undo.push(Undo::Reduced(slot, by));
        let node = &mut self.nodes.items[at(slot)];
        node.order.quantity = node.order.quantity.saturating_sub(by);
        let (level, side) = (node.level, node.order.side);
        let queue = &mut self.levels.items[at(level)];
        queue.quantity = queue.quantity.saturating_sub(by);
        let half = self.half_mut(side);
        half.quantity = half.quantity.saturating_sub(by);
    }

    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }

    pub(super) fn rollback(&mut self, mark: usize) {
        assert!(
            mark <= self.undo.len(),
            "a mark of {mark} changes, but only {} are open",
            self.undo.len()
        );
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Added(slot)) => {
                    let node = self.nodes.items[at(slot)];
                    self.unlink(slot, &node);
                }
                Some(Undo::Removed(slot, node)) => self.put_back(slot, node),
                Some(Undo::Reduced(slot, by)) => self.give_back(slot, by),
                None => return,
            }
        }
    }

    fn put_back(&mut self, slot: u32, mut node: Node) {
        let free = self.nodes.free.pop();
        assert_eq!(free, Some(slot), "slots are freed and used in turn");
        // Its level may have gone with it and come back elsewhere.
        node.level = self.level_for(node.order.side, node.order.price);
        self.nodes.items[at(slot)] = node;
        let half = self.half(node.order.side);
        let total = half.quantity.saturating_add(node.order.quantity);
        self.link(slot, total);
    }

    fn give_back(&mut self, slot: u32, by: u64) {
        let node = &mut self.nodes.items[at(slot)];
        node.order.quantity = node.order.quantity.saturating_add(by);
        let (level, side) = (node.level, node.order.side);
        let queue = &mut self.levels.items[at(level)];
        queue.quantity = queue.quantity.saturating_add(by);
        let half = self.half_mut(side);
        half.quantity = half.quantity.saturating_add(by);
    }

    /// Recounts everything that is kept twice.
    pub(super) fn audit(&self) -> Result<(), String> {
        for side in [Side::Buy, Side::Sell] {
            self.audit_side(side)?;
        }
        if self.by_id.len() != at(self.len()) {
            return Err(format!(
                "{} names for {} orders",
                self.by_id.len(),
                self.len()
            ));
        }
        let best = |side| self.best(side).map(|queue| queue.price);
        match (best(Side::Buy), best(Side::Sell)) {
            (Some(bid), Some(ask)) if bid >= ask => {
                Err(format!("the book is crossed: {bid} bid, {ask} asked"))
            }
            _ => Ok(()),
        }
    }

    fn audit_side(&self, side: Side) -> Result<(), String> {
        let half = self.half(side);
        if !half.ladder.keys().is_sorted_by(|a, b| a < b) {
            return Err(format!("prices to {side} are out of order"));
        }
        let (mut orders, mut quantity) = (0u64, 0u128);
        for queue in self.queues(side) {
            let (mut here, mut sum) = (0u64, 0u128);
            for order in self.line(queue) {
                self.audit_order(order, side, queue)?;
                here = here.saturating_add(1);
                sum = sum.saturating_add(order.quantity.into());
            }
            if here != u64::from(queue.orders) || sum != u128::from(queue.quantity) || here == 0 {
                return Err(format!("{side} {}: {here} orders of {sum}", queue.price));
            }
            orders = orders.saturating_add(here);
            quantity = quantity.saturating_add(sum);
        }
        if orders != u64::from(half.orders) || quantity != u128::from(half.quantity) {
            return Err(format!("to {side}: {orders} orders of {quantity}"));
        }
        Ok(())
    }

    fn audit_order(&self, order: &Standing, side: Side, queue: &Queue) -> Result<(), String> {
        let id = order.id;
        if order.side != side || order.price != queue.price || order.quantity == 0 {
            return Err(format!("{id} stands at {}, {side}", queue.price));
        }
        let slot = self.slot(id).filter(|&slot| self.order(slot) == order);
        let Some(slot) = slot else {
            return Err(format!("{id} is not found by its name"));
        };
        let owner = order.owner.id;
        let own = self.slots_of(owner).filter(|&own| own == slot).count();
        let count = self.slots_of(owner).count();
        if own != 1 || count != at(self.owner_orders(owner)) {
            return Err(format!("{id} is {own} times among the {count} of {owner}"));
        }
        Ok(())
    }
}
