//! The venues' parameters as a scenario writes them, and the engine's as they come out.
//!
//! Fractions and money are plain decimals (`"0.05"`, `"1000"`); the defaults are the presets of
//! the venues' own pages and contracts.

use plimsoll_engine::Config;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::limits::open_interest::Sharing;
use plimsoll_engine::margin::isolated::Boundary;
use plimsoll_engine::venues::perennial::{self, Curve, Payoff, ProductParams, Protocol};
use plimsoll_engine::venues::tsunamix::fees::{EntryRule, FundingParams};
use plimsoll_engine::venues::tsunamix::{self, Bounty, Check, MarketParams, Rules, Sides};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_units::{Amount, AssetId, Price, Quantity, Rate};
use serde::{Deserialize, Serialize};

use super::decimal::millionths;
use super::{Decimal, bounds};

/// Adds an asset to an engine's parameters.
fn add_asset(config: &mut Config, symbol: &str, decimals: u32) -> AssetId {
    let id = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
    config.assets.push(Asset {
        symbol: symbol.to_owned(),
        decimals,
    });
    id
}

fn rate(decimal: Decimal) -> Rate<18> {
    Rate::from_raw(decimal.raw())
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
    /// Names what is negative; the other bounds are the engine's own.
    pub(crate) fn check(&self) -> Result<(), String> {
        [
            ("maintenance", self.maintenance),
            ("margin", self.margin),
            ("liquidation_fee", self.liquidation_fee),
            ("min_collateral", self.min_collateral),
            ("protocol_fee", self.protocol_fee),
            ("funding_fee", self.funding_fee),
            ("maker_fee", self.maker_fee),
            ("taker_fee", self.taker_fee),
            ("position_fee", self.position_fee),
            ("maker_limit", self.maker_limit),
            ("min_rate", self.min_rate),
            ("max_rate", self.max_rate),
            ("target_rate", self.target_rate),
            ("target_utilization", self.target_utilization),
        ]
        .into_iter()
        .try_for_each(|(name, value)| bounds::not_negative(name, value))
    }

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
        let products = (0..markets)
            .flat_map(|_| [product(Payoff::Long), product(Payoff::Short)])
            .collect();
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

/// Which integers decide a liquidation on a TsunamiX venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TsunamixRule {
    /// The documented rule; reaching the bound exactly liquidates, as deployed.
    #[default]
    Documented,
    /// The documented rule as printed: the bound must be passed.
    DocumentedStrict,
    /// The deployed contract's integers, without the closing fee.
    Deployed,
}

/// Parameters of a TsunamiX V2 venue; every market has the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TsunamixParameters {
    /// Which integers decide a liquidation.
    pub rule: TsunamixRule,
    /// Share of the collateral that may be lost, 0.80 to 1.00.
    pub threshold: Decimal,
    /// Largest size over collateral.
    pub max_leverage: Decimal,
    /// Fee on opening, increasing, decreasing and closing, as a share of the size.
    pub trading_fee: Decimal,
    /// The vault's share of trading fees; the rest is the protocol's.
    pub vault_fee_share: Decimal,
    /// Borrowing fee per hour, as a share of the size.
    pub borrowing_per_hour: Decimal,
    /// Largest funding rate per hour, either way.
    pub funding_max_per_hour: Decimal,
    /// Slippage factor on 1e5 of the utilisation; 0 executes at the oracle price.
    pub slippage_factor: u32,
    /// Share of a liquidated collateral for whoever registers it first.
    pub first_caller_bounty: Decimal,
    /// Share of a liquidated collateral for whoever carries it out.
    pub resolver_bounty: Decimal,
    /// The most one trade may win, as a share of the vault.
    pub max_profit: Decimal,
    /// Open interest allowed per unit of vault money (kappa).
    pub open_interest_per_tvl: Decimal,
    /// Part of the open-interest budget shared out by weight (lambda).
    pub open_interest_by_weight: Decimal,
    /// How far the trend of demand is carried on (beta).
    pub open_interest_trend: Decimal,
    /// Least collateral of a position, whole units.
    pub min_collateral: Decimal,
}

