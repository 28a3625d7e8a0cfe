//! What a GammaSwap scenario has beside the others: the pool, the rules of the lending pool, the
//! borrowers' habits.
//!
//! The scenario's `[prices]` are then a pool's history instead of klines, and its one market is
//! the pool's token that is not the quote. Fractions and money are plain decimals; money is in
//! whole quote tokens.

use plimsoll_engine::Config;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{
    self, Assets, Generation, LoanState, Params, RateModel, State, Storage, invariant,
};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_units::AssetId;
use serde::{Deserialize, Serialize};

use super::decimal::millionths;
use super::{Decimal, Span, bounds};
use crate::pools::{LP_DECIMALS, PoolState, Token};

/// The pair of a scenario, and how its history is walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// The pair's tokens, in the order of the history's reserves.
    #[serde(default = "usdc_weth")]
    pub tokens: Vec<PoolToken>,
    /// The token that values are given in.
    #[serde(default = "usdc")]
    pub quote: String,
    /// Steps a day between two recorded states. The pool caps what the pair's growth may charge
    /// per block: growth that comes in few large steps is charged less of than it would be.
    #[serde(default = "hourly")]
    pub steps_per_day: u32,
    /// Deviation of the price over a day of the random bridge between states that are more than
    /// a day apart, as a share. Daily histories have none.
    #[serde(default = "two_percent")]
    pub noise_per_day: Decimal,
    /// The block of the first state.
    #[serde(default = "first_block_of_2021")]
    pub first_block: u64,
    /// Blocks a day.
    #[serde(default = "blocks_of_2021")]
    pub blocks_per_day: u64,
}

/// A token of the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolToken {
    /// Its symbol.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
}

fn usdc_weth() -> Vec<PoolToken> {
    Token::usdc_weth()
        .map(|Token { symbol, decimals }| PoolToken { symbol, decimals })
        .to_vec()
}

fn usdc() -> String {
    "USDC".to_owned()
}

const fn hourly() -> u32 {
    24
}

const fn two_percent() -> Decimal {
    millionths(20_000)
}

/// 1 January 2021, 00:00 UTC.
const fn first_block_of_2021() -> u64 {
    11_565_019
}

const fn blocks_of_2021() -> u64 {
    6_500
}

impl Default for Pool {
    /// The pair of the bundled history.
    fn default() -> Self {
        Self {
            tokens: usdc_weth(),
            quote: usdc(),
            steps_per_day: hourly(),
            noise_per_day: two_percent(),
            first_block: first_block_of_2021(),
            blocks_per_day: blocks_of_2021(),
        }
    }
}

impl Pool {
    /// The tokens, when there are two.
    #[must_use]
    pub fn pair(&self) -> Option<[Token; 2]> {
        let token = |t: &PoolToken| Token {
            symbol: t.symbol.clone(),
            decimals: t.decimals,
        };
        match self.tokens.as_slice() {
            [a, b] => Some([token(a), token(b)]),
            _ => None,
        }
    }

    /// Which token is the quote.
    #[must_use]
    pub fn quote_index(&self) -> Option<usize> {
        self.tokens.iter().position(|t| t.symbol == self.quote)
    }

    pub(super) fn check(&self, market: &str) -> Result<(), String> {
        let [a, b] = self.tokens.as_slice() else {
            return Err(format!(
                "pool.tokens has {} tokens, a pair has two",
                self.tokens.len()
            ));
        };
        if a.symbol == b.symbol {
            return Err(format!("both of pool.tokens are called {}", a.symbol));
        }
        for token in [a, b] {
            if token.decimals == 0 || token.decimals > 18 {
                return Err(format!(
                    "{} has {} decimals, not 1 to 18",
                    token.symbol, token.decimals
                ));
            }
        }
        let Some(quote) = self.quote_index() else {
            return Err(format!("pool.quote {:?} is not of the pool", self.quote));
        };
        let base = &self.tokens[quote ^ 1].symbol;
        if market != base {
            return Err(format!(
                "the market of a pool is its token that is not the quote: {base}, not {market}"
            ));
        }
        if self.steps_per_day == 0 || self.steps_per_day > 1_440 {
            return Err(format!(
                "pool.steps_per_day {} is not in 1..=1440",
                self.steps_per_day
            ));
        }
        if self.noise_per_day < Decimal::default() || self.noise_per_day > millionths(500_000) {
            return Err(format!(
                "pool.noise_per_day {} is not in 0..=0.5",
                self.noise_per_day
            ));
        }
        if self.blocks_per_day == 0 || self.blocks_per_day > 1_000_000 {
            return Err(format!(
                "pool.blocks_per_day {} is not in 1..=1000000",
                self.blocks_per_day
            ));
        }
        if self.first_block > 1 << 39 {
            return Err(format!(
                "pool.first_block {} is too large",
                self.first_block
            ));
        }
        Ok(())
    }
}

