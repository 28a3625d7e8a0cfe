//! What a liquidation of a loan would be, at a block, without carrying it out.

use super::liquidate_b::spot_worth;
use super::plan::{Candidate, CostModel, Plan, Terms, plan_batch};
use super::word::{self, w};
use super::{
    Accrued, GammaSwap, Generation, Loan, LoanId, Refusal, Seen, Storage, accrual, invariant,
};
use crate::ledger::Ledger;
use crate::margin::liquidity;

/// A loan as a liquidator sees it. Amounts are invariant units, except where LP tokens are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The loan.
    pub loan: LoanId,
    /// The fee index it is quoted at.
    pub index: u128,
    /// What is owed.
    pub debt: u128,
    /// What the collateral is worth by the rule.
    pub collateral: u128,
    /// The threshold in force for this loan.
    pub threshold_bps: u16,
    /// Whether `debt` is above that share of `collateral`.
    pub liquidatable: bool,
    /// What would have to be paid, after the write-down.
    pub payable: u128,
    /// What would be written down.
    pub write_down: u128,
    /// What the liquidator would gain: all that is left (A), or the fee (B).
    pub penalty: u128,
    /// LP tokens that pay `payable`.
    pub lp: u128,
}

impl GammaSwap {
    /// The pool's books after accrual at `block`, without changing them.
    ///
    /// # Errors
    /// [`Refusal::Panic`] for a block before the last accrual.
    pub fn accrued(&self, ledger: &Ledger, block: u64) -> Result<(Storage, Accrued), Refusal> {
        let mut storage = self.storage;
        let reserves = match self.config.params.generation {
            Generation::A => self.pair,
            Generation::B => self.books.pair_balances(ledger),
        };
        let seen = Seen {
            reserves,
            supply: self.books.lp_supply(ledger),
            block,
        };
        let done = accrual::accrue(&self.config.params, &mut storage, &seen)?;
        Ok((storage, done))
    }

    /// What liquidating a loan with LP tokens at `block` would be.
    ///
    /// # Errors
    /// [`Refusal::LoanDoesNotExist`]; in generation B also why its collateral cannot be assessed.
    pub fn quote(&self, ledger: &Ledger, id: LoanId, block: u64) -> Result<Quote, Refusal> {
        let loan = *self.loan(id)?;
        let (storage, done) = self.accrued(ledger, block)?;
        let debt = loan.debt_at(done.index)?;
        let collateral = invariant(loan.held);
        let threshold_bps = self.threshold(&loan);
        let (payable, penalty) = match self.config.params.generation {
            Generation::A => {
                let payable = debt.min(self.payable_a(collateral)?);
                (payable, word::less(collateral, payable)?)
            }
            Generation::B => {
                let assessed = self.assess_b(&storage, &loan, debt)?;
                (assessed.payable, assessed.fee)
            }
        };
        Ok(Quote {
            loan: id,
            index: storage.acc_fee_index,
            debt,
            collateral,
            threshold_bps,
            liquidatable: !liquidity::covers(collateral, debt, threshold_bps),
            payable,
            write_down: word::less(debt, payable)?,
            penalty,
            lp: storage.invariant_to_lp_up(payable)?,
        })
    }

    /// The debt of a loan at the fee index as it is stored, which is that of the last accrual.
    ///
    /// # Errors
    /// [`Refusal::LoanDoesNotExist`].
    pub fn debt(&self, id: LoanId) -> Result<u128, Refusal> {
        self.loan(id)?.debt_at(w(self.storage.acc_fee_index))
    }
}

impl GammaSwap {
    /// Every loan with an open case as a candidate for a batch at `block`, and the terms of it.
    /// Cases are those of the last accrual: a loan that becomes liquidatable only at `block` is
    /// not among them before somebody accrues.
    ///
    /// # Errors
    /// [`Refusal::Panic`] for a block before the last accrual.
    pub fn candidates(
        &self,
        ledger: &Ledger,
        block: u64,
    ) -> Result<(Terms, Vec<Candidate>), Refusal> {
        let (storage, done) = self.accrued(ledger, block)?;
        let terms = Terms {
            generation: self.config.params.generation,
            fee_bps: self.config.params.liquidation_fee_bps,
            invariant: storage.last_cfmm_invariant,
            supply: storage.last_cfmm_total_supply,
        };
        let mut candidates = Vec::with_capacity(self.cases.len());
        for id in self.due() {
            let loan = self.loan(id)?;
            let debt = loan.debt_at(done.index)?;
            if let Some(candidate) = self.candidate(id, loan, debt, &storage)? {
                candidates.push(candidate);
            }
        }
        Ok((terms, candidates))
    }

    /// A loan as a candidate. `None` when it is healthy, or worth nothing at all: no batch can
    /// take it.
    fn candidate(
        &self,
        id: LoanId,
        loan: &Loan,
        debt: u128,
        storage: &Storage,
    ) -> Result<Option<Candidate>, Refusal> {
        let collateral = invariant(loan.held);
        if liquidity::covers(collateral, debt, self.threshold(loan)) {
            return Ok(None);
        }
        let (collateral, payable, penalty) = match self.config.params.generation {
            Generation::A => {
                let payable = debt.min(self.payable_a(collateral)?);
                (collateral, payable, word::less(collateral, payable)?)
            }
            Generation::B => {
                let worth = spot_worth(loan.held, storage.cfmm_reserves)?;
                let bps = self.config.params.liquidation_fee_bps;
                let fee = word::fit(word::mul_div(worth, bps.into(), word::BPS)?)?;
                let loss = word::plus(debt, fee)?.saturating_sub(worth);
                (worth, debt.saturating_sub(loss), fee)
            }
        };
        if collateral == 0 {
            return Ok(None);
        }
        Ok(Some(Candidate {
            loan: id,
            debt,
            collateral,
            payable,
            penalty,
        }))
    }

    /// The best batch at `block` out of the loans with an open case.
    ///
    /// # Errors
    /// Those of [`GammaSwap::candidates`] and [`plan_batch`].
    pub fn plan(&self, ledger: &Ledger, block: u64, model: &CostModel) -> Result<Plan, Refusal> {
        let (terms, candidates) = self.candidates(ledger, block)?;
        plan_batch(&terms, &candidates, model)
    }
}
