//! The pool of a vector: its rules from the file's constants, its state from the vector's own.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{
    Assets, Config as VenueParams, Generation, LoanState, Params, RateModel, State, Storage, Wallet,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Config, Engine};
use plimsoll_units::AssetId;
use serde_json::Value;

use super::super::compare::{Mismatch, expect, field, parse, scalar};
use super::state::Printed;
use super::{BORROWER, Check, LIQUIDATOR, VENUE, both, list, object, remarked, unknown};

/// The rules a vector was recorded under.
pub(super) struct Pool {
    pub(super) params: Params,
}

impl Pool {
    pub(super) fn new(
        generation: Generation,
        header: &Value,
        before: &Value,
    ) -> Result<Self, Mismatch> {
        let constants = field(header, constants_name(generation))?;
        let base = match generation {
            Generation::A => Params::page(),
            Generation::B => Params::v1_2(),
        };
        let threshold: u16 = parse(before, "ltvThreshold")?;
        let ltv_bps = match generation {
            Generation::A => threshold,
            Generation::B => threshold
                .checked_mul(10)
                .and_then(|below| 10_000u16.checked_sub(below))
                .ok_or_else(|| {
                    Mismatch::unusable(format!("ltvThreshold {threshold} is above 1000"))
                })?,
        };
        let of = |name| parse::<u128>(constants, name);
        let mut params = Params {
            generation,
            ltv_bps,
            borrow_ltv_bps: ltv_bps,
            liquidation_fee_bps: parse(before, "liquidationFee")?,
            origination_fee_bps: 0,
            max_total_apy: of("maxTotalApy")?,
            blocks_per_year: parse(constants, "blocksPerYear")?,
            protocol_fee_e5: remarked(constants, "protocolFee")?,
            trading_fee: (
                parse(constants, "tradingFee1")?,
                parse(constants, "tradingFee2")?,
            ),
            ..base
        };
        match generation {
            Generation::A => {
                params.min_borrow = of("minBorrow")?;
                params.origination_fee_bps = parse(constants, "origFee_bps")?;
                params.rate = RateModel::LogDerivative {
                    base: of("baseRate")?,
                    factor: of("factor")?,
                    max_apy: of("maxApy")?,
                };
            }
            Generation::B => {
                params.min_borrow = parse(before, "minBorrow")?;
                params.ema_multiplier = parse(constants, "emaMultiplier")?;
                params.decimals = [parse(before, "decimals0")?, parse(before, "decimals1")?];
                params.rate = RateModel::LinearKinked {
                    base: of("baseRate")?,
                    optimal: of("optimalUtilRate")?,
                    slope_1: of("slope1")?,
                    slope_2: of("slope2")?,
                };
            }
        }
        known_constants(generation, constants)?;
        Ok(Self { params })
    }

    pub(super) fn state(&self, of: &Value) -> Result<State, Mismatch> {
        let loans = list(of, "loans")?;
        let ema_util_rate = match self.params.generation {
            Generation::A => 0,
            Generation::B => parse(of, "emaUtilRate")?,
        };
        Ok(State {
            block: parse(of, "block")?,
            storage: Storage {
                last_block: parse(of, "LAST_BLOCK_NUMBER")?,
                borrowed_invariant: parse(of, "BORROWED_INVARIANT")?,
                lp_invariant: parse(of, "LP_INVARIANT")?,
                lp_token_balance: parse(of, "LP_TOKEN_BALANCE")?,
                lp_token_borrowed: parse(of, "LP_TOKEN_BORROWED")?,
                lp_token_borrowed_plus_interest: parse(of, "LP_TOKEN_BORROWED_PLUS_INTEREST")?,
                acc_fee_index: parse(of, "accFeeIndex")?,
                last_cfmm_fee_index: parse(of, "lastCFMMFeeIndex")?,
                last_cfmm_invariant: parse(of, "lastCFMMInvariant")?,
                last_cfmm_total_supply: parse(of, "lastCFMMTotalSupply")?,
                cfmm_reserves: both(of, "CFMM_RESERVES")?,
                token_balance: both(of, "TOKEN_BALANCE")?,
                ema_util_rate,
                share_supply: parse(of, "gsTotalSupply")?,
            },
            reserves: both(of, "liveReserve")?,
            supply: parse(of, "liveTotalSupply")?,
            pool_tokens: both(of, "poolTok")?,
            pool_lp: parse(of, "poolLP")?,
            wallets: vec![Wallet {
                account: LIQUIDATOR,
                tokens: both(of, "liqTok")?,
                lp: parse(of, "liqLP")?,
                shares: 0,
            }],
            loans: loans.iter().map(loan_state).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn engine(&self, state: &State) -> Result<Engine, Mismatch> {
        let asset = |symbol: &str, decimals: u8| Asset {
            symbol: symbol.to_owned(),
            decimals: decimals.into(),
        };
        let [d0, d1] = self.params.decimals;
        let config = Config {
            assets: vec![
                asset("TOKEN0", d0),
                asset("TOKEN1", d1),
                asset("LP", 18),
                asset("GS-LP", 18),
            ],
            venues: vec![VenueConfig::GammaSwap(Box::new(VenueParams {
                params: self.params.clone(),
                genesis: Some(state.clone()),
                ..VenueParams::gammaswap(Assets {
                    tokens: [AssetId(0), AssetId(1)],
                    lp: AssetId(2),
                    shares: AssetId(3),
                })
            }))],
        };
        Engine::new(&config).map_err(|why| Mismatch::refused("the state before", why))
    }

    /// The whole state as a vector writes it.
    pub(super) fn print(&self, engine: &Engine) -> Result<Printed, Mismatch> {
        let Some(Venue::GammaSwap(venue)) = engine.venue(VENUE) else {
            return Err(Mismatch::unusable("the engine has no GammaSwap venue"));
        };
        Ok(Printed::new(venue, engine, &self.params))
    }
}

const fn constants_name(generation: Generation) -> &'static str {
    match generation {
        Generation::A => "constants_A",
        Generation::B => "constants_B",
    }
}

/// Every constant of the file is one that was read, or states what is built in.
fn known_constants(generation: Generation, constants: &Value) -> Check {
    for (name, value) in object(constants)? {
        match (generation, name.as_str()) {
            (_, "baseRate" | "maxTotalApy" | "blocksPerYear" | "tradingFee1" | "tradingFee2")
            | (_, "protocolFee" | "ltvThreshold_field")
            | (Generation::A, "factor" | "maxApy" | "minBorrow" | "origFee_bps")
            | (Generation::B, "optimalUtilRate" | "slope1" | "slope2" | "emaMultiplier") => {}
            // The dust a settlement may keep.
            (Generation::B, "minPay") => expect("minPay", 1000, scalar(value)?)?,
            _ => return Err(unknown(name).within(constants_name(generation))),
        }
    }
    Ok(())
}

fn loan_state(loan: &Value) -> Result<LoanState, Mismatch> {
    Ok(LoanState {
        owner: BORROWER,
        threshold_bps: 0,
        liquidity: parse(loan, "liquidity")?,
        init_liquidity: parse(loan, "initLiquidity")?,
        lp_tokens: parse(loan, "lpTokens")?,
        rate_index: parse(loan, "rateIndex")?,
        held: both(loan, "tokensHeld")?,
    })
}
