//! Close on the book: what the backstop still holds of a case is traded away on the order book.
//!
//! Source: Kuma, "the insurance fund (IF) immediately close[s] any acquired positions against
//! liquidity on the order books". That "negatively impacts liquidity and may be susceptible to
//! manipulation", so two options that the page lacks: a *collar* around the index price that the
//! fund's orders do not leave, and *slices* over time instead of everything at once.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Duration, Rounding, Timestamp, mul_div};

use super::Total;
use crate::Rejection;
use crate::liquidation::{Case, Lot, StageKind, Step, Subject};
use crate::tx::Tx;

/// One, of a share.
pub const SLICE_ONE: u32 = 100_000;

/// A disposal in slices over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slicing {
    /// Which share of what was acquired each slice is, in 1/100,000; rounded up to a step, so
    /// that a small position does close.
    pub fraction_e5: u32,
    /// How long after one slice the next is due.
    pub interval: Duration,
    /// An account whose equity was below this share of its requirement, in 1/100,000, is disposed
    /// of at once: waiting would risk more than it spares. Zero for those below zero alone.
    pub deep_e5: u32,
}

/// Trade acquired positions away on the order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseOnBook {
    /// How far from the index price orders may fill at most, in basis points. With a collar they
    /// fill no worse than at the price of the acquisition either: the fund does not sell at a loss
    /// what the next stage can take at its cost.
    pub collar_bps: Option<u32>,
    /// In slices, or all at once.
    pub slices: Option<Slicing>,
}

impl CloseOnBook {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        case: &Case,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let lots = subject.inventory(tx)?;
        if lots.is_empty() {
            return Ok(Step::Nothing);
        }
        let slices = match self.slices {
            Some(slices) if !slices.is_deep(case)? => Some(slices),
            _ => None,
        };
        if let Some(slices) = slices
            && !slices.is_time(tx.now, subject.sliced_at())
        {
            return Ok(Step::Later);
        }
        let mut total = Total::default();
        for lot in lots {
            let due = match slices {
                Some(slices) => slices.slice(&lot)?,
                None => lot.quantity,
            };
            subject.schedule(tx, lot.market, due)?;
            total.add(subject.close_on_book(tx, lot.market, due, self.collar_bps)?)?;
        }
        let left = subject.inventory(tx)?;
        if left.is_empty() || left.iter().any(|lot| lot.due > 0) {
            return Ok(total.step(StageKind::CloseOnBook));
        }
        // Every slice is gone; the rest is not due yet.
        Ok(total.wait(StageKind::CloseOnBook))
    }
}

impl Slicing {
    /// Refuses a slice of nothing, of more than all, and times below zero.
    ///
    /// # Errors
    /// [`Rejection::Slicing`] with the offending values.
    pub fn validate(&self) -> Result<(), Rejection> {
        let share = (1..=SLICE_ONE).contains(&self.fraction_e5);
        if share && self.interval.0 >= 0 {
            return Ok(());
        }
        Err(Rejection::Slicing {
            fraction_e5: self.fraction_e5,
            interval: self.interval,
        })
    }

    /// The next slice of a lot, up to a whole step, in favour of an end; never more than is left.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn slice(&self, lot: &Lot) -> Result<i128, ArithmeticError> {
        let fraction = i128::from(self.fraction_e5);
        let exact = mul_div(lot.acquired, fraction, SLICE_ONE.into(), Rounding::Ceil)?;
        let steps = mul_div(exact, 1, lot.step.max(1), Rounding::Ceil)?;
        let whole = steps.checked_mul(lot.step.max(1));
        Ok(whole.ok_or(ArithmeticError::Overflow)?.min(lot.quantity))
    }

    /// Whether the account was so far under water that nothing waits.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn is_deep(&self, case: &Case) -> Result<bool, ArithmeticError> {
        let (equity, needed) = (case.trigger.equity, case.trigger.requirement);
        let least = mul_div(
            needed,
            self.deep_e5.into(),
            SLICE_ONE.into(),
            Rounding::Ceil,
        )?;
        Ok(equity < least)
    }

    fn is_time(&self, now: Timestamp, last: Option<Timestamp>) -> bool {
        last.is_none_or(|last| now >= last.saturating_add(self.interval))
    }
}
