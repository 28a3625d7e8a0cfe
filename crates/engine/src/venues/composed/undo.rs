//! Taking a command, or one piece of it, back.
//!
//! The ledger and the events are rolled back by the transaction; everything else the venue keeps
//! is noted here before it changes. Every change of the venue's state goes through a setter of
//! this file, so that a refused command, or a stage that could not be carried out, leaves it to
//! the byte as it was.

use std::collections::BTreeMap;

use plimsoll_units::{AccountId, ArithmeticError, MarketId};

use super::money::VaultBook;
use super::procedure;
use super::trigger::Warning;
use super::{Composed, Refusal};
use crate::backstop::fund::Fund;
use crate::ledger::{Holder, Slot};
use crate::{Rejection, Savepoint, Tx};

/// Something as it was before.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// There was an account less.
    Opened,
    /// A position: size and entry.
    Position(AccountId, MarketId, (i64, i128)),
    Mark(MarketId, u64),
    Warning(AccountId, Option<Warning>),
    Shares(AccountId, Option<i128>),
    Vault(VaultBook),
    Fund(Box<Fund>),
    Procedure(Box<procedure::Note>),
}

/// A point to return to, within its own command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    changes: usize,
    savepoint: Savepoint,
}

impl Composed {
    /// A point to return to.
    pub(super) fn point(&self, tx: &Tx<'_>) -> Point {
        Point {
            changes: self.changes.len(),
            savepoint: tx.savepoint(),
        }
    }

    /// Takes back everything since `point`: money, events and the venue's state. Who was touched
    /// stays touched, and is looked at for nothing.
    pub(super) fn back_to(&mut self, tx: &mut Tx<'_>, point: &Point) {
        while self.changes.len() > point.changes {
            if let Some(change) = self.changes.pop() {
                self.take_back(change);
            }
        }
        tx.rollback(point.savepoint);
    }

    fn take_back(&mut self, change: Change) {
        match change {
            Change::Opened => self.holdings.close_last_account(),
            Change::Position(account, market, old) => {
                // What it restores was there before, so it fits.
                let restored = self.holdings.set(account, market, old);
                assert!(restored.is_ok(), "a position as it was: {restored:?}");
            }
            Change::Mark(market, old) => {
                if let Some(mark) = self.marks.get_mut(market.index()) {
                    *mark = old;
                }
            }
            Change::Warning(account, old) => {
                swap(&mut self.warnings, account, old);
            }
            Change::Shares(account, old) => {
                swap(&mut self.vault_shares, account, old);
            }
            Change::Vault(old) => self.vault = old,
            Change::Fund(old) => self.fund = *old,
            Change::Procedure(note) => self.cases.take_back(*note),
        }
    }

    /// Where an account's quote balance is.
    pub(super) fn quote_slot(&self, account: AccountId) -> Result<Slot, Refusal> {
        let slot = self.holdings.quote(account);
        slot.ok_or(Refusal::UnknownAccount(account))
    }

    /// Opens the account if it is the next one, so that nobody makes the venue hold accounts that
    /// nobody has.
    pub(super) fn ensure_account(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(), Rejection> {
        if self.holdings.quote(account).is_some() {
            return Ok(());
        }
        if self.holdings.next() != Some(account) {
            let next = self.holdings.next().unwrap_or(AccountId(u32::MAX));
            return Err(Refusal::AccountOutOfOrder {
                given: account,
                next,
            }
            .into());
        }
        let slot = tx.open(Holder::margin(tx.venue, account), self.config.money)?;
        self.holdings.open_account(slot);
        self.changes.push(Change::Opened);
        Ok(())
    }

    /// Sets what an account holds in a market: size and what was paid for it.
    pub(super) fn set_position(
        &mut self,
        account: AccountId,
        market: MarketId,
        new: (i64, i128),
    ) -> Result<(), ArithmeticError> {
        let old = self.holdings.set(account, market, new)?;
        self.changes.push(Change::Position(account, market, old));
        Ok(())
    }

    pub(super) fn set_mark(&mut self, market: MarketId, new: u64) {
        if let Some(mark) = self.marks.get_mut(market.index()) {
            self.changes.push(Change::Mark(market, *mark));
            *mark = new;
        }
    }

    pub(super) fn set_warning(&mut self, account: AccountId, new: Option<Warning>) {
        let old = swap(&mut self.warnings, account, new);
        self.changes.push(Change::Warning(account, old));
    }

    pub(super) fn set_shares(&mut self, account: AccountId, new: i128) {
        let new = (new != 0).then_some(new);
        let old = swap(&mut self.vault_shares, account, new);
        self.changes.push(Change::Shares(account, old));
    }

    pub(super) fn set_vault(&mut self, new: VaultBook) {
        self.changes.push(Change::Vault(self.vault));
        self.vault = new;
    }

    /// What the fund remembers of its losses, after a change.
    pub(super) fn set_fund(&mut self, new: Fund) {
        let old = std::mem::replace(&mut self.fund, new);
        self.changes.push(Change::Fund(Box::new(old)));
    }

    /// Notes how to take a change of the cases back.
    pub(super) fn note(&mut self, note: procedure::Note) {
        self.changes.push(Change::Procedure(Box::new(note)));
    }
}

fn swap<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, new: Option<V>) -> Option<V> {
    match new {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}
