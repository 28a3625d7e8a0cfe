//! A liquidation case on this venue: due, then locked, then over.
//!
//! A case is opened when the rule is first met, by whatever command made it so. It is `Due` until
//! somebody liquidates (or the account is above its requirement again), `Locked` until the oracle
//! version that settles the close, and over then: a loss beyond the collateral is known at that
//! version, although the account may be settled later.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Notional};

use super::account::Account;
use super::numbers::Money;
use super::product::Product;
use crate::Tx;
use crate::ledger::Slot;
use crate::liquidation::{BlockedReason, Case, CaseEvent, Outcome, Rule, Target, Trigger};
use crate::margin::versioned::notional;
use crate::oracle::Version;

/// How far a case has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Phase {
    /// Somebody may liquidate; why the last try failed, if one did.
    Due(Option<BlockedReason>) = 0,
    /// Liquidated; the loss that the collateral did not cover so far.
    Locked(Money) = 1,
}

/// A case that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenCase {
    /// The case, with the numbers that opened it.
    pub case: Case,
    /// How far it has come.
    pub phase: Phase,
}

/// The numbers of the rule at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) version: Version,
    pub(super) requirement: Money,
    pub(super) collateral: Money,
}

impl Numbers {
    /// The trigger of a case opened on these numbers for `account`.
    pub(super) fn trigger(&self, account: &Account, tx: &Tx<'_>) -> Trigger {
        let price = super::numbers::PerUnit::from_raw(self.version.price);
        Trigger {
            rule: Rule::MaintenanceOverCollateral,
            at: tx.now,
            price: self.version.price,
            version: self.version.number,
            equity: self.collateral.raw(),
            requirement: self.requirement.raw(),
            collateral: self.collateral.raw(),
            // The requirement was formed from this notional, so it fits.
            notional: notional(account.size, price).map_or(i128::MAX, Notional::raw),
        }
    }
}

impl Product {
    /// A new case for `account`, reported as opened.
    pub(super) fn open_case(&self, account: &Account, numbers: &Numbers, tx: &mut Tx<'_>) -> Case {
        let case = Case {
            id: tx.next_case(),
            target: Target {
                venue: tx.venue,
                market: self.market,
                account: account.id,
                position: None,
            },
            trigger: numbers.trigger(account, tx),
        };
        tx.emit(CaseEvent::Opened(case));
        case
    }

    /// The cases that are not over, with the accounts they are about, in the order of accounts'
    /// first appearance.
    pub fn cases(&self) -> impl Iterator<Item = (&Account, &OpenCase)> {
        self.cases
            .iter()
            .filter_map(|(&slot, case)| Some((self.slot(slot)?, case)))
    }

    /// An account's case, if one is open.
    #[must_use]
    pub fn case(&self, id: AccountId) -> Option<&OpenCase> {
        self.cases.get(self.index.get(&id)?)
    }

    /// Closes a slot's case, if one is open.
    pub(super) fn close_case(&mut self, slot: u32, outcome: Outcome, tx: &mut Tx<'_>) {
        if let Some(open) = self.cases.remove(&slot) {
            let (case, target) = (open.case.id, open.case.target);
            tx.emit(CaseEvent::Closed {
                case,
                target,
                outcome,
            });
        }
    }

    /// Notes why a due liquidation could not be carried out; reported when the reason is new.
    pub(super) fn block_case(&mut self, slot: u32, reason: BlockedReason, tx: &mut Tx<'_>) {
        let Some(open) = self.cases.get_mut(&slot) else {
            return;
        };
        if open.phase == Phase::Due(Some(reason)) {
            return;
        }
        open.phase = Phase::Due(Some(reason));
        tx.emit(CaseEvent::Blocked {
            case: open.case.id,
            reason,
        });
    }
}

/// A balance in the books as money.
pub(super) fn balance(tx: &Tx<'_>, purse: Slot) -> Money {
    Money::from_raw(tx.balance(purse))
}
