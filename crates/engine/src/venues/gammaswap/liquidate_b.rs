//! Generation B: the contracts since June 2023.
//!
//! ```text
//! C* = collateral after the best trade        (rebalance)
//! p  = min(D, C*), fee = p * f; when p + fee > C*: fee = C* * f, p = C* - fee
//! ```
//!
//! The whole `p` must be paid. What was not deposited of the debt is written down; the loan is
//! always closed, and what is left of its collateral stays the borrower's.
//! Source: `SingleLiquidationStrategy.sol`, `BatchLiquidationStrategy.sol`,
//! `BaseLiquidationStrategy.sol` of v1.2. Not here: collateral kept by outside observers.

use ruint::aliases::U256;

use super::books::{Slots, held, pay};
use super::cpmm::Trade;
use super::liquidate::{Call, Member};
use super::word::{self, BOTH, BPS, Word, add, div, fit, invariant, low, mul, mul_div, product, w};
use super::{Form, GammaSwap, Liquidation, Loan, Refusal, Storage, rebalance};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

/// Deposits beyond the payable debt by no more than this many invariant units are kept, and a fee
/// of no more than this many LP tokens is not paid.
const MIN_PAY: u128 = 1000;

/// What a loan can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assessed {
    /// The trade that makes the most of the collateral.
    pub(super) trade: Option<Trade>,
    /// The collateral after it.
    pub(super) worth: u128,
    /// The debt it can pay.
    pub(super) payable: u128,
    /// The liquidator's fee.
    pub(super) fee: u128,
    /// Both together.
    pub(super) with_fee: u128,
}

/// A deposit of LP tokens.
#[derive(Debug, Clone, Copy)]
struct Deposit {
    /// What it is worth.
    worth: u128,
    /// LP tokens kept.
    lp: u128,
    /// LP tokens returned.
    excess: u128,
}

/// `amount * bps / 10000`, rounded down.
fn share(amount: u128, bps: u16) -> Result<u128, Refusal> {
    fit(mul_div(amount, bps.into(), BPS)?)
}

impl Call<'_> {
    /// Is paid: with the LP tokens sent, or with those the collateral makes. Returns what was
    /// paid, in invariant units.
    pub(super) fn repay_b(&mut self, tx: &mut Tx<'_>) -> Result<u128, Rejection> {
        let (storage, loan) = (&self.venue.storage, self.venue.loan(self.id)?);
        let assessed = self.venue.assess_b(storage, loan, self.debt)?;
        self.assessed = Some(assessed);
        self.report.fee = assessed.fee;
        let with_lp = self.single.form == Form::WithLp;
        if !with_lp {
            self.mint_for_debt(tx, &assessed)?;
        }
        let deposit = self
            .venue
            .take_deposit(tx, &self.wallet, assessed.payable, with_lp)?;
        self.brought_lp = deposit.lp;
        self.report.excess_lp = deposit.excess;
        self.report.liquidity = deposit.worth.min(self.debt);
        Ok(self.report.liquidity)
    }

    /// Trades and sends collateral to the pair for LP tokens; the fee is paid out of them.
    fn mint_for_debt(&mut self, tx: &mut Tx<'_>, assessed: &Assessed) -> Result<(), Rejection> {
        let mut can_pay = self.venue.loan(self.id)?.held;
        if let Some(trade) = assessed.trade {
            let bought = i128::try_from(trade.bought).map_err(|_| Refusal::TooLarge)?;
            let deltas = if trade.sell == 1 {
                [bought, 0]
            } else {
                [0, bought]
            };
            self.venue.trade(tx, self.id, &deltas)?;
            can_pay = self.venue.credit(tx, self.id)?;
            self.venue.accrue(tx)?;
        }
        if assessed.with_fee > 0 {
            let amounts = self.venue.tokens_for(assessed.with_fee)?;
            let amounts = capped(amounts, can_pay)?;
            let minted = self.venue.deposit_for(tx, self.id, amounts)?;
            let fee_lp = fit(mul_div(minted, assessed.fee, assessed.with_fee)?)?;
            if fee_lp > MIN_PAY {
                let (from, to) = (self.venue.books.pool_lp, self.wallet[2]);
                pay(tx, from, to, fee_lp, Reason::LiquidationReward)?;
                self.report.refund_lp = fee_lp;
            }
            self.venue.accrue(tx)?;
        }
        self.venue.credit(tx, self.id)?;
        Ok(())
    }

    /// Writes down what was not deposited. Returns the loss.
    pub(super) fn write_down_b(&mut self) -> Result<u128, Refusal> {
        let loss = word::less(self.debt, self.report.liquidity)?;
        self.venue.write_down(loss)?;
        self.debt = self.report.liquidity;
        Ok(loss)
    }

    /// Closes the loan, pays the pool's debt, and gives the liquidator its part of the collateral.
    pub(super) fn settle_b(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        let (principal, _) = self.venue.pay_loan(self.id, self.debt, self.debt)?;
        let balance = word::plus(self.venue.storage.lp_token_balance, self.brought_lp)?;
        self.venue.pay_pool(self.debt, principal, balance)?;
        let Some(assessed) = self.assessed.filter(|_| self.single.form == Form::WithLp) else {
            return Ok(());
        };
        let loan = *self.venue.loan(self.id)?;
        for token in BOTH {
            let part = low(mul_div(
                assessed.with_fee,
                loan.held[token],
                assessed.worth,
            )?);
            let part = part.min(loan.held[token]);
            let (from, to) = (loan.slots[token], self.wallet[token]);
            pay(tx, from, to, part, Reason::Confiscation)?;
            self.venue.debit(self.id, token, part)?;
            self.report.refund[token] = part;
        }
        Ok(())
    }
}

