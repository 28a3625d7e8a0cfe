//! After every command: examine the accounts it may have made liquidatable, and only those.
//!
//! A version (or a parameter that moves the composites) examines whom the watch names and whoever
//! has a due case; any other command examines the accounts it touched. An account is examined
//! exactly, by the rule on its simulated settlement; nothing is settled by looking.
//!
//! In the keepers' mode an examination opens and closes cases. In the engine's mode it also
//! liquidates, in the order of account ids, each account on its own: a liquidation the contract
//! would refuse with a panic is taken back, its case says so, and it is tried again at the next
//! version or touch. The engine also settles an account at the version that lifts its lock, so
//! that its loss is booked then.
//!
//! Invariant: after every command the due cases of an open product are exactly the accounts that
//! the rule names, however many others there are. A sweep cannot fail: the command is already
//! accepted when it runs.

use plimsoll_units::AccountId;

use super::account::Settled;
use super::case::{Numbers, OpenCase, Phase, balance};
use super::draft::{Around, Desk};
use super::flywheel::Settlement;
use super::liquidate::{due, liquidate};
use super::numbers::Money;
use super::product::{Owed, Product};
use super::refusal::Refusal;
use super::wallets::Wallets;
use crate::liquidation::{BlockedReason, Outcome};
use crate::oracle::Version;
use crate::venues::Execution;
use crate::{Rejection, Tx};

/// Whom to examine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Whom the watch names, and every due case.
    Everybody,
    /// Every due case: something that blocks liquidations may have changed.
    Cases,
    /// One account.
    Account(u32),
}

/// The sweep of one product after one command.
pub(super) struct Sweep<'a> {
    pub(super) product: &'a mut Product,
    pub(super) around: &'a Around,
    pub(super) execution: Execution,
    pub(super) wallets: &'a mut Wallets,
}

