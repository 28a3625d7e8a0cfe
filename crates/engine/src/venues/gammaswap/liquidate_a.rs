//! Generation A: what the venue's page describes.
//!
//! ```text
//! cap = C * (10000 - f) / 10000              rounded down: the fee rounds up, for the liquidator
//! D'  = min(D, cap), the rest is written down, before anything is paid
//! penalty = C - D' = max(ceil(C * f), C - D)
//! ```
//!
//! Whoever pays `D'` gets all of the collateral; who pays a part gets that part of it, rounded
//! down, and the rest stays liquidatable.
//! Source: `SingleLiquidationStrategy.sol`, `BatchLiquidationStrategy.sol`,
//! `BaseLiquidationStrategy.sol` before June 2023.

use super::books::{Slots, pay};
use super::liquidate::{Call, Member};
use super::word::{self, BOTH, BPS, add, div, fit, low, mul, mul_div, w};
use super::{Form, GammaSwap, Liquidation, Refusal};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

/// What a payment in LP tokens amounted to.
#[derive(Debug, Clone, Copy)]
struct Payment {
    /// In invariant units, at most the debt.
    paid: u128,
    /// In LP tokens, kept.
    lp: u128,
    /// In LP tokens, returned.
    excess: u128,
}

impl Call<'_> {
    /// Takes the payment and gives the collateral. Returns what was paid, in invariant units.
    pub(super) fn repay_a(&mut self, tx: &mut Tx<'_>) -> Result<u128, Rejection> {
        let whole = self.single.form == Form::FromCollateral;
        if whole {
            self.mint_from_collateral(tx)?;
        }
        let payment = self
            .venue
            .take_payment(tx, &self.wallet, self.debt, whole)?;
        let loan = *self.venue.loan(self.id)?;
        for token in BOTH {
            let part = low(mul_div(payment.paid, loan.held[token], self.debt)?);
            let (from, to) = (loan.slots[token], self.wallet[token]);
            pay(tx, from, to, part, Reason::Confiscation)?;
            self.venue.debit(self.id, token, part)?;
            self.report.refund[token] = part;
        }
        let (principal, left) = self.venue.pay_loan(self.id, payment.paid, self.debt)?;
        let balance = word::plus(self.venue.storage.lp_token_balance, payment.lp)?;
        self.venue.pay_pool(payment.paid, principal, balance)?;
        self.report.liquidity = payment.paid;
        self.report.loan_liquidity = word::less(self.debt, left)?;
        self.report.excess_lp = payment.excess;
        if !whole {
            let kept = super::invariant(self.venue.loan(self.id)?.held);
            self.report.collateral = word::less(self.collateral, kept)?;
        }
        Ok(payment.paid)
    }

    /// Everything sent to the pool becomes the loan's; of it, what the debt and a cushion of the
    /// smallest loan are worth is sent to the pair for LP tokens.
    fn mint_from_collateral(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        self.venue.credit(tx, self.id)?;
        let liquidity = word::plus(self.debt, self.venue.min_borrow())?;
        let mut amounts = self.venue.tokens_for(liquidity)?;
        if let &[f0, f1] = self.single.fees {
            for (amount, fee) in amounts.iter_mut().zip([f0, f1]) {
                let fee = div(mul(*amount, w(fee.into()))?, w(BPS))?;
                *amount = add(*amount, fee)?;
            }
        }
        self.venue.deposit_for(tx, self.id, amounts)?;
        self.venue.credit(tx, self.id)?;
        Ok(())
    }
}

impl GammaSwap {
    /// The debt that `collateral` pays after the fee, rounded down.
    pub(super) fn payable_a(&self, collateral: u128) -> Result<u128, Refusal> {
        let kept = BPS.saturating_sub(self.config.params.liquidation_fee_bps.into());
        fit(mul_div(collateral, kept, BPS)?)
    }

    /// Writes down what `collateral` does not pay of `debt`. Returns the loss.
    pub(super) fn write_down_a(
        &mut self,
        collateral: u128,
        debt: &mut u128,
    ) -> Result<u128, Refusal> {
        let payable = self.payable_a(collateral)?;
        let loss = debt.saturating_sub(payable);
        self.write_down(loss)?;
        *debt = word::less(*debt, loss)?;
        Ok(loss)
    }

    /// Counts the LP tokens sent, returns those beyond `debt`, to the unit, rounded down in favour
    /// of the lenders.
    fn take_payment(
        &self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        debt: u128,
        whole: bool,
    ) -> Result<Payment, Rejection> {
        let lp = self.untracked_lp(tx);
        let mut lp = lp.ok_or(Refusal::Panic(word::PANIC_OVERFLOW))?;
        if lp == 0 {
            return Err(Refusal::NoLiquidityProvided.into());
        }
        let mut paid = self.storage.lp_to_invariant(lp)?;
        let mut excess = 0;
        if paid > debt {
            excess = self.storage.invariant_to_lp(word::less(paid, debt)?)?;
            pay(
                tx,
                self.books.pool_lp,
                wallet[2],
                excess,
                Reason::ExcessReturned,
            )?;
            paid = debt;
            lp = word::less(lp, excess)?;
        }
        if whole && paid < debt {
            return Err(Refusal::NotFullLiquidation { paid, debt }.into());
        }
        Ok(Payment { paid, lp, excess })
    }

    /// Writes down and is paid for all members together: one that is worth more than it owes
    /// makes up for one that is worth less.
    pub(super) fn batch_a(
        &mut self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        members: &mut [Member],
        report: &mut Liquidation,
    ) -> Result<(), Rejection> {
        let (mut owed, mut principal) = (0, 0);
        for member in members.iter() {
            owed = word::plus(owed, member.debt)?;
            principal = word::plus(principal, member.principal)?;
        }
        if owed == 0 {
            return Err(Refusal::NoLiquidityDebt.into());
        }
        let mut debt = owed;
        report.write_down = self.write_down_a(report.collateral, &mut debt)?;
        share_loss(members, report.write_down, owed)?;
        let payment = self.take_payment(tx, wallet, debt, true)?;
        if debt == 0 {
            // The contract divides by it to share the collateral out.
            return Err(Refusal::Panic(word::PANIC_DIVISION).into());
        }
        let balance = word::plus(self.storage.lp_token_balance, payment.lp)?;
        self.pay_pool(payment.paid, principal, balance)?;
        report.liquidity = payment.paid;
        report.loan_liquidity = debt;
        report.excess_lp = payment.excess;
        Ok(())
    }
}

/// Shares a batch's loss out by debt, for the record: rounded down, the remainder to the last.
fn share_loss(members: &mut [Member], loss: u128, owed: u128) -> Result<(), Refusal> {
    let mut left = loss;
    for member in members.iter_mut() {
        member.loss = fit(mul_div(loss, member.debt, owed)?)?;
        left = word::less(left, member.loss)?;
    }
    for member in members.iter_mut().rev() {
        let more = left.min(word::less(member.debt, member.loss)?);
        member.loss = word::plus(member.loss, more)?;
        left = word::less(left, more)?;
    }
    Ok(())
}
