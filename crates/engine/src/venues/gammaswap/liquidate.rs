//! Liquidation: the calls, and the walk of a loan's case through repayment and write-down.
//!
//! The page's generation writes down first and is paid then; the later one is paid first and
//! writes down what was not. That order is data ([`stages`]); what a stage does to a loan is the
//! generation's own (`liquidate_a`, `liquidate_b`).

use plimsoll_units::AccountId;

use super::books::{Slots, pay};
use super::liquidate_b::Assessed;
use super::word::BOTH;
use super::{
    Event, Form, GammaSwap, Generation, Liquidation, Loan, LoanId, MAX_BATCH, Refusal, Sent,
    invariant, word,
};
use crate::ledger::Reason;
use crate::liquidation::stages::{Repay, WriteDown};
use crate::liquidation::{Case, Health, Outcome, Repayment, Stage, Subject, walk};
use crate::margin::liquidity;
use crate::{Rejection, Tx};

/// The stages of a case, in the order of the generation.
#[must_use]
pub(super) const fn stages(generation: Generation, how: Repayment) -> [Stage; 2] {
    let repay = Stage::Repay(Repay { how });
    match generation {
        Generation::A => [Stage::WriteDown(WriteDown), repay],
        Generation::B => [repay, Stage::WriteDown(WriteDown)],
    }
}

/// What a single call adds to the loan's id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single<'a> {
    pub(super) form: Form,
    pub(super) deltas: &'a [i128],
    pub(super) fees: &'a [u16],
}

impl Single<'_> {
    pub(super) const WITH_LP: Self = Self {
        form: Form::WithLp,
        deltas: &[],
        fees: &[],
    };

    const fn how(self) -> Repayment {
        match self.form {
            Form::WithLp => Repayment::WithLp,
            Form::FromCollateral => Repayment::FromCollateral,
            Form::Batch => Repayment::InBatch,
        }
    }
}

/// One loan under liquidation by one call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) venue: &'a mut GammaSwap,
    pub(super) wallet: Slots,
    pub(super) id: LoanId,
    pub(super) single: Single<'a>,
    /// The collateral the rule looked at, in invariant units.
    pub(super) collateral: u128,
    /// The debt that is still to be paid; less after a write-down.
    pub(super) debt: u128,
    pub(super) threshold_bps: u16,
    /// What generation B computes before it is paid.
    pub(super) assessed: Option<Assessed>,
    /// LP tokens this call brought (B).
    pub(super) brought_lp: u128,
    pub(super) report: Liquidation,
}

impl Subject for Call<'_> {
    fn health(&self, _tx: &Tx<'_>) -> Result<Health, Rejection> {
        Ok(Health {
            equity: told(liquidity::limit(self.collateral, self.threshold_bps)),
            requirement: told(self.debt),
        })
    }

    fn collateral(&self, _tx: &Tx<'_>) -> i128 {
        told(self.collateral)
    }

    fn repay(&mut self, tx: &mut Tx<'_>, _how: Repayment) -> Result<i128, Rejection> {
        let paid = match self.venue.config.params.generation {
            Generation::A => self.repay_a(tx)?,
            Generation::B => self.repay_b(tx)?,
        };
        Ok(told(paid))
    }

    fn write_down(&mut self, _tx: &mut Tx<'_>) -> Result<i128, Rejection> {
        let loss = match self.venue.config.params.generation {
            Generation::A => self.venue.write_down_a(self.collateral, &mut self.debt)?,
            Generation::B => self.write_down_b()?,
        };
        self.report.write_down = loss;
        Ok(told(loss))
    }
}

/// One loan of a batch: the batch has moved the money, its stages only tell the loan's part.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: LoanId,
    pub(super) collateral: u128,
    pub(super) threshold_bps: u16,
    /// What was owed.
    pub(super) debt: u128,
    /// Its part of the batch's write-down.
    pub(super) loss: u128,
    /// Principal, in LP tokens.
    pub(super) principal: u128,
    /// Collateral paid to the liquidator.
    pub(super) paid_out: [u128; 2],
}