impl Sweep<'_> {
    /// Examines `scope`.
    pub(super) fn run(&mut self, scope: Scope, tx: &mut Tx<'_>) {
        let Ok(settlement) = self.product.preview(&self.around.protocol) else {
            // The product itself cannot be settled now, so nobody can be liquidated; versions to
            // come are looked at in full.
            return;
        };
        let mut slots = self.named(scope, &settlement);
        slots.sort_by_key(|&slot| self.product.slot(slot).map(|a| a.id));
        for slot in slots {
            self.examine(slot, &settlement, tx);
        }
    }

    fn named(&mut self, scope: Scope, settlement: &Settlement) -> Vec<u32> {
        let product = &mut *self.product;
        let mut slots = Vec::new();
        match scope {
            Scope::Account(slot) => slots.push(slot),
            Scope::Cases => {}
            Scope::Everybody => {
                let (newest, closed) = (settlement.to, product.closed);
                let (watched, params) = (&mut product.watched, &product.params);
                watched.advance_version(newest.number, &mut slots);
                if !closed {
                    watched.advance_prices(&settlement.value, &newest, params, &mut slots);
                }
            }
        }
        if !matches!(scope, Scope::Account(_)) {
            let is_due = |(slot, open): (&u32, &OpenCase)| {
                matches!(open.phase, Phase::Due(_)).then_some(*slot)
            };
            slots.extend(product.cases.iter().filter_map(is_due));
        }
        product.watched.sort_unique(&mut slots);
        slots
    }

    fn examine(&mut self, slot: u32, settlement: &Settlement, tx: &mut Tx<'_>) {
        let Some(mut settled) = self.settled(slot, settlement, tx) else {
            self.product.watched.arm_always(slot);
            return;
        };
        if self.lift_lock(slot, &settled, settlement, tx) {
            match self.settled(slot, settlement, tx) {
                Some(again) => settled = again,
                None => return,
            }
        }
        match self.judge(slot, &settled, &settlement.to, tx) {
            Ok(Some(numbers)) => self.on_due(slot, &settled, &numbers, settlement, tx),
            Ok(None) => self.on_healthy(slot, &settled, tx),
            Err(_) => self.product.watched.arm_always(slot),
        }
    }

    fn settled(&self, slot: u32, settlement: &Settlement, tx: &Tx<'_>) -> Option<Settled> {
        let account = self.product.slot(slot)?;
        let balance = balance(tx, account.purse);
        self.product
            .settled_account(account, balance, settlement)
            .ok()
    }

    /// The rule on the account as it would be.
    fn judge(
        &self,
        slot: u32,
        settled: &Settled,
        newest: &Version,
        tx: &Tx<'_>,
    ) -> Result<Option<Numbers>, Rejection> {
        let product = &*self.product;
        let purse = product
            .slot(slot)
            .map_or(settled.account.purse, |a| a.purse);
        let collateral = settled.collateral(balance(tx, purse))?;
        let flags = &self.around.flags;
        let found = due(&settled.account, collateral, newest, &product.params, flags)?;
        Ok(found.map(|requirement| Numbers {
            version: *newest,
            requirement,
            collateral,
        }))
    }

    /// Closes the case of an account whose lock ends at this version, and in the engine's mode
    /// settles the account. Returns whether there was such a case.
    fn lift_lock(
        &mut self,
        slot: u32,
        settled: &Settled,
        settlement: &Settlement,
        tx: &mut Tx<'_>,
    ) -> bool {
        let Some(Phase::Locked(loss)) = self.product.cases.get(&slot).map(|c| c.phase) else {
            return false;
        };
        if settled.account.locked {
            return false;
        }
        // The balance may be below zero by what the collateral does not cover at this version.
        let uncovered = settled.exposure.collateral.raw().min(0).saturating_neg();
        let shortfall = loss.raw().saturating_add(uncovered);
        if matches!(self.execution, Execution::Engine { .. }) && !self.around.protocol.paused {
            self.settle(slot, settlement, tx);
        }
        self.product
            .close_case(slot, Outcome::Liquidated { shortfall }, tx);
        true
    }

    /// Settles one account, if the contract lets anybody do so now.
    fn settle(&mut self, slot: u32, settlement: &Settlement, tx: &mut Tx<'_>) {
        let Some(mut desk) = Desk::at(self.product, self.around, slot) else {
            return;
        };
        let mark = tx.savepoint();
        let change = desk.settle(tx).map(|()| desk.into_change());
        match change {
            Ok(change) => {
                let credited = self.product.accept(change).credited;
                self.look_again(credited, settlement, tx);
            }
            Err(_) => tx.rollback(mark),
        }
    }

    /// Whoever was just paid a reward may be above its requirement again.
    fn look_again(&mut self, credited: Option<u32>, at: &Settlement, tx: &mut Tx<'_>) {
        let Some(slot) = credited.filter(|slot| self.product.cases.contains_key(slot)) else {
            return;
        };
        let Some(settled) = self.settled(slot, at, tx) else {
            return;
        };
        if let Ok(None) = self.judge(slot, &settled, &at.to, tx) {
            self.on_healthy(slot, &settled, tx);
        }
    }

    fn on_healthy(&mut self, slot: u32, settled: &Settled, tx: &mut Tx<'_>) {
        if let Some(Phase::Due(_)) = self.product.cases.get(&slot).map(|c| c.phase) {
            self.product.close_case(slot, Outcome::Recovered, tx);
        }
        self.product.watched.arm(slot, settled);
    }

    fn on_due(
        &mut self,
        slot: u32,
        settled: &Settled,
        numbers: &Numbers,
        settlement: &Settlement,
        tx: &mut Tx<'_>,
    ) {
        let known = self.product.cases.contains_key(&slot);
        if self.product.closed {
            // Nobody is liquidatable in a closed product: no case is opened, and one that is
            // open waits. Reopening examines whoever has a level to pass.
            self.product.watched.arm(slot, settled);
            self.product
                .block_case(slot, BlockedReason::MarketClosed, tx);
            return;
        }
        if !known {
            let case = self.product.open_case(&settled.account, numbers, tx);
            self.product.cases.insert(
                slot,
                OpenCase {
                    case,
                    phase: Phase::Due(None),
                },
            );
        }
        // It is examined at every version while its case is due.
        self.product.watched.disarm(slot);
        let Execution::Engine { keeper } = self.execution else {
            return;
        };
        if self.around.protocol.paused {
            return;
        }
        let mark = tx.savepoint();
        let (product, around) = (&mut *self.product, self.around);
        match carry_out(product, around, self.wallets, slot, keeper, tx) {
            Ok(()) => self.rearm(slot, settlement, tx),
            Err(rejection) => {
                tx.rollback(mark);
                self.product
                    .block_case(slot, blocked_reason(&rejection), tx);
            }
        }
    }

    /// Sets the trips of an account as it is now.
    pub(super) fn rearm(&mut self, slot: u32, settlement: &Settlement, tx: &Tx<'_>) {
        match self.settled(slot, settlement, tx) {
            Some(settled) => self.product.watched.arm(slot, &settled),
            None => self.product.watched.arm_always(slot),
        }
    }
}

/// Liquidates one account and puts the result into the product, or refuses and changes nothing
/// but the transaction, which the caller takes back.
pub(super) fn carry_out(
    product: &mut Product,
    around: &Around,
    wallets: &mut Wallets,
    slot: u32,
    by: AccountId,
    tx: &mut Tx<'_>,
) -> Result<(), Rejection> {
    let open = product.cases.get(&slot).copied();
    let Some(mut desk) = Desk::at(product, around, slot) else {
        let (maintenance, collateral) = (Money::ZERO, Money::ZERO);
        return Err(Refusal::CantLiquidate {
            maintenance,
            collateral,
        }
        .into());
    };
    let done = liquidate(&mut desk, tx, by, open)?;
    let mut change = desk.into_change();
    if around.flags.reward_at_settlement {
        let purse = product.ensure_account(around, by, tx)?;
        change.owe(Owed {
            to: by,
            purse,
            amount: done.reward,
        });
    } else {
        wallets.receive(by, done.reward)?;
    }
    product.accept(change);
    product.cases.insert(slot, done.case);
    Ok(())
}

fn blocked_reason(rejection: &Rejection) -> BlockedReason {
    match rejection {
        Rejection::Perennial(Refusal::Panic(_)) => BlockedReason::Panic,
        Rejection::Perennial(Refusal::ProductClosed) => BlockedReason::MarketClosed,
        Rejection::Oracle(_) => BlockedReason::NoPrice,
        _ => BlockedReason::Arithmetic,
    }
}
