//! What can be asked of a TsunamiX venue. Kinds are part of journals: never reused or reordered.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{
    AccountId, Amount, MarketId, Notional, PositionId, Price, Quantity, Side, Timestamp,
};

use super::config::{MarketParams, Rules};
use crate::oracle::Feed;

/// A new price of one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PriceUpdate {
    /// The market.
    pub market: MarketId,
    /// Version; strictly newer than the last.
    pub version: u64,
    /// When it was published; not after the command.
    pub published: Timestamp,
    /// The price.
    pub price: Price<18>,
}

impl PriceUpdate {
    pub(super) const fn feed(&self) -> Feed {
        Feed {
            version: self.version,
            published: self.published,
            price: self.price.raw(),
        }
    }
}

/// A command. Time comes with the [`crate::Command`] around it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Command {
    /// Money comes in from outside. Accounts are numbered densely: a deposit to the next number
    /// opens the account.
    Deposit {
        /// Whose wallet.
        account: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 0,
    /// Free money goes outside.
    Withdraw {
        /// Whose wallet.
        account: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 1,
    /// Free money becomes the vault's, against shares.
    AddLiquidity {
        /// The provider.
        account: AccountId,
        /// How much.
        amount: Amount<6>,
    } = 2,
    /// Shares are given back for the vault's money.
    RemoveLiquidity {
        /// The provider.
        account: AccountId,
        /// How many shares.
        shares: Quantity<6>,
    } = 3,
    /// New prices, by market number, each market once.
    Prices(Vec<PriceUpdate>) = 4,
    /// A new position.
    Open {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// Which way.
        side: Side,
        /// Money behind it; the opening fee comes on top, from the wallet.
        collateral: Amount<6>,
        /// Notional at entry.
        size: Notional<6>,
        /// The worst execution price that is acceptable.
        acceptable: Option<Price<18>>,
    } = 5,
    /// More size, with or without more collateral.
    Increase {
        /// The owner.
        account: AccountId,
        /// The position.
        position: PositionId,
        /// Collateral added; may be zero.
        collateral: Amount<6>,
        /// Notional added, at the price now.
        size: Notional<6>,
        /// The worst execution price that is acceptable.
        acceptable: Option<Price<18>>,
    } = 6,
    /// Less size; collateral, fees and result leave in proportion.
    Decrease {
        /// The owner.
        account: AccountId,
        /// The position.
        position: PositionId,
        /// Entry notional to close; less than the whole.
        size: Notional<6>,
        /// The worst execution price that is acceptable.
        acceptable: Option<Price<18>>,
    } = 7,
    /// All of a position.
    Close {
        /// The owner.
        account: AccountId,
        /// The position.
        position: PositionId,
        /// The worst execution price that is acceptable.
        acceptable: Option<Price<18>>,
    } = 8,
    /// More money behind a position.
    AddCollateral {
        /// The owner.
        account: AccountId,
        /// The position.
        position: PositionId,
        /// How much.
        amount: Amount<6>,
    } = 9,
    /// Less money behind a position.
    RemoveCollateral {
        /// The owner.
        account: AccountId,
        /// The position.
        position: PositionId,
        /// How much.
        amount: Amount<6>,
    } = 10,
    /// A keeper claims the first caller's bounty of a liquidatable position.
    Register {
        /// The keeper.
        keeper: AccountId,
        /// The position.
        position: PositionId,
    } = 11,
    /// A keeper carries a liquidation out.
    Liquidate {
        /// The keeper.
        keeper: AccountId,
        /// The position.
        position: PositionId,
    } = 12,
    /// A keeper closes a position whose profit is above the limit. There is no bounty.
    ForceClose {
        /// The keeper.
        keeper: AccountId,
        /// The position.
        position: PositionId,
    } = 13,
    /// Time passes: epochs end, fees that have grown too large liquidate.
    Tick = 14,
    /// The open-interest limits are computed anew, without ending the epoch.
    Rebalance = 15,
    /// The operator sets one limit by hand, until the next rebalancing. Nothing is closed.
    SetLimit {
        /// The market.
        market: MarketId,
        /// The side.
        side: Side,
        /// The limit.
        limit: Notional<6>,
    } = 16,
    /// The operator changes the venue's parameters.
    SetRules(Rules) = 17,
    /// The operator changes a market's parameters.
    SetMarket {
        /// The market.
        market: MarketId,
        /// All of its parameters.
        params: MarketParams,
    } = 18,
    /// The operator lists a market.
    AddMarket(MarketParams) = 19,
}