impl Subject for Member {
    fn health(&self, _tx: &Tx<'_>) -> Result<Health, Rejection> {
        Ok(Health {
            equity: told(liquidity::limit(self.collateral, self.threshold_bps)),
            requirement: told(self.debt),
        })
    }

    fn collateral(&self, _tx: &Tx<'_>) -> i128 {
        told(self.collateral)
    }

    fn repay(&mut self, _tx: &mut Tx<'_>, _how: Repayment) -> Result<i128, Rejection> {
        Ok(told(word::less(self.debt, self.loss)?))
    }

    fn write_down(&mut self, _tx: &mut Tx<'_>) -> Result<i128, Rejection> {
        Ok(told(self.loss))
    }
}

/// An amount as events tell it. Beyond `i128`, which no pair can reach, the largest.
pub(super) fn told(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

impl GammaSwap {
    /// The threshold a loan is liquidated at: its own, or the pool's.
    pub(super) fn threshold(&self, loan: &Loan) -> u16 {
        match loan.threshold_bps {
            0 => self.config.params.ltv_bps,
            own => own,
        }
    }

    /// `liquidateWithLP` and `liquidate`.
    pub(super) fn liquidate_single(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        single: Single<'_>,
        sent: &Sent,
    ) -> Result<(), Rejection> {
        let before = *self.loan(id)?;
        let wallet = self.wallet(tx, account)?;
        self.books.send(tx, &wallet, sent)?;
        self.trade_as_told(tx, id, single)?;
        let debt = self.update_loan(tx, id)?.liquidity;
        // The rule looks at the collateral as it was before any trade or deposit of this call.
        let collateral = invariant(before.held);
        let threshold_bps = self.threshold(&before);
        if liquidity::covers(collateral, debt, threshold_bps) {
            return Err(Refusal::HasMargin {
                loan: id,
                collateral,
                debt,
                threshold_bps,
            }
            .into());
        }
        let case = self.ensure_case(tx, id, collateral, debt)?;
        let generation = self.config.params.generation;
        let mut call = Call {
            venue: self,
            wallet,
            id,
            single,
            collateral,
            debt,
            threshold_bps,
            assessed: None,
            brought_lp: 0,
            report: Liquidation {
                form: single.form,
                loan: Some(id),
                account,
                collateral,
                liquidity: 0,
                write_down: 0,
                fee: 0,
                loan_liquidity: debt,
                refund: [0, 0],
                refund_lp: 0,
                excess_lp: 0,
            },
        };
        walk(tx, &case, &stages(generation, single.how()), &mut call)?;
        if generation == Generation::B {
            call.settle_b(tx)?;
        }
        let report = call.report;
        tx.emit(Event::Liquidated(report));
        self.add_loss(id, report.write_down)?;
        if self.loan(id)?.liquidity == 0 {
            self.close_liquidated(tx, id);
        }
        Ok(())
    }

    /// Generation A's trade, chosen by the caller and made before anything else.
    fn trade_as_told(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        single: Single<'_>,
    ) -> Result<(), Rejection> {
        match self.config.params.generation {
            Generation::A if !single.deltas.is_empty() => {
                self.trade(tx, id, single.deltas)?;
                Ok(())
            }
            Generation::B if !single.deltas.is_empty() || !single.fees.is_empty() => {
                Err(Refusal::NotInGeneration.into())
            }
            _ => Ok(()),
        }
    }

    /// `batchLiquidations`.
    pub(super) fn liquidate_batch(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        ids: &[LoanId],
        sent: &Sent,
    ) -> Result<(), Rejection> {
        if ids.is_empty() {
            return Err(Refusal::InvalidTokenIdsLength.into());
        }
        if ids.len() > MAX_BATCH {
            return Err(Refusal::BatchTooLarge {
                given: ids.len(),
                limit: MAX_BATCH,
            }
            .into());
        }
        let wallet = self.wallet(tx, account)?;
        self.books.send(tx, &wallet, sent)?;
        let done = self.accrue(tx)?;
        let mut report = Liquidation {
            form: Form::Batch,
            loan: None,
            account,
            collateral: 0,
            liquidity: 0,
            write_down: 0,
            fee: 0,
            loan_liquidity: 0,
            refund: [0, 0],
            refund_lp: 0,
            excess_lp: 0,
        };
        let generation = self.config.params.generation;
        let mut members = Vec::with_capacity(ids.len());
        for &id in ids {
            let Some(&loan) = self.get(id) else {
                continue;
            };
            // A loan without debt is skipped; so is one cleared earlier in this batch.
            if loan.liquidity == 0 || loan.rate_index == 0 {
                continue;
            }
            let debt = loan.debt_at(done.index)?;
            let (collateral, threshold_bps) = (invariant(loan.held), self.threshold(&loan));
            if liquidity::covers(collateral, debt, threshold_bps) {
                continue;
            }
            self.ensure_case(tx, id, collateral, debt)?;
            let mut member = Member {
                id,
                collateral,
                threshold_bps,
                debt,
                loss: 0,
                principal: loan.lp_tokens,
                paid_out: loan.held,
            };
            if generation == Generation::B {
                self.assess_member_b(&mut member, &loan, &mut report)?;
            } else {
                report.collateral = word::plus(report.collateral, collateral)?;
            }
            self.clear_member(&member, loan)?;
            members.push(member);
        }
        match generation {
            Generation::A => self.batch_a(tx, &wallet, &mut members, &mut report)?,
            Generation::B => self.batch_b(tx, &wallet, &members, &mut report)?,
        }
        for member in &mut members {
            self.pay_out(tx, &wallet, member, &mut report)?;
        }
        tx.emit(Event::Liquidated(report));
        for member in &mut members {
            self.tell_member(tx, member)?;
        }
        Ok(())
    }

    /// Clears a member's debt and takes what it pays out off its collateral.
    fn clear_member(&mut self, member: &Member, mut loan: Loan) -> Result<(), Refusal> {
        loan.clear_debt();
        for token in BOTH {
            loan.held[token] = word::less(loan.held[token], member.paid_out[token])?;
        }
        self.set_loan(member.id, loan);
        Ok(())
    }

    fn pay_out(
        &mut self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        member: &Member,
        report: &mut Liquidation,
    ) -> Result<(), Rejection> {
        let slots = self.loan(member.id)?.slots;
        for token in BOTH {
            let amount = member.paid_out[token];
            pay(
                tx,
                slots[token],
                wallet[token],
                amount,
                Reason::Confiscation,
            )?;
            report.refund[token] = word::plus(report.refund[token], amount)?;
            let balance = &mut self.storage.token_balance[token];
            *balance = word::less(*balance, amount)?;
        }
        Ok(())
    }

    fn tell_member(&mut self, tx: &mut Tx<'_>, member: &mut Member) -> Result<(), Rejection> {
        let Some(case) = self.case_of(member.id) else {
            return Ok(());
        };
        let stages = stages(self.config.params.generation, Repayment::InBatch);
        walk(tx, &case, &stages, member)?;
        self.add_loss(member.id, member.loss)?;
        self.close_liquidated(tx, member.id);
        Ok(())
    }

    /// Closes the case of a loan whose debt is gone.
    fn close_liquidated(&mut self, tx: &mut Tx<'_>, id: LoanId) {
        let shortfall = told(self.loss_of(id));
        self.close_case(tx, id, Outcome::Liquidated { shortfall });
    }

    /// The case of a loan, as it is open now.
    pub(super) fn case_of(&self, id: LoanId) -> Option<Case> {
        self.cases.get(&id).map(|open| open.case)
    }
}
