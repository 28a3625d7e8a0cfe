//! Orders that wait: for a price (stop-loss, take-profit, trailing stop) or for another order.
//!
//! A stop-loss to sell, and a take-profit to buy, fire at or below their trigger; a stop-loss to
//! buy, and a take-profit to sell, at or above. A trailing stop to sell follows the highest price
//! seen since it began to watch and fires when the price has come back from it by the callback
//! rate; to buy, the lowest. The comparison is exact, nothing is rounded. An order that waits for
//! another (`conditionalOrderId`) watches no price until that one is filled, and goes when it is
//! cancelled, with those that wait for it in turn.
//!
//! Order of firing, for one new price: first those that fire at or below, the highest trigger
//! first; then those at or above, the lowest first; then trailing stops; ties and trailing stops
//! by name. A fired order is handed to the venue, once, and forgotten: placing it, and what its
//! trades set off, is the venue's.
//!
//! Cost of a price: the orders fired, and one comparison for each trailing stop on that source.
//! The number of orders is bounded ([`Limits`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Read, Result as IoResult, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Limits, Order, OrderId, Refusal, Side};

/// A callback rate of one: the whole price.
pub const CALLBACK_ONE: u64 = 100_000_000;

/// Which price is watched. The numbers are those of Kuma's signed order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Source {
    /// The last trade of the book.
    Last = 1,
    /// The market's index.
    Index = 2,
}

/// What an order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Trigger {
    /// The price moving against the position to this level.
    StopLoss(u64) = 0,
    /// The price moving in favour of the position to this level.
    TakeProfit(u64) = 1,
    /// The price coming back from its extreme.
    Trailing {
        /// By this share of the extreme, in 1/[`CALLBACK_ONE`].
        callback: u64,
        /// The extreme counts from when the price has been here (at or above, to sell).
        activation: Option<u64>,
        /// The most favourable price since; none before the first.
        extreme: Option<u64>,
    } = 2,
}

/// An order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Conditional {
    /// What is to be placed. Its name is the name to cancel it by meanwhile.
    pub order: Order,
    /// Which price it watches.
    pub source: Source,
    /// What it waits for.
    pub trigger: Trigger,
    /// The order that must be filled before this one begins to watch.
    pub after: Option<OrderId>,
}

/// Where a trigger is looked for.
enum Watching {
    AtOrBelow(u64),
    AtOrAbove(u64),
    Trailing,
}

impl Conditional {
    fn watching(&self) -> Watching {
        match (self.trigger, self.order.side) {
            (Trigger::StopLoss(price), Side::Sell) | (Trigger::TakeProfit(price), Side::Buy) => {
                Watching::AtOrBelow(price)
            }
            (Trigger::StopLoss(price), Side::Buy) | (Trigger::TakeProfit(price), Side::Sell) => {
                Watching::AtOrAbove(price)
            }
            (Trigger::Trailing { .. }, _) => Watching::Trailing,
        }
    }

    /// Whether the order would fire at this price of its source. For a trailing stop: with the
    /// extreme it has seen so far, or this price if that is further.
    #[must_use]
    pub fn fires_at(&self, price: u64) -> bool {
        match self.watching() {
            Watching::AtOrBelow(trigger) => price <= trigger,
            Watching::AtOrAbove(trigger) => price >= trigger,
            Watching::Trailing => self.came_back(self.following(price), price),
        }
    }

    /// The extreme after this price.
    fn following(&self, price: u64) -> Option<u64> {
        let Trigger::Trailing {
            activation,
            extreme,
            ..
        } = self.trigger
        else {
            return None;
        };
        // What is better for the order's own side is further: a seller waits for higher prices.
        let side = self.order.side;
        match extreme {
            Some(extreme) => Some(side.stricter(extreme, price)),
            None => activation
                .is_none_or(|from| side.accepts(from, price))
                .then_some(price),
        }
    }

    fn came_back(&self, extreme: Option<u64>, price: u64) -> bool {
        let (Trigger::Trailing { callback, .. }, Some(extreme)) = (self.trigger, extreme) else {
            return false;
        };
        // Products of 64-bit numbers fit 128 bits.
        let price = u128::from(price).saturating_mul(CALLBACK_ONE.into());
        let level = |rate: u64| u128::from(extreme).saturating_mul(rate.into());
        match self.order.side {
            Side::Sell => price <= level(CALLBACK_ONE.saturating_sub(callback)),
            Side::Buy => price >= level(CALLBACK_ONE.saturating_add(callback)),
        }
    }

    /// What can be wrong with it by itself.
    fn check(&self) -> Result<(), NotWaiting> {
        self.order.check()?;
        match self.trigger {
            Trigger::StopLoss(0) | Trigger::TakeProfit(0) => Err(NotWaiting::ZeroTrigger),
            Trigger::Trailing { callback, .. } if callback == 0 || callback >= CALLBACK_ONE => {
                Err(NotWaiting::Callback(callback))
            }
            _ if self.after == Some(self.order.id) => Err(NotWaiting::AfterItself(self.order.id)),
            _ => Ok(()),
        }
    }
}

