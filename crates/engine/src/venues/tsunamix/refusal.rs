//! Why a TsunamiX venue refuses a command, by name.

use plimsoll_units::{AccountId, Amount, MarketId, Notional, PositionId, Price};

use crate::backstop::vault::VaultError;
use crate::limits::open_interest::NotAdmitted;
use crate::margin::isolated::IsolatedError;

/// Why a command was refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such account.
    #[error("{0} does not exist")]
    UnknownAccount(AccountId),
    /// Accounts are numbered densely.
    #[error("{given} cannot be opened: the next account is {next}")]
    AccountOutOfOrder {
        /// The account asked for.
        given: AccountId,
        /// The next number.
        next: AccountId,
    },
    /// No such market.
    #[error("{0} does not exist")]
    UnknownMarket(MarketId),
    /// No such position, or no longer.
    #[error("{0} does not exist")]
    UnknownPosition(PositionId),
    /// Only its owner may change a position.
    #[error("{position} does not belong to {account}")]
    NotOwner {
        /// The position.
        position: PositionId,
        /// Who asked.
        account: AccountId,
    },
    /// An amount, size or number of shares that is not positive.
    #[error("{0} (raw) is not a positive amount")]
    NotPositive(i128),
    /// More than the venue keeps of one position: 2^63 raw units.
    #[error("{0} (raw) is more than one position can hold")]
    TooLarge(i128),
    /// Less collateral than a position must have.
    #[error("a collateral of {collateral} is below the least, {least}")]
    MinCollateral {
        /// The collateral it would have.
        collateral: Amount<6>,
        /// The least.
        least: Amount<6>,
    },
    /// Leverage below one: more collateral than size.
    #[error("a collateral of {collateral} is more than the size {size}")]
    LeverageTooLow {
        /// The collateral it would have.
        collateral: Amount<6>,
        /// The size.
        size: Notional<6>,
    },
    /// Leverage above the market's.
    #[error("a size of {size} on a collateral of {collateral} is more than {max_leverage}x")]
    LeverageTooHigh {
        /// The collateral it would have.
        collateral: Amount<6>,
        /// The size.
        size: Notional<6>,
        /// The market's largest leverage.
        max_leverage: u32,
    },
    /// The open-interest limits do not admit it.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The execution price is worse than accepted.
    #[error("the execution price {price} is worse than {acceptable}")]
    PriceNotAcceptable {
        /// The execution price.
        price: Price<18>,
        /// The worst that was accepted.
        acceptable: Price<18>,
    },
    /// The position would be liquidatable at once.
    #[error("{0} would be liquidatable at once")]
    WouldBeLiquidatable(PositionId),
    /// A liquidatable position cannot be closed or decreased by its owner.
    #[error("{0} is liquidatable; its owner can no longer close it")]
    Liquidatable(PositionId),
    /// The rule does not say so at this moment.
    #[error("{0} is not liquidatable")]
    NotLiquidatable(PositionId),
    /// The profit is not above the limit at this moment.
    #[error("the profit of {0} is within the limit")]
    ProfitWithinLimit(PositionId),
    /// Somebody was first.
    #[error("{position} was registered by {keeper} before")]
    AlreadyRegistered {
        /// The position.
        position: PositionId,
        /// The first caller.
        keeper: AccountId,
    },
    /// A decrease must leave something; use a close.
    #[error("a decrease of {size} leaves nothing of {whole}")]
    NothingLeft {
        /// The decrease.
        size: Notional<6>,
        /// The whole position.
        whole: Notional<6>,
    },
    /// The vault would no longer back the open interest.
    #[error("open interest of {open} needs more than the {backing} the vault would back")]
    LiquidityInUse {
        /// Total open interest.
        open: Notional<6>,
        /// What the vault would back afterwards.
        backing: Notional<6>,
    },
    /// Shares cannot be priced.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Prices must come by market number, each market once.
    #[error("{0} is out of order: prices come by market number, each market once")]
    MarketsOutOfOrder(MarketId),
    /// A price beyond what the venue's arithmetic is made for.
    #[error("the price {price} of {market} is above {most}")]
    PriceOutOfRange {
        /// The market.
        market: MarketId,
        /// The price.
        price: Price<18>,
        /// The most.
        most: Price<18>,
    },
    /// A parameter out of its bounds.
    #[error("{name} is {value}; it must be between {low} and {high}")]
    Parameter {
        /// Which.
        name: &'static str,
        /// What was given.
        value: i128,
        /// The least.
        low: i128,
        /// The most.
        high: i128,
    },
    /// More markets than a venue can list.
    #[error("{0} markets are more than a venue can list")]
    TooManyMarkets(usize),
    /// More positions or accounts than a venue can number.
    #[error("the venue is full")]
    Full,
    /// A position that cannot exist.
    #[error(transparent)]
    Isolated(#[from] IsolatedError),
}
