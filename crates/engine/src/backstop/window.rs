//! What was spent within a rolling window of time, in a bounded number of entries.
//!
//! Amounts of the same 64th of the window are kept together and leave it together, with the last
//! moment of their 64th. So the sum is never less than the exact one and at most that of a window
//! a 64th longer: a cap holds in *every* window of its length, in favour of whoever set it.
//! Units: amounts are raw money of the caller, times milliseconds.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Duration, Timestamp};

/// In how many parts a window is divided.
const PARTS: i64 = 64;

/// The most entries kept: a shorter window after a longer one may need more than its own parts.
const ENTRIES_MAX: usize = 256;

/// Amounts by the last moment of their part of the window, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Window {
    entries: Vec<(Timestamp, i128)>,
}

impl Window {
    /// What was added within `length` before `now`, rounded up as the module says.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn spent(&self, now: Timestamp, length: Duration) -> Result<i128, ArithmeticError> {
        let counts = |(end, _): &&(Timestamp, i128)| is_within(*end, now, length);
        let mut sum = 0i128;
        for (_, amount) in self.entries.iter().filter(counts) {
            sum = sum.checked_add(*amount).ok_or(ArithmeticError::Overflow)?;
        }
        Ok(sum)
    }

    /// Adds an amount at `now`, and forgets what has left the window.
    ///
    /// # Errors
    /// When the sum does not fit; nothing is added then.
    pub fn add(
        &mut self,
        now: Timestamp,
        length: Duration,
        amount: i128,
    ) -> Result<(), ArithmeticError> {
        let end = part_end(now, length);
        if let Some((last, sum)) = self.entries.last_mut()
            && *last >= end
        {
            *sum = sum.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            return Ok(());
        }
        self.entries.retain(|(end, _)| is_within(*end, now, length));
        if self.entries.len() >= ENTRIES_MAX {
            self.join_oldest()?;
        }
        self.entries.push((end, amount));
        Ok(())
    }

    /// The two oldest become one that leaves with the later of them.
    fn join_oldest(&mut self) -> Result<(), ArithmeticError> {
        let [(_, first), (_, second), ..] = self.entries.as_mut_slice() else {
            return Ok(());
        };
        *second = second
            .checked_add(*first)
            .ok_or(ArithmeticError::Overflow)?;
        self.entries.remove(0);
        Ok(())
    }
}

/// Whether a part that ended at `end` is still within `length` before `now`.
fn is_within(end: Timestamp, now: Timestamp, length: Duration) -> bool {
    now.0.saturating_sub(end.0) < length.0
}

/// The last millisecond of the part that `now` falls in.
fn part_end(now: Timestamp, length: Duration) -> Timestamp {
    let width = length.0.checked_div(PARTS).unwrap_or(1).max(1);
    let into = now.0.checked_rem_euclid(width).unwrap_or(0);
    let rest = width.saturating_sub(1).saturating_sub(into);
    Timestamp(now.0.saturating_add(rest))
}

#[cfg(test)]
mod tests;
