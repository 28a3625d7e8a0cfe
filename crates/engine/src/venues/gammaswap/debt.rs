//! Paying debt: what it does to the loan and to the pool's books, by generation.
//!
//! Principal is released in proportion to the debt paid, rounded down, so that the loan keeps the
//! remainder. Generation A subtracts checked and panics below zero; generation B stops at zero.
//! Source: `strategies/base/BaseRepayStrategy.sol`.

use super::word::{self, fit, low, mul_div, w};
use super::{GammaSwap, Generation, LoanId, Refusal};

impl GammaSwap {
    /// The smallest debt that may be left.
    pub(super) fn min_borrow(&self) -> u128 {
        self.config.params.min_borrow
    }

    /// Takes `paid` of a debt of `debt` off the loan. Returns the principal released, in LP
    /// tokens, and the debt left.
    pub(super) fn pay_loan(
        &mut self,
        id: LoanId,
        paid: u128,
        debt: u128,
    ) -> Result<(u128, u128), Refusal> {
        let mut loan = *self.loan(id)?;
        let mut principal = if debt == 0 {
            0
        } else {
            fit(mul_div(paid, loan.lp_tokens, debt)?)?
        };
        let mut init = mul_div(paid, loan.init_liquidity, debt)?;
        let left = match self.config.params.generation {
            Generation::A => word::less(debt, paid)?,
            Generation::B => {
                principal = principal.min(loan.lp_tokens);
                init = init.min(w(loan.init_liquidity));
                debt.saturating_sub(paid)
            }
        };
        let minimum = self.min_borrow();
        if left > 0 && left < minimum {
            return Err(Refusal::MinBorrow {
                liquidity: left,
                minimum,
            });
        }
        loan.init_liquidity = low(word::sub(w(loan.init_liquidity), init)?);
        loan.lp_tokens = word::less(loan.lp_tokens, principal)?;
        loan.liquidity = left;
        if left == 0 {
            loan.rate_index = 0;
            if self.config.params.generation == Generation::B {
                // The remainder of rounding is released with the rest.
                principal = word::plus(principal, loan.lp_tokens)?;
                loan.clear_debt();
            }
        }
        self.set_loan(id, loan);
        Ok((principal, left))
    }

    /// Takes `paid` off the pool's debts, after which it tracks `lp_balance` LP tokens.
    pub(super) fn pay_pool(
        &mut self,
        paid: u128,
        principal: u128,
        lp_balance: u128,
    ) -> Result<(), Refusal> {
        let s = &mut self.storage;
        match self.config.params.generation {
            Generation::A => {
                let in_lp = s.invariant_to_lp(paid)?;
                s.borrowed_invariant = word::less(s.borrowed_invariant, paid)?;
                s.lp_token_balance = lp_balance;
                s.lp_invariant = s.lp_to_invariant(lp_balance)?;
                s.lp_token_borrowed_plus_interest =
                    word::less(s.lp_token_borrowed_plus_interest, in_lp)?;
                s.lp_token_borrowed = word::less(s.lp_token_borrowed, principal)?;
            }
            Generation::B => {
                s.borrowed_invariant = s.borrowed_invariant.saturating_sub(paid);
                s.lp_token_balance = lp_balance;
                s.lp_invariant = s.lp_to_invariant(lp_balance)?;
                s.lp_token_borrowed_plus_interest = s.invariant_to_lp_up(s.borrowed_invariant)?;
                s.lp_token_borrowed = s.lp_token_borrowed.saturating_sub(principal);
                if s.lp_token_borrowed == 0 {
                    s.borrowed_invariant = 0;
                    s.lp_token_borrowed_plus_interest = 0;
                }
            }
        }
        Ok(())
    }

    /// Takes a loss off the pool's debts: the lenders bear it.
    pub(super) fn write_down(&mut self, loss: u128) -> Result<(), Refusal> {
        if loss == 0 {
            return Ok(());
        }
        let generation = self.config.params.generation;
        let s = &mut self.storage;
        s.borrowed_invariant = match generation {
            Generation::A => s
                .borrowed_invariant
                .checked_sub(loss)
                .ok_or(Refusal::Panic(word::PANIC_ASSERT))?,
            Generation::B => s.borrowed_invariant.saturating_sub(loss),
        };
        s.lp_token_borrowed_plus_interest = s.debt_in_lp(generation, s.borrowed_invariant)?;
        Ok(())
    }
}
