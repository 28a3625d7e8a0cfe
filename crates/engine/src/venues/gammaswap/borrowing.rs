//! Borrowers: loans are created, given collateral, drawn on, rebalanced and repaid.
//!
//! Every change that could hurt the loan must leave it within the borrowing threshold. Debt is
//! rounded down in generation A (in favour of the borrower, by less than one unit) and up at the
//! first decimal in generation B.
//! Source: `BorrowStrategy.sol`, `RepayStrategy.sol`, `RebalanceStrategy.sol`. Not here: loans
//! kept by outside observers, discounts by reference, and the entry price of a loan, which no
//! rule reads.

use plimsoll_units::AccountId;
use ruint::aliases::U256;

use super::books::{held, pay};
use super::word::{self, BOTH, BPS, Word, add, div, fit, low, mul, mul_div, product, w};
use super::{Event, GammaSwap, Generation, Loan, LoanId, Refusal, Sent, accrual, invariant};
use crate::ledger::Reason;
use crate::margin::liquidity;
use crate::{Rejection, Tx};

impl GammaSwap {
    pub(super) fn create_loan(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        threshold_bps: Option<u16>,
    ) -> Result<LoanId, Rejection> {
        let pool = self.config.params.ltv_bps;
        let own = match threshold_bps {
            None => 0,
            Some(given) if (1..=pool).contains(&given) => given,
            Some(given) => return Err(Refusal::ThresholdAbovePool { given, pool }.into()),
        };
        let count = u32::try_from(self.loans.len()).unwrap_or(u32::MAX);
        if count >= self.config.max_loans {
            return Err(Refusal::TooManyLoans(count).into());
        }
        self.wallet(tx, account)?;
        let id = LoanId::new(count.saturating_add(1), 0);
        let slots = self.books.open_loan(tx, id)?;
        self.add_loan(Loan {
            owner: account,
            threshold_bps: own,
            liquidity: 0,
            init_liquidity: 0,
            lp_tokens: 0,
            rate_index: 0,
            held: [0, 0],
            slots,
        });
        tx.emit(Event::LoanCreated {
            loan: id,
            account,
            threshold_bps: threshold_bps.unwrap_or(pool),
        });
        Ok(id)
    }

    pub(super) fn open_at_once(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        threshold_bps: Option<u16>,
        (amounts, lp): ([u128; 2], u128),
    ) -> Result<(), Rejection> {
        let id = self.create_loan(tx, account, threshold_bps)?;
        self.increase_collateral(tx, account, id, amounts)?;
        self.borrow(tx, account, id, lp)
    }