/// Parameters of a GammaSwap venue; the preset's own where left out. Rates are per year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GammaswapParameters {
    /// A loan is liquidatable when its debt is above this share of its collateral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Decimal>,
    /// The share that borrowing must stay within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub borrow_threshold: Option<Decimal>,
    /// The liquidator's fee: a share of the collateral (`gammaswap`) or the debt (`-v1.2`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liquidation_fee: Option<Decimal>,
    /// The fee on borrowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origination_fee: Option<Decimal>,
    /// The borrow rate near zero utilisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_rate: Option<Decimal>,
    /// `gammaswap`: how steeply the rate grows with utilisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Decimal>,
    /// `gammaswap`: the most the rate can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<Decimal>,
    /// `gammaswap-v1.2`: the utilisation where the second slope begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimal_utilisation: Option<Decimal>,
    /// `gammaswap-v1.2`: what the rate has grown by there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope_1: Option<Decimal>,
    /// `gammaswap-v1.2`: what it grows by from there to full utilisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope_2: Option<Decimal>,
    /// The protocol's share of interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_fee: Option<Decimal>,
}

/// The most a yearly rate may be; what is larger would not fit the contract's integers.
const RATE_MAX: Decimal = millionths(1_000_000 * 1_000_000);

impl GammaswapParameters {
    /// Names what the engine's integers cannot say; the other bounds are the engine's own.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value, decimals) in [
            ("threshold", self.threshold, 4),
            ("borrow_threshold", self.borrow_threshold, 4),
            ("liquidation_fee", self.liquidation_fee, 4),
            ("origination_fee", self.origination_fee, 4),
            ("protocol_fee", self.protocol_fee, 5),
            ("optimal_utilisation", self.optimal_utilisation, 18),
        ] {
            let Some(value) = value else { continue };
            bounds::fraction(name, value)?;
            bounds::grid(name, value, decimals)?;
        }
        for (name, value) in [
            ("base_rate", self.base_rate),
            ("factor", self.factor),
            ("max_rate", self.max_rate),
            ("slope_1", self.slope_1),
            ("slope_2", self.slope_2),
        ] {
            let Some(value) = value else { continue };
            bounds::not_negative(name, value)?;
            bounds::at_most(name, value, RATE_MAX)?;
        }
        Ok(())
    }

    /// The rules: generation, then what the scenario says, on the scenario's blocks.
    fn params(&self, generation: Generation, pool: &Pool, tokens: &[Token; 2]) -> Params {
        let base = match generation {
            Generation::A => Params::page(),
            Generation::B => Params::v1_2(),
        };
        let bps = |given: Option<Decimal>, default: u16| {
            given.map_or(default, |d| {
                u16::try_from(d.on_grid::<4>().max(0)).unwrap_or(u16::MAX)
            })
        };
        let rate = |given: Option<Decimal>, default: u128| {
            given.map_or(default, |d| u128::try_from(d.raw()).unwrap_or(u128::MAX))
        };
        let ltv_bps = bps(self.threshold, base.ltv_bps);
        let model = match base.rate {
            RateModel::LogDerivative {
                base,
                factor,
                max_apy,
            } => RateModel::LogDerivative {
                base: rate(self.base_rate, base),
                factor: rate(self.factor, factor),
                max_apy: rate(self.max_rate, max_apy),
            },
            RateModel::LinearKinked {
                base,
                optimal,
                slope_1,
                slope_2,
            } => RateModel::LinearKinked {
                base: rate(self.base_rate, base),
                optimal: rate(self.optimal_utilisation, optimal),
                slope_1: rate(self.slope_1, slope_1),
                slope_2: rate(self.slope_2, slope_2),
            },
        };
        Params {
            ltv_bps,
            borrow_ltv_bps: bps(self.borrow_threshold, ltv_bps),
            liquidation_fee_bps: bps(self.liquidation_fee, base.liquidation_fee_bps),
            origination_fee_bps: bps(self.origination_fee, base.origination_fee_bps),
            protocol_fee_e5: self.protocol_fee.map_or(base.protocol_fee_e5, |d| {
                u32::try_from(d.on_grid::<5>().max(0)).unwrap_or(u32::MAX)
            }),
            rate: model,
            blocks_per_year: pool.blocks_per_day.saturating_mul(365),
            decimals: [tokens[0].decimals, tokens[1].decimals],
            ..base
        }
    }

    /// The engine's parameters; the pair begins as `first` has it.
    pub(crate) fn config(
        &self,
        config: &mut Config,
        generation: Generation,
        (pool, first): (&Pool, Option<&PoolState>),
        execution: Execution,
    ) -> VenueConfig {
        let mut add = |symbol: &str, decimals: u8| {
            let id = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
            config.assets.push(Asset {
                symbol: symbol.to_owned(),
                decimals: decimals.into(),
            });
            id
        };
        let tokens = pool.pair().unwrap_or_else(Token::usdc_weth);
        let [t0, t1] = &tokens;
        let assets = Assets {
            tokens: [add(&t0.symbol, t0.decimals), add(&t1.symbol, t1.decimals)],
            lp: add(&format!("{}/{} LP", t0.symbol, t1.symbol), LP_DECIMALS),
            shares: add("GS-LP", LP_DECIMALS),
        };
        let base = match generation {
            Generation::A => gammaswap::Config::gammaswap(assets),
            Generation::B => gammaswap::Config::gammaswap_v1_2(assets),
        };
        let genesis = first.map(|first| {
            let block = pool.first_block;
            State {
                block,
                storage: Storage {
                    last_cfmm_invariant: invariant(first.reserves),
                    last_cfmm_total_supply: first.supply,
                    cfmm_reserves: first.reserves,
                    ..Storage::new(block)
                },
                reserves: first.reserves,
                supply: first.supply,
                loans: Vec::<LoanState>::new(),
                ..State::default()
            }
        });
        VenueConfig::GammaSwap(Box::new(gammaswap::Config {
            params: self.params(generation, pool, &tokens),
            execution,
            genesis,
            ..base
        }))
    }
}

