//! A margin account of one pair: its positions, its cash, and its liquidation if there is one.
//!
//! Cash is a place in the ledger and may be below zero: buying pays the price at once, selling
//! receives it, so equity is cash plus the value of the positions at mark prices. What the venue
//! shows as collateral is cash plus what the positions cost; both give the same equity.
//!
//! Invariants: positions are sorted by instrument, none is zero; the signed sizes of an instrument
//! over all accounts sum to zero.
//! Units: sizes with 6 decimals, costs in money with 6.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, MarketId, Rounding, mul_div};

use super::config::{INSTRUMENTS_MAX, POSITIONS_MAX};
use super::episode::Episode;
use super::{FUND, InstrumentId, Refusal};
use crate::Rejection;
use crate::ledger::Slot;

/// What an account holds of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Held {
    /// Which.
    pub instrument: InstrumentId,
    /// How much; below zero is short. Never zero.
    pub quantity: i64,
    /// What it cost: paid for a long position, minus what was received for a short one.
    pub cost: i128,
}

/// A margin account.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Whose: accounts of one owner never trade with each other.
    pub owner: u32,
    /// Its pair.
    pub pair: MarketId,
    pub(super) cash: Slot,
    pub(super) positions: Vec<Held>,
    /// The liquidation it is in.
    pub(super) episode: Option<Box<Episode>>,
    /// How many liquidations it has been in.
    pub(super) episodes: u32,
    /// Whether a deposit cured it and its initial margin was not met since.
    pub(super) cured: bool,
    /// Orders it has standing in the books of its pair: instrument and order.
    pub(super) orders: Vec<(InstrumentId, u64)>,
}

impl Account {
    pub(super) const fn new(owner: u32, pair: MarketId, cash: Slot) -> Self {
        Self {
            owner,
            pair,
            cash,
            positions: Vec::new(),
            episode: None,
            episodes: 0,
            cured: false,
            orders: Vec::new(),
        }
    }

    /// Its positions, by instrument.
    #[must_use]
    pub fn positions(&self) -> &[Held] {
        &self.positions
    }

    /// Its liquidation, if it is in one.
    #[must_use]
    pub fn episode(&self) -> Option<&Episode> {
        self.episode.as_deref()
    }

    /// Whether a deposit ended its liquidation and it may only reduce risk since.
    #[must_use]
    pub const fn is_cured(&self) -> bool {
        self.cured
    }

    /// How much it holds of an instrument.
    #[must_use]
    pub fn quantity(&self, instrument: InstrumentId) -> i64 {
        self.place(instrument)
            .ok()
            .and_then(|at| self.positions.get(at))
            .map_or(0, |held| held.quantity)
    }

    /// Whether it holds nothing but the perpetual.
    #[must_use]
    pub fn is_perpetual_only(&self) -> bool {
        let mut options = self.positions.iter().map(|held| held.instrument);
        !self.positions.is_empty() && options.all(InstrumentId::is_perpetual)
    }

    /// Whether another position fits. The fund takes over whatever there is: an instrument each.
    fn has_room(&self) -> Result<(), Refusal> {
        let is_fund = self.owner == FUND.0;
        let most = if is_fund {
            INSTRUMENTS_MAX
        } else {
            POSITIONS_MAX
        };
        if self.positions.len() < most {
            return Ok(());
        }
        Err(Refusal::Bound {
            what: "positions of an account",
            most: most as u64,
        })
    }

    fn place(&self, instrument: InstrumentId) -> Result<usize, usize> {
        self.positions
            .binary_search_by_key(&instrument, |held| held.instrument)
    }

    /// Adds `quantity` (below zero: takes away) that cost `paid` (below zero: brought in).
    ///
    /// When a position is reduced, the cost that goes with the part is rounded toward zero, so
    /// that rounding stays with what is left; a position that flips begins with the price of the
    /// part beyond zero, rounded toward zero. Costs are shown, never decided on.
    ///
    /// # Errors
    /// Overflow; more positions than an account may have. The account is then unchanged.
    pub(super) fn change(
        &mut self,
        instrument: InstrumentId,
        quantity: i64,
        paid: i128,
    ) -> Result<(), Rejection> {
        let at = match self.place(instrument) {
            Ok(at) => at,
            Err(_) if quantity == 0 => return Ok(()),
            Err(at) => {
                self.has_room()?;
                let held = Held {
                    instrument,
                    quantity,
                    cost: paid,
                };
                self.positions.insert(at, held);
                return Ok(());
            }
        };
        let Some(held) = self.positions.get_mut(at) else {
            return Ok(());
        };
        let then = held.quantity.checked_add(quantity);
        let then = then.ok_or(ArithmeticError::Overflow)?;
        if then == 0 {
            self.positions.remove(at);
            return Ok(());
        }
        held.cost = cost_after(*held, quantity, then, paid)?;
        held.quantity = then;
        Ok(())
    }
}

fn cost_after(held: Held, change: i64, then: i64, paid: i128) -> Result<i128, ArithmeticError> {
    let before = held.quantity;
    if (before > 0) == (change > 0) {
        return held.cost.checked_add(paid).ok_or(ArithmeticError::Overflow);
    }
    if (before > 0) == (then > 0) {
        let gone = mul_div(held.cost, change.into(), before.into(), Rounding::Down)?;
        return held.cost.checked_add(gone).ok_or(ArithmeticError::Overflow);
    }
    mul_div(paid, then.into(), change.into(), Rounding::Down)
}

#[cfg(test)]
mod tests;