/// What is sent to the pair, capped by the collateral, which may be short by at most
/// [`MIN_PAY`] raw units.
fn capped(amounts: [U256; 2], can_pay: [u128; 2]) -> Result<[U256; 2], Refusal> {
    for token in BOTH {
        let (needed, held) = (amounts[token], can_pay[token]);
        if needed.saturating_sub(w(held)) > w(MIN_PAY) {
            return Err(Refusal::InsufficientTokenRepayment {
                token,
                needed: u128::try_from(needed).unwrap_or(u128::MAX),
                held,
            });
        }
    }
    Ok([amounts[0].min(w(can_pay[0])), amounts[1].min(w(can_pay[1]))])
}

impl GammaSwap {
    /// What a loan with a debt of `debt` can pay, at the pair's reserves as last looked at.
    pub(super) fn assess_b(
        &self,
        storage: &Storage,
        loan: &Loan,
        debt: u128,
    ) -> Result<Assessed, Refusal> {
        let params = &self.config.params;
        let best = rebalance::most_liquidity(params, loan.held, storage.cfmm_reserves)?;
        let worth = best.collateral;
        let mut payable = debt.min(worth);
        let mut fee = share(payable, params.liquidation_fee_bps)?;
        let mut with_fee = word::plus(payable, fee)?;
        if with_fee > worth {
            fee = share(worth, params.liquidation_fee_bps)?;
            with_fee = worth;
            payable = word::less(worth, fee)?;
        }
        Ok(Assessed {
            trade: best.trade,
            worth,
            payable,
            fee,
            with_fee,
        })
    }

    /// Counts the LP tokens sent; returns those beyond `payable`, unless they are dust.
    fn take_deposit(
        &self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        payable: u128,
        whole: bool,
    ) -> Result<Deposit, Rejection> {
        let tracked = self.storage.lp_token_balance;
        let lp = self.untracked_lp(tx).ok_or(Refusal::LpBalanceShortfall {
            held: held(tx.ledger(), self.books.pool_lp),
            tracked,
        })?;
        let worth = self.storage.lp_to_invariant(lp)?;
        if whole && worth < payable {
            return Err(Refusal::InsufficientDeposit {
                deposit: worth,
                needed: payable,
            }
            .into());
        }
        if worth <= word::plus(payable, MIN_PAY)? {
            return Ok(Deposit {
                worth,
                lp,
                excess: 0,
            });
        }
        let excess = self.storage.invariant_to_lp(word::less(worth, payable)?)?;
        pay(
            tx,
            self.books.pool_lp,
            wallet[2],
            excess,
            Reason::ExcessReturned,
        )?;
        let lp = word::less(lp, excess)?;
        Ok(Deposit {
            worth: self.storage.lp_to_invariant(lp)?,
            lp,
            excess,
        })
    }

    /// What one loan of a batch pays and gives, at the spot price without any trade.
    pub(super) fn assess_member_b(
        &self,
        member: &mut Member,
        loan: &Loan,
        report: &mut Liquidation,
    ) -> Result<(), Refusal> {
        let worth = spot_worth(loan.held, self.storage.cfmm_reserves)?;
        let fee = share(worth, self.config.params.liquidation_fee_bps)?;
        let with_fee = word::plus(member.debt, fee)?;
        member.loss = with_fee.saturating_sub(worth);
        let paid = word::less(member.debt, member.loss)?;
        for token in BOTH {
            let part = product(loan.held[token], word::plus(paid, fee)?);
            let part = low(div(part, w(worth))?);
            member.paid_out[token] = part.min(loan.held[token]);
        }
        report.collateral = word::plus(report.collateral, worth)?;
        report.fee = word::plus(report.fee, fee)?;
        report.write_down = word::plus(report.write_down, member.loss)?;
        report.loan_liquidity = word::plus(report.loan_liquidity, paid)?;
        Ok(())
    }

    pub(super) fn batch_b(
        &mut self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        members: &[Member],
        report: &mut Liquidation,
    ) -> Result<(), Rejection> {
        let debt = report.loan_liquidity;
        if debt == 0 {
            return Err(Refusal::NoLiquidityDebt.into());
        }
        self.write_down(report.write_down)?;
        let deposit = self.take_deposit(tx, wallet, debt, true)?;
        let mut principal = 0;
        for member in members {
            principal = word::plus(principal, member.principal)?;
        }
        let balance = word::plus(self.storage.lp_token_balance, deposit.lp)?;
        self.pay_pool(debt, principal, balance)?;
        report.liquidity = debt;
        report.excess_lp = deposit.excess;
        Ok(())
    }
}

/// Collateral in invariant units at the pair's price, as if it could be traded without moving it.
pub(super) fn spot_worth(held: [u128; 2], reserves: [u128; 2]) -> Result<u128, Refusal> {
    let root = w(invariant(reserves));
    let first: Word = div(mul(w(held[0]), root)?, w(reserves[0]));
    let second = div(product(held[1], reserves[0]), root)?;
    fit(div(add(first?, second)?, w(2))?)
}
