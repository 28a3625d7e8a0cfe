//! What a design file says, section by section; which key does anything under which rules is in
//! [`super::keys`].
//!
//! Fractions are parts of 1, money is a share of what the traders deposit or in whole units of
//! quote where the key says so. Everything optional is the machine's own where it is left out.

use serde::{Deserialize, Serialize};

use super::stage::{StageName, StageTerms};
use crate::scenario::{Decimal, ExecutionMode, Preset, Span, TsunamixRule};

/// How a liquidation is designed: margin model, trigger, lock, procedure, backstops, limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Its name, as it is chosen with: letters, digits, dots and dashes.
    pub name: String,
    /// Its title, for reports; the name where left out.
    #[serde(default)]
    pub title: String,
    /// What it is, in a sentence or two.
    #[serde(default)]
    pub about: String,
    /// Whose page can be read beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// Which machine runs it.
    pub rules: Preset,
    /// Who carries liquidations out (TsunamiX, Perennial, GammaSwap); keepers where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionMode>,
    /// How long a case that waits is left alone before it is tried again (composed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Span>,
    /// The stages by name, each as the machine has it; or `stages`, with parameters. Once read,
    /// it is in `stages`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub procedure: Vec<StageName>,
    /// What an account must have.
    pub margin: MarginTerms,
    /// When too little of it counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: TriggerTerms,
    /// What an account in liquidation may still do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lock: LockTerms,
    /// What is done with it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageTerms>,
    /// Who stands behind it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backstops: BackstopTerms,
    /// What is not let in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: LimitTerms,
    /// Whatever else the machine has, with the keys of its section in docs/SCENARIO.md.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub parameters: toml::Table,
}

fn is_default<T: Default + PartialEq>(terms: &T) -> bool {
    *terms == T::default()
}

/// Whose page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// Kuma: Liquidation Partner Program.
    Kuma,
    /// TsunamiX V2: Liquidations.
    Tsunamix,
    /// Kyan: How Liquidations Work.
    Kyan,
    /// GammaSwap V1: Liquidations.
    Gammaswap,
    /// Perennial V1: Liquidations.
    Perennial,
}

impl Page {
    /// The venue's name, as its page has it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Kuma => "Kuma, Liquidation Partner Program",
            Self::Tsunamix => "TsunamiX V2, Liquidations",
            Self::Kyan => "Kyan, Liquidations",
            Self::Gammaswap => "GammaSwap V1, How Liquidations Work",
            Self::Perennial => "Perennial V1, Liquidations",
        }
    }
}

/// How equity is held against what is at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Every position has collateral of its own.
    Isolated,
    /// As isolated, and prices are versions: what is done settles at the next.
    Versioned,
    /// One balance behind positions in all markets.
    Cross,
    /// One balance; the requirement is the largest loss over scenarios.
    Portfolio,
    /// A debt of liquidity against collateral of liquidity.
    LiquidityLoan,
}

impl Model {
    /// Its name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Versioned => "versioned",
            Self::Cross => "cross",
            Self::Portfolio => "portfolio",
            Self::LiquidityLoan => "liquidity-loan",
        }
    }
}

/// `[design.margin]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginTerms {
    /// The margin model.
    pub model: Model,
    /// What a trade must leave, a share of notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Decimal>,
    /// What an account must have, a share of notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Decimal>,
    /// Markets with fractions of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<MarketMargin>,
    /// Largest size over collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_leverage: Option<Decimal>,
    /// What a loan may be opened with, debt over collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrow_threshold: Option<Decimal>,
    /// Initial over maintenance requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_over_maintenance: Option<Decimal>,
    /// The widest move of the scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_range: Option<Decimal>,
    /// How far volatility goes up in the scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vol_up: Option<Decimal>,
    /// How far it goes down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vol_down: Option<Decimal>,
    /// Charge on directional exposure beyond the free part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_rate: Option<Decimal>,
    /// Exposure that is not charged, whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_free: Option<Decimal>,
    /// Charge on net short options about to expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_rate: Option<Decimal>,
    /// The requirement is at least this share of gross notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Decimal>,
    /// What the requirement is the largest loss over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<MoveTerms>,
}

