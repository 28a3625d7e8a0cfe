//! The state field by field in the vectors' names, and comparing it.

use plimsoll_engine::Engine;
use plimsoll_engine::venues::gammaswap::{GammaSwap, Generation, LoanState, Params, State};
use serde_json::Value;

use super::super::compare::{Mismatch, expect, field, parse, scalar};
use super::pool::Pool;
use super::{Check, LIQUIDATOR, list, object, unknown};

/// The state field by field, in the vectors' names; loans apart.
pub(super) struct Printed {
    fields: Vec<(&'static str, u128)>,
    loans: Vec<Vec<(&'static str, u128)>>,
}

impl Printed {
    pub(super) fn new(venue: &GammaSwap, engine: &Engine, params: &Params) -> Self {
        let State {
            block,
            storage: s,
            reserves,
            supply,
            pool_tokens,
            pool_lp,
            loans,
            ..
        } = venue.state(engine.ledger());
        let liquidator = venue.wallet_state(engine.ledger(), LIQUIDATOR);
        let threshold = match params.generation {
            Generation::A => params.ltv_bps,
            Generation::B => 10_000u16.saturating_sub(params.ltv_bps) / 10,
        };
        let mut fields = vec![
            ("LAST_BLOCK_NUMBER", s.last_block.into()),
            ("BORROWED_INVARIANT", s.borrowed_invariant),
            ("LP_INVARIANT", s.lp_invariant),
            ("LP_TOKEN_BALANCE", s.lp_token_balance),
            ("LP_TOKEN_BORROWED", s.lp_token_borrowed),
            (
                "LP_TOKEN_BORROWED_PLUS_INTEREST",
                s.lp_token_borrowed_plus_interest,
            ),
            ("accFeeIndex", s.acc_fee_index),
            ("lastCFMMFeeIndex", s.last_cfmm_fee_index),
            ("lastCFMMInvariant", s.last_cfmm_invariant),
            ("lastCFMMTotalSupply", s.last_cfmm_total_supply),
            ("CFMM_RESERVES0", s.cfmm_reserves[0]),
            ("CFMM_RESERVES1", s.cfmm_reserves[1]),
            ("TOKEN_BALANCE0", s.token_balance[0]),
            ("TOKEN_BALANCE1", s.token_balance[1]),
            ("gsTotalSupply", s.share_supply),
            ("block", block.into()),
            ("liveReserve0", reserves[0]),
            ("liveReserve1", reserves[1]),
            ("liveTotalSupply", supply),
            ("poolTok0", pool_tokens[0]),
            ("poolTok1", pool_tokens[1]),
            ("poolLP", pool_lp),
            ("liqTok0", liquidator.tokens[0]),
            ("liqTok1", liquidator.tokens[1]),
            ("liqLP", liquidator.lp),
            ("ltvThreshold", threshold.into()),
            ("liquidationFee", params.liquidation_fee_bps.into()),
        ];
        if params.generation == Generation::B {
            fields.extend([
                ("emaUtilRate", s.ema_util_rate.into()),
                ("minBorrow", params.min_borrow),
                ("decimals0", params.decimals[0].into()),
                ("decimals1", params.decimals[1].into()),
            ]);
        }
        Self {
            fields,
            loans: loans.iter().map(print_loan).collect(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Result<u128, Mismatch> {
        find(&self.fields, name)
    }

    /// One field of every loan.
    pub(super) fn of_loans(&self, name: &str) -> Result<Vec<u128>, Mismatch> {
        self.loans.iter().map(|loan| find(loan, name)).collect()
    }
}

fn print_loan(loan: &LoanState) -> Vec<(&'static str, u128)> {
    vec![
        ("liquidity", loan.liquidity),
        ("initLiquidity", loan.init_liquidity),
        ("lpTokens", loan.lp_tokens),
        ("rateIndex", loan.rate_index),
        ("tokensHeld0", loan.held[0]),
        ("tokensHeld1", loan.held[1]),
    ]
}

fn find(fields: &[(&'static str, u128)], name: &str) -> Result<u128, Mismatch> {
    let found = fields.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| unknown(name))
}

/// Compares a state: each side has every field of the other.
pub(super) fn compare_state(which: &str, expected: &Value, actual: &Printed) -> Check {
    let within = |m: Mismatch| m.within(which);
    for (name, value) in object(expected)? {
        if name != "loans" {
            let ours = actual.get(name).map_err(within)?;
            same(name, value, ours).map_err(within)?;
        }
    }
    for (name, _) in &actual.fields {
        field(expected, name).map_err(within)?;
    }
    let loans = list(expected, "loans").map_err(within)?;
    expect("the number of loans", loans.len(), actual.loans.len()).map_err(within)?;
    for (number, (theirs, ours)) in (1u64..).zip(loans.iter().zip(&actual.loans)) {
        let within = |m: Mismatch| m.within(&format!("{which}, loan {number}"));
        for (name, value) in object(theirs).map_err(within)? {
            same(name, value, find(ours, name).map_err(within)?).map_err(within)?;
        }
        for (name, _) in ours {
            field(theirs, name).map_err(within)?;
        }
    }
    Ok(())
}

pub(super) fn same(name: &str, expected: &Value, actual: impl std::fmt::Display) -> Check {
    expect(name, scalar(expected)?, actual)
}

/// The summary of the inputs says the same as the state before.
pub(super) fn compare_summary_in(
    vector: &Value,
    before: &Value,
    state: &State,
    pool: &Pool,
) -> Check {
    let of_loans = |name| -> Result<Vec<u128>, Mismatch> {
        let loans = list(before, "loans")?;
        loans.iter().map(|loan| parse(loan, name)).collect()
    };
    let beyond = |held: u128, tracked: u128| {
        held.checked_sub(tracked)
            .map_or_else(|| format!("-{}", tracked - held), |by| by.to_string())
    };
    let s = &state.storage;
    for (name, value) in object(field(vector, "summary_in")?)? {
        let check = match name.as_str() {
            "reserve0" => same(name, value, state.reserves[0]),
            "reserve1" => same(name, value, state.reserves[1]),
            "lp_total_supply" => same(name, value, state.supply),
            "borrowed_invariant_stored" => same(name, value, s.borrowed_invariant),
            "loan_liquidity_stored" => same_list(name, value, &of_loans("liquidity")?),
            "collateral0" => same_list(name, value, &of_loans("tokensHeld0")?),
            "collateral1" => same_list(name, value, &of_loans("tokensHeld1")?),
            "ltv_threshold_bps" => same(name, value, pool.params.ltv_bps),
            "liquidation_fee_bps" => same(name, value, pool.params.liquidation_fee_bps),
            "lp_paid_in" => same(name, value, beyond(state.pool_lp, s.lp_token_balance)),
            "tokens_donated0" => same(
                name,
                value,
                beyond(state.pool_tokens[0], s.token_balance[0]),
            ),
            "tokens_donated1" => same(
                name,
                value,
                beyond(state.pool_tokens[1], s.token_balance[1]),
            ),
            "blocks_since_update" => {
                same(name, value, beyond(state.block.into(), s.last_block.into()))
            }
            _ => Err(unknown(name)),
        };
        check.map_err(|m| m.within("summary_in"))?;
    }
    Ok(())
}

pub(super) fn same_list(name: &str, expected: &Value, actual: &[u128]) -> Check {
    let expected = expected
        .as_array()
        .ok_or_else(|| Mismatch::unusable(format!("{name} is not a list")))?;
    expect(&format!("{name}, how many"), expected.len(), actual.len())?;
    for (number, (theirs, ours)) in (1u64..).zip(expected.iter().zip(actual)) {
        same(&format!("{name} of loan {number}"), theirs, ours)?;
    }
    Ok(())
}
