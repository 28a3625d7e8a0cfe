//! When a case is opened: the trigger, and the sweep that every command ends with.
//!
//! An account is *under* when it has positions and its equity is strictly below its requirement
//! at the marks in force. A case is opened in the same command, unless the trigger waits:
//! * for **confirmations**: it must be found under at so many prices in a row. The first time it
//!   is found under counts as one; after that every command that prices one of its markets;
//! * for **grace**: it must have been under for so long, without a break. An account whose equity
//!   is at or below `urgent_e5` of its requirement gets none. Confirmations it still needs.
//!
//! While it waits the account is *warned* and looked at with every price and tick; found sound
//! once, it is relieved, and everything starts over. With an open case an account is not looked
//! at: its case is walked.
//!
//! Invariant: after every command each account that is under has an open case or a warning.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Rounding, Timestamp, mul_div};

use super::health::E5;
use super::{Composed, Event, accounts};
use crate::liquidation::{Health, Rule, Trigger};
use crate::{Rejection, Tx};

/// How often accounts that a walk left under are looked at again within one command. Each round
/// costs what the walks before it touched; what is left then is warned and comes with the next
/// price.
const ROUNDS: usize = 8;

/// An account under its requirement whose trigger waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Warning {
    /// Since when.
    pub since: Timestamp,
    /// At how many prices it was found under.
    pub prices: u32,
}

/// What a command did that accounts may wait for.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause {
    /// Markets that were priced, in order.
    pub(super) priced: Vec<MarketId>,
    /// Time was to pass.
    pub(super) tick: bool,
}

impl Composed {
    /// Looks at everybody who may have come under, opens the cases that are due, and walks cases,
    /// until nobody is left to look at.
    pub(super) fn sweep(&mut self, tx: &mut Tx<'_>, cause: &Cause) -> Result<(), Rejection> {
        let mut looked = std::mem::take(&mut self.reached);
        if cause.tick || !cause.priced.is_empty() {
            looked.extend(self.warnings.keys());
            looked.extend(&self.watching.near);
        }
        // Only what the command itself touched: whom the watch names is not part of the state.
        for account in self.touched.clone() {
            self.revisit(account);
        }
        for round in 0..ROUNDS {
            looked.append(&mut self.touched);
            if looked.is_empty() && round > 0 {
                break;
            }
            looked.sort_unstable();
            looked.dedup();
            let first = Cause::default();
            let cause = if round == 0 { cause } else { &first };
            for account in looked.drain(..) {
                self.look(tx, account, cause)?;
            }
            self.walk_cases(tx, &cause.priced)?;
        }
        // Whoever the last round touched is armed or warned; more cases come with the next price.
        let mut left = std::mem::take(&mut self.touched);
        self.dismissed.extend(left.iter().copied());
        for account in left.drain(..) {
            self.look(tx, account, &Cause::default())?;
        }
        Ok(())
    }

    /// Looks at one account.
    fn look(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        cause: &Cause,
    ) -> Result<(), Rejection> {
        if !self.is_watched(account) {
            return Ok(());
        }
        self.watching.examined = self.watching.examined.saturating_add(1);
        if self.positions(account).is_empty() {
            self.relieve(tx, account);
            self.arm(account, None);
            return Ok(());
        }
        let examined = self.examined(tx.ledger(), account)?;
        let health = examined.health;
        if health.equity >= health.requirement {
            self.relieve(tx, account);
            self.arm(account, examined.room);
            return Ok(());
        }
        self.watching.due = self.watching.due.saturating_add(1);
        let known = self.warnings.get(&account).copied();
        let warning = match known {
            Some(warning) if self.is_priced(account, cause) => Warning {
                prices: warning.prices.saturating_add(1),
                ..warning
            },
            Some(warning) => warning,
            None => Warning {
                since: tx.now,
                prices: 1,
            },
        };
        let dismissed = self.dismissed.contains(&account);
        if !dismissed && self.is_due(tx.now, &warning, &health)? {
            if known.is_some() {
                self.set_warning(account, None);
            }
            let trigger = self.trigger(tx, account, &health)?;
            return self.open_case(tx, account, trigger);
        }
        if known.is_none() {
            self.warn(tx, account, health);
        } else if known != Some(warning) {
            self.set_warning(account, Some(warning));
        }
        Ok(())
    }

    /// Whether the trigger has nothing more to wait for.
    fn is_due(
        &self,
        now: Timestamp,
        warning: &Warning,
        health: &Health,
    ) -> Result<bool, Rejection> {
        let trigger = &self.config.trigger;
        if warning.prices < u32::from(trigger.confirmations) {
            return Ok(false);
        }
        if now >= warning.since.saturating_add(trigger.grace) {
            return Ok(true);
        }
        // Down: rather not urgent, in favour of the account.
        let urgent = mul_div(
            health.requirement,
            trigger.urgent_e5.into(),
            E5,
            Rounding::Floor,
        )?;
        Ok(trigger.urgent_e5 > 0 && health.equity <= urgent)
    }

    /// The numbers that open a case. The price is that of the market with the largest notional.
    fn trigger(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        health: &Health,
    ) -> Result<Trigger, Rejection> {
        let price = match self.largest(account)? {
            Some(market) => self.mark(market)?,
            None => 0,
        };
        Ok(Trigger {
            rule: Rule::ValueUnderMaintenance,
            at: tx.now,
            price: price.into(),
            version: 0,
            equity: health.equity,
            requirement: health.requirement,
            collateral: self.balance(tx.ledger(), account)?,
            notional: self.notional(account)?,
        })
    }

    /// The market in which an account has the largest notional; the first of them.
    pub(super) fn largest(&self, account: AccountId) -> Result<Option<MarketId>, Rejection> {
        let mut largest: Option<(u128, MarketId)> = None;
        for position in self.positions(account) {
            let worth = super::health::worth(position.size, self.mark(position.market)?)?;
            let notional = worth.unsigned_abs();
            if largest.is_none_or(|(most, _)| notional > most) {
                largest = Some((notional, position.market));
            }
        }
        Ok(largest.map(|(_, market)| market))
    }

    fn is_priced(&self, account: AccountId, cause: &Cause) -> bool {
        let positions = self.positions(account);
        positions
            .iter()
            .any(|p| cause.priced.binary_search(&p.market).is_ok())
    }

    /// Whether the trigger looks at an account: a participant's, without an open case.
    fn is_watched(&self, account: AccountId) -> bool {
        !accounts::is_own(account) && self.cases.of(account).is_none()
    }

    fn warn(&mut self, tx: &mut Tx<'_>, account: AccountId, health: Health) {
        let warning = Warning {
            since: tx.now,
            prices: 1,
        };
        self.set_warning(account, Some(warning));
        tx.emit(Event::Warned {
            account,
            equity: health.equity,
            requirement: health.requirement,
        });
    }

    fn relieve(&mut self, tx: &mut Tx<'_>, account: AccountId) {
        if self.warnings.contains_key(&account) {
            self.set_warning(account, None);
            tx.emit(Event::Relieved { account });
        }
    }

    /// A case of this account was closed: it is looked at again, and if it is still under, its
    /// trigger starts over with the next price instead of within this command.
    pub(super) fn dismiss(&mut self, account: AccountId) {
        self.dismissed.insert(account);
        self.touch(account);
    }
}
