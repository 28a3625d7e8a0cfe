//! Who takes part: traders, makers, liquidity providers, liquidators.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Decimal, Market, Span, When};

/// The traders of a venue: drawn from a seed, or listed in a CSV file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// How many accounts, one position each.
    #[serde(default)]
    pub accounts: u32,
    /// A CSV of accounts instead: `market,side,collateral,leverage,arrives` with a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Leverage classes with their weights.
    #[serde(default = "default_leverage")]
    pub leverage: Vec<WeightedLeverage>,
    /// Markets with their weights; all alike where left out.
    #[serde(default)]
    pub markets: Vec<WeightedMarket>,
    /// Median collateral, in whole quote units.
    #[serde(default = "thousand")]
    pub collateral_median: Decimal,
    /// Spread of collateral: standard deviation of its natural logarithm.
    #[serde(default = "spread")]
    pub collateral_spread: Decimal,
    /// Least collateral.
    #[serde(default = "fifty")]
    pub collateral_min: Decimal,
    /// Most collateral.
    #[serde(default = "million")]
    pub collateral_max: Decimal,
    /// Share of longs, 0 to 1.
    #[serde(default = "six_tenths")]
    pub long_share: Decimal,
    /// When the first may arrive; the first price where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive_from: Option<When>,
    /// The time over which they arrive, evenly.
    #[serde(default = "half_day")]
    pub arrive_over: Span,
}

/// A leverage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedLeverage {
    /// Position size over collateral.
    pub times: Decimal,
    /// How common it is, against the other classes.
    pub weight: u32,
}

/// A market with its weight among traders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedMarket {
    /// The market's symbol.
    pub symbol: String,
    /// How popular it is, against the others.
    pub weight: u32,
}

/// Liquidators who see a case and react after a delay, if it pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liquidators {
    /// Their name, for the report.
    pub name: String,
    /// Time from the case to their transaction.
    pub delay: Span,
    /// What one transaction costs them, in whole quote units.
    #[serde(default)]
    pub cost: Decimal,
    /// Share of the cases they see at all, 0 to 1.
    #[serde(default = "all")]
    pub sees: Decimal,
    /// Times they try again, one delay apart, when the contract refuses.
    #[serde(default = "three")]
    pub retries: u32,
}

/// Somebody who puts money into the vault, and may take it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidityProvider {
    /// Deposit, in whole quote units.
    pub deposit: Decimal,
    /// When; at the start where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<When>,
    /// When they try to take everything out; never where left out. A refused withdrawal is
    /// tried again every hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdraws_at: Option<When>,
}

/// Those who provide the liquidity of every product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Makers {
    /// How many per product.
    pub per_product: u32,
    /// Their quantity together, over the takers' expected quantity.
    #[serde(default = "one_and_a_half")]
    pub cover: Decimal,
    /// Position over collateral of each.
    #[serde(default = "two")]
    pub leverage: Decimal,
}

/// Traders who add collateral when the price comes close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUps {
    /// Share of traders who do, 0 to 1.
    pub share: Decimal,
    /// They look this often.
    pub every: Span,
    /// They act when the price is within this share of the liquidation price, 0 to 1.
    pub within: Decimal,
    /// They add this share of their first collateral, once.
    pub adds: Decimal,
}

impl Population {
    pub(super) fn check(&self, markets: &[Market]) -> Result<(), String> {
        if self.file.is_none() && self.accounts == 0 {
            return Err("the population is empty: set `accounts` or `file`".to_owned());
        }
        if self.accounts > 10_000_000 {
            return Err(format!(
                "{} accounts are more than 10,000,000",
                self.accounts
            ));
        }
        if self
            .leverage
            .iter()
            .map(|l| u64::from(l.weight))
            .sum::<u64>()
            == 0
        {
            return Err("no leverage class has a weight".to_owned());
        }
        for class in &self.leverage {
            positive("leverage", class.times)?;
        }
        for market in &self.markets {
            if !markets.iter().any(|m| m.symbol == market.symbol) {
                return Err(format!("{} is not one of the [[markets]]", market.symbol));
            }
        }
        if !self.markets.is_empty() && self.markets.iter().all(|m| m.weight == 0) {
            return Err("no market has a weight".to_owned());
        }
        positive("collateral_median", self.collateral_median)?;
        positive("collateral_min", self.collateral_min)?;
        if self.collateral_max < self.collateral_min {
            return Err(format!(
                "collateral_max {} is below collateral_min {}",
                self.collateral_max, self.collateral_min
            ));
        }
        let most_spread = Decimal::from_raw(5 * 10i128.pow(18));
        if self.collateral_spread < Decimal::default() || self.collateral_spread > most_spread {
            return Err(format!(
                "collateral_spread {} is not in 0..=5",
                self.collateral_spread
            ));
        }
        fraction("long_share", self.long_share)
    }
}

impl Liquidators {
    pub(super) fn check(&self) -> Result<(), String> {
        fraction("sees", self.sees)?;
        if self.cost < Decimal::default() {
            return Err(format!(
                "liquidators {:?}: cost {} is negative",
                self.name, self.cost
            ));
        }
        Ok(())
    }
}

impl Makers {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.per_product == 0 || self.per_product > 100_000 {
            return Err(format!(
                "makers.per_product {} is not in 1..=100000",
                self.per_product
            ));
        }
        positive("makers.cover", self.cover)?;
        positive("makers.leverage", self.leverage)
    }
}

impl TopUps {
    pub(super) fn check(&self) -> Result<(), String> {
        fraction("top_ups.share", self.share)?;
        fraction("top_ups.within", self.within)?;
        positive("top_ups.adds", self.adds)?;
        if self.every.millis() == 0 {
            return Err("top_ups.every is zero".to_owned());
        }
        Ok(())
    }
}

fn positive(name: &str, value: Decimal) -> Result<(), String> {
    if value > Decimal::default() {
        return Ok(());
    }
    Err(format!("{name} {value} is not positive"))
}

fn fraction(name: &str, value: Decimal) -> Result<(), String> {
    if value >= Decimal::default() && value <= all() {
        return Ok(());
    }
    Err(format!("{name} {value} is not in 0..=1"))
}

fn default_leverage() -> Vec<WeightedLeverage> {
    [(2, 20), (3, 20), (5, 25), (10, 25), (20, 10)]
        .map(|(times, weight)| WeightedLeverage {
            times: whole(times),
            weight,
        })
        .to_vec()
}

const fn whole(units: i128) -> Decimal {
    Decimal::from_raw(units * 10i128.pow(18))
}

const fn all() -> Decimal {
    whole(1)
}

const fn two() -> Decimal {
    whole(2)
}

const fn fifty() -> Decimal {
    whole(50)
}

const fn thousand() -> Decimal {
    whole(1_000)
}

const fn million() -> Decimal {
    whole(1_000_000)
}

const fn spread() -> Decimal {
    Decimal::from_raw(12 * 10i128.pow(17))
}

const fn six_tenths() -> Decimal {
    Decimal::from_raw(6 * 10i128.pow(17))
}

const fn one_and_a_half() -> Decimal {
    Decimal::from_raw(15 * 10i128.pow(17))
}

const fn half_day() -> Span {
    Span(plimsoll_units::Duration(12 * 3_600_000))
}

const fn three() -> u32 {
    3
}
