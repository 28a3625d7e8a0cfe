//! What a comparison shares between its designs: the people, and those who stand ready.
//!
//! The same trader, with the same exposure, leverage, entry and collateral, is expressed in each
//! venue's own form of account; how, is told in docs/COMPARE.md.

use serde::{Deserialize, Serialize};

use super::{
    Decimal, Like, Liquidators, Partner, Span, TopUps, WeightedLeverage, WeightedMarket, When,
};

/// The people whom every design gets alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matched {
    /// How many traders.
    pub traders: u32,
    /// Like the accounts of a day in size, leverage, side and number of markets; otherwise drawn
    /// from the keys below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<Like>,
    /// The highest leverage: what the strictest of the designs lets a trader open.
    pub leverage_max: Decimal,
    /// Leverage classes with their weights, without `like`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leverage: Vec<WeightedLeverage>,
    /// Share of longs, without `like`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_share: Option<Decimal>,
    /// Median collateral in whole units, without `like`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_median: Option<Decimal>,
    /// Least collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_min: Option<Decimal>,
    /// Most collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_max: Option<Decimal>,
    /// Markets with their weights; all alike where left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<WeightedMarket>,
    /// When the first arrives; the first price where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive_from: Option<When>,
    /// The time over which they arrive, evenly.
    pub arrive_over: Span,
    /// Traders who add collateral when they come close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_ups: Option<TopUps>,
}

/// Those who stand ready, alike for every design that has a use for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Street {
    /// Depth of each order book within 20 basis points, each side, a share of open interest.
    pub depth: Decimal,
    /// The move at which a book has half of its depth left.
    pub halves_at: Decimal,
    /// The share of its depth that always stays.
    pub least: Decimal,
    /// Money behind the traders, a share of what they deposit: the fund, or the vault's and the
    /// makers' own beyond what their positions need.
    pub backstop: Decimal,
    /// Liquidators.
    #[serde(default)]
    pub liquidators: Vec<Liquidators>,
    /// Liquidation partners and bidders in auctions.
    #[serde(default)]
    pub partners: Vec<Partner>,
}
