//! What happened at a TsunamiX venue, beside money and cases. Kinds are part of outputs that are
//! kept: never reused or reordered.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Amount, MarketId, Notional, PositionId, Price, Side};

use super::config::Sides;

/// How a close was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Closing {
    /// The position.
    pub position: PositionId,
    /// Whether the profit limit forced it.
    pub forced: bool,
    /// Entry notional closed.
    pub size: Notional<6>,
    /// Execution price.
    pub price: Price<18>,
    /// Result of the price, truncated.
    pub pnl: Amount<6>,
    /// Funding owed; negative is a credit.
    pub funding: Amount<6>,
    /// Borrowing fee owed.
    pub borrowing: Amount<6>,
    /// What counts of `pnl - funding - borrowing`: cut by the profit limit, and by what the
    /// collateral can pay.
    pub credited: Amount<6>,
    /// Profit above the limit, which stays in the vault.
    pub excess: Amount<6>,
    /// Closing fee paid.
    pub fee: Amount<6>,
    /// What the owner received.
    pub payout: Amount<6>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    /// A position was opened.
    Opened {
        /// Its id.
        position: PositionId,
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// Which way.
        side: Side,
        /// Notional at entry.
        size: Notional<6>,
        /// Entry price.
        entry: Price<18>,
    } = 0,
    /// A position grew.
    Increased {
        /// Its id.
        position: PositionId,
        /// Notional now.
        size: Notional<6>,
        /// Average entry price now.
        entry: Price<18>,
    } = 1,
    /// A position, or a part of it, was closed.
    Closed(Closing) = 2,
    /// A keeper is the first caller of a liquidation.
    Registered {
        /// The position.
        position: PositionId,
        /// The keeper.
        keeper: AccountId,
    } = 3,
    /// The open-interest limits were computed anew.
    Rebalanced {
        /// `floor(kappa * TVL)`.
        budget: Notional<6>,
        /// Open interest of all cells.
        open: Notional<6>,
        /// The limits, in market order.
        limits: Vec<Sides<Notional<6>>>,
    } = 4,
    /// A limit was set by hand.
    LimitSet {
        /// The market.
        market: MarketId,
        /// The side.
        side: Side,
        /// The limit.
        limit: Notional<6>,
    } = 5,
    /// The venue's parameters changed.
    RulesChanged = 6,
    /// A market's parameters changed.
    MarketChanged(MarketId) = 7,
    /// A market was listed.
    MarketAdded(MarketId) = 8,
}
