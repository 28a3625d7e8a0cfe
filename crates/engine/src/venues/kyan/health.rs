//! What an account is worth and what it needs, now and after a trade.
//!
//! Equity is cash plus the positions at their marks, exactly, with 14 decimals; decisions compare
//! it with margins of the same fineness. What is reported is rounded against the account to the 6
//! decimals of money: equity down, margins up.

use plimsoll_units::{AccountId, ArithmeticError, Fixed, Rounding};

use super::account::Account;
use super::pair::{Pair, Priced};
use super::{InstrumentId, Kyan, Numbers, Refusal};
use crate::margin::portfolio::{Money, Portfolio, Risk, Valuation};
use crate::pricing::Leg;
use crate::{Rejection, Tx};

/// From money with 6 decimals to [`Money`].
pub(super) const FINER: i128 = 100_000_000;

/// An account at the marks in force.
#[derive(Debug, Clone)]
pub struct Health {
    /// Its legs; instruments are rows of the pair's arrays.
    pub portfolio: Portfolio,
    /// Its requirement, in parts.
    pub risk: Risk,
    /// What it has.
    pub equity: Money,
}

/// A change of an account that is looked at before it is made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WhatIf {
    pub(super) instrument: InstrumentId,
    pub(super) quantity: i64,
    /// Cash that comes in, money.
    pub(super) cash: i128,
}

/// A pair as margins are computed on it.
pub(super) struct Marked<'a> {
    pub(super) pair: &'a Pair,
    pub(super) priced: &'a Priced,
    pub(super) of: Valuation<'a>,
}

impl<'a> Marked<'a> {
    /// The health of `account` with `cash`, after `change` if there is one.
    pub(super) fn health(
        &self,
        account: &Account,
        cash: i128,
        change: Option<&WhatIf>,
    ) -> Result<Health, Rejection> {
        let mut legs = Vec::with_capacity(account.positions.len().saturating_add(1));
        for held in &account.positions {
            legs.push(Leg {
                instrument: self.priced.row(held.instrument)?,
                quantity: held.quantity,
            });
        }
        let mut cash = cash;
        if let Some(change) = change {
            legs.push(Leg {
                instrument: self.priced.row(change.instrument)?,
                quantity: change.quantity,
            });
            let then = cash.checked_add(change.cash);
            cash = then.ok_or(ArithmeticError::Overflow)?;
        }
        let portfolio = Portfolio::new(&legs)?;
        let worth = self.of.worth(portfolio.legs())?;
        let fine = cash.checked_mul(FINER).ok_or(ArithmeticError::Overflow)?;
        let equity = worth.add(Money::from_raw(fine))?;
        Ok(Health {
            equity: equity.add(self.basis(&portfolio)?)?,
            risk: self.of.risk(portfolio.legs())?,
            portfolio,
        })
    }

    /// What the perpetual's own mark adds to its value at the index.
    fn basis(&self, portfolio: &Portfolio) -> Result<Money, Rejection> {
        let row = self.priced.row(InstrumentId::PERPETUAL)?;
        let quantity = i128::from(portfolio.quantity(row));
        let (Some(mark), index) = (self.pair.perpetual_mark(), self.of.index()) else {
            return Ok(Money::ZERO);
        };
        let more = mark.sub(index)?.raw().checked_mul(quantity);
        Ok(Money::from_raw(more.ok_or(ArithmeticError::Overflow)?))
    }

    /// The numbers of a health, for a report.
    pub(super) fn numbers(&self, health: &Health) -> Result<Numbers, Rejection> {
        let model = self.of.model();
        let coarse = |money: Money, rounding| -> Result<i128, ArithmeticError> {
            Ok(money.fixed().rescale::<6>(rounding)?.raw())
        };
        let delta: Fixed<6> = health.risk.delta.rescale(Rounding::HalfEven)?;
        Ok(Numbers {
            equity: coarse(health.equity, Rounding::Floor)?,
            maintenance: coarse(health.risk.maintenance(model)?, Rounding::Ceil)?,
            initial: coarse(health.risk.initial(model)?, Rounding::Ceil)?,
            delta: i64::try_from(delta.raw()).map_err(|_| ArithmeticError::Overflow)?,
            index: self.of.index().raw(),
        })
    }

    /// Whether the maintenance margin is above the equity, strictly.
    pub(super) fn is_under(&self, health: &Health) -> Result<bool, Rejection> {
        Ok(self.of.is_liquidatable(&health.risk, health.equity)?)
    }

    /// Whether the initial margin is within the equity.
    pub(super) fn is_released(&self, health: &Health) -> Result<bool, Rejection> {
        Ok(self.of.is_released(&health.risk, health.equity)?)
    }

    /// By how much the initial margin is above the equity; below zero when there is room.
    fn excess(&self, health: &Health) -> Result<Money, Rejection> {
        let initial = health.risk.initial(self.of.model())?;
        Ok(initial.sub(health.equity)?)
    }

    /// Whether an account may go from `before` to `after`: its initial margin is met afterwards,
    /// or the act reduces what is lacking.
    ///
    /// # Errors
    /// [`Refusal::InitialMargin`].
    pub(super) fn may_go(&self, before: &Health, after: &Health) -> Result<(), Rejection> {
        if self.is_released(after)? {
            return Ok(());
        }
        let (was, then) = (self.excess(before)?, self.excess(after)?);
        if was.is_positive() && then <= was {
            return Ok(());
        }
        let numbers = self.numbers(after)?;
        let excess = was.fixed().rescale::<6>(Rounding::Ceil)?.raw();
        Err(Refusal::InitialMargin {
            initial: numbers.initial,
            equity: numbers.equity,
            excess,
        }
        .into())
    }
}

impl Kyan {
    /// The marks of an account's pair.
    pub(super) fn marked(&self, pair: plimsoll_units::MarketId) -> Result<Marked<'_>, Rejection> {
        let place = self.pair(pair)?;
        let priced = place.priced(pair)?;
        Ok(Marked {
            pair: place,
            priced,
            of: priced.valuation(&place.params.model)?,
        })
    }

    /// The health of an account at the marks in force, after `change` if there is one.
    pub(super) fn health_after(
        &self,
        tx: &Tx<'_>,
        account: &Account,
        change: Option<&WhatIf>,
    ) -> Result<Health, Rejection> {
        let cash = tx.balance(account.cash);
        self.marked(account.pair)?.health(account, cash, change)
    }

    /// The numbers of an account at the marks in force, for people.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], [`Refusal::NoMarks`], overflow.
    pub fn numbers(
        &self,
        ledger: &crate::ledger::Ledger,
        id: AccountId,
    ) -> Result<Numbers, Rejection> {
        let account = self.account(id)?;
        let marked = self.marked(account.pair)?;
        let health = marked.health(account, ledger.balance(account.cash), None)?;
        marked.numbers(&health)
    }

    /// The health of an account at the marks in force.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], [`Refusal::NoMarks`], overflow.
    pub fn health(
        &self,
        ledger: &crate::ledger::Ledger,
        id: AccountId,
    ) -> Result<Health, Rejection> {
        let account = self.account(id)?;
        let cash = ledger.balance(account.cash);
        self.marked(account.pair)?.health(account, cash, None)
    }
}
