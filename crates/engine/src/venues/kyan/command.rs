//! What can be asked of a Kyan venue.
//!
//! Units: money and sizes with 6 decimals; prices with 8.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Amount, MarketId, Price, Timestamp};

use super::{InstrumentId, OptionTerms};
use crate::book::{SelfTrade, Side, TimeInForce};
use crate::pricing::quoted::Quoted;

/// One command. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Command {
    /// Time passes: clocks of liquidations and auctions run.
    Tick = 0,
    /// Options are listed, numbered on from the last one.
    List {
        /// The pair.
        pair: MarketId,
        /// Their terms.
        options: Vec<OptionTerms>,
    } = 1,
    /// A new index price, and the perpetual's mark price.
    Index(IndexUpdate) = 2,
    /// A new volatility surface: replaces the one before. Its expiries reach at least from the
    /// first open one to the last.
    Surface {
        /// The pair.
        pair: MarketId,
        /// The surface.
        quoted: Quoted,
    } = 3,
    /// A margin account of one pair is opened; accounts are numbered densely.
    Open {
        /// Its number: the next one.
        account: AccountId,
        /// Whose it is: no two accounts of an owner trade with each other.
        owner: u32,
        /// Its pair.
        pair: MarketId,
    } = 4,
    /// Money comes in.
    Deposit {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 5,
    /// Money goes out.
    Withdraw {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 6,
    /// Money moves between two accounts of one owner.
    Transfer {
        /// Who pays.
        from: AccountId,
        /// Who is paid.
        to: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 7,
    /// An order.
    Place(OrderRequest) = 8,
    /// Cancels an order.
    Cancel {
        /// Whose.
        account: AccountId,
        /// Its instrument.
        instrument: InstrumentId,
        /// Which.
        order: u64,
    } = 9,
    /// Cancels every order of an account.
    CancelAll {
        /// Whose.
        account: AccountId,
    } = 10,
    /// The hour's funding of a pair's perpetual.
    Funding {
        /// The pair.
        pair: MarketId,
    } = 11,
    /// The options of an expiry are settled in cash.
    Expire {
        /// The pair.
        pair: MarketId,
        /// Which.
        expiry: Timestamp,
        /// At this index.
        price: Price<8>,
    } = 12,
    /// Money for the insurance fund from outside.
    FundDeposit {
        /// How much.
        amount: Amount<6>,
    } = 13,
    /// A bid for a share of a portfolio in auction.
    Bid {
        /// Who bids.
        bidder: AccountId,
        /// Whose portfolio.
        account: AccountId,
        /// The share wanted, 9 decimals: 1e9 is all of what is left.
        share_e9: u64,
        /// The most the bidder pays for it (below zero: the least it wants to be paid).
        most: Amount<6>,
    } = 14,
    /// A partner's quote for what liquidations hand off; replaces the one before.
    Quote {
        /// The partner.
        account: AccountId,
        /// How far from the mark price, against itself, it trades: millionths of the index.
        offset_e6: u32,
        /// How much notional it takes in all; zero withdraws the quote.
        capacity: Amount<6>,
        /// When the quote ends.
        expires: Timestamp,
    } = 15,
}

impl Command {
    /// Whether time passes or market data comes with it: then everybody in liquidation is looked
    /// at, because clocks and prices may have moved.
    pub(super) const fn moves_time(&self) -> bool {
        matches!(
            self,
            Self::Tick
                | Self::List { .. }
                | Self::Index(_)
                | Self::Surface { .. }
                | Self::Funding { .. }
                | Self::Expire { .. }
        )
    }
}

/// A new index price of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IndexUpdate {
    /// The pair.
    pub pair: MarketId,
    /// When it was published.
    pub at: Timestamp,
    /// The index.
    pub index: Price<8>,
    /// The perpetual's mark price.
    pub perpetual: Price<8>,
}

/// An order of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrderRequest {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit; `None` takes what the book has.
    pub price: Option<i64>,
    /// How much.
    pub quantity: i64,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// Whether it may only reduce a position.
    pub reduce_only: bool,
    /// What happens when it meets an order of the same owner.
    pub self_trade: SelfTrade,
}
