//! What the pool does with its own tokens: accrual, trades on the pair for a loan, crediting what
//! was sent to it.

use super::books::{held, pay};
use super::cpmm::Asked;
use super::word::{BOTH, MAX_U96, low};
use super::{Accrued, Event, GammaSwap, Generation, Loan, LoanId, Refusal, Seen, accrual, word};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

impl GammaSwap {
    /// Looks at the pair and charges interest.
    pub(super) fn accrue(&mut self, tx: &mut Tx<'_>) -> Result<Accrued, Rejection> {
        if self.config.params.generation == Generation::B {
            self.sync(tx)?;
        }
        let seen = Seen {
            reserves: self.pair,
            supply: self.books.lp_supply(tx.ledger()),
            block: self.block,
        };
        let mut storage = self.storage;
        let done = accrual::accrue(&self.config.params, &mut storage, &seen)?;
        self.storage = storage;
        let (issuer, protocol) = (self.books.issuers[1], self.books.protocol);
        pay(
            tx,
            issuer,
            protocol,
            done.protocol_shares,
            Reason::ProtocolShare,
        )?;
        if done.blocks > 0 {
            tx.emit(Event::accrued(
                &done,
                storage.acc_fee_index,
                storage.borrowed_invariant,
            ));
        }
        Ok(done)
    }

    /// Accrues, and charges one loan. Returns it as it is now.
    pub(super) fn update_loan(&mut self, tx: &mut Tx<'_>, id: LoanId) -> Result<Loan, Rejection> {
        let done = self.accrue(tx)?;
        let mut loan = *self.loan(id)?;
        loan.liquidity = loan.debt_at(done.index)?;
        loan.rate_index = low(done.index) & MAX_U96;
        self.set_loan(id, loan);
        Ok(loan)
    }

    /// Whether the pool may send `amount` of a token for a loan. The generations look in opposite
    /// order.
    pub(super) fn may_send(&self, loan: &Loan, token: usize, amount: u128) -> Result<(), Refusal> {
        let (balance, held) = (self.storage.token_balance[token], loan.held[token]);
        let no_balance = Refusal::NotEnoughBalance {
            token,
            needed: amount,
            balance,
        };
        let no_collateral = Refusal::NotEnoughCollateral {
            token,
            needed: amount,
            held,
        };
        match self.config.params.generation {
            Generation::A if amount > balance => Err(no_balance),
            Generation::B if amount > held => Err(no_collateral),
            _ if amount > held => Err(no_collateral),
            _ if amount > balance => Err(no_balance),
            _ => Ok(()),
        }
    }

    /// Trades a loan's collateral on the pair, whose reserves are taken as they are now. What is
    /// bought lies at the pool's address until it is credited. Returns whether there was a trade.
    pub(super) fn trade(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        deltas: &[i128],
    ) -> Result<bool, Rejection> {
        let Some(asked) = Asked::of(deltas)? else {
            return Ok(false);
        };
        let loan = *self.loan(id)?;
        if !asked.buy {
            self.may_send(&loan, asked.token, asked.amount)?;
        }
        let trade = asked.trade(self.pair, self.config.params.trading_fee)?;
        let (sell, buy) = (trade.sell & 1, (trade.sell & 1) ^ 1);
        self.may_send(&loan, sell, trade.sold)?;
        self.exchange(tx, trade, loan.slots[sell], self.books.pool_tokens[buy])?;
        self.debit(id, sell, trade.sold)?;
        Ok(true)
    }

    /// Takes what a loan has sent away off its collateral.
    pub(super) fn debit(&mut self, id: LoanId, token: usize, amount: u128) -> Result<(), Refusal> {
        let mut loan = *self.loan(id)?;
        loan.held[token] = word::less(loan.held[token], amount)?;
        self.set_loan(id, loan);
        let balance = &mut self.storage.token_balance[token];
        *balance = word::less(*balance, amount)?;
        Ok(())
    }

    /// Credits everything that was sent to the pool and not tracked to a loan. Returns its
    /// collateral then.
    pub(super) fn credit(&mut self, tx: &mut Tx<'_>, id: LoanId) -> Result<[u128; 2], Rejection> {
        let mut loan = *self.loan(id)?;
        for token in BOTH {
            let from = self.books.pool_tokens[token];
            let sent = held(tx.ledger(), from);
            pay(tx, from, loan.slots[token], sent, Reason::CollateralAdded)?;
            loan.held[token] = word::plus(loan.held[token], sent)?;
            let balance = &mut self.storage.token_balance[token];
            *balance = word::plus(*balance, sent)?;
        }
        self.set_loan(id, loan);
        Ok(loan.held)
    }

    /// LP tokens at the pool's address beyond those tracked.
    pub(super) fn untracked_lp(&self, tx: &Tx<'_>) -> Option<u128> {
        let raw = held(tx.ledger(), self.books.pool_lp);
        raw.checked_sub(self.storage.lp_token_balance)
    }
}