/// What borrowers do beside opening a loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Borrowers {
    /// Share who leave their collateral in the pair's proportion when they open: they win by a
    /// large move either way. The others trade some of it for the token they expect to rise.
    pub neutral_share: Decimal,
    /// How much of the other token those trade, as a share of what the loan holds of it.
    pub tilt: Decimal,
    /// Share who look after their loan.
    pub rebalancing_share: Decimal,
    /// They look this often.
    pub rebalance_every: Span,
    /// They trade the collateral to where it covers the most debt once the debt may grow by less
    /// than this share.
    pub rebalance_within: Decimal,
    /// Share who choose a threshold of their own.
    pub cautious_share: Decimal,
    /// That threshold.
    pub cautious_threshold: Decimal,
    /// How long a loan stays open at most, from half of it to one and a half; for ever where
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stay: Option<Span>,
}

impl Default for Borrowers {
    fn default() -> Self {
        Self {
            neutral_share: millionths(500_000),
            tilt: millionths(100_000),
            rebalancing_share: millionths(300_000),
            rebalance_every: Span(plimsoll_units::Duration(7 * 86_400_000)),
            rebalance_within: millionths(30_000),
            cautious_share: millionths(100_000),
            cautious_threshold: millionths(980_000),
            stay: Some(Span(plimsoll_units::Duration(180 * 86_400_000))),
        }
    }
}

impl Borrowers {
    /// Borrowers who do nothing after they have opened, as the people of a comparison.
    pub(crate) fn passive() -> Self {
        Self {
            neutral_share: Decimal::default(),
            rebalancing_share: Decimal::default(),
            cautious_share: Decimal::default(),
            stay: None,
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("neutral_share", self.neutral_share),
            ("tilt", self.tilt),
            ("rebalancing_share", self.rebalancing_share),
            ("rebalance_within", self.rebalance_within),
            ("cautious_share", self.cautious_share),
            ("cautious_threshold", self.cautious_threshold),
        ] {
            super::bounds::fraction(&format!("borrowers.{name}"), value)?;
        }
        if self.cautious_threshold.on_grid::<4>() == 0 {
            return Err("borrowers.cautious_threshold is zero".to_owned());
        }
        if self.rebalance_every.millis() == 0 {
            return Err("borrowers.rebalance_every is zero".to_owned());
        }
        Ok(())
    }
}

/// What a liquidator of loans has beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchHabits {
    /// What each loan in a transaction costs beside the transaction, in whole quote tokens.
    #[serde(default)]
    pub cost_per_loan: Decimal,
    /// What they pay debts out of: LP tokens worth this, in whole quote tokens.
    pub capital: Decimal,
    /// Whether they take several loans in one transaction.
    #[serde(default = "yes")]
    pub batches: bool,
}

const fn yes() -> bool {
    true
}

impl BatchHabits {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.cost_per_loan < Decimal::default() {
            return Err(format!("cost_per_loan {} is negative", self.cost_per_loan));
        }
        if self.capital <= Decimal::default() {
            return Err(format!("capital {} is not positive", self.capital));
        }
        Ok(())
    }
}
