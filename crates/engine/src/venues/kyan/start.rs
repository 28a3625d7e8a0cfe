//! What a venue brings along when it moves to this engine: listed options, accounts with positions
//! and cash, the insurance fund's money.
//!
//! Everything is checked as if it had happened here: options once each, sizes that sum to zero,
//! cash that comes from outside.

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::config::{Opening, Start};
use super::{Kyan, Refusal};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

impl Kyan {
    /// Takes over what is there at the start.
    pub(super) fn begin(&mut self, tx: &mut Tx<'_>, start: &Start) -> Result<(), Rejection> {
        for (pair, terms) in &start.options {
            // Nothing has expired at the beginning of time: the first price decides.
            self.change_pair(*pair)?
                .list(&[*terms], Timestamp(i64::MIN))?;
        }
        for (opening, number) in start.accounts.iter().zip(0u32..) {
            self.take_in(tx, AccountId(number), opening)?;
        }
        let (outside, fund) = (self.house.outside, self.house.fund);
        tx.pay(outside, fund, start.fund.raw(), Reason::Deposit)?;
        for number in 0..self.pairs.len() {
            let id = u16::try_from(number).map_err(|_| Refusal::Full)?;
            self.sums_to_zero(MarketId(id))?;
        }
        Ok(())
    }

    fn take_in(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        opening: &Opening,
    ) -> Result<(), Rejection> {
        self.open(tx, id, opening.owner, opening.pair)?;
        let cash = self.account(id)?.cash;
        let raw = opening.cash.raw();
        if raw >= 0 {
            tx.pay(self.house.outside, cash, raw, Reason::Deposit)?;
        } else {
            tx.pay(
                cash,
                self.house.outside,
                raw.saturating_neg(),
                Reason::Withdrawal,
            )?;
        }
        for held in &opening.positions {
            self.pair(opening.pair)?.steps(held.instrument)?;
            let account = self.account_mut(id)?;
            if account.quantity(held.instrument) != 0 {
                return Err(Refusal::ListedTwice(format!("{} of {id}", held.instrument)).into());
            }
            account.change(held.instrument, held.quantity, held.cost)?;
        }
        Ok(())
    }

    fn sums_to_zero(&self, id: MarketId) -> Result<(), Refusal> {
        let sums = self.sums(id)?;
        match sums.iter().position(|sum| *sum != 0) {
            None => Ok(()),
            Some(at) => Err(Refusal::Parameter {
                name: "start.accounts",
                given: sums.get(at).copied().unwrap_or(0),
                bounds: "positions of an instrument that sum to zero",
            }),
        }
    }
}