    pub(super) fn increase_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        amounts: [u128; 2],
    ) -> Result<(), Rejection> {
        self.owned(account, id)?;
        let wallet = self.wallet(tx, account)?;
        self.books.send(tx, &wallet, &Sent::tokens(amounts))?;
        self.credit(tx, id)?;
        self.update_loan(tx, id)?;
        self.report(tx, id)
    }

    pub(super) fn decrease_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        amounts: [u128; 2],
    ) -> Result<(), Rejection> {
        self.owned(account, id)?;
        let wallet = self.wallet(tx, account)?;
        let loan = self.update_loan(tx, id)?;
        for token in BOTH {
            self.may_send(&loan, token, amounts[token])?;
        }
        for token in BOTH {
            let (from, to) = (loan.slots[token], wallet[token]);
            pay(tx, from, to, amounts[token], Reason::CollateralReturned)?;
            self.debit(id, token, amounts[token])?;
        }
        self.credit(tx, id)?;
        self.check_margin(id)?;
        self.report(tx, id)
    }

    pub(super) fn borrow(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        lp: u128,
    ) -> Result<(), Rejection> {
        let balance = self.storage.lp_token_balance;
        if lp >= balance {
            return Err(Refusal::ExcessiveBorrowing { lp, balance }.into());
        }
        self.owned(account, id)?;
        self.update_loan(tx, id)?;
        self.may_take(lp, true)?;
        self.burn(tx, self.books.pool_lp, lp, self.books.pool_tokens)?;
        self.credit(tx, id)?;
        self.lend(tx, id, lp)?;
        self.check_margin(id)?;
        self.report(tx, id)
    }

    /// Books a loan of `lp` LP tokens, at the rates before they were burned.
    fn lend(&mut self, tx: &Tx<'_>, id: LoanId, lp: u128) -> Result<(), Refusal> {
        let (debt, principal, fee_lp) = match self.config.params.generation {
            Generation::A => self.new_debt_a(lp)?,
            Generation::B => self.new_debt_b(id, lp)?,
        };
        let mut loan = *self.loan(id)?;
        let liquidity = word::plus(loan.liquidity, debt)?;
        if liquidity < self.min_borrow() {
            return Err(self.too_small(liquidity));
        }
        let borrowed = add(w(self.storage.borrowed_invariant), w(debt))?;
        self.storage.borrowed_invariant = low(borrowed);
        self.storage.lp_token_borrowed = word::plus(self.storage.lp_token_borrowed, lp)?;
        self.track_lp(tx)?;
        let with_interest = word::plus(self.storage.lp_token_borrowed_plus_interest, lp)?;
        self.storage.lp_token_borrowed_plus_interest = word::plus(with_interest, fee_lp)?;
        loan.liquidity = liquidity;
        loan.init_liquidity = word::plus(loan.init_liquidity, principal)?;
        loan.lp_tokens = word::plus(loan.lp_tokens, lp)?;
        self.set_loan(id, loan);
        Ok(())
    }

    fn too_small(&self, liquidity: u128) -> Refusal {
        Refusal::MinBorrow {
            liquidity,
            minimum: self.min_borrow(),
        }
    }

    /// Debt, principal in invariant units, and fee in LP tokens: the fee is part of both.
    fn new_debt_a(&self, lp: u128) -> Result<(u128, u128, u128), Refusal> {
        let ex_fee = self.storage.lp_to_invariant(lp)?;
        if ex_fee < self.min_borrow() {
            return Err(self.too_small(ex_fee));
        }
        let params = &self.config.params;
        let bps = accrual::origination_fee_bps(params, &self.storage, ex_fee, 0)?;
        let fee_lp = fit(mul_div(lp, bps, BPS)?)?;
        let debt = self.storage.lp_to_invariant(word::plus(lp, fee_lp)?)?;
        Ok((debt, debt, fee_lp))
    }

    /// Debt, principal in invariant units, and fee in LP tokens: the fee is not part of the
    /// principal.
    fn new_debt_b(&self, id: LoanId, lp: u128) -> Result<(u128, u128, u128), Refusal> {
        let ex_fee = self.lp_to_invariant_up(lp)?;
        if self.loan(id)?.liquidity == 0 && ex_fee < self.min_borrow() {
            return Err(self.too_small(ex_fee));
        }
        let params = &self.config.params;
        let bps = accrual::origination_fee_bps(params, &self.storage, ex_fee, 0)?;
        let fee_lp = fit(mul_div(lp, bps, BPS)?)?;
        let debt = word::plus(self.lp_to_invariant_up(fee_lp)?, ex_fee)?;
        Ok((debt, ex_fee, fee_lp))
    }

    /// What `lp` LP tokens are worth, rounded up when the first decimal is not zero: in favour of
    /// the lenders.
    fn lp_to_invariant_up(&self, lp: u128) -> Result<u128, Refusal> {
        let s = &self.storage;
        if s.last_cfmm_total_supply == 0 {
            return Ok(0);
        }
        let tenths = mul(product(lp, s.last_cfmm_invariant), w(10))?;
        let tenths = div(tenths, w(s.last_cfmm_total_supply))?;
        fit(div(add(tenths, w(9))?, w(10))?)
    }

    pub(super) fn repay(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        liquidity: u128,
    ) -> Result<(), Rejection> {
        if liquidity == 0 {
            return Err(Refusal::ZeroRepayLiquidity.into());
        }
        self.owned(account, id)?;
        let loan = self.update_loan(tx, id)?;
        let debt = loan.liquidity;
        let (paid, with_cushion) = if liquidity >= debt {
            (debt, word::plus(debt, self.min_borrow())?)
        } else {
            (liquidity, liquidity)
        };
        let amounts = self.tokens_for(with_cushion)?;
        self.deposit_for(tx, id, amounts)?;
        self.credit(tx, id)?;
        self.settle_repayment(tx, id, paid, debt)
    }

    pub(super) fn repay_with_lp(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        (liquidity, lp): (u128, u128),
    ) -> Result<(), Rejection> {
        if liquidity == 0 {
            return Err(Refusal::ZeroRepayLiquidity.into());
        }
        self.owned(account, id)?;
        let wallet = self.wallet(tx, account)?;
        self.books.send(tx, &wallet, &Sent::lp(lp))?;
        let debt = self.update_loan(tx, id)?.liquidity;
        self.settle_repayment(tx, id, liquidity.min(debt), debt)
    }

    /// Counts the LP tokens that came in as a repayment of at most `wanted`. What came in beyond
    /// it is the lenders'.
    fn settle_repayment(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        wanted: u128,
        debt: u128,
    ) -> Result<(), Rejection> {
        let lp = self.untracked_lp(tx).filter(|lp| *lp > 0);
        let lp = lp.ok_or(Refusal::NotEnoughLpDeposit)?;
        let brought = self.storage.lp_to_invariant(lp)?;
        let paid = if brought < wanted {
            brought.min(debt)
        } else {
            wanted
        };
        let (principal, left) = self.pay_loan(id, paid, debt)?;
        let balance = held(tx.ledger(), self.books.pool_lp);
        self.pay_pool(paid, principal, balance)?;
        if left > 0 && self.config.params.generation == Generation::B {
            self.check_margin(id)?;
        }
        self.report(tx, id)
    }

    pub(super) fn rebalance(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        id: LoanId,
        deltas: &[i128],
    ) -> Result<(), Rejection> {
        self.owned(account, id)?;
        self.update_loan(tx, id)?;
        if self.trade(tx, id, deltas)? {
            self.credit(tx, id)?;
        }
        self.check_margin(id)?;
        self.report(tx, id)
    }

    /// Reserve tokens that make LP tokens worth `liquidity`: down (A), up by one or two (B).
    pub(super) fn tokens_for(&self, liquidity: u128) -> Result<[U256; 2], Refusal> {
        let s = &self.storage;
        let (i, supply) = (w(s.last_cfmm_invariant), w(s.last_cfmm_total_supply));
        let [r0, r1] = s.cfmm_reserves.map(w);
        match self.config.params.generation {
            Generation::A => {
                let share = |r: U256| -> Word { div(mul(w(liquidity), r)?, i) };
                Ok([share(r0)?, share(r1)?])
            }
            Generation::B => {
                let lp = add(div(mul(w(liquidity), supply)?, i)?, w(1))?;
                let share = |r: U256| -> Word { add(div(mul(lp, r)?, supply)?, w(1)) };
                Ok([share(r0)?, share(r1)?])
            }
        }
    }

    /// Sends reserve tokens of a loan to the pair, which issues LP tokens to the pool. Returns
    /// how many.
    pub(super) fn deposit_for(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        amounts: [U256; 2],
    ) -> Result<u128, Rejection> {
        let loan = *self.loan(id)?;
        // An amount beyond 128 bits is beyond any balance.
        let amounts = amounts.map(|amount| u128::try_from(amount).unwrap_or(u128::MAX));
        for token in BOTH {
            self.may_send(&loan, token, amounts[token])?;
        }
        for token in BOTH {
            let (from, to) = (loan.slots[token], self.books.pair[token]);
            pay(tx, from, to, amounts[token], Reason::LoanRepaid)?;
            self.debit(id, token, amounts[token])?;
        }
        self.mint(tx, self.books.pool_lp)
    }

    fn check_margin(&self, id: LoanId) -> Result<(), Refusal> {
        let loan = self.loan(id)?;
        let borrow = self.config.params.borrow_ltv_bps;
        let threshold_bps = match loan.threshold_bps {
            0 => borrow,
            own => own.min(borrow),
        };
        let (collateral, debt) = (invariant(loan.held), loan.liquidity);
        if liquidity::covers(collateral, debt, threshold_bps) {
            return Ok(());
        }
        Err(Refusal::Margin {
            collateral,
            debt,
            threshold_bps,
        })
    }

    fn report(&self, tx: &mut Tx<'_>, id: LoanId) -> Result<(), Rejection> {
        let loan = self.loan(id)?;
        tx.emit(Event::LoanUpdated {
            loan: id,
            liquidity: loan.liquidity,
            held: loan.held,
        });
        Ok(())
    }
}
