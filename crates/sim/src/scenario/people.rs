//! Who takes part: traders, makers, liquidity providers, liquidators.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::decimal::whole;
use super::{Decimal, Market, Span, When, bounds};

/// The most accounts of a population.
pub(crate) const ACCOUNTS_MAX: u32 = 10_000_000;
/// The most of any leverage or multiple.
pub(crate) const LEVERAGE_MAX: i128 = 10_000;

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
    /// Accounts like those of a day, in size, leverage, side and number of markets: what the keys
    /// below say of these counts for nothing then, but for the least and most collateral. (Kuma)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<Like>,
    /// A directory with the files of that day, to fit `like` to instead of the bundled tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like_files: Option<PathBuf>,
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

/// A day whose accounts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Like {
    /// 10 October 2025; see `assets/crowd-2025-10-10.toml`.
    #[serde(rename = "2025-10-10")]
    October2025,
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
    /// GammaSwap only: their capital, and what batches cost them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loans: Option<super::BatchHabits>,
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
    /// They look this often, where the price has moved by a quarter of a percent since.
    pub every: Span,
    /// They act when the price is within this share of the liquidation price, 0 to 1.
    pub within: Decimal,
    /// They add this share of their first collateral, once.
    pub adds: Decimal,
}

impl Default for Population {
    /// A population with every default, of nobody.
    fn default() -> Self {
        Self {
            accounts: 0,
            file: None,
            like: None,
            like_files: None,
            leverage: default_leverage(),
            markets: Vec::new(),
            collateral_median: thousand(),
            collateral_spread: spread(),
            collateral_min: fifty(),
            collateral_max: million(),
            long_share: six_tenths(),
            arrive_from: None,
            arrive_over: half_day(),
        }
    }
}

impl Population {
    pub(super) fn check(&self, markets: &[Market]) -> Result<(), String> {
        if self.file.is_none() && self.accounts == 0 {
            return Err("the population is empty: set `accounts` or `file`".to_owned());
        }
        if self.accounts > ACCOUNTS_MAX {
            return Err(format!(
                "accounts {} is above {ACCOUNTS_MAX}",
                self.accounts
            ));
        }
        if self.like_files.is_some() && self.like.is_none() {
            return Err("like_files without `like`".to_owned());
        }
        self.check_leverage()?;
        self.check_markets(markets)?;
        bounds::money("collateral_median", self.collateral_median)?;
        bounds::money("collateral_min", self.collateral_min)?;
        bounds::money("collateral_max", self.collateral_max)?;
        if self.collateral_max < self.collateral_min {
            return Err(format!(
                "collateral_max {} is below collateral_min {}",
                self.collateral_max, self.collateral_min
            ));
        }
        if self.collateral_spread < Decimal::default() || self.collateral_spread > whole(5) {
            return Err(format!(
                "collateral_spread {} is not in 0..=5",
                self.collateral_spread
            ));
        }
        bounds::chance("long_share", self.long_share)
    }

    fn check_leverage(&self) -> Result<(), String> {
        if self.leverage.iter().all(|class| class.weight == 0) {
            return Err("no leverage class has a weight".to_owned());
        }
        for class in &self.leverage {
            bounds::positive("leverage", class.times)?;
            bounds::grid("leverage", class.times, 2)?;
            bounds::at_most("leverage", class.times, whole(LEVERAGE_MAX))?;
        }
        Ok(())
    }

    fn check_markets(&self, markets: &[Market]) -> Result<(), String> {
        for (at, market) in self.markets.iter().enumerate() {
            if !markets.iter().any(|m| m.symbol == market.symbol) {
                return Err(format!("{} is not one of the [[markets]]", market.symbol));
            }
            if self.markets[..at].iter().any(|m| m.symbol == market.symbol) {
                return Err(format!("{} has two weights", market.symbol));
            }
        }
        if !self.markets.is_empty() && self.markets.iter().all(|m| m.weight == 0) {
            return Err("no market has a weight".to_owned());
        }
        Ok(())
    }
}

impl Liquidators {
    pub(super) fn check(&self) -> Result<(), String> {
        self.cheap_and_seeing()
            .map_err(|why| format!("liquidators {:?}: {why}", self.name))
    }

    fn cheap_and_seeing(&self) -> Result<(), String> {
        bounds::chance("sees", self.sees)?;
        bounds::not_negative("cost", self.cost)?;
        bounds::grid("cost", self.cost, 6)
    }
}

impl LiquidityProvider {
    pub(super) fn check(&self) -> Result<(), String> {
        bounds::money("liquidity.deposit", self.deposit)?;
        match (self.at, self.withdraws_at) {
            (Some(at), Some(leaves)) if leaves <= at => Err(format!(
                "liquidity.withdraws_at {} is not after liquidity.at {}",
                leaves.0, at.0
            )),
            _ => Ok(()),
        }
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
        for (name, value) in [
            ("makers.cover", self.cover),
            ("makers.leverage", self.leverage),
        ] {
            bounds::positive(name, value)?;
            bounds::at_most(name, value, whole(LEVERAGE_MAX))?;
        }
        Ok(())
    }
}

impl TopUps {
    pub(super) fn check(&self) -> Result<(), String> {
        bounds::chance("top_ups.share", self.share)?;
        bounds::fraction("top_ups.within", self.within)?;
        bounds::positive("top_ups.adds", self.adds)?;
        bounds::at_most("top_ups.adds", self.adds, whole(LEVERAGE_MAX))?;
        if self.every.millis() < 1_000 {
            return Err("top_ups.every is below a second".to_owned());
        }
        Ok(())
    }
}

fn default_leverage() -> Vec<WeightedLeverage> {
    [(2, 20), (3, 20), (5, 25), (10, 25), (20, 10)]
        .map(|(times, weight)| WeightedLeverage {
            times: whole(times),
            weight,
        })
        .to_vec()
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
