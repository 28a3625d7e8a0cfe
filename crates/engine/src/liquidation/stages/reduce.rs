//! Reduce: instead of everything, the account gives up just enough to stand well again.
//!
//! What Kuma lacks: there an account one pip under its maintenance requirement loses all its
//! positions and all its equity. Here the positions that free most margin are given up first,
//! whole, and of the last one the least that brings the account back above its *initial*
//! requirement: above maintenance alone it would be back at the next tick. An account that cannot
//! be brought there even by giving up everything is left to the next stage, untouched.

use std::cmp::Reverse;

use super::Total;
use crate::Rejection;
use crate::backstop::deleverage::least_quantity;
use crate::liquidation::{StageKind, Step, Subject};
use crate::tx::Tx;
use borsh::{BorshDeserialize, BorshSerialize};

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
                least_quantity(one.quantity, one.step, |quantity| {
                    subject.suffices(tx, one.market, quantity)
                })?
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
