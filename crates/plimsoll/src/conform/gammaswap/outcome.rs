//! How a call ended: its result, what it returned, its event, and what it changed.

use plimsoll_engine::venues::gammaswap::{Event as Happened, Form, Generation, Liquidation};
use plimsoll_engine::{Event, Rejection};
use serde_json::Value;

use super::super::compare::{Mismatch, expect, parse, text};
use super::state::{Printed, same, same_list};
use super::{Check, object, unknown};

/// Compares how the call ended. The liquidation, when there was one; none when it was refused as
/// expected.
pub(super) fn compare_outcome(
    vector: &Value,
    outcome: Result<Vec<Event>, Rejection>,
) -> Result<Option<Liquidation>, Mismatch> {
    let expected = match text(vector, "result")?.as_str() {
        "ok" if vector.get("revert").is_some() => {
            return Err(Mismatch::unusable("a call that is ok names a revert"));
        }
        "ok" => "ok".to_owned(),
        "revert" => text(vector, "revert")?,
        other => {
            return Err(Mismatch::unusable(format!(
                "result {other:?} is neither ok nor revert"
            )));
        }
    };
    let actual = match &outcome {
        Ok(_) => "ok".to_owned(),
        Err(Rejection::GammaSwap(refusal)) => refusal.name().to_owned(),
        Err(other) => other.to_string(),
    };
    expect("the result", expected, actual)?;
    let Ok(events) = outcome else {
        return Ok(None);
    };
    let done = events.iter().find_map(|event| match event {
        Event::GammaSwap(Happened::Liquidated(done)) => Some(*done),
        _ => None,
    });
    done.map(Some).ok_or_else(|| Mismatch {
        at: "the events".to_owned(),
        expected: "a liquidation".to_owned(),
        actual: "none".to_owned(),
    })
}

/// What a call returned, reported and changed.
pub(super) struct Summary<'a> {
    pub(super) done: Liquidation,
    pub(super) generation: Generation,
    pub(super) before: &'a Value,
    pub(super) printed: &'a Printed,
}

impl Summary<'_> {
    pub(super) fn compare(&self, expected: &Value) -> Check {
        for (name, value) in object(expected)? {
            let (done, now) = (&self.done, self.printed);
            match name.as_str() {
                "returned" => self.returned(value).map_err(|m| m.within(name))?,
                "event" => self.event(value).map_err(|m| m.within(name))?,
                "liquidity_paid" => same(name, value, done.liquidity)?,
                "liquidity_written_down" => same(name, value, done.write_down)?,
                "collateral_paid_to_liquidator0" => same(name, value, self.change("liqTok0")?)?,
                "collateral_paid_to_liquidator1" => same(name, value, self.change("liqTok1")?)?,
                "lp_returned_to_liquidator" => same(name, value, self.change("liqLP")?)?,
                "pool_lp_gain" => same(name, value, self.change("LP_TOKEN_BALANCE")?)?,
                "remaining_loan_liquidity" => same_list(name, value, &now.of_loans("liquidity")?)?,
                "remaining_collateral0" => same_list(name, value, &now.of_loans("tokensHeld0")?)?,
                "remaining_collateral1" => same_list(name, value, &now.of_loans("tokensHeld1")?)?,
                "borrowed_invariant_after" => {
                    same(name, value, now.get("BORROWED_INVARIANT")?)?;
                }
                _ => return Err(unknown(name)),
            }
        }
        Ok(())
    }

    fn returned(&self, expected: &Value) -> Check {
        let (done, batch) = (&self.done, self.done.form == Form::Batch);
        for (name, value) in object(expected)? {
            let ours = match name.as_str() {
                "loanLiquidity" if !batch => done.loan_liquidity,
                "totalLoanLiquidity" if batch => done.loan_liquidity,
                "totalCollateral" if batch => done.collateral,
                "refund0" => done.refund[0],
                "refund1" => done.refund[1],
                "refundLP" => done.refund_lp,
                _ => return Err(unknown(name)),
            };
            same(name, value, ours)?;
        }
        Ok(())
    }

    fn event(&self, expected: &Value) -> Check {
        let done = &self.done;
        for (name, value) in object(expected)? {
            match name.as_str() {
                "collateral" => same(name, value, done.collateral)?,
                "liquidity" => same(name, value, done.liquidity)?,
                "writeDownAmt" => same(name, value, done.write_down)?,
                "fee" if self.generation == Generation::B => same(name, value, done.fee)?,
                "txType" => same(name, value, transaction_type(self.generation, done.form))?,
                _ => return Err(unknown(name)),
            }
        }
        Ok(())
    }

    /// How much more of a field there is than before, as text.
    fn change(&self, name: &str) -> Result<String, Mismatch> {
        let (before, now) = (parse::<u128>(self.before, name)?, self.printed.get(name)?);
        let by = now.abs_diff(before);
        Ok(if now < before {
            format!("-{by}")
        } else {
            by.to_string()
        })
    }
}

/// The contracts' number of a kind of transaction; one more was added before them in between.
const fn transaction_type(generation: Generation, form: Form) -> u8 {
    let first = match generation {
        Generation::A => 10,
        Generation::B => 11,
    };
    match form {
        Form::FromCollateral => first,
        Form::WithLp => first + 1,
        Form::Batch => first + 2,
    }
}
