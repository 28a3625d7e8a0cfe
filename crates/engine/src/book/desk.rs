//! The other end of a match: the venue, which settles each fill as it happens.
//!
//! The book proposes, the [`Desk`] decides. So a maker without margin is found out before anything
//! moves, and nothing ever has to be taken back for it.

use super::order::Standing;

/// What the venue says to a proposed fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// This much of it has traded (never more than proposed counts). If it is less, what is left
    /// is proposed again: a reduce-only maker fills what it can and is then cancelled. Zero is
    /// [`Decision::StopTaker`].
    Accept(u64),
    /// The maker cannot trade: it is cancelled and the taker goes on.
    CancelMaker,
    /// The taker cannot trade on: the rest of it is cancelled.
    StopTaker,
}

/// Why a standing order left the book while another was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// All of it traded.
    Filled,
    /// It met an order of the same owner.
    SelfTrade,
    /// The venue said [`Decision::CancelMaker`].
    Refused,
}

/// Whoever settles the fills of one placed order.
pub trait Desk {
    /// A failure that ends the whole command. The book is then as it was before the order.
    type Error;

    /// A fill of `quantity` at the maker's price. `maker` is as it stands, before the fill.
    ///
    /// # Errors
    /// Ends the placing; the book takes back what this order did to it.
    fn fill(&mut self, maker: &Standing, quantity: u64) -> Result<Decision, Self::Error>;

    /// `maker` has left the book, with the quantity that it had left: zero if it was filled.
    ///
    /// # Errors
    /// As for [`Desk::fill`].
    fn gone(&mut self, maker: &Standing, why: Gone) -> Result<(), Self::Error>;

    /// Self-trade prevention took `by` off `maker`, which still stands, with what is left.
    ///
    /// # Errors
    /// As for [`Desk::fill`].
    fn decremented(&mut self, maker: &Standing, by: u64) -> Result<(), Self::Error>;
}

/// Why what is left of a placed order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It met an order of the same owner.
    SelfTrade,
    /// The desk said [`Decision::StopTaker`].
    Stopped,
    /// Nothing more was there within its price, and it does not rest.
    NothingLeft,
    /// The next price is within its limit but beyond its execution bound: it must not trade there,
    /// and resting it would cross the book.
    Bound,
    /// The book, or the owner, had no room for it.
    NoRoom,
}

/// How a placed order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is left of it.
    Filled,
    /// What is left stands in the book.
    Rests,
    /// What was left was cancelled.
    Cut(Cut),
}

/// What became of a placed order. The three quantities add up to the order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Traded at once.
    pub filled: u64,
    /// Standing now.
    pub rests: u64,
    /// Neither: cancelled, or taken off by self-trade prevention.
    pub cancelled: u64,
    /// How it ended.
    pub end: End,
}

/// Why an order was not placed. The book is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotPlaced<E> {
    /// The book refused it.
    Refused(super::Refusal),
    /// The desk failed.
    Desk(E),
}

impl<E> From<super::Refusal> for NotPlaced<E> {
    fn from(refusal: super::Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One price of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: u64,
    /// All that stands there.
    pub quantity: u64,
    /// In how many orders.
    pub orders: u32,
}

/// What a taker would meet, without anything being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walk {
    /// How much could trade, at most what was asked for.
    pub quantity: u64,
    /// Sum of price times quantity, exact, in the product of the two grids.
    pub notional: u128,
    /// The last price reached; `None` if nothing could trade.
    pub last: Option<u64>,
    /// How many prices were reached.
    pub levels: u32,
}
