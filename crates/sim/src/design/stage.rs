//! The stages of a procedure as a file says them: their names, and every parameter that some stage
//! has under some rules.

use serde::{Deserialize, Serialize};

use crate::scenario::{Decimal, Deleveraging, PairingMode, Rising, Slices, Span};

/// `[[design.stages]]`: which stage, and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageTerms {
    /// Which stage.
    pub stage: StageName,
    /// Orders fill within this share of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collar: Option<Decimal>,
    /// How far above its requirement the account is brought, a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cushion: Option<Decimal>,
    /// The delta within which a portfolio counts as hedged, whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Decimal>,
    /// A fixed incentive, a share of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incentive: Option<Decimal>,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Time from one level of the incentive to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// The last level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
    /// The incentive of level 0, a share of the mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Decimal>,
    /// What each level adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Decimal>,
    /// No more is sold than restores the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub just_enough: Option<bool>,
    /// How portfolios are decomposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<PairingMode>,
    /// It stops this far above the requirement, a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<Decimal>,
    /// How counterparties are chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Deleveraging>,
    /// Whose positions are reduced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whose: Option<WhoseTerms>,
    /// What the acquirer gets for it, a share of the maintenance fraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Decimal>,
    /// Share of whoever registered the liquidation first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_caller: Option<Decimal>,
    /// Share of whoever carries it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<Decimal>,
    /// How much of the position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portion: Option<PortionTerms>,
    /// The liquidator's share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Decimal>,
    /// The requirement counts as at least this, whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Decimal>,
    /// Which collateral caps the reward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapTerms>,
    /// With what a debt is repaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<RepaymentTerms>,
    /// Only those with positions in the same markets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_market: Option<bool>,
    /// Bit by bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
    /// Kyan's step 3 for options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Rising>,
    /// Kyan's step 3 for perpetuals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perpetuals: Option<Rising>,
}

impl StageTerms {
    /// A stage as its machine has it.
    #[must_use]
    pub const fn of(stage: StageName) -> Self {
        Self {
            stage,
            collar: None,
            cushion: None,
            band: None,
            incentive: None,
            timeout: None,
            every: None,
            levels: None,
            first: None,
            step: None,
            just_enough: None,
            pairing: None,
            buffer: None,
            policy: None,
            whose: None,
            discount: None,
            first_caller: None,
            resolver: None,
            portion: None,
            fee: None,
            minimum: None,
            cap: None,
            how: None,
            same_market: None,
            slices: None,
            options: None,
            perpetuals: None,
        }
    }
}

/// A stage, as a file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// The backstop takes the account's positions over at the bankruptcy price.
    #[serde(alias = "insurance-fund")]
    Acquire,
    /// Partners take them, as much as they want.
    #[serde(alias = "partner", alias = "partners")]
    HandOff,
    /// They are traded away on the book.
    #[serde(alias = "book")]
    CloseOnBook,
    /// The account's own positions are traded on the book, just enough.
    Hedge,
    /// They are offered to bidders for an incentive that climbs.
    Auction,
    /// They are reduced against sound accounts on the other side.
    Deleverage,
    /// The acquirer takes just enough of them, at a discount.
    Reduce,
    /// All collateral is taken and shared out.
    Confiscate,
    /// They are closed at the price in force.
    ForceClose,
    /// They are closed at the next price.
    CloseNextVersion,
    /// The liquidator is paid.
    Reward,
    /// What nobody bears is shared among those in profit.
    Socialise,
    /// A debt is repaid against collateral.
    Repay,
    /// What the collateral does not cover is written off.
    WriteDown,
    /// A book of options is taken apart, the riskiest part first.
    Decompose,
    /// Shares of everything are offered for a price that falls.
    PortfolioAuction,
}

impl StageName {
    /// Every stage.
    pub const ALL: [Self; 16] = [
        Self::Acquire,
        Self::HandOff,
        Self::CloseOnBook,
        Self::Hedge,
        Self::Auction,
        Self::Deleverage,
        Self::Reduce,
        Self::Confiscate,
        Self::ForceClose,
        Self::CloseNextVersion,
        Self::Reward,
        Self::Socialise,
        Self::Repay,
        Self::WriteDown,
        Self::Decompose,
        Self::PortfolioAuction,
    ];

    /// Its name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::HandOff => "hand-off",
            Self::CloseOnBook => "close-on-book",
            Self::Hedge => "hedge",
            Self::Auction => "auction",
            Self::Deleverage => "deleverage",
            Self::Reduce => "reduce",
            Self::Confiscate => "confiscate",
            Self::ForceClose => "force-close",
            Self::CloseNextVersion => "close-next-version",
            Self::Reward => "reward",
            Self::Socialise => "socialise",
            Self::Repay => "repay",
            Self::WriteDown => "write-down",
            Self::Decompose => "decompose",
            Self::PortfolioAuction => "portfolio-auction",
        }
    }
}

/// Whose positions a deleveraging reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhoseTerms {
    /// The account's own.
    Account,
    /// What the backstop took over from it.
    Backstop,
}

/// How much of a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortionTerms {
    /// All of it.
    All,
    /// Just enough to meet the requirement again.
    ToRequirement,
}

/// Which collateral caps a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapTerms {
    /// What the account had when the case was opened.
    AtTrigger,
    /// What it has after the stages and fees before.
    Now,
}

/// With what a debt is repaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepaymentTerms {
    /// The liquidator brings LP tokens, loan by loan.
    WithLp,
    /// The loan's own collateral.
    FromCollateral,
    /// The liquidator brings LP tokens for several loans at once.
    InBatch,
}
