//! Reduce: instead of everything, the account gives up just enough to stand well again.
//!
//! What Kuma lacks: there an account one pip under its maintenance requirement loses all its
//! positions and all its equity. Here the positions that free most margin are given up first,
//! whole, and of the last one the least that brings the account back above its *initial*
//! requirement: above maintenance alone it would be back at the next tick. An account that cannot
//! be brought there even by giving up everything is left to the next stage, untouched.

use std::cmp::Reverse;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Rounding, mul_div};

use super::Total;
use crate::Rejection;
use crate::liquidation::{Reducible, StageKind, Step, Subject};
use crate::tx::Tx;

/// Give up just enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reduce;

impl Reduce {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let mut all = subject.reducible(tx)?;
        all.sort_by_key(|one| (Reverse(one.frees), one.market));
        let mut total = Total::default();
        for one in all {
            let last = subject.suffices(tx, one.market, one.quantity)?;
            let quantity = if last {
                least(tx, subject, &one)?
            } else {
                one.quantity
            };
            total.add(subject.reduce(tx, one.market, quantity)?)?;
            if last {
                break;
            }
        }
        Ok(total.step(StageKind::Reduce))
    }
}

/// The fewest steps of a position that suffice, when all of it does.
fn least<S: Subject>(tx: &Tx<'_>, subject: &S, one: &Reducible) -> Result<i128, Rejection> {
    let quantity = |steps: i128| -> Result<i128, ArithmeticError> {
        let whole = steps.checked_mul(one.step.max(1));
        Ok(whole.ok_or(ArithmeticError::Overflow)?.min(one.quantity))
    };
    let (mut low, mut high) = (
        0,
        mul_div(one.quantity, 1, one.step.max(1), Rounding::Ceil)?,
    );
    // Too few at `low`, enough at `high`.
    while high.saturating_sub(low) > 1 {
        let middle = mul_div(low.saturating_add(high), 1, 2, Rounding::Floor)?;
        if subject.suffices(tx, one.market, quantity(middle)?)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(quantity(high)?)
}
