//! Every refusal of the contracts, by its name, with its arguments; and a few of ours.
//!
//! The order in which they are looked at is that of the contracts' modifiers and is kept where
//! each command is carried out. [`Refusal::name`] and [`Refusal::args`] are what traces compare.

use plimsoll_units::{AccountId, ArithmeticError, MarketId};

use super::numbers::{Money, Ratio18};

/// An argument of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// A number, raw.
    Number(i128),
    /// An account.
    Account(AccountId),
    /// A product.
    Product(MarketId),
    /// The code of a panic.
    Code(u8),
}

/// Why the venue refuses a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The protocol is paused.
    #[error("PausedError: the protocol is paused")]
    Paused,
    /// No such product.
    #[error("NotProductError: {0} is not a product")]
    NotProduct(MarketId),
    /// The sender may not act for the account.
    #[error("NotAccountOrMultiInvokerError: {operator} may not act for {account}")]
    NotAccountOrMultiInvoker {
        /// Whose position it is.
        account: AccountId,
        /// Who asked.
        operator: AccountId,
    },
    /// The product takes no new positions and liquidates nobody.
    #[error("ProductClosedError: the product is closed")]
    ProductClosed,
    /// No oracle version has been settled yet.
    #[error("ProductOracleBootstrappingError: no oracle version has been settled yet")]
    OracleBootstrapping,
    /// The account is locked by a liquidation.
    #[error("ProductInLiquidationError: the account is locked by a liquidation")]
    InLiquidation,
    /// The collateral would not carry the position that is to be opened.
    #[error("ProductInsufficientCollateralError: collateral is below the next requirement")]
    InsufficientCollateral,
    /// One account, both sides.
    #[error("ProductDoubleSidedError: an account is a maker or a taker, never both")]
    DoubleSided,
    /// More makers than the product takes.
    #[error("ProductMakerOverLimitError: the makers' limit would be exceeded")]
    MakerOverLimit,
    /// More takers than makers.
    #[error(
        "ProductInsufficientLiquidityError({socialization}): takers would have more than makers"
    )]
    InsufficientLiquidity {
        /// Makers over takers, below one.
        socialization: Ratio18,
    },
    /// More closed than open.
    #[error("ProductOverClosedError: more would be closed than is open")]
    OverClosed,
    /// The account is locked by a liquidation already.
    #[error("CollateralAccountLiquidatingError: {0} is being liquidated already")]
    AccountLiquidating(AccountId),
    /// The rule is not met.
    #[error("CollateralCantLiquidate: maintenance {maintenance} <= collateral {collateral}")]
    CantLiquidate {
        /// What the settled position needs.
        maintenance: Money,
        /// What the account has.
        collateral: Money,
    },
    /// The rest would not carry the position.
    #[error("CollateralInsufficientCollateralError: the rest would not carry the position")]
    CollateralInsufficient,
    /// The rest would be too small to keep.
    #[error("CollateralUnderLimitError: a balance must be zero or reach the minimum collateral")]
    UnderLimit,
    /// A share above one.
    #[error("ControllerInvalidProtocolFeeError: {0} is above 1")]
    InvalidProtocolFee(Ratio18),
    /// A share above one.
    #[error("ControllerInvalidMinFundingFeeError: {0} is above 1")]
    InvalidMinFundingFee(Ratio18),
    /// A share above one.
    #[error("ControllerInvalidLiquidationFeeError: {0} is above 1")]
    InvalidLiquidationFee(Ratio18),
    /// A share above one.
    #[error("ParamProviderInvalidFundingFee: {0} is above 1")]
    InvalidFundingFee(Ratio18),
    /// A share above one.
    #[error("ParamProviderInvalidMakerFee: {0} is above 1")]
    InvalidMakerFee(Ratio18),
    /// A share above one.
    #[error("ParamProviderInvalidTakerFee: {0} is above 1")]
    InvalidTakerFee(Ratio18),
    /// A share above one.
    #[error("ParamProviderInvalidPositionFee: {0} is above 1")]
    InvalidPositionFee(Ratio18),
    /// What the contract's own arithmetic refuses: 0x11 over- or underflow, 0x12 division by
    /// zero.
    #[error("Panic(0x{0:x}): the contract's arithmetic refuses")]
    Panic(u8),
    /// Ours: a number below zero where the contract's type has none.
    #[error("{0} is below zero (raw)")]
    Negative(i128),
    /// Ours: a margin must be above the maintenance it protects.
    #[error("the margin ratio {margin} is not above the maintenance ratio {maintenance}")]
    MarginNotAboveMaintenance {
        /// Asked of openings.
        margin: Ratio18,
        /// Asked of positions.
        maintenance: Ratio18,
    },
    /// Ours: the margin ratio is needed with `margin_above_maintenance` and means nothing else.
    #[error("a margin ratio goes with the flag margin_above_maintenance, and that flag with it")]
    MarginWithoutFlag,
    /// Ours: a target utilization between zero and one.
    #[error("the target utilization {0} is not between 0 and 1")]
    InvalidTargetUtilization(Ratio18),
    /// Ours: more products than ids.
    #[error("more products than there are ids")]
    TooManyProducts,
    /// Ours: 2^32 accounts are the most a product keeps.
    #[error("the product cannot keep more accounts")]
    TooManyAccounts,
    /// Ours: what the contract computes in 256 bits does not fit 128.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl Refusal {
    /// The contract's refusal of an unsigned number below zero.
    pub const UNDERFLOW: Self = Self::Panic(0x11);

    /// The contract's name; ours where the contract has none.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Paused => "PausedError",
            Self::NotProduct(_) => "NotProductError",
            Self::NotAccountOrMultiInvoker { .. } => "NotAccountOrMultiInvokerError",
            Self::ProductClosed => "ProductClosedError",
            Self::OracleBootstrapping => "ProductOracleBootstrappingError",
            Self::InLiquidation => "ProductInLiquidationError",
            Self::InsufficientCollateral => "ProductInsufficientCollateralError",
            Self::DoubleSided => "ProductDoubleSidedError",
            Self::MakerOverLimit => "ProductMakerOverLimitError",
            Self::InsufficientLiquidity { .. } => "ProductInsufficientLiquidityError",
            Self::OverClosed => "ProductOverClosedError",
            Self::AccountLiquidating(_) => "CollateralAccountLiquidatingError",
            Self::CantLiquidate { .. } => "CollateralCantLiquidate",
            Self::CollateralInsufficient => "CollateralInsufficientCollateralError",
            Self::UnderLimit => "CollateralUnderLimitError",
            Self::InvalidProtocolFee(_) => "ControllerInvalidProtocolFeeError",
            Self::InvalidMinFundingFee(_) => "ControllerInvalidMinFundingFeeError",
            Self::InvalidLiquidationFee(_) => "ControllerInvalidLiquidationFeeError",
            Self::InvalidFundingFee(_) => "ParamProviderInvalidFundingFee",
            Self::InvalidMakerFee(_) => "ParamProviderInvalidMakerFee",
            Self::InvalidTakerFee(_) => "ParamProviderInvalidTakerFee",
            Self::InvalidPositionFee(_) => "ParamProviderInvalidPositionFee",
            Self::Panic(_) => "Panic",
            Self::Negative(_) => "Negative",
            Self::MarginNotAboveMaintenance { .. } => "MarginNotAboveMaintenance",
            Self::MarginWithoutFlag => "MarginWithoutFlag",
            Self::InvalidTargetUtilization(_) => "InvalidTargetUtilization",
            Self::TooManyProducts => "TooManyProducts",
            Self::TooManyAccounts => "TooManyAccounts",
            Self::Arithmetic(_) => "Arithmetic",
        }
    }

    /// The contract's arguments, in its order. The contract's parameter errors have none.
    #[must_use]
    pub fn args(&self) -> Vec<Arg> {
        match *self {
            Self::NotProduct(product) => vec![Arg::Product(product)],
            Self::NotAccountOrMultiInvoker { account, operator } => {
                vec![Arg::Account(account), Arg::Account(operator)]
            }
            Self::InsufficientLiquidity { socialization } => {
                vec![Arg::Number(socialization.raw())]
            }
            Self::AccountLiquidating(account) => vec![Arg::Account(account)],
            Self::CantLiquidate {
                maintenance,
                collateral,
            } => {
                vec![
                    Arg::Number(maintenance.raw()),
                    Arg::Number(collateral.raw()),
                ]
            }
            Self::Panic(code) => vec![Arg::Code(code)],
            Self::Negative(raw) => vec![Arg::Number(raw)],
            _ => Vec::new(),
        }
    }
}
