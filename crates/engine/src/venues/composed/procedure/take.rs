//! The acquirer takes over: all an account has at its bankruptcy price, or a part at a discount.
//!
//! The bankruptcy price of a position is the one at which the account, giving up everything, is
//! left with exactly nothing: its equity, positive or negative, is shared among its positions by
//! their notional, and the last takes what rounding left. A price is never below zero: what it
//! cannot express stays as the account's debt, or is swept to the acquirer.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::hand_over::{Handing, signed};
use super::what_if::Part;
use crate::ledger::Reason;
use crate::liquidation::{Acquired, Case, Disposed};
use crate::venues::composed::{Composed, Taker, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A position with its bankruptcy price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bankrupt {
    pub(super) market: MarketId,
    /// Signed, pips of base.
    pub(super) size: i64,
    /// Positive: what goes with it at the mark, and at the bankruptcy price.
    pub(super) marked: i128,
    pub(super) quote: i128,
}

impl Bankrupt {
    /// What whoever takes it over wins against the mark.
    pub(super) fn part(&self) -> Result<Part, ArithmeticError> {
        let less = self.marked.checked_sub(self.quote).ok_or(OVERFLOW)?;
        Ok(Part {
            market: self.market,
            size: self.size,
            result: less
                .checked_mul(self.size.signum().into())
                .ok_or(OVERFLOW)?,
        })
    }
}

impl Composed {
    /// An account's positions at their bankruptcy prices, in market order.
    pub(super) fn bankrupt(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
    ) -> Result<Vec<Bankrupt>, Rejection> {
        let mut all = Vec::new();
        // What the positions must bring in together for the balance to be zero.
        let balance = self.balance(tx.ledger(), account)?;
        let mut wanted = balance.checked_neg().ok_or(OVERFLOW)?;
        let (mut equity, mut gross) = (balance, 0i128);
        for position in self.positions(account) {
            let (market, size) = (position.market, position.size);
            let marked = self.at_mark(market, size.unsigned_abs(), Rounding::HalfEven)?;
            let sign = i128::from(size.signum());
            let worth = marked.checked_mul(sign).ok_or(OVERFLOW)?;
            equity = equity.checked_add(worth).ok_or(OVERFLOW)?;
            gross = gross.checked_add(marked).ok_or(OVERFLOW)?;
            all.push(Bankrupt {
                market,
                size,
                marked,
                quote: 0,
            });
        }
        let last = all.len().saturating_sub(1);
        for (at, one) in all.iter_mut().enumerate() {
            let sign = i128::from(one.size.signum());
            let signed = if at == last {
                wanted
            } else {
                let share = mul_div(equity, one.marked, gross.max(1), Rounding::Floor)?;
                let marked = one.marked.checked_mul(sign).ok_or(OVERFLOW)?;
                marked.checked_sub(share).ok_or(OVERFLOW)?
            };
            // A price below zero cannot be told: the rest stays with the balance.
            one.quote = signed.checked_mul(sign).ok_or(OVERFLOW)?.max(0);
            let paid = one.quote.checked_mul(sign).ok_or(OVERFLOW)?;
            wanted = wanted.checked_sub(paid).ok_or(OVERFLOW)?;
        }
        Ok(all)
    }

    /// The acquirer takes the account over, if its terms let it: all positions at their bankruptcy
    /// prices, and what is left of the money.
    pub(super) fn take_over(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
    ) -> Result<Acquired, Rejection> {
        let account = case.target.account;
        let Some(acquirer) = self.acquirer() else {
            return Ok(Acquired::Unable);
        };
        if !self.is_under(tx.ledger(), account)? {
            return Ok(Acquired::NotDue);
        }
        let all = self.bankrupt(tx, account)?;
        let parts: Vec<Part> = all.iter().map(Bankrupt::part).collect::<Result<_, _>>()?;
        let borne = self.file(case.id)?.borne;
        if !self.can_carry(tx, borne, &parts)? {
            return Ok(Acquired::Unable);
        }
        let equity = self.equity(tx.ledger(), account)?;
        let mut amount = 0i128;
        for (one, part) in all.iter().zip(&parts) {
            let what = Handing {
                case: case.id,
                market: one.market,
                from: account,
                to: acquirer,
                taker: Taker::Acquirer,
                size: one.size,
                quote: one.quote,
                reason: Reason::Acquisition,
            };
            self.hand_over(tx, &what)?;
            self.keep(case.id, one.market, one.size, one.quote)?;
            self.book_result(tx, case.id, one.market, part.result)?;
            amount = amount.checked_add(one.marked).ok_or(OVERFLOW)?;
        }
        let rest = self.balance(tx.ledger(), account)?;
        if rest > 0 {
            self.pay(tx, (account, acquirer), rest, Reason::DustSweep)?;
        }
        let shortfall = equity.min(0).checked_neg().ok_or(OVERFLOW)?;
        self.change_file(case.id, |file| {
            file.touched = true;
            file.changes_hands();
            Ok(())
        })?;
        self.taken_at_a_loss(tx, case, acquirer, shortfall)?;
        Ok(Acquired::Taken { amount, shortfall })
    }

    /// Counts what an account that was taken over owed, and shuts the fund's gate for it.
    fn taken_at_a_loss(
        &mut self,
        tx: &Tx<'_>,
        case: &Case,
        acquirer: AccountId,
        shortfall: i128,
    ) -> Result<(), Rejection> {
        if shortfall == 0 {
            return Ok(());
        }
        self.change_file(case.id, |file| {
            let sum = file.shortfall.checked_add(shortfall);
            file.shortfall = sum.ok_or(OVERFLOW)?;
            Ok(())
        })?;
        if acquirer != accounts::FUND {
            return Ok(());
        }
        let now = tx.now;
        self.change_fund(|fund| {
            fund.deficit(now);
            Ok::<(), Rejection>(())
        })
    }

    /// The account gives a part of a position up to the acquirer at the discount, if the
    /// acquirer's terms let it.
    pub(super) fn give_up(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        quantity: u64,
    ) -> Result<Disposed, Rejection> {
        let account = case.target.account;
        let Some(acquirer) = self.acquirer() else {
            return Ok(Disposed::default());
        };
        let size = signed(quantity, self.holdings.size(account, market))?;
        let sign = i128::from(size.signum());
        // In favour of the acquirer: down for a long it pays for, up for a short it is paid for.
        let rounding = if size > 0 {
            Rounding::Floor
        } else {
            Rounding::Ceil
        };
        let marked = self.at_mark(market, quantity, rounding)?;
        let discount = self.discount(market, quantity)?;
        let discount_signed = discount.checked_mul(sign).ok_or(OVERFLOW)?;
        let quote = marked.checked_sub(discount_signed).ok_or(OVERFLOW)?.max(0);
        let part = Part {
            market,
            size,
            result: discount,
        };
        let borne = self.file(case.id)?.borne;
        if size == 0 || !self.can_carry(tx, borne, &[part])? {
            return Ok(Disposed::default());
        }
        let what = Handing {
            case: case.id,
            market,
            from: account,
            to: acquirer,
            taker: Taker::Reduced,
            size,
            quote,
            reason: Reason::Acquisition,
        };
        self.hand_over(tx, &what)?;
        self.charge(tx, account, market, quantity)?;
        self.keep(case.id, market, size, quote)?;
        self.book_result(tx, case.id, market, discount)?;
        self.change_file(case.id, |file| {
            file.touched = true;
            file.changes_hands();
            Ok(())
        })?;
        Ok(Disposed {
            quantity: quantity.into(),
            notional: marked,
            shortfall: 0,
        })
    }
}
