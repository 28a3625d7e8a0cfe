//! Why a command was refused: the contracts' own reverts by name, with the values that caused
//! them, and the few refusals that are this engine's.

use super::LoanId;

/// Why a command was refused. [`Refusal::name`] is the contract's name for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The loan is not liquidatable.
    #[error(
        "HasMargin: loan {} has a collateral of {collateral} and a debt of {debt}, which is not \
         above {threshold_bps} bps of it", loan.0
    )]
    HasMargin {
        /// The loan.
        loan: LoanId,
        /// Its collateral, in invariant units.
        collateral: u128,
        /// Its debt, in invariant units.
        debt: u128,
        /// The threshold in force.
        threshold_bps: u16,
    },
    /// None of the loans given can be liquidated.
    #[error("NoLiquidityDebt: none of the loans given can be liquidated")]
    NoLiquidityDebt,
    /// No LP tokens were sent before the call.
    #[error("NoLiquidityProvided: no LP tokens were sent to the pool")]
    NoLiquidityProvided,
    /// The whole debt must be paid.
    #[error("NotFullLiquidation: {paid} invariant units were paid, {debt} are owed")]
    NotFullLiquidation {
        /// What was paid, in invariant units.
        paid: u128,
        /// What is owed.
        debt: u128,
    },
    /// The pool holds fewer LP tokens than it has tracked.
    #[error("LPBalanceShortfall: the pool holds {held} LP tokens, it has tracked {tracked}")]
    LpBalanceShortfall {
        /// What it holds.
        held: u128,
        /// What it has tracked.
        tracked: u128,
    },
    /// Too few LP tokens were sent.
    #[error("InsufficientDeposit: {deposit} invariant units were deposited, {needed} are needed")]
    InsufficientDeposit {
        /// What was deposited, in invariant units.
        deposit: u128,
        /// What is needed.
        needed: u128,
    },
    /// A batch without loans.
    #[error("InvalidTokenIdsLength: the batch is empty")]
    InvalidTokenIdsLength,
    /// Not one delta for each token.
    #[error("InvalidDeltasLength: {0} deltas for two tokens")]
    InvalidDeltasLength(usize),
    /// Only one token can be bought or sold.
    #[error("BadDelta: exactly one of {0} and {1} must not be zero")]
    BadDelta(i128, i128),
    /// The pool's tracked balance does not suffice.
    #[error("NotEnoughBalance: {needed} of token {token} are needed, the pool tracks {balance}")]
    NotEnoughBalance {
        /// Which token, 0 or 1.
        token: usize,
        /// How much is needed.
        needed: u128,
        /// How much is tracked.
        balance: u128,
    },
    /// The loan's collateral does not suffice.
    #[error("NotEnoughCollateral: {needed} of token {token} are needed, the loan holds {held}")]
    NotEnoughCollateral {
        /// Which token, 0 or 1.
        token: usize,
        /// How much is needed.
        needed: u128,
        /// How much the loan holds.
        held: u128,
    },
    /// A loan may not be that small.
    #[error("MinBorrow: a debt of {liquidity} is below the minimum of {minimum}")]
    MinBorrow {
        /// The debt, in invariant units.
        liquidity: u128,
        /// The smallest one allowed.
        minimum: u128,
    },
    /// The rebalancing trade would cost too much collateral.
    #[error("LowPostTradeCollateral: {collateral} after the trade, at least {minimum} is needed")]
    LowPostTradeCollateral {
        /// Collateral after the trade, in invariant units.
        collateral: u128,
        /// The least that is accepted.
        minimum: u128,
    },
    /// The loan does not hold what its repayment takes.
    #[error(
        "InsufficientTokenRepayment: {needed} of token {token} are needed, the loan holds {held}"
    )]
    InsufficientTokenRepayment {
        /// Which token, 0 or 1.
        token: usize,
        /// How much is needed.
        needed: u128,
        /// How much the loan holds.
        held: u128,
    },
    /// A loan with a token missing cannot be rebalanced.
    #[error("ZeroTokensHeld: the collateral is {0} and {1}; both tokens are needed")]
    ZeroTokensHeld(u128, u128),
    /// A pair without reserves.
    #[error("ZeroReserves: the pair's reserves are {0} and {1}")]
    ZeroReserves(u128, u128),
    /// A token without decimals.
    #[error("ZeroDecimals: token {0} has no decimals")]
    ZeroDecimals(usize),
    /// The rebalancing equation has no real root.
    #[error("ComplexNumber: the rebalancing equation has no real root")]
    ComplexNumber,
    /// The rebalancing trade would sell more than there is.
    #[error("SOLD_TOKEN_GT_TOKENS_HELD1: {sold} would be sold, {held} is held")]
    SoldTokenGtTokensHeld {
        /// What would be sold.
        sold: u128,
        /// What is held.
        held: u128,
    },
    /// No loan has this id.
    #[error("LoanDoesNotExist: no loan has the id {}", .0.0)]
    LoanDoesNotExist(LoanId),
    /// The loan is somebody else's.
    #[error("Forbidden: loan {} belongs to another account", .0.0)]
    Forbidden(LoanId),
    /// The loan would be undercollateralised.
    #[error(
        "Margin: a collateral of {collateral} does not cover a debt of {debt} at \
         {threshold_bps} bps"
    )]
    Margin {
        /// Its collateral, in invariant units.
        collateral: u128,
        /// Its debt, in invariant units.
        debt: u128,
        /// The threshold in force.
        threshold_bps: u16,
    },
    /// The pool cannot lend all it has.
    #[error("ExcessiveBorrowing: {lp} LP tokens asked for, the pool has {balance}")]
    ExcessiveBorrowing {
        /// What was asked for.
        lp: u128,
        /// What the pool has.
        balance: u128,
    },
    /// Utilisation would go above 98 %.
    #[error("MaxUtilizationRate: utilisation would be {0} of 1e18")]
    MaxUtilizationRate(u128),
    /// The pool has less liquidity than is taken.
    #[error("NotEnoughLPInvariant: {needed} invariant units are needed, the pool has {available}")]
    NotEnoughLpInvariant {
        /// What is taken, in invariant units.
        needed: u128,
        /// What the pool has.
        available: u128,
    },
    /// A repayment brought no LP tokens.
    #[error("NotEnoughLPDeposit: the repayment brought no LP tokens")]
    NotEnoughLpDeposit,
    /// A repayment of nothing.
    #[error("ZeroRepayLiquidity: nothing is to be repaid")]
    ZeroRepayLiquidity,
    /// A deposit worth no share.
    #[error("ZeroShares: a deposit of {0} LP tokens is worth no share")]
    ZeroShares(u128),
    /// Shares worth nothing.
    #[error("ZeroAssets: {0} shares are worth no LP token")]
    ZeroAssets(u128),
    /// No share is left to issue after those that are locked.
    #[error("ZeroAmount: nothing is left to issue")]
    ZeroAmount,
    /// More than the pool has at hand.
    #[error("ExcessiveWithdrawal: {assets} LP tokens asked for, the pool has {balance}")]
    ExcessiveWithdrawal {
        /// What the shares are worth.
        assets: u128,
        /// What the pool has.
        balance: u128,
    },
    /// The pair issues nothing for that little.
    #[error("UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED: {0} and {1} are worth no LP token")]
    InsufficientLiquidityMinted(u128, u128),
    /// The pair pays nothing for that little.
    #[error("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED: {0} LP tokens are worth nothing")]
    InsufficientLiquidityBurned(u128),
    /// The trade brings nothing, or less than asked for.
    #[error("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT: {out} comes out, {minimum} was asked for")]
    InsufficientOutputAmount {
        /// What comes out.
        out: u128,
        /// The least that was asked for.
        minimum: u128,
    },
    /// A trade of nothing.
    #[error("UniswapV2: INSUFFICIENT_INPUT_AMOUNT: nothing goes in")]
    InsufficientInputAmount,
    /// The pair cannot pay that much.
    #[error("UniswapV2: INSUFFICIENT_LIQUIDITY: {out} asked for, the reserve is {reserve}")]
    InsufficientLiquidity {
        /// What was asked for.
        out: u128,
        /// The reserve.
        reserve: u128,
    },
    /// A reserve beyond the pair's `uint112`.
    #[error("UniswapV2: OVERFLOW: a reserve of {0} does not fit 112 bits")]
    PairOverflow(u128),
    /// Solidity's own panic: a failed assertion (0x01), an overflow (0x11), a division by zero
    /// (0x12).
    #[error("Panic(0x{0:02x})")]
    Panic(u8),
    /// Ours: an amount of LP tokens or shares beyond 128 bits.
    #[error("the amount does not fit in 128 bits")]
    TooLarge,
    /// Ours: blocks come in order.
    #[error("the command is from block {given}, but the venue is already at block {at}")]
    BlockWentBack {
        /// Where the venue is.
        at: u64,
        /// The command's block.
        given: u64,
    },
    /// Ours: the contracts keep block numbers in 48 (40 from v1.2) bits.
    #[error("block {0} is beyond what the contracts can record")]
    BlockTooLarge(u64),
    /// Ours: a loan's own threshold may be stricter than the pool's, never looser.
    #[error("a threshold of {given} bps is not between 1 and the pool's {pool} bps")]
    ThresholdAbovePool {
        /// What was asked for.
        given: u16,
        /// The pool's.
        pool: u16,
    },
    /// Ours: the venue's limit of loans.
    #[error("the venue has {0} loans and takes no more")]
    TooManyLoans(u32),
    /// Ours: the venue's limit of loans in one batch.
    #[error("{given} loans in one batch; {limit} are allowed")]
    BatchTooLarge {
        /// How many were given.
        given: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Ours: more LP tokens than the world outside holds.
    #[error("{needed} LP tokens are needed from outside, where only {held} are")]
    OutsideHoldsLess {
        /// How many are needed.
        needed: u128,
        /// How many there are.
        held: u128,
    },
    /// Ours: generation B's `liquidate` computes its trade and takes neither deltas nor fees.
    #[error("this generation's liquidate takes neither deltas nor fees")]
    NotInGeneration,
    /// Ours: the pair has two tokens.
    #[error("{0} is not one of the pair's tokens 0 and 1")]
    NoSuchToken(u8),
    /// Ours: a parameter out of its bounds.
    #[error("bad parameter: {0}")]
    BadConfig(&'static str),
    /// Ours: a starting state that contradicts itself.
    #[error("bad starting state: {0}")]
    BadGenesis(&'static str),
}

impl Refusal {
    /// The contract's own name of the revert; for this engine's refusals, the variant's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HasMargin { .. } => "HasMargin",
            Self::NoLiquidityDebt => "NoLiquidityDebt",
            Self::NoLiquidityProvided => "NoLiquidityProvided",
            Self::NotFullLiquidation { .. } => "NotFullLiquidation",
            Self::LpBalanceShortfall { .. } => "LPBalanceShortfall",
            Self::InsufficientDeposit { .. } => "InsufficientDeposit",
            Self::InvalidTokenIdsLength => "InvalidTokenIdsLength",
            Self::InvalidDeltasLength(_) => "InvalidDeltasLength",
            Self::BadDelta(..) => "BadDelta",
            Self::NotEnoughBalance { .. } => "NotEnoughBalance",
            Self::NotEnoughCollateral { .. } => "NotEnoughCollateral",
            Self::MinBorrow { .. } => "MinBorrow",
            Self::LowPostTradeCollateral { .. } => "LowPostTradeCollateral",
            Self::InsufficientTokenRepayment { .. } => "InsufficientTokenRepayment",
            Self::ZeroTokensHeld(..) => "ZeroTokensHeld",
            Self::ZeroReserves(..) => "ZeroReserves",
            Self::ZeroDecimals(_) => "ZeroDecimals",
            Self::ComplexNumber => "ComplexNumber",
            Self::SoldTokenGtTokensHeld { .. } => "SOLD_TOKEN_GT_TOKENS_HELD1",
            Self::LoanDoesNotExist(_) => "LoanDoesNotExist",
            Self::Forbidden(_) => "Forbidden",
            Self::Margin { .. } => "Margin",
            Self::ExcessiveBorrowing { .. } => "ExcessiveBorrowing",
            Self::MaxUtilizationRate(_) => "MaxUtilizationRate",
            Self::NotEnoughLpInvariant { .. } => "NotEnoughLPInvariant",
            Self::NotEnoughLpDeposit => "NotEnoughLPDeposit",
            Self::ZeroRepayLiquidity => "ZeroRepayLiquidity",
            Self::ZeroShares(_) => "ZeroShares",
            Self::ZeroAssets(_) => "ZeroAssets",
            Self::ZeroAmount => "ZeroAmount",
            Self::ExcessiveWithdrawal { .. } => "ExcessiveWithdrawal",
            Self::InsufficientLiquidityMinted(..) => "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED",
            Self::InsufficientLiquidityBurned(_) => "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED",
            Self::InsufficientOutputAmount { .. } => "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT",
            Self::InsufficientInputAmount => "UniswapV2: INSUFFICIENT_INPUT_AMOUNT",
            Self::InsufficientLiquidity { .. } => "UniswapV2: INSUFFICIENT_LIQUIDITY",
            Self::PairOverflow(_) => "UniswapV2: OVERFLOW",
            Self::Panic(0x01) => "Panic(0x01)",
            Self::Panic(0x12) => "Panic(0x12)",
            Self::Panic(_) => "Panic(0x11)",
            Self::TooLarge => "TooLarge",
            Self::BlockWentBack { .. } => "BlockWentBack",
            Self::BlockTooLarge(_) => "BlockTooLarge",
            Self::ThresholdAbovePool { .. } => "ThresholdAbovePool",
            Self::TooManyLoans(_) => "TooManyLoans",
            Self::BatchTooLarge { .. } => "BatchTooLarge",
            Self::OutsideHoldsLess { .. } => "OutsideHoldsLess",
            Self::NotInGeneration => "NotInGeneration",
            Self::NoSuchToken(_) => "NoSuchToken",
            Self::BadConfig(_) => "BadConfig",
            Self::BadGenesis(_) => "BadGenesis",
        }
    }
}
