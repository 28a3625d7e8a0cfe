//! What happens on the venue, besides money and cases. Money says what was paid for it.
//!
//! Discriminants are part of journals: never reused.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::command::Trade;
use super::order::{Address, OrderSide, OrderType};
use crate::margin::cross::{Limits, Lot};

/// Which liquidation took a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Liquidation {
    /// Below its maintenance requirement, taken by the insurance fund.
    InMaintenance = 0,
    /// Below its maintenance requirement, taken by the exit fund in system recovery.
    DuringSystemRecovery = 1,
    /// Exited, taken by the insurance fund.
    Exit = 2,
}

/// Which deleveraging reduced a counterparty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Deleveraging {
    /// Against a wallet below its maintenance requirement, at its bankruptcy price.
    InMaintenanceAcquisition = 0,
    /// Against the insurance fund, at its entry price.
    InsuranceFundClosure = 1,
    /// Against an exited wallet.
    ExitAcquisition = 2,
    /// Against the exit fund.
    ExitFundClosure = 3,
}

/// Why an order, or what was left of it, is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum OrderGone {
    /// Its owner asked.
    ByOwner = 0,
    /// It met an order of its own wallet or group.
    SelfTrade = 1,
    /// Its wallet would not have met its margin requirement.
    Margin = 2,
    /// Its wallet's position would have been above the maximum.
    PositionLimit = 3,
    /// It only reduces, and there is nothing left to reduce.
    ReduceOnly = 4,
    /// It does not rest, and nothing more was there within its price.
    Unfilled = 5,
    /// The next price is beyond the market's execution price limit.
    Bound = 6,
    /// The book, or its wallet, has as many orders as it may.
    NoRoom = 7,
    /// Its wallet has exited, or its nonce, key or quantity is used up.
    Void = 8,
    /// The order it waited for is cancelled.
    Parent = 9,
    /// Its wallet was liquidated, or withdrew its exit.
    Liquidated = 10,
    /// Refused for another reason when it was to trade.
    Refused = 11,
    /// Its market was deactivated.
    MarketInactive = 12,
}

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    /// A wallet's position changed; empty when it was closed.
    Position {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// What it is now.
        lot: Lot,
    } = 0,
    /// A trade was settled.
    Traded {
        /// Who received base.
        buyer: AccountId,
        /// Who gave base.
        seller: AccountId,
        /// Its terms.
        trade: Trade,
        /// Whether it was a hand-off of the insurance fund's.
        acquisition: bool,
    } = 1,
    /// A funding period was published.
    FundingPublished {
        /// Where.
        market: MarketId,
        /// The rate, in pips; longs pay when it is positive.
        rate: i64,
        /// What each unit of size receives, in pips.
        multiplier: i64,
        /// Periods that were missed and filled with zero.
        missed: u32,
    } = 2,
    /// A wallet was liquidated.
    Liquidated {
        /// Who.
        account: AccountId,
        /// Who took its positions.
        to: AccountId,
        /// Why.
        kind: Liquidation,
    } = 3,
    /// A position below the minimum was taken by the insurance fund.
    LiquidatedBelowMinimum {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// Base, in pips.
        base: u64,
        /// Quote, in pips.
        quote: u64,
    } = 4,
    /// A position in an inactive market was closed.
    ClosedInDeactivatedMarket {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// Base, in pips.
        base: u64,
        /// Quote, in pips.
        quote: u64,
        /// Of which the fee wallet received, in pips.
        fee: u64,
    } = 5,
    /// A counterparty was deleveraged.
    Deleveraged {
        /// Whose position it took over.
        account: AccountId,
        /// Who was reduced.
        counterparty: AccountId,
        /// Where.
        market: MarketId,
        /// Base, in pips.
        base: u64,
        /// Quote, in pips.
        quote: u64,
        /// Why.
        kind: Deleveraging,
    } = 6,
    /// A wallet has exited.
    WalletExited {
        /// Who.
        account: AccountId,
        /// When the exit is final.
        effective: Timestamp,
    } = 7,
    /// A wallet that had exited is back.
    ExitCleared(AccountId) = 8,
    /// A wallet's positions went to the exit fund, its money to its owner.
    ExitWithdrawn {
        /// Who.
        account: AccountId,
        /// How much, in pips.
        quantity: u64,
    } = 9,
    /// A market takes positions again.
    MarketActivated(MarketId) = 10,
    /// A market takes no positions any more.
    MarketDeactivated(MarketId) = 11,
    /// New limits, of a market or of one wallet in it.
    LimitsSet {
        /// Where.
        market: MarketId,
        /// For whom alone.
        account: Option<AccountId>,
        /// The limits.
        limits: Limits,
    } = 12,
    /// A wallet's own limits are gone.
    LimitsUnset {
        /// Where.
        market: MarketId,
        /// Whose.
        account: AccountId,
    } = 13,
    /// A wallet has an address.
    WalletRegistered {
        /// Whose.
        account: AccountId,
        /// Which.
        address: Address,
    } = 14,
    /// A wallet lets a key sign for it.
    KeyAuthorised {
        /// Whose.
        account: AccountId,
        /// The key.
        key: Address,
        /// When it was authorised, in milliseconds.
        issued_ms: u64,
    } = 15,
    /// A wallet's older orders are void.
    NonceInvalidated {
        /// Whose.
        account: AccountId,
        /// Orders up to this time, in milliseconds.
        until_ms: u64,
        /// From when on.
        effective: Timestamp,
    } = 16,
    /// A market is listed; it is inactive.
    MarketAdded {
        /// Its number.
        market: MarketId,
        /// Its place in the order of supplied quotes.
        rank: u8,
    } = 17,
    /// An order was accepted: it trades, stands or waits from now on.
    OrderAccepted {
        /// Its number.
        order: u64,
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// Which kind.
        order_type: OrderType,
        /// Which side.
        side: OrderSide,
        /// Base, in pips.
        quantity: u64,
        /// Its limit price, in pips; zero without.
        limit_price: u64,
    } = 64,
    /// A waiting order has fired.
    OrderTriggered {
        /// Its number.
        order: u64,
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// The price that fired it, in pips.
        price: u64,
    } = 65,
    /// Two orders have traded; the trade itself says who and at which fees.
    OrderMatched {
        /// The order that came.
        taker: u64,
        /// The order that stood.
        maker: u64,
        /// Where.
        market: MarketId,
        /// The price, in pips.
        price: u64,
        /// Base, in pips.
        base: u64,
    } = 66,
    /// Self-trade prevention made a standing order smaller.
    OrderReduced {
        /// Its number.
        order: u64,
        /// By how much base.
        by: u64,
        /// What is left of it.
        left: u64,
    } = 67,
    /// An order, or what was left of it, is cancelled.
    OrderCancelled {
        /// Its number.
        order: u64,
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// How much base of it.
        quantity: u64,
        /// Why.
        reason: OrderGone,
    } = 68,
    /// The liquidation service did something.
    Service(super::ServiceEvent) = 96,
}
