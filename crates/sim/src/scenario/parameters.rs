//! The venues' parameters as a scenario writes them, and the engine's as they come out.
//!
//! Fractions and money are plain decimals (`"0.05"`, `"1000"`); the defaults are the presets of
//! the venues' own pages and contracts.

use plimsoll_engine::Config;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::perennial::{self, Curve, Payoff, ProductParams, Protocol};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_units::{AssetId, Quantity, Rate};
use serde::{Deserialize, Serialize};

use super::Decimal;

/// Adds an asset to an engine's parameters.
fn add_asset(config: &mut Config, symbol: &str, decimals: u32) -> AssetId {
    let id = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
    config.assets.push(Asset { symbol: symbol.to_owned(), decimals });
    id
}

fn rate(decimal: Decimal) -> Rate<18> {
    Rate::from_raw(decimal.raw())
}

/// `0.000001` is one millionth.
const fn millionths(count: i128) -> Decimal {
    Decimal::from_raw(count * 10i128.pow(12))
}

/// Parameters of a Perennial V1 venue. Every market has two products, one that pays the price and
/// one that pays its negative, with the same parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerennialParameters {
    /// Maintenance requirement, as a share of the notional.
    pub maintenance: Decimal,
    /// `perennial-plus` only: what opening and withdrawing need, above maintenance.
    pub margin: Decimal,
    /// The liquidator's share of the maintenance requirement.
    pub liquidation_fee: Decimal,
    /// A balance is zero or at least this; also the least base of a reward. Whole units.
    pub min_collateral: Decimal,
    /// The protocol's share of the fees that leave a product.
    pub protocol_fee: Decimal,
    /// The share of funding that is a fee.
    pub funding_fee: Decimal,
    /// Makers' fee on what they open or close.
    pub maker_fee: Decimal,
    /// Takers' fee on what they open or close.
    pub taker_fee: Decimal,
    /// The share of those fees that leaves the product.
    pub position_fee: Decimal,
    /// The most the makers of a product may have together, in base units.
    pub maker_limit: Decimal,
    /// Yearly funding rate at no utilization.
    pub min_rate: Decimal,
    /// Yearly funding rate at full utilization.
    pub max_rate: Decimal,
    /// Yearly funding rate at the target utilization.
    pub target_rate: Decimal,
    /// The target utilization.
    pub target_utilization: Decimal,
    /// Our correction: the reward's cap is read after the close fee. Off in `perennial`.
    pub close_fee_before_reward: Option<bool>,
    /// Our correction: openings need a margin above maintenance. Off in `perennial`.
    pub margin_above_maintenance: Option<bool>,
    /// Our correction: the reward is paid when the liquidation settles. Off in `perennial`.
    pub reward_at_settlement: Option<bool>,
    /// What the page promises: close just enough. Off in `perennial`.
    pub partial_liquidation: Option<bool>,
}

impl Default for PerennialParameters {
    /// The deployed Arbitrum parameters (liquidation fee 5 %, minimum 10, maintenance 5 %), with
    /// the fees of its long-ETH product.
    fn default() -> Self {
        Self {
            maintenance: millionths(50_000),
            margin: millionths(60_000),
            liquidation_fee: millionths(50_000),
            min_collateral: millionths(10_000_000),
            protocol_fee: millionths(0),
            funding_fee: millionths(100_000),
            maker_fee: millionths(0),
            taker_fee: millionths(1_000),
            position_fee: millionths(500_000),
            maker_limit: millionths(1_000_000_000_000_000),
            min_rate: millionths(40_000),
            max_rate: millionths(1_000_000),
            target_rate: millionths(120_000),
            target_utilization: millionths(800_000),
            close_fee_before_reward: None,
            margin_above_maintenance: None,
            reward_at_settlement: None,
            partial_liquidation: None,
        }
    }
}

impl PerennialParameters {
    /// The engine's parameters: product `2 * market` pays the price, `2 * market + 1` its
    /// negative.
    pub(crate) fn config(
        &self,
        config: &mut Config,
        markets: usize,
        plus: bool,
        execution: Execution,
    ) -> VenueConfig {
        let asset = add_asset(config, "DSU", 18);
        let flags = perennial::Flags {
            close_fee_before_reward: self.close_fee_before_reward.unwrap_or(plus),
            margin_above_maintenance: self.margin_above_maintenance.unwrap_or(plus),
            reward_at_settlement: self.reward_at_settlement.unwrap_or(plus),
            partial_liquidation: self.partial_liquidation.unwrap_or(plus),
        };
        let product = |payoff| ProductParams {
            payoff,
            maintenance: rate(self.maintenance),
            margin: flags.margin_above_maintenance.then(|| rate(self.margin)),
            funding_fee: rate(self.funding_fee),
            maker_fee: rate(self.maker_fee),
            taker_fee: rate(self.taker_fee),
            position_fee: rate(self.position_fee),
            maker_limit: Quantity::from_raw(self.maker_limit.raw()),
            curve: Curve {
                min_rate: rate(self.min_rate),
                max_rate: rate(self.max_rate),
                target_rate: rate(self.target_rate),
                target_utilization: rate(self.target_utilization),
            },
        };
        let products =
            (0..markets).flat_map(|_| [product(Payoff::Long), product(Payoff::Short)]).collect();
        let base = perennial::Config::perennial(asset, products);
        VenueConfig::Perennial(perennial::Config {
            protocol: Protocol {
                protocol_fee: rate(self.protocol_fee),
                liquidation_fee: rate(self.liquidation_fee),
                min_collateral: plimsoll_units::Amount::from_raw(self.min_collateral.raw()),
                ..Protocol::default()
            },
            flags,
            execution,
            ..base
        })
    }
}