/// Why an order cannot wait. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWaiting {
    /// As an order.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A trigger price of zero.
    #[error("an order that waits for a price needs one")]
    ZeroTrigger,
    /// A callback rate of nothing, or of the whole price and more.
    #[error("a callback rate of {0} (in 1/100000000) is not above zero and below one")]
    Callback(u64),
    /// An order that waits for its own fill.
    #[error("{0} would wait for itself")]
    AfterItself(OrderId),
}

#[derive(Debug, Clone, Copy)]
enum Undo {
    Added(OrderId),
    Removed(Conditional),
    Changed(Conditional),
}

/// Triggers of one source, in the order in which they fire.
#[derive(Debug, Clone, Default)]
struct Watched {
    below: BTreeSet<(Reverse<u64>, OrderId)>,
    above: BTreeSet<(u64, OrderId)>,
    trailing: BTreeSet<OrderId>,
}

/// The waiting orders of one market. See the module documentation.
#[derive(Debug, Clone)]
pub struct Conditionals {
    limits: Limits,
    waiting: BTreeMap<OrderId, Conditional>,
    last: Watched,
    index: Watched,
    after: BTreeSet<(OrderId, OrderId)>,
    owners: BTreeSet<(u32, OrderId)>,
    undo: Vec<Undo>,
}

