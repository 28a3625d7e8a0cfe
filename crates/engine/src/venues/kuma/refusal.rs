//! Why a Kuma venue refuses a command: the contracts' own reverts by their exact texts, and the
//! few refusals that are this engine's.
//!
//! Sources: the `require` texts of `Exchange.sol` and its libraries (`kuma-contracts-ikon` and
//! `idex-contracts-ikon`, see [`super`]).

use plimsoll_units::{AccountId, MarketId};

use super::order::Address;
use crate::Rejection;
use crate::margin::cross::PipError;

macro_rules! reverts {
    ($($name:ident = $text:literal;)*) => {
        /// A revert of the contracts, under the exact text they give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Revert {
            $(#[doc = $text] $name,)*
        }

        impl Revert {
            /// Every revert.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The contract's text.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The name it is tallied under.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

reverts! {
    // Whose turn it is.
    ExitFundHasOpenPositions = "Exit Fund has open positions";
    ExitFundHasNoPositions = "Exit Fund has no positions";
    // Liquidation and deleveraging.
    CannotLiquidateExitFund = "Cannot liquidate EF";
    CannotLiquidateInsuranceFund = "Cannot liquidate IF";
    MustLiquidateToExitFund = "Must liquidate to EF";
    MustLiquidateToInsuranceFund = "Must liquidate to IF";
    CannotLiquidateAgainstItself = "Cannot liquidate wallet against itself";
    CannotDeleverageExitFund = "Cannot deleverage EF";
    CannotDeleverageInsuranceFund = "Cannot deleverage IF";
    LiquidatingWalletMustBeExitFund = "Liquidating wallet must be EF";
    LiquidatingWalletMustBeInsuranceFund = "Liquidating wallet must be IF";
    MaintenanceMet = "Maintenance margin requirement met";
    MaintenanceNotMet = "Maintenance margin requirement not met";
    InitialNotMet = "Initial margin requirement not met";
    CannotLiquidateInInactiveMarket = "Cannot liquidate position in inactive market";
    InvalidQuoteQuantity = "Invalid quote quantity";
    WalletNotExited = "Wallet not exited";
    PositionAboveMinimum = "Position size above minimum";
    NoActiveMarket = "No active market found";
    NoInactiveMarket = "No inactive market found";
    OpenPositionNotFound = "Open position not found for market";
    NoOpenPosition = "No open position in market";
    ExcessiveFee = "Excessive fee";
    MaxPositionSizeExceeded = "Max position size exceeded";
    PositionMustBeNonZero = "Position must be non-zero";
    PositionMustMoveTowardZero = "Position must move toward zero";
    // Trades.
    BuyWalletExitFinalized = "Buy wallet exit finalized";
    SellWalletExitFinalized = "Sell wallet exit finalized";
    SelfTrading = "Self-trading not allowed";
    BaseQuantityZero = "Base quantity must be greater than zero";
    QuoteQuantityZero = "Quote quantity must be greater than zero";
    InvalidLimitPrice = "Invalid limit price";
    LimitPriceExceeded = "Order limit price exceeded";
    GtxMustBeLimitMaker = "gtx order must be limit maker";
    IocMustBeTaker = "ioc order must be taker";
    FokMustBeTaker = "fok order must be taker";
    MissingTriggerPrice = "Missing trigger price";
    InvalidTriggerPrice = "Invalid trigger price";
    InvalidCallbackRate = "Invalid callback rate";
    InvalidTriggerType = "Invalid trigger type";
    ExitFundCannotTrade = "EF cannot trade";
    InsuranceFundOrder = "IF order must be reduce only and signed by DK";
    BothMustBeLiquidationAcquisition = "Both orders must be liquidation acquisition";
    OneWalletMustBeInsuranceFund = "One order wallet must be IF";
    NotVersionOneUuid = "Must be v1 UUID";
    BuyNonceInvalidated = "Buy order nonce timestamp invalidated";
    SellNonceInvalidated = "Sell order nonce timestamp invalidated";
    BuyKeyInvalidated = "Buy order delegated key invalidated";
    SellKeyInvalidated = "Sell order delegated key invalidated";
    BuyKeyExpired = "Buy order delegated key expired";
    SellKeyExpired = "Sell order delegated key expired";
    BuyPredatesKey = "Buy order predates delegated key";
    SellPredatesKey = "Sell order predates delegated key";
    OrdersDoNotMatchSides = "Order arguments do not match sides";
    BuySignatureInvalid = "Invalid wallet signature for buy order";
    SellSignatureInvalid = "Invalid wallet signature for sell order";
    ExcessiveMakerRebate = "Excessive maker rebate";
    ExcessiveMakerFee = "Excessive maker fee";
    ExcessiveTakerFee = "Excessive taker fee";
    OrderDoubleFilled = "Order double filled";
    OrderOverfilled = "Order overfilled";
    // Nonces.
    NonceTooHigh = "Nonce timestamp too high";
    NonceInvalidated = "Nonce timestamp invalidated";
    LastInvalidationPending = "Last invalidation not finalized";
    // Money.
    CannotDepositToExitFund = "Cannot deposit to EF";
    SourceWalletExited = "Source wallet exited";
    DestinationWalletExited = "Destination wallet exited";
    QuantityTooLow = "Quantity is too low";
    QuantityTooLarge = "Quantity is too large";
    QuantityExceedsPending = "Quantity to apply exceeds pending";
    WalletExited = "Wallet exited";
    ExcessiveWithdrawalFee = "Excessive withdrawal fee";
    InvalidWalletSignature = "Invalid wallet signature";
    DuplicateWithdrawal = "Duplicate withdrawal";
    ExitFundOpenedTooRecently = "EF position opened too recently";
    ExitFundNegative = "EF may not withdraw to a negative balance";
    CannotSelfTransfer = "Cannot self-transfer";
    CannotTransferFromExitFund = "Cannot transfer from EF";
    CannotTransferFromInsuranceFund = "Cannot transfer from IF";
    CannotTransferToExitFund = "Cannot transfer to EF";
    ExcessiveTransferFee = "Excessive transfer fee";
    DuplicateTransfer = "Duplicate transfer";
    // Exits.
    WalletAlreadyExited = "Wallet already exited";
    CannotExitExitFund = "Cannot exit EF";
    CannotExitInsuranceFund = "Cannot exit IF";
    ExitNotFinalized = "Wallet exit not finalized";
    NegativeQuoteAfterExit = "Negative quote after exit";
    MustWithdrawBeforeClearing = "Must withdraw exit before clearing";
    // Prices and funding.
    IndexPriceFromTheFuture = "Index price timestamp too high";
    ActiveMarketNotFound = "Active market not found";
    OutdatedIndexPrice = "Outdated index price";
    NonPositivePrice = "Unexpected non-positive price";
    FundingRateTooHigh = "Funding rate exceeds maintenance margin fraction";
    IndexPriceTooEarly = "Index price too far before next period";
    // Parameters.
    MarketNotFound = "Market not found";
    MaxMarketsReached = "Max number of markets reached";
    MarketExists = "Market already exists";
    BaseIsQuote = "Base asset symbol cannot be same as quote";
    InvalidMarket = "Invalid market";
    NoOverrides = "Wallet has no overrides for market";
    InitialFractionBelowMin = "Initial margin fraction below min";
    MaintenanceFractionBelowMin = "Maintenance margin fraction below min";
    IncrementalFractionBelowMin = "Incremental initial margin fraction below min";
    BaselineExceedsMax = "Baseline position size exceeds max";
    IncrementalSizeZero = "Incremental position size cannot be zero";
    MaximumExceedsMax = "Maximum position size exceeds max";
    MinimumExceedsMax = "Minimum position size exceeds max";
    MustBeLessThanMax = "Must be less than max";
}

impl std::fmt::Display for Revert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Revert {}

/// Why a command was refused. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The contracts would revert.
    #[error(transparent)]
    Revert(#[from] Revert),
    /// A number leaves the range of the contracts' types.
    #[error(transparent)]
    Pips(#[from] PipError),
    /// No such wallet.
    #[error("{0} does not exist")]
    UnknownAccount(AccountId),
    /// Wallets are numbered densely.
    #[error("{given} cannot be opened: the next account is {next}")]
    AccountOutOfOrder {
        /// The wallet asked for.
        given: AccountId,
        /// The next number.
        next: AccountId,
    },
    /// The wallet an order names is not registered.
    #[error("no account is registered for the wallet {0}")]
    UnknownWallet(Address),
    /// An address belongs to one wallet, a wallet has one address.
    #[error("{account} cannot be registered as {address}: one of them has another already")]
    AddressTaken {
        /// The wallet.
        account: AccountId,
        /// The address.
        address: Address,
    },
    /// A wallet without an address cannot sign.
    #[error("{0} has no address")]
    NotRegistered(AccountId),
    /// A leverage override outside the market's initial fraction and one.
    #[error("an initial margin fraction of {given} pips is not between {low} and 100000000")]
    LeverageOutOfRange {
        /// What was asked.
        given: u64,
        /// The market's own fraction.
        low: u64,
    },
    /// An index price too far from the last one; a guard that is off unless asked for.
    #[error("{price} pips is more than {max_ppm} ppm away from the last index price, {last}")]
    IndexPriceJumps {
        /// What was offered.
        price: u64,
        /// The price in force.
        last: u64,
        /// The bound.
        max_ppm: u32,
    },
    /// An index price too old; a guard that is off unless asked for.
    #[error("the index price of {market} is {age_ms} ms old")]
    IndexPriceStale {
        /// The market.
        market: MarketId,
        /// Its age when it was published.
        age_ms: u64,
    },
    /// Refused by the liquidation service.
    #[error(transparent)]
    Service(#[from] super::ServiceRefusal),
    /// Refused as an order.
    #[error(transparent)]
    Order(#[from] super::OrderRefusal),
    /// A parameter out of its bounds.
    #[error("{name} is {value}, which is out of bounds")]
    Parameter {
        /// Which.
        name: &'static str,
        /// What was given.
        value: i128,
    },
    /// More wallets or positions than a venue can number.
    #[error("the venue is full")]
    Full,
}

impl Refusal {
    /// The name it is tallied under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Revert(revert) => revert.name(),
            Self::Pips(error) => error.name(),
            Self::Service(refusal) => refusal.name(),
            Self::Order(refusal) => refusal.name(),
            Self::UnknownAccount(_) => "UnknownAccount",
            Self::AccountOutOfOrder { .. } => "AccountOutOfOrder",
            Self::UnknownWallet(_) => "UnknownWallet",
            Self::AddressTaken { .. } => "AddressTaken",
            Self::NotRegistered(_) => "NotRegistered",
            Self::LeverageOutOfRange { .. } => "LeverageOutOfRange",
            Self::IndexPriceJumps { .. } => "IndexPriceJumps",
            Self::IndexPriceStale { .. } => "IndexPriceStale",
            Self::Parameter { .. } => "Parameter",
            Self::Full => "Full",
        }
    }
}

impl From<Revert> for Rejection {
    fn from(revert: Revert) -> Self {
        Self::Kuma(revert.into())
    }
}

impl From<PipError> for Rejection {
    fn from(error: PipError) -> Self {
        Self::Kuma(error.into())
    }
}

/// `Ok` when `holds`, else the revert.
pub(super) fn require(holds: bool, revert: Revert) -> Result<(), Revert> {
    if holds { Ok(()) } else { Err(revert) }
}
