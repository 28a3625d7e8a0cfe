//! What the venue can be asked. Amounts are never negative.
//!
//! Discriminants are part of journals: never reused.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::curve::Curve;
use super::numbers::{Money, PerUnit, Ratio18, Size};
use super::position::Role;

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Command {
    /// The oracle of a product publishes a version.
    OracleVersion {
        /// Whose oracle.
        product: MarketId,
        /// Its number, newer than the last.
        version: u64,
        /// When it was published; not before the last, not after the command.
        time: Timestamp,
        /// The oracle's price, before the payoff; may be zero or negative.
        price: PerUnit,
    } = 0,
    /// Money into an account.
    Deposit {
        /// In which product.
        product: MarketId,
        /// Whose account.
        account: AccountId,
        /// Who pays.
        by: AccountId,
        /// How much.
        amount: Money,
    } = 1,
    /// Money out of an account, to its owner.
    Withdraw {
        /// In which product.
        product: MarketId,
        /// Whose account.
        account: AccountId,
        /// Who asks.
        by: AccountId,
        /// How much; everything where it is not said.
        amount: Option<Money>,
    } = 2,
    /// Open, from the next version on.
    Open {
        /// In which product.
        product: MarketId,
        /// Whose position.
        account: AccountId,
        /// Who asks.
        by: AccountId,
        /// Which side.
        role: Role,
        /// How much.
        amount: Size,
    } = 3,
    /// Close, from the next version on.
    Close {
        /// In which product.
        product: MarketId,
        /// Whose position.
        account: AccountId,
        /// Who asks.
        by: AccountId,
        /// Which side.
        role: Role,
        /// How much.
        amount: Size,
    } = 4,
    /// Settle a product to the newest version.
    Settle {
        /// Which.
        product: MarketId,
    } = 5,
    /// Settle a product and one of its accounts to the newest version.
    SettleAccount {
        /// In which product.
        product: MarketId,
        /// Which account.
        account: AccountId,
    } = 6,
    /// Liquidate an account. Anybody may, its owner too.
    Liquidate {
        /// In which product.
        product: MarketId,
        /// Which account.
        account: AccountId,
        /// Who does it and gets the reward.
        by: AccountId,
    } = 7,
    /// Cover outstanding losses of a product.
    ResolveShortfall {
        /// Which.
        product: MarketId,
        /// Who pays.
        by: AccountId,
        /// How much.
        amount: Money,
    } = 8,
    /// Pay collected fees out.
    ClaimFees {
        /// Whose fees.
        fees: FeePot,
        /// To whom.
        to: AccountId,
    } = 9,
    /// Change a parameter of the protocol, at once.
    SetProtocol(ProtocolParam) = 10,
    /// Settle a product, then change one of its parameters.
    SetProduct {
        /// Which product.
        product: MarketId,
        /// What.
        param: ProductParam,
    } = 11,
}

/// Whose fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum FeePot {
    /// The protocol's.
    Protocol = 0,
    /// A product owner's.
    Product(MarketId) = 1,
}

/// A parameter of the protocol with its new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ProtocolParam {
    /// The protocol's share of fees.
    ProtocolFee(Ratio18) = 0,
    /// The least funding fee.
    MinFundingFee(Ratio18) = 1,
    /// The liquidator's share.
    LiquidationFee(Ratio18) = 2,
    /// The least balance.
    MinCollateral(Money) = 3,
    /// Pause or resume.
    Paused(bool) = 4,
}

/// A parameter of a product with its new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ProductParam {
    /// The maintenance ratio.
    Maintenance(Ratio18) = 0,
    /// The margin ratio (ours).
    Margin(Ratio18) = 1,
    /// The funding fee.
    FundingFee(Ratio18) = 2,
    /// The makers' fee; waits while positions are pending.
    MakerFee(Ratio18) = 3,
    /// The takers' fee; waits while positions are pending.
    TakerFee(Ratio18) = 4,
    /// The retained share of trade fees; waits while positions are pending.
    PositionFee(Ratio18) = 5,
    /// The makers' limit.
    MakerLimit(Size) = 6,
    /// The funding rate.
    Curve(Curve) = 7,
    /// Close or reopen.
    Closed(bool) = 8,
}
