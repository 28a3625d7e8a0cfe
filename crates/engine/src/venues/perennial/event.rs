//! What happens on the venue, besides money and cases.
//!
//! Discriminants are part of journals: never reused.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId};

use super::command::ProductParam;
use super::numbers::{Money, PerUnit, Size};
use super::position::Role;

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    /// A new oracle version.
    OracleVersion {
        /// Whose.
        product: MarketId,
        /// Its number.
        version: u64,
        /// The product's payoff at the oracle's price.
        price: PerUnit,
    } = 0,
    /// The product was settled.
    ProductSettled {
        /// Which.
        product: MarketId,
        /// To this version.
        version: u64,
        /// Fees to the protocol.
        protocol_fee: Money,
        /// Fees to the product's owner.
        product_fee: Money,
    } = 1,
    /// An amount was settled to an account: accrued gains and losses, or a fee on a trade.
    AccountSettled {
        /// In which product.
        product: MarketId,
        /// Whose.
        account: AccountId,
        /// The amount, signed.
        amount: Money,
        /// What of a loss the balance did not cover.
        new_shortfall: Money,
    } = 2,
    /// A change of position was asked for; it counts from the next oracle version on.
    Opened {
        /// In which product.
        product: MarketId,
        /// Whose.
        account: AccountId,
        /// Which side.
        role: Role,
        /// How much.
        amount: Size,
        /// The version at which it was asked.
        version: u64,
    } = 3,
    /// As `Opened`, to close.
    Closed {
        /// In which product.
        product: MarketId,
        /// Whose.
        account: AccountId,
        /// Which side.
        role: Role,
        /// How much.
        amount: Size,
        /// The version at which it was asked.
        version: u64,
    } = 4,
    /// A liquidation was initiated: the account is locked until the next oracle version settles.
    Liquidated {
        /// In which product.
        product: MarketId,
        /// Whose.
        account: AccountId,
        /// Who did it.
        liquidator: AccountId,
        /// The reward; paid already unless rewards wait for settlement.
        reward: Money,
    } = 5,
    /// A reward that waited for the settlement of its liquidation was paid.
    RewardPaid {
        /// In which product.
        product: MarketId,
        /// Whose liquidation.
        account: AccountId,
        /// Who did it.
        liquidator: AccountId,
        /// What was left for it.
        reward: Money,
    } = 6,
    /// Somebody covered outstanding losses.
    ShortfallResolved {
        /// In which product.
        product: MarketId,
        /// How much.
        amount: Money,
    } = 7,
    /// A product's parameter changed, and is in force.
    ParamChanged {
        /// Which product.
        product: MarketId,
        /// The parameter with its new value.
        param: ProductParam,
    } = 8,
    /// A product's fee on trades was changed, and waits for pending positions to settle.
    FeeWaits {
        /// Which product.
        product: MarketId,
        /// The fee with its new value.
        param: ProductParam,
    } = 9,
}