impl MarginTerms {
    /// A model with everything else left out.
    #[must_use]
    pub const fn of(model: Model) -> Self {
        Self {
            model,
            initial: None,
            maintenance: None,
            markets: Vec::new(),
            max_leverage: None,
            borrow_threshold: None,
            initial_over_maintenance: None,
            price_range: None,
            vol_up: None,
            vol_down: None,
            delta_rate: None,
            delta_free: None,
            roll_rate: None,
            least: None,
            scenarios: Vec::new(),
        }
    }
}

/// A market's own fractions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketMargin {
    /// The market's symbol.
    pub symbol: String,
    /// What a trade must leave, a share of notional.
    pub initial: Decimal,
    /// What an account must have, a share of notional.
    pub maintenance: Decimal,
}

/// A scenario of portfolio margin: how every market moves, and those that move otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveTerms {
    /// The move of every market, a share of the mark.
    pub all: Decimal,
    /// Markets that move by something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<MarketMove>,
}

/// A market's own move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketMove {
    /// The market's symbol.
    pub symbol: String,
    /// Its move, a share of the mark.
    pub by: Decimal,
}

/// `[design.trigger]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerTerms {
    /// Share of the collateral that may be lost, or debt over collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Decimal>,
    /// Which integers decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<TsunamixRule>,
    /// Under the requirement at so many prices in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<u8>,
    /// Under the requirement for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Span>,
    /// Nothing is waited for at or below this share of the requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<Decimal>,
}

/// `[design.lock]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockTerms {
    /// How much is locked; what the machine locks where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// What an account in liquidation may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything that margin lets it.
    None,
    /// Deposits.
    DepositsOnly,
    /// Nothing, until the case is closed.
    All,
}

impl Scope {
    /// Its name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DepositsOnly => "deposits-only",
            Self::All => "all",
        }
    }
}

/// `[design.backstops]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackstopTerms {
    /// Money behind the traders, a share of what they deposit; the street's where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Decimal>,
    /// Who takes positions over; whoever there is where left out, the fund before the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquirer: Option<AcquirerTerms>,
    /// What an account pays the fund on what is closed of it, a share of notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty: Option<Decimal>,
    /// The most accounts deleveraged for one position at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparties: Option<u32>,
    /// The insurance fund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund: Option<FundTerms>,
    /// The liquidity providers' vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<VaultTerms>,
}

/// Who takes positions over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcquirerTerms {
    /// The insurance fund.
    Fund,
    /// The vault.
    Vault,
}

/// `[design.backstops.fund]`: how the fund defends itself; none of it where left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundTerms {
    /// The most it may lose on one account, a share of what it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_account: Option<Decimal>,
    /// The most it may lose within `window`, a share of what it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_window: Option<Decimal>,
    /// How long the window is; an hour where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// How long its money cannot be withdrawn after a deficit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Span>,
    /// It takes a position over only while its equity stays at least this share of the notional
    /// it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<Decimal>,
}

/// `[design.backstops.vault]`: no limits where left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultTerms {
    /// It takes positions over only while the notional it holds in a market stays within this
    /// share of its equity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Decimal>,
    /// It takes nothing more once it has lost this share of what its providers put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<Decimal>,
    /// Providers may take money out only while its equity stays at least this share of the
    /// notional it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<Decimal>,
}

/// `[design.limits]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitTerms {
    /// The most open interest (long side) of each market, whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_interest: Option<Decimal>,
    /// The largest position of one account, whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Decimal>,
    /// The most open interest as a multiple of what the backstops have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_backstop: Option<Decimal>,
    /// Part of the open-interest budget shared out by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_weight: Option<Decimal>,
    /// How far the trend of demand is carried on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Decimal>,
    /// The most one trade may win, a share of the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profit: Option<Decimal>,
}