impl Default for TsunamixParameters {
    /// The venue's page and the deployed defaults.
    fn default() -> Self {
        Self {
            rule: TsunamixRule::default(),
            threshold: millionths(990_000),
            max_leverage: millionths(20_000_000),
            trading_fee: millionths(1_000),
            vault_fee_share: millionths(500_000),
            borrowing_per_hour: millionths(100),
            funding_max_per_hour: millionths(10_000),
            slippage_factor: 0,
            first_caller_bounty: millionths(20_000),
            resolver_bounty: millionths(80_000),
            max_profit: millionths(10_000),
            open_interest_per_tvl: millionths(1_000_000),
            open_interest_by_weight: millionths(200_000),
            open_interest_trend: millionths(500_000),
            min_collateral: millionths(5_000_000),
        }
    }
}

impl TsunamixParameters {
    /// Names what the engine's integers cannot say; the other bounds are the engine's own.
    pub(crate) fn check(&self) -> Result<(), String> {
        [
            ("threshold", self.threshold, 6),
            ("max_leverage", self.max_leverage, 0),
            ("trading_fee", self.trading_fee, 5),
            ("vault_fee_share", self.vault_fee_share, 5),
            ("borrowing_per_hour", self.borrowing_per_hour, 6),
            ("funding_max_per_hour", self.funding_max_per_hour, 15),
            ("first_caller_bounty", self.first_caller_bounty, 5),
            ("resolver_bounty", self.resolver_bounty, 5),
            ("max_profit", self.max_profit, 5),
            ("open_interest_per_tvl", self.open_interest_per_tvl, 4),
            ("open_interest_by_weight", self.open_interest_by_weight, 4),
            ("open_interest_trend", self.open_interest_trend, 4),
        ]
        .into_iter()
        .try_for_each(|(name, value, decimals)| {
            bounds::not_negative(name, value)?;
            bounds::grid(name, value, decimals)?;
            bounds::at_most(name, value, millionths(PARAMETER_MAX * 1_000_000))
        })?;
        bounds::not_negative("min_collateral", self.min_collateral)?;
        bounds::grid("min_collateral", self.min_collateral, 6)
    }

    /// The engine's parameters, market by market in the scenario's order.
    pub(crate) fn config(
        &self,
        config: &mut Config,
        symbols: &[String],
        execution: Execution,
    ) -> VenueConfig {
        let money = add_asset(config, "TUSD", 6);
        let shares = add_asset(config, "TLP", 6);
        let e5 = |decimal: Decimal| small(decimal.on_grid::<5>());
        let bps = |decimal: Decimal| small(decimal.on_grid::<4>());
        let check = match self.rule {
            TsunamixRule::Documented => Check::Documented(Boundary::Inclusive),
            TsunamixRule::DocumentedStrict => Check::Documented(Boundary::Strict),
            TsunamixRule::Deployed => Check::Deployed,
        };
        let rules = Rules {
            check,
            bounty: Bounty {
                first_caller_e5: e5(self.first_caller_bounty),
                resolver_e5: e5(self.resolver_bounty),
            },
            sharing: Sharing {
                kappa_bps: bps(self.open_interest_per_tvl),
                lambda_bps: bps(self.open_interest_by_weight),
                beta_bps: bps(self.open_interest_trend),
            },
            profit_pct_e5: e5(self.max_profit),
            vault_fee_share_e5: e5(self.vault_fee_share),
            entry: EntryRule::Conserving,
            min_collateral: Amount::from_raw(self.min_collateral.on_grid::<6>()),
            ..Rules::tsunamix()
        };
        let max_rate = self.funding_max_per_hour.on_grid::<15>();
        let market = |symbol: &String| MarketParams {
            threshold: Rate::from_raw(self.threshold.on_grid::<6>()),
            max_leverage: small(self.max_leverage.on_grid::<0>()),
            trading_fee_e5: e5(self.trading_fee),
            borrow_rate_e6: Sides::both(small(self.borrowing_per_hour.on_grid::<6>())),
            funding: FundingParams {
                max_rate_e15: i64::try_from(max_rate).unwrap_or(i64::MAX),
                ..FundingParams::default()
            },
            slippage_factor: self.slippage_factor,
            ..MarketParams::new(symbol.clone(), TICK)
        };
        let markets = symbols.iter().map(market).collect();
        VenueConfig::TsunamiX(tsunamix::Config {
            money,
            shares,
            execution,
            rules,
            markets,
        })
    }
}

/// More than any parameter may be; what is larger would not fit the engine's integers.
const PARAMETER_MAX: i128 = 1_000_000;

/// The step of displayed prices: 1e-12, fine enough for every coin.
const TICK: Price<18> = Price::from_raw(1_000_000);

/// A parameter of the engine; what does not fit is refused by the engine's own bounds.
fn small(value: i128) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}
