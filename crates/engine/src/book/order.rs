//! What goes into a book and what stands in it. Prices and quantities are integers of the
//! venue's own grid; the book never multiplies them except to say what a walk would cost.

use borsh::{BorshDeserialize, BorshSerialize};

/// The name of an order, given by the venue and unique among the orders that stand.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct OrderId(pub u64);

impl std::fmt::Display for OrderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "order-{}", self.0)
    }
}

/// Which way an order trades.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Side {
    /// Gains base, pays quote.
    Buy = 0,
    /// Gives base, gets quote.
    Sell = 1,
}

impl Side {
    /// The side it trades against.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Whether an order of this side with limit `limit` would trade at `price`.
    #[must_use]
    pub const fn accepts(self, limit: u64, price: u64) -> bool {
        match self {
            Self::Buy => price <= limit,
            Self::Sell => price >= limit,
        }
    }

    /// The stricter of two limits of an order of this side.
    #[must_use]
    pub fn stricter(self, one: u64, other: u64) -> u64 {
        match self {
            Self::Buy => one.min(other),
            Self::Sell => one.max(other),
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

/// Whose order it is. Orders of one owner, or of one group of owners, never trade with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Owner {
    /// The account.
    pub id: u32,
    /// Several accounts of one person (Kuma: one API account with several wallets).
    pub group: Option<u32>,
}

impl Owner {
    /// An owner of its own.
    #[must_use]
    pub const fn alone(id: u32) -> Self {
        Self { id, group: None }
    }

    /// Whether a trade between the two would be a self-trade.
    #[must_use]
    pub fn same(self, other: Self) -> bool {
        self.id == other.id || (self.group.is_some() && self.group == other.group)
    }
}

/// How long an order is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until cancelled: what does not trade at once rests. A market order never rests.
    Gtc = 0,
    /// Post-only: refused whole if any part of it would trade at once.
    Gtx = 1,
    /// Immediate or cancel: what does not trade at once is cancelled.
    Ioc = 2,
    /// Fill or kill: all at once, or refused without a trade.
    Fok = 3,
}

/// What happens when an order meets one of the same owner. The taker's policy rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum SelfTrade {
    /// `dc`: the smaller is cancelled, the larger decremented by it; equal ones are both cancelled.
    DecrementAndCancel = 0,
    /// `co`: the standing one is cancelled.
    CancelOldest = 1,
    /// `cn`: the taker is cancelled.
    CancelNewest = 2,
    /// `cb`: both are cancelled.
    CancelBoth = 3,
}

/// An order on its way into the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// Whose.
    pub owner: Owner,
    /// Which way.
    pub side: Side,
    /// The worst price it trades at and the price it rests at; `None` for a market order.
    pub limit: Option<u64>,
    /// A price it must not trade beyond now, whatever its limit says (Kuma: the market's execution
    /// price limits, a fraction from index). It does not bind once the order stands.
    pub bound: Option<u64>,
    /// How much.
    pub quantity: u64,
    /// How long.
    pub time_in_force: TimeInForce,
    /// What to do on meeting an order of the same owner.
    pub self_trade: SelfTrade,
    /// Kept with the standing order for the venue, which clamps each fill; the book does not act
    /// on it.
    pub reduce_only: bool,
}

impl Order {
    /// The worst price this order trades at now: the stricter of limit and bound.
    #[must_use]
    pub fn reach(&self) -> Option<u64> {
        match (self.limit, self.bound) {
            (Some(limit), Some(bound)) => Some(self.side.stricter(limit, bound)),
            (one, other) => one.or(other),
        }
    }

    /// The price this order may rest at: a limit order that is good till cancelled.
    #[must_use]
    pub fn rests_at(&self) -> Option<u64> {
        let rests = matches!(self.time_in_force, TimeInForce::Gtc | TimeInForce::Gtx);
        self.limit.filter(|_| rests)
    }

    /// What can be wrong with an order by itself.
    ///
    /// # Errors
    /// [`Refusal::ZeroQuantity`], [`Refusal::ZeroPrice`], [`Refusal::PostOnlyMarket`],
    /// [`Refusal::FillOrKillNeedsCancelNewest`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.quantity == 0 {
            return Err(Refusal::ZeroQuantity);
        }
        if self.limit == Some(0) {
            return Err(Refusal::ZeroPrice);
        }
        if self.time_in_force == TimeInForce::Gtx && self.limit.is_none() {
            return Err(Refusal::PostOnlyMarket);
        }
        let newest = self.self_trade == SelfTrade::CancelNewest;
        if self.time_in_force == TimeInForce::Fok && !newest {
            return Err(Refusal::FillOrKillNeedsCancelNewest);
        }
        Ok(())
    }

    pub(super) fn standing(&self, price: u64, quantity: u64) -> Standing {
        Standing {
            id: self.id,
            owner: self.owner,
            side: self.side,
            price,
            quantity,
            reduce_only: self.reduce_only,
        }
    }
}

/// An order that stands in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// Its name.
    pub id: OrderId,
    /// Whose.
    pub owner: Owner,
    /// Which way.
    pub side: Side,
    /// Its price.
    pub price: u64,
    /// What is left of it; never zero while it stands.
    pub quantity: u64,
    /// As given with the order.
    pub reduce_only: bool,
}

/// How much a book takes. What is over is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// Orders standing in the book, at most.
    pub orders: u32,
    /// Orders standing of one owner, at most.
    pub orders_per_owner: u32,
}

/// Why a book refused. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing to trade.
    #[error("an order needs a quantity")]
    ZeroQuantity,
    /// A limit of zero.
    #[error("a limit order needs a price")]
    ZeroPrice,
    /// A market order never rests, so it cannot be post-only.
    #[error("a market order cannot be post-only")]
    PostOnlyMarket,
    /// Other policies could leave a fill-or-kill order half done.
    #[error("a fill-or-kill order must cancel the newest on a self-trade")]
    FillOrKillNeedsCancelNewest,
    /// An order of that name stands already.
    #[error("{0} stands already")]
    Duplicate(OrderId),
    /// No order of that name stands.
    #[error("{0} does not stand in the book")]
    Unknown(OrderId),
    /// A post-only order that would trade.
    #[error("a post-only order at {limit} would trade with the best price, {best}")]
    WouldTrade {
        /// Its limit.
        limit: u64,
        /// The best price of the other side.
        best: u64,
    },
    /// A fill-or-kill order for which there is not enough.
    #[error("all of {quantity} is not to be had within the price: {available} is")]
    NotAllAvailable {
        /// What was asked for.
        quantity: u64,
        /// What could trade within the price and before the first order of the same owner, or what
        /// did until the venue refused a fill.
        available: u64,
    },
    /// The book holds as many orders as it may.
    #[error("the book is full: it holds {0} orders")]
    Full(u32),
    /// The owner holds as many orders as it may.
    #[error("account {owner} has {count} orders in this book, as many as it may")]
    OwnerFull {
        /// Who.
        owner: u32,
        /// The most it may have.
        count: u32,
    },
    /// One side's quantities together must fit 64 bits.
    #[error("the quantities of one side would not fit in 64 bits")]
    TooMuch,
    /// A replacement must stay with its owner and side.
    #[error("{0} belongs to another owner or side")]
    NotTheSame(OrderId),
}
