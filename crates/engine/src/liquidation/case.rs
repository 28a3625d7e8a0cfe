//! The case: what is liquidated, why, and how it ended.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId, PositionId, Timestamp, VenueId};

/// The rule that opened a case. Discriminants are part of journals: never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Rule {
    /// Fees have eaten the threshold share of collateral plus profit and loss (TsunamiX V2).
    FeesOverThreshold = 0,
    /// Profit is above the limit of one trade (TsunamiX V2).
    ProfitOverLimit = 1,
    /// The maintenance requirement is above the collateral (Perennial V1).
    MaintenanceOverCollateral = 2,
    /// The debt is above the threshold share of the collateral (GammaSwap V1).
    DebtOverCollateral = 3,
    /// The account value is below the maintenance requirement of all positions (Kuma).
    ValueUnderMaintenance = 4,
    /// The maintenance margin is above the equity (Kyan).
    MaintenanceOverEquity = 5,
    /// The wallet has exited, and the dispatcher liquidates it (Kuma).
    WalletExited = 6,
    /// The position is below the minimum, and the dispatcher liquidates it (Kuma).
    PositionBelowMinimum = 7,
}

impl Rule {
    /// The rule in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::FeesOverThreshold => "fees reached threshold x collateral + profit and loss",
            Self::ProfitOverLimit => "profit went above the limit of one trade",
            Self::MaintenanceOverCollateral => "maintenance requirement went above collateral",
            Self::DebtOverCollateral => "debt went above threshold x collateral",
            Self::ValueUnderMaintenance => "account value went below maintenance requirement",
            Self::MaintenanceOverEquity => "maintenance margin went above equity",
            Self::WalletExited => "the wallet has exited",
            Self::PositionBelowMinimum => "the position is below the minimum",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a case is about: an account, in one market, and the position where there are several.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Target {
    /// The venue.
    pub venue: VenueId,
    /// The market.
    pub market: MarketId,
    /// Whose it is.
    pub account: AccountId,
    /// The isolated position, on venues that have them.
    pub position: Option<PositionId>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(
                f,
                "{position} of {} in {} of {}",
                self.account, self.market, self.venue
            )
        } else {
            write!(f, "{} in {} of {}", self.account, self.market, self.venue)
        }
    }
}

/// The numbers that opened a case, all raw on the venue's own grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trigger {
    /// The rule.
    pub rule: Rule,
    /// When.
    pub at: Timestamp,
    /// Price in force.
    pub price: i128,
    /// Oracle version in force.
    pub version: u64,
    /// What the account has, by the rule's own definition.
    pub equity: i128,
    /// What the rule asks for.
    pub requirement: i128,
    /// Collateral at that moment, before any fee of the liquidation.
    pub collateral: i128,
    /// Notional of the position at the price in force.
    pub notional: i128,
}

/// A liquidation under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// What it is about.
    pub target: Target,
    /// The numbers that opened it.
    pub trigger: Trigger,
}

/// What a stage did.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum StageKind {
    /// The collateral was taken and shared out.
    Confiscate = 0,
    /// The position was closed at the oracle price.
    ForceClose = 1,
    /// The position was queued to close at the next oracle version, and the account locked.
    CloseNextVersion = 2,
    /// The liquidator was rewarded.
    Reward = 3,
    /// Debt was repaid against collateral.
    Repay = 4,
    /// Debt that the collateral does not cover was written down.
    WriteDown = 5,
    /// The backstop took the account's positions over.
    Acquire = 6,
    /// Acquired positions were handed to liquidation partners.
    HandOff = 7,
    /// Positions were closed on the order book.
    CloseOnBook = 8,
    /// Positions were reduced against counterparties.
    Deleverage = 9,
    /// Positions were reduced just enough.
    Reduce = 10,
    /// The directional exposure was hedged.
    Hedge = 11,
    /// A component of the portfolio was closed.
    Decompose = 12,
    /// Positions were auctioned one by one.
    Auction = 13,
    /// A share of the whole portfolio was auctioned.
    PortfolioAuction = 14,
    /// The insurance fund took over what nobody else took.
    Takeover = 15,
    /// A loss was shared among accounts in profit.
    Socialise = 16,
}

impl StageKind {
    /// Its name, as in a scenario or a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confiscate => "confiscate",
            Self::ForceClose => "force-close",
            Self::CloseNextVersion => "close-next-version",
            Self::Reward => "reward",
            Self::Repay => "repay",
            Self::WriteDown => "write-down",
            Self::Acquire => "acquire",
            Self::HandOff => "hand-off",
            Self::CloseOnBook => "close-on-book",
            Self::Deleverage => "deleverage",
            Self::Reduce => "reduce",
            Self::Hedge => "hedge",
            Self::Decompose => "decompose",
            Self::Auction => "auction",
            Self::PortfolioAuction => "portfolio-auction",
            Self::Takeover => "takeover",
            Self::Socialise => "socialise",
        }
    }
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// Carried through; the loss beyond the collateral, raw, falls on the venue's bearer.
    Liquidated {
        /// Loss that the collateral did not cover.
        shortfall: i128,
    },
    /// The account is above its requirement again, by the market or by its owner.
    Recovered,
}

/// What happened to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum CaseEvent {
    /// The rule was met.
    Opened(Case),
    /// A stage did its work.
    Stage {
        /// The case.
        case: CaseId,
        /// Which stage.
        stage: StageKind,
        /// What it moved: collateral taken, reward paid, or size closed; raw.
        amount: i128,
    },
    /// The liquidation was tried and could not be carried out; it stays open.
    Blocked {
        /// The case.
        case: CaseId,
        /// The name of the refusal.
        reason: BlockedReason,
    },
    /// It is over.
    Closed {
        /// The case.
        case: CaseId,
        /// What it was about.
        target: Target,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Why a due liquidation could not be carried out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum BlockedReason {
    /// The venue's own contract would panic (fees and reward exceed what is there).
    Panic = 0,
    /// The market is closed.
    MarketClosed = 1,
    /// The price is missing or stale.
    NoPrice = 2,
    /// A number would not fit.
    Arithmetic = 3,
    /// Neither the payer nor the collateral can repay the debt.
    NoLiquidity = 4,
    /// Neither the backstop nor enough counterparties can take the positions.
    NoCounterparty = 5,
    /// The venue is in recovery.
    Suspended = 6,
}

impl BlockedReason {
    /// The reason in a few plain words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Panic => "the venue's own rules cannot carry it out",
            Self::MarketClosed => "the market is closed",
            Self::NoPrice => "no price can be trusted",
            Self::Arithmetic => "a number would not fit",
            Self::NoLiquidity => "nobody can repay the debt",
            Self::NoCounterparty => "neither the backstop nor counterparties can take it",
            Self::Suspended => "the venue is in recovery",
        }
    }
}