impl Conditionals {
    /// Nobody waiting.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: BTreeMap::new(),
            last: Watched::default(),
            index: Watched::default(),
            after: BTreeSet::new(),
            owners: BTreeSet::new(),
            undo: Vec::new(),
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// One that waits.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Conditional> {
        self.waiting.get(&id)
    }

    /// All that wait, by ascending name.
    pub fn iter(&self) -> impl Iterator<Item = &Conditional> {
        self.waiting.values()
    }

    fn ids_of(&self, owner: u32) -> impl Iterator<Item = OrderId> + '_ {
        let all = (owner, OrderId(0))..=(owner, OrderId(u64::MAX));
        self.owners.range(all).map(|&(_, id)| id)
    }

    /// Lets an order wait. That the order it waits for exists, and that the two names are not in
    /// use in the book, is for the venue to see.
    ///
    /// # Errors
    /// [`NotWaiting`]; nothing has changed then.
    pub fn add(&mut self, conditional: Conditional) -> Result<(), NotWaiting> {
        conditional.check()?;
        let (id, owner) = (conditional.order.id, conditional.order.owner.id);
        if self.waiting.contains_key(&id) {
            return Err(Refusal::Duplicate(id).into());
        }
        let most = usize::try_from(self.limits.orders).unwrap_or(usize::MAX);
        if self.waiting.len() >= most {
            return Err(Refusal::Full(self.limits.orders).into());
        }
        let count = self.limits.orders_per_owner;
        if self.ids_of(owner).count() >= usize::try_from(count).unwrap_or(usize::MAX) {
            return Err(Refusal::OwnerFull { owner, count }.into());
        }
        self.enter(conditional);
        self.undo.push(Undo::Added(id));
        Ok(())
    }

    fn watched(&mut self, source: Source) -> &mut Watched {
        match source {
            Source::Last => &mut self.last,
            Source::Index => &mut self.index,
        }
    }

    fn enter(&mut self, conditional: Conditional) {
        let id = conditional.order.id;
        self.owners.insert((conditional.order.owner.id, id));
        self.waiting.insert(id, conditional);
        if let Some(first) = conditional.after {
            self.after.insert((first, id));
            return;
        }
        let watched = self.watched(conditional.source);
        match conditional.watching() {
            Watching::AtOrBelow(price) => watched.below.insert((Reverse(price), id)),
            Watching::AtOrAbove(price) => watched.above.insert((price, id)),
            Watching::Trailing => watched.trailing.insert(id),
        };
    }

    fn leave(&mut self, id: OrderId) -> Option<Conditional> {
        let gone = self.waiting.remove(&id)?;
        self.owners.remove(&(gone.order.owner.id, id));
        if let Some(first) = gone.after {
            self.after.remove(&(first, id));
            return Some(gone);
        }
        let watched = self.watched(gone.source);
        match gone.watching() {
            Watching::AtOrBelow(price) => watched.below.remove(&(Reverse(price), id)),
            Watching::AtOrAbove(price) => watched.above.remove(&(price, id)),
            Watching::Trailing => watched.trailing.remove(&id),
        };
        Some(gone)
    }

    fn remove(&mut self, id: OrderId) -> Option<Conditional> {
        let gone = self.leave(id)?;
        self.undo.push(Undo::Removed(gone));
        Some(gone)
    }

    fn change(&mut self, conditional: Conditional) {
        if let Some(before) = self.leave(conditional.order.id) {
            self.undo.push(Undo::Changed(before));
            self.enter(conditional);
        }
    }

    /// A new price of a source: the orders that fire, in order. They no longer wait.
    pub fn pass(&mut self, source: Source, price: u64) -> Vec<Conditional> {
        let ids = self.due(source, price);
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    fn due(&mut self, source: Source, price: u64) -> Vec<OrderId> {
        let watched = self.watched(source);
        let below = watched.below.iter();
        let below = below.take_while(|(trigger, _)| trigger.0 >= price);
        let mut ids: Vec<OrderId> = below.map(|&(_, id)| id).collect();
        let above = watched.above.iter();
        ids.extend(
            above
                .take_while(|&&(trigger, _)| trigger <= price)
                .map(|&(_, id)| id),
        );
        let trailing: Vec<OrderId> = watched.trailing.iter().copied().collect();
        ids.extend(trailing.into_iter().filter(|&id| self.follow(id, price)));
        ids
    }

    /// Takes a price into a trailing stop's extreme; whether it fires.
    fn follow(&mut self, id: OrderId, price: u64) -> bool {
        let Some(&conditional) = self.waiting.get(&id) else {
            return false;
        };
        let further = conditional.following(price);
        if conditional.came_back(further, price) {
            return true;
        }
        let Trigger::Trailing {
            callback,
            activation,
            extreme,
        } = conditional.trigger
        else {
            return false;
        };
        if further != extreme {
            self.change(Conditional {
                trigger: Trigger::Trailing {
                    callback,
                    activation,
                    extreme: further,
                },
                ..conditional
            });
        }
        false
    }

    /// An order was filled: those that waited for it begin to watch their price. They are
    /// returned, by ascending name, for a venue that looks at the current price at once.
    pub fn filled(&mut self, id: OrderId) -> Vec<Conditional> {
        let mut begun = Vec::new();
        for next in self.waiting_for(id) {
            let Some(&conditional) = self.waiting.get(&next) else {
                continue;
            };
            let conditional = Conditional {
                after: None,
                ..conditional
            };
            self.change(conditional);
            begun.push(conditional);
        }
        begun
    }

    /// An order was cancelled: those that waited for it are, and those that waited for them.
    /// Returns them in the order in which they go.
    pub fn cancelled(&mut self, id: OrderId) -> Vec<Conditional> {
        let mut gone: Vec<Conditional> = Vec::new();
        let mut next = self.waiting_for(id);
        while !next.is_empty() {
            let from = gone.len();
            gone.extend(next.drain(..).filter_map(|id| self.remove(id)));
            for parent in gone.iter().skip(from) {
                next.extend(self.waiting_for(parent.order.id));
            }
        }
        gone
    }

    fn waiting_for(&self, id: OrderId) -> Vec<OrderId> {
        let all = (id, OrderId(0))..=(id, OrderId(u64::MAX));
        self.after.range(all).map(|&(_, next)| next).collect()
    }

    /// Cancels one that waits, and those that wait for it: itself first.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn cancel(&mut self, id: OrderId) -> Result<Vec<Conditional>, Refusal> {
        let gone = self.remove(id).ok_or(Refusal::Unknown(id))?;
        let mut all = vec![gone];
        all.extend(self.cancelled(id));
        Ok(all)
    }

    /// Cancels all of an owner, by ascending name, each with those that wait for it.
    pub fn cancel_all(&mut self, owner: u32) -> Vec<Conditional> {
        let ids: Vec<OrderId> = self.ids_of(owner).collect();
        let gone = ids.into_iter().filter_map(|id| self.cancel(id).ok());
        gone.flatten().collect()
    }

    /// As [`super::Book::mark`].
    #[must_use]
    pub fn mark(&self) -> usize {
        self.undo.len()
    }

    /// As [`super::Book::rollback`].
    ///
    /// # Panics
    /// When fewer changes than `mark` are open.
    pub fn rollback(&mut self, mark: usize) {
        assert!(
            mark <= self.undo.len(),
            "a mark of {mark} changes, but only {} are open",
            self.undo.len()
        );
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Added(id)) => {
                    self.leave(id);
                }
                Some(Undo::Removed(conditional)) => self.enter(conditional),
                Some(Undo::Changed(before)) => {
                    self.leave(before.order.id);
                    self.enter(before);
                }
                None => return,
            }
        }
    }

    /// As [`super::Book::commit`].
    pub fn commit(&mut self) {
        self.undo.clear();
    }
}

impl BorshSerialize for Conditionals {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        self.limits.serialize(writer)?;
        self.waiting.serialize(writer)
    }
}

impl BorshDeserialize for Conditionals {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let mut conditionals = Self::new(Limits::deserialize_reader(reader)?);
        let waiting = BTreeMap::<OrderId, Conditional>::deserialize_reader(reader)?;
        let malformed = |what: String| Error::new(ErrorKind::InvalidData, what);
        for (id, conditional) in waiting {
            if id != conditional.order.id {
                return Err(malformed(format!("{id} is {}", conditional.order.id)));
            }
            let added = conditionals.add(conditional);
            added.map_err(|refusal| malformed(format!("{id}: {refusal}")))?;
        }
        conditionals.commit();
        Ok(conditionals)
    }
}
